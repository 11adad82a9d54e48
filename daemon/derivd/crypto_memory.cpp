// Owns the small blocks that OpenSSL asks for: it takes one of some 40 bytes, and gives it back,
// two to four times for every record that it reads or writes (3.0; four between a tick and the
// purchase that answers it). The loop's thread keeps a few instead of asking the heap each time.
// Everything is memory of malloc() all the same, so that any thread may free any block.
#include <malloc.h>
#include <openssl/crypto.h>

#include <array>
#include <cstddef>
#include <cstdlib>

namespace {

/// What one of the kept blocks holds at least, and what malloc() makes of it at most.
constexpr std::size_t kBlock = 64;
constexpr std::size_t kLargest = 80;
/// More than OpenSSL has at a time for one connection.
constexpr std::size_t kKept = 32;

struct Blocks {
  std::array<void*, kKept> free{};
  std::size_t count = 0;
};
constinit Blocks g_blocks;
// The others, which resolve names and do what may wait, have the heap.
constinit thread_local Blocks* t_blocks = nullptr;

void* take(std::size_t size, const char* /*file*/, int /*line*/) {
  if (size == 0) return nullptr;
  if (size > kBlock) return std::malloc(size);
  if (t_blocks != nullptr && t_blocks->count > 0) return t_blocks->free[--t_blocks->count];
  return std::malloc(kBlock);
}

void give(void* block, const char* /*file*/, int /*line*/) {
  if (block == nullptr) return;
  const auto size = t_blocks != nullptr && t_blocks->count < kKept ? malloc_usable_size(block) : 0;
  if (size < kBlock || size > kLargest) return std::free(block);
  t_blocks->free[t_blocks->count++] = block;
}

// As OpenSSL's own: nothing makes one, and no size is its end.
void* resize(void* block, std::size_t size, const char* file, int line) {
  if (block == nullptr) return take(size, file, line);
  if (size != 0) return std::realloc(block, size);
  give(block, file, line);
  return nullptr;
}

// OpenSSL takes these only before it has allocated anything, and Asio's own initialisation lets it:
// this runs before all others of the program, on the thread that becomes the loop's.
[[gnu::constructor(101)]] void lend_to_openssl() {
#if !defined(__SANITIZE_ADDRESS__)  // which is to see every use of what was freed
  if (CRYPTO_set_mem_functions(take, resize, give) == 1) t_blocks = &g_blocks;
#endif
}

}  // namespace
