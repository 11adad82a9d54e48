// Owns the way in which a back-test has scripts run: one question, one answer. daemon/common makes
// one of processes; tests make one of nothing. It never decides when it is asked.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <variant>

#include "script/message.hpp"

namespace derivd::script {

/// The program of one strategy, in lock step. Every error is a Failure; after one it answers
/// nothing any more.
class Program {
 public:
  using Outcome = std::variant<Answer, Failure>;

  Program() = default;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  virtual ~Program() = default;

  /// First, once.
  virtual Outcome start(const Setup& setup) = 0;
  /// A message without an answer.
  virtual void tell(const ToScript& message) = 0;
  virtual Outcome ask(const Event& event) = 0;
};

using MakeProgram = std::function<std::unique_ptr<Program>()>;

}  // namespace derivd::script
