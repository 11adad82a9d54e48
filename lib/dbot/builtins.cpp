// Mathematics, messages, clocks, results: what a block becomes that is neither control flow nor a
// list nor a tick. Rules: semantics.md, sections 6, 8 and 9.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "dbot/machine.hpp"
#include "dbot/number.hpp"
#include "dbot/text.hpp"

namespace derivd::dbot {
namespace {

/// A Date of JavaScript reaches so many ms to either side of 1970.
constexpr double kMostDate = 8.64e15;
constexpr std::int64_t kDay = 86'400;

double single(int op, double x) {
  switch (op) {
    case 0:
      return std::sqrt(x);
    case 1:
      return std::fabs(x);
    case 2:
      return -x;
    case 3:
      return std::log(x);
    case 4:
      return std::log10(x);
    case 5:
      return std::exp(x);
    default:
      return power(10, x);
  }
}

/// In degrees, in Blockly's order of operations.
double trig(int op, double x) {
  constexpr double pi = std::numbers::pi;
  switch (op) {
    case 0:
      return std::sin(x / 180 * pi);
    case 1:
      return std::cos(x / 180 * pi);
    case 2:
      return std::tan(x / 180 * pi);
    case 3:
      return std::asin(x) / pi * 180;
    case 4:
      return std::acos(x) / pi * 180;
    default:
      return std::atan(x) / pi * 180;
  }
}

bool is_prime(double n) {
  if (n == 2 || n == 3) return true;
  if (std::isnan(n) || n <= 1 || remainder_of(n, 1) != 0) return false;
  if (remainder_of(n, 2) == 0 || remainder_of(n, 3) == 0) return false;
  for (double x = 6; x <= std::sqrt(n) + 1; x += 6) {
    if (remainder_of(n, x - 1) == 0 || remainder_of(n, x + 1) == 0) return false;
  }
  return true;
}

/// Numbers beyond this take too long to be tested; 2^53 is the largest whole one anyway.
constexpr double kLargestPrimeTest = 1e12;

bool property(int op, double n, double divisor) {
  switch (op) {
    case 0:
      return remainder_of(n, 2) == 0;
    case 1:
      return remainder_of(n, 2) == 1;
    case 2:
      return n <= kLargestPrimeTest && is_prime(n);
    case 3:
      return remainder_of(n, 1) == 0;
    case 4:
      return n > 0;
    case 5:
      return n < 0;
    default:
      return remainder_of(n, divisor) == 0;
  }
}

double round_by(int op, double x) {
  if (op == 0) return round_half_up(x);
  return op == 1 ? std::ceil(x) : std::floor(x);
}

/// Math.min and Math.max of two: NaN wins, and -0 lies below 0.
double least(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return kNaN;
  if (a == 0 && b == 0) return std::signbit(a) ? a : b;
  return a < b ? a : b;
}
double most(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return kNaN;
  if (a == 0 && b == 0) return std::signbit(a) ? b : a;
  return a > b ? a : b;
}

struct Civil {
  std::int64_t year = 1970;
  int month = 1;
  int day = 1;
};

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

/// Howard Hinnant's algorithms (public domain).
Civil civil_of(std::int64_t days) {
  days += 719'468;
  const auto era = floor_div(days, 146'097);
  const auto of_era = days - era * 146'097;
  const auto year = (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
  const auto of_year = of_era - (365 * year + year / 4 - year / 100);
  const auto m = (5 * of_year + 2) / 153;
  Civil out;
  out.day = static_cast<int>(of_year - (153 * m + 2) / 5 + 1);
  out.month = static_cast<int>(m < 10 ? m + 3 : m - 9);
  out.year = year + era * 400 + (out.month <= 2 ? 1 : 0);
  return out;
}

std::int64_t days_of(const Civil& c) {
  const auto y = c.year - (c.month <= 2 ? 1 : 0);
  const auto era = floor_div(y, 400);
  const auto of_era = y - era * 400;
  const auto m = c.month > 2 ? c.month - 3 : c.month + 9;
  const auto of_year = (153 * m + 2) / 5 + c.day - 1;
  return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

/// Seconds -> "2026-11-29 00:45:10 GMT+0000"; derivd's local time is UTC.
std::string date_text(const Value& given) {
  const double ms = to_integer(to_number(given) * 1000);
  if (std::isnan(to_number(given)) || !(std::fabs(ms) <= kMostDate) || ms == 0) {
    return "Invalid timestamp: " + to_text(given);
  }
  const auto s = floor_div(static_cast<std::int64_t>(ms), 1000);
  const auto days = floor_div(s, kDay);
  const auto of_day = s - days * kDay;
  const auto c = civil_of(days);
  return fmt::format("{}-{:02}-{:02} {:02}:{:02}:{:02} GMT+0000", c.year, c.month, c.day,
                     of_day / 3600, of_day / 60 % 60, of_day % 60);
}

/// Reads exactly `digits` digits; the text is cut.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int out = 0;
  for (const char c : text.substr(0, digits)) {
    if (c < '0' || c > '9') return std::nullopt;
    out = out * 10 + (c - '0');
  }
  text.remove_prefix(digits);
  return out;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  return true;
}

/// "YYYY-MM-DD[ HH:MM[:SS]]" -> seconds.
std::optional<double> timestamp_of(std::string_view text) {
  while (!text.empty() && space_at(text) > 0) text.remove_prefix(space_at(text));
  while (text.ends_with(' ')) text.remove_suffix(1);
  Civil date;
  const auto year = take_number(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day || *month < 1 || *month > 12 || *day < 1 || *day > 31) return std::nullopt;
  date.year = *year;
  date.month = *month;
  date.day = *day;
  const auto days = days_of(date);
  const auto back = civil_of(days);
  if (back.day != *day) return std::nullopt;  // the 31st of April
  std::int64_t seconds = 0;
  if (!text.empty()) {
    if (!take(text, ' ')) return std::nullopt;
    while (take(text, ' ')) continue;
    const auto hour = take_number(text, 2);
    if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
    const auto minute = take_number(text, 2);
    if (!minute || *minute > 59) return std::nullopt;
    seconds = *hour * 3600 + *minute * 60;
    if (take(text, ':')) {
      const auto second = take_number(text, 2);
      if (!second || *second > 59) return std::nullopt;
      seconds += *second;
    }
    if (!text.empty()) return std::nullopt;
  }
  return static_cast<double>(days * kDay + seconds);
}

}  // namespace

Value Machine::builtin(Builtin which, std::span<const Value> a, int flag) {
  using B = Builtin;
  switch (which) {
    case B::kAbs:
      if (flag == 1) return a[0].is(Kind::kNumber) ? a[0] : Value::of(0.0);
      return Value::of(std::fabs(to_number(a[0])));
    case B::kMathSingle:
      return Value::of(single(flag, to_number(a[0])));
    case B::kMathTrig:
      return Value::of(trig(flag, to_number(a[0])));
    case B::kMathProperty:
      if (flag == 2)
        steps_ += 1 + static_cast<std::int64_t>(
                          std::sqrt(std::clamp(to_number(a[0]), 0.0, kLargestPrimeTest)) / 100);
      return Value::boolean(property(flag, to_number(a[0]), to_number(a[1])));
    case B::kMathRound:
      return Value::of(round_by(flag, to_number(a[0])));
    case B::kMathOnList:
      return on_list(a[0], flag & 0xf, (flag & 0x10) != 0);
    case B::kMathConstrain:
      return Value::of(least(most(to_number(a[0]), to_number(a[1])), to_number(a[2])));
    case B::kMathRandomInteger: {
      // Section 9: both ends included, in either order. Texts are compared as texts are.
      const bool swapped = compare(a[0], a[1]) == Order::kGreater;
      const double low = to_number(a[swapped ? 1 : 0]);
      const double high = to_number(a[swapped ? 0 : 1]);
      return Value::of(std::floor(next_random() * (high - low + 1) + low));
    }
    case B::kMathRandomFraction:
      return Value::of(next_random());
    case B::kText:
    case B::kTextAppend:
    case B::kTextJoin:
    case B::kTextIndexOf:
    case B::kTextCharacter:
    case B::kTextCase:
    case B::kTextTrim:
    case B::kTextContains:
    case B::kLength:
    case B::kIsEmpty:
    case B::kSlice:
      return text_builtin(which, a, flag);
    case B::kList:
    case B::kListRepeat:
    case B::kListGet:
    case B::kWindowGet:
    case B::kListSet:
    case B::kListSplit:
    case B::kListSort:
      return list_builtin(which, a, flag);
    case B::kTick:
    case B::kTickText:
    case B::kTicks:
    case B::kTickTexts:
    case B::kLastDigit:
    case B::kLastDigits:
    case B::kDirection:
    case B::kCandles:
    case B::kCandleValues:
    case B::kCandleAt:
    case B::kCandleFieldAt:
    case B::kCandleField:
    case B::kCandleBlack:
    case B::kCandleListField:
    case B::kStat:
    case B::kStatList:
      return market_builtin(which, a, flag);
    case B::kSma:
    case B::kSmaList:
    case B::kEma:
    case B::kEmaList:
    case B::kRsi:
    case B::kRsiList:
    case B::kBands:
    case B::kBandsList:
    case B::kMacdList:
      return indicator_builtin(which, a, flag);
    case B::kCanSell:
    case B::kSellPrice:
    case B::kIsResult:
    case B::kDetail:
    case B::kPayout:
    case B::kAskPrice:
    case B::kTotalProfit:
    case B::kTotalRuns:
    case B::kBalance:
      return trade_builtin(which, a, flag);
    case B::kClock:
    case B::kToDateTime:
    case B::kToTimestamp:
    case B::kPrompt:
    case B::kNotify:
    case B::kPrint:
    case B::kConsole:
    case B::kTelegram:
    case B::kWebhook:
      return tool_builtin(which, a, flag);
    case B::kDigitsCondition:
    case B::kDigitsShare:
    case B::kDigitRank:
    case B::kIsOption:
      return digit_builtin(which, a, flag);
  }
  return Value::undefined();
}

Value Machine::trade_builtin(Builtin which, std::span<const Value> a, int flag) {
  switch (which) {
    case Builtin::kCanSell:
      return Value::boolean(holds_contract() && contract_.can_sell);
    case Builtin::kSellPrice:
      return Value::of(holds_contract() ? contract_profit() : 0);
    case Builtin::kIsResult:
      return is_result(flag == 0);
    case Builtin::kDetail:
      return detail(flag + 1);
    case Builtin::kPayout:
    case Builtin::kAskPrice: {
      const auto it = quotes_.find(text_of(a[0]));
      if (it == quotes_.end()) {
        fail(fmt::format("no price of {} is known", text_of(a[0])));
        return Value::undefined();
      }
      const auto& q = it->second;
      return Value::of((which == Builtin::kPayout ? q.payout : q.ask).to_double());
    }
    case Builtin::kTotalProfit:
      // Section 6.4: the currency is that of the options, of which there are none before Bot.start.
      if (!ever_started_) {
        fail("total_profit is asked for before the trade options were reached");
        return Value::undefined();
      }
      return Value::of(total_profit());
    case Builtin::kTotalRuns:
      return Value::of(static_cast<double>(runs_));
    case Builtin::kBalance:
      if (!balance_) {
        fail("the balance is not known yet");
        return Value::undefined();
      }
      return flag == 0 ? make_text(balance_->to_string()) : Value::of(balance_->to_double());
    default:
      return Value::undefined();
  }
}

Value Machine::tool_builtin(Builtin which, std::span<const Value> a, int flag) {
  using Told = Message::Kind;
  switch (which) {
    case Builtin::kClock:
      return Value::of(static_cast<double>(now_ / 1000));
    case Builtin::kToDateTime:
      return make_text(date_text(a[0]));
    case Builtin::kToTimestamp: {
      if (a[0].is(Kind::kText)) {
        if (const auto t = timestamp_of(a[0].text->text)) return Value::of(*t);
      }
      return make_text("Invalid date/time");
    }
    case Builtin::kPrompt: {
      const auto at = static_cast<std::size_t>(a[1].number);
      if (at >= settings_.answers.size()) {
        fail("OptionError", fmt::format("prompt {} has no answer", at + 1));
        return Value::undefined();
      }
      const auto& answer = settings_.answers[at];
      return flag == 1 ? Value::of(leading_number_of(answer)) : make_text(answer);
    }
    case Builtin::kNotify: {
      const auto& v = a[0];
      const bool nothing = v.is(Kind::kUndefined) || v.is(Kind::kNull) ||
                           (v.is(Kind::kNumber) && std::isnan(v.number));
      const auto name = text_of(a[1]);
      const auto kind = static_cast<Told>(flag);
      if (nothing && !name.empty()) {
        message(Told::kWarn, fmt::format("the variable {} is {}", name, text_of(v)), line());
      } else {
        message(kind, text_of(v), line());
      }
      return Value::undefined();
    }
    case Builtin::kPrint:
      return message(Told::kAlert, text_of(a[0]), line()), Value::undefined();
    case Builtin::kConsole:
      return message(Told::kConsole, text_of(a[0]), line()), Value::undefined();
    case Builtin::kTelegram: {
      // One empty input, and the block generates nothing (section 8). The token is never told.
      const auto empty = [](const Value& v) { return v.is(Kind::kText) && v.text->text.empty(); };
      if (!empty(a[0]) && !empty(a[1]) && !empty(a[2])) {
        message(Told::kTelegram, text_of(a[2]), line());
      }
      return Value::undefined();
    }
    case Builtin::kWebhook: {
      std::string text;
      for (std::size_t i = 1; i + 1 < a.size(); i += 2) {
        text += fmt::format("{}{}={}", text.empty() ? "" : ", ", text_of(a[i]), text_of(a[i + 1]));
      }
      return message(Told::kWebhook, text, line()), Value::undefined();
    }
    default:
      return Value::undefined();
  }
}

}  // namespace derivd::dbot
