// Owns the form in which plans save their state: the plan's name, then its numbers, as
// "martingale 3 250". Plans write and read it. It never knows what a number means.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/decimal.hpp"
#include "core/result.hpp"

namespace derivd::staking {

/// Last, if there is one, the ceiling that the venue has set.
std::string save_state(std::string_view name, std::initializer_list<std::int64_t> numbers,
                       const std::optional<core::Money>& ceiling = {});

/// `count` numbers, or one more where `with_ceiling` allows it. An error, when it is of another
/// plan or has another number of them.
core::Result<std::vector<std::int64_t>> load_state(std::string_view saved, std::string_view name,
                                                   std::size_t count, bool with_ceiling = false);

inline core::Money lower(const std::optional<core::Money>& cap, core::Money stake) {
  return cap && *cap < stake ? *cap : stake;
}

}  // namespace derivd::staking
