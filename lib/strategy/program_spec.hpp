// Owns the step from what a Deriv Bot program wishes to buy to a contract of market/. Whoever runs
// such a program calls it for each purchase and quote. It never knows limits.
//
// Rules: semantics.md, section 5.
#pragma once

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "core/result.hpp"
#include "dbot/machine.hpp"
#include "market/spec.hpp"
#include "market/symbol.hpp"

namespace derivd::strategy {

/// What the venue would answer to a wish that is none of its contracts.
struct WishRefusal {
  std::string code;  // the venue's, section 7
  std::string text;
};
[[noreturn]] inline void throw_exception_from_error(const WishRefusal& refusal,
                                                    const boost::source_location&) {
  throw std::runtime_error(refusal.text);
}

/// What derivd's models have for a program's wish, or the code and text of the venue's refusal.
boost::system::result<market::ContractSpec, WishRefusal> spec_of(const dbot::Buy& wish,
                                                                 const market::SymbolInfo& symbol);

/// Whether derivd can buy this contract type of a program ("CALL" with a barrier included).
bool is_bought(std::string_view contract_type);

/// dbot::Settings::growth_barriers of this symbol.
std::array<std::int64_t, 5> growth_barriers_of(const market::SymbolInfo& symbol);

}  // namespace derivd::strategy
