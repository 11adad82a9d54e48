#include "derivd/explain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/program_rows.hpp"
#include "common/rule_rows.hpp"
#include "common/trades.hpp"

namespace derivd::daemon {
namespace {

using nlohmann::ordered_json;
using risk::Limit;

constexpr std::string_view kOfStrategy = "strategies[]";

/// "strategies[2].guards.cooldown"; nothing for a strategy that is not in the file any more.
std::optional<std::string> place_key(const config::Config& config, std::string_view key,
                                     std::string_view name) {
  if (!key.starts_with(kOfStrategy)) return std::string(key);
  const auto& all = config.engine.strategies;
  const auto at =
      std::find_if(all.begin(), all.end(), [&](const auto& s) { return s.name.view() == name; });
  if (at == all.end()) return std::nullopt;
  return fmt::format("strategies[{}]{}", at - all.begin(), key.substr(kOfStrategy.size()));
}

/// "FILE:LINE: key", or that it is a default.
ordered_json explained_line_of(const Explained& of, std::string_view key, std::string_view name) {
  if (key.empty()) return nullptr;
  const auto full = place_key(of.config, key, name);
  if (!full) return nullptr;
  const auto at = of.config.places.find(*full);
  if (at == of.config.places.end()) return fmt::format("{} (default)", *full);
  return fmt::format("{}:{}: {}", of.file, at->second.line, *full);
}

ordered_json utc(core::WallTime time) { return iso_time({time.us / 1'000'000}); }

void add_numbers(ordered_json& row, const risk::Denied& d) {
  if (risk::is_money(d.limit)) {
    row["needs"] = d.stake.to_string();
    row["at_risk"] = d.open.to_string();
    row["left"] = d.left.to_string();
  } else if (d.allowed != 0) {
    row["have"] = d.have;
    row["allowed"] = d.allowed;
  }
  if (d.limit == Limit::kVolatility && d.allowed == 0) {
    row["measured"] = d.measured.to_string() + "%";
    row[d.above ? "max" : "min"] = d.bound.to_string() + "%";
  }
  if (!d.holder.empty()) row["holder"] = d.holder.view();
  if (!d.until) return;
  row["until"] = d.until->s;
  row["until_utc"] = iso_time(*d.until);
}

ordered_json decision_row(const Explained& of, const engine::DecisionView& d,
                          const engine::StrategyView& view) {
  ordered_json row;
  row["time"] = utc(d.wall);
  row["tick"] = d.tick.s;
  row["tick_utc"] = iso_time(d.tick);
  row["signal"] = market::name_of(d.type);
  row["planned"] = d.planned.to_string();
  row["result"] = engine::name_of(d.kind);
  row["times"] = d.times;
  row["limit"] = d.denied ? ordered_json(risk::name_of(d.denied->limit)) : nullptr;
  row["why"] = d.text.view();
  row["order_id"] = d.order ? ordered_json(std::to_string(d.order.value)) : nullptr;
  row["config"] =
      d.denied && !d.denied->by_account
          ? explained_line_of(of, key_of(d.denied->limit, view.halt_kind.view()), view.name.view())
          : ordered_json(nullptr);
  if (d.denied) add_numbers(row, *d.denied);
  row["from"] = "memory";
  return row;
}

/// A signal of a former run that became an order: all that the journal keeps of its signals.
ordered_json decision_row(const execution::Order& order) {
  const bool refused = order.state == execution::OrderState::kRefused;
  ordered_json row;
  row["time"] = utc(order.intended_wall);
  row["tick"] = order.signal_epoch.s;
  row["tick_utc"] = iso_time(order.signal_epoch);
  row["signal"] = market::name_of(order.spec.type);
  row["planned"] = order.stake.to_string();
  row["result"] = refused ? "refused" : "entered";
  row["times"] = 1;
  row["limit"] = nullptr;
  row["why"] = refused ? fmt::format("refused by the venue: {}", order.reason)
               : order.profit
                   ? fmt::format("{}{}, profit {}", outcome_of(order),
                                 order.reason.empty() ? "" : fmt::format(" ({})", order.reason),
                                 order.profit->to_string())
                   : outcome_of(order);
  row["order_id"] = std::to_string(order.id.value);
  row["config"] = nullptr;
  row["from"] = "journal";
  return row;
}

template <class T>
ordered_json or_error(const core::Result<T>& read, ordered_json (*rows)(const T&)) {
  if (!read) return {{"error", read.error().text}};
  return rows(*read);
}

ordered_json halt_rows(const std::vector<execution::HaltRecord>& halts) {
  auto rows = ordered_json::array();
  for (const auto& h : halts) {
    rows.push_back({{"time", utc(h.wall)},
                    {"of", h.strategy.empty() ? "account" : "strategy"},
                    {"halted", h.halted},
                    {"kind", h.kind.view()},
                    {"reason", h.reason.view()}});
  }
  return rows;
}

ordered_json changes_of(const Explained& of, std::string_view name, std::size_t last) {
  // Those of other strategies are left out, so more than `last` are read.
  const auto read = of.journal.config_changes(last * 8);
  if (!read) return {{"error", read.error().text}};
  auto rows = ordered_json::array();
  const auto own = fmt::format("strategies[{}]", name);
  for (const auto& c : *read) {
    if (c.key.starts_with("strategies[") && !c.key.starts_with(own)) continue;
    if (rows.size() >= last) break;
    rows.push_back({{"time", utc(c.wall)},
                    {"key", c.key},
                    {"before", c.before},
                    {"after", c.after},
                    {"reload", c.taken.view()}});
  }
  return rows;
}

/// Newest first.
core::Result<std::vector<execution::Order>> latest_orders(const Explained& of,
                                                          std::string_view name, std::size_t last) {
  store::OrderQuery query;
  query.strategy = std::string(name);
  query.contracts_only = false;
  query.last = last;
  auto orders = of.journal.orders(query);
  if (orders) std::reverse(orders->begin(), orders->end());
  return orders;
}

ordered_json decisions_of(const Explained& of, const engine::StrategyView& view,
                          const std::vector<execution::Order>& orders, std::size_t last) {
  auto rows = ordered_json::array();
  for (const auto& d : of.engine.decisions(view.name.view(), last)) {
    rows.push_back(decision_row(of, d, view));
  }
  for (const auto& order : orders) {
    if (rows.size() >= last) break;
    if (order.intended_wall < of.since) rows.push_back(decision_row(order));
  }
  return rows;
}

/// Of a strategy whose purchases the venue refuses: until when it waits, and for what.
std::string refusals_of(const engine::StrategyView& view) {
  const auto what =
      fmt::format("the venue refused its last {}{}", view.refused_in_row,
                  view.refusal.empty() ? "" : fmt::format(" ({})", view.refusal.view()));
  return view.refused_until
             ? fmt::format("waits until {} before it asks again: {}", iso_time(*view.refused_until),
                           what)
             : fmt::format("asks again at its next signal if the limits allow it: {}", what);
}

/// Why no signal can come, whatever the limits allow; empty: one can.
std::string deafness_of(const Hearing& hearing, const engine::StrategyView& view) {
  if (!hearing.connected) {
    return fmt::format(
        "derivd is not connected to Deriv since {} (session {}{}): no signal can come",
        iso_time({hearing.since.us / 1'000'000}), hearing.state,
        hearing.problem.empty() ? "" : fmt::format(": {}", hearing.problem));
  }
  const auto closed = hearing.symbols.closed_text(view.symbol, hearing.venue_time);
  if (!closed.empty()) {
    return fmt::format("the market of {} is {}: nothing is bought", view.symbol.view(), closed);
  }
  for (const auto& tick : hearing.ticks) {
    if (!(tick.symbol == view.symbol) || !tick.late) continue;
    return fmt::format("no tick of {} {} for {} s: no signal can come", view.symbol.view(),
                       tick.any ? "came" : "has come yet,",
                       std::chrono::duration_cast<std::chrono::seconds>(tick.age).count());
  }
  return {};
}

/// A plan whose stake is above the limit goes back to its base. A program, a rule or a script names
/// its stake itself, and will name it again at its next signal; empty: its last one was not too
/// high.
std::string too_high_of(const Explained& of, const engine::StrategyView& view) {
  const auto last = of.engine.decisions(view.name.view(), 1);
  if (last.empty() || last.front().kind != engine::DecisionView::Kind::kDropped) return {};
  const auto& denied = last.front().denied;
  if (!denied || denied->limit != Limit::kMaxStake) return {};
  const auto line = explained_line_of(of, key_of(denied->limit, {}), view.name.view());
  return fmt::format("buys nothing while its stake is above the limit: {}{}",
                     last.front().text.view(),
                     line.is_string() ? fmt::format(" ({})", line.get<std::string>()) : "");
}

/// What stands in the way of its next signal, as far as that can be said now.
std::string standing_of(const Explained& of, const engine::StrategyView& view) {
  using engine::StrategyStatus;
  const auto& ctl = of.config.ctl;
  if (view.status == StrategyStatus::kRunning || view.status == StrategyStatus::kBlocked) {
    if (auto deaf = deafness_of(of.hearing, view); !deaf.empty()) return deaf;
  }
  switch (view.status) {
    case StrategyStatus::kRunning:
      if (view.change_pending) {
        return "enters nothing until its contracts are settled: a change of its configuration "
               "waits";
      }
      if (!view.guard.empty()) return fmt::format("pauses by a guard: {}", view.guard);
      if (view.is_virtual) {
        return fmt::format("follows its signals without money: {}", view.hook);
      }
      if (auto high = too_high_of(of, view); !high.empty()) return high;
      return view.refused_in_row > 0 ? refusals_of(view)
                                     : "enters at its next signal if the limits allow it";
    case StrategyStatus::kPaused:
      return fmt::format("paused{}{}; {} resume {} ends it", view.reason.empty() ? "" : ": ",
                         view.reason, ctl, view.name);
    case StrategyStatus::kHalted:
      if (view.halt_kind == "refused") {
        return fmt::format(
            "halted: {}; change what the venue refuses (account, contract, symbol or stakes), "
            "reload, then {} resume {}",
            view.reason, ctl, view.name);
      }
      if (view.halt_kind == "script" && view.type == "script") {
        return fmt::format("halted: {}; correct the program, reload, then {} resume {}",
                           view.reason, ctl, view.name);
      }
      return fmt::format(
          "halted: {}; {} resume {} {}", view.reason, ctl, view.name,
          view.halt_kind == "take_profit" || view.halt_kind == "stop_loss" ? "begins a new session"
          : view.halt_kind == "finished" || view.halt_kind == "script" ? "begins its program anew"
                                                                       : "ends it");
    case StrategyStatus::kDisabled:
      return "not enabled in the configuration";
    case StrategyStatus::kBlocked:
      return "waits until the outcome of an order is proven";
  }
  return {};
}

/// Each rule with the line that writes it, its result and the values of its parts.
ordered_json rules_of(const Explained& of, const engine::StrategyView& view) {
  auto rows = ordered_json::array();
  const auto rules = of.engine.rules(view.name.view());
  for (std::size_t i = 0; i < rules.size(); ++i) {
    auto row = rule_row(rules[i]);
    const auto key = fmt::format("{}.rules[{}].when", kOfStrategy, i);
    const auto full = place_key(of.config, key, view.name.view());
    // A short form has no rules of its own in the file: its parameters say them.
    const bool written = full && of.config.places.contains(*full);
    row["config"] = explained_line_of(of, written ? key : fmt::format("{}.params", kOfStrategy),
                                      view.name.view());
    rows.push_back(std::move(row));
  }
  return rows;
}

/// What the candles that it looks at began with.
ordered_json candles_of(const Explained& of, std::string_view name) {
  auto rows = ordered_json::array();
  for (const auto& c : of.engine.candles(name)) {
    rows.push_back(
        {{"symbol", c.symbol.empty() ? ordered_json(nullptr) : ordered_json(c.symbol.view())},
         {"length", rules::to_string(c.length)},
         {"source", c.source},
         {"of", c.of.is_ticks() ? ordered_json(nullptr) : ordered_json(rules::to_string(c.of))},
         {"count", c.count},
         {"since", c.since ? ordered_json(c.since->s) : ordered_json(nullptr)},
         {"since_utc", c.since ? ordered_json(iso_time(*c.since)) : ordered_json(nullptr)},
         {"refusal", c.refusal.view()}});
  }
  return rows;
}

/// "15m, R_50 1h" of the candles that it waits for; empty: it waits for none.
std::string awaited_candles(const Explained& of, std::string_view name) {
  std::string out;
  if (!of.engine.awaits_candles(name)) return out;
  for (const auto& c : of.engine.candles(name)) {
    if (c.source != "asked") continue;
    out += fmt::format("{}{}{}{}", out.empty() ? "" : ", ", c.symbol, c.symbol.empty() ? "" : " ",
                       rules::to_string(c.length));
  }
  return out;
}

}  // namespace

std::string_view key_of(Limit limit, std::string_view halt_kind) {
  switch (limit) {
    case Limit::kHalted:
      return halt_kind == "take_profit" ? "strategies[].session.take_profit"
             : halt_kind == "stop_loss" ? "strategies[].session.stop_loss"
                                        : "";
    case Limit::kPaused:
    case Limit::kNotReady:
    case Limit::kUnknownOrder:
    case Limit::kExcluded:
    case Limit::kRefusals:
      return "";
    case Limit::kHours:
      return "strategies[].guards.hours";
    case Limit::kVolatility:
      return "strategies[].guards.volatility";
    case Limit::kCooldown:
      return "strategies[].guards.cooldown";
    case Limit::kAfterLosses:
      return "strategies[].guards.after_losses";
    case Limit::kDrawdown:
      return "strategies[].guards.drawdown";
    case Limit::kMaxOpen:
      return "strategies[].guards.max_open";
    case Limit::kGroup:
      return "strategies[].group";
    case Limit::kMaxTradesPerHour:
      return "strategies[].guards.max_trades_per_hour";
    case Limit::kMaxOpenContracts:
      return "limits.max_open_contracts";
    case Limit::kMaxTradesPerDay:
      return "limits.max_trades_per_day";
    case Limit::kDailyProfit:
      return "limits.daily_profit";
    case Limit::kSessionStop:
      return "strategies[].session.stop_loss";
    case Limit::kMaxStake:
      return "limits.max_stake";
    case Limit::kMaxOpenStake:
      return "limits.max_open_stake";
    case Limit::kDailyLoss:
      return "limits.daily_loss";
    case Limit::kMinBalance:
      return "limits.min_balance";
    case Limit::kMinPayoutRatio:
      return "strategies[].guards.min_payout_ratio";
  }
  return "";
}

ordered_json explain_strategy(const Explained& of, std::string_view name, std::size_t last) {
  const auto all = of.engine.strategies();
  const auto view =
      std::find_if(all.begin(), all.end(), [&](const auto& v) { return v.name == name; });
  if (view == all.end()) return nullptr;
  ordered_json out;
  out["strategy"] = view->name.view();
  out["status"] = engine::name_of(view->status);
  out["standing"] = standing_of(of, *view);
  if (const auto awaited = awaited_candles(of, name);
      !awaited.empty() && view->status == engine::StrategyStatus::kRunning) {
    out["standing"] = fmt::format(
        "waits for the venue's past candles ({}), {} s at most: it enters nothing before", awaited,
        engine::kCandlesWait / std::chrono::seconds(1));
  }
  if (view->swapped.value_or(false)) {
    out["standing"] = out["standing"].get<std::string>() + "; its two types have changed places";
  }
  out["config"] = explained_line_of(of, kOfStrategy, name);
  out["change_pending"] = view->change_pending;
  out["refused"] = view->refused;
  out["refused_in_row"] = view->refused_in_row;
  out["refused_until"] =
      view->refused_until ? ordered_json(view->refused_until->s) : ordered_json(nullptr);
  out["refused_until_utc"] =
      view->refused_until ? ordered_json(iso_time(*view->refused_until)) : ordered_json(nullptr);
  out["refusal"] = view->refusal.view();
  if (!view->hook.empty()) out["virtual"] = view->hook.view();
  if (view->swapped) out["swapped"] = *view->swapped;
  const auto& ticks = of.hearing.ticks;
  const auto tick = std::find_if(ticks.begin(), ticks.end(),
                                 [&](const auto& t) { return t.symbol == view->symbol; });
  out["tick_age_s"] = tick == ticks.end() || !tick->any
                          ? ordered_json(nullptr)
                          : ordered_json(std::chrono::duration<double>(tick->age).count());
  out["last_tick"] = view->last_tick ? ordered_json(view->last_tick->s) : nullptr;
  if (view->volatility) out["volatility"] = view->volatility->to_string() + "%";
  if (auto rules = rules_of(of, *view); !rules.empty()) out["rules"] = std::move(rules);
  if (auto candles = candles_of(of, name); !candles.empty()) out["candles"] = std::move(candles);
  if (const auto program = of.engine.program(name)) out["program"] = program_row(*program);
  out["last_tick_utc"] =
      view->last_tick ? ordered_json(iso_time(*view->last_tick)) : ordered_json(nullptr);
  const auto orders = latest_orders(of, name, last);
  out["signals_known_since"] = utc(of.since);
  out["decisions"] =
      decisions_of(of, *view, orders ? *orders : std::vector<execution::Order>{}, last);
  out["orders"] = orders ? trade_rows(*orders, of.config.venue.mode == config::Mode::kPaper)
                         : ordered_json{{"error", orders.error().text}};
  out["halts"] = or_error(of.journal.halt_history(name, last), halt_rows);
  out["config_changes"] = changes_of(of, name, last);
  return out;
}

}  // namespace derivd::daemon
