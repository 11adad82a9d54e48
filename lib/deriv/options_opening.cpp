#include "deriv/options_opening.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "deriv/errors.hpp"

namespace derivd::deriv {
namespace {

// A 401 whose body is not Deriv's may come from anything between us and Deriv; this many in a row
// are believed.
constexpr int kMaxBareRefusals = 3;

bool is_header_text(std::string_view text) {
  return !text.empty() && text.size() <= 4096 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string_view kind_of(bool real) { return real ? "real" : "demo"; }

}  // namespace

Step OptionsOpening::begin() {
  if (!is_header_text(settings_.token.reveal())) {
    return Step::fail(FatalKind::kTokenRefused,
                      "the token is empty or has characters that no token has");
  }
  if (!is_header_text(settings_.app_id)) {
    return Step::fail(FatalKind::kAppId, "the application id is empty or has odd characters");
  }
  if (settings_.account == "real" && !settings_.allow_real) {
    return Step::fail(FatalKind::kRealNotAllowed,
                      "account: real needs allow_real: true in the configuration");
  }
  return request(Waiting::kAccounts, "GET", "/trading/v1/options/accounts");
}

Step OptionsOpening::request(Waiting what, std::string_view method, std::string_view path) {
  waiting_ = what;
  Step step;
  step.kind = Step::Kind::kHttp;
  step.call.method = method;
  auto base = settings_.endpoint.empty() ? std::string(default_endpoint(Dialect::kOptions))
                                         : settings_.endpoint;
  while (base.ends_with('/')) base.pop_back();
  step.call.url = fmt::format("{}{}", base, path);
  // Not by a formatter, which would leave the token in a buffer of its own.
  auto& bearer = step.call.headers.emplace_back("Authorization", std::string()).second;
  bearer.reserve(settings_.token.reveal().size() + 8);
  bearer.append("Bearer ").append(settings_.token.reveal());
  // Required with personal access tokens and harmless with others (options-api.md section 1.2).
  step.call.headers.emplace_back("Deriv-App-ID", settings_.app_id);
  step.call.headers.emplace_back("Accept", "application/json");
  return step;
}

Step OptionsOpening::on_http_failed(std::string_view reason) {
  if (waiting_ == Waiting::kProbe) return on_probe(0);
  waiting_ = Waiting::kNothing;
  return Step::retry(std::string(reason));
}

Step OptionsOpening::on_http(int status, std::string_view body) {
  switch (waiting_) {
    case Waiting::kAccounts:
      return status == 200 ? on_accounts(body) : refused("the account list", status, body);
    case Waiting::kProbe:
      return on_probe(status);
    case Waiting::kPassword:
      return status == 200 ? on_password(body) : refused("the one-time password", status, body);
    case Waiting::kSocket:
    case Waiting::kNothing:
      break;
  }
  return Step::wait();
}

Step OptionsOpening::refused(std::string_view what, int status, std::string_view body) {
  waiting_ = Waiting::kNothing;
  const auto refusal = rest::decode_refusal(body);
  const auto text =
      refusal ? fmt::format("{}: HTTP {} {}: {}", what, status, refusal->code, refusal->message)
              : fmt::format("{}: HTTP {}", what, status);
  if (status != 401) bare_refusals_ = 0;
  // Seen texts (options-api.md section 1.6): "Invalid application", "Deriv-App-ID header is …".
  const bool about_app = refusal && (contains(refusal->message.view(), "application") ||
                                     contains(refusal->message.view(), "App-ID"));
  if ((status == 401 || status == 400) && about_app) return Step::fail(FatalKind::kAppId, text);
  if (status == 401) {
    if (refusal || ++bare_refusals_ >= kMaxBareRefusals) {
      return Step::fail(FatalKind::kTokenRefused, text);
    }
    return Step::retry(text);
  }
  if (status == 403 && refusal) {
    return Step::fail(FatalKind::kMissingScope,
                      fmt::format("{} (the token needs the scope 'trade')", text));
  }
  if (status == 404 && refusal && refusal->code == "AccountNotFound") {
    return Step::fail(FatalKind::kAccountNotFound, text);
  }
  return Step::retry(text);
}

Step OptionsOpening::on_accounts(std::string_view body) {
  bare_refusals_ = 0;
  waiting_ = Waiting::kNothing;
  const auto accounts = rest::decode_accounts(body);
  if (!accounts) return Step::retry(fmt::format("the account list: {}", accounts.error().text));
  findings_.accounts = *accounts;
  if (!probed_) findings_.scopes = {"trade"};  // the list is given to no other token
  auto chosen = choose(*accounts);
  if (chosen.kind != Step::Kind::kWait) return chosen;
  if (probed_) return ask_password();
  // There is no way to list a token's scopes; this call succeeds only with account_manage, which
  // can open and change accounts (options-api.md section 1.3).
  return request(Waiting::kProbe, "GET", "/account/v1/nickname");
}

Step OptionsOpening::choose(const std::vector<rest::Account>& accounts) {
  const auto& wanted = account_ ? account_->id.view() : std::string_view(settings_.account);
  const bool by_kind = !account_ && (wanted == "demo" || wanted == "real");
  const bool real = wanted == "real";
  const rest::Account* found = nullptr;
  std::size_t matches = 0;
  for (const auto& account : accounts) {
    if (by_kind ? (account.is_real != real || !account.active) : !(account.id == wanted)) continue;
    ++matches;
    // The list has no documented order; the lowest id is the same one every time.
    if (!found || account.id < found->id) found = &account;
  }
  if (!found) {
    return Step::fail(FatalKind::kAccountNotFound,
                      by_kind ? fmt::format("the token has no active {} account", wanted)
                              : fmt::format("the token has no account {}", wanted));
  }
  if (by_kind && real && matches > 1) {
    return Step::fail(FatalKind::kAccountNotFound,
                      fmt::format("the token has {} active real accounts; write the id of one into "
                                  "the configuration",
                                  matches));
  }
  if (!found->active) {
    return Step::fail(FatalKind::kAccountNotFound,
                      fmt::format("account {} is not active", found->id));
  }
  if (found->is_real && !settings_.allow_real) {
    return Step::fail(FatalKind::kRealNotAllowed,
                      fmt::format("{} is a real account and allow_real is false", found->id));
  }
  const auto decimals =
      account_decimals(found->id.view(), found->currency.view(), std::nullopt, settings_);
  if (!decimals) return Step::fail(FatalKind::kCurrency, decimals.error().text);
  // Ends up in a URL's path.
  if (!std::all_of(found->id.view().begin(), found->id.view().end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '_' || c == '-';
      })) {
    return Step::retry("the account list has an id that cannot be one");
  }
  if (account_ && account_->is_real != found->is_real) {
    return Step::fail(FatalKind::kRealNotAllowed,
                      fmt::format("account {} was {} and is now {}", found->id,
                                  kind_of(account_->is_real), kind_of(found->is_real)));
  }
  account_ = *found;
  return Step::wait();
}

Step OptionsOpening::on_probe(int status) {
  waiting_ = Waiting::kNothing;
  probed_ = true;
  if (status == 200) {
    findings_.scopes.emplace_back("account_manage");
    return Step::fail(FatalKind::kForbiddenScope,
                      "the token has the scope 'account_manage', which a trading daemon must not "
                      "have");
  }
  return ask_password();
}

Step OptionsOpening::ask_password() {
  return request(Waiting::kPassword, "POST",
                 fmt::format("/trading/v1/options/accounts/{}/otp", account_->id));
}

Step OptionsOpening::on_password(std::string_view body) {
  waiting_ = Waiting::kNothing;
  auto url = rest::decode_otp_url(body);
  if (!url) return Step::retry(fmt::format("the one-time password: {}", url.error().text));
  if (!url->starts_with("wss://")) return Step::retry("the one-time password's URL is not wss://");
  const auto path = std::string_view(*url).substr(0, url->find('?'));
  const bool demo = contains(path, "/ws/demo");
  const bool real = contains(path, "/ws/real");
  if (real && !account_->is_real) {
    return Step::fail(
        FatalKind::kRealNotAllowed,
        fmt::format("the venue would open a real socket for the demo account {}", account_->id));
  }
  if (demo == real || real != account_->is_real) {
    return Step::retry("the one-time password's URL does not fit the account");
  }
  waiting_ = Waiting::kSocket;
  Step step;
  step.kind = Step::Kind::kOpen;
  step.url = std::move(*url);
  return step;
}

void OptionsOpening::forget_token() {
  findings_ = {};
  probed_ = false;
  bare_refusals_ = 0;
}

Step OptionsOpening::on_login(const Frame& frame) {
  if (frame.error) {
    const auto text = fmt::format("balance: {}: {}", frame.error->code, frame.error->message);
    // A socket that will not say its balance is no use, but the password was good: only a scope
    // that is missing cannot change by itself.
    if (frame.error->code == "PermissionDenied") return Step::fail(FatalKind::kMissingScope, text);
    return Step::retry(text);
  }
  const auto* balance = std::get_if<BalancePayload>(&frame.payload);
  if (!balance) return Step::retry("the answer to balance is another message");
  if (!(balance->loginid == account_->id)) {
    return Step::fail(
        FatalKind::kAccountNotFound,
        fmt::format("the socket belongs to {}, not to {}", balance->loginid, account_->id));
  }
  if (!(balance->currency == account_->currency)) {
    return Step::retry(fmt::format("account {} is in {} by its list and in {} by its balance",
                                   account_->id, account_->currency, balance->currency));
  }
  Step step;
  step.kind = Step::Kind::kReady;
  step.account.id = account_->id;
  step.account.is_real = account_->is_real;
  step.account.currency = account_->currency.view();
  // It was looked at when the account was chosen.
  step.account.decimals =
      account_decimals(account_->id.view(), account_->currency.view(), std::nullopt, settings_)
          .value();
  return step;
}

}  // namespace derivd::deriv
