// What the fuzz targets of derivctl's readers do with one input, apart from libFuzzer, so that the
// unit tests can play the committed corpus in every build.
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>

#include "backtest/payouts.hpp"
#include "common/answer.hpp"
#include "common/recorded_quotes.hpp"
#include "common/symbol_cache.hpp"
#include "config/vary.hpp"
#include "core/printable.hpp"
#include "derivctl/answer_text.hpp"
#include "derivctl/go_trader.hpp"
#include "derivctl/payout_source.hpp"
#include "derivctl/price_text.hpp"
#include "derivctl/proof_read.hpp"
#include "derivctl/report_page.hpp"
#include "derivctl/report_source.hpp"
#include "derivctl/sweep_json.hpp"
#include "proof/probe.hpp"

namespace derivd::ctl::fuzz {

inline void demand(bool holds) {
  if (!holds) std::abort();
}

/// Lines that may go to a terminal as they are.
inline void demand_clean(const std::string& text) { demand(core::printable_lines(text) == text); }

/// An error is a sentence; what it repeats of the input is cleaned where it leaves the program.
inline void demand_told(const core::Error& error) { demand(!error.text.empty()); }

/// Any bytes as the cache of symbols, with and without the checksum that they would need: what is
/// read is written as it was, whatever it is.
inline void symbols(std::string_view input) {
  for (const auto& bytes : {std::string(input), daemon::sealed(input)}) {
    const auto read = daemon::read_symbols(bytes);
    if (!read) {
      demand_told(read.error());
      continue;
    }
    const auto written = daemon::write_symbols(*read);
    const auto again = daemon::read_symbols(written);
    demand(again.has_value() && daemon::write_symbols(*again) == written);
    for (const auto* info : read->all()) {
      demand(!read->source().empty() && read->find(info->code) == info);
      (void)read->closed_text(info->code, read->asked());
    }
  }
}

/// Any bytes as the answer of a daemon, shown in every way that there is.
inline void answer(std::string_view input) {
  const auto reply = daemon::reply_of(input);
  if (!reply) return demand_told(reply.error());
  demand_clean(reply->error);
  const auto& result = reply->result;
  demand_clean(daemon::shown(result));
  demand(daemon::shown(result).size() < 4 * daemon::kMaxShownText);
  for (const auto& text : {status_text(result), explained_text(result), standing_text(result, ""),
                           standing_text(result, "s"), stats_text(result), trades_text(result),
                           table_text(result, {"name", "strategy", "reason"})}) {
    demand_clean(text);
  }
  demand_clean(price_text(result));
  demand_clean(refusal_of(result).text);
  if (const auto quote = daemon::recorded_of(result)) demand(quote->stake.units() > 0);
  // A cell in quotes may hold what a line of a table may not.
  static_cast<void>(trades_csv(result));
  for (const auto* row : daemon::rows_of(result)) {
    static_cast<void>(daemon::id_of(daemon::at(*row, "contract_id")));
    static_cast<void>(daemon::whole_of(daemon::at(*row, "times")));
  }
}

/// Any bytes as the output of a back-test, reported in every form.
inline void backtest(std::string_view input) {
  for (const auto* strategy : {"", "s"}) {
    ReportFilter filter;
    filter.strategy = strategy;
    auto bytes = daemon::ByteSource::of(input);
    const auto source = read_backtest(bytes, filter);
    if (!source) return demand_told(source.error());
    const auto analysis = report::analyse(source->trades);
    demand(analysis.total.settled == static_cast<std::int64_t>(source->trades.size()));
    demand(analysis.total.won + analysis.total.lost + analysis.total.even ==
           analysis.total.settled);
    demand_clean(text_report(*source, analysis));
    const auto page = html_report(*source, analysis, core::WallTime{});
    demand_clean(page);
    demand(page.find("<script") == std::string::npos);
  }
}

/// Shards of a sweep, a NUL between two, put together and shown in every form.
inline void shards(std::string_view input) {
  ShardSum sum;
  bool any = false;
  while (!input.empty()) {
    const auto end = std::min(input.find('\0'), input.size());
    auto bytes = daemon::ByteSource::of(input.substr(0, end));
    input.remove_prefix(std::min(end + 1, input.size()));
    auto shard = read_shard(bytes);
    if (!shard) return demand_told(shard.error());
    // What was read is what is written, and is read again.
    const auto again = shard_text(shard->head, Shard{}, shard->results);
    auto copy = daemon::ByteSource::of(again);
    const auto twice = read_shard(copy);
    demand(twice && twice->head == shard->head && twice->results.size() == shard->results.size());
    if (const auto added = sum.add(std::move(*shard), "a shard"); !added) {
      return demand_told(added.error());
    }
    any = true;
  }
  if (!any) return;
  const auto results = sum.take();
  if (!results) return demand_told(results.error());
  for (const auto format : {SweepFormat::kTable, SweepFormat::kCsv, SweepFormat::kJson}) {
    demand(!sweep_text(sum.head(), *results, format).empty());
  }
}

/// Any bytes as a file of payouts: ratios, or trades; and as the option's own words.
inline void payouts(std::string_view input) {
  auto bytes = daemon::ByteSource::of(input);
  const auto read = read_payouts(bytes);
  const auto parsed = backtest::Payouts::parse(input);
  for (const auto* all : {&read, &parsed}) {
    if (!*all) {
      demand_told(all->error());
      continue;
    }
    demand(!(*all)->identity().empty());
    market::ContractSpec spec;
    spec.symbol = "R_100";
    spec.type = market::ContractType::kDigitOdd;
    spec.duration = {1, market::ContractDuration::Unit::kTicks};
    if (!(*all)->has(spec)) continue;
    const market::Tick tick{"R_100", {1'782'023'684}, core::Price::raw(30'001, 2)};
    const auto pays = (*all)->payout(spec, core::Money::minor(100), tick);
    demand(pays.units() >= 0 && pays.units() <= 100 * backtest::kMaxRatio + 1);
  }
}

/// Any bytes as a file of recorded quotes: what is read is written as it was, and what back-tests
/// pay by it is within bounds.
inline void quotes(std::string_view input) {
  auto bytes = daemon::ByteSource::of(input);
  const auto rows = daemon::read_recorded(bytes);
  if (!rows) return demand_told(rows.error());
  demand(rows->size() <= daemon::kMaxRecorded);
  const auto written = daemon::write_recorded(*rows);
  auto copy = daemon::ByteSource::of(written);
  const auto again = daemon::read_recorded(copy);
  demand(again.has_value() && daemon::write_recorded(*again) == written);
  const auto newest = daemon::newest_of(*rows, core::Money::kCents);
  demand(newest.quotes.empty() || (newest.first <= newest.last && !newest.account.empty()));
  for (const auto& row : *rows) {
    demand(row.stake.units() > 0 && row.payout.units() > 0);
    if (!newest.quotes.has(row.spec)) continue;
    const auto pays = newest.quotes.payout(row.spec, core::Money::minor(100), {1'782'023'684});
    demand(pays.units() >= 0 && pays.units() <= 100 * (backtest::kMaxRatio + 1));
    demand(newest.quotes.price(row.spec, core::Money::minor(100), {1}).units() >= 0);
  }
}

/// Any bytes as a file of what a sweep varies, and as the option's own words.
inline void vary(std::string_view input) {
  const auto list = config::load_varied(input);
  if (list) {
    demand(list->size() <= config::kMaxVariedKeys);
    for (const auto& one : *list) demand(one.values.size() <= config::kMaxVariedValues);
  } else {
    demand_told(list.error());
  }
  if (const auto one = config::parse_varied(input); !one) demand_told(one.error());
}

/// Any bytes as a message of the venue to a proof: every probe judges what it says, and nothing of
/// the account is kept.
inline void proof(std::string_view input) {
  const auto message = nlohmann::json::parse(input, nullptr, false);
  const auto& symbol = *market::find_symbol("R_100");
  const market::Tick latest{symbol.code, {1'790'000'000}, core::Price::raw(34'200, 2)};
  demand(redacted(message, "DEMO77")
             .dump(-1, ' ', false, nlohmann::json::error_handler_t::ignore)
             .find("DEMO77") == std::string::npos);
  for (const auto dialect : {deriv::Dialect::kOptions, deriv::Dialect::kV3}) {
    const ReadAs as{dialect, symbol};
    for (const auto& probe : derivd::proof::probes()) {
      derivd::proof::Seen seen;
      seen.symbol = symbol;
      if (probe.asks != nullptr) {
        for (const auto& request : probe.asks({symbol, latest})) {
          seen.answers.push_back(read_answer(request, message, as));
          demand_clean(seen.answers.back().refusal);
          (void)derivd::proof::with_choice(request, symbol, seen.answers.back().refusal);
        }
      } else if (probe.buys != nullptr) {
        derivd::proof::Course course;
        course.bought = probe.buys({symbol, latest});
        course.payout = core::Money::minor(190);
        course.start = {1'790'000'001};
        course.ticks = read_ticks(message, as);
        read_contract(message, as, course);
        seen.courses = {course, course};
      }
      demand(!probe.judge(seen).seen.empty());
    }
  }
}

/// Any bytes as the JSON of deriv-go-trader and, a newline between two words, as its flags. What is
/// taken is a configuration, or derivd's own checks say why not.
inline void go_trader(std::string_view input) {
  std::vector<std::string> words;
  for (auto rest = input; !rest.empty() && words.size() <= kMaxSeedWords;) {
    const auto end = std::min(rest.find('\n'), rest.size());
    words.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  for (auto import : {import_seed_json(input, {"", "/nowhere/a.js", "f.json"}),
                      import_seed_flags(words, {"", "/nowhere/a.js", ""})}) {
    demand(import.can_run() != import.yaml.empty());
    check_seed(import, {});
    demand_clean(seed_report(import));
    for (const auto& problem : import.problems) demand(!problem.empty());
    demand(seed_json(import)["can_run"] == import.can_run());
  }
}

}  // namespace derivd::ctl::fuzz
