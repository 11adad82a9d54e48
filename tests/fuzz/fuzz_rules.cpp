// Any text as an expression of `rules:`.
#include <cstdint>

#include "rules_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  derivd::fuzz::expression({reinterpret_cast<const char*>(data), size});
  return 0;
}
