#include "sim/venue.hpp"

#include "core/check.hpp"

namespace derivd::sim {

Venue::Venue(Options options)
    : terms_{options.start,       options.balance,    options.currency,
             options.rate_limits, options.own_limits, options.rules},
      faults_(salted(options.seed, 1)),
      ledger_(std::move(options.ledger), options.ledger_ticks),
      ids_(salted(options.seed, 2)),
      markets_({options.seed, options.start, options.gbm, std::move(options.replays),
                std::move(options.listings)}),
      contracts_({options.seed, options.prices, markets_.symbols(), options.currency,
                  terms_.rules.fills_late()}),
      accounts_(options.tokens, {options.balance, options.start, kFirstTransaction},
                contracts_.book(), ledger_),
      transcript_(std::move(options.record), accounts_, otps_),
      connections_(faults_, transcript_),
      pricer_(terms_, contracts_.book()),
      orders_(terms_, markets_, pricer_),
      publisher_({terms_, markets_, contracts_, accounts_, pricer_}, connections_,
                 salted(options.seed, 3)),
      market_calls_(terms_, markets_, site_, ids_),
      account_calls_(terms_, accounts_, contracts_, publisher_, ids_),
      trade_calls_({terms_, markets_, orders_, pricer_}, accounts_, contracts_, ledger_, publisher_,
                   ids_),
      rest_({terms_, faults_, accounts_, otps_, contracts_.book(), publisher_, transcript_, ids_},
            std::move(options.app_ids)) {
  // The first step is the start itself: a tick of that very second is published.
  now_.venue = {terms_.start.s - 1};
  for (std::size_t i = 0; i < markets_.size(); ++i)
    if (const auto last = markets_.last(i)) (void)contracts_.on_tick(*last);
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
  if (const auto idle = terms_.rules.idle_after_s()) connections_.abort_quiet(now_.venue, *idle);
}

void Venue::step() {
  for (std::size_t i = 0; i < markets_.size(); ++i)
    if (const auto published = markets_.publish(i, now_.venue, faults_)) publish(i, *published);
  show_over(contracts_.conclude(contracts_.on_time(now_.venue), now_.venue));
  while (Deal* deal = contracts_.next_due(now_.venue)) trade_calls_.pay(*deal, now_);
}

void Venue::publish(std::size_t symbol, const Markets::Published& published) {
  ledger_.tick(published.tick);
  const auto changes = contracts_.on_tick(published.tick);
  for (const auto& a : accounts_.all())
    show_over(contracts_.reach_limits(a->open(), published.tick, now_.venue));
  for (int i = 0; i < published.copies; ++i) publisher_.quotes(symbol, published.shown, now_);
  show_over(contracts_.conclude(changes, now_.venue));
  publisher_.values(symbol, published.tick, now_);
}

void Venue::show_over(const std::vector<core::ContractId>& ids) {
  for (const auto id : ids) publisher_.contract(contracts_.at(id), now_);
}

bool Venue::exhausted() const { return markets_.feed().all_ended() && !contracts_.waiting(); }

// ---- connections ----

HttpAnswer Venue::on_request(const HttpCall& call, core::Now now) {
  advance(now);
  return rest_.answer(call, now_);
}

HttpAnswer Venue::on_upgrade(const HttpCall& call, core::Now now) {
  advance(now);
  return rest_.upgrade(call, connections_.size(), now_);
}

void Venue::on_connected(ConnId id, std::string_view target, core::Now now) {
  advance(now);
  const auto opening = rest_.opening(target);
  Connection& c = connections_.open(id, opening.dialect, opening.grant, now.instant);
  if (opening.known_app) return;
  refuse_raw(c, {"{}"}, "error", {"InvalidAppID", "Your app_id is invalid."});
  connections_.close(c, 1008);
}

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
  site_.bring_up();
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
