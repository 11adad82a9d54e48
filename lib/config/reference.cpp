#include <fmt/format.h>

#include "config/config.hpp"
#include "config/table.hpp"
#include "config/value.hpp"
#include "market/symbol.hpp"
#include "rules/words.hpp"
#include "staking/plan.hpp"
#include "strategy/registry.hpp"

namespace derivd::config {
namespace {

std::string types_text() {
  std::string out = "\nSTRATEGY TYPES\n";
  for (const auto& type : strategy::strategy_types()) {
    std::string contracts;
    for (const auto c : type.contracts) {
      contracts += fmt::format("{}{}", contracts.empty() ? "" : ", ", market::name_of(c));
    }
    if (type.programmed) contracts = "what the program says";
    out += fmt::format("\n{}\n    {}\n    Buys: {}{}\n", type.name, type.help, contracts,
                       type.digits ? " (durations in ticks)" : "");
    if (type.programmed) {
      out +=
          "    params.file: required. The XML file; a relative path is relative to the "
          "configuration.\n"
          "    params.answers: a list, one for each question of the program, in their order.\n"
          "    params.symbol: a symbol in the place of the program's own.\n"
          "    params.seed: 0 to 2147483647, default 1. Of its random numbers.\n";
    }
    for (const auto& p : type.params) {
      out += fmt::format("    params.{}: {}, default {}. {}\n", p.name, strategy::allowed_of(p),
                         p.fallback ? strategy::text_of(p, *p.fallback) : "none", p.help);
    }
  }
  return out;
}

std::string expressions_text() { return "\nEXPRESSIONS\n" + rules::words_text(); }

std::string plans_text() {
  std::string out = "\nSTAKE PLANS\n";
  for (const auto& plan : staking::plan_types()) {
    std::string keys;
    for (const auto& [uses, key] :
         {std::pair{plan.uses_factor, "factor"}, std::pair{plan.uses_unit, "unit"},
          std::pair{plan.uses_max_steps, "max_steps"}, std::pair{plan.uses_stakes, "stakes"},
          std::pair{plan.uses_stakes, "advance"}, std::pair{plan.uses_percent, "percent"}}) {
      if (uses) keys += fmt::format("{}{}", keys.empty() ? "" : ", ", key);
    }
    if (!plan.uses_stakes) keys = fmt::format("base{}{}", keys.empty() ? "" : ", ", keys);
    out += fmt::format("\n{}\n    {}\n    Uses: {}\n", plan.name, plan.help, keys);
  }
  return out;
}

}  // namespace

std::string reference_text() {
  std::string out =
      "KEYS\n\n"
      "Reload: live = taken over at once; when flat = once the strategy has no open contract;\n"
      "reconnect = with a new session with the venue; restart = needs a restart, a reload refuses "
      "it.\n";
  for (const auto& s : settings()) {
    const auto standard =
        s.fallback == kRequired ? std::string("required") : fmt::format("default {}", s.fallback);
    out += fmt::format("\n{}\n    Allowed: {}; {}; reload: {}.\n    {}\n", s.path, s.allowed,
                       standard, name_of(s.reload), s.help);
  }
  std::vector<std::string_view> symbols;
  for (const auto& symbol : market::known_symbols()) symbols.push_back(symbol.code);
  return out + types_text() + expressions_text() + plans_text() +
         fmt::format("\nSYMBOLS\n\n{}\n", join(symbols));
}

}  // namespace derivd::config
