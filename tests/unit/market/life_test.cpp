#include "market/spec.hpp"

#include "unit/market/market_fixture.hpp"

namespace derivd::market {
namespace {

using core::VenueTime;

TEST(Duration, ParsesWhatPeopleWrite) {
  for (const auto* text : {"1t", "10t", "15s", "5m", "1h", "365d"}) {
    EXPECT_EQ(lasting(text).to_string(), text);
  }
  EXPECT_EQ(lasting("90s").seconds(), 90);
  EXPECT_EQ(lasting("5m").seconds(), 300);
  EXPECT_EQ(lasting("2h").seconds(), 7200);
  EXPECT_EQ(lasting("1d").seconds(), 86400);
  EXPECT_TRUE(lasting("5t").in_ticks());
  EXPECT_FALSE(lasting("5m").in_ticks());
}

TEST(Duration, RefusesEverythingElse) {
  for (const auto* text : {"", "5", "t", "0t", "-1t", "+5t", " 5t", "5t ", "5 t", "1.5m", "5x",
                           "5T", "99999999999t", "5tt", "m5", "1e1s"}) {
    EXPECT_FALSE(ContractDuration::parse(text)) << text;
  }
}

TEST(Duration, DaysEndAtTheCloseOfTheirLastDay) {
  // Captured: bought 2017-05-17 08:55:52, one day, "at close on 2017-05-18".
  EXPECT_EQ(expiry_of(lasting("1d"), VenueTime{1495011352}), VenueTime{1495151999});
  EXPECT_EQ(expiry_of(lasting("24h"), VenueTime{1495011352}), VenueTime{1495011352 + 86400});
}

TEST(ContractTypes, NamesGoBothWays) {
  for (const auto* kind : all_kinds()) {
    EXPECT_EQ(contract_type_from(kind->name), ContractType(*kind));
  }
  EXPECT_EQ(name_of(ContractType::kHigher), "HIGHER");
  EXPECT_EQ(contract_type_from("call"), std::nullopt);
  EXPECT_EQ(contract_type_from(""), std::nullopt);
}

TEST(Wins, TiesLoseExceptInTheEqualForms) {
  const auto p = [](const char* t) { return price(t, 2); };
  const auto won = [&](ContractType type, const char* exit) {
    return wins(spec_of(type, "1t"), p("100.00"), p(exit));
  };
  EXPECT_TRUE(won(ContractType::kCall, "100.01"));
  EXPECT_FALSE(won(ContractType::kCall, "100.00"));
  EXPECT_FALSE(won(ContractType::kPut, "100.00"));
  EXPECT_TRUE(won(ContractType::kPut, "99.99"));
  EXPECT_TRUE(won(ContractType::kCallE, "100.00"));
  EXPECT_FALSE(won(ContractType::kCallE, "99.99"));
  EXPECT_TRUE(won(ContractType::kPutE, "100.00"));
  EXPECT_FALSE(won(ContractType::kPutE, "100.01"));
}

TEST(Wins, BarriersAreOffsetsFromTheEntryAndEqualLoses) {
  const auto higher = barrier_spec(ContractType::kHigher, "1m", "R_100", "+0.10");
  EXPECT_FALSE(wins(higher, price("50.00", 2), price("50.10", 2)));
  EXPECT_TRUE(wins(higher, price("50.00", 2), price("50.11", 2)));
  const auto lower = barrier_spec(ContractType::kLower, "1m", "R_100", "-0.10");
  EXPECT_FALSE(wins(lower, price("50.00", 2), price("49.90", 2)));
  EXPECT_TRUE(wins(lower, price("50.00", 2), price("49.89", 2)));
  const auto easy = barrier_spec(ContractType::kHigher, "1m", "R_100", "-0.10");
  EXPECT_TRUE(wins(easy, price("50.00", 2), price("49.91", 2)));
}

TEST(Wins, DigitsAreThoseOfTheFormattedPrice) {
  const auto exit = price("2550.6", 3);  // shown as 2550.600
  const auto won = [&](ContractType type, int prediction = -1) {
    return wins(spec_of(type, "1t", "R_25", prediction), exit, exit);
  };
  EXPECT_TRUE(won(ContractType::kDigitEven));
  EXPECT_FALSE(won(ContractType::kDigitOdd));
  EXPECT_TRUE(won(ContractType::kDigitMatch, 0));
  EXPECT_FALSE(won(ContractType::kDigitMatch, 6));
  EXPECT_FALSE(won(ContractType::kDigitDiff, 0));
  EXPECT_TRUE(won(ContractType::kDigitUnder, 1));
  EXPECT_FALSE(won(ContractType::kDigitOver, 0));
}

TEST(Life, ATickAtTheStartIsNeverTheEntry) {
  // Captured: start 1736296960 is itself a tick; the entry is the one after.
  auto life = life_of(spec_of(ContractType::kCall, "1m"), VenueTime{1736296960});
  EXPECT_FALSE(life.on_tick(tick(1736296960, "1523.00")));
  EXPECT_FALSE(life.entry());
  EXPECT_FALSE(life.on_tick(tick(1736296962, "1522.75")));
  ASSERT_TRUE(life.entry());
  EXPECT_EQ(life.entry()->epoch, VenueTime{1736296962});
  EXPECT_EQ(life.barrier_price(), price("1522.75", 2));
}

TEST(Life, RiseFallLeavesNTicksAfterTheEntry) {
  auto life = life_of(spec_of(ContractType::kCall, "2t"), VenueTime{100});
  EXPECT_EQ(life.expiry(), VenueTime{104});
  EXPECT_FALSE(life.on_tick(tick(102, "10.00")));
  EXPECT_EQ(life.ticks_passed(), 0);
  EXPECT_FALSE(life.on_tick(tick(104, "10.05")));
  EXPECT_EQ(life.ticks_passed(), 1);
  EXPECT_TRUE(life.on_tick(tick(106, "10.01")));
  EXPECT_EQ(result_of(life), End::kWon);
  EXPECT_EQ(life.exit()->epoch, VenueTime{106});
  EXPECT_EQ(life.expiry(), VenueTime{106});
  EXPECT_TRUE(life.is_over());
  EXPECT_FALSE(life.on_tick(tick(108, "1.00")));
  EXPECT_EQ(result_of(life), End::kWon);
  EXPECT_EQ(life.last()->epoch, VenueTime{106});
}

TEST(Life, DigitsCountTheEntryAsTheFirstTick) {
  auto one = life_of(spec_of(ContractType::kDigitOdd, "1t"), VenueTime{100});
  EXPECT_TRUE(one.on_tick(tick(102, "10.03")));
  EXPECT_EQ(result_of(one), End::kWon);
  EXPECT_EQ(one.entry(), one.exit());
  EXPECT_EQ(one.barrier_price(), std::nullopt);
  auto five = life_of(spec_of(ContractType::kDigitOdd, "5t"), VenueTime{100});
  for (int i = 1; i < 5; ++i) {
    EXPECT_FALSE(five.on_tick(tick(100 + 2 * i, "10.03")));
    EXPECT_EQ(five.ticks_passed(), i);
  }
  EXPECT_TRUE(five.on_tick(tick(110, "10.04")));
  EXPECT_EQ(result_of(five), End::kLost);
}

TEST(Life, ATimedContractLeavesAtTheLastTickWithinIt) {
  auto life = life_of(spec_of(ContractType::kPut, "15s"), VenueTime{100});
  EXPECT_EQ(life.expiry(), VenueTime{115});
  EXPECT_FALSE(life.on_tick(tick(102, "10.00")));
  EXPECT_FALSE(life.on_tick(tick(114, "9.00")));
  EXPECT_FALSE(life.on_time(VenueTime{115}));
  EXPECT_EQ(result_of(life), std::nullopt);
  EXPECT_TRUE(life.on_tick(tick(116, "11.00")));
  EXPECT_EQ(result_of(life), End::kWon);
  EXPECT_EQ(life.exit()->epoch, VenueTime{114});
  EXPECT_EQ(life.last()->epoch, VenueTime{114});
  EXPECT_EQ(life.expiry(), VenueTime{115});
}

TEST(Life, ATickAtTheExpiryIsTheExitAtOnce) {
  auto life = life_of(spec_of(ContractType::kPut, "16s"), VenueTime{100});
  EXPECT_FALSE(life.on_tick(tick(102, "10.00")));
  EXPECT_TRUE(life.on_tick(tick(116, "9.99")));
  EXPECT_EQ(result_of(life), End::kWon);
}

TEST(Life, TimeAloneDecidesATimedContract) {
  auto life = life_of(spec_of(ContractType::kCall, "15s"), VenueTime{100});
  EXPECT_FALSE(life.on_tick(tick(102, "10.00")));
  EXPECT_TRUE(life.on_time(VenueTime{116}));
  EXPECT_EQ(result_of(life), End::kLost);  // the only tick is entry and exit: a tie
  EXPECT_FALSE(life.on_time(VenueTime{117}));
}

TEST(Life, WithoutATickItExpiresAndTheStakeComesBack) {
  auto by_time = life_of(spec_of(ContractType::kCall, "15s"), VenueTime{100});
  EXPECT_TRUE(by_time.on_time(VenueTime{116}));
  EXPECT_EQ(result_of(by_time), std::nullopt);
  EXPECT_EQ(by_time.ended(), (Ended{End::kExpiredEmpty, {115}, usd("1.00")}));
  auto by_tick = life_of(spec_of(ContractType::kCall, "15s"), VenueTime{100});
  EXPECT_TRUE(by_tick.on_tick(tick(116, "10.00")));
  EXPECT_TRUE(by_tick.is_over());
  EXPECT_FALSE(by_tick.entry());
  EXPECT_FALSE(by_tick.on_tick(tick(118, "10.00")));
}

TEST(Life, PaysThePayoutOrNothingOnce) {
  auto won = life_of(spec_of(ContractType::kCall, "1t"), VenueTime{100}, usd("1.95"));
  won.on_tick(tick(102, "10.00"));
  won.on_tick(tick(104, "10.01"));
  EXPECT_EQ(won.ended(), (Ended{End::kWon, {104}, usd("1.95")}));
  auto lost = life_of(spec_of(ContractType::kPut, "15s"), VenueTime{100});
  lost.on_tick(tick(102, "10.00"));
  lost.on_time(VenueTime{200});
  EXPECT_EQ(lost.ended(), (Ended{End::kLost, {115}, usd("0.00")}));
}

TEST(Life, ASaleEndsItAndHasNoExit) {
  auto life = life_of(spec_of(ContractType::kCall, "1m"), VenueTime{100});
  life.on_tick(tick(102, "10.00"));
  life.end(End::kSold, {103}, usd("0.80"));
  EXPECT_FALSE(life.on_tick(tick(104, "20.00")));
  EXPECT_FALSE(life.on_time(VenueTime{1000}));
  EXPECT_EQ(life.ended(), (Ended{End::kSold, {103}, usd("0.80")}));
  EXPECT_EQ(life.exit(), std::nullopt);
  EXPECT_EQ(life.last()->epoch, VenueTime{102});
}

TEST(Life, TimeNeverEndsATickContract) {
  auto life = life_of(spec_of(ContractType::kCall, "1t"), VenueTime{100});
  EXPECT_FALSE(life.on_time(VenueTime{100000}));
  EXPECT_FALSE(life.is_over());
}

TEST(Life, ForeignTicksAreNotItsOwn) {
  auto life = life_of(spec_of(ContractType::kCall, "1t"), VenueTime{100});
  EXPECT_FALSE(life.on_tick(tick(102, "10.0000", "R_50")));
  EXPECT_FALSE(life.entry());
}

TEST(Validate, RefusesWhatTheVenueWouldRefuse) {
  const auto& r100 = *find_symbol("R_100");
  const auto fault = [&](const ContractSpec& spec) {
    const auto problem = problem_of(spec, r100);
    EXPECT_EQ(validate(spec, r100).has_value(), !problem.has_value());
    return problem ? std::optional(problem->fault) : std::nullopt;
  };
  EXPECT_EQ(fault(spec_of(ContractType::kCall, "1t")), std::nullopt);
  EXPECT_EQ(fault(spec_of(ContractType::kCall, "10t")), std::nullopt);
  EXPECT_EQ(fault(spec_of(ContractType::kCall, "11t")), SpecFault::kDuration);
  EXPECT_EQ(fault(spec_of(ContractType::kCall, "15s")), std::nullopt);
  EXPECT_EQ(fault(spec_of(ContractType::kCall, "14s")), SpecFault::kDuration);
  EXPECT_EQ(fault(spec_of(ContractType::kCall, "365d")), std::nullopt);
  EXPECT_EQ(fault(spec_of(ContractType::kCall, "366d")), SpecFault::kDuration);
  EXPECT_EQ(fault(spec_of(ContractType::kDigitEven, "15s")), SpecFault::kDuration);
  auto without_length = spec_of(ContractType::kCall, "1t");
  without_length.duration = {};
  EXPECT_EQ(fault(without_length), SpecFault::kDuration);
  EXPECT_EQ(fault(spec_of(ContractType::kCall, "1t", "R_50")), SpecFault::kSymbol);
}

TEST(Validate, PredictionsHaveTheirRanges) {
  const auto& r100 = *find_symbol("R_100");
  const auto ok = [&](ContractType type, int prediction) {
    return validate(spec_of(type, "1t", "R_100", prediction), r100).has_value();
  };
  for (int p = -1; p <= 10; ++p) {
    EXPECT_EQ(ok(ContractType::kDigitMatch, p), p >= 0 && p <= 9) << p;
    EXPECT_EQ(ok(ContractType::kDigitDiff, p), p >= 0 && p <= 9) << p;
    EXPECT_EQ(ok(ContractType::kDigitOver, p), p >= 0 && p <= 8) << p;
    EXPECT_EQ(ok(ContractType::kDigitUnder, p), p >= 1 && p <= 9) << p;
    EXPECT_EQ(ok(ContractType::kDigitEven, p), p == -1) << p;
    EXPECT_EQ(ok(ContractType::kCall, p), p == -1) << p;
  }
}

TEST(Validate, BarriersCarryTheSymbolsDecimals) {
  const auto& r100 = *find_symbol("R_100");
  EXPECT_TRUE(validate(barrier_spec(ContractType::kHigher, "1m", "R_100", "+0.10"), r100));
  auto wrong = spec_of(ContractType::kHigher, "1m");
  wrong.set_offset(price("0.100", 3));
  EXPECT_FALSE(validate(wrong, r100));
  auto surplus = spec_of(ContractType::kCall, "1m");
  surplus.set_offset(price("0.10", 2));
  EXPECT_FALSE(validate(surplus, r100));
}

TEST(Validate, WhatATypeHasNoUseForIsRefused) {
  const auto& r100 = *find_symbol("R_100");
  const auto said = [&](const ContractSpec& spec) {
    const auto done = validate(spec, r100);
    return done ? "" : done.error().text;
  };
  const auto higher = barrier_spec(ContractType::kHigher, "1m", "R_100", "+0.10");
  EXPECT_EQ(said(higher), "");
  auto absolute = higher;
  absolute.barriers[0] = Barrier::absolute(price("812.30", 2));
  EXPECT_EQ(said(absolute), "");
  auto bare_higher = higher;
  bare_higher.barriers[0] = {};
  EXPECT_EQ(said(bare_higher), "HIGHER needs a barrier, an offset from the entry or a quote.");
  auto two = higher;
  two.barriers[1] = Barrier::offset(price("-0.10", 2));
  EXPECT_EQ(said(two), "HIGHER takes no second barrier.");
  auto terms = higher;
  terms.terms = TickTerms{3};
  EXPECT_EQ(said(terms), "HIGHER takes no multiplier, take profit or stop loss.");
  auto end = higher;
  end.duration = ContractDuration::until({1'790'000'000});
  EXPECT_EQ(said(end), "") << "how long it is, only its purchase says";
  auto bare = spec_of(ContractType::kMultUp, "");
  EXPECT_EQ(said(bare), "Multiplier must be above zero.");
}

TEST(Validate, MultipliersAreTheSymbolsOwn) {
  const auto& r50 = *find_symbol("R_50");
  auto spec = spec_of(ContractType::kMultUp, "", "R_50");
  spec.multiplier_terms().multiplier = 80;
  EXPECT_TRUE(validate(spec, r50));
  spec.multiplier_terms().multiplier = 81;
  EXPECT_EQ(validate(spec, r50).error().text,
            "Multiplier is not in acceptable range. Accepts 80,200,400,600,800.");
  spec.multiplier_terms().multiplier = 0;
  EXPECT_FALSE(validate(spec, r50));
  spec.multiplier_terms().multiplier = 80;
  spec.multiplier_terms().take_profit = usd("0.00");
  EXPECT_FALSE(validate(spec, r50));
  spec.multiplier_terms().take_profit = usd("1.00");
  spec.multiplier_terms().stop_loss = usd("-1.00");
  EXPECT_FALSE(validate(spec, r50));
  spec.multiplier_terms().stop_loss = usd("1.00");
  EXPECT_TRUE(validate(spec, r50));
  spec.duration = lasting("5t");
  EXPECT_FALSE(validate(spec, r50));
  spec.duration = {};
  spec.symbol = "1HZ100V";  // no list known: the venue decides
  spec.multiplier_terms().multiplier = 10;
  EXPECT_TRUE(validate(spec, *find_symbol("1HZ100V")));
  auto call = spec_of(ContractType::kCall, "1t", "R_50");
  call.multiplier_terms().multiplier = 80;
  EXPECT_FALSE(validate(call, r50));
}

TEST(Validate, StepBoomAndCrashHaveNoDigits) {
  for (const auto* code : {"stpRNG", "BOOM1000", "CRASH500"}) {
    EXPECT_FALSE(validate(spec_of(ContractType::kDigitEven, "1t", code), *find_symbol(code)));
    EXPECT_TRUE(validate(spec_of(ContractType::kCall, "1t", code), *find_symbol(code)));
  }
}

}  // namespace
}  // namespace derivd::market
