// Owns the form in which a rule and the values of its parts are told: the same of a running daemon
// and of a back-test. It never evaluates anything.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "rules/evaluator.hpp"

namespace derivd::daemon {

/// {"when", "result", "tick", "parts": [{"part", "value"}]}; tick is null before the first
/// evaluation.
nlohmann::ordered_json rule_row(const rules::RuleView& rule);

}  // namespace derivd::daemon
