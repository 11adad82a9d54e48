#include "derivctl/answer_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "common/answer.hpp"
#include "common/trades.hpp"
#include "core/counted.hpp"
#include "core/decimal.hpp"
#include "core/printable.hpp"
#include "core/utc.hpp"
#include "derivctl/csv.hpp"

namespace derivd::ctl {
namespace {

using daemon::at;
using daemon::counted;
using daemon::is;
using daemon::is_blank;
using daemon::rows_of;
using daemon::shown;

std::string answer_cell(const ordered_json& value) {
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
    "contract_id", "order_id", "strategy", "symbol", "type", "stake", "payout", "profit", "outcome",
    "duration", "purchase_time", "entry", "exit", "reason", "mode",
    // At the end, so that whoever counts columns finds the others where they were.
    "purchase_time_utc", "settled_time_utc"};

/// What a table of strategies says below one whose changed configuration is not in force yet.
ordered_json with_waits(const ordered_json& strategies) {
  auto out = ordered_json::array();
  for (const auto* row : rows_of(strategies)) {
    out.push_back(*row);
    if (at(*row, "change_pending") != true) continue;
    out.back()["waits"] = "a change of its configuration waits until none of its contracts is open";
  }
  return out;
}

constexpr std::size_t kDate = 10;  // "2026-11-29"

/// "19:42:33", with the date where it is another day than the venue's; of ticks "5t".
std::string end_cell(const ordered_json& row) {
  const auto ends = daemon::whole_of(at(row, "ends"));
  if (!ends) {
    const auto length = answer_cell(at(row, "duration"));
    return length == "0t" ? "-" : length;  // a position, which ends when something happens
  }
  const auto left = daemon::whole_of(at(row, "left_s")).value_or(0);
  const auto text = core::utc_time({*ends});
  const auto today = core::utc_time({*ends - left});
  return text.substr(0, kDate) == today.substr(0, kDate) ? text.substr(kDate + 1) : text;
}

std::string limits_text(const ordered_json& limits) {
  const auto rows = rows_of(limits);
  if (rows.empty()) return "limits       none is set\n";
  std::string out;
  const char* title = "limits";
  for (const auto* row : rows) {
    const auto& strategy = at(*row, "strategy");
    const auto limit = answer_cell(at(*row, "limit"));
    add(out, "{:<12} {:<22} {}\n", title,
        strategy.is_null() ? limit : fmt::format("{}: {}", answer_cell(strategy), limit),
        limit_left_words(*row));
    title = "";
  }
  return out;
}

/// "0.2 s ago", and which symbol brings nothing: the newest tick of any of them hides that.
std::string ticks_text(const ordered_json& s, const out::Look& look) {
  std::string out;
  const auto& age = at(s, "tick_age_s");
  const auto refused = daemon::whole_of(at(s, "quotes_refused")).value_or(0);
  add(out, "last tick    {}; {}{}\n",
      age.is_number() ? fmt::format("{:.1f} s ago", age.get<double>()) : std::string("none yet"),
      counted(at(s, "reconnects"), "reconnect"),
      refused == 0 ? ""
                   : fmt::format("; {} refused", core::counted(refused, "quote that is none was",
                                                               "quotes that are none were")));
  const char* title = "symbols";
  for (const auto* row : rows_of(at(s, "symbols"))) {
    const auto& waiting = at(*row, "waiting_s");
    const auto seconds = waiting.is_number() ? waiting.get<double>() : 0.0;
    const bool any = at(*row, "tick_age_s").is_number();
    const bool late = at(*row, "late") == true;
    if (at(*row, "closed").is_string()) {
      add(out, "{:<12} {:<22} {}\n", title, answer_cell(at(*row, "symbol")),
          answer_cell(at(*row, "closed")));
      title = "";
      continue;
    }
    add(out, "{:<12} {:<22} {}{}{}\n", title, answer_cell(at(*row, "symbol")),
        any ? fmt::format("{:.1f} s ago", seconds) : fmt::format("none for {:.1f} s", seconds),
        late ? fmt::format(", {}: no signal can come of ", tinted("SILENT", look)) : "",
        late ? answer_cell(at(*row, "strategies")) : "");
    title = "";
  }
  return out;
}

std::string numbers_text(const ordered_json& row) {
  std::string out;
  for (const auto* key : {"needs", "at_risk", "left", "have", "allowed", "until_utc"}) {
    if (at(row, key).is_null()) continue;
    const std::string_view name(key);
    add(out, "{}{} {}", out.empty() ? "" : ", ", name == "until_utc" ? "until" : name,
        answer_cell(at(row, key)));
  }
  return out.empty() ? out : fmt::format("    {}\n", out);
}

std::string decision_text(const ordered_json& d) {
  const auto times = daemon::whole_of(at(d, "times")).value_or(1);
  const auto result = shown(at(d, "result"));
  const auto signal = fmt::format("{} {}", shown(at(d, "signal")), shown(at(d, "planned")));
  auto why = shown(at(d, "why"));
  // What the line has said already is not said again.
  if (why == fmt::format("{} {} at {}", result, shown(at(d, "signal")), shown(at(d, "planned")))) {
    why = result;
  }
  auto out = fmt::format(
      "{}  {} {}{}{}{}\n", shown(at(d, "time")), signal, why.starts_with(result) ? why : result,
      times > 1 ? fmt::format(" {} times", times) : "", why.starts_with(result) ? "" : ": " + why,
      is(at(d, "from"), "journal") ? " (journal)" : "");
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
  const auto& before = at(r, "before");
  const auto& after = at(r, "after");
  // Of a strategy that came or went there is one word.
  const auto change = is_blank(before)  ? shown(after)
                      : is_blank(after) ? shown(before)
                                        : fmt::format("{} → {}", shown(before), shown(after));
  return fmt::format("{}  {}: {} ({})\n", shown(at(r, "time")), shown(at(r, "key")), change,
                     shown(at(r, "reload")));
}

}  // namespace

std::string time_left_words(const ordered_json& row) {
  const auto left = daemon::whole_of(at(row, "left_s"));
  if (!left) return "-";
  const auto s = std::max<std::int64_t>(*left, 0);
  if (s < 60) return fmt::format("{}s", s);
  if (s < 3600) return fmt::format("{}m{:02}s", s / 60, s % 60);
  if (s < 86'400) return fmt::format("{}h{:02}m", s / 3600, s / 60 % 60);
  return fmt::format("{}d{:02}h", s / 86'400, s / 3600 % 24);
}

std::string limit_left_words(const ordered_json& row) {
  const auto left = answer_cell(at(row, "left"));
  const auto of = answer_cell(at(row, "of"));
  const auto& limit = at(row, "limit");
  if (is(limit, "max_stake")) return fmt::format("{} a stake", of);
  if (is(limit, "min_balance")) return fmt::format("{} above {}", left, of);
  if (is(limit, "daily_profit") || is(limit, "take_profit")) {
    return fmt::format("{} to go to {}", left, of);
  }
  // What was won adds to what may be lost: more is left of a stop then than it allows at first.
  const auto now = core::Decimal::parse(left);
  const auto first = core::Decimal::parse(of);
  if (now && first && *now > *first) {
    return fmt::format("{} left: {} and what was won", left, of);
  }
  return fmt::format("{} of {} left", left, of);
}

std::string session_word(std::string_view state) {
  return std::string(state == "live" ? "connected" : state);
}

std::string status_text(const ordered_json& s, const out::Look& look) {
  std::string out;
  const auto& problem = at(s, "problem");
  add(out, "session      {}{}\n", tinted(session_word(shown(at(s, "state"))), look),
      is_blank(problem) ? "" : " (" + shown(problem) + ")");
  const auto dialect = shown(at(s, "dialect"));
  if (is(at(s, "mode"), "paper")) {
    add(out, "account      PAPER: fills are simulated, nothing is bought ({})\n", dialect);
    if (at(s, "payouts").is_string()) add(out, "payouts      {}\n", shown(at(s, "payouts")));
  } else {
    const bool real = is(at(s, "account_type"), "real");
    add(out, "account      {} {} ({})\n",
        real ? out::painted("REAL MONEY", out::Paint::kWarn, look) : shown(at(s, "account_type")),
        shown(at(s, "account")), dialect);
  }
  add(out, "balance      {} {}\n", shown(at(s, "balance")), shown(at(s, "currency")));
  add(out, "today        {} in {}\n", shown(at(s, "day_profit")),
      counted(at(s, "day_trades"), "trade"));
  add(out, "open         {}, {} at stake, {} unknown\n",
      counted(at(s, "open_contracts"), "contract"), shown(at(s, "open_stake")),
      shown(at(s, "unknown_orders")));
  out += ticks_text(s, look);
  // A log that takes nothing cannot tell of itself.
  if (const auto lost = daemon::whole_of(at(s, "log_dropped")); lost && *lost > 0) {
    add(out, "log          {} dropped\n", core::counted(*lost, "entry was", "entries were"));
  }
  out += limits_text(at(s, "limits"));
  if (const auto& own = at(s, "own_limits"); own.is_string()) {
    add(out, "{:<12} {} (set by the account's holder at Deriv)\n", "own limits", shown(own));
  }
  out += '\n';
  const auto& strategies = at(s, "strategies");
  if (rows_of(strategies).empty()) return out + "no strategy is configured\n";
  return out + table_text(with_waits(strategies),
                          {"name",
                           {"type", 3},
                           "symbol",
                           {"status", 0, Tint::kState},
                           "trades",
                           {"won", 2},
                           {"lost", 2},
                           "open",
                           {"profit", 0, Tint::kSign},
                           "next_stake",
                           Column::sentence("reason"),
                           Column::sentence("waits")},
                          look);
}

std::string strategies_text(const ordered_json& strategies, const out::Look& look) {
  if (rows_of(strategies).empty()) return "no strategy is configured\n";
  return table_text(with_waits(strategies),
                    {"name",
                     {"type", 3},
                     "symbol",
                     {"tick_age_s", 2},
                     {"status", 0, Tint::kState},
                     "trades",
                     {"refused", 1, Tint::kNone, "0"},
                     {"profit", 0, Tint::kSign},
                     "next_stake",
                     Column::sentence("last_decision"),
                     Column::sentence("waits")},
                    look);
}

std::string positions_text(const ordered_json& positions, const out::Look& look) {
  const auto rows = rows_of(positions);
  if (rows.empty()) return "nothing is open\n";
  auto shown_rows = ordered_json::array();
  for (const auto* row : rows) {
    shown_rows.push_back(*row);
    auto& mine = shown_rows.back();
    mine["ends UTC"] = end_cell(*row);
    mine["left"] = time_left_words(*row);
    mine["result now"] = at(*row, "profit_now");
    if (const auto until = daemon::whole_of(at(*row, "cancellation_ends"))) {
      mine["cancel by"] = core::utc_time({*until}).substr(kDate + 1);
    }
  }
  std::string strange;
  for (const auto* row : rows) {
    if (at(*row, "unknown_to_venue") != true) continue;
    const auto text = fmt::format("contract {} is not known to the venue: {}",
                                  answer_cell(at(*row, "contract_id")), kStrangeContract);
    strange += look.terminal ? wrapped(text, look.width, 0) : text + "\n";
  }
  return strange + table_text(shown_rows,
                              {"contract_id",
                               "strategy",
                               {"symbol", 2},
                               "type",
                               "stake",
                               {"payout", 4},
                               {"outcome", 3, Tint::kState, "open"},
                               "ends UTC",
                               "left",
                               {"cancel by", 0, Tint::kNone, "-"},
                               {"value", 1},
                               {"result now", 0, Tint::kSign},
                               {"mode", 0, Tint::kNone, "live"}},
                              look);
}

std::string sales_text(const ordered_json& rows, const out::Look& look) {
  return table_text(rows,
                    {"contract_id",
                     {"strategy", 1},
                     "type",
                     "stake",
                     {"state", 0, Tint::kState},
                     "price",
                     {"profit", 0, Tint::kSign},
                     Column::sentence("reason")},
                    look);
}

std::string rules_text(const ordered_json& rules) {
  const auto rows = rows_of(rules);
  if (rows.empty()) return {};
  std::string out = "\nrules, as they were evaluated last; the first that is true buys\n";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& row = *rows[i];
    const auto& tick = at(row, "tick");
    const auto& config = at(row, "config");
    add(out, "{}. {}: {}{}{}\n", i + 1, answer_cell(at(row, "when")),
        answer_cell(at(row, "result")),
        is_blank(tick) ? "" : fmt::format(", at tick {}", answer_cell(tick)),
        is_blank(config) ? "" : fmt::format("  ({})", answer_cell(config)));
    for (const auto* part : rows_of(at(row, "parts"))) {
      add(out, "   {:<10}  {}\n", answer_cell(at(*part, "value")), answer_cell(at(*part, "part")));
    }
  }
  return out;
}

std::string candles_text(const ordered_json& candles) {
  const auto rows = rows_of(candles);
  if (rows.empty()) return {};
  std::string out = "\ncandles, and what they began with\n";
  for (const auto* row : rows) {
    const auto& of = at(*row, "of");
    const auto& symbol = at(*row, "symbol");
    const auto seconds = answer_cell(at(*row, "length"));
    const auto length =
        is_blank(symbol) ? seconds : fmt::format("{} {}", answer_cell(symbol), seconds);
    if (is(at(*row, "source"), "venue")) {
      add(out, "   {:<6}  {} of the venue{}, since {}\n", length, answer_cell(at(*row, "count")),
          answer_cell(of) == seconds ? "" : fmt::format(", made of its {}", answer_cell(of)),
          answer_cell(at(*row, "since_utc")));
    } else if (is(at(*row, "source"), "asked")) {
      add(out, "   {:<6}  the venue is asked and has not answered yet\n", length);
    } else {
      const auto& refusal = at(*row, "refusal");
      add(out, "   {:<6}  the ticks that were known{}\n", length,
          is_blank(refusal) ? "" : fmt::format(": {}", answer_cell(refusal)));
    }
  }
  return out;
}

std::string program_text(const ordered_json& program) {
  if (!program.is_object()) return {};
  const auto& line = at(program, "line");
  const auto place =
      is_blank(line) ? answer_cell(at(program, "file"))
                     : fmt::format("{}:{}", answer_cell(at(program, "file")), answer_cell(line));
  const auto& waiting = at(program, "waiting");
  auto out = fmt::format("\nprogram {}: {}{}{}\n", place, answer_cell(at(program, "phase")),
                         is_blank(waiting) ? "" : ", waits ",
                         is_blank(waiting) ? "" : answer_cell(waiting));
  if (const auto& ended = at(program, "ended"); !is_blank(ended)) {
    add(out, "it ended: {}\n", shown(ended));
  }
  add(out, "{} since it began, profit {}; {} after errors since its last trade\n",
      counted(at(program, "runs"), "purchase"), answer_cell(at(program, "total_profit")),
      counted(at(program, "restarts"), "restart"));
  const auto& variables = at(program, "variables");
  if (!variables.is_object()) return out;
  for (const auto& [name, value] : variables.items()) {
    add(out, "   {} = {}\n", core::printable(name), answer_cell(value));
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
  out += candles_text(at(e, "candles"));
  out += program_text(at(e, "program"));
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

std::string stats_text(const ordered_json& stats, const out::Look& look) {
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
  const auto& removed = at(at(stats, "total"), "removed");
  const auto foot = removed.is_object() ? daemon::removed_words(removed) + "\n" : std::string{};
  return table_text(rows,
                    {"strategy",
                     "trades",
                     "won",
                     "lost",
                     {"break_even", 5, Tint::kNone, "0"},
                     {"open", 3, Tint::kNone, "0"},
                     {"unknown", 2, Tint::kNone, "0"},
                     "stakes",
                     {"profit", 0, Tint::kSign},
                     {"win_rate", 4},
                     "max_drawdown",
                     {"longest_losing_run", 6},
                     {"mode", 0, Tint::kNone, "live"}},
                    look) +
         foot;
}

std::string trades_text(const ordered_json& trades, const out::Look& look) {
  const auto rows = rows_of(trades);
  if (rows.empty()) return "no trades\n";
  auto shown_rows = ordered_json::array();
  for (const auto* row : rows) {
    // Of a hundred thousand trades a copy of what is not shown would be felt.
    ordered_json mine;
    for (const auto* key : {"contract_id", "strategy", "symbol", "type", "stake", "payout",
                            "profit", "outcome", "entry", "exit", "mode"}) {
      mine[key] = at(*row, key);
    }
    const auto epoch = daemon::whole_of(at(*row, "purchase_time"));
    mine["bought UTC"] = epoch ? ordered_json(core::utc_time({*epoch})) : ordered_json();
    // One that has no result yet says why in its place, since "outcome" may have none.
    if (mine["profit"].is_null()) mine["profit"] = mine["outcome"];
    shown_rows.push_back(std::move(mine));
  }
  return table_text(shown_rows,
                    {"contract_id",
                     "strategy",
                     {"symbol", 2},
                     {"type", 1},
                     "stake",
                     {"payout", 4},
                     {"profit", 0, Tint::kSign},
                     {"outcome", 3, Tint::kState},
                     "bought UTC",
                     {"entry", 5},
                     {"exit", 6},
                     {"mode", 0, Tint::kNone, "live"}},
                    look);
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
