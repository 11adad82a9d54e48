// Owns append, which puts texts, characters and whole numbers behind a text. What lies between a
// tick and the bytes of its purchase uses it instead of fmt: a formatter reads its format string
// at run time, and that is more code than everything it writes there, cold at every tick.
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <limits>
#include <string>
#include <string_view>

namespace derivd::core {

template <class T>
concept WholeNumber = std::integral<T> && !std::same_as<T, char> && !std::same_as<T, bool>;

inline void append_one(std::string& out, std::string_view text) { out.append(text); }
inline void append_one(std::string& out, char c) { out.push_back(c); }
template <WholeNumber T>
void append_one(std::string& out, T number) {
  std::array<char, std::numeric_limits<T>::digits10 + 2> digits;  // and a sign
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

/// One behind the other, numbers in decimal. Allocates only where `out` has to grow.
template <class... Parts>
void append(std::string& out, const Parts&... parts) {
  (append_one(out, parts), ...);
}

}  // namespace derivd::core
