#include "config/offered.hpp"

#include <fmt/format.h>

#include "engine/spec.hpp"

namespace derivd::config {

std::optional<std::string> not_offered(const engine::StrategySettings& strategy,
                                       const market::Symbols& symbols) {
  const auto* offerings = symbols.offerings(strategy.symbol);
  if (offerings == nullptr) return std::nullopt;
  for (const auto& buyable : engine::buyables(strategy)) {
    const auto spec =
        engine::make_spec(strategy, buyable.signal, engine::symbol_of(strategy).decimals);
    if (!spec) continue;  // an error of its own
    if (auto problem = offerings->problem_of(*spec)) return problem;
  }
  return std::nullopt;
}

void check_offered(Config& config) {
  const auto& symbols = config.engine.symbols;
  for (std::size_t i = 0; i < config.engine.strategies.size(); ++i) {
    const auto& s = config.engine.strategies[i];
    auto problem = not_offered(s, symbols);
    if (!problem) continue;
    const auto* offerings = symbols.offerings(s.symbol);
    const auto when =
        offerings->asked.s == 0
            ? fmt::format("by derivd's own list of {}", market::kSnapshotDate)
            : fmt::format("by the venue, asked {}", market::minute_of(offerings->asked));
    const auto key = fmt::format("strategies[{}].contract", i);
    const auto at = config.places.find(key);
    const auto whole = config.places.find(fmt::format("strategies[{}]", i));
    const auto place = at != config.places.end()      ? at->second
                       : whole != config.places.end() ? whole->second
                                                      : Place{1, 1};
    config.not_offered.push_back(
        {{place.line, place.column, key, fmt::format("{} ({})", *problem, when),
          config.engine.strategies[i].name.str()},
         offerings->asked.s != 0});
  }
}

}  // namespace derivd::config
