// Owns ShortString, text of bounded length held by value, for names that travel through the hot
// path without touching the heap. Any room uses it; construction from longer text is a checked bug,
// so edges that take untrusted text call fits() first. It never allocates.
#pragma once

#include <fmt/format.h>

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/check.hpp"

namespace derivd::core {

template <std::size_t N>
class ShortString {
  static_assert(N < 256);

 public:
  static constexpr std::size_t kCapacity = N;
  static constexpr bool fits(std::string_view text) { return text.size() <= N; }

  constexpr ShortString() = default;
  constexpr ShortString(std::string_view text) {  // NOLINT(google-explicit-constructor)
    DERIVD_CHECK(fits(text), "text does not fit a ShortString");
    for (std::size_t i = 0; i < text.size(); ++i) bytes_[i] = text[i];
    size_ = static_cast<std::uint8_t>(text.size());
  }
  constexpr ShortString(const char* text)  // NOLINT(google-explicit-constructor)
      : ShortString(std::string_view{text}) {}
  ShortString(const std::string& text)  // NOLINT(google-explicit-constructor)
      : ShortString(std::string_view{text}) {}

  /// Keeps the first N bytes: for texts that are only shown.
  static constexpr ShortString truncated(std::string_view text) {
    return ShortString(text.substr(0, N));
  }

  constexpr std::string_view view() const { return {bytes_.data(), size_}; }
  constexpr operator std::string_view() const { return view(); }  // NOLINT
  std::string str() const { return std::string(view()); }
  constexpr bool empty() const { return size_ == 0; }

  // Bytes behind the text are always zero: one comparison of a fixed length, in words, because the
  // compiler would call memcmp, which costs more than it compares.
  friend constexpr bool operator==(const ShortString& a, const ShortString& b) {
    if (std::is_constant_evaluated()) return a.view() == b.view();
    std::uint64_t differs = 0;
    for (std::size_t i = 0; i < sizeof(ShortString); i += kWord) differs |= a.word(i) ^ b.word(i);
    return differs == 0;
  }
  friend constexpr auto operator<=>(const ShortString& a, const ShortString& b) {
    return a.view() <=> b.view();
  }
  friend constexpr bool operator==(const ShortString& a, std::string_view b) {
    return a.view() == b;
  }
  friend constexpr bool operator==(const ShortString& a, const char* b) { return a.view() == b; }

 private:
  static constexpr std::size_t kWord = sizeof(std::uint64_t);
  // Whole words: copied in odd pieces, a name that is compared right afterwards would wait until
  // the copy has left the processor's store buffer.
  static constexpr std::size_t kRoom = (N / kWord + 1) * kWord - 1;

  std::uint64_t word(std::size_t at) const {
    std::uint64_t out = 0;
    std::memcpy(&out, reinterpret_cast<const char*>(this) + at, kWord);
    return out;
  }

  alignas(kWord) std::array<char, kRoom> bytes_{};
  std::uint8_t size_ = 0;
};

/// A strategy's name from the configuration.
using Name = ShortString<40>;
/// A reason or a message for people, cut where too long.
using Text = ShortString<200>;

}  // namespace derivd::core

template <std::size_t N>
struct fmt::formatter<derivd::core::ShortString<N>> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const derivd::core::ShortString<N>& s, Context& ctx) const {
    return fmt::formatter<std::string_view>::format(s.view(), ctx);
  }
};
template <std::size_t N>
struct std::hash<derivd::core::ShortString<N>> {
  std::size_t operator()(const derivd::core::ShortString<N>& s) const noexcept {
    return std::hash<std::string_view>{}(s.view());
  }
};
