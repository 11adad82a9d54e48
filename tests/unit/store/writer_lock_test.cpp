// One writer of a journal, whoever started it.
#include "store/writer_lock.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "unit/service/temp_dir.hpp"

namespace derivd::store {
namespace {

namespace fs = std::filesystem;

TEST(WriterLock, IsOneWritersUntilItEnds) {
  test::TempDir dir;
  const auto journal = dir.file("derivd.db");
  {
    const auto lock = WriterLock::take(journal);
    ASSERT_TRUE(lock) << lock.error().text;
    EXPECT_EQ(WriterLock::take(journal).error().kind, core::ErrorKind::kRefused);
  }
  EXPECT_TRUE(WriterLock::take(journal));
  EXPECT_TRUE(fs::exists(journal + "-lock")) << "it is never removed";
  EXPECT_EQ(WriterLock::take(dir.file("none/derivd.db")).error().kind, core::ErrorKind::kIo);
}

TEST(WriterLock, FollowsNoLinkAndWaitsForNoPipe) {
  test::TempDir dir;
  const auto journal = dir.file("derivd.db");
  fs::create_symlink(dir.file("elsewhere"), journal + "-lock");
  EXPECT_FALSE(WriterLock::take(journal));
  EXPECT_FALSE(fs::exists(dir.file("elsewhere")));
}

TEST(WriterLock, BelongsToTheDirectorysOwnerWhenRootMakesIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  test::TempDir dir;
  constexpr uid_t kOther = 4242;
  ASSERT_EQ(::chown(dir.path().c_str(), kOther, kOther), 0);
  const auto journal = dir.file("derivd.db");
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(WriterLock::take(journal));
  struct stat info {};
  ASSERT_EQ(::lstat((journal + "-lock").c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, kOther);
}

}  // namespace
}  // namespace derivd::store
