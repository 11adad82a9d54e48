// What Session sends: standing requests, streams, the report, and orders.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/check.hpp"
#include "deriv/session_impl.hpp"

namespace derivd::deriv {

using execution::RefusalKind;

namespace {

// Places of the pending table that only purchases and sales may take.
constexpr std::size_t kPlacesForOrders = 64;
// After a budget said no without naming a later time.
constexpr Duration kSoon = milliseconds(1);
// History asked for beyond the known gap: ticks that fall between request and answer.
constexpr std::int64_t kHistoryMargin = 5;

}  // namespace

void Session::Impl::want_later(const Task& task) {
  if (!task.wanted()) return;
  if (!work_at || task.not_before < *work_at) work_at = task.not_before;
}

/// Wanted, its time has come, and the venue's budget has room.
bool Session::Impl::due(Task& task, Call call, const Now& now) {
  if (!task.wanted()) return false;
  if (task.not_before <= now.instant) {
    const bool room = pending.size() + kPlacesForOrders < PendingTable::kMaxPending;
    if (room && budget.try_take(call, now.instant)) return true;
    const auto free = room ? budget.next_free(call, now.instant) : now.instant + kFirstRetry;
    task.not_before = std::max(free, now.instant + kSoon);
  }
  want_later(task);
  return false;
}

/// Notes the request; the caller encodes it into `text` and transmits it.
std::int64_t Session::Impl::begin_call(Call call, std::int64_t subject, const Now& now) {
  const auto id = ++last_req_id;
  pending.add({id, call, subject, now.instant, now.instant + reply_timeout(call)});
  return id;
}

void Session::Impl::begin_task(Task& task, Call call, std::int64_t subject, const Now& now) {
  task.phase = Task::Phase::kAsked;
  task.req_id = begin_call(call, subject, now);
}

void Session::Impl::transmit(const Now& now) {
  ++stats.requests;
  last_sent = now.instant;
  wire.send(text);
}

void Session::Impl::ping(const Now& now) {
  if (pending.full()) return;
  pinged = true;
  last_ping = now.instant;
  encoder.ping(text, begin_call(Call::kPing, 0, now));
  transmit(now);
}

void Session::Impl::again(Task& task, Duration longest, const Now& now) {
  auto wait = kFirstRetry;
  for (int i = 0; i < task.attempts && wait < longest; ++i) wait *= 2;
  ++task.attempts;
  task.phase = Task::Phase::kWanted;
  task.not_before = now.instant + std::min(wait, longest);
  work = true;
}

void Session::Impl::pump(const Now& now) {
  work = false;
  work_at.reset();
  if (state == SessionState::kAuthorizing) {
    const auto call = opening->login_call();
    if (!due(login, call, now)) return;
    begin_task(login, call, 0, now);
    if (call == Call::kBalance) {
      encoder.balance(text, login.req_id);
      return transmit(now);
    }
    if (call == Call::kTime) {
      encoder.time(text, login.req_id);
      return transmit(now);
    }
    encoder.authorize(text, login.req_id, settings.token);
    transmit(now);
    ::explicit_bzero(text.data(), text.size());  // the one frame with the token
    return;
  }
  if (!may_ask()) return;
  pump_account(now);
  if (!on_trial()) {
    pump_contracts(now);
    if (state != SessionState::kSyncing) pump_symbols(now);
  }
  pump_report(now);
  if (!on_trial()) {
    pump_polls(now);
    pump_past(now);
    pump_prices(now);
    pump_candles(now);
    pump_market(now);
  }
  pump_forgets(now);
}

void Session::Impl::pump_account(const Now& now) {
  if (due(clock, Call::kTime, now)) {
    begin_task(clock, Call::kTime, 0, now);
    encoder.time(text, clock.req_id);
    transmit(now);
  }
  if (due(balance, Call::kBalance, now)) {
    begin_task(balance, Call::kBalance, 0, now);
    encoder.balance(text, balance.req_id);
    transmit(now);
  }
  if (due(transactions, Call::kTransactions, now)) {
    begin_task(transactions, Call::kTransactions, 0, now);
    encoder.transactions(text, transactions.req_id);
    transmit(now);
  }
  if (due(symbol_list, Call::kActiveSymbols, now)) {
    begin_task(symbol_list, Call::kActiveSymbols, 0, now);
    encoder.active_symbols(text, symbol_list.req_id);
    transmit(now);
  }
}

/// How many past ticks close the gap since the last one, at least `history`.
std::size_t Session::Impl::history_for(const SymbolStream& stream, const Now& now) const {
  auto count = static_cast<std::int64_t>(history);
  if (const auto from = stream.last_epoch ? stream.last_epoch : stream.wanted_from) {
    const auto clock_now =
        std::max(server_time.value_or(now.venue), venue_time.value_or(now.venue));
    const auto interval = std::max<std::int64_t>(stream.interval / seconds(1), 1);
    const auto gap = (clock_now - *from).count() / interval;
    if (gap > 0) count = std::max(count, gap + kHistoryMargin);
  }
  return static_cast<std::size_t>(std::min<std::int64_t>(count, kMaxHistory));
}

void Session::Impl::pump_symbols(const Now& now) {
  for (auto& stream : symbols) {
    const auto count = history_for(stream, now);
    const auto call = count > 0 ? Call::kHistory : Call::kTicks;
    if (due(stream.task, call, now)) {
      begin_task(stream.task, call, 0, now);
      if (call == Call::kHistory) {
        encoder.ticks_history(text, stream.task.req_id, stream.symbol, count, true);
      } else {
        encoder.ticks(text, stream.task.req_id, stream.symbol);
      }
      transmit(now);
    }
    if (due(stream.history, Call::kHistoryOnly, now)) {
      begin_task(stream.history, Call::kHistoryOnly, 0, now);
      encoder.ticks_history(text, stream.history.req_id, stream.symbol,
                            std::max<std::size_t>(count, 1), false);
      transmit(now);
    }
  }
}

void Session::Impl::pump_contracts(const Now& now) {
  for (auto& stream : contracts) {
    if (!due(stream.task, Call::kWatch, now)) continue;
    begin_task(stream.task, Call::kWatch, stream.contract.value, now);
    encoder.open_contract(text, stream.task.req_id, stream.contract, true);
    transmit(now);
  }
}

void Session::Impl::pump_polls(const Now& now) {
  for (auto& wanted : polls) {
    if (!due(wanted.task, Call::kPoll, now)) continue;
    begin_task(wanted.task, Call::kPoll, wanted.contract.value, now);
    encoder.open_contract(text, wanted.task.req_id, wanted.contract, false);
    transmit(now);
  }
}

void Session::Impl::pump_past(const Now& now) {
  for (auto& wanted : past) {
    if (!due(wanted.task, Call::kPast, now)) continue;
    begin_task(wanted.task, Call::kPast, 0, now);
    encoder.ticks_between(text, wanted.task.req_id, wanted.symbol, wanted.from, wanted.to);
    transmit(now);
  }
}

void Session::Impl::pump_forgets(const Now& now) {
  while (!forgets.empty()) {
    Task task;
    task.want();
    if (!due(task, Call::kForget, now)) return;
    encoder.forget(text, begin_call(Call::kForget, 0, now), forgets.back());
    forgets.pop_back();
    transmit(now);
  }
}

void Session::Impl::pump_report(const Now& now) {
  if (!report.running) return;
  if (due(report.clock, Call::kTime, now)) {
    begin_task(report.clock, Call::kTime, 0, now);
    encoder.time(text, report.clock.req_id);
    transmit(now);
  }
  if (report.clock.done() && report.portfolio.phase == Task::Phase::kIdle) report.portfolio.want();
  if (due(report.portfolio, Call::kPortfolio, now)) {
    // What the venue answers is at least as new as the clock is now.
    report.report.as_of = server_time.value_or(core::VenueTime{});
    begin_task(report.portfolio, Call::kPortfolio, 0, now);
    encoder.portfolio(text, report.portfolio.req_id);
    transmit(now);
  }
  if (report.portfolio.done() && report.page.phase == Task::Phase::kIdle) report.page.want();
  if (due(report.page, Call::kProfitTable, now)) {
    begin_task(report.page, Call::kProfitTable, 0, now);
    encoder.profit_table(text, report.page.req_id, report.since, report.offset);
    transmit(now);
  }
}

/// A new link: every stream is to be asked for, and no id of the old link means anything.
void Session::Impl::restart_streams(const Now& now) {
  const bool logged_in_by_balance = opening->login_call() == Call::kBalance;
  clock.want();
  symbol_list.want();
  if (settings.public_only) {
    balance_known = true;  // there is none to wait for
    balance.phase = Task::Phase::kDone;
    transactions.phase = Task::Phase::kDone;
  } else {
    transactions.want();
    if (logged_in_by_balance) {
      balance.phase = Task::Phase::kDone;
    } else {
      balance_known = false;
      balance.want();
    }
  }
  for (auto& stream : symbols) {
    stream.task.want();
    stream.history = {};
    stream.stream = {};
    stream.silent = false;
    stream.excused = false;
    stream.silent_wait = kSilentAfter;
    stream.stale_run = 0;
    stream.new_link = true;
    stream.expected_from = now.instant;
  }
  for (auto& stream : contracts) {
    stream.task.want();
    stream.stream = {};
  }
  for (auto& wanted : polls) wanted.task.want();
  for (auto& wanted : past) wanted.task.want();
  for (auto& wanted : candles) wanted.task.want();
  renew_market(now);
  forgets.clear();
  report = {};
  work = true;
}

void Session::Impl::set_symbols(std::vector<market::SymbolCode> wanted, std::size_t count,
                                const Now& now) {
  history = std::min(count, kMaxHistory);
  for (auto& stream : symbols) {
    const bool kept = std::find(wanted.begin(), wanted.end(), stream.symbol) != wanted.end();
    if (!kept) forget(stream.stream);
  }
  std::erase_if(symbols, [&](const SymbolStream& stream) {
    return std::find(wanted.begin(), wanted.end(), stream.symbol) == wanted.end();
  });
  for (const auto& symbol : wanted) {
    if (find_symbol(symbol)) continue;
    if (!is_symbol(symbol) || symbols.size() >= kMaxSymbols) {
      listener.on_notice(core::EventKind::kTickGap,
                         fmt::format("{} is not streamed: {}", symbol,
                                     is_symbol(symbol) ? "too many symbols" : "no symbol at all"));
      continue;
    }
    auto& stream = symbols.emplace_back();
    stream.symbol = symbol;
    stream.task.want();
    const auto* info = market::find_symbol(symbol);
    if (info) stream.interval = seconds(info->interval_s);
    stream.expected_from = now.instant;
    if (settings.asks_market) want_offerings(symbol);
  }
  if (settings.asks_market) renew_market(now);
  work = true;
}

void Session::Impl::want_ticks_from(std::string_view symbol, core::VenueTime from) {
  if (auto* stream = find_symbol(symbol)) stream->wanted_from = from;
}

void Session::Impl::watch(core::ContractId contract, const Now&) {
  if (!contract || find_contract(contract)) return;
  if (contracts.size() >= kMaxContracts) {
    notice_once(core::EventKind::kFrameRefused, "watch",
                "more open contracts than streams: some are followed by polls alone");
    return;
  }
  auto& stream = contracts.emplace_back();
  stream.contract = contract;
  stream.task.want();
  work = true;
}

void Session::Impl::unwatch(core::ContractId contract) {
  const auto* stream = find_contract(contract);
  if (!stream) return;
  forget(stream->stream);
  std::erase_if(contracts, [&](const ContractStream& s) { return s.contract == contract; });
}

void Session::Impl::poll(core::ContractId contract) {
  if (!contract || polls.size() >= kMaxPolls) return;
  const bool wanted = std::any_of(polls.begin(), polls.end(),
                                  [&](const PollTask& p) { return p.contract == contract; });
  if (wanted) return;
  polls.push_back({contract, {}});
  polls.back().task.want();
  work = true;
}

void Session::Impl::ask_past(const market::SymbolCode& symbol, core::VenueTime from,
                             core::VenueTime to) {
  const auto refuse = [&](std::string_view why) {
    listener.on_past_refused(symbol, from, to, why);
  };
  if (!is_symbol(symbol)) return refuse("the symbol is none");
  if (from.s < 0 || to < from) return refuse("the span of time is none");
  if (past.size() >= kMaxPast) return refuse("too many requests for past ticks are waiting");
  past.push_back({symbol, from, to, {}});
  past.back().task.want();
  work = true;
}

void Session::Impl::forget(const StreamId& stream) {
  if (!is_stream_id(stream) || forgets.size() >= kMaxForgets || !may_ask()) return;
  forgets.push_back(stream);
  work = true;
}

void Session::Impl::ask_report(core::VenueTime since, const Now& now) {
  if (state != SessionState::kReconciling && state != SessionState::kLive) return;
  if (!report.running) return start_report(since, now);
  report.next_since = report.next_since ? std::min(*report.next_since, since) : since;
}

void Session::Impl::start_report(core::VenueTime since, const Now& now) {
  report = {};
  report.running = true;
  report.since = since;
  report.report.since = since;
  if (server_time_at && now.instant - *server_time_at <= kFreshClock) {
    report.clock.phase = Task::Phase::kDone;
  } else {
    report.clock.want();
  }
  work = true;
}

bool Session::Impl::may_order() const {
  return state == SessionState::kLive && rotation != Rotation::kWaiting;
}

void Session::Impl::quote(core::OrderId order, const market::ContractSpec& spec, core::Money stake,
                          const Now& now, const core::Name& buyer) {
  const auto refuse = [&](std::string_view why) {
    listener.on_quote_refused(order, {RefusalKind::kPassing, execution::kNotSent, why});
  };
  if (!may_order()) return refuse("the session is not live");
  if (!is_symbol(spec.symbol)) return refuse("the symbol is none");
  if (pending.size() + kPlacesForOrders >= PendingTable::kMaxPending) {
    return refuse("too many requests are waiting for their answer");
  }
  if (!budget.try_take_order(Call::kProposal, buyer, now.instant)) {
    return refuse("the budget of calls for quotes is used up");
  }
  const auto id = begin_call(Call::kProposal, order.value, now);
  encoder.proposal(text, id, spec, stake, account.currency);
  transmit(now);
}

void Session::Impl::buy(core::OrderId order, const market::ContractSpec& spec,
                        core::Money max_price, std::string_view quote_id, const Now& now,
                        const core::Name& buyer) {
  const auto refuse = [&](std::string_view why) {
    listener.on_refused(order, {RefusalKind::kPassing, execution::kNotSent, why});
  };
  if (!may_order()) return refuse("the session is not live");
  if (!is_symbol(spec.symbol)) return refuse("the symbol is none");
  if (!quote_id.empty() && !is_stream_id(quote_id)) return refuse("the quote's id is none");
  if (pending.full()) return refuse("too many requests are waiting for their answer");
  if (!budget.try_take_order(Call::kBuy, buyer, now.instant)) {
    return refuse("the budget of calls for purchases is used up");
  }
  const auto id = begin_call(Call::kBuy, order.value, now);
  if (quote_id.empty()) {
    encoder.buy(text, id, spec, max_price, account.currency);
  } else {
    encoder.buy_quote(text, id, quote_id, max_price);
  }
  transmit(now);
}

/// By a sale, or by its deal cancellation.
void Session::Impl::leave(core::ContractId contract, Call call, const Now& now) {
  const auto refuse = [&](std::string_view why) {
    listener.on_sell_failed(contract, "NotSent", why);
  };
  if (!may_order()) return refuse("the session is not live");
  if (pending.full()) return refuse("too many requests are waiting for their answer");
  if (!budget.try_take(call, now.instant)) {
    return refuse("the budget of calls for sales is used up");
  }
  const auto id = begin_call(call, contract.value, now);
  call == Call::kSell ? encoder.sell(text, id, contract) : encoder.cancel(text, id, contract);
  transmit(now);
}

}  // namespace derivd::deriv
