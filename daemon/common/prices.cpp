#include "common/prices.hpp"

#include <algorithm>
#include <utility>

#include "market/kind.hpp"
#include "market/pricing.hpp"

namespace derivd::daemon {
namespace {

/// A volatility is known, or the odds rest on none. What wins a tie has none: the model leaves the
/// tie aside, and the account's prices do not (deriv/contracts.md section 1.2).
bool has_model(const market::ContractSpec& spec, const market::SymbolInfo& symbol) {
  const auto& kind = market::kind_of(spec.type);
  if (kind.probability == nullptr || kind.tie_wins) return false;
  return symbol.sigma_percent > 0 || !kind.fair_because.empty();
}

}  // namespace

Prices::Price& Prices::ask(Price price) {
  price.number = ++last_;
  if (prices_.size() >= kKept) prices_.pop_front();
  return prices_.emplace_back(std::move(price));
}

Prices::Price* Prices::find(std::int64_t number) {
  return const_cast<Price*>(std::as_const(*this).find(number));
}

const Prices::Price* Prices::find(std::int64_t number) const {
  const auto at = std::ranges::find(prices_, number, &Price::number);
  return at == prices_.end() ? nullptr : &*at;
}

std::optional<Expected> expected_of(const Prices::Price& price, std::optional<core::Price> spot) {
  const bool priced = spot && spot->mantissa() > 0;
  if (!has_model(price.spec, price.symbol)) return std::nullopt;
  if (market::has_levels(price.spec.type) && !priced) return std::nullopt;
  const auto* row = market::commission_of(price.spec, price.list, price.time);
  if (row == nullptr) return std::nullopt;
  if (price.spec.basis == market::Basis::kPayout) {
    return Expected{
        row, market::price_by(*row, price.spec, price.symbol, price.amount, spot, price.time),
        price.amount};
  }
  const auto payout =
      market::payout_by(*row, price.spec, price.symbol, price.amount, spot, price.time);
  if (!payout) return std::nullopt;
  return Expected{row, price.amount, *payout};
}

PriceOdds odds_of(const market::ContractSpec& spec, const market::SymbolInfo& symbol,
                  core::Money ask, core::Money payout, std::optional<core::Price> spot,
                  core::VenueTime start) {
  PriceOdds out;
  if (payout.units() <= 0 || !market::has_payout(spec.type)) return out;
  out.break_even = static_cast<double>(ask.units()) / static_cast<double>(payout.units());
  const bool priced = spot && spot->mantissa() > 0;
  if (!has_model(spec, symbol) || (market::has_levels(spec.type) && !priced)) return out;
  out.fair = market::theoretical_probability(spec, symbol, spot, start);
  out.margin = *out.break_even - *out.fair;
  return out;
}

}  // namespace derivd::daemon
