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
      requests(*rules, wire, rng, liveness, stats),
      rest_budget(kRestBudget),
      backoff({}, rng),
      rehearsal(*rules) {
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
         symbol_list.done() && own_limits_settled;
}

void Session::Impl::settle(const Now& now) {
  for (;;) {
    const auto before = state;
    step(now);
    if (state == before) break;
  }
  if (requests.is_due(now.instant)) pump(now);
}

/// An answer that tells whether something was bought or sold.
bool Session::Impl::awaits_money() const {
  const auto& asked = requests.pending();
  return asked.count(Call::kBuy) + asked.count(Call::kSell) + asked.count(Call::kCancel) > 0;
}

/// The one place where the state moves by itself; link events and refusals move it through lose(),
/// fatal() and perform().
void Session::Impl::step(const Now& now) {
  const bool late = state_deadline && *state_deadline <= now.instant;
  if (rotation.waits() && !awaits_money()) try_other(now);
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
        listener.tell(fact::Account{account});
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
      requests.want();
      break;
    case SessionState::kSyncing:
      state_deadline = now.instant + kSyncingTime;
      restart_streams(now);
      break;
    case SessionState::kReconciling:
      state_deadline = now.instant + kReconcilingTime;
      reconciled = false;
      requests.want();
      break;
    case SessionState::kLive:
      live_since = now.instant;
      requests.want();  // what waited for nothing but this: the questions about the market
      break;
    case SessionState::kDraining:
      state_deadline = now.instant + kDrainingTime;
      closing = false;
      break;
  }
  listener.tell(fact::State{next, reason});
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
      return listener.tell(fact::Unknown{core::OrderId{asked.subject}, why, nullptr});
    case Fate::kRefused:
      if (asked.call == Call::kSell || asked.call == Call::kCancel) {
        return listener.tell(fact::SellFailed{core::ContractId{asked.subject}, code, why});
      }
      if (asked.call == Call::kPrice) return refuse_price(asked, code, why);
      return listener.tell(fact::QuoteRefused{core::OrderId{asked.subject},
                                              {execution::RefusalKind::kPassing, code, why}});
  }
}

void Session::Impl::abandon_requests(std::string_view why) {
  for (const auto& asked : requests.pending().take_all()) tell_lost(asked, "LinkLost", why);
}

/// Everything that ends with the link; the state is Offline before anyone is told.
void Session::Impl::go_offline(std::string_view reason, const Now& now) {
  if (live_since && now.instant - *live_since >= kStableAfter) backoff.reset();
  live_since.reset();
  state = SessionState::kOffline;
  state_deadline.reset();
  retry_at.reset();
  requests.begin_round();
  liveness.lost();
  report.drop();
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
  listener.tell(fact::State{SessionState::kOffline, reason});
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

/// The settings have another address of the venue now, which may be in better health.
void Session::Impl::use_address() {
  wire.use(settings);
  backoff.reset();
}

void Session::Impl::try_other(const Now& now) {
  const bool venue = rotation.try_it();
  if (venue) use_address();
  begin_at_once(
      venue ? "going over to another address of the venue" : "going over to another token", now);
}

/// The rotation is over; whoever asked for it is told.
void Session::Impl::tell_rotated(bool taken, std::string_view why) {
  const auto [token, venue] = rotation.finish();
  if (token) listener.tell(fact::TokenReplaced{taken, why});
  if (venue) listener.tell(fact::VenueChanged{taken, why});
}

void Session::Impl::other_taken() {
  if (!rotation.tries()) return;
  // What was held back while the address was on trial.
  if (rotation.tries_venue()) requests.want();
  tell_rotated(true, {});
}

/// The new one is no good: on with the old one.
void Session::Impl::other_dropped(std::string_view why, const Now& now) {
  // Nothing is on trial any more when the listener is told.
  if (rotation.go_back()) use_address();
  begin_at_once(why, now);
  tell_rotated(false, why);
}

void Session::Impl::change_venue(VenueAddress to, const Now& now) {
  if (!rotation.want_venue(std::move(to))) return;
  use_address();
  begin_at_once("going over to another address of the venue", now);
}

void Session::Impl::fatal(FatalKind kind, std::string_view why, const Now& now) {
  if (rotation.tries()) return other_dropped(why, now);
  if (rotation.waits()) {
    // What is in use is refused first: the new one is all there is.
    return try_other(now);
  }
  running = false;
  go_offline(why, now);
  listener.tell(fact::Fatal{kind, why});
}

Instant Session::Impl::next_ping() const {
  const auto asked =
      may_ask() ? requests.pending().oldest_after(liveness.asked_before()) : std::nullopt;
  return liveness.next_ping(symbols.quiet_limit(Liveness::kPingAfter), asked);
}

/// The venue is there: what is late is late by its will.
void Session::Impl::excuse_late(const Now& now) {
  for (auto& stream : symbols) stream.excuse_if_late(now.instant);
}

void Session::Impl::check_silence(const Now& now) {
  if (!liveness.waits() && next_ping() <= now.instant) ping(now);
  for (auto& stream : symbols) {
    const auto lost = stream.lost_by_silence(now.instant);
    if (!lost) continue;
    forget(*lost);
    requests.want();
  }
  tell_silence(now);
}

void Session::Impl::tell_silence(const Now& now) {
  if (on_trial()) return;  // no symbol is followed there
  while (const auto silence = symbols.falls_silent(now.instant)) {
    listener.tell(fact::Silence{silence->symbol, true, silence->pause});
  }
}

std::optional<Instant> Session::Impl::next_deadline() const {
  std::optional<Instant> at;
  if (state == SessionState::kOffline) return running ? retry_at : at;
  const auto earlier = [&](std::optional<Instant> candidate) {
    if (candidate && (!at || *candidate < *at)) at = candidate;
  };
  earlier(state_deadline);
  earlier(requests.pending().next_deadline());
  earlier(requests.next_at());
  if (!socket_open() || state == SessionState::kDraining) return at;
  if (!liveness.waits()) earlier(next_ping());
  earlier(symbols.next_deadline(!on_trial()));
  return at;
}

void Session::Impl::note_venue_time(core::VenueTime time) {
  if (!venue_clock.show(time)) return;
  open_markets(time);
  if (!on_trial()) listener.tell(fact::Clock{time});
}

/// The venue's own word, which may also lead back.
void Session::Impl::note_server_time(core::VenueTime time, const Now& now) {
  venue_clock.tell(time, now.instant);
  if (!on_trial()) listener.tell(fact::Clock{time});
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
  if (s.rotation.waits()) s.tell_rotated(false, "stopping");
  if (s.state == SessionState::kConnecting) return s.go_offline("stopped", now);
  if (s.socket_open() && s.state != SessionState::kDraining) {
    s.enter(SessionState::kDraining, "stopping", now);
  }
}

bool Session::replace_token(core::Secret token, const Now& now) {
  auto& s = *impl_;
  if (!s.running || s.settings.public_only || s.rotation.has_token()) return false;
  Impl::Entry entry(s, now);
  if (s.rotation.want_token(std::move(token))) s.begin_at_once("going over to another token", now);
  return true;
}

bool Session::uses(const core::Secret& token) const {
  return impl_->running && !impl_->rotation.has_token() &&
         impl_->settings.token.reveal() == token.reveal();
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
  if (auto* stream = impl_->symbols.find(symbol)) stream->wanted_from = from;
}

void Session::set_buyers(std::vector<core::Name> buyers) {
  impl_->requests.budget().set_buyers(std::move(buyers));
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
  if (contract && impl_->contracts.poll(contract)) impl_->requests.want();
}

void Session::ask_past(const market::SymbolCode& symbol, core::VenueTime from, core::VenueTime to,
                       const Now& now) {
  Impl::Entry entry(*impl_, now);
  impl_->ask_past(symbol, from, to);
}

void Session::ask_offerings(const market::SymbolCode& symbol, const Now& now) {
  Impl::Entry entry(*impl_, now);
  impl_->questions.want_offerings(symbol);
  impl_->requests.want();
}

void Session::ask_hours(std::vector<market::SymbolCode> symbols, const Now& now) {
  Impl::Entry entry(*impl_, now);
  impl_->questions.want_hours(std::move(symbols));
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
  s.liveness.opened(now.instant);
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
  while (const auto overdue = impl_->requests.pending().take_overdue(now.instant)) {
    impl_->on_overdue(*overdue, now);
  }
}

void Session::anticipate(Duration window, std::vector<market::SymbolCode> wanted) {
  impl_->anticipation.set(window, std::move(wanted));
}

std::optional<Anticipation::Window> Session::foreseen(Instant now) const {
  if (!impl_->may_order()) return std::nullopt;
  return impl_->anticipation.next(now);
}

void Session::rehearse() {
  impl_->rehearsal.perform(impl_->decoder, impl_->account.currency.view());
}

std::vector<TickAge> Session::tick_ages(const Now& now) const {
  std::vector<TickAge> ages;
  for (const auto& stream : impl_->symbols) {
    ages.push_back(stream.age(now.instant, impl_->socket_open()));
  }
  return ages;
}

}  // namespace derivd::deriv
