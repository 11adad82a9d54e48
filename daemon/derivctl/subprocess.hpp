// Owns the running of one other program to its end: arguments without a shell, bytes in, bytes out,
// a deadline. setup, token and doctor call it for systemctl and systemd-creds. It never puts a
// secret into arguments or the environment: those go through `input`. It never hands its own
// environment on.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/secret.hpp"
#include "core/time.hpp"

namespace derivd::ctl {

inline constexpr std::size_t kMaxOutput = 1 << 20;

struct Finished {
  int code = 0;         // exit code; 128 + number of the signal that ended it
  core::Secret output;  // standard output, which may be a decrypted token
  std::string errors;   // standard error, cut at a few KiB
};

/// Blocking; the program is the system's own of that name, whatever $PATH says. kNotFound: there is
/// no such program. kTimeout: it was killed at the deadline. kExhausted: more than kMaxOutput.
core::Result<Finished> run_program(const std::vector<std::string>& command, std::string_view input,
                                   core::Duration timeout);

}  // namespace derivd::ctl
