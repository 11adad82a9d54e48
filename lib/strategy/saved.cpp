#include "strategy/saved.hpp"

#include <fmt/format.h>

#include <charconv>
#include <vector>

namespace derivd::strategy {

std::string save_numbers(std::string_view tag, std::span<const std::int64_t> numbers) {
  std::string out{tag};
  for (const auto n : numbers) out += fmt::format(" {}", n);
  return out;
}

core::Result<void> load_numbers(std::string_view saved, std::string_view tag,
                                std::span<std::int64_t> numbers) {
  const auto broken = [&] {
    return core::invalid(fmt::format("'{}' is not a saved state of {}", saved.substr(0, 80), tag));
  };
  if (!saved.starts_with(tag)) return broken();
  auto rest = saved.substr(tag.size());
  std::vector<std::int64_t> read;
  while (!rest.empty()) {
    if (rest.front() != ' ') return broken();
    rest.remove_prefix(1);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (error != std::errc{} || read.size() == numbers.size()) return broken();
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    read.push_back(value);
  }
  if (read.size() != numbers.size()) return broken();
  for (std::size_t i = 0; i < read.size(); ++i) numbers[i] = read[i];
  return {};
}

}  // namespace derivd::strategy
