#include "store/tick_recorder.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <utility>

namespace derivd::store {

static_assert((TickRecorder::kRing & (TickRecorder::kRing - 1)) == 0, "a power of two");

TickRecorder::TickRecorder(TickArchive archive)
    : archive_(std::move(archive)), ring_(std::make_unique<std::array<market::Tick, kRing>>()) {
  // Signals belong to the loop.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TickRecorder::~TickRecorder() {
  stop_ = true;
  wake_.release();
  thread_.join();
  delete problem_.exchange(nullptr);
}

void TickRecorder::record(const market::Tick& tick) {
  const auto head = head_.load(std::memory_order_relaxed);
  if (head - tail_.load(std::memory_order_acquire) >= kRing) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  (*ring_)[head % kRing] = tick;
  head_.store(head + 1, std::memory_order_release);
}

std::optional<std::string> TickRecorder::take_problem() {
  const std::unique_ptr<std::string> text(problem_.exchange(nullptr));
  return text ? std::optional(std::move(*text)) : std::nullopt;
}

void TickRecorder::tell(std::string text) {
  delete problem_.exchange(new std::string(std::move(text)));
}

void TickRecorder::run() {
  while (!stop_) {
    (void)wake_.try_acquire_for(kFlushEvery);
    drain();
    flush();
  }
  drain();
  flush();
}

void TickRecorder::drain() {
  const auto head = head_.load(std::memory_order_acquire);
  auto tail = tail_.load(std::memory_order_relaxed);
  for (; tail != head; ++tail) {
    if (held_.size() >= kMaxHeld) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
    } else {
      held_.push_back((*ring_)[tail % kRing]);
    }
  }
  tail_.store(tail, std::memory_order_release);
}

void TickRecorder::flush() {
  // By symbol, then time; a tick that the venue repeated, or one from before a jump back of its
  // clock, would not rise.
  std::stable_sort(held_.begin(), held_.end(), [](const auto& a, const auto& b) {
    if (!(a.symbol == b.symbol)) return a.symbol.view() < b.symbol.view();
    return a.epoch < b.epoch;
  });
  std::vector<market::Tick> again;
  std::vector<market::TickRow> rows;
  for (std::size_t i = 0; i < held_.size();) {
    const auto& first = held_[i];
    rows.clear();
    auto end = i;
    for (; end < held_.size() && held_[end].symbol == first.symbol; ++end) {
      const auto& tick = held_[end];
      if (rows.empty() || rows.back().epoch < tick.epoch) {
        rows.push_back({tick.epoch, tick.quote.mantissa()});
      }
    }
    auto merged = archive_.merge(first.symbol, first.quote.decimals(), rows);
    while (merged && merged->conflict) {
      const auto& wrong = *merged->conflict;
      dropped_.fetch_add(1, std::memory_order_relaxed);
      tell(fmt::format("{}: the quote at {} is {} in the archive and {} now; the archive's is kept",
                       first.symbol, wrong.epoch.s, wrong.held.to_string(),
                       wrong.given.to_string()));
      std::erase_if(rows, [&](const auto& row) { return row.epoch == wrong.epoch; });
      merged = archive_.merge(first.symbol, first.quote.decimals(), rows);
    }
    if (merged) {
      recorded_.fetch_add(merged->added, std::memory_order_relaxed);
      for (const auto& note : merged->notes) tell(note);
    } else if (merged.error().kind == core::ErrorKind::kInvalid) {
      dropped_.fetch_add(rows.size(), std::memory_order_relaxed);
      tell(fmt::format("{}; {} ticks not kept", merged.error().text, rows.size()));
    } else {
      tell(merged.error().text);
      again.insert(again.end(), held_.begin() + static_cast<std::ptrdiff_t>(i),
                   held_.begin() + static_cast<std::ptrdiff_t>(end));
    }
    i = end;
  }
  held_ = std::move(again);
}

}  // namespace derivd::store
