#include "script/wire.hpp"

#include <fmt/format.h>

#include <limits>
#include <type_traits>
#include <utility>

#include "core/check.hpp"
#include "script/settings.hpp"

namespace derivd::script {
namespace {

constexpr std::size_t kHead = 4;
constexpr std::uint8_t kMaxDecimals = 18;

enum class Kind : std::uint8_t {
  kSetup = 1,
  kPastTick = 2,
  kReset = 3,
  kTick = 4,
  kTrade = 5,
  kDenied = 6,
  kPastCandles = 7,
  kWatchedTick = 8,
  kTicks = 9,
  kRehearse = 10,
  kReady = 65,
  kAnswer = 66,
  kFailure = 67,
  kQuiet = 68,
  kRehearsed = 69,
};

class Writer final {
 public:
  explicit Writer(std::string& out) : out_(out), begin_(out.size()) { out.append(kHead, '\0'); }
  void close() {
    const auto size = out_.size() - begin_ - kHead;
    DERIVD_CHECK(size <= kMaxFrame, "a message beyond its bounds");
    for (std::size_t i = 0; i < kHead; ++i) {
      out_[begin_ + i] = static_cast<char>(size >> (8 * i) & 0xff);
    }
  }
  template <class T>
  void number(T value) {
    static_assert(std::is_integral_v<T>);
    auto rest = static_cast<std::make_unsigned_t<T>>(value);
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      out_.push_back(static_cast<char>(rest & 0xff));
      if constexpr (sizeof(T) > 1) rest = static_cast<decltype(rest)>(rest >> 8);
    }
  }
  void kind(Kind k) { number(static_cast<std::uint8_t>(k)); }
  void text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    out_.append(value);
  }
  void money(core::Money value) {
    number(value.units());
    number(value.exponent());
  }

 private:
  std::string& out_;
  std::size_t begin_;
};

/// Once something was wrong, everything is: the fields are read, the verdict is asked at the end.
class Reader final {
 public:
  explicit Reader(std::string_view body) : rest_(body) {}
  template <class T>
  T number() {
    static_assert(std::is_integral_v<T>);
    if (rest_.size() < sizeof(T)) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    std::make_unsigned_t<T> value{};
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      const auto byte = static_cast<std::make_unsigned_t<T>>(static_cast<unsigned char>(rest_[i]));
      value = static_cast<decltype(value)>(value | static_cast<decltype(value)>(byte << (8 * i)));
    }
    rest_.remove_prefix(sizeof(T));
    return static_cast<T>(value);
  }
  std::string text(std::size_t most) {
    const auto size = number<std::uint32_t>();
    if (size > most || size > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    std::string out(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return out;
  }
  std::string word() { return text(kMaxWord); }
  bool flag() {
    const auto value = number<std::uint8_t>();
    ok_ = ok_ && value <= 1;
    return value == 1;
  }
  std::uint8_t decimals() {
    const auto value = number<std::uint8_t>();
    ok_ = ok_ && value <= kMaxDecimals;
    return ok_ ? value : std::uint8_t{0};
  }
  core::Money money() {
    const auto units = number<std::int64_t>();
    const auto exponent = decimals();
    return ok_ ? core::Money::minor(units, exponent) : core::Money{};
  }
  std::size_t count(std::size_t most) {
    const auto n = number<std::uint8_t>();
    ok_ = ok_ && n <= most;
    return ok_ ? n : 0;
  }
  /// Of candles, of ticks.
  std::size_t rows(std::size_t least, std::size_t most) {
    const auto n = number<std::uint16_t>();
    ok_ = ok_ && n >= least && n <= most;
    return ok_ ? n : 0;
  }
  /// Where `least` is 0, of the program's own symbol too.
  std::uint8_t watched(std::uint8_t least) {
    const auto n = number<std::uint8_t>();
    ok_ = ok_ && n >= least && n <= rules::kMaxWatched;
    return n;
  }
  bool good() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

core::Error broken(std::string_view what) {
  return core::protocol_error(fmt::format("a script's message is not one: {}", what));
}

// ---- Own ----

void write(Writer& w, const rules::Own& own) {
  w.number(own.wins_in_row);
  w.number(own.losses_in_row);
  w.money(own.last_profit);
  w.money(own.session_profit);
  w.number(own.open);
  w.number(own.trades_today);
}
rules::Own read_own(Reader& r) {
  rules::Own own;
  own.wins_in_row = r.number<std::int64_t>();
  own.losses_in_row = r.number<std::int64_t>();
  own.last_profit = r.money();
  own.session_profit = r.money();
  own.open = r.number<std::int64_t>();
  own.trades_today = r.number<std::int64_t>();
  return own;
}

// ---- To the script ----

void write(Writer& w, const Setup& m) {
  w.kind(Kind::kSetup);
  w.number(m.version);
  for (const auto* t : {&m.strategy, &m.file, &m.text, &m.symbol}) w.text(*t);
  w.number(m.decimals);
  w.number(m.candles);
  for (const auto* t : {&m.answers, &m.config, &m.state, &m.stake}) w.text(*t);
  w.number(m.cpu_us);
  w.number(m.memory);
  w.number(m.seed);
  w.number(std::uint8_t{m.only_check});
  DERIVD_CHECK(m.watch.size() <= rules::kMaxWatched, "a message beyond its bounds");
  w.number(static_cast<std::uint8_t>(m.watch.size()));
  for (const auto& [symbol, decimals] : m.watch) {
    w.text(symbol);
    w.number(decimals);
  }
}
Setup read_setup(Reader& r) {
  Setup m;
  m.version = r.number<std::uint32_t>();
  m.strategy = r.word();
  m.file = r.text(4 * kMaxWord);
  m.text = r.text(kMaxText);
  m.symbol = r.word();
  m.decimals = r.decimals();
  m.candles = r.number<std::int32_t>();
  m.answers = r.text(kMaxState);
  m.config = r.text(kMaxState);
  m.state = r.text(kMaxState);
  m.stake = r.word();
  m.cpu_us = r.number<std::uint64_t>();
  m.memory = r.number<std::int64_t>();
  m.seed = r.number<std::uint64_t>();
  m.only_check = r.flag();
  m.watch.resize(r.count(rules::kMaxWatched));
  for (auto& [symbol, decimals] : m.watch) {
    symbol = r.word();
    decimals = r.decimals();
  }
  return m;
}

template <class T>
void write_quote(Writer& w, const T& m) {
  w.number(m.epoch);
  w.number(m.mantissa);
  w.number(m.decimals);
}
template <class T>
T read_quote(Reader& r) {
  T m;
  m.epoch = r.number<std::int64_t>();
  m.mantissa = r.number<std::int64_t>();
  m.decimals = r.decimals();
  return m;
}

void write(Writer& w, const PastTick& m) {
  w.kind(Kind::kPastTick);
  write_quote(w, m);
  w.number(m.watched);
}
void write(Writer& w, const PastCandles& m) {
  DERIVD_CHECK(m.candles.size() <= kMaxCandles, "a message beyond its bounds");
  w.kind(Kind::kPastCandles);
  w.number(m.seconds);
  w.number(m.decimals);
  w.number(std::uint8_t{m.is_last});
  w.number(m.watched);
  w.number(static_cast<std::uint16_t>(m.candles.size()));
  for (const auto& [bar, begins] : m.candles) {
    for (const auto n : {begins.s, bar.open, bar.high, bar.low, bar.close}) w.number(n);
  }
}
PastCandles read_past_candles(Reader& r) {
  PastCandles m;
  m.seconds = r.number<std::int32_t>();
  m.decimals = r.decimals();
  m.is_last = r.flag();
  m.watched = r.watched(0);
  m.candles.resize(r.rows(0, kMaxCandles));
  for (auto& [bar, begins] : m.candles) {
    for (auto* n : {&begins.s, &bar.open, &bar.high, &bar.low, &bar.close}) {
      *n = r.number<std::int64_t>();
    }
  }
  return m;
}
void write(Writer& w, const Reset&) { w.kind(Kind::kReset); }
void write(Writer& w, const Rehearse&) { w.kind(Kind::kRehearse); }

void write_what(Writer& w, const Tick& m) { write_quote(w, m); }
void write_what(Writer& w, const WatchedTick& m) {
  write_quote(w, m);
  w.number(m.watched);
}
void write_what(Writer& w, const Trade& m) {
  w.number(m.wish);
  for (const auto* t :
       {&m.contract, &m.type, &m.outcome, &m.stake, &m.payout, &m.profit, &m.entry, &m.exit}) {
    w.text(*t);
  }
  w.number(m.purchase_time);
  w.number(m.settled_time);
}
void write_what(Writer& w, const Denied& m) {
  w.number(m.wish);
  w.text(std::string_view(m.reason).substr(0, kMaxWord));
}
Kind kind_of(const Event& m) {
  constexpr Kind kKinds[] = {Kind::kTick, Kind::kTrade, Kind::kDenied, Kind::kWatchedTick};
  return kKinds[m.what.index()];
}
void write(Writer& w, const Event& m) {
  w.kind(kind_of(m));
  w.number(m.sequence);
  w.number(m.time);
  write(w, m.own);
  std::visit([&](const auto& what) { write_what(w, what); }, m.what);
}
Trade read_trade(Reader& r) {
  Trade m;
  m.wish = r.number<std::uint64_t>();
  for (auto* t :
       {&m.contract, &m.type, &m.outcome, &m.stake, &m.payout, &m.profit, &m.entry, &m.exit}) {
    *t = r.word();
  }
  m.purchase_time = r.number<std::int64_t>();
  m.settled_time = r.number<std::int64_t>();
  return m;
}
Event read_event(Reader& r, Kind kind) {
  Event m;
  m.sequence = r.number<std::uint64_t>();
  m.time = r.number<std::int64_t>();
  m.own = read_own(r);
  if (kind == Kind::kTick) {
    m.what = read_quote<Tick>(r);
  } else if (kind == Kind::kWatchedTick) {
    auto tick = read_quote<WatchedTick>(r);
    tick.watched = r.watched(1);
    m.what = tick;
  } else if (kind == Kind::kTrade) {
    m.what = read_trade(r);
  } else {
    Denied d;
    d.wish = r.number<std::uint64_t>();
    d.reason = r.word();
    m.what = std::move(d);
  }
  return m;
}

void write(Writer& w, const Ticks& m) {
  DERIVD_CHECK(!m.quotes.empty() && m.quotes.size() <= kMaxTicks, "a message beyond its bounds");
  w.kind(Kind::kTicks);
  w.number(m.sequence);
  write(w, m.own);
  w.number(m.decimals);
  w.number(static_cast<std::uint16_t>(m.quotes.size()));
  for (const auto& quote : m.quotes) {
    w.number(quote.epoch);
    w.number(quote.mantissa);
  }
}
Ticks read_ticks(Reader& r) {
  Ticks m;
  m.sequence = r.number<std::uint64_t>();
  m.own = read_own(r);
  m.decimals = r.decimals();
  m.quotes.resize(r.rows(1, kMaxTicks));
  for (auto& quote : m.quotes) {
    quote.epoch = r.number<std::int64_t>();
    quote.mantissa = r.number<std::int64_t>();
  }
  return m;
}

// ---- From the script ----

void write(Writer& w, const Ready& m) {
  w.kind(Kind::kReady);
  w.number(m.version);
  w.text(m.layers);
}
constexpr std::int8_t kNoPrediction = -1;
void write_fields(Writer& w, const Answer& m) {
  w.number(m.sequence);
  w.number(m.cpu_us);
  w.number(static_cast<std::uint8_t>(m.wishes.size()));
  for (const auto& wish : m.wishes) {
    w.number(wish.number);
    for (const auto* t : {&wish.type, &wish.duration, &wish.barrier, &wish.stake}) w.text(*t);
    w.number(wish.prediction.value_or(kNoPrediction));
  }
  w.number(static_cast<std::uint8_t>(m.sales.size()));
  for (const auto sale : m.sales) w.number(sale);
  w.number(static_cast<std::uint8_t>(m.logs.size()));
  for (const auto& line : m.logs) w.text(line);
  w.number(std::uint8_t{m.state.has_value()});
  if (m.state) w.text(*m.state);
}
void write(Writer& w, const Answer& m) {
  w.kind(Kind::kAnswer);
  write_fields(w, m);
}
void write(Writer& w, const Rehearsed& m) {
  w.kind(Kind::kRehearsed);
  write_fields(w, m.answer);
}
Answer read_answer(Reader& r) {
  Answer m;
  m.sequence = r.number<std::uint64_t>();
  m.cpu_us = r.number<std::uint64_t>();
  m.wishes.resize(r.count(kMaxWishes));
  for (auto& wish : m.wishes) {
    wish.number = r.number<std::uint64_t>();
    for (auto* t : {&wish.type, &wish.duration, &wish.barrier, &wish.stake}) *t = r.word();
    const auto prediction = r.number<std::int8_t>();
    if (prediction != kNoPrediction) wish.prediction = prediction;
  }
  m.sales.resize(r.count(kMaxWishes));
  for (auto& sale : m.sales) sale = r.number<std::uint64_t>();
  m.logs.resize(r.count(kMaxLogs));
  for (auto& line : m.logs) line = r.text(kMaxLogBytes);
  if (r.flag()) m.state = r.text(kMaxState);
  return m;
}
void write(Writer& w, const Failure& m) {
  w.kind(Kind::kFailure);
  w.number(m.sequence);
  w.text(std::string_view(m.where).substr(0, kMaxWord));
  w.text(std::string_view(m.text).substr(0, kMaxWord));
}
Failure read_failure(Reader& r) {
  Failure m;
  m.sequence = r.number<std::uint64_t>();
  m.where = r.word();
  m.text = r.word();
  return m;
}

void write(Writer& w, const Quiet& m) {
  w.kind(Kind::kQuiet);
  w.number(m.sequence);
  w.number(m.count);
}
Quiet read_quiet(Reader& r) {
  Quiet m;
  m.sequence = r.number<std::uint64_t>();
  m.count = static_cast<std::uint16_t>(r.rows(1, kMaxTicks));
  return m;
}

template <class Message>
void frame(const Message& message, std::string& out) {
  Writer w(out);
  std::visit([&](const auto& m) { write(w, m); }, message);
  w.close();
}

template <class Message>
void frame_one(const Message& message, std::string& out) {
  Writer w(out);
  write(w, message);
  w.close();
}

core::Error unfit() { return broken("its fields do not fit its length, or pass a bound"); }

/// A message of `kind` by `read`; of any other kind by `others`.
template <class Out, class Read, class Others>
core::Result<Out> decode_either(std::string_view body, Kind kind, Read&& read, Others&& others) {
  Reader r(body);
  if (static_cast<Kind>(r.number<std::uint8_t>()) != kind) {
    auto other = others(body);
    if (!other) return other.error();
    return Out{std::move(*other)};
  }
  Out out = read(r);
  if (!r.good()) return unfit();
  return out;
}

}  // namespace

std::string sentence(const Failure& failure) {
  return failure.where.empty() ? failure.text : fmt::format("{}: {}", failure.where, failure.text);
}

void encode(const ToScript& message, std::string& out) { frame(message, out); }
void encode(const FromScript& message, std::string& out) { frame(message, out); }
void encode(const Ticks& message, std::string& out) { frame_one(message, out); }
void encode(const Quiet& message, std::string& out) { frame_one(message, out); }

core::Result<ToScript> decode_to_script(std::string_view body) {
  Reader r(body);
  const auto kind = static_cast<Kind>(r.number<std::uint8_t>());
  std::optional<ToScript> out;
  switch (kind) {
    case Kind::kSetup:
      out = read_setup(r);
      break;
    case Kind::kPastTick: {
      auto tick = read_quote<PastTick>(r);
      tick.watched = r.watched(0);
      out = tick;
      break;
    }
    case Kind::kReset:
      out = Reset{};
      break;
    case Kind::kRehearse:
      out = Rehearse{};
      break;
    case Kind::kPastCandles:
      out = read_past_candles(r);
      break;
    case Kind::kTick:
    case Kind::kTrade:
    case Kind::kDenied:
    case Kind::kWatchedTick:
      out = read_event(r, kind);
      break;
    case Kind::kTicks:
    case Kind::kReady:
    case Kind::kAnswer:
    case Kind::kFailure:
    case Kind::kQuiet:
    case Kind::kRehearsed:
      break;
  }
  if (!out) return broken("of no kind that goes to a script");
  if (!r.good()) return unfit();
  return std::move(*out);
}

core::Result<FromScript> decode_from_script(std::string_view body) {
  Reader r(body);
  const auto kind = static_cast<Kind>(r.number<std::uint8_t>());
  std::optional<FromScript> out;
  switch (kind) {
    case Kind::kReady: {
      Ready m;
      m.version = r.number<std::uint32_t>();
      m.layers = r.word();
      out = std::move(m);
      break;
    }
    case Kind::kAnswer:
      out = read_answer(r);
      break;
    case Kind::kFailure:
      out = read_failure(r);
      break;
    case Kind::kRehearsed:
      out = Rehearsed{read_answer(r)};
      break;
    case Kind::kQuiet:
    case Kind::kSetup:
    case Kind::kPastTick:
    case Kind::kReset:
    case Kind::kPastCandles:
    case Kind::kTick:
    case Kind::kTrade:
    case Kind::kDenied:
    case Kind::kWatchedTick:
    case Kind::kTicks:
    case Kind::kRehearse:
      break;
  }
  if (!out) return broken("of no kind that comes from a script");
  if (!r.good()) return unfit();
  return std::move(*out);
}

core::Result<ToProcess> decode_to_process(std::string_view body) {
  return decode_either<ToProcess>(body, Kind::kTicks, read_ticks, decode_to_script);
}

core::Result<FromProcess> decode_from_process(std::string_view body) {
  return decode_either<FromProcess>(body, Kind::kQuiet, read_quiet, decode_from_script);
}

// Not with each frame that is taken: many may have come at once.
void Frames::add(std::string_view bytes) {
  buffer_.erase(0, std::exchange(done_, 0));
  buffer_.append(bytes);
}

core::Result<std::optional<std::string_view>> Frames::next() {
  const auto rest = std::string_view(buffer_).substr(done_);
  if (rest.size() < kHead) return std::optional<std::string_view>{};
  std::size_t size = 0;
  for (std::size_t i = 0; i < kHead; ++i) {
    size |= static_cast<std::size_t>(static_cast<unsigned char>(rest[i])) << (8 * i);
  }
  if (size == 0 || size > kMaxFrame) return broken(fmt::format("a frame of {} bytes", size));
  if (rest.size() < kHead + size) return std::optional<std::string_view>{};
  done_ += kHead + size;
  return std::optional(rest.substr(kHead, size));
}

}  // namespace derivd::script
