// quotes record and quotes list: what the account asks for the configured contracts, dated and kept
// in the state directory, where back-test and odds find it.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/answer.hpp"
#include "common/output.hpp"
#include "common/recorded_quotes.hpp"
#include "core/counted.hpp"
#include "core/utc.hpp"
#include "derivctl/command.hpp"
#include "derivctl/price.hpp"
#include "derivctl/price_text.hpp"
#include "derivctl/table.hpp"
#include "market/kind.hpp"
#include "service/exit_code.hpp"

namespace derivd::ctl {
namespace {

using daemon::keep_recorded;
using daemon::load_recorded;
using daemon::recorded_of;
using daemon::RecordedQuote;

using daemon::at;
using daemon::is;
using daemon::shown;
using nlohmann::ordered_json;
using std::chrono::seconds;
using QuotesClock = std::chrono::steady_clock;

/// Twelve rounds a minute of a few contracts are no load; less is more than a price changes.
constexpr std::int64_t kShortestPause = 5;
constexpr std::int64_t kLongestTime = 31LL * 86'400;

struct QuotesArgs {
  std::string every;
  std::string time;
  bool once = false;
  bool all = false;
};

/// "90s", "10m", "1h", "7d" in seconds.
core::Result<seconds> span_of(std::string_view option, const std::string& text, std::int64_t low) {
  constexpr std::string_view kUnits = "smhd";
  constexpr std::int64_t kSeconds[] = {1, 60, 3600, 86'400};
  const auto unit = text.empty() ? std::string_view::npos : kUnits.find(text.back());
  const auto digits = text.substr(0, text.empty() ? 0 : text.size() - 1);
  const bool whole = unit != std::string_view::npos && !digits.empty() && digits.size() <= 7 &&
                     digits.find_first_not_of("0123456789") == std::string::npos;
  const auto out = whole ? std::stoll(digits) * kSeconds[unit] : -1;
  if (out >= low && out <= kLongestTime) return seconds(out);
  return core::invalid(fmt::format("{}: '{}' is no time from {}s to 31d, written as 90s, 10m, 1h",
                                   option, text.substr(0, 40), low));
}

/// What came of one round.
struct Round {
  std::vector<RecordedQuote> quotes;
  ordered_json recorded = ordered_json::array();
  ordered_json refused = ordered_json::array();
  ordered_json left_out = ordered_json::array();
};

ordered_json refused_row(const ordered_json& contract, std::string_view why) {
  return {{"spec", at(contract, "spec")}, {"strategy", at(contract, "strategy")}, {"reason", why}};
}

/// Of an answer that must name an account's or the public socket's price.
void take(const ordered_json& contract, const ordered_json& row, Round& round) {
  if (is(at(row, "state"), "refused")) {
    round.refused.push_back(refused_row(contract, refusal_of(row).text));
    return;
  }
  auto quote = recorded_of(row);
  if (!quote) {
    round.refused.push_back(refused_row(contract, quote.error().text));
    return;
  }
  round.quotes.push_back(std::move(*quote));
  round.recorded.push_back(row);
}

/// One after the other, so that the daemon's session never has more than one question of ours.
Answer ask_all(const Context& context, Round& round) {
  auto known = ask(context, {{"cmd", "priceable"}});
  if (known.code != service::kCtlOk) return known;
  if (at(known.result, "left_out").is_array()) round.left_out = at(known.result, "left_out");
  for (const auto* contract : daemon::rows_of(at(known.result, "contracts"))) {
    ordered_json question{{"spec", at(*contract, "spec")}};
    for (const auto* key : {"stake", "payout"}) {
      if (!at(*contract, key).is_null()) question[key] = at(*contract, key);
    }
    const auto answer = ask_price(context, std::move(question));
    if (answer.code == service::kCtlOk) {
      take(*contract, answer.result, round);
    } else if (answer.code == service::kCtlNotRunning || answer.code == service::kCtlOther) {
      return answer;
    } else {
      round.refused.push_back(refused_row(*contract, answer.error));
    }
  }
  return {{}, service::kCtlOk, {}};
}

void print_round(const Round& round, const std::string& file) {
  for (const auto& row : round.recorded) {
    out::print("{}: {} pays {} {} ({})\n", shown(at(row, "spec")), shown(at(row, "ask_price")),
               shown(at(row, "payout")), shown(at(row, "currency")), shown(at(row, "source")));
  }
  for (const auto& row : round.refused) {
    out::print("{}: not recorded: {}\n", shown(at(row, "spec")), shown(at(row, "reason")));
  }
  for (const auto& row : round.left_out) {
    out::print("{}: left out: {}\n", shown(at(row, "strategy")), shown(at(row, "reason")));
  }
  out::print("{} recorded in {}\n", core::counted(round.quotes.size(), "quote"), file);
  const bool is_public = std::ranges::any_of(
      round.quotes, [](const auto& q) { return q.list == market::PriceList::kPublic; });
  if (is_public) {
    out::print("they are the public socket's: back-tests take an account's alone\n");
  }
}

/// The exit code of the round.
int record_once(const Context& context, bool one_line) {
  Round round;
  const auto asked = ask_all(context, round);
  if (asked.code != service::kCtlOk) return fail(asked.code, asked.error);
  const auto directory = context.state_directory();
  if (!round.quotes.empty()) {
    if (const auto kept = keep_recorded(directory, round.quotes); !kept) {
      const bool damaged = kept.error().kind == core::ErrorKind::kInvalid;
      return fail(damaged ? service::kCtlRefused : service::kCtlOther, kept.error().text);
    }
  }
  const auto file = fmt::format("{}/{}", directory, daemon::kQuotesFile);
  if (context.json) {
    out::json({{"file", file},
               {"recorded", round.recorded},
               {"refused", round.refused},
               {"left_out", round.left_out}},
              one_line ? -1 : 2);
  } else {
    print_round(round, file);
  }
  if (!round.refused.empty()) return service::kCtlRefused;
  if (!round.quotes.empty()) return service::kCtlOk;
  return fail(service::kCtlNotFound, "no strategy buys a contract that has a price to ask for");
}

int record(const Context& context, const QuotesArgs& args) {
  if (args.every.empty() && args.time.empty()) return record_once(context, false);
  if (args.once) return fail(service::kCtlUsage, "--once stands beside --every or --for");
  if (args.every.empty() || args.time.empty()) {
    return fail(service::kCtlUsage, "--every and --for belong together, as --every 10m --for 1h");
  }
  const auto every = span_of("--every", args.every, kShortestPause);
  if (!every) return fail(service::kCtlUsage, every.error().text);
  const auto time = span_of("--for", args.time, 0);
  if (!time) return fail(service::kCtlUsage, time.error().text);
  const auto begin = QuotesClock::now();
  int code = service::kCtlOk;
  for (auto next = begin; next <= begin + *time; next += *every) {
    std::this_thread::sleep_until(next);
    const int round = record_once(context, true);
    out::flush();
    // Later rounds would find the same.
    if (round == service::kCtlNotFound || round == service::kCtlOther) return round;
    if (round != service::kCtlOk) code = round;
  }
  return code;
}

ordered_json quote_row_of(const RecordedQuote& q, core::VenueTime now) {
  ordered_json row;
  row["spec"] = market::encode(q.spec);
  row["symbol"] = q.spec.symbol.view();
  row["type"] = market::name_of(q.spec.type);
  row["stake"] = q.stake.to_string();
  row["payout"] = q.payout.to_string();
  row["break_even"] = static_cast<double>(q.stake.units()) / static_cast<double>(q.payout.units());
  row["spot"] = q.spot.empty() ? ordered_json(nullptr) : ordered_json(q.spot);
  row["currency"] = q.currency;
  row["source"] = market::name_of(q.list);
  row["account"] = q.account;
  row["epoch"] = q.time.s;
  row["time"] = core::utc_iso(q.time);
  row["age_s"] = now.s - q.time.s;
  return row;
}

/// The newest of each contract, stake, list and account, the latest last.
std::vector<RecordedQuote> newest(std::vector<RecordedQuote> rows) {
  std::ranges::stable_sort(rows, {}, &RecordedQuote::time);
  std::vector<RecordedQuote> out;
  for (auto i = rows.rbegin(); i != rows.rend(); ++i) {
    const bool known = std::ranges::any_of(out, [&](const RecordedQuote& o) {
      return o.spec == i->spec && o.stake == i->stake && o.list == i->list &&
             o.account == i->account && o.currency == i->currency;
    });
    if (!known) out.push_back(*i);
  }
  std::ranges::reverse(out);
  return out;
}

std::string age_of(std::int64_t age) {
  if (age < 0) return "0s";
  if (age < 120) return fmt::format("{}s", age);
  if (age < 7200) return fmt::format("{}m", age / 60);
  return age < 172'800 ? fmt::format("{}h", age / 3600) : fmt::format("{}d", age / 86'400);
}

int list(const Context& context, const QuotesArgs& args) {
  auto rows = load_recorded(context.state_directory());
  if (!rows) {
    const auto kind = rows.error().kind;
    if (kind == core::ErrorKind::kNotFound) {
      return fail(service::kCtlNotFound,
                  fmt::format("{}/{}: nothing is recorded; {} quotes record does it",
                              context.state_directory(), daemon::kQuotesFile, context.program()));
    }
    return fail(kind == core::ErrorKind::kInvalid ? service::kCtlRefused : service::kCtlOther,
                rows.error().text);
  }
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  const core::VenueTime now{std::chrono::duration_cast<seconds>(wall).count()};
  const auto shown_rows = args.all ? std::move(*rows) : newest(std::move(*rows));
  auto table = ordered_json::array();
  for (const auto& q : shown_rows) {
    auto row = quote_row_of(q, now);
    if (!context.json) {
      row["list"] = fmt::format("{} {}", market::name_of(q.list), q.account);
      row["even"] = fmt::format("{:.2f} %", 100 * row["break_even"].get<double>());
      row["age"] = age_of(now.s - q.time.s);
    }
    table.push_back(std::move(row));
  }
  if (context.json) {
    out::json({{"file", fmt::format("{}/{}", context.state_directory(), daemon::kQuotesFile)},
               {"quotes", table}});
    return service::kCtlOk;
  }
  out::show(table_text(table,
                       {"spec", "stake", "payout", {"even", 1}, {"list", 2}, "time", {"age", 1}},
                       out::look()));
  out::print("{}\n", core::counted(table.size(), "quote"));
  return service::kCtlOk;
}

}  // namespace

void add_quotes(Commands& commands) {
  const auto& context = commands.context();
  const auto args = std::make_shared<QuotesArgs>();
  auto c = commands.add("quotes", "what the account asks for the configured contracts, kept");
  c.require_command();
  auto r = c.add("record", "ask the running daemon for them, and keep them with their date");
  r.option("--every", args->every, "again and again after so long, as 10m; with --for");
  r.option("--for", args->time, "until so long has passed, as 1h");
  r.flag("--once", args->once, "one round, which is the default");
  commands.on(r, [&context, args] { return record(context, *args); });
  auto l = c.add("list", "what is recorded, by whose price list, from when, and how old it is");
  l.flag("--all", args->all, "every quote; default: the newest of each contract and stake");
  commands.on(l, [&context, args] { return list(context, *args); });
}

}  // namespace derivd::ctl
