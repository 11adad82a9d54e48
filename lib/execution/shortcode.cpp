#include "execution/shortcode.hpp"

#include <charconv>
#include <optional>

namespace derivd::execution {
namespace {

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Cuts the text before the next '_' off `rest`.
std::string_view cut(std::string_view& rest) {
  const auto at = rest.find('_');
  const auto field = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
  return field;
}

std::string_view without_f(std::string_view text) {
  return text.ends_with('F') ? text.substr(0, text.size() - 1) : text;
}

Agreement verdict(bool same) { return same ? Agreement::kAgrees : Agreement::kDiffers; }

// Both must hold; an unreadable part says nothing.
Agreement both(Agreement a, Agreement b) {
  if (a == Agreement::kDiffers || b == Agreement::kDiffers) return Agreement::kDiffers;
  return a == Agreement::kUnreadable ? b : a;
}

Agreement duration_agrees(const market::ContractDuration& duration, std::string_view start,
                          std::string_view expiry) {
  if (expiry.ends_with('T')) {
    const auto ticks = number(expiry.substr(0, expiry.size() - 1));
    if (!ticks) return Agreement::kUnreadable;
    return verdict(duration.in_ticks() && *ticks == duration.count);
  }
  const auto from = number(without_f(start));
  const auto to = number(without_f(expiry));
  // "_0" is how ticks ended in 2016; days end at the market's close, not at start + n × 86400.
  if (!from || !to || *to <= *from) return Agreement::kUnreadable;
  if (duration.in_ticks()) return Agreement::kDiffers;
  if (duration.unit == market::ContractDuration::Unit::kDays) return Agreement::kUnreadable;
  return verdict(*to - *from == duration.seconds());
}

// "S10P", "S-4P", "S+7P".
std::optional<std::int64_t> pips_of(std::string_view barrier) {
  if (barrier.size() <= 2 || barrier.front() != 'S' || barrier.back() != 'P') return std::nullopt;
  auto middle = barrier.substr(1, barrier.size() - 2);
  if (middle.front() == '+') middle.remove_prefix(1);
  return number(middle);
}

// "S10P": ten pips from the entry; "S0P" or nothing: at the money.
Agreement offset_agrees(const market::ContractSpec& spec, std::string_view barrier) {
  const auto pips = barrier.empty() ? std::optional<std::int64_t>(0) : pips_of(barrier);
  if (!pips) return Agreement::kUnreadable;
  return verdict(*pips == (market::takes_barrier(spec.type) ? spec.barrier.mantissa() : 0));
}

Agreement barrier_agrees(const market::ContractSpec& spec, std::string_view barrier) {
  if (market::takes_prediction(spec.type)) {
    const auto digit = number(barrier);
    return digit ? verdict(*digit == spec.prediction) : Agreement::kUnreadable;
  }
  return market::is_digit(spec.type) ? Agreement::kUnreadable : offset_agrees(spec, barrier);
}

// Epochs of ten digits at most: what sums of times can take.
std::optional<core::VenueTime> epoch(std::string_view text) {
  const auto seconds = number(without_f(text));
  if (!seconds || *seconds < 0 || *seconds > 9'999'999'999) return std::nullopt;
  return core::VenueTime{*seconds};
}

bool read_length(Shortcode& code, std::string_view start, std::string_view end) {
  const auto from = epoch(start);
  if (!from) return false;
  code.start = *from;
  code.starts_later = start.ends_with('F');
  if (end.ends_with('T')) {
    const auto ticks = number(end.substr(0, end.size() - 1));
    if (!ticks || *ticks < 1 || *ticks > 1000) return false;
    code.ticks = static_cast<std::int32_t>(*ticks);
    return true;
  }
  code.expiry = epoch(end);
  return code.expiry && *code.expiry > code.start;
}

}  // namespace

std::optional<Shortcode> read_shortcode(std::string_view text, std::string_view symbol) {
  Shortcode code;
  code.type = cut(text);
  if (!text.starts_with(symbol) || text.size() <= symbol.size() || text[symbol.size()] != '_') {
    return std::nullopt;
  }
  text.remove_prefix(symbol.size() + 1);
  const auto amount = core::Decimal::parse(cut(text));
  if (!amount) return std::nullopt;
  code.amount = *amount;
  if (code.type.starts_with("MULT")) {
    const auto multiplier = number(cut(text));
    if (!multiplier) return std::nullopt;
    code.multiplier = *multiplier;
  }
  const auto start = cut(text);
  if (!read_length(code, start, cut(text))) return std::nullopt;
  const auto barrier = cut(text);
  code.offset_pips = pips_of(barrier);
  if (!code.offset_pips && !barrier.empty()) code.absolute_barrier = number(barrier);
  return code;
}

market::ContractType family_of(market::ContractType type) {
  if (type == market::ContractType::kHigher) return market::ContractType::kCall;
  if (type == market::ContractType::kLower) return market::ContractType::kPut;
  return type;
}

bool type_agrees(market::ContractType type, std::string_view wire_name) {
  return wire_name == market::name_of(type) || wire_name == market::name_of(family_of(type));
}

Agreement shortcode_agrees(const market::ContractSpec& spec, std::string_view shortcode) {
  if (shortcode.empty()) return Agreement::kUnreadable;
  auto rest = shortcode;
  if (!type_agrees(spec.type, cut(rest))) return Agreement::kDiffers;
  // Symbols hold '_' themselves.
  const auto symbol = spec.symbol.view();
  if (!rest.starts_with(symbol) || rest.size() <= symbol.size() || rest[symbol.size()] != '_') {
    return Agreement::kDiffers;
  }
  rest.remove_prefix(symbol.size() + 1);
  cut(rest);  // payout; for multipliers the stake: the buy price is compared elsewhere
  if (market::is_multiplier(spec.type)) {
    const auto multiplier = number(cut(rest));
    return multiplier ? verdict(*multiplier == spec.multiplier) : Agreement::kUnreadable;
  }
  const auto start = cut(rest);
  const auto expiry = cut(rest);
  return both(duration_agrees(spec.duration, start, expiry), barrier_agrees(spec, cut(rest)));
}

}  // namespace derivd::execution
