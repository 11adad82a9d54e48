// Owns the comparison of what strategies buy with what the venue offers, as far as that is known.
// The checks call it for a configuration that is right in itself; the daemon again, with what the
// venue says. It never judges by the nature of a type; that is lib/market's kind.
#pragma once

#include <optional>
#include <string>

#include "config/config.hpp"

namespace derivd::config {

/// Why what this strategy buys is not to be had, with what is: "CALL is not offered on CRASH500;
/// offered: ACCU, MULTUP". Empty: everything is, or nothing is known.
std::optional<std::string> not_offered(const engine::StrategySettings& strategy,
                                       const market::Symbols& symbols);

/// Notes that of each enabled strategy in config.not_offered.
void check_offered(Config& config);

}  // namespace derivd::config
