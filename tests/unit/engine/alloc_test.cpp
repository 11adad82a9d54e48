// The hot path: a tick without a signal touches no heap.
#include <gtest/gtest.h>

#include "unit/core/tzif.hpp"
#include "unit/engine/counting_new.hpp"
#include "unit/engine/rig.hpp"

namespace derivd::engine::test {
namespace {

TEST(HotPath, ATickWithoutASignalDoesNotAllocate) {
  Settings settings;
  auto even_odd = every_tick("even_odd");
  even_odd.params["streak"] = 100;
  auto rise_fall = every_tick("rise_fall");
  rise_fall.type = "rise_fall";
  rise_fall.params["streak"] = 100;
  auto open = every_tick("open", "2.00");
  open.params["streak"] = 100;
  even_odd.group = "pair";
  even_odd.guards.hours = {{0x7f, 0, 86'400, core::test::berlin()}};
  even_odd.guards.volatility = risk::VolatilityBounds{20, {}, core::Decimal{100, 0}};
  settings.strategies = {even_odd, rise_fall, open};
  settings.limits.daily_loss = usd("100.00");
  Rig rig(settings);
  rig.restore({});
  rig.now.venue = {1'782'086'400};
  rig.live();
  for (int i = 0; i < 100; ++i) rig.tick("1.02");  // `open` and `even_odd` buy
  for (const auto& b : rig.take_buys()) rig.bought(b.order, b.order.value, "1.95");
  ASSERT_EQ(rig.engine->account().open_contracts, 2);

  Actions actions;
  actions.reserve(16);
  auto now = rig.now;
  const auto from = now.venue;
  std::uint64_t allocated = 0;
  std::size_t saves = 0;
  for (int i = 1; i <= 10'000; ++i) {
    now.venue.s += 2;
    now.instant = now.instant + std::chrono::seconds(2);
    const auto quote = core::Price::raw(100 + i % 2, 2);
    const auto before = allocations();
    rig.engine->on_tick({"R_100", now.venue, quote}, false, now, actions);
    if (actions.empty()) {
      allocated += allocations() - before;
      continue;
    }
    // Once in ten minutes of the venue a strategy's counters are saved.
    for (const auto& action : actions) {
      const auto* append = std::get_if<Append>(&action);
      ASSERT_TRUE(append && std::holds_alternative<execution::StrategyRecord>(append->record));
      ++saves;
    }
    actions.clear();
  }
  EXPECT_EQ(allocated, 0u);
  const auto each = (now.venue - from) / std::chrono::seconds(600);
  EXPECT_GT(saves, 0u);
  EXPECT_LE(saves, settings.strategies.size() * static_cast<std::size_t>(each + 1));
}

}  // namespace
}  // namespace derivd::engine::test
