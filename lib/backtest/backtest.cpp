#include "backtest/backtest.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "backtest/driver.hpp"
#include "core/bounds.hpp"
#include "engine/spec.hpp"
#include "market/kind.hpp"
#include "market/symbol.hpp"

namespace derivd::backtest {
namespace {

bool has_tape(std::span<const Tape> tapes, const engine::StrategySettings& s) {
  return s.enabled && std::ranges::count(tapes, s.symbol, &Tape::symbol) > 0;
}

/// Without them none of its values would ever be ready, and it would look like one that waits.
core::Result<void> check_watched(const engine::StrategySettings& s, std::span<const Tape> tapes) {
  for (const auto& symbol : s.watch) {
    if (std::ranges::count(tapes, symbol, &Tape::symbol) > 0) continue;
    return core::invalid(
        fmt::format("ticks: strategy {} watches {}, whose ticks are not given; add --ticks {}=FILE",
                    s.name, symbol, symbol));
  }
  return {};
}

/// For whoever gave the ticks of another symbol: "; enabled: parity trades 1HZ100V, …".
std::string what_they_trade(const std::vector<engine::StrategySettings>& strategies) {
  constexpr std::ptrdiff_t kShown = 10;
  std::ptrdiff_t enabled = 0;
  std::string out;
  for (const auto& s : strategies) {
    if (!s.enabled || ++enabled > kShown) continue;
    out += fmt::format("{}{} trades {}", out.empty() ? "" : ", ", s.name, s.symbol);
  }
  if (enabled == 0) return "; none is enabled";
  return fmt::format("; enabled: {}{}", out,
                     enabled > kShown ? fmt::format(" and {} more", enabled - kShown) : "");
}

core::Result<void> check_tapes(const Options& options, std::span<const Tape> tapes) {
  for (std::size_t i = 0; i < tapes.size(); ++i) {
    const auto& symbol = tapes[i].symbol;
    if (options.settings.symbols.find(symbol) == nullptr) {
      return core::invalid(fmt::format("ticks: {} is not a symbol that derivd knows", symbol));
    }
    for (std::size_t k = 0; k < i; ++k) {
      if (tapes[k].symbol == symbol) {
        return core::invalid(fmt::format("ticks: {} is given twice; join its files", symbol));
      }
    }
  }
  const auto has_ticks = [&](const engine::StrategySettings& s) { return has_tape(tapes, s); };
  if (std::ranges::none_of(options.settings.strategies, has_ticks)) {
    return core::invalid(
        fmt::format("ticks: no enabled strategy trades a symbol whose ticks are given{}",
                    what_they_trade(options.settings.strategies)));
  }
  for (const auto& s : options.settings.strategies) {
    if (!has_ticks(s)) continue;
    if (auto r = check_watched(s, tapes); !r) return r;
  }
  return {};
}

/// What a position is worth here follows from the walk of its symbol.
core::Result<void> check_model(const engine::StrategySettings& s,
                               const market::ContractSpec& spec) {
  const auto& kind = market::kind_of(spec.type);
  const auto symbol = engine::symbol_of(s);
  const bool walks = kind.needs.growth || kind.entry == market::EntryRule::kKnown;
  if (!walks || symbol.sigma_percent != 0) return {};
  return core::invalid(
      fmt::format("payouts: strategy {} buys {} on {}, whose volatility is not known, so that its "
                  "value cannot be reckoned; choose a volatility index",
                  s.name, kind.name, symbol.code));
}

/// What an option is bought back for follows from the walk of its symbol, too.
core::Result<void> check_bids(const engine::StrategySettings& s, const market::ContractSpec& spec) {
  const bool reckoned = !market::has_payout(spec.type) || engine::symbol_of(s).sigma_percent != 0;
  if (!s.exit.any() || reckoned) return {};
  return core::invalid(fmt::format(
      "exit: strategy {} may sell {} on {} early, whose volatility is not known, so that "
      "its value cannot be reckoned; choose a volatility index, or leave exit out",
      s.name, market::name_of(spec.type), s.symbol));
}

/// Everything that a strategy may buy has a payout, known before the first tick.
core::Result<void> check_payouts(const Options& options, std::span<const Tape> tapes) {
  for (const auto& s : options.settings.strategies) {
    // What a script buys is known when it buys it: then the venue refuses what has no payout.
    if (!has_tape(tapes, s) || strategy::find_type(s.type)->is_scripted) continue;
    const auto decimals = options.settings.symbols.get(s.symbol).decimals;
    for (const auto& [signal, barrier_varies] : engine::buyables(s)) {
      const auto spec = engine::make_spec(s, signal, decimals);
      if (!spec) return spec.error();
      if (barrier_varies && options.payouts.is_recorded()) {
        return core::invalid(
            fmt::format("payouts: strategy {} reckons the barrier of {} at each signal, and "
                        "recorded quotes are of one barrier; give --payouts {}=RATIO, or leave "
                        "--payouts out for the venue's model",
                        s.name, market::name_of(signal.type), market::name_of(signal.type)));
      }
      if (auto r = check_model(s, *spec); !r) return r;
      if (auto r = check_bids(s, *spec); !r) return r;
      if (spec->basis == market::Basis::kPayout && options.payouts.is_recorded()) {
        return core::invalid(
            fmt::format("payouts: strategy {} asks for payouts, and recorded quotes are of stakes; "
                        "leave --payouts out for the venue's model, or give ratios",
                        s.name));
      }
      if (!market::has_payout(spec->type) || options.payouts.has(*spec)) continue;
      return core::invalid(
          fmt::format("payouts: strategy {} may buy {}", s.name, options.payouts.missing(*spec)));
    }
  }
  return {};
}

}  // namespace

void Sums::add(core::Money paid, core::Money result) {
  ++trades;
  if (result.units() > 0) {
    ++won;
    losing_run = 0;
  } else if (result.units() < 0) {
    ++lost;
    longest_losing_run = std::max(longest_losing_run, ++losing_run);
  }
  stakes += paid;
  profit += result;
  peak = std::max(peak, profit);
  max_drawdown = std::max(max_drawdown, peak - profit);
  max_stake = std::max(max_stake, paid);
}

core::Result<Result> run(const Options& options, std::span<const Tape> tapes,
                         const OnTrade& on_trade) {
  if (options.settle_delay.count() < 0 || options.settle_delay > kMaxSettleDelay) {
    return core::invalid(
        fmt::format("settle delay: allowed: 0 to {} seconds", kMaxSettleDelay.count()));
  }
  if (options.latency_ticks < 0 || options.latency_ticks > kMaxLatencyTicks) {
    return core::invalid(fmt::format("latency: allowed: 0 to {} ticks", kMaxLatencyTicks));
  }
  if (options.balance.units() < 0 || options.balance.units() > core::kMostSummed) {
    return core::invalid(
        fmt::format("balance: allowed: 0 to {}",
                    core::Money::minor(core::kMostSummed, options.balance.exponent()).to_string()));
  }
  if (options.warmup < 1 || options.warmup > kMaxWarmup) {
    return core::invalid(fmt::format("warm-up: allowed: 1 to {} ticks", kMaxWarmup));
  }
  if (auto r = check_tapes(options, tapes); !r) return r.error();
  for (const auto& s : options.settings.strategies) {
    if (!has_tape(tapes, s) || !strategy::find_type(s.type)->is_scripted) continue;
    if (!options.make_program) {
      return core::invalid(fmt::format(
          "strategy {} is a script, which only a back-test of one configuration runs", s.name));
    }
  }
  if (auto r = check_payouts(options, tapes); !r) return r.error();
  return Driver(options, tapes, on_trade).run();
}

}  // namespace derivd::backtest
