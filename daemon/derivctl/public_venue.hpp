// Owns which venue a command asks that needs no token: the one that its options name, else that of
// the configuration at hand, else Deriv. symbols, contracts and ticks fetch call it. It opens no
// connection.
#pragma once

#include <string>

#include "core/result.hpp"
#include "deriv/session.hpp"
#include "derivctl/command.hpp"
#include "net/net.hpp"

namespace derivd::ctl {

struct PublicVenueOptions {
  std::string config;  // --config FILE; empty: the instance's, where it can be read
  std::string endpoint, ca_file, proxy, app_id;
  std::string api = "auto";
};
void add_public_venue_options(Command command, PublicVenueOptions& options);

struct PublicVenue {
  deriv::SessionSettings settings;
  net::Route route;
};
/// An error is one of the options, or of the file that --config names.
core::Result<PublicVenue> public_venue(const Context& context, const PublicVenueOptions& options);

}  // namespace derivd::ctl
