// The simulated self-exclusion: told to real accounts of v3, and enforced at their purchases.
#include <gtest/gtest.h>

#include "unit/sim/sim_fixture.hpp"

namespace derivd::sim::test {
namespace {

Sim with(const std::vector<std::string>& limits) {
  auto options = Sim::defaults();
  for (const auto& limit : limits) EXPECT_TRUE(options.own_limits.add(limit)) << limit;
  return Sim(std::move(options));
}

json buy_of(Sim& sim, ConnId conn) {
  return sim.call(conn, {{"buy", "1"},
                         {"price", 1},
                         {"parameters",
                          {{"amount", 1},
                           {"basis", "stake"},
                           {"contract_type", "CALL"},
                           {"currency", "USD"},
                           {"duration", 5},
                           {"duration_unit", "m"},
                           {"symbol", "R_100"}}}});
}

TEST(SimOwnLimits, AreToldAsGivenToRealAccountsAlone) {
  auto sim = with({"max_open_bets=3", "exclude_until=2020-01-01", "max_losses=20"});
  const auto told = sim.call(sim.v3("v3real"), {{"get_self_exclusion", 1}});
  EXPECT_EQ(told["msg_type"], "get_self_exclusion");
  EXPECT_EQ(told["get_self_exclusion"],
            json({{"max_open_bets", 3}, {"exclude_until", "2020-01-01"}, {"max_losses", 20}}));
  const auto demo = sim.call(sim.v3(), {{"get_self_exclusion", 1}});
  EXPECT_EQ(demo["error"]["code"], "PermissionDenied");
}

TEST(SimOwnLimits, AnExcludedHolderBuysNothing) {
  auto sim = with({"timeout_until=" + std::to_string(kStart + 100)});
  const auto conn = sim.v3("v3real");
  EXPECT_EQ(buy_of(sim, conn)["error"]["code"], "SelfExclusion");
  EXPECT_FALSE(buy_of(sim, sim.v3()).contains("error")) << "virtual money is not limited so";
  while (sim.time() < kStart + 100) sim.advance(10);
  const auto later = buy_of(sim, conn);
  EXPECT_FALSE(later.contains("error")) << later;
}

TEST(SimOwnLimits, NoMoreContractsAreOpenThanTheHolderAllows) {
  auto sim = with({"max_open_bets=2"});
  const auto conn = sim.v3("v3real");
  EXPECT_FALSE(buy_of(sim, conn).contains("error"));
  EXPECT_FALSE(buy_of(sim, conn).contains("error"));
  EXPECT_EQ(buy_of(sim, conn)["error"]["code"], "OpenPositionLimitExceeded");
}

TEST(SimOwnLimits, WhatIsNoneIsNamed) {
  OwnLimits limits;
  EXPECT_TRUE(limits.add("max_bets=3").error().text.starts_with("'max_bets' is no name"));
  EXPECT_EQ(limits.add("max_losses=some").error().text, "max_losses: a whole number");
  EXPECT_EQ(limits.add("exclude_until=tomorrow").error().text,
            "exclude_until: a date like 2026-12-31");
  EXPECT_TRUE(limits.add("max_losses=3"));
  EXPECT_EQ(limits.add("max_losses=4").error().text, "max_losses is given twice");
}

}  // namespace
}  // namespace derivd::sim::test
