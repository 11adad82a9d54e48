// What a session asks about the market beside its ticks, and the venue's list of symbols.
#include <gtest/gtest.h>

#include "deriv/market_questions.hpp"
#include "deriv/symbol_list.hpp"
#include "parts_rig.hpp"

namespace derivd::deriv::test {
namespace {

using core::VenueTime;
using market::kSecondsOfDay;

constexpr VenueTime kMidnight{1'782'000'000 / kSecondsOfDay * kSecondsOfDay};

struct QuestionsTest : testing::Test, PartRig {
  void pump() { questions.pump_offerings(requests, now); }
  Task& asked_with(const json& frame) {
    return *questions.find(frame["req_id"].get<std::int64_t>());
  }
  /// Asks for the next day at that time of the venue: its date, or "".
  std::string ask_day(VenueTime time) {
    questions.pump_hours(requests, time, now);
    const auto frame = only();
    if (!frame.contains("trading_times")) return {};
    answer(asked_with(frame));
    return frame["trading_times"];
  }
  /// Of frxEURUSD, open from 08:00 to 20:00, or closed all day.
  MarketQuestions::DayTaken give_day(bool open, VenueTime time) {
    TradingTimesPayload day;
    for (const auto* symbol : {"frxEURUSD", "frxOTHER"}) {
      auto& row = day.rows.emplace_back();
      row.symbol = symbol;
      row.day.open = {open ? "08:00:00" : "--"};
      row.day.close = {open ? "20:00:00" : "--"};
    }
    return questions.take_day(day, {"frxEURUSD"}, time, now);
  }
  MarketQuestions questions;
};

VenueTime day(int n) { return {kMidnight.s + n * kSecondsOfDay}; }

TEST_F(QuestionsTest, OffersAreAskedOncePerSymbolAndNotAgainWithinHours) {
  questions.want_offerings("frxEURUSD");
  questions.want_offerings("frxEURUSD");
  questions.want_offerings("no symbol");
  pump();
  const auto frame = only();
  EXPECT_EQ(frame["contracts_for"], "frxEURUSD");
  answer(asked_with(frame));
  EXPECT_EQ(*questions.offerings_answered(frame["req_id"].get<std::int64_t>(), now.instant),
            "frxEURUSD");
  pass(MarketQuestions::kOfferingsLast - seconds(1));
  questions.renew(true, now.instant);
  pump();
  EXPECT_TRUE(sent().empty());
  pass(seconds(1));
  questions.renew(true, now.instant);
  pump();
  EXPECT_EQ(only()["contracts_for"], "frxEURUSD");
}

TEST_F(QuestionsTest, WhatIsOnItsWayIsAskedAgainOnANewLinkAlone) {
  questions.want_offerings("frxEURUSD");
  pump();
  EXPECT_EQ(sent().size(), 1U);
  questions.renew(false, now.instant);
  pump();
  EXPECT_TRUE(sent().empty());
  questions.renew(true, now.instant);
  pump();
  EXPECT_EQ(sent().size(), 1U);
}

TEST_F(QuestionsTest, ARefusalIsAnAnswerAndAnotherRequestIsNone) {
  questions.want_offerings("frxEURUSD");
  pump();
  const auto id = only()["req_id"].get<std::int64_t>();
  EXPECT_FALSE(questions.offerings_refused(id + 1));
  EXPECT_FALSE(questions.offerings_answered(id + 1, now.instant));
  EXPECT_EQ(*questions.offerings_refused(id), "frxEURUSD");
  EXPECT_TRUE(questions.find(id)->done());
}

TEST_F(QuestionsTest, AskedAreTodayAndTomorrowAndThenTheNextMidnight) {
  const auto noon = kMidnight + std::chrono::hours(12);
  EXPECT_EQ(ask_day(noon), market::date_of(day(0)));
  EXPECT_FALSE(give_day(true, noon).whole);
  EXPECT_EQ(ask_day(noon), market::date_of(day(1)));
  EXPECT_TRUE(give_day(true, noon).whole);
  ASSERT_EQ(questions.hours().size(), 1U) << "of those that are wanted";
  EXPECT_EQ(questions.hours().begin()->second.known_until(), day(2));
  pass(std::chrono::hours(12));
  EXPECT_EQ(ask_day(day(1)), "") << "not before the venue's day is over";
  pass(seconds(1));
  EXPECT_EQ(ask_day(day(1) + seconds(1)), market::date_of(day(1)));
}

TEST_F(QuestionsTest, PastAClosedWeekendAndNoFurtherThanItsBound) {
  EXPECT_EQ(ask_day(day(0)), market::date_of(day(0)));
  for (int n = 0; n < MarketQuestions::kMostDays - 1; ++n) {
    ASSERT_FALSE(give_day(false, day(0)).whole) << n;
    ASSERT_EQ(ask_day(day(0)), market::date_of(day(n + 1)));
    pass(seconds(10));
  }
  EXPECT_TRUE(give_day(false, day(0)).whole);
  questions.renew(true, now.instant);
  EXPECT_EQ(ask_day(day(0)), market::date_of(day(0)));
  give_day(false, day(0));
  ask_day(day(0));
  EXPECT_FALSE(give_day(false, day(0)).whole);
  EXPECT_EQ(questions.opening_of("frxEURUSD", day(0)), std::nullopt);
  ask_day(day(0));
  EXPECT_TRUE(give_day(true, day(0)).whole);
  EXPECT_EQ(questions.opening_of("frxEURUSD", day(0)), day(2) + std::chrono::hours(8));
  EXPECT_EQ(questions.opening_of("frxEURUSD", day(2) + std::chrono::hours(9)), std::nullopt)
      << "it is open";
  EXPECT_EQ(questions.opening_of("R_100", day(0)), std::nullopt);
}

TEST_F(QuestionsTest, TimesThatMakeNoSenseAreLeftOut) {
  ask_day(day(0));
  TradingTimesPayload payload;
  payload.rows.emplace_back().symbol = "frxEURUSD";
  payload.rows.front().day.open = {"08:00:00"};  // and no end
  const auto taken = questions.take_day(payload, {"frxEURUSD"}, day(0), now);
  ASSERT_EQ(taken.senseless.size(), 1U);
  EXPECT_EQ(taken.senseless[0], "frxEURUSD");
  EXPECT_TRUE(questions.hours().empty());
}

TEST_F(QuestionsTest, TheNextOpeningThatAStreamWaitsForIsToldOnce) {
  EXPECT_FALSE(questions.opens({1000}));
  questions.wait_for({2000});
  questions.wait_for({1500});
  questions.wait_for({3000});
  EXPECT_FALSE(questions.opens({1499}));
  EXPECT_TRUE(questions.opens({1500}));
  EXPECT_FALSE(questions.opens({9999}));
}

market::ListedSymbol listed(std::string_view code, std::uint8_t decimals, std::string_view market) {
  market::ListedSymbol row;
  row.symbol.code = market::SymbolCode(code);
  row.symbol.decimals = decimals;
  row.symbol.market = market;
  return row;
}

TEST(SymbolList, TheVenuesDecimalsCountBeforeOurs) {
  SymbolList list;
  EXPECT_EQ(list.decimals_of("R_100"), 2) << "of market/symbol";
  EXPECT_EQ(list.decimals_of("frxXXXYYY"), std::nullopt);
  list.take({listed("R_100", 3, "synthetic_index"), listed("frxXXXYYY", 5, "forex")});
  EXPECT_EQ(list.decimals_of("R_100"), 3);
  EXPECT_EQ(list.decimals_of("frxXXXYYY"), 5);
}

TEST(SymbolList, OnlyAListedSymbolThatIsNoIndexOfTheVenuesHasHours) {
  SymbolList list;
  list.take({listed("R_100", 2, "synthetic_index"), listed("frxXXXYYY", 5, "forex")});
  EXPECT_TRUE(list.has_hours("frxXXXYYY"));
  EXPECT_FALSE(list.has_hours("R_100"));
  EXPECT_FALSE(list.has_hours("frxZZZ"));
}

TEST(SymbolList, AShortcodeNamesTheLongestSymbolThatFits) {
  SymbolList list;
  list.take({listed("NEW_1", 2, "forex"), listed("NEW", 2, "forex"), listed("OTHER", 2, "forex")});
  EXPECT_EQ(list.named_in("CALL_NEW_1_0.68_1700000000_1T"), "NEW_1");
  EXPECT_EQ(list.named_in("CALL_NEW_0.68_1700000000_1T"), "NEW");
  EXPECT_TRUE(list.named_in("CALL_NEWER_0.68_1700000000_1T").empty());
  EXPECT_TRUE(list.named_in("").empty());
}

TEST(SymbolList, HoldsNoMoreThanItsBound) {
  SymbolList list;
  list.take(std::vector(market::kMaxListed + 1, listed("R_100", 2, "synthetic_index")));
  EXPECT_EQ(list.rows().size(), market::kMaxListed);
}

}  // namespace
}  // namespace derivd::deriv::test
