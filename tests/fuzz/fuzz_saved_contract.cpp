// Any bytes as a saved contract or as saved ticks, and the audit of what comes out.
#include "deriv_targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  derivd::deriv::fuzz::saved_contract({reinterpret_cast<const char*>(data), size});
  return 0;
}
