// Owns the values below `contract:` of a strategy: how each is written and printed, and whether all
// of them together make a contract that its types can be. The settings table names a reader for
// each key, the checks call check_contract() once the type and the symbol are known. It never asks
// what the venue offers.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/tree.hpp"
#include "core/result.hpp"
#include "engine/settings.hpp"
#include "market/symbol.hpp"

namespace derivd::config {

/// "+0.10" and "-0.10", quoted or not: from the entry; "812.30": a quote. At most 9 decimals.
core::Result<engine::BarrierSetting> read_barrier(const YamlNode& node);
/// "2026-12-01 16:00 UTC", with seconds or not.
core::Result<core::VenueTime> read_until(const YamlNode& node);
/// One of Deriv's upper-case names, or a list of one or two.
core::Result<std::vector<market::ContractType>> read_contract_types(const YamlNode& node);
/// 0.01 to 0.05, or 1% to 5%.
core::Result<core::Decimal> read_growth(const YamlNode& node);
/// Of a deal cancellation: "15m".
core::Result<market::ContractDuration> read_cancellation(const YamlNode& node);

/// "after_loss", "after_losses 3": lost contracts in a row.
core::Result<std::int64_t> read_alternate(const YamlNode& node);
std::string print_alternate(const std::optional<std::int64_t>& value);

std::string print(const engine::BarrierSetting& value);
std::string print(core::VenueTime value);
std::string print(const std::optional<engine::BarrierSetting>& value);
std::string print(const std::optional<core::VenueTime>& value);
std::string print(const std::vector<market::ContractType>& value);

/// The names of all types, in a fixed order.
std::vector<std::string_view> contract_type_names();

struct ContractCheck {
  const engine::StrategySettings& settings;  // its type is known
  const strategy::StrategyType& type;        // not ruled
  const market::SymbolInfo& symbol;
  std::function<bool(std::string_view key)> good;   // its value was taken, or it is not there
  std::function<bool(std::string_view key)> given;  // it is there
  std::function<void(std::string_view key, std::string reason)> problem;
};
void check_contract(const ContractCheck& check);

}  // namespace derivd::config
