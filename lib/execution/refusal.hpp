// Owns Refusal: the venue's no to a purchase or a quote, and what it means for the next one. deriv/
// makes it from an error code, paper mode and the back-test from their own, the engine learns from
// it. It never looks at the words, which no venue keeps stable.
#pragma once

#include <cstdint>
#include <string_view>

namespace derivd::execution {

enum class RefusalKind : std::uint8_t {
  kForGood,     // the account, the token or our own request: the strategy halts
  kParameters,  // not these parameters; asked again at growing intervals, halted after a bound
  kStake,       // the same, and the stake or its payout may be why: a raised stake gives way
  kClosed,      // the market or the venue rests: asked again at growing intervals, never halted
  kPassing,     // too many calls, no answer of the back end, or never sent: the same
  kSingular,    // says nothing about the next one
};

/// Valid during the call that it is given to.
struct Refusal {
  RefusalKind kind = RefusalKind::kSingular;
  std::string_view code;
  std::string_view message;  // the venue's words, for people
};

/// Proven not to have left: ours, not the venue's.
inline constexpr std::string_view kNotSent = "NotSent";

}  // namespace derivd::execution
