#include "service/redact.hpp"

#include <openssl/sha.h>

#include <algorithm>

#include "core/printable.hpp"

namespace derivd::service {
namespace {

constexpr std::size_t kShortestSecret = 8;
constexpr std::size_t kMaxSecrets = 16;
constexpr std::string_view kHidden = "[hidden]";

bool is_secret_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '-' || c == '.' || c == '~' || c == '+' || c == '/' || c == '=' || c == '%';
}

/// Tokens and passwords are made of these, and few words of a log are as long as they are: where no
/// such word is, nothing need be hashed. The log asks for each of its texts, on the loop.
bool is_visible(char c) { return c > ' ' && c <= '~'; }

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

bool begins_marker(char c) {
  const auto found = lower(c);
  return std::ranges::any_of(kMarkers, [=](const Marker& m) { return m.word.front() == found; });
}

}  // namespace

void Redactor::hide(const core::Secret& secret) {
  if (secret.reveal().size() < kShortestSecret) return;
  if (hidden_.size() >= kMaxSecrets) hidden_.erase(hidden_.begin());  // tokens long since replaced
  const auto text = secret.reveal();
  hidden_.push_back({text.size(), sha256(text), std::ranges::all_of(text, is_visible)});
}

std::string Redactor::clean(std::string_view text) const {
  std::string out;
  out.reserve(text.size());
  std::size_t i = 0;
  std::size_t word_end = 0;  // of the visible characters from i on
  const auto known = [&](std::size_t at) -> std::size_t {
    for (const auto& digest : hidden_) {
      const auto end = digest.one_word ? word_end : text.size();
      if (at + digest.length <= end && sha256(text.substr(at, digest.length)) == digest.sha256) {
        return digest.length;
      }
    }
    return 0;
  };
  while (i < text.size()) {
    word_end = std::max(word_end, i);
    while (word_end < text.size() && is_visible(text[word_end])) ++word_end;
    if (const auto length = known(i); length > 0) {
      out += kHidden;
      i += length;
      continue;
    }
    const char c = text[i];
    if (c >= ' ' && c <= '~' && !begins_marker(c)) {
      out.push_back(c);
      ++i;
      continue;
    }
    const auto rest = text.substr(i);
    const auto* marker = std::find_if(kMarkers.begin(), kMarkers.end(), [&](const Marker& m) {
      return starts_with(rest, m.word) && rest.size() > m.word.size() &&
             is_secret_char(rest[m.word.size()]);
    });
    if (marker != kMarkers.end()) {
      if (marker->keep) out += rest.substr(0, marker->word.size());
      out += kHidden;
      i += marker->word.size();
      while (i < text.size() && is_secret_char(text[i])) ++i;
      continue;
    }
    const auto character = core::first_character(rest);
    out += character.as_it_is ? rest.substr(0, character.length) : "?";
    i += character.length;
  }
  return out;
}

}  // namespace derivd::service
