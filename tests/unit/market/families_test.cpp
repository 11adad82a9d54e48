// Each family that any tick of its life can decide, over ticks written by hand. The rules are those
// of the shared reference deriv/contracts.md section 2.2; where they say nothing, those of
// market/assumed.hpp.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "market/assumed.hpp"
#include "market/pricing.hpp"
#include "market/rule.hpp"
#include "market/shortcode.hpp"
#include "unit/market/market_fixture.hpp"

namespace derivd::market {
namespace {

constexpr std::int64_t kStart = 1'790'000'000;

struct Case {
  std::string_view what;
  std::string_view spec;                 // its text
  std::vector<std::string_view> quotes;  // one a second from kStart + 1; "": no tick then
  std::optional<End> end;                // none: it is open
  std::int64_t after = 0;  // seconds from the start to the tick that decided, or to its expiry
};

ContractSpec spec_from(std::string_view text) {
  const auto spec = decode(text);
  EXPECT_TRUE(spec) << text;
  if (!spec) return {};
  const auto valid = validate(*spec, *find_symbol(spec->symbol));
  EXPECT_TRUE(valid) << text << ": " << (valid ? "" : valid.error().text);
  return *spec;
}

/// The time after the last quote has come, too.
Life lived(const ContractSpec& spec, const std::vector<std::string_view>& quotes) {
  auto life = life_of(spec, {kStart});
  auto at = kStart;
  for (const auto quote : quotes) {
    ++at;
    if (!quote.empty()) life.on_tick(tick(at, quote, spec.symbol));
  }
  return life;
}

void expect_all(const std::vector<Case>& cases) {
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    auto life = lived(spec_from(c.spec), c.quotes);
    if (is_timed(life.spec())) life.on_time({life.expiry().s + 1});
    if (!c.end) {
      EXPECT_FALSE(life.is_over());
      continue;
    }
    ASSERT_TRUE(life.is_over());
    EXPECT_EQ(life.ended()->how, *c.end);
    EXPECT_EQ(life.ended()->when.s - kStart, c.after);
    EXPECT_EQ(life.ended()->pays, *c.end == End::kWon ? usd("1.95") : usd("0.00"));
  }
}

TEST(Touch, TheFirstTickOnOrBeyondTheBarrierDecides) {
  const auto up = "ONETOUCH 1HZ100V 5t +0.20";
  const auto down = "NOTOUCH 1HZ100V 5t -0.20";
  expect_all({
      {"not reached", up, {"50.00", "50.19", "50.10", "49.00", "50.19", "50.10"}, End::kLost, 6},
      {"exactly", up, {"50.00", "50.10", "50.20"}, End::kWon, 3},
      {"beyond", up, {"50.00", "50.35"}, End::kWon, 2},
      {"at the last tick", up, {"50.00", "50.1", "50.1", "50.1", "50.1", "50.2"}, End::kWon, 6},
      {"one tick too late",
       up,
       {"50.00", "50.1", "50.1", "50.1", "50.1", "50.1", "50.2"},
       End::kLost,
       6},
      {"the other side is no barrier", up, {"50.00", "49.80", "49.00", "49.0", "49.0"}, {}, 0},
      {"below, not reached",
       down,
       {"50.00", "49.81", "49.9", "50.9", "49.9", "49.81"},
       End::kWon,
       6},
      {"below, exactly", down, {"50.00", "49.90", "49.80"}, End::kLost, 3},
      {"the entry has not come", up, {}, {}, 0},
  });
}

TEST(Touch, AnAbsoluteBarrierIsTouchedFromTheSideOfTheEntry) {
  const auto spec = "ONETOUCH 1HZ100V 2m 50.20";
  expect_all({
      {"from below", spec, {"50.00", "50.19", "50.20"}, End::kWon, 3},
      {"from above", spec, {"50.40", "50.30", "50.15"}, End::kWon, 3},
      {"the entry is on it", spec, {"50.20"}, End::kWon, 1},
      {"never", spec, {"50.00", "50.10"}, End::kLost, 120},
      {"never, for the one that must not", "NOTOUCH 1HZ100V 2m 50.20", {"50.00"}, End::kWon, 120},
  });
}

TEST(Touch, ATimedOneIsOverAtItsTouchAndPaysThen) {
  auto life = lived(spec_from("ONETOUCH 1HZ100V 5m +0.20"), {"50.00", "50.10"});
  EXPECT_FALSE(life.is_over());
  EXPECT_EQ(life.barrier_price(), price("50.20", 2));
  EXPECT_TRUE(life.on_tick(tick(kStart + 100, "50.21", "1HZ100V")));
  EXPECT_EQ(life.exit()->epoch.s, kStart + 100);
  EXPECT_EQ(life.expiry().s, kStart + 300) << "its end stays what was bought";
  EXPECT_FALSE(life.on_time({kStart + 400}));
}

TEST(Ranges, TheExitAgainstBothBarriers) {
  const auto with = [](std::string_view type) {
    return std::string(type) + " 1HZ100V 2m +0.20 -0.10";
  };
  const auto in = with("EXPIRYRANGE");
  const auto out = with("EXPIRYMISS");
  const auto in_e = with("EXPIRYRANGEE");
  const auto out_e = with("EXPIRYMISSE");
  expect_all({
      {"between", in, {"50.00", "51.00", "50.19"}, End::kWon, 120},
      {"between, from the low side", in, {"50.00", "49.91"}, End::kWon, 120},
      {"on the high one", in, {"50.00", "50.20"}, End::kLost, 120},
      {"on the low one", in, {"50.00", "49.90"}, End::kLost, 120},
      {"above", in, {"50.00", "50.21"}, End::kLost, 120},
      {"miss: between", out, {"50.00", "50.19"}, End::kLost, 120},
      {"miss: on the high one", out, {"50.00", "50.20"}, End::kLost, 120},
      {"miss: on the low one", out, {"50.00", "49.90"}, End::kLost, 120},
      {"miss: above", out, {"50.00", "50.21"}, End::kWon, 120},
      {"miss: below", out, {"50.00", "49.89"}, End::kWon, 120},
      {"E: on the high one", in_e, {"50.00", "50.20"}, End::kWon, 120},
      {"E: on the low one", in_e, {"50.00", "49.90"}, End::kWon, 120},
      {"E: above", in_e, {"50.00", "50.21"}, End::kLost, 120},
      {"E miss: on the low one", out_e, {"50.00", "49.90"}, End::kWon, 120},
      {"E miss: between", out_e, {"50.00", "50.00"}, End::kLost, 120},
      {"quotes as barriers",
       "EXPIRYRANGE 1HZ100V 2m 50.20 49.90",
       {"60.00", "50.00"},
       End::kWon,
       120},
  });
}

TEST(Ranges, StayingLooksAtEveryTick) {
  const auto stays = "RANGE 1HZ100V 2m +0.20 -0.10";
  const auto leaves = "UPORDOWN 1HZ100V 2m +0.20 -0.10";
  expect_all({
      {"stays", stays, {"50.00", "50.19", "49.91"}, End::kWon, 120},
      {"on the high one", stays, {"50.00", "50.20", "50.00"}, End::kLost, 2},
      {"on the low one", stays, {"50.00", "50.00", "49.90"}, End::kLost, 3},
      {"leaves: stays", leaves, {"50.00", "50.19", "49.91"}, End::kLost, 120},
      {"leaves: above", leaves, {"50.00", "50.50"}, End::kWon, 2},
      {"leaves: on the low one", leaves, {"50.00", "49.90"}, End::kWon, 2},
      {"the entry is outside", "RANGE 1HZ100V 2m 50.20 49.90", {"50.20"}, End::kLost, 1},
  });
}

TEST(Asians, TheLastTickAgainstTheMeanOfAllOfThem) {
  const auto up = "ASIANU 1HZ100V 5t";
  const auto down = "ASIAND 1HZ100V 5t";
  // The mean of 50.00, 50.01, 50.02, 50.03 and 50.04 is 50.02; the entry is tick 1.
  expect_all({
      {"above", up, {"50.00", "50.01", "50.02", "50.03", "50.04"}, End::kWon, 5},
      {"above loses down", down, {"50.00", "50.01", "50.02", "50.03", "50.04"}, End::kLost, 5},
      {"below", up, {"50.04", "50.03", "50.02", "50.01", "50.00"}, End::kLost, 5},
      {"below wins down", down, {"50.04", "50.03", "50.02", "50.01", "50.00"}, End::kWon, 5},
      {"on the mean", up, {"50.00", "50.02", "50.02", "50.00", "50.01"}, End::kLost, 5},
      {"on the mean, down", down, {"50.00", "50.02", "50.02", "50.00", "50.01"}, End::kLost, 5},
      // The mean is 50.008: less than a pip above 50.00.
      {"a fifth of a pip below", up, {"50.01", "50.01", "50.01", "50.01", "50.00"}, End::kLost, 5},
      {"four ticks are not enough", up, {"50.00", "50.01", "50.02", "50.03"}, {}, 0},
  });
}

TEST(Runs, EveryMoveGoesItsWay) {
  const auto ups = "RUNHIGH 1HZ100V 3t";
  const auto downs = "RUNLOW 1HZ100V 3t";
  expect_all({
      {"three ups", ups, {"50.00", "50.01", "50.02", "50.09"}, End::kWon, 4},
      {"equal loses at once", ups, {"50.00", "50.01", "50.01"}, End::kLost, 3},
      {"the last fails", ups, {"50.00", "50.01", "50.02", "50.01"}, End::kLost, 4},
      {"the first fails", ups, {"50.00", "49.99"}, End::kLost, 2},
      {"two of three", ups, {"50.00", "50.01", "50.02"}, {}, 0},
      {"three downs", downs, {"50.00", "49.99", "49.98", "49.00"}, End::kWon, 4},
      {"a down that is none", downs, {"50.00", "50.00"}, End::kLost, 2},
  });
}

TEST(HighTicks, TheSelectedOneOfFive) {
  const auto third = "TICKHIGH 1HZ100V 5t tick=3";
  const auto low = "TICKLOW 1HZ100V 5t tick=1";
  expect_all({
      {"highest", third, {"50.00", "50.01", "50.05", "50.04", "50.04"}, End::kWon, 5},
      {"one before is higher", third, {"50.06", "50.01", "50.05"}, End::kLost, 3},
      {"one after is higher", third, {"50.00", "50.01", "50.05", "50.06"}, End::kLost, 4},
      {"the last one is higher",
       third,
       {"50.00", "50.01", "50.05", "50.01", "50.06"},
       End::kLost,
       5},
      {"a tie before", third, {"50.05", "50.01", "50.05"}, End::kLost, 3},
      {"a tie after", third, {"50.00", "50.01", "50.05", "50.05"}, End::kLost, 4},
      {"lowest, the entry", low, {"49.00", "50.01", "50.05", "50.04", "49.01"}, End::kWon, 5},
      {"lowest, a lower one", low, {"49.00", "50.01", "48.99"}, End::kLost, 3},
      {"the fifth",
       "TICKHIGH 1HZ100V 5t tick=5",
       {"50.00", "50.01", "50.05", "50.04", "50.06"},
       End::kWon,
       5},
      {"not over yet", third, {"50.00", "50.01", "50.05", "50.04"}, {}, 0},
  });
}

TEST(Resets, TheMiddleMayBecomeTheLevel) {
  // Of five ticks the level is looked at after two moves.
  const auto call = "RESETCALL 1HZ100V 5t";
  const auto put = "RESETPUT 1HZ100V 5t";
  expect_all({
      {"no reset, above", call, {"50.00", "50.1", "50.10", "50.1", "50.1", "50.01"}, End::kWon, 6},
      {"no reset, equal", call, {"50.00", "50.1", "50.10", "50.1", "50.1", "50.00"}, End::kLost, 6},
      {"reset, above it", call, {"50.00", "49.0", "49.90", "49.0", "49.0", "49.91"}, End::kWon, 6},
      {"reset, equal", call, {"50.00", "49.0", "49.90", "49.0", "49.0", "49.90"}, End::kLost, 6},
      {"reset, below", call, {"50.00", "49.0", "49.90", "51.0", "51.0", "49.89"}, End::kLost, 6},
      {"only the middle counts",
       call,
       {"50.00", "49.0", "50.00", "49.0", "49.0", "49.95"},
       End::kLost,
       6},
      {"put, reset", put, {"50.00", "50.0", "50.20", "50.0", "50.0", "50.19"}, End::kWon, 6},
      {"put, no reset", put, {"50.00", "50.0", "49.90", "50.0", "50.0", "50.00"}, End::kLost, 6},
  });
}

TEST(Resets, ATimeLooksAtTheLastTickUpToItsMiddle) {
  const auto call = spec_from("RESETCALL 1HZ100V 20s");
  const auto run = [&](std::int64_t middle_at, std::string_view exit) {
    auto life = life_of(call, {kStart});
    life.on_tick(tick(kStart + 1, "50.00", "1HZ100V"));
    life.on_tick(tick(kStart + middle_at, "49.50", "1HZ100V"));
    life.on_tick(tick(kStart + 15, "50.90", "1HZ100V"));
    life.on_tick(tick(kStart + 20, exit, "1HZ100V"));
    return life;
  };
  EXPECT_EQ(run(10, "49.51").ended()->how, End::kWon) << "exactly at the middle";
  EXPECT_EQ(run(10, "49.51").barrier_price(), price("49.50", 2));
  EXPECT_EQ(run(7, "49.51").ended()->how, End::kWon) << "before, and none until the middle";
  EXPECT_EQ(run(11, "49.51").ended()->how, End::kLost) << "after it: the entry was the last";
  EXPECT_EQ(run(11, "50.01").ended()->how, End::kWon);
  EXPECT_EQ(run(11, "50.01").barrier_price(), price("50.00", 2));
}

TEST(Resets, WithoutATickAfterItsMiddleItStillEnds) {
  auto life = life_of(spec_from("RESETCALL 1HZ100V 20s"), {kStart});
  life.on_tick(tick(kStart + 1, "50.00", "1HZ100V"));
  life.on_tick(tick(kStart + 5, "50.10", "1HZ100V"));
  EXPECT_TRUE(life.on_time({kStart + 21}));
  EXPECT_EQ(life.ended()->how, End::kWon);
}

// ---- what a spec must say ----

TEST(Families, SaySpecsWhatIsMissing) {
  const auto said = [](std::string_view text) {
    const auto spec = decode(text);
    EXPECT_TRUE(spec) << text;
    const auto problem = problem_of(*spec, *find_symbol(spec->symbol));
    return problem ? problem->text : std::string("nothing");
  };
  EXPECT_EQ(said("ONETOUCH R_100 5t"),
            "ONETOUCH needs a barrier, an offset from the entry or a quote.");
  EXPECT_EQ(said("ONETOUCH R_100 5t +0.00"), "A barrier at the entry itself is touched by it.");
  EXPECT_EQ(said("ONETOUCH R_100 4t +0.10"), "Number of ticks must be between 5 and 10.");
  EXPECT_EQ(said("ONETOUCH R_100 1m +0.10"), "Trading is not offered for this duration.");
  EXPECT_EQ(said("ONETOUCH R_100 5m +0.1"), "Barrier of R_100 must have 2 decimals.");
  EXPECT_EQ(said("ONETOUCH R_100 5m 0.00"), "An absolute barrier is a quote, which is above zero.");
  EXPECT_EQ(said("ONETOUCH R_100 5m +0.10 -0.10"), "ONETOUCH takes no second barrier.");
  EXPECT_EQ(said("RANGE R_100 5m +0.10"), "RANGE needs two barriers, the high one first.");
  EXPECT_EQ(said("RANGE R_100 5m -0.10 +0.10"), "The high barrier must be above the low one.");
  EXPECT_EQ(said("RANGE R_100 5m +0.10 300.00"),
            "Both barriers must be offsets from the entry, or both quotes.");
  EXPECT_EQ(said("RANGE R_100 5t +0.10 -0.10"), "Range contracts are not offered in ticks.");
  EXPECT_EQ(said("ASIANU R_100 4t"), "Number of ticks must be between 5 and 10.");
  EXPECT_EQ(said("ASIANU R_100 1m"), "Asian contracts are offered in ticks only.");
  EXPECT_EQ(said("ASIANU R_100 5t +0.10"), "ASIANU takes no barrier.");
  EXPECT_EQ(said("RUNHIGH R_100 6t"), "Number of ticks must be between 2 and 5.");
  EXPECT_EQ(said("TICKHIGH R_100 5t"), "TICKHIGH needs a selected tick.");
  EXPECT_EQ(said("TICKHIGH R_100 5t tick=6"), "Selected tick must be between 1 and 5.");
  EXPECT_EQ(said("RESETCALL R_100 3h"), "Trading is not offered for this duration.");
  EXPECT_EQ(said("CALL R_100 5t tick=3"), "CALL takes no multiplier, take profit or stop loss.");
  EXPECT_EQ(said("EXPIRYMISSE R_100 until:1790000000 +0.10 -0.10"), "nothing");
}

// ---- what they cost ----

core::Money payout(std::string_view text, std::string_view stake, std::string_view spot,
                   double commission = kCommission) {
  const auto spec = spec_from(text);
  PriceModel model;
  model.fixed_commission = commission;
  return payout_for(spec, *find_symbol(spec.symbol), usd(stake), price(spot, 2), model);
}

TEST(Families, CostWhatWasRecorded) {
  // contracts.md section 2.2, August and September 2026, 1HZ100V, for a stake of 1.
  EXPECT_EQ(payout("RUNHIGH 1HZ100V 2t", "1.00", "727.03"), usd("3.82"));
  EXPECT_EQ(payout("RUNLOW 1HZ100V 3t", "1.00", "727.03"), usd("7.63"));
  EXPECT_EQ(payout("RUNHIGH 1HZ100V 4t", "1.00", "727.03"), usd("15.27"));
  EXPECT_EQ(payout("RUNLOW 1HZ100V 5t", "1.00", "727.03"), usd("30.53"));
  EXPECT_EQ(payout("ASIANU 1HZ100V 5t", "1.00", "727.03"), usd("1.95"));
  // 0.011 to 0.012 over the odds of a walk.
  EXPECT_EQ(payout("TICKHIGH 1HZ100V 5t tick=1", "1.00", "727.03", 0.0115), usd("3.51"));
  EXPECT_EQ(payout("TICKLOW 1HZ100V 5t tick=5", "1.00", "727.03", 0.0115), usd("3.51"));
  EXPECT_EQ(payout("TICKHIGH 1HZ100V 5t tick=2", "1.00", "727.03"), usd("5.94"));
  EXPECT_EQ(payout("TICKLOW 1HZ100V 5t tick=4", "1.00", "727.03", 0.0118), usd("5.95"));
  EXPECT_EQ(payout("TICKHIGH 1HZ100V 5t tick=3", "1.00", "727.03", 0.0123), usd("6.54"));
  // Absolute barriers over an hour fit a touch that is watched without a gap.
  EXPECT_EQ(payout("ONETOUCH 1HZ100V 1h 1092.36", "1.00", "1070.31", 0.01075), usd("15.04"));
  EXPECT_EQ(payout("ONETOUCH 1HZ100V 1h 1049.52", "1.00", "1070.18", 0.01056), usd("12.61"));
  EXPECT_EQ(payout("NOTOUCH 1HZ100V 1h 1092.36", "1.00", "1070.69", 0.02), usd("1.04"));
  // Nearly impossible: 40 times the stake.
  EXPECT_EQ(payout("ONETOUCH 1HZ100V 5m 1092.36", "1.00", "1070.31"), usd("40.00"));
  EXPECT_EQ(payout("ONETOUCH 1HZ100V 5m 1049.52", "1.00", "1070.45"), usd("40.00"));
}

TEST(Families, CostWhatWasRecordedOfEndsOutside) {
  // May 2017: 10.00 cost 4.91 at a commission of 0.015.
  const auto spec = spec_from("EXPIRYMISS R_10 2m +1.250 -1.763");
  PriceModel model;
  model.fixed_commission = 0.015;
  const auto& symbol = *find_symbol("R_10");
  EXPECT_EQ(stake_for(spec, symbol, usd("10.00"), price("10745.728", 3), model), usd("4.91"));
}

TEST(Families, OfOppositesOneWins) {
  const auto probability = [](std::string_view text) {
    const auto spec = spec_from(text);
    return theoretical_probability(spec, *find_symbol(spec.symbol), price("1000.00", 2));
  };
  const auto sum = [&](std::string_view a, std::string_view b) {
    return probability(a) + probability(b);
  };
  EXPECT_DOUBLE_EQ(sum("ONETOUCH 1HZ100V 5m +1.00", "NOTOUCH 1HZ100V 5m +1.00"), 1);
  EXPECT_DOUBLE_EQ(sum("RANGE 1HZ100V 5m +1.00 -2.00", "UPORDOWN 1HZ100V 5m +1.00 -2.00"), 1);
  EXPECT_DOUBLE_EQ(sum("EXPIRYRANGE 1HZ100V 5m +1.00 -2.00", "EXPIRYMISS 1HZ100V 5m +1.00 -2.00"),
                   1);
  // What the E forms count as won besides has no weight in the model of the price.
  EXPECT_DOUBLE_EQ(probability("EXPIRYRANGEE 1HZ100V 5m +1.00 -2.00"),
                   probability("EXPIRYRANGE 1HZ100V 5m +1.00 -2.00"));
  EXPECT_DOUBLE_EQ(probability("EXPIRYMISSE 1HZ100V 5m +1.00 -2.00"),
                   probability("EXPIRYMISS 1HZ100V 5m +1.00 -2.00"));
  // By the series of a walk between two levels of one per cent, an hour at 100 %: 0.31139.
  EXPECT_NEAR(probability("RANGE 1HZ100V 1h +10.00 -10.00"), 0.31, 0.005);
  // Far apart it is what neither of the two touches leaves: 0.98999.
  EXPECT_NEAR(probability("RANGE 1HZ100V 1h +30.00 -30.00"), 0.98999, 0.00001);
  // A reset: 1/4 + 1/4 + 1/8.
  EXPECT_DOUBLE_EQ(probability("RESETCALL 1HZ100V 10t"), 0.625);
  EXPECT_DOUBLE_EQ(probability("RESETPUT 1HZ100V 1h"), 0.625);
}

TEST(Families, ARunningOneIsWorthWhatIsLeftOfIt) {
  const auto& symbol = *find_symbol("1HZ100V");
  const PriceModel model;
  const auto touch = lived(spec_from("ONETOUCH 1HZ100V 5m +5.00"), {"1000.00", "1004.90"});
  const auto far = lived(spec_from("ONETOUCH 1HZ100V 5m +5.00"), {"1000.00", "999.00"});
  EXPECT_GT(bid_for(symbol, touch, {kStart + 3}, model), bid_for(symbol, far, {kStart + 3}, model));
  EXPECT_EQ(bid_for(symbol, touch, {kStart + 300}, model), usd("0.00")) << "no time is left";
  const auto over = lived(spec_from("ONETOUCH 1HZ100V 5m +5.00"), {"1000.00", "1005.00"});
  EXPECT_EQ(bid_for(symbol, over, {kStart + 3}, model), usd("1.95"));
}

// ---- words and codes ----

TEST(Families, RulesInWordsSayWhereItEnds) {
  EXPECT_EQ(
      rule_in_words(spec_from("ONETOUCH R_100 5t +0.10")),
      "ONETOUCH, 5t: wins when a tick from the entry on reaches the entry +0.10; a tick on it "
      "reaches it. The entry is the first tick after the start; the exit is tick 5 after the "
      "entry, or the tick that decides it before.");
  EXPECT_EQ(
      rule_in_words(spec_from("EXPIRYRANGE R_100 5m 812.30 800.00")),
      "EXPIRYRANGE, 5m: wins when the exit is between 800.00 and 812.30; an exit on a barrier "
      "loses. The entry is the first tick after the start; the exit is the last tick at or "
      "before its end.");
}

TEST(Families, ShortcodesNameThem) {
  const auto agrees = [](std::string_view text, std::string_view code) {
    return shortcode_agrees(spec_from(text), code);
  };
  const auto touch = "ONETOUCH R_100 5m +0.10";
  EXPECT_EQ(agrees(touch, "ONETOUCH_R_100_2.50_1790000000_1790000300_S10P_0"), Agreement::kAgrees);
  EXPECT_EQ(agrees(touch, "ONETOUCH_R_100_2.50_1790000000_1790000300_S11P_0"), Agreement::kDiffers);
  EXPECT_EQ(agrees(touch, "NOTOUCH_R_100_2.50_1790000000_1790000300_S10P_0"), Agreement::kDiffers);
  const auto range = "RANGE R_100 5m 812.30 -0.10";
  EXPECT_FALSE(validate(*decode(range), *find_symbol("R_100")));
  const auto quotes = "RANGE R_100 5m 812.30 800.00";
  EXPECT_EQ(agrees(quotes, "RANGE_R_100_2.50_1790000000_1790000300_812300000_800000000"),
            Agreement::kAgrees);
  EXPECT_EQ(agrees(quotes, "RANGE_R_100_2.50_1790000000_1790000300_812300000_801000000"),
            Agreement::kDiffers);
  EXPECT_EQ(agrees("ASIANU R_100 5t", "ASIANU_R_100_1.95_1790000000_5T"), Agreement::kAgrees);
  EXPECT_EQ(agrees("RESETCALL R_100 5t", "RESETCALL_R_100_1.57_1790000000_5T_S0P_0"),
            Agreement::kAgrees);
  EXPECT_EQ(agrees("RUNHIGH R_100 5t", "RUNHIGH_R_100_30.53_1790000000_4T_S0P_0"),
            Agreement::kDiffers);
}

TEST(Families, AssumptionsHaveNamesOfTheirOwn) {
  for (const auto& a : kAssumptions) {
    const auto same = std::ranges::count(kAssumptions, a.name, &Assumption::name);
    EXPECT_EQ(same, 1) << a.name;
    EXPECT_FALSE(a.since.empty() || a.assumed.empty()) << a.name;
  }
}

TEST(Families, DocumentsNameEachTypeAndEachAssumption) {
  std::ifstream file(std::string(DERIVD_SOURCE) + "/docs/contracts.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  ASSERT_FALSE(text.empty());
  for (const auto* kind : all_kinds()) {
    EXPECT_NE(text.find(kind->name), std::string::npos) << kind->name;
  }
  EXPECT_EQ(all_kinds().size(), 35U);
  for (const auto& a : kAssumptions) {
    const auto row = fmt::format("| `{}` | {} | {} |", a.name, a.since, a.assumed);
    EXPECT_NE(text.find(row), std::string::npos) << row;
  }
}

}  // namespace
}  // namespace derivd::market
