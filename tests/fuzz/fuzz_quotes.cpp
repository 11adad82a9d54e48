#include "ctl_targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  derivd::ctl::fuzz::quotes({reinterpret_cast<const char*>(data), size});
  return 0;
}
