// Owns the finding of recorded ticks around a contract: in a file that was named, or in the tick
// archive beside the journal. derivctl audit asks for one contract after the other. It never asks
// the venue, and holds one symbol's days at a time.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "market/symbols.hpp"
#include "market/tick.hpp"

namespace derivd::ctl {

class TickFinder final {
 public:
  /// `file`: a tick file (CSV as for the back-test, or JSON as the venue answers); empty: none.
  /// `archive`: directory of the tick archive; empty: none.
  TickFinder(std::string file, std::string archive, market::Symbols symbols = {})
      : file_(std::move(file)), archive_(std::move(archive)), symbols_(std::move(symbols)) {}

  /// Ticks of `symbol` from a little before `from` to a little after `to`; empty where there are
  /// none. An error is that of the file, or of an archive that is damaged. The span holds until the
  /// next call.
  core::Result<std::span<const market::Tick>> around(const market::SymbolCode& symbol,
                                                     core::VenueTime from, core::VenueTime to);

 private:
  core::Result<void> load(const market::SymbolCode& symbol, core::VenueTime from,
                          core::VenueTime to);
  core::Result<void> load_file(const market::SymbolInfo& symbol);
  core::Result<void> load_archive(const market::SymbolCode& symbol);

  std::string file_;
  std::string archive_;
  market::Symbols symbols_;
  market::SymbolCode symbol_;
  core::VenueTime from_, to_;  // what is loaded
  std::vector<market::Tick> ticks_;
};

}  // namespace derivd::ctl
