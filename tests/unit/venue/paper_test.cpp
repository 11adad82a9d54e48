// Paper mode's venue behind a real public session on virtual time: fills, payments, and what
// becomes of open contracts over lost links and restarts.
#include <gtest/gtest.h>

#include "common/venue_session.hpp"
#include "unit/deriv/rig.hpp"

namespace derivd::daemon {
namespace {

using core::Money;
using deriv::SessionState;
using deriv::test::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t kStart = 1'782'000'000;  // an even second
const std::string kStream(36, 'a');

Money cents(std::int64_t units) { return Money::minor(units); }

market::ContractSpec spec_of(market::ContractType type, const char* duration,
                             const char* symbol = "R_100") {
  market::ContractSpec spec;
  spec.type = type;
  spec.symbol = symbol;
  spec.duration = *market::ContractDuration::parse(duration);
  return spec;
}

class PaperTest : public ::testing::Test {
 protected:
  explicit PaperTest(config::PaperSettings settings = {cents(10'000'00), milliseconds(0),
                                                       seconds(2)})
      : venue(public_settings(), wire, listener, rng, settings) {
    listener.state_hook = [this](SessionState state) {
      if (state == SessionState::kReconciling) venue.port().ask_report({kStart - 1000}, now);
    };
    listener.report_hook = [this](const execution::VenueReport&) {
      venue.session().reconciled(now);
    };
    now.instant.ns = 1'000'000'000'000;
    venue.at(now);
    venue.session().set_symbols({"R_100", "R_75"}, 0, now);
  }
  static deriv::SessionSettings public_settings() {
    deriv::SessionSettings s;
    s.endpoint = "https://venue.test";
    s.public_only = true;
    return s;
  }

  void start() {
    venue.session().start(now);
    connect();
  }
  /// From offline to reconciling; what is open is asked for by then.
  void connect() {
    pass(seconds(31));
    venue.session().on_open(now);
    answer(sent("time"), {{"msg_type", "time"}, {"time", venue_s}});
    answer(sent("time"), {{"msg_type", "time"}, {"time", venue_s}});
    answer(sent("active_symbols"),
           {{"msg_type", "active_symbols"}, {"active_symbols", json::array()}});
    pass(milliseconds(1));
  }
  void pass(core::Duration d) {
    const auto end = now.instant + d;
    for (int guard = 0; guard < 1000; ++guard) {
      const auto at = venue.next_deadline();
      if (!at || end < *at) break;
      now.instant = std::max(now.instant, *at);
      venue.at(now);
      venue.on_deadline(now);
      answer_ping();
    }
    now.instant = end;
    venue.at(now);
  }
  /// The venue is there, whatever its market does.
  void answer_ping() {
    if (wire.sent.empty() || !wire.sent.back().contains("ping")) return;
    const auto ping = wire.sent.back();
    if (!answered.insert(ping["req_id"].get<std::int64_t>()).second) return;
    answer(ping, {{"msg_type", "ping"}, {"ping", "pong"}});
  }
  void frame(const json& message) {
    auto text = message.dump();
    const auto size = text.size();
    text.append(64, '\0');
    venue.session().on_frame(std::string_view(text).substr(0, size), text.size(), now);
  }
  void answer(const json& request, json body) {
    ASSERT_TRUE(request.is_object());
    body["req_id"] = request["req_id"];
    frame(body);
  }
  json sent(const std::string& key) const {
    for (auto it = wire.sent.rbegin(); it != wire.sent.rend(); ++it) {
      if (it->contains(key)) return *it;
    }
    return {};
  }
  /// Requests for a span of past ticks that are not answered yet.
  std::vector<json> past_asked() {
    std::vector<json> out;
    for (const auto& f : wire.sent) {
      if (f.contains("ticks_history") && f.contains("start") &&
          answered.insert(f["req_id"].get<std::int64_t>()).second) {
        out.push_back(f);
      }
    }
    return out;
  }
  void answer_past(const json& request, const std::vector<std::pair<std::int64_t, double>>& ticks) {
    auto times = json::array();
    auto prices = json::array();
    for (const auto& [epoch, price] : ticks) {
      times.push_back(epoch);
      prices.push_back(price);
    }
    answer(request, {{"msg_type", "history"},
                     {"history", {{"times", times}, {"prices", prices}}},
                     {"pip_size", 2}});
  }
  /// A live tick; time passes up to it.
  void tick(std::int64_t at, double quote, const char* symbol = "R_100") {
    const auto step = kStart + at - venue_s;
    if (step > 0) pass(seconds(step));
    venue_s = std::max(venue_s, kStart + at);
    frame({{"msg_type", "tick"},
           {"tick",
            {{"symbol", symbol},
             {"epoch", kStart + at},
             {"quote", quote},
             {"pip_size", std::string_view(symbol) == "R_75" ? 4 : 2}}},
           {"subscription", {{"id", kStream}}}});
  }
  void cut() { venue.session().on_closed(0, "cut", now); }
  void buy(std::int64_t order, const market::ContractSpec& spec, Money stake) {
    venue.port().buy({order}, spec, stake, {}, now, {});
  }
  std::size_t place(std::string_view part) const {
    for (std::size_t i = 0; i < listener.log.size(); ++i) {
      if (listener.log[i].find(part) != std::string::npos) return i;
    }
    return listener.log.size();
  }
  bool told(std::string_view part) const { return place(part) < listener.log.size(); }
  const execution::ContractReport& last_report() const { return listener.contracts.back(); }

  core::Now now;
  std::int64_t venue_s = kStart;
  core::Rng rng{3};
  deriv::test::FakeWire wire;
  deriv::test::Recorder listener;
  VenueSession venue;
  std::set<std::int64_t> answered;
};

const auto kEven = spec_of(market::ContractType::kDigitEven, "1t");

TEST_F(PaperTest, FillsAtTheVenuesPriceAndPaysBeforeTheTickOfThatSecond) {
  start();
  EXPECT_TRUE(told("account PAPER demo USD 10000.00"));
  EXPECT_EQ(venue.session().state(), SessionState::kLive);
  tick(0, 342.07);
  buy(1, kEven, cents(100));
  EXPECT_TRUE(told("bought 1 contract 1 price 1.00 payout 1.95"));
  EXPECT_EQ(listener.bought.purchase_time.s, kStart);
  EXPECT_EQ(listener.bought.balance_after, cents(9'999'00));
  tick(2, 342.08);
  EXPECT_FALSE(told("contract 1 won")) << "decided, not yet paid";
  tick(4, 342.09);
  EXPECT_LT(place("contract 1 won sold"), place(fmt::format("tick R_100 {}", kStart + 4)));
  EXPECT_EQ(last_report().exit->quote.to_string(), "342.08");
  EXPECT_EQ(*last_report().profit, cents(95));
  EXPECT_EQ(last_report().sell_time->s, kStart + 4);
  EXPECT_TRUE(told("balance 10000.95"));
  EXPECT_EQ(listener.transactions.size(), 2U);
  for (const auto& f : wire.sent) EXPECT_FALSE(f.contains("buy")) << "an order left: " << f;
}

TEST_F(PaperTest, PaysWhatAnAccountWasAskedForAndTheRestByTheModel) {
  venue::Quotes quotes;
  ASSERT_TRUE(quotes.add(kEven, {{1}, cents(100), cents(191)}));
  quotes.sort();
  venue.paper()->set_quotes(std::move(quotes));
  start();
  tick(0, 342.07);
  venue.port().quote({1}, kEven, cents(100), now, {});
  EXPECT_TRUE(told("quote 1 paper-1 1.00 1.91"));
  auto wants = kEven;
  wants.basis = market::Basis::kPayout;
  venue.port().quote({2}, wants, cents(191), now, {});
  EXPECT_TRUE(told("quote 2 paper-2 1.00 1.91"));
  buy(3, kEven, cents(100));
  EXPECT_TRUE(told("bought 3 contract 1 price 1.00 payout 1.91"));
  buy(4, kEven, cents(200));
  EXPECT_TRUE(told("bought 4 contract 2 price 2.00 payout 3.82"))
      << "by the ratio of what was quoted";
  buy(5, spec_of(market::ContractType::kDigitOdd, "1t"), cents(100));
  EXPECT_TRUE(told("bought 5 contract 3 price 1.00 payout 1.95")) << "nothing is recorded of it";
  tick(2, 342.08);
  tick(4, 342.09);
  EXPECT_TRUE(told("contract 1 won sold"));
}

TEST_F(PaperTest, RefusesWhatTheVenueWouldRefuse) {
  start();
  buy(1, kEven, cents(100));
  EXPECT_TRUE(told("refused 1 NoRealtimeQuotes"));
  tick(0, 342.07);
  buy(2, kEven, cents(10));
  EXPECT_TRUE(told("refused 2 ContractBuyValidationError"));
  buy(3, kEven, cents(20'000'00));
  EXPECT_TRUE(told("refused 3 InsufficientBalance permanent"));
  cut();
  buy(4, kEven, cents(100));
  EXPECT_TRUE(told("refused 4 NotSent"));
  venue.port().sell({77}, now);
  EXPECT_TRUE(told("sell-failed 77 NotSent"));
}

struct SlowPaperTest : PaperTest {
  SlowPaperTest() : PaperTest({cents(50'00), milliseconds(1500), seconds(2)}) {}
};

TEST_F(SlowPaperTest, AnswersAfterTheLatencyAtTheClockOfThen) {
  start();
  tick(0, 342.07);
  pass(seconds(2));
  tick(2, 342.09);
  buy(1, kEven, cents(100));
  pass(milliseconds(1499));
  EXPECT_FALSE(told("bought"));
  pass(milliseconds(1));
  ASSERT_TRUE(told("bought 1"));
  EXPECT_EQ(listener.bought.purchase_time.s, kStart + 3);
  // An answer that the lost link swallowed never comes, and nothing was bought.
  buy(2, kEven, cents(100));
  cut();
  pass(seconds(5));
  EXPECT_FALSE(told("bought 2"));
}

TEST_F(PaperTest, LearnsThePastOfWhatWasOpenWhenTheLinkWasLost) {
  start();
  tick(0, 342.07);
  buy(1, kEven, cents(100));
  tick(0, 38767.6761, "R_75");
  buy(2, spec_of(market::ContractType::kCall, "2t", "R_75"), cents(200));
  cut();
  venue_s = kStart + 600;
  connect();
  const auto asked = past_asked();
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[0]["start"], kStart);
  // A live tick meanwhile must decide nothing.
  tick(602, 342.08);
  EXPECT_EQ(venue.session().state(), SessionState::kReconciling);
  for (const auto& a : asked) {
    const bool r100 = a["ticks_history"] == "R_100";
    if (r100) {
      answer_past(a, {{kStart + 2, 342.09}, {kStart + 4, 342.02}});
    } else {
      answer_past(a, {{kStart + 2, 38767.67}, {kStart + 4, 38767.68}, {kStart + 6, 38767.7}});
    }
  }
  pass(milliseconds(1));
  EXPECT_EQ(venue.session().state(), SessionState::kLive);
  EXPECT_TRUE(told("contract 1 lost sold"));
  EXPECT_TRUE(told("contract 2 won sold"));
  for (const auto& r : listener.contracts) {
    EXPECT_EQ(r.exit->epoch.s, kStart + (r.contract.value == 1 ? 2 : 6));
  }
  ASSERT_FALSE(listener.reports.empty());
  EXPECT_TRUE(listener.reports.back().portfolio.empty());
  EXPECT_EQ(listener.reports.back().profit_table.size(), 2U);
  EXPECT_EQ(listener.reports.back().balance,
            cents(10'000'00) - cents(300) + *listener.contracts.back().sell_price);
}

TEST_F(PaperTest, BelievesNoPublicSocketAboutContractsAndPassesOnWhatTheMarketTells) {
  start();
  EXPECT_FALSE(listener.heard.empty()) << "the venue's list of symbols";
  tick(0, 342.07);
  buy(1, kEven, cents(100));
  const auto before = listener.log.size();
  frame({{"msg_type", "proposal_open_contract"},
         {"proposal_open_contract",
          {{"contract_id", 1},
           {"is_sold", 1},
           {"is_expired", 1},
           {"status", "lost"},
           {"buy_price", 1},
           {"sell_price", 0},
           {"profit", -1},
           {"underlying_symbol", "R_100"}}}});
  frame({{"msg_type", "transaction"},
         {"transaction",
          {{"action", "sell"},
           {"amount", 0},
           {"balance", 1},
           {"contract_id", 1},
           {"currency", "USD"},
           {"id", kStream},
           {"transaction_id", 9},
           {"transaction_time", kStart},
           {"symbol", "R_100"}}}});
  EXPECT_EQ(listener.log.size(), before) << listener.log.back();
  tick(2, 342.08);
  tick(4, 342.09);
  EXPECT_TRUE(told("contract 1 won sold"));
  EXPECT_TRUE(told(fmt::format("tick R_100 {}", kStart + 4)));
}

TEST_F(PaperTest, GoesOnWithAContractThatStillRuns) {
  start();
  tick(0, 342.07);
  buy(1, spec_of(market::ContractType::kDigitEven, "5t"), cents(100));
  tick(2, 342.01);
  cut();
  venue_s = kStart + 5;
  connect();
  const auto asked = past_asked();
  ASSERT_EQ(asked.size(), 1U);
  answer_past(asked[0], {{kStart + 2, 342.01}, {kStart + 4, 342.03}});
  pass(milliseconds(1));
  for (const auto& [at, quote] : {std::pair{6, 342.05}, {8, 342.07}, {10, 342.08}, {12, 342.09}}) {
    EXPECT_FALSE(told("contract 1 won"));
    tick(at, quote);
  }
  EXPECT_TRUE(told("contract 1 won sold"));
  EXPECT_EQ(last_report().exit->epoch.s, kStart + 10) << "the fifth tick";
}

TEST_F(PaperTest, GivesBackWhatThePastDoesNotProve) {
  start();
  tick(0, 342.07);
  for (int order = 1; order <= 4; ++order) buy(order, kEven, cents(100));
  cut();
  venue_s = kStart + 5000;
  connect();
  const auto asked = past_asked();
  ASSERT_EQ(asked.size(), 4U);
  answer_past(asked[0], {{kStart + 4000, 342.0}});  // older than the venue remembers
  answer_past(asked[1], {});
  answer(asked[2], {{"msg_type", "ticks_history"},
                    {"error", {{"code", "InvalidSymbol"}, {"message", "no"}}}});
  answer_past(asked[3], {{kStart + 2, 342.04}});
  pass(milliseconds(1));
  EXPECT_EQ(listener.count("notice tick_gap: PAPER contract"), 0U) << "one answer proves nothing";
  const auto again = past_asked();
  ASSERT_EQ(again.size(), 2U);
  answer_past(again[0], {{kStart + 4000, 342.0}});
  answer_past(again[1], {});
  pass(milliseconds(1));
  EXPECT_TRUE(past_asked().empty());
  EXPECT_EQ(listener.count("notice tick_gap: PAPER contract"), 3U);
  int sold = 0;
  int won = 0;
  for (const auto& r : listener.contracts) {
    if (r.status == "sold") {
      ++sold;
      EXPECT_EQ(*r.profit, cents(0));
    }
    won += r.status == "won" ? 1 : 0;
  }
  EXPECT_EQ(sold, 3);
  EXPECT_EQ(won, 1);
  EXPECT_EQ(listener.reports.back().balance, cents(10'000'95));
}

// Short, with a hole, with a row that is no tick: each counts the contract's ticks wrongly, and is
// asked for once more before anything is settled by it.
TEST_F(PaperTest, SettlesByNoPastThatMayLackATick) {
  const std::vector<std::pair<std::int64_t, double>> whole{
      {kStart + 2, 342.01}, {kStart + 4, 342.03},  {kStart + 6, 342.05},
      {kStart + 8, 342.07}, {kStart + 10, 342.09}, {kStart + 12, 342.02}};
  const auto without = [&](std::size_t i) {
    auto out = whole;
    out.erase(out.begin() + static_cast<std::ptrdiff_t>(i));
    return out;
  };
  auto spoilt = whole;
  spoilt[2].second = 0;
  auto late = whole;
  late.erase(late.begin(), late.begin() + 3);
  start();
  tick(0, 342.07);
  for (int order = 1; order <= 5; ++order) {
    buy(order, spec_of(market::ContractType::kDigitEven, "5t"), cents(100));
  }
  cut();
  venue_s = kStart + 5000;
  connect();
  const auto asked = past_asked();
  ASSERT_EQ(asked.size(), 5U);
  answer_past(asked[0], without(2));
  answer_past(asked[1], spoilt);
  answer_past(asked[2], late);
  answer_past(asked[3], {whole.begin(), whole.begin() + 3});
  answer_past(asked[4], without(2));
  pass(milliseconds(1));
  EXPECT_FALSE(told("contract 1 won") || told("contract 1 lost"))
      << "the sixth tick would count as the fifth";
  const auto again = past_asked();
  ASSERT_EQ(again.size(), 5U);
  for (std::size_t i = 0; i < 4; ++i) answer_past(again[i], whole);
  answer_past(again[4], without(2));  // the venue itself has none there
  pass(milliseconds(1));
  for (const auto& r : listener.contracts) {
    EXPECT_EQ(r.exit->epoch.s, kStart + (r.contract.value == 5 ? 12 : 10)) << r.contract.value;
  }
  EXPECT_EQ(listener.contracts.size(), 5U);
}

TEST_F(PaperTest, AsksForAnyNumberOfContractsAndAnewAfterEachLostLink) {
  start();
  tick(0, 342.07);
  for (int order = 1; order <= 100; ++order) buy(order, kEven, cents(100));
  cut();
  venue_s = kStart + 300;
  connect();
  EXPECT_EQ(past_asked().size(), PaperVenue::kMaxAsked - 1);
  cut();  // nothing was answered
  connect();
  for (int round = 0; round < 200; ++round) {
    const auto asked = past_asked();
    if (asked.empty()) break;
    for (const auto& a : asked) answer_past(a, {{kStart + 2, 342.04}});
  }
  pass(milliseconds(1));
  EXPECT_EQ(listener.count("notice tick_gap"), 0U);
  EXPECT_EQ(venue.session().state(), SessionState::kLive);
  EXPECT_EQ(listener.reports.back().balance, cents(10'000'00 + 100 * 95));
}

TEST_F(PaperTest, ContinuesFromTheOrdersOfItsJournal) {
  execution::Order open;
  open.id = {2};
  open.contract = {9};
  open.buy_tx = {22};
  open.state = execution::OrderState::kOpen;
  open.spec = kEven;
  open.buy_price = cents(100);
  open.payout = cents(195);
  open.purchase_time = {kStart - 100};
  venue.paper()->restore({open}, {cents(95), {9}, {22}});
  start();
  EXPECT_TRUE(told("account PAPER demo USD 9999.95"));
  const auto asked = past_asked();
  ASSERT_EQ(asked.size(), 1U);
  answer_past(asked[0], {{kStart - 98, 342.04}});
  pass(milliseconds(1));
  ASSERT_TRUE(told("contract 9 won sold"));
  EXPECT_GT(last_report().sell_tx.value, 22);
  EXPECT_EQ(listener.reports.back().balance, cents(10'001'90));
  tick(0, 342.07);
  buy(3, kEven, cents(100));
  EXPECT_EQ(listener.bought.contract.value, 10);
  EXPECT_GT(listener.bought.transaction.value, last_report().sell_tx.value);
}

TEST_F(PaperTest, WaitsForTheLastTickOfAContractsOwnSymbol) {
  start();
  tick(0, 342.07);
  tick(0, 38767.6761, "R_75");
  buy(1, spec_of(market::ContractType::kCall, "15s", "R_75"), cents(100));
  for (int at = 2; at <= 12; at += 2) {
    tick(at, 342.07);
    tick(at, 38767.0, "R_75");
  }
  tick(14, 342.07);
  tick(16, 342.07);  // the other symbol is ahead: the end has passed, its last tick has not come
  tick(14, 38767.1, "R_75");
  tick(16, 38767.0, "R_75");
  EXPECT_FALSE(told("contract 1 won sold")) << "paid two seconds after its end";
  tick(18, 342.07);
  ASSERT_TRUE(told("contract 1 won sold"));
  EXPECT_EQ(last_report().exit->epoch.s, kStart + 14);
}

TEST_F(PaperTest, SettlesByTimeWhenTicksStayAway) {
  start();
  tick(0, 342.07);
  buy(1, spec_of(market::ContractType::kCall, "15s"), cents(100));
  tick(2, 342.07);
  tick(4, 342.08);
  pass(seconds(40));
  ASSERT_TRUE(told("contract 1 won sold"));
  EXPECT_EQ(last_report().exit->epoch.s, kStart + 4);
}

TEST_F(PaperTest, SellsAtTheBid) {
  start();
  tick(0, 342.07);
  buy(1, spec_of(market::ContractType::kCall, "5m"), cents(100));
  tick(2, 342.07);
  venue.port().sell({1}, now);
  ASSERT_TRUE(told("sold 1 "));
  EXPECT_TRUE(told("contract 1 sold sold"));
  EXPECT_GT(*last_report().sell_price, cents(80));
  EXPECT_LT(*last_report().sell_price, cents(100));
  venue.port().sell({1}, now);
  EXPECT_TRUE(told("sell-failed 1 ContractAlreadySold"));
  venue.port().poll({1}, now);
  EXPECT_TRUE(told("contract 1 sold sold polled"));
}

market::ContractSpec deal(bool with_fee) {
  market::ContractSpec spec;
  spec.type = market::ContractType::kMultUp;
  spec.symbol = "R_100";
  spec.multiplier_terms().multiplier = 100;
  spec.multiplier_terms().cancellation = *market::ContractDuration::parse("5m");
  if (with_fee) spec.multiplier_terms().fee = cents(1'24);
  return spec;
}

// 342.00 less a tenth of a per cent: 10.00 x 100 x -0.001 - 0.36.
TEST_F(PaperTest, CancelsADealWithinItsTime) {
  start();
  tick(0, 342.00);
  venue.port().quote({1}, deal(false), cents(10'00), now, {});
  EXPECT_TRUE(told("quote 1 paper-1 11.24 0.00 fee 1.24")) << listener.log.back();
  buy(1, deal(true), cents(11'24));
  EXPECT_TRUE(told("bought 1 contract 1 price 11.24"));
  EXPECT_TRUE(told("balance 9988.76"));
  tick(2, 342.00);
  tick(4, 341.66);
  EXPECT_TRUE(last_report().can_cancel);
  EXPECT_EQ(last_report().can_sell, false) << "below its stake";
  EXPECT_EQ(last_report().bid_price, cents(8'65));
  venue.port().sell({1}, now);
  EXPECT_TRUE(told("sell-failed 1 CancelIsBetter"));
  venue.port().cancel({1}, now);
  EXPECT_TRUE(told("sold 1 10.00"));
  EXPECT_TRUE(told("balance 9998.76"));
  EXPECT_EQ(last_report().status, "cancelled");
  venue.port().cancel({1}, now);
  EXPECT_TRUE(told("sell-failed 1 ContractAlreadySold"));
}

TEST_F(PaperTest, CancelsADealInThePlaceOfAStopOut) {
  start();
  tick(0, 342.00);
  buy(1, deal(true), cents(11'24));
  tick(2, 342.00);
  tick(4, 330.00);
  tick(6, 330.00);
  EXPECT_EQ(last_report().status, "cancelled");
  EXPECT_EQ(last_report().sell_price, cents(10'00));
  EXPECT_TRUE(told("balance 9998.76"));
}

TEST_F(PaperTest, ADealWhoseTimeIsOverIsSold) {
  start();
  tick(0, 342.00);
  buy(1, deal(true), cents(11'24));
  tick(2, 342.00);
  for (int at = 20; at <= 300; at += 20) tick(at, 342.00);
  tick(302, 341.66);
  EXPECT_FALSE(last_report().can_cancel);
  venue.port().cancel({1}, now);
  EXPECT_TRUE(told("sell-failed 1 DealCancellationExpired"));
  venue.port().sell({1}, now);
  EXPECT_TRUE(told("sold 1 8.65"));
}

}  // namespace
}  // namespace derivd::daemon
