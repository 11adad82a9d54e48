// backtest: what the configuration would have done on recorded ticks.
#include "backtest/backtest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>

#include "backtest/result_json.hpp"
#include "common/output.hpp"
#include "core/counted.hpp"
#include "core/utc.hpp"
#include "derivctl/answer_text.hpp"
#include "derivctl/backtest_options.hpp"
#include "derivctl/command.hpp"
#include "derivctl/payout_choice.hpp"
#include "derivctl/report_page.hpp"
#include "service/exit_code.hpp"

namespace derivd::ctl {
namespace {

/// Text that is held before it is written: a small run that fails prints nothing.
constexpr std::size_t kBacktestChunk = 1 << 20;

bool write_out(std::string& text) {
  const bool done = out::json_text(text);
  text.clear();
  return done;
}

int refuse_backtest(const core::Error& error) { return fail(code_of(error), error.text); }

/// A strategy that cannot have traded must not look like one that did not want to.
void warn_of_missing_ticks(const BacktestJob& job, const backtest::Result& result) {
  for (std::size_t i = 0; i < result.strategies.size(); ++i) {
    const auto& s = job.options.settings.strategies[i];
    if (!s.enabled || result.strategies[i].has_ticks) continue;
    const bool given = std::ranges::count(job.tapes, s.symbol, &backtest::Tape::symbol) > 0;
    warn(given ? fmt::format("strategy {} did nothing: its ticks of {} have none in this time",
                             s.name, s.symbol)
               : fmt::format("strategy {} did nothing: no ticks of {} are given; add --ticks "
                             "{}=FILE, or disable it",
                             s.name, s.symbol, s.symbol));
  }
}

/// Empty for null. A path need not be UTF-8.
std::string text_of(const ordered_json& said) {
  return said.is_null() ? std::string{}
                        : said.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

int print_backtest_json(const BacktestJob& job, bool with_trades, bool with_times) {
  backtest::ResultJson json(job.options, job.tapes, with_times);
  std::string text;
  text.reserve(kBacktestChunk + kBacktestChunk / 8);
  bool written = true;
  json.begin(text);
  const backtest::OnTrade on_trade = [&](const backtest::Trade& trade) {
    json.trade(text, trade);
    if (text.size() >= kBacktestChunk) written = write_out(text) && written;
  };
  const auto result =
      backtest::run(job.options, job.tapes, with_trades ? on_trade : backtest::OnTrade{});
  if (!result) return refuse_backtest(result.error());
  json.end(text, *result, text_of(job.payouts));
  warn_of_missing_ticks(job, *result);
  written = write_out(text) && out::flush() && written;
  return written ? service::kCtlOk : fail(service::kCtlOther, "the output cannot be written");
}

std::string halt_cell(const backtest::StrategyResult& s, bool enabled) {
  if (enabled && !s.has_ticks) return "(no ticks)";
  if (s.halted) return *s.halted;
  return s.blocked.empty() ? "-" : s.blocked;
}

/// " from 2026-06-21T06:34:44Z to 2026-06-22T06:34:32Z".
std::string period_of(const backtest::Result& result) {
  if (!result.first || !result.last) return {};
  return fmt::format(" from {} to {}", core::utc_iso(*result.first), core::utc_iso(*result.last));
}

ordered_json backtest_row_of(const std::string& name, const backtest::Sums& s) {
  ordered_json row;
  row["strategy"] = name;
  row["trades"] = s.trades;
  row["won"] = s.won;
  row["lost"] = s.lost;
  row["staked"] = s.stakes.to_string();
  row["profit"] = s.profit.to_string();
  row["max_drawdown"] = s.max_drawdown.to_string();
  row["max_stake"] = s.max_stake.to_string();
  row["losing_run"] = s.longest_losing_run;
  row["open"] = "";
  row["halted"] = "";
  return row;
}

/// What `report --backtest` reads from the JSON of the same run.
report::Trade reported(const BacktestJob& job, const backtest::Trade& t) {
  report::Trade out;
  out.id = t.n;
  out.strategy = job.options.settings.strategies[t.strategy].name.str();
  out.symbol = job.tapes[t.tape].symbol.str();
  out.type = t.type;
  out.bought = t.signal_epoch;
  out.settled = t.settled_epoch;
  out.asked = t.stake;
  out.stake = t.stake;
  out.payout = t.payout;
  out.profit = t.profit;
  out.ending = t.end == market::End::kSold        ? report::Ending::kSold
               : t.end == market::End::kCancelled ? report::Ending::kCancelled
               : t.profit.units() > 0             ? report::Ending::kWon
               : t.profit.units() < 0             ? report::Ending::kLost
                                                  : report::Ending::kBreakEven;
  out.entry = t.entry;
  out.exit = t.exit;
  return out;
}

int write_report(const std::string& path, std::vector<report::Trade> trades,
                 const backtest::Result& result) {
  ReportSource source;
  source.title = "back-test";
  source.mode = ReportMode::kBacktest;
  source.trades = std::move(trades);
  for (const auto& s : result.strategies) {
    if (!s.halted) continue;
    execution::HaltRecord halt;
    halt.strategy = s.name;
    halt.kind = core::ShortString<32>::truncated(*s.halted);
    source.history.halts.push_back(halt);
  }
  return write_html_report(path, source, report::analyse(source.trades));
}

/// `html`: the report of the run goes there, too; it holds every trade in memory.
int print_summary(const BacktestJob& job, const std::string& html) {
  std::vector<report::Trade> trades;
  const backtest::OnTrade keep = [&](const backtest::Trade& t) {
    trades.push_back(reported(job, t));
  };
  const auto result =
      backtest::run(job.options, job.tapes, html.empty() ? backtest::OnTrade{} : keep);
  if (!result) return refuse_backtest(result.error());
  auto rows = ordered_json::array();
  for (std::size_t i = 0; i < result->strategies.size(); ++i) {
    const auto& s = result->strategies[i];
    auto row = backtest_row_of(s.name.str(), s.sums);
    row["open"] = s.open;
    row["halted"] = halt_cell(s, job.options.settings.strategies[i].enabled);
    rows.push_back(std::move(row));
  }
  rows.push_back(backtest_row_of("(account)", result->total));
  out::show(table_text(rows,
                       {"strategy",
                        "trades",
                        "won",
                        "lost",
                        "staked",
                        {"profit", 0, Tint::kSign},
                        {"max_drawdown", 1},
                        {"max_stake", 3},
                        {"losing_run", 4},
                        {"open", 2, Tint::kNone, "0"},
                        "halted"},
                       out::look()));
  out::print("{}{}, balance {} -> {}\n", core::counted(result->ticks, "tick"), period_of(*result),
             job.options.balance.to_string(), result->balance.to_string());
  out::print("{}", payouts_text(job.payouts));
  for (const auto& s : result->strategies) {
    if (s.halted) out::print("{}: halted, {}\n", s.name, s.halt_reason);
    if (!s.blocked.empty()) {
      out::print("{}: buys nothing at the end of the ticks, {}\n", s.name, s.block_reason);
    }
    if (s.refused == 0) continue;
    out::print("{}: {} not bought, no tick is recorded in {} life\n", s.name,
               core::counted(s.refused, "timed contract was", "timed contracts were"),
               s.refused == 1 ? "its" : "their");
  }
  warn_of_missing_ticks(job, *result);
  return html.empty() ? service::kCtlOk : write_report(html, std::move(trades), *result);
}

}  // namespace

void add_backtest(Commands& commands) {
  struct Args : BacktestArgs {
    bool no_trades = false;
    bool times = false;
    std::string html;
  };
  const auto& context = commands.context();
  const auto args = std::make_shared<Args>();
  auto c = commands.add("backtest", "what a configuration would have done on recorded ticks");
  add_backtest_options(c, *args);
  c.option("--seed", args->seed, "of the random numbers of programs; default: the configuration's");
  c.flag("--no-trades", args->no_trades, "with --json: the sums alone");
  c.flag("--times", args->times, "with --json: each epoch in UTC for people, too (signal_utc, …)");
  c.option("--html", args->html, "write the report of the run, one self-contained HTML file");
  commands.on(c, [&context, args] {
    if (context.json && !args->html.empty()) {
      return fail(service::kCtlUsage,
                  "--html or --json; derivctl report --backtest makes the one of the other");
    }
    const auto job = make_job(context, *args);
    if (!job) return fail(job.error().code, job.error().text);
    return context.json ? print_backtest_json(*job, !args->no_trades, args->times)
                        : print_summary(*job, args->html);
  });
}

}  // namespace derivd::ctl
