#include "backtest/odds.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "backtest/confidence.hpp"
#include "backtest/odds_graph.hpp"
#include "backtest/odds_text.hpp"

namespace derivd::backtest {
namespace {

core::Money usd(std::int64_t cents) { return core::Money::minor(cents); }

/// even_odd with a payout of `ratio` and a probability of one's own.
struct Case {
  engine::StrategySettings strategy;
  risk::AccountLimits limits;
  Payouts payouts;
  double win = 0.5;

  explicit Case(std::string plan = "flat", std::int64_t base = 100, core::Decimal ratio = {2, 0}) {
    strategy.name = core::Name("s");
    strategy.type = "even_odd";
    strategy.symbol = market::SymbolCode("1HZ100V");
    strategy.params = {{"streak", 1}};
    strategy.staking.plan = std::move(plan);
    strategy.staking.base = usd(base);
    EXPECT_TRUE(payouts.set("DIGITEVEN", ratio));
    EXPECT_TRUE(payouts.set("DIGITODD", ratio));
  }
  Case& session(std::int64_t take_profit, std::int64_t stop_loss, bool trailing = false) {
    strategy.session.take_profit = usd(take_profit);
    strategy.session.stop_loss = usd(stop_loss);
    strategy.session.trailing = trailing;
    return *this;
  }
  OddsQuestion question() const {
    const auto bet = Bet::of(strategy, payouts);
    EXPECT_TRUE(bet);
    return {strategy,       limits, bet->with_win_probability(win, "test"),
            usd(10'000'00), {},     kFullWork};
  }
};

double end(const Odds& odds, SessionEnd e) { return odds.end(e).value; }

TEST(Odds, GamblersRuinAtEvenMoney) {
  Case c;
  c.session(700, 500);
  for (const double p : {0.5, 0.47, 0.55}) {
    c.win = p;
    const auto odds = exact_odds(c.question());
    ASSERT_TRUE(odds);
    const double r = (1 - p) / p;
    const double ruin_free = p == 0.5 ? 5.0 / 12 : (1 - std::pow(r, 5)) / (1 - std::pow(r, 12));
    const double length = p == 0.5 ? 5.0 * 7.0 : (12 * ruin_free - 5) / (2 * p - 1);
    EXPECT_NEAR(end(*odds, SessionEnd::kTakeProfit), ruin_free, 1e-9) << p;
    EXPECT_NEAR(end(*odds, SessionEnd::kStopLoss), 1 - ruin_free, 1e-9) << p;
    EXPECT_NEAR(odds->trades.value, length, 1e-6) << p;
    EXPECT_NEAR(odds->turnover.value, length, 1e-6) << p;
    EXPECT_NEAR(odds->profit.value, 12 * ruin_free - 5, 1e-8) << p;
    EXPECT_EQ(odds->largest_stake, usd(100));
    EXPECT_FALSE(odds->reaches_cap);
    EXPECT_LT(odds->error_bound, 1e-9);
  }
}

TEST(Odds, PercentOfBalanceFollowsTheBalance) {
  Case c("percent_of_balance", 35);
  c.strategy.staking.percent = {10, 0};
  c.win = 0.5;
  auto q = c.question();
  q.balance = usd(100'00);
  q.trades = 2;
  // 10 % of 100, then of 110 or of 90.
  const auto odds = exact_odds(q);
  ASSERT_TRUE(odds);
  EXPECT_NEAR(odds->turnover.value, 10 + (11 + 9) / 2.0, 1e-12);
  EXPECT_NEAR(odds->profit.value, 0, 1e-12);
  EXPECT_FALSE(odds->reaches_cap);
  const auto played = simulated_odds(q, 1, 20'000);
  EXPECT_NEAR(played.turnover.value, odds->turnover.value, 5 * played.turnover.error);
  EXPECT_EQ(played.largest_stake, usd(11'00));
  // 0.9^n × 100 does not fit below 90 + 10 %: 10, 9 and 8.10 do.
  c.strategy.session.stop_loss = usd(28'00);
  auto run = c.question();
  run.balance = usd(100'00);
  run.trades = 10;
  const auto fits = exact_odds(run)->losing_run;
  EXPECT_EQ(fits.losses, 3);
  EXPECT_EQ(fits.lost, usd(27'10));
  EXPECT_EQ(fits.denied_stake, usd(7'29));
}

TEST(Odds, ATrailingStopWithAPercentageIsNotReckonedByExcursions) {
  Case c("percent_of_balance", 35);
  c.strategy.staking.percent = {1, 0};
  c.session(2'00, 1'50, true);
  c.win = 0.48;
  auto q = c.question();
  q.balance = usd(50'00);
  EXPECT_FALSE(trailing_odds(q));
  const auto a = exact_odds(q);
  const auto b = simulated_odds(q, 3, 5'000);
  ASSERT_TRUE(a);
  EXPECT_NEAR(end(*a, SessionEnd::kTakeProfit), end(b, SessionEnd::kTakeProfit),
              5 * b.end(SessionEnd::kTakeProfit).error);
}

TEST(Odds, AFactorThatIsReckonedFromQuotesHasNone) {
  Case c("martingale");
  c.strategy.staking.auto_factor = true;
  const auto bet = Bet::of(c.strategy, c.payouts);
  ASSERT_FALSE(bet);
  EXPECT_NE(bet.error().text.find("s: with factor: auto"), std::string::npos) << bet.error().text;
}

TEST(Odds, ATableIsThePlanThatItSpellsOut) {
  Case spelled("table");
  spelled.strategy.staking.stakes = {usd(100), usd(200), usd(400), usd(800)};
  Case power("martingale");
  power.strategy.staking.max_steps = 3;
  for (auto* c : {&spelled, &power}) {
    c->session(100, 3000);
    c->win = 0.48;
  }
  const auto a = exact_odds(spelled.question());
  const auto b = exact_odds(power.question());
  ASSERT_TRUE(a && b);
  EXPECT_NEAR(end(*a, SessionEnd::kStopLoss), end(*b, SessionEnd::kStopLoss), 1e-12);
  EXPECT_GT(end(*a, SessionEnd::kStopLoss), 0.001);
  EXPECT_NEAR(a->profit.value, b->profit.value, 1e-9);
  EXPECT_NEAR(a->turnover.value, b->turnover.value, 1e-9);
  EXPECT_EQ(a->losing_run.plan_losses, b->losing_run.plan_losses);
  EXPECT_EQ(a->losing_run.lost, b->losing_run.lost);
}

TEST(Odds, MartingaleWithMaxSteps) {
  // 1, 2, 4, 8 against a stop of 15: one win ends it with +1, four losses with −15.
  Case c("martingale");
  c.session(100, 1500);
  c.strategy.staking.max_steps = 3;
  c.win = 0.48;
  const auto odds = exact_odds(c.question());
  ASSERT_TRUE(odds);
  const double q = 1 - c.win;
  const double all_lost = std::pow(q, 4);
  EXPECT_NEAR(end(*odds, SessionEnd::kStopLoss), all_lost, 1e-12);
  EXPECT_NEAR(odds->profit.value, 1 - 16 * all_lost, 1e-11);
  EXPECT_NEAR(odds->trades.value, (1 - all_lost) / c.win, 1e-11);
  EXPECT_NEAR(odds->reaches_cap->value, std::pow(q, 3), 1e-12);
  EXPECT_EQ(odds->cut_short.value, 0);
  EXPECT_EQ(odds->largest_stake, usd(800));
  EXPECT_EQ(odds->trade_quantiles[2], 2);  // 48 % end with the first trade, 73 % with the second
  EXPECT_EQ(odds->losing_run.losses, 4);
  EXPECT_EQ(odds->losing_run.lost, usd(1500));
  EXPECT_EQ(odds->losing_run.plan_losses, 4);
  EXPECT_EQ(odds->losing_run.limit, SessionEnd::kStopLoss);
}

TEST(Odds, TrailingStopAtEvenMoney) {
  // Each of the five new peaks must come before a fall of four from the last.
  Case c;
  c.session(500, 400, true);
  for (const double p : {0.5, 0.45}) {
    c.win = p;
    const auto odds = exact_odds(c.question());
    ASSERT_TRUE(odds);
    const double r = (1 - p) / p;
    const double next_peak = p == 0.5 ? 4.0 / 5 : (1 - std::pow(r, 4)) / (1 - std::pow(r, 5));
    EXPECT_NEAR(end(*odds, SessionEnd::kTakeProfit), std::pow(next_peak, 5), 1e-9);
    EXPECT_NEAR(odds->end(SessionEnd::kTakeProfit).value + end(*odds, SessionEnd::kStopLoss), 1,
                1e-9);
    EXPECT_NEAR(odds->profit.value, odds->turnover.value * (2 * p - 1), 1e-8);
  }
}

TEST(Odds, ExcursionsEqualTheWholeGraph) {
  // A day's limit of trades that is never reached keeps the excursions out of it.
  for (const auto* plan : {"flat", "martingale", "reverse_martingale", "dalembert",
                           "reverse_dalembert", "oscars_grind", "one_three_two_six", "fibonacci"}) {
    Case c(plan, 100, {19, 1});
    c.session(200, 400, true);
    c.strategy.staking.max_stake = usd(300);
    const auto fast = exact_odds(c.question());
    c.limits.max_trades_per_day = 100'000;
    const auto slow = exact_odds(c.question());
    ASSERT_TRUE(fast && slow) << plan;
    EXPECT_FALSE(fast->quantiles_exact);
    EXPECT_TRUE(slow->quantiles_exact);
    for (std::size_t i = 0; i < kSessionEnds; ++i) {
      EXPECT_NEAR(fast->ends[i].value, slow->ends[i].value, 1e-8) << plan << i;
    }
    EXPECT_NEAR(fast->trades.value, slow->trades.value, 1e-6) << plan;
    EXPECT_NEAR(fast->profit.value, slow->profit.value, 1e-6) << plan;
    EXPECT_NEAR(fast->turnover.value, slow->turnover.value, 1e-6) << plan;
    EXPECT_NEAR(fast->cut_short.value, slow->cut_short.value, 1e-8) << plan;
    if (fast->reaches_cap) {
      EXPECT_NEAR(fast->reaches_cap->value, slow->reaches_cap->value, 1e-8) << plan;
    }
    EXPECT_EQ(fast->largest_stake, slow->largest_stake) << plan;
  }
}

TEST(Odds, ASessionThatNothingEndsIsFollowedForItsTrades) {
  Case c;
  auto q = c.question();
  q.trades = 400;
  q.bet = q.bet.with_win_probability(0.49, "test");
  const auto odds = exact_odds(q);
  ASSERT_TRUE(odds);
  EXPECT_NEAR(end(*odds, SessionEnd::kUnfinished), 1, 1e-9);
  EXPECT_NEAR(odds->profit.value, 400 * -0.02, 1e-7);
  EXPECT_EQ(odds->trade_quantiles[0], 400);
  EXPECT_TRUE(odds_warnings(q, *odds).empty()) << "it was asked for";
  q.trades.reset();
  EXPECT_EQ(exact_odds(q)->trades_cut, kOpenEndedTrades);
  ASSERT_FALSE(odds_warnings(q, *exact_odds(q)).empty());
}

TEST(Odds, RuinIsTheBalance) {
  Case c;
  auto q = c.question();
  q.balance = usd(300);
  q.trades = 3;
  const auto odds = exact_odds(q);
  ASSERT_TRUE(odds);
  EXPECT_NEAR(end(*odds, SessionEnd::kBalance), 1.0 / 8, 1e-12);
  EXPECT_NEAR(end(*odds, SessionEnd::kUnfinished), 7.0 / 8, 1e-12);
}

TEST(Odds, ABreakEvenMovesNothing) {
  // 1.00 pays 1.00 when won: neither plan nor session moves, and only losses end it.
  Case c("martingale", 100, {1, 0});
  c.session(100, 300);
  auto q = c.question();
  q.trades = 50;
  const auto odds = exact_odds(q);
  ASSERT_TRUE(odds);
  // Two losses, at 1 and at 2, spend the 3; break-evens between them do not count.
  EXPECT_NEAR(end(*odds, SessionEnd::kUnfinished), 51 * std::pow(0.5, 50), 1e-12);
  EXPECT_EQ(end(*odds, SessionEnd::kTakeProfit), 0);
  EXPECT_NEAR(odds->trades.value, 4, 1e-9);
}

TEST(Odds, LimitsOfTheAccountEndItToo) {
  Case c;
  c.session(1000, 1000);
  c.limits.max_trades_per_day = 2;
  const auto day = exact_odds(c.question());
  EXPECT_NEAR(end(*day, SessionEnd::kMaxTradesPerDay), 1, 1e-12);
  EXPECT_NEAR(day->trades.value, 2, 1e-12);
  c.limits = {};
  c.limits.daily_loss = usd(200);
  c.limits.daily_profit = usd(200);
  const auto loss = exact_odds(c.question());
  EXPECT_NEAR(end(*loss, SessionEnd::kDailyLoss), 0.5, 1e-9);
  EXPECT_NEAR(end(*loss, SessionEnd::kDailyProfit), 0.5, 1e-9);
  c.limits = {};
  c.limits.min_balance = usd(9'998'00);
  const auto floor = exact_odds(c.question());
  EXPECT_NEAR(end(*floor, SessionEnd::kMinBalance), 10.0 / 12, 1e-9);
  c.limits = {};
  c.strategy.guards.min_payout_ratio = core::Decimal{11, 1};
  const auto poor = exact_odds(c.question());
  EXPECT_NEAR(end(*poor, SessionEnd::kMinPayoutRatio), 1, 1e-12);
  EXPECT_EQ(poor->trades.value, 0);
}

TEST(Odds, AStakeThatDoesNotFitCutsThePlanShort) {
  // 1, 2, then 4 does not fit into 5: the base is tried, again and again, twice.
  Case c("martingale");
  c.session(100, 500);
  const auto odds = exact_odds(c.question());
  ASSERT_TRUE(odds);
  EXPECT_EQ(odds->losing_run.losses, 2);
  EXPECT_EQ(odds->losing_run.denied_stake, usd(400));
  EXPECT_NEAR(odds->cut_short.value, 0.25, 1e-9);
  EXPECT_EQ(odds->largest_stake, usd(200));
  const auto warnings = odds_warnings(c.question(), *odds);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("25.00 %"), std::string::npos) << warnings[0];
}

TEST(Odds, WarnsOfAnAccountLimitThatBreaksThePlan) {
  Case c("martingale");
  c.session(100, 10'000);
  c.strategy.staking.max_steps = 5;
  c.limits.max_stake = usd(500);
  const auto odds = exact_odds(c.question());
  ASSERT_TRUE(odds);
  const auto warnings = odds_warnings(c.question(), *odds);
  ASSERT_FALSE(warnings.empty());
  EXPECT_NE(warnings[0].find("limits.max_stake 5.00 breaks the plan"), std::string::npos);
  EXPECT_NE(warnings[0].find("8.00 that follows 3 losses"), std::string::npos) << warnings[0];
}

TEST(Odds, WhatIsTooLargeIsSimulated) {
  Case c("martingale", 35, {195, 2});
  c.session(1000, 2000);
  auto q = c.question();
  q.work = 1000;
  EXPECT_FALSE(exact_odds(q));
  const auto odds = backtest::odds(q, 1, 20'000);
  EXPECT_FALSE(odds.exact);
  EXPECT_GE(odds.sessions, 100);
  EXPECT_GT(odds.end(SessionEnd::kStopLoss).error, 0);
}

TEST(Bet, ProbabilitiesComeFromTheContract) {
  engine::StrategySettings s;
  s.name = core::Name("s");
  s.symbol = market::SymbolCode("R_100");
  s.params = {{"streak", 1}};
  s.staking.base = usd(100);
  const auto win = [&](std::string type) {
    s.type = std::move(type);
    const auto bet = Bet::of(s, Payouts{});
    EXPECT_TRUE(bet);
    return bet->win_probability();
  };
  EXPECT_EQ(win("even_odd"), 0.5);
  EXPECT_EQ(win("digit_differs"), 0.9);
  // 342.07 × √(2 s / a year) = 0.0861 a tick: it stays within half a cent in 4.6 % of the cases.
  EXPECT_NEAR(win("rise_fall"), 0.5 - 0.0463 / 2, 0.0002);
  s.contract.barrier = core::Decimal{1, 1};
  s.type = "higher_lower";
  const auto bet = Bet::of(s, Payouts{});
  ASSERT_TRUE(bet);
  EXPECT_LT(bet->win_probability(), 0.2);
  EXPECT_FALSE(Bet::of(s, *Payouts::parse("HIGHER=2"))) << "LOWER is missing";
  const auto outcomes = bet->outcomes(usd(100));
  ASSERT_EQ(outcomes.back().profit, usd(-100));
  double sum = 0;
  for (const auto& o : outcomes) sum += o.probability;
  EXPECT_NEAR(sum, 1, 1e-12);
}

TEST(Bet, TiesAreAsFrequentAsOnRealTicks) {
  std::ifstream file(DERIVD_SHARED "/ticks/R_100_2026-06-21.csv");
  if (!file) GTEST_SKIP() << "no ../shared/ticks";
  std::string line, before;
  std::getline(file, line);
  std::int64_t ticks = 0, ties = 0;
  double sum = 0;
  while (std::getline(file, line)) {
    const auto quote = line.substr(line.find(',') + 1);
    ties += !before.empty() && std::stod(quote) == std::stod(before) ? 1 : 0;
    sum += std::stod(quote);
    ++ticks;
    before = quote;
  }
  ASSERT_GT(ticks, 10'000);
  engine::StrategySettings s;
  s.name = core::Name("s");
  s.symbol = market::SymbolCode("R_100");
  s.type = "rise_fall";
  s.params = {{"streak", 1}};
  const auto mean = static_cast<std::int64_t>(100 * sum / static_cast<double>(ticks));
  const auto bet = Bet::of(s, Payouts{}, core::Decimal{mean, 2});
  ASSERT_TRUE(bet);
  const auto expected = 1 - 2 * bet->win_probability();
  const auto seen = static_cast<double>(ties) / static_cast<double>(ticks);
  const auto error = std::sqrt(expected * (1 - expected) / static_cast<double>(ticks));
  EXPECT_NEAR(seen, expected, 4 * error);
}

TEST(Confidence, ClopperPearson) {
  // Tables of the binomial: 10 of 20, 0 of 10, 10 of 10.
  const auto half = clopper_pearson(10, 20, 0.95);
  EXPECT_NEAR(half.low, 0.27196, 1e-5);
  EXPECT_NEAR(half.high, 0.72804, 1e-5);
  EXPECT_EQ(clopper_pearson(0, 10, 0.95).low, 0);
  EXPECT_NEAR(clopper_pearson(0, 10, 0.95).high, 0.30850, 1e-5);
  EXPECT_EQ(clopper_pearson(10, 10, 0.95).high, 1);
}

TEST(OddsText, TheShortFormIsShort) {
  Case c("martingale", 35);
  c.session(1000, 2000, true);
  c.strategy.enabled = true;
  const auto lines = odds_short(c.strategy, c.limits);
  ASSERT_GE(lines.size(), 2u);
  ASSERT_LE(lines.size(), 3u);
  EXPECT_NE(lines[0].find("51.47 %"), std::string::npos) << lines[0];
  // Too large for a summary: it says that it is simulated, with its standard errors.
  auto wide = c;
  wide.session(10'000, 10'000);
  const auto simulated = odds_short(wide.strategy, wide.limits);
  EXPECT_NE(simulated[1].find("(simulated, "), std::string::npos) << simulated[1];
  EXPECT_NE(simulated[1].find("±"), std::string::npos) << simulated[1];
  // A day of few trades ends nearly every session, and that is said, too.
  Case day("flat", 35);
  day.session(1000, 2000);
  day.limits.max_trades_per_day = 20;
  const auto cut = odds_short(day.strategy, day.limits);
  EXPECT_NE(cut[1].find("of the cases end otherwise, mostly: the day ends first: "
                        "limits.max_trades_per_day 20"),
            std::string::npos)
      << cut[1];
  engine::Settings settings;
  settings.strategies = {c.strategy, c.strategy};
  settings.strategies[1].enabled = false;
  EXPECT_EQ(odds_summary(settings).find(lines[0]), 2u);
  EXPECT_EQ(odds_summary(settings).find(lines[0], 10), std::string::npos);
}

}  // namespace
}  // namespace derivd::backtest
