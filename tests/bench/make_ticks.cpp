// make_ticks COUNT [SEED]: a tick file of 1HZ100V on standard output, one tick a second from
// 2025-01-01, a seeded random walk of the index's own volatility. For measurements: a year of
// seconds is 31536000 ticks, about 560 MB, and never belongs into the repository.
#include "make_ticks.hpp"

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: make_ticks COUNT [SEED]\n");
    return 2;
  }
  const auto count = std::strtoll(argv[1], nullptr, 10);
  const auto seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  return derivd::bench::write_ticks(stdout, count, seed) ? 0 : 1;
}
