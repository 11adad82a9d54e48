#include "derivctl/go_trader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <map>

#include "config/config.hpp"
#include "config/tree.hpp"
#include "core/check.hpp"
#include "core/decimal.hpp"
#include "core/nearest.hpp"
#include "core/printable.hpp"

namespace derivd::ctl {
namespace {

using core::Decimal;

constexpr std::size_t kLongestShown = 40;
constexpr std::int64_t kMostCount = 1'000'000;

/// A flag, the key of the JSON that becomes it, and what it is where it is left out. A JSON without
/// a key gives the flag Go's zero, which is another value.
struct Setting {
  std::string_view flag;
  std::string_view key;
  std::string_view fallback;
  std::string_view fallback_of_json;
  bool is_text;
};
constexpr std::array kSettings{
    Setting{"strategy", "strategy", "even_odd", "", true},
    Setting{"symbol", "symbol", "R_10", "", true},
    Setting{"stake", "initial_stake", "0.35", "0", false},
    Setting{"target_profit", "target_profit", "30", "0", false},
    Setting{"stop_loss", "stop_loss", "20", "0", false},
    Setting{"martingale", "martingale", "1", "0", false},
    Setting{"streak", "streak_threshold", "1", "0", false},
    Setting{"duration", "duration", "0", "0", false},
    Setting{"unit", "duration_unit", "t", "t", true},
    Setting{"barrier", "barrier", "", "", true},
    Setting{"multiplier", "multiplier", "100", "0", false},
    Setting{"trailing_stop", "use_trailing_stop", "true", "false", false},
};
/// Where the program's README says another default than its code has.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kSaidOtherwise{
    {{"martingale", "2.1"}, {"target_profit", "10"}, {"stop_loss", "50"}}};
/// Keys of its config.json, which holds no strategy.
constexpr std::array<std::string_view, 4> kOfSettings{"deriv_api_token", "mongo_uri", "openai_key",
                                                      "openai_model"};
constexpr std::array<std::string_view, 6> kStrategies{"even_odd",     "rise_fall",  "differs",
                                                      "higher_lower", "multiplier", "custom"};

std::string shown_word(std::string_view text) {
  return fmt::format("'{}'", core::printable(core::cut_utf8(std::string(text), kLongestShown)));
}

/// A text as YAML writes it: a plain word as it is, anything else in double quotes, as JSON does.
std::string in_yaml(const std::string& text) {
  const bool plain = !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  });
  if (plain) return text;
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string listed_words(std::span<const std::string_view> words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

struct Given {
  std::string text;
  std::string where;  // "-stake", "FILE:3:5: initial_stake"
  bool is_there = false;
};
using AllGiven = std::map<std::string_view, Given>;

const Setting* find_setting(std::string_view name, std::string_view Setting::*as) {
  const auto at = std::ranges::find(kSettings, name, as);
  return at == kSettings.end() ? nullptr : &*at;
}

AllGiven defaults(bool of_json) {
  AllGiven out;
  for (const auto& s : kSettings) {
    out[s.flag] = {std::string(of_json ? s.fallback_of_json : s.fallback),
                   of_json ? std::string(s.key) : fmt::format("-{}", s.flag), false};
  }
  return out;
}

// ---- flags, as Go's package flag reads them ----

class Flags final {
 public:
  Flags(std::span<const std::string> words, SeedImport& out) : words_(words), out_(out) {}

  AllGiven read() {
    if (words_.size() > kMaxSeedWords) {
      problem(fmt::format("more than {} words, which is no command line of deriv-go-trader",
                          kMaxSeedWords));
      return given_;
    }
    // What stands before the first flag starts the program: "go run main.go", "./deriv_trade".
    while (at_ < words_.size() && !words_[at_].starts_with('-')) ++at_;
    while (at_ < words_.size() && one()) continue;
    return given_;
  }

 private:
  void problem(std::string text) { out_.problems.push_back(std::move(text)); }

  /// False: the program reads no further.
  bool one() {
    const auto& word = words_[at_++];
    std::string_view name = word;
    if (!name.starts_with('-') || name == "-") {
      problem(
          fmt::format("{} is no flag: deriv-go-trader stops reading there, so that it and what "
                      "follows it do nothing; a switch is written -trailing_stop=false",
                      shown_word(word)));
      return false;
    }
    name.remove_prefix(name.starts_with("--") ? 2 : 1);
    if (name.empty()) return false;  // "--" ends the flags
    const auto equals = name.find('=');
    const bool has_value = equals != std::string_view::npos;
    const auto value = has_value ? name.substr(equals + 1) : std::string_view{};
    name = name.substr(0, equals);
    const auto* setting = find_setting(name, &Setting::flag);
    if (setting == nullptr) return unknown(name, has_value);
    if (has_value) return take(*setting, value);
    if (setting->flag == "trailing_stop") return take(*setting, "true");
    if (at_ == words_.size()) {
      problem(fmt::format("-{}: stands without a value", name));
      return false;
    }
    return take(*setting, words_[at_++]);
  }

  /// The value of what is not known may be a secret. The program reads no further; the rest is read
  /// here all the same, so that every reason is told at once.
  bool unknown(std::string_view name, bool has_value) {
    std::array<std::string_view, kSettings.size()> names;
    std::ranges::transform(kSettings, names.begin(), &Setting::flag);
    const auto near = core::nearest(name, names);
    problem(fmt::format("-{}: is no flag of deriv-go-trader{}; it has -{}",
                        core::printable(core::cut_utf8(std::string(name), kLongestShown)),
                        near ? fmt::format(", did you mean -{}?", *near) : "",
                        fmt::join(names, ", -")));
    if (!has_value && at_ < words_.size() && !words_[at_].starts_with('-')) ++at_;
    return true;
  }

  bool take(const Setting& setting, std::string_view value) {
    auto& entry = given_[setting.flag];
    if (entry.is_there) {
      out_.notes.push_back(fmt::format("{} is given twice; the last one counts", entry.where));
    }
    entry.text = std::string(value);
    entry.is_there = true;
    return true;
  }

  std::span<const std::string> words_;
  SeedImport& out_;
  AllGiven given_ = defaults(false);
  std::size_t at_ = 0;
};

// ---- JSON ----

class Json final {
 public:
  Json(std::string_view text, const SeedOptions& options, SeedImport& out)
      : text_(text), options_(options), out_(out) {}

  AllGiven read() {
    // JSON is YAML, and that reader knows the place of each value and keeps numbers as written.
    const auto parsed = config::parse_yaml(text_);
    if (const auto* problem = std::get_if<config::Problem>(&parsed)) {
      out_.problems.push_back(config::format(*problem, options_.file));
      return given_;
    }
    const auto& root = std::get<config::YamlNode>(parsed);
    if (root.kind != config::YamlNode::Kind::kMap) {
      problem(root.place, "",
              fmt::format("the file is {}; needed: an object, as "
                          R"({{"strategy": "even_odd", "initial_stake": 0.35, ...}})",
                          config::kind_name(root)));
      return given_;
    }
    for (const auto& entry : root.entries) one(entry);
    return given_;
  }

 private:
  std::string where(config::Place at, std::string_view key) const {
    return fmt::format("{}:{}:{}{}{}", core::printable(options_.file), at.line, at.column,
                       key.empty() ? "" : ": ",
                       core::printable(core::cut_utf8(std::string(key), kLongestShown)));
  }
  void problem(config::Place at, std::string_view key, std::string_view text) {
    out_.problems.push_back(fmt::format("{}: {}", where(at, key), text));
  }

  void one(const config::YamlNode::Entry& entry) {
    const auto& value = entry.value;
    if (std::ranges::find(kOfSettings, entry.key) != kOfSettings.end()) {
      return problem(entry.place, entry.key,
                     "is of deriv-go-trader's config.json, which holds no strategy; hand the token "
                     "to 'derivctl token set'");
    }
    if (entry.key == "script") return script(entry);
    const auto* setting = find_setting(entry.key, &Setting::key);
    if (setting == nullptr) return unknown(entry);
    if (value.kind != config::YamlNode::Kind::kScalar || value.quoted != setting->is_text) {
      return problem(value.place, entry.key,
                     setting->is_text ? "a text in quotes is wanted"
                                      : "a number, or true or false, is wanted, without quotes");
    }
    auto& given = given_[setting->flag];
    if (given.is_there) return problem(entry.place, entry.key, "given twice; keep one");
    given = {value.text, where(value.place, entry.key), true};
  }

  void script(const config::YamlNode::Entry& entry) {
    if (entry.value.kind != config::YamlNode::Kind::kScalar || !entry.value.quoted) {
      return problem(entry.value.place, entry.key, "a text in quotes is wanted");
    }
    if (!entry.value.text.empty()) out_.script = entry.value.text;
  }

  void unknown(const config::YamlNode::Entry& entry) {
    std::array<std::string_view, kSettings.size()> names;
    std::ranges::transform(kSettings, names.begin(), &Setting::key);
    const auto near = core::nearest(entry.key, names);
    const auto guess = near ? fmt::format(", did you mean '{}'?", *near) : std::string{};
    problem(entry.place, entry.key,
            fmt::format("deriv-go-trader's start takes no such key{}; it has {}, script", guess,
                        fmt::join(names, ", ")));
  }

  std::string_view text_;
  const SeedOptions& options_;
  SeedImport& out_;
  AllGiven given_ = defaults(true);
};

// ---- what it means ----

class Translator final {
 public:
  Translator(const AllGiven& given, const SeedOptions& options, SeedImport& out)
      : given_(given), options_(options), out_(out) {}

  void run() {
    const auto& kind = text("strategy");
    if (std::ranges::find(kStrategies, kind) == kStrategies.end()) {
      return problem("strategy", fmt::format("{} is no strategy of deriv-go-trader, which has {}",
                                             shown_word(kind), listed_words(kStrategies)));
    }
    out_.strategy = kind;
    base_ = amount("stake");
    target_ = amount("target_profit");
    head(kind);
    if (kind == "custom") {
      custom();
    } else if (kind == "multiplier") {
      multiplier();
    } else {
      signal(kind);
    }
    staking(kind == "custom" || kind == "multiplier");
    session(kind == "custom");
    differences(kind);
    if (!out_.problems.empty()) return;
    for (const auto& line : lines_) out_.yaml += line + "\n";
  }

 private:
  const std::string& text(std::string_view flag) const { return given_.at(flag).text; }
  bool is_there(std::string_view flag) const { return given_.at(flag).is_there; }
  void problem(std::string_view flag, std::string_view text) {
    out_.problems.push_back(fmt::format("{}: {}", given_.at(flag).where, text));
  }
  void note(std::string text) { out_.notes.push_back(std::move(text)); }
  void line(std::string text) { lines_.push_back("    " + std::move(text)); }

  void head(const std::string& kind) {
    lines_.emplace_back("strategies:");
    lines_.push_back(
        fmt::format("  - name: {}", options_.name.empty() ? kind : in_yaml(options_.name)));
    line(fmt::format("type: {}", kind == "differs"  ? "digit_differs"
                                 : kind == "custom" ? "script"
                                                    : kind));
    if (text("symbol").empty()) problem("symbol", "is empty; the program would trade nothing");
    line(fmt::format("symbol: {}", in_yaml(text("symbol"))));
  }

  // ---- values ----

  std::optional<Decimal> number(std::string_view flag) {
    const auto value = Decimal::parse(text(flag));
    if (value) return *value;
    problem(flag, fmt::format("{} is not a plain decimal number", shown_word(text(flag))));
    return std::nullopt;
  }

  /// Above 0, in whole cents.
  std::optional<std::int64_t> amount(std::string_view flag) {
    const auto value = number(flag);
    if (!value) return std::nullopt;
    const auto cents = core::Money::from(*value);
    if (cents && cents->units() > 0) return cents->units();
    problem(flag, fmt::format("{} is no amount for derivd; allowed: above 0, at most 2 decimals",
                              shown_word(text(flag))));
    return std::nullopt;
  }
  static std::string cents(std::int64_t value) { return core::Money::minor(value).to_string(); }
  /// Half of it; half a cent more where there is one, since the program compares with >=.
  static std::int64_t half(std::int64_t value) { return (value + 1) / 2; }

  std::optional<std::int64_t> count(std::string_view flag, std::int64_t low) {
    const auto& word = text(flag);
    std::int64_t value = 0;
    const auto* end = word.data() + word.size();
    const auto [at, error] = std::from_chars(word.data(), end, value);
    if (error == std::errc{} && at == end && value >= low && value <= kMostCount) return value;
    problem(flag, fmt::format("{} is not a whole number from {} to {}", shown_word(word), low,
                              kMostCount));
    return std::nullopt;
  }

  /// As Go reads one.
  std::optional<bool> truth(std::string_view flag) {
    constexpr std::array<std::string_view, 6> kTrue{"1", "t", "T", "true", "TRUE", "True"};
    constexpr std::array<std::string_view, 6> kFalse{"0", "f", "F", "false", "FALSE", "False"};
    if (std::ranges::find(kTrue, text(flag)) != kTrue.end()) return true;
    if (std::ranges::find(kFalse, text(flag)) != kFalse.end()) return false;
    problem(flag, fmt::format("{} is neither true nor false", shown_word(text(flag))));
    return std::nullopt;
  }

  /// The program takes 2 for every duration that is not above 0.
  std::int64_t duration() {
    constexpr std::int64_t kOfTheProgram = 2;
    const auto given = count("duration", -kMostCount);
    return given && *given > 0 ? *given : kOfTheProgram;
  }

  // ---- parts of the strategy ----

  void signal(const std::string& kind) {
    if (kind != "differs") {
      if (const auto streak = count("streak", 1))
        line(fmt::format("params: {{ streak: {} }}", *streak));
    }
    auto contract = fmt::format("duration: {}t", duration());
    const auto& unit = text("unit");
    if (kind == "higher_lower") {
      constexpr std::array<std::string_view, 5> kUnits{"t", "s", "m", "h", "d"};
      const auto& given = unit.empty() ? kUnits.front() : std::string_view(unit);
      if (std::ranges::find(kUnits, given) == kUnits.end()) {
        problem("unit", fmt::format("{} is no unit; the program has {}", shown_word(unit),
                                    listed_words(kUnits)));
      }
      contract = fmt::format("duration: {}{}, barrier: {}", duration(), given, barrier());
    } else if (unit != "t" && !unit.empty()) {
      note(fmt::format("{}: {} counts in ticks in deriv-go-trader, whatever it says; so here",
                       given_.at("unit").where, kind));
    }
    line(fmt::format("contract: {{ {} }}", contract));
  }

  /// The program drops its sign and takes + for a rise, - for a fall, as higher_lower does.
  std::string barrier() {
    std::string_view rest = text("barrier");
    if (rest.starts_with('+') || rest.starts_with('-')) rest.remove_prefix(1);
    const auto value = Decimal::parse(rest);
    const bool plain = !rest.empty() && rest.front() >= '0' && rest.front() <= '9';
    if (plain && value && value->mantissa > 0) return value->to_string();
    problem("barrier", rest.empty()
                           ? std::string("higher_lower needs one, as +0.1")
                           : fmt::format("{} is no distance", shown_word(text("barrier"))));
    return {};
  }

  void custom() {
    if (out_.script && options_.script_file.empty()) {
      out_.problems.push_back(
          "script: a script is a file for derivd; --script FILE says where to write it");
    } else if (options_.script_file.empty()) {
      problem("strategy",
              "custom takes its program from the variable STRATEGY_SCRIPT; save it to a file and "
              "name that with --script FILE");
    }
    // As it can stand in a configuration anywhere.
    std::error_code error;
    const auto path =
        std::filesystem::absolute(options_.script_file, error).lexically_normal().string();
    line(fmt::format("params: {{ file: {} }}", in_yaml(error ? options_.script_file : path)));
    line(fmt::format("contract: {{ duration: {}t }}", duration()));
    if (const auto& unit = text("unit"); unit != "t" && !unit.empty()) {
      note(fmt::format("{}: custom counts in ticks in deriv-go-trader, whatever it says; so here",
                       given_.at("unit").where));
    }
  }

  /// The program sells such a contract by itself, which is what `exit:` of a strategy does.
  void multiplier() {
    if (const auto streak = count("streak", 1))
      line(fmt::format("params: {{ streak: {} }}", *streak));
    const auto times = count("multiplier", -kMostCount);
    constexpr std::int64_t kOfTheProgram = 100;
    line(fmt::format("contract: {{ multiplier: {} }}",
                     times && *times > 0 ? *times : kOfTheProgram));
    const auto& unit = text("unit");
    if (unit != "t" && unit != "s" && unit != "m" && !unit.empty()) {
      problem("unit",
              fmt::format("{}: multiplier takes every unit but t and m for seconds; write s "
                          "or m",
                          shown_word(unit)));
    }
    if (!target_ || !base_) return;
    line(fmt::format("exit: {{ profit: {}, loss: {}, after: {}{} }}", cents(half(*target_)),
                     cents(half(*base_)), duration(), unit.empty() ? "t" : unit));
    note(
        "multiplier: ticks that come while a contract is open count towards the next streak; "
        "deriv-go-trader does not look at them");
    if (unit == "t" || unit.empty()) {
      note(
          "multiplier: deriv-go-trader counts updates of the contract, about one for each tick; "
          "derivd counts ticks");
    }
  }

  void staking(bool always_flat) {
    const auto factor = number("martingale");
    if (!factor || !base_) return;
    const Decimal one{1, 0};
    if (*factor < one && !always_flat) {
      return problem("martingale",
                     fmt::format("{} would lower the stake after a loss, which no plan of derivd "
                                 "does; allowed: 1, or more",
                                 shown_word(text("martingale"))));
    }
    if (always_flat || *factor == one) {
      line(fmt::format("staking: {{ plan: flat, base: {} }}", cents(*base_)));
      if (always_flat && is_there("martingale") && *factor != one) {
        note(fmt::format("{}: has no meaning for {} in deriv-go-trader; so here",
                         given_.at("martingale").where, out_.strategy));
      }
      return;
    }
    line(fmt::format("staking: {{ plan: martingale, base: {}, factor: {} }}", cents(*base_),
                     factor->to_string()));
    note(
        "staking: every stake is reckoned from the base, base x factor^n, and rounded once; "
        "deriv-go-trader rounds each from the last one, which can be a cent off. A break-even "
        "leaves the stake where it is; there it counts as a loss");
  }

  void session(bool without_limits) {
    const auto stop = amount("stop_loss");
    const auto trailing = truth("trailing_stop");
    if (!target_ || !stop || !trailing) return;
    line(fmt::format("session: {{ take_profit: {}, stop_loss: {}, trailing: {} }}", cents(*target_),
                     cents(*stop), *trailing));
    if (without_limits) {
      note(
          "session: deriv-go-trader holds a custom strategy to no target and no stop; derivd does");
    }
  }

  void differences(const std::string& kind) {
    for (const auto& [flag, other] : kSaidOtherwise) {
      const auto& given = given_.at(flag);
      if (given.is_there || !given.where.starts_with('-')) continue;
      note(fmt::format("{}: left out, so {}, which is what the program takes; its README says {}",
                       given.where, given.text, other));
    }
    if (kind == "even_odd" || kind == "differs") {
      note(
          fmt::format("{}: the last digit is that of the quote with all its decimals; "
                      "deriv-go-trader drops zeros at its end, or adds some, and takes another one",
                      kind));
    }
    note(
        "guards.max_open: one contract at a time; deriv-go-trader lets several overlap on one "
        "stake");
    note(
        "session.stop_loss: is never passed, open contracts counted as lost; deriv-go-trader looks "
        "after each result");
  }

  const AllGiven& given_;
  const SeedOptions& options_;
  SeedImport& out_;
  std::optional<std::int64_t> base_;    // cents
  std::optional<std::int64_t> target_;  // cents
  std::vector<std::string> lines_;
};

/// What a key of the YAML comes from, as the user gave it.
std::string source_of(std::string_view key, bool of_json) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kFrom{
      {{"symbol", "symbol"},
       {"params.streak", "streak"},
       {"contract.barrier", "barrier"},
       {"contract.multiplier", "multiplier"},
       {"contract", "duration"},
       {"exit", "duration"},
       {"staking.base", "stake"},
       {"staking.factor", "martingale"},
       {"session.take_profit", "target_profit"},
       {"session.stop_loss", "stop_loss"},
       {"", "strategy"}}};
  if (key == "name") return "--name";
  if (key.starts_with("params.file")) return "--script";
  for (const auto& [of, flag] : kFrom) {
    if (!key.starts_with(of)) continue;
    return of_json ? std::string(find_setting(flag, &Setting::flag)->key)
                   : fmt::format("-{}", flag);
  }
  return {};
}

}  // namespace

SeedImport import_seed_flags(std::span<const std::string> words, const SeedOptions& options) {
  SeedImport out;
  const auto given = Flags(words, out).read();
  Translator(given, options, out).run();
  return out;
}

SeedImport import_seed_json(std::string_view text, const SeedOptions& options) {
  SeedImport out;
  out.of_json = true;
  const auto given = Json(text, options, out).read();
  if (out.problems.empty()) Translator(given, options, out).run();
  return out;
}

void check_seed(SeedImport& import, const market::Symbols& symbols) {
  if (!import.can_run()) return;
  constexpr std::string_view kOfStrategy = "strategies[0].";
  const auto add = [&](const config::Problem& problem) {
    std::string_view key = problem.key;
    if (key.starts_with(kOfStrategy)) key.remove_prefix(kOfStrategy.size());
    import.problems.push_back(
        fmt::format("{}: derivd's {}: {}", source_of(key, import.of_json), key, problem.reason));
  };
  const auto loaded = config::load_text(import.yaml, {}, symbols);
  if (const auto* problems = std::get_if<std::vector<config::Problem>>(&loaded)) {
    for (const auto& problem : *problems) add(problem);
    return;
  }
  const auto& config = std::get<config::Config>(loaded);
  for (const auto& problem : config.not_offered) add(problem);
  for (const auto& warning : config.warnings) {
    import.notes.push_back(
        fmt::format("{}: {}", source_of("symbol", import.of_json), warning.reason));
  }
}

std::string seed_report(const SeedImport& import) {
  std::string out = fmt::format("deriv-go-trader: {}\n", import.strategy);
  for (const auto& note : import.notes) out += fmt::format("note: {}\n", core::printable(note));
  return out;
}

nlohmann::ordered_json seed_json(const SeedImport& import) {
  nlohmann::ordered_json out;
  out["can_run"] = import.can_run();
  out["strategy"] = nullptr;
  if (!import.strategy.empty()) out["strategy"] = import.strategy;
  out["notes"] = import.notes;
  out["problems"] = import.problems;
  out["yaml"] = nullptr;
  if (import.can_run()) out["yaml"] = import.yaml;
  return out;
}

}  // namespace derivd::ctl
