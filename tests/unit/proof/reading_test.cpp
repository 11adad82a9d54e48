// The decision between readings, and each judge of purchases on courses that were made up by hand.
#include "proof/reading.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proof/probe.hpp"

namespace derivd::proof {
namespace {

using core::Money;
using core::VenueTime;
using testing::HasSubstr;

constexpr std::int64_t kStart = 1'790'000'001;

const market::SymbolInfo& r100() { return *market::find_symbol("R_100"); }

/// A contract of R_100 bought at kStart; ticks each two seconds from the one before it on, in
/// cents.
Course course(std::string_view spec, const std::vector<std::int64_t>& cents) {
  Course out;
  out.bought = {spec_of(spec), Money::minor(100)};
  out.payout = Money::minor(190);
  out.start = {kStart};
  for (std::size_t n = 0; n < cents.size(); ++n) {
    out.ticks.push_back({market::SymbolCode("R_100"),
                         VenueTime{kStart - 1 + 2 * static_cast<std::int64_t>(n)},
                         core::Price::raw(cents[n], 2)});
  }
  return out;
}
/// The epoch of the n-th tick after the start, from 0.
VenueTime tick(int n) { return {kStart + 1 + 2 * n}; }
Course ended(Course course, bool won, VenueTime exit) {
  course.paid = won ? course.payout : Money::minor(0);
  course.exit = exit;
  return course;
}
Finding judged(std::string_view kind, std::vector<Course> courses) {
  return find_probe(kind)->judge({r100(), {}, std::move(courses)});
}

TEST(Reading, DecidesOnlyWhatOneOfTheReadingsExplains) {
  const std::vector<Reading> both{{"a", true, {.won = true}}, {"b", false, {.won = false}}};
  auto won = course("CALL R_100 2t", {100});
  won.paid = won.payout;
  EXPECT_EQ(decide({won}, {both}).verdict, Verdict::kAsAssumed);
  won.paid = Money::minor(0);
  EXPECT_EQ(decide({won}, {both}).verdict, Verdict::kNot);
  EXPECT_EQ(decide({won}, {both}).seen, "b");
  const std::vector<Reading> alike{{"a", true, {.won = false}}, {"b", false, {.won = false}}};
  EXPECT_EQ(decide({won}, {alike}).verdict, Verdict::kUndecided);
  // Two contracts together tell what neither tells alone; and two that contradict each other tell
  // of a rule that is not in the list.
  EXPECT_EQ(decide({won, won}, {alike, both}).verdict, Verdict::kNot);
  auto lost = won;
  won.paid = won.payout;
  EXPECT_EQ(decide({won, lost}, {both, both}).verdict, Verdict::kUndecided);
  EXPECT_THAT(decide({won, lost}, {both, both}).seen, HasSubstr("as no reading"));
  won = lost;
  const std::vector<Reading> neither{{"a", true, {.won = true}}, {"b", false, {.won = true}}};
  EXPECT_EQ(decide({won}, {neither}).verdict, Verdict::kUndecided);
  EXPECT_EQ(decide({}, {}).verdict, Verdict::kUndecided);
}

TEST(Judge, EntriesByTheTickThatTheVenueNames) {
  auto c = course("MULTUP R_100 - multiplier=100", {1000, 1001, 1002});
  c.entry = tick(0);
  EXPECT_EQ(judged("entry-tick", {c}).verdict, Verdict::kAsAssumed);
  EXPECT_EQ(judged("known-entry", {c}).verdict, Verdict::kNot);
  c.entry = VenueTime{kStart - 1};
  EXPECT_EQ(judged("entry-tick", {c}).verdict, Verdict::kNot);
  EXPECT_THAT(judged("entry-tick", {c}).seen, HasSubstr("latest tick when it is bought"));
  EXPECT_EQ(judged("known-entry", {c}).verdict, Verdict::kAsAssumed);
  c.entry = tick(1);
  EXPECT_EQ(judged("entry-tick", {c}).verdict, Verdict::kUndecided);
  c.entry.reset();
  EXPECT_EQ(judged("entry-tick", {c}).verdict, Verdict::kUndecided);
}

TEST(Judge, TiesOfRisesTellOnlyWhereThereIsOne) {
  const auto tied = course("CALL R_100 2t", {999, 1000, 1001, 1000, 1003});
  EXPECT_EQ(judged("rise-tie", {ended(tied, false, tick(2))}).verdict, Verdict::kAsAssumed);
  EXPECT_EQ(judged("rise-tie", {ended(tied, true, tick(2))}).verdict, Verdict::kNot);
  const auto risen = course("CALL R_100 2t", {999, 1000, 1001, 1002, 1003});
  EXPECT_EQ(judged("rise-tie", {ended(risen, true, tick(2))}).verdict, Verdict::kUndecided);
  EXPECT_EQ(judged("rise-tie", {ended(risen, true, tick(2)), ended(tied, false, tick(2))}).verdict,
            Verdict::kAsAssumed);
}

TEST(Judge, TiesOfTheFormsThatWinThem) {
  const auto tied = course("CALLE R_100 2t", {999, 1000, 1001, 1000, 1003});
  EXPECT_EQ(judged("rise-or-tie", {ended(tied, true, tick(2))}).verdict, Verdict::kAsAssumed);
  EXPECT_EQ(judged("rise-or-tie", {ended(tied, false, tick(2))}).verdict, Verdict::kNot);
  const auto risen = course("CALLE R_100 2t", {999, 1000, 1001, 1002, 1003});
  EXPECT_EQ(judged("rise-or-tie", {ended(risen, true, tick(2))}).verdict, Verdict::kUndecided);
  const auto level = course("PUTE R_100 2t", {999, 1000, 1001, 1000, 1003});
  EXPECT_EQ(judged("fall-or-tie", {ended(level, true, tick(2))}).verdict, Verdict::kAsAssumed);
  EXPECT_EQ(judged("fall-or-tie", {ended(level, false, tick(2))}).verdict, Verdict::kNot);
  const auto fallen = course("PUTE R_100 2t", {999, 1000, 1001, 998, 1003});
  EXPECT_EQ(judged("fall-or-tie", {ended(fallen, true, tick(2))}).verdict, Verdict::kUndecided);
  // A fall that is paid as a rise is, or not paid at all, is none of the two readings.
  EXPECT_THAT(judged("fall-or-tie", {ended(fallen, false, tick(2))}).seen,
              HasSubstr("as no reading"));
}

TEST(Judge, SidesOfALevelThatTheEntryJumpsOver) {
  std::vector<std::int64_t> cents(64, 1012);
  cents[0] = 1000;  // when it was bought; the level is between
  cents[5] = 1009;
  const auto c = course("NOTOUCH R_100 2m 10.10", cents);
  EXPECT_EQ(judged("absolute-touch-side", {ended(c, false, tick(4))}).verdict, Verdict::kAsAssumed);
  EXPECT_EQ(judged("absolute-touch-side", {ended(c, false, tick(0))}).verdict, Verdict::kNot);
  // It ended at once, and nobody waited for the rest of its ticks.
  auto brief = ended(c, false, tick(0));
  brief.ticks.resize(5);
  EXPECT_EQ(judged("absolute-touch-side", {brief}).verdict, Verdict::kNot);
  auto below = c;
  for (auto& t : below.ticks) t.quote = core::Price::raw(1001, 2);
  EXPECT_EQ(judged("absolute-touch-side", {ended(below, true, tick(59))}).verdict,
            Verdict::kUndecided);
}

TEST(Judge, HighTicksByWhenTheyEnd) {
  // The entry is beaten by the third of five.
  const auto beaten =
      course("TICKHIGH R_100 5t tick=1", {900, 1000, 990, 1010, 980, 970, 960, 950});
  const auto early = ended(beaten, false, tick(2));
  EXPECT_EQ(judged("high-tick-early-end", {early}).verdict, Verdict::kAsAssumed);
  // The tick after the entry would have been beaten by the same one.
  EXPECT_EQ(judged("high-tick-first", {early}).verdict, Verdict::kUndecided);
  EXPECT_EQ(judged("high-tick-tie", {early}).verdict, Verdict::kUndecided);
  const auto late = ended(beaten, false, tick(4));
  EXPECT_EQ(judged("high-tick-early-end", {late}).verdict, Verdict::kNot);
  // By the tick after the entry it would have been beaten at once.
  const auto next = ended(beaten, false, tick(5));
  EXPECT_EQ(judged("high-tick-early-end", {next}).verdict, Verdict::kNot);
  EXPECT_EQ(judged("high-tick-first", {next}).verdict, Verdict::kNot);

  const auto tied = course("TICKHIGH R_100 5t tick=1", {900, 1000, 1000, 990, 980, 970, 960, 950});
  EXPECT_EQ(judged("high-tick-tie", {ended(tied, false, tick(1))}).verdict, Verdict::kAsAssumed);
  EXPECT_EQ(judged("high-tick-tie", {ended(tied, true, tick(4))}).verdict, Verdict::kNot);
  const auto later = course("TICKHIGH R_100 5t tick=1", {900, 1000, 990, 1000, 980, 970, 960, 950});
  EXPECT_EQ(judged("high-tick-tie", {ended(later, false, tick(2))}).verdict, Verdict::kUndecided);

  const auto last = course("TICKHIGH R_100 5t tick=5", {900, 1000, 990, 980, 970, 1010, 960, 950});
  EXPECT_EQ(judged("high-tick-first", {ended(last, true, tick(4))}).verdict, Verdict::kAsAssumed);
  EXPECT_EQ(judged("high-tick-first", {ended(last, false, tick(5))}).verdict, Verdict::kNot);
}

TEST(Judge, ResetsByTheLevelThatTheVenueShows) {
  auto c = ended(course("RESETCALL R_100 5t", {900, 1000, 995, 990, 985, 988, 987, 986}), false,
                 tick(5));
  c.level = core::Price::raw(990, 2);  // the quote after two moves
  EXPECT_EQ(judged("reset-odd-ticks", {c}).verdict, Verdict::kAsAssumed);
  c.level = core::Price::raw(985, 2);
  c.paid = c.payout;
  EXPECT_EQ(judged("reset-odd-ticks", {c}).verdict, Verdict::kNot);
  EXPECT_THAT(judged("reset-odd-ticks", {c}).seen, HasSubstr("after 3 moves"));
  // Both were above the entry, so that there is no other level.
  auto above = ended(course("RESETCALL R_100 5t", {900, 1000, 1001, 1002, 1003, 1004, 1005, 1006}),
                     true, tick(5));
  above.level = core::Price::raw(1000, 2);
  EXPECT_EQ(judged("reset-odd-ticks", {above}).verdict, Verdict::kUndecided);
  above.reset_time = tick(2);
  EXPECT_EQ(judged("reset-odd-ticks", {above}).verdict, Verdict::kAsAssumed);
}

TEST(Judge, TimedResetsWhereNoTickFallsOnTheMiddle) {
  // The middle of 25 s is 12 s after the start: between the ticks 5 and 6 of this clock.
  std::vector<std::int64_t> cents{900, 1000, 999, 998, 997, 996, 990, 980};
  for (int n = 0; n < 10; ++n) cents.push_back(985);
  auto c = ended(course("RESETCALL R_100 25s", cents), false, tick(11));
  c.level = core::Price::raw(990, 2);
  EXPECT_EQ(judged("reset-time", {c}).verdict, Verdict::kAsAssumed);
  c.level = core::Price::raw(980, 2);
  c.paid = c.payout;
  EXPECT_EQ(judged("reset-time", {c}).verdict, Verdict::kNot);
}

TEST(Judge, RangesWhereTheExitIsOnABarrier) {
  std::vector<std::int64_t> cents(64, 1000);
  cents[61] = 1050;  // the last one within two minutes
  cents[60] = 1050;
  auto c = course("EXPIRYRANGEE R_100 2m +0.50 -0.50", cents);
  EXPECT_EQ(judged("inclusive-range", {ended(c, true, tick(59))}).verdict, Verdict::kAsAssumed);
  EXPECT_EQ(judged("inclusive-range", {ended(c, false, tick(59))}).verdict, Verdict::kNot);
  c.ticks[60].quote = core::Price::raw(1049, 2);
  EXPECT_EQ(judged("inclusive-range", {ended(c, true, tick(59))}).verdict, Verdict::kUndecided);
}

TEST(Judge, ExitsOnABarrierOfTheFormOutside) {
  std::vector<std::int64_t> cents(64, 1000);
  cents[60] = cents[61] = 950;
  auto c = course("EXPIRYMISSE R_100 2m +0.50 -0.50", cents);
  EXPECT_EQ(judged("inclusive-miss", {ended(c, true, tick(59))}).verdict, Verdict::kAsAssumed);
  EXPECT_EQ(judged("inclusive-miss", {ended(c, false, tick(59))}).verdict, Verdict::kNot);
  c.ticks[60].quote = core::Price::raw(949, 2);
  EXPECT_EQ(judged("inclusive-miss", {ended(c, true, tick(59))}).verdict, Verdict::kUndecided);
  c.ticks[60].quote = core::Price::raw(951, 2);
  EXPECT_EQ(judged("inclusive-miss", {ended(c, false, tick(59))}).verdict, Verdict::kUndecided);
}

/// An accumulator for 1.00 that entered at the first tick after its start, with a share of 0.0005:
/// of quotes between 338.01 and 340.00 the levels that are shown are exactly 0.17 away.
Course growing(const std::vector<std::int64_t>& cents) {
  auto out = course("ACCU R_100 - growth=0.05", cents);
  out.payout = Money::minor(0);
  out.entry = tick(0);
  out.share = core::Decimal{5, 4};
  return out;
}
Course paid(Course course, std::int64_t cents, VenueTime exit) {
  course.paid = Money::minor(cents);
  course.exit = exit;
  return course;
}

TEST(Judge, KnockOutsByTheirTickAndTheirPayment) {
  // What happens before the entry knocks nothing out; the third tick after it goes 0.30 away.
  const auto c = growing({33'000, 33'900, 33'905, 33'895, 33'925, 33'920, 33'920});
  EXPECT_EQ(judged("knock-out", {paid(c, 0, tick(3))}).verdict, Verdict::kAsAssumed);
  const auto next = judged("knock-out", {paid(c, 0, tick(4))});
  EXPECT_EQ(next.verdict, Verdict::kNot);
  EXPECT_THAT(next.seen, HasSubstr("at the tick after"));
  // 1.05 to the power of three is 1.1576, of two 1.1025.
  for (const auto cents : {116, 110}) {
    const auto grown = judged("knock-out", {paid(c, cents, tick(3))});
    EXPECT_EQ(grown.verdict, Verdict::kNot) << cents;
    EXPECT_THAT(grown.seen, HasSubstr("pays what it had grown to")) << cents;
  }
  EXPECT_EQ(judged("knock-out-touch", {paid(c, 0, tick(3))}).verdict, Verdict::kUndecided);
  EXPECT_EQ(judged("knock-out", {}).verdict, Verdict::kUndecided);
}

TEST(Judge, KnockOutsThatAreNoneTellNothing) {
  const auto quiet = growing({33'000, 33'900, 33'905, 33'895, 33'900, 33'905, 33'930});
  auto sold = paid(quiet, 122, tick(4));
  sold.sold = true;
  const auto finding = judged("knock-out", {sold, sold});
  EXPECT_EQ(finding.verdict, Verdict::kUndecided);
  EXPECT_THAT(finding.seen, HasSubstr("it was sold (2 of 2)"));
  EXPECT_EQ(judged("knock-out-touch", {sold}).verdict, Verdict::kUndecided);
  // Our sale came at the tick that goes too far: whose payment that is, nobody can tell.
  auto together = paid(quiet, 128, tick(5));
  EXPECT_EQ(judged("knock-out", {together}).verdict, Verdict::kNot) << "where it was not sold";
  together.sold = true;
  EXPECT_EQ(judged("knock-out", {together}).verdict, Verdict::kUndecided);
  // The venue closed it at a limit of its own, and a tick behind that goes too far.
  EXPECT_EQ(judged("knock-out", {paid(quiet, 122, tick(4))}).verdict, Verdict::kUndecided);
  EXPECT_THAT(judged("knock-out", {paid(quiet, 122, tick(4))}).seen, HasSubstr("could not tell"));
  // It is worth nothing although no tick went too far: that is no reading, and no verdict.
  EXPECT_THAT(judged("knock-out", {paid(quiet, 0, tick(2))}).seen, HasSubstr("as no reading"));
  // A sale that came too late is none.
  auto late = paid(quiet, 0, tick(5));
  late.sold = true;
  EXPECT_EQ(judged("knock-out", {late}).verdict, Verdict::kAsAssumed);
  // One that tells nothing takes nothing away from one that does.
  EXPECT_EQ(judged("knock-out", {sold, paid(quiet, 0, tick(5))}).verdict, Verdict::kAsAssumed);
}

TEST(Judge, KnockOutsNeedTheShareTheEntryAndEveryTick) {
  const auto c = paid(growing({33'000, 33'900, 33'930, 33'930, 33'930}), 0, tick(1));
  EXPECT_EQ(judged("knock-out", {c}).verdict, Verdict::kAsAssumed);
  auto bare = c;
  bare.share.reset();
  EXPECT_EQ(judged("knock-out", {bare}).verdict, Verdict::kUndecided);
  bare.share = core::Decimal{1, 13};
  EXPECT_EQ(judged("knock-out", {bare}).verdict, Verdict::kUndecided);
  bare.share = core::Decimal{5, 0};
  EXPECT_EQ(judged("knock-out", {bare}).verdict, Verdict::kUndecided);
  auto elsewhere = c;
  elsewhere.entry = VenueTime{kStart + 2};
  EXPECT_EQ(judged("knock-out", {elsewhere}).verdict, Verdict::kUndecided);
  auto gap = c;
  for (std::size_t n = 2; n < gap.ticks.size(); ++n) gap.ticks[n].epoch.s += 2;
  gap.exit = gap.ticks[2].epoch;
  EXPECT_EQ(judged("knock-out", {gap}).verdict, Verdict::kUndecided);
}

TEST(Judge, TicksExactlyOnTheBarrierThatIsShown) {
  // From 339.00 the exact share is 0.1695, and 0.170 is shown.
  const auto touched = growing({33'000, 33'900, 33'917, 33'910, 33'930, 33'930, 33'930});
  EXPECT_EQ(judged("knock-out-touch", {paid(touched, 0, tick(1))}).verdict, Verdict::kAsAssumed);
  const auto survived = paid(touched, 0, tick(3));
  EXPECT_EQ(judged("knock-out-touch", {survived}).verdict, Verdict::kNot);
  EXPECT_EQ(judged("knock-out", {survived}).verdict, Verdict::kAsAssumed)
      << "on which tick it is booked is another question";
  // From 337.00 it is 0.1685, and 0.169 is shown: no quote is exactly there.
  const auto beside = growing({33'000, 33'700, 33'717, 33'710, 33'730, 33'730, 33'730});
  EXPECT_EQ(judged("knock-out-touch", {paid(beside, 0, tick(1))}).verdict, Verdict::kUndecided);
  EXPECT_EQ(judged("knock-out", {paid(beside, 0, tick(1))}).verdict, Verdict::kAsAssumed);
}

TEST(Judge, LimitsByTheTickAndThePriceOfTheirFilling) {
  // 1 x 100 without a commission: 0.10 is reached by a rise of one in a thousand.
  auto c = course("MULTUP R_100 - multiplier=100 take_profit=0.10 stop_loss=0.50",
                  {99'900, 100'000, 100'020, 100'200, 100'400, 100'300});
  c.payout = Money::minor(0);
  c.entry = tick(0);
  c.commission = core::Decimal{0, 0};
  c.exit = tick(2);
  c.paid = Money::minor(120);
  EXPECT_EQ(judged("limit-fill", {c}).verdict, Verdict::kAsAssumed);
  c.paid = Money::minor(140);  // the tick of the one, the price of the other
  EXPECT_EQ(judged("limit-fill", {c}).verdict, Verdict::kUndecided);
  c.exit = tick(3);
  EXPECT_EQ(judged("limit-fill", {c}).verdict, Verdict::kNot);
  c.sold = true;  // by us: nothing was filled
  EXPECT_EQ(judged("limit-fill", {c}).verdict, Verdict::kUndecided);
  c.sold = false;
  c.ticks[3].quote = core::Price::raw(100'100, 2);  // exactly at the limit: a rounding decides
  EXPECT_EQ(judged("limit-fill", {c}).verdict, Verdict::kUndecided);
}

TEST(Judge, BidsBesideTheModel) {
  auto c = course("CALL R_100 2m", {100'000, 100'000, 100'010, 100'020});
  c.bought.amount = Money::minor(1000);
  c.payout = Money::minor(1953);
  // Known by hand: at the entry after one second of 120 the odds are one half less a hair, and the
  // venue keeps 0.012 of the payout.
  c.bids = {{tick(0), Money::minor(953)}};
  EXPECT_EQ(judged("bid", {c}).verdict, Verdict::kAsAssumed);
  c.bids.push_back({tick(1), Money::minor(700)});
  const auto low = judged("bid", {c});
  EXPECT_EQ(low.verdict, Verdict::kNot);
  EXPECT_EQ(low.measured.size(), 2U);
  c.bids.clear();
  EXPECT_EQ(judged("bid", {c}).verdict, Verdict::kUndecided);
}

TEST(Judge, NamesOfASettledContract) {
  auto c = course("DIGITEVEN R_100 1t", {1000, 1001});
  EXPECT_EQ(judged("contract-fields", {c}).verdict, Verdict::kAsAssumed);
  c.missing = {"exit_spot"};
  EXPECT_EQ(judged("contract-fields", {c}).verdict, Verdict::kNot);
  EXPECT_THAT(judged("contract-fields", {c}).seen, HasSubstr("exit_spot"));
  EXPECT_EQ(judged("contract-fields", {}).verdict, Verdict::kUndecided);
}

}  // namespace
}  // namespace derivd::proof
