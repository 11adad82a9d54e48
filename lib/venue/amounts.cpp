#include "venue/amounts.hpp"

#include <fmt/format.h>

#include "market/kind.hpp"

namespace derivd::venue {

using core::Money;

// Texts: deriv/v3-api.md, section 2.
std::optional<Refusal> amount_refusal(const market::ContractSpec& spec, Money stake, Money payout) {
  const auto amounts = market::kind_of(spec.type).amounts.in(stake.exponent());
  if (!amounts.max_payout) {
    if (stake < amounts.min_stake) {
      return Refusal{RefusalKind::kStakeTooSmall,
                     fmt::format("Stake must be at least {}.", amounts.min_stake.to_string())};
    }
    if (!amounts.max_stake || stake <= *amounts.max_stake) return std::nullopt;
    return Refusal{RefusalKind::kPayoutTooLarge,
                   "Contract's stake amount is more than the maximum purchase price."};
  }
  const auto limits = fmt::format("Minimum stake of {} and maximum payout of {}.",
                                  amounts.min_stake.to_string(), amounts.max_payout->to_string());
  if (stake < amounts.min_stake) {
    return Refusal{RefusalKind::kStakeTooSmall,
                   fmt::format("{} Current stake is {}.", limits, stake.to_string())};
  }
  if (payout <= *amounts.max_payout) return std::nullopt;
  return Refusal{RefusalKind::kPayoutTooLarge,
                 fmt::format("{} Current payout is {}.", limits, payout.to_string())};
}

}  // namespace derivd::venue
