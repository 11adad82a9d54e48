#include "script/past.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/decimal.hpp"
#include "rules/parse.hpp"
#include "rules/rule_set.hpp"
#include "rules/window.hpp"
#include "rules/words.hpp"

namespace derivd::script {
namespace {

using rules::Node;
using rules::Word;

/// Texts of one value differ in blanks and in numbers' forms; a program that makes new ones for
/// ever is stopped here.
constexpr std::size_t kMaxValues = 4 * rules::kMaxStudies;

constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kHour = 3600;
constexpr std::int64_t kDay = 86'400;
/// 1970 began on a Thursday, the fourth day.
constexpr std::int64_t kFirstWeekday = 4;

rules::Bar as_bar(std::int64_t quote) { return {quote, quote, quote, quote}; }

bool is_known(Word word) { return word >= Word::kWinsInRow && word <= Word::kWeekday; }

}  // namespace

Past::Past(std::uint8_t decimals, rules::Where candles, Of of)
    : of_(of),
      is_silent_(of == Of::kWatched),
      decimals_(decimals),
      scale_(static_cast<double>(core::pow10(decimals))),
      candles_(candles) {
  series_.push_back(std::make_unique<Series>(rules::Where{}));
  if (!candles.is_ticks()) series_of(candles);
}

void Past::push(Series& series, const Candle& candle) {
  series.closed.push_back(candle);
  if (series.closed.size() > kPast) series.closed.pop_front();
  for (auto* study : series.studies) study->push(candle.bar, scale_);
}

std::optional<Past::Candle> Past::on_tick(core::VenueTime time, std::int64_t mantissa) {
  if (mantissa < 0 || mantissa > rules::kMostMantissa) return std::nullopt;
  std::optional<Candle> chosen;
  for (const auto& series : series_) {
    if (series->where.is_ticks()) continue;
    auto last = push_past(*series, time);
    // Of a candle that is closed: it came later than an own tick of a later second.
    if (time < series->ended) continue;
    if (const auto closed = series->growing.push(time, mantissa)) {
      push(*series, *closed);
      last = closed;
    }
    if (series->where == candles_) chosen = last;
  }
  ticks_.push_back({time, mantissa});
  if (ticks_.size() > kPast) ticks_.pop_front();
  for (auto* study : series_.front()->studies) study->push(as_bar(mantissa), scale_);
  return chosen;
}

void Past::see(core::VenueTime now) {
  seen_ = now;
  for (const auto& series : series_) {
    if (!series->where.is_ticks()) close(*series);
  }
  is_silent_ = ticks_.empty() || now - ticks_.back().time > rules::kWatchedSilence;
}

/// What ended by the time that see() told last.
void Past::close(Series& series) {
  push_past(series, seen_);
  const auto growing = series.growing.growing();
  if (!growing || growing->begins.s + series.where.seconds > seen_.s) return;
  push(series, *growing);
  series.growing.clear();
  series.ended = {growing->begins.s + series.where.seconds};
}

/// Past candles that ended by then; the last of them.
std::optional<Past::Candle> Past::push_past(Series& series, core::VenueTime until) {
  std::optional<Candle> last;
  while (!series.past.empty() && series.past.front().begins.s + series.where.seconds <= until.s) {
    last = series.past.front();
    push(series, *last);
    series.past.pop_front();
  }
  return last;
}

void Past::begin_candles(rules::Where where, std::span<const Candle> part, bool is_last) {
  const auto is_same = [&](const auto& s) { return s->where == where; };
  const bool known = std::ranges::any_of(series_, is_same);
  if (where.is_ticks() || part.empty() || (!known && series_.size() >= rules::kMaxSeries)) return;
  auto& series = series_of(where);
  if (!series.is_begun) {
    series.is_begun = true;
    series.closed.clear();
    for (auto* study : series.studies) study->reset();
  }
  series.past.insert(series.past.end(), part.begin(), part.end());
  if (!is_last) return;
  series.growing.begin(series.past.back());
  series.past.pop_back();
}

void Past::reset() {
  ticks_.clear();
  for (const auto& series : series_) {
    series->growing.clear();
    series->closed.clear();
    series->past.clear();
    series->is_begun = false;
    series->ended = {};
  }
  is_silent_ = of_ == Of::kWatched;
  for (const auto& [key, study] : studies_) study->reset();
}

std::vector<Past::Quote> Past::ticks(std::size_t n) const {
  return {ticks_.end() - static_cast<std::ptrdiff_t>(std::min(n, ticks_.size())), ticks_.end()};
}

core::Result<std::vector<Past::Candle>> Past::candles(std::size_t n, std::string_view where) {
  const auto length = where.empty() ? std::optional(candles_) : rules::parse_where(where);
  if (!length || length->is_ticks()) {
    return core::invalid(
        fmt::format("'{}' is no length of candles; allowed: a time from 1s to 1d, "
                    "as 1m or 15m",
                    where.empty() ? "ticks" : where.substr(0, 40)));
  }
  const auto known =
      std::ranges::any_of(series_, [&](const auto& series) { return series->where == *length; });
  if (!known && series_.size() >= rules::kMaxSeries) {
    return core::invalid(fmt::format("more than {} lengths of candles", rules::kMaxSeries - 1));
  }
  const auto& closed = series_of(*length).closed;
  return std::vector<Candle>{closed.end() - static_cast<std::ptrdiff_t>(std::min(n, closed.size())),
                             closed.end()};
}

Past::Series& Past::series_of(rules::Where where) {
  for (const auto& series : series_) {
    if (series->where == where) return *series;
  }
  auto& made = *series_.emplace_back(std::make_unique<Series>(where));
  begin_series(made);
  for (const auto& tick : ticks_) {
    if (const auto closed = made.growing.push(tick.time, tick.mantissa)) push(made, *closed);
  }
  if (of_ == Of::kWatched) close(made);
  return made;
}

/// Out of the longest candles of the venue's that it can be made up of; the ticks that are known
/// go on from there.
void Past::begin_series(Series& made) {
  const Series* from = nullptr;
  for (const auto& series : series_) {
    const auto seconds = series->where.seconds;
    const bool fits = series->is_begun && seconds > 0 && seconds < made.where.seconds &&
                      made.where.seconds % seconds == 0;
    if (fits && (from == nullptr || seconds > from->where.seconds)) from = series.get();
  }
  if (from == nullptr) return;
  std::optional<Candle> whole;
  const auto add = [&](const Candle& part) {
    const auto& bar = part.bar;
    const core::VenueTime start{part.begins.s / made.where.seconds * made.where.seconds};
    if (whole && whole->begins == start) {
      whole->bar.high = std::max(whole->bar.high, bar.high);
      whole->bar.low = std::min(whole->bar.low, bar.low);
      whole->bar.close = bar.close;
      return;
    }
    // The first one may have begun before what is known.
    if (!whole && part.begins != start) return;
    if (whole) push(made, *whole);
    whole = Candle{bar, start};
  };
  std::ranges::for_each(from->closed, add);
  std::ranges::for_each(from->past, add);
  if (const auto growing = from->growing.growing()) add(*growing);
  made.is_begun = whole.has_value();
  if (whole) made.growing.begin(*whole);
}

rules::Study& Past::study_of(const rules::StudyKey& key) {
  auto& study = studies_[key];
  if (study) return *study;
  study = rules::make_study(key);
  auto& series = series_of(key.where);
  if (key.where.is_ticks()) {
    for (const auto& tick : ticks_) study->push(as_bar(tick.mantissa), scale_);
  } else {
    for (const auto& candle : series.closed) study->push(candle.bar, scale_);
  }
  series.studies.push_back(study.get());
  return *study;
}

core::Result<double> Past::value(std::string_view expression) {
  auto at = values_.find(expression);
  if (at == values_.end()) {
    if (values_.size() >= kMaxValues) {
      return core::invalid(fmt::format("more than {} different values", kMaxValues));
    }
    const auto made = make(expression);
    if (!made) return made.error();
    at = values_.emplace(std::string(expression), *made).first;
  }
  return is_silent_ ? rules::kNotReady : read(at->second);
}

core::Result<Past::Value> Past::make(std::string_view expression) {
  // Beside no other price the parser takes it for a candle's; a script writes that as open(0).
  if (of_ == Of::kOwn && expression == rules::info_of(Word::kOpenContracts).name) {
    Value contracts;
    contracts.own = Word::kOpenContracts;
    return contracts;
  }
  const auto parsed = rules::parse_number(expression, candles_);
  if (const auto* problem = std::get_if<rules::Problem>(&parsed)) {
    return core::invalid(problem->text);
  }
  const auto& expr = std::get<rules::Expr>(parsed);
  const auto& root = expr.root();
  if (root.kind != Node::Kind::kValue) {
    return core::invalid(fmt::format("'{}' is not one value", expression.substr(0, 80)));
  }
  Value out;
  if (is_known(root.word) && of_ == Of::kWatched) {
    return core::invalid("it is not of a symbol's ticks or candles; leave the symbol out");
  }
  if (is_known(root.word)) {
    out.own = root.word;
    return out;
  }
  const auto what = rules::study_of(root);
  const bool fresh = !studies_.contains(what.key);
  if (fresh && studies_.size() >= rules::kMaxStudies) {
    return core::invalid(
        fmt::format("more than {} different indicators and counts", rules::kMaxStudies));
  }
  const auto is_same = [&](const auto& s) { return s->where == what.key.where; };
  if (series_.size() >= rules::kMaxSeries && std::ranges::none_of(series_, is_same)) {
    return core::invalid(fmt::format("more than {} lengths of candles", rules::kMaxSeries - 1));
  }
  const auto& study = study_of(what.key);
  out.source = study.value(what.which);
  if (root.word == Word::kRank) {
    const auto digit = rules::constant_of({{expr.nodes[static_cast<std::size_t>(root.a)]}});
    if (!digit) return core::invalid("rank is of a digit and a count, as rank(7, 100)");
    out.counts = static_cast<const rules::DigitCounts*>(&study);
    out.rank_of = *digit;
  }
  return out;
}

double Past::read(const Value& value) const {
  if (value.own) return known(*value.own);
  return value.counts != nullptr ? value.counts->rank(value.rank_of) : *value.source;
}

double Past::known(Word word) const {
  const auto now = ticks_.empty() ? core::VenueTime{} : ticks_.back().time;
  switch (word) {
    case Word::kWinsInRow:
      return static_cast<double>(own_.wins_in_row);
    case Word::kLossesInRow:
      return static_cast<double>(own_.losses_in_row);
    case Word::kLastProfit:
      return own_.last_profit.to_double();
    case Word::kSessionProfit:
      return own_.session_profit.to_double();
    case Word::kOpenContracts:
      return static_cast<double>(own_.open);
    case Word::kTradesToday:
      return static_cast<double>(own_.trades_today);
    case Word::kHour:
      return static_cast<double>(now.s % kDay / kHour);
    case Word::kMinute:
      return static_cast<double>(now.s % kHour / kMinute);
    case Word::kWeekday:
      return static_cast<double>((now.s / kDay + kFirstWeekday - 1) % 7 + 1);
    default:
      return rules::kNotReady;
  }
}

}  // namespace derivd::script
