#include "deriv/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "deriv/session_impl.hpp"

namespace derivd::deriv {
namespace {

// REST: 60 calls a minute for a token, the stricter of two tables (options-api.md section 2.2).
constexpr core::RateBudget kRestBudget{60, 0};

void wipe(std::string& secret) {
  ::explicit_bzero(secret.data(), secret.size());
  secret.clear();
}

void earliest(std::optional<Instant>& at, Instant candidate) {
  if (!at || candidate < *at) at = candidate;
}

}  // namespace

std::string_view name_of(SessionState state) {
  switch (state) {
    case SessionState::kOffline:
      return "offline";
    case SessionState::kConnecting:
      return "connecting";
    case SessionState::kAuthorizing:
      return "authorizing";
    case SessionState::kSyncing:
      return "syncing";
    case SessionState::kReconciling:
      return "reconciling";
    case SessionState::kLive:
      return "live";
    case SessionState::kDraining:
      return "draining";
  }
  return "?";
}

Session::Impl::Impl(SessionSettings s, Wire& w, SessionListener& l, core::Rng& r)
    : settings(std::move(s)),
      wire(w),
      listener(l),
      rng(r),
      rules(make_rules(settings.dialect)),
      decoder(rules->names()),
      encoder(*rules),
      budget(*rules, rng),
      rest_budget(kRestBudget),
      backoff({}, rng) {
  text.reserve(kMaxFrameText);
  symbols.reserve(kMaxSymbols);
  contracts.reserve(kMaxContracts);
  polls.reserve(kMaxPolls);
  past.reserve(kMaxPast);
  prices.reserve(kMaxPrices);
  forgets.reserve(kMaxForgets);
}

bool Session::Impl::socket_open() const {
  switch (state) {
    case SessionState::kAuthorizing:
    case SessionState::kSyncing:
    case SessionState::kReconciling:
    case SessionState::kLive:
    case SessionState::kDraining:
      return true;
    case SessionState::kOffline:
    case SessionState::kConnecting:
      return false;
  }
  return false;
}

bool Session::Impl::may_ask() const {
  return state == SessionState::kSyncing || state == SessionState::kReconciling ||
         state == SessionState::kLive;
}

bool Session::Impl::synced() const {
  return clock.done() && balance.done() && balance_known && transactions.done() &&
         symbol_list.done();
}

void Session::Impl::settle(const Now& now) {
  for (;;) {
    const auto before = state;
    step(now);
    if (state == before) break;
  }
  if (work || (work_at && *work_at <= now.instant)) pump(now);
}

/// An answer that tells whether something was bought or sold.
bool Session::Impl::awaits_money() const {
  return pending.count(Call::kBuy) + pending.count(Call::kSell) + pending.count(Call::kCancel) > 0;
}

/// The one place where the state moves by itself; link events and refusals move it through lose(),
/// fatal() and perform().
void Session::Impl::step(const Now& now) {
  const bool late = state_deadline && *state_deadline <= now.instant;
  if (rotation == Rotation::kWaiting && !awaits_money()) try_other(now);
  switch (state) {
    case SessionState::kOffline:
      if (running && retry_at && *retry_at <= now.instant) {
        enter(SessionState::kConnecting, {}, now);
      }
      return;
    case SessionState::kConnecting:
      break;
    case SessionState::kAuthorizing:
      if (login.done()) return enter(SessionState::kSyncing, {}, now);
      break;
    case SessionState::kSyncing:
      if (synced()) {
        listener.on_account(account);
        if (state == SessionState::kSyncing) enter(SessionState::kReconciling, {}, now);
        return;
      }
      break;
    case SessionState::kReconciling:
      if (reconciled) {
        other_taken();
        return enter(SessionState::kLive, {}, now);
      }
      break;
    case SessionState::kLive:
      break;
    case SessionState::kDraining:
      return drain(now);
  }
  if (late) return lose(fmt::format("{} took too long", name_of(state)), now);
  if (socket_open()) check_silence(now);
}

void Session::Impl::drain(const Now& now) {
  const bool late = state_deadline && *state_deadline <= now.instant;
  const bool waiting = awaits_money();
  if (!closing && (!waiting || late)) {
    closing = true;
    state_deadline = now.instant + kClosingTime;
    wire.close();
  } else if (closing && late) {
    go_offline("stopped", now);
  }
}

void Session::Impl::enter(SessionState next, std::string_view reason, const Now& now) {
  state = next;
  state_deadline.reset();
  switch (next) {
    case SessionState::kOffline:
      break;
    case SessionState::kConnecting:
      state_deadline = now.instant + kConnectingTime;
      retry_at.reset();
      if (attempted) ++stats.reconnects;
      attempted = true;
      break;
    case SessionState::kAuthorizing:
      state_deadline = now.instant + kAuthorizingTime;
      login.want();
      work = true;
      break;
    case SessionState::kSyncing:
      state_deadline = now.instant + kSyncingTime;
      restart_streams(now);
      break;
    case SessionState::kReconciling:
      state_deadline = now.instant + kReconcilingTime;
      reconciled = false;
      work = true;
      break;
    case SessionState::kLive:
      live_since = now.instant;
      work = true;  // what waited for nothing but this: the questions about the market
      break;
    case SessionState::kDraining:
      state_deadline = now.instant + kDrainingTime;
      closing = false;
      break;
  }
  listener.on_state(next, reason);
  if (next == SessionState::kConnecting && state == next) perform(opening->begin(), now);
}

void Session::Impl::perform(Step next, const Now& now) {
  switch (next.kind) {
    case Step::Kind::kWait:
      return;
    case Step::Kind::kHttp: {
      if (!rest_budget.try_take(now.instant)) {
        at_least = rest_budget.next_free(now.instant) - now.instant;
        return lose("too many attempts within a minute", now);
      }
      wire.http(next.call);
      for (auto& header : next.call.headers) wipe(header.second);
      return;
    }
    case Step::Kind::kOpen:
      socket_asked = true;
      wire.open(next.url);
      wipe(next.url);
      return;
    case Step::Kind::kReady:
      account = next.account;
      decoder.set_money_decimals(account.decimals);
      login.phase = Task::Phase::kDone;
      if (!on_trial()) other_taken();
      return;
    case Step::Kind::kRetry:
      return lose(next.reason, now);
    case Step::Kind::kFatal:
      return fatal(next.fatal, next.reason, now);
  }
}

void Session::Impl::tell_lost(const Pending& asked, std::string_view code, std::string_view why) {
  switch (fate_of(asked.call)) {
    case Fate::kAgain:
      return;  // its task is still there
    case Fate::kUnknown:
      return listener.on_unknown(core::OrderId{asked.subject}, why, nullptr);
    case Fate::kRefused:
      if (asked.call == Call::kSell || asked.call == Call::kCancel) {
        return listener.on_sell_failed(core::ContractId{asked.subject}, code, why);
      }
      if (asked.call == Call::kPrice) return refuse_price(asked.subject, code, why);
      return listener.on_quote_refused(core::OrderId{asked.subject},
                                       {execution::RefusalKind::kPassing, code, why});
  }
}

void Session::Impl::abandon_requests(std::string_view why) {
  for (const auto& asked : pending.take_all()) tell_lost(asked, "LinkLost", why);
}

/// Everything that ends with the link; the state is Offline before anyone is told.
void Session::Impl::go_offline(std::string_view reason, const Now& now) {
  if (live_since && now.instant - *live_since >= kStableAfter) backoff.reset();
  live_since.reset();
  state = SessionState::kOffline;
  state_deadline.reset();
  retry_at.reset();
  work = false;
  work_at.reset();
  pinged = false;
  unanswered_pings = 0;
  report = {};
  forgets.clear();
  if (socket_asked) wire.close();
  socket_asked = false;
  closing = false;
  if (running) {
    retry_at = now.instant + std::max(backoff.next(), at_least);
    at_least = {};
  }
  abandon_requests(reason);
  refuse_prices(reason);
  listener.on_state(SessionState::kOffline, reason);
}

void Session::Impl::lose(std::string_view reason, const Now& now) {
  if (state == SessionState::kOffline) return;
  go_offline(reason, now);
}

std::unique_ptr<Opening> Session::Impl::new_opening() const {
  return settings.public_only ? make_public_opening(settings) : rules->opening(settings);
}

/// An account that was never traded on need not be the next token's, too.
void Session::Impl::renew_opening() {
  if (account.id.empty()) {
    opening = new_opening();
  } else {
    opening->forget_token();
  }
}

/// Leaves the link, whatever its state, and begins at once with what is in the settings.
void Session::Impl::begin_at_once(std::string_view reason, const Now& now) {
  renew_opening();
  if (state != SessionState::kOffline) go_offline(reason, now);
  retry_at = now.instant;
}

void Session::Impl::try_other(const Now& now) {
  rotation = Rotation::kTrying;
  if (other.has_token) std::swap(settings.token, other.token);
  if (other.has_venue) {
    std::swap(address(), other.venue);
    wire.use(settings);
    backoff.reset();
  }
  begin_at_once(other.has_venue ? "going over to another address of the venue"
                                : "going over to another token",
                now);
}

/// `other` is over; whoever asked for it is told.
void Session::Impl::tell_rotated(bool taken, std::string_view why) {
  rotation = Rotation::kNone;
  const bool token = std::exchange(other.has_token, false);
  const bool venue = std::exchange(other.has_venue, false);
  other.token.wipe();
  other.venue = {};
  if (token) listener.on_token_replaced(taken, why);
  if (venue) listener.on_venue_changed(taken, why);
}

void Session::Impl::other_taken() {
  if (rotation != Rotation::kTrying) return;
  // What was held back while the address was on trial.
  if (other.has_venue) work = true;
  tell_rotated(true, {});
}

/// The new one is no good: on with the old one.
void Session::Impl::other_dropped(std::string_view why, const Now& now) {
  if (other.has_token) std::swap(settings.token, other.token);
  if (other.has_venue) {
    std::swap(address(), other.venue);
    wire.use(settings);
    backoff.reset();
  }
  rotation = Rotation::kNone;  // nothing is on trial any more when the listener is told
  begin_at_once(why, now);
  tell_rotated(false, why);
}

void Session::Impl::change_venue(VenueAddress to, const Now& now) {
  switch (rotation) {
    case Rotation::kNone:
    case Rotation::kWaiting:
      rotation = Rotation::kWaiting;
      other.has_venue = true;
      other.venue = std::move(to);
      return;
    case Rotation::kTrying:
      if (!other.has_venue) other.venue = address();
      other.has_venue = true;
      address() = std::move(to);
      wire.use(settings);
      backoff.reset();
      return begin_at_once("going over to another address of the venue", now);
  }
}

void Session::Impl::fatal(FatalKind kind, std::string_view why, const Now& now) {
  if (rotation == Rotation::kTrying) return other_dropped(why, now);
  if (rotation == Rotation::kWaiting) {
    // What is in use is refused first: the new one is all there is.
    return try_other(now);
  }
  running = false;
  go_offline(why, now);
  listener.on_fatal(kind, why);
}

Duration Session::Impl::late_after(const SymbolStream& stream) const {
  const auto cadence = stream.interval > Duration{} ? stream.interval : stream.cadence;
  if (cadence == Duration{}) return kUnknownLate;
  return std::min(kLateIntervals * cadence + kLateGrace, kLongestLate);
}

/// How long nothing at all may arrive before we ask. Anything that arrives proves that the link
/// brings something, so that the symbol with the shortest interval decides.
Duration Session::Impl::quiet_limit() const {
  auto limit = kPingAfter;
  for (const auto& stream : symbols) {
    const bool ticking = stream.task.done() && !stream.silent && !stream.excused;
    if (ticking) limit = std::min(limit, late_after(stream));
  }
  return limit;
}

Instant Session::Impl::next_ping() const {
  auto at = std::min(last_received + quiet_limit(), last_sent + kPingAfter);
  // Each answer that is late makes us ask once.
  const auto waiting = may_ask() ? pending.oldest_after(last_ping - kAnswerLate) : std::nullopt;
  if (waiting) at = std::min(at, *waiting + kAnswerLate);
  return at;
}

/// The venue is there: what is late is late by its will.
void Session::Impl::excuse_late(const Now& now) {
  for (auto& stream : symbols) {
    if (stream.task.done() && now.instant - stream.quiet_from >= late_after(stream)) {
      stream.excused = true;
    }
  }
}

void Session::Impl::check_silence(const Now& now) {
  if (!pinged && next_ping() <= now.instant) ping(now);
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    auto& stream = symbols[i];
    if (!stream.task.done() || now.instant - stream.quiet_from < stream.silent_wait) continue;
    stream.silent = true;
    stream.quiet_from = now.instant;
    stream.silent_wait = std::min(stream.silent_wait * 2, kLongestSilentWait);
    forget(stream.stream);
    stream.stream = {};
    stream.task.want();
    work = true;
  }
  tell_silence(now);
}

Instant Session::Impl::waits_since(const SymbolStream& stream) const {
  return std::max(stream.last_tick.value_or(stream.expected_from), stream.expected_from);
}

/// Whatever the reason: the market, the feed, or a subscription that is refused. Once for each,
/// since a listener may change the set.
void Session::Impl::tell_silence(const Now& now) {
  if (on_trial()) return;  // no symbol is followed there
  const auto overdue = [&](const SymbolStream& stream) {
    return !stream.told_silent && now.instant - waits_since(stream) >= kSilentAfter;
  };
  while (true) {
    const auto stream = std::find_if(symbols.begin(), symbols.end(), overdue);
    if (stream == symbols.end()) return;
    stream->told_silent = true;
    const auto symbol = stream->symbol;
    listener.on_silence(symbol, true, now.instant - waits_since(*stream));
  }
}

std::optional<Instant> Session::Impl::next_deadline() const {
  std::optional<Instant> at;
  if (state == SessionState::kOffline) return running ? retry_at : at;
  if (state_deadline) earliest(at, *state_deadline);
  if (const auto reply = pending.next_deadline()) earliest(at, *reply);
  if (work_at) earliest(at, *work_at);
  if (!socket_open() || state == SessionState::kDraining) return at;
  if (!pinged) earliest(at, next_ping());
  for (const auto& stream : symbols) {
    if (stream.task.done()) earliest(at, stream.quiet_from + stream.silent_wait);
    if (!stream.told_silent && !on_trial()) earliest(at, waits_since(stream) + kSilentAfter);
  }
  return at;
}

void Session::Impl::note_venue_time(core::VenueTime time) {
  if (venue_time && time <= *venue_time) return;
  venue_time = time;
  open_markets(time);
  if (!on_trial()) listener.on_venue_time(time);
}

/// The venue's own word, which may also lead back.
void Session::Impl::note_server_time(core::VenueTime time, const Now& now) {
  server_time = time;
  server_time_at = now.instant;
  venue_time = time;
  if (!on_trial()) listener.on_venue_time(time);
}

Session::Session(SessionSettings settings, Wire& wire, SessionListener& listener, core::Rng& rng)
    : impl_(std::make_unique<Impl>(std::move(settings), wire, listener, rng)) {}
Session::~Session() = default;

SessionState Session::state() const { return impl_->state; }
const SessionStats& Session::stats() const { return impl_->stats; }
std::optional<Instant> Session::next_deadline() const { return impl_->next_deadline(); }

void Session::start(const Now& now) {
  if (impl_->running || impl_->state != SessionState::kOffline) return;
  Impl::Entry entry(*impl_, now);
  impl_->running = true;
  impl_->opening = impl_->new_opening();
  impl_->backoff.reset();
  impl_->retry_at = now.instant + impl_->backoff.next();
}

void Session::stop(const Now& now) {
  Impl::Entry entry(*impl_, now);
  auto& s = *impl_;
  s.running = false;
  s.retry_at.reset();
  if (s.rotation == Impl::Rotation::kWaiting) s.tell_rotated(false, "stopping");
  if (s.state == SessionState::kConnecting) return s.go_offline("stopped", now);
  if (s.socket_open() && s.state != SessionState::kDraining) {
    s.enter(SessionState::kDraining, "stopping", now);
  }
}

bool Session::replace_token(core::Secret token, const Now& now) {
  auto& s = *impl_;
  if (!s.running || s.settings.public_only || s.other.has_token) return false;
  Impl::Entry entry(s, now);
  s.other.has_token = true;
  if (s.rotation == Impl::Rotation::kTrying) {
    s.other.token = std::exchange(s.settings.token, std::move(token));
    s.begin_at_once("going over to another token", now);
  } else {
    s.rotation = Impl::Rotation::kWaiting;
    s.other.token = std::move(token);
  }
  return true;
}

bool Session::change_venue(VenueAddress to, const Now& now) {
  if (!impl_->running) return false;
  Impl::Entry entry(*impl_, now);
  impl_->change_venue(std::move(to), now);
  return true;
}

bool Session::on_trial() const { return impl_->on_trial(); }

void Session::refuse_venue(std::string_view why, const Now& now) {
  Impl::Entry entry(*impl_, now);
  if (impl_->on_trial()) impl_->other_dropped(why, now);
}

void Session::set_symbols(std::vector<market::SymbolCode> wanted, std::size_t count,
                          const Now& now) {
  Impl::Entry entry(*impl_, now);
  impl_->set_symbols(std::move(wanted), count, now);
}

void Session::want_ticks_from(std::string_view symbol, core::VenueTime from) {
  impl_->want_ticks_from(symbol, from);
}

void Session::set_buyers(std::vector<core::Name> buyers) {
  impl_->budget.set_buyers(std::move(buyers));
}

void Session::quote(core::OrderId order, const market::ContractSpec& spec, core::Money stake,
                    const Now& now, const core::Name& buyer) {
  Impl::Entry entry(*impl_, now);
  impl_->quote(order, spec, stake, now, buyer);
}

void Session::ask_price(std::int64_t number, const market::ContractSpec& spec, core::Money amount,
                        const Now& now) {
  Impl::Entry entry(*impl_, now);
  impl_->ask_price(number, spec, amount, now);
}

void Session::buy(core::OrderId order, const market::ContractSpec& spec, core::Money max_price,
                  std::string_view quote_id, const Now& now, const core::Name& buyer) {
  Impl::Entry entry(*impl_, now);
  impl_->buy(order, spec, max_price, quote_id, now, buyer);
}

void Session::sell(core::ContractId contract, const Now& now) {
  Impl::Entry entry(*impl_, now);
  impl_->leave(contract, Call::kSell, now);
}

void Session::cancel(core::ContractId contract, const Now& now) {
  Impl::Entry entry(*impl_, now);
  impl_->leave(contract, Call::kCancel, now);
}

void Session::watch(core::ContractId contract, const Now& now) {
  Impl::Entry entry(*impl_, now);
  impl_->watch(contract, now);
}

void Session::unwatch(core::ContractId contract, const Now& now) {
  Impl::Entry entry(*impl_, now);
  impl_->unwatch(contract);
}

void Session::poll(core::ContractId contract, const Now& now) {
  Impl::Entry entry(*impl_, now);
  impl_->poll(contract);
}

void Session::ask_past(const market::SymbolCode& symbol, core::VenueTime from, core::VenueTime to,
                       const Now& now) {
  Impl::Entry entry(*impl_, now);
  impl_->ask_past(symbol, from, to);
}

void Session::ask_offerings(const market::SymbolCode& symbol, const Now& now) {
  Impl::Entry entry(*impl_, now);
  impl_->want_offerings(symbol);
}

void Session::ask_hours(std::vector<market::SymbolCode> symbols, const Now& now) {
  Impl::Entry entry(*impl_, now);
  impl_->hours.wanted = std::move(symbols);
  impl_->renew_market(now);
}

void Session::drop_past() { impl_->past.clear(); }

void Session::ask_report(core::VenueTime since, const Now& now) {
  Impl::Entry entry(*impl_, now);
  if (impl_->state == SessionState::kReconciling) {
    impl_->state_deadline = now.instant + kReconcilingTime;
  }
  impl_->ask_report(since, now);
}

void Session::reconciled(const Now& now) {
  Impl::Entry entry(*impl_, now);
  if (impl_->state == SessionState::kReconciling) impl_->reconciled = true;
}

void Session::on_http(int status, std::string_view body, const Now& now) {
  Impl::Entry entry(*impl_, now);
  auto& s = *impl_;
  if (s.state != SessionState::kConnecting) return;
  if (status == 429) s.at_least = kRestRefusedWait;
  s.perform(s.opening->on_http(status, body), now);
}

void Session::on_http_failed(std::string_view reason, const Now& now) {
  Impl::Entry entry(*impl_, now);
  if (impl_->state != SessionState::kConnecting) return;
  impl_->perform(impl_->opening->on_http_failed(reason), now);
}

void Session::on_open(const Now& now) {
  Impl::Entry entry(*impl_, now);
  auto& s = *impl_;
  if (s.state != SessionState::kConnecting || !s.socket_asked) return;
  s.last_received = now.instant;
  s.last_sent = now.instant;
  s.enter(SessionState::kAuthorizing, {}, now);
}

void Session::on_frame(std::string_view frame, std::size_t capacity, const Now& now) {
  Impl::Entry entry(*impl_, now);
  if (impl_->socket_open()) impl_->on_frame(frame, capacity, now);
}

void Session::on_closed(int http_status, std::string_view reason, const Now& now) {
  Impl::Entry entry(*impl_, now);
  auto& s = *impl_;
  if (s.state == SessionState::kOffline || !s.socket_asked) return;
  s.socket_asked = false;
  if (s.state == SessionState::kDraining) return s.go_offline("stopped", now);
  if (http_status == 429) s.at_least = kRestRefusedWait;
  s.lose(http_status == 0 ? std::string(reason) : fmt::format("HTTP {}: {}", http_status, reason),
         now);
}

void Session::on_deadline(const Now& now) {
  Impl::Entry entry(*impl_, now);
  while (const auto overdue = impl_->pending.take_overdue(now.instant)) {
    impl_->on_overdue(*overdue, now);
  }
}

std::vector<TickAge> Session::tick_ages(const Now& now) const {
  std::vector<TickAge> ages;
  for (const auto& stream : impl_->symbols) {
    const auto waits = now.instant - impl_->waits_since(stream);
    ages.push_back({stream.symbol, now.instant - stream.last_tick.value_or(stream.expected_from),
                    stream.last_tick.has_value(),
                    impl_->socket_open() && waits >= impl_->late_after(stream)});
  }
  return ages;
}

}  // namespace derivd::deriv
