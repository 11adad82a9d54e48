// What the holder of the account has limited it to at the venue, beside what is configured.
#include <fmt/format.h>

#include <algorithm>

#include "core/utc.hpp"
#include "engine/impl.hpp"

namespace derivd::engine {

namespace {

/// True: theirs is the narrower one, and holds now.
template <class T>
bool narrow(std::optional<T>& limit, const std::optional<T>& own) {
  if (!own || (limit && *limit <= *own)) return false;
  limit = own;
  return true;
}

}  // namespace

std::string words_of(const execution::OwnLimits& own) {
  std::string out;
  const auto add = [&](std::string_view what, std::string_view amount) {
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", what, amount);
  };
  const auto money = [&](std::string_view what, const std::optional<core::Money>& amount) {
    if (amount) add(what, amount->to_string());
  };
  if (own.excluded_until) add("excluded until", core::utc_iso(*own.excluded_until));
  if (own.max_open) add("open contracts", std::to_string(*own.max_open));
  money("loss of a day", own.day_loss);
  money("of 7 days", own.week_loss);
  money("of 30 days", own.month_loss);
  money("turnover of a day", own.day_turnover);
  money("of 7 days", own.week_turnover);
  money("of 30 days", own.month_turnover);
  money("balance", own.max_balance);
  return out.empty() ? "none" : out;
}

void Engine::Impl::tighten_limits() {
  limits = settings.limits;
  limits.holders_open = narrow(limits.max_open_contracts, own_limits.max_open);
  limits.holders_loss = narrow(limits.daily_loss, own_limits.day_loss);
  limits.excluded_until = own_limits.excluded_until;
}

void Engine::Impl::take_own_limits(const execution::OwnLimits& told) {
  if (told == own_limits) return;
  own_limits = told;
  tighten_limits();
  core::Event e;
  e.kind = core::EventKind::kAccountLimit;
  e.reason = "self_exclusion";
  e.text = core::Text::truncated(
      fmt::format("the account's own limits at Deriv: {}", words_of(own_limits)));
  tell(e);
}

}  // namespace derivd::engine
