// Owns SymbolStreams, the symbols whose ticks a session streams: which of a symbol's ticks are new,
// the rhythm in which they come, and the silence when they do not. The session hands it what comes
// and tells what it finds; quotes themselves it never looks at.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "core/time.hpp"
#include "deriv/frame.hpp"
#include "deriv/requests.hpp"
#include "deriv/stats.hpp"
#include "deriv/venue_clock.hpp"
#include "market/symbol.hpp"

namespace derivd::deriv {

/// One streamed symbol, over all links.
class SymbolStream final {
 public:
  /// A tick this much older than the last one does not come late; the venue's clock was set back.
  static constexpr std::chrono::seconds kClockWentBack{60};
  /// And so do this many older ticks in a row.
  static constexpr int kMaxStaleRun = 10;
  // A link is believed as long as its ticks come when they are due. Late is what is later than
  // three of the symbol's intervals and the jitter of a network: 5 s for an index of one second, 8
  // s for one of two. Then we ask, and a ping that is not answered within its time (call.cpp) ends
  // the link.
  static constexpr int kLateIntervals = 3;
  static constexpr core::Duration kLateGrace = std::chrono::seconds(2);
  static constexpr core::Duration kLongestLate = std::chrono::seconds(30);
  /// Of a symbol whose cadence is neither known nor learned yet.
  static constexpr core::Duration kUnknownLate = std::chrono::seconds(10);
  /// The longest recent pause between two ticks is a symbol's cadence: it is forgotten by an eighth
  /// at each tick, and a pause longer than this teaches nothing.
  static constexpr core::Duration kLongestCadence = std::chrono::seconds(10);
  /// A silent symbol is no dead link: markets close. It is said once and subscribed again at long
  /// intervals, since a stream can also be lost alone.
  static constexpr core::Duration kSilentAfter = std::chrono::minutes(1);
  static constexpr core::Duration kLongestSilentWait = std::chrono::minutes(10);

  /// Wanted from `now` on. `interval`: between its ticks, by market/symbol; 0: not known.
  SymbolStream(const market::SymbolCode& symbol, core::Duration interval, core::Instant now);

  const market::SymbolCode& symbol() const { return symbol_; }
  Task task;     // the stream; with history while it wants some
  Task history;  // past ticks alone, when the stream already ran
  StreamId id;   // at the venue; empty: it has none, or has not said it
  /// An earlier run of this program ended there.
  std::optional<core::VenueTime> wanted_from;

  // ---- which ticks are new: the union of all links has none twice ----
  std::optional<core::VenueTime> last_epoch() const { return last_epoch_; }
  bool has_seen(core::VenueTime epoch) const { return last_epoch_ && epoch <= *last_epoch_; }
  /// Of a tick of the stream: kBack is older than the last one because the venue's clock is.
  enum class Place : std::uint8_t { kNew, kBack, kSeen };
  Place place_of(core::VenueTime epoch);
  struct Taken {
    core::Duration pause{};  // since the last one, or since one is waited for
    bool ends_silence = false;
  };
  /// A tick of the stream that is no kSeen.
  Taken take(core::VenueTime epoch, core::Instant now);
  /// A tick of a history that has_seen() not (CHECK).
  void take_past(core::VenueTime epoch);
  /// Before the first history of a link: whether the venue's clock, by its own word, stands before
  /// what was seen. Then that counts no more. Later its word may be hours old.
  bool went_back(std::optional<core::VenueTime> told);
  /// Past ticks that close the gap since the last one, at least `fewest`, at most kMaxHistory.
  std::size_t history_for(std::size_t fewest, core::VenueTime clock) const;

  // ---- its rhythm ----
  /// Something came of it that says nothing about its rhythm.
  void answered(core::Instant now) { quiet_from_ = now; }
  /// A tick came, new or not.
  void heard(core::Instant now);
  /// Nothing for so long is late, and nothing to wonder at before.
  core::Duration late_after() const;
  /// It runs, and silence would not be by its own will.
  bool is_ticking() const { return task.done() && !silent_ && !excused_; }
  /// The venue is there: what is late is late by its will.
  void excuse_if_late(core::Instant now);
  /// Silent for so long that its stream may be lost: then it is wanted again, and the former id is
  /// to be forgotten.
  std::optional<StreamId> lost_by_silence(core::Instant now);
  std::optional<core::Instant> lost_by_silence_at() const;

  // ---- its silence, whatever the reason: the market, the feed, a subscription that is refused
  // ----
  /// Since when a tick of it is waited for.
  core::Instant waits_since() const;
  /// None for a minute, told once: then how long. A later tick ends it.
  std::optional<core::Duration> falls_silent(core::Instant now);
  std::optional<core::Instant> falls_silent_at() const;
  TickAge age(core::Instant now, bool has_link) const;

  /// A new link.
  void restart(core::Instant now);

 private:
  market::SymbolCode symbol_;
  std::optional<core::VenueTime> last_epoch_;
  int stale_run_ = 0;                       // ticks in a row that were older than that
  bool new_link_ = false;                   // no history on this link yet
  std::optional<core::Instant> last_tick_;  // one that was taken
  core::Instant expected_from_{};  // since when there should be some: wanted, or the link came up
  bool told_silent_ = false;
  core::Instant quiet_from_{};
  core::Duration interval_{};
  core::Duration cadence_{};  // learned, for those whose interval is not known
  bool excused_ = false;      // late, but a ping was answered: closed, or stopped by the venue
  bool silent_ = false;
  core::Duration silent_wait_ = kSilentAfter;
};

class SymbolStreams final {
 public:
  static constexpr std::size_t kMost = 50;  // see ContractStreams::kMost

  SymbolStreams() { streams_.reserve(kMost); }

  /// Valid until the set changes, which a listener may do.
  SymbolStream* find(std::string_view symbol);
  SymbolStream* find_asked(std::int64_t req_id);
  Task* find_task(std::int64_t req_id);

  struct Change {
    std::vector<StreamId> forgotten;
    std::vector<market::SymbolCode> added;
    std::vector<market::SymbolCode> refused;  // no symbols, or too many
  };
  /// Exactly these from now on; those that stay go on undisturbed. `history`: the fewest past ticks
  /// that each is fed first.
  Change set(const std::vector<market::SymbolCode>& wanted, std::size_t history, core::Instant now);
  void restart(core::Instant now);
  void pump(Requests& requests, const VenueClock& clock, const core::Now& now);

  /// How long nothing at all may arrive before we ask, at most `longest`. Anything that arrives
  /// proves that the link brings something, so that the symbol with the shortest interval decides.
  core::Duration quiet_limit(core::Duration longest) const;
  struct Silence {
    market::SymbolCode symbol;
    core::Duration pause{};  // since its last tick, or since one is waited for
  };
  /// One that falls silent by now, each told once; nullopt: none more.
  std::optional<Silence> falls_silent(core::Instant now);
  /// The next time at which a stream may be lost or, where silence is told, a symbol falls silent.
  std::optional<core::Instant> next_deadline(bool tells_silence) const;

  auto begin() { return streams_.begin(); }
  auto end() { return streams_.end(); }
  auto begin() const { return streams_.begin(); }
  auto end() const { return streams_.end(); }

 private:
  std::vector<SymbolStream> streams_;
  std::size_t history_ = 0;
};

}  // namespace derivd::deriv
