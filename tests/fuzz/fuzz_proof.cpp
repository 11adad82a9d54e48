// Any bytes as a message of the venue to a proof.
#include "ctl_targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  derivd::ctl::fuzz::proof({reinterpret_cast<const char*>(data), size});
  return 0;
}
