#include "service/log_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <numeric>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "threads/without_signals.hpp"

namespace derivd::service {
namespace {

using std::chrono::steady_clock;

constexpr std::array<std::string_view, kLevelCount> kNames{"debug", "info", "notice", "warning",
                                                           "error"};

std::size_t bytes_of(const LogEntry& entry) {
  return std::accumulate(
      entry.parts.begin(), entry.parts.end(), std::size_t{0},
      [](std::size_t all, const std::string& part) { return all + part.size(); });
}

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
  Shared(Sink s, Tell t, Settings w)
      : sink(std::move(s)), tell(std::move(t)), settings(std::move(w)) {}

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
  /// The one that holds the oldest of all.
  std::deque<Waiting>& oldest() {
    std::deque<Waiting>* found = nullptr;
    for (auto& queue : queues) {
      if (!queue.empty() && (found == nullptr || queue.front().number < found->front().number)) {
        found = &queue;
      }
    }
    return *found;
  }
  /// The oldest of all, as many as the sink may be given at once.
  void take() {
    std::size_t bytes = 0;
    do {
      auto& queue = oldest();
      bytes += bytes_of(queue.front().entry);
      if (!batch.empty() && bytes > kMaxBytesAtOnce) return;
      batch.push_back(std::move(queue.front().entry));
      queue.pop_front();
      --waiting;
    } while (settings.joins && waiting > 0);
  }
  /// What was lost, when it is time to say so.
  std::optional<LogEntry> due_telling() {
    const auto now = steady_clock::now();
    const bool quiet = told_at && now - *told_at < kTellEvery;
    if (sum(untold) == 0 || (waiting > 0 && quiet)) return std::nullopt;
    told_at = now;
    return tell(std::exchange(untold, {}));
  }
  bool must_write() const { return urgent || hurry_at || (works && sum(untold) > 0); }
  void await_work(std::unique_lock<std::mutex>& lock);
  void write_batch(std::unique_lock<std::mutex>& lock);
  void run();

  const Sink sink;
  const Tell tell;
  const Settings settings;
  std::mutex mutex;
  std::condition_variable changed;
  std::array<std::deque<Waiting>, kLevelCount> queues;
  std::size_t waiting = 0;
  std::uint64_t next_number = 0;
  LostEntries untold{};
  std::uint64_t all_lost = 0;
  std::optional<steady_clock::time_point> told_at;
  std::optional<steady_clock::time_point> hurry_at;  // set: the end is near
  bool asleep = false;                               // the thread: until it is woken, however long
  bool urgent = false;  // what waits is to be written without lingering
  bool works = false;   // the sink took the last entry
  bool done = false;
  std::vector<LogEntry> batch;  // the thread's: what the sink is given, kept for its room
};

/// While entries come, the thread wakes by itself once in a while and nobody has to wake it: that
/// would cost whoever logs a system call for each. A whole pause without any puts it to sleep.
void LogWriter::Shared::await_work(std::unique_lock<std::mutex>& lock) {
  const auto must = [this] { return must_write(); };
  while (!changed.wait_for(lock, settings.linger, must) && waiting == 0) {
    asleep = true;
    changed.wait(lock, [this] { return must_write() || waiting > 0; });
    asleep = false;
  }
  // The pause is over for all that wait, also where the sink does not take them at once.
  if (waiting > 0) urgent = true;
}

void LogWriter::Shared::write_batch(std::unique_lock<std::mutex>& lock) {
  std::span<const LogEntry> rest(batch);
  while (!rest.empty()) {
    lock.unlock();
    std::size_t written = 0;
    bool works_now = false;
    try {
      written = std::min(sink(rest), rest.size());
    } catch (...) {  // NOLINT(bugprone-empty-catch): a lost entry, as below
    }
    works_now = written == rest.size();
    // What is written is freed while nobody waits for it: the loop, which logs, has the higher
    // priority and needs the lock.
    if (works_now) batch.clear();
    lock.lock();
    works = works_now;
    if (works) return;
    rest = rest.subspan(written);
    drop(static_cast<std::size_t>(rest.front().level));
    rest = rest.subspan(1);
  }
  batch.clear();
}

void LogWriter::Shared::run() {
  std::unique_lock lock(mutex);
  for (;;) {
    await_work(lock);
    if (hurry_at && steady_clock::now() >= *hurry_at) {
      while (waiting > kLastWords) drop_least(true);
    }
    if (auto loss = works ? due_telling() : std::nullopt) {
      batch.push_back(std::move(*loss));
    } else if (waiting > 0) {
      take();
    } else if (hurry_at) {
      break;
    }
    write_batch(lock);
    if (waiting == 0) urgent = false;
  }
  if (settings.confirm) {
    lock.unlock();
    try {
      settings.confirm();
    } catch (...) {  // NOLINT(bugprone-empty-catch): what is written is written
    }
    lock.lock();
  }
  done = true;
  changed.notify_all();
}

LogWriter::LogWriter(Sink sink, Tell tell, Settings settings)
    : shared_(std::make_shared<Shared>(std::move(sink), std::move(tell), std::move(settings))),
      farewell_(shared_->settings.farewell) {
  try {
    threads::start_without_signals([shared = shared_] { shared->run(); }).detach();
  } catch (const std::system_error&) {
    shared_->done = true;  // no thread to be had: everything is dropped, and counted
  }
}

LogWriter::~LogWriter() {
  std::unique_lock lock(shared_->mutex);
  const auto now = steady_clock::now();
  shared_->hurry_at = now + farewell_ / 2;
  shared_->changed.notify_all();
  shared_->changed.wait_until(lock, now + farewell_, [this] { return shared_->done; });
}

void LogWriter::push(LogEntry entry) {
  bool wakes = false;
  {
    const std::lock_guard lock(shared_->mutex);
    auto& s = *shared_;
    const auto level = static_cast<std::size_t>(entry.level);
    if (s.done) return s.drop(level);
    if (s.waiting >= s.settings.max_waiting) {
      bool least = true;
      for (std::size_t i = 0; i <= level; ++i) least = least && s.queues.at(i).empty();
      if (least) return s.drop(level);
      s.drop_least(false);
    }
    const bool now = entry.level >= Level::kWarning;
    s.queues.at(level).push_back({s.next_number++, std::move(entry)});
    ++s.waiting;
    wakes = std::exchange(s.asleep, false);
    if (now || s.waiting >= kManyWaiting || s.waiting >= s.settings.max_waiting) {
      wakes = wakes || !s.urgent;
      s.urgent = true;
    }
  }
  if (wakes) shared_->changed.notify_one();
}

void LogWriter::flush() {
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->waiting == 0) return;
    shared_->urgent = true;
  }
  shared_->changed.notify_one();
}

std::uint64_t LogWriter::lost() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->all_lost;
}

}  // namespace derivd::service
