#include "service/redact.hpp"

#include <openssl/sha.h>

#include <algorithm>

namespace derivd::service {
namespace {

constexpr std::size_t kShortestSecret = 8;
constexpr std::size_t kMaxSecrets = 16;
constexpr std::string_view kHidden = "[hidden]";

bool is_token_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '-' || c == '.' || c == '~' || c == '+' || c == '/' || c == '=' || c == '%';
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool starts_with(std::string_view text, std::string_view word) {
  return text.size() >= word.size() && std::equal(word.begin(), word.end(), text.begin(),
                                                  [](char w, char t) { return w == lower(t); });
}

std::array<std::uint8_t, 32> sha256(std::string_view text) {
  std::array<std::uint8_t, 32> out{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data());
  return out;
}

// Length of the well-formed UTF-8 character at the front; 0 when there is none. C1 controls
// (U+0080 … U+009F) steer terminals too and count as none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const auto second = byte(1);
  if (first == 0xc2 && second < 0xa0) return 0;
  if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)) return 0;
  if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) return 0;
  return length;
}

// What stands before a secret in URLs, headers and frames. `kept` characters stay readable.
struct Marker {
  std::string_view word;
  bool keep;  // the marker itself is not a part of the secret
};
constexpr std::array kMarkers{
    Marker{"pat_", false},
    Marker{"otp=", true},
    Marker{"token=", true},
    Marker{"bearer ", true},
    Marker{"\"authorize\":\"", true},
    Marker{"\"authorize\": \"", true},
    Marker{"\"token\":\"", true},
    Marker{"\"token\": \"", true},
};

}  // namespace

void Redactor::hide(const core::Secret& secret) {
  if (secret.reveal().size() < kShortestSecret) return;
  if (hidden_.size() >= kMaxSecrets) hidden_.erase(hidden_.begin());  // tokens long since replaced
  hidden_.push_back({secret.reveal().size(), sha256(secret.reveal())});
}

std::string Redactor::clean(std::string_view text) const {
  std::string out;
  out.reserve(text.size());
  std::size_t i = 0;
  const auto known = [&](std::size_t at) -> std::size_t {
    for (const auto& digest : hidden_) {
      if (at + digest.length <= text.size() &&
          sha256(text.substr(at, digest.length)) == digest.sha256) {
        return digest.length;
      }
    }
    return 0;
  };
  while (i < text.size()) {
    if (const auto length = known(i); length > 0) {
      out += kHidden;
      i += length;
      continue;
    }
    const auto rest = text.substr(i);
    const auto* marker = std::find_if(kMarkers.begin(), kMarkers.end(), [&](const Marker& m) {
      return starts_with(rest, m.word) && rest.size() > m.word.size() &&
             is_token_char(rest[m.word.size()]);
    });
    if (marker != kMarkers.end()) {
      if (marker->keep) out += rest.substr(0, marker->word.size());
      out += kHidden;
      i += marker->word.size();
      while (i < text.size() && is_token_char(text[i])) ++i;
      continue;
    }
    const auto c = static_cast<unsigned char>(text[i]);
    const auto length = utf8_length(rest);
    if (c < 0x20 || c == 0x7f || length == 0) {
      out += '?';
      ++i;
    } else {
      out += rest.substr(0, length);
      i += length;
    }
  }
  return out;
}

std::string_view cut_utf8(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return text.substr(0, size);
}

}  // namespace derivd::service
