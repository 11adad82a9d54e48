#include "common/answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "common/json_walk.hpp"
#include "core/counted.hpp"
#include "core/printable.hpp"

namespace derivd::daemon {
namespace {

using nlohmann::ordered_json;

/// Looks at an answer before anything is built of it. Members count apart: the library looks
/// through all of an object for each.
class Bounds final : public JsonVisitor {
 public:
  core::Result<void> begin(const JsonPath& path, bool /*is_object*/) override {
    members_[path.size()] = 0;
    return count(path);
  }
  core::Result<void> scalar(const JsonPath& path, const JsonScalar& /*value*/) override {
    return count(path);
  }

 private:
  core::Result<void> count(const JsonPath& path) {
    if (++values_ > kMaxAnswerValues) return core::invalid("it has too many values");
    if (path.size() == 0 || !path[path.size() - 1].is_key) return {};
    if (++members_[path.size() - 1] > kMaxAnswerMembers) {
      return core::invalid("an object of it has too many members");
    }
    return {};
  }
  std::size_t values_ = 0;
  std::array<std::size_t, kMaxJsonDepth + 1> members_{};
};

core::Error no_answer(std::string_view why) {
  return {core::ErrorKind::kProtocol, fmt::format("the daemon's answer is none: {}", why)};
}

}  // namespace

core::Result<Reply> reply_of(std::string_view line) {
  auto bytes = ByteSource::of(line);
  Bounds bounds;
  if (const auto good = walk_json(bytes, line.size(), bounds); !good) {
    return no_answer(good.error().text);
  }
  auto parsed = ordered_json::parse(line, nullptr, false);
  if (!parsed.is_object()) return no_answer("not an object");
  Reply out;
  const auto& ok = at(parsed, "ok");
  out.ok = ok.is_boolean() && ok.get<bool>();
  if (out.ok) {
    if (!parsed.contains("result")) return no_answer("without a result");
    out.result = std::move(parsed["result"]);
    return out;
  }
  out.code = shown(at(parsed, "code"));
  out.error = is_blank(at(parsed, "error")) ? "refused" : shown(at(parsed, "error"));
  return out;
}

const ordered_json& at(const ordered_json& row, std::string_view key) {
  static const ordered_json nothing;
  if (!row.is_object()) return nothing;
  const auto found = row.find(key);
  return found == row.end() ? nothing : *found;
}

std::vector<const ordered_json*> rows_of(const ordered_json& list) {
  std::vector<const ordered_json*> out;
  if (!list.is_array()) return out;
  for (const auto& row : list) {
    if (row.is_object()) out.push_back(&row);
  }
  return out;
}

std::string shown(const ordered_json& value) {
  if (value.is_null()) return "-";
  const auto text = value.is_string()
                        ? value.get<std::string>()
                        : value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  if (text.size() <= kMaxShownText) return core::printable(text);
  return core::printable(core::cut_utf8(text, kMaxShownText)) + "…";
}

bool is(const ordered_json& value, std::string_view text) {
  return value.is_string() && value.get_ref<const std::string&>() == text;
}

bool is_blank(const ordered_json& value) {
  return value.is_null() || (value.is_string() && value.get_ref<const std::string&>().empty());
}

std::optional<std::int64_t> whole_of(const ordered_json& value) {
  // One from 2^63 on has no place in 64 bits with a sign.
  const bool fits = value.is_number_integer() &&
                    (!value.is_number_unsigned() || value.get<std::uint64_t>() <= INT64_MAX);
  return fits ? std::optional(value.get<std::int64_t>()) : std::nullopt;
}

std::string counted(const ordered_json& number, std::string_view one) {
  const auto count = whole_of(number);
  return count ? core::counted(*count, one) : fmt::format("{} {}s", shown(number), one);
}

std::optional<std::int64_t> id_of(const ordered_json& value) {
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  std::int64_t id = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, id);
  return error == std::errc{} && stop == end ? std::optional(id) : std::nullopt;
}

}  // namespace derivd::daemon
