// What is given back after a start comes back when it is used, and until then it is not resident.
#include "service/footprint.hpp"

#include <gtest/gtest.h>
#include <malloc.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include "unit/emulator.hpp"

namespace derivd::service {
namespace {

/// Resident bytes of files: the code and constants of this program and of its libraries (proc(5),
/// statm).
std::int64_t resident_file_bytes() {
  std::ifstream in("/proc/self/statm");
  std::int64_t size = 0;
  std::int64_t resident = 0;
  std::int64_t shared = 0;
  in >> size >> resident >> shared;
  return shared * ::sysconf(_SC_PAGESIZE);
}

/// What the loader relocated, which must not go: an address that is known only at run time.
using Call = int (*)(int);
int twice(int n) { return 2 * n; }
int half(int n) { return n / 2; }
constinit const Call kCalls[] = {twice, half};

TEST(Footprint, PagesThatWereOnlyReadAreNotResidentAnyMoreAndEverythingWorks) {
  if (const char* emulator = test::emulator(); emulator != nullptr) {
    GTEST_SKIP() << "WHAT IS RESIDENT IS THE MEMORY OF " << emulator;
  }
  std::vector<int> mine(100'000);
  std::iota(mine.begin(), mine.end(), 0);
  std::string big(300'000, 'x');
  resident_file_bytes();  // its own pages are there
  const auto before = resident_file_bytes();
  const auto asked = give_back_start_memory();
  const auto after = resident_file_bytes();
  EXPECT_GT(asked, 1u << 20);
  EXPECT_LT(after, before / 2) << before;
  EXPECT_EQ(std::accumulate(mine.begin(), mine.end(), std::int64_t{0}), 4'999'950'000);
  EXPECT_EQ(big, std::string(300'000, 'x'));
  const volatile int first = 0;
  EXPECT_EQ(kCalls[first](10), 20);
  EXPECT_EQ(kCalls[first + 1](10), 5);
  EXPECT_THROW(throw std::string("found"), std::string) << "the tables of exceptions are there";
  EXPECT_EQ(give_back_start_memory(), asked) << "again and again";
}

#if !defined(__SANITIZE_ADDRESS__)  // whose heap is another one
TEST(Footprint, ALargeBlockGoesBackWhateverWasFreedBefore) {
  const auto mapped = [](std::size_t bytes) {
    const auto before = ::mallinfo2().hblks;
    const std::vector<char> block(bytes, 'x');
    return ::mallinfo2().hblks > before;
  };
  EXPECT_TRUE(mapped(16 << 20));
  EXPECT_FALSE(mapped(1 << 20)) << "glibc took the block of before for the measure";
  bound_heap();
  ::malloc_trim(0);  // what lies free at the end of the heap would be taken first
  EXPECT_TRUE(mapped(16 << 20));
  EXPECT_TRUE(mapped(1 << 20));
  EXPECT_FALSE(mapped(64 << 10)) << "what comes and goes all the time stays in the heap";
}
#endif

}  // namespace
}  // namespace derivd::service
