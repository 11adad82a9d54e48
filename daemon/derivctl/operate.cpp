// sell, flatten, explain: what an operator does about single contracts, and asks about strategies.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include "backtest/backtest.hpp"
#include "common/answer.hpp"
#include "common/output.hpp"
#include "common/program_rows.hpp"
#include "common/rule_rows.hpp"
#include "core/counted.hpp"
#include "derivctl/answer_text.hpp"
#include "derivctl/backtest_options.hpp"
#include "derivctl/command.hpp"
#include "service/exit_code.hpp"

namespace derivd::ctl {
namespace {

using daemon::at;
using daemon::is;
using daemon::is_blank;
using daemon::shown;
using OperateClock = std::chrono::steady_clock;

/// The venue answers within a second or two; a lost link takes longer to be found out.
constexpr double kDefaultTimeout = 30;
/// Contracts of one account: Deriv allows some hundred.
constexpr std::size_t kMaxOpen = 10'000;

struct OperateOptions {
  std::int64_t contract = 0;
  std::string strategy;
  std::size_t last = 10;
  double timeout_s = kDefaultTimeout;
  bool cancel = false;
  BacktestArgs recorded;  // of explain without a daemon
};

bool is_under_way(const ordered_json& row) {
  return is(at(row, "state"), "selling") || is(at(row, "state"), "in flight");
}

OperateClock::time_point deadline(double seconds) {
  return OperateClock::now() +
         std::chrono::duration_cast<OperateClock::duration>(std::chrono::duration<double>(seconds));
}

int sell(const Context& context, const OperateOptions& o) {
  const auto until = deadline(o.timeout_s);
  const auto asked =
      ask(context, {{"cmd", "sell"}, {"contract", o.contract}, {"cancel", o.cancel}});
  const auto answer = ask_until(context, asked, {{"cmd", "sale"}, {"contract", o.contract}}, until,
                                [](const ordered_json& row) { return !is_under_way(row); });
  if (answer.code != service::kCtlOk) return fail(answer.code, answer.error);
  const auto& row = answer.result;
  if (context.json) out::json(row);
  if (is_under_way(row)) {
    return fail(service::kCtlTimeout,
                fmt::format("contract {}: no verdict of the venue yet{}{}; {} trades shows it "
                            "when it comes",
                            o.contract, is_blank(at(row, "reason")) ? "" : ": ",
                            is_blank(at(row, "reason")) ? "" : shown(at(row, "reason")),
                            context.program()));
  }
  if (is(at(row, "state"), "failed")) {
    return fail(service::kCtlRefused,
                fmt::format("contract {} was not sold: {}", o.contract, shown(at(row, "reason"))));
  }
  if (context.json) return service::kCtlOk;
  if (is(at(row, "state"), "settled")) {
    out::print("contract {}: {}, profit {}\n", o.contract, shown(at(row, "reason")),
               shown(at(row, "profit")));
  } else if (is(at(row, "state"), "cancelled")) {
    out::print("contract {} cancelled: {} back, profit {}\n", o.contract, shown(at(row, "price")),
               shown(at(row, "profit")));
  } else {
    out::print("contract {} sold for {}, profit {}\n", o.contract, shown(at(row, "price")),
               shown(at(row, "profit")));
  }
  return service::kCtlOk;
}

/// Contracts that were there at some time, each with its latest row.
class Flattened final {
 public:
  explicit Flattened(const Context& context) : context_(context) {}

  /// Takes the rows of what is open; whatever is missing in them has ended, and is asked for until
  /// time is up. False: more than can be open.
  bool take(const ordered_json& open, OperateClock::time_point until) {
    std::set<std::string> seen;
    for (const auto* row : daemon::rows_of(open)) {
      const auto id = shown(at(*row, "order_id"));
      seen.insert(id);
      rows_[id] = *row;
      if (rows_.size() > kMaxOpen) return false;
    }
    for (auto& [id, row] : rows_) {
      const auto contract = daemon::id_of(at(row, "contract_id"));
      if (seen.contains(id) || !contract || is_over(row) || OperateClock::now() >= until) continue;
      auto answer = ask(context_, {{"cmd", "sale"}, {"contract", *contract}});
      if (answer.code == service::kCtlOk) row = std::move(answer.result);
    }
    std::erase_if(rows_, [&](const auto& r) {
      return !seen.contains(r.first) && at(r.second, "contract_id").is_null();  // never bought
    });
    return true;
  }
  ordered_json rows() const {
    auto out = ordered_json::array();
    for (const auto& [id, row] : rows_) out.push_back(row);
    return out;
  }
  bool any(bool (*is)(const ordered_json&)) const {
    return std::any_of(rows_.begin(), rows_.end(), [&](const auto& r) { return is(r.second); });
  }
  static bool is_over(const ordered_json& row) {
    return is(at(row, "state"), "sold") || is(at(row, "state"), "cancelled") ||
           is(at(row, "state"), "settled");
  }
  static bool is_open(const ordered_json& row) { return !is_over(row); }

 private:
  const Context& context_;
  std::map<std::string, ordered_json> rows_;
};

int flatten(const Context& context, const OperateOptions& o) {
  const auto until = deadline(o.timeout_s);
  Flattened all(context);
  for (bool again = false;; again = true) {
    const auto answer =
        ask(context, {{"cmd", "flatten"}, {"strategy", o.strategy}, {"again", again}});
    if (answer.code != service::kCtlOk) return fail(answer.code, answer.error);
    if (!all.take(answer.result, until)) {
      return fail(service::kCtlOther, "the daemon tells of more contracts than can be open");
    }
    if (!all.any(is_under_way) || OperateClock::now() >= until) break;
    std::this_thread::sleep_for(kAskEvery);
  }
  const auto rows = all.rows();
  if (context.json) {
    out::json(rows);
  } else if (rows.empty()) {
    out::print("nothing is open; entries are paused until {} resume\n", context.program());
  } else {
    out::show(sales_text(rows, out::look()) +
              fmt::format("entries are paused until {} resume\n", context.program()));
  }
  if (all.any(is_under_way)) return fail(service::kCtlTimeout, "not every verdict is there yet");
  if (all.any(Flattened::is_open)) {
    return fail(service::kCtlRefused, "something is still open: see the reason of each");
  }
  return service::kCtlOk;
}

/// Of a daemon with one strategy there is nothing to choose.
Answer only_strategy(const Context& context) {
  auto answer = ask(context, {{"cmd", "strategies"}});
  if (answer.code != service::kCtlOk) return answer;
  const auto rows = daemon::rows_of(answer.result);
  if (rows.size() == 1) return {at(*rows.front(), "name"), service::kCtlOk, {}};
  std::string names;
  for (const auto* row : rows) {
    names += (names.empty() ? "" : ", ") + shown(at(*row, "name"));
  }
  return {{},
          service::kCtlUsage,
          rows.empty() ? std::string("no strategy is configured")
                       : fmt::format("name a strategy: {}", names)};
}

int explain_order(const Context& context, OperateOptions o) {
  if (o.strategy.empty()) {
    const auto only = only_strategy(context);
    if (only.code != service::kCtlOk) return fail(only.code, only.error);
    o.strategy = shown(only.result);
  }
  const auto answer =
      ask(context, {{"cmd", "explain"}, {"strategy", o.strategy}, {"last", o.last}});
  if (answer.code != service::kCtlOk) return fail(answer.code, answer.error);
  if (context.json) {
    out::json(answer.result);
  } else {
    out::print("{}", explained_text(answer.result));
  }
  return service::kCtlOk;
}

/// Without a daemon: what the rules would have said at the end of recorded ticks.
int explain_recorded(const Context& context, const OperateOptions& o) {
  const auto job = make_job(context, o.recorded);
  if (!job) return fail(job.error().code, job.error().text);
  const auto result = backtest::run(job->options, job->tapes);
  if (!result) return fail(code_of(result.error()), result.error().text);
  const auto at = std::ranges::find(result->strategies, o.strategy,
                                    [](const auto& s) { return s.name.view(); });
  if (at == result->strategies.end()) {
    return fail(service::kCtlNotFound, fmt::format("no strategy '{}'", o.strategy));
  }
  if (at->rules.empty() && !at->program) {
    return fail(service::kCtlRefused, fmt::format("{} is neither made of rules nor of type dbot; "
                                                  "of other types a running daemon tells why "
                                                  "they trade: {} explain {}",
                                                  o.strategy, context.program(), o.strategy));
  }
  ordered_json json;
  json["strategy"] = o.strategy;
  for (const auto& rule : at->rules) json["rules"].push_back(daemon::rule_row(rule));
  if (at->program) json["program"] = daemon::program_row(*at->program);
  if (context.json) {
    out::json(json);
  } else {
    out::print("{} at the end of {}\n{}{}", o.strategy, core::counted(result->ticks, "tick"),
               rules_text(json["rules"]), program_text(json["program"]));
  }
  return service::kCtlOk;
}

}  // namespace

void add_operate(Commands& commands) {
  const auto& context = commands.context();
  const auto options = std::make_shared<OperateOptions>();
  auto sell_cmd = commands.add("sell", "sell an open contract of derivd's back to Deriv");
  sell_cmd.option("CONTRACT_ID", options->contract, "see derivctl positions").required().positive();
  sell_cmd.flag("--cancel", options->cancel,
                "leave it by its deal cancellation; without it, by what pays more");
  auto flatten_cmd = commands.add("flatten", "pause entries and sell what can be sold");
  flatten_cmd.option("NAME", options->strategy, "one strategy only");
  for (auto c : {sell_cmd, flatten_cmd}) {
    c.option("--timeout", options->timeout_s, "seconds to wait for the venue's verdict").positive();
  }
  auto explain_cmd = commands.add("explain", "why a strategy did or did not trade");
  explain_cmd.option("NAME", options->strategy, "strategy; may be left out where there is one");
  explain_cmd.option("--last", options->last, "signals, orders and changes to show").between(1, 64);
  auto ticks = explain_cmd.option(
      "--ticks", options->recorded.ticks,
      "SYMBOL=FILE or SYMBOL=archive:[DIR]: without a daemon, the rules or the program at the end "
      "of these ticks");
  explain_cmd
      .option("--config", options->recorded.config,
              "with --ticks: configuration file; default: the instance's in /etc/derivd")
      .needs(ticks);
  explain_cmd.option("--to", options->recorded.to, "with --ticks: ignore ticks from here on")
      .needs(ticks);
  commands.on(sell_cmd, [&context, options] { return sell(context, *options); });
  commands.on(flatten_cmd, [&context, options] { return flatten(context, *options); });
  commands.on(explain_cmd, [&context, options] {
    return options->recorded.ticks.empty() ? explain_order(context, *options)
                                           : explain_recorded(context, *options);
  });
}

}  // namespace derivd::ctl
