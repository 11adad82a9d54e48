#include "store/tick_block.hpp"

#include <fmt/format.h>

#include <bit>
#include <boost/crc.hpp>
#include <cstring>

#include "core/check.hpp"

namespace derivd::store {
namespace {

constexpr std::string_view kHeadMagic = "DERIVDTK";
constexpr std::uint32_t kBlockMagic = 0x4b4c4244;  // "DBLK" on disk
constexpr std::size_t kHeadChecked = kDayHeadSize - 4;
constexpr std::size_t kCrcAt = 4;     // in a block
constexpr std::size_t kAfterCrc = 8;  // what the checksum covers begins here
static_assert(std::endian::native == std::endian::little, "the files are little endian");

std::uint32_t crc_of(std::string_view bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

template <class T>
void append_raw(std::string& out, T value) {
  char raw[sizeof(T)];
  std::memcpy(raw, &value, sizeof raw);
  out.append(raw, sizeof raw);
}

template <class T>
T raw_at(std::string_view bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

void put_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

std::uint64_t zigzag(std::int64_t v) {
  return (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63);
}
/// Small differences of either sign become small numbers; any difference survives.
std::uint64_t difference(std::int64_t from, std::int64_t to) {
  return zigzag(
      static_cast<std::int64_t>(static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from)));
}
std::int64_t unzigzag(std::uint64_t v) {
  return static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1);
}

/// Reads a payload from front to back; after a failure everything reads as zero.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at_ == end_) break;
      const auto byte = static_cast<unsigned char>(*at_++);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
    failed_ = true;
    return 0;
  }
  bool failed() const { return failed_; }
  bool at_end() const { return at_ == end_; }

 private:
  const char* at_;
  const char* end_;
  bool failed_ = false;
};

core::Error bad(std::string_view what) { return core::invalid(std::string(what)); }

void put_block(Block::Kind kind, const Span& span, std::size_t count, std::int64_t mantissa,
               std::string_view payload, std::string& out) {
  const auto start = out.size();
  append_raw(out, kBlockMagic);
  append_raw(out, std::uint32_t{0});
  append_raw(out, static_cast<std::uint32_t>(kind));
  append_raw(out, static_cast<std::uint32_t>(count));
  append_raw(out, static_cast<std::uint32_t>(payload.size()));
  append_raw(out, span.first);
  append_raw(out, span.last);
  append_raw(out, mantissa);
  out.append(payload);
  const auto crc = crc_of(std::string_view(out).substr(start + kAfterCrc));
  std::memcpy(out.data() + start + kCrcAt, &crc, sizeof crc);
}

/// Epochs as (difference, how often): a day without a gap is one pair.
bool read_epochs(Cursor& in, std::size_t count, std::vector<market::TickRow>& ticks) {
  std::size_t i = 1;
  while (i < count) {
    const auto step = in.varint();
    const auto run = in.varint();
    if (in.failed() || step == 0 || step > INT64_MAX || run == 0 || run > count - i) return false;
    for (std::uint64_t r = 0; r < run; ++r, ++i) {
      if (__builtin_add_overflow(ticks[i - 1].epoch.s, static_cast<std::int64_t>(step),
                                 &ticks[i].epoch.s)) {
        return false;
      }
    }
  }
  return true;
}

bool read_quotes(Cursor& in, std::size_t count, std::vector<market::TickRow>& ticks) {
  for (std::size_t i = 1; i < count; ++i) {
    ticks[i].mantissa =
        static_cast<std::int64_t>(static_cast<std::uint64_t>(ticks[i - 1].mantissa) +
                                  static_cast<std::uint64_t>(unzigzag(in.varint())));
  }
  return !in.failed() && in.at_end();
}

/// Whether a good block begins anywhere in `bytes`. What crafted bytes may cost is bounded: after
/// so many false starts the answer is yes, which refuses the file instead of cutting it.
bool has_block(std::string_view bytes, Block& scratch) {
  constexpr int kMaxStarts = 200;
  char magic[4];
  std::memcpy(magic, &kBlockMagic, sizeof magic);
  const std::string_view wanted(magic, sizeof magic);
  int starts = 0;
  for (auto at = bytes.find(wanted); at != std::string_view::npos;
       at = bytes.find(wanted, at + 1)) {
    if (++starts > kMaxStarts || decode_block(bytes.substr(at), scratch)) return true;
  }
  return false;
}

}  // namespace

std::string encode_head(const DayHead& head) {
  std::string out(kHeadMagic);
  append_raw(out, kTickFormat);
  append_raw(out, head.decimals);
  append_raw(out, static_cast<std::uint8_t>(head.symbol.view().size()));
  append_raw(out, head.day);
  out.append(head.symbol.view());
  out.resize(kHeadChecked, '\0');
  append_raw(out, crc_of(out));
  return out;
}

core::Result<DayHead> decode_head(std::string_view bytes) {
  if (bytes.size() < kDayHeadSize) return bad("shorter than the head of a tick file");
  if (!bytes.starts_with(kHeadMagic)) return bad("not a tick file of derivd");
  const auto version = raw_at<std::uint16_t>(bytes, 8);
  if (version != kTickFormat) {
    return bad(
        fmt::format("a tick file of format {}; this derivd reads format {}", version, kTickFormat));
  }
  if (raw_at<std::uint32_t>(bytes, kHeadChecked) != crc_of(bytes.substr(0, kHeadChecked))) {
    return bad("its head is damaged");
  }
  DayHead head;
  head.decimals = raw_at<std::uint8_t>(bytes, 10);
  const std::size_t length = raw_at<std::uint8_t>(bytes, 11);
  head.day = raw_at<std::int64_t>(bytes, 12);
  if (length == 0 || length > 30 || head.decimals > 18) return bad("its head makes no sense");
  head.symbol = market::SymbolCode::truncated(bytes.substr(20, length));
  return head;
}

void encode_ticks(std::span<const market::TickRow> ticks, std::string& out) {
  DERIVD_CHECK(!ticks.empty() && ticks.size() <= kMaxBlockTicks, "a block holds 1 to 4096 ticks");
  std::string payload;
  payload.reserve(ticks.size() * 4);
  for (std::size_t i = 1; i < ticks.size();) {
    const auto step = ticks[i].epoch.s - ticks[i - 1].epoch.s;
    DERIVD_CHECK(step > 0, "epochs rise");
    std::size_t run = 1;
    while (i + run < ticks.size() && ticks[i + run].epoch.s - ticks[i + run - 1].epoch.s == step)
      ++run;
    put_varint(payload, static_cast<std::uint64_t>(step));
    put_varint(payload, run);
    i += run;
  }
  for (std::size_t i = 1; i < ticks.size(); ++i) {
    put_varint(payload, difference(ticks[i - 1].mantissa, ticks[i].mantissa));
  }
  put_block(Block::Kind::kTicks, {ticks.front().epoch.s, ticks.back().epoch.s}, ticks.size(),
            ticks.front().mantissa, payload, out);
}

// The proof stands where a block of ticks has its first quote, which marks of format 1 left at 0.
void encode_absent(const Absence& absence, std::string& out) {
  DERIVD_CHECK(absence.span.first <= absence.span.last, "a span has an end");
  put_block(Block::Kind::kAbsent, absence.span, 0, absence.proven_at, {}, out);
}

core::Result<void> decode_block(std::string_view bytes, Block& out) {
  const core::Error cut{core::ErrorKind::kExhausted, "a block is cut off"};
  if (bytes.size() < kBlockHeadSize) return cut;
  if (raw_at<std::uint32_t>(bytes, 0) != kBlockMagic) return bad("no block begins here");
  const auto kind = raw_at<std::uint32_t>(bytes, 8);
  const std::size_t count = raw_at<std::uint32_t>(bytes, 12);
  const std::size_t payload = raw_at<std::uint32_t>(bytes, 16);
  if (count > kMaxBlockTicks || payload > kMaxBlockPayload) return bad("a block without bounds");
  if (bytes.size() < kBlockHeadSize + payload) return cut;
  out.size = kBlockHeadSize + payload;
  if (raw_at<std::uint32_t>(bytes, kCrcAt) !=
      crc_of(bytes.substr(kAfterCrc, out.size - kAfterCrc))) {
    return bad("the checksum of a block is wrong");
  }
  out.span = {raw_at<std::int64_t>(bytes, 20), raw_at<std::int64_t>(bytes, 28)};
  out.ticks.clear();
  if (out.span.first > out.span.last) return bad("a block ends before it begins");
  if (kind == static_cast<std::uint32_t>(Block::Kind::kAbsent)) {
    out.kind = Block::Kind::kAbsent;
    out.proven_at = raw_at<std::int64_t>(bytes, 36);
    if (count != 0 || payload != 0) return bad("a mark with ticks");
    return {};
  }
  if (kind != static_cast<std::uint32_t>(Block::Kind::kTicks) || count == 0) {
    return bad("a block of an unknown kind");
  }
  out.kind = Block::Kind::kTicks;
  out.ticks.resize(count);
  out.ticks.front() = {{out.span.first}, raw_at<std::int64_t>(bytes, 36)};
  Cursor in(bytes.substr(kBlockHeadSize, payload));
  if (!read_epochs(in, count, out.ticks) || !read_quotes(in, count, out.ticks) ||
      out.ticks.back().epoch.s != out.span.last) {
    return bad("a block that contradicts itself");
  }
  return {};
}

core::Result<Day> decode_day(std::string_view bytes) {
  auto head = decode_head(bytes);
  if (!head) return head.error();
  Day day;
  day.head = *head;
  day.whole = kDayHeadSize;
  const Span all{day.head.day * kSecondsPerDay, (day.head.day + 1) * kSecondsPerDay - 1};
  Block block;
  while (day.whole < bytes.size()) {
    const auto rest = bytes.substr(day.whole);
    if (const auto good = decode_block(rest, block); !good) {
      if (has_block(rest.substr(1), block)) {
        return bad(fmt::format("damaged at byte {}: {}", day.whole, good.error().text));
      }
      day.torn = rest.size();
      break;
    }
    if (block.span.first < all.first || block.span.last > all.last) {
      return bad(fmt::format("at byte {}: a block of another day", day.whole));
    }
    if (block.kind == Block::Kind::kAbsent) {
      day.absent.push_back({block.span, block.proven_at});
    } else {
      if (!day.ticks.empty() && block.span.first <= day.ticks.back().epoch.s) {
        return bad(fmt::format("at byte {}: a block that goes back in time", day.whole));
      }
      day.ticks.insert(day.ticks.end(), block.ticks.begin(), block.ticks.end());
    }
    day.whole += block.size;
  }
  return day;
}

}  // namespace derivd::store
