// Time zones for tests, made of the rule in words: the bytes that a compiler of zones would write.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/time_zone.hpp"

namespace derivd::core::test {

struct ZoneChange {
  std::int64_t at = 0;
  std::uint8_t type = 0;
};

inline std::string big_endian(std::int64_t value, int width) {
  std::string out;
  for (int shift = 8 * (width - 1); shift >= 0; shift -= 8) {
    out += static_cast<char>(static_cast<std::uint64_t>(value) >> shift & 0xff);
  }
  return out;
}

/// TZif version 2 with an empty first half, as today's compilers write it.
inline std::string tzif(const std::vector<std::int32_t>& offsets,
                        const std::vector<ZoneChange>& changes, std::string_view rule) {
  const auto head = [](std::size_t times, std::size_t types, std::size_t letters) {
    std::string out = "TZif2" + std::string(15, '\0');
    for (const std::size_t n :
         {std::size_t{0}, std::size_t{0}, std::size_t{0}, times, types, letters}) {
      out += big_endian(static_cast<std::int64_t>(n), 4);
    }
    return out;
  };
  std::string out = head(0, 1, 1) + std::string(6, '\0') + std::string(1, '\0');
  out += head(changes.size(), offsets.size(), 4);
  for (const auto& c : changes) out += big_endian(c.at, 8);
  for (const auto& c : changes) out += static_cast<char>(c.type);
  for (const auto offset : offsets) out += big_endian(offset, 4) + std::string(2, '\0');
  return out + std::string("LMT\0", 4) + "\n" + std::string(rule) + "\n";
}

inline std::shared_ptr<const TimeZone> zone_of(std::string_view name, std::string_view rule) {
  return std::make_shared<const TimeZone>(TimeZone::read(name, tzif({0}, {}, rule)).value());
}

inline std::shared_ptr<const TimeZone> berlin() {
  return zone_of("Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3");
}

}  // namespace derivd::core::test
