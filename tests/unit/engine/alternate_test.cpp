// contract.alternate: the two types of a strategy change places after losses.
#include "unit/engine/rig.hpp"

namespace derivd::engine::test {
namespace {

struct Alternating : Rig {
  explicit Alternating(Settings s) : Rig(std::move(s)) {
    now.venue = {1'000};
    restore();
    live();
  }
  /// What an even digit buys; the contract then ends so.
  market::ContractType trade(std::string_view paid) {
    tick("100.02");
    const auto b = buy();
    bought(b.order, ++last, "1.95");
    settle(last, paid);
    return b.spec.type;
  }
  std::int64_t last = 0;
};

Settings alternating(std::int64_t losses) {
  Settings settings;
  settings.strategies = {every_tick("a")};
  settings.strategies[0].contract.alternate = losses;
  return settings;
}

constexpr auto kOdd = market::ContractType::kDigitOdd;
constexpr auto kEven = market::ContractType::kDigitEven;

TEST(Alternate, EachLossSwapsAndAWinStays) {
  Alternating rig(alternating(1));
  EXPECT_EQ(rig.trade("1.95"), kOdd);
  EXPECT_EQ(rig.trade("0.00"), kOdd);
  EXPECT_EQ(rig.view("a").swapped, true);
  EXPECT_EQ(rig.trade("1.95"), kEven);
  EXPECT_EQ(rig.trade("1.00"), kEven);  // a break-even
  EXPECT_EQ(rig.trade("0.00"), kEven);
  EXPECT_EQ(rig.trade("1.95"), kOdd);
}

TEST(Alternate, OrSoManyLossesInARow) {
  Alternating rig(alternating(2));
  EXPECT_EQ(rig.trade("0.00"), kOdd);
  EXPECT_EQ(rig.trade("1.95"), kOdd);
  EXPECT_EQ(rig.trade("0.00"), kOdd);
  EXPECT_EQ(rig.trade("0.00"), kOdd);
  EXPECT_EQ(rig.trade("0.00"), kEven);
  EXPECT_EQ(rig.trade("1.00"), kEven) << "a break-even neither counts nor ends the run";
  EXPECT_EQ(rig.trade("0.00"), kEven);
  EXPECT_EQ(rig.trade("0.00"), kOdd);
}

TEST(Alternate, ASessionThatBeginsAnewForgetsTheLossesOfTheOneBefore) {
  auto settings = alternating(2);
  settings.strategies[0].session.stop_loss = usd("1.00");
  Alternating rig(settings);
  rig.trade("0.00");
  rig.tick("100.02");
  ASSERT_EQ(rig.view("a").status, StrategyStatus::kHalted);
  rig.engine->resume("a", rig.now, rig.actions);
  EXPECT_EQ(rig.trade("0.00"), kOdd);
  EXPECT_EQ(rig.view("a").swapped, false) << "it is the first loss of its session";
}

TEST(Alternate, ARestartKeepsIt) {
  Alternating rig(alternating(2));
  for (const auto* paid : {"0.00", "0.00", "0.00"}) rig.trade(paid);
  rig.restart();
  EXPECT_EQ(rig.view("a").swapped, true);
  rig.live();
  EXPECT_EQ(rig.trade("0.00"), kEven);
  EXPECT_EQ(rig.trade("1.95"), kOdd) << "the loss of before the restart counts";
}

TEST(Alternate, AStrategyThatIsTakenOutAndPutBackKeepsIt) {
  const auto settings = alternating(2);
  Alternating rig(settings);
  for (const auto* paid : {"0.00", "0.00", "0.00"}) rig.trade(paid);
  rig.reconfigure({});
  rig.restart();
  rig.restart();  // what the first one wrote is what is kept
  rig.reconfigure(settings);
  EXPECT_EQ(rig.view("a").swapped, true);
  rig.live();
  EXPECT_EQ(rig.trade("0.00"), kEven);
  EXPECT_EQ(rig.trade("1.95"), kOdd) << "the loss of before counts";
  // Without the key it means nothing any more.
  rig.reconfigure({});
  rig.restart();
  auto plain = settings;
  plain.strategies[0].contract.alternate.reset();
  rig.reconfigure(plain);
  EXPECT_EQ(rig.view("a").swapped, std::nullopt);
  rig.live();
  EXPECT_EQ(rig.trade("0.00"), kOdd);
}

TEST(Alternate, SwapsTheTypesThatTheConfigurationNames) {
  const auto touch = *market::contract_type_from("ONETOUCH");
  const auto no_touch = *market::contract_type_from("NOTOUCH");
  auto settings = alternating(1);
  auto& s = settings.strategies[0];
  s.type = "rise_fall";
  s.contract.types = {touch, no_touch};
  s.contract.barrier = BarrierSetting({10, 2}, true);
  s.contract.duration = {5, market::ContractDuration::Unit::kTicks};
  Alternating rig(settings);
  rig.tick("100.00");
  rig.tick("100.01");
  auto b = rig.buy();
  EXPECT_EQ(b.spec.type, touch);
  rig.bought(b.order, 1, "1.95");
  rig.settle(1, "0.00");
  rig.tick("100.02");
  rig.tick("100.03");
  b = rig.buy();
  EXPECT_EQ(b.spec.type, no_touch);
}

TEST(Alternate, ABarrierTakesTheSignOfTheTypeThatIsBought) {
  auto settings = alternating(1);
  auto& s = settings.strategies[0];
  s.type = "higher_lower";
  s.contract.barrier = core::Decimal{10, 2};
  s.contract.duration = {5, market::ContractDuration::Unit::kTicks};
  Alternating rig(settings);
  rig.tick("100.00");
  rig.tick("100.01");
  auto b = rig.buy();
  EXPECT_EQ(b.spec.type, market::ContractType::kHigher);
  EXPECT_EQ(b.spec.offset().mantissa(), 10);
  rig.bought(b.order, 1, "1.95");
  rig.settle(1, "0.00");
  rig.tick("100.02");
  rig.tick("100.03");
  b = rig.buy();
  EXPECT_EQ(b.spec.type, market::ContractType::kLower);
  EXPECT_EQ(b.spec.offset().mantissa(), -10);
}

TEST(Alternate, AReloadThatTakesItAwayBeginsAtTheFirstAgain) {
  auto settings = alternating(1);
  Alternating rig(settings);
  rig.trade("0.00");
  settings.strategies[0].contract.alternate.reset();
  rig.reconfigure(settings);
  EXPECT_EQ(rig.view("a").swapped, std::nullopt);
  EXPECT_EQ(rig.trade("0.00"), kOdd);
  EXPECT_EQ(rig.trade("0.00"), kOdd);
}

}  // namespace
}  // namespace derivd::engine::test
