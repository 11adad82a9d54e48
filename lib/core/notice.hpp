// Owns Notice, a message to a person who does not look at the journal: what kind it is, its text
// and the fields that a template may name. The daemon makes notices of events, the configuration
// checks templates against the fields. It never carries a secret and sends nothing.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace derivd::core {

/// Also the keys of notify.templates.
enum class NoticeKind : std::uint8_t {
  kHalt,          // a strategy, or the account for the day
  kUnknown,       // a purchase whose outcome is not proven, and how that ended
  kAmbiguous,     // one that cannot be decided
  kMismatch,      // witnesses of a settlement disagree
  kDisconnected,  // for longer than notify.disconnected_after
  kConnected,     // after that
  kRefused,       // the venue refused token or account; the daemon ends
  kJournal,       // the journal cannot be written
  kSummary,       // of the day that ended
  kHeldBack,      // how many were not sent because of the rate limit
  kWaits,         // a strategy whose purchases the venue refuses for now
  kSilent,        // a symbol of which no ticks come, and when they come again
};
inline constexpr std::size_t kNoticeKinds = 12;
std::string_view name_of(NoticeKind kind);  // "halt", "unknown", …

struct Notice {
  NoticeKind kind = NoticeKind::kHalt;
  std::string text;  // complete without the fields
  std::string strategy;
  std::string symbol;
  std::string contract;
  std::string order;
  std::string stake;
  std::string profit;
  std::string reason;
  std::string account;  // shortened
  std::string host;
  std::string time;  // UTC, ISO 8601

  friend bool operator==(const Notice&, const Notice&) = default;
};

/// What a template may name, in braces.
inline constexpr std::array<std::string_view, 12> kNoticeFields{
    "kind",  "text",   "strategy", "symbol",  "contract", "order",
    "stake", "profit", "reason",   "account", "host",     "time"};

/// An error names the field that does not exist. "{{" and "}}" stand for braces.
Result<void> check_template(std::string_view text);
/// The template with its fields filled in; what is no field (check_template) stays as it is.
std::string render(std::string_view text, const Notice& notice);

}  // namespace derivd::core
