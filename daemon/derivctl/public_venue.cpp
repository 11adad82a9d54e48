#include "derivctl/public_venue.hpp"

#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/venue_settings.hpp"
#include "config/config.hpp"
#include "derivctl/places.hpp"
#include "derivctl/proxy.hpp"

namespace derivd::ctl {
namespace {

/// Whoever asks without an application of his own: Deriv's documentation gives this number of v3.
constexpr const char* kPublicAppId = "1089";

/// An address says it by its path alone: the current API's public socket is a wss:// too.
config::Api api_of(std::string_view endpoint) {
  const bool v3 = endpoint.find("/websockets/v3") != std::string_view::npos;
  return v3 ? config::Api::kV3 : config::Api::kOptions;
}

/// That of the configuration. None: the options name a venue themselves, or there is no
/// configuration that this user can read.
core::Result<std::optional<config::VenueSettings>> configured_venue(const Context& context,
                                                                    const PublicVenueOptions& o) {
  using Found = std::optional<config::VenueSettings>;
  if (o.config.empty() && (!o.endpoint.empty() || o.api != "auto")) return Found{};
  const auto file = o.config.empty() ? context.config_file() : o.config;
  auto loaded = config::load_file(file, context.symbols());
  if (auto* config = std::get_if<config::Config>(&loaded)) return Found{std::move(config->venue)};
  const auto& problem = std::get<std::vector<config::Problem>>(loaded).front();
  if (!o.config.empty()) return core::invalid(config::format(problem, file));
  // One that is not there, or is hidden from this user, has no line.
  if (problem.line != 0) {
    warn(fmt::format("{}; Deriv itself is asked", config::format(problem, file)));
  }
  return Found{};
}

}  // namespace

void add_public_venue_options(Command command, PublicVenueOptions& options) {
  command.option("--config", options.config,
                 "ask the venue of this configuration; default: the instance's in /etc/derivd");
  command.option("--endpoint", options.endpoint, "another venue than that: https://… or wss://…");
  command.option("--ca-file", options.ca_file, "certificates to trust instead of the system's");
  command.option("--proxy", options.proxy, kProxyHelp);
  command.option("--api", options.api, "options or v3; default: by the endpoint")
      .one_of({"auto", "options", "v3"});
  command.option("--app-id", options.app_id, "v3: the application's number; default 1089");
}

core::Result<PublicVenue> public_venue(const Context& context, const PublicVenueOptions& options) {
  auto configured = configured_venue(context, options);
  if (!configured) return configured.error();
  auto venue = configured->value_or(config::VenueSettings{});
  venue.mode = config::Mode::kPaper;  // the public socket, without a token
  if (!options.endpoint.empty()) {
    venue.endpoint = options.endpoint;
    venue.api = api_of(options.endpoint);
  }
  if (!options.ca_file.empty()) venue.ca_file = options.ca_file;
  if (!options.app_id.empty()) venue.app_id = options.app_id;
  if (options.api == "options") venue.api = config::Api::kOptions;
  if (options.api == "v3") venue.api = config::Api::kV3;
  auto settings = daemon::session_settings(venue, core::Secret());
  if (settings.dialect == deriv::Dialect::kV3 && settings.app_id.empty()) {
    settings.app_id = kPublicAppId;
  }
  const bool by_config = options.proxy.empty() && venue.proxy.has_value();
  auto route = by_config ? route_by_config(venue, Places(context, PlaceOptions{}))
                         : route_by_environment(options.proxy, settings.endpoint,
                                                venue.ca_file.value_or(""), {});
  if (!route && route.error().kind == core::ErrorKind::kIo && options.config.empty()) {
    // Root alone may read the proxy's login; there may be none, or the proxy may want none.
    warn(route.error().text + "; the proxy is asked without a login");
    route = route_by_environment(*venue.proxy, settings.endpoint, venue.ca_file.value_or(""), {});
  }
  if (!route) return route.error();
  return PublicVenue{std::move(settings), std::move(*route)};
}

}  // namespace derivd::ctl
