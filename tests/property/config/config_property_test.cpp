// Any valid configuration, printed in any of YAML's styles, is loaded with exactly its values; any
// single key of it misspelt is refused with that key's place; any cut or change of its bytes never
// crashes.
#include <gtest/gtest.h>

#include "config/config.hpp"
#include "config/table.hpp"
#include "core/rng.hpp"

namespace derivd::config {
namespace {

using core::Rng;

struct Value {
  std::string written;    // as it stands in the file
  std::string canonical;  // as the table shows it
};

Value same(std::string text) { return {text, text}; }

std::string digits(Rng& rng, std::uint64_t low, std::uint64_t high) {
  return fmt::format("{}", low + rng.below(high - low + 1));
}

/// From 2.00 up, so that a base below 1.50 fits every limit.
Value amount(Rng& rng) {
  const auto cents = 200 + rng.below(1'000'000);
  const auto canonical = fmt::format("{}.{:02}", cents / 100, cents % 100);
  if (cents % 100 == 0 && rng.below(2) == 0) return {fmt::format("{}", cents / 100), canonical};
  if (cents % 10 == 0 && rng.below(2) == 0) {
    return {fmt::format("{}.{}", cents / 100, cents / 10 % 10), canonical};
  }
  return {canonical + (rng.below(4) == 0 ? "00" : ""), canonical};
}

Value count(Rng& rng, std::uint64_t high) { return same(digits(rng, 1, high)); }

Value ratio(Rng& rng, int low) {
  const auto tenths = 1 + rng.below(300);
  const auto text = fmt::format("{}.{}", low + static_cast<int>(tenths / 10), tenths % 10);
  const bool whole = tenths % 10 == 0;
  return {text, whole ? text.substr(0, text.size() - 2) : text};
}

Value span(Rng& rng) {
  switch (rng.below(4)) {
    case 0:
      return same(digits(rng, 1, 59) + "s");
    case 1:
      return same(digits(rng, 1, 59) + "m");
    case 2:
      return same(digits(rng, 1, 23) + "h");
    default: {
      const auto n = 1 + rng.below(100);
      return {fmt::format("{}s", n * 60),
              n % 60 == 0 ? fmt::format("{}h", n / 60) : fmt::format("{}m", n)};
    }
  }
}

Value word(Rng& rng, std::initializer_list<const char*> words) {
  return same(*(words.begin() + rng.below(words.size())));
}

std::string name(Rng& rng, std::size_t index) {
  constexpr std::string_view kLetters = "abcXYZ0189_-";
  std::string out = fmt::format("s{}", index);
  while (out.size() < 3 + rng.below(37)) out += kLetters[rng.below(kLetters.size())];
  return out;
}

Value clock(Rng& rng) {
  const auto text = fmt::format("{:02}:{:02} UTC", rng.below(24), rng.below(60));
  return {"\"" + text + "\"", text};
}

bool maybe(Rng& rng) { return rng.below(2) == 0; }

Value hours(Rng& rng) {
  const auto begin = rng.below(1439);
  const auto end = begin + 1 + rng.below(1439 - begin);
  const auto* zone = maybe(rng) ? "UTC" : "America/New_York";
  const auto times =
      fmt::format("{:02}:{:02}-{:02}:{:02} {}", begin / 60, begin % 60, end / 60, end % 60, zone);
  return {"[\"Tue-Thu " + times + "\"]", "[\"Tue,Wed,Thu " + times + "\"]"};
}

/// Keys of one map in order; a key with a dot belongs to a section.
using Keys = std::vector<std::pair<std::string, Value>>;

Keys any_strategy(Rng& rng, std::size_t index) {
  Keys keys;
  const auto add = [&](const char* key, Value value) { keys.emplace_back(key, std::move(value)); };
  add("name", same(name(rng, index)));
  const auto type = word(rng, {"even_odd", "rise_fall", "digit_differs"});
  add("type", type);
  add("symbol", word(rng, {"R_10", "R_50", "R_100", "1HZ100V"}));
  const bool timed = type.written == "rise_fall" && maybe(rng);
  if (timed || maybe(rng)) {
    add("contract.duration",
        timed ? word(rng, {"15s", "5m", "1h"}) : same(digits(rng, 1, 10) + "t"));
  }
  if (maybe(rng)) {
    add("staking.plan",
        word(rng, {"flat", "martingale", "dalembert", "oscars_grind", "fibonacci"}));
  }
  const auto cents = 35 + rng.below(115);
  add("staking.base", same(fmt::format("{}.{:02}", cents / 100, cents % 100)));
  if (maybe(rng)) add("staking.factor", ratio(rng, 1));
  if (maybe(rng)) add("staking.unit", ratio(rng, 0));
  if (maybe(rng)) add("staking.max_steps", count(rng, 1000));
  if (maybe(rng)) add("staking.max_stake", amount(rng));
  if (maybe(rng)) add("staking.on_cap", word(rng, {"restart", "hold"}));
  if (maybe(rng)) add("session.take_profit", amount(rng));
  if (maybe(rng)) add("session.stop_loss", amount(rng));
  if (maybe(rng)) add("session.trailing", word(rng, {"true", "false"}));
  if (maybe(rng)) add("session.resume", word(rng, {"continue", "reset"}));
  if (maybe(rng)) add("guards.max_open", count(rng, 100));
  if (maybe(rng)) add("guards.cooldown", span(rng));
  if (maybe(rng)) {
    add("guards.after_losses.count", count(rng, 1000));
    add("guards.after_losses.pause", span(rng));
  }
  if (maybe(rng)) {
    add("guards.drawdown.amount", amount(rng));
    add("guards.drawdown.pause", span(rng));
  }
  if (maybe(rng)) add("guards.max_trades_per_hour", count(rng, 100'000));
  if (maybe(rng)) add("guards.min_payout_ratio", ratio(rng, 0));
  if (maybe(rng)) add("guards.hours", hours(rng));
  if (maybe(rng)) {
    add("guards.volatility.ticks", same(digits(rng, 2, 4000)));
    add("guards.volatility.max", {"0.0250%", "0.025%"});
    if (maybe(rng)) add("guards.volatility.min", {"\"0.001%\"", "0.001%"});
  }
  if (maybe(rng)) add("group", same(name(rng, rng.below(3))));
  if (maybe(rng)) add("enabled", word(rng, {"true", "false"}));
  return keys;
}

Keys any_global(Rng& rng) {
  Keys keys;
  const auto add = [&](const char* key, Value value) {
    if (maybe(rng)) keys.emplace_back(key, std::move(value));
  };
  add("venue.api", word(rng, {"auto", "options", "v3"}));
  add("venue.app_id", same(digits(rng, 1, 99'999)));
  add("venue.account", word(rng, {"demo", "CR123456", "DOT90004580"}));
  add("venue.allow_real", word(rng, {"true", "false"}));
  add("limits.max_stake", amount(rng));
  add("limits.max_open_contracts", count(rng, 1000));
  add("limits.max_open_stake", amount(rng));
  add("limits.daily_loss", amount(rng));
  add("limits.daily_profit", amount(rng));
  add("limits.max_trades_per_day", count(rng, 1'000'000));
  add("limits.min_balance", amount(rng));
  add("limits.day_starts", clock(rng));
  add("store.path", {"\"/var/lib/a: b.db\"", "/var/lib/a: b.db"});
  add("store.keep", word(rng, {"all", "1d", "90d", "3650d"}));
  add("log.level", word(rng, {"debug", "info", "notice", "warning", "error"}));
  add("on_stop", word(rng, {"leave", "wait"}));
  add("stop_timeout", same(digits(rng, 1, 59) + "s"));
  return keys;
}

// ---- printing ----

/// JSON wants its texts in quotes; numbers, true, false, lists and quoted texts stay.
std::string json_value(const std::string& written) {
  const bool number = written.find_first_not_of("0123456789.") == std::string::npos;
  if (number || written == "true" || written == "false" || written[0] == '"' || written[0] == '[') {
    return written;
  }
  return "\"" + written + "\"";
}

enum class Style { kBlock, kFlow, kJson };

std::string print_map(Rng& rng, const Keys& keys, Style style, const std::string& indent);

/// Keys of one section, in the place of its first key.
std::string print_entries(Rng& rng, const Keys& keys, Style style, const std::string& indent) {
  std::string out;
  std::set<std::string> done;
  for (const auto& [key, value] : keys) {
    const auto dot = key.find('.');
    const auto head = key.substr(0, dot);
    if (!done.insert(head).second) continue;
    std::string text;
    if (dot == std::string::npos) {
      text = style == Style::kJson ? json_value(value.written) : value.written;
    } else {
      Keys inner;
      for (const auto& [k, v] : keys) {
        if (k.rfind(head + ".", 0) == 0) inner.emplace_back(k.substr(dot + 1), v);
      }
      text = print_map(rng, inner, style, indent + "  ");
    }
    if (style == Style::kBlock) {
      out += indent + head + ":" + (text[0] == '\n' ? "" : " ") + text +
             (text.back() == '\n' ? "" : "\n");
    } else {
      const auto quote = style == Style::kJson ? "\"" : "";
      out += fmt::format("{}{}{}{}:{}{}", out.empty() ? "" : ",", quote, head, quote,
                         style == Style::kJson && maybe(rng) ? "" : " ", text);
    }
  }
  return out;
}

std::string print_map(Rng& rng, const Keys& keys, Style style, const std::string& indent) {
  if (style == Style::kBlock && maybe(rng)) return "\n" + print_entries(rng, keys, style, indent);
  const auto inner = style == Style::kBlock ? Style::kFlow : style;
  return "{ " + print_entries(rng, keys, inner, "") + " }";
}

struct Printed {
  Keys global;
  std::vector<Keys> strategies;
  std::string text;
};

Printed any_configuration(Rng& rng) {
  Printed out;
  out.global = any_global(rng);
  for (std::size_t i = 0; i < rng.below(5); ++i) out.strategies.push_back(any_strategy(rng, i));
  const auto style = static_cast<Style>(rng.below(3));
  auto& text = out.text;
  text = print_entries(rng, out.global, style, "");
  const auto open = style == Style::kBlock  ? "strategies:"
                    : style == Style::kFlow ? "strategies: ["
                                            : "\"strategies\":[";
  if (style != Style::kBlock && !text.empty()) text += ",";
  text += open;
  bool first = true;
  for (const auto& keys : out.strategies) {
    if (style == Style::kBlock) {
      auto map = print_entries(rng, keys, style, "    ");
      map.replace(2, 1, "-");
      text += "\n" + map;
    } else {
      text += fmt::format("{}{}", first ? "" : ",", print_map(rng, keys, style, ""));
    }
    first = false;
  }
  if (style == Style::kBlock) {
    text += out.strategies.empty() ? " []\n" : "";
  } else {
    text = "{" + text + "]}";
  }
  return out;
}

std::string problems_of(const std::variant<Config, std::vector<Problem>>& result) {
  std::string out;
  for (const auto& p : std::get<std::vector<Problem>>(result)) out += format(p, "f") + "\n";
  return out;
}

const Setting& setting_of(const std::string& path) {
  for (const auto& s : settings()) {
    if (s.path == path) return s;
  }
  throw std::runtime_error(path);
}

TEST(ConfigProperty, WhatIsPrintedIsLoaded) {
  for (std::uint64_t seed = 1; seed <= 1500; ++seed) {
    Rng rng(seed);
    const auto printed = any_configuration(rng);
    auto result = load_text(printed.text);
    // v3 wants what is not drawn here: nothing to complain about otherwise.
    ASSERT_TRUE(std::holds_alternative<Config>(result)) << "seed " << seed << "\n"
                                                        << printed.text << "\n"
                                                        << problems_of(result);
    auto& config = std::get<Config>(result);
    ASSERT_EQ(config.engine.strategies.size(), printed.strategies.size());
    for (const auto& [key, value] : printed.global) {
      EXPECT_EQ(setting_of(key).show({config}), value.canonical) << "seed " << seed << " " << key;
    }
    for (std::size_t i = 0; i < printed.strategies.size(); ++i) {
      for (const auto& [key, value] : printed.strategies[i]) {
        EXPECT_EQ(setting_of("strategies[]." + key).show({config, &config.engine.strategies[i]}),
                  value.canonical)
            << "seed " << seed << " " << i << " " << key;
      }
    }
    EXPECT_TRUE(diff(config, config).empty());
  }
}

TEST(ConfigProperty, AMisspeltKeyIsNamedWithItsPlace) {
  int tried = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    Rng rng(seed);
    auto printed = any_configuration(rng);
    // An 'x' in a key of two or more letters after a line's begin or a '{': a key's first letter.
    auto& text = printed.text;
    std::vector<std::size_t> starts;
    for (const auto* key : {"staking", "session", "guards", "limits", "venue", "base", "on_stop"}) {
      for (auto at = text.find(key); at != std::string::npos; at = text.find(key, at + 1)) {
        const auto behind = at + std::string_view(key).size();
        const char before = at == 0 ? '\n' : text[at - 1];
        if ((text[behind] == ':' || text[behind] == '"') &&
            (before == ' ' || before == '\n' || before == '{' || before == ',' || before == '"')) {
          starts.push_back(at);
        }
      }
    }
    if (starts.empty()) continue;
    const auto at = starts[rng.below(starts.size())];
    text.insert(at, "x");
    const auto result = load_text(text);
    ASSERT_TRUE(std::holds_alternative<std::vector<Problem>>(result)) << text;
    const auto line =
        static_cast<int>(std::count(text.begin(), text.begin() + static_cast<long>(at), '\n')) + 1;
    const auto newline = text.rfind('\n', at);
    const bool quoted = at > 0 && text[at - 1] == '"';
    const auto column =
        static_cast<int>(at - (newline == std::string::npos ? 0 : newline + 1)) + (quoted ? 0 : 1);
    bool named = false;
    for (const auto& p : std::get<std::vector<Problem>>(result)) {
      named |= p.line == line && p.column == column && p.reason.find("unknown key") == 0;
    }
    EXPECT_TRUE(named) << "seed " << seed << " " << line << ":" << column << "\n"
                       << text << problems_of(result);
    ++tried;
  }
  EXPECT_GT(tried, 300);
}

TEST(ConfigProperty, AnyBytesAreRefusedOrTakenNeverMore) {
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    Rng rng(seed);
    auto text = any_configuration(rng).text;
    switch (rng.below(3)) {
      case 0:
        text.resize(rng.below(text.size() + 1));
        break;
      case 1:
        for (int i = 0; i < 5; ++i)
          text[rng.below(text.size())] = static_cast<char>(rng.below(256));
        break;
      default:
        for (int i = 0; i < 5; ++i) {
          constexpr std::string_view kSigns = "{}[]:,-#&*!|>'\"%@` \n\t?";
          text.insert(rng.below(text.size()), 1, kSigns[rng.below(kSigns.size())]);
        }
    }
    const auto result = load_text(text);
    if (const auto* problems = std::get_if<std::vector<Problem>>(&result)) {
      ASSERT_FALSE(problems->empty());
      const auto lines = std::count(text.begin(), text.end(), '\n') + 1;
      for (const auto& p : *problems) {
        EXPECT_GE(p.line, 1) << text;
        EXPECT_LE(p.line, lines + 1) << format(p, "f") << "\n" << text;
        EXPECT_GE(p.column, 1) << text;
        EXPECT_FALSE(p.key.empty());
        EXPECT_FALSE(p.reason.empty());
        EXPECT_EQ(format(p, "f").find('\n'), std::string::npos) << format(p, "f");
      }
    }
  }
}

}  // namespace
}  // namespace derivd::config
