// Owns the quotes of the simulated venue: synthetic indices made by geometric Brownian motion, or
// recorded ticks of a file, and the history of both. The venue asks it second by second for what is
// due; it is called on the loop thread. It never reads a clock, and a symbol's path depends on the
// seed and on its own code alone, never on what clients do.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/rng.hpp"
#include "core/time.hpp"
#include "market/symbol.hpp"
#include "market/tick.hpp"
#include "sim/candle_past.hpp"
#include "sim/listing.hpp"

namespace derivd::sim {

/// Reads `epoch,quote` lines with a header. Epochs rise strictly, quotes have at most the symbol's
/// decimals (trailing zeros may be absent). Errors name the line: "FILE:LINE: …".
core::Result<std::vector<Point>> parse_tick_file(std::string_view text, std::string_view name,
                                                 const market::SymbolInfo& symbol);
/// The same from disk. A missing file is kNotFound.
core::Result<std::vector<Point>> read_tick_file(const std::string& path,
                                                const market::SymbolInfo& symbol);

struct ReplaySource {
  std::string symbol;
  std::vector<Point> points;  // at least one
};

inline constexpr std::size_t kBacklogTicks = 20'000;   // made before the start, for GBM
inline constexpr std::size_t kHistoryTicks = 100'000;  // kept per symbol

class Feed final {
 public:
  struct Options {
    std::uint64_t seed = 1;
    core::VenueTime start;  // the first second that take() will be asked for
    bool gbm = true;        // serve every known random walk that is not replayed
    std::vector<ReplaySource> replays;
    std::vector<Listing> listings = {};  // served beside those, by the same motion
  };
  explicit Feed(Options options);

  /// Symbols served, in a fixed order. Index = position.
  std::size_t size() const { return lines_.size(); }
  const market::SymbolInfo& info(std::size_t index) const { return *lines_[index].info; }
  std::optional<std::size_t> index_of(std::string_view code) const;
  /// Null: one of derivd's own indices, which are always there and always open.
  const Listing* listing(std::size_t index) const { return lines_[index].listing; }
  /// It exists by then, on the venue.
  bool is_listed(std::size_t index, core::VenueTime at) const;
  /// By its hours; a feed that has ended is another matter.
  bool is_open(std::size_t index, core::VenueTime at) const;

  /// The tick of this second, if the symbol has one; called once for each second, in order. The
  /// caller decides whether it reaches the history (push).
  std::optional<market::Tick> take(std::size_t index, core::VenueTime second);
  void push(std::size_t index, const market::Tick& tick);

  /// Ticks that were published, oldest first.
  const std::deque<Point>& history(std::size_t index) const { return lines_[index].history; }
  /// Candles of [start, end], rising, the last of them growing: of the ticks, and of what was
  /// before them. A candle is told whole, as the venue tells it, also where `start` lies within it.
  std::vector<Candle> candles(std::size_t index, std::int64_t length, std::int64_t start,
                              std::int64_t end);
  std::optional<market::Tick> last(std::size_t index) const;
  /// A replayed symbol whose file has ended: its market is closed for good.
  bool ended(std::size_t index) const;
  /// True when nothing will ever come any more.
  bool all_ended() const;

 private:
  struct Line {
    const market::SymbolInfo* info = nullptr;
    const Listing* listing = nullptr;
    core::Rng rng{0};
    double level = 0;  // GBM: unrounded
    double drift = 0;  // per tick, of the logarithm
    double shock = 0;
    bool replay = false;
    std::vector<Point> points;
    std::size_t next = 0;
    std::deque<Point> history;
    CandlePast past;
  };
  void add_gbm(const market::SymbolInfo& info, const Options& options,
               const Listing* listing = nullptr);
  void add_replay(const market::SymbolInfo& info, std::vector<Point> points, core::VenueTime start,
                  std::uint64_t seed);
  static std::int64_t step(Line& line);
  static void keep(Line& line, const Point& point);
  void begin_past(Line& line, std::uint64_t seed);
  core::VenueTime start_;
  std::vector<std::unique_ptr<const Listing>> listings_;  // whose places the lines know
  std::vector<Line> lines_;
};

}  // namespace derivd::sim
