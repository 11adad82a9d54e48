// The families of contracts over the wire: what is refused and in which words, what a proposal and
// an open contract show, and what is paid. Texts: shared reference deriv/contracts.md section 1.2.
#include "sim_fixture.hpp"

namespace derivd::sim::test {
namespace {

class Families : public ::testing::TestWithParam<Dialect> {
 protected:
  bool v3() const { return GetParam() == Dialect::kV3; }
  ConnId open(Sim& sim) const { return v3() ? sim.v3() : sim.options(); }
  json proposal(const std::string& type, int duration, const std::string& unit,
                json more = json::object()) const {
    auto p = proposal_of(type, duration, unit, "1HZ100V", v3() ? "symbol" : "underlying_symbol");
    if (duration == 0) {
      p.erase("duration");
      p.erase("duration_unit");
    }
    p.update(more);
    return p;
  }
  static Venue::Options path(const std::vector<std::int64_t>& mantissas) {
    auto o = Sim::defaults();
    o.gbm = false;
    o.replays = {replay("1HZ100V", kStart, mantissas, 1)};
    return o;
  }
  /// Buys it at its price; the contract's id.
  std::int64_t buy(Sim& sim, ConnId c, const json& p) const {
    const auto quote = sim.call(c, p);
    EXPECT_EQ(code(quote), "") << quote;
    const auto m =
        sim.call(c, {{"buy", quote["proposal"]["id"]}, {"price", quote["proposal"]["ask_price"]}});
    EXPECT_EQ(code(m), "") << m;
    return m["buy"]["contract_id"];
  }
  json shown(Sim& sim, ConnId c, std::int64_t id) const {
    return sim.call(c,
                    {{"proposal_open_contract", 1}, {"contract_id", id}})["proposal_open_contract"];
  }
};
INSTANTIATE_TEST_SUITE_P(All, Families, ::testing::Values(Dialect::kOptions, Dialect::kV3),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(Families, AreRefusedInTheVenuesWords) {
  Sim sim;
  const auto c = open(sim);
  sim.advance(2);
  const auto said = [&](const json& p) {
    const auto m = sim.call(c, p);
    return m.contains("error") ? m["error"]["message"].get<std::string>() : std::string("sold");
  };
  const json one{{"barrier", "+0.60"}};
  const json two{{"barrier", "+1.00"}, {"barrier2", "-1.00"}};
  EXPECT_EQ(said(proposal("ONETOUCH", 5, "t", one)), "sold");
  EXPECT_EQ(said(proposal("ONETOUCH", 5, "m", one)), "sold");
  EXPECT_EQ(said(proposal("ONETOUCH", 1, "m", one)), "Trading is not offered for this duration.");
  EXPECT_EQ(said(proposal("ONETOUCH", 5, "t", {{"barrier", "700.00"}})), "Invalid barrier.");
  EXPECT_EQ(said(proposal("ONETOUCH", 5, "t", {{"barrier", "+0.00"}})), "Invalid barrier.");
  EXPECT_EQ(said(proposal("ONETOUCH", 4, "t", one)), "Number of ticks must be between 5 and 10.");
  EXPECT_EQ(said(proposal("NOTOUCH", 2, "m", {{"barrier", "+90.00"}})),
            "This contract offers no return.");
  EXPECT_EQ(said(proposal("RANGE", 2, "m", two)), "sold");
  EXPECT_EQ(said(proposal("RANGE", 2, "m", {{"barrier", "-1.00"}, {"barrier2", "+1.00"}})),
            "Invalid barrier.");
  EXPECT_NE(said(proposal("RANGE", 2, "m", {{"high_barrier", "+1"}, {"low_barrier", "-1"}}))
                .find("Properties not allowed: high_barrier, low_barrier."),
            std::string::npos);
  EXPECT_EQ(said(proposal("ASIANU", 1, "m")), "Trading is not offered for this duration.");
  EXPECT_EQ(said(proposal("ASIANU", 5, "t")), "sold");
  EXPECT_EQ(said(proposal("RESETCALL", 5, "t", one)),
            "Non atm barrier is not allowed for reset contract.");
  EXPECT_EQ(said(proposal("RUNHIGH", 5, "t", one)), "Invalid barrier.");
  EXPECT_EQ(said(proposal("TICKHIGH", 5, "t", {{"barrier", "+1"}, {"selected_tick", 1}})),
            "Barrier is not allowed for this contract type.");
  EXPECT_EQ(said(proposal("TICKHIGH", 5, "t")),
            "Missing required contract parameters (selected_tick).");
  EXPECT_EQ(said(proposal("CALLE", 5, "t", one)), "Invalid barrier.");
  EXPECT_EQ(said(proposal("ACCU", 0, "", {{"growth_rate", 0.06}})),
            "Growth rate is not in acceptable range. Accepts 0.01,0.02,0.03,0.04,0.05.");
  EXPECT_EQ(said(proposal("TURBOSLONG", 5, "m", {{"barrier", "-0.01"}})).substr(0, 24),
            "Barriers available are -");
  EXPECT_EQ(said(proposal("VANILLALONGCALL", 1, "m", {{"barrier", "+0.05"}})).substr(0, 24),
            "Barriers available are +");
  EXPECT_EQ(said(proposal("VANILLALONGCALL", 5, "t", {{"barrier", "+0.00"}})),
            "Trading is not offered for this duration.");
  auto payout = proposal("ACCU", 0, "", {{"growth_rate", 0.01}});
  payout["basis"] = "payout";
  EXPECT_EQ(said(payout), "Basis must be stake for this contract.");
}

TEST_P(Families, ATouchIsPaidWhenItIsTouched) {
  Sim sim(path({100'000, 100'000, 100'010, 100'065, 100'000, 100'000, 100'000, 100'000, 100'000,
                100'000, 100'000, 100'000}));
  const auto c = open(sim);
  sim.advance(1);
  const auto quote = sim.call(c, proposal("ONETOUCH", 5, "m", {{"barrier", "+0.60"}}));
  EXPECT_EQ(quote["proposal"]["contract_details"]["barrier"], "1000.60");
  const auto id = buy(sim, c, proposal("ONETOUCH", 5, "m", {{"barrier", "+0.60"}}));
  sim.advance(1);
  EXPECT_EQ(shown(sim, c, id)["status"], "open");
  sim.advance(1);  // the third tick is on 1000.65
  sim.advance(4);
  const auto poc = shown(sim, c, id);
  EXPECT_EQ(poc["status"], "won") << poc;
  EXPECT_EQ(poc["barrier"], "1000.60");  // from the entry at 1000.00, two ticks before
  EXPECT_EQ(poc["is_path_dependent"], 1);
}

TEST_P(Families, TwoBarriersAreShownAsTwo) {
  Sim sim;
  const auto c = open(sim);
  sim.advance(2);
  const auto p = proposal("RANGE", 2, "m", {{"barrier", "+1.00"}, {"barrier2", "-1.00"}});
  const auto details = sim.call(c, p)["proposal"]["contract_details"];
  EXPECT_TRUE(details.contains("high_barrier") && details.contains("low_barrier")) << details;
  const auto id = buy(sim, c, p);
  sim.advance(2);
  const auto poc = shown(sim, c, id);
  EXPECT_EQ(poc["barrier_count"], 2);
  EXPECT_TRUE(poc.contains("high_barrier") && poc.contains("low_barrier")) << poc;
  EXPECT_FALSE(poc.contains("barrier"));
}

TEST_P(Families, AnAccumulatorGrowsAndEndsAtItsProfit) {
  Sim sim(path(std::vector<std::int64_t>(60, 100'000)));
  const auto c = open(sim);
  sim.advance(1);
  const auto p =
      proposal("ACCU", 0, "", {{"growth_rate", 0.04}, {"limit_order", {{"take_profit", 1.19}}}});
  const auto quote = sim.call(c, p)["proposal"];
  EXPECT_EQ(quote["contract_details"]["maximum_ticks"], 65) << quote;
  EXPECT_EQ(quote["validation_params"]["max_payout"], "6000.00");
  const auto id = buy(sim, c, p);
  sim.advance(1);
  EXPECT_EQ(shown(sim, c, id)["is_valid_to_sell"], 0) << "not at its entry";
  sim.advance(3);
  const auto poc = shown(sim, c, id);
  EXPECT_EQ(poc["tick_passed"], 3);
  EXPECT_EQ(poc["tick_count"], 65);
  EXPECT_EQ(core::Decimal::parse(text(poc["bid_price"]))->to_string(), "1.12");  // 1.04^3
  EXPECT_EQ(poc["is_valid_to_sell"], 1);
  EXPECT_TRUE(poc.contains("high_barrier") && poc.contains("current_spot_low_barrier")) << poc;
  sim.advance(25);
  const auto settled = sim.ledger("settle");
  ASSERT_EQ(settled.size(), 1U);
  EXPECT_EQ(settled[0]["credit"], "2.19");  // 1.04^20, the first tick with the profit
  EXPECT_EQ(shown(sim, c, id)["status"], "won");
}

TEST_P(Families, ATickTooFarTakesAnAccumulator) {
  Sim sim(path({100'000, 100'000, 100'000, 100'000, 100'100, 100'100, 100'100, 100'100, 100'100,
                100'100, 100'100, 100'100}));
  const auto c = open(sim);
  sim.advance(1);
  const auto id = buy(sim, c, proposal("ACCU", 0, "", {{"growth_rate", 0.01}}));
  sim.advance(9);
  EXPECT_EQ(shown(sim, c, id)["status"], "lost");
  EXPECT_EQ(sim.ledger("settle").at(0)["credit"], "0.00");
}

TEST_P(Families, TurbosAndVanillasPayByThePoint) {
  std::vector<std::int64_t> up{100'000, 100'000};
  for (int i = 0; i < 90; ++i) up.push_back(100'000 + 10 * i);
  Sim sim(path(up));
  const auto c = open(sim);
  sim.advance(1);
  const auto turbo = proposal("TURBOSLONG", 15, "s", {{"payout_per_point", 0.2}});
  const auto quote = sim.call(c, turbo)["proposal"];
  EXPECT_EQ(quote["display_number_of_contracts"], "0.2") << quote;
  // 1 / 0.2 - 0.284 = 4.716 below the quote
  EXPECT_EQ(quote["contract_details"]["barrier"], "995.28");
  const auto first = buy(sim, c, turbo);
  const auto second = buy(sim, c, proposal("VANILLALONGCALL", 1, "m", {{"barrier", "+0.00"}}));
  EXPECT_EQ(shown(sim, c, first)["barrier"], "995.28");
  sim.advance(80);
  const auto settled = sim.ledger("settle");
  ASSERT_EQ(settled.size(), 2U);
  // The exit of the turbo is fifteen seconds on, at 1001.30: 0.2 x 6.02.
  EXPECT_EQ(settled[0]["credit"], "1.20");
  EXPECT_GT(std::stod(settled[1]["credit"].get<std::string>()), 1.0);
  EXPECT_EQ(shown(sim, c, second)["status"], "won");
}

TEST_P(Families, OfferingsListThem) {
  Sim sim;
  const auto c = open(sim);
  sim.advance(2);
  std::set<std::string> types;
  const auto offered = sim.call(c, {{"contracts_for", "1HZ100V"}});
  for (const auto& o : offered["contracts_for"]["available"]) types.insert(o["contract_type"]);
  for (const auto* kind : market::all_kinds()) {
    EXPECT_TRUE(types.contains(std::string(v3() ? kind->v3_name : kind->name))) << kind->name;
  }
}

}  // namespace
}  // namespace derivd::sim::test
