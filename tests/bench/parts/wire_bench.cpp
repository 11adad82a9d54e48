// What a frame costs on its way in, by its kind, and a purchase on its way out. The payloads are
// made up here, in the form and length of those of the venue, with its echo of the request.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "deriv/decoder.hpp"
#include "deriv/encoder.hpp"

namespace derivd::deriv {
namespace {

std::string tick() {
  return R"({"echo_req":{"req_id":7,"subscribe":1,"ticks":"1HZ100V"},"msg_type":"tick","req_id":7,)"
         R"("subscription":{"id":"d0d2c2b5-7f5b-4a4e-9f6f-2f0c4f3f4b1a"},"tick":{"ask":1234.66,)"
         R"("bid":1234.46,"epoch":1767225600,"id":"d0d2c2b5-7f5b-4a4e-9f6f-2f0c4f3f4b1a",)"
         R"("pip_size":2,"quote":1234.56,"symbol":"1HZ100V"}})";
}

std::string buy() {
  return R"({"buy":{"balance_after":9999.65,"buy_price":0.35,"contract_id":290738827928,)"
         R"("longcode":"Win payout if the last digit of Volatility 100 (1s) Index is odd after 1 )"
         R"(tick.","payout":0.68,"purchase_time":1767225601,"shortcode":)"
         R"("DIGITODD_1HZ100V_0.68_1767225601_1T","start_time":1767225601,"transaction_id":)"
         R"(579255439748},"echo_req":{"buy":"1","parameters":{"amount":0.35,"basis":"stake",)"
         R"("contract_type":"DIGITODD","currency":"USD","duration":1,"duration_unit":"t",)"
         R"("underlying_symbol":"1HZ100V"},"price":0.35,"req_id":4711},"msg_type":"buy",)"
         R"("req_id":4711})";
}

std::string open_contract() {
  return R"({"echo_req":{"contract_id":290738827928,"proposal_open_contract":1,"req_id":4712,)"
         R"("subscribe":1},"msg_type":"proposal_open_contract","proposal_open_contract":{)"
         R"("account_id":"DOT90000001","barrier_count":1,"bid_price":"0.68","buy_price":"0.35",)"
         R"("contract_id":290738827928,"contract_type":"DIGITODD","currency":"USD",)"
         R"("current_spot":"1234.57","current_spot_time":1767225602,"date_expiry":1767225603,)"
         R"("date_settlement":1767225603,"date_start":1767225601,"display_name":)"
         R"("Volatility 100 (1s) Index","entry_spot":"1234.57","entry_spot_time":1767225602,)"
         R"("exit_spot":"1234.57","exit_spot_time":1767225602,"expiry_time":1767225603,)"
         R"("is_expired":1,"is_forward_starting":0,"is_intraday":1,"is_path_dependent":0,)"
         R"("is_settleable":1,"is_sold":1,"is_valid_to_cancel":0,"is_valid_to_sell":0,)"
         R"("longcode":"Win payout if the last digit of Volatility 100 (1s) Index is odd after 1 )"
         R"(tick.","payout":"0.68","profit":"0.33","profit_percentage":94.29,"purchase_time":)"
         R"(1767225601,"sell_price":"0.68","sell_spot":"1234.57","sell_spot_time":1767225602,)"
         R"("sell_time":1767225604,"shortcode":"DIGITODD_1HZ100V_0.68_1767225601_1T","status":)"
         R"("won","tick_count":1,"tick_stream":[{"epoch":1767225602,"tick":1234.57,)"
         R"("tick_display_value":"1234.57"}],"transaction_ids":{"buy":579255439748,"sell":)"
         R"(579255441208},"underlying_symbol":"1HZ100V"},"req_id":4712,"subscription":{"id":)"
         R"("a4f3c1b0-20f1-4d9b-8a52-0b7c1f6a3f77"}})";
}

/// What a strategy asks for at a start: 1000 ticks.
std::string history() {
  std::string prices;
  std::string times;
  for (int i = 0; i < 1000; ++i) {
    fmt::format_to(std::back_inserter(prices), "{}1{:03}.{:02}", i == 0 ? "" : ",",
                   200 + i * 7 % 97, i * 31 % 100);
    fmt::format_to(std::back_inserter(times), "{}{}", i == 0 ? "" : ",", 1'767'225'600 + i);
  }
  return fmt::format(
      R"({{"echo_req":{{"adjust_start_time":1,"count":1000,"end":"latest","req_id":3,"style":)"
      R"("ticks","ticks_history":"1HZ100V"}},"history":{{"prices":[{}],"times":[{}]}},)"
      R"("msg_type":"history","pip_size":2,"req_id":3}})",
      prices, times);
}

void decode(benchmark::State& state, std::string text, Message kind) {
  const auto size = text.size();
  text.append(64, '\0');  // as the socket's buffer has it: the frame is not copied
  Decoder decoder(kOptionsNames);
  Frame frame;
  for (auto _ : state) {
    const auto read =
        decoder.decode(std::string_view(text).substr(0, size), text.size(), frame).has_value();
    if (!read || frame.message != kind) std::abort();
    benchmark::DoNotOptimize(frame);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size));
}

void decode_tick(benchmark::State& state) { decode(state, tick(), Message::kTick); }
BENCHMARK(decode_tick);

void decode_buy(benchmark::State& state) { decode(state, buy(), Message::kBuy); }
BENCHMARK(decode_buy);

void decode_open_contract(benchmark::State& state) {
  decode(state, open_contract(), Message::kContract);
}
BENCHMARK(decode_open_contract);

void decode_history(benchmark::State& state) { decode(state, history(), Message::kHistory); }
BENCHMARK(decode_history);

void encode_buy(benchmark::State& state) {
  const auto rules = make_rules(Dialect::kOptions);
  const Encoder encoder(*rules);
  market::ContractSpec spec;
  spec.type = market::ContractType::kDigitOver;
  spec.symbol = "1HZ100V";
  spec.duration = {1, market::ContractDuration::Unit::kTicks};
  spec.set_digit(4);
  std::string out;
  std::int64_t id = 4711;
  for (auto _ : state) {
    encoder.buy(out, ++id, spec, core::Money::minor(35), "USD");
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(encode_buy);

}  // namespace
}  // namespace derivd::deriv
