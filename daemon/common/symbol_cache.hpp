// Owns the file in which a daemon keeps what the venue said of its symbols, so that everything that
// works without the venue (check, back-test, odds, the listings, the daemon's own next start) knows
// them. derivd writes it, derivctl reads it. What is damaged is no cache: it is told and left out,
// never half believed. It never decides what a symbol means.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <semaphore>
#include <string>
#include <string_view>
#include <thread>

#include "core/result.hpp"
#include "market/symbols.hpp"

namespace derivd::daemon {

inline constexpr std::string_view kSymbolCache = "symbols.json";
/// Two thousand symbols with some offers each; a real one has some 200 KiB.
inline constexpr std::size_t kMaxSymbolCache = std::size_t{16} << 20;

/// One line with the checksum of what follows, and JSON. Of symbols that were learned (CHECK).
std::string write_symbols(const market::Symbols& symbols);
/// JSON behind the line with its checksum.
std::string sealed(std::string_view json);
/// Errors (kInvalid): everything that write_symbols() would not have written, with what is wrong.
core::Result<market::Symbols> read_symbols(std::string_view bytes);

struct CachedSymbols {
  market::Symbols symbols;  // the snapshot where there is no cache
  std::string problem;      // why a file that is there was left out; empty: nothing is wrong
};
/// Of the state directory; an empty one, and one without the file, have no cache and no problem.
CachedSymbols load_symbols(const std::string& state_directory);

/// Writes the file in a thread of its own, one step for each new state of knowledge: the loop never
/// waits for the disk.
class SymbolKeeper final {
 public:
  explicit SymbolKeeper(std::string state_directory);
  /// Writes what is not written yet.
  ~SymbolKeeper();
  SymbolKeeper(const SymbolKeeper&) = delete;
  SymbolKeeper& operator=(const SymbolKeeper&) = delete;

  /// From the loop thread alone. What was not written yet is replaced.
  void keep(const market::Symbols& symbols);
  /// The latest problem that was not asked for yet.
  std::optional<std::string> take_problem();

 private:
  void run();
  void write();

  const std::string directory_;
  std::atomic<market::Symbols*> next_{nullptr};
  std::atomic<std::string*> problem_{nullptr};
  std::atomic<bool> stop_{false};
  std::counting_semaphore<> wake_{0};
  std::thread thread_;
};

}  // namespace derivd::daemon
