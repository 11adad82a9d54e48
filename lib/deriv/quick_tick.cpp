#include "deriv/quick_tick.hpp"

#include <bit>
#include <cstdint>
#include <cstring>

namespace derivd::deriv {
namespace {

// 18 digits fit an int64 whatever they are, and are what core::Decimal takes.
constexpr int kMaxDigits = 18;
constexpr std::uint64_t kEach = 0x0101'0101'0101'0101;
constexpr std::uint64_t kHigh = kEach * 0x80;

/// A bit of each byte that ends the plain part of a string: a quote, a backslash, a control, DEL,
/// or a byte of a character that is not ASCII. Of a word in which there is one, the lowest bit
/// that is set is that of the first; later ones may be wrong by a borrow.
constexpr std::uint64_t not_plain(std::uint64_t word) {
  const auto zero = [](std::uint64_t w) { return (w - kEach) & ~w; };
  return (zero(word ^ kEach * '"') | zero(word ^ kEach * '\\') | zero(word ^ kEach * 0x7F) |
          (word - kEach * 0x20) | word) &
         kHigh;
}

bool is_digit(char c) { return static_cast<unsigned char>(c - '0') <= 9; }

template <std::size_t N>
bool is(std::string_view text, const char (&word)[N]) {
  return text.size() == N - 1 && std::memcmp(text.data(), word, N - 1) == 0;
}

/// A number without sign and exponent, as it is written.
struct Number {
  std::int64_t mantissa = 0;
  std::uint8_t scale = 0;
};

/// Reads from the front. Each function is false, and the cursor of no further use, where the text
/// goes on in another way.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : at_(text.data()), end_(at_ + text.size()) {}

  bool take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool at_end() const { return at_ == end_; }

  bool text(std::string_view& out) {
    if (!take('"')) return false;
    for (const char* p = at_; p < end_; p += sizeof(std::uint64_t)) {
      if (const auto found = not_plain(word(p)); found != 0) {
        p += std::countr_zero(found) / 8;
        if (p >= end_ || *p != '"') return false;
        out = {at_, static_cast<std::size_t>(p - at_)};
        at_ = p + 1;
        return true;
      }
    }
    return false;
  }

  bool number(Number& out) {
    const char* const first = at_;
    std::int64_t mantissa = 0;
    int digits = 0;
    const auto run = [&] {
      const int before = digits;
      for (; at_ < end_ && is_digit(*at_) && digits < kMaxDigits; ++at_, ++digits) {
        mantissa = mantissa * 10 + (*at_ - '0');
      }
      return digits - before;
    };
    const int whole = run();
    if (whole == 0 || (whole > 1 && *first == '0')) return false;
    int scale = 0;
    if (take('.')) {
      scale = run();
      if (scale == 0) return false;
    }
    out = {mantissa, static_cast<std::uint8_t>(scale)};
    return true;  // what goes on as a number is no comma and no brace
  }

  bool integer(std::int64_t& out) {
    Number n;
    if (!number(n) || n.scale != 0) return false;
    out = n.mantissa;
    return true;
  }

  /// A string or a number of no interest.
  bool skip() {
    std::string_view text_of;
    Number number_of;
    if (at_ < end_ && *at_ == '"') return text(text_of);
    if (at_ < end_ && *at_ == '-') ++at_;
    return number(number_of);
  }

  /// An object; each(key) reads the value of one field.
  template <class Each>
  bool object(Each&& each) {
    if (!take('{')) return false;
    do {
      std::string_view key;
      if (!text(key) || !take(':') || !each(key)) return false;
    } while (take(','));
    return take('}');
  }

 private:
  static std::uint64_t word(const char* p) {
    std::uint64_t out = 0;
    std::memcpy(&out, p, sizeof(out));
    if constexpr (std::endian::native == std::endian::big) out = __builtin_bswap64(out);
    return out;
  }

  const char* at_;
  const char* end_;
};
static_assert(kQuickTickPadding >= sizeof(std::uint64_t));

/// The fields, each of which may come once. Views point into the frame.
struct TickFields {
  Cursor cursor;
  std::string_view stream;
  std::string_view symbol;
  std::int64_t req_id = 0;
  std::int64_t epoch = 0;
  std::int64_t decimals = 0;
  Number quote;
  unsigned seen = 0;

  enum Field : unsigned {
    kReqId = 1,
    kType = 2,
    kStream = 4,
    kTick = 8,
    kEpoch = 16,
    kSymbol = 32,
    kQuote = 64,
    kDecimals = 128,
    kNeeded = kReqId | kType | kTick | kEpoch | kSymbol | kQuote,
  };

  bool once(Field field) {
    if ((seen & field) != 0) return false;
    seen |= field;
    return true;
  }

  bool in_tick(std::string_view key) {
    if (is(key, "quote")) return once(kQuote) && cursor.number(quote);
    if (is(key, "epoch")) return once(kEpoch) && cursor.integer(epoch) && epoch <= kLastEpoch;
    if (is(key, "symbol")) {
      return once(kSymbol) && cursor.text(symbol) && market::SymbolCode::fits(symbol);
    }
    if (is(key, "pip_size")) {
      return once(kDecimals) && cursor.integer(decimals) && decimals <= kMaxDecimals;
    }
    return cursor.skip();
  }

  bool in_frame(std::string_view key) {
    if (is(key, "tick")) {
      return once(kTick) && cursor.object([this](std::string_view k) { return in_tick(k); });
    }
    if (is(key, "req_id")) return once(kReqId) && cursor.integer(req_id);
    if (is(key, "echo_req")) {
      return cursor.object([this](std::string_view) { return cursor.skip(); });
    }
    if (is(key, "msg_type")) {
      std::string_view type;
      return once(kType) && cursor.text(type) && is(type, "tick");
    }
    return is(key, "subscription") && cursor.object([this](std::string_view k) {
      if (!is(k, "id")) return cursor.skip();
      return once(kStream) && cursor.text(stream) && StreamId::fits(stream);
    });
  }
};

}  // namespace

bool read_quick_tick(std::string_view frame, Frame& out) {
  TickFields f{Cursor(frame), {}, {}, 0, 0, 0, {}, 0};
  if (!f.cursor.object([&](std::string_view key) { return f.in_frame(key); })) return false;
  if (!f.cursor.at_end() || (f.seen & TickFields::kNeeded) != TickFields::kNeeded) return false;
  out.message = Message::kTick;
  if (!(out.msg_type == "tick")) out.msg_type = "tick";
  out.req_id = f.req_id;
  // Mostly that of the frame before.
  if (!(out.stream == f.stream)) out.stream = f.stream;
  out.error.reset();
  auto* tick = std::get_if<TickPayload>(&out.payload);
  if (tick == nullptr) tick = &out.payload.emplace<TickPayload>();
  if (!(tick->symbol == f.symbol)) tick->symbol = f.symbol;
  tick->tick = {core::VenueTime{f.epoch}, core::Decimal{f.quote.mantissa, f.quote.scale}};
  tick->decimals.reset();
  if ((f.seen & TickFields::kDecimals) != 0) tick->decimals = static_cast<std::uint8_t>(f.decimals);
  return true;
}

}  // namespace derivd::deriv
