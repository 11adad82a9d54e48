#include "rules/parse.hpp"

#include "rig.hpp"

namespace derivd::rules::test {
namespace {

constexpr Where kMinute{60};

std::string canonical(std::string_view text, Where candles = {}) {
  return to_string(condition(text, candles));
}

Problem problem(std::string_view text, Where candles = {}) {
  const auto parsed = parse_condition(text, candles);
  const auto* p = std::get_if<Problem>(&parsed);
  if (p == nullptr) {
    ADD_FAILURE() << text << " is taken for " << to_string(std::get<Expr>(parsed));
    return {};
  }
  return *p;
}

/// Refused at this character (from 0), in words that hold `what`.
void refused(std::string_view text, std::size_t at, std::string_view what) {
  const auto p = problem(text);
  EXPECT_EQ(p.at, at) << text << ": " << p.text;
  EXPECT_NE(p.text.find(what), std::string::npos) << text << ": " << p.text;
}

TEST(Parse, TheExamplesOfTheContract) {
  EXPECT_EQ(canonical("rsi(14) < 30 and close > ema(50, 5m)", kMinute),
            "rsi(14, 1m) < 30 and close(0, 1m) > ema(50, 5m)");
  EXPECT_EQ(canonical("rsi(14) > 70 and not run(rise, ticks) >= 4", kMinute),
            "rsi(14, 1m) > 70 and not run(rise, ticks) >= 4");
  EXPECT_EQ(canonical("share(digit > 4, 100) < 40%", kMinute),
            "share(digit > 4, 100, ticks) < 40%");
}

TEST(Parse, WhatBindsHow) {
  EXPECT_EQ(canonical("price > 1 or price < 2 and price == 3"),
            "price > 1 or price < 2 and price == 3");
  EXPECT_EQ(canonical("(price > 1 or price < 2) and price == 3"),
            "(price > 1 or price < 2) and price == 3");
  EXPECT_EQ(canonical("not (price > 1 and price < 2)"), "not (price > 1 and price < 2)");
  EXPECT_EQ(canonical("((price)) - (1 - 2) > -(3 + 4) * 5 / (6 * 7)"),
            "price - (1 - 2) > -(3 + 4) * 5 / (6 * 7)");
  EXPECT_EQ(canonical("1 + 2 * 3 > (1 + 2) * 3"), "1 + 2 * 3 > (1 + 2) * 3");
  EXPECT_EQ(canonical("- - 1 < 2"), "--1 < 2");
}

TEST(Parse, DefaultsAreWrittenOut) {
  EXPECT_EQ(canonical("change > 0"), "change(1) > 0");
  EXPECT_EQ(canonical("digit == 7"), "digit(0) == 7");
  EXPECT_EQ(canonical("price > bb_upper", kMinute), "price > bb_upper(20, 2, 1m)");
  EXPECT_EQ(canonical("price > bb_upper(10, 1.5, 90s)"), "price > bb_upper(10, 1.5, 90s)");
  EXPECT_EQ(canonical("macd > macd_signal(5, 10, 3)", kMinute),
            "macd(12, 26, 9, 1m) > macd_signal(5, 10, 3, 1m)");
  EXPECT_EQ(canonical("stoch_k < 20 and stoch_d(5m) < 20"),
            "stoch_k(14, 3, ticks) < 20 and stoch_d(14, 3, 3, 5m) < 20");
  EXPECT_EQ(canonical("close(5m) > close(1, 5m)"), "close(0, 5m) > close(1, 5m)");
  EXPECT_EQ(canonical("weekday <= fri"), "weekday <= 5");
  EXPECT_EQ(canonical("count(4 < digit, 10) > 3"), "count(digit > 4, 10, ticks) > 3");
}

TEST(Parse, CandlesAreTheDefaultOfCandleValuesAlone) {
  EXPECT_EQ(canonical("share(even, 10) > 50 and run(even) > 1", kMinute),
            "share(even, 10, ticks) > 50 and run(even, ticks) > 1");
  EXPECT_EQ(canonical("hottest(100) == digit", kMinute), "hottest(100) == digit(0)");
  EXPECT_EQ(canonical("run(rise) > 2 and count(flat, 5) > since(fall)", kMinute),
            "run(rise, ticks) > 2 and count(flat, 5, ticks) > since(fall, ticks)");
  EXPECT_EQ(canonical("run(rise, 1m) > 2"), "run(rise, 1m) > 2");
}

TEST(Parse, OpenIsTheCandlesBesideAPriceElseTheContracts) {
  EXPECT_EQ(canonical("close > open", kMinute), "close(0, 1m) > open(0, 1m)");
  EXPECT_EQ(canonical("open < ema(5)", kMinute), "open(0, 1m) < ema(5, 1m)");
  EXPECT_EQ(canonical("crosses_above(price, open)", kMinute), "crosses_above(price, open(0, 1m))");
  EXPECT_EQ(canonical("open == 0 and close > open", kMinute),
            "open == 0 and close(0, 1m) > open(0, 1m)");
  EXPECT_EQ(canonical("open(0) > 300", kMinute), "open(0, 1m) > 300");
  EXPECT_EQ(canonical("open < wins_in_row + 1", kMinute), "open < wins_in_row + 1");
  EXPECT_EQ(condition("open == 0").nodes[0].word, Word::kOpenContracts);
  refused("open > 342.07", 0, "write open(0) for the candle's");
  refused("price > 1 and open > 300", 14, "write open(0) for the candle's");
}

TEST(Parse, APercentageIsOfSomething) {
  EXPECT_EQ(canonical("rsi(14) < 30%"), "rsi(14, ticks) < 30%");
  EXPECT_EQ(canonical("change(5) > price * 1%"), "change(5) > price * 1%");
  EXPECT_EQ(canonical("share(even, 5) + 10% > 60"), "share(even, 5, ticks) + 10% > 60");
  refused("change(5) > 1%", 12, "as price * 1%");
  refused("price + 1% > 100", 8, "a percentage is added with a plain number");
  refused("crosses_above(price, 1%)", 21, "a percentage is compared");
}

TEST(Parse, RefusalsNameThePlaceAndWhatIsAllowed) {
  refused("", 0, "nothing stands here");
  refused("price >", 7, "the expression ends where a number or a value is wanted");
  refused("rsi(14) < 30 and", 16, "the expression ends");
  refused("price", 0, "this is a number, and a condition is wanted");
  refused("price and price > 1", 0, "'and' joins conditions");
  refused("not price", 4, "'not' joins conditions");
  refused("(price > 1) + 2 > 3", 1, "this is a condition, and '+' takes numbers");
  refused("price > 1 > 2", 10, "comparisons do not chain");
  refused("price = 1", 6, "a comparison for equality is '=='");
  refused("price > 1 && digit == 2", 10, "'&&' is written 'and' here");
  refused("price > $1", 8, "'$' has no meaning here");
  refused("price > 1 )", 10, "never opened");
  refused("(price > 1", 10, "a closing parenthesis is missing for the one at character 1");
  refused("price > 1 price", 10, "'price' is not expected here");
  refused("5m > 3", 0, "a time span stands only as the last argument");
  refused("price > 1e5", 8, "'1e5' is not a number");
  refused("price > .5", 8, "is not a number");
  refused("price > 1234567890123456", 8, "at most 15 digits");
  refused("price > \xc3\xa9", 8, "plain letters");
  refused("rsi(14, 1m, 3) < 30", 10, "nothing follows where: rsi(n, where)");
}

TEST(Parse, UnknownWordsGetTheNearestAndTheList) {
  refused("rsy(14) < 30", 0, "unknown value 'rsy', did you mean 'rsi'?");
  refused("price > bb_uper(20)", 8, "did you mean 'bb_upper'?");
  refused("price > 1 AND price < 2", 10, "'AND' is not expected here");
  refused("xyzzy > 1", 0, "allowed: price, digit, change");
  refused("even", 0, "as run(even) >= 3");
  refused("ticks > 1", 0, "as the last argument of a value");
}

TEST(Parse, ArgumentsAreWhatTheTableSays) {
  refused("sma > 1", 0, "'sma' needs n: sma(n, where)");
  refused("sma(1m) > 1", 0, "'sma' needs n");
  refused("sma(0) > 1", 4, "n of sma is a whole number from 1 to 5000");
  refused("sma(5001) > 1", 4, "from 1 to 5000");
  refused("sma(2.5) > 1", 4, "a whole number");
  refused("sma(digit) > 1", 4, "'digit' is not allowed here");
  refused("sma(-3) > 1", 4, "'-' is not allowed here");
  refused("sma(5, 2) > 1", 7, "one argument too many");
  refused("price(1m) > 1", 6, "'price' is not of candles");
  refused("sma(5, 2d) > 1", 7, "is not a number here");
  refused("sma(5, 0s) > 1", 7, "is not a number here");
  refused("run > 1", 0, "'run' needs arguments: run(P)");
  refused("run(up) > 1", 4, "even, odd, rise, fall, flat");
  refused("run(digit) > 1", 9, "a comparison is wanted");
  refused("run(digit > 10) > 1", 12, "'10' is no digit");
  refused("run(digit > 9) > 1", 4, "'digit > 9' is true of no digit");
  refused("run(digit >= 0) > 1", 4, "is true of every digit");
  refused("run(3 < price) > 1", 8, "'digit' is wanted here");
  refused("run(even, 1m) > 1", 4, "digits are those of ticks");
  refused("macd(26, 12, 9) > 0", 0, "the fast period of 'macd' is below the slow one");
  refused("bb_upper(20, 2.00001) > 1", 13, "at most 4 decimals");
  refused("crosses_above(price > 1, 2)", 14, "takes numbers");
  refused("crosses_above(price)", 19, "a comma is wanted");
  refused("rank(digit) > 1", 0, "'rank' needs n");
}

TEST(Parse, IsBounded) {
  refused(std::string(kMaxText + 1, ' '), kMaxText, "longer than 1000 characters");
  std::string deep = "price > 1";
  for (int i = 0; i < kMaxNesting; ++i) deep = "(" + deep + ")";
  EXPECT_NE(problem(deep).text.find("nested more than"), std::string::npos);
  EXPECT_NE(problem(std::string(100, '-') + "1 > 0").text.find("nested more than"),
            std::string::npos);
  std::string many = "1 > 0";
  while (many.size() < kMaxText - 20) many += " or 1 > 0";
  EXPECT_NE(problem(many).text.find("more than 128 numbers"), std::string::npos);
}

TEST(Parse, NumbersAndOffsets) {
  EXPECT_EQ(to_string(number("hottest(100)")), "hottest(100)");
  const auto as_number = parse_number("price > 1", {});
  ASSERT_TRUE(std::holds_alternative<Problem>(as_number));
  EXPECT_EQ(std::get<Problem>(as_number).text, "this is a condition, and a number is wanted");
  EXPECT_EQ(to_string(std::get<Expr>(parse_offset("+0.10", {}))), "0.1");
  EXPECT_EQ(to_string(std::get<Expr>(parse_offset(" -2 * atr(14)", kMinute))), "-2 * atr(14, 1m)");
  const auto absolute = parse_offset("0.10", {});
  ASSERT_TRUE(std::holds_alternative<Problem>(absolute));
  EXPECT_NE(std::get<Problem>(absolute).text.find("as +0.10"), std::string::npos);
  const auto wrong = parse_offset("  + atr(x)", {});
  ASSERT_TRUE(std::holds_alternative<Problem>(wrong));
  EXPECT_EQ(std::get<Problem>(wrong).at, 8U);
}

TEST(Parse, Where) {
  EXPECT_EQ(parse_where("ticks"), Where{});
  EXPECT_EQ(parse_where("90s"), Where{90});
  EXPECT_EQ(parse_where("1d"), Where{86'400});
  for (const auto* bad : {"", "m", "0m", "05m", "1", "2d", "86401s", "5t", "1.5m", "-1m", "1 m"}) {
    EXPECT_EQ(parse_where(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(to_string(Where{90}), "90s");
  EXPECT_EQ(to_string(Where{7200}), "2h");
}

}  // namespace
}  // namespace derivd::rules::test
