// Owns the form in which people read a time: UTC, ISO 8601. Any room that makes a sentence or a row
// uses it. It asks no clock and knows no other zone.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/time.hpp"

namespace derivd::core {

/// "2026-06-21T06:34:44Z", the form that the options take, too.
std::string utc_iso(VenueTime time);
/// "2026-06-21 06:34:44", for a column whose heading says UTC.
std::string utc_time(VenueTime time);

/// The beginning of a day written as "2026-12-31"; empty: the text is no such day.
std::optional<VenueTime> utc_date(std::string_view text);

}  // namespace derivd::core
