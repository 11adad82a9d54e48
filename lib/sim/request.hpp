// Owns the request that is being answered: what was asked, by whom and when, the faults that it has
// met, and the ways to answer it. The venue makes one for each frame, the calls answer through it.
// It lives no longer than the call.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/time.hpp"
#include "sim/calls.hpp"
#include "sim/connections.hpp"
#include "sim/draw.hpp"
#include "sim/faults.hpp"
#include "sim/json.hpp"
#include "sim/wire.hpp"

namespace derivd::sim {

struct Request {
  Connection& conn;
  Connections& connections;
  const Json& json;
  const CallInfo& info;
  core::Now now;
  Envelope envelope;
  std::vector<Fault> faults = {};

  bool v3() const { return conn.v3(); }
  /// Of a call that needs one: the venue has seen to it (CHECK).
  Account& account() const;
  bool has(FaultKind kind) const;
  /// Whether it asks for a stream of what it is answered.
  bool wants_stream() const;
  void reply(std::string frame);
  void refuse(const WireError& error);
  /// A new stream of the connection, with an id of `ids`. Null: it is refused, and that was said.
  Stream* subscribe(Stream::Kind kind, std::string key, Ids& ids);
};

/// The symbol that a request is about; "": of none.
std::string_view symbol_of(const Json& request);

}  // namespace derivd::sim
