// Owns what a script knows of the market: the last ticks, candles of the lengths that it asked for,
// and every value of the rules' table, computed by the rules' own studies. The script's process
// feeds it every tick. It never calls the script.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"
#include "rules/candle.hpp"
#include "rules/evaluator.hpp"
#include "rules/study.hpp"

namespace derivd::script {

/// Ticks and closed candles that are kept: what one answer of the venue holds.
inline constexpr std::size_t kPast = 5000;

class Past final {
 public:
  struct Quote {
    core::VenueTime time;
    std::int64_t mantissa = 0;
  };
  using Candle = rules::Candle::Closed;

  enum class Of : std::uint8_t { kOwn, kWatched };
  /// `candles`: what values are of that do not say otherwise, and whose closing on_tick tells.
  Past(std::uint8_t decimals, rules::Where candles, Of of = Of::kOwn);
  Past(const Past&) = delete;
  Past& operator=(const Past&) = delete;

  /// The candle of the chosen length that this tick closed, if it did; it was closed before the
  /// tick was looked at. A quote beyond what is one changes nothing.
  std::optional<Candle> on_tick(core::VenueTime time, std::int64_t mantissa);
  /// The past of one length of candles, in parts, rising; with the last part the last candle may
  /// still grow. After the start or reset() and before the ticks, which may be in them already.
  /// Whatever was known of that length is void. A length of no use changes nothing.
  void begin_candles(rules::Where where, std::span<const Candle> part, bool is_last);
  /// Of a watched symbol, before each tick of the own one: what the time is now. Candles that ended
  /// by then are closed, and no value is ready if its latest tick is older than
  /// rules::kWatchedSilence.
  void see(core::VenueTime now);
  /// Forgets all ticks; the values asked for so far begin anew.
  void reset();
  void set_own(const rules::Own& own) { own_ = own; }

  /// The last n, oldest first; fewer where there are fewer.
  std::vector<Quote> ticks(std::size_t n) const;
  /// The last n closed ones, oldest first. An error: no length of candles.
  core::Result<std::vector<Candle>> candles(std::size_t n, std::string_view where);
  /// A value of the rules' table by its expression, as "rsi(14, 1m)", "wins_in_row",
  /// "share(digit > 4, 100)"; not a number while it is not ready. One that is new begins with the
  /// kept past. Errors: those of the rules' parser; more than kMaxStudies different ones.
  core::Result<double> value(std::string_view expression);

  std::uint8_t decimals() const { return decimals_; }
  double scale() const { return scale_; }

 private:
  struct Series {
    explicit Series(rules::Where of) : where(of), growing(of) {}
    rules::Where where;
    rules::Candle growing;      // not of ticks
    std::deque<Candle> closed;  // likewise
    std::deque<Candle> past;    // of the venue, closed; pushed by the first tick behind each
    bool is_begun = false;      // by the venue's candles
    core::VenueTime ended;      // of a watched symbol: the end of the last that was closed
    std::vector<rules::Study*> studies;
  };
  /// Where a value is read: from a study, of which a rank is a function, or from what is known.
  struct Value {
    const double* source = nullptr;
    const rules::DigitCounts* counts = nullptr;
    double rank_of = 0;
    std::optional<rules::Word> own;
  };

  core::Result<Value> make(std::string_view expression);
  double read(const Value& value) const;
  double known(rules::Word word) const;
  Series& series_of(rules::Where where);
  void begin_series(Series& made);
  std::optional<Candle> push_past(Series& series, core::VenueTime until);
  rules::Study& study_of(const rules::StudyKey& key);
  void push(Series& series, const Candle& candle);
  void close(Series& series);

  Of of_;
  bool is_silent_;
  core::VenueTime seen_;  // by see()
  std::uint8_t decimals_;
  double scale_;
  rules::Where candles_;
  std::deque<Quote> ticks_;
  // The first is that of ticks; a pointer stays good, because studies point into none of them.
  std::vector<std::unique_ptr<Series>> series_;
  std::map<rules::StudyKey, std::unique_ptr<rules::Study>> studies_;
  std::map<std::string, Value, std::less<>> values_;
  rules::Own own_;
};

}  // namespace derivd::script
