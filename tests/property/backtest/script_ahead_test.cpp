// Random programs on random ticks: what each hears, says and trades is the same whether its ticks
// are asked one by one or as many at once as the driver dares.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backtest/backtest.hpp"
#include "backtest/result_json.hpp"
#include "core/rng.hpp"
#include "market/symbol.hpp"
#include "script/ahead.hpp"

namespace derivd::backtest {
namespace {

constexpr int kRuns = 40;
constexpr std::int64_t kTicks = 3000;
constexpr std::int64_t kMidnight = 1'782'000'000 / 86400 * 86400;

/// Everything that happened to the programs of a run.
struct Heard {
  std::string events;
  std::size_t ticks = 0;
  std::size_t ahead = 0;  // of them, those that were asked before their time
};

/// How often in a thousand events a program does something.
struct Temper {
  std::uint64_t buys = 0;
  std::uint64_t sells = 0;
  std::uint64_t logs = 0;
  std::uint64_t writes = 0;
  std::uint64_t fails = 0;
  bool alike = false;  // it buys one thing alone, as others do: one may have to wait for another
};

/// A program of nothing but chance, which follows from what it has heard in which order.
class Puppet final : public script::AheadProgram {
 public:
  Puppet(std::uint64_t seed, std::size_t at_once, Temper temper, Heard& heard)
      : rng_(seed), at_once_(at_once), temper_(temper), heard_(heard) {}

  std::size_t most_ahead() const override { return at_once_; }

  Outcome start(const script::Setup& setup) override {
    heard_.events += fmt::format("start {} {}\n", setup.strategy, setup.state);
    return script::Answer{};
  }
  void tell(const script::ToScript& message) override {
    EXPECT_TRUE(answers_.empty()) << "told while answers are on their way";
    heard_.events += fmt::format("told {}\n", message.index());
  }
  Outcome ask(const script::Event& event) override {
    EXPECT_TRUE(answers_.empty()) << "asked while answers are on their way";
    return hear(event);
  }
  void ask_ahead(const script::Ticks& ticks) override {
    EXPECT_TRUE(answers_.empty()) << "asked while answers are on their way";
    EXPECT_LE(ticks.quotes.size(), script::kMaxTicks);
    for (std::size_t i = 0; i < ticks.quotes.size(); ++i) {
      answers_.push_back(hear(script::event_of(ticks, i)));
      heard_.ahead += i > 0 ? 1 : 0;
      const auto* answer = std::get_if<script::Answer>(&answers_.back());
      if (answer == nullptr || script::asks(*answer)) break;
    }
  }
  Outcome next() override {
    EXPECT_FALSE(answers_.empty());
    auto first = std::move(answers_.front());
    answers_.pop_front();
    return first;
  }

 private:
  bool happens(std::uint64_t of_a_thousand) { return rng_.below(1000) < of_a_thousand; }

  Outcome hear(const script::Event& event) {
    // What was on its way to it when it failed.
    if (failed_) return script::Failure{event.sequence, "", "gone"};
    write_down(event);
    if (happens(temper_.fails) && happens(100)) {
      failed_ = true;
      return script::Failure{event.sequence, "puppet.js:7", fmt::format("at {}", event.sequence)};
    }
    script::Answer answer;
    answer.sequence = event.sequence;
    if (happens(temper_.buys)) {
      for (auto n = 1 + rng_.below(3); n > 0; --n) answer.wishes.push_back(wish());
    }
    if (wishes_ > 0 && happens(temper_.sells)) {
      answer.sales.push_back(wishes_ - rng_.below(std::min<std::uint64_t>(wishes_, 3)));
    }
    if (happens(temper_.logs)) answer.logs.push_back(fmt::format("log {}", rng_.below(100)));
    if (happens(temper_.writes)) answer.state = fmt::format(R"({{"n":{}}})", rng_.below(100));
    return answer;
  }

  void write_down(const script::Event& event) {
    const auto& own = event.own;
    heard_.events += fmt::format("{} at {}: {} {} {} {} {} {}: ", event.sequence, event.time,
                                 own.wins_in_row, own.losses_in_row, own.last_profit.to_string(),
                                 own.session_profit.to_string(), own.open, own.trades_today);
    if (const auto* tick = std::get_if<script::Tick>(&event.what)) {
      ++heard_.ticks;
      heard_.events += fmt::format("tick {} {}\n", tick->epoch, tick->mantissa);
    } else if (const auto* trade = std::get_if<script::Trade>(&event.what)) {
      heard_.events +=
          fmt::format("{} {} {} {}\n", trade->wish, trade->contract, trade->outcome, trade->profit);
    } else {
      const auto& denied = std::get<script::Denied>(event.what);
      heard_.events += fmt::format("{} denied: {}\n", denied.wish, denied.reason);
    }
  }

  script::Wish wish() {
    static constexpr std::array kTypes{"CALL",      "PUT",      "DIGITEVEN", "DIGITOVER",
                                       "DIGITDIFF", "ONETOUCH", "NOTOUCH",   "ASIANU",
                                       "RUNHIGH",   "RESETPUT", "CALLE",     "NONE"};
    script::Wish w;
    w.number = ++wishes_;
    if (temper_.alike) {
      w.type = "CALL";
      w.stake = "1.00";
      return w;
    }
    w.type = kTypes.at(rng_.below(kTypes.size()));
    if (rng_.below(4) > 0) {
      w.duration = rng_.below(2) == 0 ? fmt::format("{}t", 1 + rng_.below(10))
                                      : fmt::format("{}s", 15 + rng_.below(200));
    }
    if (w.type.ends_with("TOUCH")) w.barrier = fmt::format("{}.50", 1 + rng_.below(3));
    if (w.type.starts_with("DIGIT")) w.prediction = static_cast<std::int8_t>(rng_.below(9));
    if (rng_.below(3) == 0) w.stake = fmt::format("{}.00", 1 + rng_.below(5));
    return w;
  }

  core::Rng rng_;
  std::size_t at_once_;
  Temper temper_;
  Heard& heard_;
  std::deque<Outcome> answers_;
  std::uint64_t wishes_ = 0;
  bool failed_ = false;
};

struct Case {
  Options options;
  std::vector<std::string> symbols{"R_100", "1HZ100V"};
  std::vector<std::vector<market::TickRow>> rows;
  std::vector<Temper> tempers;
};

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : rng_(seed) {}

  Case make() {
    Case c;
    for (const auto& symbol : c.symbols) c.rows.push_back(ticks(symbol));
    auto& settings = c.options.settings;
    if (maybe()) settings.limits.max_open_contracts = between(1, 4);
    if (maybe()) settings.limits.daily_loss = core::Money::minor(between(20'00, 200'00));
    if (maybe()) settings.limits.day_starts = std::chrono::seconds(between(0, 86'399));
    const auto scripts = 1 + rng_.below(4);
    for (std::uint64_t i = 0; i < scripts; ++i) {
      settings.strategies.push_back(script(i));
      c.tempers.push_back(temper());
    }
    if (maybe()) settings.strategies.push_back(plain());
    const bool alike = rng_.below(4) == 0;
    for (std::size_t i = 0; alike && i < c.tempers.size(); ++i) {
      settings.strategies[i].symbol = "R_100";
      c.tempers[i].alike = true;
      c.tempers[i].buys = 50;
    }
    c.options.balance = core::Money::minor(between(100'00, 1000'00));
    if (maybe()) c.options.settle_delay = std::chrono::seconds(rng_.below(8));
    if (alike || rng_.below(4) == 0) c.options.latency_ticks = static_cast<int>(between(1, 4));
    return c;
  }

 private:
  bool maybe() { return rng_.below(2) == 0; }
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(high - low + 1)));
  }

  // Around a midnight, with holes, so that days roll and timed contracts may have no tick.
  std::vector<market::TickRow> ticks(std::string_view symbol) {
    const auto step = market::find_symbol(symbol)->interval_s;
    std::vector<market::TickRow> out;
    std::int64_t epoch = kMidnight - kTicks * step / 2;
    std::int64_t mantissa = 100'000;
    for (std::int64_t i = 0; i < kTicks; ++i) {
      epoch += rng_.below(200) == 0 ? between(step, 60) : step;
      mantissa += between(-30, 30);
      // A quote that is none: the engine leaves it out.
      out.push_back({{epoch}, rng_.below(500) == 0 ? 0 : mantissa});
    }
    return out;
  }

  engine::StrategySettings script(std::uint64_t i) {
    engine::StrategySettings s;
    s.name = core::Name(fmt::format("s{}", i));
    s.type = "script";
    s.symbol = maybe() ? "R_100" : "1HZ100V";
    s.script.file = "puppet.js";
    s.contract.duration.count = static_cast<std::int32_t>(between(1, 10));
    s.staking.base = core::Money::minor(between(1'00, 3'00));
    if (maybe()) s.staking.plan = "martingale";
    s.staking.factor = {20, 1};
    if (maybe()) s.session.stop_loss = core::Money::minor(between(10'00, 100'00));
    s.guards.max_open = between(1, 4);
    s.guards.cooldown = std::chrono::seconds(maybe() ? 0 : between(0, 30));
    if (rng_.below(3) == 0) s.group = "g";
    if (rng_.below(4) == 0) s.hook = engine::VirtualHook{1, 2, maybe()};
    if (rng_.below(4) == 0) s.exit.after = risk::ExitAfter{between(5, 20)};
    if (rng_.below(4) == 0) s.exit.profit = risk::ExitLevel{core::Money::minor(between(5, 50))};
    return s;
  }

  engine::StrategySettings plain() {
    engine::StrategySettings s;
    s.name = "plain";
    s.type = "even_odd";
    s.symbol = maybe() ? "R_100" : "1HZ100V";
    s.params["streak"] = between(1, 4);
    s.staking.base = core::Money::minor(100);
    if (maybe()) s.group = "g";
    return s;
  }

  Temper temper() {
    static constexpr std::array<std::uint64_t, 5> kOften{0, 2, 10, 50, 400};
    const auto any = [&] { return kOften.at(rng_.below(kOften.size())); };
    return {any(), any(), any(), any(), rng_.below(3) == 0 ? std::uint64_t{10} : 0, false};
  }

  core::Rng rng_;
};

struct Outcome {
  std::vector<Heard> heard;  // of each program
  std::string logs;
  std::string json;
};

Outcome run_case(const Case& c, std::size_t at_once) {
  Outcome out;
  out.heard.resize(c.tempers.size());
  auto options = c.options;
  std::size_t made = 0;
  options.make_program = [&] {
    const auto i = made++;
    return std::make_unique<Puppet>(i + 1, at_once, c.tempers.at(i), out.heard.at(i));
  };
  options.on_log = [&](core::VenueTime when, const core::Name& name, std::string_view line) {
    out.logs += fmt::format("{} {} {}\n", when.s, name, line);
  };
  std::deque<market::RowSource> sources;
  std::vector<Tape> tapes;
  for (std::size_t i = 0; i < c.rows.size(); ++i) {
    tapes.push_back({market::SymbolCode(c.symbols[i]), &sources.emplace_back(c.rows[i])});
  }
  ResultJson json(options, tapes);
  json.begin(out.json);
  const auto result = run(options, tapes, [&](const Trade& t) { json.trade(out.json, t); });
  EXPECT_TRUE(result) << result.error().text;
  if (result) json.end(out.json, *result);
  return out;
}

TEST(ScriptAhead, NothingTellsWhetherTicksWereAskedAhead) {
  std::size_t ticks = 0;
  std::size_t ahead = 0;
  std::size_t trades = 0;
  for (int i = 0; i < kRuns; ++i) {
    const auto c = Maker(static_cast<std::uint64_t>(i)).make();
    const auto alone = run_case(c, 1);
    static constexpr std::array<std::size_t, 4> kAtOnce{2, 17, 300, script::kMaxTicks};
    const auto together = run_case(c, kAtOnce.at(static_cast<std::size_t>(i) % kAtOnce.size()));
    ASSERT_EQ(alone.json, together.json) << i;
    ASSERT_EQ(alone.logs, together.logs) << i;
    for (std::size_t p = 0; p < alone.heard.size(); ++p) {
      ASSERT_EQ(alone.heard[p].ahead, 0u);
      ASSERT_EQ(alone.heard[p].events, together.heard[p].events) << i << " program " << p;
      ticks += together.heard[p].ticks;
      ahead += together.heard[p].ahead;
    }
    trades += static_cast<std::size_t>(std::ranges::count(alone.json, '{'));
  }
  // Else nothing was compared.
  EXPECT_GT(ahead, ticks / 3);
  EXPECT_GT(trades, 3000u);
}

}  // namespace
}  // namespace derivd::backtest
