#include "execution/audit.hpp"

#include <gmock/gmock.h>

#include "core/rng.hpp"
#include "market/kind.hpp"
#include "market/rule.hpp"
#include "market/shortcode.hpp"
#include "market/symbol.hpp"

namespace derivd::execution {
namespace {

using market::ContractDuration;
using market::ContractSpec;
using market::ContractType;
using market::read_shortcode;
using market::Tick;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Unit = ContractDuration::Unit;

constexpr std::int64_t kT0 = 1'782'086'400;  // even: R_100 may tick on it

core::Money usd(std::string_view text) { return *core::Money::parse(text); }
Tick tick(std::int64_t epoch, std::int64_t cents) {
  return {"R_100", {epoch}, core::Price::raw(cents, 2)};
}

/// A contract bought at kT0 for 1.00 that pays 1.95, as the venue tells it when it won or lost.
Claim told(ContractType type, ContractDuration duration, bool won, Tick entry, Tick exit) {
  Order o;
  o.spec.type = type;
  o.spec.symbol = "R_100";
  o.spec.duration = duration;
  o.state = OrderState::kSettled;
  o.purchase_time = {kT0};
  o.buy_price = usd("1.00");
  o.payout = usd("1.95");
  o.outcome = won ? Outcome::kWon : Outcome::kLost;
  o.sell_price = won ? usd("1.95") : usd("0.00");
  o.profit = o.sell_price - o.buy_price;
  o.settled_time = exit.epoch + std::chrono::seconds(2);
  o.entry = entry;
  o.exit = exit;
  return claim_of(o);
}

std::vector<std::string> fields(const Audit& a) {
  std::vector<std::string> out;
  for (const auto& d : a.differences) out.emplace_back(d.field);
  return out;
}

/// Ticks every two seconds from kT0 - 4 on; the quote of kT0 + 2i is 10000 + i.
std::vector<Tick> rising(int n) {
  std::vector<Tick> out;
  for (int i = -2; i < n; ++i) out.push_back(tick(kT0 + 2 * i, 10'000 + i));
  return out;
}

TEST(AuditOfTicks, ARightResultAgreesAndShowsWhy) {
  const auto ticks = rising(20);
  const auto claim = told(ContractType::kCall, {5, Unit::kTicks}, true, tick(kT0 + 2, 10'001),
                          tick(kT0 + 12, 10'006));
  const auto a = audit(claim, ticks);
  EXPECT_EQ(a.verdict, AuditVerdict::kAgrees);
  EXPECT_EQ(a.evidence, Evidence::kTicks);
  EXPECT_THAT(fields(a), IsEmpty());
  EXPECT_THAT(a.notes, IsEmpty());
  EXPECT_EQ(a.entry->epoch.s, kT0 + 2);
  EXPECT_EQ(a.exit->epoch.s, kT0 + 12);
  EXPECT_EQ(a.barrier, core::Price::raw(10'001, 2));
  EXPECT_EQ(a.won, true);
  EXPECT_EQ(a.expected, usd("1.95"));
  EXPECT_EQ(a.paid, usd("1.95"));
}

// Each line of a settled contract is changed by itself: the audit names that line.
TEST(AuditOfTicks, EveryAlteredFieldIsNamed) {
  const auto ticks = rising(20);
  const auto right = told(ContractType::kCall, {5, Unit::kTicks}, true, tick(kT0 + 2, 10'001),
                          tick(kT0 + 12, 10'006));
  const auto found = [&](auto change) {
    auto claim = right;
    claim.barrier = core::Price::raw(10'001, 2);
    change(claim.order, claim);
    const auto a = audit(claim, ticks);
    EXPECT_EQ(a.verdict, AuditVerdict::kDiffers);
    return fields(a);
  };
  EXPECT_THAT(found([](Order& o, Claim&) { o.entry = tick(kT0 + 2, 10'002); }),
              ElementsAre("entry"));
  EXPECT_THAT(found([](Order& o, Claim&) { o.entry = tick(kT0 + 4, 10'002); }),
              ElementsAre("entry"));
  EXPECT_THAT(found([](Order& o, Claim&) { o.exit = tick(kT0 + 12, 10'007); }),
              ElementsAre("exit"));
  EXPECT_THAT(found([](Order& o, Claim&) { o.exit = tick(kT0 + 10, 10'005); }),
              ElementsAre("exit"));
  EXPECT_THAT(found([](Order& o, Claim&) { o.outcome = Outcome::kLost; }), ElementsAre("status"));
  EXPECT_THAT(found([](Order& o, Claim&) { o.profit = usd("0.94"); }), ElementsAre("profit"));
  EXPECT_THAT(found([](Order& o, Claim&) { o.sell_price = usd("1.94"); }),
              ElementsAre("paid", "profit"));
  EXPECT_THAT(found([](Order& o, Claim&) { o.payout = usd("1.96"); }), ElementsAre("paid"));
  EXPECT_THAT(found([](Order& o, Claim&) { o.settled_time = {kT0 + 11}; }), ElementsAre("settled"));
  EXPECT_THAT(found([](Order&, Claim& c) { c.barrier = core::Price::raw(10'002, 2); }),
              ElementsAre("barrier"));
  EXPECT_THAT(found([](Order& o, Claim&) { o.spec.type = ContractType::kPut; }),
              ElementsAre("status", "paid"));
  EXPECT_THAT(found([](Order& o, Claim&) { o.spec.duration.count = 4; }), ElementsAre("exit"));
  EXPECT_THAT(found([](Order& o, Claim&) { o.purchase_time = {kT0 + 2}; }),
              ElementsAre("barrier", "entry", "exit"));
}

TEST(AuditOfTicks, AHoleMakesThemNoEvidence) {
  auto ticks = rising(20);
  const auto claim = told(ContractType::kCall, {5, Unit::kTicks}, true, tick(kT0 + 2, 10'001),
                          tick(kT0 + 12, 10'006));
  std::erase_if(ticks, [](const Tick& t) { return t.epoch.s == kT0 + 6; });
  const auto a = audit(claim, ticks);
  EXPECT_EQ(a.verdict, AuditVerdict::kAgrees);
  EXPECT_EQ(a.evidence, Evidence::kTwoTicks);
  EXPECT_THAT(a.notes, Contains(HasSubstr("1 tick second without a tick")));
  // Ticks that end too early are none either.
  EXPECT_EQ(audit(claim, rising(4)).evidence, Evidence::kTwoTicks);
  // Other symbols' ticks are not counted.
  for (auto& t : ticks) t.symbol = "R_50";
  EXPECT_EQ(audit(claim, ticks).evidence, Evidence::kTwoTicks);
}

TEST(AuditOfTicks, TwoQuotesForOneSecondAreADifference) {
  auto ticks = rising(20);
  const auto claim = told(ContractType::kCall, {5, Unit::kTicks}, true, tick(kT0 + 2, 10'001),
                          tick(kT0 + 12, 10'006));
  ticks.push_back(tick(kT0 + 4, 10'002));
  EXPECT_EQ(audit(claim, ticks).verdict, AuditVerdict::kAgrees) << "the same one twice";
  ticks.push_back(tick(kT0 + 4, 10'003));
  EXPECT_THAT(fields(audit(claim, ticks)), ElementsAre("ticks"));
}

TEST(AuditOfTicks, ATimedContractEndsWithTheLastTickOfItsLife) {
  const auto ticks = rising(40);
  const auto right = told(ContractType::kPut, {15, Unit::kSeconds}, false, tick(kT0 + 2, 10'001),
                          tick(kT0 + 14, 10'007));
  EXPECT_EQ(audit(right, ticks).evidence, Evidence::kTicks);
  EXPECT_EQ(audit(right, ticks).verdict, AuditVerdict::kAgrees);
  // Only what decides needs to be there: both ends.
  std::vector<Tick> ends{ticks[1], ticks[2], ticks[3], ticks[9], ticks[10]};
  EXPECT_EQ(audit(right, ends).evidence, Evidence::kTicks);
  ends.erase(ends.begin() + 3);  // the exit itself
  EXPECT_EQ(audit(right, ends).evidence, Evidence::kTwoTicks);
  auto late = right;
  late.order.exit = tick(kT0 + 16, 10'008);
  EXPECT_THAT(fields(audit(late, ticks)), ElementsAre("exit"));
}

TEST(AuditOfTwoTicks, SaysThatItProvesLessAndChecksTheTimes) {
  const auto right = told(ContractType::kCall, {5, Unit::kTicks}, true, tick(kT0 + 2, 10'001),
                          tick(kT0 + 12, 10'006));
  const auto a = audit(right, {});
  EXPECT_EQ(a.verdict, AuditVerdict::kAgrees);
  EXPECT_EQ(a.evidence, Evidence::kTwoTicks);
  EXPECT_THAT(a.notes, ElementsAre(HasSubstr("not proven")));
  const auto found = [&](auto change) {
    auto claim = right;
    change(claim.order);
    return fields(audit(claim, {}));
  };
  EXPECT_THAT(found([](Order& o) { o.entry->epoch = {kT0}; }), ElementsAre("entry time"));
  EXPECT_THAT(found([](Order& o) { o.entry->epoch = {kT0 + 3}; }),
              ElementsAre("entry time", "exit time"));
  EXPECT_THAT(found([](Order& o) { o.exit->epoch = {kT0 + 10}; }), ElementsAre("exit time"));
  EXPECT_THAT(found([](Order& o) { o.exit->quote = core::Price::raw(10'001, 2); }),
              ElementsAre("status", "paid"));
  // A gap in the feed is possible: told, not held against the venue.
  auto gap = right;
  gap.order.exit->epoch = {kT0 + 14};
  EXPECT_EQ(audit(gap, {}).verdict, AuditVerdict::kAgrees);
  EXPECT_THAT(audit(gap, {}).notes, Contains(HasSubstr("without a gap")));
}

TEST(AuditOfTwoTicks, ADigitContractOfOneTickHasOne) {
  auto claim = told(ContractType::kDigitOdd, {1, Unit::kTicks}, true, tick(kT0 + 2, 10'001),
                    tick(kT0 + 2, 10'001));
  EXPECT_EQ(audit(claim, {}).verdict, AuditVerdict::kAgrees);
  claim.order.entry = tick(kT0 + 2, 10'003);
  EXPECT_THAT(fields(audit(claim, {})), ElementsAre("exit"));
}

TEST(AuditOfLittle, SaysWhyItCannotJudge) {
  auto claim = told(ContractType::kCall, {5, Unit::kTicks}, true, tick(kT0 + 2, 10'001),
                    tick(kT0 + 12, 10'006));
  claim.order.entry.reset();
  auto a = audit(claim, {});
  EXPECT_EQ(a.verdict, AuditVerdict::kUnjudged);
  EXPECT_EQ(a.evidence, Evidence::kNone);
  EXPECT_THAT(a.notes, ElementsAre(HasSubstr("neither")));
  claim.is_over = false;
  EXPECT_THAT(audit(claim, {}).notes, ElementsAre(HasSubstr("still open")));
  claim.contradictions.push_back({"payout", "1", "2"});
  EXPECT_EQ(audit(claim, {}).verdict, AuditVerdict::kDiffers) << "a payload against itself";
}

TEST(AuditOfSales, ChecksTheArithmeticAlone) {
  auto claim = told(ContractType::kCall, {5, Unit::kTicks}, true, tick(kT0 + 2, 10'001),
                    tick(kT0 + 12, 10'006));
  claim.order.outcome = Outcome::kSold;
  claim.order.sell_price = usd("0.61");
  claim.order.profit = usd("-0.39");
  EXPECT_EQ(audit(claim, {}).verdict, AuditVerdict::kAgrees);
  claim.order.profit = usd("-0.38");
  EXPECT_THAT(fields(audit(claim, {})), ElementsAre("profit"));
}

TEST(AuditOfMultipliers, ACancelledOnePaysItsStakeBack) {
  Order o;
  o.spec.type = ContractType::kMultUp;
  o.spec.symbol = "1HZ100V";
  o.spec.multiplier_terms().multiplier = 100;
  o.spec.multiplier_terms().cancellation = {5, Unit::kMinutes};
  o.spec.multiplier_terms().fee = usd("1.24");
  o.state = OrderState::kSettled;
  o.purchase_time = {kT0};
  o.settled_time = {kT0 + 60};
  o.stake = usd("11.24");
  o.buy_price = usd("11.20");  // filled for less than was quoted
  o.outcome = Outcome::kCancelled;
  o.entry = Tick{"1HZ100V", {kT0 + 1}, core::Price::raw(100'000, 2)};
  o.sell_price = usd("10.00");
  o.profit = usd("-1.20");
  auto a = audit(claim_of(o), {});
  EXPECT_EQ(a.verdict, AuditVerdict::kAgrees);
  EXPECT_EQ(a.expected, usd("10.00"));
  o.sell_price = usd("9.99");
  EXPECT_THAT(fields(audit(claim_of(o), {})), ElementsAre("paid", "profit"));
  o.sell_price = usd("10.00");
  o.settled_time = {kT0 + 400};
  EXPECT_THAT(audit(claim_of(o), {}).notes, ElementsAre(HasSubstr("100 s after its cancellation")));
  o.spec.multiplier_terms() = market::MultiplierTerms{100, {}, {}, {}};
  o.sell_price = usd("11.20");
  o.profit = usd("0.00");
  EXPECT_THAT(fields(audit(claim_of(o), {})), ElementsAre("status"));
}

/// MULTUP of 1HZ100V from 1000.00 on, sold a minute later.
Order sold_multiplier(std::uint16_t multiplier, std::string_view stake, std::int64_t exit_cents) {
  Order o;
  o.spec.type = ContractType::kMultUp;
  o.spec.symbol = "1HZ100V";
  o.spec.multiplier_terms().multiplier = multiplier;
  o.state = OrderState::kSettled;
  o.purchase_time = {kT0};
  o.buy_price = usd(stake);
  o.outcome = Outcome::kSold;
  o.entry = Tick{"1HZ100V", {kT0 + 1}, core::Price::raw(100'000, 2)};
  o.exit = Tick{"1HZ100V", {kT0 + 60}, core::Price::raw(exit_cents, 2)};
  return o;
}

TEST(AuditOfMultipliers, TheValueAtTheExit) {
  auto o = sold_multiplier(100, "10.00", 100'200);
  // 10 x 100 x 0.002 - 0.36 (v3-api.md section 5: 0.36 on 10 x 100)
  o.sell_price = usd("11.64");
  o.profit = usd("1.64");
  auto a = audit(claim_of(o), {});
  EXPECT_EQ(a.verdict, AuditVerdict::kAgrees);
  EXPECT_EQ(a.expected, usd("11.64"));
  o.sell_price = usd("11.63");
  EXPECT_THAT(fields(audit(claim_of(o), {})), ElementsAre("paid", "profit"));
  // A tick on the way at which nothing was left.
  o.sell_price = usd("11.64");
  std::vector<Tick> ticks;
  for (int i = 1; i <= 60; ++i) {
    ticks.push_back({"1HZ100V", {kT0 + i}, core::Price::raw(i == 30 ? 99'000 : 100'000, 2)});
  }
  ticks.back().quote = core::Price::raw(100'200, 2);
  EXPECT_THAT(fields(audit(claim_of(o), ticks)), ElementsAre("exit"));
  o.spec.symbol = "BOOM500";
  EXPECT_EQ(audit(claim_of(o), {}).verdict, AuditVerdict::kUnjudged);
}

// Until 2026-11-29 the simulator and paper charged 0.36 permille of any exposure, where the venue
// takes 0.02 at the least.
TEST(AuditOfMultipliers, APayoutWithoutTheLeastCommissionAgreesAndIsNamed) {
  auto o = sold_multiplier(20, "1.00", 101'000);
  const auto paid = [&](std::string_view price, std::string_view profit) {
    o.sell_price = usd(price);
    o.profit = usd(profit);
    return audit(claim_of(o), {});
  };
  // 1 x 20 x 0.01 - 0.02; 20 x 0.00036 is 0.0072, a cent.
  EXPECT_THAT(fields(paid("1.18", "0.18")), IsEmpty());
  EXPECT_THAT(paid("1.18", "0.18").notes, Not(Contains(HasSubstr("least commission"))));
  const auto older = paid("1.19", "0.19");
  EXPECT_EQ(older.verdict, AuditVerdict::kAgrees);
  EXPECT_THAT(fields(older), IsEmpty());
  EXPECT_EQ(older.expected, usd("1.19"));
  EXPECT_THAT(older.notes, Contains("paid as without the venue's least commission"));
  EXPECT_THAT(fields(paid("1.20", "0.20")), ElementsAre("paid"));
}

// An obvious second reading of the rules, over random walks: it shares nothing with Life.
struct Slow {
  std::size_t entry = 0, exit = 0;
  bool won = false;
};
Slow slow(const ContractSpec& s, const std::vector<Tick>& ticks) {
  Slow r;
  while (ticks[r.entry].epoch.s <= kT0) ++r.entry;
  const bool digit = market::name_of(s.type).starts_with("DIGIT");
  if (s.duration.in_ticks()) {
    r.exit = r.entry + static_cast<std::size_t>(s.duration.count) - (digit ? 1 : 0);
  } else {
    r.exit = r.entry;
    while (ticks[r.exit + 1].epoch.s <= kT0 + s.duration.count) ++r.exit;
  }
  const auto in = ticks[r.entry].quote.mantissa() + s.offset().mantissa();
  const auto out = ticks[r.exit].quote.mantissa();
  const auto d = out % 10;
  if (s.type == ContractType::kCall || s.type == ContractType::kHigher) {
    r.won = out > in;
  } else if (s.type == ContractType::kPut || s.type == ContractType::kLower) {
    r.won = out < in;
  } else if (s.type == ContractType::kDigitEven) {
    r.won = d % 2 == 0;
  } else {
    r.won = s.type == ContractType::kDigitDiff ? d != s.digit() : d > s.digit();
  }
  return r;
}

TEST(AuditOfRandomContracts, AgreesWithASlowReadingAndCatchesEveryChange) {
  core::Rng rng(7);
  const auto below = [&](int n) {
    return static_cast<int>(rng.below(static_cast<std::uint64_t>(n)));
  };
  const std::vector kinds{ContractType::kCall,      ContractType::kPut,
                          ContractType::kHigher,    ContractType::kLower,
                          ContractType::kDigitEven, ContractType::kDigitDiff,
                          ContractType::kDigitOver};
  for (int round = 0; round < 2000; ++round) {
    std::vector<Tick> ticks;
    std::int64_t quote = 100'000;
    for (int i = -3; i < 60; ++i) {
      ticks.push_back(tick(kT0 + 2 * i, quote));
      quote += below(9) - 4;
    }
    ContractSpec s;
    s.type = kinds[static_cast<std::size_t>(below(static_cast<int>(kinds.size())))];
    s.symbol = "R_100";
    s.duration = !market::kind_of(s.type).needs.time || below(2) == 0
                     ? ContractDuration{1 + below(10), Unit::kTicks}
                     : ContractDuration{15 + below(60), Unit::kSeconds};
    if (market::has_form(s.type, market::BarrierForm::kDigit)) s.set_digit(below(9));
    if (market::has_form(s.type, market::BarrierForm::kOffset))
      s.set_offset(core::Price::raw(below(21) - 10, 2));
    const auto right = slow(s, ticks);
    auto claim = told(s.type, s.duration, right.won, ticks[right.entry], ticks[right.exit]);
    claim.order.spec = s;
    ASSERT_EQ(audit(claim, ticks).verdict, AuditVerdict::kAgrees) << round;
    ASSERT_EQ(audit(claim, {}).verdict, AuditVerdict::kAgrees) << round;
    auto other = told(s.type, s.duration, !right.won, ticks[right.entry], ticks[right.exit]);
    other.order.spec = s;
    ASSERT_EQ(audit(other, ticks).verdict, AuditVerdict::kDiffers) << round;
    ASSERT_EQ(audit(other, {}).verdict, AuditVerdict::kDiffers) << round;
    auto next = claim;
    next.order.exit = ticks[right.exit + 1];
    ASSERT_EQ(audit(next, ticks).verdict, AuditVerdict::kDiffers) << round;
  }
}

TEST(Rules, InWords) {
  ContractSpec s;
  s.type = ContractType::kHigher;
  s.duration = {5, Unit::kTicks};
  s.set_offset(core::Price::raw(-10, 2));
  EXPECT_EQ(
      market::rule_in_words(s),
      "HIGHER, 5t: wins when the exit is above the entry minus 0.10; a tie loses. The entry is "
      "the first tick after the start; the exit is tick 5 after the entry.");
  s = {};
  s.type = ContractType::kDigitOver;
  s.set_digit(4);
  s.duration = {5, Unit::kTicks};
  EXPECT_EQ(
      market::rule_in_words(s),
      "DIGITOVER, 5t: wins when the last digit of the exit is above 4. The entry is the first "
      "tick after the start; the exit is tick 5, the entry being tick 1.");
  s.type = ContractType::kPut;
  s.set_digit(-1);
  s.duration = {1, Unit::kMinutes};
  EXPECT_THAT(market::rule_in_words(s), HasSubstr("the last tick at or before its end"));
}

TEST(Shortcodes, AreReadFieldByField) {
  const auto call = read_shortcode("CALL_R_100_3.91_1736191333_1736191393_S0P_0", "R_100");
  ASSERT_TRUE(call);
  EXPECT_EQ(call->type, "CALL");
  EXPECT_EQ(call->amount.to_string(), "3.91");
  EXPECT_EQ(call->start.s, 1736191333);
  EXPECT_EQ(call->expiry->s, 1736191393);
  EXPECT_EQ(call->offset_pips, 0);
  const auto digit = read_shortcode("DIGITMATCH_R_100_450.45_1462178046_5T_4_0", "R_100");
  ASSERT_TRUE(digit);
  EXPECT_EQ(digit->ticks, 5);
  EXPECT_EQ(digit->absolute_barrier, 4);
  const auto odd = read_shortcode("DIGITODD_1HZ50V_3.87_1754561965_5T", "1HZ50V");
  ASSERT_TRUE(odd);
  EXPECT_FALSE(odd->absolute_barrier);
  const auto fixed = read_shortcode("CALL_1HZ100V_17.61_1716220562_1716221100F_S-4P_0", "1HZ100V");
  ASSERT_TRUE(fixed);
  EXPECT_EQ(fixed->expiry->s, 1716221100);
  EXPECT_EQ(fixed->offset_pips, -4);
  EXPECT_FALSE(fixed->starts_later);
  EXPECT_TRUE(read_shortcode("CALL_R_100_1.95_1736191333F_5T_S0P_0", "R_100")->starts_later);
  const auto mult =
      read_shortcode("MULTUP_1HZ100V_9.00_10_1716220583_4869849599_60m_0.00_N1", "1HZ100V");
  ASSERT_TRUE(mult);
  EXPECT_EQ(mult->multiplier, 10);
  EXPECT_EQ(mult->amount.to_string(), "9");
  for (const auto* bad :
       {"", "CALL", "CALL_R_100", "CALL_R_100_", "CALL_R_100_x_1_2_S0P_0", "CALL_R_100_1_1_x",
        "CALL_R_100_1_1736191393_1736191333_S0P_0", "CALL_R_100_1_99999999999_5T",
        "CALL_R_10_1_1736191333_5T", "CALL_R_100_1_1736191333_0T", "MULTUP_R_100_9.00_x_1_2"}) {
    EXPECT_FALSE(read_shortcode(bad, "R_100")) << bad;
  }
}

}  // namespace
}  // namespace derivd::execution
