#include "deriv/probe.hpp"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "core/currency.hpp"
#include "deriv/decoder.hpp"
#include "deriv/encoder.hpp"

namespace derivd::deriv {
namespace {

constexpr std::int64_t kLoginId = 1;
constexpr std::int64_t kTimeId = 2;
constexpr std::int64_t kBalanceId = 3;
// A venue that streams without end instead of answering is no venue.
constexpr int kMaxFrames = 200;

using Outcome = ProbeResult::Outcome;

}  // namespace

struct Probe::Impl {
  Impl(ProbeKind what, SessionSettings s, Wire& w)
      : kind(what),
        settings(std::move(s)),
        wire(w),
        rules(make_rules(settings.dialect)),
        opening(kind == ProbeKind::kClock ? make_public_opening(settings)
                                          : rules->opening(settings)),
        decoder(rules->names()),
        encoder(*rules) {}

  void perform(Step step, const core::Now& now);
  void log_in();
  void ask(const core::Now& now);
  void read(const core::Now& now);
  void end(Outcome outcome, std::string reason);
  void end_if_known();

  const ProbeKind kind;
  const SessionSettings settings;
  Wire& wire;
  const std::unique_ptr<Rules> rules;
  const std::unique_ptr<Opening> opening;
  Decoder decoder;
  Encoder encoder;
  Frame frame;
  std::string text;
  ProbeResult result;
  core::Instant deadline;
  bool running = false;
  bool ended = false;
  bool authorised = false;
  bool balance_known = false;
  int frames = 0;
};

void Probe::Impl::end(Outcome outcome, std::string reason) {
  if (ended) return;
  ended = true;
  result.outcome = outcome;
  result.reason = std::move(reason);
  result.findings = opening->findings();
  wire.close();
}

void Probe::Impl::perform(Step step, const core::Now& now) {
  switch (step.kind) {
    case Step::Kind::kWait:
      return;
    case Step::Kind::kHttp:
      wire.http(step.call);
      for (auto& header : step.call.headers) {
        ::explicit_bzero(header.second.data(), header.second.size());
      }
      return;
    case Step::Kind::kOpen:
      wire.open(step.url);
      ::explicit_bzero(step.url.data(), step.url.size());
      return;
    case Step::Kind::kReady:
      authorised = true;
      result.account = step.account;
      decoder.set_money_decimals(step.account.decimals);
      return ask(now);
    case Step::Kind::kRetry:
      return end(Outcome::kUnreachable, std::move(step.reason));
    case Step::Kind::kFatal:
      result.refusal = step.fatal;
      return end(Outcome::kRefused, std::move(step.reason));
  }
}

void Probe::Impl::log_in() {
  if (opening->login_call() == Call::kBalance) {
    encoder.balance(text, kLoginId);
    return wire.send(text);
  }
  encoder.authorize(text, kLoginId, settings.token);
  wire.send(text);
  ::explicit_bzero(text.data(), text.size());
}

void Probe::Impl::ask(const core::Now& now) {
  result.asked = now.wall;
  encoder.time(text, kTimeId);
  wire.send(text);
  if (kind == ProbeKind::kClock || balance_known) return;
  encoder.balance(text, kBalanceId);
  wire.send(text);
}

void Probe::Impl::end_if_known() {
  if (!result.venue_time) return;
  if (kind == ProbeKind::kToken && !balance_known) return;
  end(Outcome::kGood, {});
}

void Probe::Impl::read(const core::Now& now) {
  const auto id = frame.req_id.value_or(0);
  const auto* balance = std::get_if<BalancePayload>(&frame.payload);
  if (balance && !frame.error && (id == kLoginId || id == kBalanceId)) {
    const auto decimals =
        authorised ? result.account.decimals
                   : core::decimals_of(balance->currency.view()).value_or(core::Money::kCents);
    const auto amount = core::Money::from(balance->balance, decimals);
    if (!amount) return end(Outcome::kUnreachable, "the balance: " + amount.error().text);
    result.account.balance = *amount;
    balance_known = true;
  }
  // A refusal of the connection itself (an application id that is none) answers no request.
  const bool login = id == kLoginId || (id == 0 && frame.error);
  if (login && !authorised && kind == ProbeKind::kToken) {
    const auto amount = result.account.balance;
    perform(opening->on_login(frame), now);
    if (balance_known) result.account.balance = amount;
  } else if (frame.error && (id == kTimeId || id == kBalanceId || id == 0)) {
    return end(Outcome::kUnreachable,
               fmt::format("{}: {}: {}", frame.msg_type, frame.error->code, frame.error->message));
  } else if (const auto* time = std::get_if<TimePayload>(&frame.payload); time && id == kTimeId) {
    result.venue_time = time->time;
    result.answered = now.wall;
  }
  end_if_known();
}

Probe::Probe(ProbeKind kind, SessionSettings settings, Wire& wire)
    : impl_(std::make_unique<Impl>(kind, std::move(settings), wire)) {}
Probe::~Probe() = default;

bool Probe::done() const { return impl_->ended; }
const ProbeResult& Probe::result() const { return impl_->result; }
core::Instant Probe::deadline() const { return impl_->deadline; }

void Probe::start(const core::Now& now) {
  auto& p = *impl_;
  if (std::exchange(p.running, true)) return;
  p.deadline = now.instant + kProbeTime;
  p.perform(p.opening->begin(), now);
}

void Probe::on_deadline(const core::Now& now) {
  if (impl_->running && now.instant >= impl_->deadline) {
    impl_->end(Outcome::kTimeout,
               fmt::format("no complete answer within {} s", kProbeTime / std::chrono::seconds(1)));
  }
}

void Probe::on_http(int status, std::string_view body, const core::Now& now) {
  if (!impl_->ended) impl_->perform(impl_->opening->on_http(status, body), now);
}

void Probe::on_http_failed(std::string_view reason, const core::Now& now) {
  if (!impl_->ended) impl_->perform(impl_->opening->on_http_failed(reason), now);
}

void Probe::on_open(const core::Now& now) {
  auto& p = *impl_;
  if (p.ended) return;
  if (p.kind == ProbeKind::kClock) return p.ask(now);
  p.log_in();
}

void Probe::on_frame(std::string_view frame, std::size_t capacity, const core::Now& now) {
  auto& p = *impl_;
  if (p.ended) return;
  if (++p.frames > kMaxFrames) return p.end(Outcome::kUnreachable, "too many frames, no answer");
  if (const auto decoded = p.decoder.decode(frame, capacity, p.frame); !decoded) {
    return p.end(Outcome::kUnreachable, "an answer cannot be understood: " + decoded.error().text);
  }
  p.read(now);
}

void Probe::on_closed(int http_status, std::string_view reason, const core::Now&) {
  impl_->end(Outcome::kUnreachable, http_status == 0
                                        ? std::string(reason)
                                        : fmt::format("HTTP {}: {}", http_status, reason));
}

}  // namespace derivd::deriv
