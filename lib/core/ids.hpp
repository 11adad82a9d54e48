// Owns the strong ids: numbers that must not be taken for one another. Every room above uses them;
// they are made by the venue (contract, transaction) or by the ledger (order). They never convert
// to each other.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace derivd::core {

template <class Tag>
struct Id {
  std::int64_t value = 0;  // 0: none
  constexpr explicit operator bool() const { return value != 0; }
  friend constexpr auto operator<=>(Id, Id) = default;
};

using OrderId = Id<struct OrderTag>;              // ours, rises by one for each intent
using ContractId = Id<struct ContractTag>;        // the venue's
using TransactionId = Id<struct TransactionTag>;  // the venue's

}  // namespace derivd::core

template <class Tag>
struct std::hash<derivd::core::Id<Tag>> {
  std::size_t operator()(derivd::core::Id<Tag> id) const noexcept {
    return std::hash<std::int64_t>{}(id.value);
  }
};
