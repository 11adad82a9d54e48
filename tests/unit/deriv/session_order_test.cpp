// Purchases, quotes and sales: each ends exactly once, and none is ever sent twice.
#include <gtest/gtest.h>

#include "deriv/errors.hpp"
#include "rig.hpp"

namespace derivd::deriv::test {
namespace {

using market::ContractType;

json bought(std::int64_t contract = 9) {
  return {{"msg_type", "buy"},
          {"buy",
           {{"balance_after", 1},
            {"buy_price", 0.35},
            {"contract_id", contract},
            {"payout", 0.68},
            {"purchase_time", 1'700'000'001},
            {"shortcode", "x"},
            {"transaction_id", 10},
            {"longcode", ""},
            {"start_time", 1'700'000'001}}}};
}

class Orders : public testing::TestWithParam<Dialect> {
 protected:
  void SetUp() override {
    rig.to_live();
    rig.listener.log.clear();
  }
  void buy(std::int64_t order, std::string_view quote_id = "") {
    rig.session->buy(core::OrderId{order}, spec_of(ContractType::kDigitOdd), core::Money::minor(35),
                     quote_id, rig.now());
  }
  /// What was told about this order.
  std::vector<std::string> fate(std::int64_t order) const {
    std::vector<std::string> out;
    for (const auto& line : rig.listener.log) {
      for (const auto* word : {"bought", "refused", "unknown"}) {
        if (line.starts_with(fmt::format("{} {} ", word, order)) ||
            line.starts_with(fmt::format("{} {}:", word, order))) {
          out.push_back(line);
        }
      }
    }
    return out;
  }
  Rig rig{GetParam()};
};

TEST_P(Orders, ErrorRepliesAreClassed) {
  const auto expect_class = [&](const std::string& code, const std::string& line) {
    Rig fresh(GetParam());
    fresh.to_live();
    fresh.session->buy(core::OrderId{7}, spec_of(ContractType::kCall), core::Money::minor(35), "",
                       fresh.now());
    fresh.refuse(fresh.request("buy"), code, "buy");
    EXPECT_TRUE(fresh.listener.has(line)) << code << ": " << fresh.listener.log.back();
    EXPECT_EQ(fresh.listener.count("refused 7") + fresh.listener.count("unknown 7"), 1U) << code;
    fresh.advance(minutes(1));
    EXPECT_EQ(fresh.requests("buy"), 1U) << code;
  };
  for (const auto& row : error_table()) {
    const std::string code(row.code);
    switch (row.error_class) {
      case ErrorClass::kUnknownOutcome:
      case ErrorClass::kAlreadySubscribed:
        expect_class(code, fmt::format("unknown 7: {}: text of {}", code, code));
        break;
      case ErrorClass::kPermanent:
        expect_class(code, fmt::format("refused 7 {} permanent: text of {}", code, code));
        break;
      case ErrorClass::kSession:
      case ErrorClass::kTransient:
      case ErrorClass::kRateLimit:
      case ErrorClass::kSymbolState:
      case ErrorClass::kParameter:
      case ErrorClass::kContract:
        expect_class(code, fmt::format("refused 7 {}: text of {}", code, code));
        break;
    }
  }
  expect_class("NeverHeardOf", "unknown 7: NeverHeardOf");
}

TEST_P(Orders, ASubcodeIsPartOfTheMessage) {
  buy(7);
  rig.answer(rig.request("buy"), {{"msg_type", "buy"},
                                  {"error",
                                   {{"code", "ContractBuyValidationError"},
                                    {"subcode", "InvalidMinStake"},
                                    {"message", "Too small"}}}});
  EXPECT_EQ(rig.listener.log.back(),
            "refused 7 ContractBuyValidationError: InvalidMinStake: Too small");
}

TEST_P(Orders, NoAnswerIsUnknownAndALateOneIsSwallowed) {
  buy(7);
  const auto request = rig.request("buy");
  for (int i = 0; i < 19; ++i) {
    rig.advance(seconds(1));
    rig.frame(rig.tick("R_100", 1'700'000'002 + i, 1451.5));
    rig.pong();
  }
  EXPECT_TRUE(fate(7).empty());
  rig.advance(seconds(1));
  EXPECT_EQ(fate(7), std::vector<std::string>{"unknown 7: no answer to buy within 20 s"});
  rig.answer(request, bought(99));
  EXPECT_EQ(fate(7).size(), 1U);
  EXPECT_EQ(rig.listener.log.back(),
            "notice frame_refused: the answer to a purchase came too late: contract 99");
  rig.refuse(request, "InsufficientBalance", "buy");
  EXPECT_EQ(fate(7).size(), 1U);
  EXPECT_EQ(rig.requests("buy"), 1U);
}

TEST_P(Orders, LosingTheLinkMakesEveryOneUnknown) {
  buy(7);
  buy(8);
  rig.session->on_closed(0, "connection reset", rig.now());
  EXPECT_EQ(fate(7), std::vector<std::string>{"unknown 7: connection reset"});
  EXPECT_EQ(fate(8), std::vector<std::string>{"unknown 8: connection reset"});
  // Told before the state, so that nobody counts them as answered.
  EXPECT_EQ(rig.listener.log.back(), "state offline: connection reset");
  rig.reconnect();
  rig.advance(minutes(1));
  EXPECT_EQ(rig.requests("buy"), 2U) << "a purchase is never sent again";
}

TEST_P(Orders, AnOldAnswerOnANewLinkIsNotTaken) {
  buy(7);
  const auto request = rig.request("buy");
  rig.session->on_closed(0, "gone", rig.now());
  rig.reconnect();
  buy(8);
  rig.answer(request, bought(99));
  EXPECT_FALSE(rig.listener.has("bought"));
  rig.answer(rig.request("buy"), bought(100));
  EXPECT_EQ(fate(8), std::vector<std::string>{"bought 8 contract 100 price 0.35 payout 0.68"});
}

TEST_P(Orders, DeadLinksMakeThemUnknown) {
  buy(7);
  rig.advance(seconds(50));
  EXPECT_EQ(fate(7).size(), 1U);
  EXPECT_TRUE(fate(7)[0].starts_with("unknown 7"));
}

TEST_P(Orders, AnAnswerThatCannotBeUnderstoodIsUnknown) {
  for (const auto& [field, value] :
       std::vector<std::pair<std::string, json>>{{"contract_id", "?"},
                                                 {"contract_id", nullptr},
                                                 {"buy_price", 0.351},
                                                 {"payout", "NaN"},
                                                 {"purchase_time", -1},
                                                 {"balance_after", json::object()}}) {
    Rig fresh(GetParam());
    fresh.to_live();
    fresh.session->buy(core::OrderId{7}, spec_of(ContractType::kCall), core::Money::minor(35), "",
                       fresh.now());
    auto reply = bought();
    reply["buy"][field] = value;
    fresh.answer(fresh.request("buy"), reply);
    EXPECT_FALSE(fresh.listener.has("bought"));
    EXPECT_TRUE(fresh.listener.last("unknown 7").find("buy." + field) != std::string::npos)
        << fresh.listener.last("unknown 7");
    EXPECT_EQ(fresh.session->stats().frames_refused, 1U);
  }
}

TEST_P(Orders, AnAnswerThatIsBothBoughtAndRefusedIsUnknown) {
  buy(7);
  auto reply = bought(70);
  reply["error"] = {{"code", "InsufficientBalance"}, {"message", "no"}};
  rig.answer(rig.request("buy"), reply);
  ASSERT_EQ(fate(7).size(), 1U);
  EXPECT_TRUE(fate(7)[0].starts_with("unknown 7")) << fate(7)[0];
}

TEST_P(Orders, AnswersComeInAnyOrder) {
  buy(7);
  const auto first = rig.request("buy");
  buy(8);
  const auto second = rig.request("buy");
  rig.answer(second, bought(80));
  rig.answer(first, bought(70));
  EXPECT_EQ(rig.listener.log[0], "bought 8 contract 80 price 0.35 payout 0.68");
  EXPECT_EQ(rig.listener.log[1], "bought 7 contract 70 price 0.35 payout 0.68");
  rig.answer(first, bought(71));
  EXPECT_EQ(rig.listener.count("bought"), 2U);
}

TEST_P(Orders, AnAnswerWithoutItsIdCountsOnlyWhenItCanBeNoOther) {
  buy(7);
  auto reply = bought(70);
  reply["echo_req"] = {{"buy", "1"}, {"req_id", rig.request("buy")["req_id"]}};
  rig.frame(reply);  // no req_id at the top, but echoed
  EXPECT_TRUE(rig.listener.has("bought 7"));
  buy(8);
  rig.frame(bought(80));  // none at all, but only one purchase waits
  EXPECT_TRUE(rig.listener.has("bought 8"));
  buy(9);
  buy(10);
  rig.frame(bought(90));  // whose?
  EXPECT_FALSE(rig.listener.has("bought 9"));
  EXPECT_FALSE(rig.listener.has("bought 10"));
  rig.advance(seconds(20));
  EXPECT_TRUE(rig.listener.has("unknown 9"));
  EXPECT_TRUE(rig.listener.has("unknown 10"));
}

TEST_P(Orders, AnErrorWithoutItsIdCountsOnlyWhenItCanBeNoOther) {
  buy(7);
  rig.frame(
      json{{"msg_type", "buy"}, {"error", {{"code", "InsufficientBalance"}, {"message", "no"}}}});
  EXPECT_EQ(rig.listener.log.back(), "refused 7 InsufficientBalance permanent: no");
  buy(8);
  buy(9);
  rig.frame(
      json{{"msg_type", "buy"}, {"error", {{"code", "InsufficientBalance"}, {"message", "no"}}}});
  EXPECT_FALSE(rig.listener.has("refused 8"));
  EXPECT_FALSE(rig.listener.has("refused 9"));
}

TEST_P(Orders, AFrameOfAnotherKindIsNoAnswer) {
  buy(7);
  const auto request = rig.request("buy");
  rig.answer(request, {{"msg_type", "sell"}, {"sell", {{"contract_id", 1}, {"sold_for", 1}}}});
  EXPECT_TRUE(fate(7).empty());
  rig.answer(request, bought(70));
  EXPECT_EQ(fate(7).size(), 1U);
}

TEST_P(Orders, NothingIsSentUnlessLive) {
  for (int stage = 0; stage < 4; ++stage) {
    Rig fresh(GetParam());
    if (stage == 1) fresh.to_authorizing();
    if (stage == 2) fresh.to_syncing();
    if (stage == 3) fresh.to_reconciling();
    const auto spec = spec_of(ContractType::kCall);
    fresh.session->buy(core::OrderId{7}, spec, core::Money::minor(35), "", fresh.now());
    EXPECT_EQ(fresh.listener.log.back(), "refused 7 NotSent: the session is not live");
    fresh.session->quote(core::OrderId{7}, spec, core::Money::minor(35), fresh.now());
    EXPECT_EQ(fresh.listener.log.back(), "quote-refused 7 NotSent: the session is not live");
    fresh.session->sell(core::ContractId{5}, fresh.now());
    EXPECT_EQ(fresh.listener.log.back(), "sell-failed 5 NotSent: the session is not live");
    EXPECT_EQ(fresh.requests("buy") + fresh.requests("proposal") + fresh.requests("sell"), 0U);
  }
}

TEST_P(Orders, OddSymbolsAndQuoteIdsAreNotSent) {
  rig.session->buy(core::OrderId{7}, spec_of(ContractType::kCall, "R\"100"), core::Money::minor(35),
                   "", rig.now());
  EXPECT_EQ(rig.listener.log.back(), "refused 7 NotSent: the symbol is none");
  buy(8, "short");
  EXPECT_EQ(rig.listener.log.back(), "refused 8 NotSent: the quote's id is none");
  EXPECT_EQ(rig.requests("buy"), 0U);
}

TEST_P(Orders, TheBudgetOfPurchasesIsNeverPassed) {
  std::size_t sent = 0;
  for (int i = 1; i <= 500; ++i) {
    buy(i);
    if (!rig.listener.log.empty() && rig.listener.log.back().starts_with("refused")) {
      EXPECT_EQ(rig.listener.log.back(),
                fmt::format("refused {} NotSent: the budget of calls for purchases is used up", i));
      continue;
    }
    rig.answer(rig.request("buy"), bought(1000 + i));
    ++sent;
  }
  EXPECT_EQ(sent, rig.requests("buy"));
  // 90 % of 360 (options) and of 220 less what syncing took (v3).
  EXPECT_LE(sent, rig.options() ? 324U : 198U);
  EXPECT_GE(sent, rig.options() ? 324U : 190U);
  rig.idle(minutes(1));
  buy(1000);
  EXPECT_EQ(rig.requests("buy"), sent + 1);
}

TEST_P(Orders, AfterARateLimitPurchasesWaitToo) {
  buy(7);
  rig.refuse(rig.request("buy"), "RateLimit", "buy");
  EXPECT_TRUE(rig.listener.has("notice rate_limited: buy: RateLimit"));
  EXPECT_TRUE(rig.listener.has("refused 7 RateLimit: "));
  buy(8);
  EXPECT_EQ(rig.listener.log.back(),
            "refused 8 NotSent: the budget of calls for purchases is used up");
  rig.advance(seconds(1));
  buy(9);
  EXPECT_EQ(rig.requests("buy"), 2U);
}

TEST_P(Orders, ARefusedSessionRefusesThePurchaseAndReconnects) {
  buy(7);
  rig.refuse(rig.request("buy"), "AuthorizationRequired", "buy");
  EXPECT_EQ(fate(7), std::vector<std::string>{
                         "refused 7 AuthorizationRequired: text of AuthorizationRequired"});
  EXPECT_NE(rig.session->state(), SessionState::kLive);
}

TEST_P(Orders, QuotesAreAnsweredRefusedOrLost) {
  const auto spec = spec_of(ContractType::kCall);
  rig.session->quote(core::OrderId{7}, spec, core::Money::minor(35), rig.now());
  rig.answer(rig.request("proposal"),
             {{"msg_type", "proposal"},
              {"proposal", {{"id", kStream}, {"ask_price", 0.35}, {"payout", 0.68}}}});
  EXPECT_EQ(rig.listener.log.back(), fmt::format("quote 7 {} 0.35 0.68", kStream));
  rig.session->quote(core::OrderId{8}, spec, core::Money::minor(35), rig.now());
  rig.refuse(rig.request("proposal"), "MarketIsClosed", "proposal");
  EXPECT_EQ(rig.listener.log.back(), "quote-refused 8 MarketIsClosed: text of MarketIsClosed");
  rig.session->quote(core::OrderId{9}, spec, core::Money::minor(35), rig.now());
  rig.advance(seconds(5));
  EXPECT_EQ(rig.listener.log.back(), "quote-refused 9 NoAnswer: no answer to proposal within 5 s");
  rig.session->quote(core::OrderId{10}, spec, core::Money::minor(35), rig.now());
  rig.session->on_closed(0, "gone", rig.now());
  EXPECT_TRUE(rig.listener.has("quote-refused 10 LinkLost: gone"));
}

TEST_P(Orders, AQuoteIsBoughtByItsId) {
  buy(7, kStream);
  EXPECT_EQ(rig.wire.log.back(), fmt::format("send {{\"buy\":\"{}\",\"price\":0.35,\"req_id\":{}}}",
                                             kStream, rig.request("buy")["req_id"].dump()));
}

TEST_P(Orders, Sales) {
  rig.session->sell(core::ContractId{5}, rig.now());
  const auto request = rig.request("sell");
  EXPECT_EQ(request["sell"], 5);
  EXPECT_EQ(request["price"], 0);
  rig.answer(request, {{"msg_type", "sell"},
                       {"sell",
                        {{"contract_id", 5},
                         {"sold_for", 1.25},
                         {"balance_after", 1},
                         {"reference_id", 1},
                         {"transaction_id", 2}}}});
  EXPECT_EQ(rig.listener.log.back(), "sold 5 1.25");
  rig.session->sell(core::ContractId{6}, rig.now());
  rig.refuse(rig.request("sell"), "NoOpenPosition", "sell");
  EXPECT_EQ(rig.listener.log.back(), "sell-failed 6 NoOpenPosition: text of NoOpenPosition");
  rig.session->sell(core::ContractId{7}, rig.now());
  rig.session->on_closed(0, "gone", rig.now());
  EXPECT_TRUE(rig.listener.has("sell-failed 7 LinkLost: gone"));
  rig.reconnect();
  EXPECT_EQ(rig.requests("sell"), 3U) << "a sale is never sent again";
}

market::ContractSpec cancellable() {
  auto spec = spec_of(ContractType::kMultUp);
  spec.duration = {};
  spec.multiplier_terms().multiplier = 100;
  spec.multiplier_terms().cancellation = *market::ContractDuration::parse("15m");
  return spec;
}

TEST_P(Orders, ACancellationIsPricedAndBoughtByItsQuote) {
  rig.session->quote(core::OrderId{7}, cancellable(), core::Money::minor(1000), rig.now());
  const auto request = rig.request("proposal");
  EXPECT_EQ(request["cancellation"], "15m");
  EXPECT_EQ(request["multiplier"], 100);
  EXPECT_EQ(request["amount"], 10.0);
  EXPECT_FALSE(request.contains("limit_order"));
  rig.answer(request, {{"msg_type", "proposal"},
                       {"proposal",
                        {{"id", kStream},
                         {"ask_price", 12.15},
                         {"payout", 0},
                         {"cancellation", {{"ask_price", 2.15}, {"date_expiry", 1782000900}}}}}});
  EXPECT_EQ(rig.listener.log.back(), fmt::format("quote 7 {} 12.15 0.00 fee 2.15", kStream));
}

TEST_P(Orders, WhatIsNoObjectNamesNoFee) {
  for (const auto& nothing : {json(nullptr), json::array(), json("")}) {
    rig.session->quote(core::OrderId{7}, cancellable(), core::Money::minor(1000), rig.now());
    rig.answer(
        rig.request("proposal"),
        {{"msg_type", "proposal"},
         {"proposal",
          {{"id", kStream}, {"ask_price", 12.15}, {"payout", 0}, {"cancellation", nothing}}}});
    EXPECT_EQ(rig.listener.log.back(), fmt::format("quote 7 {} 12.15 0.00", kStream));
  }
}

TEST_P(Orders, Cancellations) {
  rig.session->cancel(core::ContractId{5}, rig.now());
  const auto request = rig.request("cancel");
  EXPECT_EQ(request["cancel"], 5);
  EXPECT_FALSE(request.contains("price"));
  rig.answer(request, {{"msg_type", "sell"}, {"sell", {{"contract_id", 5}, {"sold_for", 1}}}});
  EXPECT_FALSE(rig.listener.has("sold 5")) << "the answer to something else";
  rig.answer(request, {{"msg_type", "cancel"},
                       {"cancel",
                        {{"contract_id", 5},
                         {"sold_for", 10},
                         {"balance_after", 1},
                         {"reference_id", 1},
                         {"transaction_id", 2}}}});
  EXPECT_EQ(rig.listener.log.back(), "sold 5 10.00");
  rig.session->cancel(core::ContractId{6}, rig.now());
  rig.refuse(rig.request("cancel"), "CannotCancelContract", "cancel");
  EXPECT_EQ(rig.listener.log.back(),
            "sell-failed 6 CannotCancelContract: text of CannotCancelContract");
  rig.session->cancel(core::ContractId{7}, rig.now());
  rig.session->on_closed(0, "gone", rig.now());
  EXPECT_TRUE(rig.listener.has("sell-failed 7 LinkLost: gone"));
  rig.reconnect();
  EXPECT_EQ(rig.requests("cancel"), 3U) << "a cancellation is never sent again";
}

INSTANTIATE_TEST_SUITE_P(Both, Orders, testing::Values(Dialect::kOptions, Dialect::kV3),
                         [](const auto& p) { return std::string(name_of(p.param)); });

}  // namespace
}  // namespace derivd::deriv::test
