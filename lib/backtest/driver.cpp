#include "backtest/driver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "core/bounds.hpp"
#include "core/check.hpp"
#include "market/kind.hpp"
#include "market/multiplier.hpp"
#include "market/symbol.hpp"

namespace derivd::backtest {

Driver::Driver(const Options& options, std::span<const Tape> tapes, const OnTrade& on_trade)
    : options_(options),
      on_trade_(on_trade),
      merge_(tapes, options.from, options.to),
      engine_(prepared(options), engine::Audience{false, false, true}),
      balance_(options.balance) {
  for (const auto& tape : tapes) {
    const auto* info = options.settings.symbols.find(tape.symbol);
    DERIVD_CHECK(info != nullptr && tape.source != nullptr, "run() checks the tapes");
    ticks_.push_back({tape.symbol, {}, {}});
    symbols_.push_back(info);
  }
  for (const auto& s : options.settings.strategies) {
    StrategyResult row;
    row.name = s.name;
    result_.strategies.push_back(std::move(row));
    programs_ |= s.enabled && s.program.program != nullptr;
    exits_ |= s.enabled && (s.exit.any() || s.contract.cancellation);
  }
  report_.is_sold = report_.is_expired = true;
}

core::Result<Result> Driver::run() {
  Merge::Item item;
  while (merge_.next(item)) {
    step(item);
    if (error_) return *error_;
    if (balance_.units() > core::kMostSummed) {
      return core::invalid(
          fmt::format("the balance has grown to {}, which nobody can have: look at the payouts",
                      balance_.to_string()));
    }
  }
  if (merge_.error()) return *merge_.error();
  return finish();
}

void Driver::set_time(core::VenueTime epoch) {
  now_.venue = epoch;
  now_.instant = {epoch.s * 1'000'000'000};
  now_.wall = {epoch.s * 1'000'000};
}

void Driver::go_online() {
  engine_.restore({}, now_, actions_);
  engine_.on_online(balance_, now_, actions_);
  online_ = true;
  perform();
}

void Driver::step(const Merge::Item& item) {
  if (programs_ && online_) [[unlikely]] {
    pass_time(item);
  } else if (options_.latency_ticks > 0 && online_) [[unlikely]] {
    run_deadlines(item.row.epoch);
  }
  set_time(item.row.epoch);
  auto& tick = ticks_[item.tape];
  tick.epoch = item.row.epoch;
  tick.quote = core::Price::raw(item.row.mantissa, symbols_[item.tape]->decimals);
  if (result_.ticks++ == 0) {
    result_.first = tick.epoch;
    go_online();
  }
  if (!open_.empty()) {
    feed_open(item.tape, tick);
    if (decided_ > 0) deliver(false);
    if (exits_) tell_values(item.tape);
  }
  engine_.on_tick(tick, false, now_, actions_);
  if (!actions_.empty()) perform();
  if (programs_ && !open_.empty()) {
    if (decided_ > 0) deliver(true);
    tell_open(item.tape);
  }
  if (!on_the_way_.empty()) land_purchases(tick);
}

// Signals that are held while an order is on its way go stale in time (engine/impl.hpp).
void Driver::run_deadlines(core::VenueTime until) {
  const core::Instant end{until.s * 1'000'000'000};
  for (auto at = engine_.next_deadline(); at && *at < end; at = engine_.next_deadline()) {
    now_.instant = std::max(now_.instant, *at);
    engine_.on_deadline(now_, actions_);
    perform();
  }
}

void Driver::feed_open(std::uint32_t tape, const market::Tick& tick) {
  for (auto& contract : open_) {
    if (contract.trade.tape != tape || contract.life.is_over()) continue;
    if (!contract.life.on_tick(tick)) continue;
    ++decided_;
    DERIVD_CHECK(contract.life.entry().has_value(),
                 "a purchase that no tick would meet is refused");
    // What is cancelled in the place of a stop-out has no exit.
    const auto& exit = contract.life.exit();
    contract.due = (exit ? exit->epoch : contract.life.ended()->when) + options_.settle_delay;
  }
}

// By the second in which the venue pays, then by purchase, as the contract book does.
void Driver::deliver(bool of_programs) {
  due_.clear();
  for (std::size_t i = 0; i < open_.size(); ++i) {
    if (is_due(open_[i], of_programs)) due_.push_back(i);
  }
  if (due_.empty()) return;
  decided_ -= due_.size();
  if (due_.size() == 1) {
    settle(open_[due_.front()]);
    open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(due_.front()));
  } else {
    settle_due(of_programs);
  }
  // What the results set free (a held signal) is bought now, at the tick that brought them.
  perform();
}

void Driver::settle_due(bool of_programs) {
  std::stable_sort(due_.begin(), due_.end(),
                   [this](auto a, auto b) { return open_[a].due < open_[b].due; });
  for (const auto i : due_) settle(open_[i]);
  std::erase_if(open_, [&](const Open& c) { return is_due(c, of_programs); });
}

// Before the strategies see the tick, as a result comes: what it sets free may be bought with it.
// By order: a sale, and what follows from it, moves the list. Programs hear of it themselves.
void Driver::tell_values(std::uint32_t tape) {
  told_.clear();
  for (const auto& c : open_) {
    const bool asks = c.may_leave && !c.of_program && c.trade.tape == tape && !c.life.is_over();
    if (asks) told_.push_back(c.order);
  }
  for (const auto order : told_) {
    const auto it = std::ranges::find(open_, order, &Open::order);
    if (it == open_.end()) continue;
    tell_open(*it);
    perform();
  }
}

void Driver::settle(Open& contract) {
  const auto& ended = *contract.life.ended();
  const auto paid = ended.pays;
  balance_ += paid;
  end_trade(contract);
  report_.contract = {contract.order.value};
  report_.status = market::name_of(ended.how);
  report_.sell_price = paid;
  report_.sell_time = now_.venue;
  report_.entry = contract.life.entry();
  const auto& exit = contract.life.exit();
  report_.exit = exit ? exit : contract.life.last();
  engine_.on_contract(report_, execution::Witness::kContractStream, now_, actions_);
}

void Driver::land_purchases(const market::Tick& tick) {
  for (std::size_t i = on_the_way_.size(); i > 0; --i) {
    auto next = on_the_way_.front();
    on_the_way_.pop_front();
    const bool counts = next.buy.spec.symbol == tick.symbol && next.sent < tick.epoch;
    if (counts && --next.ticks_left == 0) {
      buy(next.buy, next.quoted, tick.epoch);
    } else {
      on_the_way_.push_back(next);
    }
  }
  perform();
}

void Driver::perform() {
  while (!actions_.empty()) {
    std::swap(actions_, performing_);  // answers append to the list
    for (const auto& action : performing_) {
      std::visit([this](const auto& a) { answer(a); }, action);
    }
    performing_.clear();
  }
}

void Driver::answer(const engine::SendQuote& ask) {
  engine::Engine::QuoteReply reply;
  reply.order = ask.order;
  if (market::has_cancellation(ask.spec)) return quote_fee(ask);
  // What strategies may buy has a payout; what a program asks about need not.
  if (!options_.payouts.has(ask.spec)) {
    reply.kind = execution::RefusalKind::kParameters;
    reply.code = "OfferingsValidationError";
    return engine_.on_quote(reply, now_, actions_);
  }
  reply.quote_id = "quoted";
  const auto tape = tape_of(ask.spec.symbol);
  const auto& tick = ticks_[tape];
  if (ask.spec.basis == market::Basis::kPayout) {
    reply.payout = ask.stake;
    reply.ask = options_.payouts.price(ask.spec, ask.stake, tick);
    wanted_payouts_[ask.order] = ask.stake;
  } else {
    reply.ask = ask.stake;
    reply.payout = payout_of(ask.spec, ask.stake, tick, tape);
  }
  engine_.on_quote(reply, now_, actions_);
}

void Driver::quote_fee(const engine::SendQuote& ask) {
  engine::Engine::QuoteReply reply;
  reply.order = ask.order;
  reply.payout = core::Money::minor(0, ask.stake.exponent());
  const auto symbol = options_.settings.symbols.get(ask.spec.symbol);
  if (const auto fee = market::modelled_fee(ask.spec, symbol, ask.stake)) {
    reply.quote_id = "quoted";
    reply.ask = ask.stake + *fee;
  } else {
    reply.kind = execution::RefusalKind::kParameters;
    reply.code = "ContractBuyValidationError";
    reply.reason = "the fee of a deal cancellation rests on a volatility that is not known";
  }
  engine_.on_quote(reply, now_, actions_);
}

void Driver::answer(const engine::SendBuy& order) {
  const auto& latest = ticks_[tape_of(order.spec.symbol)];
  if (options_.latency_ticks == 0) {
    // A program may buy between two ticks, after a sleep.
    const bool between = programs_ && is_program(order.strategy);
    return buy(order, latest, between ? now_.venue : latest.epoch);
  }
  on_the_way_.push_back({order, latest, now_.venue, options_.latency_ticks});
}

// Only the first is answered: nobody but the engine moves this account's money, so that its own
// books are right, and a figure from between two of its trades would only make it careful.
void Driver::answer(const engine::AskReport& ask) {
  if (result_.ticks > 1) return;
  execution::VenueReport report;
  report.as_of = now_.venue;
  report.since = ask.since;
  report.balance = balance_;
  engine_.on_venue_report(report, now_, actions_);
}

// Whether the venue would not sell, or no tick could settle it: then the engine has heard it.
bool Driver::refuses(const engine::SendBuy& order, std::uint32_t tape, core::VenueTime start) {
  using execution::RefusalKind;
  if (programs_ && is_program(order.strategy) && refuses_program(order, ticks_[tape])) return true;
  // For want of money the venue refuses for good (deriv/errors.cpp): the strategy is halted.
  if (order.stake > balance_) [[unlikely]]
    return refuse(order, RefusalKind::kForGood, "InsufficientBalance");
  if (market::has_payout(order.spec.type)) {
    if (!options_.payouts.has(order.spec)) [[unlikely]]
      return refuse(order, RefusalKind::kParameters, "NoPayout");
  } else if (is_below_nothing(order.spec, ticks_[tape].quote)) [[unlikely]] {
    return refuse(order, RefusalKind::kParameters, "InvalidBarrier");
  }
  return !order.spec.duration.in_ticks() && lacks_ticks(order, tape, start);
}

/// A distance below the quote that is more than the quote.
bool Driver::is_below_nothing(const market::ContractSpec& spec, core::Price quote) {
  const auto level = market::price_to_beat(spec, quote);
  return level && level->mantissa() <= 0;
}

/// True, for whoever refuses with it. The words are made here, out of the way of purchases.
bool Driver::refuse(const engine::SendBuy& order, execution::RefusalKind kind,
                    std::string_view code) {
  std::string text = "Invalid barrier.";
  if (code == "InsufficientBalance") {
    text = fmt::format("a stake of {} with a balance of {}", order.stake.to_string(),
                       balance_.to_string());
  } else if (code == "NoPayout") {
    text = "payouts: " + options_.payouts.missing(order.spec);
  }
  engine_.on_refused(order.order, {kind, code, text}, now_, actions_);
  return true;
}

bool Driver::lacks_ticks(const engine::SendBuy& order, std::uint32_t tape, core::VenueTime start) {
  const bool comes = coming_ != nullptr && coming_->tape == tape;
  const auto following = comes ? std::optional(coming_->row.epoch) : merge_.following(tape);
  if (!following || *following <= market::expiry_of(order.spec.duration, start)) return false;
  ++result_.strategies[strategy_index(order.strategy)].refused;
  // A fault of the recording, not of the strategy: the next one is bought as if nothing was.
  engine_.on_refused(
      order.order,
      {execution::RefusalKind::kSingular, "NoTicks", "no tick is recorded in its life"}, now_,
      actions_);
  return true;
}

// A position pays its value, and no payout is ever quoted for it.
core::Money Driver::payout_of(const market::ContractSpec& spec, core::Money stake,
                              const market::Tick& quoted, std::uint32_t tape) const {
  if (!market::has_payout(spec.type)) return core::Money::minor(0, stake.exponent());
  return options_.payouts.payout(spec, stake, quoted, *symbols_[tape]);
}

void Driver::buy(const engine::SendBuy& order, const market::Tick& quoted, core::VenueTime start) {
  const auto tape = tape_of(order.spec.symbol);
  if (refuses(order, tape, start)) return;
  auto payout = payout_of(order.spec, order.stake, quoted, tape);
  if (!wanted_payouts_.empty()) [[unlikely]]
    payout = wanted_payout(order.order).value_or(payout);
  const auto at_stake = market::stake_in(order.spec, order.stake);
  const market::Purchase purchase{start, at_stake, payout, ticks_[tape]};
  auto& contract = open_.emplace_back(order.order, order.spec, purchase, symbols_[tape]);
  contract.spot = quoted.quote;
  contract.of_program = programs_ && is_program(order.strategy);
  contract.may_leave =
      exits_ && (market::has_cancellation(order.spec) ||
                 options_.settings.strategies[strategy_index(order.strategy)].exit.any());
  auto& trade = contract.trade;
  trade.strategy = strategy_index(order.strategy);
  trade.tape = tape;
  trade.type = order.spec.type;
  trade.signal_epoch = order.signal_epoch;
  trade.purchase_epoch = start;
  trade.stake = order.stake;
  if (const auto* terms = order.spec.multiplier()) [[unlikely]]
    trade.fee = terms->fee;
  trade.payout = payout;
  balance_ -= order.stake;
  if (on_trade_) [[unlikely]]
    begin_trade(contract);
  bought_.contract = {order.order.value};
  bought_.transaction = {order.order.value};
  bought_.buy_price = order.stake;
  bought_.payout = trade.payout;
  bought_.purchase_time = start;
  bought_.balance_after = balance_;
  if (!contract.of_program) return engine_.on_bought(order.order, bought_, now_, actions_);
  contract.is_new = coming_ == nullptr;
  const auto report = open_.size() - 1;
  engine_.on_bought(order.order, bought_, now_, actions_);
  // The venue's first word about a contract follows its purchase.
  tell_open(open_[report]);
}

std::optional<core::Money> Driver::wanted_payout(core::OrderId order) {
  const auto wanted = wanted_payouts_.extract(order);
  return wanted ? std::optional(wanted.mapped()) : std::nullopt;
}

std::uint32_t Driver::strategy_index(const core::Name& name) const {
  const auto& all = options_.settings.strategies;
  for (std::uint32_t i = 0; i < all.size(); ++i) {
    if (all[i].name == name) return i;
  }
  DERIVD_CHECK(false, "a purchase of a strategy that is not configured");
}

std::uint32_t Driver::tape_of(const market::SymbolCode& symbol) const {
  for (std::uint32_t i = 0; i < ticks_.size(); ++i) {
    if (ticks_[i].symbol == symbol) return i;
  }
  DERIVD_CHECK(false, "a purchase without ticks");
}

Driver::Turn Driver::turn_of(const Open& c) {
  return {c.trade.purchase_epoch, c.trade.tape, c.trade.strategy, c.order};
}

void Driver::begin_trade(const Open& contract) {
  const auto turn = turn_of(contract);
  auto at = trades_.end();
  while (at != trades_.begin() && (at - 1)->turn > turn) --at;
  trades_.emplace(at, turn);
}

void Driver::end_trade(Open& contract) {
  auto& trade = contract.trade;
  trade.settled_n = ++settled_;
  trade.profit = contract.life.ended()->pays - trade.stake;
  result_.strategies[trade.strategy].sums.add(trade.stake, trade.profit);
  result_.total.add(trade.stake, trade.profit);
  if (on_trade_) hand_out(contract);
}

/// For who wants each trade.
void Driver::hand_out(Open& contract) {
  auto& trade = contract.trade;
  trade.entry_epoch = contract.life.entry()->epoch;
  trade.entry = contract.life.entry()->quote;
  const auto& exit = contract.life.exit() ? contract.life.exit() : contract.life.last();
  trade.exit_epoch = exit->epoch;
  trade.exit = exit->quote;
  trade.settled_epoch = now_.venue;
  trade.end = contract.life.ended()->how;
  if (trade.end == market::End::kSold || trade.end == market::End::kCancelled) {
    trade.sell_epoch = contract.life.ended()->when;
  }
  trade.barrier = contract.life.barrier_price();
  trade.low_barrier = contract.life.low_barrier_price();
  const auto turn = turn_of(contract);
  const auto it = std::ranges::lower_bound(trades_, turn, {}, &Waiting::turn);
  DERIVD_CHECK(it != trades_.end() && it->turn == turn, "a trade that never began");
  if (it == trades_.begin()) {
    trades_.pop_front();
    release(trade);
    return release_trades();
  }
  it->trade = trade;
  it->settled = true;
}

void Driver::release(Trade& trade) {
  trade.n = ++released_;
  on_trade_(trade);
}

void Driver::release_trades() {
  while (!trades_.empty() && trades_.front().settled) {
    release(trades_.front().trade);
    trades_.pop_front();
  }
}

void Driver::tell_block(StrategyResult& s, const engine::StrategySettings& settings) const {
  const auto& limits = engine_.limits();
  const auto account = engine_.account();
  const auto base = settings.staking.base;
  const auto nothing = base - base;
  // What a purchase takes at least: of a payout and of a program nobody knows it.
  const bool is_known = settings.contract.basis == market::Basis::kStake &&
                        settings.type != "script" && settings.type != "dbot";
  const auto stake = is_known ? base : nothing;
  const auto block = [&s](std::string_view limit, std::string reason) {
    s.blocked = limit;
    s.block_reason = fmt::format("{}: {}", limit, reason);
  };
  if (limits.max_trades_per_day && account.day_trades >= *limits.max_trades_per_day) {
    return block("max_trades_per_day",
                 fmt::format("{} of {}", account.day_trades, *limits.max_trades_per_day));
  }
  if (limits.daily_profit && account.day_profit >= *limits.daily_profit) {
    return block("daily_profit", fmt::format("{} won of {}", account.day_profit.to_string(),
                                             limits.daily_profit->to_string()));
  }
  if (limits.daily_loss && stake - std::min(account.day_profit, nothing) > *limits.daily_loss) {
    return block("daily_loss",
                 fmt::format("{} today, and {} may be lost", account.day_profit.to_string(),
                             limits.daily_loss->to_string()));
  }
  if (limits.min_balance && balance_ - stake < *limits.min_balance) {
    block("min_balance", fmt::format("{} is left, and {} must be", balance_.to_string(),
                                     limits.min_balance->to_string()));
  }
}

Result Driver::finish() {
  for (const auto& contract : open_) ++result_.strategies[contract.trade.strategy].open;
  for (std::size_t i = 0; i < result_.strategies.size(); ++i) {
    const auto has = [&](const market::Tick& t) {
      return t.symbol == options_.settings.strategies[i].symbol && t.epoch.s != 0;
    };
    result_.strategies[i].has_ticks = std::ranges::any_of(ticks_, has);
    result_.strategies[i].rules = engine_.rules(result_.strategies[i].name.view());
    result_.strategies[i].program = engine_.program(result_.strategies[i].name.view());
  }
  if (on_trade_) {
    std::erase_if(trades_, [](const Waiting& w) { return !w.settled; });
    release_trades();
  }
  for (const auto& view : engine_.strategies()) {
    if (view.halt_kind.empty()) continue;
    for (auto& s : result_.strategies) {
      if (s.name != view.name) continue;
      s.halted = view.halt_kind.str();
      s.halt_reason = view.reason.str();
    }
  }
  for (std::size_t i = 0; i < result_.strategies.size(); ++i) {
    const auto& settings = options_.settings.strategies[i];
    auto& s = result_.strategies[i];
    if (!s.halted && settings.enabled && s.has_ticks) tell_block(s, settings);
  }
  if (result_.ticks > 0) result_.last = now_.venue;
  result_.balance = balance_;
  return result_;
}

}  // namespace derivd::backtest
