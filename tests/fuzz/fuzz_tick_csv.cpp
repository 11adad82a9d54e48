// A tick file of a person: any bytes under a name.
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

#include "store/tick_csv.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace derivd;
  const int fd = ::memfd_create("ticks", MFD_CLOEXEC);
  if (fd < 0 || ::write(fd, data, size) != static_cast<ssize_t>(size)) std::abort();
  const auto path = "/proc/self/fd/" + std::to_string(fd);
  for (const auto* code : {"R_100", "frxEURUSD", "1HZ10V"}) {
    const auto* symbol = market::find_symbol(code);
    if (symbol == nullptr) continue;
    auto csv = store::TickCsv::open(path, *symbol);
    if (!csv) continue;
    std::array<market::TickRow, 7> rows;  // a batch ends in the middle
    std::int64_t last = INT64_MIN;
    for (;;) {
      const auto n = (*csv)->read(rows);
      if (!n && n.error().text.empty()) std::abort();
      if (!n || *n == 0) break;
      for (std::size_t i = 0; i < *n; ++i) {
        if (rows[i].epoch.s < last || rows[i].mantissa <= 0) std::abort();
        last = rows[i].epoch.s;
      }
    }
  }
  ::close(fd);
  return 0;
}
