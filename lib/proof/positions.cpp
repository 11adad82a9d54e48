// What positions cost and where they end by themselves, as their proposals say it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/check.hpp"
#include "market/accumulator.hpp"
#include "market/assumed.hpp"
#include "market/commission.hpp"
#include "market/kind.hpp"
#include "market/life.hpp"
#include "market/multiplier.hpp"
#include "market/points.hpp"
#include "proof/plan.hpp"

namespace derivd::proof {
namespace {

constexpr std::array<std::string_view, 4> kNoWalks{"BOOM1000", "CRASH1000", "BOOM500", "CRASH500"};

constexpr double kNano = 1e9;
// How far a figure may be from the assumed one: well above the rounding of what the venue shows of
// a stake of 100, well below any change that matters.
constexpr double kTurboWithin = 0.00001;       // of the spot
constexpr double kVanillaWithin = 0.003;       // of the premium
constexpr double kCommissionWithin = 0.02;     // of the commission
constexpr double kFeeWithin = 0.01;            // of the fee
constexpr double kGrowthShareWithin = 0.0001;  // of the share

core::Money stake_of(const Market& market, std::int64_t units) {
  return core::Money::minor(units * core::pow10(market.exponent), market.exponent);
}

std::string refusal_of(const Seen& seen) {
  for (const auto& answer : seen.answers) {
    if (!answer.offer && !answer.refusal.empty()) {
      return fmt::format("{} was refused: {}", market::encode(answer.asked.spec), answer.refusal);
    }
  }
  return "the venue's offer does not say it";
}

Verdict verdict_of(bool as_assumed) { return as_assumed ? Verdict::kAsAssumed : Verdict::kNot; }

// ---- accumulators ----

std::vector<Request> every_growth(const Market& m) {
  std::vector<Request> out;
  for (std::size_t g = 1; g <= market::assumed::kGrowthSteps.size(); ++g) {
    out.push_back(
        {spec_of(fmt::format("ACCU {} - growth=0.0{}", m.symbol.code, g)), stake_of(m, 10)});
  }
  return out;
}

struct Rung {
  bool as_assumed = true;
  std::string text;
};
/// One growth rate beside what is assumed of it.
std::optional<Rung> rung(const Answer& answer, const market::SymbolInfo& symbol,
                         const market::assumed::GrowthStep& step) {
  if (!answer.offer || !answer.offer->share) return std::nullopt;
  const auto& offer = *answer.offer;
  const auto growth = answer.asked.spec.accumulator()->growth;
  const auto assumed = market::growth_barrier(symbol, growth);
  if (!assumed) return std::nullopt;
  const double share = offer.share->to_double();
  const double model = static_cast<double>(*assumed) / static_cast<double>(market::kBarrierUnit);
  Rung out;
  out.text =
      fmt::format("growth {} is within {:.9f} (assumed {:.9f})", growth.to_string(), share, model);
  out.as_assumed = std::abs(share - model) <= kGrowthShareWithin * model;
  if (offer.max_ticks) {
    out.text += fmt::format(" for {} ticks (assumed {})", *offer.max_ticks, step.max_ticks);
    out.as_assumed = out.as_assumed && *offer.max_ticks == step.max_ticks;
  }
  if (offer.max_payout) {
    const core::Decimal most{market::assumed::kMaxAccumulated, 2};
    out.text +=
        fmt::format(" up to {} (assumed {})", offer.max_payout->to_string(), most.to_string());
    out.as_assumed = out.as_assumed && *offer.max_payout == most;
  }
  return out;
}

Finding judge_ladder(const Seen& seen) {
  Finding out;
  bool all = true;
  for (std::size_t g = 0; g < seen.answers.size(); ++g) {
    if (g >= market::assumed::kGrowthSteps.size()) break;
    const auto& answer = seen.answers[g];
    const auto one = rung(answer, seen.symbol, market::assumed::kGrowthSteps.at(g));
    if (!one) continue;
    out.measured.push_back({fmt::format("tick_size_barrier {}", market::encode(answer.asked.spec)),
                            answer.offer->share->to_string()});
    if (out.seen.empty() || (all && !one->as_assumed)) out.seen = one->text;
    all = all && one->as_assumed;
  }
  if (out.seen.empty()) return {Verdict::kUndecided, refusal_of(seen)};
  out.verdict = verdict_of(all);
  return out;
}

std::vector<Request> least_growth(const Market& m) {
  return {{spec_of(fmt::format("ACCU {} - growth=0.01", m.symbol.code)), stake_of(m, 10)}};
}
Finding judge_growth_symbol(const Seen& seen) {
  if (seen.answers.empty()) return {Verdict::kUndecided, "nothing was asked"};
  const auto& answer = seen.answers.front();
  if (!answer.offer) return {Verdict::kAsAssumed, refusal_of(seen)};
  Finding out{Verdict::kNot, fmt::format("{} is sold", market::encode(answer.asked.spec))};
  if (answer.offer->share) {
    out.measured.push_back({fmt::format("tick_size_barrier {}", market::encode(answer.asked.spec)),
                            answer.offer->share->to_string()});
  }
  return out;
}

// ---- positions that pay for each point ----

std::vector<Request> of_a_turbo(const Market& m) {
  return {with_middle_barrier(m, "TURBOSLONG", "5t", stake_of(m, 100))};
}
Finding judge_turbo_cost(const Seen& seen) {
  for (const auto& answer : seen.answers) {
    if (!answer.offer || !answer.offer->contracts) continue;
    const auto& offer = *answer.offer;
    const double contracts = offer.contracts->to_double();
    if (contracts <= 0) continue;
    const double level = offer.level
                             ? offer.level->to_double()
                             : offer.spot.to_double() + answer.asked.spec.offset().to_double();
    const double distance = std::abs(level - offer.spot.to_double());
    const double cost = (offer.ask.to_double() / contracts - distance) / offer.spot.to_double();
    const double assumed = static_cast<double>(market::assumed::kTurboCostNano) / kNano;
    return {verdict_of(std::abs(cost - assumed) <= kTurboWithin),
            fmt::format("{} costs {:.6f} of the spot, assumed {:.6f}",
                        market::encode(answer.asked.spec), cost, assumed),
            {{fmt::format("cost TURBOSLONG {}", seen.symbol.code), fmt::format("{:.6f}", cost)}}};
  }
  return {Verdict::kUndecided, refusal_of(seen)};
}

std::vector<Request> vanilla(const Market& m) {
  return {with_middle_barrier(m, "VANILLALONGCALL", "5m", stake_of(m, 100))};
}
Finding judge_vanilla_margin(const Seen& seen) {
  for (const auto& answer : seen.answers) {
    if (!answer.offer || !answer.offer->contracts || seen.symbol.sigma_percent == 0) continue;
    const auto& offer = *answer.offer;
    const double contracts = offer.contracts->to_double();
    const auto strike = market::level_of(answer.asked.spec.barriers[0], offer.spot);
    if (contracts <= 0 || !strike || strike->mantissa() <= 0) continue;
    const market::Tick known{seen.symbol.code, offer.spot_time.value_or(offer.start), offer.spot};
    const market::Life life(
        answer.asked.spec,
        {offer.start, offer.ask, core::Money::minor(0, offer.ask.exponent()), known}, &seen.symbol);
    const double model = static_cast<double>(market::points_of(life).contracts) /
                         static_cast<double>(market::kContractUnit);
    const double assumed = static_cast<double>(market::assumed::kVanillaMarginNano) / kNano;
    const double margin = (1 + assumed) * model / contracts - 1;
    return {verdict_of(std::abs(margin - assumed) <= kVanillaWithin),
            fmt::format("{} costs {:.4f} more than its value, assumed {:.4f}",
                        market::encode(answer.asked.spec), margin, assumed),
            {{fmt::format("margin VANILLALONGCALL {}", seen.symbol.code),
              fmt::format("{:.4f}", margin)}}};
  }
  return {Verdict::kUndecided, refusal_of(seen)};
}

// ---- multipliers ----

std::vector<Request> of_a_multiplier(const Market& m) {
  return {{spec_of(fmt::format("MULTUP {} - multiplier={}", m.symbol.code, multiplier_of(m))),
           stake_of(m, 100)}};
}
Finding judge_commission(const Seen& seen) {
  for (const auto& answer : seen.answers) {
    if (!answer.offer || !answer.offer->commission) continue;
    const auto& offer = *answer.offer;
    const double exposure = offer.ask.to_double() * answer.asked.spec.multiplier()->multiplier;
    const double rate = offer.commission->to_double() / exposure;
    const double assumed = seen.symbol.multiplier_commission;
    return {verdict_of(std::abs(rate - assumed) <= kCommissionWithin * assumed),
            fmt::format("{} costs {:.7f} of stake x multiplier, assumed {:.7f}",
                        market::encode(answer.asked.spec), rate, assumed),
            {{fmt::format("commission MULTUP {}", seen.symbol.code), fmt::format("{:.7f}", rate)}}};
  }
  return {Verdict::kUndecided, refusal_of(seen)};
}
/// The rate shows in the large one, the least commission in the small one.
std::vector<Request> small_and_large(const Market& m) {
  const auto spec =
      spec_of(fmt::format("MULTUP {} - multiplier={}", m.symbol.code, least_multiplier_of(m)));
  return {{spec, least_stake(m, spec.type)}, {spec, stake_of(m, 100)}};
}
/// What a commission may be at most of an exposure, where another one was so much of its own: a
/// commission is shown to the minor unit.
double most_by_rate(const Offer& known, double exposures) {
  const double half_unit = 0.5 / static_cast<double>(core::pow10(known.ask.exponent()));
  return (known.commission->to_double() + half_unit) * exposures;
}
Finding judge_least_commission(const Seen& seen) {
  if (seen.answers.size() != 2) return {Verdict::kUndecided, "nothing was asked"};
  const auto& small = seen.answers[0];
  const auto& large = seen.answers[1];
  if (!small.offer || !small.offer->commission || !large.offer || !large.offer->commission) {
    return {Verdict::kUndecided, refusal_of(seen)};
  }
  const auto least = market::kLeastCommission;
  if (small.offer->ask.exponent() != least.exponent()) {
    return {Verdict::kUndecided, "the least commission is known in cents alone"};
  }
  const auto name = market::encode(small.asked.spec);
  // A multiplier of another choice than the other's would compare two exposures.
  const double exposures = small.offer->ask.to_double() / large.offer->ask.to_double();
  const double by_rate = most_by_rate(*large.offer, exposures);
  const double half_unit = 0.5 / static_cast<double>(core::pow10(least.exponent()));
  if (small.asked.spec != large.asked.spec || by_rate >= least.to_double() - half_unit) {
    return {Verdict::kUndecided,
            fmt::format("{} for {} costs up to {:.4f} by its rate alone, so that a least of {} "
                        "does not show",
                        name, small.offer->ask.to_string(), by_rate, least.to_string())};
  }
  const auto shown = *small.offer->commission;
  return {verdict_of(shown == core::Decimal{least.units(), least.exponent()}),
          fmt::format("{} for {} costs {}, by its rate at most {:.4f}; assumed {}", name,
                      small.offer->ask.to_string(), shown.to_string(), by_rate, least.to_string()),
          {{fmt::format("least commission MULTUP {}", seen.symbol.code), shown.to_string()}}};
}
Finding judge_stop_out(const Seen& seen) {
  for (const auto& answer : seen.answers) {
    if (!answer.offer || !answer.offer->stop_out) continue;
    const auto& offer = *answer.offer;
    const double share = -offer.stop_out->to_double() / offer.ask.to_double();
    return {verdict_of(*offer.stop_out == core::Decimal{-offer.ask.units(), offer.ask.exponent()}),
            fmt::format("{} ends at a loss of {:.2f} of its stake, assumed 1.00",
                        market::encode(answer.asked.spec), share),
            {{fmt::format("stop out MULTUP {}", seen.symbol.code), fmt::format("{:.2f}", share)}}};
  }
  return {Verdict::kUndecided, refusal_of(seen)};
}

/// Short and with the least multiplier: where the stop-out is near the fee is not known so well.
std::vector<Request> cancellable(const Market& m) {
  return {{spec_of(fmt::format("MULTUP {} - multiplier={} cancellation=5m", m.symbol.code,
                               least_multiplier_of(m))),
           stake_of(m, 100)}};
}
Finding judge_fee(const Seen& seen) {
  for (const auto& answer : seen.answers) {
    if (!answer.offer || !answer.offer->fee) continue;
    const auto& offer = *answer.offer;
    const auto assumed = market::modelled_fee(answer.asked.spec, seen.symbol, answer.asked.amount);
    if (!assumed) continue;
    const double fee = offer.fee->to_double();
    const double stake = answer.asked.amount.to_double();
    const bool in_price = std::abs(offer.ask.to_double() - stake - fee) < 1e-9;
    const bool same = std::abs(fee - assumed->to_double()) <= kFeeWithin * assumed->to_double();
    return {
        verdict_of(same && in_price),
        fmt::format("{} costs {} beside {}, assumed {}{}", market::encode(answer.asked.spec),
                    offer.fee->to_string(), answer.asked.amount.to_string(), assumed->to_string(),
                    in_price ? "" : fmt::format("; it asks {}", offer.ask.to_string())),
        {{fmt::format("fee MULTUP {}", seen.symbol.code), fmt::format("{:.6f}", fee / stake)}}};
  }
  return {Verdict::kUndecided, refusal_of(seen)};
}

const std::array kPositionProbes{
    Probe{.kind = "growth-ladder",
          .assumed = assumption("growth-ladder"),
          .symbols = kWalks,
          .type = "ACCU",
          .asks = every_growth,
          .judge = judge_ladder},
    Probe{.kind = "growth-symbols",
          .assumed = assumption("growth-symbols"),
          .symbols = kNoWalks,
          .type = {},
          .asks = least_growth,
          .judge = judge_growth_symbol},
    Probe{.kind = "turbo-cost",
          .assumed = assumption("turbo-cost"),
          .symbols = kWalks,
          .type = "TURBOSLONG",
          .asks = of_a_turbo,
          .judge = judge_turbo_cost},
    Probe{.kind = "vanilla-margin",
          .assumed = assumption("vanilla-margin"),
          .symbols = kWalks,
          .type = "VANILLALONGCALL",
          .asks = vanilla,
          .judge = judge_vanilla_margin},
    Probe{
        .kind = "multiplier-commission",
        .assumed = "MULT* cost the share of stake x multiplier that the snapshot of the symbol has",
        .symbols = kWalks,
        .type = "MULTUP",
        .asks = of_a_multiplier,
        .judge = judge_commission},
    Probe{.kind = "least-commission",
          .assumed = "MULT* cost 0.02 at least, however small stake x multiplier is",
          .symbols = kWalks,
          .type = "MULTUP",
          .asks = small_and_large,
          .judge = judge_least_commission},
    Probe{.kind = "cancellation-fee",
          .assumed = assumption("cancellation-fee"),
          .symbols = kWalks,
          .type = "MULTUP",
          .asks = cancellable,
          .judge = judge_fee},
    Probe{.kind = "stop-out",
          .assumed = "MULT* are stopped out when the whole stake is lost",
          .symbols = kWalks,
          .type = "MULTUP",
          .asks = of_a_multiplier,
          .judge = judge_stop_out},
};

}  // namespace

std::span<const Probe> position_probes() { return kPositionProbes; }

}  // namespace derivd::proof
