// What the back-test does for programs: time between two ticks (sleeps, contracts that end by the
// clock) and the purchases that the venue would refuse; and for all, what the venue says of open
// contracts and early sales. Rules: the product's contract, "Deriv Bot and Binary Bot programs".
#include <fmt/format.h>

#include <algorithm>

#include "backtest/driver.hpp"
#include "core/check.hpp"
#include "market/kind.hpp"
#include "market/multiplier.hpp"
#include "market/pricing.hpp"
#include "market/symbol.hpp"
#include "venue/amounts.hpp"

namespace derivd::backtest {

engine::Settings Driver::prepared(const Options& options) {
  auto settings = options.settings;
  for (auto& s : settings.strategies) {
    if (s.program.program == nullptr) continue;
    s.program.warmup = options.warmup;
    s.program.in_turns = false;  // time stands still while it computes
    if (options.seed) s.program.seed = *options.seed;
  }
  return settings;
}

bool Driver::is_program(const core::Name& strategy) const {
  return options_.settings.strategies[strategy_index(strategy)].program.program != nullptr;
}

void Driver::move_to(core::Instant instant) {
  now_.instant = std::max(now_.instant, instant);
  now_.venue = std::max(now_.venue, core::VenueTime{now_.instant.ns / 1'000'000'000});
  now_.wall = {now_.instant.ns / 1000};
}

/// Sleeps that are over and contracts that end by the clock, in the order of time, up to a tick.
void Driver::pass_time(const Merge::Item& coming) {
  const core::Instant end{coming.row.epoch.s * 1'000'000'000};
  coming_ = &coming;
  while (true) {
    const auto wakes = engine_.next_deadline();
    const auto pays = next_payment(coming.row.epoch);
    const bool sleeps = wakes && *wakes <= end;
    if (!sleeps && !pays) break;
    if (pays && (!sleeps || core::Instant{pays->s * 1'000'000'000} <= *wakes)) {
      move_to({pays->s * 1'000'000'000});
      pay_programs(*pays);
    } else {
      move_to(*wakes);
      engine_.on_deadline(now_, actions_);
      perform();
    }
  }
  coming_ = nullptr;
}

/// When the next result of a program's contract arrives by the clock, before that tick.
std::optional<core::VenueTime> Driver::next_payment(core::VenueTime before) const {
  std::optional<core::VenueTime> next;
  for (const auto& c : open_) {
    if (!c.of_program) continue;
    const bool timed = market::is_timed(c.life.spec());
    if (!c.life.is_over() && (!timed || c.life.expiry() >= before)) continue;
    const auto due = c.life.is_over() ? c.due : c.life.expiry() + options_.settle_delay;
    if (due < before && (!next || due < *next)) next = due;
  }
  return next;
}

void Driver::pay_programs(core::VenueTime when) {
  for (auto& c : open_) {
    const bool ends = c.of_program && !c.life.is_over() && market::is_timed(c.life.spec()) &&
                      c.life.expiry() + options_.settle_delay == when;
    if (!ends) continue;
    c.life.on_time(c.life.expiry() + std::chrono::seconds{1});
    c.due = when;
    ++decided_;
  }
  deliver(true);
}

void Driver::tell_open(std::uint32_t tape) {
  // By index: what a program does in answer may buy, which moves the list.
  for (std::size_t i = 0; i < open_.size(); ++i) {
    auto& c = open_[i];
    if (!c.of_program || c.trade.tape != tape || c.life.is_over()) continue;
    if (std::exchange(c.is_new, false)) continue;  // it was told with its purchase
    tell_open(c);
    perform();
  }
}

void Driver::tell_open(const Open& contract) {
  execution::ContractReport report;
  report.contract = {contract.order.value};
  report.entry = contract.life.entry();
  if (contract.life.last()) report.spot_time = contract.life.last()->epoch;
  report.bid_price = bid_of(contract);
  report.can_cancel = is_cancelled(contract);
  report.can_sell = is_bought_back(contract);
  engine_.on_contract(report, execution::Witness::kContractStream, now_, actions_);
}

/// What the venue would refuse of a purchase that nobody could check before.
bool Driver::refuses_program(const engine::SendBuy& order, const market::Tick& quoted) {
  using execution::RefusalKind;
  const auto& kind = market::kind_of(order.spec.type);
  const auto offered = [&](std::string text) {
    engine_.on_refused(order.order, {RefusalKind::kParameters, "OfferingsValidationError", text},
                       now_, actions_);
    return true;
  };
  if (market::has_payout(kind) && !options_.payouts.has(order.spec)) {
    return offered(fmt::format("no payout of {} is known", kind.name));
  }
  const auto symbol = options_.settings.symbols.get(order.spec.symbol);
  if (kind.needs.growth && symbol.sigma_percent == 0) {
    return offered(
        fmt::format("the value of {} on {} cannot be reckoned: its volatility is not "
                    "known",
                    kind.name, symbol.code));
  }
  const auto payout = payout_of(order.spec, order.stake, quoted, tape_of(quoted.symbol));
  const auto refusal = venue::amount_refusal(order.spec, order.stake, payout);
  if (!refusal) return false;
  engine_.on_refused(order.order,
                     {RefusalKind::kStake, "ContractBuyValidationError", refusal->text}, now_,
                     actions_);
  return true;
}

void Driver::answer(const engine::Tell& tell) {
  if (tell.event.kind != core::EventKind::kScriptMessage) return;
  ++result_.strategies[strategy_index(tell.event.strategy)].messages;
  if (options_.on_message) options_.on_message(now_.venue, tell.event);
}

core::Money Driver::bid_of(const Open& contract) const {
  return market::bid_for(options_.settings.symbols.get(contract.life.spec().symbol), contract.life,
                         now_.venue, {}, contract.spot);
}

/// Its deal cancellation holds now.
bool Driver::is_cancelled(const Open& contract) const {
  const auto& life = contract.life;
  return !life.is_over() && life.entry() &&
         market::can_cancel(life.spec(), life.start(), now_.venue);
}

// As the contract book: not before its entry tick, an accumulator not at it, nothing below its
// stake while it can be cancelled.
bool Driver::is_bought_back(const Open& contract) const {
  const auto& life = contract.life;
  if (life.is_over() || !life.entry() || !market::is_resold(life.spec())) return false;
  if (is_cancelled(contract) && bid_of(contract) < life.purchase().stake) return false;
  return !market::kind_of(life.spec().type).needs.growth || life.ticks_passed() > 0;
}

void Driver::answer(const engine::SendSell& sell) {
  const auto it = std::ranges::find_if(
      open_, [&](const Open& c) { return c.order.value == sell.contract.value; });
  const bool leaves = it != open_.end() && (sell.cancel ? is_cancelled(*it) : is_bought_back(*it));
  if (!leaves) {
    return engine_.on_not_sold(sell.contract, "Resale of this contract is not offered.", now_,
                               actions_);
  }
  const auto how = sell.cancel ? market::End::kCancelled : market::End::kSold;
  it->life.end(how, now_.venue, sell.cancel ? it->life.purchase().stake : bid_of(*it));
  engine_.on_sold(sell.contract, now_, actions_);
  settle(*it);
  open_.erase(it);
}

}  // namespace derivd::backtest
