#include "derivctl/sweep_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "derivctl/csv.hpp"

namespace derivd::ctl {
namespace {

using backtest::Judgement;
using backtest::Score;
using backtest::UnitResult;
using nlohmann::ordered_json;

constexpr std::size_t kTableRows = 20;

ordered_json numbers(const Score& s) {
  return {
      s.trades,           s.won, s.lost, s.stakes.units(), s.profit.units(), s.max_drawdown.units(),
      s.max_stake.units()};
}

ordered_json scores(const std::vector<Score>& list) {
  auto out = ordered_json::array();
  for (const auto& s : list) out.push_back(numbers(s));
  return out;
}

ordered_json head_json(const SweepHead& head) {
  const auto& q = head.question;
  ordered_json out{{"keys", q.keys},
                   {"by", name_of(q.by)},
                   {"permutations", q.permutations},
                   {"random_runs", q.random_runs},
                   {"walk_forward", q.walk_forward},
                   {"seed", head.seed},
                   {"fingerprint", head.fingerprint}};
  if (head.decimals != core::Money::kCents) out["decimals"] = head.decimals;
  return out;
}

ordered_json variant_json(const SweepHead& head, const UnitResult& r) {
  ordered_json out;
  out["n"] = r.unit + 1;
  out["values"] = ordered_json::object();
  const auto& values = head.question.values[static_cast<std::size_t>(r.unit)];
  for (std::size_t i = 0; i < values.size(); ++i) out["values"][head.question.keys[i]] = values[i];
  out["problem"] = r.problem.empty() ? ordered_json(nullptr) : ordered_json(r.problem);
  out["trades"] = r.score.trades;
  out["won"] = r.score.won;
  out["lost"] = r.score.lost;
  out["stakes"] = r.score.stakes.to_string();
  out["profit"] = r.score.profit.to_string();
  out["max_drawdown"] = r.score.max_drawdown.to_string();
  out["max_stake"] = r.score.max_stake.to_string();
  out["measure"] = value_of(r.score, head.question.by);
  return out;
}

std::string_view name_of_verdict(backtest::Verdict v) {
  switch (v) {
    case backtest::Verdict::kNothing:
      return "nothing";
    case backtest::Verdict::kNotTested:
      return "not_tested";
    case backtest::Verdict::kLuck:
      return "luck";
    case backtest::Verdict::kUnlikelyLuck:
      return "unlikely_luck";
  }
  return "?";
}

template <class T>
ordered_json or_null(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json(nullptr);
}

std::string json_text(const SweepHead& head, const std::vector<UnitResult>& results,
                      const Judgement& j) {
  ordered_json out;
  out["sweep"] = head_json(head);
  out["variants"] = ordered_json::array();
  for (std::size_t v = 0; v < head.question.values.size(); ++v) {
    out["variants"].push_back(variant_json(head, results[v]));
  }
  out["ranking"] = ordered_json::array();
  for (const auto v : j.ranking) out["ranking"].push_back(v + 1);
  out["verdict"] = {
      {"kind", name_of_verdict(j.verdict)},
      {"p_value", or_null(j.p_value)},
      {"p_random", or_null(j.p_random)},
      {"random_mean", j.p_random ? ordered_json(j.random_mean) : ordered_json(nullptr)},
      {"text", verdict_text(head.question, results, j)}};
  out["walk_forward"] = ordered_json::array();
  for (const auto& step : j.walk) {
    out["walk_forward"].push_back({{"chosen", step.chosen + 1},
                                   {"trained", step.trained},
                                   {"trades", step.judged.trades},
                                   {"profit", step.judged.profit.to_string()}});
  }
  out["walk_forward_profit"] =
      j.walk.empty() ? ordered_json(nullptr) : ordered_json(j.walk_profit.to_string());
  return out.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

using Rows = std::vector<std::vector<std::string>>;

/// A header and the variants, best first, those that were not run last.
Rows rows_of(const SweepHead& head, const std::vector<UnitResult>& results, const Judgement& j) {
  const auto& q = head.question;
  Rows rows{{"n"}};
  rows[0].insert(rows[0].end(), q.keys.begin(), q.keys.end());
  for (const auto* name :
       {"trades", "won", "lost", "stakes", "profit", "max_drawdown", "max_stake", "problem"}) {
    rows[0].emplace_back(name);
  }
  auto order = j.ranking;
  for (std::size_t v = 0; v < q.values.size(); ++v) {
    if (!results[v].problem.empty()) order.push_back(static_cast<std::int64_t>(v));
  }
  for (const auto v : order) {
    const auto& r = results[static_cast<std::size_t>(v)];
    const auto& s = r.score;
    std::vector<std::string> row{fmt::format("{}", v + 1)};
    const auto& values = q.values[static_cast<std::size_t>(v)];
    row.insert(row.end(), values.begin(), values.end());
    for (const auto n : {s.trades, s.won, s.lost}) row.push_back(fmt::format("{}", n));
    for (const auto m : {s.stakes, s.profit, s.max_drawdown, s.max_stake}) {
      row.push_back(m.to_string());
    }
    row.push_back(r.problem);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string csv_text(const Rows& rows) {
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) out += (i == 0 ? "" : ",") + csv_cell(row[i]);
    out += '\n';
  }
  return out;
}

std::string sweep_table_text(Rows rows, const std::vector<std::string>& words) {
  const auto all = rows.size() - 1;
  if (rows.size() > kTableRows + 1) rows.resize(kTableRows + 1);
  const bool problems = std::any_of(rows.begin() + 1, rows.end(),
                                    [](const auto& row) { return !row.back().empty(); });
  std::string out;
  const auto columns = rows[0].size() - (problems ? 0 : 1);
  std::vector<std::size_t> widths(columns);
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < columns; ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < columns; ++i) {
      out += i + 1 == rows[0].size() ? row[i] : fmt::format("{:>{}}  ", row[i], widths[i]);
    }
    out += '\n';
  }
  if (all > kTableRows)
    out += fmt::format("… and {} more; --format csv has all\n", all - kTableRows);
  for (const auto& line : words) out += line + "\n";
  return out;
}

}  // namespace

std::string shard_text(const SweepHead& head, const Shard& shard,
                       const std::vector<UnitResult>& results) {
  ordered_json out;
  out["derivd_sweep_shard"] = kShardVersion;
  out["shard"] = {shard.index, shard.of};
  out["sweep"] = head_json(head);
  out["values"] = head.question.values;
  out["units"] = ordered_json::array();
  for (const auto& r : results) {
    out["units"].push_back({{"unit", r.unit},
                            {"problem", r.problem},
                            {"score", numbers(r.score)},
                            {"random", scores(r.random)},
                            {"parts", scores(r.parts)},
                            {"best", r.best}});
  }
  return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string sweep_text(const SweepHead& head, const std::vector<UnitResult>& results,
                       SweepFormat format) {
  const auto judgement = backtest::judge(head.question, results);
  switch (format) {
    case SweepFormat::kJson:
      return json_text(head, results, judgement);
    case SweepFormat::kCsv:
      return csv_text(rows_of(head, results, judgement));
    case SweepFormat::kTable:
      break;
  }
  return sweep_table_text(rows_of(head, results, judgement),
                          verdict_text(head.question, results, judgement));
}

}  // namespace derivd::ctl
