#include "risk/balance.hpp"

#include <algorithm>

namespace derivd::risk {

void KnownBalance::debit(core::Money price, std::optional<core::Money> balance_after) {
  if (!expected_) return;
  *expected_ -= price;
  shown_ = balance_after ? *balance_after : *shown_ - price;
}

void KnownBalance::credit(core::Money amount, bool anchored) {
  if (!expected_) return;
  if (!anchored) *expected_ += amount;
  *shown_ += amount;  // the next figure of the venue replaces it
}

std::optional<core::Money> KnownBalance::floor() const {
  if (!expected_) return std::nullopt;
  return std::min(*expected_, *shown_);
}

}  // namespace derivd::risk
