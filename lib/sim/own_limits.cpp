#include "sim/own_limits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "core/utc.hpp"
#include "sim/json.hpp"

namespace derivd::sim {

namespace {

// Of the recorded answer (captures/get_self_exclusion).
constexpr std::array<std::string_view, 15> kNames{
    "exclude_until",    "max_30day_deposit",      "max_30day_losses",  "max_30day_turnover",
    "max_7day_deposit", "max_7day_losses",        "max_7day_turnover", "max_balance",
    "max_deposit",      "max_deposit_end_date",   "max_losses",        "max_open_bets",
    "max_turnover",     "session_duration_limit", "timeout_until"};

bool is_date(std::string_view name) {
  return name == "exclude_until" || name == "max_deposit_end_date";
}

std::optional<std::int64_t> whole(std::string_view text) {
  std::int64_t out = 0;
  const auto* end = text.data() + text.size();
  const auto [at, ec] = std::from_chars(text.data(), end, out);
  if (ec != std::errc{} || at != end || out < 0) return std::nullopt;
  return out;
}

}  // namespace

core::Result<void> OwnLimits::add(std::string_view text) {
  const auto equals = text.find('=');
  const auto name = text.substr(0, equals);
  const auto value =
      equals == std::string_view::npos ? std::string_view{} : text.substr(equals + 1);
  if (std::find(kNames.begin(), kNames.end(), name) == kNames.end()) {
    return core::invalid(fmt::format("'{}' is no name of get_self_exclusion; known: {}", name,
                                     fmt::join(kNames, " ")));
  }
  if (std::any_of(given_.begin(), given_.end(), [&](const auto& g) { return g.first == name; })) {
    return core::invalid(fmt::format("{} is given twice", name));
  }
  if (is_date(name)) {
    const auto day = core::utc_date(value);
    if (!day) return core::invalid(fmt::format("{}: a date like 2026-12-31", name));
    if (name == "exclude_until") excluded_until_ = std::max(excluded_until_, day);
  } else {
    const auto number = whole(value);
    if (!number) return core::invalid(fmt::format("{}: a whole number", name));
    if (name == "max_open_bets" && *number > 0) max_open_ = *number;  // 0: not limited
    if (name == "timeout_until") {
      excluded_until_ = std::max(excluded_until_, std::optional(core::VenueTime{*number}));
    }
  }
  given_.emplace_back(name, value);
  return {};
}

std::string OwnLimits::payload() const {
  JsonOut out;
  out.begin_object();
  for (const auto& [name, value] : given_) {
    if (is_date(name)) {
      out.text(name, value);
    } else {
      out.raw(name, value);
    }
  }
  return out.end_object().take();
}

std::optional<WireError> OwnLimits::forbids(std::size_t open, core::VenueTime now) const {
  if (excluded_until_ && now < *excluded_until_) {
    return WireError{"SelfExclusion",
                     fmt::format("You have chosen to exclude yourself from trading until {}.",
                                 core::utc_time(*excluded_until_))};
  }
  if (max_open_ && open >= static_cast<std::size_t>(*max_open_)) {
    return WireError{"OpenPositionLimitExceeded",
                     fmt::format("Sorry, you cannot hold more than {} contracts at a given time. "
                                 "Please wait until some contracts have closed and try again.",
                                 *max_open_)};
  }
  return std::nullopt;
}

}  // namespace derivd::sim
