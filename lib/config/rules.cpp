#include "config/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <optional>

#include "config/contract.hpp"
#include "config/value.hpp"
#include "engine/spec.hpp"
#include "market/kind.hpp"
#include "rules/evaluator.hpp"
#include "rules/parse.hpp"
#include "strategy/registry.hpp"

namespace derivd::config {
namespace {

using market::ContractType;

constexpr std::array<std::string_view, 2> kRuleKeys{"when", "buy"};
constexpr std::array<std::string_view, 12> kBuyKeys{
    "type",   "duration",   "prediction",       "barrier",     "barrier2",  "selected_tick",
    "growth", "multiplier", "payout_per_point", "take_profit", "stop_loss", "cancellation"};
/// Keys of `contract:` that rules do not have, and types that they do not buy.
constexpr std::array<std::string_view, 1> kOtherBuyKeys{"basis"};
constexpr std::array<std::string_view, 5> kOtherTypes{"CALLSPREAD", "PUTSPREAD", "LBFLOATCALL",
                                                      "LBFLOATPUT", "LBHIGHLOW"};
constexpr std::int64_t kMaxMultiplier = 5000;
constexpr int kMaxPayoutPerPoint = 1'000'000;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/// Walks a scalar's text along the file, where line ends and indentation are one blank of it.
class Walk final {
 public:
  Walk(std::string_view text, const YamlNode& scalar) : text_(text), scalar_(scalar) {
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    if (text_.starts_with(kByteOrderMark)) text_.remove_prefix(kByteOrderMark.size());
    for (int line = 1; line < scalar.place.line; ++line) {
      const auto end = text_.find('\n', at_);
      if (end == std::string_view::npos) return;
      at_ = end + 1;
    }
    line_begin_ = at_;
    line_ = scalar.place.line;
    at_ += static_cast<std::size_t>(scalar.place.column - 1);
    enter();
  }

  Place to(std::size_t offset) {
    for (std::size_t k = 0; k < std::min(offset, scalar_.text.size()); ++k) {
      if (!pass(scalar_.text[k])) return scalar_.place;
    }
    // The blanks of a folded line stand before what is meant.
    if (offset < scalar_.text.size() && !is_blank(scalar_.text[offset])) skip_blanks();
    return {line_, static_cast<int>(at_ - line_begin_) + 1};
  }

 private:
  char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void step() {
    if (here() == '\n') {
      ++line_;
      line_begin_ = at_ + 1;
    }
    ++at_;
  }
  void skip_blanks() {
    while (is_blank(here())) step();
  }
  /// To the first character of the text: behind an anchor, a quote, the sign of a block.
  void enter() {
    if (here() == '&') {
      while (at_ < text_.size() && !is_blank(here())) step();
      skip_blanks();
    }
    if (here() == '"' || here() == '\'') {
      quote_ = here();
      step();
    } else if (here() == '|' || here() == '>') {
      while (at_ < text_.size() && here() != '\n') step();
      skip_blanks();
    }
  }
  bool ends_line() const {
    auto i = at_;
    while (i < text_.size() && text_[i] != '\n' && is_blank(text_[i])) ++i;
    return i < text_.size() && text_[i] == '\n';
  }
  bool pass(char c) {
    if (quote_ == '"' && here() == '\\') return false;
    if (is_blank(c)) {
      if (!is_blank(here())) return false;
      if (ends_line()) {
        skip_blanks();
      } else {
        step();
      }
      return true;
    }
    if (here() != c) return false;
    if (quote_ == '\'' && c == '\'') step();  // written twice
    step();
    return true;
  }

  std::string_view text_;
  const YamlNode& scalar_;
  std::size_t at_ = 0;
  std::size_t line_begin_ = 0;
  int line_ = 1;
  char quote_ = '\0';
};

class RulesReader final {
 public:
  RulesReader(const RulesSource& source, const market::SymbolInfo& symbol,
              engine::StrategySettings& settings, std::map<std::string, Place, std::less<>>& places,
              std::vector<Problem>& problems)
      : source_(source),
        symbol_(symbol),
        settings_(settings),
        places_(places),
        problems_(problems) {}

  void read() {
    const auto before = problems_.size();
    const auto& items = source_.list.items;
    if (items.empty()) {
      return add(source_.list.place, source_.key, "holds no rule; needed: a list of when and buy");
    }
    if (items.size() > rules::kMaxRules) {
      return add(items[rules::kMaxRules].place, source_.key,
                 fmt::format("more than {} rules", rules::kMaxRules));
    }
    for (std::size_t i = 0; i < items.size(); ++i) {
      rule(items[i], fmt::format("{}[{}]", source_.key, i));
    }
    if (problems_.size() != before) return;
    if (const auto excess = rules::excess_of(settings_.rules); !excess.empty()) {
      add(source_.list.place, source_.key, excess);
    }
  }

 private:
  void add(Place at, std::string key, std::string reason) {
    problems_.push_back({at.line, at.column, std::move(key), std::move(reason)});
  }

  /// The entries of a map by name; those that are unknown, given twice or without a value are told.
  std::optional<std::map<std::string_view, const YamlNode*>> entries(
      const YamlNode& map, const std::string& key, std::span<const std::string_view> allowed,
      std::string_view as) {
    if (map.kind != YamlNode::Kind::kMap) {
      add(map.place, key, fmt::format("{} where a map is wanted, as {}", shown(map), as));
      return std::nullopt;
    }
    std::map<std::string_view, const YamlNode*> out;
    for (const auto& e : map.entries) {
      const auto full = fmt::format("{}.{}", key, e.key.substr(0, 40));
      if (std::ranges::find(allowed, e.key) == allowed.end()) {
        unknown(e, key, allowed);
      } else if (e.value.blank || e.value.is_null()) {
        add(e.place, full, "stands here without a value; leave it out if there is none");
      } else if (!out.emplace(e.key, &e.value).second) {
        add(e.place, full, "given twice; keep one");
      } else {
        places_[full] = e.value.place;
      }
    }
    return out;
  }
  void unknown(const YamlNode::Entry& e, const std::string& key,
               std::span<const std::string_view> allowed) {
    const bool is_word = std::ranges::all_of(e.key, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    });
    const auto full =
        fmt::format("{}.{}", key, is_word && e.key.size() <= 40 ? e.key : shown(e.key));
    if (e.key.find_first_of("()") != std::string::npos) {
      return add(e.place, full,
                 "within braces a comma ends a value; put the expression into quotes, as "
                 "{ barrier: \"+bb_upper(20, 2) - price\" }");
    }
    if (std::ranges::find(kOtherBuyKeys, e.key) != kOtherBuyKeys.end() && allowed.size() > 2) {
      return add(e.place, full,
                 fmt::format("is not known to rules in this version; allowed: {}", join(allowed)));
    }
    const auto guess = did_you_mean(e.key, allowed);
    add(e.place, full,
        fmt::format("unknown key{}{} allowed: {}", guess, guess.empty() ? ";" : "", join(allowed)));
  }

  void rule(const YamlNode& item, const std::string& key) {
    const auto keys = entries(item, key, kRuleKeys,
                              "- when: rsi(14) < 30, with buy: { type: CALL, duration: 5m } below");
    if (!keys) return;
    places_[key] = item.place;
    const auto before = problems_.size();
    rules::Rule rule;
    for (const auto name : kRuleKeys) {
      if (keys->contains(name)) continue;
      add(item.place, fmt::format("{}.{}", key, name), "is required in each rule");
    }
    if (const auto at = keys->find("when"); at != keys->end()) {
      if (auto read = expression(*at->second, key + ".when", rules::parse_condition)) {
        rule.when = std::move(*read);
      }
    }
    if (const auto at = keys->find("buy"); at != keys->end()) {
      buy(*at->second, key + ".buy", rule.buy);
    }
    if (problems_.size() == before) settings_.rules.rules.push_back(std::move(rule));
  }

  using Parse = rules::Parsed (*)(std::string_view, rules::Where, rules::Watch);
  std::optional<rules::Expr> expression(const YamlNode& node, const std::string& key, Parse parse) {
    if (node.kind != YamlNode::Kind::kScalar) {
      add(node.place, key,
          fmt::format("{} where an expression is wanted; one that begins with a bracket or a brace "
                      "belongs into quotes",
                      shown(node)));
      return std::nullopt;
    }
    auto parsed = parse(node.text, settings_.rules.candles, settings_.watch);
    if (const auto* problem = std::get_if<rules::Problem>(&parsed)) {
      add(place_within(source_.text, node, problem->at), key, problem->text);
      return std::nullopt;
    }
    return std::move(std::get<rules::Expr>(parsed));
  }

  void buy(const YamlNode& node, const std::string& key, rules::Buy& out) {
    const auto keys = entries(node, key, kBuyKeys, "buy: { type: CALL, duration: 5m }");
    if (!keys) return;
    const Get get = [&](std::string_view name) -> const YamlNode* {
      const auto at = keys->find(name);
      return at == keys->end() ? nullptr : at->second;
    };
    const auto* type = get("type");
    if (type == nullptr) {
      return add(node.place, key + ".type",
                 fmt::format("is required; available: {}", join(type_names())));
    }
    const auto name = read_choice(*type, type_names(), kOtherTypes, "contract type");
    if (!name) return add(type->place, key + ".type", name.error().text);
    out.type = *market::contract_type_from(*name);
    if (const auto* duration = get("duration")) {
      const auto read = read_contract_duration(*duration);
      if (!read) return add(duration->place, key + ".duration", read.error().text);
      out.duration = *read;
    }
    const auto before = problems_.size();
    if (!market::kind_of(out.type).needs.has_length()) {
      static_cast<void>(wanted(get("duration"), node, key + ".duration", out, false, ""));
    }
    prediction(get("prediction"), node, key + ".prediction", out);
    terms(get, node, key, out);
    const bool pair = market::has_form(out.type, market::BarrierForm::kPair);
    const bool by_points = std::holds_alternative<market::PointTerms>(out.terms);
    out.barrier = barrier(get("barrier"), node, key + ".barrier", out,
                          market::has_levels(out.type) && !by_points);
    out.barrier2 = barrier(get("barrier2"), node, key + ".barrier2", out, pair);
    selected_tick(get("selected_tick"), node, key + ".selected_tick", out);
    if (problems_.size() == before) whole(get, node, key, out);
  }

  using Get = std::function<const YamlNode*(std::string_view)>;

  /// The value of a key that is there, of a type that takes it.
  template <class T, class Read>
  std::optional<T> read(const Get& get, std::string_view name, const std::string& key,
                        const Read& reader) {
    const auto* node = get(name);
    if (node == nullptr) return std::nullopt;
    auto value = reader(*node);
    if (value) return std::move(*value);
    add(node->place, fmt::format("{}.{}", key, name), value.error().text);
    return std::nullopt;
  }

  /// Of positions, as the same keys of `contract:` are read.
  void terms(const Get& get, const YamlNode& buy, const std::string& key, rules::Buy& out) {
    const auto& needs = market::kind_of(out.type).needs;
    const bool limited = needs.multiplier || needs.growth;
    const auto fits = [&](std::string_view name, bool takes, bool needed) {
      if (get(name) == nullptr && !needed) return false;
      return wanted(get(name), buy, fmt::format("{}.{}", key, name), out, takes, "");
    };
    const bool has_growth = fits("growth", needs.growth, needs.growth);
    const bool has_multiplier = fits("multiplier", needs.multiplier, needs.multiplier);
    const bool has_points = fits("payout_per_point", needs.points, false);
    const bool has_profit = fits("take_profit", limited, false);
    const bool has_loss = fits("stop_loss", needs.multiplier, false);
    const bool has_cancellation = fits("cancellation", needs.multiplier, false);
    std::optional<core::Money> profit;
    std::optional<core::Money> loss;
    const auto amount = [this](const YamlNode& node) {
      return read_amount(node, settings_.staking.base.exponent());
    };
    if (has_profit) profit = read<core::Money>(get, "take_profit", key, amount);
    if (has_loss) loss = read<core::Money>(get, "stop_loss", key, amount);
    if (has_growth) {
      const auto growth = read<core::Decimal>(get, "growth", key, read_growth);
      if (growth) out.terms = market::AccumulatorTerms{*growth, profit};
    } else if (has_multiplier) {
      const auto times = read<std::int64_t>(get, "multiplier", key, [](const YamlNode& node) {
        return read_count(node, 1, kMaxMultiplier);
      });
      std::optional<market::ContractDuration> cancellation;
      if (has_cancellation) {
        cancellation = read<market::ContractDuration>(get, "cancellation", key, read_cancellation);
      }
      if (!times) return;
      out.terms =
          market::MultiplierTerms{static_cast<std::uint16_t>(*times), profit, loss, cancellation};
    } else if (has_points) {
      const auto points = read<core::Decimal>(
          get, "payout_per_point", key,
          [](const YamlNode& node) { return read_decimal(node, 0, kMaxPayoutPerPoint); });
      if (points) out.terms = market::PointTerms{*points};
    }
  }

  static std::vector<std::string_view> type_names() {
    std::vector<std::string_view> out;
    for (const auto type : strategy::find_type("rules")->contracts) {
      out.push_back(market::name_of(type));
    }
    return out;
  }

  /// Whether an optional key is there where the type takes it, and only there.
  bool wanted(const YamlNode* given, const YamlNode& buy, const std::string& key,
              const rules::Buy& out, bool takes, std::string_view remedy) {
    if (given != nullptr && !takes) {
      add(given->place, key,
          fmt::format("has no meaning for {}; leave it out{}", market::name_of(out.type), remedy));
    } else if (given == nullptr && takes) {
      add(buy.place, key, fmt::format("is required by {}", market::name_of(out.type)));
    }
    return given != nullptr && takes;
  }

  void prediction(const YamlNode* given, const YamlNode& buy, const std::string& key,
                  rules::Buy& out) {
    if (!wanted(given, buy, key, out, market::has_form(out.type, market::BarrierForm::kDigit), ""))
      return;
    out.prediction = expression(*given, key, rules::parse_number);
    if (!out.prediction) return;
    const auto fixed = rules::constant_of(*out.prediction);
    const auto& needs = market::kind_of(out.type).needs;
    const int low = needs.lowest_digit;
    const int high = needs.highest_digit;
    if (!fixed || (*fixed >= low && *fixed <= high && *fixed == std::floor(*fixed))) return;
    add(given->place, key,
        fmt::format("{} is out of range; allowed for {}: a digit from {} to {}, or an expression",
                    shown(*given), market::name_of(out.type), low, high));
  }

  static bool has_sign(std::string_view text) {
    const auto at = std::ranges::find_if_not(text, is_blank);
    return at != text.end() && (*at == '+' || *at == '-');
  }

  std::optional<rules::Level> barrier(const YamlNode* given, const YamlNode& buy,
                                      const std::string& key, const rules::Buy& out, bool takes) {
    const auto name = market::name_of(out.type);
    const auto with_one = market::with_offset(name);
    auto remedy =
        !takes && with_one && *with_one != out.type
            ? fmt::format(", or buy {}, which is {} with one", market::name_of(*with_one), name)
            : std::string{};
    // One of the two says the other.
    if (std::holds_alternative<market::PointTerms>(out.terms)) remedy = ", or payout_per_point";
    if (!wanted(given, buy, key, out, takes, remedy)) return std::nullopt;
    const bool is_offset = has_sign(given->text);
    auto read = expression(*given, key, is_offset ? rules::parse_offset : rules::parse_number);
    if (!read) return std::nullopt;
    check_level(*given, key, *read, is_offset);
    return rules::Level(std::move(*read), is_offset);
  }

  void check_level(const YamlNode& given, const std::string& key, const rules::Expr& value,
                   bool is_offset) {
    const auto fixed = rules::constant_of(value);
    if (!fixed) return;
    const auto pips = *fixed * static_cast<double>(core::pow10(symbol_.decimals));
    constexpr double kNoise = 1e-6;
    constexpr double kMost = 1e12;
    const bool good = is_offset ? pips != 0 : pips > 0;
    if (good && std::abs(pips) <= kMost && std::abs(pips - std::round(pips)) <= kNoise) return;
    add(given.place, key,
        is_offset
            ? fmt::format("{} is no distance on {}; allowed: a number other than 0 of at most "
                          "{} decimals, or an expression",
                          shown(given), symbol_.code, symbol_.decimals)
            : fmt::format("{} is no quote of {}; allowed: a number above 0 of at most {} "
                          "decimals, one with a sign as a distance from the entry, or an "
                          "expression",
                          shown(given), symbol_.code, symbol_.decimals));
  }

  void selected_tick(const YamlNode* given, const YamlNode& buy, const std::string& key,
                     rules::Buy& out) {
    const auto most = market::kind_of(out.type).needs.select_of;
    if (!wanted(given, buy, key, out, most > 0, "")) return;
    const auto read = read_count(*given, 1, most);
    if (!read) return add(given->place, key, read.error().text);
    out.selected_tick = static_cast<std::int8_t>(*read);
  }

  /// What the market's own rules say of the contract.
  void whole(const Get& get, const YamlNode& node, const std::string& key, const rules::Buy& buy) {
    auto alone = settings_;
    alone.rules.rules.assign(1, rules::Rule{{}, buy});
    for (const auto& [signal, varies] : engine::buyables(alone)) {
      const auto spec = engine::make_spec(settings_, signal, symbol_.decimals);
      const auto problem = spec ? market::problem_of(*spec, symbol_) : std::nullopt;
      // A barrier that is reckoned stands here as a distance of zero.
      const bool reckoned = varies && problem && problem->fault == market::SpecFault::kBarrier;
      if (!problem || reckoned) continue;
      return tell(*problem, get, node, key, *spec);
    }
  }

  /// At the key that it is about; where that is left out, at the whole of `buy`.
  void tell(const market::SpecProblem& problem, const Get& get, const YamlNode& node,
            const std::string& key, const market::ContractSpec& spec) {
    const auto name = market::name_of(spec.type);
    const auto at = [&](std::initializer_list<std::string_view> keys) {
      for (const auto k : keys) {
        if (const auto* given = get(k)) return given->place;
      }
      return node.place;
    };
    if (problem.fault == market::SpecFault::kMultiplier) {
      return add(at({"cancellation", "multiplier", "growth", "payout_per_point"}), key,
                 fmt::format("{} {}: {}", symbol_.code, name, problem.text));
    }
    if (spec.duration.count == 0 || !market::kind_of(spec.type).needs.has_length()) {
      return add(node.place, key, fmt::format("{} {}: {}", symbol_.code, name, problem.text));
    }
    add(at({"duration"}), key,
        fmt::format("{} {} {}: {} Allowed: 1t to 10t, or a time from 15s where the type takes one",
                    symbol_.code, name, spec.duration.to_string(), problem.text));
  }

  const RulesSource& source_;
  const market::SymbolInfo& symbol_;
  engine::StrategySettings& settings_;
  std::map<std::string, Place, std::less<>>& places_;
  std::vector<Problem>& problems_;
};

}  // namespace

Place place_within(std::string_view text, const YamlNode& scalar, std::size_t offset) {
  return Walk(text, scalar).to(offset);
}

void read_rules(const RulesSource& source, const market::SymbolInfo& symbol,
                engine::StrategySettings& settings,
                std::map<std::string, Place, std::less<>>& places, std::vector<Problem>& problems) {
  settings.rules.rules.clear();
  RulesReader(source, symbol, settings, places, problems).read();
}

}  // namespace derivd::config
