// Owns what is written down of everything that passes between the simulated venue and its clients:
// a JSON line {"dir":…,"dialect":…,"conn":…,"frame":…} each, without any token or one-time
// password. The connections and REST tell it; it never changes what is sent, and without a sink it
// does nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "sim/accounts.hpp"
#include "sim/otps.hpp"

namespace derivd::sim {

class Transcript final {
 public:
  using Sink = std::function<void(std::string_view line)>;  // without the newline
  /// Both outlive this: what they know is what is never shown.
  Transcript(Sink sink, const Accounts& accounts, const OneTimePasswords& passwords)
      : sink_(std::move(sink)), accounts_(accounts), passwords_(passwords) {}

  bool kept() const { return static_cast<bool>(sink_); }
  /// `dir`: in, out; `dialect`: options, v3, rest; `conn`: 0 for REST.
  void note(std::string_view dir, std::string_view dialect, std::uint64_t conn,
            std::string_view text) const;

 private:
  Sink sink_;
  const Accounts& accounts_;
  const OneTimePasswords& passwords_;
};

}  // namespace derivd::sim
