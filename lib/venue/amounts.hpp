// Owns the venue's limits of stakes and payouts, and its words about them. The contract book and
// the back-test ask before they sell. It never prices anything.
#pragma once

#include <optional>

#include "core/decimal.hpp"
#include "market/spec.hpp"
#include "venue/book.hpp"

namespace derivd::venue {

/// Why the venue would not sell this for that stake; empty: it would. `payout` matters to kinds
/// that pay a fixed one.
std::optional<Refusal> amount_refusal(const market::ContractSpec& spec, core::Money stake,
                                      core::Money payout);

}  // namespace derivd::venue
