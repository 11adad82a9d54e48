// Owns how much memory a daemon keeps that it does not use: what only its start needed goes back,
// pages of the program and of its libraries as well as free pages of the heap, and large blocks go
// back as they are freed. It changes nothing that a program can see but the time of its next
// accesses.
#pragma once

#include <cstddef>

namespace derivd::service {

/// Large blocks are mappings of their own from here on, and go back when they are freed. By itself
/// glibc keeps up to twice the largest block that was ever freed (mallopt(3), M_MMAP_THRESHOLD),
/// and one of 16 MB is needed at each login.
void bound_heap();

/// Pages of code and constants are mapped again when they are next used, out of the page cache, at
/// a microsecond for sixteen of them. Takes some hundred microseconds; on the loop's thread, while
/// nothing waits. Returns the bytes of the mappings that were asked to let go of their pages.
std::size_t give_back_start_memory();

}  // namespace derivd::service
