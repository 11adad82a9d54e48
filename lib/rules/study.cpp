#include "rules/study.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "core/check.hpp"
#include "rules/window.hpp"

namespace derivd::rules {
namespace {

constexpr double kPercent = 100;
/// Of what did not move at all neither strength nor weakness can be said.
constexpr double kMiddle = 50;
constexpr double kNano = 1e9;

std::size_t size_of(std::int64_t n) { return static_cast<std::size_t>(n); }

double as_double(std::int64_t n) { return static_cast<double>(n); }

int last_digit(std::int64_t mantissa) { return static_cast<int>(mantissa % 10); }

/// One of the four quotes, n bars ago; digits too.
class Past final : public Study {
 public:
  Past(Word word, std::int64_t back) : word_(word), last_(size_of(back + 1)) {}
  void push(const Bar& bar, double scale) override {
    last_.push(quote_of(bar));
    if (!last_.full()) return;
    out_[0] =
        word_ == Word::kDigit ? last_digit(last_.oldest()) : as_double(last_.oldest()) / scale;
  }

 private:
  std::int64_t quote_of(const Bar& bar) const {
    switch (word_) {
      case Word::kOpen:
        return bar.open;
      case Word::kHigh:
        return bar.high;
      case Word::kLow:
        return bar.low;
      default:
        return bar.close;
    }
  }
  void forget() override { last_.clear(); }
  Word word_;
  Last<std::int64_t> last_;
};

/// change and momentum.
class Change final : public Study {
 public:
  explicit Change(std::int64_t n) : last_(size_of(n)) {}
  void push(const Bar& bar, double scale) override {
    if (last_.full()) out_[0] = as_double(bar.close - last_.oldest()) / scale;
    last_.push(bar.close);
  }

 private:
  void forget() override { last_.clear(); }
  Last<std::int64_t> last_;
};

/// Whether each bar is what the predicate says; nothing of the first where it is a direction.
class Matcher final {
 public:
  explicit Matcher(const Predicate& p)
      : kind_(p.kind), digits_(p.of_digit() ? p.digits() : std::uint16_t{0}) {}
  std::optional<bool> of(const Bar& bar) {
    if (digits_ != 0) return (digits_ >> last_digit(bar.close) & 1) != 0;
    const auto before = std::exchange(before_, bar.close);
    if (!before) return std::nullopt;
    switch (kind_) {
      case Predicate::Kind::kRise:
        return bar.close > *before;
      case Predicate::Kind::kFall:
        return bar.close < *before;
      default:
        return bar.close == *before;
    }
  }
  void clear() { before_.reset(); }

 private:
  Predicate::Kind kind_;
  std::uint16_t digits_;
  std::optional<std::int64_t> before_;
};

/// count and share.
class Count final : public Study {
 public:
  Count(const Predicate& p, std::int64_t n) : matcher_(p), n_(n), last_(size_of(n)) {}
  void push(const Bar& bar, double) override {
    const auto match = matcher_.of(bar);
    if (!match) return;
    count_ += (*match ? 1 : 0) - (last_.full() && last_.oldest() ? 1 : 0);
    last_.push(*match ? 1 : 0);
    if (!last_.full()) return;
    out_[0] = as_double(count_);
    out_[1] = kPercent * as_double(count_) / as_double(n_);
  }

 private:
  void forget() override {
    matcher_.clear();
    last_.clear();
    count_ = 0;
  }
  Matcher matcher_;
  std::int64_t n_;
  Last<std::uint8_t> last_;
  std::int64_t count_ = 0;
};

/// run and since.
class Run final : public Study {
 public:
  explicit Run(const Predicate& p) : matcher_(p) {}
  void push(const Bar& bar, double) override {
    const auto match = matcher_.of(bar);
    if (!match) return;
    run_ = *match ? run_ + 1 : 0;
    if (*match) {
      since_ = 0;
    } else if (since_) {
      ++*since_;
    }
    out_[0] = as_double(run_);
    if (since_) out_[1] = as_double(*since_);
  }

 private:
  void forget() override {
    matcher_.clear();
    run_ = 0;
    since_.reset();
  }
  Matcher matcher_;
  std::int64_t run_ = 0;
  std::optional<std::int64_t> since_;
};

/// hottest, coldest, rank.
class Digits final : public DigitCounts {
 public:
  explicit Digits(std::int64_t n) : last_(size_of(n)) {}
  void push(const Bar& bar, double) override {
    const auto digit = static_cast<std::uint8_t>(last_digit(bar.close));
    if (last_.full()) --counts_[last_.oldest()];
    ++counts_[digit];
    last_.push(digit);
    if (!last_.full()) return;
    std::size_t hottest = 0;
    std::size_t coldest = 0;
    for (std::size_t d = 1; d < counts_.size(); ++d) {
      if (counts_[d] > counts_[hottest]) hottest = d;
      if (counts_[d] < counts_[coldest]) coldest = d;
    }
    out_[0] = static_cast<double>(hottest);
    out_[1] = static_cast<double>(coldest);
  }
  double rank(double digit) const override {
    if (!last_.full() || !(digit >= 0 && digit <= 9) || digit != std::floor(digit)) {
      return kNotReady;
    }
    const auto own = static_cast<std::size_t>(digit);
    int before = 0;
    for (std::size_t d = 0; d < counts_.size(); ++d) {
      before += counts_[d] > counts_[own] || (counts_[d] == counts_[own] && d < own) ? 1 : 0;
    }
    return before + 1;
  }

 private:
  void forget() override {
    last_.clear();
    counts_.fill(0);
  }
  Last<std::uint8_t> last_;
  std::array<int, 10> counts_{};
};

class Sma final : public Study {
 public:
  explicit Sma(std::int64_t n) : n_(as_double(n)), sum_(size_of(n)) {}
  void push(const Bar& bar, double scale) override {
    sum_.push(bar.close);
    if (sum_.full()) out_[0] = as_double(sum_.sum()) / (n_ * scale);
  }

 private:
  void forget() override { sum_.clear(); }
  double n_;
  Sum sum_;
};

/// An exponential mean that begins with the mean of its first n values.
class Smoothing final {
 public:
  explicit Smoothing(std::int64_t n) : n_(n), factor_(2.0 / as_double(n + 1)) {}
  void push(double value) {
    if (seen_ >= n_) {
      mean_ += factor_ * (value - mean_);
      return;
    }
    sum_ += value;
    if (++seen_ == n_) mean_ = sum_ / as_double(n_);
  }
  bool ready() const { return seen_ >= n_; }
  double mean() const { return mean_; }
  void clear() {
    seen_ = 0;
    sum_ = 0;
  }

 private:
  std::int64_t n_;
  double factor_;
  std::int64_t seen_ = 0;
  double sum_ = 0;  // of at most n whole mantissas: exact below 2^53
  double mean_ = 0;
};

class Ema final : public Study {
 public:
  explicit Ema(std::int64_t n) : mean_(n) {}
  void push(const Bar& bar, double scale) override {
    mean_.push(as_double(bar.close));
    if (mean_.ready()) out_[0] = mean_.mean() / scale;
  }

 private:
  void forget() override { mean_.clear(); }
  Smoothing mean_;
};

/// Wilder's mean: begun with the mean of the first n, then of n−1 parts of itself and one new.
class Wilder final {
 public:
  explicit Wilder(std::int64_t n) : n_(n) {}
  void push(std::int64_t value) {
    if (seen_ >= n_) {
      mean_ += (as_double(value) - mean_) / as_double(n_);
      return;
    }
    sum_ += value;
    if (++seen_ == n_) mean_ = as_double(sum_) / as_double(n_);
  }
  bool ready() const { return seen_ >= n_; }
  double mean() const { return mean_; }
  void clear() { seen_ = sum_ = 0; }

 private:
  std::int64_t n_;
  std::int64_t seen_ = 0;
  std::int64_t sum_ = 0;
  double mean_ = 0;
};

class Rsi final : public Study {
 public:
  explicit Rsi(std::int64_t n) : gains_(n), losses_(n) {}
  void push(const Bar& bar, double) override {
    const auto before = std::exchange(before_, bar.close);
    if (!before) return;
    const auto change = bar.close - *before;
    gains_.push(change > 0 ? change : 0);
    losses_.push(change < 0 ? -change : 0);
    if (!gains_.ready()) return;
    const double both = gains_.mean() + losses_.mean();
    out_[0] = both > 0 ? kPercent * gains_.mean() / both : kMiddle;
  }

 private:
  void forget() override {
    before_.reset();
    gains_.clear();
    losses_.clear();
  }
  std::optional<std::int64_t> before_;
  Wilder gains_;
  Wilder losses_;
};

/// The true range needs the close before: the first bar has none.
class Atr final : public Study {
 public:
  explicit Atr(std::int64_t n) : mean_(n) {}
  void push(const Bar& bar, double scale) override {
    const auto before = std::exchange(before_, bar.close);
    if (!before) return;
    mean_.push(std::max(bar.high, *before) - std::min(bar.low, *before));
    if (mean_.ready()) out_[0] = mean_.mean() / scale;
  }

 private:
  void forget() override {
    before_.reset();
    mean_.clear();
  }
  std::optional<std::int64_t> before_;
  Wilder mean_;
};

/// stdev, and Bollinger's bands around the mean.
class Bands final : public Study {
 public:
  Bands(std::int64_t n, std::int64_t factor_nano)
      : n_(as_double(n)), factor_(as_double(factor_nano) / kNano), spread_(size_of(n)) {}
  void push(const Bar& bar, double scale) override {
    spread_.push(bar.close);
    if (!spread_.full()) return;
    const double middle = spread_.mean() / scale;
    const double width = factor_ * (std::sqrt(spread_.variance_n2()) / (n_ * scale));
    out_ = {middle + width, middle, middle - width};
  }

 private:
  void forget() override { spread_.clear(); }
  double n_;
  double factor_;
  Spread spread_;
};

class Stdev final : public Study {
 public:
  explicit Stdev(std::int64_t n) : n_(as_double(n)), spread_(size_of(n)) {}
  void push(const Bar& bar, double scale) override {
    spread_.push(bar.close);
    if (spread_.full()) out_[0] = std::sqrt(spread_.variance_n2()) / (n_ * scale);
  }

 private:
  void forget() override { spread_.clear(); }
  double n_;
  Spread spread_;
};

template <bool Largest>
class Peak final : public Study {
 public:
  explicit Peak(std::int64_t n) : extreme_(size_of(n)) {}
  void push(const Bar& bar, double scale) override {
    extreme_.push(Largest ? bar.high : bar.low);
    if (extreme_.full()) out_[0] = as_double(extreme_.value()) / scale;
  }

 private:
  void forget() override { extreme_.clear(); }
  Extreme<Largest> extreme_;
};

class Macd final : public Study {
 public:
  Macd(std::int64_t fast, std::int64_t slow, std::int64_t signal)
      : fast_(fast), slow_(slow), signal_(signal) {}
  void push(const Bar& bar, double scale) override {
    fast_.push(as_double(bar.close));
    slow_.push(as_double(bar.close));
    if (!slow_.ready()) return;
    const double line = fast_.mean() - slow_.mean();
    signal_.push(line);
    out_[0] = line / scale;
    if (!signal_.ready()) return;
    out_[1] = signal_.mean() / scale;
    out_[2] = (line - signal_.mean()) / scale;
  }

 private:
  void forget() override {
    fast_.clear();
    slow_.clear();
    signal_.clear();
  }
  Smoothing fast_;
  Smoothing slow_;
  Smoothing signal_;
};

class Stochastic final : public Study {
 public:
  Stochastic(std::int64_t n, std::int64_t smooth, std::int64_t d)
      : high_(size_of(n)), low_(size_of(n)), k_(size_of(smooth)), d_(size_of(d)) {}
  void push(const Bar& bar, double) override {
    high_.push(bar.high);
    low_.push(bar.low);
    if (!high_.full()) return;
    const auto range = high_.value() - low_.value();
    k_.push(range == 0 ? kMiddle
                       : kPercent * as_double(bar.close - low_.value()) / as_double(range));
    if (!k_.full()) return;
    out_[0] = k_.mean();
    d_.push(out_[0]);
    if (d_.full()) out_[1] = d_.mean();
  }

 private:
  void forget() override {
    high_.clear();
    low_.clear();
    k_.clear();
    d_.clear();
  }
  Extreme<true> high_;
  Extreme<false> low_;
  Mean k_;
  Mean d_;
};

}  // namespace

StudyOf study_of(const Node& value) {
  StudyOf out;
  auto& key = out.key;
  key.word = value.word;
  key.where = value.where;
  key.symbol = value.symbol;
  for (std::size_t i = 0; i < key.args.size(); ++i) key.args[i] = value.args[i].mantissa;
  const auto second_of = [&](Word first) {
    key.word = first;
    out.which = static_cast<std::size_t>(value.word) - static_cast<std::size_t>(first);
  };
  switch (value.word) {
    case Word::kPrice:
      key.word = Word::kClose;  // of ticks, none back
      break;
    case Word::kChange:
      key.word = Word::kMomentum;
      break;
    case Word::kShare:
      key.predicate = value.predicate;
      key.word = Word::kCount;
      out.which = 1;
      break;
    case Word::kCount:
    case Word::kRun:
      key.predicate = value.predicate;
      break;
    case Word::kSince:
      key.predicate = value.predicate;
      second_of(Word::kRun);
      break;
    case Word::kHottest:
    case Word::kColdest:
      second_of(Word::kHottest);
      break;
    case Word::kRank:
      key.word = Word::kHottest;
      break;
    case Word::kBbUpper:
    case Word::kBbMiddle:
    case Word::kBbLower:
      key.factor_nano = value.args[1].mantissa * core::pow10(9 - value.args[1].scale);
      key.args[1] = 0;
      second_of(Word::kBbUpper);
      break;
    case Word::kMacd:
    case Word::kMacdSignal:
    case Word::kMacdHist:
      second_of(Word::kMacd);
      break;
    case Word::kStochK:
      key.args[2] = 1;
      break;
    case Word::kStochD:
      second_of(Word::kStochK);
      break;
    case Word::kDigit:
    case Word::kOpen:
    case Word::kHigh:
    case Word::kLow:
    case Word::kClose:
    case Word::kSma:
    case Word::kEma:
    case Word::kRsi:
    case Word::kAtr:
    case Word::kStdev:
    case Word::kHighest:
    case Word::kLowest:
    case Word::kMomentum:
      break;
    case Word::kCrossesAbove:
    case Word::kCrossesBelow:
    case Word::kWinsInRow:
    case Word::kLossesInRow:
    case Word::kLastProfit:
    case Word::kSessionProfit:
    case Word::kOpenContracts:
    case Word::kTradesToday:
    case Word::kHour:
    case Word::kMinute:
    case Word::kWeekday:
      DERIVD_CHECK(false, "not made from bars");
  }
  return out;
}

std::unique_ptr<Study> make_study(const StudyKey& key) {
  const auto [n, second, third] = key.args;
  switch (key.word) {
    case Word::kDigit:
    case Word::kOpen:
    case Word::kHigh:
    case Word::kLow:
    case Word::kClose:
      return std::make_unique<Past>(key.word, n);
    case Word::kMomentum:
      return std::make_unique<Change>(n);
    case Word::kCount:
      return std::make_unique<Count>(key.predicate, n);
    case Word::kRun:
      return std::make_unique<Run>(key.predicate);
    case Word::kHottest:
      return std::make_unique<Digits>(n);
    case Word::kSma:
      return std::make_unique<Sma>(n);
    case Word::kEma:
      return std::make_unique<Ema>(n);
    case Word::kRsi:
      return std::make_unique<Rsi>(n);
    case Word::kAtr:
      return std::make_unique<Atr>(n);
    case Word::kStdev:
      return std::make_unique<Stdev>(n);
    case Word::kHighest:
      return std::make_unique<Peak<true>>(n);
    case Word::kLowest:
      return std::make_unique<Peak<false>>(n);
    case Word::kBbUpper:
      return std::make_unique<Bands>(n, key.factor_nano);
    case Word::kMacd:
      return std::make_unique<Macd>(n, second, third);
    case Word::kStochK:
      return std::make_unique<Stochastic>(n, second, third);
    default:
      break;
  }
  DERIVD_CHECK(false, "no first word of a family");
}

}  // namespace derivd::rules
