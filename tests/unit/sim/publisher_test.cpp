// The publisher without a venue: who is told of what, and in which order. Beside it the reader of
// orders and the pricer, which it and the calls ask.
#include "sim/publisher.hpp"

#include <gmock/gmock.h>

#include "sim/order_reader.hpp"
#include "sim_fixture.hpp"

namespace derivd::sim::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Told : public ::testing::Test {
 protected:
  static Feed::Options flat() {
    Feed::Options o;
    o.start = {kStart};
    o.gbm = false;
    o.replays = {replay("R_100", kStart, {340'01, 340'02, 340'03, 340'04}, 2),
                 replay("1HZ100V", kStart, {340'01, 340'02, 340'03, 340'04}, 1)};
    return o;
  }
  void SetUp() override { second(0); }
  static core::Now at(std::int64_t s) {
    core::Now now;
    now.venue = {kStart + s};
    return now;
  }
  void second(std::int64_t s) {
    for (std::size_t i = 0; i < markets_.size(); ++i)
      if (const auto tick = markets_.publish(i, {kStart + s}, faults_))
        (void)contracts_.conclude(contracts_.on_tick(tick->tick), {kStart + s});
  }
  Connection& open(ConnId id, std::string_view token) {
    return connections_.open(id, Dialect::kV3, accounts_.grant_by_token(token), {});
  }
  static Stream& follow(Connection& c, Stream::Kind kind, core::ContractId contract = {}) {
    Stream s;
    s.kind = kind;
    s.id = fmt::format("stream {}", c.streams.size());
    s.key = s.id;
    s.envelope = {"{}"};
    s.contract = contract;
    return c.streams.add(std::move(s));
  }
  Answer<Order> read(std::string_view json, std::int64_t s = 0) const {
    return orders_.read(Dialect::kV3, *Json::parse(json), {kStart + s});
  }
  static std::string call(std::string_view more) {
    return fmt::format(R"({{"amount":1,"basis":"stake","currency":"USD","symbol":"R_100",{}}})",
                       more);
  }
  /// Of the account of `token`; an odd last digit of the next tick.
  Deal& buy(std::string_view token) {
    Account& a = *accounts_.grant_by_token(token)->account;
    const auto order =
        read(call(R"("contract_type":"DIGITODD","duration":1,"duration_unit":"t")")).value();
    const auto quote = pricer_.price(order, {kStart}).value();
    const auto id =
        contracts_.book().buy(a.index(), order.spec, quote.stake, quote.payout, {kStart});
    Deal deal;
    deal.id = id.value();
    deal.account = a.index();
    deal.symbol = order.symbol;
    accounts_.bought(a, contracts_.contract(deal.id), {kStart});
    return contracts_.keep(std::move(deal));
  }
  void pay(Deal& deal, std::int64_t s) {
    (void)contracts_.on_time({kStart + s});
    contracts_.show_sold(contracts_.hurry(deal.id), {}, {kStart + s});
    accounts_.paid(accounts_.at(deal.account), contracts_.contract(deal.id), false, {kStart + s});
  }
  /// What was sent: the connection and the type of each message, in order.
  std::vector<std::string> said() {
    std::vector<std::string> out;
    for (const auto& a : connections_.take_actions()) {
      const auto m = json::parse(a.frame);
      out.push_back(fmt::format("{} {}", a.conn, m["msg_type"].get<std::string>()));
    }
    return out;
  }

  Terms terms_{{kStart}, core::Money::minor(10'000'00), "USD", true, {}};
  Faults faults_{1};
  Ledger ledger_{Ledger::Sink{}};
  Markets markets_{flat()};
  Contracts contracts_{Contracts::Options{}};
  Accounts accounts_{{TokenSpec::parse("v3one").value(), TokenSpec::parse("v3two").value()},
                     {terms_.balance, terms_.start, kFirstTransaction},
                     contracts_.book(),
                     ledger_};
  OneTimePasswords otps_;
  Transcript transcript_{{}, accounts_, otps_};
  Connections connections_{faults_, transcript_};
  Pricer pricer_{terms_, contracts_.book()};
  OrderReader orders_{terms_, markets_, pricer_};
  Publisher publisher_{{terms_, markets_, contracts_, accounts_, pricer_}, connections_, 7};
};

TEST_F(Told, AQuoteGoesToWhoFollowsIt) {
  Connection& c = open(1, "v3one");
  const auto symbol = markets_.index_of("1HZ100V");
  follow(c, Stream::Kind::kTicks).symbol = symbol;
  follow(c, Stream::Kind::kBalance).symbol = symbol;
  auto& candles = follow(open(2, "v3two"), Stream::Kind::kCandles);
  candles.symbol = symbol;
  candles.granularity = 60;
  publisher_.quotes(markets_.index_of("R_100"), *markets_.last(0), at(0));
  EXPECT_THAT(said(), IsEmpty());
  publisher_.quotes(symbol, *markets_.last(symbol), at(0));
  EXPECT_THAT(said(), ElementsAre("1 tick", "2 ohlc"));
}

TEST_F(Told, APurchaseIsToldInNoFixedOrderButWholeAndToItsAccount) {
  Connection& c = open(1, "v3one");
  Connection& other = open(2, "v3two");
  for (Connection* each : {&c, &other}) {
    follow(*each, Stream::Kind::kBalance);
    follow(*each, Stream::Kind::kTransaction);
    follow(*each, Stream::Kind::kOpenContracts);
  }
  const auto request = *Json::parse(R"({"buy":"1","price":1})");
  const auto& info = *find_call(Dialect::kV3, request);
  std::set<std::vector<std::string>> orders;
  for (int i = 0; i < 40; ++i) {
    Request r{c, connections_, request, info, at(0), envelope_of(request)};
    const Deal& deal = buy("v3one");
    publisher_.bought(r, deal, frame(r.envelope, "buy", "buy", "{}"));
    orders.insert(said());
  }
  const std::string buy = "1 buy", balance = "1 balance", transaction = "1 transaction",
                    contract = "1 proposal_open_contract";
  EXPECT_EQ(orders, (std::set<std::vector<std::string>>{{buy, transaction, balance, contract},
                                                        {transaction, balance, buy, contract},
                                                        {balance, transaction, buy, contract}}));
  Request r{other, connections_, request, info, at(0), envelope_of(request)};
  const Deal& deal = this->buy("v3one");
  EXPECT_DEATH(publisher_.bought(r, deal, "{}"), "answered to its own account");
}

TEST_F(Told, TheStreamOfOneContractEndsWithIt) {
  Connection& c = open(1, "v3one");
  Deal& deal = buy("v3one");
  Deal& other = buy("v3one");
  follow(c, Stream::Kind::kOpenContract, deal.id);
  follow(c, Stream::Kind::kOpenContract, other.id);
  follow(c, Stream::Kind::kOpenContracts);
  publisher_.contract(deal, at(0));
  EXPECT_THAT(said(), ElementsAre("1 proposal_open_contract", "1 proposal_open_contract"));
  EXPECT_EQ(c.streams.size(), 3U);
  EXPECT_DEATH(publisher_.paid(accounts_.at(0), deal, at(0)), "told of what is sold");
  second(2);
  pay(deal, 5);
  publisher_.paid(accounts_.at(0), deal, at(5));
  EXPECT_THAT(said(), SizeIs(2));
  ASSERT_EQ(c.streams.size(), 2U);
  EXPECT_EQ(c.streams.begin()->contract, other.id);
}

TEST_F(Told, OpenContractsFollowTheQuotesUntilTheyAreOver) {
  Connection& c = open(1, "v3one");
  const Deal& deal = buy("v3one");
  follow(c, Stream::Kind::kOpenContract, deal.id);
  const auto symbol = markets_.index_of("R_100");
  publisher_.values(symbol, *markets_.last(symbol), at(0));
  EXPECT_THAT(said(), ElementsAre("1 proposal_open_contract"));
  second(2);
  EXPECT_EQ(deal.shown, Shown::kExpired);
  publisher_.values(symbol, *markets_.last(symbol), at(2));
  EXPECT_THAT(said(), IsEmpty());
}

TEST_F(Told, NobodySeesAContractOfAnotherAccount) {
  const Deal& deal = buy("v3one");
  follow(open(2, "v3two"), Stream::Kind::kOpenContract, deal.id);
  publisher_.contract(deal, at(0));
  EXPECT_THAT(said(), IsEmpty());
  const auto symbol = markets_.index_of("R_100");
  EXPECT_DEATH(publisher_.values(symbol, *markets_.last(symbol), at(0)), "its own account alone");
}

TEST_F(Told, AProposalIsToldWhenItSaysSomethingNew) {
  Connection& c = open(1, "v3one");
  const auto order = read(call(R"("contract_type":"MULTUP","multiplier":100)")).value();
  const auto symbol = markets_.index_of("R_100");
  auto& s = follow(c, Stream::Kind::kProposal);
  s.symbol = symbol;
  s.order = order;
  c.proposals.add({s.id, order, {}});
  publisher_.values(symbol, *markets_.last(symbol), at(0));
  EXPECT_THAT(said(), ElementsAre("1 proposal"));
  EXPECT_EQ(c.proposals.find("stream 0")->quote.spot, markets_.last(symbol)->quote);
  publisher_.values(symbol, *markets_.last(symbol), at(0));
  EXPECT_THAT(said(), IsEmpty());
  second(2);
  publisher_.values(symbol, *markets_.last(symbol), at(2));
  EXPECT_THAT(said(), ElementsAre("1 proposal"));
}

TEST_F(Told, TheSiteTellsItsStateToWhoAsked) {
  follow(open(1, "v3one"), Stream::Kind::kWebsiteStatus);
  follow(open(2, "v3two"), Stream::Kind::kBalance);
  SiteStatus site;
  site.take_down("Back soon.");
  publisher_.website_status(site, at(0));
  const auto actions = connections_.take_actions();
  ASSERT_THAT(actions, SizeIs(1));
  const auto status = json::parse(actions[0].frame)["website_status"];
  EXPECT_EQ(status["site_status"], "down");
  EXPECT_EQ(status["message"], "Back soon.");
  site.bring_up();
  EXPECT_EQ(site.message(), "");
}

TEST_F(Told, AFixedExpiryComesNearerWhileNobodyBuys) {
  const auto order =
      read(call(fmt::format(R"("contract_type":"CALL","date_expiry":{})", kStart + 100))).value();
  EXPECT_EQ(Pricer::spec_now(order, {kStart}).duration.seconds(), 100);
  EXPECT_EQ(Pricer::spec_now(order, {kStart + 60}).duration.seconds(), 40);
  EXPECT_EQ(Pricer::spec_now(order, {kStart + 200}).duration.seconds(), 1);
}

TEST_F(Told, APriceMovesWithTheQuotesOrStands) {
  const auto moves = [&](std::string_view more) {
    const auto order = read(call(more));
    EXPECT_TRUE(order) << order.error().message;
    return Pricer::market_moves(*order);
  };
  EXPECT_FALSE(moves(R"("contract_type":"CALL","duration":5,"duration_unit":"t")"));
  EXPECT_FALSE(moves(R"("contract_type":"CALL","duration":5,"duration_unit":"m")"));
  EXPECT_TRUE(moves(R"("contract_type":"CALL","duration":1,"duration_unit":"d")"));
  EXPECT_TRUE(
      moves(R"("contract_type":"CALL","duration":5,"duration_unit":"t","barrier":"+0.10")"));
  EXPECT_FALSE(moves(R"("contract_type":"DIGITEVEN","duration":5,"duration_unit":"t")"));
  EXPECT_TRUE(moves(R"("contract_type":"MULTUP","multiplier":100)"));
}

TEST_F(Told, AnOrderIsRefusedBeforeItIsPriced) {
  const auto refused = [&](std::string_view json, std::int64_t s = 0) {
    const auto order = read(json, s);
    return order ? std::string("read") : order.error().code;
  };
  const auto good = call(R"("contract_type":"CALL","duration":5,"duration_unit":"t")");
  EXPECT_EQ(refused(good), "read");
  EXPECT_EQ(refused(call(R"("contract_type":"CALL")")), "ContractCreationFailure");
  EXPECT_EQ(refused(call(R"("contract_type":"NONE","duration":5,"duration_unit":"t")")),
            "OfferingsValidationError");
  EXPECT_EQ(refused(R"({"symbol":"R_50"})"), "OfferingsValidationError");
  EXPECT_EQ(refused(R"({"symbol":"R_100","currency":"EUR"})"), "NotDefaultCurrency");
  for (std::int64_t s = 1; s <= 10; ++s) second(s);
  EXPECT_EQ(refused(good, 10), "MarketIsClosed") << "its file has ended";
}

}  // namespace
}  // namespace derivd::sim::test
