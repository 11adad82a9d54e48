#include "backtest/bet.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/check.hpp"
#include "engine/spec.hpp"
#include "market/kind.hpp"
#include "market/pricing.hpp"
#include "market/symbol.hpp"
#include "risk/gate.hpp"

namespace derivd::backtest {
namespace {

using market::ContractSpec;

/// One pip further from the entry in the direction of the type.
ContractSpec one_pip_harder(const ContractSpec& spec, std::uint8_t decimals) {
  const auto pip = core::Price::raw(market::kind_of(spec.type).direction, decimals);
  auto out = spec;
  auto& barrier = out.barriers[0];
  if (barrier.form == market::Barrier::Form::kAbsolute) {
    barrier.value = barrier.value + pip;
  } else {
    out.set_offset(spec.offset().mantissa() == 0 ? pip : spec.offset() + pip);
  }
  return out;
}

/// The venue's model has a continuous price, but quotes have decimals, and a quote that ends
/// exactly on the barrier loses. Rounded to its pip, "above" begins half a pip above the barrier:
/// the mean of the probabilities of the barrier and of the next pip.
double win_probability_of(const ContractSpec& spec, const market::SymbolInfo& symbol,
                          core::Price spot) {
  const auto at = market::theoretical_probability(spec, symbol, spot);
  const auto& kind = market::kind_of(spec.type);
  // Others are watched at every tick, or lose their ties on both sides.
  const bool tie_loses = kind.direction != 0 && !kind.tie_wins && kind.wins != nullptr;
  if (!tie_loses || symbol.sigma_percent == 0) return at;
  const auto next = one_pip_harder(spec, symbol.decimals);
  return (at + market::theoretical_probability(next, symbol, spot)) / 2;
}

std::string source_of(const ContractSpec& spec, const market::SymbolInfo& symbol,
                      core::Price spot) {
  const auto because = market::kind_of(spec.type).fair_because;
  if (!because.empty()) return std::string(because);
  if (symbol.sigma_percent == 0) return "rises and falls are equally likely";
  const auto& kind = market::kind_of(spec.type);
  const auto tie = kind.direction == 0 ? "" : kind.tie_wins ? "; a tie wins" : "; a tie loses";
  return fmt::format("a random walk of {} % a year at a quote of {}{}", symbol.sigma_percent,
                     spot.to_string(), tie);
}

core::Result<core::Price> spot_of(const market::SymbolInfo& symbol,
                                  std::optional<core::Decimal> quote) {
  if (!quote) {
    return core::Price::raw(
        static_cast<std::int64_t>(
            symbol.typical_price * static_cast<double>(core::pow10(symbol.decimals)) + 0.5),
        symbol.decimals);
  }
  auto price = core::Price::from(*quote, symbol.decimals);
  if (!price) return price.error();
  if (price->mantissa() <= 0) return core::invalid("a quote is above 0");
  return price;
}

}  // namespace

core::Result<Bet> Bet::of(const engine::StrategySettings& strategy, const Payouts& payouts,
                          std::optional<core::Decimal> quote) {
  const auto known = engine::symbol_of(strategy);
  const auto* symbol = &known;
  if (strategy.program.program != nullptr) {
    return core::invalid(
        fmt::format("{}: a program decides what it buys and stakes as it runs, so there are no "
                    "odds before; derivctl backtest shows what it does",
                    strategy.name.view()));
  }
  if (strategy::find_type(strategy.type)->is_scripted) {
    return core::invalid(fmt::format(
        "{}: what a script buys, and when, is known only when it runs; derivctl backtest runs it",
        strategy.name.view()));
  }
  if (strategy.exit.any()) {
    return core::invalid(
        fmt::format("{}: it leaves contracts early (exit), whose odds are not reckoned; derivctl "
                    "backtest shows "
                    "what it does, and without exit there are odds",
                    strategy.name.view()));
  }
  if (strategy.staking.auto_factor) {
    return core::invalid(
        fmt::format("{}: with factor: auto each stake is asked of the venue when it is wanted, so "
                    "its odds are not reckoned; derivctl backtest shows what it does, and with a "
                    "number for the factor there are odds",
                    strategy.name.view()));
  }
  const auto spot = spot_of(*symbol, quote);
  if (!spot) return spot.error();
  Bet bet;
  bet.guards_ = strategy.guards;
  bet.payouts_ = payouts;
  bet.tick_.symbol = strategy.symbol;
  bet.tick_.quote = *spot;
  for (const auto& [signal, barrier_varies] : engine::buyables(strategy)) {
    const auto contract = signal.type;
    if (barrier_varies) {
      return core::invalid(
          fmt::format("{}: the barrier of {} is reckoned at each signal, so there is no one "
                      "probability; give it as a number to see the odds of that one",
                      strategy.name.view(), market::name_of(contract)));
    }
    if (!market::has_payout(contract)) {
      return core::invalid(
          fmt::format("{}: a {} has no fixed payout and no probability, so no odds either",
                      strategy.name.view(), market::kind_of(contract).family));
    }
    if (market::has_levels(contract) && symbol->sigma_percent == 0) {
      return core::invalid(
          fmt::format("{}: the volatility of {} is not known, so a barrier has no probability",
                      strategy.name.view(), symbol->code));
    }
    auto spec = engine::make_spec(strategy, signal, symbol->decimals);
    if (!spec) return spec.error();
    if (spec->duration.unit == market::ContractDuration::Unit::kUntil) {
      return core::invalid(
          fmt::format("{}: a contract that ends at a moment has another length at each signal, so "
                      "there is no one probability",
                      strategy.name.view()));
    }
    if (spec->basis == market::Basis::kPayout) {
      return core::invalid(
          fmt::format("{}: its plan's amounts are payouts, whose odds are not reckoned; write "
                      "basis: stake to see those of stakes",
                      strategy.name.view()));
    }
    if (!payouts.has(*spec)) {
      return core::invalid(fmt::format("payouts: {} is missing, which {} buys",
                                       market::name_of(contract), strategy.name.view()));
    }
    bet.legs_.push_back({*spec, win_probability_of(*spec, *symbol, *spot)});
    bet.source_ = source_of(*spec, *symbol, *spot);
  }
  return bet;
}

Bet Bet::with_win_probability(double probability, std::string source) const {
  DERIVD_CHECK(probability >= 0 && probability <= 1, "not a probability");
  Bet out = *this;
  for (auto& leg : out.legs_) leg.win = probability;
  out.source_ = std::move(source);
  return out;
}

double Bet::win_probability() const {
  double sum = 0;
  for (const auto& leg : legs_) sum += leg.win;
  return sum / static_cast<double>(legs_.size());
}

core::Money Bet::payout_of(const Leg& leg, core::Money stake) const {
  return payouts_.payout(leg.spec, stake, tick_);
}

std::vector<BetOutcome> Bet::outcomes(core::Money stake) const {
  std::vector<BetOutcome> out;
  double bought = 0;
  const auto add = [&](double probability, core::Money profit) {
    if (probability <= 0) return;
    const auto same = std::find_if(out.begin(), out.end(),
                                   [&](const BetOutcome& o) { return o.profit == profit; });
    if (same != out.end()) {
      same->probability += probability;
    } else {
      out.push_back({probability, profit});
    }
  };
  for (const auto& leg : legs_) {
    const auto payout = payout_of(leg, stake);
    if (risk::check_payout(stake, payout, guards_)) continue;
    bought += 1;
    add(leg.win, payout - stake);
    add(1 - leg.win, -stake);
  }
  for (auto& o : out) o.probability /= bought;
  std::sort(out.begin(), out.end(),
            [](const BetOutcome& a, const BetOutcome& b) { return a.profit > b.profit; });
  return out;
}

}  // namespace derivd::backtest
