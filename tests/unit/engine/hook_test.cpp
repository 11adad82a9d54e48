// `virtual:` of a strategy: signals that are followed without money until it is money's turn.
#include "unit/engine/rig.hpp"

namespace derivd::engine::test {
namespace {

Settings hooked(std::int64_t losses, std::int64_t trades = 1, bool until_win = false) {
  Settings settings;
  settings.strategies = {every_tick("a")};
  settings.strategies[0].hook = VirtualHook{losses, trades, until_win};
  return settings;
}

/// An even digit raises a signal for DIGITODD, which the next even digit loses.
struct Hooked : Rig {
  explicit Hooked(Settings s) : Rig(std::move(s)) {
    now.venue = {1'000};
    restore();
    live();
  }
  void even() { tick("100.02"); }
  void odd() { tick("100.01"); }
  std::string hook() const { return view("a").hook.str(); }
};

TEST(Hook, BuysAfterSoManyVirtualLossesInARowAndIsVirtualAgainAfterwards) {
  Hooked rig(hooked(2));
  EXPECT_EQ(rig.hook(), "virtual: 0 of 2 losses in a row");
  rig.even();
  EXPECT_EQ(rig.hook(), "virtual: 0 of 2 losses in a row, one is open");
  rig.even();
  EXPECT_EQ(rig.hook(), "virtual: 1 of 2 losses in a row, one is open");
  EXPECT_TRUE(rig.buys.empty());
  rig.even();  // the second loss, and the signal that is bought
  const auto buy = rig.buy();
  EXPECT_EQ(buy.spec.type, market::ContractType::kDigitOdd);
  EXPECT_EQ(rig.hook(), "real: 0 of 1 bought");
  rig.even();
  EXPECT_TRUE(rig.buys.empty()) << "its one trade is on its way";
  rig.bought(buy.order, 1, "1.95");
  EXPECT_EQ(rig.hook(), "real: 1 of 1 bought");
  rig.even();
  EXPECT_TRUE(rig.buys.empty());
  rig.settle(1, "1.95");
  EXPECT_EQ(rig.hook(), "virtual: 0 of 2 losses in a row");
  rig.even();
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_EQ(rig.view("a").trades, 1);
}

TEST(Hook, AVirtualWinBeginsTheCountAnew) {
  Hooked rig(hooked(2));
  rig.even();
  rig.even();
  EXPECT_EQ(rig.hook(), "virtual: 1 of 2 losses in a row, one is open");
  rig.odd();
  EXPECT_EQ(rig.hook(), "virtual: 0 of 2 losses in a row, one is open");
  rig.odd();
  EXPECT_TRUE(rig.buys.empty());
  rig.odd();
  EXPECT_EQ(rig.buy().spec.type, market::ContractType::kDigitEven);
}

TEST(Hook, OneVirtualContractAtATime) {
  auto settings = hooked(2);
  settings.strategies[0].contract.duration.count = 3;
  settings.strategies[0].guards.max_open = 5;
  Hooked rig(settings);
  // Bought at the first, it ends at the fourth; the next at the seventh.
  for (int i = 0; i < 6; ++i) rig.even();
  EXPECT_EQ(rig.hook(), "virtual: 1 of 2 losses in a row, one is open");
  EXPECT_TRUE(rig.buys.empty());
  rig.even();
  EXPECT_EQ(rig.take_buys().size(), 1U);
}

TEST(Hook, TouchesNoMoneyNoLimitNoPlanAndNoSession) {
  auto settings = hooked(50);
  settings.strategies[0].staking.plan = "martingale";
  settings.strategies[0].session.stop_loss = usd("1.00");
  settings.strategies[0].guards.cooldown = std::chrono::seconds(600);
  settings.strategies[0].guards.after_losses = risk::AfterLosses{1, std::chrono::seconds(600)};
  settings.limits.daily_loss = usd("1.00");
  settings.limits.max_trades_per_day = 1;
  Hooked rig(settings);
  for (int i = 0; i < 20; ++i) rig.even();
  EXPECT_EQ(rig.hook(), "virtual: 19 of 50 losses in a row, one is open");
  const auto v = rig.view("a");
  EXPECT_EQ(v.trades + v.won + v.lost + v.open, 0);
  EXPECT_EQ(v.profit, usd("0.00"));
  EXPECT_EQ(v.next_stake, usd("1.00"));
  const auto account = rig.engine->account();
  EXPECT_EQ(account.balance, usd("10000.00"));
  EXPECT_EQ(account.open_contracts + account.day_trades, 0);
  EXPECT_TRUE(rig.book.orders.empty());
}

TEST(Hook, PurchasesThatUsedUpTheirHourDoNotStopIt) {
  auto settings = hooked(1);
  settings.strategies[0].guards.max_trades_per_hour = 1;
  settings.limits.max_trades_per_day = 1;
  Hooked rig(settings);
  rig.even();
  rig.even();
  rig.bought(rig.buy().order, 1, "1.95");
  rig.settle(1, "0.00");
  rig.even();
  EXPECT_EQ(rig.hook(), "virtual: 0 of 1 loss in a row, one is open");
  rig.even();
  EXPECT_EQ(rig.hook(), "real: 0 of 1 bought");
  EXPECT_TRUE(rig.buys.empty()) << "of purchases the limits hold";
}

TEST(Hook, FollowsWhileAnotherOfItsGroupHasAContract) {
  auto settings = hooked(3);
  settings.strategies.push_back(every_tick("b"));
  for (auto& s : settings.strategies) s.group = "majors";
  Hooked rig(settings);
  rig.even();
  const auto buy = rig.buy();
  EXPECT_EQ(buy.strategy, "b");
  rig.bought(buy.order, 1, "1.95");
  rig.even();
  EXPECT_EQ(rig.hook(), "virtual: 1 of 3 losses in a row, one is open");
}

TEST(Hook, AStrategyThatIsStoppedFollowsNothing) {
  Hooked rig(hooked(2));
  rig.engine->pause("a", "lunch", rig.now, rig.actions);
  rig.even();
  EXPECT_EQ(rig.hook(), "virtual: 0 of 2 losses in a row");
  rig.engine->resume("a", rig.now, rig.actions);
  rig.even();
  EXPECT_EQ(rig.hook(), "virtual: 0 of 2 losses in a row, one is open");
}

TEST(Hook, UntilAWinItStaysReal) {
  Hooked rig(hooked(1, 1, true));
  rig.even();
  for (std::int64_t contract = 1; contract <= 3; ++contract) {
    rig.even();
    rig.bought(rig.buy().order, contract, "1.95");
    EXPECT_EQ(rig.hook(), fmt::format("real until one wins: {} bought", contract));
    rig.settle(contract, contract < 3 ? "0.00" : "1.95");
  }
  EXPECT_EQ(rig.hook(), "virtual: 0 of 1 loss in a row");
  rig.even();
  EXPECT_TRUE(rig.buys.empty());
}

TEST(Hook, SeveralRealTradesCountOrdersOnTheirWay) {
  auto settings = hooked(1, 2);
  settings.strategies[0].guards.max_open = 5;
  Hooked rig(settings);
  rig.even();
  rig.even();
  const auto first = rig.buy();
  rig.odd();
  const auto second = rig.buy();
  rig.even();
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_EQ(rig.view("a").last_decision,
            "its real trades are bought, and virtual ones follow when they have settled");
  rig.refused(first.order, "RateLimit", execution::RefusalKind::kSingular);
  rig.even();
  const auto third = rig.buy();
  rig.bought(second.order, 1, "1.95");
  rig.bought(third.order, 2, "1.95");
  rig.settle(1, "0.00");
  EXPECT_EQ(rig.hook(), "real: 2 of 2 bought") << "one is open";
  rig.even();
  EXPECT_TRUE(rig.buys.empty());
  rig.settle(2, "0.00");
  EXPECT_EQ(rig.hook(), "virtual: 0 of 1 loss in a row");
}

TEST(Hook, ARestartKeepsTheCountAndDropsTheOpenOne) {
  Hooked rig(hooked(2));
  rig.even();
  rig.even();
  rig.restart();
  EXPECT_EQ(rig.hook(), "virtual: 1 of 2 losses in a row");
  rig.live();
  rig.even();  // would have lost it
  EXPECT_EQ(rig.hook(), "virtual: 1 of 2 losses in a row, one is open");
  EXPECT_TRUE(rig.buys.empty());
  rig.even();
  const auto buy = rig.buy();
  rig.bought(buy.order, 1, "1.95");
  rig.restart();
  EXPECT_EQ(rig.hook(), "real: 1 of 1 bought");
  rig.online();
  auto report = rig.empty_report("9999.00");
  execution::HistoryRow row;
  row.contract = {1};
  row.open = true;
  row.buy_price = usd("1.00");
  row.purchase_time = rig.engine->open_orders().at(0).purchase_time;
  report.portfolio.push_back(row);
  rig.report(report);
  rig.even();
  EXPECT_TRUE(rig.buys.empty());
  rig.settle(1, "0.00");
  EXPECT_EQ(rig.hook(), "virtual: 0 of 2 losses in a row");
  rig.restart();
  EXPECT_EQ(rig.hook(), "virtual: 0 of 2 losses in a row");
}

TEST(Hook, ALostLinkDropsTheOpenOne) {
  Hooked rig(hooked(2));
  rig.even();
  rig.offline();
  EXPECT_EQ(rig.hook(), "virtual: 0 of 2 losses in a row");
  rig.live();
  rig.even();
  EXPECT_EQ(rig.hook(), "virtual: 0 of 2 losses in a row, one is open");
}

TEST(Hook, AReloadTakesItOrLeavesIt) {
  auto settings = hooked(5);
  Hooked rig(settings);
  rig.even();
  rig.even();
  settings.strategies[0].hook->losses = 2;
  rig.reconfigure(settings);
  EXPECT_EQ(rig.hook(), "virtual: 1 of 2 losses in a row, one is open");
  settings.strategies[0].hook.reset();
  rig.reconfigure(settings);
  EXPECT_EQ(rig.hook(), "");
  rig.even();
  const auto buy = rig.buy();
  settings.strategies[0].hook = VirtualHook{1, 1, false};
  rig.reconfigure(settings);
  rig.bought(buy.order, 1, "1.95");
  rig.even();
  EXPECT_EQ(rig.hook(), "virtual: 0 of 1 loss in a row") << "a real one is open";
  rig.settle(1, "0.00");
  EXPECT_EQ(rig.hook(), "virtual: 0 of 1 loss in a row");
  rig.even();
  EXPECT_EQ(rig.hook(), "virtual: 0 of 1 loss in a row, one is open");
}

TEST(Hook, AReloadToFewerTradesThanWereBoughtEndsThem) {
  auto settings = hooked(1, 3);
  Hooked rig(settings);
  rig.even();
  rig.even();
  for (std::int64_t contract = 1; contract <= 2; ++contract) {
    rig.bought(rig.buy().order, contract, "1.95");
    rig.settle(contract, "0.00");
    if (contract == 1) rig.even();
  }
  EXPECT_EQ(rig.hook(), "real: 2 of 3 bought");
  settings.strategies[0].hook->trades = 2;
  rig.reconfigure(settings);
  rig.even();
  EXPECT_EQ(rig.hook(), "virtual: 0 of 1 loss in a row, one is open");
  rig.even();
  EXPECT_EQ(rig.buy().strategy, "a") << "and after that loss it is money's turn again";
}

TEST(Hook, ExplainTellsOfIt) {
  Hooked rig(hooked(1));
  rig.even();
  auto d = rig.engine->decisions("a", 1).at(0);
  EXPECT_EQ(name_of(d.kind), "virtual");
  EXPECT_EQ(d.text.view(), "followed without money; virtual: 0 of 1 loss in a row, one is open");
  EXPECT_TRUE(rig.view("a").is_virtual);
  EXPECT_EQ(rig.view("a").reason, rig.view("a").hook);
  rig.even();
  d = rig.engine->decisions("a", 1).at(0);
  EXPECT_EQ(name_of(d.kind), "entered");
  EXPECT_FALSE(rig.view("a").is_virtual);
}

TEST(Hook, AStrategyThatIsTakenOutAndPutBackKeepsItsCount) {
  const auto settings = hooked(3);
  Hooked rig(settings);
  for (int i = 0; i < 3; ++i) rig.even();
  EXPECT_EQ(rig.hook(), "virtual: 2 of 3 losses in a row, one is open");
  rig.reconfigure({});
  rig.restart();
  rig.restart();
  rig.reconfigure(settings);
  EXPECT_EQ(rig.hook(), "virtual: 2 of 3 losses in a row");
  rig.reconfigure({});
  rig.restart();
  auto plain = settings;
  plain.strategies[0].hook.reset();
  rig.reconfigure(plain);
  EXPECT_EQ(rig.hook(), "");
  rig.live();
  rig.even();
  EXPECT_EQ(rig.take_buys().size(), 1U);
}

}  // namespace
}  // namespace derivd::engine::test
