// Owns the reading of single JSON values with simdjson's on-demand front end: strict types, exact
// numbers from their text, errors that name the field. Only the decoders of this room use it.
// It never converts through floating point.
#pragma once

#include <simdjson.h>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/decimal.hpp"
#include "core/ids.hpp"
#include "core/printable.hpp"
#include "core/result.hpp"
#include "core/short_string.hpp"
#include "core/time.hpp"
#include "deriv/frame.hpp"

// NOLINTBEGIN(bugprone-macro-parentheses): it declares a name
#define DERIV_TRY_AS(name, expression) \
  if (auto name = (expression); !name) return name.error()
// NOLINTEND(bugprone-macro-parentheses)
#define DERIV_TRY_NAMED(counter, expression) DERIV_TRY_AS(status_##counter, expression)
#define DERIV_TRY_COUNTED(counter, expression) DERIV_TRY_NAMED(counter, expression)
/// Returns the error of a Status, from the function around. Nests.
#define DERIV_TRY(expression)                   \
  do {                                          \
    DERIV_TRY_COUNTED(__COUNTER__, expression); \
  } while (false)

namespace derivd::deriv::json {

namespace ondemand = simdjson::ondemand;
using core::Result;
using Value = ondemand::value;
using Status = Result<void>;

inline core::Error bad(std::string_view name, std::string_view what) {
  return core::protocol_error(fmt::format("{} {}", name, what));
}
inline core::Error broken(std::string_view name, simdjson::error_code code) {
  return bad(name, fmt::format("is not readable JSON: {}", simdjson::error_message(code)));
}

/// RFC 8259 number grammar. On-demand parsing checks only what is asked of it, and this text is the
/// number's one reader.
inline bool is_json_number(std::string_view text) {
  std::size_t i = 0;
  const auto digits = [&] {
    const auto start = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i;
    return i - start;
  };
  if (i < text.size() && text[i] == '-') ++i;
  const auto first = i;
  const auto whole = digits();
  if (whole == 0 || (whole > 1 && text[first] == '0')) return false;
  if (i < text.size() && text[i] == '.') {
    ++i;
    if (digits() == 0) return false;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
    if (digits() == 0) return false;
  }
  return i == text.size();
}

/// Nothing but blanks follows the value that was read.
inline bool at_end(ondemand::document& document) {
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

inline Result<bool> is_null(Value value, std::string_view name) {
  bool null = false;
  if (const auto e = value.is_null().get(null)) return broken(name, e);
  return null;
}

/// The text of a number, or of a string that holds one: the venue sends both (options: money and
/// spots of contracts as strings; 2016-17 v3: nearly everything).
inline Result<std::string_view> number_text(Value value, std::string_view name) {
  ondemand::json_type type{};
  if (const auto e = value.type().get(type)) return broken(name, e);
  std::string_view text;
  if (type == ondemand::json_type::number) {
    text = value.raw_json_token();
    while (!text.empty() && (text.back() == ' ' || text.back() == '\n' || text.back() == '\r' ||
                             text.back() == '\t')) {
      text.remove_suffix(1);
    }
  } else if (type == ondemand::json_type::string) {
    if (const auto e = value.get_string().get(text)) return broken(name, e);
  } else {
    return bad(name, "is not a number");
  }
  if (!is_json_number(text)) return bad(name, "is not a number");
  return text;
}

template <class T>
Status once(std::string_view name, const std::optional<T>& out) {
  if (out) return bad(name, "appears twice");
  return {};
}

inline Status read(Value value, std::string_view name, std::optional<core::Decimal>& out) {
  if (auto s = once(name, out); !s) return s;
  const auto text = number_text(value, name);
  if (!text) return text.error();
  auto number = core::Decimal::parse(*text);
  if (!number) return bad(name, number.error().text);
  out = *number;
  return {};
}

inline Status read(Value value, std::string_view name, std::optional<std::int64_t>& out) {
  if (auto s = once(name, out); !s) return s;
  const auto text = number_text(value, name);
  if (!text) return text.error();
  std::int64_t number = 0;
  const auto* end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data(), end, number);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return bad(name, "is not an integer");
  out = number;
  return {};
}

inline Status read(Value value, std::string_view name, std::optional<core::VenueTime>& out) {
  if (auto s = once(name, out); !s) return s;
  std::optional<std::int64_t> seconds;
  if (auto s = read(value, name, seconds); !s) return s;
  if (*seconds < 0 || *seconds > kLastEpoch) return bad(name, "is not an epoch");
  out = core::VenueTime{*seconds};
  return {};
}

template <class Tag>
Status read(Value value, std::string_view name, std::optional<core::Id<Tag>>& out) {
  if (auto s = once(name, out); !s) return s;
  std::optional<std::int64_t> number;
  if (auto s = read(value, name, number); !s) return s;
  if (*number <= 0) return bad(name, "is not a positive id");
  out = core::Id<Tag>{*number};
  return {};
}

/// 0 or 1.
inline Status read(Value value, std::string_view name, std::optional<bool>& out) {
  if (auto s = once(name, out); !s) return s;
  std::optional<std::int64_t> number;
  if (auto s = read(value, name, number); !s) return s;
  if (*number != 0 && *number != 1) return bad(name, "is neither 0 nor 1");
  out = *number == 1;
  return {};
}

inline Status read(Value value, std::string_view name, std::optional<std::string_view>& out) {
  if (auto s = once(name, out); !s) return s;
  ondemand::json_type type{};
  if (const auto e = value.type().get(type)) return broken(name, e);
  if (type != ondemand::json_type::string) return bad(name, "is not a string");
  std::string_view text;
  if (const auto e = value.get_string().get(text)) return broken(name, e);
  out = text;
  return {};
}

template <std::size_t N>
Status read(Value value, std::string_view name, std::optional<core::ShortString<N>>& out) {
  if (auto s = once(name, out); !s) return s;
  std::optional<std::string_view> text;
  if (auto s = read(value, name, text); !s) return s;
  if (!core::ShortString<N>::fits(*text)) return bad(name, "is too long");
  if (!core::is_printable(*text)) return bad(name, "has control characters");
  out = core::ShortString<N>(*text);
  return {};
}

/// Null counts as absent where the schema allows it.
template <class T>
Status read_nullable(Value value, std::string_view name, std::optional<T>& out) {
  const auto null = is_null(value, name);
  if (!null) return null.error();
  if (*null) return {};
  return read(value, name, out);
}

/// Reads amounts of money: exactly, in the decimals of the account's currency.
struct Amounts {
  std::uint8_t decimals = core::Money::kCents;

  Status read(Value value, std::string_view name, std::optional<core::Money>& out) const {
    if (auto s = once(name, out); !s) return s;
    std::optional<core::Decimal> number;
    if (auto s = json::read(value, name, number); !s) return s;
    auto money = core::Money::from(*number, decimals);
    if (!money) return bad(name, money.error().text);
    out = *money;
    return {};
  }
  /// Null counts as absent where the schema allows it.
  Status read_nullable(Value value, std::string_view name, std::optional<core::Money>& out) const {
    const auto null = is_null(value, name);
    if (!null) return null.error();
    return *null ? Status{} : read(value, name, out);
  }
};

/// The text as it may be shown, without allocating where it is as it should be.
template <std::size_t N>
core::ShortString<N> to_show(std::string_view text) {
  if (core::is_printable(text)) return core::ShortString<N>(core::cut_utf8(text, N));
  return core::ShortString<N>(core::cut_utf8(core::printable(text), N));
}

/// For texts that are shown or compared as a whole: cleaned as they are shown, and cut at N.
template <std::size_t N>
Status read_cut(Value value, std::string_view name, std::optional<core::ShortString<N>>& out) {
  if (auto s = once(name, out); !s) return s;
  std::optional<std::string_view> text;
  if (auto s = read(value, name, text); !s) return s;
  out = to_show<N>(*text);
  return {};
}

/// Calls each(key, value) for every field; stops at the first error.
template <class Each>
Status each_field(ondemand::object object, std::string_view name, Each&& each) {
  for (auto field : object) {
    std::string_view key;
    if (const auto e = field.unescaped_key().get(key)) return broken(name, e);
    Value value;
    if (const auto e = field.value().get(value)) return broken(name, e);
    if (auto s = each(key, value); !s) return s;
  }
  return {};
}
template <class Each>
Status each_field(Value value, std::string_view name, Each&& each) {
  ondemand::json_type type{};
  if (const auto e = value.type().get(type)) return broken(name, e);
  if (type != ondemand::json_type::object) return bad(name, "is not an object");
  ondemand::object object;
  if (const auto e = value.get_object().get(object)) return broken(name, e);
  return each_field(object, name, std::forward<Each>(each));
}

/// Calls each(value) for every element, at most `limit`.
template <class Each>
Status each_element(Value value, std::string_view name, std::size_t limit, Each&& each) {
  ondemand::json_type type{};
  if (const auto e = value.type().get(type)) return broken(name, e);
  if (type != ondemand::json_type::array) return bad(name, "is not a list");
  ondemand::array array;
  if (const auto e = value.get_array().get(array)) return broken(name, e);
  std::size_t count = 0;
  for (auto element : array) {
    Value item;
    if (const auto e = element.get(item)) return broken(name, e);
    if (++count > limit) return bad(name, "has too many elements");
    if (auto s = each(item); !s) return s;
  }
  return {};
}

template <class T>
Status require(std::string_view name, const std::optional<T>& field) {
  if (!field) return bad(name, "is missing");
  return {};
}

}  // namespace derivd::deriv::json
