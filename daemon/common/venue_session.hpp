// Owns the choice between a live venue and paper: the port to which the trader's orders go is the
// session itself or, in paper mode, the PaperVenue behind which the session only brings ticks. The
// trader makes one. It adds nothing to a live session.
#pragma once

#include <memory>
#include <optional>

#include "common/paper_venue.hpp"
#include "core/check.hpp"
#include "deriv/session.hpp"
#include "execution/port.hpp"

namespace derivd::daemon {

class VenueSession final {
 public:
  /// `paper`: settings of paper mode, for which `settings` must be public_only; nullopt: live.
  VenueSession(deriv::SessionSettings settings, deriv::Wire& wire, deriv::SessionListener& listener,
               core::Rng& rng, const std::optional<config::PaperSettings>& paper,
               const market::Symbols& symbols = {})
      : paper_(paper ? std::make_unique<PaperVenue>(*paper, listener, symbols) : nullptr),
        session_(checked(std::move(settings), paper.has_value()), wire,
                 paper_ ? static_cast<deriv::SessionListener&>(*paper_) : listener, rng),
        port_(paper_ ? static_cast<execution::Port&>(*paper_) : session_) {
    if (paper_) paper_->attach(session_);
  }
  VenueSession(const VenueSession&) = delete;
  VenueSession& operator=(const VenueSession&) = delete;

  /// Where orders go, and questions about contracts.
  execution::Port& port() { return port_; }
  /// The link to the venue itself: ticks, candles, prices and symbols are the venue's also in paper
  /// mode. Its orders are port()'s.
  deriv::Session& session() { return session_; }
  const deriv::Session& session() const { return session_; }
  /// nullptr: live.
  PaperVenue* paper() { return paper_.get(); }
  /// The time of what comes next.
  void at(const core::Now& now) {
    if (paper_) paper_->at(now);
  }

  /// The earlier of the session's and paper's.
  std::optional<core::Instant> next_deadline() const {
    auto at = session_.next_deadline();
    const auto other = paper_ ? paper_->next_deadline() : std::nullopt;
    return other && (!at || *other < *at) ? other : at;
  }
  void on_deadline(const core::Now& now) {
    if (const auto at = session_.next_deadline(); at && *at <= now.instant) {
      session_.on_deadline(now);
    }
    if (paper_) paper_->on_deadline(now);
  }

 private:
  /// With an account's session behind it, a paper run could be told of real contracts.
  static deriv::SessionSettings checked(deriv::SessionSettings settings, bool paper) {
    DERIVD_CHECK(!paper || settings.public_only, "paper mode listens to a public session");
    return settings;
  }

  std::unique_ptr<PaperVenue> paper_;
  deriv::Session session_;
  execution::Port& port_;
};

}  // namespace derivd::daemon
