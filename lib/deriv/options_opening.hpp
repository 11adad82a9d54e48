// Owns the way to an authorised socket in the options dialect: list the accounts, choose one, probe
// the token's scopes, fetch a fresh one-time password, open its URL, compare the balance's account.
// The session drives it. It never keeps or shows the URL with the password.
#pragma once

#include <optional>

#include "deriv/dialect.hpp"
#include "deriv/rest.hpp"

namespace derivd::deriv {

class OptionsOpening final : public Opening {
 public:
  explicit OptionsOpening(const SessionSettings& settings) : settings_(settings) {}
  Step begin() override;
  Step on_http(int status, std::string_view body) override;
  Step on_http_failed(std::string_view reason) override;
  Call login_call() const override { return Call::kBalance; }
  Step on_login(const Frame& frame) override;
  void forget_token() override;

 private:
  enum class Waiting : std::uint8_t { kNothing, kAccounts, kProbe, kPassword, kSocket };

  Step request(Waiting what, std::string_view method, std::string_view path);
  Step on_accounts(std::string_view body);
  Step on_probe(int status);
  Step on_password(std::string_view body);
  Step refused(std::string_view what, int status, std::string_view body);
  /// The account to trade on, or why there is none.
  Step choose(const std::vector<rest::Account>& accounts);
  Step ask_password();

  const SessionSettings& settings_;
  Waiting waiting_ = Waiting::kNothing;
  bool probed_ = false;
  int bare_refusals_ = 0;  // 401 without a body of Deriv's, in a row
  std::optional<rest::Account> account_;
};

}  // namespace derivd::deriv
