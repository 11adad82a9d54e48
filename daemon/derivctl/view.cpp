// status, strategies, positions, trades, stats: what the daemon or its journal shows.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "common/answer.hpp"
#include "common/output.hpp"
#include "common/trades.hpp"
#include "core/nearest.hpp"
#include "derivctl/answer_text.hpp"
#include "derivctl/command.hpp"
#include "derivctl/journal_notices.hpp"
#include "derivctl/trade_pages.hpp"
#include "service/exit_code.hpp"
#include "store/journal.hpp"

namespace derivd::ctl {
namespace {

struct ViewOptions {
  std::string since;
  std::string strategy;
  std::string format = "table";
  std::string journal;
};

/// The daemon's trades, for whoever may ask it but not read its journal.
Answer ask_in_pages(const Context& context, const ordered_json& request, const std::string& what) {
  auto pages = trades_in_pages(context, request, {.of_one_moment = what == "stats"});
  if (pages.code != service::kCtlOk) return {{}, pages.code, pages.error};
  const auto& rows = pages.rows;
  if (what == "trades") return {std::move(pages.rows), service::kCtlOk, {}};
  std::vector<execution::Order> orders;
  std::optional<std::uint8_t> decimals;
  for (const auto& row : rows) {
    auto order = daemon::order_of(row, decimals);
    if (!order) return {{}, service::kCtlOther, order.error().text};
    orders.push_back(std::move(*order));
  }
  auto stats = daemon::stats_report(orders, is_of_paper(context, rows));
  daemon::add_removed(stats, pages.removed);
  return {std::move(stats), service::kCtlOk, {}};
}

std::string no_strategy(const Context& context, const std::string& name,
                        const std::vector<std::string>& names) {
  const std::vector<std::string_view> words(names.begin(), names.end());
  const auto meant = core::nearest(name, words);
  return fmt::format("no strategy '{}' is in the journal{}; {} strategies lists those that run",
                     name, meant ? fmt::format(", did you mean '{}'?", *meant) : "",
                     context.program());
}

/// Why a strategy has no trades, if it is not one of the journal's or the daemon's: a name that was
/// mistyped looks like a strategy that has not traded.
std::optional<std::string> unknown_name(const Context& context, store::Journal& journal, bool runs,
                                        const std::string& name) {
  std::vector<std::string> names;
  const auto snapshot = journal.load();
  if (!snapshot) return std::nullopt;  // what can be read of it is shown
  for (const auto& known : snapshot->strategies) names.emplace_back(known.strategy.view());
  if (runs) {
    const auto answer = ask(context, {{"cmd", "strategies"}});
    for (const auto* row : daemon::rows_of(answer.result)) {
      names.push_back(daemon::shown(daemon::at(*row, "name")));
    }
  }
  if (std::find(names.begin(), names.end(), name) != names.end()) return std::nullopt;
  return no_strategy(context, name, names);
}

/// The same for whoever may ask the daemon alone: of a name that it does not run, the rows of all
/// times tell whether it has ever traded.
std::optional<std::string> unknown_to_daemon(const Context& context, const std::string& name) {
  const auto running = ask(context, {{"cmd", "strategies"}});
  if (running.code != service::kCtlOk) return std::nullopt;
  std::vector<std::string> names;
  for (const auto* row : daemon::rows_of(running.result)) {
    names.push_back(daemon::shown(daemon::at(*row, "name")));
  }
  if (std::find(names.begin(), names.end(), name) != names.end()) return std::nullopt;
  // One trade answers that, however many there are.
  const auto ever = trades_in_pages(context, {{"strategy", name}}, {.enough = 1});
  if (ever.code != service::kCtlOk || !ever.rows.empty()) return std::nullopt;
  return no_strategy(context, name, names);
}

Answer ask_for_trades(const Context& context, const ordered_json& request, const std::string& what,
                      const std::string& strategy) {
  if (!strategy.empty()) {
    if (const auto why = unknown_to_daemon(context, strategy)) {
      return {{}, service::kCtlNotFound, *why};
    }
  }
  return ask_in_pages(context, request, what);
}

/// Anything long is read from the journal's file, beside a daemon that runs too: it is none of the
/// loop's work. Who may not read it asks the daemon.
Answer trades_or_stats(const Context& given, const ViewOptions& o, const std::string& what) {
  store::OrderQuery query;
  ordered_json request = ordered_json::object();
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
  if (!given.socket.empty() && o.journal.empty()) {
    return ask_for_trades(given, request, what, o.strategy);
  }
  const auto context = o.journal.empty() ? given.with_mode() : given;
  // A file that somebody names may be any daemon's, or nobody's any more.
  const auto status = o.journal.empty()
                          ? ask(context, {{"cmd", "status"}})
                          : Answer{{}, service::kCtlNotRunning, "--journal names a file"};
  const bool runs = status.code == service::kCtlOk;
  const auto& used = daemon::at(status.result, "journal");
  const auto file = !o.journal.empty()         ? o.journal
                    : runs && used.is_string() ? used.get<std::string>()
                                               : context.journal_file();
  if (const auto there = find_journal(context, file, what); !runs && !there) {
    if (!o.journal.empty()) {
      const bool absent = there.error().kind == core::ErrorKind::kNotFound;
      return {{}, absent ? service::kCtlNotFound : service::kCtlOther, there.error().text};
    }
    return {{}, status.code, fmt::format("{}; and {}", status.error, there.error().text)};
  }
  auto journal = store::Journal::open(file, store::Journal::Mode::kReadOnly);
  if (!journal && runs) return ask_for_trades(context, request, what, o.strategy);
  if (!journal) return {{}, service::kCtlOther, journal.error().text};
  const auto books = (*journal)->books(query);
  if (!books) return {{}, service::kCtlOther, books.error().text};
  const auto* orders = &books->orders;
  const auto removed = daemon::removed_report(books->removed, query);
  if (orders->empty() && removed.is_null() && !o.strategy.empty()) {
    if (const auto why = unknown_name(context, **journal, runs, o.strategy)) {
      return {{}, service::kCtlNotFound, *why};
    }
  }
  const bool of_paper =
      runs ? daemon::is(daemon::at(status.result, "mode"), "paper") : context.paper;
  const auto paper = daemon::is_paper(**journal, of_paper);
  if (!paper) return {{}, service::kCtlOther, paper.error().text};
  tell_notices(**journal);
  if (what == "trades") return {daemon::trade_rows(*orders, *paper), service::kCtlOk, {}};
  auto stats = daemon::stats_report(*orders, *paper);
  daemon::add_removed(stats, removed);
  return {std::move(stats), service::kCtlOk, {}};
}

int show_trades(const Context& context, const ViewOptions& o) {
  const auto answer = trades_or_stats(context, o, "trades");
  if (answer.code != service::kCtlOk) return fail(answer.code, answer.error);
  if (context.json || o.format == "json") {
    out::json(answer.result);
  } else {
    if (o.format == "csv") {
      out::print("{}", trades_csv(answer.result));
    } else {
      out::show(trades_text(answer.result, out::look()));
    }
  }
  return service::kCtlOk;
}

int stats(const Context& context, const ViewOptions& o) {
  const auto answer = trades_or_stats(context, o, "stats");
  if (answer.code != service::kCtlOk) return fail(answer.code, answer.error);
  if (context.json) {
    out::json(answer.result);
  } else {
    out::show(stats_text(answer.result, out::look()));
  }
  return service::kCtlOk;
}

int status(const Context& context) {
  const auto answer = ask(context, {{"cmd", "status"}});
  if (answer.code != service::kCtlOk) return fail(answer.code, answer.error);
  if (context.json) {
    out::json(answer.result);
  } else {
    out::show(status_text(answer.result, out::look()));
  }
  return service::kCtlOk;
}

int list_rows(const Context& context, const std::string& what,
              std::string (*text)(const ordered_json& rows, const out::Look& look)) {
  const auto answer = ask(context, {{"cmd", what}});
  if (answer.code != service::kCtlOk) return fail(answer.code, answer.error);
  if (context.json) {
    out::json(answer.result);
  } else {
    out::show(text(answer.result, out::look()));
  }
  return service::kCtlOk;
}

}  // namespace

void add_view(Commands& commands) {
  const auto& context = commands.context();
  commands.on(commands.add("status", "session, account, limits and strategies"),
              [&context] { return status(context); });
  commands.on(commands.add("strategies", "what each strategy does now"),
              [&context] { return list_rows(context, "strategies", strategies_text); });
  commands.on(commands.add("positions", "what is open: its end, the time left and its value now"),
              [&context] { return list_rows(context, "positions", positions_text); });
  const auto options = std::make_shared<ViewOptions>();
  auto trades_cmd = commands.add("trades", "every trade in the journal");
  auto stats_cmd = commands.add("stats", "sums over the trades");
  for (auto c : {trades_cmd, stats_cmd}) {
    c.option("--since", options->since, "date, UTC time, epoch, or age such as 2h");
    c.option("--strategy", options->strategy, "one strategy only");
    c.option("--journal", options->journal, "journal file; default: the instance's");
  }
  trades_cmd.option("--format", options->format, "table, json or csv")
      .one_of({"table", "json", "csv"});
  commands.on(trades_cmd, [&context, options] { return show_trades(context, *options); });
  commands.on(stats_cmd, [&context, options] { return stats(context, *options); });
}

}  // namespace derivd::ctl
