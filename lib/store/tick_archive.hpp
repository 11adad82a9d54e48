// Owns the tick archive: DIRECTORY/SYMBOL/YYYY-MM-DD.ticks, one file for each symbol and UTC day,
// appended to and checksummed. derivctl fetches and imports into it, the daemon's storage thread
// writes its own ticks, the back-test reads it. It never changes a tick that it holds, never
// answers damaged bytes, and never guesses what happened in a gap.
//
// Why not SQLite: 31,536,000 ticks (a year of one a second) on one core of a virtual AMD EPYC take
// 33 to 63 MB here, by how far the quotes move, and are read in 0.4 to 0.5 s; a SQLite table (epoch
// INTEGER PRIMARY KEY, mantissa INTEGER) takes 444 MB and is read in 2.7 s, and a back-test of that
// year has 3 s in all.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"
#include "market/symbol.hpp"
#include "market/tick_source.hpp"
#include "store/tick_block.hpp"

namespace derivd::store {

/// Longest wait for another process that writes the same symbol; it holds the lock for one day's
/// file at a time, some milliseconds.
inline constexpr core::Duration kArchiveLockWait = std::chrono::seconds(10);
/// A day of blocks of one tick each, which nobody writes, has 4 MB.
inline constexpr std::size_t kMaxDayFile = 16U << 20U;
/// Ticks of a symbol that market/ does not know are expected this often at least.
inline constexpr std::int64_t kUnknownCadence = 60;

/// Seconds between two ticks; more is a gap.
std::int64_t cadence_of(const market::SymbolCode& symbol);

struct Conflict {
  core::VenueTime epoch;
  core::Price held;
  core::Price given;
};
/// What becomes of rows that are no ticks (a quote of 0 or less, a time that is none or goes back,
/// a quote that needs more decimals than the day's file has) or that contradict the archive.
enum class BadRows : bool {
  kRefuseAll,  // with the first of them nothing of its day is written
  kLeaveOut,   // each alone: it is counted, and its neighbours are kept
};
struct Merged {
  std::size_t added = 0;
  std::size_t known = 0;  // were there already, with the same quotes
  std::size_t left_out = 0;
  std::string first_left_out;  // the first of those, in words
  /// kRefuseAll: the first tick that contradicts the archive.
  std::optional<Conflict> conflict;
  std::vector<std::string> notes;  // what was found and mended, for people
};

struct Gap {
  Span span;  // seconds without a tick
  enum class Venue : std::uint8_t {
    kNotAsked,
    kDoubtful,  // an earlier version took one silent answer for proof: to be asked again
    kHasNone,   // asked narrowly and twice, beside ticks that it did answer
  } venue = Venue::kNotAsked;
  friend bool operator==(const Gap&, const Gap&) = default;
};
/// Which marks count as an answer of the venue.
enum class Trust : bool {
  kNothing,  // everything is asked for again
  kProven,
};
/// Ticks between the gaps, over any span of time. Gaps are listed up to kMaxGaps, counted beyond.
inline constexpr std::size_t kMaxGaps = 10'000;
struct Summary {
  market::SymbolCode symbol;
  std::uint8_t decimals = 0;
  std::optional<core::VenueTime> first, last;
  std::uint64_t ticks = 0;
  std::uint64_t bytes = 0;
  std::uint64_t days = 0;  // files
  std::uint64_t gap_count = 0;
  std::vector<Gap> gaps;
  std::vector<std::string> notes;  // torn tails
};

/// Any number of processes may read and write one archive at once; how their files are opened, and
/// with whose rights when root writes, is archive_files.hpp. Errors: kIo the disk, kInvalid a file
/// that cannot be read, with the remedy, kTimeout another writer, kNotFound nothing there.
class TickArchive final {
 public:
  /// The directory is made with the first tick.
  explicit TickArchive(std::string directory) : directory_(std::move(directory)) {}
  const std::string& directory() const { return directory_; }

  /// Adds ticks, rising epochs, each day whole or not at all; on return they survive a power cut.
  /// Days before a conflict are kept: ask check() first where that matters.
  core::Result<Merged> merge(const market::SymbolCode& symbol, std::uint8_t decimals,
                             std::span<const market::TickRow> ticks,
                             BadRows bad = BadRows::kRefuseAll);
  /// What merge() with kRefuseAll would do, without doing it.
  core::Result<Merged> check(const market::SymbolCode& symbol, std::uint8_t decimals,
                             std::span<const market::TickRow> ticks) const;
  /// The venue was asked for `span`, lately at `proven_at` of its clock, and has no ticks there: it
  /// is a gap that is not asked for again, until a tick within it comes all the same.
  core::Result<void> mark_absent(const market::SymbolCode& symbol, std::uint8_t decimals,
                                 const Span& span, core::VenueTime proven_at);

  core::Result<std::vector<market::SymbolCode>> symbols() const;
  /// Of the files there are, rising.
  core::Result<std::vector<std::int64_t>> days(const market::SymbolCode& symbol) const;
  core::Result<Day> read_day(const market::SymbolCode& symbol, std::int64_t day) const;
  /// Reads every file.
  core::Result<Summary> summary(const market::SymbolCode& symbol) const;
  /// Seconds within `range` of which the archive has neither a tick nor a mark that is trusted,
  /// rising.
  core::Result<std::vector<Span>> missing(const market::SymbolCode& symbol, const Span& range,
                                          Trust trust = Trust::kProven) const;

 private:
  std::string directory_;
};

/// Reads one symbol's ticks of an archive from front to back, a day at a time: two megabytes at
/// most, however long the archive is. Gaps are simply steps between epochs.
class ArchiveSource final : public market::TickSource {
 public:
  /// Only ticks within `range`, all without. kNotFound: the archive has none of this symbol.
  static core::Result<std::unique_ptr<ArchiveSource>> open(TickArchive archive,
                                                           const market::SymbolCode& symbol,
                                                           std::optional<Span> range = {});
  std::uint8_t decimals() const { return decimals_; }
  core::Result<std::size_t> read(std::span<market::TickRow> out) override;

 private:
  ArchiveSource(TickArchive archive, const market::SymbolCode& symbol, Span range)
      : archive_(std::move(archive)), symbol_(symbol), range_(range) {}
  TickArchive archive_;
  market::SymbolCode symbol_;
  Span range_;
  std::vector<std::int64_t> days_;
  std::size_t next_day_ = 0;
  std::uint8_t decimals_ = 0;
  Day day_;
  std::size_t at_ = 0;
};

}  // namespace derivd::store
