#include "store/read_ahead.hpp"

#include <sched.h>

#include <algorithm>

#include "threads/without_signals.hpp"

namespace derivd::store {

ReadAhead::ReadAhead(std::unique_ptr<market::TickSource> source)
    : source_(std::move(source)), blocks_(kBlocks) {
  for (auto& block : blocks_) block.rows.resize(kRows);
  // A signal of the terminal is for who reads, not for this thread.
  thread_ = threads::start_without_signals([this] { run(); });
}

ReadAhead::~ReadAhead() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  emptied_.notify_one();
  thread_.join();
}

bool ReadAhead::helps() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  return ::sched_getaffinity(0, sizeof allowed, &allowed) == 0 && CPU_COUNT(&allowed) > 1;
}

// Ends with the recording, with its error, or with the reader.
void ReadAhead::run() {
  for (std::size_t next = 0;; ++next) {
    {
      std::unique_lock lock(mutex_);
      // Half of the blocks at once, so that the two wake one another seldom.
      if (next - taken_ == kBlocks) {
        emptied_.wait(lock, [&] { return stop_ || next - taken_ <= kBlocks / 2; });
      }
      if (stop_) return;
    }
    auto& block = blocks_[next % kBlocks];
    block.size = 0;
    // A source may give less than was asked for; a block is small, and has an error, only at the
    // end.
    bool more = true;
    while (more && block.size < kRows) {
      const auto n = source_->read(std::span(block.rows).subspan(block.size));
      if (!n) block.error = n.error();
      more = n && *n > 0;
      if (more) block.size += *n;
    }
    {
      const std::lock_guard lock(mutex_);
      written_ = next + 1;
    }
    filled_.notify_one();
    if (!more) return;
  }
}

core::Result<std::size_t> ReadAhead::read(std::span<market::TickRow> out) {
  auto* block = &blocks_[taken_ % kBlocks];
  if (!holding_) {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [this] { return written_ > taken_; });
    holding_ = true;
    at_ = 0;
  }
  if (at_ == block->size) {
    // The last block stays: whoever asks again hears the same.
    if (block->error) return *block->error;
    if (block->size < kRows) return std::size_t{0};
  }
  const auto n = std::min(out.size(), block->size - at_);
  std::copy_n(block->rows.begin() + static_cast<std::ptrdiff_t>(at_), n, out.begin());
  at_ += n;
  if (at_ < block->size || block->size < kRows) return n;
  bool waits = false;
  {
    const std::lock_guard lock(mutex_);
    ++taken_;
    waits = written_ - taken_ <= kBlocks / 2;
  }
  holding_ = false;
  if (waits) emptied_.notify_one();
  return n;
}

}  // namespace derivd::store
