// Owns the making of one configuration out of another with some values replaced. derivctl sweep
// calls it for every combination and loads what comes out as if it had been written by hand. It
// never judges a value: load_text() does.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace derivd::config {

/// Values of a key that is varied.
struct Varied {
  std::string key;
  std::vector<std::string> values;  // as they would be written
};
inline constexpr std::size_t kMaxVariedKeys = 16;
inline constexpr std::size_t kMaxVariedValues = 10'000;

/// "staking.base=0.35,0.50,1.00".
core::Result<Varied> parse_varied(std::string_view text);
/// A map of keys to lists of values or to { from: 1, to: 5, step: 1 }, both ends included. Problems
/// name line and column.
core::Result<std::vector<Varied>> load_varied(std::string_view yaml);

struct Replacement {
  std::string_view key;
  std::string_view value;
};
/// The text with these values. A key is one of the configuration ("limits.daily_loss"), one of a
/// strategy by its name ("strategies[parity].staking.base"), or one of every strategy
/// ("staking.base"); "params.answers[0]" is an item of a list that is there, counted from 0. Keys
/// that the text leaves out are added.
core::Result<std::string> with_values(std::string_view yaml, std::span<const Replacement> values);

}  // namespace derivd::config
