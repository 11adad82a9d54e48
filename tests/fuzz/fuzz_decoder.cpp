// Any bytes as a frame of either dialect: a message, or an error that says why; never a crash.
#include "deriv_targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  derivd::deriv::fuzz::decode({reinterpret_cast<const char*>(data), size});
  return 0;
}
