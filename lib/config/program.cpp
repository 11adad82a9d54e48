#include "config/program.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "config/value.hpp"
#include "core/counted.hpp"
#include "core/printable.hpp"
#include "dbot/import.hpp"
#include "dbot/number.hpp"
#include "market/symbol.hpp"
#include "strategy/program_spec.hpp"

namespace derivd::config {
namespace {

constexpr std::array<std::string_view, 4> kParams{"file", "answers", "symbol", "seed"};
constexpr std::size_t kMostShown = 20;
constexpr std::size_t kQuestion = 120;  // bytes of it that are shown

/// Keys that say what a program says itself.
constexpr std::array<std::string_view, 26> kMeaningless{"staking.plan",
                                                        "staking.base",
                                                        "staking.factor",
                                                        "staking.unit",
                                                        "staking.max_steps",
                                                        "staking.max_stake",
                                                        "staking.on_cap",
                                                        "staking.stakes",
                                                        "staking.advance",
                                                        "staking.percent",
                                                        "contract.type",
                                                        "contract.duration",
                                                        "contract.until",
                                                        "contract.barrier",
                                                        "contract.barrier2",
                                                        "contract.prediction",
                                                        "contract.selected_tick",
                                                        "contract.growth",
                                                        "contract.payout_per_point",
                                                        "contract.multiplier",
                                                        "contract.cancellation",
                                                        "contract.take_profit",
                                                        "contract.stop_loss",
                                                        "contract.basis",
                                                        "contract.alternate",
                                                        "virtual"};

class ProgramReader final {
 public:
  ProgramReader(const ProgramSource& source, engine::StrategySettings& settings,
                std::map<std::string, Place, std::less<>>& places, std::vector<Problem>& problems)
      : source_(source), settings_(settings), places_(places), problems_(problems) {}

  void read() {
    for (const auto key : kMeaningless) {
      if (!places_.contains(full(key))) continue;
      add(places_.at(full(key)), key,
          "has no meaning for type dbot: the program says it; leave it out");
    }
    params();
    if (!file_) {
      if (!bad_file_) {
        add(place_of("params"), "params.file",
            "is required by type dbot: the program's XML file, as params: { file: my-bot.xml }");
      }
      return;
    }
    program();
  }

 private:
  std::string full(std::string_view key) const { return fmt::format("{}.{}", source_.key, key); }
  Place place_of(std::string_view key) const {
    for (const auto& k : {full(key), full("params"), source_.key}) {
      if (const auto at = places_.find(k); at != places_.end()) return at->second;
    }
    return {1, 1};
  }
  void add(Place at, std::string_view key, std::string reason) {
    problems_.push_back({at.line, at.column, full(key), std::move(reason)});
  }

  void params() {
    if (source_.params == nullptr) return;
    std::map<std::string_view, Place, std::less<>> seen;
    for (const auto& e : source_.params->entries) {
      const auto key = fmt::format("params.{}", e.key.size() <= 40 ? e.key : shown(e.key));
      if (std::ranges::find(kParams, e.key) == kParams.end()) {
        const auto guess = did_you_mean(e.key, kParams);
        add(e.place, key,
            fmt::format("unknown parameter of dbot{}{} allowed: {}", guess,
                        guess.empty() ? ";" : "", join(kParams)));
      } else if (const auto [first, fresh] = seen.try_emplace(e.key, e.place); !fresh) {
        add(e.place, key,
            fmt::format("given twice, first in line {}; keep one", first->second.line));
      } else if (e.value.blank) {
        bad_file_ |= e.key == "file";
        add(e.place, key, "stands here without a value");
      } else if (!e.value.is_null()) {
        places_[full(key)] = e.value.place;
        param(e, key);
      }
    }
  }

  void param(const YamlNode::Entry& e, const std::string& key) {
    if (e.key == "answers") return answers(e.value, key);
    const auto text = read_text(e.value);
    if (!text) {
      bad_file_ |= e.key == "file";
      return add(e.value.place, key, text.error().text);
    }
    if (e.key == "file") file_ = *text;
    if (e.key == "symbol") symbol(e.value, *text, key);
    if (e.key != "seed") return;
    const auto seed = read_count(e.value, 0, 2'147'483'647);
    if (!seed) return add(e.value.place, key, seed.error().text);
    settings_.program.seed = static_cast<std::uint64_t>(*seed);
  }

  void symbol(const YamlNode& node, const std::string& text, const std::string& key) {
    if (!market::is_symbol_code(text)) {
      bad_symbol_ = true;
      return add(
          node.place, key,
          fmt::format("{} is not a symbol; allowed: one as R_100 or 1HZ100V, or leave it out "
                      "for the program's own",
                      shown(node)));
    }
    settings_.program.symbol = text;
  }

  void answers(const YamlNode& node, const std::string& key) {
    if (node.kind != YamlNode::Kind::kList || node.items.size() > kMaxAnswers) {
      return add(node.place, key,
                 fmt::format("{} where a list of at most {} answers is wanted, as [\"1\", \"10\"]",
                             shown(node), kMaxAnswers));
    }
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const auto& item = node.items[i];
      if (item.kind != YamlNode::Kind::kScalar || item.text.size() > kMaxAnswer) {
        add(item.place, fmt::format("{}[{}]", key, i),
            fmt::format("{} where an answer is wanted: a text or a number", shown(item)));
        continue;
      }
      settings_.program.answers.push_back(item.text);
    }
  }

  void program() {
    auto& p = settings_.program;
    p.file = *file_;
    const auto at = place_of("params.file");
    const auto path = file_->starts_with('/') ? *file_ : std::string(source_.directory) + *file_;
    const auto read = read_file(path, dbot::kMaxXmlBytes);
    if (!read) {
      return add(at, "params.file",
                 fmt::format("{} {}; allowed: a Deriv Bot or Binary Bot program, by a path that is "
                             "absolute or relative to this file",
                             core::printable(path), read.error().text));
    }
    const auto import = dbot::import_program(*read, p.symbol);
    if (import.program == nullptr) return refuse(import, at);
    p.program = import.program;
    market(import, at);
    for (const auto& type : import.buys) {
      if (strategy::is_bought(type)) continue;
      add(at, "params.file",
          fmt::format("{}: buys {}, which Deriv does not sell any more", *file_, type));
    }
    statistics(at);
    numbers(import);
    if (p.answers.size() < import.prompts.size()) {
      const auto& missing = import.prompts[p.answers.size()];
      add(place_of("params.answers"), "params.answers",
          fmt::format("{}:{}: the program asks {} and {} answered; the next one is "
                      "\"{}\" ({})",
                      *file_, missing.line, core::counted(import.prompts.size(), "question"),
                      core::counted(p.answers.size(), "is", "are"),
                      core::printable(core::cut_utf8(missing.question, kQuestion)),
                      missing.number ? "a number" : "a text"));
    }
  }

  /// They are counted from ticks by the barrier of the symbol, which follows from its volatility.
  void statistics(Place at) {
    const auto& p = *settings_.program.program;
    const auto* symbol = market::find_symbol(p.symbol);
    if (p.stat_line == 0 || symbol == nullptr || symbol->sigma_percent != 0) return;
    add(at, "params.file",
        fmt::format(
            "{}:{}: the statistics of accumulators are not known on {}; params.symbol names "
            "a volatility index",
            *file_, p.stat_line, p.symbol));
  }

  /// A question for a number that gets none makes a stake of none, found out with the first trade.
  void numbers(const dbot::Import& import) {
    const auto& answers = settings_.program.answers;
    for (std::size_t i = 0; i < std::min(answers.size(), import.prompts.size()); ++i) {
      const auto& prompt = import.prompts[i];
      if (!prompt.number || !std::isnan(dbot::leading_number_of(answers[i]))) continue;
      add(place_of("params.answers"), fmt::format("params.answers[{}]", i),
          fmt::format("{} is no number, and {}:{} asks for one: \"{}\"", shown(answers[i]), *file_,
                      prompt.line, core::printable(core::cut_utf8(prompt.question, kQuestion))));
    }
  }

  /// Every reason, with its own place in the program.
  void refuse(const dbot::Import& import, Place at) {
    for (std::size_t i = 0; i < std::min(kMostShown, import.problems.size()); ++i) {
      add(at, "params.file", dbot::format(import.problems[i], *file_));
    }
    if (import.problems.size() > kMostShown) {
      add(at, "params.file",
          fmt::format("and {} further problems of {}; derivctl import dbot names them all",
                      import.problems.size() - kMostShown, *file_));
    }
  }

  void market(const dbot::Import& import, Place at) {
    if (bad_symbol_) return;
    const auto& symbol = import.program->symbol;
    if (!market::is_symbol_code(symbol)) {
      return add(at, "params.file",
                 fmt::format("{} trades {}, which is not a symbol; params.symbol names another",
                             *file_, shown(symbol)));
    }
    const auto given = places_.find(full("symbol"));
    if (given != places_.end() && !source_.refused.contains(full("symbol")) &&
        settings_.symbol != market::SymbolCode(symbol)) {
      add(given->second, "symbol",
          fmt::format("is {}, and the program trades {}; leave it out, or write params.symbol to "
                      "trade another one",
                      settings_.symbol, symbol));
    }
    settings_.symbol = market::SymbolCode(symbol);
  }

  const ProgramSource& source_;
  engine::StrategySettings& settings_;
  std::map<std::string, Place, std::less<>>& places_;
  std::vector<Problem>& problems_;
  std::optional<std::string> file_;
  bool bad_file_ = false;
  bool bad_symbol_ = false;
};

}  // namespace

void read_program(const ProgramSource& source, engine::StrategySettings& settings,
                  std::map<std::string, Place, std::less<>>& places,
                  std::vector<Problem>& problems) {
  settings.program = {};
  settings.program.money_decimals = settings.staking.base.exponent();
  ProgramReader(source, settings, places, problems).read();
}

std::string show_program(const strategy::ProgramSettings& program) {
  auto out =
      fmt::format("{{ file: {}, fingerprint: {}", program.file, strategy::fingerprint_of(program));
  if (!program.symbol.empty()) out += fmt::format(", symbol: {}", program.symbol);
  if (program.seed != 1) out += fmt::format(", seed: {}", program.seed);
  if (!program.answers.empty()) {
    out += ", answers: [";
    for (std::size_t i = 0; i < program.answers.size(); ++i) {
      out += fmt::format("{}{}", i == 0 ? "" : ", ", shown(program.answers[i]));
    }
    out += "]";
  }
  return out + " }";
}

}  // namespace derivd::config
