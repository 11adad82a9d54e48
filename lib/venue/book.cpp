#include "venue/book.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "core/check.hpp"
#include "market/kind.hpp"
#include "market/multiplier.hpp"
#include "venue/amounts.hpp"

namespace derivd::venue {
namespace {

using core::ContractId;
using core::Money;
using core::VenueTime;
using market::ContractSpec;
using market::SymbolInfo;
using market::Tick;

constexpr std::size_t kShownTicks = 10;

Refusal refuse(RefusalKind kind, std::string text) { return {kind, std::move(text)}; }

RefusalKind refusal_for(market::SpecFault fault) {
  switch (fault) {
    case market::SpecFault::kSymbol:
      return RefusalKind::kUnknownSymbol;
    case market::SpecFault::kDuration:
      return RefusalKind::kDuration;
    case market::SpecFault::kPrediction:
      return RefusalKind::kPrediction;
    case market::SpecFault::kBarrier:
      return RefusalKind::kBarrier;
    case market::SpecFault::kMultiplier:
      return RefusalKind::kMultiplier;
  }
  DERIVD_CHECK(false, "a fault without a refusal");
}

Refusal no_quotes(const market::SymbolCode& symbol) {
  return refuse(RefusalKind::kNoQuoteYet,
                fmt::format("Realtime quotes not available for {}.", symbol));
}

/// Its price rests on the walk of the quotes, which a volatility describes.
bool off_the_money(const ContractSpec& spec) {
  const auto& barrier = spec.barriers[0];
  const bool at_entry =
      barrier.form == market::Barrier::Form::kOffset && barrier.value.mantissa() == 0;
  return market::has_levels(spec.type) && !at_entry;
}

std::optional<Refusal> spec_refusal(const ContractSpec& spec, const SymbolInfo* symbol) {
  if (symbol == nullptr) {
    return refuse(RefusalKind::kUnknownSymbol, fmt::format("Symbol {} invalid.", spec.symbol));
  }
  if (auto problem = market::problem_of(spec, *symbol)) {
    return refuse(refusal_for(problem->fault), std::move(problem->text));
  }
  if (off_the_money(spec) && symbol->sigma_percent == 0) {
    return refuse(RefusalKind::kBarrier,
                  fmt::format("Barriers on {} cannot be priced here.", symbol->code));
  }
  const auto& kind = market::kind_of(spec.type);
  const bool walks = kind.needs.growth || kind.entry == market::EntryRule::kKnown;
  if (walks && symbol->sigma_percent == 0) {
    return refuse(RefusalKind::kUnknownSymbol,
                  fmt::format("{} on {} cannot be priced here.", kind.name, symbol->code));
  }
  return std::nullopt;
}

/// A strike may be a distance below the quote that is more than the quote.
std::optional<Refusal> level_refusal(const ContractSpec& spec, core::Price spot) {
  const auto level = market::price_to_beat(spec, spot);
  if (!level || level->mantissa() > 0) return std::nullopt;
  return refuse(RefusalKind::kBarrier, "Invalid barrier.");
}

Outcome outcome_of(market::End end) {
  switch (end) {
    case market::End::kWon:
    case market::End::kTakeProfit:
      return Outcome::kWon;
    case market::End::kLost:
    case market::End::kKnockedOut:
    case market::End::kStopOut:
    case market::End::kStopLoss:
      return Outcome::kLost;
    case market::End::kCancelled:
      return Outcome::kCancelled;
    case market::End::kSold:
    case market::End::kExpiredEmpty:
      return Outcome::kSold;
  }
  DERIVD_CHECK(false, "an end without an outcome");
}

}  // namespace

struct Book::Impl {
  /// Contracts by the second at which something is due, equal seconds by id.
  using Agenda = std::set<std::pair<VenueTime, ContractId>>;

  Options options;
  std::int64_t next_contract;
  std::int64_t next_transaction;
  std::vector<Account> accounts;
  std::vector<std::vector<ContractId>> owned;  // by account
  std::deque<Contract> contracts;              // ids are consecutive: index = id − first
  std::map<ContractId, Contract> adopted;      // ids below those
  std::unordered_map<market::SymbolCode, Tick> last_ticks;
  std::unordered_map<market::SymbolCode, std::vector<ContractId>> running;  // rising ids
  Agenda expiries;                                                          // running and timed
  Agenda payments;                                                          // decided, unpaid

  explicit Impl(const Options& o)
      : options(o), next_contract(o.first_contract_id), next_transaction(o.first_transaction_id) {
    DERIVD_CHECK(o.first_contract_id > 0 && o.first_transaction_id > 0, "ids start above zero");
    DERIVD_CHECK(o.settle_delay_s >= 0, "a payment cannot precede its exit");
  }

  Contract* find(ContractId id) {
    const auto index = id.value - options.first_contract_id;
    if (index < 0) {
      const auto it = adopted.find(id);
      return it == adopted.end() ? nullptr : &it->second;
    }
    if (index >= static_cast<std::int64_t>(contracts.size())) return nullptr;
    return &contracts[static_cast<std::size_t>(index)];
  }

  Account& account(AccountIndex index) {
    DERIVD_CHECK(index < accounts.size(), "no such account");
    return accounts[index];
  }

  const Tick* last_tick(const market::SymbolCode& symbol) const {
    const auto it = last_ticks.find(symbol);
    return it == last_ticks.end() ? nullptr : &it->second;
  }

  bool feed(Contract& c, const Tick& tick, std::vector<Change>& out);
  void conclude(Contract& c, std::vector<Change>& out);
  void pay(Contract& c, Money amount, VenueTime when);
  void forget_running(const Contract& c);
};

// Returns true when the tick ended the contract.
bool Book::Impl::feed(Contract& c, const Tick& tick, std::vector<Change>& out) {
  const bool had_entry = c.life.entry().has_value();
  const auto before = c.life.last();
  c.life.on_tick(tick);
  if (c.life.last() != before) {
    const auto& needs = market::kind_of(c.spec.type).needs;
    if (needs.growth || (needs.has_length() && c.spec.duration.in_ticks())) {
      c.stream.push_back(tick);
    }
    // Of an accumulator the venue shows the last ticks alone (contracts.md section 1.1).
    if (needs.growth && c.stream.size() > kShownTicks) c.stream.erase(c.stream.begin());
    out.push_back({had_entry ? Change::Kind::kTick : Change::Kind::kEntered, c.id});
  }
  if (!c.life.is_over()) return false;
  conclude(c, out);
  return true;
}

// Its life is over; it was running until now.
void Book::Impl::conclude(Contract& c, std::vector<Change>& out) {
  DERIVD_CHECK(c.phase == Phase::kOpen, "a contract is decided once");
  if (market::is_timed(c.spec)) expiries.erase({c.life.expiry(), c.id});
  c.phase = Phase::kExpired;
  c.outcome = outcome_of(c.life.ended()->how);
  c.settle_due = c.life.ended()->when + std::chrono::seconds{options.settle_delay_s};
  payments.emplace(c.settle_due, c.id);
  out.push_back({Change::Kind::kExpired, c.id});
}

void Book::Impl::pay(Contract& c, Money amount, VenueTime when) {
  DERIVD_CHECK(c.phase != Phase::kSettled, "a contract is paid once");
  c.phase = Phase::kSettled;
  c.sell_price = amount;
  c.sell_time = when;
  c.sell_tx = {next_transaction++};
  account(c.account).balance += amount;
}

void Book::Impl::forget_running(const Contract& c) {
  std::erase(running[c.spec.symbol], c.id);
  if (market::is_timed(c.spec)) expiries.erase({c.life.expiry(), c.id});
}

Book::Book(Options options) : impl_(new Impl(options)) {}

void Book::ImplDelete::operator()(Impl* impl) const { delete impl; }

AccountIndex Book::add_account(std::string name, Money balance) {
  impl_->accounts.push_back({std::move(name), balance});
  impl_->owned.emplace_back();
  return static_cast<AccountIndex>(impl_->accounts.size() - 1);
}

const Account& Book::account(AccountIndex index) const { return impl_->account(index); }

void Book::set_balance(AccountIndex index, Money balance) {
  impl_->account(index).balance = balance;
}

void Book::learn(const market::Symbols& symbols) { impl_->options.symbols = symbols; }

std::optional<Tick> Book::last_tick(const market::SymbolCode& symbol) const {
  const auto* tick = impl_->last_tick(symbol);
  return tick == nullptr ? std::nullopt : std::optional(*tick);
}

boost::system::result<Quote, Refusal> Book::quote(const ContractSpec& spec,
                                                  std::optional<Money> stake,
                                                  std::optional<Money> payout,
                                                  VenueTime now) const {
  DERIVD_CHECK(stake.has_value() != payout.has_value(), "a quote needs a stake or a payout");
  const auto* symbol = impl_->options.symbols.find(spec.symbol);
  if (auto refusal = spec_refusal(spec, symbol)) return *refusal;
  const auto* last = impl_->last_tick(spec.symbol);
  if (last == nullptr) {
    return no_quotes(spec.symbol);
  }
  Quote out;
  out.spot = last->quote;
  out.spot_time = last->epoch;
  out.expiry = market::nominal_expiry(spec, now, symbol);
  if (!market::has_payout(spec.type)) {
    if (!stake) {
      return refuse(RefusalKind::kMultiplier, "Basis must be stake for this contract.");
    }
    if (auto refusal = level_refusal(spec, out.spot)) return *refusal;
    out.stake = *stake;
    out.payout = Money::minor(0, stake->exponent());
    if (market::has_cancellation(spec) && stake->units() > 0) {
      const auto fee = market::modelled_fee(spec, *symbol, *stake);
      if (!fee) {
        return refuse(RefusalKind::kMultiplier,
                      "Deal cancellation is not available for this asset.");
      }
      out.fee = *fee;
      out.stake += *fee;
    }
  } else if (const auto& known = impl_->options.quotes; known != nullptr && known->has(spec)) {
    out.stake = stake ? *stake : known->price(spec, *payout, now);
    out.payout = payout ? *payout : known->payout(spec, *stake, now);
  } else {
    const auto& model = impl_->options.prices;
    out.stake = stake ? *stake : market::stake_for(spec, *symbol, *payout, out.spot, model, now);
    out.payout = payout ? *payout : market::payout_for(spec, *symbol, *stake, out.spot, model, now);
  }
  if (auto refusal = amount_refusal(spec, stake ? *stake : out.stake, out.payout)) return *refusal;
  if (market::has_payout(spec.type) && out.payout <= out.stake) {
    return refuse(RefusalKind::kNoReturn, "This contract offers no return.");
  }
  return out;
}

boost::system::result<ContractId, Refusal> Book::buy(AccountIndex account, const ContractSpec& spec,
                                                     Money stake, Money payout, VenueTime now) {
  auto& owner = impl_->account(account);
  const auto* symbol = impl_->options.symbols.find(spec.symbol);
  if (auto refusal = spec_refusal(spec, symbol)) return *refusal;
  const auto* last = impl_->last_tick(spec.symbol);
  if (last == nullptr) {
    return no_quotes(spec.symbol);
  }
  const auto at_stake = market::stake_in(spec, stake);
  if (auto refusal = amount_refusal(spec, at_stake, payout)) return *refusal;
  if (!market::has_payout(spec.type)) {
    if (auto refusal = level_refusal(spec, last->quote)) return *refusal;
  }
  if (stake > owner.balance) {
    return refuse(RefusalKind::kInsufficientBalance,
                  fmt::format("Your account balance ({} {}) is insufficient to buy this contract "
                              "({} {}).",
                              owner.balance.to_string(), impl_->options.currency, stake.to_string(),
                              impl_->options.currency));
  }
  Contract c;
  c.id = {impl_->next_contract++};
  c.account = account;
  c.spec = spec;
  c.stake = stake;
  c.payout = payout;
  c.purchase_time = now;
  c.buy_tx = {impl_->next_transaction++};
  c.entry_spot = last->quote;
  if (!market::has_payout(spec.type)) c.payout = Money::minor(0, stake.exponent());
  c.life = market::Life(spec, {now, at_stake, c.payout, *last}, symbol);
  if (market::is_timed(spec)) impl_->expiries.emplace(c.life.expiry(), c.id);
  owner.balance -= stake;
  impl_->owned[account].push_back(c.id);
  impl_->running[spec.symbol].push_back(c.id);
  impl_->contracts.push_back(std::move(c));
  return impl_->contracts.back().id;
}

void Book::adopt(AccountIndex account, const Adopted& from, std::span<const Tick> past,
                 std::vector<Change>& out) {
  DERIVD_CHECK(from.id.value > 0 && from.id.value < impl_->options.first_contract_id,
               "an adopted contract is older than the book");
  DERIVD_CHECK(market::has_payout(from.spec.type), "only what has a payout is taken over");
  impl_->account(account);
  Contract fresh;
  fresh.id = from.id;
  fresh.account = account;
  fresh.spec = from.spec;
  fresh.stake = from.stake;
  fresh.payout = from.payout;
  fresh.purchase_time = from.purchase_time;
  fresh.buy_tx = from.buy_tx;
  if (!past.empty()) fresh.entry_spot = past.front().quote;
  fresh.life = market::Life(from.spec, {from.purchase_time, from.stake, from.payout},
                            impl_->options.symbols.find(from.spec.symbol));
  const auto [at, is_new] = impl_->adopted.emplace(from.id, std::move(fresh));
  DERIVD_CHECK(is_new, "a contract is taken over once");
  auto& c = at->second;
  impl_->owned[account].push_back(c.id);
  if (market::is_timed(c.spec)) impl_->expiries.emplace(c.life.expiry(), c.id);
  for (const auto& tick : past) {
    if (impl_->feed(c, tick, out)) return;
  }
  auto& running = impl_->running[c.spec.symbol];
  running.insert(std::lower_bound(running.begin(), running.end(), c.id), c.id);
}

void Book::refund(ContractId id, VenueTime now, std::vector<Change>& out) {
  auto* c = impl_->find(id);
  DERIVD_CHECK(c != nullptr && c->phase == Phase::kOpen, "only what is open is refunded");
  impl_->forget_running(*c);
  c->life.end(market::End::kExpiredEmpty, now, c->stake);
  c->outcome = Outcome::kSold;
  impl_->pay(*c, c->stake, now);
  out.push_back({Change::Kind::kSettled, id});
}

std::optional<Refusal> Book::resale_refusal(const Contract& c, VenueTime now) const {
  if (c.phase == Phase::kSettled) {
    return Refusal{RefusalKind::kAlreadySettled, "This contract has been sold."};
  }
  const bool timed = market::is_timed(c.spec);
  if (c.phase == Phase::kExpired || (timed && now >= c.life.expiry())) {
    return Refusal{RefusalKind::kAlreadySettled, "The contract has expired."};
  }
  // Without a known volatility a running option has no fair price to pay.
  const bool priced = impl_->options.symbols.get(c.spec.symbol).sigma_percent != 0;
  if (!market::is_resold(c.spec) || (market::has_payout(c.spec.type) && !priced)) {
    return Refusal{RefusalKind::kResaleNotOffered, "Resale of this contract is not offered."};
  }
  if (!c.life.entry()) return Refusal{RefusalKind::kResaleNotOffered, "Waiting for entry tick."};
  if (market::kind_of(c.spec.type).needs.growth && c.life.ticks_passed() == 0) {
    return Refusal{RefusalKind::kResaleNotOffered, "Contract cannot be sold at entry tick."};
  }
  // As captured: nobody sells for less than what comes back anyway.
  if (!cancel_refusal(c, now) && bid(c, now) < c.life.purchase().stake) {
    return Refusal{RefusalKind::kCancelIsBetter,
                   "The spot price has moved. We have not closed this contract because your profit "
                   "is negative and deal cancellation is active. Cancel your contract to get your "
                   "full stake back."};
  }
  return std::nullopt;
}

std::optional<Refusal> Book::cancel_refusal(const Contract& c, VenueTime now) const {
  if (!market::has_cancellation(c.spec)) {
    return Refusal{RefusalKind::kNoCancellation,
                   "This contract does not include deal cancellation. Your contract can only be "
                   "cancelled when you select deal cancellation in your purchase."};
  }
  if (c.phase != Phase::kOpen) {
    return Refusal{RefusalKind::kAlreadySettled, "This contract has been sold."};
  }
  if (!market::can_cancel(c.spec, c.purchase_time, now)) {
    return Refusal{
        RefusalKind::kCancellationOver,
        "Deal cancellation period has expired. Your contract can only be cancelled while "
        "deal cancellation is active."};
  }
  return std::nullopt;
}

boost::system::result<Money, Refusal> Book::cancel(AccountIndex account, ContractId id,
                                                   VenueTime now) {
  auto* c = impl_->find(id);
  if (c == nullptr || c->account != account) {
    return refuse(RefusalKind::kNotFound, "This contract was not found among your open positions.");
  }
  if (auto refusal = cancel_refusal(*c, now)) return *refusal;
  const auto back = c->life.purchase().stake;
  impl_->forget_running(*c);
  c->life.end(market::End::kCancelled, now, back);
  c->outcome = Outcome::kCancelled;
  impl_->pay(*c, back, now);
  return back;
}

boost::system::result<Money, Refusal> Book::sell(AccountIndex account, ContractId id,
                                                 VenueTime now) {
  auto* c = impl_->find(id);
  if (c == nullptr || c->account != account) {
    return refuse(RefusalKind::kNotFound, "This contract was not found among your open positions.");
  }
  if (auto refusal = resale_refusal(*c, now)) return *refusal;
  const auto price = bid(*c, now);
  impl_->forget_running(*c);
  c->life.end(market::End::kSold, now, price);
  c->outcome = Outcome::kSold;
  impl_->pay(*c, price, now);
  return price;
}

Money Book::bid(const Contract& contract, VenueTime now) const {
  if (contract.phase == Phase::kSettled) return contract.sell_price;
  return market::bid_for(impl_->options.symbols.get(contract.spec.symbol), contract.life, now,
                         impl_->options.prices, contract.entry_spot);
}

void Book::on_tick(const Tick& tick, std::vector<Change>& out) {
  if (tick.quote.mantissa() <= 0) return;  // no price: nothing settles on it
  const auto [known, first] = impl_->last_ticks.try_emplace(tick.symbol, tick);
  if (!first) {
    if (tick.epoch <= known->second.epoch) return;
    known->second = tick;
  }
  const auto it = impl_->running.find(tick.symbol);
  if (it == impl_->running.end()) return;
  std::erase_if(it->second,
                [&](ContractId id) { return impl_->feed(*impl_->find(id), tick, out); });
}

void Book::on_time(VenueTime now, std::vector<Change>& out) {
  auto& expiries = impl_->expiries;
  while (!expiries.empty() && expiries.begin()->first < now) {
    auto& c = *impl_->find(expiries.begin()->second);
    c.life.on_time(now);
    std::erase(impl_->running[c.spec.symbol], c.id);
    impl_->conclude(c, out);
  }
  auto& payments = impl_->payments;
  while (!payments.empty() && payments.begin()->first <= now) {
    const auto [due, id] = *payments.begin();
    payments.erase(payments.begin());
    auto& c = *impl_->find(id);
    impl_->pay(c, c.life.ended()->pays, due);
    out.push_back({Change::Kind::kSettled, id});
  }
}

std::optional<VenueTime> Book::next_due() const {
  std::optional<VenueTime> due;
  if (!impl_->payments.empty()) due = impl_->payments.begin()->first;
  if (!impl_->expiries.empty()) {
    const auto after = impl_->expiries.begin()->first + std::chrono::seconds{1};
    due = due ? std::min(*due, after) : after;
  }
  return due;
}

const Contract* Book::find(ContractId id) const { return impl_->find(id); }

const std::vector<ContractId>& Book::contracts_of(AccountIndex account) const {
  impl_->account(account);
  return impl_->owned[account];
}

}  // namespace derivd::venue
