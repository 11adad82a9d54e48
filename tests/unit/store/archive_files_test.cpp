// What lies in wait where the archive opens its files: links, pipes, second names, other owners.
#include "store/archive_files.hpp"

#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "unit/service/temp_dir.hpp"

namespace derivd::store {
namespace {

namespace fs = std::filesystem;
constexpr core::Duration kNoWait{0};

struct ArchiveFilesTest : ::testing::Test {
  test::TempDir dir;
  std::string home = dir.file("home");
  std::string outside = dir.file("outside");

  void SetUp() override { test::write_file(outside, "as it was"); }
  Folder folder() { return Folder::open(home, Folder::Use::kWrite).value(); }
};

TEST_F(ArchiveFilesTest, MakesTheLastNameOfAPathAlone) {
  EXPECT_EQ(Folder::open(home, Folder::Use::kRead).error().kind, core::ErrorKind::kNotFound);
  EXPECT_FALSE(Folder::open(home + "/a/b", Folder::Use::kWrite));
  ASSERT_TRUE(Folder::open(home, Folder::Use::kWrite));
  ASSERT_TRUE(Folder::open(home + "/./x/..//x/", Folder::Use::kWrite) ||
              Folder::open(home + "/x", Folder::Use::kWrite));
  EXPECT_TRUE(fs::is_directory(home + "/x"));
  const auto here = fs::current_path();
  fs::current_path(dir.path());
  EXPECT_TRUE(Folder::open("relative", Folder::Use::kWrite));
  EXPECT_TRUE(Folder::open("home/../relative", Folder::Use::kWrite));
  fs::current_path(here);
  EXPECT_TRUE(fs::is_directory(dir.file("relative")));
}

TEST_F(ArchiveFilesTest, FollowsALinkToTheArchiveItself) {
  fs::create_directory(dir.file("disk"));
  fs::create_symlink("disk", dir.file("link"));
  fs::create_symlink(dir.file("link"), home);
  const auto here = Folder::open(home, Folder::Use::kWrite);
  ASSERT_TRUE(here) << here.error().text;
  ASSERT_TRUE(here->replace("a", "x"));
  EXPECT_EQ(test::read_file(dir.file("disk/a")), "x");
  fs::create_symlink("round", dir.file("round"));
  EXPECT_NE(
      Folder::open(dir.file("round"), Folder::Use::kWrite).error().text.find("symbolic links"),
      std::string::npos);
}

TEST_F(ArchiveFilesTest, GoesThroughNoLinkBeneathIt) {
  const auto here = folder();
  fs::create_symlink(outside, home + "/day");
  fs::create_symlink(outside, home + "/day.new");
  fs::create_symlink(dir.file("missing"), home + "/lock");
  fs::create_symlink(dir.path(), home + "/R_100");
  for (const auto& error :
       {here.read("day", 100).error(), here.append("day", 0, "x").error(),
        here.lock("lock", kNoWait).error(), here.sub("R_100", Folder::Use::kRead).error(),
        here.sub("R_100", Folder::Use::kWrite).error()}) {
    EXPECT_NE(error.text.find("is a symbolic link"), std::string::npos) << error.text;
  }
  EXPECT_FALSE(fs::exists(dir.file("missing")));
  EXPECT_EQ(test::read_file(outside), "as it was");
  ASSERT_TRUE(here.replace("day", "new")) << "a link in the way is replaced, not followed";
  EXPECT_EQ(test::read_file(outside), "as it was");
  EXPECT_FALSE(fs::is_symlink(home + "/day"));
  EXPECT_EQ(test::read_file(home + "/day"), "new");
}

TEST_F(ArchiveFilesTest, WaitsForNoPipe) {
  const auto here = folder();
  ASSERT_EQ(::mkfifo((home + "/day").c_str(), 0600), 0);
  EXPECT_EQ(here.read("day", 100).error().kind, core::ErrorKind::kInvalid);
  EXPECT_FALSE(here.append("day", 0, "x"));
  EXPECT_FALSE(here.lock("day", kNoWait));
}

TEST_F(ArchiveFilesTest, WritesThroughNoSecondName) {
  const auto here = folder();
  ASSERT_TRUE(here.replace("day", "one"));
  fs::create_hard_link(home + "/day", dir.file("copy"));
  EXPECT_EQ(here.append("day", 3, "two").error().kind, core::ErrorKind::kRefused);
  EXPECT_EQ(test::read_file(home + "/day"), "one");
  fs::create_hard_link(outside, home + "/day.new");
  ASSERT_TRUE(here.replace("day", "onetwo"));
  EXPECT_EQ(test::read_file(dir.file("copy")), "one");
  EXPECT_EQ(test::read_file(outside), "as it was");
  ASSERT_TRUE(here.append("day", 3, "2")) << "what is behind the whole part goes";
  EXPECT_EQ(test::read_file(home + "/day"), "one2");
}

TEST_F(ArchiveFilesTest, LocksOutEverybodyElseUntilTheDescriptorGoes) {
  const auto here = folder();
  {
    const auto held = here.lock("lock", kNoWait);
    ASSERT_TRUE(held);
    EXPECT_EQ(folder().lock("lock", kNoWait).error().kind, core::ErrorKind::kTimeout);
    // A removed lock file is another one to whoever comes now; the next time it is the same again.
    fs::remove(home + "/lock");
    EXPECT_TRUE(folder().lock("lock", kNoWait));
  }
  EXPECT_TRUE(here.lock("lock", kNoWait));
}

constexpr uid_t kOther = 4242;

// The rest needs two users.
struct OwnerTest : ArchiveFilesTest {
  void SetUp() override {
    ArchiveFilesTest::SetUp();
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to play root and another user";
    ::chmod(dir.path().c_str(), 0755);
    fs::create_directory(home);
    ASSERT_EQ(::chown(home.c_str(), kOther, kOther), 0);
  }
  static uid_t owner(const std::string& path) {
    struct stat info {};
    return ::lstat(path.c_str(), &info) == 0 ? info.st_uid : ~uid_t{0};
  }
};

TEST_F(OwnerTest, RootWorksAsTheOwnerAndIsRootAgainAfterwards) {
  const auto here = Folder::open(home + "/ticks", Folder::Use::kWrite);
  ASSERT_TRUE(here) << here.error().text;
  const auto symbol = here->sub("R_100", Folder::Use::kWrite);
  ASSERT_TRUE(symbol) << symbol.error().text;
  ASSERT_TRUE(symbol->lock("lock", kNoWait));
  ASSERT_TRUE(symbol->replace("day", "x"));
  for (const auto* path : {"/ticks", "/ticks/R_100", "/ticks/R_100/lock", "/ticks/R_100/day"}) {
    EXPECT_EQ(owner(home + path), kOther) << path;
  }
  test::write_file(dir.file("mine"), "x");
  EXPECT_EQ(owner(dir.file("mine")), 0U);
  ::chmod(outside.c_str(), 0600);
  EXPECT_EQ(test::read_file(outside), "as it was") << "root's rights are back";
}

TEST_F(OwnerTest, ALinkOfTheOwnersLeadsNoFurtherThanHeMayGo) {
  const auto roots = dir.file("roots");
  fs::create_directory(roots);
  ::chmod(roots.c_str(), 0700);
  fs::create_symlink(roots, home + "/ticks");
  ASSERT_EQ(::lchown((home + "/ticks").c_str(), kOther, kOther), 0);
  const auto there = Folder::open(home + "/ticks", Folder::Use::kWrite);
  ASSERT_FALSE(there);
  EXPECT_EQ(there.error().kind, core::ErrorKind::kIo);
  // The same by root's own link is root's wish.
  fs::create_symlink(roots, dir.file("wish"));
  const auto wish = Folder::open(dir.file("wish"), Folder::Use::kWrite);
  ASSERT_TRUE(wish) << wish.error().text;
  ASSERT_TRUE(wish->replace("a", "x"));
  EXPECT_EQ(owner(roots + "/a"), 0U);
}

TEST_F(OwnerTest, SaysWhoseItIsAndHowItIsGivenBack) {
  fs::create_directory(home + "/ticks");
  ::chmod((home + "/ticks").c_str(), 0750);
  const auto there = Folder::open(home + "/ticks", Folder::Use::kWrite);
  ASSERT_FALSE(there);
  EXPECT_NE(there.error().text.find("belongs to root: \"chown -R 4242:4242 " + home + "/ticks\""),
            std::string::npos)
      << there.error().text;
}

// A reader is not told to take the service's own directory away from it.
TEST_F(OwnerTest, AReaderIsToldWhomToAskAs) {
  fs::create_directory(home + "/ticks");
  ::chmod((home + "/ticks").c_str(), 0700);
  ASSERT_EQ(::lchown((home + "/ticks").c_str(), kOther, kOther), 0);
  const auto told = [&] {
    core::Result<Folder> there = core::invalid("not asked");
    std::thread reader([&] {
      // Of this thread alone, which looks as nobody.
      ::setfsgid(65534);
      ::setfsuid(65534);
      there = Folder::open(home + "/ticks", Folder::Use::kRead);
    });
    reader.join();
    return there ? std::string("it was read") : there.error().text;
  }();
  EXPECT_TRUE(told.ends_with("; it belongs to 4242: ask as root, or as 4242")) << told;
  EXPECT_EQ(told.find("chown"), std::string::npos) << told;
}

TEST_F(OwnerTest, AnotherThreadStaysWhoItIs) {
  const auto here = Folder::open(home, Folder::Use::kWrite).value();
  std::atomic<bool> stop{false};
  int mine = 0;
  std::thread other([&] {
    while (!stop) ASSERT_TRUE(here.replace("day", "x"));
  });
  for (int i = 0; i < 500; ++i) {
    const auto path = dir.file(std::to_string(i));
    test::write_file(path, "x");
    mine += owner(path) == 0 ? 1 : 0;
  }
  stop = true;
  other.join();
  EXPECT_EQ(mine, 500);
  EXPECT_EQ(owner(home + "/day"), kOther);
}

}  // namespace
}  // namespace derivd::store
