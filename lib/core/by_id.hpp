// Owns ById, a table of few values by ids that rise: a new one nearly always comes behind all
// others, and an old one is looked for among a handful. The ledger and the engine keep in it what
// is at risk, which every purchase enters and leaves. What is frequent is short here, so that it
// stays in the processor's caches; what is rare lies elsewhere.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "core/check.hpp"

namespace derivd::core {

/// Iterates by rising id over pairs of id and value. References and iterators end with the next
/// change. Not for several threads.
template <class Id, class T>
class ById final {
 public:
  using value_type = std::pair<Id, T>;
  using iterator = typename std::vector<value_type>::iterator;
  using const_iterator = typename std::vector<value_type>::const_iterator;

  iterator begin() { return rows_.begin(); }
  iterator end() { return rows_.end(); }
  const_iterator begin() const { return rows_.begin(); }
  const_iterator end() const { return rows_.end(); }
  std::size_t size() const { return rows_.size(); }
  bool empty() const { return rows_.empty(); }
  std::size_t capacity() const { return rows_.capacity(); }
  void reserve(std::size_t n) { rows_.reserve(n); }
  void clear() { rows_.clear(); }

  const_iterator find(Id id) const {
    const auto it = not_before(id);
    return it != rows_.end() && it->first == id ? it : rows_.end();
  }
  iterator find(Id id) { return rows_.begin() + (std::as_const(*this).find(id) - rows_.cbegin()); }
  bool contains(Id id) const { return find(id) != rows_.end(); }
  /// Of an id that is there (CHECK).
  T& at(Id id) {
    const auto it = find(id);
    DERIVD_CHECK(it != rows_.end(), "an id that is not there");
    return it->second;
  }

  /// Puts it there, in the place of what was there before.
  T& set(Id id, T value) {
    if (!rows_.empty() && !(rows_.back().first < id)) [[unlikely]]
      return set_between(id, std::move(value));
    return rows_.emplace_back(id, std::move(value)).second;
  }
  /// What is there, or a new one.
  T& operator[](Id id) {
    const auto it = find(id);
    return it != rows_.end() ? it->second : set(id, T{});
  }
  /// Whether it was there.
  bool erase(Id id) {
    const auto it = find(id);
    if (it == rows_.end()) return false;
    rows_.erase(it);
    return true;
  }

 private:
  const_iterator not_before(Id id) const {
    return std::lower_bound(rows_.begin(), rows_.end(), id,
                            [](const value_type& row, Id wanted) { return row.first < wanted; });
  }
  [[gnu::cold]] T& set_between(Id id, T value) {
    const auto it = rows_.begin() + (not_before(id) - rows_.cbegin());
    if (it->first == id) return it->second = std::move(value);
    return rows_.emplace(it, id, std::move(value))->second;
  }

  std::vector<value_type> rows_;
};

}  // namespace derivd::core
