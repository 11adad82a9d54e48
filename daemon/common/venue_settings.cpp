#include "common/venue_settings.hpp"

#include <utility>

namespace derivd::daemon {

deriv::SessionSettings session_settings(const config::VenueSettings& venue, core::Secret token) {
  deriv::SessionSettings s;
  switch (venue.api) {
    case config::Api::kOptions:
      s.dialect = deriv::Dialect::kOptions;
      break;
    case config::Api::kV3:
      s.dialect = deriv::Dialect::kV3;
      break;
    case config::Api::kAuto:
      // Without a token only the address can tell.
      s.dialect = venue.mode == config::Mode::kPaper
                      ? venue.endpoint && venue.endpoint->starts_with("wss://")
                            ? deriv::Dialect::kV3
                            : deriv::Dialect::kOptions
                      : deriv::dialect_for(token);
      break;
  }
  static_cast<deriv::VenueAddress&>(s) = venue_address(venue, s.dialect);
  s.account = venue.account;
  s.currency = venue.currency.value_or("");
  s.allow_real = venue.allow_real;
  s.token = std::move(token);
  s.public_only = venue.mode == config::Mode::kPaper;
  return s;
}

deriv::VenueAddress venue_address(const config::VenueSettings& venue, deriv::Dialect dialect) {
  return {venue.endpoint.value_or(std::string(deriv::default_endpoint(dialect))), venue.app_id,
          venue.ca_file.value_or(""), venue.proxy.value_or("")};
}

}  // namespace derivd::daemon
