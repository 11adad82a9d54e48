// Owns the run of one Deriv Bot program over recorded ticks: a machine of dbot/ that wishes, and
// the contract book of venue/ that sells, values and settles. derivctl calls it, each run from one
// thread. It has no rules of its own, and none of derivd's limits: what a program would do, left
// alone.
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

namespace derivd::backtest {

/// The venue's last ticks that a program starts with; so many of the file are its past.
inline constexpr std::int64_t kWarmup = 1000;
inline constexpr std::int64_t kMaxWarmup = 1'000'000;

struct DbotOptions {
  std::shared_ptr<const dbot::Program> program;
  market::SymbolCode symbol;  // one that `symbols` has
  market::Symbols symbols = {};
  std::vector<std::string> answers;
  std::uint64_t seed = 1;
  std::int64_t warmup = kWarmup;  // 1 to kMaxWarmup
  core::Money balance = core::Money::minor(10'000'00);
  Payouts payouts;
};

struct DbotResult {
  Sums sums;
  std::int64_t ticks = 0;
  std::int64_t open = 0;  // contracts at the end
  core::Money balance;
  bool started = false;                  // there were ticks enough
  std::optional<dbot::Stopped> stopped;  // why it ended before the ticks did
  std::int64_t messages = 0;
};

using OnMessage = std::function<void(core::VenueTime, const dbot::Message&)>;

/// At tick k first the program hears it, then what it settles; a purchase at tick k starts at its
/// epoch. Deterministic. Errors: those of the source, too few answers, a warm-up that is none.
core::Result<DbotResult> run_dbot(const DbotOptions& options, market::TickSource& source,
                                  const OnTrade& on_trade = {}, const OnMessage& on_message = {});

/// What derivd's models have for a program's wish, or the code and text of the venue's refusal.
struct DbotRefusal {
  std::string code;
  std::string text;
};
boost::system::result<market::ContractSpec, DbotRefusal> spec_of(const dbot::Buy& wish,
                                                                 const market::SymbolInfo& symbol);
[[noreturn]] inline void throw_exception_from_error(const DbotRefusal& refusal,
                                                    const boost::source_location&) {
  throw std::runtime_error(refusal.text);
}

}  // namespace derivd::backtest
