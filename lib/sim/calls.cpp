#include "sim/calls.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

namespace derivd::sim {
namespace {

constexpr std::int64_t kNoLimit = INT64_MAX;

}  // namespace

struct Field {
  enum class Type : std::uint8_t {
    kOne,   // the integer 1
    kFlag,  // 0 or 1
    kInteger,
    kNumber,
    kNullableNumber,
    kText,
    kTexts,  // a list of texts
    kTextOrTexts,
    kFreeObject,  // passthrough
    kObject,      // with its own fields
  };

  enum class Form : std::uint8_t {
    kAny,
    kSymbol,
    kStreamId,
    kBuyId,
    kToken,
    kBarrier,
    kCurrency,
    kWord,
    kEnd,
    kDate,
    kDay,
    kLogin,
    kAccount,
    kOneOf,
  };

  std::string_view name;
  Type type = Type::kText;
  bool required = false;
  Form form = Form::kAny;
  std::span<const std::string_view> one_of{};
  std::int64_t min = -kNoLimit;
  std::int64_t max = kNoLimit;
  const std::vector<Field>* fields = nullptr;
};

namespace {

using Type = Field::Type;
using Form = Field::Form;

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_numeral(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return is_word(c) && !is_numeral(c) && c != '_'; }

template <class Pred>
bool all_of(std::string_view s, Pred pred) {
  return std::all_of(s.begin(), s.end(), pred);
}
bool sized(std::string_view s, std::size_t from, std::size_t to) {
  return s.size() >= from && s.size() <= to;
}
bool is_dashed(std::string_view s) {
  return all_of(s, [](char c) { return is_word(c) || c == '-'; });
}

bool is_barrier(std::string_view s) {
  if (!sized(s, 1, 20)) return false;
  if (s.front() == '+' || s.front() == '-') s.remove_prefix(1);
  const auto point = s.find('.');
  const auto whole = s.substr(0, point);
  const auto rest = point == std::string_view::npos ? std::string_view{} : s.substr(point + 1);
  return !whole.empty() && all_of(whole, is_numeral) && all_of(rest, is_numeral);
}

bool is_day(std::string_view s) {  // yyyy-m-d
  const auto a = s.find('-');
  if (a != 4) return false;
  const auto b = s.find('-', a + 1);
  if (b == std::string_view::npos) return false;
  const auto month = s.substr(5, b - 5);
  const auto day = s.substr(b + 1);
  return all_of(s.substr(0, 4), is_numeral) && sized(month, 1, 2) && sized(day, 1, 2) &&
         all_of(month, is_numeral) && all_of(day, is_numeral);
}

bool is_login(std::string_view s) {
  const auto digits = std::find_if(s.begin(), s.end(), is_numeral);
  return digits != s.begin() && digits != s.end() && std::all_of(s.begin(), digits, is_letter) &&
         std::all_of(digits, s.end(), is_numeral);
}

bool is_number_text(std::string_view s, std::size_t to) {
  return sized(s, 1, to) && all_of(s, is_numeral);
}

bool matches(const Field& f, std::string_view s) {
  switch (f.form) {
    case Form::kAny:
      return true;
    case Form::kSymbol:
      return sized(s, 2, 30) && all_of(s, is_word);
    case Form::kStreamId:
      return sized(s, 32, 128) && is_dashed(s);
    case Form::kBuyId:
      return s == "1" || (sized(s, 32, 128) && is_dashed(s));
    case Form::kToken:
      return is_token(s);
    case Form::kBarrier:
      return is_barrier(s);
    case Form::kCurrency:
      return sized(s, 2, 20) && all_of(s, [](char c) { return is_word(c) && c != '_'; });
    case Form::kWord:
      return !s.empty() && all_of(s, is_word);
    case Form::kEnd:
      return s == "latest" || is_number_text(s, 10);
    case Form::kDate:
      return is_number_text(s, 10) || is_day(s);
    case Form::kDay:
      return s == "today" || is_day(s);
    case Form::kLogin:
      return is_login(s);
    case Form::kAccount:
      return s == "current" || s == "all" || is_login(s);
    case Form::kOneOf:
      return std::find(f.one_of.begin(), f.one_of.end(), s) != f.one_of.end();
  }
  return false;
}

std::string_view pattern_of(Form form) {
  switch (form) {
    case Form::kSymbol:
      return R"(^\w{2,30}$)";
    case Form::kStreamId:
      return R"(^[\w-]{32,128}$)";
    case Form::kBuyId:
      return R"(^(?:[\w-]{32,128}|1)$)";
    case Form::kToken:
      return R"(^[\w\-]{1,128}$)";
    case Form::kBarrier:
      return R"(^(?=.{1,20}$)[+-]?[0-9]+\.?[0-9]*$)";
    case Form::kCurrency:
      return R"(^[a-zA-Z0-9]{2,20}$)";
    case Form::kWord:
      return R"(^\w+$)";
    case Form::kEnd:
      return R"(^(latest|[0-9]{1,10})$)";
    case Form::kDate:
      return R"(^([0-9]{4}-(0?[1-9]|1[012])-(0?[1-9]|[12][0-9]|3[01])|[0-9]{1,10})$)";
    case Form::kDay:
      return R"(^([0-9]{4}-[0-9]{1,2}-[0-9]{1,2}|today)$)";
    case Form::kLogin:
      return R"(^[A-Za-z]+[0-9]+$)";
    case Form::kAccount:
      return R"(^(current|all|[A-Z]{2,4}[0-9]{1,10})$)";
    case Form::kAny:
    case Form::kOneOf:
      break;
  }
  return "";
}

// ---- what each call may contain ----

using Fields = std::vector<Field>;
using Names = std::span<const std::string_view>;

constexpr std::string_view kSharedTypes[] = {
    "ACCU",       "ASIAND",          "ASIANU",        "CALL",        "CALLE",
    "DIGITDIFF",  "DIGITEVEN",       "DIGITMATCH",    "DIGITODD",    "DIGITOVER",
    "DIGITUNDER", "EXPIRYMISS",      "EXPIRYMISSE",   "EXPIRYRANGE", "EXPIRYRANGEE",
    "MULTDOWN",   "MULTUP",          "NOTOUCH",       "ONETOUCH",    "PUT",
    "PUTE",       "RANGE",           "RESETCALL",     "RESETPUT",    "RUNHIGH",
    "RUNLOW",     "TICKHIGH",        "TICKLOW",       "TURBOSLONG",  "TURBOSSHORT",
    "UPORDOWN",   "VANILLALONGCALL", "VANILLALONGPUT"};

const std::vector<std::string_view>& contract_types(Dialect dialect) {
  static const auto with = [](std::initializer_list<std::string_view> more) {
    std::vector<std::string_view> all(std::begin(kSharedTypes), std::end(kSharedTypes));
    all.insert(all.end(), more);
    return all;
  };
  static const auto options = with({"HIGHER", "LOWER"});
  static const auto v3 = with(
      {"CALLSPREAD", "LBFLOATCALL", "LBFLOATPUT", "LBHIGHLOW", "PUTSPREAD", "SNOWDOWN", "SNOWUP"});
  return dialect == Dialect::kOptions ? options : v3;
}

constexpr std::string_view kBasis[] = {"payout", "stake"};
constexpr std::string_view kUnits[] = {"d", "m", "s", "h", "t"};
constexpr std::string_view kStyles[] = {"candles", "ticks"};
constexpr std::string_view kBrief[] = {"brief", "full"};
constexpr std::string_view kSort[] = {"ASC", "DESC"};
constexpr std::string_view kBasic[] = {"basic"};
constexpr std::string_view kRisk[] = {"low", "medium", "high"};
constexpr std::string_view kBarrierRange[] = {"tight", "middle", "wide"};
constexpr std::string_view kCompanies[] = {"iom", "malta",   "maltainvest",
                                           "svg", "virtual", "vanuatu"};
constexpr std::string_view kCategories[] = {"american",      "asian",    "euro_atm", "euro_non_atm",
                                            "non_financial", "lookback", "reset"};
constexpr std::string_view kActionsOptions[] = {"buy", "sell", "deposit", "withdrawal"};
constexpr std::string_view kActionsV3[] = {"buy",    "sell",       "deposit",        "withdrawal",
                                           "escrow", "adjustment", "virtual_credit", "transfer"};
constexpr std::string_view kStreamsOptions[] = {
    "balance", "candles",    "cashier_payments", "proposal", "proposal_open_contract",
    "ticks",   "transaction"};
constexpr std::string_view kStreamsV3[] = {"balance",
                                           "candles",
                                           "cashier_payments",
                                           "p2p_advert",
                                           "p2p_advertiser",
                                           "p2p_order",
                                           "proposal",
                                           "proposal_open_contract",
                                           "ticks",
                                           "transaction",
                                           "trading_platform_asset_listing",
                                           "website_status",
                                           "p2p_settings",
                                           "crypto_estimations"};

Field one(std::string_view name, bool required = true) { return {name, Type::kOne, required}; }
Field text(std::string_view name, Form form, bool required = false) {
  return {name, Type::kText, required, form};
}
Field choice(std::string_view name, Names names, bool required = false) {
  return {name, Type::kText, required, Form::kOneOf, names};
}
Field choices(std::string_view name, Names names) {
  return {name, Type::kTexts, false, Form::kOneOf, names};
}
Field integer(std::string_view name, bool required = false, std::int64_t min = -kNoLimit,
              std::int64_t max = kNoLimit) {
  return {name, Type::kInteger, required, Form::kAny, {}, min, max};
}
Field any_number(std::string_view name, bool required = false, std::int64_t min = -kNoLimit,
                 std::int64_t max = kNoLimit) {
  return {name, Type::kNumber, required, Form::kAny, {}, min, max};
}
Field flag(std::string_view name) { return {name, Type::kFlag}; }
Field object(std::string_view name, const Fields& fields, bool required = false) {
  return {name, Type::kObject, required, Form::kAny, {}, -kNoLimit, kNoLimit, &fields};
}

const Fields& limit_order() {
  static const Fields fields{any_number("stop_loss"), any_number("take_profit")};
  return fields;
}
const Fields& limit_update() {
  static const Fields fields{{"stop_loss", Type::kNullableNumber},
                             {"take_profit", Type::kNullableNumber}};
  return fields;
}

/// Members of a proposal, of `parameters` of a buy.
Fields contract_fields(Dialect d) {
  Fields f{any_number("amount", false, 0),
           text("barrier", Form::kBarrier),
           text("barrier2", Form::kBarrier),
           choice("basis", kBasis),
           text("cancellation", Form::kWord),
           choice("contract_type", contract_types(d), true),
           text("currency", Form::kCurrency, true),
           integer("date_expiry", false, 0, 9'999'999'999),
           integer("duration", false, 0, 99'999'999),
           choice("duration_unit", kUnits),
           any_number("growth_rate"),
           object("limit_order", limit_order()),
           any_number("multiplier", false, 0),
           any_number("payout_per_point"),
           integer("selected_tick"),
           text(d == Dialect::kOptions ? "underlying_symbol" : "symbol", Form::kSymbol, true)};
  if (d == Dialect::kV3) {
    f.push_back(choice("barrier_range", kBarrierRange));
    f.push_back(integer("date_start", false, 0, 9'999'999'999));
    f.push_back(choice("product_type", kBasic));
    f.push_back(choice("trade_risk_profile", kRisk));
    f.push_back(integer("trading_period_start"));
  }
  return f;
}

const Fields& buy_parameters(Dialect d) {
  static const auto make = [](Dialect dialect) {
    Fields f = contract_fields(dialect);
    f.push_back(any_number("app_markup_percentage"));
    return f;
  };
  static const Fields options = make(Dialect::kOptions);
  static const Fields v3 = make(Dialect::kV3);
  return d == Dialect::kOptions ? options : v3;
}

Fields proposal_fields(Dialect d) {
  Fields f = contract_fields(d);
  f.push_back(one("proposal"));
  f.push_back(one("subscribe", false));
  return f;
}

Fields market_fields(Call call, Dialect d) {
  const bool v3 = d == Dialect::kV3;
  switch (call) {
    case Call::kActiveSymbols: {
      Fields f{choice("active_symbols", kBrief, true), choices("contract_type", contract_types(d))};
      if (!v3) return f;
      f.push_back(choices("barrier_category", kCategories));
      f.push_back(choice("landing_company", kCompanies));
      f.push_back(choice("landing_company_short", kCompanies));
      f.push_back(choice("product_type", kBasic));
      return f;
    }
    case Call::kContractsFor: {
      Fields f{text("contracts_for", Form::kSymbol, true)};
      if (!v3) return f;
      f.push_back(text("currency", Form::kCurrency));
      f.push_back(choice("landing_company", kCompanies));
      f.push_back(choice("landing_company_short", kCompanies));
      f.push_back(choice("product_type", kBasic));
      return f;
    }
    case Call::kTicks:
      return {{"ticks", Type::kTextOrTexts, true, Form::kSymbol}, one("subscribe", false)};
    case Call::kTicksHistory:
      return {text("ticks_history", Form::kSymbol, true),
              one("adjust_start_time", false),
              integer("count"),
              text("end", Form::kEnd, true),
              integer("granularity"),
              integer("start", false, 0, 9'999'999'999),
              choice("style", kStyles),
              one("subscribe", false)};
    case Call::kTradingTimes:
      return {text("trading_times", Form::kDay, true)};
    case Call::kProposal:
      return proposal_fields(d);
    case Call::kForget:
      return {text("forget", Form::kStreamId, true)};
    case Call::kForgetAll:
      return {{"forget_all", Type::kTextOrTexts, true, Form::kOneOf,
               v3 ? Names(kStreamsV3) : Names(kStreamsOptions)}};
    case Call::kAuthorize:
      return {text("authorize", Form::kToken, true),
              flag("add_to_login_history"),
              {"tokens", Type::kTexts, false, Form::kToken}};
    case Call::kWebsiteStatus:
      return {one("website_status"), flag("subscribe")};
    default:
      return {};
  }
}

Fields account_fields(Call call, Dialect d) {
  switch (call) {
    case Call::kBuy:
      return {text("buy", Form::kBuyId, true), object("parameters", buy_parameters(d)),
              any_number("price", true, 0), one("subscribe", false)};
    case Call::kSell:
      return {integer("sell", true), any_number("price", true)};
    case Call::kCancel:
      return {integer("cancel", true)};
    case Call::kContractUpdate:
      return {one("contract_update"), integer("contract_id", true),
              object("limit_order", limit_update(), true)};
    case Call::kContractUpdateHistory:
      return {one("contract_update_history"), integer("contract_id", true),
              any_number("limit", false, 1, 999)};
    case Call::kOpenContract:
      return {one("proposal_open_contract"), integer("contract_id"), one("subscribe", false)};
    case Call::kPortfolio:
      return {one("portfolio"), choices("contract_type", contract_types(d))};
    case Call::kProfitTable:
      return {one("profit_table"),
              choices("contract_type", contract_types(d)),
              text("date_from", Form::kDate),
              text("date_to", Form::kDate),
              flag("description"),
              any_number("limit", false, 0, 500),
              integer("offset", false, 0),
              choice("sort", kSort)};
    case Call::kStatement:
      return {one("statement"),
              choice("action_type", d == Dialect::kV3 ? Names(kActionsV3) : Names(kActionsOptions)),
              integer("date_from", false, 0, 9'999'999'999),
              integer("date_to", false, 0, 9'999'999'999),
              flag("description"),
              any_number("limit", false, 0, 999),
              integer("offset", false, 0)};
    case Call::kOwnLimits:
      return {one("get_self_exclusion")};
    case Call::kTransaction:
      return {one("transaction"), one("subscribe")};
    case Call::kBalance: {
      Fields f{one("balance"), flag("subscribe")};
      if (d == Dialect::kV3) f.push_back(text("account", Form::kAccount));
      return f;
    }
    default:
      return {};
  }
}

struct Row {
  Call call;
  std::string_view name;
  Access access;
  bool options, v3;
};

// In the venue's order: of several members that name calls the first row counts.
constexpr Row kRows[] = {
    {Call::kAuthorize, "authorize", Access::kOpen, false, true},
    {Call::kLogout, "logout", Access::kOpen, true, true},
    {Call::kTradingTimes, "trading_times", Access::kOpen, true, true},
    {Call::kTicks, "ticks", Access::kOpen, true, true},
    {Call::kTicksHistory, "ticks_history", Access::kOpen, true, true},
    {Call::kProposal, "proposal", Access::kOpen, true, true},
    {Call::kForget, "forget", Access::kOpen, true, true},
    {Call::kForgetAll, "forget_all", Access::kOpen, true, true},
    {Call::kPing, "ping", Access::kOpen, true, true},
    {Call::kTime, "time", Access::kOpen, true, true},
    {Call::kWebsiteStatus, "website_status", Access::kOpen, false, true},
    {Call::kContractsFor, "contracts_for", Access::kOpen, true, true},
    {Call::kContractsList, "contracts_list", Access::kOpen, true, false},
    {Call::kActiveSymbols, "active_symbols", Access::kOpen, true, true},
    {Call::kPayoutCurrencies, "payout_currencies", Access::kOpen, false, true},
    {Call::kBuy, "buy", Access::kTrade, true, true},
    {Call::kSell, "sell", Access::kTrade, true, true},
    {Call::kSellExpired, "sell_expired", Access::kTrade, false, true},
    {Call::kTopupVirtual, "topup_virtual", Access::kTrade, false, true},
    {Call::kOwnLimits, "get_self_exclusion", Access::kRead, false, true},
    {Call::kCancel, "cancel", Access::kTrade, true, true},
    {Call::kContractUpdate, "contract_update", Access::kTrade, true, true},
    {Call::kContractUpdateHistory, "contract_update_history", Access::kRead, true, true},
    {Call::kTransaction, "transaction", Access::kRead, true, true},
    {Call::kPortfolio, "portfolio", Access::kRead, true, true},
    {Call::kOpenContract, "proposal_open_contract", Access::kRead, true, true},
    {Call::kProfitTable, "profit_table", Access::kRead, true, true},
    {Call::kStatement, "statement", Access::kRead, true, true},
    {Call::kBalance, "balance", Access::kRead, true, true},
};

/// Multi-token v3 calls may name the account.
bool takes_loginid(Call call) {
  switch (call) {
    case Call::kAuthorize:
    case Call::kTradingTimes:
    case Call::kTicks:
    case Call::kTicksHistory:
    case Call::kForget:
    case Call::kForgetAll:
    case Call::kPing:
    case Call::kTime:
    case Call::kWebsiteStatus:
    case Call::kContractsList:
      return false;
    default:
      return true;
  }
}

struct Table {
  std::vector<Fields> fields;
  std::vector<CallInfo> calls;
};

Table make_table(Dialect d) {
  Table t;
  t.fields.reserve(std::size(kRows));  // CallInfo keeps pointers
  for (const Row& row : kRows) {
    if (!(d == Dialect::kOptions ? row.options : row.v3)) continue;
    Fields f = market_fields(row.call, d);
    if (f.empty()) f = account_fields(row.call, d);
    if (f.empty()) f.push_back(one(row.name));
    // options: logout alone kept the selector (schema of 30 June 2026).
    if (takes_loginid(row.call) && (d == Dialect::kV3 || row.call == Call::kLogout))
      f.push_back(text("loginid", Form::kLogin));
    f.push_back({"passthrough", Type::kFreeObject});
    f.push_back(integer("req_id"));
    t.fields.push_back(std::move(f));
    t.calls.push_back({row.call, row.name, row.access, &t.fields.back()});
  }
  return t;
}

const Table& table(Dialect d) {
  static const Table options = make_table(Dialect::kOptions);
  static const Table v3 = make_table(Dialect::kV3);
  return d == Dialect::kOptions ? options : v3;
}

// ---- checking ----

std::string_view type_name(const Json& j) {
  switch (j.kind()) {
    case Json::Kind::kNull:
      return "null";
    case Json::Kind::kBool:
      return "boolean";
    case Json::Kind::kNumber:
      return "number";
    case Json::Kind::kString:
      return "string";
    case Json::Kind::kArray:
      return "array";
    case Json::Kind::kObject:
      return "object";
  }
  return "";
}

std::string expected(std::string_view what, const Json& got) {
  return fmt::format("Expected {} - got {}.", what, type_name(got));
}

std::string joined(Names names) {
  std::string out;
  for (const auto n : names) out += fmt::format("{}{}", out.empty() ? "" : ", ", n);
  return out;
}

std::string text_problem(const Field& f, const Json& value) {
  if (!value.is_string()) return expected("string", value);
  if (matches(f, value.text())) return {};
  if (f.form == Form::kOneOf) return fmt::format("Not in enum list: {}.", joined(f.one_of));
  return fmt::format("String does not match '{}'", pattern_of(f.form));
}

std::string texts_problem(const Field& f, const Json& value) {
  if (!value.is_array()) return expected("array", value);
  for (const Json& item : value.items())
    if (auto problem = text_problem(f, item); !problem.empty()) return problem;
  return {};
}

std::string number_problem(const Field& f, const Json& value, bool whole) {
  const auto d = value.as_decimal();
  if (!d || (whole && !value.as_int())) return expected(whole ? "integer" : "number", value);
  if (f.min != -kNoLimit && *d < core::Decimal{f.min, 0})
    return fmt::format("{} < minimum({})", value.text(), f.min);
  if (f.max != kNoLimit && *d > core::Decimal{f.max, 0})
    return fmt::format("{} > maximum({})", value.text(), f.max);
  return {};
}

std::string flag_problem(const Json& value, bool zero_allowed) {
  const auto v = value.as_int();
  if (!v) return expected("integer", value);
  if (*v == 1 || (zero_allowed && *v == 0)) return {};
  return zero_allowed ? "Not in enum list: 0, 1." : "Not in enum list: 1.";
}

void check_fields(const Fields& fields, const Json& object, const std::string& prefix,
                  Complaints& out);

std::string problem_of(const Field& f, const Json& value, const std::string& name,
                       Complaints& out) {
  switch (f.type) {
    case Type::kOne:
      return flag_problem(value, false);
    case Type::kFlag:
      return flag_problem(value, true);
    case Type::kInteger:
      return number_problem(f, value, true);
    case Type::kNumber:
      return number_problem(f, value, false);
    case Type::kNullableNumber:
      return value.is_null() ? "" : number_problem(f, value, false);
    case Type::kText:
      return text_problem(f, value);
    case Type::kTexts:
      return texts_problem(f, value);
    case Type::kTextOrTexts:
      return value.is_array() ? texts_problem(f, value) : text_problem(f, value);
    case Type::kFreeObject:
      return value.is_object() ? "" : expected("object", value);
    case Type::kObject:
      if (!value.is_object()) return expected("object", value);
      check_fields(*f.fields, value, name + "/", out);
      return {};
  }
  return {};
}

void check_fields(const Fields& fields, const Json& object, const std::string& prefix,
                  Complaints& out) {
  for (const auto& [key, value] : object.members()) {
    const auto f = std::find_if(fields.begin(), fields.end(),
                                [&k = key](const Field& field) { return field.name == k; });
    if (f == fields.end()) {
      out.not_allowed.push_back(key);
      continue;
    }
    const std::string name = prefix + key;
    if (auto problem = problem_of(*f, value, name, out); !problem.empty())
      out.members.emplace_back(name, std::move(problem));
  }
  for (const Field& f : fields)
    if (f.required && object.find(f.name) == nullptr)
      out.members.emplace_back(prefix + std::string(f.name), "Missing property.");
}

bool is_sane_text(std::string_view s) {
  return s.size() <= 300 &&
         all_of(s, [](char c) { return static_cast<unsigned char>(c) >= 0x20 || c == '\t'; });
}

}  // namespace

std::string_view name_of(Dialect dialect) {
  return dialect == Dialect::kOptions ? "options" : "v3";
}

const CallInfo* find_call(Dialect dialect, const Json& request) {
  for (const CallInfo& info : table(dialect).calls)
    if (request.find(info.name) != nullptr) return &info;
  return nullptr;
}

std::string Complaints::message() const {
  std::string out;
  for (const auto& [name, reason] : members)
    out += fmt::format("{}{}", out.empty() ? "" : ", ", name);
  if (!not_allowed.empty()) {
    std::string names;
    for (const auto& n : not_allowed) names += fmt::format("{}{}", names.empty() ? "" : ", ", n);
    out += fmt::format("{}Properties not allowed: {}.", out.empty() ? "" : ", ", names);
  }
  return "Input validation failed: " + out;
}

std::string Complaints::details() const {
  JsonOut out;
  out.begin_object();
  for (const auto& [name, reason] : members) out.text(name, reason);
  for (const auto& name : not_allowed) out.text(name, "Properties not allowed.");
  return out.end_object().take();
}

Complaints check(const CallInfo& call, const Json& request) {
  Complaints out;
  check_fields(*call.fields, request, "", out);
  return out;
}

bool is_sane(const Json& request) {
  if (request.is_string()) return is_sane_text(request.text());
  for (const Json& item : request.items())
    if (!is_sane(item)) return false;
  for (const auto& [key, value] : request.members()) {
    const bool good_key = sized(key, 1, 50) && is_dashed(key);
    if (!good_key || !is_sane(value)) return false;
  }
  return true;
}

bool is_token(std::string_view text) { return sized(text, 1, 128) && is_dashed(text); }

}  // namespace derivd::sim
