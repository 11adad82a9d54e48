#include "dbot/amounts.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "dbot/number.hpp"

namespace derivd::dbot {
namespace {

using Code = std::vector<Instruction>;

bool pushes_one(const Instruction& step) {
  switch (step.op) {
    case Op::kConstant:
    case Op::kUndefined:
    case Op::kNull:
    case Op::kGetGlobal:
    case Op::kGetLocal:
      return true;
    default:
      return false;
  }
}

bool branches(const Instruction& step) {
  switch (step.op) {
    case Op::kJump:
    case Op::kJumpIfFalse:
    case Op::kJumpIfTrue:
    case Op::kAndElse:
    case Op::kOrElse:
      return true;
    default:
      return false;
  }
}

/// What Bot.start takes from the stack.
std::size_t operands_of(const OptionsShape& shape) {
  const auto one = [](bool there) { return static_cast<std::size_t>(there); };
  if (shape.kind == OptionsShape::Kind::kOptions) {
    return 2 + one(shape.has_prediction) + one(shape.barrier != BarrierKind::kNone) +
           one(shape.barrier2 != BarrierKind::kNone);
  }
  return 1 + one(shape.has_take_profit) + one(shape.has_stop_loss);
}

class Amounts final {
 public:
  Amounts(const Program& program, std::span<const std::string> answers)
      : program_(program), answers_(answers) {}

  /// The number that the code before `end` leaves on the stack, where it is a literal or an answer.
  std::optional<double> literal(const Code& code, std::size_t end) const {
    if (end == 0) return std::nullopt;
    const auto& last = code[end - 1];
    if (last.op == Op::kConstant) return number(last);
    const bool asks = last.op == Op::kBuiltin &&
                      last.arg == static_cast<std::int32_t>(Builtin::kPrompt) && last.flag == 1;
    if (!asks || end < 2 || code[end - 2].op != Op::kConstant) return std::nullopt;
    const auto at = number(code[end - 2]);
    if (!at || *at < 0 || *at >= static_cast<double>(answers_.size())) return std::nullopt;
    const auto answer = leading_number_of(answers_[static_cast<std::size_t>(*at)]);
    return std::isfinite(answer) ? std::optional(answer) : std::nullopt;
  }

  /// Of a variable that is set once, its value; of another one what it is set to first, if nothing
  /// comes before that on another way.
  std::optional<KnownAmount> variable(std::int32_t name) const {
    std::size_t sets = 0;
    std::optional<double> value;
    for (const auto& function : program_.functions) {
      for (std::size_t i = 0; i < function.code.size(); ++i) {
        if (!sets_it(function.code[i], name)) continue;
        ++sets;
        value = literal(function.code, i);
      }
    }
    if (sets == 1 && value) return KnownAmount{0, *value, true};
    if (sets < 2 || program_.init < 0) return std::nullopt;
    const auto& code = program_.function(program_.init).code;
    for (std::size_t i = 0; i < code.size() && !branches(code[i]); ++i) {
      if (!sets_it(code[i], name)) continue;
      const auto first = literal(code, i);
      return first ? std::optional(KnownAmount{0, *first, false}) : std::nullopt;
    }
    return std::nullopt;
  }

  /// Of the trade that starts at this step, whose operands are one step each.
  std::optional<KnownAmount> amount(const Code& code, std::size_t start) const {
    const auto& shape = program_.options[static_cast<std::size_t>(code[start].arg)];
    const auto operands = operands_of(shape);
    if (shape.basis_payout || start < operands) return std::nullopt;
    const auto first = start - operands;
    if (!std::all_of(code.begin() + static_cast<std::ptrdiff_t>(first),
                     code.begin() + static_cast<std::ptrdiff_t>(start), pushes_one)) {
      return std::nullopt;
    }
    auto out = code[first].op == Op::kGetGlobal ? variable(code[first].arg) : fixed(code[first]);
    if (out) out->line = shape.line;
    return out;
  }

 private:
  static bool sets_it(const Instruction& step, std::int32_t name) {
    return step.op == Op::kSetGlobal && step.arg == name;
  }
  std::optional<KnownAmount> fixed(const Instruction& step) const {
    const auto value = step.op == Op::kConstant ? number(step) : std::nullopt;
    return value ? std::optional(KnownAmount{0, *value, true}) : std::nullopt;
  }
  std::optional<double> number(const Instruction& step) const {
    const auto& constant = program_.constants[static_cast<std::size_t>(step.arg)];
    return constant.is_text ? std::nullopt : std::optional(constant.number);
  }

  const Program& program_;
  const std::span<const std::string> answers_;
};

}  // namespace

std::vector<KnownAmount> known_amounts(const Program& program,
                                       std::span<const std::string> answers) {
  const Amounts amounts(program, answers);
  std::vector<KnownAmount> out;
  for (const auto& function : program.functions) {
    for (std::size_t i = 0; i < function.code.size(); ++i) {
      if (function.code[i].op != Op::kStartTrade) continue;
      if (const auto known = amounts.amount(function.code, i)) out.push_back(*known);
    }
  }
  return out;
}

}  // namespace derivd::dbot
