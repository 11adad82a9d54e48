// A program over recorded ticks without engine, gate and driver: a machine of dbot/ that wishes,
// and the contract book of venue/ that sells, values and settles. The back-test of type dbot must
// come to the same where no limit acts.
//
// Rules: the product's contract, "Deriv Bot and Binary Bot programs"; semantics.md, sections 2
// to 6.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backtest/backtest.hpp"
#include "backtest/payouts.hpp"
#include "core/result.hpp"
#include "dbot/machine.hpp"
#include "dbot/program.hpp"
#include "market/tick_source.hpp"

namespace derivd::backtest::test {

struct ReferenceOptions {
  std::shared_ptr<const dbot::Program> program;
  market::SymbolCode symbol;  // one that market/ knows
  std::vector<std::string> answers;
  std::uint64_t seed = 1;
  std::int64_t warmup = kWarmup;  // 1 to kMaxWarmup
  core::Money balance = core::Money::minor(10'000'00);
  Payouts payouts;
};

struct ReferenceResult {
  Sums sums;
  std::int64_t ticks = 0;
  std::int64_t open = 0;  // contracts at the end
  core::Money balance;
  bool started = false;                  // there were ticks enough
  std::optional<dbot::Stopped> stopped;  // why it ended before the ticks did
  std::int64_t messages = 0;
};

using OnSaid = std::function<void(core::VenueTime, const dbot::Message&)>;

/// At tick k first the program hears it, then what it settles; a purchase at tick k starts at its
/// epoch. Deterministic. Errors: those of the source, too few answers, a warm-up that is none.
core::Result<ReferenceResult> run_reference(const ReferenceOptions& options,
                                            market::TickSource& source,
                                            const OnTrade& on_trade = {},
                                            const OnSaid& on_message = {});

}  // namespace derivd::backtest::test
