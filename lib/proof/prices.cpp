// What options cost: the payout that is offered beside the one of the price model, and the least
// stake. Proposals alone.
#include <fmt/format.h>

#include <array>
#include <cmath>

#include "market/assumed.hpp"
#include "market/kind.hpp"
#include "market/pricing.hpp"
#include "proof/plan.hpp"

namespace derivd::proof {
namespace {

// Large enough that a cent of payout is a small part of any margin, small enough for any limit.
constexpr std::int64_t kStakeUnits = 100;
// A payout is as assumed within a cent or this share of it: the margins themselves are above 1 %.
constexpr std::int64_t kWithinMille = 1;

core::Money whole(const Market& market, std::int64_t units) {
  return core::Money::minor(units * core::pow10(market.exponent), market.exponent);
}

/// "CALL 5m" on the market's symbol, for the usual stake.
Request ask(const Market& market, std::string_view type, std::string_view rest) {
  return {spec_of(fmt::format("{} {} {}", type, market.symbol.code, rest)),
          whole(market, kStakeUnits)};
}

// ---- payouts ----

std::string name_in_words(const Request& request) { return market::encode(request.spec); }

/// Its probability by the model, at the offer's own spot.
double probability(const Answer& answer, const market::SymbolInfo& symbol) {
  return market::theoretical_probability(answer.asked.spec, symbol, answer.offer->spot,
                                         answer.offer->start);
}

/// What the venue keeps, as a share of the payout.
Measured share_kept(const Answer& answer, const market::SymbolInfo& symbol) {
  const auto& offer = *answer.offer;
  const double share =
      offer.ask.to_double() / offer.payout.to_double() - probability(answer, symbol);
  return {"commission " + name_in_words(answer.asked), fmt::format("{:.4f}", share)};
}
/// The same as a share of the probability.
Measured margin_kept(const Answer& answer, const market::SymbolInfo& symbol) {
  const auto& offer = *answer.offer;
  const double price = offer.ask.to_double() / offer.payout.to_double();
  return {"margin " + name_in_words(answer.asked),
          fmt::format("{:.4f}", price / probability(answer, symbol) - 1)};
}
Measured multiple(const Answer& answer, const market::SymbolInfo&) {
  const auto& offer = *answer.offer;
  return {"largest payout per stake " + std::string(market::name_of(answer.asked.spec.type)),
          fmt::format("{:.2f}", offer.payout.to_double() / offer.ask.to_double())};
}

using Measure = Measured (*)(const Answer&, const market::SymbolInfo&);

std::string refusals(const Seen& seen) {
  std::string out = "no offer";
  for (const auto& answer : seen.answers) {
    if (!answer.offer) {
      return fmt::format("{} was refused: {}", name_in_words(answer.asked), answer.refusal);
    }
  }
  return out;
}

/// Every payout that is offered beside that of the model.
template <Measure measure>
Finding judge_payouts(const Seen& seen) {
  Finding out;
  std::string worst;
  for (const auto& answer : seen.answers) {
    if (!answer.offer || answer.offer->payout.units() <= 0) continue;
    const auto& offer = *answer.offer;
    const auto assumed =
        market::payout_for(answer.asked.spec, seen.symbol, offer.ask, offer.spot, {}, offer.start);
    const auto apart = std::abs(offer.payout.units() - assumed.units());
    const auto within = std::max<std::int64_t>(1, assumed.units() * kWithinMille / 1000);
    const auto text =
        fmt::format("{} pays {} for {}, assumed {}", name_in_words(answer.asked),
                    offer.payout.to_string(), offer.ask.to_string(), assumed.to_string());
    out.measured.push_back(measure(answer, seen.symbol));
    if (apart > within && worst.empty()) worst = text;
    if (out.seen.empty()) out.seen = text;
  }
  if (out.seen.empty()) return {Verdict::kUndecided, refusals(seen)};
  out.verdict = worst.empty() ? Verdict::kAsAssumed : Verdict::kNot;
  if (!worst.empty()) out.seen = worst;
  return out;
}

std::vector<Request> even_odds(const Market& m) {
  return {ask(m, "DIGITEVEN", "1t"), ask(m, "CALL", "5t"), ask(m, "PUT", "1m")};
}
std::vector<Request> runs(const Market& m) {
  return {ask(m, "RUNHIGH", "2t"), ask(m, "RUNLOW", "3t"), ask(m, "RUNHIGH", "5t")};
}
std::vector<Request> resets(const Market& m) {
  return {ask(m, "RESETCALL", "5t"), ask(m, "RESETPUT", "8t")};
}
std::vector<Request> near_touches(const Market& m) {
  const auto away = distance(m, 300, 1.0);
  return {ask(m, "ONETOUCH", "5m " + signed_text(away)),
          ask(m, "NOTOUCH", "5m " + signed_text(-away))};
}
std::vector<Request> far_touches(const Market& m) {
  return {ask(m, "ONETOUCH", "5m " + signed_text(distance(m, 300, 4.0)))};
}

// ---- the least stake ----

std::vector<Request> smallest(const Market& m) { return {ask(m, "DIGITEVEN", "1t")}; }
Finding judge_least_stake(const Seen& seen) {
  for (const auto& answer : seen.answers) {
    if (!answer.offer || !answer.offer->min_stake) continue;
    const auto least = market::kind_of(answer.asked.spec.type).amounts.min_stake;
    const auto said = *answer.offer->min_stake;
    const bool same = said == core::Decimal{least.units(), least.exponent()};
    return {
        same ? Verdict::kAsAssumed : Verdict::kNot,
        fmt::format("{} is sold from {} on, assumed {}", market::name_of(answer.asked.spec.type),
                    said.to_string(), least.to_string()),
        {{fmt::format("least stake {}", market::name_of(answer.asked.spec.type)),
          said.to_string()}}};
  }
  return {Verdict::kUndecided, seen.answers.empty() || seen.answers.front().offer
                                   ? "the venue does not say what the least stake is"
                                   : refusals(seen)};
}

// ---- names of fields ----

std::vector<Request> of_each_form(const Market& m) {
  auto out = even_odds(m);
  auto growing = ask(m, "ACCU", "- growth=0.01");
  out.push_back(growing);
  return out;
}
Finding judge_offer_names(const Seen& seen) {
  std::string missing;
  std::size_t looked = 0;
  for (const auto& answer : seen.answers) {
    if (!answer.offer && answer.missing.empty()) continue;
    ++looked;
    for (const auto& name : answer.missing) {
      missing += fmt::format("{}{} of {}", missing.empty() ? "" : ", ", name,
                             market::name_of(answer.asked.spec.type));
    }
  }
  if (looked == 0) return {Verdict::kUndecided, refusals(seen)};
  if (missing.empty()) return {Verdict::kAsAssumed, fmt::format("all are in {} offers", looked)};
  return {Verdict::kNot, "not there: " + missing};
}

const std::array kPriceProbes{
    Probe{.kind = "field-names",
          .assumed = "proposals have the fields that derivd reads, by their names",
          .symbols = kWalks,
          .type = "DIGITEVEN",
          .asks = of_each_form,
          .judge = judge_offer_names},
    Probe{.kind = "least-stake",
          .assumed = "options are sold from a stake of 0.35 on",
          .symbols = kWalks,
          .type = "DIGITEVEN",
          .asks = smallest,
          .judge = judge_least_stake},
    Probe{.kind = "commission",
          .assumed = "the venue keeps 0.012 of the payout of digits and of rise and fall",
          .symbols = kWalks,
          .type = "DIGITEVEN",
          .asks = even_odds,
          .judge = judge_payouts<share_kept>},
    Probe{.kind = "touch-price",
          .assumed = assumption("touch-price"),
          .symbols = kWalks,
          .type = "ONETOUCH",
          .asks = near_touches,
          .judge = judge_payouts<share_kept>},
    Probe{.kind = "largest-payout",
          .assumed = assumption("largest-payout"),
          .symbols = kWalks,
          .type = "ONETOUCH",
          .asks = far_touches,
          .judge = judge_payouts<multiple>},
    Probe{.kind = "run-margin",
          .assumed = assumption("run-margin"),
          .symbols = kWalks,
          .type = "RUNHIGH",
          .asks = runs,
          .judge = judge_payouts<margin_kept>},
    Probe{.kind = "reset-price",
          .assumed = assumption("reset-price"),
          .symbols = kWalks,
          .type = "RESETCALL",
          .asks = resets,
          .judge = judge_payouts<share_kept>},
};

}  // namespace

std::span<const Probe> price_probes() { return kPriceProbes; }

}  // namespace derivd::proof
