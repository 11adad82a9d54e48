#include "deriv/dialect.hpp"

#include <algorithm>
#include <array>
#include <utility>

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

bool has_two_decimals(std::string_view currency) {
  // Fiat currencies and stable coins of Deriv (fractional_digits 2 in payout_currencies).
  constexpr std::array<std::string_view, 8> kCurrencies{"USD",  "EUR", "GBP",   "AUD",
                                                        "USDC", "UST", "eUSDT", "tUSDT"};
  return std::find(kCurrencies.begin(), kCurrencies.end(), currency) != kCurrencies.end();
}

}  // namespace derivd::deriv
