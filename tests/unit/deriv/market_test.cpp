// What the venue offers, and when: how it is read, and when the session asks for it.
#include <gtest/gtest.h>

#include "deriv/decoder.hpp"
#include "unit/deriv/rig.hpp"

namespace derivd::deriv::test {
namespace {

using market::Offer;

core::Result<Frame> decoded(std::string text, const WireNames& names = kOptionsNames) {
  Decoder decoder(names);
  Frame frame;
  const auto size = text.size();
  text.append(64, '\0');
  if (auto r = decoder.decode({text.data(), size}, text.size(), frame); !r) return r.error();
  return frame;
}
core::Result<market::Offerings> offerings(const json& available,
                                          const WireNames& names = kOptionsNames) {
  const json frame{{"msg_type", "contracts_for"}, {"contracts_for", {{"available", available}}}};
  const auto read = decoded(frame.dump(), names);
  if (!read) return read.error();
  return std::get<OfferingsPayload>(read->payload).offerings;
}

TEST(OfferingsDecoder, ReadsTermsOfEveryKind) {
  const auto read = offerings(json::array({{{"contract_type", "CALL"},
                                            {"expiry_type", "tick"},
                                            {"barriers", 0},
                                            {"min_contract_duration", "5t"},
                                            {"max_contract_duration", "10t"},
                                            {"min_stake", 0.35},
                                            {"max_stake", nullptr},
                                            {"payout_limit", 50000}},
                                           {{"contract_type", "ACCU"},
                                            {"expiry_type", "no_expiry"},
                                            {"barriers", 2},
                                            {"min_contract_duration", "0"},
                                            {"max_contract_duration", "0"},
                                            {"growth_rate_range", {0.01, 0.05}},
                                            {"high_barrier", "1.2"},
                                            {"low_barrier", nullptr}},
                                           {{"contract_type", "MULTUP"},
                                            {"expiry_type", "no_expiry"},
                                            {"barriers", 0},
                                            {"multiplier_range", {40, 100, 99999999}},
                                            {"cancellation_range", {"5m", "60m"}}},
                                           {{"contract_type", "VANILLALONGCALL"},
                                            {"expiry_type", "intraday"},
                                            {"barriers", 1},
                                            {"barrier_choices", {"+1.50", 2.5}}}}));
  ASSERT_TRUE(read) << read.error().text;
  const auto& rows = read->offers;
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[0].type, "CALL");
  EXPECT_EQ(rows[0].length, Offer::Length::kTicks);
  EXPECT_EQ(rows[0].shortest.to_string(), "5t");
  EXPECT_EQ(rows[0].min_stake, core::Decimal::parse("0.35").value());
  EXPECT_EQ(rows[0].max_stake, std::nullopt);
  EXPECT_EQ(rows[1].shortest.count, 0);
  EXPECT_EQ(rows[1].barrier, "1.2");
  ASSERT_EQ(rows[1].growth_rates.size(), 2U);
  EXPECT_EQ(rows[1].growth_rates[1], core::Decimal::parse("0.05").value());
  EXPECT_EQ(rows[2].multipliers, (std::vector<std::uint16_t>{40, 100})) << "no order has 99999999";
  EXPECT_EQ(rows[2].cancellations.at(1).to_string(), "60m");
  EXPECT_EQ(rows[3].barrier_choices.at(1), "2.5");
}

TEST(OfferingsDecoder, TheOlderDialectsCallWithABarrierIsHigherAndWhatStartsLaterIsLeftOut) {
  const auto read = offerings(
      json::array(
          {{{"contract_type", "CALL"}, {"expiry_type", "tick"}, {"barriers", 1}},
           {{"contract_type", "PUT"}, {"expiry_type", "tick"}, {"barriers", 1}},
           {{"contract_type", "PUT"}, {"expiry_type", "tick"}, {"barriers", 0}},
           {{"contract_type", "CALL"}, {"expiry_type", "intraday"}, {"start_type", "forward"}}}),
      kV3Names);
  ASSERT_TRUE(read) << read.error().text;
  ASSERT_EQ(read->types(), (std::vector<std::string_view>{"HIGHER", "LOWER", "PUT"}));
}

TEST(OfferingsDecoder, WhatIsMissingOrMalformedIsAnError) {
  EXPECT_EQ(offerings(json::array({{{"expiry_type", "tick"}}})).error().text,
            "contracts_for.contract_type is missing");
  EXPECT_EQ(
      offerings(json::array(
                    {{{"contract_type", "CALL"}, {"expiry_type", "tick"}, {"min_stake", "much"}}}))
          .error()
          .text,
      "contracts_for.min_stake is not a number");
  EXPECT_EQ(decoded(R"({"msg_type":"contracts_for","contracts_for":{}})").error().text,
            "contracts_for.available is missing");
  json many = json::array();
  for (int i = 0; i < 401; ++i)
    many.push_back({{"contract_type", "CALL"}, {"expiry_type", "tick"}});
  EXPECT_EQ(offerings(many).error().text, "contracts_for.available has too many elements");
}

json day_of(const std::string& symbol, json open, json close) {
  return {{"name", symbol},
          {"underlying_symbol", symbol},
          {"events", json::array()},
          {"trading_days", {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}},
          {"times", {{"open", open}, {"close", close}, {"settlement", "23:59:59"}}}};
}
json times_of(json days) {
  return {{"msg_type", "trading_times"},
          {"trading_times",
           {{"markets",
             {{{"name", "Forex"}, {"submarkets", {{{"name", "Major"}, {"symbols", days}}}}}}}}}};
}

TEST(TradingTimesDecoder, FindsTheSymbolsBelowMarketsAndSubmarkets) {
  const auto read = decoded(
      times_of({day_of("frxEURUSD", {"00:00:00", "13:00:00"}, {"12:00:00", "23:59:59"})}).dump());
  ASSERT_TRUE(read) << read.error().text;
  const auto& rows = std::get<TradingTimesPayload>(read->payload).rows;
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].symbol, "frxEURUSD");
  EXPECT_EQ(rows[0].day.open.at(1), "13:00:00");
  EXPECT_EQ(rows[0].day.days.size(), 7U);
  EXPECT_EQ(decoded(R"({"msg_type":"trading_times","trading_times":{"markets":7}})").error().text,
            "trading_times is not a list");
}

// ---- the session ----

constexpr std::int64_t kSaturday = 1'795'824'000;  // 2026-11-28 00:00 UTC

class MarketQuestions : public ::testing::Test {
 protected:
  static SessionSettings settings() {
    SessionSettings s;
    s.endpoint = "https://venue.test/";
    s.public_only = true;
    s.asks_market = true;
    return s;
  }
  MarketQuestions() : session(settings(), wire, hearer, rng) {
    hearer.state_hook = [this](SessionState state) {
      if (state == SessionState::kReconciling) session.reconciled(now);
    };
  }
  void answer(const json& request, json frame) {
    frame["req_id"] = request.at("req_id");
    std::string text = frame.dump();
    const auto size = text.size();
    text.resize(size + 64);
    session.on_frame({text.data(), size}, text.size(), now);
  }
  std::vector<json> asked(const std::string& key) const {
    std::vector<json> out;
    for (const auto& frame : wire.sent) {
      if (frame.contains(key)) out.push_back(frame);
    }
    return out;
  }
  json last(const std::string& key) const { return asked(key).back(); }
  void pass(core::Duration d) {
    now.instant = now.instant + d;
    if (const auto at = session.next_deadline(); at && *at <= now.instant) session.on_deadline(now);
  }
  void go_live(std::int64_t at = kSaturday + 3600) {
    session.start(now);
    pass(seconds(1));
    link_up(at);
  }
  void link_up(std::int64_t at) {
    session.on_open(now);
    for (int i = 0; i < 2; ++i) {
      answer(last("time"), {{"msg_type", "time"}, {"time", at}});
    }
    answer(last("active_symbols"),
           {{"msg_type", "active_symbols"},
            {"active_symbols",
             {{{"underlying_symbol", "R_100"}, {"pip_size", 0.01}, {"market", "synthetic_index"}},
              {{"underlying_symbol", "frxEURUSD"}, {"pip_size", 0.00001}, {"market", "forex"}}}}});
  }
  json offers() const {
    return {
        {"msg_type", "contracts_for"},
        {"contracts_for", {{"available", {{{"contract_type", "CALL"}, {"expiry_type", "tick"}}}}}}};
  }

  core::Now now;
  core::Rng rng{7};
  FakeWire wire;
  Recorder hearer;
  Session session;
  std::size_t pongs = 0;
};

TEST_F(MarketQuestions, OffersAreAskedForOncePerSymbolAndHoursOnlyOfWhatCloses) {
  session.set_symbols({"R_100"}, 0, now);
  go_live();
  ASSERT_EQ(session.state(), SessionState::kLive);
  ASSERT_EQ(asked("contracts_for").size(), 1U);
  EXPECT_EQ(last("contracts_for")["contracts_for"], "R_100");
  answer(last("contracts_for"), offers());
  EXPECT_EQ(hearer.heard,
            (std::vector<std::string>{"symbols 2",
                                      fmt::format("offerings R_100 1 at {}", kSaturday + 3600)}));
  EXPECT_TRUE(asked("trading_times").empty()) << "an index of the venue's own never closes";
  session.on_closed(0, "lost", now);
  pass(minutes(1));
  link_up(kSaturday + 3700);
  EXPECT_EQ(asked("contracts_for").size(), 1U) << "what is offered lasts for hours";
  session.on_closed(0, "lost", now);
  pass(std::chrono::hours(7));
  link_up(kSaturday + 7 * 3600);
  EXPECT_EQ(asked("contracts_for").size(), 2U);
}

TEST_F(MarketQuestions, DaysAreAskedForUntilTheMarketOpensAgain) {
  session.set_symbols({"frxEURUSD"}, 0, now);
  go_live();
  const auto closed = times_of({day_of("frxEURUSD", {"--"}, {"--"})});
  ASSERT_EQ(asked("trading_times").size(), 1U);
  EXPECT_EQ(last("trading_times")["trading_times"], "2026-11-28");
  answer(last("trading_times"), closed);
  ASSERT_EQ(asked("trading_times").size(), 2U);
  EXPECT_EQ(last("trading_times")["trading_times"], "2026-11-29");
  answer(last("trading_times"), closed);
  ASSERT_EQ(asked("trading_times").size(), 3U) << "closed on both days: what comes behind them?";
  answer(last("trading_times"), times_of({day_of("frxEURUSD", {"00:00:00"}, {"23:59:59"})}));
  EXPECT_EQ(asked("trading_times").size(), 3U);
  EXPECT_EQ(hearer.heard.back(), fmt::format("hours frxEURUSD until {}", kSaturday + 3 * 86'400));
}

TEST_F(MarketQuestions, AClosedMarketIsAskedForAgainAtItsOpening) {
  session.set_symbols({"frxEURUSD"}, 0, now);
  go_live(kSaturday + 86'400 - 60);  // a minute before Sunday, when it opens
  answer(last("trading_times"), times_of({day_of("frxEURUSD", {"--"}, {"--"})}));
  answer(last("trading_times"), times_of({day_of("frxEURUSD", {"00:00:00"}, {"23:59:59"})}));
  const auto refuse = [&] {
    answer(
        last("ticks"),
        {{"msg_type", "tick"},
         {"error", {{"code", "MarketIsClosed"}, {"message", "This market is presently closed."}}}});
  };
  refuse();
  const auto before = asked("ticks").size();
  for (int i = 0; i < 5; ++i) {
    pass(seconds(10));
    while (asked("ping").size() > pongs) {
      ++pongs;
      answer(last("ping"), {{"msg_type", "ping"}, {"ping", "pong"}});
    }
  }
  EXPECT_EQ(asked("ticks").size(), before) << "nothing can have changed";
  pass(seconds(12));
  EXPECT_EQ(asked("ticks").size(), before + 1);
}

TEST_F(MarketQuestions, AVenueThatWillNotSayIsToldAndNotAskedForEver) {
  session.set_symbols({"frxEURUSD"}, 0, now);
  go_live();
  answer(last("contracts_for"),
         {{"msg_type", "contracts_for"},
          {"error", {{"code", "OfferingsInvalidSymbol"}, {"message", "There's no contract"}}}});
  EXPECT_EQ(hearer.heard.back(), "refused frxEURUSD OfferingsInvalidSymbol");
  EXPECT_EQ(asked("contracts_for").size(), 1U);
}

}  // namespace
}  // namespace derivd::deriv::test
