#include "sim_fixture.hpp"

namespace derivd::sim::test {
namespace {

constexpr const char* kAccounts = "/trading/v1/options/accounts";

void expect_error(const HttpAnswer& a, int status, const std::string& error_code,
                  const std::string& message) {
  EXPECT_EQ(a.status, status) << a.body;
  const auto body = json::parse(a.body);
  EXPECT_EQ(body["errors"][0]["status"], status);
  EXPECT_EQ(body["errors"][0]["code"], error_code);
  EXPECT_EQ(body["errors"][0]["message"], message);
  EXPECT_TRUE(body["meta"].contains("endpoint"));
}

TEST(Rest, HealthNeedsNoToken) {
  Sim sim;
  const auto a = sim.rest("GET", "/v1/health", "", "");
  EXPECT_EQ(a.status, 200);
  EXPECT_EQ(a.body, "OK");
}

TEST(Rest, ListsTheTokensOwnAccount) {
  Sim sim;
  const auto demo = json::parse(sim.rest("GET", kAccounts, "pat_demo").body)["data"];
  const auto real = json::parse(sim.rest("GET", kAccounts, "pat_real").body)["data"];
  ASSERT_EQ(demo.size(), 1U);
  EXPECT_EQ(demo[0]["account_type"], "demo");
  EXPECT_EQ(demo[0]["balance"], 10000);
  EXPECT_EQ(demo[0]["currency"], "USD");
  EXPECT_EQ(demo[0]["status"], "active");
  EXPECT_EQ(real[0]["account_type"], "real");
  EXPECT_NE(demo[0]["account_id"], real[0]["account_id"]);
}

TEST(Rest, SaysWhyATokenIsRefused) {
  Sim sim;
  expect_error(sim.rest("GET", kAccounts), 401, "Unauthorized", "Authorization header is required");
  expect_error(sim.rest("GET", kAccounts, "a1-legacy"), 401, "Unauthorized",
               "Invalid token format");
  expect_error(sim.rest("GET", kAccounts, "pat_demo", ""), 401, "Unauthorized",
               "Deriv-App-ID header is required for PAT tokens");
  expect_error(sim.rest("GET", kAccounts, "pat_other"), 401, "Unauthorized",
               "Invalid or expired token");
  expect_error(sim.rest("GET", kAccounts, "pat_none"), 403, "AccessDenied", "Insufficient scope");
  expect_error(sim.rest("GET", "/nowhere", "pat_demo"), 404, "NotFound", "Not found");
}

TEST(Rest, KnowsItsApplications) {
  auto options = Sim::defaults();
  options.app_ids = {"32XyZ"};
  Sim sim(std::move(options));
  expect_error(sim.rest("GET", kAccounts, "pat_demo", "1089"), 401, "Unauthorized",
               "Invalid application");
  EXPECT_EQ(sim.rest("GET", kAccounts, "pat_demo", "32XyZ").status, 200);
}

TEST(Rest, NicknameTellsWhoMayManageAccounts) {
  Sim sim;
  EXPECT_EQ(sim.rest("GET", "/account/v1/nickname", "pat_real").status, 200);
  EXPECT_EQ(sim.rest("GET", "/account/v1/nickname", "pat_demo").status, 403);
}

TEST(Rest, ASecondTokenOfAnAccountHasItsOwnScopesAndItsOwnEnd) {
  auto options = Sim::defaults();
  options.tokens = {TokenSpec::parse("pat_first").value(),
                    TokenSpec::parse("pat_second:trade,account_manage:same").value(),
                    TokenSpec::parse("pat_third").value()};
  Sim sim(std::move(options));
  EXPECT_EQ(sim.account_of("pat_first"), sim.account_of("pat_second"));
  EXPECT_NE(sim.account_of("pat_first"), sim.account_of("pat_third"));
  EXPECT_EQ(sim.rest("GET", "/account/v1/nickname", "pat_second").status, 200);
  EXPECT_EQ(sim.rest("GET", "/account/v1/nickname", "pat_first").status, 403);
  ASSERT_TRUE(sim.venue().faults().add(
      *Json::parse(R"({"when":{"call":"accounts","direction":"rest","times":1},)"
                   R"("do":"expire_token"})")));
  EXPECT_EQ(sim.rest("GET", kAccounts, "pat_first").status, 401);
  EXPECT_EQ(sim.rest("GET", kAccounts, "pat_first").status, 401);
  EXPECT_EQ(sim.rest("GET", kAccounts, "pat_second").status, 200);
}

TEST(Rest, ResetsADemoBalanceAndNeverARealOne) {
  Sim sim;
  const auto c = sim.options();
  sim.advance(2);
  auto p = sim.call(c, proposal_of("DIGITODD", 5, "t", "R_100", "underlying_symbol", "100"));
  sim.call(c, {{"buy", p["proposal"]["id"]}, {"price", 100}});
  ASSERT_EQ(text(sim.call(c, {{"balance", 1}})["balance"]["balance"]), "9900");
  const auto path =
      std::string(kAccounts) + "/" + sim.account_of("pat_demo") + "/reset-demo-balance";
  const auto answer = json::parse(sim.rest("POST", path, "pat_demo").body);
  EXPECT_EQ(answer["data"]["balance"], 10000);
  EXPECT_EQ(sim.call(c, {{"balance", 1}})["balance"]["balance"], 10000);
  EXPECT_EQ(sim.ledger("deposit").size(), 1U);
  EXPECT_EQ(sim.ledger("deposit")[0]["credit"], "100.00");
  const auto real =
      std::string(kAccounts) + "/" + sim.account_of("pat_real") + "/reset-demo-balance";
  EXPECT_EQ(sim.rest("POST", real, "pat_real").status, 400);
  EXPECT_EQ(sim.rest("POST", path, "pat_real").status, 404);  // not theirs
}

TEST(Rest, CountsRequestsInWallTime) {
  Sim sim;
  int ok = 0;
  HttpAnswer last;
  for (int i = 0; i < 100; ++i) {
    last = sim.rest("GET", kAccounts, "pat_demo");
    ok += last.status == 200 ? 1 : 0;
  }
  EXPECT_EQ(ok, 80);
  expect_error(last, 429, "RateLimit", "Rate limit exceeded");
  sim.wall(std::chrono::seconds(61));
  EXPECT_EQ(sim.rest("GET", kAccounts, "pat_demo").status, 200);
}

TEST(Otp, OpensOneSocketOnce) {
  Sim sim;
  const auto url = sim.otp_url("pat_demo");
  EXPECT_TRUE(url.starts_with("/trading/v1/options/ws/demo?otp="));
  EXPECT_TRUE(sim.otp_url("pat_real").starts_with("/trading/v1/options/ws/real?otp="));
  EXPECT_EQ(sim.upgrade(url).status, 101);
  expect_error(sim.upgrade(url), 401, "Unauthorized", "Invalid or expired OTP token");
}

TEST(Otp, LeadsAClientBehindAProxyBackThroughIt) {
  Sim sim;
  const auto url_for = [&](std::string host) {
    const auto answer = sim.venue().on_request(
        {"POST", std::string(kAccounts) + "/" + sim.account_of("pat_demo") + "/otp",
         "Bearer pat_demo", "1089", std::move(host)},
        sim.now());
    return json::parse(answer.body)["data"]["url"].get<std::string>();
  };
  EXPECT_TRUE(url_for("127.0.0.1:4711").starts_with("wss://127.0.0.1:4711/trading/v1/options/ws/"));
  EXPECT_TRUE(url_for("[::1]:4711").starts_with("wss://[::1]:4711/trading/"));
  // Not a host: what the venue calls itself.
  const auto own = url_for("");
  const auto base = own.substr(0, own.find("/trading/"));
  EXPECT_TRUE(base.starts_with("wss://")) << own;
  for (const auto* odd : {"a/b", "a b", "x\"y", "a?b"}) {
    EXPECT_TRUE(url_for(odd).starts_with(base + "/trading/")) << odd;
  }
}

TEST(Otp, LivesTwoMinutesOfWallTime) {
  Sim sim;
  const auto a = sim.otp_url("pat_demo");
  const auto b = sim.otp_url("pat_demo");
  sim.wall(std::chrono::seconds(120));
  EXPECT_EQ(sim.upgrade(a).status, 101);
  sim.wall(std::chrono::milliseconds(1));
  EXPECT_EQ(sim.upgrade(b).status, 401);
}

TEST(Otp, IsForItsOwnKindOfSocket) {
  Sim sim;
  auto url = sim.otp_url("pat_demo");
  url.replace(url.find("demo"), 4, "real");
  EXPECT_EQ(sim.upgrade(url).status, 401);
  expect_error(sim.upgrade("/trading/v1/options/ws/demo"), 400, "ValidationError",
               "OTP parameter is required");
  EXPECT_EQ(sim.upgrade("/trading/v1/options/ws/other").status, 404);
  const auto foreign = std::string(kAccounts) + "/DOT1/otp";
  EXPECT_EQ(sim.rest("POST", foreign, "pat_demo").status, 400);
}

TEST(Upgrades, AreBounded) {
  Sim sim;
  for (std::size_t i = 0; i < kMaxConnections; ++i) sim.open_public();
  EXPECT_EQ(sim.upgrade("/trading/v1/options/ws/public").status, 503);
}

TEST(V3Socket, NeedsAnAppId) {
  Sim sim;
  for (const auto* target :
       {"/websockets/v3", "/websockets/v3?app_id=abc", "/websockets/v3?app_id="}) {
    const auto c = sim.open(target);
    const auto frames = sim.take(c);
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(code(frames[0]), "InvalidAppID");
    const auto actions = sim.take_other_actions();
    ASSERT_EQ(actions.size(), 1U);
    EXPECT_EQ(actions[0].kind, Action::Kind::kClose);
  }
  EXPECT_TRUE(sim.take(sim.open("/websockets/v3?l=EN&app_id=1089")).empty());
}

TEST(V3Socket, ClosesAfterTwoIdleMinutes) {
  Sim sim;
  const auto c = sim.v3("");
  sim.wall(std::chrono::seconds(100));
  sim.call(c, {{"ping", 1}});
  sim.wall(std::chrono::seconds(119));
  sim.advance(0);
  EXPECT_TRUE(sim.take_other_actions().empty());
  sim.wall(std::chrono::seconds(1));
  sim.advance(0);
  const auto actions = sim.take_other_actions();
  ASSERT_EQ(actions.size(), 1U);
  EXPECT_EQ(actions[0].kind, Action::Kind::kAbort);
}

TEST(Tokens, AreParsedStrictly) {
  const auto parsed = TokenSpec::parse("pat_x:trade,account_manage:real");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->dialect, Dialect::kOptions);
  EXPECT_TRUE(parsed->real);
  EXPECT_EQ(parsed->scopes, (std::vector<std::string>{"trade", "account_manage"}));
  EXPECT_EQ(TokenSpec::parse("abc")->scopes,
            (std::vector<std::string>{"read", "trade", "trading_information"}));
  EXPECT_EQ(TokenSpec::parse("pat_x:real")->scopes, std::vector<std::string>{"trade"});
  for (const auto* bad : {"", "a b", "tok en:read", "abc:fly", "pat_x:read", "abc:read:trade",
                          "abc:real:real:x", "pat_", "abc:", "a:read,"})
    EXPECT_FALSE(TokenSpec::parse(bad)) << bad;
}

}  // namespace
}  // namespace derivd::sim::test
