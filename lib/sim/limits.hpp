// Owns the venue's rate limits: how many calls of a group within a sliding minute and hour. The
// venue asks it before it looks at a call. It counts in wall time (Instant), whatever the speed of
// venue time, because clients pace themselves by their own clock; it never waits.
//
// Sources: shared reference deriv/options-api.md section 2.2 and deriv/v3-api.md section 3. Whether
// Deriv's windows slide is not documented: a sliding window is the strictest reading.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string_view>

#include "core/time.hpp"

namespace derivd::sim {

struct Quota {
  std::size_t count = 0;
  core::Duration window{};
};

/// At most `count` admissions within any `window`, for two windows at once.
class RateWindow final {
 public:
  RateWindow(Quota shorter, Quota longer) : shorter_(shorter), longer_(longer) {}
  /// Counts the call when it is admitted; refused calls do not count.
  bool admit(core::Instant now);

 private:
  Quota shorter_, longer_;
  std::deque<core::Instant> admitted_;  // at most longer_.count
};

/// The shared budgets of one account (or of one socket that has none).
class CallLimits {
 public:
  virtual ~CallLimits() = default;
  virtual bool admit(std::string_view call, core::Instant now) = 0;
};

class OptionsLimits final : public CallLimits {
 public:
  bool admit(std::string_view call, core::Instant now) override;

 private:
  static constexpr core::Duration kMinute = std::chrono::minutes(1);
  static constexpr core::Duration kHour = std::chrono::hours(1);
  RateWindow trading_{{360, kMinute}, {14'400, kHour}};  // proposal, open contract, buy, sell
  RateWindow money_{{100, kMinute}, {2'000, kHour}};     // balance, statement
  RateWindow tables_{{30, kMinute}, {1'500, kHour}};     // portfolio, profit_table
  RateWindow other_{{220, kMinute}, {14'400, kHour}};
};

class V3Limits final : public CallLimits {
 public:
  static constexpr std::size_t kPricingMinute = 80, kPricingHour = 3'600;
  static constexpr std::size_t kOutcomeMinute = 30, kOutcomeHour = 1'500;
  static constexpr std::size_t kGeneralMinute = 220, kGeneralHour = 14'400;
  static constexpr std::size_t kProposalStreams = 5;
  bool admit(std::string_view call, core::Instant now) override;

 private:
  static constexpr core::Duration kMinute = std::chrono::minutes(1);
  static constexpr core::Duration kHour = std::chrono::hours(1);
  RateWindow pricing_{{kPricingMinute, kMinute}, {kPricingHour, kHour}};
  RateWindow outcome_{{kOutcomeMinute, kMinute}, {kOutcomeHour, kHour}};
  RateWindow general_{{kGeneralMinute, kMinute}, {kGeneralHour, kHour}};
};

/// options: pings are outside the budgets, 10 per second per connection.
RateWindow ping_limit();
/// REST: 300 per minute and 1000 per 10 minutes for an address, 80 per minute for a user.
RateWindow rest_address_limit();
RateWindow rest_user_limit();

}  // namespace derivd::sim
