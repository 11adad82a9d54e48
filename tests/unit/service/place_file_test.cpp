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
