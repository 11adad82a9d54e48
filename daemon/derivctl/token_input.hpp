// Owns the ways a token comes in: a file, standard input, or typed without echo. setup and token
// ask it. There is no fourth: never an argument, never the environment.
#pragma once

#include <string>

#include "core/result.hpp"
#include "core/secret.hpp"

namespace derivd::ctl {

/// `file`: a path, "-" for standard input; empty: typed at a terminal, else standard input.
/// kInvalid: what came is no token.
core::Result<core::Secret> input_token(const std::string& file);

}  // namespace derivd::ctl
