#include "market/symbol.hpp"

#include <algorithm>

namespace derivd::market {
namespace {

using Multipliers = std::array<std::uint16_t, 5>;
constexpr Multipliers kUnlisted{};

// Quotes of crypto pairs have the most.
constexpr std::uint8_t kMostDecimals = 8;

// Measured on 1HZ100V (0.36 on 10 × 100). The other volatility indices carry the same rate scaled
// by their volatility, an estimate that is closer to the truth than trading for nothing.
constexpr double kRatePerSigmaPercent = 0.0000036;

constexpr std::string_view submarket_of(std::string_view code) {
  if (code.starts_with("JD")) return "jump_index";
  if (code.starts_with("RD")) return "random_daily";
  if (code.starts_with("stp")) return "step_index";
  if (code.starts_with("BOOM") || code.starts_with("CRASH")) return "crash_index";
  return "random_index";
}

constexpr SymbolInfo index(std::string_view code, std::string_view name, std::uint8_t decimals,
                           std::uint8_t interval_s) {
  SymbolInfo out;
  out.code = code;
  out.display_name = name;
  out.market = "synthetic_index";
  out.submarket = submarket_of(code);
  out.decimals = decimals;
  out.interval_s = interval_s;
  return out;
}

constexpr SymbolInfo walk(std::string_view code, std::string_view name, std::uint8_t decimals,
                          std::uint8_t interval_s, std::uint16_t sigma, double price,
                          Multipliers multipliers = kUnlisted) {
  auto out = index(code, name, decimals, interval_s);
  out.multipliers = multipliers;
  out.sigma_percent = sigma;
  out.typical_price = price;
  out.multiplier_commission = kRatePerSigmaPercent * sigma;
  return out;
}

// Indices that are no plain random walk: their volatility is not known, so that they are neither
// simulated nor priced off the money.
constexpr SymbolInfo other(std::string_view code, std::string_view name, std::uint8_t decimals,
                           std::uint8_t interval_s, double price, bool digits,
                           double commission = 0) {
  auto out = index(code, name, decimals, interval_s);
  out.has_digits = digits;
  out.typical_price = price;
  out.multiplier_commission = commission;
  return out;
}

// Decimals, intervals, volatilities and levels: v3-api.md section 6; multipliers and their
// commission: section 5; who has digits: section 4.3. The levels of R_75 and R_100 are those of
// June 2026. R_100 has no list: the one in section 5 is a guess, and a recorded contract of 2024
// has the factor 30, which is not in it.
constexpr std::array kSymbols{
    walk("R_10", "Volatility 10 Index", 3, 2, 10, 6450, {400, 1000, 2000, 3000, 4000}),
    walk("R_25", "Volatility 25 Index", 3, 2, 25, 2550),
    walk("R_50", "Volatility 50 Index", 4, 2, 50, 163.19, {80, 200, 400, 600, 800}),
    walk("R_75", "Volatility 75 Index", 4, 2, 75, 38767.6761, {50, 100, 200, 300, 500}),
    walk("R_100", "Volatility 100 Index", 2, 2, 100, 342.07),
    walk("1HZ10V", "Volatility 10 (1s) Index", 2, 1, 10, 9700),
    walk("1HZ15V", "Volatility 15 (1s) Index", 3, 1, 15, 13494.78),
    walk("1HZ25V", "Volatility 25 (1s) Index", 2, 1, 25, 750000),
    walk("1HZ30V", "Volatility 30 (1s) Index", 3, 1, 30, 5000),
    walk("1HZ50V", "Volatility 50 (1s) Index", 2, 1, 50, 214000),
    walk("1HZ75V", "Volatility 75 (1s) Index", 2, 1, 75, 5400),
    walk("1HZ90V", "Volatility 90 (1s) Index", 3, 1, 90, 10000),
    walk("1HZ100V", "Volatility 100 (1s) Index", 2, 1, 100, 682.23),
    walk("1HZ150V", "Volatility 150 (1s) Index", 2, 1, 150, 1000),
    walk("1HZ200V", "Volatility 200 (1s) Index", 2, 1, 200, 1000),
    walk("1HZ250V", "Volatility 250 (1s) Index", 2, 1, 250, 1000),
    walk("1HZ300V", "Volatility 300 (1s) Index", 2, 1, 300, 1000),
    walk("JD10", "Jump 10 Index", 2, 1, 10, 95382.3),
    walk("JD25", "Jump 25 Index", 2, 1, 25, 95000),
    walk("JD50", "Jump 50 Index", 2, 1, 50, 50000),
    walk("JD75", "Jump 75 Index", 2, 1, 75, 10000),
    walk("JD100", "Jump 100 Index", 2, 1, 100, 3000),
    other("RDBEAR", "Bear Market Index", 4, 2, 1000, true),
    other("RDBULL", "Bull Market Index", 4, 2, 1000, true),
    other("stpRNG", "Step Index", 1, 1, 8000, false),
    other("stpRNG2", "Step Index 200", 1, 1, 8000, false),
    other("stpRNG3", "Step Index 300", 1, 1, 8000, false),
    other("stpRNG4", "Step Index 400", 1, 1, 8000, false),
    other("stpRNG5", "Step Index 500", 1, 1, 8000, false),
    other("BOOM300N", "Boom 300 Index", 3, 1, 2000, false),
    other("BOOM500", "Boom 500 Index", 3, 1, 5000, false),
    other("BOOM600", "Boom 600 Index", 3, 1, 6000, false),
    other("BOOM900", "Boom 900 Index", 3, 1, 9000, false),
    other("BOOM1000", "Boom 1000 Index", 3, 1, 10000, false, 0.00009),
    other("CRASH300N", "Crash 300 Index", 3, 1, 2000, false),
    other("CRASH500", "Crash 500 Index", 3, 1, 5000, false),
    other("CRASH600", "Crash 600 Index", 3, 1, 6000, false),
    other("CRASH900", "Crash 900 Index", 3, 1, 9000, false),
    other("CRASH1000", "Crash 1000 Index", 3, 1, 5728, false, 0.00006),
};

// Where each code lies, by its hash: asked for at every purchase. 0: nothing, else place + 1.
constexpr std::size_t hash_of(std::string_view code) {
  std::size_t h = code.size();
  for (const char c : code) h = h * 31 + static_cast<unsigned char>(c);
  return h;
}
constexpr auto kIndex = [] {
  std::array<std::uint8_t, 256> out{};
  static_assert(kSymbols.size() < out.size() / 2);
  for (std::size_t n = 0; n < kSymbols.size(); ++n) {
    auto i = hash_of(kSymbols[n].code);
    while (out[i % out.size()] != 0) ++i;
    out[i % out.size()] = static_cast<std::uint8_t>(n + 1);
  }
  return out;
}();

}  // namespace

bool is_symbol_code(std::string_view text) {
  const auto is_word = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return text.size() >= 2 && text.size() <= SymbolCode::kCapacity &&
         std::all_of(text.begin(), text.end(), is_word);
}

SymbolInfo unknown_symbol(std::string_view code) {
  SymbolInfo out;
  out.code = SymbolCode::truncated(code);
  out.decimals = kMostDecimals;
  return out;
}

std::span<const SymbolInfo> known_symbols() { return kSymbols; }

const SymbolInfo* find_symbol(std::string_view code) {
  for (auto i = hash_of(code);; ++i) {
    const auto entry = kIndex[i % kIndex.size()];
    if (entry == 0) return nullptr;
    if (kSymbols[entry - 1].code == code) return &kSymbols[entry - 1];
  }
}

}  // namespace derivd::market
