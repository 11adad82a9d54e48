#include "rules/parse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/nearest.hpp"
#include "rules/words.hpp"

namespace derivd::rules {
namespace {

using Kind = Node::Kind;

/// As many as a double holds exactly, so that what is written is what is compared.
constexpr std::size_t kMaxDigits = 15;
/// More contracts than guards.max_open allows are never open.
constexpr std::int64_t kMostOpen = 100;
/// Of Bollinger's factor.
constexpr std::uint8_t kMaxFactorDecimals = 4;

constexpr std::array<std::string_view, 5> kPredicates{"even", "odd", "rise", "fall", "flat"};
constexpr std::array<std::string_view, 7> kWeekdays{"mon", "tue", "wed", "thu",
                                                    "fri", "sat", "sun"};
constexpr std::string_view kPredicateAllowed =
    "even, odd, rise, fall, flat, or digit compared with 0 to 9, as digit > 4";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

struct Token {
  enum class Kind : std::uint8_t { kEnd, kNumber, kSpan, kName, kSymbol, kSign };
  Kind kind = Kind::kEnd;
  std::string_view text;
  std::size_t at = 0;
  bool is(std::string_view what) const { return kind != Kind::kEnd && text == what; }
};

/// Ends the reading from inside; only within this file, and never on the way of a tick.
struct Refused {
  Problem problem;
};
[[noreturn]] void refuse(std::size_t at, std::string text) { throw Refused{{at, std::move(text)}}; }

class Lexer final {
 public:
  explicit Lexer(std::string_view text) : text_(text) { advance(); }

  const Token& peek() const { return token_; }
  Token take() {
    auto token = token_;
    advance();
    return token;
  }

 private:
  void advance() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    if (at_ == text_.size()) {
      token_ = {Token::Kind::kEnd, {}, at_};
    } else if (const auto last = end_of_symbol()) {
      cut(Token::Kind::kSymbol, *last);
      ++at_;  // the dot
    } else if (is_digit(text_[at_]) || text_[at_] == '.') {
      number();
    } else if (is_letter(text_[at_])) {
      const auto end = end_of([](char c) { return is_letter(c) || is_digit(c); });
      cut(Token::Kind::kName, end);
    } else {
      sign();
    }
  }
  template <class Fits>
  std::size_t end_of(Fits fits) const {
    auto end = at_;
    while (end < text_.size() && fits(text_[end])) ++end;
    return end;
  }
  /// Of "1HZ100V" in "1HZ100V.price": a symbol has a letter, and the dot of a number none behind
  /// it.
  std::optional<std::size_t> end_of_symbol() const {
    const auto end = end_of([](char c) { return is_letter(c) || is_digit(c); });
    const bool dotted = end + 1 < text_.size() && text_[end] == '.' && is_letter(text_[end + 1]);
    if (!dotted || std::ranges::none_of(text_.substr(at_, end - at_), is_letter)) {
      return std::nullopt;
    }
    return end;
  }
  void cut(Token::Kind kind, std::size_t end) {
    token_ = {kind, text_.substr(at_, end - at_), at_};
    at_ = end;
  }
  void number() {
    const auto end = end_of([](char c) { return is_digit(c) || is_letter(c) || c == '.'; });
    const auto word = text_.substr(at_, end - at_);
    const auto digits = std::ranges::count_if(word, is_digit);
    if (parse_where(word)) return cut(Token::Kind::kSpan, end);
    const auto value = core::Decimal::parse(word);
    const bool plain = std::ranges::all_of(word, [](char c) { return is_digit(c) || c == '.'; }) &&
                       word.front() != '.' && word.back() != '.';
    if (!plain || !value || digits > static_cast<std::ptrdiff_t>(kMaxDigits)) {
      refuse(at_, fmt::format("'{}' is not a number here; allowed: plain decimals of at most {} "
                              "digits, as 0.25; and as the last argument of a value {}",
                              word.substr(0, 40), kMaxDigits, kWhereAllowed));
    }
    cut(Token::Kind::kNumber, end);
  }
  void sign() {
    constexpr std::array<std::string_view, 15> kSigns{"<=", ">=", "==", "!=", "<", ">", "+", "-",
                                                      "*",  "/",  "(",  ")",  ",", "%", "="};
    constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kOthers{
        {{"&&", "and"}, {"||", "or"}, {"&", "and"}, {"|", "or"}, {"!", "not"}}};
    for (const auto s : kSigns) {
      if (text_.substr(at_).starts_with(s)) return cut(Token::Kind::kSign, at_ + s.size());
    }
    for (const auto& [s, word] : kOthers) {
      if (text_.substr(at_).starts_with(s)) {
        refuse(at_, fmt::format("'{}' is written '{}' here", s, word));
      }
    }
    const auto c = text_[at_];
    refuse(at_, c >= ' ' && c <= '~'
                    ? fmt::format("'{}' has no meaning here; allowed: + - * / < <= > >= == != % "
                                  "and parentheses",
                                  c)
                    : std::string("a character that has no meaning here; allowed: plain letters, "
                                  "digits and signs"));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Token token_;
};

std::string_view name_of(Node::Type type) {
  switch (type) {
    case Node::Type::kBool:
      return "a condition";
    case Node::Type::kPercent:
      return "a percentage";
    case Node::Type::kNumber:
    case Node::Type::kPoints:
      break;
  }
  return "a number";
}

std::optional<Kind> compare_from(std::string_view sign) {
  const auto at = std::ranges::find(kCompares, sign);
  if (at == kCompares.end()) return std::nullopt;
  return static_cast<Kind>(static_cast<int>(Kind::kLess) + (at - kCompares.begin()));
}

class Parser final {
 public:
  Parser(std::string_view text, Where candles, Watch watch)
      : text_(text), candles_(candles), watch_(watch), lexer_(text) {}

  Expr condition() {
    const auto root = whole();
    if (type(root) != Node::Type::kBool) {
      refuse(0, fmt::format("this is {}, and a condition is wanted, as price > 100 or "
                            "rsi(14) < 30",
                            name_of(type(root))));
    }
    return std::move(expr_);
  }
  Expr number() {
    const auto root = whole();
    if (type(root) != Node::Type::kNumber && type(root) != Node::Type::kPoints) {
      refuse(0, fmt::format("this is {}, and a number is wanted", name_of(type(root))));
    }
    return std::move(expr_);
  }

 private:
  using At = std::int16_t;

  At whole() {
    if (lexer_.peek().kind == Token::Kind::kEnd) refuse(0, "nothing stands here");
    const auto root = any_of();
    const auto& rest = lexer_.peek();
    if (rest.kind != Token::Kind::kEnd) {
      refuse(rest.at, rest.is(")")
                          ? std::string("a closing parenthesis that was never opened")
                          : fmt::format("'{}' is not expected here; allowed: an operator (and, or, "
                                        "< <= > >= == !=, + - * /) or the end",
                                        rest.text));
    }
    return root;
  }

  Node& node(At at) { return expr_.nodes[static_cast<std::size_t>(at)]; }
  Node::Type type(At at) { return node(at).type; }
  At add(Node n, std::size_t place) {
    if (expr_.nodes.size() >= kMaxNodes) {
      refuse(place, fmt::format("more than {} numbers, values and operators", kMaxNodes));
    }
    expr_.nodes.push_back(n);
    begins_.push_back(place);
    counts_contracts_.push_back(false);
    return static_cast<At>(expr_.nodes.size() - 1);
  }
  std::size_t begin(At at) const { return begins_[static_cast<std::size_t>(at)]; }
  At join(Kind kind, Node::Type t, At a, At b, std::size_t place) {
    Node n;
    n.kind = kind;
    n.type = t;
    n.a = a;
    n.b = b;
    return add(n, place);
  }

  /// Bounds the recursion, whatever it goes through.
  class Deeper {
   public:
    Deeper(Parser& parser) : parser_(parser) {
      if (++parser_.depth_ > kMaxNesting) {
        refuse(parser_.lexer_.peek().at, fmt::format("nested more than {} deep", kMaxNesting));
      }
    }
    ~Deeper() { --parser_.depth_; }

   private:
    Parser& parser_;
  };

  void want_condition(At at, std::string_view of) {
    if (type(at) == Node::Type::kBool) return;
    refuse(begin(at), fmt::format("this is {}, and '{}' joins conditions, as price > 100",
                                  name_of(type(at)), of));
  }
  void want_number(At at, std::string_view of) {
    if (type(at) != Node::Type::kBool) return;
    refuse(begin(at), fmt::format("this is a condition, and '{}' takes numbers", of));
  }

  At any_of() {
    const Deeper deeper(*this);
    auto left = all_of();
    while (lexer_.peek().is("or")) {
      const auto op = lexer_.take();
      const auto right = all_of();
      want_condition(left, op.text);
      want_condition(right, op.text);
      left = join(Kind::kOr, Node::Type::kBool, left, right, begin(left));
    }
    return left;
  }

  At all_of() {
    auto left = negation();
    while (lexer_.peek().is("and")) {
      const auto op = lexer_.take();
      const auto right = negation();
      want_condition(left, op.text);
      want_condition(right, op.text);
      left = join(Kind::kAnd, Node::Type::kBool, left, right, begin(left));
    }
    return left;
  }

  At negation() {
    if (!lexer_.peek().is("not")) return comparison();
    const Deeper deeper(*this);
    const auto op = lexer_.take();
    const auto of = negation();
    want_condition(of, op.text);
    return join(Kind::kNot, Node::Type::kBool, of, -1, op.at);
  }

  At comparison() {
    const auto left = sum();
    if (lexer_.peek().is("=")) refuse(lexer_.peek().at, "a comparison for equality is '=='");
    const auto kind =
        lexer_.peek().kind == Token::Kind::kSign ? compare_from(lexer_.peek().text) : std::nullopt;
    if (!kind) return left;
    const auto op = lexer_.take();
    const auto right = sum();
    if (const auto& next = lexer_.peek();
        next.kind == Token::Kind::kSign && (compare_from(next.text) || next.is("="))) {
      refuse(next.at, "comparisons do not chain; write them apart: a < b and b < c");
    }
    want_number(left, op.text);
    want_number(right, op.text);
    want_same_scale(left, right, "compared");
    tell_opens_apart(left, right, expr_.nodes.size());
    return join(*kind, Node::Type::kBool, left, right, begin(left));
  }

  /// A percentage is of something: it meets its like, or multiplies.
  void want_same_scale(At left, At right, std::string_view what) {
    const auto check = [&](At percent, At other) {
      if (type(percent) != Node::Type::kPercent || type(other) != Node::Type::kNumber) return;
      refuse(begin(percent),
             fmt::format("a percentage is {} with a plain number; allowed: with share, rsi, "
                         "stoch_k, stoch_d and other percentages, or as a factor, as price * 1%",
                         what));
    };
    check(left, right);
    check(right, left);
  }
  static Node::Type sum_type(Node::Type a, Node::Type b) {
    if (a == b) return a;
    return a == Node::Type::kPoints || b == Node::Type::kPoints ? Node::Type::kPoints
                                                                : Node::Type::kNumber;
  }

  At sum() {
    auto left = product();
    while (lexer_.peek().is("+") || lexer_.peek().is("-")) {
      const auto op = lexer_.take();
      const auto right = product();
      want_number(left, op.text);
      want_number(right, op.text);
      want_same_scale(left, right, op.is("+") ? "added" : "subtracted");
      left = join(op.is("+") ? Kind::kAdd : Kind::kSubtract, sum_type(type(left), type(right)),
                  left, right, begin(left));
    }
    return left;
  }

  At product() {
    auto left = signed_value();
    while (lexer_.peek().is("*") || lexer_.peek().is("/")) {
      const auto op = lexer_.take();
      const auto right = signed_value();
      want_number(left, op.text);
      want_number(right, op.text);
      left = join(op.is("*") ? Kind::kMultiply : Kind::kDivide, Node::Type::kNumber, left, right,
                  begin(left));
    }
    return left;
  }

  At signed_value() {
    if (!lexer_.peek().is("-")) return primary();
    const Deeper deeper(*this);
    const auto op = lexer_.take();
    const auto of = signed_value();
    want_number(of, op.text);
    return join(Kind::kMinus, type(of), of, -1, op.at);
  }

  At primary() {
    const auto token = lexer_.take();
    switch (token.kind) {
      case Token::Kind::kNumber: {
        Node n;
        n.number = *core::Decimal::parse(token.text);
        if (lexer_.peek().is("%")) {
          lexer_.take();
          n.kind = Kind::kPercent;
          n.type = Node::Type::kPercent;
        }
        return add(n, token.at);
      }
      case Token::Kind::kSpan:
        refuse(token.at,
               "a time span stands only as the last argument of a value, as in "
               "ema(50, 5m)");
      case Token::Kind::kName:
        return name(token);
      case Token::Kind::kSymbol:
        return of_symbol(token);
      case Token::Kind::kEnd:
        refuse(token.at, "the expression ends where a number or a value is wanted");
      case Token::Kind::kSign:
        break;
    }
    if (!token.is("(")) {
      refuse(token.at, fmt::format("'{}' where a number or a value is wanted", token.text));
    }
    const auto inner = any_of();
    close(token);
    return inner;
  }

  void close(const Token& opened) {
    const auto token = lexer_.take();
    if (token.is(")")) return;
    refuse(token.at, fmt::format("a closing parenthesis is missing for the one at character {}",
                                 opened.at + 1));
  }

  /// What stands behind a symbol and its dot.
  At of_symbol(const Token& symbol) {
    const auto is_meant = [&](const market::SymbolCode& code) { return code == symbol.text; };
    if (std::ranges::none_of(watch_, is_meant)) not_watched(symbol);
    const auto token = lexer_.take();
    const auto* info = token.kind == Token::Kind::kName ? find_word(token.text) : nullptr;
    if (info != nullptr && info->clock == Clock::kNeither) {
      refuse(token.at, fmt::format("'{}' is not of a symbol's ticks or candles; leave '{}.' out",
                                   info->name, symbol.text));
    }
    return name(token, symbol);
  }
  [[noreturn]] void not_watched(const Token& symbol) const {
    const auto shown = symbol.text.substr(0, 40);
    std::vector<std::string_view> names(watch_.begin(), watch_.end());
    std::string all;
    for (const auto n : names) all += fmt::format("{}{}", all.empty() ? "; watched: " : ", ", n);
    const auto guess = core::nearest(symbol.text, names);
    refuse(
        symbol.at,
        fmt::format("'{}' is not watched by this strategy{}{}; add it to the list watch:, or "
                    "leave '{}.' out for the strategy's own symbol",
                    shown, guess ? fmt::format(", did you mean '{}'?", *guess) : "", all, shown));
  }

  At name(const Token& token, const Token& symbol = {}) {
    const bool is_own = symbol.kind != Token::Kind::kSymbol;
    if (const auto day = std::ranges::find(kWeekdays, token.text);
        is_own && day != kWeekdays.end()) {
      Node n;
      n.number = {day - kWeekdays.begin() + 1, 0};
      return add(n, token.at);
    }
    const auto* info = find_word(token.text);
    if (info == nullptr) unknown(token);
    Node n;
    n.kind = Kind::kValue;
    n.word = info->word;
    n.type = info->type;
    // Shares, counts and runs are of ticks unless they say otherwise, whatever the candles are.
    if (info->takes_where() && !info->predicate) n.where = candles_;
    if (!is_own) n.symbol = market::SymbolCode(symbol.text);
    const bool called = lexer_.peek().is("(");
    std::size_t given = 0;
    if (called) {
      given = arguments(n, *info, lexer_.take());
    } else if (info->predicate || info->exprs > 0) {
      refuse(token.at, fmt::format("'{}' needs arguments: {}", info->name, info->form));
    }
    fill(n, *info, given, token);
    const auto at = add(n, is_own ? token.at : symbol.at);
    counts_contracts_.back() = is_own && info->word == Word::kOpen && !called;
    return at;
  }

  [[noreturn]] static void unknown(const Token& token) {
    if (std::ranges::find(kPredicates, token.text) != kPredicates.end()) {
      refuse(token.at, fmt::format("'{}' stands within share, count, run or since, as run({}) >= 3",
                                   token.text, token.text));
    }
    if (token.text == "ticks") {
      refuse(token.at, "'ticks' stands as the last argument of a value, as in ema(50, ticks)");
    }
    std::vector<std::string_view> names(word_names().begin(), word_names().end());
    for (const auto* word : {"and", "or", "not"}) names.emplace_back(word);
    const auto guess = core::nearest(token.text, names);
    std::string all;
    for (const auto n : word_names()) {
      if (n != info_of(Word::kOpenContracts).name || all.find("open") == std::string::npos) {
        all += fmt::format("{}{}", all.empty() ? "" : ", ", n);
      }
    }
    refuse(token.at, fmt::format("unknown value '{}'{}; allowed: {}", token.text.substr(0, 40),
                                 guess ? fmt::format(", did you mean '{}'?", *guess) : "", all));
  }

  /// How many numbers are given.
  std::size_t arguments(Node& n, const WordInfo& info, const Token& opened) {
    const Deeper deeper(*this);
    bool first = true;
    const auto separate = [&] {
      if (std::exchange(first, false)) return;
      const auto token = lexer_.take();
      if (!token.is(",")) refuse(token.at, fmt::format("a comma is wanted: {}", info.form));
    };
    if (info.predicate) {
      separate();
      n.predicate = predicate();
    }
    if (info.exprs > 0) {
      separate();
      n.a = argument(info);
    }
    if (info.exprs > 1) {
      separate();
      n.b = argument(info);
      want_same_scale(n.a, n.b, "compared");
      tell_opens_apart(n.a, n.b, expr_.nodes.size());
    }
    std::size_t given = 0;
    bool placed = false;
    while (!lexer_.peek().is(")") && lexer_.peek().kind != Token::Kind::kEnd) {
      if (placed) refuse(lexer_.peek().at, fmt::format("nothing follows where: {}", info.form));
      separate();
      const auto token = lexer_.take();
      if (token.kind == Token::Kind::kSpan || token.is("ticks")) {
        placed = true;
        n.where = where(info, token);
      } else {
        n.args.at(std::min<std::size_t>(given, n.args.size() - 1)) = argument(info, given, token);
        ++given;
      }
    }
    if (n.predicate.of_digit() && info.predicate && placed && !n.where.is_ticks()) {
      refuse(opened.at + 1, "digits are those of ticks; of candles there are rise, fall and flat");
    }
    close(opened);
    return given;
  }

  At argument(const WordInfo& info) {
    const auto at = any_of();
    want_number(at, info.name);
    return at;
  }

  static Where where(const WordInfo& info, const Token& token) {
    if (!info.takes_where()) {
      // Said of what is of ticks in any case, it does no harm.
      if (info.clock == Clock::kTicks && token.is("ticks")) return {};
      refuse(token.at, fmt::format("'{}' is not of candles: {}", info.name, info.form));
    }
    return *parse_where(token.text);
  }

  static core::Decimal argument(const WordInfo& info, std::size_t index, const Token& token) {
    if (index >= info.args.size()) {
      refuse(token.at, fmt::format("'{}' is one argument too many: {}", token.text, info.form));
    }
    const auto& arg = info.args[index];
    const auto allowed = fmt::format(
        "{} of {} is {} from {} to {}, written out", arg.name, info.name,
        arg.whole ? "a whole number" : "a number of at most 4 decimals", arg.min, arg.max);
    if (token.kind != Token::Kind::kNumber) {
      refuse(token.at, fmt::format("'{}' is not allowed here: {}", token.text, allowed));
    }
    const auto value = *core::Decimal::parse(token.text);
    const bool whole = token.text.find('.') == std::string_view::npos;
    if ((arg.whole && !whole) || value.scale > kMaxFactorDecimals ||
        value < core::Decimal{arg.min, 0} || value > core::Decimal{arg.max, 0}) {
      refuse(token.at, fmt::format("{} is out of range: {}", token.text, allowed));
    }
    return value;
  }

  static void fill(Node& n, const WordInfo& info, std::size_t given, const Token& token) {
    for (auto i = given; i < info.args.size(); ++i) {
      const auto& arg = info.args[i];
      if (arg.fallback < 0) {
        refuse(token.at, fmt::format("'{}' needs {}: {}", info.name, arg.name, info.form));
      }
      n.args[i] = {arg.fallback, 0};
    }
    const bool of_macd =
        n.word == Word::kMacd || n.word == Word::kMacdSignal || n.word == Word::kMacdHist;
    if (of_macd && n.args[0] >= n.args[1]) {
      refuse(token.at, fmt::format("the fast period of '{}' is below the slow one: {}", info.name,
                                   info.form));
    }
    // A digit of a candle's close would be one tick's in any case.
    if (info.predicate && n.predicate.of_digit()) n.where = {};
  }

  Predicate predicate() {
    const auto token = lexer_.take();
    Predicate out;
    const auto kind = std::ranges::find(kPredicates, token.text);
    if (token.kind == Token::Kind::kName && kind != kPredicates.end()) {
      out.kind = static_cast<Predicate::Kind>(kind - kPredicates.begin());
      return out;
    }
    const bool turned = token.kind == Token::Kind::kNumber;
    if (!turned && !token.is("digit")) {
      refuse(token.at, fmt::format("'{}' is not allowed here: {}", token.text, kPredicateAllowed));
    }
    const auto op = lexer_.take();
    const auto compare =
        op.kind == Token::Kind::kSign ? compare_from(op.text) : std::optional<Kind>{};
    if (!compare) refuse(op.at, fmt::format("a comparison is wanted: {}", kPredicateAllowed));
    const auto other = lexer_.take();
    if (turned && !other.is("digit")) {
      refuse(other.at, fmt::format("'digit' is wanted here: {}", kPredicateAllowed));
    }
    const auto& number = turned ? token : other;
    out.kind = Predicate::Kind::kDigit;
    out.compare = turned_over(*compare, turned);
    out.digit = digit_of(number);
    const auto digits = out.digits();
    constexpr std::uint16_t kAll = 0x3ff;
    if (digits == 0 || digits == kAll) {
      refuse(token.at,
             fmt::format("'{}' is true of {} digit", to_string(out), digits == 0 ? "no" : "every"));
    }
    return out;
  }
  static std::int8_t digit_of(const Token& token) {
    if (token.kind != Token::Kind::kNumber || token.text.size() != 1) {
      refuse(token.at, fmt::format("'{}' is no digit: {}", token.text, kPredicateAllowed));
    }
    return static_cast<std::int8_t>(token.text[0] - '0');
  }
  /// "4 < digit" is "digit > 4".
  static Predicate::Compare turned_over(Kind kind, bool turned) {
    using C = Predicate::Compare;
    const auto plain = static_cast<C>(static_cast<int>(kind) - static_cast<int>(Kind::kLess));
    if (!turned) return plain;
    switch (plain) {
      case C::kLess:
        return C::kGreater;
      case C::kLessEq:
        return C::kGreaterEq;
      case C::kGreater:
        return C::kLess;
      case C::kGreaterEq:
        return C::kLessEq;
      case C::kEq:
      case C::kNotEq:
        break;
    }
    return plain;
  }

  /// Nodes of the subtree below `root`: those that were added while it was read.
  std::size_t first_of(At root) {
    auto first = static_cast<std::size_t>(root);
    const auto& n = node(root);
    if (n.a >= 0) first = std::min(first, first_of(n.a));
    if (n.b >= 0) first = std::min(first, first_of(n.b));
    return first;
  }

  /// Plain `open` is the candle's where it is compared with another price, else the number of open
  /// contracts: the product has both words.
  void tell_opens_apart(At left, At right, std::size_t end) {
    const auto begin = std::min(first_of(left), first_of(right));
    bool priced = false;
    for (auto i = begin; i < end; ++i) {
      const auto& n = expr_.nodes[i];
      priced |= n.kind == Kind::kValue && !counts_contracts_[i] && info_of(n.word).is_price;
    }
    for (auto i = begin; i < end; ++i) {
      if (!counts_contracts_[i]) continue;
      counts_contracts_[i] = false;
      if (priced) continue;
      expr_.nodes[i] = {};
      expr_.nodes[i].kind = Kind::kValue;
      expr_.nodes[i].word = Word::kOpenContracts;
      check_count_of_contracts(i, left, right);
    }
  }
  void check_count_of_contracts(std::size_t at, At left, At right) {
    for (const auto side : {left, right}) {
      const auto& n = node(side);
      if (n.kind != Kind::kNumber) continue;
      if (n.number.scale == 0 && n.number <= core::Decimal{kMostOpen, 0}) continue;
      refuse(begins_[at],
             "'open' is the number of open contracts here, because no price is "
             "compared with it; write open(0) for the candle's");
    }
  }

  std::string_view text_;
  Where candles_;
  Watch watch_;
  Lexer lexer_;
  Expr expr_;
  std::vector<std::size_t> begins_;     // of each node
  std::vector<bool> counts_contracts_;  // of each node: a plain `open`, not told apart yet
  int depth_ = 0;
};

template <class Read>
Parsed guarded(std::string_view text, Read&& read) {
  if (text.size() > kMaxText) {
    return Problem{kMaxText, fmt::format("longer than {} characters", kMaxText)};
  }
  try {
    return read();
  } catch (const Refused& refused) {
    return refused.problem;
  }
}

}  // namespace

std::optional<Where> parse_where(std::string_view text) {
  if (text == "ticks") return Where{};
  constexpr std::string_view kUnits = "smhd";
  constexpr std::array<std::int32_t, 4> kSeconds{1, 60, 3600, 86'400};
  if (text.size() < 2 || text.size() > 6 || text.front() == '0') return std::nullopt;
  const auto unit = kUnits.find(text.back());
  if (unit == std::string_view::npos) return std::nullopt;
  std::int32_t count = 0;
  const auto* end = text.data() + text.size() - 1;
  const auto [at, error] = std::from_chars(text.data(), end, count);
  if (error != std::errc{} || at != end || count < 1 || count > Where::kLongest / kSeconds[unit]) {
    return std::nullopt;
  }
  return Where{count * kSeconds[unit]};
}

Parsed parse_condition(std::string_view text, Where candles, Watch watch) {
  return guarded(text, [&] { return Parsed(Parser(text, candles, watch).condition()); });
}

Parsed parse_number(std::string_view text, Where candles, Watch watch) {
  return guarded(text, [&] { return Parsed(Parser(text, candles, watch).number()); });
}

Parsed parse_offset(std::string_view text, Where candles, Watch watch) {
  std::size_t sign = 0;
  while (sign < text.size() && is_blank(text[sign])) ++sign;
  const bool plus = text.substr(sign).starts_with('+');
  if (!plus && !text.substr(sign).starts_with('-')) {
    return Problem{sign,
                   "a plain number is an absolute price, which this version does not buy; write a "
                   "distance from the entry, as +0.10 or -2 * atr(14)"};
  }
  // The minus belongs to the number; a plus says only that it is a distance.
  const auto from = plus ? sign + 1 : sign;
  auto parsed = parse_number(text.substr(from), candles, watch);
  if (auto* problem = std::get_if<Problem>(&parsed)) problem->at += from;
  return parsed;
}

}  // namespace derivd::rules
