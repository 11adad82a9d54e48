#include "service/place_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "unit/service/temp_dir.hpp"

namespace derivd::service {
namespace {

using test::read_file;
using test::TempDir;
using test::write_file;
using ::testing::HasSubstr;

mode_t mode_of(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
}

class Umask final {
 public:
  explicit Umask(mode_t mask) : old_(::umask(mask)) {}
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;
  ~Umask() { ::umask(old_); }

 private:
  mode_t old_;
};

TEST(PlaceFile, HasItsRightsWhateverTheUmask) {
  TempDir dir;
  for (const mode_t mask : {mode_t{0}, mode_t{022}, mode_t{077}}) {
    const Umask umask(mask);
    for (const mode_t mode : {mode_t{0600}, mode_t{0644}, mode_t{0640}}) {
      ASSERT_TRUE(replace_file(dir.file("f"), "text", {.mode = mode}));
      EXPECT_EQ(mode_of(dir.file("f")), mode);
      EXPECT_EQ(read_file(dir.file("f")), "text");
    }
  }
  EXPECT_EQ(rights_of(dir.file("f"))->mode, 0640u);
  EXPECT_FALSE(rights_of(dir.file("none")));
  EXPECT_FALSE(rights_of(dir.file("none/f")));
}

ino_t inode_of(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

TEST(PlaceFile, LeavesAFileAloneThatIsAsItIsWantedAlready) {
  TempDir dir;
  const auto path = dir.file("f");
  const std::string bytes(10'000, 'x');
  ASSERT_TRUE(update_file(path, bytes, {.mode = 0644}));
  const auto first = inode_of(path);
  ASSERT_TRUE(update_file(path, bytes, {.mode = 0644}));
  EXPECT_EQ(inode_of(path), first);
  ASSERT_TRUE(update_file(path, bytes, {.mode = 0600}));
  EXPECT_NE(inode_of(path), first);
  EXPECT_EQ(mode_of(path), 0600u);
  for (const auto& other : {bytes + "y", bytes.substr(1), "y" + bytes.substr(1),
                            bytes.substr(1) + "y", std::string()}) {
    ASSERT_TRUE(update_file(path, other, {.mode = 0600}));
    EXPECT_EQ(read_file(path), other);
  }
  // A link is never as it is wanted, nor a file that has another name, too.
  ASSERT_TRUE(update_file(dir.file("victim"), "text", {.mode = 0644}));
  std::filesystem::create_symlink(dir.file("victim"), dir.file("link"));
  ASSERT_TRUE(update_file(dir.file("link"), "text", {.mode = 0644}));
  EXPECT_FALSE(std::filesystem::is_symlink(dir.file("link")));
  std::filesystem::create_hard_link(dir.file("victim"), dir.file("twin"));
  ASSERT_TRUE(update_file(dir.file("twin"), "text", {.mode = 0644}));
  EXPECT_NE(inode_of(dir.file("twin")), inode_of(dir.file("victim")));
}

TEST(PlaceFile, ReplacesALinkAndNeverWritesThroughIt) {
  TempDir dir;
  write_file(dir.file("victim"), "mine");
  ::chmod(dir.file("victim").c_str(), 0600);
  std::filesystem::create_symlink(dir.file("victim"), dir.file("f"));
  ASSERT_TRUE(replace_file(dir.file("f"), "text", {.mode = 0644}));
  EXPECT_EQ(read_file(dir.file("victim")), "mine");
  EXPECT_EQ(mode_of(dir.file("victim")), 0600u);
  EXPECT_EQ(read_file(dir.file("f")), "text");
  EXPECT_FALSE(std::filesystem::is_symlink(dir.file("f")));
  // Nor through one that waits where the fresh file is made.
  std::filesystem::create_symlink(dir.file("victim"),
                                  dir.file("g." + std::to_string(::getpid()) + ".new"));
  ASSERT_TRUE(replace_file(dir.file("g"), "text", {.mode = 0644}));
  EXPECT_EQ(read_file(dir.file("victim")), "mine");
}

TEST(PlaceFile, LeavesNothingBehindWhereItCannotWrite) {
  TempDir dir;
  std::filesystem::create_directory(dir.file("f"));
  const auto done = replace_file(dir.file("f"), "text", {});
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().text, HasSubstr("cannot write the file"));
  EXPECT_FALSE(replace_file(dir.file("none/f"), "text", {}));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir.path()), {}), 1);
}

TEST(PlaceFile, CopiesWithTheRightsOfTheFileAndFollowsNoLink) {
  TempDir dir;
  write_file(dir.file("f"), "text");
  ::chmod(dir.file("f").c_str(), 0640);
  ASSERT_TRUE(copy_file(dir.file("f"), dir.file("copy"), 100));
  EXPECT_EQ(read_file(dir.file("copy")), "text");
  EXPECT_EQ(mode_of(dir.file("copy")), 0640u);
  EXPECT_FALSE(copy_file(dir.file("f"), dir.file("copy"), 100)) << "a name that is taken";
  EXPECT_FALSE(copy_file(dir.file("f"), dir.file("short"), 3)) << "too large";
  std::filesystem::create_symlink(dir.file("f"), dir.file("link"));
  const auto linked = copy_file(dir.file("link"), dir.file("other"), 100);
  ASSERT_FALSE(linked);
  EXPECT_THAT(linked.error().text, HasSubstr("symbolic link"));
  ::mkfifo(dir.file("pipe").c_str(), 0600);
  EXPECT_FALSE(copy_file(dir.file("pipe"), dir.file("other"), 100)) << "and it does not hang";
}

}  // namespace
}  // namespace derivd::service
