// Short forms for the tests of contracts: specs and ticks written as people say them.
#pragma once

#include <ostream>
#include <string_view>

#include "market/kind.hpp"
#include "market/life.hpp"
#include "market/spec.hpp"
#include "market/tick.hpp"

// Failures show amounts and prices, not bytes.
namespace derivd::core {
inline void PrintTo(const Money& m, std::ostream* out) { *out << m.to_string(); }
inline void PrintTo(const Price& p, std::ostream* out) { *out << p.to_string(); }
inline void PrintTo(const VenueTime& t, std::ostream* out) { *out << t.s; }
}  // namespace derivd::core

namespace derivd::market {

inline void PrintTo(const ContractType& type, std::ostream* out) { *out << name_of(type); }

inline ContractDuration lasting(std::string_view text) {
  return ContractDuration::parse(text).value();
}

inline core::Money usd(std::string_view text) { return core::Money::parse(text).value(); }

inline core::Price price(std::string_view text, std::uint8_t decimals) {
  return core::Price::parse(text, decimals).value();
}

inline ContractSpec spec_of(ContractType type, std::string_view duration,
                            std::string_view symbol = "R_100", int prediction = -1) {
  ContractSpec spec;
  spec.type = type;
  spec.symbol = symbol;
  if (kind_of(type).needs.has_length()) spec.duration = lasting(duration);
  spec.set_digit(prediction);
  return spec;
}

inline ContractSpec barrier_spec(ContractType type, std::string_view duration,
                                 std::string_view symbol, std::string_view offset) {
  auto spec = spec_of(type, duration, symbol);
  spec.set_offset(price(offset, find_symbol(symbol)->decimals));
  return spec;
}

/// A contract for 1.00.
inline Life life_of(const ContractSpec& spec, core::VenueTime start,
                    core::Money payout = core::Money::minor(195)) {
  return Life(spec, {start, core::Money::minor(100), payout}, find_symbol(spec.symbol));
}

/// Won, lost, or none: it is open, or nothing decided it.
inline std::optional<End> result_of(const Life& life) {
  if (!life.exit()) return std::nullopt;
  return life.ended()->how;
}

inline Tick tick(std::int64_t epoch, std::string_view quote, std::string_view symbol = "R_100") {
  return {symbol, {epoch}, price(quote, find_symbol(symbol)->decimals)};
}

}  // namespace derivd::market
