// The way to an authorised socket: everything that must not be let through.
#include <gtest/gtest.h>

#include "rig.hpp"

namespace derivd::deriv::test {
namespace {

std::string accounts(const std::string& rows) { return fmt::format(R"({{"data":[{}]}})", rows); }
std::string row(std::string_view id, std::string_view type, std::string_view status = "active",
                std::string_view currency = "USD") {
  return fmt::format(
      R"({{"account_id":"{}","balance":"1.00","currency":"{}","group":"row","status":"{}",)"
      R"("account_type":"{}"}})",
      id, currency, status, type);
}
std::string refusal(std::string_view code, std::string_view message) {
  return fmt::format(R"({{"errors":[{{"status":401,"code":"{}","message":"{}"}}],"meta":{{}}}})",
                     code, message);
}

void expect_fatal(const Rig& rig, FatalKind kind, std::string_view text) {
  ASSERT_TRUE(rig.listener.fatal) << rig.listener.log.back();
  EXPECT_EQ(*rig.listener.fatal, kind);
  EXPECT_NE(rig.listener.log.back().find(text), std::string::npos) << rig.listener.log.back();
  EXPECT_EQ(rig.session->state(), SessionState::kOffline);
  EXPECT_FALSE(rig.session->next_deadline()) << "a fatal refusal must not be retried";
}

// ---- options ----

TEST(OptionsOpening, AsksInOrderWithTheRightHeaders) {
  Rig rig;
  rig.to_connecting();
  EXPECT_EQ(rig.wire.log.back(), "http GET https://api.derivws.com/trading/v1/options/accounts");
  EXPECT_EQ(rig.wire.headers[0].first, "Authorization");
  EXPECT_EQ(rig.wire.headers[0].second, "Bearer " + rig.token());
  EXPECT_EQ(rig.wire.headers[1].first, "Deriv-App-ID");
  EXPECT_EQ(rig.wire.headers[1].second, "app0000000000000000aa");
  rig.give_accounts();
  EXPECT_EQ(rig.wire.log.back(), "http GET https://api.derivws.com/account/v1/nickname");
  rig.give_probe();
  EXPECT_EQ(rig.wire.log.back(),
            "http POST https://api.derivws.com/trading/v1/options/accounts/DOT90000001/otp");
  rig.give_password();
  EXPECT_EQ(rig.wire.log.back(), "open wss://h.example/trading/v1/options/ws/demo?otp=s3cret");
  EXPECT_EQ(rig.session->state(), SessionState::kConnecting);
  rig.session->on_open(rig.now());
  EXPECT_EQ(rig.session->state(), SessionState::kAuthorizing);
  EXPECT_EQ(rig.wire.sent.back().dump(), R"({"balance":1,"req_id":1,"subscribe":1})");
}

TEST(OptionsOpening, UsesTheConfiguredEndpoint) {
  Rig rig(Dialect::kOptions, [](auto& s) { s.endpoint = "https://127.0.0.1:8443/"; });
  rig.to_connecting();
  EXPECT_EQ(rig.wire.log.back(), "http GET https://127.0.0.1:8443/trading/v1/options/accounts");
}

TEST(OptionsOpening, EveryAttemptHasAFreshPasswordButOnlyOneProbe) {
  Rig rig;
  rig.to_live();
  rig.session->on_closed(0, "gone", rig.now());
  rig.wire.log.clear();
  rig.reconnect();
  EXPECT_EQ(rig.session->state(), SessionState::kLive);
  std::vector<std::string> http;
  for (const auto& line : rig.wire.log) {
    if (line.starts_with("http")) http.push_back(line.substr(line.rfind('/')));
  }
  EXPECT_EQ(http, (std::vector<std::string>{"/accounts", "/otp"}));
}

TEST(OptionsOpening, AnExpiredPasswordIsOnlyAnotherAttempt) {
  Rig rig;
  rig.to_connecting();
  rig.give_accounts();
  rig.give_probe();
  rig.give_password();
  rig.session->on_closed(401, "Invalid or expired OTP token", rig.now());
  EXPECT_FALSE(rig.listener.fatal);
  EXPECT_EQ(rig.listener.log.back(), "state offline: HTTP 401: Invalid or expired OTP token");
  rig.reconnect();
  EXPECT_EQ(rig.session->state(), SessionState::kLive);
}

TEST(OptionsOpening, TheProbeSucceedsOnlyForATokenThatMayDoTooMuch) {
  Rig rig;
  rig.to_connecting();
  rig.give_accounts();
  rig.session->on_http(200, R"({"data":{"nickname":"x"}})", rig.now());
  expect_fatal(rig, FatalKind::kForbiddenScope, "account_manage");
}

TEST(OptionsOpening, AFailedProbeProvesNothing) {
  for (const int status : {401, 403, 404, 429, 500}) {
    Rig rig;
    rig.to_connecting();
    rig.give_accounts();
    rig.session->on_http(status, "", rig.now());
    EXPECT_TRUE(rig.wire.log.back().ends_with("/otp")) << status;
  }
  Rig rig;
  rig.to_connecting();
  rig.give_accounts();
  rig.session->on_http_failed("timed out", rig.now());
  EXPECT_TRUE(rig.wire.log.back().ends_with("/otp"));
}

struct RefusedToken {
  int status;
  std::string body;
  FatalKind kind;
};
class OptionsFatal : public testing::TestWithParam<RefusedToken> {};
TEST_P(OptionsFatal, OnTheAccountList) {
  Rig rig;
  rig.to_connecting();
  rig.session->on_http(GetParam().status, GetParam().body, rig.now());
  expect_fatal(rig, GetParam().kind, fmt::format("HTTP {}", GetParam().status));
}
TEST_P(OptionsFatal, OnThePassword) {
  Rig rig;
  rig.to_connecting();
  rig.give_accounts();
  rig.give_probe();
  rig.session->on_http(GetParam().status, GetParam().body, rig.now());
  expect_fatal(rig, GetParam().kind, fmt::format("HTTP {}", GetParam().status));
}
INSTANTIATE_TEST_SUITE_P(
    Http, OptionsFatal,
    testing::Values(
        RefusedToken{401, refusal("Unauthorized", "Invalid or expired token"),
                     FatalKind::kTokenRefused},
        RefusedToken{401, refusal("InvalidToken", "Invalid token format"),
                     FatalKind::kTokenRefused},
        RefusedToken{401, refusal("Unauthorized", "Invalid application"), FatalKind::kAppId},
        RefusedToken{401, refusal("Unauthorized", "Deriv-App-ID header is required for PAT tokens"),
                     FatalKind::kAppId},
        RefusedToken{403, refusal("AccessDenied", "scope"), FatalKind::kMissingScope},
        RefusedToken{404, refusal("AccountNotFound", "none"), FatalKind::kAccountNotFound}));

class OptionsRetry : public testing::TestWithParam<std::pair<int, std::string>> {};
TEST_P(OptionsRetry, IsTriedAgain) {
  Rig rig;
  rig.to_connecting();
  rig.session->on_http(GetParam().first, GetParam().second, rig.now());
  EXPECT_FALSE(rig.listener.fatal);
  EXPECT_EQ(rig.session->state(), SessionState::kOffline);
  rig.reconnect();
  EXPECT_EQ(rig.session->state(), SessionState::kLive);
}
INSTANTIATE_TEST_SUITE_P(
    Http, OptionsRetry,
    testing::Values(std::pair{500, std::string("oops")}, std::pair{503, std::string()},
                    std::pair{504, refusal("InternalServerError", "x")},
                    std::pair{520, std::string("<html>")},
                    std::pair{429, refusal("RateLimit", "slow down")},
                    std::pair{403, std::string("<html>blocked here</html>")},
                    std::pair{401, std::string("<html>proxy</html>")},
                    std::pair{200, std::string("not json")},
                    std::pair{200, std::string(R"({"data":[{"account_id":"DOT1"}]})")}));

TEST(OptionsOpening, ABareRefusalIsBelievedTheThirdTime) {
  Rig rig;
  rig.to_connecting();
  for (int i = 0; i < 2; ++i) {
    rig.session->on_http(401, "", rig.now());
    ASSERT_FALSE(rig.listener.fatal);
    rig.advance(seconds(31));
    ASSERT_EQ(rig.session->state(), SessionState::kConnecting);
  }
  rig.session->on_http(401, "", rig.now());
  expect_fatal(rig, FatalKind::kTokenRefused, "HTTP 401");
}

TEST(OptionsOpening, RateLimitedRestWaitsAtLeastTenSeconds) {
  Rig rig;
  rig.to_connecting();
  rig.session->on_http(429, "", rig.now());
  EXPECT_GE(*rig.session->next_deadline() - rig.now().instant, core::Duration(seconds(10)));
}

struct Choice {
  std::string account;
  bool allow_real;
  std::string rows;
  std::string chosen;  // or
  std::optional<FatalKind> fatal;
};
class Choosing : public testing::TestWithParam<Choice> {};
TEST_P(Choosing, TheAccount) {
  const auto& p = GetParam();
  Rig rig(Dialect::kOptions, [&](auto& s) {
    s.account = p.account;
    s.allow_real = p.allow_real;
  });
  rig.to_connecting();
  rig.session->on_http(200, accounts(p.rows), rig.now());
  if (p.fatal) return expect_fatal(rig, *p.fatal, "");
  rig.give_probe();
  EXPECT_TRUE(rig.wire.log.back().ends_with(fmt::format("/{}/otp", p.chosen)))
      << rig.wire.log.back();
}
INSTANTIATE_TEST_SUITE_P(
    Accounts, Choosing,
    testing::Values(
        Choice{"demo", false, row("DOT1", "real") + "," + row("DOT2", "demo"), "DOT2", {}},
        Choice{"demo", false, row("DOT3", "demo") + "," + row("DOT2", "demo"), "DOT2", {}},
        Choice{
            "demo", false, row("DOT1", "demo", "inactive") + "," + row("DOT2", "demo"), "DOT2", {}},
        Choice{"demo", false, row("DOT1", "demo", "inactive"), "", FatalKind::kAccountNotFound},
        Choice{"demo", false, row("DOT1", "real"), "", FatalKind::kAccountNotFound},
        Choice{"demo", false, "", "", FatalKind::kAccountNotFound},
        Choice{"demo", false, row("DOT1", "demo", "active", "BTC"), "", FatalKind::kCurrency},
        Choice{"real", true, row("DOT1", "real") + "," + row("DOT2", "demo"), "DOT1", {}},
        Choice{"real", true, row("DOT1", "real") + "," + row("DOT2", "real"), "",
               FatalKind::kAccountNotFound},
        Choice{"DOT2", true, row("DOT1", "real") + "," + row("DOT2", "real"), "DOT2", {}},
        Choice{"DOT2", false, row("DOT2", "real"), "", FatalKind::kRealNotAllowed},
        Choice{"DOT2", false, row("DOT2", "demo"), "DOT2", {}},
        Choice{"DOT2", false, row("DOT2", "demo", "inactive"), "", FatalKind::kAccountNotFound},
        Choice{"DOT9", true, row("DOT2", "demo"), "", FatalKind::kAccountNotFound}));

TEST(OptionsOpening, RealMoneyNeedsBothWordsBeforeAnythingIsSent) {
  for (const auto dialect : {Dialect::kOptions, Dialect::kV3}) {
    Rig rig(dialect, [](auto& s) { s.account = "real"; });
    rig.to_connecting();
    expect_fatal(rig, FatalKind::kRealNotAllowed, "allow_real");
    EXPECT_TRUE(rig.wire.log.empty());
  }
}

TEST(OptionsOpening, TheSocketMustBeOfTheAccountsKind) {
  Rig rig;
  rig.to_connecting();
  rig.give_accounts();
  rig.give_probe();
  rig.session->on_http(200, R"({"data":{"url":"wss://h/trading/v1/options/ws/real?otp=1"}})",
                       rig.now());
  expect_fatal(rig, FatalKind::kRealNotAllowed, "real socket");
  EXPECT_FALSE(rig.wire.log.back().starts_with("open"));
}

TEST(OptionsOpening, OddUrlsAreNotOpened) {
  for (const auto* url : {"ws://h/ws/demo?otp=1", "wss://h/ws/public", "wss://h/?x=/ws/demo",
                          "https://h/ws/demo", "wss://h/ws/demo/ws/real?otp=1"}) {
    Rig rig;
    rig.to_connecting();
    rig.give_accounts();
    rig.give_probe();
    rig.session->on_http(200, fmt::format(R"({{"data":{{"url":"{}"}}}})", url), rig.now());
    EXPECT_FALSE(rig.wire.is_open) << url;
    EXPECT_EQ(rig.session->state(), SessionState::kOffline) << url;
    for (const auto& line : rig.listener.log) EXPECT_EQ(line.find("otp="), std::string::npos);
  }
}

TEST(OptionsOpening, TheBalanceMustBeOfTheAccount) {
  Rig rig;
  rig.to_authorizing();
  rig.answer(rig.request("balance"),
             {{"msg_type", "balance"},
              {"balance", {{"balance", 1}, {"currency", "USD"}, {"loginid", "DOT666"}}}});
  expect_fatal(rig, FatalKind::kAccountNotFound, "DOT666");
}

TEST(OptionsOpening, AReconnectNeverLandsOnAnotherAccount) {
  Rig rig;
  rig.to_live();
  rig.session->on_closed(0, "gone", rig.now());
  rig.advance(seconds(31));
  ASSERT_EQ(rig.session->state(), SessionState::kConnecting);
  rig.session->on_http(200, accounts(row("DOT80000000", "demo")), rig.now());
  expect_fatal(rig, FatalKind::kAccountNotFound, "DOT90000001");
}

TEST(OptionsOpening, TokensThatCannotBeHeadersAreNotSent) {
  for (const auto* token : {"", "pat_a b", "pat_a\r\nX: y"}) {
    Rig rig(Dialect::kOptions, [&](auto& s) { s.token = core::Secret(token); });
    rig.to_connecting();
    expect_fatal(rig, FatalKind::kTokenRefused, "token");
    EXPECT_TRUE(rig.wire.log.empty());
  }
  Rig rig(Dialect::kOptions, [](auto& s) { s.app_id = ""; });
  rig.to_connecting();
  expect_fatal(rig, FatalKind::kAppId, "application id");
}

TEST(OptionsOpening, AttemptsNeverPassTheRestBudget) {
  Rig rig;
  rig.to_connecting();
  const auto start = rig.clock_ns;
  std::vector<std::int64_t> calls;
  while (rig.clock_ns - start < core::Duration(minutes(30)).count()) {
    if (rig.session->state() == SessionState::kConnecting) {
      calls.push_back(rig.clock_ns);
      rig.session->on_http(500, "", rig.now());
    }
    rig.advance(milliseconds(100));
  }
  for (std::size_t i = 60; i < calls.size(); ++i) {
    EXPECT_GT(calls[i] - calls[i - 60], core::Duration(minutes(1)).count());
  }
  EXPECT_GT(calls.size(), 60U);
}

// ---- v3 ----

json authorized(const std::string& loginid, int is_virtual, std::vector<std::string> scopes,
                const std::string& currency = "USD") {
  return {{"msg_type", "authorize"},
          {"authorize",
           {{"loginid", loginid},
            {"currency", currency},
            {"is_virtual", is_virtual},
            {"scopes", scopes}}}};
}

TEST(V3Opening, OpensAndAuthorizes) {
  Rig rig(Dialect::kV3);
  rig.to_connecting();
  EXPECT_EQ(rig.wire.log.back(), "open wss://ws.derivws.com/websockets/v3?app_id=1089");
  rig.session->on_open(rig.now());
  EXPECT_EQ(rig.wire.sent.back().dump(), R"({"authorize":"a1b2c3d4e5f6g7h","req_id":1})");
  rig.log_in();
  EXPECT_EQ(rig.session->state(), SessionState::kSyncing);
}

TEST(V3Opening, TheFrameWithTheTokenIsWiped) {
  struct Remember final : Wire {
    void http(const HttpCall&) override {}
    void open(const std::string&) override {}
    void send(std::string_view frame) override {
      at = frame.data();  // the session's own buffer, which it keeps
      text = frame;
    }
    void close() override {}
    const char* at = nullptr;
    std::string text;
  } wire;
  Recorder listener;
  core::Rng rng(1);
  SessionSettings settings;
  settings.dialect = Dialect::kV3;
  settings.account = "demo";
  settings.app_id = "1089";
  settings.token = core::Secret("a1b2c3d4e5f6g7h");
  Session session(std::move(settings), wire, listener, rng);
  const core::Now now{{1'000'000'000}, {}, {}};
  session.start(now);
  session.on_open(now);
  ASSERT_NE(wire.text.find("a1b2c3d4e5f6g7h"), std::string::npos);
  for (std::size_t i = 0; i < wire.text.size(); ++i) ASSERT_EQ(wire.at[i], '\0') << i;
}

TEST(V3Opening, AppendsTheAppIdToAQuery) {
  Rig rig(Dialect::kV3, [](auto& s) { s.endpoint = "wss://127.0.0.1:1/websockets/v3?l=EN"; });
  rig.to_connecting();
  EXPECT_EQ(rig.wire.log.back(), "open wss://127.0.0.1:1/websockets/v3?l=EN&app_id=1089");
}

struct Login {
  std::string account;
  bool allow_real;
  json reply;
  std::optional<FatalKind> fatal;
};
class V3Login : public testing::TestWithParam<Login> {};
TEST_P(V3Login, IsChecked) {
  const auto& p = GetParam();
  Rig rig(Dialect::kV3, [&](auto& s) {
    s.account = p.account;
    s.allow_real = p.allow_real;
  });
  rig.to_authorizing();
  rig.answer(rig.request("authorize"), p.reply);
  if (p.fatal) return expect_fatal(rig, *p.fatal, "");
  EXPECT_EQ(rig.session->state(), SessionState::kSyncing) << rig.listener.log.back();
}
INSTANTIATE_TEST_SUITE_P(
    Accounts, V3Login,
    testing::Values(
        Login{"demo", false, authorized("VRTC1", 1, {"read", "trade"}), {}},
        Login{"demo", false, authorized("VRTC1", 1, {"trading_information", "trade"}), {}},
        Login{"demo", false, authorized("VRTC1", 1, {"trade"}), FatalKind::kMissingScope},
        Login{"demo", false, authorized("VRTC1", 1, {"read"}), FatalKind::kMissingScope},
        Login{"demo", false, authorized("VRTC1", 1, {}), FatalKind::kMissingScope},
        Login{"demo", false, authorized("VRTC1", 1, {"read", "trade", "payments"}),
              FatalKind::kForbiddenScope},
        Login{"demo", false, authorized("VRTC1", 1, {"admin", "read", "trade"}),
              FatalKind::kForbiddenScope},
        Login{"demo", false, authorized("CR1", 0, {"read", "trade"}), FatalKind::kRealNotAllowed},
        Login{"demo", true, authorized("CR1", 0, {"read", "trade"}), FatalKind::kRealNotAllowed},
        // Either sign of real money counts.
        Login{"demo", false, authorized("CR1", 1, {"read", "trade"}), FatalKind::kRealNotAllowed},
        Login{"demo", false, authorized("VRTC1", 0, {"read", "trade"}), FatalKind::kRealNotAllowed},
        Login{"real", true, authorized("CR1", 0, {"read", "trade"}), {}},
        Login{"real", true, authorized("VRTC1", 1, {"read", "trade"}), FatalKind::kAccountNotFound},
        Login{"CR1", true, authorized("CR1", 0, {"read", "trade"}), {}},
        Login{"CR1", false, authorized("CR1", 0, {"read", "trade"}), FatalKind::kRealNotAllowed},
        Login{"CR1", true, authorized("CR2", 0, {"read", "trade"}), FatalKind::kAccountNotFound},
        Login{"VRTC1", false, authorized("VRTC1", 1, {"read", "trade"}), {}},
        Login{"demo", false, authorized("VRTC1", 1, {"read", "trade"}, "BTC"),
              FatalKind::kCurrency},
        Login{"demo", false, authorized("VRTC1", 1, {"read", "trade"}, ""), FatalKind::kCurrency}));

struct LoginError {
  const char* code;
  std::optional<FatalKind> fatal;
};
class V3LoginError : public testing::TestWithParam<LoginError> {};
TEST_P(V3LoginError, IsFatalOnlyWhenItCannotChange) {
  Rig rig(Dialect::kV3);
  rig.to_authorizing();
  rig.refuse(rig.request("authorize"), GetParam().code, "authorize");
  if (GetParam().fatal) return expect_fatal(rig, *GetParam().fatal, GetParam().code);
  EXPECT_FALSE(rig.listener.fatal);
  EXPECT_EQ(rig.session->state(), SessionState::kOffline);
  rig.reconnect();
  EXPECT_EQ(rig.session->state(), SessionState::kLive);
}
INSTANTIATE_TEST_SUITE_P(Codes, V3LoginError,
                         testing::Values(LoginError{"InvalidToken", FatalKind::kTokenRefused},
                                         LoginError{"DisabledClient", FatalKind::kTokenRefused},
                                         LoginError{"AccountDisabled", FatalKind::kTokenRefused},
                                         LoginError{"SelfExclusion", FatalKind::kTokenRefused},
                                         LoginError{"InvalidAppID", FatalKind::kAppId},
                                         LoginError{"PermissionDenied", FatalKind::kMissingScope},
                                         LoginError{"WrongResponse", {}},
                                         LoginError{"CallError", {}}, LoginError{"RateLimit", {}},
                                         LoginError{"SystemMaintenance", {}},
                                         LoginError{"NobodyKnows", {}}));

TEST(V3Opening, AWrongAppIdIsToldWithoutARequest) {
  Rig rig(Dialect::kV3);
  rig.to_authorizing();
  rig.frame(json{{"msg_type", "error"},
                 {"echo_req", json::object()},
                 {"error", {{"code", "InvalidAppID"}, {"message", "Your app_id is invalid."}}}});
  expect_fatal(rig, FatalKind::kAppId, "InvalidAppID");
}

TEST(V3Opening, AReconnectNeverLandsOnAnotherAccount) {
  Rig rig(Dialect::kV3);
  rig.to_live();
  rig.session->on_closed(0, "gone", rig.now());
  rig.advance(seconds(31));
  rig.session->on_open(rig.now());
  rig.answer(rig.request("authorize"), authorized("VRTC2", 1, {"read", "trade"}));
  expect_fatal(rig, FatalKind::kAccountNotFound, "VRTC2");
}

TEST(V3Opening, OddTokensAndAppIdsAreNotSent) {
  for (const auto* token : {"", "a\"b", "a b", "\xc3\xa9"}) {
    Rig rig(Dialect::kV3, [&](auto& s) { s.token = core::Secret(token); });
    rig.to_connecting();
    expect_fatal(rig, FatalKind::kTokenRefused, "token");
    EXPECT_TRUE(rig.wire.log.empty());
  }
  for (const auto* app_id : {"", "abc", "1089&x=1"}) {
    Rig rig(Dialect::kV3, [&](auto& s) { s.app_id = app_id; });
    rig.to_connecting();
    expect_fatal(rig, FatalKind::kAppId, "number");
  }
}

}  // namespace
}  // namespace derivd::deriv::test
