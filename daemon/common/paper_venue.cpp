#include "common/paper_venue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "deriv/encoder.hpp"
#include "deriv/errors.hpp"
#include "market/kind.hpp"
#include "market/multiplier.hpp"
#include "market/symbol.hpp"

namespace derivd::daemon {

namespace fact = deriv::fact;

namespace {

using core::VenueTime;
using std::chrono::seconds;

/// Past ticks are asked for with so much to spare around what a contract needs: a market may pause.
constexpr seconds kMargin{120};
/// An answer without any tick is believed for no longer than this after a purchase.
constexpr seconds kNoTickYet{60};
/// The venue's past may be answered with a hole, short or empty for once.
constexpr int kMaxAsks = 2;
/// Of a symbol whose rhythm is not known: what is asked for too much is left out.
constexpr std::int64_t kUnknownInterval = 5;
/// Ticks of one second come one after the other; a timed contract waits so long for the last of its
/// symbol while others are ahead.
constexpr seconds kLateTick{5};

std::string_view code_of(venue::RefusalKind kind) {
  switch (kind) {
    case venue::RefusalKind::kUnknownSymbol:
      return "InvalidSymbol";
    case venue::RefusalKind::kNoQuoteYet:
      return "NoRealtimeQuotes";
    case venue::RefusalKind::kInsufficientBalance:
      return "InsufficientBalance";
    case venue::RefusalKind::kNotFound:
      return "ContractNotFound";
    case venue::RefusalKind::kResaleNotOffered:
      return "ResaleNotOffered";
    case venue::RefusalKind::kNoCancellation:
      return "DealCancellationNotBought";
    case venue::RefusalKind::kCancellationOver:
      return "DealCancellationExpired";
    case venue::RefusalKind::kCancelIsBetter:
      return "CancelIsBetter";
    case venue::RefusalKind::kAlreadySettled:
      return "ContractAlreadySold";
    case venue::RefusalKind::kDuration:
    case venue::RefusalKind::kPrediction:
    case venue::RefusalKind::kBarrier:
    case venue::RefusalKind::kStakeTooSmall:
    case venue::RefusalKind::kPayoutTooLarge:
    case venue::RefusalKind::kNoReturn:
    case venue::RefusalKind::kMultiplier:
      break;
  }
  return "ContractBuyValidationError";
}

/// As the venue's own code for it would be taken.
execution::Refusal refusal_of(const venue::Refusal& r) {
  const auto code = code_of(r.kind);
  return {deriv::refusal_of(code), code, r.text};
}

/// Of what the simulated venue was not even asked for.
execution::Refusal not_sent(std::string_view why) {
  return {execution::RefusalKind::kPassing, execution::kNotSent, why};
}

std::string_view status_of(const venue::Contract& c) {
  if (c.phase != venue::Phase::kSettled) return "open";
  switch (c.outcome) {
    case venue::Outcome::kWon:
      return "won";
    case venue::Outcome::kLost:
      return "lost";
    case venue::Outcome::kCancelled:
      return "cancelled";
    case venue::Outcome::kSold:
    case venue::Outcome::kNone:
      break;
  }
  return "sold";
}

execution::HistoryRow paper_row_of(const venue::Contract& c) {
  execution::HistoryRow row;
  row.contract = c.id;
  row.buy_tx = c.buy_tx;
  row.type = market::name_of(c.spec.type);
  row.symbol = c.spec.symbol;
  row.buy_price = c.stake;
  row.payout = c.payout;
  row.purchase_time = c.purchase_time;
  row.open = c.phase != venue::Phase::kSettled;
  if (!row.open) {
    row.sell_price = c.sell_price;
    row.sell_time = c.sell_time;
  }
  return row;
}

execution::TransactionReport transaction_of(const venue::Contract& c, core::Money balance) {
  using Action = execution::TransactionReport::Action;
  execution::TransactionReport out;
  const bool sold = c.phase == venue::Phase::kSettled;
  out.action = sold ? Action::kSell : Action::kBuy;
  out.contract = c.id;
  out.transaction = sold ? c.sell_tx : c.buy_tx;
  out.amount = sold ? c.sell_price : -c.stake;
  out.balance = balance;
  out.time = sold ? c.sell_time : c.purchase_time;
  out.symbol = c.spec.symbol;
  out.purchase_time = c.purchase_time;
  return out;
}

}  // namespace

// ---- memory ----

void PaperVenue::restore(const std::vector<execution::Order>& not_final, const store::Sums& sums) {
  std::vector<venue::Adopted> open;
  auto balance = settings_.balance + sums.profit;
  next_contract_ = std::max(next_contract_, sums.last_contract.value + 1);
  next_transaction_ = std::max(next_transaction_, sums.last_transaction.value + 1);
  for (const auto& order : not_final) {
    if (order.state != execution::OrderState::kOpen) continue;
    balance -= order.buy_price;
    open.push_back({order.contract, order.spec, order.buy_price,
                    order.payout.value_or(core::Money::minor(0, order.buy_price.exponent())),
                    order.purchase_time, order.buy_tx});
  }
  rebuild(open, balance);
}

void PaperVenue::on(const fact::Symbols& told) {
  symbols_ = symbols_.with_list(told.list, clock(), {});
  book_->learn(symbols_);
  trader_.tell(told);
}

void PaperVenue::rebuild(const std::vector<venue::Adopted>& open, core::Money balance) {
  venue::Book::Options options;
  options.first_contract_id = next_contract_;
  options.first_transaction_id = next_transaction_;
  options.settle_delay_s = settings_.settle_delay.count();
  options.symbols = symbols_;
  options.quotes = quotes_;
  book_.emplace(options);
  account_ = book_->add_account(std::string(kPaperAccount), balance);
  open_.clear();
  held_.clear();
  orphans_.clear();
  for (const auto& contract : open) orphans_.push_back({contract, {}, {}, {}});
  recovering_ = !orphans_.empty();
}

std::vector<venue::Adopted> PaperVenue::open_contracts() const {
  std::vector<venue::Adopted> out;
  for (const auto& orphan : orphans_) out.push_back(orphan.contract);
  for (const auto id : open_) {
    const auto& c = *book_->find(id);
    out.push_back({c.id, c.spec, c.stake, c.payout, c.purchase_time, c.buy_tx});
  }
  return out;
}

void PaperVenue::recover() {
  recovering_ = !orphans_.empty();
  ask_more();
}

/// As many as the session takes; the rest with the next answer.
void PaperVenue::ask_more() {
  std::size_t waiting = 0;
  for (const auto& orphan : orphans_) waiting += orphan.asked.size();
  for (auto& orphan : orphans_) {
    if (orphan.begun) continue;
    if (waiting + 2 > kMaxAsked) return;  // a contract needs two spans at most
    orphan.begun = true;
    ask_for(orphan);
    waiting += orphan.asked.size();
  }
  finish_recovery();
}

void PaperVenue::ask_for(Orphan& orphan) {
  const auto& spec = orphan.contract.spec;
  const auto from = orphan.contract.purchase_time;
  const auto today = clock();
  const auto* symbol = symbols_.find(spec.symbol);
  orphan.asked.clear();
  orphan.trouble.clear();
  orphan.doubtful = false;
  ++orphan.asks;
  if (!market::has_payout(spec.type) || symbol == nullptr) {
    orphan.trouble = "a contract of this kind cannot be carried over an interruption";
    return;
  }
  if (today < from) {
    orphan.trouble = "the venue's clock stands before its purchase";
    return;
  }
  std::vector<Window> windows;
  if (spec.duration.in_ticks()) {
    const auto interval = symbol->interval_s > 0 ? symbol->interval_s : kUnknownInterval;
    const seconds length{(std::int64_t{spec.duration.count} + 2) * interval};
    const auto end = from + length + kMargin;
    orphan.asked_all = end <= today;
    windows.push_back({from, std::min(end, today)});
  } else {
    const auto expiry = market::expiry_of(spec.duration, from);
    orphan.asked_all = expiry < today;
    const auto end = std::min(expiry + kMargin, today);
    if (market::kind_of(spec.type).path_dependent) {
      // Any tick of its life can decide it, and one answer holds so many.
      if ((end - from).count() / symbol->interval_s >= std::int64_t{deriv::kMaxHistory}) {
        orphan.trouble = "its life is longer than the past that the venue gives at once";
        return;
      }
      windows.push_back({from, end});
    } else if (expiry - kMargin <= from + kMargin || !orphan.asked_all) {
      windows.push_back({from, orphan.asked_all ? end : std::min(from + kMargin, today)});
    } else {
      windows.push_back({from, from + kMargin});
      windows.push_back({expiry - kMargin, end});
    }
  }
  orphan.asked = windows;
  for (const auto& w : windows) session_->ask_past(spec.symbol, w.from, w.to, now_);
}

/// Ticks are missing from the beginning of the span, or between two of them. The venue itself may
/// have none there: that is believed when it says so twice.
bool PaperVenue::has_hole(const deriv::PastTicks& past) const {
  const auto* symbol = symbols_.find(past.symbol);
  if (symbol == nullptr || symbol->interval_s == 0) return false;  // it ticks as it likes
  auto due = past.from + seconds(symbol->interval_s);
  for (const auto& tick : past.ticks) {
    if (tick.epoch > due) return true;
    due = tick.epoch + seconds(symbol->interval_s);
  }
  return false;
}

PaperVenue::Orphan* PaperVenue::orphan_of(const market::SymbolCode& symbol, const Window& window) {
  for (auto& orphan : orphans_) {
    const auto at = std::find(orphan.asked.begin(), orphan.asked.end(), window);
    if (!(orphan.contract.spec.symbol == symbol) || at == orphan.asked.end()) continue;
    orphan.asked.erase(at);
    return &orphan;
  }
  return nullptr;
}

void PaperVenue::on(const fact::Past& told) {
  const auto& past = told.past;
  auto* orphan = orphan_of(past.symbol, {past.from, past.to});
  if (orphan == nullptr) return;
  const bool inside = std::all_of(past.ticks.begin(), past.ticks.end(), [&](const auto& t) {
    return t.epoch >= past.from && t.epoch <= past.to;
  });
  if (!inside || past.ticks.size() + past.refused >= deriv::kMaxHistory) {
    orphan->trouble = "the venue does not have the ticks of then any more";
  } else if (past.refused > 0) {
    orphan->trouble = "the venue's past ticks have a quote that is none";
  } else if (past.ticks.empty() && clock() - past.from > kNoTickYet) {
    orphan->trouble = "the venue has no tick of then";
  } else if (past.refused > 0) {
    orphan->trouble = fmt::format("its past has what is no tick: {}", past.refusal);
  }
  orphan->doubtful = orphan->doubtful || !orphan->trouble.empty() || has_hole(past);
  if (inside) {
    for (const auto& t : past.ticks) {
      orphan->past.push_back({past.symbol, t.epoch, core::Price::raw(t.mantissa, past.decimals)});
    }
  }
  ask_more();
}

void PaperVenue::on(const fact::PastRefused& told) {
  auto* orphan = orphan_of(told.symbol, {told.from, told.to});
  if (orphan == nullptr) return;
  orphan->trouble = fmt::format("its past ticks are refused: {}", told.why);
  orphan->asks = kMaxAsks;  // it would be answered alike
  ask_more();
}

void PaperVenue::finish_recovery() {
  if (!recovering_) return;
  const bool waits = std::any_of(orphans_.begin(), orphans_.end(),
                                 [](const Orphan& o) { return !o.begun || !o.asked.empty(); });
  if (waits) return;
  bool again = false;
  for (auto& orphan : orphans_) {
    if (orphan.asks >= kMaxAsks || !(orphan.doubtful || is_undecided(orphan))) continue;
    orphan.begun = false;
    again = true;
  }
  if (again) return ask_more();
  recovering_ = false;
  auto orphans = std::exchange(orphans_, {});
  std::vector<venue::Change> changes;
  for (auto& orphan : orphans) adopt(orphan, changes);
  tell_changes(changes);
  const auto held = std::exchange(held_, {});
  for (const auto& tick : held) feed(tick);
  pay_due(clock());
}

/// Whether its whole past was asked for and does not say how it ended.
bool PaperVenue::is_undecided(Orphan& orphan) const {
  if (!orphan.asked_all) return false;
  const auto& contract = orphan.contract;
  sort_past(orphan);
  market::Life life(contract.spec, {contract.purchase_time, contract.stake, contract.payout},
                    symbols_.find(contract.spec.symbol));
  for (const auto& tick : orphan.past) life.on_tick(tick);
  life.on_time(clock());
  const bool stale = life.exit() && market::is_timed(contract.spec) &&
                     life.expiry() - life.exit()->epoch > kMargin;
  return !life.exit() || stale;
}

/// By time, each tick once; two answers may have told it twice, and not alike.
void PaperVenue::sort_past(Orphan& orphan) {
  auto& past = orphan.past;
  std::stable_sort(past.begin(), past.end(),
                   [](const auto& a, const auto& b) { return a.epoch < b.epoch; });
  past.erase(std::unique(past.begin(), past.end()), past.end());
  const auto twice = std::adjacent_find(
      past.begin(), past.end(), [](const auto& a, const auto& b) { return a.epoch == b.epoch; });
  if (twice == past.end()) return;
  orphan.trouble = fmt::format("the venue gave two quotes for {}: {} and {}", twice->epoch.s,
                               twice->quote.to_string(), std::next(twice)->quote.to_string());
}

void PaperVenue::adopt(Orphan& orphan, std::vector<venue::Change>& changes) {
  const auto& contract = orphan.contract;
  sort_past(orphan);
  if (orphan.trouble.empty() && is_undecided(orphan)) orphan.trouble = "its past ticks have a gap";
  if (!orphan.trouble.empty()) return give_back(orphan, orphan.trouble, changes);
  open_.insert(contract.id);
  book_->adopt(account_, contract, orphan.past, changes);
}

void PaperVenue::give_back(const Orphan& orphan, std::string_view why,
                           std::vector<venue::Change>& changes) {
  const auto& contract = orphan.contract;
  trader_.tell(
      fact::Notice{core::EventKind::kTickGap,
                   fmt::format("PAPER contract {} ({} {}) cannot be settled: {}; its stake of {} "
                               "is given back",
                               contract.id.value, market::name_of(contract.spec.type),
                               contract.spec.symbol, why, contract.stake.to_string())});
  open_.insert(contract.id);
  book_->adopt(account_, contract, {}, changes);
  book_->refund(contract.id, clock(), changes);
}

// ---- time and ticks ----

VenueTime PaperVenue::clock() const {
  return venue_time_ + std::chrono::duration_cast<seconds>(now_.instant - venue_time_at_);
}

void PaperVenue::on(const fact::Clock& told) {
  venue_time_ = told.time;
  venue_time_at_ = now_.instant;
  trader_.tell(told);
}

void PaperVenue::on(const fact::Tick& told) {
  const auto& tick = told.tick;
  if (!recovering_) {
    feed(tick);
    // What is due by this second is paid before anybody sees its tick, as in the back-test.
    pay_due(tick.epoch);
  } else if (held_.size() < kMaxHeld) {
    held_.push_back(tick);
  } else {
    session_->drop_past();
    rebuild(open_contracts(), book_->account(account_).balance);
    recover();
  }
  trader_.tell(told);
}

void PaperVenue::feed(const market::Tick& tick) {
  std::vector<venue::Change> changes;
  book_->on_tick(tick, changes);
  tell_changes(changes);
}

VenueTime PaperVenue::safe_until(VenueTime until) const {
  for (const auto id : open_) {
    const auto& c = *book_->find(id);
    if (c.phase != venue::Phase::kOpen || !market::is_timed(c.spec)) continue;
    const auto expiry = c.life.expiry();
    const auto last = book_->last_tick(c.spec.symbol);
    const bool behind = !last || last->epoch < expiry;
    if (behind && expiry < until && until - expiry <= kLateTick) until = expiry;
  }
  return until;
}

void PaperVenue::pay_due(VenueTime until) {
  if (recovering_) return;
  std::vector<venue::Change> changes;
  book_->on_time(safe_until(until), changes);
  tell_changes(changes);
}

void PaperVenue::tell_changes(const std::vector<venue::Change>& changes) {
  for (const auto& change : changes) {
    const auto& contract = *book_->find(change.contract);
    if (change.kind == venue::Change::Kind::kSettled) {
      settled(contract);
    } else if (contract.phase == venue::Phase::kOpen) {
      // As the venue's stream of the contract does at each tick.
      trader_.tell(fact::Contract{report_of(contract), false});
    }
  }
}

void PaperVenue::settled(const venue::Contract& contract) {
  next_transaction_ = std::max(next_transaction_, contract.sell_tx.value + 1);
  open_.erase(contract.id);
  settled_.push_back(contract);
  if (settled_.size() > kMaxSettled) settled_.pop_front();
  const auto balance = book_->account(account_).balance;
  trader_.tell(fact::Contract{report_of(contract), false});
  trader_.tell(fact::Transaction{transaction_of(contract, balance)});
  trader_.tell(fact::Balance{balance});
}

execution::ContractReport PaperVenue::report_of(const venue::Contract& c) const {
  execution::ContractReport out;
  out.contract = c.id;
  out.type = market::name_of(c.spec.type);
  out.symbol = c.spec.symbol;
  out.is_sold = c.phase == venue::Phase::kSettled;
  out.is_expired = c.phase != venue::Phase::kOpen;
  out.status = status_of(c);
  out.buy_price = c.stake;
  out.payout = c.payout;
  out.purchase_time = c.purchase_time;
  out.buy_tx = c.buy_tx;
  if (out.is_sold) {
    out.sell_price = c.sell_price;
    out.profit = c.profit();
    out.sell_time = c.sell_time;
    out.sell_tx = c.sell_tx;
  } else {
    out.bid_price = book_->bid(c, clock());
    out.can_sell = !book_->resale_refusal(c, clock());
    out.can_cancel = !book_->cancel_refusal(c, clock());
  }
  out.entry = c.life.entry();
  if (market::has_payout(c.spec.type)) {
    out.expiry = c.life.expiry();
    out.exit = c.life.exit();
  }
  return out;
}

// ---- orders ----

std::string_view PaperVenue::obstacle() const {
  if (state_ != deriv::SessionState::kLive) return "the session is not live";
  if (recovering_) return "the past of open contracts is being asked for";
  if (waiting_.size() >= kMaxWaiting) return "too many orders are waiting for their answer";
  return {};
}

void PaperVenue::after_latency(Job job) {
  if (settings_.latency.count() == 0) {
    std::visit([this](const auto& j) { perform(j); }, job);
  } else {
    waiting_.push_back({now_.instant + settings_.latency, std::move(job)});
  }
}

void PaperVenue::quote(core::OrderId order, const market::ContractSpec& spec, core::Money stake,
                       const core::Now& now, const core::Name&) {
  now_ = now;
  if (const auto why = obstacle(); !why.empty()) {
    return trader_.tell(fact::QuoteRefused{order, not_sent(why)});
  }
  after_latency(QuoteJob{order, spec, stake});
}

void PaperVenue::buy(core::OrderId order, const market::ContractSpec& spec, core::Money stake,
                     std::string_view, const core::Now& now, const core::Name&) {
  now_ = now;
  if (const auto why = obstacle(); !why.empty()) {
    return trader_.tell(fact::Refused{order, not_sent(why)});
  }
  after_latency(BuyJob{order, spec, stake});
}

void PaperVenue::sell(core::ContractId contract, const core::Now& now) {
  now_ = now;
  if (const auto why = obstacle(); !why.empty()) {
    return trader_.tell(fact::SellFailed{contract, execution::kNotSent, why});
  }
  after_latency(SellJob{contract, false});
}

void PaperVenue::cancel(core::ContractId contract, const core::Now& now) {
  now_ = now;
  if (const auto why = obstacle(); !why.empty()) {
    return trader_.tell(fact::SellFailed{contract, execution::kNotSent, why});
  }
  after_latency(SellJob{contract, true});
}

void PaperVenue::poll(core::ContractId contract, const core::Now& now) {
  now_ = now;
  if (waiting_.size() < kMaxWaiting) after_latency(PollJob{contract});
}

void PaperVenue::ask_report(VenueTime since, const core::Now& now) {
  now_ = now;
  const bool asked = report_since_.has_value();
  report_since_ = asked ? std::min(*report_since_, since) : since;
  // Never at once: what the trader is about to write comes first.
  if (!asked) waiting_.push_back({now_.instant + settings_.latency, ReportJob{}});
}

void PaperVenue::perform(const QuoteJob& job) {
  const bool of_payout = job.spec.basis == market::Basis::kPayout;
  const auto amount = std::optional(job.stake);
  const auto quote = of_payout ? book_->quote(job.spec, std::nullopt, amount, clock())
                               : book_->quote(job.spec, amount, std::nullopt, clock());
  if (!quote) {
    return trader_.tell(fact::QuoteRefused{job.order, refusal_of(quote.error())});
  }
  trader_.tell(fact::Quoted{
      deriv::Quote{job.order, fmt::format("paper-{}", job.order.value), quote->stake, quote->payout,
                   quote->fee.is_zero() ? std::nullopt : std::optional(quote->fee)}});
}

void PaperVenue::perform(const BuyJob& job) {
  const auto refuse = [&](const venue::Refusal& refusal) {
    trader_.tell(fact::Refused{job.order, refusal_of(refusal)});
  };
  // With a deal cancellation: for the fee that it was quoted with, which is a part of the price.
  const auto at_stake = market::stake_in(job.spec, job.stake);
  const auto quote = book_->quote(job.spec, at_stake, std::nullopt, clock());
  if (!quote) return refuse(quote.error());
  const auto id = book_->buy(account_, job.spec, job.stake, quote->payout, clock());
  if (!id) return refuse(id.error());
  const auto& c = *book_->find(*id);
  next_contract_ = c.id.value + 1;
  next_transaction_ = std::max(next_transaction_, c.buy_tx.value + 1);
  open_.insert(c.id);
  const auto balance = book_->account(account_).balance;
  execution::Bought bought;
  bought.contract = c.id;
  bought.transaction = c.buy_tx;
  bought.buy_price = c.stake;
  bought.payout = c.payout;
  bought.purchase_time = c.purchase_time;
  bought.balance_after = balance;
  trader_.tell(fact::Bought{job.order, bought});
  trader_.tell(fact::Transaction{transaction_of(c, balance)});
  trader_.tell(fact::Balance{balance});
}

void PaperVenue::perform(const SellJob& job) {
  const auto price = job.cancel ? book_->cancel(account_, job.contract, clock())
                                : book_->sell(account_, job.contract, clock());
  if (!price) {
    return trader_.tell(
        fact::SellFailed{job.contract, code_of(price.error().kind), price.error().text});
  }
  trader_.tell(fact::Sold{job.contract, *price});
  settled(*book_->find(job.contract));
}

void PaperVenue::perform(const PollJob& job) {
  const auto* contract = book_->find(job.contract);
  if (contract != nullptr) trader_.tell(fact::Contract{report_of(*contract), true});
}

void PaperVenue::perform(const ReportJob&) {
  execution::VenueReport out;
  out.since = report_since_.value_or(VenueTime{});
  report_since_.reset();
  out.as_of = clock();
  out.balance = book_->account(account_).balance;
  for (const auto id : open_) out.portfolio.push_back(paper_row_of(*book_->find(id)));
  for (const auto& c : settled_) {
    if (c.sell_time >= out.since) out.profit_table.push_back(paper_row_of(c));
  }
  trader_.tell(fact::Report{out});
}

std::optional<core::Instant> PaperVenue::pay_deadline() const {
  if (recovering_ || state_ < deriv::SessionState::kReconciling) return std::nullopt;
  const auto due = book_->next_due();
  if (!due) return std::nullopt;
  // Ticks move the book; only when they stay away must time do it, later than any of them.
  return venue_time_at_ + (*due - venue_time_) + kLateTick + seconds{1};
}

std::optional<core::Instant> PaperVenue::next_deadline() const {
  auto at = pay_deadline();
  if (waiting_.empty()) return at;
  const bool blocked = recovering_ && std::holds_alternative<ReportJob>(waiting_.front().job);
  if (!blocked && (!at || waiting_.front().at < *at)) at = waiting_.front().at;
  return at;
}

void PaperVenue::on_deadline(const core::Now& now) {
  now_ = now;
  while (!waiting_.empty() && waiting_.front().at <= now.instant) {
    // The report comes when everything open is known again.
    if (recovering_ && std::holds_alternative<ReportJob>(waiting_.front().job)) break;
    const auto job = std::move(waiting_.front().job);
    waiting_.pop_front();
    std::visit([this](const auto& j) { perform(j); }, job);
  }
  if (const auto due = pay_deadline(); due && *due <= now.instant) pay_due(clock());
}

// ---- the session ----

void PaperVenue::on_fact(const deriv::Fact& fact) {
  std::visit(
      [&]<class Told>(const Told& told) {
        if constexpr (requires { this->on(told); }) {
          on(told);
        } else if constexpr (!fact::is_of_account<Told>) {
          trader_.on_fact(fact);
        }
      },
      fact);
}

void PaperVenue::on(const fact::State& told) {
  const auto state = told.state;
  const auto before = std::exchange(state_, state);
  const bool on_line = state >= deriv::SessionState::kReconciling;
  if (before >= deriv::SessionState::kReconciling && !on_line) {
    waiting_.clear();
    report_since_.reset();
    session_->drop_past();
    rebuild(open_contracts(), book_->account(account_).balance);
  }
  if (state == deriv::SessionState::kReconciling) recover();
  trader_.tell(told);
}

void PaperVenue::on(const fact::Account& told) {
  auto account = told.account;  // its currency
  account.id = kPaperAccount;
  account.balance = book_->account(account_).balance;
  trader_.tell(fact::Account{account});
}

}  // namespace derivd::daemon
