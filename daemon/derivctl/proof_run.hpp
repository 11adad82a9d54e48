// Owns the carrying out of a proof: one session of a demo account, the proposals and purchases of
// the table of probes over it, the links that are left alone beside it, and the bound on what all
// of it may cost. The command makes one and runs
// it to its end. It judges nothing: lib/proof does, and it never buys anything twice.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "deriv/session.hpp"
#include "net/net.hpp"
#include "proof/probe.hpp"

namespace derivd::ctl {

struct ProofSettings {
  std::vector<const proof::Probe*> probes;  // in their order
  bool may_buy = false;
  core::Money max_cost;
  int tries = 3;              // of a probe that chance decides
  bool keeps_frames = false;  // ProofResult::frames
  bool draws = false;         // how far it is, on standard error
};

struct ProofResult {
  const proof::Probe* probe = nullptr;
  std::string symbol;  // empty: none was found
  proof::Finding finding;
  int bought = 0;
  std::vector<nlohmann::json> frames;  // {"sent"|"received": …}, redacted
};

/// A contract whose end was not seen.
struct LeftOpen {
  std::string contract;  // its id; empty: it may not exist, the answer was lost
  std::string spec;
  core::Money stake;
};

struct ProofReport {
  std::vector<ProofResult> results;
  std::vector<LeftOpen> left_open;
  core::Money spent;  // losses of what has ended, and the stakes of what has not
  /// Why it ended before its time; empty: it did not.
  std::string problem;
  bool stopped = false;  // by a signal
};

/// Blocks until everything is decided or given up, a signal comes, or the venue falls silent.
/// `account`: what the session was found to be; another one ends it before anything is bought.
/// `second`: the same settings, for the links over which nothing is said.
ProofReport run_proof(const ProofSettings& settings, deriv::SessionSettings session,
                      deriv::SessionSettings second, net::Route route,
                      const deriv::AccountInfo& account);

}  // namespace derivd::ctl
