#include "market/shortcode.hpp"

#include <algorithm>
#include <charconv>

#include "market/kind.hpp"

namespace derivd::market {
namespace {

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string_view without_f(std::string_view text) {
  return text.ends_with('F') ? text.substr(0, text.size() - 1) : text;
}

// Both must hold; an unreadable part says nothing.
Agreement both(Agreement a, Agreement b) {
  if (a == Agreement::kDiffers || b == Agreement::kDiffers) return Agreement::kDiffers;
  return a == Agreement::kUnreadable ? b : a;
}

// "S10P", "S-4P", "S+7P".
std::optional<std::int64_t> pips_of(std::string_view barrier) {
  if (barrier.size() <= 2 || barrier.front() != 'S' || barrier.back() != 'P') return std::nullopt;
  auto middle = barrier.substr(1, barrier.size() - 2);
  if (middle.front() == '+') middle.remove_prefix(1);
  return number_of(middle);
}

// Epochs of ten digits at most: what sums of times can take.
std::optional<core::VenueTime> epoch(std::string_view text) {
  const auto seconds = number_of(without_f(text));
  if (!seconds || *seconds < 0 || *seconds > 9'999'999'999) return std::nullopt;
  return core::VenueTime{*seconds};
}

constexpr std::uint8_t kAbsoluteDecimals = 6;  // "1460000000" is 1460.00

Agreement barrier_agrees(const Barrier& barrier, std::string_view field) {
  const auto pips = pips_of(field);
  const auto number = pips ? std::nullopt : number_of(field);
  switch (barrier.form) {
    case Barrier::Form::kOffset:
      return pips ? agreement(*pips == barrier.value.mantissa()) : Agreement::kUnreadable;
    case Barrier::Form::kAbsolute: {
      const auto quote = core::Decimal{barrier.value.mantissa(), barrier.value.decimals()};
      if (!number) return Agreement::kUnreadable;
      return agreement(quote == core::Decimal{*number, kAbsoluteDecimals});
    }
    case Barrier::Form::kNone:
    case Barrier::Form::kDigit:
      break;
  }
  return Agreement::kUnreadable;
}

bool read_length(Shortcode& code, std::string_view start, std::string_view end) {
  const auto from = epoch(start);
  if (!from) return false;
  code.start = *from;
  code.starts_later = start.ends_with('F');
  if (end.ends_with('T')) {
    const auto ticks = number_of(end.substr(0, end.size() - 1));
    if (!ticks || *ticks < 1 || *ticks > 1000) return false;
    code.ticks = static_cast<std::int32_t>(*ticks);
    return true;
  }
  code.expiry = epoch(end);
  return code.expiry && *code.expiry > code.start;
}

}  // namespace

std::string_view CodeFields::text() {
  const auto at = rest_.find('_');
  const auto field = rest_.substr(0, at);
  rest_ = at == std::string_view::npos ? std::string_view{} : rest_.substr(at + 1);
  return field;
}

std::optional<std::int64_t> CodeFields::number() { return number_of(text()); }

bool begins_with_symbol(std::string_view text, std::string_view symbol) {
  if (text.size() <= symbol.size() || text[symbol.size()] != '_') return false;
  const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; };
  return std::equal(symbol.begin(), symbol.end(), text.begin(),
                    [&](char a, char b) { return upper(a) == upper(b); });
}

bool CodeFields::skip_symbol(std::string_view symbol) {
  if (!begins_with_symbol(rest_, symbol)) return false;
  rest_.remove_prefix(symbol.size() + 1);
  return true;
}

Agreement length_code_agrees(const ContractSpec& spec, CodeFields& fields) {
  const auto& duration = spec.duration;
  const auto start = fields.text();
  const auto expiry = fields.text();
  if (expiry.ends_with('T')) {
    const auto ticks = number_of(expiry.substr(0, expiry.size() - 1));
    if (!ticks) return Agreement::kUnreadable;
    return agreement(duration.in_ticks() && *ticks == duration.count);
  }
  const auto from = number_of(without_f(start));
  const auto to = number_of(without_f(expiry));
  // "_0" is how ticks ended in 2016; days end at the market's close, not at start + n × 86400.
  if (!from || !to || *to <= *from) return Agreement::kUnreadable;
  if (duration.in_ticks()) return Agreement::kDiffers;
  if (duration.unit == ContractDuration::Unit::kUntil) return agreement(*to == duration.count);
  if (duration.unit == ContractDuration::Unit::kDays) return Agreement::kUnreadable;
  return agreement(*to - *from == duration.seconds());
}

Agreement digit_code_agrees(const ContractSpec& spec, CodeFields& fields) {
  const auto length = length_code_agrees(spec, fields);
  const auto digit = fields.number();
  return both(length, digit ? agreement(*digit == spec.digit()) : Agreement::kUnreadable);
}

Agreement levels_code_agrees(const ContractSpec& spec, CodeFields& fields) {
  auto out = length_code_agrees(spec, fields);
  const std::size_t count = has_form(spec.type, BarrierForm::kPair) ? 2 : 1;
  for (std::size_t i = 0; i < count; ++i) {
    out = both(out, barrier_agrees(spec.barriers[i], fields.text()));
  }
  return out;
}

Agreement offset_code_agrees(const ContractSpec& spec, CodeFields& fields) {
  if (spec.barriers[0].form == Barrier::Form::kAbsolute) return levels_code_agrees(spec, fields);
  const auto length = length_code_agrees(spec, fields);
  const auto barrier = fields.text();
  const auto pips = barrier.empty() ? std::optional<std::int64_t>(0) : pips_of(barrier);
  if (!pips) return both(length, Agreement::kUnreadable);
  const bool has_offset = has_form(spec.type, BarrierForm::kOffset);
  return both(length, agreement(*pips == (has_offset ? spec.offset().mantissa() : 0)));
}

std::optional<Shortcode> read_shortcode(std::string_view text, std::string_view symbol) {
  Shortcode code;
  CodeFields fields(text);
  code.type = fields.text();
  if (!fields.skip_symbol(symbol)) return std::nullopt;
  const auto amount = core::Decimal::parse(fields.text());
  if (!amount) return std::nullopt;
  code.amount = *amount;
  const auto type = contract_type_from(code.type);
  if (type && kind_of(*type).needs.multiplier) {
    const auto multiplier = fields.number();
    if (!multiplier) return std::nullopt;
    code.multiplier = *multiplier;
  }
  const auto start = fields.text();
  if (!read_length(code, start, fields.text())) return std::nullopt;
  const auto barrier = fields.text();
  code.offset_pips = pips_of(barrier);
  if (!code.offset_pips && !barrier.empty()) code.absolute_barrier = number_of(barrier);
  const auto low = fields.text();
  code.low_offset_pips = pips_of(low);
  if (!code.low_offset_pips && !low.empty()) code.low_absolute_barrier = number_of(low);
  return code;
}

Agreement shortcode_agrees(const ContractSpec& spec, std::string_view shortcode) {
  if (shortcode.empty()) return Agreement::kUnreadable;
  CodeFields fields(shortcode);
  if (!is_named(spec.type, fields.text())) return Agreement::kDiffers;
  if (!fields.skip_symbol(spec.symbol.view())) return Agreement::kDiffers;
  fields.text();  // payout; for multipliers the stake: the buy price is compared elsewhere
  return kind_of(spec.type).code_agrees(spec, fields);
}

}  // namespace derivd::market
