#include "core/backoff.hpp"

#include <algorithm>

namespace derivd::core {

Duration Backoff::next() {
  const int n = attempts_++;
  if (n == 0) return Duration{0};
  auto ceiling = settings_.base;
  for (int i = 1; i < n && ceiling < settings_.cap; ++i) ceiling *= 2;
  ceiling = std::min(ceiling, settings_.cap);
  const auto floor = settings_.base / 2;
  const auto span = static_cast<std::uint64_t>((ceiling - floor).count()) + 1;
  return floor + Duration{static_cast<std::int64_t>(rng_.below(span))};
}

}  // namespace derivd::core
