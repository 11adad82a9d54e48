// Owns the intent log, FILE-intents beside the journal FILE: the events that are on disk before
// their effect happens and before SQLite has them. The journal's writer appends to it from the loop
// thread and reads it from its own; recovery and readers read it. It knows frames of bytes and
// their order, not what is in them. docs/journal.md has the format.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "execution/record.hpp"

namespace derivd::store {

/// The file under the log. The seam at which tests tear, fail and forget writes.
class LogFile {
 public:
  virtual ~LogFile() = default;
  /// One system call. kIo when not all of it was written; a part of it may be there then.
  virtual core::Result<void> write(std::uint64_t offset, std::string_view bytes) = 0;
  /// What was written survives the death of the machine.
  virtual core::Result<void> sync() = 0;
  /// Fewer than `size` bytes at the end of the file only. Any thread.
  virtual core::Result<std::size_t> read(std::uint64_t offset, char* to, std::size_t size) = 0;
  virtual core::Result<std::uint64_t> size() = 0;
};

enum class LogAccess : std::uint8_t { kRead, kWrite };
/// kNotFound when it is missing, kInvalid when it is no regular file, else kIo.
using LogFiles =
    std::function<core::Result<std::unique_ptr<LogFile>>(const std::string& path, LogAccess)>;
core::Result<std::unique_ptr<LogFile>> open_log_file(const std::string& path, LogAccess access);

std::string intent_log_path(const std::string& journal_path);

/// Whose log it is, in the header of both of its regions.
struct LogIdentity {
  std::uint64_t journal = 0;  // the journal's own number
  std::uint32_t schema = 0;   // version of the rows in the frames: that of the journal's tables
  friend bool operator==(const LogIdentity&, const LogIdentity&) = default;
};

/// One event.
struct LogFrame {
  std::uint64_t seq = 0;
  std::int64_t written_us = 0;  // wall clock of the append
  std::string_view payload;
};

/// Both regions are of this size, header included. The file is as large from the start, so that an
/// append needs no room of a full disk and a sync no change of the file's length.
inline constexpr std::uint32_t kLogRegionBytes = 1U << 20U;
inline constexpr std::uint32_t kLogHeaderBytes = 64;
inline constexpr std::uint32_t kLogFrameBytes = 32;  // before each payload
/// Of the file's form. The rows in it have the version of the tables, LogIdentity::schema.
inline constexpr std::uint32_t kLogFormat = 1;

/// Makes a log under another name, synced, and renames it: a crash leaves none or a whole one. When
/// root makes it (a daemon that was started by hand), it is the journal's owner's, as SQLite's own
/// files are: the service could not start with it otherwise.
/// `first`: number of the first frame to come.
core::Result<void> create_intent_log(const std::string& path, const LogIdentity& identity,
                                     std::uint64_t first, std::uint32_t region_bytes);

/// A region as its header says it.
struct LogRegion {
  LogIdentity identity;
  std::uint64_t generation = 0;  // rises with each use of a region
  std::uint64_t first = 0;       // number of its first frame
};

/// Reads frames in their order, from a file that may be appended to at the same time. One thread.
class LogReader final {
 public:
  /// Reads the headers. kInvalid: no log (damaged), of a newer program, or an empty file.
  static core::Result<LogReader> open(LogFile& file);

  /// Of the newest region.
  const LogIdentity& identity() const { return newest().identity; }
  const LogRegion& newest() const { return *regions_[newest_]; }
  std::size_t newest_index() const { return newest_; }
  /// The region that is not the newest has a header of its own.
  bool has_both() const { return regions_[0] && regions_[1]; }
  /// The lowest number that the log can have.
  std::uint64_t oldest() const;
  std::uint32_t region_bytes() const { return region_bytes_; }

  /// The next frame is to be `seq`; the headers are read again. Damaged frames before it are no
  /// hindrance. False: the log does not reach back to it, or ends before it.
  core::Result<bool> seek(std::uint64_t seq);
  /// Empty: there is none (yet). The payload lives until the next call.
  core::Result<std::optional<LogFrame>> next();
  /// Frames with a higher number than `seq` and than the last that was read: they cannot be
  /// reached, since what is between is not readable. Reads the whole file.
  core::Result<std::size_t> count_beyond(std::uint64_t seq);

 private:
  explicit LogReader(LogFile& file) : file_(&file) {}
  core::Result<void> read_headers();
  core::Result<bool> find(std::size_t region, std::uint64_t seq);
  core::Result<std::optional<LogFrame>> frame_here();
  core::Result<bool> cross();
  std::vector<LogRegion> owners(std::size_t i) const;
  std::string_view window(std::uint64_t from) const;
  core::Result<void> fill(std::uint64_t from, std::size_t size);

  LogFile* file_;
  std::optional<LogRegion> regions_[2];
  std::size_t newest_ = 0;
  std::uint32_t region_bytes_ = 0;
  std::size_t region_ = 0;    // being read
  std::uint64_t offset_ = 0;  // in it
  std::uint64_t expected_ = 0;
  std::string buffer_;
  std::uint64_t buffer_at_ = 0;  // in the file
};

/// The writer. append() belongs to one thread, free() and appended() to any.
class IntentLog final {
 public:
  /// All frames that `reader` finds in `file` are durably in the journal. Begins a region, so that
  /// nothing follows a frame that a crash has torn.
  static core::Result<std::unique_ptr<IntentLog>> go_on(std::unique_ptr<LogFile> file,
                                                        const LogReader& reader,
                                                        const LogIdentity& identity,
                                                        std::uint64_t next,
                                                        execution::Durability durability);

  /// An event's bytes are written into what this gives, behind what is there; then append().
  std::string& begin();
  /// One write, with Durability::kPower one sync. On an error the frame may be there or not, and
  /// the log takes no more.
  core::Result<void> append(std::int64_t written_us);

  /// Number of the last frame that was appended.
  std::uint64_t appended() const { return appended_.load(std::memory_order_acquire); }
  /// Frames up to this number must be in the journal, durably, before another region is begun.
  std::uint64_t wanted() const { return wanted_.load(std::memory_order_acquire); }
  /// All frames up to `seq` are in the journal, durably.
  void free(std::uint64_t seq) { freed_.store(seq, std::memory_order_release); }
  /// Whether an append of `bytes` of payload finds room now.
  bool has_room(std::size_t bytes) const;
  /// Begins a region with nothing in it: all is in the journal.
  core::Result<void> begin_anew();
  /// A write failed: what is in the file behind the last frame is not known.
  bool is_broken() const { return broken_.has_value(); }
  LogFile& file() { return *file_; }

 private:
  IntentLog(std::unique_ptr<LogFile> file, const LogIdentity& identity,
            execution::Durability durability)
      : file_(std::move(file)), identity_(identity), durability_(durability) {}
  core::Result<void> write(std::uint64_t offset, std::string_view bytes);
  core::Result<void> wipe(std::size_t region);

  std::unique_ptr<LogFile> file_;
  LogIdentity identity_;
  execution::Durability durability_;
  std::uint32_t region_bytes_ = 0;
  std::size_t region_ = 0;
  std::uint64_t generation_ = 0;
  std::uint64_t offset_ = 0;  // of the next frame, in its region
  std::uint64_t next_ = 1;
  std::string frame_;  // header of a region, then the frame
  std::optional<core::Error> broken_;
  std::atomic<std::uint64_t> appended_{0};
  std::atomic<std::uint64_t> wanted_{0};
  std::atomic<std::uint64_t> freed_{0};
};

}  // namespace derivd::store
