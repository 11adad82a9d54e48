// Owns the compiled form of a program: flat code for a stack machine, constants, and what the file
// says about the trade. The compiler makes it once, the machine runs it. It never holds XML.
//
// Rules: semantics.md, sections 1, 2 and 5.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dbot/xml.hpp"

namespace derivd::dbot {

enum class Dialect : std::uint8_t { kDeriv, kBinary, kBinaryV1 };
std::string_view name_of(Dialect dialect);

/// One step of the machine. `count` is the number of operands that a builtin takes from the stack,
/// `flag` chooses a variant of it.
enum class Op : std::uint8_t {
  kConstant,   // push constants[arg]
  kUndefined,  // push
  kNull,       // push
  kTrue,       // push
  kFalse,      // push
  kEmptyList,  // push a new list
  kGetGlobal,  // push globals[arg]
  kSetGlobal,  // pop into globals[arg]
  kGetLocal,   // push locals[arg] of the frame
  kSetLocal,   // pop into locals[arg]
  kPop,        // drop the top
  kAdd,        // JavaScript's +: text if either side is one
  kSubtract,
  kMultiply,
  kDivide,
  kPower,
  kRemainder,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kNot,
  kJump,         // to arg
  kJumpIfFalse,  // pop; to arg when falsy
  kJumpIfTrue,   // pop; to arg when truthy
  kAndElse,      // falsy: keep and jump to arg; else pop
  kOrElse,       // truthy: keep and jump to arg; else pop
  kCall,         // functions[arg], count arguments on the stack
  kReturn,       // pop the result, leave the frame
  kBuiltin,      // Builtin(arg), count operands, variant flag
  kStartTrade,   // Bot.start: options[arg], its operands on the stack
  kBuy,          // purchases[arg]; flag 1: a prediction, flag 2: a contract type, on the stack
  kSell,         // sell at market
  kSleep,        // pop seconds
  kTickDelay,    // pop a number of ticks
  kStopProgram,  // a vendor's stop: the run ends here
  kRound,        // counts a round of a while loop: locals[arg]; too many are an error
  kItemPresent,  // kItem of lists: locals[arg] list, locals[arg+1] index, locals[arg+2] count;
                 // pushes the item and true, or false at the end
};

struct Instruction {
  Op op = Op::kPop;
  std::uint8_t flag = 0;
  std::uint16_t count = 0;
  std::int32_t arg = 0;
};

/// What is not control flow or arithmetic. One row of the block table names one of these.
enum class Builtin : std::uint8_t {
  kAbs,  // of controls_for; flag 1: a number as it is, else 0, of math_change
  kMathSingle,
  kMathTrig,
  kMathProperty,
  kMathRound,
  kMathOnList,
  kMathConstrain,
  kMathRandomInteger,
  kMathRandomFraction,
  kText,
  kTextAppend,
  kTextJoin,
  kTextIndexOf,
  kTextCharacter,
  kTextCase,
  kTextTrim,
  kTextContains,
  kLength,
  kIsEmpty,
  kSlice,
  kList,
  kListRepeat,
  kListGet,
  kWindowGet,  // kListGet of the window itself, without a list: flag 8: its digits
  kListSet,
  kListSplit,
  kListSort,
  kTick,
  kTickText,
  kTicks,
  kTickTexts,
  kLastDigit,
  kLastDigits,
  kDirection,
  kCandles,
  kCandleValues,
  kCandleAt,
  kCandleFieldAt,
  kCandleField,
  kCandleBlack,
  kCandleListField,
  kStat,
  kStatList,
  kSma,
  kSmaList,
  kEma,
  kEmaList,
  kRsi,
  kRsiList,
  kBands,
  kBandsList,
  kMacdList,
  kCanSell,
  kSellPrice,
  kIsResult,
  kDetail,
  kPayout,
  kAskPrice,
  kTotalProfit,
  kTotalRuns,
  kBalance,
  kClock,
  kToDateTime,
  kToTimestamp,
  kPrompt,
  kNotify,
  kPrint,
  kConsole,
  kTelegram,
  kWebhook,
  // Of vendors (section 13).
  kDigitsCondition,
  kDigitsShare,
  kDigitRank,
  kIsOption,
};

struct Constant {
  bool is_text = false;
  double number = 0;
  std::string text;
};

struct Function {
  std::string name;  // of the user, or "Before"
  std::vector<Instruction> code;
  std::vector<std::int32_t> lines;  // of the file, one for each instruction
  int parameters = 0;
  int locals = 0;  // parameters and the machine's own counters
};

/// How a barrier is written: as an offset with its sign, or as a level.
enum class BarrierKind : std::uint8_t { kNone, kPlus, kMinus, kAbsolute };

/// A block that opens the buying phase (section 5.1). Operands on the stack, in this order: amount,
/// duration (options alone), prediction, barrier, second barrier, take profit, stop loss.
struct OptionsShape {
  enum class Kind : std::uint8_t { kOptions, kMultiplier, kAccumulator } kind = Kind::kOptions;
  int line = 0;
  bool basis_payout = false;
  char unit = 't';  // t s m h d
  bool has_prediction = false;
  BarrierKind barrier = BarrierKind::kNone;
  BarrierKind barrier2 = BarrierKind::kNone;
  double growth = 0;
  double multiplier = 0;
  bool has_take_profit = false;
  bool has_stop_loss = false;
};

struct Prompt {
  int line = 0;
  int block = 0;  // its place in the file: prompts are numbered in this order
  bool number = false;
  std::string question;  // as far as it is a literal
};

/// Something that a person should know before the program runs.
struct Note {
  int line = 0;
  std::string text;
};

struct Program {
  Dialect dialect = Dialect::kDeriv;
  bool native = false;  // is_dbot: the quirks of Deriv Bot's own lists and texts hold
  std::string symbol;
  std::string trade_type;
  std::vector<std::string> contract_types;  // of the trade type, section 5.5
  std::string contract_type;                // "both", or one
  int candle_interval = 60;                 // s
  bool restart_on_error = true;             // RESTARTONERROR
  bool time_machine = false;                // TIME_MACHINE_ENABLED
  std::string currency;                     // of a Binary Bot file; unused

  std::vector<Constant> constants;
  std::vector<std::string> variables;  // globals by index
  std::vector<Function> functions;
  std::vector<OptionsShape> options;
  std::vector<std::string> purchases;  // contract types as the file has them
  std::vector<Prompt> prompts;
  int init = -1;
  int start = -1;
  int before = -1;
  int during = -1;
  int after = -1;
  std::vector<int> tick_analysis;
  std::vector<int> intervals;  // s, of the candles that it reads
  bool asks_price = false;     // uses payout or ask_price: section 5.3
  bool uses_random = false;
  int stat_line = 0;  // of the first block that reads the statistics of accumulators; 0: none
  std::uint64_t fingerprint = 0;  // of the file: a saved state belongs to one program

  const Function& function(int index) const { return functions[static_cast<std::size_t>(index)]; }
};

}  // namespace derivd::dbot
