// What is traded: the definition with its parameters, the options that open the buying phase, the
// purchase. Rules: semantics.md, sections 1.5, 5 and 12.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "dbot/compiler_impl.hpp"
#include "dbot/number.hpp"

namespace derivd::dbot {
namespace {

struct TradeType {
  std::string_view name;
  std::array<std::string_view, 2> types;
};
/// Section 5.5; Binary Bot's names are translated before.
constexpr std::array kTradeTypes{
    TradeType{"callput", {"CALL", "PUT"}},
    TradeType{"callputequal", {"CALLE", "PUTE"}},
    TradeType{"higherlower", {"CALL", "PUT"}},
    TradeType{"touchnotouch", {"ONETOUCH", "NOTOUCH"}},
    TradeType{"endsinout", {"EXPIRYRANGE", "EXPIRYMISS"}},
    TradeType{"staysinout", {"RANGE", "UPORDOWN"}},
    TradeType{"asians", {"ASIANU", "ASIAND"}},
    TradeType{"matchesdiffers", {"DIGITMATCH", "DIGITDIFF"}},
    TradeType{"evenodd", {"DIGITEVEN", "DIGITODD"}},
    TradeType{"overunder", {"DIGITOVER", "DIGITUNDER"}},
    TradeType{"highlowticks", {"TICKHIGH", "TICKLOW"}},
    TradeType{"reset", {"RESETCALL", "RESETPUT"}},
    TradeType{"runs", {"RUNHIGH", "RUNLOW"}},
    TradeType{"callputspread", {"CALLSPREAD", "PUTSPREAD"}},
    TradeType{"multiplier", {"MULTUP", "MULTDOWN"}},
    TradeType{"accumulator", {"ACCU", ""}},
};

/// Symbols that Binary Bot v1 had as blocks, in lower case.
constexpr std::array<std::string_view, 7> kV1Symbols{"r_10",  "r_25",   "r_50",  "r_75",
                                                     "r_100", "rdbull", "rdbear"};

constexpr std::array kIntervals{60, 120, 180, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400};

std::string upper_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return out;
}

/// 0: not an interval that is offered.
int seconds_of(std::string_view text) {
  int seconds = 0;
  const auto r = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool whole = r.ec == std::errc() && r.ptr == text.data() + text.size();
  return whole && std::ranges::count(kIntervals, seconds) > 0 ? seconds : 0;
}

bool is_symbol(std::string_view text) {
  if (text.size() < 2 || text.size() > 30 || text == "ALL_MARKETS") return false;
  return std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
  });
}

BarrierKind barrier_of(std::string_view text, BarrierKind fallback) {
  if (text == "+") return BarrierKind::kPlus;
  if (text == "-") return BarrierKind::kMinus;
  if (text == "absolute") return BarrierKind::kAbsolute;
  return fallback;
}

}  // namespace

/// Anything but FALSE is on in Deriv Bot, only TRUE in Binary Bot; a missing field keeps the
/// block's default (section 7).
bool Compiler::flag_of(const std::string& text, bool fallback) const {
  if (text.empty()) return fallback;
  return out_.program.dialect == Dialect::kDeriv ? text != "FALSE" : text == "TRUE";
}

void Compiler::take_symbol(const std::string& text, int index) {
  auto& symbol = out_.program.symbol;
  symbol = symbol_.empty() ? text : symbol_;
  if (!is_symbol(symbol)) {
    problem(index, symbol.empty() ? "names no symbol; say which one with `symbol:`"
                                  : fmt::format("'{}' is not a symbol", symbol));
  }
}

void Compiler::take_trade_type(const std::string& text, int index) {
  auto name = text;
  if (name == "risefall") name = "callput";
  if (name == "risefallequals") name = "callputequal";
  out_.program.trade_type = name;
  const auto it = std::ranges::find(kTradeTypes, name, &TradeType::name);
  if (it == kTradeTypes.end()) {
    return problem(index, name.empty() ? "names no trade type"
                                       : fmt::format("'{}' is not a trade type", name));
  }
  for (const auto type : it->types) {
    if (!type.empty()) out_.program.contract_types.emplace_back(type);
  }
}

void Compiler::take_parameter(std::string_view name, const std::string& text, int index) {
  auto& p = out_.program;
  if (name == "SYMBOL_LIST") return take_symbol(text, index);
  if (name == "TRADETYPE_LIST") return take_trade_type(text, index);
  if (name == "TYPE_LIST") p.contract_type = text.empty() ? "both" : text;
  if (name == "TIME_MACHINE_ENABLED") p.time_machine = flag_of(text, false);
  if (name == "RESTARTONERROR") p.restart_on_error = flag_of(text, true);
  if (name == "CANDLEINTERVAL_LIST" && !text.empty()) {
    const int seconds = seconds_of(text);
    p.candle_interval = seconds;
    if (seconds == 0) {
      // Deriv Bot takes the first of its list instead; it matters to blocks of candles alone.
      bad_interval_ = index;
      note(source_.at(index).line, fmt::format("'{}' is not an interval of candles", text));
    }
  }
}

int Compiler::interval_of(const std::string& text, int index) {
  const int seconds = seconds_of(text);
  if (seconds == 0) problem(index, fmt::format("'{}' is not an interval of candles", text));
  return seconds == 0 ? 60 : seconds;
}

/// What an input holds that a block has in the place of a field, in files of an older editor.
std::string Compiler::parameter_text(int index, std::string_view name) {
  const auto* in = source_.at(index).input(name);
  if (in == nullptr || source_.at(index).field(name) != nullptr) return field(index, name);
  if (name == "SYMBOL_LIST") {
    if (symbol_.empty()) {
      out_.problems.push_back({in->line, source_.at(index).type,
                               "the input SYMBOL_LIST is not known: no runtime chooses the symbol "
                               "while it runs; say which one with `symbol:`"});
    } else {
      note(in->line, "the input SYMBOL_LIST is not used: `symbol:` says which symbol is traded");
    }
    out_.only_stock = false;
    unused_input(index, name);
    return symbol_;
  }
  const int inside = in->block >= 0 ? in->block : in->shadow;
  if (inside < 0 || source_.at(inside).type != "logic_boolean") {
    unused_input(index, name);
    problem(index, fmt::format("the input {} is not known", name));
    return {};
  }
  live(inside);
  return field(inside, "BOOL");
}

/// An input that the block does not use.
void Compiler::unused_input(int index, std::string_view name) {
  const auto* in = source_.at(index).input(name);
  if (in == nullptr) return;
  if (in->block >= 0) mark(in->block, Fate::kDropped, true);
  if (in->shadow >= 0) mark(in->shadow, Fate::kDropped, true);
}

/// The chain of trade_definition_* blocks.
void Compiler::compile_parameters(int first) {
  std::vector<std::string> seen;
  for (int i = first; i >= 0; i = source_.at(i).next) {
    const auto& block = source_.at(i);
    const auto* type = find_block_type(block.type);
    if (block.disabled) {
      mark(i, Fate::kDisabled, false);
      continue;
    }
    if (type == nullptr || type->form != Form::kParameter ||
        !block.type.starts_with("trade_definition_")) {
      problem(i, "is not known among the trade parameters");
      mark(i, Fate::kDropped, false);
      continue;
    }
    live(i);
    check_fields(i, *type);
    check_inputs(i, *type);
    seen.push_back(block.type);
    constexpr std::array<std::string_view, 6> kRead{
        "SYMBOL_LIST",         "TRADETYPE_LIST",       "TYPE_LIST",
        "CANDLEINTERVAL_LIST", "TIME_MACHINE_ENABLED", "RESTARTONERROR"};
    for (const auto name : kRead) {
      if (is_listed(type->fields, name)) take_parameter(name, parameter_text(i, name), i);
    }
  }
  for (const std::string_view must : {"trade_definition_market", "trade_definition_tradetype"}) {
    if (std::ranges::count(seen, must) == 0) {
      problem(definition_, fmt::format("has no {}", must));
    }
  }
}

void Compiler::compile_definition() {
  const auto& block = source_.at(definition_);
  enter(definition_);
  std::vector<int> init;
  std::vector<int> start;
  for (int i = input_block(definition_, "INITIALIZATION"); i >= 0; i = source_.at(i).next) {
    init.push_back(i);
  }
  for (int i = input_block(definition_, "SUBMARKET"); i >= 0; i = source_.at(i).next) {
    start.push_back(i);
  }
  if (block.type == "trade") {
    // A `market` block without an initialisation: everything beside it runs once (section 12.2).
    const auto is_market = [this](int i) { return source_.at(i).type == "market"; };
    if (init.empty() && std::ranges::any_of(start, is_market)) {
      for (const int i : start) {
        if (!is_market(i)) init.push_back(i);
      }
      std::erase_if(start, [&](int i) { return !is_market(i); });
    }
    compile_binary_trade(definition_);
  } else {
    compile_parameters(input_block(definition_, "TRADE_OPTIONS"));
  }
  start_and_init(init, start);
  leave(definition_);
}

/// All parameters of `trade` are fields of its own, or of a `market` somewhere below it.
void Compiler::compile_binary_trade(int index) {
  constexpr std::array<std::string_view, 6> kRead{
      "SYMBOL_LIST",         "TRADETYPE_LIST",       "TYPE_LIST",
      "CANDLEINTERVAL_LIST", "TIME_MACHINE_ENABLED", "RESTARTONERROR"};
  for (const auto name : kRead) {
    std::string found = field(index, name);
    std::vector<int> work{index};
    while (found.empty() && !work.empty()) {
      const int i = work.back();
      work.pop_back();
      const auto& block = source_.at(i);
      if (block.type == "market") found = field(i, name);
      if (name == "SYMBOL_LIST" && block.type != "market" &&
          std::ranges::count(kV1Symbols, block.type) > 0) {
        found = upper_case(block.type);
      }
      if (name == "TRADETYPE_LIST" && i != index && found.empty() && block.input("AMOUNT") &&
          std::ranges::count(kTradeTypes, block.type, &TradeType::name) > 0) {
        found = block.type;
      }
      if (name == "TRADETYPE_LIST" && block.type == "risefall") found = block.type;
      for (const auto& input : block.inputs) {
        if (input.block >= 0) work.push_back(input.block);
      }
      if (i != index && block.next >= 0) work.push_back(block.next);
    }
    take_parameter(name, found, index);
  }
}

void Compiler::start_and_init(const std::vector<int>& init, const std::vector<int>& start) {
  const auto compile_list = [this](const std::vector<int>& list, std::string_view name) {
    begin_function(std::string(name));
    for (const int i : list) {
      if (source_.at(i).disabled) {
        mark(i, Fate::kDisabled, false);
      } else {
        statement(i);
      }
    }
    return add_function();
  };
  out_.program.init = compile_list(init, "Init");
  out_.program.start = compile_list(start, "Start");
}

/// A symbol block of Binary Bot v1 holds a block of the trade type, which has the options.
bool Compiler::v1_symbol(int index) {
  const auto& block = source_.at(index);
  if (std::ranges::count(kV1Symbols, block.type) == 0) return false;
  const int inside = input_block(index, "CONDITION");
  if (inside < 0) return false;
  const auto& type = source_.at(inside).type;
  if (type != "risefall" && std::ranges::count(kTradeTypes, type, &TradeType::name) == 0) {
    return false;
  }
  live(index);
  options(inside, *find_block_type("market"));
  return true;
}

// -- the options --------------------------------------------------------------------------------

void Compiler::options(int index, const BlockType& type) {
  const auto& block = source_.at(index);
  OptionsShape shape;
  shape.line = block.line;
  shape.basis_payout =
      block.type.ends_with("_payout") || field(index, "PAYOUTTYPE_LIST") == "payout";
  const auto unit = field(index, "DURATIONTYPE_LIST");
  if (unit.size() != 1 || std::string_view("tsmhd").find(unit[0]) == std::string_view::npos) {
    problem(index, fmt::format("DURATIONTYPE_LIST is '{}'; allowed: t, s, m, h, d", unit));
  } else {
    shape.unit = unit[0];
  }
  if (const auto currency = field(index, "CURRENCY_LIST"); !currency.empty()) {
    out_.program.currency = currency;
  }
  live(index);
  check_fields(index, type);
  check_inputs(index, type);
  options_inputs(index, shape);
  out_.program.options.push_back(shape);
  emit(Op::kStartTrade, static_cast<int>(out_.program.options.size()) - 1);
}

void Compiler::options_inputs(int index, OptionsShape& shape) {
  const auto& block = source_.at(index);
  const auto& m = block.mutation;
  value(index, "AMOUNT", "0");
  value(index, "DURATION", "0");
  // A prediction that is written is used, whatever the mutation says (section 5.1).
  if (block.input("PREDICTION") != nullptr || m.attribute("has_prediction") == "true") {
    shape.has_prediction = true;
    value(index, "PREDICTION", out_.program.dialect == Dialect::kDeriv ? "-1" : "0");
  }
  if (block.input("BARRIEROFFSET") != nullptr || m.attribute("has_first_barrier") == "true") {
    shape.barrier = barrier_of(field(index, "BARRIEROFFSETTYPE_LIST"), BarrierKind::kPlus);
    value(index, "BARRIEROFFSET", "0");
  }
  if (block.input("SECONDBARRIEROFFSET") != nullptr ||
      m.attribute("has_second_barrier") == "true") {
    shape.barrier2 = barrier_of(field(index, "SECONDBARRIEROFFSETTYPE_LIST"), BarrierKind::kMinus);
    value(index, "SECONDBARRIEROFFSET", "0");
  }
}

/// The take profit and stop loss of a multiplier or an accumulator: their amounts onto the stack.
void Compiler::limits(int index, std::string_view stack, OptionsShape& shape) {
  int profit = -1;
  int loss = -1;
  for (int i = input_block(index, stack); i >= 0; i = source_.at(i).next) {
    const auto& block = source_.at(i);
    if (block.disabled) {
      mark(i, Fate::kDisabled, false);
    } else if (block.type.ends_with("_take_profit") && profit < 0) {
      profit = i;
    } else if (block.type.ends_with("_stop_loss") && loss < 0) {
      loss = i;
    } else {
      problem(i, "is not known inside these options");
      mark(i, Fate::kDropped, false);
    }
  }
  for (const int i : {profit, loss}) {
    if (i < 0) continue;
    live(i);
    const auto* type = find_block_type(source_.at(i).type);
    if (type != nullptr) check_inputs(i, *type);
    value(i, "AMOUNT", "0");
  }
  shape.has_take_profit = profit >= 0;
  shape.has_stop_loss = loss >= 0;
}

void Compiler::multiplier(int index) {
  OptionsShape shape;
  shape.kind = OptionsShape::Kind::kMultiplier;
  shape.line = source_.at(index).line;
  const auto text = field(index, "MULTIPLIERTYPE_LIST");
  shape.multiplier = text.empty() ? 1 : number_of(text);
  if (!(shape.multiplier >= 1)) problem(index, fmt::format("'{}' is not a multiplier", text));
  value(index, "AMOUNT", "0");
  limits(index, "MULTIPLIER_PARAMS", shape);
  out_.program.options.push_back(shape);
  emit(Op::kStartTrade, static_cast<int>(out_.program.options.size()) - 1);
}

void Compiler::accumulator(int index) {
  OptionsShape shape;
  shape.kind = OptionsShape::Kind::kAccumulator;
  shape.line = source_.at(index).line;
  const auto text = field(index, "GROWTHRATE_LIST");
  shape.growth = text.empty() ? 0.01 : number_of(text);
  // The list offers 0.01 to 0.05; files of other makers write the percentage.
  if (shape.growth >= 1 && shape.growth <= 5) shape.growth = shape.growth / 100;
  if (!(shape.growth > 0 && shape.growth <= 0.05)) {
    problem(index, fmt::format("'{}' is not a growth rate", text));
  }
  value(index, "AMOUNT", "0");
  limits(index, "ACCUMULATOR_PARAMS", shape);
  out_.program.options.push_back(shape);
  emit(Op::kStartTrade, static_cast<int>(out_.program.options.size()) - 1);
}

void Compiler::purchase(int index, const BlockType& type) {
  std::string name;
  for (const std::string_view f : {"PURCHASE_LIST", "CONTRACT_TYPE", "PURCHASE__LIST"}) {
    if (name.empty() && is_listed(type.fields, f)) name = field(index, f);
  }
  if (!is_contract_type(name)) {
    problem(index, fmt::format("'{}' is not a contract type", name));
  }
  const bool own = source_.at(index).input("PREDICTION") != nullptr && takes_prediction(name);
  const auto& block = source_.at(index);
  if (block.type == "purchase" && !block.inputs.empty()) out_.only_stock = false;
  const bool digits = is_of_digits(name);
  for (const std::string_view barrier : {"BARRIER_OFFSET", "SECONDBARRIER_OFFSET"}) {
    if (block.input(barrier) != nullptr && !digits) {
      problem(index, fmt::format("the input {} is not known", barrier));
    }
    unused_input(index, barrier);
  }
  if (own) {
    note(block.line, fmt::format("{}: its own prediction is taken (inferred)", block.type));
    value(index, "PREDICTION", "-1");
  } else {
    unused_input(index, "PREDICTION");
  }
  auto& all = out_.program.purchases;
  if (!is_contract_type(name)) return;
  auto at = std::ranges::find(all, name);
  if (at == all.end()) {
    all.push_back(name);
    at = all.end() - 1;
  }
  emit(Op::kBuy, static_cast<int>(at - all.begin()), 0, own ? 1 : 0);
}

}  // namespace derivd::dbot
