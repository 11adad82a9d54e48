#include "config/contract.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

#include "config/value.hpp"
#include "core/bounds.hpp"
#include "core/utc.hpp"
#include "engine/spec.hpp"
#include "market/kind.hpp"
#include "market/multiplier.hpp"
#include "strategy/registry.hpp"

namespace derivd::config {
namespace {

using core::invalid;
using core::Result;
using engine::ContractTemplate;
using market::ContractType;
using market::Needs;

constexpr std::uint8_t kMaxBarrierDecimals = 9;
constexpr core::Decimal kMaxBarrier{1'000'000'000, 0};
constexpr std::size_t kMaxTypes = 2;  // up and down
constexpr std::string_view kAfterLoss = "after_loss";
constexpr std::string_view kAfterLosses = "after_losses ";
constexpr std::int64_t kMostLosses = 1000;

bool has_one_or_two(const Needs& n, const ContractTemplate&) {
  return n.barrier == market::BarrierForm::kOffset || n.barrier == market::BarrierForm::kPair;
}

/// A key below `contract:`, and what types have to do with it.
struct Key {
  std::string_view key;
  bool (*is_given)(const ContractTemplate&);
  bool (*useful)(const Needs&, const ContractTemplate&);
  bool (*required)(const Needs&, const ContractTemplate&);
  std::string_view as;  // how it is written
};
bool never(const Needs&, const ContractTemplate&) { return false; }

const std::array kContractKeys{
    Key{"contract.barrier", [](const ContractTemplate& c) { return c.barrier.has_value(); },
        has_one_or_two,
        [](const Needs& n, const ContractTemplate& c) {
          return has_one_or_two(n, c) && !(n.points && c.payout_per_point);
        },
        "+0.10 from the entry, or a quote"},
    Key{"contract.barrier2", [](const ContractTemplate& c) { return c.barrier2.has_value(); },
        [](const Needs& n, const ContractTemplate&) {
          return n.barrier == market::BarrierForm::kPair;
        },
        [](const Needs& n, const ContractTemplate&) {
          return n.barrier == market::BarrierForm::kPair;
        },
        "the low one, as -0.10 from the entry, or a quote"},
    Key{"contract.prediction", [](const ContractTemplate& c) { return c.prediction.has_value(); },
        [](const Needs& n, const ContractTemplate& c) {
          return n.barrier == market::BarrierForm::kDigit && !c.types.empty();
        },
        [](const Needs& n, const ContractTemplate& c) {
          return n.barrier == market::BarrierForm::kDigit && !c.types.empty();
        },
        "a digit"},
    Key{"contract.selected_tick",
        [](const ContractTemplate& c) { return c.selected_tick.has_value(); },
        [](const Needs& n, const ContractTemplate&) { return n.select_of > 0; },
        [](const Needs& n, const ContractTemplate&) { return n.select_of > 0; }, "1 to 5"},
    Key{"contract.growth", [](const ContractTemplate& c) { return c.growth.has_value(); },
        [](const Needs& n, const ContractTemplate&) { return n.growth; },
        [](const Needs& n, const ContractTemplate&) { return n.growth; }, "0.01 to 0.05"},
    Key{"contract.payout_per_point",
        [](const ContractTemplate& c) { return c.payout_per_point.has_value(); },
        [](const Needs& n, const ContractTemplate&) { return n.points; }, never,
        "a number that the venue lists"},
    Key{"contract.multiplier", [](const ContractTemplate& c) { return c.multiplier.has_value(); },
        [](const Needs& n, const ContractTemplate&) { return n.multiplier; },
        [](const Needs& n, const ContractTemplate&) { return n.multiplier; },
        "a multiplier that the symbol accepts"},
    Key{"contract.cancellation",
        [](const ContractTemplate& c) { return c.cancellation.has_value(); },
        [](const Needs& n, const ContractTemplate&) { return n.multiplier; }, never, "5m to 60m"},
    Key{"contract.take_profit", [](const ContractTemplate& c) { return c.take_profit.has_value(); },
        [](const Needs& n, const ContractTemplate&) { return n.multiplier || n.growth; }, never,
        "an amount"},
    Key{"contract.stop_loss", [](const ContractTemplate& c) { return c.stop_loss.has_value(); },
        [](const Needs& n, const ContractTemplate&) { return n.multiplier; }, never, "an amount"},
    Key{"contract.until", [](const ContractTemplate& c) { return c.until.has_value(); },
        [](const Needs& n, const ContractTemplate&) { return n.time; }, never,
        "\"2026-12-01 16:00 UTC\""},
};

/// "1t to 10t, or a time from 15s"
std::string lengths_of(const Needs& needs) {
  std::string out;
  if (needs.ticks && needs.min_ticks == needs.max_ticks) {
    out = fmt::format("{}t", needs.min_ticks);
  } else if (needs.ticks) {
    out = fmt::format("{}t to {}t", needs.min_ticks, needs.max_ticks);
  }
  if (!needs.time) return out;
  const bool minutes = needs.min_seconds % 60 == 0;
  return fmt::format("{}{}a time from {}{}", out, out.empty() ? "" : ", or ",
                     minutes ? needs.min_seconds / 60 : needs.min_seconds, minutes ? "m" : "s");
}

class ContractChecker final {
 public:
  explicit ContractChecker(const ContractCheck& check)
      : c_(check), contract_(check.settings.contract), types_(engine::types_of(check.settings)) {}

  void run() {
    if (!contract_.types.empty() && !c_.type.any_contract) {
      return c_.problem("contract.type",
                        fmt::format("has no meaning for type {}, which has contracts of its own; "
                                    "leave it out",
                                    c_.type.name));
    }
    if (contract_.alternate) alternate();
    if (!keys() || !lengths()) return;
    for (const auto type : types_) {
      if (!whole(type)) return;
    }
  }

 private:
  void alternate() {
    if (types_.size() != kMaxTypes) {
      return c_.problem("contract.alternate",
                        fmt::format("has no meaning for {}: there is no second type to change "
                                    "places with; leave it out, or name two in contract.type",
                                    whose(types_.front())));
    }
    const bool has_digits = std::ranges::any_of(
        types_, [](ContractType t) { return market::has_form(t, market::BarrierForm::kDigit); });
    if (!has_digits || !contract_.types.empty()) return;
    c_.problem("contract.alternate",
               fmt::format("has no meaning for {}, each of which has a digit of its own; leave it "
                           "out",
                           whose(types_.front())));
  }

  /// "the contracts of random", "ONETOUCH".
  std::string whose(ContractType type) const {
    return contract_.types.empty() ? fmt::format("the contracts of {}", c_.type.name)
                                   : std::string(market::name_of(type));
  }

  bool keys() {
    bool fine = c_.good("contract.type");
    for (const auto& key : kContractKeys) fine = this->key(key) && fine;
    if (contract_.until && c_.given("contract.duration")) {
      c_.problem("contract.until", "stands beside contract.duration; keep one of the two");
      fine = false;
    }
    if (contract_.cancellation && fine) fine = cancellation();
    if (contract_.barrier && contract_.types.empty() && contract_.barrier->value.mantissa <= 0 &&
        c_.good("contract.barrier")) {
      c_.problem("contract.barrier",
                 fmt::format("is a magnitude for {}, to which each type adds its sign; allowed: a "
                             "number above 0",
                             c_.type.name));
      fine = false;
    }
    return fine;
  }

  /// Deriv takes it alone, and on volatility indices alone (contracts.md section 2.4).
  bool cancellation() {
    const std::string_view beside = contract_.take_profit ? "contract.take_profit"
                                    : contract_.stop_loss ? "contract.stop_loss"
                                                          : "";
    if (!beside.empty()) {
      c_.problem("contract.cancellation",
                 fmt::format("stands beside {}, and Deriv takes either of the two; keep one, and "
                             "leave the contract by exit: where it needs the other",
                             beside));
      return false;
    }
    if (c_.symbol.submarket.empty() || c_.symbol.submarket == market::kVolatilityIndices) {
      return true;
    }
    c_.problem("contract.cancellation",
               fmt::format("Deriv sells deal cancellation on volatility indices alone, and {} is "
                           "none; leave it out",
                           c_.symbol.code));
    return false;
  }

  /// A key that none of the types has a use for is a mistake of the reader, who believes that it
  /// does something.
  bool key(const Key& key) {
    if (!c_.good(key.key)) return false;
    const auto needs_of = [](ContractType t) -> const Needs& { return market::kind_of(t).needs; };
    const bool given = key.is_given(contract_);
    const bool useful = std::ranges::any_of(
        types_, [&](ContractType t) { return key.useful(needs_of(t), contract_); });
    if (given && !useful) {
      c_.problem(key.key,
                 fmt::format("has no meaning for {}; leave it out", whose(types_.front())));
      return false;
    }
    const auto needing = std::ranges::find_if(
        types_, [&](ContractType t) { return key.required(needs_of(t), contract_); });
    if (given || needing == types_.end()) return true;
    c_.problem(key.key, fmt::format("is required by {}: {}", whose(*needing), key.as));
    return false;
  }

  bool lengths() {
    const auto key = contract_.until ? "contract.until" : "contract.duration";
    if (!c_.good(key)) return false;
    const bool any = std::ranges::any_of(
        types_, [](ContractType t) { return market::kind_of(t).needs.has_length(); });
    if (!any && c_.given("contract.duration")) {
      c_.problem("contract.duration",
                 fmt::format("has no meaning for {}, which has no length; leave it out",
                             whose(types_.front())));
      return false;
    }
    const auto in_ticks = std::ranges::find_if(types_, [](ContractType t) {
      const auto& needs = market::kind_of(t).needs;
      return needs.ticks && !needs.time;
    });
    if (in_ticks == types_.end() || (contract_.duration.in_ticks() && !contract_.until))
      return true;
    const auto& kind = market::kind_of(*in_ticks);
    const auto said = contract_.until ? std::string("an end") : contract_.duration.to_string();
    c_.problem(key, fmt::format("{} is a time, and {} contracts ({}) count in ticks; allowed: {}",
                                shown(said), kind.family,
                                contract_.types.empty() ? c_.type.name : kind.name,
                                lengths_of(kind.needs)));
    return false;
  }

  /// What the market's own rules say of it.
  bool whole(ContractType type) {
    const auto spec = engine::sample_spec(c_.settings, type, c_.symbol.decimals);
    if (!spec) {
      c_.problem("contract.barrier", fmt::format("{}; {} has {} decimals", spec.error().text,
                                                 c_.symbol.code, c_.symbol.decimals));
      return false;
    }
    if (spec->basis == market::Basis::kPayout && !market::has_payout(type)) {
      c_.problem("contract.basis",
                 fmt::format("{} has no payout to ask for; allowed: stake", market::name_of(type)));
      return false;
    }
    const auto problem = market::problem_of(*spec, c_.symbol);
    if (!problem) return true;
    const auto text = fmt::format("{} {}{}: {}", c_.symbol.code, market::name_of(type),
                                  spec->duration.count > 0 ? " " + spec->duration.to_string() : "",
                                  problem->text);
    switch (problem->fault) {
      case market::SpecFault::kBarrier:
        c_.problem("contract.barrier", text);
        return false;
      case market::SpecFault::kPrediction:
        c_.problem("contract.prediction", text);
        return false;
      case market::SpecFault::kMultiplier:
        c_.problem(terms_key(type), text);
        return false;
      case market::SpecFault::kSymbol:
      case market::SpecFault::kDuration:
        break;
    }
    c_.problem("contract.duration",
               fmt::format("{}; allowed: {}", text, lengths_of(market::kind_of(type).needs)));
    return false;
  }

  static std::string_view terms_key(ContractType type) {
    const auto& needs = market::kind_of(type).needs;
    if (needs.multiplier) return "contract.multiplier";
    if (needs.growth) return "contract.growth";
    if (needs.points) return "contract.payout_per_point";
    return needs.select_of > 0 ? "contract.selected_tick" : "contract.type";
  }

  const ContractCheck& c_;
  const ContractTemplate& contract_;
  std::vector<ContractType> types_;
};

}  // namespace

Result<engine::BarrierSetting> read_barrier(const YamlNode& node) {
  constexpr std::string_view kAllowed =
      "+0.10 or -0.10 from the entry, or a quote as 812.30, at most 9 decimals";
  const auto text =
      node.kind == YamlNode::Kind::kScalar ? read_text(node) : Result<std::string>("");
  const auto value = text ? core::Decimal::parse(*text) : text.error();
  const bool plain = text && text->find_first_not_of("+-.0123456789") == std::string::npos;
  if (!value || !plain || value->scale > kMaxBarrierDecimals || *value > kMaxBarrier ||
      *value < core::Decimal{-kMaxBarrier.mantissa, 0}) {
    return invalid(fmt::format("{} is no barrier; allowed: {}", shown(node), kAllowed));
  }
  return engine::BarrierSetting(*value, text->front() == '+' || text->front() == '-');
}

Result<core::VenueTime> read_until(const YamlNode& node) {
  const auto refused = [&] {
    return invalid(fmt::format(
        "{} is no end; allowed: a time in UTC, written as \"2026-12-01 16:00 UTC\"", shown(node)));
  };
  if (node.kind != YamlNode::Kind::kScalar) return refused();
  int year = 0;
  unsigned month = 0, day = 0, hour = 0, minute = 0, second = 0;
  int end = 0;
  const auto& text = node.text;
  constexpr std::string_view kZone = " UTC";
  if (!text.ends_with(kZone)) return refused();
  const auto time = text.substr(0, text.size() - kZone.size());
  const auto digits = [&](std::string_view form) {
    return time.size() == form.size() &&
           std::equal(time.begin(), time.end(), form.begin(),
                      [](char c, char f) { return f == '0' ? c >= '0' && c <= '9' : c == f; });
  };
  if (digits("0000-00-00 00:00")) {
    std::sscanf(time.c_str(), "%4d-%2u-%2u %2u:%2u%n", &year, &month, &day, &hour, &minute, &end);
  } else if (digits("0000-00-00 00:00:00")) {
    std::sscanf(time.c_str(), "%4d-%2u-%2u %2u:%2u:%2u%n", &year, &month, &day, &hour, &minute,
                &second, &end);
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (end == 0 || !date.ok() || hour > 23 || minute > 59 || second > 59) return refused();
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  const core::VenueTime out{std::int64_t{days} * 86'400 + hour * 3600 + minute * 60 + second};
  return core::is_date(out) ? Result<core::VenueTime>(out) : refused();
}

std::vector<std::string_view> contract_type_names() {
  std::vector<std::string_view> out;
  for (const auto* kind : market::all_kinds()) out.push_back(kind->name);
  return out;
}

Result<std::vector<ContractType>> read_contract_types(const YamlNode& node) {
  const auto one = std::vector{node};
  const auto& list = node.kind == YamlNode::Kind::kList ? node.items : one;
  if (list.empty() || list.size() > kMaxTypes) {
    return invalid(
        fmt::format("{} types; allowed: one, or two as [CALL, PUT], up and down", list.size()));
  }
  std::vector<ContractType> out;
  const auto names = contract_type_names();
  for (const auto& item : list) {
    const auto name = read_choice(item, names, {}, "contract type");
    if (!name) return name.error();
    out.push_back(*market::contract_type_from(*name));
  }
  return out;
}

Result<core::Decimal> read_growth(const YamlNode& node) {
  auto value = node;
  const bool percent = node.kind == YamlNode::Kind::kScalar && node.text.ends_with('%');
  if (percent) value.text.pop_back();
  auto read = node.kind == YamlNode::Kind::kScalar ? core::Decimal::parse(value.text)
                                                   : Result<core::Decimal>(core::Decimal{});
  if (read && percent)
    read = core::Decimal{read->mantissa, static_cast<std::uint8_t>(read->scale + 2)};
  for (std::int64_t g = 1; read && g <= 5; ++g) {
    if (*read == core::Decimal{g, 2}) return core::Decimal{g, 2};
  }
  return invalid(
      fmt::format("{} is no growth rate; allowed: 0.01, 0.02, 0.03, 0.04, 0.05", shown(node)));
}

Result<market::ContractDuration> read_cancellation(const YamlNode& node) {
  constexpr std::string_view kAllowed = "minutes, as 5m, 15m, 60m";
  const auto value = node.kind == YamlNode::Kind::kScalar
                         ? market::ContractDuration::parse(node.text)
                         : Result<market::ContractDuration>(market::ContractDuration{});
  using Unit = market::ContractDuration::Unit;
  if (!value || value->unit != Unit::kMinutes || value->count < 1 || value->count > 60) {
    return invalid(
        fmt::format("{} is no time of a deal cancellation; allowed: {}", shown(node), kAllowed));
  }
  return *value;
}

Result<std::int64_t> read_alternate(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kScalar && node.text == kAfterLoss) return std::int64_t{1};
  if (node.kind == YamlNode::Kind::kScalar && node.text.starts_with(kAfterLosses)) {
    auto count = node;
    count.text.erase(0, kAfterLosses.size());
    count.quoted = false;
    if (const auto n = read_count(count, 1, kMostLosses)) return *n;
  }
  return invalid(
      fmt::format("{} is not when the two types change places; allowed: {}, or {}N with "
                  "N from 1 to {}",
                  shown(node), kAfterLoss, kAfterLosses, kMostLosses));
}
std::string print_alternate(const std::optional<std::int64_t>& value) {
  if (!value) return "null";
  return *value == 1 ? std::string(kAfterLoss) : fmt::format("{}{}", kAfterLosses, *value);
}

std::string print(const engine::BarrierSetting& value) {
  const bool plus = value.is_offset && value.value.mantissa >= 0;
  return (plus ? "+" : "") + value.value.to_string();
}

std::string print(core::VenueTime value) { return core::utc_time(value) + " UTC"; }

std::string print(const std::optional<engine::BarrierSetting>& value) {
  return value ? print(*value) : "null";
}
std::string print(const std::optional<core::VenueTime>& value) {
  return value ? print(*value) : "null";
}

std::string print(const std::vector<ContractType>& value) {
  if (value.empty()) return "null";
  if (value.size() == 1) return std::string(market::name_of(value.front()));
  std::string out;
  for (const auto type : value) {
    out += fmt::format("{}{}", out.empty() ? "" : ", ", market::name_of(type));
  }
  return fmt::format("[{}]", out);
}

void check_contract(const ContractCheck& check) { ContractChecker(check).run(); }

}  // namespace derivd::config
