#include "risk/refusals.hpp"

#include <algorithm>

namespace derivd::risk {

void Refusals::count(bool strike, core::VenueTime now) {
  ++total;
  ++row;
  strikes += strike ? 1 : 0;
  auto wait = kFirstRefusalWait;
  for (std::int64_t i = 1; i < row && wait < kLongestRefusalWait; ++i) wait *= 2;
  until = now + std::min(wait, kLongestRefusalWait);
}

void Refusals::end() {
  row = strikes = 0;
  until.reset();
  told = false;
}

std::optional<core::VenueTime> Refusals::waiting(core::VenueTime now) const {
  if (!until || now >= *until || *until - now > kLongestRefusalWait) return std::nullopt;
  return until;
}

}  // namespace derivd::risk
