// Random strategies, plans, limits and guards on random ticks: an auditor that knows only the list
// of trades finds no limit passed by a cent, and a second run is the same to the byte.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "backtest/backtest.hpp"
#include "backtest/result_json.hpp"
#include "core/rng.hpp"

namespace derivd::backtest {
namespace {

constexpr int kRuns = 150;
constexpr std::int64_t kTicks = 2500;
constexpr std::int64_t kNoon = 1'782'000'000 / 86400 * 86400 + 43'200;

core::Money cents(std::int64_t n) { return core::Money::minor(n); }

struct Case {
  Options options;
  std::vector<std::string> symbols;
  std::vector<std::vector<market::TickRow>> rows;
};

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : rng_(seed) {}

  Case make() {
    Case c;
    c.symbols = {"R_100", "1HZ100V"};
    for (const auto& symbol : c.symbols) c.rows.push_back(ticks(symbol));
    limits(c.options.settings.limits);
    const auto count = 1 + rng_.below(3);
    for (std::uint64_t i = 0; i < count; ++i) c.options.settings.strategies.push_back(strategy(i));
    if (maybe()) {
      c.options.payouts = Payouts::parse(
                              "DIGITODD=1.95,DIGITEVEN=1.95,CALL=1.953,PUT=1.953,"
                              "DIGITDIFF=1.09,HIGHER=2.5,LOWER=2.5")
                              .value();
    }
    c.options.balance = cents(between(200'00, 1000'00));
    if (maybe()) c.options.settle_delay = std::chrono::seconds(rng_.below(6));
    if (rng_.below(4) == 0) c.options.latency_ticks = static_cast<int>(rng_.below(4));
    return c;
  }

 private:
  bool maybe() { return rng_.below(2) == 0; }
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(high - low + 1)));
  }
  template <class T>
  std::optional<T> optional(T value) {
    return maybe() ? std::optional<T>(value) : std::nullopt;
  }

  // Around a midnight, with holes, so that days roll and timed contracts may have no tick.
  std::vector<market::TickRow> ticks(std::string_view symbol) {
    const auto step = market::find_symbol(symbol)->interval_s;
    std::vector<market::TickRow> out;
    std::int64_t epoch = kNoon + 43'200 - kTicks * step / 2;
    std::int64_t mantissa = 100'000;
    for (std::int64_t i = 0; i < kTicks; ++i) {
      epoch += rng_.below(200) == 0 ? between(step, 40) : step;
      mantissa += between(-30, 30);
      out.push_back({{epoch}, mantissa});
    }
    return out;
  }

  void limits(risk::AccountLimits& l) {
    l.max_stake = optional(cents(between(3'00, 20'00)));
    l.max_open_contracts = optional(between(1, 4));
    l.max_open_stake = optional(cents(between(4'00, 20'00)));
    l.daily_loss = optional(cents(between(5'00, 60'00)));
    l.daily_profit = optional(cents(between(5'00, 60'00)));
    l.max_trades_per_day = optional(between(5, 300));
    if (maybe()) l.min_balance = cents(between(100'00, 190'00));
    l.day_starts = std::chrono::seconds(maybe() ? 0 : between(0, 86'399));
  }

  engine::StrategySettings strategy(std::uint64_t i) {
    static constexpr std::array kTypes{"even_odd", "rise_fall", "digit_differs", "higher_lower"};
    static constexpr std::array kPlans{"flat",      "martingale",        "reverse_martingale",
                                       "dalembert", "reverse_dalembert", "oscars_grind",
                                       "fibonacci", "one_three_two_six"};
    engine::StrategySettings s;
    s.name = core::Name(fmt::format("s{}", i));
    s.type = kTypes.at(rng_.below(kTypes.size()));
    s.symbol = maybe() ? "R_100" : "1HZ100V";
    if (s.type != "digit_differs") s.params["streak"] = between(1, 4);
    if (s.type == "higher_lower") s.contract.barrier = core::Decimal{between(1, 40), 2};
    s.contract.duration.count = static_cast<std::int32_t>(between(1, 10));
    if ((s.type == "rise_fall" || s.type == "higher_lower") && maybe()) {
      s.contract.duration = {static_cast<std::int32_t>(between(15, 60)),
                             market::ContractDuration::Unit::kSeconds};
    }
    s.staking.plan = kPlans.at(rng_.below(kPlans.size()));
    s.staking.base = cents(between(35, 3'00));
    s.staking.factor = {between(11, 30), 1};
    s.staking.max_steps = optional(between(1, 8));
    s.staking.max_stake = optional(cents(between(3'00, 30'00)));
    s.staking.on_cap = maybe() ? staking::OnCap::kHold : staking::OnCap::kRestart;
    s.session.take_profit = optional(cents(between(5'00, 50'00)));
    s.session.stop_loss = optional(cents(between(4'00, 50'00)));
    s.session.trailing = maybe();
    s.guards.max_open = between(1, 3);
    s.guards.cooldown = std::chrono::seconds(maybe() ? 0 : between(0, 30));
    if (maybe())
      s.guards.after_losses =
          risk::AfterLosses{between(1, 5), std::chrono::seconds(between(1, 300))};
    if (rng_.below(3) == 0) {
      s.guards.drawdown =
          risk::Drawdown{cents(between(50, 10'00)), std::chrono::seconds(between(1, 300))};
    }
    s.guards.max_trades_per_hour = optional(between(3, 60));
    if (rng_.below(3) == 0) s.group = "g";
    if (maybe()) s.guards.min_payout_ratio = core::Decimal{between(5, 95), 2};
    return s;
  }

  core::Rng rng_;
};

struct Outcome {
  Result result;
  std::vector<Trade> trades;
  std::string json;
};

Outcome run_case(const Case& c) {
  Outcome out;
  std::deque<market::RowSource> sources;
  std::vector<Tape> tapes;
  for (std::size_t i = 0; i < c.rows.size(); ++i) {
    tapes.push_back({market::SymbolCode(c.symbols[i]), &sources.emplace_back(c.rows[i])});
  }
  // A market nobody trades is still a clock.
  ResultJson json(c.options, tapes);
  json.begin(out.json);
  out.result = run(c.options, tapes, [&](const Trade& t) {
                 out.trades.push_back(t);
                 json.trade(out.json, t);
               }).value();
  json.end(out.json, out.result);
  return out;
}

/// Walks through settlements and purchases in the order in which they happened.
class Auditor {
 public:
  Auditor(const Case& c, const std::vector<Trade>& trades) : c_(c) {
    for (const auto& t : trades) {
      steps_.push_back({t.purchase_epoch.s, 1, t.n, &t});
      steps_.push_back({t.settled_epoch.s, 0, t.settled_n, &t});
    }
    std::ranges::sort(steps_, {}, [](const Step& s) { return std::tuple(s.epoch, s.kind, s.n); });
    of_.resize(c.options.settings.strategies.size());
    balance_ = c.options.balance.units();
  }

  /// Purchases on their way (latency) were admitted before they started: counts and money are then
  /// checked at a moment that is not the gate's, and only what holds at every moment is.
  void run(bool immediate) {
    for (const auto& step : steps_) {
      roll_day(step.epoch);
      if (step.kind == 0) {
        settle(*step.trade);
      } else {
        if (immediate) admitted(*step.trade);
        buy(*step.trade);
      }
      always(*step.trade);
    }
  }

 private:
  struct Step {
    std::int64_t epoch;
    int kind;  // settlements first
    std::int64_t n;
    const Trade* trade;
  };
  struct Of {
    std::int64_t open = 0, open_stake = 0, realised = 0, peak = 0;
    std::optional<std::int64_t> cooling_until, pausing_until, falling_until;
    std::int64_t top = 0;
    std::int64_t losses = 0;
    std::vector<std::int64_t> bought;
  };
  const engine::StrategySettings& settings(const Trade& t) const {
    return c_.options.settings.strategies.at(t.strategy);
  }

  void roll_day(std::int64_t epoch) {
    const auto number = (epoch - c_.options.settings.limits.day_starts.count()) / 86400;
    if (number == day_) return;
    day_ = number;
    day_profit_ = day_trades_ = 0;
    target_reached_ = false;
  }

  void settle(const Trade& t) {
    auto& s = of_[t.strategy];
    const auto profit = t.profit.units();
    --s.open;
    --open_;
    s.open_stake -= t.stake.units();
    open_stake_ -= t.stake.units();
    s.realised += profit;
    s.peak = std::max(s.peak, s.realised);
    day_profit_ += profit;
    balance_ += t.stake.units() + profit;
    const auto& guards = settings(t).guards;
    if (guards.cooldown.count() > 0) s.cooling_until = t.settled_epoch.s + guards.cooldown.count();
    if (guards.after_losses && profit != 0) {
      s.losses = profit < 0 ? s.losses + 1 : 0;
      if (s.losses == guards.after_losses->count) {
        s.losses = 0;
        s.pausing_until = t.settled_epoch.s + guards.after_losses->pause.count();
      }
    }
    s.top = std::max(s.top, s.realised);
    if (guards.drawdown && s.top - s.realised >= guards.drawdown->amount.units()) {
      s.top = s.realised;
      s.falling_until = t.settled_epoch.s + guards.drawdown->pause.count();
    }
    const auto& target = c_.options.settings.limits.daily_profit;
    if (target && day_profit_ >= target->units()) target_reached_ = true;
  }

  void buy(const Trade& t) {
    auto& s = of_[t.strategy];
    ++s.open;
    ++open_;
    ++day_trades_;
    s.open_stake += t.stake.units();
    open_stake_ += t.stake.units();
    balance_ -= t.stake.units();
    s.bought.push_back(t.purchase_epoch.s);
  }

  void admitted(const Trade& t) {
    const auto& s = of_[t.strategy];
    const auto& guards = settings(t).guards;
    const auto& limits = c_.options.settings.limits;
    const auto now = t.purchase_epoch.s;
    if (s.cooling_until) {
      EXPECT_GE(now, *s.cooling_until) << t.n;
    }
    if (s.pausing_until) {
      EXPECT_GE(now, *s.pausing_until) << t.n;
    }
    if (s.falling_until) {
      EXPECT_GE(now, *s.falling_until) << t.n;
    }
    EXPECT_FALSE(target_reached_) << t.n;
    if (limits.daily_loss) {
      EXPECT_LE(open_stake_ + t.stake.units(),
                limits.daily_loss->units() + std::min<std::int64_t>(0, day_profit_))
          << t.n;
    }
    if (const auto& take = settings(t).session.take_profit) {
      EXPECT_LT(s.realised, take->units()) << t.n;
    }
    if (guards.min_payout_ratio) {
      const auto profit = (t.payout - t.stake).units();
      EXPECT_GE(profit * core::pow10(guards.min_payout_ratio->scale),
                guards.min_payout_ratio->mantissa * t.stake.units())
          << t.n;
    }
  }

  void always(const Trade& t) {
    const auto& s = of_[t.strategy];
    const auto& strategy = settings(t);
    const auto& limits = c_.options.settings.limits;
    EXPECT_LE(s.open, strategy.guards.max_open) << t.n;
    std::int64_t of_group = 0;
    for (std::size_t i = 0; i < of_.size(); ++i) {
      if (!c_.options.settings.strategies.at(i).group.empty()) of_group += of_[i].open;
    }
    EXPECT_LE(of_group, 1) << t.n;
    if (limits.max_open_contracts) {
      EXPECT_LE(open_, *limits.max_open_contracts) << t.n;
    }
    if (limits.max_open_stake) {
      EXPECT_LE(open_stake_, limits.max_open_stake->units()) << t.n;
    }
    if (limits.max_trades_per_day) {
      EXPECT_LE(day_trades_, *limits.max_trades_per_day) << t.n;
    }
    if (limits.max_stake) {
      EXPECT_LE(t.stake, *limits.max_stake) << t.n;
    }
    if (limits.min_balance) {
      EXPECT_GE(balance_, limits.min_balance->units()) << t.n;
    }
    if (limits.daily_loss) {
      EXPECT_GE(day_profit_, -limits.daily_loss->units()) << t.n;
    }
    if (strategy.staking.max_stake) {
      EXPECT_LE(t.stake, std::max(*strategy.staking.max_stake, strategy.staking.base)) << t.n;
    }
    if (const auto& stop = strategy.session.stop_loss) {
      // The peak may have risen since a contract was bought; what was risked then stays in it.
      if (!strategy.session.trailing) {
        EXPECT_GE(s.realised - s.open_stake, -stop->units()) << t.n;
      }
      if (strategy.session.trailing && s.open == 0) {
        EXPECT_GE(s.realised, -stop->units()) << t.n;
      }
    }
    if (const auto& rate = strategy.guards.max_trades_per_hour; rate && !s.bought.empty()) {
      const auto now = s.bought.back();
      const auto in_hour = std::ranges::count_if(s.bought, [&](auto b) { return b > now - 3600; });
      EXPECT_LE(in_hour, *rate) << t.n;
    }
  }

  const Case& c_;
  std::vector<Step> steps_;
  std::vector<Of> of_;
  std::int64_t day_ = 0, day_profit_ = 0, day_trades_ = 0;
  std::int64_t open_ = 0, open_stake_ = 0, balance_ = 0;
  bool target_reached_ = false;
};

TEST(BacktestProperty, NoLimitIsPassedAndEveryRunIsTheSame) {
  std::int64_t trades = 0;
  int halted = 0;
  int refused = 0;
  for (std::uint64_t seed = 1; seed <= kRuns; ++seed) {
    SCOPED_TRACE(seed);
    const auto c = Maker(seed).make();
    const auto first = run_case(c);
    Auditor(c, first.trades).run(c.options.latency_ticks == 0);
    ASSERT_EQ(first.json, run_case(c).json);
    core::Money profit;
    for (const auto& t : first.trades) profit += t.profit;
    ASSERT_EQ(profit, first.result.total.profit);
    ASSERT_EQ(static_cast<std::int64_t>(first.trades.size()), first.result.total.trades);
    trades += first.result.total.trades;
    for (const auto& s : first.result.strategies) {
      halted += s.halted ? 1 : 0;
      refused += s.refused > 0 ? 1 : 0;
    }
    if (testing::Test::HasFailure()) break;
  }
  // The cases are worth something: contracts, halts and refusals came about.
  EXPECT_GT(trades, kRuns * 20);
  EXPECT_GT(halted, kRuns / 10);
  EXPECT_GT(refused, 0);
}

// With nothing to wait for, the memory of a run does not depend on how long it is: trades leave as
// they settle.
TEST(BacktestProperty, TradesLeaveAsTheySettle) {
  auto c = Maker(1).make();
  engine::StrategySettings s;
  s.name = "a";
  s.type = "even_odd";
  s.symbol = "1HZ100V";
  s.params["streak"] = 1;
  s.staking.base = cents(35);
  c.options.settings = {};
  c.options.settings.strategies = {s};
  c.options.settle_delay = {};
  c.options.latency_ticks = 0;
  market::RowSource source(c.rows[1]);
  const Tape tape{"1HZ100V", &source};
  std::int64_t last = 0;
  run(c.options, {&tape, 1}, [&](const Trade& t) {
    EXPECT_EQ(t.n, ++last);
    EXPECT_EQ(t.settled_n, t.n);
  }).value();
  EXPECT_GT(last, kTicks / 2);
}

}  // namespace
}  // namespace derivd::backtest
