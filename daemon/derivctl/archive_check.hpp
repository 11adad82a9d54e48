// Owns the question whether the daemon's user can record into a tick archive, answered from owners
// and modes alone. It never opens or changes a file of it.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "core/result.hpp"

namespace derivd::ctl {

/// What `uid` cannot write there, in words with whose it is, and the command that mends it.
struct ArchiveObstacle {
  std::string found;
  std::string remedy;
};
/// nullopt: nothing, also where the archive is not there yet. kIo: this user may not look.
core::Result<std::optional<ArchiveObstacle>> archive_obstacle(const std::string& directory,
                                                              uid_t uid);

}  // namespace derivd::ctl
