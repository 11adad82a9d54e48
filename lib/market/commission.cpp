#include "market/commission.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include "market/integer.hpp"
#include "market/kind.hpp"
#include "market/pricing.hpp"

namespace derivd::market {
namespace {

using Length = Commission::Length;

constexpr std::string_view kDigits = "digit";
constexpr std::string_view kRises = "rise/fall,higher/lower";
constexpr std::string_view kRisesAndEnds = "rise/fall,higher/lower,range";
constexpr std::string_view kTwelve =
    "R_10 R_25 R_50 R_75 1HZ15V 1HZ25V 1HZ30V 1HZ50V 1HZ75V 1HZ90V JD10 JD25 JD50 JD75 RDBULL "
    "RDBEAR";
constexpr auto kAccount = PriceList::kAccount;
constexpr auto kPublic = PriceList::kPublic;

constexpr std::array kRows{
    Commission{kDigits,
               "",
               Length::kAny,
               {},
               "2016-09-09",
               10'000'000,
               "v3-api.md section 5: 2016-17 exactly 0.010"},
    Commission{kRisesAndEnds,
               "",
               Length::kAny,
               {},
               "2017-05-17",
               15'000'000,
               "v3-api.md section 5: R_10 of May 2017, 0.0150 constant"},
    Commission{kDigits,
               "",
               Length::kAny,
               {},
               "2020-03-28",
               12'000'000,
               "captures proposal/digitodd-r50-1t-2020: the least commission"},
    Commission{kRises,
               "",
               Length::kAny,
               {},
               "2023-01-26",
               12'000'000,
               "captures proposal/put-1hz100v-5t, buy/call-1hz100v-1h-2023"},
    Commission{kDigits, kTwelve, Length::kAny, kAccount, "2026-06-01", 12'000'000,
               "contracts.md section 2.2"},
    Commission{kDigits, "R_100 1HZ10V 1HZ100V", Length::kAny, kAccount, "2026-08-01", 20'000'000,
               "contracts.md section 2.2"},
    Commission{kDigits, "JD100", Length::kAny, kAccount, "2026-09-27", 250'000'000,
               "contracts.md section 2.2"},
    Commission{kDigits, "", Length::kAny, kPublic, "2026-06-01", 12'000'000,
               "contracts.md sections 1.1 and 2.2"},
    Commission{kRises, "R_100 1HZ100V", Length::kTicks, kAccount, "2026-06-01", 20'000'000,
               "contracts.md section 2.2"},
    Commission{kRises, "1HZ100V", Length::kTicks, kAccount, "2026-09-27", 26'300'000,
               "contracts.md section 2.2"},
    Commission{kRises, "1HZ100V", Length::kTime, kAccount, "2026-09-27", 31'000'000,
               "contracts.md section 2.2"},
    Commission{"asian", "", Length::kTicks, kAccount, "2026-08-01", 12'800'000,
               "contracts.md section 2.2; the quotes of August fit it, too"},
    Commission{"high tick", "", Length::kTicks, kAccount, "2026-06-01", 11'700'000,
               "contracts.md section 2.2: 0.011 to 0.012"},
};

/// Whether `word` stands in a list.
bool holds(std::string_view list, char mark, std::string_view word) {
  while (!list.empty()) {
    const auto end = std::min(list.find(mark), list.size());
    if (list.substr(0, end) == word) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

constexpr int number_in(std::string_view text, std::size_t from, std::size_t count) {
  int out = 0;
  for (const char c : text.substr(from, count)) out = out * 10 + (c - '0');
  return out;
}

/// Midnight of "2026-09-27".
constexpr core::VenueTime day_of(std::string_view date) {
  namespace chrono = std::chrono;
  const chrono::year_month_day day{chrono::year(number_in(date, 0, 4)),
                                   chrono::month(static_cast<unsigned>(number_in(date, 5, 2))),
                                   chrono::day(static_cast<unsigned>(number_in(date, 8, 2)))};
  return {std::int64_t{chrono::sys_days(day).time_since_epoch().count()} * 86'400};
}

bool concerns(const Commission& row, const ContractSpec& spec, PriceList list) {
  const bool in_ticks = spec.duration.in_ticks();
  const bool length = row.length == Length::kAny || (row.length == Length::kTicks) == in_ticks;
  return length && (!row.list || *row.list == list) &&
         holds(row.families, ',', kind_of(spec.type).family) &&
         (row.symbols.empty() || holds(row.symbols, ' ', spec.symbol.view()));
}

/// Of amounts in other units than cents it is not known.
std::int64_t least_of(core::Money amount) {
  return amount.exponent() == kLeastCommission.exponent() ? kLeastCommission.units() : 0;
}

}  // namespace

std::span<const Commission> commissions() { return kRows; }

const Commission* commission_of(const ContractSpec& spec, PriceList list, core::VenueTime at) {
  const Commission* out = nullptr;
  for (const auto& row : kRows) {
    if (!concerns(row, spec, list) || at < day_of(row.since)) continue;
    if (out == nullptr || day_of(row.since) >= day_of(out->since)) out = &row;
  }
  return out;
}

std::optional<core::Money> payout_by(const Commission& row, const ContractSpec& spec,
                                     const SymbolInfo& symbol, core::Money stake,
                                     std::optional<core::Price> spot,
                                     std::optional<core::VenueTime> start) {
  const auto probability = nano(theoretical_probability(spec, symbol, spot, start));
  const auto price =
      std::max<std::int64_t>(kind_of(spec.type).least_price_nano, probability + row.share_nano);
  const auto whole = static_cast<Wide>(stake.units()) * kNano;
  auto units = half_up_div(whole, price);
  // payout x share < least, before any rounding.
  const auto least = least_of(stake);
  if (whole * row.share_nano < static_cast<Wide>(least) * kNano * price && probability > 0) {
    units = half_up_div(static_cast<Wide>(stake.units() - least) * kNano, probability);
  }
  if (units <= stake.units()) return std::nullopt;
  return core::Money::minor(units, stake.exponent());
}

core::Money price_by(const Commission& row, const ContractSpec& spec, const SymbolInfo& symbol,
                     core::Money payout, std::optional<core::Price> spot,
                     std::optional<core::VenueTime> start) {
  const auto probability = nano(theoretical_probability(spec, symbol, spot, start));
  const auto units = static_cast<Wide>(payout.units());
  const auto share = std::max(units * row.share_nano, static_cast<Wide>(least_of(payout)) * kNano);
  return core::Money::minor(half_up_div(units * probability + share, kNano), payout.exponent());
}

}  // namespace derivd::market
