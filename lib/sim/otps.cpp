#include "sim/otps.hpp"

#include "core/check.hpp"

namespace derivd::sim {

void OneTimePasswords::issue(std::string password, Grant& grant, core::Instant now, bool broken) {
  DERIVD_CHECK(grant.account != nullptr, "a one-time password is somebody's");
  order_.push_back(password);
  const bool fresh = known_.emplace(std::move(password), Otp{&grant, now, false, broken}).second;
  DERIVD_CHECK(fresh, "a one-time password is given out once");
  if (order_.size() > kMaxOtps) {
    known_.erase(order_.front());
    order_.pop_front();
  }
  DERIVD_CHECK(known_.size() == order_.size(), "each password that is remembered has its turn");
}

bool OneTimePasswords::spend(std::string_view password, bool real, core::Instant now) {
  const auto found = known_.find(password);
  if (found == known_.end()) return false;
  Otp& o = found->second;
  const bool fits = o.grant->account->real() == real;
  if (o.used || o.broken || !fits || now - o.issued > kOtpLife || !o.grant->valid) return false;
  o.used = true;
  return true;
}

Grant* OneTimePasswords::grant_of(std::string_view password) const {
  const auto found = known_.find(password);
  return found == known_.end() ? nullptr : found->second.grant;
}

void OneTimePasswords::each(const std::function<void(std::string_view)>& what) const {
  for (const auto& [password, otp] : known_) what(password);
}

}  // namespace derivd::sim
