#include "service/footprint.hpp"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace derivd::service {
namespace {

/// More than any block that is taken and freed again and again: a mapping costs two system calls.
constexpr int kLargeBlock = 256 << 10;
/// Free bytes at the end of the heap that stay for what comes next.
constexpr int kFreeTop = 1 << 20;

/// A segment that is not writable has the file's bytes and nothing else, so that the kernel may
/// forget its pages. What the loader relocates and protects afterwards (RELRO) lies in writable
/// segments, and a segment with relocations in its text is not touched.
int let_go(dl_phdr_info* object, std::size_t, void* total) {
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& header = object->dlpi_phdr[i];
    if (header.p_type != PT_DYNAMIC) continue;
    const auto* entry = reinterpret_cast<const ElfW(Dyn)*>(object->dlpi_addr + header.p_vaddr);
    for (; entry->d_tag != DT_NULL; ++entry) {
      if (entry->d_tag == DT_TEXTREL) return 0;
      if (entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_TEXTREL) != 0) return 0;
    }
  }
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& header = object->dlpi_phdr[i];
    if (header.p_type != PT_LOAD || (header.p_flags & PF_W) != 0) continue;
    const auto begin = (object->dlpi_addr + header.p_vaddr) & ~(page - 1);
    const auto end = (object->dlpi_addr + header.p_vaddr + header.p_memsz + page - 1) & ~(page - 1);
    // The kernel's own page of code refuses, and may.
    if (::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED) == 0) {
      *static_cast<std::size_t*>(total) += end - begin;
    }
  }
  return 0;
}

}  // namespace

void bound_heap() {
  ::mallopt(M_MMAP_THRESHOLD, kLargeBlock);
  ::mallopt(M_TRIM_THRESHOLD, kFreeTop);
}

std::size_t give_back_start_memory() {
  ::malloc_trim(0);
  std::size_t total = 0;
  ::dl_iterate_phdr(let_go, &total);
  return total;
}

}  // namespace derivd::service
