// Owns the answer to "why did it (not) trade": the last decisions of a strategy with the limit that
// decided, its numbers and the line of the configuration that sets it, before the daemon's start
// those that became orders; then its last orders, halts and changes of the configuration from the
// journal. A control request asks. It decides nothing.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "config/config.hpp"
#include "deriv/session.hpp"
#include "engine/engine.hpp"
#include "store/journal.hpp"

namespace derivd::daemon {

/// Whether signals can come at all: only from ticks, and only while there is a link.
struct Hearing {
  bool connected = false;
  std::string state;     // of the session
  std::string problem;   // why it is not connected; may be empty
  core::WallTime since;  // of being connected, or of not being so
  std::vector<deriv::TickAge> ticks;
  market::Symbols symbols;  // whose hours say when nothing can come
  core::VenueTime venue_time;
};

struct Explained {
  const engine::Engine& engine;
  const Hearing& hearing;
  store::Journal& journal;
  const config::Config& config;
  const std::string& file;
  core::WallTime
      since;  // the daemon's start: of signals before it the journal has the orders alone
};

/// Null: no strategy of that name is configured or has something open.
nlohmann::ordered_json explain_strategy(const Explained& of, std::string_view name,
                                        std::size_t last);

/// The key that sets a limit, as config::Config::places has it but for "strategies[]", which stands
/// for the strategy's place in the list. Empty: no key does.
std::string_view key_of(risk::Limit limit, std::string_view halt_kind);

}  // namespace derivd::daemon
