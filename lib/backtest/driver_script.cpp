// What the back-test does for scripts: each event is answered before the next, so that what a
// program does depends on its ticks alone. Ticks between which nothing else can reach a program are
// asked together, since a question to another process costs more than its answer. Rules: the
// product's contract, "Scripts".
#include <algorithm>

#include "backtest/driver.hpp"
#include "market/kind.hpp"
#include "risk/day.hpp"

namespace derivd::backtest {
namespace {

/// What is certain of the ticks that come: so many of them, as long as they are before a second.
struct Horizon {
  std::size_t count = 0;
  core::VenueTime before;
};

/// Ticks that pass before a contract of ticks can end.
std::size_t ticks_before_end(const market::Life& life) {
  const auto& kind = market::kind_of(life.spec().type);
  const int begun = kind.entry_counts ? 1 : 0;
  const std::int64_t passed = life.entry() ? life.ticks_passed() : begun - 1;
  const auto left = life.spec().duration.count - passed;
  return static_cast<std::size_t>(std::max<std::int64_t>(left - 1, 0));
}

/// Up to where nobody can hear of the end of this contract. A kind that a tick may end, or that has
/// no length, leaves nothing.
Horizon narrowed(Horizon horizon, const market::Life& life) {
  const auto& kind = market::kind_of(life.spec().type);
  if (kind.step != nullptr || !kind.needs.has_length()) return {};
  if (life.spec().duration.in_ticks()) {
    horizon.count = std::min(horizon.count, ticks_before_end(life));
  } else {
    horizon.before = std::min(horizon.before, life.expiry());
  }
  return horizon;
}

}  // namespace

void Driver::answer(const engine::StartScript& start) {
  const auto strategy = strategy_index(start.strategy);
  // One whose symbol has no ticks starts, and is asked nothing more.
  const auto& symbol = options_.settings.strategies[strategy].symbol;
  const auto tape = std::ranges::find(ticks_, symbol, &market::Tick::symbol) - ticks_.begin();
  const auto [at, added] = scripts_.insert_or_assign(
      start.run,
      Script{ScriptRun(options_.make_program()), strategy, static_cast<std::uint32_t>(tape)});
  hand_on(start.strategy, start.run, at->second.run.start(start.setup));
}

void Driver::answer(const engine::StopScript& stop) { scripts_.erase(stop.run); }

void Driver::answer(const engine::FeedScript& feed) {
  const auto at = scripts_.find(feed.run);
  if (at == scripts_.end() || error_) return;
  auto& [run, strategy, tape] = at->second;
  const auto* event = std::get_if<script::Event>(&feed.message);
  if (event == nullptr) {
    if (const auto told = run.tell(feed.message); !told) error_ = told.error();
    return;
  }
  std::span<const market::TickRow> ahead;
  if (!run.is_ahead()) ahead = foreseeable(at->second, *event);
  const auto outcome = run.ask(*event, ahead);
  if (!outcome) {
    error_ = outcome.error();
    return;
  }
  hand_on(feed.strategy, feed.run, *outcome);
}

void Driver::hand_on(const core::Name& strategy, std::uint64_t run,
                     const ScriptRun::Outcome& outcome) {
  if (const auto* failure = std::get_if<script::Failure>(&outcome)) {
    return engine_.on_script_failed(strategy.view(), run, *failure, now_, actions_);
  }
  const auto& given = std::get<script::Answer>(outcome);
  if (options_.on_log) {
    for (const auto& line : given.logs) options_.on_log(now_.venue, strategy, line);
  }
  engine_.on_script(strategy.view(), run, given, now_, actions_);
}

/// The followers of this tick, up to where something else can reach the program or change what it
/// is told of its own books, while it asks for nothing: the result of a contract, a new day, a
/// purchase or a signal that waits.
std::span<const market::TickRow> Driver::foreseeable(const Script& script,
                                                     const script::Event& event) const {
  const auto* tick = std::get_if<script::Tick>(&event.what);
  if (tick == nullptr || event.time != tick->epoch) return {};
  const auto& settings = options_.settings;
  // What it hears of other symbols comes between its own ticks.
  if (!settings.strategies[script.strategy].watch.empty()) return {};
  const auto rows = merge_.held(script.tape);
  const auto starts = settings.limits.day_starts;
  const auto today = risk::day_of({event.time}, starts);
  Horizon horizon{rows.size(), risk::day_begin(today + 1, starts)};
  std::int64_t open = 0;
  for (const auto& c : open_) {
    if (c.trade.strategy != script.strategy) continue;
    ++open;
    if (c.life.is_over()) {
      horizon.before = std::min(horizon.before, c.due);
    } else if (c.may_leave || c.trade.tape != script.tape) {
      return {};
    } else {
      horizon = narrowed(horizon, c.life);
    }
  }
  // A purchase on its way, or a signal that waits, is one of its own and not here yet.
  if (open != event.own.open) return {};
  const auto is_certain = [&](const market::TickRow& row) {
    return row.epoch < horizon.before && row.mantissa > 0;
  };
  const auto first = rows.first(std::min(horizon.count, script::kMaxTicks));
  const auto end = std::ranges::find_if_not(first, is_certain);
  return first.first(static_cast<std::size_t>(end - first.begin()));
}

}  // namespace derivd::backtest
