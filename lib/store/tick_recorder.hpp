// Owns the daemon's storage thread: ticks go in from the loop thread through a bounded ring and are
// merged into the archive every few seconds. The shell calls record() for each live tick and asks
// for problems once a second. It never makes the loop wait: a full ring drops ticks and counts
// them.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <semaphore>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "market/tick.hpp"
#include "store/tick_archive.hpp"

namespace derivd::store {

class TickRecorder final {
 public:
  /// A minute of fifty symbols of one tick a second, and then as much again twenty times.
  static constexpr std::size_t kRing = 1U << 16U;
  /// How often the ring is emptied, and so how much a crash of the machine can lose.
  static constexpr core::Duration kFlushEvery = std::chrono::seconds(5);
  /// Ticks of the same length of time are kept for another attempt when the disk refuses them.
  static constexpr std::size_t kMaxHeld = kRing;
  /// Problems are told this far apart, the same one after the longer time: every flush meets it
  /// anew.
  static constexpr core::Duration kTellEvery = std::chrono::minutes(1);
  static constexpr core::Duration kTellAgain = std::chrono::minutes(10);

  /// `archive` gets a thread of its own, with all signals blocked. `flush_every`: for tests.
  explicit TickRecorder(TickArchive archive, core::Duration flush_every = kFlushEvery);
  /// Writes what is in the ring.
  ~TickRecorder();
  TickRecorder(const TickRecorder&) = delete;
  TickRecorder& operator=(const TickRecorder&) = delete;

  /// From the loop thread alone. Never waits and never allocates.
  void record(const market::Tick& tick);

  std::uint64_t recorded() const { return recorded_.load(std::memory_order_relaxed); }
  /// Not kept: the ring was full, the disk refused for too long, they are no ticks, or they
  /// contradict the archive.
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }
  /// Whether something went wrong the last time that there was something to write.
  bool in_trouble() const { return in_trouble_.load(std::memory_order_relaxed); }
  /// How often the ring was emptied.
  std::uint64_t flushes() const { return flushes_.load(std::memory_order_relaxed); }
  /// The latest problem of the thread that was not asked for yet.
  std::optional<std::string> take_problem();

 private:
  using Run = std::span<const market::Tick>;
  void run();
  void drain();
  void flush();
  bool keep(Run run);
  void tell(std::string text);
  void publish();

  TickArchive archive_;
  const core::Duration flush_every_;
  std::unique_ptr<std::array<market::Tick, kRing>> ring_;
  std::atomic<std::size_t> head_{0};  // next to be written, by the loop
  std::atomic<std::size_t> tail_{0};  // next to be read, by the thread
  std::atomic<std::uint64_t> recorded_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<std::uint64_t> flushes_{0};
  std::atomic<bool> in_trouble_{false};
  std::atomic<std::string*> problem_{nullptr};
  std::atomic<bool> stop_{false};
  std::binary_semaphore wake_{0};
  // Of the thread alone.
  std::vector<market::Tick> held_;
  std::vector<std::string> problems_;  // of this flush
  std::size_t untold_ = 0;
  std::string told_;
  std::chrono::steady_clock::time_point told_at_;
  std::thread thread_;
};

}  // namespace derivd::store
