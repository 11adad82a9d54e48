// Owns the daemon's answers as its clients see them: a line of bytes becomes a result or an error,
// within bounds, and whoever prints it finds every value, the missing and the strange ones too.
// derivctl and `derivd reload` ask with it; a daemon that was taken over may answer anything. It
// never trusts a key to be there, because the daemon may also be older or newer than its client.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace derivd::daemon {

/// Values of one answer, and members of one object in it: a list of 100,000 trades has 3 million.
inline constexpr std::size_t kMaxAnswerValues = 5'000'000;
inline constexpr std::size_t kMaxAnswerMembers = 1000;
/// Bytes of a text of an answer that are shown.
inline constexpr std::size_t kMaxShownText = 2000;

struct Reply {
  bool ok = false;
  nlohmann::ordered_json result;  // of one that is ok
  std::string code;               // of one that is not: "not_found", "usage", "refused"
  std::string error;              // in words, fit to be shown
};
/// kProtocol: no answer of a daemon, with what is wrong.
core::Result<Reply> reply_of(std::string_view line);

/// The member of an object; null where there is none, or no object.
const nlohmann::ordered_json& at(const nlohmann::ordered_json& row, std::string_view key);
/// The elements of a list that are objects; none where it is no list.
std::vector<const nlohmann::ordered_json*> rows_of(const nlohmann::ordered_json& list);

/// A value as people read it, on one line and not endless; "-" for null.
std::string shown(const nlohmann::ordered_json& value);
/// Whether it is exactly this text, of which there is at least a letter.
bool is(const nlohmann::ordered_json& value, std::string_view text);
/// Nothing to show: null, or an empty text.
bool is_blank(const nlohmann::ordered_json& value);
std::optional<std::int64_t> whole_of(const nlohmann::ordered_json& value);
/// "1 trade", "2 trades" of a number; "- trades" of null.
std::string counted(const nlohmann::ordered_json& number, std::string_view one);
/// A number that came as text, such as a contract's id.
std::optional<std::int64_t> id_of(const nlohmann::ordered_json& value);

}  // namespace derivd::daemon
