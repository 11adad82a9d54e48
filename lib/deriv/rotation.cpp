#include "deriv/rotation.hpp"

#include <utility>

#include "core/check.hpp"

namespace derivd::deriv {

void Rotation::check() const {
  DERIVD_CHECK(phase_ == Phase::kNone || other_.has_token || other_.has_venue,
               "a rotation goes over to something");
  DERIVD_CHECK(other_.has_token || other_.token.empty(), "a token that nobody wants is wiped");
}

bool Rotation::want_token(core::Secret token) {
  DERIVD_CHECK(!other_.has_token, "one token at a time");
  other_.has_token = true;
  const bool at_once = tries();
  if (at_once) {
    other_.token = std::exchange(in_use_.token, std::move(token));
  } else {
    phase_ = Phase::kWaiting;
    other_.token = std::move(token);
  }
  check();
  return at_once;
}

bool Rotation::want_venue(VenueAddress venue) {
  const bool at_once = tries();
  if (at_once) {
    // The way back leads to the address that is proven, not to the last one that was tried.
    if (!other_.has_venue) other_.venue = address();
    address() = std::move(venue);
  } else {
    phase_ = Phase::kWaiting;
    other_.venue = std::move(venue);
  }
  other_.has_venue = true;
  check();
  return at_once;
}

/// What is in use against what is not; true: the address, too.
bool Rotation::exchange() {
  if (other_.has_token) std::swap(in_use_.token, other_.token);
  if (other_.has_venue) std::swap(address(), other_.venue);
  return other_.has_venue;
}

bool Rotation::try_it() {
  DERIVD_CHECK(waits(), "only what is wanted is tried");
  phase_ = Phase::kTrying;
  check();
  return exchange();
}

bool Rotation::go_back() {
  DERIVD_CHECK(tries(), "only from what is tried is there a way back");
  phase_ = Phase::kNone;
  return exchange();
}

Rotation::Asked Rotation::finish() {
  phase_ = Phase::kNone;
  const Asked asked{std::exchange(other_.has_token, false), std::exchange(other_.has_venue, false)};
  other_.token.wipe();
  other_.venue = {};
  check();
  return asked;
}

}  // namespace derivd::deriv
