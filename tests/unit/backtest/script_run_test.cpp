// One program of a back-test: what it is asked at once, and what is handed on.
#include "backtest/script_run.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

namespace derivd::backtest {
namespace {

/// Answers with nothing, but for the sequences that it is told.
class Told final : public script::AheadProgram {
 public:
  struct Record {
    std::vector<std::uint64_t> asked;  // one by one
    std::vector<std::size_t> ahead;    // how many at once
    std::vector<script::Ticks> ticks;  // likewise
    std::vector<std::uint64_t> told;   // the count of messages without an answer
    std::uint64_t wishes_at = 0;
    std::uint64_t sells_at = 0;
    std::uint64_t fails_at = 0;
  };
  Told(Record& record, std::size_t most) : record_(record), most_(most) {}
  std::size_t most_ahead() const override { return most_; }
  Outcome start(const script::Setup&) override { return script::Answer{}; }
  void tell(const script::ToScript&) override { record_.told.push_back(0); }
  Outcome ask(const script::Event& event) override {
    record_.asked.push_back(event.sequence);
    return answer(event.sequence);
  }
  void ask_ahead(const script::Ticks& ticks) override {
    record_.ahead.push_back(ticks.quotes.size());
    record_.ticks.push_back(ticks);
    next_ = ticks.sequence;
  }
  Outcome next() override { return answer(next_++); }

 private:
  Outcome answer(std::uint64_t sequence) const {
    if (sequence == record_.fails_at) return script::Failure{sequence, "a.js:1", "no"};
    script::Answer answer;
    answer.sequence = sequence;
    answer.logs = {"of " + std::to_string(sequence)};
    if (sequence == record_.wishes_at) answer.wishes.resize(1);
    if (sequence == record_.sells_at) answer.sales.resize(1);
    return answer;
  }
  Record& record_;
  std::size_t most_;
  std::uint64_t next_ = 0;
};

constexpr std::int64_t kFirst = 1'700'000'000;

struct RunRig {
  explicit RunRig(std::size_t most = script::kMaxTicks)
      : run(std::make_unique<Told>(record, most)) {
    for (std::int64_t i = 0; i < 5000; ++i) rows.push_back({{kFirst + i}, 100'000 + i});
  }
  script::Event event(std::uint64_t sequence) const {
    const auto& row = rows[sequence - 1];
    return {sequence, row.epoch.s, own, script::Tick{row.epoch.s, row.mantissa, 2}};
  }
  /// Asks the n-th tick, with all that follow it.
  core::Result<ScriptRun::Outcome> ask(std::uint64_t n) {
    return run.ask(event(n), std::span<const market::TickRow>(rows).subspan(n));
  }
  Told::Record record;
  rules::Own own;
  std::vector<market::TickRow> rows;
  ScriptRun run;
};

TEST(ScriptRun, EachAnswerComesWithItsOwnTick) {
  RunRig rig;
  for (std::uint64_t n = 1; n <= 4000; ++n) {
    const auto outcome = rig.ask(n);
    ASSERT_TRUE(outcome) << outcome.error().text;
    const auto& answer = std::get<script::Answer>(*outcome);
    EXPECT_EQ(answer.sequence, n);
    EXPECT_EQ(answer.logs, std::vector<std::string>{"of " + std::to_string(n)});
  }
  // Twice as many each time, up to the bound of a message.
  EXPECT_EQ(rig.record.ahead,
            (std::vector<std::size_t>{16, 32, 64, 128, 256, 512, 1024, 1024, 1024}));
  EXPECT_TRUE(rig.record.asked.empty());
  const auto& second = rig.record.ticks[1];
  EXPECT_EQ(second.sequence, 17u);
  EXPECT_TRUE(script::is_same(script::event_of(second, 3), rig.event(20)));
}

TEST(ScriptRun, WhatComesBehindAWishASaleOrAFailureIsAskedAgain) {
  RunRig rig;
  rig.record.wishes_at = 5;
  rig.record.sells_at = 9;
  rig.record.fails_at = 12;
  for (std::uint64_t n = 1; n <= 12; ++n) {
    const auto outcome = rig.ask(n);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(std::holds_alternative<script::Failure>(*outcome), n == 12);
    const bool ends = n == 5 || n == 9 || n == 12;
    EXPECT_EQ(rig.run.is_ahead(), !ends) << n;
  }
  ASSERT_EQ(rig.record.ticks.size(), 3u);
  EXPECT_EQ(rig.record.ticks[1].sequence, 6u);
  EXPECT_EQ(rig.record.ticks[2].sequence, 10u);
}

TEST(ScriptRun, WithoutFollowersOrWithABoundOfOneEachIsAskedByItself) {
  RunRig alone(1);
  for (std::uint64_t n = 1; n <= 3; ++n) ASSERT_TRUE(alone.ask(n));
  EXPECT_EQ(alone.record.asked, (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_TRUE(alone.record.ahead.empty());
  RunRig last;
  ASSERT_TRUE(last.run.ask(last.event(1), {}));
  EXPECT_EQ(last.record.asked, std::vector<std::uint64_t>{1});
  RunRig few(3);
  for (std::uint64_t n = 1; n <= 6; ++n) ASSERT_TRUE(few.ask(n));
  EXPECT_EQ(few.record.ahead, (std::vector<std::size_t>{3, 3}));
}

TEST(ScriptRun, AnAnswerIsNeverHandedOnWithAnotherEvent) {
  const auto differs = [](auto&& change) {
    RunRig rig;
    EXPECT_TRUE(rig.ask(1));
    auto second = rig.event(2);
    change(second);
    const auto outcome = rig.run.ask(second, {});
    return !outcome && outcome.error().text.find("DERIVD_SCRIPT_AHEAD=1") != std::string::npos;
  };
  EXPECT_FALSE(differs([](script::Event&) {}));
  EXPECT_TRUE(differs([](script::Event& e) { ++e.sequence; }));
  EXPECT_TRUE(differs([](script::Event& e) { ++e.time; }));
  EXPECT_TRUE(differs([](script::Event& e) { e.own.trades_today = 1; }));
  EXPECT_TRUE(differs([](script::Event& e) { ++std::get<script::Tick>(e.what).mantissa; }));
  EXPECT_TRUE(differs([](script::Event& e) { e.what = script::Denied{1, "no"}; }));
  RunRig rig;
  EXPECT_TRUE(rig.run.tell(script::Reset{}));
  EXPECT_TRUE(rig.ask(1));
  EXPECT_FALSE(rig.run.tell(script::Reset{}));
  EXPECT_EQ(rig.record.told.size(), 1u);
}

}  // namespace
}  // namespace derivd::backtest
