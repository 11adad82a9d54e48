#include <gtest/gtest.h>

#include "core/utc.hpp"
#include "risk/balance.hpp"
#include "risk/day.hpp"
#include "risk/gate.hpp"
#include "risk/guards.hpp"
#include "risk/refusals.hpp"
#include "risk/volatility.hpp"
#include "unit/core/tzif.hpp"

namespace derivd::risk {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

core::Money usd(std::string_view text) { return *core::Money::parse(text); }
core::VenueTime at(std::int64_t s) { return {s}; }
// 2026-06-22 was a Monday.
constexpr std::int64_t kMonday = 1782086400;

// ---- days and hours ----

TEST(Day, RollsAtTheConfiguredHour) {
  EXPECT_EQ(day_of(at(kMonday - 1), seconds(0)) + 1, day_of(at(kMonday), seconds(0)));
  EXPECT_EQ(day_of(at(kMonday), hours(6)), day_of(at(kMonday - 1), hours(6)));
  EXPECT_EQ(day_of(at(kMonday + 6 * 3600), hours(6)), day_of(at(kMonday), hours(6)) + 1);
  EXPECT_EQ(day_of(at(0), seconds(1)), -1);
  EXPECT_EQ(day_begin(day_of(at(kMonday + 5), seconds(0)), seconds(0)), at(kMonday));
  EXPECT_EQ(day_begin(day_of(at(kMonday + 5), hours(6)), hours(6)), at(kMonday - 18 * 3600));
}

TEST(HoursOfTrading, WindowsHoldFromBeginToBeforeEnd) {
  const std::vector<Hours> none;
  EXPECT_TRUE(in_hours(none, at(kMonday)));
  // Mon-Fri 08:00-20:00
  const std::vector<Hours> work{{0x1f, 8 * 3600, 20 * 3600}};
  EXPECT_FALSE(in_hours(work, at(kMonday + 8 * 3600 - 1)));
  EXPECT_TRUE(in_hours(work, at(kMonday + 8 * 3600)));
  EXPECT_TRUE(in_hours(work, at(kMonday + 20 * 3600 - 1)));
  EXPECT_FALSE(in_hours(work, at(kMonday + 20 * 3600)));
  EXPECT_TRUE(in_hours(work, at(kMonday + 4 * 86400 + 12 * 3600)));   // Friday
  EXPECT_FALSE(in_hours(work, at(kMonday + 5 * 86400 + 12 * 3600)));  // Saturday
  EXPECT_FALSE(in_hours(work, at(kMonday - 86400 + 12 * 3600)));      // Sunday
}

TEST(HoursOfTrading, AWindowOverMidnightBelongsToTheDayItBeginsOn) {
  const std::vector<Hours> friday_night{{0x10, 22 * 3600, 2 * 3600}};
  const auto friday = kMonday + 4 * 86400;
  EXPECT_FALSE(in_hours(friday_night, at(friday + 3600)));
  EXPECT_TRUE(in_hours(friday_night, at(friday + 22 * 3600)));
  EXPECT_TRUE(in_hours(friday_night, at(friday + 86400 + 3600)));
  EXPECT_FALSE(in_hours(friday_night, at(friday + 86400 + 7200)));
  const std::vector<Hours> whole{{0x7f, 0, 86400}};
  EXPECT_TRUE(in_hours(whole, at(friday)));
  EXPECT_TRUE(in_hours(whole, at(friday + 86399)));
}

TEST(HoursOfTrading, BeginAgain) {
  const std::vector<Hours> work{{0x1f, 8 * 3600, 20 * 3600}};  // Mon-Fri 08:00-20:00
  EXPECT_EQ(next_hours({}, at(kMonday)), std::nullopt);
  EXPECT_EQ(next_hours(work, at(kMonday)), at(kMonday + 8 * 3600));
  EXPECT_EQ(next_hours(work, at(kMonday + 8 * 3600)), at(kMonday + 86400 + 8 * 3600));
  const auto friday = kMonday + 4 * 86400;
  EXPECT_EQ(next_hours(work, at(friday + 21 * 3600)), at(kMonday + 7 * 86400 + 8 * 3600));
  // Of several the first, also before 1970.
  const std::vector<Hours> two{{0x10, 22 * 3600, 2 * 3600}, {0x20, 3600, 7200}};
  EXPECT_EQ(next_hours(two, at(friday + 23 * 3600)), at(friday + 86400 + 3600));
  EXPECT_EQ(next_hours(two, at(friday)), at(friday + 22 * 3600));
  EXPECT_EQ(next_hours(work, at(-3 * 86400 - 1)), at(-3 * 86400 + 8 * 3600));  // a Monday of 1969
  const std::vector<Hours> never{{0, 0, 86400}};
  EXPECT_EQ(next_hours(never, at(kMonday)), std::nullopt);
}

/// "2026-03-29 01:30" UTC.
core::VenueTime utc(int month, int day, int hour, int minute) {
  const std::chrono::sys_days date{std::chrono::year(2026) / month / day};
  return {std::chrono::seconds(date.time_since_epoch() + hours(hour) + minutes(minute)).count()};
}

// Berlin, 2026: Sunday 29 March 02:00 becomes 03:00 (01:00 UTC), Sunday 25 October 03:00 becomes
// 02:00 (01:00 UTC).
TEST(HoursOfAZone, AreThoseThatItsClocksShow) {
  const std::vector<Hours> work{{0x1f, 8 * 3600, 20 * 3600, core::test::berlin()}};
  // Winter: an hour ahead of UTC. Friday 27 March.
  EXPECT_FALSE(in_hours(work, utc(3, 27, 6, 59)));
  EXPECT_TRUE(in_hours(work, utc(3, 27, 7, 0)));
  EXPECT_TRUE(in_hours(work, utc(3, 27, 18, 59)));
  EXPECT_FALSE(in_hours(work, utc(3, 27, 19, 0)));
  EXPECT_EQ(next_hours(work, utc(3, 26, 20, 0)), utc(3, 27, 7, 0));
  // Over the change, and in summer: two.
  EXPECT_EQ(next_hours(work, utc(3, 27, 19, 0)), utc(3, 30, 6, 0));
  EXPECT_FALSE(in_hours(work, utc(3, 30, 5, 59)));
  EXPECT_TRUE(in_hours(work, utc(3, 30, 6, 0)));
  EXPECT_FALSE(in_hours(work, utc(3, 30, 18, 0)));
  // And back.
  EXPECT_EQ(next_hours(work, utc(10, 23, 18, 0)), utc(10, 26, 7, 0));
  // The day of the zone, not of UTC: 23:30 on Sunday is Monday there.
  const std::vector<Hours> monday{{0x01, 0, 3600, core::test::berlin()}};
  EXPECT_TRUE(in_hours(monday, utc(1, 11, 23, 30)));  // a Sunday
  EXPECT_FALSE(in_hours(monday, utc(1, 12, 0, 30)));
  EXPECT_EQ(next_hours(monday, utc(1, 12, 0, 30)), utc(1, 18, 23, 0));
}

TEST(HoursOfAZone, AreOutWhereTheClocksLeaveThemOut) {
  // 02:00-03:00 does not come on that Sunday.
  const std::vector<Hours> all{{0x7f, 2 * 3600, 3 * 3600, core::test::berlin()}};
  EXPECT_TRUE(in_hours(all, utc(3, 28, 1, 30)));
  for (int minute = 0; minute < 24 * 60; ++minute) {
    EXPECT_FALSE(in_hours(all, utc(3, 29, 0, minute))) << minute;
  }
  EXPECT_EQ(next_hours(all, utc(3, 28, 2, 0)), utc(3, 30, 0, 0));
  const std::vector<Hours> sundays{{0x40, 2 * 3600, 3 * 3600, core::test::berlin()}};
  EXPECT_EQ(next_hours(sundays, utc(3, 28, 12, 0)), utc(4, 5, 0, 0));
  // One that begins in what is left out begins with the change.
  const std::vector<Hours> later{{0x7f, 2 * 3600 + 1800, 4 * 3600, core::test::berlin()}};
  EXPECT_FALSE(in_hours(later, utc(3, 29, 0, 59)));
  EXPECT_TRUE(in_hours(later, utc(3, 29, 1, 0)));
  EXPECT_FALSE(in_hours(later, utc(3, 29, 2, 0)));
  EXPECT_EQ(next_hours(later, utc(3, 28, 12, 0)), utc(3, 29, 1, 0));
}

TEST(HoursOfAZone, AreInTwiceWhereTheClocksShowThemTwice) {
  const std::vector<Hours> all{{0x7f, 2 * 3600, 3 * 3600, core::test::berlin()}};
  EXPECT_FALSE(in_hours(all, utc(10, 24, 23, 59)));
  EXPECT_TRUE(in_hours(all, utc(10, 25, 0, 0)));   // 02:00 of summer
  EXPECT_TRUE(in_hours(all, utc(10, 25, 1, 59)));  // 02:59 of winter
  EXPECT_FALSE(in_hours(all, utc(10, 25, 2, 0)));
  EXPECT_EQ(next_hours(all, utc(10, 24, 12, 0)), utc(10, 25, 0, 0));
  // A part of that hour comes, goes and comes again.
  const std::vector<Hours> half{{0x7f, 2 * 3600 + 600, 2 * 3600 + 1800, core::test::berlin()}};
  EXPECT_TRUE(in_hours(half, utc(10, 25, 0, 29)));
  EXPECT_FALSE(in_hours(half, utc(10, 25, 0, 30)));
  EXPECT_EQ(next_hours(half, utc(10, 25, 0, 30)), utc(10, 25, 1, 10));
  EXPECT_TRUE(in_hours(half, utc(10, 25, 1, 10)));
  EXPECT_EQ(next_hours(half, utc(10, 25, 1, 30)), utc(10, 26, 1, 10));
  // One that was over when the clocks were put back into it begins again with that.
  const std::vector<Hours> before{{0x7f, 3600, 2 * 3600 + 1800, core::test::berlin()}};
  EXPECT_FALSE(in_hours(before, utc(10, 25, 0, 30)));
  EXPECT_EQ(next_hours(before, utc(10, 25, 0, 30)), utc(10, 25, 1, 0));
  EXPECT_TRUE(in_hours(before, utc(10, 25, 1, 29)));
  EXPECT_FALSE(in_hours(before, utc(10, 25, 1, 30)));
}

TEST(HoursOfAZone, PassMidnightWithTheClocks) {
  // Saturday 22:00 to Sunday 02:30, over both changes.
  const std::vector<Hours> night{{0x20, 22 * 3600, 2 * 3600 + 1800, core::test::berlin()}};
  EXPECT_FALSE(in_hours(night, utc(3, 28, 20, 59)));
  EXPECT_TRUE(in_hours(night, utc(3, 28, 21, 0)));
  EXPECT_TRUE(in_hours(night, utc(3, 29, 0, 59)));
  EXPECT_FALSE(in_hours(night, utc(3, 29, 1, 0))) << "03:00: half past two never came";
  EXPECT_TRUE(in_hours(night, utc(10, 24, 20, 0)));
  EXPECT_TRUE(in_hours(night, utc(10, 25, 0, 29)));
  EXPECT_FALSE(in_hours(night, utc(10, 25, 0, 30)));
  EXPECT_TRUE(in_hours(night, utc(10, 25, 1, 0))) << "two o'clock again";
  EXPECT_FALSE(in_hours(night, utc(10, 25, 1, 30)));
  EXPECT_EQ(next_hours(night, utc(10, 25, 1, 30)), utc(10, 31, 21, 0));
}

TEST(HoursOfAZone, BeginWhereTheyHoldAndDidNotBefore) {
  // Minute by minute over both weeks of a change: what is said of the next begin is what comes.
  const std::vector<std::vector<Hours>> all{
      {{0x7f, 2 * 3600, 3 * 3600, core::test::berlin()}},
      {{0x60, 22 * 3600, 2 * 3600 + 1800, core::test::berlin()}},
      {{0x7f, 3600, 2 * 3600 + 1800, core::test::berlin()}},
      {{0x40, 2 * 3600 + 1800, 86'400, core::test::berlin()}, {0x01, 0, 3600}},
      {{0x7f, 1800, 5400, core::test::zone_of("x", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0")}}};
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (const auto from : {utc(3, 24, 0, 0), utc(10, 1, 0, 0), utc(10, 20, 0, 0)}) {
      auto said = next_hours(all[i], from);
      for (auto at = from + minutes(1); at < from + hours(24 * 10); at = at + minutes(1)) {
        const bool begins = in_hours(all[i], at) && !in_hours(all[i], at - minutes(1));
        if (!begins) continue;
        ASSERT_EQ(said, at) << i << " " << core::utc_iso(at);
        said = next_hours(all[i], at);
      }
    }
  }
}

// ---- session ----

TEST(SessionStop, TrailsThePeakWhichIsAtLeastZero) {
  SessionLimits limits;
  limits.stop_loss = usd("20.00");
  Session s;
  s.settle(usd("-3.00"));
  EXPECT_EQ(s.peak, usd("0.00"));
  EXPECT_EQ(s.floor(limits), usd("-20.00"));
  limits.trailing = true;
  EXPECT_EQ(s.floor(limits), usd("-20.00"));
  s.settle(usd("8.50"));
  EXPECT_EQ(s.peak, usd("5.50"));
  EXPECT_EQ(s.floor(limits), usd("-14.50"));
  s.settle(usd("-1.00"));
  EXPECT_EQ(s.floor(limits), usd("-14.50"));
  limits.stop_loss.reset();
  EXPECT_FALSE(s.floor(limits));
}

TEST(SessionStop, TargetCountsWhatIsRealised) {
  SessionLimits limits;
  limits.take_profit = usd("1.00");
  Session s;
  s.settle(usd("0.99"));
  EXPECT_FALSE(s.target_reached(limits));
  s.settle(usd("0.01"));
  EXPECT_TRUE(s.target_reached(limits));
}

// ---- refusals ----

TEST(RefusalsInARow, WaitLongerEachTime) {
  Refusals r;
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(r.spent());
    r.count(true, at(1000));
    waits.push_back((*r.until - at(1000)).count());
  }
  EXPECT_EQ(waits, (std::vector<std::int64_t>{1, 2, 4, 8, 16, 32, 64, 120, 120, 120}));
  EXPECT_TRUE(r.spent());
  EXPECT_EQ(r.total, 10);
  r.end();
  EXPECT_EQ(r, (Refusals{10, 0, 0, {}, false}));
}

TEST(RefusalsInARow, AWaitOfNSecondsIsOverAtNSeconds) {
  Refusals r;
  EXPECT_FALSE(r.waiting(at(1000)));
  for (int i = 0; i < 4; ++i) r.count(true, at(1000));  // 8 s
  EXPECT_EQ(r.waiting(at(1007)), at(1008));
  EXPECT_FALSE(r.waiting(at(1008)));
  // Further away than any wait: the clock went back.
  EXPECT_FALSE(r.waiting(at(1008 - 121)));
  EXPECT_TRUE(r.waiting(at(1008 - 120)));
}

TEST(RefusalsInARow, OnlyStrikesEndInAHalt) {
  Refusals r;
  for (int i = 0; i < 100; ++i) r.count(false, at(1000));
  EXPECT_FALSE(r.spent());
  for (int i = 0; i < kMaxStrikes; ++i) r.count(true, at(1000));
  EXPECT_TRUE(r.spent());
  Refusals burst;
  burst.count(true, at(1000));
  burst.count_again();
  EXPECT_EQ(burst.total, 2);
  EXPECT_EQ(burst.row, 1);
}

// ---- guards ----

TEST(Guards, ACooldownOfNSecondsIsOverAtNSeconds) {
  Guards g;
  g.cooldown = seconds(10);
  GuardState s;
  s.on_settled(g, usd("0.33"), at(100));
  EXPECT_TRUE(s.cooling(at(100)));
  EXPECT_TRUE(s.cooling(at(109)));
  EXPECT_FALSE(s.cooling(at(110)));
  g.cooldown = seconds(0);
  GuardState none;
  none.on_settled(g, usd("0.33"), at(100));
  EXPECT_FALSE(none.cooling(at(100)));
}

TEST(Guards, AfterLossesPausesAndCountsAnew) {
  Guards g;
  g.after_losses = AfterLosses{3, minutes(10)};
  GuardState s;
  s.on_settled(g, usd("-1"), at(1));
  s.on_settled(g, usd("-1"), at(2));
  s.on_settled(g, usd("0"), at(3));  // a break-even is neither
  EXPECT_FALSE(s.pausing(at(3)));
  s.on_settled(g, usd("-1"), at(4));
  EXPECT_TRUE(s.pausing(at(603)));
  EXPECT_FALSE(s.pausing(at(604)));
  EXPECT_EQ(s.losses, 0);
  s.on_settled(g, usd("-1"), at(700));
  s.on_settled(g, usd("-1"), at(701));
  s.on_settled(g, usd("0.5"), at(702));
  s.on_settled(g, usd("-1"), at(703));
  EXPECT_FALSE(s.pausing(at(703)));
  EXPECT_EQ(s.losses, 1);
}

TEST(Guards, TheHourRolls) {
  Guards g;
  g.max_trades_per_hour = 3;
  GuardState s;
  s.on_purchase(g, {{1}, at(1000)});
  s.on_purchase(g, {{2}, at(2000)});
  EXPECT_EQ(s.purchases_in_hour(at(4599)), 2);
  EXPECT_EQ(s.purchases_in_hour(at(4600)), 1);
  EXPECT_EQ(s.purchases_in_hour(at(5600)), 0);
  GuardState unlimited;
  unlimited.on_purchase(Guards{}, {{1}, at(1)});
  EXPECT_TRUE(unlimited.purchases.empty());
}

TEST(Drawdown, PausesAndBeginsAnewThere) {
  Guards guards;
  guards.drawdown = Drawdown{usd("2.00"), seconds(60)};
  GuardState state;
  state.on_realised(guards, usd("-1.99"), at(100));
  EXPECT_FALSE(state.falling_until) << "the best is at least 0, and not so far away";
  state.on_realised(guards, usd("3.00"), at(110));
  state.on_realised(guards, usd("1.01"), at(120));
  EXPECT_FALSE(state.falling_until);
  state.on_realised(guards, usd("1.00"), at(130));
  EXPECT_TRUE(state.falling(at(189)));
  EXPECT_FALSE(state.falling(at(190))) << "over at t + 60";
  EXPECT_EQ(state.top, usd("1.00"));
  // From there on, also below 0.
  state.on_realised(guards, usd("-0.99"), at(200));
  EXPECT_EQ(state.falling_until, at(190));
  state.on_realised(guards, usd("-1.00"), at(210));
  EXPECT_EQ(state.falling_until, at(270));
  EXPECT_EQ(state.top, usd("-1.00"));
  state.on_realised(guards, usd("-2.50"), at(220));
  EXPECT_EQ(state.falling_until, at(270)) << "1.50 since";
  // Without the guard the best is kept all the same.
  guards.drawdown.reset();
  state.on_realised(guards, usd("7.00"), at(300));
  state.on_realised(guards, usd("1.00"), at(310));
  EXPECT_EQ(state.top, usd("7.00"));
  EXPECT_EQ(state.falling_until, at(270));
}

core::Price price(std::string_view text) { return core::Price::parse(text, 2).value(); }

TEST(VolatilityWindow, IsThePopulationsDeviationOfReturns) {
  // 1%, -1% of 101 and 0: by hand, mean 0, the rest below.
  Volatility v(3);
  EXPECT_EQ(v.needed(), 4);
  EXPECT_EQ(v.quotes(), 0);
  for (const auto* quote : {"100.00", "101.00", "99.99"}) v.push(price(quote));
  EXPECT_EQ(v.quotes(), 3);
  EXPECT_FALSE(v.ready());
  v.push(price("99.99"));
  ASSERT_TRUE(v.ready());
  // sqrt((1 + 1 + 0) / 3) = 0.8164966 percent.
  EXPECT_EQ(v.percent(), (core::Decimal{816'497, 6}));
  EXPECT_TRUE(v.against({8165, 4}) < 0);
  EXPECT_TRUE(v.against({81649, 5}) > 0);
  // The oldest leaves: 1%, -1%, 0 becomes -1%, 0, 0: sqrt(1/3 - 1/9) = 0.4714045 percent.
  v.push(price("99.99"));
  EXPECT_EQ(v.percent(), (core::Decimal{471'405, 6}));
  // A market that stands still has none, whatever was before.
  for (int i = 0; i < 3; ++i) v.push(price("99.99"));
  EXPECT_TRUE(v.against({0, 0}) == 0);
  EXPECT_EQ(v.percent(), (core::Decimal{0, 0}));
  v.clear();
  EXPECT_EQ(v.quotes(), 0);
  EXPECT_FALSE(v.ready());
}

TEST(VolatilityWindow, ComparesExactly) {
  Volatility v(2);
  for (const auto* quote : {"100.00", "102.00", "102.00"}) v.push(price(quote));
  EXPECT_TRUE(v.against({1, 0}) == 0) << "2% and 0: exactly 1%";
  EXPECT_TRUE(v.against({999'999, 6}) > 0);
  EXPECT_TRUE(v.against({1'000'001, 6}) < 0);
}

TEST(VolatilityWindow, NeverDriftsAndNeverOverflows) {
  Volatility v(4000);
  Volatility fresh(4000);
  // From one end to the other of what a quote can be, and then calm.
  for (int i = 0; i < 9000; ++i) {
    v.push(core::Price::raw(i % 2 == 0 ? 1 : 1'000'000'000'000'000, 2));
  }
  EXPECT_TRUE(v.against({100, 0}) > 0);
  for (int i = 0; i < 4001; ++i) {
    const auto quote = core::Price::raw(100'000 + i * 37 % 11, 2);
    v.push(quote);
    fresh.push(quote);
  }
  EXPECT_EQ(v.percent(), fresh.percent());
  EXPECT_TRUE(v.against(fresh.percent()) == fresh.against(fresh.percent()));
  // Quotes with other decimals are another market's.
  v.push(core::Price::raw(1'000'000, 3));
  EXPECT_EQ(v.quotes(), 1);
}

TEST(VolatilityWindow, SaysWhyInOneSentence) {
  Volatility v(2);
  Standing s;
  s.ready = true;
  s.volatility = &v;
  Guards guards;
  guards.volatility = VolatilityBounds{2, core::Decimal{5, 1}, core::Decimal{15, 1}};
  const auto said = [&] {
    const auto d = check_entry(s, {}, guards, {});
    return d ? sentence(*d) : "go";
  };
  EXPECT_EQ(said(), "volatility: not known yet, 0 of 3 ticks were seen");
  for (const auto* quote : {"100.00", "100.00", "100.00"}) v.push(price(quote));
  EXPECT_EQ(said(), "volatility: 0% over 2 ticks is below the least allowed, 0.5%");
  v.push(price("102.00"));
  EXPECT_EQ(said(), "go") << "1%";
  v.push(price("98.94"));
  EXPECT_EQ(said(), "volatility: 2.5% over 2 ticks is above the most allowed, 1.5%");
  guards.volatility->max.reset();
  EXPECT_EQ(said(), "go");
  guards.volatility = VolatilityBounds{2, {}, core::Decimal{25, 1}};
  EXPECT_EQ(said(), "go") << "at most is with it";
}

// ---- the gate ----

struct Gate : ::testing::Test {
  Standing s = [] {
    Standing st;
    st.ready = true;
    st.balance = usd("10000.00");
    return st;
  }();
  SessionLimits session;
  Guards guards;
  AccountLimits account;

  std::string entry() {
    const auto d = check_entry(s, session, guards, account);
    return d ? std::string(name_of(d->limit)) : "go";
  }
  std::string money(std::string_view stake, bool nothing_open = false) {
    const auto d = check_money(usd(stake), s, session, account, nothing_open);
    return d ? std::string(name_of(d->limit)) : "go";
  }
};

TEST_F(Gate, AsksInTheFixedOrder) {
  s.halted = s.paused = true;
  s.ready = false;
  s.in_hours = false;
  s.cooling_until = at(5);
  s.pausing_until = at(6);
  guards.max_open = 1;
  s.open = 1;
  guards.max_trades_per_hour = 4;
  s.trades_in_hour = 4;
  account.max_open_contracts = 2;
  s.account_open = 2;
  account.max_trades_per_day = 9;
  s.day_trades = 9;
  s.daily_profit_reached = true;
  EXPECT_EQ(entry(), "halted");
  s.halted = false;
  EXPECT_EQ(entry(), "paused");
  s.paused = false;
  EXPECT_EQ(entry(), "not_ready");
  s.ready = true;
  EXPECT_EQ(entry(), "hours");
  s.in_hours = true;
  Volatility window(2);
  guards.volatility = VolatilityBounds{2, {}, core::Decimal{1, 0}};
  s.volatility = &window;
  EXPECT_EQ(entry(), "volatility");
  guards.volatility.reset();
  EXPECT_EQ(entry(), "cooldown");
  s.cooling_until.reset();
  s.falling_until = at(6);
  EXPECT_EQ(entry(), "after_losses");
  s.pausing_until.reset();
  EXPECT_EQ(entry(), "drawdown");
  s.falling_until.reset();
  s.refused_until = at(7);
  s.refused_in_row = 3;
  EXPECT_EQ(entry(), "refusals");
  s.refused_until.reset();
  s.group_holder = "b";
  EXPECT_EQ(entry(), "max_open");
  s.open = 0;
  EXPECT_EQ(entry(), "group");
  s.group_holder = {};
  EXPECT_EQ(entry(), "max_trades_per_hour");
  s.trades_in_hour = 3;
  EXPECT_EQ(entry(), "max_open_contracts");
  s.account_open = 1;
  EXPECT_EQ(entry(), "max_trades_per_day");
  s.day_trades = 8;
  EXPECT_EQ(entry(), "daily_profit");
  s.daily_profit_reached = false;
  EXPECT_EQ(entry(), "go");
  s.excluded_until = at(9);
  EXPECT_EQ(entry(), "self_exclusion");
  s.unknown_order = true;
  EXPECT_EQ(entry(), "unknown_order");
}

TEST_F(Gate, AsksMoneyInTheFixedOrder) {
  session.stop_loss = usd("1.00");
  account.max_stake = usd("1.00");
  account.max_open_stake = usd("1.00");
  account.daily_loss = usd("1.00");
  account.min_balance = usd("9999.00");
  EXPECT_EQ(money("1.00"), "go");  // exact fit everywhere
  EXPECT_EQ(money("1.01"), "stop_loss");
  session.stop_loss = usd("1.01");
  EXPECT_EQ(money("1.01"), "max_stake");
  account.max_stake = usd("1.01");
  EXPECT_EQ(money("1.01"), "max_open_stake");
  account.max_open_stake = usd("1.01");
  EXPECT_EQ(money("1.01"), "daily_loss");
  account.daily_loss = usd("1.01");
  EXPECT_EQ(money("1.01"), "min_balance");
  account.min_balance = usd("9998.99");
  EXPECT_EQ(money("1.01"), "go");
}

TEST_F(Gate, TheSessionCountsItsOwnOpenContractsOnly) {
  session.stop_loss = usd("20.00");
  s.session.realised = usd("-10.00");
  s.session_open = usd("6.00");
  s.account_open_stake = usd("100.00");
  EXPECT_EQ(money("4.00"), "go");
  EXPECT_EQ(money("4.01"), "stop_loss");
  EXPECT_EQ(money("10.00", true), "go");
  EXPECT_EQ(money("10.01", true), "stop_loss");
}

TEST_F(Gate, TheTrailingStopCountsFromThePeak) {
  session.stop_loss = usd("20.00");
  session.trailing = true;
  s.session.realised = usd("3.00");
  s.session.peak = usd("8.00");
  EXPECT_EQ(money("15.00"), "go");
  EXPECT_EQ(money("15.01"), "stop_loss");
}

TEST_F(Gate, AProfitOfTodayLendsNothing) {
  account.daily_loss = usd("20.00");
  s.day_profit = usd("15.00");
  s.account_open_stake = usd("5.00");
  EXPECT_EQ(money("15.00"), "go");
  EXPECT_EQ(money("15.01"), "daily_loss");
  s.day_profit = usd("-7.00");
  EXPECT_EQ(money("8.00"), "go");
  EXPECT_EQ(money("8.01"), "daily_loss");
  EXPECT_EQ(money("13.00", true), "go");
}

TEST_F(Gate, MaxStakeLooksAtTheStakeAlone) {
  account.max_stake = usd("5.00");
  s.account_open_stake = usd("50.00");
  EXPECT_EQ(money("5.00"), "go");
  EXPECT_EQ(money("5.01"), "max_stake");
}

TEST_F(Gate, AnUnknownBalanceAdmitsNothingAboveAFloor) {
  s.balance.reset();
  EXPECT_EQ(money("1.00"), "go");
  account.min_balance = usd("0.00");
  EXPECT_EQ(money("0.35"), "min_balance");
}

TEST_F(Gate, PayoutRatioIsExact) {
  guards.min_payout_ratio = *core::Decimal::parse("0.90");
  EXPECT_FALSE(check_payout(usd("1.00"), usd("1.90"), guards));
  EXPECT_TRUE(check_payout(usd("1.00"), usd("1.89"), guards));
  // 0.35 × 0.9 = 0.315: 0.31 is below, 0.32 above.
  EXPECT_TRUE(check_payout(usd("0.35"), usd("0.66"), guards));
  EXPECT_FALSE(check_payout(usd("0.35"), usd("0.67"), guards));
  guards.min_payout_ratio.reset();
  EXPECT_FALSE(check_payout(usd("1.00"), usd("0.10"), guards));
}

TEST_F(Gate, SaysWhyInOneSentenceWithNumbers) {
  session.stop_loss = usd("1.00");
  s.session_open = usd("0.35");
  const auto d = check_money(usd("0.74"), s, session, account, false);
  ASSERT_TRUE(d);
  EXPECT_EQ(d->stake, usd("0.74"));
  EXPECT_EQ(d->open, usd("0.35"));
  EXPECT_EQ(d->left, usd("1.00"));
  EXPECT_EQ(sentence(*d),
            "stop_loss: a stake of 0.74 with 0.35 at risk does not fit into the 1.00 left to the "
            "session");
  for (int i = 0; i <= static_cast<int>(Limit::kMinPayoutRatio); ++i) {
    Denied any;
    any.limit = static_cast<Limit>(i);
    any.until = at(1);
    EXPECT_FALSE(sentence(any).empty());
    EXPECT_NE(name_of(any.limit), "?");
  }
  Denied later;
  later.limit = Limit::kCooldown;
  later.until = core::VenueTime{1795894445};
  EXPECT_EQ(sentence(later), "cooldown: until 2026-11-28T19:34:05Z") << "no epochs for people";
}

// ---- balance ----

struct Balance : ::testing::Test {
  KnownBalance b;
  std::string floor() { return b.floor() ? b.floor()->to_string() : "?"; }
};

TEST_F(Balance, FollowsOurOwnTradesExactly) {
  EXPECT_EQ(floor(), "?");
  b.debit(usd("1"), usd("9"));  // before anything is known
  EXPECT_EQ(floor(), "?");
  b.anchor(usd("100.00"));
  b.debit(usd("1.00"), usd("99.00"));
  EXPECT_EQ(floor(), "99.00");
  b.credit(usd("1.95"), false);
  EXPECT_EQ(floor(), "100.95");
  b.show(usd("100.95"));
  EXPECT_EQ(floor(), "100.95");
}

TEST_F(Balance, AStaleFigureDoesNotForgetADebit) {
  b.anchor(usd("100.00"));
  b.debit(usd("10.00"), usd("90.00"));
  b.show(usd("100.00"));  // from before the purchase, delivered after it
  EXPECT_EQ(floor(), "90.00");
  b.show(usd("90.00"));
  EXPECT_EQ(floor(), "90.00");
}

TEST_F(Balance, RepliesInTheWrongOrderDoNotForgetADebit) {
  b.anchor(usd("100.00"));
  b.debit(usd("7.00"), usd("88.00"));  // the second purchase, answered first
  b.debit(usd("5.00"), usd("95.00"));  // the first one
  EXPECT_EQ(floor(), "88.00");
}

TEST_F(Balance, APaymentThatTheAnchorMayHoldIsNotCountedTwice) {
  b.anchor(usd("100.00"));  // asked for after the contract had paid
  b.credit(usd("1.95"), true);
  EXPECT_EQ(floor(), "100.00");
}

TEST_F(Balance, AWithdrawalCountsAtOnceAndADepositFromTheNextAnchorOn) {
  b.anchor(usd("100.00"));
  b.show(usd("40.00"));
  EXPECT_EQ(floor(), "40.00");
  b.show(usd("500.00"));
  EXPECT_EQ(floor(), "100.00");
  EXPECT_EQ(*b.shown(), usd("500.00"));
  b.anchor(usd("500.00"));
  EXPECT_EQ(floor(), "500.00");
}

}  // namespace
}  // namespace derivd::risk
