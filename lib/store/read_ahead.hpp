// Owns the reading of a recording ahead of who asks for it, on a thread of its own: while one block
// of ticks is traded, the next ones are read, unpacked and taken apart on another core. The
// back-test reads its tick files through it. It changes nothing about what is read: rows, their
// order, the error and the place that it names are the source's.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "market/tick_source.hpp"

namespace derivd::store {

class ReadAhead final : public market::TickSource {
 public:
  /// Rows that are handed over at a time, and how many such blocks are held: half a megabyte, which
  /// two cores keep in their caches.
  static constexpr std::size_t kRows = 4096;
  static constexpr std::size_t kBlocks = 8;

  /// `source` is read by the thread alone from now on, which has all signals blocked.
  explicit ReadAhead(std::unique_ptr<market::TickSource> source);
  /// Does not read to the end.
  ~ReadAhead() override;
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  /// Waits for what has not been read yet.
  core::Result<std::size_t> read(std::span<market::TickRow> out) override;

  /// Whether this process may run on two cores at a time: on one, a thread only costs.
  static bool helps();

 private:
  struct Block {
    std::vector<market::TickRow> rows;
    std::size_t size = 0;              // 0: the recording has ended
    std::optional<core::Error> error;  // after the rows
  };
  void run();

  std::unique_ptr<market::TickSource> source_;
  std::vector<Block> blocks_;
  std::mutex mutex_;
  std::condition_variable filled_;
  std::condition_variable emptied_;
  // Under the mutex. Block i lies at i % kBlocks.
  std::size_t written_ = 0;
  std::size_t taken_ = 0;
  bool stop_ = false;
  // Of who reads alone.
  std::size_t at_ = 0;    // in the block that is being handed out
  bool holding_ = false;  // that block is not given back yet
  std::thread thread_;
};

}  // namespace derivd::store
