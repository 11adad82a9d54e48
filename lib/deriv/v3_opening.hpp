// Owns the way to an authorised socket in the v3 dialect: open it, send the token, check what came
// back. The session drives it. It never sees the frame with the token, which the encoder writes.
#pragma once

#include "deriv/dialect.hpp"

namespace derivd::deriv {

class V3Opening final : public Opening {
 public:
  explicit V3Opening(const SessionSettings& settings) : settings_(settings) {}
  Step begin() override;
  Step on_http(int status, std::string_view body) override;
  Step on_http_failed(std::string_view reason) override;
  Call login_call() const override { return Call::kAuthorize; }
  Step on_login(const Frame& frame) override;
  void forget_token() override { findings_ = {}; }

 private:
  Step check_account(const AuthorizePayload& login);
  const SessionSettings& settings_;
  core::ShortString<32> account_;  // of the first authorisation
};

}  // namespace derivd::deriv
