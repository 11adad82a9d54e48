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
    listener.tell(fact::PriceRefused{number, execution::kNotSent, why});
  };
  if (!may_order()) return refuse("the session is not live");
  if (!is_symbol(spec.symbol)) return refuse("the symbol is none");
  if (prices.full()) return refuse("too many prices are being asked for, try again");
  prices.add({number, spec, amount, now.instant + kPriceWait});
  requests.want();
}

void Session::Impl::pump_prices(const Now& now) {
  if (!may_order()) return;
  // By place: a listener may ask for another one, and the list may grow under us.
  for (std::size_t i = 0; i < prices.size();) {
    if (prices[i].task.wanted() && prices[i].until <= now.instant) {
      const auto expired = prices.take_at(i);
      listener.tell(fact::PriceRefused{expired.number, execution::kNotSent,
                                       "the budget of calls was used up by others, try again"});
      continue;
    }
    auto& wanted = prices[i++];
    if (requests.due(wanted.task, Call::kPrice, now)) {
      const auto currency = settings.public_only ? kPublicCurrency : account.currency.view();
      requests.ask(wanted.task, Call::kPrice, wanted.number, now, &Encoder::proposal, wanted.spec,
                   wanted.amount, currency);
    } else if (wanted.task.wanted()) {
      requests.want_at(wanted.until);
    }
  }
}

void Session::Impl::on_price(const Pending& asked, const ProposalPayload& proposal) {
  if (proposal.ask.units() <= 0 || proposal.payout.units() < 0) {
    return refuse_price(asked, "FrameRefused", "its answer names no price");
  }
  static_cast<void>(prices.take(asked.req_id));
  listener.tell(fact::Price{PriceAnswer{asked.subject, proposal.ask, proposal.payout, proposal.spot,
                                        proposal.spot_time, proposal.start, proposal.commission,
                                        proposal.words, proposal.fee}});
}

void Session::Impl::refuse_price(const Pending& asked, std::string_view code,
                                 std::string_view why) {
  static_cast<void>(prices.take(asked.req_id));
  listener.tell(fact::PriceRefused{asked.subject, code, why});
}

/// The link is gone, and with it the questions that were not sent yet.
void Session::Impl::refuse_prices(std::string_view why) {
  const std::string reason(why);
  while (!prices.empty()) {
    const auto lost = prices.take_at(0);
    listener.tell(fact::PriceRefused{lost.number, "LinkLost", reason});
  }
}

}  // namespace derivd::deriv
