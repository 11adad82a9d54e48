// Owns the way of finished entries to a sink that may take its time: a bounded queue by level and a
// thread that writes, so that whoever logs never waits, and seldom has to wake that thread. The
// log's sinks push from the loop. It never decides what an entry says, and it keeps nothing alive
// at the end: a sink that hangs is left behind.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
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

  /// An entry below a warning may wait so long for others, and a process that is killed loses that
  /// much more. A trade's lines (signal, sent, bought, settled) come within a few milliseconds of
  /// each other where the venue is near, so that this is some trades; and nobody who follows a log
  /// sees a fiftieth of a second.
  static constexpr core::Duration kLinger = std::chrono::milliseconds(20);
  /// So many that wait are written without lingering: a burst must not fill the queue meanwhile.
  static constexpr std::size_t kManyWaiting = 64;
  /// Of what is given to a sink at once: PIPE_BUF of Linux (pipe(7)). Up to that a write to a pipe
  /// is not mixed with what others write there; a longer entry goes alone, as it must.
  static constexpr std::size_t kMaxBytesAtOnce = 4096;

  /// Called by the writer's thread alone, with at least one entry. Gives how many of them, from the
  /// first on, are written. If not all are, the next one could not be written and is lost; what
  /// comes behind it is offered again. May block.
  using Sink = std::function<std::size_t(std::span<const LogEntry>)>;
  /// The entry that tells of a loss; called by the writer's thread.
  using Tell = std::function<LogEntry(const LostEntries&)>;
  /// Called by the writer's thread once everything is written, at the end. May block.
  using Confirm = std::function<void()>;

  struct Settings {
    Confirm confirm = {};
    std::size_t max_waiting = kMaxWaiting;
    core::Duration farewell = kFarewell;
    core::Duration linger = kLinger;
    /// False: the sink takes one entry each time.
    bool joins = true;
  };

  LogWriter(Sink sink, Tell tell, Settings settings);
  /// Waits for what is queued, and for `confirm`, for the farewell at most.
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  /// Never waits. Where there is no room, the oldest of the least level is dropped, the new one if
  /// all others are above it. A warning and what is above it is written at once, after everything
  /// before it; anything else after kLinger at the latest.
  void push(LogEntry entry);
  /// What waits is written at once. Never waits for it.
  void flush();
  /// Since the start.
  std::uint64_t lost() const;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
  const core::Duration farewell_;
};

}  // namespace derivd::service
