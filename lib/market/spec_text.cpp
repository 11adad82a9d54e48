// The text of a spec: see encode() in spec.hpp for its form.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>
#include <utility>

#include "core/append.hpp"
#include "core/bounds.hpp"
#include "market/spec.hpp"

namespace derivd::market {
namespace {

using core::Decimal;
using core::Money;
using core::Price;

constexpr std::string_view kNothing = "-";    // no length, no symbol
constexpr std::string_view kNoBarrier = ".";  // where only the second is there
constexpr std::string_view kUntil = "until:";
constexpr std::uint8_t kMaxDecimals = 18;  // core::pow10's range
constexpr std::size_t kMaxNumber = 24;     // a sign, 19 digits, a point, zeros before it
constexpr std::size_t kShown = 80;

bool is_plain(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

// ---- writing: appends only, so that a buffer that is used again need not grow ----

template <class... Args>
void put(std::string& out, fmt::format_string<Args...> text, Args&&... args) {
  fmt::format_to(std::back_inserter(out), text, std::forward<Args>(args)...);
}

/// A symbol is \w{2,30}; what is not must not look like the end of it.
void put_symbol(std::string& out, std::string_view symbol) {
  if (symbol.empty()) out += kNothing;
  for (const char c : symbol) {
    if (is_plain(c)) {
      out.push_back(c);
    } else {
      put(out, "%{:02X}", static_cast<unsigned char>(c));
    }
  }
}

void put_length(std::string& out, const ContractDuration& length) {
  if (length == ContractDuration{}) {
    out += kNothing;
  } else if (length.unit == ContractDuration::Unit::kUntil) {
    core::append(out, kUntil, length.count);
  } else {
    core::append(out, length.count, length.unit_letter());
  }
}

void put_barrier(std::string& out, const Barrier& barrier) {
  switch (barrier.form) {
    case Barrier::Form::kNone:
      out += kNoBarrier;
      return;
    case Barrier::Form::kOffset:
      if (barrier.value.mantissa() >= 0) out.push_back('+');
      break;
    case Barrier::Form::kAbsolute:
      break;
    case Barrier::Form::kDigit:
      out.push_back('=');
      break;
  }
  core::append_fixed(out, barrier.value.mantissa(), barrier.value.decimals());
}

void put_barriers(std::string& out, const ContractSpec& spec) {
  const bool second = spec.barriers[1].form != Barrier::Form::kNone;
  const auto add = [&](const Barrier& barrier) {
    out.push_back(' ');
    put_barrier(out, barrier);
  };
  if (second || spec.barriers[0].form != Barrier::Form::kNone) add(spec.barriers[0]);
  if (second) add(spec.barriers[1]);
}

void put_limit(std::string& out, std::string_view key, const std::optional<Money>& amount) {
  if (amount) put(out, " {}={}", key, amount->to_string());
}

struct PutTerms {
  std::string& out;
  void operator()(std::monostate) const {}
  void operator()(const MultiplierTerms& t) const {
    put(out, " multiplier={}", t.multiplier);
    put_limit(out, "take_profit", t.take_profit);
    put_limit(out, "stop_loss", t.stop_loss);
    if (!t.cancellation) return;
    out += " cancellation=";
    put_length(out, *t.cancellation);
    put_limit(out, "fee", t.fee);
  }
  void operator()(const AccumulatorTerms& t) const {
    put(out, " growth={}", t.growth.to_string());
    put_limit(out, "take_profit", t.take_profit);
  }
  void operator()(const PointTerms& t) const {
    put(out, " point={}", t.payout_per_point.to_string());
  }
  void operator()(const TickTerms& t) const { put(out, " tick={}", static_cast<int>(t.selected)); }
};

// ---- reading ----

template <class T>
std::optional<T> whole(std::string_view text) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Sign, digits, point and digits as they stand: trailing zeros are the symbol's decimals.
std::optional<Price> exact(std::string_view text) {
  if (text.empty() || text.size() > kMaxNumber) return std::nullopt;
  const auto point = text.find('.');
  std::string digits(text.substr(0, point));
  std::size_t decimals = 0;
  if (point != std::string_view::npos) {
    decimals = text.size() - point - 1;
    digits += text.substr(point + 1);
  }
  if (decimals > kMaxDecimals) return std::nullopt;
  const auto mantissa = whole<std::int64_t>(digits);
  if (!mantissa) return std::nullopt;
  return Price::raw(*mantissa, static_cast<std::uint8_t>(decimals));
}

std::optional<Money> amount_from(std::string_view text) {
  const auto value = exact(text);
  if (!value) return std::nullopt;
  return Money::minor(value->mantissa(), value->decimals());
}

std::optional<Decimal> decimal_from(std::string_view text) {
  const auto value = exact(text);
  if (!value) return std::nullopt;
  return Decimal{value->mantissa(), value->decimals()};
}

std::optional<ContractDuration> duration_from(std::string_view text) {
  if (text == kNothing) return ContractDuration{};
  const bool until = text.starts_with(kUntil);
  if (text.empty()) return std::nullopt;
  const auto letter = until ? kUntil : text.substr(text.size() - 1);
  const auto unit = ContractDuration::unit_from(letter);
  text = until ? text.substr(kUntil.size()) : text.substr(0, text.size() - 1);
  const auto count = whole<std::int64_t>(text);
  if (!unit || !count) return std::nullopt;
  const bool good = until ? core::is_date(core::VenueTime{*count})
                          : *count >= 0 && *count <= std::numeric_limits<std::int32_t>::max();
  return good ? std::optional(ContractDuration{*count, *unit}) : std::nullopt;
}

std::optional<SymbolCode> symbol_from(std::string_view text) {
  std::string out;
  if (text != kNothing) {
    while (!text.empty()) {
      if (text.front() != '%') {
        out.push_back(text.front());
        text.remove_prefix(1);
        continue;
      }
      unsigned int code = 0;
      const auto* hex = text.data() + 1;
      if (text.size() < 3 || std::from_chars(hex, hex + 2, code, 16).ptr != hex + 2) {
        return std::nullopt;
      }
      out.push_back(static_cast<char>(code));
      text.remove_prefix(3);
    }
  }
  return SymbolCode::fits(out) ? std::optional(SymbolCode(out)) : std::nullopt;
}

std::optional<Barrier> barrier_from(std::string_view text) {
  if (text == kNoBarrier) return Barrier{};
  if (text.starts_with('=')) {
    const auto digit = whole<int>(text.substr(1));
    if (!digit || *digit < 0 || *digit > 9) return std::nullopt;
    return Barrier::digit(*digit);
  }
  const bool plus = text.starts_with('+');
  const auto value = exact(plus ? text.substr(1) : text);
  if (!value) return std::nullopt;
  return plus || text.starts_with('-') ? Barrier::offset(*value) : Barrier::absolute(*value);
}

/// Both kinds of terms that have one; null: these have none.
std::optional<Money>* take_profit_of(Terms& terms) {
  if (auto* m = std::get_if<MultiplierTerms>(&terms)) return &m->take_profit;
  if (auto* a = std::get_if<AccumulatorTerms>(&terms)) return &a->take_profit;
  return nullptr;
}

bool take_terms(ContractSpec& spec, std::string_view key, std::string_view value) {
  if (key == "multiplier") {
    const auto m = whole<std::uint16_t>(value);
    if (m) spec.terms = MultiplierTerms{*m, {}, {}, {}};
    return m.has_value();
  }
  if (key == "growth") {
    const auto growth = decimal_from(value);
    if (growth) spec.terms = AccumulatorTerms{*growth, {}};
    return growth.has_value();
  }
  if (key == "point") {
    const auto point = decimal_from(value);
    if (point) spec.terms = PointTerms{*point};
    return point.has_value();
  }
  if (key == "tick") {
    const auto tick = whole<std::int8_t>(value);
    if (tick) spec.terms = TickTerms{*tick};
    return tick.has_value();
  }
  return false;
}

bool take_key(ContractSpec& spec, std::string_view key, std::string_view value) {
  auto* multiplier = std::get_if<MultiplierTerms>(&spec.terms);
  if (key == "take_profit") {
    auto* limit = take_profit_of(spec.terms);
    if (limit != nullptr) *limit = amount_from(value);
    return limit != nullptr && limit->has_value();
  }
  if (key == "stop_loss") {
    if (multiplier != nullptr) multiplier->stop_loss = amount_from(value);
    return multiplier != nullptr && multiplier->stop_loss.has_value();
  }
  if (key == "cancellation") {
    if (multiplier != nullptr) multiplier->cancellation = duration_from(value);
    return multiplier != nullptr && multiplier->cancellation.has_value();
  }
  if (key == "fee") {
    const bool has_one = multiplier != nullptr && multiplier->cancellation.has_value();
    if (has_one) multiplier->fee = amount_from(value);
    return has_one && multiplier->fee.has_value();
  }
  if (key == "basis") {
    spec.basis = Basis::kPayout;
    return value == "payout";
  }
  return take_terms(spec, key, value);
}

std::string_view cut(std::string_view& rest) {
  const auto at = rest.find(' ');
  const auto token = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
  return token;
}

std::optional<ContractSpec> read(std::string_view rest) {
  ContractSpec spec;
  const auto type = contract_type_from(cut(rest));
  const auto symbol = symbol_from(cut(rest));
  const auto length = duration_from(cut(rest));
  if (!type || !symbol || !length) return std::nullopt;
  spec.type = *type;
  spec.symbol = *symbol;
  spec.duration = *length;
  std::size_t barriers = 0;
  while (!rest.empty()) {
    const auto token = cut(rest);
    const auto equals = token.find('=');
    if (equals != std::string_view::npos && equals > 0) {
      if (!take_key(spec, token.substr(0, equals), token.substr(equals + 1))) return std::nullopt;
      continue;
    }
    const auto barrier = barrier_from(token);
    if (!barrier || barriers == spec.barriers.size()) return std::nullopt;
    spec.barriers[barriers++] = *barrier;
  }
  return spec;
}

/// Of unknown origin, made safe for one line of a terminal.
std::string shown(std::string_view text) {
  std::string out(text.substr(0, kShown));
  std::ranges::replace_if(
      out, [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, '?');
  return out;
}

}  // namespace

std::string text_of(const Barrier& barrier) {
  std::string out;
  put_barrier(out, barrier);
  return out;
}

void encode(const ContractSpec& spec, std::string& out) {
  out += name_of(spec.type);
  out.push_back(' ');
  put_symbol(out, spec.symbol.view());
  out.push_back(' ');
  put_length(out, spec.duration);
  put_barriers(out, spec);
  std::visit(PutTerms{out}, spec.terms);
  if (spec.basis == Basis::kPayout) out += " basis=payout";
}

std::string encode(const ContractSpec& spec) {
  std::string out;
  encode(spec, out);
  return out;
}

core::Result<ContractSpec> decode(std::string_view text) {
  const auto refuse = [&] {
    return core::invalid(fmt::format("'{}' is not the text of a contract", shown(text)));
  };
  if (text.size() > kMaxSpecText) return refuse();
  auto spec = read(text);
  // One spec has one text: another order, a second space or a needless zero is a slip somewhere.
  if (!spec || encode(*spec) != text) return refuse();
  return *spec;
}

}  // namespace derivd::market
