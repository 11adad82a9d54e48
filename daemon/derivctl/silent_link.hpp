// Owns a second link of a proof, over which nothing is said once its login is answered: how long
// the venue leaves it alone. proof_run makes one for each try and looks at it when the venue's
// clock has moved. It never says anything by itself beside its login, and never reconnects.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "deriv/dialect.hpp"
#include "deriv/encoder.hpp"
#include "deriv/link.hpp"

namespace derivd::ctl {

class SilentLink final : private deriv::LinkEvents {
 public:
  enum class State {
    kOpening,  // until its login is answered
    kSilent,
    kClosed,    // not by us, in its silence
    kAsked,     // ask()
    kAnswered,  // so it was there
    kFailed,    // it was never open, or gone when it was asked: reason()
  };
  /// As derivd opens its own, of the same account. `settings` outlives it; `now` tells the venue's
  /// time. Destroyed from anywhere but its own events, and before `io`.
  SilentLink(boost::asio::io_context& io, const deriv::SessionSettings& settings, net::Route route,
             std::function<core::Now()> now);
  ~SilentLink();
  SilentLink(const SilentLink&) = delete;
  SilentLink& operator=(const SilentLink&) = delete;

  void start();
  /// Ends the silence with a ping: one that nobody told us of may have ended before. kSilent alone
  /// (CHECK); since() stays what it is.
  void ask();
  /// By us: its state stays what it is.
  void close();

  State state() const { return state_; }
  /// When something passed last, either way.
  core::VenueTime since() const { return since_; }
  /// kClosed: when.
  core::VenueTime closed_at() const { return closed_at_; }
  const std::string& reason() const { return reason_; }

 private:
  void on_http(int status, std::string_view body, const core::Now& now) override;
  void on_http_failed(std::string_view reason, const core::Now& now) override;
  void on_open(const core::Now& now) override;
  void on_frame(std::string_view frame, std::size_t capacity, const core::Now& now) override;
  void on_closed(int http_status, std::string_view reason, const core::Now& now) override;
  void perform(deriv::Step step);
  void fail(std::string reason);

  const deriv::SessionSettings& settings_;
  std::unique_ptr<deriv::Rules> rules_;
  std::unique_ptr<deriv::Opening> opening_;
  deriv::Encoder encoder_;
  deriv::Link link_;
  State state_ = State::kOpening;
  core::VenueTime since_;
  core::VenueTime closed_at_;
  std::string reason_;
  bool ours_ = false;  // its end
};

}  // namespace derivd::ctl
