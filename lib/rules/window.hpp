// Owns the sliding windows under the indicators: the last n whole numbers with their exact sum and
// sum of squares, the largest or smallest of them, and the mean of the last n doubles. Studies push
// one value for each bar. They never drift: whole numbers are added and taken away exactly, and a
// mean of doubles is never made by subtraction.
//
// All are O(1) for each value, Extreme and Mean amortised. Memory is taken when they are made.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace derivd::rules {

__extension__ using Wide = __int128;

/// Mantissas beyond this are no quotes. With it, kMaxPeriod of them and of their squares are summed
/// without overflow: n × Σx² ≤ 5000 × 5000 × 10^30 < 2^127.
inline constexpr std::int64_t kMostMantissa = 1'000'000'000'000'000;

/// The last n values. Until there are n of them, `oldest` is the first.
template <class T>
class Last final {
 public:
  explicit Last(std::size_t n) : ring_(n) {}
  bool full() const { return size_ == ring_.size(); }
  std::size_t size() const { return size_; }
  /// What leaves with the next push, once it is full.
  T oldest() const { return ring_[full() ? next_ : 0]; }
  void push(T value) {
    ring_[next_] = value;
    next_ = next_ + 1 == ring_.size() ? 0 : next_ + 1;
    size_ += full() ? 0 : 1;
  }
  void clear() { next_ = size_ = 0; }

 private:
  std::vector<T> ring_;
  std::size_t next_ = 0;
  std::size_t size_ = 0;
};

/// The exact sum of the last n.
class Sum final {
 public:
  explicit Sum(std::size_t n) : last_(n) {}
  void push(std::int64_t value) {
    sum_ += value - (last_.full() ? last_.oldest() : 0);
    last_.push(value);
  }
  bool full() const { return last_.full(); }
  std::int64_t sum() const { return sum_; }
  void clear() {
    last_.clear();
    sum_ = 0;
  }

 private:
  Last<std::int64_t> last_;
  std::int64_t sum_ = 0;
};

/// The exact sum and sum of squares of the last n.
class Spread final {
 public:
  explicit Spread(std::size_t n) : n_(static_cast<std::int64_t>(n)), last_(n) {}
  void push(std::int64_t value) {
    if (last_.full()) {
      const auto old = last_.oldest();
      sum_ -= old;
      squares_ -= static_cast<Wide>(old) * old;
    }
    sum_ += value;
    squares_ += static_cast<Wide>(value) * value;
    last_.push(value);
  }
  bool full() const { return last_.full(); }
  double mean() const { return static_cast<double>(sum_) / static_cast<double>(n_); }
  /// n² times the population's variance: exact, and never negative.
  double variance_n2() const {
    const Wide v = squares_ * n_ - static_cast<Wide>(sum_) * sum_;
    // One instruction instead of a call, wherever quotes are near each other.
    const auto low = static_cast<std::uint64_t>(v);
    return v == static_cast<Wide>(low) && low <= static_cast<std::uint64_t>(INT64_MAX)
               ? static_cast<double>(static_cast<std::int64_t>(low))
               : static_cast<double>(v);
  }
  void clear() {
    last_.clear();
    sum_ = 0;
    squares_ = 0;
  }

 private:
  std::int64_t n_;
  Last<std::int64_t> last_;
  std::int64_t sum_ = 0;
  Wide squares_ = 0;
};

/// The largest (or smallest) of the last n: a queue of those that still can become it.
template <bool Largest>
class Extreme final {
 public:
  explicit Extreme(std::size_t n)
      : n_(static_cast<std::int64_t>(n)), mask_(std::bit_ceil(n + 1) - 1), queue_(mask_ + 1) {}
  void push(std::int64_t value) {
    while (head_ != tail_ && !outlives(queue_[(tail_ - 1) & mask_].value, value)) --tail_;
    queue_[tail_++ & mask_] = {seen_, value};
    if (queue_[head_ & mask_].number + n_ <= seen_) ++head_;
    ++seen_;
  }
  bool full() const { return seen_ >= n_; }
  std::int64_t value() const { return queue_[head_ & mask_].value; }
  void clear() {
    head_ = tail_ = 0;
    seen_ = 0;
  }

 private:
  struct Item {
    std::int64_t number;
    std::int64_t value;
  };
  static bool outlives(std::int64_t old, std::int64_t fresh) {
    return Largest ? old > fresh : old < fresh;
  }
  std::int64_t n_;
  std::size_t mask_;
  std::vector<Item> queue_;
  std::size_t head_ = 0;  // they count up; their place is what the mask leaves
  std::size_t tail_ = 0;
  std::int64_t seen_ = 0;
};

/// The mean of the last n doubles as a queue of two stacks: sums of the older ones are made from
/// the newest on, those of the newer ones grow, and no sum is ever reduced.
class Mean final {
 public:
  explicit Mean(std::size_t n) : older_(n), newer_(n) {}
  void push(double value) {
    if (count_ == newer_.size()) {
      if (front_ == older_.size()) turn();
      ++front_;
      --count_;
    }
    newer_[back_++] = value;
    newer_sum_ += value;
    ++count_;
  }
  bool full() const { return count_ == newer_.size(); }
  double mean() const {
    const double older = front_ < older_.size() ? older_[front_] : 0;
    return (older + newer_sum_) / static_cast<double>(count_);
  }
  void clear() {
    front_ = older_.size();
    back_ = count_ = 0;
    newer_sum_ = 0;
  }

 private:
  /// The newer ones become the older ones: older_[i] is the sum of the i-th and all after it.
  void turn() {
    double sum = 0;
    front_ = older_.size() - back_;
    for (std::size_t i = back_; i > 0; --i) {
      sum += newer_[i - 1];
      older_[front_ + i - 1] = sum;
    }
    back_ = 0;
    newer_sum_ = 0;
  }
  std::vector<double> older_;
  std::vector<double> newer_;
  std::size_t front_ = older_.size();
  std::size_t back_ = 0;
  std::size_t count_ = 0;
  double newer_sum_ = 0;
};

}  // namespace derivd::rules
