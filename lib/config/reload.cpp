#include <fmt/format.h>

#include <algorithm>

#include "config/config.hpp"
#include "config/table.hpp"

namespace derivd::config {
namespace {

const engine::StrategySettings* find(const Config& config, const core::Name& name) {
  const auto& all = config.engine.strategies;
  const auto at =
      std::find_if(all.begin(), all.end(), [&](const auto& s) { return s.name == name; });
  return at == all.end() ? nullptr : &*at;
}

/// Key of a place: strategies are numbered there.
std::string place_key(const Config& config, std::string_view path,
                      const engine::StrategySettings* strategy) {
  if (strategy == nullptr) return std::string(path);
  const auto index = strategy - config.engine.strategies.data();
  return fmt::format("strategies[{}]{}", index,
                     path.substr(std::string_view("strategies[]").size()));
}

Place place_in(const Config& config, const std::string& key) {
  const auto at = config.places.find(key);
  return at == config.places.end() ? Place{} : at->second;
}

void compare(Target before, Target after, std::vector<Change>& out) {
  for (const auto& setting : settings()) {
    const bool of_strategy = setting.path.starts_with("strategies[]");
    if (of_strategy != (after.strategy != nullptr)) continue;
    auto old_value = setting.show(before);
    auto new_value = setting.show(after);
    if (old_value == new_value) continue;
    auto key = std::string(setting.path);
    if (of_strategy) {
      key = fmt::format("strategies[{}]{}", after.strategy->name,
                        setting.path.substr(std::string_view("strategies[]").size()));
    }
    out.push_back({std::move(key), std::move(old_value), std::move(new_value), setting.reload,
                   place_in(after.config, place_key(after.config, setting.path, after.strategy))});
  }
}

/// Where the key stands in the new file, or the nearest section above it that does.
Place nearest_place(const Config& after, const Change& change) {
  if (change.place.line != 0) return change.place;
  auto key = change.key;
  for (auto dot = key.rfind('.'); dot != std::string::npos; dot = key.rfind('.')) {
    key.resize(dot);
    if (const auto at = place_in(after, key); at.line != 0) return at;
  }
  return {1, 1};
}

}  // namespace

std::string_view name_of(Reload reload) {
  switch (reload) {
    case Reload::kLive:
      return "live";
    case Reload::kWhenFlat:
      return "when flat";
    case Reload::kReconnect:
      return "reconnect";
    case Reload::kRestart:
      return "restart";
  }
  return "restart";
}

std::vector<Change> diff(const Config& before, const Config& after) {
  // Rows show from the same access path that they write to, hence copies.
  auto a = before;
  auto b = after;
  std::vector<Change> out;
  compare({a}, {b}, out);
  for (auto& strategy : b.engine.strategies) {
    if (const auto* old = find(a, strategy.name)) {
      auto was = *old;
      compare({a, &was}, {b, &strategy}, out);
    } else {
      out.push_back({fmt::format("strategies[{}]", strategy.name), "", "added", Reload::kLive,
                     place_in(b, place_key(b, "strategies[]", &strategy))});
    }
  }
  for (const auto& strategy : a.engine.strategies) {
    if (find(b, strategy.name) == nullptr) {
      out.push_back(
          {fmt::format("strategies[{}]", strategy.name), "removed", "", Reload::kLive, {}});
    }
  }
  return out;
}

std::vector<Problem> refusals(const std::vector<Change>& changes, const Config& after) {
  std::vector<Problem> out;
  for (const auto& change : changes) {
    if (change.reload != Reload::kRestart) continue;
    const auto at = nearest_place(after, change);
    out.push_back({at.line, at.column, change.key,
                   fmt::format("{} instead of {}: a reload cannot change it; restart the daemon, "
                               "which keeps contracts, sessions and steps",
                               change.after, change.before)});
  }
  return out;
}

}  // namespace derivd::config
