// Each form of block, as code. Rules: semantics.md, sections 8 to 13.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <numbers>

#include "dbot/compiler_impl.hpp"
#include "dbot/number.hpp"

namespace derivd::dbot {
namespace {

/// Blocks inside blocks: the deepest known program has some forty.
constexpr int kMaxNesting = 400;
/// Operands of one builtin, parameters of one function.
constexpr int kMaxOperands = 10'000;
constexpr std::size_t kMaxInstructions = 1'000'000;

/// A field that stock Deriv Bot ignores and a vendor's copy obeys (section 13): ignored where it is
/// switched off, else the program is refused.
bool is_off(std::string_view text) {
  constexpr std::array<std::string_view, 12> kOff{
      "", "FALSE", "false", "False", "no", "NO", "No", "off", "OFF", "none", "disable", "disabled"};
  return std::ranges::count(kOff, text) > 0;
}
/// Numbers and labels that mean nothing while the switch beside them is off.
constexpr std::array<std::string_view, 7> kBesideSwitch{
    "NUM_TRADES",      "CONTRACT_QUANTITY", "ALTERNATE_EVERY", "EVERY_X_RUNS",
    "VH_SETTINGS_BTN", "AMOUNT_LIMITS",     "SHOW_ADVANCED"};

int number_in(std::string_view text) {
  int out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

/// A Telegram bot's token: digits, a colon, 35 letters.
bool looks_secret(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon < 6 || text.size() - colon < 30) return false;
  const auto digits = text.substr(0, colon);
  return digits.find_first_not_of("0123456789") == std::string_view::npos &&
         text.find(' ') == std::string_view::npos;
}

}  // namespace

// -- around every block -------------------------------------------------------------------------

void Compiler::chain(int first) {
  for (int i = first; i >= 0; i = source_.at(i).next) {
    if (source_.at(i).disabled) {
      mark(i, Fate::kDisabled, false);
    } else {
      statement(i);
    }
  }
}

void Compiler::enter(int index) {
  live(index);
  line_ = source_.at(index).line;
  const auto* type = find_block_type(source_.at(index).type);
  if (type == nullptr) return;
  check_fields(index, *type);
  check_inputs(index, *type);
  const auto& name = source_.at(index).type;
  if (type->origin != Origin::kVendor && type->origin != Origin::kInferred) return;
  out_.only_stock = false;
  if (std::ranges::count(told_, name) > 0) return;
  told_.push_back(name);
  note(line_, fmt::format("{} is a block of a vendor, taken for {}{}", name, type->help,
                          type->origin == Origin::kInferred ? " (inferred)" : ""));
}

void Compiler::leave(int index) {
  // A statement's default, which Blockly does not have, or a real block beside it.
  for (const auto& input : source_.at(index).inputs) {
    if (input.shadow >= 0 && fate(input.shadow) == Fate::kUnseen && input.block >= 0) {
      mark(input.shadow, Fate::kReplaced, false);
    }
  }
}

void Compiler::check_fields(int index, const BlockType& type) {
  const auto& block = source_.at(index);
  for (const auto& f : block.fields) {
    check_secret(f, index);
    if (is_listed(type.fields, f.name)) continue;
    if (is_off(f.text) || std::ranges::count(kBesideSwitch, f.name) > 0) {
      note(f.line, fmt::format("{}: the field {} of a vendor is switched off and means nothing",
                               block.type, f.name));
      continue;
    }
    out_.only_stock = false;
    problem_at(f.line, index, fmt::format("the field {} ('{}') is not known", f.name, f.text));
  }
  for (const auto& [name, value] : block.mutation.attributes) {
    if (name.starts_with("vh_") && name.ends_with("enabled") && !is_off(value)) {
      problem(index, fmt::format("a vendor's {} is switched on, which is not known", name));
    }
  }
}

void Compiler::check_secret(const Field& f, int index) {
  if (!looks_secret(f.text)) return;
  problem_at(f.line, index,
             "holds the token of a Telegram bot; take it out of the file (and revoke "
             "it): `notify` of derivd.yaml has a place for it");
}

void Compiler::check_inputs(int index, const BlockType& type) {
  for (const auto& input : source_.at(index).inputs) {
    if (is_listed(type.inputs, input.name)) continue;
    if (input.block < 0 && input.shadow < 0) continue;
    problem_at(input.line, index, fmt::format("the input {} is not known", input.name));
    for (const int i : {input.block, input.shadow}) {
      if (i >= 0) mark(i, Fate::kDropped, true);
    }
  }
}

/// "FIELD:A|B|C": the place of the field's value. Without a field name the place is fixed.
int Compiler::choice(int index, std::string_view rule) {
  if (rule.empty()) return 0;
  const auto colon = rule.find(':');
  const auto name = rule.substr(0, colon);
  auto list = rule.substr(colon + 1);
  if (name.empty()) return static_cast<int>(std::ranges::count(list, '|'));
  const auto* f = source_.at(index).field(name);
  if (f == nullptr) return 0;
  const auto all = list;
  for (int place = 0;; ++place) {
    const auto bar = list.find('|');
    if (list.substr(0, bar) == f->text) return place;
    if (bar == std::string_view::npos) break;
    list.remove_prefix(bar + 1);
  }
  problem_at(f->line, index, fmt::format("{} is '{}'; allowed: {}", name, f->text, all));
  return 0;
}

void Compiler::statement(int index) {
  const auto& block = source_.at(index);
  line_ = block.line;
  const auto* type = find_block_type(block.type);
  if (type == nullptr) {
    if (v1_symbol(index)) return;
    problem(index, "is not a block that derivd knows");
    return mark(index, Fate::kDropped, false);
  }
  if (type->shape == Shape::kValue) {
    problem(index, "is a value and stands where an instruction belongs");
    return mark(index, Fate::kDropped, false);
  }
  body(index, *type, true);
}

void Compiler::value(int index, std::string_view name, std::string_view fallback) {
  const auto* input = source_.at(index).input(name);
  int inside = -1;
  if (input != nullptr) {
    inside = input->block >= 0 ? input->block : input->shadow;
    if (input->block >= 0 && input->shadow >= 0) mark(input->shadow, Fate::kReplaced, false);
    if (inside >= 0 && source_.at(inside).disabled) {
      mark(inside, Fate::kDisabled, true);
      inside = -1;
    }
  }
  if (inside < 0) return push_default(fallback);
  value_block(inside);
}

void Compiler::value_block(int index) {
  const auto& block = source_.at(index);
  const int line = line_;
  line_ = block.line;
  const auto* type = find_block_type(block.type);
  if (type == nullptr) {
    problem(index, "is not a block that derivd knows");
    mark(index, Fate::kDropped, true);
    emit(Op::kUndefined);
  } else if (type->shape == Shape::kStatement || type->shape == Shape::kTopLevel) {
    problem(index, "is an instruction and stands where a value belongs");
    mark(index, Fate::kDropped, true);
    emit(Op::kUndefined);
  } else {
    body(index, *type, false);
    if (block.next >= 0) {
      problem(block.next, "follows a value, where nothing can follow");
      mark(block.next, Fate::kDropped, true);
    }
  }
  line_ = line;
}

void Compiler::body(int index, const BlockType& type, bool as_statement) {
  if (depth_ >= kMaxNesting || current_.code.size() > kMaxInstructions) {
    problem(index, depth_ >= kMaxNesting ? "stands in too many blocks" : "the program is too long");
    mark(index, Fate::kDropped, false);
    if (!as_statement) emit(Op::kUndefined);
    return;
  }
  ++depth_;
  enter(index);
  // Some types are both; the place decides, whatever fields the block has.
  const bool dropped = as_statement && type.form == Form::kListGet;
  const bool known =
      as_statement && !dropped ? body_statement(index, type) : body_value(index, type);
  if (dropped) emit(Op::kPop);
  if (!known) {
    problem(index, "stands where it means nothing");
    if (!as_statement) emit(Op::kUndefined);
  }
  leave(index);
  --depth_;
}

bool Compiler::body_value(int index, const BlockType& type) {
  switch (type.form) {
    case Form::kBuiltin:
      return builtin(index, type), true;
    case Form::kCompare:
      return compare(index), true;
    case Form::kOperation:
      return operation(index), true;
    case Form::kNegate:
      return value(index, "BOOL", "true"), emit(Op::kNot), true;
    case Form::kBoolean:
      return emit(choice(index, "BOOL:TRUE|FALSE") == 0 ? Op::kTrue : Op::kFalse), true;
    case Form::kNullValue:
      return emit(Op::kNull), true;
    case Form::kTernary:
      return ternary(index), true;
    case Form::kNumber:
      return number(index), true;
    case Form::kArithmetic:
      return arithmetic(index), true;
    case Form::kConstant:
      return constant(index), true;
    case Form::kModulo:
      value(index, "DIVIDEND", "0");
      value(index, "DIVISOR", "0");
      return emit(Op::kRemainder), true;
    case Form::kTextLiteral:
      return push_text(field(index, "TEXT")), true;
    case Form::kPrompt:
      return prompt(index), true;
    case Form::kListGet:
      return list_get(index), true;
    case Form::kSlice:
      return slice(index), true;
    case Form::kGet:
      return load(place_of(index, "VAR")), true;
    case Form::kCallValue:
      return call(index, false), true;
    case Form::kIndicatorValue:
      return indicator(index, type, false), true;
    case Form::kCandle:
      return candle(index, type), true;
    case Form::kPrice:
      out_.program.asks_price = true;
      push_text(field(index, "PURCHASE_LIST"));
      return call_builtin(type.builtin, 1), true;
    case Form::kIsOption:
      load(place_of(index, "VAR"));
      push_text(field(index, "OPTION"));
      return emit(Op::kEqual), true;
    case Form::kDigits:
      return digits(index, type), true;
    case Form::kNothing:
      note(line_, fmt::format("{} is obsolete and has no value", source_.at(index).type));
      return emit(Op::kUndefined), true;
    case Form::kTextJoin:
      return text_join(index, false), true;
    case Form::kListCreate:
      return list_create(index, false), true;
    default:
      return false;
  }
}

bool Compiler::body_statement(int index, const BlockType& type) {
  switch (type.form) {
    case Form::kBuiltin:
      return builtin(index, type), emit(Op::kPop), true;
    case Form::kOptions:
      return options(index, type), true;
    case Form::kMultiplier:
      return multiplier(index), true;
    case Form::kAccumulator:
      return accumulator(index), true;
    case Form::kPurchase:
      return purchase(index, type), true;
    case Form::kSell:
      return emit(Op::kSell), true;
    case Form::kTradeAgain:
      return emit(Op::kTrue), emit(Op::kReturn), true;
    case Form::kTimeout:
      value(index, "SECONDS", "1");
      emit(Op::kSleep);
      return inner(index, "TIMEOUTSTACK"), true;
    case Form::kTickDelay:
      value(index, "TICKDELAYVALUE", "1");
      emit(Op::kTickDelay);
      return inner(index, "TICKDELAYSTACK"), true;
    case Form::kIf:
      return if_block(index), true;
    case Form::kChange: {
      const auto p = place_of(index, "VAR");
      load(p);
      call_builtin(Builtin::kAbs, 1, 1);
      value(index, "DELTA", "0");
      emit(Op::kAdd);
      return store(p), true;
    }
    case Form::kTextAppend: {
      const auto p = place_of(index, "VAR");
      load(p);
      value(index, "TEXT", "''");
      call_builtin(Builtin::kTextAppend, 2);
      return store(p), true;
    }
    case Form::kListSet:
      return list_set(index), true;
    case Form::kRepeat:
    case Form::kRepeatTimes:
    case Form::kRepeatEndless:
      return repeat(index, type), true;
    case Form::kWhile:
      return while_loop(index), true;
    case Form::kFor:
      return for_loop(index), true;
    case Form::kForEach:
      return for_each(index), true;
    case Form::kFlow:
      return flow(index), true;
    case Form::kSet:
      value(index, "VALUE", "0");
      return store(place_of(index, "VAR")), true;
    case Form::kSetOption:
      push_text(field(index, "OPTION"));
      return store(place_of(index, "VAR")), true;
    case Form::kCallStatement:
      return call(index, true), true;
    case Form::kIfReturn:
      return if_return(index), true;
    case Form::kIndicator:
      return indicator(index, type, true), true;
    case Form::kNotify:
      return notify(index, type), true;
    case Form::kTelegram:
      return telegram(index), true;
    case Form::kWebhook:
      return webhook(index), true;
    case Form::kStop:
      return emit(Op::kStopProgram), true;
    case Form::kNothing:
      if (const int unused = input_block(index, "BARRIEROFFSET_IN"); unused >= 0) {
        mark(unused, Fate::kDropped, false);
      }
      return true;
    case Form::kTextJoin:
      if (source_.at(index).field("VARIABLE") == nullptr) return false;
      return text_join(index, true), true;
    case Form::kListCreate:
      if (source_.at(index).field("VARIABLE") == nullptr) return false;
      return list_create(index, true), true;
    default:
      return false;
  }
}

// -- builtins -----------------------------------------------------------------------------------

void Compiler::call_builtin(Builtin builtin, int count, int flag) {
  if (builtin == Builtin::kMathRandomInteger || builtin == Builtin::kMathRandomFraction) {
    out_.program.uses_random = true;
  }
  emit(Op::kBuiltin, static_cast<int>(builtin), count, flag);
}

/// Pushes the inputs that the table lists, then calls.
void Compiler::builtin(int index, const BlockType& type) {
  const int variant = choice(index, type.choice);
  int count = 0;
  auto list = type.inputs;
  while (!list.empty()) {
    const auto end = std::min(list.find(' '), list.size());
    const auto word = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    const auto equals = word.find('=');
    auto fallback = word.substr(equals + 1);
    if (type.builtin == Builtin::kListSplit && word.starts_with("INPUT")) {
      fallback = variant == 0 ? "''" : "[]";
    }
    const int inside = input_block(index, word.substr(0, equals));
    const bool told =
        type.builtin == Builtin::kPrint && inside >= 0 && !source_.at(inside).disabled;
    const auto inner_type = told ? std::string_view(source_.at(inside).type) : std::string_view();
    // A quote that is told directly keeps the decimals of its symbol (section 11).
    if (inner_type == "tick" || inner_type == "ticks") {
      enter(inside);
      call_builtin(inner_type == "tick" ? Builtin::kTickText : Builtin::kTickTexts, 0);
      leave(inside);
    } else {
      value(index, word.substr(0, equals), fallback);
    }
    ++count;
  }
  call_builtin(type.builtin, count, builtin_flag(index, type, variant));
}

int Compiler::builtin_flag(int index, const BlockType& type, int variant) {
  if (type.builtin == Builtin::kMathOnList) {
    if (variant == 8) out_.program.uses_random = true;
    if (!out_.program.native) return variant;
    return (variant <= 3 && list_helper_ >= 0 ? list_helper_ : variant) | 0x10;
  }
  if (type.builtin == Builtin::kListSort) {
    const bool down = choice(index, "DIRECTION:1|-1") == 1;
    return variant | (down ? 2 : 0) | (out_.program.native ? 4 : 0);
  }
  if (type.builtin == Builtin::kTextCharacter && variant == 4) out_.program.uses_random = true;
  if (type.builtin == Builtin::kStat || type.builtin == Builtin::kStatList) {
    auto& first = out_.program.stat_line;
    if (first == 0) first = source_.at(index).line;
  }
  return variant;
}

void Compiler::candle(int index, const BlockType& type) {
  const auto text = field(index, "CANDLEINTERVAL_LIST");
  const int interval =
      text.empty() || text == "default" ? out_.program.candle_interval : interval_of(text, index);
  auto& all = out_.program.intervals;
  if (std::ranges::count(all, interval) == 0) all.push_back(interval);
  const int variant = choice(index, type.choice);
  const bool at = is_listed(type.inputs, "CANDLEINDEX");
  if (at) value(index, "CANDLEINDEX", "1");
  push_number(interval);
  call_builtin(type.builtin, at ? 2 : 1, variant);
}

// -- logic and arithmetic -----------------------------------------------------------------------

/// Branches beyond the counts of the mutation do not exist for Blockly.
void Compiler::if_block(int index) {
  const auto& block = source_.at(index);
  const int branches = 1 + std::max(0, number_in(block.mutation.attribute("elseif")));
  const bool has_else = number_in(block.mutation.attribute("else")) > 0;
  std::vector<int> ends;
  for (int i = 0; i < branches && i < kMaxOperands; ++i) {
    const auto condition = fmt::format("IF{}", i);
    const auto stack = fmt::format("DO{}", i);
    // A mutation may promise branches that nobody filled.
    if (i > 0 && block.input(condition) == nullptr && block.input(stack) == nullptr) continue;
    value(index, condition, "false");
    const int skip = emit(Op::kJumpIfFalse);
    inner(index, stack);
    ends.push_back(emit(Op::kJump));
    patch(skip);
  }
  if (has_else) inner(index, "ELSE");
  for (const int at : ends) patch(at);
  for (const auto& input : block.inputs) {
    if (input.block < 0 || fate(input.block) != Fate::kUnseen) continue;
    note(input.line, fmt::format("controls_if: {} lies beyond the branches that the block says it "
                                 "has, so that Blockly drops it",
                                 input.name));
    mark(input.block, Fate::kDropped, true);
    if (input.shadow >= 0) mark(input.shadow, Fate::kReplaced, false);
  }
}

void Compiler::compare(int index) {
  constexpr std::array kOps{Op::kEqual,     Op::kNotEqual, Op::kLess,
                            Op::kLessEqual, Op::kGreater,  Op::kGreaterEqual};
  value(index, "A", "false");
  value(index, "B", "false");
  emit(kOps[static_cast<std::size_t>(choice(index, "OP:EQ|NEQ|LT|LTE|GT|GTE"))]);
}

void Compiler::operation(int index) {
  value(index, "A", "false");
  const int skip = emit(choice(index, "OP:AND|OR") == 0 ? Op::kAndElse : Op::kOrElse);
  value(index, "B", "false");
  patch(skip);
}

void Compiler::ternary(int index) {
  value(index, "IF", "false");
  const int otherwise = emit(Op::kJumpIfFalse);
  value(index, "THEN", "null");
  const int end = emit(Op::kJump);
  patch(otherwise);
  value(index, "ELSE", "null");
  patch(end);
}

void Compiler::arithmetic(int index) {
  constexpr std::array kOps{Op::kAdd, Op::kSubtract, Op::kMultiply, Op::kDivide, Op::kPower};
  value(index, "A", "0");
  value(index, "B", "0");
  emit(kOps[static_cast<std::size_t>(choice(index, "OP:ADD|MINUS|MULTIPLY|DIVIDE|POWER"))]);
}

void Compiler::number(int index) {
  const auto text = field(index, "NUM");
  const double n = number_of(text);
  if (std::isnan(n)) problem(index, fmt::format("'{}' is not a number", text));
  push_number(n);
}

void Compiler::constant(int index) {
  constexpr std::array kValues{
      std::numbers::pi,     std::numbers::e,
      1.618033988749894848,  // (1 + sqrt 5) / 2
      std::numbers::sqrt2,  0.707106781186547524, std::numeric_limits<double>::infinity()};
  push_number(kValues[static_cast<std::size_t>(
      choice(index, "CONSTANT:PI|E|GOLDEN_RATIO|SQRT2|SQRT1_2|INFINITY"))]);
}

// -- texts and lists ----------------------------------------------------------------------------

/// The items of text_join and lists_create_with onto the stack, in either form (section 1.2).
void Compiler::items(int index, std::string_view inner_type, std::string_view fallback, bool text) {
  const auto& block = source_.at(index);
  int count = 0;
  const auto input = text ? "TEXT" : "VALUE";
  for (int i = input_block(index, "STACK"); i >= 0; i = source_.at(i).next) {
    const auto& item = source_.at(i);
    if (item.disabled) {
      mark(i, Fate::kDisabled, false);
      continue;
    }
    const auto* type = find_block_type(item.type);
    if (type == nullptr || (item.type != inner_type && item.type != "text_statements")) {
      problem(i, fmt::format("is not an item of {}", block.type));
      mark(i, Fate::kDropped, false);
      continue;
    }
    enter(i);
    value(i, input, fallback);
    if (text) call_builtin(Builtin::kText, 1);
    leave(i);
    ++count;
  }
  const bool stacked = count > 0 || block.input("STACK") != nullptr;
  int wanted = 0;
  if (!stacked) {
    const auto said = block.mutation.attribute("items");
    if (!said.empty()) {
      wanted = number_in(said);
    } else {
      while (block.input(fmt::format("ADD{}", wanted)) != nullptr) ++wanted;
    }
  }
  for (int i = 0; i < wanted && i < kMaxOperands; ++i) {
    value(index, fmt::format("ADD{}", i), fallback);
    if (text && wanted < 3) call_builtin(Builtin::kText, 1);
    ++count;
  }
  for (const auto& in : block.inputs) {
    if (in.block < 0 || fate(in.block) != Fate::kUnseen) continue;
    note(in.line, fmt::format("{}: {} lies beyond the items that the block says it has, so that "
                              "Blockly drops it",
                              block.type, in.name));
    mark(in.block, Fate::kDropped, true);
  }
  if (count > kMaxOperands) problem(index, "has too many items");
  // One blank between the items of Deriv Bot's form, nothing in the value form (section 14, 7).
  call_builtin(text ? Builtin::kTextJoin : Builtin::kList, std::min(count, kMaxOperands),
               stacked ? 1 : 0);
}

void Compiler::text_join(int index, bool as_statement) {
  items(index, "text_statement", "''", true);
  if (as_statement) store(place_of(index, "VARIABLE"));
}

void Compiler::list_create(int index, bool as_statement) {
  items(index, "lists_statement", "null", false);
  if (as_statement) store(place_of(index, "VARIABLE"));
}

void Compiler::prompt(int index) {
  const auto& block = source_.at(index);
  Prompt p;
  p.line = block.line;
  p.block = index;
  p.number = choice(index, "TYPE:TEXT|NUMBER") == 1;
  const auto* input = block.input("TEXT");
  const int inside = input == nullptr ? -1 : input->block >= 0 ? input->block : input->shadow;
  if (inside >= 0) {
    p.question = field(inside, "TEXT");
  } else {
    p.question = field(index, "TEXT");
  }
  value(index, "TEXT", "''");
  // Its number is known once all prompts are: the constant is its own.
  prompt_constants_.push_back(new_constant({false, 0, {}}));
  emit(Op::kConstant, prompt_constants_.back());
  out_.program.prompts.push_back(p);
  call_builtin(Builtin::kPrompt, 2, p.number ? 1 : 0);
}

void Compiler::list_get(int index) {
  const int mode = choice(index, "MODE:GET|GET_REMOVE|REMOVE");
  const int where = choice(index, "WHERE:FROM_START|FROM_END|FIRST|LAST|RANDOM");
  if (where == 4) out_.program.uses_random = true;
  const int of = input_block(index, "VALUE");
  const auto window = of < 0 || source_.at(of).disabled ? std::string_view()
                                                        : std::string_view(source_.at(of).type);
  // One tick of the window needs no list of a thousand.
  const bool direct = mode == 0 && where < 4 && (window == "ticks" || window == "lastDigitList");
  if (direct) {
    enter(of);
    leave(of);
  } else {
    value(index, "VALUE", "[]");
  }
  if (where < 2) {
    value(index, "AT", "1");
  } else {
    if (const int unused = input_block(index, "AT"); unused >= 0) {
      mark(unused, Fate::kDropped, true);
    }
    push_number(1);
  }
  if (direct) return call_builtin(Builtin::kWindowGet, 1, where | (window == "ticks" ? 0 : 8));
  call_builtin(Builtin::kListGet, 2, mode * 5 + where);
}

void Compiler::list_set(int index) {
  const int mode = choice(index, "MODE:SET|INSERT");
  const int where = choice(index, "WHERE:FROM_START|FROM_END|FIRST|LAST|RANDOM");
  if (where == 4) out_.program.uses_random = true;
  value(index, "LIST", "[]");
  if (where < 2) {
    value(index, "AT", "1");
  } else {
    if (const int unused = input_block(index, "AT"); unused >= 0)
      mark(unused, Fate::kDropped, true);
    push_number(1);
  }
  value(index, "TO", "null");
  call_builtin(Builtin::kListSet, 3, mode * 5 + where);
  emit(Op::kPop);
}

void Compiler::slice(int index) {
  const bool text = source_.at(index).type == "text_getSubstring";
  const int from = choice(index, "WHERE1:FROM_START|FROM_END|FIRST");
  const int to = choice(index, "WHERE2:FROM_START|FROM_END|LAST");
  value(index, text ? "STRING" : "LIST", text ? "''" : "[]");
  const auto place = [&](std::string_view input, bool used) {
    if (used) return value(index, input, "1");
    if (const int unused = input_block(index, input); unused >= 0) {
      mark(unused, Fate::kDropped, true);
    }
    push_number(1);
  };
  place("AT1", from != 2);
  place("AT2", to != 2);
  call_builtin(Builtin::kSlice, 3, from * 3 + to);
}

// -- loops, functions ---------------------------------------------------------------------------

void Compiler::inner(int index, std::string_view stack) { chain(input_block(index, stack)); }

/// The end of a loop: every `continue` goes to `again`, every `break` here.
void Compiler::close_loop(int again) {
  emit(Op::kJump, again);
  auto loop = std::move(loops_.back());
  loops_.pop_back();
  for (const int at : loop.breaks) patch(at);
}

void Compiler::repeat(int index, const BlockType& type) {
  const int end = new_local();
  const int i = new_local();
  if (type.form == Form::kRepeatTimes) {
    const auto text = field(index, "TIMES");
    push_number(text.empty() ? 10 : number_of(text));
  } else if (type.form == Form::kRepeatEndless) {
    push_number(std::numeric_limits<double>::infinity());
  } else {
    value(index, "TIMES", "0");
  }
  emit(Op::kSetLocal, end);
  push_number(0);
  emit(Op::kSetLocal, i);
  const int again = static_cast<int>(current_.code.size());
  emit(Op::kGetLocal, i);
  emit(Op::kGetLocal, end);
  emit(Op::kLess);
  loops_.push_back({});
  loops_.back().breaks.push_back(emit(Op::kJumpIfFalse));
  inner(index, "DO");
  for (const int at : loops_.back().continues) patch(at);
  emit(Op::kGetLocal, i);
  push_number(1);
  emit(Op::kAdd);
  emit(Op::kSetLocal, i);
  close_loop(again);
}

void Compiler::while_loop(int index) {
  const bool until = choice(index, "MODE:WHILE|UNTIL") == 1;
  const int rounds = new_local();
  push_number(0);
  emit(Op::kSetLocal, rounds);
  const int again = static_cast<int>(current_.code.size());
  value(index, "BOOL", "false");
  loops_.push_back({});
  loops_.back().breaks.push_back(emit(until ? Op::kJumpIfTrue : Op::kJumpIfFalse));
  // Binary Bot knows no limit (section 9); there the budget of steps ends a loop for ever.
  if (out_.program.native) emit(Op::kRound, rounds);
  inner(index, "DO");
  for (const int at : loops_.back().continues) {
    current_.code[static_cast<std::size_t>(at)].arg = again;
  }
  close_loop(again);
}

void Compiler::for_loop(int index) {
  const auto variable = place_of(index, "VAR");
  const int end = new_local();
  const int step = new_local();
  const int start = new_local();
  value(index, "FROM", "0");
  emit(Op::kSetLocal, start);
  value(index, "TO", "0");
  emit(Op::kSetLocal, end);
  value(index, "BY", "1");
  call_builtin(Builtin::kAbs, 1);
  emit(Op::kSetLocal, step);
  emit(Op::kGetLocal, start);
  emit(Op::kGetLocal, end);
  emit(Op::kGreater);
  const int up = emit(Op::kJumpIfFalse);
  push_number(0);
  emit(Op::kGetLocal, step);
  emit(Op::kSubtract);
  emit(Op::kSetLocal, step);
  patch(up);
  emit(Op::kGetLocal, start);
  store(variable);
  const int again = static_cast<int>(current_.code.size());
  emit(Op::kGetLocal, step);
  push_number(0);
  emit(Op::kGreaterEqual);
  const int down = emit(Op::kJumpIfFalse);
  load(variable);
  emit(Op::kGetLocal, end);
  emit(Op::kLessEqual);
  const int tested = emit(Op::kJump);
  patch(down);
  load(variable);
  emit(Op::kGetLocal, end);
  emit(Op::kGreaterEqual);
  patch(tested);
  loops_.push_back({});
  loops_.back().breaks.push_back(emit(Op::kJumpIfFalse));
  inner(index, "DO");
  for (const int at : loops_.back().continues) patch(at);
  load(variable);
  emit(Op::kGetLocal, step);
  emit(Op::kAdd);
  store(variable);
  close_loop(again);
}

void Compiler::for_each(int index) {
  const auto variable = place_of(index, "VAR");
  const int list = new_local();
  const int at = new_local();
  const int count = new_local();
  value(index, "LIST", "[]");
  emit(Op::kSetLocal, list);
  push_number(0);
  emit(Op::kSetLocal, at);
  emit(Op::kUndefined);
  emit(Op::kSetLocal, count);
  const int again = static_cast<int>(current_.code.size());
  emit(Op::kItemPresent, list);
  loops_.push_back({});
  loops_.back().breaks.push_back(emit(Op::kJumpIfFalse));
  store(variable);
  inner(index, "DO");
  for (const int jump : loops_.back().continues) {
    current_.code[static_cast<std::size_t>(jump)].arg = again;
  }
  close_loop(again);
}

void Compiler::flow(int index) {
  if (loops_.empty()) return problem(index, "stands outside a loop");
  auto& loop = loops_.back();
  const bool leaves = choice(index, "FLOW:BREAK|CONTINUE") == 0;
  (leaves ? loop.breaks : loop.continues).push_back(emit(Op::kJump));
}

void Compiler::call(int index, bool as_statement) {
  const auto& block = source_.at(index);
  auto name = std::string(block.mutation.attribute("name"));
  if (name.empty()) name = field(index, "NAME");
  const int target = find_function(name);
  int count = 0;
  for (; count < static_cast<int>(block.mutation.arguments.size()) && count < kMaxOperands;
       ++count) {
    value(index, fmt::format("ARG{}", count), "null");
  }
  for (const auto& input : block.inputs) {
    if (input.block < 0 || fate(input.block) != Fate::kUnseen) continue;
    note(input.line, fmt::format("a call of {} gives {}, which the call does not name, so that "
                                 "Blockly drops it",
                                 name, input.name));
    mark(input.block, Fate::kDropped, true);
  }
  if (target >= 0) {
    emit(Op::kCall, target, count);
    if (as_statement) emit(Op::kPop);
    return;
  }
  // Blockly makes an empty function for it (section 9).
  calls_missing_ = true;
  note(block.line,
       fmt::format("the function {} is not in the file: a call of it does nothing", name));
  for (int i = 0; i < count; ++i) emit(Op::kPop);
  if (!as_statement) emit(Op::kUndefined);
}

void Compiler::if_return(int index) {
  value(index, "CONDITION", "false");
  const int skip = emit(Op::kJumpIfFalse);
  value(index, "VALUE",
        source_.at(index).mutation.attribute("value") == "0" ? "undefined" : "null");
  emit(Op::kReturn);
  patch(skip);
}

// -- indicators ---------------------------------------------------------------------------------

/// A parameter of an indicator: in a block of its own in the statement form, else an input. Returns
/// 1 for the caller's count.
int Compiler::indicator_parameter(int index, std::string_view block, std::string_view input,
                                  std::string_view fallback) {
  if (block.empty()) {
    value(index, input, fallback);
    return 1;
  }
  for (int i = input_block(index, "STATEMENT"); i >= 0; i = source_.at(i).next) {
    if (source_.at(i).type != block || source_.at(i).disabled) continue;
    enter(i);
    value(i, input, fallback);
    leave(i);
    return 1;
  }
  push_default(fallback);
  return 1;
}

void Compiler::indicator(int index, const BlockType& type, bool as_statement) {
  const int variant = choice(index, type.choice);
  const auto part = [&](std::string_view block, std::string_view input, std::string_view fallback) {
    return indicator_parameter(index, as_statement ? block : std::string_view(), input, fallback);
  };
  const auto b = type.builtin;
  const bool bands = b == Builtin::kBands || b == Builtin::kBandsList;
  int count = part("input_list", as_statement ? "INPUT_LIST" : "INPUT", "[]");
  if (b == Builtin::kMacdList) {
    const bool old = source_.at(index).input("SIGNAL_EMA_PERIOD") == nullptr && !as_statement;
    count += part("fast_ema_period", "FAST_EMA_PERIOD", "12");
    count += part("slow_ema_period", "SLOW_EMA_PERIOD", "26");
    count += part("signal_ema_period", old ? "SMA_PERIOD" : "SIGNAL_EMA_PERIOD", "9");
  } else {
    const bool rsi = b == Builtin::kRsi || b == Builtin::kRsiList;
    count += part("period", "PERIOD", rsi ? "14" : "10");
  }
  if (bands) {
    count += part("std_dev_multiplier_up", "UPMULTIPLIER", "5");
    count += part("std_dev_multiplier_down", "DOWNMULTIPLIER", "5");
  }
  call_builtin(b, count, variant);
  if (!as_statement) return;
  store(place_of(index, "VARIABLE"));
  for (int i = input_block(index, "STATEMENT"); i >= 0; i = source_.at(i).next) {
    if (source_.at(i).disabled) mark(i, Fate::kDisabled, false);
    if (fate(i) != Fate::kUnseen) continue;
    problem(i, fmt::format("is not a parameter of {}", type.name));
    mark(i, Fate::kDropped, false);
  }
}

// -- messages -----------------------------------------------------------------------------------

void Compiler::notify(int index, const BlockType& type) {
  const int kind = is_listed(type.fields, "NOTIFICATION_TYPE")
                       ? choice(index, "NOTIFICATION_TYPE:success|info|warn|error")
                       : 1;
  const std::string_view input = is_listed(type.inputs, "MESSAGE") ? "MESSAGE" : "notification";
  const auto* in = source_.at(index).input(input);
  const int inside = in == nullptr ? -1 : in->block >= 0 ? in->block : in->shadow;
  const bool active = inside >= 0 && !source_.at(inside).disabled;
  const auto inner_type = active ? std::string_view(source_.at(inside).type) : std::string_view();
  std::string variable;
  if (inner_type == "variables_get") variable = field(inside, "VAR");
  if (inner_type == "tick" || inner_type == "ticks") {
    enter(inside);
    call_builtin(inner_type == "tick" ? Builtin::kTickText : Builtin::kTickTexts, 0);
    if (in->shadow >= 0 && in->shadow != inside) mark(in->shadow, Fate::kReplaced, false);
  } else if (active) {
    value(index, input, "''");
  } else {
    value(index, input, "''");
    emit(Op::kPop);
    push_text("<empty message>");
  }
  push_text(variable);
  call_builtin(Builtin::kNotify, 2, kind);
  emit(Op::kPop);
}

void Compiler::telegram(int index) {
  for (const std::string_view input :
       {"TELEGRAM_ACCESS_TOKEN", "TELEGRAM_CHAT_ID", "TELEGRAM_MESSAGE"}) {
    value(index, input, "''");
  }
  note(line_, "notify_telegram becomes a journal line; `notify` of derivd.yaml can send it on");
  call_builtin(Builtin::kTelegram, 3);
  emit(Op::kPop);
}

void Compiler::webhook(int index) {
  value(index, "WEBHOOK_URL", "''");
  int count = 1;
  for (int i = 0; i < kMaxOperands / 2; ++i) {
    const int inside = input_block(index, fmt::format("ADD{}", i));
    if (inside < 0) break;
    if (source_.at(inside).type != "key_value_pair") {
      problem(inside, "is not a key_value_pair");
      mark(inside, Fate::kDropped, true);
      continue;
    }
    enter(inside);
    push_text(field(inside, "KEY"));
    value(inside, "VALUE", "null");
    leave(inside);
    count += 2;
  }
  note(line_, "webhook becomes a journal line; derivd posts nothing for a program");
  call_builtin(Builtin::kWebhook, count);
  emit(Op::kPop);
}

// -- digit statistics of vendors (section 13) ---------------------------------------------------

void Compiler::digits(int index, const BlockType& type) {
  const auto& block = source_.at(index);
  const auto part = [&](std::string_view input, std::string_view other, std::string_view fallback) {
    const auto used =
        block.input(input) != nullptr || block.field(input) == nullptr ? input : other;
    if (block.input(used) != nullptr) return value(index, used, fallback);
    const auto text = field(index, input).empty() ? field(index, other) : field(index, input);
    if (text.empty()) return push_default(fallback);
    const double n = number_of(text);
    if (std::isnan(n)) problem(index, fmt::format("'{}' is not a number", text));
    push_number(n);
  };
  const auto& name = block.type;
  int flag = 0;
  if (name == "last_digits_condition") {
    part(block.input("DIGITS_COUNT") != nullptr ? "DIGITS_COUNT" : "N", "N", "5");
    part(block.input("COMPARE_VALUE") != nullptr ? "COMPARE_VALUE" : "DIGIT", "DIGIT", "4");
    flag = choice(index,
                  "CONDITION:ALL_EVEN|ALL_ODD|ALL_SAME|LESS|GREATER|LESS_OR_EQUAL|GREATER_OR_EQUAL|"
                  "EQ|LT|GT|LTE|GTE");
    if (flag > 7) flag -= 5;
  } else if (name == "last_digits_even_odd") {
    part("N", "N", "5");
    push_number(0);
    flag = choice(index, "TYPE:EVEN|ODD|even|odd") % 2;
  } else if (name == "even_odd_analysis") {
    part("N", "N", "1000");
    push_number(0);
    flag = choice(index, "ANALYSIS_TYPE:EVEN_PERCENTAGE|ODD_PERCENTAGE|EVEN|ODD") % 2;
  } else if (name == "over_under_percentage" || name == "over_under_analysis") {
    part(name == "over_under_analysis" ? "N" : "COUNT", "N", "1000");
    part("DIGIT", "DIGIT", "5");
    flag = 2 + choice(index, name == "over_under_analysis" ? "CONDITION_TYPE:over|under|OVER|UNDER"
                                                           : "CONDITION:over|under|OVER|UNDER") %
                   2;
  } else if (name == "digit_frequency") {
    part("N", "N", "1000");
    flag = choice(index, "RANK:MOST|SECOND_MOST|LEAST|SECOND_LEAST");
    if (choice(index, "RETURN_TYPE:DIGIT|PERCENTAGE") == 1) flag |= 8;
  } else {
    part("COUNT", "COUNT", "1000");
    flag = choice(index, "FREQUENCY_TYPE:highest|lowest") == 0 ? 0 : 2;
  }
  call_builtin(type.builtin, type.builtin == Builtin::kDigitRank ? 1 : 2, flag);
  for (const auto& in : block.inputs) {
    if (in.block < 0 || fate(in.block) != Fate::kUnseen) continue;
    note(in.line, fmt::format("{}: {} says again what another input says", name, in.name));
    unused_input(index, in.name);
  }
}

}  // namespace derivd::dbot
