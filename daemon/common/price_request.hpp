// Owns the reading of a question for a price: the words in which an operator names a contract
// become the contract, by the checks of the configuration, so that both say the same of the same
// mistake. The trader reads with it what came over the control socket. It asks nobody.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "core/decimal.hpp"
#include "market/spec.hpp"
#include "market/symbols.hpp"

namespace derivd::daemon {

struct PriceRequest {
  market::ContractSpec spec;
  market::SymbolInfo symbol;
  core::Money amount;  // by the spec's basis

  std::string code;   // "usage", "not_found"; empty: it is a question
  std::string error;  // why it is none
};

/// An object of texts: either `spec` (market::encode) or `symbol`, `type` and what the keys below
/// `contract:` of a strategy can say (duration, until, barrier, barrier2, prediction,
/// selected_tick, growth, multiplier, payout_per_point, take_profit, stop_loss), each as it is
/// written there; and `stake` or `payout`. Without a length five ticks, or the shortest that the
/// type has; without an amount a stake of 1. Amounts have `exponent` decimals at most. `ctl`: how
/// derivctl is called, for a text that says what to type.
PriceRequest read_price_request(const nlohmann::json& request, const market::Symbols& symbols,
                                std::uint8_t exponent, std::string_view ctl = "derivctl");

}  // namespace derivd::daemon
