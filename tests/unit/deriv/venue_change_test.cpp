// Going over to another address of the venue: when, what is asked of it first, and the way back.
#include <gtest/gtest.h>

#include "rig.hpp"

namespace derivd::deriv::test {
namespace {

using market::ContractType;

class ChangeVenue : public testing::TestWithParam<Dialect> {
 protected:
  Rig rig{GetParam(), [](auto& s) {
            s.endpoint = s.dialect == Dialect::kOptions ? "https://one.test" : "wss://one.test/v3";
            s.ca_file = "/one.pem";
          }};

  VenueAddress address(const std::string& host) const {
    return {rig.options() ? fmt::format("https://{}.test", host)
                          : fmt::format("wss://{}.test/v3", host),
            rig.options() ? "app0000000000000000bb" : "2002", fmt::format("/{}.pem", host),
            fmt::format("http://{}-proxy.test:3128", host)};
  }
  bool change(const std::string& host) {
    return rig.session->change_venue(address(host), rig.now());
  }
  /// Where the latest attempt went.
  std::string host() const {
    for (auto at = rig.wire.log.rbegin(); at != rig.wire.log.rend(); ++at) {
      const bool attempt = rig.options() ? at->starts_with("http ") : at->starts_with("open ");
      if (!attempt) continue;
      const auto begin = at->find("://") + 3;
      return at->substr(begin, at->find(".test") - begin);
    }
    return {};
  }
  /// The latest entry of the wire that begins so.
  std::string used(std::string_view what) const {
    for (auto at = rig.wire.log.rbegin(); at != rig.wire.log.rend(); ++at) {
      if (at->starts_with(what)) return *at;
    }
    return {};
  }
  void refuse_app() {
    if (rig.options()) {
      rig.session->on_http(
          401,
          R"({"errors":[{"status":401,"code":"Unauthorized","message":"Invalid application"}]})",
          rig.now());
    } else {
      rig.session->on_open(rig.now());
      rig.refuse(rig.request("authorize"), "InvalidAppID", "authorize");
    }
  }
  void to_reconciling() {
    rig.connect();
    rig.log_in();
    rig.sync();
  }
  void finish() {
    to_reconciling();
    rig.session->reconciled(rig.now());
  }
};

TEST_P(ChangeVenue, GoesOverWhenNoAnswerToAPurchaseIsAwaited) {
  rig.to_live();
  rig.buy_one(7);
  ASSERT_TRUE(change("two"));
  rig.advance(seconds(3));
  EXPECT_EQ(rig.session->state(), SessionState::kLive) << "the answer is awaited";
  EXPECT_EQ(host(), "one");
  rig.buy_one(8);
  EXPECT_TRUE(rig.listener.has("refused 8 NotSent"));
  rig.answer_buy();
  EXPECT_TRUE(rig.listener.has("bought 7 contract 77"));
  EXPECT_EQ(rig.session->state(), SessionState::kConnecting) << "without a wait";
  EXPECT_EQ(host(), "two");
  EXPECT_EQ(used("trust "), "trust /two.pem");
  EXPECT_EQ(used("proxy "), "proxy http://two-proxy.test:3128");
  EXPECT_FALSE(rig.listener.has("unknown"));
  finish();
  EXPECT_EQ(rig.listener.last("venue"), "venue taken");
  EXPECT_EQ(rig.session->state(), SessionState::kLive);
  EXPECT_EQ(rig.session->stats().reconnects, 1U);
  rig.buy_one(9);
  EXPECT_EQ(rig.requests("buy"), 2U);
}

TEST_P(ChangeVenue, TheNewApplicationIsNamed) {
  rig.to_live();
  ASSERT_TRUE(change("two"));
  if (rig.options()) {
    EXPECT_EQ(rig.wire.headers.at(1).second, "app0000000000000000bb");
  } else {
    EXPECT_TRUE(rig.wire.log.back().ends_with("app_id=2002")) << rig.wire.log.back();
  }
}

TEST_P(ChangeVenue, OnTrialItIsAskedForItsBooksAndToldNothingOfOurs) {
  rig.session->set_symbols({"R_100"}, 0, rig.now());
  rig.to_live();
  rig.session->watch(core::ContractId{5}, rig.now());
  const auto streams = rig.requests("proposal_open_contract");
  const auto ticks = rig.requests("ticks");
  ASSERT_EQ(streams, 1U);
  ASSERT_TRUE(change("two"));
  EXPECT_TRUE(rig.session->on_trial());
  const auto told = rig.listener.venue;
  to_reconciling();
  ASSERT_EQ(rig.session->state(), SessionState::kReconciling);
  EXPECT_TRUE(rig.session->on_trial());
  rig.session->poll(core::ContractId{5}, rig.now());
  rig.give_balance("5.00");
  rig.frame(json{{"msg_type", "transaction"},
                 {"subscription", {{"id", kStream}}},
                 {"transaction",
                  {{"id", kStream},
                   {"action", "sell"},
                   {"amount", "0.68"},
                   {"balance", "10000.33"},
                   {"contract_id", 5},
                   {"currency", "USD"},
                   {"transaction_id", 9},
                   {"transaction_time", 1'900'000'000}}}});
  rig.session->ask_report({1'700'000'000}, rig.now());
  rig.give_portfolio();
  rig.give_profit_table();
  EXPECT_TRUE(rig.listener.has("report"));
  EXPECT_FALSE(rig.listener.has("transaction"));
  EXPECT_FALSE(rig.listener.has("balance 5.00"));
  EXPECT_EQ(rig.listener.venue.s, told.s) << "its clock is not ours yet";
  EXPECT_EQ(rig.requests("proposal_open_contract"), streams);
  EXPECT_EQ(rig.requests("ticks"), ticks);
  rig.session->reconciled(rig.now());
  EXPECT_EQ(rig.listener.last("venue"), "venue taken");
  EXPECT_EQ(rig.requests("proposal_open_contract"), streams + 2) << "the stream and the poll";
  EXPECT_EQ(rig.requests("ticks"), ticks + 1);
}

TEST_P(ChangeVenue, RefusedByTheListenerItGoesBack) {
  rig.to_live();
  ASSERT_TRUE(change("two"));
  to_reconciling();
  rig.session->refuse_venue("not our books", rig.now());
  EXPECT_EQ(rig.listener.last("venue"), "venue dropped: not our books");
  EXPECT_EQ(host(), "one");
  EXPECT_EQ(used("trust "), "trust /one.pem");
  EXPECT_EQ(used("proxy "), "proxy ");
  EXPECT_FALSE(rig.session->on_trial());
  finish();
  EXPECT_EQ(rig.session->state(), SessionState::kLive);
  EXPECT_EQ(rig.listener.count("venue"), 1U);
}

TEST_P(ChangeVenue, RefusedByTheVenueItGoesBack) {
  rig.to_live();
  ASSERT_TRUE(change("two"));
  refuse_app();
  EXPECT_TRUE(rig.listener.has("venue dropped: ")) << rig.listener.log.back();
  EXPECT_FALSE(rig.listener.fatal);
  EXPECT_EQ(host(), "one");
  finish();
  EXPECT_EQ(rig.session->state(), SessionState::kLive);
}

TEST_P(ChangeVenue, AnotherAccountThereIsRefused) {
  rig.to_live();
  ASSERT_TRUE(change("two"));
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
  EXPECT_TRUE(rig.listener.has("venue dropped"));
  EXPECT_EQ(host(), "one");
}

TEST_P(ChangeVenue, AnAddressThatCannotBeReachedIsTriedForEverAndCanBeReplaced) {
  rig.to_live();
  ASSERT_TRUE(change("two"));
  for (int i = 0; i < 20; ++i) {
    if (rig.options()) {
      rig.session->on_http_failed("connection refused", rig.now());
    } else {
      rig.session->on_closed(0, "connection refused", rig.now());
    }
    EXPECT_EQ(rig.session->state(), SessionState::kOffline);
    rig.advance(minutes(1));
    ASSERT_EQ(rig.session->state(), SessionState::kConnecting);
    EXPECT_EQ(host(), "two");
  }
  EXPECT_FALSE(rig.listener.has("venue"));
  ASSERT_TRUE(change("three"));
  EXPECT_EQ(rig.session->state(), SessionState::kConnecting) << "at once";
  EXPECT_EQ(host(), "three");
  refuse_app();
  EXPECT_EQ(host(), "one") << "the last that was proven";
  EXPECT_EQ(rig.listener.count("venue dropped"), 1U);
}

TEST_P(ChangeVenue, BackToTheFormerAddress) {
  rig.to_live();
  ASSERT_TRUE(change("two"));
  rig.session->on_http_failed("no route", rig.now());
  ASSERT_TRUE(
      rig.session->change_venue({rig.options() ? "https://one.test" : "wss://one.test/v3",
                                 rig.options() ? "app0000000000000000aa" : "1089", "/one.pem"},
                                rig.now()));
  EXPECT_EQ(host(), "one");
  finish();
  EXPECT_EQ(rig.listener.last("venue"), "venue taken");
  EXPECT_FALSE(rig.session->on_trial());
}

TEST_P(ChangeVenue, WithATokenBothAreTakenOrNeither) {
  const std::string fresh = rig.options() ? "pat_fedcba9876543210" : "h7g6f5e4d3c2b1a";
  const auto replace = [&] {
    return rig.session->replace_token(core::Secret(std::string(fresh)), rig.now());
  };
  rig.to_live();
  ASSERT_TRUE(change("two"));
  ASSERT_TRUE(replace()) << "while the address is on trial";
  EXPECT_EQ(host(), "two");
  refuse_app();
  EXPECT_TRUE(rig.listener.has("token dropped"));
  EXPECT_TRUE(rig.listener.has("venue dropped"));
  finish();
  ASSERT_TRUE(replace());
  ASSERT_TRUE(change("two")) << "while the token is tried";
  to_reconciling();
  EXPECT_FALSE(rig.listener.has("token taken")) << "with the address, which is on trial";
  rig.session->reconciled(rig.now());
  EXPECT_EQ(rig.listener.last("token"), "token taken");
  EXPECT_EQ(rig.listener.last("venue"), "venue taken");
}

TEST_P(ChangeVenue, StoppedBeforeItBegan) {
  EXPECT_FALSE(change("two")) << "not started";
  rig.to_live();
  rig.buy_one(7);
  ASSERT_TRUE(change("two"));
  rig.session->stop(rig.now());
  EXPECT_EQ(rig.listener.last("venue"), "venue dropped: stopping");
  rig.answer_buy();
  EXPECT_TRUE(rig.listener.has("bought 7"));
  EXPECT_FALSE(change("three")) << "stopping";
  EXPECT_EQ(host(), "one");
}

INSTANTIATE_TEST_SUITE_P(Dialects, ChangeVenue, testing::Values(Dialect::kOptions, Dialect::kV3),
                         [](const auto& p) { return std::string(name_of(p.param)); });

TEST(ChangePublicVenue, KnowsNoAccountAndHasNoTrial) {
  Rig rig(Dialect::kOptions, [](auto& s) {
    s.public_only = true;
    s.endpoint = "https://one.test";
  });
  rig.session->start(rig.now());
  ASSERT_TRUE(rig.wire.log.back().starts_with("open wss://one.test/")) << rig.wire.log.back();
  ASSERT_TRUE(rig.session->change_venue({"https://two.test", "1089", ""}, rig.now()));
  EXPECT_TRUE(rig.wire.log.back().starts_with("open wss://two.test/")) << rig.wire.log.back();
  EXPECT_FALSE(rig.session->on_trial());
  rig.session->on_open(rig.now());
  rig.give_time(1'700'000'000);
  EXPECT_EQ(rig.listener.last("venue"), "venue taken");
}

}  // namespace
}  // namespace derivd::deriv::test
