// Owns the reading of the token from $CREDENTIALS_DIRECTORY/token. The daemon calls it once at
// start. It never shows what it read: errors name the file and the remedy only.
#pragma once

#include "core/result.hpp"
#include "core/secret.hpp"

namespace derivd::service {

inline constexpr std::size_t kMaxToken = 4096;

/// Errors: variable unset, file missing, unreadable, empty, too long, or with characters that no
/// token has ([A-Za-z0-9_-] only; one trailing newline is dropped).
core::Result<core::Secret> read_token();

}  // namespace derivd::service
