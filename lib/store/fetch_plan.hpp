// Owns FetchPlan: which spans of a symbol's past are asked for next, page by page, and what each
// answer proves. derivctl's fetch drives it between the archive and the venue. It never does I/O,
// is told the time, and never takes silence for proof.
//
// A venue's page may be shorter than what was asked for, empty for once, or have a hole; it may
// ignore what was asked and answer its latest page. So what a page does not have is only a doubt.
// When all pages are there, each doubt is asked about on its own: the hole with the ticks on both
// sides of it, no more. An answer counts when it shows those ticks and nothing between them. Two of
// them, some time apart, are believed; a hole about which nothing can be learned is told as such.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "core/time.hpp"
#include "market/tick_source.hpp"
#include "store/tick_block.hpp"

namespace derivd::store {

class FetchPlan final {
 public:
  /// What is younger than this may still come: a venue's history may lag behind its stream.
  static constexpr std::int64_t kSettled = 3600;
  /// The search for the beginning of the venue's memory ends with this many seconds of doubt.
  static constexpr std::int64_t kFine = 60;
  /// Answers that a hole is believed after, and their distance: a venue that is out of order for a
  /// moment answers alike within it.
  static constexpr int kProofs = 2;
  static constexpr core::Duration kApart = std::chrono::seconds(5);
  /// So many answers with other ticks than those asked for begin the search for the beginning of
  /// the venue's memory.
  static constexpr int kOthers = 2;
  /// So many answers about one hole that prove nothing are enough.
  static constexpr int kMaxVain = 3;

  /// `missing`: seconds to fetch, rising and apart (TickArchive::missing). `cadence`: seconds
  /// between two ticks. `page`: the most ticks of one answer. `latest`: the venue's clock.
  FetchPlan(std::vector<Span> missing, std::int64_t cadence, std::int64_t page,
            std::int64_t latest);

  /// The span to ask for now; nullopt: all is done, or wait_until() has a time to come.
  std::optional<Span> next(core::Instant now) const;
  /// When next() will have a question, if not at once.
  std::optional<core::Instant> wait_until(core::Instant now) const;

  struct Answer {
    std::vector<market::TickRow> ticks;  // to be kept
    std::vector<Span> absent;            // the venue has none here
  };
  /// The answer to next(), rising epochs; `whole`: no row of it was refused.
  Answer on_page(std::span<const market::TickRow> ticks, bool whole, core::Instant now);

  /// Seconds asked for and settled, of total().
  std::int64_t done() const { return total_ - left(); }
  std::int64_t total() const { return total_; }
  /// Older than the venue's memory: it answered with other ticks. The search for where its memory
  /// begins takes some ten questions.
  const std::vector<Span>& unavailable() const { return unavailable_; }
  /// Nothing came, and no answer proves that the venue has nothing.
  const std::vector<Span>& unproven() const { return unproven_; }
  /// Behind the latest tick, and young enough to come later.
  const std::vector<Span>& pending() const { return pending_; }

 private:
  struct Hole {
    std::int64_t last = 0;
    int proofs = 0;
    int vain = 0;
    core::Instant not_before;
    bool at_memory_edge = false;  // asking for what is before it was answered with other ticks
  };
  using Holes = std::map<std::int64_t, Hole>;  // by first second

  std::int64_t left() const;
  Holes::const_iterator current() const;
  Span question(const Holes::value_type& hole) const;
  void on_other(const Span& asked);
  void on_search(const Span& asked, std::span<const market::TickRow> inside);
  void on_hole(std::span<const market::TickRow> inside, bool whole, core::Instant now, Answer& out);
  bool proves(const Holes::value_type& hole, std::span<const market::TickRow> inside) const;
  bool has_shown(const Span& span) const;
  bool is_sliver(const Span& span) const;
  void remember(std::span<const market::TickRow> ticks);
  void doubt(Span span);
  void doubt_between(const Span& span, std::span<const market::TickRow> ticks);

  std::deque<Span> todo_;
  Holes holes_;
  std::map<std::int64_t, std::int64_t> shown_;  // runs of ticks that the venue answered
  std::int64_t cadence_;
  std::int64_t width_;  // seconds of one page
  std::int64_t latest_;
  std::int64_t total_ = 0;
  std::vector<Span> unavailable_, unproven_, pending_;
  /// Where the venue's memory begins: after span.first, at span.last or before if it was found.
  struct Search {
    Span span;
    bool found = false;
    bool ended = false;  // near enough: the first question is asked once more
  };
  std::optional<Search> search_;
  int others_ = 0;  // answers with other ticks in a row
};

}  // namespace derivd::store
