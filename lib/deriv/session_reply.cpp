// What comes back to Session: answers, streams, refusals and silence.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <unordered_set>
#include <utility>

#include "deriv/session_impl.hpp"
#include "market/shortcode.hpp"

namespace derivd::deriv {
namespace {

// A tick this much older than the last one does not come late; the venue's clock was set back.
constexpr seconds kClockWentBack{60};
// And so do this many older ticks in a row.
constexpr int kMaxStaleRun = 10;
// Deriv's default page has 50 rows; a page with fewer cannot be one that was cut short.
constexpr std::size_t kShortPage = 50;

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
  if (noticed.insert(std::hash<std::string_view>{}(key)).second) listener.on_notice(kind, what);
}

SymbolStream* Session::Impl::find_symbol(std::string_view symbol) {
  for (auto& stream : symbols) {
    if (stream.symbol == symbol) return &stream;
  }
  return nullptr;
}

ContractStream* Session::Impl::find_contract(core::ContractId contract) {
  for (auto& stream : contracts) {
    if (stream.contract == contract) return &stream;
  }
  return nullptr;
}

std::optional<std::uint8_t> Session::Impl::decimals_of(std::string_view symbol) const {
  for (const auto& row : known) {
    if (row.symbol.code == symbol) return row.symbol.decimals;
  }
  if (const auto* info = market::find_symbol(symbol)) return info->decimals;
  return std::nullopt;
}

/// The task behind a request, unless it has been asked anew since.
Task* Session::Impl::task_of(const Pending& asked) {
  Task* task = nullptr;
  const auto is_it = [&](const Task& t) { return t.req_id == asked.req_id; };
  switch (asked.call) {
    case Call::kAuthorize:
      task = &login;
      break;
    case Call::kBalance:
      task = is_it(login) ? &login : &balance;
      break;
    case Call::kTime:
      task = is_it(login) ? &login : is_it(report.clock) ? &report.clock : &clock;
      break;
    case Call::kActiveSymbols:
      task = &symbol_list;
      break;
    case Call::kTransactions:
      task = &transactions;
      break;
    case Call::kPortfolio:
      task = &report.portfolio;
      break;
    case Call::kProfitTable:
      task = &report.page;
      break;
    case Call::kTicks:
    case Call::kHistory:
    case Call::kHistoryOnly:
      for (auto& stream : symbols) {
        if (is_it(stream.task)) task = &stream.task;
        if (is_it(stream.history)) task = &stream.history;
      }
      break;
    case Call::kWatch:
      if (auto* stream = find_contract(core::ContractId{asked.subject})) task = &stream->task;
      break;
    case Call::kPoll:
      for (auto& wanted : polls) {
        if (is_it(wanted.task)) task = &wanted.task;
      }
      break;
    case Call::kPast:
      for (auto& wanted : past) {
        if (is_it(wanted.task)) task = &wanted.task;
      }
      break;
    case Call::kCandles:
      for (auto& wanted : candles) {
        if (is_it(wanted.task)) task = &wanted.task;
      }
      break;
    case Call::kPing:
    case Call::kProposal:
    case Call::kPrice:
    case Call::kBuy:
    case Call::kSell:
    case Call::kCancel:
    case Call::kOfferings:
      for (auto& wanted : offerings) {
        if (is_it(wanted.task)) task = &wanted.task;
      }
      break;
    case Call::kTradingTimes:
      task = &hours.task;
      break;
    case Call::kForget:
      break;
  }
  return task && is_it(*task) ? task : nullptr;
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
      return false;
  }
  return false;
}

/// Whose answer the frame is. By req_id; a frame that lost its req_id counts only when there is
/// just one request it can belong to.
std::optional<Pending> Session::Impl::match(const Now&) {
  if (frame.req_id) {
    const auto* asked = pending.find(*frame.req_id);
    if (!asked) return std::nullopt;
    if (!frame.error && expected(asked->call) != frame.message) return std::nullopt;
    return pending.take(*frame.req_id);
  }
  if (!frame.error && is_stream(frame.message)) return std::nullopt;
  return pending.take_only([this](Call call) {
    return frame.error ? frame.msg_type == name_of(call) : frame.message == expected(call);
  });
}

void Session::Impl::on_frame(std::string_view bytes, std::size_t capacity, const Now& now) {
  ++stats.frames;
  last_received = now.instant;
  if (const auto decoded = decoder.decode(bytes, capacity, frame); !decoded) {
    return on_refused_frame(decoded.error(), now);
  }
  if (const auto asked = match(now)) return on_reply(*asked, now);
  const bool late = frame.req_id && pending.grave(*frame.req_id);
  if (late && (frame.error || !is_stream(frame.message))) {
    if (const auto* bought = std::get_if<execution::Bought>(&frame.payload)) {
      listener.on_notice(core::EventKind::kFrameRefused,
                         fmt::format("the answer to a purchase came too late: contract {}",
                                     bought->contract.value));
    }
    return;
  }
  if (frame.error) return on_stream_error(*frame.error, now);
  on_stream(now);
}

void Session::Impl::on_refused_frame(const core::Error& error, const Now& now) {
  ++stats.frames_refused;
  notice_once(core::EventKind::kFrameRefused, error.text,
              fmt::format("a frame of the venue is refused: {}", error.text));
  const auto asked = frame.req_id ? pending.take(*frame.req_id) : std::nullopt;
  if (!asked) return;
  const auto why = fmt::format("its answer could not be understood: {}", error.text);
  if (asked->call == Call::kPing) {  // something lives there
    pinged = false;
    return;
  }
  if (fate_of(asked->call) != Fate::kAgain) return tell_lost(*asked, "FrameRefused", why);
  on_failed_read(*asked, why, false, now);
}

void Session::Impl::on_overdue(const Pending& asked, const Now& now) {
  const auto why = fmt::format("no answer to {} within {} s", name_of(asked.call),
                               reply_timeout(asked.call) / seconds(1));
  if (asked.call == Call::kPing) {
    pinged = false;
    if (now.instant - asked.deadline >= kWeWereAway) return ping(now);
    if (last_received <= asked.sent) return lose("nothing arrives any more", now);
    if (++unanswered_pings >= kMaxUnansweredPings) return lose("pings are not answered", now);
    return ping(now);
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
  again(*task, symbol || market ? kLongestSymbolRetry : kLongestRetry, now);
  if (symbol) wait_for_opening(*task, now);
  if (asked.call == Call::kPoll && task->attempts >= kMaxAttempts) {
    std::erase_if(polls, [&](const PollTask& p) { return p.contract.value == asked.subject; });
  }
}

void Session::Impl::on_reply(const Pending& asked, const Now& now) {
  (asked.call == Call::kBuy ? stats.buy_latency : stats.other_latency)
      .add(now.instant - asked.sent);
  if (asked.call == Call::kAuthorize || task_of(asked) == &login) return on_login(now);
  if (frame.error) return on_error_reply(asked, *frame.error, now);
  budget.answered(asked.call);
  auto* task = task_of(asked);
  if (task) {
    task->phase = Task::Phase::kDone;
    task->attempts = 0;
    work = true;
  }
  switch (asked.call) {
    case Call::kPing:
      pinged = false;
      unanswered_pings = 0;
      return excuse_late(now);
    case Call::kTime:
      return note_server_time(std::get<TimePayload>(frame.payload).time, now);
    case Call::kActiveSymbols: {
      known = std::move(std::get<ActiveSymbolsPayload>(frame.payload).rows);
      if (known.size() > kMaxKnownSymbols) known.resize(kMaxKnownSymbols);
      return on_symbol_list(now);
    }
    case Call::kBalance:
    case Call::kTransactions:
      return on_stream(now);
    case Call::kTicks:
      if (auto* stream = find_symbol(std::get<TickPayload>(frame.payload).symbol)) {
        stream->quiet_from = now.instant;
      }
      return on_stream(now);
    case Call::kHistory:
    case Call::kHistoryOnly:
      return on_history(asked, std::get<HistoryPayload>(frame.payload), now);
    case Call::kPast:
      return on_past(asked, std::get<HistoryPayload>(frame.payload));
    case Call::kCandles:
      return on_candles(asked, std::get<CandlesPayload>(frame.payload));
    case Call::kWatch:
      return on_contract(std::get<ContractPayload>(frame.payload), false, now);
    case Call::kPoll:
      std::erase_if(polls, [&](const PollTask& p) { return p.contract.value == asked.subject; });
      return on_contract(std::get<ContractPayload>(frame.payload), true, now);
    case Call::kPortfolio:
      if (task) on_portfolio(std::get<PortfolioPayload>(frame.payload), now);
      return;
    case Call::kProfitTable:
      if (task) on_profit_table(std::get<ProfitTablePayload>(frame.payload), now);
      return;
    case Call::kProposal: {
      const auto& proposal = std::get<ProposalPayload>(frame.payload);
      return listener.on_quote(
          {core::OrderId{asked.subject}, proposal.id, proposal.ask, proposal.payout, proposal.fee});
    }
    case Call::kPrice:
      return on_price(asked, std::get<ProposalPayload>(frame.payload));
    case Call::kBuy:
      return on_bought(asked, std::get<execution::Bought>(frame.payload), now);
    case Call::kSell:
    case Call::kCancel: {
      const auto& sold = std::get<SellPayload>(frame.payload);
      return listener.on_sold(sold.contract, sold.sold_for);
    }
    case Call::kOfferings:
      return on_offerings(asked, std::get<OfferingsPayload>(frame.payload), now);
    case Call::kTradingTimes:
      if (task) on_trading_times(std::get<TradingTimesPayload>(frame.payload), now);
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
  listener.on_bought(core::OrderId{asked.subject}, bought);
}

void Session::Impl::on_failed_order(const Pending& asked, const ApiError& error, const Now& now) {
  const auto error_class = classify(error.code.view());
  const auto message = message_of(error);
  const execution::Refusal refusal{refusal_of(error.code.view(), error.subcode.view()),
                                   error.code.view(), message};
  if (asked.call == Call::kProposal) {
    listener.on_quote_refused(core::OrderId{asked.subject}, refusal);
  } else if (asked.call == Call::kPrice) {
    refuse_price(asked.subject, error.code.view(), message);
  } else if (asked.call == Call::kSell || asked.call == Call::kCancel) {
    listener.on_sell_failed(core::ContractId{asked.subject}, error.code, message);
  } else if (error_class == ErrorClass::kUnknownOutcome ||
             error_class == ErrorClass::kAlreadySubscribed) {
    // Neither says that nothing was bought.
    listener.on_unknown(core::OrderId{asked.subject}, describe(error), &refusal);
  } else {
    listener.on_refused(core::OrderId{asked.subject}, refusal);
  }
  if (error_class == ErrorClass::kSession) lose(describe(error), now);
}

void Session::Impl::on_error_reply(const Pending& asked, const ApiError& error, const Now& now) {
  const auto error_class = classify(error.code.view());
  if (error_class == ErrorClass::kRateLimit) {
    budget.refused(asked.call, now.instant);
    listener.on_notice(core::EventKind::kRateLimited,
                       fmt::format("{}: {}", name_of(asked.call), describe(error)));
  } else {
    budget.answered(asked.call);
  }
  if (asked.call == Call::kPing) {
    pinged = false;
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
      stream.quiet_from = now.instant;
      if (asked.call == Call::kHistory) stream.history.want();
    }
    work = true;
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
  if (error_class != ErrorClass::kRateLimit) {
    const bool symbol = asked.call == Call::kTicks || asked.call == Call::kHistory;
    notice_once(symbol ? core::EventKind::kTickGap : core::EventKind::kFrameRefused,
                fmt::format("{}/{}/{}", name_of(asked.call), error.code, asked.subject),
                fmt::format("{} is refused: {}", name_of(asked.call), describe(error)));
  }
  const auto contract = core::ContractId{asked.subject};
  if (asked.call == Call::kWatch && error_class == ErrorClass::kContract &&
      task->attempts + 1 >= kMaxAttempts) {
    return unwatch(contract);
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
    if (task.done() && task.req_id == *frame.req_id) again(task, longest, now);
  };
  for (auto& stream : symbols) restart(stream.task, kLongestSymbolRetry);
  for (auto& stream : contracts) restart(stream.task, kLongestRetry);
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
  if (!decimals) decimals = decimals_of(symbol);
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
  auto* stream = find_symbol(payload.symbol);
  if (!stream) return;  // forgotten a moment ago
  if (!frame.stream.empty()) stream->stream = frame.stream;
  accept_tick(*stream, payload.tick, payload.decimals, now);
}

/// A tick of the stream: not seen before and not from the past.
void Session::Impl::accept_tick(SymbolStream& stream, const RawTick& raw,
                                std::optional<std::uint8_t> decimals, const Now& now) {
  if (!stream.silent && !stream.excused) {
    const auto pause = std::min(now.instant - stream.quiet_from, kLongestCadence);
    stream.cadence = std::max(pause, stream.cadence - stream.cadence / 8);
  }
  stream.quiet_from = now.instant;
  stream.excused = false;
  stream.silent = false;
  stream.silent_wait = kSilentAfter;
  const auto before = stream.last_epoch;
  if (before && raw.epoch <= *before) {
    if (raw.epoch == *before) return;
    if (++stream.stale_run < kMaxStaleRun) return;
  }
  const auto tick = to_tick(stream.symbol, raw, decimals);
  if (!tick) return;
  stream.stale_run = 0;
  stream.last_epoch = raw.epoch;
  ++stats.ticks;
  const auto pause = now.instant - waits_since(stream);
  stream.last_tick = now.instant;
  const bool again = std::exchange(stream.told_silent, false);
  // `stream` may be gone after any call of the listener.
  if (again) listener.on_silence(tick->symbol, false, pause);
  if (before && raw.epoch < *before) {
    listener.on_notice(
        core::EventKind::kTickGap,
        fmt::format("{}: epochs went back from {} to {}", tick->symbol, before->s, raw.epoch.s));
  }
  note_venue_time(raw.epoch);
  listener.on_tick(*tick, false);
}

void Session::Impl::on_history(const Pending& asked, HistoryPayload& payload, const Now& now) {
  SymbolStream* stream = nullptr;
  for (auto& s : symbols) {
    const auto& task = asked.call == Call::kHistory ? s.task : s.history;
    if (task.req_id == asked.req_id) stream = &s;
  }
  if (!stream) return;
  if (!frame.stream.empty()) stream->stream = frame.stream;
  stream->quiet_from = now.instant;
  const auto symbol = stream->symbol;
  // Only the first time on a link: later the server's time may be hours old.
  const bool went_back = std::exchange(stream->new_link, false) && stream->last_epoch &&
                         server_time && *server_time + kClockWentBack < *stream->last_epoch;
  if (went_back) {
    stream->last_epoch.reset();
    listener.on_notice(
        core::EventKind::kTickGap,
        fmt::format("{}: the venue's clock went back to {}", symbol, server_time->s));
    stream = find_symbol(symbol);
    if (!stream) return;
  }
  if (payload.unreadable > 0) {
    stats.quotes_refused += payload.unreadable;
    notice_once(core::EventKind::kFrameRefused, fmt::format("quote/{}", symbol),
                fmt::format("{} rows of the history of {} are refused: {}", payload.unreadable,
                            symbol, payload.first_unreadable));
    stream = find_symbol(symbol);
    if (!stream) return;
  }
  const auto before = stream->last_epoch;
  const auto ticks = std::move(payload.ticks);
  const auto decimals = payload.decimals;
  // More than the margin away from what was seen: the gap was longer than a history can be.
  if (before && ticks.size() >= kMaxHistory && ticks.front().epoch > *before) {
    listener.on_notice(core::EventKind::kTickGap,
                       fmt::format("{}: ticks between {} and {} are lost", symbol, before->s,
                                   ticks.front().epoch.s));
  }
  for (const auto& raw : ticks) {
    stream = find_symbol(symbol);  // a listener may have changed the set
    if (!stream) return;
    if (stream->last_epoch && raw.epoch <= *stream->last_epoch) continue;
    const auto tick = to_tick(symbol, raw, decimals);
    if (!tick) continue;  // it was told, and costs itself alone
    stream->last_epoch = raw.epoch;
    ++stats.ticks;
    listener.on_tick(*tick, true);
  }
}

void Session::Impl::refuse_past(const Pending& asked, std::string_view why) {
  const auto it = std::find_if(past.begin(), past.end(),
                               [&](const PastTask& p) { return p.task.req_id == asked.req_id; });
  if (it == past.end()) return;
  const auto wanted = *it;
  past.erase(it);
  listener.on_past_refused(wanted.symbol, wanted.from, wanted.to, why);
}

namespace {

/// Rows in any order as rising ticks. What is no tick is left out alone; of two different quotes of
/// one second nobody knows which is right.
void take_rows(std::vector<RawTick>& rows, PastTicks& out) {
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
  const auto it = std::find_if(past.begin(), past.end(),
                               [&](const PastTask& p) { return p.task.req_id == asked.req_id; });
  if (it == past.end()) return;
  PastTicks out{it->symbol, it->from, it->to, 0, {}, payload.unreadable, payload.first_unreadable};
  const auto decimals = payload.decimals ? payload.decimals : decimals_of(out.symbol);
  if (!decimals) return refuse_past(asked, "the decimals of its quotes are not known");
  out.decimals = *decimals;
  take_rows(payload.ticks, out);
  past.erase(it);
  listener.on_past(out);
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
  if (auto* stream = find_contract(report_out.contract)) {
    if (!polled && !frame.stream.empty()) stream->stream = frame.stream;
    if (report_out.is_sold) unwatch(report_out.contract);
  }
  listener.on_contract(report_out, polled);
}

void Session::Impl::on_transaction(const TransactionPayload& payload, const Now&) {
  if (!payload.report) return;
  const auto transaction = *payload.report;
  note_venue_time(transaction.time);
  if (!on_trial()) listener.on_transaction(transaction);
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
  // Until then it is part of on_account().
  if (state != SessionState::kAuthorizing && state != SessionState::kSyncing && !on_trial()) {
    listener.on_balance(*money);
  }
}

/// The symbol in the shortcode of a row that names none, where only the venue's list knows it.
void Session::Impl::name_symbol(execution::HistoryRow& row) const {
  if (!row.symbol.empty()) return;
  const auto code = row.shortcode.view();
  const auto rest = code.substr(std::min(code.size(), code.find('_') + 1));  // "SYMBOL_…"
  for (const auto& listed : known) {
    const auto symbol = listed.symbol.code.view();
    const bool longer = symbol.size() > row.symbol.view().size();
    if (longer && market::begins_with_symbol(rest, symbol)) row.symbol = listed.symbol.code;
  }
}

void Session::Impl::on_portfolio(PortfolioPayload& payload, const Now&) {
  report.report.portfolio = std::move(payload.rows);
}

void Session::Impl::on_profit_table(ProfitTablePayload& payload, const Now& now) {
  for (auto& row : payload.rows) name_symbol(row);
  auto& rows = report.report.profit_table;
  rows.insert(rows.end(), payload.rows.begin(), payload.rows.end());
  report.offset += payload.received;
  if (payload.received < kShortPage) return finish_report(now);
  if (++report.pages >= kMaxReportPages) {
    return lose("the profit table has more pages than derivd reads", now);
  }
  report.page.want();
  work = true;
}

void Session::Impl::finish_report(const Now& now) {
  auto out = std::move(report.report);
  const auto next_since = report.next_since;
  report = {};
  out.balance = account.balance;
  // Pages may overlap, and a contract may have been sold between portfolio and profit table.
  std::unordered_set<core::ContractId> sold;
  std::erase_if(out.profit_table, [&](const execution::HistoryRow& row) {
    return !sold.insert(row.contract).second;
  });
  std::erase_if(out.portfolio,
                [&](const execution::HistoryRow& row) { return sold.contains(row.contract); });
  if (state == SessionState::kReconciling) state_deadline = now.instant + kReconcilingTime;
  listener.on_venue_report(out);
  if (next_since) ask_report(*next_since, now);
}

}  // namespace derivd::deriv
