#include "core/currency.hpp"

#include <algorithm>
#include <array>

namespace derivd::core {
namespace {

struct Row {
  std::string_view code;
  std::uint8_t decimals;
};
constexpr std::array<Row, 12> kRows{{{"AUD", 2},
                                     {"BTC", 8},
                                     {"ETH", 8},
                                     {"EUR", 2},
                                     {"GBP", 2},
                                     {"JPY", 0},
                                     {"LTC", 8},
                                     {"USD", 2},
                                     {"USDC", 2},
                                     {"UST", 2},
                                     {"eUSDT", 2},
                                     {"tUSDT", 2}}};

}  // namespace

std::optional<std::uint8_t> decimals_of(std::string_view currency) {
  const auto at = std::find_if(kRows.begin(), kRows.end(),
                               [&](const Row& row) { return row.code == currency; });
  if (at == kRows.end()) return std::nullopt;
  return at->decimals;
}

std::string known_currencies() {
  std::string out;
  for (const auto& row : kRows) {
    if (!out.empty()) out += ", ";
    out += row.code;
  }
  return out;
}

}  // namespace derivd::core
