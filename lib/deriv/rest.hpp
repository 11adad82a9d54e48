// Owns the reading of the options dialect's REST answers: accounts, one-time password, errors. The
// options opening calls it. It never logs a body, because one holds a password.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/decimal.hpp"
#include "core/result.hpp"
#include "core/short_string.hpp"

namespace derivd::deriv::rest {

struct Account {
  core::ShortString<32> id;
  core::ShortString<20> currency;
  bool is_real = false;
  bool active = false;
  std::optional<core::Decimal> balance;  // for people alone; trading asks the socket
};
inline constexpr std::size_t kMaxAccounts = 100;

/// GET /trading/v1/options/accounts, status 200.
core::Result<std::vector<Account>> decode_accounts(std::string_view body);
/// POST …/otp, status 200: the URL to open, password included.
core::Result<std::string> decode_otp_url(std::string_view body);

struct Refusal {
  core::ShortString<64> code;
  core::Text message;
};
/// The first entry of `errors`.
core::Result<Refusal> decode_refusal(std::string_view body);

}  // namespace derivd::deriv::rest
