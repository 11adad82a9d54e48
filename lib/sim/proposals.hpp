// Owns the proposals that one connection has been made and can still buy, each with the price that
// it was last told. It prices nothing.
//
// What always holds (CHECK): each has an id of its own, at most kMaxProposals are remembered, and
// the oldest are forgotten first.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "sim/deal.hpp"
#include "venue/book.hpp"

namespace derivd::sim {

inline constexpr std::size_t kMaxProposals = 500;  // remembered per connection

struct Proposal {
  std::string id;
  Order order;
  venue::Quote quote;
};

class Proposals final {
 public:
  void add(Proposal proposal);
  /// Empty: unknown, bought or forgotten.
  std::optional<Proposal> find(std::string_view id) const;
  /// Its stream has told another price.
  void requote(std::string_view id, const venue::Quote& quote);
  void erase(std::string_view id);
  void clear() { list_.clear(); }
  std::size_t size() const { return list_.size(); }

 private:
  std::deque<Proposal> list_;  // oldest first
};

}  // namespace derivd::sim
