// Time, connections and output. The calls are in the *_calls.cpp files, REST in rest.cpp.
#include "sim/venue.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/check.hpp"

namespace derivd::sim {
namespace {

// Contract and transaction ids as large as the venue's own (recorded ones have twelve digits), so
// that a client that cuts them to 32 bits is found out.
constexpr std::int64_t kFirstContract = 268'738'000'001;
constexpr std::int64_t kFirstTransaction = 535'745'000'001;

}  // namespace

Venue::Venue(Options options)
    : options_(std::move(options)),
      faults_(salted(options_.seed, 1)),
      markets_({options_.seed, options_.start, options_.gbm, std::move(options_.replays),
                std::move(options_.listings)}),
      book_({options_.prices, kFirstContract, kFirstTransaction, 1, markets_.symbols(),
             options_.currency}),
      ledger_(options_.ledger, options_.ledger_ticks),
      ids_(salted(options_.seed, 2)),
      order_(salted(options_.seed, 3)),
      accounts_(options_.tokens, {options_.balance, options_.start, {kFirstTransaction}}, book_,
                ledger_),
      transcript_(options_.record, accounts_, otps_) {
  // The first step is the start itself: a tick of that very second is published.
  now_.venue = {options_.start.s - 1};
  std::vector<venue::Change> none;
  for (std::size_t i = 0; i < markets_.size(); ++i)
    if (const auto last = markets_.last(i)) book_.on_tick(*last, none);
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
  std::vector<venue::Change> changes;
  book_.on_time(now_.venue, changes);
  apply(changes);
  settle_due();
}

void Venue::publish(std::size_t symbol, const Markets::Published& published) {
  ledger_.tick(published.tick);
  std::vector<venue::Change> changes;
  book_.on_tick(published.tick, changes);
  guard_limits(published.tick);
  for (int i = 0; i < published.copies; ++i) stream_quotes(symbol, published.shown);
  apply(changes);
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
        const Deal* d = deal_of(s.contract);
        if (d != nullptr && d->symbol->code == code && d->shown == Shown::kOpen)
          push_contract(*c, s, *d);
      }
      if (s.kind != Stream::Kind::kOpenContracts) continue;
      for (const auto contract : c->account->open()) {
        const Deal& d = *deal_of(contract);
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

void Venue::apply(const std::vector<venue::Change>& changes) {
  for (const auto& change : changes) {
    Deal* deal = deal_of(change.contract);
    if (deal == nullptr || deal->shown != Shown::kOpen) continue;
    const bool over = change.kind == venue::Change::Kind::kExpired ||
                      change.kind == venue::Change::Kind::kSettled;
    if (over) decided(*deal);
  }
}

/// Take profit and stop loss of multipliers, by the same rules as the book's stop out.
void Venue::guard_limits(const market::Tick& tick) {
  for (const auto& a : accounts_.all())
    for (const auto id : a->open()) {
      Deal& d = *deal_of(id);
      if (!d.guard || d.shown != Shown::kOpen || d.symbol->code != tick.symbol.view()) continue;
      const bool reached_before = d.guard->is_over();
      if (!reached_before && !d.guard->on_tick(tick)) continue;
      if (!reached_before && options_.rules.fills_late()) continue;
      const auto how = d.guard->ended()->how;
      if (how != market::End::kTakeProfit && how != market::End::kStopLoss) continue;
      // Fails only when the book's own stop out came first, at this very tick.
      if (book_.sell(a->index(), id, now_.venue)) decided(d);
    }
}

/// The contract is over: it stays expired and unpaid for one to three seconds (v3-api.md 4.4, 7).
void Venue::decided(Deal& deal) {
  const auto& contract = *book_.find(deal.id);
  deal.shown = Shown::kExpired;
  const auto end = contract.life.ended()->when;
  // Drawn from the contract's number, so that other traffic does not shift it.
  const auto wait = 1 + static_cast<std::int64_t>(
                            salted(options_.seed, static_cast<std::uint64_t>(deal.id.value)) % 3);
  deal.settle_at = {std::max(end.s + wait, now_.venue.s + 1) + deal.hold_s};
  const auto later = std::upper_bound(unpaid_.begin(), unpaid_.end(), deal,
                                      [this](const Deal& d, core::ContractId other) {
                                        return d.settle_at < deal_of(other)->settle_at;
                                      });
  unpaid_.insert(later, deal.id);
  push_contract_everywhere(deal);
}

void Venue::settle_due() {
  while (!unpaid_.empty()) {
    Deal& deal = *deal_of(unpaid_.front());
    if (deal.settle_at > now_.venue) return;
    unpaid_.erase(unpaid_.begin());
    const auto& contract = *book_.find(deal.id);
    DERIVD_CHECK(contract.phase == venue::Phase::kSettled, "the book pays before it is shown");
    announce_payment(accounts_.at(deal.account), deal, contract);
  }
}

bool Venue::exhausted() const { return markets_.feed().all_ended() && unpaid_.empty(); }

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

Deal* Venue::deal_of(core::ContractId id) {
  const auto it = deals_.find(id.value);
  return it == deals_.end() ? nullptr : &it->second;
}
const Deal* Venue::deal_of(core::ContractId id) const {
  const auto it = deals_.find(id.value);
  return it == deals_.end() ? nullptr : &it->second;
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
