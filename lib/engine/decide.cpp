#include "engine/decide.hpp"

namespace derivd::engine {

Decision decide(core::Money planned, core::Money base, const risk::Standing& standing,
                const StrategySettings& settings, const risk::AccountLimits& account) {
  Decision d;
  const auto money = [&](core::Money stake, bool nothing_open) {
    return risk::check_money(stake, standing, settings.session, account, nothing_open);
  };
  // Tests the stake; true: it is entered, else d.denied says why not. A verdict is copied only when
  // it denies: that is the rare case and the large one.
  const auto enters = [&](core::Money stake) {
    if (const auto denied = money(stake, false)) {
      d.denied = denied;
      return false;
    }
    d.denied.reset();
    d.kind = Decision::Kind::kEnter;
    d.stake = stake;
    return true;
  };
  if (const auto denied = risk::check_entry(standing, settings.session, settings.guards, account)) {
    d.denied = denied;
    return d;
  }
  if (enters(planned)) return d;
  if (!money(planned, true)) return d;  // only what is open stands in the way: the step stays
  d.restart_plan = true;
  if (enters(base)) return d;
  if (const auto never = money(base, true)) {
    d.denied = never;
    if (never->limit == risk::Limit::kSessionStop) d.kind = Decision::Kind::kHalt;
  }
  return d;
}

}  // namespace derivd::engine
