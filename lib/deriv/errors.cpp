#include "deriv/errors.hpp"

#include <algorithm>
#include <array>

namespace derivd::deriv {
namespace {

using enum ErrorClass;

// Sources: shared reference deriv/options-api.md sections 1.6 and 2.4, deriv/v3-api.md section 2.
// What is permanent follows what Deriv's own bot stops at, where that list names an account or a
// bug; its parameter errors stay kParameter, since the next signal may have other parameters.
// Sorted by code.
constexpr std::array kTable{
    ErrorRow{"AccessDenied", kSession},
    ErrorRow{"AccountDisabled", kSession},
    ErrorRow{"AccountNotFound", kSession},
    ErrorRow{"AlreadyExpired", kContract},
    ErrorRow{"AlreadySubscribed", kAlreadySubscribed},
    ErrorRow{"AppDisabled", kSession},
    ErrorRow{"AuthorizationRequired", kSession},
    ErrorRow{"BadInputRequest", kPermanent},
    ErrorRow{"BadRequest", kPermanent},
    ErrorRow{"BarrierValidationError", kParameter},
    ErrorRow{"BetExpired", kContract},
    ErrorRow{"CallError", kUnknownOutcome},
    ErrorRow{"CancelIsBetter", kContract},
    ErrorRow{"CannotCancelContract", kContract},
    ErrorRow{"ClientUnderlyingVolumeLimitReached", kPermanent},
    ErrorRow{"ClientUnwelcome", kPermanent},
    ErrorRow{"CompanyWideLimitExceeded", kPermanent},
    ErrorRow{"ContractAlreadySold", kContract},
    ErrorRow{"ContractBuyValidationError", kParameter},
    ErrorRow{"ContractCreationFailure", kParameter},
    ErrorRow{"ContractNotFound", kContract},
    ErrorRow{"ContractValidationError", kParameter},
    ErrorRow{"CurrencyShouldMatch", kPermanent},
    ErrorRow{"DailyLossLimitExceeded", kPermanent},
    ErrorRow{"DailyProfitLimitExceeded", kPermanent},
    ErrorRow{"DailyTurnoverLimitExceeded", kPermanent},
    ErrorRow{"DealCancellationBlackout", kTransient},
    ErrorRow{"DealCancellationExpired", kContract},
    ErrorRow{"DealCancellationNotAvailable", kParameter},
    ErrorRow{"DealCancellationNotBought", kContract},
    ErrorRow{"DisabledAccount", kSession},
    ErrorRow{"DisabledClient", kSession},
    ErrorRow{"EitherStopLossOrCancel", kParameter},
    ErrorRow{"EitherTakeProfitOrCancel", kParameter},
    ErrorRow{"FieldIsRequired", kPermanent},
    ErrorRow{"FinancialAssessmentRequired", kPermanent},
    ErrorRow{"GetProposalFailure", kUnknownOutcome},
    ErrorRow{"InputValidationFailed", kPermanent},
    ErrorRow{"InsufficientBalance", kPermanent},
    ErrorRow{"InternalError", kUnknownOutcome},
    ErrorRow{"InternalServerError", kUnknownOutcome},
    ErrorRow{"InvalidAppID", kSession},
    ErrorRow{"InvalidContractProposal", kTransient},
    ErrorRow{"InvalidCurrency", kPermanent},
    ErrorRow{"InvalidGranularity", kPermanent},
    ErrorRow{"InvalidOfferings", kContract},
    ErrorRow{"InvalidSellContractProposal", kContract},
    ErrorRow{"InvalidStartEnd", kParameter},
    ErrorRow{"InvalidStyle", kPermanent},
    ErrorRow{"InvalidSymbol", kSymbolState},
    ErrorRow{"InvalidToken", kSession},
    ErrorRow{"InvalidtoBuy", kParameter},
    ErrorRow{"MarketIsClosed", kSymbolState},
    ErrorRow{"MaxAggregateOpenStakeExceeded", kPermanent},
    ErrorRow{"MigrationPending", kTransient},
    ErrorRow{"NoBusiness", kPermanent},
    ErrorRow{"NoCurrencySet", kPermanent},
    ErrorRow{"NoMFProfessionalClient", kPermanent},
    ErrorRow{"NoOpenPosition", kContract},
    ErrorRow{"NoRealtimeQuotes", kSymbolState},
    ErrorRow{"NoSymbolProvided", kPermanent},
    ErrorRow{"NotDefaultCurrency", kPermanent},
    ErrorRow{"NotFound", kTransient},
    ErrorRow{"OfferingsInvalidSymbol", kSymbolState},
    ErrorRow{"OfferingsSymbolRequired", kPermanent},
    ErrorRow{"OfferingsValidationError", kParameter},
    ErrorRow{"OfferingsValidationFailure", kParameter},
    ErrorRow{"OpenPositionLimit", kTransient},
    ErrorRow{"OpenPositionLimitExceeded", kTransient},
    ErrorRow{"OpenPositionPayoutLimit", kTransient},
    ErrorRow{"PermissionDenied", kPermanent},
    ErrorRow{"PleaseAuthenticate", kPermanent},
    ErrorRow{"PriceMoved", kTransient},
    ErrorRow{"ProductSpecificTurnoverLimitExceeded", kPermanent},
    ErrorRow{"RateLimit", kRateLimit},
    ErrorRow{"RefundBuyForMissingData", kContract},
    ErrorRow{"ResaleNotOffered", kContract},
    ErrorRow{"ResponseTooLarge", kUnknownOutcome},
    ErrorRow{"SameStartSellTime", kContract},
    ErrorRow{"SanityCheckFailed", kPermanent},
    ErrorRow{"SelfExclusion", kPermanent},
    ErrorRow{"SellAtEntryTick", kContract},
    ErrorRow{"SellFailureDueToUpdate", kContract},
    ErrorRow{"SellPriceLowerThanStake", kContract},
    ErrorRow{"SpecificOpenPositionLimitExceeded", kTransient},
    ErrorRow{"StreamingNotAllowed", kSymbolState},
    ErrorRow{"SystemMaintenance", kTransient},
    ErrorRow{"Timeout", kUnknownOutcome},
    ErrorRow{"TradeTemporarilyUnavailable", kSymbolState},
    ErrorRow{"TradingConfigError", kSymbolState},
    ErrorRow{"TradingDisabled", kSymbolState},
    ErrorRow{"TradingDurationNotAllowed", kParameter},
    ErrorRow{"Unauthorized", kSession},
    ErrorRow{"UnauthorizedAccess", kSession},
    ErrorRow{"UnrecognisedRequest", kPermanent},
    ErrorRow{"ValidationError", kParameter},
    ErrorRow{"WaitForContractSettlement", kContract},
    ErrorRow{"WrongResponse", kUnknownOutcome},
};

constexpr bool by_code(const ErrorRow& a, const ErrorRow& b) { return a.code < b.code; }
static_assert(std::is_sorted(kTable.begin(), kTable.end(), by_code), "looked up by bisection");

const ErrorRow* find(std::string_view code) {
  const auto* at =
      std::lower_bound(kTable.begin(), kTable.end(), ErrorRow{code, kPermanent}, by_code);
  return at != kTable.end() && at->code == code ? at : nullptr;
}

}  // namespace

std::string_view name_of(ErrorClass error) {
  switch (error) {
    case kPermanent:
      return "permanent";
    case kSession:
      return "session";
    case kTransient:
      return "transient";
    case kRateLimit:
      return "rate limit";
    case kUnknownOutcome:
      return "unknown outcome";
    case kSymbolState:
      return "symbol state";
    case kParameter:
      return "parameter";
    case kContract:
      return "contract";
    case kAlreadySubscribed:
      return "already subscribed";
  }
  return "?";
}

std::span<const ErrorRow> error_table() { return kTable; }

ErrorClass classify(std::string_view code) {
  if (const auto* row = find(code)) return row->error_class;
  // A family of codes: SystemMaintenance, SystemMaintenanceMT5, … (v3-api.md section 2).
  if (code.starts_with("SystemMaintenance")) return kTransient;
  return kUnknownOutcome;
}

bool is_known(std::string_view code) { return find(code) != nullptr; }

namespace {

template <std::size_t N>
bool is_listed(std::string_view code, const std::array<std::string_view, N>& codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

/// Parameters, and by their name not the stake. The others are umbrellas: "Minimum stake of 0.35
/// and maximum payout of 50000.00" comes as any of them (v3-api.md section 2).
constexpr std::array<std::string_view, 5> kNotTheStake{
    "BarrierValidationError", "InvalidStartEnd", "OfferingsValidationError",
    "OfferingsValidationFailure", "TradingDurationNotAllowed"};
/// In a subcode, as "InvalidBarrier" (options-api.md section 2.4).
constexpr std::array<std::string_view, 6> kOtherParameters{"Barrier", "Duration", "Multiplier",
                                                           "Symbol",  "Expiry",   "Growth"};

execution::RefusalKind refusal_of_parameter(std::string_view code, std::string_view subcode) {
  using enum execution::RefusalKind;
  const bool other = std::any_of(kOtherParameters.begin(), kOtherParameters.end(), [&](auto word) {
    return subcode.find(word) != std::string_view::npos;
  });
  return other || is_listed(code, kNotTheStake) ? kParameters : kStake;
}

/// Symbols that are none, rather than closed.
constexpr std::array<std::string_view, 3> kNoSuchSymbol{"InvalidSymbol", "OfferingsInvalidSymbol",
                                                        "TradingConfigError"};

execution::RefusalKind refusal_when_transient(std::string_view code) {
  using enum execution::RefusalKind;
  // What all open contracts may pay, this one included.
  if (code == "OpenPositionPayoutLimit") return kStake;
  const bool rests = code.starts_with("SystemMaintenance") || code == "MigrationPending";
  return rests ? kClosed : kParameters;
}

}  // namespace

execution::RefusalKind refusal_of(std::string_view code, std::string_view subcode) {
  using Kind = execution::RefusalKind;
  switch (classify(code)) {
    case kPermanent:
      return Kind::kForGood;
    case kParameter:
      return refusal_of_parameter(code, subcode);
    case kTransient:
      return refusal_when_transient(code);
    case kSymbolState:
      return is_listed(code, kNoSuchSymbol) ? Kind::kParameters : Kind::kClosed;
    case kContract:
      return Kind::kParameters;
    case kUnknownOutcome:
      return is_known(code) ? Kind::kPassing : Kind::kParameters;
    case kSession:
    case kRateLimit:
    case kAlreadySubscribed:
      return Kind::kPassing;
  }
  return Kind::kParameters;
}

}  // namespace derivd::deriv
