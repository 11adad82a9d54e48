// Watched symbols in the back-test: their ticks must be given, and neither their order nor their
// presence decides what is none of theirs.
#include "core/rng.hpp"
#include "rig.hpp"
#include "rules/parse.hpp"

namespace derivd::backtest::test {
namespace {

constexpr std::int64_t kStart = 1'700'000'040;
const std::vector<market::SymbolCode> kWatch{"1HZ50V"};

engine::StrategySettings ruled(std::string_view when, bool watches = true) {
  auto s = strategy("a", "rules");
  s.params.clear();
  if (watches) s.watch = kWatch;
  s.rules.rules.push_back(
      {std::get<rules::Expr>(rules::parse_condition(when, {}, kWatch)),
       {market::ContractType::kCall, market::ContractDuration::parse("3t").value(), {}, {}, {}}});
  s.guards.max_open = 9;
  return s;
}

std::vector<std::int64_t> walk(std::size_t n, std::uint64_t seed) {
  core::Rng rng(seed);
  std::vector<std::int64_t> out;
  std::int64_t quote = 100'000;
  for (std::size_t i = 0; i < n; ++i) {
    out.push_back(quote += static_cast<std::int64_t>(rng.below(41)) - 20);
  }
  return out;
}

std::string rows(const Rig& rig) {
  std::string out;
  for (const auto& t : rig.trades) {
    out += fmt::format("{} {} {} {}\n", t.signal_epoch.s, t.entry_epoch.s, t.exit_epoch.s,
                       t.profit.to_string());
  }
  return out;
}

TEST(Watch, TicksOfAWatchedSymbolMustBeGiven) {
  Rig rig;
  rig.options.settings.strategies = {ruled("1HZ50V.price > 0")};
  rig.ticks(kStart, {1000, 1001});
  EXPECT_EQ(rig.try_run().error().text,
            "ticks: strategy a watches 1HZ50V, whose ticks are not given; add --ticks 1HZ50V=FILE");
  // Of a strategy that does not run nothing is asked.
  rig.options.settings.strategies[0].enabled = false;
  rig.options.settings.strategies.push_back(strategy("b", "even_odd"));
  EXPECT_TRUE(rig.try_run());
}

TEST(Watch, TheOrderOfTheTapesDecidesNothing) {
  std::string seen[2];
  for (const bool own_first : {true, false}) {
    Rig rig;
    rig.options.settings.strategies = {
        ruled("1HZ50V.run(rise) >= 2 and run(fall) >= 1 and 1HZ50V.rsi(9, 1m) != price")};
    const auto own = walk(3'000, 1);
    const auto other = walk(3'000, 2);
    if (own_first) rig.ticks(kStart, own);
    rig.ticks(kStart, other, "1HZ50V");
    if (!own_first) rig.ticks(kStart, own);
    rig.run_all();
    EXPECT_GT(rig.trades.size(), 100U);
    seen[own_first] = rows(rig);
  }
  EXPECT_EQ(seen[0], seen[1]);
}

TEST(Watch, ItBuysOnTheOwnTickWhatHappenedBefore) {
  Rig rig;
  rig.options.settings.strategies = {ruled("1HZ50V.price == 7.00 and 1HZ50V.change != 0")};
  rig.ticks(kStart, {1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007});
  rig.ticks(kStart, {100, 100, 700, 100, 100, 100, 100, 100}, "1HZ50V");
  rig.run_all();
  ASSERT_EQ(rig.trades.size(), 1U);
  EXPECT_EQ(rig.trades[0].signal_epoch.s, kStart + 3) << "the second after the quote of 7.00";
  EXPECT_EQ(rig.trades[0].entry.to_string(), "10.04");
}

TEST(Watch, WhatLooksAtItsOwnSymbolAloneTradesTheSameBesideOthers) {
  std::string seen[2];
  for (const bool watches : {false, true}) {
    Rig rig;
    rig.options.settings.strategies = {ruled("crosses_above(ema(4), ema(9))", watches)};
    rig.ticks(kStart, walk(3'000, 1));
    if (watches) rig.ticks(kStart - 50, walk(2'000, 2), "1HZ50V");
    rig.run_all();
    EXPECT_GT(rig.trades.size(), 100U);
    seen[watches] = rows(rig);
  }
  EXPECT_EQ(seen[0], seen[1]);
}

}  // namespace
}  // namespace derivd::backtest::test
