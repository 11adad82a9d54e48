// Streams that survive a reconnect, history joined to ticks, watched contracts, and the report.
#include <gtest/gtest.h>

#include <algorithm>

#include "rig.hpp"

namespace derivd::deriv::test {
namespace {

json history(const std::vector<std::int64_t>& times, int pip_size = 2) {
  auto prices = json::array();
  for (const auto t : times) prices.push_back(static_cast<double>(t % 1000) + 0.5);
  return {{"msg_type", "history"},
          {"pip_size", pip_size},
          {"subscription", {{"id", kStream}}},
          {"history", {{"prices", prices}, {"times", times}}}};
}

json contract(std::int64_t id, int is_sold, const std::string& status = "open") {
  json body{{"contract_id", id},
            {"is_sold", is_sold},
            {"is_expired", is_sold},
            {"status", status},
            {"id", kStream}};
  if (is_sold == 1) body["profit"] = "0.33";
  return {{"msg_type", "proposal_open_contract"},
          {"subscription", {{"id", kStream}}},
          {"proposal_open_contract", body}};
}

class Streams : public testing::TestWithParam<Dialect> {
 protected:
  /// Lines of the listener since the last call that start so.
  std::vector<std::string> lines(std::string_view prefix) {
    std::vector<std::string> out;
    for (; seen < rig.listener.log.size(); ++seen) {
      if (rig.listener.log[seen].starts_with(prefix)) out.push_back(rig.listener.log[seen]);
    }
    return out;
  }
  std::vector<std::string> ticks() {
    std::vector<std::string> out;
    for (; seen < rig.listener.log.size(); ++seen) {
      const auto& line = rig.listener.log[seen];
      if (line.starts_with("tick") || line.starts_with("past")) out.push_back(line);
    }
    return out;
  }
  using Lines = std::vector<std::string>;
  Rig rig{GetParam()};
  std::size_t seen = 0;
};

TEST_P(Streams, HistoryComesFirstAndJoinsWithoutDoubles) {
  rig.to_live();
  rig.session->set_symbols({"R_100"}, 3, rig.now());
  const auto request = rig.request("ticks_history");
  EXPECT_EQ(request["ticks_history"], "R_100");
  EXPECT_EQ(request["count"], 3);
  EXPECT_EQ(request["end"], "latest");
  EXPECT_EQ(request["style"], "ticks");
  EXPECT_EQ(request["subscribe"], 1);
  rig.answer(request, history({1'700'000'000, 1'700'000'002, 1'700'000'004}));
  rig.frame(rig.tick("R_100", 1'700'000'004, 4.5));  // the last one again, by the stream
  rig.frame(rig.tick("R_100", 1'700'000'006, 6.5));
  rig.frame(rig.tick("R_100", 1'700'000'006, 6.5));
  EXPECT_EQ(ticks(), (Lines{"past R_100 1700000000 0.50", "past R_100 1700000002 2.50",
                            "past R_100 1700000004 4.50", "tick R_100 1700000006 6.50"}));
  EXPECT_EQ(rig.listener.venue.s, 1'700'000'006);
  EXPECT_EQ(rig.session->stats().ticks, 4U);
}

TEST_P(Streams, TicksThatOvertakeTheHistoryAreNotLost) {
  rig.to_live();
  rig.session->set_symbols({"R_100"}, 3, rig.now());
  const auto request = rig.request("ticks_history");
  auto early = rig.tick("R_100", 1'700'000'006, 6.5);
  early["req_id"] = request["req_id"];
  rig.frame(early);
  EXPECT_EQ(ticks(), Lines{"tick R_100 1700000006 6.50"});
  rig.answer(request, history({1'700'000'002, 1'700'000'004, 1'700'000'006, 1'700'000'008}));
  // Only what is newer: a tick never comes after a later one.
  EXPECT_EQ(ticks(), Lines{"past R_100 1700000008 8.50"});
}

TEST_P(Streams, WithoutHistoryOnlyTheStreamIsAskedFor) {
  rig.to_live();
  rig.session->set_symbols({"R_100"}, 0, rig.now());
  EXPECT_EQ(rig.requests("ticks_history"), 0U);
  const auto request = rig.request("ticks");
  EXPECT_EQ(request["subscribe"], 1);
  auto first = rig.tick("R_100", 1'700'000'002, 1.5);
  rig.answer(request, first);
  EXPECT_EQ(ticks(), Lines{"tick R_100 1700000002 1.50"});
}

TEST_P(Streams, DecimalsComeFromTheTickThenTheVenuesListThenOurs) {
  rig.to_live();
  rig.session->set_symbols({"R_100", "frxXXXYYY", "R_50", "WHATEVER"}, 0, rig.now());
  std::int64_t at = 1'700'000'002;
  const auto quote = [&](const std::string& symbol, double value, std::optional<int> pip) {
    auto message = rig.tick(symbol, at, value);
    if (pip) {
      message["tick"]["pip_size"] = *pip;
    } else {
      message["tick"].erase("pip_size");
    }
    rig.frame(message);
  };
  quote("R_100", 2550.6, 3);    // its own
  quote("frxXXXYYY", 1.5, {});  // active_symbols: 0.00001
  quote("R_50", 163.1, {});     // the table
  quote("WHATEVER", 1.5, {});   // nobody knows
  EXPECT_EQ(ticks(), (Lines{"tick R_100 1700000002 2550.600", "tick frxXXXYYY 1700000002 1.50000",
                            "tick R_50 1700000002 163.1000"}));
  EXPECT_TRUE(rig.listener.has("notice frame_refused: quotes of WHATEVER are refused"));
  at += 2;
  quote("R_100", 2550.6789, 3);
  EXPECT_TRUE(rig.listener.has("notice frame_refused: a quote of R_100 is refused"));
}

TEST_P(Streams, AQuoteThatIsNoneIsRefusedAlone) {
  rig.to_live();
  rig.session->set_symbols({"R_100"}, 3, rig.now());
  rig.answer(rig.request("ticks_history"), {{"msg_type", "history"},
                                            {"pip_size", 2},
                                            {"history",
                                             {{"prices", {10.5, 0, 10.7, -3.25, 0.001, 10.9}},
                                              {"times",
                                               {1'700'000'000, 1'700'000'002, 1'700'000'004,
                                                1'700'000'006, 1'700'000'008, 1'700'000'010}}}},
                                            {"subscription", {{"id", kStream}}}});
  rig.frame(rig.tick("R_100", 1'700'000'012, 0));
  rig.frame(rig.tick("R_100", 1'700'000'014, 11.1));
  rig.frame(rig.tick("R_100", 1'700'000'016, -11.1));
  rig.frame(rig.tick("R_100", 1'700'000'018, 11.3));
  EXPECT_EQ(ticks(), (Lines{"past R_100 1700000000 10.50", "past R_100 1700000004 10.70",
                            "past R_100 1700000010 10.90", "tick R_100 1700000014 11.10",
                            "tick R_100 1700000018 11.30"}));
  EXPECT_EQ(rig.session->stats().quotes_refused, 5U);
  EXPECT_EQ(rig.listener.count("notice frame_refused: a quote of R_100 is refused: "
                               "0.00 is not above 0 at 1700000002"),
            1U);
  EXPECT_EQ(rig.listener.count("notice frame_refused"), 1U) << "once, and then counted";
}

TEST_P(Streams, ABadRowOfAPageCostsNoOther) {
  rig.to_live();
  rig.session->ask_past("R_100", {1'700'000'000}, {1'700'000'010}, rig.now());
  rig.answer(
      rig.request("ticks_history"),
      {{"msg_type", "history"},
       {"pip_size", 2},
       {"history",
        {{"prices", {10.5, 0, 10.7}}, {"times", {1'700'000'000, 1'700'000'002, 1'700'000'004}}}}});
  ASSERT_EQ(rig.listener.past.size(), 1U);
  const auto& page = rig.listener.past[0];
  ASSERT_EQ(page.ticks.size(), 2U);
  EXPECT_EQ(page.ticks[1].mantissa, 1070);
  EXPECT_EQ(page.refused, 1U);
  EXPECT_TRUE(rig.listener.refused_past.empty());
}

TEST_P(Streams, SurviveAReconnectAndCloseTheGap) {
  rig.to_live();
  rig.session->set_symbols({"R_100"}, 3, rig.now());
  rig.answer(rig.request("ticks_history"), history({1'700'000'000}));
  rig.frame(rig.tick("R_100", 1'700'000'010, 10.5));
  rig.session->watch(core::ContractId{5}, rig.now());
  rig.answer(rig.request("proposal_open_contract"), contract(5, 0));
  rig.session->on_closed(0, "gone", rig.now());
  rig.epoch = 1'700'000'110;  // 100 s later: 50 ticks of R_100
  rig.reconnect();
  ASSERT_EQ(rig.requests("ticks_history"), 2U);
  EXPECT_EQ(rig.request("ticks_history")["count"], 55);
  EXPECT_EQ(rig.requests("proposal_open_contract"), 2U);
  EXPECT_EQ(rig.requests("transaction"), 2U);
  EXPECT_EQ(rig.request("proposal_open_contract")["subscribe"], 1);
  ticks();
  rig.answer(rig.request("ticks_history"),
             history({1'700'000'008, 1'700'000'010, 1'700'000'012, 1'700'000'110}));
  rig.frame(rig.tick("R_100", 1'700'000'112, 112.5));
  EXPECT_EQ(ticks(), (Lines{"past R_100 1700000012 12.50", "past R_100 1700000110 110.50",
                            "tick R_100 1700000112 112.50"}));
  EXPECT_FALSE(rig.listener.has("notice tick_gap"));
}

TEST_P(Streams, AGapThatNoHistoryCloses) {
  rig.to_live();
  rig.session->set_symbols({"R_100"}, 3, rig.now());
  rig.answer(rig.request("ticks_history"), history({1'700'000'000}));
  rig.session->on_closed(0, "gone", rig.now());
  rig.epoch = 1'700'086'400;
  rig.reconnect();
  EXPECT_EQ(rig.request("ticks_history")["count"], 5000);
  std::vector<std::int64_t> times;
  for (int i = 0; i < 5000; ++i) times.push_back(1'700'076'400 + 2 * i);
  rig.answer(rig.request("ticks_history"), history(times));
  EXPECT_EQ(rig.listener.count("notice tick_gap: R_100: ticks between 1700000000 and 1700076400"),
            1U);
  EXPECT_EQ(rig.listener.count("past R_100"), 5001U);
}

TEST_P(Streams, AVenueWhoseClockWentBackIsFollowed) {
  rig.to_live();
  rig.session->set_symbols({"R_100"}, 3, rig.now());
  rig.answer(rig.request("ticks_history"), history({1'700'050'000}));
  rig.session->on_closed(0, "restarted", rig.now());
  rig.epoch = 1'700'000'000;
  rig.reconnect();
  rig.answer(rig.request("ticks_history"), history({1'699'999'998, 1'700'000'000}));
  EXPECT_TRUE(rig.listener.has("notice tick_gap: R_100: the venue's clock went back"));
  EXPECT_TRUE(rig.listener.has("past R_100 1700000000"));
  EXPECT_EQ(rig.listener.venue.s, 1'700'000'000);
}

TEST_P(Streams, OneWrongEpochDoesNotSilenceASymbolForEver) {
  rig.to_live();
  rig.session->set_symbols({"R_100"}, 0, rig.now());
  rig.frame(rig.tick("R_100", 1'700'000'000, 0.5));
  rig.frame(rig.tick("R_100", 1'900'000'000, 1.5));  // a slip of the venue
  std::int64_t at = 1'700'000'002;
  for (; !rig.listener.has("notice tick_gap: R_100: epochs went back"); at += 2) {
    ASSERT_LT(at, 1'700'000'100);
    rig.frame(rig.tick("R_100", at, 2.5));
  }
  rig.frame(rig.tick("R_100", at, 3.5));
  EXPECT_EQ(rig.listener.log.back(), fmt::format("tick R_100 {} 3.50", at));
}

TEST_P(Streams, OlderTicksAreDropped) {
  rig.to_live();
  rig.session->set_symbols({"R_100"}, 0, rig.now());
  rig.frame(rig.tick("R_100", 1'700'000'010, 0.5));
  rig.frame(rig.tick("R_100", 1'700'000'008, 0.5));
  rig.frame(rig.tick("R_100", 1'700'000'012, 0.5));
  EXPECT_EQ(ticks(), (Lines{"tick R_100 1700000010 0.50", "tick R_100 1700000012 0.50"}));
}

TEST_P(Streams, AlreadySubscribedKeepsTheStreamAndFetchesTheHistory) {
  rig.to_live();
  rig.session->set_symbols({"R_100"}, 3, rig.now());
  rig.refuse(rig.request("ticks_history"), "AlreadySubscribed", "history");
  ASSERT_EQ(rig.requests("ticks_history"), 2U);
  const auto request = rig.request("ticks_history");
  EXPECT_FALSE(request.contains("subscribe"));
  rig.answer(request, history({1'700'000'000, 1'700'000'002}));
  rig.frame(rig.tick("R_100", 1'700'000'004, 0.5));
  EXPECT_EQ(ticks().size(), 3U);
  rig.session->watch(core::ContractId{5}, rig.now());
  rig.refuse(rig.request("proposal_open_contract"), "AlreadySubscribed", "proposal_open_contract");
  rig.advance(seconds(9));
  EXPECT_EQ(rig.requests("proposal_open_contract"), 1U);
}

TEST_P(Streams, ChangingTheSetForgetsAndSubscribes) {
  rig.to_live();
  rig.session->set_symbols({"R_100", "R_50"}, 0, rig.now());
  rig.frame(rig.tick("R_100", 1'700'000'004, 0.5));
  rig.session->set_symbols({"R_50", "1HZ100V", "1HZ100V"}, 0, rig.now());
  EXPECT_EQ(rig.request("forget")["forget"], kStream);
  EXPECT_EQ(rig.requests("ticks"), 3U);
  ticks();
  rig.frame(rig.tick("R_100", 1'700'000'006, 0.5));
  EXPECT_TRUE(ticks().empty());
  rig.frame(rig.tick("1HZ100V", 1'700'000'006, 0.5));
  EXPECT_EQ(ticks().size(), 1U);
}

TEST_P(Streams, SymbolsSetWhileOfflineAreAskedForOnline) {
  rig.session->set_symbols({"R_100", "bad symbol"}, 5, rig.now());
  EXPECT_TRUE(rig.listener.has("notice tick_gap: bad symbol is not streamed"));
  EXPECT_FALSE(rig.session->next_deadline());
  rig.to_syncing();
  EXPECT_EQ(rig.requests("ticks_history"), 0U);  // decimals are not known yet
  rig.sync();
  EXPECT_EQ(rig.requests("ticks_history"), 1U);
}

TEST_P(Streams, SymbolsAreBounded) {
  std::vector<market::SymbolCode> many;
  for (int i = 0; i < 60; ++i) many.emplace_back(fmt::format("SYM{}", i));
  rig.to_live();
  rig.session->set_symbols(many, 0, rig.now());
  EXPECT_EQ(rig.requests("ticks"), 50U);
  EXPECT_EQ(rig.listener.count("notice tick_gap"), 10U);
}

TEST_P(Streams, ASymbolThatIsRefusedIsTriedAgainLessAndLess) {
  rig.to_live();
  rig.session->set_symbols({"R_100"}, 0, rig.now());
  const auto start = rig.clock_ns;
  while (rig.clock_ns - start < core::Duration(minutes(30)).count()) {
    const auto last = rig.wire.sent.back();
    if (last.contains("ticks")) rig.refuse(last, "MarketIsClosed", "tick");
    if (last.contains("ping")) rig.answer(last, {{"msg_type", "ping"}, {"ping", "pong"}});
    rig.advance(milliseconds(500));
  }
  EXPECT_EQ(rig.listener.count("notice tick_gap"), 1U);
  EXPECT_GE(rig.requests("ticks"), 8U);
  EXPECT_LE(rig.requests("ticks"), 14U);
  EXPECT_EQ(rig.session->state(), SessionState::kLive);
}

TEST_P(Streams, ABrokenStreamIsAskedForAgain) {
  rig.to_live();
  rig.session->set_symbols({"R_100"}, 0, rig.now());
  const auto request = rig.request("ticks");
  rig.answer(request, rig.tick("R_100", 1'700'000'002, 0.5));
  rig.refuse(request, "WrongResponse", "tick");
  rig.advance(seconds(2));
  // Now with the ticks it may have missed.
  EXPECT_EQ(rig.requests("ticks") + rig.requests("ticks_history"), 2U);
  EXPECT_EQ(rig.session->state(), SessionState::kLive);
}

TEST_P(Streams, AWatchedContractIsFollowedUntilSold) {
  rig.to_live();
  rig.session->watch(core::ContractId{5}, rig.now());
  rig.session->watch(core::ContractId{5}, rig.now());
  EXPECT_EQ(rig.requests("proposal_open_contract"), 1U);
  const auto request = rig.request("proposal_open_contract");
  EXPECT_EQ(request["contract_id"], 5);
  EXPECT_EQ(request["subscribe"], 1);
  rig.answer(request, contract(5, 0));
  rig.frame(contract(5, 0));
  rig.frame(contract(5, 1, "won"));
  rig.frame(contract(5, 1, "won"));
  EXPECT_EQ(lines("contract"), (Lines{"contract 5 open", "contract 5 open", "contract 5 won sold",
                                      "contract 5 won sold"}));
  EXPECT_EQ(rig.requests("forget"), 1U);
  rig.session->on_closed(0, "gone", rig.now());
  rig.reconnect();
  EXPECT_EQ(rig.requests("proposal_open_contract"), 1U) << "a sold contract is not watched again";
}

TEST_P(Streams, UnwatchForgets) {
  rig.to_live();
  rig.session->watch(core::ContractId{5}, rig.now());
  rig.answer(rig.request("proposal_open_contract"), contract(5, 0));
  rig.session->unwatch(core::ContractId{5}, rig.now());
  EXPECT_EQ(rig.requests("forget"), 1U);
  rig.session->unwatch(core::ContractId{5}, rig.now());
  EXPECT_EQ(rig.requests("forget"), 1U);
}

TEST_P(Streams, WatchedContractsAreBounded) {
  rig.to_live();
  for (int i = 1; i <= 60; ++i) rig.session->watch(core::ContractId{i}, rig.now());
  EXPECT_EQ(rig.requests("proposal_open_contract"), 45U);
  EXPECT_EQ(rig.listener.count("notice"), 1U);
}

TEST_P(Streams, AContractTheVenueDoesNotKnowIsGivenUp) {
  rig.to_live();
  rig.session->watch(core::ContractId{5}, rig.now());
  for (int i = 0; i < 20; ++i) {
    const auto last = rig.wire.sent.back();
    if (last.contains("proposal_open_contract")) {
      rig.refuse(last, "ContractNotFound", "proposal_open_contract");
    }
    if (last.contains("ping")) rig.answer(last, {{"msg_type", "ping"}, {"ping", "pong"}});
    rig.advance(seconds(10));
  }
  EXPECT_EQ(rig.requests("proposal_open_contract"), 5U);
  const auto told =
      std::count_if(rig.listener.log.begin(), rig.listener.log.end(), [](const auto& line) {
        return line.find("the venue does not know contract 5 (") != std::string::npos;
      });
  EXPECT_EQ(told, 1) << fmt::format("{}", fmt::join(rig.listener.log, "\n"));
  EXPECT_GT(rig.listener.count("no-contract 5"), 1U) << "whoever shows it hears it each time";
}

TEST_P(Streams, AnEmptyContractIsOneThatTheVenueDoesNotKnow) {
  rig.to_live();
  rig.session->watch(core::ContractId{5}, rig.now());
  rig.answer(rig.request("proposal_open_contract"),
             {{"msg_type", "proposal_open_contract"}, {"proposal_open_contract", json::object()}});
  EXPECT_EQ(rig.listener.count("no-contract 5"), 1U);
  EXPECT_NE(rig.listener.last("notice").find("the venue does not know contract 5 ("),
            std::string::npos)
      << rig.listener.last("notice");
}

TEST_P(Streams, AWatchThatFailsForAMomentIsKept) {
  rig.to_live();
  rig.session->watch(core::ContractId{5}, rig.now());
  for (int i = 0; i < 8; ++i) {
    rig.refuse(rig.request("proposal_open_contract"), "WrongResponse", "proposal_open_contract");
    rig.idle(seconds(31));
  }
  ASSERT_EQ(rig.session->state(), SessionState::kLive);
  EXPECT_GE(rig.requests("proposal_open_contract"), 8U);
  rig.answer(rig.request("proposal_open_contract"), contract(5, 0));
  EXPECT_EQ(lines("contract").size(), 1U);
}

TEST_P(Streams, PollsAreMarkedAndAskedOnce) {
  rig.to_live();
  rig.session->poll(core::ContractId{5}, rig.now());
  rig.session->poll(core::ContractId{5}, rig.now());
  EXPECT_EQ(rig.requests("proposal_open_contract"), 1U);
  const auto request = rig.request("proposal_open_contract");
  EXPECT_FALSE(request.contains("subscribe"));
  rig.answer(request, contract(5, 1, "lost"));
  EXPECT_EQ(lines("contract"), Lines{"contract 5 lost sold polled"});
  rig.session->poll(core::ContractId{5}, rig.now());
  EXPECT_EQ(rig.requests("proposal_open_contract"), 2U);
  // Lost with the link, and asked again on the next.
  rig.session->on_closed(0, "gone", rig.now());
  rig.reconnect();
  EXPECT_EQ(rig.requests("proposal_open_contract"), 3U);
}

TEST_P(Streams, APollThatFindsItSoldEndsTheWatch) {
  rig.to_live();
  rig.session->watch(core::ContractId{5}, rig.now());
  rig.answer(rig.request("proposal_open_contract"), contract(5, 0));
  rig.session->poll(core::ContractId{5}, rig.now());
  rig.answer(rig.request("proposal_open_contract"), contract(5, 1, "lost"));
  EXPECT_EQ(rig.requests("forget"), 1U);
}

TEST_P(Streams, EntryAndExitHaveTheSymbolsDecimals) {
  rig.to_live();
  rig.session->watch(core::ContractId{5}, rig.now());
  auto message = contract(5, 1, "won");
  auto& body = message["proposal_open_contract"];
  body[rig.options() ? "underlying_symbol" : "underlying"] = "R_100";
  body[rig.options() ? "entry_spot" : "entry_tick"] = "1451.1";
  body[rig.options() ? "entry_spot_time" : "entry_tick_time"] = 1'700'000'002;
  body[rig.options() ? "exit_spot" : "exit_tick"] = 1452;
  body[rig.options() ? "exit_spot_time" : "exit_tick_time"] = 1'700'000'060;
  rig.answer(rig.request("proposal_open_contract"), message);
  ASSERT_EQ(rig.listener.contracts.size(), 1U);
  const auto& report = rig.listener.contracts[0];
  ASSERT_TRUE(report.entry);
  EXPECT_EQ(report.entry->quote.to_string(), "1451.10");
  EXPECT_EQ(report.entry->epoch.s, 1'700'000'002);
  ASSERT_TRUE(report.exit);
  EXPECT_EQ(report.exit->quote.to_string(), "1452.00");
}

TEST_P(Streams, TransactionsAreTold) {
  rig.to_live();
  rig.frame(json{{"msg_type", "transaction"},
                 {"transaction",
                  {{"action", "sell"},
                   {"amount", 0.68},
                   {"balance", 10000.33},
                   {"contract_id", 5},
                   {"transaction_id", 11},
                   {"transaction_time", 1'700'000'050},
                   {rig.options() ? "underlying_symbol" : "symbol", "R_100"}}}});
  EXPECT_EQ(rig.listener.log.back(), "transaction 11 0.68");
  EXPECT_EQ(rig.listener.transactions[0].symbol, "R_100");
  EXPECT_EQ(rig.listener.venue.s, 1'700'000'050);
}

json row(std::int64_t contract_id, std::string_view symbol_key, bool sold) {
  json out{{"contract_id", contract_id},
           {"transaction_id", contract_id * 10},
           {"contract_type", "CALL"},
           {std::string(symbol_key), "R_100"},
           {"buy_price", 2},
           {"payout", 3.91},
           {"purchase_time", 1'700'000'000},
           {"shortcode", "CALL_R_100_x"}};
  if (sold) out["sell_price"] = 0;
  return out;
}

TEST_P(Streams, TheReportIsTimeThenPortfolioThenProfitTable) {
  const auto* symbol = rig.options() ? "underlying_symbol" : "symbol";
  rig.to_live();
  rig.advance(seconds(5));
  rig.session->ask_report({1'699'990'000}, rig.now());
  EXPECT_EQ(rig.requests("portfolio"), 0U);
  rig.give_time(1'700'000'005);
  EXPECT_EQ(rig.requests("profit_table"), 0U);
  rig.frame(rig.tick("R_100", 1'700'000'009, 1.5));  // not subscribed: proves nothing
  rig.give_portfolio({row(5, symbol, false), row(6, symbol, false)});
  const auto request = rig.request("profit_table");
  EXPECT_EQ(request["date_from"], "1699990000");
  EXPECT_EQ(request["description"], 1);
  EXPECT_EQ(request["sort"], "ASC");
  EXPECT_EQ(request["limit"], 500);
  EXPECT_EQ(request["offset"], 0);
  // 6 was sold in between.
  rig.give_profit_table({row(4, "underlying_symbol", true), row(6, "underlying_symbol", true)});
  ASSERT_EQ(rig.listener.reports.size(), 1U);
  const auto& report = rig.listener.reports[0];
  EXPECT_EQ(report.as_of.s, 1'700'000'005);
  EXPECT_EQ(report.since.s, 1'699'990'000);
  EXPECT_EQ(report.balance.to_string(), "10000.00");
  ASSERT_EQ(report.portfolio.size(), 1U);
  EXPECT_EQ(report.portfolio[0].contract.value, 5);
  EXPECT_TRUE(report.portfolio[0].open);
  EXPECT_EQ(report.portfolio[0].symbol, "R_100");
  EXPECT_EQ(report.profit_table.size(), 2U);
}

TEST_P(Streams, ATickStampedAheadMakesNoReportNewer) {
  rig.to_live();
  rig.session->set_symbols({"R_100"}, 0, rig.now());
  rig.frame(rig.tick("R_100", 1'900'000'000, 1.5));
  EXPECT_EQ(rig.listener.venue.s, 1'900'000'000);
  rig.session->ask_report({1}, rig.now());
  rig.give_portfolio();
  rig.give_profit_table();
  EXPECT_EQ(rig.listener.reports.at(0).as_of.s, 1'700'000'000);
}

TEST_P(Streams, ASecondHistoryOfOneLinkNeverTurnsTheClockBack) {
  rig.to_live();
  rig.session->set_symbols({"R_100"}, 3, rig.now());
  rig.answer(rig.request("ticks_history"), history({1'700'000'000}));
  rig.frame(rig.tick("R_100", 1'700'003'600, 1.5));  // an hour on, and the time was not asked since
  rig.idle(seconds(62));
  ASSERT_EQ(rig.requests("ticks_history"), 2U);
  rig.answer(rig.request("ticks_history"), history({1'700'003'598, 1'700'003'600}));
  EXPECT_FALSE(rig.listener.has("notice tick_gap: R_100: the venue's clock"));
  EXPECT_EQ(rig.listener.count("past R_100"), 1U);
}

TEST_P(Streams, TheReportReadsEveryPage) {
  rig.to_live();
  rig.session->ask_report({1}, rig.now());
  rig.give_portfolio();
  const auto page = [](int first, int count) {
    auto rows = json::array();
    for (int i = 0; i < count; ++i) rows.push_back(row(first + i, "underlying_symbol", true));
    return rows;
  };
  rig.give_profit_table(page(1, 500));
  EXPECT_EQ(rig.request("profit_table")["offset"], 500);
  rig.give_profit_table(page(501, 50));  // a venue may cut pages as short as its default
  EXPECT_EQ(rig.request("profit_table")["offset"], 550);
  rig.give_profit_table(page(550, 49));  // one row again, from a page that shifted
  ASSERT_EQ(rig.listener.reports.size(), 1U);
  EXPECT_EQ(rig.listener.reports[0].profit_table.size(), 598U);
  EXPECT_EQ(rig.requests("profit_table"), 3U);
}

TEST_P(Streams, AReportThatNeverEndsIsNotTakenForComplete) {
  rig.to_live();
  rig.session->ask_report({1}, rig.now());
  rig.give_portfolio();
  auto rows = json::array();
  for (int i = 0; i < 50; ++i) rows.push_back(row(i + 1, "underlying_symbol", true));
  for (int i = 0; i < 300 && rig.session->state() == SessionState::kLive; ++i) {
    const auto last = rig.wire.sent.back();
    if (last.contains("profit_table")) rig.give_profit_table(rows);
    if (last.contains("ping")) rig.answer(last, {{"msg_type", "ping"}, {"ping", "pong"}});
    rig.advance(seconds(3));
  }
  EXPECT_TRUE(rig.listener.reports.empty());
  EXPECT_TRUE(rig.listener.has("state offline: the profit table has more pages"));
}

TEST_P(Streams, ReportsFailWholeOrNotAtAll) {
  rig.to_live();
  rig.session->ask_report({1}, rig.now());
  auto bad = row(5, rig.options() ? "underlying_symbol" : "symbol", false);
  bad["buy_price"] = nullptr;
  rig.give_portfolio({bad});
  EXPECT_EQ(rig.requests("profit_table"), 0U);
  EXPECT_TRUE(rig.listener.reports.empty());
  rig.advance(seconds(2));
  EXPECT_EQ(rig.requests("portfolio"), 2U);
  rig.give_portfolio();
  rig.refuse(rig.request("profit_table"), "InternalServerError", "profit_table");
  rig.advance(seconds(2));
  EXPECT_EQ(rig.requests("profit_table"), 2U);
  rig.give_profit_table();
  EXPECT_EQ(rig.listener.reports.size(), 1U);
}

TEST_P(Streams, ReportsAskedForMeanwhileFollowWithTheEarliestStart) {
  rig.to_live();
  rig.session->ask_report({500}, rig.now());
  rig.session->ask_report({300}, rig.now());
  rig.session->ask_report({400}, rig.now());
  rig.give_portfolio();
  rig.give_profit_table();
  ASSERT_EQ(rig.listener.reports.size(), 1U);
  EXPECT_EQ(rig.listener.reports[0].since.s, 500);
  rig.give_portfolio();
  EXPECT_EQ(rig.request("profit_table")["date_from"], "300");
  rig.give_profit_table();
  ASSERT_EQ(rig.listener.reports.size(), 2U);
  EXPECT_EQ(rig.listener.reports[1].since.s, 300);
  rig.advance(seconds(5));
  EXPECT_EQ(rig.requests("portfolio"), 2U);
}

TEST_P(Streams, AReportDiesWithItsLink) {
  rig.to_live();
  rig.session->ask_report({500}, rig.now());
  const auto request = rig.request("portfolio");
  rig.session->on_closed(0, "gone", rig.now());
  rig.session->ask_report({500}, rig.now());  // offline: nobody to ask
  rig.reconnect();
  rig.answer(request, {{"msg_type", "portfolio"}, {"portfolio", {{"contracts", json::array()}}}});
  rig.advance(seconds(5));
  EXPECT_EQ(rig.requests("portfolio"), 1U);
  EXPECT_TRUE(rig.listener.reports.empty());
}

TEST_P(Streams, RateLimitsHoldTheGroupAndLoseNothing) {
  rig.to_live();
  rig.session->ask_report({500}, rig.now());
  for (int i = 0; i < 7; ++i) {
    rig.refuse(rig.request("portfolio"), "RateLimit", "portfolio");
    const auto before = rig.requests("portfolio");
    rig.advance(milliseconds(400));
    EXPECT_EQ(rig.requests("portfolio"), before);
    for (int k = 0; k < 300 && rig.requests("portfolio") == before; ++k) {
      if (rig.wire.sent.back().contains("ping")) {
        rig.answer(rig.wire.sent.back(), {{"msg_type", "ping"}, {"ping", "pong"}});
      }
      rig.advance(seconds(1));
    }
    ASSERT_EQ(rig.requests("portfolio"), before + 1);
  }
  EXPECT_EQ(rig.listener.count("notice rate_limited"), 7U);
  rig.give_portfolio();
  rig.give_profit_table();
  EXPECT_EQ(rig.listener.reports.size(), 1U);
  EXPECT_EQ(rig.session->state(), SessionState::kLive);
}

TEST_P(Streams, PollsBeyondTheBudgetWaitTheirTurn) {
  rig.to_live();
  for (int i = 1; i <= 256; ++i) rig.session->poll(core::ContractId{i}, rig.now());
  const auto first = rig.requests("proposal_open_contract");
  // options: 324 less two fifths for orders; v3: 72 of 80.
  EXPECT_EQ(first, rig.options() ? 195U : 72U);
  std::size_t answered = 0;
  for (int i = 0; i < 400; ++i) {
    while (answered < rig.wire.sent.size()) {
      const auto request = rig.wire.sent[answered++];
      if (request.contains("proposal_open_contract")) {
        rig.answer(request, contract(request["contract_id"], 0));
      }
      if (request.contains("ping")) rig.answer(request, {{"msg_type", "ping"}, {"ping", "pong"}});
    }
    rig.advance(seconds(1));
  }
  EXPECT_EQ(rig.listener.count("contract"), 256U);
  EXPECT_EQ(rig.requests("proposal_open_contract"), 256U);
}

INSTANTIATE_TEST_SUITE_P(Both, Streams, testing::Values(Dialect::kOptions, Dialect::kV3),
                         [](const auto& p) { return std::string(name_of(p.param)); });

}  // namespace
}  // namespace derivd::deriv::test
