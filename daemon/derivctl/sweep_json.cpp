#include "derivctl/sweep_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace derivd::ctl {
namespace {

using backtest::Judgement;
using backtest::Score;
using backtest::UnitResult;
using nlohmann::ordered_json;

constexpr int kVersion = 1;
constexpr std::size_t kMaxShardFile = 1 << 30;
constexpr std::size_t kTableRows = 20;

ordered_json numbers(const Score& s) {
  return {
      s.trades,           s.won, s.lost, s.stakes.units(), s.profit.units(), s.max_drawdown.units(),
      s.max_stake.units()};
}

Score score_from(const ordered_json& j) {
  const auto money = [&](std::size_t i) { return core::Money::minor(j.at(i).get<std::int64_t>()); };
  return {j.at(0).get<std::int64_t>(),
          j.at(1).get<std::int64_t>(),
          j.at(2).get<std::int64_t>(),
          money(3),
          money(4),
          money(5),
          money(6)};
}

ordered_json scores(const std::vector<Score>& list) {
  auto out = ordered_json::array();
  for (const auto& s : list) out.push_back(numbers(s));
  return out;
}

ordered_json head_json(const SweepHead& head) {
  const auto& q = head.question;
  return {{"keys", q.keys},
          {"by", name_of(q.by)},
          {"permutations", q.permutations},
          {"random_runs", q.random_runs},
          {"walk_forward", q.walk_forward},
          {"seed", head.seed},
          {"fingerprint", head.fingerprint}};
}

ShardFile shard_from(const ordered_json& j) {
  ShardFile out;
  const auto& sweep = j.at("sweep");
  auto& q = out.head.question;
  q.keys = sweep.at("keys").get<std::vector<std::string>>();
  q.values = j.at("values").get<std::vector<std::vector<std::string>>>();
  const auto by = backtest::measure_from(sweep.at("by").get<std::string>());
  if (!by) throw std::runtime_error("an unknown measure");
  q.by = *by;
  q.permutations = sweep.at("permutations").get<int>();
  q.random_runs = sweep.at("random_runs").get<int>();
  q.walk_forward = sweep.at("walk_forward").get<int>();
  out.head.seed = sweep.at("seed").get<std::uint64_t>();
  out.head.fingerprint = sweep.at("fingerprint").get<std::string>();
  for (const auto& values : q.values) {
    if (values.size() != q.keys.size()) throw std::runtime_error("values and keys differ");
  }
  for (const auto& u : j.at("units")) {
    UnitResult r;
    r.unit = u.at("unit").get<std::int64_t>();
    r.problem = u.at("problem").get<std::string>();
    r.score = score_from(u.at("score"));
    for (const auto& s : u.at("random")) r.random.push_back(score_from(s));
    for (const auto& s : u.at("parts")) r.parts.push_back(score_from(s));
    r.best = u.at("best").get<double>();
    const bool variant = r.unit < static_cast<std::int64_t>(q.values.size());
    const auto parts = q.walk_forward == 0 ? 0u : static_cast<std::size_t>(q.walk_forward) + 1;
    if (r.unit < 0 || r.unit >= out.head.units() ||
        (variant && r.problem.empty() && r.parts.size() != parts)) {
      throw std::runtime_error("a unit that does not belong to it");
    }
    out.results.push_back(std::move(r));
  }
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
  return out.dump(1) + "\n";
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

std::string quoted(const std::string& cell) {
  if (cell.find_first_of(",\"\n\r") == std::string::npos) return cell;
  std::string out = "\"";
  for (const char c : cell) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + '"';
}

std::string csv_text(const Rows& rows) {
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) out += (i == 0 ? "" : ",") + quoted(row[i]);
    out += '\n';
  }
  return out;
}

std::string table_text(Rows rows, const std::vector<std::string>& words) {
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
  out["derivd_sweep_shard"] = kVersion;
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
  return out.dump() + "\n";
}

core::Result<ShardFile> read_shard(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return core::Error{core::ErrorKind::kNotFound, path + ": cannot be read"};
  if (static_cast<std::size_t>(file.tellg()) > kMaxShardFile) {
    return core::invalid(path + ": too large for a shard");
  }
  file.seekg(0);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto parsed = ordered_json::parse(text, nullptr, false);
  if (!parsed.is_object() || parsed.value("derivd_sweep_shard", 0) != kVersion) {
    return core::invalid(path + ": not what derivctl sweep --shard prints, or not all of it");
  }
  try {
    return shard_from(parsed);
  } catch (const std::exception& e) {
    return core::invalid(fmt::format("{}: damaged: {}", path, e.what()));
  }
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
  return table_text(rows_of(head, results, judgement),
                    verdict_text(head.question, results, judgement));
}

}  // namespace derivd::ctl
