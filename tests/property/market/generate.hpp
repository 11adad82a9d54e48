// Random symbols, specs and feeds for property tests, from a seeded Rng: the same run every time.
#pragma once

#include <vector>

#include "core/rng.hpp"
#include "market/contract.hpp"
#include "unit/market/market_fixture.hpp"

namespace derivd::market {

inline std::int64_t between(core::Rng& rng, std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(high - low + 1)));
}

inline const SymbolInfo& any_symbol(core::Rng& rng) {
  for (;;) {
    const auto all = known_symbols();
    const auto& symbol = all[rng.below(all.size())];
    if (symbol.sigma_percent != 0) return symbol;
  }
}

/// A valid spec of a digital option.
inline ContractSpec any_digital(core::Rng& rng, const SymbolInfo& symbol) {
  ContractSpec spec;
  for (;;) {
    const auto kinds = all_kinds();
    spec.type = ContractType(*kinds[rng.below(kinds.size())]);
    if (!has_payout(spec.type)) continue;
    spec.symbol = symbol.code;
    spec.barrier = {};
    spec.prediction = -1;
    if (has_form(spec.type, BarrierForm::kDigit))
      spec.prediction = static_cast<std::int8_t>(rng.below(10));
    if (has_form(spec.type, BarrierForm::kOffset)) {
      spec.barrier = core::Price::raw(between(rng, -30, 30), symbol.decimals);
    }
    const bool ticks = !kind_of(spec.type).needs.time || rng.below(2) == 0;
    spec.duration.unit = ticks ? ContractDuration::Unit::kTicks : ContractDuration::Unit::kSeconds;
    spec.duration.count =
        static_cast<std::int32_t>(ticks ? between(rng, 1, 10) : between(rng, 15, 90));
    if (validate(spec, symbol)) return spec;
  }
}

/// A walk of small steps with ties, on the symbol's grid, sometimes with ticks missing.
inline std::vector<Tick> any_feed(core::Rng& rng, const SymbolInfo& symbol, std::int64_t from,
                                  std::size_t length) {
  std::vector<Tick> out;
  std::int64_t level = between(rng, 10'000, 9'000'000);
  std::int64_t epoch = from - from % symbol.interval_s;
  while (out.size() < length) {
    level += between(rng, -12, 12);
    if (rng.below(20) != 0) {
      out.push_back({symbol.code, {epoch}, core::Price::raw(level, symbol.decimals)});
    }
    if (rng.below(200) == 0) epoch += 100 * symbol.interval_s;  // a gap
    epoch += symbol.interval_s;
  }
  return out;
}

}  // namespace derivd::market
