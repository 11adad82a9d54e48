// Owns the one-time passwords that open the authenticated sockets of the options dialect: whose
// each is, when it was given out and whether it has been used. REST gives them out, the upgrade
// spends them. It makes no ids and knows no URL.
//
// What always holds (CHECK): at most kMaxOtps are remembered, the oldest are forgotten first, and
// each opens one socket at most.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "core/time.hpp"
#include "sim/accounts.hpp"

namespace derivd::sim {

inline constexpr std::size_t kMaxOtps = 1'000;
inline constexpr core::Duration kOtpLife = std::chrono::seconds(120);

class OneTimePasswords final {
 public:
  /// `broken`: a fault; it will never work. The grant outlives this.
  void issue(std::string password, Grant& grant, core::Instant now, bool broken);
  /// Uses it up. False: unknown, used, older than kOtpLife, broken, of the other kind of account,
  /// or of a token that is no longer valid.
  bool spend(std::string_view password, bool real, core::Instant now);
  /// Whose it is, spent or not; null: unknown.
  Grant* grant_of(std::string_view password) const;
  std::size_t size() const { return known_.size(); }
  /// Each that is remembered, in the order of their texts.
  void each(const std::function<void(std::string_view password)>& what) const;

 private:
  struct Otp {
    Grant* grant = nullptr;
    core::Instant issued;
    bool used = false;
    bool broken = false;
  };
  std::map<std::string, Otp, std::less<>> known_;
  std::deque<std::string> order_;  // of issue
};

}  // namespace derivd::sim
