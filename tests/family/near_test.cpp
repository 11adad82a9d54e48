// What a family gets for one file and one row: every room handles it, and none was told.
#include "family/near.hpp"

#include <gmock/gmock.h>

#include "backtest/payouts.hpp"
#include "deriv/encoder.hpp"
#include "deriv/saved_contract.hpp"
#include "engine/spec.hpp"
#include "execution/audit.hpp"
#include "execution/follow.hpp"
#include "market/kind.hpp"
#include "market/pricing.hpp"
#include "market/rule.hpp"
#include "market/shortcode.hpp"
#include "sim/deal.hpp"
#include "store/journal.hpp"
#include "unit/market/market_fixture.hpp"
#include "unit/service/temp_dir.hpp"
#include "venue/book.hpp"

namespace derivd::market {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kStart = 1'700'000'000;  // an even second
const ContractType kNearType(rows::kNear);

ContractSpec near(std::string_view offset, std::string_view duration = "2t") {
  return barrier_spec(kNearType, duration, "R_100", offset);
}

TEST(AMadeUpFamily, IsFoundByItsNameAndChecked) {
  EXPECT_EQ(contract_type_from("NEAR"), kNearType);
  EXPECT_EQ(contract_type_from("PUT"), std::nullopt) << "the product's own table is in use";
  const auto& r100 = *find_symbol("R_100");
  EXPECT_TRUE(validate(near("0.10"), r100));
  EXPECT_EQ(validate(near("-0.10"), r100).error().text, "A distance is above zero.");
  EXPECT_EQ(problem_of(spec_of(kNearType, "2t", "R_100", 3), r100)->fault, SpecFault::kPrediction);
  EXPECT_THAT(rule_in_words(near("0.10")),
              HasSubstr("NEAR, 2t: wins when the exit is within 0.10"));
}

TEST(AMadeUpFamily, IsBoughtByAStrategysTemplate) {
  engine::StrategySettings settings;
  settings.symbol = "R_100";
  settings.contract.barrier = core::Decimal{1, 1};
  settings.contract.duration = lasting("5t");
  EXPECT_EQ(engine::make_spec(settings, {kNearType, -1}, 2).value(), near("0.10", "5t"));
  settings.contract.barrier.reset();
  EXPECT_EQ(engine::sample_spec(settings, kNearType, 2).error().text,
            "NEAR needs contract.barrier");
}

TEST(AMadeUpFamily, LivesAndIsPriced) {
  auto life = life_of(near("0.10"), {kStart});
  life.on_tick(tick(kStart + 2, "100.00"));
  life.on_tick(tick(kStart + 4, "105.00"));
  EXPECT_EQ(result_of(life), std::nullopt);
  EXPECT_EQ(life.barrier_price(), price("100.10", 2));
  EXPECT_TRUE(life.on_tick(tick(kStart + 6, "99.90")));
  EXPECT_EQ(result_of(life), End::kWon);
  EXPECT_FALSE(wins(near("0.10"), price("100.00", 2), price("99.89", 2)));
  // 10.00 / (0.25 + 0.012).
  EXPECT_EQ(payout_for(near("0.10"), *find_symbol("R_100"), usd("10.00"), {}), usd("38.17"));
}

TEST(AMadeUpFamily, IsQuotedBoughtSoldBackAndPaidByTheBook) {
  venue::Book book({});
  const auto account = book.add_account("a", usd("100.00"));
  std::vector<venue::Change> changes;
  book.on_tick(tick(kStart, "100.00"), changes);
  EXPECT_EQ(book.quote(near("0.10"), usd("4.99"), {}, {kStart}).error().kind,
            venue::RefusalKind::kStakeTooSmall);
  const auto quote = book.quote(near("0.10"), usd("10.00"), {}, {kStart}).value();
  EXPECT_EQ(quote.payout, usd("38.17"));
  const auto ticks = book.buy(account, near("0.10"), quote.stake, quote.payout, {kStart}).value();
  const auto timed =
      book.buy(account, near("0.10", "1m"), quote.stake, quote.payout, {kStart}).value();
  for (int i = 1; i <= 3; ++i) book.on_tick(tick(kStart + 2 * i, "100.05"), changes);
  EXPECT_EQ(book.sell(account, ticks, {kStart + 6}).error().kind,
            venue::RefusalKind::kAlreadySettled);
  EXPECT_EQ(book.sell(account, timed, {kStart + 6}).value(), usd("33.89"));  // 0.9 - 0.012
  book.on_time({kStart + 8}, changes);
  EXPECT_EQ(book.find(ticks)->sell_price, usd("38.17"));
  EXPECT_EQ(book.account(account).balance, usd("152.06"));
}

execution::Order settled_order() {
  execution::Order order;
  order.id = {1};
  order.strategy = "near";
  order.spec = near("0.10");
  order.state = execution::OrderState::kSettled;
  order.outcome = execution::Outcome::kWon;
  order.contract = {77};
  order.stake = order.buy_price = usd("10.00");
  order.payout = order.sell_price = usd("38.17");
  order.profit = usd("28.17");
  order.purchase_time = {kStart};
  return order;
}

TEST(AMadeUpFamily, IsRecomputedAndAudited) {
  execution::Follower follower(near("0.10"), {kStart}, 2, {});
  const std::vector ticks{tick(kStart, "100.00"), tick(kStart + 2, "100.00"),
                          tick(kStart + 4, "100.50"), tick(kStart + 6, "100.11")};
  for (const auto& t : ticks) follower.on_tick(t, {});
  ASSERT_TRUE(follower.decided());
  EXPECT_EQ(follower.disagreement(settled_order()),
            "by our ticks: status is lost, not won; paid is 0.00, not 38.17");
  const auto audit = execution::audit(execution::claim_of(settled_order()), ticks);
  EXPECT_EQ(audit.verdict, execution::AuditVerdict::kDiffers);
  EXPECT_EQ(audit.won, false);
}

TEST(AMadeUpFamily, IsAskedForInBothDialectsAndRecognised) {
  const auto requested = [](deriv::Dialect dialect) {
    const auto rules = deriv::make_rules(dialect);
    std::string out;
    deriv::Encoder(*rules).proposal(out, 1, near("0.10", "15s"), usd("10.00"), "USD");
    return out;
  };
  EXPECT_THAT(requested(deriv::Dialect::kOptions), HasSubstr(R"("contract_type":"NEAR")"));
  EXPECT_THAT(requested(deriv::Dialect::kV3), HasSubstr(R"("contract_type":"NEARBY")"));
  EXPECT_THAT(requested(deriv::Dialect::kV3), HasSubstr(R"("barrier":"+0.10")"));
  EXPECT_EQ(shortcode_agrees(near("0.10"), "NEARBY_R_100_38.17_1700000000_2T_S10P_0"),
            Agreement::kAgrees);
  EXPECT_EQ(shortcode_agrees(near("0.10"), "NEAR_R_100_38.17_1700000000_2T_S11P_0"),
            Agreement::kDiffers);
  const Life life(near("0.10"), {{kStart}, usd("10.00"), usd("38.17")}, find_symbol("R_100"));
  const auto code = sim::shortcode_of(life, "NEAR", {}, {});
  EXPECT_EQ(shortcode_agrees(near("0.10"), code), Agreement::kAgrees);
}

TEST(AMadeUpFamily, HasATextAndIsSavedAndReadBack) {
  EXPECT_EQ(encode(near("0.10")), "NEAR R_100 2t +0.10");
  EXPECT_EQ(decode("NEAR R_100 2t +0.10").value(), near("0.10"));
  const test::TempDir dir;
  const auto file = dir.file("derivd.db");
  {
    const auto journal = store::Journal::open(file, store::Journal::Mode::kReadWrite);
    ASSERT_TRUE(journal) << journal.error().text;
    ASSERT_TRUE((*journal)->append(execution::OrderRecord{settled_order()}));
  }
  const auto again = store::Journal::open(file, store::Journal::Mode::kReadOnly);
  ASSERT_TRUE(again);
  const auto orders = (*again)->orders({});
  ASSERT_TRUE(orders);
  ASSERT_EQ(orders->size(), 1u);
  EXPECT_EQ(orders->front().spec, near("0.10"));
}

TEST(AMadeUpFamily, HasAPayoutInATableOfRatios) {
  const auto payouts = backtest::Payouts::parse("NEAR=3.5,CALL=1.95").value();
  EXPECT_EQ(payouts.identity(), "ratios CALL=1.95 NEAR=3.5");
  EXPECT_EQ(payouts.payout(near("0.10"), usd("10.00"), tick(kStart, "100.00")), usd("35.00"));
}

}  // namespace
}  // namespace derivd::market
