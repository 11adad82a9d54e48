#include "script/wire.hpp"

#include <gtest/gtest.h>

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

TEST(ScriptWire, EveryMessageToAScriptIsReadAsItWasWritten) {
  Event trade{
      3, 1'700'000'000, {}, Trade{4, "77", "CALL", "won", "1.00", "1.95", "0.95", "", "", 1, 2}};
  trade.own.wins_in_row = 2;
  trade.own.last_profit = core::Money::minor(95);
  for (const auto& message :
       {ToScript{full_setup()}, ToScript{PastTick{1, -5, 4}}, ToScript{PastTick{1, 5, 4, 8}},
        ToScript{Reset{}}, ToScript{Event{4, 5, {}, WatchedTick{1'700'000'000, 123'456, 4, 2}}},
        ToScript{Event{1, 2, {}, Tick{1'700'000'000, 123'456, 2}}}, ToScript{trade},
        ToScript{Event{2, 3, {}, Denied{5, "cooldown"}}},
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
  EXPECT_EQ(sentence(failure), "dip.js:7: Error: no");
  EXPECT_EQ(sentence({0, "", "gone"}), "gone");
}

TEST(ScriptWire, EachCutAndEachLongerBodyIsRefused) {
  for (const auto& body :
       {body_of(FromScript{full_answer()}), body_of(FromScript{Failure{1, "a", "b"}})}) {
    for (std::size_t n = 0; n < body.size(); ++n) {
      EXPECT_FALSE(decode_from_script(std::string_view(body).substr(0, n))) << n;
    }
    EXPECT_FALSE(decode_from_script(body + '\0'));
  }
  const auto setup = body_of(ToScript{full_setup()});
  for (std::size_t n = 0; n < setup.size(); ++n) {
    EXPECT_FALSE(decode_to_script(std::string_view(setup).substr(0, n))) << n;
  }
}

TEST(ScriptWire, AMessageOfTheOtherDirectionIsRefused) {
  EXPECT_FALSE(decode_from_script(body_of(ToScript{full_setup()})));
  EXPECT_FALSE(decode_to_script(body_of(FromScript{full_answer()})));
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
