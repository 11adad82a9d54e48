#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>
#include <utility>

#include "config/checks.hpp"
#include "config/config.hpp"
#include "config/program.hpp"
#include "config/table.hpp"
#include "config/tree.hpp"
#include "config/value.hpp"
#include "core/currency.hpp"
#include "core/printable.hpp"
#include "staking/plan.hpp"
#include "strategy/registry.hpp"

namespace derivd::config {
namespace {

/// A file of the wrong kind has a problem in each line; nobody reads more.
constexpr std::size_t kMaxProblems = 200;

constexpr std::string_view kStrategies = "strategies";
constexpr std::string_view kStrategy = "strategies[]";
constexpr std::string_view kStaking = "strategies[].staking";

/// A key below a section: a value of the table, a section of its own, or the list of strategies.
struct Child {
  enum class Kind : std::uint8_t { kValue, kSection, kList };
  std::string_view name;
  Kind kind;
  const Setting* setting;  // kValue
};

/// What the table has directly below `section` ("" at the top), in its order.
std::vector<Child> children_of(std::string_view section) {
  std::vector<Child> out;
  for (const auto& setting : settings()) {
    auto rest = setting.path;
    if (!section.empty()) {
      if (!rest.starts_with(section) || rest.size() <= section.size() ||
          rest[section.size()] != '.') {
        continue;
      }
      rest.remove_prefix(section.size() + 1);
    }
    const auto end = rest.find_first_of(".[");
    const auto name = rest.substr(0, end);
    const auto known =
        std::find_if(out.begin(), out.end(), [&](const Child& c) { return c.name == name; });
    if (known != out.end()) continue;
    const auto kind = end == std::string_view::npos ? Child::Kind::kValue
                      : rest[end] == '['            ? Child::Kind::kList
                                                    : Child::Kind::kSection;
    out.push_back({name, kind, kind == Child::Kind::kValue ? &setting : nullptr});
  }
  return out;
}

std::string below(std::string_view parent, std::string_view name) {
  return parent.empty() ? std::string(name) : fmt::format("{}.{}", parent, name);
}

class Loader final {
 public:
  Loader(std::string_view directory, const market::Symbols& symbols) : directory_(directory) {
    config_.engine.symbols = symbols;
  }

  std::variant<Config, std::vector<Problem>> load(std::string_view text) {
    auto parsed = parse_yaml(text);
    if (auto* problem = std::get_if<Problem>(&parsed)) return std::vector{std::move(*problem)};
    const auto& root = std::get<YamlNode>(parsed);
    if (const auto decimals = money_decimals(root)) config_.engine.money_decimals = *decimals;
    Target target{config_};
    apply_defaults(target);
    if (root.kind == YamlNode::Kind::kMap) {
      section(&root, root.place, "", "", target);
    } else if (root.is_null()) {
      add({1, 1}, std::string(kStrategies),
          "the file is empty; needed: at least 'strategies:', a list that may be empty ([])");
    } else {
      add(root.place, "yaml",
          fmt::format("the file is {}; needed: keys as 'venue:', 'strategies:'", kind_name(root)));
    }
    Checked checked{config_, refused_,   std::move(params_), std::move(rules_),
                    text,    directory_, problems_};
    check_together(checked);
    name_strategies(config_.warnings);
    if (problems_.empty()) return std::move(config_);
    sort_problems();
    name_strategies(problems_);
    return std::move(problems_);
  }

 private:
  /// venue.currency decides how every amount is read, wherever it stands in the file.
  static std::optional<std::uint8_t> money_decimals(const YamlNode& root) {
    const auto below = [](const YamlNode& map, std::string_view key) -> const YamlNode* {
      for (const auto& entry : map.entries)
        if (entry.key == key) return &entry.value;
      return nullptr;
    };
    const auto* venue = below(root, "venue");
    const auto* currency = venue == nullptr ? nullptr : below(*venue, "currency");
    return currency == nullptr ? std::nullopt : core::decimals_of(currency->text);
  }

  void sort_problems() {
    std::stable_sort(problems_.begin(), problems_.end(), [](const Problem& a, const Problem& b) {
      return std::pair(a.line, a.column) < std::pair(b.line, b.column);
    });
    if (problems_.size() <= kMaxProblems) return;
    const auto& last = problems_[kMaxProblems];
    Problem rest{last.line, last.column, last.key,
                 fmt::format("{} (and {} further problems)", last.reason,
                             problems_.size() - kMaxProblems - 1)};
    problems_.resize(kMaxProblems);
    problems_.push_back(std::move(rest));
  }

  /// People know a strategy by its name, not by its place in the list.
  void name_strategies(std::vector<Problem>& problems) const {
    const auto& all = config_.engine.strategies;
    for (auto& p : problems) {
      for (std::size_t i = 0; i < all.size() && p.strategy.empty(); ++i) {
        const auto key = fmt::format("{}[{}]", kStrategies, i);
        if (p.key == key || p.key.starts_with(key + ".")) p.strategy = all[i].name.str();
      }
    }
  }

  void add(Place at, std::string key, std::string reason) {
    refused_.insert(key);
    problems_.push_back({at.line, at.column, std::move(key), std::move(reason)});
  }

  /// `path` is the section in the table, `key` the same as the file says it. A section that the
  /// file leaves out has no map: what it requires is missing then.
  void section(const YamlNode* map, Place at, std::string_view path, const std::string& key,
               Target& target) {
    const auto children = children_of(path);
    std::map<std::string_view, Place> seen;
    if (map != nullptr) {
      const auto& entries = map->entries;
      for (std::size_t i = 0; i < entries.size(); ++i) {
        const auto& entry = entries[i];
        auto comma = i + 1 < entries.size() && core::Name::fits(entry.key)
                         ? decimal_comma(entry.value, entries[i + 1])
                         : std::optional<std::string>{};
        if (comma) {
          add(entry.value.place, below(key, entry.key), std::move(*comma));
          seen.try_emplace(entry.key, entry.place);
          ++i;  // what stands behind the comma is no key
          continue;
        }
        const auto child = std::find_if(children.begin(), children.end(),
                                        [&](const Child& c) { return c.name == entry.key; });
        if (child == children.end()) {
          unknown(entry, key, children);
        } else if (const auto [first, fresh] = seen.try_emplace(child->name, entry.place); !fresh) {
          problems_.push_back(
              {entry.place.line, entry.place.column, below(key, entry.key),
               fmt::format("given twice, first in line {}; keep one", first->second.line)});
        } else {
          descend(*child, entry, path, key, target);
        }
      }
    }
    for (const auto& child : children) {
      if (seen.count(child.name)) continue;
      missing(child, at, path, key, target);
    }
  }

  /// YAML takes `key:value` for one text.
  static std::string_view missing_blank(std::string_view text) {
    const auto colon = text.find(':');
    const bool tight = colon != std::string_view::npos && colon > 0 && colon + 1 < text.size() &&
                       text[colon + 1] != '/' && text[colon + 1] != ' ';
    return tight ? ", because a blank is missing behind the colon" : "";
  }
  void unknown(const YamlNode::Entry& entry, const std::string& key,
               const std::vector<Child>& children) {
    std::vector<std::string_view> names;
    names.reserve(children.size());
    for (const auto& child : children) names.push_back(child.name);
    const auto guess = did_you_mean(entry.key, names);
    // As it stands in the file, but not more of it than a message can bear.
    const auto name =
        entry.key.size() <= 40 && entry.key.find_first_of("\n\r\t\x1b") == std::string::npos
            ? entry.key
            : shown(entry.key);
    problems_.push_back({entry.place.line, entry.place.column, below(key, name),
                         fmt::format("unknown key{}{}{} allowed: {}", missing_blank(entry.key),
                                     guess, guess.empty() ? ";" : "", join(names))});
  }

  void descend(const Child& child, const YamlNode::Entry& entry, std::string_view path,
               const std::string& key, Target& target) {
    const auto name = below(key, entry.key);
    switch (child.kind) {
      case Child::Kind::kValue:
        return value(*child.setting, entry, name, target);
      case Child::Kind::kList:
        return strategies(entry);
      case Child::Kind::kSection: {
        const auto sub = below(path, child.name);
        if (entry.value.blank) {
          blank_section(entry, sub, name);
        } else if (entry.value.is_null()) {
          if (!is_optional_section(sub)) section(nullptr, entry.place, sub, name, target);
        } else if (entry.value.kind == YamlNode::Kind::kMap) {
          config_.places[name] = entry.value.place;
          section(&entry.value, entry.value.place, sub, name, target);
        } else {
          wrong_section(entry, sub, name);
        }
      }
    }
  }

  void wrong_section(const YamlNode::Entry& entry, const std::string& path,
                     const std::string& name) {
    std::vector<std::string_view> names;
    for (const auto& c : children_of(path)) names.push_back(c.name);
    add(entry.value.place, name,
        fmt::format("{} where a map of keys is wanted{}; allowed: {}", shown(entry.value),
                    entry.value.kind == YamlNode::Kind::kScalar && !entry.value.quoted
                        ? missing_blank(entry.value.text)
                        : "",
                    join(names)));
    for (const auto& c : children_of(path)) refused_.insert(below(name, c.name));
  }

  /// What an unset variable of a template leaves behind says neither a value nor that there is
  /// none; taken for "none" it would be no limit.
  void blank_section(const YamlNode::Entry& entry, const std::string& path,
                     const std::string& name) {
    std::vector<std::string_view> names;
    bool needed = false;
    for (const auto& c : children_of(path)) {
      names.push_back(c.name);
      refused_.insert(below(name, c.name));
      needed |= c.setting != nullptr && c.setting->fallback == kRequired;
    }
    add(entry.place, name,
        fmt::format("stands here without any key below it; {}allowed: {}",
                    needed && !is_optional_section(path) ? "" : "write null for none, ",
                    join(names)));
  }

  static std::string without_value(const Setting& setting) {
    constexpr std::string_view kWithout = "stands here without a value; ";
    if (setting.fallback == kRequired) {
      return fmt::format("{}it is required, allowed: {}", kWithout, setting.allowed);
    }
    if (setting.fallback == kNotSet) {
      return fmt::format("{}write null for none, allowed: {}", kWithout, setting.allowed);
    }
    return fmt::format("{}leave the key out for its default ({}), allowed: {}", kWithout,
                       setting.fallback, setting.allowed);
  }

  void value(const Setting& setting, const YamlNode::Entry& entry, const std::string& name,
             Target& target) {
    if (entry.value.blank) return add(entry.place, name, without_value(setting));
    if (entry.value.is_null()) {
      if (setting.fallback == kRequired) {
        add(entry.place, name, fmt::format("is required; allowed: {}", setting.allowed));
      }
      return;
    }
    config_.places[name] = entry.value.place;
    if (auto reason = setting.apply(target, entry.value)) {
      add(entry.value.place, name, std::move(*reason));
    }
  }

  void missing(const Child& child, Place at, std::string_view path, const std::string& key,
               Target& target) {
    const auto name = below(key, child.name);
    switch (child.kind) {
      case Child::Kind::kValue:
        // A program says its symbol and its stakes itself.
        if (programmed_ && (path == kStrategy || path == kStaking) && name_of_program(child.name)) {
          return;
        }
        // The first of a table's stakes is its base.
        if (path == kStaking && child.name == "base" && has_table(target)) return;
        if (child.setting->fallback == kRequired) {
          add(at, name, fmt::format("is required; allowed: {}", child.setting->allowed));
        }
        return;
      case Child::Kind::kList:
        add(at, name, "is required: a list of strategies, [] for none");
        return;
      case Child::Kind::kSection: {
        const auto sub = below(path, child.name);
        if (!is_optional_section(sub)) section(nullptr, at, sub, name, target);
      }
    }
  }

  void strategies(const YamlNode::Entry& entry) {
    const auto& list = entry.value;
    if (list.kind != YamlNode::Kind::kList) {
      add(list.is_null() ? entry.place : list.place, std::string(kStrategies),
          fmt::format("{} where a list is wanted; allowed: a list of strategies, [] for none",
                      shown(list)));
      return;
    }
    if (list.items.size() > kMaxStrategies) {
      add(list.items[kMaxStrategies].place, std::string(kStrategies),
          fmt::format("more than {} strategies", kMaxStrategies));
      return;
    }
    config_.engine.strategies.resize(list.items.size());
    params_.resize(list.items.size(), nullptr);
    rules_.resize(list.items.size(), nullptr);
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      strategy(list.items[i], list.items[i].place, i);
    }
  }

  void strategy(const YamlNode& item, Place at, std::size_t index) {
    const auto key = fmt::format("{}[{}]", kStrategies, index);
    Target target{config_, &config_.engine.strategies[index]};
    auto& base = config_.engine.strategies[index].staking.base;
    base = core::Money::minor(0, config_.engine.money_decimals);  // a program has no other
    apply_defaults(target);
    if (item.kind != YamlNode::Kind::kMap) {
      add(at, key,
          fmt::format("{} where a strategy is wanted: a map with name, type, symbol, "
                      "staking",
                      shown(item)));
      for (const auto* part : {"name", "type", "symbol", "staking.base"}) {
        refused_.insert(below(key, part));
      }
      return;
    }
    config_.places[key] = at;
    programmed_ = is_programmed(item);
    section(&item, at, kStrategy, key, target);
    programmed_ = false;
    params_[index] = target.params;
    rules_[index] = target.rules;
  }

  static bool is_programmed(const YamlNode& strategy) {
    return std::any_of(strategy.entries.begin(), strategy.entries.end(), [](const auto& e) {
      const auto* type = e.key == "type" ? strategy::find_type(e.value.text) : nullptr;
      return type != nullptr && type->programmed;
    });
  }
  static bool has_table(const Target& target) {
    const auto* plan = staking::find_plan(target.strategy->staking.plan);
    return plan != nullptr && plan->uses_stakes;
  }
  static bool name_of_program(std::string_view key) { return key == "symbol" || key == "base"; }

  std::string_view directory_;
  bool programmed_ = false;  // the strategy at hand
  Config config_;
  std::set<std::string, std::less<>> refused_;
  std::vector<const YamlNode*> params_;
  std::vector<const YamlNode*> rules_;
  std::vector<Problem> problems_;
};

}  // namespace

core::Result<std::string> read_file(const std::string& path, std::size_t most) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return core::io_error(fmt::format("cannot be read: {}", std::strerror(errno)));
  struct stat info {};
  std::string text;
  std::string reason;
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) reason = "is not a regular file";
  while (reason.empty() && text.size() <= most) {
    const auto old = text.size();
    text.resize(old + 65536);
    const auto n = ::read(fd, text.data() + old, 65536);
    text.resize(old + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n == 0) break;
    if (n < 0 && errno != EINTR) reason = fmt::format("cannot be read: {}", std::strerror(errno));
  }
  ::close(fd);
  if (!reason.empty()) return core::io_error(std::move(reason));
  return text;
}

std::string_view directory_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash + 1);
}

std::string instance_of(const std::string& path) {
  const std::filesystem::path file(path);
  const bool packaged = file.parent_path() == "/etc/derivd" && file.extension() == ".yaml";
  return packaged ? file.stem().string() : std::string{};
}

std::string format(const Problem& problem, std::string_view file) {
  // Of a file that cannot be read there is no line to look at.
  if (problem.line == 0) return core::printable(fmt::format("{}: {}", file, problem.reason));
  return core::printable(
      fmt::format("{}:{}:{}: {}{}{}{}", file, problem.line, problem.column, problem.key,
                  problem.key.empty() ? "" : ": ", problem.reason,
                  problem.strategy.empty() ? "" : fmt::format(" (strategy {})", problem.strategy)));
}

std::variant<Config, std::vector<Problem>> load_text(std::string_view text,
                                                     std::string_view directory,
                                                     const market::Symbols& symbols) {
  return Loader(directory, symbols).load(text);
}

std::variant<Config, std::vector<Problem>> load_file(const std::string& path,
                                                     const market::Symbols& symbols) {
  const auto read = read_file(path, kMaxFile);
  if (!read) return std::vector{Problem{0, 0, "", "the configuration file " + read.error().text}};
  auto loaded = load_text(*read, directory_of(path), symbols);
  const auto name = instance_of(path);
  if (auto* config = std::get_if<Config>(&loaded); !name.empty() && name != "derivd" && config) {
    config->ctl += fmt::format(" --name {}", name);
  }
  return loaded;
}

}  // namespace derivd::config
