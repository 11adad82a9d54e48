#include "common/trader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/left.hpp"
#include "common/program_rows.hpp"
#include "common/trades.hpp"
#include "core/check.hpp"
#include "execution/reconcile.hpp"
#include "service/exit_code.hpp"

namespace derivd::daemon {

using core::EventKind;
namespace fact = deriv::fact;

namespace {

/// Of each program, where all strategies are listed; explain shows the others.
constexpr std::size_t kShownVariables = 20;

int exit_code_for(deriv::FatalKind kind) {
  switch (kind) {
    case deriv::FatalKind::kTokenRefused:
    case deriv::FatalKind::kMissingScope:
    case deriv::FatalKind::kForbiddenScope:
      return service::kExitToken;
    case deriv::FatalKind::kAccountNotFound:
    case deriv::FatalKind::kRealNotAllowed:
    case deriv::FatalKind::kAppId:
    case deriv::FatalKind::kCurrency:
      return service::kExitConfig;
  }
  return service::kExitOther;
}

}  // namespace

Trader::Trader(const config::Config& config, deriv::SessionSettings settings, deriv::Wire& wire,
               store::Journal& journal, service::Log& log, core::Rng& rng, LockAccount lock)
    : config_(config),
      journal_(journal),
      log_(log),
      lock_(std::move(lock)),
      symbols_(config.engine.symbols),
      dialect_(settings.dialect),
      engine_(config.engine, {.candles = true, .ctl = config.ctl}),
      session_(std::move(settings), wire, *this, rng,
               config.venue.mode == config::Mode::kPaper ? std::optional(config.venue.paper)
                                                         : std::nullopt,
               config.engine.symbols) {}

core::Now Trader::at(core::Instant instant, core::WallTime wall) {
  now_.instant = instant;
  now_.wall = wall;
  session_.at(now_);
  return now_;
}

void Trader::set_paper_quotes(venue::Quotes quotes) {
  DERIVD_CHECK(is_paper(), "a live venue names its own prices");
  session_.paper()->set_quotes(std::move(quotes));
}

bool Trader::start() {
  auto snapshot = journal_.load();
  if (!snapshot) {
    log_.write(EventKind::kJournalProblem, snapshot.error().text);
    exit_code_ = service::kExitJournal;
    done_ = true;
    return false;
  }
  if (!fits_journal(snapshot->open_orders)) return false;
  engine_.restore(*snapshot, now_, actions_);
  engine_.learn(symbols_);
  perform();
  if (journal_broken_) {
    done_ = true;
    return false;
  }
  share_calls();
  subscribe();
  for (const auto& symbol : engine_.symbols()) {
    if (const auto from = engine_.ticks_from(symbol)) session().want_ticks_from(symbol, *from);
  }
  session().start(now_);
  return true;
}

bool Trader::fits_journal(const std::vector<execution::Order>& open) {
  const auto refuse = [this](int code, std::string_view text) {
    log_.write(EventKind::kJournalProblem, text);
    exit_code_ = code;
    done_ = true;
    return false;
  };
  const auto last = journal_.last_balance();
  if (!last) return refuse(service::kExitJournal, last.error().text);
  const bool of_paper = *last && (*last)->account == kPaperAccount;
  if (*last && of_paper != is_paper()) {
    return refuse(service::kExitConfig,
                  of_paper
                      ? "the journal belongs to a paper run and venue.mode is live; give the "
                        "live one a store.path of its own, or leave store.path out"
                      : fmt::format("the journal belongs to account {} and venue.mode is paper; "
                                    "give the paper run a store.path of its own, or leave "
                                    "store.path out",
                                    (*last)->account));
  }
  if (*last) journal_account_ = (*last)->account;
  if (!is_paper()) return true;
  const auto sums = journal_.sums();
  if (!sums) return refuse(service::kExitJournal, sums.error().text);
  session_.paper()->restore(open, *sums);
  if (*last) return true;
  // The journal is a paper one from its first record on.
  execution::BalanceRecord mark;
  mark.wall = now_.wall;
  mark.balance = config_.venue.paper.balance;
  mark.account = kPaperAccount;
  mark.currency = config_.venue.currency.value_or("USD");
  if (auto done = journal_.append(mark); !done) {
    return refuse(service::kExitJournal, done.error().text);
  }
  return true;
}

std::string_view Trader::account_type() const {
  if (account_.id.empty()) return is_paper() ? "paper" : "unknown";
  if (is_paper()) return "paper";
  return account_.is_real ? "real" : "demo";
}

void Trader::stop(std::string_view why) {
  if (stopping_) return;
  stopping_ = true;
  log_.write(EventKind::kStopping, fmt::format("stopping ({}): no new entries", why));
  stop_by_ = now_.instant + config_.stop_timeout;
  engine_.drain(now_, actions_);
  settle();
}

void Trader::settle() {
  perform();
  check_stop();
  perform();
  if (engine_.symbols_revision() != symbols_revision_) subscribe();
  if (scripts_ != nullptr) scripts_->flush();
}

void Trader::subscribe() {
  symbols_revision_ = engine_.symbols_revision();
  const auto history = engine_.wants_past() ? kLongHistoryTicks : kHistoryTicks;
  session().set_symbols(engine_.symbols(), history, now_);
  std::vector<market::SymbolCode> bought;
  for (const auto& s : config_.engine.strategies) {
    if (s.enabled && !s.symbol.empty()) bought.push_back(s.symbol);
  }
  session().anticipate(config_.venue.anticipate, std::move(bought));
}

void Trader::share_calls() {
  std::vector<core::Name> buyers;
  for (const auto& s : config_.engine.strategies) {
    if (s.enabled) buyers.push_back(s.name);
  }
  session().set_buyers(std::move(buyers));
}

void Trader::reconfigure(const std::vector<config::Change>& changes) {
  for (const auto& c : changes) {
    append(execution::ConfigRecord{now_.wall, now_.venue, c.key, c.before, c.after,
                                   core::ShortString<16>::truncated(config::name_of(c.reload))});
  }
  engine_.reconfigure(config_.engine, now_, actions_);
  engine_.learn(symbols_);
  check_offered();
  share_calls();
  subscribe();  // a longer past may be wanted from now on
  settle();
  change_venue(changes);
}

std::optional<core::Instant> Trader::next_deadline() const {
  std::optional<core::Instant> at;
  const auto earlier = [&](std::optional<core::Instant> d) {
    if (d && (!at || *d < *at)) at = d;
  };
  earlier(engine_.next_deadline());
  earlier(session_.next_deadline());
  if (!session_stopped_) earlier(stop_by_);
  return at;
}

void Trader::on_deadline() {
  if (const auto d = session_.next_deadline(); d && *d <= now_.instant) session_.on_deadline(now_);
  if (const auto d = engine_.next_deadline(); d && *d <= now_.instant) {
    engine_.on_deadline(now_, actions_);
  }
  settle();
}

void Trader::on_fact(const deriv::Fact& fact) {
  std::visit([this](const auto& told) { on(told); }, fact);
}

void Trader::on(const fact::State& told) {
  const auto [state, reason] = told;
  const auto previous = state_;
  state_ = state;
  constexpr auto kLinked = deriv::SessionState::kReconciling;
  if ((previous >= kLinked) != (state >= kLinked)) link_since_ = now_.wall;
  core::Event event;
  const bool planned =
      stopping_ || token_change_ == Handover::kWaiting || venue_change_ == Handover::kWaiting;
  event.kind = reason.empty() || planned ? EventKind::kSessionState : EventKind::kSessionLost;
  event.state = deriv::name_of(state);
  event.reason = core::Text::truncated(reason);
  event.account = account_.id;
  event.text = core::Text::truncated(
      reason.empty() ? fmt::format("session {}", deriv::name_of(state))
                     : fmt::format("session {}: {}", deriv::name_of(state), reason));
  problem_ = std::string(reason);
  log_.write(event);
  if (state == deriv::SessionState::kReconciling) {
    append(execution::SessionRecord{now_.wall, account_.id, deriv::name_of(state), {}});
    engine_.on_online(account_.balance, now_, actions_);
  }
  if (previous >= deriv::SessionState::kReconciling && state < deriv::SessionState::kReconciling) {
    append(execution::SessionRecord{now_.wall, account_.id, deriv::name_of(state),
                                    core::Text::truncated(reason)});
    engine_.on_offline(now_, actions_);
  }
  if (state == deriv::SessionState::kOffline && stopping_) done_ = true;
}

void Trader::on(const fact::Account& told) {
  const auto& account = told.account;
  const bool on_trial = session().on_trial();
  if (!locked_ || on_trial) {
    if (const auto held = lock_(account); !held) {
      return reject_account(service::kExitInstance, held.error().text);
    }
    locked_ = true;
  }
  if (const auto ours = check_journal_account(account); !ours) {
    return reject_account(service::kExitConfig, ours.error().text);
  }
  account_ = account;
  if (!on_trial) note_account();
}

void Trader::note_account() {
  const auto& account = account_;
  core::Event event;
  event.kind = EventKind::kAccount;
  event.account = account.id;
  event.text =
      core::Text::truncated(fmt::format("{} account {}, balance {} {}",
                                        is_paper()        ? "PAPER (simulated fills)"
                                        : account.is_real ? "REAL"
                                                          : "demo",
                                        account.id, account.balance.to_string(), account.currency));
  log_.write(event);
  append(execution::BalanceRecord{now_.wall, now_.venue, account.balance, account.id,
                                  account.currency});
}

void Trader::on(const fact::Tick& told) {
  if (tick_sink_) tick_sink_(told.tick);
  if (!told.history) {
    note_venue_time(told.tick.epoch);
    last_tick_ = now_.instant;
  }
  engine_.on_tick(told.tick, told.history, now_, actions_);
}

void Trader::on(const fact::Silence& told) {
  const auto& [symbol, silent, pause] = told;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(pause).count();
  const auto names = strategies_on(symbol);
  // Nothing is wrong with a market that is closed: status and explain say until when.
  if (silent && !symbols_.closed_text(symbol, market_time()).empty()) {
    closed_.insert(symbol);
    return;
  }
  if (closed_.erase(symbol) > 0 && !silent) return;
  core::Event event;
  event.kind = EventKind::kSymbolSilent;
  event.symbol = core::ShortString<32>(symbol.view());
  event.account = account_.id;
  event.state = silent ? "silent" : "ticking";
  event.reason = core::Text::truncated(silent ? fmt::format("no tick for {} s", seconds)
                                              : fmt::format("ticks again after {} s", seconds));
  event.text = core::Text::truncated(fmt::format(
      "{}: {}{}", symbol, event.reason,
      !silent || names.empty() ? "" : fmt::format("; no signal can come of {}", names)));
  log_.write(event);
}

std::string Trader::strategies_on(const market::SymbolCode& symbol) const {
  std::string names;
  for (const auto& s : engine_.strategies()) {
    const bool off = s.status == engine::StrategyStatus::kDisabled;
    if (off || !(s.symbol == symbol)) continue;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", s.name);
  }
  return names;
}

void Trader::on(const fact::Quoted& told) {
  const auto& quote = told.quote;
  engine::Engine::QuoteReply reply;
  reply.order = quote.order;
  reply.quote_id = quote.id;
  reply.ask = quote.ask;
  reply.payout = quote.payout;
  reply.fee = quote.fee;
  engine_.on_quote(reply, now_, actions_);
}
void Trader::on(const fact::QuoteRefused& told) {
  engine::Engine::QuoteReply reply;
  reply.order = told.order;
  reply.kind = told.refusal.kind;
  reply.code = core::ShortString<64>::truncated(told.refusal.code);
  reply.reason = core::Text::truncated(told.refusal.message);
  engine_.on_quote(reply, now_, actions_);
}
void Trader::on(const fact::Bought& told) {
  engine_.on_bought(told.order, told.bought, now_, actions_);
}
void Trader::on(const fact::Refused& told) {
  engine_.on_refused(told.order, told.refusal, now_, actions_);
}
void Trader::on(const fact::Unknown& told) {
  engine_.on_unknown(told.order, told.why, told.answer, now_, actions_);
}
void Trader::on(const fact::NoContract& told) {
  const auto open = engine_.open_orders();
  const auto is_open = [&](core::ContractId contract) {
    return std::any_of(open.begin(), open.end(),
                       [&](const auto& o) { return o.contract == contract; });
  };
  std::erase_if(strange_, [&](core::ContractId contract) { return !is_open(contract); });
  if (is_open(told.contract)) strange_.insert(told.contract);
}
void Trader::on(const fact::Contract& told) {
  using execution::Witness;
  note_bid(told.report);
  strange_.erase(told.report.contract);
  engine_.on_contract(told.report, told.polled ? Witness::kPoll : Witness::kContractStream, now_,
                      actions_);
}
void Trader::on(const fact::Transaction& told) {
  engine_.on_transaction(told.report, now_, actions_);
}
void Trader::on(const fact::Balance& told) {
  account_.balance = told.balance;
  engine_.on_balance(told.balance, now_, actions_);
}
void Trader::on(const fact::Report& told) {
  if (session().on_trial() && !is_proof(told.report)) return;
  engine_.on_venue_report(told.report, now_, actions_);
  if (state_ == deriv::SessionState::kReconciling) {
    perform();  // what was learned is on disk before anything is entered
    session().reconciled(now_);
  }
}
void Trader::on(const fact::Notice& told) { log_.write(told.kind, told.text); }
core::Result<void> Trader::replace_token(core::Secret token) {
  log_.hide(token);
  if (stopping_) return core::Error{core::ErrorKind::kRefused, "the daemon is stopping"};
  if (token_change_ == Handover::kWaiting) {
    return core::Error{core::ErrorKind::kRefused, "another token is being taken over just now"};
  }
  if (deriv::dialect_for(token) != dialect_) {
    return core::Error{core::ErrorKind::kRefused,
                       fmt::format("the daemon speaks {}, and that token is one of the other "
                                   "protocol: change venue.api and restart",
                                   deriv::name_of(dialect_))};
  }
  ++token_changes_;
  // Whoever is told that the old one may be deleted would delete this one.
  if (session().uses(token)) {
    token_change_ = Handover::kTaken;
    log_.write(EventKind::kControlCommand,
               "operator: the token that is in use, once more; nothing changes");
    return {};
  }
  token_change_ = Handover::kWaiting;
  log_.write(EventKind::kControlCommand, "operator: a new token; going over to it");
  if (!session().replace_token(std::move(token), now_)) {
    token_change_ = Handover::kRefused;
    token_refusal_ = "the session is not running";
    return core::Error{core::ErrorKind::kRefused, token_refusal_};
  }
  settle();
  return {};
}

nlohmann::ordered_json Trader::token_change() const {
  nlohmann::ordered_json out;
  out["number"] = token_changes_;
  out["state"] = word_for(token_change_);
  out["reason"] = token_refusal_;
  out["session"] = deriv::name_of(state_);
  return out;
}

void Trader::on(const fact::TokenReplaced& told) {
  const auto [taken, why] = told;
  token_change_ = taken ? Handover::kTaken : Handover::kRefused;
  token_refusal_ = std::string(why);
  core::Event event;
  event.kind = EventKind::kControlCommand;
  event.account = account_.id;
  event.reason = core::Text::truncated(why);
  event.text = core::Text::truncated(
      taken ? std::string("the new token is in use; the old one may be deleted at Deriv")
            : fmt::format("the new token was refused, going on with the old one: {}", why));
  log_.write(event);
}

void Trader::on(const fact::Fatal& told) {
  const bool has_too_much = told.kind == deriv::FatalKind::kForbiddenScope;
  leave(
      exit_code_for(told.kind),
      fmt::format(
          "{}{}", told.text,
          has_too_much
              ? fmt::format("; delete it and make another, with the scopes that \"{} setup\" names",
                            config_.ctl)
              : std::string{}));
}
void Trader::on(const fact::OwnLimits& told) { engine_.on_own_limits(told.limits, now_, actions_); }
void Trader::on(const fact::Clock& told) { note_venue_time(told.time); }

void Trader::note_venue_time(core::VenueTime time) {
  if (time <= now_.venue) return;
  now_.venue = time;
  venue_at_ = now_.instant;
}

nlohmann::ordered_json Trader::status() const {
  nlohmann::ordered_json out;
  const auto view = engine_.account();
  out["state"] = deriv::name_of(state_);
  out["account"] = account_.id.view();
  out["account_type"] = account_type();
  out["currency"] = account_.currency.view();
  out["balance"] = view.balance ? nlohmann::ordered_json(view.balance->to_string()) : nullptr;
  out["dialect"] = deriv::name_of(dialect_);
  out["mode"] = is_paper() ? "paper" : "live";
  out["stopping"] = stopping_;
  out["problem"] = problem_;
  out["day_profit"] = view.day_profit.to_string();
  out["day_trades"] = view.day_trades;
  out["open_contracts"] = view.open_contracts;
  out["open_stake"] = view.open_stake.to_string();
  out["unknown_orders"] = view.unknown_orders;
  out["venue_time"] = now_.venue.s;
  out["venue_time_utc"] =
      now_.venue.s != 0 ? nlohmann::ordered_json(iso_time(now_.venue)) : nullptr;
  out["tick_age_s"] = last_tick_ ? nlohmann::ordered_json(seconds_since(*last_tick_)) : nullptr;
  out["symbols"] = symbol_rows();
  const auto& stats = session().stats();
  out["ticks"] = stats.ticks;
  out["quotes_refused"] = stats.quotes_refused;
  out["reconnects"] = stats.reconnects;
  out["frames_refused"] = stats.frames_refused;
  out["venue_change"] = venue_change();
  out["limits"] = limit_rows(engine_, config_.engine);
  const auto& own = engine_.own_limits();
  out["own_limits"] = own.any() ? nlohmann::ordered_json(engine::words_of(own)) : nullptr;
  out["strategies"] = strategies();
  return out;
}

namespace {

nlohmann::ordered_json age_of(const deriv::TickAge& tick) {
  if (!tick.any) return nullptr;
  return std::chrono::duration<double>(tick.age).count();
}

}  // namespace

nlohmann::ordered_json Trader::symbol_rows() const {
  auto rows = nlohmann::ordered_json::array();
  for (const auto& tick : tick_ages()) {
    nlohmann::ordered_json row;
    row["symbol"] = tick.symbol.view();
    row["tick_age_s"] = age_of(tick);
    row["waiting_s"] = std::chrono::duration<double>(tick.age).count();
    const auto closed = symbols_.closed_text(tick.symbol, market_time());
    row["late"] = tick.late;
    row["closed"] = closed.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(closed);
    row["strategies"] = strategies_on(tick.symbol);
    rows.push_back(std::move(row));
  }
  return rows;
}

nlohmann::ordered_json Trader::strategies() const {
  auto rows = nlohmann::ordered_json::array();
  const auto ticks = tick_ages();
  for (const auto& s : engine_.strategies()) {
    const auto tick = std::find_if(ticks.begin(), ticks.end(),
                                   [&](const auto& t) { return t.symbol == s.symbol; });
    nlohmann::ordered_json row;
    row["name"] = s.name.view();
    row["type"] = s.type;
    row["symbol"] = s.symbol.view();
    row["status"] = engine::name_of(s.status);
    row["halt"] = s.halt_kind.empty() ? nlohmann::ordered_json(nullptr) : s.halt_kind.view();
    row["reason"] = s.reason.view();
    row["trades"] = s.trades;
    row["won"] = s.won;
    row["lost"] = s.lost;
    row["open"] = s.open;
    row["profit"] = s.profit.to_string();
    row["peak"] = s.peak.to_string();
    row["next_stake"] = s.next_stake.to_string();
    row["last_tick"] = s.last_tick ? nlohmann::ordered_json(s.last_tick->s) : nullptr;
    row["last_tick_utc"] =
        s.last_tick ? nlohmann::ordered_json(iso_time(*s.last_tick)) : nlohmann::ordered_json();
    row["tick_age_s"] = tick == ticks.end() ? nlohmann::ordered_json() : age_of(*tick);
    row["silent"] = tick != ticks.end() && tick->late;
    const auto closed = symbols_.closed_text(s.symbol, market_time());
    row["closed"] = closed.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(closed);
    row["last_decision"] = s.last_decision.view();
    row["refused"] = s.refused;
    row["refused_in_row"] = s.refused_in_row;
    row["refused_until"] =
        s.refused_until ? nlohmann::ordered_json(s.refused_until->s) : nlohmann::ordered_json();
    row["refused_until_utc"] = s.refused_until ? nlohmann::ordered_json(iso_time(*s.refused_until))
                                               : nlohmann::ordered_json();
    row["refusal"] = s.refusal.view();
    row["change_pending"] = s.change_pending;
    if (!s.hook.empty()) row["virtual"] = s.hook.view();
    if (s.swapped) row["swapped"] = *s.swapped;
    if (const auto program = engine_.program(s.name.view())) {
      row["program"] = program_row(*program, kShownVariables);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

void Trader::append(execution::Record record) {
  actions_.push_back(engine::Append{std::move(record)});
}

void Trader::perform() {
  if (performing_) return;  // an action's own consequences are appended and reached below
  performing_ = true;
  for (std::size_t i = 0; i < actions_.size();) {
    if (std::holds_alternative<engine::Append>(actions_[i])) {
      i = perform_appends(i);
      continue;
    }
    auto action = std::move(actions_[i++]);
    std::visit(
        [this]<class Action>(Action& a) {
          if constexpr (!std::is_same_v<Action, engine::Append>) perform(a);
        },
        action);
  }
  actions_.clear();
  performing_ = false;
}

/// What scripts keep may be long, and the intent log takes a mebibyte at once. An event of one
/// strategy has one such record, so that none is torn apart: many come at a stop alone.
constexpr std::size_t kMaxKeptAtOnce = 256 * 1024;

/// Records that follow each other belong together: all of them are kept or none. Gives the place
/// of the action behind them.
std::size_t Trader::perform_appends(std::size_t from) {
  event_.clear();
  auto to = from;
  std::size_t kept = 0;
  for (; to < actions_.size(); ++to) {
    auto* append = std::get_if<engine::Append>(&actions_[to]);
    if (append == nullptr) break;
    if (const auto* state = std::get_if<execution::StrategyRecord>(&append->record)) {
      kept += state->counters.size();
      if (kept > kMaxKeptAtOnce && !event_.empty()) break;
    }
    event_.push_back(std::move(append->record));
  }
  if (journal_broken_) return to;
  if (auto done = journal_.append(event_); !done) {
    journal_failed(done.error().text);
    return to;
  }
  for (const auto& record : event_) {
    const auto* order = std::get_if<execution::OrderRecord>(&record);
    if (order == nullptr || order->order.state != execution::OrderState::kOpen) continue;
    last_bought_ = LastBought{order->order.contract, order->order.purchase_time};
  }
  return to;
}
void Trader::perform(engine::SendQuote& a) {
  port().quote(a.order, a.spec, a.stake, now_, a.strategy);
}
void Trader::perform(engine::SendBuy& a) {
  // An intent that is not on disk never leaves.
  if (journal_broken_) {
    return engine_.on_refused(
        a.order,
        {execution::RefusalKind::kSingular, execution::kNotSent, "the journal cannot be written"},
        now_, actions_);
  }
  port().buy(a.order, a.spec, a.stake, a.quote_id.view(), now_, a.strategy);
}
void Trader::perform(engine::Watch& a) { port().watch(a.contract, now_); }
void Trader::perform(engine::Poll& a) { port().poll(a.contract, now_); }
void Trader::perform(engine::AskReport& a) {
  auto since = a.since;
  if (session().on_trial() && last_bought_) {
    since = std::min(since, last_bought_->purchase_time - execution::kClockSlack);
  }
  port().ask_report(since, now_);
}
void Trader::perform(engine::Tell& a) {
  a.event.account = account_.id;
  if (is_paper()) a.event.text = core::Text::truncated(fmt::format("PAPER: {}", a.event.text));
  log_.write(a.event);
}

void Trader::perform(engine::TellSent& a) {
  engine::Tell told{engine::event_of(a)};
  perform(told);
}

void Trader::perform(engine::StartScript& a) {
  if (scripts_ != nullptr) return scripts_->start(a);
  engine_.on_script_failed(a.strategy.view(), a.run,
                           {0, a.setup.file, "this program runs no scripts"}, now_, actions_);
}
void Trader::perform(engine::StopScript& a) {
  if (scripts_ != nullptr) scripts_->stop(a);
}
void Trader::perform(engine::FeedScript& a) {
  if (scripts_ != nullptr) scripts_->feed(a);
}
void Trader::on_script(const core::Name& strategy, std::uint64_t run,
                       const script::FromScript& message) {
  if (const auto* failure = std::get_if<script::Failure>(&message)) {
    engine_.on_script_failed(strategy.view(), run, *failure, now_, actions_);
  } else if (const auto* answer = std::get_if<script::Answer>(&message)) {
    engine_.on_script(strategy.view(), run, *answer, now_, actions_);
  }
}

void Trader::journal_failed(const std::string& text) {
  journal_broken_ = true;
  exit_code_ = service::kExitJournal;
  log_.write(EventKind::kJournalProblem,
             text + "; no new entries, leaving when open contracts are settled");
  stopping_ = true;
  stop_by_ = now_.instant + kJournalGrace;
  engine_.drain(now_, actions_);
}

void Trader::check_stop() {
  if (!stopping_ || session_stopped_ || done_) return;
  const bool may_leave =
      engine_.drained() && ((config_.on_stop == config::OnStop::kLeave && !journal_broken_) ||
                            engine_.account().open_contracts == 0);
  if (!may_leave && now_.instant < *stop_by_) return;
  session_stopped_ = true;
  session().stop(now_);
  if (session().state() == deriv::SessionState::kOffline) done_ = true;
}

void Trader::leave(int code, std::string_view text) {
  exit_code_ = code;
  core::Event event;
  event.kind =
      code == service::kExitInstance ? EventKind::kAccountHeld : EventKind::kSessionRefused;
  event.text = core::Text::truncated(text);
  event.reason = core::Text::truncated(text);
  event.account = account_.id;
  log_.write(event);
  problem_ = std::string(text);
  stopping_ = true;
  done_ = true;
}

double Trader::seconds_since(core::Instant then) const {
  return std::chrono::duration<double>(now_.instant - then).count();
}

bool Trader::command(std::string_view verb, std::string_view name, std::string_view reason) {
  bool known = false;
  if (verb == "pause") known = engine_.pause(name, reason, now_, actions_);
  if (verb == "resume") known = engine_.resume(name, now_, actions_);
  if (verb == "halt") known = engine_.halt(name, reason, now_, actions_);
  core::Event event;
  event.kind = EventKind::kControlCommand;
  event.strategy = core::Name::truncated(name);
  event.reason = core::Text::truncated(reason);
  event.text = core::Text::truncated(fmt::format("operator: {} {}{}", verb,
                                                 name.empty() ? "all strategies" : name,
                                                 known ? "" : " (no such strategy)"));
  log_.write(event);
  settle();
  return known;
}

std::string Trader::farewell() const {
  const auto open = engine_.open_orders();
  std::string text = open.empty() ? "stopped; nothing is open"
                                  : fmt::format("stopped; {} still open:", open.size());
  for (const auto& order : open) {
    if (!text.ends_with(':')) text += ',';
    text += order.contract
                ? fmt::format(" contract {} ({} {} {})", order.contract.value, order.strategy,
                              market::name_of(order.spec.type), order.buy_price.to_string())
                : fmt::format(" order {} ({}, {})", order.id.value, order.strategy,
                              execution::name_of(order.state));
  }
  return text;
}

}  // namespace derivd::daemon
