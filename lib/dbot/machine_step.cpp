// The stack machine. Rules: semantics.md, section 9.
#include <cmath>

#include "core/rng.hpp"
#include "dbot/machine.hpp"
#include "dbot/number.hpp"
#include "dbot/text.hpp"

namespace derivd::dbot {
namespace {

/// Moving values about is no step of the program's own.
constexpr bool is_step(Op op) {
  switch (op) {
    case Op::kPop:
    case Op::kJump:
    case Op::kJumpIfFalse:
    case Op::kJumpIfTrue:
    case Op::kAndElse:
    case Op::kOrElse:
    case Op::kGetLocal:
    case Op::kSetLocal:
    case Op::kReturn:
      return false;
    default:
      return true;
  }
}

}  // namespace

int Machine::line() const {
  if (frames_.empty()) return 0;
  const auto& frame = frames_.back();
  const auto& lines = program_->function(frame.function).lines;
  const auto at = static_cast<std::size_t>(frame.pc > 0 ? frame.pc - 1 : 0);
  return at < lines.size() ? lines[at] : 0;
}

Value Machine::pop() {
  const Value v = stack_.back();
  stack_.pop_back();
  return v;
}

void Machine::push(const Value& v) { stack_.push_back(v); }

Value Machine::make_text(std::string text) {
  if (text.size() > kMaxTextBytes) {
    fail("a text has grown beyond 1 MiB");
    return Value::undefined();
  }
  charge(text.size());
  return heap_.text(std::move(text));
}

std::string Machine::text_of(const Value& v) {
  auto out = to_text(v);
  charge(out.size());
  return out;
}

Value Machine::primitive(const Value& v) {
  return v.is(Kind::kList) || v.is(Kind::kCandle) ? make_text(to_text(v)) : v;
}

Value Machine::make_list(std::vector<Value> items) {
  if (items.size() > kMaxListItems) {
    fail("a list has grown beyond 200,000 items");
    return Value::undefined();
  }
  charge(items.size());
  return heap_.list(std::move(items));
}

/// Each draw comes from the seed and its number alone, so that a saved program goes on as it would.
double Machine::next_random() {
  core::Rng rng(settings_.seed ^ (++draws_ * 0x9e37'79b9'7f4a'7c15ULL));
  return rng.uniform();
}

void Machine::enter_function(int function, int arguments) {
  const auto& f = program_->function(function);
  if (frames_.size() >= kMaxFrames ||
      stack_.size() + static_cast<std::size_t>(f.locals) > kMaxStack) {
    return fail("functions call each other too deeply");
  }
  for (; arguments > f.parameters; --arguments) stack_.pop_back();
  const int base = static_cast<int>(stack_.size()) - arguments;
  stack_.resize(static_cast<std::size_t>(base + f.locals), Value::undefined());
  frames_.push_back({function, 0, base});
}

/// True when the section itself has ended.
bool Machine::leave_function() {
  const Value result = pop();
  stack_.resize(static_cast<std::size_t>(frames_.back().base));
  frames_.pop_back();
  if (frames_.empty()) {
    result_ = result;
    return true;
  }
  push(result);
  return false;
}

void Machine::binary(Op op) {
  const Value right = pop();
  Value& a = stack_.back();
  if (a.is(Kind::kNumber) && right.is(Kind::kNumber)) {
    const double x = a.number;
    const double y = right.number;
    switch (op) {
      case Op::kAdd:
        a.number = x + y;
        return;
      case Op::kEqual:
        a = Value::boolean(x == y);
        return;
      case Op::kNotEqual:
        a = Value::boolean(x != y);
        return;
      case Op::kLess:
        a = Value::boolean(x < y);
        return;
      case Op::kLessEqual:
        a = Value::boolean(x <= y);
        return;
      case Op::kGreater:
        a = Value::boolean(x > y);
        return;
      case Op::kGreaterEqual:
        a = Value::boolean(x >= y);
        return;
      default:
        break;
    }
  }
  const bool equality = op == Op::kEqual || op == Op::kNotEqual;
  const auto is_object = [](const Value& v) { return v.is(Kind::kList) || v.is(Kind::kCandle); };
  // Two objects are equal only if they are one; everything else sees their texts.
  Value b = right;
  if (!(equality && is_object(a) && is_object(b))) {
    a = primitive(a);
    b = primitive(b);
  }
  for (const auto* v : {&a, &b}) {
    if (v->is(Kind::kText)) charge(v->text->text.size());
  }
  const auto ordered = [&](auto test) { a = Value::boolean(test(compare(a, b))); };
  switch (op) {
    case Op::kAdd:
      if (a.is(Kind::kText) || b.is(Kind::kText)) {
        a = make_text(joined(to_text(a), to_text(b)));
      } else {
        a = Value::of(to_number(a) + to_number(b));
      }
      return;
    case Op::kSubtract:
      a = Value::of(to_number(a) - to_number(b));
      return;
    case Op::kMultiply:
      a = Value::of(to_number(a) * to_number(b));
      return;
    case Op::kDivide:
      a = Value::of(to_number(a) / to_number(b));
      return;
    case Op::kPower:
      a = Value::of(power(to_number(a), to_number(b)));
      return;
    case Op::kRemainder:
      a = Value::of(remainder_of(to_number(a), to_number(b)));
      return;
    case Op::kEqual:
      a = Value::boolean(loosely_equal(a, b));
      return;
    case Op::kNotEqual:
      a = Value::boolean(!loosely_equal(a, b));
      return;
    case Op::kLess:
      return ordered([](Order o) { return o == Order::kLess; });
    case Op::kLessEqual:
      return ordered([](Order o) { return o == Order::kLess || o == Order::kEqual; });
    case Op::kGreater:
      return ordered([](Order o) { return o == Order::kGreater; });
    case Op::kGreaterEqual:
      return ordered([](Order o) { return o == Order::kGreater || o == Order::kEqual; });
    default:
      return;
  }
}

/// The next item of a list (or character of a text) that a forEach walks over. Items that have gone
/// since the start are left out, new ones too (section 9).
void Machine::item_present(int base) {
  Value* local = &stack_[static_cast<std::size_t>(frames_.back().base + base)];
  const Value list = local[0];
  const auto size = [&]() -> std::size_t {
    if (list.is(Kind::kList)) return list.list->items.size();
    if (list.is(Kind::kText)) return unit_count(list.text->text);
    return 0;
  };
  if (!local[2].is(Kind::kNumber)) local[2] = Value::of(static_cast<double>(size()));
  const auto at = static_cast<std::size_t>(local[1].number);
  if (local[1].number >= local[2].number || at >= size()) return push(Value::boolean(false));
  local[1].number += 1;
  const Value item = list.is(Kind::kList) ? list.list->items[at]
                                          : make_text(unit_slice(list.text->text, at, at + 1));
  push(item);
  push(Value::boolean(true));
}

void Machine::run_frames() {
  while (waiting_ == Waiting::kNothing && !fault_ && !ended_) {
    if (settings_.steps_a_turn > 0 && steps_ - turn_from_ >= settings_.steps_a_turn) {
      waiting_ = Waiting::kTurn;
      deadline_ = now_;
      return;
    }
    auto& frame = frames_.back();
    const auto& function = program_->function(frame.function);
    const Instruction i = function.code[static_cast<std::size_t>(frame.pc++)];
    if (is_step(i.op) && ++steps_ > kMaxSteps) {
      return fail("it does not come to an end: 1,000,000 steps without a pause");
    }
    switch (i.op) {
      case Op::kConstant:
        push(constants_[static_cast<std::size_t>(i.arg)]);
        break;
      case Op::kUndefined:
        push(Value::undefined());
        break;
      case Op::kNull:
        push(Value::null());
        break;
      case Op::kTrue:
        push(Value::boolean(true));
        break;
      case Op::kFalse:
        push(Value::boolean(false));
        break;
      case Op::kEmptyList:
        push(make_list({}));
        break;
      case Op::kGetGlobal:
        push(globals_[static_cast<std::size_t>(i.arg)]);
        break;
      case Op::kSetGlobal:
        globals_[static_cast<std::size_t>(i.arg)] = pop();
        break;
      case Op::kGetLocal:
        push(stack_[static_cast<std::size_t>(frame.base + i.arg)]);
        break;
      case Op::kSetLocal: {
        const Value v = pop();
        stack_[static_cast<std::size_t>(frame.base + i.arg)] = v;
        break;
      }
      case Op::kPop:
        stack_.pop_back();
        break;
      case Op::kAdd:
      case Op::kSubtract:
      case Op::kMultiply:
      case Op::kDivide:
      case Op::kPower:
      case Op::kRemainder:
      case Op::kEqual:
      case Op::kNotEqual:
      case Op::kLess:
      case Op::kLessEqual:
      case Op::kGreater:
      case Op::kGreaterEqual:
        binary(i.op);
        break;
      case Op::kNot:
        stack_.back() = Value::boolean(!truthy(stack_.back()));
        break;
      case Op::kJump:
        frame.pc = i.arg;
        break;
      case Op::kJumpIfFalse:
        if (!truthy(pop())) frame.pc = i.arg;
        break;
      case Op::kJumpIfTrue:
        if (truthy(pop())) frame.pc = i.arg;
        break;
      case Op::kAndElse:
        if (truthy(stack_.back())) {
          stack_.pop_back();
        } else {
          frame.pc = i.arg;
        }
        break;
      case Op::kOrElse:
        if (truthy(stack_.back())) {
          frame.pc = i.arg;
        } else {
          stack_.pop_back();
        }
        break;
      case Op::kCall:
        enter_function(i.arg, i.count);
        break;
      case Op::kReturn:
        if (leave_function()) return;
        break;
      case Op::kBuiltin: {
        const std::size_t from = stack_.size() - i.count;
        const Value out = builtin(static_cast<Builtin>(i.arg),
                                  std::span<const Value>(stack_).subspan(from), i.flag);
        stack_.resize(from);
        push(out);
        break;
      }
      case Op::kStartTrade:
        start_trade(i);
        break;
      case Op::kBuy:
        buy(i);
        break;
      case Op::kSell:
        sell();
        break;
      case Op::kSleep:
        pause(to_number(pop()));
        break;
      case Op::kTickDelay:
        tick_delay(pop());
        break;
      case Op::kStopProgram:
        stop(Stopped::Why::kFinished, "the program stopped itself", line());
        return;
      case Op::kRound: {
        // Deriv Bot's limit of while loops: the round after the 10,001st (section 9).
        auto& rounds = stack_[static_cast<std::size_t>(frame.base + i.arg)];
        if (rounds.number > 10'000) return fail("Infinite loop detected");
        rounds.number += 1;
        break;
      }
      case Op::kItemPresent:
        item_present(i.arg);
        break;
    }
    if (heap_.wants_collection()) collect();
  }
}

}  // namespace derivd::dbot
