// Type dbot in the back-test: beside other strategies, behind the gate, with delays, sales and
// chance. What a program does when it is left alone: dbot_run_test.cpp.
#include <gtest/gtest.h>

#include "dbot/import.hpp"
#include "unit/backtest/rig.hpp"
#include "unit/dbot/rig.hpp"

namespace derivd::backtest::test {
namespace {

using namespace dbot::test;

constexpr std::int64_t kT0 = 1'782'086'400;

engine::StrategySettings bot(const Parts& parts, std::string_view name = "bot") {
  const auto import = dbot::import_program(dbot::test::program(parts));
  EXPECT_NE(import.program, nullptr) << problems_of(import);
  engine::StrategySettings s;
  s.name = name;
  s.type = "dbot";
  s.symbol = "1HZ100V";
  s.program.file = "bot.xml";
  s.program.program = import.program;
  return s;
}

Rig rig_of(std::vector<engine::StrategySettings> strategies, std::int64_t warmup = 2) {
  Rig rig;
  rig.options.settings.strategies = std::move(strategies);
  rig.options.warmup = warmup;
  rig.options.payouts =
      Payouts::parse("DIGITODD=1.95,DIGITEVEN=1.95,DIGITOVER=2,DIGITUNDER=2,CALL=1.9,PUT=1.9")
          .value();
  return rig;
}

/// Last digits 0 to 9 in turn.
std::vector<std::int64_t> digits(int count) {
  std::vector<std::int64_t> out;
  for (int i = 0; i < count; ++i) out.push_back(10'000 + i % 10);
  return out;
}

std::vector<Trade> of(const Rig& rig, std::uint32_t strategy) {
  std::vector<Trade> out;
  for (const auto& t : rig.trades) {
    if (t.strategy == strategy) out.push_back(t);
  }
  return out;
}

TEST(BacktestProgram, BesideAnotherStrategyBothTradeAsAlone) {
  auto both = rig_of({strategy("parity", "even_odd"), bot({})});
  both.ticks(kT0, digits(60));
  const auto together = both.run_all();
  auto parity = rig_of({strategy("parity", "even_odd")});
  parity.ticks(kT0, digits(60));
  const auto first = parity.run_all();
  auto program = rig_of({bot({})});
  program.ticks(kT0, digits(60));
  const auto second = program.run_all();
  EXPECT_EQ(together.strategies[0].sums.profit, first.strategies[0].sums.profit);
  EXPECT_EQ(together.strategies[1].sums.profit, second.strategies[0].sums.profit);
  ASSERT_EQ(of(both, 1).size(), program.trades.size());
  for (std::size_t i = 0; i < program.trades.size(); ++i) {
    EXPECT_EQ(of(both, 1)[i].purchase_epoch, program.trades[i].purchase_epoch);
    EXPECT_EQ(of(both, 1)[i].profit, program.trades[i].profit);
  }
}

TEST(BacktestProgram, TheAccountsLimitsHoldForIt) {
  auto rig = rig_of({bot({})});
  rig.options.settings.limits.max_trades_per_day = 3;
  rig.ticks(kT0, digits(60));
  EXPECT_EQ(rig.run_all().strategies[0].sums.trades, 3);
}

TEST(BacktestProgram, CooldownAndSessionHoldForIt) {
  auto s = bot({});
  s.guards.cooldown = std::chrono::seconds(10);
  auto rig = rig_of({s});
  rig.ticks(kT0, digits(60));
  rig.run_all();
  ASSERT_GE(rig.trades.size(), 4u);
  for (std::size_t i = 1; i < rig.trades.size(); ++i) {
    EXPECT_GE(rig.trades[i].purchase_epoch - rig.trades[i - 1].settled_epoch,
              std::chrono::seconds(10));
  }
  s.guards.cooldown = std::chrono::seconds(0);
  s.session.take_profit = usd("2.00");
  auto target = rig_of({s});
  target.ticks(kT0, std::vector<std::int64_t>(60, 10'009));
  const auto result = target.run_all();
  EXPECT_EQ(result.strategies[0].halted, "take_profit");
  EXPECT_EQ(result.strategies[0].sums.profit, usd("2.00"));
}

TEST(BacktestProgram, ResultsThatComeLateAreFollowedLate) {
  auto rig = rig_of({bot({})});
  rig.options.settle_delay = std::chrono::seconds(2);
  rig.ticks(kT0, digits(20));
  rig.run_all();
  ASSERT_GE(rig.trades.size(), 3u);
  // Bought at 2, its exit is 3, the result comes at 5: Start there, Before at 6.
  EXPECT_EQ(rig.trades[0].exit_epoch.s, kT0 + 3);
  EXPECT_EQ(rig.trades[0].settled_epoch.s, kT0 + 5);
  EXPECT_EQ(rig.trades[1].purchase_epoch.s, kT0 + 6);
}

TEST(BacktestProgram, TimedContractsEndByTheClockBetweenTwoTicks) {
  Parts p;
  p.trade_type = "callput";
  p.options = options_block(num("1"), num("15"), "", "s");
  p.before = buy("CALL");
  auto rig = rig_of({bot(p)});
  // A tick each two seconds: the end, 15 s after an even second, lies between two of them.
  for (int i = 0; i < 40; ++i) rig.of("1HZ100V").push_back({{kT0 + 2 * i}, 10'000 + i});
  rig.run_all();
  ASSERT_GE(rig.trades.size(), 2u);
  EXPECT_EQ(rig.trades[0].purchase_epoch.s, kT0 + 4);
  EXPECT_EQ(rig.trades[0].exit_epoch.s, kT0 + 18);
  EXPECT_EQ(rig.trades[0].settled_epoch.s, kT0 + 19);
  // The end is noticed at tick 20, Start follows there, Before at 22.
  EXPECT_EQ(rig.trades[1].purchase_epoch.s, kT0 + 22);
}

TEST(BacktestProgram, SalesAtTheMarketHaveTheirPrice) {
  Parts p;
  p.trade_type = "callput";
  p.options = options_block(num("1"), num("5"), "", "m");
  p.before = buy("CALL");
  p.during = when(block("check_sell"), block("sell_at_market"));
  auto rig = rig_of({bot(p)});
  rig.ticks(kT0, digits(30));
  const auto result = rig.run_all();
  ASSERT_GE(rig.trades.size(), 3u);
  // The entry is the tick after the purchase; the first word of the venue with an entry allows it.
  EXPECT_EQ(rig.trades[0].purchase_epoch.s, kT0 + 2);
  EXPECT_EQ(rig.trades[0].settled_epoch.s, kT0 + 3);
  EXPECT_LT(rig.trades[0].profit, usd("0.90"));
  EXPECT_EQ(result.strategies[0].open, 1);
  EXPECT_EQ(result.balance, usd("10000.00") + result.total.profit - usd("1.00"));
}

/// Ten dollars that grow by `growth`; `limits` as the options' block has them.
Parts accumulator(const std::string& growth, const std::string& limits = {}) {
  Parts p;
  p.trade_type = "accumulator";
  p.options = block("trade_definition_accumulator",
                    field("GROWTHRATE_LIST", growth) + value("AMOUNT", num("10")) +
                        (limits.empty() ? "" : stack("ACCUMULATOR_PARAMS", limits)));
  p.before = buy("ACCU");
  return p;
}

Parts multiplier(const std::string& type, const std::string& limits = {}) {
  Parts p;
  p.trade_type = "multiplier";
  p.options = block("trade_definition_multiplier",
                    field("MULTIPLIERTYPE_LIST", "100") + value("AMOUNT", num("10")) +
                        (limits.empty() ? "" : stack("MULTIPLIER_PARAMS", limits)));
  p.before = buy(type);
  return p;
}

std::string limit(const std::string& type, const std::string& amount) {
  return block(type, value("AMOUNT", num(amount)));
}

TEST(BacktestProgram, AnAccumulatorIsSoldForWhatItHasGrownTo) {
  auto p = accumulator("0.01");
  // As Deriv's own quick strategies count: a tick of the contract each, sold after three.
  p.more = block("tick_analysis",
                 stack("TICKANALYSIS_STACK",
                       block("math_change", field("VAR", "n") + value("DELTA", num("1")))));
  p.before = chain({set("n", num("0")), buy("ACCU")});
  p.during = when(block("logic_operation", field("OP", "AND") + value("A", block("check_sell")) +
                                               value("B", compare("GTE", get("n"), num("3")))),
                  block("sell_at_market"));
  auto rig = rig_of({bot(p)});
  rig.ticks(kT0, std::vector<std::int64_t>(12, 10'000));
  const auto result = rig.run_all();
  // Bought at 2, its entry is 3; the third tick is 5, where it has grown twice: 10 x 1.01^2 =
  // 10.201. During saw that very tick, so that the sale is noticed at once, and Before runs at 6.
  ASSERT_EQ(rig.trades.size(), 2u);
  const auto& t = rig.trades[0];
  EXPECT_EQ(t.purchase_epoch.s, kT0 + 2);
  EXPECT_EQ(t.entry_epoch.s, kT0 + 3);
  EXPECT_EQ(t.settled_epoch.s, kT0 + 5);
  EXPECT_EQ(t.end, market::End::kSold);
  EXPECT_EQ(t.payout, usd("0.00")) << "no payout is ever quoted";
  EXPECT_EQ(t.profit, usd("0.20"));
  EXPECT_EQ(rig.trades[1].purchase_epoch.s, kT0 + 6);
  // Sold at 9, the third one bought at 10.
  EXPECT_EQ(rig.trades[1].settled_epoch.s, kT0 + 9);
  EXPECT_EQ(result.balance, usd("9990.40"));
  EXPECT_EQ(result.strategies[0].open, 1);
}

TEST(BacktestProgram, AnAccumulatorIsNotSoldAtItsEntryTick) {
  auto p = accumulator("0.05");
  p.during = when(block("check_sell"), block("sell_at_market"));
  auto rig = rig_of({bot(p)});
  rig.ticks(kT0, std::vector<std::int64_t>(8, 10'000));
  rig.run_all();
  ASSERT_GE(rig.trades.size(), 1u);
  EXPECT_EQ(rig.trades[0].entry_epoch.s, kT0 + 3);
  EXPECT_EQ(rig.trades[0].settled_epoch.s, kT0 + 4);
  EXPECT_EQ(rig.trades[0].profit, usd("0.50"));
}

TEST(BacktestProgram, AnAccumulatorIsKnockedOutOrTakesItsProfit) {
  auto out = rig_of({bot(accumulator("0.01"))});
  // Four cents of 100.00 stay inside 0.0433 %, five do not.
  out.ticks(kT0, {10'000, 10'000, 10'000, 10'000, 10'004, 10'009, 10'009});
  out.run_all();
  ASSERT_EQ(out.trades.size(), 1u);
  EXPECT_EQ(out.trades[0].end, market::End::kKnockedOut);
  EXPECT_EQ(out.trades[0].exit_epoch.s, kT0 + 5);
  EXPECT_EQ(out.trades[0].profit, usd("-10.00"));
  auto taken = rig_of({bot(accumulator("0.05", limit("accumulator_take_profit", "0.60")))});
  // 10.50, then 11.025, which is the first with 0.60, and pays what it is worth there.
  taken.ticks(kT0, std::vector<std::int64_t>(8, 10'000));
  taken.run_all();
  ASSERT_EQ(taken.trades.size(), 1u);
  EXPECT_EQ(taken.trades[0].end, market::End::kTakeProfit);
  EXPECT_EQ(taken.trades[0].exit_epoch.s, kT0 + 5);
  EXPECT_EQ(taken.trades[0].profit, usd("1.03"));
}

TEST(BacktestProgram, AProgramWaitsForTheStatisticsOfAccumulators) {
  auto p = accumulator("0.01");
  p.before = when(compare("LTE", block("stat"), num("0")), buy("ACCU"));
  auto rig = rig_of({bot(p)});
  rig.ticks(kT0, {10'000, 10'000, 10'000, 10'000, 10'010, 10'010, 10'010, 10'100, 10'100});
  rig.run_all();
  // The tick that leaves the barrier is the fourth; the contract is knocked out at the seventh.
  ASSERT_EQ(rig.trades.size(), 1u);
  EXPECT_EQ(rig.trades[0].purchase_epoch.s, kT0 + 4);
  EXPECT_EQ(rig.trades[0].exit_epoch.s, kT0 + 7);
}

TEST(BacktestProgram, AMultiplierEndsAtItsLimitsOrWhereItIsSold) {
  // 10 x 100 x 0.3 % less a commission of 0.36.
  const std::vector<std::int64_t> rise{10'000, 10'000, 10'000, 10'000, 10'020, 10'030, 10'030};
  const std::vector<std::int64_t> fall{10'000, 10'000, 10'000, 10'000, 9'980, 9'970, 9'970};
  struct Case {
    std::string type;
    std::string limits;
    std::vector<std::int64_t> quotes;
    market::End end;
    std::int64_t exit;
    std::string_view profit;
  };
  const std::vector<Case> cases{
      {"MULTUP", limit("multiplier_take_profit", "2.50"), rise, market::End::kTakeProfit, 5,
       "2.64"},
      {"MULTUP", limit("multiplier_stop_loss", "2.00"), fall, market::End::kStopLoss, 4, "-2.36"},
      {"MULTDOWN", limit("multiplier_take_profit", "2.50"), fall, market::End::kTakeProfit, 5,
       "2.64"},
      {"MULTDOWN", limit("multiplier_stop_loss", "3.00"), rise, market::End::kStopLoss, 5,
       "-3.36"}};
  for (const auto& c : cases) {
    auto rig = rig_of({bot(multiplier(c.type, c.limits))});
    rig.ticks(kT0, c.quotes);
    rig.run_all();
    ASSERT_EQ(rig.trades.size(), 1u) << c.type << c.limits;
    EXPECT_EQ(rig.trades[0].end, c.end) << c.type << c.limits;
    EXPECT_EQ(rig.trades[0].exit_epoch.s, kT0 + c.exit) << c.type << c.limits;
    EXPECT_EQ(rig.trades[0].profit, usd(c.profit)) << c.type << c.limits;
  }
  auto p = multiplier("MULTUP");
  p.during = when(compare("GT", block("sell_price"), num("1")), block("sell_at_market"));
  auto rig = rig_of({bot(p)});
  rig.ticks(kT0, rise);
  rig.run_all();
  ASSERT_EQ(rig.trades.size(), 1u);
  EXPECT_EQ(rig.trades[0].end, market::End::kSold);
  EXPECT_EQ(rig.trades[0].settled_epoch.s, kT0 + 4);
  EXPECT_EQ(rig.trades[0].profit, usd("1.64"));
}

// Section 14 of semantics.md; the others are in tests/unit/dbot/decisions_test.cpp.
TEST(Decision, N12_OfOneTickFirstTheTickThenWhatItMakesOfTheContract) {
  auto p = multiplier("MULTUP");
  p.during =
      block("notify", field("NOTIFICATION_TYPE", "info") +
                          value("MESSAGE", arith("ADD", arith("ADD", block("tick"), txt(" ")),
                                                 block("sell_price"))));
  auto rig = rig_of({bot(p)});
  std::vector<std::string> heard;
  rig.options.on_message = [&](core::VenueTime time, const core::Event& e) {
    heard.push_back(fmt::format("{} {}", time.s - kT0, e.text.view()));
  };
  rig.ticks(kT0, {10'000, 10'000, 10'000, 10'000, 10'010, 10'020});
  rig.run_all();
  // 10 x 100 x 0.1 % less 0.36; at each tick first with the value of the one before.
  ASSERT_GE(heard.size(), 4u);
  heard.erase(heard.begin(), heard.end() - 4);
  EXPECT_EQ(heard, (std::vector<std::string>{"4 bot: 100.1 -0.36", "4 bot: 100.1 0.64",
                                             "5 bot: 100.2 0.64", "5 bot: 100.2 1.64"}));
}

TEST(BacktestProgram, PositionsThatNobodySellsAreRefused) {
  auto cheap = accumulator("0.01");
  cheap.options = block("trade_definition_accumulator",
                        field("GROWTHRATE_LIST", "0.01") + value("AMOUNT", num("0.50")));
  auto rig = rig_of({bot(cheap)});
  rig.ticks(kT0, digits(10));
  const auto refused = rig.run_all().strategies[0];
  EXPECT_EQ(refused.halted, "refused");
  EXPECT_NE(refused.halt_reason.find("Stake must be at least 1.00."), std::string::npos)
      << refused.halt_reason;
  auto s = bot(accumulator("0.01"));
  s.symbol = "BOOM1000";
  auto boom = rig_of({s});
  boom.ticks(kT0, digits(10), "BOOM1000");
  const auto unknown = boom.run_all().strategies[0];
  EXPECT_EQ(unknown.halted, "refused");
  EXPECT_NE(unknown.halt_reason.find("the value of ACCU on BOOM1000 cannot be reckoned"),
            std::string::npos)
      << unknown.halt_reason;
  // Options of another kind of contract say no growth rate.
  Parts other;
  other.before = buy("ACCU");
  auto mixed = rig_of({bot(other)});
  mixed.ticks(kT0, digits(10));
  EXPECT_NE(mixed.run_all().strategies[0].halt_reason.find("ACCU needs a growth rate"),
            std::string::npos);
}

TEST(BacktestProgram, ChanceComesFromTheSeed) {
  Parts p;
  p.before = when(compare("GT", block("math_random_float"), num("0.5")), buy("DIGITOVER"));
  const auto bought = [&](std::optional<std::uint64_t> seed) {
    auto rig = rig_of({bot(p)});
    rig.options.seed = seed;
    rig.ticks(kT0, digits(200));
    rig.run_all();
    std::vector<std::int64_t> out;
    for (const auto& t : rig.trades) out.push_back(t.purchase_epoch.s);
    return out;
  };
  EXPECT_EQ(bought(7), bought(7));
  EXPECT_NE(bought(7), bought(8));
  EXPECT_EQ(bought(1), bought(std::nullopt)) << "the configuration's own";
}

TEST(BacktestProgram, WhatItSaysIsHeard) {
  Parts p;
  p.before = chain({block("text_print", value("TEXT", txt("now"))), buy("DIGITOVER")});
  p.after = "";
  auto rig = rig_of({bot(p)});
  std::vector<std::string> heard;
  rig.options.on_message = [&](core::VenueTime time, const core::Event& e) {
    heard.push_back(
        fmt::format("{} {} {} {}", time.s - kT0, e.strategy.view(), e.state.view(), e.text.view()));
  };
  rig.ticks(kT0, digits(20));
  const auto result = rig.run_all();
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0], "2 bot alert bot: now");
  EXPECT_EQ(result.strategies[0].messages, 1);
  EXPECT_EQ(result.strategies[0].halted, "finished");
}

}  // namespace
}  // namespace derivd::backtest::test
