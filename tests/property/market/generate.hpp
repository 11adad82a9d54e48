// Random symbols, specs and feeds for property tests, from a seeded Rng: the same run every time.
#pragma once

#include <array>
#include <limits>
#include <string>
#include <vector>

#include "core/rng.hpp"
#include "market/spec.hpp"
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

/// A valid spec of a digital option that its entry and its exit alone decide.
inline ContractSpec any_digital(core::Rng& rng, const SymbolInfo& symbol) {
  ContractSpec spec;
  for (;;) {
    const auto kinds = all_kinds();
    spec.type = ContractType(*kinds[rng.below(kinds.size())]);
    if (kind_of(spec.type).wins == nullptr) continue;
    spec.symbol = symbol.code;
    spec.barriers = {};
    spec.set_digit(-1);
    if (has_form(spec.type, BarrierForm::kDigit)) spec.set_digit(static_cast<int>(rng.below(10)));
    if (has_form(spec.type, BarrierForm::kOffset)) {
      spec.set_offset(core::Price::raw(between(rng, -30, 30), symbol.decimals));
    }
    const bool ticks = !kind_of(spec.type).needs.time || rng.below(2) == 0;
    spec.duration.unit = ticks ? ContractDuration::Unit::kTicks : ContractDuration::Unit::kSeconds;
    spec.duration.count =
        static_cast<std::int32_t>(ticks ? between(rng, 1, 10) : between(rng, 15, 90));
    if (validate(spec, symbol)) return spec;
  }
}

/// Any spec that has a text: every form of every part, whatever its type needs.
inline std::int64_t any_whole(core::Rng& rng) {
  switch (rng.below(5)) {
    case 0:
      return 0;
    case 1:
      return std::numeric_limits<std::int64_t>::max();
    case 2:
      return std::numeric_limits<std::int64_t>::min();
    case 3:
      return static_cast<std::int64_t>(rng.next());
    default:
      return between(rng, -2000, 2000);
  }
}

inline Barrier any_barrier(core::Rng& rng) {
  const auto value = core::Price::raw(any_whole(rng), static_cast<std::uint8_t>(rng.below(19)));
  switch (rng.below(4)) {
    case 0:
      return {};
    case 1:
      return Barrier::offset(value);
    case 2:
      // A quote has no sign.
      return Barrier::absolute(core::Price::raw(static_cast<std::int64_t>(rng.next() >> 1),
                                                static_cast<std::uint8_t>(rng.below(19))));
    default:
      return Barrier::digit(static_cast<int>(rng.below(10)));
  }
}

inline ContractDuration any_length(core::Rng& rng) {
  using Unit = ContractDuration::Unit;
  static constexpr std::array kUnits{Unit::kTicks, Unit::kSeconds, Unit::kMinutes,
                                     Unit::kHours, Unit::kDays,    Unit::kUntil};
  const auto unit = kUnits[rng.below(kUnits.size())];
  if (unit == Unit::kUntil) return {between(rng, 0, 10'000'000'000), unit};
  return {rng.below(8) == 0 ? std::numeric_limits<std::int32_t>::max() : between(rng, 0, 5000),
          unit};
}

inline Terms any_terms(core::Rng& rng) {
  const auto limit = [&]() -> std::optional<core::Money> {
    if (rng.below(2) == 0) return std::nullopt;
    return core::Money::minor(any_whole(rng), static_cast<std::uint8_t>(rng.below(19)));
  };
  const core::Decimal decimal{any_whole(rng) / 10, static_cast<std::uint8_t>(rng.below(19))};
  switch (rng.below(5)) {
    case 0:
      return {};
    case 1: {
      MultiplierTerms terms{static_cast<std::uint16_t>(rng.below(65536)), limit(), limit(), {}};
      if (rng.below(2) == 0) terms.cancellation = any_length(rng);
      if (terms.cancellation) terms.fee = limit();
      return terms;
    }
    case 2:
      return AccumulatorTerms{decimal, limit()};
    case 3:
      return PointTerms{decimal};
    default:
      return TickTerms{static_cast<std::int8_t>(between(rng, -128, 127))};
  }
}

inline ContractSpec any_spec(core::Rng& rng) {
  const auto kinds = all_kinds();
  ContractSpec spec;
  spec.type = ContractType(*kinds[rng.below(kinds.size())]);
  std::string symbol;
  if (rng.below(2) == 0) {
    symbol = any_symbol(rng).code;
  } else {
    const auto size = rng.below(SymbolCode::kCapacity + 1);
    while (symbol.size() < size) symbol.push_back(static_cast<char>(rng.below(256)));
  }
  spec.symbol = SymbolCode(symbol);
  spec.duration = any_length(rng);
  for (auto& barrier : spec.barriers) barrier = any_barrier(rng);
  spec.terms = any_terms(rng);
  spec.basis = rng.below(4) == 0 ? Basis::kPayout : Basis::kStake;
  return spec;
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
