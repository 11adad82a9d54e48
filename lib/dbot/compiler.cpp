#include "dbot/compiler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "dbot/block_table.hpp"
#include "dbot/compiler_impl.hpp"
#include "dbot/number.hpp"

namespace derivd::dbot {
namespace {

/// Of the letters A to Z, as Blockly compares names of functions.
std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

/// FNV-1a: tells one file from another, nothing more.
std::uint64_t fingerprint_of(std::string_view bytes) {
  std::uint64_t out = 14695981039346656037ULL;
  for (const char c : bytes) {
    out ^= static_cast<unsigned char>(c);
    out *= 1099511628211ULL;
  }
  return out;
}

constexpr std::size_t kMaxParameters = 200;

constexpr std::array<std::string_view, 29> kContractTypes{
    "CALL",        "PUT",        "CALLE",     "PUTE",     "ONETOUCH",  "NOTOUCH",
    "EXPIRYRANGE", "EXPIRYMISS", "RANGE",     "UPORDOWN", "ASIANU",    "ASIAND",
    "DIGITMATCH",  "DIGITDIFF",  "DIGITEVEN", "DIGITODD", "DIGITOVER", "DIGITUNDER",
    "TICKHIGH",    "TICKLOW",    "RESETCALL", "RESETPUT", "RUNHIGH",   "RUNLOW",
    "CALLSPREAD",  "PUTSPREAD",  "MULTUP",    "MULTDOWN", "ACCU"};

}  // namespace

bool is_contract_type(std::string_view name) {
  return std::ranges::count(kContractTypes, name) > 0;
}

bool takes_prediction(std::string_view type) {
  static constexpr std::array<std::string_view, 6> kTypes{"DIGITMATCH", "DIGITDIFF", "DIGITOVER",
                                                          "DIGITUNDER", "TICKHIGH",  "TICKLOW"};
  return std::ranges::count(kTypes, type) > 0;
}

bool is_of_digits(std::string_view type) {
  static constexpr std::array<std::string_view, 6> kTypes{"DIGITMATCH", "DIGITDIFF", "DIGITEVEN",
                                                          "DIGITODD",   "DIGITOVER", "DIGITUNDER"};
  return std::ranges::count(kTypes, type) > 0;
}

Compiler::Compiler(const Source& source, std::string_view symbol)
    : source_(source), symbol_(symbol), fates_(source.blocks.size(), Fate::kUnseen) {}

Compiled Compiler::run(std::string_view bytes) {
  auto& program = out_.program;
  program.fingerprint = fingerprint_of(bytes);
  program.native = source_.native;
  out_.problems = source_.problems;
  declare_variables();
  find_sections();
  find_list_helper();
  declare_functions();
  if (definition_ >= 0) compile_definition();
  compile_sections();
  compile_functions();
  order_prompts();
  mark_the_rest();
  check_complete();
  count();
  std::ranges::stable_sort(out_.problems, {}, &Problem::line);
  std::ranges::stable_sort(out_.notes, {}, &Note::line);
  return std::move(out_);
}

// -- what the file is made of -------------------------------------------------------------------

void Compiler::declare_variables() {
  for (const auto& v : source_.variables) {
    if (!v.id.empty() && by_id_.contains(v.id)) continue;
    const int index = global(v.name);
    if (!v.id.empty()) by_id_.emplace(v.id, index);
  }
}

int Compiler::global(const std::string& name) {
  const auto [it, fresh] =
      by_name_.try_emplace(name, static_cast<int>(out_.program.variables.size()));
  if (fresh) out_.program.variables.push_back(name);
  return it->second;
}

bool Compiler::is_main(std::string_view type) {
  return type == "trade_definition" || type == "trade" || type == "before_purchase" ||
         type == "on_strategy" || type == "during_purchase" || type == "after_purchase" ||
         type == "on_finish" || type == "tick_analysis" || type == "procedures_defnoreturn" ||
         type == "procedures_defreturn" || type == "loader" || type == "block_holder";
}

/// Of two blocks of one kind the one lower on the canvas wins (section 2).
void Compiler::choose(int& slot, int index) {
  if (slot >= 0) {
    note(source_.at(slot).line,
         fmt::format("a second {} stands lower on the canvas and wins over this one",
                     source_.at(slot).type));
    mark(slot, Fate::kStray, true);
  }
  slot = index;
}

void Compiler::find_sections() {
  auto& dialect = out_.program.dialect;
  for (const int top : source_.tops) {
    const auto& block = source_.at(top);
    if (block.disabled) {
      mark(top, Fate::kDisabled, false);
      if (block.next >= 0) mark(block.next, Fate::kStray, true);
      continue;
    }
    const auto& type = block.type;
    if (!is_main(type)) {
      mark(top, Fate::kStray, true);
      continue;
    }
    if (block.next >= 0) mark(block.next, Fate::kStray, true);
    if (type == "trade_definition" || type == "trade") choose(definition_, top);
    if (type == "before_purchase" || type == "on_strategy") choose(before_, top);
    if (type == "during_purchase") choose(during_, top);
    if (type == "after_purchase" || type == "on_finish") choose(after_, top);
    if (type == "tick_analysis") analyses_.push_back(top);
    if (type.starts_with("procedures_def")) definitions_.push_back(top);
    if (type == "loader") take_loader(top);
    if (type == "block_holder") {
      mark(top, Fate::kDropped, false);
      fates_[static_cast<std::size_t>(top)] = Fate::kLive;
    }
    if (type == "on_strategy" || type == "on_finish") dialect = Dialect::kBinaryV1;
  }
  if (definition_ >= 0 && source_.at(definition_).type == "trade" &&
      dialect != Dialect::kBinaryV1) {
    dialect = Dialect::kBinary;
  }
}

void Compiler::take_loader(int index) {
  loader_ = index;
  const auto& block = source_.at(index);
  live(index);
  const auto* url = block.field("URL");
  note(block.line, fmt::format("loader: the library at {} is not read; derivd fetches no programs",
                               url == nullptr || url->text.empty() ? "no address" : url->text));
}

/// semantics.md 9: in Deriv Bot SUM, MIN, MAX and AVERAGE register one helper under one name, so
/// that the one met first computes for all of them.
void Compiler::find_list_helper() {
  if (!out_.program.native) return;
  std::vector<int> work;
  std::vector<std::string> found;
  for (const int top : source_.tops) {
    if (fate(top) == Fate::kStray || fate(top) == Fate::kDisabled) continue;
    work.push_back(top);
    while (!work.empty()) {
      const int index = work.back();
      work.pop_back();
      const auto& block = source_.at(index);
      if (block.next >= 0 && index != top) work.push_back(block.next);
      if (block.disabled) continue;
      for (auto it = block.inputs.rbegin(); it != block.inputs.rend(); ++it) {
        if (it->block >= 0) work.push_back(it->block);
      }
      const auto* op = block.type == "math_on_list" ? block.field("OP") : nullptr;
      if (op == nullptr) continue;
      constexpr std::array<std::string_view, 4> kShared{"SUM", "MIN", "MAX", "AVERAGE"};
      const auto at = std::ranges::find(kShared, op->text);
      if (at == kShared.end()) continue;
      if (list_helper_ < 0) list_helper_ = static_cast<int>(at - kShared.begin());
      if (std::ranges::count(found, op->text) == 0) found.push_back(op->text);
      if (found.size() == 2) {
        note(block.line, fmt::format("math_on_list: as in Deriv Bot, {} is computed for {} too",
                                     found[0], found[1]));
      }
    }
  }
}

void Compiler::declare_functions() {
  for (const int index : definitions_) {
    const auto& block = source_.at(index);
    const auto* name = block.field("NAME");
    Function f;
    f.name = name == nullptr ? std::string() : name->text;
    if (find_function(f.name) >= 0) {
      note(block.line, fmt::format("a function {} is defined twice; calls mean the first", f.name));
    }
    const int at = static_cast<int>(out_.program.functions.size());
    function_of_block_.push_back(at);
    functions_.try_emplace(f.name, at);
    lower_functions_.try_emplace(lower_case(f.name), at);
    out_.program.functions.push_back(std::move(f));
  }
}

int Compiler::find_function(const std::string& name) const {
  if (const auto it = functions_.find(name); it != functions_.end()) return it->second;
  const auto it = lower_functions_.find(lower_case(name));
  return it == lower_functions_.end() ? -1 : it->second;
}

void Compiler::compile_functions() {
  for (std::size_t i = 0; i < definitions_.size(); ++i) {
    const int index = definitions_[i];
    const auto& block = source_.at(index);
    begin_function(out_.program.functions[static_cast<std::size_t>(function_of_block_[i])].name);
    for (const auto& a : block.mutation.arguments) {
      if (parameters_.size() < kMaxParameters) parameters_.push_back(a.name);
    }
    if (block.mutation.arguments.size() > kMaxParameters) problem(index, "has too many parameters");
    current_.parameters = current_.locals = static_cast<int>(parameters_.size());
    enter(index);
    chain(input_block(index, "STACK"));
    if (block.type == "procedures_defreturn") {
      value(index, "RETURN", "undefined");
      emit(Op::kReturn);
    }
    leave(index);
    out_.program.functions[static_cast<std::size_t>(function_of_block_[i])] = end_function();
  }
}

int Compiler::section(int index, std::string_view stack, std::string_view name) {
  if (index < 0) return -1;
  begin_function(std::string(name));
  enter(index);
  chain(input_block(index, stack));
  leave(index);
  return add_function();
}

void Compiler::compile_sections() {
  const auto stack_of = [this](int index, std::string_view stack, std::string_view old) {
    return index >= 0 && source_.at(index).type.starts_with("on_") ? old : stack;
  };
  auto& p = out_.program;
  p.before =
      section(before_, stack_of(before_, "BEFOREPURCHASE_STACK", "STRATEGY_STACK"), "Before");
  p.during = section(during_, "DURING_PURCHASE_STACK", "During");
  p.after = section(after_, stack_of(after_, "AFTERPURCHASE_STACK", "FINISH_STACK"), "After");
  for (const int index : analyses_) {
    p.tick_analysis.push_back(section(index, "TICKANALYSIS_STACK", "TickAnalysis"));
  }
}

/// Prompts are numbered by their place in the file.
void Compiler::order_prompts() {
  auto& prompts = out_.program.prompts;
  std::vector<std::size_t> order(prompts.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, {}, [&](std::size_t i) { return prompts[i].block; });
  std::vector<Prompt> sorted;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    sorted.push_back(prompts[order[rank]]);
    out_.program.constants[static_cast<std::size_t>(prompt_constants_[order[rank]])].number =
        static_cast<double>(rank);
  }
  prompts = std::move(sorted);
}

void Compiler::mark_the_rest() {
  // In a file that is refused, what hangs below the reason was not overlooked.
  std::vector<int> unread;
  for (std::size_t i = 0; i < fates_.size(); ++i) {
    if (fates_[i] != Fate::kUnseen) continue;
    if (source_.blocks[i].shadow) {
      fates_[i] = Fate::kDropped;  // the default of an input that the block does not use
    } else {
      unread.push_back(static_cast<int>(i));
    }
  }
  const bool refused = !out_.problems.empty();
  for (const int index : unread) {
    if (refused) {
      fates_[static_cast<std::size_t>(index)] = Fate::kDropped;
    } else {
      problem(index, "stands where derivd does not read it");
    }
  }
}

void Compiler::check_complete() {
  const auto missing = [this](std::string text) {
    out_.problems.push_back({0, {}, "incomplete: " + std::move(text)});
  };
  if (source_.library) return missing("it is a library of blocks, not a program");
  if (definition_ < 0) return missing("no trade parameters (trade_definition or trade)");
  if (before_ < 0) missing("no purchase conditions (before_purchase)");
  if (out_.program.options.empty()) missing("no trade options (trade_definition_tradeoptions)");
  if (out_.program.purchases.empty() && before_ >= 0) missing("no purchase block");
  if (loader_ >= 0 && calls_missing_) {
    note(source_.at(loader_).line,
         "loader: the program calls functions that may be in its library; they do nothing here, so "
         "put them into the file");
  }
  if (bad_interval_ >= 0 && std::ranges::count(out_.program.intervals, 0) > 0) {
    problem(bad_interval_, "its interval is the one of the program's candles, and is none");
  }
}

void Compiler::count() {
  for (std::size_t i = 0; i < fates_.size(); ++i) {
    switch (fates_[i]) {
      case Fate::kUnseen:
        ++out_.counts.skipped;
        break;
      case Fate::kLive:
        ++out_.counts.live;
        out_.live.push_back(static_cast<int>(i));
        break;
      case Fate::kDisabled:
        ++out_.counts.disabled;
        break;
      case Fate::kStray:
        ++out_.counts.stray;
        break;
      case Fate::kDropped:
        ++out_.counts.dropped;
        break;
      case Fate::kReplaced:
        ++out_.counts.replaced;
        break;
    }
  }
}

// -- the small tools ----------------------------------------------------------------------------

void Compiler::note(int line, std::string text) {
  if (out_.notes.size() < kMaxProblems) out_.notes.push_back({line, std::move(text)});
}

void Compiler::problem(int index, std::string text) {
  const auto& block = source_.at(index);
  problem_at(block.line, index, std::move(text));
}

/// A file that is wrong throughout is told with its first thousand reasons.
void Compiler::problem_at(int line, int index, std::string text) {
  if (out_.problems.size() > kMaxProblems) return;
  if (out_.problems.size() == kMaxProblems) {
    out_.problems.push_back({0, {}, "and more, which are not told"});
    return;
  }
  out_.problems.push_back({line, source_.at(index).type, std::move(text)});
}

void Compiler::live(int index) { fates_[static_cast<std::size_t>(index)] = Fate::kLive; }

/// The block with all its inputs, and what follows it when `chain`.
void Compiler::mark(int index, Fate as, bool whole_chain) {
  std::vector<int> work{index};
  bool first = true;
  while (!work.empty()) {
    const int i = work.back();
    work.pop_back();
    auto& slot = fates_[static_cast<std::size_t>(i)];
    if (slot == Fate::kUnseen) slot = as;
    const auto& block = source_.at(i);
    for (const auto& input : block.inputs) {
      if (input.block >= 0) work.push_back(input.block);
      if (input.shadow >= 0) work.push_back(input.shadow);
    }
    if (block.next >= 0 && (!first || whole_chain)) work.push_back(block.next);
    first = false;
  }
}

int Compiler::input_block(int index, std::string_view name) {
  const auto* input = source_.at(index).input(name);
  return input == nullptr ? -1 : input->block;
}

std::string Compiler::field(int index, std::string_view name) const {
  const auto* f = source_.at(index).field(name);
  return f == nullptr ? std::string() : f->text;
}

int Compiler::emit(Op op, int arg, int count, int flag) {
  Instruction i;
  i.op = op;
  i.arg = arg;
  i.count = static_cast<std::uint16_t>(count);
  i.flag = static_cast<std::uint8_t>(flag);
  current_.code.push_back(i);
  current_.lines.push_back(line_);
  return static_cast<int>(current_.code.size()) - 1;
}

void Compiler::patch(int at) {
  current_.code[static_cast<std::size_t>(at)].arg = static_cast<int>(current_.code.size());
}

int Compiler::new_constant(Constant constant) {
  out_.program.constants.push_back(std::move(constant));
  return static_cast<int>(out_.program.constants.size()) - 1;
}

void Compiler::push_number(double n) {
  const auto [it, fresh] = numbers_.try_emplace(std::bit_cast<std::uint64_t>(n), 0);
  if (fresh) it->second = new_constant({false, n, {}});
  emit(Op::kConstant, it->second);
}

void Compiler::push_text(std::string text) {
  const auto [it, fresh] = texts_.try_emplace(std::move(text), 0);
  if (fresh) it->second = new_constant({true, 0, it->first});
  emit(Op::kConstant, it->second);
}

void Compiler::push_default(std::string_view text) {
  if (text == "undefined") {
    emit(Op::kUndefined);
  } else if (text == "null") {
    emit(Op::kNull);
  } else if (text == "true") {
    emit(Op::kTrue);
  } else if (text == "false") {
    emit(Op::kFalse);
  } else if (text == "[]") {
    emit(Op::kEmptyList);
  } else if (text == "''") {
    push_text({});
  } else {
    push_number(number_of(text));
  }
}

void Compiler::begin_function(std::string name) {
  current_ = {};
  current_.name = std::move(name);
  parameters_.clear();
  loops_.clear();
}

Function Compiler::end_function() {
  emit(Op::kUndefined);
  emit(Op::kReturn);
  return std::move(current_);
}

int Compiler::add_function() {
  out_.program.functions.push_back(end_function());
  return static_cast<int>(out_.program.functions.size()) - 1;
}

int Compiler::new_local() { return current_.locals++; }

Compiler::Place Compiler::place_of(int index, std::string_view name) {
  const auto* f = source_.at(index).field(name);
  if (f == nullptr) {
    problem(index, fmt::format("has no field {}", name));
    return {};
  }
  std::string variable = f->text;
  int at = -1;
  if (const auto it = by_id_.find(f->id); !f->id.empty() && it != by_id_.end()) {
    at = it->second;
    variable = out_.program.variables[static_cast<std::size_t>(at)];
  }
  // A parameter shadows the global of its name inside its function alone (section 1.3).
  const auto local = std::ranges::find(parameters_, variable);
  if (local != parameters_.end()) {
    return {true, static_cast<int>(local - parameters_.begin())};
  }
  if (at < 0) {
    at = global(variable);
    if (!f->id.empty()) by_id_.emplace(f->id, at);
  }
  return {false, at};
}

void Compiler::load(Place p) { emit(p.local ? Op::kGetLocal : Op::kGetGlobal, p.index); }
void Compiler::store(Place p) { emit(p.local ? Op::kSetLocal : Op::kSetGlobal, p.index); }

Compiled compile(const Source& source, std::string_view bytes, std::string_view symbol) {
  return Compiler(source, symbol).run(bytes);
}

}  // namespace derivd::dbot
