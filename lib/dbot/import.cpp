#include "dbot/import.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "dbot/block_table.hpp"

namespace derivd::dbot {
namespace {

/// Expressions deeper than this are told as "...": a person reads them.
constexpr int kMaxToldDepth = 5;
constexpr std::size_t kMaxTold = 20;
constexpr std::size_t kMaxToldBytes = 160;
constexpr std::size_t kMaxUnknown = 200;

/// Writes blocks as a person would.
class Teller final {
 public:
  explicit Teller(const Source& source) : source_(source) {}

  std::string input(int index, std::string_view name, int depth = 0) const {
    const auto* in = source_.at(index).input(name);
    const int inside = in == nullptr ? -1 : in->block >= 0 ? in->block : in->shadow;
    if (inside < 0 || source_.at(inside).disabled) return "nothing";
    return value(inside, depth);
  }

  std::string value(int index, int depth = 0) const {
    if (depth > kMaxToldDepth) return "...";
    const auto& block = source_.at(index);
    const auto& type = block.type;
    const auto pair = [&](std::string_view op) {
      return fmt::format("({} {} {})", input(index, "A", depth + 1), op,
                         input(index, "B", depth + 1));
    };
    if (type == "math_number" || type == "math_number_positive") return text_of(index, "NUM");
    if (type == "text") return "\"" + text_of(index, "TEXT") + "\"";
    if (type == "variables_get") return text_of(index, "VAR");
    if (type == "logic_boolean") return text_of(index, "BOOL") == "FALSE" ? "false" : "true";
    if (type == "math_constant") return text_of(index, "CONSTANT");
    if (type == "logic_compare") return pair(symbol_of(text_of(index, "OP")));
    if (type == "math_arithmetic") return pair(symbol_of(text_of(index, "OP")));
    if (type == "logic_operation") return pair(text_of(index, "OP") == "OR" ? "or" : "and");
    if (type == "text_prompt_ext") return "the answer to a prompt";
    if (type == "read_details") return "detail " + text_of(index, "DETAIL_INDEX");
    if (type == "procedures_callreturn") {
      return std::string(block.mutation.attribute("name")) + "()";
    }
    if (type == "math_single") {
      const auto op = text_of(index, "OP");
      return fmt::format("{}({})", op.empty() ? "ROOT" : op, input(index, "NUM", depth + 1));
    }
    std::string out = type;
    std::string inside;
    for (const auto& in : block.inputs) {
      const int i = in.block >= 0 ? in.block : in.shadow;
      if (in.statement || i < 0) continue;
      inside += (inside.empty() ? "" : ", ") + value(i, depth + 1);
    }
    return inside.empty() ? out : fmt::format("{}({})", out, inside);
  }

  std::string text_of(int index, std::string_view field) const {
    const auto* f = source_.at(index).field(field);
    return f == nullptr ? std::string() : f->text;
  }

  /// Whether a block of this type stands in the value, or the value itself is one.
  bool contains(int index, std::string_view type, int depth = 0) const {
    const auto& block = source_.at(index);
    if (block.type == type) return true;
    if (depth > 50) return false;
    return std::ranges::any_of(block.inputs, [&](const Input& in) {
      return in.block >= 0 && contains(in.block, type, depth + 1);
    });
  }

  void variables(int index, std::vector<std::string>& out, int depth = 0) const {
    const auto& block = source_.at(index);
    if (block.type == "variables_get") {
      const auto name = text_of(index, "VAR");
      if (std::ranges::count(out, name) == 0) out.push_back(name);
    }
    if (depth > 50) return;
    for (const auto& in : block.inputs) {
      if (in.block >= 0) variables(in.block, out, depth + 1);
    }
  }

 private:
  static std::string_view symbol_of(std::string_view op) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kSymbols{{
        {"EQ", "="},
        {"NEQ", "is not"},
        {"LT", "<"},
        {"LTE", "<="},
        {"GT", ">"},
        {"GTE", ">="},
        {"ADD", "+"},
        {"MINUS", "-"},
        {"MULTIPLY", "*"},
        {"DIVIDE", "/"},
        {"POWER", "^"},
    }};
    for (const auto& [name, symbol] : kSymbols) {
      if (name == op) return symbol;
    }
    return "?";
  }

  const Source& source_;
};

void add(std::vector<std::string>& list, std::string text) {
  if (text.size() > kMaxToldBytes) text = text.substr(0, kMaxToldBytes) + "...";
  if (list.size() < kMaxTold && std::ranges::count(list, text) == 0)
    list.push_back(std::move(text));
}

class Reporter final {
 public:
  Reporter(const Source& source, const Compiled& compiled, Import& out)
      : source_(source), compiled_(compiled), out_(out), tell_(source) {}

  void report() {
    const auto& p = compiled_.program;
    out_.dialect = name_of(p.dialect);
    out_.symbol = p.symbol;
    out_.trade_type = p.trade_type;
    out_.buys = p.purchases;
    out_.prompts = p.prompts;
    out_.restarts_on_error = p.restart_on_error;
    out_.retries_purchase = p.time_machine;
    out_.uses_random = p.uses_random;
    std::vector<std::string> stake_variables;
    for (const int i : compiled_.live) options(i, stake_variables);
    for (const int i : compiled_.live) steps(i, stake_variables);
    for (const int i : compiled_.live) stops(i);
  }

 private:
  void options(int i, std::vector<std::string>& stake_variables) {
    const auto& block = source_.at(i);
    const auto* type = find_block_type(block.type);
    if (type == nullptr) return;
    const bool opens = type->form == Form::kOptions || type->form == Form::kMultiplier ||
                       type->form == Form::kAccumulator;
    if (type->form == Form::kTradeAgain) out_.trades_again = true;
    if (type->form == Form::kNotify || type->form == Form::kTelegram) ++out_.messages;
    if (type->builtin == Builtin::kPrint && type->form == Form::kBuiltin) {
      if (out_.alerts.size() < kMaxTold) {
        out_.alerts.push_back({block.line, tell_.input(i, "TEXT")});
      }
    }
    if (!opens) return;
    add(out_.stakes, tell_.input(i, "AMOUNT"));
    if (const auto* in = block.input("AMOUNT"); in != nullptr && in->block >= 0) {
      tell_.variables(in->block, stake_variables);
    }
    if (block.input("DURATION") != nullptr) {
      add(out_.durations,
          fmt::format("{} {}", tell_.input(i, "DURATION"), tell_.text_of(i, "DURATIONTYPE_LIST")));
    }
    if (block.input("PREDICTION") != nullptr) add(out_.predictions, tell_.input(i, "PREDICTION"));
  }

  void steps(int i, const std::vector<std::string>& variables) {
    const auto& block = source_.at(i);
    const bool sets = block.type == "variables_set";
    if (!sets && block.type != "math_change") return;
    const auto name = tell_.text_of(i, "VAR");
    if (std::ranges::count(variables, name) == 0) return;
    add(out_.stake_steps, sets ? fmt::format("{} = {}", name, tell_.input(i, "VALUE"))
                               : fmt::format("{} += {}", name, tell_.input(i, "DELTA")));
  }

  void stops(int i) {
    if (source_.at(i).type == "logic_compare" && tell_.contains(i, "total_profit")) {
      add(out_.stops, tell_.value(i));
    }
  }

  const Source& source_;
  const Compiled& compiled_;
  Import& out_;
  Teller tell_;
};

/// The reason that a person would name first.
Reason reason_of(const std::vector<Problem>& problems, bool library) {
  if (library) return Reason::kLibrary;
  const auto any = [&](auto test) { return std::ranges::any_of(problems, test); };
  const auto says = [&](std::string_view words) {
    return any([&](const Problem& p) { return p.text.find(words) != std::string::npos; });
  };
  if (problems.empty()) return Reason::kNone;
  if (says("not known") || says("is not a block that derivd knows")) return Reason::kVendor;
  if (says("the token of a Telegram bot")) return Reason::kSecret;
  if (says("incomplete") || says("has no trade_definition") || says("names no")) {
    return Reason::kIncomplete;
  }
  return Reason::kValue;
}

}  // namespace

std::string_view name_of(Reason reason) {
  switch (reason) {
    case Reason::kNone:
      return "can run";
    case Reason::kMalformed:
      return "not well-formed";
    case Reason::kLibrary:
      return "library of blocks";
    case Reason::kIncomplete:
      return "incomplete";
    case Reason::kVendor:
      return "unknown blocks or fields";
    case Reason::kSecret:
      return "secret in the file";
    case Reason::kValue:
      return "value or place not allowed";
  }
  return "";
}

Import import_program(std::string_view bytes, std::string_view symbol) {
  Import out;
  auto read = read_source(bytes);
  if (auto* problem = std::get_if<Problem>(&read)) {
    out.problems.push_back(std::move(*problem));
    out.reason = Reason::kMalformed;
    return out;
  }
  const auto& source = std::get<Source>(read);
  auto compiled = compile(source, bytes, symbol);
  out.counts = compiled.counts;
  out.only_stock = compiled.only_stock;
  out.reason = reason_of(compiled.problems, source.library);
  Reporter(source, compiled, out).report();
  for (const auto& p : compiled.problems) {
    if (p.text == "is not a block that derivd knows" &&
        std::ranges::count(out.unknown, p.block) == 0 && out.unknown.size() < kMaxUnknown) {
      out.unknown.push_back(p.block);
      out.only_stock = false;
    }
  }
  out.notes = std::move(compiled.notes);
  out.problems = std::move(compiled.problems);
  if (out.problems.empty()) {
    out.program = std::make_shared<const Program>(std::move(compiled.program));
  }
  return out;
}

}  // namespace derivd::dbot
