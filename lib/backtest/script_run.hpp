// Owns one program of a back-test as the driver sees it: asked one event at a time, it has the
// program answer ticks ahead where the driver says which will come. It hands an answer on only with
// the very event that it was given for, so that a run is the same with and without. It never
// decides which ticks may be told ahead (driver_script.cpp).
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "core/result.hpp"
#include "market/tick_source.hpp"
#include "script/ahead.hpp"

namespace derivd::backtest {

class ScriptRun final {
 public:
  using Outcome = script::Program::Outcome;

  explicit ScriptRun(std::unique_ptr<script::Program> program);

  Outcome start(const script::Setup& setup) { return program_->start(setup); }
  /// An error: the program was asked ahead what does not come like that, a fault of the driver's.
  core::Result<void> tell(const script::ToScript& message);
  /// Whether the next answer is on its way already; then `ahead` of ask() is not looked at.
  bool is_ahead() const { return next_ < asked_.quotes.size(); }
  /// `ahead`: where the event is a tick, ticks that will be its followers, each with the same own
  /// books, if no answer up to there asks for something. Errors as of tell().
  core::Result<Outcome> ask(const script::Event& event, std::span<const market::TickRow> ahead);

 private:
  Outcome ask_ahead(const script::Event& first, std::span<const market::TickRow> ahead);
  void take(const Outcome& outcome);

  std::unique_ptr<script::Program> program_;
  script::AheadProgram* ahead_;  // the same; null: it answers one event after the other
  std::size_t most_ = 1;         // ticks that it may be asked at once
  std::size_t width_ = 1;        // ticks that are asked at once, now
  script::Ticks asked_;          // ahead; empty: none
  std::size_t next_ = 0;         // of them to be answered
};

}  // namespace derivd::backtest
