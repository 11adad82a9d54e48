// Owns what derivd knows of currencies: how many decimals their amounts have. The session asks when
// an account is opened, the configuration when a file names its currency. It converts nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/short_string.hpp"

namespace derivd::core {

using CurrencyCode = ShortString<8>;

/// How many decimals the amounts of a currency have; empty: not known. Deriv's accounts are kept in
/// these (November 2026), in its own decimals (`fractional_digits`), and in JPY in the simulator
/// alone. What an account's own login says of it goes before this.
std::optional<std::uint8_t> decimals_of(std::string_view currency);
/// "AUD, BTC, …": those that are known, for messages.
std::string known_currencies();

/// The most decimals that an amount of any currency may have.
inline constexpr std::uint8_t kMostDecimals = 8;

}  // namespace derivd::core
