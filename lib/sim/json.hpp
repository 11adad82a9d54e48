// Owns the simulator's JSON: a small tree that keeps every number as it was written, and a writer
// that is handed numbers as text. The simulated venue decodes requests and encodes frames with it;
// it is called on the loop thread. It never turns a number into a float, so that 0.35 stays 0.35
// and the same seed gives the same bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/decimal.hpp"
#include "core/result.hpp"

namespace derivd::sim {

class Json {
 public:
  enum class Kind : std::uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };
  using Member = std::pair<std::string, Json>;

  Json() = default;
  /// RFC 8259, whole text, at most kMaxDepth levels; of a repeated key the last one counts.
  static core::Result<Json> parse(std::string_view text);
  static Json string(std::string text);
  static Json number(std::string text);  // `text` must be a JSON number
  static Json boolean(bool value);
  static Json object();
  static Json array();

  Kind kind() const { return kind_; }
  bool is_object() const { return kind_ == Kind::kObject; }
  bool is_array() const { return kind_ == Kind::kArray; }
  bool is_string() const { return kind_ == Kind::kString; }
  bool is_number() const { return kind_ == Kind::kNumber; }
  bool is_null() const { return kind_ == Kind::kNull; }

  /// Strings: the decoded text. Numbers: as written. Booleans: "true" or "false".
  const std::string& text() const { return text_; }
  const std::vector<Member>& members() const { return members_; }
  const std::vector<Json>& items() const { return items_; }
  /// Null pointer when this is no object or has no such member.
  const Json* find(std::string_view key) const;
  void set(std::string key, Json value);
  void push(Json value) { items_.push_back(std::move(value)); }

  /// Whole numbers that fit 64 bits ("5", "5.0"); empty for anything else.
  std::optional<std::int64_t> as_int() const;
  std::optional<core::Decimal> as_decimal() const;

  /// Compact, members in their order, numbers as they were written.
  std::string dump() const;
  void dump_to(std::string& out) const;

  static constexpr int kMaxDepth = 32;
  static constexpr std::size_t kMaxMembers = 256;  // of one object: set() looks through them all

 private:
  friend class JsonParser;
  Kind kind_ = Kind::kNull;
  std::string text_;
  std::vector<Member> members_;
  std::vector<Json> items_;
};

/// Appends `text` as a JSON string, quotes included.
void append_quoted(std::string& out, std::string_view text);
std::string quoted(std::string_view text);

/// Writes one object or array, member by member. Numbers arrive as text, so nothing is rounded.
class JsonOut {
 public:
  JsonOut& begin_object() { return begin('{'); }
  JsonOut& begin_array() { return begin('['); }
  JsonOut& end_object() { return end('}'); }
  JsonOut& end_array() { return end(']'); }
  JsonOut& key(std::string_view name);

  JsonOut& raw(std::string_view json);  // an encoded value
  JsonOut& value(std::string_view text);
  JsonOut& value(std::int64_t number);
  JsonOut& null() { return raw("null"); }

  JsonOut& text(std::string_view name, std::string_view v) { return key(name).value(v); }
  JsonOut& integer(std::string_view name, std::int64_t v) { return key(name).value(v); }
  JsonOut& flag(std::string_view name, bool v) { return key(name).value(std::int64_t{v}); }
  JsonOut& raw(std::string_view name, std::string_view json) { return key(name).raw(json); }

  const std::string& str() const { return out_; }
  std::string take() { return std::move(out_); }

 private:
  JsonOut& begin(char bracket);
  JsonOut& end(char bracket);
  void separate();
  std::string out_;
  bool first_ = true;
};

/// As a JSON number, without trailing zeros: "19.5".
std::string number(core::Money amount);
std::string number(core::Price price);

}  // namespace derivd::sim
