#include "sim_fixture.hpp"

namespace derivd::sim::test {
namespace {

class BothDialects : public ::testing::TestWithParam<Dialect> {
 protected:
  bool v3() const { return GetParam() == Dialect::kV3; }
  ConnId open(Sim& sim) { return v3() ? sim.v3() : sim.options(); }
  ConnId open_anonymous(Sim& sim) { return v3() ? sim.v3("") : sim.open_public(); }
  std::string symbol_key() const { return v3() ? "symbol" : "underlying_symbol"; }
};
const auto kDialects = ::testing::Values(Dialect::kOptions, Dialect::kV3);
std::string dialect_name(const ::testing::TestParamInfo<Dialect>& i) {
  return std::string(name_of(i.param));
}

class MarketCalls : public BothDialects {};
INSTANTIATE_TEST_SUITE_P(All, MarketCalls, kDialects, dialect_name);

TEST_P(MarketCalls, EchoTheRequestItsIdAndPassthrough) {
  Sim sim;
  const auto c = open_anonymous(sim);
  sim.send_text(c, R"({"ping":1,"req_id":77,"passthrough":{"a":1.50}})");
  sim.send_text(c, R"({"ping":1})");
  const auto frames = sim.take(c);
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[0], json::parse(R"({"echo_req":{"ping":1,"req_id":77,"passthrough":{"a":1.5}},
      "msg_type":"ping","ping":"pong","req_id":77,"passthrough":{"a":1.5}})"));
  EXPECT_FALSE(frames[1].contains("req_id"));
}

TEST_P(MarketCalls, TellTheVenuesTime) {
  Sim sim;
  const auto c = open_anonymous(sim);
  sim.advance(5);
  EXPECT_EQ(sim.call(c, {{"time", 1}})["time"], sim.time());
}

TEST_P(MarketCalls, StreamOneTickForEachOfTheFeedOnItsEpoch) {
  Sim sim;
  const auto c = open_anonymous(sim);
  sim.advance(1);  // the start itself, an even second
  const auto first = sim.call(c, {{"ticks", json::array({"R_100", "1HZ100V"})}, {"subscribe", 1}});
  EXPECT_EQ(first["msg_type"], "tick");
  EXPECT_EQ(first["tick"]["epoch"], kStart);
  EXPECT_EQ(first["tick"]["pip_size"], 2);
  const auto second = sim.take(c, "tick");
  ASSERT_EQ(second.size(), 1U);  // one message for each symbol
  EXPECT_NE(second[0]["subscription"]["id"], first["subscription"]["id"]);
  EXPECT_GE(first["subscription"]["id"].get<std::string>().size(), 32U);

  sim.advance(4);
  std::vector<std::int64_t> r100, hz;
  for (const auto& m : sim.take(c, "tick")) {
    EXPECT_EQ(m["req_id"], first["req_id"]);
    EXPECT_EQ(m["tick"]["id"], m["subscription"]["id"]);
    (m["tick"]["symbol"] == "R_100" ? r100 : hz).push_back(m["tick"]["epoch"]);
  }
  EXPECT_EQ(r100, (std::vector<std::int64_t>{kStart + 2, kStart + 4}));
  EXPECT_EQ(hz, (std::vector<std::int64_t>{kStart + 1, kStart + 2, kStart + 3, kStart + 4}));
}

TEST_P(MarketCalls, EmitSeveralDueTicksInEpochOrder) {
  Sim sim;
  const auto c = open_anonymous(sim);
  for (const auto* s : {"R_100", "1HZ10V", "R_50"}) sim.call(c, {{"ticks", s}, {"subscribe", 1}});
  sim.take(c);
  sim.advance(100);  // one wake-up
  std::int64_t last = 0;
  const auto frames = sim.take(c, "tick");
  EXPECT_EQ(frames.size(), 100U + 50U + 50U);
  for (const auto& m : frames) {
    EXPECT_GE(m["tick"]["epoch"].get<std::int64_t>(), last);
    last = m["tick"]["epoch"];
  }
}

TEST_P(MarketCalls, RefuseASecondIdenticalSubscription) {
  Sim sim;
  const auto c = open(sim);
  sim.advance(2);
  for (const json& request :
       {json{{"ticks", "R_100"}, {"subscribe", 1}},
        json{{"ticks_history", "R_100"}, {"end", "latest"}, {"subscribe", 1}},
        json{{"balance", 1}, {"subscribe", 1}}, json{{"transaction", 1}, {"subscribe", 1}},
        json{{"proposal_open_contract", 1}, {"subscribe", 1}}}) {
    EXPECT_EQ(code(sim.call(c, request)), "") << request;
    EXPECT_EQ(code(sim.call(c, request)), "AlreadySubscribed") << request;
  }
  EXPECT_EQ(sim.call(c, {{"ticks", "R_100"}, {"subscribe", 1}})["error"]["message"],
            "You are already subscribed to R_100.");
}

TEST_P(MarketCalls, ForgetOneStreamOrAllOfAKind) {
  Sim sim;
  const auto c = open_anonymous(sim);
  sim.advance(2);
  const auto a = sim.call(c, {{"ticks", "R_100"}, {"subscribe", 1}})["subscription"]["id"];
  const auto b = sim.call(c, {{"ticks", "R_50"}, {"subscribe", 1}})["subscription"]["id"];
  const auto h = sim.call(
      c, {{"ticks_history", "R_10"}, {"end", "latest"}, {"subscribe", 1}})["subscription"]["id"];
  const auto k = sim.call(c, {{"ticks_history", "R_10"},
                              {"end", "latest"},
                              {"subscribe", 1},
                              {"style", "candles"}})["subscription"]["id"];
  EXPECT_EQ(sim.call(c, {{"forget", a}})["forget"], 1);
  EXPECT_EQ(sim.call(c, {{"forget", a}})["forget"], 0);
  EXPECT_EQ(sim.call(c, {{"forget_all", "ticks"}})["forget_all"], json::array({b, h}));
  sim.take(c);
  sim.advance(4);
  for (const auto& m : sim.take(c)) EXPECT_EQ(m["msg_type"], "ohlc");
  EXPECT_EQ(sim.call(c, {{"forget_all", json::array({"ticks", "candles"})}})["forget_all"],
            json::array({k}));
}

TEST_P(MarketCalls, BoundTheStreamsOfAConnection) {
  auto options = Sim::defaults();
  options.rate_limits = false;
  Sim sim(std::move(options));
  const auto c = open_anonymous(sim);
  std::size_t opened = 0;
  for (const int g : {60, 120, 180, 300, 600, 900, 1800, 3600})
    for (const auto& s : market::known_symbols()) {
      const auto m = sim.call(c, {{"ticks_history", std::string(s.code)},
                                  {"end", "latest"},
                                  {"count", 1},
                                  {"subscribe", 1},
                                  {"style", "candles"},
                                  {"granularity", g}});
      if (code(m).empty()) ++opened;
    }
  EXPECT_EQ(opened, kMaxStreams);
}

TEST_P(MarketCalls, GiveHistoryAtOnceAndUpToNow) {
  Sim sim;
  const auto c = open_anonymous(sim);
  sim.advance(2);
  const auto m = sim.call(c, {{"ticks_history", "R_100"}, {"end", "latest"}, {"count", 6000}});
  EXPECT_EQ(m["msg_type"], "history");
  EXPECT_EQ(m["pip_size"], 2);
  const auto& times = m["history"]["times"];
  ASSERT_EQ(times.size(), 5000U);  // the cap
  ASSERT_EQ(m["history"]["prices"].size(), 5000U);
  EXPECT_EQ(times.back(), kStart);
  EXPECT_EQ(times.front(), kStart - 2 * 4999);
  EXPECT_EQ(sim.call(c, {{"ticks_history", "R_100"}, {"end", "latest"}})["history"]["times"].size(),
            1000U);
}

TEST_P(MarketCalls, HistoryRespectsStartEndAndCount) {
  auto options = Sim::defaults();
  options.gbm = false;
  options.replays = {replay("R_100", kStart, {100, 110, 120, 130, 140, 150}, 2)};
  Sim sim(std::move(options));
  const auto c = open_anonymous(sim);
  sim.advance(11);
  const auto range = [&](json more) {
    more["ticks_history"] = "R_100";
    return sim.call(c, more)["history"];
  };
  EXPECT_EQ(range({{"end", "latest"}, {"count", 2}}),
            json::parse(
                fmt::format(R"({{"prices":[1.4,1.5],"times":[{},{}]}})", kStart + 8, kStart + 10)));
  EXPECT_EQ(range({{"end", "latest"}, {"start", kStart + 5}})["prices"],
            json::parse("[1.3,1.4,1.5]"));
  EXPECT_EQ(range({{"end", std::to_string(kStart + 4)}, {"start", kStart + 2}})["prices"],
            json::parse("[1.1,1.2]"));
  const auto wrong = sim.call(c, {{"ticks_history", "R_100"}, {"end", "10"}, {"start", 20}});
  EXPECT_EQ(code(wrong), "InvalidStartEnd");
}

TEST_P(MarketCalls, StreamHistoryGoesOnWhereTheReplyEnded) {
  Sim sim;
  const auto c = open_anonymous(sim);
  sim.advance(2);
  const auto m = sim.call(c, {{"ticks_history", "R_100"}, {"end", "latest"}, {"subscribe", 1}});
  sim.advance(2);
  const auto ticks = sim.take(c, "tick");
  ASSERT_EQ(ticks.size(), 1U);
  EXPECT_EQ(ticks[0]["tick"]["epoch"].get<std::int64_t>(),
            m["history"]["times"].back().get<std::int64_t>() + 2);
  EXPECT_EQ(ticks[0]["echo_req"], m["echo_req"]);
}

TEST_P(MarketCalls, BuildCandlesAndStreamTheOpenOne) {
  auto options = Sim::defaults();
  options.gbm = false;
  // kStart is 40 s into its minute: ten ticks belong to it.
  std::vector<std::int64_t> m;
  for (int i = 0; i < 20; ++i) m.push_back(1000 + (i % 7) * 10);
  options.replays = {replay("R_100", kStart, m, 2)};
  Sim sim(std::move(options));
  const auto c = open_anonymous(sim);
  sim.advance(25);  // through kStart + 24
  const auto reply = sim.call(c, {{"ticks_history", "R_100"},
                                  {"end", "latest"},
                                  {"count", 2},
                                  {"subscribe", 1},
                                  {"style", "candles"},
                                  {"granularity", 60}});
  EXPECT_EQ(reply["msg_type"], "candles");
  ASSERT_EQ(reply["candles"].size(), 2U);
  EXPECT_EQ(reply["candles"][0],
            json::parse(fmt::format(
                R"({{"epoch":{},"open":10.0,"high":10.6,"low":10.0,"close":10.2}})", kStart - 40)));
  EXPECT_EQ(reply["candles"][1],
            json::parse(fmt::format(
                R"({{"epoch":{},"open":10.3,"high":10.5,"low":10.3,"close":10.5}})", kStart + 20)));
  sim.advance(2);
  const auto ohlc = sim.take(c, "ohlc");
  ASSERT_EQ(ohlc.size(), 1U);
  const auto& o = ohlc[0]["ohlc"];
  EXPECT_EQ(o["open"], "10.30");  // texts with all decimals
  EXPECT_EQ(o["high"], "10.60");
  EXPECT_EQ(o["low"], "10.30");
  EXPECT_EQ(o["close"], "10.60");
  EXPECT_EQ(o["epoch"], kStart + 26);
  EXPECT_EQ(o["open_time"], kStart + 20);
  EXPECT_EQ(o["granularity"], 60);
}

TEST_P(MarketCalls, KnowCandlesOfLongBeforeTheirTicks) {
  Sim sim;
  const auto c = open_anonymous(sim);
  sim.advance(2);
  const auto ask = [&](int granularity, std::int64_t start, int count) {
    return sim.call(c, {{"ticks_history", "R_100"},
                        {"start", start},
                        {"end", "latest"},
                        {"count", count},
                        {"style", "candles"},
                        {"granularity", granularity}});
  };
  const auto hours = ask(3600, kStart / 3600 * 3600 - 500 * 3600, 600);
  ASSERT_EQ(hours["candles"].size(), 501U);
  EXPECT_EQ(hours["candles"][0]["epoch"], kStart / 3600 * 3600 - 500 * 3600);
  EXPECT_EQ(hours["pip_size"], 2);
  // The same minutes make both.
  const auto minutes = ask(60, kStart / 3600 * 3600 - 10 * 3600, 5000)["candles"];
  double high = 0;
  for (int i = 0; i < 60; ++i) high = std::max(high, minutes[i]["high"].get<double>());
  EXPECT_EQ(hours["candles"][490]["epoch"], minutes[0]["epoch"]);
  EXPECT_EQ(hours["candles"][490]["open"], minutes[0]["open"]);
  EXPECT_EQ(hours["candles"][490]["high"], high);
  EXPECT_EQ(hours["candles"][490]["close"], minutes[59]["close"]);
  const auto days = ask(86'400, 0, 5000)["candles"];
  EXPECT_NEAR(static_cast<double>(days.size()), 366, 1) << "a year, as the venue keeps";
  EXPECT_EQ(ask(86'400, 0, 3)["candles"].size(), 3U) << "the latest ones";
  EXPECT_EQ(ask(86'400, 0, 3)["candles"][2], days.back());
}

TEST_P(MarketCalls, RefuseCandlesAloneWhereAFaultSaysSo) {
  Sim sim;
  ASSERT_TRUE(sim.venue().faults().add(
      *Json::parse(R"({"when":{"call":"candles"},"do":"error InvalidGranularity"})")));
  const auto c = open_anonymous(sim);
  sim.advance(2);
  const json ticks{{"ticks_history", "R_100"}, {"end", "latest"}, {"count", 5}};
  EXPECT_EQ(code(sim.call(c, ticks)), "");
  auto candles = ticks;
  candles["style"] = "candles";
  EXPECT_EQ(code(sim.call(c, candles)), "InvalidGranularity");
}

TEST_P(MarketCalls, RefuseUnknownSymbolsEachInItsWay) {
  Sim sim;
  const auto c = open_anonymous(sim);
  EXPECT_EQ(code(sim.call(c, {{"ticks", "R_999"}})), "InvalidSymbol");
  EXPECT_EQ(code(sim.call(c, {{"ticks_history", "R_999"}, {"end", "latest"}})), "InvalidSymbol");
  EXPECT_EQ(code(sim.call(c, {{"contracts_for", "R_999"}})), "OfferingsInvalidSymbol");
  EXPECT_EQ(code(sim.call(c, proposal_of("CALL", 5, "t", "R_999", symbol_key()))),
            "OfferingsValidationError");
}

TEST_P(MarketCalls, ListSymbolsWithTheirStep) {
  Sim sim;
  const auto c = open_anonymous(sim);
  sim.advance(2);
  const auto list = sim.call(c, {{"active_symbols", "full"}})["active_symbols"];
  bool seen = false;
  for (const auto& s : list) {
    if (s[v3() ? "symbol" : "underlying_symbol"] != "R_50") continue;
    seen = true;
    EXPECT_EQ(s[v3() ? "pip" : "pip_size"], 0.0001);
    EXPECT_EQ(s["exchange_is_open"], 1);
    EXPECT_EQ(s["market"], "synthetic_index");
    EXPECT_EQ(s.contains("spot"), v3());
  }
  EXPECT_TRUE(seen);
}

TEST_P(MarketCalls, OfferContractsBySymbol) {
  Sim sim;
  const auto c = open_anonymous(sim);
  std::set<std::string> types;
  json multipliers;
  const auto offers = sim.call(c, {{"contracts_for", "R_75"}})["contracts_for"];
  for (const auto& o : offers["available"]) {
    types.insert(o["contract_type"]);
    if (o["contract_type"] == "MULTUP") multipliers = o["multiplier_range"];
    if (o["contract_type"] == "DIGITOVER") {
      EXPECT_EQ(o["last_digit_range"], json::parse("[0,1,2,3,4,5,6,7,8]"));
    }
  }
  EXPECT_TRUE(types.contains("DIGITODD") && types.contains("MULTUP") && types.contains("CALLE"));
  EXPECT_EQ(types.contains("HIGHER"), !v3());
  EXPECT_EQ(multipliers, json::parse("[50,100,200,300,500]"));
}

TEST_P(MarketCalls, TradingTimesListEverySymbol) {
  Sim sim;
  const auto c = open_anonymous(sim);
  const auto times = sim.call(c, {{"trading_times", "today"}})["trading_times"];
  std::size_t n = 0;
  for (const auto& sub : times["markets"][0]["submarkets"]) n += sub["symbols"].size();
  EXPECT_EQ(n, sim.venue().feed().size());
}

TEST_P(MarketCalls, AClosedMarketSaysSo) {
  auto options = Sim::defaults();
  options.gbm = false;
  options.replays = {replay("R_100", kStart, {100, 110, 120}, 2)};
  Sim sim(std::move(options));
  const auto c = open(sim);
  sim.advance(7);  // the last tick was at +4
  EXPECT_EQ(code(sim.call(c, {{"ticks", "R_100"}})), "");
  sim.advance(1);
  EXPECT_EQ(code(sim.call(c, {{"ticks", "R_100"}})), "MarketIsClosed");
  EXPECT_EQ(code(sim.call(c, proposal_of("CALL", 5, "t", "R_100", symbol_key()))),
            "MarketIsClosed");
  EXPECT_EQ(sim.call(c, {{"active_symbols", "brief"}})["active_symbols"][0]["exchange_is_open"], 0);
  EXPECT_TRUE(sim.venue().exhausted());
}

// ---- refusals of form ----

class Refusals : public BothDialects {};
INSTANTIATE_TEST_SUITE_P(All, Refusals, kDialects, dialect_name);

TEST_P(Refusals, WhatIsNotARequest) {
  Sim sim;
  const auto c = open_anonymous(sim);
  for (const auto* bad : {"nonsense", "[1]", "\"ping\"", "{\"ping\":1"}) {
    sim.send_text(c, bad);
    const auto frames = sim.take(c);
    ASSERT_EQ(frames.size(), 1U) << bad;
    EXPECT_EQ(code(frames[0]), "BadRequest") << bad;
    EXPECT_EQ(frames[0]["msg_type"], "error");
  }
  EXPECT_EQ(code(sim.call(c, {{"pong", 1}})), "UnrecognisedRequest");
}

TEST_P(Refusals, UnknownMembersAreNamed) {
  Sim sim;
  const auto c = open_anonymous(sim);
  auto p = proposal_of("CALL", 5, "t", "R_100", symbol_key());
  p[v3() ? "underlying_symbol" : "symbol"] = "R_100";
  const auto m = sim.call(c, p);
  EXPECT_EQ(code(m), "InputValidationFailed");
  EXPECT_EQ(m["msg_type"], "proposal");
  EXPECT_EQ(m["error"]["message"],
            std::string("Input validation failed: Properties not allowed: ") +
                (v3() ? "underlying_symbol." : "symbol."));
}

TEST_P(Refusals, WrongValuesAreNamedWithTheirReason) {
  Sim sim;
  const auto c = open_anonymous(sim);
  const auto details = [&](json change) {
    auto p = proposal_of("CALL", 5, "t", "R_100", symbol_key());
    p.update(change);
    const auto m = sim.call(c, p);
    EXPECT_EQ(code(m), "InputValidationFailed") << change;
    return m["error"]["details"];
  };
  EXPECT_EQ(details({{"amount", "1"}})["amount"], "Expected number - got string.");
  EXPECT_EQ(details({{"amount", -1}})["amount"], "-1 < minimum(0)");
  EXPECT_EQ(details({{"duration", 1.5}})["duration"], "Expected integer - got number.");
  EXPECT_EQ(details({{"basis", "half"}})["basis"], "Not in enum list: payout, stake.");
  EXPECT_EQ(details({{"barrier", 5}})["barrier"], "Expected string - got number.");
  EXPECT_TRUE(details({{"barrier", "5x"}}).contains("barrier"));
  EXPECT_TRUE(
      details({{"contract_type", v3() ? "HIGHER" : "LBHIGHLOW"}}).contains("contract_type"));
  EXPECT_EQ(details({{"subscribe", 0}})["subscribe"], "Not in enum list: 1.");
  EXPECT_EQ(details({{"proposal", 2}})["proposal"], "Not in enum list: 1.");
  EXPECT_TRUE(details({{"limit_order", {{"profit", 1}}}}).contains("profit"));
  EXPECT_EQ(details({{"limit_order", {{"take_profit", "1"}}}})["limit_order/take_profit"],
            "Expected number - got string.");
  const auto m = sim.call(c, {{"proposal", 1}});
  EXPECT_EQ(m["error"]["message"],
            "Input validation failed: contract_type, currency, " + symbol_key());
}

TEST_P(Refusals, ARequestIdMustBeAnInteger) {
  Sim sim;
  const auto c = open_anonymous(sim);
  sim.send_text(c, R"({"ping":1,"req_id":"7"})");
  const auto m = sim.take(c).at(0);
  EXPECT_EQ(code(m), "InputValidationFailed");
  EXPECT_FALSE(m.contains("req_id"));
}

TEST_P(Refusals, SanityBeforeEverything) {
  Sim sim;
  const auto c = open_anonymous(sim);
  EXPECT_EQ(code(sim.call(c, {{"ping", 1}, {"passthrough", {{"a b", 1}}}})), "SanityCheckFailed");
  EXPECT_EQ(code(sim.call(c, {{"ticks", std::string(301, 'x')}})), "SanityCheckFailed");
}

TEST_P(Refusals, AccountCallsWithoutAnAccount) {
  Sim sim;
  const auto c = open_anonymous(sim);
  for (const json& request : {json{{"balance", 1}}, json{{"portfolio", 1}}, json{{"statement", 1}},
                              json{{"buy", "1"}, {"price", 1}}, json{{"sell", 1}, {"price", 0}},
                              json{{"proposal_open_contract", 1}}, json{{"profit_table", 1}},
                              json{{"transaction", 1}, {"subscribe", 1}}}) {
    const auto m = sim.call(c, request);
    EXPECT_EQ(code(m), "AuthorizationRequired") << request;
    EXPECT_EQ(m["error"]["message"], "Please log in.");
  }
}

TEST_P(Refusals, FramesThatAreTooLargeCloseTheConnection) {
  Sim sim;
  const auto c = open_anonymous(sim);
  sim.send_text(c, "{\"ping\":1,\"x\":\"" + std::string(kMaxRequest, 'x') + "\"}");
  const auto actions = sim.take_other_actions();
  ASSERT_EQ(actions.size(), 1U);
  EXPECT_EQ(actions[0].kind, Action::Kind::kClose);
  EXPECT_EQ(actions[0].code, 1009);
}

TEST_P(Refusals, RateLimitsAreCountedInWallTimeAndShared) {
  Sim sim;
  const auto c = open(sim);
  sim.advance(2);
  const auto over = [&](json request, int budget) {
    int ok = 0;
    json last;
    for (int i = 0; i < budget + 5; ++i) {
      last = sim.call(c, request);
      ok += code(last) == "RateLimit" ? 0 : 1;
    }
    EXPECT_EQ(code(last), "RateLimit");
    return std::pair(ok, last["error"]["message"].get<std::string>());
  };
  const auto p = proposal_of("CALL", 5, "t", "R_100", symbol_key());
  EXPECT_EQ(
      over(p, v3() ? 80 : 360),
      std::pair(v3() ? 80 : 360, std::string("You have reached the rate limit for proposal.")));
  EXPECT_EQ(over({{"portfolio", 1}}, 30).first, 30);
  sim.advance(59);
  EXPECT_EQ(code(sim.call(c, p)), "RateLimit");
  sim.wall(std::chrono::seconds(1));
  EXPECT_EQ(code(sim.call(c, p)), "");
}

// ---- v3 alone ----

TEST(V3Session, AuthorizeAnswersWithTheAccountAndHidesTheToken) {
  Sim sim;
  const auto c = sim.v3("");
  const auto m = sim.call(c, {{"authorize", "v3demo"}});
  EXPECT_EQ(m["echo_req"]["authorize"], "<not shown>");
  const auto& a = m["authorize"];
  EXPECT_EQ(a["loginid"].get<std::string>().substr(0, 4), "VRTC");
  EXPECT_EQ(a["is_virtual"], 1);
  EXPECT_EQ(a["balance"], 10000);
  EXPECT_EQ(a["scopes"], json::array({"read", "trade", "trading_information"}));
  EXPECT_EQ(a["account_list"][0]["loginid"], a["loginid"]);
  const auto real = sim.call(sim.v3(""), {{"authorize", "v3real"}})["authorize"];
  EXPECT_EQ(real["loginid"].get<std::string>().substr(0, 2), "CR");
  EXPECT_EQ(real["is_virtual"], 0);
}

TEST(V3Session, RefusesTokensOfOthersAndOfTheOtherDialect) {
  Sim sim;
  const auto c = sim.v3("");
  for (const auto* token : {"nope", "pat_demo"}) {
    const auto m = sim.call(c, {{"authorize", token}});
    EXPECT_EQ(code(m), "InvalidToken");
    EXPECT_EQ(m["echo_req"]["authorize"], "<not shown>");
  }
  EXPECT_EQ(code(sim.call(c, {{"authorize", ""}})), "InputValidationFailed");
}

TEST(V3Session, ScopesDecideAboutEachCall) {
  Sim sim;
  const auto read = sim.v3("v3read");
  const auto info = sim.v3("v3info");
  for (const auto c : {read, info}) {
    EXPECT_EQ(code(sim.call(c, {{"balance", 1}})), "");
    EXPECT_EQ(code(sim.call(c, {{"portfolio", 1}})), "");
    const auto m = sim.call(c, {{"buy", "1"}, {"price", 1}});
    EXPECT_EQ(code(m), "PermissionDenied");
    EXPECT_EQ(m["error"]["message"], "Permission denied, requires trade scope(s).");
    EXPECT_EQ(code(sim.call(c, {{"sell", 1}, {"price", 1}})), "PermissionDenied");
  }
}

TEST(V3Session, LogoutEndsTheAccountsStreams) {
  Sim sim;
  const auto c = sim.v3();
  sim.call(c, {{"balance", 1}, {"subscribe", 1}});
  sim.call(c, {{"ticks", "R_100"}, {"subscribe", 1}});
  EXPECT_EQ(sim.call(c, {{"logout", 1}})["logout"], 1);
  EXPECT_EQ(code(sim.call(c, {{"balance", 1}})), "AuthorizationRequired");
  EXPECT_EQ(sim.venue().streams(), 1U);  // the ticks go on
}

TEST(V3Session, WebsiteStatusGivesTheLimits) {
  Sim sim;
  const auto c = sim.v3("");
  const auto l = sim.call(c, {{"website_status", 1}})["website_status"]["api_call_limits"];
  EXPECT_EQ(l["max_requests_pricing"]["minutely"], 80);
  EXPECT_EQ(l["max_requests_outcome"]["minutely"], 30);
  EXPECT_EQ(l["max_requestes_general"]["minutely"], 220);
  EXPECT_EQ(l["max_requestes_general"]["hourly"], 14400);
  EXPECT_EQ(l["max_proposal_subscription"]["max"], 5);
}

TEST(V3Session, AllowsFiveProposalStreams) {
  Sim sim;
  const auto c = sim.v3();
  sim.advance(2);
  for (int i = 1; i <= 6; ++i) {
    auto p = proposal_of("CALL", i, "t", "R_100", "symbol");
    p["subscribe"] = 1;
    EXPECT_EQ(code(sim.call(c, p)), i <= 5 ? "" : "RateLimit") << i;
  }
}

TEST(OptionsSession, CallsOfTheOldApiDoNotExist) {
  Sim sim;
  const auto c = sim.options();
  for (const json& request :
       {json{{"authorize", "x"}}, json{{"website_status", 1}}, json{{"sell_expired", 1}},
        json{{"payout_currencies", 1}}, json{{"topup_virtual", 1}}})
    EXPECT_EQ(code(sim.call(c, request)), "UnrecognisedRequest") << request;
  EXPECT_EQ(code(sim.call(sim.v3(), {{"contracts_list", 1}})), "UnrecognisedRequest");
}

}  // namespace
}  // namespace derivd::sim::test
