// Owns the way from an Event to people: journald with MESSAGE_ID and fields when the service runs
// under systemd, readable lines on a terminal or a pipe otherwise. Everything in daemon/ logs
// through it. It never throws, never waits for whoever reads it and never sees a token.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/event.hpp"
#include "core/secret.hpp"
#include "core/time.hpp"

namespace derivd::service {

enum class Level : std::uint8_t { kDebug, kInfo, kNotice, kWarning, kError };
std::optional<Level> level_from(std::string_view name);  // debug info notice warning error

/// MESSAGE_ID (32 hex digits), level and catalog text of a kind: their one home (messages.cpp).
struct MessageInfo {
  core::EventKind kind;
  std::string_view id;
  Level level;
  std::string_view subject;  // catalog: Subject
  std::string_view body;     // catalog: what happened, the likely cause, what to do
};
const MessageInfo& message_info(core::EventKind kind);
/// The whole catalog file (packaging/derivd.catalog is this text; a test compares).
std::string catalog_text();

class Log {
 public:
  virtual ~Log() = default;
  virtual void write(const core::Event& event) = 0;
  void write(core::EventKind kind, std::string_view text);
  /// An event whose text and reason are longer than an event holds: a mistake in a configuration
  /// quotes what is allowed, and half of it would be another answer.
  virtual void write_whole(core::EventKind kind, std::string_view text, std::string_view reason);
  /// Takes this secret out of every later entry (redact.hpp); the log keeps a digest of it only.
  virtual void hide(const core::Secret& secret) = 0;
  /// The text as an entry would show it: without secrets and control characters. For what leaves by
  /// another way than this log.
  virtual std::string clean(std::string_view text) const;
  /// Writes the counts of repetitions that ended, and what still waits to be written; called now
  /// and then. `all`: and of those that go on, at the end.
  virtual void flush(bool all);
  /// The least level that is written from now on.
  virtual void set_level(Level) {}
  /// Entries that could not be written since the start. The log tells of them as soon as it can.
  virtual std::uint64_t lost() const;
};
/// journald when $JOURNAL_STREAM names our standard error, else lines on standard error. What is
/// written waits in a bounded queue for a thread of its own, below a warning for up to 20 ms
/// (LogWriter::kLinger); its destructor gives that thread half a second for the rest.
/// `identifier`: the journal's SYSLOG_IDENTIFIER, which stands before each of its lines.
std::unique_ptr<Log> make_log(Level level, std::string identifier = "derivd");
/// Readable line of an event, without time: its text, with the strategy in front where the text
/// does not name it. The journal's MESSAGE.
std::string line_of(const core::Event& event);

/// The journal's fields of an event beside MESSAGE, only those that it has: MESSAGE_ID, PRIORITY,
/// SYSLOG_IDENTIFIER and DERIVD_*.
using Fields = std::vector<std::pair<std::string_view, std::string>>;
Fields fields_of(const core::Event& event, const std::string& identifier = "derivd");
/// syslog's number of a level: 7 … 3.
int priority_of(Level level);
/// $JOURNAL_STREAM is "DEV:INODE" of the stream that systemd connected to the journal; true when it
/// is `fd`. A value inherited by a program whose output was redirected since does not match.
bool is_journal_stream(const char* journal_stream, int fd);

}  // namespace derivd::service
