// One question to the venue: what a token may do, whose it is, what time it is.
#include "deriv/probe.hpp"

#include <gtest/gtest.h>

#include "rig.hpp"

namespace derivd::deriv::test {
namespace {

using Outcome = ProbeResult::Outcome;

class ProbeRig {
 public:
  explicit ProbeRig(Dialect dialect, ProbeKind kind = ProbeKind::kToken,
                    const std::function<void(SessionSettings&)>& adjust = {}) {
    SessionSettings settings;
    settings.dialect = dialect;
    settings.account = "demo";
    settings.app_id = "1089";
    settings.token =
        core::Secret(dialect == Dialect::kOptions ? "pat_0123456789abcdef" : "a1b2c3d4e5f6g7h");
    if (adjust) adjust(settings);
    probe = std::make_unique<Probe>(kind, std::move(settings), wire);
  }
  core::Now now() const { return {{clock}, {wall}, {}}; }
  void frame(const json& message) {
    auto text = message.dump();
    const auto size = text.size();
    text.append(64, '\0');
    probe->on_frame(std::string_view(text).substr(0, size), text.size(), now());
  }
  void http(int status, const std::string& body) { probe->on_http(status, body, now()); }
  const ProbeResult& result() const { return probe->result(); }
  json sent(const std::string& key) const {
    for (const auto& s : wire.sent) {
      if (s.contains(key)) return s;
    }
    throw std::runtime_error("never asked: " + key);
  }

  FakeWire wire;
  std::unique_ptr<Probe> probe;
  std::int64_t clock = 1'000'000'000'000;
  std::int64_t wall = 1'700'000'000'000'000;
};

const std::string kAccounts =
    R"({"data":[{"account_id":"DOT90000001","balance":"9876.50","currency":"USD","status":"active",)"
    R"("account_type":"demo"},{"account_id":"DOT90000002","balance":12,"currency":"USD",)"
    R"("status":"active","account_type":"real"}],"meta":{}})";
const std::string kNoScope =
    R"({"errors":[{"status":403,"code":"AccessDenied","message":"Insufficient scope"}]})";

void balance_and_time(ProbeRig& rig, const std::string& login) {
  rig.frame({{"msg_type", "balance"},
             {"req_id", rig.sent("balance")["req_id"]},
             {"balance", {{"balance", "9876.50"}, {"currency", "USD"}, {"loginid", login}}}});
  rig.wall += 100'000;
  rig.frame(
      {{"msg_type", "time"}, {"req_id", rig.sent("time")["req_id"]}, {"time", 1'700'000'003}});
}

TEST(Probe, OptionsTellsAccountsScopesBalanceAndTime) {
  ProbeRig rig(Dialect::kOptions);
  rig.probe->start(rig.now());
  rig.http(200, kAccounts);
  rig.http(403, kNoScope);
  rig.http(200, R"({"data":{"url":"wss://h.example/trading/v1/options/ws/demo?otp=s3cret"}})");
  rig.probe->on_open(rig.now());
  EXPECT_FALSE(rig.probe->done());
  rig.frame(
      {{"msg_type", "balance"},
       {"req_id", rig.sent("balance")["req_id"]},
       {"balance", {{"balance", "9876.50"}, {"currency", "USD"}, {"loginid", "DOT90000001"}}}});
  EXPECT_FALSE(rig.probe->done()) << "the time is still to come";
  rig.wall += 100'000;
  rig.frame(
      {{"msg_type", "time"}, {"req_id", rig.sent("time")["req_id"]}, {"time", 1'700'000'003}});
  ASSERT_TRUE(rig.probe->done());
  const auto& r = rig.result();
  EXPECT_EQ(r.outcome, Outcome::kGood) << r.reason;
  EXPECT_EQ(r.account.id, "DOT90000001");
  EXPECT_FALSE(r.account.is_real);
  EXPECT_EQ(r.account.balance.to_string(), "9876.50");
  ASSERT_EQ(r.findings.accounts.size(), 2U);
  EXPECT_EQ(r.findings.accounts[0].balance->to_string(), "9876.5");
  EXPECT_TRUE(r.findings.accounts[1].is_real);
  EXPECT_EQ(r.findings.scopes, (std::vector<core::ShortString<32>>{"trade"}));
  EXPECT_EQ(r.venue_time->s, 1'700'000'003);
  EXPECT_EQ(r.answered.us - r.asked.us, 100'000);
  EXPECT_EQ(rig.wire.log.back(), "close");
}

TEST(Probe, OptionsTellsWhatATokenMayThatItMustNot) {
  ProbeRig rig(Dialect::kOptions);
  rig.probe->start(rig.now());
  rig.http(200, kAccounts);
  rig.http(200, R"({"data":{"nickname":"x"}})");
  ASSERT_TRUE(rig.probe->done());
  EXPECT_EQ(rig.result().outcome, Outcome::kRefused);
  EXPECT_EQ(rig.result().refusal, FatalKind::kForbiddenScope);
  EXPECT_EQ(rig.result().findings.scopes,
            (std::vector<core::ShortString<32>>{"trade", "account_manage"}));
}

TEST(Probe, OptionsTellsAWrongTokenFromAnOutage) {
  ProbeRig wrong(Dialect::kOptions);
  wrong.probe->start(wrong.now());
  wrong.http(401, R"({"errors":[{"code":"Unauthorized","message":"Invalid or expired token"}]})");
  EXPECT_EQ(wrong.result().outcome, Outcome::kRefused);
  EXPECT_EQ(wrong.result().refusal, FatalKind::kTokenRefused);
  ProbeRig outage(Dialect::kOptions);
  outage.probe->start(outage.now());
  outage.http(503, "down");
  EXPECT_EQ(outage.result().outcome, Outcome::kUnreachable);
  EXPECT_NE(outage.result().reason.find("503"), std::string::npos);
  ProbeRig lacking(Dialect::kOptions);
  lacking.probe->start(lacking.now());
  lacking.http(403, kNoScope);
  EXPECT_EQ(lacking.result().refusal, FatalKind::kMissingScope);
}

TEST(Probe, OptionsListsTheAccountsWhenTheWantedOneIsNotAmongThem) {
  ProbeRig rig(Dialect::kOptions, ProbeKind::kToken, [](auto& s) { s.account = "DOT1"; });
  rig.probe->start(rig.now());
  rig.http(200, kAccounts);
  EXPECT_EQ(rig.result().refusal, FatalKind::kAccountNotFound);
  EXPECT_EQ(rig.result().findings.accounts.size(), 2U);
}

json authorize(const ProbeRig& rig, const std::string& login, bool demo, json scopes) {
  return {{"msg_type", "authorize"},
          {"req_id", rig.sent("authorize")["req_id"]},
          {"authorize",
           {{"loginid", login},
            {"currency", "USD"},
            {"is_virtual", demo ? 1 : 0},
            {"balance", 1},
            {"scopes", std::move(scopes)}}}};
}

TEST(Probe, V3TellsAccountScopesBalanceAndTime) {
  ProbeRig rig(Dialect::kV3);
  rig.probe->start(rig.now());
  EXPECT_EQ(rig.wire.log.back(), "open wss://ws.derivws.com/websockets/v3?app_id=1089");
  rig.probe->on_open(rig.now());
  rig.frame(authorize(rig, "VRTC0000001", true, {"read", "trade", "trading_information"}));
  balance_and_time(rig, "VRTC0000001");
  ASSERT_TRUE(rig.probe->done());
  const auto& r = rig.result();
  EXPECT_EQ(r.outcome, Outcome::kGood) << r.reason;
  EXPECT_EQ(r.account.id, "VRTC0000001");
  EXPECT_EQ(r.account.balance.to_string(), "9876.50");
  EXPECT_EQ(r.findings.scopes.size(), 3U);
}

TEST(Probe, V3TellsARealAccountThatWasNotAskedFor) {
  ProbeRig rig(Dialect::kV3);
  rig.probe->start(rig.now());
  rig.probe->on_open(rig.now());
  rig.frame(authorize(rig, "CR123", false, {"read", "trade"}));
  EXPECT_EQ(rig.result().refusal, FatalKind::kRealNotAllowed);
  ASSERT_EQ(rig.result().findings.accounts.size(), 1U);
  EXPECT_EQ(rig.result().findings.accounts[0].id, "CR123");
  EXPECT_TRUE(rig.result().findings.accounts[0].is_real);
}

TEST(Probe, V3RefusesPaymentsAndShowsAllScopes) {
  ProbeRig rig(Dialect::kV3);
  rig.probe->start(rig.now());
  rig.probe->on_open(rig.now());
  rig.frame(authorize(rig, "VRTC0000001", true, {"read", "trade", "payments"}));
  EXPECT_EQ(rig.result().refusal, FatalKind::kForbiddenScope);
  EXPECT_EQ(rig.result().findings.scopes.size(), 3U);
}

TEST(Probe, TheClockNeedsNoToken) {
  ProbeRig options(Dialect::kOptions, ProbeKind::kClock, [](auto& s) {
    s.token = core::Secret();
    s.endpoint = "https://127.0.0.1:8443/";
  });
  options.probe->start(options.now());
  EXPECT_EQ(options.wire.log.back(), "open wss://127.0.0.1:8443/trading/v1/options/ws/public");
  ProbeRig v3(Dialect::kV3, ProbeKind::kClock, [](auto& s) { s.token = core::Secret(); });
  v3.probe->start(v3.now());
  EXPECT_EQ(v3.wire.log.back(), "open wss://ws.derivws.com/websockets/v3?app_id=1089");
  for (auto* rig : {&options, &v3}) {
    rig->probe->on_open(rig->now());
    EXPECT_EQ(rig->wire.sent.size(), 1U);
    rig->frame(
        {{"msg_type", "time"}, {"req_id", rig->sent("time")["req_id"]}, {"time", 1'700'000'000}});
    EXPECT_EQ(rig->result().outcome, Outcome::kGood) << rig->result().reason;
    EXPECT_EQ(rig->result().venue_time->s, 1'700'000'000);
  }
}

TEST(Probe, IsBoundedInTimeAndFrames) {
  for (const auto dialect : {Dialect::kOptions, Dialect::kV3}) {
    ProbeRig rig(dialect);
    rig.probe->start(rig.now());
    EXPECT_EQ(rig.probe->deadline().ns, rig.clock + core::Duration(kProbeTime).count());
    rig.clock += core::Duration(kProbeTime).count() - 1;
    rig.probe->on_deadline(rig.now());
    EXPECT_FALSE(rig.probe->done());
    rig.clock += 1;
    rig.probe->on_deadline(rig.now());
    EXPECT_EQ(rig.result().outcome, Outcome::kTimeout);
  }
  ProbeRig endless(Dialect::kV3);
  endless.probe->start(endless.now());
  endless.probe->on_open(endless.now());
  for (int i = 0; i < 1000 && !endless.probe->done(); ++i) {
    endless.frame({{"msg_type", "website_status"}, {"website_status", json::object()}});
  }
  EXPECT_EQ(endless.result().outcome, Outcome::kUnreachable);
}

TEST(Probe, SurvivesWhatIsNoAnswer) {
  for (const std::string text : {"", "{", "[]", "null", R"({"req_id":1})",
                                 R"({"msg_type":"authorize","req_id":1,"authorize":{}})",
                                 R"({"msg_type":"time","req_id":2,"time":"x"})"}) {
    ProbeRig rig(Dialect::kV3);
    rig.probe->start(rig.now());
    rig.probe->on_open(rig.now());
    auto padded = text;
    padded.append(64, '\0');
    rig.probe->on_frame(std::string_view(padded).substr(0, text.size()), padded.size(), rig.now());
    if (rig.probe->done()) {
      EXPECT_EQ(rig.result().outcome, Outcome::kUnreachable) << text;
    }
    rig.probe->on_closed(0, "gone", rig.now());
    ASSERT_TRUE(rig.probe->done());
    EXPECT_NE(rig.result().outcome, Outcome::kGood) << text;
  }
}

TEST(Probe, AClosedLinkEndsItOnce) {
  ProbeRig rig(Dialect::kV3);
  rig.probe->start(rig.now());
  rig.probe->on_closed(520, "Web server returns an unknown error", rig.now());
  EXPECT_EQ(rig.result().outcome, Outcome::kUnreachable);
  EXPECT_NE(rig.result().reason.find("520"), std::string::npos);
  rig.probe->on_closed(0, "again", rig.now());
  EXPECT_NE(rig.result().reason.find("520"), std::string::npos);
}

}  // namespace
}  // namespace derivd::deriv::test
