#include "deriv/v3_opening.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "deriv/account_id.hpp"
#include "deriv/errors.hpp"

namespace derivd::deriv {
namespace {

bool is_token(std::string_view text) {
  // The request schema: ^[\w\-]{1,128}$.
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-';
  });
}

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= 18 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool has(const AuthorizePayload& login, std::string_view scope) {
  return std::any_of(login.scopes.begin(), login.scopes.end(),
                     [scope](const auto& s) { return s == scope; });
}

/// Real if either sign says real.
bool is_demo(const AuthorizePayload& login) {
  return login.is_virtual && is_demo_id(login.loginid.view());
}

Step login_refused(const ApiError& error) {
  const auto text = fmt::format("authorize: {}: {}", error.code, error.message);
  switch (classify(error.code.view())) {
    case ErrorClass::kSession:
    case ErrorClass::kPermanent:
      break;
    case ErrorClass::kTransient:
    case ErrorClass::kRateLimit:
    case ErrorClass::kUnknownOutcome:
    case ErrorClass::kSymbolState:
    case ErrorClass::kParameter:
    case ErrorClass::kContract:
    case ErrorClass::kAlreadySubscribed:
      return Step::retry(text);
  }
  if (error.code == "InvalidAppID" || error.code == "AppDisabled") {
    return Step::fail(FatalKind::kAppId, text);
  }
  if (error.code == "PermissionDenied") return Step::fail(FatalKind::kMissingScope, text);
  return Step::fail(FatalKind::kTokenRefused, text);
}

/// The grave ones first: what a token may do beyond trading is refused, then what it lacks.
std::optional<Step> check_scopes(const AuthorizePayload& login) {
  for (const std::string_view scope : {"admin", "payments"}) {
    if (has(login, scope)) {
      return Step::fail(FatalKind::kForbiddenScope,
                        fmt::format("the token has the scope '{}', which a trading daemon must not "
                                    "have",
                                    scope));
    }
  }
  if (!has(login, "trade")) {
    return Step::fail(FatalKind::kMissingScope, "the token lacks the scope 'trade'");
  }
  if (!has(login, "read") && !has(login, "trading_information")) {
    return Step::fail(FatalKind::kMissingScope,
                      "the token lacks the scope 'read' (or 'trading_information')");
  }
  return std::nullopt;
}

}  // namespace

Step V3Opening::begin() {
  if (!is_token(settings_.token.reveal())) {
    return Step::fail(FatalKind::kTokenRefused,
                      "the token is empty or has characters that no v3 token has");
  }
  if (!is_number(settings_.app_id)) {
    return Step::fail(FatalKind::kAppId, "an application id of the v3 API is a number");
  }
  if (settings_.account == "real" && !settings_.allow_real) {
    return Step::fail(FatalKind::kRealNotAllowed,
                      "account: real needs allow_real: true in the configuration");
  }
  Step step;
  step.kind = Step::Kind::kOpen;
  const auto& endpoint =
      settings_.endpoint.empty() ? std::string(default_endpoint(Dialect::kV3)) : settings_.endpoint;
  step.url = fmt::format("{}{}app_id={}", endpoint,
                         endpoint.find('?') == std::string::npos ? '?' : '&', settings_.app_id);
  return step;
}

Step V3Opening::on_http(int, std::string_view) { return Step::wait(); }
Step V3Opening::on_http_failed(std::string_view) { return Step::wait(); }

Step V3Opening::on_login(const Frame& frame) {
  if (frame.error) return login_refused(*frame.error);
  const auto* login = std::get_if<AuthorizePayload>(&frame.payload);
  if (!login) return Step::retry("the answer to authorize is another message");
  findings_.accounts = {{login->loginid, login->currency, !is_demo(*login), true, std::nullopt}};
  findings_.scopes = login->scopes;
  if (auto wrong = check_scopes(*login)) return std::move(*wrong);
  return check_account(*login);
}

Step V3Opening::check_account(const AuthorizePayload& login) {
  const auto id = login.loginid.view();
  const bool demo = is_demo(login);
  if (!demo && settings_.account == "demo") {
    return Step::fail(FatalKind::kRealNotAllowed,
                      fmt::format("the token belongs to the real account {}, but the "
                                  "configuration says account: demo",
                                  id));
  }
  if (!demo && !settings_.allow_real) {
    return Step::fail(FatalKind::kRealNotAllowed,
                      fmt::format("{} is a real account and allow_real is false", id));
  }
  if (demo && settings_.account == "real") {
    return Step::fail(FatalKind::kAccountNotFound,
                      fmt::format("the token belongs to the demo account {}, but the "
                                  "configuration says account: real",
                                  id));
  }
  const bool by_id = settings_.account != "demo" && settings_.account != "real";
  if (by_id && settings_.account != id) {
    return Step::fail(FatalKind::kAccountNotFound,
                      fmt::format("the token belongs to {}, the configuration asks for {}", id,
                                  settings_.account));
  }
  if (!account_.empty() && !(account_ == login.loginid)) {
    return Step::fail(FatalKind::kAccountNotFound,
                      fmt::format("the token belonged to {} and now belongs to {}", account_, id));
  }
  const auto decimals = account_decimals(id, login.currency.view(), login.decimals, settings_);
  if (!decimals) return Step::fail(FatalKind::kCurrency, decimals.error().text);
  account_ = login.loginid;
  Step step;
  step.kind = Step::Kind::kReady;
  step.account.id = login.loginid;
  step.account.is_real = !demo;
  step.account.currency = login.currency.view();
  step.account.decimals = *decimals;
  return step;
}

}  // namespace derivd::deriv
