// Guards of several strategies and of the market, in virtual time.
#include "unit/backtest/rig.hpp"

namespace derivd::backtest::test {
namespace {

constexpr std::int64_t kBegin = 1'782'000'000;

TEST(GroupsInABacktest, NeverHaveTwoContractsAtATime) {
  Rig rig;
  auto a = strategy("a", "even_odd");
  a.contract.duration.count = 3;
  auto b = strategy("b", "digit_differs");
  b.staking.base = usd("2.00");
  a.guards.max_open = b.guards.max_open = 4;
  a.group = b.group = "pair";
  auto free = strategy("free", "digit_differs");
  rig.options.settings.strategies = {a, b, free};
  std::vector<std::int64_t> quotes;
  for (std::int64_t i = 0; i < 200; ++i) quotes.push_back(100'000 + i * 7 % 31);
  rig.ticks(kBegin, quotes);
  rig.run_all();
  int of_a = 0;
  int of_b = 0;
  const Trade* last = nullptr;
  for (const auto& t : rig.trades) {
    if (t.strategy == 2) continue;
    (t.strategy == 0 ? of_a : of_b) += 1;
    if (last != nullptr) {
      EXPECT_GE(t.purchase_epoch, last->settled_epoch) << t.n;
    }
    last = &t;
  }
  EXPECT_GT(of_a, 10);
  EXPECT_GT(of_b + of_a, 40);
  EXPECT_GT(rig.trades.size(), 200u);
}

void buys_at_each_of_fifty_ticks(Rig& rig) {
  rig.options.settings.strategies = {strategy("a", "digit_differs")};
  std::vector<std::int64_t> quotes;
  for (std::int64_t i = 0; i < 50; ++i) quotes.push_back(100'000 + i * 7 % 31);
  rig.ticks(kBegin, quotes);
}

// A day's limit halts nothing: what is said at the end is all that tells why so little was bought.
TEST(ALimitOfADay, IsNamedWhereItBlocksAtTheEnd) {
  Rig rig;
  buys_at_each_of_fifty_ticks(rig);
  EXPECT_EQ(rig.run_all().strategies.at(0).blocked, "");
  rig.options.settings.limits.max_trades_per_day = 3;
  const auto result = rig.run_all();
  const auto& s = result.strategies.at(0);
  EXPECT_EQ(rig.trades.size(), 3u);
  EXPECT_FALSE(s.halted) << "the next day goes on";
  EXPECT_EQ(s.blocked, "max_trades_per_day");
  EXPECT_NE(s.block_reason.find("3 of 3"), std::string::npos) << s.block_reason;
}

TEST(ALimitOfADay, OfMoneyBlocksWhereTheStakeThatIsKnownDoesNotFit) {
  Rig rig;
  buys_at_each_of_fifty_ticks(rig);
  auto& limits = rig.options.settings.limits;
  const auto blocked = [&] { return rig.run_all().strategies.at(0).blocked; };
  limits.min_balance = rig.options.balance;
  EXPECT_EQ(blocked(), "min_balance");
  limits.min_balance.reset();
  limits.daily_loss = usd("0.50");
  EXPECT_EQ(blocked(), "daily_loss");
  // What a payout costs is known to the venue alone.
  rig.options.settings.strategies[0].contract.basis = market::Basis::kPayout;
  EXPECT_EQ(blocked(), "");
}

TEST(VolatilityInABacktest, LetsOnlyTheCalmHalfIn) {
  Rig rig;
  auto calm = strategy("calm", "digit_differs");
  calm.guards.volatility = risk::VolatilityBounds{10, {}, core::Decimal{1, 1}};
  auto wild = strategy("wild", "digit_differs");
  wild.staking.base = usd("2.00");
  wild.guards.volatility = risk::VolatilityBounds{10, core::Decimal{1, 1}, {}};
  rig.options.settings.strategies = {calm, wild};
  // A hundred ticks of steps of 0.01%, then a hundred of steps of 1%.
  std::vector<std::int64_t> quotes;
  for (std::int64_t i = 0; i < 100; ++i) quotes.push_back(100'000 + i % 2 * 10);
  for (std::int64_t i = 0; i < 100; ++i) quotes.push_back(100'000 + i % 2 * 1000);
  rig.ticks(kBegin, quotes);
  rig.run_all();
  std::int64_t last_calm = 0;
  std::int64_t first_calm = 0;
  std::int64_t first_wild = 0;
  for (const auto& t : rig.trades) {
    if (t.strategy == 0 && first_calm == 0) first_calm = t.signal_epoch.s;
    if (t.strategy == 0) last_calm = t.signal_epoch.s;
    if (t.strategy == 1 && first_wild == 0) first_wild = t.signal_epoch.s;
  }
  EXPECT_EQ(first_calm, kBegin + 10) << "known with the eleventh tick";
  EXPECT_EQ(last_calm, kBegin + 100) << "the first step of 1% comes with tick 102";
  EXPECT_EQ(first_wild, kBegin + 101);
}

}  // namespace
}  // namespace derivd::backtest::test
