// Owns how the one seed of a simulated venue becomes many independent draws, and the ids that are
// made of one of them. Whoever draws keeps a generator of its own; nothing here reads a clock.
#pragma once

#include <cstdint>
#include <string>

#include "core/rng.hpp"

namespace derivd::sim {

/// One seed, many independent streams: what one part draws never shifts another.
std::uint64_t salted(std::uint64_t seed, std::uint64_t salt);

/// Ids of streams, proposals and one-time passwords. They share one generator, so that an id is
/// never given twice, and their order is that of the requests.
class Ids final {
 public:
  explicit Ids(std::uint64_t seed) : rng_(seed) {}
  /// 36 characters like a UUID.
  std::string next();

 private:
  core::Rng rng_;
};

}  // namespace derivd::sim
