#include "config/hook.hpp"

#include <fmt/format.h>

#include <array>

#include "config/value.hpp"
#include "engine/spec.hpp"
#include "market/kind.hpp"
#include "strategy/registry.hpp"

namespace derivd::config {
namespace {

constexpr std::int64_t kMost = 1000;
constexpr std::array<std::string_view, 1> kUntil{"win"};

engine::VirtualHook& hook(Target& t) {
  auto& hook = t.strategy->hook;
  if (!hook) hook.emplace();
  return *hook;
}

std::optional<std::string> apply_count(Target& t, const YamlNode& node,
                                       std::int64_t engine::VirtualHook::*member) {
  const auto value = read_count(node, 1, kMost);
  if (!value) return value.error().text;
  hook(t).*member = *value;
  return std::nullopt;
}

}  // namespace

std::optional<std::string> apply_hook_losses(Target& t, const YamlNode& node) {
  return apply_count(t, node, &engine::VirtualHook::losses);
}
std::string show_hook_losses(const Target& t) {
  return t.strategy->hook ? print(t.strategy->hook->losses) : "null";
}

std::optional<std::string> apply_hook_trades(Target& t, const YamlNode& node) {
  return apply_count(t, node, &engine::VirtualHook::trades);
}
std::string show_hook_trades(const Target& t) {
  const auto& hook = t.strategy->hook;
  return hook && !hook->until_win ? print(hook->trades) : "null";
}

std::optional<std::string> apply_hook_until(Target& t, const YamlNode& node) {
  const auto value = read_choice(node, kUntil, {}, "value");
  if (!value) return value.error().text;
  hook(t).until_win = true;
  return std::nullopt;
}
std::string show_hook_until(const Target& t) {
  return t.strategy->hook && t.strategy->hook->until_win ? "win" : "null";
}

void check_hook(const HookCheck& check) {
  if (!check.settings.hook) return;
  if (check.given("virtual.trades") && check.given("virtual.until")) {
    check.problem("virtual.trades",
                  "until: win says how long it stays real; leave out one of the two");
  }
  if (check.settings.exit.any()) {
    check.problem("virtual",
                  "what a contract could be sold for only the venue says, so that exit cannot be "
                  "followed without money; leave out one of the two");
  }
  if (strategy::find_type(check.settings.type)->is_scripted) {
    return check.problem("virtual",
                         "has no meaning for type script, which hears of what it has bought; count "
                         "in the script instead");
  }
  for (const auto type : engine::types_of(check.settings)) {
    if (market::has_payout(type)) continue;
    return check.problem(
        "virtual", fmt::format("whether a {} wins cannot be told from ticks alone; leave it out",
                               market::name_of(type)));
  }
}

}  // namespace derivd::config
