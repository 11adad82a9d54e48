#include "market/rule.hpp"

#include <fmt/format.h>

#include "market/kind.hpp"

namespace derivd::market {
namespace {

std::string exit_rule(const ContractSpec& spec) {
  const auto& kind = kind_of(spec.type);
  if (!kind.needs.has_length()) return "the exit is the tick at which it was closed";
  if (!spec.duration.in_ticks()) return "the exit is the last tick at or before its end";
  if (!kind.entry_counts) {
    return fmt::format("the exit is tick {} after the entry", spec.duration.count);
  }
  if (spec.duration.count == 1) return "the exit is the entry itself";
  return fmt::format("the exit is tick {}, the entry being tick 1", spec.duration.count);
}

}  // namespace

std::string rule_in_words(const ContractSpec& spec) {
  return fmt::format("{}{}: {}. The entry is the first tick after the start; {}.",
                     name_of(spec.type),
                     spec.duration.count > 0 ? ", " + spec.duration.to_string() : "",
                     kind_of(spec.type).rule(spec), exit_rule(spec));
}

}  // namespace derivd::market
