#include "deriv/budget.hpp"

#include <algorithm>
#include <utility>

namespace derivd::deriv {

CallBudget::CallBudget(const Rules& rules, core::Rng& rng) : rules_(rules), rng_(rng) {
  for (const auto& budget : rules.budgets()) {
    groups_.push_back({core::RateLimiter(budget), 0, 0, 0, {}, {}});
  }
  for (const auto call : {Call::kBuy, Call::kProposal}) {
    auto& orders = groups_[rules.counter_of(call)];
    orders.pool = orders.limiter.per_minute() * kReservePercent / 100;
  }
  auto& purchases = groups_[rules.counter_of(Call::kBuy)];
  purchases.reserve = purchases.pool;
}

void CallBudget::set_buyers(std::vector<core::Name> buyers) {
  for (auto& group : groups_) {
    if (group.pool == 0) continue;
    const auto before = std::exchange(group.shares, {});
    const auto equal =
        static_cast<std::uint32_t>(group.pool / std::max<std::size_t>(1, buyers.size()));
    if (equal == 0) continue;  // so many that nothing can be promised to one
    for (const auto& buyer : buyers) {
      Share share{buyer, core::RateLimiter({equal, 0, 0})};
      const auto known = std::find_if(before.begin(), before.end(),
                                      [&](const Share& s) { return s.buyer == buyer; });
      if (known != before.end()) share.own.inherit(known->own);
      group.shares.push_back(std::move(share));
    }
  }
}

std::uint32_t CallBudget::reserve_for(Call call, const Group& group) const {
  switch (call) {
    case Call::kBuy:
    case Call::kSell:  // an operator's way out of a position
    case Call::kCancel:
    // What a new link needs before anything can be bought at all: a reserve that held these back
    // would keep the purchases away that it is for.
    case Call::kAuthorize:
    case Call::kTime:
    case Call::kBalance:
    case Call::kActiveSymbols:
    case Call::kTransactions:
    case Call::kTicks:
    case Call::kHistory:
    case Call::kPortfolio:
    case Call::kProfitTable:
    case Call::kOwnLimits:
      return 0;
    case Call::kPrice:
      // Where quotes are counted apart from purchases (v3), a strategy's quotes come first, too.
      return group.pool;
    case Call::kPing:
    case Call::kHistoryOnly:
    case Call::kPast:
    case Call::kCandles:
    case Call::kWatch:
    case Call::kPoll:
    case Call::kProposal:
    case Call::kForget:
    case Call::kOfferings:
    case Call::kTradingTimes:
      break;
  }
  return group.reserve;
}

bool CallBudget::try_take_order(Call call, const core::Name& buyer, core::Instant now) {
  const auto counter = rules_.counter_of(call);
  if (counter == kUncounted) return true;
  auto& group = groups_[counter];
  if (now < group.held_until) return false;
  // A quote is of no use without its purchase, where both are counted together.
  const std::uint32_t then = call == Call::kProposal && counter == rules_.counter_of(Call::kBuy);
  std::uint32_t others = then;
  Share* own = nullptr;
  for (auto& share : group.shares) {
    if (share.buyer == buyer) {
      own = &share;
    } else {
      others += share.own.left(now);
    }
  }
  const bool in_share = own != nullptr && own->own.left(now) > then;
  if (!group.limiter.try_take(now, in_share ? 0 : others)) return false;
  if (own != nullptr) own->own.try_take(now);
  return true;
}

bool CallBudget::try_take(Call call, core::Instant now) {
  const auto counter = rules_.counter_of(call);
  if (counter == kUncounted) return true;
  auto& group = groups_[counter];
  if (now < group.held_until) return false;
  return group.limiter.try_take(now, reserve_for(call, group));
}

core::Instant CallBudget::next_free(Call call, core::Instant now) const {
  const auto counter = rules_.counter_of(call);
  if (counter == kUncounted) return now;
  const auto& group = groups_[counter];
  return std::max(group.held_until, group.limiter.next_free(now, reserve_for(call, group)));
}

void CallBudget::refused(Call call, core::Instant now) {
  const auto counter = rules_.counter_of(call);
  if (counter == kUncounted) return;
  auto& group = groups_[counter];
  auto hold = kFirstHold;
  for (int i = 0; i < group.refusals && hold < kLongestHold; ++i) hold *= 2;
  hold = std::min(hold, kLongestHold);
  // Full jitter above half, so that several programs on one account do not come back together.
  const auto span = static_cast<std::uint64_t>((hold / 2).count()) + 1;
  hold = hold / 2 + core::Duration{static_cast<std::int64_t>(rng_.below(span))};
  // Several answers to calls of one burst count once.
  if (now >= group.held_until) ++group.refusals;
  group.held_until = std::max(group.held_until, now + hold);
}

void CallBudget::answered(Call call) {
  const auto counter = rules_.counter_of(call);
  if (counter != kUncounted) groups_[counter].refusals = 0;
}

}  // namespace derivd::deriv
