// Owns short_format, which makes a text for people in the place where it stays. Whatever lies
// between a tick and its purchase uses it instead of fmt::format, which asks the heap.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "core/short_string.hpp"

namespace derivd::core {

/// What does not fit is cut. It never allocates, unless the formatter of an argument does.
template <class Short = Text, class... Args>
Short short_format(fmt::format_string<Args...> format, Args&&... args) {
  std::array<char, Short::kCapacity> out;
  const auto made =
      fmt::format_to_n(out.data(), out.size(), format, std::forward<Args>(args)...).size;
  return Short(std::string_view(out.data(), std::min(made, out.size())));
}

}  // namespace derivd::core
