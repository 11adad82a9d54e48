// Owns the guess at what a person meant who mistyped a word. The loader adds it to "unknown …"
// messages. It never corrects anything by itself.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace derivd::core {

/// Damerau-Levenshtein distance (optimal string alignment), upper and lower case alike.
int distance(std::string_view a, std::string_view b);

/// The nearest candidate, when it is near enough to be meant.
std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> candidates);

}  // namespace derivd::core
