#include "backtest/dbot_run.hpp"

#include <fmt/format.h>

#include <array>

#include "core/counted.hpp"
#include "market/symbol.hpp"

namespace derivd::backtest {

core::Result<DbotResult> run_dbot(const DbotOptions& options, market::TickSource& source,
                                  const OnTrade& on_trade, const OnMessage& on_message) {
  const auto* symbol = options.symbols.find(options.symbol);
  if (symbol == nullptr) {
    return core::invalid(fmt::format("{} is not a symbol that derivd knows", options.symbol));
  }
  const auto asked = options.program->prompts.size();
  if (options.answers.size() < asked) {
    return core::invalid(fmt::format("the program asks {}, {} answered",
                                     core::counted(asked, "question"),
                                     core::counted(options.answers.size(), "is", "are")));
  }
  engine::StrategySettings s;
  s.name = "dbot";
  s.type = "dbot";
  s.symbol = options.symbol;
  s.listed = *symbol;
  s.program.file = options.file;
  s.program.answers = options.answers;
  s.program.seed = options.seed;
  s.program.program = options.program;
  Options all;
  all.settings.symbols = options.symbols;
  all.settings.strategies.push_back(std::move(s));
  all.payouts = options.payouts;
  all.payouts.price_on(options.symbols);
  all.balance = options.balance;
  all.warmup = options.warmup;
  all.on_message = on_message;
  const std::array tapes{Tape{options.symbol, &source}};
  auto run = backtest::run(all, tapes, on_trade);
  if (!run) return run.error();
  DbotResult out;
  out.strategy = std::move(run->strategies.front());
  out.ticks = run->ticks;
  out.balance = run->balance;
  out.started = out.strategy.program && out.strategy.program->phase != "not started";
  return out;
}

}  // namespace derivd::backtest
