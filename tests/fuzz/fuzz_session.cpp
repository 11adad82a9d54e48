// Any lines as frames for a Live session: each purchase ends once, whatever comes.
#include "deriv_targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  derivd::deriv::fuzz::live_session({reinterpret_cast<const char*>(data), size});
  return 0;
}
