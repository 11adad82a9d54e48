// A daemon that is stopped at any point and started again trades on exactly as if it had not been.
#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "unit/engine/calm.hpp"

namespace derivd::engine::test {
namespace {

constexpr std::int64_t kStart = 1'782'086'400 - 60;  // a minute before midnight

Settings random_settings(core::Rng& rng) {
  Settings out;
  constexpr std::array kPlans{
      "flat",         "martingale",        "dalembert",          "fibonacci",
      "oscars_grind", "one_three_two_six", "reverse_martingale", "reverse_dalembert",
      "table"};
  const auto n = 1 + rng.below(3);
  for (std::uint64_t i = 0; i < n; ++i) {
    auto s = every_tick(std::string(1, static_cast<char>('a' + i)));
    s.type = rng.below(2) == 0 ? "even_odd" : "rise_fall";
    s.params["streak"] = 1 + static_cast<std::int64_t>(rng.below(3));
    s.contract.duration.count = 1 + static_cast<std::int32_t>(rng.below(4));
    s.staking.plan = kPlans.at(rng.below(kPlans.size()));
    s.staking.base = core::Money::minor(35 + static_cast<std::int64_t>(rng.below(60)));
    s.staking.stakes = {s.staking.base, usd("0.80"), usd("1.70")};
    s.staking.percent = {5, 2};
    s.staking.auto_factor = s.staking.plan == "martingale" && rng.below(2) == 0;
    if (rng.below(4) == 0) s.contract.alternate = 1 + static_cast<std::int64_t>(rng.below(3));
    s.staking.factor = {21, 1};
    s.staking.max_steps = 3;
    s.session.stop_loss = core::Money::minor(500 + static_cast<std::int64_t>(rng.below(1500)));
    s.session.trailing = rng.below(2) == 0;
    s.session.take_profit = core::Money::minor(300 + static_cast<std::int64_t>(rng.below(900)));
    s.guards.max_open = 1 + static_cast<std::int64_t>(rng.below(3));
    if (rng.below(2) == 0) s.guards.cooldown = std::chrono::seconds(rng.below(7));
    if (rng.below(2) == 0) s.guards.after_losses = risk::AfterLosses{2, std::chrono::seconds(20)};
    if (rng.below(2) == 0) s.guards.max_trades_per_hour = 30;
    if (rng.below(3) == 0) s.group = "g";
    if (rng.below(4) == 0) {
      s.guards.volatility = risk::VolatilityBounds{2 + static_cast<std::int64_t>(rng.below(9)),
                                                   core::Decimal{12, 3}, core::Decimal{20, 3}};
    }
    if (rng.below(2) == 0) {
      s.guards.drawdown =
          risk::Drawdown{core::Money::minor(60 + static_cast<std::int64_t>(rng.below(150))),
                         std::chrono::seconds(4 + rng.below(20))};
    }
    out.strategies.push_back(s);
  }
  out.limits.daily_loss = core::Money::minor(2000);
  if (rng.below(2) == 0) out.limits.max_trades_per_day = 25;
  if (rng.below(2) == 0) out.limits.daily_profit = core::Money::minor(400);
  return out;
}

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
    Calm steady(settings, kStart);
    std::vector<std::string> states;
    for (const auto q : quotes) {
      steady.tick_after(q);
      states.push_back(steady.state());
    }
    for (int stop = 1; stop < kTicks; stop += 3) {
      SCOPED_TRACE(fmt::format("seed {} stopped after tick {}", seed, stop));
      Calm stopped(settings, kStart);
      for (int i = 0; i < kTicks; ++i) {
        if (i == stop) stopped.restart();
        if (i == stop) {
          ASSERT_EQ(stopped.state(), states[static_cast<std::size_t>(i - 1)]);
        }
        stopped.tick_after(quotes[static_cast<std::size_t>(i)]);
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
