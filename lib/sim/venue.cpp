// Time, connections and output. The calls are in the *_calls.cpp files, REST in rest.cpp.
#include "sim/venue.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/check.hpp"

namespace derivd::sim {

Venue::Venue(Options options)
    : options_(std::move(options)),
      terms_{options_.start, options_.balance, options_.currency, options_.rate_limits,
             options_.rules},
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
      pricer_(terms_, contracts_.book()),
      orders_(terms_, markets_, pricer_),
      transcript_(options_.record, accounts_, otps_),
      connections_(faults_, transcript_) {
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
  connections_.abort_idle(now_.instant);
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
  for (auto& [id, c] : connections_.all())
    for (Stream& s : c->streams) {
      if (s.symbol != symbol) continue;
      if (s.kind == Stream::Kind::kTicks || s.kind == Stream::Kind::kHistory)
        connections_.push(*c, "tick", code,
                          frame(s.envelope, "tick", "tick", tick_payload(tick, s.id), s.id),
                          now_.instant);
      if (s.kind == Stream::Kind::kCandles)
        connections_.push(*c, "ohlc", code,
                          frame(s.envelope, "ohlc", "ohlc",
                                ohlc_payload(symbol, s.granularity, tick, s.id), s.id),
                          now_.instant);
    }
}

/// Proposals and open contracts, which follow the quotes.
void Venue::stream_values(std::size_t symbol, const market::Tick& tick) {
  const auto code = tick.symbol.view();
  for (auto& [id, c] : connections_.all())
    for (Stream& s : c->streams) {
      if (s.kind == Stream::Kind::kProposal && s.symbol == symbol) stream_proposal(*c, s);
      if (s.kind == Stream::Kind::kOpenContract) {
        const Deal* d = contracts_.find(s.contract);
        if (d != nullptr && d->symbol->code == code && d->shown == Shown::kOpen)
          push_contract(*c, s, *d);
      }
      if (s.kind != Stream::Kind::kOpenContracts) continue;
      for (const auto contract : c->account()->open()) {
        const Deal& d = contracts_.at(contract);
        if (d.symbol->code == code && d.shown == Shown::kOpen) push_contract(*c, s, d);
      }
    }
}

void Venue::stream_proposal(Connection& c, Stream& s) {
  if (!s.order || !Pricer::market_moves(*s.order)) return;
  const auto quote = pricer_.price(*s.order, now_.venue);
  if (!quote) return;
  auto payload = pricer_.proposal(c.dialect(), *s.order, *quote, s.id, now_.venue);
  if (payload == s.last) return;
  s.last = payload;
  c.proposals.requote(s.id, *quote);
  connections_.push(c, "proposal", s.order->symbol->code,
                    frame(s.envelope, "proposal", "proposal", payload, s.id), now_.instant);
}

void Venue::show_over(const std::vector<core::ContractId>& ids) {
  for (const auto id : ids) push_contract_everywhere(contracts_.at(id));
}

void Venue::settle_due() {
  while (Deal* deal = contracts_.next_due(now_.venue))
    announce_payment(accounts_.at(deal->account), *deal, contracts_.contract(deal->id));
}

bool Venue::exhausted() const { return markets_.feed().all_ended() && !contracts_.waiting(); }

// ---- connections and output ----

void Venue::on_frame(ConnId id, std::string_view text, core::Now now) {
  advance(now);
  Connection* c = connections_.find(id);
  if (c == nullptr) return;
  connections_.heard(*c, text, now.instant);
  if (text.size() > kMaxRequest) return connections_.close(*c, 1009);
  auto request = Json::parse(text);
  if (!request || !request->is_object())
    return refuse_raw(*c, {"{}"}, "error",
                      {"BadRequest", "The application sent an invalid request."});
  handle(*c, *request);
}

void Venue::on_gone(ConnId id) { connections_.gone(id); }

void Venue::refuse_raw(Connection& c, const Envelope& e, std::string_view msg_type,
                       const WireError& error) {
  connections_.send(c, error_frame(e, msg_type, error, c.dialect()), {}, now_.instant);
}

// ---- looking up ----

void Venue::clear_faults() {
  faults_.clear();
  markets_.reopen();
  maintenance_ = false;
  maintenance_text_.clear();
  connections_.unmute();
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
