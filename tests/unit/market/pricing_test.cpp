#include "market/pricing.hpp"

#include <cmath>

#include "unit/market/market_fixture.hpp"

namespace derivd::market {
namespace {

core::Money payout(const ContractSpec& spec, std::string_view stake, const PriceModel& model = {},
                   std::optional<core::Price> spot = {}) {
  return payout_for(spec, *find_symbol(spec.symbol), usd(stake), spot, model);
}

// The sanity list of v3-api.md section 5.
TEST(Payout, MatchesTheRecordedOnes) {
  using enum ContractType;
  EXPECT_EQ(payout(spec_of(kCall, "1t"), "1"), usd("1.95"));
  EXPECT_EQ(payout(spec_of(kCall, "1m"), "2"), usd("3.91"));
  EXPECT_EQ(payout(spec_of(kCall, "5m", "1HZ100V"), "10"), usd("19.55"));
  EXPECT_EQ(payout(spec_of(kCall, "15m"), "1"), usd("1.96"));
  EXPECT_EQ(payout(spec_of(kCall, "1h", "1HZ100V"), "10"), usd("19.61"));
  EXPECT_EQ(payout(spec_of(kCall, "6h"), "10"), usd("19.73"));
  EXPECT_EQ(payout(spec_of(kDigitOdd, "5t"), "1", {0.010}), usd("1.96"));
}

TEST(Payout, Of2016AtOnePercent) {
  using enum ContractType;
  const PriceModel then{0.010, false};
  EXPECT_EQ(payout(spec_of(kDigitDiff, "5t", "R_100", 3), "2", then), usd("2.20"));
  EXPECT_EQ(payout(spec_of(kDigitMatch, "5t", "R_100", 4), "2", then), usd("18.18"));
  EXPECT_EQ(payout(spec_of(kDigitOver, "5t", "R_100", 5), "2", then), usd("4.88"));
  EXPECT_EQ(payout(spec_of(kDigitUnder, "5t", "R_100", 7), "2", then), usd("2.82"));
}

TEST(Payout, CommunityTableAtThe2026Commission) {
  using enum ContractType;
  EXPECT_EQ(payout(spec_of(kDigitMatch, "1t", "R_100", 0), "1"), usd("8.93"));
  EXPECT_EQ(payout(spec_of(kDigitEven, "1t"), "1"), usd("1.95"));
  const char* table[] = {nullptr, "8.93", "4.72", "3.21", "2.43",
                         "1.95",  "1.63", "1.40", "1.23", "1.09"};
  for (int tenth = 1; tenth <= 9; ++tenth) {
    EXPECT_EQ(payout(spec_of(kDigitOver, "1t", "R_100", 9 - tenth), "1"), usd(table[tenth]));
    EXPECT_EQ(payout(spec_of(kDigitUnder, "1t", "R_100", tenth), "1"), usd(table[tenth]));
  }
  for (int digit = 0; digit <= 9; ++digit) {
    EXPECT_EQ(payout(spec_of(kDigitDiff, "1t", "R_10", digit), "1"), usd("1.09"));
  }
}

TEST(Commission, SlidesThroughTheMeasuredPoints) {
  const auto c = [](const char* text) { return commission_for(lasting(text)); };
  EXPECT_DOUBLE_EQ(c("1t"), 0.012);
  EXPECT_DOUBLE_EQ(c("10t"), 0.012);
  EXPECT_DOUBLE_EQ(c("15s"), 0.012);
  EXPECT_DOUBLE_EQ(c("1m"), 0.012);
  EXPECT_DOUBLE_EQ(c("5m"), 0.0115);
  EXPECT_DOUBLE_EQ(c("15m"), 0.0102);
  EXPECT_DOUBLE_EQ(c("1h"), 0.0099);
  EXPECT_DOUBLE_EQ(c("6h"), 0.0068);
  EXPECT_DOUBLE_EQ(c("365d"), 0.0068);
  EXPECT_NEAR(c("30m"), 0.01005, 1e-12);  // halfway between 15 m and 1 h in log time
  for (std::int32_t s = 16; s < 30000; ++s) {
    using Unit = ContractDuration::Unit;
    EXPECT_LE(commission_for({s, Unit::kSeconds}), commission_for({s - 1, Unit::kSeconds}));
  }
}

}  // namespace
}  // namespace derivd::market
