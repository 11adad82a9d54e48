// Owns Anticipation, when the next tick of a symbol is to arrive, learned from the last arrivals,
// and the Rehearsal of what follows it. The session tells it of each tick; the shell asks when to
// stay awake. Nothing that is sent, counted or decided comes of either: a foreseen tick that does
// not come is no news. It knows no interval of any symbol beforehand.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/decimal.hpp"
#include "core/time.hpp"
#include "deriv/decoder.hpp"
#include "deriv/encoder.hpp"
#include "market/spec.hpp"
#include "market/symbol.hpp"

namespace derivd::deriv {

/// In what rhythm the ticks of one symbol arrive.
class TickRhythm final {
 public:
  /// So many pauses in a row that are alike are a rhythm. Of fewer, a market that moves by chance
  /// has some in an hour.
  static constexpr int kAlike = 4;
  /// So many pauses count for what is expected next; with more, a change would be followed late.
  static constexpr int kRemembered = 14;
  /// A pause is at least so many windows long: one is watched from a window before to a window
  /// after, so that this is a fifth of the time at the most.
  static constexpr int kFewestWindows = 10;
  /// A longer pause teaches nothing: no index that ticks on known seconds has it.
  static constexpr core::Duration kLongestPause = std::chrono::seconds(10);

  /// A tick arrived. One that comes more than `window` apart from when it was expected ends the
  /// rhythm; after kAlike others it is known again.
  void arrived(core::Instant now, core::Duration window);
  void forget() { *this = {}; }
  /// When the next tick is foreseen; empty: there is no rhythm.
  std::optional<core::Instant> next() const;

 private:
  std::optional<core::Instant> last_;
  core::Instant expected_{};  // the next tick
  core::Duration pause_{};
  int alike_ = 0;  // pauses in a row, at most kRemembered
};

class Anticipation final {
 public:
  struct Window {
    core::Instant from, until;
    friend bool operator==(const Window&, const Window&) = default;
  };

  /// Of these symbols, from `window` before each tick on; zero: of none. What was learned of those
  /// that stay is kept while the window stays.
  void set(core::Duration window, std::vector<market::SymbolCode> symbols);
  bool is_on() const { return !watched_.empty(); }
  void arrived(const market::SymbolCode& symbol, core::Instant now);
  /// A new link: its ticks come by another way.
  void forget();
  /// The next window that has not ended, or the one that has begun; of several the earliest.
  std::optional<Window> next(core::Instant now) const;

 private:
  struct Watched {
    market::SymbolCode symbol;
    TickRhythm rhythm;
  };
  core::Duration window_{};
  std::vector<Watched> watched_;
};

/// Reads once more what a tick's frame said and writes once more what a purchase said, so that code
/// and memory of both are in the caches when they are needed. Both results are thrown away.
class Rehearsal final {
 public:
  /// A longer frame is not kept: a tick's has some 350 bytes.
  static constexpr std::size_t kMaxFrame = 2048;

  explicit Rehearsal(const Rules& rules) : encoder_(rules) {}

  bool has_frame() const { return !frame_.empty(); }
  /// The frame of a tick.
  void keep(std::string_view frame);
  /// A purchase that has left.
  void keep(const market::ContractSpec& spec, core::Money price);
  void perform(Decoder& decoder, std::string_view currency);
  /// Of what the last perform() read and wrote; for tests.
  const Frame& read() const { return read_; }
  const std::string& written() const { return written_; }

 private:
  struct Purchase {
    market::ContractSpec spec;
    core::Money price;
  };
  Encoder encoder_;
  std::string frame_;  // with room for what the decoder may read beyond its end
  std::optional<Purchase> purchase_;
  Frame read_;
  std::string written_;
};

}  // namespace derivd::deriv
