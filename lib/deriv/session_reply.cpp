// What comes back to Session: answers, streams, refusals and silence.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "core/counted.hpp"
#include "deriv/session_impl.hpp"

namespace derivd::deriv {
namespace {

Message expected(Call call) {
  switch (call) {
    case Call::kAuthorize:
      return Message::kAuthorize;
    case Call::kPing:
      return Message::kPing;
    case Call::kTime:
      return Message::kTime;
    case Call::kBalance:
      return Message::kBalance;
    case Call::kActiveSymbols:
      return Message::kActiveSymbols;
    case Call::kTransactions:
      return Message::kTransaction;
    case Call::kTicks:
      return Message::kTick;
    case Call::kHistory:
    case Call::kHistoryOnly:
    case Call::kPast:
      return Message::kHistory;
    case Call::kCandles:
      return Message::kCandles;
    case Call::kWatch:
    case Call::kPoll:
      return Message::kContract;
    case Call::kPortfolio:
      return Message::kPortfolio;
    case Call::kProfitTable:
      return Message::kProfitTable;
    case Call::kProposal:
    case Call::kPrice:
      return Message::kProposal;
    case Call::kBuy:
      return Message::kBuy;
    case Call::kSell:
      return Message::kSell;
    case Call::kCancel:
      return Message::kCancel;
    case Call::kForget:
      return Message::kForget;
    case Call::kOfferings:
      return Message::kOfferings;
    case Call::kTradingTimes:
      return Message::kTradingTimes;
    case Call::kOwnLimits:
      return Message::kOwnLimits;
  }
  return Message::kOther;
}

bool is_stream(Message message) {
  return message == Message::kTick || message == Message::kContract ||
         message == Message::kTransaction || message == Message::kBalance;
}

std::string describe(const ApiError& error) {
  if (error.subcode.empty()) return fmt::format("{}: {}", error.code, error.message);
  return fmt::format("{} ({}): {}", error.code, error.subcode, error.message);
}

/// Asking again for past ticks would be answered alike.
bool is_final_for_reads(ErrorClass error) {
  switch (error) {
    case ErrorClass::kPermanent:
    case ErrorClass::kSymbolState:
    case ErrorClass::kParameter:
    case ErrorClass::kContract:
    case ErrorClass::kAlreadySubscribed:
      return true;
    case ErrorClass::kSession:
    case ErrorClass::kTransient:
    case ErrorClass::kRateLimit:
    case ErrorClass::kUnknownOutcome:
      return false;
  }
  return false;
}

std::string message_of(const ApiError& error) {
  if (error.subcode.empty()) return error.message.str();
  return fmt::format("{}: {}", error.subcode, error.message);
}

}  // namespace

void Session::Impl::notice_once(core::EventKind kind, std::string_view key, std::string_view what) {
  if (noticed.size() >= kMaxNoticeKinds) return;
  if (!noticed.insert(std::hash<std::string_view>{}(key)).second) return;
  listener.tell(fact::Notice{kind, what});
}

/// The task behind a request, unless it has been asked anew since: then it has another id.
Task* Session::Impl::task_of(const Pending& asked) {
  for (auto* task : {&login, &clock, &balance, &transactions, &symbol_list, &own_limits}) {
    if (task->req_id == asked.req_id) return task;
  }
  if (auto* task = report.find(asked.req_id)) return task;
  if (auto* task = symbols.find_task(asked.req_id)) return task;
  if (auto* task = contracts.find(asked.req_id)) return task;
  if (auto* task = past.find_task(asked.req_id)) return task;
  if (auto* task = candles.find_task(asked.req_id)) return task;
  return questions.find(asked.req_id);
}

/// A read without which the session cannot go on.
bool Session::Impl::is_vital(const Pending& asked) const {
  switch (asked.call) {
    case Call::kAuthorize:
    case Call::kTime:
    case Call::kBalance:
    case Call::kActiveSymbols:
    case Call::kTransactions:
    case Call::kPortfolio:
    case Call::kProfitTable:
      return true;
    case Call::kPing:
    case Call::kTicks:
    case Call::kHistory:
    case Call::kHistoryOnly:
    case Call::kPast:
    case Call::kCandles:
    case Call::kWatch:
    case Call::kPoll:
    case Call::kProposal:
    case Call::kPrice:
    case Call::kBuy:
    case Call::kSell:
    case Call::kCancel:
    case Call::kForget:
    case Call::kOfferings:
    case Call::kTradingTimes:
    case Call::kOwnLimits:
      return false;
  }
  return false;
}

/// Whose answer the frame is. By req_id; a frame that lost its req_id counts only when there is
/// just one request it can belong to.
std::optional<Pending> Session::Impl::match(const Now&) {
  if (frame.req_id) {
    const auto* asked = requests.pending().find(*frame.req_id);
    if (!asked) return std::nullopt;
    if (!frame.error && expected(asked->call) != frame.message) return std::nullopt;
    return requests.pending().take(*frame.req_id);
  }
  if (!frame.error && is_stream(frame.message)) return std::nullopt;
  return requests.pending().take_only([this](Call call) {
    return frame.error ? frame.msg_type == name_of(call) : frame.message == expected(call);
  });
}

void Session::Impl::on_frame(std::string_view bytes, std::size_t capacity, const Now& now) {
  ++stats.frames;
  liveness.received(now.instant);
  if (const auto decoded = decoder.decode(bytes, capacity, frame); !decoded) {
    return on_refused_frame(decoded.error(), now);
  }
  if (const auto asked = match(now)) return on_reply(*asked, now);
  const bool late = frame.req_id && requests.pending().grave(*frame.req_id);
  if (late && (frame.error || !is_stream(frame.message))) {
    if (const auto* bought = std::get_if<execution::Bought>(&frame.payload)) {
      listener.tell(fact::Notice{core::EventKind::kFrameRefused,
                                 fmt::format("the answer to a purchase came too late: contract {}",
                                             bought->contract.value)});
    }
    return;
  }
  if (frame.error) return on_stream_error(*frame.error, now);
  const bool ticks = frame.message == Message::kTick;
  on_stream(now);
  // One is as good as another, so that nothing is copied while a purchase may wait.
  if (ticks && anticipation.is_on() && !rehearsal.has_frame()) rehearsal.keep(bytes);
}

void Session::Impl::on_refused_frame(const core::Error& error, const Now& now) {
  ++stats.frames_refused;
  notice_once(core::EventKind::kFrameRefused, error.text,
              fmt::format("a frame of the venue is refused: {}", error.text));
  const auto asked = frame.req_id ? requests.pending().take(*frame.req_id) : std::nullopt;
  if (!asked) return;
  const auto why = fmt::format("its answer could not be understood: {}", error.text);
  if (asked->call == Call::kPing) return liveness.answered_badly();
  if (fate_of(asked->call) != Fate::kAgain) return tell_lost(*asked, "FrameRefused", why);
  on_failed_read(*asked, why, false, now);
}

void Session::Impl::on_overdue(const Pending& asked, const Now& now) {
  const auto why = fmt::format("no answer to {} within {} s", name_of(asked.call),
                               reply_timeout(asked.call) / seconds(1));
  if (asked.call == Call::kPing) {
    switch (liveness.overdue(asked, now.instant)) {
      case Liveness::Verdict::kAskAgain:
        return ping(now);
      case Liveness::Verdict::kNothingArrives:
        return lose("nothing arrives any more", now);
      case Liveness::Verdict::kPingsUnanswered:
        return lose("pings are not answered", now);
    }
  }
  if (fate_of(asked.call) != Fate::kAgain) return tell_lost(asked, "NoAnswer", why);
  on_failed_read(asked, why, false, now);
}

void Session::Impl::on_failed_read(const Pending& asked, std::string_view why, bool rate_limited,
                                   const Now& now) {
  auto* task = task_of(asked);
  if (!task) return;
  if (is_vital(asked) && !rate_limited && task->attempts + 1 >= kMaxAttempts) {
    return lose(fmt::format("{}: {}", name_of(asked.call), why), now);
  }
  if (asked.call == Call::kPast && !rate_limited && task->attempts + 1 >= kMaxAttempts) {
    return refuse_past(asked, why);
  }
  // Nor are they asked for without end where the venue limits them: purchases share the budget.
  if (asked.call == Call::kCandles && task->attempts + 1 >= kMaxAttempts) {
    return refuse_candles(asked, why);
  }
  const bool symbol = asked.call == Call::kTicks || asked.call == Call::kHistory ||
                      asked.call == Call::kHistoryOnly;
  // Nobody trades by these; what is not told is not known, and the venue judges each purchase.
  const bool market = asked.call == Call::kOfferings || asked.call == Call::kTradingTimes;
  if (market && !rate_limited && task->attempts + 1 >= kMaxAttempts) {
    if (asked.call == Call::kOfferings) return refuse_offerings(asked, "NoAnswer", why);
    task->phase = Task::Phase::kDone;
    return;
  }
  if (asked.call == Call::kOwnLimits && (!rate_limited || task->attempts + 1 >= kMaxAttempts)) {
    return miss_own_limits(now);
  }
  requests.again(*task, symbol || market ? kLongestSymbolRetry : kLongestRetry, now);
  if (symbol) wait_for_opening(*task, now);
  if (asked.call == Call::kPoll && task->attempts >= kMaxAttempts) {
    contracts.drop_poll(core::ContractId{asked.subject});
  }
}

void Session::Impl::on_reply(const Pending& asked, const Now& now) {
  (asked.call == Call::kBuy ? stats.buy_latency : stats.other_latency)
      .add(now.instant - asked.sent);
  if (asked.call == Call::kAuthorize || task_of(asked) == &login) return on_login(now);
  if (frame.error) return on_error_reply(asked, *frame.error, now);
  requests.budget().answered(asked.call);
  auto* task = task_of(asked);
  if (task) {
    task->finish();
    requests.want();
  }
  switch (asked.call) {
    case Call::kPing:
      liveness.answered();
      return excuse_late(now);
    case Call::kTime:
      return note_server_time(std::get<TimePayload>(frame.payload).time, now);
    case Call::kActiveSymbols:
      known.take(std::move(std::get<ActiveSymbolsPayload>(frame.payload).rows));
      return on_symbol_list(now);
    case Call::kBalance:
    case Call::kTransactions:
      return on_stream(now);
    case Call::kTicks:
      if (auto* stream = symbols.find(std::get<TickPayload>(frame.payload).symbol)) {
        stream->answered(now.instant);
      }
      return on_stream(now);
    case Call::kHistory:
    case Call::kHistoryOnly:
      return on_history(asked, std::get<HistoryPayload>(frame.payload), now);
    case Call::kPast:
      return on_past(asked, std::get<HistoryPayload>(frame.payload));
    case Call::kCandles:
      return on_candles(asked, std::get<CandlesPayload>(frame.payload));
    case Call::kWatch: {
      const auto& payload = std::get<ContractPayload>(frame.payload);
      // Where options refuses, v3 answers with an empty contract.
      if (!payload.report) return on_no_contract(core::ContractId{asked.subject}, "it is empty");
      return on_contract(payload, false, now);
    }
    case Call::kPoll:
      contracts.drop_poll(core::ContractId{asked.subject});
      return on_contract(std::get<ContractPayload>(frame.payload), true, now);
    case Call::kPortfolio:
      if (task) on_portfolio(std::get<PortfolioPayload>(frame.payload), now);
      return;
    case Call::kProfitTable:
      if (task) on_profit_table(std::get<ProfitTablePayload>(frame.payload), now);
      return;
    case Call::kProposal: {
      const auto& proposal = std::get<ProposalPayload>(frame.payload);
      return listener.tell(fact::Quoted{Quote{core::OrderId{asked.subject}, proposal.id,
                                              proposal.ask, proposal.payout, proposal.fee}});
    }
    case Call::kPrice:
      return on_price(asked, std::get<ProposalPayload>(frame.payload));
    case Call::kBuy:
      return on_bought(asked, std::get<execution::Bought>(frame.payload), now);
    case Call::kSell:
    case Call::kCancel: {
      const auto& sold = std::get<SellPayload>(frame.payload);
      return listener.tell(fact::Sold{sold.contract, sold.sold_for});
    }
    case Call::kOfferings:
      return on_offerings(asked, std::get<OfferingsPayload>(frame.payload), now);
    case Call::kTradingTimes:
      if (task) on_trading_times(std::get<TradingTimesPayload>(frame.payload), now);
      return;
    case Call::kOwnLimits:
      if (task) on_own_limits(std::get<OwnLimitsPayload>(frame.payload), now);
      return;
    case Call::kForget:
    case Call::kAuthorize:
      return;
  }
}

void Session::Impl::on_login(const Now& now) {
  auto next = opening->on_login(frame);
  if (next.kind == Step::Kind::kReady) {
    perform(std::move(next), now);
    // The options dialect logs in by its balance.
    if (const auto* payload = std::get_if<BalancePayload>(&frame.payload)) {
      on_balance(*payload, now);
    }
    return;
  }
  perform(std::move(next), now);
}

void Session::Impl::on_bought(const Pending& asked, const execution::Bought& bought,
                              const Now& now) {
  stats.last_buy_latency = now.instant - asked.sent;
  listener.tell(fact::Bought{core::OrderId{asked.subject}, bought});
}

void Session::Impl::on_failed_order(const Pending& asked, const ApiError& error, const Now& now) {
  const auto error_class = classify(error.code.view());
  const auto message = message_of(error);
  const execution::Refusal refusal{refusal_of(error.code.view(), error.subcode.view()),
                                   error.code.view(), message};
  if (asked.call == Call::kProposal) {
    listener.tell(fact::QuoteRefused{core::OrderId{asked.subject}, refusal});
  } else if (asked.call == Call::kPrice) {
    refuse_price(asked, error.code.view(), message);
  } else if (asked.call == Call::kSell || asked.call == Call::kCancel) {
    listener.tell(fact::SellFailed{core::ContractId{asked.subject}, error.code, message});
  } else if (error_class == ErrorClass::kUnknownOutcome ||
             error_class == ErrorClass::kAlreadySubscribed) {
    // Neither says that nothing was bought.
    listener.tell(fact::Unknown{core::OrderId{asked.subject}, describe(error), &refusal});
  } else {
    listener.tell(fact::Refused{core::OrderId{asked.subject}, refusal});
  }
  if (error_class == ErrorClass::kSession) lose(describe(error), now);
}

void Session::Impl::on_error_reply(const Pending& asked, const ApiError& error, const Now& now) {
  const auto error_class = classify(error.code.view());
  if (error_class == ErrorClass::kRateLimit) {
    requests.budget().refused(asked.call, now.instant);
    listener.tell(fact::Notice{core::EventKind::kRateLimited,
                               fmt::format("{}: {}", name_of(asked.call), describe(error))});
  } else {
    requests.budget().answered(asked.call);
  }
  if (asked.call == Call::kPing) {
    liveness.answered_badly();
    return excuse_late(now);
  }
  if (fate_of(asked.call) != Fate::kAgain) return on_failed_order(asked, error, now);
  if (error_class == ErrorClass::kSession) return lose(describe(error), now);
  if (is_vital(asked) && error.code == "PermissionDenied") {
    return fatal(FatalKind::kMissingScope,
                 fmt::format("{}: {}", name_of(asked.call), describe(error)), now);
  }
  auto* task = task_of(asked);
  if (!task) return;
  if (error_class == ErrorClass::kAlreadySubscribed) {
    task->phase = Task::Phase::kDone;
    for (auto& stream : symbols) {
      if (task != &stream.task) continue;
      stream.answered(now.instant);
      if (asked.call == Call::kHistory) stream.history.want();
    }
    requests.want();
    return;
  }
  if (asked.call == Call::kPast && is_final_for_reads(error_class)) {
    return refuse_past(asked, describe(error));
  }
  if (asked.call == Call::kCandles && is_final_for_reads(error_class)) {
    return refuse_candles(asked, describe(error));
  }
  if (asked.call == Call::kOfferings && error_class != ErrorClass::kRateLimit) {
    return refuse_offerings(asked, error.code, describe(error));
  }
  const bool no_contract = asked.call == Call::kWatch && error_class == ErrorClass::kContract;
  if (!no_contract && error_class != ErrorClass::kRateLimit) {
    const bool symbol = asked.call == Call::kTicks || asked.call == Call::kHistory;
    notice_once(symbol ? core::EventKind::kTickGap : core::EventKind::kFrameRefused,
                fmt::format("{}/{}/{}", name_of(asked.call), error.code, asked.subject),
                fmt::format("{} is refused: {}", name_of(asked.call), describe(error)));
  }
  if (no_contract) {
    const auto contract = core::ContractId{asked.subject};
    const bool given_up = task->attempts + 1 >= kMaxAttempts;
    on_no_contract(contract, describe(error));
    if (given_up) return unwatch(contract);
  }
  on_failed_read(asked, describe(error), error_class == ErrorClass::kRateLimit, now);
}

void Session::Impl::on_stream_error(const ApiError& error, const Now& now) {
  const auto error_class = classify(error.code.view());
  if (state == SessionState::kAuthorizing) return perform(opening->on_login(frame), now);
  if (error_class == ErrorClass::kSession) return lose(describe(error), now);
  ++stats.frames_refused;
  notice_once(core::EventKind::kFrameRefused, fmt::format("{}/{}", frame.msg_type, error.code),
              fmt::format("{}: {}", frame.msg_type, describe(error)));
  // A stream that breaks says so once, with the req_id of its subscription, and is gone.
  if (!frame.req_id) return;
  const auto restart = [&](Task& task, Duration longest) {
    if (task.done() && task.req_id == *frame.req_id) requests.again(task, longest, now);
  };
  for (auto& stream : symbols) restart(stream.task, kLongestSymbolRetry);
  contracts.broke(*frame.req_id, requests, now);
  restart(balance, kLongestRetry);
  restart(transactions, kLongestRetry);
}

void Session::Impl::on_stream(const Now& now) {
  switch (frame.message) {
    case Message::kTick:
      return on_tick(std::get<TickPayload>(frame.payload), now);
    case Message::kContract:
      return on_contract(std::get<ContractPayload>(frame.payload), false, now);
    case Message::kTransaction:
      return on_transaction(std::get<TransactionPayload>(frame.payload), now);
    case Message::kBalance:
      return on_balance(std::get<BalancePayload>(frame.payload), now);
    case Message::kHistory:
    case Message::kCandles:
    case Message::kAuthorize:
    case Message::kTime:
    case Message::kActiveSymbols:
    case Message::kProposal:
    case Message::kBuy:
    case Message::kSell:
    case Message::kCancel:
    case Message::kPortfolio:
    case Message::kProfitTable:
    case Message::kForget:
    case Message::kPing:
    case Message::kOfferings:
    case Message::kTradingTimes:
    case Message::kOwnLimits:
    case Message::kOther:
      break;
  }
  ++stats.frames_refused;
  const auto name =
      frame.message == Message::kOther ? frame.msg_type.view() : name_of(frame.message);
  notice_once(core::EventKind::kFrameRefused, fmt::format("unasked/{}", name),
              fmt::format("a frame of the venue is refused: {} was not asked for", name));
}

std::optional<market::Tick> Session::Impl::to_tick(const market::SymbolCode& symbol,
                                                   const RawTick& raw,
                                                   std::optional<std::uint8_t> decimals) {
  if (!decimals) decimals = known.decimals_of(symbol);
  if (!decimals) {
    notice_once(core::EventKind::kFrameRefused, fmt::format("decimals/{}", symbol),
                fmt::format("quotes of {} are refused: its decimals are not known", symbol));
    return std::nullopt;
  }
  const auto quote = to_quote(symbol, raw, *decimals);
  if (!quote) return std::nullopt;
  return market::Tick{symbol, raw.epoch, *quote};
}

/// Refused alone: what stands beside it in a page is as good as before.
std::optional<core::Price> Session::Impl::to_quote(const market::SymbolCode& symbol,
                                                   const RawTick& raw, std::uint8_t decimals) {
  const auto quote = core::Price::from(raw.quote, decimals);
  if (quote && quote->mantissa() > 0) return *quote;
  ++stats.quotes_refused;
  notice_once(
      core::EventKind::kFrameRefused, fmt::format("quote/{}", symbol),
      fmt::format("a quote of {} is refused: {} at {}", symbol,
                  quote ? fmt::format("{} is not above 0", quote->to_string()) : quote.error().text,
                  raw.epoch.s));
  return std::nullopt;
}

void Session::Impl::on_tick(const TickPayload& payload, const Now& now) {
  auto* stream = symbols.find(payload.symbol);
  if (!stream) return;  // forgotten a moment ago
  if (!frame.stream.empty()) stream->id = frame.stream;
  accept_tick(*stream, payload.tick, payload.decimals, now);
}

/// A tick of the stream: not seen before and not from the past.
void Session::Impl::accept_tick(SymbolStream& stream, const RawTick& raw,
                                std::optional<std::uint8_t> decimals, const Now& now) {
  stream.heard(now.instant);
  const auto before = stream.last_epoch();
  const auto place = stream.place_of(raw.epoch);
  if (place == SymbolStream::Place::kSeen) return;
  const auto tick = to_tick(stream.symbol(), raw, decimals);
  if (!tick) return;
  const auto taken = stream.take(raw.epoch, now.instant);
  anticipation.arrived(tick->symbol, now.instant);
  ++stats.ticks;
  // `stream` may be gone after any call of the listener.
  if (taken.ends_silence) listener.tell(fact::Silence{tick->symbol, false, taken.pause});
  if (place == SymbolStream::Place::kBack) {
    listener.tell(fact::Notice{
        core::EventKind::kTickGap,
        fmt::format("{}: epochs went back from {} to {}", tick->symbol, before->s, raw.epoch.s)});
  }
  note_venue_time(raw.epoch);
  listener.tell(fact::Tick{*tick, false});
}

void Session::Impl::on_history(const Pending& asked, HistoryPayload& payload, const Now& now) {
  auto* stream = symbols.find_asked(asked.req_id);
  if (!stream) return;
  if (!frame.stream.empty()) stream->id = frame.stream;
  stream->answered(now.instant);
  const auto symbol = stream->symbol();
  const auto told = venue_clock.told();
  if (stream->went_back(told)) {
    listener.tell(
        fact::Notice{core::EventKind::kTickGap,
                     fmt::format("{}: the venue's clock went back to {}", symbol, told->s)});
    stream = symbols.find(symbol);
    if (!stream) return;
  }
  if (payload.unreadable > 0) {
    stats.quotes_refused += payload.unreadable;
    notice_once(core::EventKind::kFrameRefused, fmt::format("quote/{}", symbol),
                fmt::format("{} of the history of {} {} refused: {}",
                            core::counted(payload.unreadable, "row"), symbol,
                            payload.unreadable == 1 ? "is" : "are", payload.first_unreadable));
    stream = symbols.find(symbol);
    if (!stream) return;
  }
  const auto before = stream->last_epoch();
  const auto ticks = std::move(payload.ticks);
  const auto decimals = payload.decimals;
  // More than the margin away from what was seen: the gap was longer than a history can be.
  if (before && ticks.size() >= kMaxHistory && ticks.front().epoch > *before) {
    listener.tell(fact::Notice{core::EventKind::kTickGap,
                               fmt::format("{}: ticks between {} and {} are lost", symbol,
                                           before->s, ticks.front().epoch.s)});
  }
  for (const auto& raw : ticks) {
    stream = symbols.find(symbol);  // a listener may have changed the set
    if (!stream) return;
    if (stream->has_seen(raw.epoch)) continue;
    const auto tick = to_tick(symbol, raw, decimals);
    if (!tick) continue;  // it was told, and costs itself alone
    stream->take_past(raw.epoch);
    ++stats.ticks;
    listener.tell(fact::Tick{*tick, true});
  }
}

void Session::Impl::refuse_past(const Pending& asked, std::string_view why) {
  const auto wanted = past.take(asked.req_id);
  if (!wanted) return;
  listener.tell(fact::PastRefused{wanted->symbol, wanted->from, wanted->to, why});
}

namespace {

/// Rows in any order as rising ticks. What is no tick is left out alone; of two different quotes of
/// one second nobody knows which is right.
void take_past_ticks(std::vector<RawTick>& rows, PastTicks& out) {
  const auto refuse = [&](std::string text) {
    if (out.refused++ == 0) out.refusal = std::move(text);
  };
  std::stable_sort(rows.begin(), rows.end(),
                   [](const RawTick& a, const RawTick& b) { return a.epoch < b.epoch; });
  out.ticks.reserve(rows.size());
  for (auto first = rows.begin(); first != rows.end();) {
    const auto end =
        std::find_if(first, rows.end(), [&](const RawTick& r) { return r.epoch != first->epoch; });
    const auto other =
        std::find_if(first, end, [&](const RawTick& r) { return r.quote != first->quote; });
    const auto quote = core::Price::from(first->quote, out.decimals);
    if (other != end) {
      refuse(fmt::format("there are two quotes at {}: {} and {}", first->epoch.s,
                         first->quote.to_string(), other->quote.to_string()));
    } else if (!quote || quote->mantissa() <= 0) {
      refuse(fmt::format("the quote at {} is {}: quotes are above 0 and have {} decimals",
                         first->epoch.s, first->quote.to_string(), out.decimals));
    } else {
      out.ticks.push_back({first->epoch, quote->mantissa()});
    }
    first = end;
  }
}

}  // namespace

void Session::Impl::on_past(const Pending& asked, HistoryPayload& payload) {
  const auto* wanted = past.find(asked.req_id);
  if (wanted == nullptr) return;
  PastTicks out{wanted->symbol,          wanted->from, wanted->to, 0, {}, payload.unreadable,
                payload.first_unreadable};
  const auto decimals = payload.decimals ? payload.decimals : known.decimals_of(out.symbol);
  if (!decimals) return refuse_past(asked, "the decimals of its quotes are not known");
  out.decimals = *decimals;
  take_past_ticks(payload.ticks, out);
  static_cast<void>(past.take(asked.req_id));
  listener.tell(fact::Past{out});
}

void Session::Impl::on_no_contract(core::ContractId contract, std::string_view why) {
  notice_once(
      core::EventKind::kFrameRefused, fmt::format("no contract {}", contract.value),
      fmt::format("the venue does not know contract {} ({}: {}): it stays open in the "
                  "journal, and keeps its place in the limits, until the venue tells of it; "
                  "compare with the account's statement",
                  contract.value, name_of(Call::kWatch), why));
  listener.tell(fact::NoContract{contract});
}

void Session::Impl::on_contract(const ContractPayload& payload, bool polled, const Now&) {
  if (!payload.report) {
    notice_once(core::EventKind::kFrameRefused, "empty contract",
                "the venue answered a contract with nothing");
    return;
  }
  auto report_out = *payload.report;
  const bool named = !report_out.symbol.empty();
  if (named && payload.entry) report_out.entry = to_tick(report_out.symbol, *payload.entry, {});
  if (named && payload.exit) report_out.exit = to_tick(report_out.symbol, *payload.exit, {});
  if (!polled && !frame.stream.empty()) contracts.name_stream(report_out.contract, frame.stream);
  if (report_out.is_sold) unwatch(report_out.contract);
  listener.tell(fact::Contract{report_out, polled});
}

void Session::Impl::on_transaction(const TransactionPayload& payload, const Now&) {
  if (!payload.report) return;
  const auto transaction = *payload.report;
  note_venue_time(transaction.time);
  if (!on_trial()) listener.tell(fact::Transaction{transaction});
}

void Session::Impl::on_balance(const BalancePayload& payload, const Now& now) {
  if (!(payload.loginid == account.id)) {
    return lose(fmt::format("the balance is of {}, the account is {}", payload.loginid, account.id),
                now);
  }
  const auto money = core::Money::from(payload.balance, account.decimals);
  if (!money) {
    ++stats.frames_refused;
    return notice_once(core::EventKind::kFrameRefused, "balance",
                       fmt::format("a balance is refused: {}", money.error().text));
  }
  account.balance = *money;
  balance_known = true;
  // Until then it is part of fact::Account.
  if (state != SessionState::kAuthorizing && state != SessionState::kSyncing && !on_trial()) {
    listener.tell(fact::Balance{*money});
  }
}

void Session::Impl::on_portfolio(PortfolioPayload& payload, const Now&) {
  report.take_portfolio(std::move(payload.rows));
}

void Session::Impl::on_profit_table(ProfitTablePayload& payload, const Now& now) {
  // Where only the venue's list knows the symbol that a shortcode names.
  for (auto& row : payload.rows) {
    if (row.symbol.empty()) row.symbol = known.named_in(row.shortcode.view());
  }
  switch (report.take_page(payload.rows, payload.received)) {
    case ReportJob::Page::kAnotherFollows:
      return requests.want();
    case ReportJob::Page::kLast:
      return finish_report(now);
    case ReportJob::Page::kTooMany:
      return lose("the profit table has more pages than derivd reads", now);
  }
}

void Session::Impl::finish_report(const Now& now) {
  auto done = report.finish();
  done.report.balance = account.balance;
  if (state == SessionState::kReconciling) state_deadline = now.instant + kReconcilingTime;
  listener.tell(fact::Report{done.report});
  if (done.next_since) ask_report(*done.next_since, now);
}

}  // namespace derivd::deriv
