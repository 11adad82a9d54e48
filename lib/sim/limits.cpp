#include "sim/limits.hpp"

namespace derivd::sim {

bool RateWindow::admit(core::Instant now) {
  while (!admitted_.empty() && now - admitted_.front() >= longer_.window) admitted_.pop_front();
  if (admitted_.size() >= longer_.count) return false;
  if (admitted_.size() >= shorter_.count &&
      now - admitted_[admitted_.size() - shorter_.count] < shorter_.window)
    return false;
  admitted_.push_back(now);
  return true;
}

bool OptionsLimits::admit(std::string_view call, core::Instant now) {
  if (call == "proposal" || call == "proposal_open_contract" || call == "buy" || call == "sell")
    return trading_.admit(now);
  if (call == "balance" || call == "statement") return money_.admit(now);
  if (call == "portfolio" || call == "profit_table") return tables_.admit(now);
  return other_.admit(now);
}

bool V3Limits::admit(std::string_view call, core::Instant now) {
  if (call == "proposal" || call == "proposal_open_contract") return pricing_.admit(now);
  if (call == "portfolio" || call == "statement" || call == "profit_table")
    return outcome_.admit(now);
  return general_.admit(now);
}

RateWindow ping_limit() { return {{10, std::chrono::seconds(1)}, {600, std::chrono::minutes(1)}}; }
RateWindow rest_address_limit() {
  return {{300, std::chrono::minutes(1)}, {1'000, std::chrono::minutes(10)}};
}
RateWindow rest_user_limit() {
  return {{80, std::chrono::minutes(1)}, {4'800, std::chrono::hours(1)}};
}

}  // namespace derivd::sim
