// Owns the form in which a Deriv Bot program tells where it is: the same of a running daemon and of
// a back-test. It never runs one.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "strategy/program.hpp"

namespace derivd::daemon {

/// {"file", "phase", "waiting", "line", "total_profit", "runs", "restarts", "ended", "ended_line",
/// "variables": {NAME: VALUE}}; line and ended are null where there is none. At most so many
/// variables, in the program's order.
nlohmann::ordered_json program_row(const strategy::ProgramView& program,
                                   std::size_t most_variables = 1'000);

}  // namespace derivd::daemon
