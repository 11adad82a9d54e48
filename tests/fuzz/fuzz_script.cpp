// Any bytes as frames between derivd and a script's process, read on both sides: what is taken can
// be written again, as the same bytes.
#include <cstdint>
#include <cstdlib>
#include <variant>

#include "script/wire.hpp"

namespace {

using namespace derivd::script;

template <class Read>
void read_again(std::string_view body, Read&& read) {
  const auto message = read(body);
  if (!message) return;
  std::string written;
  const auto write = [&](const auto& one) { encode(one, written); };
  std::visit(write, *message);
  if (std::string_view(written).substr(4) != body) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Frames frames;
  frames.add({reinterpret_cast<const char*>(data), size});
  for (auto body = frames.next(); body && *body; body = frames.next()) {
    read_again(**body, decode_to_process);
    read_again(**body, decode_from_process);
  }
  return 0;
}
