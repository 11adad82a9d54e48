// report: what became of the trades, as one HTML file, as a screenful, or as JSON.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <memory>

#include "common/answer.hpp"
#include "common/output.hpp"
#include "core/printable.hpp"
#include "derivctl/command.hpp"
#include "derivctl/report_html.hpp"
#include "derivctl/report_page.hpp"
#include "derivctl/report_source.hpp"
#include "derivctl/trade_pages.hpp"
#include "report/analysis.hpp"
#include "service/exit_code.hpp"
#include "service/place_file.hpp"

namespace derivd::ctl {
namespace {

using nlohmann::ordered_json;

struct ReportOptions {
  std::string html;
  bool text = false;
  std::string since;
  std::string until;
  std::string strategy;
  std::string backtest;
  std::string journal;
};

ordered_json report_to_json(const report::Totals& t) {
  ordered_json out;
  out["trades"] = t.settled;
  out["won"] = t.won;
  out["lost"] = t.lost;
  out["break_even"] = t.even;
  out["sold"] = t.sold;
  out["open"] = t.open;
  out["unknown"] = t.unknown;
  out["refused"] = t.refused;
  out["mismatches"] = t.mismatches;
  out["stakes"] = core::Money::minor(t.stakes, t.decimals).to_string();
  out["profit"] = core::Money::minor(t.profit, t.decimals).to_string();
  out["max_drawdown"] = core::Money::minor(t.max_drawdown, t.decimals).to_string();
  out["max_stake"] = core::Money::minor(t.max_stake, t.decimals).to_string();
  out["longest_losing_run"] = t.longest_losing;
  out["longest_winning_run"] = t.longest_winning;
  const auto f = t.frequency();
  out["win_rate"] = f ? ordered_json(*f) : ordered_json(nullptr);
  out["win_rate_95"] = f ? ordered_json{t.win_rate.low, t.win_rate.high} : ordered_json(nullptr);
  return out;
}

std::string_view report_name_of(ReportMode mode) {
  switch (mode) {
    case ReportMode::kLive:
      return "live";
    case ReportMode::kPaper:
      return "paper";
    case ReportMode::kBacktest:
      return "backtest";
  }
  return "live";
}

ordered_json report_to_json(const ReportSource& source, const report::Analysis& a) {
  ordered_json out{{"source", source.title}, {"mode", report_name_of(source.mode)}};
  if (source.mode != ReportMode::kLive) out["mark"] = mode_in_words(source.mode);
  if (!source.removed.empty()) out["removed"] = source.removed;
  if (!source.unseen.empty()) out["unseen"] = source.unseen;
  out["total"] = report_to_json(a.total);
  for (const auto& [name, t] : a.strategies) out["strategies"][name] = report_to_json(t);
  for (const auto& [name, t] : a.symbols) out["symbols"][name] = report_to_json(t);
  const auto& e = a.expectation;
  const auto unit = static_cast<double>(core::pow10(a.total.decimals));
  out["expectation"] = {{"trades", e.trades},
                        {"left_out", e.left_out},
                        {"actual", e.actual / unit},
                        {"expected", e.expected / unit},
                        {"standard_error", e.standard_error / unit},
                        {"z", e.z()},
                        {"words", verdict_in_words(e, source.currency)}};
  out["expected_longest_losing_run"] = a.expected_longest_losing;
  out["losing_runs"] = ordered_json::array();
  for (const auto& s : a.losing) {
    out["losing_runs"].push_back(
        {{"length", s.length}, {"seen", s.seen}, {"expected", s.expected}});
  }
  out["payouts"] = ordered_json::array();
  for (const auto& g : a.payouts) {
    out["payouts"].push_back({{"type", market::name_of(g.type)},
                              {"ratio", g.ratio},
                              {"needed", g.break_even},
                              {"trades", g.trades},
                              {"won", g.won},
                              {"band_95", {g.band.low, g.band.high}}});
  }
  return out;
}

/// A device or a pipe, which is written to as it is: /dev/stdout, and what a shell makes of >(…).
bool is_stream(const std::string& path) {
  struct stat info {};
  return path.starts_with("/dev/") || path.starts_with("/proc/self/fd/") ||
         (::lstat(path.c_str(), &info) == 0 && (S_ISFIFO(info.st_mode) || S_ISCHR(info.st_mode)));
}

/// The journal is for its owner alone, and so is what is told of it. A file that is there keeps its
/// rights; a link may lead to a file of others, which is not written to.
int write_file(const std::string& path, const std::string& text) {
  struct stat info {};
  if (is_stream(path)) {
    std::ofstream out(path, std::ios::binary);
    out << text;
    out.close();
    if (!out) return fail(service::kCtlOther, path + " cannot be written");
  } else if (::lstat(path.c_str(), &info) == 0 && S_ISLNK(info.st_mode)) {
    return fail(service::kCtlOther, path + " is a symbolic link; name the file itself");
  } else if (const auto done = service::replace_file(
                 path, text, service::rights_of(path).value_or(service::FileRights{}));
             !done) {
    return fail(service::kCtlOther, done.error().text);
  }
  out::print("{}\n", core::printable(path));
  return service::kCtlOk;
}

core::WallTime now() {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since_1970).count()};
}

}  // namespace

int write_html_report(const std::string& path, const ReportSource& source,
                      const report::Analysis& analysis) {
  return write_file(path, html_report(source, analysis, now()));
}

namespace {

/// A journal has the account's id alone, and not every id tells. The daemon that trades on it
/// knows; a configuration does not, since the journal may be older.
bool is_of_demo(const Context& context, const std::string& account) {
  const auto status = ask(context, {{"cmd", "status"}});
  return status.code == service::kCtlOk &&
         daemon::is(daemon::at(status.result, "account"), account) &&
         daemon::is(daemon::at(status.result, "account_type"), "demo");
}

/// The daemon answers members of its group, who may not read its journal; what no row of a trade
/// has is left out then, and the report says so.
core::Result<ReportSource> source_from_daemon(const Context& context, const ReportFilter& filter,
                                              const ordered_json& status) {
  ordered_json wanted{{"report", true}};
  if (!filter.strategy.empty()) wanted["strategy"] = filter.strategy;
  if (filter.since) wanted["since_us"] = filter.since->us;
  const auto pages = trades_in_pages(context, std::move(wanted), {.of_one_moment = true});
  if (pages.code != service::kCtlOk) {
    return core::Error{core::ErrorKind::kProtocol, pages.error};
  }
  auto source = source_from_rows(pages.rows, pages.removed, filter);
  if (!source) return source.error();
  const bool paper = daemon::is(daemon::at(status, "mode"), "paper");
  source->mode = paper ? ReportMode::kPaper : ReportMode::kLive;
  source->title = paper ? "PAPER account" : "";
  const auto& currency = daemon::at(status, "currency");
  if (!daemon::is_blank(currency)) source->currency = daemon::shown(currency);
  const auto& account = daemon::at(status, "account");
  if (!paper && !daemon::is_blank(account)) {
    source->account = daemon::shown(account);
    source->title = titled(source->account, daemon::is(daemon::at(status, "account_type"), "demo"));
  }
  source->unseen = fmt::format(
      "As the running daemon tells it, since its journal is not for this user to read: without the "
      "halts, the changes of the configuration, the orders that were unknown for a while and the "
      "times to the venue's acceptance. \"sudo {} report\" has them.",
      context.program());
  return source;
}

/// The journal; where it is hidden from whoever asks, the daemon that writes it.
core::Result<ReportSource> report_source_of(const Context& context, const ReportOptions& o,
                                            const ReportFilter& filter) {
  const auto journal = o.journal.empty() ? context.journal_file() : o.journal;
  const auto there = find_journal(context, journal, "report");
  auto source = there ? source_from_journal(journal, filter, context.paper)
                      : core::Result<ReportSource>(there.error());
  const bool hidden = !source && ::access(journal.c_str(), R_OK) != 0 && errno == EACCES;
  if (!hidden || !o.journal.empty()) return source;
  const auto status = ask(context, {{"cmd", "status"}});
  if (status.code != service::kCtlOk) return source;
  return source_from_daemon(context, filter, status.result);
}

int report(const Context& given, const ReportOptions& o) {
  ReportFilter filter;
  filter.strategy = o.strategy;
  for (const auto& [text, into] :
       {std::pair(&o.since, &filter.since), std::pair(&o.until, &filter.until)}) {
    if (text->empty()) continue;
    *into = parse_when(*text);
    if (!*into) {
      return fail(service::kCtlUsage,
                  *text + " is not a date, a UTC time, an epoch or an age such as 2h");
    }
  }
  const auto context = o.journal.empty() ? given.with_mode() : given;
  auto source = o.backtest.empty() ? report_source_of(context, o, filter)
                                   : source_from_backtest(o.backtest, filter);
  if (!source) {
    const bool absent = source.error().kind == core::ErrorKind::kNotFound;
    return fail(absent ? service::kCtlNotFound : service::kCtlOther, source.error().text);
  }
  if (source->unseen.empty() && !source->account.empty() && o.journal.empty() &&
      is_of_demo(context, source->account)) {
    source->title = titled(source->account, true);
  }
  const auto analysis = report::analyse(source->trades);
  html::amounts_have(analysis.total.decimals);
  if (!o.html.empty()) {
    const int code = write_html_report(o.html, *source, analysis);
    if (code != service::kCtlOk || !o.text) return code;
  }
  if (context.json) {
    out::json(report_to_json(*source, analysis));
  } else {
    out::print("{}", text_report(*source, analysis));
  }
  return service::kCtlOk;
}

}  // namespace

void add_report(Commands& commands) {
  const auto& context = commands.context();
  const auto o = std::make_shared<ReportOptions>();
  auto c = commands.add("report", "what became of the trades, for the terminal or as HTML");
  c.option("--html", o->html, "write one self-contained HTML file");
  c.flag("--text", o->text, "a screenful for the terminal (the default without --html)");
  c.option("--since", o->since, "date, UTC time, epoch, or age such as 2h");
  c.option("--until", o->until, "the same");
  c.option("--strategy", o->strategy, "one strategy only");
  c.option("--backtest", o->backtest,
           "output of backtest --json instead of the journal; -: standard input");
  c.option("--journal", o->journal, "journal file; default: the instance's");
  commands.on(c, [&context, o] { return report(context, *o); });
}

}  // namespace derivd::ctl
