// The table of commissions: which row is in force, and what a stake pays by it, by hand.
#include "market/commission.hpp"

#include <gtest/gtest.h>

#include "market/kind.hpp"
#include "unit/market/market_fixture.hpp"

namespace derivd::market {
namespace {

constexpr core::VenueTime kSeptember{1'790'510'400};  // 2026-09-27 12:00 UTC
constexpr core::VenueTime kJuly{1'783'000'000};       // 2026-07-02

std::string paid(const ContractSpec& spec, std::string_view stake, core::VenueTime at = kSeptember,
                 PriceList list = PriceList::kAccount) {
  const auto* row = commission_of(spec, list, at);
  if (row == nullptr) return "no row";
  const auto payout = payout_by(*row, spec, *find_symbol(spec.symbol), usd(stake), {}, at);
  return payout ? payout->to_string() : "not sold";
}

// contracts.md section 1.1: 0.35 pays 0.66 and DIFF of 1 pays 1.09, both by the least commission.
TEST(Commission, HasALeastAmount) {
  EXPECT_EQ(paid(spec_of(ContractType::kDigitOdd, "1t", "1HZ50V"), "0.35"), "0.66");
  EXPECT_EQ(paid(spec_of(ContractType::kDigitDiff, "1t", "R_10", 3), "1"), "1.09");
  EXPECT_EQ(paid(spec_of(ContractType::kDigitDiff, "1t", "R_100", 3), "1"), "1.09");
  // Where the share is more, the least does not matter: 10 / 0.912.
  EXPECT_EQ(paid(spec_of(ContractType::kDigitDiff, "1t", "R_10", 3), "10"), "10.96");
  // 0.02 / 0.012 = 1.6667: at that payout both are alike, 1.67 x 0.512 = 0.85.
  EXPECT_EQ(paid(spec_of(ContractType::kDigitOdd, "1t", "R_10"), "0.85"), "1.66");
  EXPECT_EQ(paid(spec_of(ContractType::kDigitOdd, "1t", "R_10"), "0.86"), "1.68");
}

TEST(Commission, IsOfASymbolAListAndADay) {
  const auto odd = [](const char* symbol) {
    return spec_of(ContractType::kDigitOdd, "1t", symbol);
  };
  EXPECT_EQ(paid(odd("R_100"), "10"), "19.23");  // 0.020
  EXPECT_EQ(paid(odd("R_100"), "10", kJuly, PriceList::kPublic), "19.53");
  EXPECT_EQ(paid(odd("R_50"), "10"), "19.53");   // 0.012
  EXPECT_EQ(paid(odd("JD100"), "10"), "13.33");  // 0.250
  EXPECT_EQ(paid(odd("JD100"), "10", kSeptember, PriceList::kPublic), "19.53");
  EXPECT_EQ(paid(odd("R_100"), "1", {1'473'408'426}), "1.96") << "of 2016";
  EXPECT_EQ(paid(odd("R_100"), "1", {1'000'000'000}), "no row") << "before anything was seen";
  const auto call = spec_of(ContractType::kCall, "5t", "1HZ100V");
  EXPECT_EQ(paid(call, "1", kJuly), "1.92");
  EXPECT_EQ(paid(call, "1", {1'790'467'200 - 1}), "1.92") << "the last second of the day before";
  EXPECT_EQ(paid(call, "1", {1'790'467'200}), "1.90");
  EXPECT_EQ(paid(spec_of(ContractType::kCall, "1m", "1HZ100V"), "1"), "1.88");
}

TEST(Commission, OfWhatPaysNoMoreThanItsStakeIsNoSale) {
  EXPECT_EQ(paid(spec_of(ContractType::kDigitDiff, "1t", "JD100", 3), "1"), "not sold");
  EXPECT_EQ(paid(spec_of(ContractType::kDigitOver, "1t", "JD100", 1), "1"), "not sold");
  EXPECT_EQ(paid(spec_of(ContractType::kDigitOver, "1t", "JD100", 2), "1"), "1.05");
}

TEST(Commission, OfAPayoutIsAddedToItsPrice) {
  const auto odd = spec_of(ContractType::kDigitOdd, "1t", "R_50");
  const auto& row = *commission_of(odd, PriceList::kAccount, kSeptember);
  const auto& symbol = *find_symbol("R_50");
  EXPECT_EQ(price_by(row, odd, symbol, usd("10"), {}), usd("5.12"));
  EXPECT_EQ(price_by(row, odd, symbol, usd("1"), {}), usd("0.52")) << "by the least";
}

// Amounts of another exponent are not cents, and the least is known in cents alone.
TEST(Commission, OfOtherUnitsHasNoLeast) {
  const auto odd = spec_of(ContractType::kDigitOdd, "1t", "R_50");
  const auto& row = *commission_of(odd, PriceList::kAccount, kSeptember);
  const auto payout =
      payout_by(row, odd, *find_symbol("R_50"), core::Money::minor(100'000'000, 8), {});
  ASSERT_TRUE(payout);
  EXPECT_EQ(payout->to_string(), "1.95312500");
}

}  // namespace
}  // namespace derivd::market
