#include "config/staking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/value.hpp"
#include "engine/spec.hpp"
#include "market/kind.hpp"
#include "staking/plan.hpp"

namespace derivd::config {
namespace {

using core::invalid;
using core::Result;

constexpr std::array<std::string_view, 2> kAdvance{"loss", "win"};
constexpr std::string_view kAuto = "auto";

class StakingChecker final {
 public:
  explicit StakingChecker(const StakingCheck& check)
      : c_(check),
        s_(check.settings.staking),
        plan_(*staking::find_plan(check.settings.staking.plan)) {}

  bool run() {
    only_for(plan_.uses_stakes, "stakes", "table");
    only_for(plan_.uses_stakes, "advance", "table");
    only_for(plan_.uses_percent, "percent", "percent_of_balance");
    if (plan_.uses_percent) percent();
    if (s_.auto_factor) auto_factor();
    return (!plan_.uses_stakes || table()) && c_.good("staking.base");
  }

 private:
  /// A key that the plan has no use for is a mistake of the reader, who believes that it does
  /// something.
  void only_for(bool useful, std::string_view key, std::string_view plan) {
    const auto full = fmt::format("staking.{}", key);
    if (useful || !c_.given(full)) return;
    c_.problem(full, fmt::format("has no meaning for plan {}; leave it out, or write plan: {}",
                                 plan_.name, plan));
  }

  void auto_factor() {
    if (plan_.name != "martingale") {
      return c_.problem("staking.factor",
                        fmt::format("auto has no meaning for plan {}; allowed: a number, or plan: "
                                    "martingale",
                                    plan_.name));
    }
    if (c_.settings.contract.basis == market::Basis::kPayout && c_.good("contract.basis")) {
      c_.problem("contract.basis", "factor: auto reckons a stake, not a payout; allowed: stake");
    }
    if (strategy::find_type(c_.settings.type) == nullptr) return;
    for (const auto type : engine::types_of(c_.settings)) {
      if (market::has_payout(type)) continue;
      return c_.problem("staking.factor",
                        fmt::format("auto needs a payout, and {} has none; allowed: a number",
                                    market::name_of(type)));
    }
  }
  void percent() {
    if (c_.good("staking.percent") && !c_.given("staking.percent")) {
      c_.problem("staking.percent", "is required by plan percent_of_balance: above 0, at most 100");
    }
    if (c_.settings.contract.basis == market::Basis::kPayout && c_.good("contract.basis")) {
      c_.problem("contract.basis",
                 "percent_of_balance says a stake, not a payout; allowed with it: stake");
    }
  }

  bool table() {
    if (!c_.good("staking.stakes")) return false;
    if (s_.stakes.empty()) {
      c_.problem("staking.stakes", "is required by plan table: a list as [0.35, 0.80, 1.70]");
      return false;
    }
    if (!c_.good("staking.base")) return false;
    if (c_.given("staking.base") && s_.base != s_.stakes.front()) {
      c_.problem("staking.base",
                 fmt::format("{} is not the first of staking.stakes, which is the base of a table; "
                             "leave it out",
                             s_.base.to_string()));
      return false;
    }
    s_.base = s_.stakes.front();
    return true;
  }

  const StakingCheck& c_;
  staking::Settings& s_;
  const staking::PlanType& plan_;
};

}  // namespace

Result<std::vector<core::Money>> read_stakes(const YamlNode& node, std::uint8_t decimals) {
  if (node.kind != YamlNode::Kind::kList || node.items.empty() ||
      node.items.size() > staking::kMaxStakes) {
    return invalid(fmt::format(
        "{} is no table of stakes; allowed: a list of 1 to {} amounts, as [0.35, 0.80, "
        "1.70]",
        node.kind == YamlNode::Kind::kList ? fmt::format("a list of {}", node.items.size())
                                           : shown(node),
        staking::kMaxStakes));
  }
  std::vector<core::Money> out;
  for (const auto& item : node.items) {
    const auto amount = read_amount(item, decimals);
    if (!amount) return invalid(fmt::format("entry {}: {}", out.size() + 1, amount.error().text));
    out.push_back(*amount);
  }
  return out;
}

Result<std::optional<core::Decimal>> read_factor(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kScalar && node.text == kAuto) {
    return std::optional<core::Decimal>{};
  }
  const auto factor = read_decimal(node, 1, 100);
  if (factor) return std::optional(*factor);
  return invalid(fmt::format("{}, or auto", factor.error().text));
}

Result<core::Decimal> read_percent(const YamlNode& node) {
  auto value = node;
  if (node.kind == YamlNode::Kind::kScalar && node.text.ends_with('%')) {
    value.text.pop_back();
    value.quoted = false;  // "2%" in quotes is no other value
  }
  const auto percent = read_decimal(value, 0, 100);
  if (percent) return *percent;
  return invalid(fmt::format(
      "{} is no share of the balance; allowed: above 0, at most 100, as 2 or 2%, with at most 6 "
      "decimals",
      shown(node)));
}

std::string print(const std::vector<core::Money>& value) {
  if (value.empty()) return "null";
  std::string out;
  for (const auto amount : value) {
    out += fmt::format("{}{}", out.empty() ? "" : ", ", amount.to_string());
  }
  return fmt::format("[{}]", out);
}

Result<staking::Advance> read_advance(const YamlNode& node) {
  const auto word = read_choice(node, kAdvance, {}, "value");
  if (!word) return word.error();
  return *word == kAdvance[1] ? staking::Advance::kWin : staking::Advance::kLoss;
}
std::string print(staking::Advance value) {
  return std::string(kAdvance.at(static_cast<std::size_t>(value)));
}

bool check_staking(const StakingCheck& check) { return StakingChecker(check).run(); }

}  // namespace derivd::config
