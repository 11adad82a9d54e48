// Expressions at random: what is printed is read back as the same tree; an evaluator that was fed
// tick by tick says what one that is made anew and fed the whole past says; a reset is a new
// beginning; and no text at all does harm.
#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "fuzz/rules_target.hpp"
#include "unit/rules/rig.hpp"

namespace derivd::rules::test {
namespace {

class Writer {
 public:
  explicit Writer(std::uint64_t seed) : rng_(seed) {}

  std::string condition(int depth = 0) {
    switch (depth > 3 ? 0 : below(6)) {
      case 0:
      case 1:
        return compare(depth);
      case 2:
        return "not " + bracket(condition(depth + 1));
      case 3:
        return bracket(condition(depth + 1)) + " and " + bracket(condition(depth + 1));
      case 4:
        return bracket(condition(depth + 1)) + " or " + bracket(condition(depth + 1));
      default:
        return pick({"crosses_above", "crosses_below"}) + "(" + number(depth + 1) + ", " +
               number(depth + 1) + ")";
    }
  }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(rng_.below(n)); }

 private:
  std::string pick(std::initializer_list<const char*> words) {
    return *(words.begin() + below(words.size()));
  }
  std::string bracket(const std::string& text) { return below(3) == 0 ? text : "(" + text + ")"; }
  std::string compare(int depth) {
    if (below(4) == 0) {
      return pick({"share(even, 7)", "rsi(3)", "stoch_k(5, 2)"}) + pick({" < ", " >= ", " != "}) +
             std::to_string(below(101)) + pick({"", "%"});
    }
    return number(depth) + pick({" < ", " <= ", " > ", " >= ", " == ", " != "}) + number(depth);
  }
  std::string number(int depth) {
    switch (depth > 3 ? below(2) : below(6)) {
      case 0:
        return pick({"0", "1.25", "100", "3", "0.001"});
      case 1:
        return value(depth);
      case 2:
        return "-" + number(depth + 1);
      case 3:
        return number(depth + 1) + pick({" + ", " - ", " * ", " / "}) + number(depth + 1);
      case 4:
        return "(" + number(depth + 1) + pick({" + ", " - ", " * ", " / "}) + number(depth + 1) +
               ")" + pick({"", " * 10%", " / 2"});
      default:
        return value(depth);
    }
  }
  std::string where() { return pick({"", ", ticks", ", 10s", ", 1m"}); }
  std::string value(int depth) {
    const auto n = std::to_string(1 + below(9));
    switch (below(12)) {
      case 0:
        return pick({"price", "digit", "change", "open(0)", "high", "low", "close", "open"});
      case 1:
        return pick({"hour", "minute", "weekday", "wins_in_row", "session_profit"});
      case 2:
        return pick({"sma", "ema", "rsi", "atr", "stdev"}) + "(" + n + where() + ")";
      case 3:
        return pick({"highest", "lowest", "momentum"}) + "(" + n + where() + ")";
      case 4:
        return pick({"bb_upper", "bb_middle", "bb_lower"}) + "(" + n + ", 1.5" + where() + ")";
      case 5:
        return pick({"macd", "macd_signal", "macd_hist"}) + "(2, 5, 3" + where() + ")";
      case 6:
        return "stoch_d(" + n + ", 2, 2" + where() + ")";
      case 7:
        return pick({"count", "share"}) + "(" + predicate() + ", " + n + ")";
      case 8:
        return pick({"run", "since"}) + "(" + predicate() + ")";
      case 9:
        return pick({"hottest", "coldest"}) + "(" + n + ")";
      case 10:
        return depth > 3 ? "digit(2)" : "rank(" + number(depth + 1) + ", " + n + ")";
      default:
        return pick({"close", "high", "low"}) + "(" + n + where() + ")";
    }
  }
  std::string predicate() {
    return pick({"even", "odd", "rise", "fall", "flat", "digit > 4", "digit == 7", "3 >= digit"});
  }

  core::Rng rng_;
};

/// Quotes that rise, fall, stay and jump; now and then minutes are missing.
std::vector<market::Tick> walk(std::uint64_t seed, std::size_t n) {
  core::Rng rng(seed);
  std::vector<market::Tick> out;
  std::int64_t epoch = 1'700'000'000;
  std::int64_t quote = 10'000;
  for (std::size_t i = 0; i < n; ++i) {
    epoch += rng.below(40) == 0 ? 200 : 2;
    const auto kind = rng.below(10);
    if (kind == 0) quote += static_cast<std::int64_t>(rng.below(2'000)) - 1'000;
    if (kind > 3) quote += static_cast<std::int64_t>(rng.below(7)) - 3;
    quote = std::max<std::int64_t>(quote, 1);
    out.push_back({"R_100", {epoch}, core::Price::raw(quote, 2)});
  }
  return out;
}

std::string verdicts(const Evaluator& evaluator) {
  std::string out;
  for (const auto& view : evaluator.explain()) {
    out += view.when + ": " + view.result + "\n";
    for (const auto& part : view.parts) out += "  " + part.text + " = " + part.value + "\n";
  }
  return out;
}

constexpr int kExpressions = 400;

TEST(Expressions, WhatIsPrintedIsReadBackAsTheSame) {
  int taken = 0;
  for (std::uint64_t seed = 0; seed < 5 * kExpressions; ++seed) {
    Writer writer(seed);
    const auto text = writer.condition();
    const Where candles{seed % 2 == 0 ? 0 : 60};
    const auto parsed = parse_condition(text, candles);
    if (std::holds_alternative<Problem>(parsed)) continue;  // too long, a percentage of nothing
    ++taken;
    const auto& expr = std::get<Expr>(parsed);
    const auto printed = to_string(expr);
    if (printed.size() > kMaxText) continue;
    // Whatever the default is: it is written out.
    const auto again = parse_condition(printed, {});
    ASSERT_TRUE(std::holds_alternative<Expr>(again)) << text << "\n"
                                                     << printed << "\n"
                                                     << std::get<Problem>(again).text;
    ASSERT_EQ(std::get<Expr>(again), expr) << text << "\n" << printed;
    ASSERT_EQ(to_string(std::get<Expr>(again)), printed);
  }
  EXPECT_GT(taken, kExpressions) << "the writer writes what is refused";
}

TEST(Expressions, TickByTickIsWhatTheWholePastSays) {
  const auto ticks = walk(7, 260);
  int wishes = 0;
  for (std::uint64_t seed = 0; seed < kExpressions; ++seed) {
    Writer writer(seed);
    const auto parsed = parse_condition(writer.condition(), {seed % 2 == 0 ? 0 : 10});
    if (std::holds_alternative<Problem>(parsed)) continue;
    RuleSet set;
    set.rules.push_back({std::get<Expr>(parsed), {}});
    Evaluator fed(set);
    Evaluator reset(set);
    for (const auto& tick : walk(8, 50)) reset.on_tick(tick);
    reset.reset();
    for (std::size_t i = 0; i < ticks.size(); ++i) {
      const bool wish = fed.on_tick(ticks[i]).has_value();
      wishes += wish ? 1 : 0;
      ASSERT_EQ(reset.on_tick(ticks[i]).has_value(), wish) << to_string(set) << " at " << i;
      if (i % 60 != 59) continue;
      Evaluator anew(set);
      for (std::size_t k = 0; k < i; ++k) anew.on_tick(ticks[k]);
      ASSERT_EQ(anew.on_tick(ticks[i]).has_value(), wish) << to_string(set) << " at " << i;
      ASSERT_EQ(verdicts(anew), verdicts(fed)) << i;
      ASSERT_EQ(verdicts(reset), verdicts(fed)) << i;
    }
  }
  EXPECT_GT(wishes, 1000) << "nothing of it ever holds";
}

TEST(Expressions, NoTextDoesHarm) {
  Writer writer(1);
  constexpr std::string_view kBytes = "()<>=!+-*/%,.0123456789 abcdefnortshmk_\n\xff";
  for (std::uint64_t seed = 0; seed < 3'000; ++seed) {
    Writer words(seed);
    auto text = words.condition();
    for (std::size_t i = 0; i < 1 + writer.below(4); ++i) {
      const auto at = writer.below(text.size());
      if (writer.below(2) == 0) {
        text[at] = kBytes[writer.below(kBytes.size())];
      } else {
        text.erase(at, 1 + writer.below(5));
      }
      if (text.empty()) text = "x";
    }
    fuzz::expression(text);
  }
}

}  // namespace
}  // namespace derivd::rules::test
