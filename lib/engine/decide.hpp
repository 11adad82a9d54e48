// Owns the one rule of what becomes of a signal: entered with the planned stake, entered with the
// base because the planned one does not fit, dropped, or the end of the session. The engine asks at
// every signal and the odds compute with the same answer. It never changes anything.
//
// Rule: the product's contract, "Stakes and limits, exactly".
#pragma once

#include <cstdint>
#include <optional>

#include "core/decimal.hpp"
#include "engine/settings.hpp"
#include "risk/gate.hpp"

namespace derivd::engine {

struct Decision {
  enum class Kind : std::uint8_t { kEnter, kDrop, kHalt } kind = Kind::kDrop;
  core::Money stake;                   // kEnter
  std::optional<risk::Denied> denied;  // kDrop, kHalt
  bool restart_plan = false;
};

/// A planned stake that would not fit with nothing open restarts the plan, and the base is tried at
/// once; a base that never fits ends the session or, for a limit of the account, drops the signal.
Decision decide(core::Money planned, core::Money base, const risk::Standing& standing,
                const StrategySettings& settings, const risk::AccountLimits& account);

}  // namespace derivd::engine
