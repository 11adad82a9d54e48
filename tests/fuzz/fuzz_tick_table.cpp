// A tick file of any form from any bytes.
#include <cstdint>

#include "tick_table_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  derivd::fuzz::tick_table({reinterpret_cast<const char*>(data), size});
  return 0;
}
