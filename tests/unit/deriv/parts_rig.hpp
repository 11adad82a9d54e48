// What the parts of a session are tested with: a wire that keeps what was sent, and requests over
// it, on virtual time. Shared by their tests.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "deriv/requests.hpp"
#include "rig.hpp"

namespace derivd::deriv::test {

class PartRig {
 public:
  explicit PartRig(Dialect dialect = Dialect::kOptions) : rules(make_rules(dialect)) {}

  void pass(core::Duration passed) { now.instant = now.instant + passed; }
  /// The frames that were sent since the last call.
  std::vector<json> sent() {
    auto out = std::move(wire.sent);
    wire.sent.clear();
    return out;
  }
  /// The only frame that was sent since the last call; an empty one when there are none or more.
  json only() {
    const auto all = sent();
    return all.size() == 1 ? all.front() : json::object();
  }
  /// The venue's answer to the request of the task, as far as the task is concerned.
  void answer(Task& task) {
    static_cast<void>(requests.pending().take(task.req_id));
    task.finish();
  }

  core::Rng rng{7};
  FakeWire wire;
  Liveness liveness;
  SessionStats stats;
  std::unique_ptr<Rules> rules;
  Requests requests{*rules, wire, rng, liveness, stats};
  core::Now now{{1'000'000'000'000}, {}, {1'700'000'000}};
};

}  // namespace derivd::deriv::test
