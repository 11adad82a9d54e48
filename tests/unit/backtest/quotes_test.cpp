// What recorded quotes make a contract pay.
#include "venue/quotes.hpp"

#include <gtest/gtest.h>

#include "unit/backtest/rig.hpp"

namespace derivd::backtest::test {
namespace {

market::ContractSpec spec_of(market::ContractType type, std::string_view duration = "1t",
                             std::string_view symbol = "R_100") {
  market::ContractSpec spec;
  spec.type = type;
  spec.symbol = symbol;
  spec.duration = market::ContractDuration::parse(duration).value();
  return spec;
}

const auto kOdd = spec_of(market::ContractType::kDigitOdd);

Quotes::Quote quote(std::int64_t time, std::string_view stake, std::string_view payout) {
  return {{time}, usd(stake), usd(payout)};
}

std::string paid(const Quotes& quotes, std::string_view stake, std::int64_t at,
                 const market::ContractSpec& spec = kOdd) {
  return quotes.payout(spec, usd(stake), {at}).to_string();
}

TEST(Quotes, TheLatestOfTheSameStakeUpToTheSignalIsPaid) {
  Quotes quotes;
  EXPECT_TRUE(quotes.empty());
  ASSERT_TRUE(quotes.add(kOdd, quote(200, "0.35", "0.70")));
  ASSERT_TRUE(quotes.add(kOdd, quote(100, "0.35", "0.68")));
  ASSERT_TRUE(quotes.add(kOdd, quote(300, "0.35", "0.60")));
  quotes.sort();
  EXPECT_EQ(paid(quotes, "0.35", 150), "0.68");
  EXPECT_EQ(paid(quotes, "0.35", 199), "0.68");
  EXPECT_EQ(paid(quotes, "0.35", 200), "0.70");  // that very signal was quoted
  EXPECT_EQ(paid(quotes, "0.35", 9999), "0.60");
  EXPECT_EQ(paid(quotes, "0.35", 50), "0.60");  // before the first: the first ones
}

TEST(Quotes, AnotherStakeGetsTheRatioOfTheLargest) {
  Quotes quotes;
  // 1.953125 in truth; 0.68 / 0.35 would say 1.9429.
  ASSERT_TRUE(quotes.add(kOdd, quote(100, "6.80", "13.28")));
  ASSERT_TRUE(quotes.add(kOdd, quote(101, "0.35", "0.68")));
  quotes.sort();
  EXPECT_EQ(paid(quotes, "0.74", 200), "1.45");  // 0.74 × 13.28 / 6.80 = 1.4452
  EXPECT_EQ(paid(quotes, "0.35", 200), "0.68");
  EXPECT_EQ(paid(quotes, "0.05", 200), "0.10");  // 0.0976…
}

TEST(Quotes, SayWhatAPayoutCosts) {
  Quotes quotes;
  ASSERT_TRUE(quotes.add(kOdd, quote(100, "2.56", "5.00")));
  ASSERT_TRUE(quotes.add(kOdd, quote(101, "0.35", "0.68")));
  quotes.sort();
  EXPECT_EQ(quotes.price(kOdd, usd("5.00"), {200}), usd("2.56"));
  EXPECT_EQ(quotes.price(kOdd, usd("10.00"), {200}), usd("5.12"));  // 10 x 2.56 / 5.00
  EXPECT_EQ(quotes.price(kOdd, usd("0.68"), {200}), usd("0.35"));
}

TEST(Quotes, MayLeaveTheRestToTheModel) {
  auto quotes = std::make_shared<Quotes>();
  ASSERT_TRUE(quotes->add(kOdd, quote(1, "1.00", "1.80")));
  quotes->sort();
  const Payouts both(quotes, Payouts::Rest::kModel);
  const Payouts alone(quotes);
  const auto even = spec_of(market::ContractType::kDigitEven);
  const market::Tick tick{"R_100", {1000}, core::Price::raw(34'207, 2)};
  EXPECT_EQ(both.payout(kOdd, usd("1.00"), tick), usd("1.80"));
  EXPECT_EQ(both.payout(even, usd("1.00"), tick), usd("1.95"));
  EXPECT_EQ(both.price(even, usd("10.00"), tick), usd("5.12"));
  EXPECT_EQ(both.price(kOdd, usd("1.80"), tick), usd("1.00"));
  EXPECT_TRUE(both.is_recorded(kOdd));
  EXPECT_FALSE(both.is_recorded(even));
  EXPECT_FALSE(both.is_recorded());
  EXPECT_TRUE(alone.is_recorded());
  EXPECT_FALSE(alone.has(even));
  EXPECT_NE(alone.identity(), both.identity());
  EXPECT_FALSE(both.has(spec_of(market::ContractType::kMultUp))) << "a position has no payout";
}

TEST(Quotes, OldOnesAreForgotten) {
  Quotes quotes;
  ASSERT_TRUE(quotes.add(kOdd, quote(1, "5.00", "9.00")));
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(Quotes::kWindow) - 1; ++i) {
    ASSERT_TRUE(quotes.add(kOdd, quote(10 + i, "1.00", "1.95")));
  }
  quotes.sort();
  EXPECT_EQ(paid(quotes, "2.00", 1000), "3.60");
  ASSERT_TRUE(quotes.add(kOdd, quote(500, "1.00", "1.95")));
  quotes.sort();
  EXPECT_EQ(paid(quotes, "2.00", 1000), "3.90");
  EXPECT_EQ(paid(quotes, "2.00", 499), "3.60");
}

TEST(Quotes, KeepContractsApart) {
  Quotes quotes;
  auto higher = spec_of(market::ContractType::kHigher, "1m", "R_100");
  higher.set_offset(core::Price::raw(10, 2));
  ASSERT_TRUE(quotes.add(kOdd, quote(1, "1.00", "1.95")));
  ASSERT_TRUE(quotes.add(higher, quote(1, "1.00", "2.40")));
  quotes.sort();
  EXPECT_EQ(quotes.contracts(), "DIGITODD 1t on R_100, HIGHER 1m +0.10 on R_100");
  EXPECT_FALSE(quotes.has(spec_of(market::ContractType::kDigitEven)));
  EXPECT_FALSE(quotes.has(spec_of(market::ContractType::kDigitOdd, "2t")));
  EXPECT_FALSE(quotes.has(spec_of(market::ContractType::kDigitOdd, "1t", "R_75")));
  auto same = higher;
  same.duration = market::ContractDuration::parse("60s").value();
  EXPECT_EQ(paid(quotes, "1.00", 5, same), "2.40");
  same.set_offset(core::Price::raw(11, 2));
  EXPECT_FALSE(quotes.has(same));
  // A day ends at midnight, 86400 seconds do not.
  auto day = spec_of(market::ContractType::kCall, "1d");
  ASSERT_TRUE(quotes.add(day, quote(1, "1.00", "1.90")));
  EXPECT_FALSE(quotes.has(spec_of(market::ContractType::kCall, "24h")));
  // The odds of a difference are the same for every digit, those of a threshold are not.
  auto differs = spec_of(market::ContractType::kDigitDiff);
  differs.set_digit(3);
  ASSERT_TRUE(quotes.add(differs, quote(1, "1.00", "1.09")));
  differs.set_digit(7);
  EXPECT_TRUE(quotes.has(differs));
  auto over = spec_of(market::ContractType::kDigitOver);
  over.set_digit(3);
  ASSERT_TRUE(quotes.add(over, quote(1, "1.00", "1.60")));
  over.set_digit(4);
  EXPECT_FALSE(quotes.has(over));
}

TEST(Quotes, AreToldApart) {
  const auto identity = [](std::string_view payout, std::int64_t time) {
    auto quotes = std::make_shared<Quotes>();
    EXPECT_TRUE(quotes->add(kOdd, quote(time, "1.00", payout)));
    return Payouts(quotes).identity();
  };
  EXPECT_EQ(identity("1.95", 7), identity("1.95", 7));
  EXPECT_NE(identity("1.95", 7), identity("1.96", 7));
  EXPECT_NE(identity("1.95", 7), identity("1.95", 8));
  EXPECT_NE(Payouts{}.identity(), Payouts::parse("CALL=1.95").value().identity());
  EXPECT_NE(Payouts::parse("PUT=1.95").value().identity(),
            Payouts::parse("CALL=1.95").value().identity());
  EXPECT_EQ(Payouts::parse("CALL=1.95,PUT=2").value().identity(),
            Payouts::parse("PUT=2.0,CALL=1.950").value().identity());
}

TEST(Quotes, RefuseWhatIsNone) {
  Quotes quotes;
  const auto error = [&](std::string_view stake, std::string_view payout) {
    const auto r = quotes.add(kOdd, quote(1, stake, payout));
    return r ? std::string("taken") : r.error().text;
  };
  EXPECT_EQ(error("0.00", "1.00"), "a payout of 1.00 for a stake of 0.00: both must be above 0");
  EXPECT_EQ(error("1.00", "-1.00"), "a payout of -1.00 for a stake of 1.00: both must be above 0");
  EXPECT_EQ(error("1.00", "1001.00"), "a payout of 1001.00 for a stake of 1.00 is out of range");
  EXPECT_FALSE(quotes.add(spec_of(market::ContractType::kMultUp), quote(1, "1.00", "1.00")));
  EXPECT_TRUE(quotes.empty());
}

TEST(Quotes, PayInTheBackTest) {
  Rig rig;
  rig.options.settings.strategies = {strategy("a", "even_odd", 1)};
  rig.ticks(1000, {102, 103, 105, 104});
  auto quotes = std::make_shared<Quotes>();
  auto odd = spec_of(market::ContractType::kDigitOdd, "1t", "1HZ100V");
  ASSERT_TRUE(quotes->add(odd, quote(900, "1.00", "1.80")));
  quotes->sort();
  rig.options.payouts = Payouts(quotes);
  EXPECT_EQ(rig.try_run().error().text,
            "payouts: strategy a may buy DIGITEVEN 1t on 1HZ100V, of which no quote is recorded "
            "(there are quotes of DIGITODD 1t on 1HZ100V); trade it on a demo account or on paper "
            "first, or give --payouts DIGITEVEN=RATIO");
  // A strategy without ticks buys nothing and needs no quote.
  rig.options.settings.strategies = {strategy("a", "even_odd", 1),
                                     strategy("b", "rise_fall", 1, "R_75")};
  auto even = odd;
  even.type = market::ContractType::kDigitEven;
  ASSERT_TRUE(quotes->add(even, quote(1000, "1.00", "1.70")));
  ASSERT_TRUE(quotes->add(even, quote(1002, "1.00", "1.75")));
  quotes->sort();
  rig.run_all();
  ASSERT_EQ(rig.trades.size(), 3u);
  EXPECT_EQ(rig.trades[0].payout, usd("1.80"));
  EXPECT_EQ(rig.trades[0].profit, usd("0.80"));
  EXPECT_EQ(rig.trades[1].payout, usd("1.70"));
  EXPECT_EQ(rig.trades[2].payout, usd("1.75"));
}

}  // namespace
}  // namespace derivd::backtest::test
