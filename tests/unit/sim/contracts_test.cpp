// Contracts without a venue: open, expired, sold, in this order alone, and paid in theirs.
#include "sim/contracts.hpp"

#include <gmock/gmock.h>

#include "unit/market/market_fixture.hpp"

namespace derivd::sim::test {
namespace {

using market::ContractType;
using market::spec_of;
using market::tick;
using market::usd;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Kept : public ::testing::Test {
 protected:
  Contracts contracts_{Contracts::Options{}};
  venue::AccountIndex account_ = contracts_.book().add_account("VRTC1", usd("1000.00"));
  venue::AccountIndex other_ = contracts_.book().add_account("VRTC2", usd("1000.00"));

  void SetUp() override { (void)contracts_.on_tick(tick(100, "342.07")); }

  core::ContractId buy(const market::ContractSpec& spec, venue::AccountIndex account,
                       std::optional<core::Money> take_profit = {}) {
    const auto quote = contracts_.book().quote(spec, usd("1.00"), std::nullopt, {100});
    const auto id =
        contracts_.book().buy(account, spec, quote.value().stake, quote.value().payout, {100});
    Deal deal;
    deal.id = id.value();
    deal.account = account;
    deal.symbol = market::Symbols{}.find("R_100");
    if (take_profit) {
      auto guarded = spec;
      guarded.multiplier_terms().take_profit = take_profit;
      deal.guard.emplace(guarded, contracts_.contract(deal.id).life.purchase(), deal.symbol);
    }
    contracts_.keep(std::move(deal));
    return id.value();
  }
  core::ContractId odd(venue::AccountIndex account) {
    return buy(spec_of(ContractType::kDigitOdd, "1t"), account);
  }
  std::vector<core::ContractId> see(std::int64_t epoch, std::string_view quote) {
    return contracts_.conclude(contracts_.on_tick(tick(epoch, quote)), {epoch});
  }
};

TEST_F(Kept, AreExpiredOnceDecidedAndPaidInTheOrderOfTheirTurn) {
  std::vector<core::ContractId> bought;
  for (int i = 0; i < 12; ++i) bought.push_back(odd(account_));
  EXPECT_FALSE(contracts_.waiting());
  EXPECT_EQ(see(102, "342.13"), bought);
  EXPECT_THAT(see(102, "342.13"), IsEmpty());
  EXPECT_TRUE(contracts_.waiting());
  EXPECT_EQ(contracts_.next_due({102}), nullptr);
  (void)contracts_.on_time({105});
  std::vector<std::int64_t> turns;
  while (const Deal* deal = contracts_.next_due({105})) {
    EXPECT_EQ(deal->shown, Shown::kExpired);
    turns.push_back(deal->settle_at.s);
  }
  EXPECT_EQ(turns.size(), bought.size());
  EXPECT_TRUE(std::is_sorted(turns.begin(), turns.end()));
  EXPECT_EQ(turns.front(), 103);
  EXPECT_EQ(turns.back(), 105);
  EXPECT_FALSE(contracts_.waiting());
}

TEST_F(Kept, AFaultHoldsAPaymentBackAndNoOther) {
  const auto held = odd(account_);
  const auto free = odd(account_);
  contracts_.at(held).hold_s = 60;
  (void)see(102, "342.13");
  (void)contracts_.on_time({150});
  EXPECT_EQ(contracts_.next_due({150})->id, free);
  EXPECT_EQ(contracts_.next_due({150}), nullptr);
  EXPECT_EQ(contracts_.next_due({170})->id, held);
}

TEST_F(Kept, OneAccountHurriesItsOwnPaymentsThatTheBookHasMade) {
  const auto mine = odd(account_);
  (void)odd(other_);
  (void)see(102, "342.13");
  EXPECT_THAT(contracts_.paid_early(account_), IsEmpty()) << "the book has paid nothing yet";
  (void)contracts_.on_time({103});
  EXPECT_THAT(contracts_.paid_early(account_), ElementsAre(mine));
  Deal& deal = contracts_.hurry(mine);
  contracts_.show_sold(deal, tick(102, "342.13"), {103});
  EXPECT_EQ(deal.shown, Shown::kSold);
  EXPECT_EQ(deal.sell_time.s, 103);
  EXPECT_EQ(deal.sell_tx, contracts_.contract(mine).sell_tx);
  EXPECT_THAT(contracts_.paid_early(account_), IsEmpty());
}

TEST_F(Kept, AMultiplierIsSoldAtItsTakeProfit) {
  auto spec = spec_of(ContractType::kMultUp, "");
  spec.multiplier_terms().multiplier = 100;
  const auto id = buy(spec, account_, usd("0.50"));
  const auto plain = buy(spec, account_);
  const std::vector open{id, plain};
  const auto at = [&](std::int64_t epoch, std::string_view quote) {
    const auto t = tick(epoch, quote);
    (void)contracts_.on_tick(t);
    return contracts_.reach_limits(open, t, {epoch});
  };
  EXPECT_THAT(at(102, "342.07"), IsEmpty());
  EXPECT_THAT(contracts_.reach_limits(open, tick(103, "900.00", "R_50"), {103}), IsEmpty());
  EXPECT_THAT(at(104, "345.07"), ElementsAre(id));
  EXPECT_EQ(contracts_.at(id).shown, Shown::kExpired);
  EXPECT_EQ(contracts_.contract(id).phase, venue::Phase::kSettled);
  EXPECT_THAT(at(106, "346.07"), IsEmpty());
  EXPECT_EQ(contracts_.at(plain).shown, Shown::kOpen);
}

TEST_F(Kept, NothingIsShownTwiceOrBackwards) {
  const auto id = odd(account_);
  Deal twice;
  twice.id = id;
  EXPECT_DEATH(contracts_.keep(twice), "has one deal");
  twice.id = {7};
  EXPECT_DEATH(contracts_.keep(twice), "of a contract of the book");
  EXPECT_DEATH(contracts_.show_sold(contracts_.at(id), {}, {101}), "pays before it is shown");
  EXPECT_DEATH((void)contracts_.hurry(id), "only what has expired");
  (void)see(102, "342.13");
  (void)contracts_.on_time({103});
  EXPECT_DEATH(contracts_.show_sold(contracts_.at(id), {}, {103}), "waits no longer");
  contracts_.show_sold(contracts_.hurry(id), {}, {103});
  EXPECT_DEATH(contracts_.show_sold(contracts_.at(id), {}, {103}), "sold once");
  EXPECT_DEATH((void)contracts_.at({7}), "no such deal");
  EXPECT_DEATH((void)contracts_.contract({7}), "no such contract");
}

}  // namespace
}  // namespace derivd::sim::test
