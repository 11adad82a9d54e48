#include "service/redact.hpp"

#include <openssl/sha.h>

#include <algorithm>

#include "core/printable.hpp"

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
    const auto character = core::first_character(rest);
    out += character.as_it_is ? rest.substr(0, character.length) : "?";
    i += character.length;
  }
  return out;
}

}  // namespace derivd::service
