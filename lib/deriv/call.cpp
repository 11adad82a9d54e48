#include "deriv/call.hpp"

namespace derivd::deriv {

std::string_view name_of(Call call) {
  switch (call) {
    case Call::kAuthorize:
      return "authorize";
    case Call::kPing:
      return "ping";
    case Call::kTime:
      return "time";
    case Call::kBalance:
      return "balance";
    case Call::kActiveSymbols:
      return "active_symbols";
    case Call::kTransactions:
      return "transaction";
    case Call::kTicks:
      return "ticks";
    case Call::kHistory:
    case Call::kHistoryOnly:
    case Call::kPast:
    case Call::kCandles:
      return "ticks_history";
    case Call::kWatch:
    case Call::kPoll:
      return "proposal_open_contract";
    case Call::kPortfolio:
      return "portfolio";
    case Call::kProfitTable:
      return "profit_table";
    case Call::kProposal:
    case Call::kPrice:
      return "proposal";
    case Call::kBuy:
      return "buy";
    case Call::kSell:
      return "sell";
    case Call::kCancel:
      return "cancel";
    case Call::kForget:
      return "forget";
    case Call::kOfferings:
      return "contracts_for";
    case Call::kTradingTimes:
      return "trading_times";
    case Call::kOwnLimits:
      return "get_self_exclusion";
  }
  return "?";
}

Fate fate_of(Call call) {
  switch (call) {
    case Call::kBuy:
      return Fate::kUnknown;
    case Call::kSell:  // told as failed with the word that its outcome is open; the stream shows it
    case Call::kCancel:
    case Call::kProposal:
    case Call::kPrice:
      return Fate::kRefused;
    case Call::kAuthorize:
    case Call::kPing:
    case Call::kTime:
    case Call::kBalance:
    case Call::kActiveSymbols:
    case Call::kTransactions:
    case Call::kTicks:
    case Call::kHistory:
    case Call::kHistoryOnly:
    case Call::kPast:
    case Call::kCandles:
    case Call::kWatch:
    case Call::kPoll:
    case Call::kPortfolio:
    case Call::kProfitTable:
    case Call::kForget:
    case Call::kOfferings:
    case Call::kTradingTimes:
    case Call::kOwnLimits:
      return Fate::kAgain;
  }
  return Fate::kAgain;
}

core::Duration reply_timeout(Call call) {
  switch (call) {
    case Call::kBuy:
    case Call::kSell:
    case Call::kCancel:
      return std::chrono::seconds(20);
    case Call::kPing:  // the venue answers it at once; on a link this slow nobody can trade
      return std::chrono::seconds(5);
    case Call::kProposal:  // an older quote is worth nothing
    case Call::kPrice:
      return std::chrono::seconds(5);
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
    case Call::kWatch:
    case Call::kPoll:
    case Call::kPortfolio:
    case Call::kProfitTable:
    case Call::kForget:
    case Call::kOfferings:
    case Call::kTradingTimes:
      return std::chrono::seconds(15);
    case Call::kOwnLimits:  // nothing is entered before it is answered, or was not
      return std::chrono::seconds(5);
  }
  return std::chrono::seconds(15);
}

}  // namespace derivd::deriv
