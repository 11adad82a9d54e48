// Owns the connections of the simulated venue and everything that is to be done to their sockets:
// whose each is, what it follows, when it was last used, and what faults make of a frame on its way
// out. The venue and the calls send through it, the server performs its actions in their order. It
// never knows what a frame says. One thread.
//
// What always holds (CHECK): nothing is sent after a connection has been closed or cut, whoever
// still tries; and a connection has an account exactly while it has the token that opened it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.hpp"
#include "sim/accounts.hpp"
#include "sim/calls.hpp"
#include "sim/faults.hpp"
#include "sim/limits.hpp"
#include "sim/proposals.hpp"
#include "sim/streams.hpp"
#include "sim/transcript.hpp"

namespace derivd::sim {

using ConnId = std::uint64_t;

inline constexpr std::size_t kMaxConnections = 256;
inline constexpr core::Duration kV3Idle = std::chrono::minutes(2);

/// What the venue wants done to a socket, in order.
struct Action {
  enum class Kind : std::uint8_t { kSend, kClose, kAbort, kStopReading } kind = Kind::kSend;
  ConnId conn = 0;
  std::string frame;
  std::size_t split = 0;      // 0: one piece
  std::int64_t delay_ms = 0;  // wall clock, before acting
  std::uint16_t code = 1000;  // kClose
};

class Connection final {
 public:
  Connection(ConnId id, Dialect dialect, Grant* grant, core::Instant now);

  ConnId id() const { return id_; }
  Dialect dialect() const { return dialect_; }
  bool v3() const { return dialect_ == Dialect::kV3; }
  /// Null: it has no account.
  Grant* grant() const { return grant_; }
  Account* account() const { return grant_ != nullptr ? grant_->account : nullptr; }
  std::string_view account_name() const;
  /// Streams and proposals of another account than before end.
  void log_in(Grant& grant);
  /// So do those of the account that it had.
  void log_out();
  /// Counts a call against the budget of the account, or of the connection while it has none.
  bool admit(const CallInfo& info, core::Instant now);

  Streams streams;
  Proposals proposals;

 private:
  friend class Connections;
  void end_account();

  ConnId id_;
  Dialect dialect_;
  Grant* grant_;
  std::unique_ptr<CallLimits> limits_;  // while it has no account
  RateWindow pings_ = ping_limit();
  core::Instant last_traffic_;
  core::Instant seen_traffic_;  // by abort_quiet(), and when that was
  core::VenueTime quiet_since_;
  bool muted_ = false;  // stop_writing
  bool closing_ = false;
};

class Connections final {
 public:
  /// Both outlive this.
  Connections(Faults& faults, const Transcript& transcript)
      : faults_(faults), transcript_(transcript) {}

  /// `grant`: of the account that it is opened for, or null.
  Connection& open(ConnId id, Dialect dialect, Grant* grant, core::Instant now);
  /// Null: gone, or about to be.
  Connection* find(ConnId id);
  void gone(ConnId id) { list_.erase(id); }
  /// In the order of their ids.
  const std::map<ConnId, std::unique_ptr<Connection>>& all() const { return list_; }
  std::size_t size() const { return list_.size(); }
  std::size_t streams() const;  // of all

  /// A frame has come in.
  void heard(Connection& c, std::string_view text, core::Instant now);
  /// Performs what the faults order with a frame that would otherwise just be sent.
  void send(Connection& c, std::string text, const std::vector<Fault>& faults, core::Instant now);
  /// Of a stream; asks for its faults. `symbol`: that it is about, or "".
  void push(Connection& c, std::string_view msg_type, std::string_view symbol, std::string text,
            core::Instant now);
  void stop_reading(Connection& c);
  void close(Connection& c, std::uint16_t code);
  void abort(Connection& c);
  /// Cuts those of v3 that nothing has passed for kV3Idle.
  void abort_idle(core::Instant now);
  /// Cuts those of either dialect that nothing has passed for so many seconds of venue time, as far
  /// as the calls of this tell it apart.
  void abort_quiet(core::VenueTime now, std::int64_t seconds);
  /// Ends what faults have left behind.
  void unmute();

  /// What has to be done since the last call, in order.
  std::vector<Action> take_actions() { return std::exchange(actions_, {}); }

 private:
  void put(const Connection& c, Action action);

  Faults& faults_;
  const Transcript& transcript_;
  std::map<ConnId, std::unique_ptr<Connection>> list_;
  std::vector<Action> actions_;
};

}  // namespace derivd::sim
