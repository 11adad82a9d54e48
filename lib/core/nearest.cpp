#include "core/nearest.hpp"

#include <algorithm>
#include <vector>

namespace derivd::core {
namespace {

// Longer words are no typing mistake of a key.
constexpr std::size_t kLongest = 64;

constexpr std::size_t kBegun = 3;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

int distance(std::string_view a, std::string_view b) {
  const auto columns = b.size() + 1;
  std::vector<int> two_up(columns);
  std::vector<int> up(columns);
  std::vector<int> row(columns);
  for (std::size_t j = 0; j < columns; ++j) up[j] = static_cast<int>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = static_cast<int>(i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({up[j] + 1, row[j - 1] + 1, up[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
          lower(a[i - 2]) == lower(b[j - 1])) {
        row[j] = std::min(row[j], two_up[j - 2] + 1);
      }
    }
    std::swap(two_up, up);
    std::swap(up, row);
  }
  return up[b.size()];
}

std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> candidates) {
  if (word.empty() || word.size() > kLongest) return std::nullopt;
  // "warn" for "warning": begun rightly, and that once only.
  if (word.size() >= kBegun) {
    const auto begins = [&](std::string_view c) {
      return c.size() > word.size() && distance(word, c.substr(0, word.size())) == 0;
    };
    if (std::count_if(candidates.begin(), candidates.end(), begins) == 1) {
      return *std::find_if(candidates.begin(), candidates.end(), begins);
    }
  }
  std::optional<std::string_view> best;
  int best_distance = 0;
  for (const auto candidate : candidates) {
    const int d = distance(word, candidate);
    if (!best || d < best_distance) {
      best = candidate;
      best_distance = d;
    }
  }
  // A third of the letters may be wrong, and one always.
  const auto longer = best ? std::max(word.size(), best->size()) : 0;
  if (!best || best_distance > std::max(1, static_cast<int>(longer) / 3)) return std::nullopt;
  return best;
}

}  // namespace derivd::core
