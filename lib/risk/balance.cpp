#include "risk/balance.hpp"

#include <algorithm>

namespace derivd::risk {

void KnownBalance::anchor(core::Money balance) {
  expected_ = shown_ = balance;
  differs_since_.reset();
}

void KnownBalance::show(core::Money balance, core::Instant now) {
  shown_ = balance;
  compare(now);
}

void KnownBalance::debit(core::Money price, std::optional<core::Money> balance_after,
                         core::Instant now) {
  if (!expected_) return;
  *expected_ -= price;
  shown_ = balance_after ? *balance_after : *shown_ - price;
  if (balance_after) compare(now);
}

void KnownBalance::credit(core::Money amount) {
  if (!expected_) return;
  *expected_ += amount;
  *shown_ += amount;  // the next figure of the venue replaces it
}

std::optional<core::Money> KnownBalance::floor() const {
  if (!expected_) return std::nullopt;
  return std::min(*expected_, *shown_);
}

void KnownBalance::compare(core::Instant now) {
  if (!expected_) return;
  const auto difference = *shown_ - *expected_;
  const bool same_side = differs_since_ && (difference.units() > 0) == (difference_.units() > 0);
  if (difference.is_zero()) {
    differs_since_.reset();
  } else if (!same_side) {
    differs_since_ = now;
    difference_ = difference;
  } else {
    difference_ = difference.units() > 0 ? std::min(difference_, difference)
                                         : std::max(difference_, difference);
    if (now - *differs_since_ < kLasting) return;
    *expected_ += difference_;
    differs_since_.reset();
  }
}

}  // namespace derivd::risk
