#include "store/tick_archive.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

namespace derivd::store {
namespace {

using market::SymbolCode;
using market::TickRow;

constexpr std::string_view kSuffix = ".ticks";
constexpr std::string_view kLockName = "/lock";
constexpr auto kLockPoll = std::chrono::milliseconds(5);
/// Far above any quote, and far enough from the ends of 64 bits for every sum.
constexpr std::int64_t kMaxMantissa = 1'000'000'000'000'000'000;

core::Error io(const std::string& path, std::string_view what) {
  return core::io_error(fmt::format("{}: cannot {}: {}", path, what, std::strerror(errno)));
}

/// Closes with its scope.
class File final {
 public:
  explicit File(int fd) : fd_(fd) {}
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

core::Result<void> make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0750) == 0 || errno == EEXIST) return {};
  return io(path, "be made");
}

core::Result<void> write_all(int fd, const std::string& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io(path, "be written");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

/// Whole content; nullopt: no such file.
core::Result<std::optional<std::string>> read_file(const std::string& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    if (errno == ENOENT) return std::optional<std::string>{};
    return io(path, "be read");
  }
  struct stat info {};
  if (::fstat(file.fd(), &info) != 0) return io(path, "be read");
  if (!S_ISREG(info.st_mode) || info.st_size > static_cast<off_t>(kMaxDayFile)) {
    return core::invalid(fmt::format("{}: no tick file: {} bytes, at most {} make sense", path,
                                     info.st_size, kMaxDayFile));
  }
  std::string bytes(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const auto n = ::read(file.fd(), bytes.data() + have, bytes.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io(path, "be read");
    if (n == 0) break;  // a writer cut a torn tail off meanwhile
    have += static_cast<std::size_t>(n);
  }
  bytes.resize(have);
  return std::optional(std::move(bytes));
}

/// One writer per symbol, whatever process: the lock goes with the descriptor.
core::Result<File> lock_symbol(const std::string& directory) {
  const auto path = directory + std::string(kLockName);
  File file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
  if (!file) return io(path, "be opened");
  const auto until = std::chrono::steady_clock::now() + kArchiveLockWait;
  while (::flock(file.fd(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return io(path, "be locked");
    if (std::chrono::steady_clock::now() >= until) {
      return core::Error{core::ErrorKind::kTimeout,
                         fmt::format("{}: another program has been writing these ticks for {} s",
                                     directory, kArchiveLockWait / std::chrono::seconds(1))};
    }
    std::this_thread::sleep_for(kLockPoll);
  }
  return file;
}

core::Result<void> sync_directory(const std::string& path) {
  const File directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.fd()) != 0) return io(path, "be synchronised");
  return {};
}

/// A file is there with all of `bytes` or as it was.
core::Result<void> replace_file(const std::string& directory, const std::string& path,
                                std::string_view bytes) {
  const auto fresh = path + ".new";
  {
    const File file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
    if (!file) return io(fresh, "be opened");
    if (auto r = write_all(file.fd(), fresh, bytes); !r) {
      ::unlink(fresh.c_str());
      return r.error();
    }
    if (::fsync(file.fd()) != 0) return io(fresh, "be synchronised");
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) return io(path, "be replaced");
  return sync_directory(directory);
}

/// Behind the last good block; a torn tail goes first. A write that fails leaves no part of it.
core::Result<void> append_file(const std::string& path, const Day& day, std::string_view bytes) {
  const File file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  if (!file) return io(path, "be opened");
  const auto whole = static_cast<off_t>(day.whole);
  if (day.torn > 0 && ::ftruncate(file.fd(), whole) != 0) return io(path, "be cut");
  if (auto r = write_all(file.fd(), path, bytes); !r) {
    if (::ftruncate(file.fd(), whole) != 0) return io(path, "be cut after a failed write");
    return r.error();
  }
  if (::fdatasync(file.fd()) != 0) return io(path, "be synchronised");
  return {};
}

void encode_all(std::span<const TickRow> ticks, std::string& out) {
  for (std::size_t i = 0; i < ticks.size(); i += kMaxBlockTicks) {
    encode_ticks(ticks.subspan(i, std::min(kMaxBlockTicks, ticks.size() - i)), out);
  }
}

std::int64_t day_of(std::int64_t epoch) { return epoch / kSecondsPerDay; }

std::string day_name(std::int64_t day) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

std::optional<std::int64_t> day_from(std::string_view name) {
  int year = 0;
  unsigned month = 0;
  unsigned number = 0;
  if (name.size() != 10 + kSuffix.size() || !name.ends_with(kSuffix)) return std::nullopt;
  if (std::sscanf(std::string(name).c_str(), "%4d-%2u-%2u", &year, &month, &number) != 3) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month},
                                         std::chrono::day{number}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date}.time_since_epoch().count();
}

bool is_symbol(std::string_view text) {
  return text.size() >= 2 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '_';
         });
}

core::Result<void> check_ticks(const SymbolCode& symbol, std::span<const TickRow> ticks) {
  if (!is_symbol(symbol.view())) return core::invalid(fmt::format("'{}' is no symbol", symbol));
  std::int64_t before = 0;
  for (const auto& tick : ticks) {
    if (tick.epoch.s <= before || tick.mantissa <= 0 || tick.mantissa > kMaxMantissa) {
      return core::invalid(
          fmt::format("{}: a tick at {} that cannot be kept: epochs rise from 1 "
                      "on and quotes are above 0",
                      symbol, tick.epoch.s));
    }
    before = tick.epoch.s;
  }
  return {};
}

core::Result<std::vector<std::string>> names_in(const std::string& path) {
  std::vector<std::string> names;
  DIR* directory = ::opendir(path.c_str());
  if (directory == nullptr) {
    if (errno == ENOENT) return names;
    return io(path, "be listed");
  }
  while (const auto* entry = ::readdir(directory)) names.emplace_back(entry->d_name);
  ::closedir(directory);
  std::sort(names.begin(), names.end());
  return names;
}

/// Runs of ticks and marks of one day as spans of seconds that need not be asked for.
std::vector<Span> covered(const Day& day, std::int64_t cadence) {
  std::vector<Span> out = day.absent;
  for (std::size_t i = 0; i < day.ticks.size();) {
    std::size_t j = i + 1;
    while (j < day.ticks.size() && day.ticks[j].epoch.s - day.ticks[j - 1].epoch.s <= cadence) ++j;
    out.push_back({day.ticks[i].epoch.s, day.ticks[j - 1].epoch.s + cadence - 1});
    i = j;
  }
  std::sort(out.begin(), out.end(), [](const Span& a, const Span& b) { return a.first < b.first; });
  return out;
}

/// Seconds of `range` that no span of `sorted` covers.
std::vector<Span> uncovered(const std::vector<Span>& sorted, const Span& range) {
  std::vector<Span> out;
  auto next = range.first;
  for (const auto& span : sorted) {
    if (span.first > range.last) break;
    if (span.first > next) out.push_back({next, span.first - 1});
    next = std::max(next, span.last + 1);
  }
  if (next <= range.last) out.push_back({next, range.last});
  return out;
}

std::string torn_note(const std::string& path, std::size_t bytes, bool cut) {
  return fmt::format("{}: {} bytes at the end are the rest of an interrupted write; {}", path,
                     bytes, cut ? "they were cut off" : "they are not read");
}

/// Gathers Summary tick by tick.
class Scan final {
 public:
  Scan(Summary& out, std::int64_t cadence) : out_(out), cadence_(cadence) {}
  void add(const Day& day) {
    marks_.insert(marks_.end(), day.absent.begin(), day.absent.end());
    for (const auto& tick : day.ticks) {
      if (!out_.first) out_.first = tick.epoch;
      if (out_.last && tick.epoch.s - out_.last->s > cadence_) {
        ++out_.gap_count;
        if (out_.gaps.size() < kMaxGaps) {
          out_.gaps.push_back({{out_.last->s + 1, tick.epoch.s - 1}, false});
        }
      }
      out_.last = tick.epoch;
      ++out_.ticks;
    }
  }
  void finish() {
    std::sort(marks_.begin(), marks_.end(),
              [](const Span& a, const Span& b) { return a.first < b.first; });
    for (auto& gap : out_.gaps) {
      gap.absent = uncovered(marks_, {gap.span.first + cadence_ - 1, gap.span.last}).empty();
    }
  }

 private:
  Summary& out_;
  std::int64_t cadence_;
  std::vector<Span> marks_;
};

}  // namespace

std::int64_t cadence_of(const SymbolCode& symbol) {
  const auto* info = market::find_symbol(symbol.view());
  return info ? std::max<std::int64_t>(info->interval_s, 1) : kUnknownCadence;
}

std::string TickArchive::path_of(const SymbolCode& symbol, std::int64_t day) const {
  return fmt::format("{}/{}/{}{}", directory_, symbol, day_name(day), kSuffix);
}

core::Result<Merged> TickArchive::merge(const SymbolCode& symbol, std::uint8_t decimals,
                                        std::span<const TickRow> ticks) {
  return merge(symbol, decimals, ticks, Write::kYes);
}
core::Result<Merged> TickArchive::check(const SymbolCode& symbol, std::uint8_t decimals,
                                        std::span<const TickRow> ticks) const {
  return merge(symbol, decimals, ticks, Write::kNo);
}

core::Result<Merged> TickArchive::merge(const SymbolCode& symbol, std::uint8_t decimals,
                                        std::span<const TickRow> ticks, Write write) const {
  Merged out;
  if (auto r = check_ticks(symbol, ticks); !r) return r.error();
  if (ticks.empty()) return out;
  const auto home = fmt::format("{}/{}", directory_, symbol);
  std::optional<File> lock;
  if (write == Write::kYes) {
    if (auto r = make_directory(directory_); !r) return r.error();
    if (auto r = make_directory(home); !r) return r.error();
    auto taken = lock_symbol(home);
    if (!taken) return taken.error();
    lock.emplace(std::move(*taken));
  }
  while (!ticks.empty() && !out.conflict) {
    const auto day = day_of(ticks.front().epoch.s);
    const auto end = std::find_if(ticks.begin(), ticks.end(), [day](const TickRow& tick) {
      return day_of(tick.epoch.s) != day;
    });
    const auto count = static_cast<std::size_t>(end - ticks.begin());
    if (auto r = merge_day({symbol, decimals, day}, ticks.first(count), write, out); !r) {
      return r.error();
    }
    ticks = ticks.subspan(count);
  }
  return out;
}

core::Result<void> TickArchive::merge_day(const DayHead& head, std::span<const TickRow> ticks,
                                          Write write, Merged& out) const {
  const auto path = path_of(head.symbol, head.day);
  const auto home = fmt::format("{}/{}", directory_, head.symbol);
  auto held = read_day(head.symbol, head.day);
  if (!held && held.error().kind != core::ErrorKind::kNotFound) return held.error();
  if (!held) {
    out.added += ticks.size();
    if (write == Write::kNo) return {};
    auto bytes = encode_head(head);
    encode_all(ticks, bytes);
    return replace_file(home, path, bytes);
  }
  if (held->head.decimals != head.decimals) {
    return core::invalid(fmt::format("{}: has quotes of {} decimals, these have {}", path,
                                     held->head.decimals, head.decimals));
  }
  std::vector<TickRow> fresh;
  auto at = held->ticks.begin();
  for (const auto& tick : ticks) {
    at = std::lower_bound(at, held->ticks.end(), tick.epoch,
                          [](const TickRow& row, core::VenueTime e) { return row.epoch < e; });
    if (at == held->ticks.end() || at->epoch != tick.epoch) {
      fresh.push_back(tick);
    } else if (at->mantissa != tick.mantissa) {
      out.conflict = Conflict{tick.epoch, core::Price::raw(at->mantissa, head.decimals),
                              core::Price::raw(tick.mantissa, head.decimals)};
      return {};
    }
  }
  out.known += ticks.size() - fresh.size();
  out.added += fresh.size();
  if (fresh.empty() || write == Write::kNo) return {};
  if (held->torn > 0) out.notes.push_back(torn_note(path, held->torn, true));
  std::string bytes;
  if (held->ticks.empty() || held->ticks.back().epoch < fresh.front().epoch) {
    encode_all(fresh, bytes);
    return append_file(path, *held, bytes);
  }
  std::vector<TickRow> all(held->ticks.size() + fresh.size());
  std::merge(held->ticks.begin(), held->ticks.end(), fresh.begin(), fresh.end(), all.begin(),
             [](const TickRow& a, const TickRow& b) { return a.epoch < b.epoch; });
  bytes = encode_head(head);
  encode_all(all, bytes);
  for (const auto& span : held->absent) encode_absent(span, bytes);
  return replace_file(home, path, bytes);
}

core::Result<void> TickArchive::mark_absent(const SymbolCode& symbol, std::uint8_t decimals,
                                            const Span& span) {
  if (!is_symbol(symbol.view()) || span.first <= 0 || span.last < span.first) {
    return core::invalid(
        fmt::format("{}: {} to {} is no span of time", symbol, span.first, span.last));
  }
  const auto home = fmt::format("{}/{}", directory_, symbol);
  if (auto r = make_directory(directory_); !r) return r.error();
  if (auto r = make_directory(home); !r) return r.error();
  const auto lock = lock_symbol(home);
  if (!lock) return lock.error();
  for (auto day = day_of(span.first); day <= day_of(span.last); ++day) {
    const Span part{std::max(span.first, day * kSecondsPerDay),
                    std::min(span.last, (day + 1) * kSecondsPerDay - 1)};
    const auto path = path_of(symbol, day);
    std::string bytes;
    const auto held = read_day(symbol, day);
    core::Result<void> done;
    if (held) {
      encode_absent(part, bytes);
      done = append_file(path, *held, bytes);
    } else if (held.error().kind == core::ErrorKind::kNotFound) {
      bytes = encode_head({symbol, decimals, day});
      encode_absent(part, bytes);
      done = replace_file(home, path, bytes);
    } else {
      return held.error();
    }
    if (!done) return done.error();
  }
  return {};
}

core::Result<std::vector<SymbolCode>> TickArchive::symbols() const {
  const auto names = names_in(directory_);
  if (!names) return names.error();
  std::vector<SymbolCode> out;
  for (const auto& name : *names) {
    if (!SymbolCode::fits(name) || !is_symbol(name)) continue;
    const auto held = days(name);
    if (!held) return held.error();
    if (!held->empty()) out.emplace_back(name);
  }
  return out;
}

core::Result<std::vector<std::int64_t>> TickArchive::days(const SymbolCode& symbol) const {
  const auto names = names_in(fmt::format("{}/{}", directory_, symbol));
  if (!names) return names.error();
  std::vector<std::int64_t> out;
  for (const auto& name : *names) {
    if (const auto day = day_from(name)) out.push_back(*day);
  }
  std::sort(out.begin(), out.end());
  return out;
}

core::Result<Day> TickArchive::read_day(const SymbolCode& symbol, std::int64_t day) const {
  const auto path = path_of(symbol, day);
  const auto bytes = read_file(path);
  if (!bytes) return bytes.error();
  if (!*bytes) {
    return core::Error{core::ErrorKind::kNotFound, fmt::format("{}: no such file", path)};
  }
  auto out = decode_day(**bytes);
  if (!out) {
    return core::invalid(fmt::format(
        "{}: {}; move the file away and fetch or import that day again", path, out.error().text));
  }
  if (!(out->head.symbol == symbol) || out->head.day != day) {
    return core::invalid(fmt::format("{}: holds {} of {}; it was renamed", path, out->head.symbol,
                                     day_name(out->head.day)));
  }
  return out;
}

core::Result<Summary> TickArchive::summary(const SymbolCode& symbol) const {
  const auto held = days(symbol);
  if (!held) return held.error();
  Summary out;
  out.symbol = symbol;
  Scan scan(out, cadence_of(symbol));
  for (const auto number : *held) {
    const auto day = read_day(symbol, number);
    if (!day) return day.error();
    out.decimals = day->head.decimals;
    out.bytes += day->whole + day->torn;
    ++out.days;
    if (day->torn > 0) out.notes.push_back(torn_note(path_of(symbol, number), day->torn, false));
    scan.add(*day);
  }
  scan.finish();
  return out;
}

core::Result<std::vector<Span>> TickArchive::missing(const SymbolCode& symbol,
                                                     const Span& range) const {
  std::vector<Span> have;
  const auto held = days(symbol);
  if (!held) return held.error();
  for (const auto number : *held) {
    // The day before may reach into the range by its last tick.
    if (number < day_of(range.first) - 1 || number > day_of(range.last)) continue;
    const auto day = read_day(symbol, number);
    if (!day) return day.error();
    const auto spans = covered(*day, cadence_of(symbol));
    have.insert(have.end(), spans.begin(), spans.end());
  }
  return uncovered(have, range);
}

core::Result<std::unique_ptr<ArchiveSource>> ArchiveSource::open(TickArchive archive,
                                                                 const SymbolCode& symbol,
                                                                 std::optional<Span> range) {
  const Span wanted = range.value_or(Span{0, INT64_MAX});
  auto held = archive.days(symbol);
  if (!held) return held.error();
  std::unique_ptr<ArchiveSource> source(new ArchiveSource(std::move(archive), symbol, wanted));
  std::erase_if(*held, [&](std::int64_t day) {
    return day < day_of(wanted.first) || day > day_of(wanted.last);
  });
  source->days_ = std::move(*held);
  if (source->days_.empty()) {
    return core::Error{core::ErrorKind::kNotFound,
                       fmt::format("{}: no ticks of {} in that time; see `derivctl ticks list`",
                                   source->archive_.directory(), symbol)};
  }
  auto first = source->archive_.read_day(symbol, source->days_.front());
  if (!first) return first.error();
  source->decimals_ = first->head.decimals;
  return source;
}

core::Result<std::size_t> ArchiveSource::read(std::span<TickRow> out) {
  std::size_t n = 0;
  while (n < out.size()) {
    if (at_ == day_.ticks.size()) {
      if (next_day_ == days_.size()) break;
      auto day = archive_.read_day(symbol_, days_[next_day_++]);
      if (!day) return day.error();
      if (day->head.decimals != decimals_) {
        return core::invalid(fmt::format("{}: the decimals of {} change from {} to {} on {}",
                                         archive_.directory(), symbol_, decimals_,
                                         day->head.decimals, day_name(day->head.day)));
      }
      day_ = std::move(*day);
      at_ = 0;
      continue;
    }
    const auto& tick = day_.ticks[at_++];
    if (tick.epoch.s >= range_.first && tick.epoch.s <= range_.last) out[n++] = tick;
  }
  return n;
}

}  // namespace derivd::store
