// Owns the markets of the simulated venue: the feed of their quotes, and what faults have ordered
// of them, closures and ticks that nobody is shown. The venue asks it for what is due in each
// second, the calls for what is listed, open and past. It sends nothing and settles nothing. One
// thread.
//
// What always holds (CHECK): a symbol's seconds are asked for in rising order, and a tick that is
// published is in the history before anybody hears of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/time.hpp"
#include "market/symbols.hpp"
#include "market/tick.hpp"
#include "sim/faults.hpp"
#include "sim/feed.hpp"

namespace derivd::sim {

class Markets final {
 public:
  explicit Markets(Feed::Options options);

  /// A tick that has come: contracts go by `tick`, the streams show `shown` so many times.
  struct Published {
    market::Tick tick;
    market::Tick shown;
    int copies = 1;
  };
  /// What the symbol publishes in the second `now`, as far as no fault has it otherwise. Empty: no
  /// tick is due, or its market is closed by a fault.
  std::optional<Published> publish(std::size_t symbol, core::VenueTime now, Faults& faults);
  /// Ends what faults have left behind.
  void reopen();

  std::size_t size() const { return feed_.size(); }
  const Feed& feed() const { return feed_; }
  const market::SymbolInfo& info(std::size_t symbol) const { return feed_.info(symbol); }
  std::optional<market::Tick> last(std::size_t symbol) const { return feed_.last(symbol); }
  /// Of a symbol that the venue lists by then.
  std::optional<std::size_t> listed(std::string_view code, core::VenueTime now) const;
  /// The place of a symbol that it serves (CHECK), listed or not.
  std::size_t index_of(std::string_view code) const;
  /// By a fault, by its hours, or because nothing more will come.
  bool closed(std::size_t symbol, core::VenueTime now) const;
  /// As Feed::candles, which makes up what it has not been asked for before.
  std::vector<Candle> candles(std::size_t symbol, std::int64_t length, std::int64_t start,
                              std::int64_t end) {
    return feed_.candles(symbol, length, start, end);
  }
  /// What contracts are sold on: derivd's own indices, and what is listed beside them.
  market::Symbols symbols() const;

 private:
  struct Ordered {                     // by faults, of one symbol
    std::int64_t closed_until = 0;     // venue second; 0: open
    std::int64_t unpublished = 0;      // how many more ticks nobody is shown
    core::VenueTime asked{INT64_MIN};  // the second that publish() was last called for
  };
  Feed feed_;
  std::vector<Ordered> ordered_;
};

}  // namespace derivd::sim
