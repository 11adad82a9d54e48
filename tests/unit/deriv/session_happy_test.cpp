#include <gtest/gtest.h>

#include "rig.hpp"

namespace derivd::deriv::test {
namespace {

using market::ContractType;

class Happy : public testing::TestWithParam<Dialect> {
 protected:
  Rig rig{GetParam()};
};

TEST_P(Happy, ReachesLiveInOrder) {
  rig.to_live();
  EXPECT_EQ(rig.session->state(), SessionState::kLive);
  const std::vector<std::string> expected{
      "state connecting",  "state authorizing",
      "state syncing",     fmt::format("account {} demo USD 10000.00", rig.account_id()),
      "state reconciling", "state live"};
  EXPECT_EQ(rig.listener.log, expected);
}

TEST_P(Happy, NeverShowsTheTokenButWhereItBelongs) {
  rig.to_live();
  std::size_t shown = 0;
  for (const auto& line : rig.wire.log) shown += line.find(rig.token()) != std::string::npos;
  EXPECT_EQ(shown, rig.options() ? 0U : 1U);  // v3: the authorize frame
  for (const auto& line : rig.listener.log) {
    EXPECT_EQ(line.find(rig.token()), std::string::npos) << line;
    EXPECT_EQ(line.find("s3cret"), std::string::npos) << line;
  }
}

TEST_P(Happy, BuysAndHearsOfIt) {
  rig.to_live();
  rig.session->buy(core::OrderId{7}, spec_of(ContractType::kDigitOdd), core::Money::minor(35), "",
                   rig.now());
  const auto request = rig.request("buy");
  EXPECT_EQ(request["buy"], "1");
  EXPECT_EQ(request["price"].dump(), "0.35");
  rig.advance(milliseconds(80));
  rig.answer(request, {{"msg_type", "buy"},
                       {"buy",
                        {{"balance_after", 9999.65},
                         {"buy_price", 0.35},
                         {"contract_id", 290738827928},
                         {"longcode", "x"},
                         {"payout", 0.68},
                         {"purchase_time", 1'700'000'001},
                         {"shortcode", "DIGITODD_R_100_0.68_1700000001_1T"},
                         {"start_time", 1'700'000'001},
                         {"transaction_id", 579255439748}}}});
  EXPECT_EQ(rig.listener.log.back(), "bought 7 contract 290738827928 price 0.35 payout 0.68");
  EXPECT_EQ(rig.listener.bought.transaction.value, 579255439748);
  EXPECT_EQ(rig.listener.bought.purchase_time.s, 1'700'000'001);
  EXPECT_EQ(rig.listener.bought.balance_after.to_string(), "9999.65");
  EXPECT_EQ(rig.session->stats().last_buy_latency, core::Duration(milliseconds(80)));
}

INSTANTIATE_TEST_SUITE_P(Both, Happy, testing::Values(Dialect::kOptions, Dialect::kV3),
                         [](const auto& p) { return std::string(name_of(p.param)); });

}  // namespace
}  // namespace derivd::deriv::test
