// A program over ticks, by hand: the product's contract, "Deriv Bot and Binary Bot programs".
#include "backtest/dbot_run.hpp"

#include <gtest/gtest.h>

#include "dbot/import.hpp"
#include "unit/dbot/rig.hpp"

namespace derivd::backtest {
namespace {

using namespace dbot::test;

constexpr std::int64_t kT0 = 1'782'086'400;

std::vector<market::TickRow> rows(const std::vector<std::int64_t>& quotes, std::int64_t every = 1) {
  std::vector<market::TickRow> out;
  for (std::size_t i = 0; i < quotes.size(); ++i) {
    out.push_back({{kT0 + every * static_cast<std::int64_t>(i)}, quotes[i]});
  }
  return out;
}

struct Ran {
  DbotResult result;
  std::vector<Trade> trades;
  std::vector<std::string> messages;
};

Ran run(const Parts& parts, const std::vector<market::TickRow>& ticks, std::int64_t warmup = 2,
        core::Money balance = core::Money::minor(10'000'00)) {
  const auto import = dbot::import_program(program(parts));
  EXPECT_NE(import.program, nullptr) << problems_of(import);
  DbotOptions options;
  options.program = import.program;
  options.file = "bot.xml";
  options.symbol = "1HZ100V";  // two decimals, a tick a second
  options.warmup = warmup;
  options.balance = balance;
  options.payouts = *Payouts::parse("DIGITOVER=2,DIGITUNDER=2,CALL=1.9,PUT=1.9");
  Ran out;
  market::RowSource source(ticks);
  const auto result = run_dbot(
      options, source, [&](const Trade& t) { out.trades.push_back(t); },
      [&](core::VenueTime, const core::Event& e) { out.messages.push_back(e.text.str()); });
  EXPECT_TRUE(result.has_value());
  if (result) out.result = *result;
  return out;
}

TEST(DbotRun, TradesFollowEachOtherAsTheContractSays) {
  // Ticks 0 and 1 are the past; Before first at 2, its contract settles at 3, the next one at 4.
  const auto out = run({}, rows({10'000, 10'000, 10'000, 10'007, 10'001, 10'002, 10'009, 10'008}));
  ASSERT_EQ(out.trades.size(), 3U);
  EXPECT_EQ(out.trades[0].purchase_epoch.s, kT0 + 2);
  EXPECT_EQ(out.trades[0].entry_epoch.s, kT0 + 3);
  EXPECT_EQ(out.trades[0].exit_epoch.s, kT0 + 3);
  EXPECT_EQ(out.trades[0].settled_epoch.s, kT0 + 3);
  EXPECT_EQ(out.trades[0].profit.to_string(), "1.00");  // digit 7 is over 5
  EXPECT_EQ(out.trades[1].purchase_epoch.s, kT0 + 4);
  EXPECT_EQ(out.trades[1].profit.to_string(), "-1.00");  // digit 2
  EXPECT_EQ(out.trades[2].purchase_epoch.s, kT0 + 6);
  EXPECT_EQ(out.trades[2].profit.to_string(), "1.00");  // digit 8
  EXPECT_EQ(out.result.balance.to_string(), "10001.00");
  EXPECT_EQ(out.result.strategy.open, 0);
  EXPECT_FALSE(out.result.strategy.halted);
}

TEST(DbotRun, ProgramsWithTooFewTicksDoNotStart) {
  const auto out = run({}, rows({10'000, 10'001}), 3);
  EXPECT_FALSE(out.result.started);
  EXPECT_TRUE(out.trades.empty());
}

TEST(DbotRun, TimedContractsSettleByTheClock) {
  Parts p;
  p.trade_type = "callput";
  p.options = options_block(num("1"), num("15"), "", "s");
  p.before = buy("CALL");
  p.after = block("text_print", value("TEXT", block("epoch")));
  std::vector<std::int64_t> quotes;
  for (int i = 0; i < 40; ++i) quotes.push_back(10'000 + i);
  const auto out = run(p, rows(quotes));
  ASSERT_EQ(out.trades.size(), 1U);
  EXPECT_EQ(out.trades[0].purchase_epoch.s, kT0 + 2);
  EXPECT_EQ(out.trades[0].exit_epoch.s, kT0 + 17);
  EXPECT_EQ(out.trades[0].profit.to_string(), "0.90");
  ASSERT_EQ(out.messages.size(), 1U);
  EXPECT_EQ(out.messages[0], "dbot: " + std::to_string(kT0 + 17));
  EXPECT_EQ(out.result.strategy.halted, "finished");
}

TEST(DbotRun, AStakeAboveTheBalanceEndsTheRun) {
  Parts p;
  p.options = options_block(num("20"));
  const auto out = run(p, rows({10'000, 10'000, 10'000, 10'007}), 2, core::Money::minor(10'00));
  EXPECT_EQ(out.result.strategy.halted, "refused");
  EXPECT_NE(out.result.strategy.halt_reason.find("InsufficientBalance"), std::string::npos);
}

TEST(DbotRun, WhatTheVenueDoesNotSellIsRefusedAsItWould) {
  Parts p;
  p.trade_type = "runs";
  p.before = buy("RUNHIGH");
  const auto out = run(p, rows({10'000, 10'000, 10'000, 10'007}));
  EXPECT_EQ(out.result.strategy.halted, "refused");
  // The program's length is one tick.
  EXPECT_NE(out.result.strategy.halt_reason.find("Number of ticks must be between 2 and 5."),
            std::string::npos)
      << out.result.strategy.halt_reason;
}

TEST(DbotRun, SleepsTakeVenueTimeAndTicksMeanwhileAreLost) {
  Parts p;
  p.before = chain({block("timeout", value("SECONDS", num("2.5"))), buy("DIGITOVER")});
  std::vector<std::int64_t> quotes(12, 10'009);
  const auto out = run(p, rows(quotes));
  ASSERT_GE(out.trades.size(), 2U);
  // Asleep from 2 to 4.5: the contract starts in the fourth second, its digit is that of tick 5.
  EXPECT_EQ(out.trades[0].purchase_epoch.s, kT0 + 4);
  EXPECT_EQ(out.trades[0].exit_epoch.s, kT0 + 5);
  EXPECT_EQ(out.trades[1].purchase_epoch.s, kT0 + 8);
}

TEST(DbotRun, MartingaleStakesAreWhatTheProgramMakes) {
  Parts p;
  p.init = set("stake", num("1"));
  p.options = options_block(get("stake"));
  p.after = chain(
      {when(block("contract_check_result", field("CHECK_RESULT", "loss")),
            set("stake", arith("MULTIPLY", get("stake"), num("2.1"))), set("stake", num("1"))),
       again()});
  std::vector<std::int64_t> quotes(9, 10'000);
  const auto out = run(p, rows(quotes));
  ASSERT_EQ(out.trades.size(), 3U);
  EXPECT_EQ(out.trades[1].stake.to_string(), "2.10");
  EXPECT_EQ(out.trades[2].stake.to_string(), "4.41");
  EXPECT_EQ(out.result.strategy.sums.max_stake.to_string(), "4.41");
  EXPECT_EQ(out.result.strategy.sums.longest_losing_run, 3);
}

}  // namespace
}  // namespace derivd::backtest
