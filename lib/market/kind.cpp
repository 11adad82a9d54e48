#include "market/kind.hpp"

#include <algorithm>

#include "core/check.hpp"
#include "market/integer.hpp"

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

core::Money in_currency(core::Money dollars, std::uint8_t decimals) {
  DERIVD_CHECK(dollars.exponent() == core::Money::kCents, "an amount that is not of dollars");
  if (decimals == core::Money::kCents) return dollars;
  constexpr std::int64_t kYen = 150;
  constexpr std::int64_t kSatoshi = 1'000;
  const auto per_dollar = decimals == 0 ? kYen : decimals == 8 ? kSatoshi : core::pow10(decimals);
  const auto units = (static_cast<Wide>(dollars.units()) * per_dollar + 99) / 100;
  return core::Money::minor(static_cast<std::int64_t>(units), decimals);
}

Amounts Amounts::in(std::uint8_t decimals) const {
  Amounts out = *this;
  out.min_stake = in_currency(min_stake, decimals);
  if (max_stake) out.max_stake = in_currency(*max_stake, decimals);
  if (max_payout) out.max_payout = in_currency(*max_payout, decimals);
  return out;
}

}  // namespace derivd::market
