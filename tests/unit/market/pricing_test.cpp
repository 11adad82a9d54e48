#include "market/pricing.hpp"

#include <cmath>

#include "unit/market/market_fixture.hpp"

namespace derivd::market {
namespace {

core::Money payout(const ContractSpec& spec, std::string_view stake, const PriceModel& model = {},
                   std::optional<core::Price> spot = {}) {
  return payout_for(spec, *find_symbol(spec.symbol), usd(stake), spot, model);
}

// The sanity list of v3-api.md section 5, and the other recorded at-the-money payouts.
TEST(Payout, MatchesTheRecordedOnes) {
  EXPECT_EQ(payout(spec_of(ContractType::kCall, "1t"), "1"), usd("1.95"));
  EXPECT_EQ(payout(spec_of(ContractType::kCall, "1m"), "2"), usd("3.91"));
  EXPECT_EQ(payout(spec_of(ContractType::kCall, "5m", "1HZ100V"), "10"), usd("19.55"));
  EXPECT_EQ(payout(spec_of(ContractType::kCall, "538s", "1HZ100V"), "9"), usd("17.61"));
  EXPECT_EQ(payout(spec_of(ContractType::kCall, "15m"), "1"), usd("1.96"));
  EXPECT_EQ(payout(spec_of(ContractType::kCall, "1h", "1HZ100V"), "10"), usd("19.61"));
  EXPECT_EQ(payout(spec_of(ContractType::kCall, "6h"), "10"), usd("19.73"));
  EXPECT_EQ(payout(spec_of(ContractType::kDigitOdd, "5t"), "1", {0.010}), usd("1.96"));
  EXPECT_EQ(payout(spec_of(ContractType::kDigitMatch, "5t", "R_100", 0), "50", {0.011}),
            usd("450.45"));
}

// Long options at the money are dearer on the side that the volatility favours, by exactly as much
// as the other is cheaper.
TEST(Payout, OfALongPutIsTheCallsComplement) {
  const auto& r100 = *find_symbol("R_100");
  for (const auto* length : {"1t", "15s", "299s", "5m", "1h", "1d"}) {
    const auto call = theoretical_probability(spec_of(ContractType::kCall, length), r100, {});
    const auto put = theoretical_probability(spec_of(ContractType::kPut, length), r100, {});
    EXPECT_DOUBLE_EQ(call + put, 1.0) << length;
    EXPECT_EQ(call, theoretical_probability(spec_of(ContractType::kCallE, length), r100, {}));
    EXPECT_EQ(put, theoretical_probability(spec_of(ContractType::kPutE, length), r100, {}));
  }
  EXPECT_EQ(theoretical_probability(spec_of(ContractType::kCall, "299s"), r100, {}), 0.5);
  EXPECT_LT(theoretical_probability(spec_of(ContractType::kCall, "300s"), r100, {}), 0.5);
  EXPECT_EQ(payout(spec_of(ContractType::kPut, "6h"), "10"), usd("19.33"));
}

TEST(Payout, Of2016AtOnePercent) {
  const PriceModel then{0.010, false};
  EXPECT_EQ(payout(spec_of(ContractType::kDigitDiff, "5t", "R_100", 3), "2", then), usd("2.20"));
  EXPECT_EQ(payout(spec_of(ContractType::kDigitMatch, "5t", "R_100", 4), "2", then), usd("18.18"));
  EXPECT_EQ(payout(spec_of(ContractType::kDigitOver, "5t", "R_100", 5), "2", then), usd("4.88"));
  EXPECT_EQ(payout(spec_of(ContractType::kDigitUnder, "5t", "R_100", 7), "2", then), usd("2.82"));
}

TEST(Payout, CommunityTableAtThe2026Commission) {
  EXPECT_EQ(payout(spec_of(ContractType::kDigitMatch, "1t", "R_100", 0), "1"), usd("8.93"));
  EXPECT_EQ(payout(spec_of(ContractType::kDigitEven, "1t"), "1"), usd("1.95"));
  const char* table[] = {nullptr, "8.93", "4.72", "3.21", "2.43",
                         "1.95",  "1.63", "1.40", "1.23", "1.09"};
  for (int tenth = 1; tenth <= 9; ++tenth) {
    EXPECT_EQ(payout(spec_of(ContractType::kDigitOver, "1t", "R_100", 9 - tenth), "1"),
              usd(table[tenth]));
    EXPECT_EQ(payout(spec_of(ContractType::kDigitUnder, "1t", "R_100", tenth), "1"),
              usd(table[tenth]));
  }
  for (int digit = 0; digit <= 9; ++digit) {
    EXPECT_EQ(payout(spec_of(ContractType::kDigitDiff, "1t", "R_10", digit), "1"), usd("1.09"));
  }
}

// Volatility decides what a barrier is worth: prices by hand with d2 = ln(S/K)/(σ√t) − σ√t/2.
TEST(Probability, OfABarrierIsBlackScholes) {
  const auto& r100 = *find_symbol("R_100");
  const auto spot = price("1417.72", 2);
  const auto p = [&](ContractType type, const char* length, const char* offset) {
    return theoretical_probability(barrier_spec(type, length, "R_100", offset), r100, spot);
  };
  EXPECT_NEAR(p(ContractType::kHigher, "1m", "+0.10"), 0.47933, 5e-6);
  EXPECT_NEAR(p(ContractType::kLower, "1m", "+0.10"), 0.52067, 5e-6);
  EXPECT_NEAR(p(ContractType::kHigher, "5t", "+0.10"), 0.45005, 5e-6);  // 10 seconds
  EXPECT_EQ(p(ContractType::kHigher, "1m", "-1417.72"), 1.0);
  EXPECT_EQ(p(ContractType::kHigher, "1m", "-2000.00"), 1.0);
  EXPECT_EQ(p(ContractType::kHigher, "1m", "0.00"), 0.5);
}

TEST(Payout, OfALikelyBarrierIsRoundedDown) {
  const auto spot = price("1417.72", 2);
  const auto likely = barrier_spec(ContractType::kHigher, "1m", "R_100", "-3.00");
  const auto p = theoretical_probability(likely, *find_symbol("R_100"), spot);
  ASSERT_GT(p, 0.9);
  const auto exact = 100 / (p + 0.012);
  const auto paid = payout(likely, "100", {}, spot).units();
  EXPECT_EQ(paid, static_cast<std::int64_t>(exact * 100));
  EXPECT_EQ(payout(likely, "100", {0.012, false}, spot).units(), std::llround(exact * 100));
}

TEST(Stake, ForAPayoutIsRoundedHalfUp) {
  const auto& r10 = *find_symbol("R_10");
  EXPECT_EQ(stake_for(spec_of(ContractType::kCall, "5t", "R_10"), r10, usd("10"), {}, {0.015}),
            usd("5.15"));
  EXPECT_EQ(stake_for(spec_of(ContractType::kPut, "5t", "R_10"), r10, usd("10"), {}), usd("5.12"));
  EXPECT_EQ(stake_for(spec_of(ContractType::kCall, "5t", "R_10"), r10, usd("0.50"), {}, {0.010}),
            usd("0.26"));
  EXPECT_EQ(stake_for(spec_of(ContractType::kCall, "5t", "R_10"), r10, usd("0.03"), {}, {0}),
            usd("0.02"));
}

TEST(Bid, OfDigitsStaysWhereItBegan) {
  // Captured 2016: 0.96 for a digit contract of 1.96 until its exit.
  const auto spec = spec_of(ContractType::kDigitOdd, "5t");
  const auto& r100 = *find_symbol("R_100");
  auto life = life_of(spec, {1473408416}, usd("1.96"));
  const PriceModel then{0.010};
  EXPECT_EQ(bid_for(r100, life, {1473408416}, then), usd("0.96"));
  for (int i = 1; i < 5; ++i) {
    life.on_tick(tick(1473408416 + 2 * i, "33243.29"));
    EXPECT_EQ(bid_for(r100, life, {1473408416 + 2 * i}, then), usd("0.96"));
  }
  life.on_tick(tick(1473408426, "33222.24"));
  EXPECT_EQ(bid_for(r100, life, {1473408426}, then), usd("0.00"));
}

TEST(Bid, OfARunningOptionIsTheCapturedOne) {
  // Captured 2024, call-1hz100v-fixed-expiry-open.
  const auto spec = spec_of(ContractType::kCall, "538s", "1HZ100V");
  auto life = life_of(spec, {1716220562}, usd("17.61"));
  life.on_tick(tick(1716220563, "682.60", "1HZ100V"));
  life.on_tick(tick(1716220628, "681.76", "1HZ100V"));
  EXPECT_EQ(bid_for(*find_symbol("1HZ100V"), life, {1716220628}), usd("6.38"));
}

TEST(Bid, IsNeverBelowNothing) {
  const auto spec = spec_of(ContractType::kCall, "1m");
  auto life = life_of(spec, {100});
  life.on_tick(tick(102, "342.00"));
  life.on_tick(tick(104, "300.00"));
  EXPECT_EQ(bid_for(*find_symbol("R_100"), life, {104}), usd("0.00"));
  // Past the expiry, before the exit is known: what the last tick says.
  EXPECT_EQ(bid_for(*find_symbol("R_100"), life, {161}), usd("0.00"));
}

TEST(Bid, BeforeTheEntryIsPricedOnTheQuote) {
  const auto spec = barrier_spec(ContractType::kHigher, "1m", "R_100", "+0.10");
  const auto life = life_of(spec, {1587533920}, usd("50"));
  EXPECT_EQ(bid_for(*find_symbol("R_100"), life, {1587533920}, {0.0117}, price("1417.72", 2)),
            usd("23.38"));  // 50 × (0.47933 − 0.0117)
}

}  // namespace
}  // namespace derivd::market
