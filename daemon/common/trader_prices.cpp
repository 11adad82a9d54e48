// The prices that an operator asks for: the question goes to the venue behind everything that
// trading needs, the answer is kept until it is asked for. Nothing of it reaches the engine.
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "common/price_request.hpp"
#include "common/trader.hpp"
#include "common/trades.hpp"
#include "core/printable.hpp"
#include "engine/spec.hpp"
#include "market/kind.hpp"
#include "strategy/registry.hpp"

namespace derivd::daemon {
namespace {

using nlohmann::ordered_json;

std::string_view name_of(Prices::State state) {
  switch (state) {
    case Prices::State::kAsked:
      return "asked";
    case Prices::State::kAnswered:
      return "answered";
    case Prices::State::kRefused:
      return "refused";
  }
  return "?";
}

ordered_json or_null(const std::optional<double>& value) {
  return value ? ordered_json(*value) : ordered_json(nullptr);
}

/// As the symbol's quotes are written, where it can be.
std::optional<core::Price> quote_of(const Prices::Price& price) {
  if (!price.answer.spot) return std::nullopt;
  const auto quote = core::Price::from(*price.answer.spot, price.symbol.decimals);
  return quote ? std::optional(*quote) : std::nullopt;
}

void add_answer(ordered_json& row, const Prices::Price& price) {
  const auto& answer = price.answer;
  const auto quote = quote_of(price);
  row["stake"] = answer.ask.to_string();
  row["ask_price"] = answer.ask.to_string();
  row["payout"] =
      answer.payout.units() > 0 ? ordered_json(answer.payout.to_string()) : ordered_json(nullptr);
  row["spot"] = quote         ? ordered_json(quote->to_string())
                : answer.spot ? ordered_json(answer.spot->to_string())
                              : ordered_json(nullptr);
  row["spot_epoch"] = answer.spot_time ? ordered_json(answer.spot_time->s) : ordered_json(nullptr);
  row["epoch"] = price.time.s;
  row["time"] = iso_time(price.time);
  const auto odds = odds_of(price.spec, price.symbol, answer.ask, answer.payout, quote, price.time);
  row["implied_probability"] = or_null(odds.break_even);
  row["fair_probability"] = or_null(odds.fair);
  row["margin"] = or_null(odds.margin);
  row["break_even"] = or_null(odds.break_even);
  row["expected"] = nullptr;
  if (const auto expected = expected_of(price, quote)) {
    row["expected"] = {{"ask_price", expected->ask.to_string()},
                       {"payout", expected->payout.to_string()},
                       {"commission", core::Decimal{expected->row->share_nano, 9}.to_string()},
                       {"since", expected->row->since}};
  }
  row["commission"] =
      answer.commission ? ordered_json(answer.commission->to_string()) : ordered_json(nullptr);
  if (answer.fee) row["cancellation_fee"] = answer.fee->to_string();
  row["description"] = core::printable(answer.words.view());
}

ordered_json row_of(const Prices::Price& price) {
  ordered_json row;
  row["number"] = price.number;
  row["state"] = name_of(price.state);
  row["symbol"] = price.spec.symbol.view();
  row["type"] = market::name_of(price.spec.type);
  row["spec"] = market::encode(price.spec);
  row["basis"] = price.spec.basis == market::Basis::kPayout ? "payout" : "stake";
  row["currency"] = price.currency.view();
  row["source"] = market::name_of(price.list);
  row["account"] = price.account.view();
  if (price.state == Prices::State::kAnswered) add_answer(row, price);
  if (price.state == Prices::State::kRefused) {
    row["code"] = price.code;
    row["reason"] = price.reason;
  }
  return row;
}

/// Why no contract of the strategy is known before it runs; empty: they are.
std::string unknown_before(const engine::StrategySettings& s) {
  const auto* type = strategy::find_type(s.type);
  if (type->programmed) return "its program decides what it buys as it runs";
  if (type->is_scripted) return "its script decides what it buys as it runs";
  return {};
}

/// The stake of a price: the first of the plan.
ordered_json contract_row(const market::ContractSpec& spec, const engine::StrategySettings& s) {
  const bool payout = spec.basis == market::Basis::kPayout;
  return {{"spec", market::encode(spec)},
          {"symbol", spec.symbol.view()},
          {"type", market::name_of(spec.type)},
          {payout ? "payout" : "stake", s.staking.base.to_string()},
          {"strategy", s.name.view()}};
}

}  // namespace

SaleAnswer Trader::ask_price(const nlohmann::json& request) {
  auto read = read_price_request(request, symbols_, account_.balance.exponent(), config_.ctl);
  if (!read.code.empty()) return {{}, read.code, read.error};
  if (state_ != deriv::SessionState::kLive) {
    return {{},
            "refused",
            fmt::format("the session is {}, not connected; try again when {} status says connected",
                        deriv::name_of(state_), config_.ctl)};
  }
  Prices::Price price;
  price.spec = read.spec;
  price.symbol = read.symbol;
  price.amount = read.amount;
  price.list = is_paper() ? market::PriceList::kPublic : market::PriceList::kAccount;
  price.account = account_.id;
  price.currency = account_.currency;
  const auto number = prices_.ask(std::move(price)).number;
  session().ask_price(number, read.spec, read.amount, now_);
  settle();
  return this->price(number);
}

SaleAnswer Trader::price(std::int64_t number) const {
  const auto* price = prices_.find(number);
  if (price != nullptr) return {row_of(*price), {}, {}};
  return {{}, "not_found", fmt::format("derivd knows no price of the number {}", number)};
}

ordered_json Trader::priceable() const {
  ordered_json out{{"contracts", ordered_json::array()}, {"left_out", ordered_json::array()}};
  std::vector<market::ContractSpec> known;
  const auto leave_out = [&](const engine::StrategySettings& s, std::string why) {
    out["left_out"].push_back({{"strategy", s.name.view()}, {"reason", std::move(why)}});
  };
  for (const auto& s : config_.engine.strategies) {
    if (!s.enabled) continue;
    if (auto why = unknown_before(s); !why.empty()) {
      leave_out(s, std::move(why));
      continue;
    }
    for (const auto& [signal, barrier_varies] : engine::buyables(s)) {
      if (barrier_varies) {
        leave_out(s, fmt::format("the barrier of its {} is reckoned at each signal",
                                 market::name_of(signal.type)));
        continue;
      }
      if (!market::has_payout(signal.type)) {
        leave_out(s, fmt::format("a {} pays its value, no payout is quoted for it",
                                 market::kind_of(signal.type).family));
        continue;
      }
      const auto spec = engine::make_spec(s, signal, symbols_.get(s.symbol).decimals);
      if (!spec) {
        leave_out(s, spec.error().text);
      } else if (std::ranges::count(known, *spec) == 0) {
        known.push_back(*spec);
        out["contracts"].push_back(contract_row(*spec, s));
      }
    }
  }
  return out;
}

void Trader::on(const deriv::fact::Price& told) {
  const auto& answer = told.price;
  auto* price = prices_.find(answer.number);
  if (price == nullptr) return;
  price->state = Prices::State::kAnswered;
  price->answer = answer;
  price->time = answer.start.value_or(market_time());
}

void Trader::on(const deriv::fact::PriceRefused& told) {
  auto* price = prices_.find(told.number);
  if (price == nullptr) return;
  price->state = Prices::State::kRefused;
  price->code = core::printable(told.code);
  price->reason = core::printable(told.why);
}

}  // namespace derivd::daemon
