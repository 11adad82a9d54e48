// A key that stands without a value says neither a value nor that there is none: an error for each
// key of the settings table and for each section, with its place and the way out of it, in every
// style of YAML and in JSON. null and ~ say that there is none.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "config/config.hpp"
#include "config/table.hpp"
#include "config/vary.hpp"

namespace derivd::config {
namespace {

constexpr std::string_view kOfStrategy = "strategies[].";

/// One key of a document with its value as written; empty: nothing.
using Keys = std::vector<std::pair<std::string, std::string>>;

/// A document in one of the styles, and where the key that is looked for stands in it.
class Document {
 public:
  enum class Style { kBlock, kFlow, kJson };

  Document(Style style, std::string_view wanted) : style_(style), wanted_(wanted) {}

  void print(Keys top, Keys strategy) {
    // A key of the minimal configuration gives way to the one at hand.
    if (style_ == Style::kBlock) {
      block(top, "", 0);
      list(strategy);
    } else {
      put("{ ");
      flow(top, "");
      put(top.empty() ? "" : ", ");
      mark("strategies");
      put(word("strategies") + ": [ { ");
      flow(strategy, std::string(kOfStrategy));
      put(" } ] }");
    }
  }
  const std::string& text() const { return text_; }
  Place place() const { return place_; }

 private:
  void put(std::string_view s) { text_ += s; }
  std::string word(std::string_view s) const {
    return style_ == Style::kJson ? "\"" + std::string(s) + "\"" : std::string(s);
  }
  void mark(std::string_view path) {
    if (path != wanted_) return;
    const auto line = std::count(text_.begin(), text_.end(), '\n');
    const auto begin = line == 0 ? 0 : text_.rfind('\n') + 1;
    place_ = {static_cast<int>(line) + 1, static_cast<int>(text_.size() - begin) + 1};
  }
  /// The keys below each first word, in order.
  static std::vector<std::pair<std::string, Keys>> grouped(const Keys& keys) {
    std::vector<std::pair<std::string, Keys>> out;
    for (const auto& [path, value] : keys) {
      const auto dot = path.find('.');
      const auto head = path.substr(0, dot);
      auto at =
          std::find_if(out.begin(), out.end(), [&](const auto& g) { return g.first == head; });
      if (at == out.end()) at = out.insert(out.end(), {head, {}});
      at->second.emplace_back(dot == std::string::npos ? "" : path.substr(dot + 1), value);
    }
    return out;
  }
  void block(const Keys& keys, const std::string& above, std::size_t indent) {
    for (const auto& [head, below] : grouped(keys)) {
      put(std::string(indent, ' '));
      mark(above + head);
      put(head + ":");
      if (below.front().first.empty()) {
        put((below.front().second.empty() ? "" : " ") + below.front().second + "\n");
      } else {
        put("\n");
        block(below, above + head + ".", indent + 2);
      }
    }
  }
  void list(const Keys& strategy) {
    put("strategies:\n  -\n");
    block(strategy, std::string(kOfStrategy), 4);
  }
  void flow(const Keys& keys, const std::string& above) {
    bool first = true;
    for (const auto& [head, below] : grouped(keys)) {
      put(std::exchange(first, false) ? "" : ", ");
      mark(above + head);
      put(word(head) + ": ");
      if (below.front().first.empty()) {
        put(below.front().second);
      } else {
        put("{ ");
        flow(below, above + head + ".");
        put(" }");
      }
    }
  }

  Style style_;
  std::string wanted_;
  std::string text_;
  Place place_;
};

constexpr std::array kStyles{Document::Style::kBlock, Document::Style::kFlow,
                             Document::Style::kJson};

/// The least that is valid, with `path` (of the table) as `written`.
Document document(Document::Style style, std::string_view path, std::string_view written) {
  Keys top;
  Keys strategy{{"name", "\"a\""},
                {"type", "\"even_odd\""},
                {"symbol", "\"R_100\""},
                {"staking.base", "1.00"}};
  const bool of_strategy = path.starts_with(kOfStrategy);
  auto& keys = of_strategy ? strategy : top;
  const auto own = std::string(of_strategy ? path.substr(kOfStrategy.size()) : path);
  std::erase_if(keys,
                [&](const auto& k) { return k.first == own || k.first.starts_with(own + "."); });
  keys.emplace_back(own, written);
  // These two are required together.
  if (own == "guards.after_losses.count") keys.emplace_back("guards.after_losses.pause", "\"1m\"");
  if (own == "guards.after_losses.pause") keys.emplace_back("guards.after_losses.count", "3");
  if (own == "guards.volatility.ticks") keys.emplace_back("guards.volatility.max", "\"1%\"");
  if (own.starts_with("guards.volatility.m")) keys.emplace_back("guards.volatility.ticks", "9");
  if (own == "guards.volatility.min") keys.emplace_back("guards.volatility.max", "\"1%\"");
  if (own == "guards.volatility.max") keys.emplace_back("guards.volatility.min", "\"0.01%\"");
  if (own == "guards.drawdown.amount") keys.emplace_back("guards.drawdown.pause", "\"1m\"");
  if (own == "guards.drawdown.pause") keys.emplace_back("guards.drawdown.amount", "3.00");
  // These mean nothing without it.
  if (own == "virtual.trades" || own == "virtual.until") keys.emplace_back("virtual.losses", "3");
  Document out(style, path);
  out.print(top, strategy);
  return out;
}

/// As the loader says it: the first strategy.
std::string in_file(std::string_view path) {
  return path.starts_with(kOfStrategy)
             ? "strategies[0]." + std::string(path.substr(kOfStrategy.size()))
             : std::string(path);
}

std::vector<Problem> problems_of(const std::string& text) {
  auto loaded = load_text(text);
  auto* problems = std::get_if<std::vector<Problem>>(&loaded);
  return problems == nullptr ? std::vector<Problem>{} : std::move(*problems);
}

/// Every section of the table.
std::set<std::string> sections() {
  std::set<std::string> out;
  for (const auto& setting : settings()) {
    auto path = std::string(setting.path);
    for (auto dot = path.rfind('.'); dot != std::string::npos; dot = path.rfind('.')) {
      path.resize(dot);
      if (path != "strategies[]") out.insert(path);
    }
  }
  return out;
}

TEST(Blank, EachKeyOfTheTableIsAnErrorWithItsPlace) {
  for (const auto& setting : settings()) {
    for (const auto style : kStyles) {
      const auto doc = document(style, setting.path, "");
      const auto problems = problems_of(doc.text());
      ASSERT_EQ(problems.size(), 1u) << setting.path << "\n" << doc.text();
      const auto& p = problems[0];
      EXPECT_EQ(p.key, in_file(setting.path)) << doc.text();
      EXPECT_EQ(std::pair(p.line, p.column), std::pair(doc.place().line, doc.place().column))
          << doc.text() << p.reason;
      EXPECT_TRUE(p.reason.starts_with("stands here without a value; ")) << p.reason;
      EXPECT_NE(p.reason.find(setting.allowed), std::string::npos) << p.reason;
      const bool may_be_null = setting.fallback == kNotSet;
      EXPECT_EQ(p.reason.find("write null for none") != std::string::npos, may_be_null) << p.reason;
    }
  }
}

TEST(Blank, EachSectionIsAnErrorWithItsPlace) {
  const auto all = sections();
  ASSERT_TRUE(all.contains("limits") && all.contains("strategies[].session")) << "of the table";
  for (const auto& section : all) {
    for (const auto style : kStyles) {
      const auto doc = document(style, section, "");
      const auto problems = problems_of(doc.text());
      ASSERT_EQ(problems.size(), 1u) << section << "\n" << doc.text();
      EXPECT_EQ(problems[0].key, in_file(section));
      EXPECT_EQ(std::pair(problems[0].line, problems[0].column),
                std::pair(doc.place().line, doc.place().column))
          << doc.text();
      EXPECT_TRUE(problems[0].reason.starts_with("stands here without any key below it; "))
          << problems[0].reason;
    }
  }
}

TEST(Blank, NullSaysThatThereIsNone) {
  for (const auto& setting : settings()) {
    for (const auto style : kStyles) {
      for (const auto* null : {"null", "~", "Null", "NULL"}) {
        if (style == Document::Style::kJson && std::string_view(null) != "null") continue;
        const auto doc = document(style, setting.path, null);
        const auto problems = problems_of(doc.text());
        EXPECT_EQ(problems.size(), setting.fallback == kRequired ? 1u : 0u)
            << doc.text() << (problems.empty() ? "" : problems[0].reason);
      }
    }
  }
  for (const auto& section : sections()) {
    if (section == "strategies[].staking") continue;  // it has a key that is required
    for (const auto style : kStyles) {
      EXPECT_TRUE(problems_of(document(style, section, "null").text()).empty()) << section;
    }
  }
}

TEST(Blank, AnEmptyTextIsNoValueEither) {
  for (const auto& setting : settings()) {
    for (const auto style : kStyles) {
      const auto doc = document(style, setting.path, "\"\"");
      const auto problems = problems_of(doc.text());
      ASSERT_FALSE(problems.empty()) << doc.text();
      EXPECT_EQ(problems[0].key, in_file(setting.path)) << doc.text();
    }
  }
}

TEST(Blank, GivenTwiceIsAnErrorWhateverTheSecondSays) {
  for (const auto& setting : settings()) {
    const auto dot = setting.path.rfind('.');
    const auto leaf = std::string(setting.path.substr(dot == std::string_view::npos ? 0 : dot + 1));
    const auto once = document(Document::Style::kFlow, setting.path, "null, " + leaf + ": ");
    const auto problems = problems_of(once.text());
    EXPECT_TRUE(std::any_of(problems.begin(), problems.end(), [](const Problem& p) {
      return p.reason.find("given twice") != std::string::npos;
    })) << once.text();
  }
}

struct Case {
  const char* text;
  int line;
  int column;
  const char* key;
};

// Lists, comments, anchors, other line ends: where the place of nothing must be found.
const Case kPlaces[] = {
    {"strategies:\n", 1, 1, "strategies"},
    {"# c\nvenue:\n  api: v3\nstrategies:", 4, 1, "strategies"},
    {"strategies:\n  - # nothing yet\n", 2, 3, "strategies[0]"},
    {"strategies:\n  -\n  - null\n", 2, 3, "strategies[0]"},
    {"limits:\n  # daily_loss: 5\nstrategies: []\n", 1, 1, "limits"},
    {"limits: { daily_loss: , max_stake: 5 }\nstrategies: []\n", 1, 11, "limits.daily_loss"},
    {"limits:\r\n  daily_loss:\r\n  max_stake: 5\r\nstrategies: []\r\n", 2, 3, "limits.daily_loss"},
    {"limits:\n  daily_loss: # unset\nstrategies: []\n", 2, 3, "limits.daily_loss"},
    {"limits:\n  daily_loss: &a\n  max_stake: *a\nstrategies: []\n", 2, 3, "limits.daily_loss"},
    {"\xef\xbb\xbflimits:\n  daily_loss:\nstrategies: []\n", 2, 3, "limits.daily_loss"},
    {"{\"limits\":{\"daily_loss\":},\"strategies\":[]}", 1, 12, "limits.daily_loss"},
    {"limits:\n  daily_loss:   \n  null_is_no_key: 1\nstrategies: []\n", 2, 3, "limits.daily_loss"},
    {"strategies:\n- name: a\n  type: even_odd\n  symbol: R_100\n  staking: { base: 1 }\n"
     "  guards:\n    hours:\n      -\n",
     7, 5, "strategies[0].guards.hours"},
    {"strategies:\n- name: a\n  type: even_odd\n  symbol: R_100\n  staking: { base: 1 }\n"
     "  params:\n    streak:\n",
     7, 5, "strategies[0].params.streak"},
    {"strategies:\n- name: a\n  type: even_odd\n  symbol: R_100\n  staking: { base: 1 }\n"
     "  guards:\n    after_losses:\n",
     7, 5, "strategies[0].guards.after_losses"},
};

TEST(Blank, IsFoundWhereItStands) {
  for (const auto& c : kPlaces) {
    const auto problems = problems_of(c.text);
    ASSERT_FALSE(problems.empty()) << c.text;
    EXPECT_EQ(problems[0].key, c.key) << c.text << problems[0].reason;
    if (std::string_view(c.key).ends_with("hours")) continue;  // the list's own place
    EXPECT_EQ(std::pair(problems[0].line, problems[0].column), std::pair(c.line, c.column))
        << c.text << problems[0].reason;
  }
}

TEST(Blank, AnAnchoredNullIsOne) {
  EXPECT_TRUE(
      problems_of("limits:\n  daily_loss: &a null\n  max_stake: *a\nstrategies: []\n").empty());
  EXPECT_TRUE(problems_of("limits: {daily_loss: ~, max_stake: null}\nstrategies: []\n").empty());
  EXPECT_TRUE(problems_of("limits:\n  daily_loss: null # none\nstrategies: []").empty());
}

TEST(Blank, InAFileOfVariationsToo) {
  const auto refused = [](std::string_view yaml, std::string_view at) {
    const auto list = load_varied(yaml);
    ASSERT_FALSE(list) << yaml;
    EXPECT_TRUE(list.error().text.starts_with(at)) << list.error().text;
  };
  refused("staking.base:\n", "1:1: staking.base: stands here without a value");
  refused("staking.base: [0.35, 0.50]\nstaking.factor:\n", "2:1: staking.factor: ");
  refused("staking.base:\n  - 0.35\n  -\n", "3:3: ");
  refused("staking.base: { from: 1, to: , step: 1 }\n", "1:26: to: ");
  refused("staking.base: [1]\nstaking.base: [2]\n", "2:1: staking.base: given twice");
  refused("staking.base: null\n", "1:15: ");
}

// Written out again with other values a blank key would be one that says null.
TEST(Blank, IsNotHiddenByAVariation) {
  const std::string file =
      "limits:\n  daily_loss:\nstrategies:\n- { name: a, type: even_odd, symbol: R_100, "
      "staking: { base: 1 } }\n";
  const std::vector<Replacement> values{{"staking.base", "2.00"}};
  const auto changed = with_values(file, values);
  ASSERT_FALSE(changed);
  EXPECT_TRUE(changed.error().text.starts_with("2:3: daily_loss: stands here without a value"))
      << changed.error().text;
}

}  // namespace
}  // namespace derivd::config
