// sell, flatten, explain: what an operator does about single contracts, and asks about strategies.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <thread>

#include "derivctl/command.hpp"
#include "service/exit_code.hpp"

namespace derivd::ctl {
namespace {

using nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

/// The venue answers within a second or two; a lost link takes longer to be found out.
constexpr double kDefaultTimeout = 30;
constexpr auto kAskEvery = std::chrono::milliseconds(100);

struct Options {
  std::int64_t contract = 0;
  std::string strategy;
  std::size_t last = 10;
  double timeout_s = kDefaultTimeout;
};

bool is_under_way(const ordered_json& row) {
  return row["state"] == "selling" || row["state"] == "in flight";
}

/// Asks until `done` likes the answer or time is up. The answer is the last one then.
template <class Done>
Answer ask_until(const Context& context, const ordered_json& request, Clock::time_point until,
                 Done done) {
  for (;;) {
    auto answer = ask(context, request);
    if (answer.code != service::kCtlOk || done(answer.result) || Clock::now() >= until) {
      return answer;
    }
    std::this_thread::sleep_for(kAskEvery);
  }
}

Clock::time_point deadline(double seconds) {
  return Clock::now() +
         std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

int sell(const Context& context, const Options& o) {
  const auto until = deadline(o.timeout_s);
  auto answer = ask(context, {{"cmd", "sell"}, {"contract", o.contract}});
  if (answer.code == service::kCtlOk && is_under_way(answer.result)) {
    answer = ask_until(context, {{"cmd", "sale"}, {"contract", o.contract}}, until,
                       [](const ordered_json& row) { return !is_under_way(row); });
  }
  if (answer.code != service::kCtlOk) return fail(answer.code, answer.error);
  const auto& row = answer.result;
  if (context.json) fmt::print("{}\n", row.dump(2));
  if (is_under_way(row)) {
    return fail(
        service::kCtlTimeout,
        fmt::format("contract {}: no verdict of the venue yet{}{}; derivctl trades shows it "
                    "when it comes",
                    o.contract, row["reason"] == "" ? "" : ": ", cell(row["reason"])));
  }
  if (row["state"] == "failed") {
    return fail(service::kCtlRefused,
                fmt::format("contract {} was not sold: {}", o.contract, cell(row["reason"])));
  }
  if (context.json) return service::kCtlOk;
  if (row["state"] == "settled") {
    fmt::print("contract {}: {}, profit {}\n", o.contract, cell(row["reason"]),
               cell(row["profit"]));
  } else {
    fmt::print("contract {} sold for {}, profit {}\n", o.contract, cell(row["price"]),
               cell(row["profit"]));
  }
  return service::kCtlOk;
}

/// Contracts that were there at some time, each with its latest row.
class Flattened final {
 public:
  explicit Flattened(const Context& context) : context_(context) {}

  /// Takes the rows of what is open; whatever is missing in them has ended, and is asked for.
  void take(const ordered_json& open) {
    std::map<std::string, bool> seen;
    for (const auto& row : open) {
      const auto id = row["order_id"].get<std::string>();
      seen[id] = true;
      rows_[id] = row;
    }
    for (auto& [id, row] : rows_) {
      if (seen.contains(id) || row["contract_id"].is_null() || is_over(row)) continue;
      const auto contract = std::stoll(row["contract_id"].get<std::string>());
      const auto answer = ask(context_, {{"cmd", "sale"}, {"contract", contract}});
      if (answer.code == service::kCtlOk) row = answer.result;
    }
    std::erase_if(rows_, [&](const auto& r) {
      return !seen.contains(r.first) && r.second["contract_id"].is_null();  // never bought
    });
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
    return row["state"] == "sold" || row["state"] == "settled";
  }
  static bool is_open(const ordered_json& row) { return !is_over(row); }

 private:
  const Context& context_;
  std::map<std::string, ordered_json> rows_;
};

int flatten(const Context& context, const Options& o) {
  const auto until = deadline(o.timeout_s);
  Flattened all(context);
  for (bool again = false;; again = true) {
    const auto answer =
        ask(context, {{"cmd", "flatten"}, {"strategy", o.strategy}, {"again", again}});
    if (answer.code != service::kCtlOk) return fail(answer.code, answer.error);
    all.take(answer.result);
    if (!all.any(is_under_way) || Clock::now() >= until) break;
    std::this_thread::sleep_for(kAskEvery);
  }
  const auto rows = all.rows();
  if (context.json) {
    fmt::print("{}\n", rows.dump(2));
  } else if (rows.empty()) {
    fmt::print("nothing is open; entries are paused until derivctl resume\n");
  } else {
    print_table(rows,
                {"contract_id", "strategy", "type", "stake", "state", "price", "profit", "reason"});
    fmt::print("entries are paused until derivctl resume\n");
  }
  if (all.any(is_under_way)) return fail(service::kCtlTimeout, "not every verdict is there yet");
  if (all.any(Flattened::is_open)) {
    return fail(service::kCtlRefused, "something is still open: see the reason of each");
  }
  return service::kCtlOk;
}

void print_numbers(const ordered_json& row) {
  std::string text;
  for (const auto* key : {"needs", "at_risk", "left", "have", "allowed", "until"}) {
    if (row.contains(key))
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", key, cell(row[key]));
  }
  if (!text.empty()) fmt::print("    {}\n", text);
}

void print_explained(const ordered_json& e) {
  const auto status = cell(e["status"]);
  auto standing = cell(e["standing"]);
  if (standing.starts_with(status)) standing.erase(0, std::min(status.size() + 2, standing.size()));
  fmt::print("{} is {}{}{}\n", cell(e["strategy"]), status, standing.empty() ? "" : ": ", standing);
  if (!e["config"].is_null()) fmt::print("set in {}\n", cell(e["config"]));
  fmt::print("\nlast signals, newest first{}\n", e["decisions"].empty() ? ": none yet" : "");
  for (const auto& d : e["decisions"]) {
    const auto times = d["times"].get<std::int64_t>();
    const auto result = cell(d["result"]);
    const auto why = cell(d["why"]);
    fmt::print(
        "{}  {} {} {}{}{}{}\n", cell(d["time"]), cell(d["signal"]), cell(d["planned"]),
        why.starts_with(result) ? "" : result, times > 1 ? fmt::format(" {} times", times) : "",
        why.starts_with(result) ? why : ": " + why, d["from"] == "journal" ? " (journal)" : "");
    print_numbers(d);
    if (!d["config"].is_null()) fmt::print("    {}\n", cell(d["config"]));
  }
  fmt::print(
      "Signals are remembered since the daemon's start, {}. Of those before it the journal has\n"
      "what became orders, and journalctl DERIVD_STRATEGY={} what a limit denied.\n",
      cell(e["signals_known_since"]), cell(e["strategy"]));
  const auto part = [&](const char* title, const char* key, auto print_row) {
    if (!e[key].is_array() || e[key].empty()) return;
    fmt::print("\n{}\n", title);
    for (const auto& row : e[key]) print_row(row);
  };
  part("last orders", "orders", [](const auto& r) {
    fmt::print("order {}  contract {}  {} {}  {}  profit {}{}{}\n", cell(r["order_id"]),
               cell(r["contract_id"]), cell(r["type"]), cell(r["stake"]), cell(r["outcome"]),
               cell(r["profit"]), r["reason"].is_null() ? "" : "  ",
               r["reason"].is_null() ? "" : cell(r["reason"]));
  });
  part("halts", "halts", [](const auto& r) {
    fmt::print("{}  {} {} ({}): {}\n", cell(r["time"]), cell(r["of"]),
               r["halted"] == true ? "halted" : "went on", cell(r["kind"]), cell(r["reason"]));
  });
  part("changes of the configuration", "config_changes", [](const auto& r) {
    fmt::print("{}  {}: {} → {} ({})\n", cell(r["time"]), cell(r["key"]), cell(r["before"]),
               cell(r["after"]), cell(r["reload"]));
  });
}

int explain(const Context& context, const Options& o) {
  const auto answer =
      ask(context, {{"cmd", "explain"}, {"strategy", o.strategy}, {"last", o.last}});
  if (answer.code != service::kCtlOk) return fail(answer.code, answer.error);
  if (context.json) {
    fmt::print("{}\n", answer.result.dump(2));
  } else {
    print_explained(answer.result);
  }
  return service::kCtlOk;
}

}  // namespace

void add_operate(Commands& commands) {
  const auto& context = commands.context();
  const auto options = std::make_shared<Options>();
  auto* sell_cmd = commands.add("sell", "sell an open contract of derivd's back to Deriv");
  sell_cmd->add_option("CONTRACT_ID", options->contract, "see derivctl positions")
      ->required()
      ->check(positive());
  auto* flatten_cmd = commands.add("flatten", "pause entries and sell what can be sold");
  flatten_cmd->add_option("NAME", options->strategy, "one strategy only");
  for (auto* c : {sell_cmd, flatten_cmd}) {
    c->add_option("--timeout", options->timeout_s, "seconds to wait for the venue's verdict")
        ->check(positive());
  }
  auto* explain_cmd = commands.add("explain", "why a strategy did or did not trade");
  explain_cmd->add_option("NAME", options->strategy, "strategy")->required();
  explain_cmd->add_option("--last", options->last, "signals, orders and changes to show")
      ->check(CLI::Range(1, 64));
  commands.on(sell_cmd, [&context, options] { return sell(context, *options); });
  commands.on(flatten_cmd, [&context, options] { return flatten(context, *options); });
  commands.on(explain_cmd, [&context, options] { return explain(context, *options); });
}

}  // namespace derivd::ctl
