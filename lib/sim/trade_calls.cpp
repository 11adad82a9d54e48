// Calls that price, buy and sell.
#include <fmt/format.h>

#include <algorithm>

#include "core/check.hpp"
#include "market/accumulator.hpp"
#include "market/assumed.hpp"
#include "market/kind.hpp"
#include "market/multiplier.hpp"
#include "market/points.hpp"
#include "sim/venue.hpp"

namespace derivd::sim {
namespace {

const Json* find_number(const Json& json, std::string_view key) {
  const Json* j = json.find(key);
  return j != nullptr && j->is_number() ? j : nullptr;
}
std::string_view text_of(const Json& json, std::string_view key) {
  const Json* j = json.find(key);
  return j != nullptr && j->is_string() ? std::string_view(j->text()) : std::string_view{};
}
bool wants_stream(const Json& json) { return json.find("subscribe") != nullptr; }

WireError missing(std::string_view field) {
  return {"ContractCreationFailure",
          fmt::format("Missing required contract parameters ({}).", field), std::string(field)};
}
WireError bad_stake_decimals(std::string_view field, std::uint8_t decimals) {
  return {"ContractBuyValidationError",
          fmt::format("Stake can not have more than {} decimal places.", decimals),
          std::string(field), "IncorrectStakeDecimals"};
}
WireError bad_barrier(std::string message) {
  return {"ContractBuyValidationError", std::move(message), "barrier", "InvalidBarrier"};
}
WireError not_offered(std::string_view field, std::string message) {
  return {"OfferingsValidationError", std::move(message), std::string(field)};
}

Answer<std::optional<core::Money>> read_money(const Json& json, std::string_view key,
                                              std::uint8_t decimals) {
  const Json* j = find_number(json, key);
  if (j == nullptr) return std::optional<core::Money>{};
  auto m = core::Money::parse(j->text(), decimals);
  if (!m) return bad_stake_decimals(key, decimals);
  return std::optional(*m);
}

Answer<void> read_duration(const Json& p, core::VenueTime now, Order& order) {
  if (const Json* expiry = find_number(p, "date_expiry"); expiry != nullptr) {
    order.fixed_expiry = core::VenueTime{expiry->as_int().value_or(0)};
    if (*order.fixed_expiry <= now)
      return not_offered("date_expiry", "Expiry time cannot be in the past.");
    return {};
  }
  const Json* duration = find_number(p, "duration");
  if (duration == nullptr) return missing("duration");
  const auto letter = text_of(p, "duration_unit");
  const auto unit = market::ContractDuration::unit_from(letter.empty() ? "s" : letter);
  const auto count = duration->as_int().value_or(0);
  // A year in seconds is the longest that anything is offered for.
  if (!unit || count < 1 || count > 400LL * 86'400)
    return not_offered("duration", "Trading is not offered for this duration.");
  order.spec.duration = {static_cast<std::int32_t>(count), *unit};
  return {};
}

Answer<void> read_level(const Json& p, std::string_view key, const Order& order,
                        market::Barrier& out) {
  const auto text = text_of(p, key);
  if (text.empty()) return missing(key);
  const bool offset = text[0] == '+' || text[0] == '-';
  // Refused so in 2026: what is counted in ticks takes distances from the entry alone.
  if (!offset && order.spec.duration.in_ticks() && !order.fixed_expiry)
    return bad_barrier("Invalid barrier.");
  const auto price = core::Price::parse(text, order.symbol->decimals);
  if (!price)
    return bad_barrier(
        fmt::format("Barrier can only be up to {} decimal places.", order.symbol->decimals));
  out = offset ? market::Barrier::offset(*price) : market::Barrier::absolute(*price);
  return {};
}

Answer<void> read_barrier(const Json& p, Order& order) {
  const auto text = text_of(p, "barrier");
  auto& spec = order.spec;
  if (market::has_form(spec.type, market::BarrierForm::kDigit)) {
    if (text.empty()) return missing("barrier");
    if (text.size() != 1 || text[0] < '0' || text[0] > '9')
      return bad_barrier("Barrier must be an integer in range of 0 to 9.");
    spec.set_digit(text[0] - '0');
    return {};
  }
  const bool pair = market::has_form(spec.type, market::BarrierForm::kPair);
  const bool takes = market::has_levels(spec.type) && spec.points() == nullptr;
  if (!takes && !text.empty()) return bad_barrier(std::string(barrier_refusal(spec.type)));
  if (const auto second = text_of(p, "barrier2"); !second.empty() && !pair)
    return bad_barrier("Barrier is not allowed for this contract type.");
  if (!takes) return {};
  if (auto ok = read_level(p, "barrier", order, spec.barriers[0]); !ok) return ok.error();
  if (!pair) return {};
  return read_level(p, "barrier2", order, spec.barriers[1]);
}

Answer<void> read_selected_tick(const Json& p, Order& order) {
  const auto most = market::kind_of(order.spec.type).needs.select_of;
  if (most == 0) return {};
  const Json* tick = find_number(p, "selected_tick");
  if (tick == nullptr) return missing("selected_tick");
  const auto selected = tick->as_int().value_or(0);
  if (selected < 1 || selected > most)
    return WireError{"ContractBuyValidationError",
                     fmt::format("Selected tick must be between 1 and {}.", most), "selected_tick"};
  order.spec.terms = market::TickTerms{static_cast<std::int8_t>(selected)};
  return {};
}

/// Not beside a deal cancellation: both end what the other is for.
Answer<void> check_beside_cancellation(const Json& limits, const Order& order) {
  if (!market::has_cancellation(order.spec)) return {};
  for (const std::string_view key : {"take_profit", "stop_loss"}) {
    if (limits.find(key) == nullptr) continue;
    const bool profit = key == "take_profit";
    return WireError{"ContractBuyValidationError",
                     fmt::format("You may use either {} or deal cancellation, but not both. Please "
                                 "select either one.",
                                 profit ? "take profit" : "stop loss"),
                     "cancellation",
                     profit ? "EitherTakeProfitOrCancel" : "EitherStopLossOrCancel"};
  }
  return {};
}

Answer<void> read_limits(const Json& p, Order& order) {
  const Json* limits = p.find("limit_order");
  if (limits == nullptr) return {};
  if (auto ok = check_beside_cancellation(*limits, order); !ok) return ok.error();
  const auto& needs = market::kind_of(order.spec.type).needs;
  if (!needs.multiplier && !needs.growth)
    return WireError{"ContractCreationFailure", "Limit order is not allowed for this contract.",
                     "limit_order"};
  if (auto* growth = std::get_if<market::AccumulatorTerms>(&order.spec.terms)) {
    if (limits->find("stop_loss") != nullptr)
      return WireError{"ContractCreationFailure", "Stop loss is not allowed for this contract.",
                       "stop_loss"};
    const auto amount = read_money(*limits, "take_profit", order.decimals);
    if (!amount) return amount.error();
    if (*amount && (*amount)->units() <= 0)
      return WireError{"ContractBuyValidationError", "Please enter a positive amount.",
                       "take_profit"};
    growth->take_profit = *amount;
    return {};
  }
  for (const auto key : {"take_profit", "stop_loss"}) {
    auto amount = read_money(*limits, key, order.decimals);
    if (!amount) return amount.error();
    if (*amount && (*amount)->units() <= 0)
      return WireError{"ContractBuyValidationError", "Please enter a positive amount.", key};
    auto& terms = order.spec.multiplier_terms();
    (std::string_view(key) == "take_profit" ? terms.take_profit : terms.stop_loss) = *amount;
  }
  return {};
}

Answer<void> read_cancellation(const Json& p, Order& order) {
  if (p.find("cancellation") == nullptr) return {};
  const auto wanted = text_of(p, "cancellation");
  const auto times = cancellation_times(*order.symbol);
  if (times.empty())
    return WireError{"ContractBuyValidationError",
                     "Deal cancellation is not available for this asset.", "cancellation",
                     "DealCancellationNotAvailable"};
  if (std::find(times.begin(), times.end(), wanted) == times.end())
    return WireError{"ContractBuyValidationError",
                     fmt::format("Deal cancellation duration is not in acceptable range. Accepts "
                                 "{}.",
                                 fmt::join(times, ",")),
                     "cancellation"};
  order.spec.multiplier_terms().cancellation = market::ContractDuration::parse(wanted).value();
  return {};
}

Answer<void> read_multiplier(const Json& p, Order& order) {
  if (auto ok = read_cancellation(p, order); !ok) return ok.error();
  const Json* multiplier = find_number(p, "multiplier");
  if (multiplier == nullptr) return missing("multiplier");
  const auto accepted = accepted_multipliers(*order.symbol);
  const auto m = multiplier->as_int();
  const auto found = std::find(accepted.begin(), accepted.end(), m.value_or(0));
  if (found == accepted.end())
    return WireError{
        "ContractBuyValidationError",
        fmt::format("Multiplier is not in acceptable range. Accepts {}.", fmt::join(accepted, ",")),
        "multiplier", "InvalidMultiplier"};
  order.spec.multiplier_terms().multiplier = *found;
  return {};
}

Answer<void> read_growth(const Json& p, Order& order) {
  const Json* growth = find_number(p, "growth_rate");
  if (growth == nullptr) return missing("growth_rate");
  const auto rate = growth->as_decimal().value_or(core::Decimal{});
  if (!market::growth_barrier(*order.symbol, rate))
    return not_offered("growth_rate",
                       "Growth rate is not in acceptable range. Accepts "
                       "0.01,0.02,0.03,0.04,0.05.");
  order.spec.terms = market::AccumulatorTerms{rate, {}};
  return {};
}

Answer<void> read_points(const Json& p, Order& order) {
  const Json* points = find_number(p, "payout_per_point");
  if (points == nullptr) return {};
  const auto each = points->as_decimal().value_or(core::Decimal{});
  if (each.mantissa <= 0)
    return WireError{"ContractBuyValidationError", "Please enter a positive amount.",
                     "payout_per_point"};
  order.spec.terms = market::PointTerms{each};
  return {};
}

/// What the venue lists, and nothing between: "Barriers available are -3.31, -5.82, …".
std::string choices_text(const std::vector<core::Price>& choices) {
  std::string out;
  for (const auto& c : choices)
    out +=
        fmt::format("{}{}{}", out.empty() ? "" : ", ", c.mantissa() < 0 ? "" : "+", c.to_string());
  return out;
}

Answer<void> read_amount(const Json& p, Order& order) {
  auto amount = read_money(p, "amount", order.decimals);
  if (!amount) return amount.error();
  if (!*amount) return missing("amount");
  const auto basis = text_of(p, "basis");
  if (basis.empty()) return missing("basis");
  if ((*amount)->units() <= 0)
    return WireError{"ContractBuyValidationError",
                     fmt::format("Please enter a {} amount that's greater than 0.", basis),
                     "amount"};
  if (basis == "payout" && !market::has_payout(order.spec.type))
    return WireError{"ContractCreationFailure", "Basis must be stake for this contract.", "basis"};
  (basis == "payout" ? order.payout : order.stake) = *amount;
  return {};
}

/// Share of the payout by which a price may have moved against the buyer: half of the commission on
/// ticks, about what the venue's own slippage rule allows (v3-api.md section 2, PriceMoved).
constexpr std::int64_t kToleranceNum = 6, kToleranceDen = 1'000;

bool above(core::Money ask, core::Decimal limit) {
  return core::Decimal{ask.units(), ask.exponent()} > limit;
}

WireError price_moved(std::string_view what, std::string_view currency, std::string_view from,
                      core::Money to) {
  return {"PriceMoved",
          fmt::format("The underlying market has moved too much since you priced the contract. The "
                      "contract {} has changed from {}{} to {}{}.",
                      what, currency, from, currency, to.to_string())};
}

bool moved_too_far(const venue::Quote& quoted, const venue::Quote& now) {
  const auto allowed = quoted.payout.units() * kToleranceNum / kToleranceDen;
  // Compare what one payout costs: stake basis moves the payout, payout basis the stake.
  const auto worse = quoted.stake == now.stake ? quoted.payout.units() - now.payout.units()
                                               : now.stake.units() - quoted.stake.units();
  return worse > std::max<std::int64_t>(allowed, 0);
}

}  // namespace

// ---- understanding an order ----

Answer<Order> Venue::read_order(const Connection& c, const Json& p) const {
  Order order;
  order.decimals = options_.balance.exponent();
  const bool v3 = c.v3();
  const auto code = text_of(p, v3 ? "symbol" : "underlying_symbol");
  const auto index = markets_.listed(code, now_.venue);
  if (!index) return not_offered("symbol", "Trading is not offered for this asset.");
  order.symbol = &markets_.info(*index);
  order.spec.symbol = order.symbol->code;
  const auto currency = text_of(p, "currency");
  if (currency != options_.currency.view())
    return WireError{"NotDefaultCurrency",
                     fmt::format("The provided currency {} is not the default currency.", currency),
                     "currency"};
  const auto type =
      type_from_wire(c.dialect(), text_of(p, "contract_type"), p.find("barrier") != nullptr);
  if (!type) return not_offered("contract_type", "Trading is not offered for this asset.");
  order.spec.type = options_.rules.in_force(*type);
  const auto* listing = markets_.feed().listing(*index);
  if (listing != nullptr && !listing->offers_type(market::name_of(*type)))
    return not_offered("contract_type", "Trading is not offered for this asset.");
  if (v3 && p.find("date_start") != nullptr)
    return not_offered("date_start", "Forward-starting contracts are not offered for this asset.");
  if (markets_.closed(*index, now_.venue))
    return WireError{"MarketIsClosed", "This market is presently closed."};
  const auto& needs = market::kind_of(*type).needs;
  if (needs.multiplier) {
    if (auto ok = read_multiplier(p, order); !ok) return ok.error();
  }
  if (needs.growth) {
    if (auto ok = read_growth(p, order); !ok) return ok.error();
  }
  if (needs.points) {
    if (auto ok = read_points(p, order); !ok) return ok.error();
  }
  if (needs.has_length()) {
    if (auto ok = read_duration(p, now_.venue, order); !ok) return ok.error();
  }
  if (auto ok = read_barrier(p, order); !ok) return ok.error();
  if (auto ok = read_selected_tick(p, order); !ok) return ok.error();
  if (auto ok = read_amount(p, order); !ok) return ok.error();
  if (auto ok = read_limits(p, order); !ok) return ok.error();
  if (auto ok = check_choice(order); !ok) return ok.error();
  return order;
}

/// Turbos and vanillas are sold at a few barriers alone, which move with the quote.
Answer<void> Venue::check_choice(const Order& order) const {
  const auto last = contracts_.book().last_tick(order.spec.symbol);
  if (!is_of_points(order.spec) || !last) return {};
  const auto spec = spec_now(order);
  if (market::problem_of(spec, *order.symbol)) return {};  // the book says what is wrong
  const auto choices = market::barrier_choices(spec, *order.symbol, last->quote, now_.venue);
  if (choices.empty()) return not_offered("symbol", "Trading is not offered for this asset.");
  if (spec.points() != nullptr) {
    const auto life = as_if_bought(order, order.stake.value_or(core::Money{}));
    const auto level = life.barrier_price();
    const auto distance = level ? std::abs(level->mantissa() - last->quote.mantissa()) : 0;
    if (distance >= std::abs(choices.front().mantissa()) &&
        distance <= std::abs(choices.back().mantissa()))
      return {};
    return WireError{
        "ContractBuyValidationError",
        fmt::format("Payout per point is not in acceptable range for {}.", order.symbol->code),
        "payout_per_point"};
  }
  const auto& barrier = spec.barriers[0];
  const bool listed = barrier.form == market::Barrier::Form::kOffset &&
                      std::find(choices.begin(), choices.end(), barrier.value) != choices.end();
  if (listed) return {};
  return bad_barrier(fmt::format("Barriers available are {}.", choices_text(choices)));
}

/// The life of a contract that were entered at the latest quote.
market::Life Venue::as_if_bought(const Order& order, core::Money stake) const {
  const auto spec = spec_now(order);
  const auto last = contracts_.book().last_tick(spec.symbol);
  const auto start = last ? core::VenueTime{last->epoch.s - 1} : now_.venue;
  market::Life life(spec, {start, stake, core::Money::minor(0, stake.exponent()), last},
                    order.symbol);
  if (last) life.on_tick(*last);
  return life;
}

/// With a fixed expiry the contract gets shorter while nobody buys it.
market::ContractSpec Venue::spec_now(const Order& order) const {
  auto spec = order.spec;
  if (order.fixed_expiry) {
    const auto left = std::max<std::int64_t>((*order.fixed_expiry - now_.venue).count(), 1);
    spec.duration = {static_cast<std::int32_t>(std::min<std::int64_t>(left, INT32_MAX)),
                     market::ContractDuration::Unit::kSeconds};
  }
  return spec;
}

bool Venue::market_moves(const Order& order) const {
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

Answer<venue::Quote> Venue::price(const Order& order) const {
  auto quote = contracts_.book().quote(spec_now(order), order.stake, order.payout, now_.venue);
  if (!quote) return refusal(quote.error(), order);
  if (!quote->fee.is_zero()) {
    const auto fee = options_.rules.fee_of(quote->fee);
    quote->stake += fee - quote->fee;
    quote->fee = fee;
  }
  return *quote;
}

WireError Venue::refusal(const venue::Refusal& why, const Order& order) const {
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

// ---- proposal ----

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

std::string Venue::proposal_payload(const Connection& c, const Order& order,
                                    const venue::Quote& quote, std::string_view id) const {
  const auto spec = spec_now(order);
  const bool v3 = c.v3();
  const auto& kind = market::kind_of(spec.type);
  const bool mult = kind.needs.multiplier;
  JsonOut out;
  out.begin_object().raw("ask_price", number(quote.stake));
  // As if it were entered at the quote: what the levels would be.
  const auto life = as_if_bought(order, quote.fee.is_zero() ? quote.stake : *order.stake);
  if (const auto end = market::cancellation_end(spec, now_.venue)) {
    out.key("cancellation").begin_object().raw("ask_price", number(quote.fee));
    out.integer("date_expiry", end->s).end_object();
  }
  if (mult) out.raw("commission", number(market::position_of(life).commission()));
  write_details(out, life, quote);
  const auto expiry = kind.needs.growth ? growth_expiry(now_.venue) : quote.expiry;
  out.integer("date_expiry", order.fixed_expiry ? order.fixed_expiry->s : expiry.s);
  out.integer("date_start", now_.venue.s);
  if (v3) out.text("display_value", quote.stake.to_string());
  out.text("id", id);
  if (mult) {
    venue::Contract contract;
    contract.spec = spec;
    contract.stake = quote.stake;
    contract.purchase_time = now_.venue;
    contract.life = life;
    Deal deal;
    deal.symbol = order.symbol;
    deal.take_profit = spec.multiplier()->take_profit;
    deal.stop_loss = spec.multiplier()->stop_loss;
    out.raw("limit_order", limit_order_json(contract, deal, true, true));
  }
  out.text("longcode", longcode_of(spec, *order.symbol, life, now_.venue, order.fixed_expiry));
  if (mult) out.integer("multiplier", spec.multiplier()->multiplier);
  out.raw("payout", number(quote.payout)).raw("spot", number(quote.spot));
  out.integer(options_.rules.field("spot_time"), quote.spot_time.s)
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

void Venue::proposal(Request& r) {
  auto order = read_order(r.conn, r.json);
  if (!order) return r.refuse(order.error());
  const auto quote = price(*order);
  if (!quote) return r.refuse(quote.error());
  std::string id;
  Stream* stream = nullptr;
  if (wants_stream(r.json)) {
    if (r.v3() && options_.rate_limits &&
        r.conn.streams.count(Stream::Kind::kProposal) >= V3Limits::kProposalStreams)
      return r.refuse({"RateLimit", "You have reached the rate limit for proposal."});
    // The same parameters are the same subscription, whatever the request calls itself.
    Json key = Json::object();
    for (const auto& [name, value] : r.json.members())
      if (name != "req_id" && name != "passthrough") key.set(name, value);
    stream = r.subscribe(Stream::Kind::kProposal, "proposal " + key.dump(), ids_);
    if (stream == nullptr) return;
    id = stream->id;
  } else {
    id = ids_.next();
  }
  auto payload = proposal_payload(r.conn, *order, *quote, id);
  if (stream != nullptr) {
    stream->symbol = markets_.index_of(order->symbol->code);
    stream->order = *order;
    stream->last = payload;
  }
  r.conn.proposals.add({id, *order, *quote});
  r.reply(frame(r.envelope, "proposal", "proposal", payload, stream != nullptr ? id : ""));
}

// ---- buy ----

void Venue::refuse_buy(Request& r, const WireError& error, const Order* order) {
  const Account& a = r.account();
  if (order != nullptr)
    ledger_.refuse(a.name(), {}, market::name_of(order->spec.type), order->symbol->code,
                   order->stake, error.code, error.message, now_.venue);
  else
    ledger_.refuse(a.name(), {}, {}, {}, {}, error.code, error.message, now_.venue);
  r.refuse(error);
}

void Venue::buy(Request& r) {
  const auto limit = r.json.find("price")->as_decimal().value_or(core::Decimal{});
  const std::string& which = r.json.find("buy")->text();
  if (which == "1") return buy_parameters(r, limit);
  buy_proposal(r, which, limit);
}

void Venue::buy_parameters(Request& r, core::Decimal limit) {
  const Json* parameters = r.json.find("parameters");
  if (parameters == nullptr)
    return refuse_buy(r,
                      {"InputValidationFailed", "Input validation failed: parameters", "", "",
                       R"({"parameters":"Missing property."})"},
                      nullptr);
  const auto order = read_order(r.conn, *parameters);
  if (!order) return refuse_buy(r, order.error(), nullptr);
  const auto quote = price(*order);
  if (!quote) return refuse_buy(r, quote.error(), &*order);
  if (above(quote->stake, limit))
    return refuse_buy(
        r,
        {"ContractCreationFailure",
         "Contract's stake amount is more than the maximum purchase price.", "amount"},
        &*order);
  execute(r, *order, *quote);
}

void Venue::buy_proposal(Request& r, std::string_view id, core::Decimal limit) {
  const auto found = r.conn.proposals.find(id);
  if (!found)
    return refuse_buy(r, {"InvalidContractProposal", "Unknown contract proposal"}, nullptr);
  const Proposal p = *found;
  if (markets_.closed(markets_.index_of(p.order.symbol->code), now_.venue))
    return refuse_buy(r, {"MarketIsClosed", "This market is presently closed."}, &p.order);
  const auto now = price(p.order);
  if (!now) return refuse_buy(r, now.error(), &p.order);
  if (above(p.quote.stake, limit))
    return refuse_buy(r, price_moved("price", options_.currency, limit.to_string(), p.quote.stake),
                      &p.order);
  if (moved_too_far(p.quote, *now)) {
    const auto error =
        p.quote.stake == now->stake
            ? price_moved("payout", options_.currency, p.quote.payout.to_string(), now->payout)
            : price_moved("price", options_.currency, p.quote.stake.to_string(), now->stake);
    return refuse_buy(r, error, &p.order);
  }
  // Bought: its stream ends by itself, and it cannot be bought again.
  r.conn.streams.drop([&](const Stream& s) { return s.id == p.id; });
  r.conn.proposals.erase(p.id);
  execute(r, p.order, p.quote);
}

void Venue::execute(Request& r, const Order& order, const venue::Quote& quote) {
  Account& a = r.account();
  if (a.open().size() >= kMaxOpenContracts)
    return refuse_buy(r,
                      {"OpenPositionLimitExceeded",
                       fmt::format("Sorry, you cannot hold more than {} contracts at a given time. "
                                   "Please wait until some contracts have closed and try again.",
                                   kMaxOpenContracts)},
                      &order);
  if (quote.stake > a.balance())
    return refuse_buy(r,
                      {"InsufficientBalance",
                       fmt::format("Your account balance ({} {}) is insufficient to buy this "
                                   "contract ({} {}).",
                                   a.balance().to_string(), options_.currency,
                                   quote.stake.to_string(), options_.currency)},
                      &order);
  // The book stops a multiplier out; its limit orders stay here, where they can be changed.
  auto spec = spec_now(order);
  if (const auto* terms = spec.multiplier()) {
    spec.terms = market::MultiplierTerms{terms->multiplier, {}, {}, terms->cancellation};
    if (terms->cancellation) spec.multiplier_terms().fee = quote.fee;
  }
  const auto id = contracts_.book().buy(a.index(), spec, quote.stake, quote.payout, now_.venue);
  if (!id) return refuse_buy(r, refusal(id.error(), order), &order);
  const auto& contract = contracts_.contract(*id);
  Deal& deal = keep_deal(r, order, contract);
  accounts_.bought(a, contract, now_.venue);
  announce_buy(r, deal, contract);
}

Deal& Venue::keep_deal(const Request& r, const Order& order, const venue::Contract& contract) {
  Deal deal;
  deal.id = contract.id;
  deal.account = contract.account;  // accounts were added to the book in our order
  deal.dialect = r.conn.dialect();
  deal.symbol = order.symbol;
  deal.wire_type = wire_type(deal.dialect, contract.spec.type);
  if (const auto* terms = order.spec.multiplier()) {
    deal.take_profit = terms->take_profit;
    deal.stop_loss = terms->stop_loss;
  }
  if (const auto* terms = order.spec.accumulator()) deal.take_profit = terms->take_profit;
  // What enters later than it is bought is named as if it had entered now.
  const bool sized = !is_of_points(contract.spec) || contract.life.entry();
  deal.shortcode = shortcode_of(sized ? contract.life : as_if_bought(order, contract.stake),
                                deal.wire_type, order.fixed_expiry, deal.take_profit);
  deal.longcode =
      longcode_of(contract.spec, *order.symbol, contract.life, now_.venue, order.fixed_expiry);
  deal.expiry_at_purchase = expiry_of(contract);
  for (const Fault& f : r.faults)
    if (f.kind == FaultKind::kHoldSettlement) deal.hold_s = f.amount;
  if (contract.spec.multiplier() != nullptr) {
    auto guarded = contract.spec;
    guarded.multiplier_terms().take_profit = deal.take_profit;
    guarded.multiplier_terms().stop_loss = deal.stop_loss;
    deal.guard.emplace(guarded, contract.life.purchase(), order.symbol);
    for (const auto& [type, amount] :
         {std::pair("take_profit", deal.take_profit), std::pair("stop_loss", deal.stop_loss)})
      if (amount) deal.limit_history.push_back({type, amount, now_.venue});
  }
  return contracts_.keep(std::move(deal));
}

void Venue::announce_buy(Request& r, Deal& deal, const venue::Contract& contract) {
  Account& a = r.account();
  std::string stream_id;
  std::string text;
  JsonOut out;
  out.begin_object()
      .raw("balance_after", number(a.balance()))
      .raw("buy_price", number(contract.stake));
  out.integer("contract_id", contract.id.value).text("longcode", deal.longcode);
  out.raw("payout", number(contract.payout)).integer("purchase_time", contract.purchase_time.s);
  out.text("shortcode", deal.shortcode).integer("start_time", contract.purchase_time.s);
  out.integer("transaction_id", contract.buy_tx.value).end_object();
  if (wants_stream(r.json) && !r.conn.streams.full()) {
    Stream s;
    s.kind = Stream::Kind::kOpenContract;
    s.id = ids_.next();
    s.key = fmt::format("contract {}", contract.id.value);
    s.envelope = r.envelope;
    s.contract = contract.id;
    stream_id = s.id;
    r.conn.streams.add(std::move(s));
  }
  text = frame(r.envelope, "buy", "buy", out.str(), stream_id);
  // The reply, the transaction and the balance come in no fixed order (v3-api.md section 7).
  const auto turn = order_.below(4);
  if (turn == 0) r.reply(std::move(text));
  if (turn % 2 == 0) push_transaction(a, deal, contract, "buy");
  push_balance(a);
  if (turn % 2 == 1) push_transaction(a, deal, contract, "buy");
  if (turn != 0) r.reply(std::move(text));
  push_contract_everywhere(deal);
}

// ---- the streams of money ----

void Venue::push_transaction(Account& a, const Deal& deal, const venue::Contract& contract,
                             std::string_view action) {
  const bool buying = action == "buy";
  const auto amount = buying ? -contract.stake : contract.sell_price;
  for (auto& [id, c] : connections_.all()) {
    if (c->account() != &a) continue;
    for (Stream& s : c->streams) {
      if (s.kind != Stream::Kind::kTransaction) continue;
      const bool v3 = c->v3();
      JsonOut out;
      out.begin_object().text("action", action).raw("amount", number(amount));
      out.raw("balance", number(a.balance()));
      if (v3 && market::has_payout(contract.spec.type)) {
        out.text("barrier", barrier_of_transaction(contract.spec));
      }
      out.integer("contract_id", contract.id.value).text("currency", options_.currency.view());
      out.integer("date_expiry", expiry_of(contract).s);
      if (v3) out.text("display_name", deal.symbol->display_name);
      out.text("id", s.id).text("longcode", deal.longcode);
      out.integer("purchase_time", contract.purchase_time.s);
      out.text(v3 ? "symbol" : "underlying_symbol", deal.symbol->code);
      out.integer("transaction_id", buying ? contract.buy_tx.value : deal.sell_tx.value);
      out.integer("transaction_time", now_.venue.s).end_object();
      connections_.push(*c, "transaction", deal.symbol->code,
                        frame(s.envelope, "transaction", "transaction", out.str(), s.id),
                        now_.instant);
    }
  }
}

void Venue::push_balance(Account& a) {
  for (auto& [id, c] : connections_.all()) {
    if (c->account() != &a) continue;
    for (Stream& s : c->streams) {
      if (s.kind != Stream::Kind::kBalance) continue;
      connections_.push(
          *c, "balance", {},
          frame(s.envelope, "balance", "balance", balance_payload(a, s.id, s.all_accounts), s.id),
          now_.instant);
    }
  }
}

void Venue::announce_payment(Account& a, Deal& deal, const venue::Contract& contract) {
  contracts_.show_sold(deal, markets_.last(markets_.index_of(deal.symbol->code)), now_.venue);
  accounts_.paid(a, contract, deal.sold_early, now_.venue);
  const bool transaction_first = order_.below(2) == 0;
  if (transaction_first) push_transaction(a, deal, contract, "sell");
  push_balance(a);
  if (!transaction_first) push_transaction(a, deal, contract, "sell");
  push_contract_everywhere(deal);
}

// ---- sell and its relatives ----

void Venue::sell(Request& r) {
  Account& a = r.account();
  const core::ContractId id{r.json.find("sell")->as_int().value_or(0)};
  const auto limit = r.json.find("price")->as_decimal().value_or(core::Decimal{});
  const auto deny = [&](const WireError& error) {
    ledger_.refuse(a.name(), id, {}, {}, {}, error.code, error.message, now_.venue);
    r.refuse(error);
  };
  Deal* deal = contracts_.find(id);
  if (deal == nullptr || &accounts_.at(deal->account) != &a)
    return deny({r.v3() ? "NoOpenPosition" : "ContractNotFound",
                 "This contract was not found among your open positions."});
  if (deal->shown == Shown::kSold)
    return deny({"ContractAlreadySold", "This contract has been sold."});
  if (deal->shown == Shown::kExpired) return deny({"BetExpired", "The contract has expired."});
  const auto bid = contracts_.book().bid(contracts_.contract(id), now_.venue);
  if (core::Decimal{bid.units(), bid.exponent()} < limit)
    return deny(
        {"PriceMoved", fmt::format("The underlying market has moved too much since you priced the "
                                   "contract. The contract sell price has changed to {}{}.",
                                   options_.currency, bid.to_string())});
  const auto sold = contracts_.book().sell(a.index(), id, now_.venue);
  if (!sold) return deny(refusal(sold.error(), Order{}));
  deal->sold_early = true;
  const auto& contract = contracts_.contract(id);
  JsonOut out;
  out.begin_object().raw("balance_after", number(a.balance() + *sold));
  out.integer("contract_id", id.value).integer("reference_id", contract.buy_tx.value);
  out.raw("sold_for", number(*sold)).integer("transaction_id", contract.sell_tx.value).end_object();
  r.reply(frame(r.envelope, "sell", "sell", out.str()));
  announce_payment(a, *deal, contract);
}

void Venue::cancel(Request& r) {
  Account& a = r.account();
  const core::ContractId id{r.json.find("cancel")->as_int().value_or(0)};
  const auto deny = [&](const WireError& error) {
    ledger_.refuse(a.name(), id, {}, {}, {}, error.code, error.message, now_.venue);
    r.refuse(error);
  };
  Deal* deal = contracts_.find(id);
  if (deal == nullptr || &accounts_.at(deal->account) != &a)
    return deny({r.v3() ? "NoOpenPosition" : "ContractNotFound",
                 "This contract was not found among your open positions."});
  if (deal->shown != Shown::kOpen && market::has_cancellation(contracts_.contract(id).spec))
    return deny({"ContractAlreadySold", "This contract has been sold."});
  const auto back = contracts_.book().cancel(a.index(), id, now_.venue);
  if (!back) return deny(refusal(back.error(), Order{}));
  deal->sold_early = true;
  const auto& contract = contracts_.contract(id);
  JsonOut out;
  out.begin_object().raw("balance_after", number(a.balance() + *back));
  out.integer("contract_id", id.value).integer("reference_id", contract.buy_tx.value);
  out.raw("sold_for", number(*back)).integer("transaction_id", contract.sell_tx.value).end_object();
  r.reply(frame(r.envelope, "cancel", "cancel", out.str()));
  announce_payment(a, *deal, contract);
}

void Venue::contract_update(Request& r) {
  const core::ContractId id{r.json.find("contract_id")->as_int().value_or(0)};
  Deal* deal = contracts_.find(id);
  if (deal == nullptr || &accounts_.at(deal->account) != &r.account() ||
      deal->shown != Shown::kOpen)
    return r.refuse({r.v3() ? "NoOpenPosition" : "ContractNotFound",
                     "This contract was not found among your open positions."});
  const auto& contract = contracts_.contract(id);
  // While a deal can be cancelled it takes no limits (v3-api.md section 5).
  if (contract.spec.multiplier() == nullptr ||
      !contracts_.book().cancel_refusal(contract, now_.venue))
    return r.refuse({"ContractUpdateNotAllowed", "Update is not allowed for this contract."});
  if (!deal->limit_history.empty() && deal->limit_history.back().at == now_.venue &&
      contract.purchase_time != now_.venue)
    return r.refuse({"ContractUpdateTooFrequent", "Only one update per second is allowed."});
  const Json& limits = *r.json.find("limit_order");
  for (const auto* key : {"take_profit", "stop_loss"}) {
    const Json* value = limits.find(key);
    if (value == nullptr) continue;
    std::optional<core::Money> amount;
    if (!value->is_null()) {
      auto parsed = core::Money::parse(value->text(), options_.balance.exponent());
      if (!parsed || parsed->units() <= 0)
        return r.refuse({"ContractUpdateFailure",
                         fmt::format("Please enter a positive amount with at most {} decimal "
                                     "places.",
                                     options_.balance.exponent()),
                         key});
      amount = *parsed;
    }
    (std::string_view(key) == "take_profit" ? deal->take_profit : deal->stop_loss) = amount;
    deal->limit_history.push_back({key, amount, now_.venue});
  }
  auto spec = contract.spec;
  spec.multiplier_terms().take_profit = deal->take_profit;
  spec.multiplier_terms().stop_loss = deal->stop_loss;
  deal->guard.emplace(spec, contract.life.purchase(), deal->symbol);
  // A level that the position has passed already closes it at the next tick, not at this one.
  if (const auto& entry = contract.life.entry()) deal->guard->on_tick(*entry);
  r.reply(frame(r.envelope, "contract_update", "contract_update",
                limit_order_json(contract, *deal, false, false)));
}

void Venue::contract_update_history(Request& r) {
  const core::ContractId id{r.json.find("contract_id")->as_int().value_or(0)};
  const Deal* deal = contracts_.find(id);
  if (deal == nullptr || &accounts_.at(deal->account) != &r.account())
    return r.refuse({r.v3() ? "NoOpenPosition" : "ContractNotFound",
                     "This contract was not found among your open positions."});
  std::int64_t left = 500;
  if (const Json* limit = r.json.find("limit"); limit != nullptr)
    left = limit->as_int().value_or(left);
  JsonOut out;
  out.begin_array();
  for (auto it = deal->limit_history.rbegin(); it != deal->limit_history.rend() && left > 0;
       ++it, --left) {
    const bool profit = it->order_type == "take_profit";
    out.begin_object().text("display_name", profit ? "Take profit" : "Stop loss");
    const auto amount = it->amount.value_or(core::Money{});
    out.text("order_amount", (profit ? amount : -amount).to_string());
    out.integer("order_date", it->at.s).text("order_type", it->order_type);
    out.key("value").null().end_object();
  }
  r.reply(frame(r.envelope, "contract_update_history", "contract_update_history",
                out.end_array().str()));
}

/// Contracts settle by themselves since 2018; the call only hurries those that have expired.
void Venue::sell_expired(Request& r) {
  Account& a = r.account();
  const auto due = contracts_.paid_early(a.index());
  r.reply(frame(r.envelope, "sell_expired", "sell_expired",
                fmt::format("{{\"count\":{}}}", due.size())));
  for (const auto id : due) announce_payment(a, contracts_.hurry(id), contracts_.contract(id));
}

}  // namespace derivd::sim
