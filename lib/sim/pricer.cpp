#include "sim/pricer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "market/accumulator.hpp"
#include "market/assumed.hpp"
#include "market/kind.hpp"
#include "market/multiplier.hpp"
#include "market/points.hpp"
#include "sim/json.hpp"

namespace derivd::sim {

WireError bad_barrier(std::string message) {
  return {"ContractBuyValidationError", std::move(message), "barrier", "InvalidBarrier"};
}
WireError not_offered(std::string_view field, std::string message) {
  return {"OfferingsValidationError", std::move(message), std::string(field)};
}

/// The life of a contract that were entered at the latest quote.
market::Life Pricer::as_if_bought(const Order& order, core::Money stake,
                                  core::VenueTime now) const {
  const auto spec = spec_now(order, now);
  const auto last = book_.last_tick(spec.symbol);
  const auto start = last ? core::VenueTime{last->epoch.s - 1} : now;
  market::Life life(spec, {start, stake, core::Money::minor(0, stake.exponent()), last},
                    order.symbol);
  if (last) life.on_tick(*last);
  return life;
}

/// With a fixed expiry the contract gets shorter while nobody buys it.
market::ContractSpec Pricer::spec_now(const Order& order, core::VenueTime now) {
  auto spec = order.spec;
  if (order.fixed_expiry) {
    const auto left = std::max<std::int64_t>((*order.fixed_expiry - now).count(), 1);
    spec.duration = {static_cast<std::int32_t>(std::min<std::int64_t>(left, INT32_MAX)),
                     market::ContractDuration::Unit::kSeconds};
  }
  return spec;
}

bool Pricer::market_moves(const Order& order) {
  const auto& kind = market::kind_of(order.spec.type);
  if (!market::has_payout(kind)) return true;
  if (!kind.fair_because.empty()) return false;
  if (market::has_levels(order.spec.type) || order.fixed_expiry) return true;
  // Constant: tick trades without a barrier, and at-the-money below a day on the named indices.
  if (order.spec.duration.in_ticks()) return false;
  static constexpr std::string_view kConstant[] = {"R_10",  "R_25",   "R_50",  "R_75",
                                                   "R_100", "RDBULL", "RDBEAR"};
  const bool named = std::find(std::begin(kConstant), std::end(kConstant), order.symbol->code) !=
                     std::end(kConstant);
  return !named || order.spec.duration.seconds() >= 86'400;
}

Answer<venue::Quote> Pricer::price(const Order& order, core::VenueTime now) const {
  auto quote = book_.quote(spec_now(order, now), order.stake, order.payout, now);
  if (!quote) return refusal(quote.error(), order);
  if (!quote->fee.is_zero()) {
    const auto fee = terms_.rules.fee_of(quote->fee);
    quote->stake += fee - quote->fee;
    quote->fee = fee;
  }
  return *quote;
}

WireError Pricer::refusal(const venue::Refusal& why, const Order& order) {
  using venue::RefusalKind;
  const std::string buy = "ContractBuyValidationError";
  const auto& kind = market::kind_of(order.spec.type);
  switch (why.kind) {
    case RefusalKind::kUnknownSymbol:
      return not_offered("symbol", "Trading is not offered for this asset.");
    case RefusalKind::kNoQuoteYet:
      return {"MarketIsClosed", "This market is presently closed."};
    case RefusalKind::kDuration: {
      const bool ticks = order.spec.duration.in_ticks() && !order.fixed_expiry && kind.needs.ticks;
      return not_offered("duration", ticks
                                         ? fmt::format("Number of ticks must be between {} and {}.",
                                                       kind.needs.min_ticks, kind.needs.max_ticks)
                                         : "Trading is not offered for this duration.");
    }
    case RefusalKind::kPrediction:
      return bad_barrier(fmt::format("Barrier must be an integer in range of {} to {}.",
                                     kind.needs.lowest_digit, kind.needs.highest_digit));
    case RefusalKind::kBarrier:
      return bad_barrier("Invalid barrier.");
    case RefusalKind::kStakeTooSmall: {
      JsonOut details;
      details.begin_object().text("field", "amount");
      const auto least = kind.amounts.in(order.decimals).min_stake;
      details.text("max_stake", most_of(kind, order.decimals).to_string());
      details.text("min_stake", least.to_string()).end_object();
      return {buy, why.text, "amount", "InvalidMinStake", details.take()};
    }
    case RefusalKind::kPayoutTooLarge:
      return {buy, why.text, "amount", "InvalidMaxPayout"};
    case RefusalKind::kNoReturn:
      return {buy, "This contract offers no return.", "amount", "NoReturn"};
    case RefusalKind::kMultiplier:
      return {buy, why.text, "multiplier", "InvalidMultiplier"};
    case RefusalKind::kInsufficientBalance:
      return {"InsufficientBalance", why.text};
    case RefusalKind::kNotFound:
      return {"NoOpenPosition", why.text};
    case RefusalKind::kResaleNotOffered:
      return {"ResaleNotOffered", why.text};
    case RefusalKind::kNoCancellation:
      return {"CannotCancelContract", why.text, "", "DealCancellationNotBought"};
    case RefusalKind::kCancellationOver:
      return {"CannotCancelContract", why.text, "", "DealCancellationExpired"};
    case RefusalKind::kCancelIsBetter:
      return {"CancelIsBetter", why.text};
    case RefusalKind::kAlreadySettled:
      return {"ContractAlreadySold", why.text};
  }
  return {"InternalServerError", why.text};
}

// ---- what a proposal says ----

namespace {

core::Money most_accumulated(std::uint8_t decimals) {
  return market::in_currency(core::Money::minor(market::assumed::kMaxAccumulated), decimals);
}

/// What a proposal says of the contract that it is for.
void write_details(JsonOut& out, const market::Life& life, const venue::Quote& quote) {
  const auto& spec = life.spec();
  const auto& kind = market::kind_of(spec.type);
  const auto decimals = quote.stake.exponent();
  if (kind.needs.growth) {
    const auto growth = market::growth_of(life);
    const auto levels = market::growth_levels(quote.spot, growth.barrier);
    const auto share = core::Decimal{growth.barrier, 12};
    out.key("contract_details").begin_object();
    out.text("barrier_spot_distance", levels.distance.to_string());
    out.text("high_barrier", levels.high.to_string()).integer("last_tick_epoch", quote.spot_time.s);
    out.text("low_barrier", levels.low.to_string());
    out.raw("maximum_payout", number(most_accumulated(decimals)));
    out.text("maximum_stake", most_of(kind, decimals).to_string());
    out.integer("maximum_ticks", growth.max_ticks);
    out.text("minimum_stake", kind.amounts.in(decimals).min_stake.to_string());
    out.raw("tick_size_barrier", share.to_string());
    out.text("tick_size_barrier_percentage", fmt::format("{:.5f}%", share.to_double() * 100));
    out.end_object();
    return;
  }
  if (is_of_points(spec)) {
    const auto points = market::points_of(life);
    const auto distance = points.level + -quote.spot;
    out.key("contract_details").begin_object().text("barrier", points.level.to_string());
    out.text("barrier_spot_distance", (distance.mantissa() < 0 ? "" : "+") + distance.to_string());
    out.end_object();
    out.text("display_number_of_contracts", core::Decimal{points.contracts, 6}.to_string());
    return;
  }
  const auto level = market::price_to_beat(spec, quote.spot);
  if (!level || !market::has_levels(spec.type)) return;
  const auto low = market::low_barrier(spec, quote.spot);
  out.key("contract_details").begin_object();
  out.text(low ? "high_barrier" : "barrier", level->to_string());
  if (low) out.text("low_barrier", low->to_string());
  out.end_object();
}

}  // namespace

std::string Pricer::proposal(Dialect dialect, const Order& order, const venue::Quote& quote,
                             std::string_view id, core::VenueTime now) const {
  const auto spec = spec_now(order, now);
  const bool v3 = dialect == Dialect::kV3;
  const auto& kind = market::kind_of(spec.type);
  const bool mult = kind.needs.multiplier;
  JsonOut out;
  out.begin_object().raw("ask_price", number(quote.stake));
  // As if it were entered at the quote: what the levels would be.
  const auto life = as_if_bought(order, quote.fee.is_zero() ? quote.stake : *order.stake, now);
  if (const auto end = market::cancellation_end(spec, now)) {
    out.key("cancellation").begin_object().raw("ask_price", number(quote.fee));
    out.integer("date_expiry", end->s).end_object();
  }
  if (mult) out.raw("commission", number(market::position_of(life).commission()));
  write_details(out, life, quote);
  const auto expiry = kind.needs.growth ? growth_expiry(now) : quote.expiry;
  out.integer("date_expiry", order.fixed_expiry ? order.fixed_expiry->s : expiry.s);
  out.integer("date_start", now.s);
  if (v3) out.text("display_value", quote.stake.to_string());
  out.text("id", id);
  if (mult) {
    venue::Contract contract;
    contract.spec = spec;
    contract.stake = quote.stake;
    contract.purchase_time = now;
    contract.life = life;
    Deal deal;
    deal.symbol = order.symbol;
    deal.take_profit = spec.multiplier()->take_profit;
    deal.stop_loss = spec.multiplier()->stop_loss;
    out.raw("limit_order", limit_order_json(contract, deal, true, true));
  }
  out.text("longcode", longcode_of(spec, *order.symbol, life, now, order.fixed_expiry));
  if (mult) out.integer("multiplier", spec.multiplier()->multiplier);
  out.raw("payout", number(quote.payout)).raw("spot", number(quote.spot));
  out.integer(terms_.rules.field("spot_time"), quote.spot_time.s)
      .key("validation_params")
      .begin_object();
  if (kind.needs.growth) {
    out.text("max_payout", most_accumulated(order.decimals).to_string());
    out.integer("max_ticks", market::growth_of(life).max_ticks);
  }
  const auto amounts = kind.amounts.in(order.decimals);
  if (amounts.max_payout) {
    out.key("payout").begin_object().text("max", amounts.max_payout->to_string()).end_object();
  }
  out.key("stake").begin_object();
  out.text("max", most_of(kind, order.decimals).to_string());
  out.text("min", amounts.min_stake.to_string());
  return out.end_object().end_object().end_object().take();
}

}  // namespace derivd::sim
