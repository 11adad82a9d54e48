// Owns the tests of what each contract type is like, as docs/contracts.md tells it: one line for
// each type, which no other test needs to look at all of.
#include "market/kind.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "market/multiplier.hpp"
#include "market/pricing.hpp"
#include "market/rule.hpp"
#include "unit/market/market_fixture.hpp"

namespace derivd::market {
namespace {

std::string_view said(BarrierForm form) {
  switch (form) {
    case BarrierForm::kNone:
      return "against nothing";
    case BarrierForm::kEntry:
      return "against the entry";
    case BarrierForm::kOffset:
      return "against a barrier";
    case BarrierForm::kPair:
      return "against two barriers";
    case BarrierForm::kDigit:
      return "against a digit";
  }
  return "?";
}

std::string_view said(Resale resale) {
  switch (resale) {
    case Resale::kNever:
      return "kept to the end";
    case Resale::kTimed:
      return "resold if timed";
    case Resale::kAlways:
      return "resold";
  }
  return "?";
}

std::string lengths_of(const Needs& needs) {
  std::string out;
  if (needs.ticks) out += fmt::format(" {}-{}t", needs.min_ticks, needs.max_ticks);
  if (needs.time) out += fmt::format(" {}-{}s", needs.min_seconds, needs.max_seconds);
  return out.empty() ? " endless" : out;
}

std::string line_of(const Kind& kind) {
  auto out = fmt::format("{} {} ({}) {:+}{}, {}", kind.name, kind.v3_name, kind.family,
                         kind.direction, lengths_of(kind.needs), said(kind.needs.barrier));
  if (has_form(ContractType(kind), BarrierForm::kDigit)) {
    out += fmt::format(" {}-{}", kind.needs.lowest_digit, kind.needs.highest_digit);
  }
  out += fmt::format(", {}", said(kind.resale));
  if (kind.tie_wins) out += ", a tie wins";
  if (kind.entry_counts) out += ", the entry is tick 1";
  if (kind.entry == EntryRule::kKnown) out += ", enters at the known tick";
  if (kind.path_dependent) out += ", any tick decides";
  if (kind.payoff == Payoff::kValue) out += ", pays its value";
  if (kind.needs.quotes_digits) out += ", of digits";
  if (kind.needs.digit_is_priced) out += " that are priced";
  if (kind.needs.multiplier) out += ", with a multiplier";
  if (kind.needs.growth) out += ", with a growth rate";
  if (kind.needs.points) out += ", or by what a point pays";
  if (kind.needs.select_of > 0) out += fmt::format(", one of {}", kind.needs.select_of);
  return out;
}

TEST(Kinds, AreTheThirtyFiveOfTheDocument) {
  std::string all;
  for (const auto* kind : all_kinds()) all += line_of(*kind) + "\n";
  EXPECT_EQ(
      all,
      "CALL CALL (rise/fall) +1 1-10t 15-31536000s, against the entry, resold if timed\n"
      "PUT PUT (rise/fall) -1 1-10t 15-31536000s, against the entry, resold if timed\n"
      "CALLE CALLE (rise/fall) +1 1-10t 15-31536000s, against the entry, resold if timed, a tie "
      "wins\n"
      "PUTE PUTE (rise/fall) -1 1-10t 15-31536000s, against the entry, resold if timed, a tie "
      "wins\n"
      "HIGHER CALL (higher/lower) +1 1-10t 15-31536000s, against a barrier, resold if timed\n"
      "LOWER PUT (higher/lower) -1 1-10t 15-31536000s, against a barrier, resold if timed\n"
      "DIGITEVEN DIGITEVEN (digit) +0 1-10t, against nothing, kept to the end, the entry is tick "
      "1, of digits\n"
      "DIGITODD DIGITODD (digit) +0 1-10t, against nothing, kept to the end, the entry is tick 1, "
      "of digits\n"
      "DIGITMATCH DIGITMATCH (digit) +0 1-10t, against a digit 0-9, kept to the end, the entry is "
      "tick 1, of digits\n"
      "DIGITDIFF DIGITDIFF (digit) +0 1-10t, against a digit 0-9, kept to the end, the entry is "
      "tick 1, of digits\n"
      "DIGITOVER DIGITOVER (digit) +0 1-10t, against a digit 0-8, kept to the end, the entry is "
      "tick 1, of digits that are priced\n"
      "DIGITUNDER DIGITUNDER (digit) +0 1-10t, against a digit 1-9, kept to the end, the entry is "
      "tick 1, of digits that are priced\n"
      "MULTUP MULTUP (multiplier) +1 endless, against nothing, resold, pays its value, with a "
      "multiplier\n"
      "MULTDOWN MULTDOWN (multiplier) -1 endless, against nothing, resold, pays its value, with a "
      "multiplier\n"
      "ONETOUCH ONETOUCH (touch) +0 5-10t 120-31536000s, against a barrier, resold if timed, any "
      "tick decides\n"
      "NOTOUCH NOTOUCH (touch) +0 5-10t 120-31536000s, against a barrier, resold if timed, any "
      "tick decides\n"
      "EXPIRYRANGE EXPIRYRANGE (range) +0 120-31536000s, against two barriers, resold if timed\n"
      "EXPIRYMISS EXPIRYMISS (range) +0 120-31536000s, against two barriers, resold if timed\n"
      "EXPIRYRANGEE EXPIRYRANGEE (range) +0 120-31536000s, against two barriers, resold if timed\n"
      "EXPIRYMISSE EXPIRYMISSE (range) +0 120-31536000s, against two barriers, resold if timed\n"
      "RANGE RANGE (range) +0 120-31536000s, against two barriers, resold if timed, any tick "
      "decides\n"
      "UPORDOWN UPORDOWN (range) +0 120-31536000s, against two barriers, resold if timed, any "
      "tick decides\n"
      "ASIANU ASIANU (asian) +1 5-10t, against nothing, kept to the end, the entry is tick 1, any "
      "tick decides\n"
      "ASIAND ASIAND (asian) -1 5-10t, against nothing, kept to the end, the entry is tick 1, any "
      "tick decides\n"
      "RUNHIGH RUNHIGH (run) +1 2-5t, against nothing, kept to the end, any tick decides\n"
      "RUNLOW RUNLOW (run) -1 2-5t, against nothing, kept to the end, any tick decides\n"
      "TICKHIGH TICKHIGH (high tick) +1 5-5t, against nothing, kept to the end, the entry is tick "
      "1, any tick decides, one of 5\n"
      "TICKLOW TICKLOW (high tick) -1 5-5t, against nothing, kept to the end, the entry is tick "
      "1, any tick decides, one of 5\n"
      "RESETCALL RESETCALL (reset) +1 5-10t 20-7200s, against the entry, kept to the end, any "
      "tick decides\n"
      "RESETPUT RESETPUT (reset) -1 5-10t 20-7200s, against the entry, kept to the end, any tick "
      "decides\n"
      "ACCU ACCU (accumulator) +0 endless, against nothing, resold, any tick decides, pays its "
      "value, with a growth rate\n"
      "TURBOSLONG TURBOSLONG (turbo) +1 5-10t 15-86400s, against a barrier, resold if timed, "
      "enters at the known tick, any tick decides, pays its value, or by what a point pays\n"
      "TURBOSSHORT TURBOSSHORT (turbo) -1 5-10t 15-86400s, against a barrier, resold if timed, "
      "enters at the known tick, any tick decides, pays its value, or by what a point pays\n"
      "VANILLALONGCALL VANILLALONGCALL (vanilla) +1 60-31536000s, against a barrier, resold if "
      "timed, enters at the known tick, pays its value\n"
      "VANILLALONGPUT VANILLALONGPUT (vanilla) -1 60-31536000s, against a barrier, resold if "
      "timed, enters at the known tick, pays its value\n");
}

TEST(Kinds, HaveTheAmountsOfTheVenue) {
  for (const auto* kind : all_kinds()) {
    const auto& a = kind->amounts;
    const auto text = fmt::format("{} {} {}", a.min_stake.to_string(),
                                  a.max_stake ? a.max_stake->to_string() : "-",
                                  a.max_payout ? a.max_payout->to_string() : "-");
    const std::string_view wanted = has_payout(*kind)               ? "0.35 - 50000.00"
                                    : kind->family == "accumulator" ? "1.00 1000.00 -"
                                                                    : "1.00 2000.00 -";
    EXPECT_EQ(text, wanted) << kind->name;
  }
}

TEST(Kinds, AddAShareToARunsPriceAndBoundThePayoutOfABarrier) {
  for (const auto* kind : all_kinds()) {
    EXPECT_EQ(kind->margin_nano, kind->family == "run" ? 48'000'000 : 0) << kind->name;
    const bool bounded = kind->family == "touch" || kind->family == "range";
    EXPECT_EQ(kind->least_price_nano, bounded ? 25'000'000 : 1) << kind->name;
  }
}

// Where they follow from the rule alone, whatever the symbol.
TEST(Kinds, KnowTheOddsThatTheirRuleHas) {
  const auto odds = [](std::string_view text) {
    const auto spec = decode(text).value();
    const auto& kind = kind_of(spec.type);
    const auto fair = kind.fair != nullptr ? kind.fair(spec) : std::nullopt;
    return fair.value_or(-1);
  };
  EXPECT_DOUBLE_EQ(odds("CALL R_100 5t"), 0.5);
  EXPECT_DOUBLE_EQ(odds("PUT R_100 5t"), 0.5);
  EXPECT_DOUBLE_EQ(odds("CALLE R_100 5t"), -1) << "how often it ties, nobody says";
  EXPECT_DOUBLE_EQ(odds("HIGHER R_100 5t +0.10"), -1);
  EXPECT_DOUBLE_EQ(odds("DIGITEVEN R_100 1t"), 0.5);
  EXPECT_DOUBLE_EQ(odds("DIGITODD R_100 1t"), 0.5);
  EXPECT_DOUBLE_EQ(odds("DIGITMATCH R_100 1t =3"), 0.1);
  EXPECT_DOUBLE_EQ(odds("DIGITDIFF R_100 1t =3"), 0.9);
  EXPECT_DOUBLE_EQ(odds("DIGITOVER R_100 1t =3"), 0.6);
  EXPECT_DOUBLE_EQ(odds("DIGITUNDER R_100 1t =3"), 0.3);
  EXPECT_DOUBLE_EQ(odds("DIGITUNDER R_100 1t"), -1) << "of which digit?";
  EXPECT_DOUBLE_EQ(odds("ASIANU R_100 5t"), 0.5);
  EXPECT_DOUBLE_EQ(odds("RUNHIGH R_100 3t"), 0.125);
  EXPECT_DOUBLE_EQ(odds("TICKHIGH R_100 5t tick=1"), 70.0 / 256);
  EXPECT_DOUBLE_EQ(odds("TICKLOW R_100 5t tick=2"), 40.0 / 256);
  EXPECT_DOUBLE_EQ(odds("TICKHIGH R_100 5t tick=3"), 36.0 / 256);
  EXPECT_DOUBLE_EQ(odds("ONETOUCH R_100 5t +0.10"), -1);
  EXPECT_DOUBLE_EQ(odds("RESETCALL R_100 5t"), -1);
}

TEST(Kinds, HaveTheirRuleInWords) {
  const auto rule = [](std::string_view text) {
    const auto spec = decode(text).value();
    return kind_of(spec.type).rule(spec);
  };
  EXPECT_EQ(rule("PUTE R_100 5t"), "wins when the exit is at or below the entry");
  EXPECT_EQ(rule("LOWER R_100 5t +0.10"),
            "wins when the exit is below the entry plus 0.10; a tie loses");
  EXPECT_EQ(rule("DIGITUNDER R_100 1t =3"), "wins when the last digit of the exit is below 3");
  EXPECT_EQ(rule("MULTDOWN R_100 - multiplier=30"),
            "worth the stake plus stake x 30 x the fall of the quote since the entry, less the "
            "commission, never below 0; closed when nothing is left");
  EXPECT_EQ(rule("NOTOUCH R_100 5t 812.30"),
            "wins when no tick from the entry on reaches 812.30; a tick on it reaches it");
  EXPECT_EQ(rule("UPORDOWN R_100 5m +0.10 -0.20"),
            "wins when a tick from the entry on is not between the entry -0.20 and the entry "
            "+0.10; a tick on a barrier has left");
  EXPECT_EQ(rule("ASIAND R_100 5t"),
            "wins when the last tick is below the mean of all its ticks, the entry and the last "
            "one included; a tie loses");
  EXPECT_EQ(rule("RUNLOW R_100 3t"),
            "wins when each of the 3 moves after the entry is strictly down");
  EXPECT_EQ(rule("RUNHIGH R_100 3t"),
            "wins when each of the 3 moves after the entry is strictly up");
  EXPECT_EQ(rule("TICKLOW R_100 5t tick=2"),
            "wins when tick 2 of five is the lowest of them, the entry being tick 1; a tie loses");
  EXPECT_EQ(rule("TICKHIGH R_100 5t tick=2"),
            "wins when tick 2 of five is the highest of them, the entry being tick 1; a tie loses");
  EXPECT_EQ(rule("RESETPUT R_100 5t"),
            "wins when the exit is below the entry, or below the quote of its middle where that is "
            "above the entry; a tie loses");
  EXPECT_EQ(rule("TURBOSLONG R_100 5t -1.00"),
            "pays for each contract how far the exit is above its barrier, and nothing once a tick "
            "has reached it");
  EXPECT_EQ(rule("TURBOSSHORT R_100 5t +1.00"),
            "pays for each contract how far the exit is below its barrier, and nothing once a tick "
            "has reached it");
  EXPECT_EQ(rule("VANILLALONGCALL R_100 5m +1.00"),
            "pays for each contract how far the exit is above the strike, the entry +1.00");
  EXPECT_EQ(rule("VANILLALONGPUT R_100 5m 812.30"),
            "pays for each contract how far the exit is below the strike, 812.30");
  EXPECT_EQ(rule("ACCU R_100 - growth=0.03"),
            "grows by 0.03 of itself at each tick after the entry, ends for nothing at a tick that "
            "is too far from the one before, and is closed when it has reached its take profit or "
            "its most ticks");
}

TEST(Kinds, AreBoughtBackAsTheirRowSays) {
  const auto resold = [](std::string_view text) { return is_resold(decode(text).value()); };
  EXPECT_TRUE(resold("CALL R_100 1m"));
  EXPECT_FALSE(resold("CALL R_100 5t"));
  EXPECT_FALSE(resold("DIGITODD R_100 5t"));
  EXPECT_TRUE(resold("MULTUP R_100 - multiplier=30"));
  EXPECT_FALSE(resold("RESETCALL R_100 1m"));
}

TEST(Kinds, OfOneBookAreAlike) {
  EXPECT_TRUE(booked_alike(ContractType::kCall, ContractType::kHigher));
  EXPECT_TRUE(booked_alike(ContractType::kLower, ContractType::kPut));
  EXPECT_FALSE(booked_alike(ContractType::kCall, ContractType::kPut));
  EXPECT_FALSE(booked_alike(ContractType::kCall, ContractType::kCallE));
  EXPECT_EQ(with_offset("CALL"), ContractType::kHigher);
  EXPECT_EQ(with_offset("LOWER"), ContractType::kLower);
  EXPECT_EQ(with_offset("CALLE"), std::nullopt);
  EXPECT_EQ(rank_of(ContractType::kCall), 0U);
  EXPECT_EQ(rank_of(ContractType::kHigher), 4U);
}

// 150 yen a dollar, 100,000 dollars a bitcoin, and nothing less than a dollar's amount is.
TEST(Amounts, OfOtherCurrenciesAreRoughlyThoseOfTheDollar) {
  EXPECT_EQ(in_currency(usd("0.35"), 2), usd("0.35"));
  EXPECT_EQ(in_currency(usd("0.35"), 0), core::Money::minor(53, 0)) << "52.5, rounded up";
  EXPECT_EQ(in_currency(usd("1.00"), 0), core::Money::minor(150, 0));
  EXPECT_EQ(in_currency(usd("1.00"), 8), core::Money::minor(1'000, 8));
  EXPECT_EQ(in_currency(usd("0.35"), 8), core::Money::minor(350, 8));
  EXPECT_EQ(in_currency(usd("0.01"), 3), core::Money::minor(10, 3));
  const auto yen = kOptionAmounts.in(0);
  EXPECT_EQ(yen.min_stake, core::Money::minor(53, 0));
  EXPECT_EQ(yen.max_stake, std::nullopt);
  EXPECT_EQ(yen.max_payout, core::Money::minor(7'500'000, 0));
}

TEST(Cancellation, IsThereForAnyTimeAndForNothingElse) {
  const auto has = [](std::int64_t count, ContractDuration::Unit unit) {
    auto spec = spec_of(ContractType::kMultUp, "");
    spec.terms = MultiplierTerms{100, {}, {}, ContractDuration{count, unit}};
    return has_cancellation(spec);
  };
  EXPECT_TRUE(has(1, ContractDuration::Unit::kHours));
  EXPECT_TRUE(has(1, ContractDuration::Unit::kDays));
  EXPECT_FALSE(has(0, ContractDuration::Unit::kMinutes));
  EXPECT_FALSE(has(-1, ContractDuration::Unit::kMinutes));
  EXPECT_FALSE(has(5, ContractDuration::Unit::kTicks));
  EXPECT_FALSE(has(1'790'000'000, ContractDuration::Unit::kUntil));
  EXPECT_FALSE(has_cancellation(spec_of(ContractType::kCall, "5t")));
}

}  // namespace
}  // namespace derivd::market
