// The question for a price as an operator writes it, and what the answer says of the odds.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/price_request.hpp"
#include "common/prices.hpp"
#include "derivctl/price_text.hpp"
#include "market/kind.hpp"
#include "service/exit_code.hpp"

namespace derivd::daemon {
namespace {

using nlohmann::json;

PriceRequest ask(const json& request, std::uint8_t exponent = 2) {
  return read_price_request(request, market::Symbols{}, exponent);
}

std::string spec(json request) {
  const auto read = ask(request);
  return read.code.empty() ? market::encode(read.spec) : read.code + ": " + read.error;
}

TEST(PriceRequest, IsReadAsTheConfigurationWouldBe) {
  EXPECT_EQ(spec({{"symbol", "R_100"}, {"type", "CALL"}}), "CALL R_100 5t");
  EXPECT_EQ(spec({{"symbol", "R_100"}, {"type", "CALL"}, {"duration", "1h"}}), "CALL R_100 1h");
  EXPECT_EQ(spec({{"symbol", "R_100"}, {"type", "HIGHER"}, {"barrier", "+0.1"}}),
            "HIGHER R_100 5t +0.10");
  EXPECT_EQ(spec({{"symbol", "R_100"}, {"type", "LOWER"}, {"barrier", "-0.10"}}),
            "LOWER R_100 5t -0.10");
  EXPECT_EQ(spec({{"symbol", "R_100"}, {"type", "HIGHER"}, {"barrier", "342.07"}}),
            "HIGHER R_100 5t 342.07");
  EXPECT_EQ(spec({{"symbol", "R_100"}, {"type", "DIGITOVER"}, {"prediction", "7"}}),
            "DIGITOVER R_100 5t =7");
  EXPECT_EQ(spec({{"symbol", "R_100"},
                  {"type", "EXPIRYRANGE"},
                  {"barrier", "+0.50"},
                  {"barrier2", "-0.50"}}),
            "EXPIRYRANGE R_100 2m +0.50 -0.50")
      << "the shortest that the type has";
  EXPECT_EQ(spec({{"symbol", "R_100"}, {"type", "ACCU"}, {"growth", "0.03"}}),
            "ACCU R_100 - growth=0.03");
  EXPECT_EQ(spec({{"symbol", "1HZ100V"},
                  {"type", "MULTUP"},
                  {"multiplier", "100"},
                  {"take_profit", "2.00"}}),
            "MULTUP 1HZ100V - multiplier=100 take_profit=2.00");
  EXPECT_EQ(spec({{"symbol", "R_100"}, {"type", "TICKLOW"}, {"selected_tick", "3"}}),
            "TICKLOW R_100 5t tick=3");
  EXPECT_EQ(spec({{"symbol", "R_100"}, {"type", "CALL"}, {"payout", "10"}}),
            "CALL R_100 5t basis=payout");
  EXPECT_EQ(spec({{"spec", "DIGITODD R_100 1t"}}), "DIGITODD R_100 1t");
}

TEST(PriceRequest, HasAnAmount) {
  EXPECT_EQ(ask({{"symbol", "R_100"}, {"type", "CALL"}}).amount, core::Money::minor(100));
  EXPECT_EQ(ask({{"symbol", "R_100"}, {"type", "CALL"}, {"stake", "0.35"}}).amount,
            core::Money::minor(35));
  EXPECT_EQ(ask({{"symbol", "R_100"}, {"type", "CALL"}, {"payout", "10"}}).amount,
            core::Money::minor(1000));
  EXPECT_EQ(ask({{"spec", "CALL R_100 5t"}, {"stake", "0.00012345"}}, 8).amount,
            core::Money::minor(12'345, 8))
      << "of the account's decimals";
}

TEST(PriceRequest, ThatIsNoneSaysWhy) {
  const auto why = [](json request, std::string_view code, std::string_view words) {
    const auto read = ask(request);
    EXPECT_EQ(read.code, code) << request;
    EXPECT_NE(read.error.find(words), std::string::npos) << read.error;
    EXPECT_EQ(read.error.find('\x1b'), std::string::npos);
  };
  why({}, "usage", "not a symbol");
  why({{"symbol", "R_101"}, {"type", "CALL"}}, "not_found", "did you mean R_10");
  why({{"symbol", "R_100"}, {"type", "CALLS\x1b["}}, "not_found", "DIGITMATCH");
  why({{"symbol", "R_100"}, {"type", "HIGHER"}}, "usage", "--barrier: ");
  why({{"symbol", "R_100"}, {"type", "CALL"}, {"barrier", "+1"}}, "usage", "--barrier: ");
  why({{"symbol", "R_100"}, {"type", "CALL"}, {"duration", "5x"}}, "usage", "--duration: ");
  why({{"symbol", "R_100"}, {"type", "CALL"}, {"duration", "5t, name: x"}}, "usage",
      "--duration: ");
  why({{"symbol", "R_100"}, {"type", "DIGITODD"}, {"duration", "5m"}}, "usage", "--duration: ");
  why({{"symbol", "R_100"}, {"type", "DIGITOVER"}, {"prediction", "9"}}, "usage", "--prediction: ");
  why({{"symbol", "R_100"}, {"type", "DIGITOVER"}, {"prediction", "7 }"}}, "usage",
      "--prediction: ");
  why({{"symbol", "R_100"}, {"type", "ACCU"}, {"growth", "0.5"}}, "usage", "--growth: ");
  why({{"symbol", "R_100"}, {"type", "CALL"}, {"stake", "0"}}, "usage", "--stake: ");
  why({{"symbol", "R_100"}, {"type", "CALL"}, {"stake", "1.001"}}, "usage", "--stake: ");
  why({{"symbol", "R_100"}, {"type", "CALL"}, {"stake", "1"}, {"payout", "2"}}, "usage",
      "one of the two");
  why({{"spec", "CALL R_100"}}, "usage", "spec: ");
  why({{"spec", "DIGITODD R_100 5m"}}, "usage", "spec: ");
  why({{"spec", "CALL R_101 5t"}}, "not_found", "R_101");
  why({{"symbol", 7}, {"type", {1, 2}}}, "usage", "not a symbol");
}

constexpr core::VenueTime kThen{1'796'040'000};

PriceOdds odds(std::string_view text, std::string_view ask, std::string_view payout,
               std::optional<core::Price> spot = core::Price::raw(34'207, 2)) {
  const auto contract = market::decode(text).value();
  return odds_of(contract, market::Symbols{}.get(contract.symbol), core::Money::parse(ask).value(),
                 core::Money::parse(payout).value(), spot, kThen);
}

TEST(PriceOdds, AreThePriceOverThePayoutAndTheModelsBeside) {
  const auto odd = odds("DIGITODD R_100 1t", "1.00", "1.95");
  EXPECT_DOUBLE_EQ(odd.break_even.value(), 1.0 / 1.95);
  EXPECT_DOUBLE_EQ(odd.fair.value(), 0.5);
  EXPECT_NEAR(odd.margin.value(), 1.0 / 1.95 - 0.5, 1e-12);
  const auto higher = odds("HIGHER R_100 5m +0.50", "1.00", "2.50");
  EXPECT_GT(higher.fair.value(), 0.2);
  EXPECT_LT(higher.fair.value(), 0.5);
}

TEST(PriceOdds, AreNotMadeUpWhereNoModelKnows) {
  EXPECT_FALSE(odds("HIGHER R_100 5m +0.50", "1.00", "2.50", std::nullopt).fair) << "no quote";
  EXPECT_TRUE(odds("HIGHER R_100 5m +0.50", "1.00", "2.50", std::nullopt).break_even);
  EXPECT_FALSE(odds("CALL stpRNG 10t", "1.00", "2.57").fair) << "no volatility";
  EXPECT_TRUE(odds("DIGITODD RDBULL 1t", "1.00", "1.95").fair) << "digits need none";
  EXPECT_FALSE(odds("CALLE R_100 5t", "1.00", "1.83").fair) << "its ties are not modelled";
  const auto position = odds("ACCU R_100 - growth=0.03", "1.00", "0.00");
  EXPECT_FALSE(position.break_even || position.fair || position.margin);
}

TEST(Prices, AreKeptToABound) {
  Prices prices;
  const auto first = prices.ask({}).number;
  for (std::size_t i = 0; i < Prices::kKept; ++i) prices.ask({});
  EXPECT_EQ(prices.find(first), nullptr);
  ASSERT_NE(prices.find(first + 1), nullptr);
  EXPECT_EQ(prices.find(0), nullptr);
}

TEST(PriceText, FitsATerminalAndSaysWhosePriceItIs) {
  nlohmann::ordered_json row{{"state", "answered"},
                             {"spec", "DIGITODD R_100 5t"},
                             {"basis", "stake"},
                             {"currency", "USD"},
                             {"source", "public"},
                             {"account", "PAPER"},
                             {"ask_price", "1.00"},
                             {"payout", "1.95"},
                             {"break_even", 1 / 1.95},
                             {"fair_probability", 0.5},
                             {"margin", 1 / 1.95 - 0.5},
                             {"time", "2026-11-30T12:00:00Z"},
                             {"description", std::string(300, 'x') + " \x1b[31m end"}};
  const auto text = ctl::price_text(row);
  EXPECT_NE(text.find("break-even  51.28 %"), std::string::npos) << text;
  EXPECT_NE(text.find("public: an account's prices are others"), std::string::npos) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  row["source"] = "account";
  row["account"] = "DOT1";
  EXPECT_NE(ctl::price_text(row).find("account DOT1"), std::string::npos);
  const auto refused = ctl::refusal_of(
      {{"type", "CALL"}, {"symbol", "R_100"}, {"code", "LinkLost"}, {"reason", "cut"}});
  EXPECT_EQ(refused.code, service::kCtlTimeout);
  EXPECT_EQ(ctl::refusal_of({{"code", "NotSent"}}).code, service::kCtlRefused);
}

}  // namespace
}  // namespace derivd::daemon
