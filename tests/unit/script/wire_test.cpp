#include "script/wire.hpp"

#include <gtest/gtest.h>

#include "script/ahead.hpp"
#include "script/lengths.hpp"
#include "script/settings.hpp"

namespace derivd::script {
namespace {

Setup full_setup() {
  Setup s;
  s.strategy = "dip";
  s.file = "dip.js";
  s.text = "function onTick() {}\n";
  s.symbol = "R_100";
  s.decimals = 2;
  s.candles = 60;
  s.answers = R"({"a":[1]})";
  s.config = R"({"name":"dip"})";
  s.state = R"({"n":1})";
  s.stake = "0.35";
  s.cpu_us = 50'000;
  s.memory = 64 * kMebibyte;
  s.seed = 7;
  s.only_check = true;
  s.watch = {{"R_50", 4}, {"frxEURUSD", 5}};
  return s;
}

Answer full_answer() {
  Answer a;
  a.sequence = 9;
  a.cpu_us = 120;
  a.wishes = {{1, "CALL", "5t", "+0.10", std::nullopt, "0.35"}, {2, "DIGITOVER", "", "", 0, ""}};
  a.sales = {1, 2};
  a.logs = {"one", ""};
  a.state = "{}";
  return a;
}

/// The frame of one message, without its length.
template <class Message>
std::string body_of(const Message& message) {
  std::string bytes;
  encode(message, bytes);
  Frames frames;
  frames.add(bytes);
  const auto body = frames.next();
  EXPECT_TRUE(body && *body);
  return std::string(**body);
}

Ticks full_ticks() {
  Ticks t;
  t.sequence = 12;
  t.own.losses_in_row = 3;
  t.own.session_profit = core::Money::minor(-105);
  t.decimals = 2;
  t.quotes = {{1'700'000'000, 123'456}, {1'700'000'002, 123'460}};
  return t;
}

TEST(ScriptWire, EveryMessageToAScriptIsReadAsItWasWritten) {
  Event trade{
      3, 1'700'000'000, {}, Trade{4, "77", "CALL", "won", "1.00", "1.95", "0.95", "", "", 1, 2}};
  trade.own.wins_in_row = 2;
  trade.own.last_profit = core::Money::minor(95);
  for (const auto& message :
       {ToScript{full_setup()}, ToScript{PastTick{1, -5, 4}}, ToScript{PastTick{1, 5, 4, 8}},
        ToScript{Reset{}}, ToScript{Event{4, 5, {}, WatchedTick{1'700'000'000, 123'456, 4, 2}}},
        ToScript{Event{1, 2, {}, Tick{1'700'000'000, 123'456, 2}}}, ToScript{trade},
        ToScript{Event{2, 3, {}, Denied{5, "cooldown"}}}, ToScript{Rehearse{}},
        ToScript{PastCandles{900, 2, true, {{{1, 4, 1, 3}, {900}}, {{3, 3, 2, 2}, {1800}}}, 1}}}) {
    const auto body = body_of(message);
    const auto read = decode_to_script(body);
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_EQ(read->index(), message.index());
    EXPECT_EQ(body_of(*read), body);
  }
  const auto read = decode_to_script(body_of(ToScript{trade}));
  const auto& event = std::get<Event>(*read);
  EXPECT_EQ(std::get<Trade>(event.what), std::get<Trade>(trade.what));
  EXPECT_EQ(event.own.wins_in_row, 2);
  EXPECT_EQ(event.own.last_profit, core::Money::minor(95));
  EXPECT_EQ(std::get<script::Setup>(*decode_to_script(body_of(ToScript{full_setup()}))),
            full_setup());
}

TEST(ScriptWire, WhatOnlyABackTestSaysIsReadAsItWasWritten) {
  const auto body = body_of(full_ticks());
  const auto read = decode_to_process(body);
  ASSERT_TRUE(read) << read.error().text;
  const auto& ticks = std::get<Ticks>(*read);
  EXPECT_EQ(body_of(ticks), body);
  ASSERT_EQ(ticks.quotes.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_TRUE(is_same(event_of(ticks, i), event_of(full_ticks(), i)));
  }
  const Quiet quiet{3, 700};
  EXPECT_EQ(std::get<Quiet>(*decode_from_process(body_of(quiet))), quiet);
  EXPECT_FALSE(decode_from_process(body_of(Quiet{3, 0})));
  EXPECT_FALSE(decode_from_process(body_of(Quiet{3, kMaxTicks + 1})));
  // All others as ever.
  const auto reset = decode_to_process(body_of(ToScript{Reset{}}));
  EXPECT_TRUE(std::holds_alternative<Reset>(std::get<ToScript>(*reset)));
  const auto answer = decode_from_process(body_of(FromScript{full_answer()}));
  EXPECT_EQ(std::get<Answer>(std::get<FromScript>(*answer)), full_answer());
  EXPECT_FALSE(decode_to_process("\x7f"));
  EXPECT_FALSE(decode_from_process("\x7f"));
}

TEST(ScriptWire, TicksAreEventsOneAfterTheOther) {
  const auto ticks = full_ticks();
  const Event second{13, 1'700'000'002, ticks.own, Tick{1'700'000'002, 123'460, 2}};
  EXPECT_TRUE(is_same(event_of(ticks, 1), second));
  // Each part of it counts where two are compared.
  for (const auto& other :
       {Event{14, second.time, second.own, second.what}, Event{13, 1, second.own, second.what},
        Event{13, second.time, {}, second.what},
        Event{13, second.time, second.own, Tick{1'700'000'002, 123'461, 2}},
        Event{13, second.time, second.own, Denied{}}}) {
    EXPECT_FALSE(is_same(event_of(ticks, 1), other));
  }
}

TEST(ScriptWire, TicksHaveABoundAndAreSome) {
  const std::size_t count_at = body_of(full_ticks()).size() - 2 * 16 - 2;
  auto body = body_of(full_ticks());
  body[count_at] = 0;
  EXPECT_FALSE(decode_to_process(body.substr(0, count_at + 2)));
  auto most = full_ticks();
  most.quotes.resize(kMaxTicks);
  body = body_of(most);
  EXPECT_TRUE(decode_to_process(body));
  body += std::string(16, '\1');
  ++body[count_at];
  EXPECT_FALSE(decode_to_process(body));
}

TEST(ScriptWire, PastCandlesComeInPartsOfWhichTheLastSaysSo) {
  std::vector<rules::Candle::Closed> past;
  for (int i = 0; i < 2500; ++i) past.push_back({{i + 2, i + 4, i + 1, i + 3}, {i * 60}});
  std::vector<rules::Candle::Closed> read;
  const auto parts = past_candles({60}, 2, past);
  ASSERT_EQ(parts.size(), 3U);
  for (const auto& part : parts) {
    const auto decoded = decode_to_script(body_of(part));
    ASSERT_TRUE(decoded) << decoded.error().text;
    const auto& message = std::get<PastCandles>(*decoded);
    EXPECT_EQ(message, std::get<PastCandles>(part));
    EXPECT_EQ(message.is_last, &part == &parts.back());
    read.insert(read.end(), message.candles.begin(), message.candles.end());
  }
  EXPECT_EQ(read, past);
  auto body = body_of(parts.back());
  body[1 + 4 + 1 + 1 + 1 + 1] = '\x7f';  // more rows than a message may have
  EXPECT_FALSE(decode_to_script(body));
}

TEST(ScriptWire, EveryMessageOfAScriptIsReadAsItWasWritten) {
  const auto answer = decode_from_script(body_of(FromScript{full_answer()}));
  ASSERT_TRUE(answer);
  EXPECT_EQ(std::get<Answer>(*answer), full_answer());
  const Ready ready{kVersion, "seccomp"};
  EXPECT_EQ(std::get<Ready>(*decode_from_script(body_of(FromScript{ready}))), ready);
  const Failure failure{3, "dip.js:7", "Error: no"};
  EXPECT_EQ(std::get<Failure>(*decode_from_script(body_of(FromScript{failure}))), failure);
  const Rehearsed rehearsed{full_answer()};
  EXPECT_EQ(std::get<Rehearsed>(*decode_from_script(body_of(FromScript{rehearsed}))), rehearsed);
  EXPECT_FALSE(decode_to_script(body_of(FromScript{rehearsed})));
  EXPECT_FALSE(decode_from_script(body_of(ToScript{Rehearse{}})));
  EXPECT_FALSE(decode_to_script(body_of(ToScript{Rehearse{}}) + '\0')) << "it has no fields";
  EXPECT_EQ(sentence(failure), "dip.js:7: Error: no");
  EXPECT_EQ(sentence({0, "", "gone"}), "gone");
}

TEST(ScriptWire, EachCutAndEachLongerBodyIsRefused) {
  for (const auto& body : {body_of(FromScript{full_answer()}),
                           body_of(FromScript{Failure{1, "a", "b"}}), body_of(Quiet{1, 2})}) {
    for (std::size_t n = 0; n < body.size(); ++n) {
      EXPECT_FALSE(decode_from_process(std::string_view(body).substr(0, n))) << n;
    }
    EXPECT_TRUE(decode_from_process(body));
    EXPECT_FALSE(decode_from_process(body + '\0'));
  }
  const auto setup = body_of(ToScript{full_setup()});
  for (std::size_t n = 0; n < setup.size(); ++n) {
    EXPECT_FALSE(decode_to_script(std::string_view(setup).substr(0, n))) << n;
  }
  const auto ticks = body_of(full_ticks());
  for (std::size_t n = 0; n < ticks.size(); ++n) {
    EXPECT_FALSE(decode_to_process(std::string_view(ticks).substr(0, n))) << n;
  }
  EXPECT_FALSE(decode_to_process(ticks + '\0'));
}

TEST(ScriptWire, AMessageOfTheOtherDirectionIsRefused) {
  EXPECT_FALSE(decode_from_script(body_of(ToScript{full_setup()})));
  EXPECT_FALSE(decode_to_script(body_of(FromScript{full_answer()})));
  EXPECT_FALSE(decode_from_process(body_of(full_ticks())));
  EXPECT_FALSE(decode_to_process(body_of(Quiet{1, 1})));
  // Nobody asks ahead but a back-test.
  EXPECT_FALSE(decode_to_script(body_of(full_ticks())));
  EXPECT_FALSE(decode_from_script(body_of(Quiet{1, 1})));
  EXPECT_FALSE(decode_from_script("\x7f"));
}

TEST(ScriptWire, MoreThanABoundIsRefused) {
  auto answer = full_answer();
  answer.wishes.resize(kMaxWishes + 1, answer.wishes.front());
  EXPECT_FALSE(decode_from_script(body_of(FromScript{answer})));
  answer.wishes.resize(kMaxWishes);
  EXPECT_TRUE(decode_from_script(body_of(FromScript{answer})));
  answer.state = std::string(kMaxState, 'x');
  EXPECT_TRUE(decode_from_script(body_of(FromScript{answer})));
  answer.state->push_back('x');
  EXPECT_FALSE(decode_from_script(body_of(FromScript{answer})));
}

TEST(ScriptWire, APlaceBeyondTheWatchedSymbolsIsRefused) {
  for (const auto& [message, lowest] :
       {std::pair{ToScript{PastTick{1, 5, 4, 8}}, 0},
        std::pair{ToScript{Event{4, 5, {}, WatchedTick{1, 2, 4, 8}}}, 1}}) {
    auto body = body_of(message);
    for (int place = 0; place < 256; ++place) {
      body.back() = static_cast<char>(place);  // of both the last field
      EXPECT_EQ(decode_to_script(body).has_value(), place >= lowest && place <= 8) << place;
    }
  }
  auto setup = full_setup();
  setup.watch.resize(8);
  EXPECT_TRUE(decode_to_script(body_of(ToScript{setup})));
  EXPECT_EQ(std::get<script::Setup>(*decode_to_script(body_of(ToScript{setup}))), setup);
  // One more than there may be: its count stands before eight empty names with their decimals.
  auto body = body_of(ToScript{setup});
  body[body.size() - std::size_t{8 * 5} - 1] = 9;
  EXPECT_FALSE(decode_to_script(body + std::string(5, '\0')));
}

TEST(ScriptWire, FramesComeOutWholeHoweverTheyCameIn) {
  std::string bytes;
  encode(FromScript{full_answer()}, bytes);
  encode(FromScript{Failure{1, "a", "b"}}, bytes);
  Frames frames;
  std::vector<std::size_t> kinds;
  for (const char c : bytes) {
    frames.add({&c, 1});
    const auto body = frames.next();
    ASSERT_TRUE(body);
    if (*body) kinds.push_back(decode_from_script(**body)->index());
  }
  EXPECT_EQ(kinds, (std::vector<std::size_t>{1, 2}));
  EXPECT_EQ(frames.buffered(), 0u);
}

TEST(ScriptWire, FramesThatCameTogetherComeOutOneByOne) {
  std::string bytes;
  for (std::uint16_t n = 1; n <= 100; ++n) encode(Quiet{n, n}, bytes);
  Frames frames;
  frames.add(std::string_view(bytes).substr(0, bytes.size() - 1));
  std::uint16_t n = 0;
  for (auto body = frames.next(); body && *body; body = frames.next()) {
    EXPECT_EQ(std::get<Quiet>(*decode_from_process(**body)).count, ++n);
  }
  EXPECT_EQ(n, 99);
  frames.add(bytes.substr(bytes.size() - 1));
  const auto last = frames.next();
  ASSERT_TRUE(last && *last);
  EXPECT_EQ(std::get<Quiet>(*decode_from_process(**last)).count, 100);
  EXPECT_EQ(frames.buffered(), 0u);
}

TEST(ScriptWire, AFrameBeyondTheLongestIsRefusedBeforeItIsThere) {
  Frames frames;
  frames.add(std::string("\xff\xff\xff\x7f", 4));
  EXPECT_FALSE(frames.next());
  Frames empty;
  empty.add(std::string(4, '\0'));
  EXPECT_FALSE(empty.next());
}

}  // namespace
}  // namespace derivd::script
