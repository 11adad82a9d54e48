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

/// One seed, many independent streams: what one part draws never shifts another.
std::uint64_t salted(std::uint64_t seed, std::uint64_t salt) {
  return core::Rng(seed ^ (salt * 0x9e3779b97f4a7c15ULL)).next();
}

bool contains(const std::vector<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  while (true) {
    const auto comma = text.find(',');
    out.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

const std::vector<std::string>& scopes_of(Dialect d) {
  static const std::vector<std::string> options{"trade", "account_manage", "application_read",
                                                "payment"};
  static const std::vector<std::string> v3{"read", "trade", "trading_information", "payments",
                                           "admin"};
  return d == Dialect::kOptions ? options : v3;
}

}  // namespace

core::Result<TokenSpec> TokenSpec::parse(std::string_view text) {
  TokenSpec out;
  const auto colon = text.find(':');
  out.token = std::string(text.substr(0, colon));
  if (!is_token(out.token))
    return core::invalid("a token is 1 to 128 letters, digits, '-' and '_'");
  out.dialect = out.token.starts_with("pat_") ? Dialect::kOptions : Dialect::kV3;
  if (out.token == "pat_") return core::invalid("'pat_' alone is no token");
  while (colon != std::string_view::npos) {
    text.remove_prefix(text.find(':') + 1);
    const auto next = text.find(':');
    const auto part = text.substr(0, next);
    if (part == "real" && !out.real) {
      out.real = true;
    } else if (part == "same" && !out.same) {
      out.same = true;
    } else if (!out.scopes.empty()) {
      return core::invalid("expected TOKEN[:scope,scope][:real][:same]");
    } else {
      out.scopes = split_list(part);
      for (const auto& scope : out.scopes)
        if (!contains(scopes_of(out.dialect), scope))
          return core::invalid(fmt::format("'{}' is no scope of the {} dialect: {}", scope,
                                           name_of(out.dialect),
                                           fmt::join(scopes_of(out.dialect), ", ")));
    }
    if (next == std::string_view::npos) break;
  }
  if (out.scopes.empty()) {
    if (out.dialect == Dialect::kOptions)
      out.scopes = {"trade"};
    else
      out.scopes = {"read", "trade", "trading_information"};
  }
  return out;
}

bool TokenSpec::has(std::string_view scope) const { return contains(scopes, scope); }

namespace {

/// What contracts are sold on: derivd's own indices, and what the feed serves beside them.
market::Symbols symbols_of(const Feed& feed) {
  market::Symbols out;
  for (std::size_t i = 0; i < feed.size(); ++i)
    if (feed.listing(i) != nullptr) out = out.with(feed.info(i));
  return out;
}

}  // namespace

Venue::Venue(Options options)
    : options_(std::move(options)),
      faults_(salted(options_.seed, 1)),
      feed_({options_.seed, options_.start, options_.gbm, std::move(options_.replays),
             std::move(options_.listings)}),
      book_({options_.prices, kFirstContract, kFirstTransaction, 1, symbols_of(feed_),
             options_.currency}),
      ledger_(options_.ledger, options_.ledger_ticks),
      ids_(salted(options_.seed, 2)),
      order_(salted(options_.seed, 3)),
      skip_ticks_(feed_.size(), 0),
      closed_until_(feed_.size(), 0) {
  // The first step is the start itself: a tick of that very second is published.
  now_.venue = {options_.start.s - 1};
  std::vector<venue::Change> none;
  for (std::size_t i = 0; i < feed_.size(); ++i)
    if (const auto last = feed_.last(i)) book_.on_tick(*last, none);
  std::int64_t number = 9'000'000;
  for (const auto& token : options_.tokens) {
    const bool same =
        token.same && !accounts_.empty() && accounts_.back()->token.dialect == token.dialect;
    if (!same) add_account(token, ++number);
    auto grant = std::make_unique<Grant>();
    grant->token = token;
    grant->account = accounts_.back().get();
    grants_.push_back(std::move(grant));
  }
}

void Venue::add_account(const TokenSpec& token, std::int64_t number) {
  auto a = std::make_unique<Account>();
  a->token = token;
  a->number = number;
  const bool v3 = token.dialect == Dialect::kV3;
  // Shapes: VRTC… demo, CR… real; DOT and digits on the current API.
  a->name = v3 ? fmt::format("{}{}", token.real ? "CR" : "VRTC", number)
               : fmt::format("DOT{}", number * 10 + (token.real ? 1 : 0));
  a->balance = options_.balance;
  a->index = book_.add_account(a->name, options_.balance);
  if (v3)
    a->limits = std::make_unique<V3Limits>();
  else
    a->limits = std::make_unique<OptionsLimits>();
  ledger_.account(a->name, a->balance, options_.start);
  add_row(*a, {"deposit",
               {kFirstTransaction - 1 - a->index},
               {},
               {},
               a->balance,
               a->balance,
               options_.start});
  accounts_.push_back(std::move(a));
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
  for (std::size_t i = 0; i < feed_.size(); ++i) {
    if (now_.venue.s < closed_until_[i]) continue;
    if (const auto tick = feed_.take(i, now_.venue)) publish(i, *tick);
  }
  std::vector<venue::Change> changes;
  book_.on_time(now_.venue, changes);
  apply(changes);
  settle_due();
}

void Venue::publish(std::size_t symbol, const market::Tick& tick) {
  int copies = 1;
  market::Tick shown = tick;
  for (const Fault& f : faults_.on({Direction::kTick, "tick", {}, {}, tick.symbol.view()})) {
    if (f.kind == FaultKind::kCloseMarket) {
      closed_until_[symbol] = now_.venue.s + f.amount;
      return;
    }
    if (f.kind == FaultKind::kSkipTicks) skip_ticks_[symbol] = f.amount;
    if (f.kind == FaultKind::kRepeatTick) ++copies;
    if (f.kind == FaultKind::kJumpTick) shown.epoch = {tick.epoch.s + f.amount};
  }
  feed_.push(symbol, tick);
  ledger_.tick(tick);
  std::vector<venue::Change> changes;
  book_.on_tick(tick, changes);
  guard_limits(tick);
  if (skip_ticks_[symbol] > 0) {
    --skip_ticks_[symbol];  // the venue settles by it, the streams never show it
    copies = 0;
  }
  for (; copies > 0; --copies) stream_quotes(symbol, shown);
  apply(changes);
  stream_values(symbol, tick);
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
      for (const auto contract : c->account->open) {
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
  for (auto& a : accounts_)
    for (const auto id : a->open) {
      Deal& d = *deal_of(id);
      if (!d.guard || d.shown != Shown::kOpen || d.symbol->code != tick.symbol.view()) continue;
      const bool reached_before = d.guard->is_over();
      if (!reached_before && !d.guard->on_tick(tick)) continue;
      if (!reached_before && options_.rules.fills_late()) continue;
      const auto how = d.guard->ended()->how;
      if (how != market::End::kTakeProfit && how != market::End::kStopLoss) continue;
      // Fails only when the book's own stop out came first, at this very tick.
      if (book_.sell(a->index, id, now_.venue)) decided(d);
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
    announce_payment(*accounts_[deal.account], deal, contract);
  }
}

bool Venue::market_closed(std::size_t symbol) const {
  if (now_.venue.s < closed_until_[symbol]) return true;
  if (!feed_.is_open(symbol, now_.venue)) return true;
  if (!feed_.ended(symbol)) return false;
  const auto last = feed_.last(symbol);
  return !last || now_.venue.s > last->epoch.s + feed_.info(symbol).interval_s;
}

std::optional<std::size_t> Venue::listed(std::string_view code) const {
  const auto index = feed_.index_of(code);
  return index && feed_.is_listed(*index, now_.venue) ? index : std::nullopt;
}

bool Venue::exhausted() const { return feed_.all_ended() && unpaid_.empty(); }

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
  note("in", name_of(c.dialect), id, text);
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
    note("out", name_of(c.dialect), c.id, action.frame);
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
                            c.account != nullptr ? c.account->name : std::string_view{}, symbol});
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

std::string Venue::new_id() {
  const std::uint64_t a = ids_.next();
  const std::uint64_t b = ids_.next();
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", a >> 32, (a >> 16) & 0xffff, a & 0xffff,
                     b >> 48, b & 0xffff'ffff'ffffULL);
}

// ---- the record ----

std::string Venue::redacted(std::string_view text) const {
  std::string out(text);
  const auto hide = [&out](std::string_view secret, std::string_view with) {
    for (std::size_t at = out.find(secret); at != std::string::npos;
         at = out.find(secret, at + with.size()))
      out.replace(at, secret.size(), with);
  };
  for (const auto& g : grants_) hide(g->token.token, "<token>");
  for (const auto& [otp, info] : otps_) hide(otp, "<otp>");
  return out;
}

void Venue::note(std::string_view dir, std::string_view dialect, ConnId conn,
                 std::string_view text) {
  if (!options_.record) return;
  std::string shown = redacted(text);
  if (!Json::parse(shown)) shown = sim::quoted(shown);
  JsonOut out;
  out.begin_object().text("dir", dir).text("dialect", dialect);
  out.integer("conn", static_cast<std::int64_t>(conn)).raw("frame", shown);
  options_.record(out.end_object().str());
}

// ---- looking up ----

std::size_t Venue::streams() const {
  std::size_t n = 0;
  for (const auto& [id, c] : connections_) n += c->streams.size();
  return n;
}

void Venue::clear_faults() {
  faults_.clear();
  std::fill(skip_ticks_.begin(), skip_ticks_.end(), 0);
  std::fill(closed_until_.begin(), closed_until_.end(), 0);
  maintenance_ = false;
  maintenance_text_.clear();
  for (auto& [id, c] : connections_) c->muted = false;
  for (auto& g : grants_) g->valid = true;
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
  for (const auto& a : accounts_)
    if (a->name == account) return a->balance;
  DERIVD_CHECK(false, "no such account");
}

std::string Venue::status() const {
  JsonOut out;
  out.begin_object().integer("time", now_.venue.s);
  out.integer("connections", static_cast<std::int64_t>(connections_.size()));
  out.key("accounts").begin_array();
  for (const auto& a : accounts_) {
    out.begin_object().text("account", a->name).text("balance", a->balance.to_string());
    out.integer("open", static_cast<std::int64_t>(a->open.size()));
    out.flag("token_valid", std::any_of(grants_.begin(), grants_.end(), [&](const auto& g) {
               return g->account == a.get() && g->valid;
             }));
    out.end_object();
  }
  return out.end_array().raw("rules", faults_.status()).end_object().take();
}

}  // namespace derivd::sim
