// Deal cancellation over the wire of both dialects: what is offered and refused in which words,
// what a proposal and an open contract show, and what comes back. Shapes and texts: shared
// reference deriv/contracts.md section 2.4 and the captured open contract.
#include "sim_fixture.hpp"

namespace derivd::sim::test {
namespace {

/// Amounts are numbers in v3 and in replies, texts in the open contract of the options dialect.
double amount(const json& value) {
  return value.is_string() ? std::stod(value.get<std::string>()) : value.get<double>();
}

class Deals : public ::testing::TestWithParam<Dialect> {
 protected:
  bool v3() const { return GetParam() == Dialect::kV3; }
  ConnId open(Sim& sim) const { return v3() ? sim.v3() : sim.options(); }
  json proposal(const json& more, const std::string& symbol = "1HZ100V") const {
    auto p = proposal_of("MULTUP", 0, "t", symbol, v3() ? "symbol" : "underlying_symbol");
    p.erase("duration");
    p.erase("duration_unit");
    p["amount"] = 10;
    p["multiplier"] = 100;
    p.update(more);
    return p;
  }
  json deal() const { return proposal({{"cancellation", "5m"}}); }
  static Venue::Options path(const std::vector<std::int64_t>& mantissas) {
    auto o = Sim::defaults();
    o.gbm = false;
    o.replays = {replay("1HZ100V", kStart, mantissas, 1)};
    return o;
  }
  std::int64_t buy(Sim& sim, ConnId c) const {
    const auto quote = sim.call(c, deal())["proposal"];
    const auto m = sim.call(c, {{"buy", quote["id"]}, {"price", quote["ask_price"]}});
    EXPECT_EQ(code(m), "") << m;
    EXPECT_EQ(amount(m["buy"]["buy_price"]), 11.24) << m;
    EXPECT_NE(m["buy"]["shortcode"].get<std::string>().find("_5m_0.00_N1"), std::string::npos) << m;
    return m["buy"]["contract_id"];
  }
  json shown(Sim& sim, ConnId c, std::int64_t id) const {
    return sim.call(c,
                    {{"proposal_open_contract", 1}, {"contract_id", id}})["proposal_open_contract"];
  }
  double balance(Sim& sim, ConnId c) const {
    return amount(sim.call(c, {{"balance", 1}})["balance"]["balance"]);
  }
};
INSTANTIATE_TEST_SUITE_P(All, Deals, ::testing::Values(Dialect::kOptions, Dialect::kV3),
                         [](const auto& i) { return std::string(name_of(i.param)); });

std::vector<std::int64_t> flat(std::size_t count, std::int64_t quote = 68'200) {
  return std::vector<std::int64_t>(count, quote);
}

TEST_P(Deals, AreRefusedInTheVenuesWords) {
  Sim sim;
  const auto c = open(sim);
  sim.advance(2);
  const auto said = [&](const json& p) {
    const auto m = sim.call(c, p);
    return m.contains("error") ? m["error"]["message"].get<std::string>() : std::string("sold");
  };
  EXPECT_EQ(said(deal()), "sold");
  EXPECT_EQ(said(proposal({{"cancellation", "7m"}})),
            "Deal cancellation duration is not in acceptable range. Accepts 5m,10m,15m,30m,60m.");
  EXPECT_EQ(
      said(proposal({{"cancellation", "5m"}, {"limit_order", {{"take_profit", 1}}}})),
      "You may use either take profit or deal cancellation, but not both. Please select either "
      "one.");
  EXPECT_EQ(said(proposal({{"cancellation", "5m"}, {"limit_order", {{"stop_loss", 1}}}})),
            "You may use either stop loss or deal cancellation, but not both. Please select either "
            "one.");
}

TEST_P(Deals, AreQuotedWithTheirFee) {
  Sim sim;
  const auto c = open(sim);
  sim.advance(2);
  const auto p = sim.call(c, deal())["proposal"];
  EXPECT_EQ(amount(p["ask_price"]), 11.24) << p;
  EXPECT_EQ(amount(p["cancellation"]["ask_price"]), 1.24);
  EXPECT_EQ(p["cancellation"]["date_expiry"], p["date_start"].get<std::int64_t>() + 300);
  EXPECT_EQ(amount(p["limit_order"]["stop_out"]["order_amount"]), -10);
  EXPECT_FALSE(sim.call(c, proposal(json::object()))["proposal"].contains("cancellation"));
}

TEST_P(Deals, AreShownAndCancelled) {
  auto quotes = flat(4);
  quotes.insert(quotes.end(), 20, 68'100);
  Sim sim(path(quotes));
  const auto c = open(sim);
  sim.advance(2);
  const auto before = balance(sim, c);
  const auto id = buy(sim, c);
  EXPECT_DOUBLE_EQ(balance(sim, c), before - 11.24);
  sim.advance(6);
  const auto poc = shown(sim, c, id);
  EXPECT_EQ(poc["is_valid_to_cancel"], 1);
  EXPECT_EQ(poc["is_valid_to_sell"], 0) << "below its stake";
  EXPECT_EQ(amount(poc["cancellation"]["ask_price"]), 1.24);
  EXPECT_EQ(amount(poc["buy_price"]), 11.24);
  EXPECT_NEAR(amount(poc["profit"]), amount(poc["bid_price"]) - 10.0, 1e-9) << "without the fee";
  EXPECT_EQ(poc["is_valid_to_update"]["take_profit"], 0);
  EXPECT_NE(poc["validation_error"].get<std::string>().find("Cancel your contract"),
            std::string::npos);
  EXPECT_EQ(code(sim.call(c, {{"sell", id}, {"price", 0}})), "CancelIsBetter");
  const auto done = sim.call(c, {{"cancel", id}});
  ASSERT_EQ(code(done), "") << done;
  EXPECT_EQ(amount(done["cancel"]["sold_for"]), 10.0);
  EXPECT_EQ(done["cancel"]["contract_id"], id);
  EXPECT_DOUBLE_EQ(balance(sim, c), before - 1.24);
  const auto over = shown(sim, c, id);
  EXPECT_EQ(over["status"], "cancelled");
  EXPECT_EQ(over["is_valid_to_cancel"], 0);
  EXPECT_EQ(amount(over["profit"]), 0.0);
  EXPECT_EQ(code(sim.call(c, {{"cancel", id}})), "ContractAlreadySold");
  EXPECT_EQ(sim.ledger("sell").size(), 1U);
  const auto row = sim.call(c, {{"profit_table", 1}, {"description", 1}})["profit_table"];
  EXPECT_EQ(row["transactions"][0]["deal_cancellation_duration"], "5m");
  EXPECT_EQ(amount(row["transactions"][0]["sell_price"]), 10.0);
}

TEST_P(Deals, AreCancelledByTheVenueInThePlaceOfAStopOut) {
  auto quotes = flat(4);
  quotes.insert(quotes.end(), 20, 67'000);
  Sim sim(path(quotes));
  const auto c = open(sim);
  sim.advance(2);
  const auto before = balance(sim, c);
  const auto id = buy(sim, c);
  sim.advance(10);
  EXPECT_EQ(shown(sim, c, id)["status"], "cancelled");
  EXPECT_DOUBLE_EQ(balance(sim, c), before - 1.24);
}

TEST_P(Deals, AreSoldOnceTheirTimeIsOver) {
  auto quotes = flat(4);
  quotes.insert(quotes.end(), 400, 68'100);
  Sim sim(path(quotes));
  const auto c = open(sim);
  sim.advance(2);
  const auto id = buy(sim, c);
  for (int i = 0; i < 7; ++i) {
    sim.advance(43);
    sim.call(c, {{"ping", 1}});  // nobody is silent for so long
  }
  const auto poc = shown(sim, c, id);
  EXPECT_EQ(poc["is_valid_to_cancel"], 0);
  EXPECT_EQ(poc["is_valid_to_sell"], 1);
  const auto late = sim.call(c, {{"cancel", id}});
  EXPECT_EQ(code(late), "CannotCancelContract");
  EXPECT_EQ(late["error"]["message"],
            "Deal cancellation period has expired. Your contract can only be cancelled while deal "
            "cancellation is active.");
  EXPECT_EQ(code(sim.call(c, {{"sell", id}, {"price", 0}})), "");
  EXPECT_EQ(shown(sim, c, id)["status"], "sold");
}

TEST_P(Deals, OfAnotherOrWithoutOneAreNotCancelled) {
  Sim sim(path(flat(30)));
  const auto c = open(sim);
  sim.advance(2);
  const auto plain = sim.call(c, proposal(json::object()))["proposal"];
  const auto bought = sim.call(c, {{"buy", plain["id"]}, {"price", plain["ask_price"]}})["buy"];
  const auto refused = sim.call(c, {{"cancel", bought["contract_id"]}});
  EXPECT_EQ(code(refused), "CannotCancelContract");
  EXPECT_NE(refused["error"]["message"].get<std::string>().find("does not include"),
            std::string::npos);
  EXPECT_EQ(code(sim.call(c, {{"cancel", 1}})), v3() ? "NoOpenPosition" : "ContractNotFound");
  const auto other = v3() ? sim.v3("v3real") : sim.options("pat_real");
  EXPECT_EQ(code(sim.call(other, {{"cancel", buy(sim, c)}})),
            v3() ? "NoOpenPosition" : "ContractNotFound");
}

TEST_P(Deals, CostMoreUnderTheOtherRule) {
  auto options = Sim::defaults();
  ASSERT_TRUE(options.rules.change("cancellation-fee=more"));
  Sim sim(options);
  const auto c = open(sim);
  sim.advance(2);
  const auto p = sim.call(c, deal())["proposal"];
  EXPECT_EQ(amount(p["cancellation"]["ask_price"]), 1.86);
  EXPECT_EQ(amount(p["ask_price"]), 11.86);
}

}  // namespace
}  // namespace derivd::sim::test
