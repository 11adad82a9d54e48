// A Deriv Bot program as a strategy. Rules: the product's contract, "Deriv Bot and Binary Bot
// programs"; semantics.md, sections 2 to 7 and 14.
#include "strategy/program.hpp"

#include <fmt/format.h>

#include <charconv>

#include "core/check.hpp"
#include "dbot/machine.hpp"
#include "strategy/program_spec.hpp"
#include "strategy/types.hpp"

namespace derivd::strategy {
namespace {

constexpr std::string_view kProgramTag = "program";
/// A journal record holds the whole state, at each purchase and result: variables that need more
/// are a fault of the program.
constexpr std::size_t kMaxState = 1 << 20;
/// Its variables may need so much memory; ten times what a record can hold.
constexpr std::size_t kMaxHeap = 8U << 20U;
/// Of a variable's text, for people.
constexpr std::size_t kMaxVariable = 200;

std::string_view level_of(dbot::Message::Kind kind) {
  using enum dbot::Message::Kind;
  switch (kind) {
    case kSuccess:
      return "success";
    case kInfo:
    case kConsole:
    case kTelegram:
    case kWebhook:
      return "info";
    case kWarn:
      return "warn";
    case kError:
      return "error";
    case kAlert:
      return "alert";
  }
  return "info";
}

std::string_view kind_of(dbot::Stopped::Why why) {
  switch (why) {
    case dbot::Stopped::Why::kFinished:
      return "finished";
    case dbot::Stopped::Why::kScript:
      return "script";
    case dbot::Stopped::Why::kRefused:
      return "refused";
  }
  return "script";
}

}  // namespace

struct Program::Wishes {
  std::vector<dbot::Wish> list;
};

bool operator==(const ProgramSettings& a, const ProgramSettings& b) {
  const auto print = [](const ProgramSettings& s) {
    return s.program != nullptr ? s.program->fingerprint : 0;
  };
  return a.file == b.file && a.answers == b.answers && a.seed == b.seed && a.symbol == b.symbol &&
         print(a) == print(b);
}

std::string fingerprint_of(const ProgramSettings& settings) {
  if (settings.program == nullptr) return {};
  return fmt::format("{:016x}", settings.program->fingerprint);
}

std::string identity_of(const ProgramSettings& settings) {
  std::uint64_t hash = 14695981039346656037ULL;
  const auto add = [&](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    hash = (hash ^ 0xFFU) * 1099511628211ULL;  // no byte of UTF-8: where one text ends
  };
  add(fingerprint_of(settings));
  add(settings.symbol);
  add(fmt::format("{}", settings.seed));
  for (const auto& answer : settings.answers) add(answer);
  return fmt::format("{:016x}", hash);
}

std::unique_ptr<Strategy> make_program(const ProgramSettings& settings,
                                       const market::SymbolInfo& symbol) {
  return std::make_unique<Program>(settings, symbol);
}

Program::Program(const ProgramSettings& settings, const market::SymbolInfo& symbol)
    : settings_(settings), symbol_(symbol), wishes_(std::make_unique<Wishes>()) {
  DERIVD_CHECK(settings_.program != nullptr, "settings were not checked");
  machine_ = make_machine();
}

Program::~Program() = default;

std::unique_ptr<dbot::Machine> Program::make_machine() const {
  dbot::Settings s;
  s.answers = settings_.answers;
  s.seed = settings_.seed;
  s.pip = symbol_.decimals;
  s.money_decimals = settings_.money_decimals;
  s.steps_a_turn = settings_.in_turns ? dbot::kStepsATurn : 0;
  s.max_heap_bytes = kMaxHeap;
  s.growth_barriers = growth_barriers_of(symbol_);
  auto machine = std::make_unique<dbot::Machine>(settings_.program, s);
  // Init is for the last tick of its past, or for the first tick that there is.
  machine->forget_ticks();
  return machine;
}

void Program::reset() {
  waiting_.clear();
  waiting_candles_.clear();
  candle_ticks_.clear();
  machine_->forget_time();
}

void Program::begin_anew() {
  auto fresh = make_machine();
  fresh->take_window(*machine_);
  machine_ = std::move(fresh);
  order_ = {};
  ended_.clear();
}

// -- the journal --------------------------------------------------------------------------------

std::string Program::save() const {
  return fmt::format("{} {} {} {} {}:{} {}", kProgramTag, identity_of(settings_), order_.value,
                     ended_line_, ended_.size(), ended_, machine_->save());
}

core::Result<void> Program::load(std::string_view saved) {
  const auto broken = [&] {
    return core::invalid(
        "what was saved of the program belongs to another file or to other answers; it begins "
        "anew");
  };
  const auto head = fmt::format("{} {} ", kProgramTag, identity_of(settings_));
  if (!saved.starts_with(head)) return broken();
  saved.remove_prefix(head.size());
  const auto number = [&](char end) -> std::optional<std::int64_t> {
    std::int64_t value = 0;
    const auto r = std::from_chars(saved.data(), saved.data() + saved.size(), value);
    if (r.ec != std::errc{} || r.ptr == saved.data() + saved.size() || *r.ptr != end) return {};
    saved.remove_prefix(static_cast<std::size_t>(r.ptr - saved.data()) + 1);
    return value;
  };
  const auto order = number(' ');
  if (!order) return broken();
  const auto line = number(' ');
  if (!line) return broken();
  const auto size = number(':');
  if (!size || *size < 0 || static_cast<std::size_t>(*size) + 1 > saved.size()) return broken();
  auto ended = std::string(saved.substr(0, static_cast<std::size_t>(*size)));
  saved.remove_prefix(static_cast<std::size_t>(*size) + 1);
  auto machine = make_machine();
  if (auto done = machine->load(saved); !done) return done.error();
  // The window comes from the venue's history; until then nothing runs.
  machine->forget_ticks();
  machine_ = std::move(machine);
  order_ = {*order};
  ended_ = std::move(ended);
  ended_line_ = static_cast<int>(*line);
  return {};
}

// -- events -------------------------------------------------------------------------------------

std::vector<rules::CandleNeed> Program::candle_needs() const {
  std::vector<rules::CandleNeed> out;
  for (const int interval : settings_.program->intervals) {
    out.push_back({rules::Where{interval}, static_cast<std::int64_t>(dbot::kWindow)});
  }
  return out;
}

void Program::begin_candles(rules::Where where, std::span<const rules::Candle::Closed> past) {
  waiting_candles_[where.seconds].assign(past.begin(), past.end());
  candle_ticks_.clear();
  take_candles();
}

void Program::candle_tick(const market::Tick& tick) {
  if (!machine_->in_the_middle()) return machine_->join_candles(tick.epoch, tick.quote);
  candle_ticks_.push_back(tick);
}

void Program::take_candles() {
  if (waiting_candles_.empty() || machine_->in_the_middle()) return;
  for (const auto& [seconds, past] : std::exchange(waiting_candles_, {})) {
    std::vector<dbot::CandleValue> candles(past.size());
    for (std::size_t i = 0; i < past.size(); ++i) {
      const auto price = [&](std::int64_t mantissa) {
        return core::Price::raw(mantissa, symbol_.decimals).to_double();
      };
      auto& c = candles[i];
      c.open = price(past[i].bar.open);
      c.high = price(past[i].bar.high);
      c.low = price(past[i].bar.low);
      c.close = price(past[i].bar.close);
      c.epoch = past[i].begins.s;
    }
    machine_->prime_candles(seconds, candles);
  }
  for (const auto& tick : std::exchange(candle_ticks_, {})) {
    machine_->join_candles(tick.epoch, tick.quote);
  }
}

void Program::past_tick(const market::Tick& tick) {
  take_candles();
  if (machine_->in_the_middle()) return wait(tick);
  machine_->prime(tick.epoch, tick.quote);
}

/// All reads of one section see the same tick: this one is seen afterwards.
void Program::wait(const market::Tick& tick) {
  if (waiting_.size() >= dbot::kWindow) waiting_.erase(waiting_.begin());
  waiting_.push_back(tick);
}

void Program::live_tick(const market::Tick& tick, Millis now, ProgramWishes& out) {
  take_candles();
  if (machine_->in_the_middle()) return wait(tick);
  if (!machine_->started()) {
    if (settings_.warmup > 0 && seen_ < settings_.warmup) {
      machine_->prime(tick.epoch, tick.quote);
      if (++seen_ == settings_.warmup) machine_->start(now, wishes_->list);
      return pass_on(now, out);
    }
    machine_->start(now, wishes_->list);
    pass_on(now, out);
    if (machine_->in_the_middle()) return wait(tick);
  }
  machine_->on_tick(tick.epoch, tick.quote, now, wishes_->list);
  pass_on(now, out);
}

/// Ticks that came while it computed: they fill the window, and it reacts to the newest alone.
void Program::take_waiting(Millis now, ProgramWishes& out) {
  if (waiting_.empty() || machine_->in_the_middle()) return;
  take_candles();
  const auto ticks = std::exchange(waiting_, {});
  for (std::size_t i = 0; i + 1 < ticks.size(); ++i) {
    machine_->prime(ticks[i].epoch, ticks[i].quote);
  }
  machine_->on_tick(ticks.back().epoch, ticks.back().quote, now, wishes_->list);
  pass_on(now, out);
}

void Program::on_time(Millis now, ProgramWishes& out) {
  machine_->on_time(now, wishes_->list);
  pass_on(now, out);
  take_waiting(now, out);
}

std::optional<Program::Millis> Program::next_deadline() const { return machine_->next_deadline(); }

void Program::opened(core::TransactionId transaction, core::Money price, Millis now,
                     ProgramWishes& out) {
  if (!machine_->waits_for_purchase()) return;
  machine_->opened({transaction.value, price}, now, wishes_->list);
  pass_on(now, out);
}

void Program::refused(std::string_view code, std::string_view text, Millis now,
                      ProgramWishes& out) {
  order_ = {};
  if (!machine_->waits_for_purchase()) return;
  machine_->refused(code, text, now, wishes_->list);
  pass_on(now, out);
}

void Program::denied(Millis now, ProgramWishes& out) {
  order_ = {};
  if (!machine_->waits_for_purchase()) return;
  machine_->denied(now, wishes_->list);
  pass_on(now, out);
}

void Program::updated(const ProgramUpdate& update, Millis now, ProgramWishes& out) {
  dbot::Update u;
  u.bid = update.bid;
  u.can_sell = update.can_sell;
  u.barrier = update.barrier;
  if (update.entry) {
    u.entry_time = update.entry->epoch;
    u.entry = update.entry->quote;
  }
  machine_->updated(u, now, wishes_->list);
  pass_on(now, out);
}

void Program::ended(const ProgramResult& result, Millis now, ProgramWishes& out) {
  order_ = {};
  // Its sale was asked for: the end is the answer.
  if (machine_->waits_for_sale()) machine_->sold(now, wishes_->list);
  dbot::Ended e;
  e.sell_price = result.sell_price;
  e.barrier = result.barrier;
  if (result.entry) {
    e.entry_time = result.entry->epoch;
    e.entry = result.entry->quote;
  }
  if (result.exit) {
    e.exit_time = result.exit->epoch;
    e.exit = result.exit->quote;
  }
  machine_->ended(e, now, wishes_->list);
  pass_on(now, out);
}

void Program::sold(Millis now, ProgramWishes& out) {
  machine_->sold(now, wishes_->list);
  pass_on(now, out);
}

void Program::not_sold(std::string_view why, Millis now, ProgramWishes& out) {
  machine_->not_sold(why, now, wishes_->list);
  pass_on(now, out);
}

void Program::quoted(const ProgramQuotes& quotes, Millis now, ProgramWishes& out) {
  std::map<std::string, dbot::Quoted, std::less<>> all;
  for (const auto& [type, q] : quotes) all[type] = {q.ask, q.payout};
  machine_->quoted(all, now, wishes_->list);
  pass_on(now, out);
}

void Program::ask_again(Millis now, ProgramWishes& out) {
  machine_->ask_again(now, wishes_->list);
  pass_on(now, out);
}

bool Program::fits_journal(Millis now, ProgramWishes& out) {
  // A back-test keeps none.
  if (!settings_.in_turns || machine_->save().size() <= kMaxState) return true;
  std::vector<dbot::Wish> last;
  const dbot::Stopped stopped{
      dbot::Stopped::Why::kScript,
      fmt::format("its variables need more than {} MiB, which is more than the journal keeps",
                  kMaxState >> 20U),
      machine_->progress().line};
  machine_->stop_at(stopped, now, last);
  for (const auto& wish : last) {
    if (const auto* s = std::get_if<dbot::Stopped>(&wish)) end(*s, out);
  }
  return false;
}

void Program::balance(core::Money balance) { machine_->balance(balance); }

bool Program::waits_for_purchase() const { return machine_->waits_for_purchase(); }
bool Program::waits_for_sale() const { return machine_->waits_for_sale(); }
bool Program::waits_for_quotes() const { return machine_->waits_for_quotes(); }
bool Program::is_over() const { return machine_->ended(); }
bool Program::has_begun() const { return machine_->started(); }

// -- wishes -------------------------------------------------------------------------------------

void Program::pass_on(Millis now, ProgramWishes& out) {
  // What is answered here brings further wishes, at the end of the list.
  for (std::size_t i = 0; i < wishes_->list.size(); ++i) {
    const dbot::Wish wish = wishes_->list[i];
    if (const auto* b = std::get_if<dbot::Buy>(&wish)) pass_on(*b, now, out);
    if (std::holds_alternative<dbot::Sell>(wish)) out.emplace_back(ProgramSells{});
    if (const auto* m = std::get_if<dbot::Message>(&wish)) {
      out.emplace_back(ProgramSays{level_of(m->kind), m->text, m->line});
    }
    if (const auto* s = std::get_if<dbot::Stopped>(&wish)) end(*s, out);
    if (const auto* a = std::get_if<dbot::AskQuotes>(&wish)) {
      ProgramAsks asks;
      for (const auto& one : a->of) {
        // What cannot be bought has no price; the program is told so when it reads it.
        if (const auto spec = spec_of(one, symbol_)) {
          asks.of.push_back({one.type, *spec, one.stake});
        }
      }
      out.emplace_back(std::move(asks));
    }
  }
  wishes_->list.clear();
}

void Program::pass_on(const dbot::Buy& wish, Millis now, ProgramWishes& out) {
  const auto spec = spec_of(wish, symbol_);
  if (!spec) {
    return machine_->refused(spec.error().code, spec.error().text, now, wishes_->list);
  }
  if (!fits_journal(now, out)) return;
  out.emplace_back(ProgramBuys{*spec, wish.stake});
}

std::string Program::place(int line) const {
  return line > 0 ? fmt::format("{}:{}: ", settings_.file, line)
                  : fmt::format("{}: ", settings_.file);
}

void Program::end(const dbot::Stopped& stopped, ProgramWishes& out) {
  ended_ = stopped.text;
  ended_line_ = stopped.line;
  out.emplace_back(ProgramEnds{kind_of(stopped.why), place(stopped.line) + stopped.text});
}

ProgramView Program::view() const {
  const auto p = machine_->progress();
  ProgramView v;
  v.file = settings_.file;
  v.phase = std::string(p.phase);
  v.waiting = std::string(p.waiting);
  v.line = p.line;
  v.total_profit = p.total_profit;
  v.runs = p.runs;
  v.restarts = p.restarts;
  v.ended = ended_;
  v.ended_line = ended_line_;
  v.variables = machine_->variables(kMaxVariable);
  return v;
}

}  // namespace derivd::strategy
