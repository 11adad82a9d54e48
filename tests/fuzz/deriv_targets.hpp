// What the fuzz targets of deriv/ do with one input, apart from libFuzzer, so that the unit tests
// can play the committed corpus in every build.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "deriv/decoder.hpp"
#include "deriv/rest.hpp"
#include "deriv/saved_contract.hpp"
#include "deriv/session.hpp"

namespace derivd::deriv::fuzz {

inline void demand(bool holds) {
  if (!holds) std::abort();
}

/// Any bytes as a payload that somebody kept: what is understood is whole and can be audited.
inline void saved_contract(std::string_view input) {
  const auto saved = read_saved_contract(input);
  const auto* ticks_of = market::find_symbol("R_100");
  if (saved) {
    const auto& spec = saved->claim.order.spec;
    ticks_of = market::find_symbol(spec.symbol);
    demand(ticks_of != nullptr && !saved->type.empty());
    demand(saved->contract.value >= 0);
    for (const auto& tick : saved->ticks) {
      demand(tick.symbol == spec.symbol && tick.quote.decimals() == ticks_of->decimals);
    }
    for (const auto& audit :
         {execution::audit(saved->claim, saved->ticks), execution::audit(saved->claim, {})}) {
      demand((audit.verdict == execution::AuditVerdict::kDiffers) == !audit.differences.empty());
      for (const auto& d : audit.differences) demand(!d.field.empty());
    }
  } else {
    demand(!saved.error().text.empty() && saved.error().text.find('\n') == std::string::npos);
  }
  const auto ticks = read_saved_ticks(input, *ticks_of);
  if (!ticks) {
    const auto& why = ticks.error().text;
    return demand(!why.empty() && why.find('\n') == std::string::npos);
  }
  demand(!ticks->empty());
  for (const auto& tick : *ticks) demand(tick.quote.decimals() == ticks_of->decimals);
  if (saved) static_cast<void>(execution::audit(saved->claim, *ticks));
}

/// What a purchase that was understood must have.
inline void check_payload(const Frame& frame) {
  if (frame.error) {
    demand(!frame.error->code.empty() || frame.payload.index() == 0);
    demand(frame.payload.index() == 0);
  }
  if (const auto* bought = std::get_if<execution::Bought>(&frame.payload)) {
    demand(bought->contract.value > 0 && bought->transaction.value > 0);
    demand(bought->buy_price > core::Money{});
  }
  if (const auto* history = std::get_if<HistoryPayload>(&frame.payload)) {
    demand(history->ticks.size() <= kMaxRows);
  }
  if (const auto* candles = std::get_if<CandlesPayload>(&frame.payload)) {
    demand(candles->candles.size() <= static_cast<std::size_t>(market::kMostCandles));
  }
  if (const auto* contract = std::get_if<ContractPayload>(&frame.payload)) {
    if (contract->report) demand(contract->report->contract.value > 0);
  }
}

/// A tick has two ways through the decoder, and both read the same.
inline void check_same_tick(const Frame& a, const Frame& b) {
  const auto* one = std::get_if<TickPayload>(&a.payload);
  const auto* other = std::get_if<TickPayload>(&b.payload);
  if (one == nullptr) return;
  demand(a.req_id == b.req_id && a.stream == b.stream && a.msg_type == b.msg_type);
  demand(a.message == b.message && !a.error && !b.error);
  demand(one->symbol == other->symbol && one->decimals == other->decimals);
  demand(one->tick.epoch == other->tick.epoch);
  // As they are written, so that a price says the same of its decimals.
  demand(one->tick.quote.mantissa == other->tick.quote.mantissa);
  demand(one->tick.quote.scale == other->tick.quote.scale);
}

/// Any bytes as a frame of either dialect and as each REST answer.
inline void decode(std::string_view input) {
  static Decoder options(kOptionsNames);
  static Decoder v3(kV3Names);
  // An exact copy, so that a sanitizer sees a read beyond what the decoder was promised.
  const auto size = input.size();
  const auto copy = std::make_unique<char[]>(size + 64);
  for (std::size_t i = 0; i < size; ++i) copy[i] = input[i];
  for (auto* decoder : {&options, &v3}) {
    Frame frame;
    const auto result = decoder->decode({copy.get(), size}, size + 64, frame);
    if (result) check_payload(frame);
    if (!result) demand(!result.error().text.empty());
    Frame again;  // by the long way, which is that of a frame without room behind it
    demand(decoder->decode(input, size, again).has_value() == result.has_value());
    demand(again.payload.index() == frame.payload.index() || !result);
    if (result) check_same_tick(frame, again);
  }
  const auto accounts = rest::decode_accounts(input);
  if (accounts) demand(accounts->size() <= rest::kMaxAccounts);
  static_cast<void>(rest::decode_otp_url(input));
  static_cast<void>(rest::decode_refusal(input));
}

class DeafWire final : public Wire {
 public:
  void http(const HttpCall&) override {}
  void open(const std::string&) override {}
  void send(std::string_view frame) override { purchases += frame.starts_with("{\"buy\"") ? 1 : 0; }
  void close() override {}
  int purchases = 0;
};

/// Counts how often each purchase ends.
class Counting final : public SessionListener {
 public:
  void on_fact(const Fact& fact) override {
    std::visit([this](const auto& told) { on(told); }, fact);
  }
  void on(const fact::Tick& told) {
    demand(!told.tick.symbol.empty());
    if (session && orders < 40) buy();
  }
  void on(const fact::Bought& told) { end(told.order); }
  void on(const fact::Refused& told) { end(told.order); }
  void on(const fact::Unknown& told) { end(told.order); }
  /// Whatever is told is candles: rising, each within its own high and low.
  void on(const fact::Candles& told) {
    const auto& past = told.candles;
    demand(++candles == 1 && past.seconds == 60);
    core::VenueTime before{-1};
    for (const auto& c : past.candles) {
      demand(c.begins > before && c.begins >= past.from && c.begins.s % 60 == 0);
      demand(c.low > 0 && c.low <= std::min(c.open, c.close));
      demand(c.high >= std::max(c.open, c.close));
      before = c.begins;
    }
  }
  void on(const fact::CandlesRefused& told) { demand(++candles == 1 && !told.why.empty()); }
  void on(const auto&) {}

  void buy() {
    market::ContractSpec spec;
    spec.type = market::ContractType::kDigitOdd;
    spec.symbol = "R_100";
    spec.duration = {1, market::ContractDuration::Unit::kTicks};
    session->buy(core::OrderId{++orders}, spec, core::Money::minor(35), "", now);
  }
  void end(core::OrderId order) { demand(++ends[order.value] == 1); }

  Session* session = nullptr;
  core::Now now{{1'000'000'000}, {}, {}};
  std::int64_t orders = 0;
  int candles = 0;  // how often the question for them was answered
  std::map<std::int64_t, int> ends;
};

/// Frames, one a line, into a Live session that has purchases, watches, polls and a report pending.
inline void live_session(std::string_view input) {
  DeafWire wire;
  Counting listener;
  core::Rng rng(1);
  SessionSettings settings;
  settings.dialect = Dialect::kV3;
  settings.account = "demo";
  settings.app_id = "1";
  settings.token = core::Secret("t");
  Session session(std::move(settings), wire, listener, rng);
  auto& now = listener.now;
  const auto give = [&](std::string_view frame) { session.on_frame(frame, frame.size(), now); };
  session.start(now);
  session.on_open(now);
  give(R"({"msg_type":"authorize","req_id":1,"authorize":{"loginid":"VRTC1","currency":"USD",)"
       R"("is_virtual":1,"scopes":["read","trade"]}})");
  give(R"({"msg_type":"time","req_id":2,"time":1700000000})");
  give(
      R"({"msg_type":"balance","req_id":3,"balance":{"balance":1,"currency":"USD","loginid":"VRTC1"}})");
  give(R"({"msg_type":"transaction","req_id":4,"transaction":{}})");
  give(R"({"msg_type":"active_symbols","req_id":5,"active_symbols":[]})");
  session.reconciled(now);
  demand(session.state() == SessionState::kLive);
  listener.session = &session;
  session.set_symbols({"R_100"}, 10, now);   // 6
  session.watch(core::ContractId{1}, now);   // 7
  session.poll(core::ContractId{2}, now);    // 8
  session.ask_report({1'699'990'000}, now);  // 9: portfolio
  listener.buy();                            // 10
  session.sell(core::ContractId{1}, now);    // 11
  session.quote(core::OrderId{1000}, {}, core::Money::minor(35), now);
  session.ask_candles("R_100", 60, {1'699'990'020}, now);  // 12
  while (!input.empty()) {
    const auto line = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(input.size(), line.size() + 1));
    now.instant = now.instant + std::chrono::milliseconds(700);
    give(line);
    if (const auto at = session.next_deadline(); at && *at <= now.instant) session.on_deadline(now);
  }
  session.stop(now);
  now.instant = now.instant + std::chrono::minutes(1);
  session.on_deadline(now);
  now.instant = now.instant + std::chrono::minutes(1);
  session.on_deadline(now);
  demand(session.state() == SessionState::kOffline);
  for (std::int64_t order = 1; order <= listener.orders; ++order) demand(listener.ends[order] == 1);
  demand(wire.purchases <= listener.orders);
}

}  // namespace derivd::deriv::fuzz
