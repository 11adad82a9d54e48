// Owns Secret, text that must never be shown: a token, a one-time password. Credentials are read
// into it and only the two places that send it over TLS look inside. It wipes itself, cannot be
// copied by accident, compared or formatted.
#pragma once

#include <cstring>
#include <string>
#include <string_view>

namespace derivd::core {

class Secret final {
 public:
  Secret() = default;
  /// Takes the text out of the given string and wipes that: a short string, moved from, would keep
  /// its bytes.
  explicit Secret(std::string&& text) : text_(text) { wipe(text); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept : text_(other.text_) { other.wipe(); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      wipe();
      text_ = other.text_;
      other.wipe();
    }
    return *this;
  }
  ~Secret() { wipe(); }

  Secret clone() const { return Secret(std::string(text_)); }
  bool empty() const { return text_.empty(); }
  /// The caller sends it over TLS or hashes it, and keeps no copy.
  std::string_view reveal() const { return text_; }
  void wipe() { wipe(text_); }

 private:
  static void wipe(std::string& text) {
    // explicit_bzero is not optimised away; capacity() because short strings live inside.
    ::explicit_bzero(text.data(), text.capacity());
    text.clear();
  }

  std::string text_;
};

}  // namespace derivd::core
