// Owns the way to the time zones of this system (tzdata). The reader of hours asks it by the name
// that the file gives. It never reads TZ or /etc/localtime: where the machine stands decides
// nothing.
#pragma once

#include <memory>
#include <string_view>

#include "core/result.hpp"
#include "core/time_zone.hpp"

namespace derivd::config {

inline constexpr std::string_view kZones = "/usr/share/zoneinfo";

/// A zone by its IANA name, as "Europe/Berlin". Errors name the nearest zone that there is, or say
/// that this system has none. `directory`: where tzdata lies.
core::Result<std::shared_ptr<const core::TimeZone>> find_zone(std::string_view name,
                                                              std::string_view directory = kZones);

}  // namespace derivd::config
