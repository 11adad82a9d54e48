// The frames of derivctl top: what is on them, and that they fit a terminal of any size.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "derivctl/table.hpp"
#include "derivctl/top_frame.hpp"
#include "derivctl/top_memory.hpp"

namespace derivd::ctl {
namespace {

using nlohmann::ordered_json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

ordered_json strategy(std::string_view name, std::string_view status = "running") {
  return {{"name", name},     {"symbol", "R_100"},
          {"status", status}, {"reason", ""},
          {"trades", 12},     {"won", 7},
          {"open", 1},        {"profit", "-3.10"},
          {"silent", false},  {"tick_age_s", 0.4},
          {"refused", 0},     {"refused_until", nullptr},
          {"refusal", ""},    {"last_decision", "no signal"}};
}

ordered_json limit(std::string_view name, std::string_view left, std::string_view of,
                   const ordered_json& of_strategy = nullptr) {
  return {{"strategy", of_strategy}, {"limit", name}, {"left", left}, {"of", of}};
}

ordered_json order(int id, std::string_view profit, std::string_view time) {
  return {{"order_id", std::to_string(id)},
          {"type", "DIGITODD"},
          {"symbol", "R_100"},
          {"stake", "0.35"},
          {"state", "settled"},
          {"outcome", profit.front() == '-' ? "lost" : "won"},
          {"profit", profit},
          {"settled_time_utc", time}};
}

TopView view_of(std::vector<ordered_json> strategies) {
  TopView view;
  view.status = {{"state", "live"},
                 {"account", "DOT90000010"},
                 {"account_type", "demo"},
                 {"currency", "USD"},
                 {"balance", "10002.35"},
                 {"mode", "live"},
                 {"problem", ""},
                 {"day_profit", "2.94"},
                 {"day_trades", 12},
                 {"open_contracts", 1},
                 {"open_stake", "0.35"},
                 {"unknown_orders", 0},
                 {"tick_age_s", 0.4},
                 {"reconnects", 2},
                 {"venue_time_utc", nullptr},
                 {"limits", {limit("daily_loss", "10.36", "20.00")}},
                 {"strategies", std::move(strategies)}};
  view.status["symbols"] = {{{"symbol", "R_100"}, {"tick_age_s", 0.4}, {"late", false}}};
  view.positions = {{{"contract_id", "268738000009"},
                     {"strategy", "parity"},
                     {"type", "DIGITODD"},
                     {"symbol", "R_100"},
                     {"stake", "0.35"},
                     {"value", nullptr},
                     {"left_s", 250}}};
  view.selected = "parity";
  return view;
}

std::string text_of(const FrameLine& line) {
  std::string text;
  for (const auto& span : line) text += span.text;
  return text;
}

std::string text_of(const std::vector<FrameLine>& lines) {
  std::string text;
  for (const auto& line : lines) text += text_of(line) + "\n";
  return text;
}

TEST(TopMemory, StrategiesAreAskedAboutWhenSomethingHappenedToThem) {
  TopMemory memory;
  auto view = view_of({strategy("parity"), strategy("dip")});
  EXPECT_THAT(memory.stirred(view.status), ElementsAre("parity", "dip"));
  EXPECT_THAT(memory.stirred(view.status), IsEmpty());
  view.status["strategies"][1]["trades"] = 13;
  EXPECT_THAT(memory.stirred(view.status), ElementsAre("dip"));
  view.status["strategies"][0]["status"] = "halted";
  EXPECT_THAT(memory.stirred(view.status), ElementsAre("parity"));
}

TEST(TopMemory, AnOrderCountsOnceHoweverOftenItIsTold) {
  TopMemory memory;
  const ordered_json told{
      {"strategy", "parity"},
      {"orders",
       {order(2, "-0.35", "2026-11-29T12:00:09Z"), order(1, "0.33", "2026-11-29T12:00:05Z")}}};
  memory.take(told);
  memory.take(told);
  EXPECT_THAT(memory.curve("parity"), ElementsAre(0.33, testing::DoubleNear(-0.02, 1e-9)));
  EXPECT_THAT(memory.curve("dip"), IsEmpty());
  const auto events = memory.events(10);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].time, "2026-11-29 12:00:05");
  EXPECT_EQ(events[0].text, "parity won 0.33 DIGITODD R_100 stake 0.35");
  EXPECT_EQ(events[0].paint, out::Paint::kGood);
  EXPECT_EQ(events[1].text, "parity lost -0.35 DIGITODD R_100 stake 0.35");
  EXPECT_EQ(events[1].paint, out::Paint::kBad);
  EXPECT_EQ(memory.events(1)[0].text, events[1].text);
}

TEST(TopMemory, HaltsStandAmongTheOrders) {
  TopMemory memory;
  memory.take({{"strategy", "parity"},
               {"orders", {order(1, "0.33", "2026-11-29T12:00:05Z")}},
               {"halts",
                {{{"time", "2026-11-29 12:00:07 UTC"},
                  {"of", "strategy"},
                  {"halted", true},
                  {"kind", "stop_loss"},
                  {"reason", "lost 5.00"}},
                 {{"time", "2026-11-29 12:00:03 UTC"},
                  {"of", "account"},
                  {"halted", false},
                  {"kind", ""},
                  {"reason", ""}}}}});
  const auto events = memory.events(10);
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0].text, "the account resumed");
  EXPECT_EQ(events[2].text, "parity halted (stop_loss): lost 5.00");
}

TEST(TopMemory, ForgetsTheOldest) {
  TopMemory memory;
  for (int first = 1; first <= 4000; first += 50) {
    auto orders = ordered_json::array();
    for (int i = first; i < first + 50; ++i) {
      orders.push_back(
          order(i, "1.00", fmt::format("2026-11-29T{:02}:{:02}:00Z", i / 60 % 24, i % 60)));
    }
    memory.take({{"strategy", "parity"}, {"orders", orders}});
  }
  EXPECT_EQ(memory.curve("parity").size(), TopMemory::kMaxKept);
  EXPECT_EQ(memory.events(5000).size(), TopMemory::kMaxKept);
}

TEST(TopMemory, AnswersThatAreNoneDoNoHarm) {
  TopMemory memory;
  memory.take(nullptr);
  memory.take({{"strategy", 7}, {"orders", {{"error", "locked"}}}, {"halts", "none"}});
  memory.take({{"strategy", "a"}, {"orders", {{{"order_id", "x"}, {"profit", "1"}}, 5}}});
  EXPECT_THAT(memory.stirred("gone"), IsEmpty());
  EXPECT_THAT(memory.events(10), IsEmpty());
}

TEST(TopFrame, ShowsTheAccountAndItsParts) {
  TopMemory memory;
  memory.take({{"strategy", "parity"}, {"orders", {order(1, "0.33", "2026-11-29T12:00:05Z")}}});
  const auto text = text_of(top_frame(view_of({strategy("parity")}), memory, {80, 24}));
  for (const auto* words :
       {"connected", "demo DOT90000010", "balance 10002.35 USD", "today 2.94 in 12 trades",
        "daily_loss", "[#########.........]", "10.36 of 20.00 left", "> parity", "running", "-3.10",
        "7/12", "no signal", "268738000009", "4m10s", "R_100 0.4 s", "12:00:05",
        "parity won 0.33 DIGITODD R_100 stake 0.35", "q leave"}) {
    EXPECT_THAT(text, HasSubstr(words));
  }
}

TEST(TopFrame, WhatBecameOfTheLastWishStandsBeforeTheProgramsPlace) {
  auto row = strategy("bot");
  row["reason"] = "its program: before purchase";
  row["last_decision"] = "max_stake: 15.00";
  const auto shown = [&] { return text_of(top_frame(view_of({row}), {}, {80, 24})); };
  EXPECT_THAT(shown(), HasSubstr("max_stake: 15.00"));
  row["last_decision"] = "";
  EXPECT_THAT(shown(), HasSubstr("its program:"));
  row["last_decision"] = "max_stake: 15.00";
  row["reason"] = "paused until 12:00 after 3 losses";
  EXPECT_THAT(shown(), HasSubstr("paused until")) << "a guard holds it back";
  row["status"] = "halted";
  row["reason"] = "an error";
  EXPECT_THAT(shown(), HasSubstr("an error"));
}

TEST(TopFrame, RealMoneyIsRedAndPaperSaysSo) {
  auto view = view_of({});
  view.status["account_type"] = "real";
  auto line = top_frame(view, {}, {80, 24}).front();
  EXPECT_THAT(text_of(line), HasSubstr("REAL DOT90000010"));
  EXPECT_TRUE(std::any_of(line.begin(), line.end(), [](const Span& s) {
    return s.paint == out::Paint::kBad && s.text.starts_with("REAL");
  }));
  view.status["mode"] = "paper";
  line = top_frame(view, {}, {80, 24}).front();
  EXPECT_THAT(text_of(line), HasSubstr("PAPER"));
  EXPECT_THAT(text_of(line), Not(HasSubstr("REAL")));
}

TEST(TopFrame, FitsEverySize) {
  std::vector<ordered_json> many;
  for (int i = 0; i < 40; ++i) many.push_back(strategy(fmt::format("strategy-{}-ÄÖÜ", i)));
  auto view = view_of(many);
  TopMemory memory;
  for (int i = 1; i < 60; ++i) {
    memory.take({{"strategy", "parity"},
                 {"orders", {order(i, "0.33", fmt::format("2026-11-29T12:00:{:02}Z", i))}}});
  }
  for (std::size_t rows = 1; rows < 70; ++rows) {
    for (const std::size_t columns : {1U, 2U, 7U, 20U, 79U, 80U, 81U, 200U}) {
      const auto lines = top_frame(view, memory, {columns, rows});
      ASSERT_EQ(lines.size(), rows) << columns;
      for (const auto& line : lines) ASSERT_LE(width_of(text_of(line)), columns) << rows;
    }
  }
}

TEST(TopFrame, SaysWhatDoesNotFit) {
  std::vector<ordered_json> many;
  for (int i = 0; i < 40; ++i) many.push_back(strategy(fmt::format("s{}", i)));
  const auto text = text_of(top_frame(view_of(many), {}, {80, 24}));
  EXPECT_THAT(text, HasSubstr("s0 "));
  EXPECT_THAT(text, ::testing::ContainsRegex("… [0-9]+ more"));
  const auto whole = text_of(top_frame(view_of(many), {}, {80, 0}));
  EXPECT_THAT(whole, HasSubstr("s39"));
  EXPECT_THAT(whole, Not(HasSubstr(" more")));
}

TEST(TopFrame, TheChosenStrategyIsAlwaysThere) {
  std::vector<ordered_json> many;
  for (int i = 0; i < 40; ++i) many.push_back(strategy(fmt::format("s{}", i)));
  auto view = view_of(many);
  for (int i = 0; i < 40; ++i) {
    view.selected = fmt::format("s{}", i);
    EXPECT_THAT(text_of(top_frame(view, {}, {80, 24})), HasSubstr(fmt::format("> s{} ", i)));
  }
}

TEST(TopFrame, TheNewestEventsStay) {
  TopMemory memory;
  for (int i = 1; i < 60; ++i) {
    memory.take({{"strategy", "parity"},
                 {"orders", {order(i, "0.33", fmt::format("2026-11-29T12:00:{:02}Z", i))}}});
  }
  const auto text = text_of(top_frame(view_of({strategy("parity")}), memory, {80, 24}));
  EXPECT_THAT(text, HasSubstr("12:00:59"));
  EXPECT_THAT(text, Not(HasSubstr("12:00:01")));
}

TEST(TopFrame, TroubleAndQuestionsAreSeen) {
  auto view = view_of({strategy("parity")});
  view.problem = "derivd does not answer";
  view.prompt = "halt parity? [y/N]";
  auto& row = view.status["strategies"][0];
  row["silent"] = true;
  row["tick_age_s"] = 35.0;
  const auto lines = top_frame(view, {}, {100, 24});
  EXPECT_THAT(text_of(lines), HasSubstr("derivd does not answer"));
  EXPECT_THAT(text_of(lines), HasSubstr("SILENT"));
  EXPECT_THAT(text_of(lines), HasSubstr("no ticks of R_100 for 35.0 s"));
  EXPECT_THAT(text_of(lines.back()), HasSubstr("halt parity? [y/N]"));
}

TEST(TopFrame, NoByteOfAnAnswerSteersTheTerminal) {
  auto view = view_of({strategy("a\x1b[2Jb\x07")});
  view.status["account"] = "x\x1b]0;evil\x07";
  for (const char c : text_of(top_frame(view, {}, {80, 24}))) {
    EXPECT_TRUE(c == '\n' || (c & 0x80) != 0 || c >= ' ') << static_cast<int>(c);
  }
}

TEST(Sparkline, GoesFromLowToHighAndKeepsTheNewest) {
  EXPECT_EQ(sparkline({0, 7, 3.5}, 10), "▁█▅");
  EXPECT_EQ(sparkline({5, 5}, 10), "▅▅");
  EXPECT_EQ(sparkline({9, 0, 1}, 2), "▁█");
  EXPECT_EQ(sparkline({}, 5), "");
  EXPECT_EQ(sparkline({1}, 0), "");
}

}  // namespace
}  // namespace derivd::ctl
