// Past candles: what is asked, what is told, what is refused, and that they wait behind everything.
#include <gtest/gtest.h>

#include "unit/deriv/rig.hpp"

namespace derivd::deriv::test {
namespace {

constexpr std::int64_t kNow = 1782023684;
constexpr std::int64_t kMinute = 1782023640;  // a whole one, not a whole quarter of an hour

class PastCandlesOf : public ::testing::TestWithParam<Dialect> {
 protected:
  static SessionSettings settings(Dialect dialect) {
    SessionSettings s;
    s.dialect = dialect;
    s.endpoint = dialect == Dialect::kOptions ? "https://venue.test/" : "wss://venue.test/v3";
    s.app_id = "1089";
    s.public_only = true;
    return s;
  }
  PastCandlesOf() : session(settings(GetParam()), wire, listener, rng) {
    listener.state_hook = [this](SessionState state) {
      if (state == SessionState::kReconciling) session.reconciled(now);
    };
    session.start(now);
    go_live();
  }

  void answer(json frame) {
    std::string text = frame.dump();
    const auto size = text.size();
    text.resize(size + 64);
    session.on_frame({text.data(), size}, text.size(), now);
  }
  std::vector<json> asked() const {
    std::vector<json> out;
    for (const auto& frame : wire.sent) {
      if (frame.contains("ticks_history")) out.push_back(frame);
    }
    return out;
  }
  json sent(std::string_view key) const {
    for (auto it = wire.sent.rbegin(); it != wire.sent.rend(); ++it) {
      if (it->contains(std::string(key))) return *it;
    }
    return {};
  }
  void pass(core::Duration d) {
    now.instant = now.instant + d;
    if (const auto at = session.next_deadline(); at && *at <= now.instant) session.on_deadline(now);
  }
  void answer_time() {
    answer({{"msg_type", "time"}, {"time", kNow}, {"req_id", sent("time")["req_id"]}});
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
  static json row(std::int64_t epoch, double open, double high, double low, double close) {
    return {{"epoch", epoch}, {"open", open}, {"high", high}, {"low", low}, {"close", close}};
  }
  void give(const json& request, json rows) {
    answer({{"msg_type", "candles"},
            {"candles", std::move(rows)},
            {"pip_size", 2},
            {"req_id", request["req_id"]}});
  }
  void refuse(const char* code) {
    answer({{"msg_type", "ticks_history"},
            {"error", {{"code", code}, {"message", "no"}}},
            {"req_id", sent("ticks_history")["req_id"]}});
  }

  core::Now now;
  FakeWire wire;
  Recorder listener;
  core::Rng rng{7};
  Session session;
};

TEST_P(PastCandlesOf, AreAskedWithStartLengthAndBoundAndToldAsTheyAre) {
  session.ask_candles("R_100", 60, {kMinute - 600}, now);
  const auto request = sent("ticks_history");
  EXPECT_EQ(request["style"], "candles");
  EXPECT_EQ(request["granularity"], 60);
  EXPECT_EQ(request["start"], kMinute - 600);
  EXPECT_EQ(request["end"], "latest");
  EXPECT_EQ(request["count"], 12);
  EXPECT_FALSE(request.contains("subscribe"));
  give(request,
       {row(kMinute - 660, 1, 1, 1, 1),  // before what was asked for
        row(kMinute - 60, 342.07, 342.5, 341.9, 342.1), row(kMinute, 342.2, 342.2, 342.2, 342.2)});
  ASSERT_EQ(listener.candles.size(), 1U);
  const auto& told = listener.candles[0];
  EXPECT_EQ(told.symbol, "R_100");
  EXPECT_EQ(told.seconds, 60);
  EXPECT_EQ(told.from.s, kMinute - 600);
  EXPECT_EQ(told.decimals, 2);
  EXPECT_EQ(told.candles,
            (std::vector<market::CandleRow>{{{kMinute - 60}, 34207, 34250, 34190, 34210},
                                            {{kMinute}, 34220, 34220, 34220, 34220}}));
}

TEST_P(PastCandlesOf, AreBoundedByWhatOneAnswerHolds) {
  session.ask_candles("R_100", 86'400, {0}, now);
  session.ask_candles("R_100", 60, {0}, now);
  ASSERT_EQ(asked().size(), 2U);
  EXPECT_EQ(asked()[0]["count"], 5000);
  EXPECT_EQ(asked()[1]["count"], 5000);
}

TEST_P(PastCandlesOf, AreAskedAFewAtATime) {
  for (const int length : {60, 120, 300, 900}) {
    session.ask_candles("R_100", length, {kMinute - 1800}, now);
  }
  ASSERT_EQ(asked().size(), 2U) << "the answer to a purchase does not wait behind all of them";
  give(asked()[0], json::array());
  EXPECT_EQ(asked().size(), 3U);
  give(asked()[1], json::array());
  give(asked()[2], json::array());
  EXPECT_EQ(asked().size(), 4U);
  give(asked()[3], json::array());
  EXPECT_EQ(listener.candles.size(), 4U);
  pass(minutes(2));
  EXPECT_EQ(asked().size(), 4U);
}

TEST_P(PastCandlesOf, AreAskedAgainOnTheNextLinkAndAfterARateLimit) {
  session.ask_candles("R_100", 60, {kMinute - 600}, now);
  session.on_closed(0, "cut", now);
  EXPECT_TRUE(listener.candles.empty());
  go_live();
  ASSERT_EQ(asked().size(), 2U);
  refuse("RateLimit");
  EXPECT_TRUE(listener.refused_candles.empty());
  for (int i = 0; i < 30 && asked().size() == 2; ++i) pass(milliseconds(200));
  ASSERT_EQ(asked().size(), 3U);
  give(asked()[2], {row(kMinute, 1, 1, 1, 1)});
  EXPECT_EQ(listener.candles.size(), 1U);
}

TEST_P(PastCandlesOf, ARefusalMakesRoomForThoseBehindIt) {
  for (const int length : {60, 120, 300, 900}) {
    session.ask_candles("R_100", length, {kMinute - 1800}, now);
  }
  for (std::size_t i = 0; i < 4; ++i) {
    ASSERT_GT(asked().size(), i);
    answer({{"msg_type", "ticks_history"},
            {"error", {{"code", "MarketIsClosed"}, {"message", "no"}}},
            {"req_id", asked()[i]["req_id"]}});
  }
  EXPECT_EQ(listener.refused_candles.size(), 4U);
}

TEST_P(PastCandlesOf, AVenueThatKeepsLimitingThemIsNotAskedForEver) {
  session.ask_candles("R_100", 60, {kMinute - 600}, now);
  std::size_t answered = 0;
  for (int i = 0; i < 4000 && listener.refused_candles.empty(); ++i) {
    if (asked().size() > answered) {
      ++answered;
      refuse("RateLimit");
    }
    pass(milliseconds(200));
    if (const auto ping = sent("ping"); !ping.is_null()) {
      answer({{"msg_type", "ping"}, {"ping", "pong"}, {"req_id", ping["req_id"]}});
    }
  }
  EXPECT_EQ(listener.refused_candles.size(), 1U);
  EXPECT_EQ(answered, 5U);
}

TEST_P(PastCandlesOf, AreRefusedAsTheVenueRefusesThem) {
  session.ask_candles("R_100", 60, {kMinute - 600}, now);
  refuse("InvalidSymbol");
  ASSERT_EQ(listener.refused_candles.size(), 1U);
  EXPECT_NE(listener.refused_candles[0].find("InvalidSymbol"), std::string::npos);
  // No answer at all: tried five times.
  session.ask_candles("R_100", 60, {kMinute - 600}, now);
  for (int i = 0; i < 400 && listener.refused_candles.size() < 2; ++i) {
    pass(seconds(1));
    if (const auto ping = sent("ping"); !ping.is_null()) {
      answer({{"msg_type", "ping"}, {"ping", "pong"}, {"req_id", ping["req_id"]}});
    }
  }
  ASSERT_EQ(listener.refused_candles.size(), 2U);
  EXPECT_EQ(asked().size(), 6U);
}

TEST_P(PastCandlesOf, AreNotAskedWhereNoneCanBe) {
  session.ask_candles("R_100", 90, {kMinute}, now);
  session.ask_candles("no symbol", 60, {kMinute}, now);
  session.ask_candles("R_100", 60, {-60}, now);
  EXPECT_EQ(listener.refused_candles.size(), 3U);
  EXPECT_TRUE(asked().empty());
  for (int i = 0; i < 520; ++i) session.ask_candles("R_100", 60, {kMinute}, now);
  EXPECT_EQ(listener.refused_candles.size(), 3U + 8U);
}

TEST_P(PastCandlesOf, WithARowThatIsNoneAreRefusedWhole) {
  const auto good = row(kMinute - 60, 5, 7, 4, 6);
  const std::vector<json> bad{
      row(kMinute - 30, 5, 7, 4, 6),   // no multiple of a minute
      row(kMinute - 120, 5, 7, 4, 6),  // comes late
      row(kMinute - 60, 5, 7, 4, 6),   // twice
      row(kMinute, 5, 4, 3, 5),        // its high is below its open
      row(kMinute, 5, 7, 6, 6),        // its low is above its open
      row(kMinute, 5, 7, 0, 6),        // a quote of nothing
      row(kMinute, 5.001, 7, 4, 6),    // more decimals than the symbol has
  };
  for (const auto& worse : bad) {
    session.ask_candles("R_100", 60, {kMinute - 600}, now);
    give(asked().back(), {good, worse});
  }
  EXPECT_TRUE(listener.candles.empty());
  EXPECT_EQ(listener.refused_candles.size(), bad.size());
}

TEST_P(PastCandlesOf, ThatCannotBeReadAreAskedForAgain) {
  session.ask_candles("R_100", 60, {kMinute - 600}, now);
  auto broken = row(kMinute, 5, 7, 4, 6);
  broken.erase("low");
  give(asked().back(), {broken});
  EXPECT_TRUE(listener.candles.empty());
  EXPECT_TRUE(listener.refused_candles.empty());
  for (int i = 0; i < 40 && asked().size() == 1; ++i) pass(milliseconds(200));
  ASSERT_EQ(asked().size(), 2U);
  give(asked().back(), {row(kMinute, 5, 7, 4, 6)});
  EXPECT_EQ(listener.candles.size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Dialects, PastCandlesOf,
                         ::testing::Values(Dialect::kOptions, Dialect::kV3),
                         [](const auto& p) { return std::string(name_of(p.param)); });

}  // namespace
}  // namespace derivd::deriv::test
