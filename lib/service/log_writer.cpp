#include "service/log_writer.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <numeric>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace derivd::service {
namespace {

using std::chrono::steady_clock;

constexpr std::array<std::string_view, kLevelCount> kNames{"debug", "info", "notice", "warning",
                                                           "error"};

std::uint64_t sum(const LostEntries& lost) {
  return std::accumulate(lost.begin(), lost.end(), std::uint64_t{0});
}

}  // namespace

std::string lost_in_words(const LostEntries& lost) {
  std::string levels;
  for (auto i = lost.size(); i-- > 0;) {
    if (lost.at(i) == 0) continue;
    // "info" and "debug" are no countable things.
    const bool plural = lost.at(i) != 1 && i >= static_cast<std::size_t>(Level::kNotice);
    levels += fmt::format("{}{} {}{}", levels.empty() ? "" : ", ", lost.at(i), kNames.at(i),
                          plural ? "s" : "");
  }
  const auto all = sum(lost);
  return fmt::format("{} log {} dropped: {}; the log did not take {}", all,
                     all == 1 ? "entry was" : "entries were", levels, all == 1 ? "it" : "them");
}

/// Outlives the LogWriter while its thread hangs in the sink.
struct LogWriter::Shared {
  Shared(Sink s, Tell t, Confirm e, std::size_t m)
      : sink(std::move(s)), tell(std::move(t)), confirm(std::move(e)), max(m) {}

  struct Waiting {
    std::uint64_t number = 0;
    LogEntry entry;
  };

  // All below with the mutex held.
  void drop(std::size_t level) {
    ++untold.at(level);
    ++all_lost;
  }
  void drop_least(bool spare_newest) {
    for (std::size_t level = 0; level < kLevelCount; ++level) {
      const auto& queue = queues.at(level);
      if (queue.empty() || (spare_newest && queue.front().number + 1 == next_number)) continue;
      queues.at(level).pop_front();
      --waiting;
      drop(level);
      return;
    }
  }
  /// The oldest of all.
  LogEntry take() {
    std::deque<Waiting>* oldest = nullptr;
    for (auto& queue : queues) {
      if (!queue.empty() && (oldest == nullptr || queue.front().number < oldest->front().number)) {
        oldest = &queue;
      }
    }
    auto entry = std::move(oldest->front().entry);
    oldest->pop_front();
    --waiting;
    return entry;
  }
  /// What was lost, when it is time to say so.
  std::optional<LogEntry> due_telling() {
    const auto now = steady_clock::now();
    const bool quiet = told_at && now - *told_at < kTellEvery;
    if (sum(untold) == 0 || (waiting > 0 && quiet)) return std::nullopt;
    told_at = now;
    return tell(std::exchange(untold, {}));
  }
  void run();

  const Sink sink;
  const Tell tell;
  const Confirm confirm;
  const std::size_t max;
  std::mutex mutex;
  std::condition_variable changed;
  std::array<std::deque<Waiting>, kLevelCount> queues;
  std::size_t waiting = 0;
  std::uint64_t next_number = 0;
  LostEntries untold{};
  std::uint64_t all_lost = 0;
  std::optional<steady_clock::time_point> told_at;
  std::optional<steady_clock::time_point> hurry_at;  // set: the end is near
  bool works = false;                                // the sink took the last entry
  bool done = false;
};

void LogWriter::Shared::run() {
  std::unique_lock lock(mutex);
  for (;;) {
    changed.wait(lock, [this] { return waiting > 0 || hurry_at || (works && sum(untold) > 0); });
    if (hurry_at && steady_clock::now() >= *hurry_at) {
      while (waiting > kLastWords) drop_least(true);
    }
    auto entry = works ? due_telling() : std::nullopt;
    if (!entry && waiting == 0) break;  // only at the end: see the wait
    if (!entry) entry = take();
    const auto level = static_cast<std::size_t>(entry->level);
    lock.unlock();
    bool written = false;
    try {
      written = sink(*entry);
    } catch (...) {  // NOLINT(bugprone-empty-catch): a lost entry, as below
    }
    lock.lock();
    works = written;
    if (!written) drop(level);
  }
  if (confirm) {
    lock.unlock();
    try {
      confirm();
    } catch (...) {  // NOLINT(bugprone-empty-catch): what is written is written
    }
    lock.lock();
  }
  done = true;
  changed.notify_all();
}

LogWriter::LogWriter(Sink sink, Tell tell, Confirm confirm, std::size_t max_waiting,
                     core::Duration farewell)
    : shared_(std::make_shared<Shared>(std::move(sink), std::move(tell), std::move(confirm),
                                       max_waiting)),
      farewell_(farewell) {
  // Signals are the loop's.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    std::thread([shared = shared_] { shared->run(); }).detach();
  } catch (const std::system_error&) {
    shared_->done = true;  // no thread to be had: everything is dropped, and counted
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

LogWriter::~LogWriter() {
  std::unique_lock lock(shared_->mutex);
  const auto now = steady_clock::now();
  shared_->hurry_at = now + farewell_ / 2;
  shared_->changed.notify_all();
  shared_->changed.wait_until(lock, now + farewell_, [this] { return shared_->done; });
}

void LogWriter::push(LogEntry entry) {
  {
    const std::lock_guard lock(shared_->mutex);
    auto& s = *shared_;
    const auto level = static_cast<std::size_t>(entry.level);
    if (s.done) return s.drop(level);
    if (s.waiting >= s.max) {
      bool least = true;
      for (std::size_t i = 0; i <= level; ++i) least = least && s.queues.at(i).empty();
      if (least) return s.drop(level);
      s.drop_least(false);
    }
    s.queues.at(level).push_back({s.next_number++, std::move(entry)});
    ++s.waiting;
  }
  shared_->changed.notify_one();
}

std::uint64_t LogWriter::lost() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->all_lost;
}

}  // namespace derivd::service
