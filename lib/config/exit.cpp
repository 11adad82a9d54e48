#include "config/exit.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/value.hpp"
#include "engine/spec.hpp"
#include "market/kind.hpp"

namespace derivd::config {
namespace {

using core::invalid;
using core::Result;

/// No contract of Deriv's pays more than a thousand times its price.
constexpr int kMostPercent = 100'000;
constexpr int kWholeStake = 100;

Result<risk::ExitLevel> read_level(const YamlNode& node, int most, std::uint8_t decimals) {
  risk::ExitLevel out;
  if (node.kind != YamlNode::Kind::kScalar || !node.text.ends_with('%')) {
    const auto amount = read_amount(node, decimals);
    if (!amount) {
      return invalid(amount.error().text + fmt::format("; or a share of the stake, as 50%"));
    }
    out.amount = *amount;
    return out;
  }
  auto share = node;
  share.text.pop_back();
  share.quoted = false;  // "50%" in quotes is no other value
  const auto percent = read_decimal(share, 0, most);
  if (!percent) {
    return invalid(fmt::format(
        "{} is no share of the stake; allowed: above 0%, at most {}%, as 50%", shown(node), most));
  }
  out.percent = *percent;
  return out;
}

/// "CALL of 5t", "MULTUP".
std::string named(const market::ContractSpec& spec) {
  return spec.duration.count > 0
             ? fmt::format("{} of {}", market::name_of(spec.type), spec.duration.to_string())
             : std::string(market::name_of(spec.type));
}

}  // namespace

Result<risk::ExitLevel> read_exit_level(const YamlNode& node, std::uint8_t decimals) {
  return read_level(node, kMostPercent, decimals);
}
Result<risk::ExitLevel> read_exit_loss(const YamlNode& node, std::uint8_t decimals) {
  return read_level(node, kWholeStake, decimals);
}

Result<risk::ExitAfter> read_exit_after(const YamlNode& node) {
  const auto refused = [&] {
    return invalid(
        fmt::format("{} is no time to wait; allowed: ticks as 20t, at most {}t, or 30s, "
                    "5m, 1h, 1d, at most {}",
                    shown(node), risk::kMaxExitTicks, print(risk::kMaxExitTime)));
  };
  if (node.kind != YamlNode::Kind::kScalar) return refused();
  risk::ExitAfter out;
  if (!node.text.ends_with('t')) {
    const auto time = read_span(node, std::chrono::seconds(1), risk::kMaxExitTime);
    if (!time) return refused();
    out.time = *time;
    return out;
  }
  auto count = node;
  count.text.pop_back();
  count.quoted = false;
  const auto ticks = read_count(count, 1, risk::kMaxExitTicks);
  if (!ticks) return refused();
  out.ticks = *ticks;
  return out;
}

std::string print(const std::optional<risk::ExitLevel>& value) {
  return value ? value->to_string() : "null";
}
std::string print(const std::optional<risk::ExitAfter>& value) {
  if (!value) return "null";
  return value->ticks > 0 ? value->to_string() : print(value->time);
}

std::string check_exit(const engine::StrategySettings& settings) {
  const auto decimals = engine::symbol_of(settings).decimals;
  for (const auto& [signal, barrier_varies] : engine::buyables(settings)) {
    const auto spec = engine::make_spec(settings, signal, decimals);
    if (!spec || market::is_resold(*spec)) continue;
    const auto& kind = market::kind_of(spec->type);
    // One that is bought back while it counts a time is only written in another length.
    if (kind.resale == market::Resale::kTimed) {
      return fmt::format(
          "{} cannot be sold before its end: Deriv buys no contract back that counts in ticks; "
          "give it a time, as duration: 5m, or leave exit out",
          named(*spec));
    }
    return fmt::format(
        "{} cannot be sold before its end: Deriv buys no {} contract back; leave exit out",
        named(*spec), kind.family);
  }
  return {};
}

}  // namespace derivd::config
