#include "staking/saved.hpp"

#include <fmt/format.h>

#include <charconv>

namespace derivd::staking {

std::string save_state(std::string_view name, std::initializer_list<std::int64_t> numbers,
                       const std::optional<core::Money>& ceiling) {
  std::string out{name};
  for (const auto n : numbers) out += fmt::format(" {}", n);
  if (ceiling) out += fmt::format(" {}", ceiling->units());
  return out;
}

core::Result<std::vector<std::int64_t>> load_state(std::string_view saved, std::string_view name,
                                                   std::size_t count, bool with_ceiling) {
  const auto broken =
      core::invalid(fmt::format("'{}' is not a saved state of plan {}", saved.substr(0, 80), name));
  if (!saved.starts_with(name)) return broken;
  auto rest = saved.substr(name.size());
  std::vector<std::int64_t> out;
  const auto most = count + (with_ceiling ? 1 : 0);
  while (!rest.empty() && rest.front() == ' ' && out.size() < most) {
    rest.remove_prefix(1);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (error != std::errc{}) return broken;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    out.push_back(value);
  }
  if (!rest.empty() || out.size() < count) return broken;
  return out;
}

}  // namespace derivd::staking
