// Owns the settlement rules in words, for people who check a result by hand. The audit and the
// daemon's explanations ask for them. It never decides anything: wins() and the lives do.
#pragma once

#include <string>

#include "market/spec.hpp"

namespace derivd::market {

/// "DIGITODD, 5t: wins when the last digit of the exit tick is odd. …", with where its entry and
/// its exit are. One paragraph, no line breaks.
std::string rule_in_words(const ContractSpec& spec);

}  // namespace derivd::market
