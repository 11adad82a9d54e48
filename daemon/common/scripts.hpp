// Owns the port through which the trader has programs of strategies run. The daemon's loop stands
// behind it (derivd/scripts); without one, a strategy of type script is halted at its start. It
// never waits.
#pragma once

#include "engine/engine.hpp"

namespace derivd::daemon {

class Scripts {
 public:
  Scripts() = default;
  Scripts(const Scripts&) = delete;
  Scripts& operator=(const Scripts&) = delete;
  virtual ~Scripts() = default;

  virtual void start(const engine::StartScript& action) = 0;
  virtual void stop(const engine::StopScript& action) = 0;
  virtual void feed(const engine::FeedScript& action) = 0;
  /// Sends what was fed: behind everything else that an event led to.
  virtual void flush() = 0;
};

}  // namespace derivd::daemon
