// Prices that an operator asks for: each question is answered once, whatever the venue says or does
// not say, in both dialects; none takes what the strategies' own quotes and purchases need.
#include <gtest/gtest.h>

#include "rig.hpp"

namespace derivd::deriv::test {
namespace {

using market::ContractType;

json proposal(json more = json::object()) {
  json body{{"id", kStream},
            {"ask_price", 1},
            {"payout", 1.95},
            {"spot", 1451.5},
            {"spot_time", 1'700'000'003},
            {"date_start", 1'700'000'004},
            {"longcode", "Win payout."}};
  body.update(more);
  return {{"msg_type", "proposal"}, {"proposal", body}};
}

class Price : public testing::TestWithParam<Dialect> {
 protected:
  void SetUp() override {
    rig.to_live();
    rig.listener.log.clear();
  }
  void ask(std::int64_t number, std::string_view symbol = "R_100") {
    rig.session->ask_price(number, spec_of(ContractType::kDigitOdd, symbol),
                           core::Money::minor(100), rig.now());
  }
  /// What was told about it.
  std::vector<std::string> fate(std::int64_t number) const {
    std::vector<std::string> out;
    for (const auto& line : rig.listener.log) {
      if (line.starts_with(fmt::format("price {} ", number)) ||
          line.starts_with(fmt::format("price-refused {} ", number))) {
        out.push_back(line);
      }
    }
    return out;
  }
  Rig rig{GetParam()};
};

TEST_P(Price, IsAskedWithoutASubscriptionAndTold) {
  ask(5);
  const auto request = rig.request("proposal");
  EXPECT_FALSE(request.contains("subscribe"));
  EXPECT_EQ(request["currency"], "USD");
  EXPECT_EQ(request["amount"], 1.0);
  EXPECT_EQ(request["basis"], "stake");
  EXPECT_EQ(request[rig.options() ? "underlying_symbol" : "symbol"], "R_100");
  rig.answer(request, proposal());
  EXPECT_EQ(fate(5),
            std::vector<std::string>{"price 5 1.00 1.95 at 1451.5 1700000004: Win payout."});
  rig.answer(request, proposal());
  EXPECT_EQ(fate(5).size(), 1U) << "an answer counts once";
  EXPECT_EQ(rig.requests("buy"), 0U);
}

TEST_P(Price, TakesNumbersAsTextAndMissingExtras) {
  ask(5);
  rig.answer(rig.request("proposal"),
             {{"msg_type", "proposal"},
              {"proposal", {{"id", kStream}, {"ask_price", "5.15"}, {"payout", "10"}}}});
  EXPECT_EQ(fate(5), std::vector<std::string>{"price 5 5.15 10.00 at - 0: "});
}

TEST_P(Price, IsRefusedInTheVenuesWordsWithoutItsControlCharacters) {
  ask(5);
  rig.answer(rig.request("proposal"),
             {{"msg_type", "proposal"},
              {"error",
               {{"code", "OfferingsValidationError"},
                {"message", "Trading is not\x1b[31m offered for this duration."}}}});
  ASSERT_EQ(fate(5).size(), 1U);
  EXPECT_EQ(fate(5)[0],
            "price-refused 5 OfferingsValidationError: Trading is not?[31m offered for this "
            "duration.");
  EXPECT_EQ(rig.session->state(), SessionState::kLive);
}

TEST_P(Price, OfAHostileAnswerIsNone) {
  std::int64_t number = 0;
  for (const auto& more : {json{{"ask_price", 0}}, json{{"ask_price", -1}}, json{{"payout", -1.95}},
                           json{{"ask_price", nullptr}}, json{{"ask_price", "nan"}},
                           json{{"payout", {1, 2}}}, json{{"payout", 1e300}}, json{{"spot", "up"}},
                           json{{"date_start", -1}}, json{{"id", std::string(200, 'x')}}}) {
    ask(++number);
    rig.answer(rig.request("proposal"), proposal(more));
    ASSERT_EQ(fate(number).size(), 1U) << more;
    EXPECT_TRUE(fate(number)[0].starts_with(fmt::format("price-refused {} FrameRefused", number)))
        << fate(number)[0];
  }
  ask(++number);
  rig.answer(rig.request("proposal"), proposal({{"longcode", "a\nb" + std::string(5000, 'y')}}));
  ASSERT_EQ(fate(number).size(), 1U);
  EXPECT_TRUE(fate(number)[0].starts_with(fmt::format("price {} ", number)));
  EXPECT_LT(fate(number)[0].size(), 300U);
  EXPECT_EQ(fate(number)[0].find('\n'), std::string::npos);
}

TEST_P(Price, IsRefusedWithoutALiveSession) {
  Rig fresh(GetParam());
  fresh.session->ask_price(1, spec_of(ContractType::kCall), core::Money::minor(100), fresh.now());
  EXPECT_EQ(fresh.listener.log.back(), "price-refused 1 NotSent: the session is not live");
  EXPECT_EQ(fresh.requests("proposal"), 0U);
}

TEST_P(Price, IsLostWithTheLinkAndNotAskedAgain) {
  ask(1);
  ask(2);
  rig.session->on_closed(0, "cut", rig.now());
  EXPECT_EQ(fate(1), std::vector<std::string>{"price-refused 1 LinkLost: cut"});
  EXPECT_EQ(fate(2), std::vector<std::string>{"price-refused 2 LinkLost: cut"});
  const auto before = rig.requests("proposal");
  rig.reconnect();
  EXPECT_EQ(rig.requests("proposal"), before);
}

TEST_P(Price, ThatIsNotAnsweredIsGivenUp) {
  ask(1);
  const auto request = rig.request("proposal");
  for (int i = 0; i < 5; ++i) {
    rig.advance(seconds(1));
    rig.pong();
  }
  EXPECT_EQ(fate(1),
            std::vector<std::string>{"price-refused 1 NoAnswer: no answer to proposal within 5 s"});
  rig.answer(request, proposal());
  EXPECT_EQ(fate(1).size(), 1U) << "a late answer is swallowed";
}

TEST_P(Price, HasABoundedNumberOfQuestions) {
  for (std::int64_t i = 1; i <= 16; ++i) ask(i);
  EXPECT_EQ(rig.requests("proposal"), 16U);
  ask(17);
  ASSERT_EQ(fate(17).size(), 1U);
  EXPECT_TRUE(fate(17)[0].starts_with("price-refused 17 NotSent")) << fate(17)[0];
  rig.answer(rig.request("proposal"), proposal());
  ask(18);
  EXPECT_TRUE(fate(18).empty());
  EXPECT_EQ(rig.requests("proposal"), 17U);
}

// What is told may ask for the next one.
TEST_P(Price, MayBeAskedForWhenOneIsTold) {
  rig.listener.price_hook = [this](std::int64_t number) {
    if (number < 4) ask(number + 1);
  };
  ask(1);
  rig.session->on_closed(0, "cut", rig.now());
  EXPECT_EQ(fate(1).size(), 1U);
  ASSERT_EQ(fate(2).size(), 1U);
  EXPECT_TRUE(fate(2)[0].starts_with("price-refused 2 NotSent")) << fate(2)[0];
}

TEST_P(Price, LeavesTheStrategiesTheirQuotesAndPurchases) {
  const core::Name buyer{"a"};
  rig.session->set_buyers({buyer});
  std::size_t asked = 0;
  // As many questions as the budget gives to anybody but the strategies.
  for (std::int64_t number = 1; number < 1000; ++number) {
    const auto before = rig.requests("proposal");
    ask(number);
    if (rig.requests("proposal") == before) break;
    ++asked;
    rig.answer(rig.request("proposal"), proposal());
  }
  EXPECT_GT(asked, 20U);
  ASSERT_LT(asked, 900U) << "the budget has an end";
  rig.listener.log.clear();
  for (std::int64_t order = 1; order <= 12; ++order) {
    rig.session->quote(core::OrderId{order}, spec_of(ContractType::kDigitOdd),
                       core::Money::minor(35), rig.now(), buyer);
    rig.session->buy(core::OrderId{order}, spec_of(ContractType::kDigitOdd), core::Money::minor(35),
                     "", rig.now(), buyer);
  }
  EXPECT_EQ(rig.listener.count("quote-refused"), 0U) << rig.listener.last("quote-refused");
  EXPECT_EQ(rig.listener.count("refused"), 0U) << rig.listener.last("refused");
  EXPECT_EQ(rig.requests("buy"), 12U);
}

TEST_P(Price, ThatFindsNoRoomInTheBudgetIsToldAndNotKept) {
  std::int64_t number = 0;
  while (number < 1000) {
    const auto before = rig.requests("proposal");
    ask(++number);
    if (rig.requests("proposal") == before) break;
    rig.answer(rig.request("proposal"), proposal());
  }
  ASSERT_LT(number, 1000);
  EXPECT_TRUE(fate(number).empty()) << "it waits for its turn";
  const auto sent = rig.requests("proposal");
  for (int i = 0; i < 10; ++i) {
    rig.advance(seconds(1));
    rig.pong();
  }
  ASSERT_EQ(fate(number).size(), 1U);
  EXPECT_TRUE(fate(number)[0].starts_with(fmt::format("price-refused {} NotSent", number)))
      << fate(number)[0];
  EXPECT_EQ(rig.requests("proposal"), sent) << "the minute of the budget is not over";
  // One that still waits for its turn is lost with the link, too.
  ask(2000);
  EXPECT_TRUE(fate(2000).empty());
  rig.session->on_closed(0, "cut", rig.now());
  EXPECT_EQ(fate(2000), std::vector<std::string>{"price-refused 2000 LinkLost: cut"});
}

INSTANTIATE_TEST_SUITE_P(BothDialects, Price, testing::Values(Dialect::kOptions, Dialect::kV3),
                         [](const auto& i) { return std::string(name_of(i.param)); });

}  // namespace
}  // namespace derivd::deriv::test
