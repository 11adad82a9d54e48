#include "service/log_writer.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "unit/service/temp_dir.hpp"

namespace derivd::service {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

/// A sink that takes entries, refuses them, or hangs until it is let go.
struct Door {
  std::mutex mutex;
  std::condition_variable changed;
  bool open = true;
  bool refuses = false;
  bool inside = false;  // the writer stands in it
  std::string refused;  // this one alone
  std::vector<std::string> taken;
  std::vector<std::size_t> calls;  // entries of each that was taken whole

  std::size_t take(std::span<const LogEntry> entries) {
    std::unique_lock lock(mutex);
    inside = true;
    changed.notify_all();
    changed.wait(lock, [this] { return open; });
    inside = false;
    changed.notify_all();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (refuses || entries[i].parts.front() == refused) return i;
      taken.push_back(entries[i].parts.front());
    }
    calls.push_back(entries.size());
    return entries.size();
  }
  void set(bool& what, bool value) {
    const std::lock_guard lock(mutex);
    what = value;
    changed.notify_all();
  }
  void await_inside() {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, std::chrono::seconds(20), [this] { return inside; }));
  }
  std::vector<std::string> await(std::size_t count,
                                 core::Duration longest = std::chrono::seconds(20)) {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, longest, [&] { return taken.size() >= count; });
    return taken;
  }
};

LogEntry entry(Level level, std::string text) { return {level, {}, {std::move(text)}}; }

/// Shares the door with the writer's thread, which may outlive the test.
std::unique_ptr<LogWriter> writer(const std::shared_ptr<Door>& door, std::size_t max,
                                  core::Duration farewell = std::chrono::seconds(20),
                                  LogWriter::Confirm confirm = {},
                                  core::Duration linger = LogWriter::kLinger, bool joins = true) {
  LogWriter::Settings settings;
  settings.confirm = std::move(confirm);
  settings.max_waiting = max;
  settings.farewell = farewell;
  settings.linger = linger;
  settings.joins = joins;
  return std::make_unique<LogWriter>(
      [door](std::span<const LogEntry> entries) { return door->take(entries); },
      [](const LostEntries& lost) { return entry(Level::kWarning, lost_in_words(lost)); },
      std::move(settings));
}

TEST(LogWriter, WritesEverythingInItsOrderAndAtTheEndTheRest) {
  const auto door = std::make_shared<Door>();
  auto w = writer(door, 100);
  std::vector<std::string> all;
  for (int i = 0; i < 50; ++i) {
    all.push_back(std::to_string(i));
    w->push(entry(static_cast<Level>(i % 5), all.back()));
  }
  w.reset();
  EXPECT_EQ(door->taken, all);
}

TEST(LogWriter, AFullQueueLosesTheOldestOfTheLeastLevelAndTellsIt) {
  const auto door = std::make_shared<Door>();
  door->open = false;
  auto w = writer(door, 4);
  w->push(entry(Level::kInfo, "in the sink"));
  door->await_inside();
  w->push(entry(Level::kError, "error 1"));
  w->push(entry(Level::kInfo, "info 1"));
  w->push(entry(Level::kDebug, "debug 1"));
  w->push(entry(Level::kInfo, "info 2"));
  EXPECT_EQ(w->lost(), 0U);
  w->push(entry(Level::kDebug, "debug 2"));  // takes the place of debug 1
  w->push(entry(Level::kNotice, "notice"));  // of debug 2
  w->push(entry(Level::kError, "error 2"));  // of info 1
  w->push(entry(Level::kDebug, "debug 3"));  // nothing is below it
  EXPECT_EQ(w->lost(), 4U);
  door->set(door->open, true);
  w.reset();
  EXPECT_THAT(door->taken,
              ElementsAre("in the sink",
                          "4 log entries were dropped: 1 info, 3 debug; the log did not take them",
                          "error 1", "info 2", "notice", "error 2"));
}

TEST(LogWriter, OfOneLevelAloneTheNewestStay) {
  const auto door = std::make_shared<Door>();
  door->open = false;
  auto w = writer(door, 2);
  w->push(entry(Level::kError, "in the sink"));
  door->await_inside();
  for (int i = 0; i < 5; ++i) w->push(entry(Level::kError, std::to_string(i)));
  door->set(door->open, true);
  w.reset();
  EXPECT_THAT(
      door->taken,
      ElementsAre("in the sink", HasSubstr("3 log entries were dropped: 3 errors"), "3", "4"));
}

TEST(LogWriter, WhatTheSinkRefusesIsToldAsSoonAsItTakesSomething) {
  const auto door = std::make_shared<Door>();
  door->refuses = true;
  auto w = writer(door, 10);
  w->push(entry(Level::kWarning, "a"));
  w->push(entry(Level::kNotice, "b"));
  const auto end = Clock::now() + std::chrono::seconds(20);
  while (w->lost() < 2 && Clock::now() < end) std::this_thread::yield();
  EXPECT_EQ(w->lost(), 2U);
  door->set(door->refuses, false);
  w->push(entry(Level::kInfo, "c"));
  EXPECT_THAT(door->await(2), ElementsAre("c", HasSubstr("2 log entries were dropped: 1 warning, "
                                                         "1 notice;")));
}

TEST(LogWriter, PushingNeverWaitsAndTheEndIsBounded) {
  const auto door = std::make_shared<Door>();
  door->open = false;
  auto w = writer(door, 8, std::chrono::milliseconds(100));
  for (int i = 0; i < 100'000; ++i) w->push(entry(Level::kInfo, "x"));
  EXPECT_GE(w->lost(), 100'000U - 2 * 8);  // as many wait as went to the sink together
  w.reset();                               // would hang for ever
  door->set(door->open, true);
}

TEST(LogWriter, TheLastWordsOfASlowLogAreThoseThatMatter) {
  const auto door = std::make_shared<Door>();
  door->open = false;
  // The first half of the farewell has passed when the sink lets go: nothing but what matters.
  auto w = writer(door, 100, core::Duration{0});
  w->push(entry(Level::kInfo, "in the sink"));
  door->await_inside();
  for (int i = 0; i < 50; ++i) w->push(entry(Level::kInfo, "info"));
  for (int i = 0; i < 3; ++i) w->push(entry(Level::kWarning, fmt::format("warning {}", i)));
  w->push(entry(Level::kInfo, "info"));
  w->push(entry(Level::kDebug, "the farewell"));
  w.reset();
  door->set(door->open, true);
  EXPECT_THAT(door->await(6),
              ElementsAre("in the sink", HasSubstr("51 log entries were dropped: 51 info;"),
                          "warning 0", "warning 1", "warning 2", "the farewell"));
}

TEST(LogWriter, TheEndWaitsUntilTheLastEntryIsConfirmed) {
  const auto door = std::make_shared<Door>();
  const auto confirmed = std::make_shared<std::vector<std::string>>();
  auto w = writer(door, 10, std::chrono::minutes(5), [door, confirmed] {
    for (int i = 0; i < 1000; ++i) std::this_thread::yield();
    *confirmed = door->taken;
  });
  w->push(entry(Level::kInfo, "a"));
  w->push(entry(Level::kError, "the last words"));
  w.reset();
  EXPECT_THAT(*confirmed, ElementsAre("a", "the last words"));
}

TEST(LogWriter, AConfirmationThatNeverComesIsLeftBehind) {
  const auto door = std::make_shared<Door>();
  const auto gate = std::make_shared<Door>();
  gate->open = false;
  auto w = writer(door, 10, std::chrono::milliseconds(100),
                  [gate] { gate->take(std::vector{entry(Level::kInfo, "")}); });
  w->push(entry(Level::kInfo, "a"));
  w.reset();  // would hang for ever
  EXPECT_THAT(door->taken, ElementsAre("a"));
  gate->set(gate->open, true);
}

// Longer than any test waits: whatever is written meanwhile was written at once.
constexpr core::Duration kForEver = std::chrono::hours(1);

TEST(LogWriter, WhatIsBelowAWarningWaitsForMoreAndIsWrittenTogether) {
  const auto door = std::make_shared<Door>();
  auto w = writer(door, 100, std::chrono::seconds(20), {}, kForEver);
  for (const auto* text : {"a", "b", "c"}) w->push(entry(Level::kInfo, text));
  EXPECT_TRUE(door->await(1, std::chrono::milliseconds(50)).empty());
  w->push(entry(Level::kWarning, "warning"));
  EXPECT_THAT(door->await(4), ElementsAre("a", "b", "c", "warning"));
  w->push(entry(Level::kInfo, "d"));
  w.reset();
  EXPECT_THAT(door->taken, ElementsAre("a", "b", "c", "warning", "d"));
  EXPECT_THAT(door->calls, ElementsAre(4, 1));
}

TEST(LogWriter, NothingWaitsLongerThanTheLinger) {
  // Behind a pause in which nothing more is written the thread sleeps, and an entry has to wake it;
  // before, it may linger, and then its own clock makes it write.
  for (const auto linger : {std::chrono::milliseconds(0), std::chrono::milliseconds(5)}) {
    const auto door = std::make_shared<Door>();
    auto w = writer(door, 100, std::chrono::seconds(20), {}, linger);
    for (std::size_t i = 1; i <= 20; ++i) {
      w->push(entry(Level::kDebug, std::to_string(i)));
      if (i % 3 == 0) {
        ASSERT_EQ(door->await(i).size(), i);
      }
      if (i % 6 == 0) {
        ASSERT_EQ(door->await(i + 1, std::chrono::milliseconds(30)).size(), i);
      }
    }
  }
}

TEST(LogWriter, AFlushAndManyThatWaitAreWrittenAtOnce) {
  const auto door = std::make_shared<Door>();
  auto w = writer(door, 1000, std::chrono::seconds(20), {}, kForEver);
  w->push(entry(Level::kInfo, "a"));
  w->flush();
  EXPECT_THAT(door->await(1), ElementsAre("a"));
  for (std::size_t i = 0; i < LogWriter::kManyWaiting; ++i) w->push(entry(Level::kInfo, "b"));
  EXPECT_EQ(door->await(1 + LogWriter::kManyWaiting).size(), 1 + LogWriter::kManyWaiting);
  w->flush();  // of nothing
  auto small = writer(door, 2, std::chrono::seconds(20), {}, kForEver);
  small->push(entry(Level::kInfo, "c"));
  small->push(entry(Level::kInfo, "d"));  // full
  EXPECT_EQ(door->await(3 + LogWriter::kManyWaiting).size(), 3 + LogWriter::kManyWaiting);
}

// One pause for each of them would be longer than the test waits.
TEST(LogWriter, OnePauseIsEnoughForAllThatWait) {
  const auto door = std::make_shared<Door>();
  auto w = writer(door, 100, std::chrono::seconds(20), {}, std::chrono::seconds(1), false);
  for (int i = 0; i < 25; ++i) w->push(entry(Level::kInfo, "a"));
  EXPECT_EQ(door->await(25).size(), 25U);
  EXPECT_EQ(door->calls, std::vector<std::size_t>(25, 1));
}

TEST(LogWriter, WhatIsWrittenTogetherIsBoundedInBytes) {
  const auto door = std::make_shared<Door>();
  auto w = writer(door, 100, std::chrono::seconds(20), {}, kForEver);
  const std::string half(LogWriter::kMaxBytesAtOnce / 2, 'h');
  const std::string whole(3 * LogWriter::kMaxBytesAtOnce, 'w');
  for (const auto& text : {half, half, std::string("x"), whole, std::string("y")}) {
    w->push(entry(Level::kInfo, text));
  }
  w.reset();
  EXPECT_THAT(door->taken, ElementsAre(half, half, "x", whole, "y"));
  EXPECT_THAT(door->calls, ElementsAre(2, 1, 1, 1));
}

TEST(LogWriter, OneThatCannotBeWrittenIsLostAlone) {
  const auto door = std::make_shared<Door>();
  door->refused = "b";
  auto w = writer(door, 100, std::chrono::seconds(20), {}, kForEver);
  for (const auto* text : {"a", "b", "c"}) w->push(entry(Level::kInfo, text));
  w.reset();
  EXPECT_THAT(door->taken, ElementsAre("a", "c", HasSubstr("1 log entry was dropped: 1 info")));
}

TEST(LogWriter, CountsInWords) {
  EXPECT_EQ(lost_in_words({0, 0, 0, 0, 1}),
            "1 log entry was dropped: 1 error; the log did not take it");
  EXPECT_EQ(lost_in_words({1, 1, 1, 1, 2}),
            "6 log entries were dropped: 2 errors, 1 warning, 1 notice, 1 info, 1 debug; the log "
            "did not take them");
}

// The real sink: a pipe that nobody reads.
TEST(StandardError, APipeThatNobodyReadsHoldsNothingUp) {
  const test::ScopedEnv none("JOURNAL_STREAM", std::nullopt);
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const int saved = ::dup(STDERR_FILENO);
  ::dup2(ends[1], STDERR_FILENO);
  auto log = make_log(Level::kDebug);
  const std::size_t capacity = static_cast<std::size_t>(::fcntl(ends[1], F_GETPIPE_SZ));
  const auto count = capacity / 40 + LogWriter::kMaxWaiting + 100;  // bytes of a line, at least
  for (std::size_t i = 0; i < count; ++i) {
    log->write(core::EventKind::kOrderSent, "an order, and some words that make its line longer");
  }
  EXPECT_GT(log->lost(), 0U);
  log->write(core::EventKind::kStrategyHalted, "halted");
  // Now it is read: what mattered is there, and what was lost is told.
  std::string text;
  std::array<char, 4096> chunk;
  while (text.find("dropped") == std::string::npos || text.find("halted") == std::string::npos) {
    const auto n = ::read(ends[0], chunk.data(), chunk.size());
    ASSERT_GT(n, 0);
    text.append(chunk.data(), static_cast<std::size_t>(n));
  }
  ::dup2(saved, STDERR_FILENO);
  ::close(saved);
  ::close(ends[1]);
  log.reset();
  ::close(ends[0]);
  EXPECT_THAT(text, HasSubstr(" log entries were dropped: "));
}

}  // namespace
}  // namespace derivd::service
