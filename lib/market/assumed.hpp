// Owns what derivd assumes of the venue where no source says it, each with a name and the day of
// the assumption, so that one recorded contract can prove or change it. The families and the price
// model use the values, docs/contracts.md lists them, a test holds the two lists to each other. It
// never holds what is known.
//
// Source of what is unknown: shared reference deriv/contracts.md section 3.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace derivd::market {

struct Assumption {
  std::string_view name;  // as docs/contracts.md has it
  std::string_view since;
  std::string_view assumed;
};

namespace assumed {

/// TICKHIGH, TICKLOW: another tick at exactly the selected quote.
inline constexpr bool kTieLosesHighTick = true;
/// RESET* of N ticks: the level is looked at after N / 2 moves, rounded down.
constexpr std::int32_t reset_tick(std::int32_t ticks) { return ticks / 2; }
/// What a unit of payout costs at least, where a touch or a range is nearly impossible: payouts of
/// 40 times the stake were the largest seen.
inline constexpr std::int64_t kLeastBarrierPriceNano = 25'000'000;
/// RUNHIGH, RUNLOW: what is added to a probability, as a share of it.
inline constexpr std::int64_t kRunMarginNano = 48'000'000;

/// MULT*, ACCU: payloads of 2024 enter at the next tick, Deriv's text of 2025 speaks of the current
/// one. True: the latest tick when they are bought.
inline constexpr bool kPositionsEnterAtKnownTick = false;

/// MULT* with deal cancellation: what it costs, in nano units of its value; 0.39 and 1.29 were seen
/// where 0.384 and 1.279 are the values, 7.62 where a multiplier of 400 makes it 8.17.
inline constexpr std::int64_t kCancellationFeeNano = 1'010'000'000;

/// ACCU: by growth of 1 to 5 per cent the chance of a tick to stay inside, the most ticks and, for
/// all, the largest payout in the account's currency (June to September 2026).
struct GrowthStep {
  double normal;  // of the standard normal distribution, at (1 + chance) / 2
  std::int32_t max_ticks;
};
inline constexpr std::array<GrowthStep, 5> kGrowthSteps{{
    {2.4323790585844427, 250},  // 0.985
    {2.2734346509427730, 135},  // 0.977
    {2.1320832908065004, 90},   // 0.967
    {2.0285906666054867, 65},   // 0.9575
    {1.9308629748074080, 55},   // 0.9465
}};
inline constexpr std::int64_t kMaxAccumulated = 6'000'00;

/// TURBOS*: what buying and selling one contract costs, as a share of the spot, in nano units.
inline constexpr std::int64_t kTurboCostNano = 284'000;
/// VANILLALONG*: by what share the premium is above the value, and a bid below it, in nano units.
inline constexpr std::int64_t kVanillaMarginNano = 25'000'000;

}  // namespace assumed

inline constexpr std::array kAssumptions{
    Assumption{"high-tick-tie", "2026-11-28",
               "TICKHIGH and TICKLOW lose when another tick equals the selected one"},
    Assumption{"high-tick-first", "2026-11-28",
               "TICKHIGH and TICKLOW count the entry as tick 1 of five"},
    Assumption{"high-tick-early-end", "2026-11-28",
               "TICKHIGH and TICKLOW end at the tick that makes them impossible"},
    Assumption{"reset-odd-ticks", "2026-11-28",
               "RESET* of N ticks look at the level after N / 2 moves, rounded down"},
    Assumption{"reset-time", "2026-11-28",
               "RESET* of a time look at the last tick at or before the middle"},
    Assumption{"inclusive-range", "2026-11-28",
               "EXPIRYRANGEE and EXPIRYMISSE win on an exit that is exactly a barrier"},
    Assumption{"absolute-touch-side", "2026-11-28",
               "an absolute barrier is touched from the side of the entry, and by an entry on it"},
    Assumption{"touch-price", "2026-11-28",
               "touches and ranges are priced as watched without a gap, plus the usual commission"},
    Assumption{"largest-payout", "2026-11-28", "touches and ranges pay at most 40 times the stake"},
    Assumption{"run-margin", "2026-11-28", "RUN* cost their probability and 4.8 per cent of it"},
    Assumption{"reset-price", "2026-11-28",
               "RESET* cost the probability of a walk that is looked at in its middle"},
    Assumption{"growth-ladder", "2026-11-28",
               "ACCU stay inside with .985 .977 .967 .9575 .9465 and end at 250 135 90 65 55 ticks "
               "or at 6000"},
    Assumption{"growth-symbols", "2026-11-28",
               "ACCU have a price on indices of known volatility alone, not on Boom and Crash"},
    Assumption{"entry-tick", "2026-11-28", "MULT* and ACCU enter at the next tick after the start"},
    Assumption{"cancellation-fee", "2026-11-29",
               "deal cancellation costs 1.01 times what the refund of a loss is worth"},
    Assumption{"turbo-cost", "2026-11-28",
               "TURBOS* cost 0.000284 of the spot at their purchase and at their sale"},
    Assumption{"known-entry", "2026-11-28",
               "TURBOS* and VANILLALONG* enter at the latest tick when they are bought"},
    Assumption{"vanilla-margin", "2026-11-28",
               "VANILLALONG* cost 2.5 per cent more than their value, and are bought back for as "
               "much less"},
    Assumption{"bid", "2026-11-28",
               "a running contract is bought back at payout x (probability now - commission)"},
};

}  // namespace derivd::market
