#include "deriv/quick_tick.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace derivd::deriv {
namespace {

constexpr std::string_view kEcho = R"("echo_req":{"req_id":7,"subscribe":1,"ticks":"1HZ100V"})";
constexpr std::string_view kType = R"("msg_type":"tick")";
constexpr std::string_view kId = R"("req_id":7)";
constexpr std::string_view kStream = R"("subscription":{"id":"d0d2c2b5-7f5b"})";
constexpr std::string_view kTick =
    R"("tick":{"ask":1234.66,"bid":-0.5,"epoch":1767225600,"id":"d0d2c2b5-7f5b","pip_size":2,)"
    R"("quote":1234.50,"symbol":"1HZ100V"})";

std::string frame_of(const std::vector<std::string_view>& fields) {
  return fmt::format("{{{}}}", fmt::join(fields, ","));
}
std::string usual() { return frame_of({kEcho, kType, kId, kStream, kTick}); }

/// What stands behind the frame is as bad as it can be: it would go on.
bool takes(std::string text, Frame& out, std::string_view behind = "\"\"}},,00") {
  const auto size = text.size();
  text.append(behind);
  return read_quick_tick(std::string_view(text).substr(0, size), out);
}
bool takes(const std::string& text) {
  Frame out;
  return takes(text, out);
}

std::string with(std::string_view from, std::string_view to) {
  auto text = usual();
  const auto at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error("nothing to replace");
  return text.replace(at, from.size(), to);
}

TEST(QuickTick, ReadsEveryFieldAsItIsWritten) {
  Frame frame;
  ASSERT_TRUE(takes(usual(), frame));
  EXPECT_EQ(frame.message, Message::kTick);
  EXPECT_EQ(frame.msg_type, "tick");
  EXPECT_EQ(frame.req_id, 7);
  EXPECT_EQ(frame.stream, "d0d2c2b5-7f5b");
  EXPECT_FALSE(frame.error);
  const auto& tick = std::get<TickPayload>(frame.payload);
  EXPECT_EQ(tick.symbol, "1HZ100V");
  EXPECT_EQ(tick.tick.epoch.s, 1767225600);
  EXPECT_EQ(tick.tick.quote.mantissa, 123450);
  EXPECT_EQ(tick.tick.quote.scale, 2);
  EXPECT_EQ(tick.decimals, 2);
}

TEST(QuickTick, TakesTheFieldsInAnyOrder) {
  std::vector<std::string_view> fields{kEcho, kType, kId, kStream, kTick};
  std::sort(fields.begin(), fields.end());
  int orders = 0;
  do {
    Frame frame;
    ASSERT_TRUE(takes(frame_of(fields), frame)) << frame_of(fields);
    ASSERT_EQ(std::get<TickPayload>(frame.payload).tick.quote.mantissa, 123450);
    ++orders;
  } while (std::next_permutation(fields.begin(), fields.end()));
  EXPECT_EQ(orders, 120);
}

TEST(QuickTick, TakesATickWithoutWhatMayBeMissing) {
  Frame frame;
  ASSERT_TRUE(takes(usual(), frame));
  ASSERT_TRUE(takes(
      R"({"tick":{"quote":5,"epoch":0,"symbol":"R_10"},"msg_type":"tick","req_id":0})", frame));
  EXPECT_EQ(frame.req_id, 0);
  EXPECT_TRUE(frame.stream.empty());
  const auto& tick = std::get<TickPayload>(frame.payload);
  EXPECT_EQ(tick.symbol, "R_10");
  EXPECT_EQ(tick.tick.quote.scale, 0);
  EXPECT_FALSE(tick.decimals);
}

TEST(QuickTick, NothingOfTheFrameBeforeStays) {
  Frame frame;
  frame.message = Message::kBuy;
  frame.msg_type = "buy";
  frame.req_id = 3;
  frame.stream = std::string(128, 's');
  frame.error = ApiError{"Code", "Sub", "words"};
  frame.payload.emplace<HistoryPayload>().ticks.resize(9);
  Frame fresh;
  ASSERT_TRUE(takes(usual(), frame));
  ASSERT_TRUE(takes(usual(), fresh));
  EXPECT_EQ(frame.message, fresh.message);
  EXPECT_EQ(frame.msg_type, fresh.msg_type);
  EXPECT_EQ(frame.req_id, fresh.req_id);
  EXPECT_EQ(frame.stream, fresh.stream);
  EXPECT_FALSE(frame.error);
  EXPECT_EQ(frame.payload.index(), fresh.payload.index());
}

TEST(QuickTick, LeavesTheFrameAloneThatItDoesNotTake) {
  Frame frame;
  ASSERT_TRUE(takes(usual(), frame));
  auto other = with("1HZ100V\"}}", "R_100\"}}");
  other.back() = ']';
  ASSERT_FALSE(takes(other, frame));
  EXPECT_EQ(std::get<TickPayload>(frame.payload).symbol, "1HZ100V");
  EXPECT_EQ(frame.req_id, 7);
}

TEST(QuickTick, TakesNumbersUpToTheirBounds) {
  EXPECT_TRUE(takes(with("1234.50", "999999999999999999")));
  EXPECT_TRUE(takes(with("1234.50", "0.00000000000000001")));
  EXPECT_TRUE(takes(with("1767225600", "9999999999")));
  EXPECT_TRUE(takes(with(R"("pip_size":2)", R"("pip_size":12)")));
  EXPECT_TRUE(takes(with(R"(100V"}})", fmt::format(R"({}"}}}})", std::string(26, 'V')))));
  EXPECT_TRUE(takes(
      with(R"("d0d2c2b5-7f5b"},"tick)", fmt::format(R"("{}"}},"tick)", std::string(128, 's')))));
}

class NoPlainTick : public testing::TestWithParam<std::array<std::string_view, 2>> {};

TEST_P(NoPlainTick, IsLeftToTheDecoder) {
  const auto& [from, to] = GetParam();
  EXPECT_FALSE(takes(with(from, to))) << with(from, to);
}

INSTANTIATE_TEST_SUITE_P(Numbers, NoPlainTick,
                         testing::ValuesIn(std::vector<std::array<std::string_view, 2>>{
                             {"1234.50", "1e3"},
                             {"1234.50", "-1234.50"},
                             {"1234.50", "+1"},
                             {"1234.50", "01"},
                             {"1234.50", "1."},
                             {"1234.50", ".5"},
                             {"1234.50", ""},
                             {"1234.50", "1.2.3"},
                             {"1234.50", "1234567890123456789"},
                             {"1234.50", "0.0000000000000000001"},
                             {"1234.50", R"("1234.50")"},
                             {"1234.50", "null"},
                             {"1234.50", "NaN"},
                             {"1767225600", "10000000000"},
                             {"1767225600", "-1"},
                             {"1767225600", "1767225600.0"},
                             {"1767225600", R"("1767225600")"},
                             {R"("pip_size":2)", R"("pip_size":13)"},
                             {R"("pip_size":2)", R"("pip_size":2.0)"},
                             {R"("req_id":7,"subscription)", R"("req_id":-7,"subscription)"},
                             {R"("req_id":7,"subscription)", R"("req_id":7.5,"subscription)"},
                             {R"("req_id":7,"subscription)", R"("req_id":null,"subscription)"},
                             {"-0.5", "-"},
                             {"-0.5", "--1"},
                             {"-0.5", "1e5"},
                         }));

INSTANTIATE_TEST_SUITE_P(Texts, NoPlainTick,
                         testing::ValuesIn(std::vector<std::array<std::string_view, 2>>{
                             {R"(1HZ100V"}})", R"(1HZ1\u0030V"}})"},
                             {R"(1HZ100V"}})", "1HZ100V\n\"}}"},
                             {R"(1HZ100V"}})", "1HZ100V\x7f\"}}"},
                             {R"(1HZ100V"}})", "1HZ\xc3\xa4\"}}"},
                             {R"(1HZ100V"}})", "1HZ\xff\"}}"},
                             {R"(1HZ100V"}})", R"(AAAAAAAAAABBBBBBBBBBCCCCCCCCCCD"}})"},
                             {R"(1HZ100V"}})", R"(1HZ100V}})"},
                             {R"("quote")", R"("qu\u006fte")"},
                             {R"("quote")", R"("Quote")"},
                             {R"("quote")", "quote"},
                             {R"("msg_type":"tick")", R"("msg_type":"ticks")"},
                             {R"("msg_type":"tick")", R"("msg_type":"buy")"},
                             {R"("msg_type":"tick")", R"("msg_type":1)"},
                         }));

INSTANTIATE_TEST_SUITE_P(
    Forms, NoPlainTick,
    testing::ValuesIn(std::vector<std::array<std::string_view, 2>>{
        {R"("req_id":7,"subscription)", R"("req_id":7,"req_id":7,"subscription)"},
        {R"("req_id":7,"subscription)", R"("subscription)"},
        {R"("msg_type":"tick")", R"("msg_type":"tick","msg_type":"tick")"},
        {R"("msg_type":"tick",)", ""},
        {R"("epoch":1767225600,)", R"("epoch":1767225600,"epoch":1767225600,)"},
        {R"("epoch":1767225600,)", ""},
        {R"("quote":1234.50,)", R"("quote":1234.50,"quote":1234.50,)"},
        {R"("quote":1234.50,)", ""},
        {R"(,"symbol":"1HZ100V")", R"(,"symbol":"1HZ100V","symbol":"1HZ100V")"},
        {R"(,"symbol":"1HZ100V")", ""},
        {R"("pip_size":2)", R"("pip_size":2,"pip_size":2)"},
        {R"({"id":"d0d2c2b5-7f5b"})", R"({"id":"a","id":"b"})"},
        {R"({"id":"d0d2c2b5-7f5b"})", R"("id")"},
        {R"({"id":"d0d2c2b5-7f5b"})", R"({"id":7})"},
        {R"("req_id":7,"subscription)",
         R"("req_id":7,"error":{"code":"X","message":"y"},"subscription)"},
        {R"("req_id":7,"subscription)", R"("req_id":7,"buy":{},"subscription)"},
        {R"("subscribe":1)", R"("subscribe":[1])"},
        {R"("subscribe":1)", R"("subscribe":{"a":1})"},
        {R"("subscribe":1)", R"("subscribe":true)"},
        {R"("subscribe":1)", R"("subscribe" :1)"},
        {R"("subscribe":1,)", R"("subscribe":1,,)"},
        {R"("subscribe":1,)", R"("subscribe":1)"},
        {R"({"echo_req")", R"( {"echo_req")"},
        {R"(1HZ100V"}})", R"(1HZ100V"}} )"},
        {R"(1HZ100V"}})", R"(1HZ100V"}}})"},
        {R"(1HZ100V"}})", R"(1HZ100V"})"},
        {R"(1HZ100V"}})", R"(1HZ100V",}})"},
        {R"({"echo_req")", R"([{"echo_req")"},
    }));

TEST(QuickTick, TakesNoPartOfAFrame) {
  const auto text = usual();
  for (std::size_t n = 0; n < text.size(); ++n) {
    Frame out;
    // Even where the rest of the frame lies behind the part.
    EXPECT_FALSE(takes(text.substr(0, n), out, text.substr(n) + "        ")) << text.substr(0, n);
  }
}

}  // namespace
}  // namespace derivd::deriv
