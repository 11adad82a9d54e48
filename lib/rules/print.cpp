// Expressions as text.
#include <fmt/format.h>

#include "core/check.hpp"
#include "rules/expr.hpp"
#include "rules/words.hpp"

namespace derivd::rules {
namespace {

std::string_view sign_of(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::kAdd:
      return "+";
    case Node::Kind::kSubtract:
      return "-";
    case Node::Kind::kMultiply:
      return "*";
    case Node::Kind::kDivide:
      return "/";
    case Node::Kind::kLess:
    case Node::Kind::kLessEq:
    case Node::Kind::kGreater:
    case Node::Kind::kGreaterEq:
    case Node::Kind::kEq:
    case Node::Kind::kNotEq:
      return kCompares[static_cast<std::size_t>(kind) -
                       static_cast<std::size_t>(Node::Kind::kLess)];
    case Node::Kind::kAnd:
      return "and";
    case Node::Kind::kOr:
      return "or";
    case Node::Kind::kNumber:
    case Node::Kind::kPercent:
    case Node::Kind::kValue:
    case Node::Kind::kMinus:
    case Node::Kind::kNot:
      break;
  }
  DERIVD_CHECK(false, "no operator between two sides");
}

/// How tightly it binds; of two alike, what stands to the right needs parentheses.
int strength_of(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::kOr:
      return 1;
    case Node::Kind::kAnd:
      return 2;
    case Node::Kind::kNot:
      return 3;
    case Node::Kind::kLess:
    case Node::Kind::kLessEq:
    case Node::Kind::kGreater:
    case Node::Kind::kGreaterEq:
    case Node::Kind::kEq:
    case Node::Kind::kNotEq:
      return 4;
    case Node::Kind::kAdd:
    case Node::Kind::kSubtract:
      return 5;
    case Node::Kind::kMultiply:
    case Node::Kind::kDivide:
      return 6;
    case Node::Kind::kMinus:
      return 7;
    case Node::Kind::kNumber:
    case Node::Kind::kPercent:
    case Node::Kind::kValue:
      break;
  }
  return 8;
}

class Printer final {
 public:
  explicit Printer(const Expr& expr) : nodes_(expr.nodes) {}

  /// In parentheses where it binds less than `least`.
  std::string text(std::size_t at, int least = 0) const {
    const auto& n = nodes_[at];
    const int strength = strength_of(n.kind);
    auto out = bare(n, strength);
    return strength < least ? "(" + out + ")" : out;
  }

 private:
  std::string child(std::int16_t at, int least) const {
    return text(static_cast<std::size_t>(at), least);
  }
  std::string bare(const Node& n, int strength) const {
    switch (n.kind) {
      case Node::Kind::kNumber:
        return n.number.to_string();
      case Node::Kind::kPercent:
        return n.number.to_string() + "%";
      case Node::Kind::kValue:
        return value(n);
      case Node::Kind::kMinus:
        return "-" + child(n.a, strength);
      case Node::Kind::kNot:
        return "not " + child(n.a, strength);
      default:
        break;
    }
    // Comparisons do not chain, so that neither side is one.
    const int left = strength == strength_of(Node::Kind::kEq) ? strength + 1 : strength;
    return fmt::format("{} {} {}", child(n.a, left), sign_of(n.kind), child(n.b, strength + 1));
  }
  std::string value(const Node& n) const {
    const auto& info = info_of(n.word);
    std::string args;
    const auto add = [&](const std::string& text) { args += (args.empty() ? "" : ", ") + text; };
    if (info.predicate) add(to_string(n.predicate));
    if (info.exprs > 0) add(child(n.a, 0));
    if (info.exprs > 1) add(child(n.b, 0));
    for (std::size_t i = 0; i < info.args.size(); ++i) add(n.args[i].to_string());
    if (info.takes_where()) add(to_string(n.where));
    const auto name =
        n.symbol.empty() ? std::string(info.name) : fmt::format("{}.{}", n.symbol, info.name);
    return args.empty() ? name : fmt::format("{}({})", name, args);
  }

  const std::vector<Node>& nodes_;
};

}  // namespace

std::string to_string(Where where) {
  const auto s = where.seconds;
  if (s == 0) return "ticks";
  if (s % 86'400 == 0) return fmt::format("{}d", s / 86'400);
  if (s % 3600 == 0) return fmt::format("{}h", s / 3600);
  if (s % 60 == 0) return fmt::format("{}m", s / 60);
  return fmt::format("{}s", s);
}

bool Predicate::of_digit() const {
  return kind == Kind::kEven || kind == Kind::kOdd || kind == Kind::kDigit;
}

std::uint16_t Predicate::digits() const {
  DERIVD_CHECK(of_digit(), "a direction is no digit");
  const auto fits = [this](int d) {
    if (kind == Kind::kEven) return d % 2 == 0;
    if (kind == Kind::kOdd) return d % 2 == 1;
    switch (compare) {
      case Compare::kLess:
        return d < digit;
      case Compare::kLessEq:
        return d <= digit;
      case Compare::kGreater:
        return d > digit;
      case Compare::kGreaterEq:
        return d >= digit;
      case Compare::kEq:
        return d == digit;
      case Compare::kNotEq:
        break;
    }
    return d != digit;
  };
  unsigned out = 0;
  for (int d = 0; d < 10; ++d) out |= fits(d) ? 1U << d : 0U;
  return static_cast<std::uint16_t>(out);
}

std::string to_string(const Predicate& p) {
  constexpr std::array<std::string_view, 5> kKinds{"even", "odd", "rise", "fall", "flat"};
  if (p.kind != Predicate::Kind::kDigit) {
    return std::string(kKinds[static_cast<std::size_t>(p.kind)]);
  }
  return fmt::format("digit {} {}", kCompares[static_cast<std::size_t>(p.compare)], p.digit);
}

std::string to_string(const Expr& expr) {
  return expr.nodes.empty() ? std::string{} : to_string(expr, expr.nodes.size() - 1);
}

std::string to_string(const Expr& expr, std::size_t node) { return Printer(expr).text(node); }

}  // namespace derivd::rules
