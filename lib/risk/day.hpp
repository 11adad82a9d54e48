// Owns the trading day and the hours of trading: plain arithmetic on venue time. The engine asks at
// every event and at every signal. Days are UTC; hours are of UTC or of the zone that they name,
// never of the one that this machine is in.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>

#include "core/time.hpp"
#include "risk/limits.hpp"

namespace derivd::risk {

/// Number of the trading day, rounded down: (venue s − day_starts) / 86400.
std::int64_t day_of(core::VenueTime time, std::chrono::seconds day_starts);

/// First second of that day.
core::VenueTime day_begin(std::int64_t day, std::chrono::seconds day_starts);

/// Whether the clocks of its zone show at `time` what lies in one of the windows [begin, end); no
/// windows mean always. A window over midnight belongs to the weekday on which it begins. Where the
/// clocks are put back, what they show twice is in or out twice; where they are put forward, what
/// they leave out never comes.
bool in_hours(std::span<const Hours> hours, core::VenueTime time);

/// When the first window after `time` begins, or begins again because the clocks were put back;
/// empty without windows, or where none begins within two weeks.
std::optional<core::VenueTime> next_hours(std::span<const Hours> hours, core::VenueTime time);

}  // namespace derivd::risk
