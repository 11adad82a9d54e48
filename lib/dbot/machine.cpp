// The run loop: sections in their order, the waiting points, events, errors and restarts.
// Rules: semantics.md, sections 2, 3 and 7.
#include "dbot/machine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/check.hpp"
#include "core/printable.hpp"
#include "dbot/number.hpp"

namespace derivd::dbot {
namespace {

/// Of the venue's error codes (section 7).
constexpr std::array<std::string_view, 7> kRetried{
    "CallError",       "WrongResponse",  "GetProposalFailure",       "RateLimit",
    "DisconnectError", "MarketIsClosed", "OpenPositionLimitExceeded"};
constexpr std::array<std::string_view, 19> kUnrecoverable{"InsufficientBalance",
                                                          "CustomLimitsReached",
                                                          "OfferingsValidationError",
                                                          "InvalidCurrency",
                                                          "ContractBuyValidationError",
                                                          "NotDefaultCurrency",
                                                          "PleaseAuthenticate",
                                                          "FinancialAssessmentRequired",
                                                          "PositiveIntegerExpected",
                                                          "OptionError",
                                                          "IncorrectPayoutDecimals",
                                                          "IncorrectStakeDecimals",
                                                          "NoMFProfessionalClient",
                                                          "AuthorizationRequired",
                                                          "InvalidToken",
                                                          "DailyLossLimitExceeded",
                                                          "InputValidationFailed",
                                                          "ClientUnwelcome",
                                                          "PriceMoved"};
constexpr std::array<std::string_view, 3> kPolite{"SellNotAvailableCustom",
                                                  "ContractCreationFailure", "InvalidtoBuy"};

constexpr Millis kRetryStep = 2'500;
constexpr Millis kLongestRetry = 15'000;
/// Start did not reach the options: the trade loop begins anew after so long.
constexpr Millis kUnreachedPause = 1'000;

template <std::size_t N>
bool has(const std::array<std::string_view, N>& list, std::string_view code) {
  return std::ranges::count(list, code) > 0;
}

}  // namespace

Machine::Machine(std::shared_ptr<const Program> program, Settings settings)
    : program_(std::move(program)), settings_(std::move(settings)) {
  for (const auto& c : program_->constants) {
    constants_.push_back(c.is_text ? heap_.text(c.text) : Value::of(c.number));
  }
  globals_.assign(program_->variables.size(), Value::undefined());
  for (const int interval : program_->intervals) series_.push_back({interval, {}});
}

Machine::~Machine() = default;

// -- ticks --------------------------------------------------------------------------------------

void Machine::take(core::VenueTime epoch, core::Price quote) {
  // A long buffer whose tail is the window: the front is cut once in a thousand ticks.
  if (quote_buffer_.size() >= 2 * kWindow) {
    const auto cut = static_cast<std::ptrdiff_t>(quote_buffer_.size() - kWindow + 1);
    quote_buffer_.erase(quote_buffer_.begin(), quote_buffer_.begin() + cut);
    digit_buffer_.erase(digit_buffer_.begin(), digit_buffer_.begin() + cut);
  }
  deaf_ = false;
  last_epoch_ = epoch.s;
  last_quote_ = quote;
  const double value = quote.to_double();
  quote_buffer_.push_back(value);
  digit_buffer_.push_back(quote.last_digit());
  feed_candles(epoch, value);
}

void Machine::feed_candles(core::VenueTime epoch, double quote) {
  for (auto& s : series_) {
    const auto open = epoch.s - epoch.s % s.interval;
    auto& all = s.candles;
    // Of before the growing candle, which the venue began: it is in one of those before.
    if (!all.empty() && all.back().epoch > open) continue;
    if (!all.empty() && all.back().epoch == open) {
      auto& c = all.back();
      c.high = std::max(c.high, quote);
      c.low = std::min(c.low, quote);
      c.close = quote;
      continue;
    }
    if (all.size() >= 2 * kWindow) {
      all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(all.size() - kWindow + 1));
    }
    CandleValue c;
    c.open = c.high = c.low = c.close = quote;
    c.epoch = open;
    all.push_back(c);
  }
}

std::span<const double> Machine::quotes() const {
  const std::span<const double> all(quote_buffer_);
  return all.last(std::min(all.size(), kWindow));
}

std::span<const double> Machine::digits() const {
  const std::span<const double> all(digit_buffer_);
  return all.last(std::min(all.size(), kWindow));
}

void Machine::prime(core::VenueTime epoch, core::Price quote) {
  if (epoch.s > last_epoch_) take(epoch, quote);
}

void Machine::prime_candles(int interval, std::span<const CandleValue> candles) {
  for (auto& s : series_) {
    if (s.interval == interval) s.candles.assign(candles.begin(), candles.end());
  }
}

void Machine::join_candles(core::VenueTime epoch, core::Price quote) {
  feed_candles(epoch, quote.to_double());
}

// -- events -------------------------------------------------------------------------------------

void Machine::begin(Millis now, std::vector<Wish>& out) {
  now_ = std::max(now_, now);
  out_ = &out;
}

void Machine::finish_event() {
  turn_from_ = steps_;
  advance();
  out_ = nullptr;
}

void Machine::start(Millis now, std::vector<Wish>& out) {
  DERIVD_CHECK(!started_, "a program starts once");
  begin(now, out);
  started_ = true;
  steps_ = 0;
  messages_ = 0;
  finish_event();
}

void Machine::on_tick(core::VenueTime epoch, core::Price quote, Millis now,
                      std::vector<Wish>& out) {
  if (epoch.s <= last_epoch_) return;
  take(epoch, quote);
  if (!running()) return;
  begin(now, out);
  steps_ = 0;
  messages_ = 0;
  new_tick_ = epoch.s;
  if (waiting_ == Waiting::kTicks && --ticks_left_ <= 0) waiting_ = Waiting::kNothing;
  state_changed();
  finish_event();
}

std::optional<Millis> Machine::next_deadline() const {
  if (!running()) return std::nullopt;
  const bool timed = waiting_ == Waiting::kSleep || waiting_ == Waiting::kRetry ||
                     waiting_ == Waiting::kRollback || waiting_ == Waiting::kTurn;
  return timed ? std::optional(deadline_) : std::nullopt;
}

void Machine::on_time(Millis now, std::vector<Wish>& out) {
  const auto due = next_deadline();
  if (!due || *due > now) return;
  begin(now, out);
  if (waiting_ == Waiting::kTurn) {
    waiting_ = Waiting::kNothing;
    return finish_event();
  }
  steps_ = 0;
  messages_ = 0;
  if (waiting_ == Waiting::kRetry) {
    waiting_ = Waiting::kPurchase;
    out_->emplace_back(*buying_);
  } else if (waiting_ == Waiting::kRollback) {
    waiting_ = Waiting::kNothing;
    restore(at_watch_);
    stage_ = Stage::kBefore;
    frames_.clear();
    stack_.clear();
  } else {
    waiting_ = Waiting::kNothing;
  }
  finish_event();
}

void Machine::opened(const Opened& event, Millis now, std::vector<Wish>& out) {
  DERIVD_CHECK(waiting_ == Waiting::kPurchase && buying_, "nothing was to be bought");
  begin(now, out);
  waiting_ = Waiting::kNothing;
  attempts_ = 0;
  contract_ = {};
  contract_.known = true;
  contract_.transaction = event.transaction;
  contract_.type = buying_->type;
  contract_.buy_price = event.price;
  buying_.reset();
  ++runs_;
  scope_ = Scope::kDuring;
  open_contract_ = false;
  new_tick_ = 0;
  finish_event();
}

void Machine::refused(std::string_view code, std::string_view text, Millis now,
                      std::vector<Wish>& out) {
  DERIVD_CHECK(waiting_ == Waiting::kPurchase, "nothing was to be bought");
  begin(now, out);
  const bool moved = code == "PriceMoved" || code == "InvalidContractProposal";
  if (program_->time_machine && (has(kRetried, code) || moved)) {
    // Section 7, "restart buy/sell on error": the first attempt follows at once.
    hold_until(Waiting::kRollback, std::min(kRetryStep * attempts_++, kLongestRetry));
  } else if (has(kRetried, code)) {
    hold_until(Waiting::kRetry, std::min(kRetryStep * ++attempts_, kLongestRetry));
  } else if (has(kPolite, code)) {
    stop(Stopped::Why::kRefused, fmt::format("{}: {}", code, text), line());
  } else {
    waiting_ = Waiting::kNothing;
    fail(std::string(code), std::string(text));
    handle_fault();
  }
  finish_event();
}

void Machine::denied(Millis now, std::vector<Wish>& out) {
  DERIVD_CHECK(waiting_ == Waiting::kPurchase, "nothing was to be bought");
  begin(now, out);
  waiting_ = Waiting::kNothing;
  attempts_ = 0;
  steps_ += kDeniedSteps;
  buying_.reset();
  finish_event();
}

void Machine::updated(const Update& event, Millis now, std::vector<Wish>& out) {
  if (!running() || !holds_contract()) return;
  begin(now, out);
  if (event.bid) {
    contract_.sell_price = *event.bid;
    contract_.has_bid = true;
  }
  contract_.can_sell = event.can_sell;
  if (event.entry_time) contract_.entry_time = event.entry_time;
  if (event.entry) contract_.entry = event.entry;
  if (event.barrier) contract_.barrier = *event.barrier;
  open_contract_ = true;
  new_tick_ = 0;
  state_changed();
  finish_event();
}

void Machine::ended(const Ended& event, Millis now, std::vector<Wish>& out) {
  if (!holds_contract()) return;
  begin(now, out);
  contract_.sell_price = event.sell_price;
  contract_.sold = true;
  contract_.can_sell = false;
  if (event.entry_time) contract_.entry_time = event.entry_time;
  if (event.entry) contract_.entry = event.entry;
  if (event.exit_time) contract_.exit_time = event.exit_time;
  if (event.exit) contract_.exit = event.exit;
  if (event.barrier) contract_.barrier = *event.barrier;
  // The totals first, then the state (section 3).
  profit_units_ += (contract_.sell_price - contract_.buy_price).units();
  scope_ = Scope::kStop;
  open_contract_ = false;
  new_tick_ = 0;
  if (waiting_ == Waiting::kEnd) {
    waiting_ = Waiting::kNothing;
    restart();
  } else {
    restarts_ = 0;
    state_changed();
  }
  finish_event();
}

void Machine::sold(Millis now, std::vector<Wish>& out) {
  if (waiting_ != Waiting::kSale) return;
  begin(now, out);
  waiting_ = Waiting::kNothing;
  finish_event();
}

void Machine::not_sold(std::string_view text, Millis now, std::vector<Wish>& out) {
  if (waiting_ != Waiting::kSale) return;
  begin(now, out);
  waiting_ = Waiting::kNothing;
  message(Message::Kind::kWarn, fmt::format("the contract could not be sold: {}", text), line());
  finish_event();
}

void Machine::quoted(const std::map<std::string, Quoted, std::less<>>& quotes, Millis now,
                     std::vector<Wish>& out) {
  if (!running()) return;
  begin(now, out);
  quotes_ = quotes;
  // No change that a watch would see: Before runs at the next tick, as without proposals.
  proposals_ready_ = true;
  finish_event();
}

void Machine::stop_at(const Stopped& stopped, Millis now, std::vector<Wish>& out) {
  begin(now, out);
  stop(stopped.why, stopped.text, stopped.line);
  globals_.assign(globals_.size(), Value::undefined());
  at_start_ = {};
  at_watch_ = {};
  out_ = nullptr;
}

void Machine::ask_again(Millis now, std::vector<Wish>& out) {
  if (!waits_for_quotes()) return;
  begin(now, out);
  ask_quotes();
  finish_event();
}

void Machine::forget_ticks() {
  quote_buffer_.clear();
  digit_buffer_.clear();
  for (auto& s : series_) s.candles.clear();
  last_epoch_ = 0;
  analysed_ = -1;
  deaf_ = true;
}

void Machine::forget_time() {
  forget_ticks();
  now_ = 0;
  deadline_ = 0;
}

void Machine::take_window(const Machine& from) {
  quote_buffer_ = from.quote_buffer_;
  digit_buffer_ = from.digit_buffer_;
  series_ = from.series_;
  last_epoch_ = from.last_epoch_;
  last_quote_ = from.last_quote_;
  deaf_ = from.deaf_;
}

// -- the loop -----------------------------------------------------------------------------------

void Machine::advance() {
  if (deaf_) return;
  while (!ended_ && waiting_ == Waiting::kNothing) {
    if (frames_.empty()) {
      next_section();
    } else {
      run_frames();
      if (fault_) handle_fault();
    }
  }
}

void Machine::call_section(int function) {
  result_ = Value::undefined();
  if (function >= 0) enter_function(function, 0);
}

/// Runs every tick_analysis once for a tick that was not analysed yet; true while it does.
bool Machine::analyse() {
  const auto& all = program_->tick_analysis;
  if (!analysing_) {
    if (all.empty() || analysed_ == last_epoch_) return false;
    analysed_ = last_epoch_;
    analysing_ = true;
    analysis_ = 0;
  }
  if (analysis_ < all.size()) {
    call_section(all[analysis_++]);
    return true;
  }
  analysing_ = false;
  return false;
}

void Machine::watch(Stage stage) {
  stage_ = stage;
  if (program_->time_machine) at_watch_ = take_snapshot();
  waiting_ = Waiting::kWatch;
}

void Machine::next_section() {
  switch (stage_) {
    case Stage::kInit:
      stage_ = Stage::kStart;
      return call_section(program_->init);
    case Stage::kStart:
      if (analyse()) return;
      start_reached_ = false;
      stage_ = Stage::kStarted;
      return call_section(program_->start);
    case Stage::kStarted:
      if (start_reached_) {
        stage_ = Stage::kWatchBefore;
        return;
      }
      stage_ = Stage::kStart;
      return hold_until(Waiting::kSleep, kUnreachedPause);
    case Stage::kWatchBefore:
      if (scope_ == Scope::kBefore) return watch(Stage::kWatchBefore);
      stage_ = Stage::kWatchDuring;
      return;
    case Stage::kBefore:
      if (analyse()) return;
      stage_ = Stage::kWatchBefore;
      return call_section(program_->before);
    case Stage::kWatchDuring:
      if (scope_ != Scope::kStop) return watch(Stage::kWatchDuring);
      stage_ = Stage::kAfter;
      return;
    case Stage::kDuring:
      if (analyse()) return;
      stage_ = Stage::kWatchDuring;
      return call_section(program_->during);
    case Stage::kAfter:
      if (analyse()) return;
      stage_ = Stage::kAfterDone;
      return call_section(program_->after);
    case Stage::kAfterDone:
      stage_ = Stage::kStart;
      if (truthy(result_)) return;
      return stop(Stopped::Why::kFinished, "the program is done: it asked for no other trade", 0);
  }
}

/// What a watch does at each change of the state (section 3).
void Machine::state_changed() {
  if (waiting_ != Waiting::kWatch || new_tick_ == seen_tick_) return;
  seen_tick_ = new_tick_;
  if (stage_ == Stage::kWatchBefore) {
    if (scope_ == Scope::kBefore && proposals_ready_) {
      stage_ = Stage::kBefore;
      waiting_ = Waiting::kNothing;
    } else if (scope_ != Scope::kBefore) {
      waiting_ = Waiting::kNothing;
    }
    return;
  }
  if (scope_ == Scope::kDuring && open_contract_) {
    stage_ = Stage::kDuring;
    waiting_ = Waiting::kNothing;
  } else if (scope_ == Scope::kStop) {
    waiting_ = Waiting::kNothing;
  }
}

void Machine::hold_until(Waiting waiting, Millis pause) {
  waiting_ = waiting;
  deadline_ = now_ + std::max(pause, kShortestSleep);
}

void Machine::stop(Stopped::Why why, std::string text, int line) {
  if (ended_) return;
  ended_ = true;
  waiting_ = Waiting::kNothing;
  frames_.clear();
  stack_.clear();
  out_->emplace_back(Stopped{why, std::move(text), line});
}

void Machine::message(Message::Kind kind, std::string text, int line) {
  if (messages_ > kMaxMessages) return;
  if (++messages_ > kMaxMessages) {
    kind = Message::Kind::kWarn;
    text = fmt::format("more than {} messages at once; the others are not shown", kMaxMessages);
  }
  out_->emplace_back(Message{kind, std::string(core::cut_utf8(text, kMaxMessageBytes)), line});
}

// -- errors -------------------------------------------------------------------------------------

void Machine::fail(std::string code, std::string text) {
  if (fault_) return;
  fault_ = Fault{std::move(code), std::string(core::cut_utf8(text, kMaxMessageBytes)), line()};
}

/// "Restart last trade on error" (section 7): Binary Bot's way, which the label promises.
void Machine::handle_fault() {
  const auto fault = std::move(*fault_);
  fault_.reset();
  const auto what = fault.code.empty() ? fault.text : fault.code + ": " + fault.text;
  const bool venue = !fault.code.empty();
  if (has(kUnrecoverable, fault.code) || !program_->restart_on_error || !ever_started_) {
    return stop(venue ? Stopped::Why::kRefused : Stopped::Why::kScript, what, fault.line);
  }
  if (++restarts_ > kMaxRestarts) {
    return stop(Stopped::Why::kScript,
                fmt::format("{} restarts since the last completed trade; the last error: {}",
                            kMaxRestarts, what),
                fault.line);
  }
  message(Message::Kind::kError,
          fmt::format("{}; the last trade is begun anew ({} of {} times)", what, restarts_,
                      kMaxRestarts),
          fault.line);
  buying_.reset();
  // A contract that is open is waited for: a second one beside it was never meant.
  if (holds_contract()) {
    frames_.clear();
    stack_.clear();
    waiting_ = Waiting::kEnd;
    return;
  }
  restart();
}

void Machine::restart() {
  restore(at_start_);
  analysing_ = false;
  start_reached_ = true;
  scope_ = Scope::kBefore;
  open_contract_ = false;
  proposals_ready_ = !program_->asks_price || !quotes_.empty();
  new_tick_ = 0;
  seen_tick_ = last_epoch_;
}

Machine::Snapshot Machine::take_snapshot() {
  Snapshot out;
  out.taken = true;
  out.stage = stage_;
  Copier copier(heap_);
  for (const auto& v : globals_) out.globals.push_back(copier.copy(v));
  for (const auto& v : stack_) out.stack.push_back(copier.copy(v));
  out.frames = frames_;
  return out;
}

/// The copy stays as it is: it may be needed again.
void Machine::restore(const Snapshot& from) {
  if (!from.taken) return;
  Copier copier(heap_);
  globals_.clear();
  stack_.clear();
  for (const auto& v : from.globals) globals_.push_back(copier.copy(v));
  for (const auto& v : from.stack) stack_.push_back(copier.copy(v));
  frames_ = from.frames;
  stage_ = from.stage;
}

void Machine::collect() {
  heap_.begin_collection();
  const auto mark_all = [this](const std::vector<Value>& values) {
    for (const auto& v : values) heap_.mark(v);
  };
  mark_all(constants_);
  mark_all(globals_);
  mark_all(stack_);
  for (const auto* s : {&at_start_, &at_watch_}) {
    mark_all(s->globals);
    mark_all(s->stack);
  }
  heap_.mark(result_);
  heap_.mark(options_.duration);
  heap_.mark(options_.prediction);
  heap_.finish_collection();
  if (heap_.bytes() > settings_.max_heap_bytes) {
    fail(fmt::format("its variables need more than {} MiB", settings_.max_heap_bytes >> 20U));
  }
}

std::optional<std::string> Machine::variable(std::string_view name) const {
  const auto it = std::ranges::find(program_->variables, name);
  if (it == program_->variables.end()) return std::nullopt;
  return to_text(globals_[static_cast<std::size_t>(it - program_->variables.begin())]);
}

std::vector<std::pair<std::string, std::string>> Machine::variables(std::size_t most) const {
  std::vector<std::pair<std::string, std::string>> out;
  for (std::size_t i = 0; i < globals_.size(); ++i) {
    const auto text =
        globals_[i].is(Kind::kUndefined) ? std::string("undefined") : to_text(globals_[i]);
    out.emplace_back(program_->variables[i], core::cut_utf8(text, most));
  }
  return out;
}

namespace {

std::string_view name_of_waiting(int waiting) {
  constexpr std::array<std::string_view, 11> kNames{
      "",
      "for a tick or news of its contract",
      "for the end of a timeout",
      "for ticks (tick_delay)",
      "for ticks that never come (tick_delay)",
      "for the answer to its purchase",
      "to ask for its purchase again",
      "for the answer to its sale",
      "for the end of its contract, to begin the trade anew",
      "to roll its purchase back",
      "for its next turn, in a long computation"};
  return kNames.at(static_cast<std::size_t>(waiting));
}

}  // namespace

Progress Machine::progress() const {
  Progress out;
  out.total_profit = total_profit();
  out.runs = runs_;
  out.restarts = restarts_;
  out.line = line();
  if (!started_ || ended_) {
    out.phase = ended_ ? "ended" : "not started";
    return out;
  }
  out.waiting = name_of_waiting(static_cast<int>(waiting_));
  switch (stage_) {
    case Stage::kInit:
    case Stage::kStart:
    case Stage::kStarted:
      out.phase = "start";
      break;
    case Stage::kWatchBefore:
    case Stage::kBefore:
      out.phase = "before purchase";
      break;
    case Stage::kWatchDuring:
    case Stage::kDuring:
      out.phase = "during purchase";
      break;
    case Stage::kAfter:
    case Stage::kAfterDone:
      out.phase = "after purchase";
      break;
  }
  return out;
}

}  // namespace derivd::dbot
