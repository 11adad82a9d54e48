// Owns one question to Deriv over the network: a Probe, a Link and a loop of its own, to the end.
// setup, token and doctor call it. It blocks for a bounded time and leaves no connection.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "deriv/probe.hpp"
#include "net/net.hpp"

namespace derivd::ctl {

/// Texts of the venue in the result are free of the token and of control characters. What is waited
/// for is said on standard error when it takes long.
deriv::ProbeResult probe_venue(deriv::ProbeKind kind, deriv::SessionSettings settings,
                               net::Route route);

/// kGood: 0; kRefused: 4; kTimeout: 5; kUnreachable: 1.
int exit_code_of(const deriv::ProbeResult& result);
/// One sentence: what was refused and what to do about it.
/// `program` is how derivctl is called here.
std::string explain(const deriv::ProbeResult& result, deriv::Dialect dialect,
                    std::string_view program);

/// Where tokens of a dialect are made and deleted, and with which scopes: for people.
std::string_view token_page(deriv::Dialect dialect);
std::string_view least_scopes(deriv::Dialect dialect);

/// {"dialect", "account", "account_type", "balance", "currency", "scopes"}; absent ones null.
nlohmann::ordered_json account_json(const deriv::ProbeResult& result, deriv::Dialect dialect);
void print_account(const deriv::ProbeResult& result, deriv::Dialect dialect);

}  // namespace derivd::ctl
