// Ticks, candles, indicators, statistics of lists and digits. Rules: semantics.md, sections 4, 9,
// 10 and 13.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "dbot/indicators.hpp"
#include "dbot/machine.hpp"
#include "dbot/number.hpp"

namespace derivd::dbot {
namespace {

constexpr std::size_t kStatistics = 100;
__extension__ using Wide = __int128;
constexpr std::int64_t kGrowthUnit = 1'000'000'000'000;  // of Settings::growth_barriers
constexpr int kMaxFlatDepth = 50;

/// Deriv Bot's helper: the numbers of a list and of the lists in it.
void flatten(const Value& v, std::vector<double>& out, int depth) {
  if (!v.is(Kind::kList) || depth > kMaxFlatDepth) return;
  for (const auto& item : v.list->items) {
    if (out.size() > kMaxListItems) return;
    if (item.is(Kind::kNumber)) out.push_back(item.number);
    if (item.is(Kind::kList)) flatten(item, out, depth + 1);
  }
}

double sum_of(std::span<const double> list) {
  double out = 0;
  for (const double x : list) out += x;
  return out;
}

double least_of(std::span<const double> list) {
  double out = kInfinity;
  for (const double x : list) {
    if (std::isnan(x)) return kNaN;
    out = std::min(out, x);
  }
  return out;
}

double median_of(std::vector<double> list) {
  if (list.empty()) return kNaN;
  std::ranges::sort(list);
  const auto half = list.size() / 2;
  return list.size() % 2 == 1 ? list[half] : (list[half - 1] + list[half]) / 2;
}

double deviation_of(std::span<const double> list) {
  const double n = static_cast<double>(list.size());
  const double mean = sum_of(list) / n;
  double squares = 0;
  for (const double x : list) squares += (x - mean) * (x - mean);
  return std::sqrt(squares / n);
}

struct Counted {
  double value = 0;
  int count = 0;
};
/// In the order of first appearance.
std::vector<Counted> counts_of(std::span<const double> list) {
  std::vector<Counted> out;
  for (const double x : list) {
    const auto it = std::ranges::find(out, x, &Counted::value);
    if (it == out.end()) {
      out.push_back({x, 1});
    } else {
      ++it->count;
    }
  }
  return out;
}

bool finite_candle(const CandleValue& c) {
  return std::ranges::all_of(std::array{c.open, c.high, c.low, c.close},
                             [](double x) { return std::isfinite(x) && x > 0; });
}

}  // namespace

Value Machine::numbers_list(std::span<const double> numbers) {
  std::vector<Value> items;
  items.reserve(numbers.size());
  for (const double n : numbers) items.push_back(Value::of(n));
  return make_list(std::move(items));
}

std::optional<std::vector<double>> Machine::numbers_of(const Value& list) {
  if (!list.is(Kind::kList)) {
    fail(fmt::format("{} is no list of numbers", text_of(list)));
    return std::nullopt;
  }
  std::vector<double> out;
  out.reserve(list.list->items.size());
  for (const auto& item : list.list->items) out.push_back(to_number(item));
  charge(out.size());
  return out;
}

std::string Machine::quote_text(double quote) const { return fixed_text(quote, settings_.pip); }

const Machine::Series* Machine::series(double interval) const {
  for (const auto& s : series_) {
    if (s.interval == interval) return &s;
  }
  return nullptr;
}

std::span<const CandleValue> Machine::candles(double interval) const {
  const auto* s = series(interval);
  if (s == nullptr) return {};
  const std::span<const CandleValue> all(s->candles);
  return all.last(std::min(all.size(), kWindow));
}

std::optional<CandleValue> Machine::candle_at(double interval, const Value& index) {
  // 0, NaN and nothing count as 1; then only whole numbers above 0 will do.
  const double n = truthy(index) ? to_number(index) : 1;
  if (!(n >= 1) || n != std::trunc(n)) {
    fail("PositiveIntegerExpected", fmt::format("the number of a candle is {}", text_of(index)));
    return std::nullopt;
  }
  const auto all = candles(interval);
  if (all.empty()) {
    fail("there is no candle yet");
    return std::nullopt;
  }
  const auto back = static_cast<std::size_t>(std::min(n, static_cast<double>(all.size())));
  return all[all.size() - back];
}

Value Machine::candle_field(const CandleValue& c, int field) {
  switch (field) {
    case 0:
      return Value::of(c.open);
    case 1:
      return Value::of(c.high);
    case 2:
      return Value::of(c.low);
    case 3:
      return Value::of(c.close);
    default:
      return Value::of(static_cast<double>(c.epoch));
  }
}

Value Machine::market_builtin(Builtin which, std::span<const Value> a, int flag) {
  using B = Builtin;
  const auto quoted = quotes();
  if (quoted.empty() && which <= B::kDirection) {
    fail("there is no tick yet");
    return Value::undefined();
  }
  switch (which) {
    case B::kTick:
      return Value::of(quoted.back());
    case B::kTickText:
      return make_text(quote_text(quoted.back()));
    case B::kTicks:
      return numbers_list(quoted);
    case B::kTickTexts: {
      std::vector<Value> items;
      for (const double q : quoted) items.push_back(heap_.text(quote_text(q)));
      return make_list(std::move(items));
    }
    case B::kLastDigit:
      return Value::of(digits().back());
    case B::kLastDigits:
      return numbers_list(digits());
    case B::kDirection: {
      const auto n = quoted.size();
      const int seen = n < 2 || quoted[n - 1] == quoted[n - 2] ? 2
                       : quoted[n - 1] > quoted[n - 2]         ? 0
                                                               : 1;
      return Value::boolean(seen == flag);
    }
    case B::kCandles: {
      std::vector<Value> items;
      for (const auto& c : candles(a[0].number)) items.push_back(heap_.candle(c));
      return make_list(std::move(items));
    }
    case B::kCandleValues: {
      std::vector<Value> items;
      for (const auto& c : candles(a[0].number)) items.push_back(candle_field(c, flag));
      return make_list(std::move(items));
    }
    case B::kCandleAt: {
      const auto c = candle_at(a[1].number, a[0]);
      return c ? heap_.candle(*c) : Value::undefined();
    }
    case B::kCandleFieldAt: {
      const auto c = candle_at(a[1].number, a[0]);
      return c ? candle_field(*c, flag) : Value::undefined();
    }
    case B::kCandleField:
    case B::kCandleBlack:
      if (!a[0].is(Kind::kCandle) || !finite_candle(*a[0].candle)) {
        fail("CandleExpected", "a candle is expected");
        return Value::undefined();
      }
      return which == B::kCandleField ? candle_field(*a[0].candle, flag)
                                      : Value::boolean(a[0].candle->close < a[0].candle->open);
    case B::kCandleListField: {
      std::vector<Value> items;
      const bool list = a[0].is(Kind::kList);
      for (std::size_t i = 0; list && i < a[0].list->items.size(); ++i) {
        const auto& item = a[0].list->items[i];
        if (!item.is(Kind::kCandle) || !finite_candle(*item.candle)) break;
        items.push_back(candle_field(*item.candle, flag));
      }
      if (!list || items.size() != a[0].list->items.size()) {
        fail("CandleListExpected", "a list of candles is expected");
        return Value::undefined();
      }
      return make_list(std::move(items));
    }
    case B::kStat:
    case B::kStatList:
      return statistics(which == B::kStatList);
    default:
      return Value::undefined();
  }
}

std::vector<double> Machine::stayed_in(std::int64_t barrier, std::size_t most) {
  std::vector<double> out;
  const auto window = quotes();
  const double scale = std::pow(10.0, settings_.pip);
  // The double of a quote is the nearest one: its whole number of units comes back.
  const auto units = [&](std::size_t i) { return std::llround(window[i] * scale); };
  double run = 0;
  std::size_t seen = 0;
  for (auto i = window.size(); i-- > 1 && out.size() < most; ++seen) {
    const std::int64_t now = units(i);
    const std::int64_t before = units(i - 1);
    const Wide moved = now > before ? now - before : before - now;
    if (moved * kGrowthUnit < static_cast<Wide>(before) * barrier) {
      ++run;
      continue;
    }
    // The tick that goes too far is of no run.
    out.push_back(run);
    run = 0;
  }
  // The oldest run began before the window: its length is not known, unless it is the only one.
  if (out.empty()) out.push_back(run);
  charge(seen);
  return out;
}

/// Section 4: of the growth rate of the options that are in force.
Value Machine::statistics(bool all) {
  const bool known =
      options_.set && program_->options[static_cast<std::size_t>(options_.shape)].kind ==
                          OptionsShape::Kind::kAccumulator;
  if (!known) {
    fail("the statistics of accumulators are asked for before the options of one were reached");
    return Value::undefined();
  }
  const auto growth = program_->options[static_cast<std::size_t>(options_.shape)].growth;
  const auto percent = std::llround(growth * 100);
  const bool sold = percent >= 1 && percent <= std::ssize(settings_.growth_barriers) &&
                    std::fabs(growth * 100 - static_cast<double>(percent)) < 1e-9;
  const auto barrier =
      sold ? settings_.growth_barriers.at(static_cast<std::size_t>(percent - 1)) : 0;
  if (barrier <= 0) {
    fail(fmt::format("the statistics of accumulators that grow by {} are not known on {}",
                     number_text(growth), program_->symbol));
    return Value::undefined();
  }
  const auto runs = stayed_in(barrier, all ? kStatistics : 1);
  return all ? numbers_list(runs) : Value::of(runs.front());
}

Value Machine::indicator_builtin(Builtin which, std::span<const Value> a, int flag) {
  using B = Builtin;
  const auto list = numbers_of(a[0]);
  if (!list) return Value::undefined();
  charge(list->size() * 16);
  const double period = to_number(a[1]);
  const int pip = settings_.pip;
  const auto one = [this](const Indicated<double>& r) {
    if (const auto* e = std::get_if<IndicatorError>(&r)) {
      fail(std::string(e->text));
      return Value::undefined();
    }
    return Value::of(std::get<double>(r));
  };
  const auto many = [this](const Indicated<Numbers>& r) {
    if (const auto* e = std::get_if<IndicatorError>(&r)) {
      fail(std::string(e->text));
      return Value::undefined();
    }
    return numbers_list(std::get<Numbers>(r));
  };
  const bool windows = which == B::kSmaList || which == B::kBandsList;
  if (windows && period > 1) {
    // Each window is computed anew: its work is counted, and refused beyond the budget.
    const double work = static_cast<double>(list->size()) * std::min(period, 1e6) / 16;
    steps_ += static_cast<std::int64_t>(std::min(work, 2.0 * kMaxSteps));
    if (steps_ > kMaxSteps) return Value::undefined();
  }
  switch (which) {
    case B::kSma:
      return one(sma(*list, period));
    case B::kSmaList:
      return many(sma_list(*list, period, pip));
    case B::kEma:
      return one(ema(*list, period, pip));
    case B::kEmaList:
      return many(ema_list(*list, period, pip));
    case B::kRsi:
      return one(rsi(*list, period));
    case B::kRsiList:
      return many(rsi_list(*list, period, pip));
    case B::kBands:
      return one(bands(*list, period, to_number(a[2]), to_number(a[3]), flag, pip));
    case B::kBandsList:
      return many(bands_list(*list, period, to_number(a[2]), to_number(a[3]), flag, pip));
    case B::kMacdList:
      return many(macd_list(*list, period, to_number(a[2]), to_number(a[3]), flag, pip));
    default:
      return Value::undefined();
  }
}

/// op: sum, min, max, average, median, mode, antimode, standard deviation, random. Deriv Bot's own
/// helpers look at numbers alone, inside lists too, and divide an average by the outer length.
Value Machine::on_list(const Value& list, int op, bool native) {
  std::vector<double> numbers;
  std::size_t outer = 0;
  if (native && !truthy(list)) {
    numbers.push_back(0);  // (list || [0])
    outer = 1;
  } else if (!list.is(Kind::kList)) {
    fail(fmt::format("{} is no list", text_of(list)));
    return Value::undefined();
  } else if (native) {
    flatten(list, numbers, 0);
    outer = list.list->items.size();
  } else {
    for (const auto& item : list.list->items) {
      if (op == 4 && !item.is(Kind::kNumber)) continue;
      numbers.push_back(to_number(item));
    }
    outer = list.list->items.size();
  }
  charge(numbers.size());
  switch (op) {
    case 0:
      return Value::of(sum_of(numbers));
    case 1:
      return Value::of(least_of(numbers));
    case 2: {
      for (double& x : numbers) x = -x;
      return Value::of(-least_of(numbers));
    }
    case 3:
      return Value::of(sum_of(numbers) / static_cast<double>(outer));
    case 4:
      if (!native && numbers.empty()) return Value::null();
      return Value::of(median_of(std::move(numbers)));
    case 5:
    case 6: {
      steps_ += static_cast<std::int64_t>(numbers.size());
      const auto counts =
          counts_of(std::span(numbers).first(std::min<std::size_t>(numbers.size(), 20'000)));
      if (numbers.size() > 20'000) {
        fail("a list is too long for its mode");
        return Value::undefined();
      }
      int wanted = op == 5 ? 0 : std::numeric_limits<int>::max();
      for (const auto& c : counts) {
        wanted = op == 5 ? std::max(wanted, c.count) : std::min(wanted, c.count);
      }
      std::vector<double> out;
      for (const auto& c : counts) {
        if (c.count == wanted) out.push_back(c.value);
      }
      return numbers_list(out);
    }
    case 7:
      return numbers.empty() ? Value::null() : Value::of(deviation_of(numbers));
    default: {
      const auto size = native ? numbers.size() : outer;
      if (size == 0) return Value::undefined();
      const auto at =
          static_cast<std::size_t>(std::floor(next_random() * static_cast<double>(size)));
      return native ? Value::of(numbers[at]) : list.list->items[at];
    }
  }
}

// -- vendors' statistics of digits (section 13) -------------------------------------------------

Value Machine::digit_builtin(Builtin which, std::span<const Value> a, int flag) {
  const auto all = digits();
  const double wanted = to_number(a[0]);
  if (all.empty() || !(wanted >= 1)) {
    if (which == Builtin::kDigitsCondition) return Value::boolean(false);
    fail(fmt::format("the last {} digits are asked for", text_of(a[0])));
    return Value::undefined();
  }
  const auto n = static_cast<std::size_t>(std::min(wanted, static_cast<double>(all.size())));
  const auto last = all.last(n);
  charge(n);
  const double limit = a.size() > 1 ? to_number(a[1]) : 0;
  const auto even = [](double d) { return std::fmod(d, 2) == 0; };
  if (which == Builtin::kDigitsCondition) {
    // Fewer digits than asked for do not fulfil it.
    if (static_cast<double>(n) < std::trunc(wanted)) return Value::boolean(false);
    return Value::boolean(std::ranges::all_of(last, [&](double d) {
      switch (flag) {
        case 0:
          return even(d);
        case 1:
          return !even(d);
        case 2:
          return d == last.back();
        case 3:
          return d < limit;
        case 4:
          return d > limit;
        case 5:
          return d <= limit;
        case 6:
          return d >= limit;
        default:
          return d == limit;
      }
    }));
  }
  const auto percent = [&](std::ptrdiff_t count) {
    return rounded(static_cast<double>(count) / static_cast<double>(n) * 100, 2);
  };
  if (which == Builtin::kDigitsShare) {
    return Value::of(percent(std::ranges::count_if(last, [&](double d) {
      if (flag < 2) return even(d) == (flag == 0);
      return flag == 2 ? d > limit : d < limit;
    })));
  }
  std::array<int, 10> counts{};
  for (const double d : last) ++counts[static_cast<std::size_t>(d)];
  std::array<int, 10> order{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  const bool rare = (flag & 2) != 0;
  std::ranges::stable_sort(order, [&](int x, int y) {
    const int left = counts[static_cast<std::size_t>(x)];
    const int right = counts[static_cast<std::size_t>(y)];
    return rare ? left < right : left > right;
  });
  const int digit = order[static_cast<std::size_t>(flag & 1)];
  if ((flag & 8) != 0) return Value::of(percent(counts[static_cast<std::size_t>(digit)]));
  return Value::of(digit);
}

}  // namespace derivd::dbot
