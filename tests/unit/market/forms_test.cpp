// Owns the tests of the forms in which symbols, contracts, offers and hours are written: what fits
// by a character, and what does not.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "market/hours.hpp"
#include "market/offerings.hpp"
#include "market/shortcode.hpp"
#include "market/symbols.hpp"
#include "unit/market/market_fixture.hpp"

namespace derivd::market {
namespace {

TEST(SymbolCodes, AreLettersDigitsAndUnderscores) {
  for (const auto* good : {"R_", "00", "99", "aa", "zz", "AA", "ZZ", "__", "1HZ100V"}) {
    EXPECT_TRUE(is_symbol_code(good)) << good;
  }
  for (const auto* bad : {"", "R", "R/", "R:", "R@", "R[", "R`", "R{", "R ", "R-100", "R\n"}) {
    EXPECT_FALSE(is_symbol_code(bad)) << bad;
  }
  EXPECT_TRUE(is_symbol_code(std::string(30, 'x')));
  EXPECT_FALSE(is_symbol_code(std::string(31, 'x')));
}

TEST(UnknownSymbols, HaveTheMostDecimalsAndNoModel) {
  const auto some = unknown_symbol("frxEURUSD");
  EXPECT_EQ(some.code, "frxEURUSD");
  EXPECT_EQ(some.decimals, 8);
  EXPECT_EQ(some.interval_s, 0);
  EXPECT_EQ(some.sigma_percent, 0);
}

TEST(KnownSymbols, OfOneFamilyTickAlike) {
  std::string all;
  for (const auto& s : known_symbols()) {
    all += fmt::format("{} {} {} {}s {}%\n", s.code, s.submarket, s.decimals, s.interval_s,
                       s.sigma_percent);
  }
  EXPECT_EQ(all,
            "R_10 random_index 3 2s 10%\nR_25 random_index 3 2s 25%\nR_50 random_index 4 2s 50%\n"
            "R_75 random_index 4 2s 75%\nR_100 random_index 2 2s 100%\n"
            "1HZ10V random_index 2 1s 10%\n1HZ15V random_index 3 1s 15%\n"
            "1HZ25V random_index 2 1s 25%\n1HZ30V random_index 3 1s 30%\n"
            "1HZ50V random_index 2 1s 50%\n1HZ75V random_index 2 1s 75%\n"
            "1HZ90V random_index 3 1s 90%\n1HZ100V random_index 2 1s 100%\n"
            "1HZ150V random_index 2 1s 150%\n1HZ200V random_index 2 1s 200%\n"
            "1HZ250V random_index 2 1s 250%\n1HZ300V random_index 2 1s 300%\n"
            "JD10 jump_index 2 1s 10%\nJD25 jump_index 2 1s 25%\nJD50 jump_index 2 1s 50%\n"
            "JD75 jump_index 2 1s 75%\nJD100 jump_index 2 1s 100%\n"
            "RDBEAR random_daily 4 2s 0%\nRDBULL random_daily 4 2s 0%\n"
            "stpRNG step_index 1 1s 0%\nstpRNG2 step_index 1 1s 0%\nstpRNG3 step_index 1 1s 0%\n"
            "stpRNG4 step_index 1 1s 0%\nstpRNG5 step_index 1 1s 0%\n"
            "BOOM300N crash_index 3 1s 0%\nBOOM500 crash_index 3 1s 0%\n"
            "BOOM600 crash_index 3 1s 0%\nBOOM900 crash_index 3 1s 0%\n"
            "BOOM1000 crash_index 3 1s 0%\nCRASH300N crash_index 3 1s 0%\n"
            "CRASH500 crash_index 3 1s 0%\nCRASH600 crash_index 3 1s 0%\n"
            "CRASH900 crash_index 3 1s 0%\nCRASH1000 crash_index 3 1s 0%\n");
}

TEST(KnownSymbols, HaveTheMultipliersThatWereListed) {
  const auto list = [](std::string_view code) {
    std::string out;
    for (const auto m : find_symbol(code)->multipliers) out += fmt::format("{} ", m);
    return out;
  };
  EXPECT_EQ(list("R_10"), "400 1000 2000 3000 4000 ");
  EXPECT_EQ(list("R_50"), "80 200 400 600 800 ");
  EXPECT_EQ(list("R_75"), "50 100 200 300 500 ");
  EXPECT_EQ(list("R_100"), "0 0 0 0 0 ") << "not known";
}

ListedSymbol listed(std::string_view code, std::string_view name) {
  ListedSymbol out;
  out.symbol.code = code;
  out.symbol.decimals = 5;
  out.symbol.display_name = name;
  return out;
}

TEST(NamesOfSymbols, AreReadWithoutTheirMarksAndCase) {
  const auto symbols = Symbols{}.with_list(
      std::vector{listed("frxAUDNZD", "AUD/NZD"), listed("X09", "Index 0 to 9 (a) Index"),
                  listed("R_75", "Volatility 75 Index"),
                  listed("1HZ75V", "Volatility 75 (1s) Index")},
      {1}, {});
  const auto named = [&](std::string_view name) {
    const auto* found = symbol_of_name(symbols, name);
    return found == nullptr ? std::string("none") : found->code.str();
  };
  EXPECT_EQ(named("audnzd"), "frxAUDNZD");
  EXPECT_EQ(named("AUD-NZD"), "frxAUDNZD");
  EXPECT_EQ(named("[aud] {nzd}"), "frxAUDNZD");
  EXPECT_EQ(named("audnz"), "none") << "the whole name, not a part of it";
  EXPECT_EQ(named("index 0to9 A"), "X09");
  EXPECT_EQ(named("index 0to8 A"), "none");
  for (const auto* name : {"V75", "vol 75", "VIX75", "volatility 75", "Volatility 75 Index"}) {
    EXPECT_EQ(named(name), "R_75") << name;
  }
  EXPECT_EQ(named("v75(1s)"), "1HZ75V");
  EXPECT_EQ(named("v"), "none");
  EXPECT_EQ(named("vol"), "none");
  EXPECT_EQ(named(""), "none");
  EXPECT_EQ(named("()"), "none");
}

TEST(SpecForms, KeepWhatTheyWereWrittenWith) {
  for (const auto* text :
       {"CALL AZaz09_ 5t", "CALL a%20b 5t", "CALL %2F%0A%7F 5t", "CALL - 5t", "CALL R_100 5t +0.00",
        "CALL R_100 5t -0.01", "CALL R_100 5t 0.00", "CALL R_100 5t +5", "CALL R_100 5t 812",
        "CALL R_100 5t =0", "CALL R_100 5t =9", "CALL R_100 - growth=1", "CALL R_100 - point=20",
        "MULTUP R_100 - multiplier=30 take_profit=150 stop_loss=90",
        "MULTUP R_100 - multiplier=65535 cancellation=1h fee=0.41",
        "MULTUP R_100 - multiplier=1 cancellation=2147483647s", "CALL R_100 2147483647t",
        "CALL R_100 until:0"}) {
    const auto spec = decode(text);
    ASSERT_TRUE(spec) << text;
    EXPECT_EQ(encode(*spec), text);
  }
}

TEST(SpecForms, AreNotGuessedAt) {
  for (const auto* text :
       {"CALL R%0G 5t", "CALL R%G0 5t", "CALL R% 5t", "CALL R%4 5t", "CALL R_100 t",
        "CALL R_100 5t =-0", "CALL R_100 5t =", "CALL R_100 5t +", "CALL R_100 - growth=",
        "CALL R_100 - growth=x", "CALL R_100 - point=1.x", "CALL R_100 5t tick=200",
        "MULTUP R_100 - multiplier=-1", "MULTUP R_100 - multiplier=1 cancellation=5",
        "MULTUP R_100 - multiplier=1 take_profit=", "CALL R_100 until:", "CALL R_100 5m 1.2.3"}) {
    EXPECT_FALSE(decode(text)) << text;
  }
}

TEST(Shortcodes, OfAnotherEndAreOfAnotherContract) {
  auto spec = spec_of(ContractType::kCall, "5m");
  const auto agrees = [&](std::string_view code) { return shortcode_agrees(spec, code); };
  EXPECT_EQ(agrees("CALL_R_100_3.91_1736296960_1736297260_S0P_0"), Agreement::kAgrees);
  EXPECT_EQ(agrees("CALL_R_100_3.91_1736296960_1736297260F_S0P_0"), Agreement::kAgrees);
  EXPECT_EQ(agrees("CALL_R_100_3.91_1736296960_1736296960_S0P_0"), Agreement::kAgrees)
      << "an end at its beginning says nothing of its length, and its barrier is its own";
  EXPECT_EQ(agrees("CALL_R_100_3.91_1736296960_1736296961_S0P_0"), Agreement::kDiffers);
  spec.duration = ContractDuration::until({1'736'297'260});
  EXPECT_EQ(agrees("CALL_R_100_3.91_1736296960_1736297260F_S0P_0"), Agreement::kAgrees);
  EXPECT_EQ(agrees("CALL_R_100_3.91_1736296960_1736297261F_S0P_0"), Agreement::kDiffers);
  spec.duration = lasting("1d");
  EXPECT_EQ(agrees("CALL_R_100_3.91_1736296960_1736467199_S0P_0"), Agreement::kAgrees)
      << "its barrier is its own, and of its end nothing is said";
  EXPECT_EQ(agrees("CALL_R_100_3.91_1736296960_1736467199_S1P_0"), Agreement::kDiffers);
  EXPECT_EQ(agrees("CALL_R_100_3.91_1736296960_5T_S0P_0"), Agreement::kDiffers);
}

TEST(Shortcodes, GiveTheirFieldsOneByOne) {
  const auto range = read_shortcode("RANGE_R_100_2.50_1790000000_1790000300_S+7P_S-10P", "R_100");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->offset_pips, 7);
  EXPECT_EQ(range->low_offset_pips, -10);
  EXPECT_FALSE(range->absolute_barrier);
  EXPECT_FALSE(range->low_absolute_barrier);
  const auto quotes =
      read_shortcode("RANGE_R_100_2.50_1790000000_1790000300_812300000_800000000", "R_100");
  ASSERT_TRUE(quotes);
  EXPECT_EQ(quotes->absolute_barrier, 812'300'000);
  EXPECT_EQ(quotes->low_absolute_barrier, 800'000'000);
  EXPECT_FALSE(quotes->offset_pips);
  const auto most = read_shortcode("CALL_R_100_1_9999999998_9999999999", "R_100");
  ASSERT_TRUE(most) << "ten digits are an epoch";
  EXPECT_EQ(most->expiry->s, 9'999'999'999);
  EXPECT_EQ(read_shortcode("CALL_R_100_1_0_1000T", "R_100")->ticks, 1000);
  EXPECT_EQ(read_shortcode("CALL_R_100_1_0_1T", "R_100")->ticks, 1);
  for (const auto* bad : {"CALL_R_100_1_0_1001T", "CALL_R_100_1_-1_5T", "CALL_R_100_1_0_0T",
                          "CALL_R_100_1_5_5", "CALL_R_100_1_0_10000000000"}) {
    EXPECT_FALSE(read_shortcode(bad, "R_100")) << bad;
  }
}

Offer offer(std::string_view type, Offer::Length length, std::string_view from = {},
            std::string_view to = {}) {
  Offer out;
  out.type = type;
  out.length = length;
  if (!from.empty()) out.shortest = lasting(from);
  if (!to.empty()) out.longest = lasting(to);
  return out;
}

TEST(Offers, WithoutAListSayNoToNothing) {
  Offerings offerings;
  offerings.asked = {1};
  offerings.offers = {offer("MULTUP", Offer::Length::kNone), offer("ACCU", Offer::Length::kNone)};
  auto multiplier = spec_of(ContractType::kMultUp, "");
  multiplier.terms = MultiplierTerms{77, {}, {}, lasting("5m")};
  EXPECT_EQ(offerings.problem_of(multiplier), std::nullopt);
  auto& up = offerings.offers[0];
  up.cancellations = {lasting("15m"), lasting("1h")};
  EXPECT_EQ(offerings.problem_of(multiplier),
            "MULTUP on R_100: a cancellation of 5m is not offered; offered: 15m, 1h");
  multiplier.multiplier_terms().cancellation = lasting("1h");
  EXPECT_EQ(offerings.problem_of(multiplier), std::nullopt);
  const auto accumulator = decode("ACCU R_100 - growth=0.03").value();
  EXPECT_EQ(offerings.problem_of(accumulator), std::nullopt);
  offerings.offers[1].growth_rates = {{1, 2}, {2, 2}};
  EXPECT_EQ(offerings.problem_of(accumulator),
            "ACCU on R_100: a growth rate of 0.03 is not offered; offered: 0.01, 0.02");
  offerings.offers[1].growth_rates.push_back({3, 2});
  EXPECT_EQ(offerings.problem_of(accumulator), std::nullopt);
}

TEST(Offers, FitTheLengthsOfTheirOwnClass) {
  Offerings offerings;
  offerings.asked = {1};
  const auto fits = [&](const Offer& o, const ContractDuration& duration) {
    offerings.offers = {o};
    auto spec = spec_of(ContractType::kCall, "5t");
    spec.duration = duration;
    return !offerings.problem_of(spec);
  };
  const auto end = ContractDuration::until({1'790'000'000});
  EXPECT_TRUE(fits(offer("CALL", Offer::Length::kIntraday), end));
  EXPECT_TRUE(fits(offer("CALL", Offer::Length::kDaily), end));
  EXPECT_FALSE(fits(offer("CALL", Offer::Length::kTicks), end));
  EXPECT_FALSE(fits(offer("CALL", Offer::Length::kNone), end));
  EXPECT_TRUE(fits(offer("CALL", Offer::Length::kTicks), lasting("5t"))) << "without bounds";
  EXPECT_TRUE(fits(offer("CALL", Offer::Length::kTicks, "9t"), lasting("5t"))) << "one is none";
  EXPECT_FALSE(fits(offer("CALL", Offer::Length::kTicks), lasting("5m")));
  EXPECT_FALSE(fits(offer("CALL", Offer::Length::kIntraday), lasting("5t")));
  EXPECT_FALSE(fits(offer("CALL", Offer::Length::kNone), lasting("5m")));
  // Bounds of another unit bound nothing.
  EXPECT_TRUE(fits(offer("CALL", Offer::Length::kIntraday, "1t", "2t"), lasting("5m")));
  EXPECT_TRUE(fits(offer("CALL", Offer::Length::kDaily, "1d", "2d"), lasting("24h")));
  EXPECT_FALSE(fits(offer("CALL", Offer::Length::kDaily, "1h", "2d"), lasting("23h")));
}

TEST(Offers, NameTheirLengthsBothWays) {
  for (const auto length : {Offer::Length::kTicks, Offer::Length::kIntraday, Offer::Length::kDaily,
                            Offer::Length::kNone}) {
    EXPECT_EQ(length_from(name_of(length)), length);
  }
  EXPECT_EQ(length_from("weekly"), std::nullopt);
  Offerings offerings;
  offerings.offers = {offer("CALL", Offer::Length::kTicks, "1t", "10t"),
                      offer("PUT", Offer::Length::kTicks, "2t", "9t"),
                      offer("CALL", Offer::Length::kDaily, "1d"),
                      offer("CALL", Offer::Length::kIntraday, "15s", "1h")};
  EXPECT_EQ(offerings.lengths_of("CALL"), "1t to 10t, 15s to 1h");
  EXPECT_EQ(offerings.types(), (std::vector<std::string_view>{"CALL", "PUT"}));
}

constexpr std::int64_t kDay = 86'400;
constexpr core::VenueTime kMonday{1'795'996'800};  // 2026-11-30 00:00 UTC

TEST(Hours, OfADayAreReadToTheSecond) {
  const auto spans = [](std::string open, std::string close) {
    TradingHours hours;
    MarketDay day;
    day.midnight = kMonday;
    day.open = {std::move(open)};
    day.close = {std::move(close)};
    if (!hours.add(day)) return std::string("no time");
    std::string out;
    for (const auto& s : hours.spans()) {
      out += fmt::format("{}-{} ", s.from.s - kMonday.s, s.to.s - kMonday.s);
    }
    return out;
  };
  EXPECT_EQ(spans("01:02:03", "04:05:06"), "3723-14706 ");
  EXPECT_EQ(spans("01:02", "04:05"), "3720-14700 ");
  EXPECT_EQ(spans("00:00:00", "23:59:59"), "0-86400 ") << "the whole day";
  EXPECT_EQ(spans("00:00:00", "23:59:58"), "0-86398 ");
  EXPECT_EQ(spans("22:00:00", "21:00:00"), "79200-86400 ") << "it closes on the next day";
  EXPECT_EQ(spans("22:00:00", "22:00:00"), "79200-86400 ");
  EXPECT_EQ(spans("19:59:59", "20:00:00"), "71999-72000 ");
  EXPECT_EQ(spans("--", "--"), "");
  for (const auto* bad : {"24:00", "23:60", "23:59:60", "1:00", "01-00", "01:00-00", "01:0x",
                          "x1:00", "001:00", "01:00:0", ":0:00", "/1:00", "01:00:/0"}) {
    EXPECT_EQ(spans(bad, "23:59:59"), "no time") << bad;
  }
}

TEST(Hours, BeginLateOnADayThatSaysSo) {
  TradingHours hours;
  MarketDay day;
  day.midnight = kMonday;
  day.open = {"00:00:00"};
  day.close = {"23:59:59"};
  day.events = {{"2026-11-30", "Opens late (at 10:00)"}, {"2026-12-01", "Opens late (at 12:00)"}};
  ASSERT_TRUE(hours.add(day));
  EXPECT_EQ(hours.spans(),
            (std::vector<TradingHours::Span>{{{kMonday.s + 36'000}, {kMonday.s + kDay}}}));
  EXPECT_EQ(hours.closed_text(kMonday), "closed until 2026-11-30 10:00 UTC");
  EXPECT_EQ(hours.opens(kMonday), (core::VenueTime{kMonday.s + 36'000}));
  EXPECT_EQ(hours.opens({kMonday.s + 36'001}), (core::VenueTime{kMonday.s + 36'001}));
  EXPECT_EQ(hours.opens({kMonday.s + kDay}), std::nullopt);
  EXPECT_EQ(hours.closes({kMonday.s + 36'000}), std::nullopt) << "open to the end of what is known";
  EXPECT_EQ(hours.closes(kMonday), std::nullopt) << "it is closed";
  // What leaves nothing of a span takes it away.
  TradingHours none;
  day.events = {{"Mondays", "Closes early (at 00:00)"}};
  ASSERT_TRUE(none.add(day));
  EXPECT_TRUE(none.spans().empty());
}

TEST(Hours, OfTwoSpansAreApartWhereTheyAre) {
  TradingHours hours;
  MarketDay day;
  day.midnight = kMonday;
  day.open = {"13:00:00", "01:00:00"};
  day.close = {"20:00:00", "12:00:00"};
  ASSERT_TRUE(hours.add(day));
  ASSERT_EQ(hours.spans().size(), 2U) << "in their order";
  EXPECT_EQ(hours.spans()[0].from.s, kMonday.s + 3'600);
  EXPECT_TRUE(hours.is_closed({kMonday.s + 12 * 3'600}));
  EXPECT_FALSE(hours.is_closed({kMonday.s + 13 * 3'600}));
  EXPECT_EQ(hours.closes({kMonday.s + 2 * 3'600}), (core::VenueTime{kMonday.s + 12 * 3'600}));
  EXPECT_EQ(hours.known_from(), kMonday);
  EXPECT_EQ(hours.known_until(), (core::VenueTime{kMonday.s + kDay}));
}

}  // namespace
}  // namespace derivd::market
