#include "engine/decide.hpp"

namespace derivd::engine {

Decision decide(core::Money planned, core::Money base, const risk::Standing& standing,
                const StrategySettings& settings, const risk::AccountLimits& account) {
  Decision d;
  const auto money = [&](core::Money stake, bool nothing_open) {
    return risk::check_money(stake, standing, settings.session, account, nothing_open);
  };
  const auto enter = [&](core::Money stake) {
    d.kind = Decision::Kind::kEnter;
    d.stake = stake;
    return d;
  };
  d.denied = risk::check_entry(standing, settings.session, settings.guards, account);
  if (d.denied) return d;
  d.denied = money(planned, false);
  if (!d.denied) return enter(planned);
  if (!money(planned, true)) return d;  // only what is open stands in the way: the step stays
  d.restart_plan = true;
  d.denied = money(base, false);
  if (!d.denied) return enter(base);
  if (const auto never = money(base, true)) {
    d.denied = never;
    if (never->limit == risk::Limit::kSessionStop) d.kind = Decision::Kind::kHalt;
  }
  return d;
}

}  // namespace derivd::engine
