// The class that the settings table gives a key of a strategy is what the engine does with it: a
// change "when flat" waits for an open contract, a live one does not.
#include <gtest/gtest.h>

#include "config/config.hpp"
#include "config/table.hpp"
#include "rules/parse.hpp"
#include "unit/engine/rig.hpp"

namespace derivd::config {
namespace {

constexpr std::string_view kOfStrategy = "strategies[].";

/// Another value than that of `base()` for each key; keys with one possible value have none.
const std::map<std::string_view, std::string>& others() {
  static const std::map<std::string_view, std::string> kOthers{
      {"type", "rise_fall"},
      {"symbol", "R_50"},
      {"watch", "R_50"},
      {"params", "streak"},
      {"candles", "1m"},
      {"rules", "price > 1"},
      {"time_zone", "Europe/Berlin"},
      {"contract.duration", "3t"},
      {"contract.until", "2026-12-01 16:00 UTC"},
      {"contract.type", "ONETOUCH"},
      {"contract.barrier", "0.5"},
      {"contract.barrier2", "-0.5"},
      {"contract.prediction", "7"},
      {"contract.selected_tick", "3"},
      {"contract.growth", "0.03"},
      {"contract.payout_per_point", "3"},
      {"contract.cancellation", "15m"},
      {"contract.basis", "payout"},
      {"contract.alternate", "after_loss"},
      {"contract.multiplier", "100"},
      {"contract.take_profit", "2.00"},
      {"contract.stop_loss", "3.00"},
      {"exit.profit", "0.50"},
      {"exit.loss", "80%"},
      {"exit.trailing", "0.30"},
      {"exit.after", "20t"},
      {"staking.plan", "martingale"},
      {"staking.base", "0.50"},
      {"staking.factor", "3"},
      {"staking.unit", "2"},
      {"staking.max_steps", "4"},
      {"staking.max_stake", "9.00"},
      {"staking.on_cap", "hold"},
      {"staking.stakes", "1.00"},
      {"staking.advance", "win"},
      {"staking.percent", "3%"},
      {"session.take_profit", "90.00"},
      {"session.stop_loss", "90.00"},
      {"session.trailing", "true"},
      {"session.resume", "reset"},
      {"guards.max_open", "2"},
      {"guards.cooldown", "5s"},
      {"guards.after_losses.count", "5"},
      {"guards.after_losses.pause", "5m"},
      {"guards.drawdown.amount", "5.00"},
      {"guards.drawdown.pause", "2h"},
      {"guards.volatility.ticks", "50"},
      {"guards.volatility.min", "0.01%"},
      {"guards.volatility.max", "0.05%"},
      {"guards.max_trades_per_hour", "77"},
      {"guards.min_payout_ratio", "0.5"},
      {"guards.hours", "Mon-Fri 08:00-20:00 UTC"},
      {"group", "majors"},
      {"virtual.losses", "3"},
      {"virtual.trades", "2"},
      {"virtual.until", "win"},
      {"enabled", "false"},
  };
  return kOthers;
}

Config base() {
  Config c;
  c.engine.strategies = {engine::test::every_tick("a")};
  return c;
}

Config with(const Setting& setting, const std::string& value) {
  auto c = base();
  auto& strategy = c.engine.strategies[0];
  Target target{c, &strategy};
  YamlNode node;
  node.kind = YamlNode::Kind::kScalar;
  node.text = value;
  if (setting.path.find(".volatility.") != std::string_view::npos) {
    strategy.guards.volatility = risk::VolatilityBounds{20, {}, core::Decimal{1, 0}};
  }
  if (setting.path.ends_with(".params")) {
    strategy.params[value] = 2;
  } else if (setting.path.ends_with(".rules")) {
    strategy.rules.rules.push_back({std::get<rules::Expr>(rules::parse_condition(value, {})), {}});
  } else if (setting.path.ends_with(".hours") || setting.path.ends_with(".stakes") ||
             setting.path.ends_with(".watch")) {
    YamlNode list;
    list.kind = YamlNode::Kind::kList;
    list.items = {node};
    EXPECT_FALSE(setting.apply(target, list));
  } else {
    EXPECT_FALSE(setting.apply(target, node)) << setting.path;
  }
  return c;
}

bool waits_in_the_engine(const Config& changed) {
  engine::test::Rig rig(base().engine);
  rig.restore({});
  rig.now.venue = {1'782'086'400};
  rig.live();
  rig.tick("1.02");
  rig.bought(rig.buy().order, 5, "1.95");
  rig.reconfigure(changed.engine);
  return rig.view("a").change_pending;
}

TEST(Classes, AreWhatTheEngineDoes) {
  std::size_t seen = 0;
  for (const auto& setting : settings()) {
    if (!setting.path.starts_with(kOfStrategy)) continue;
    const auto key = setting.path.substr(kOfStrategy.size());
    if (key == "name" || key == "session.on_target" || key == "session.on_loss") continue;
    const auto other = others().find(key);
    ASSERT_NE(other, others().end()) << key << ": a new key; say here what else it can be";
    const auto changed = with(setting, other->second);
    const auto changes = diff(base(), changed);
    ASSERT_FALSE(changes.empty()) << key;
    for (const auto& change : changes) EXPECT_EQ(change.reload, setting.reload) << change.key;
    EXPECT_EQ(waits_in_the_engine(changed), setting.reload == Reload::kWhenFlat) << key;
    ++seen;
  }
  EXPECT_EQ(seen, others().size());
}

}  // namespace
}  // namespace derivd::config
