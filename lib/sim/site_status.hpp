// Owns whether the simulated venue's site says that it is up, as website_status tells it. A fault
// takes it down, clearing the faults brings it back.
#pragma once

#include <string>
#include <utility>

namespace derivd::sim {

class SiteStatus final {
 public:
  /// `message`: that goes with it, or "".
  void take_down(std::string message) {
    down_ = true;
    message_ = std::move(message);
  }
  void bring_up() {
    down_ = false;
    message_.clear();
  }
  bool down() const { return down_; }
  const std::string& message() const { return message_; }

 private:
  bool down_ = false;
  std::string message_;  // "" while it is up
};

}  // namespace derivd::sim
