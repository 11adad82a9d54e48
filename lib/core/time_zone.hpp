// Owns what the clocks of one place show: the offsets from UTC of a time zone and the moments at
// which they change. The configuration reads one from the system's tzdata, trading hours ask it.
// It reads no file, and never asks which zone this machine is in.
//
// Source of the form: RFC 8536 (TZif, versions 2 to 4), and POSIX's TZ for its last line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"

namespace derivd::core {

class TimeZone final {
 public:
  /// Largest file that is read; those of tzdata have at most 4 KiB.
  static constexpr std::size_t kMaxFile = 1 << 16;
  /// The rule of the last line is laid out until the end of this year; after it nothing changes.
  static constexpr int kLastYear = 2099;

  /// Of the bytes of a TZif file. Errors say what is wrong with the bytes, not where they are from.
  static Result<TimeZone> read(std::string_view name, std::string_view bytes);

  /// "Europe/Berlin"
  const std::string& name() const { return name_; }
  /// Seconds that the clocks there are ahead of UTC at that moment; negative west of it.
  std::int32_t offset_at(VenueTime time) const;
  /// The first moment after `time` at which the clocks there are put forward or back.
  std::optional<VenueTime> next_change(VenueTime time) const;
  friend bool operator==(const TimeZone&, const TimeZone&) = default;

 private:
  struct Change {
    VenueTime at;
    std::int32_t offset = 0;  // from then on
    friend bool operator==(const Change&, const Change&) = default;
  };
  /// Empty: the text is no rule.
  static std::optional<std::vector<Change>> changes_of_rule(std::string_view rule, VenueTime after);
  void add(Change change);

  std::string name_;
  std::int32_t first_ = 0;  // before any change
  std::vector<Change> changes_;
};

}  // namespace derivd::core
