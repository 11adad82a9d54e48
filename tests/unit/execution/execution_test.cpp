#include <gtest/gtest.h>

#include "execution/follow.hpp"
#include "execution/ledger.hpp"
#include "execution/reconcile.hpp"
#include "market/kind.hpp"
#include "market/shortcode.hpp"

namespace derivd::execution {
namespace {

using market::Agreement;
using market::ContractDuration;
using market::ContractSpec;
using market::ContractType;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Unit = ContractDuration::Unit;

core::Money usd(std::string_view text) { return *core::Money::parse(text); }

ContractSpec spec(ContractType type, ContractDuration duration = {1, Unit::kTicks},
                  std::string_view symbol = "R_100") {
  ContractSpec s;
  s.type = type;
  s.symbol = symbol;
  s.duration = duration;
  return s;
}

constexpr std::int64_t kT0 = 1'782'086'400;

Order order(std::int64_t id, ContractType type = ContractType::kDigitOdd,
            std::string_view stake = "1.00") {
  Order o;
  o.id = {id};
  o.strategy = "s";
  o.spec = spec(type);
  o.stake = usd(stake);
  o.signal_epoch = {kT0};
  return o;
}

Bought bought(std::int64_t contract, std::string_view price = "1.00") {
  Bought b;
  b.contract = {contract};
  b.transaction = {contract * 10};
  b.buy_price = usd(price);
  b.payout = usd("1.95");
  b.purchase_time = {kT0 + 1};
  return b;
}

// ---- names ----

TEST(Names, OfStatesAndOutcomesGoBothWays) {
  for (const auto* name : {"intended", "unknown", "open", "refused", "absent", "settled"}) {
    ASSERT_TRUE(order_state_from(name)) << name;
    EXPECT_EQ(name_of(*order_state_from(name)), name);
  }
  for (const auto* name : {"none", "won", "lost", "break_even", "sold", "cancelled"}) {
    ASSERT_TRUE(outcome_from(name)) << name;
    EXPECT_EQ(name_of(*outcome_from(name)), name);
  }
  EXPECT_FALSE(order_state_from("Open"));
  EXPECT_FALSE(outcome_from(""));
}

// ---- the ledger ----

TEST(LegalMoves, AreExactlyThese) {
  const std::set<std::pair<OrderState, OrderState>> legal{
      {OrderState::kIntended, OrderState::kUnknown}, {OrderState::kIntended, OrderState::kOpen},
      {OrderState::kIntended, OrderState::kRefused}, {OrderState::kUnknown, OrderState::kOpen},
      {OrderState::kUnknown, OrderState::kAbsent},   {OrderState::kUnknown, OrderState::kRefused},
      {OrderState::kAbsent, OrderState::kOpen},      {OrderState::kOpen, OrderState::kSettled}};
  for (int a = 0; a <= 5; ++a) {
    for (int b = 0; b <= 5; ++b) {
      const auto from = static_cast<OrderState>(a);
      const auto to = static_cast<OrderState>(b);
      EXPECT_EQ(is_legal(from, to), legal.contains({from, to})) << a << b;
    }
  }
}

TEST(LedgerDeathTest, IllegalMovesAbort) {
  Ledger ledger;
  ledger.intend(order(ledger.reserve().value));
  EXPECT_DEATH(ledger.settle({1}, {}, Witness::kPoll, {}), "cannot move");
  EXPECT_DEATH(ledger.absent({1}, "x"), "cannot move");
  EXPECT_DEATH(ledger.refuse({2}, "x"), "no such order");
  ledger.accept({1}, bought(7));
  EXPECT_DEATH(ledger.refuse({1}, "x"), "cannot move");
  ledger.intend(order(ledger.reserve().value));
  EXPECT_DEATH(ledger.accept({2}, bought(7)), "claimed twice");
  EXPECT_DEATH(ledger.intend(order(2)), "used twice");
  EXPECT_DEATH(ledger.intend(order(9)), "reserved");
}

TEST(Ledger, KnowsContractsAndExposure) {
  Ledger ledger;
  ledger.intend(order(ledger.reserve().value));
  EXPECT_EQ(at_risk(*ledger.find(core::OrderId{1})), usd("1.00"));
  EXPECT_EQ(ledger.exposed().size(), 1u);
  ledger.accept({1}, bought(7, "0.99"));
  EXPECT_EQ(at_risk(*ledger.find(core::OrderId{1})), usd("0.99"));
  EXPECT_EQ(ledger.find(core::ContractId{7})->id, core::OrderId{1});
  EXPECT_TRUE(ledger.is_ours({7}));
  EXPECT_FALSE(ledger.is_ours({8}));
  Settlement s;
  s.sell_price = usd("1.95");
  s.outcome = Outcome::kWon;
  const auto& done = ledger.settle({1}, s, Witness::kTransaction, {kT0 + 9});
  EXPECT_EQ(*done.profit, usd("0.96"));
  EXPECT_EQ(done.settled_time, core::VenueTime{kT0 + 9});
  EXPECT_EQ(ledger.exposed().size(), 0u);
  EXPECT_EQ(at_risk(done), usd("0.00"));
}

TEST(Ledger, ForgetsOldFinalOrdersButNotWhatWasOurs) {
  Ledger ledger;
  const auto n = static_cast<std::int64_t>(Ledger::kKeepFinal) + 10;
  for (std::int64_t i = 1; i <= n; ++i) {
    ledger.intend(order(ledger.reserve().value));
    ledger.accept({i}, bought(1000 + i));
    ledger.settle({i}, {}, Witness::kPoll, {});
  }
  EXPECT_EQ(ledger.find(core::OrderId{10}), nullptr);
  EXPECT_NE(ledger.find(core::OrderId{11}), nullptr);
  EXPECT_EQ(ledger.find(core::ContractId{1001}), nullptr);
  EXPECT_TRUE(ledger.is_ours({1001}));
}

TEST(Ledger, ARunningContractIsNeverForgotten) {
  Ledger ledger;
  ledger.intend(order(ledger.reserve().value));
  ledger.accept({1}, bought(1));
  for (std::int64_t i = 2; i <= static_cast<std::int64_t>(Ledger::kKeepClaims) + 100; ++i) {
    ledger.intend(order(ledger.reserve().value));
    ledger.accept({i}, bought(i));
    ledger.settle({i}, {}, Witness::kPoll, {});
  }
  EXPECT_TRUE(ledger.is_ours({1}));
  EXPECT_NE(ledger.find(core::ContractId{1}), nullptr);
}

TEST(Ledger, AnOrderThatIsKnownKeepsItsClaim) {
  Ledger ledger;
  const auto open = [&](std::int64_t i) {
    ledger.intend(order(ledger.reserve().value));
    ledger.accept({i}, bought(i));
  };
  open(1);
  for (std::int64_t i = 2; i <= static_cast<std::int64_t>(Ledger::kKeepClaims); ++i) {
    open(i);
    ledger.settle({i}, {}, Witness::kPoll, {});
  }
  // The oldest claim of all is that of the order that settled last: a later witness may still come.
  ledger.settle({1}, {}, Witness::kPoll, {});
  open(static_cast<std::int64_t>(Ledger::kKeepClaims) + 1);
  EXPECT_TRUE(ledger.is_ours({1}));
  ASSERT_NE(ledger.find(core::ContractId{1}), nullptr);
  EXPECT_EQ(ledger.find(core::ContractId{1})->id, core::OrderId{1});
}

TEST(Ledger, AForgottenOrderLeavesNothingBehind) {
  Ledger ledger;
  const auto n = static_cast<std::int64_t>(Ledger::kKeepFinal) + 1;
  ledger.restore_claim({5000});
  for (std::int64_t i = 1; i <= n; ++i) {
    ledger.intend(order(ledger.reserve().value));
    ledger.accept({i}, bought(1000 + i));
    ledger.settle({i}, {}, Witness::kPoll, {});
  }
  // Its place is taken by an order without a contract, then by one with another.
  ledger.intend(order(ledger.reserve().value));
  EXPECT_EQ(ledger.find(core::OrderId{}), nullptr);
  EXPECT_EQ(ledger.find(core::ContractId{}), nullptr);
  EXPECT_EQ(ledger.find(core::ContractId{1001}), nullptr);
  ledger.accept({n + 1}, bought(9000));
  EXPECT_EQ(ledger.find(core::ContractId{1001}), nullptr);
  EXPECT_EQ(ledger.find(core::ContractId{9000})->id, core::OrderId{n + 1});
  EXPECT_EQ(ledger.find(core::ContractId{5000}), nullptr);
  EXPECT_TRUE(ledger.is_ours({1001}) && ledger.is_ours({5000}));
}

// ---- settlements ----

struct Reading : ::testing::Test {
  Reading() {
    o = order(1);
    o.state = OrderState::kOpen;
    o.contract = {7};
    o.buy_price = usd("1.00");
    o.payout = usd("1.95");
    r.contract = {7};
    r.is_sold = true;
  }
  Order o;
  ContractReport r;
};

TEST_F(Reading, AContractReportMustBeSoldAndSayForHowMuch) {
  r.sell_price = usd("1.95");
  r.is_sold = false;
  EXPECT_FALSE(settlement_from(o, r));
  r.is_sold = true;
  r.status = "won";
  auto s = settlement_from(o, r);
  EXPECT_EQ(s->outcome, Outcome::kWon);
  EXPECT_EQ(s->sell_price, usd("1.95"));
  r.sell_price.reset();
  EXPECT_EQ(settlement_from(o, r)->sell_price, usd("1.95"));  // won: its payout
  r.status = "lost";
  EXPECT_EQ(settlement_from(o, r)->sell_price, usd("0.00"));
  EXPECT_EQ(settlement_from(o, r)->outcome, Outcome::kLost);
  r.status = "sold";
  EXPECT_FALSE(settlement_from(o, r));  // for how much?
  r.profit = usd("-0.40");
  EXPECT_EQ(settlement_from(o, r)->sell_price, usd("0.60"));
  EXPECT_EQ(settlement_from(o, r)->outcome, Outcome::kSold);
}

TEST_F(Reading, ATransactionTellsTheOutcomeByItsAmount) {
  TransactionReport t;
  t.action = TransactionReport::Action::kSell;
  t.contract = {7};
  t.amount = usd("1.95");
  EXPECT_EQ(settlement_from(o, t)->outcome, Outcome::kWon);
  t.amount = usd("0.00");
  EXPECT_EQ(settlement_from(o, t)->outcome, Outcome::kLost);
  t.amount = usd("1.00");
  EXPECT_EQ(settlement_from(o, t)->outcome, Outcome::kBreakEven);
  t.amount = usd("0.60");
  EXPECT_EQ(settlement_from(o, t)->outcome, Outcome::kSold);
  t.action = TransactionReport::Action::kBuy;
  EXPECT_FALSE(settlement_from(o, t));
}

TEST_F(Reading, ACancellationIsToldByTheStakeThatComesBackInItsTime) {
  o.spec.type = ContractType::kMultUp;
  o.spec.duration = {};
  o.spec.multiplier_terms().multiplier = 100;
  o.spec.multiplier_terms().cancellation = {5, Unit::kMinutes};
  o.spec.multiplier_terms().fee = usd("0.12");
  o.stake = usd("1.12");
  o.buy_price = usd("1.11");  // filled for less than was quoted
  o.payout.reset();
  o.purchase_time = {kT0};
  TransactionReport t;
  t.action = TransactionReport::Action::kSell;
  t.amount = usd("1.00");
  t.time = {kT0 + 300};
  EXPECT_EQ(settlement_from(o, t)->outcome, Outcome::kCancelled);
  t.amount = usd("1.01");
  EXPECT_EQ(settlement_from(o, t)->outcome, Outcome::kLost) << "a sale, less than what was paid";
  t.amount = usd("1.00");
  t.time = {kT0 + 311};
  EXPECT_EQ(settlement_from(o, t)->outcome, Outcome::kLost) << "its time was over";
  HistoryRow row;
  row.sell_price = usd("1.00");
  row.sell_time = {kT0 + 100};
  EXPECT_EQ(settlement_from(o, row)->outcome, Outcome::kCancelled);
  ContractReport report;
  report.is_sold = true;
  report.status = "cancelled";
  report.profit = usd("0.00");
  EXPECT_EQ(settlement_from(o, report)->sell_price, usd("1.00")) << "beside the fee";
  EXPECT_EQ(settlement_from(o, report)->outcome, Outcome::kCancelled);
  report.status = "sold";
  report.sell_price = usd("1.00");
  report.sell_time = {kT0 + 100};
  EXPECT_EQ(settlement_from(o, report)->outcome, Outcome::kSold) << "by the venue's own word";
}

// ---- shortcodes ----

TEST(Shortcode, NamesTheSymbolInCapitals) {
  market::ContractSpec s;
  s.symbol = "frxEURUSD";
  s.duration = {5, market::ContractDuration::Unit::kTicks};
  using market::Agreement;
  EXPECT_EQ(shortcode_agrees(s, "CALL_FRXEURUSD_1.91_1446803742_5T_S0P_0"), Agreement::kAgrees);
  EXPECT_EQ(shortcode_agrees(s, "CALL_frxEURUSD_1.91_1446803742_5T_S0P_0"), Agreement::kAgrees);
  EXPECT_EQ(shortcode_agrees(s, "CALL_FRXEURUSDX_1.91_1446803742_5T_S0P_0"), Agreement::kDiffers);
  EXPECT_EQ(shortcode_agrees(s, "CALL_FRXEURUS_1.91_1446803742_5T_S0P_0"), Agreement::kDiffers);
}

TEST(Shortcode, TicksAndDigits) {
  auto s = spec(ContractType::kDigitOdd, {5, Unit::kTicks}, "1HZ50V");
  const auto agrees = [&](std::string_view code) { return shortcode_agrees(s, code); };
  EXPECT_EQ(agrees("DIGITODD_1HZ50V_3.87_1754561965_5T"), Agreement::kAgrees);
  EXPECT_EQ(agrees("DIGITODD_1HZ50V_3.87_1754561965_6T"), Agreement::kDiffers);
  EXPECT_EQ(agrees("DIGITEVEN_1HZ50V_3.87_1754561965_5T"), Agreement::kDiffers);
  EXPECT_EQ(agrees("DIGITODD_1HZ50_3.87_1754561965_5T"), Agreement::kDiffers);
  EXPECT_EQ(agrees("DIGITODD_1HZ50V_1.96_1484000000_0_0"), Agreement::kUnreadable);  // 2016
  EXPECT_EQ(agrees(""), Agreement::kUnreadable);
  s = spec(ContractType::kDigitOver, {1, Unit::kTicks}, "R_10");
  s.set_digit(2);
  EXPECT_EQ(agrees("DIGITOVER_R_10_0.47_1791086752_1T_2_0"), Agreement::kAgrees);
  s.set_digit(3);
  EXPECT_EQ(agrees("DIGITOVER_R_10_0.47_1791086752_1T_2_0"), Agreement::kDiffers);
}

TEST(Shortcode, BarriersAndSeconds) {
  auto s = spec(ContractType::kHigher, {1, Unit::kMinutes}, "R_100");
  s.set_offset(core::Price::raw(10, 2));
  const auto agrees = [&](std::string_view code) { return shortcode_agrees(s, code); };
  EXPECT_EQ(agrees("CALL_R_100_3.91_1736296960_1736297020_S10P_0"), Agreement::kAgrees);
  EXPECT_EQ(agrees("HIGHER_R_100_3.91_1736296960_1736297020_S10P_0"), Agreement::kAgrees);
  EXPECT_EQ(agrees("CALL_R_100_3.91_1736296960_1736297020_S0P_0"), Agreement::kDiffers);
  EXPECT_EQ(agrees("CALL_R_100_3.91_1736296960_1736297021_S10P_0"), Agreement::kDiffers);
  EXPECT_EQ(agrees("CALL_R_100_3.91_1736296960_5T_S10P_0"), Agreement::kDiffers);
  s = spec(ContractType::kLower, {1, Unit::kMinutes});
  s.set_offset(core::Price::raw(-4, 2));
  EXPECT_EQ(agrees("PUT_R_100_3.91_1736296960_1736297020F_S-4P_0"), Agreement::kAgrees);
  s = spec(ContractType::kCall, {1, Unit::kMinutes});
  EXPECT_EQ(agrees("CALL_R_100_3.91_1736296960_1736297020_S0P_0"), Agreement::kAgrees);
  EXPECT_EQ(agrees("CALL_R_100_3.91_1736296960_1736297020_S10P_0"), Agreement::kDiffers);
  EXPECT_EQ(agrees("CALLE_R_100_3.91_1736296960_1736297020_S0P_0"), Agreement::kDiffers);
}

TEST(Shortcode, Multipliers) {
  auto s = spec(ContractType::kMultUp, {}, "1HZ100V");
  s.multiplier_terms().multiplier = 10;
  s.multiplier_terms().cancellation = {60, Unit::kMinutes};
  EXPECT_EQ(shortcode_agrees(s, "MULTUP_1HZ100V_9.00_10_1716200000_4869800000_60m_0.00_N1"),
            Agreement::kAgrees);
  s.multiplier_terms().multiplier = 100;
  EXPECT_EQ(shortcode_agrees(s, "MULTUP_1HZ100V_9.00_10_1716200000_4869800000_60m_0.00_N1"),
            Agreement::kDiffers);
}

TEST(Shortcode, TypesAndTheirFamilies) {
  EXPECT_TRUE(is_named(ContractType::kHigher, "CALL"));
  EXPECT_TRUE(is_named(ContractType::kHigher, "HIGHER"));
  EXPECT_TRUE(is_named(ContractType::kLower, "PUT"));
  EXPECT_FALSE(is_named(ContractType::kCall, "HIGHER"));
  EXPECT_FALSE(is_named(ContractType::kCall, "CALLE"));
}

// ---- reconciliation ----

struct Reconciling : ::testing::Test {
  // Orders of unknown outcome in a ledger.
  void lost(std::int64_t id, ContractType type = ContractType::kDigitOdd,
            std::string_view stake = "1.00", std::int64_t signal = kT0) {
    while (ledger.last().value < id) ledger.reserve();
    auto o = order(id, type, stake);
    o.signal_epoch = {signal};
    ledger.intend(o);
    ledger.unknown({id}, "timeout");
    pending.push_back({ledger.find(core::OrderId{id}), std::nullopt});
  }
  void close(std::int64_t at) {
    for (auto& p : pending) p.window_closed = core::VenueTime{at};
  }
  HistoryRow row(std::int64_t contract, std::string_view type = "DIGITODD",
                 std::string_view price = "1.00", std::int64_t time = kT0 + 1) {
    HistoryRow r;
    r.contract = {contract};
    r.type = type;
    r.symbol = "R_100";
    r.buy_price = usd(price);
    r.purchase_time = {time};
    r.open = true;
    r.shortcode = fmt::format("{}_R_100_1.95_{}_1T", type, time);
    return r;
  }
  Reconciliation run() { return reconcile(pending, ledger, report); }
  Ledger ledger;
  std::vector<Pending> pending;
  VenueReport report = [] {
    VenueReport r;
    r.as_of = {kT0 + 5};
    r.since = {kT0 - 60};
    return r;
  }();
};

TEST_F(Reconciling, FindsTheOneContractThatFits) {
  lost(1);
  report.portfolio = {row(5, "DIGITEVEN"), row(6, "DIGITODD", "1.01"), row(7)};
  const auto r = run();
  ASSERT_EQ(r.found.size(), 1u);
  EXPECT_EQ(r.found[0].finding, Finding::kMatched);
  EXPECT_EQ(r.found[0].row->contract, core::ContractId{7});
  ASSERT_EQ(r.foreign.size(), 2u);
}

TEST_F(Reconciling, FindsItAmongTheSoldOnesAndPrefersTheSoldRow) {
  lost(1);
  auto sold = row(7);
  sold.open = false;
  sold.sell_price = usd("1.95");
  report.profit_table = {sold};
  report.portfolio = {row(7)};
  const auto r = run();
  EXPECT_EQ(r.found[0].finding, Finding::kMatched);
  EXPECT_TRUE(r.found[0].row->sell_price);
  EXPECT_TRUE(r.foreign.empty());
}

TEST_F(Reconciling, LooksAtThePurchaseTime) {
  lost(1);
  report.portfolio = {row(7, "DIGITODD", "1.00", kT0 - 3)};
  EXPECT_EQ(run().found[0].finding, Finding::kUnknown);
  report.portfolio = {row(7, "DIGITODD", "1.00", kT0 - 2)};  // two clocks
  EXPECT_EQ(run().found[0].finding, Finding::kMatched);
  close(kT0 + 40);
  report.as_of = {kT0 + 100};
  report.portfolio = {row(7, "DIGITODD", "1.00", kT0 + 41)};
  EXPECT_EQ(run().found[0].finding, Finding::kAbsent);
  report.portfolio = {row(7, "DIGITODD", "1.00", kT0 + 40)};
  EXPECT_EQ(run().found[0].finding, Finding::kMatched);
}

TEST_F(Reconciling, AbsenceNeedsAReportFromAfterTheWindowThatCoversIt) {
  lost(1);
  report.as_of = {kT0 + 1000};
  EXPECT_EQ(run().found[0].finding, Finding::kUnknown);  // the window is open
  close(kT0 + 30);
  EXPECT_EQ(run().found[0].finding, Finding::kAbsent);
  report.as_of = {kT0 + 30};
  EXPECT_EQ(run().found[0].finding, Finding::kUnknown);  // as old as the window
  report.as_of = {kT0 + 31};
  EXPECT_EQ(run().found[0].finding, Finding::kAbsent);
  report.since = {kT0};
  EXPECT_EQ(run().found[0].finding, Finding::kUnknown);  // does not look far enough back
}

TEST_F(Reconciling, NeverTakesAClaimedContract) {
  ledger.reserve();
  ledger.intend(order(1));
  ledger.accept({1}, bought(7));
  lost(2);
  report.portfolio = {row(7)};
  const auto r = run();
  EXPECT_EQ(r.found[0].finding, Finding::kUnknown);
  EXPECT_TRUE(r.foreign.empty());
}

TEST_F(Reconciling, TwoCandidatesAreAmbiguous) {
  lost(1);
  report.portfolio = {row(7), row(8)};
  const auto r = run();
  EXPECT_EQ(r.found[0].finding, Finding::kAmbiguous);
  EXPECT_EQ(r.found[0].candidates, 2u);
  EXPECT_TRUE(r.foreign.empty()) << "one of them is ours";
}

TEST_F(Reconciling, OneCandidateForTwoOrdersIsAmbiguous) {
  lost(1, ContractType::kCall);
  lost(2, ContractType::kHigher);
  auto r1 = row(7, "CALL");
  r1.shortcode = {};  // nothing tells CALL from HIGHER
  report.portfolio = {r1};
  const auto r = run();
  EXPECT_EQ(r.found[0].finding, Finding::kAmbiguous);
  EXPECT_EQ(r.found[1].finding, Finding::kAmbiguous);
}

TEST_F(Reconciling, TheShortcodeTellsWhatTheRowDoesNot) {
  lost(1);
  auto bare = row(7);
  bare.type = {};
  bare.symbol = {};
  report.profit_table = {bare};
  EXPECT_EQ(run().found[0].finding, Finding::kMatched);
  report.profit_table[0].shortcode = {};
  EXPECT_EQ(run().found[0].finding, Finding::kUnknown);
  report.profit_table[0] = row(7);
  report.profit_table[0].shortcode = "DIGITODD_R_100_1.95_1782086401_2T";
  EXPECT_EQ(run().found[0].finding, Finding::kUnknown);
}

TEST_F(Reconciling, OpenOrdersAreLookedUpByTheirContract) {
  ledger.reserve();
  ledger.intend(order(1));
  ledger.accept({1}, bought(7));
  pending.push_back({ledger.find(core::OrderId{1}), std::nullopt});
  EXPECT_EQ(run().found[0].finding, Finding::kUnknown);
  report.portfolio = {row(7, "DIGITEVEN", "9.99")};  // by id alone
  EXPECT_EQ(run().found[0].finding, Finding::kMatched);
}

// ---- following ----

struct Following : ::testing::Test {
  market::Tick tick(std::int64_t epoch, std::string_view quote) {
    return {"R_100", {epoch}, *core::Price::parse(quote, 2)};
  }
  void feed(Follower& f, std::int64_t epoch, std::string_view quote) {
    now = now + seconds(2);
    f.on_tick(tick(epoch, quote), now);
  }
  core::Instant now{0};
};

TEST_F(Following, PollsOneAndAHalfSecondsAfterTheExitTickThenLessAndLess) {
  Follower f(spec(ContractType::kCall, {2, Unit::kTicks}), {kT0}, 2, now);
  feed(f, kT0 + 2, "1.00");
  feed(f, kT0 + 4, "1.01");
  EXPECT_GT(*f.next_poll(), now + seconds(60));  // only the last resort so far
  feed(f, kT0 + 6, "1.02");
  EXPECT_TRUE(f.decided());
  EXPECT_EQ(*f.next_poll(), now + milliseconds(1500));
  const auto exit = now;
  feed(f, kT0 + 8, "1.03");
  EXPECT_EQ(*f.next_poll(), exit + milliseconds(1500));
  std::vector<double> waits;
  for (int i = 0; i < 8; ++i) {
    now = *f.next_poll();
    f.polled(now);
    waits.push_back(static_cast<double>((*f.next_poll() - now).count()) / 1e9);
  }
  EXPECT_EQ(waits, (std::vector<double>{3, 6, 12, 24, 48, 60, 60, 60}));
}

TEST_F(Following, ATimedContractEndsWithATickAtItsExpiry) {
  Follower f(spec(ContractType::kPut, {15, Unit::kSeconds}), {kT0}, 2, now);
  for (int i = 1; i <= 7; ++i) feed(f, kT0 + 2 * i, "1.00");
  EXPECT_GT(*f.next_poll(), now + seconds(30));
  feed(f, kT0 + 16, "0.99");
  EXPECT_EQ(*f.next_poll(), now + milliseconds(1500));
}

TEST_F(Following, ADayContractEndsWhereTheVenueEndsItNotADayLater) {
  const std::int64_t midnight = kT0 / 86'400 * 86'400;
  const std::int64_t start = midnight + 10 * 3600;
  const std::int64_t close = midnight + 2 * 86'400 - 1;
  Follower f(spec(ContractType::kCall, {1, Unit::kDays}), {start}, 2, now);
  EXPECT_EQ(*f.next_poll(), now + seconds(close - start) + Follower::kSilence);
  f.lose_ticks();  // what is left is the time of its end
  feed(f, start + 86'400, "1.00");
  EXPECT_GT(*f.next_poll(), now + seconds(3600)) << "asked for before its end";
  feed(f, close, "1.01");
  EXPECT_EQ(*f.next_poll(), now + milliseconds(1500));
}

TEST_F(Following, WithLostTicksTheClockDecidesWhenToAsk) {
  Follower f(spec(ContractType::kCall, {2, Unit::kTicks}), {kT0}, 2, now);
  f.lose_ticks();
  feed(f, kT0 + 6, "1.00");
  EXPECT_GT(*f.next_poll(), now + seconds(60));
  feed(f, kT0 + 8, "1.00");
  EXPECT_EQ(*f.next_poll(), now + milliseconds(1500));
  EXPECT_FALSE(f.decided());
  EXPECT_FALSE(f.may_decide());
}

TEST_F(Following, AsksEvenIfTheSymbolFallsSilent) {
  Follower f(spec(ContractType::kCall, {2, Unit::kTicks}), {kT0}, 2, now);
  EXPECT_EQ(*f.next_poll(), now + seconds(8) + Follower::kSilence);
}

TEST_F(Following, ComparesOutcomeEntryAndExit) {
  Follower f(spec(ContractType::kCall, {1, Unit::kTicks}), {kT0}, 2, now);
  Order o = order(1, ContractType::kCall);
  o.buy_price = usd("1.00");
  o.payout = usd("1.95");
  o.outcome = Outcome::kLost;
  EXPECT_FALSE(f.disagreement(o)) << "not decided yet";
  feed(f, kT0 + 2, "1.00");
  feed(f, kT0 + 4, "1.01");
  o.sell_price = usd("0.00");
  EXPECT_EQ(*f.disagreement(o), "by our ticks: status is won, not lost; paid is 1.95, not 0.00");
  o.outcome = Outcome::kWon;
  EXPECT_EQ(*f.disagreement(o), "by our ticks: paid is 1.95, not 0.00");
  o.sell_price = usd("1.95");
  EXPECT_FALSE(f.disagreement(o));
  o.profit = usd("0.96");
  EXPECT_EQ(*f.disagreement(o), "by our ticks: profit is 0.95 (1.95 paid back on 1.00), not 0.96");
  o.profit = usd("0.95");
  o.exit = market::Tick{"R_100", {kT0 + 4}, core::Price::raw(1010, 3)};  // the same by value
  EXPECT_FALSE(f.disagreement(o));
  o.exit = tick(kT0 + 4, "1.02");
  EXPECT_TRUE(f.disagreement(o));
  o.exit.reset();
  o.entry = tick(kT0 + 1, "1.00");
  EXPECT_TRUE(f.disagreement(o));
  o.outcome = Outcome::kSold;
  EXPECT_FALSE(f.disagreement(o));
  o.profit = usd("0.94");
  EXPECT_TRUE(f.disagreement(o)) << "the profit of an early sale is arithmetic too";
}

TEST_F(Following, WithLostTicksTheVenuesOwnTicksMustMakeItsResult) {
  Follower f(spec(ContractType::kCall, {1, Unit::kTicks}), {kT0}, 2, now);
  f.lose_ticks();
  Order o = order(1, ContractType::kCall);
  o.buy_price = usd("1.00");
  o.payout = usd("1.95");
  o.outcome = Outcome::kWon;
  o.sell_price = usd("1.95");
  EXPECT_FALSE(f.disagreement(o)) << "nothing to judge by";
  o.entry = tick(kT0 + 2, "1.00");
  o.exit = tick(kT0 + 4, "1.01");
  EXPECT_FALSE(f.disagreement(o));
  o.exit = tick(kT0 + 4, "1.00");
  EXPECT_EQ(*f.disagreement(o),
            "by its own entry and exit: status is lost, not won; paid is 0.00, not 1.95");
}

TEST_F(Following, AMultiplierIsNeitherRecomputedNorPolled) {
  auto s = spec(ContractType::kMultUp, {});
  s.multiplier_terms().multiplier = 100;
  Follower f(s, {kT0}, 2, now);
  feed(f, kT0 + 2, "1.00");
  EXPECT_FALSE(f.next_poll());
  EXPECT_FALSE(f.may_decide());
}

}  // namespace
}  // namespace derivd::execution
