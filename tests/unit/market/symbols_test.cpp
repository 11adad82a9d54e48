// What is known of all symbols, what is offered on one, and when it is open.
#include "market/symbols.hpp"

#include <algorithm>

#include "unit/market/market_fixture.hpp"

namespace derivd::market {
namespace {

using core::VenueTime;

constexpr VenueTime kMonday{1'795'996'800};  // 2026-11-30 00:00 UTC
constexpr std::int64_t kDay = 86'400;

ListedSymbol listed(std::string_view code, std::uint8_t decimals, std::string_view market,
                    std::string_view name = {}) {
  ListedSymbol out;
  out.symbol.code = code;
  out.symbol.decimals = decimals;
  out.symbol.market = market;
  out.symbol.display_name = name;
  return out;
}

Offer offer(std::string_view type, Offer::Length length, std::string_view from,
            std::string_view to) {
  Offer out;
  out.type = type;
  out.length = length;
  out.shortest = ContractDuration::parse(from).value();
  out.longest = ContractDuration::parse(to).value();
  return out;
}

ContractSpec call(std::string_view symbol, std::string_view duration) {
  ContractSpec out;
  out.symbol = symbol;
  out.duration = ContractDuration::parse(duration).value();
  return out;
}

TEST(Symbols, AreTheSnapshotUntilTheVenueWasAsked) {
  const Symbols symbols;
  EXPECT_FALSE(symbols.is_learned());
  EXPECT_EQ(symbols.all().size(), known_symbols().size());
  EXPECT_EQ(symbols.find("R_100")->decimals, 2);
  EXPECT_EQ(symbols.find("frxEURUSD"), nullptr);
  EXPECT_EQ(symbols.get("frxEURUSD").decimals, 8) << "nothing is refused that may fit";
  EXPECT_EQ(symbols.source(), "derivd's own list of 2026-11-28");
  EXPECT_EQ(symbols.find(std::string(31, 'x')), nullptr);
}

TEST(Symbols, OfTheVenueStandOverTheSnapshotWhoseModelsStay) {
  const Symbols before;
  const auto symbols = before.with_list(std::vector{listed("frxEURUSD", 5, "forex", "EUR/USD"),
                                                    listed("R_100", 3, "synthetic_index")},
                                        kMonday, "https://venue.test");
  EXPECT_EQ(symbols.find("frxEURUSD")->decimals, 5);
  EXPECT_EQ(symbols.find("frxEURUSD")->sigma_percent, 0);
  EXPECT_FALSE(symbols.find("frxEURUSD")->is_synthetic());
  EXPECT_EQ(symbols.find("R_100")->decimals, 3) << "the venue knows better";
  EXPECT_EQ(symbols.find("R_100")->sigma_percent, 100);
  EXPECT_EQ(symbols.find("R_100")->interval_s, 2);
  EXPECT_EQ(symbols.find("R_100")->display_name, "Volatility 100 Index");
  EXPECT_EQ(symbols.all().size(), 2U) << "what is not listed any more";
  EXPECT_NE(symbols.find("R_50"), nullptr) << "contracts of before are still on it";
  EXPECT_EQ(symbols.listed("R_50"), nullptr);
  EXPECT_EQ(symbols.source(), "the venue's list of 2026-11-30 00:00 UTC");
  EXPECT_EQ(before.find("frxEURUSD"), nullptr) << "a value does not change";
  EXPECT_EQ(symbols.with_list({}, kMonday, "x").all().size(), 2U) << "an empty list says nothing";
}

TEST(Symbols, TheNearestIsNamed) {
  const auto symbols =
      Symbols{}.with_list(std::vector{listed("frxEURUSD", 5, "forex", "EUR/USD"),
                                      listed("R_75", 4, "synthetic_index", "Volatility 75 Index")},
                          kMonday, {});
  EXPECT_EQ(symbols.nearest("frxEURUSB"), "frxEURUSD");
  EXPECT_EQ(symbols.nearest("eur/usd"), "frxEURUSD");
  EXPECT_EQ(symbols.nearest("V75"), "R_75");
  EXPECT_EQ(symbols.nearest("somethingElse"), "");
}

TEST(Symbols, WhatIsOfferedPutsTheSnapshotsListsAside) {
  Offerings offerings;
  offerings.asked = kMonday;
  offerings.offers = {offer("DIGITODD", Offer::Length::kTicks, "1t", "10t"), Offer{}};
  offerings.offers[1].type = "MULTUP";
  offerings.offers[1].multipliers = {40, 100};
  ASSERT_FALSE(find_symbol("stpRNG")->has_digits);
  ASSERT_NE(find_symbol("R_75")->multipliers[0], 0);
  const auto symbols = Symbols{}
                           .with_list(std::vector{listed("stpRNG", 1, "synthetic_index"),
                                                  listed("R_75", 4, "synthetic_index"),
                                                  listed("frxEURUSD", 5, "forex")},
                                      kMonday, {})
                           .with_offerings("stpRNG", offerings)
                           .with_offerings("R_75", offerings);
  EXPECT_TRUE(symbols.find("stpRNG")->has_digits);
  EXPECT_EQ(symbols.find("R_75")->multipliers[0], 0) << "the offerings have the list";
  ASSERT_NE(symbols.offerings("R_75"), nullptr);
  EXPECT_EQ(*symbols.offerings("R_75"), offerings);
  EXPECT_EQ(symbols.offerings("frxEURUSD"), nullptr) << "anything, as far as is known";
}

TEST(Offerings, OfTheSnapshotKnowTypesAndNoLengths) {
  const Symbols symbols;
  const auto* crash = symbols.offerings("CRASH500");
  ASSERT_NE(crash, nullptr);
  EXPECT_EQ(crash->problem_of(call("CRASH500", "5t")),
            "CALL is not offered on CRASH500; offered: ACCU, MULTUP, MULTDOWN");
  EXPECT_EQ(symbols.offerings("stpRNG")->problem_of(call("stpRNG", "3t")), std::nullopt);
}

TEST(Offerings, JudgeTheLengthInItsOwnClass) {
  Offerings offerings;
  offerings.asked = kMonday;
  offerings.offers = {offer("CALL", Offer::Length::kTicks, "5t", "10t"),
                      offer("CALL", Offer::Length::kIntraday, "15m", "1d"),
                      offer("CALL", Offer::Length::kDaily, "1d", "365d")};
  const auto problem = [&](std::string_view duration) {
    return offerings.problem_of(call("frxEURUSD", duration));
  };
  for (const auto* fine : {"5t", "10t", "15m", "23h", "1d", "365d"}) {
    EXPECT_EQ(problem(fine), std::nullopt) << fine;
  }
  for (const auto* none : {"4t", "11t", "15s", "14m", "366d"}) {
    EXPECT_EQ(problem(none), fmt::format("CALL of {} is not offered on frxEURUSD; offered: 5t to "
                                         "10t, 15m to 1d, 1d to 365d",
                                         none));
  }
}

TEST(Offerings, JudgeMultipliersByTheVenuesList) {
  Offerings offerings;
  offerings.asked = kMonday;
  offerings.offers.emplace_back().type = "MULTUP";
  offerings.offers[0].multipliers = {40, 100};
  ContractSpec spec;
  spec.type = ContractType::kMultUp;
  spec.symbol = "frxEURUSD";
  spec.terms = MultiplierTerms{100, {}, {}, {}};
  EXPECT_EQ(offerings.problem_of(spec), std::nullopt);
  spec.terms = MultiplierTerms{50, {}, {}, {}};
  EXPECT_EQ(offerings.problem_of(spec),
            "MULTUP on frxEURUSD: a multiplier of 50 is not offered; offered: 40, 100");
}

MarketDay day(std::int64_t after_monday, std::vector<std::string> open,
              std::vector<std::string> close) {
  MarketDay out;
  out.midnight = {kMonday.s + after_monday * kDay};
  out.open = std::move(open);
  out.close = std::move(close);
  return out;
}

TEST(TradingHours, TheNightBetweenTwoOpenDaysIsNoPause) {
  TradingHours hours;
  ASSERT_TRUE(hours.add(day(0, {"00:00:00"}, {"23:59:59"})));
  ASSERT_TRUE(hours.add(day(1, {"00:00:00"}, {"20:55:00"})));
  EXPECT_EQ(hours.spans().size(), 1U);
  EXPECT_FALSE(hours.is_closed({kMonday.s + kDay - 1}));
  EXPECT_FALSE(hours.is_closed({kMonday.s + kDay}));
  const VenueTime close{kMonday.s + kDay + 20 * 3600 + 55 * 60};
  EXPECT_EQ(hours.closes(kMonday), close);
  EXPECT_FALSE(hours.is_closed(close - std::chrono::seconds(1)));
  EXPECT_TRUE(hours.is_closed(close));
  EXPECT_EQ(hours.closed_text(close), "closed at least until 2026-12-02 00:00 UTC");
  EXPECT_FALSE(hours.is_closed({kMonday.s + 2 * kDay})) << "nobody was asked about that day";
  EXPECT_FALSE(hours.is_closed({kMonday.s - 1}));
}

TEST(TradingHours, AWeekendEndsAtItsOpening) {
  TradingHours hours;
  ASSERT_TRUE(hours.add(day(-2, {"--"}, {"--"})));
  ASSERT_TRUE(hours.add(day(-1, {"22:00:00"}, {"23:59:59"})));
  const VenueTime saturday{kMonday.s - 2 * kDay + 3600};
  EXPECT_EQ(hours.closed_text(saturday), "closed until 2026-11-29 22:00 UTC");
  EXPECT_EQ(hours.opens(saturday), (VenueTime{kMonday.s - 2 * 3600}));
  EXPECT_EQ(hours.closed_text({kMonday.s - 3600}), "");
}

TEST(TradingHours, EventsCloseEarlyAndHolidaysAreNamed) {
  TradingHours hours;
  auto friday = day(4, {"00:00:00"}, {"23:59:59"});
  friday.events = {{"Fridays", "Closes early (at 20:55)"}, {"Mondays", "Closes early (at 01:00)"}};
  ASSERT_TRUE(hours.add(friday));
  EXPECT_EQ(hours.spans().back().to, (VenueTime{friday.midnight.s + 20 * 3600 + 55 * 60}));
  auto holiday = day(5, {"--"}, {"--"});
  holiday.events = {{"2026-12-05", "Saint Nicholas"}, {"2026-12-25", "Christmas Day"}};
  ASSERT_TRUE(hours.add(holiday));
  ASSERT_TRUE(hours.add(day(6, {"22:00"}, {"24:00"})) == false) << "24:00 is no time of a day";
  EXPECT_EQ(hours.closed_text(holiday.midnight),
            "closed at least until 2026-12-06 00:00 UTC (Saint Nicholas)");
}

TEST(TradingHours, WhatMakesNoSenseIsNotTaken) {
  TradingHours hours;
  EXPECT_FALSE(hours.add(day(0, {"00:00:00"}, {})));
  EXPECT_FALSE(hours.add(day(0, {"noon"}, {"23:59:59"})));
  EXPECT_FALSE(hours.knows(kMonday));
  auto off = day(0, {"00:00:00"}, {"23:59:59"});
  off.days = {"Tue", "Wed"};
  ASSERT_TRUE(hours.add(off));
  EXPECT_TRUE(hours.is_closed(kMonday)) << "no trading day";
  ASSERT_TRUE(hours.add(day(5, {"00:00:00"}, {"23:59:59"}))) << "begins anew";
  EXPECT_FALSE(hours.knows(kMonday));
}

}  // namespace
}  // namespace derivd::market
