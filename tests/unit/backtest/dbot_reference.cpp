#include "unit/backtest/dbot_reference.hpp"

#include <fmt/format.h>

#include <array>

#include "core/check.hpp"
#include "core/decimal.hpp"
#include "market/kind.hpp"
#include "market/symbol.hpp"
#include "strategy/program_spec.hpp"
#include "venue/book.hpp"

namespace derivd::backtest::test {
namespace {

using venue::Phase;

constexpr std::size_t kChunk = 4096;

/// Section 7: what the venue answers to each.
std::string_view code_of(venue::RefusalKind kind) {
  using enum venue::RefusalKind;
  switch (kind) {
    case kInsufficientBalance:
      return "InsufficientBalance";
    case kStakeTooSmall:
    case kPayoutTooLarge:
    case kNoReturn:
      return "ContractBuyValidationError";
    case kUnknownSymbol:
    case kNoQuoteYet:
    case kDuration:
    case kPrediction:
    case kBarrier:
    case kMultiplier:
    case kNotFound:
    case kResaleNotOffered:
    case kAlreadySettled:
    case kNoCancellation:  // no program asks for one
    case kCancellationOver:
    case kCancelIsBetter:
      return "OfferingsValidationError";
  }
  return "OfferingsValidationError";
}

class Run final {
 public:
  Run(const ReferenceOptions& options, const market::SymbolInfo& symbol, const OnTrade& on_trade,
      const OnSaid& on_message)
      : options_(options),
        symbol_(symbol),
        on_trade_(on_trade),
        on_message_(on_message),
        book_(book_options()),
        account_(book_.add_account("dbot", options.balance)),
        machine_(options.program, settings()) {}

  core::Result<ReferenceResult> over(market::TickSource& source) {
    std::array<market::TickRow, kChunk> rows;
    while (true) {
      const auto n = source.read(rows);
      if (!n) return n.error();
      if (*n == 0) break;
      for (std::size_t i = 0; i < *n; ++i) {
        step(
            {options_.symbol, rows[i].epoch, core::Price::raw(rows[i].mantissa, symbol_.decimals)});
      }
    }
    result_.open = contract_ ? 1 : 0;
    result_.balance = book_.account(account_).balance;
    return result_;
  }

 private:
  static venue::Book::Options book_options() {
    venue::Book::Options out;
    out.settle_delay_s = 0;
    return out;
  }
  dbot::Settings settings() const {
    dbot::Settings out;
    out.answers = options_.answers;
    out.seed = options_.seed;
    out.pip = symbol_.decimals;
    out.growth_barriers = strategy::growth_barriers_of(symbol_);
    return out;
  }

  void step(const market::Tick& tick) {
    ++result_.ticks;
    changes_.clear();
    if (result_.ticks > options_.warmup) pass_time(tick.epoch);
    opened_now_ = false;  // a purchase between two ticks is told of at the next one
    now_ms_ = tick.epoch.s * 1000;
    tick_ = tick;
    book_.on_tick(tick, changes_);
    if (result_.ticks < options_.warmup) return machine_.prime(tick.epoch, tick.quote);
    machine_.balance(book_.account(account_).balance);
    if (result_.ticks == options_.warmup) {
      machine_.prime(tick.epoch, tick.quote);
      result_.started = true;
      machine_.start(now_ms_, wishes_);
      return perform();
    }
    machine_.on_tick(tick.epoch, tick.quote, now_ms_, wishes_);
    perform();
    book_.on_time(tick.epoch, changes_);
    settle();
    // What is still open is told with its value, as the venue does at each tick.
    if (contract_) update();
  }

  /// Sleeps that are over and contracts that end by the clock, in the order of time, up to a tick.
  void pass_time(core::VenueTime epoch) {
    while (true) {
      const auto sleep = machine_.next_deadline();
      const auto due = ends_at();
      const bool sleeps = sleep && *sleep <= epoch.s * 1000;
      const bool settles = due && *due < epoch;
      if (!sleeps && !settles) return;
      if (settles && (!sleeps || due->s * 1000 <= *sleep)) {
        // It ends at its expiry; the book decides it once that second has passed without a tick.
        now_ms_ = std::max(now_ms_, due->s * 1000);
        book_.on_time({due->s + 1}, changes_);
        settle();
        changes_.clear();
        continue;
      }
      now_ms_ = std::max(now_ms_, *sleep);
      machine_.balance(book_.account(account_).balance);
      machine_.on_time(*sleep, wishes_);
      perform();
    }
  }

  /// When the open contract ends, if the clock ends it.
  std::optional<core::VenueTime> ends_at() const {
    if (!contract_) return std::nullopt;
    const auto& life = book_.find(*contract_)->life;
    return market::is_timed(life.spec()) ? std::optional(life.expiry()) : std::nullopt;
  }

  void perform() {
    for (std::size_t i = 0; i < wishes_.size(); ++i) {
      const dbot::Wish wish = wishes_[i];
      if (const auto* b = std::get_if<dbot::Buy>(&wish)) buy(*b);
      if (std::holds_alternative<dbot::Sell>(wish)) sell();
      if (const auto* a = std::get_if<dbot::AskQuotes>(&wish)) quote(*a);
      if (const auto* m = std::get_if<dbot::Message>(&wish)) tell(*m);
      if (const auto* s = std::get_if<dbot::Stopped>(&wish)) result_.stopped = *s;
    }
    wishes_.clear();
  }

  void tell(const dbot::Message& m) {
    ++result_.messages;
    if (on_message_) on_message_({now_ms_ / 1000}, m);
  }

  void buy(const dbot::Buy& wish) {
    const auto spec = strategy::spec_of(wish, symbol_);
    if (!spec) return machine_.refused(spec.error().code, spec.error().text, now_ms_, wishes_);
    const core::VenueTime start{now_ms_ / 1000};
    const bool quoted = market::has_payout(spec->type);
    if (quoted && !options_.payouts.has(*spec)) {
      return machine_.refused("OfferingsValidationError",
                              fmt::format("no payout of {} is known", wish.type), now_ms_, wishes_);
    }
    if (wish.basis_payout) {
      return machine_.refused("OfferingsValidationError",
                              "a payout as the basis is not offered in a back-test", now_ms_,
                              wishes_);
    }
    const auto payout = quoted ? options_.payouts.payout(*spec, wish.stake, tick_)
                               : core::Money::minor(0, wish.stake.exponent());
    const auto id = book_.buy(account_, *spec, wish.stake, payout, start);
    if (!id) {
      return machine_.refused(code_of(id.error().kind), id.error().text, now_ms_, wishes_);
    }
    contract_ = *id;
    signal_ = tick_.epoch;
    machine_.balance(book_.account(account_).balance);
    machine_.opened({book_.find(*id)->buy_tx.value, wish.stake}, now_ms_, wishes_);
    // The first word of the venue about the contract follows the purchase.
    opened_now_ = true;
    if (machine_.running()) first_update();
  }

  void first_update() {
    dbot::Update u;
    const auto* c = book_.find(*contract_);
    u.bid = book_.bid(*c, {now_ms_ / 1000});
    machine_.updated(u, now_ms_, wishes_);
  }

  void update() {
    if (opened_now_) {
      opened_now_ = false;  // it was told with its purchase, at this very tick
      return;
    }
    const auto* c = book_.find(*contract_);
    dbot::Update u;
    u.bid = book_.bid(*c, tick_.epoch);
    u.can_sell = !book_.resale_refusal(*c, tick_.epoch);
    if (c->life.entry()) {
      u.entry_time = c->life.entry()->epoch;
      u.entry = c->life.entry()->quote;
    }
    machine_.updated(u, now_ms_, wishes_);
    perform();
  }

  void sell() {
    if (!contract_) return machine_.not_sold("no contract is open", now_ms_, wishes_);
    const auto price = book_.sell(account_, *contract_, {now_ms_ / 1000});
    if (!price) return machine_.not_sold(price.error().text, now_ms_, wishes_);
    machine_.sold(now_ms_, wishes_);
    end();
  }

  void quote(const dbot::AskQuotes& ask) {
    std::map<std::string, dbot::Quoted, std::less<>> quotes;
    for (const auto& wish : ask.of) {
      const auto spec = strategy::spec_of(wish, symbol_);
      if (!spec || !market::has_payout(spec->type) || !options_.payouts.has(*spec)) continue;
      quotes[wish.type] = {wish.stake, options_.payouts.payout(*spec, wish.stake, tick_)};
    }
    machine_.quoted(quotes, now_ms_, wishes_);
  }

  void settle() {
    for (const auto& change : changes_) {
      if (change.kind != venue::Change::Kind::kSettled) continue;
      if (contract_ && change.contract == *contract_) end();
    }
    perform();
  }

  /// The contract is paid: it is counted, then the program hears of it.
  void end() {
    const auto* c = book_.find(*contract_);
    DERIVD_CHECK(c != nullptr && c->phase == Phase::kSettled, "a contract ends when it is paid");
    contract_.reset();
    opened_now_ = false;
    result_.sums.add(c->stake, c->profit());
    dbot::Ended e;
    e.sell_price = c->sell_price;
    Trade trade;
    trade.n = ++trades_;
    trade.settled_n = trades_;
    trade.type = c->spec.type;
    trade.signal_epoch = signal_;
    trade.purchase_epoch = c->purchase_time;
    trade.settled_epoch = {now_ms_ / 1000};
    trade.stake = c->stake;
    trade.payout = c->payout;
    trade.profit = c->profit();
    if (const auto& entry = c->life.entry()) {
      e.entry_time = trade.entry_epoch = entry->epoch;
      e.entry = trade.entry = entry->quote;
    }
    if (const auto& exit = c->life.exit() ? c->life.exit() : c->life.last()) {
      e.exit_time = trade.exit_epoch = exit->epoch;
      e.exit = trade.exit = exit->quote;
    }
    if (const auto barrier = c->life.barrier_price()) e.barrier = barrier->to_double();
    if (const int digit = c->spec.digit(); digit >= 0) e.barrier = digit;
    if (on_trade_) on_trade_(trade);
    machine_.balance(book_.account(account_).balance);
    machine_.ended(e, now_ms_, wishes_);
  }

  const ReferenceOptions& options_;
  const market::SymbolInfo& symbol_;
  const OnTrade& on_trade_;
  const OnSaid& on_message_;
  venue::Book book_;
  venue::AccountIndex account_;
  dbot::Machine machine_;
  std::vector<dbot::Wish> wishes_;
  std::vector<venue::Change> changes_;
  std::optional<core::ContractId> contract_;
  bool opened_now_ = false;
  market::Tick tick_;
  core::VenueTime signal_;
  dbot::Millis now_ms_ = 0;
  std::int64_t trades_ = 0;
  ReferenceResult result_;
};

}  // namespace

core::Result<ReferenceResult> run_reference(const ReferenceOptions& options,
                                            market::TickSource& source, const OnTrade& on_trade,
                                            const OnSaid& on_message) {
  const auto* symbol = market::find_symbol(options.symbol);
  if (symbol == nullptr) {
    return core::invalid(fmt::format("{} is not a symbol that derivd knows", options.symbol));
  }
  if (options.warmup < 1 || options.warmup > kMaxWarmup) {
    return core::invalid(fmt::format("warm-up: allowed: 1 to {} ticks", kMaxWarmup));
  }
  const auto asked = options.program->prompts.size();
  if (options.answers.size() < asked) {
    return core::invalid(fmt::format("the program asks {} questions, {} are answered", asked,
                                     options.answers.size()));
  }
  return Run(options, *symbol, on_trade, on_message).over(source);
}

}  // namespace derivd::backtest::test
