// The same tape gives the same bytes, today and in the next version: the whole output of a
// back-test that has a bit of everything, by its checksum. One that changes means that results of
// yesterday cannot be compared with those of today: a changed rule, which the contract must have
// changed first, or a fault.
//
// tape.csv is made up: a random walk with the form of 1HZ100V over a midnight, some ticks missing.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "backtest/backtest.hpp"
#include "backtest/result_json.hpp"
#include "store/tick_csv.hpp"

namespace derivd::backtest {
namespace {

core::Money usd(std::string_view text) { return core::Money::parse(text).value(); }

engine::StrategySettings strategy(std::string_view name, std::string_view type,
                                  std::string_view plan, std::string_view duration) {
  engine::StrategySettings s;
  s.name = name;
  s.type = std::string(type);
  s.symbol = "1HZ100V";
  if (type != "digit_differs") s.params["streak"] = 2;
  s.contract.duration = market::ContractDuration::parse(duration).value();
  if (type == "higher_lower") s.contract.barrier = core::Decimal{10, 2};
  s.staking.plan = std::string(plan);
  s.staking.base = usd("0.50");
  s.staking.factor = {21, 1};
  s.staking.max_steps = 5;
  s.session.stop_loss = usd("40.00");
  return s;
}

Options everything() {
  Options o;
  auto& list = o.settings.strategies;
  list = {strategy("parity", "even_odd", "martingale", "1t"),
          strategy("trend", "rise_fall", "oscars_grind", "15s"),
          strategy("other digit", "digit_differs", "one_three_two_six", "3t"),
          strategy("barrier", "higher_lower", "dalembert", "5t")};
  list[0].session.trailing = true;
  list[1].guards.cooldown = std::chrono::seconds(7);
  list[1].guards.max_open = 2;
  list[2].guards.after_losses = risk::AfterLosses{1, std::chrono::seconds(90)};
  list[2].guards.min_payout_ratio = core::Decimal{5, 2};
  list[3].guards.max_trades_per_hour = 60;
  list[3].session.take_profit = usd("6.00");
  o.settings.limits.max_open_contracts = 4;
  o.settings.limits.daily_loss = usd("60.00");
  o.settings.limits.max_trades_per_day = 700;
  o.balance = usd("150.00");
  return o;
}

std::string output(const Options& options) {
  const auto path = std::string(DERIVD_SOURCE) + "/tests/replay/backtest/tape.csv";
  const auto csv = store::TickCsv::open(path, *market::find_symbol("1HZ100V")).value();
  const Tape tape{"1HZ100V", csv.get()};
  ResultJson json(options, {&tape, 1});
  std::string text;
  json.begin(text);
  const auto result =
      run(options, {&tape, 1}, [&](const Trade& trade) { json.trade(text, trade); });
  json.end(text, result.value());
  return text;
}

/// FNV-1a.
std::uint64_t checksum(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash;
}

void expect_same(const Options& options, std::size_t size, std::uint64_t sum) {
  const auto text = output(options);
  EXPECT_EQ(text.size(), size);
  EXPECT_EQ(checksum(text), sum) << fmt::format("{:#x}", checksum(text)) << text.substr(0, 2000)
                                 << "…" << text.substr(text.size() - 1200);
  EXPECT_EQ(output(options), text);
}

TEST(SameBytes, AtOnce) { expect_same(everything(), 116334, 0xf39400747f812f54); }

TEST(SameBytes, AsLateAsANetwork) {
  auto options = everything();
  options.settle_delay = std::chrono::seconds(2);
  options.latency_ticks = 1;
  expect_same(options, 158307, 0x2e571f7252bbe058);
}

TEST(SameBytes, WithRatiosAndLittleMoney) {
  auto options = everything();
  options.payouts = Payouts::parse(
                        "DIGITODD=1.95,DIGITEVEN=1.95,CALL=1.9,PUT=1.9,DIGITDIFF=1.0965,HIGHER=2.4,"
                        "LOWER=2.4")
                        .value();
  options.balance = usd("6.00");
  expect_same(options, 8452, 0xd1b96a774953ac28);
}

}  // namespace
}  // namespace derivd::backtest
