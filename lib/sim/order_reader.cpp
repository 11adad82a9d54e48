#include "sim/order_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "market/accumulator.hpp"
#include "market/kind.hpp"
#include "market/multiplier.hpp"
#include "market/points.hpp"

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

WireError missing(std::string_view field) {
  return {"ContractCreationFailure",
          fmt::format("Missing required contract parameters ({}).", field), std::string(field)};
}
WireError bad_stake_decimals(std::string_view field, std::uint8_t decimals) {
  return {"ContractBuyValidationError",
          fmt::format("Stake can not have more than {} decimal places.", decimals),
          std::string(field), "IncorrectStakeDecimals"};
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

}  // namespace

Answer<Order> OrderReader::read(Dialect dialect, const Json& p, core::VenueTime now) const {
  Order order;
  order.decimals = terms_.balance.exponent();
  const bool v3 = dialect == Dialect::kV3;
  const auto code = text_of(p, v3 ? "symbol" : "underlying_symbol");
  const auto index = markets_.listed(code, now);
  if (!index) return not_offered("symbol", "Trading is not offered for this asset.");
  order.symbol = &markets_.info(*index);
  order.spec.symbol = order.symbol->code;
  const auto currency = text_of(p, "currency");
  if (currency != terms_.currency.view())
    return WireError{"NotDefaultCurrency",
                     fmt::format("The provided currency {} is not the default currency.", currency),
                     "currency"};
  const auto type =
      type_from_wire(dialect, text_of(p, "contract_type"), p.find("barrier") != nullptr);
  if (!type) return not_offered("contract_type", "Trading is not offered for this asset.");
  order.spec.type = terms_.rules.in_force(*type);
  const auto* listing = markets_.feed().listing(*index);
  if (listing != nullptr && !listing->offers_type(market::name_of(*type)))
    return not_offered("contract_type", "Trading is not offered for this asset.");
  if (v3 && p.find("date_start") != nullptr)
    return not_offered("date_start", "Forward-starting contracts are not offered for this asset.");
  if (markets_.closed(*index, now))
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
    if (auto ok = read_duration(p, now, order); !ok) return ok.error();
  }
  if (auto ok = read_barrier(p, order); !ok) return ok.error();
  if (auto ok = read_selected_tick(p, order); !ok) return ok.error();
  if (auto ok = read_amount(p, order); !ok) return ok.error();
  if (auto ok = read_limits(p, order); !ok) return ok.error();
  if (auto ok = check_choice(order, now); !ok) return ok.error();
  return order;
}

/// Turbos and vanillas are sold at a few barriers alone, which move with the quote.
Answer<void> OrderReader::check_choice(const Order& order, core::VenueTime now) const {
  const auto last = pricer_.latest(order);
  if (!is_of_points(order.spec) || !last) return {};
  const auto spec = Pricer::spec_now(order, now);
  if (market::problem_of(spec, *order.symbol)) return {};  // the book says what is wrong
  const auto choices = market::barrier_choices(spec, *order.symbol, last->quote, now);
  if (choices.empty()) return not_offered("symbol", "Trading is not offered for this asset.");
  if (spec.points() != nullptr) {
    const auto life = pricer_.as_if_bought(order, order.stake.value_or(core::Money{}), now);
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

}  // namespace derivd::sim
