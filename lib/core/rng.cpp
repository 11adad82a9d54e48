#include "core/rng.hpp"

#include <bit>
#include <cmath>
#include <numbers>

#include "core/check.hpp"

namespace derivd::core {

Rng::Rng(std::uint64_t seed) {
  for (auto& word : state_) {
    seed += 0x9e3779b97f4a7c15ULL;
    auto z = seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    word = z ^ (z >> 31);
  }
}

std::uint64_t Rng::next() {
  const auto result = std::rotl(state_[1] * 5, 7) * 9;
  const auto t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::uint64_t Rng::below(std::uint64_t bound) {
  DERIVD_CHECK(bound > 0, "an empty range has no value");
  // Rejection keeps every value equally likely.
  const auto limit = ~std::uint64_t{0} - ~std::uint64_t{0} % bound;
  auto value = next();
  while (value >= limit) value = next();
  return value % bound;
}

double Rng::uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

double Rng::normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  const auto radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  const auto angle = 2.0 * std::numbers::pi * uniform();
  spare_ = radius * std::sin(angle);
  has_spare_ = true;
  return radius * std::cos(angle);
}

}  // namespace derivd::core
