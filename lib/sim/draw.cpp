#include "sim/draw.hpp"

#include <fmt/format.h>

namespace derivd::sim {

std::uint64_t salted(std::uint64_t seed, std::uint64_t salt) {
  return core::Rng(seed ^ (salt * 0x9e3779b97f4a7c15ULL)).next();
}

std::string Ids::next() {
  const std::uint64_t a = rng_.next();
  const std::uint64_t b = rng_.next();
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", a >> 32, (a >> 16) & 0xffff, a & 0xffff,
                     b >> 48, b & 0xffff'ffff'ffffULL);
}

}  // namespace derivd::sim
