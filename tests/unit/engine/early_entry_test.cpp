// Owns the tests of rules of `exit:` where the venue's word of the entry comes before our own tick
// of it, and where nothing at all has come yet.
#include <gtest/gtest.h>

#include "unit/engine/rig.hpp"

namespace derivd::engine::test {
namespace {

constexpr std::int64_t kStart = 1'782'086'400;

/// One contract of five minutes, number 5, for 1.00: its entry tick has not come.
Rig bought_rig(const risk::ExitRules& rules) {
  auto s = every_tick("a");
  s.type = "rise_fall";
  s.contract.duration = {5, market::ContractDuration::Unit::kMinutes};
  s.exit = rules;
  Settings settings;
  settings.strategies = {s};
  Rig rig(settings);
  rig.restore({});
  rig.now.venue = {kStart};
  rig.live();
  rig.tick("1.02");
  rig.tick("1.03");
  rig.bought(rig.buy().order, 5, "1.95");
  return rig;
}

execution::ContractReport word(std::string_view bid, std::optional<std::int64_t> entry,
                               std::optional<std::int64_t> spot_time = {}) {
  execution::ContractReport r;
  r.contract = {5};
  r.status = "open";
  r.bid_price = usd(bid);
  r.can_sell = true;
  if (entry) r.entry = market::Tick{"R_100", {*entry}, core::Price::raw(104, 2)};
  if (spot_time) r.spot_time = core::VenueTime{*spot_time};
  return r;
}

TEST(EarlyEntry, TheEntryIsNoTickOfItsOwnWhoeverTellsItFirst) {
  risk::ExitRules rules;
  rules.after = risk::ExitAfter{3, {}};
  auto rig = bought_rig(rules);
  const auto entry = rig.now.venue.s + 2;
  rig.report_contract(word("1.00", entry, entry));
  for (int tick = 0; tick < 3; ++tick) rig.tick("1.04");  // the entry and two more
  rig.report_contract(word("1.00", entry));
  EXPECT_TRUE(rig.sells.empty());
  rig.tick("1.05");
  EXPECT_EQ(rig.sells.size(), 1U);
  EXPECT_EQ(rig.book.orders.at({1}).reason, "exit after 3t of 3t");
}

TEST(EarlyEntry, TicksThatTheStreamOfTheContractTellsAreCountedOnce) {
  risk::ExitRules rules;
  rules.after = risk::ExitAfter{2, {}};
  auto rig = bought_rig(rules);
  rig.tick("1.04");
  const auto entry = rig.now.venue.s;
  rig.report_contract(word("1.00", entry, entry));
  rig.report_contract(word("1.00", entry, entry + 2));
  EXPECT_TRUE(rig.sells.empty()) << "one tick";
  rig.tick("1.05");  // the same one, by its own stream
  EXPECT_TRUE(rig.sells.empty());
  rig.report_contract(word("1.00", entry, entry + 4));
  EXPECT_EQ(rig.sells.size(), 1U);
}

TEST(EarlyEntry, AValueWithoutAnEntryAndAnEntryWithoutAValueSellNothing) {
  risk::ExitRules rules;
  rules.profit = risk::ExitLevel{usd("0.10"), {}};
  auto rig = bought_rig(rules);
  rig.report_contract(word("1.90", {}));
  EXPECT_TRUE(rig.sells.empty());
  auto without = word("1.90", rig.now.venue.s + 2);
  without.bid_price.reset();
  rig.report_contract(without);
  EXPECT_TRUE(rig.sells.empty());
  rig.report_contract(word("1.90", rig.now.venue.s + 2));
  EXPECT_EQ(rig.sells.size(), 1U);
}

}  // namespace
}  // namespace derivd::engine::test
