// Owns the last net under secrets: texts that go to the log have everything that looks like a token
// or a one-time password taken out, and the token itself wherever it stands. The log calls it for
// every text. It never keeps the token: it remembers a digest and a length.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/printable.hpp"
#include "core/secret.hpp"

namespace derivd::service {

class Redactor final {
 public:
  /// From here on `secret` is hidden wherever it occurs. Secrets shorter than 8 characters are not
  /// remembered: they would blank ordinary words.
  void hide(const core::Secret& secret);
  /// The text with secrets replaced by "[hidden]", and cleaned as core::printable() does: a text of
  /// the venue can neither break a line nor steer a terminal.
  std::string clean(std::string_view text) const;

 private:
  struct Digest {
    std::size_t length;
    std::array<std::uint8_t, 32> sha256;
    bool one_word;  // of visible ASCII characters alone
  };
  std::vector<Digest> hidden_;
};

using core::cut_utf8;

}  // namespace derivd::service
