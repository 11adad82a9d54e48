// derivctl: the operator's tool. See contract.md "derivctl" and derivctl(1).
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "common/paths.hpp"
#include "common/trades.hpp"
#include "config/config.hpp"
#include "derivctl/report.hpp"
#include "service/control.hpp"
#include "service/exit_code.hpp"
#include "store/journal.hpp"

namespace {

using namespace derivd;
using nlohmann::ordered_json;

constexpr core::Duration kAnswerWithin = std::chrono::seconds(10);

struct Options {
  std::string socket;
  std::string name;
  bool json = false;
  std::string since;
  std::string strategy;
  std::string format = "table";
  std::string reason;
  std::string config = "/etc/derivd/derivd.yaml";
  std::string html;
  bool all = false;
};

int fail(int code, std::string_view text) {
  fmt::print(stderr, "derivctl: {}\n", text);
  return code;
}

std::string instance_directory(const char* root, const Options& o) {
  return std::string(root) + (o.name.empty() ? "derivd" : "derivd-" + o.name);
}

std::string socket_path(const Options& o) {
  return o.socket.empty() ? daemon::control_path(instance_directory("/run/", o)) : o.socket;
}

/// Answer of the daemon, or the exit code that says why there is none.
struct Answer {
  ordered_json result;
  int code = service::kCtlOk;
  std::string error;
};

Answer ask(const Options& o, const ordered_json& request) {
  const auto reply = service::call_control(socket_path(o), request.dump(), kAnswerWithin);
  if (!reply) {
    const auto& e = reply.error();
    const int code = e.kind == core::ErrorKind::kTimeout    ? service::kCtlTimeout
                     : e.kind == core::ErrorKind::kNotFound ? service::kCtlNotRunning
                     : e.kind == core::ErrorKind::kRefused  ? service::kCtlRefused
                                                            : service::kCtlOther;
    return {{}, code, e.text};
  }
  auto parsed = ordered_json::parse(*reply, nullptr, false);
  if (!parsed.is_object()) return {{}, service::kCtlOther, "the daemon's answer is not JSON"};
  if (parsed.value("ok", false)) return {parsed["result"], service::kCtlOk, {}};
  const auto kind = parsed.value("code", std::string{});
  const int code = kind == "not_found" ? service::kCtlNotFound
                   : kind == "usage"   ? service::kCtlUsage
                                       : service::kCtlRefused;
  return {{}, code, parsed.value("error", std::string("refused"))};
}

/// "1782023684", "2026-06-21", "2026-06-21T06:34:44Z", or an age: "90s", "10m", "2h", "7d".
std::optional<core::WallTime> parse_since(const std::string& text) {
  std::tm tm{};
  for (const char* form : {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"}) {
    tm = {};
    const char* end = ::strptime(text.c_str(), form, &tm);
    if (end != nullptr && *end == '\0') return core::WallTime{::timegm(&tm) * 1'000'000};
  }
  std::size_t used = 0;
  std::int64_t number = 0;
  try {
    number = std::stoll(text, &used);
  } catch (const std::exception&) {
    return std::nullopt;
  }
  if (number < 0 || number > 99'999'999'999) return std::nullopt;
  if (used == text.size()) return core::WallTime{number * 1'000'000};
  if (used + 1 != text.size()) return std::nullopt;
  static const std::map<char, std::int64_t> kUnits{{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
  const auto unit = kUnits.find(text.back());
  if (unit == kUnits.end()) return std::nullopt;
  return core::WallTime{(std::time(nullptr) - number * unit->second) * 1'000'000};
}

std::string journal_file(const Options& o) {
  return daemon::journal_path(std::nullopt, instance_directory("/var/lib/", o));
}

/// The running daemon knows its journal best; without one the file is read directly.
Answer trades_or_stats(const Options& o, const std::string& what) {
  store::OrderQuery query;
  ordered_json request{{"cmd", what}};
  if (!o.strategy.empty()) request["strategy"] = o.strategy, query.strategy = o.strategy;
  if (!o.since.empty()) {
    query.since = parse_since(o.since);
    if (!query.since) {
      return {{},
              service::kCtlUsage,
              "--since takes a date, a UTC time, an epoch or an age such as 2h"};
    }
    request["since_us"] = query.since->us;
  }
  auto answer = ask(o, request);
  if (answer.code == service::kCtlOk || !o.socket.empty()) return answer;
  const auto file = journal_file(o);
  if (!std::filesystem::exists(file)) {
    return {{}, answer.code, fmt::format("{}; and there is no journal at {}", answer.error, file)};
  }
  auto journal = store::Journal::open(file, store::Journal::Mode::kReadOnly);
  if (!journal) return {{}, service::kCtlOther, journal.error().text};
  const auto orders = (*journal)->orders(query);
  if (!orders) return {{}, service::kCtlOther, orders.error().text};
  return {what == "trades" ? daemon::trade_rows(*orders) : daemon::stats_report(*orders),
          service::kCtlOk,
          {}};
}

std::string cell(const ordered_json& value) {
  if (value.is_null()) return "-";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

void print_table(const ordered_json& rows, const std::vector<std::string>& columns) {
  std::vector<std::size_t> widths;
  for (const auto& c : columns) {
    std::size_t width = c.size();
    for (const auto& row : rows) width = std::max(width, cell(row[c]).size());
    widths.push_back(width);
  }
  for (std::size_t i = 0; i < columns.size(); ++i) fmt::print("{:<{}}  ", columns[i], widths[i]);
  fmt::print("\n");
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      fmt::print("{:<{}}  ", cell(row[columns[i]]), widths[i]);
    }
    fmt::print("\n");
  }
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
    "contract_id", "order_id", "strategy", "symbol",        "type",  "stake", "payout",
    "profit",      "outcome",  "duration", "purchase_time", "entry", "exit",  "reason"};

void print_csv(const ordered_json& rows) {
  fmt::print("{}\n", fmt::join(kTradeColumns, ","));
  for (const auto& row : rows) {
    std::vector<std::string> cells;
    for (const auto& c : kTradeColumns) cells.push_back(csv_cell(row[c]));
    fmt::print("{}\n", fmt::join(cells, ","));
  }
}

int trades(const Options& o) {
  const auto answer = trades_or_stats(o, "trades");
  if (answer.code != service::kCtlOk) return fail(answer.code, answer.error);
  if (o.json || o.format == "json") {
    fmt::print("{}\n", answer.result.dump(2));
  } else if (o.format == "csv") {
    print_csv(answer.result);
  } else {
    print_table(answer.result, {"contract_id", "strategy", "symbol", "type", "stake", "payout",
                                "profit", "outcome", "purchase_time", "entry", "exit"});
  }
  return service::kCtlOk;
}

int stats(const Options& o) {
  const auto answer = trades_or_stats(o, "stats");
  if (answer.code != service::kCtlOk) return fail(answer.code, answer.error);
  if (o.json) {
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
  print_table(rows, {"strategy", "trades", "won", "lost", "break_even", "open", "unknown", "stakes",
                     "profit", "win_rate", "max_drawdown", "longest_losing_run"});
  return service::kCtlOk;
}

void print_status(const ordered_json& s) {
  fmt::print("session      {}{}\n", cell(s["state"]),
             s["problem"] == "" ? "" : " (" + cell(s["problem"]) + ")");
  fmt::print("account      {} {} ({}, {})\n", cell(s["account_type"]), cell(s["account"]),
             cell(s["dialect"]), cell(s["mode"]));
  fmt::print("balance      {} {}\n", cell(s["balance"]), cell(s["currency"]));
  fmt::print("today        {} in {} trades\n", cell(s["day_profit"]), cell(s["day_trades"]));
  fmt::print("open         {} contracts, {} at stake, {} unknown\n", cell(s["open_contracts"]),
             cell(s["open_stake"]), cell(s["unknown_orders"]));
  fmt::print("last tick    {} s ago; {} reconnects\n\n", cell(s["tick_age_s"]),
             cell(s["reconnects"]));
  print_table(s["strategies"], {"name", "type", "symbol", "status", "trades", "won", "lost", "open",
                                "profit", "next_stake", "reason"});
}

int status(const Options& o) {
  const auto answer = ask(o, {{"cmd", "status"}});
  if (answer.code != service::kCtlOk) return fail(answer.code, answer.error);
  if (o.json) {
    fmt::print("{}\n", answer.result.dump(2));
  } else {
    print_status(answer.result);
  }
  return service::kCtlOk;
}

int list(const Options& o, const std::string& what, const std::vector<std::string>& columns) {
  const auto answer = ask(o, {{"cmd", what}});
  if (answer.code != service::kCtlOk) return fail(answer.code, answer.error);
  if (o.json) {
    fmt::print("{}\n", answer.result.dump(2));
  } else {
    print_table(answer.result, columns);
  }
  return service::kCtlOk;
}

int command(const Options& o, const std::string& verb) {
  const auto answer =
      ask(o, {{"cmd", verb}, {"strategy", o.strategy}, {"all", o.all}, {"reason", o.reason}});
  if (answer.code != service::kCtlOk) return fail(answer.code, answer.error);
  if (o.json) fmt::print("{}\n", answer.result.dump(2));
  return service::kCtlOk;
}

int check(const Options& o) {
  const auto loaded = config::load_file(o.config);
  const auto* problems = std::get_if<std::vector<config::Problem>>(&loaded);
  if (problems == nullptr) {
    fmt::print("{}: valid\n", o.config);
    return service::kCtlOk;
  }
  for (const auto& p : *problems) fmt::print(stderr, "{}\n", config::format(p, o.config));
  return service::kCtlRefused;
}

int report(const Options& o) {
  const auto file = journal_file(o);
  auto journal = store::Journal::open(file, store::Journal::Mode::kReadOnly);
  if (!journal) return fail(service::kCtlOther, journal.error().text);
  const auto orders = (*journal)->orders({});
  if (!orders) return fail(service::kCtlOther, orders.error().text);
  std::ofstream out(o.html);
  out << daemon::html_report(*orders);
  out.close();
  if (!out) return fail(service::kCtlOther, o.html + " cannot be written");
  fmt::print("{}\n", o.html);
  return service::kCtlOk;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"derivctl shows and steers a running derivd"};
  app.set_version_flag("--version", "derivctl " DERIVD_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  Options o;
  app.add_option("--socket", o.socket, "control socket of the daemon");
  app.add_option("--name", o.name, "instance of derivd@.service");
  app.add_flag("--json", o.json, "print JSON");
  auto* status_cmd = app.add_subcommand("status", "session, account, limits and strategies");
  auto* strategies_cmd = app.add_subcommand("strategies", "what each strategy does now");
  auto* positions_cmd = app.add_subcommand("positions", "what is open");
  auto* trades_cmd = app.add_subcommand("trades", "every trade in the journal");
  auto* stats_cmd = app.add_subcommand("stats", "sums over the trades");
  for (auto* c : {trades_cmd, stats_cmd}) {
    c->add_option("--since", o.since, "date, UTC time, epoch, or age such as 2h");
    c->add_option("--strategy", o.strategy, "one strategy only");
  }
  trades_cmd->add_option("--format", o.format, "table, json or csv")
      ->check(CLI::IsMember({"table", "json", "csv"}));
  auto* check_cmd = app.add_subcommand("check", "check a configuration and say every problem");
  check_cmd->add_option("--config", o.config, "configuration file")->capture_default_str();
  auto* report_cmd = app.add_subcommand("report", "the trades as one HTML file");
  report_cmd->add_option("--html", o.html, "file to write")->required();
  std::vector<CLI::App*> verbs;
  for (const auto& [verb, help] :
       {std::pair{"pause", "stop entering, keep what is open"},
        std::pair{"resume", "enter again; clears a halt"},
        std::pair{"halt", "stop entering until resumed, over restarts"}}) {
    auto* c = app.add_subcommand(verb, help);
    c->add_option("NAME", o.strategy, "strategy");
    c->add_flag("--all", o.all, "all strategies");
    c->add_option("--reason", o.reason, "kept in the journal");
    verbs.push_back(c);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? service::kCtlOk : service::kCtlUsage;
  }
  try {
    if (status_cmd->parsed()) return status(o);
    if (strategies_cmd->parsed()) {
      return list(
          o, "strategies",
          {"name", "type", "symbol", "status", "trades", "profit", "next_stake", "last_decision"});
    }
    if (positions_cmd->parsed()) {
      return list(o, "positions",
                  {"contract_id", "strategy", "symbol", "type", "stake", "payout", "outcome",
                   "purchase_time"});
    }
    if (trades_cmd->parsed()) return trades(o);
    if (stats_cmd->parsed()) return stats(o);
    if (check_cmd->parsed()) return check(o);
    if (report_cmd->parsed()) return report(o);
    for (auto* c : verbs) {
      if (c->parsed()) return command(o, c->get_name());
    }
  } catch (const std::exception& e) {
    return fail(service::kCtlOther, e.what());
  }
  return service::kCtlUsage;
}
