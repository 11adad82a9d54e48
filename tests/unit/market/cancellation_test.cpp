// The deal cancellation of multipliers: what it costs, what it does in the place of a stop-out,
// until when, and what is wrong with one. Fees: the two of low leverage that were seen (shared
// reference deriv/contracts.md section 2.4); levels by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "market/multiplier.hpp"
#include "market/rule.hpp"
#include "market/shortcode.hpp"
#include "unit/market/market_fixture.hpp"

namespace derivd::market {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kStart = 1000;

ContractSpec cancellable(ContractType type, std::uint16_t factor, std::string_view time,
                         std::string_view symbol = "1HZ100V") {
  auto spec = spec_of(type, "", symbol);
  spec.multiplier_terms().multiplier = factor;
  spec.multiplier_terms().cancellation = lasting(time);
  return spec;
}

core::Money fee_of(std::uint16_t factor, std::string_view time, std::string_view stake,
                   std::string_view symbol = "1HZ100V") {
  const auto spec = cancellable(ContractType::kMultUp, factor, time, symbol);
  return modelled_fee(spec, *find_symbol(symbol), usd(stake)).value();
}

TEST(Cancellation, CostsWhatWasSeen) {
  EXPECT_EQ(fee_of(10, "60m", "9.00"), usd("0.39"));
  EXPECT_EQ(fee_of(30, "60m", "10.00", "R_100"), usd("1.29"));
}

// Where the stake is nearly sure to be used up, the refund is worth the stake and no more.
TEST(Cancellation, OfHighLeverageIsBoundedByTheStake) {
  EXPECT_EQ(fee_of(400, "60m", "10.00"), usd("8.25"));
  EXPECT_LE(fee_of(5000, "60m", "10.00"), usd("10.10"));
  EXPECT_GT(fee_of(5000, "60m", "10.00"), usd("9.50"));
}

TEST(Cancellation, CostsMoreForLongerAndAtLeastAMinorUnit) {
  EXPECT_EQ(fee_of(100, "5m", "10.00"), usd("1.24"));
  EXPECT_EQ(fee_of(100, "15m", "10.00"), usd("2.15"));
  EXPECT_EQ(fee_of(1, "5m", "0.01"), usd("0.01"));
}

TEST(Cancellation, HasNoModelWithoutAVolatility) {
  auto symbol = *find_symbol("1HZ100V");
  symbol.sigma_percent = 0;
  EXPECT_FALSE(modelled_fee(cancellable(ContractType::kMultUp, 10, "60m"), symbol, usd("9.00")));
}

class Cancelling : public testing::TestWithParam<ContractType> {
 protected:
  Life open() const {
    auto spec = cancellable(GetParam(), 100, "5m");
    spec.multiplier_terms().fee = usd("1.24");
    Life life(spec, {{kStart}, usd("10.00"), usd("0.00")}, find_symbol("1HZ100V"));
    EXPECT_FALSE(life.on_tick(tick(kStart + 1, "782.35", "1HZ100V")));
    return life;
  }
  /// Beyond the level at which nothing is left.
  const char* ruin() const { return GetParam() == ContractType::kMultUp ? "774.81" : "789.89"; }
};
INSTANTIATE_TEST_SUITE_P(Both, Cancelling,
                         testing::Values(ContractType::kMultUp, ContractType::kMultDown),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(Cancelling, TakesThePlaceOfTheStopOut) {
  auto life = open();
  ASSERT_TRUE(life.on_tick(tick(kStart + 2, ruin(), "1HZ100V")));
  EXPECT_EQ(life.ended()->how, End::kCancelled);
  EXPECT_EQ(life.ended()->pays, usd("10.00")) << "what was at stake, without the fee";
  EXPECT_EQ(life.ended()->when.s, kStart + 2);
}

TEST_P(Cancelling, HoldsToTheSecondOfItsEnd) {
  auto at_end = open();
  ASSERT_TRUE(at_end.on_tick(tick(kStart + 300, ruin(), "1HZ100V")));
  EXPECT_EQ(at_end.ended()->how, End::kCancelled);
  auto after = open();
  ASSERT_TRUE(after.on_tick(tick(kStart + 301, ruin(), "1HZ100V")));
  EXPECT_EQ(after.ended()->how, End::kStopOut);
  EXPECT_EQ(after.ended()->pays, usd("0.00"));
}

TEST(Cancellation, CanBeUsedFromTheStartToItsEnd) {
  const auto spec = cancellable(ContractType::kMultUp, 100, "5m");
  EXPECT_EQ(cancellation_end(spec, {kStart})->s, kStart + 300);
  EXPECT_FALSE(can_cancel(spec, {kStart}, {kStart - 1}));
  EXPECT_TRUE(can_cancel(spec, {kStart}, {kStart}));
  EXPECT_TRUE(can_cancel(spec, {kStart}, {kStart + 300}));
  EXPECT_FALSE(can_cancel(spec, {kStart}, {kStart + 301}));
  auto without = spec;
  without.multiplier_terms().cancellation.reset();
  EXPECT_FALSE(has_cancellation(without));
  EXPECT_FALSE(can_cancel(without, {kStart}, {kStart}));
  EXPECT_FALSE(has_cancellation(spec_of(ContractType::kCall, "5t")));
  for (const auto* none : {"5t", "0m"}) {
    auto odd = spec;
    odd.multiplier_terms().cancellation =
        decode(fmt::format("MULTUP R_100 - multiplier=1 cancellation={}", none))
            .value()
            .multiplier()
            ->cancellation;
    EXPECT_FALSE(has_cancellation(odd)) << none << ", as a text may say it";
    EXPECT_FALSE(cancellation_end(odd, {kStart})) << none;
  }
}

TEST(Cancellation, StakeIsThePriceWithoutTheFee) {
  auto spec = cancellable(ContractType::kMultUp, 100, "5m");
  EXPECT_EQ(stake_in(spec, usd("10.00")), usd("10.00")) << "no quote has said a fee";
  spec.multiplier_terms().fee = usd("1.24");
  EXPECT_EQ(stake_in(spec, usd("11.24")), usd("10.00"));
  EXPECT_EQ(stake_in(spec_of(ContractType::kCall, "5t"), usd("1.00")), usd("1.00"));
}

TEST(Cancellation, IsRefusedWhereTheVenueRefusesIt) {
  const auto said = [](ContractSpec spec) {
    const auto problem = problem_of(spec, *find_symbol(spec.symbol));
    return problem ? problem->text : std::string();
  };
  const auto good = cancellable(ContractType::kMultUp, 100, "15m", "R_100");
  EXPECT_EQ(said(good), "");
  auto spec = good;
  spec.multiplier_terms().take_profit = usd("1.00");
  EXPECT_THAT(said(spec), HasSubstr("either take profit or deal cancellation"));
  spec = good;
  spec.multiplier_terms().stop_loss = usd("1.00");
  EXPECT_THAT(said(spec), HasSubstr("either stop loss or deal cancellation"));
  spec = good;
  spec.multiplier_terms().cancellation = lasting("5t");
  EXPECT_THAT(said(spec), HasSubstr("needs a time"));
  spec = good;
  spec.multiplier_terms().fee = usd("0.00");
  EXPECT_THAT(said(spec), HasSubstr("above zero"));
  spec.multiplier_terms().cancellation.reset();
  spec.multiplier_terms().fee = usd("0.39");
  EXPECT_THAT(said(spec), HasSubstr("without deal cancellation"));
  EXPECT_THAT(said(cancellable(ContractType::kMultUp, 10, "15m", "JD100")),
              HasSubstr("not available for this asset"));
}

TEST(Cancellation, HasATextAndOldTextsAreStillRead) {
  auto spec = cancellable(ContractType::kMultUp, 100, "15m", "R_100");
  EXPECT_EQ(encode(spec), "MULTUP R_100 - multiplier=100 cancellation=15m");
  EXPECT_EQ(decode(encode(spec)).value(), spec);
  spec.multiplier_terms().fee = usd("2.15");
  EXPECT_EQ(encode(spec), "MULTUP R_100 - multiplier=100 cancellation=15m fee=2.15");
  EXPECT_EQ(decode(encode(spec)).value(), spec);
  EXPECT_FALSE(decode("MULTUP R_100 - multiplier=100 fee=2.15"));
  EXPECT_FALSE(decode("MULTUP R_100 - multiplier=100 fee=2.15 cancellation=15m"));
}

TEST(Cancellation, IsToldFromAnotherByTheShortcode) {
  const auto spec = cancellable(ContractType::kMultUp, 30, "60m", "R_100");
  const auto code = [](std::string_view cancel) {
    return fmt::format("MULTUP_R_100_10.00_30_1718717545_4872355199_{}_0.00_N1", cancel);
  };
  EXPECT_EQ(shortcode_agrees(spec, code("60m")), Agreement::kAgrees);
  EXPECT_EQ(shortcode_agrees(spec, code("1h")), Agreement::kAgrees) << "the same time";
  EXPECT_EQ(shortcode_agrees(spec, code("15m")), Agreement::kDiffers);
  EXPECT_EQ(shortcode_agrees(spec, code("0")), Agreement::kDiffers);
  auto without = spec;
  without.multiplier_terms().cancellation.reset();
  EXPECT_EQ(shortcode_agrees(without, code("0")), Agreement::kAgrees);
  EXPECT_EQ(shortcode_agrees(without, code("60m")), Agreement::kDiffers);
}

TEST(Cancellation, IsInTheRule) {
  EXPECT_THAT(rule_in_words(cancellable(ContractType::kMultUp, 100, "15m")),
              HasSubstr("for 15m after its start it can be cancelled"));
}

}  // namespace
}  // namespace derivd::market
