#include "derivctl/answer_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "common/answer.hpp"
#include "core/printable.hpp"
#include "derivctl/csv.hpp"

namespace derivd::ctl {
namespace {

using daemon::at;
using daemon::is;
using daemon::is_blank;
using daemon::rows_of;
using daemon::shown;

std::string cell(const ordered_json& value) {
  auto text = shown(value);
  if (text.size() > kMaxCell) text = std::string(core::cut_utf8(text, kMaxCell)) + "…";
  return text;
}

template <class... T>
void add(std::string& out, fmt::format_string<T...> text, T&&... values) {
  fmt::format_to(std::back_inserter(out), text, std::forward<T>(values)...);
}

std::string csv_value(const ordered_json& value) {
  return value.is_null() ? std::string{} : csv_cell(shown(value));
}

const std::vector<std::string> kTradeColumns{
    "contract_id", "order_id", "strategy",      "symbol", "type", "stake",  "payout", "profit",
    "outcome",     "duration", "purchase_time", "entry",  "exit", "reason", "mode"};

/// "10.36 of 20.00 left", in the words that fit the limit.
std::string left_in_words(const ordered_json& row) {
  const auto left = cell(at(row, "left"));
  const auto of = cell(at(row, "of"));
  const auto& limit = at(row, "limit");
  if (is(limit, "max_stake")) return fmt::format("{} a stake", of);
  if (is(limit, "min_balance")) return fmt::format("{} above {}", left, of);
  if (is(limit, "daily_profit") || is(limit, "take_profit")) {
    return fmt::format("{} to go to {}", left, of);
  }
  return fmt::format("{} of {} left", left, of);
}

std::string limits_text(const ordered_json& limits) {
  const auto rows = rows_of(limits);
  if (rows.empty()) return "limits       none is set\n";
  std::string out;
  const char* title = "limits";
  for (const auto* row : rows) {
    const auto& strategy = at(*row, "strategy");
    const auto limit = cell(at(*row, "limit"));
    add(out, "{:<12} {:<22} {}\n", title,
        strategy.is_null() ? limit : fmt::format("{}: {}", cell(strategy), limit),
        left_in_words(*row));
    title = "";
  }
  return out;
}

/// "0.2 s ago", and which symbol brings nothing: the newest tick of any of them hides that.
std::string ticks_text(const ordered_json& s) {
  std::string out;
  const auto& age = at(s, "tick_age_s");
  const auto refused = daemon::whole_of(at(s, "quotes_refused")).value_or(0);
  add(out, "last tick    {}; {} reconnects{}\n",
      age.is_number() ? fmt::format("{:.1f} s ago", age.get<double>()) : std::string("none yet"),
      shown(at(s, "reconnects")),
      refused == 0 ? "" : fmt::format("; {} quotes that are none were refused", refused));
  const char* title = "symbols";
  for (const auto* row : rows_of(at(s, "symbols"))) {
    const auto& waiting = at(*row, "waiting_s");
    const auto seconds = waiting.is_number() ? waiting.get<double>() : 0.0;
    const bool any = at(*row, "tick_age_s").is_number();
    const bool late = at(*row, "late") == true;
    add(out, "{:<12} {:<22} {}{}{}\n", title, cell(at(*row, "symbol")),
        any ? fmt::format("{:.1f} s ago", seconds) : fmt::format("none for {:.1f} s", seconds),
        late ? ", SILENT: no signal can come of " : "", late ? cell(at(*row, "strategies")) : "");
    title = "";
  }
  return out;
}

std::string numbers_text(const ordered_json& row) {
  std::string out;
  for (const auto* key : {"needs", "at_risk", "left", "have", "allowed", "until"}) {
    if (row.contains(key)) add(out, "{}{} {}", out.empty() ? "" : ", ", key, cell(row.at(key)));
  }
  return out.empty() ? out : fmt::format("    {}\n", out);
}

std::string decision_text(const ordered_json& d) {
  const auto times = daemon::whole_of(at(d, "times")).value_or(1);
  const auto result = shown(at(d, "result"));
  const auto why = shown(at(d, "why"));
  auto out = fmt::format(
      "{}  {} {} {}{}{}{}\n", shown(at(d, "time")), shown(at(d, "signal")), shown(at(d, "planned")),
      why.starts_with(result) ? "" : result, times > 1 ? fmt::format(" {} times", times) : "",
      why.starts_with(result) ? why : ": " + why, is(at(d, "from"), "journal") ? " (journal)" : "");
  out += numbers_text(d);
  if (!at(d, "config").is_null()) add(out, "    {}\n", shown(at(d, "config")));
  return out;
}

/// A heading and its rows; nothing where there are none.
template <class Row>
std::string part(const char* title, const ordered_json& list, Row row_text) {
  const auto rows = rows_of(list);
  if (rows.empty()) return {};
  auto out = fmt::format("\n{}\n", title);
  for (const auto* row : rows) out += row_text(*row);
  return out;
}

std::string order_text(const ordered_json& r) {
  const auto& reason = at(r, "reason");
  return fmt::format("order {}  contract {}  {} {}  {}  profit {}{}{}\n", shown(at(r, "order_id")),
                     shown(at(r, "contract_id")), shown(at(r, "type")), shown(at(r, "stake")),
                     shown(at(r, "outcome")), shown(at(r, "profit")), reason.is_null() ? "" : "  ",
                     reason.is_null() ? "" : shown(reason));
}

std::string halt_text(const ordered_json& r) {
  return fmt::format("{}  {} {} ({}): {}\n", shown(at(r, "time")), shown(at(r, "of")),
                     at(r, "halted") == true ? "halted" : "went on", shown(at(r, "kind")),
                     shown(at(r, "reason")));
}

std::string change_text(const ordered_json& r) {
  return fmt::format("{}  {}: {} → {} ({})\n", shown(at(r, "time")), shown(at(r, "key")),
                     shown(at(r, "before")), shown(at(r, "after")), shown(at(r, "reload")));
}

}  // namespace

std::string table_text(const ordered_json& list, const std::vector<std::string>& columns) {
  const auto rows = rows_of(list);
  std::vector<std::size_t> widths;
  for (const auto& column : columns) {
    std::size_t width = column.size();
    for (const auto* row : rows) width = std::max(width, cell(at(*row, column)).size());
    widths.push_back(width);
  }
  std::string out;
  for (std::size_t i = 0; i < columns.size(); ++i) add(out, "{:<{}}  ", columns[i], widths[i]);
  out += '\n';
  for (const auto* row : rows) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      add(out, "{:<{}}  ", cell(at(*row, columns[i])), widths[i]);
    }
    out += '\n';
  }
  return out;
}

std::string status_text(const ordered_json& s) {
  std::string out;
  const auto& problem = at(s, "problem");
  add(out, "session      {}{}\n", shown(at(s, "state")),
      is_blank(problem) ? "" : " (" + shown(problem) + ")");
  if (is(at(s, "mode"), "paper")) {
    add(out, "account      PAPER: fills are simulated, nothing is bought ({})\n",
        shown(at(s, "dialect")));
  } else {
    add(out, "account      {} {} ({}, {})\n", shown(at(s, "account_type")), shown(at(s, "account")),
        shown(at(s, "dialect")), shown(at(s, "mode")));
  }
  add(out, "balance      {} {}\n", shown(at(s, "balance")), shown(at(s, "currency")));
  add(out, "today        {} in {} trades\n", shown(at(s, "day_profit")),
      shown(at(s, "day_trades")));
  add(out, "open         {} contracts, {} at stake, {} unknown\n", shown(at(s, "open_contracts")),
      shown(at(s, "open_stake")), shown(at(s, "unknown_orders")));
  out += ticks_text(s);
  // A log that takes nothing cannot tell of itself.
  if (const auto lost = daemon::whole_of(at(s, "log_dropped")); lost && *lost > 0) {
    add(out, "log          {} entries were dropped\n", *lost);
  }
  out += limits_text(at(s, "limits"));
  out += '\n';
  return out + table_text(at(s, "strategies"),
                          {"name", "type", "symbol", "status", "trades", "won", "lost", "open",
                           "profit", "next_stake", "reason", "change_pending"});
}

std::string rules_text(const ordered_json& rules) {
  const auto rows = rows_of(rules);
  if (rows.empty()) return {};
  std::string out = "\nrules, as they were evaluated last; the first that is true buys\n";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& row = *rows[i];
    const auto& tick = at(row, "tick");
    const auto& config = at(row, "config");
    add(out, "{}. {}: {}{}{}\n", i + 1, cell(at(row, "when")), cell(at(row, "result")),
        is_blank(tick) ? "" : fmt::format(", at tick {}", cell(tick)),
        is_blank(config) ? "" : fmt::format("  ({})", cell(config)));
    for (const auto* part : rows_of(at(row, "parts"))) {
      add(out, "   {:<10}  {}\n", cell(at(*part, "value")), cell(at(*part, "part")));
    }
  }
  return out;
}

std::string explained_text(const ordered_json& e) {
  const auto status = shown(at(e, "status"));
  auto standing = shown(at(e, "standing"));
  if (standing.starts_with(status)) standing.erase(0, std::min(status.size() + 2, standing.size()));
  auto out = fmt::format("{} is {}{}{}\n", shown(at(e, "strategy")), status,
                         standing.empty() ? "" : ": ", standing);
  if (!at(e, "config").is_null()) add(out, "set in {}\n", shown(at(e, "config")));
  out += rules_text(at(e, "rules"));
  const auto decisions = rows_of(at(e, "decisions"));
  add(out, "\nlast signals, newest first{}\n", decisions.empty() ? ": none yet" : "");
  for (const auto* d : decisions) out += decision_text(*d);
  add(out,
      "Signals are remembered since the daemon's start, {}. Of those before it the journal has\n"
      "what became orders, and journalctl DERIVD_STRATEGY={} what a limit denied.\n",
      shown(at(e, "signals_known_since")), shown(at(e, "strategy")));
  out += part("last orders", at(e, "orders"), order_text);
  out += part("halts", at(e, "halts"), halt_text);
  out += part("changes of the configuration", at(e, "config_changes"), change_text);
  return out;
}

std::string standing_text(const ordered_json& strategies, const std::string& only) {
  std::string out;
  for (const auto* row : rows_of(strategies)) {
    if (!only.empty() && !is(at(*row, "name"), only)) continue;
    const auto& reason = at(*row, "reason");
    add(out, "{} is {}{}{}\n", shown(at(*row, "name")), shown(at(*row, "status")),
        is_blank(reason) ? "" : ": ", is_blank(reason) ? "" : shown(reason));
  }
  return out;
}

std::string stats_text(const ordered_json& stats) {
  auto rows = ordered_json::array();
  const auto take = [&](const std::string& name, const ordered_json& sums) {
    if (!sums.is_object()) return;
    rows.push_back(sums);
    rows.back()["strategy"] = name;
    rows.back()["mode"] = at(stats, "mode");
  };
  const auto& strategies = at(stats, "strategies");
  if (strategies.is_object()) {
    for (const auto& [name, sums] : strategies.items()) take(name, sums);
  }
  take("all", at(stats, "total"));
  return table_text(rows,
                    {"strategy", "trades", "won", "lost", "break_even", "open", "unknown", "stakes",
                     "profit", "win_rate", "max_drawdown", "longest_losing_run", "mode"});
}

std::string trades_text(const ordered_json& trades) {
  return table_text(trades, {"contract_id", "strategy", "symbol", "type", "stake", "payout",
                             "profit", "outcome", "purchase_time", "entry", "exit", "mode"});
}

std::string trades_csv(const ordered_json& trades) {
  auto out = fmt::format("{}\n", fmt::join(kTradeColumns, ","));
  for (const auto* row : rows_of(trades)) {
    for (std::size_t i = 0; i < kTradeColumns.size(); ++i) {
      out += (i == 0 ? "" : ",") + csv_value(at(*row, kTradeColumns[i]));
    }
    out += '\n';
  }
  return out;
}

}  // namespace derivd::ctl
