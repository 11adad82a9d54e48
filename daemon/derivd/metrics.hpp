// Owns the daemon's figures for Prometheus: what it counted since its start, and a page of that and
// of the engine's present state. App tells it events and asks for the page when it is read. It
// never changes anything, and counting never allocates.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "common/trader.hpp"
#include "core/histogram.hpp"
#include "derivd/observe.hpp"

namespace derivd::daemon {

class Metrics final : public Observer {
 public:
  void on_event(const core::Event& event) override;
  void on_load(const execution::Snapshot&) override {}
  void on_append(std::span<const execution::Record> event, core::Duration took, bool done) override;

  /// What the daemon knows of itself.
  struct Process {
    core::Duration uptime;
    core::Duration loop_lag;  // the longest delay of a timer lately
    std::uint64_t log_lost = 0;
  };
  /// In Prometheus' text form. No account's id and no secret is in it.
  std::string page(const Trader& trader, const config::Config& config, const core::Now& now,
                   const Process& process) const;

 private:
  std::array<std::uint64_t, core::kEventKindCount> events_{};
  std::uint64_t won_ = 0, lost_ = 0, even_ = 0, absent_ = 0;
  core::Money stakes_, gains_, losses_;  // of settled contracts
  core::Histogram<core::kDiskWaits.size()> appends_{core::kDiskWaits};
  std::uint64_t appends_failed_ = 0;
};

}  // namespace derivd::daemon
