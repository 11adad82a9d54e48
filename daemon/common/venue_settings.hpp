// Owns what a configuration and a token mean for a session: dialect, endpoint, account. derivd and
// derivctl ask here, so that both speak to the same Deriv. It never looks at a file or a clock.
#pragma once

#include "config/config.hpp"
#include "core/secret.hpp"
#include "deriv/session.hpp"

namespace derivd::daemon {

/// Takes the token, which is empty and unused in paper mode.
deriv::SessionSettings session_settings(const config::VenueSettings& venue, core::Secret token);

/// Where that venue is reached in this dialect.
deriv::VenueAddress venue_address(const config::VenueSettings& venue, deriv::Dialect dialect);

}  // namespace derivd::daemon
