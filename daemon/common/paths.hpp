// Owns where things lie at run time: the journal and the control socket, from $STATE_DIRECTORY and
// $RUNTIME_DIRECTORY (systemd sets both) or the package's defaults. derivd and derivctl ask here,
// so that they always mean the same files. It never creates anything.
#pragma once

#include <optional>
#include <string>

namespace derivd::daemon {

/// First entry of a colon-separated systemd directory variable; empty when unset.
std::string first_directory(const char* variable);

/// A paper run has a journal of its own.
enum class JournalKind { kLive, kPaper };

/// `configured` wins; then $STATE_DIRECTORY/derivd.db; else `fallback_directory`/derivd.db. Of a
/// paper run paper.db.
std::string journal_path(const std::optional<std::string>& configured,
                         const std::string& fallback_directory,
                         JournalKind kind = JournalKind::kLive);

/// $STATE_DIRECTORY/ticks; else `fallback_directory`/ticks. Empty: neither is known.
std::string ticks_path(const std::string& fallback_directory);

/// The directory of the cache of the venue's symbols: $STATE_DIRECTORY; else `fallback_directory`.
/// Empty: neither is known.
std::string state_path(const std::string& fallback_directory);

/// $RUNTIME_DIRECTORY/control.sock; else `fallback_directory`/control.sock.
std::string control_path(const std::string& fallback_directory);

}  // namespace derivd::daemon
