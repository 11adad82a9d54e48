#include "deriv/dialect.hpp"

#include <fmt/format.h>

#include <utility>

#include "core/currency.hpp"

namespace derivd::deriv {

Step Step::retry(std::string reason) {
  Step step;
  step.kind = Kind::kRetry;
  step.reason = std::move(reason);
  return step;
}

Step Step::fail(FatalKind kind, std::string reason) {
  Step step;
  step.kind = Kind::kFatal;
  step.fatal = kind;
  step.reason = std::move(reason);
  return step;
}

std::string_view name_of(Dialect dialect) {
  switch (dialect) {
    case Dialect::kOptions:
      return "options";
    case Dialect::kV3:
      return "v3";
  }
  return "?";
}

Dialect dialect_for(const core::Secret& token) {
  // options-api.md section 1.2: personal access tokens; v3 tokens are 15 letters and digits, or
  // a1-….
  return token.reveal().starts_with("pat_") ? Dialect::kOptions : Dialect::kV3;
}

std::string_view default_endpoint(Dialect dialect) {
  switch (dialect) {
    case Dialect::kOptions:
      return "https://api.derivws.com";
    case Dialect::kV3:
      return "wss://ws.derivws.com/websockets/v3";
  }
  return "";
}

std::unique_ptr<Rules> make_rules(Dialect dialect) {
  return dialect == Dialect::kOptions ? make_options_rules() : make_v3_rules();
}

core::Result<std::uint8_t> account_decimals(std::string_view account, std::string_view currency,
                                            std::optional<std::uint8_t> said,
                                            const SessionSettings& settings) {
  const auto known = core::decimals_of(currency);
  const auto decimals = said ? said : known;
  if (!decimals || *decimals > core::kMostDecimals || !core::CurrencyCode::fits(currency)) {
    return core::refused_error(fmt::format(
        "account {} is kept in '{}', whose decimals are not known here", account, currency));
  }
  if (settings.any_currency) return *decimals;
  if (settings.currency.empty()) {
    if (*decimals == core::Money::kCents) return *decimals;
    return core::refused_error(
        fmt::format("account {} is kept in {}: write venue.currency: {}, and amounts in it",
                    account, currency, currency));
  }
  if (settings.currency != currency) {
    return core::refused_error(fmt::format(
        "account {} is kept in {} and venue.currency says {}: write the account's, and amounts in "
        "it",
        account, currency, settings.currency));
  }
  if (*decimals == known.value_or(core::Money::kCents)) return *decimals;
  return core::refused_error(
      fmt::format("account {} has amounts of {} decimals in {}, where {} are known", account,
                  *decimals, currency, known.value_or(core::Money::kCents)));
}

}  // namespace derivd::deriv
