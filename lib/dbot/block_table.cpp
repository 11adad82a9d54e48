#include "dbot/block_table.hpp"

#include <algorithm>
#include <array>

namespace derivd::dbot {
namespace {

using enum Form;
using enum Shape;
using enum Origin;
using B = Builtin;

constexpr std::string_view kWhere = "WHERE:FROM_START|FROM_END|FIRST|LAST|RANDOM";
constexpr std::string_view kEnds = "END:FIRST|LAST";
constexpr std::string_view kOhlc = "OHLCFIELD_LIST:open|high|low|close|epoch";
constexpr std::string_view kOptionFields =
    "DURATIONTYPE_LIST CURRENCY_LIST BARRIEROFFSETTYPE_LIST SECONDBARRIEROFFSETTYPE_LIST "
    "PAYOUTTYPE_LIST";
constexpr std::string_view kOptionInputs =
    "DURATION AMOUNT PREDICTION BARRIEROFFSET SECONDBARRIEROFFSET";
constexpr std::string_view kMarketFields =
    "MARKET_LIST SUBMARKET_LIST SYMBOL_LIST TRADETYPECAT_LIST TRADETYPE_LIST TYPE_LIST "
    "CANDLEINTERVAL_LIST TIME_MACHINE_ENABLED RESTARTONERROR ACCOUNT_LIST";
constexpr std::string_view kMarketAndOptionFields =
    "MARKET_LIST SUBMARKET_LIST SYMBOL_LIST TRADETYPECAT_LIST TRADETYPE_LIST TYPE_LIST "
    "CANDLEINTERVAL_LIST TIME_MACHINE_ENABLED RESTARTONERROR ACCOUNT_LIST DURATIONTYPE_LIST "
    "CURRENCY_LIST BARRIEROFFSETTYPE_LIST SECONDBARRIEROFFSETTYPE_LIST PAYOUTTYPE_LIST";
constexpr std::string_view kDetails = "DETAIL_INDEX";

// clang-format off: one row, one type.
constexpr std::array kTypes{
    // Structure.
    BlockType{"trade_definition", kTopLevel, kTop, "PARAM_LABEL",
              "TRADE_OPTIONS INITIALIZATION SUBMARKET"},
    BlockType{"trade_definition_market", kStatement, kParameter,
              "MARKET_LIST SUBMARKET_LIST SYMBOL_LIST", ""},
    BlockType{"trade_definition_tradetype", kStatement, kParameter,
              "TRADETYPECAT_LIST TRADETYPE_LIST", ""},
    BlockType{"trade_definition_contracttype", kStatement, kParameter, "TYPE_LIST", ""},
    BlockType{"trade_definition_candleinterval", kStatement, kParameter, "CANDLEINTERVAL_LIST", ""},
    BlockType{"trade_definition_restartbuysell", kStatement, kParameter, "TIME_MACHINE_ENABLED",
              ""},
    BlockType{"trade_definition_restartonerror", kStatement, kParameter, "RESTARTONERROR",
              "RESTARTONERROR"},
    BlockType{"trade_definition_tradeoptions", kStatement, kOptions, kOptionFields, kOptionInputs},
    BlockType{"trade_definition_tradeoptions_payout", kStatement, kOptions, kOptionFields,
              kOptionInputs},
    BlockType{"trade_definition_multiplier", kStatement, kMultiplier,
              "MULTIPLIERTYPE_LIST CURRENCY_LIST", "AMOUNT MULTIPLIER_PARAMS"},
    BlockType{"multiplier_take_profit", kStatement, kParameter, "", "AMOUNT"},
    BlockType{"multiplier_stop_loss", kStatement, kParameter, "", "AMOUNT"},
    BlockType{"trade_definition_accumulator", kStatement, kAccumulator,
              "GROWTHRATE_LIST CURRENCY_LIST", "AMOUNT ACCUMULATOR_PARAMS"},
    BlockType{"accumulator_take_profit", kStatement, kParameter, "", "AMOUNT"},
    BlockType{"before_purchase", kTopLevel, kTop, "", "BEFOREPURCHASE_STACK"},
    BlockType{"purchase", kStatement, kPurchase, "PURCHASE_LIST",
              "PREDICTION BARRIER_OFFSET SECONDBARRIER_OFFSET"},
    BlockType{"payout", kValue, kPrice, "PURCHASE_LIST", "", "", B::kPayout},
    BlockType{"ask_price", kValue, kPrice, "PURCHASE_LIST", "", "", B::kAskPrice},
    BlockType{"during_purchase", kTopLevel, kTop, "", "DURING_PURCHASE_STACK"},
    BlockType{"check_sell", kValue, kBuiltin, "", "", "", B::kCanSell},
    BlockType{"sell_at_market", kStatement, kSell, "", ""},
    BlockType{"sell_price", kValue, kBuiltin, "", "", "", B::kSellPrice},
    BlockType{"after_purchase", kTopLevel, kTop, "", "AFTERPURCHASE_STACK"},
    BlockType{"contract_check_result", kValue, kBuiltin, "CHECK_RESULT", "",
              "CHECK_RESULT:win|loss", B::kIsResult},
    BlockType{"read_details", kValue, kBuiltin, kDetails, "",
              "DETAIL_INDEX:1|2|3|4|5|6|7|8|9|10|11|12|13", B::kDetail},
    BlockType{"trade_again", kStatement, kTradeAgain, "", ""},
    BlockType{"tick_analysis", kTopLevel, kTop, "", "TICKANALYSIS_STACK"},
    BlockType{"block_holder", kTopLevel, kTop, "", "USELESS_STACK"},
    BlockType{"loader", kTopLevel, kTop, "URL", ""},
    BlockType{"useless_block", kStatement, kNothing, "", ""},
    // Ticks and candles.
    BlockType{"tick", kValue, kBuiltin, "CANDLEINTERVAL_LIST", "", "", B::kTick},
    BlockType{"tick_string", kValue, kBuiltin, "", "", "", B::kTickText},
    BlockType{"ticks", kValue, kBuiltin, "", "", "", B::kTicks},
    BlockType{"ticks_string", kValue, kBuiltin, "", "", "", B::kTickTexts},
    BlockType{"last_digit", kValue, kBuiltin, "", "", "", B::kLastDigit},
    BlockType{"lastDigitList", kValue, kBuiltin, "", "", "", B::kLastDigits},
    BlockType{"check_direction", kValue, kBuiltin, "CHECK_DIRECTION", "",
              "CHECK_DIRECTION:rise|fall|", B::kDirection},
    BlockType{"ohlc", kValue, kCandle, "CANDLEINTERVAL_LIST", "", "", B::kCandles},
    BlockType{"ohlc_values", kValue, kCandle, "OHLCFIELD_LIST CANDLEINTERVAL_LIST", "", kOhlc,
              B::kCandleValues},
    BlockType{"get_ohlc", kValue, kCandle, "CANDLEINTERVAL_LIST", "CANDLEINDEX=1", "",
              B::kCandleAt},
    BlockType{"read_ohlc", kValue, kCandle, "OHLCFIELD_LIST CANDLEINTERVAL_LIST", "CANDLEINDEX=1",
              kOhlc, B::kCandleFieldAt},
    BlockType{"is_candle_black", kValue, kBuiltin, "", "OHLCOBJ=undefined", "", B::kCandleBlack},
    BlockType{"read_ohlc_obj", kValue, kBuiltin, "OHLCFIELD_LIST", "OHLCOBJ=undefined", kOhlc,
              B::kCandleField},
    BlockType{"ohlc_values_in_list", kValue, kBuiltin, "OHLCFIELD_LIST", "OHLCLIST=undefined",
              kOhlc, B::kCandleListField},
    BlockType{"stat", kValue, kBuiltin, "", "", "", B::kStat},
    BlockType{"stat_list", kValue, kBuiltin, "", "", "", B::kStatList},
    // Indicators as statements, with their parameter blocks.
    BlockType{"sma_statement", kStatement, kIndicator, "VARIABLE", "STATEMENT", "", B::kSma},
    BlockType{"smaa_statement", kStatement, kIndicator, "VARIABLE", "STATEMENT", "", B::kSmaList},
    BlockType{"ema_statement", kStatement, kIndicator, "VARIABLE", "STATEMENT", "", B::kEma},
    BlockType{"emaa_statement", kStatement, kIndicator, "VARIABLE", "STATEMENT", "", B::kEmaList},
    BlockType{"rsi_statement", kStatement, kIndicator, "VARIABLE", "STATEMENT", "", B::kRsi},
    BlockType{"rsia_statement", kStatement, kIndicator, "VARIABLE", "STATEMENT", "", B::kRsiList},
    BlockType{"bb_statement", kStatement, kIndicator, "VARIABLE BBRESULT_LIST", "STATEMENT",
              "BBRESULT_LIST:0|1|2", B::kBands},
    BlockType{"bba_statement", kStatement, kIndicator, "VARIABLE BBRESULT_LIST", "STATEMENT",
              "BBRESULT_LIST:0|1|2", B::kBandsList},
    BlockType{"macda_statement", kStatement, kIndicator, "VARIABLE MACDFIELDS_LIST", "STATEMENT",
              "MACDFIELDS_LIST:0|1|2", B::kMacdList},
    BlockType{"input_list", kStatement, kParameter, "", "INPUT_LIST"},
    BlockType{"period", kStatement, kParameter, "", "PERIOD"},
    BlockType{"fast_ema_period", kStatement, kParameter, "", "FAST_EMA_PERIOD"},
    BlockType{"slow_ema_period", kStatement, kParameter, "", "SLOW_EMA_PERIOD"},
    BlockType{"signal_ema_period", kStatement, kParameter, "", "SIGNAL_EMA_PERIOD"},
    BlockType{"std_dev_multiplier_up", kStatement, kParameter, "", "UPMULTIPLIER"},
    BlockType{"std_dev_multiplier_down", kStatement, kParameter, "", "DOWNMULTIPLIER"},
    // Logic.
    BlockType{"controls_if", kStatement, kIf, "", "IF* DO* ELSE"},
    BlockType{"logic_compare", kValue, kCompare, "OP", "A B"},
    BlockType{"logic_operation", kValue, kOperation, "OP", "A B"},
    BlockType{"logic_negate", kValue, kNegate, "", "BOOL"},
    BlockType{"logic_boolean", kValue, kBoolean, "BOOL", ""},
    BlockType{"logic_null", kValue, kNullValue, "", ""},
    BlockType{"logic_ternary", kValue, kTernary, "", "IF THEN ELSE"},
    // Mathematics.
    BlockType{"math_number", kValue, kNumber, "NUM", ""},
    BlockType{"math_number_positive", kValue, kNumber, "NUM", ""},
    BlockType{"math_arithmetic", kValue, kArithmetic, "OP", "A B"},
    BlockType{"math_change", kStatement, kChange, "VAR", "DELTA"},
    BlockType{"math_single", kValue, kBuiltin, "OP", "NUM=0", "OP:ROOT|ABS|NEG|LN|LOG10|EXP|POW10",
              B::kMathSingle},
    BlockType{"math_trig", kValue, kBuiltin, "OP", "NUM=0", "OP:SIN|COS|TAN|ASIN|ACOS|ATAN",
              B::kMathTrig},
    BlockType{"math_constant", kValue, kConstant, "CONSTANT", ""},
    BlockType{"math_number_property", kValue, kBuiltin, "PROPERTY", "NUMBER_TO_CHECK=0 DIVISOR=0",
              "PROPERTY:EVEN|ODD|PRIME|WHOLE|POSITIVE|NEGATIVE|DIVISIBLE_BY", B::kMathProperty},
    BlockType{"math_round", kValue, kBuiltin, "OP", "NUM=0", "OP:ROUND|ROUNDUP|ROUNDDOWN",
              B::kMathRound},
    BlockType{"math_on_list", kValue, kBuiltin, "OP", "LIST=[]",
              "OP:SUM|MIN|MAX|AVERAGE|MEDIAN|MODE|ANTIMODE|STD_DEV|RANDOM", B::kMathOnList},
    BlockType{"math_modulo", kValue, kModulo, "", "DIVIDEND DIVISOR"},
    BlockType{"math_constrain", kValue, kBuiltin, "", "VALUE=0 LOW=0 HIGH=0", "",
              B::kMathConstrain},
    BlockType{"math_random_int", kValue, kBuiltin, "", "FROM=0 TO=0", "", B::kMathRandomInteger},
    BlockType{"math_random_float", kValue, kBuiltin, "", "", "", B::kMathRandomFraction},
    // Text.
    BlockType{"text", kValue, kTextLiteral, "TEXT", ""},
    BlockType{"text_join", kEither, kTextJoin, "VARIABLE", "STACK ADD*"},
    BlockType{"text_statement", kStatement, kParameter, "", "TEXT"},
    BlockType{"text_append", kStatement, kTextAppend, "VAR", "TEXT"},
    BlockType{"text_length", kValue, kBuiltin, "", "VALUE=''", "", B::kLength},
    BlockType{"text_isEmpty", kValue, kBuiltin, "", "VALUE=''", "", B::kIsEmpty},
    BlockType{"text_indexOf", kValue, kBuiltin, "END", "VALUE='' FIND=''", kEnds, B::kTextIndexOf},
    BlockType{"text_charAt", kValue, kBuiltin, "WHERE", "VALUE='' AT=1", kWhere, B::kTextCharacter},
    BlockType{"text_getSubstring", kValue, kSlice, "WHERE1 WHERE2", "STRING AT1 AT2"},
    BlockType{"text_changeCase", kValue, kBuiltin, "CASE", "TEXT=''",
              "CASE:UPPERCASE|LOWERCASE|TITLECASE", B::kTextCase},
    BlockType{"text_trim", kValue, kBuiltin, "MODE", "TEXT=''", "MODE:LEFT|RIGHT|BOTH",
              B::kTextTrim},
    BlockType{"text_print", kStatement, kBuiltin, "", "TEXT=''", "", B::kPrint},
    BlockType{"text_prompt_ext", kValue, kPrompt, "TYPE TEXT", "TEXT"},
    // Lists.
    BlockType{"lists_create_with", kEither, kListCreate, "VARIABLE", "STACK ADD*"},
    BlockType{"lists_statement", kStatement, kParameter, "", "VALUE"},
    BlockType{"lists_repeat", kValue, kBuiltin, "", "ITEM=null NUM=0", "", B::kListRepeat},
    BlockType{"lists_length", kValue, kBuiltin, "", "VALUE=[]", "", B::kLength},
    BlockType{"lists_isEmpty", kValue, kBuiltin, "", "VALUE=[]", "", B::kIsEmpty},
    BlockType{"lists_indexOf", kValue, kBuiltin, "END", "VALUE=[] FIND=''", kEnds, B::kTextIndexOf},
    BlockType{"lists_getIndex", kEither, kListGet, "MODE WHERE", "VALUE AT"},
    BlockType{"lists_setIndex", kStatement, kListSet, "MODE WHERE", "LIST AT TO"},
    BlockType{"lists_getSublist", kValue, kSlice, "WHERE1 WHERE2", "LIST AT1 AT2"},
    BlockType{"lists_split", kValue, kBuiltin, "MODE", "INPUT=undefined DELIM=''",
              "MODE:SPLIT|JOIN", B::kListSplit},
    BlockType{"lists_sort", kValue, kBuiltin, "TYPE DIRECTION", "LIST=[]", "TYPE:NUMERIC|TEXT",
              B::kListSort},
    // Loops, variables, functions.
    BlockType{"controls_repeat_ext", kStatement, kRepeat, "", "TIMES DO"},
    BlockType{"controls_repeat", kStatement, kRepeatTimes, "TIMES", "DO"},
    BlockType{"controls_whileUntil", kStatement, kWhile, "MODE", "BOOL DO"},
    BlockType{"controls_for", kStatement, kFor, "VAR", "FROM TO BY DO"},
    BlockType{"controls_forEach", kStatement, kForEach, "VAR", "LIST DO"},
    BlockType{"controls_flow_statements", kStatement, kFlow, "FLOW", ""},
    BlockType{"variables_get", kValue, kGet, "VAR", ""},
    BlockType{"variables_set", kStatement, kSet, "VAR", "VALUE"},
    BlockType{"procedures_defnoreturn", kTopLevel, kTop, "NAME", "STACK"},
    BlockType{"procedures_defreturn", kTopLevel, kTop, "NAME", "STACK RETURN"},
    BlockType{"procedures_callnoreturn", kStatement, kCallStatement, "NAME", "ARG*"},
    BlockType{"procedures_callreturn", kValue, kCallValue, "NAME", "ARG*"},
    BlockType{"procedures_ifreturn", kStatement, kIfReturn, "", "CONDITION VALUE"},
    // Tools.
    BlockType{"total_profit", kValue, kBuiltin, "", "", "", B::kTotalProfit},
    BlockType{"total_profit_string", kValue, kBuiltin, "", "", "", B::kTotalProfit},
    BlockType{"total_runs", kValue, kBuiltin, "", "", "", B::kTotalRuns},
    BlockType{"balance", kValue, kBuiltin, "BALANCE_TYPE", "", "BALANCE_TYPE:STR|NUM", B::kBalance},
    BlockType{"notify", kStatement, kNotify, "NOTIFICATION_TYPE NOTIFICATION_SOUND", "MESSAGE"},
    BlockType{"notify_telegram", kStatement, kTelegram, "",
              "TELEGRAM_ACCESS_TOKEN TELEGRAM_CHAT_ID TELEGRAM_MESSAGE"},
    BlockType{"console", kStatement, kBuiltin, "CONSOLE_TYPE", "MESSAGE=''", "", B::kConsole},
    BlockType{"epoch", kValue, kBuiltin, "", "", "", B::kClock},
    BlockType{"timeout", kStatement, kTimeout, "", "SECONDS TIMEOUTSTACK"},
    BlockType{"tick_delay", kStatement, kTickDelay, "", "TICKDELAYVALUE TICKDELAYSTACK"},
    BlockType{"todatetime", kValue, kBuiltin, "", "TIMESTAMP=undefined", "", B::kToDateTime},
    BlockType{"totimestamp", kValue, kBuiltin, "", "DATETIME=undefined", "", B::kToTimestamp},
    BlockType{"barrier_offset", kStatement, kNothing, "BARRIEROFFSETTYPE_LIST", "BARRIEROFFSET_IN"},
    // Binary Bot alone (section 12).
    BlockType{"trade", kTopLevel, kTop, kMarketFields, "INITIALIZATION SUBMARKET", "", B::kText,
              kBinary},
    BlockType{"tradeOptions", kStatement, kOptions, kOptionFields, kOptionInputs, "", B::kText,
              kBinary},
    BlockType{"tradeOptions_payout", kStatement, kOptions, kOptionFields, kOptionInputs, "",
              B::kText, kBinary},
    BlockType{"market", kStatement, kOptions, kMarketAndOptionFields, kOptionInputs, "", B::kText,
              kBinary},
    BlockType{"on_strategy", kTopLevel, kTop, "", "STRATEGY_STACK", "", B::kText, kBinary},
    BlockType{"on_finish", kTopLevel, kTop, "", "FINISH_STACK", "", B::kText, kBinary},
    BlockType{"sma", kValue, kIndicatorValue, "", "INPUT PERIOD", "", B::kSma, kBinary},
    BlockType{"smaa", kValue, kIndicatorValue, "", "INPUT PERIOD", "", B::kSmaList, kBinary},
    BlockType{"ema", kValue, kIndicatorValue, "", "INPUT PERIOD", "", B::kEma, kBinary},
    BlockType{"emaa", kValue, kIndicatorValue, "", "INPUT PERIOD", "", B::kEmaList, kBinary},
    BlockType{"rsi", kValue, kIndicatorValue, "", "INPUT PERIOD", "", B::kRsi, kBinary},
    BlockType{"rsia", kValue, kIndicatorValue, "", "INPUT PERIOD", "", B::kRsiList, kBinary},
    BlockType{"bb", kValue, kIndicatorValue, "BBRESULT_LIST",
              "INPUT PERIOD UPMULTIPLIER DOWNMULTIPLIER", "BBRESULT_LIST:0|1|2", B::kBands,
              kBinary},
    BlockType{"bba", kValue, kIndicatorValue, "BBRESULT_LIST",
              "INPUT PERIOD UPMULTIPLIER DOWNMULTIPLIER", "BBRESULT_LIST:0|1|2", B::kBandsList,
              kBinary},
    BlockType{"macda", kValue, kIndicatorValue, "MACDFIELDS_LIST",
              "INPUT FAST_EMA_PERIOD SLOW_EMA_PERIOD SIGNAL_EMA_PERIOD SMA_PERIOD",
              "MACDFIELDS_LIST:0|1|2", B::kMacdList, kBinary},
    BlockType{"webhook", kStatement, kWebhook, "", "WEBHOOK_URL ADD*", "", B::kWebhook, kBinary},
    BlockType{"key_value_pair", kValue, kParameter, "KEY", "VALUE", "", B::kText, kBinary},
    BlockType{"direction", kValue, kNothing, "", "", "", B::kText, kBinary},
    BlockType{"interval", kStatement, kNothing, "", "", "", B::kText, kBinary},
    BlockType{"allFields", kStatement, kNothing, "", "", "", B::kText, kBinary},
    // Vendors' names of stock blocks (section 13).
    BlockType{"apollo_purchase", kStatement, kPurchase, "PURCHASE_LIST", "", "", B::kText, kVendor,
              "purchase"},
    BlockType{"apollo_purchase2", kStatement, kPurchase, "PURCHASE_LIST", "PREDICTION", "",
              B::kText, kVendor, "purchase with a prediction of its own"},
    BlockType{"btnotify", kStatement, kNotify, "NOTIFICATION_TYPE NOTIFICATION_SOUND", "MESSAGE",
              "", B::kText, kVendor, "notify"},
    BlockType{"money8gg_print", kStatement, kBuiltin, "", "TEXT=''", "", B::kPrint, kInferred,
              "text_print"},
    BlockType{"money8gg_notify", kStatement, kNotify, "NOTIFICATION_TYPE NOTIFICATION_SOUND",
              "MESSAGE", "", B::kText, kInferred, "notify"},
    BlockType{"bt_notify", kStatement, kNotify, "color_schemes sound", "notification", "", B::kText,
              kInferred, "notify"},
    BlockType{"apollo_notify", kStatement, kNotify, "NOTIFICATION_TYPE NOTIFICATION_SOUND",
              "MESSAGE", "", B::kText, kInferred, "notify"},
    BlockType{"ceosaminotify", kStatement, kNotify, "NOTIFICATION_TYPE NOTIFICATION_SOUND",
              "MESSAGE", "", B::kText, kInferred, "notify"},
    BlockType{"traderlegoonotify", kStatement, kNotify, "NOTIFICATION_TYPE NOTIFICATION_SOUND",
              "MESSAGE", "", B::kText, kInferred, "notify"},
    BlockType{"notifyhsfgorewhsj", kStatement, kNotify, "NOTIFICATION_TYPE NOTIFICATION_SOUND",
              "MESSAGE", "", B::kText, kInferred, "notify"},
    BlockType{"ceo_purchase", kStatement, kPurchase, "PURCHASE_LIST", "", "", B::kText, kInferred,
              "purchase"},
    BlockType{"ceosami_purchase", kStatement, kPurchase, "PURCHASE_LIST", "", "", B::kText,
              kInferred, "purchase"},
    BlockType{"traderlegoo_purchase", kStatement, kPurchase, "PURCHASE_LIST", "", "", B::kText,
              kInferred, "purchase"},
    BlockType{"purchase_hsfgorewhsj", kStatement, kPurchase, "PURCHASE_LIST PURCHASE__LIST", "", "",
              B::kText, kInferred, "purchase"},
    BlockType{"purchase_with_prediction", kStatement, kPurchase, "CONTRACT_TYPE", "PREDICTION", "",
              B::kText, kInferred, "purchase with a prediction of its own"},
    BlockType{"contract_details", kValue, kBuiltin, kDetails, "",
              "DETAIL_INDEX:1|2|3|4|5|6|7|8|9|10|11|12|13", B::kDetail, kInferred, "read_details"},
    BlockType{"trade_stop", kStatement, kStop, "", "", "", B::kText, kInferred,
              "the end of the run"},
    BlockType{"stop", kStatement, kStop, "", "", "", B::kText, kInferred, "the end of the run"},
    BlockType{"purchase_is_won", kValue, kBuiltin, "", "", ":win", B::kIsResult, kInferred,
              "whether the last contract was won"},
    BlockType{"purchase_is_lost", kValue, kBuiltin, "", "", ":|loss", B::kIsResult, kInferred,
              "whether the last contract was lost"},
    BlockType{"controls_repeat_inf", kStatement, kRepeatEndless, "", "DO", "", B::kText, kInferred,
              "an endless loop"},
    BlockType{"text_compare", kValue, kCompare, "OP", "A B", "", B::kText, kInferred,
              "logic_compare"},
    BlockType{"text_contains", kValue, kBuiltin, "", "VALUE='' SUB=''", "", B::kTextContains,
              kInferred, "whether VALUE contains SUB"},
    BlockType{"text_statements", kStatement, kParameter, "", "TEXT", "", B::kText, kInferred,
              "text_statement"},
    BlockType{"variables_set_option", kStatement, kSetOption, "VAR OPTION", "", "", B::kText,
              kVendor, "variables_set to a text"},
    BlockType{"variables_is_option", kValue, kIsOption, "VAR OPTION", "", "", B::kText, kVendor,
              "whether the variable equals a text"},
    // Vendors' statistics of digits whose meaning is plain.
    BlockType{"last_digits_condition", kValue, kDigits, "N CONDITION DIGIT",
              "N DIGITS_COUNT COMPARE_VALUE DIGIT", "", B::kDigitsCondition, kVendor,
              "whether the last N digits are all even, odd, equal, or compare so with a value"},
    BlockType{"last_digits_even_odd", kValue, kDigits, "N TYPE", "N", "", B::kDigitsCondition,
              kInferred, "whether the last N digits are all even or all odd"},
    BlockType{"even_odd_analysis", kValue, kDigits, "ANALYSIS_TYPE", "N", "", B::kDigitsShare,
              kVendor, "percentage of even or odd digits among the last N (1000), two decimals"},
    BlockType{"over_under_percentage", kValue, kDigits, "CONDITION", "COUNT DIGIT", "",
              B::kDigitsShare, kInferred,
              "percentage of digits over or under DIGIT among the last COUNT, two decimals"},
    BlockType{"over_under_analysis", kValue, kDigits, "CONDITION_TYPE", "N DIGIT", "",
              B::kDigitsShare, kInferred,
              "percentage of digits over or under DIGIT among the last N, two decimals"},
    BlockType{"digit_frequency", kValue, kDigits, "N RANK RETURN_TYPE", "", "", B::kDigitRank,
              kInferred,
              "the digit of a rank by frequency among the last N, or its percentage; the lower "
              "digit among equals"},
    BlockType{"digit_highest_lowest_frequency", kValue, kDigits, "FREQUENCY_TYPE", "COUNT", "",
              B::kDigitRank, kInferred,
              "the most or least frequent digit among the last COUNT; the lower one among equals"},
};
// clang-format on

/// The next word of the list, which is cut off it.
std::string_view next_word(std::string_view& list) {
  const auto end = std::min(list.find(' '), list.size());
  const auto word = list.substr(0, end);
  list.remove_prefix(std::min(end + 1, list.size()));
  return word;
}

bool is_numbered(std::string_view name, std::string_view stem) {
  if (!name.starts_with(stem) || name.size() == stem.size()) return false;
  const auto rest = name.substr(stem.size());
  return rest.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::string_view name_of(Dialect dialect) {
  switch (dialect) {
    case Dialect::kDeriv:
      return "Deriv Bot";
    case Dialect::kBinary:
      return "Binary Bot";
    case Dialect::kBinaryV1:
      return "Binary Bot v1";
  }
  return "";
}

std::span<const BlockType> block_types() { return kTypes; }

const BlockType* find_block_type(std::string_view name) {
  const auto it = std::ranges::find(kTypes, name, &BlockType::name);
  return it == kTypes.end() ? nullptr : &*it;
}

bool is_listed(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    auto word = next_word(list);
    word = word.substr(0, word.find('='));
    if (word.ends_with('*') ? is_numbered(name, word.substr(0, word.size() - 1)) : word == name) {
      return true;
    }
  }
  return false;
}

}  // namespace derivd::dbot
