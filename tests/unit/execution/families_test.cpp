// What can be decided by any tick of its life, followed and audited: a touch is over at its touch,
// entry and exit alone prove nothing, and a hole anywhere makes the ticks no evidence.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "execution/audit.hpp"
#include "execution/follow.hpp"
#include "market/kind.hpp"

namespace derivd::execution {
namespace {

using market::Tick;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int64_t kT0 = 1'782'086'400;  // even: R_100 may tick on it

core::Money usd(std::string_view text) { return *core::Money::parse(text); }
Tick tick(std::int64_t epoch, std::int64_t cents) {
  return {"R_100", {epoch}, core::Price::raw(cents, 2)};
}
/// One each two seconds, from the one at the start on.
std::vector<Tick> path(const std::vector<std::int64_t>& cents) {
  std::vector<Tick> out;
  for (std::size_t i = 0; i < cents.size(); ++i) {
    out.push_back(tick(kT0 + 2 * static_cast<std::int64_t>(i), cents[i]));
  }
  return out;
}

Claim told(std::string_view spec, bool won, const Tick& entry, const Tick& exit) {
  Order o;
  o.spec = market::decode(spec).value();
  o.state = OrderState::kSettled;
  o.purchase_time = {kT0};
  o.buy_price = usd("1.00");
  o.payout = usd("1.95");
  o.outcome = won ? Outcome::kWon : Outcome::kLost;
  o.sell_price = won ? usd("1.95") : usd("0.00");
  o.profit = o.sell_price - o.buy_price;
  o.settled_time = exit.epoch + std::chrono::seconds(2);
  o.entry = entry;
  o.exit = exit;
  return claim_of(o);
}

TEST(FamiliesAudited, ATouchFollowsFromItsTicks) {
  const auto ticks = path({10'000, 10'000, 10'010, 10'025, 10'000, 10'000});
  const auto claim =
      told("ONETOUCH R_100 5m +0.20", true, tick(kT0 + 2, 10'000), tick(kT0 + 6, 10'025));
  const auto a = audit(claim, ticks);
  EXPECT_EQ(a.verdict, AuditVerdict::kAgrees);
  EXPECT_EQ(a.evidence, Evidence::kTicks);
  EXPECT_EQ(a.barrier, core::Price::raw(10'020, 2));
  EXPECT_THAT(a.differences, IsEmpty());
  auto wrong = claim;
  wrong.order.outcome = Outcome::kLost;
  wrong.order.sell_price = usd("0.00");
  wrong.order.profit = usd("-1.00");
  EXPECT_EQ(audit(wrong, ticks).verdict, AuditVerdict::kDiffers);
  auto late = claim;
  late.order.exit = tick(kT0 + 8, 10'000);
  EXPECT_EQ(audit(late, ticks).verdict, AuditVerdict::kDiffers) << "it was over before";
}

TEST(FamiliesAudited, AHoleAnywhereMakesTicksNoEvidence) {
  auto ticks = path({10'000, 10'000, 10'010, 10'010, 10'010, 10'025});
  ticks.erase(ticks.begin() + 3);
  const auto claim =
      told("ONETOUCH R_100 5m +0.20", true, tick(kT0 + 2, 10'000), tick(kT0 + 10, 10'025));
  const auto a = audit(claim, ticks);
  EXPECT_EQ(a.evidence, Evidence::kNone);
  EXPECT_EQ(a.verdict, AuditVerdict::kUnjudged);
  EXPECT_THAT(a.notes, Contains(HasSubstr("where any tick decides")));
}

TEST(FamiliesAudited, EntryAndExitAloneProveNothing) {
  const auto claim =
      told("RANGE R_100 2m +0.20 -0.20", true, tick(kT0 + 2, 10'000), tick(kT0 + 120, 10'000));
  const auto a = audit(claim, {});
  EXPECT_EQ(a.verdict, AuditVerdict::kUnjudged);
  EXPECT_THAT(a.notes, Contains(HasSubstr("all of them are needed")));
  // Where the exit alone decides they do.
  const auto ends = told("EXPIRYRANGE R_100 2m +0.20 -0.20", true, tick(kT0 + 2, 10'000),
                         tick(kT0 + 120, 10'000));
  EXPECT_EQ(audit(ends, {}).evidence, Evidence::kTwoTicks);
  EXPECT_EQ(audit(ends, {}).verdict, AuditVerdict::kAgrees);
}

TEST(FamiliesAudited, AResetIsMeasuredAgainstTheLevelInForce) {
  // After two moves the quote is 99.90, which becomes the level.
  const auto ticks = path({10'000, 10'000, 9'990, 9'990, 9'980, 9'980, 9'991});
  const auto claim = told("RESETCALL R_100 5t", true, tick(kT0 + 2, 10'000), tick(kT0 + 12, 9'991));
  auto shown = claim;
  shown.barrier = core::Price::raw(9'990, 2);
  const auto a = audit(shown, ticks);
  EXPECT_EQ(a.verdict, AuditVerdict::kAgrees);
  EXPECT_EQ(a.barrier, core::Price::raw(9'990, 2));
  shown.barrier = core::Price::raw(10'000, 2);
  EXPECT_EQ(audit(shown, ticks).verdict, AuditVerdict::kDiffers);
}

TEST(FamiliesAudited, WhatPaysByTheVenuesOwnFiguresIsCheckedForItsProfit) {
  auto claim = told("ACCU R_100 - growth=0.03", true, tick(kT0 + 2, 10'000), tick(kT0 + 8, 10'000));
  const auto a = audit(claim, {});
  EXPECT_EQ(a.verdict, AuditVerdict::kAgrees);
  EXPECT_THAT(a.notes, Contains(HasSubstr("the profit alone is checked")));
  claim.order.profit = usd("0.90");
  EXPECT_EQ(audit(claim, {}).verdict, AuditVerdict::kDiffers);
}

TEST(FamiliesFollowed, ATouchIsPolledSoonAfterItsTouch) {
  core::Instant now{0};
  Follower f(market::decode("ONETOUCH R_100 5m +0.20").value(), {kT0}, 2, now);
  const auto feed = [&](const Tick& t) {
    now = now + std::chrono::seconds(2);
    f.on_tick(t, now);
  };
  feed(tick(kT0 + 2, 10'000));
  EXPECT_FALSE(f.decided());
  EXPECT_GT(*f.next_poll(), now + std::chrono::seconds(250));
  feed(tick(kT0 + 4, 10'020));
  EXPECT_TRUE(f.decided());
  EXPECT_EQ(f.exit()->epoch.s, kT0 + 4);
  EXPECT_EQ(*f.next_poll(), now + Follower::kFirstPoll);
}

TEST(FamiliesFollowed, APositionWithAnEndIsAskedForAtItsEnd) {
  core::Instant now{0};
  Follower f(market::decode("VANILLALONGCALL R_100 1m +0.00").value(), {kT0}, 2, now);
  f.on_tick(tick(kT0 + 2, 10'000), now);
  EXPECT_FALSE(f.decided()) << "its number of contracts is the venue's to say";
  EXPECT_FALSE(f.may_decide());
  f.on_tick(tick(kT0 + 60, 10'000), now);
  EXPECT_EQ(*f.next_poll(), now + Follower::kFirstPoll);
  Follower endless(market::decode("ACCU R_100 - growth=0.03").value(), {kT0}, 2, now);
  EXPECT_FALSE(endless.next_poll());
}

}  // namespace
}  // namespace derivd::execution
