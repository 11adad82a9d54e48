// Owns the table of block types: the one home of what a type is called, which fields and inputs it
// has, and what it becomes. The compiler, the import's report and the documentation read it. A new
// type is one row here, and a function of the compiler if it is not a plain builtin.
//
// Rules: semantics.md, sections 11 to 13.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "dbot/program.hpp"

namespace derivd::dbot {

/// How the compiler treats a type. kBuiltin: inputs onto the stack, then the builtin.
enum class Form : std::uint8_t {
  kBuiltin,
  kTop,        // a main section, a function, a holder
  kParameter,  // read by the block around it
  kNothing,    // generates nothing
  kOptions,
  kMultiplier,
  kAccumulator,
  kPurchase,
  kSell,
  kTradeAgain,
  kTimeout,
  kTickDelay,
  kIf,
  kCompare,
  kOperation,
  kNegate,
  kBoolean,
  kNullValue,
  kTernary,
  kNumber,
  kArithmetic,
  kChange,
  kConstant,
  kModulo,
  kTextLiteral,
  kTextJoin,
  kTextAppend,
  kPrompt,
  kListCreate,
  kListGet,
  kListSet,
  kSlice,
  kRepeat,
  kRepeatTimes,
  kRepeatEndless,
  kWhile,
  kFor,
  kForEach,
  kFlow,
  kGet,
  kSet,
  kCallStatement,
  kCallValue,
  kIfReturn,
  kIndicator,       // statement form
  kIndicatorValue,  // value form
  kNotify,
  kCandle,  // a builtin that needs a granularity
  kPrice,   // payout, ask_price
  kTelegram,
  kWebhook,
  kSetOption,
  kIsOption,
  kStop,
  kDigits,  // digit statistics of vendors
};

enum class Shape : std::uint8_t { kTopLevel, kStatement, kValue, kEither };
enum class Origin : std::uint8_t { kStock, kBinary, kVendor, kInferred };

/// `fields` and `inputs` are names parted by blanks; a name that ends in '*' stands for itself and
/// a number ("IF*"). Inputs of kBuiltin carry the value of an empty one: "NUM=0". `choice` is
/// "FIELD:A|B|C": the place of the field's value becomes the builtin's variant, the first being the
/// one of a missing field.
struct BlockType {
  std::string_view name;
  Shape shape = Shape::kValue;
  Form form = Form::kBuiltin;
  std::string_view fields = {};
  std::string_view inputs = {};
  std::string_view choice = {};
  Builtin builtin = Builtin::kText;
  Origin origin = Origin::kStock;
  std::string_view help = {};  // of vendors' blocks: what derivd takes them for
};

std::span<const BlockType> block_types();
const BlockType* find_block_type(std::string_view name);
/// Whether `name` is in the list, with the rule for '*'.
bool is_listed(std::string_view list, std::string_view name);

}  // namespace derivd::dbot
