// Owns Secret, text that must never be shown: a token, a one-time password. Credentials are read into
// it and only the two places that send it over TLS look inside. It wipes itself, cannot be copied by
// accident, compared or formatted.
#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace derivd::core {

class Secret final {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
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

  Secret clone() const { return Secret(text_); }
  bool empty() const { return text_.empty(); }
  /// The caller sends it over TLS or hashes it, and keeps no copy.
  std::string_view reveal() const { return text_; }
  void wipe() {
    // explicit_bzero is not optimised away; capacity() because short strings live inside.
    ::explicit_bzero(text_.data(), text_.capacity());
    text_.clear();
  }

 private:
  std::string text_;
};

}  // namespace derivd::core
