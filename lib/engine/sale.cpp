#include "engine/sale.hpp"

#include <algorithm>

#include "core/check.hpp"

namespace derivd::engine {

void Sales::ask(core::ContractId contract, bool by_rule, bool cancel) {
  sales_.insert_or_assign(contract, Sale{false, by_rule, cancel, {}});
}

void Sales::restore(core::ContractId contract, bool by_rule, bool cancel, core::VenueTime clock) {
  sales_.insert_or_assign(contract, Sale{false, by_rule, cancel, clock});
}

const Sale* Sales::find(core::ContractId contract) const {
  const auto it = sales_.find(contract);
  return it == sales_.end() ? nullptr : &it->second;
}

std::optional<Sale> Sales::take(core::ContractId contract) {
  const auto it = sales_.find(contract);
  if (it == sales_.end()) return std::nullopt;
  const auto sale = it->second;
  sales_.erase(it);
  return sale;
}

const Sale* Sales::confirm(core::ContractId contract) {
  const auto it = sales_.find(contract);
  if (it == sales_.end()) return nullptr;
  it->second.confirmed = true;
  it->second.unclear.reset();
  return &it->second;
}

const Sale* Sales::lose(core::ContractId contract, core::VenueTime clock) {
  const auto it = sales_.find(contract);
  if (it == sales_.end() || it->second.confirmed || it->second.unclear) return nullptr;
  it->second.unclear = clock;
  return &it->second;
}

bool Sales::is_disproved(core::ContractId contract, core::VenueTime as_of) const {
  const auto* sale = find(contract);
  if (sale == nullptr) return false;
  DERIVD_CHECK(!sale->confirmed || !sale->unclear, "a sale is confirmed and unclear at once");
  return sale->unclear && as_of >= *sale->unclear;
}

std::vector<core::ContractId> Sales::contracts() const {
  std::vector<core::ContractId> out;
  for (const auto& [contract, sale] : sales_) out.push_back(contract);
  return out;
}

bool Sales::any_unclear() const {
  return std::any_of(sales_.begin(), sales_.end(),
                     [](const auto& sale) { return sale.second.unclear.has_value(); });
}

bool Sales::awaits_answer() const {
  return std::any_of(sales_.begin(), sales_.end(), [](const auto& sale) {
    return !sale.second.confirmed && !sale.second.unclear;
  });
}

}  // namespace derivd::engine
