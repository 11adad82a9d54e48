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
  s.endpoint = venue.endpoint.value_or(std::string(deriv::default_endpoint(s.dialect)));
  s.app_id = venue.app_id;
  s.account = venue.account;
  s.allow_real = venue.allow_real;
  s.token = std::move(token);
  s.public_only = venue.mode == config::Mode::kPaper;
  return s;
}

}  // namespace derivd::daemon
