#include "rules/evaluator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <tuple>

#include "core/check.hpp"
#include "market/kind.hpp"
#include "rules/window.hpp"
#include "rules/words.hpp"

namespace derivd::rules {
namespace {

constexpr std::int8_t kUnknownSide = 2;
constexpr double kPercentInOne = 100;
constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kHour = 3600;
constexpr std::int64_t kDay = 86'400;
/// 1970 began on a Thursday, the fourth day.
constexpr std::int64_t kFirstWeekday = 4;
/// A distance beyond it is none of a market's.
constexpr double kMostDistance = 1e12;

bool ready(double v) { return !std::isnan(v); }

/// Neither an infinity nor what comes of one goes on.
double finite(double v) { return std::isfinite(v) ? v : kNotReady; }

double truth(bool v) { return v ? 1 : 0; }

bool is_candle_word(const Node& n) {
  return n.kind == Node::Kind::kValue && info_of(n.word).takes_where() && !n.where.is_ticks();
}
bool is_tick_word(const Node& n) {
  if (n.kind != Node::Kind::kValue) return false;
  const auto clock = info_of(n.word).clock;
  return clock == Clock::kTicks || (clock == Clock::kBars && n.where.is_ticks());
}

std::string shown(double v, bool is_bool) {
  if (!ready(v)) return "not ready";
  if (is_bool) return v != 0 ? "true" : "false";
  return fmt::format("{:.10g}", v);
}

}  // namespace

Evaluator::Evaluator(const RuleSet& set) : set_(set) {
  DERIVD_CHECK(excess_of(set).empty(), "the configuration bounds a rule set");
  series_of({});
  programs_.reserve(set.rules.size());
  for (const auto& rule : set_.rules) compile_rule(rule);
}

std::size_t Evaluator::series_of(Where where) {
  for (std::size_t i = 0; i < series_.size(); ++i) {
    if (series_[i].where == where) return i;
  }
  auto& series = series_.emplace_back(where);
  series.bit = 1U << (series_.size() - 1);
  return series_.size() - 1;
}

Evaluator::Watched* Evaluator::find_watched(const market::SymbolCode& symbol) {
  const auto at = std::ranges::find(watched_, symbol, &Watched::symbol);
  return at == watched_.end() ? nullptr : &*at;
}

std::size_t Evaluator::watched_of(const market::SymbolCode& symbol) {
  if (const auto* known = find_watched(symbol)) {
    return static_cast<std::size_t>(known - watched_.data());
  }
  watched_.emplace_back(symbol);
  return watched_.size() - 1;
}

std::vector<std::unique_ptr<Study>>& Evaluator::studies_of(const StudyKey& key) {
  if (key.symbol.empty()) return series_[series_of(key.where)].studies;
  auto& watched = watched_[watched_of(key.symbol)];
  if (key.where.is_ticks()) return watched.studies;
  const auto at = std::ranges::find(watched.series, key.where, &Series::where);
  if (at != watched.series.end()) return at->studies;
  auto& made = watched.series.emplace_back(key.where);
  made.bit = series_[series_of(key.where)].bit;
  return made.studies;
}

const Study& Evaluator::study(const StudyKey& key) {
  auto& known = known_[key];
  if (known == nullptr) {
    auto& list = studies_of(key);
    list.push_back(make_study(key));
    known = list.back().get();
  }
  return *known;
}

Evaluator::Instruction Evaluator::value_of(const Node& node, const std::vector<std::size_t>& at) {
  Instruction out;
  const auto child = [&](std::int16_t n) {
    return static_cast<std::uint16_t>(at[static_cast<std::size_t>(n)]);
  };
  const auto load = [&](const double* source) {
    out.op = Op::kLoad;
    out.source = source;
    return out;
  };
  const auto of = [&](Word first) {
    return static_cast<std::size_t>(node.word) - static_cast<std::size_t>(first);
  };
  switch (node.word) {
    case Word::kCrossesAbove:
    case Word::kCrossesBelow:
      out.op = node.word == Word::kCrossesAbove ? Op::kCrossesAbove : Op::kCrossesBelow;
      out.a = child(node.a);
      out.b = child(node.b);
      out.crossing = static_cast<std::uint16_t>(sides_.size());
      sides_.push_back(kUnknownSide);
      return out;
    case Word::kWinsInRow:
    case Word::kLossesInRow:
    case Word::kLastProfit:
    case Word::kSessionProfit:
    case Word::kOpenContracts:
    case Word::kTradesToday:
      uses_own_ = true;
      return load(&own_[of(Word::kWinsInRow)]);
    case Word::kHour:
    case Word::kMinute:
    case Word::kWeekday:
      uses_time_ = true;
      return load(&time_[of(Word::kHour)]);
    default:
      break;
  }
  const auto what = study_of(node);
  const auto& made = study(what.key);
  const bool is_own = node.symbol.empty();
  if (!is_own) out.crossing = static_cast<std::uint16_t>(watched_of(node.symbol));
  if (node.word != Word::kRank) {
    load(made.value(what.which));
    if (!is_own) out.op = Op::kLoadWatched;
    return out;
  }
  out.op = is_own ? Op::kRank : Op::kRankWatched;
  out.a = child(node.a);
  out.digits = static_cast<const DigitCounts*>(&made);
  return out;
}

/// Appends the instructions of an expression; the register of its root.
std::size_t Evaluator::compile(Program& program, const Expr& expr) {
  std::vector<std::size_t> at;  // the register of each node
  const auto put = [&](const Instruction& i) {
    program.code.push_back(i);
    return program.code.size() - 1;
  };
  const auto number = [&](double value) {
    Instruction i;
    i.number = value;
    return put(i);
  };
  // A percentage that multiplies or divides is a share of one.
  const auto factor = [&](std::size_t reg, const Node& of) {
    if (of.type != Node::Type::kPercent) return reg;
    Instruction i;
    i.op = Op::kDivide;
    i.a = static_cast<std::uint16_t>(reg);
    i.b = static_cast<std::uint16_t>(number(kPercentInOne));
    return put(i);
  };
  for (std::size_t n = 0; n < expr.nodes.size(); ++n) {
    const auto& node = expr.nodes[n];
    if (node.kind == Node::Kind::kNumber || node.kind == Node::Kind::kPercent) {
      at.push_back(number(node.number.to_double()));
      continue;
    }
    Instruction i;
    if (node.kind == Node::Kind::kValue) {
      i = value_of(node, at);
    } else {
      i.op = static_cast<Op>(static_cast<int>(Op::kMinus) + static_cast<int>(node.kind) -
                             static_cast<int>(Node::Kind::kMinus));
      auto a = at[static_cast<std::size_t>(node.a)];
      auto b = node.b < 0 ? a : at[static_cast<std::size_t>(node.b)];
      if (node.kind == Node::Kind::kMultiply || node.kind == Node::Kind::kDivide) {
        a = factor(a, expr.nodes[static_cast<std::size_t>(node.a)]);
        b = factor(b, expr.nodes[static_cast<std::size_t>(node.b)]);
      }
      i.a = static_cast<std::uint16_t>(a);
      i.b = static_cast<std::uint16_t>(b);
    }
    i.node = static_cast<std::int32_t>(n);
    at.push_back(put(i));
  }
  return at.back();
}

void Evaluator::compile_rule(const Rule& rule) {
  auto& program = programs_.emplace_back();
  program.when = compile(program, rule.when);
  if (rule.buy.prediction) program.prediction = compile(program, *rule.buy.prediction);
  if (rule.buy.barrier) program.barrier = compile(program, rule.buy.barrier->value);
  if (rule.buy.barrier2) program.barrier2 = compile(program, rule.buy.barrier2->value);
  program.registers.assign(program.code.size(), kNotReady);
  const auto& nodes = rule.when.nodes;
  program.every_tick =
      std::ranges::any_of(nodes, is_tick_word) || std::ranges::none_of(nodes, is_candle_word);
  for (const auto& node : nodes) {
    if (is_candle_word(node)) program.series |= series_[series_of(node.where)].bit;
  }
}

bool Evaluator::is_due(const Program& program, std::uint32_t closed) {
  return program.every_tick || (program.series & closed) != 0;
}

void Evaluator::set_own(const Own& own) {
  const auto amount = [](core::Money m) { return m.to_double(); };
  own_ = {static_cast<double>(own.wins_in_row),
          static_cast<double>(own.losses_in_row),
          amount(own.last_profit),
          amount(own.session_profit),
          static_cast<double>(own.open),
          static_cast<double>(own.trades_today)};
}

void Evaluator::set_time(core::VenueTime time) {
  const auto& zone = set_.clocks.zone;
  const auto shown = time.s + (zone ? zone->offset_at(time) : 0);
  const auto days = shown / kDay;
  const auto of_day = shown % kDay;
  time_ = {static_cast<double>(of_day / kHour), static_cast<double>(of_day % kHour / kMinute),
           static_cast<double>((days + kFirstWeekday - 1) % 7 + 1)};
}

/// Candles that this tick closes go to their studies; it then begins or joins the next ones.
std::uint32_t Evaluator::close_candles(const market::Tick& tick) {
  std::uint32_t closed = 0;
  const auto quote = tick.quote.mantissa();
  for (std::size_t i = 1; i < series_.size(); ++i) {
    auto& series = series_[i];
    const auto bar = series.candle.push(tick.epoch, quote);
    if (!bar) continue;
    for (const auto& study : series.studies) study->push(bar->bar, scale_);
    closed |= series.bit;
  }
  return closed;
}

std::optional<core::VenueTime> Evaluator::next_past() const {
  std::optional<core::VenueTime> next;
  const auto take = [&](const Series& series) {
    const auto end = series.next_end();
    if (end && (!next || *end < *next)) next = end;
  };
  std::ranges::for_each(series_, take);
  for (const auto& watched : watched_) std::ranges::for_each(watched.series, take);
  return next;
}

/// Past candles that end then go to their studies.
std::uint32_t Evaluator::push_past(core::VenueTime end) {
  std::uint32_t closed = 0;
  const auto push = [&](Series& series, double scale) {
    if (series.next_end() != end) return false;
    for (const auto& study : series.studies) study->push(series.past[series.next].bar, scale);
    ++series.next;
    return true;
  };
  for (auto& series : series_) {
    if (push(series, scale_)) closed |= series.bit;
  }
  for (auto& watched : watched_) {
    for (auto& series : watched.series) {
      if (!push(series, watched.scale)) continue;
      watched.latest = std::max(watched.latest, end);
      // The own candles of that length say when it is looked at, once there are any.
      const auto own = static_cast<std::size_t>(std::countr_zero(series.bit));
      if (!series_[own].candle.growing()) closed |= series.bit;
    }
  }
  past_end_ = end;
  return closed;
}

/// What is made of candles alone, after candles that ended then.
void Evaluator::look_back(core::VenueTime end, std::uint32_t closed) {
  if (uses_time_) set_time(end);
  for (auto& watched : watched_) watched.silent = end - watched.latest > kWatchedSilence;
  for (auto& program : programs_) {
    if (program.every_tick || !is_due(program, closed)) continue;
    run(program);
    program.at = end;
  }
}

/// Past candles that ended by then, in the order in which they did. What is made of candles alone
/// is looked at after each of them, so that a crossing knows where it stood; what the last of them
/// say is left to the tick that closes them.
std::uint32_t Evaluator::close_past(core::VenueTime until) {
  if (!has_past_) return 0;
  std::uint32_t closed = 0;
  for (auto end = next_past(); end && *end <= until;) {
    closed = push_past(*end);
    const auto after = next_past();
    if (after && *after <= until) look_back(*end, closed);
    end = after;
  }
  has_past_ = next_past().has_value();
  return closed;
}

void Evaluator::set_decimals(Watched& watched, std::uint8_t decimals) {
  if (watched.decimals == decimals) return;
  if (watched.decimals) {
    for (const auto& study : watched.studies) study->reset();
    for (auto& series : watched.series) {
      for (const auto& study : series.studies) study->reset();
      series.candle.clear();
    }
  }
  watched.decimals = decimals;
  watched.scale = static_cast<double>(core::pow10(decimals));
}

void Evaluator::on_watched(const market::Tick& tick) {
  const auto quote = tick.quote.mantissa();
  auto* watched = find_watched(tick.symbol);
  if (watched == nullptr || quote < 0 || quote > kMostMantissa) return;
  set_decimals(*watched, tick.quote.decimals());
  if (const auto closed = close_past(tick.epoch)) look_back(past_end_, closed);
  watched->latest = std::max(watched->latest, tick.epoch);
  for (auto& series : watched->series) {
    // Of a candle that is closed: it came later than an own tick of a later second.
    if (tick.epoch < series.ended) continue;
    const auto closed = series.candle.push(tick.epoch, quote);
    if (!closed) continue;
    for (const auto& study : series.studies) study->push(closed->bar, watched->scale);
  }
  const Bar bar{quote, quote, quote, quote};
  for (const auto& study : watched->studies) study->push(bar, watched->scale);
}

/// Candles that ended by then have had all their ticks.
void Evaluator::close_watched(Watched& watched, core::VenueTime now) {
  for (auto& series : watched.series) {
    const auto growing = series.candle.growing();
    if (!growing) continue;
    const core::VenueTime end{growing->begins.s + series.where.seconds};
    if (end > now) continue;
    for (const auto& study : series.studies) study->push(growing->bar, watched.scale);
    series.candle.clear();
    series.ended = end;
  }
}

void Evaluator::see_watched(core::VenueTime now) {
  for (auto& watched : watched_) {
    close_watched(watched, now);
    watched.silent = watched.latest.s == 0 || now - watched.latest > kWatchedSilence;
  }
}

std::optional<Wish> Evaluator::on_tick(const market::Tick& tick) {
  const auto quote = tick.quote.mantissa();
  if (quote < 0 || quote > kMostMantissa) return std::nullopt;
  if (decimals_ != tick.quote.decimals()) {
    if (decimals_) reset();
    decimals_ = tick.quote.decimals();
    scale_ = static_cast<double>(core::pow10(*decimals_));
  }
  const auto before = close_past(tick.epoch);
  const auto closed = before | close_candles(tick);
  if (!watched_.empty()) see_watched(tick.epoch);
  const Bar bar{quote, quote, quote, quote};
  for (const auto& study : series_.front().studies) study->push(bar, scale_);
  if (uses_time_) set_time(tick.epoch);
  std::optional<std::size_t> first;
  for (std::size_t i = 0; i < programs_.size(); ++i) {
    auto& program = programs_[i];
    if (!is_due(program, closed)) continue;
    // All of them, also behind one that holds: a crossing must not miss a step.
    run(program);
    program.at = tick.epoch;
    if (!first && program.registers[program.when] == 1 && wish_of(i)) first = i;
  }
  return first ? wish_of(*first) : std::nullopt;
}

void Evaluator::run(Program& program) {
  auto* registers = program.registers.data();
  for (const auto& i : program.code) *registers++ = step(i, program.registers.data());
}

double Evaluator::step(const Instruction& i, const double* registers) {
  const double a = registers[i.a];
  const double b = registers[i.b];
  const auto compared = [&](bool holds) { return ready(a) && ready(b) ? truth(holds) : kNotReady; };
  switch (i.op) {
    case Op::kLoad:
      return *i.source;
    case Op::kNumber:
      return i.number;
    case Op::kRank:
      return i.digits->rank(a);
    case Op::kMinus:
      return -a;
    case Op::kNot:
      return 1 - a;
    case Op::kAdd:
      return finite(a + b);
    case Op::kSubtract:
      return finite(a - b);
    case Op::kMultiply:
      return finite(a * b);
    case Op::kDivide:
      return finite(a / b);
    case Op::kLess:
      return compared(a < b);
    case Op::kLessEq:
      return compared(a <= b);
    case Op::kGreater:
      return compared(a > b);
    case Op::kGreaterEq:
      return compared(a >= b);
    case Op::kEq:
      return compared(a == b);
    case Op::kNotEq:
      return compared(a != b);
    case Op::kAnd:
      // What one side decides alone does not wait for the other.
      return a == 0 || b == 0 ? 0 : ready(a) && ready(b) ? 1 : kNotReady;
    case Op::kOr:
      return a == 1 || b == 1 ? 1 : ready(a) && ready(b) ? 0 : kNotReady;
    case Op::kCrossesAbove:
    case Op::kCrossesBelow:
      return cross(i, a, b);
    case Op::kLoadWatched:
      return watched_[i.crossing].silent ? kNotReady : *i.source;
    case Op::kRankWatched:
      return watched_[i.crossing].silent ? kNotReady : i.digits->rank(a);
  }
  return kNotReady;
}

double Evaluator::cross(const Instruction& i, double a, double b) {
  auto& side = sides_[i.crossing];
  const auto before = side;
  if (!ready(a) || !ready(b)) {
    side = kUnknownSide;
    return kNotReady;
  }
  side = static_cast<std::int8_t>(a > b ? 1 : a < b ? -1 : 0);
  if (before == kUnknownSide) return kNotReady;
  return i.op == Op::kCrossesAbove ? truth(side == 1 && before != 1)
                                   : truth(side == -1 && before != -1);
}

/// Nothing where the prediction is no digit that the type takes, or the distance is not ready or
/// none.
std::optional<Wish> Evaluator::wish_of(std::size_t rule) const {
  const auto& program = programs_[rule];
  const auto& buy = set_.rules[rule].buy;
  Wish wish;
  wish.rule = rule;
  wish.type = buy.type;
  wish.duration = buy.duration;
  if (program.prediction) {
    const double digit = program.registers[*program.prediction];
    const auto& needs = market::kind_of(buy.type).needs;
    if (!(digit >= needs.lowest_digit && digit <= needs.highest_digit) ||
        digit != std::floor(digit))
      return std::nullopt;
    wish.prediction = static_cast<std::int8_t>(digit);
  }
  wish.selected_tick = buy.selected_tick;
  wish.terms = buy.terms;
  if (program.barrier) {
    wish.barrier = barrier_of(*buy.barrier, program.registers[*program.barrier]);
    if (!wish.barrier) return std::nullopt;
  }
  if (program.barrier2) {
    wish.barrier2 = barrier_of(*buy.barrier2, program.registers[*program.barrier2]);
    if (!wish.barrier2) return std::nullopt;
  }
  return wish;
}

/// Nothing where the venue would refuse it: no distance, a quote of nothing.
std::optional<market::Barrier> Evaluator::barrier_of(const Level& level, double value) const {
  const double distance = value * scale_;
  if (!(std::abs(distance) < kMostDistance)) return std::nullopt;
  const auto pips = std::llround(distance);
  if (pips == 0 || (!level.is_offset && pips < 0)) return std::nullopt;
  const auto price = core::Price::raw(pips, *decimals_);
  return level.is_offset ? market::Barrier::offset(price) : market::Barrier::absolute(price);
}

void Evaluator::reset() {
  const auto forget = [](Series& series) {
    for (const auto& study : series.studies) study->reset();
    series.candle.clear();
    series.ended = {};
    series.past.clear();
    series.next = 0;
  };
  std::ranges::for_each(series_, forget);
  for (auto& watched : watched_) {
    for (const auto& study : watched.studies) study->reset();
    std::ranges::for_each(watched.series, forget);
    watched.latest = {};
    watched.silent = true;
  }
  has_past_ = false;
  std::ranges::fill(sides_, kUnknownSide);
  for (auto& program : programs_) {
    std::ranges::fill(program.registers, kNotReady);
    program.at.reset();
  }
}

std::vector<CandleNeed> Evaluator::candle_needs() const {
  std::vector<CandleNeed> out;
  for (const auto& [key, made] : known_) {
    if (key.where.is_ticks()) continue;
    const auto at = std::ranges::find_if(out, [&key = key](const CandleNeed& n) {
      return n.where == key.where && n.symbol == key.symbol;
    });
    auto& need = at == out.end() ? out.emplace_back(CandleNeed{key.where, 0, key.symbol}) : *at;
    need.count = std::max(need.count, bars_for(key));
  }
  std::ranges::sort(out, {}, [](const CandleNeed& n) { return std::tie(n.symbol, n.where); });
  return out;
}

void Evaluator::begin_candles(Where where, std::span<const Candle::Closed> past) {
  if (where.is_ticks() || past.empty()) return;
  const auto at = std::ranges::find(series_, where, &Series::where);
  if (at != series_.end()) begin(*at, past);
}

void Evaluator::begin_watched(const market::SymbolCode& symbol, std::uint8_t decimals, Where where,
                              std::span<const Candle::Closed> past) {
  auto* watched = find_watched(symbol);
  if (watched == nullptr || past.empty()) return;
  set_decimals(*watched, decimals);
  const auto at = std::ranges::find(watched->series, where, &Series::where);
  if (at != watched->series.end()) begin(*at, past);
}

void Evaluator::begin(Series& series, std::span<const Candle::Closed> past) {
  series.past.assign(past.begin(), past.end() - 1);
  series.next = 0;
  series.candle.begin(past.back());
  has_past_ |= !series.past.empty();
}

std::optional<double> constant_of(const Expr& expr) {
  const auto looks = [](const Node& n) { return n.kind == Node::Kind::kValue; };
  if (std::ranges::any_of(expr.nodes, looks)) return std::nullopt;
  Evaluator evaluator(RuleSet{});
  Evaluator::Program program;
  const auto root = evaluator.compile(program, expr);
  program.registers.assign(program.code.size(), kNotReady);
  evaluator.run(program);
  const double value = program.registers[root];
  return ready(value) ? std::optional(value) : std::nullopt;
}

std::vector<RuleView> Evaluator::explain() const {
  std::vector<RuleView> out;
  for (std::size_t r = 0; r < programs_.size(); ++r) {
    const auto& program = programs_[r];
    const auto& rule = set_.rules[r];
    auto& view = out.emplace_back();
    view.when = to_string(rule.when);
    view.at = program.at;
    view.result = program.at ? shown(program.registers[program.when], true) : "not evaluated yet";
    std::size_t begin = 0;
    const auto add = [&](const Expr& expr, std::size_t end, std::string_view label) {
      std::vector<Part> joined;
      for (auto i = begin; i <= end; ++i) {
        if (program.code[i].node < 0) continue;
        const auto n = static_cast<std::size_t>(program.code[i].node);
        const auto& node = expr.nodes[n];
        Part part{std::string(label) + to_string(expr, n),
                  shown(program.registers[i], node.type == Node::Type::kBool)};
        auto& list = node.kind == Node::Kind::kValue ? view.parts : joined;
        const bool twice =
            std::ranges::any_of(view.parts, [&](const Part& p) { return p.text == part.text; });
        if (!twice) list.push_back(std::move(part));
      }
      for (auto& part : joined) view.parts.push_back(std::move(part));
      begin = end + 1;
    };
    add(rule.when, program.when, "");
    if (program.prediction) add(*rule.buy.prediction, *program.prediction, "prediction: ");
    if (program.barrier) add(rule.buy.barrier->value, *program.barrier, "barrier: ");
    if (program.barrier2) add(rule.buy.barrier2->value, *program.barrier2, "barrier2: ");
  }
  return out;
}

}  // namespace derivd::rules
