// docs/strategies.md and config/examples against the tables of the code: what there is stands
// there, and what stands there is there.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "config/config.hpp"
#include "config/contract.hpp"
#include "config/table.hpp"
#include "engine/spec.hpp"
#include "rules/words.hpp"
#include "staking/plan.hpp"
#include "strategy/registry.hpp"

namespace derivd::config {
namespace {

std::string file(const std::string& name) {
  std::ifstream in(std::string(DERIVD_SOURCE) + "/" + name);
  EXPECT_TRUE(in) << name;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

/// From a heading to the next one.
std::string section(const std::string& page, const std::string& heading) {
  const auto begin = page.find("\n## " + heading + "\n");
  EXPECT_NE(begin, std::string::npos) << heading;
  return page.substr(begin + 1, page.find("\n## ", begin + 1) - begin);
}

/// What stands in code marks.
std::set<std::string> marked(const std::string& text) {
  std::set<std::string> out;
  const std::regex mark("`([^`]+)`");
  for (std::sregex_iterator it(text.begin(), text.end(), mark), end; it != end; ++it) {
    out.insert((*it)[1]);
  }
  return out;
}

/// The line of a table whose first cell is this word.
std::string row(const std::string& text, std::string_view first) {
  const auto begin = text.find("\n| `" + std::string(first) + "` |");
  if (begin == std::string::npos) return {};
  return text.substr(begin + 1, text.find('\n', begin + 1) - begin - 1);
}

const std::string& page() {
  // Without its blocks of YAML, whose fences are marks of another kind.
  static const auto text =
      std::regex_replace(file("docs/strategies.md"), std::regex("```[^`]*```"), "");
  return text;
}

TEST(StrategiesPage, HasEveryTypeWithItsParameters) {
  const auto types = section(page(), "Types");
  const auto all = marked(page());
  for (const auto& type : strategy::strategy_types()) {
    const auto line = row(types, type.name);
    EXPECT_NE(line, "") << type.name;
    EXPECT_TRUE(all.contains("type: " + std::string(type.name)) || type.programmed) << type.name;
    // Those behind the last bar but one are the parameters.
    const auto params = marked(line.substr(line.rfind('|', line.size() - 2)));
    std::set<std::string> wanted;
    for (const auto& p : type.params) wanted.emplace(p.name);
    if (type.is_scripted) wanted = {"file", "answers", "cpu", "memory", "seed"};
    if (type.programmed) wanted = {"file", "answers", "symbol", "seed"};
    EXPECT_EQ(params, wanted) << type.name;
  }
}

TEST(StrategiesPage, HasEveryContractAndNoOther) {
  const auto words = marked(section(page(), "Contracts"));
  const auto names = contract_type_names();
  for (const auto name : names) EXPECT_TRUE(words.contains(std::string(name))) << name;
  for (const auto& word : words) {
    if (!std::regex_match(word, std::regex("[A-Z]{3,}"))) continue;
    EXPECT_NE(std::find(names.begin(), names.end(), word), names.end()) << word;
  }
}

TEST(StrategiesPage, HasEveryPlanWithItsKeys) {
  const auto plans = section(page(), "Stake plans");
  for (const auto& plan : staking::plan_types()) {
    const auto line = row(plans, plan.name);
    const auto keys = marked(line.empty() ? line : line.substr(line.rfind('|', line.size() - 2)));
    EXPECT_NE(line, "") << plan.name;
    EXPECT_EQ(keys.contains("factor"), plan.uses_factor) << plan.name;
    EXPECT_EQ(keys.contains("unit"), plan.uses_unit) << plan.name;
    EXPECT_EQ(keys.contains("max_steps"), plan.uses_max_steps) << plan.name;
    EXPECT_EQ(keys.contains("stakes"), plan.uses_stakes) << plan.name;
    EXPECT_EQ(keys.contains("percent"), plan.uses_percent) << plan.name;
  }
}

TEST(StrategiesPage, HasEveryKeyOfStrategiesAndLimits) {
  const auto all = marked(page());
  const auto has = [&](std::string_view key) {
    return all.contains(std::string(key)) || all.contains(std::string(key) + ":");
  };
  for (const auto& setting : settings()) {
    std::string_view path = setting.path;
    const bool limit = path.starts_with("limits.");
    const bool of_strategy = path.starts_with("strategies[].");
    if (!limit && !of_strategy) continue;
    path.remove_prefix(path.rfind('.') + 1);
    const std::string_view whole = setting.path;
    const bool plain = whole == "strategies[]." + std::string(path);  // name, type, symbol, …
    if (plain || path == "type" || path == "plan") continue;
    EXPECT_TRUE(has(path)) << setting.path;
  }
}

TEST(StrategiesPage, HasEveryWordOfRulesAndNoOther) {
  const auto text = section(page(), "Words of rules");
  const auto words = marked(text);
  for (const auto& word : rules::words()) {
    EXPECT_TRUE(words.contains(std::string(word.name))) << word.name;
  }
  const auto table = text.substr(text.find("| of | words |"));
  for (const auto& word : marked(table)) EXPECT_NE(rules::find_word(word), nullptr) << word;
}

TEST(StrategiesPage, HasEverythingThatAScriptSees) {
  const auto words = marked(section(page(), "Scripts"));
  const auto prelude = file("daemon/script_host/prelude.hpp");
  const std::regex given("give\\('(\\w+)'");
  std::size_t seen = 0;
  for (std::sregex_iterator it(prelude.begin(), prelude.end(), given), end; it != end; ++it) {
    const std::string name = (*it)[1];
    // A crossing is a word of rules, and Date is JavaScript's own.
    if (rules::find_word(name) != nullptr || name == "Date") continue;
    EXPECT_TRUE(words.contains(name)) << name;
    ++seen;
  }
  EXPECT_GT(seen, 10U);
  const auto machine = file("daemon/script_host/machine.cpp");
  const std::regex called("\"(on[A-Z]\\w+)\"");
  std::set<std::string> handlers;
  for (std::sregex_iterator it(machine.begin(), machine.end(), called), end; it != end; ++it) {
    handlers.insert((*it)[1]);
  }
  EXPECT_GE(handlers.size(), 5U);
  for (const auto& name : handlers) EXPECT_TRUE(words.contains(name)) << name;
}

// ---- examples ----

struct Used {
  std::set<std::string> types;
  std::set<std::string> plans;
  std::set<std::string> words;
  std::set<std::string> indicators;
};

void add_words(const rules::Expr& expr, Used& used) {
  for (const auto& node : expr.nodes) {
    if (node.kind == rules::Node::Kind::kValue) used.words.emplace(rules::info_of(node.word).name);
  }
}

Used used_by_examples() {
  Used used;
  const auto folder = std::filesystem::path(DERIVD_SOURCE) / "config" / "examples";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".yaml") continue;
    const auto loaded = load_file(entry.path().string());
    if (const auto* problems = std::get_if<std::vector<Problem>>(&loaded)) {
      ADD_FAILURE() << format(problems->at(0), entry.path().string());
      continue;
    }
    for (const auto& s : std::get<Config>(loaded).engine.strategies) {
      used.types.insert(s.type);
      used.plans.emplace(staking::find_plan(s.staking.plan)->name);
      for (const auto& rule : s.rules.rules) {
        add_words(rule.when, used);
        if (rule.buy.prediction) add_words(*rule.buy.prediction, used);
        if (rule.buy.barrier) add_words(rule.buy.barrier->value, used);
      }
      if (s.type != "indicator") continue;
      const auto& spec = strategy::find_type(s.type)->params.front();
      used.indicators.insert(strategy::text_of(spec, s.params.at("indicator")));
    }
  }
  return used;
}

TEST(Examples, ShowEveryTypePlanAndWord) {
  const auto used = used_by_examples();
  for (const auto& type : strategy::strategy_types()) {
    EXPECT_TRUE(used.types.contains(std::string(type.name))) << type.name;
  }
  for (const auto& plan : staking::plan_types()) {
    EXPECT_TRUE(used.plans.contains(std::string(plan.name))) << plan.name;
  }
  for (const auto& word : rules::words()) {
    EXPECT_TRUE(used.words.contains(std::string(word.name))) << word.name;
  }
  for (const auto word : strategy::find_type("indicator")->params.front().words) {
    EXPECT_TRUE(used.indicators.contains(std::string(word))) << word;
  }
}

}  // namespace
}  // namespace derivd::config
