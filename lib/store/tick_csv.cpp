#include "store/tick_csv.hpp"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <charconv>
#include <cstring>

#include "core/decimal.hpp"
#include "store/tick_advice.hpp"
#include "store/tick_field.hpp"

namespace derivd::store {
namespace {

constexpr std::string_view kHeader = "epoch,quote";

/// Whether the eight bytes are decimal digits, and their value: two steps of arithmetic on all of
/// them at once instead of eight on each. Bytes in memory order, little-endian machines.
constexpr bool eight_digits(std::uint64_t chunk) {
  constexpr std::uint64_t kHigh = 0xF0F0F0F0F0F0F0F0;
  return ((chunk & kHigh) | (((chunk + 0x0606060606060606) & kHigh) >> 4)) == 0x3333333333333333;
}
constexpr std::uint64_t value_of_eight(std::uint64_t chunk) {
  chunk = (chunk & 0x0F0F0F0F0F0F0F0F) * 2561 >> 8;
  chunk = (chunk & 0x00FF00FF00FF00FF) * 6553601 >> 16;
  return (chunk & 0x0000FFFF0000FFFF) * 42949672960001 >> 32;
}

/// How many digits the eight bytes begin with. What is carried into the bytes behind the first that
/// is none changes nothing.
constexpr int digits_at_front(std::uint64_t chunk) {
  const auto value = chunk ^ 0x3030303030303030;
  const auto others = (value | (value + 0x7676767676767676)) & 0x8080808080808080;
  return std::countr_zero(others) / 8;
}
/// The number that the first `count` of them write, 1 to 8.
constexpr std::int64_t value_of_front(std::uint64_t chunk, int count) {
  return static_cast<std::int64_t>(value_of_eight(chunk << (8 * (8 - count))));
}
std::uint64_t eight_bytes(const char* p) {
  std::uint64_t chunk = 0;
  std::memcpy(&chunk, p, sizeof chunk);
  return chunk;
}

constexpr std::array<std::int64_t, kMaxQuoteDigits + 1> kPow10 = [] {
  std::array<std::int64_t, kMaxQuoteDigits + 1> out{1};
  for (std::size_t i = 1; i < out.size(); ++i) out[i] = out[i - 1] * 10;
  return out;
}();

std::string_view without_cr(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

core::Result<std::unique_ptr<TickCsv>> TickCsv::open(const std::string& path,
                                                     const market::SymbolInfo& symbol) {
  auto source = ByteSource::open(path);
  if (!source) return source.error();
  return open(std::move(*source), symbol);
}

core::Result<std::unique_ptr<TickCsv>> TickCsv::open(std::unique_ptr<ByteSource> source,
                                                     const market::SymbolInfo& symbol) {
  std::unique_ptr<TickCsv> csv(new TickCsv(std::move(source), symbol));
  if (auto r = csv->header(); !r) return r.error();
  return csv;
}

TickCsv::TickCsv(std::unique_ptr<ByteSource> source, const market::SymbolInfo& symbol)
    // Room behind the end: a newline that the file may lack, and bytes that are looked at in
    // eights.
    : source_(std::move(source)), symbol_(symbol), buffer_(kBuffer + kMaxLine) {
  at_ = end_ = buffer_.data();
}

core::Error TickCsv::at_line(std::string_view what) const {
  return core::invalid(fmt::format("{}:{}: {}", source_->name(), line_, what));
}

core::Result<void> TickCsv::header() {
  if (auto r = refill(); !r) return r.error();
  std::string_view text(at_, static_cast<std::size_t>(end_ - at_));
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const auto length = std::min(text.find('\n'), text.size());
  if (without_cr(text.substr(0, length)) != kHeader) {
    return at_line(fmt::format("the header must be '{}', it is {}; {}", kHeader,
                               in_quotes(without_cr(text.substr(0, length))), import_advice(text)));
  }
  at_ = text.data() + length + 1;
  ++line_;
  return {};
}

// Keeps the rest of the window, a piece of a line, and reads behind it.
core::Result<void> TickCsv::refill() {
  const auto rest = static_cast<std::size_t>(end_ - at_);
  std::memmove(buffer_.data(), at_, rest);
  at_ = buffer_.data();
  const auto got = source_->read(buffer_.data() + rest, kBuffer - rest);
  if (!got) return got.error();
  auto size = rest + *got;
  eof_ = size < kBuffer;
  if (eof_ && size > 0 && buffer_[size - 1] != '\n') buffer_[size++] = '\n';
  std::memset(buffer_.data() + size, 0, buffer_.size() - size);
  end_ = buffer_.data() + size;
  return {};
}

// Lines as programs write them, of which a year has thirty million: ten digits of time, and a quote
// with fewer than eight digits before its point and behind it, there at most as many as the symbol
// has.
// False: it is another line, perhaps a good one, and nothing changed.
inline bool TickCsv::parse_usual(market::TickRow& row) {
  constexpr int kEpochDigits = 10;
  const auto front = eight_bytes(at_);
  const auto last = static_cast<unsigned>(at_[8] - '0');
  const auto very_last = static_cast<unsigned>(at_[9] - '0');
  if (!eight_digits(front) || last > 9 || very_last > 9 || at_[kEpochDigits] != ',') return false;
  const auto epoch = static_cast<std::int64_t>(value_of_eight(front)) * 100 + last * 10 + very_last;
  if (epoch <= last_epoch_ || epoch > kMaxEpoch) return false;

  const char* p = at_ + kEpochDigits + 1;
  const auto whole = eight_bytes(p);
  const int before = digits_at_front(whole);
  if (before == 0 || before > 7 || p[before] != '.') return false;
  p += before + 1;
  const auto fraction = eight_bytes(p);
  const int behind = digits_at_front(fraction);
  const int decimals = symbol_.decimals;
  if (behind == 0 || behind > 7 || behind > decimals || before + decimals > kMaxQuoteDigits) {
    return false;
  }
  p += behind;
  if (*p++ != '\n') return false;
  const auto mantissa = value_of_front(whole, before) * kPow10[static_cast<std::size_t>(behind)] +
                        value_of_front(fraction, behind);
  if (mantissa == 0) return false;
  row.epoch = {epoch};
  row.mantissa = mantissa * kPow10[static_cast<std::size_t>(decimals - behind)];
  at_ = p;
  last_epoch_ = epoch;
  ++line_;
  return true;
}

// The whole of a good line, or false and nothing changed. A line that is cut off by the window ends
// in zeros, which are no digits.
bool TickCsv::parse(market::TickRow& row) {
  const char* p = at_;
  const auto chunk = eight_bytes(p);
  std::int64_t epoch = 0;
  if (eight_digits(chunk)) {
    epoch = static_cast<std::int64_t>(value_of_eight(chunk));
    p += 8;
  }
  for (; is_digit(*p) && epoch <= kMaxEpoch; ++p) epoch = epoch * 10 + (*p - '0');
  if (*p++ != ',' || epoch <= last_epoch_ || epoch > kMaxEpoch) return false;

  const char* const first = p;
  std::int64_t mantissa = 0;
  const int decimals = symbol_.decimals;
  const char* const longest = p + kMaxQuoteDigits - decimals;
  for (; is_digit(*p); ++p) {
    if (p == longest) return false;
    mantissa = mantissa * 10 + (*p - '0');
  }
  if (p == first) return false;
  int missing = decimals;
  if (*p == '.') {
    const char* const point = p++;
    for (; is_digit(*p); ++p) {
      if (p - point > decimals) return false;
      mantissa = mantissa * 10 + (*p - '0');
    }
    if (p == point + 1) return false;
    missing -= static_cast<int>(p - point - 1);
  }
  if (*p == '\r') ++p;
  if (*p++ != '\n' || mantissa == 0) return false;
  row.epoch = {epoch};
  row.mantissa = mantissa * kPow10[static_cast<std::size_t>(missing)];
  at_ = p;
  last_epoch_ = epoch;
  ++line_;
  return true;
}

core::Result<std::size_t> TickCsv::read(std::span<market::TickRow> out) {
  if (failed_) return *failed_;
  first_line_ = line_;
  std::size_t n = 0;
  while (n < out.size()) {
    if (end_ - at_ < static_cast<std::ptrdiff_t>(kMaxLine) && !eof_) {
      if (auto r = refill(); !r) {
        failed_ = r.error();
        return *failed_;
      }
    }
    if (at_ >= end_) break;
    // Every line that begins here ends within the window.
    const char* const safe = eof_ ? end_ : end_ - kMaxLine;
    do {
      if (!parse_usual(out[n]) && !parse(out[n])) {
        failed_ = explain();
        return *failed_;
      }
      ++n;
    } while (n < out.size() && at_ < safe);
  }
  return n;
}

// What is wrong with the line that parse() refused.
core::Error TickCsv::explain() const {
  const auto view = std::string_view(at_, static_cast<std::size_t>(end_ - at_));
  const auto length = view.find('\n');
  if (length == std::string_view::npos || length >= kMaxLine) {
    return at_line(fmt::format("the line is longer than {} characters", kMaxLine - 1));
  }
  const auto line = without_cr(view.substr(0, length));
  const auto comma = line.find(',');
  if (comma == std::string_view::npos) {
    return at_line(fmt::format("expected {}, found {}", kHeader, in_quotes(line)));
  }
  std::int64_t epoch = 0;
  const auto text = line.substr(0, comma);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), epoch);
  if (error != std::errc{} || end != text.data() + text.size() || epoch <= 0 || epoch > kMaxEpoch) {
    return at_line(fmt::format("{} is not an epoch in whole seconds", in_quotes(text)));
  }
  if (epoch <= last_epoch_) {
    return at_line(
        fmt::format("epoch {} does not rise, the line before has {}; sort the file and "
                    "remove repeated ticks",
                    epoch, last_epoch_));
  }
  const auto quote = line.substr(comma + 1);
  const auto point = quote.find('.');
  const bool digits = !quote.empty() && quote.find_first_not_of("0123456789.") == quote.npos &&
                      quote.rfind('.') == point && is_digit(quote.front()) &&
                      is_digit(quote.back());
  if (!digits) return at_line(fmt::format("{} is not a quote", in_quotes(quote)));
  const auto decimals = point == quote.npos ? 0 : quote.size() - point - 1;
  if (decimals > symbol_.decimals) {
    return at_line(
        fmt::format("quote {} has {} decimals, {} has {}; is this file of another symbol?",
                    in_quotes(quote), decimals, symbol_.code, symbol_.decimals));
  }
  if (quote.find_first_not_of("0.") == quote.npos) return at_line("a quote must be above zero");
  return at_line(fmt::format("quote {} is too large", in_quotes(quote)));
}

}  // namespace derivd::store
