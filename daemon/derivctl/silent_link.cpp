#include "derivctl/silent_link.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstring>
#include <utility>

#include "core/check.hpp"
#include "derivctl/proof_read.hpp"

namespace derivd::ctl {
namespace {

// The numbers of its requests.
constexpr std::int64_t kLogin = 1;
constexpr std::int64_t kPing = 2;

/// A link pings at half of it (transport.cpp): so late that no silence of a proof is ever broken by it.
net::Timeouts without_pings() {
  net::Timeouts out;
  out.idle = std::chrono::hours(2);
  return out;
}

}  // namespace

SilentLink::SilentLink(boost::asio::io_context& io, const deriv::SessionSettings& settings,
                       net::Route route, std::function<core::Now()> now)
    : settings_(settings),
      rules_(deriv::make_rules(settings.dialect)),
      opening_(rules_->opening(settings)),
      encoder_(*rules_),
      link_(io, std::move(route), without_pings(), std::move(now), [] {}) {
  link_.attach(*this);
}
SilentLink::~SilentLink() = default;

void SilentLink::start() { perform(opening_->begin()); }

void SilentLink::ask() {
  DERIVD_CHECK(state_ == State::kSilent, "only a silent link is asked");
  state_ = State::kAsked;
  std::string text;
  encoder_.ping(text, kPing);
  link_.send(text);
}

void SilentLink::close() {
  ours_ = true;
  link_.close();
}

void SilentLink::fail(std::string reason) {
  if (state_ != State::kOpening && state_ != State::kAsked) return;
  state_ = State::kFailed;
  reason_ = std::move(reason);
}

void SilentLink::perform(deriv::Step step) {
  switch (step.kind) {
    case deriv::Step::Kind::kWait:
    case deriv::Step::Kind::kReady:
      return;
    case deriv::Step::Kind::kHttp:
      link_.http(step.call);
      for (auto& header : step.call.headers) {
        ::explicit_bzero(header.second.data(), header.second.size());
      }
      return;
    case deriv::Step::Kind::kOpen:
      link_.open(step.url);
      ::explicit_bzero(step.url.data(), step.url.size());
      return;
    case deriv::Step::Kind::kRetry:
    case deriv::Step::Kind::kFatal:
      return fail(std::move(step.reason));
  }
}

void SilentLink::on_http(int status, std::string_view body, const core::Now&) {
  if (state_ == State::kOpening) perform(opening_->on_http(status, body));
}

void SilentLink::on_http_failed(std::string_view reason, const core::Now&) {
  if (state_ == State::kOpening) perform(opening_->on_http_failed(reason));
}

void SilentLink::on_open(const core::Now& now) {
  since_ = now.venue;
  std::string text;
  if (opening_->login_call() == deriv::Call::kBalance) {
    encoder_.balance(text, kLogin);
  } else {
    encoder_.authorize(text, kLogin, settings_.token);
  }
  link_.send(text);
  ::explicit_bzero(text.data(), text.size());
}

void SilentLink::on_frame(std::string_view frame, std::size_t, const core::Now& now) {
  if (state_ == State::kAsked) {
    state_ = State::kAnswered;
    return;
  }
  since_ = now.venue;
  if (state_ != State::kOpening) return;
  const auto error = error_of(nlohmann::json::parse(frame, nullptr, false));
  if (error.empty()) {
    state_ = State::kSilent;
  } else {
    fail(error);
  }
}

void SilentLink::on_closed(int http_status, std::string_view reason, const core::Now& now) {
  if (ours_) return;
  if (state_ == State::kSilent) {
    state_ = State::kClosed;
    closed_at_ = now.venue;
    reason_ = reason;
    return;
  }
  fail(http_status == 0 ? std::string(reason) : fmt::format("HTTP {}: {}", http_status, reason));
}

}  // namespace derivd::ctl
