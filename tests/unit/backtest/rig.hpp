// A back-test over ticks that a test writes down.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "backtest/backtest.hpp"
#include "backtest/result_json.hpp"

namespace derivd::backtest::test {

inline core::Money usd(std::string_view text) { return core::Money::parse(text).value(); }

/// Buys at every run of `streak`, flat 1.00, nothing limited.
inline engine::StrategySettings strategy(std::string_view name, std::string_view type,
                                         std::int64_t streak = 1,
                                         std::string_view symbol = "1HZ100V") {
  engine::StrategySettings s;
  s.name = name;
  s.type = std::string(type);
  s.symbol = market::SymbolCode(symbol);
  if (type != "digit_differs") s.params["streak"] = streak;
  s.staking.base = usd("1.00");
  return s;
}

struct Rig {
  Options options;
  std::vector<std::string> symbols;
  std::deque<std::vector<market::TickRow>> rows;  // as symbols
  std::vector<Trade> trades;

  Rig() {
    options.payouts =
        Payouts::parse(
            "DIGITODD=1.95,DIGITEVEN=1.95,CALL=1.95,PUT=1.95,DIGITDIFF=1.09,HIGHER=2,LOWER=2")
            .value();
  }

  /// From `begin`, one a second; the last digits are what matters.
  void ticks(std::int64_t begin, const std::vector<std::int64_t>& mantissas,
             std::string_view symbol = "1HZ100V") {
    auto& list = of(symbol);
    for (const auto m : mantissas) list.push_back({{begin++}, m});
  }
  std::vector<market::TickRow>& of(std::string_view symbol) {
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      if (symbols[i] == symbol) return rows[i];
    }
    symbols.emplace_back(symbol);
    return rows.emplace_back();
  }

  core::Result<Result> try_run() {
    trades.clear();
    std::deque<market::RowSource> sources;
    std::vector<Tape> tapes;
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      tapes.push_back({market::SymbolCode(symbols[i]), &sources.emplace_back(rows[i])});
    }
    return run(options, tapes, [this](const Trade& t) { trades.push_back(t); });
  }
  Result run_all() { return try_run().value(); }
};

}  // namespace derivd::backtest::test
