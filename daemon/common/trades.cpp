#include "common/trades.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>

#include "common/answer.hpp"
#include "core/counted.hpp"
#include "core/utc.hpp"
#include "market/kind.hpp"

namespace derivd::daemon {
namespace {

using execution::Order;
using execution::OrderState;
using nlohmann::ordered_json;

template <class T>
ordered_json text_or_null(const std::optional<T>& value) {
  return value ? ordered_json(value->to_string()) : ordered_json(nullptr);
}

ordered_json id_or_null(std::int64_t value) {
  return value != 0 ? ordered_json(std::to_string(value)) : ordered_json(nullptr);
}

ordered_json time_or_null(core::VenueTime time) {
  return time.s != 0 ? ordered_json(time.s) : ordered_json(nullptr);
}

ordered_json utc_or_null(core::VenueTime time) {
  return time.s != 0 ? ordered_json(core::utc_iso(time)) : ordered_json(nullptr);
}

/// A quote, or a distance from the entry; a digit is a prediction.
ordered_json barrier_or_null(const market::Barrier& barrier) {
  using Form = market::Barrier::Form;
  const bool level = barrier.form == Form::kOffset || barrier.form == Form::kAbsolute;
  return level ? ordered_json(barrier.value.to_string()) : ordered_json(nullptr);
}

ordered_json quote_or_null(const std::optional<market::Tick>& tick) {
  return tick ? ordered_json(tick->quote.to_string()) : ordered_json(nullptr);
}

ordered_json epoch_or_null(const std::optional<market::Tick>& tick) {
  return tick ? ordered_json(tick->epoch.s) : ordered_json(nullptr);
}

ordered_json epoch_utc_or_null(const std::optional<market::Tick>& tick) {
  return tick ? ordered_json(core::utc_iso(tick->epoch)) : ordered_json(nullptr);
}

std::string_view mode_name(bool paper) { return paper ? "paper" : "live"; }

core::Money paid(const Order& order) { return order.contract ? order.buy_price : order.stake; }

}  // namespace

std::string iso_time(core::VenueTime time) { return core::utc_iso(time); }

std::string outcome_of(const Order& order) {
  if (order.state == OrderState::kSettled) return std::string(execution::name_of(order.outcome));
  return std::string(execution::name_of(order.state));
}

ordered_json trade_row(const Order& order) {
  ordered_json row;
  row["contract_id"] = id_or_null(order.contract.value);
  row["order_id"] = std::to_string(order.id.value);
  row["strategy"] = order.strategy.view();
  row["symbol"] = order.spec.symbol.view();
  row["type"] = market::name_of(order.spec.type);
  row["stake"] = paid(order).to_string();
  row["payout"] = text_or_null(order.payout);
  row["profit"] = text_or_null(order.profit);
  row["outcome"] = outcome_of(order);
  row["state"] = execution::name_of(order.state);
  row["purchase_time"] = time_or_null(order.purchase_time);
  row["purchase_time_utc"] = utc_or_null(order.purchase_time);
  row["settled_time"] = time_or_null(order.settled_time);
  row["settled_time_utc"] = utc_or_null(order.settled_time);
  row["entry"] = quote_or_null(order.entry);
  row["entry_time"] = epoch_or_null(order.entry);
  row["entry_time_utc"] = epoch_utc_or_null(order.entry);
  row["exit"] = quote_or_null(order.exit);
  row["exit_time"] = epoch_or_null(order.exit);
  row["exit_time_utc"] = epoch_utc_or_null(order.exit);
  row["signal_epoch"] = time_or_null(order.signal_epoch);
  row["signal_time_utc"] = utc_or_null(order.signal_epoch);
  row["duration"] = order.spec.duration.to_string();
  row["prediction"] =
      order.spec.digit() >= 0 ? ordered_json(order.spec.digit()) : ordered_json(nullptr);
  row["barrier"] = barrier_or_null(order.spec.barriers[0]);
  const auto& second = order.spec.barriers[1];
  if (second.form != market::Barrier::Form::kNone) row["barrier2"] = barrier_or_null(second);
  if (const int tick = order.spec.selected_tick(); tick > 0) row["selected_tick"] = tick;
  row["spec"] = market::encode(order.spec);
  row["buy_transaction"] = id_or_null(order.buy_tx.value);
  row["sell_transaction"] = id_or_null(order.sell_tx.value);
  row["witness"] = execution::name_of(order.witness);
  row["mismatch"] = order.recomputed_differs;
  row["reason"] = order.reason.empty() ? ordered_json(nullptr) : ordered_json(order.reason.view());
  return row;
}

core::Result<Order> order_of(const ordered_json& row, std::optional<std::uint8_t>& decimals) {
  const core::Error broken{core::ErrorKind::kProtocol,
                           "the daemon's answer holds a row that is no trade"};
  const auto text = [&](const char* key) -> std::string {
    const auto it = row.is_object() ? row.find(key) : row.end();
    return it != row.end() && it->is_string() ? it->get<std::string>() : std::string{};
  };
  Order order;
  const auto id = text("order_id");
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
  if (error != std::errc{} || end != id.data() + id.size() || number <= 0) return broken;
  order.id = core::OrderId{number};
  const auto stake = core::Money::parse_as_written(text("stake"));
  const auto strategy = text("strategy");
  if (!stake || !core::Name::fits(strategy)) return broken;
  if (!decimals) decimals = stake->exponent();
  if (*decimals != stake->exponent()) return broken;
  order.strategy = core::Name(strategy);
  order.stake = order.buy_price = *stake;
  const auto state = execution::order_state_from(text("state"));
  if (!state) return broken;
  order.state = *state;
  if (const auto profit = text("profit"); !profit.empty()) {
    const auto money = core::Money::parse(profit, *decimals);
    if (!money) return broken;
    order.profit = *money;
  }
  const auto settled = row.find("settled_time");
  if (settled != row.end() && settled->is_number_integer()) {
    order.settled_time = core::VenueTime{settled->get<std::int64_t>()};
  }
  return order;
}

ordered_json trade_rows(const std::vector<Order>& orders, bool paper) {
  auto rows = ordered_json::array();
  for (const auto& order : orders) {
    rows.push_back(trade_row(order));
    rows.back()["mode"] = mode_name(paper);
  }
  return rows;
}

Stats stats_of(std::vector<Order> orders) {
  Stats s;
  std::erase_if(orders, [&](const Order& o) {
    if (o.state == OrderState::kOpen) ++s.open;
    if (o.state == OrderState::kUnknown || o.state == OrderState::kIntended) ++s.unknown;
    return o.state != OrderState::kSettled || !o.profit;
  });
  std::sort(orders.begin(), orders.end(), [](const Order& a, const Order& b) {
    return std::pair(a.settled_time, a.id) < std::pair(b.settled_time, b.id);
  });
  core::Money peak;
  std::int64_t run = 0;
  for (const auto& o : orders) {
    const auto profit = *o.profit;
    ++s.trades;
    s.stakes += o.buy_price;
    s.payouts += o.buy_price + profit;
    s.profit += profit;
    s.max_stake = std::max(s.max_stake, o.buy_price);
    if (profit.units() > 0) {
      ++s.won;
      s.gross_profit += profit;
      run = 0;
    } else if (profit.units() < 0) {
      ++s.lost;
      s.gross_loss += -profit;
      s.longest_losing_run = std::max(s.longest_losing_run, ++run);
    } else {
      ++s.even;
    }
    peak = std::max(peak, s.profit);
    s.max_drawdown = std::max(s.max_drawdown, peak - s.profit);
  }
  return s;
}

ordered_json to_json(const Stats& s) {
  ordered_json out;
  out["trades"] = s.trades;
  out["won"] = s.won;
  out["lost"] = s.lost;
  out["break_even"] = s.even;
  out["open"] = s.open;
  out["unknown"] = s.unknown;
  out["stakes"] = s.stakes.to_string();
  out["payouts"] = s.payouts.to_string();
  out["profit"] = s.profit.to_string();
  out["max_drawdown"] = s.max_drawdown.to_string();
  out["max_stake"] = s.max_stake.to_string();
  out["longest_losing_run"] = s.longest_losing_run;
  out["win_rate"] =
      s.won + s.lost > 0
          ? ordered_json(fmt::format(
                "{:.4f}", static_cast<double>(s.won) / static_cast<double>(s.won + s.lost)))
          : ordered_json(nullptr);
  out["profit_factor"] = s.gross_loss.is_zero()
                             ? ordered_json(nullptr)
                             : ordered_json(fmt::format("{:.4f}", s.gross_profit.to_double() /
                                                                      s.gross_loss.to_double()));
  return out;
}

ordered_json stats_report(const std::vector<Order>& orders, bool paper) {
  ordered_json out;
  out["mode"] = mode_name(paper);
  out["total"] = to_json(stats_of(orders));
  std::map<std::string, std::vector<Order>> by_strategy;
  for (const auto& o : orders) by_strategy[o.strategy.str()].push_back(o);
  out["strategies"] = ordered_json::object();
  for (auto& [name, mine] : by_strategy) out["strategies"][name] = to_json(stats_of(mine));
  return out;
}

namespace {

ordered_json removed_to_json(const store::RemovedTrades& r) {
  ordered_json out;
  out["trades"] = r.trades;
  out["won"] = r.won;
  out["lost"] = r.lost;
  out["break_even"] = r.trades - r.won - r.lost;
  out["stakes"] = r.stakes.to_string();
  out["profit"] = r.profit.to_string();
  out["first"] = core::utc_iso(core::VenueTime{r.first.us / 1'000'000});
  out["last"] = core::utc_iso(core::VenueTime{r.last.us / 1'000'000});
  return out;
}

}  // namespace

ordered_json removed_report(const std::vector<store::RemovedTrades>& removed,
                            const store::OrderQuery& query) {
  store::RemovedTrades total;
  ordered_json out;
  for (const auto& r : removed) {
    if (query.strategy && r.strategy.view() != *query.strategy) continue;
    if (query.since && r.last < *query.since) continue;
    total.first = total.trades == 0 ? r.first : std::min(total.first, r.first);
    total.last = std::max(total.last, r.last);
    total.trades += r.trades;
    total.won += r.won;
    total.lost += r.lost;
    total.stakes += r.stakes;
    total.profit += r.profit;
    out["strategies"][r.strategy.str()] = removed_to_json(r);
  }
  if (total.trades > 0) out["total"] = removed_to_json(total);
  return out;
}

void add_removed(ordered_json& stats, const ordered_json& removed) {
  if (!removed.is_object()) return;
  stats["total"]["removed"] = at(removed, "total");
  const auto& strategies = at(removed, "strategies");
  if (!strategies.is_object()) return;
  for (const auto& [name, sums] : strategies.items()) {
    auto& row = stats["strategies"][name];
    if (row.is_null()) row = to_json(Stats{});
    row["removed"] = sums;
  }
}

std::string removed_words(const ordered_json& sums) {
  const auto trades = whole_of(at(sums, "trades")).value_or(0);
  return fmt::format("{} of {} to {} {} removed (store.keep): profit {} on stakes of {}",
                     core::counted(trades, "trade"), shown(at(sums, "first")),
                     shown(at(sums, "last")), trades == 1 ? "was" : "were",
                     shown(at(sums, "profit")), shown(at(sums, "stakes")));
}

core::Result<bool> is_paper(store::Journal& journal, bool otherwise) {
  const auto balance = journal.last_balance();
  if (!balance) return balance.error();
  return *balance ? (*balance)->account == kPaperAccount : otherwise;
}

}  // namespace derivd::daemon
