// Owns Rules, what a dialect must know: its field names, its contract names, its budgets of calls,
// and its Opening, the way to an authorised socket. The session holds one for its life and calls it
// from its event methods. Neither dialect knows of the other, and neither does any I/O.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/rate_limiter.hpp"
#include "deriv/call.hpp"
#include "deriv/facts.hpp"
#include "deriv/frame.hpp"
#include "deriv/rest.hpp"
#include "deriv/settings.hpp"
#include "deriv/wire.hpp"
#include "deriv/wire_names.hpp"

namespace derivd::deriv {

/// What an Opening wants next.
struct Step {
  enum class Kind : std::uint8_t {
    kWait,   // for the answer to what was asked
    kHttp,   // `call`
    kOpen,   // a socket to `url`
    kReady,  // authorised as `account`
    kRetry,  // this attempt has failed because of `reason`; another may not
    kFatal,  // no attempt will do: `fatal`, `reason`
  };
  Kind kind = Kind::kWait;
  HttpCall call;
  std::string url;  // may hold a one-time password
  AccountInfo account;
  FatalKind fatal = FatalKind::kTokenRefused;
  std::string reason;  // never holds a secret

  static Step wait() { return {}; }
  static Step retry(std::string reason);
  static Step fail(FatalKind kind, std::string reason);
};

/// What an opening saw of the token on its way, also when it was refused.
struct Findings {
  std::vector<rest::Account> accounts;
  /// v3: all of them. options: those that could be proven, "trade" and "account_manage"; others
  /// cannot be seen (options-api.md section 1.3).
  std::vector<core::ShortString<32>> scopes;
};

/// From nothing to an authorised socket, once for each attempt. It remembers from attempt to
/// attempt which account was chosen, so that a reconnect never lands on another.
class Opening {
 public:
  virtual ~Opening() = default;
  /// Everything about the settings that can be refused without the venue; then the first step.
  virtual Step begin() = 0;
  virtual Step on_http(int status, std::string_view body) = 0;
  virtual Step on_http_failed(std::string_view reason) = 0;
  /// The first request on the open socket: kAuthorize, kBalance or kTime.
  virtual Call login_call() const = 0;
  /// Its answer. A frame with an error is passed here, too.
  virtual Step on_login(const Frame& frame) = 0;
  /// The settings have another token now: its scopes are unknown, its account must be the same.
  virtual void forget_token() = 0;
  const Findings& findings() const { return findings_; }

 protected:
  Findings findings_;
};

/// Calls that share one counter at the venue. Index into Rules::budgets().
using Counter = std::uint8_t;
inline constexpr Counter kUncounted = 0xff;

class Rules {
 public:
  virtual ~Rules() = default;
  virtual const WireNames& names() const = 0;
  /// Name of the type in a request.
  virtual std::string_view contract_name(market::ContractType type) const = 0;
  virtual std::vector<core::RateBudget> budgets() const = 0;
  virtual Counter counter_of(Call call) const = 0;
  /// `settings` must outlive the opening.
  virtual std::unique_ptr<Opening> opening(const SessionSettings& settings) const = 0;
};

std::unique_ptr<Rules> make_options_rules();
std::unique_ptr<Rules> make_v3_rules();
std::unique_ptr<Rules> make_rules(Dialect dialect);
/// Of SessionSettings::public_only: a socket without an account, in either dialect.
std::unique_ptr<Opening> make_public_opening(const SessionSettings& settings);

/// In how many decimals the amounts of an account are, where derivd can trade on it as configured:
/// `said` is what the account's own login says of its currency. The error says what to write.
core::Result<std::uint8_t> account_decimals(std::string_view account, std::string_view currency,
                                            std::optional<std::uint8_t> said,
                                            const SessionSettings& settings);

}  // namespace derivd::deriv
