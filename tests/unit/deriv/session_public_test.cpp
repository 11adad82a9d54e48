// A session without an account: what it asks, that it becomes live by ticks alone, and past ticks
// by span of time.
#include <gtest/gtest.h>

#include "unit/deriv/rig.hpp"

namespace derivd::deriv::test {
namespace {

class PublicSession : public ::testing::TestWithParam<Dialect> {
 protected:
  static SessionSettings settings(Dialect dialect) {
    SessionSettings s;
    s.dialect = dialect;
    s.endpoint = dialect == Dialect::kOptions ? "https://venue.test/" : "wss://venue.test/v3";
    s.app_id = "1089";
    s.public_only = true;
    return s;
  }
  PublicSession() : session(settings(GetParam()), wire, listener, rng) {
    listener.state_hook = [this](SessionState state) {
      if (state == SessionState::kReconciling) session.reconciled(now);
    };
  }

  void answer(json frame) {
    std::string text = frame.dump();
    const auto size = text.size();
    text.resize(size + 64);
    session.on_frame({text.data(), size}, text.size(), now);
  }
  json sent(std::string_view key) const {
    for (auto it = wire.sent.rbegin(); it != wire.sent.rend(); ++it) {
      if (it->contains(std::string(key))) return *it;
    }
    return {};
  }
  void answer_time() {
    answer({{"msg_type", "time"}, {"time", 1782023684}, {"req_id", sent("time")["req_id"]}});
  }
  void pass(core::Duration d) {
    now.instant = now.instant + d;
    if (const auto at = session.next_deadline(); at && *at <= now.instant) session.on_deadline(now);
  }
  void go_live() {
    pass(seconds(1));
    session.on_open(now);
    answer_time();  // the log-in
    answer_time();  // of Syncing
    json symbols = json::array();
    if (GetParam() == Dialect::kOptions) {
      symbols.push_back({{"underlying_symbol", "R_100"}, {"pip_size", 0.01}});
    } else {
      symbols.push_back({{"symbol", "R_100"}, {"pip", 0.01}});
    }
    answer({{"msg_type", "active_symbols"},
            {"active_symbols", symbols},
            {"req_id", sent("active_symbols")["req_id"]}});
  }
  json history(std::vector<std::int64_t> times, std::vector<double> prices) {
    return {{"msg_type", "history"},
            {"history", {{"times", times}, {"prices", prices}}},
            {"pip_size", 2},
            {"req_id", sent("ticks_history")["req_id"]}};
  }
  bool told(std::string_view part) const {
    for (const auto& line : listener.log) {
      if (line.find(part) != std::string::npos) return true;
    }
    return false;
  }

  core::Now now;
  core::Rng rng{7};
  FakeWire wire;
  Recorder listener;
  Session session;
};

TEST_P(PublicSession, OpensTheSocketThatKnowsNoAccount) {
  session.start(now);
  go_live();
  ASSERT_FALSE(wire.log.empty());
  EXPECT_EQ(wire.log.front(), GetParam() == Dialect::kOptions
                                  ? "open wss://venue.test/trading/v1/options/ws/public"
                                  : "open wss://venue.test/v3?app_id=1089");
  EXPECT_EQ(session.state(), SessionState::kLive);
  for (const auto& frame : wire.sent) {
    for (const auto* key : {"authorize", "balance", "transaction", "portfolio", "profit_table"}) {
      EXPECT_FALSE(frame.contains(key)) << frame;
    }
  }
}

TEST_P(PublicSession, StreamsTicks) {
  session.set_symbols({"R_100"}, 2, now);
  session.start(now);
  go_live();
  EXPECT_EQ(sent("ticks_history")["subscribe"], 1);
  auto frame = history({1782023684, 1782023686}, {342.07, 342.1});
  frame["subscription"] = {{"id", std::string(36, 'a')}};
  answer(frame);
  answer({{"msg_type", "tick"},
          {"tick", {{"symbol", "R_100"}, {"epoch", 1782023688}, {"quote", 342.5}, {"pip_size", 2}}},
          {"subscription", {{"id", std::string(36, 'a')}}}});
  EXPECT_TRUE(told("past R_100 1782023686 342.10"));
  EXPECT_TRUE(told("tick R_100 1782023688 342.50"));
}

TEST_P(PublicSession, AnswersPastTicksOnceAlsoOverALostLink) {
  session.start(now);
  go_live();
  session.ask_past("R_100", {1782000000}, {1782000100}, now);
  auto asked = sent("ticks_history");
  EXPECT_EQ(asked["start"], 1782000000);
  EXPECT_EQ(asked["end"], "1782000100");
  EXPECT_EQ(asked["count"], 5000);
  EXPECT_FALSE(asked.contains("subscribe"));
  session.on_closed(0, "cut", now);
  EXPECT_TRUE(listener.past.empty());
  go_live();
  answer(history({1782000000, 1782000002}, {342.07, 342.1}));
  ASSERT_EQ(listener.past.size(), 1U);
  const auto& past = listener.past[0];
  EXPECT_EQ(past.from.s, 1782000000);
  EXPECT_EQ(past.to.s, 1782000100);
  EXPECT_EQ(past.decimals, 2);
  EXPECT_EQ(past.ticks,
            (std::vector<market::TickRow>{{{1782000000}, 34207}, {{1782000002}, 34210}}));
  pass(minutes(1));
  EXPECT_EQ(listener.past.size(), 1U);
}

TEST_P(PublicSession, AsksAgainWhenItIsTooMuchAndRefusesWhatTheVenueRefuses) {
  session.start(now);
  go_live();
  session.ask_past("R_100", {1782000000}, {1782000100}, now);
  const auto refuse = [&](const char* code) {
    answer({{"msg_type", "ticks_history"},
            {"error", {{"code", code}, {"message", "no"}}},
            {"req_id", sent("ticks_history")["req_id"]}});
  };
  const auto before = wire.sent.size();
  refuse("RateLimit");
  EXPECT_TRUE(listener.refused_past.empty());
  for (int i = 0; i < 20 && wire.sent.size() == before; ++i) pass(milliseconds(200));
  EXPECT_GT(wire.sent.size(), before) << "asked again";
  refuse("InvalidSymbol");
  ASSERT_EQ(listener.refused_past.size(), 1U);
  EXPECT_NE(listener.refused_past[0].find("InvalidSymbol"), std::string::npos);
}

TEST_P(PublicSession, RefusesSpansThatAreNone) {
  session.start(now);
  go_live();
  session.ask_past("R_100", {1782000000}, {1781999999}, now);
  session.ask_past("no symbol", {1782000000}, {1782000001}, now);
  EXPECT_TRUE(listener.past.empty());
  EXPECT_EQ(listener.refused_past.size(), 2U);
}

// One bad row never costs its neighbours: out of order, twice the same, two quotes of one second, a
// quote of 0, too many decimals.
TEST_P(PublicSession, LeavesOutRowsThatAreNoTicksOneByOne) {
  session.start(now);
  go_live();
  session.ask_past("R_100", {1782000000}, {1782000100}, now);
  answer(history({1782000004, 1782000002, 1782000006, 1782000006, 1782000008, 1782000010,
                  1782000010, 1782000012, 1782000014},
                 {342.07, 342.1, 342.2, 342.2, 0, 342.3, 342.4, 342.5, -1}));
  ASSERT_EQ(listener.past.size(), 1U);
  const auto& past = listener.past[0];
  EXPECT_EQ(past.ticks, (std::vector<market::TickRow>{{{1782000002}, 34210},
                                                      {{1782000004}, 34207},
                                                      {{1782000006}, 34220},
                                                      {{1782000012}, 34250}}));
  EXPECT_EQ(past.refused, 3U);
  EXPECT_NE(past.refusal.find("the quote at 1782000008 is 0"), std::string::npos) << past.refusal;
  EXPECT_TRUE(listener.refused_past.empty());
}

INSTANTIATE_TEST_SUITE_P(Both, PublicSession, ::testing::Values(Dialect::kOptions, Dialect::kV3),
                         [](const auto& which) { return std::string(name_of(which.param)); });

}  // namespace
}  // namespace derivd::deriv::test
