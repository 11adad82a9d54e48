// Owns the tests of the list of strategy types: what each takes and buys, as docs/strategies.md
// tells it, and what its short forms stand for beyond the rules themselves.
#include "strategy/registry.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "strategy/program_spec.hpp"

namespace derivd::strategy {
namespace {

std::string line_of(const ParamSpec& p) {
  return fmt::format("  {}: {}{}\n", p.name, allowed_of(p),
                     p.fallback ? fmt::format(" = {}", text_of(p, *p.fallback)) : "");
}

std::string lines_of(const StrategyType& type) {
  std::string out = fmt::format("{}:", type.name);
  for (const auto contract : type.contracts) out += fmt::format(" {}", market::name_of(contract));
  if (type.digits) out += ", of digits";
  if (type.any_contract) out += ", or others in their place";
  if (type.uses_candles) out += ", of candles";
  if (type.is_short_form()) out += ", short for rules";
  if (type.is_ruled()) out += ", by rules";
  if (type.programmed) out += ", by a program";
  if (type.is_scripted) out += ", by a script";
  out += "\n";
  for (const auto& p : type.params) out += line_of(p);
  return out;
}

constexpr std::string_view kScriptBuys =
    " CALL PUT CALLE PUTE HIGHER LOWER DIGITEVEN DIGITODD DIGITMATCH DIGITDIFF DIGITOVER "
    "DIGITUNDER "
    "ONETOUCH NOTOUCH EXPIRYRANGE EXPIRYMISS EXPIRYRANGEE EXPIRYMISSE RANGE UPORDOWN ASIANU ASIAND "
    "RUNHIGH RUNLOW TICKHIGH TICKLOW RESETCALL RESETPUT";
constexpr std::string_view kPositions =
    " ACCU MULTUP MULTDOWN TURBOSLONG TURBOSSHORT VANILLALONGCALL VANILLALONGPUT";

TEST(Types, TakeAndBuyWhatTheDocumentSays) {
  std::string all;
  for (const auto& type : strategy_types()) all += lines_of(type);
  EXPECT_EQ(all,
            "even_odd: DIGITEVEN DIGITODD, of digits\n"
            "  streak: 1 to 100 = 1\n"
            "rise_fall: CALL PUT, or others in their place\n"
            "  streak: 1 to 100 = 1\n"
            "digit_differs: DIGITDIFF, of digits\n"
            "  prediction: 0 to 9\n"
            "higher_lower: HIGHER LOWER\n"
            "  streak: 1 to 100 = 1\n"
            "multiplier: MULTUP MULTDOWN\n"
            "  streak: 1 to 100 = 1\n"
            "random: DIGITEVEN DIGITODD CALL PUT DIGITDIFF HIGHER LOWER, or others in their place\n"
            "  probability: 0.000001 to 1 = 0.1\n"
            "  seed: 0 to 2147483647 = 1\n"
            "  contract: even_odd, rise_fall, digit_differs, higher_lower = even_odd\n"
            "digit_over_under: DIGITOVER DIGITUNDER, of digits, short for rules\n"
            "  over: 0 to 8\n"
            "  under: 1 to 9\n"
            "  streak: 0 to 100 = 1\n"
            "  share: 1 to 100\n"
            "  window: 1 to 5000\n"
            "digit_matches: DIGITMATCH, of digits, short for rules\n"
            "  prediction: 0 to 9\n"
            "  pick: last, hottest, coldest\n"
            "  window: 1 to 5000\n"
            "  absent: 1 to 5000\n"
            "indicator: CALL PUT, or others in their place, of candles, short for rules\n"
            "  indicator: rsi, stochastic, bollinger, sma, ema, macd = rsi\n"
            "  period: 1 to 5000\n"
            "  below: 0 to 100\n"
            "  above: 0 to 100\n"
            "  deviations: 0.01 to 100\n"
            "  fast: 1 to 5000\n"
            "  slow: 2 to 5000\n"
            "  signal: 1 to 5000\n"
            "accumulator: ACCU, short for rules\n"
            "  calm: 2 to 500\n"
            "rules:" +
                std::string(kScriptBuys) + std::string(kPositions) +
                ", of candles, by rules\n"
                "dbot:, by a program\n"
                "script:" +
                std::string(kScriptBuys) + ", of candles, by a script\n");
}

TEST(Types, OfRandomBuyWhatItsWordSays) {
  const auto bought = [](std::int64_t kind) {
    std::string out;
    const Params params{{"contract", kind}};
    for (const auto type : contracts_of(*find_type("random"), params))
      out += fmt::format("{} ", market::name_of(type));
    return out;
  };
  EXPECT_EQ(bought(0), "DIGITEVEN DIGITODD ");
  EXPECT_EQ(bought(1), "CALL PUT ");
  EXPECT_EQ(bought(2), "DIGITDIFF ");
  EXPECT_EQ(bought(3), "HIGHER LOWER ");
}

Params with_defaults(std::string_view type, Params params) {
  for (const auto& p : find_type(type)->params) {
    if (p.fallback) params.try_emplace(std::string(p.name), *p.fallback);
  }
  return params;
}

TEST(ShortForms, KeepTheCandlesThatTheirValuesAreOf) {
  const auto* type = find_type("indicator");
  const auto rules = type->expand(with_defaults("indicator", {}), rules::Where{300});
  EXPECT_EQ(rules.candles, rules::Where{300});
  EXPECT_EQ(rules.rules.size(), 2U);
  EXPECT_EQ(type->expand(with_defaults("indicator", {}), {}).candles, rules::Where{});
}

std::string problem(std::string_view type, Params params) {
  const auto found = find_type(type)->check(with_defaults(type, std::move(params)));
  return found ? found->param : "none";
}

TEST(ShortForms, RefuseParametersThatDoNotGoTogether) {
  EXPECT_EQ(problem("digit_over_under", {{"window", 10}}), "window");
  EXPECT_EQ(problem("digit_over_under", {{"window", 10}, {"share", 5}}), "none");
  EXPECT_EQ(problem("digit_over_under", {{"share", 5}}), "none");
  EXPECT_EQ(problem("digit_over_under", {}), "none");

  EXPECT_EQ(problem("digit_matches", {}), "none");
  EXPECT_EQ(problem("digit_matches", {{"pick", 0}, {"prediction", 3}}), "pick");
  EXPECT_EQ(problem("digit_matches", {{"absent", 3}}), "absent");
  EXPECT_EQ(problem("digit_matches", {{"absent", 3}, {"prediction", 3}}), "none");
  EXPECT_EQ(problem("digit_matches", {{"window", 3}}), "window");
  EXPECT_EQ(problem("digit_matches", {{"window", 3}, {"pick", 0}}), "window");
  EXPECT_EQ(problem("digit_matches", {{"window", 3}, {"pick", 1}}), "none");
  EXPECT_EQ(problem("digit_matches", {{"window", 3}, {"pick", 2}}), "none");

  EXPECT_EQ(problem("indicator", {}), "none");
  EXPECT_EQ(problem("indicator", {{"fast", 3}}), "fast") << "rsi has no use for it";
  EXPECT_EQ(problem("indicator", {{"indicator", 3}, {"period", 3}}), "period");
  EXPECT_EQ(problem("indicator", {{"indicator", 3}, {"fast", 25}}), "none");
  EXPECT_EQ(problem("indicator", {{"indicator", 3}, {"fast", 26}}), "fast") << "as slow is";
  EXPECT_EQ(problem("indicator", {{"indicator", 4}, {"slow", 12}}), "slow");
  EXPECT_EQ(problem("indicator", {{"indicator", 5}, {"slow", 13}}), "none");
  EXPECT_EQ(problem("indicator", {{"below", 70'00}}), "none") << "as above is";
  EXPECT_EQ(problem("indicator", {{"below", 70'01}}), "below");
  EXPECT_EQ(problem("indicator", {{"above", 29'99}}), "above");
  EXPECT_EQ(problem("indicator", {{"indicator", 1}, {"above", 20'00}}), "none");
  EXPECT_EQ(problem("indicator", {{"indicator", 1}, {"above", 19'99}}), "above");
}

// Rates are computed by programs: what is off by less than a billionth of a per cent is that rate.
TEST(DbotSpec, ARateThatWasComputedIsTheWholeOneThatItMeans) {
  const auto* symbol = market::find_symbol("R_100");
  dbot::Buy wish;
  wish.type = "ACCU";
  wish.growth = 0.1 * 0.3;
  EXPECT_EQ(market::encode(*spec_of(wish, *symbol)), "ACCU R_100 - growth=0.03");
  for (const double off : {8e-12, -8e-12}) {
    wish.growth = 0.03 + off;
    EXPECT_EQ(market::encode(*spec_of(wish, *symbol)), "ACCU R_100 - growth=0.03") << off;
    wish.growth = 0.03 + 2 * off;
    EXPECT_FALSE(spec_of(wish, *symbol)) << off;
  }
}

TEST(DbotSpec, WhatIsMissingIsNamed) {
  const auto* symbol = market::find_symbol("R_100");
  const auto said = [&](const dbot::Buy& wish) {
    const auto spec = spec_of(wish, *symbol);
    return spec ? market::encode(*spec) : spec.error().text;
  };
  dbot::Buy wish;
  wish.type = "DIGITOVER";
  wish.duration = 1;
  wish.unit = 't';
  EXPECT_EQ(said(wish), "a prediction is needed");
  wish.prediction = 3;
  EXPECT_EQ(said(wish), "DIGITOVER R_100 1t =3");
  wish.basis_payout = true;
  EXPECT_EQ(said(wish), "a payout as the basis of a purchase is not offered");
  wish.basis_payout = false;
  wish.unit = 'x';
  EXPECT_EQ(said(wish), "no such unit of a duration");
  wish.type = "CALLSPREAD";
  EXPECT_EQ(said(wish), "derivd has no model of CALLSPREAD");
  wish.type = "ONETOUCH";
  wish.unit = 'm';
  wish.duration = 5;
  for (const auto* none : {"+-0.5", "-+0.5", "++1", "--1", "1.234", "x", ""}) {
    wish.barrier = none;
    EXPECT_EQ(said(wish), fmt::format("a barrier of {}", none));
  }
  wish.barrier = "+0.5";
  EXPECT_EQ(said(wish), "ONETOUCH R_100 5m +0.50");
  wish.barrier = "5";
  EXPECT_EQ(said(wish), "ONETOUCH R_100 5m 5.00");
}

}  // namespace
}  // namespace derivd::strategy
