#include "store/tick_archive.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "core/counted.hpp"
#include "store/archive_files.hpp"

namespace derivd::store {
namespace {

using market::SymbolCode;
using market::TickRow;

constexpr std::string_view kTicksSuffix = ".ticks";
/// One writer per symbol, whatever process.
constexpr const char* kLockName = "lock";
/// Far above any quote, and far enough from the ends of 64 bits for every sum.
constexpr std::int64_t kMaxTickMantissa = 1'000'000'000'000'000'000;
/// Last second of the year 9999: the name of a day's file has four digits for the year.
constexpr std::int64_t kMaxEpoch = 253'402'300'799;

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
  if (name.size() != 10 + kTicksSuffix.size() || !name.ends_with(kTicksSuffix)) return std::nullopt;
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

core::Result<void> check_symbol(const SymbolCode& symbol) {
  if (is_symbol(symbol.view())) return {};
  return core::invalid(fmt::format("'{}' is no symbol", symbol));
}

/// Why the archive cannot keep it.
std::optional<std::string> fault_of(const TickRow& tick, std::uint8_t decimals) {
  if (tick.epoch.s <= 0 || tick.epoch.s > kMaxEpoch) {
    return fmt::format("{} is no time in whole seconds", tick.epoch.s);
  }
  if (tick.mantissa <= 0 || tick.mantissa > kMaxTickMantissa) {
    return fmt::format("the quote at {} is {}: quotes are above 0", tick.epoch.s,
                       core::Price::raw(tick.mantissa, decimals).to_string());
  }
  return std::nullopt;
}

std::string out_of_order(const TickRow& before, const TickRow& tick, std::uint8_t decimals) {
  if (tick.epoch < before.epoch) {
    return fmt::format("the time goes back from {} to {}", before.epoch.s, tick.epoch.s);
  }
  return fmt::format("there are two quotes at {}: {} and {}", tick.epoch.s,
                     core::Price::raw(before.mantissa, decimals).to_string(),
                     core::Price::raw(tick.mantissa, decimals).to_string());
}

core::Result<void> check_ticks(const SymbolCode& symbol, std::uint8_t decimals,
                               std::span<const TickRow> ticks) {
  if (auto r = check_symbol(symbol); !r) return r;
  const TickRow* before = nullptr;
  for (const auto& tick : ticks) {
    auto fault = fault_of(tick, decimals);
    if (!fault && before != nullptr && tick.epoch <= before->epoch) {
      fault = out_of_order(*before, tick, decimals);
    }
    if (fault) {
      return core::invalid(
          fmt::format("{}: {}; a tick that cannot be kept: epochs rise from 1 on and quotes are "
                      "above 0",
                      symbol, *fault));
    }
    before = &tick;
  }
  return {};
}

void leave_out(std::string why, Merged& out) {
  if (out.left_out++ == 0) out.first_left_out = std::move(why);
}

/// The ticks among the rows. A second row of the same content is one of the ticks that are known.
std::vector<TickRow> ticks_among(std::span<const TickRow> rows, std::uint8_t decimals,
                                 Merged& out) {
  std::vector<TickRow> ticks;
  ticks.reserve(rows.size());
  for (const auto& row : rows) {
    if (auto fault = fault_of(row, decimals)) {
      leave_out(std::move(*fault), out);
    } else if (!ticks.empty() && row == ticks.back()) {
      ++out.known;
    } else if (!ticks.empty() && row.epoch <= ticks.back().epoch) {
      leave_out(out_of_order(ticks.back(), row, decimals), out);
    } else {
      ticks.push_back(row);
    }
  }
  return ticks;
}

/// The same quote with other decimals, if it can be written with them.
std::optional<std::int64_t> rescaled(std::int64_t mantissa, std::uint8_t from, std::uint8_t to) {
  for (; from > to; --from) {
    if (mantissa % 10 != 0) return std::nullopt;
    mantissa /= 10;
  }
  for (; from < to; ++from) {
    if (mantissa > kMaxTickMantissa / 10) return std::nullopt;
    mantissa *= 10;
  }
  return mantissa;
}

/// kNotFound: nothing of this symbol is there.
core::Result<Folder> home_of(const std::string& archive, const SymbolCode& symbol) {
  const auto root = Folder::open(archive, Folder::Use::kRead);
  if (!root) return root.error();
  return root->sub(std::string(symbol.view()), Folder::Use::kRead);
}

/// Of a directory that may not be there.
core::Result<std::vector<std::string>> names_in(const core::Result<Folder>& folder) {
  if (folder) return folder->names();
  if (folder.error().kind == core::ErrorKind::kNotFound) return std::vector<std::string>{};
  return folder.error();
}

std::string file_of(std::int64_t day) { return day_name(day) + std::string(kTicksSuffix); }

std::string bytes_of(const DayHead& head, std::span<const TickRow> ticks,
                     const std::vector<Absence>& absent) {
  auto bytes = encode_head(head);
  encode_all(ticks, bytes);
  for (const auto& absence : absent) encode_absent(absence, bytes);
  return bytes;
}

bool is_within(const TickRow& tick, const Span& span) {
  return tick.epoch.s >= span.first && tick.epoch.s <= span.last;
}

/// The marks that none of `ticks` proves wrong.
std::vector<Absence> not_refuted(std::vector<Absence> absent, std::span<const TickRow> ticks) {
  std::erase_if(absent, [&](const Absence& absence) {
    const auto at = std::lower_bound(
        ticks.begin(), ticks.end(), absence.span.first,
        [](const TickRow& tick, std::int64_t epoch) { return tick.epoch.s < epoch; });
    return at != ticks.end() && is_within(*at, absence.span);
  });
  return absent;
}

bool by_first(const Span& a, const Span& b) { return a.first < b.first; }

/// Runs of ticks and trusted marks of one day as spans of seconds that need not be asked for.
std::vector<Span> covered(const Day& day, std::int64_t cadence, Trust trust) {
  std::vector<Span> out;
  for (const auto& absence : day.absent) {
    if (trust == Trust::kProven && absence.proven_at > 0) out.push_back(absence.span);
  }
  for (std::size_t i = 0; i < day.ticks.size();) {
    std::size_t j = i + 1;
    while (j < day.ticks.size() && day.ticks[j].epoch.s - day.ticks[j - 1].epoch.s <= cadence) ++j;
    out.push_back({day.ticks[i].epoch.s, day.ticks[j - 1].epoch.s + cadence - 1});
    i = j;
  }
  std::sort(out.begin(), out.end(), by_first);
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
  return fmt::format("{}: {} at the end {} the rest of an interrupted write; {}", path,
                     core::counted(bytes, "byte"), bytes == 1 ? "is" : "are",
                     cut ? "cut off now" : "not read");
}

/// Gathers Summary tick by tick.
class Scan final {
 public:
  Scan(Summary& out, std::int64_t cadence) : out_(out), cadence_(cadence) {}
  void add(const Day& day) {
    for (const auto& absence : day.absent) {
      all_.push_back(absence.span);
      if (absence.proven_at > 0) proven_.push_back(absence.span);
    }
    for (const auto& tick : day.ticks) {
      if (!out_.first) out_.first = tick.epoch;
      if (out_.last && tick.epoch.s - out_.last->s > cadence_) {
        ++out_.gap_count;
        if (out_.gaps.size() < kMaxGaps) {
          out_.gaps.push_back({{out_.last->s + 1, tick.epoch.s - 1}, Gap::Venue::kNotAsked});
        }
      }
      out_.last = tick.epoch;
      ++out_.ticks;
    }
  }
  void finish() {
    std::sort(all_.begin(), all_.end(), by_first);
    std::sort(proven_.begin(), proven_.end(), by_first);
    for (auto& gap : out_.gaps) {
      const Span silent{gap.span.first + cadence_ - 1, gap.span.last};
      if (uncovered(proven_, silent).empty()) {
        gap.venue = Gap::Venue::kHasNone;
      } else if (uncovered(all_, silent).empty()) {
        gap.venue = Gap::Venue::kDoubtful;
      }
    }
  }

 private:
  Summary& out_;
  std::int64_t cadence_;
  std::vector<Span> all_, proven_;  // marks
};

std::span<const TickRow> first_day(std::span<const TickRow> ticks) {
  const auto day = day_of(ticks.front().epoch.s);
  const auto end = std::find_if(ticks.begin(), ticks.end(),
                                [day](const TickRow& tick) { return day_of(tick.epoch.s) != day; });
  return ticks.first(static_cast<std::size_t>(end - ticks.begin()));
}

core::Result<Day> day_in(const Folder& home, const SymbolCode& symbol, std::int64_t day) {
  const auto path = home.path() + "/" + file_of(day);
  const auto bytes = home.read(file_of(day), kMaxDayFile);
  if (!bytes) return bytes.error();
  auto out = decode_day(*bytes);
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

/// What of one day's `ticks` it does not have yet, in the decimals of its file, counted in `out`;
/// after a conflict nothing.
core::Result<std::vector<TickRow>> fresh_of(const Day* held, const DayHead& head,
                                            std::span<const TickRow> ticks, BadRows bad,
                                            Merged& out) {
  std::vector<TickRow> fresh;
  if (held == nullptr) {
    fresh.assign(ticks.begin(), ticks.end());
    out.added += fresh.size();
    return fresh;
  }
  const auto decimals = held->head.decimals;
  if (bad == BadRows::kRefuseAll && decimals != head.decimals) {
    return core::invalid(fmt::format("{} of {}: the archive has quotes of {}, these have {}",
                                     head.symbol, day_name(head.day),
                                     core::counted(decimals, "decimal"), head.decimals));
  }
  std::size_t known = 0;
  auto at = held->ticks.begin();
  for (const auto& tick : ticks) {
    const auto given = core::Price::raw(tick.mantissa, head.decimals);
    const auto mantissa = rescaled(tick.mantissa, head.decimals, decimals);
    if (!mantissa) {
      leave_out(fmt::format("the quote {} at {} cannot be written with {} decimals, as the archive "
                            "has them",
                            given.to_string(), tick.epoch.s, decimals),
                out);
      continue;
    }
    at = std::lower_bound(at, held->ticks.end(), tick.epoch,
                          [](const TickRow& row, core::VenueTime e) { return row.epoch < e; });
    if (at == held->ticks.end() || at->epoch != tick.epoch) {
      fresh.push_back({tick.epoch, *mantissa});
    } else if (at->mantissa == *mantissa) {
      ++known;
    } else if (const auto kept = core::Price::raw(at->mantissa, decimals);
               bad == BadRows::kRefuseAll) {
      out.conflict = Conflict{tick.epoch, kept, given};
      return std::vector<TickRow>{};
    } else {
      leave_out(
          fmt::format("the quote at {} is {} in the archive and {} now; the archive's is kept",
                      tick.epoch.s, kept.to_string(), given.to_string()),
          out);
    }
  }
  out.known += known;
  out.added += fresh.size();
  return fresh;
}

/// The directory of one symbol with its lock: one writer at a time, whatever process.
class Home final {
 public:
  static core::Result<Home> open(const std::string& archive, const SymbolCode& symbol) {
    const auto root = Folder::open(archive, Folder::Use::kWrite);
    if (!root) return root.error();
    auto folder = root->sub(std::string(symbol.view()), Folder::Use::kWrite);
    if (!folder) return folder.error();
    auto lock = folder->lock(kLockName, kArchiveLockWait);
    if (!lock) return lock.error();
    return Home(std::move(*folder), std::move(*lock));
  }

  core::Result<void> merge(const DayHead& head, std::span<const TickRow> ticks, BadRows bad,
                           Merged& out) const {
    const auto held = day_in(folder_, head.symbol, head.day);
    if (!held && held.error().kind != core::ErrorKind::kNotFound) return held.error();
    const auto fresh = fresh_of(held ? &*held : nullptr, head, ticks, bad, out);
    if (!fresh) return fresh.error();
    if (fresh->empty()) return {};
    if (!held) return folder_.replace(file_of(head.day), bytes_of(head, *fresh, {}));
    if (held->torn > 0) {
      out.notes.push_back(torn_note(folder_.path() + "/" + file_of(head.day), held->torn, true));
    }
    const auto absent = not_refuted(held->absent, *fresh);
    const bool behind = held->ticks.empty() || held->ticks.back().epoch < fresh->front().epoch;
    if (behind && absent.size() == held->absent.size()) {
      std::string bytes;
      encode_all(*fresh, bytes);
      const auto done = folder_.append(file_of(head.day), held->whole, bytes);
      if (!has_other_names(done)) return done;
    }
    std::vector<TickRow> all(held->ticks.size() + fresh->size());
    std::merge(held->ticks.begin(), held->ticks.end(), fresh->begin(), fresh->end(), all.begin(),
               [](const TickRow& a, const TickRow& b) { return a.epoch < b.epoch; });
    return folder_.replace(file_of(head.day), bytes_of(held->head, all, absent));
  }

  core::Result<void> mark(const DayHead& head, const Absence& absence) const {
    const auto held = day_in(folder_, head.symbol, head.day);
    if (!held) {
      if (held.error().kind != core::ErrorKind::kNotFound) return held.error();
      return folder_.replace(file_of(head.day), bytes_of(head, {}, {absence}));
    }
    // What an older mark says within the new one is said again.
    auto absent = held->absent;
    const auto said_again = std::erase_if(absent, [&](const Absence& old) {
      return old.span.first >= absence.span.first && old.span.last <= absence.span.last;
    });
    if (said_again == 0) {
      std::string bytes;
      encode_absent(absence, bytes);
      const auto done = folder_.append(file_of(head.day), held->whole, bytes);
      if (!has_other_names(done)) return done;
    }
    absent.push_back(absence);
    return folder_.replace(file_of(head.day), bytes_of(held->head, held->ticks, absent));
  }

 private:
  Home(Folder folder, File lock) : folder_(std::move(folder)), lock_(std::move(lock)) {}

  /// A day's file of several names, a copy by hard links for one, is written anew instead of
  /// appended to: the other name keeps what it has.
  static bool has_other_names(const core::Result<void>& appended) {
    return !appended && appended.error().kind == core::ErrorKind::kRefused;
  }

  Folder folder_;
  File lock_;
};

}  // namespace

std::int64_t cadence_of(const SymbolCode& symbol) {
  const auto* info = market::find_symbol(symbol.view());
  return info ? std::max<std::int64_t>(info->interval_s, 1) : kUnknownCadence;
}

core::Result<Merged> TickArchive::merge(const SymbolCode& symbol, std::uint8_t decimals,
                                        std::span<const TickRow> ticks, BadRows bad) {
  Merged out;
  std::vector<TickRow> good;
  if (bad == BadRows::kLeaveOut) {
    if (auto r = check_symbol(symbol); !r) return r.error();
    good = ticks_among(ticks, decimals, out);
    ticks = good;
  } else if (auto r = check_ticks(symbol, decimals, ticks); !r) {
    return r.error();
  }
  if (ticks.empty()) return out;
  const auto home = Home::open(directory_, symbol);
  if (!home) return home.error();
  while (!ticks.empty() && !out.conflict) {
    const auto part = first_day(ticks);
    const DayHead head{symbol, decimals, day_of(part.front().epoch.s)};
    if (auto r = home->merge(head, part, bad, out); !r) return r.error();
    ticks = ticks.subspan(part.size());
  }
  return out;
}

core::Result<Merged> TickArchive::check(const SymbolCode& symbol, std::uint8_t decimals,
                                        std::span<const TickRow> ticks) const {
  Merged out;
  if (auto r = check_ticks(symbol, decimals, ticks); !r) return r.error();
  while (!ticks.empty() && !out.conflict) {
    const auto part = first_day(ticks);
    const DayHead head{symbol, decimals, day_of(part.front().epoch.s)};
    const auto held = read_day(symbol, head.day);
    if (!held && held.error().kind != core::ErrorKind::kNotFound) return held.error();
    const auto fresh = fresh_of(held ? &*held : nullptr, head, part, BadRows::kRefuseAll, out);
    if (!fresh) return fresh.error();
    ticks = ticks.subspan(part.size());
  }
  return out;
}

core::Result<void> TickArchive::mark_absent(const SymbolCode& symbol, std::uint8_t decimals,
                                            const Span& span, core::VenueTime proven_at) {
  if (!is_symbol(symbol.view()) || span.first <= 0 || span.last < span.first) {
    return core::invalid(
        fmt::format("{}: {} to {} is no span of time", symbol, span.first, span.last));
  }
  const auto home = Home::open(directory_, symbol);
  if (!home) return home.error();
  for (auto day = day_of(span.first); day <= day_of(span.last); ++day) {
    const Span part{std::max(span.first, day * kSecondsPerDay),
                    std::min(span.last, (day + 1) * kSecondsPerDay - 1)};
    if (auto r = home->mark({symbol, decimals, day}, {part, proven_at.s}); !r) return r.error();
  }
  return {};
}

core::Result<std::vector<SymbolCode>> TickArchive::symbols() const {
  const auto names = names_in(Folder::open(directory_, Folder::Use::kRead));
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
  const auto names = names_in(home_of(directory_, symbol));
  if (!names) return names.error();
  std::vector<std::int64_t> out;
  for (const auto& name : *names) {
    if (const auto day = day_from(name)) out.push_back(*day);
  }
  std::sort(out.begin(), out.end());
  return out;
}

core::Result<Day> TickArchive::read_day(const SymbolCode& symbol, std::int64_t day) const {
  const auto home = home_of(directory_, symbol);
  if (!home) return home.error();
  return day_in(*home, symbol, day);
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
    if (day->torn > 0) {
      out.notes.push_back(torn_note(fmt::format("{}/{}/{}", directory_, symbol, file_of(number)),
                                    day->torn, false));
    }
    scan.add(*day);
  }
  scan.finish();
  return out;
}

core::Result<std::vector<Span>> TickArchive::missing(const SymbolCode& symbol, const Span& range,
                                                     Trust trust) const {
  std::vector<Span> have;
  const auto held = days(symbol);
  if (!held) return held.error();
  for (const auto number : *held) {
    // The day before may reach into the range by its last tick.
    if (number < day_of(range.first) - 1 || number > day_of(range.last)) continue;
    const auto day = read_day(symbol, number);
    if (!day) return day.error();
    const auto spans = covered(*day, cadence_of(symbol), trust);
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
