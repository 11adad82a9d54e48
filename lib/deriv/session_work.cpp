// What Session sends: standing requests, streams, the report, and orders.
#include <fmt/format.h>

#include <algorithm>

#include "deriv/session_impl.hpp"

namespace derivd::deriv {

using execution::RefusalKind;

void Session::Impl::ping(const Now& now) {
  if (requests.pending().full()) return;
  liveness.pinged(now.instant);
  requests.send(Call::kPing, 0, now, &Encoder::ping);
}

void Session::Impl::pump(const Now& now) {
  requests.begin_round();
  if (state == SessionState::kAuthorizing) return pump_login(now);
  if (!may_ask()) return;
  pump_account(now);
  if (!on_trial()) {
    contracts.pump_streams(requests, now);
    if (state != SessionState::kSyncing) symbols.pump(requests, venue_clock, now);
  }
  report.pump(requests, venue_clock, now);
  if (!on_trial()) {
    contracts.pump_polls(requests, now);
    pump_past(now);
    pump_prices(now);
    pump_candles(now);
    pump_market(now);
  }
  pump_forgets(now);
}

void Session::Impl::pump_login(const Now& now) {
  const auto call = opening->login_call();
  if (!requests.due(login, call, now)) return;
  if (call == Call::kBalance) return requests.ask(login, call, 0, now, &Encoder::balance);
  if (call == Call::kTime) return requests.ask(login, call, 0, now, &Encoder::time);
  requests.ask(login, call, 0, now, &Encoder::authorize, settings.token);
  requests.wipe();  // the one frame with the token
}

void Session::Impl::pump_account(const Now& now) {
  const auto pump = [&](Task& task, Call call, auto put) {
    if (requests.due(task, call, now)) requests.ask(task, call, 0, now, put);
  };
  pump(clock, Call::kTime, &Encoder::time);
  pump(balance, Call::kBalance, &Encoder::balance);
  pump(transactions, Call::kTransactions, &Encoder::transactions);
  pump_own_limits(now);
  pump(symbol_list, Call::kActiveSymbols, &Encoder::active_symbols);
}

void Session::Impl::pump_past(const Now& now) {
  for (auto& wanted : past) {
    if (!requests.due(wanted.task, Call::kPast, now)) continue;
    requests.ask(wanted.task, Call::kPast, 0, now, &Encoder::ticks_between, wanted.symbol,
                 wanted.from, wanted.to);
  }
}

void Session::Impl::pump_forgets(const Now& now) {
  while (!forgets.empty()) {
    Task task;
    task.want();
    if (!requests.due(task, Call::kForget, now)) return;
    requests.ask(task, Call::kForget, 0, now, &Encoder::forget, forgets.back());
    forgets.pop_back();
  }
}

/// A new link: every stream is to be asked for, and no id of the old link means anything.
void Session::Impl::restart_streams(const Now& now) {
  want_account();
  symbols.restart(now.instant);
  contracts.restart();
  anticipation.forget();
  past.restart();
  candles.restart();
  renew_market(now);
  forgets.clear();
  report.drop();
  requests.want();
}

void Session::Impl::want_account() {
  clock.want();
  symbol_list.want();
  restart_own_limits();
  if (settings.public_only) {
    balance_known = true;  // there is none to wait for
    balance.phase = Task::Phase::kDone;
    transactions.phase = Task::Phase::kDone;
    return;
  }
  transactions.want();
  if (opening->login_call() == Call::kBalance) {
    balance.phase = Task::Phase::kDone;
  } else {
    balance_known = false;
    balance.want();
  }
}

void Session::Impl::set_symbols(std::vector<market::SymbolCode> wanted, std::size_t count,
                                const Now& now) {
  const auto change = symbols.set(wanted, count, now.instant);
  for (const auto& id : change.forgotten) forget(id);
  for (const auto& symbol : change.added) {
    if (settings.asks_market) questions.want_offerings(symbol);
  }
  if (settings.asks_market) renew_market(now);
  requests.want();
  for (const auto& symbol : change.refused) {
    listener.tell(
        fact::Notice{core::EventKind::kTickGap,
                     fmt::format("{} is not streamed: {}", symbol,
                                 is_symbol(symbol) ? "too many symbols" : "no symbol at all")});
  }
}

void Session::Impl::watch(core::ContractId contract, const Now&) {
  if (!contract || contracts.is_watched(contract)) return;
  if (!contracts.watch(contract)) {
    return notice_once(core::EventKind::kFrameRefused, "watch",
                       "more open contracts than streams: some are followed by polls alone");
  }
  requests.want();
}

void Session::Impl::unwatch(core::ContractId contract) { forget(contracts.unwatch(contract)); }

void Session::Impl::ask_past(const market::SymbolCode& symbol, core::VenueTime from,
                             core::VenueTime to) {
  const auto refuse = [&](std::string_view why) {
    listener.tell(fact::PastRefused{symbol, from, to, why});
  };
  if (!is_symbol(symbol)) return refuse("the symbol is none");
  if (from.s < 0 || to < from) return refuse("the span of time is none");
  if (past.full()) return refuse("too many requests for past ticks are waiting");
  past.add({symbol, from, to});
  requests.want();
}

void Session::Impl::forget(const StreamId& stream) {
  if (!is_stream_id(stream) || forgets.size() >= kMaxForgets || !may_ask()) return;
  forgets.push_back(stream);
  requests.want();
}

void Session::Impl::ask_report(core::VenueTime since, const Now& now) {
  if (state != SessionState::kReconciling && state != SessionState::kLive) return;
  report.ask(since, venue_clock.is_fresh(now.instant));
  requests.want();
}

bool Session::Impl::may_order() const { return state == SessionState::kLive && !rotation.waits(); }

void Session::Impl::quote(core::OrderId order, const market::ContractSpec& spec, core::Money stake,
                          const Now& now, const core::Name& buyer) {
  const auto refuse = [&](std::string_view why) {
    listener.tell(fact::QuoteRefused{order, {RefusalKind::kPassing, execution::kNotSent, why}});
  };
  if (!may_order()) return refuse("the session is not live");
  if (!is_symbol(spec.symbol)) return refuse("the symbol is none");
  if (!requests.has_room()) return refuse("too many requests are waiting for their answer");
  if (!requests.budget().try_take_order(Call::kProposal, buyer, now.instant)) {
    return refuse("the budget of calls for quotes is used up");
  }
  requests.send(Call::kProposal, order.value, now, &Encoder::proposal, spec, stake,
                account.currency.view());
}

void Session::Impl::buy(core::OrderId order, const market::ContractSpec& spec,
                        core::Money max_price, std::string_view quote_id, const Now& now,
                        const core::Name& buyer) {
  const auto refuse = [&](std::string_view why) {
    listener.tell(fact::Refused{order, {RefusalKind::kPassing, execution::kNotSent, why}});
  };
  if (!may_order()) return refuse("the session is not live");
  if (!is_symbol(spec.symbol)) return refuse("the symbol is none");
  if (!quote_id.empty() && !is_stream_id(quote_id)) return refuse("the quote's id is none");
  if (requests.pending().full()) return refuse("too many requests are waiting for their answer");
  if (!requests.budget().try_take_order(Call::kBuy, buyer, now.instant)) {
    return refuse("the budget of calls for purchases is used up");
  }
  if (quote_id.empty()) {
    requests.send(Call::kBuy, order.value, now, &Encoder::buy, spec, max_price,
                  account.currency.view());
    if (anticipation.is_on()) rehearsal.keep(spec, max_price);
  } else {
    requests.send(Call::kBuy, order.value, now, &Encoder::buy_quote, quote_id, max_price);
  }
}

/// By a sale, or by its deal cancellation.
void Session::Impl::leave(core::ContractId contract, Call call, const Now& now) {
  const auto refuse = [&](std::string_view why) {
    listener.tell(fact::SellFailed{contract, "NotSent", why});
  };
  if (!may_order()) return refuse("the session is not live");
  if (requests.pending().full()) return refuse("too many requests are waiting for their answer");
  if (!requests.budget().try_take(call, now.instant)) {
    return refuse("the budget of calls for sales is used up");
  }
  requests.send(call, contract.value, now, call == Call::kSell ? &Encoder::sell : &Encoder::cancel,
                contract);
}

}  // namespace derivd::deriv
