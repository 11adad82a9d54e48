#include "auditor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "market/multiplier.hpp"
#include "risk/session.hpp"

namespace derivd::chaos {

using execution::OrderState;

namespace {
constexpr auto kPlenty = core::Money::minor(1'000'000'000);
}

Auditor::Auditor(const Scenario& scenario) : scenario_(scenario) {
  for (const auto& s : scenario.config.engine.strategies) {
    auto& b = books_[s.name];
    b.settings = &s;
    b.plan = staking::find_plan(s.staking.plan)->make(s.staking);
    b.least_left = kPlenty;
  }
}

void Auditor::violation(std::string text) {
  if (violations_.size() < 20) violations_.push_back(std::move(text));
}

Auditor::Book* Auditor::book(core::Name name) {
  const auto it = books_.find(name);
  return it == books_.end() ? nullptr : &it->second;
}

void Auditor::journaled(const execution::Record& record) {
  if (const auto* o = std::get_if<execution::OrderRecord>(&record)) {
    if (o->order.state == OrderState::kIntended) intent_ = o->order;
    if (o->order.contract) sale_of(o->order);
    if (auto* b = book(o->order.strategy); b != nullptr && !lost_power_) order_of(*b, o->order);
  } else if (const auto* s = std::get_if<execution::StrategyRecord>(&record)) {
    if (auto* b = book(s->strategy)) b->undo.reset();
  } else if (const auto* h = std::get_if<execution::HaltRecord>(&record)) {
    if (h->strategy.empty()) return;
    auto& halt = book(h->strategy)->halt;
    if (h->halted) {
      halt = *h;
    } else {
      violation(fmt::format("the halt of {} was cleared by nobody", h->strategy));
    }
  } else if (const auto* d = std::get_if<execution::DayRecord>(&record)) {
    journal_day_ = d->settled_profit;
    note_budgets();
  }
}

// Its reason says that it is wanted, and is taken back once it is proven that nothing came of it.
void Auditor::sale_of(const execution::Order& order) {
  if (order.state == OrderState::kOpen && !order.reason.empty()) {
    sales_.try_emplace(order.contract, false);
  } else {
    sales_.erase(order.contract);
  }
}

void Auditor::sale_sent(core::ContractId contract) {
  if (lost_power_) return;
  const auto wanted = sales_.find(contract);
  if (wanted == sales_.end()) {
    violation(fmt::format("a sale of contract {} left without its reason on disk", contract.value));
  } else if (std::exchange(wanted->second, true)) {
    violation(
        fmt::format("a sale of contract {} was sent again, and nothing had proven that it "
                    "was not done",
                    contract.value));
  }
}

void Auditor::order_of(Book& b, const execution::Order& order) {
  switch (order.state) {
    case OrderState::kIntended:
      check_patience(b, order);
      b.intent_number[order.id] = ++b.intents;
      return;
    case OrderState::kRefused:
      return refused(b, order);
    case OrderState::kOpen:
      b.row = b.strikes = 0;
      return;
    case OrderState::kUnknown:
    case OrderState::kAbsent:
    case OrderState::kSettled:
      return;
  }
}

// Codes that the venue gives here (world.cpp); what was never sent and what limits the rate passes.
void Auditor::refused(Book& b, const execution::Order& order) {
  const auto is = [&](std::initializer_list<std::string_view> codes) {
    return std::find(codes.begin(), codes.end(), order.reason.view()) != codes.end();
  };
  b.undo = Book::Undo{b.row, b.strikes, b.burst, b.refused, b.plan->save()};
  const bool stake = is({"ContractBuyValidationError", "OpenPositionPayoutLimit"});
  const auto planned = market::stake_in(order.spec, order.stake);
  if (stake && planned > b.settings->staking.base) b.plan->refuse(planned);
  if (b.row > 0 && b.intent_number[order.id] <= b.burst) return;
  b.burst = b.intents;
  b.refused = order.signal_epoch;
  ++b.row;
  b.strikes += stake || is({"TradingDurationNotAllowed", "PriceMoved"}) ? 1 : 0;
}

// After n refusals in a row 2^(n-1) s, at most two minutes, and after ten that do not pass by
// themselves nothing. Epochs of ticks here are up to 4 s wrong, and never believed.
void Auditor::check_patience(const Book& b, const execution::Order& order) {
  constexpr std::int64_t kWrong = 8;
  if (b.row == 0) return;
  const auto wait =
      std::min<std::int64_t>(120, std::int64_t{1} << std::min<std::int64_t>(b.row - 1, 10));
  const auto waited = (order.signal_epoch - b.refused).count();
  if (waited < wait - kWrong) {
    violation(fmt::format("{}: order {} came {} s after refusal {} in a row", order.strategy,
                          order.id.value, waited, b.row));
  }
  if (b.strikes >= 10) {
    violation(fmt::format("{}: order {} came after {} refusals in a row", order.strategy,
                          order.id.value, b.strikes));
  }
}

core::OrderId Auditor::buy_sent(std::string_view frame, bool reconciled) {
  if (!intent_) {
    violation(fmt::format("a purchase left without an intent on disk: {}", frame));
    return {};
  }
  const auto order = *intent_;
  intent_.reset();
  if (!reconciled) {
    violation(fmt::format("order {} was sent before the link was reconciled", order.id.value));
  }
  if (auto* b = book(order.strategy); b != nullptr && b->halt && !lost_power_) {
    violation(fmt::format("order {} of {} was sent though it is halted ({})", order.id.value,
                          order.strategy, b->halt->kind));
  }
  if (!owner_.emplace(order.id, order.strategy).second && !lost_power_) {
    violation(fmt::format("order {} was sent twice", order.id.value));
  }
  owner_[order.id] = order.strategy;
  return order.id;
}

void Auditor::told(const core::Event& event, bool) {
  if (event.kind == core::EventKind::kOrderAmbiguous) {
    ++ambiguous_;
    // No other client's purchase is like ours here, so that only contracts of our own can be meant,
    // and only when a power failure took the records that said whose they are.
    if (!lost_power_) violation(fmt::format("ambiguous without a reason: {}", event.text));
  }
  if (event.kind != core::EventKind::kForeignContract) return;
  told_foreign_.insert(event.contract_id);
  const auto it = deals_.find(event.contract_id);
  if (it != deals_.end() && it->second.order && !lost_power_) {
    violation(fmt::format("contract {} is ours and was called foreign: {}", event.contract_id.value,
                          event.text));
  }
}

void Auditor::power_lost(const Disk&) { lost_power_ = true; }

void Auditor::restored(const execution::Snapshot& snapshot) {
  intent_.reset();
  if (lost_power_) return;
  for (auto& [name, b] : books_) {
    if (b.undo) {
      b.row = b.undo->row;
      b.strikes = b.undo->strikes;
      b.burst = b.undo->burst;
      b.refused = b.undo->refused;
      if (!b.plan->load(b.undo->plan)) violation("a plan does not load what it saved");
      b.undo.reset();
    }
    if (!b.halt) continue;
    const bool kept = std::any_of(snapshot.halts.begin(), snapshot.halts.end(),
                                  [&](const auto& h) { return h.halted && h.strategy == name; });
    if (!kept) violation(fmt::format("the halt of {} is gone after the restart", name));
  }
}

// What the stake plans could have been measured against at any moment since the last purchase.
void Auditor::note_budgets() {
  const auto& limits = scenario_.config.engine.limits;
  for (auto& [name, b] : books_) {
    if (const auto floor = risk::Session{b.realised, b.peak}.floor(b.settings->session)) {
      b.least_left = std::min(b.least_left, b.realised - *floor);
    }
    if (limits.daily_loss) {
      const auto day = std::min(day_profit_, journal_day_);
      b.least_left = std::min(b.least_left, *limits.daily_loss + day);
    }
    if (limits.max_stake) b.least_left = std::min(b.least_left, *limits.max_stake);
    if (limits.max_open_stake) b.least_left = std::min(b.least_left, *limits.max_open_stake);
  }
}

void Auditor::check_limits(const Book& b, core::Money stake, std::string_view name) {
  const auto& limits = scenario_.config.engine.limits;
  const auto passed = [&](std::string_view what, auto have, auto allowed) {
    violation(fmt::format("{}: {} passed: {} of {}", name, what, have, allowed));
  };
  if (b.open + 1 > b.settings->guards.max_open) {
    passed("max_open", b.open + 1, b.settings->guards.max_open);
  }
  if (limits.max_open_contracts && open_ + 1 > *limits.max_open_contracts) {
    passed("max_open_contracts", open_ + 1, *limits.max_open_contracts);
  }
  if (limits.max_stake && stake > *limits.max_stake) {
    passed("max_stake", stake.to_string(), limits.max_stake->to_string());
  }
  if (const auto at_risk = open_stake_ + stake;
      limits.max_open_stake && at_risk > *limits.max_open_stake) {
    passed("max_open_stake", at_risk.to_string(), limits.max_open_stake->to_string());
  }
  if (const auto worst = day_profit_ - open_stake_ - stake;
      limits.daily_loss && worst < -*limits.daily_loss) {
    passed("daily_loss", worst.to_string(), limits.daily_loss->to_string());
  }
  const auto floor = risk::Session{b.realised, b.peak}.floor(b.settings->session);
  if (const auto worst = b.realised - b.open_stake - stake; floor && worst < *floor) {
    passed("the session's stop", worst.to_string(), floor->to_string());
  }
}

// With one contract at a time the venue's order of settlements is the plan's. The base is allowed
// instead when the planned stake did not fit (contract.md, "Stakes and limits, exactly").
void Auditor::check_stake(Book& b, core::Money stake, std::string_view name) {
  const bool flat = b.settings->staking.plan == "flat";
  if (b.settings->guards.max_open > 1 && !flat) return;
  note_budgets();
  const auto planned = b.plan->next();
  if (stake != planned) {
    const bool restarted = stake == b.settings->staking.base && planned > b.least_left;
    if (!restarted) {
      violation(fmt::format("{}: staked {} where the plan says {} ({})", name, stake.to_string(),
                            planned.to_string(), b.plan->save()));
    }
    b.plan->restart();
  }
  b.least_left = kPlenty;
}

void Auditor::bought(const venue::Contract& contract, core::OrderId order, core::Money) {
  Deal deal;
  deal.order = order;
  deal.stake = contract.stake;
  paid_ -= contract.stake;
  if (order) {
    ++ours_;
    if (++contracts_of_[order] > 1 && !lost_power_) {
      violation(fmt::format("order {} was bought {} times", order.value, contracts_of_[order]));
    }
    deal.strategy = owner_[order];
    auto& b = *book(deal.strategy);
    if (!lost_power_) {
      check_limits(b, contract.stake, deal.strategy);
      // What the plan says is beside the fee of a deal cancellation.
      check_stake(b, market::stake_in(contract.spec, contract.stake), deal.strategy);
    }
    ++b.trades;
    ++b.open;
    ++open_;
    b.open_stake += contract.stake;
    open_stake_ += contract.stake;
  }
  deals_[contract.id] = deal;
}

void Auditor::settled(const venue::Contract& contract) {
  auto& deal = deals_[contract.id];
  deal.paid = true;
  deal.profit = contract.profit();
  paid_ += contract.sell_price;
  if (!deal.order) return;
  auto& b = *book(deal.strategy);
  --b.open;
  --open_;
  b.open_stake -= deal.stake;
  open_stake_ -= deal.stake;
  b.realised += deal.profit;
  b.peak = std::max(b.peak, b.realised);
  b.won += deal.profit.units() > 0 ? 1 : 0;
  b.lost += deal.profit.units() < 0 ? 1 : 0;
  day_profit_ += deal.profit;
  b.plan->on_result(deal.profit);
  note_budgets();
}

bool Auditor::halted_ambiguous(std::string_view strategy) const {
  const auto it = books_.find(core::Name::truncated(strategy));
  return lost_power_ && it != books_.end() && it->second.halt &&
         it->second.halt->kind == "ambiguous";
}

void Auditor::finish(const Final& end) {
  if (!end.live) violation("the session is not live after the quiet period");
  finish_orders(end);
  if (end.venue_start + paid_ != end.venue_balance) {
    violation(fmt::format("the venue's balance is {}, its ledger sums to {}",
                          end.venue_balance.to_string(), (end.venue_start + paid_).to_string()));
  }
  if (end.account.balance != end.venue_balance) {
    violation(fmt::format("the daemon shows a balance of {}, the venue has {}",
                          end.account.balance ? end.account.balance->to_string() : "none",
                          end.venue_balance.to_string()));
  }
  for (const auto contract : must_tell_) {
    if (told_foreign_.contains(contract)) continue;
    violation(fmt::format("contract {} of another client was not shown", contract.value));
  }
  if (!lost_power_) finish_totals(end);
}

void Auditor::finish_orders(const Final& end) {
  std::map<core::ContractId, const execution::Order*> known;
  for (const auto& order : end.orders) {
    const auto name = fmt::format("order {} of {}", order.id.value, order.strategy);
    const bool limbo = order.state == OrderState::kIntended || order.state == OrderState::kUnknown;
    if (limbo && !halted_ambiguous(order.strategy.view())) {
      violation(fmt::format("{} is {} after the quiet period ({})", name,
                            execution::name_of(order.state), order.reason));
    }
    if (!order.contract) continue;
    if (!known.emplace(order.contract, &order).second) {
      violation(fmt::format("contract {} belongs to two orders", order.contract.value));
    }
    const auto it = deals_.find(order.contract);
    if (it == deals_.end()) {
      violation(fmt::format("{}: the venue has no contract {}", name, order.contract.value));
      continue;
    }
    const auto& deal = it->second;
    if (!deal.order) {
      violation(fmt::format("{} claims contract {} of another client", name, it->first.value));
    } else if (deal.order != order.id && !lost_power_) {
      violation(fmt::format("{} claims contract {} of order {}", name, it->first.value,
                            deal.order.value));
    }
    if (order.buy_price != deal.stake) {
      violation(fmt::format("{}: paid {}, the venue took {}", name, order.buy_price.to_string(),
                            deal.stake.to_string()));
    }
    if (deal.paid && (order.state != OrderState::kSettled || order.profit != deal.profit)) {
      violation(fmt::format(
          "{}: {} with profit {}, the venue paid {}", name, execution::name_of(order.state),
          order.profit ? order.profit->to_string() : "none", deal.profit.to_string()));
    }
    if (!deal.paid && order.state != OrderState::kOpen) {
      violation(
          fmt::format("{}: {}, though open at the venue", name, execution::name_of(order.state)));
    }
  }
  if (lost_power_) return;
  for (const auto& [id, deal] : deals_) {
    if (!deal.order || known.contains(id) || halted_ambiguous(deal.strategy.view())) continue;
    violation(
        fmt::format("contract {} of order {} is not in the journal", id.value, deal.order.value));
  }
}

void Auditor::finish_totals(const Final& end) {
  if (ambiguous_ > 0) return;
  for (const auto& view : end.views) {
    const auto* b = book(view.name);
    if (b->open > 0) continue;
    if (view.profit != b->realised || view.trades != b->trades || view.won != b->won ||
        view.lost != b->lost) {
      violation(
          fmt::format("{}: {} trades, {} won, {} lost, {}; the venue's ledger says {}, {}, "
                      "{}, {}",
                      view.name, view.trades, view.won, view.lost, view.profit.to_string(),
                      b->trades, b->won, b->lost, b->realised.to_string()));
    }
  }
  if (open_ == 0 && end.account.day_profit != day_profit_) {
    violation(fmt::format("the day's profit is {}, the venue's ledger says {}",
                          end.account.day_profit.to_string(), day_profit_.to_string()));
  }
}

}  // namespace derivd::chaos
