// The intent log by itself: frames of bytes, whole or not at all, whatever the disk does to them.
#include "store/intent_log.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "unit/service/temp_dir.hpp"

namespace derivd::store {
namespace {

using execution::Durability;
using test::read_file;
using test::TempDir;
using test::write_file;
using ::testing::HasSubstr;

constexpr LogIdentity kOurs{0x1122334455667788, 3};
constexpr std::uint32_t kSmall = 1024;
/// Place of the second frame when the first has 5 bytes: the second region is begun at a start, 64
/// are its header's, 32 + 5 of the first frame are rounded up to 8.
constexpr std::size_t kSecond = kSmall + 64 + 40;

/// The bytes in memory; counts, and fails as it is told.
class MemoryFile final : public LogFile {
 public:
  struct Disk {
    std::string bytes;
    std::vector<std::pair<std::uint64_t, std::string>> writes;
    int syncs = 0;
    std::optional<std::size_t> take;  // of the next write; it fails
  };
  explicit MemoryFile(Disk& disk) : disk_(disk) {}
  core::Result<void> write(std::uint64_t offset, std::string_view bytes) override {
    disk_.writes.emplace_back(offset, bytes);
    const bool fails = disk_.take.has_value();
    bytes = bytes.substr(0, disk_.take.value_or(bytes.size()));
    disk_.take.reset();
    disk_.bytes.replace(offset, bytes.size(), bytes);
    if (fails) return core::io_error("the disk is full");
    return {};
  }
  core::Result<void> sync() override {
    ++disk_.syncs;
    return {};
  }
  core::Result<std::size_t> read(std::uint64_t offset, char* to, std::size_t size) override {
    if (offset >= disk_.bytes.size()) return std::size_t{0};
    return disk_.bytes.copy(to, size, offset);
  }
  core::Result<std::uint64_t> size() override { return disk_.bytes.size(); }

 private:
  Disk& disk_;
};

/// A new log in memory.
struct Rig {
  explicit Rig(std::uint64_t first = 1, Durability durability = Durability::kProcess) {
    TempDir dir;
    EXPECT_TRUE(create_intent_log(dir.file("log"), kOurs, first, kSmall));
    disk.bytes = read_file(dir.file("log"));
    go_on(first, durability);
  }
  void go_on(std::uint64_t next, Durability durability = Durability::kProcess) {
    MemoryFile file(disk);
    auto reader = LogReader::open(file);
    ASSERT_TRUE(reader) << reader.error().text;
    auto made =
        IntentLog::go_on(std::make_unique<MemoryFile>(disk), *reader, kOurs, next, durability);
    ASSERT_TRUE(made) << made.error().text;
    log = std::move(*made);
  }
  core::Result<void> append(std::string_view payload) {
    log->begin() += payload;
    return log->append(1000);
  }
  MemoryFile::Disk disk;
  std::unique_ptr<IntentLog> log;
};

/// "1:a 2:b", what a start would read from `seq` on.
std::string frames(const std::string& bytes, std::uint64_t seq = 1) {
  MemoryFile::Disk disk;
  disk.bytes = bytes;
  MemoryFile file(disk);
  auto reader = LogReader::open(file);
  if (!reader) return reader.error().text;
  const auto found = reader->seek(seq);
  if (!found) return found.error().text;
  if (!*found) return "not there";
  std::string out;
  for (;;) {
    const auto frame = reader->next();
    if (!frame) return frame.error().text;
    if (!*frame) break;
    out += fmt::format("{}{}:{}", out.empty() ? "" : " ", (*frame)->seq, (*frame)->payload);
  }
  const auto beyond = reader->count_beyond(0);
  if (beyond && *beyond > 0) out += fmt::format(" beyond {}", *beyond);
  return out;
}

TEST(IntentLog, FramesComeBackInOrderAndWithTheirTime) {
  Rig rig;
  EXPECT_EQ(frames(rig.disk.bytes), "");
  ASSERT_TRUE(rig.append("a"));
  ASSERT_TRUE(rig.append(""));
  ASSERT_TRUE(rig.append(std::string("\0x", 2)));
  EXPECT_EQ(rig.log->appended(), 3u);
  EXPECT_EQ(frames(rig.disk.bytes), std::string("1:a 2: 3:\0x", 11));
  EXPECT_EQ(frames(rig.disk.bytes, 3), std::string("3:\0x", 4));
  EXPECT_EQ(frames(rig.disk.bytes, 4), "");
  EXPECT_EQ(frames(rig.disk.bytes, 5), "not there");
  MemoryFile file(rig.disk);
  auto reader = *LogReader::open(file);
  ASSERT_TRUE(*reader.seek(1));
  EXPECT_EQ((*reader.next())->written_us, 1000);
}

TEST(IntentLog, AnAppendIsOneWriteAndWithDurabilityPowerOneSync) {
  for (const auto durability : {Durability::kProcess, Durability::kPower}) {
    Rig rig(1, durability);
    rig.disk.writes.clear();
    rig.disk.syncs = 0;
    for (int i = 0; i < 40; ++i) {
      rig.log->free(rig.log->appended());
      ASSERT_TRUE(rig.append(std::string(100, 'x')));
    }
    EXPECT_EQ(rig.disk.writes.size(), 40u) << "also where a region begins";
    EXPECT_EQ(rig.disk.syncs, durability == Durability::kPower ? 40 : 0);
    EXPECT_GT(rig.log->wanted(), 0u) << "no region was begun: nothing was tested";
  }
}

TEST(IntentLog, RegionsTakeTurnsAndNoneIsLostThatTheJournalLacks) {
  Rig rig;
  std::uint64_t freed = 0;
  for (std::uint64_t i = 1; i <= 500; ++i) {
    if (!rig.log->has_room(100)) {
      const auto full = rig.append(std::string(100, 'x'));
      ASSERT_FALSE(full) << i;
      EXPECT_THAT(full.error().text, HasSubstr("full"));
      ASSERT_NE(frames(rig.disk.bytes, freed + 1), "not there") << i;
      freed = i - 1;
      rig.log->free(freed);
    }
    ASSERT_TRUE(rig.append(fmt::format("{:0100}", i))) << i;
    ASSERT_THAT(frames(rig.disk.bytes, freed + 1), HasSubstr(fmt::format("{}:{:0100}", i, i)));
  }
  EXPECT_EQ(rig.disk.bytes.size(), 2 * kSmall) << "the file never grows";
  EXPECT_GT(freed, 100u);
}

// kill -9, a full disk and a power failure leave some of the bytes of the last write.
TEST(IntentLog, TornAtEveryByteTheLastFrameIsWholeOrGone) {
  Rig rig;
  std::string before = "";
  for (std::uint64_t i = 1; i <= 60; ++i) {
    rig.log->free(rig.log->appended());
    const auto old = rig.disk.bytes;
    rig.disk.writes.clear();
    ASSERT_TRUE(rig.append(fmt::format("event {:>{}}", i, 1 + i % 40)));
    ASSERT_EQ(rig.disk.writes.size(), 1u);
    const auto& [offset, bytes] = rig.disk.writes[0];
    const auto whole = frames(rig.disk.bytes, i);
    EXPECT_THAT(whole, HasSubstr(fmt::format("{}:event", i)));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      auto torn = old;
      torn.replace(offset, size, bytes, 0, size);
      ASSERT_EQ(frames(torn, i), "") << "event " << i << " cut after " << size << " bytes";
      if (i > 1) {
        ASSERT_THAT(frames(torn, i - 1), HasSubstr(fmt::format("{}:event", i - 1)));
      }
    }
  }
}

TEST(IntentLog, AfterATornFrameTheLogGoesOn) {
  Rig rig;
  ASSERT_TRUE(rig.append("a"));
  rig.disk.take = 17;
  const auto failed = rig.append("lost");
  ASSERT_FALSE(failed);
  EXPECT_FALSE(rig.append("b")) << "what is on the disk is not known: nothing behind it";
  EXPECT_EQ(frames(rig.disk.bytes), "1:a");
  rig.go_on(2);  // in the other region
  ASSERT_TRUE(rig.append("c"));
  EXPECT_EQ(frames(rig.disk.bytes), "1:a 2:c");
}

TEST(IntentLog, AnyByteChangedIsSeen) {
  Rig rig;
  for (const auto* text : {"first", "second", "third"}) ASSERT_TRUE(rig.append(text));
  const auto good = rig.disk.bytes;
  for (std::size_t at = kSecond; at < kSecond + 32 + 6; ++at) {
    auto bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    // Four bytes behind the checksum are there for its alignment.
    const bool padding = at >= kSecond + 28 && at < kSecond + 32;
    EXPECT_EQ(frames(bad), padding ? "1:first 2:second 3:third" : "1:first beyond 1") << at;
  }
  for (std::size_t at = kSmall; at < kSmall + 64; ++at) {
    auto bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    EXPECT_THAT(frames(bad), ::testing::AnyOf(" beyond 3", HasSubstr("newer"))) << at;
    bad[0] = '\0';  // neither header is left
    EXPECT_THAT(frames(bad), ::testing::AnyOf(HasSubstr("damaged"), HasSubstr("newer"))) << at;
  }
}

// What an earlier use of a region has left may lie exactly where the next frame belongs, with
// exactly its number: after a hole numbers are given once more.
TEST(IntentLog, WhatAnEarlierUseLeftIsNeverRead) {
  Rig rig;
  for (int i = 1; i <= 6; ++i) ASSERT_TRUE(rig.append(fmt::format("old {}", i)));
  rig.disk.bytes[kSecond] = 'X';
  EXPECT_EQ(frames(rig.disk.bytes), "1:old 1 beyond 4");
  rig.go_on(2);  // in the other region
  ASSERT_TRUE(rig.append("new 2"));
  EXPECT_EQ(frames(rig.disk.bytes), "1:old 1 2:new 2") << "the old ones are of no time any more";
  rig.log->free(2);
  ASSERT_TRUE(rig.log->begin_anew());  // where the old ones are
  EXPECT_EQ(frames(rig.disk.bytes, 3), "");
  ASSERT_TRUE(rig.append("new 3"));
  EXPECT_EQ(frames(rig.disk.bytes, 3), "3:new 3");
}

// A power failure may take the write that begins a region and leave frames that were written behind
// it. The start begins that region once more, with a frame of the same size and number.
TEST(IntentLog, FramesWhoseRegionLostItsHeaderAreToldAndNeverRead) {
  Rig rig;
  const auto text = [](std::uint64_t seq, const char* what) {
    return fmt::format("{} {:050}", what, seq);
  };
  std::uint64_t lost = 0;
  std::string before;
  while (lost == 0) {
    before = rig.disk.bytes;
    const auto seq = rig.log->appended() + 1;
    ASSERT_TRUE(rig.append(text(seq, "old")));
    if (rig.disk.writes.back().first == 0) lost = seq;
  }
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(rig.append(text(rig.log->appended() + 1, "old")));
  const auto size = kLogHeaderBytes + 88;  // 32 and 54 bytes, rounded up
  rig.disk.bytes.replace(0, size, before.substr(0, size));
  EXPECT_EQ(frames(rig.disk.bytes, lost - 1),
            fmt::format("{}:{} beyond 3", lost - 1, text(lost - 1, "old")));
  rig.go_on(lost);
  ASSERT_TRUE(rig.append(text(lost, "new")));
  ASSERT_LT(rig.disk.writes.back().first, kSmall) << "the same region";
  EXPECT_EQ(frames(rig.disk.bytes, lost), fmt::format("{}:{}", lost, text(lost, "new")));
}

TEST(IntentLog, AReaderFollowsTheWriter) {
  Rig rig;
  MemoryFile file(rig.disk);
  auto reader = *LogReader::open(file);
  ASSERT_TRUE(*reader.seek(1));
  for (std::uint64_t i = 1; i <= 300; ++i) {
    EXPECT_FALSE(*reader.next());
    ASSERT_TRUE(rig.append(fmt::format("{:>{}}", i, i % 200)));
    const auto frame = reader.next();
    ASSERT_TRUE(frame && *frame) << i;
    EXPECT_EQ((*frame)->seq, i);
    rig.log->free(i);
  }
}

TEST(IntentLog, AnEventThatIsTooLargeIsAnErrorAndNothingIsBroken) {
  Rig rig;
  EXPECT_THAT(rig.append(std::string(kSmall, 'x')).error().text, HasSubstr("too large"));
  EXPECT_TRUE(rig.append("a"));
  EXPECT_EQ(frames(rig.disk.bytes), "1:a");
}

TEST(IntentLog, WhatIsNoLogIsToldApart) {
  Rig rig;
  ASSERT_TRUE(rig.append("a"));
  const auto good = rig.disk.bytes;
  EXPECT_THAT(frames(""), HasSubstr("empty"));
  EXPECT_THAT(frames(std::string(2048, 'x')), HasSubstr("no intent log"));
  EXPECT_THAT(frames(good.substr(0, 2046)), HasSubstr("cut off"));
  EXPECT_THAT(frames(good.substr(0, 777)), HasSubstr("cut off"));
  auto newer = good;
  newer[kSmall + 8] = 2;
  EXPECT_THAT(frames(newer), HasSubstr("newer derivd"));
  EXPECT_THAT(frames(std::string(2048, '\0')), HasSubstr("damaged"));
}

TEST(IntentLog, TheFileIsPrivateWholeAndNoLink) {
  TempDir dir;
  const auto path = dir.file("log");
  write_file(path + "-new", "half a file of a crash");
  const ::mode_t old = ::umask(0);
  ASSERT_TRUE(create_intent_log(path, kOurs, 7, kSmall));
  ::umask(old);
  EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0600));
  EXPECT_EQ(std::filesystem::file_size(path), 2 * kSmall);
  EXPECT_FALSE(std::filesystem::exists(path + "-new"));
  EXPECT_TRUE(open_log_file(path, LogAccess::kWrite));
  std::filesystem::create_symlink(path, dir.file("link"));
  EXPECT_THAT(open_log_file(dir.file("link"), LogAccess::kWrite).error().text,
              HasSubstr("symbolic link"));
  ASSERT_EQ(::mkfifo(dir.file("pipe").c_str(), 0600), 0);
  EXPECT_THAT(open_log_file(dir.file("pipe"), LogAccess::kWrite).error().text,
              HasSubstr("regular file"));
  EXPECT_EQ(open_log_file(dir.file("none"), LogAccess::kRead).error().kind,
            core::ErrorKind::kNotFound);
}

}  // namespace
}  // namespace derivd::store
