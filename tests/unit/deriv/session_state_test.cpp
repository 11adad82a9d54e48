// The state machine: deadlines, losing the link, liveness, stopping.
#include <gtest/gtest.h>

#include "rig.hpp"

namespace derivd::deriv::test {
namespace {

using market::ContractType;

class State : public testing::TestWithParam<Dialect> {
 protected:
  Rig rig{GetParam()};
  SessionState state() const { return rig.session->state(); }
  void buy(std::int64_t order) {
    rig.session->buy(core::OrderId{order}, spec_of(ContractType::kDigitOdd), core::Money::minor(35),
                     "", rig.now());
  }
};

TEST_P(State, IsOfflineAndIdleUntilStarted) {
  EXPECT_EQ(state(), SessionState::kOffline);
  EXPECT_FALSE(rig.session->next_deadline());
  EXPECT_TRUE(rig.wire.log.empty());
  rig.advance(minutes(10));
  EXPECT_TRUE(rig.listener.log.empty());
}

TEST_P(State, TheFirstAttemptIsImmediate) {
  rig.to_connecting();
  EXPECT_EQ(state(), SessionState::kConnecting);
  EXPECT_EQ(rig.wire.log.size(), 1U);
}

TEST_P(State, EachStateHasADeadline) {
  struct Stage {
    std::function<void(Rig&)> reach;
    seconds limit;
    const char* name;
  };
  const std::vector<Stage> stages{
      {[](Rig& r) { r.to_connecting(); }, seconds(90), "connecting"},
      {[](Rig& r) { r.to_authorizing(); }, seconds(20), "authorizing"},
  };
  for (const auto& stage : stages) {
    Rig fresh(GetParam());
    stage.reach(fresh);
    fresh.advance(stage.limit - milliseconds(1));
    EXPECT_EQ(name_of(fresh.session->state()), stage.name);
    fresh.advance(milliseconds(1));
    EXPECT_TRUE(fresh.listener.has(fmt::format("state offline: {} took too long", stage.name)))
        << fresh.listener.log.back();
  }
}

TEST_P(State, SyncingHasADeadline) {
  rig.to_syncing();
  for (int i = 0; i < 50 && state() == SessionState::kSyncing; ++i) {
    rig.advance(seconds(1));
    rig.frame(json{{"msg_type", "website_status"}, {"website_status", json::object()}});
    rig.pong();
  }
  EXPECT_TRUE(rig.listener.last("state offline").find("took too long") != std::string::npos ||
              rig.listener.last("state offline").find("no answer") != std::string::npos)
      << rig.listener.last("state offline");
}

TEST_P(State, ReconcilingHasADeadlineThatWorkRenews) {
  rig.to_reconciling();
  const auto keep_alive = [&](core::Duration d) {
    for (core::Duration passed{0}; passed < d && state() == SessionState::kReconciling;
         passed += seconds(5)) {
      rig.advance(seconds(5));
      if (rig.requests("ping")) {
        rig.answer(rig.request("ping"), {{"msg_type", "ping"}, {"ping", "pong"}});
      }
    }
  };
  keep_alive(minutes(4));
  ASSERT_EQ(state(), SessionState::kReconciling);
  rig.session->ask_report({1'699'990'000}, rig.now());
  rig.give_time(1'700'000'300);
  rig.give_portfolio();
  rig.give_profit_table();
  keep_alive(minutes(4));
  ASSERT_EQ(state(), SessionState::kReconciling);
  keep_alive(minutes(2));
  EXPECT_EQ(rig.listener.last("state offline"), "state offline: reconciling took too long");
}

TEST_P(State, SyncsEverythingBeforeReconciling) {
  rig.to_syncing();
  EXPECT_EQ(rig.requests("time"), 1U);
  EXPECT_EQ(rig.requests("transaction"), 1U);
  EXPECT_EQ(rig.requests("active_symbols"), 1U);
  EXPECT_EQ(rig.requests("balance"), 1U);
  rig.give_symbols();
  rig.give_transactions();
  if (!rig.options()) rig.give_balance();
  EXPECT_EQ(state(), SessionState::kSyncing);
  EXPECT_FALSE(rig.listener.has("account"));
  rig.give_time(1'700'000'000);
  EXPECT_EQ(state(), SessionState::kReconciling);
  EXPECT_EQ(rig.listener.venue.s, 1'700'000'000);
}

TEST_P(State, OnlyTheEngineEndsReconciling) {
  rig.to_reconciling();
  rig.advance(seconds(5));
  EXPECT_EQ(state(), SessionState::kReconciling);
  rig.session->reconciled(rig.now());
  EXPECT_EQ(state(), SessionState::kLive);
}

TEST_P(State, ReconciledDoesNotOutliveTheLink) {
  rig.to_live();
  rig.session->on_closed(0, "gone", rig.now());
  rig.session->reconciled(rig.now());
  rig.advance(seconds(1));
  rig.connect();
  rig.log_in();
  rig.sync();
  EXPECT_EQ(state(), SessionState::kReconciling);
}

TEST_P(State, ReentrantCallsFromTheListenerWork) {
  rig.listener.state_hook = [&](SessionState s) {
    if (s == SessionState::kReconciling) {
      rig.session->set_symbols({"R_100"}, 10, rig.now());
      rig.session->watch(core::ContractId{5}, rig.now());
      rig.session->ask_report({1'699'999'000}, rig.now());
    }
  };
  rig.listener.report_hook = [&](const auto&) { rig.session->reconciled(rig.now()); };
  rig.listener.tick_hook = [&](const market::Tick&, bool past) {
    if (!past) buy(1);
  };
  rig.to_reconciling();
  EXPECT_EQ(rig.requests("proposal_open_contract"), 1U);
  EXPECT_EQ(rig.requests("ticks_history"), 1U);
  rig.give_portfolio();
  rig.give_profit_table();
  EXPECT_EQ(state(), SessionState::kLive);
  rig.frame(rig.tick("R_100", 1'700'000'002, 1451.5));
  EXPECT_EQ(rig.requests("buy"), 1U);
}

TEST_P(State, LosingTheLinkFromEveryStateLeadsBackToLive) {
  for (const auto* stage : {"authorizing", "syncing", "reconciling", "live"}) {
    Rig fresh(GetParam());
    const std::string_view name = stage;
    if (name == "authorizing") fresh.to_authorizing();
    if (name == "syncing") fresh.to_syncing();
    if (name == "reconciling") fresh.to_reconciling();
    if (name == "live") fresh.to_live();
    ASSERT_EQ(name_of(fresh.session->state()), name);
    fresh.session->on_closed(0, "connection reset", fresh.now());
    EXPECT_EQ(fresh.listener.last("state"), "state offline: connection reset");
    fresh.reconnect();
    EXPECT_EQ(fresh.session->state(), SessionState::kLive) << name;
    EXPECT_EQ(fresh.session->stats().reconnects, 1U);
  }
}

TEST_P(State, WaitsGrowUntilTheLinkProvesStable) {
  rig.to_connecting();
  std::vector<core::Duration> waits;
  for (int i = 0; i < 10; ++i) {
    if (rig.options()) {
      rig.session->on_http_failed("down", rig.now());
    } else {
      rig.session->on_closed(0, "down", rig.now());
    }
    ASSERT_EQ(state(), SessionState::kOffline);
    waits.push_back(*rig.session->next_deadline() - rig.now().instant);
    rig.advance(waits.back());
    ASSERT_EQ(state(), SessionState::kConnecting);
  }
  EXPECT_GE(waits[0], milliseconds(250));
  EXPECT_LE(waits[0], milliseconds(500));
  EXPECT_LE(waits[1], seconds(1));
  EXPECT_GT(*std::max_element(waits.begin() + 5, waits.end()), seconds(5));
  for (const auto wait : waits) EXPECT_LE(wait, seconds(30));
  rig.connect();
  rig.log_in();
  rig.sync();
  rig.session->reconciled(rig.now());
  // Live for a moment proves nothing …
  rig.session->on_closed(0, "gone", rig.now());
  EXPECT_GT(*rig.session->next_deadline() - rig.now().instant, core::Duration(milliseconds(200)));
  rig.reconnect();
  // … half a minute does: the next attempt is immediate.
  rig.advance(seconds(29));
  rig.frame(json{{"msg_type", "website_status"}, {"website_status", json::object()}});
  rig.advance(seconds(1));
  ASSERT_EQ(state(), SessionState::kLive);
  rig.session->on_closed(0, "gone", rig.now());
  EXPECT_EQ(state(), SessionState::kConnecting);
}

TEST_P(State, PingsAQuietLinkAndDropsADeadOne) {
  rig.to_live();
  rig.advance(seconds(29));
  EXPECT_EQ(rig.requests("ping"), 0U);
  rig.advance(seconds(1));
  ASSERT_EQ(rig.requests("ping"), 1U);
  rig.pong();
  rig.advance(seconds(30));
  ASSERT_EQ(rig.requests("ping"), 2U);
  rig.advance(seconds(4));
  EXPECT_EQ(state(), SessionState::kLive);
  rig.advance(seconds(1));
  EXPECT_EQ(rig.listener.last("state offline"), "state offline: nothing arrives any more");
  EXPECT_EQ(std::count(rig.wire.log.begin(), rig.wire.log.end(), "close"), 1);
}

TEST_P(State, WithSymbolsSilenceIsNoticedSooner) {
  rig.to_live();
  rig.session->set_symbols({"R_100"}, 0, rig.now());
  const auto request = rig.request("ticks");
  rig.answer(request, rig.tick("R_100", 1'700'000'001, 1451.5));
  rig.advance(seconds(7));
  EXPECT_EQ(rig.requests("ping"), 0U);
  rig.advance(seconds(1));
  EXPECT_EQ(rig.requests("ping"), 1U);
  rig.advance(seconds(5));
  EXPECT_FALSE(rig.listener.has("state offline: pings"));
  EXPECT_TRUE(rig.listener.has("state offline: nothing arrives any more"));
}

// Seconds from the last frame of a link that went deaf until the next attempt begins.
double replaced_after(Rig& rig, seconds at_most) {
  const auto from = rig.clock_ns;
  const auto attempts = rig.session->stats().reconnects;
  for (int i = 0; i < at_most.count() * 10; ++i) {
    if (rig.session->stats().reconnects > attempts) break;
    rig.advance(milliseconds(100));
  }
  EXPECT_GT(rig.session->stats().reconnects, attempts);
  return static_cast<double>(rig.clock_ns - from) / 1e9;
}

void subscribe(Rig& rig, const std::vector<market::SymbolCode>& symbols) {
  rig.session->set_symbols(symbols, 0, rig.now());
  for (const auto& sent : std::vector<json>(rig.wire.sent)) {
    if (sent.contains("ticks")) {
      rig.answer(sent, rig.tick(sent["ticks"], 1'700'000'001, 1451.5));
    }
  }
}

TEST_P(State, ADeafLinkIsReplacedSoon) {
  for (const auto* symbol : {"1HZ100V", "R_100"}) {
    Rig fresh(GetParam());
    fresh.to_live();
    subscribe(fresh, {symbol});
    const int step = symbol == std::string_view("R_100") ? 2 : 1;
    for (int i = 1; i < 40; ++i) {  // stable, so that the next attempt is immediate
      fresh.advance(seconds(step));
      fresh.frame(fresh.tick(symbol, 1'700'000'001 + i * step, 1451.5));
      fresh.pong();
    }
    EXPECT_EQ(fresh.requests("ping"), step == 1 ? 1U : 2U) << "only those of every half minute";
    const auto took = replaced_after(fresh, seconds(60));
    EXPECT_LE(took, step == 1 ? 10.2 : 13.2) << symbol;
    EXPECT_GE(took, 8.0) << symbol << ": that is no patience at all";
  }
}

TEST_P(State, TheSymbolThatTicksMostOftenDecides) {
  rig.to_live();
  subscribe(rig, {"R_100", "1HZ100V", "frxXXXYYY"});
  for (int i = 1; i < 60; ++i) {
    rig.advance(seconds(1));
    rig.frame(rig.tick("1HZ100V", 1'700'000'001 + i, 1451.5));
    if (i % 2 == 0) rig.frame(rig.tick("R_100", 1'700'000'001 + i, 1451.5));
    rig.pong();
  }
  EXPECT_LE(replaced_after(rig, seconds(60)), 10.2);
}

TEST_P(State, AMuteLinkIsFoundByAPurchaseThatIsNotAnswered) {
  rig.to_live();
  subscribe(rig, {"1HZ100V"});
  buy(7);
  int took = 0;
  for (; took < 60 && state() == SessionState::kLive; ++took) {
    rig.advance(seconds(1));
    if (state() == SessionState::kLive) rig.frame(rig.tick("1HZ100V", 1'700'000'002 + took, 1.5));
  }
  EXPECT_LE(took, 15);
  EXPECT_EQ(rig.requests("buy"), 1U);
  EXPECT_EQ(rig.listener.last("unknown 7"), "unknown 7: pings are not answered");
}

TEST_P(State, ALateAnswerMakesUsAskOnceAndAnAnsweredPingKeepsTheLink) {
  rig.to_live();
  subscribe(rig, {"1HZ100V"});
  buy(7);
  buy(8);
  for (int i = 0; i < 19; ++i) {
    rig.advance(seconds(1));
    rig.frame(rig.tick("1HZ100V", 1'700'000'002 + i, 1451.5));
    EXPECT_EQ(rig.requests("ping"), i < 4 ? 0U : 1U) << i;
    rig.pong();
  }
  EXPECT_EQ(state(), SessionState::kLive);
  EXPECT_FALSE(rig.listener.has("unknown"));
  rig.advance(seconds(1));
  EXPECT_EQ(rig.listener.count("unknown"), 2U) << "twenty seconds are a purchase's time, as ever";
  EXPECT_EQ(state(), SessionState::kLive);
}

TEST_P(State, AClosedMarketKeepsItsLink) {
  rig.to_live();
  subscribe(rig, {"1HZ100V", "R_100"});
  for (int i = 1; i <= 40; ++i) {
    rig.advance(seconds(1));
    rig.frame(rig.tick("1HZ100V", 1'700'000'001 + i, 1451.5));
    rig.pong();
  }
  // The venue stops every feed, and answers pings and subscriptions.
  const auto before = rig.requests("ping");
  for (int i = 0; i < 3600; ++i) {
    rig.advance(seconds(1));
    rig.pong();
    const auto last = rig.wire.sent.back();
    if (last.contains("ticks_history")) {
      rig.answer(last, {{"msg_type", "history"},
                        {"history", {{"prices", json::array()}, {"times", json::array()}}}});
    }
  }
  EXPECT_EQ(state(), SessionState::kLive);
  EXPECT_FALSE(rig.listener.has("state offline"));
  EXPECT_EQ(rig.listener.count("silent 1HZ100V 60"), 1U);
  EXPECT_EQ(rig.listener.count("silent R_100 60"), 1U);
  EXPECT_LE(rig.requests("ping") - before, 150U) << "one in half a minute, and a few";
  // Then the link goes deaf, too, and later than with ticks, but surely, it is replaced.
  EXPECT_LE(replaced_after(rig, seconds(120)), 36.0);
}

TEST_P(State, TheCadenceOfAnUnknownSymbolIsLearned) {
  rig.to_live();
  subscribe(rig, {"frxXXXYYY"});
  for (int i = 1; i <= 100; ++i) {
    rig.advance(seconds(i % 3 == 0 ? 6 : 3));  // as currencies do in a quiet hour
    rig.frame(rig.tick("frxXXXYYY", 1'700'000'001 + 7 * i, 1.5, 5));
    rig.pong();
  }
  EXPECT_LE(rig.requests("ping"), 14U) << "those of every half minute";
  EXPECT_EQ(state(), SessionState::kLive);
  // Three of its longest pauses, and the ping.
  const auto took = replaced_after(rig, seconds(60));
  EXPECT_LE(took, 3 * 6 + 2 + 5.2);
  EXPECT_GE(took, 3 * 3 + 2 + 5.0);
}

TEST_P(State, WhoWasAwayHimselfBlamesNobody) {
  rig.to_live();
  subscribe(rig, {"1HZ100V"});
  rig.advance(seconds(6));
  ASSERT_EQ(rig.requests("ping"), 1U);
  rig.clock_ns += core::Duration(seconds(40)).count();  // stopped, or suspended
  rig.session->on_deadline(rig.now());
  EXPECT_EQ(state(), SessionState::kLive);
  EXPECT_EQ(rig.requests("ping"), 2U);
  rig.frame(rig.tick("1HZ100V", 1'700'000'047, 1451.5));
  rig.pong();
  rig.advance(seconds(4));
  EXPECT_EQ(state(), SessionState::kLive);
  rig.advance(seconds(7));
  EXPECT_TRUE(rig.listener.has("state offline: nothing arrives any more"));
}

TEST_P(State, APongThatCannotBeReadDoesNotBlindUs) {
  rig.to_live();
  subscribe(rig, {"1HZ100V"});
  rig.advance(seconds(6));
  ASSERT_EQ(rig.requests("ping"), 1U);
  rig.frame(fmt::format(R"({{"req_id":{},"msg_type":"ping","ping":)",
                        rig.request("ping")["req_id"].get<std::int64_t>()));
  EXPECT_EQ(state(), SessionState::kLive);
  EXPECT_LE(replaced_after(rig, seconds(60)), 16.0);
}

// A day on which Deriv cannot be reached: when is it tried?
TEST_P(State, ADayOfOutage) {
  std::vector<core::Instant> attempts;
  const auto begin = rig.clock_ns;
  const auto day = core::Duration(std::chrono::hours(24)).count();
  rig.session->start(rig.now());
  const auto fail = [&](int kind) {
    if (rig.options()) {
      kind == 0   ? rig.session->on_http_failed("timed out", rig.now())
      : kind == 1 ? rig.session->on_http(503, "", rig.now())
                  : rig.session->on_http_failed("no such host", rig.now());
    } else {
      rig.session->on_closed(kind == 1 ? 503 : 0, kind == 0 ? "timed out" : "refused", rig.now());
    }
  };
  core::Rng dice(7);
  while (rig.clock_ns - begin < day) {
    ASSERT_EQ(state(), SessionState::kConnecting);
    attempts.push_back(rig.now().instant);
    const auto kind = static_cast<int>(dice.below(3));
    if (kind == 0) rig.clock_ns += core::Duration(seconds(10)).count();  // net's own bound
    fail(kind);
    ASSERT_EQ(state(), SessionState::kOffline);
    ASSERT_FALSE(rig.listener.fatal);
    const auto next = rig.session->next_deadline();
    ASSERT_TRUE(next) << "it gave up after " << attempts.size() << " attempts";
    rig.clock_ns = std::max(rig.clock_ns, next->ns);
    rig.session->on_deadline(rig.now());
  }
  EXPECT_EQ(attempts.front().ns, begin) << "the first attempt is immediate";
  core::Duration longest{};
  core::Duration late_sum{};
  std::size_t short_waits = 0, long_waits = 0;
  for (std::size_t i = 1; i < attempts.size(); ++i) {
    const auto gap = attempts[i] - attempts[i - 1];
    ASSERT_GE(gap, core::Duration(milliseconds(250))) << "attempt " << i << " hammers";
    ASSERT_LE(gap, core::Duration(seconds(40))) << "attempt " << i << " came late";
    longest = std::max(longest, gap);
    if (i < 10) continue;
    late_sum += gap;
    short_waits += gap < seconds(10) ? 1 : 0;
    long_waits += gap > seconds(20) ? 1 : 0;
    // Never more than the venue's own limit of 60 calls in a minute.
    if (i >= 60) {
      ASSERT_GT(attempts[i] - attempts[i - 60], core::Duration(minutes(1)));
    }
  }
  EXPECT_GT(longest, core::Duration(seconds(29)));
  const auto mean = late_sum / static_cast<std::int64_t>(attempts.size() - 10);
  EXPECT_GT(mean, core::Duration(seconds(13)));  // half of the cap, and a third of 10 s
  EXPECT_LT(mean, core::Duration(seconds(25)));
  EXPECT_GT(short_waits, attempts.size() / 10) << "no jitter";
  EXPECT_GT(long_waits, attempts.size() / 10) << "no jitter";
  EXPECT_LE(rig.listener.count("notice"), 2U) << "a day's log is not full of it";
  // Back: one attempt, and after a while of life the next loss is tried again at once.
  rig.connect();
  rig.log_in();
  rig.sync();
  rig.session->reconciled(rig.now());
  ASSERT_EQ(state(), SessionState::kLive);
  for (int i = 0; i < 31; ++i) {
    rig.advance(seconds(1));
    rig.pong();
  }
  rig.session->on_closed(0, "gone", rig.now());
  EXPECT_EQ(state(), SessionState::kConnecting);
}

TEST_P(State, TicksAloneDoNotProveThatWeAreHeard) {
  rig.to_live();
  rig.session->set_symbols({"R_100"}, 0, rig.now());
  rig.answer(rig.request("ticks"), rig.tick("R_100", 1'700'000'001, 1451.5));
  for (int i = 0; i < 60 && state() == SessionState::kLive; ++i) {
    rig.advance(seconds(1));
    rig.frame(rig.tick("R_100", 1'700'000'002 + i, 1451.5));
  }
  // A ping at 30 s, another at 35 s, and then no more faith.
  EXPECT_EQ(rig.requests("ping"), 2U);
  EXPECT_EQ(rig.listener.last("state offline"), "state offline: pings are not answered");
}

TEST_P(State, NoPingsWhileThereIsTrafficBothWays) {
  rig.to_live();
  for (int i = 0; i < 10; ++i) {
    rig.advance(seconds(9));
    rig.session->poll(core::ContractId{7}, rig.now());
    rig.answer(
        rig.request("proposal_open_contract"),
        {{"msg_type", "proposal_open_contract"},
         {"proposal_open_contract", {{"contract_id", 7}, {"is_sold", 0}, {"is_expired", 0}}}});
  }
  EXPECT_EQ(rig.requests("ping"), 0U);
}

TEST_P(State, ASilentSymbolIsANoticeAndASubscriptionNotAReconnect) {
  rig.to_live();
  rig.session->set_symbols({"R_100", "frxXXXYYY"}, 0, rig.now());
  for (const auto& sent : std::vector<json>(rig.wire.sent)) {
    if (sent.contains("ticks")) {
      rig.answer(sent, rig.tick(sent["ticks"], 1'700'000'001, 1.5));
    }
  }
  ASSERT_EQ(rig.requests("ticks"), 2U);
  const auto pongs = [&] {
    if (rig.requests("ping") > 0) {
      rig.answer(rig.request("ping"), {{"msg_type", "ping"}, {"ping", "pong"}});
    }
  };
  for (int i = 1; i <= 61; ++i) {
    rig.advance(seconds(1));
    rig.frame(rig.tick("R_100", 1'700'000'001 + i, 1451.5));
    pongs();
  }
  EXPECT_EQ(rig.listener.count("silent frxXXXYYY"), 1U);
  EXPECT_EQ(rig.requests("forget"), 1U);
  EXPECT_EQ(rig.requests("ticks") + rig.requests("ticks_history"), 3U);
  EXPECT_EQ(state(), SessionState::kLive);
  const auto ages = rig.session->tick_ages(rig.now());
  ASSERT_EQ(ages.size(), 2U);
  EXPECT_EQ(ages[0].symbol, "R_100");
  EXPECT_EQ(ages[0].age, core::Duration(0));
  EXPECT_FALSE(ages[0].late);
  EXPECT_EQ(ages[1].age, core::Duration(seconds(61)));
  EXPECT_TRUE(ages[1].any);
  EXPECT_TRUE(ages[1].late);
  // An hour of a closed market: few requests, one notice, no reconnect.
  for (int i = 62; i <= 3661; ++i) {
    rig.advance(seconds(1));
    rig.frame(rig.tick("R_100", 1'700'000'001 + i, 1451.5));
    pongs();
    const auto last = rig.wire.sent.back();
    if (last.value("ticks_history", "") == "frxXXXYYY") {
      rig.answer(last, {{"msg_type", "history"},
                        {"history", {{"prices", json::array()}, {"times", json::array()}}}});
    }
  }
  EXPECT_EQ(rig.listener.count("silent frxXXXYYY"), 1U);
  EXPECT_LE(rig.requests("ticks_history"), 12U);
  EXPECT_FALSE(rig.listener.has("state offline"));
}

TEST_P(State, ASymbolThatNeverTicksIsToldAndSoIsItsReturn) {
  rig.to_live();
  rig.session->set_symbols({"R_100", "1HZ100V"}, 0, rig.now());
  for (const auto& sent : std::vector<json>(rig.wire.sent)) {
    const auto symbol = sent.value("ticks", "");
    if (symbol == "R_100") rig.answer(sent, rig.tick("R_100", 1'700'000'001, 1451.5));
    if (symbol == "1HZ100V") rig.refuse(sent, "MarketIsClosed", "ticks");
  }
  const auto run = [&](int from, int to) {
    for (int i = from; i <= to; ++i) {
      rig.advance(seconds(1));
      rig.frame(rig.tick("R_100", 1'700'000'001 + i, 1451.5));
      rig.pong();
    }
  };
  run(1, 59);
  EXPECT_EQ(rig.listener.count("silent"), 0U);
  const auto before = rig.session->tick_ages(rig.now());
  ASSERT_EQ(before.size(), 2U);
  EXPECT_FALSE(before[1].any);
  EXPECT_TRUE(before[1].late) << "by its rhythm, long before it is told";
  run(60, 200);
  EXPECT_EQ(rig.listener.count("silent 1HZ100V 60"), 1U);
  EXPECT_EQ(rig.listener.count("silent"), 1U) << "once";
  rig.frame(rig.tick("1HZ100V", 1'700'000'300, 1451.5));
  EXPECT_EQ(rig.listener.count("again 1HZ100V 200"), 1U);
  EXPECT_FALSE(rig.session->tick_ages(rig.now())[1].late);
  // And anew.
  run(201, 261);
  EXPECT_EQ(rig.listener.count("silent 1HZ100V 60"), 2U);
}

// The outage of a link is told in other words, and its length is not held against a symbol.
TEST_P(State, WhileThereIsNoLinkNoSymbolIsSilent) {
  rig.to_live();
  subscribe(rig, {"R_100"});
  rig.session->on_closed(0, "gone", rig.now());
  for (int i = 0; i < 300; ++i) rig.advance(seconds(1));
  EXPECT_EQ(rig.listener.count("silent"), 0U);
  ASSERT_EQ(rig.session->tick_ages(rig.now()).size(), 1U);
  EXPECT_FALSE(rig.session->tick_ages(rig.now())[0].late);
}

TEST_P(State, StopsAtOnceWhenNothingIsAwaited) {
  rig.to_live();
  rig.session->stop(rig.now());
  EXPECT_EQ(state(), SessionState::kDraining);
  EXPECT_EQ(rig.wire.log.back(), "close");
  rig.session->on_closed(0, "closed", rig.now());
  EXPECT_EQ(state(), SessionState::kOffline);
  EXPECT_EQ(rig.listener.log.back(), "state offline: stopped");
  rig.advance(minutes(10));
  EXPECT_FALSE(rig.session->next_deadline());
  EXPECT_EQ(state(), SessionState::kOffline);
}

TEST_P(State, StoppingWaitsForTheAnswerToAPurchase) {
  rig.to_live();
  buy(7);
  rig.session->stop(rig.now());
  EXPECT_EQ(state(), SessionState::kDraining);
  EXPECT_NE(rig.wire.log.back(), "close");
  buy(8);
  EXPECT_EQ(rig.listener.log.back(), "refused 8 NotSent: the session is not live");
  rig.advance(seconds(3));
  rig.answer(rig.request("buy"), {{"msg_type", "buy"},
                                  {"buy",
                                   {{"balance_after", 1},
                                    {"buy_price", 0.35},
                                    {"contract_id", 9},
                                    {"payout", 0.68},
                                    {"purchase_time", 1'700'000'001},
                                    {"shortcode", "x"},
                                    {"transaction_id", 10}}}});
  EXPECT_TRUE(rig.listener.has("bought 7"));
  EXPECT_EQ(rig.wire.log.back(), "close");
  rig.advance(seconds(5));  // on_closed never comes
  EXPECT_EQ(rig.listener.log.back(), "state offline: stopped");
}

TEST_P(State, StoppingNeverWaitsForever) {
  rig.to_live();
  buy(7);
  rig.session->stop(rig.now());
  rig.advance(seconds(20));
  EXPECT_TRUE(rig.listener.has("unknown 7: no answer to buy within 20 s"));
  EXPECT_EQ(rig.wire.log.back(), "close");
  rig.advance(seconds(5));
  EXPECT_EQ(state(), SessionState::kOffline);
}

TEST_P(State, StopsFromEveryState) {
  for (int stage = 0; stage < 6; ++stage) {
    Rig fresh(GetParam());
    if (stage == 1) fresh.to_connecting();
    if (stage == 2) fresh.to_authorizing();
    if (stage == 3) fresh.to_syncing();
    if (stage == 4) fresh.to_reconciling();
    if (stage == 5) {
      fresh.to_live();
      fresh.session->on_closed(0, "gone", fresh.now());
    }
    fresh.session->stop(fresh.now());
    fresh.advance(seconds(30));
    EXPECT_EQ(fresh.session->state(), SessionState::kOffline) << stage;
    EXPECT_FALSE(fresh.session->next_deadline()) << stage;
    const auto asked = fresh.wire.log.size();
    fresh.advance(minutes(5));
    EXPECT_EQ(fresh.wire.log.size(), asked) << stage;
  }
}

TEST_P(State, CanBeStartedAgain) {
  rig.to_live();
  rig.session->stop(rig.now());
  rig.session->on_closed(0, "closed", rig.now());
  rig.to_connecting();
  EXPECT_EQ(state(), SessionState::kConnecting);
  rig.connect();
  rig.log_in();
  rig.sync();
  EXPECT_EQ(state(), SessionState::kReconciling);
}

TEST_P(State, LateWordsOfAnOldLinkChangeNothing) {
  rig.to_live();
  rig.session->on_closed(0, "gone", rig.now());
  const auto lines = rig.listener.log.size();
  rig.session->on_closed(0, "gone again", rig.now());
  rig.frame(rig.tick("R_100", 1'700'000'001, 1451.5));
  rig.session->on_http(200, "{}", rig.now());
  rig.session->on_open(rig.now());
  EXPECT_EQ(rig.listener.log.size(), lines);
  EXPECT_EQ(state(), SessionState::kOffline);
}

TEST_P(State, ASessionThatNoLongerHoldsIsDropped) {
  rig.to_live();
  rig.session->poll(core::ContractId{7}, rig.now());
  rig.refuse(rig.request("proposal_open_contract"), "AuthorizationRequired",
             "proposal_open_contract");
  EXPECT_EQ(state(), SessionState::kOffline);
  EXPECT_FALSE(rig.listener.fatal);
  rig.reconnect();
  EXPECT_EQ(state(), SessionState::kLive);
}

TEST_P(State, AScopeThatIsMissingWhileSyncingIsFatal) {
  rig.to_syncing();
  rig.refuse(rig.request("transaction"), "PermissionDenied", "transaction");
  EXPECT_EQ(rig.listener.fatal, FatalKind::kMissingScope);
  EXPECT_FALSE(rig.session->next_deadline());
}

TEST_P(State, ReadsThatFailAreRepeatedAndThenTheLinkIsGivenUp) {
  rig.to_syncing();
  rig.give_time(1'700'000'000);
  rig.give_symbols();
  if (!rig.options()) rig.give_balance();
  for (int i = 0; i < 4; ++i) {
    rig.refuse(rig.request("transaction"), "WrongResponse", "transaction");
    ASSERT_EQ(state(), SessionState::kSyncing);
    const auto before = rig.requests("transaction");
    for (int s = 0; s < 9; ++s) {
      rig.advance(seconds(1));
      rig.pong();
    }
    ASSERT_EQ(rig.requests("transaction"), before + 1);
  }
  rig.refuse(rig.request("transaction"), "WrongResponse", "transaction");
  EXPECT_EQ(rig.listener.last("state offline"),
            "state offline: transaction: WrongResponse: text of WrongResponse");
}

TEST_P(State, AnotherAccountsBalanceEndsTheLink) {
  rig.to_live();
  rig.frame(json{{"msg_type", "balance"},
                 {"balance", {{"balance", 5}, {"currency", "USD"}, {"loginid", "CR666"}}}});
  EXPECT_EQ(state(), SessionState::kOffline);
  EXPECT_FALSE(rig.listener.has("balance"));
}

TEST_P(State, BalancesAreTold) {
  rig.to_live();
  rig.frame(json{
      {"msg_type", "balance"},
      {"balance", {{"balance", 9999.65}, {"currency", "USD"}, {"loginid", rig.account_id()}}}});
  EXPECT_EQ(rig.listener.log.back(), "balance 9999.65");
}

TEST_P(State, RefusedFramesAreCountedAndToldOncePerKind) {
  rig.to_live();
  for (int i = 0; i < 5; ++i) rig.frame(std::string("{\"tick\":{}"));
  for (int i = 0; i < 5; ++i) rig.frame(json{{"msg_type", "tick"}, {"tick", {{"epoch", 1}}}});
  for (int i = 0; i < 5; ++i)
    rig.frame(json{{"msg_type", "portfolio"}, {"portfolio", {{"contracts", json::array()}}}});
  EXPECT_EQ(rig.session->stats().frames_refused, 15U);
  EXPECT_EQ(rig.listener.count("notice frame_refused"), 3U);
  EXPECT_EQ(state(), SessionState::kLive);
}

TEST_P(State, DeadlinesNeverSpin) {
  // Whatever is open, on_deadline at the deadline must move the deadline.
  rig.to_live();
  rig.session->set_symbols({"R_100", "1HZ100V"}, 100, rig.now());
  rig.session->watch(core::ContractId{5}, rig.now());
  rig.session->poll(core::ContractId{6}, rig.now());
  rig.session->ask_report({1}, rig.now());
  buy(1);
  int steps = 0;
  const auto end = rig.clock_ns + core::Duration(minutes(10)).count();
  while (rig.clock_ns < end) {
    const auto at = rig.session->next_deadline();
    ASSERT_TRUE(at);
    rig.clock_ns = std::max(rig.clock_ns, at->ns);
    rig.session->on_deadline(rig.now());
    const auto next = rig.session->next_deadline();
    ASSERT_TRUE(next);
    ASSERT_GT(next->ns, rig.clock_ns) << name_of(state());
    ASSERT_LT(++steps, 1000);
  }
}

INSTANTIATE_TEST_SUITE_P(Both, State, testing::Values(Dialect::kOptions, Dialect::kV3),
                         [](const auto& p) { return std::string(name_of(p.param)); });

}  // namespace
}  // namespace derivd::deriv::test
