// Laws of multiplier positions.

#include "market/multiplier.hpp"

#include "property/market/generate.hpp"

namespace derivd::market {
namespace {

using core::Price;
using core::Rng;

struct Position {
  explicit Position(std::uint64_t seed) : rng(seed), symbol(any_symbol(rng)) {
    spec.type = rng.below(2) == 0 ? ContractType::kMultUp : ContractType::kMultDown;
    spec.symbol = symbol.code;
    // What the venue offers costs up to a seventh of the stake (R_10 × 4000, R_100 × 400).
    const auto most = static_cast<std::int64_t>(0.2 / symbol.multiplier_commission);
    spec.multiplier_terms().multiplier = static_cast<std::uint16_t>(between(rng, 5, most));
    stake = core::Money::minor(between(rng, 100, 200'000));
    entry = Price::raw(between(rng, 100'000, 90'000'000), symbol.decimals);
  }
  Life open(const ContractSpec& what) const {
    Life life(what, {{100}, stake, core::Money::minor(0)}, &symbol);
    life.on_tick({symbol.code, {102}, entry});
    return life;
  }
  Price near(std::int64_t offset) const {
    return Price::raw(entry.mantissa() + offset, entry.decimals());
  }
  Rng rng;
  const SymbolInfo& symbol;
  ContractSpec spec;
  core::Money stake;
  Price entry;
};

constexpr int kCases = 3000;

TEST(MultiplierLaws, ProfitRisesWithThePriceInItsDirection) {
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    SCOPED_TRACE(seed);
    Position p(seed);
    const auto life = p.open(p.spec);
    const bool up = p.spec.type == ContractType::kMultUp;
    auto at = between(p.rng, -50'000, 0);
    auto before = position_of(life).profit_at(p.near(at));
    for (int i = 0; i < 50; ++i) {
      at += between(p.rng, 1, 2'000);
      const auto now = position_of(life).profit_at(p.near(at));
      ASSERT_TRUE(up ? now >= before : now <= before);
      ASSERT_GE(now, -p.stake);
      before = now;
    }
  }
}

TEST(MultiplierLaws, AtTheEntryExactlyTheCommissionIsLost) {
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    Position p(seed);
    const auto life = p.open(p.spec);
    // Half a cent of commission rounds up alone and, as a loss, upwards too: one cent apart.
    ASSERT_LE((position_of(life).profit_at(p.entry) + position_of(life).commission()).units(), 1);
    ASSERT_GE((position_of(life).profit_at(p.entry) + position_of(life).commission()).units(), 0);
    ASSERT_GE(position_of(life).commission().units(), 0);
    ASSERT_LT(position_of(life).commission(), p.stake);
  }
}

TEST(MultiplierLaws, UpAndDownTogetherLoseBothCommissions) {
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    Position p(seed);
    auto up_spec = p.spec;
    up_spec.type = ContractType::kMultUp;
    auto down_spec = p.spec;
    down_spec.type = ContractType::kMultDown;
    const auto up = p.open(up_spec);
    const auto down = p.open(down_spec);
    const auto room =
        p.entry.mantissa() / p.spec.multiplier_terms().multiplier / 2;  // inside both stop-outs
    const auto spot = p.near(between(p.rng, -room, room));
    const auto sum = position_of(up).profit_at(spot) + position_of(down).profit_at(spot);
    ASSERT_NEAR(static_cast<double>(sum.units()),
                -2.0 * static_cast<double>(position_of(up).commission().units()), 2.0)
        << seed;
  }
}

TEST(MultiplierLaws, TheStopOutLosesTheStakeAndOneStepBeforeDoesNot) {
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    SCOPED_TRACE(seed);
    Position p(seed);
    const bool up = p.spec.type == ContractType::kMultUp;
    const auto probe = p.open(p.spec);
    const auto level = position_of(probe).stop_out();
    const auto step = [&](std::int64_t towards_entry) {
      return Price::raw(level.mantissa() + (up ? towards_entry : -towards_entry), level.decimals());
    };
    // One step is worth this much, so that the loss at the level is the stake within a step.
    const double step_cents = static_cast<double>(p.stake.units()) *
                              p.spec.multiplier_terms().multiplier /
                              static_cast<double>(p.entry.mantissa());
    const auto at_level =
        static_cast<double>((position_of(probe).profit_at(level) + p.stake).units());
    ASSERT_GE(at_level, 0);
    ASSERT_LE(at_level, step_cents + 1);
    ASSERT_EQ(position_of(probe).profit_at(step(-1)), -p.stake);
    auto touched = p.open(p.spec);
    ASSERT_FALSE(touched.on_tick({p.symbol.code, {104}, step(1)}));
    ASSERT_TRUE(touched.on_tick({p.symbol.code, {106}, level}));
    ASSERT_EQ(touched.ended()->how, End::kStopOut);
    ASSERT_FALSE(touched.on_tick({p.symbol.code, {108}, p.entry}));
    ASSERT_EQ(touched.last()->quote, level);
  }
}

TEST(MultiplierLaws, ClosesOnTheFirstTickBeyondALevel) {
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    SCOPED_TRACE(seed);
    Position p(seed);
    p.spec.multiplier_terms().take_profit = core::Money::minor(between(p.rng, 1, p.stake.units()));
    p.spec.multiplier_terms().stop_loss = core::Money::minor(between(p.rng, 1, p.stake.units()));
    auto life = p.open(p.spec);
    if (life.is_over()) continue;  // closed by its own commission
    auto at = std::int64_t{0};
    for (int i = 0; i < 200; ++i) {
      const auto swing =
          std::max<std::int64_t>(2, p.entry.mantissa() / p.spec.multiplier_terms().multiplier / 8);
      at += between(p.rng, -swing, swing);
      const auto profit = position_of(life).profit_at(p.near(at));
      if (!life.on_tick({p.symbol.code, {104 + 2 * i}, p.near(at)})) {
        ASSERT_LT(profit, *p.spec.multiplier_terms().take_profit);
        ASSERT_GT(profit, -*p.spec.multiplier_terms().stop_loss);
        continue;
      }
      ASSERT_EQ(life.ended()->pays, p.stake + profit);
      if (life.ended()->how == End::kTakeProfit) {
        ASSERT_GE(profit, *p.spec.multiplier_terms().take_profit);
      } else {
        ASSERT_LE(profit, -*p.spec.multiplier_terms().stop_loss);
      }
      break;
    }
  }
}

}  // namespace
}  // namespace derivd::market
