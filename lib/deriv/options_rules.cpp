// The options dialect: names and budgets. Source: shared reference deriv/options-api.md.
#include "deriv/dialect.hpp"
#include "deriv/options_opening.hpp"

namespace derivd::deriv {
namespace {

class OptionsRules final : public Rules {
 public:
  const WireNames& names() const override { return kOptionsNames; }

  std::string_view contract_name(market::ContractType type) const override {
    return market::name_of(type);
  }

  std::vector<core::RateBudget> budgets() const override {
    // Section 2.2, the page of 14 Aug 2026. It does not say whether a budget belongs to the
    // connection or the account, so it is kept over reconnects.
    return {{360, 14'400}, {100, 2'000}, {30, 1'500}, {220, 14'400}};
  }

  Counter counter_of(Call call) const override {
    switch (call) {
      case Call::kBuy:
      case Call::kSell:
      case Call::kCancel:
      case Call::kProposal:
      case Call::kPrice:
      case Call::kWatch:
      case Call::kPoll:
        return 0;
      case Call::kBalance:
        return 1;
      case Call::kPortfolio:
      case Call::kProfitTable:
        return 2;
      case Call::kAuthorize:
      case Call::kTime:
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
        return 3;
      case Call::kPing:  // 10 per second, outside the budgets
        return kUncounted;
    }
    return 3;
  }

  std::unique_ptr<Opening> opening(const SessionSettings& settings) const override {
    return std::make_unique<OptionsOpening>(settings);
  }
};

}  // namespace

std::unique_ptr<Rules> make_options_rules() { return std::make_unique<OptionsRules>(); }

}  // namespace derivd::deriv
