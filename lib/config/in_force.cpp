#include <fmt/format.h>

#include "config/config.hpp"
#include "config/table.hpp"

namespace derivd::config {
namespace {

constexpr std::string_view kOfStrategy = "strategies[]";

std::optional<Place> place_of_key(const Config& config, const std::string& key) {
  const auto at = config.places.find(key);
  return at == config.places.end() ? std::nullopt : std::optional(at->second);
}

}  // namespace

std::vector<InForce> in_force(const Config& config) {
  auto copy = config;  // rows show from the same access path that they write to
  std::vector<InForce> out;
  const auto add = [&](const Setting& s, const Target& target, std::string key,
                       const std::string& place) {
    out.push_back(
        {std::move(key), s.show(target), place_of_key(config, place), s.allowed, s.help, s.reload});
  };
  bool strategies_done = false;
  for (const auto& setting : settings()) {
    if (!setting.path.starts_with(kOfStrategy)) {
      add(setting, {copy}, std::string(setting.path), std::string(setting.path));
      continue;
    }
    if (strategies_done) continue;
    strategies_done = true;  // one strategy after the other, each with all of its keys
    for (std::size_t i = 0; i < copy.engine.strategies.size(); ++i) {
      auto& strategy = copy.engine.strategies[i];
      for (const auto& of : settings()) {
        if (!of.path.starts_with(kOfStrategy)) continue;
        const auto rest = of.path.substr(kOfStrategy.size());
        add(of, {copy, &strategy}, fmt::format("strategies[{}]{}", strategy.name, rest),
            fmt::format("strategies[{}]{}", i, rest));
      }
    }
  }
  return out;
}

std::string in_force_text(const Config& config, std::string_view file) {
  std::string out;
  for (const auto& k : in_force(config)) {
    const auto from = k.place ? fmt::format("{}:{}", file, k.place->line) : std::string("default");
    out += fmt::format("{}: {} ({}; reload: {})\n    {} Allowed: {}.\n", k.key, k.value, from,
                       name_of(k.reload), k.help, k.allowed);
  }
  return out;
}

}  // namespace derivd::config
