// Owns Probe, one question to the venue: whose token is this, what may it do, and what time is it
// there. derivctl drives it over a Link of its own, for setup, token and doctor. It asks once, in
// bounded time, and never trades, never repeats and never keeps a link.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "deriv/dialect.hpp"

namespace derivd::deriv {

/// The whole question, from the first byte to the last; net bounds each of its steps.
inline constexpr core::Duration kProbeTime = std::chrono::seconds(30);

enum class ProbeKind : std::uint8_t {
  kToken,  // accounts, scopes, balance, time; with the settings' token, as a session would
  kClock,  // time alone, on a socket that needs no token
};

struct ProbeResult {
  enum class Outcome : std::uint8_t {
    kGood,
    kRefused,      // the venue, or our own rules, say no: `refusal`, `reason`
    kUnreachable,  // no answer that says anything about the token: `reason`
    kTimeout,
  };
  Outcome outcome = Outcome::kUnreachable;
  FatalKind refusal = FatalKind::kTokenRefused;
  std::string reason;                         // never holds a secret
  Findings findings;                          // as far as it came, also when refused
  AccountInfo account;                        // kGood, kToken: the one that would trade
  std::optional<core::VenueTime> venue_time;  // kGood
  core::WallTime asked, answered;             // our clock around that
};

class Probe final : public LinkEvents {
 public:
  Probe(ProbeKind kind, SessionSettings settings, Wire& wire);
  ~Probe();
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  void start(const core::Now& now);
  bool done() const;
  /// Once done.
  const ProbeResult& result() const;

  core::Instant deadline() const;
  void on_deadline(const core::Now& now);

  void on_http(int status, std::string_view body, const core::Now& now) override;
  void on_http_failed(std::string_view reason, const core::Now& now) override;
  void on_open(const core::Now& now) override;
  void on_frame(std::string_view frame, std::size_t capacity, const core::Now& now) override;
  void on_closed(int http_status, std::string_view reason, const core::Now& now) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace derivd::deriv
