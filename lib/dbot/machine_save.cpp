// A machine's state as text, and back. Tokens parted by blanks; a text is its length, a colon and
// its bytes; a list is written once and named by its number afterwards, so that sharing survives.
#include <fmt/format.h>

#include <array>
#include <bit>
#include <charconv>
#include <unordered_map>

#include "dbot/machine.hpp"

namespace derivd::dbot {
namespace {

constexpr std::string_view kTag = "dbot1";
constexpr std::size_t kMaxSaved = 16U << 20U;

}  // namespace

class StateWriter final {
 public:
  explicit StateWriter(const Machine& m) : m_(m) {}

  std::string write() {
    out_ = kTag;
    number(static_cast<std::int64_t>(m_.program_->fingerprint));
    flags();
    values(m_.globals_);
    values(m_.stack_);
    frames(m_.frames_);
    value(m_.result_);
    snapshot(m_.at_start_);
    snapshot(m_.at_watch_);
    options();
    buying();
    contract();
    quotes();
    return std::move(out_);
  }

 private:
  void number(std::int64_t n) { out_ += fmt::format(" {}", n); }
  void real(double x) { out_ += fmt::format(" {:x}", std::bit_cast<std::uint64_t>(x)); }
  void text(std::string_view s) {
    out_ += fmt::format(" {}:", s.size());
    out_ += s;
  }
  void money(core::Money m) {
    number(m.units());
    number(m.exponent());
  }
  void price(const std::optional<core::Price>& p) {
    number(p ? 1 : 0);
    if (!p) return;
    number(p->mantissa());
    number(p->decimals());
  }
  void time(const std::optional<core::VenueTime>& t) { number(t ? t->s : -1); }
  void maybe_text(const std::optional<std::string>& s) {
    number(s ? 1 : 0);
    if (s) text(*s);
  }
  void maybe_money(const std::optional<core::Money>& m) {
    number(m ? 1 : 0);
    if (m) money(*m);
  }

  void flags() {
    for (const bool b : {m_.started_, m_.ended_, m_.proposals_ready_, m_.open_contract_,
                         m_.analysing_, m_.start_reached_, m_.ever_started_}) {
      number(b ? 1 : 0);
    }
    for (const std::int64_t n :
         {static_cast<std::int64_t>(m_.stage_), static_cast<std::int64_t>(m_.waiting_),
          static_cast<std::int64_t>(m_.scope_), m_.new_tick_, m_.seen_tick_, m_.analysed_,
          static_cast<std::int64_t>(m_.analysis_), m_.deadline_, m_.ticks_left_,
          static_cast<std::int64_t>(m_.attempts_), static_cast<std::int64_t>(m_.restarts_),
          m_.profit_units_, m_.runs_, static_cast<std::int64_t>(m_.draws_), m_.last_epoch_,
          m_.now_}) {
      number(n);
    }
  }

  void value(const Value& v) {
    number(static_cast<int>(v.kind));
    switch (v.kind) {
      case Kind::kUndefined:
      case Kind::kNull:
        return;
      case Kind::kBoolean:
        return number(v.truth ? 1 : 0);
      case Kind::kNumber:
        return real(v.number);
      case Kind::kText:
        return text(v.text->text);
      case Kind::kCandle:
        for (const double x : {v.candle->open, v.candle->high, v.candle->low, v.candle->close}) {
          real(x);
        }
        return number(v.candle->epoch);
      case Kind::kList:
        return list(v.list);
    }
  }
  /// Its number; the items follow where it is met first. Deep nests are cut before they could
  /// exhaust the stack.
  void list(const List* list) {
    const auto [it, fresh] = lists_.try_emplace(list, static_cast<std::int64_t>(lists_.size()));
    number(it->second);
    if (!fresh) return;
    if (depth_ > 200) return number(0);
    ++depth_;
    values(list->items);
    --depth_;
  }
  void values(const std::vector<Value>& all) {
    number(static_cast<std::int64_t>(all.size()));
    for (const auto& v : all) value(v);
  }
  void frames(const std::vector<Machine::Frame>& all) {
    number(static_cast<std::int64_t>(all.size()));
    for (const auto& f : all) {
      number(f.function);
      number(f.pc);
      number(f.base);
    }
  }
  void snapshot(const Machine::Snapshot& s) {
    number(s.taken ? 1 : 0);
    number(static_cast<int>(s.stage));
    values(s.globals);
    values(s.stack);
    frames(s.frames);
  }
  void options() {
    const auto& o = m_.options_;
    number(o.set ? 1 : 0);
    number(o.shape);
    real(o.amount);
    value(o.duration);
    value(o.prediction);
    text(o.barrier);
    text(o.barrier2);
    real(o.take_profit);
    real(o.stop_loss);
  }
  void buying() {
    number(m_.buying_ ? 1 : 0);
    if (!m_.buying_) return;
    const auto& b = *m_.buying_;
    text(b.type);
    money(b.stake);
    number(b.basis_payout ? 1 : 0);
    number(b.duration);
    number(b.unit);
    number(b.prediction ? *b.prediction : -1);
    maybe_text(b.barrier);
    maybe_text(b.barrier2);
    real(b.growth);
    real(b.multiplier);
    maybe_money(b.take_profit);
    maybe_money(b.stop_loss);
    number(b.line);
  }
  void contract() {
    const auto& c = m_.contract_;
    for (const bool b : {c.known, c.sold, c.can_sell, c.has_bid}) number(b ? 1 : 0);
    number(c.transaction);
    text(c.type);
    money(c.buy_price);
    money(c.sell_price);
    time(c.entry_time);
    time(c.exit_time);
    price(c.entry);
    price(c.exit);
    real(c.barrier);
  }
  void quotes() {
    number(static_cast<std::int64_t>(m_.quotes_.size()));
    for (const auto& [type, q] : m_.quotes_) {
      text(type);
      money(q.ask);
      money(q.payout);
    }
  }

  const Machine& m_;
  std::string out_;
  std::unordered_map<const List*, std::int64_t> lists_;
  int depth_ = 0;
};

/// Takes only what the writer gives for the same program; anything else is an error, and the
/// machine is then thrown away.
class StateReader final {
 public:
  StateReader(Machine& m, std::string_view text) : m_(m), rest_(text) {}

  bool read() {
    if (!rest_.starts_with(kTag)) return false;
    rest_.remove_prefix(kTag.size());
    if (number() != static_cast<std::int64_t>(m_.program_->fingerprint)) return false;
    flags();
    values(m_.globals_);
    values(m_.stack_);
    frames(m_.frames_, m_.stack_.size());
    m_.result_ = value();
    snapshot(m_.at_start_);
    snapshot(m_.at_watch_);
    options();
    buying();
    contract();
    quotes();
    const bool fits = m_.globals_.size() == m_.program_->variables.size() &&
                      (!m_.at_start_.taken || m_.at_start_.globals.size() == m_.globals_.size()) &&
                      (!m_.at_watch_.taken || m_.at_watch_.globals.size() == m_.globals_.size()) &&
                      (m_.waiting_ != Machine::Waiting::kPurchase || m_.buying_);
    return good_ && rest_.empty() && fits;
  }

 private:
  void bad() { good_ = false; }
  std::string_view token() {
    if (!good_ || !rest_.starts_with(' ')) return bad(), std::string_view();
    rest_.remove_prefix(1);
    const auto end = std::min(rest_.find(' '), rest_.size());
    const auto out = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return out;
  }
  std::int64_t number() {
    const auto t = token();
    std::int64_t out = 0;
    const auto r = std::from_chars(t.data(), t.data() + t.size(), out);
    if (r.ec != std::errc() || r.ptr != t.data() + t.size()) bad();
    return good_ ? out : 0;
  }
  std::int64_t within(std::int64_t low, std::int64_t high) {
    const auto n = number();
    if (n < low || n > high) bad();
    return good_ ? n : low;
  }
  bool flag() { return within(0, 1) == 1; }
  double real() {
    const auto t = token();
    std::uint64_t out = 0;
    const auto r = std::from_chars(t.data(), t.data() + t.size(), out, 16);
    if (r.ec != std::errc() || r.ptr != t.data() + t.size()) bad();
    return std::bit_cast<double>(out);
  }
  std::string text() {
    if (!good_ || !rest_.starts_with(' ')) return bad(), std::string();
    rest_.remove_prefix(1);
    std::size_t size = 0;
    const auto r = std::from_chars(rest_.data(), rest_.data() + rest_.size(), size);
    const auto head = static_cast<std::size_t>(r.ptr - rest_.data());
    if (r.ec != std::errc() || head >= rest_.size() || rest_[head] != ':' ||
        size > rest_.size() - head - 1 || size > kMaxTextBytes) {
      return bad(), std::string();
    }
    const auto out = std::string(rest_.substr(head + 1, size));
    rest_.remove_prefix(head + 1 + size);
    return out;
  }
  core::Money money() {
    const auto units = number();
    return core::Money::minor(units, static_cast<std::uint8_t>(within(0, 18)));
  }
  std::optional<core::Price> price() {
    if (!flag()) return std::nullopt;
    const auto mantissa = number();
    return core::Price::raw(mantissa, static_cast<std::uint8_t>(within(0, 18)));
  }
  std::optional<core::VenueTime> moment() {
    const auto s = number();
    return s < 0 ? std::nullopt : std::optional(core::VenueTime{s});
  }
  std::optional<std::string> maybe_text() { return flag() ? std::optional(text()) : std::nullopt; }
  std::optional<core::Money> maybe_money() {
    return flag() ? std::optional(money()) : std::nullopt;
  }

  void flags() {
    for (bool* b : {&m_.started_, &m_.ended_, &m_.proposals_ready_, &m_.open_contract_,
                    &m_.analysing_, &m_.start_reached_, &m_.ever_started_}) {
      *b = flag();
    }
    m_.stage_ =
        static_cast<Machine::Stage>(within(0, static_cast<int>(Machine::Stage::kAfterDone)));
    m_.waiting_ =
        static_cast<Machine::Waiting>(within(0, static_cast<int>(Machine::Waiting::kTurn)));
    m_.scope_ = static_cast<Machine::Scope>(within(0, static_cast<int>(Machine::Scope::kDuring)));
    m_.new_tick_ = number();
    m_.seen_tick_ = number();
    m_.analysed_ = number();
    m_.analysis_ = static_cast<std::size_t>(within(0, 1'000'000));
    m_.deadline_ = number();
    m_.ticks_left_ = number();
    m_.attempts_ = static_cast<int>(within(0, 1'000'000'000));
    m_.restarts_ = static_cast<int>(within(0, 1'000'000));
    m_.profit_units_ = number();
    m_.runs_ = number();
    m_.draws_ = static_cast<std::uint64_t>(number());
    m_.last_epoch_ = number();
    m_.now_ = number();
  }

  Value value() {
    switch (static_cast<Kind>(within(0, static_cast<int>(Kind::kCandle)))) {
      case Kind::kUndefined:
        return Value::undefined();
      case Kind::kNull:
        return Value::null();
      case Kind::kBoolean:
        return Value::boolean(flag());
      case Kind::kNumber:
        return Value::of(real());
      case Kind::kText:
        return m_.heap_.text(text());
      case Kind::kCandle: {
        CandleValue c;
        for (double* x : {&c.open, &c.high, &c.low, &c.close}) *x = real();
        c.epoch = number();
        return m_.heap_.candle(c);
      }
      case Kind::kList:
        return list();
    }
    return Value::undefined();
  }
  Value list() {
    const auto id = static_cast<std::size_t>(within(0, static_cast<std::int64_t>(lists_.size())));
    if (!good_) return Value::undefined();
    if (id < lists_.size()) return lists_[id];
    const Value out = m_.heap_.list({});
    lists_.push_back(out);
    if (++depth_ > 300) bad();
    values(out.list->items);
    --depth_;
    return out;
  }
  void values(std::vector<Value>& out) {
    // Each value takes two bytes at least, so that a count cannot promise more than there is.
    const auto count = within(0, static_cast<std::int64_t>(rest_.size() / 2));
    out.clear();
    for (std::int64_t i = 0; i < count && good_; ++i) out.push_back(value());
  }
  void frames(std::vector<Machine::Frame>& out, std::size_t stack) {
    const auto count = within(0, static_cast<std::int64_t>(kMaxFrames));
    out.clear();
    const auto functions = static_cast<std::int64_t>(m_.program_->functions.size());
    for (std::int64_t i = 0; i < count && good_; ++i) {
      Machine::Frame f;
      f.function = static_cast<std::int32_t>(within(0, functions - 1));
      if (!good_) return;
      const auto& code = m_.program_->function(f.function);
      f.pc = static_cast<std::int32_t>(within(0, static_cast<std::int64_t>(code.code.size()) - 1));
      f.base = static_cast<std::int32_t>(within(0, static_cast<std::int64_t>(stack)));
      if (static_cast<std::size_t>(f.base + code.locals) > stack) bad();
      if (!out.empty() && f.base < out.back().base) bad();
      out.push_back(f);
    }
  }
  void snapshot(Machine::Snapshot& s) {
    s.taken = flag();
    s.stage = static_cast<Machine::Stage>(within(0, static_cast<int>(Machine::Stage::kAfterDone)));
    values(s.globals);
    values(s.stack);
    frames(s.frames, s.stack.size());
  }
  void options() {
    auto& o = m_.options_;
    o.set = flag();
    o.shape = static_cast<int>(number());
    if (o.set && (o.shape < 0 || o.shape >= static_cast<int>(m_.program_->options.size()))) bad();
    o.amount = real();
    o.duration = value();
    o.prediction = value();
    o.barrier = text();
    o.barrier2 = text();
    o.take_profit = real();
    o.stop_loss = real();
  }
  void buying() {
    if (!flag()) return;
    Buy b;
    b.type = text();
    b.stake = money();
    b.basis_payout = flag();
    b.duration = static_cast<std::int32_t>(within(0, 1'000'000'000));
    b.unit = static_cast<char>(within('a', 'z'));
    const auto prediction = within(-1, 10);
    if (prediction >= 0) b.prediction = static_cast<int>(prediction);
    b.barrier = maybe_text();
    b.barrier2 = maybe_text();
    b.growth = real();
    b.multiplier = real();
    b.take_profit = maybe_money();
    b.stop_loss = maybe_money();
    b.line = static_cast<int>(within(0, 1'000'000'000));
    m_.buying_ = b;
  }
  void contract() {
    auto& c = m_.contract_;
    for (bool* b : {&c.known, &c.sold, &c.can_sell, &c.has_bid}) *b = flag();
    c.transaction = number();
    c.type = text();
    c.buy_price = money();
    c.sell_price = money();
    if (c.buy_price.exponent() != m_.settings_.money_decimals && c.known) bad();
    c.entry_time = moment();
    c.exit_time = moment();
    c.entry = price();
    c.exit = price();
    c.barrier = real();
  }
  void quotes() {
    const auto count = within(0, 100);
    for (std::int64_t i = 0; i < count && good_; ++i) {
      auto type = text();
      Quoted q;
      q.ask = money();
      q.payout = money();
      m_.quotes_.emplace(std::move(type), q);
    }
  }

  Machine& m_;
  std::string_view rest_;
  std::vector<Value> lists_;
  int depth_ = 0;
  bool good_ = true;
};

std::string Machine::save() const { return StateWriter(*this).write(); }

core::Result<void> Machine::load(std::string_view saved) {
  if (saved.size() > kMaxSaved) return core::invalid("a saved program is larger than 16 MiB");
  // The window may be newer than what was saved: its last tick stays the last.
  const auto newest = last_epoch_;
  if (!StateReader(*this, saved).read()) {
    return core::invalid("what was saved of the program does not belong to this file");
  }
  last_epoch_ = std::max(last_epoch_, newest);
  return {};
}

}  // namespace derivd::dbot
