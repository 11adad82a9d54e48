// Going over to another token: when, what is kept, and the way back.
#include <gtest/gtest.h>

#include "rig.hpp"

namespace derivd::deriv::test {
namespace {

using market::ContractType;

class ReplaceToken : public testing::TestWithParam<Dialect> {
 protected:
  Rig rig{GetParam()};
  std::string fresh = rig.options() ? "pat_fedcba9876543210" : "h7g6f5e4d3c2b1a";

  bool replace() { return rig.session->replace_token(core::Secret(std::string(fresh)), rig.now()); }
  /// The token of the attempt that runs now.
  std::string used() {
    if (rig.options()) return rig.wire.headers.at(0).second;
    return "Bearer " + rig.request("authorize")["authorize"].get<std::string>();
  }
  void refuse_token() {
    if (rig.options()) {
      rig.session->on_http(
          401, R"({"errors":[{"status":401,"code":"Unauthorized","message":"Invalid token"}]})",
          rig.now());
    } else {
      rig.session->on_open(rig.now());
      rig.refuse(rig.request("authorize"), "InvalidToken", "authorize");
    }
  }
  void finish() {
    rig.connect();
    rig.log_in();
    rig.sync();
    rig.session->reconciled(rig.now());
  }
};

TEST_P(ReplaceToken, GoesOverAtOnceWhenNothingIsAwaited) {
  rig.session->set_symbols({"R_100"}, 0, rig.now());
  rig.to_live();
  rig.session->watch(core::ContractId{5}, rig.now());
  ASSERT_TRUE(replace());
  EXPECT_EQ(rig.session->state(), SessionState::kConnecting) << "without a wait";
  EXPECT_FALSE(rig.listener.has("token"));
  const auto streams = rig.requests("proposal_open_contract");
  finish();
  EXPECT_EQ(used(), "Bearer " + fresh);
  EXPECT_EQ(rig.session->state(), SessionState::kLive);
  EXPECT_EQ(rig.listener.last("token"), "token taken");
  EXPECT_EQ(rig.requests("proposal_open_contract"), streams + 1) << "the contract is kept";
  EXPECT_GE(rig.requests("ticks"), 2U) << "the symbol is kept";
}

TEST_P(ReplaceToken, WaitsForTheAnswerToAPurchase) {
  rig.to_live();
  rig.buy_one(7);
  ASSERT_TRUE(replace());
  rig.advance(seconds(3));
  EXPECT_EQ(rig.session->state(), SessionState::kLive);
  rig.buy_one(8);
  EXPECT_TRUE(rig.listener.has("refused 8 NotSent"));
  EXPECT_EQ(rig.requests("buy"), 1U);
  rig.answer_buy();
  EXPECT_TRUE(rig.listener.has("bought 7 contract 77"));
  EXPECT_EQ(rig.session->state(), SessionState::kConnecting);
  EXPECT_FALSE(rig.listener.has("unknown"));
  finish();
  rig.buy_one(9);
  EXPECT_EQ(rig.requests("buy"), 2U);
}

TEST_P(ReplaceToken, WaitsNoLongerThanAPurchaseMayTake) {
  rig.to_live();
  rig.buy_one(7);
  ASSERT_TRUE(replace());
  for (int i = 0; i < 25 && rig.session->state() == SessionState::kLive; ++i) rig.idle(seconds(1));
  EXPECT_TRUE(rig.listener.has("unknown 7"));
  EXPECT_EQ(rig.session->state(), SessionState::kConnecting);
}

TEST_P(ReplaceToken, ARefusedTokenLeavesTheOldOneInUse) {
  rig.to_live();
  ASSERT_TRUE(replace());
  refuse_token();
  EXPECT_TRUE(rig.listener.has("token dropped: ")) << rig.listener.log.back();
  EXPECT_FALSE(rig.listener.fatal);
  finish();
  EXPECT_EQ(used(), "Bearer " + rig.token());
  EXPECT_EQ(rig.session->state(), SessionState::kLive);
  EXPECT_EQ(rig.listener.count("token"), 1U);
  ASSERT_TRUE(replace()) << "another try is possible";
}

TEST_P(ReplaceToken, AForbiddenScopeOfTheNewTokenIsRefusedToo) {
  rig.to_live();
  ASSERT_TRUE(replace());
  if (rig.options()) {
    rig.give_accounts();
    ASSERT_TRUE(rig.wire.log.back().ends_with("/nickname")) << "the new token is probed as well";
    rig.session->on_http(200, "{}", rig.now());
  } else {
    rig.session->on_open(rig.now());
    rig.answer(rig.request("authorize"), {{"msg_type", "authorize"},
                                          {"authorize",
                                           {{"loginid", rig.account_id()},
                                            {"currency", "USD"},
                                            {"is_virtual", 1},
                                            {"scopes", {"read", "trade", "payments"}}}}});
  }
  EXPECT_NE(rig.listener.last("token dropped").find("scope"), std::string::npos);
  finish();
  EXPECT_EQ(used(), "Bearer " + rig.token());
}

TEST_P(ReplaceToken, ATokenOfAnotherAccountIsRefused) {
  rig.to_live();
  ASSERT_TRUE(replace());
  if (rig.options()) {
    rig.session->on_http(200,
                         R"({"data":[{"account_id":"DOT90000009","balance":1,"currency":"USD",)"
                         R"("group":"row","status":"active","account_type":"demo"}]})",
                         rig.now());
  } else {
    rig.session->on_open(rig.now());
    rig.answer(rig.request("authorize"), {{"msg_type", "authorize"},
                                          {"authorize",
                                           {{"loginid", "VRTC0000009"},
                                            {"currency", "USD"},
                                            {"is_virtual", 1},
                                            {"scopes", {"read", "trade"}}}}});
  }
  EXPECT_TRUE(rig.listener.has("token dropped"));
  finish();
  EXPECT_EQ(rig.session->state(), SessionState::kLive);
}

TEST_P(ReplaceToken, ALostLinkIsNoRefusal) {
  rig.to_live();
  ASSERT_TRUE(replace());
  if (rig.options()) {
    rig.session->on_http_failed("no network", rig.now());
  } else {
    rig.session->on_closed(0, "no network", rig.now());
  }
  EXPECT_FALSE(rig.listener.has("token"));
  rig.reconnect();
  EXPECT_EQ(used(), "Bearer " + fresh);
  EXPECT_EQ(rig.listener.last("token"), "token taken");
}

TEST_P(ReplaceToken, OneAtATimeAndOnlyWhileRunning) {
  EXPECT_FALSE(replace()) << "not started";
  rig.to_live();
  rig.buy_one(7);
  EXPECT_TRUE(replace());
  EXPECT_FALSE(replace()) << "one is under way";
  rig.session->stop(rig.now());
  EXPECT_EQ(rig.listener.last("token"), "token dropped: stopping");
  EXPECT_FALSE(replace()) << "stopping";
}

TEST_P(ReplaceToken, NeverShowsAToken) {
  rig.to_live();
  ASSERT_TRUE(replace());
  refuse_token();
  for (const auto& line : rig.listener.log) {
    EXPECT_EQ(line.find(fresh), std::string::npos) << line;
    EXPECT_EQ(line.find(rig.token()), std::string::npos) << line;
  }
}

INSTANTIATE_TEST_SUITE_P(Dialects, ReplaceToken, testing::Values(Dialect::kOptions, Dialect::kV3),
                         [](const auto& p) { return std::string(name_of(p.param)); });

}  // namespace
}  // namespace derivd::deriv::test
