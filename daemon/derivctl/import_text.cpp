#include "derivctl/import_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/counted.hpp"
#include "core/printable.hpp"

namespace derivd::ctl {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kLongestName = 32;
constexpr std::size_t kLongestText = 200;

std::string shown_cell(const std::string& text) {
  auto out = core::printable(core::cut_utf8(text, kLongestText));
  if (out.size() < text.size()) out += "...";
  return out;
}

/// A text of YAML in double quotes, as JSON writes it. Bytes that are no UTF-8 are mended.
std::string import_quoted(const std::string& text) {
  return ordered_json(text).dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string listed_names(const std::vector<std::string>& list, std::string_view none) {
  std::string out;
  for (const auto& text : list)
    out += fmt::format("{}{}", out.empty() ? "" : ", ", shown_cell(text));
  return out.empty() ? std::string(none) : out;
}

void import_count(std::vector<std::pair<std::string, int>>& list, const std::string& key) {
  const auto it = std::ranges::find(list, key, &std::pair<std::string, int>::first);
  if (it == list.end()) {
    list.emplace_back(key, 1);
  } else {
    ++it->second;
  }
}

std::vector<std::pair<std::string, int>> most_first(std::vector<std::pair<std::string, int>> list) {
  std::ranges::stable_sort(list, std::greater<>(), &std::pair<std::string, int>::second);
  return list;
}

ordered_json notes_json(const std::vector<dbot::Note>& notes) {
  auto out = ordered_json::array();
  for (const auto& n : notes) out.push_back({{"line", n.line}, {"text", n.text}});
  return out;
}

ordered_json prompts_json(const std::vector<dbot::Prompt>& prompts) {
  auto out = ordered_json::array();
  for (const auto& p : prompts) {
    out.push_back({{"n", out.size() + 1},
                   {"line", p.line},
                   {"type", p.number ? "number" : "text"},
                   {"text", p.question}});
  }
  return out;
}

ordered_json blocks_json(const dbot::BlockCounts& c) {
  return {{"live", c.live},       {"disabled", c.disabled}, {"stray", c.stray},
          {"dropped", c.dropped}, {"replaced", c.replaced}, {"skipped", c.skipped}};
}

}  // namespace

std::string strategy_name_of(const std::string& path) {
  std::string out;
  for (const char c : std::filesystem::path(path).stem().string()) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (c >= 'A' && c <= 'Z') {
      out += static_cast<char>(c + 32);
    } else if (letter) {
      out += c;
    } else if (!out.empty() && out.back() != '_') {
      out += '_';
    }
    if (out.size() == kLongestName) break;
  }
  while (out.ends_with('_')) out.pop_back();
  return out.empty() || out[0] < 'a' ? "bot" + (out.empty() ? out : "_" + out) : out;
}

std::string import_yaml(const dbot::Import& import, const std::string& name,
                        const std::string& file, const std::string& symbol) {
  // As it can stand in a configuration anywhere.
  std::error_code error;
  const auto path = std::filesystem::absolute(file, error).lexically_normal().string();
  std::string out = "strategies:\n";
  out += fmt::format("  - name: {}\n    type: dbot\n    params:\n      file: {}\n", name,
                     import_quoted(error ? file : path));
  if (!symbol.empty()) out += fmt::format("      symbol: {}\n", symbol);
  if (import.prompts.empty()) return out;
  out += "      answers:  # to its questions, in this order\n";
  for (const auto& p : import.prompts) {
    out += fmt::format("        - \"\"  # {}: {}\n", p.number ? "a number" : "a text",
                       shown_cell(p.question));
  }
  return out;
}

ordered_json import_json(const dbot::Import& import, const std::string& name,
                         const std::string& file, const std::string& symbol) {
  ordered_json out;
  const bool runs = import.program != nullptr;
  out["file"] = file;
  out["can_run"] = runs;
  out["reason"] = dbot::name_of(import.reason);
  out["dialect"] = import.dialect;
  out["symbol"] = import.symbol;
  out["trade_type"] = import.trade_type;
  out["contract_types"] = import.buys;
  out["durations"] = import.durations;
  out["predictions"] = import.predictions;
  out["stakes"] = import.stakes;
  out["stake_steps"] = import.stake_steps;
  out["stops"] = import.stops;
  out["trades_again"] = import.trades_again;
  out["restarts_on_error"] = import.restarts_on_error;
  out["retries_purchase"] = import.retries_purchase;
  out["uses_random"] = import.uses_random;
  out["prompts"] = prompts_json(import.prompts);
  out["alerts"] = notes_json(import.alerts);
  out["messages"] = import.messages;
  out["blocks"] = blocks_json(import.counts);
  out["unknown_blocks"] = import.unknown;
  out["notes"] = notes_json(import.notes);
  auto problems = ordered_json::array();
  for (const auto& p : import.problems) {
    problems.push_back({{"line", p.line}, {"block", p.block}, {"text", p.text}});
  }
  out["problems"] = std::move(problems);
  out["yaml"] =
      runs ? ordered_json(import_yaml(import, name, file, symbol)) : ordered_json(nullptr);
  return out;
}

std::string import_report(const dbot::Import& import, const std::string& file) {
  const auto& c = import.counts;
  std::string out = fmt::format("{}: a {} program\n", shown_cell(file), import.dialect);
  const auto row = [&](std::string_view what, const std::string& text) {
    out += fmt::format("  {:<12} {}\n", what, text);
  };
  row("trades", fmt::format("{} ({})", shown_cell(import.symbol), shown_cell(import.trade_type)));
  row("buys", listed_names(import.buys, "nothing"));
  row("for", listed_names(import.durations, "as long as the contract lasts"));
  if (!import.predictions.empty()) row("prediction", listed_names(import.predictions, ""));
  row("stakes", listed_names(import.stakes, "nothing"));
  for (const auto& step : import.stake_steps) row("", shown_cell(step));
  row("stops at", listed_names(import.stops, "nothing that names its total profit"));
  row("after", import.trades_again ? "a trade it may begin another"
                                   : "the first trade it ends: nothing asks for another");
  row("errors", import.restarts_on_error ? "begin the last trade anew, at most ten times in a row"
                                         : "end it");
  if (import.retries_purchase) row("", "a purchase that fails is rolled back and tried again");
  if (import.uses_random) row("chance", "its random numbers come from a seed (--seed)");
  for (const auto& p : import.prompts) {
    row("asks", fmt::format("line {}: {} ({})", p.line, shown_cell(p.question),
                            p.number ? "a number" : "a text"));
  }
  for (const auto& a : import.alerts) {
    row("alerts", fmt::format("line {}: {}; a line of the journal", a.line, shown_cell(a.text)));
  }
  if (import.messages > 0)
    row("messages",
        core::counted(import.messages, "block writes", "blocks write") + " journal lines");
  row("blocks", fmt::format("{} live, {} disabled, {} stray, {} dropped, {} skipped", c.live,
                            c.disabled, c.stray, c.dropped, c.skipped));
  for (const auto& n : import.notes) {
    out += fmt::format("{}:{}: note: {}\n", shown_cell(file), n.line, shown_cell(n.text));
  }
  return out;
}

void ImportTable::add(const std::string& file, const dbot::Import& import) {
  ++files_;
  skipped_ += import.counts.skipped;
  import_count(reasons_, std::string(dbot::name_of(import.reason)));
  for (const auto& type : import.unknown) import_count(unknown_, type);
  const bool runs = import.program != nullptr;
  if (runs) ++runs_;
  const bool complete = import.reason != dbot::Reason::kMalformed &&
                        import.reason != dbot::Reason::kLibrary &&
                        import.reason != dbot::Reason::kIncomplete;
  if (complete && import.only_stock) {
    ++stock_;
    if (runs) ++stock_runs_;
  }
  if (!runs) {
    refused_.push_back({file, std::string(dbot::name_of(import.reason)),
                        dbot::format(import.problems.front(), file)});
  }
}

void ImportTable::add_run(const std::string& file, const std::string& end, std::int64_t trades,
                          const std::string& reason) {
  ++ran_;
  if (trades > 0) ++traded_;
  import_count(ends_, end);
  if (!reason.empty()) ended_.push_back({file, end, fmt::format("{}: {}: {}", file, end, reason)});
}

std::string ImportTable::text() const {
  std::string out;
  for (const auto& r : refused_) out += fmt::format("{}\n", shown_cell(r.first));
  out += fmt::format("{:>6}  {}\n", files_, "files");
  for (const auto& [reason, n] : most_first(reasons_)) out += fmt::format("{:>6}  {}\n", n, reason);
  if (!unknown_.empty()) {
    out += "blocks that are not known, by programs:\n";
    for (const auto& [type, n] : most_first(unknown_)) {
      out += fmt::format("{:>6}  {}\n", n, shown_cell(type));
    }
  }
  out += fmt::format("{} of {} complete programs of stock blocks alone can run; {} skipped\n",
                     stock_runs_, stock_, core::counted(skipped_, "block"));
  if (ran_ == 0) return out;
  for (const auto& r : ended_) out += fmt::format("{}\n", shown_cell(r.first));
  out += fmt::format("{:>6}  run over the ticks, {} of them traded\n", ran_, traded_);
  for (const auto& [end, n] : most_first(ends_))
    out += fmt::format("{:>6}  {}\n", n, shown_cell(end));
  return out;
}

ordered_json ImportTable::json() const {
  ordered_json out;
  out["files"] = files_;
  out["can_run"] = runs_;
  out["stock"] = stock_;
  out["stock_can_run"] = stock_runs_;
  out["skipped_blocks"] = skipped_;
  out["reasons"] = ordered_json::object();
  for (const auto& [reason, n] : most_first(reasons_)) out["reasons"][reason] = n;
  out["unknown_blocks"] = ordered_json::object();
  for (const auto& [type, n] : most_first(unknown_)) out["unknown_blocks"][type] = n;
  out["refused"] = ordered_json::array();
  for (const auto& r : refused_) {
    out["refused"].push_back({{"file", r.file}, {"reason", r.reason}, {"first", r.first}});
  }
  if (ran_ == 0) return out;
  out["ran"] = ran_;
  out["traded"] = traded_;
  out["ends"] = ordered_json::object();
  for (const auto& [end, n] : most_first(ends_)) out["ends"][end] = n;
  out["ended"] = ordered_json::array();
  for (const auto& r : ended_) {
    out["ended"].push_back({{"file", r.file}, {"end", r.reason}, {"first", r.first}});
  }
  return out;
}

}  // namespace derivd::ctl
