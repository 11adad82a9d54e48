#include "sim/json.hpp"

#include <fmt/format.h>

#include <charconv>

namespace derivd::sim {
namespace {

bool is_digit_char(char c) { return c >= '0' && c <= '9'; }

/// The length of a JSON number at the start of `text`, 0 when there is none.
std::size_t number_length(std::string_view text) {
  std::size_t i = 0;
  const auto digits = [&] {
    const std::size_t from = i;
    while (i < text.size() && is_digit_char(text[i])) ++i;
    return i - from;
  };
  if (i < text.size() && text[i] == '-') ++i;
  const std::size_t first = i;
  const std::size_t whole = digits();
  if (whole == 0 || (whole > 1 && text[first] == '0')) return 0;
  if (i < text.size() && text[i] == '.') {
    ++i;
    if (digits() == 0) return 0;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (digits() == 0) return 0;
  }
  return i;
}

void append_utf8(std::string& out, std::uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (c >> 18));
    out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

}  // namespace

class JsonParser {
 public:
  explicit JsonParser(std::string_view text) : text_(text) {}

  core::Result<Json> run() {
    Json value;
    if (!parse_value(value, 0)) return fail();
    skip_blanks();
    if (at_ != text_.size()) return fail();
    return value;
  }

 private:
  core::Error fail() const {
    return core::invalid(fmt::format("not JSON at byte {} of {}", at_ + 1, text_.size()));
  }
  void skip_blanks() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool word(std::string_view w) {
    if (text_.substr(at_, w.size()) != w) return false;
    at_ += w.size();
    return true;
  }

  bool parse_value(Json& out, int depth) {
    if (depth > Json::kMaxDepth) return false;
    skip_blanks();
    if (at_ >= text_.size()) return false;
    switch (text_[at_]) {
      case '{':
        return parse_object(out, depth);
      case '[':
        return parse_array(out, depth);
      case '"':
        out.kind_ = Json::Kind::kString;
        return parse_string(out.text_);
      case 't':
        out = Json::boolean(true);
        return word("true");
      case 'f':
        out = Json::boolean(false);
        return word("false");
      case 'n':
        return word("null");
      default:
        break;
    }
    const std::size_t n = number_length(text_.substr(at_));
    if (n == 0) return false;
    out = Json::number(std::string(text_.substr(at_, n)));
    at_ += n;
    return true;
  }

  bool parse_object(Json& out, int depth) {
    out.kind_ = Json::Kind::kObject;
    ++at_;
    skip_blanks();
    if (take('}')) return true;
    do {
      skip_blanks();
      std::string key;
      if (at_ >= text_.size() || text_[at_] != '"' || !parse_string(key)) return false;
      skip_blanks();
      if (!take(':')) return false;
      Json value;
      if (!parse_value(value, depth + 1)) return false;
      if (out.members().size() >= Json::kMaxMembers) return false;
      out.set(std::move(key), std::move(value));
      skip_blanks();
    } while (take(','));
    return take('}');
  }

  bool parse_array(Json& out, int depth) {
    out.kind_ = Json::Kind::kArray;
    ++at_;
    skip_blanks();
    if (take(']')) return true;
    do {
      Json value;
      if (!parse_value(value, depth + 1)) return false;
      out.push(std::move(value));
      skip_blanks();
    } while (take(','));
    return take(']');
  }

  bool parse_hex4(std::uint32_t& out) {
    if (at_ + 4 > text_.size()) return false;
    const char* from = text_.data() + at_;
    const auto [end, ec] = std::from_chars(from, from + 4, out, 16);
    at_ += 4;
    return ec == std::errc{} && end == from + 4;
  }

  bool parse_escape(std::string& out) {
    if (at_ >= text_.size()) return false;
    const char c = text_[at_++];
    switch (c) {
      case '"':
      case '\\':
      case '/':
        out += c;
        return true;
      case 'b':
        out += '\b';
        return true;
      case 'f':
        out += '\f';
        return true;
      case 'n':
        out += '\n';
        return true;
      case 'r':
        out += '\r';
        return true;
      case 't':
        out += '\t';
        return true;
      case 'u':
        break;
      default:
        return false;
    }
    std::uint32_t code = 0;
    if (!parse_hex4(code)) return false;
    if (code >= 0xD800 && code < 0xDC00) {
      std::uint32_t low = 0;
      if (!word("\\u") || !parse_hex4(low) || low < 0xDC00 || low > 0xDFFF) return false;
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code < 0xE000) {
      return false;
    }
    append_utf8(out, code);
    return true;
  }

  bool parse_string(std::string& out) {
    ++at_;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c != '\\')
        out += c;
      else if (!parse_escape(out))
        return false;
    }
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

core::Result<Json> Json::parse(std::string_view text) { return JsonParser(text).run(); }

Json Json::string(std::string text) {
  Json j;
  j.kind_ = Kind::kString;
  j.text_ = std::move(text);
  return j;
}
Json Json::number(std::string text) {
  Json j;
  j.kind_ = Kind::kNumber;
  j.text_ = std::move(text);
  return j;
}
Json Json::boolean(bool value) {
  Json j;
  j.kind_ = Kind::kBool;
  j.text_ = value ? "true" : "false";
  return j;
}
Json Json::object() {
  Json j;
  j.kind_ = Kind::kObject;
  return j;
}
Json Json::array() {
  Json j;
  j.kind_ = Kind::kArray;
  return j;
}

const Json* Json::find(std::string_view key) const {
  for (const auto& [name, value] : members_)
    if (name == key) return &value;
  return nullptr;
}

void Json::set(std::string key, Json value) {
  for (auto& [name, old] : members_)
    if (name == key) {
      old = std::move(value);
      return;
    }
  members_.emplace_back(std::move(key), std::move(value));
}

std::optional<core::Decimal> Json::as_decimal() const {
  if (kind_ != Kind::kNumber) return std::nullopt;
  auto d = core::Decimal::parse(text_);
  if (!d) return std::nullopt;
  return *d;
}

std::optional<std::int64_t> Json::as_int() const {
  const auto d = as_decimal();
  if (!d) return std::nullopt;
  const std::int64_t unit = core::pow10(d->scale);
  if (d->mantissa % unit != 0) return std::nullopt;
  return d->mantissa / unit;
}

void Json::dump_to(std::string& out) const {
  switch (kind_) {
    case Kind::kNull:
      out += "null";
      return;
    case Kind::kBool:
    case Kind::kNumber:
      out += text_;
      return;
    case Kind::kString:
      append_quoted(out, text_);
      return;
    case Kind::kArray: {
      out += '[';
      for (std::size_t i = 0; i < items_.size(); ++i) {
        if (i != 0) out += ',';
        items_[i].dump_to(out);
      }
      out += ']';
      return;
    }
    case Kind::kObject: {
      out += '{';
      for (std::size_t i = 0; i < members_.size(); ++i) {
        if (i != 0) out += ',';
        append_quoted(out, members_[i].first);
        out += ':';
        members_[i].second.dump_to(out);
      }
      out += '}';
      return;
    }
  }
}

std::string Json::dump() const {
  std::string out;
  dump_to(out);
  return out;
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20)
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        else
          out += c;
    }
  }
  out += '"';
}

std::string quoted(std::string_view text) {
  std::string out;
  append_quoted(out, text);
  return out;
}

void JsonOut::separate() {
  if (!first_) out_ += ',';
  first_ = false;
}
JsonOut& JsonOut::begin(char bracket) {
  separate();
  out_ += bracket;
  first_ = true;
  return *this;
}
JsonOut& JsonOut::end(char bracket) {
  out_ += bracket;
  first_ = false;
  return *this;
}
JsonOut& JsonOut::key(std::string_view name) {
  separate();
  append_quoted(out_, name);
  out_ += ':';
  first_ = true;  // the value that follows takes no comma
  return *this;
}
JsonOut& JsonOut::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}
JsonOut& JsonOut::value(std::string_view text) {
  separate();
  append_quoted(out_, text);
  return *this;
}
JsonOut& JsonOut::value(std::int64_t n) {
  separate();
  out_ += fmt::format("{}", n);
  return *this;
}

std::string number(core::Money amount) {
  return core::Decimal{amount.units(), amount.exponent()}.to_string();
}
std::string number(core::Price price) {
  return core::Decimal{price.mantissa(), price.decimals()}.to_string();
}

}  // namespace derivd::sim
