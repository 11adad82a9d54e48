// The v3 dialect: names and budgets. Source: shared reference deriv/v3-api.md.
#include "deriv/dialect.hpp"
#include "deriv/v3_opening.hpp"
#include "market/kind.hpp"

namespace derivd::deriv {
namespace {

class V3Rules final : public Rules {
 public:
  const WireNames& names() const override { return kV3Names; }

  std::string_view contract_name(market::ContractType type) const override {
    return market::kind_of(type).v3_name;
  }

  std::vector<core::RateBudget> budgets() const override {
    // Section 3: pricing, outcome, rest of calls, as read in 2026.
    return {{80, 3'600}, {30, 1'500}, {220, 14'400}};
  }

  Counter counter_of(Call call) const override {
    switch (call) {
      case Call::kProposal:
      case Call::kPrice:
      case Call::kWatch:
      case Call::kPoll:
        return 0;
      case Call::kPortfolio:
      case Call::kProfitTable:
        return 1;
      case Call::kBuy:
      case Call::kSell:
      case Call::kCancel:
      case Call::kAuthorize:
      case Call::kTime:
      case Call::kBalance:
      case Call::kActiveSymbols:
      case Call::kTransactions:
      case Call::kTicks:
      case Call::kHistory:
      case Call::kHistoryOnly:
      case Call::kPast:
      case Call::kCandles:
      case Call::kForget:
      case Call::kOfferings:
      case Call::kTradingTimes:
      case Call::kOwnLimits:
        return 2;
      case Call::kPing:  // sent at most twice a minute
        return kUncounted;
    }
    return 2;
  }

  std::unique_ptr<Opening> opening(const SessionSettings& settings) const override {
    return std::make_unique<V3Opening>(settings);
  }
};

}  // namespace

std::unique_ptr<Rules> make_v3_rules() { return std::make_unique<V3Rules>(); }

}  // namespace derivd::deriv
