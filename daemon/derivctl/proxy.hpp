// Owns derivctl's choice of a proxy: --proxy, the configuration's, or the environment's usual
// variables (https_proxy, all_proxy, no_proxy). Every command that asks Deriv calls it. It never
// shows a password.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/config.hpp"
#include "core/result.hpp"
#include "derivctl/places.hpp"
#include "net/net.hpp"

namespace derivd::ctl {

/// A route to `endpoint` for a command without a configuration. `given` is --proxy: an address,
/// "none" for none, or empty: then $https_proxy, $HTTPS_PROXY, $all_proxy or $ALL_PROXY, the first
/// that is set, unless $no_proxy names the host or it is this machine. `login_file` holds the user
/// and the password for --proxy; empty: no such file.
core::Result<net::Route> route_by_environment(const std::string& given, std::string_view endpoint,
                                              const std::string& ca_file,
                                              const std::string& login_file);
/// The route that the daemon of this configuration takes.
core::Result<net::Route> route_by_config(const config::VenueSettings& venue, const Places& places);

/// As curl reads it: "*", or names and addresses with commas between; a name stands for its
/// subdomains too, 10.0.0.0/8 for a network.
bool no_proxy_names(std::string_view list, std::string_view host);

/// "http://USER:PASSWORD@HOST:PORT" as the variables have it: the scheme, user and password may be
/// missing; what is percent-encoded is decoded.
core::Result<net::Proxy> proxy_of_variable(std::string_view text, const std::string& variable);

inline constexpr const char* kProxyHelp =
    "HTTP proxy, http://HOST:PORT, or none; default: $https_proxy";

}  // namespace derivd::ctl
