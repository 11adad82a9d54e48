// Time, connections and output. The calls are in the *_calls.cpp files, REST in rest.cpp.
#include "sim/venue.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/check.hpp"

namespace derivd::sim {

Venue::Venue(Options options)
    : options_(std::move(options)),
      faults_(salted(options_.seed, 1)),
      markets_({options_.seed, options_.start, options_.gbm, std::move(options_.replays),
                std::move(options_.listings)}),
      contracts_({options_.seed, options_.prices, markets_.symbols(), options_.currency,
                  options_.rules.fills_late()}),
      ledger_(options_.ledger, options_.ledger_ticks),
      ids_(salted(options_.seed, 2)),
      order_(salted(options_.seed, 3)),
      accounts_(options_.tokens, {options_.balance, options_.start, kFirstTransaction},
                contracts_.book(), ledger_),
      transcript_(options_.record, accounts_, otps_) {
  // The first step is the start itself: a tick of that very second is published.
  now_.venue = {options_.start.s - 1};
  for (std::size_t i = 0; i < markets_.size(); ++i)
    if (const auto last = markets_.last(i)) contracts_.on_tick(*last);
}

Venue::~Venue() = default;

// ---- time ----

void Venue::advance(core::Now now) {
  const auto until = now.venue;
  const auto from = now_.venue;
  now_ = now;
  now_.venue = from;
  while (now_.venue < until) {
    now_.venue = now_.venue + std::chrono::seconds{1};
    step();
  }
  close_idle();
}

void Venue::step() {
  for (std::size_t i = 0; i < markets_.size(); ++i)
    if (const auto published = markets_.publish(i, now_.venue, faults_)) publish(i, *published);
  show_over(contracts_.conclude(contracts_.on_time(now_.venue), now_.venue));
  settle_due();
}

void Venue::publish(std::size_t symbol, const Markets::Published& published) {
  ledger_.tick(published.tick);
  const auto changes = contracts_.on_tick(published.tick);
  for (const auto& a : accounts_.all())
    show_over(contracts_.reach_limits(a->open(), published.tick, now_.venue));
  for (int i = 0; i < published.copies; ++i) stream_quotes(symbol, published.shown);
  show_over(contracts_.conclude(changes, now_.venue));
  stream_values(symbol, published.tick);
}

void Venue::stream_quotes(std::size_t symbol, const market::Tick& tick) {
  const auto code = tick.symbol.view();
  for (auto& [id, c] : connections_)
    for (Stream& s : c->streams) {
      if (s.symbol != symbol) continue;
      if (s.kind == Stream::Kind::kTicks || s.kind == Stream::Kind::kHistory)
        push(*c, "tick", code, frame(s.envelope, "tick", "tick", tick_payload(tick, s.id), s.id));
      if (s.kind == Stream::Kind::kCandles)
        push(*c, "ohlc", code,
             frame(s.envelope, "ohlc", "ohlc", ohlc_payload(symbol, s.granularity, tick, s.id),
                   s.id));
    }
}

/// Proposals and open contracts, which follow the quotes.
void Venue::stream_values(std::size_t symbol, const market::Tick& tick) {
  const auto code = tick.symbol.view();
  for (auto& [id, c] : connections_)
    for (Stream& s : c->streams) {
      if (s.kind == Stream::Kind::kProposal && s.symbol == symbol) stream_proposal(*c, s);
      if (s.kind == Stream::Kind::kOpenContract) {
        const Deal* d = contracts_.find(s.contract);
        if (d != nullptr && d->symbol->code == code && d->shown == Shown::kOpen)
          push_contract(*c, s, *d);
      }
      if (s.kind != Stream::Kind::kOpenContracts) continue;
      for (const auto contract : c->account->open()) {
        const Deal& d = contracts_.at(contract);
        if (d.symbol->code == code && d.shown == Shown::kOpen) push_contract(*c, s, d);
      }
    }
}

void Venue::stream_proposal(Connection& c, Stream& s) {
  if (!s.order || !market_moves(*s.order)) return;
  const auto quote = price(*s.order);
  if (!quote) return;
  auto payload = proposal_payload(c, *s.order, *quote, s.id);
  if (payload == s.last) return;
  s.last = payload;
  for (auto& p : c.proposals)
    if (p.id == s.id) p.quote = *quote;
  push(c, "proposal", s.order->symbol->code,
       frame(s.envelope, "proposal", "proposal", payload, s.id));
}

void Venue::show_over(const std::vector<core::ContractId>& ids) {
  for (const auto id : ids) push_contract_everywhere(contracts_.at(id));
}

void Venue::settle_due() {
  while (Deal* deal = contracts_.next_due(now_.venue))
    announce_payment(accounts_.at(deal->account), *deal, contracts_.contract(deal->id));
}

bool Venue::exhausted() const { return markets_.feed().all_ended() && !contracts_.waiting(); }

void Venue::close_idle() {
  for (auto& [id, c] : connections_)
    if (c->dialect == Dialect::kV3 && now_.instant - c->last_traffic >= kV3Idle) abort(*c);
}

// ---- connections and output ----

void Venue::on_frame(ConnId id, std::string_view text, core::Now now) {
  advance(now);
  const auto it = connections_.find(id);
  if (it == connections_.end() || it->second->closing) return;
  Connection& c = *it->second;
  c.last_traffic = now.instant;
  transcript_.note("in", name_of(c.dialect), id, text);
  if (text.size() > kMaxRequest) {
    actions_.push_back({Action::Kind::kClose, id, {}, 0, 0, 1009});
    c.closing = true;
    return;
  }
  auto request = Json::parse(text);
  const Envelope none{"{}"};
  if (!request || !request->is_object()) {
    refuse_raw(c, none, "error", {"BadRequest", "The application sent an invalid request."});
    return;
  }
  handle(c, *request);
}

void Venue::on_gone(ConnId id) { connections_.erase(id); }

std::vector<Action> Venue::take_actions() { return std::exchange(actions_, {}); }

void Venue::abort(Connection& c) {
  if (c.closing) return;
  c.closing = true;
  actions_.push_back({Action::Kind::kAbort, c.id, {}, 0, 0, 0});
}

/// Performs what the faults order with a frame that would otherwise just be sent.
void Venue::send(Connection& c, std::string text, const std::vector<Fault>& faults) {
  if (c.closing || c.muted) return;
  Action action{Action::Kind::kSend, c.id, std::move(text), 0, 0, 0};
  int copies = 1;
  bool then_abort = false;
  std::optional<std::uint16_t> then_close;
  for (const Fault& f : faults) {
    switch (f.kind) {
      case FaultKind::kDropUnanswered:
        abort(c);
        return;
      case FaultKind::kLoseReply:
        return;
      case FaultKind::kDelay:
        action.delay_ms += f.amount;
        break;
      case FaultKind::kDuplicate:
        ++copies;
        break;
      case FaultKind::kSplit:
        action.split = static_cast<std::size_t>(std::max<std::int64_t>(f.amount, 1));
        break;
      case FaultKind::kGarbage:
        action.frame = "{\"echo_req\":{\"tr";
        break;
      case FaultKind::kDropAfter:
        then_abort = true;
        break;
      case FaultKind::kClose:
        then_close = static_cast<std::uint16_t>(f.amount);
        break;
      case FaultKind::kStopWriting:
        c.muted = true;
        return;
      default:
        break;
    }
  }
  c.last_traffic = now_.instant;
  for (; copies > 0; --copies) {
    transcript_.note("out", name_of(c.dialect), c.id, action.frame);
    actions_.push_back(action);
  }
  if (then_close) {
    c.closing = true;
    actions_.push_back({Action::Kind::kClose, c.id, {}, 0, 0, *then_close});
  }
  if (then_abort) abort(c);
}

void Venue::reply(Request& r, std::string text) {
  const auto late = std::find_if(r.faults.begin(), r.faults.end(),
                                 [](const Fault& f) { return f.kind == FaultKind::kErrorAfter; });
  if (late != r.faults.end())
    text = error_frame(r.envelope, r.info.name, {late->code, late->message}, r.conn.dialect);
  send(r.conn, std::move(text), r.faults);
}

void Venue::push(Connection& c, std::string_view msg_type, std::string_view symbol,
                 std::string text) {
  if (faults_.empty()) return send(c, std::move(text), {});
  auto faults = faults_.on({Direction::kStream, msg_type, name_of(c.dialect),
                            c.account != nullptr ? c.account->name() : std::string_view{}, symbol});
  for (const Fault& f : faults)
    if (f.kind == FaultKind::kDropBefore) return abort(c);
  send(c, std::move(text), faults);
}

void Venue::refuse(Request& r, const WireError& error) {
  reply(r, error_frame(r.envelope, r.info.name, error, r.conn.dialect));
}

void Venue::refuse_raw(Connection& c, const Envelope& e, std::string_view msg_type,
                       const WireError& error) {
  send(c, error_frame(e, msg_type, error, c.dialect), {});
}

// ---- looking up ----

std::size_t Venue::streams() const {
  std::size_t n = 0;
  for (const auto& [id, c] : connections_) n += c->streams.size();
  return n;
}

void Venue::clear_faults() {
  faults_.clear();
  markets_.reopen();
  maintenance_ = false;
  maintenance_text_.clear();
  for (auto& [id, c] : connections_) c->muted = false;
  accounts_.restore_tokens();
}

core::Money Venue::balance_of(std::string_view account) const {
  const Account* a = accounts_.find(account);
  DERIVD_CHECK(a != nullptr, "no such account");
  return a->balance();
}

std::string Venue::status() const {
  JsonOut out;
  out.begin_object().integer("time", now_.venue.s);
  out.integer("connections", static_cast<std::int64_t>(connections_.size()));
  out.key("accounts").begin_array();
  for (const auto& a : accounts_.all()) {
    out.begin_object().text("account", a->name()).text("balance", a->balance().to_string());
    out.integer("open", static_cast<std::int64_t>(a->open().size()));
    out.flag("token_valid", accounts_.token_valid(*a)).end_object();
  }
  return out.end_array().raw("rules", faults_.status()).end_object().take();
}

}  // namespace derivd::sim
