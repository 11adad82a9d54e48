// What derivctl says of the trades that store.keep has removed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/trades.hpp"
#include "derivctl/answer_text.hpp"

namespace derivd::ctl {
namespace {

using core::Money;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::int64_t kDay = 86'400'000'000;

std::vector<store::RemovedTrades> removed() {
  return {{"a", 5, 2, 2, Money::minor(500), Money::minor(-35), {20'000 * kDay}, {20'010 * kDay}},
          {"b", 3, 3, 0, Money::minor(300), Money::minor(99), {20'005 * kDay}, {20'020 * kDay}}};
}

TEST(Removed, SumsOfEachStrategyAndOfAll) {
  const auto all = daemon::removed_report(removed(), {});
  EXPECT_EQ(all["total"]["trades"], 8);
  EXPECT_EQ(all["total"]["won"], 5);
  EXPECT_EQ(all["total"]["lost"], 2);
  EXPECT_EQ(all["total"]["break_even"], 1);
  EXPECT_EQ(all["total"]["stakes"], "8.00");
  EXPECT_EQ(all["total"]["profit"], "0.64");
  EXPECT_EQ(all["total"]["first"], "2024-10-04T00:00:00Z");
  EXPECT_EQ(all["total"]["last"], "2024-10-24T00:00:00Z");
  EXPECT_EQ(all["strategies"]["a"]["profit"], "-0.35");
  EXPECT_EQ(all["strategies"]["b"]["trades"], 3);
}

TEST(Removed, OfWhatWasAskedForAlone) {
  EXPECT_TRUE(daemon::removed_report({}, {}).is_null());
  const auto of_a = daemon::removed_report(removed(), {.strategy = "a"});
  EXPECT_EQ(of_a["total"]["trades"], 5);
  EXPECT_FALSE(of_a["strategies"].contains("b"));
  EXPECT_TRUE(daemon::removed_report(removed(), {.strategy = "c"}).is_null());
  // Since a time behind all of a strategy's.
  const auto late = daemon::removed_report(removed(), {.since = core::WallTime{20'015 * kDay}});
  EXPECT_EQ(late["total"]["trades"], 3);
  EXPECT_TRUE(
      daemon::removed_report(removed(), {.since = core::WallTime{20'021 * kDay}}).is_null());
}

TEST(Removed, StandsBesideTheSumsOfWhatIsLeft) {
  execution::Order left;
  left.id = {9};
  left.strategy = "b";
  left.state = execution::OrderState::kSettled;
  left.buy_price = Money::minor(100);
  left.profit = Money::minor(95);
  auto stats = daemon::stats_report({left}, false);
  const auto plain = stats;
  daemon::add_removed(stats, nullptr);
  EXPECT_EQ(stats, plain);
  EXPECT_THAT(stats_text(stats), Not(HasSubstr("removed")));
  daemon::add_removed(stats, daemon::removed_report(removed(), {}));
  EXPECT_EQ(stats["total"]["trades"], 1) << "the other figures are of what is left";
  EXPECT_EQ(stats["total"]["removed"]["trades"], 8);
  EXPECT_EQ(stats["strategies"]["b"]["removed"]["trades"], 3);
  EXPECT_EQ(stats["strategies"]["a"]["trades"], 0) << "nothing of it is left";
  EXPECT_EQ(stats["strategies"]["a"]["removed"]["profit"], "-0.35");
  EXPECT_THAT(stats_text(stats),
              HasSubstr("8 trades of 2024-10-04T00:00:00Z to 2024-10-24T00:00:00Z were removed "
                        "(store.keep): profit 0.64 on stakes of 8.00\n"));
}

}  // namespace
}  // namespace derivd::ctl
