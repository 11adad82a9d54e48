// Owns the reading of the files that derivsim is given: ticks to replay, faults. Whatever is there,
// a device or a pipe without end too, no more than the bound is read. It never knows what a file
// means.
#pragma once

#include <cstddef>
#include <string>

#include "core/result.hpp"

namespace derivd::sim {

/// kNotFound: it cannot be read. kExhausted: it is longer than `most` bytes.
core::Result<std::string> read_text(const std::string& path, std::size_t most);

}  // namespace derivd::sim
