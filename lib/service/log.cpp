#include "service/log.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

// The journal adds CODE_FILE and CODE_LINE of this file to each entry otherwise, which say nothing.
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <mutex>

#include "service/limiter.hpp"
#include "service/redact.hpp"

namespace derivd::service {
namespace {

core::Instant monotonic_now() {
  return {std::chrono::duration_cast<core::Duration>(
              std::chrono::steady_clock::now().time_since_epoch())
              .count()};
}

/// What both sinks share: the level, repetition and redaction.
class FilteredLog : public Log {
 public:
  using Log::write;
  explicit FilteredLog(Level level) : level_(level) {}

  void write(const core::Event& event) final {
    // Whatever goes wrong in a log must not reach trading: bad_alloc and formatting included.
    try {
      if (message_info(event.kind).level < level_) return;
      const auto verdict = limiter_.admit(event, monotonic_now());
      if (verdict.write) put(cleaned(event), verdict.held_back);
    } catch (...) {  // NOLINT(bugprone-empty-catch)
    }
  }

  std::string clean(std::string_view text) const final { return redactor_.clean(text); }

  void flush(bool all) final {
    try {
      // The entry tells itself once more: it is the last of them, and not one of those counted.
      for (const auto& rest : limiter_.take_rests(monotonic_now(), all)) {
        put(cleaned(rest.last), rest.held_back - 1);
      }
    } catch (...) {  // NOLINT(bugprone-empty-catch)
    }
  }

  void set_level(Level level) final { level_ = level; }

  void hide(const core::Secret& secret) final {
    try {
      redactor_.hide(secret);
    } catch (...) {  // NOLINT(bugprone-empty-catch)
    }
  }

 private:
  virtual void put(const core::Event& event, std::uint64_t held_back) = 0;

  core::Event cleaned(const core::Event& event) const {
    auto clean = event;
    clean.text = core::Text(cut_utf8(redactor_.clean(event.text), core::Text::kCapacity));
    clean.reason = core::Text(cut_utf8(redactor_.clean(event.reason), core::Text::kCapacity));
    return clean;
  }

  Level level_;
  RepeatLimiter limiter_;
  Redactor redactor_;
};

std::string message_of(const core::Event& event, std::uint64_t held_back) {
  auto text = line_of(event);
  if (held_back > 0) text += fmt::format(" ({} similar entries held back)", held_back);
  return text;
}

class JournaldLog final : public FilteredLog {
 public:
  using FilteredLog::FilteredLog;

 private:
  void put(const core::Event& event, std::uint64_t held_back) override {
    const auto fields = fields_of(event);
    std::vector<std::string> lines;
    lines.reserve(fields.size() + 1);
    lines.push_back("MESSAGE=" + message_of(event, held_back));
    for (const auto& [name, value] : fields) lines.push_back(fmt::format("{}={}", name, value));
    std::vector<iovec> parts;
    parts.reserve(lines.size());
    for (auto& line : lines) parts.push_back({line.data(), line.size()});
    // One datagram that is not waited for; an answer of the journal does not exist.
    (void)sd_journal_sendv(parts.data(), static_cast<int>(parts.size()));
  }
};

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

/// Lines for people; colours only on a terminal (the sink looks).
class TerminalLog final : public FilteredLog {
 public:
  explicit TerminalLog(Level level)
      : FilteredLog(level),
        logger_("derivd", std::make_shared<spdlog::sinks::ansicolor_stderr_sink_st>()) {
    logger_.set_level(spdlog::level::trace);
    logger_.set_pattern("%Y-%m-%d %H:%M:%S.%e %^%v%$");
    logger_.set_error_handler([](const std::string&) {});
  }

 private:
  void put(const core::Event& event, std::uint64_t held_back) override {
    const auto level = message_info(event.kind).level;
    logger_.log(spdlog_level(level),
                fmt::format("{:<7} {}", level_name(level), message_of(event, held_back)));
  }

  spdlog::logger logger_;
};

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

std::string Log::clean(std::string_view text) const { return Redactor{}.clean(text); }

void Log::write(core::EventKind kind, std::string_view text) {
  core::Event event;
  event.kind = kind;
  event.text = core::Text(cut_utf8(text, core::Text::kCapacity));
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

Fields fields_of(const core::Event& event) {
  const auto& info = message_info(event.kind);
  Fields fields{{"MESSAGE_ID", std::string(info.id)},
                {"PRIORITY", fmt::to_string(priority_of(info.level))},
                {"SYSLOG_IDENTIFIER", "derivd"},
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

std::unique_ptr<Log> make_log(Level level) {
  if (is_journal_stream(std::getenv("JOURNAL_STREAM"), STDERR_FILENO)) {
    return std::make_unique<JournaldLog>(level);
  }
  return std::make_unique<TerminalLog>(level);
}

}  // namespace derivd::service
