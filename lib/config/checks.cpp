#include "config/checks.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "config/contract.hpp"
#include "config/exit.hpp"
#include "config/hook.hpp"
#include "config/offered.hpp"
#include "config/program.hpp"
#include "config/rules.hpp"
#include "config/script.hpp"
#include "config/staking.hpp"
#include "config/table.hpp"
#include "config/value.hpp"
#include "core/nearest.hpp"
#include "dbot/amounts.hpp"
#include "engine/spec.hpp"
#include "market/kind.hpp"
#include "strategy/registry.hpp"

namespace derivd::config {
namespace {

using engine::StrategySettings;

/// A bundle begins with its first certificate, or with some text above it.
constexpr std::size_t kMaxBeforeCertificate = 1 << 20;

bool holds_certificate(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxBeforeCertificate, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text.find("-----BEGIN CERTIFICATE-----") != std::string::npos ||
         text.find("-----BEGIN TRUSTED CERTIFICATE-----") != std::string::npos;
}

class ConfigChecker final {
 public:
  explicit ConfigChecker(Checked& c) : c_(c), config_(c.config) {}

  void run() {
    venue();
    notify();
    names();
    groups();
    one_contract_for_all();
    for (std::size_t i = 0; i < config_.engine.strategies.size(); ++i) {
      prefix_ = fmt::format("strategies[{}]", i);
      auto& s = config_.engine.strategies[i];
      volatility(s);
      const auto* type = good("type") ? strategy::find_type(s.type) : nullptr;
      const auto before = c_.problems.size();
      if (type != nullptr && type->programmed) {
        read_program({c_.params[i], prefix_, c_.directory, c_.refused}, s, config_.places,
                     c_.problems);
        if (!s.symbol.empty() && good("params.file") && good("params.symbol")) look_up(s);
        watch(s, *type);
        rules(s, *type, nullptr, nullptr);
        program_stakes(s);
        continue;
      }
      if (good("symbol")) look_up(s);
      if (type != nullptr && good("watch")) watch(s, *type);
      const auto* symbol = s.listed ? &*s.listed : nullptr;
      if (type != nullptr) {
        type->is_scripted ? script(s, c_.params[i]) : params(s, *type, c_.params[i]);
        rules(s, *type, symbol, c_.rules[i]);
      }
      if (type != nullptr && symbol != nullptr && !type->is_ruled() && !type->is_scripted) {
        check_contract({s, *type, *symbol, [this](auto key) { return good(key); },
                        [this](auto key) { return given(key); },
                        [this](auto key, auto reason) { problem(key, std::move(reason)); }});
      }
      if (type != nullptr && symbol != nullptr && c_.problems.size() == before) {
        exit(s);
        check_hook({s, [this](auto key) { return given(key); },
                    [this](auto key, auto reason) { problem(key, std::move(reason)); }});
      }
      if (stakes(s)) base(s, type);
    }
    if (c_.problems.empty()) check_offered(config_);
  }

 private:
  // ---- places ----
  bool good(std::string_view key) const { return !c_.refused.count(full(key)); }
  bool given(std::string_view key) const { return config_.places.count(full(key)) != 0; }
  std::string full(std::string_view key) const {
    return prefix_.empty() ? std::string(key) : fmt::format("{}.{}", prefix_, key);
  }
  /// The value's place; for a default, that of the strategy.
  Place place(const std::string& key) const {
    for (const auto& k : {key, prefix_}) {
      if (const auto at = config_.places.find(k); at != config_.places.end()) return at->second;
    }
    return {1, 1};
  }
  void problem(std::string_view key, std::string reason) {
    const auto name = full(key);
    const auto at = place(name);
    c_.problems.push_back({at.line, at.column, name, std::move(reason)});
  }

  // ---- venue ----
  void venue() {
    const auto& v = config_.venue;
    if (v.account == "real" && !v.allow_real && good("venue.allow_real") && good("venue.account")) {
      problem("venue.account",
              "a real account needs venue.allow_real: true beside it; allowed without: demo, or an "
              "account id of a demo account");
    }
    if (v.mode == Mode::kPaper && given("venue.mode") && v.account != "demo" &&
        good("venue.account")) {
      problem("venue.account",
              "paper mode trades on no account; allowed with venue.mode: paper: demo, or leave it "
              "out");
    }
    if (!good("venue.api")) return;
    const auto is_number = [](char c) { return c >= '0' && c <= '9'; };
    if (v.api == Api::kV3 && good("venue.app_id") &&
        !std::all_of(v.app_id.begin(), v.app_id.end(), is_number)) {
      problem("venue.app_id",
              fmt::format("{} is not a number, which v3 wants; allowed: a number, or "
                          "venue.api: options",
                          shown(v.app_id)));
    }
    if (v.endpoint && good("venue.endpoint")) endpoint(v);
    ca_file("venue.ca_file", v.ca_file);
  }
  void endpoint(const VenueSettings& v) {
    const bool https = v.endpoint->starts_with("https://");
    if (v.api == Api::kOptions && !https) {
      problem("venue.endpoint",
              "options begins with an https:// request; allowed: https://HOST[:PORT]");
    }
    if (v.api == Api::kV3 && https) {
      problem("venue.endpoint",
              "v3 is a WebSocket from the start; allowed: wss://HOST[:PORT]/websockets/v3");
    }
  }
  void ca_file(const char* key, const std::optional<std::string>& path) {
    if (!path || !good(key)) return;
    struct stat info {};
    if (::stat(path->c_str(), &info) != 0 || ::access(path->c_str(), R_OK) != 0) {
      problem(key, fmt::format("{} cannot be read: {}; allowed: a readable file in PEM form",
                               shown(*path), std::strerror(errno)));
    } else if (!S_ISREG(info.st_mode)) {
      problem(key,
              fmt::format("{} is not a file; allowed: a readable file in PEM form", shown(*path)));
    } else if (!holds_certificate(*path)) {
      problem(key, fmt::format("{} holds no certificate in PEM form; allowed: a readable file with "
                               "-----BEGIN CERTIFICATE----- in it",
                               shown(*path)));
    }
  }

  // ---- notify ----
  void notify() {
    const auto& n = config_.notify;
    ca_file("notify.webhook.ca_file", n.webhook_ca_file);
    ca_file("notify.telegram.ca_file", n.telegram_ca_file);
    if (given("notify.telegram.endpoint") && !n.telegram_chat_id &&
        good("notify.telegram.chat_id")) {
      problem("notify.telegram.endpoint", "needs notify.telegram.chat_id beside it");
    }
  }

  // ---- strategies ----
  void names() {
    const auto& all = config_.engine.strategies;
    for (std::size_t i = 0; i < all.size(); ++i) {
      prefix_ = fmt::format("strategies[{}]", i);
      if (!good("name")) continue;
      for (std::size_t j = 0; j < i; ++j) {
        if (all[j].name != all[i].name) continue;
        problem("name", fmt::format("'{}' is the name of strategies[{}] already; names are unique",
                                    all[i].name, j));
        break;
      }
    }
    prefix_.clear();
  }

  /// A group of one is most often the name of another, mistyped; it would guard nothing.
  void groups() {
    const auto& all = config_.engine.strategies;
    for (std::size_t i = 0; i < all.size(); ++i) {
      prefix_ = fmt::format("strategies[{}]", i);
      if (all[i].group.empty() || !good("group")) continue;
      std::vector<std::string_view> others;
      for (std::size_t j = 0; j < all.size(); ++j) {
        if (j != i && !all[j].group.empty()) others.push_back(all[j].group.view());
      }
      if (std::find(others.begin(), others.end(), all[i].group.view()) != others.end()) continue;
      const auto guess = did_you_mean(all[i].group.view(), others);
      const auto at = place(full("group"));
      config_.warnings.push_back(
          {at.line, at.column, full("group"),
           fmt::format("no other strategy is of the group '{}'{}", all[i].group, guess)});
    }
    prefix_.clear();
  }

  /// Whoever comes second finds the only place taken, and its signal is dropped.
  void one_contract_for_all() {
    if (config_.engine.limits.max_open_contracts != 1 || !good("limits.max_open_contracts")) return;
    const auto& all = config_.engine.strategies;
    const auto enabled =
        std::count_if(all.begin(), all.end(), [](const StrategySettings& s) { return s.enabled; });
    if (enabled < 2) return;
    const auto at = place("limits.max_open_contracts");
    config_.warnings.push_back(
        {at.line, at.column, "limits.max_open_contracts",
         fmt::format("1 for {} strategies: while one of them has a contract open, the signals of "
                     "the others are dropped",
                     enabled)});
  }

  /// What is known of the symbol; of one that is not known, what can be assumed until the venue is
  /// asked.
  void look_up(StrategySettings& s) { s.listed = look_up("symbol", s.symbol); }
  std::optional<market::SymbolInfo> look_up(std::string_view key, const market::SymbolCode& code) {
    const auto& symbols = config_.engine.symbols;
    const auto* known = symbols.find(code);
    const bool listed = known != nullptr && (!symbols.is_learned() || symbols.listed(code));
    if (!listed && is_for_people(key, code)) return std::nullopt;
    if (listed) return symbols.get(code);
    const auto near = symbols.nearest(code);
    const auto guess = near.empty() || near == code.view()
                           ? std::string{}
                           : fmt::format(" (did you mean '{}'?)", near);
    const auto name = full(key);
    const auto at = place(name);
    config_.warnings.push_back({at.line, at.column, name,
                                fmt::format("'{}' is not in {}{}: the venue is asked at the start",
                                            code, symbols.source(), guess)});
    return symbols.get(code);
  }
  /// Symbols beside its own, of types that can look at them.
  void watch(const StrategySettings& s, const strategy::StrategyType& type) {
    if (!type.is_ruled() && !type.is_scripted) {
      if (!given("watch")) return;
      return problem("watch", fmt::format("has no meaning for type {}; leave it out, or write "
                                          "type: rules or type: script",
                                          type.name));
    }
    for (const auto& code : s.watch) {
      if (code == s.symbol) {
        problem("watch", fmt::format("{} is the strategy's own symbol, whose values need no name "
                                     "before them; leave it out here",
                                     code));
      } else {
        look_up("watch", code);
      }
    }
  }
  /// "V75" and "r_100" are no codes of the venue, whatever it may list one day.
  bool is_for_people(std::string_view key, const market::SymbolCode& code) {
    const auto& symbols = config_.engine.symbols;
    const auto* meant = market::symbol_of_name(symbols, code);
    if (meant != nullptr) {
      problem(key, fmt::format("'{}' is the name of {} for people; write {}", code, meant->code,
                               meant->code));
      return true;
    }
    const auto near = symbols.nearest(code);
    if (near.empty() || near == code.view() || core::distance(near, code) != 0) return false;
    problem(key, fmt::format("unknown symbol '{}', did you mean '{}'?", code, near));
    return true;
  }

  void params(StrategySettings& s, const strategy::StrategyType& type, const YamlNode* node) {
    std::vector<std::string_view> names;
    for (const auto& spec : type.params) names.push_back(spec.name);
    std::map<std::string, Place, std::less<>> seen;
    const auto before = c_.problems.size();
    if (node != nullptr) {
      const auto& entries = node->entries;
      for (std::size_t i = 0; i < entries.size(); ++i) {
        const auto& entry = entries[i];
        auto comma = i + 1 < entries.size() && core::Name::fits(entry.key)
                         ? decimal_comma(entry.value, entries[i + 1])
                         : std::optional<std::string>{};
        if (comma) {
          const auto at = entry.value.place;
          c_.problems.push_back(
              {at.line, at.column, full("params." + entry.key), std::move(*comma)});
          ++i;  // what stands behind the comma is no key
          continue;
        }
        param(s, type, entry, names, seen);
      }
    }
    for (const auto& spec : type.params) {
      if (spec.fallback) s.params.try_emplace(std::string(spec.name), *spec.fallback);
    }
    if (type.check == nullptr || c_.problems.size() != before) return;
    if (auto wrong = type.check(s.params)) problem("params." + wrong->param, wrong->text);
  }
  // ---- scripts ----
  void script(StrategySettings& s, const YamlNode* node) {
    if (node == nullptr && !good("params")) return;
    if (node == nullptr) {
      return problem("params", "is required by type script: { file: NAME.js }");
    }
    read_script({*node, full("params"), c_.directory}, s.script, config_.places, c_.problems);
    for (const auto key : {"contract.alternate", "contract.cancellation"}) {
      if (given(key)) problem(key, "has no meaning for type script, which says what it buys");
    }
  }

  // ---- rules ----
  void rules(StrategySettings& s, const strategy::StrategyType& type,
             const market::SymbolInfo* symbol, const YamlNode* list) {
    if (!type.is_ruled()) {
      for (const std::string_view key : {"rules", "candles", "time_zone"}) {
        if (!given(key) || (type.uses_candles && key == "candles")) continue;
        problem(key, fmt::format("has no meaning for type {}; leave it out, or write type: rules",
                                 type.name));
      }
      return;
    }
    for (const auto key :
         {"contract.type", "contract.barrier", "contract.barrier2", "contract.prediction",
          "contract.selected_tick", "contract.growth", "contract.payout_per_point",
          "contract.multiplier", "contract.cancellation", "contract.take_profit",
          "contract.stop_loss", "contract.until", "contract.basis", "contract.alternate"}) {
      if (given(key)) problem(key, "has no meaning for type rules; what is bought is in its buy");
    }
    if (list == nullptr) {
      if (good("rules")) problem("rules", "is required by type rules: a list of when and buy");
    } else if (symbol != nullptr && good("candles") && good("watch") && good("contract.duration")) {
      read_rules({*list, full("rules"), c_.text}, *symbol, s, config_.places, c_.problems);
    }
  }

  // ---- guards ----
  void volatility(const StrategySettings& s) {
    const auto& bounds = s.guards.volatility;
    if (!bounds || !good("guards.volatility.min") || !good("guards.volatility.max")) return;
    if (!bounds->min && !bounds->max) {
      problem("guards.volatility", "has neither min nor max; give one of them, as max: 0.02%");
    } else if (bounds->min && bounds->max && *bounds->min > *bounds->max) {
      problem("guards.volatility.min",
              fmt::format("{}% is above max, {}%: nothing would ever be bought",
                          bounds->min->to_string(), bounds->max->to_string()));
    }
  }

  // ---- early sales ----
  /// Of a contract that is in order: a wrong length would be taken for one that is not bought back.
  void exit(const StrategySettings& s) {
    const bool read = good("contract.duration") && good("contract.type") && good("contract.until");
    if (!s.exit.any() || !read) return;
    if (auto reason = check_exit(s); !reason.empty()) problem("exit", std::move(reason));
  }

  static core::Result<std::int64_t> param_value(const YamlNode& node,
                                                const strategy::ParamSpec& spec) {
    if (!spec.words.empty()) {
      const auto word = read_choice(node, spec.words, {}, "word");
      if (!word) return word.error();
      return std::find(spec.words.begin(), spec.words.end(), *word) - spec.words.begin();
    }
    if (spec.decimals == 0) return read_count(node, spec.min, spec.max);
    const auto text = read_text(node);
    const auto value = text ? core::Decimal::parse(*text) : text.error();
    const auto low = core::Decimal{spec.min, spec.decimals};
    const auto high = core::Decimal{spec.max, spec.decimals};
    if (!value || value->scale > spec.decimals || *value < low || *value > high) {
      return core::invalid(fmt::format("{} is out of range; allowed: {}, at most {} decimals",
                                       shown(node), strategy::allowed_of(spec), spec.decimals));
    }
    return value->mantissa * core::pow10(spec.decimals - value->scale);
  }
  void param(StrategySettings& s, const strategy::StrategyType& type, const YamlNode::Entry& entry,
             const std::vector<std::string_view>& names,
             std::map<std::string, Place, std::less<>>& seen) {
    const auto key = full("params." + entry.key);
    const auto add = [&](Place at, std::string reason) {
      c_.problems.push_back({at.line, at.column, key, std::move(reason)});
    };
    const auto spec = std::find(names.begin(), names.end(), entry.key);
    if (names.empty()) {
      add(entry.place, fmt::format("type {} takes no parameters; leave it out", type.name));
      return;
    }
    if (spec == names.end()) {
      const auto guess = did_you_mean(entry.key, names);
      add(entry.place, fmt::format("unknown parameter of {}{}{} allowed: {}", type.name, guess,
                                   guess.empty() ? ";" : "", join(names)));
      return;
    }
    if (const auto [first, fresh] = seen.try_emplace(entry.key, entry.place); !fresh) {
      add(entry.place, fmt::format("given twice, first in line {}; keep one", first->second.line));
      return;
    }
    if (entry.value.blank) {
      add(entry.place, "stands here without a value; leave the parameter out for its default");
      return;
    }
    if (entry.value.is_null()) return;
    const auto& bounds = type.params[static_cast<std::size_t>(spec - names.begin())];
    const auto value = param_value(entry.value, bounds);
    if (!value) {
      add(entry.value.place, value.error().text);
      return;
    }
    config_.places[key] = entry.value.place;
    s.params[entry.key] = *value;
  }

  // ---- money ----
  bool stakes(StrategySettings& s) {
    if (!good("staking.plan")) return good("staking.base");
    return check_staking({s, [this](auto key) { return good(key); },
                          [this](auto key) { return given(key); },
                          [this](auto key, auto reason) { problem(key, std::move(reason)); }});
  }
  void base(const StrategySettings& s, const strategy::StrategyType* type) {
    // Of a payout the price is not known before it is asked for.
    if (s.contract.basis == market::Basis::kPayout) return;
    const auto base = s.staking.base;
    if (base.exponent() == core::Money::kCents) {
      not_too_small(base_key(s), base, s, type);
      for (std::size_t i = 1; i < s.staking.stakes.size(); ++i) {
        not_too_small("staking.stakes", s.staking.stakes[i], s, type);
      }
    }
    const auto& limits = config_.engine.limits;
    fits(s, "session.stop_loss", s.session.stop_loss, true);
    fits(s, "staking.max_stake", s.staking.max_stake, true);
    fits(s, "limits.max_stake", limits.max_stake, false);
    fits(s, "limits.max_open_stake", limits.max_open_stake, false);
    fits(s, "limits.daily_loss", limits.daily_loss, false);
  }
  /// A program's stakes are its own and may change while it runs, hence a warning alone.
  void program_stakes(const StrategySettings& s) {
    if (s.program.program == nullptr) return;
    const auto& limits = config_.engine.limits;
    for (const auto& known : dbot::known_amounts(*s.program.program, s.program.answers)) {
      for (const auto& [name, limit] : {std::pair("limits.max_stake", limits.max_stake),
                                        std::pair("limits.max_open_stake", limits.max_open_stake),
                                        std::pair("limits.daily_loss", limits.daily_loss)}) {
        if (!limit || known.amount <= limit->to_double()) continue;
        const auto at = place(full("params.file"));
        config_.warnings.push_back(
            {at.line, at.column, full("params.file"),
             fmt::format(
                 "{}:{}: the program {} {}, which is above {} {} (line {}), so it does not buy",
                 s.program.file, known.line, known.always ? "stakes" : "begins with a stake of",
                 known.amount, name, limit->to_string(), place(name).line)});
        break;
      }
    }
  }
  /// Of a currency with other decimals the venue alone knows the smallest stake.
  void not_too_small(std::string_view key, core::Money stake, const StrategySettings& s,
                     const strategy::StrategyType* type) {
    auto least = market::kOptionAmounts.min_stake;
    if (type != nullptr) {
      for (const auto t : engine::types_of(s)) {
        least = std::max(least, market::kind_of(t).amounts.min_stake);
      }
    }
    if (stake >= least) return;
    problem(key, fmt::format("{} is below the venue's smallest stake; allowed: {} and more",
                             stake.to_string(), least.to_string()));
  }
  static std::string_view base_key(const StrategySettings& s) {
    return s.staking.stakes.empty() ? "staking.base" : "staking.stakes";
  }
  void fits(const StrategySettings& s, std::string_view key,
            const std::optional<core::Money>& limit, bool of_strategy) {
    const auto base = s.staking.base;
    if (!limit || base <= *limit) return;
    const auto name = of_strategy ? full(key) : std::string(key);
    problem(base_key(s),
            fmt::format("{} is above {} {} (line {}), so it could never buy; allowed: at most {}",
                        base.to_string(), name, limit->to_string(), place(name).line,
                        limit->to_string()));
  }

  Checked& c_;
  Config& config_;
  std::string prefix_;
};

}  // namespace

void check_together(Checked& checked) { ConfigChecker(checked).run(); }

}  // namespace derivd::config
