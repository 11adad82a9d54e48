// Guards that look beyond their own strategy's last trade: groups, drawdown, volatility.
#include <gtest/gtest.h>

#include "core/utc.hpp"
#include "unit/core/tzif.hpp"
#include "unit/engine/rig.hpp"

namespace derivd::engine::test {
namespace {

using execution::OrderState;
using std::chrono::seconds;

constexpr std::int64_t kStart = 1'782'086'400;  // a Monday, 00:00 UTC

Rig live_rig(std::vector<StrategySettings> strategies, risk::AccountLimits limits = {}) {
  Settings s;
  s.limits = limits;
  s.strategies = std::move(strategies);
  Rig rig(s);
  rig.restore({});
  rig.now.venue = {kStart};
  rig.live();
  return rig;
}

StrategySettings of_group(std::string_view name, std::string_view stake,
                          std::string_view symbol = "R_100", std::string_view group = "majors") {
  auto s = every_tick(name, stake);
  s.symbol = symbol;
  s.group = group;
  s.guards.max_open = 3;
  return s;
}

DecisionView last_decision(const Rig& rig, std::string_view name) {
  const auto all = rig.engine->decisions(name, 1);
  return all.empty() ? DecisionView{} : all.front();
}

// ---- groups ----

TEST(Groups, HaveOneContractOpenTogether) {
  auto rig = live_rig({of_group("a", "1.00"), of_group("b", "2.00"), of_group("c", "3.00", "R_50"),
                       of_group("other", "4.00", "R_100", "minors"), every_tick("free", "5.00")});
  rig.tick("1.02");
  const auto buys = rig.take_buys();
  ASSERT_EQ(buys.size(), 3u);
  EXPECT_EQ(buys[0].strategy, "a");
  EXPECT_EQ(buys[1].strategy, "other");
  EXPECT_EQ(buys[2].strategy, "free");
  const auto d = last_decision(rig, "b");
  EXPECT_EQ(d.kind, DecisionView::Kind::kDropped);
  ASSERT_TRUE(d.denied);
  EXPECT_EQ(d.denied->limit, risk::Limit::kGroup);
  EXPECT_EQ(d.denied->holder, "a");
  EXPECT_EQ(d.text, "group: one contract at a time, and a has it");
  for (std::int64_t i = 0; i < 3; ++i) {
    rig.bought(buys[static_cast<std::size_t>(i)].order, 10 + i, "9.00");
  }
  // Also for another symbol, and for itself, whatever its own max_open allows.
  rig.tick("R_50", rig.now.venue.s, "1.0002");
  EXPECT_TRUE(rig.take_buys().empty());
  EXPECT_EQ(last_decision(rig, "c").denied->holder, "a");
  rig.tick("1.04");
  EXPECT_EQ(last_decision(rig, "a").denied->limit, risk::Limit::kGroup);
  EXPECT_EQ(last_decision(rig, "a").denied->holder, "a");
  // The next signal after its end enters, whoever raises it.
  rig.take_buys();
  rig.settle(10, "0.00");
  rig.tick("R_50", rig.now.venue.s + 2, "1.0004");
  EXPECT_EQ(rig.buy().strategy, "c");
}

TEST(Groups, AnOrderOfUnknownOutcomeIsOpenAlsoOverARestart) {
  auto rig = live_rig({of_group("a", "1.00"), of_group("b", "2.00")});
  rig.tick("1.02");
  const auto order = rig.buy().order;
  rig.unknown(order);
  rig.tick("1.04");
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_EQ(last_decision(rig, "b").denied->limit, risk::Limit::kGroup);
  rig.restart();
  rig.online();
  auto report = rig.empty_report();
  report.as_of = {};  // of a time that proves nothing
  rig.report(report);
  ASSERT_EQ(rig.state(order), OrderState::kUnknown);
  rig.tick("1.06");
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_EQ(last_decision(rig, "b").denied->holder, "a");
}

TEST(Groups, WaitForAnothersQuoteAndTakeItsPlace) {
  auto first = of_group("a", "1.00");
  first.guards.min_payout_ratio = *core::Decimal::parse("0.90");
  auto rig = live_rig({first, of_group("b", "2.00")});
  rig.tick("1.02");
  ASSERT_EQ(rig.quotes.size(), 1u);
  EXPECT_TRUE(rig.buys.empty()) << "what a wants is set aside";
  rig.quote(rig.quotes[0].order, "1.50", "1.00");  // pays too little
  EXPECT_EQ(rig.buy().strategy, "b");
  // And where a buys, b is told so.
  auto again = live_rig({first, of_group("b", "2.00")});
  again.tick("1.02");
  again.quote(again.quotes.at(0).order, "1.95", "1.00");
  EXPECT_EQ(again.buy().strategy, "a");
  EXPECT_EQ(last_decision(again, "b").denied->holder, "a");
}

TEST(Groups, CountWhatTheConfigurationNoLongerHas) {
  auto rig = live_rig({of_group("a", "1.00"), of_group("b", "2.00")});
  rig.tick("1.02");
  rig.bought(rig.buy().order, 5, "1.95");
  auto without = rig.settings;
  without.strategies.erase(without.strategies.begin());
  // By a reload, and over a restart, where only the journal knows of it.
  rig.reconfigure(without);
  rig.tick("1.04");
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_EQ(last_decision(rig, "b").denied->holder, "a");
  rig.restart();
  rig.online();
  auto report = rig.empty_report();
  execution::HistoryRow row;
  row.contract = {5};
  row.open = true;
  row.buy_price = usd("1.00");
  report.portfolio.push_back(row);
  rig.report(report);
  rig.tick("1.06");
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_EQ(last_decision(rig, "b").denied->holder, "a");
  rig.settle(5, "0.00");
  rig.tick("1.08");
  EXPECT_EQ(rig.buy().strategy, "b");
}

TEST(Groups, OfAReloadHoldAtOnce) {
  auto rig = live_rig({of_group("a", "1.00"), of_group("b", "2.00", "R_100", "")});
  rig.tick("1.02");
  for (const auto& buy : rig.take_buys()) rig.bought(buy.order, buy.order.value, "1.95");
  auto wanted = rig.settings;
  wanted.strategies[1].group = "majors";
  rig.reconfigure(wanted);
  EXPECT_FALSE(rig.view("b").change_pending);
  rig.tick("1.04");
  EXPECT_EQ(last_decision(rig, "b").denied->limit, risk::Limit::kGroup);
  wanted.strategies[1].group = "";
  rig.reconfigure(wanted);
  rig.tick("1.06");
  EXPECT_EQ(rig.buy().strategy, "b");
}

// ---- drawdown ----

TEST(DrawdownInTheEngine, PausesFromTheSettlementAlsoOverARestart) {
  auto s = every_tick("a", "1.00");
  s.guards.drawdown = risk::Drawdown{usd("2.00"), seconds(600)};
  auto rig = live_rig({s});
  std::int64_t contract = 0;
  const auto trade = [&](std::string_view paid) {
    rig.tick("1.02");
    rig.bought(rig.buy().order, ++contract, "1.95");
    rig.settle(contract, paid);
  };
  trade("1.95");  // 0.95
  trade("0.00");
  trade("0.50");  // -0.55: 1.50 below
  EXPECT_EQ(rig.view("a").guard, "");
  rig.restart();
  rig.live();
  trade("0.00");  // -1.55: 2.50 below
  const auto began = rig.now.venue.s;
  const auto until = core::utc_iso(core::VenueTime{began + 600});
  EXPECT_EQ(rig.view("a").guard.view(), "drawdown: until " + until);
  EXPECT_EQ(rig.view("a").reason.view(), "drawdown: until " + until);
  rig.restart();
  rig.live();
  EXPECT_EQ(rig.view("a").guard.view(), "drawdown: until " + until);
  rig.tick("R_100", began + 598, "1.02");
  EXPECT_TRUE(rig.buys.empty());
  const auto d = last_decision(rig, "a");
  ASSERT_TRUE(d.denied);
  EXPECT_EQ(d.denied->limit, risk::Limit::kDrawdown);
  EXPECT_EQ(d.text.view(), "drawdown: until " + until);
  rig.tick("R_100", began + 600, "1.02");
  rig.bought(rig.buy().order, ++contract, "1.95");
  EXPECT_EQ(rig.view("a").guard, "");
  // The best began anew at -1.55: a loss of 1.00 is none of 2.00, and two are.
  rig.settle(contract, "0.00");
  EXPECT_EQ(rig.view("a").guard, "");
  rig.restart();
  rig.live();
  trade("0.00");
  EXPECT_NE(rig.view("a").guard, "");
}

TEST(DrawdownInTheEngine, OfAReloadKnowsTheBestOfBefore) {
  auto rig = live_rig({every_tick("a", "1.00")});
  for (std::int64_t id = 1; id <= 2; ++id) {
    rig.tick("1.02");
    rig.bought(rig.buy().order, id, "1.95");
    rig.settle(id, id == 1 ? "1.95" : "0.00");
  }
  auto wanted = rig.settings;
  wanted.strategies[0].guards.drawdown = risk::Drawdown{usd("1.90"), seconds(60)};
  rig.reconfigure(wanted);
  rig.tick("1.02");
  rig.bought(rig.buy().order, 3, "1.95");
  rig.settle(3, "0.10");  // 0.90 below -0.05: 1.90 below 0.95
  EXPECT_NE(rig.view("a").guard, "");
}

TEST(DrawdownInTheEngine, BeginsAtNothingWithANewSession) {
  auto s = every_tick("a", "1.00");
  s.guards.drawdown = risk::Drawdown{usd("1.50"), seconds(60)};
  s.session.take_profit = usd("0.90");
  auto rig = live_rig({s});
  rig.tick("1.02");
  rig.bought(rig.buy().order, 1, "1.95");
  rig.settle(1, "1.95");
  ASSERT_EQ(rig.view("a").status, StrategyStatus::kHalted);
  rig.engine->resume("a", rig.now, rig.actions);
  rig.tick("1.02");
  rig.bought(rig.buy().order, 2, "1.95");
  rig.settle(2, "0.00");  // 1.95 below the session before, 1.00 below this one's
  EXPECT_EQ(rig.view("a").guard, "");
}

TEST(DrawdownInTheEngine, ARecordOfBeforeTakesTheSessionsPeak) {
  auto s = every_tick("a", "1.00");
  s.guards.drawdown = risk::Drawdown{usd("3.00"), seconds(60)};
  auto rig = live_rig({s});
  rig.tick("1.02");
  rig.bought(rig.buy().order, 1, "1.95");
  rig.settle(1, "1.95");
  auto& guards = rig.book.strategies.at("a").guards;
  const auto at = guards.find(" drawdown=");
  ASSERT_NE(at, std::string::npos);
  guards.erase(at, guards.find(' ', at + 1) - at);
  rig.restart();
  rig.live();
  for (std::int64_t id = 2; id <= 4; ++id) {
    EXPECT_EQ(rig.view("a").guard, "");
    rig.tick("1.02");
    rig.bought(rig.buy().order, id, "1.95");
    rig.settle(id, "0.00");
  }
  EXPECT_NE(rig.view("a").guard, "") << "-2.05 is 3.00 below the peak of 0.95";
}

// ---- volatility ----

StrategySettings calm_only(std::string_view name, std::int64_t ticks, std::string_view most) {
  auto s = every_tick(name, "1.00");
  s.guards.volatility = risk::VolatilityBounds{ticks, {}, *core::Decimal::parse(most)};
  return s;
}

TEST(VolatilityInTheEngine, CountsEveryTickAlsoWhileNothingMayEnter) {
  auto rig = live_rig({calm_only("a", 3, "0.5")});
  EXPECT_TRUE(rig.engine->wants_past());
  for (const auto* quote : {"100.00", "100.02", "100.00"}) {
    rig.tick(quote);
    EXPECT_EQ(last_decision(rig, "a").denied->limit, risk::Limit::kVolatility);
    EXPECT_FALSE(rig.view("a").volatility);
  }
  EXPECT_EQ(rig.view("a").last_decision, "volatility: not known yet, 3 of 4 ticks were seen");
  rig.tick("100.02");
  EXPECT_TRUE(rig.view("a").volatility);
  rig.bought(rig.buy().order, 1, "1.95");
  // A jump while its contract is open is in the window when the next signal comes.
  rig.tick("102.00");
  rig.settle(1, "0.00");
  rig.tick("102.02");
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_NE(rig.view("a").last_decision.view().find("above the most allowed, 0.5%"),
            std::string_view::npos);
  rig.tick("102.00");
  rig.tick("102.02");  // the jump has left it
  EXPECT_EQ(rig.buys.size(), 1u);
}

TEST(VolatilityInTheEngine, IsMadeAnewByTheVenuesHistory) {
  auto rig = live_rig({calm_only("a", 3, "0.5")});
  for (const auto* quote : {"100.00", "103.00", "103.02"}) rig.tick(quote);
  rig.restart();
  rig.live();
  const auto end = rig.now.venue.s;
  rig.tick("R_100", end - 4, "100.00", true);
  rig.tick("R_100", end - 2, "103.00", true);
  rig.tick("R_100", end, "103.02", true);
  EXPECT_TRUE(rig.buys.empty());
  rig.tick("103.00");
  EXPECT_NE(rig.view("a").last_decision.view().find("above the most allowed"),
            std::string_view::npos)
      << rig.view("a").last_decision.view();
}

TEST(VolatilityInTheEngine, BeginsAnewBehindTicksThatWereLost) {
  auto rig = live_rig({calm_only("a", 2, "0.5")});
  for (const auto* quote : {"100.00", "100.02", "100.00"}) rig.tick(quote);
  rig.bought(rig.buy().order, 1, "1.95");
  rig.settle(1, "0.00");
  rig.offline();
  rig.advance_to(rig.now.venue.s + 60);
  rig.live();
  rig.tick("100.02");
  EXPECT_EQ(rig.view("a").last_decision, "volatility: not known yet, 1 of 3 ticks were seen");
}

TEST(VolatilityInTheEngine, OfAReloadKnowsTheTicksOfBefore) {
  auto rig = live_rig({every_tick("a", "1.00")});
  for (const auto* quote : {"100.00", "104.00", "104.02", "104.00"}) rig.tick(quote);
  rig.bought(rig.buy().order, 1, "1.95");
  rig.settle(1, "0.00");
  auto wanted = rig.settings;
  wanted.strategies[0].guards.volatility =
      risk::VolatilityBounds{4, {}, *core::Decimal::parse("0.5")};
  rig.reconfigure(wanted);
  rig.tick("104.02");
  EXPECT_NE(rig.view("a").last_decision.view().find("over 4 ticks is above"),
            std::string_view::npos)
      << rig.view("a").last_decision.view();
  // A longer one begins with what is known, too.
  wanted.strategies[0].guards.volatility->ticks = 9;
  rig.reconfigure(wanted);
  rig.tick("104.00");
  EXPECT_EQ(rig.view("a").last_decision, "volatility: not known yet, 6 of 10 ticks were seen");
  wanted.strategies[0].guards.volatility.reset();
  rig.reconfigure(wanted);
  rig.tick("104.02");
  EXPECT_EQ(rig.buys.size(), 1u);
}

// ---- hours of a zone ----

TEST(HoursInTheEngine, OfAZoneSayWhenTheyBeginThere) {
  auto s = every_tick("a", "1.00");
  s.guards.hours = {{0x01, 8 * 3600, 9 * 3600, core::test::berlin()}};  // Monday, in summer
  auto rig = live_rig({s});
  rig.tick("R_100", kStart + 6 * 3600 - 2, "1.02");
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_EQ(rig.view("a").last_decision,
            "hours: outside the configured hours, which begin at 2026-06-22T06:00:00Z");
  rig.tick("R_100", kStart + 6 * 3600, "1.02");
  EXPECT_EQ(rig.buys.size(), 1u);
}

}  // namespace
}  // namespace derivd::engine::test
