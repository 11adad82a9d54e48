// Owns Rotation, the going over of a session to another token, another address of the venue, or
// both at once: what is wanted while it waits for the answers to purchases, what was in use before
// while it is tried, and the way back. The session holds one over its settings and moves the link;
// a rotation sees no link, no clock and no listener.
#pragma once

#include "core/secret.hpp"
#include "deriv/settings.hpp"

namespace derivd::deriv {

class Rotation final {
 public:
  /// Who is to hear the verdict.
  struct Asked {
    bool token = false;
    bool venue = false;
  };

  /// `in_use` outlives it; of that only token and address change.
  explicit Rotation(SessionSettings& in_use) : in_use_(in_use) {}
  Rotation(const Rotation&) = delete;
  Rotation& operator=(const Rotation&) = delete;

  /// For the answers to purchases and sales: the old one is still in use.
  bool waits() const { return phase_ == Phase::kWaiting; }
  /// The new one is in use and not proven.
  bool tries() const { return phase_ == Phase::kTrying; }
  bool tries_venue() const { return tries() && other_.has_venue; }
  /// One is wanted, or its verdict is not told yet.
  bool has_token() const { return other_.has_token; }

  /// Not while has_token() (CHECK). True: something is tried already, so that the new one is in use
  /// at once and the link has to begin anew.
  [[nodiscard]] bool want_token(core::Secret token);
  /// Replaces an address that is not proven yet. True: as of a token.
  [[nodiscard]] bool want_venue(VenueAddress venue);
  /// From waiting to trying: the new one goes into use. True: the address is among it.
  [[nodiscard]] bool try_it();
  /// From trying back to what was in use before; the verdict is still owed. True: as above.
  [[nodiscard]] bool go_back();
  /// The verdict is known, whatever it is: what is not in use is wiped.
  Asked finish();

 private:
  enum class Phase : std::uint8_t { kNone, kWaiting, kTrying };
  /// While waiting, what is wanted; while trying, what was in use before.
  struct Other {
    bool has_token = false;
    bool has_venue = false;
    core::Secret token;
    VenueAddress venue;
  };
  VenueAddress& address() { return in_use_; }
  bool exchange();
  void check() const;

  SessionSettings& in_use_;
  Phase phase_ = Phase::kNone;
  Other other_;
};

}  // namespace derivd::deriv
