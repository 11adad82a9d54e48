// Owns SessionSettings and VenueAddress: which venue is spoken to, how, and for which account. The
// daemon makes them from its configuration; the session and its dialects read them. They say
// nothing about the state of a session.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/secret.hpp"

namespace derivd::deriv {

enum class Dialect : std::uint8_t { kOptions, kV3 };
std::string_view name_of(Dialect dialect);

/// How the venue is reached. It can change while the session runs (change_venue).
struct VenueAddress {
  std::string endpoint;  // options: https://api.derivws.com; v3: wss://ws.derivws.com/websockets/v3
  std::string app_id;
  std::string ca_file;     // certificates to trust; empty: the system's
  std::string proxy = {};  // http://HOST:PORT; empty: none
  friend bool operator==(const VenueAddress&, const VenueAddress&) = default;
};

struct SessionSettings : VenueAddress {
  Dialect dialect = Dialect::kOptions;
  std::string account;  // "demo", "real" or an account id
  /// The account must be kept in it; empty: in any currency of two decimals.
  std::string currency;
  /// Whatever currency the account is kept in: for who only looks.
  bool any_currency = false;
  bool allow_real = false;
  core::Secret token;
  /// Ticks and their history alone, on the venue's socket that knows no account: `account` and
  /// `token` stay unused, fact::Account has an empty one, and orders are refused by the venue.
  bool public_only = false;
  /// Also asks, once it is live, what is offered on the streamed symbols and, of those that are not
  /// open all day, when they are: fact::Offerings, fact::Hours.
  bool asks_market = false;
};

/// A token that starts with pat_ speaks options.
Dialect dialect_for(const core::Secret& token);
std::string_view default_endpoint(Dialect dialect);

}  // namespace derivd::deriv
