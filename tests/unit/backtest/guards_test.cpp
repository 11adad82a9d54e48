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

}  // namespace
}  // namespace derivd::backtest::test
