// What a turn of the engine costs: a tick without and with a purchase, a settlement; and the gate
// by itself. What is measured leaves the engine in another state, which is why many engines take
// turns: each is brought back while the clock stands.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <vector>

#include "engine/engine.hpp"
#include "risk/gate.hpp"

namespace derivd::engine {
namespace {

core::Money usd(std::int64_t cents) { return core::Money::minor(cents); }

StrategySettings parity(std::int64_t streak) {
  StrategySettings s;
  s.name = "parity";
  s.type = "even_odd";
  s.symbol = "R_100";
  s.params = {{"streak", streak}};
  s.staking.plan = "flat";
  s.staking.base = usd(1'00);
  s.session.take_profit = usd(1'000'000'00);
  s.session.stop_loss = usd(1'000'000'00);
  s.session.trailing = true;
  return s;
}

/// Every limit is there and asked, too wide to end a run.
Settings settings_of(std::vector<StrategySettings> strategies) {
  Settings settings;
  settings.strategies = std::move(strategies);
  settings.limits.max_stake = usd(50'00);
  settings.limits.max_open_contracts = 10;
  settings.limits.daily_loss = usd(1'000'000'00);
  settings.limits.max_trades_per_day = 1'000'000;
  settings.limits.min_balance = usd(1'00);
  return settings;
}

/// An engine that is online and reconciled, and what the daemon would do around it.
class Desk {
 public:
  explicit Desk(const Settings& settings) : engine_(settings) {
    actions_.reserve(64);
    now_ = {{1'000'000'000}, {1'782'086'400'000'000}, {1'782'086'400}};
    engine_.restore({}, now_, actions_);
    engine_.on_online(balance_, now_, actions_);
    execution::VenueReport report;
    report.as_of = now_.venue;
    report.balance = balance_;
    engine_.on_venue_report(report, now_, actions_);
    actions_.clear();
  }

  void tick(std::int64_t cents) {
    now_.venue.s += 2;
    now_.wall.us += 2'000'000;
    now_.instant = now_.instant + std::chrono::seconds(2);
    quote_ = core::Price::raw(cents, 2);
    engine_.on_tick({"R_100", now_.venue, quote_}, false, now_, actions_);
  }
  void drop_actions() { actions_.clear(); }

  /// The purchase that the last tick raised.
  void accept() {
    const SendBuy* buy = nullptr;
    for (const auto& action : actions_) {
      if (const auto* found = std::get_if<SendBuy>(&action)) buy = found;
    }
    if (buy == nullptr) std::abort();
    execution::Bought bought;
    bought.contract = {++contract_};
    bought.transaction = {contract_ * 10};
    bought.buy_price = buy->stake;
    bought.payout = usd(1'95);
    bought.purchase_time = now_.venue;
    balance_ -= buy->stake;
    bought.balance_after = balance_;
    buys_even_ = buy->spec.type == market::ContractType::kDigitEven;
    const auto order = buy->order;
    actions_.clear();
    engine_.on_bought(order, bought, now_, actions_);
    actions_.clear();
  }

  /// What the contract's stream will say of its end, which is at the last tick.
  void see_the_end() {
    const bool won = (quote_.mantissa() % 2 == 0) == buys_even_;
    end_ = {};
    end_.contract = {contract_};
    end_.is_sold = true;
    end_.is_expired = true;
    end_.status = won ? "won" : "lost";
    end_.sell_price = won ? usd(1'95) : usd(0);
    end_.sell_time = now_.venue;
    end_.entry = market::Tick{"R_100", now_.venue, quote_};
    end_.exit = end_.entry;
    balance_ += *end_.sell_price;
  }
  void settle() { engine_.on_contract(end_, execution::Witness::kContractStream, now_, actions_); }
  /// Settled, and by our own reckoning too.
  void check_settled() {
    const auto order = engine_.order_of({contract_});
    if (!order || order->state != execution::OrderState::kSettled || order->recomputed_differs) {
      std::abort();
    }
  }

 private:
  Engine engine_;
  core::Now now_;
  Actions actions_;
  core::Money balance_ = usd(10'000'000'00);
  core::Price quote_;
  std::int64_t contract_ = 0;
  bool buys_even_ = false;
  execution::ContractReport end_;
};

/// So many that stopping the clock costs each of them next to nothing.
constexpr int kDesks = 64;

std::vector<std::unique_ptr<Desk>> desks(const Settings& settings) {
  std::vector<std::unique_ptr<Desk>> out;
  for (int i = 0; i < kDesks; ++i) out.push_back(std::make_unique<Desk>(settings));
  return out;
}

/// One strategy of its kind, or ten.
void engine_tick(benchmark::State& state) {
  std::vector<StrategySettings> strategies;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    strategies.push_back(parity(100));
    strategies.back().name = std::string("parity") + std::to_string(i);
  }
  Desk desk(settings_of(std::move(strategies)));
  std::int64_t quote = 1'000'00;
  for (auto _ : state) {
    quote ^= 1;  // never two digits of one parity in a row: no signal
    desk.tick(quote);
    desk.drop_actions();
  }
}
BENCHMARK(engine_tick)->Arg(1)->Arg(10);

void engine_tick_with_purchase(benchmark::State& state) {
  const auto all = desks(settings_of({parity(1)}));
  std::int64_t quote = 1'000'00;
  while (state.KeepRunningBatch(kDesks)) {
    ++quote;
    for (const auto& desk : all) desk->tick(quote);
    state.PauseTiming();
    for (const auto& desk : all) {
      desk->accept();
      desk->tick(quote + 1);
      desk->see_the_end();
      desk->settle();
      desk->drop_actions();
      desk->check_settled();
    }
    state.ResumeTiming();
  }
}
BENCHMARK(engine_tick_with_purchase);

void engine_settlement(benchmark::State& state) {
  const auto all = desks(settings_of({parity(1)}));
  std::int64_t quote = 1'000'00;
  while (state.KeepRunningBatch(kDesks)) {
    state.PauseTiming();
    ++quote;
    for (const auto& desk : all) {
      desk->tick(quote);
      desk->accept();
      desk->tick(quote + 1);
      desk->see_the_end();
      desk->drop_actions();
    }
    state.ResumeTiming();
    for (const auto& desk : all) desk->settle();
    state.PauseTiming();
    for (const auto& desk : all) {
      desk->drop_actions();
      desk->check_settled();
    }
    state.ResumeTiming();
  }
}
BENCHMARK(engine_settlement);

/// Everything that is asked of a purchase that is admitted.
void gate(benchmark::State& state) {
  risk::SessionLimits session;
  session.take_profit = usd(50'00);
  session.stop_loss = usd(30'00);
  session.trailing = true;
  risk::Guards guards;
  guards.max_open = 2;
  guards.cooldown = std::chrono::seconds(10);
  guards.after_losses = risk::AfterLosses{3, std::chrono::minutes(5)};
  guards.drawdown = risk::Drawdown{usd(20'00), std::chrono::minutes(30)};
  guards.max_trades_per_hour = 60;
  guards.volatility = risk::VolatilityBounds{100, core::Decimal{1, 4}, core::Decimal{5, 0}};
  risk::AccountLimits account;
  account.max_stake = usd(5'00);
  account.max_open_contracts = 5;
  account.max_open_stake = usd(20'00);
  account.daily_loss = usd(100'00);
  account.daily_profit = usd(200'00);
  account.max_trades_per_day = 500;
  account.min_balance = usd(10'00);
  risk::Volatility volatility(100);
  for (int i = 0; i < 200; ++i) volatility.push(core::Price::raw(1'000'00 + i * 37 % 101, 2));
  risk::Standing standing;
  standing.ready = true;
  standing.volatility = &volatility;
  standing.open = 1;
  standing.trades_in_hour = 12;
  standing.session.settle(usd(7'00));
  standing.session_open = usd(1'00);
  standing.account_open = 3;
  standing.day_trades = 100;
  standing.account_open_stake = usd(3'00);
  standing.day_profit = usd(-20'00);
  standing.balance = usd(1'000'00);
  const auto stake = usd(1'00);
  for (auto _ : state) {
    benchmark::DoNotOptimize(standing);
    if (risk::check_entry(standing, session, guards, account)) std::abort();
    if (risk::check_money(stake, standing, session, account, false)) std::abort();
  }
}
BENCHMARK(gate);

}  // namespace
}  // namespace derivd::engine
