#include "market/rule.hpp"

#include <fmt/format.h>

#include "market/kind.hpp"

namespace derivd::market {
namespace {

std::string last_tick_rule(const ContractSpec& spec) {
  const auto& kind = kind_of(spec.type);
  if (!spec.duration.in_ticks()) return "the exit is the last tick at or before its end";
  if (!kind.entry_counts) {
    return fmt::format("the exit is tick {} after the entry", spec.duration.count);
  }
  if (spec.duration.count == 1) return "the exit is the entry itself";
  return fmt::format("the exit is tick {}, the entry being tick 1", spec.duration.count);
}

std::string exit_rule(const ContractSpec& spec) {
  const auto& kind = kind_of(spec.type);
  if (!kind.needs.has_length()) return "the exit is the tick at which it was closed";
  auto out = last_tick_rule(spec);
  if (kind.step != nullptr && kind.path_dependent) out += ", or the tick that decides it before";
  return out;
}

std::string_view entry_rule(const ContractSpec& spec) {
  switch (kind_of(spec.type).entry) {
    case EntryRule::kNext:
      return "The entry is the first tick after the start";
    case EntryRule::kKnown:
      return "The entry is the latest tick at its purchase";
  }
  return "";
}

}  // namespace

std::string rule_in_words(const ContractSpec& spec) {
  return fmt::format("{}{}: {}. {}; {}.", name_of(spec.type),
                     spec.duration.count > 0 ? ", " + spec.duration.to_string() : "",
                     kind_of(spec.type).rule(spec), entry_rule(spec), exit_rule(spec));
}

}  // namespace derivd::market
