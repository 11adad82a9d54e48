#include "config/zones.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "config/value.hpp"

namespace derivd::config {
namespace {

namespace fs = std::filesystem;
using core::invalid;

constexpr std::size_t kMaxName = 64;
/// tzdata has some 600; a directory with more is another's.
constexpr std::size_t kMaxZones = 5000;

bool is_capital(char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; }

/// The names are paths below the directory: none leads out of it.
bool is_name(std::string_view name) {
  const auto may_stand = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '+' ||
           c == '/';
  };
  // What begins otherwise is no zone: right/ counts leap seconds, posix/ is the same once more.
  return !name.empty() && name.size() <= kMaxName && is_capital(name.front()) &&
         name.find("//") == std::string_view::npos && !name.ends_with('/') &&
         std::all_of(name.begin(), name.end(), may_stand);
}

/// "posix/Europe/Berlin" and "tzdata.zi" are no names, though they lie there.
std::vector<std::string> names_in(const fs::path& directory) {
  std::vector<std::string> out;
  std::error_code ignored;
  fs::recursive_directory_iterator it(directory, ignored);
  for (const fs::recursive_directory_iterator end; it != end && out.size() < kMaxZones;
       it.increment(ignored)) {
    const auto name = it->path().lexically_relative(directory).string();
    const bool known = is_name(name);
    if (it->is_directory(ignored)) {
      if (!known) it.disable_recursion_pending();
    } else if (known) {
      out.push_back(name);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

/// People say "berlin" for Europe/Berlin.
std::string guess(std::string_view name, const std::vector<std::string>& known) {
  const auto same = [](std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
      return std::tolower(x) == std::tolower(y);
    });
  };
  const auto place = std::find_if(known.begin(), known.end(), [&](std::string_view zone) {
    return same(zone, name) || same(zone.substr(zone.rfind('/') + 1), name);
  });
  if (place != known.end()) return fmt::format(", did you mean '{}'?", *place);
  return did_you_mean(name, std::vector<std::string_view>(known.begin(), known.end()));
}

}  // namespace

core::Result<std::shared_ptr<const core::TimeZone>> find_zone(std::string_view name,
                                                              std::string_view directory) {
  constexpr auto kAllowed =
      "allowed: UTC, or a zone by its IANA name, as Europe/Berlin or America/New_York";
  std::error_code error;
  const auto path = fs::path(directory) / name;
  if (!is_name(name) || !fs::is_regular_file(path, error)) {
    const auto known = names_in(directory);
    if (known.empty()) {
      return invalid(fmt::format(
          "time zone {} cannot be looked up: {} holds none; install tzdata, or write it in UTC",
          shown(name), directory));
    }
    const auto meant = guess(name, known);
    return invalid(fmt::format("unknown time zone {}{} {}", shown(name),
                               meant.empty() ? ";" : meant, kAllowed));
  }
  const auto bytes = read_file(path.string(), core::TimeZone::kMaxFile);
  if (!bytes) return invalid(fmt::format("{}: {}", path.string(), bytes.error().text));
  auto zone = core::TimeZone::read(name, *bytes);
  if (!zone) return invalid(fmt::format("{}: {}", path.string(), zone.error().text));
  return std::make_shared<const core::TimeZone>(std::move(*zone));
}

}  // namespace derivd::config
