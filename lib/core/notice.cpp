#include "core/notice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace derivd::core {
namespace {

std::optional<std::string> field(std::string_view name, const Notice& n) {
  const std::array<std::string, kNoticeFields.size()> values{std::string(name_of(n.kind)),
                                                             n.text,
                                                             n.strategy,
                                                             n.symbol,
                                                             n.contract,
                                                             n.order,
                                                             n.stake,
                                                             n.profit,
                                                             n.reason,
                                                             n.account,
                                                             n.host,
                                                             n.time};
  const auto at = std::find(kNoticeFields.begin(), kNoticeFields.end(), name);
  if (at == kNoticeFields.end()) return std::nullopt;
  return values[static_cast<std::size_t>(at - kNoticeFields.begin())];
}

/// Calls `plain` with text and `named` with what stands in braces; false: a brace without its
/// other.
template <class Plain, class Named>
bool split(std::string_view text, Plain&& plain, Named&& named) {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto brace = text.find_first_of("{}", at);
    plain(text.substr(at, brace - at));
    if (brace == std::string_view::npos) return true;
    if (brace + 1 < text.size() && text[brace + 1] == text[brace]) {
      plain(text.substr(brace, 1));
      at = brace + 2;
      continue;
    }
    const auto end = text.find_first_of("{}", brace + 1);
    if (text[brace] == '}' || end == std::string_view::npos || text[end] == '{') {
      plain(text.substr(brace));
      return false;
    }
    named(text.substr(brace + 1, end - brace - 1));
    at = end + 1;
  }
  return true;
}

}  // namespace

std::string_view name_of(NoticeKind kind) {
  switch (kind) {
    case NoticeKind::kHalt:
      return "halt";
    case NoticeKind::kUnknown:
      return "unknown";
    case NoticeKind::kAmbiguous:
      return "ambiguous";
    case NoticeKind::kMismatch:
      return "mismatch";
    case NoticeKind::kDisconnected:
      return "disconnected";
    case NoticeKind::kConnected:
      return "connected";
    case NoticeKind::kRefused:
      return "refused";
    case NoticeKind::kJournal:
      return "journal";
    case NoticeKind::kSummary:
      return "summary";
    case NoticeKind::kHeldBack:
      return "held_back";
    case NoticeKind::kWaits:
      return "waits";
    case NoticeKind::kSilent:
      return "silent";
  }
  return "?";
}

Result<void> check_template(std::string_view text) {
  std::string problem;
  const bool paired = split(
      text, [](std::string_view) {},
      [&](std::string_view name) {
        if (!field(name, {}) && problem.empty()) {
          problem = fmt::format("{{{}}} is no field of a notification", name);
        }
      });
  if (!problem.empty()) return invalid(std::move(problem));
  if (!paired) return invalid("a brace without its other; write {{ and }} for braces");
  return {};
}

std::string render(std::string_view text, const Notice& notice) {
  std::string out;
  split(
      text, [&](std::string_view part) { out += part; },
      [&](std::string_view name) {
        out += field(name, notice).value_or(fmt::format("{{{}}}", name));
      });
  return out;
}

}  // namespace derivd::core
