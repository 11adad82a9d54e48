// The rules of the product's contract, "Backtest", one by one on ticks written by hand.
#include "backtest/backtest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/bounds.hpp"
#include "unit/backtest/rig.hpp"

namespace derivd::backtest::test {
namespace {

constexpr std::int64_t kDay = 1'782'000'000 / 86400 * 86400;

TEST(Backtest, StartsAtTheSignalsTickAndEntersAtTheNext) {
  Rig rig;
  rig.options.settings.strategies = {strategy("a", "even_odd", 2)};
  //                  even  even→ODD at 1; 103 wins; then 104 106 → ODD; 108 loses
  rig.ticks(1000, {102, 104, 103, 104, 106, 108, 109});
  const auto result = rig.run_all();
  ASSERT_EQ(rig.trades.size(), 2u);
  const auto& t = rig.trades[0];
  EXPECT_EQ(t.n, 1);
  EXPECT_EQ(t.type, market::ContractType::kDigitOdd);
  EXPECT_EQ(t.signal_epoch.s, 1001);
  EXPECT_EQ(t.purchase_epoch.s, 1001);
  EXPECT_EQ(t.entry_epoch.s, 1002);
  EXPECT_EQ(t.exit_epoch.s, 1002);
  EXPECT_EQ(t.entry.to_string(), "1.03");
  EXPECT_EQ(t.profit, usd("0.95"));
  EXPECT_EQ(rig.trades[1].signal_epoch.s, 1004);
  EXPECT_EQ(rig.trades[1].payout, usd("1.95"));
  EXPECT_EQ(rig.trades[1].profit, usd("-1.00"));
  const auto& s = result.strategies[0].sums;
  EXPECT_EQ(s.trades, 2);
  EXPECT_EQ(s.won, 1);
  EXPECT_EQ(s.lost, 1);
  EXPECT_EQ(s.profit, usd("-0.05"));
  EXPECT_EQ(s.max_drawdown, usd("1.00"));
  EXPECT_EQ(result.balance, usd("9999.95"));
  EXPECT_EQ(result.ticks, 7);
}

TEST(Backtest, SettlesBeforeTheStrategySeesTheExit) {
  Rig rig;
  rig.options.settings.strategies = {strategy("a", "even_odd", 1)};
  // Each tick is the exit of the contract before it, and a signal: max_open 1 does not stop it.
  rig.ticks(1000, {102, 103, 104, 105});
  rig.run_all();
  EXPECT_EQ(rig.trades.size(), 3u);
  rig.options.settle_delay = std::chrono::seconds(1);
  rig.run_all();
  ASSERT_EQ(rig.trades.size(), 1u);  // 1000 → result at 1002, which buys; its result is not there
  EXPECT_EQ(rig.trades[0].settled_epoch.s, 1002);
}

TEST(Backtest, ADelayedResultComesAtTheFirstTickAfterIt) {
  Rig rig;
  rig.options.settings.strategies = {strategy("a", "even_odd", 1)};
  rig.options.settle_delay = std::chrono::seconds(3);
  rig.of("1HZ100V") = {{{1000}, 102}, {{1001}, 103}, {{1003}, 104}, {{1007}, 105}, {{1008}, 107}};
  const auto result = rig.run_all();
  ASSERT_EQ(rig.trades.size(), 1u);
  EXPECT_EQ(rig.trades[0].settled_epoch.s, 1007);  // not 1004: there is no tick
  EXPECT_EQ(result.strategies[0].open, 1);         // bought at 1007, its exit is 1008, nobody knows
  EXPECT_EQ(result.strategies[0].sums.trades, 1);
}

TEST(Backtest, LatencyMovesTheStart) {
  Rig rig;
  rig.options.settings.strategies = {strategy("a", "even_odd", 2)};
  rig.options.latency_ticks = 2;
  rig.ticks(1000, {102, 104, 105, 106, 107, 108});
  rig.run_all();
  ASSERT_EQ(rig.trades.size(), 1u);
  EXPECT_EQ(rig.trades[0].signal_epoch.s, 1001);
  EXPECT_EQ(rig.trades[0].purchase_epoch.s, 1003);
  EXPECT_EQ(rig.trades[0].entry_epoch.s, 1004);
}

TEST(Backtest, ATimedContractEndsWithTheLastTickUpToItsExpiry) {
  Rig rig;
  auto s = strategy("a", "rise_fall", 1);
  s.contract.duration = market::ContractDuration::parse("15s").value();
  rig.options.settings.strategies = {s};
  rig.of("1HZ100V") = {{{1000}, 100}, {{1001}, 101}, {{1005}, 102}, {{1014}, 105}, {{1017}, 90}};
  rig.run_all();
  ASSERT_EQ(rig.trades.size(), 1u);
  EXPECT_EQ(rig.trades[0].entry_epoch.s, 1005);
  EXPECT_EQ(rig.trades[0].exit_epoch.s, 1014);
  EXPECT_EQ(rig.trades[0].settled_epoch.s, 1017);  // only then it is known
  EXPECT_EQ(rig.trades[0].profit, usd("0.95"));
}

TEST(Backtest, ATimedContractWithoutATickIsNotBought) {
  Rig rig;
  auto s = strategy("a", "rise_fall", 1);
  s.contract.duration = market::ContractDuration::parse("15s").value();
  rig.options.settings.strategies = {s};
  rig.options.settings.limits.max_trades_per_day = 1;
  rig.of("1HZ100V") = {{{1000}, 100}, {{1001}, 101}, {{1017}, 102},
                       {{1018}, 103}, {{1033}, 104}, {{1034}, 1}};
  const auto result = rig.run_all();
  EXPECT_EQ(result.strategies[0].refused, 1);
  // Nothing counts it: neither max_open nor the day's trades.
  ASSERT_EQ(rig.trades.size(), 1u);
  EXPECT_EQ(rig.trades[0].signal_epoch.s, 1018);
}

TEST(Backtest, EqualEpochsComeInTheOrderOfTheTapes) {
  Rig rig;
  auto a = strategy("a", "even_odd", 1, "R_100");
  auto b = strategy("b", "even_odd", 1, "1HZ100V");
  rig.options.settings.strategies = {a, b};
  rig.options.settings.limits.max_open_contracts = 1;
  rig.ticks(1000, {102, 104}, "1HZ100V");
  rig.ticks(1000, {102, 104}, "R_100");
  rig.run_all();
  ASSERT_EQ(rig.trades.size(), 1u);
  EXPECT_EQ(rig.trades[0].strategy, 1u);
  std::swap(rig.symbols[0], rig.symbols[1]);
  rig.run_all();
  EXPECT_EQ(rig.trades.at(0).strategy, 0u);
}

TEST(Backtest, TradesComeInPurchaseOrderNumberedOverSettledOnes) {
  Rig rig;
  auto slow = strategy("slow", "even_odd", 3);
  slow.contract.duration.count = 5;
  auto never = strategy("never", "rise_fall", 3);
  never.contract.duration = market::ContractDuration::parse("1h").value();
  auto fast = strategy("fast", "even_odd", 1);
  rig.options.settings.strategies = {never, slow, fast};
  rig.ticks(1000, {102, 104, 106, 108, 109, 101, 103, 105, 102, 104});
  const auto result = rig.run_all();
  EXPECT_EQ(result.strategies[0].open, 1);
  EXPECT_EQ(result.strategies[0].sums.trades, 0);
  ASSERT_GT(rig.trades.size(), 4u);
  for (std::size_t i = 0; i < rig.trades.size(); ++i) {
    EXPECT_EQ(rig.trades[i].n, static_cast<std::int64_t>(i) + 1);
    if (i == 0) continue;
    EXPECT_GE(rig.trades[i].purchase_epoch, rig.trades[i - 1].purchase_epoch);
  }
  const auto at = std::ranges::find(rig.trades, 1u, &Trade::strategy);
  ASSERT_NE(at, rig.trades.end());
  EXPECT_EQ(at->purchase_epoch.s, 1002);
  EXPECT_EQ(at->exit_epoch.s, 1007);
  EXPECT_EQ((at + 1)->purchase_epoch.s, 1002);  // `fast`, on the same tick, is the later strategy
  EXPECT_GT(at->settled_n, (at + 1)->settled_n);
}

TEST(Backtest, AStrategyThatWaitsForItsQuoteKeepsItsTurn) {
  Rig rig;
  auto quoted = strategy("quoted", "even_odd", 1);
  quoted.guards.min_payout_ratio = core::Decimal{95, 2};
  auto plain = strategy("plain", "even_odd", 1);
  rig.options.settings.strategies = {quoted, plain};
  rig.options.settings.limits.max_open_contracts = 1;
  rig.ticks(1000, {102, 103});
  rig.run_all();
  ASSERT_EQ(rig.trades.size(), 1u);
  EXPECT_EQ(rig.trades[0].strategy, 0u);
  rig.options.settings.strategies[0].guards.min_payout_ratio = core::Decimal{951, 3};
  rig.run_all();
  ASSERT_EQ(rig.trades.size(), 1u);
  EXPECT_EQ(rig.trades[0].strategy, 1u);
  rig.options.settings.strategies[0].guards.min_payout_ratio = core::Decimal{95, 2};
  rig.options.settings.limits.max_open_contracts = 2;
  rig.run_all();
  ASSERT_EQ(rig.trades.size(), 2u);
  EXPECT_EQ(rig.trades[0].strategy, 0u);
}

TEST(Backtest, TheDayRollsBeforeTheSettlementsOfItsFirstTick) {
  Rig rig;
  auto s = strategy("a", "even_odd", 1);
  s.staking.base = usd("6.00");
  rig.options.settings.strategies = {s};
  rig.options.settings.limits.daily_loss = usd("10.00");
  // Bought at 23:59:59 and lost at midnight: it is a loss of the new day, where 4.00 are left.
  rig.ticks(kDay - 1, {102, 104, 106, 103, 108});
  rig.run_all();
  ASSERT_EQ(rig.trades.size(), 1u);
  EXPECT_EQ(rig.trades[0].profit, usd("-6.00"));
  // Lost at 23:59:59: at midnight the budget is whole again.
  rig.of("1HZ100V").clear();
  rig.ticks(kDay - 2, {102, 104, 106, 103, 108});
  rig.run_all();
  ASSERT_EQ(rig.trades.size(), 3u);
  EXPECT_EQ(rig.trades[0].settled_epoch.s, kDay - 1);
  EXPECT_EQ(rig.trades[1].signal_epoch.s, kDay);
}

TEST(Backtest, SaysWhatHalted) {
  Rig rig;
  auto s = strategy("a", "even_odd", 1);
  s.session.stop_loss = usd("2.00");
  rig.options.settings.strategies = {s};
  rig.ticks(1000, {102, 104, 106, 108, 102, 103});
  auto result = rig.run_all();
  EXPECT_EQ(rig.trades.size(), 2u);
  EXPECT_EQ(result.strategies[0].halted, "stop_loss");
  rig.options.settings.strategies[0].session.take_profit = usd("0.95");
  rig.of("1HZ100V").clear();
  rig.ticks(1000, {102, 103, 106});
  result = rig.run_all();
  EXPECT_EQ(rig.trades.size(), 1u);
  EXPECT_EQ(result.strategies[0].halted, "take_profit");
}

TEST(Backtest, EndsWhereTheBalanceCannotBeReckonedWith) {
  Rig rig;
  rig.options.settings.strategies = {strategy("a", "even_odd", 1)};
  rig.options.balance = core::Money::minor(core::kMostSummed);
  rig.ticks(1000, {102, 101, 102, 101, 102});  // the first one wins
  const auto result = rig.try_run();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, core::ErrorKind::kInvalid);
  EXPECT_THAT(result.error().text, ::testing::HasSubstr("look at the payouts"));
  rig.options.balance += core::Money::minor(1);
  EXPECT_THAT(rig.try_run().error().text, ::testing::HasSubstr("balance: allowed: 0 to"));
}

TEST(Backtest, RefusesAStakeAboveTheBalanceAndHalts) {
  Rig rig;
  auto s = strategy("a", "even_odd", 1);
  s.staking.plan = "martingale";
  auto other = strategy("b", "even_odd", 1);
  other.staking.base = usd("0.35");
  rig.options.settings.strategies = {s};
  rig.options.balance = usd("3.00");
  // 1.00 and 2.00 are lost, the whole of it; 4.00 is not there.
  rig.ticks(1000, {102, 104, 106, 108, 101});
  auto result = rig.run_all();
  ASSERT_EQ(rig.trades.size(), 2u);
  EXPECT_EQ(rig.trades[1].stake, usd("2.00"));  // exactly what is left is bought
  EXPECT_EQ(result.strategies[0].halted, "refused");
  EXPECT_EQ(result.strategies[0].halt_reason,
            "InsufficientBalance: a stake of 4.00 with a balance of 0.00");
  EXPECT_EQ(result.balance, usd("0.00"));
  // One cent less: the second stake is refused.
  rig.options.balance = usd("2.99");
  result = rig.run_all();
  EXPECT_EQ(rig.trades.size(), 1u);
  EXPECT_EQ(result.balance, usd("1.99"));
  // Only the strategy that asked for too much stops.
  rig.options.settings.strategies = {s, other};
  result = rig.run_all();
  EXPECT_EQ(result.strategies[0].halted, "refused");
  EXPECT_FALSE(result.strategies[1].halted);
  EXPECT_GT(result.strategies[1].sums.trades, 1);
  // What is open is paid already.
  rig.options.balance = usd("3.00");
  rig.options.settings.strategies = {s, other};
  rig.options.settings.strategies[1].contract.duration.count = 10;
  result = rig.run_all();
  EXPECT_EQ(rig.trades.size(), 1u);
  EXPECT_EQ(result.strategies[0].halted, "refused");
}

TEST(Backtest, SaysWhichStrategyHasNoTicks) {
  Rig rig;
  rig.options.settings.strategies = {strategy("a", "even_odd"),
                                     strategy("b", "even_odd", 1, "R_75"),
                                     strategy("c", "even_odd", 1, "R_100")};
  rig.ticks(1000, {102, 104});
  rig.ticks(5000, {102, 104}, "R_100");
  rig.options.to = core::VenueTime{2000};
  const auto result = rig.run_all();
  EXPECT_TRUE(result.strategies[0].has_ticks);
  EXPECT_FALSE(result.strategies[1].has_ticks);
  EXPECT_FALSE(result.strategies[2].has_ticks);
}

TEST(Backtest, FromAndToCutTheTicks) {
  Rig rig;
  rig.options.settings.strategies = {strategy("a", "even_odd", 1)};
  std::vector<std::int64_t> many(10'000, 102);
  rig.ticks(1000, many);
  rig.options.from = core::VenueTime{6000};
  rig.options.to = core::VenueTime{6010};
  const auto result = rig.run_all();
  EXPECT_EQ(result.ticks, 10);
  EXPECT_EQ(result.first, core::VenueTime{6000});
  EXPECT_EQ(result.last, core::VenueTime{6009});
  EXPECT_EQ(rig.trades.size(), 9u);
  rig.options.to = core::VenueTime{10};
  EXPECT_EQ(rig.run_all().ticks, 0);
  rig.options.from = core::VenueTime{3048};  // the end of the first batch
  rig.options.to = core::VenueTime{3049};
  EXPECT_EQ(rig.run_all().ticks, 1);
}

TEST(Backtest, RefusesWhatCannotBeRun) {
  Rig rig;
  rig.options.settings.strategies = {strategy("a", "even_odd", 1)};
  const auto text = [&] {
    const auto r = rig.try_run();
    return r ? std::string("ran") : r.error().text;
  };
  EXPECT_EQ(text(),
            "ticks: no enabled strategy trades a symbol whose ticks are given; enabled: a trades "
            "1HZ100V");
  rig.ticks(1000, {102, 103});
  EXPECT_EQ(text(), "ran");
  rig.options.payouts = Payouts::parse("DIGITODD=1.95").value();
  EXPECT_EQ(text(), "payouts: strategy a may buy DIGITEVEN, which has no ratio");
  rig.options.payouts = {};
  EXPECT_EQ(text(), "ran");
  rig.options.settings.strategies[0].enabled = false;
  EXPECT_EQ(text(),
            "ticks: no enabled strategy trades a symbol whose ticks are given; none is enabled");
}

TEST(Payouts, AreRoundedHalfUp) {
  const auto table = Payouts::parse("DIGITODD=1.95,DIGITDIFF=1.0965").value();
  market::ContractSpec spec;
  spec.symbol = "R_100";
  spec.duration.count = 1;
  spec.type = market::ContractType::kDigitOdd;
  EXPECT_EQ(table.payout(spec, usd("0.35"), {}), usd("0.68"));  // 0.6825
  EXPECT_EQ(table.payout(spec, usd("0.10"), {}), usd("0.20"));  // 0.195
  spec.type = market::ContractType::kDigitDiff;
  EXPECT_EQ(table.payout(spec, usd("1.00"), {}), usd("1.10"));
  EXPECT_EQ(Payouts{}.payout(spec, usd("1.00"), {}), usd("1.09"));
  spec.type = market::ContractType::kDigitEven;
  EXPECT_EQ(Payouts{}.payout(spec, usd("1.00"), {}), usd("1.95"));
  spec.type = market::ContractType::kCall;
  EXPECT_FALSE(table.has(spec));
}

TEST(Payouts, RefuseWhatIsNoTable) {
  const auto error = [](std::string_view text) { return Payouts::parse(text).error().text; };
  EXPECT_EQ(error("DIGITODD"), "payouts: 'DIGITODD' is not TYPE=RATIO, as in DIGITODD=1.95");
  EXPECT_EQ(error("DIGITODD=x"), "payouts: DIGITODD: 'x' is not a decimal number");
  EXPECT_TRUE(error("odd=1.95").starts_with("payouts: 'odd' is no contract type"));
  EXPECT_TRUE(error("MULTUP=1.95").starts_with("payouts: 'MULTUP' is no contract type"));
  EXPECT_TRUE(error("CALL=-1").starts_with("payouts: CALL: -1 is out of range"));
  EXPECT_TRUE(error("CALL=0").starts_with("payouts: CALL: 0 is out of range"));
  EXPECT_TRUE(error("CALL=195000").starts_with("payouts: CALL: 195000 is out of range"));
  EXPECT_EQ(error("CALL=1.9,CALL=1.9"), "payouts: CALL is given twice");
  EXPECT_TRUE(error("CALL=1.9,").starts_with("payouts: '' is not"));
}

TEST(ResultJson, IsWhatTheContractSays) {
  Rig rig;
  rig.options.settings.strategies = {strategy("a \"b\"\\", "even_odd", 2)};
  rig.ticks(1000, {102, 104, 103, 104, 106});
  std::vector<Tape> tapes{{"1HZ100V", nullptr}};
  const auto result = rig.run_all();
  ResultJson json(rig.options, tapes);
  std::string text;
  json.begin(text);
  for (const auto& t : rig.trades) json.trade(text, t);
  json.end(text, result);
  EXPECT_EQ(text,
            "{\"trades\":[\n"
            R"({"n":1,"strategy":"a \"b\"\\","symbol":"1HZ100V","type":"DIGITODD",)"
            R"("signal_epoch":1001,"entry_epoch":1002,"exit_epoch":1002,"entry":"1.03",)"
            R"("exit":"1.03","stake":"1.00","payout":"1.95","profit":"0.95","settled_epoch":1002})"
            "],\n\"strategies\":{\n"
            R"("a \"b\"\\":{"trades":1,"won":1,"lost":0,"profit":"0.95","max_drawdown":"0.00",)"
            R"("max_stake":"1.00","open":1,"halted":null,"refused":0}},)"
            "\n"
            R"("account":{"trades":1,"won":1,"lost":0,"profit":"0.95","max_drawdown":"0.00",)"
            R"("max_stake":"1.00","balance":"9999.95"},)"
            "\n\"ticks\":5,\"first\":1000,\"last\":1004}\n");
  // What the contracts paid by, where somebody wants it said.
  auto said = text.substr(0, text.size() - 2);
  said += ",\n\"payouts\":{\"source\":\"model\"}}\n";
  std::string end;
  json.end(end, result, R"({"source":"model"})");
  EXPECT_TRUE(said.ends_with(end)) << end;
}

TEST(ResultJson, SaysTimesForPeopleWhereTheyAreAskedFor) {
  Rig rig;
  rig.options.settings.strategies = {strategy("a", "even_odd", 2)};
  rig.ticks(1'782'023'684, {102, 104, 103, 104, 106});
  std::vector<Tape> tapes{{"1HZ100V", nullptr}};
  const auto result = rig.run_all();
  const auto text_of = [&](bool times) {
    ResultJson json(rig.options, tapes, times);
    std::string text;
    json.begin(text);
    for (auto t : rig.trades) {
      json.trade(text, t);
      t.sell_epoch = core::VenueTime{1'782'023'689};
      json.trade(text, t);
    }
    json.end(text, result);
    return text;
  };
  auto text = text_of(true);
  const std::string_view row =
      R"(,"signal_utc":"2026-06-21T06:34:45Z","entry_utc":"2026-06-21T06:34:46Z",)"
      R"("exit_utc":"2026-06-21T06:34:46Z","settled_utc":"2026-06-21T06:34:46Z")";
  const std::string_view sold = R"(,"sell_utc":"2026-06-21T06:34:49Z")";
  const std::string_view whole =
      R"(,"first_utc":"2026-06-21T06:34:44Z","last_utc":"2026-06-21T06:34:48Z")";
  for (const auto part : {row, row, sold, whole}) {
    const auto at = text.find(part);
    ASSERT_NE(at, std::string::npos) << part << " in " << text;
    text.erase(at, part.size());
  }
  EXPECT_EQ(text, text_of(false)) << "and nothing else differs";
}

}  // namespace
}  // namespace derivd::backtest::test
