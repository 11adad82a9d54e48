// Any bytes as a configuration: a Config or problems, each on one line and with a place; never a
// crash, a hang or an exception.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "config/config.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace derivd::config;
  const auto result = load_text({reinterpret_cast<const char*>(data), size});
  if (const auto* problems = std::get_if<std::vector<Problem>>(&result)) {
    if (problems->empty()) std::abort();
    for (const auto& p : *problems) {
      if (p.line < 1 || p.column < 1 || p.reason.empty()) std::abort();
      if (format(p, "f").find('\n') != std::string::npos) std::abort();
    }
  } else {
    const auto& config = std::get<Config>(result);
    if (!diff(config, config).empty()) std::abort();
  }
  return 0;
}
