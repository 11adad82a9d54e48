// Any bytes as the cache of the venue's symbols.
#include "ctl_targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  derivd::ctl::fuzz::symbols({reinterpret_cast<const char*>(data), size});
  return 0;
}
