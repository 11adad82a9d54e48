// A day's file of the tick archive from any bytes.
#include <cstdint>

#include "tick_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  derivd::fuzz::tick_file({reinterpret_cast<const char*>(data), size});
  return 0;
}
