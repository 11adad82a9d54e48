// Owns what people are told beside the journal: which events become notices, and their way to the
// webhook and to Telegram. App tells it events and the time, and lets it finish at the end. It
// never blocks the loop, never decides about trades and never shows the secrets that it sends with.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/trader.hpp"
#include "config/config.hpp"
#include "core/notice.hpp"
#include "core/rng.hpp"
#include "core/secret.hpp"
#include "derivd/observe.hpp"
#include "net/net.hpp"
#include "service/outbox.hpp"

namespace derivd::daemon {

/// At the end, what is due is sent within this; then it is lost.
inline constexpr core::Duration kLastWords = std::chrono::seconds(5);

/// The credentials "telegram-token" and "webhook-url", each optional.
struct NotifySecrets {
  std::optional<core::Secret> telegram_token;
  std::optional<core::Secret> webhook_url;
};
/// Hidden from `log` from here on. One that cannot be used is told there and left out.
NotifySecrets read_notify_secrets(service::Log& log);

class Notifications final : public Observer {
 public:
  Notifications(boost::asio::io_context& io, NotifySecrets secrets, core::Rng& rng,
                std::function<core::Now()> now);
  ~Notifications();

  /// Begins, and is the way of a reload: receivers whose settings are the same keep what waits.
  /// `log` is told of failures, outside of every event; problems with a credential are told at
  /// once.
  void configure(const config::NotifySettings& settings, std::chrono::seconds day_starts,
                 service::Log& log);
  /// From the next configure() on: what receivers are reached through, but for those that are to be
  /// reached directly.
  void use(std::optional<net::Proxy> proxy) { proxy_ = std::move(proxy); }
  void on_event(const core::Event& event) override;
  /// The day that the journal knows of: its end may have passed while no daemon ran.
  void on_load(const execution::Snapshot& snapshot) override { day_ = snapshot.day; }
  void on_append(std::span<const execution::Record> event, core::Duration took, bool done) override;
  /// Once a second: disconnections, the end of a day.
  void tick(const Trader& trader);
  /// Sends a message to each receiver at once, beside what waits for it and without counting
  /// against its limit. An error: none is configured, or the last test is not over or just was.
  core::Result<void> test();
  /// Nobody is told of anything.
  bool is_idle() const { return receivers_.empty(); }
  /// Of the last test: [{"receiver", "state": waiting|delivered|failed, "reason"}].
  nlohmann::ordered_json test_result() const;
  /// Runs `io` until what is due has been sent, at most for kLastWords.
  void last_words();

 private:
  class Receiver;
  /// A message of a test, on its way or arrived.
  struct Trial {
    std::string receiver;
    std::string state = "waiting";
    std::string reason;
    std::unique_ptr<net::HttpExchange> exchange;
  };
  void tell(core::Notice notice);
  /// "webhook and Telegram": from whom the last test still waits for an answer.
  std::string unanswered() const;
  /// With what every message has: the account, the host, the time.
  core::Notice completed(core::Notice notice, const core::Now& now) const;
  void report(std::string_view label, const std::optional<std::string>& text);
  void watch_connection(const Trader& trader);
  void summary(const Trader& trader);
  void later();
  void pump();

  boost::asio::io_context& io_;
  NotifySecrets secrets_;
  core::Rng& rng_;
  std::function<core::Now()> now_;
  boost::asio::steady_timer timer_;
  std::optional<net::Proxy> proxy_;
  config::NotifySettings settings_;
  std::chrono::seconds day_starts_{0};
  service::Log* log_ = nullptr;
  std::string host_;
  std::string account_;
  std::vector<std::unique_ptr<Receiver>> receivers_;
  std::vector<std::unique_ptr<Trial>> trials_;
  std::optional<core::Instant> tested_at_;
  std::optional<core::Instant> offline_since_;
  bool told_offline_ = false;
  std::optional<execution::DayRecord> day_;
  std::optional<execution::DayRecord> ended_day_;
  bool pump_posted_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace derivd::daemon
