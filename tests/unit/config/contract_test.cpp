// `contract:` of a strategy: what each type needs, what none of its types has a use for, and how
// each value is written.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.hpp"
#include "engine/spec.hpp"
#include "market/kind.hpp"
#include "market/symbol.hpp"

namespace derivd::config {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string text_of(std::string_view type, std::string_view contract) {
  return fmt::format(
      "strategies:\n  - name: a\n    type: {}\n    symbol: 1HZ100V\n    contract: {{ {} }}\n"
      "    staking: {{ base: 1.00 }}\n",
      type, contract);
}

std::string problem(std::string_view type, std::string_view contract) {
  const auto loaded = load_text(text_of(type, contract));
  const auto* problems = std::get_if<std::vector<Problem>>(&loaded);
  return problems == nullptr ? "" : format(problems->front(), "f");
}
std::string problem(std::string_view contract) { return problem("random", contract); }

/// The texts of everything that the strategy may buy.
std::vector<std::string> specs(std::string_view type, std::string_view contract) {
  const auto loaded = load_text(text_of(type, contract));
  const auto* problems = std::get_if<std::vector<Problem>>(&loaded);
  EXPECT_EQ(problems, nullptr) << format(problems->front(), "f");
  std::vector<std::string> out;
  if (problems != nullptr) return out;
  const auto& s = std::get<Config>(loaded).engine.strategies[0];
  for (const auto& [signal, varies] : engine::buyables(s)) {
    out.push_back(market::encode(engine::make_spec(s, signal, 2).value()));
  }
  return out;
}
std::string spec(std::string_view contract) { return specs("random", contract).at(0); }

TEST(Contract, KeysMakeTheContract) {
  EXPECT_EQ(spec("type: ONETOUCH, duration: 5m, barrier: +0.60"), "ONETOUCH 1HZ100V 5m +0.60");
  EXPECT_EQ(spec("type: NOTOUCH, duration: 5t, barrier: -0.6"), "NOTOUCH 1HZ100V 5t -0.60");
  EXPECT_EQ(spec("type: HIGHER, duration: 5m, barrier: \"812.30\""), "HIGHER 1HZ100V 5m 812.30");
  EXPECT_EQ(spec("type: HIGHER, duration: 5m, barrier: '+0.10'"), "HIGHER 1HZ100V 5m +0.10");
  EXPECT_EQ(spec("type: RANGE, duration: 5m, barrier: +1, barrier2: -2"),
            "RANGE 1HZ100V 5m +1.00 -2.00");
  EXPECT_EQ(spec("type: EXPIRYMISS, until: \"2026-12-01 16:00 UTC\", barrier: 700, barrier2: 690"),
            "EXPIRYMISS 1HZ100V until:1796140800 700.00 690.00");
  EXPECT_EQ(spec("type: TICKHIGH, duration: 5t, selected_tick: 3"), "TICKHIGH 1HZ100V 5t tick=3");
  EXPECT_EQ(spec("type: DIGITMATCH, prediction: 7"), "DIGITMATCH 1HZ100V 1t =7");
  EXPECT_EQ(spec("type: ACCU, growth: 3%, take_profit: 2.00"),
            "ACCU 1HZ100V - growth=0.03 take_profit=2.00");
  EXPECT_EQ(spec("type: MULTUP, multiplier: 100, stop_loss: 1.00"),
            "MULTUP 1HZ100V - multiplier=100 stop_loss=1.00");
  EXPECT_EQ(spec("type: MULTUP, multiplier: 100, cancellation: 15m"),
            "MULTUP 1HZ100V - multiplier=100 cancellation=15m");
  EXPECT_EQ(spec("type: TURBOSLONG, duration: 5m, payout_per_point: 3"),
            "TURBOSLONG 1HZ100V 5m point=3");
  EXPECT_EQ(spec("type: VANILLALONGCALL, duration: 1m, barrier: +0.00"),
            "VANILLALONGCALL 1HZ100V 1m +0.00");
  EXPECT_EQ(spec("type: CALL, duration: 5m, basis: payout"), "CALL 1HZ100V 5m basis=payout");
}

TEST(Contract, UpAndDownAreTheStrategysFirstAndSecond) {
  EXPECT_THAT(specs("rise_fall", "type: [RUNHIGH, RUNLOW], duration: 3t"),
              testing::ElementsAre("RUNHIGH 1HZ100V 3t", "RUNLOW 1HZ100V 3t"));
  const auto loaded = load_text(text_of("rise_fall", "type: [PUT, CALL], duration: 3t"));
  const auto& s = std::get<Config>(loaded).engine.strategies[0];
  const auto bought = [&](market::ContractType type) {
    return market::name_of(engine::in_types_of(s, {type}).type);
  };
  EXPECT_EQ(bought(market::ContractType::kCall), "PUT");
  EXPECT_EQ(bought(market::ContractType::kPut), "CALL");
  const auto one = load_text(text_of("rise_fall", "type: ASIANU, duration: 5t"));
  const auto& single = std::get<Config>(one).engine.strategies[0];
  EXPECT_EQ(market::name_of(engine::in_types_of(single, {market::ContractType::kPut}).type),
            "ASIANU");
}

TEST(Contract, WithoutATypeTheBarrierIsAMagnitude) {
  EXPECT_THAT(specs("higher_lower", "duration: 5t, barrier: 0.10"),
              testing::ElementsAre("HIGHER 1HZ100V 5t +0.10", "LOWER 1HZ100V 5t -0.10"));
  EXPECT_THAT(problem("higher_lower", "duration: 5t, barrier: -0.10"),
              HasSubstr("contract.barrier: is a magnitude for higher_lower"));
}

TEST(Contract, EveryTypeSaysWhatItNeedsWithItsLine) {
  EXPECT_EQ(problem("type: ONETOUCH, duration: 5m"),
            "f:2:5: strategies[0].contract.barrier: is required by ONETOUCH: +0.10 from the entry, "
            "or a quote (strategy a)");
  EXPECT_THAT(problem("type: RANGE, duration: 5m, barrier: +1"),
              HasSubstr("contract.barrier2: is required by RANGE"));
  EXPECT_THAT(problem("type: TICKLOW, duration: 5t"),
              HasSubstr("contract.selected_tick: is required by TICKLOW: 1 to 5"));
  EXPECT_THAT(problem("type: DIGITOVER"), HasSubstr("contract.prediction: is required by"));
  EXPECT_THAT(problem("type: ACCU"), HasSubstr("contract.growth: is required by ACCU"));
  EXPECT_THAT(problem("type: MULTUP"), HasSubstr("contract.multiplier: is required by MULTUP"));
  EXPECT_THAT(problem("type: TURBOSLONG, duration: 5m"),
              HasSubstr("contract.barrier: is required by TURBOSLONG"));
}

TEST(Contract, WhatATypeHasNoUseForIsRefused) {
  const auto useless = [](std::string_view contract) {
    EXPECT_THAT(problem(contract), HasSubstr("has no meaning for ")) << contract;
  };
  useless("type: CALL, duration: 5m, barrier: +0.10");
  useless("type: ONETOUCH, duration: 5m, barrier: +0.10, barrier2: -0.10");
  useless("type: ASIANU, duration: 5t, prediction: 3");
  useless("type: ASIANU, duration: 5t, selected_tick: 3");
  useless("type: CALL, duration: 5m, growth: 0.03");
  useless("type: ACCU, growth: 0.03, stop_loss: 1.00");
  useless("type: ACCU, growth: 0.03, duration: 5t");
  useless("type: RUNHIGH, until: \"2026-12-01 16:00 UTC\"");
  EXPECT_THAT(problem("even_odd", "type: CALL"),
              HasSubstr("contract.type: has no meaning for type even_odd"));
  EXPECT_THAT(problem("digit_differs", "prediction: 3"), HasSubstr("has no meaning"));
  EXPECT_THAT(problem("type: ACCU, growth: 0.03, basis: payout"),
              HasSubstr("contract.basis: ACCU has no payout"));
}

TEST(Contract, LengthsAreThoseOfTheType) {
  EXPECT_THAT(problem("type: ONETOUCH, duration: 1m, barrier: +1"),
              HasSubstr("Trading is not offered for this duration.; allowed: 5t to 10t, or a time "
                        "from 2m"));
  EXPECT_THAT(problem("type: RUNHIGH, duration: 6t"),
              HasSubstr("must be between 2 and 5.; allowed: 2t to 5t"));
  EXPECT_THAT(problem("type: ASIANU, duration: 5m"),
              HasSubstr("count in ticks; allowed: 5t to 10t"));
  EXPECT_THAT(problem("type: TICKHIGH, duration: 4t, selected_tick: 1"), HasSubstr("allowed: 5t"));
  EXPECT_THAT(problem("type: CALL, duration: 5m, until: \"2026-12-01 16:00 UTC\""),
              HasSubstr("contract.until: stands beside contract.duration"));
}

TEST(Contract, ValuesAreRefusedInTheirForm) {
  EXPECT_THAT(problem("type: ONETOUHC"), HasSubstr("did you mean 'ONETOUCH'?"));
  EXPECT_THAT(problem("type: [CALL, PUT, CALLE]"), HasSubstr("allowed: one, or two"));
  EXPECT_THAT(problem("type: HIGHER, barrier: abc"), HasSubstr("'abc' is no barrier"));
  EXPECT_THAT(problem("type: HIGHER, barrier: 1e3"), HasSubstr("is no barrier"));
  EXPECT_THAT(problem("type: HIGHER, duration: 5t, barrier: +0.105"),
              HasSubstr("1HZ100V has 2 decimals"));
  EXPECT_THAT(problem("type: RANGE, duration: 5m, barrier: -1, barrier2: +1"),
              HasSubstr("The high barrier must be above the low one."));
  for (const auto* bad : {"0.06", "6%", "x", "0.015"}) {
    EXPECT_THAT(problem(fmt::format("type: ACCU, growth: {}", bad)), HasSubstr("no growth rate"));
  }
  for (const auto* bad : {"2026-12-01", "\"2026-12-01 16:00\"", "\"2026-13-01 16:00 UTC\"",
                          "\"2026-12-01 24:00 UTC\"", "\"2026-2-01 16:00 UTC\""}) {
    EXPECT_THAT(problem(fmt::format("type: CALL, until: {}", bad)), HasSubstr("is no end")) << bad;
  }
  EXPECT_THAT(problem("type: MULTUP, multiplier: 100, cancellation: 90m"),
              HasSubstr("no time of a deal cancellation"));
  EXPECT_THAT(problem("type: MULTUP, multiplier: 100, cancellation: 15m, take_profit: 1.00"),
              HasSubstr("contract.cancellation: stands beside contract.take_profit"));
  EXPECT_THAT(problem("type: MULTUP, multiplier: 100, cancellation: 15m, stop_loss: 1.00"),
              HasSubstr("contract.cancellation: stands beside contract.stop_loss"));
  const auto jump = load_text(
      "strategies:\n  - name: a\n    type: random\n    symbol: JD100\n    contract: { type: "
      "MULTUP, "
      "multiplier: 10, cancellation: 15m }\n    staking: { base: 1.00 }\n");
  ASSERT_TRUE(std::holds_alternative<std::vector<Problem>>(jump));
  EXPECT_THAT(format(std::get<std::vector<Problem>>(jump).front(), "f"),
              HasSubstr("sells deal cancellation on volatility indices alone, and JD100 is none"));
  EXPECT_THAT(problem("type: CALL, duration: 5m, cancellation: 15m"),
              HasSubstr("contract.cancellation: has no meaning for CALL"));
}

}  // namespace
}  // namespace derivd::config
