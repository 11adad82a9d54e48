// What a contract costs, for an operator who asks: behind everything that trading needs, within
// what the strategies leave of the venue's budget of calls, and never bought.
#include <algorithm>
#include <string>

#include "deriv/session_impl.hpp"

namespace derivd::deriv {
namespace {

/// The public socket knows no account and still wants a currency; its prices are told in this one.
constexpr std::string_view kPublicCurrency = "USD";

}  // namespace

void Session::Impl::ask_price(std::int64_t number, const market::ContractSpec& spec,
                              core::Money amount, const Now& now) {
  const auto refuse = [&](std::string_view why) {
    listener.on_price_refused(number, execution::kNotSent, why);
  };
  if (!may_order()) return refuse("the session is not live");
  if (!is_symbol(spec.symbol)) return refuse("the symbol is none");
  if (prices.size() >= kMaxPrices) return refuse("too many prices are being asked for, try again");
  prices.push_back({number, spec, amount, now.instant + kPriceWait, {}});
  prices.back().task.want();
  work = true;
}

void Session::Impl::pump_prices(const Now& now) {
  if (!may_order()) return;
  // By place: a listener may ask for another one, and the list may grow under us.
  for (std::size_t i = 0; i < prices.size();) {
    if (prices[i].task.wanted() && prices[i].until <= now.instant) {
      refuse_price(prices[i].number, execution::kNotSent,
                   "the budget of calls was used up by others, try again");
      continue;
    }
    auto& wanted = prices[i++];
    if (due(wanted.task, Call::kPrice, now)) {
      begin_task(wanted.task, Call::kPrice, wanted.number, now);
      const auto currency = settings.public_only ? kPublicCurrency : account.currency.view();
      encoder.proposal(text, wanted.task.req_id, wanted.spec, wanted.amount, currency);
      transmit(now);
    } else if (wanted.task.wanted() && (!work_at || wanted.until < *work_at)) {
      work_at = wanted.until;
    }
  }
}

void Session::Impl::on_price(const Pending& asked, const ProposalPayload& proposal) {
  if (proposal.ask.units() <= 0 || proposal.payout.units() < 0) {
    return refuse_price(asked.subject, "FrameRefused", "its answer names no price");
  }
  std::erase_if(prices, [&](const PriceTask& p) { return p.number == asked.subject; });
  listener.on_price({asked.subject, proposal.ask, proposal.payout, proposal.spot,
                     proposal.spot_time, proposal.start, proposal.commission, proposal.words,
                     proposal.fee});
}

void Session::Impl::refuse_price(std::int64_t number, std::string_view code, std::string_view why) {
  std::erase_if(prices, [&](const PriceTask& p) { return p.number == number; });
  listener.on_price_refused(number, code, why);
}

/// The link is gone, and with it the questions that were not sent yet.
void Session::Impl::refuse_prices(std::string_view why) {
  const std::string reason(why);
  while (!prices.empty()) refuse_price(prices.front().number, "LinkLost", reason);
}

}  // namespace derivd::deriv
