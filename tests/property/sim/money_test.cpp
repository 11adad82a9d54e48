// Whatever clients do and however the venue misbehaves, money is neither made nor lost, and all the
// venue's books tell the same story.
#include "unit/sim/sim_fixture.hpp"

namespace derivd::sim::test {
namespace {

using core::Money;

Money money(const json& j) { return *Money::parse(text(j)); }

class Traffic {
 public:
  explicit Traffic(std::uint64_t seed) : rng_(seed), sim_(options(seed)) {
    for (const auto* token : {"pat_demo", "v3demo", "v3real"}) tokens_.push_back(token);
    witness_ = sim_.v3("v3demo");  // never touched by faults: they name other accounts
    sim_.call(witness_, {{"transaction", 1}, {"subscribe", 1}});
    for (
        const auto* rule :
        {R"({"when":{"call":"buy","dialect":"options","probability":0.1},"do":"lose_reply"})",
         R"({"when":{"call":"buy","dialect":"options","probability":0.1},"do":"drop_unanswered"})",
         R"({"when":{"call":"buy","dialect":"options","probability":0.1},"do":"error_after CallError"})",
         R"({"when":{"call":"buy","dialect":"options","probability":0.1},"do":"hold_settlement 7"})",
         R"({"when":{"call":"sell","dialect":"options","probability":0.2},"do":"drop_before"})"})
      EXPECT_TRUE(sim_.venue().faults().add(*Json::parse(rule)));
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) step();
    while (std::any_of(tokens_.begin(), tokens_.end(), [&](const auto& t) { return open(t) > 0; }))
      finish();
  }
  Sim& sim() { return sim_; }
  ConnId witness() const { return witness_; }
  const std::vector<std::string>& tokens() const { return tokens_; }
  ConnId connect(const std::string& token) {
    return token.starts_with("pat_") ? sim_.options(token) : sim_.v3(token);
  }

 private:
  static Venue::Options options(std::uint64_t seed) {
    auto o = Sim::defaults();
    o.seed = seed;
    o.rate_limits = false;
    o.gbm = false;
    o.balance = Money::minor(60'00);  // small enough to run out
    core::Rng rng(seed + 1);
    std::vector<std::int64_t> path{34'000};
    for (int i = 0; i < 4000; ++i)
      path.push_back(path.back() + static_cast<std::int64_t>(rng.below(41)) - 20);
    o.replays = {replay("R_100", kStart, path, 2)};
    return o;
  }
  std::size_t open(const std::string& token) {
    const auto c = connect(token);
    const auto n = sim_.call(c, {{"portfolio", 1}})["portfolio"]["contracts"].size();
    sim_.gone(c);
    return n;
  }
  void finish() {
    sim_.advance(5);
    for (const auto& token : tokens_) {  // multipliers end only when sold
      const auto c = connect(token);
      const auto portfolio = sim_.call(c, {{"portfolio", 1}});
      for (const auto& p : portfolio["portfolio"]["contracts"])
        if (p["contract_type"].get<std::string>().starts_with("MULT"))
          sim_.call(c, {{"sell", p["contract_id"]}, {"price", 0}});
      sim_.gone(c);
    }
  }

  void step() {
    sim_.advance(static_cast<std::int64_t>(rng_.below(4)));
    const auto& token = tokens_[rng_.below(tokens_.size())];
    auto& c = connections_[token];
    if (c == 0 || rng_.below(15) == 0) {
      if (c != 0) sim_.gone(c);
      c = connect(token);
    }
    const bool v3 = !token.starts_with("pat_");
    switch (rng_.below(6)) {
      case 0:
        sell(c);
        break;
      case 1:
        if (v3) sim_.call(c, {{"topup_virtual", 1}});
        break;
      default:
        buy(c, v3);
    }
    for (const auto& a : sim_.take_other_actions())
      if (a.kind == Action::Kind::kAbort)
        for (auto& [t, id] : connections_)
          if (id == a.conn) {
            sim_.gone(id);
            id = 0;
          }
  }

  void buy(ConnId c, bool v3) {
    static const std::vector<std::string> types{"DIGITODD", "DIGITDIFF", "CALL",
                                                "PUTE",     "MULTUP",    "MULTDOWN"};
    const auto& type = types[rng_.below(types.size())];
    const auto stake = Money::minor(static_cast<std::int64_t>(30 + rng_.below(1500)));
    json p{{"amount", json::parse(number(stake))},
           {"basis", "stake"},
           {"contract_type", type},
           {"currency", "USD"},
           {v3 ? "symbol" : "underlying_symbol", "R_100"}};
    if (type.starts_with("MULT")) {
      p["multiplier"] = 400;
      p["limit_order"] = {{"take_profit", 1}, {"stop_loss", 2}};
    } else if (type.starts_with("DIGIT") || rng_.below(2) == 0) {
      p["duration"] = 1 + rng_.below(5);
      p["duration_unit"] = "t";
    } else {
      p["duration"] = 15 + rng_.below(30);
      p["duration_unit"] = "s";
    }
    if (type == "DIGITDIFF") p["barrier"] = std::to_string(rng_.below(10));
    const bool cheap = rng_.below(10) == 0;
    sim_.call(c, {{"buy", "1"}, {"price", cheap ? 0.3 : 100.0}, {"parameters", p}});
  }
  void sell(ConnId c) {
    const auto p = sim_.call(c, {{"portfolio", 1}});
    if (p.is_null() || p["portfolio"]["contracts"].empty()) return;
    const auto& all = p["portfolio"]["contracts"];
    sim_.call(c, {{"sell", all[rng_.below(all.size())]["contract_id"]}, {"price", 0}});
  }

  core::Rng rng_;
  Sim sim_;
  std::vector<std::string> tokens_;
  std::map<std::string, ConnId> connections_;
  ConnId witness_ = 0;
};

class MoneyLaws : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Seeds, MoneyLaws, ::testing::Range(1, 13));

TEST_P(MoneyLaws, AllBooksTellTheSameStory) {
  Traffic traffic(static_cast<std::uint64_t>(GetParam()));
  traffic.run(400);
  Sim& sim = traffic.sim();
  std::size_t contracts = 0;
  for (const auto& token : traffic.tokens()) {
    const auto c = traffic.connect(token);
    const json balance = sim.call(c, {{"balance", 1}})["balance"];
    const std::string name = balance["loginid"];

    Money from_ledger;
    std::map<std::string, int> opened, closed;
    Money last = Money::minor(60'00);
    for (const auto& line : sim.ledger()) {
      if (line["account"] != name) continue;
      const std::string event = line["event"];
      if (event == "account") from_ledger += money(line["balance"]);
      if (event == "buy") {
        from_ledger -= money(line["stake"]);
        ++opened[line["contract_id"]];
      }
      if (event == "settle" || event == "sell") {
        from_ledger += money(line["credit"]);
        EXPECT_EQ(money(line["credit"]) - money(line["stake"]), money(line["profit"]));
        EXPECT_GE(money(line["credit"]).units(), 0);
        ++closed[line["contract_id"]];
      }
      if (event == "deposit") from_ledger += money(line["credit"]);
      if (event == "refuse") continue;
      EXPECT_EQ(money(line["balance"]), from_ledger) << line;
      EXPECT_GE(from_ledger.units(), 0) << line;
      last = from_ledger;
    }
    EXPECT_EQ(opened, closed);  // each once
    for (const auto& [id, n] : opened) EXPECT_EQ(n, 1) << id;
    contracts += opened.size();
    EXPECT_EQ(money(balance["balance"]), last);
    EXPECT_EQ(sim.venue().balance_of(name), last);

    const json rows = sim.call(c, {{"statement", 1}, {"limit", 999}})["statement"]["transactions"];
    Money running;
    for (auto it = rows.rbegin(); it != rows.rend(); ++it) {
      running += money((*it)["amount"]);
      EXPECT_EQ(money((*it)["balance_after"]), running) << *it;
    }
    EXPECT_EQ(running, last);
    const json table =
        sim.call(c, {{"profit_table", 1}, {"limit", 500}})["profit_table"]["transactions"];
    EXPECT_EQ(table.size(), opened.size());
  }
  EXPECT_GT(contracts, 100U);  // something happened at all
  // The book itself, which pays earlier than it is shown, ends with the same sums.
  for (std::uint32_t i = 0; i < 3; ++i) {
    const auto& account = sim.venue().book().account(i);
    EXPECT_EQ(account.balance, sim.venue().balance_of(account.name));
  }
}

TEST_P(MoneyLaws, TheTransactionStreamMissesNothing) {
  Traffic traffic(static_cast<std::uint64_t>(GetParam()));
  traffic.run(200);
  Sim& sim = traffic.sim();
  std::vector<std::string> streamed, written;
  std::string name;
  for (const auto& m : sim.take(traffic.witness(), "transaction")) {
    const auto& t = m["transaction"];
    if (!t.contains("action")) continue;
    streamed.push_back(t["contract_id"].dump() + text(t["balance"]));
  }
  const auto c = traffic.connect("v3demo");
  name = sim.call(c, {{"balance", 1}})["balance"]["loginid"];
  for (const auto& line : sim.ledger()) {
    const std::string event = line["event"];
    if (line["account"] != name || (event != "buy" && event != "settle" && event != "sell"))
      continue;
    written.push_back(line["contract_id"].get<std::string>() + number(money(line["balance"])));
  }
  EXPECT_EQ(streamed, written);
}

}  // namespace
}  // namespace derivd::sim::test
