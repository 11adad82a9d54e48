// Owns FetchPlan: which spans of a symbol's past are asked for next, page by page, and what each
// answer proves. derivctl's fetch drives it between the archive and the venue. It never does I/O
// and never takes silence for proof.
#pragma once

#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "market/tick_source.hpp"
#include "store/tick_block.hpp"

namespace derivd::store {

class FetchPlan final {
 public:
  /// What is younger than this may still come, so a hole there proves nothing.
  static constexpr std::int64_t kSettled = 60;
  /// The search for the beginning of the venue's memory ends with this many seconds of doubt.
  static constexpr std::int64_t kFine = 60;

  /// `missing`: seconds to fetch, rising and apart (TickArchive::missing). `cadence`: seconds
  /// between two ticks. `page`: the most ticks of one answer. `latest`: the venue's clock.
  FetchPlan(std::vector<Span> missing, std::int64_t cadence, std::int64_t page,
            std::int64_t latest);

  /// The span to ask for; nullopt: all is done.
  std::optional<Span> next() const;

  struct Answer {
    std::vector<market::TickRow> ticks;  // to be kept
    std::vector<Span> absent;            // the venue has none here
  };
  /// The answer to next(), rising epochs.
  Answer on_page(std::span<const market::TickRow> ticks);

  /// Seconds asked for and settled, of total().
  std::int64_t done() const { return total_ - left(); }
  std::int64_t total() const { return total_; }
  /// Older than the venue's memory: it answered with other ticks. The search for where its memory
  /// begins takes some ten questions.
  const std::vector<Span>& unavailable() const { return unavailable_; }

 private:
  std::int64_t left() const;
  void beyond_memory(const Span& asked);
  void end_search_when_fine();
  Answer keep(const Span& asked, std::span<const market::TickRow> ticks);

  std::deque<Span> todo_;
  std::int64_t cadence_;
  std::int64_t page_;
  std::int64_t width_;  // seconds of one page
  std::int64_t latest_;
  std::int64_t total_ = 0;
  std::vector<Span> unavailable_;
  /// Where the venue's memory begins: after span.first, at span.last or before if it was found.
  struct Search {
    Span span;
    bool found = false;
  };
  std::optional<Search> search_;
};

}  // namespace derivd::store
