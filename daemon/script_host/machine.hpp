// Owns the JavaScript engine with one user's program in it: loads the text, calls its handlers,
// collects what they wish. The process's main() hands it the messages of derivd one after the
// other. It never reads or writes a descriptor, and whatever comes out of it is checked again where
// it goes.
//
// Rule: the product's contract, "Scripts".
#pragma once

#include <functional>
#include <memory>
#include <variant>

#include "script/ahead.hpp"
#include "script/message.hpp"

namespace derivd::script_host {

class Machine final {
 public:
  /// Starts the engine, as an interpreter: the sandbox allows no code that is made at run time.
  Machine();
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  using Outcome = std::variant<script::Answer, script::Failure>;

  /// Runs the text, then onStart(answers). Once, before everything else.
  Outcome load(const script::Setup& setup);
  void past(const script::PastTick& tick);
  void past(const script::PastCandles& candles);
  void reset();
  /// Runs what a tick runs, with a program of the prelude's that buys: its wish, which is void, is
  /// the result. It may fail: the user's program may have put functions of its own in the engine's
  /// place, which have the budget of a call.
  std::variant<script::Rehearsed, script::Failure> rehearse();
  /// onCandle and onTick, onResult, onDenied.
  Outcome handle(const script::Event& event);
  /// Each of the ticks as an event, until one asks for something or fails, or `hear`, which is told
  /// every outcome at once, gives false.
  void handle(const script::Ticks& ticks, const std::function<bool(Outcome)>& hear);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace derivd::script_host
