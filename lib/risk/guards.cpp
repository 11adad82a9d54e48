#include "risk/guards.hpp"

namespace derivd::risk {

using std::chrono::hours;

void GuardState::on_settled(const Guards& guards, core::Money profit, core::VenueTime time) {
  if (guards.cooldown.count() > 0) cooling_until = time + guards.cooldown;
  if (!guards.after_losses || profit.is_zero()) return;
  losses = profit.units() < 0 ? losses + 1 : 0;
  if (losses < guards.after_losses->count) return;
  losses = 0;
  pausing_until = time + guards.after_losses->pause;
}

void GuardState::on_realised(const Guards& guards, core::Money realised, core::VenueTime time) {
  if (realised > top) top = realised;
  if (!guards.drawdown || top - realised < guards.drawdown->amount) return;
  top = realised;  // a drawdown that was paused for does not pause again
  falling_until = time + guards.drawdown->pause;
}

void GuardState::on_purchase(const Guards& guards, Purchase purchase) {
  if (!guards.max_trades_per_hour) return;
  while (!purchases.empty() && purchases.front().time + hours(1) <= purchase.time) {
    purchases.pop_front();
  }
  purchases.push_back(purchase);
}

std::int64_t GuardState::purchases_in_hour(core::VenueTime now) {
  while (!purchases.empty() && purchases.front().time + hours(1) <= now) purchases.pop_front();
  return static_cast<std::int64_t>(purchases.size());
}

}  // namespace derivd::risk
