// Owns the error taxonomy: what each error code of the venue means for the one who asked. The
// session classes every error reply with it; there is one table, for both dialects and REST. It
// never looks at the text of a message, which Deriv does not keep stable.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "execution/refusal.hpp"

namespace derivd::deriv {

enum class ErrorClass : std::uint8_t {
  /// Nothing was done and it will not get better by itself: the account, the token or our own
  /// request. A purchase is refused for good; the strategy halts.
  kPermanent,
  /// The token or account does not hold (any more). While opening a session: fatal. Later: the link
  /// is dropped, and the next opening decides.
  kSession,
  /// Nothing was done; later it may work: maintenance, moved prices.
  kTransient,
  /// Nothing was done: too many calls. The whole group of calls waits, longer each time.
  kRateLimit,
  /// The back end failed on the way. Reads are repeated; a purchase may have happened: Unknown.
  kUnknownOutcome,
  /// The symbol, not the request: closed, suspended, not offered here.
  kSymbolState,
  /// The venue does not take these parameters now: stake, barrier, duration.
  kParameter,
  /// The contract is not there, is over, or cannot be sold: look at it again.
  kContract,
  /// The stream already runs: keep it.
  kAlreadySubscribed,
};
std::string_view name_of(ErrorClass error);

struct ErrorRow {
  std::string_view code;
  ErrorClass error_class;
};
/// All codes that are known, for the documentation and the tests.
std::span<const ErrorRow> error_table();

/// An unknown code proves nothing, so it counts as kUnknownOutcome.
ErrorClass classify(std::string_view code);
bool is_known(std::string_view code);

/// What a purchase or a quote that is answered with this code means for the next one. An unknown
/// code proves nothing by itself; once it is proven that nothing was bought, it counts. A subcode,
/// where the dialect has one, says what an umbrella code does not.
execution::RefusalKind refusal_of(std::string_view code, std::string_view subcode = {});

}  // namespace derivd::deriv
