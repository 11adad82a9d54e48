// What the venue does when it is told to misbehave.
#include "sim_fixture.hpp"

namespace derivd::sim::test {
namespace {

class Misbehaving : public ::testing::Test {
 protected:
  static Venue::Options flat() {
    auto o = Sim::defaults();
    o.gbm = false;
    o.replays = {replay("R_100", kStart, std::vector<std::int64_t>(200, 34'001), 2)};
    return o;
  }
  void order(const std::string& rule) {
    const auto ok = sim_.venue().faults().add(*Json::parse(rule));
    ASSERT_TRUE(ok) << ok.error().text;
  }
  json buy(ConnId c) {
    json p = proposal_of("DIGITODD", 1, "t", "R_100", "symbol");
    p.erase("proposal");
    return sim_.call(c, {{"buy", "1"}, {"price", 1}, {"parameters", p}, {"subscribe", 1}});
  }
  Sim sim_{flat()};
};

TEST_F(Misbehaving, DropsBeforeActing) {
  const auto c = sim_.v3();
  sim_.advance(2);
  order(R"({"when":{"call":"buy"},"do":"drop_before"})");
  EXPECT_TRUE(buy(c).is_null());
  EXPECT_EQ(sim_.take_other_actions().at(0).kind, Action::Kind::kAbort);
  EXPECT_TRUE(sim_.ledger("buy").empty());
  EXPECT_TRUE(sim_.call(c, {{"ping", 1}}).is_null());  // nobody is there any more
}

TEST_F(Misbehaving, ActsAndCutsWithoutAnAnswer) {
  const auto c = sim_.v3();
  sim_.advance(2);
  order(R"({"when":{"call":"buy","nth":1},"do":"drop_unanswered"})");
  EXPECT_TRUE(buy(c).is_null());
  EXPECT_EQ(sim_.take_other_actions().at(0).kind, Action::Kind::kAbort);
  ASSERT_EQ(sim_.ledger("buy").size(), 1U);
  sim_.gone(c);
  sim_.advance(10);  // settles while the client is away
  const auto again = sim_.v3();
  EXPECT_EQ(sim_.call(again, {{"statement", 1}})["statement"]["count"], 3);
  EXPECT_EQ(sim_.call(again, {{"profit_table", 1}})["profit_table"]["count"], 1);
}

TEST_F(Misbehaving, LosesAReplyAfterActing) {
  const auto c = sim_.v3();
  sim_.advance(2);
  order(R"({"when":{"call":"buy"},"do":"lose_reply"})");
  EXPECT_TRUE(buy(c).is_null());
  EXPECT_EQ(sim_.ledger("buy").size(), 1U);
  EXPECT_EQ(sim_.call(c, {{"portfolio", 1}})["portfolio"]["contracts"].size(), 1U);
}

TEST_F(Misbehaving, AnswersWithAnyErrorBeforeOrAfterActing) {
  const auto c = sim_.v3();
  sim_.advance(2);
  order(R"({"when":{"call":"buy","nth":1},"do":"error CompanyWideLimitExceeded: No."})");
  order(R"({"when":{"call":"buy","nth":2},"do":"error_after WrongResponse: Sorry."})");
  auto m = buy(c);
  EXPECT_EQ(code(m), "CompanyWideLimitExceeded");
  EXPECT_EQ(m["error"]["message"], "No.");
  EXPECT_EQ(m["msg_type"], "buy");
  EXPECT_TRUE(sim_.ledger("buy").empty());
  m = buy(c);
  EXPECT_EQ(code(m), "WrongResponse");
  EXPECT_EQ(sim_.ledger("buy").size(), 1U);
}

TEST_F(Misbehaving, DelaysDuplicatesSplitsAndGarbles) {
  const auto c = sim_.v3();
  order(R"({"when":{"call":"ping","nth":1},"do":"delay 250"})");
  order(R"({"when":{"call":"ping","nth":2},"do":"duplicate"})");
  order(R"({"when":{"call":"ping","nth":3},"do":"split 5"})");
  order(R"({"when":{"call":"ping","nth":4},"do":"garbage"})");
  order(R"({"when":{"call":"ping","nth":5},"do":"stop_reading"})");
  order(R"({"when":{"call":"ping","nth":6},"do":"close 1012"})");
  sim_.call(c, {{"ping", 1}});
  auto actions = sim_.take_other_actions();
  ASSERT_EQ(actions.size(), 1U);
  EXPECT_EQ(actions[0].delay_ms, 250);
  sim_.call(c, {{"ping", 1}});
  EXPECT_EQ(sim_.take(c).size(), 1U);  // the second copy
  sim_.call(c, {{"ping", 1}});
  actions = sim_.take_other_actions();
  ASSERT_EQ(actions.size(), 1U);
  EXPECT_EQ(actions[0].split, 5U);
  sim_.call(c, {{"ping", 1}});
  actions = sim_.take_other_actions();
  ASSERT_EQ(actions.size(), 1U);
  EXPECT_FALSE(json::accept(actions[0].frame));
  EXPECT_FALSE(sim_.call(c, {{"ping", 1}}).is_null());
  actions = sim_.take_other_actions();
  ASSERT_EQ(actions.size(), 1U);
  EXPECT_EQ(actions[0].kind, Action::Kind::kStopReading);
  EXPECT_FALSE(sim_.call(c, {{"ping", 1}}).is_null());
  actions = sim_.take_other_actions();
  ASSERT_EQ(actions.size(), 1U);
  EXPECT_EQ(actions[0].kind, Action::Kind::kClose);
  EXPECT_EQ(actions[0].code, 1012);
}

TEST_F(Misbehaving, GoesMute) {
  const auto c = sim_.v3();
  sim_.advance(2);
  sim_.call(c, {{"ticks", "R_100"}, {"subscribe", 1}});
  order(R"({"when":{"call":"tick","direction":"stream","nth":2},"do":"stop_writing"})");
  sim_.advance(10);
  EXPECT_EQ(sim_.take(c).size(), 1U);
  EXPECT_TRUE(sim_.call(c, {{"ping", 1}}).is_null());
  sim_.venue().clear_faults();
  EXPECT_FALSE(sim_.call(c, {{"ping", 1}}).is_null());
}

TEST_F(Misbehaving, StreamsAloneCanSkipRepeatAndJump) {
  const auto c = sim_.v3();
  sim_.advance(2);
  sim_.call(c, {{"ticks", "R_100"}, {"subscribe", 1}});
  order(R"({"when":{"call":"tick","nth":2},"do":"skip_ticks 2"})");
  order(R"({"when":{"call":"tick","nth":5},"do":"repeat_tick"})");
  order(R"({"when":{"call":"tick","nth":6},"do":"jump_tick 100"})");
  sim_.advance(12);  // +2 … +12
  std::vector<std::int64_t> epochs;
  for (const auto& m : sim_.take(c))
    epochs.push_back(m["tick"]["epoch"].get<std::int64_t>() - kStart);
  EXPECT_EQ(epochs, (std::vector<std::int64_t>{2, 8, 10, 10, 112}));
  const auto h = sim_.call(c, {{"ticks_history", "R_100"}, {"end", "latest"}, {"count", 7}});
  EXPECT_EQ(h["history"]["times"].size(), 7U);  // the venue itself missed nothing
  EXPECT_EQ(h["history"]["times"][2], kStart + 4);
}

TEST_F(Misbehaving, LosesOneFrameOfAStream) {
  const auto c = sim_.v3();
  sim_.advance(2);
  order(
      R"({"when":{"call":"proposal_open_contract","direction":"stream","nth":3},"do":"lose_reply"})");
  buy(c);
  sim_.advance(10);
  for (const auto& m : sim_.take(c)) EXPECT_EQ(m["proposal_open_contract"]["is_sold"], 0);
  EXPECT_EQ(sim_.ledger("settle").size(), 1U);
}

TEST_F(Misbehaving, HoldsASettlementBack) {
  const auto c = sim_.v3();
  sim_.advance(2);
  order(R"({"when":{"call":"buy","nth":1},"do":"hold_settlement 30"})");
  const auto first = buy(c)["buy"]["contract_id"];
  const auto second = buy(c)["buy"]["contract_id"];
  sim_.advance(20);
  ASSERT_EQ(sim_.ledger("settle").size(), 1U);
  EXPECT_EQ(sim_.ledger("settle")[0]["contract_id"], second.dump());
  EXPECT_EQ(text(sim_.call(c, {{"balance", 1}})["balance"]["balance"]), "9999.95");
  sim_.advance(20);
  EXPECT_EQ(sim_.ledger("settle").at(1)["contract_id"], first.dump());
}

TEST_F(Misbehaving, ExpiresTokensAndRefusesOneTimePasswords) {
  const auto c = sim_.v3();
  order(R"({"when":{"call":"ping"},"do":"expire_token"})");
  sim_.call(c, {{"ping", 1}});
  EXPECT_EQ(code(sim_.call(c, {{"balance", 1}})), "InvalidToken");
  EXPECT_EQ(code(sim_.call(sim_.v3(""), {{"authorize", "v3demo"}})), "InvalidToken");
  order(R"({"when":{"call":"otp"},"do":"bad_otp"})");
  EXPECT_EQ(sim_.upgrade(sim_.otp_url("pat_demo")).status, 401);
  order(R"({"when":{"call":"accounts"},"do":"expire_token"})");
  EXPECT_EQ(sim_.rest("GET", "/trading/v1/options/accounts", "pat_demo").status, 401);
  sim_.venue().clear_faults();
  EXPECT_EQ(sim_.rest("GET", "/trading/v1/options/accounts", "pat_demo").status, 200);
  order(R"({"when":{"call":"accounts"},"do":"error 503"})");
  EXPECT_EQ(sim_.rest("GET", "/trading/v1/options/accounts", "pat_demo").status, 503);
}

TEST_F(Misbehaving, RefusesUpgrades) {
  order(R"({"when":{"call":"v3","times":1},"do":"refuse_upgrade 520"})");
  order(R"({"when":{"call":"public"},"do":"refuse_upgrade 429"})");
  EXPECT_EQ(sim_.upgrade("/websockets/v3?app_id=1").status, 520);
  EXPECT_EQ(sim_.upgrade("/websockets/v3?app_id=1").status, 101);
  EXPECT_EQ(sim_.upgrade("/trading/v1/options/ws/public").status, 429);
}

TEST_F(Misbehaving, ClosesAMarketForAWhile) {
  const auto c = sim_.v3();
  sim_.advance(2);
  sim_.call(c, {{"ticks", "R_100"}, {"subscribe", 1}});
  order(R"({"when":{"symbol":"R_100","nth":2},"do":"close_market 20"})");
  sim_.advance(10);
  EXPECT_EQ(sim_.take(c).size(), 1U);
  EXPECT_EQ(code(buy(c)), "MarketIsClosed");
  sim_.advance(20);
  EXPECT_GE(sim_.take(c).size(), 2U);
  EXPECT_EQ(code(buy(c)), "");
}

TEST_F(Misbehaving, AnnouncesMaintenance) {
  const auto c = sim_.v3();
  const auto m = sim_.call(c, {{"website_status", 1}, {"subscribe", 1}});
  EXPECT_EQ(m["website_status"]["site_status"], "up");
  order(R"({"when":{"call":"ping"},"do":"maintenance We are updating."})");
  sim_.call(c, {{"ping", 1}});
  const auto frames = sim_.take(c, "website_status");
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0]["website_status"]["site_status"], "down");
  EXPECT_EQ(frames[0]["website_status"]["message"], "We are updating.");
}

TEST_F(Misbehaving, StatusTellsWhatHappened) {
  order(R"({"when":{"call":"ping"},"do":"delay 1"})");
  const auto c = sim_.v3();
  sim_.call(c, {{"ping", 1}});
  const auto status = json::parse(sim_.venue().status());
  EXPECT_EQ(status["rules"][0]["hit"], 1);
  EXPECT_EQ(status["connections"], 1);
  EXPECT_EQ(status["accounts"].size(), 7U);
}

}  // namespace
}  // namespace derivd::sim::test
