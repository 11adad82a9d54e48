// Owns the reading of a saved contract: what a person kept of proposal_open_contract, of either
// dialect and of any year, as a claim that can be audited, with the ticks that it carries. derivctl
// audit calls it, nothing that trades does. It never fills in what is not there, and says where a
// payload contradicts itself.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "execution/audit.hpp"
#include "market/symbols.hpp"

namespace derivd::deriv {

/// Largest saved file: a stream of some thousand messages.
inline constexpr std::size_t kMaxSavedBytes = std::size_t{16} << 20U;
/// Messages of one saved stream.
inline constexpr std::size_t kMaxSavedMessages = 20'000;

struct SavedContract {
  core::ContractId contract;  // 0: not said
  std::string type;           // wire name, or derivd's where the wire's was not kept
  execution::Claim claim;
  std::vector<market::Tick> ticks;  // from audit_details, tick_stream and the spots beside them
};

/// A frame, the object inside it, or a list of frames in the order in which they came: the last one
/// is the claim, the spots of all are ticks. Money and quotes as numbers or as strings (2016-17,
/// and the options dialect). kInvalid: no such payload; kRefused: a kind of contract, or a symbol,
/// that is not audited.
core::Result<SavedContract> read_saved_contract(std::string_view json,
                                                const market::Symbols& symbols = {});

/// Saved ticks of one symbol: a ticks_history answer, or a list of {epoch, quote}.
core::Result<std::vector<market::Tick>> read_saved_ticks(std::string_view json,
                                                         const market::SymbolInfo& symbol);

}  // namespace derivd::deriv
