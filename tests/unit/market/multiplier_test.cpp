#include <cmath>

#include "market/multiplier.hpp"
#include "market/spec.hpp"
#include "unit/market/market_fixture.hpp"

namespace derivd::market {
namespace {

ContractSpec times(ContractType type, std::uint16_t factor) {
  auto spec = spec_of(type, "", "1HZ100V");
  spec.multiplier_terms().multiplier = factor;
  return spec;
}

/// How this tick closes it; empty: it does not.
std::optional<End> closed(Life& life, const Tick& tick) {
  if (!life.on_tick(tick)) return std::nullopt;
  return life.ended()->how;
}

core::Money profit_of(const Life& life) { return life.pays(End::kSold) - life.purchase().stake; }

class Multiplier : public testing::Test {
 protected:
  Life open(const ContractSpec& spec, const char* stake, const char* entry) {
    Life life(spec, {{100}, usd(stake), usd("0.00")}, find_symbol("1HZ100V"));
    EXPECT_FALSE(life.on_tick(tick(101, entry, "1HZ100V")));
    return life;
  }
  Tick at(std::int64_t epoch, const char* quote) { return tick(epoch, quote, "1HZ100V"); }
};

// The two levels that section 5 verified.
TEST_F(Multiplier, StopsOutWhereTheVenueSays) {
  EXPECT_EQ(position_of(open(times(ContractType::kMultUp, 100), "10.00", "782.35")).stop_out(),
            price("774.81", 2));
  EXPECT_EQ(position_of(open(times(ContractType::kMultUp, 10), "9.00", "682.23")).stop_out(),
            price("614.26", 2));
  // The mirror image, rounded towards the entry from the other side: 782.35 × 1.00964 = 789.8919.
  EXPECT_EQ(position_of(open(times(ContractType::kMultDown, 100), "10.00", "782.35")).stop_out(),
            price("789.89", 2));
}

TEST_F(Multiplier, CommissionIsChargedOnce) {
  EXPECT_EQ(position_of(open(times(ContractType::kMultUp, 100), "10.00", "782.35")).commission(),
            usd("0.36"));
  EXPECT_EQ(position_of(open(times(ContractType::kMultUp, 10), "9.00", "682.23")).commission(),
            usd("0.03"));
  const auto life = open(times(ContractType::kMultUp, 100), "10.00", "782.35");
  EXPECT_EQ(profit_of(life), usd("-0.36"));
  EXPECT_EQ(position_of(life).profit_at(price("790.17", 2)),
            usd("9.64"));  // 1000 × 0.0099955… − 0.36 = 9.6355
}

// contracts.md section 2.4: 0.02 at least, also where the rate alone would cost less.
TEST_F(Multiplier, TheCommissionIsNeverLessThanItsLeast) {
  const auto small = open(times(ContractType::kMultUp, 10), "1.00", "1000.00");
  EXPECT_EQ(position_of(small).commission(), usd("0.02"));  // 10 x 0.00036 = 0.0036
  EXPECT_EQ(profit_of(small), usd("-0.02"));
  // All but the least is left to lose: 1000 x (1 - 0.98 / 10).
  EXPECT_EQ(position_of(small).stop_out(), price("902.00", 2));
  EXPECT_EQ(position_of(open(times(ContractType::kMultUp, 60), "1.00", "1000.00")).commission(),
            usd("0.02"));  // 0.0216
  EXPECT_EQ(position_of(open(times(ContractType::kMultUp, 100), "1.00", "1000.00")).commission(),
            usd("0.04"));  // 0.036
}

// Of amounts in other units than cents no least is known, and a satoshi is no cent.
TEST_F(Multiplier, OtherUnitsHaveNoLeastCommission) {
  Life life(times(ContractType::kMultUp, 100),
            {{100}, core::Money::minor(1000, 8), core::Money::minor(0, 8)}, find_symbol("1HZ100V"));
  EXPECT_EQ(position_of(life).commission(), core::Money::minor(36, 8));
  Life small(times(ContractType::kMultUp, 10),
             {{100}, core::Money::minor(1000, 8), core::Money::minor(0, 8)},
             find_symbol("1HZ100V"));
  EXPECT_EQ(position_of(small).commission(), core::Money::minor(4, 8));
}

TEST_F(Multiplier, BeforeTheEntryOnlyTheCommissionIsLost) {
  Life life(times(ContractType::kMultUp, 100), {{100}, usd("10.00"), usd("0.00")},
            find_symbol("1HZ100V"));
  EXPECT_EQ(profit_of(life), usd("-0.36"));
  EXPECT_EQ(position_of(life).profit_at(price("1.00", 2)), usd("-0.36"));
  EXPECT_FALSE(life.on_tick(at(100, "782.35")));  // at the start: not the entry
  EXPECT_FALSE(life.entry());
  EXPECT_FALSE(life.on_tick(at(101, "782.36")));
  EXPECT_EQ(life.entry()->quote, price("782.36", 2));
}

TEST_F(Multiplier, ClosesAtTheStopOutAndNotBefore) {
  auto up = open(times(ContractType::kMultUp, 100), "10.00", "782.35");
  EXPECT_FALSE(up.on_tick(at(102, "774.82")));
  EXPECT_EQ(closed(up, at(103, "774.81")), End::kStopOut);
  EXPECT_EQ(profit_of(up), usd("-10.00"));
  auto down = open(times(ContractType::kMultDown, 100), "10.00", "782.35");
  EXPECT_FALSE(down.on_tick(at(102, "789.88")));
  EXPECT_EQ(closed(down, at(103, "789.89")), End::kStopOut);
}

TEST_F(Multiplier, IsFinalOnceClosed) {
  auto life = open(times(ContractType::kMultUp, 100), "10.00", "782.35");
  EXPECT_EQ(closed(life, at(102, "700.00")), End::kStopOut);
  EXPECT_EQ(profit_of(life), usd("-10.00"));
  EXPECT_FALSE(life.on_tick(at(103, "900.00")));
  EXPECT_EQ(profit_of(life), usd("-10.00"));
  EXPECT_EQ(life.last()->epoch.s, 102);
}

TEST_F(Multiplier, TimeAloneNeverEndsIt) {
  auto life = open(times(ContractType::kMultUp, 100), "10.00", "782.35");
  EXPECT_FALSE(life.on_time(life.expiry() + std::chrono::seconds(1)));
  EXPECT_FALSE(life.is_over());
  EXPECT_EQ(closed(life, at(102, "700.00")), End::kStopOut);
}

TEST_F(Multiplier, RepeatedAndForeignTicksChangeNothing) {
  auto life = open(times(ContractType::kMultUp, 100), "10.00", "782.35");
  EXPECT_FALSE(life.on_tick(at(101, "1.00")));
  EXPECT_FALSE(life.on_tick(at(99, "1.00")));
  EXPECT_FALSE(life.on_tick(tick(102, "1.00", "R_100")));
  EXPECT_EQ(life.last()->quote, price("782.35", 2));
}

TEST_F(Multiplier, TakesProfitAndStopsLossInCents) {
  auto spec = times(ContractType::kMultUp, 100);
  spec.multiplier_terms().take_profit = usd("1.00");
  spec.multiplier_terms().stop_loss = usd("2.00");
  auto won = open(spec, "10.00", "1000.00");
  EXPECT_FALSE(won.on_tick(at(102, "1001.35")));                 // 0.99
  EXPECT_EQ(closed(won, at(103, "1001.36")), End::kTakeProfit);  // 1.00
  EXPECT_EQ(profit_of(won), usd("1.00"));
  auto lost = open(spec, "10.00", "1000.00");
  EXPECT_FALSE(lost.on_tick(at(102, "998.37")));               // −1.99
  EXPECT_EQ(closed(lost, at(103, "998.36")), End::kStopLoss);  // −2.00
  auto jumped = open(spec, "10.00", "1000.00");
  EXPECT_EQ(closed(jumped, at(102, "980.00")), End::kStopOut);
  EXPECT_EQ(profit_of(jumped), usd("-10.00"));
}

TEST_F(Multiplier, RoundsHalvesUpwards) {
  // No commission: CRASH and others without a known rate. 1 × 1 × 0.005 = half a cent.
  auto spec = spec_of(ContractType::kMultUp, "", "stpRNG");
  spec.multiplier_terms().multiplier = 1;
  Life life(spec, {{100}, usd("1.00"), usd("0.00")}, find_symbol("stpRNG"));
  life.on_tick(tick(101, "1000.0", "stpRNG"));
  EXPECT_EQ(position_of(life).profit_at(price("1005.0", 1)), usd("0.01"));
  EXPECT_EQ(position_of(life).profit_at(price("995.0", 1)), usd("0.00"));
  EXPECT_EQ(position_of(life).profit_at(price("994.9", 1)), usd("-0.01"));
  EXPECT_EQ(position_of(life).commission(), usd("0.00"));
}

TEST_F(Multiplier, LargestPositionsDoNotOverflow) {
  auto spec = spec_of(ContractType::kMultUp, "", "1HZ25V");
  spec.multiplier_terms().multiplier = 4000;
  Life life(spec, {{100}, usd("2000.00"), usd("0.00")}, find_symbol("1HZ25V"));
  life.on_tick(tick(101, "999999999.99", "1HZ25V"));
  life.on_tick(tick(102, "1999999999.98", "1HZ25V"));
  // 8 000 000 × 1 − 8 000 000 × 0.00009
  EXPECT_EQ(profit_of(life), usd("7999280.00"));
}

}  // namespace
}  // namespace derivd::market
