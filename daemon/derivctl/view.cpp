// status, strategies, positions, trades, stats: what the daemon or its journal shows.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>

#include "common/trades.hpp"
#include "derivctl/command.hpp"
#include "service/exit_code.hpp"
#include "store/journal.hpp"

namespace derivd::ctl {
namespace {

using nlohmann::ordered_json;

struct Options {
  std::string since;
  std::string strategy;
  std::string format = "table";
};

/// The running daemon knows its journal best; without one the file is read directly.
Answer trades_or_stats(const Context& context, const Options& o, const std::string& what) {
  store::OrderQuery query;
  ordered_json request{{"cmd", what}};
  if (!o.strategy.empty()) request["strategy"] = o.strategy, query.strategy = o.strategy;
  if (!o.since.empty()) {
    query.since = parse_when(o.since);
    if (!query.since) {
      return {{},
              service::kCtlUsage,
              "--since takes a date, a UTC time, an epoch or an age such as 2h"};
    }
    request["since_us"] = query.since->us;
  }
  auto answer = ask(context, request);
  if (answer.code == service::kCtlOk || !context.socket.empty()) return answer;
  const auto file = context.journal_file();
  if (!std::filesystem::exists(file)) {
    return {{}, answer.code, fmt::format("{}; and {}", answer.error, no_journal(context, file))};
  }
  auto journal = store::Journal::open(file, store::Journal::Mode::kReadOnly);
  if (!journal) return {{}, service::kCtlOther, journal.error().text};
  const auto orders = (*journal)->orders(query);
  if (!orders) return {{}, service::kCtlOther, orders.error().text};
  const auto paper = daemon::is_paper(**journal, context.paper);
  if (!paper) return {{}, service::kCtlOther, paper.error().text};
  return {what == "trades" ? daemon::trade_rows(*orders, *paper)
                           : daemon::stats_report(*orders, *paper),
          service::kCtlOk,
          {}};
}

std::string csv_cell(const ordered_json& value) {
  if (value.is_null()) return {};
  auto text = cell(value);
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

const std::vector<std::string> kTradeColumns{
    "contract_id", "order_id", "strategy",      "symbol", "type", "stake",  "payout", "profit",
    "outcome",     "duration", "purchase_time", "entry",  "exit", "reason", "mode"};

void print_csv(const ordered_json& rows) {
  fmt::print("{}\n", fmt::join(kTradeColumns, ","));
  for (const auto& row : rows) {
    std::vector<std::string> cells;
    for (const auto& c : kTradeColumns) cells.push_back(csv_cell(row[c]));
    fmt::print("{}\n", fmt::join(cells, ","));
  }
}

int trades(const Context& context, const Options& o) {
  const auto answer = trades_or_stats(context, o, "trades");
  if (answer.code != service::kCtlOk) return fail(answer.code, answer.error);
  if (context.json || o.format == "json") {
    fmt::print("{}\n", answer.result.dump(2));
  } else if (o.format == "csv") {
    print_csv(answer.result);
  } else {
    print_table(answer.result, {"contract_id", "strategy", "symbol", "type", "stake", "payout",
                                "profit", "outcome", "purchase_time", "entry", "exit", "mode"});
  }
  return service::kCtlOk;
}

int stats(const Context& context, const Options& o) {
  const auto answer = trades_or_stats(context, o, "stats");
  if (answer.code != service::kCtlOk) return fail(answer.code, answer.error);
  if (context.json) {
    fmt::print("{}\n", answer.result.dump(2));
    return service::kCtlOk;
  }
  auto rows = ordered_json::array();
  for (const auto& [name, s] : answer.result["strategies"].items()) {
    rows.push_back(s);
    rows.back()["strategy"] = name;
  }
  rows.push_back(answer.result["total"]);
  rows.back()["strategy"] = "all";
  for (auto& row : rows) row["mode"] = answer.result["mode"];
  print_table(rows, {"strategy", "trades", "won", "lost", "break_even", "open", "unknown", "stakes",
                     "profit", "win_rate", "max_drawdown", "longest_losing_run", "mode"});
  return service::kCtlOk;
}

/// "10.36 of 20.00 left", in the words that fit the limit.
std::string left_in_words(const ordered_json& row) {
  const auto left = cell(row["left"]);
  const auto of = cell(row["of"]);
  const auto& limit = row["limit"];
  if (limit == "max_stake") return fmt::format("{} a stake", of);
  if (limit == "min_balance") return fmt::format("{} above {}", left, of);
  if (limit == "daily_profit" || limit == "take_profit") {
    return fmt::format("{} to go to {}", left, of);
  }
  return fmt::format("{} of {} left", left, of);
}

void print_limits(const ordered_json& rows) {
  if (rows.empty()) {
    fmt::print("limits       none is set\n");
    return;
  }
  const char* title = "limits";
  for (const auto& row : rows) {
    const auto name = row["strategy"].is_null()
                          ? cell(row["limit"])
                          : fmt::format("{}: {}", cell(row["strategy"]), cell(row["limit"]));
    fmt::print("{:<12} {:<22} {}\n", title, name, left_in_words(row));
    title = "";
  }
}

/// "0.2 s ago", and which symbol brings nothing: the newest tick of any of them hides that.
void print_ticks(const ordered_json& s) {
  const auto refused = s.value("quotes_refused", ordered_json(0));
  fmt::print(
      "last tick    {}; {} reconnects{}\n",
      s["tick_age_s"].is_number() ? fmt::format("{:.1f} s ago", s["tick_age_s"].get<double>())
                                  : std::string("none yet"),
      cell(s["reconnects"]),
      refused == 0 ? "" : fmt::format("; {} quotes that are none were refused", cell(refused)));
  const auto symbols = s.value("symbols", ordered_json::array());
  if (!symbols.is_array() || symbols.empty()) return;
  const char* title = "symbols";
  for (const auto& row : symbols) {
    const auto waiting = row.value("waiting_s", ordered_json());
    const auto age = waiting.is_number() ? waiting.get<double>() : 0.0;
    const bool any = row.value("tick_age_s", ordered_json()).is_number();
    const bool late = row.value("late", ordered_json()) == true;
    fmt::print("{:<12} {:<22} {}{}{}\n", title, cell(row.value("symbol", ordered_json(""))),
               any ? fmt::format("{:.1f} s ago", age) : fmt::format("none for {:.1f} s", age),
               late ? ", SILENT: no signal can come of " : "",
               late ? cell(row.value("strategies", ordered_json(""))) : "");
    title = "";
  }
}

void print_status(const ordered_json& s) {
  fmt::print("session      {}{}\n", cell(s["state"]),
             s["problem"] == "" ? "" : " (" + cell(s["problem"]) + ")");
  if (s["mode"] == "paper") {
    fmt::print("account      PAPER: fills are simulated, nothing is bought ({})\n",
               cell(s["dialect"]));
  } else {
    fmt::print("account      {} {} ({}, {})\n", cell(s["account_type"]), cell(s["account"]),
               cell(s["dialect"]), cell(s["mode"]));
  }
  fmt::print("balance      {} {}\n", cell(s["balance"]), cell(s["currency"]));
  fmt::print("today        {} in {} trades\n", cell(s["day_profit"]), cell(s["day_trades"]));
  fmt::print("open         {} contracts, {} at stake, {} unknown\n", cell(s["open_contracts"]),
             cell(s["open_stake"]), cell(s["unknown_orders"]));
  print_ticks(s);
  // A log that takes nothing cannot tell of itself.
  if (const auto lost = s.value("log_dropped", std::uint64_t{0}); lost > 0) {
    fmt::print("log          {} entries were dropped\n", lost);
  }
  print_limits(s["limits"]);
  fmt::print("\n");
  print_table(s["strategies"], {"name", "type", "symbol", "status", "trades", "won", "lost", "open",
                                "profit", "next_stake", "reason", "change_pending"});
}

int status(const Context& context) {
  const auto answer = ask(context, {{"cmd", "status"}});
  if (answer.code != service::kCtlOk) return fail(answer.code, answer.error);
  if (context.json) {
    fmt::print("{}\n", answer.result.dump(2));
  } else {
    print_status(answer.result);
  }
  return service::kCtlOk;
}

int list(const Context& context, const std::string& what, const std::vector<std::string>& columns) {
  const auto answer = ask(context, {{"cmd", what}});
  if (answer.code != service::kCtlOk) return fail(answer.code, answer.error);
  if (context.json) {
    fmt::print("{}\n", answer.result.dump(2));
  } else {
    print_table(answer.result, columns);
  }
  return service::kCtlOk;
}

}  // namespace

void add_view(Commands& commands) {
  const auto& context = commands.context();
  commands.on(commands.add("status", "session, account, limits and strategies"),
              [&context] { return status(context); });
  commands.on(commands.add("strategies", "what each strategy does now"), [&context] {
    return list(context, "strategies",
                {"name", "type", "symbol", "tick_age_s", "status", "trades", "refused", "profit",
                 "next_stake", "last_decision"});
  });
  commands.on(commands.add("positions", "what is open"), [&context] {
    return list(context, "positions",
                {"contract_id", "strategy", "symbol", "type", "stake", "payout", "outcome",
                 "purchase_time", "mode"});
  });
  const auto options = std::make_shared<Options>();
  auto* trades_cmd = commands.add("trades", "every trade in the journal");
  auto* stats_cmd = commands.add("stats", "sums over the trades");
  for (auto* c : {trades_cmd, stats_cmd}) {
    c->add_option("--since", options->since, "date, UTC time, epoch, or age such as 2h");
    c->add_option("--strategy", options->strategy, "one strategy only");
  }
  trades_cmd->add_option("--format", options->format, "table, json or csv")
      ->check(CLI::IsMember({"table", "json", "csv"}));
  commands.on(trades_cmd, [&context, options] { return trades(context, *options); });
  commands.on(stats_cmd, [&context, options] { return stats(context, *options); });
}

}  // namespace derivd::ctl
