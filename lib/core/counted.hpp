// Owns how a number stands before what it counts: "1 order", "2 orders". Every room that tells a
// person of a count uses it. It speaks English alone.
#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>

namespace derivd::core {

/// `many` is what several of them are called; empty: as one is, with an s.
template <class Number>
std::string counted(Number number, std::string_view one, std::string_view many = {}) {
  if (number == Number{1}) return fmt::format("{} {}", number, one);
  return many.empty() ? fmt::format("{} {}s", number, one) : fmt::format("{} {}", number, many);
}

}  // namespace derivd::core
