// Owns the settings of `type: script`: the program's text with its budgets. The configuration fills
// them, the engine hands them to whoever runs the program, a reload compares them. It never reads a
// file.
//
// Rule: the product's contract, "Scripts".
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace derivd::script {

/// A program that a person wrote has a fraction of it.
inline constexpr std::size_t kMaxText = 512 * 1024;
/// `state` and `answers`, as JSON.
inline constexpr std::size_t kMaxState = 64 * 1024;

inline constexpr std::chrono::milliseconds kMinCpu{1};
inline constexpr std::chrono::milliseconds kMaxCpu{10'000};
inline constexpr std::int64_t kMebibyte = 1024 * 1024;
/// The engine's own heap grows in steps of some MiB: with less, a garbage collection that is late
/// would halt a program that keeps nothing.
inline constexpr std::int64_t kMinMemory = 16 * kMebibyte;
inline constexpr std::int64_t kMaxMemory = 512 * kMebibyte;

struct Settings {
  std::string file;            // as the configuration says it; messages name it
  std::string text;            // the program; compared at a reload
  std::string answers = "{}";  // JSON
  std::chrono::milliseconds cpu{50};
  std::int64_t memory = 64 * kMebibyte;
  std::uint64_t seed = 1;  // of Math.random()
  friend bool operator==(const Settings&, const Settings&) = default;
};

}  // namespace derivd::script
