#include "market/symbol.hpp"

#include <set>

#include "unit/market/market_fixture.hpp"

namespace derivd::market {
namespace {

TEST(Symbols, HaveTheDecimalsAndIntervalsOfTheFeed) {
  struct Row {
    const char* code;
    int decimals, interval, sigma;
  };
  for (const auto& row :
       {Row{"R_10", 3, 2, 10}, Row{"R_25", 3, 2, 25}, Row{"R_50", 4, 2, 50}, Row{"R_75", 4, 2, 75},
        Row{"R_100", 2, 2, 100}, Row{"1HZ10V", 2, 1, 10}, Row{"1HZ25V", 2, 1, 25},
        Row{"1HZ50V", 2, 1, 50}, Row{"1HZ75V", 2, 1, 75}, Row{"1HZ100V", 2, 1, 100},
        Row{"1HZ15V", 3, 1, 15}, Row{"1HZ30V", 3, 1, 30}, Row{"1HZ90V", 3, 1, 90},
        Row{"JD10", 2, 1, 10}, Row{"JD100", 2, 1, 100}, Row{"RDBEAR", 4, 2, 0},
        Row{"stpRNG", 1, 1, 0}, Row{"CRASH1000", 3, 1, 0}}) {
    const auto* s = find_symbol(row.code);
    ASSERT_NE(s, nullptr) << row.code;
    EXPECT_EQ(s->decimals, row.decimals) << row.code;
    EXPECT_EQ(s->interval_s, row.interval) << row.code;
    EXPECT_EQ(s->sigma_percent, row.sigma) << row.code;
  }
  EXPECT_EQ(find_symbol("R_1"), nullptr);
  EXPECT_EQ(find_symbol("r_100"), nullptr);
  EXPECT_EQ(find_symbol(""), nullptr);
}

TEST(Symbols, AreWellFormed) {
  std::set<std::string_view> codes;
  for (const auto& s : known_symbols()) {
    EXPECT_TRUE(codes.insert(s.code).second) << s.code.view();
    EXPECT_TRUE(SymbolCode::fits(s.code));
    EXPECT_EQ(find_symbol(s.code), &s);
    EXPECT_FALSE(s.display_name.empty());
    EXPECT_GE(s.decimals, 1);
    EXPECT_LE(s.decimals, 4);
    EXPECT_TRUE(s.interval_s == 1 || s.interval_s == 2) << s.code.view();
    EXPECT_GT(s.typical_price, 0);
    EXPECT_GE(s.multiplier_commission, 0);
    EXPECT_LT(s.multiplier_commission, 0.01);
    std::uint16_t before = 0;
    for (const auto m : s.multipliers) {
      if (m != 0) {
        EXPECT_GT(m, before) << s.code.view();
      }
      before = m;
    }
  }
  EXPECT_GE(codes.size(), 30u);
}

TEST(Symbols, MultiplierCommissionsAreTheMeasuredOnes) {
  EXPECT_DOUBLE_EQ(find_symbol("1HZ100V")->multiplier_commission, 0.00036);
  EXPECT_DOUBLE_EQ(find_symbol("CRASH1000")->multiplier_commission, 0.00006);
  EXPECT_DOUBLE_EQ(find_symbol("BOOM1000")->multiplier_commission, 0.00009);
}

// Section 4.3: who has digit contracts.
TEST(Symbols, DigitsAreOfferedWhereTheVenueOffersThem) {
  for (const auto* code : {"R_10", "R_100", "1HZ90V", "JD75", "RDBEAR", "RDBULL"}) {
    EXPECT_TRUE(find_symbol(code)->has_digits) << code;
  }
  for (const auto* code : {"stpRNG", "stpRNG5", "BOOM500", "CRASH1000"}) {
    EXPECT_FALSE(find_symbol(code)->has_digits) << code;
  }
}

}  // namespace
}  // namespace derivd::market
