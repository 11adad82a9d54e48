// Laws of prices: nobody gets a free lunch, and more never costs less.

#include "market/pricing.hpp"

#include "property/market/generate.hpp"

namespace derivd::market {
namespace {

using core::Money;
using core::Rng;

constexpr int kCases = 5000;

struct Offer {
  explicit Offer(std::uint64_t seed)
      : rng(seed),
        symbol(any_symbol(rng)),
        spec(any_digital(rng, symbol)),
        spot(core::Price::raw(between(rng, 10'000, 90'000'000), symbol.decimals)),
        stake(Money::minor(between(rng, 35, 1'000'000))) {}
  double probability() const { return theoretical_probability(spec, symbol, spot); }
  Money payout(Money amount) const { return payout_for(spec, symbol, amount, spot); }
  Rng rng;
  const SymbolInfo& symbol;
  ContractSpec spec;
  core::Price spot;
  Money stake;
};

TEST(PricingLaws, ProbabilitiesAreProbabilitiesAndOppositesAddUp) {
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    Offer o(seed);
    const auto p = o.probability();
    ASSERT_GE(p, 0);
    ASSERT_LE(p, 1);
    auto other = o.spec;
    if (o.spec.type == ContractType::kHigher) {
      other.type = ContractType::kLower;
    } else if (o.spec.type == ContractType::kDigitMatch) {
      other.type = ContractType::kDigitDiff;
    } else if (o.spec.type == ContractType::kCall) {
      other.type = ContractType::kPut;
    } else {
      continue;
    }
    ASSERT_NEAR(p + theoretical_probability(other, o.symbol, o.spot), 1, 1e-12);
  }
}

TEST(PricingLaws, AHigherBarrierIsLessLikelyToBePassed) {
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    Offer o(seed);
    if (!has_form(o.spec.type, BarrierForm::kOffset)) continue;
    o.spec.type = ContractType::kHigher;
    auto further = o.spec;
    const auto by = core::Price::raw(between(o.rng, 1, 5), o.symbol.decimals);
    further.set_offset(o.spec.offset() + by);
    if (o.spec.offset().mantissa() == 0 || further.offset().mantissa() == 0) continue;
    ASSERT_GE(o.probability(), theoretical_probability(further, o.symbol, o.spot));
  }
}

// The expected value of every purchase is below its stake, rounding included.
TEST(PricingLaws, TheVenueNeverSellsAtALoss) {
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    SCOPED_TRACE(seed);
    Offer o(seed);
    const auto p = o.probability();
    const auto payout = static_cast<double>(o.payout(o.stake).units());
    const auto fair = static_cast<double>(o.stake.units());
    ASSERT_LT(p * payout, fair + 0.5);
    ASSERT_NEAR((p + 0.012) * payout, fair, p + 0.012 + 1e-6);
  }
}

TEST(PricingLaws, MoreStakeNeverPaysLess) {
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    Offer o(seed);
    const auto more = o.stake + Money::minor(between(o.rng, 1, 100));
    ASSERT_GE(o.payout(more), o.payout(o.stake));
  }
}

TEST(PricingLaws, TheStakeForAPayoutBuysIt) {
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    SCOPED_TRACE(seed);
    Offer o(seed);
    const auto payout = o.payout(o.stake);
    const auto back = stake_for(o.spec, o.symbol, payout, o.spot);
    // The payout was rounded to a cent, which is worth its own price in stake.
    const double price = o.probability() + 0.012;
    ASSERT_NEAR(static_cast<double>(back.units()), static_cast<double>(o.stake.units()),
                price + 0.5 + 1e-6);
  }
}

TEST(PricingLaws, ACommissionIsPaidOnTheWayInAndOnTheWayOut) {
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    SCOPED_TRACE(seed);
    Offer o(seed);
    const auto payout = o.payout(o.stake);
    const auto life = life_of(o.spec, {1'000'000}, payout);
    const auto bid = bid_for(o.symbol, life, {1'000'000}, {}, o.spot);
    ASSERT_GE(bid.units(), 0);
    ASSERT_LT(bid, o.stake);
    ASSERT_LT(bid, payout);
  }
}

TEST(PricingLaws, ABidStaysBetweenNothingAndThePayout) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    Offer o(seed);
    const auto feed = any_feed(o.rng, o.symbol, 1'000'000, 60);
    const auto payout = o.payout(o.stake);
    auto life = life_of(o.spec, feed.front().epoch, payout);
    for (const auto& t : feed) {
      life.on_tick(t);
      const auto bid = bid_for(o.symbol, life, t.epoch, {}, o.spot);
      ASSERT_GE(bid.units(), 0);
      ASSERT_LE(bid, payout);
      if (result_of(life) == End::kWon) {
        ASSERT_EQ(bid, payout);
      }
      if (result_of(life) == End::kLost) {
        ASSERT_TRUE(bid.is_zero());
      }
    }
  }
}

}  // namespace
}  // namespace derivd::market
