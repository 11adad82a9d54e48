// Owns the bytes of the tick archive: the head of a day's file and the blocks behind it, each with
// a checksum, epochs as runs and quotes as differences. tick_archive.* writes and reads files with
// it, and the fuzz target drives it. It never touches a disk and never believes a byte.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"
#include "market/symbol.hpp"
#include "market/tick_source.hpp"

namespace derivd::store {

inline constexpr std::int64_t kSecondsPerDay = 86'400;
/// A day has at most one tick a second, so 22 full blocks; a damaged block costs an hour or two.
inline constexpr std::size_t kMaxBlockTicks = 4096;
/// A varint of 64 bits has at most 10 bytes; two for the epochs of a tick, one for its quote.
inline constexpr std::size_t kMaxBlockPayload = kMaxBlockTicks * 30;
inline constexpr std::size_t kDayHeadSize = 64;
inline constexpr std::size_t kBlockHeadSize = 44;
inline constexpr std::uint16_t kTickFormat = 1;

/// Seconds of venue time, both ends included.
struct Span {
  std::int64_t first = 0;
  std::int64_t last = 0;
  friend bool operator==(const Span&, const Span&) = default;
};

/// What a file is about: one symbol, one UTC day.
struct DayHead {
  market::SymbolCode symbol;
  std::uint8_t decimals = 0;
  std::int64_t day = 0;  // epoch / 86400
  friend bool operator==(const DayHead&, const DayHead&) = default;
};

std::string encode_head(const DayHead& head);
/// kInvalid with the reason: too short, no tick file, another version, damaged.
core::Result<DayHead> decode_head(std::string_view bytes);

/// Appends one block to `out`. Epochs must rise, at most kMaxBlockTicks and at least one (CHECK).
void encode_ticks(std::span<const market::TickRow> ticks, std::string& out);
/// A mark: the venue was asked for `span` and has no ticks there.
struct Absence {
  Span span;
  /// Venue time at which it was asked for the last time of those that prove it; 0: written by a
  /// version that took one answer without ticks for proof, which it is not.
  std::int64_t proven_at = 0;
  friend bool operator==(const Absence&, const Absence&) = default;
};
void encode_absent(const Absence& absence, std::string& out);

struct Block {
  enum class Kind : std::uint8_t { kTicks = 1, kAbsent = 2 } kind = Kind::kTicks;
  Span span;                           // of its ticks, or without any
  std::int64_t proven_at = 0;          // kAbsent
  std::vector<market::TickRow> ticks;  // kTicks: rising epochs
  std::size_t size = 0;                // bytes of the block
};
/// Reads the block at the front of `bytes` into `out`, whose memory is reused. kExhausted: the
/// bytes end within it; kInvalid: they are no whole block.
core::Result<void> decode_block(std::string_view bytes, Block& out);

/// Everything that a day's file holds.
struct Day {
  DayHead head;
  std::vector<market::TickRow> ticks;  // rising
  std::vector<Absence> absent;         // as written, in file order
  std::size_t whole = 0;               // bytes up to the end of the last good block
  std::size_t torn = 0;                // bytes behind it that are the rest of an interrupted write
};
/// A bad block with nothing good behind it is a torn tail, which is counted and left out; one in
/// the middle is damage, and kInvalid with its offset.
core::Result<Day> decode_day(std::string_view bytes);

}  // namespace derivd::store
