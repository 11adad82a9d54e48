// The way to a socket without an account: ticks and their history, no token. Source: shared
// reference deriv/options-api.md section 1.1, deriv/v3-api.md section 3 (calls without
// authorisation).
#include <fmt/format.h>

#include <algorithm>

#include "core/currency.hpp"
#include "deriv/dialect.hpp"
#include "deriv/errors.hpp"

namespace derivd::deriv {
namespace {

constexpr std::string_view kPublicPath = "/trading/v1/options/ws/public";

class PublicOpening final : public Opening {
 public:
  explicit PublicOpening(const SessionSettings& settings) : settings_(settings) {}

  Step begin() override {
    Step step;
    step.kind = Step::Kind::kOpen;
    step.url = settings_.endpoint.empty() ? std::string(default_endpoint(settings_.dialect))
                                          : settings_.endpoint;
    switch (settings_.dialect) {
      case Dialect::kOptions:
        // The address of the REST side names the venue; the socket stands beside it.
        if (step.url.starts_with("https://")) {
          while (step.url.ends_with('/')) step.url.pop_back();
          step.url = fmt::format("wss://{}{}", step.url.substr(8), kPublicPath);
        }
        return step;
      case Dialect::kV3:
        if (settings_.app_id.empty() ||
            !std::all_of(settings_.app_id.begin(), settings_.app_id.end(),
                         [](char c) { return c >= '0' && c <= '9'; })) {
          return Step::fail(FatalKind::kAppId, "an application id of the v3 API is a number");
        }
        step.url += fmt::format("{}app_id={}", step.url.find('?') == std::string::npos ? '?' : '&',
                                settings_.app_id);
        return step;
    }
    return step;
  }
  Step on_http(int, std::string_view) override { return Step::wait(); }
  Step on_http_failed(std::string_view) override { return Step::wait(); }
  Call login_call() const override { return Call::kTime; }
  void forget_token() override {}

  Step on_login(const Frame& frame) override {
    if (frame.error) {
      const auto text = fmt::format("time: {}: {}", frame.error->code, frame.error->message);
      if (frame.error->code == "InvalidAppID" || frame.error->code == "AppDisabled") {
        return Step::fail(FatalKind::kAppId, text);
      }
      return Step::retry(text);
    }
    if (!std::holds_alternative<TimePayload>(frame.payload)) {
      return Step::retry("the answer to time is another message");
    }
    Step step;
    step.kind = Step::Kind::kReady;
    step.account.currency = settings_.currency.empty() ? "USD" : settings_.currency;
    step.account.decimals = core::decimals_of(step.account.currency).value_or(core::Money::kCents);
    return step;
  }

 private:
  const SessionSettings& settings_;
};

}  // namespace

std::unique_ptr<Opening> make_public_opening(const SessionSettings& settings) {
  return std::make_unique<PublicOpening>(settings);
}

}  // namespace derivd::deriv
