// A daemon that is stopped at any point and started again trades on exactly as if it had not been.
#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "unit/engine/rig.hpp"

namespace derivd::engine::test {
namespace {

constexpr std::int64_t kStart = 1'782'086'400 - 60;  // a minute before midnight

Settings random_settings(core::Rng& rng) {
  Settings out;
  const char* plans[] = {
      "flat",         "martingale",        "dalembert",          "fibonacci",
      "oscars_grind", "one_three_two_six", "reverse_martingale", "reverse_dalembert"};
  const auto n = 1 + rng.below(3);
  for (std::uint64_t i = 0; i < n; ++i) {
    auto s = every_tick(std::string(1, static_cast<char>('a' + i)));
    s.type = rng.below(2) == 0 ? "even_odd" : "rise_fall";
    s.params["streak"] = 1 + static_cast<std::int64_t>(rng.below(3));
    s.contract.duration.count = 1 + static_cast<std::int32_t>(rng.below(4));
    s.staking.plan = plans[rng.below(8)];
    s.staking.base = core::Money::minor(35 + static_cast<std::int64_t>(rng.below(60)));
    s.staking.factor = {21, 1};
    s.staking.max_steps = 3;
    s.session.stop_loss = core::Money::minor(500 + static_cast<std::int64_t>(rng.below(1500)));
    s.session.trailing = rng.below(2) == 0;
    s.session.take_profit = core::Money::minor(300 + static_cast<std::int64_t>(rng.below(900)));
    s.guards.max_open = 1 + static_cast<std::int64_t>(rng.below(3));
    if (rng.below(2) == 0) s.guards.cooldown = std::chrono::seconds(rng.below(7));
    if (rng.below(2) == 0) s.guards.after_losses = risk::AfterLosses{2, std::chrono::seconds(20)};
    if (rng.below(2) == 0) s.guards.max_trades_per_hour = 30;
    out.strategies.push_back(s);
  }
  out.limits.daily_loss = core::Money::minor(2000);
  if (rng.below(2) == 0) out.limits.max_trades_per_day = 25;
  if (rng.below(2) == 0) out.limits.daily_profit = core::Money::minor(400);
  return out;
}

// A calm venue that answers at once; contracts end by their own rule.
class Calm {
 public:
  explicit Calm(const Settings& settings) : rig(settings) {
    rig.now.venue = {kStart};
    rig.restore({});
    rig.live();
  }
  void tick(std::int64_t quote) {
    const market::Tick t{"R_100", {rig.now.venue.s + 2}, core::Price::raw(quote, 2)};
    ticks.push_back(t);
    for (auto& [id, c] : open) c.life.on_tick(t);
    rig.advance_to(t.epoch.s);
    for (auto it = open.begin(); it != open.end();) {
      if (it->second.life.verdict() == market::Verdict::kOpen) {
        ++it;
        continue;
      }
      const bool won = it->second.life.verdict() == market::Verdict::kWon;
      const auto paid = won ? it->second.payout : core::Money{};
      balance += paid;
      const auto id = it->first;
      it = open.erase(it);
      rig.settle(id, paid.to_string());
      rig.balance(balance.to_string());
      answer();
    }
    rig.tick("R_100", t.epoch.s, t.quote.to_string());
    answer();
  }
  void answer() {
    while (!rig.buys.empty()) {
      const auto b = rig.buys.front();
      rig.buys.erase(rig.buys.begin());
      decisions.push_back(fmt::format("{} {} {} {}", rig.now.venue.s, b.order.value,
                                      market::name_of(b.spec.type), b.stake.to_string()));
      balance -= b.stake;
      Open o;
      o.life = market::ContractLife(b.spec, rig.now.venue);
      o.payout = core::Money::minor(b.stake.units() * 195 / 100);
      open[++last] = o;
      rig.bought(b.order, last, o.payout.to_string(), balance.to_string());
    }
  }
  /// The same venue, a new process: journal, balance and past ticks are all it has.
  void restart() {
    rig.restart();
    execution::VenueReport report = rig.empty_report(balance.to_string());
    rig.online(balance.to_string());
    for (const auto& o : rig.engine->open_orders()) {
      execution::HistoryRow row;
      row.contract = o.contract;
      row.open = true;
      row.buy_price = o.buy_price;
      row.purchase_time = o.purchase_time;
      report.portfolio.push_back(row);
    }
    rig.report(report);
    for (const auto& t : ticks) rig.tick("R_100", t.epoch.s, t.quote.to_string(), true);
    EXPECT_TRUE(rig.buys.empty());
  }
  std::string state() const {
    std::string out;
    for (const auto& v : rig.engine->strategies()) {
      out += fmt::format("{} {} {} {} {} {} {} {} {}\n", v.name.view(), name_of(v.status), v.trades,
                         v.won, v.lost, v.open, v.profit.to_string(), v.peak.to_string(),
                         v.next_stake.to_string());
    }
    const auto a = rig.engine->account();
    return out + fmt::format("{} {} {} {}", a.day_profit.to_string(), a.day_trades,
                             a.open_contracts, a.open_stake.to_string());
  }

  struct Open {
    market::ContractLife life;
    core::Money payout;
  };
  Rig rig;
  core::Money balance = usd("10000.00");
  std::map<std::int64_t, Open> open;
  std::int64_t last = 0;
  std::vector<market::Tick> ticks;
  std::vector<std::string> decisions;
};

TEST(Restart, AtAnyPointContinuesIdentically) {
  constexpr int kTicks = 60;
  std::size_t compared = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    core::Rng rng(seed);
    const auto settings = random_settings(rng);
    std::vector<std::int64_t> quotes;
    std::int64_t quote = 34'000;
    for (int i = 0; i < kTicks; ++i) {
      quotes.push_back(quote += static_cast<std::int64_t>(rng.below(21)) - 10);
    }
    Calm steady(settings);
    std::vector<std::string> states;
    for (const auto q : quotes) {
      steady.tick(q);
      states.push_back(steady.state());
    }
    for (int stop = 1; stop < kTicks; stop += 3) {
      SCOPED_TRACE(fmt::format("seed {} stopped after tick {}", seed, stop));
      Calm stopped(settings);
      for (int i = 0; i < kTicks; ++i) {
        if (i == stop) stopped.restart();
        if (i == stop) {
          ASSERT_EQ(stopped.state(), states[static_cast<std::size_t>(i - 1)]);
        }
        stopped.tick(quotes[static_cast<std::size_t>(i)]);
        ASSERT_EQ(stopped.state(), states[static_cast<std::size_t>(i)]) << "at tick " << i;
      }
      ASSERT_EQ(stopped.decisions, steady.decisions);
      ASSERT_EQ(stopped.rig.book.profit(), steady.rig.book.profit());
      compared += steady.decisions.size();
    }
  }
  EXPECT_GT(compared, 5000u);
}

}  // namespace
}  // namespace derivd::engine::test
