#include "sim/rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "market/life.hpp"
#include "market/multiplier.hpp"

namespace derivd::sim {
namespace {

using core::Money;
using market::End;
using testing::HasSubstr;

market::ContractType type(std::string_view name) { return *market::contract_type_from(name); }

TEST(Rules, AreRefusedWithTheListOfAll) {
  for (const auto* text : {"", "nothing=1", "run-margin", "run-margin=", "run-margin=0",
                           "run-margin=-1", "run-margin=x", "bid=higher", "bid"}) {
    VenueRules rules;
    const auto done = rules.change(text);
    ASSERT_FALSE(done) << text;
    EXPECT_THAT(done.error().text, HasSubstr("run-margin=NUMBER")) << text;
    EXPECT_EQ(rules.in_force(type("RUNHIGH")), type("RUNHIGH"));
  }
}

TEST(Rules, ChangeWhatTheyNameAndNothingElse) {
  VenueRules rules;
  ASSERT_TRUE(rules.change("run-margin=0.06"));
  EXPECT_EQ(rules.in_force(type("RUNHIGH")).kind().margin_nano, 60'000'000);
  EXPECT_EQ(type("RUNHIGH").kind().margin_nano, 48'000'000);
  EXPECT_EQ(rules.in_force(type("CALL")), type("CALL"));
  EXPECT_FALSE(rules.fills_late());
  EXPECT_EQ(rules.field("spot_time"), "spot_time");
  ASSERT_TRUE(rules.change("limit-fill=next"));
  ASSERT_TRUE(rules.change("field-names=other"));
  EXPECT_TRUE(rules.fills_late());
  EXPECT_NE(rules.field("spot_time"), "spot_time");
  EXPECT_EQ(rules.field("spot"), "spot");
}

/// How a contract of this type under this rule ends over ticks of R_100, two seconds apart.
std::optional<market::Ended> ended(std::string_view rule, std::string_view spec_text,
                                   const std::vector<std::int64_t>& cents) {
  VenueRules rules;
  if (!rule.empty()) {
    EXPECT_TRUE(rules.change(rule)) << rule;
  }
  auto spec = *market::decode(spec_text);
  spec.type = rules.in_force(spec.type);
  const auto at = [&](std::size_t n) {
    return market::Tick{
        spec.symbol, {1000 + 2 * static_cast<std::int64_t>(n)}, core::Price::raw(cents[n], 2)};
  };
  market::Life life(spec, {{1001}, Money::minor(100), Money::minor(190), at(0)},
                    market::find_symbol("R_100"));
  for (std::size_t n = 1; n < cents.size() && !life.is_over(); ++n) life.on_tick(at(n));
  return life.ended();
}

TEST(Rules, DecideContractsInTheirOwnWay) {
  // Each row: the rule, the contract, its ticks from the one before the start on, how it ends with
  // the rule and without.
  struct Row {
    const char* rule;
    const char* spec;
    std::vector<std::int64_t> cents;
    End with, without;
    std::int64_t with_at, without_at;
  };
  const std::vector<Row> rows{
      // Of 342.00, 0.06 per cent is 0.20 and a bit: what moved before the entry does not count.
      {"entry-tick-growth=current",
       "ACCU R_100 - growth=0.01",
       {34'200, 34'240, 34'241, 34'300},
       End::kKnockedOut,
       End::kKnockedOut,
       1002,
       1006},
      // Of 342.00, 0.0486 per cent is 0.166: 0.20 is too far.
      {"knock-out=next",
       "ACCU R_100 - growth=0.05",
       {34'200, 34'200, 34'220, 34'221},
       End::kKnockedOut,
       End::kKnockedOut,
       1006,
       1004},
      {"knock-out=pays",
       "ACCU R_100 - growth=0.05",
       {34'200, 34'200, 34'220, 34'221},
       End::kWon,
       End::kKnockedOut,
       1004,
       1004},
      // Of 348.50 it is 0.1694, and 0.170 is shown.
      {"knock-out-touch=survives",
       "ACCU R_100 - growth=0.05",
       {34'850, 34'850, 34'867, 34'885},
       End::kKnockedOut,
       End::kKnockedOut,
       1006,
       1004},
      {"rise-tie=wins", "CALL R_100 2t", {9, 10, 11, 10}, End::kWon, End::kLost, 1006, 1006},
      {"rise-or-tie=loses", "CALLE R_100 2t", {9, 10, 11, 10}, End::kLost, End::kWon, 1006, 1006},
      {"fall-or-tie=loses", "PUTE R_100 2t", {9, 10, 11, 10}, End::kLost, End::kWon, 1006, 1006},
      {"inclusive-range=loses",
       "EXPIRYRANGEE R_100 4s +0.01 -0.01",
       {9, 10, 11, 11},
       End::kLost,
       End::kWon,
       1005,
       1005},
      {"inclusive-miss=loses",
       "EXPIRYMISSE R_100 4s +0.01 -0.01",
       {9, 10, 11, 11},
       End::kLost,
       End::kWon,
       1005,
       1005},
      {"high-tick-tie=wins",
       "TICKHIGH R_100 5t tick=2",
       {9, 10, 12, 12, 11, 10},
       End::kWon,
       End::kLost,
       1010,
       1006},
      {"high-tick-early-end=no",
       "TICKHIGH R_100 5t tick=1",
       {9, 10, 12, 9, 9, 9},
       End::kLost,
       End::kLost,
       1010,
       1004},
      {"high-tick-first=next",
       "TICKHIGH R_100 5t tick=5",
       {9, 10, 11, 12, 13, 14, 15},
       End::kWon,
       End::kWon,
       1012,
       1010},
      {"reset-odd-ticks=up",
       "RESETCALL R_100 5t",
       {9, 20, 19, 18, 12, 14, 15},
       End::kWon,
       End::kLost,
       1012,
       1012},
      {"absolute-touch-side=purchase",
       "NOTOUCH R_100 10t 0.15",
       {10, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30},
       End::kLost,
       End::kWon,
       1002,
       1022},
  };
  for (const auto& row : rows) {
    const auto with = ended(row.rule, row.spec, row.cents);
    const auto without = ended("", row.spec, row.cents);
    ASSERT_TRUE(with && without) << row.rule;
    EXPECT_EQ(with->how, row.with) << row.rule;
    EXPECT_EQ(with->when.s, row.with_at) << row.rule;
    EXPECT_EQ(without->how, row.without) << row.rule;
    EXPECT_EQ(without->when.s, row.without_at) << row.rule;
  }
}

TEST(Rules, HaveSeveralValuesWhereThereAreSeveral) {
  VenueRules rules;
  EXPECT_FALSE(rules.change("knock-out=never"));
  EXPECT_TRUE(rules.change("knock-out=pays"));
  EXPECT_TRUE(rules.change("knock-out=next"));
}

TEST(Rules, CutSilentLinksAfterATimeOfTheirOwn) {
  VenueRules rules;
  EXPECT_FALSE(rules.idle_after_s());
  ASSERT_TRUE(rules.change("idle-timeout=30"));
  EXPECT_EQ(rules.idle_after_s(), 30);
}

/// What 1.00 x 10 on R_100 costs.
std::int64_t commission_under(std::string_view rule) {
  VenueRules rules;
  if (!rule.empty()) {
    EXPECT_TRUE(rules.change(rule)) << rule;
  }
  auto spec = *market::decode("MULTUP R_100 - multiplier=10");
  spec.type = rules.in_force(spec.type);
  const market::Life life(spec, {{1001}, Money::minor(100), Money::minor(0)},
                          market::find_symbol("R_100"));
  return market::position_of(life).commission().units();
}

TEST(Rules, ChargeLessThanTheLeastCommission) {
  EXPECT_EQ(commission_under(""), 2);
  EXPECT_EQ(commission_under("least-commission=none"), 0);
  EXPECT_EQ(commission_under("multiplier-commission=more"), 2) << "another rule";
}

TEST(Rules, StopMultipliersOutEarlyAndSayAtWhichShare) {
  // 1 x 500: a fall of 0.18 per cent loses nine tenths with the commission, and not all.
  const std::vector<std::int64_t> cents{100'000, 100'000, 99'850};
  EXPECT_FALSE(ended("", "MULTUP R_100 - multiplier=500", cents));
  const auto early = ended("stop-out=early", "MULTUP R_100 - multiplier=500", cents);
  ASSERT_TRUE(early);
  EXPECT_EQ(early->how, End::kStopOut);
  VenueRules rules;
  ASSERT_TRUE(rules.change("stop-out=early"));
  EXPECT_EQ(stop_out_percent(rules.in_force(type("MULTUP")).kind()), 90);
  EXPECT_EQ(stop_out_percent(type("MULTUP").kind()), 100);
}

}  // namespace
}  // namespace derivd::sim
