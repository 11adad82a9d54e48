#include "backtest/script_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/check.hpp"

namespace derivd::backtest {
namespace {

/// At the beginning, and after a tick at which the program asked for something: what is asked
/// ahead of such a tick is done for nothing. Twice as many each time that all were quiet.
constexpr std::size_t kFirstWidth = 16;

core::Error not_foreseen(std::uint64_t sequence) {
  return core::invalid(
      fmt::format("event {} of a script is not the one that was foreseen, a fault of the "
                  "back-test's; DERIVD_SCRIPT_AHEAD=1 in the environment runs without foresight",
                  sequence));
}

}  // namespace

ScriptRun::ScriptRun(std::unique_ptr<script::Program> program)
    : program_(std::move(program)), ahead_(dynamic_cast<script::AheadProgram*>(program_.get())) {
  if (ahead_ != nullptr)
    most_ = std::clamp<std::size_t>(ahead_->most_ahead(), 1, script::kMaxTicks);
  width_ = std::min(kFirstWidth, most_);
}

core::Result<void> ScriptRun::tell(const script::ToScript& message) {
  if (is_ahead()) return not_foreseen(asked_.sequence + next_);
  program_->tell(message);
  return {};
}

core::Result<ScriptRun::Outcome> ScriptRun::ask(const script::Event& event,
                                                std::span<const market::TickRow> ahead) {
  if (!is_ahead()) {
    const bool alone = width_ < 2 || ahead.empty();
    return alone ? program_->ask(event) : ask_ahead(event, ahead);
  }
  if (!script::is_same(event, script::event_of(asked_, next_))) return not_foreseen(event.sequence);
  auto outcome = ahead_->next();
  take(outcome);
  return outcome;
}

ScriptRun::Outcome ScriptRun::ask_ahead(const script::Event& first,
                                        std::span<const market::TickRow> ahead) {
  const auto& tick = std::get<script::Tick>(first.what);
  DERIVD_CHECK(first.time == tick.epoch, "what is asked ahead has its epoch for its time");
  asked_.sequence = first.sequence;
  asked_.own = first.own;
  asked_.decimals = tick.decimals;
  asked_.quotes.assign(1, {tick.epoch, tick.mantissa});
  for (const auto& row : ahead.first(std::min(ahead.size(), width_ - 1))) {
    asked_.quotes.push_back({row.epoch.s, row.mantissa});
  }
  next_ = 0;
  ahead_->ask_ahead(asked_);
  auto outcome = ahead_->next();
  take(outcome);
  return outcome;
}

void ScriptRun::take(const Outcome& outcome) {
  ++next_;
  const auto* answer = std::get_if<script::Answer>(&outcome);
  const bool ends = answer == nullptr || script::asks(*answer);
  if (!ends && is_ahead()) return;
  const auto wanted = ends ? std::max(2 * next_, kFirstWidth) : 2 * width_;
  width_ = std::min(wanted, most_);
  asked_.quotes.clear();
  next_ = 0;
}

}  // namespace derivd::backtest
