#include "scenario.hpp"

namespace derivd::chaos {
namespace {

constexpr std::array<std::string_view, kKinds> kNames{"cut_up_before",
                                                      "cut_up_after",
                                                      "cut_down_before",
                                                      "cut_down_after",
                                                      "half_open",
                                                      "stall",
                                                      "garbage",
                                                      "slow",
                                                      "http_failed",
                                                      "connect_failed",
                                                      "upgrade_refused",
                                                      "lost_reply",
                                                      "error_code",
                                                      "error_after",
                                                      "duplicate",
                                                      "read_error",
                                                      "bad_password",
                                                      "rest_error",
                                                      "login_refused",
                                                      "ticks",
                                                      "held_settlement",
                                                      "closed_market",
                                                      "delayed",
                                                      "venue_drop",
                                                      "kill",
                                                      "kill_at_journal",
                                                      "kill_at_wire",
                                                      "power_loss",
                                                      "disk_full",
                                                      "clock_step",
                                                      "foreign",
                                                      "refusals",
                                                      "log_torn",
                                                      "log_failed",
                                                      "tables_failed"};

core::Money cents(std::int64_t units) { return core::Money::minor(units); }

engine::StrategySettings strategy(const char* name, const char* type, const char* symbol,
                                  std::int32_t ticks) {
  engine::StrategySettings s;
  s.name = name;
  s.type = type;
  s.symbol = symbol;
  s.contract.duration = {ticks, market::ContractDuration::Unit::kTicks};
  return s;
}

// Stakes are such that no foreign purchase has one of them (see Foreign in world.cpp).
void add_strategies(core::Rng& rng, engine::Settings& settings) {
  auto parity = strategy("parity", "even_odd", "1HZ100V", 1 + static_cast<int>(rng.below(3)));
  parity.params = {{"streak", static_cast<std::int64_t>(1 + rng.below(3))}};
  parity.staking.plan = rng.below(4) == 0 ? "fibonacci" : "martingale";
  parity.staking.base = cents(35);
  parity.staking.max_steps = static_cast<std::int64_t>(3 + rng.below(5));
  parity.staking.on_cap = rng.below(2) == 0 ? staking::OnCap::kRestart : staking::OnCap::kHold;
  parity.session.stop_loss = cents(static_cast<std::int64_t>(500 + rng.below(4000)));
  if (rng.below(3) == 0) parity.session.trailing = true;
  if (rng.below(3) == 0) {
    parity.session.take_profit = cents(static_cast<std::int64_t>(200 + rng.below(1500)));
  }
  settings.strategies.push_back(parity);

  auto trend = strategy("trend", "rise_fall", "R_100", 1 + static_cast<int>(rng.below(5)));
  trend.params = {{"streak", static_cast<std::int64_t>(1 + rng.below(2))}};
  trend.staking.plan = "flat";
  trend.staking.base = cents(100);
  trend.guards.min_payout_ratio = core::Decimal{5, 1};
  trend.guards.max_open = static_cast<std::int64_t>(1 + rng.below(2));
  if (rng.below(2) == 0) trend.session.stop_loss = cents(1200);
  if (rng.below(3) == 0) trend.guards.cooldown = std::chrono::seconds(5);
  settings.strategies.push_back(trend);

  if (rng.below(3) != 0) {
    auto differs = strategy("differs", "digit_differs", "1HZ100V", 1);
    differs.staking.plan = "flat";
    differs.staking.base = cents(200);
    differs.guards.max_open = static_cast<std::int64_t>(2 + rng.below(3));
    if (rng.below(2) == 0) differs.session.stop_loss = cents(2500);
    settings.strategies.push_back(differs);
  }
  if (rng.below(3) == 0) {
    auto second = strategy("second", "even_odd", "1HZ100V", 5);
    second.params = {{"streak", 2}};
    second.staking.plan = "dalembert";
    second.staking.base = cents(50);
    second.staking.max_steps = 6;
    second.session.stop_loss = cents(3000);
    settings.strategies.push_back(second);
  }
}

/// One type of those that any tick of their life can decide, drawn by chance.
void add_family(core::Rng& rng, engine::Settings& settings) {
  struct Draw {
    std::string_view type;
    std::int32_t ticks;
    std::int32_t barrier = 0;  // in hundredths, of two the high one
    bool two = false;
  };
  constexpr std::array kDraws{Draw{"ONETOUCH", 5, 30},
                              Draw{"NOTOUCH", 6, -40},
                              Draw{"ASIANU", 5},
                              Draw{"ASIAND", 7},
                              Draw{"RUNHIGH", 2},
                              Draw{"RUNLOW", 3},
                              Draw{"TICKHIGH", 5},
                              Draw{"RESETCALL", 5},
                              Draw{"RESETPUT", 6},
                              Draw{"RANGE", 0, 150, true},
                              Draw{"UPORDOWN", 0, 150, true},
                              Draw{"EXPIRYRANGE", 0, 100, true}};
  const auto& draw = kDraws[rng.below(kDraws.size())];
  auto family = strategy("family", "random", "1HZ100V", 1);
  family.params = {{"probability", 200'000}, {"seed", 3}, {"contract", 0}};
  family.contract.types = {*market::contract_type_from(draw.type)};
  using Unit = market::ContractDuration::Unit;
  family.contract.duration = draw.ticks > 0 ? market::ContractDuration{draw.ticks, Unit::kTicks}
                                            : market::ContractDuration{2, Unit::kMinutes};
  if (draw.barrier != 0) family.contract.barrier = {core::Decimal{draw.barrier, 2}, true};
  if (draw.two) family.contract.barrier2 = {core::Decimal{-draw.barrier, 2}, true};
  if (draw.type.starts_with("TICK")) family.contract.selected_tick = 1 + std::int64_t(rng.below(5));
  family.staking.plan = "flat";
  family.staking.base = cents(150);
  settings.strategies.push_back(family);
}

/// One that leaves its contracts early, by rules that are drawn by chance: most hold within a
/// minute.
void add_leaver(core::Rng& rng, engine::Settings& settings) {
  auto leaver = strategy("leaver", "random", "1HZ100V", 1);
  leaver.params = {{"probability", 200'000}, {"seed", 4}, {"contract", 0}};
  const bool position = rng.below(3) == 0;
  leaver.contract.types = {position ? market::ContractType::kMultUp : market::ContractType::kCall};
  if (position) leaver.contract.multiplier = 100;
  if (!position) leaver.contract.duration = {2, market::ContractDuration::Unit::kMinutes};
  const auto level = [&](std::uint64_t most) {
    return risk::ExitLevel{cents(static_cast<std::int64_t>(2 + rng.below(most))), {}};
  };
  if (rng.below(2) == 0) leaver.exit.profit = level(20);
  if (rng.below(2) == 0) leaver.exit.loss = level(40);
  if (rng.below(2) == 0) leaver.exit.trailing = level(30);
  leaver.exit.after = risk::ExitAfter{static_cast<std::int64_t>(5 + rng.below(60)), {}};
  leaver.staking.plan = "flat";
  leaver.staking.base = cents(170);
  leaver.guards.max_open = static_cast<std::int64_t>(1 + rng.below(3));
  settings.strategies.push_back(leaver);
}

/// One that holds multipliers with deal cancellation. Its stake brings the price, with the fee, to
/// what nobody else pays.
void add_canceller(core::Rng& rng, engine::Settings& settings) {
  auto canceller = strategy("canceller", "rise_fall", "1HZ100V", 1);
  canceller.params = {{"streak", static_cast<std::int64_t>(1 + rng.below(2))}};
  canceller.contract.types = {market::ContractType::kMultUp, market::ContractType::kMultDown};
  constexpr std::array<std::int64_t, 3> kMultipliers{100, 200, 400};
  canceller.contract.multiplier = kMultipliers[rng.below(kMultipliers.size())];
  canceller.contract.cancellation = {5, market::ContractDuration::Unit::kMinutes};
  const auto level = [&](std::uint64_t from, std::uint64_t more) {
    return risk::ExitLevel{cents(static_cast<std::int64_t>(from + rng.below(more))), {}};
  };
  // The fee counts as a loss from the start on: below its stake it is cancelled, above it sold.
  if (rng.below(2) == 0) canceller.exit.loss = level(40, 60);
  if (rng.below(2) == 0) canceller.exit.profit = level(1, 20);
  canceller.exit.after = risk::ExitAfter{static_cast<std::int64_t>(3 + rng.below(40)), {}};
  canceller.staking.plan = "flat";
  canceller.staking.base = cents(190);
  canceller.guards.max_open = static_cast<std::int64_t>(1 + rng.below(2));
  settings.strategies.push_back(canceller);
}

void add_limits(core::Rng& rng, risk::AccountLimits& limits) {
  if (rng.below(2) == 0) limits.max_open_contracts = static_cast<std::int64_t>(1 + rng.below(4));
  if (rng.below(2) == 0)
    limits.max_open_stake = cents(static_cast<std::int64_t>(300 + rng.below(900)));
  if (rng.below(2) == 0)
    limits.daily_loss = cents(static_cast<std::int64_t>(1500 + rng.below(5000)));
  if (rng.below(3) == 0) limits.max_stake = cents(static_cast<std::int64_t>(250 + rng.below(800)));
}

// Each run has some kinds only: what hides behind a frequent fault shows in a run without it.
Mask draw_mask(core::Rng& rng) {
  Mask mask = 0;
  const auto share = 15 + rng.below(45);  // percent
  for (std::size_t i = 0; i <= static_cast<std::size_t>(Kind::kForeign); ++i) {
    if (rng.below(100) < share) mask |= Mask{1} << i;
  }
  // A power failure forgets what the invariants are checked against: rarely.
  if (rng.below(4) != 0) mask &= ~bit(Kind::kPowerLoss);
  return mask;
}

Mask draw_log_kinds(std::uint64_t seed) {
  auto rng = stream(seed, 7);
  Mask mask = 0;
  for (std::size_t i = kFirstKinds; i < kKinds; ++i) {
    if (rng.below(3) == 0) mask |= Mask{1} << i;
  }
  return mask;
}

}  // namespace

std::string_view name_of(Kind kind) { return kNames[static_cast<std::size_t>(kind)]; }

core::Rng stream(std::uint64_t seed, std::uint64_t salt) {
  core::Rng first(seed * 0x9e3779b97f4a7c15ULL + salt);
  return core::Rng(first.next() ^ salt);
}

Scenario scenario(std::uint64_t seed, Mask allowed, std::int64_t active_s) {
  auto rng = stream(seed, 1);
  Scenario s;
  s.seed = seed;
  s.mask = draw_mask(rng) | draw_log_kinds(seed);
  // From a stream of its own, so that the seeds of old keep their meaning.
  if (stream(seed, 5).below(3) == 0) s.mask |= bit(Kind::kRefusals);
  s.mask &= allowed;
  s.active_s = 90 + static_cast<std::int64_t>(rng.below(300));
  if (active_s > 0) s.active_s = active_s;
  s.dialect = rng.below(2) == 0 ? deriv::Dialect::kOptions : deriv::Dialect::kV3;
  // Far from midnight, so that a run has one trading day.
  s.start = {1'750'000'000 - 1'750'000'000 % 86'400 + 3'600 +
             static_cast<std::int64_t>(rng.below(70'000))};
  s.latency_ms = static_cast<std::int64_t>(1 + rng.below(150));
  add_strategies(rng, s.config.engine);
  add_limits(rng, s.config.engine.limits);
  // From streams of their own, which none of the seeds of regressions.txt draws.
  if (auto families = stream(seed, 64); families.below(3) == 0) {
    add_family(families, s.config.engine);
  }
  if (auto leavers = stream(seed, 496); leavers.below(3) == 0) {
    add_leaver(leavers, s.config.engine);
  }
  if (auto cancellers = stream(seed, 1332); cancellers.below(3) == 0) {
    add_canceller(cancellers, s.config.engine);
  }
  // From a stream of its own, so that the seeds of old keep their meaning.
  if (stream(seed, 4).below(2) == 0) s.config.durability = execution::Durability::kPower;
  return s;
}

}  // namespace derivd::chaos
