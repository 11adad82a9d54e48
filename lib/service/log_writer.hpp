// Owns the way of finished entries to a sink that may take its time: a bounded queue by level and a
// thread that writes, so that whoever logs never waits. The log's sinks push from the loop. It
// never decides what an entry says, and it keeps nothing alive at the end: a sink that hangs is
// left behind.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/time.hpp"
#include "service/log.hpp"

namespace derivd::service {

/// What a sink writes at once: a line, or the fields of a journal's entry, the message first.
struct LogEntry {
  Level level = Level::kInfo;
  core::Instant at;  // steady clock
  std::vector<std::string> parts;
};

inline constexpr std::size_t kLevelCount = static_cast<std::size_t>(Level::kError) + 1;
/// Entries that were not written, by level.
using LostEntries = std::array<std::uint64_t, kLevelCount>;
/// "16 log entries were dropped: 1 error, 15 debug; the log did not take them"
std::string lost_in_words(const LostEntries& lost);

class LogWriter final {
 public:
  /// Waiting at once: a megabyte at the most, minutes of a lively day at the level info.
  static constexpr std::size_t kMaxWaiting = 1024;
  /// At the end. In the first half everything is written in its order; in the second half what is
  /// left of the least levels gives way, so that the last words of a slow log are those that
  /// matter, and the very last of all.
  static constexpr core::Duration kFarewell = std::chrono::milliseconds(500);
  static constexpr std::size_t kLastWords = 4;
  /// While entries go on being dropped, it is told this often.
  static constexpr core::Duration kTellEvery = std::chrono::seconds(10);

  /// Called by the writer's thread alone. False: it could not be written. May block.
  using Sink = std::function<bool(const LogEntry&)>;
  /// The entry that tells of a loss; called by the writer's thread.
  using Tell = std::function<LogEntry(const LostEntries&)>;
  /// Called by the writer's thread once everything is written, at the end. May block.
  using Confirm = std::function<void()>;

  LogWriter(Sink sink, Tell tell, Confirm confirm = {}, std::size_t max_waiting = kMaxWaiting,
            core::Duration farewell = kFarewell);
  /// Waits for what is queued, and for `confirm`, for kFarewell at most.
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  /// Never waits. Where there is no room, the oldest of the least level is dropped, the new one if
  /// all others are above it.
  void push(LogEntry entry);
  /// Since the start.
  std::uint64_t lost() const;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
  const core::Duration farewell_;
};

}  // namespace derivd::service
