#include "service/log.hpp"

#include <fmt/format.h>
#include <linux/sockios.h>
#include <poll.h>
#include <spdlog/details/log_msg.h>
#include <spdlog/pattern_formatter.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

// The journal adds CODE_FILE and CODE_LINE of this file to each entry otherwise, which say nothing.
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <functional>
#include <span>

#include "service/limiter.hpp"
#include "service/log_writer.hpp"
#include "service/redact.hpp"

namespace derivd::service {
namespace {

core::Instant monotonic_now() {
  return {std::chrono::duration_cast<core::Duration>(
              std::chrono::steady_clock::now().time_since_epoch())
              .count()};
}

/// Texts in the place of the event's own, where those are too short for them.
struct Whole {
  std::string text;
  std::string reason;
};
/// Of one text: more is no sentence that anybody reads.
constexpr std::size_t kMaxWhole = 4096;

/// What an event can hold of a text. The end says that more was there: a number that was cut reads
/// as another number.
core::Text short_text(std::string_view text) {
  constexpr std::string_view kMore = "…";
  if (core::Text::fits(text)) return text;
  return std::string(cut_utf8(text, core::Text::kCapacity - kMore.size())).append(kMore);
}

/// What makes an entry of an event.
using Compose =
    std::function<LogEntry(const core::Event& event, const Whole& whole, std::uint64_t held_back)>;

/// What both sinks share: the level, repetition, redaction, and that nobody waits for them.
class QueuedLog final : public Log {
 public:
  using Log::write;
  QueuedLog(Level level, Compose compose, LogWriter::Sink sink, LogWriter::Settings settings)
      : level_(level),
        compose_(compose),
        writer_(
            std::move(sink),
            [compose](const LostEntries& lost) {
              core::Event event;
              event.kind = core::EventKind::kLogDropped;
              event.text = core::Text::truncated(lost_in_words(lost));
              return compose(event, {}, 0);
            },
            std::move(settings)) {}

  void write(const core::Event& event) override {
    // Whatever goes wrong in a log must not reach trading: bad_alloc and formatting included.
    try {
      if (message_info(event.kind).level < level_) return;
      const auto verdict = limiter_.admit(event, monotonic_now());
      if (verdict.write) put(event, verdict.held_back);
    } catch (...) {  // NOLINT(bugprone-empty-catch)
    }
  }

  void write_whole(core::EventKind kind, std::string_view text, std::string_view reason) override {
    try {
      if (message_info(kind).level < level_) return;
      const Whole whole{std::string(cut_utf8(redactor_.clean(text), kMaxWhole)),
                        std::string(cut_utf8(redactor_.clean(reason), kMaxWhole))};
      core::Event event;
      event.kind = kind;
      event.text = short_text(whole.text);
      event.reason = short_text(whole.reason);
      const auto verdict = limiter_.admit(event, monotonic_now());
      if (verdict.write) writer_.push(compose_(event, whole, verdict.held_back));
    } catch (...) {  // NOLINT(bugprone-empty-catch)
    }
  }

  std::string clean(std::string_view text) const override { return redactor_.clean(text); }

  void flush(bool all) override {
    try {
      // The entry tells itself once more: it is the last of them, and not one of those counted.
      for (const auto& rest : limiter_.take_rests(monotonic_now(), all)) {
        put(rest.last, rest.held_back - 1);
      }
      writer_.flush();
    } catch (...) {  // NOLINT(bugprone-empty-catch)
    }
  }

  void set_level(Level level) override { level_ = level; }

  void hide(const core::Secret& secret) override {
    try {
      redactor_.hide(secret);
    } catch (...) {  // NOLINT(bugprone-empty-catch)
    }
  }

  std::uint64_t lost() const override { return writer_.lost(); }

 private:
  void put(const core::Event& event, std::uint64_t held_back) {
    writer_.push(compose_(cleaned(event), {}, held_back));
  }

  core::Event cleaned(const core::Event& event) const {
    auto clean = event;
    clean.text = short_text(redactor_.clean(event.text));
    clean.reason = short_text(redactor_.clean(event.reason));
    return clean;
  }

  Level level_;
  const Compose compose_;
  RepeatLimiter limiter_;
  Redactor redactor_;
  LogWriter writer_;
};

std::string message_of(const core::Event& event, const Whole& whole, std::uint64_t held_back) {
  auto text = whole.text.empty() ? line_of(event) : whole.text;
  if (held_back > 0) text += fmt::format(" ({} similar entries held back)", held_back);
  return text;
}

LogEntry journal_entry(const std::string& identifier, const core::Event& event, const Whole& whole,
                       std::uint64_t held_back) {
  const auto fields = fields_of(event, identifier);
  LogEntry entry{message_info(event.kind).level, monotonic_now(), {}};
  entry.parts.reserve(fields.size() + 1);
  entry.parts.push_back("MESSAGE=" + message_of(event, whole, held_back));
  for (const auto& [name, value] : fields) {
    const bool is_reason = name == "DERIVD_REASON" && !whole.reason.empty();
    entry.parts.push_back(fmt::format("{}={}", name, is_reason ? whole.reason : value));
  }
  return entry;
}

/// The journal knows only when an entry reached it.
constexpr core::Duration kLate = std::chrono::seconds(1);

/// Blocks while the journal takes nothing. Each entry is a datagram of its own.
bool send_entry(const LogEntry& entry) {
  auto message = entry.parts.front();
  if (const auto age = monotonic_now() - entry.at; age > kLate) {
    message += fmt::format(" (written {:.1f} s late)", std::chrono::duration<double>(age).count());
  }
  std::vector<iovec> parts{{message.data(), message.size()}};
  for (auto part = entry.parts.begin() + 1; part != entry.parts.end(); ++part) {
    parts.push_back({const_cast<char*>(part->data()), part->size()});
  }
  return sd_journal_sendv(parts.data(), static_cast<int>(parts.size())) >= 0;
}

std::size_t send_to_journal(std::span<const LogEntry> entries) {
  return send_entry(entries.front()) ? 1 : 0;
}

/// Returns when the journal has filed what was sent before. It looks up the unit of an entry by the
/// sender's process: of one that has ended by then `journalctl -u` knows nothing, and the last
/// words of a start that fails are those that its user looks for. The journal takes one datagram
/// after the other and drops empty ones without a word: an empty one that was taken says that all
/// before it are filed.
void await_journal() {
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  constexpr std::string_view kPath = "/run/systemd/journal/socket";
  kPath.copy(address.sun_path, kPath.size());
  // Blocks while the queue is full, as the entries before it did.
  const bool sent = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                    ::send(fd, "", 0, MSG_NOSIGNAL) == 0;
  int untaken = sent ? 1 : 0;
  while (untaken > 0 && ::ioctl(fd, SIOCOUTQ, &untaken) == 0 && untaken > 0) {
    ::poll(nullptr, 0, 1);  // nothing tells a sender that its datagram was taken
  }
  ::close(fd);
}

std::string_view level_name(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kNotice:
      return "notice";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
  }
  return "info";
}

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
    case Level::kNotice:
      return spdlog::level::info;
    case Level::kWarning:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

/// ANSI's, of a line on a terminal.
std::string_view colour_of(Level level) {
  switch (level) {
    case Level::kDebug:
      return "\033[36m";
    case Level::kInfo:
    case Level::kNotice:
      return "\033[32m";
    case Level::kWarning:
      return "\033[33m\033[1m";
    case Level::kError:
      return "\033[31m\033[1m";
  }
  return {};
}

bool shows_colours() {
  const char* terminal = std::getenv("TERM");
  const char* none = std::getenv("NO_COLOR");  // no-color.org: set, and to something
  if (none != nullptr && *none != '\0') return false;
  return ::isatty(STDERR_FILENO) == 1 && terminal != nullptr && *terminal != '\0' &&
         std::string_view(terminal) != "dumb";
}

/// spdlog makes the line, and LogWriter writes it: spdlog's own sinks wait for a terminal that
/// takes nothing, and its asynchronous one drops by age, whatever the level. Times are UTC and say
/// so.
LogEntry line_entry(const core::Event& event, const Whole& whole, std::uint64_t held_back,
                    bool colours) {
  static thread_local spdlog::pattern_formatter formatter("%Y-%m-%d %H:%M:%S.%eZ %^%v%$",
                                                          spdlog::pattern_time_type::utc);
  const auto level = message_info(event.kind).level;
  const auto text = fmt::format("{:<7} {}", level_name(level), message_of(event, whole, held_back));
  const spdlog::details::log_msg message("derivd", spdlog_level(level), text);
  spdlog::memory_buf_t made;
  formatter.format(message, made);
  std::string line(made.data(), made.size());
  if (colours) {
    line.insert(message.color_range_end, "\033[m");
    line.insert(message.color_range_start, colour_of(level));
  }
  return {level, monotonic_now(), {std::move(line)}};
}

LogEntry plain_line(const core::Event& event, const Whole& whole, std::uint64_t held_back) {
  return line_entry(event, whole, held_back, false);
}

LogEntry coloured_line(const core::Event& event, const Whole& whole, std::uint64_t held_back) {
  return line_entry(event, whole, held_back, true);
}

/// How many bytes were written: all, unless that is impossible. Blocks while standard error takes
/// nothing.
std::size_t print(std::string_view text) {
  auto rest = text;
  while (!rest.empty()) {
    const auto n = ::write(STDERR_FILENO, rest.data(), rest.size());
    if (n >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      // Somebody else who has this descriptor made it non-blocking.
      pollfd ready{STDERR_FILENO, POLLOUT, 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      break;
    }
  }
  return text.size() - rest.size();
}

std::size_t print_lines(std::span<const LogEntry> entries) {
  if (entries.size() == 1) {
    const auto& line = entries.front().parts.front();
    return print(line) == line.size() ? 1 : 0;
  }
  std::string text;
  text.reserve(LogWriter::kMaxBytesAtOnce);
  for (const auto& entry : entries) text += entry.parts.front();
  auto left = print(text);
  std::size_t whole = 0;
  while (whole < entries.size() && entries[whole].parts.front().size() <= left) {
    left -= entries[whole++].parts.front().size();
  }
  return whole;
}

}  // namespace

std::optional<Level> level_from(std::string_view name) {
  for (const auto level :
       {Level::kDebug, Level::kInfo, Level::kNotice, Level::kWarning, Level::kError}) {
    if (level_name(level) == name) return level;
  }
  return std::nullopt;
}

int priority_of(Level level) {
  switch (level) {
    case Level::kDebug:
      return 7;
    case Level::kInfo:
      return 6;
    case Level::kNotice:
      return 5;
    case Level::kWarning:
      return 4;
    case Level::kError:
      return 3;
  }
  return 6;
}

void Log::flush(bool) {}

std::uint64_t Log::lost() const { return 0; }

std::string Log::clean(std::string_view text) const { return Redactor{}.clean(text); }

void Log::write(core::EventKind kind, std::string_view text) {
  core::Event event;
  event.kind = kind;
  event.text = short_text(text);
  write(event);
}

void Log::write_whole(core::EventKind kind, std::string_view text, std::string_view reason) {
  core::Event event;
  event.kind = kind;
  event.text = short_text(text);
  event.reason = short_text(reason);
  write(event);
}

std::string line_of(const core::Event& event) {
  std::string text = event.text.str();
  if (text.empty()) text = core::name_of(event.kind);
  if (event.text.empty() && !event.reason.empty()) text += fmt::format(": {}", event.reason);
  // Many texts leave the strategy to its field, which a terminal does not show.
  const auto strategy = event.strategy.view();
  if (strategy.empty() || text.find(strategy) != std::string::npos) return text;
  return fmt::format("{}: {}", strategy, text);
}

Fields fields_of(const core::Event& event, const std::string& identifier) {
  const auto& info = message_info(event.kind);
  Fields fields{{"MESSAGE_ID", std::string(info.id)},
                {"PRIORITY", fmt::to_string(priority_of(info.level))},
                {"SYSLOG_IDENTIFIER", identifier},
                {"DERIVD_EVENT", std::string(core::name_of(event.kind))}};
  const auto text = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) fields.emplace_back(name, std::string(value));
  };
  const auto id = [&](std::string_view name, std::int64_t value) {
    if (value != 0) fields.emplace_back(name, fmt::to_string(value));
  };
  const auto money = [&](std::string_view name, const std::optional<core::Money>& value) {
    if (value) fields.emplace_back(name, value->to_string());
  };
  text("DERIVD_STRATEGY", event.strategy);
  text("DERIVD_SYMBOL", event.symbol);
  text("DERIVD_CONTRACT_TYPE", event.contract_type);
  id("DERIVD_CONTRACT_ID", event.contract_id.value);
  id("DERIVD_ORDER_ID", event.order_id.value);
  money("DERIVD_STAKE", event.stake);
  money("DERIVD_PAYOUT", event.payout);
  money("DERIVD_PROFIT", event.profit);
  text("DERIVD_REASON", event.reason);
  text("DERIVD_ACCOUNT", event.account);
  text("DERIVD_STATE", event.state);
  return fields;
}

bool is_journal_stream(const char* journal_stream, int fd) {
  if (journal_stream == nullptr) return false;
  const std::string_view text(journal_stream);
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  const auto* end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, device);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != ':') return false;
  const auto second = std::from_chars(first.ptr + 1, end, inode);
  if (second.ec != std::errc{} || second.ptr != end) return false;
  struct stat info {};
  return ::fstat(fd, &info) == 0 && info.st_dev == device && info.st_ino == inode;
}

std::unique_ptr<Log> make_log(Level level, std::string identifier) {
  if (is_journal_stream(std::getenv("JOURNAL_STREAM"), STDERR_FILENO)) {
    LogWriter::Settings settings;
    settings.confirm = await_journal;
    settings.joins = false;
    auto entry = [identifier = std::move(identifier)](const auto& event, const auto& whole,
                                                      std::uint64_t held_back) {
      return journal_entry(identifier, event, whole, held_back);
    };
    return std::make_unique<QueuedLog>(level, std::move(entry), send_to_journal,
                                       std::move(settings));
  }
  return std::make_unique<QueuedLog>(level, shows_colours() ? coloured_line : plain_line,
                                     print_lines, LogWriter::Settings{});
}

}  // namespace derivd::service
