// Owns the first half of a reload: the whole new file is loaded and compared with the configuration
// in force, and a verdict is reached. The daemon asks for it between two events, at a control
// request or SIGHUP, and takes the new configuration over only when the verdict says so. It changes
// nothing itself.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "deriv/session.hpp"
#include "service/log.hpp"

namespace derivd::daemon {

struct Reload {
  enum class Verdict : std::uint8_t {
    kUnchanged,  // nothing to take over
    kApplied,    // `config` is to be taken over, whole
    kInvalid,    // the file has mistakes
    kRefused,    // a change needs a restart, or the daemon takes nothing over now
  };
  Verdict verdict = Verdict::kRefused;
  config::Config config;                // kUnchanged and kApplied
  std::vector<config::Change> changes;  // empty unless kApplied
  std::vector<std::string> warnings;    // of a file that is taken over all the same
  std::vector<std::string> problems;    // FILE:LINE:COL: key: reason; kInvalid and kRefused
};
std::string_view name_of(Reload::Verdict verdict);  // "unchanged", "applied", "invalid", "refused"

/// Reads and checks the file on the loop: some milliseconds for the largest of 64 strategies.
/// `dialect`: that of the session, which only a restart changes.
Reload prepare_reload(const config::Config& running, const std::string& file,
                      deriv::Dialect dialect);
Reload refuse_reload(std::string reason);

/// {"verdict": …, "file": …, "changes": [{"key", "before", "after", "reload"}], "problems": […]}
nlohmann::ordered_json to_json(const Reload& reload, const std::string& file);
/// The verdict in the journal: an entry for each changed key, then one for the whole.
void tell_reload(service::Log& log, const Reload& reload, const std::string& file);
/// "limits.max_stake: 2.00 → 3.00 (live)"
std::string line_of(const config::Change& change);

}  // namespace derivd::daemon
