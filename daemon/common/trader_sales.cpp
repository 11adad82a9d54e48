// Early sales: which contract may be sold, what became of it, when it ends otherwise.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "common/trader.hpp"
#include "common/trades.hpp"
#include "core/counted.hpp"
#include "market/kind.hpp"
#include "market/multiplier.hpp"

namespace derivd::daemon {

using core::EventKind;
using execution::Order;
using execution::OrderState;
using nlohmann::ordered_json;

namespace {

/// Contracts whose price is remembered: more cannot be open on an account.
constexpr std::size_t kMaxBids = 1000;

bool has_length(const Order& order) { return market::kind_of(order.spec.type).needs.has_length(); }

/// Null: it has no end that the clock tells.
ordered_json end_of(const Order& order) {
  if (!has_length(order) || order.spec.duration.in_ticks() || !order.contract) return nullptr;
  return market::expiry_of(order.spec.duration, order.purchase_time).s;
}

ordered_json end_utc_of(const Order& order) {
  const auto end = end_of(order);
  return end.is_null() ? end : ordered_json(iso_time({end.get<std::int64_t>()}));
}

/// How it ends when nobody sells it, for people.
std::string end_in_words(const Order& order) {
  if (!has_length(order)) return "it runs until it is sold";
  if (order.spec.duration.in_ticks()) {
    return fmt::format("it ends by itself {} after its purchase",
                       core::counted(order.spec.duration.count, "tick"));
  }
  return fmt::format("it ends by itself at {}", iso_time({end_of(order).get<std::int64_t>()}));
}

/// Deriv: "Resale of this contract is not offered."
std::string not_resold(const Order& order) {
  const auto& spec = order.spec;
  return fmt::format("Deriv does not buy back {}; {}",
                     spec.duration.in_ticks()
                         ? std::string("contracts that count in ticks")
                         : fmt::format("{} contracts", market::kind_of(spec.type).family),
                     end_in_words(order));
}

/// Of a position with a deal cancellation: until when it holds, what it cost and what it brings.
void add_cancellation(ordered_json& row, const Order& order) {
  if (!market::has_cancellation(order.spec)) return;
  const auto* terms = order.spec.multiplier();
  const bool open = order.contract.value != 0;
  const auto end = market::cancellation_end(order.spec, order.purchase_time);
  row["cancellation"] = terms->cancellation->to_string();
  row["cancellation_ends"] = open ? ordered_json(end->s) : ordered_json(nullptr);
  row["cancellation_ends_utc"] = open ? ordered_json(iso_time(*end)) : ordered_json(nullptr);
  row["cancellation_fee"] =
      terms->fee ? ordered_json(terms->fee->to_string()) : ordered_json(nullptr);
  row["cancellation_pays"] =
      open ? ordered_json(market::stake_in(order.spec, order.stake).to_string())
           : ordered_json(nullptr);
}

/// Why it is not even asked for; empty: it is.
std::string not_cancelled(const Order& order, core::VenueTime now) {
  const auto end = market::cancellation_end(order.spec, order.purchase_time);
  if (!end) {
    return fmt::format(
        "contract {} was bought without deal cancellation; leave --cancel out to "
        "sell it",
        order.contract.value);
  }
  if (now <= *end) return {};
  return fmt::format(
      "the deal cancellation of contract {} ended at {}; leave --cancel out to sell "
      "it",
      order.contract.value, iso_time(*end));
}

SaleAnswer refused(std::string why) { return {{}, "refused", std::move(why)}; }

}  // namespace

ordered_json Trader::sale_row(const Order& order, std::string_view state,
                              std::string_view reason) const {
  ordered_json row;
  row["contract_id"] =
      order.contract ? ordered_json(std::to_string(order.contract.value)) : nullptr;
  row["order_id"] = std::to_string(order.id.value);
  row["strategy"] = order.strategy.view();
  row["symbol"] = order.spec.symbol.view();
  row["type"] = market::name_of(order.spec.type);
  row["stake"] = (order.contract ? order.buy_price : order.stake).to_string();
  row["state"] = state;
  const bool settled = order.state == OrderState::kSettled;
  row["price"] = settled ? ordered_json(order.sell_price.to_string()) : nullptr;
  row["profit"] =
      settled && order.profit ? ordered_json(order.profit->to_string()) : ordered_json(nullptr);
  row["ends"] = end_of(order);
  row["ends_utc"] = end_utc_of(order);
  row["reason"] = reason;
  return row;
}

ordered_json Trader::sale_state(const Order& order) const {
  if (order.state == OrderState::kSettled) {
    const bool sold = order.outcome == execution::Outcome::kSold;
    if (order.outcome == execution::Outcome::kCancelled) return sale_row(order, "cancelled", "");
    return sale_row(order, sold ? "sold" : "settled",
                    sold ? "" : fmt::format("it ended first: {}", name_of(order.outcome)));
  }
  const auto* sale = sales_.find(order.contract);
  // A sale whose answer was lost has failed once the venue's books say so.
  const bool gone = sale != nullptr && !engine_.is_selling(order.contract);
  if (gone || (sale != nullptr && sale->state == Sales::State::kFailed)) {
    return sale_row(order, "failed", fmt::format("{}; {}", sale->reason, end_in_words(order)));
  }
  if (sale != nullptr) return sale_row(order, "selling", sale->reason);
  if (engine_.is_selling(order.contract)) {
    return sale_row(order, "selling", "it was asked for before derivd was restarted");
  }
  return sale_row(order, "open", end_in_words(order));
}

void Trader::note_bid(const execution::ContractReport& report) {
  if (report.is_sold || report.is_expired) {
    bids_.erase(report.contract);
  } else if (report.bid_price && bids_.size() < kMaxBids) {
    bids_[report.contract] = *report.bid_price;
  } else if (report.bid_price) {
    bids_.clear();  // the next reports of those that are open fill it again
  }
}

ordered_json Trader::positions() const {
  const auto orders = engine_.open_orders();
  auto rows = trade_rows(orders, is_paper());
  for (std::size_t i = 0; i < orders.size(); ++i) {
    auto& row = rows[i];
    const auto end = end_of(orders[i]);
    row["ends"] = end;
    row["ends_utc"] = end_utc_of(orders[i]);
    // Before the first word of the venue its time is not known.
    row["left_s"] = end.is_null() || now_.venue.s == 0
                        ? ordered_json(nullptr)
                        : ordered_json(end.get<std::int64_t>() - now_.venue.s);
    const auto bid = bids_.find(orders[i].contract);
    const bool known = orders[i].contract && bid != bids_.end();
    row["unknown_to_venue"] = strange_.contains(orders[i].contract);
    row["value"] = known ? ordered_json(bid->second.to_string()) : ordered_json(nullptr);
    row["profit_now"] = known ? ordered_json((bid->second - orders[i].buy_price).to_string())
                              : ordered_json(nullptr);
    add_cancellation(row, orders[i]);
  }
  return rows;
}

SaleAnswer Trader::sell(core::ContractId contract, bool cancel) {
  const auto order = engine_.order_of(contract);
  if (!order) {
    if (engine_.is_foreign(contract)) {
      return refused(
          fmt::format("contract {} was not bought by derivd: such contracts are shown, "
                      "never sold; sell it on Deriv's own pages",
                      contract.value));
    }
    if (engine_.is_ours(contract)) {
      return refused(
          fmt::format("contract {} is settled; {} trades shows how", contract.value, config_.ctl));
    }
    return {{},
            "not_found",
            fmt::format("derivd knows no contract {}; {} positions shows what is open",
                        contract.value, config_.ctl)};
  }
  if (order->state != OrderState::kOpen) {
    return refused(fmt::format("contract {} is settled already: {}, profit {}", contract.value,
                               name_of(order->outcome),
                               order->profit ? order->profit->to_string() : "-"));
  }
  if (!market::is_resold(order->spec)) {
    return refused(fmt::format("contract {}: {}", contract.value, not_resold(*order)));
  }
  if (const auto why = cancel ? not_cancelled(*order, now_.venue) : std::string{}; !why.empty()) {
    return refused(why);
  }
  if (state_ != deriv::SessionState::kLive) {
    return refused(
        fmt::format("the session is {}, not connected; try again when {} status says connected",
                    deriv::name_of(state_), config_.ctl));
  }
  ask_sale(*order, cancel || engine_.pays_to_cancel(contract));
  settle();
  // The budget of calls may have refused it at once.
  return {sale_state(*engine_.order_of(contract)), {}, {}};
}

SaleAnswer Trader::sale(core::ContractId contract) const {
  const auto order = engine_.order_of(contract);
  if (order) return {sale_state(*order), {}, {}};
  return {{}, "not_found", fmt::format("derivd knows no contract {} any more", contract.value)};
}

/// The wish of a program, a script or a rule. The engine asks once, and again only when it is
/// proven that nothing came of it.
void Trader::perform(engine::SendSell& action) {
  const auto order = engine_.order_of(action.contract);
  if (!order || order->state != OrderState::kOpen) return;
  // A wish that is not on disk never leaves.
  if (journal_broken_) {
    return engine_.on_not_sold(action.contract, "the journal cannot be written", now_, actions_);
  }
  send_sale(*order, action.strategy.view(), action.by_rule, action.cancel);
}

/// A person may leave even where nothing can be written any more.
void Trader::ask_sale(const Order& order, bool cancel) {
  if (engine_.is_selling(order.contract)) return;
  engine_.selling(order.contract, now_, actions_, cancel);
  perform();
  send_sale(order, "operator", false, cancel);
}

void Trader::send_sale(const Order& order, std::string_view who, bool by_rule, bool cancel) {
  sales_.asked(order.contract, by_rule);
  if (!by_rule) {
    core::Event event;
    event.kind = EventKind::kControlCommand;
    event.strategy = order.strategy;
    event.contract_id = order.contract;
    event.account = account_.id;
    event.text = core::Text::truncated(
        fmt::format("{}: {} contract {}", who, cancel ? "cancel" : "sell", order.contract.value));
    log_.write(event);
  }
  cancel ? port().cancel(order.contract, now_) : port().sell(order.contract, now_);
}

SaleAnswer Trader::flatten(std::string_view name, bool again) {
  const auto orders = engine_.open_orders();
  const auto concerns = [&](const Order& o) { return name.empty() || o.strategy == name; };
  const bool any = std::any_of(orders.begin(), orders.end(), concerns);
  if (!again && !command("pause", name, "flatten") && !any) {
    return {{}, "not_found", fmt::format("no strategy is called '{}'", name)};
  }
  auto rows = ordered_json::array();
  for (const auto& order : orders) {
    if (!concerns(order)) continue;
    if (!order.contract) {
      rows.push_back(sale_row(order, "in flight", "its purchase awaits the venue's answer"));
    } else if (!market::is_resold(order.spec)) {
      rows.push_back(sale_row(order, "runs on", not_resold(order)));
    } else if (state_ != deriv::SessionState::kLive) {
      rows.push_back(sale_row(
          order, "failed",
          fmt::format("the session is {}; {}", deriv::name_of(state_), end_in_words(order))));
    } else {
      const auto* sale = sales_.find(order.contract);
      // Asked once by each flatten; a refusal is told, not repeated.
      if (!again || sale == nullptr) ask_sale(order, engine_.pays_to_cancel(order.contract));
      rows.push_back(sale_state(order));
    }
  }
  settle();
  return {rows, {}, {}};
}

void Trader::on(const deriv::fact::Sold& told) {
  sales_.answered(told.contract, Sales::State::kSold,
                  fmt::format("the venue pays {}, its settlement follows", told.price.to_string()));
  engine_.on_sold(told.contract, now_, actions_);
}

void Trader::on(const deriv::fact::SellFailed& told) {
  const auto& [contract, code, message] = told;
  const auto reason = fmt::format("{}: {}", code, message);
  if (is_unclear(code)) {
    sales_.answered(contract, Sales::State::kUnclear, reason);
    port().poll(contract, now_);
    engine_.on_sale_unknown(contract, reason, now_, actions_);
  } else {
    sales_.answered(contract, Sales::State::kFailed, reason);
    engine_.on_not_sold(contract, reason, now_, actions_);
  }
  const auto* sale = sales_.find(contract);
  if (sale != nullptr && sale->by_rule) return;  // the engine has told it, once
  core::Event event;
  event.kind = EventKind::kControlCommand;
  event.contract_id = contract;
  event.reason = core::Text::truncated(reason);
  event.text = core::Text::truncated(fmt::format(
      "contract {} {}: {}", contract.value,
      is_unclear(code) ? "may be sold, its reports will tell" : "was not sold", reason));
  log_.write(event);
}

}  // namespace derivd::daemon
