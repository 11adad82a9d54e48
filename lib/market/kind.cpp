#include "market/kind.hpp"

#include <algorithm>

namespace derivd::market {

std::string_view name_of(ContractType type) { return kind_of(type).name; }

std::optional<ContractType> contract_type_from(std::string_view name) {
  for (const auto* kind : all_kinds()) {
    if (kind->name == name) return ContractType(*kind);
  }
  return std::nullopt;
}

std::size_t rank_of(ContractType type) {
  const auto all = all_kinds();
  return static_cast<std::size_t>(std::ranges::find(all, &kind_of(type)) - all.begin());
}

bool is_named(ContractType type, std::string_view wire_name) {
  const auto& kind = kind_of(type);
  return wire_name == kind.name || wire_name == kind.v3_name;
}

bool booked_alike(ContractType a, ContractType b) {
  return kind_of(a).v3_name == kind_of(b).v3_name;
}

std::optional<ContractType> with_offset(std::string_view wire_name) {
  for (const auto* kind : all_kinds()) {
    const ContractType type(*kind);
    if (has_form(type, BarrierForm::kOffset) && is_named(type, wire_name)) return type;
  }
  return std::nullopt;
}

End won_or_lost(const Life& life) {
  return wins(life.spec(), life.entry()->quote, life.last()->quote) ? End::kWon : End::kLost;
}

bool is_resold(const ContractSpec& spec) {
  switch (kind_of(spec.type).resale) {
    case Resale::kNever:
      return false;
    case Resale::kTimed:
      return !spec.duration.in_ticks();
    case Resale::kAlways:
      return true;
  }
  return false;
}

}  // namespace derivd::market
