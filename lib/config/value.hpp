// Owns the reading of single values: amounts, numbers, durations, times, choices, and their
// printing. The settings table names one reader for each key. It is strict: what is not exactly of
// its form is an error that says what is allowed.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/tree.hpp"
#include "core/decimal.hpp"
#include "core/result.hpp"
#include "market/spec.hpp"
#include "risk/limits.hpp"

namespace derivd::config {

/// A value as it may stand in a message: shortened, in quotes, without control characters.
std::string shown(std::string_view text);
std::string shown(const YamlNode& node);

/// "2,1" in braces is, for YAML, the value 2 and a key 1 without a value: what a person meant who
/// writes numbers with a comma, if `next` stands behind `value` so.
std::optional<std::string> decimal_comma(const YamlNode& value, const YamlNode::Entry& next);

core::Result<std::string> read_text(const YamlNode& node);
core::Result<bool> read_bool(const YamlNode& node);
/// More than 0 (or at least 0), exact in the currency's decimals, at most most_amount().
core::Result<core::Money> read_amount(const YamlNode& node,
                                      std::uint8_t decimals = core::Money::kCents);
core::Result<core::Money> read_amount_or_zero(const YamlNode& node,
                                              std::uint8_t decimals = core::Money::kCents);
/// A billion of a currency of up to two decimals, a million of others.
core::Money most_amount(std::uint8_t decimals);
core::Result<std::int64_t> read_count(const YamlNode& node, std::int64_t low, std::int64_t high);
/// Between the bounds, both out of reach (`low` < value <= `high`), at most 6 decimals.
core::Result<core::Decimal> read_decimal(const YamlNode& node, int low, int high);
/// "0.02%", above 0% and at most `most` percent, at most 6 decimals.
core::Result<core::Decimal> read_percent(const YamlNode& node, int most);
/// "0s", "90s", "10m", "1h", "1d".
core::Result<std::chrono::seconds> read_span(const YamlNode& node, std::chrono::seconds low,
                                             std::chrono::seconds high);
/// "00:00 UTC", "22:30".
core::Result<std::chrono::seconds> read_time_of_day(const YamlNode& node);
core::Result<market::ContractDuration> read_contract_duration(const YamlNode& node);
/// A list of "Mon-Fri 08:00-20:00 UTC", "Sat,Sun 10:00-12:00", "22:00-24:00 Europe/Berlin".
core::Result<std::vector<risk::Hours>> read_hours(const YamlNode& node);
/// One of the words; `planned` are words of the documentation that this version does not have.
core::Result<std::string> read_choice(const YamlNode& node, std::span<const std::string_view> words,
                                      std::span<const std::string_view> planned,
                                      std::string_view what);
/// "a, b, c".
std::string join(std::span<const std::string_view> words);
/// ", did you mean 'x'?" or nothing.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> words);

std::string print(const std::string& value);
std::string print(bool value);
std::string print(core::Money value);
std::string print(std::int64_t value);
std::string print(const core::Decimal& value);
std::string print(std::chrono::seconds value);
std::string print(const market::ContractDuration& value);
std::string print(const std::vector<risk::Hours>& value);
std::string print_time_of_day(std::chrono::seconds value);
template <class T>
std::string print(const std::optional<T>& value) {
  return value ? print(*value) : "null";
}

}  // namespace derivd::config
