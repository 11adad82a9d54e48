#include <set>

#include "sim_fixture.hpp"

namespace derivd::sim::test {
namespace {

class Trading : public ::testing::TestWithParam<Dialect> {
 protected:
  bool v3() const { return GetParam() == Dialect::kV3; }
  ConnId open(Sim& sim) { return v3() ? sim.v3() : sim.options(); }
  std::string key() const { return v3() ? "symbol" : "underlying_symbol"; }
  json proposal(const std::string& type, int duration, const std::string& unit,
                const std::string& symbol = "R_100", const std::string& amount = "1") const {
    return proposal_of(type, duration, unit, symbol, key(), amount);
  }
  json parameters(json p) const {
    p.erase("proposal");
    return p;
  }
  /// Prices and buys; the buy reply.
  json buy(Sim& sim, ConnId c, const json& p, bool stream = true) {
    const auto quote = sim.call(c, p);
    EXPECT_EQ(code(quote), "") << quote;
    json request{{"buy", quote["proposal"]["id"]}, {"price", p["amount"]}};
    if (stream) request["subscribe"] = 1;
    const auto m = sim.call(c, request);
    EXPECT_EQ(code(m), "") << m;
    return m;
  }
  /// Numbers in v3, texts on options.
  static std::string amount(const json& j) { return core::Decimal::parse(text(j))->to_string(); }
  /// R_100 on a path of our choice, one tick every two seconds from kStart.
  static Venue::Options path(const std::vector<std::int64_t>& mantissas) {
    auto o = Sim::defaults();
    o.gbm = false;
    o.replays = {replay("R_100", kStart, mantissas, 2)};
    return o;
  }
};
INSTANTIATE_TEST_SUITE_P(All, Trading, ::testing::Values(Dialect::kOptions, Dialect::kV3),
                         [](const auto& i) { return std::string(name_of(i.param)); });

// ---- prices: v3-api.md section 5 ----

TEST_P(Trading, PricesAreThoseOfTheList) {
  Sim sim;
  const auto c = open(sim);
  sim.advance(2);
  struct Row {
    const char* symbol;
    const char* type;
    int duration;
    const char* unit;
    const char* stake;
    const char* payout;
  };
  for (const Row& r :
       {Row{"R_100", "CALL", 1, "t", "1", "1.95"}, Row{"R_100", "CALL", 1, "m", "2", "3.91"},
        Row{"1HZ100V", "CALL", 5, "m", "10", "19.55"},
        Row{"1HZ100V", "CALL", 1, "h", "10", "19.61"}, Row{"R_100", "CALL", 6, "h", "10", "19.73"},
        Row{"R_100", "DIGITODD", 5, "t", "1", "1.95"},
        Row{"R_100", "DIGITEVEN", 1, "t", "0.35", "0.68"}}) {
    const auto m = sim.call(c, proposal(r.type, r.duration, r.unit, r.symbol, r.stake));
    EXPECT_EQ(text(m["proposal"]["payout"]), r.payout)
        << r.symbol << r.type << r.duration << r.unit;
    EXPECT_EQ(m["proposal"]["ask_price"], json::parse(r.stake));
  }
  // Community tables of 2026: MATCH 8.93, OVER/UNDER by probability, DIFF 1.09 exactly.
  for (const auto& [type, barrier, payout] :
       {std::tuple{"DIGITMATCH", "4", "8.93"}, std::tuple{"DIGITDIFF", "4", "1.09"},
        std::tuple{"DIGITOVER", "7", "4.72"}, std::tuple{"DIGITOVER", "6", "3.21"},
        std::tuple{"DIGITUNDER", "4", "2.43"}, std::tuple{"DIGITUNDER", "6", "1.63"},
        std::tuple{"DIGITOVER", "2", "1.4"}, std::tuple{"DIGITUNDER", "8", "1.23"}}) {
    auto p = proposal(type, 1, "t");
    p["barrier"] = barrier;
    EXPECT_EQ(text(sim.call(c, p)["proposal"]["payout"]), payout) << type << barrier;
  }
  auto p = proposal("CALL", 5, "t", "R_100", "10");
  p["basis"] = "payout";
  EXPECT_EQ(text(sim.call(c, p)["proposal"]["ask_price"]), "5.12");  // captured: PUT 5t, payout 10
}

TEST_P(Trading, AProposalTellsItsTermsAndBounds) {
  Sim sim;
  const auto c = open(sim);
  sim.advance(3);
  auto request = proposal("CALL", 5, "t");
  request["subscribe"] = 1;
  const auto m = sim.call(c, request);
  const auto& p = m["proposal"];
  EXPECT_EQ(p["id"], m["subscription"]["id"]);
  EXPECT_EQ(p["longcode"],
            "Win payout if Volatility 100 Index after 5 ticks is strictly higher than entry spot.");
  EXPECT_EQ(p["date_start"], sim.time());
  EXPECT_EQ(p["date_expiry"], sim.time() + 10);
  EXPECT_EQ(p["validation_params"]["stake"]["min"], "0.35");
  EXPECT_EQ(p["validation_params"]["payout"]["max"], "50000.00");
  EXPECT_EQ(p.contains("display_value"), v3());
  sim.take(c);
  sim.advance(10);
  EXPECT_TRUE(sim.take(c, "proposal").empty());  // a constant price is not streamed
}

TEST_P(Trading, ABarrierProposalFollowsTheMarket) {
  Sim sim;
  const auto c = open(sim);
  sim.advance(2);
  auto request = proposal(v3() ? "CALL" : "HIGHER", 2, "m");
  request["barrier"] = "+0.30";
  request["subscribe"] = 1;
  const auto first = sim.call(c, request);
  ASSERT_EQ(code(first), "") << first;
  EXPECT_EQ(first["proposal"]["longcode"],
            "Win payout if Volatility 100 Index is strictly higher than entry spot plus 0.30 at 2 "
            "minutes after contract start time.");
  sim.take(c);
  sim.advance(10);
  const auto updates = sim.take(c, "proposal");
  EXPECT_EQ(updates.size(), 5U);  // one for each tick
  for (const auto& u : updates) EXPECT_EQ(u["proposal"]["id"], first["proposal"]["id"]);
  // Buying it ends its stream.
  EXPECT_EQ(code(sim.call(c, {{"buy", first["proposal"]["id"]}, {"price", 1}})), "");
  sim.take(c);
  sim.advance(4);
  EXPECT_TRUE(sim.take(c, "proposal").empty());
  EXPECT_EQ(code(sim.call(c, {{"buy", first["proposal"]["id"]}, {"price", 1}})),
            "InvalidContractProposal");
}

TEST_P(Trading, OrdersThatCannotBeAreRefusedWithTheirReason) {
  Sim sim;
  const auto c = open(sim);
  sim.advance(2);
  const auto refused = [&](json p, const std::string& expected, const std::string& field = {}) {
    const auto m = sim.call(c, p);
    EXPECT_EQ(code(m), expected) << p << m;
    if (!field.empty()) {
      EXPECT_EQ(m["error"]["details"]["field"], field) << m;
    }
    return m["error"];
  };
  EXPECT_EQ(refused(proposal("CALL", 5, "t", "R_100", "0.34"), "ContractBuyValidationError",
                    "amount")["message"],
            "Minimum stake of 0.35 and maximum payout of 50000.00. Current stake is 0.34.");
  EXPECT_NE(refused(proposal("CALL", 5, "t", "R_100", "30000"), "ContractBuyValidationError",
                    "amount")["message"]
                .get<std::string>()
                .find("Current payout is 58"),
            std::string::npos);
  EXPECT_EQ(refused(proposal("CALL", 5, "t", "R_100", "1.234"), "ContractBuyValidationError",
                    "amount")["message"],
            "Stake can not have more than 2 decimal places.");
  EXPECT_EQ(refused(proposal("CALL", 11, "t"), "OfferingsValidationError", "duration")["message"],
            "Number of ticks must be between 1 and 10.");
  refused(proposal("CALL", 14, "s"), "OfferingsValidationError", "duration");
  refused(proposal("DIGITODD", 1, "m"), "OfferingsValidationError", "duration");
  refused(proposal("DIGITMATCH", 1, "t"), "ContractCreationFailure", "barrier");
  auto p = proposal("DIGITOVER", 1, "t");
  p["barrier"] = "9";
  EXPECT_EQ(refused(p, "ContractBuyValidationError", "barrier")["message"],
            "Barrier must be an integer in range of 0 to 8.");
  p = proposal("CALL", 5, "t");
  p["currency"] = "EUR";
  refused(p, "NotDefaultCurrency");
  // The other protocol has no such type.
  if (v3()) refused(proposal("LBHIGHLOW", 5, "m"), "OfferingsValidationError", "contract_type");
  p = proposal("CALL", 5, "t");
  p.erase("duration");
  refused(p, "ContractCreationFailure", "duration");
  p = proposal("CALL", 5, "t");
  p.erase("amount");
  refused(p, "ContractCreationFailure", "amount");
  p = proposal(v3() ? "PUT" : "LOWER", 5, "m");
  p["barrier"] = "-0.123";
  refused(p, "ContractBuyValidationError", "barrier");
  p = proposal(v3() ? "PUT" : "LOWER", 5, "t");
  p["barrier"] = "500";
  refused(p, "ContractBuyValidationError", "barrier");  // ticks take distances alone
  p = proposal("MULTUP", 0, "s");
  p.erase("duration");
  p["multiplier"] = 7;
  p[key()] = "R_75";
  EXPECT_EQ(refused(p, "ContractBuyValidationError", "multiplier")["message"],
            "Multiplier is not in acceptable range. Accepts 50,100,200,300,500.");
}

TEST(OptionsTrading, RiseFallTakesNoBarrierAndErrorsHaveASubcode) {
  Sim sim;
  const auto c = sim.options();
  sim.advance(2);
  auto p = proposal_of("CALL", 5, "m", "R_100", "underlying_symbol");
  p["barrier"] = "+0.10";
  const auto m = sim.call(c, p);
  EXPECT_EQ(code(m), "ContractBuyValidationError");
  EXPECT_EQ(m["error"]["subcode"], "InvalidBarrier");
  p = proposal_of("CALL", 5, "t", "R_100", "underlying_symbol", "0.1");
  EXPECT_EQ(sim.call(c, p)["error"]["subcode"], "InvalidMinStake");
}

// ---- buying ----

TEST_P(Trading, ABuyMovesMoneyOnceAndIsShownEverywhere) {
  Sim sim;
  const auto c = open(sim);
  sim.advance(2);
  sim.call(c, {{"transaction", 1}, {"subscribe", 1}});
  sim.call(c, {{"balance", 1}, {"subscribe", 1}});
  sim.take(c);
  const auto m = buy(sim, c, proposal("DIGITODD", 5, "t", "R_100", "2.5"));
  const auto& b = m["buy"];
  EXPECT_EQ(text(b["balance_after"]), "9997.5");
  EXPECT_EQ(text(b["buy_price"]), "2.5");
  EXPECT_EQ(text(b["payout"]), "4.88");
  EXPECT_EQ(b["purchase_time"], sim.time());
  EXPECT_EQ(b["start_time"], sim.time());
  EXPECT_GT(b["contract_id"].get<std::int64_t>(), std::int64_t{1} << 32);
  EXPECT_EQ(b["shortcode"], fmt::format("DIGITODD_R_100_4.88_{}_5T", sim.time()));
  EXPECT_EQ(b["longcode"],
            "Win payout if the last digit of Volatility 100 Index is odd after 5 ticks.");
  const auto frames = sim.take(c);
  std::multiset<std::string> types;
  for (const auto& f : frames) types.insert(f["msg_type"]);
  EXPECT_EQ(types,
            (std::multiset<std::string>{"balance", "proposal_open_contract", "transaction"}));
  EXPECT_EQ(frames.back()["msg_type"], "proposal_open_contract");  // after the reply
  for (const auto& f : frames) {
    if (f["msg_type"] == "transaction") {
      EXPECT_EQ(f["transaction"]["action"], "buy");
      EXPECT_EQ(text(f["transaction"]["amount"]), "-2.5");
      EXPECT_EQ(text(f["transaction"]["balance"]), "9997.5");
      EXPECT_EQ(f["transaction"]["contract_id"], b["contract_id"]);
      EXPECT_EQ(f["transaction"]["transaction_id"], b["transaction_id"]);
    }
    if (f["msg_type"] == "balance") {
      EXPECT_EQ(text(f["balance"]["balance"]), "9997.5");
    }
  }
  const auto& poc = frames.back()["proposal_open_contract"];
  EXPECT_EQ(poc["validation_error"], "Waiting for entry tick.");
  EXPECT_EQ(poc["is_valid_to_sell"], 0);
  EXPECT_EQ(poc["status"], "open");
  EXPECT_FALSE(poc.contains("entry_spot"));
  EXPECT_EQ(amount(poc["buy_price"]), "2.5");
  EXPECT_EQ(frames.back()["req_id"], m["req_id"]);
  EXPECT_EQ(frames.back()["subscription"]["id"], m["subscription"]["id"]);
  // Only one line of the ledger.
  ASSERT_EQ(sim.ledger("buy").size(), 1U);
  EXPECT_EQ(sim.ledger("buy")[0]["stake"], "2.50");
  EXPECT_EQ(sim.ledger("buy")[0]["payout"], "4.88");
  EXPECT_TRUE(sim.ledger("buy")[0]["profit"].is_null());
  EXPECT_EQ(sim.ledger("buy")[0]["contract_id"], b["contract_id"].dump());
}

TEST_P(Trading, ABuyWithParametersIsTheSame) {
  Sim sim;
  const auto c = open(sim);
  sim.advance(2);
  const auto p = parameters(proposal("CALL", 1, "t"));
  auto m = sim.call(c, {{"buy", "1"}, {"price", 1}, {"parameters", p}});
  EXPECT_EQ(code(m), "") << m;
  EXPECT_EQ(text(m["buy"]["payout"]), "1.95");
  EXPECT_FALSE(m.contains("subscription"));
  m = sim.call(c, {{"buy", "1"}, {"price", 0.99}, {"parameters", p}});
  EXPECT_EQ(code(m), "ContractCreationFailure");
  EXPECT_EQ(m["error"]["message"],
            "Contract's stake amount is more than the maximum purchase price.");
  EXPECT_EQ(code(sim.call(c, {{"buy", "1"}, {"price", 1}})), "InputValidationFailed");
  EXPECT_EQ(sim.ledger("refuse").size(), 2U);
}

TEST_P(Trading, AProposalBelongsToItsConnection) {
  Sim sim;
  const auto a = open(sim);
  const auto b = open(sim);
  sim.advance(2);
  const auto id = sim.call(a, proposal("CALL", 5, "t"))["proposal"]["id"];
  const auto m = sim.call(b, {{"buy", id}, {"price", 1}});
  EXPECT_EQ(code(m), "InvalidContractProposal");
  EXPECT_EQ(m["error"]["message"], "Unknown contract proposal");
  EXPECT_EQ(code(sim.call(a, {{"buy", id}, {"price", 0.5}})), "PriceMoved");
  EXPECT_EQ(code(sim.call(a, {{"buy", id}, {"price", 1}})), "");
}

// With a fixed expiry an option in the money becomes surer, so dearer, while nobody buys it.
TEST_P(Trading, AProposalWhosePriceMovedAgainstTheVenueIsRefused) {
  Sim sim(path(std::vector<std::int64_t>(60, 34'000)));
  const auto c = open(sim);
  sim.advance(3);
  auto p = proposal(v3() ? "CALL" : "HIGHER", 1, "m", "R_100", "10");
  p.erase("duration");
  p.erase("duration_unit");
  p["date_expiry"] = sim.time() + 60;
  p["barrier"] = "-0.50";
  const auto quote = sim.call(c, p);
  ASSERT_EQ(code(quote), "") << quote;
  const json buy_it{{"buy", quote["proposal"]["id"]}, {"price", 10}};
  sim.advance(40);
  const auto m = sim.call(c, buy_it);
  EXPECT_EQ(code(m), "PriceMoved") << m;
  EXPECT_NE(
      m["error"]["message"].get<std::string>().find("The contract payout has changed from USD"),
      std::string::npos);
  // Out of the money it becomes less likely: filled as quoted, to the end that was asked for.
  p["date_expiry"] = sim.time() + 50;
  p["barrier"] = "+0.50";
  const auto far = sim.call(c, p);
  sim.advance(20);
  const auto b = sim.call(c, {{"buy", far["proposal"]["id"]}, {"price", 10}});
  ASSERT_EQ(code(b), "") << b;
  EXPECT_EQ(b["buy"]["payout"], far["proposal"]["payout"]);
  EXPECT_NE(b["buy"]["shortcode"].get<std::string>().find(
                fmt::format("_{}F_S50P_0", p["date_expiry"].dump())),
            std::string::npos);
  EXPECT_NE(b["buy"]["longcode"].get<std::string>().find(" GMT."), std::string::npos);
}

TEST_P(Trading, MoneyThatIsNotThereBuysNothing) {
  auto o = Sim::defaults();
  o.balance = core::Money::minor(5'00);
  Sim sim(std::move(o));
  const auto c = open(sim);
  sim.advance(2);
  const auto id = sim.call(c, proposal("CALL", 5, "t", "R_100", "5.01"))["proposal"]["id"];
  const auto m = sim.call(c, {{"buy", id}, {"price", 6}});
  EXPECT_EQ(code(m), "InsufficientBalance");
  EXPECT_EQ(m["error"]["message"],
            "Your account balance (5.00 USD) is insufficient to buy this contract (5.01 USD).");
  EXPECT_EQ(sim.ledger("refuse").back()["code"], "InsufficientBalance");
  buy(sim, c, proposal("CALL", 5, "t", "R_100", "5"), false);
  EXPECT_EQ(sim.call(c, {{"balance", 1}})["balance"]["balance"], 0);
}

TEST_P(Trading, OpenContractsAreBounded) {
  auto o = Sim::defaults();
  o.rate_limits = false;
  Sim sim(std::move(o));
  const auto c = open(sim);
  sim.advance(2);
  const auto p = parameters(proposal("CALL", 1, "h"));
  for (std::size_t i = 0; i < kMaxOpenContracts; ++i)
    ASSERT_EQ(code(sim.call(c, {{"buy", "1"}, {"price", 1}, {"parameters", p}})), "");
  EXPECT_EQ(code(sim.call(c, {{"buy", "1"}, {"price", 1}, {"parameters", p}})),
            "OpenPositionLimitExceeded");
}

// ---- life and settlement ----

TEST_P(Trading, ATickContractLivesAndSettlesAsRecorded) {
  // Ticks at kStart + 0, 2, 4, …; last digits 0 1 2 3 4 5 6 …
  Sim sim(path({34'000, 34'011, 34'022, 34'033, 34'044, 34'055, 34'066, 34'077, 34'088, 34'099}));
  const auto c = open(sim);
  sim.advance(4);  // time is kStart + 3
  sim.call(c, {{"transaction", 1}, {"subscribe", 1}});
  sim.call(c, {{"balance", 1}, {"subscribe", 1}});
  const auto m = buy(sim, c, proposal("DIGITODD", 2, "t"));
  const auto id = m["buy"]["contract_id"];
  sim.take(c);

  sim.advance(1);  // +4, the entry, digit 2
  auto frames = sim.take(c, "proposal_open_contract");
  ASSERT_EQ(frames.size(), 1U);
  auto poc = frames[0]["proposal_open_contract"];
  EXPECT_EQ(amount(poc["entry_spot"]), "340.22");
  EXPECT_EQ(poc[v3() ? "entry_tick_time" : "entry_spot_time"], kStart + 4);
  EXPECT_EQ(poc["validation_error"], "Resale of this contract is not offered.");
  EXPECT_EQ(amount(poc["bid_price"]), "0.95");  // payout × (½ − commission)
  EXPECT_EQ(poc["tick_stream"].size(), 1U);
  EXPECT_EQ(poc["is_expired"], 0);
  EXPECT_EQ(poc["date_expiry"], kStart + 3 + 4);  // the estimate

  sim.advance(2);  // +6, the exit, digit 3: won, not yet paid
  frames = sim.take(c);
  ASSERT_EQ(frames.size(), 1U) << "no money moves yet";
  poc = frames[0]["proposal_open_contract"];
  EXPECT_EQ(poc["is_expired"], 1);
  EXPECT_EQ(poc["is_settleable"], 1);
  EXPECT_EQ(poc["is_sold"], 0);
  EXPECT_EQ(poc["is_valid_to_sell"], 1);
  EXPECT_EQ(poc["status"], "open");
  EXPECT_EQ(amount(poc["bid_price"]), "1.95");
  EXPECT_EQ(amount(poc["profit"]), "0.95");
  EXPECT_EQ(poc["profit_percentage"], 95);
  EXPECT_EQ(amount(poc[v3() ? "exit_tick" : "exit_spot"]), "340.33");
  EXPECT_EQ(poc["date_expiry"], kStart + 6);
  EXPECT_FALSE(poc.contains("sell_price"));
  EXPECT_EQ(sim.call(c, {{"portfolio", 1}})["portfolio"]["contracts"].size(), 1U);

  std::int64_t waited = 0;
  do {
    ++waited;
    sim.advance(1);
    frames = sim.take(c);
  } while (frames.empty());
  EXPECT_GE(waited, 1);
  EXPECT_LE(waited, 3);
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_NE(frames[0]["msg_type"], "proposal_open_contract");
  EXPECT_NE(frames[1]["msg_type"], "proposal_open_contract");
  for (int i : {0, 1}) {
    const auto& f = frames[static_cast<std::size_t>(i)];
    if (f["msg_type"] != "transaction") continue;
    EXPECT_EQ(f["transaction"]["action"], "sell");
    EXPECT_EQ(text(f["transaction"]["amount"]), "1.95");
    EXPECT_EQ(text(f["transaction"]["balance"]), "10000.95");
    EXPECT_EQ(f["transaction"]["transaction_time"], sim.time());
  }
  poc = frames[2]["proposal_open_contract"];
  EXPECT_EQ(poc["is_sold"], 1);
  EXPECT_EQ(poc["status"], "won");
  EXPECT_EQ(amount(poc["sell_price"]), "1.95");
  EXPECT_EQ(poc["sell_time"], sim.time());
  EXPECT_EQ(poc["validation_error"], "This contract has been sold.");
  EXPECT_TRUE(poc["transaction_ids"].contains("sell"));

  sim.advance(6);
  EXPECT_TRUE(sim.take(c).empty()) << "the stream of one contract ends with its sale";
  const auto again = sim.call(c, {{"proposal_open_contract", 1}, {"contract_id", id}});
  EXPECT_EQ(again["proposal_open_contract"]["status"], "won");
  EXPECT_TRUE(sim.call(c, {{"portfolio", 1}})["portfolio"]["contracts"].empty());
  const auto settled = sim.ledger("settle");
  ASSERT_EQ(settled.size(), 1U);
  EXPECT_EQ(settled[0]["profit"], "0.95");
  EXPECT_EQ(settled[0]["credit"], "1.95");
  EXPECT_EQ(settled[0]["exit"], "340.33");
}

TEST_P(Trading, PaymentsComeOneToThreeSecondsAfterTheExit) {
  Sim sim(path(std::vector<std::int64_t>(60, 34'001)));
  const auto c = open(sim);
  sim.advance(1);
  for (int i = 0; i < 40; ++i) {
    auto p = parameters(i % 2 == 0 ? proposal("DIGITODD", 1, "t") : proposal("CALL", 15, "s"));
    sim.call(c, {{"buy", "1"}, {"price", 1}, {"parameters", p}});
    if (i % 8 == 0) sim.advance(1);
  }
  sim.advance(40);
  std::set<std::int64_t> digits, timed;
  for (const auto& line : sim.ledger("settle")) {
    const bool digit = line["type"] == "DIGITODD";
    const auto bought = [&] {
      for (const auto& b : sim.ledger("buy"))
        if (b["contract_id"] == line["contract_id"]) return b["epoch"].get<std::int64_t>();
      return std::int64_t{0};
    }();
    const auto end = digit ? line["exit_epoch"].get<std::int64_t>() : bought + 15;
    (digit ? digits : timed).insert(line["epoch"].get<std::int64_t>() - end);
  }
  EXPECT_EQ(digits, (std::set<std::int64_t>{1, 2, 3}));
  // Between two ticks the end of a timed contract shows a second later, and stays so for one.
  EXPECT_EQ(timed, (std::set<std::int64_t>{1, 2, 3}));
}

TEST_P(Trading, ALostContractHasASellTransactionOfZero) {
  Sim sim(path({34'000, 34'012, 34'014, 34'016, 34'018, 34'010, 34'012, 34'014}));
  const auto c = open(sim);
  sim.advance(1);
  sim.call(c, {{"transaction", 1}, {"subscribe", 1}});
  buy(sim, c, proposal("DIGITODD", 1, "t"));
  sim.take(c);
  sim.advance(8);
  bool seen = false;
  for (const auto& f : sim.take(c)) {
    if (f["msg_type"] == "transaction") {
      seen = true;
      EXPECT_EQ(f["transaction"]["amount"], 0);
      EXPECT_EQ(f["transaction"]["balance"], 9999);
    }
    if (f["msg_type"] == "proposal_open_contract" && f["proposal_open_contract"]["is_sold"] == 1) {
      EXPECT_EQ(f["proposal_open_contract"]["status"], "lost");
      EXPECT_EQ(amount(f["proposal_open_contract"]["profit"]), "-1");
      EXPECT_EQ(f["proposal_open_contract"]["profit_percentage"], -100);
    }
  }
  EXPECT_TRUE(seen);
}

TEST_P(Trading, ATimedContractEndsWithTheLastTickOfItsLife) {
  std::vector<std::int64_t> m;
  for (int i = 0; i < 40; ++i) m.push_back(34'000 + i);
  Sim sim(path(m));
  const auto c = open(sim);
  sim.advance(4);  // kStart + 3, odd: the expiry falls between ticks
  const auto b = buy(sim, c, proposal("CALL", 15, "s"));
  EXPECT_EQ(b["buy"]["shortcode"],
            fmt::format("CALL_R_100_1.95_{}_{}_S0P_0", kStart + 3, kStart + 18));
  sim.take(c);
  sim.advance(1);
  auto poc = sim.take(c).back()["proposal_open_contract"];
  EXPECT_EQ(poc["is_valid_to_sell"], 1);
  EXPECT_EQ(poc["barrier"], "340.02");
  EXPECT_FALSE(poc.contains("tick_stream"));
  sim.advance(20);
  for (const auto& f : sim.take(c))
    if (f["proposal_open_contract"]["is_sold"] == 1) poc = f["proposal_open_contract"];
  EXPECT_EQ(poc["status"], "won");
  EXPECT_EQ(poc[v3() ? "exit_tick_time" : "exit_spot_time"], kStart + 18);
  EXPECT_EQ(poc["date_expiry"], kStart + 18);
  EXPECT_GE(poc["sell_time"].get<std::int64_t>(), kStart + 19);
  EXPECT_LE(poc["sell_time"].get<std::int64_t>(), kStart + 21);
  const auto& audit = poc["audit_details"];
  EXPECT_EQ(audit["contract_start"][2]["name"], "Start Time");
  EXPECT_FALSE(audit["contract_start"][2].contains("tick"));  // no tick on that second
  EXPECT_EQ(audit["contract_start"][3]["name"], "Entry Spot");
  EXPECT_EQ(audit["contract_end"][2]["name"], "End Time and Exit Spot");
}

TEST_P(Trading, AnEarlySaleIsPaidAtOnce) {
  std::vector<std::int64_t> m;
  for (int i = 0; i < 40; ++i) m.push_back(34'000 + 10 * i);
  Sim sim(path(m));
  const auto c = open(sim);
  sim.advance(2);
  sim.call(c, {{"transaction", 1}, {"subscribe", 1}});
  const auto id = buy(sim, c, proposal("CALL", 30, "s"))["buy"]["contract_id"];
  EXPECT_EQ(code(sim.call(c, {{"sell", id}, {"price", 0}})), "ResaleNotOffered");  // no entry yet
  sim.advance(10);
  sim.take(c);
  const auto poc = sim.call(c, {{"proposal_open_contract", 1}, {"contract_id", id}});
  const auto bid = amount(poc["proposal_open_contract"]["bid_price"]);
  EXPECT_EQ(code(sim.call(c, {{"sell", id}, {"price", 1.94}})), "PriceMoved");
  const auto s = sim.call(c, {{"sell", id}, {"price", 0}});
  ASSERT_EQ(code(s), "") << s;
  EXPECT_EQ(amount(s["sell"]["sold_for"]), bid);
  EXPECT_EQ(s["sell"]["contract_id"], id);
  const auto frames = sim.take(c);
  EXPECT_EQ(frames.back()["proposal_open_contract"]["status"], "sold");
  EXPECT_EQ(text(sim.call(c, {{"balance", 1}})["balance"]["balance"]),
            text(s["sell"]["balance_after"]));
  EXPECT_EQ(code(sim.call(c, {{"sell", id}, {"price", 0}})), "ContractAlreadySold");
  EXPECT_EQ(code(sim.call(c, {{"sell", 1}, {"price", 0}})),
            v3() ? "NoOpenPosition" : "ContractNotFound");
  EXPECT_EQ(sim.ledger("sell").size(), 1U);
  sim.advance(40);
  EXPECT_TRUE(sim.ledger("settle").empty());
}

TEST_P(Trading, ExpiredAndDigitContractsAreNotResold) {
  Sim sim(path(std::vector<std::int64_t>(20, 34'001)));
  const auto c = open(sim);
  sim.advance(1);
  const auto id = buy(sim, c, proposal("DIGITODD", 2, "t"))["buy"]["contract_id"];
  sim.advance(2);
  EXPECT_EQ(code(sim.call(c, {{"sell", id}, {"price", 0}})), "ResaleNotOffered");
  sim.advance(2);
  EXPECT_EQ(code(sim.call(c, {{"sell", id}, {"price", 0}})), "BetExpired");
  EXPECT_EQ(code(sim.call(c, {{"cancel", id}})), "CannotCancelContract");
  EXPECT_EQ(
      code(sim.call(
          c, {{"contract_update", 1}, {"contract_id", id}, {"limit_order", {{"stop_loss", 1}}}})),
      v3() ? "NoOpenPosition" : "ContractNotFound");
}

TEST_P(Trading, NobodySeesAnothersContracts) {
  Sim sim;
  const auto mine = open(sim);
  const auto other = v3() ? sim.v3("v3real") : sim.options("pat_real");
  sim.advance(2);
  sim.call(other, {{"proposal_open_contract", 1}, {"subscribe", 1}});
  sim.call(other, {{"transaction", 1}, {"subscribe", 1}});
  sim.take(other);
  const auto id = buy(sim, mine, proposal("CALL", 1, "m"))["buy"]["contract_id"];
  sim.advance(10);
  EXPECT_TRUE(sim.take(other).empty());
  EXPECT_EQ(sim.call(other, {{"balance", 1}})["balance"]["balance"], 10000);
  EXPECT_TRUE(sim.call(other, {{"portfolio", 1}})["portfolio"]["contracts"].empty());
  const auto poc = sim.call(other, {{"proposal_open_contract", 1}, {"contract_id", id}});
  if (v3())
    EXPECT_TRUE(poc["proposal_open_contract"].empty());
  else
    EXPECT_EQ(code(poc), "ContractNotFound");
  EXPECT_NE(code(sim.call(other, {{"sell", id}, {"price", 0}})), "");
}

TEST_P(Trading, AllOpenContractsFollowLaterPurchasesAndSurviveSettlement) {
  Sim sim;
  const auto c = open(sim);
  sim.advance(2);
  const auto all = sim.call(c, {{"proposal_open_contract", 1}, {"subscribe", 1}});
  EXPECT_TRUE(all["proposal_open_contract"].empty());
  const auto stream = all["subscription"]["id"];
  for (int round = 0; round < 2; ++round) {
    sim.take(c);
    const auto id = buy(sim, c, proposal("CALL", 1, "t"), false)["buy"]["contract_id"];
    sim.advance(10);
    std::vector<int> sold;
    for (const auto& f : sim.take(c, "proposal_open_contract")) {
      EXPECT_EQ(f["subscription"]["id"], stream);
      EXPECT_EQ(f["proposal_open_contract"]["contract_id"], id);
      sold.push_back(f["proposal_open_contract"]["is_sold"]);
    }
    ASSERT_GE(sold.size(), 4U);  // bought, entry, expired, sold
    EXPECT_EQ(sold.back(), 1);
    EXPECT_EQ(std::count(sold.begin(), sold.end(), 1), 1);
  }
  buy(sim, c, proposal("CALL", 1, "h"), false);
  buy(sim, c, proposal("PUT", 1, "h"), false);
  sim.take(c);
  sim.send_text(c, R"({"proposal_open_contract":1,"req_id":5000})");
  EXPECT_EQ(sim.take(c, "proposal_open_contract").size(), 2U);  // one message for each
}

// ---- multipliers ----

TEST_P(Trading, AMultiplierTakesItsProfitAtTheVenue) {
  std::vector<std::int64_t> m(30, 100'000);
  for (std::size_t i = 8; i < m.size(); ++i) m[i] = 100'000 + 25 * static_cast<std::int64_t>(i - 7);
  Sim sim(path(m));
  const auto c = open(sim);
  sim.advance(2);
  json p{{"proposal", 1},     {"amount", 10},
         {"basis", "stake"},  {"contract_type", "MULTUP"},
         {"currency", "USD"}, {"multiplier", 100},
         {key(), "R_100"},    {"limit_order", {{"take_profit", 5}}}};
  const auto quote = sim.call(c, p);
  ASSERT_EQ(code(quote), "") << quote;
  EXPECT_EQ(text(quote["proposal"]["commission"]), "0.36");  // captured: 0.36 on 10 × 100
  EXPECT_EQ(quote["proposal"]["limit_order"]["stop_out"]["order_amount"], -10);
  const auto b = sim.call(c, {{"buy", quote["proposal"]["id"]}, {"price", 10}, {"subscribe", 1}});
  const auto id = b["buy"]["contract_id"];
  sim.advance(2);
  auto poc = sim.take(c).back()["proposal_open_contract"];
  EXPECT_EQ(amount(poc["profit"]), "-0.36");
  EXPECT_EQ(poc["is_valid_to_sell"], 1);
  EXPECT_EQ(poc["limit_order"]["take_profit"]["order_amount"], 5);
  // (S/1000 − 1) × 1000 − 0.36 = 5 at S = 1005.36.
  EXPECT_EQ(poc["limit_order"]["take_profit"]["value"], "1005.36");
  EXPECT_FALSE(poc["limit_order"].contains("stop_loss"));
  // Changed while it runs: 2.00 is reached at 1002.36, that is at 1002.50.
  const auto u = sim.call(c, {{"contract_update", 1},
                              {"contract_id", id},
                              {"limit_order", {{"take_profit", 2}, {"stop_loss", 3}}}});
  ASSERT_EQ(code(u), "") << u;
  EXPECT_EQ(u["contract_update"]["take_profit"]["order_amount"], 2);
  EXPECT_EQ(u["contract_update"]["stop_loss"]["order_amount"], -3);
  EXPECT_EQ(code(sim.call(c, {{"contract_update", 1},
                              {"contract_id", id},
                              {"limit_order", {{"stop_loss", nullptr}}}})),
            "ContractUpdateTooFrequent");
  const auto history = sim.call(c, {{"contract_update_history", 1}, {"contract_id", id}});
  EXPECT_EQ(history["contract_update_history"].size(), 3U);
  sim.advance(60);
  for (const auto& f : sim.take(c))
    if (f["proposal_open_contract"]["is_sold"] == 1) poc = f["proposal_open_contract"];
  EXPECT_EQ(poc["status"], "won");
  EXPECT_EQ(amount(poc["profit"]), "2.14");  // 2.50 − 0.36
  EXPECT_EQ(sim.ledger("settle")[0]["profit"], "2.14");
}

TEST_P(Trading, AMultiplierIsStoppedOut) {
  std::vector<std::int64_t> m(30, 100'000);
  for (std::size_t i = 8; i < m.size(); ++i) m[i] = 98'000;
  Sim sim(path(m));
  const auto c = open(sim);
  sim.advance(2);
  const json p{{"amount", 10},      {"basis", "stake"},  {"contract_type", "MULTUP"},
               {"currency", "USD"}, {"multiplier", 100}, {key(), "R_100"}};
  sim.call(c, {{"buy", "1"}, {"price", 10}, {"parameters", p}});
  sim.advance(40);
  ASSERT_EQ(sim.ledger("settle").size(), 1U);
  EXPECT_EQ(sim.ledger("settle")[0]["profit"], "-10.00");
  EXPECT_EQ(sim.call(c, {{"balance", 1}})["balance"]["balance"], 9990);
}

// ---- books ----

TEST_P(Trading, StatementProfitTableAndLedgerAgreeToTheCent) {
  Sim sim;
  const auto c = open(sim);
  sim.advance(2);
  for (int i = 0; i < 12; ++i) {
    auto p = proposal(i % 2 == 0 ? "DIGITEVEN" : "PUT", 1 + i % 3, "t", "R_100", "1.37");
    buy(sim, c, p, false);
    sim.advance(3);
  }
  sim.advance(20);
  const auto table =
      sim.call(c, {{"profit_table", 1}, {"description", 1}, {"limit", 100}})["profit_table"];
  const auto statement =
      sim.call(c, {{"statement", 1}, {"description", 1}, {"limit", 100}})["statement"];
  EXPECT_EQ(table["count"], 12);
  EXPECT_EQ(statement["count"], 25);  // the opening deposit and 12 × 2
  const auto settled = sim.ledger("settle");
  ASSERT_EQ(settled.size(), 12U);
  core::Money total, from_table, from_statement;
  for (const auto& line : settled) total += *core::Money::parse(line["profit"].get<std::string>());
  for (const auto& row : table["transactions"])
    from_table +=
        *core::Money::parse(text(row["sell_price"])) - *core::Money::parse(text(row["buy_price"]));
  for (const auto& row : statement["transactions"]) {
    if (row["action_type"] == "deposit") continue;
    from_statement += *core::Money::parse(text(row["amount"]));
    EXPECT_EQ(row["reference_id"].is_number(), row["action_type"] == "sell");
  }
  EXPECT_EQ(total, from_table);
  EXPECT_EQ(total, from_statement);
  EXPECT_EQ(text(sim.call(c, {{"balance", 1}})["balance"]["balance"]),
            number(core::Money::minor(10'000'00) + total));
  EXPECT_EQ(statement["transactions"][0]["balance_after"],
            sim.call(c, {{"balance", 1}})["balance"]["balance"]);
  // Newest first, and pages.
  const auto newest = table["transactions"][0]["contract_id"];
  EXPECT_EQ(sim.call(c, {{"profit_table", 1},
                         {"sort", "ASC"},
                         {"offset", 11}})["profit_table"]["transactions"][0]["contract_id"],
            newest);
  EXPECT_EQ(sim.call(c, {{"statement", 1}, {"action_type", "buy"}})["statement"]["count"], 12);
  EXPECT_EQ(sim.call(c, {{"profit_table", 1},
                         {"date_from", std::to_string(sim.time())}})["profit_table"]["count"],
            0);
  EXPECT_EQ(
      sim.call(c, {{"profit_table", 1}, {"date_from", "2026-05-28"}})["profit_table"]["count"], 12);
  EXPECT_EQ(
      sim.call(c, {{"profit_table", 1}, {"date_from", "2026-05-29"}})["profit_table"]["count"],
      0);  // kStart is 2026-05-28
}

TEST(V3Trading, SellExpiredHurriesWhatIsDue) {
  auto o = Sim::defaults();
  o.gbm = false;
  o.replays = {replay("R_100", kStart, std::vector<std::int64_t>(40, 34'001), 2)};
  Sim sim(std::move(o));
  const auto c = sim.v3();
  sim.advance(1);
  json p = proposal_of("DIGITODD", 1, "t", "R_100", "symbol");
  p.erase("proposal");
  // Some of six contracts wait two or three seconds.
  for (int i = 0; i < 6; ++i) sim.call(c, {{"buy", "1"}, {"price", 1}, {"parameters", p}});
  sim.advance(3);  // exit at +2, now +3
  const auto before = sim.ledger("settle").size();
  const auto m = sim.call(c, {{"sell_expired", 1}});
  EXPECT_EQ(m["sell_expired"]["count"].get<std::size_t>() + before, 6U);
  EXPECT_EQ(sim.ledger("settle").size(), 6U);
  EXPECT_EQ(sim.call(c, {{"sell_expired", 1}})["sell_expired"]["count"], 0);
}

TEST(V3Trading, TopupIsForDemoAccountsBelowTheirStart) {
  Sim sim;
  const auto c = sim.v3();
  sim.advance(2);
  EXPECT_EQ(code(sim.call(c, {{"topup_virtual", 1}})), "TopupVirtualError");
  json p = proposal_of("DIGITODD", 1, "t", "R_100", "symbol", "100");
  p.erase("proposal");
  sim.call(c, {{"buy", "1"}, {"price", 100}, {"parameters", p}});
  EXPECT_EQ(sim.call(c, {{"topup_virtual", 1}})["topup_virtual"]["amount"], 100);
  EXPECT_EQ(sim.call(c, {{"balance", 1}})["balance"]["balance"], 10000);
  EXPECT_EQ(code(sim.call(sim.v3("v3real"), {{"topup_virtual", 1}})), "TopupVirtualError");
}

}  // namespace
}  // namespace derivd::sim::test
