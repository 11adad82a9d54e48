// Owns the process of one script from this side: how it is started, its channel, its end. The
// back-test speaks with it in lock step (LockStep), one answer for each event, the daemon by what
// its loop brings (derivd/scripts). It never waits longer than a bound, and sends no signals: a
// process whose channel is closed ends by itself, by its own kernel's timers at the latest.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "core/result.hpp"
#include "script/runner.hpp"
#include "script/wire.hpp"
#include "service/unique_fd.hpp"

namespace derivd::daemon {

/// Started, and nothing said yet.
struct ScriptChild {
  service::UniqueFd channel;
  pid_t pid = 0;
};
/// The program beside this one, or the installed one. An error names the package.
core::Result<std::string> script_program();
/// With an empty environment, no descriptor but its channel and, as working directory, the root.
core::Result<ScriptChild> start_script_process();

/// Makes processes that answer one by one.
script::MakeProgram lock_step_programs();

/// Why programs of enabled strategies cannot run, with the place of `file` in the configuration:
/// each is loaded once in its sandbox, and none of its functions is called.
std::vector<config::Problem> script_problems(const config::Config& config);

}  // namespace derivd::daemon
