#include "sim/text_file.hpp"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <fstream>

namespace derivd::sim {

core::Result<std::string> read_text(const std::string& path, std::size_t most) {
  std::error_code error;
  std::ifstream in(path, std::ios::binary);
  if (!in || std::filesystem::is_directory(path, error)) {
    return core::Error{core::ErrorKind::kNotFound, fmt::format("cannot read {}", path)};
  }
  std::string text;
  std::array<char, 65536> chunk;
  while (in) {
    in.read(chunk.data(), chunk.size());
    text.append(chunk.data(), static_cast<std::size_t>(in.gcount()));
    if (text.size() > most) {
      return core::Error{core::ErrorKind::kExhausted, fmt::format("{} is too large", path)};
    }
  }
  return text;
}

}  // namespace derivd::sim
