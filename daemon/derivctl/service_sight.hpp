// Owns the question whether the service can see a file that root sees: its unit hides directories
// from it, and its user may not read what root may. setup, check and doctor ask before the service
// finds out by not starting. It changes nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"

namespace derivd::ctl {

/// The account of the packaged units.
inline constexpr std::string_view kServiceUser = "derivd";

/// Why the service, running as `user`, cannot read the file, with the remedy; nothing: it can, or
/// that cannot be found out here (no such user, or we are not root).
std::optional<std::string> hidden_from_service(const std::string& path, std::string_view user);

/// The same of each file that a configuration names, as problems of the configuration. `directory`:
/// of its relative paths, as config::directory_of() gives it.
std::vector<config::Problem> hidden_files(const config::Config& config, std::string_view user,
                                          std::string_view directory = {});

}  // namespace derivd::ctl
