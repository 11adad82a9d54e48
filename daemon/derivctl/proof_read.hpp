// Owns the reading of the venue's messages for a proof, in either dialect, and what of them may be
// kept in a file. proof_run gives it each message. It never asks anything.
//
// It reads by itself, and not through deriv/, what the session has no use for: what a proposal says
// of its contract, and whether a field is there at all.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "deriv/session.hpp"
#include "proof/seen.hpp"

namespace derivd::ctl {

/// What is needed to read numbers as they are meant.
struct ReadAs {
  deriv::Dialect dialect = deriv::Dialect::kOptions;
  market::SymbolInfo symbol;
  std::uint8_t exponent = core::Money::kCents;  // of the account's currency
};

/// An answer to a proposal: an offer, or why there is none.
proof::Answer read_answer(const proof::Request& asked, const nlohmann::json& message,
                          const ReadAs& as);

/// What one message about an open contract says; it is added to what earlier ones said. False: it
/// is none of a contract.
bool read_contract(const nlohmann::json& message, const ReadAs& as, proof::Course& course);
/// The contract's part of such a message is its last: it is paid.
bool is_over(const nlohmann::json& message);

/// "CODE: MESSAGE" of an error, cut and printable; empty: the message has none.
std::string error_of(const nlohmann::json& message);

/// The ticks of a history, or the one of a stream, rising.
std::vector<market::Tick> read_ticks(const nlohmann::json& message, const ReadAs& as);

/// Without whatever names a person or an account: such fields are left out, and the account's id is
/// replaced wherever it stands.
nlohmann::json redacted(const nlohmann::json& message, std::string_view account);

}  // namespace derivd::ctl
