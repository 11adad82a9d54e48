// What a venue's refusals do to a strategy: growing waits, a halt after a bound, a plan that gives
// way where its raised stake is refused.
#include "risk/refusals.hpp"
#include "rig.hpp"

namespace derivd::engine::test {
namespace {

using core::EventKind;
using execution::RefusalKind;

/// A strategy that wants to buy at each tick of R_100, and a venue that answers all it gets.
class Refusals : public testing::Test {
 protected:
  static StrategySettings raising(std::string_view plan = "martingale") {
    auto s = every_tick("a");
    s.staking.plan = plan;
    return s;
  }
  void start(StrategySettings s, Audience audience = {}) {
    rig.emplace(Settings{{}, {std::move(s)}}, std::move(audience));
    rig->live();
    tick();
  }
  void tick() {
    ++ticks;
    rig->tick("R_100", start_epoch + 2 * ticks, ticks % 2 == 0 ? "100.00" : "100.01");
  }
  /// Ticks until something is bought; how many it took, 0: at most `most` were not enough.
  int ticks_to_buy(int most = 200) {
    for (int i = 1; i <= most; ++i) {
      tick();
      if (!rig->buys.empty()) return i;
    }
    return 0;
  }
  void refuse(RefusalKind kind = RefusalKind::kParameters, std::string_view code = "Refused") {
    rig->refused(rig->buy().order, code, kind);
  }
  void lose(std::int64_t contract) {
    rig->bought(rig->buy().order, contract);
    rig->settle(contract, "0.00");
  }
  std::string stake() { return rig->buys.empty() ? "" : rig->buys.front().stake.to_string(); }

  static constexpr std::int64_t start_epoch = 1'000;
  std::int64_t ticks = 0;
  std::optional<Rig> rig;
};

TEST_F(Refusals, ADoomedPurchaseIsNotAskedForForEver) {
  start(every_tick("a"));
  int sent = 0;
  for (int i = 0; i < 1'000; ++i) {
    for (const auto& buy : rig->take_buys()) {
      ++sent;
      rig->refused(buy.order, "TradingDurationNotAllowed");
    }
    tick();
  }
  EXPECT_EQ(sent, risk::kMaxStrikes);
  const auto view = rig->view("a");
  EXPECT_EQ(view.status, StrategyStatus::kHalted);
  EXPECT_EQ(view.halt_kind, "refused");
  EXPECT_EQ(view.reason, "TradingDurationNotAllowed: text (10 times in a row)");
  EXPECT_EQ(view.refused, risk::kMaxStrikes);
  EXPECT_EQ(rig->count(EventKind::kStrategyHalted), 1);
  for (const auto& e : rig->events) {
    if (e.kind != EventKind::kStrategyHalted) continue;
    EXPECT_EQ(e.reason, "refused");
    EXPECT_TRUE(e.text.view().ends_with("derivctl resume a")) << e.text.view();
  }
}

TEST_F(Refusals, WhatToTypeIsForTheInstance) {
  start(every_tick("a"), {.ctl = "derivctl --name two"});
  for (int i = 0; i < 1'000; ++i) {
    for (const auto& buy : rig->take_buys()) rig->refused(buy.order, "TradingDurationNotAllowed");
    tick();
  }
  ASSERT_EQ(rig->count(EventKind::kStrategyHalted), 1);
  for (const auto& e : rig->events) {
    if (e.kind != EventKind::kStrategyHalted) continue;
    EXPECT_TRUE(e.text.view().ends_with("then derivctl --name two resume a")) << e.text.view();
  }
}

TEST_F(Refusals, TheWaitsDouble) {
  start(every_tick("a"));
  std::vector<int> waits;
  for (int i = 0; i < risk::kMaxStrikes - 1; ++i) {
    refuse();
    waits.push_back(ticks_to_buy());
  }
  // Ticks of two seconds: 1, 2, 4, 8, … at most 120 s.
  EXPECT_EQ(waits, (std::vector<int>{1, 1, 2, 4, 8, 16, 32, 60, 60}));
}

TEST_F(Refusals, APurchaseForgivesAll) {
  start(every_tick("a"));
  for (int i = 0; i < 4; ++i) {
    refuse();
    ASSERT_GT(ticks_to_buy(), 0);
  }
  EXPECT_EQ(rig->view("a").refused_in_row, 4);
  EXPECT_EQ(rig->count(EventKind::kStrategyWaits), 1);
  rig->bought(rig->buy().order, 70);
  EXPECT_EQ(rig->view("a").refused_in_row, 0);
  EXPECT_EQ(rig->view("a").refused, 4);
  EXPECT_EQ(rig->count(EventKind::kStrategyResumed), 1);
  rig->settle(70, "1.95");
  ASSERT_EQ(ticks_to_buy(), 1);
  refuse();
  EXPECT_EQ(ticks_to_buy(), 1);
}

TEST_F(Refusals, ARestartIsNoWayRound) {
  start(every_tick("a"));
  std::vector<int> waits;
  for (int i = 0; i < risk::kMaxStrikes - 1; ++i) {
    refuse();
    rig->restart();
    rig->live();
    EXPECT_EQ(rig->view("a").refused_in_row, i + 1);
    waits.push_back(ticks_to_buy());
  }
  EXPECT_EQ(waits, (std::vector<int>{1, 1, 2, 4, 8, 16, 32, 60, 60}));
  refuse();
  EXPECT_EQ(rig->view("a").halt_kind, "refused");
  rig->restart();
  rig->live();
  EXPECT_EQ(ticks_to_buy(), 0);
  EXPECT_EQ(rig->count(EventKind::kStrategyWaits), 1) << "told once, over all restarts";
}

TEST_F(Refusals, TheOperatorBeginsAnew) {
  start(every_tick("a"));
  for (int i = 0; i < risk::kMaxStrikes; ++i) {
    refuse();
    if (i + 1 < risk::kMaxStrikes) {
      ASSERT_GT(ticks_to_buy(), 0);
    }
  }
  ASSERT_EQ(rig->view("a").halt_kind, "refused");
  rig->engine->resume("a", rig->now, rig->actions);
  EXPECT_EQ(ticks_to_buy(), 1);
  refuse();
  EXPECT_EQ(rig->view("a").refused_in_row, 1);
}

TEST_F(Refusals, AnotherContractBeginsAnew) {
  start(every_tick("a"));
  for (int i = 0; i < 8; ++i) {
    refuse();
    ASSERT_GT(ticks_to_buy(), 0);
  }
  refuse();
  ASSERT_TRUE(rig->view("a").refused_until);
  auto changed = rig->settings;
  changed.strategies[0].contract.duration = {2, market::ContractDuration::Unit::kTicks};
  rig->reconfigure(changed);
  EXPECT_FALSE(rig->view("a").refused_until);
  EXPECT_EQ(ticks_to_buy(), 1);
  refuse();
  // The same settings once more change nothing.
  rig->reconfigure(changed);
  EXPECT_EQ(rig->view("a").refused_in_row, 1);
}

TEST_F(Refusals, AClosedMarketIsWaitedForWithoutAHalt) {
  start(every_tick("a"));
  int sent = 0;
  for (int i = 0; i < 2'000; ++i) {
    for (const auto& buy : rig->take_buys()) {
      ++sent;
      rig->refused(buy.order, "MarketIsClosed", RefusalKind::kClosed);
    }
    tick();
  }
  EXPECT_EQ(rig->view("a").status, StrategyStatus::kRunning);
  EXPECT_LE(sent, 8 + 4'000 / 120);
  EXPECT_GE(sent, 4'000 / 120) << "it looks whether the market is open again";
  EXPECT_EQ(rig->count(EventKind::kStrategyWaits), 1);
  ASSERT_GT(ticks_to_buy(61), 0) << "asked within two minutes";
  rig->bought(rig->buy().order, 70);
  EXPECT_EQ(rig->count(EventKind::kStrategyResumed), 1);
}

TEST_F(Refusals, TooManyCallsNeverHalt) {
  start(every_tick("a"));
  for (int i = 0; i < 3 * risk::kMaxStrikes; ++i) {
    refuse(RefusalKind::kPassing, "RateLimit");
    ASSERT_GT(ticks_to_buy(), 0);
  }
  EXPECT_EQ(rig->view("a").status, StrategyStatus::kRunning);
  EXPECT_EQ(rig->view("a").refused_in_row, 3 * risk::kMaxStrikes);
}

TEST_F(Refusals, WhatPassesCountsNotTowardsTheHalt) {
  start(every_tick("a"));
  for (int i = 0; i < 2 * risk::kMaxStrikes - 1; ++i) {
    refuse(i % 2 == 0 ? RefusalKind::kClosed : RefusalKind::kParameters);
    ASSERT_GT(ticks_to_buy(), 0) << i;
  }
  refuse();
  EXPECT_EQ(rig->view("a").halt_kind, "refused");
}

TEST_F(Refusals, WhatSaysNothingOfTheNextOneCostsNothing) {
  start(every_tick("a"));
  for (int i = 0; i < 50; ++i) {
    refuse(RefusalKind::kSingular, "NotSent");
    ASSERT_EQ(ticks_to_buy(), 1);
  }
  EXPECT_EQ(rig->view("a").refused_in_row, 0);
}

TEST_F(Refusals, AnswersOfOneBurstCountOnce) {
  // DIGITODD and DIGITEVEN: orders that differ are in flight together.
  auto s = every_tick("a");
  s.guards.max_open = 2;
  start(s);
  tick();
  ASSERT_EQ(rig->buys.size(), 2u) << "even and odd";
  rig->now.instant = rig->now.instant + std::chrono::milliseconds(20);
  for (const auto& buy : rig->take_buys()) rig->refused(buy.order, "Refused");
  EXPECT_EQ(rig->view("a").refused, 2);
  EXPECT_EQ(rig->view("a").refused_in_row, 1);
}

// ---- a raised stake gives way ----

TEST_F(Refusals, ARaisedStakeThatIsRefusedRestartsThePlan) {
  start(raising());
  lose(70);
  ASSERT_EQ(ticks_to_buy(), 1);
  lose(71);
  ASSERT_EQ(ticks_to_buy(), 1);
  EXPECT_EQ(stake(), "4.00");
  refuse(RefusalKind::kStake, "ContractBuyValidationError");
  EXPECT_EQ(rig->view("a").next_stake, usd("1.00"));
  ASSERT_EQ(ticks_to_buy(), 1);
  EXPECT_EQ(stake(), "1.00");
  // The base is taken, so that nothing is doomed here, however often the plan climbs.
  for (int i = 0; i < 2 * risk::kMaxStrikes; ++i) {
    lose(100 + i);
    ASSERT_EQ(ticks_to_buy(), 1);
    EXPECT_EQ(stake(), "2.00");
    refuse(RefusalKind::kStake, "ContractBuyValidationError");
    ASSERT_EQ(ticks_to_buy(), 1);
    EXPECT_EQ(stake(), "1.00");
  }
  EXPECT_EQ(rig->view("a").status, StrategyStatus::kRunning);
}

TEST_F(Refusals, OrStaysAtTheLargestThatIsTaken) {
  auto s = raising();
  s.staking.on_cap = staking::OnCap::kHold;
  start(s);
  for (int i = 0; i < 3; ++i) {
    lose(70 + i);
    ASSERT_EQ(ticks_to_buy(), 1);
  }
  EXPECT_EQ(stake(), "8.00");
  refuse(RefusalKind::kStake, "ContractBuyValidationError");
  ASSERT_EQ(ticks_to_buy(), 1);
  EXPECT_EQ(stake(), "4.00");
  lose(80);
  rig->restart();
  rig->live();
  ASSERT_EQ(ticks_to_buy(), 1);
  EXPECT_EQ(stake(), "4.00") << "forgotten over the restart";
  rig->bought(rig->buy().order, 81);
  rig->settle(81, "7.80");
  ASSERT_EQ(ticks_to_buy(), 1);
  EXPECT_EQ(stake(), "1.00");
  // A new climb asks the venue anew.
  for (int i = 0; i < 3; ++i) {
    lose(90 + i);
    ASSERT_EQ(ticks_to_buy(), 1);
  }
  EXPECT_EQ(stake(), "8.00");
}

TEST_F(Refusals, AnotherReasonLeavesTheStakeAlone) {
  start(raising());
  lose(70);
  for (int i = 0; i + 1 < risk::kMaxStrikes; ++i) {
    ASSERT_GT(ticks_to_buy(), 0);
    EXPECT_EQ(stake(), "2.00");
    refuse(i % 2 == 0 ? RefusalKind::kParameters : RefusalKind::kClosed);
  }
}

TEST_F(Refusals, ABaseThatIsRefusedHaltsInTheEnd) {
  start(raising());
  lose(70);
  int sent = 0;
  while (ticks_to_buy() > 0) {
    EXPECT_EQ(stake(), sent == 0 ? "2.00" : "1.00");
    refuse(RefusalKind::kStake);
    ++sent;
  }
  EXPECT_EQ(sent, risk::kMaxStrikes);
  EXPECT_EQ(rig->view("a").halt_kind, "refused");
}

// ---- an error that proves nothing, and quotes ----

TEST_F(Refusals, AnUnknownCodeCountsOnceItIsProvenThatNothingWasBought) {
  start(every_tick("a"));
  const auto prove_absent = [&](core::OrderId order) {
    for (int t = 0; t < 60 && rig->state(order) != execution::OrderState::kAbsent; ++t) {
      tick();
      rig->report(rig->empty_report());
    }
    ASSERT_EQ(rig->state(order), execution::OrderState::kAbsent);
  };
  for (int i = 1; i <= 3; ++i) {
    const auto order = rig->buy().order;
    rig->unknown(order, "NeverHeardOf", RefusalKind::kParameters);
    EXPECT_EQ(rig->state(order), execution::OrderState::kUnknown);
    EXPECT_EQ(rig->view("a").status, StrategyStatus::kBlocked);
    EXPECT_EQ(rig->view("a").refused_in_row, i - 1) << "counted before anything was proven";
    prove_absent(order);
    EXPECT_EQ(rig->view("a").refused_in_row, i);
    if (rig->buys.empty()) {
      ASSERT_GT(ticks_to_buy(), 0);
    }
  }
  // A lost answer is no refusal.
  const auto order = rig->buy().order;
  rig->unknown(order);
  prove_absent(order);
  EXPECT_EQ(rig->view("a").refused_in_row, 3);
}

TEST_F(Refusals, QuotesAreRefusedLikePurchases) {
  auto s = every_tick("a");
  s.guards.min_payout_ratio = core::Decimal{5, 1};
  start(s);
  int asked = 0;
  for (int i = 0; i < 1'000; ++i) {
    for (const auto& quote : std::exchange(rig->quotes, {})) {
      ++asked;
      Engine::QuoteReply reply;
      reply.order = quote.order;
      reply.code = "OfferingsValidationError";
      reply.reason = "Trading is not offered for this duration.";
      reply.kind = RefusalKind::kParameters;
      rig->quote(reply);
    }
    tick();
  }
  EXPECT_EQ(asked, risk::kMaxStrikes);
  EXPECT_EQ(rig->view("a").halt_kind, "refused");
  EXPECT_TRUE(rig->buys.empty());
}

TEST_F(Refusals, AnotherStrategyGoesOn) {
  Rig two({{}, {every_tick("a"), every_tick("b", "2.00")}});
  two.live();
  std::map<std::string, int> sent;
  std::int64_t contract = 70;
  for (int i = 0; i < 500; ++i) {
    two.tick("R_100", 1'000 + 2 * i, i % 2 == 0 ? "100.00" : "100.01");
    for (const auto& buy : two.take_buys()) {
      ++sent[buy.strategy.str()];
      if (buy.strategy == "a") {
        two.refused(buy.order, "Refused", RefusalKind::kParameters);
      } else {
        two.bought(buy.order, ++contract);
        two.settle(contract, "3.90");
      }
    }
  }
  EXPECT_EQ(sent["a"], risk::kMaxStrikes);
  EXPECT_EQ(sent["b"], 500);
}

TEST_F(Refusals, AClockThatWentBackDoesNotHoldForEver) {
  start(every_tick("a"));
  for (int i = 0; i < 8; ++i) {
    refuse();
    ASSERT_GT(ticks_to_buy(), 0);
  }
  refuse();
  // A replay that was started anew, hours before.
  const auto snapshot = rig->book.snapshot();
  Rig again(rig->settings);
  again.restore(snapshot);
  again.live();
  int needed = 0;
  for (int i = 0; i < 20 && again.buys.empty(); ++i) {
    again.tick("R_100", 100 + 2 * i, i % 2 == 0 ? "100.00" : "100.01");
    ++needed;
  }
  EXPECT_FALSE(again.buys.empty());
}

}  // namespace
}  // namespace derivd::engine::test
