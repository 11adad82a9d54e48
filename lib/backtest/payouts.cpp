#include "backtest/payouts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/check.hpp"
#include "market/kind.hpp"

namespace derivd::backtest {
namespace {

using venue::words_of;

constexpr std::uint8_t kMaxDecimals = 9;

}  // namespace

core::Result<Payouts> Payouts::parse(std::string_view text) {
  Payouts out;
  while (true) {
    const auto comma = std::min(text.find(','), text.size());
    const auto entry = text.substr(0, comma);
    const auto equals = entry.find('=');
    if (equals == std::string_view::npos) {
      return core::invalid(
          fmt::format("payouts: '{}' is not TYPE=RATIO, as in DIGITODD=1.95", entry.substr(0, 60)));
    }
    const auto ratio = core::Decimal::parse(entry.substr(equals + 1));
    if (!ratio) {
      return core::invalid(
          fmt::format("payouts: {}: {}", entry.substr(0, equals), ratio.error().text));
    }
    if (auto r = out.set(entry.substr(0, equals), *ratio); !r) return r.error();
    if (comma == text.size()) return out;
    text.remove_prefix(comma + 1);
  }
}

core::Result<void> Payouts::set(std::string_view name, core::Decimal ratio) {
  const auto type = market::contract_type_from(name);
  if (!type || !market::has_payout(*type)) {
    return core::invalid(fmt::format(
        "payouts: '{}' is no contract type with a payout; write it in Deriv's upper-case "
        "names: DIGITODD, DIGITDIFF, CALL, HIGHER",
        name.substr(0, 60)));
  }
  if (ratio.mantissa <= 0 || ratio > core::Decimal{kMaxRatio, 0} || ratio.scale > kMaxDecimals) {
    return core::invalid(
        fmt::format("payouts: {}: {} is out of range; allowed: above 0, at most {}, at most {} "
                    "decimals",
                    name, ratio.to_string(), kMaxRatio, kMaxDecimals));
  }
  if (ratio_of(*type) != nullptr) {
    return core::invalid(fmt::format("payouts: {} is given twice", name));
  }
  const auto later = std::ranges::find_if(table_, [rank = market::rank_of(*type)](const Ratio& r) {
    return market::rank_of(r.type) > rank;
  });
  table_.insert(later, {*type, ratio});
  return {};
}

const core::Decimal* Payouts::ratio_of(market::ContractType type) const {
  const auto it = std::ranges::find(table_, type, &Ratio::type);
  return it == table_.end() ? nullptr : &it->ratio;
}

bool Payouts::has(const market::ContractSpec& spec) const {
  if (is_recorded()) return quotes_->has(spec);
  return is_table() ? ratio_of(spec.type) != nullptr : market::has_payout(spec.type);
}

std::string Payouts::missing(const market::ContractSpec& spec) const {
  if (!is_recorded()) {
    return fmt::format("{}, which has no ratio", market::name_of(spec.type));
  }
  return fmt::format(
      "{}, of which no quote is recorded (there are quotes of {}); trade it on a demo account or "
      "on "
      "paper first, or give --payouts {}=RATIO",
      words_of(spec), quotes_->contracts(), market::name_of(spec.type));
}

std::string Payouts::identity() const {
  if (quotes_) {
    return fmt::format("quotes {:016x}{}", quotes_->digest(), is_recorded() ? "" : ", else model");
  }
  if (!is_table()) return "model";
  std::string out = "ratios";
  for (const auto& row : table_) {
    out += fmt::format(" {}={}", market::name_of(row.type), row.ratio.to_string());
  }
  return out;
}

core::Money Payouts::payout(const market::ContractSpec& spec, core::Money stake,
                            const market::Tick& tick) const {
  return payout(spec, stake, tick, symbols_.get(spec.symbol));
}

core::Money Payouts::payout(const market::ContractSpec& spec, core::Money stake,
                            const market::Tick& tick, const market::SymbolInfo& symbol) const {
  if (is_recorded(spec)) return quotes_->payout(spec, stake, tick.epoch);
  DERIVD_CHECK(has(spec), "a contract type without a payout");
  if (!is_table()) {
    return market::payout_for(spec, symbol, stake, tick.quote, model_, tick.epoch);
  }
  const auto& ratio = *ratio_of(spec.type);
  return share_of(stake, ratio.mantissa, core::pow10(ratio.scale));
}

core::Money Payouts::price(const market::ContractSpec& spec, core::Money payout,
                           const market::Tick& tick) const {
  DERIVD_CHECK(!is_recorded() && has(spec), "a payout without a price");
  if (is_recorded(spec)) return quotes_->price(spec, payout, tick.epoch);
  if (!is_table()) {
    return market::stake_for(spec, symbols_.get(spec.symbol), payout, tick.quote, model_,
                             tick.epoch);
  }
  const auto& ratio = *ratio_of(spec.type);
  return share_of(payout, core::pow10(ratio.scale), ratio.mantissa);
}

}  // namespace derivd::backtest
