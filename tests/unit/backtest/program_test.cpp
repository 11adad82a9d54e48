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
