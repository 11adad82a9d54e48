// The table of probes, its plans, and the judges of proposals. Figures are computed by hand from
// deriv/contracts.md, not by the model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "market/assumed.hpp"
#include "market/kind.hpp"
#include "proof/plan.hpp"
#include "proof/probe.hpp"

namespace derivd::proof {
namespace {

using core::Decimal;
using core::Money;
using core::VenueTime;
using testing::HasSubstr;

const market::SymbolInfo& r100() { return *market::find_symbol("R_100"); }
Market market_now(const market::Offerings* offers = nullptr) {
  return {r100(), {r100().code, {1'790'000'000}, core::Price::raw(34'200, 2)}, offers};
}
Decimal decimal(std::string_view text) { return *Decimal::parse(text); }

/// An offer for 100.00 at 342.00.
Answer offered(std::string_view spec, std::int64_t payout_cents) {
  Answer out;
  out.asked = {spec_of(spec), Money::minor(100'00)};
  Offer offer{.ask = Money::minor(100'00),
              .payout = Money::minor(payout_cents),
              .spot = core::Price::raw(34'200, 2),
              .start = VenueTime{1'790'000'000}};
  out.offer = offer;
  return out;
}
Finding judged(std::string_view kind, std::vector<Answer> answers) {
  return find_probe(kind)->judge({r100(), std::move(answers), {}});
}
std::string value_of(const Finding& finding) {
  return finding.measured.empty() ? "" : finding.measured.front().value;
}

TEST(Probes, HaveNamesOfTheirOwnAndPlansThatAreValid) {
  std::set<std::string_view> kinds;
  for (const auto& probe : probes()) {
    EXPECT_TRUE(kinds.insert(probe.kind).second) << probe.kind;
    EXPECT_FALSE(probe.assumed.empty() || probe.symbols.empty()) << probe.kind;
    const int ways = (probe.asks != nullptr ? 1 : 0) + (probe.buys != nullptr ? 1 : 0) +
                     (probe.silent_s > 0 ? 1 : 0);
    EXPECT_EQ(ways, 1) << probe.kind;
    EXPECT_EQ(find_probe(probe.kind), &probe);
    if (probe.silent_s > 0) continue;
    auto market = market_now();
    if (market::find_symbol(probe.symbols.front())->sigma_percent == 0) continue;
    auto requests =
        probe.asks != nullptr ? probe.asks(market) : std::vector<Request>{probe.buys(market)};
    ASSERT_FALSE(requests.empty()) << probe.kind;
    for (const auto& request : requests) {
      EXPECT_TRUE(market::validate(request.spec, market.symbol))
          << probe.kind << " " << market::encode(request.spec);
      EXPECT_GE(request.amount, market::kind_of(request.spec.type).amounts.min_stake);
    }
  }
  EXPECT_EQ(find_probe("nothing"), nullptr);
}

TEST(Probes, LookAtEachAssumption) {
  for (const auto& a : market::kAssumptions) {
    const auto* probe = find_probe(a.name);
    ASSERT_NE(probe, nullptr) << a.name;
    EXPECT_EQ(probe->assumed, a.assumed);
  }
}

TEST(Probes, AreNamedInTheDocuments) {
  std::ifstream file(std::string(DERIVD_SOURCE) + "/docs/contracts.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto from = text.find("## Proof at the venue");
  ASSERT_NE(from, std::string::npos);
  const auto section = text.substr(from, text.find("\n## ", from + 1) - from);
  for (const auto& probe : probes()) {
    EXPECT_NE(section.find(fmt::format("`{}`", probe.kind)), std::string::npos) << probe.kind;
  }
}

TEST(Probes, StakeTheVenuesLeastWhereItIsMore) {
  market::Offerings offers;
  market::Offer offer;
  offer.type = "DIGITEVEN";
  offer.min_stake = decimal("0.50");
  offers.offers.push_back(offer);
  const auto* probe = find_probe("contract-fields");
  EXPECT_EQ(probe->buys(market_now()).amount, Money::minor(35));
  EXPECT_EQ(probe->buys(market_now(&offers)).amount, Money::minor(50));
}

TEST(Choices, AreTakenFromTheWordsOfTheRefusal) {
  const Request turbo{spec_of("TURBOSLONG R_100 5t -1.00"), Money::minor(100)};
  const auto other =
      with_choice(turbo, r100(), "Code: Barriers available are -3.31, -5.82, -9.10.");
  ASSERT_TRUE(other);
  EXPECT_EQ(market::encode(other->spec), "TURBOSLONG R_100 5t -5.82");
  const Request factor{spec_of("MULTUP R_100 - multiplier=7"), Money::minor(100)};
  const auto more =
      with_choice(factor, r100(), "Multiplier is not in acceptable range. Accepts 20,40,60.");
  ASSERT_TRUE(more);
  EXPECT_EQ(more->spec.multiplier()->multiplier, 60);
  EXPECT_FALSE(with_choice(turbo, r100(), "This market is presently closed."));
  EXPECT_FALSE(with_choice(turbo, r100(), "Barriers available are none"));
}

TEST(Judge, CommissionsOfEvenOdds) {
  // 100 / (0.5 + 0.012) = 195.31; with 0.02: 192.31.
  const auto as_assumed = judged("commission", {offered("DIGITEVEN R_100 1t", 195'31)});
  EXPECT_EQ(as_assumed.verdict, Verdict::kAsAssumed);
  EXPECT_EQ(value_of(as_assumed), "0.0120");
  const auto other = judged("commission", {offered("DIGITEVEN R_100 1t", 192'31)});
  EXPECT_EQ(other.verdict, Verdict::kNot);
  EXPECT_EQ(value_of(other), "0.0200");
  Answer refused;
  refused.asked = {spec_of("DIGITEVEN R_100 1t"), Money::minor(100)};
  refused.refusal = "MarketIsClosed: closed";
  EXPECT_EQ(judged("commission", {refused}).verdict, Verdict::kUndecided);
  EXPECT_THAT(judged("commission", {refused}).seen, HasSubstr("MarketIsClosed"));
  // One of several is enough, and a refusal beside it does not hide it.
  EXPECT_EQ(judged("commission", {refused, offered("DIGITEVEN R_100 1t", 195'31),
                                  offered("CALL R_100 5t", 190'00)})
                .verdict,
            Verdict::kNot);
}

TEST(Judge, MarginsOfRunsAndLargestPayouts) {
  // 100 / (0.25 x 1.048) = 381.68.
  EXPECT_EQ(judged("run-margin", {offered("RUNHIGH R_100 2t", 381'68)}).verdict,
            Verdict::kAsAssumed);
  const auto other = judged("run-margin", {offered("RUNHIGH R_100 2t", 377'36)});
  EXPECT_EQ(other.verdict, Verdict::kNot);
  EXPECT_EQ(value_of(other), "0.0600");
  EXPECT_EQ(judged("largest-payout", {offered("ONETOUCH R_100 5m +9.00", 4000'00)}).verdict,
            Verdict::kAsAssumed);
  EXPECT_EQ(judged("largest-payout", {offered("ONETOUCH R_100 5m +9.00", 2000'00)}).verdict,
            Verdict::kNot);
}

TEST(Judge, LeastStakesAndNames) {
  auto answer = offered("DIGITEVEN R_100 1t", 195'31);
  EXPECT_EQ(judged("least-stake", {answer}).verdict, Verdict::kUndecided);
  answer.offer->min_stake = decimal("0.35");
  EXPECT_EQ(judged("least-stake", {answer}).verdict, Verdict::kAsAssumed);
  answer.offer->min_stake = decimal("0.5");
  EXPECT_EQ(judged("least-stake", {answer}).verdict, Verdict::kNot);
  EXPECT_EQ(judged("field-names", {answer}).verdict, Verdict::kAsAssumed);
  answer.missing = {"spot_time"};
  EXPECT_EQ(judged("field-names", {answer}).verdict, Verdict::kNot);
}

TEST(Judge, TheLadderOfGrowth) {
  auto answer = offered("ACCU R_100 - growth=0.01", 0);
  EXPECT_EQ(judged("growth-ladder", {answer}).verdict, Verdict::kUndecided);
  answer.offer->share = decimal("0.000612552024");  // recorded: contracts.md section 2.3
  answer.offer->max_ticks = 250;
  answer.offer->max_payout = decimal("6000");
  EXPECT_EQ(judged("growth-ladder", {answer}).verdict, Verdict::kAsAssumed);
  answer.offer->max_ticks = 230;
  EXPECT_EQ(judged("growth-ladder", {answer}).verdict, Verdict::kNot);
  answer.offer->max_ticks = 250;
  answer.offer->share = decimal("0.000600000000");
  EXPECT_EQ(judged("growth-ladder", {answer}).verdict, Verdict::kNot);
  EXPECT_EQ(judged("growth-symbols", {answer}).verdict, Verdict::kNot);
  answer.offer.reset();
  answer.refusal = "OfferingsValidationError: not offered";
  EXPECT_EQ(judged("growth-symbols", {answer}).verdict, Verdict::kAsAssumed);
}

TEST(Judge, CostsOfTurbosAndVanillas) {
  auto turbo = offered("TURBOSLONG R_100 5t -2.00", 0);
  // 100 / (2.00 + 0.000284 x 342) = 47.6845…
  turbo.offer->contracts = decimal("47.684331");
  EXPECT_EQ(judged("turbo-cost", {turbo}).verdict, Verdict::kAsAssumed);
  turbo.offer->contracts = decimal("45");
  EXPECT_EQ(judged("turbo-cost", {turbo}).verdict, Verdict::kNot);
  auto vanilla = offered("VANILLALONGCALL R_100 5m +0.10", 0);
  EXPECT_EQ(judged("vanilla-margin", {vanilla}).verdict, Verdict::kUndecided);
  // At the money the value is 0.39894 x spot x deviation: 0.39894 x 342 x 0.0030843 = 0.42082;
  // 100 / (1.025 x 0.42082) = 231.84.
  auto at_spot = offered("VANILLALONGCALL R_100 5m +0.00", 0);
  at_spot.offer->contracts = decimal("231.85");
  EXPECT_EQ(judged("vanilla-margin", {at_spot}).verdict, Verdict::kAsAssumed);
  at_spot.offer->contracts = decimal("215");
  const auto dear = judged("vanilla-margin", {at_spot});
  EXPECT_EQ(dear.verdict, Verdict::kNot);
  EXPECT_NEAR(std::stod(value_of(dear)), 0.105, 0.005);
}

TEST(Judge, CommissionAndStopOutOfMultipliers) {
  auto answer = offered("MULTUP R_100 - multiplier=100", 0);
  EXPECT_EQ(judged("multiplier-commission", {answer}).verdict, Verdict::kUndecided);
  answer.offer->commission = decimal("3.60");
  answer.offer->stop_out = decimal("-100");
  EXPECT_EQ(judged("multiplier-commission", {answer}).verdict, Verdict::kAsAssumed);
  EXPECT_EQ(judged("stop-out", {answer}).verdict, Verdict::kAsAssumed);
  answer.offer->commission = decimal("4.80");
  answer.offer->stop_out = decimal("-90.00");
  EXPECT_EQ(judged("multiplier-commission", {answer}).verdict, Verdict::kNot);
  const auto early = judged("stop-out", {answer});
  EXPECT_EQ(early.verdict, Verdict::kNot);
  EXPECT_EQ(value_of(early), "0.90");
}

/// MULTUP of R_100 x 10 for so many cents, with a commission.
Answer charged(std::int64_t stake_cents, std::string_view commission) {
  auto out = offered("MULTUP R_100 - multiplier=10", 0);
  out.asked.amount = out.offer->ask = Money::minor(stake_cents);
  out.offer->commission = decimal(commission);
  return out;
}

TEST(Judge, TheLeastCommissionWhereTheRateAloneWouldCostLess) {
  // By the rate of the large one 1.00 x 10 costs 0.0036.
  const auto as_assumed =
      judged("least-commission", {charged(100, "0.02"), charged(10'000, "0.36")});
  EXPECT_EQ(as_assumed.verdict, Verdict::kAsAssumed) << as_assumed.seen;
  EXPECT_EQ(value_of(as_assumed), "0.02");
  for (const auto* other : {"0", "0.01", "0.03"}) {
    const auto finding = judged("least-commission", {charged(100, other), charged(10'000, "0.36")});
    EXPECT_EQ(finding.verdict, Verdict::kNot) << other;
    EXPECT_EQ(value_of(finding), other);
  }
  // 0.0146 is shown as 0.01 where there is no least: it tells; 0.0150 may be shown as 0.02.
  EXPECT_EQ(judged("least-commission", {charged(100, "0.02"), charged(10'000, "1.46")}).verdict,
            Verdict::kAsAssumed);
  EXPECT_EQ(judged("least-commission", {charged(100, "0.02"), charged(10'000, "1.50")}).verdict,
            Verdict::kUndecided);
  EXPECT_EQ(judged("least-commission", {charged(100, "0.04"), charged(10'000, "3.60")}).verdict,
            Verdict::kUndecided);
}

TEST(Judge, TheLeastCommissionNeedsBothOffers) {
  EXPECT_EQ(judged("least-commission", {}).verdict, Verdict::kUndecided);
  EXPECT_EQ(judged("least-commission", {charged(100, "0.02")}).verdict, Verdict::kUndecided);
  auto refused = charged(10'000, "0.36");
  refused.offer.reset();
  refused.refusal = "InvalidStake: too much";
  EXPECT_THAT(judged("least-commission", {charged(100, "0.02"), refused}).seen,
              HasSubstr("too much"));
  // One was asked for with another multiplier, which the refusal listed.
  auto other = charged(10'000, "0.36");
  other.asked.spec = spec_of("MULTUP R_100 - multiplier=20");
  EXPECT_EQ(judged("least-commission", {charged(100, "0.02"), other}).verdict,
            Verdict::kUndecided);
}

Finding after(std::vector<Silence> silences) {
  return find_probe("idle-timeout")->judge({r100(), {}, {}, std::move(silences)});
}

TEST(Judge, LinksThatAreLeftAlone) {
  EXPECT_EQ(after({}).verdict, Verdict::kUndecided);
  const auto open = after({{150, false}});
  EXPECT_EQ(open.verdict, Verdict::kAsAssumed);
  EXPECT_TRUE(open.measured.empty()) << "nothing ended it";
  const auto closed = after({{121, true}});
  EXPECT_EQ(closed.verdict, Verdict::kAsAssumed);
  EXPECT_EQ(value_of(closed), "121 s");
  EXPECT_EQ(after({{115, true}}).verdict, Verdict::kAsAssumed) << "ticks are two seconds apart";
}

TEST(Judge, OneLinkThatWasClosedEarlyProvesNothing) {
  EXPECT_EQ(after({{114, true}}).verdict, Verdict::kUndecided);
  const auto twice = after({{60, true}, {62, true}});
  EXPECT_EQ(twice.verdict, Verdict::kNot);
  EXPECT_EQ(value_of(twice), "62 s");
  EXPECT_EQ(after({{20, true}, {90, true}}).verdict, Verdict::kUndecided);
  EXPECT_EQ(after({{20, true}, {90, true}, {88, true}}).verdict, Verdict::kNot);
  EXPECT_EQ(after({{20, true}, {150, false}}).verdict, Verdict::kAsAssumed);
}

TEST(Judge, ALinkThatIsClosedAtOnceWasNotIdle) {
  EXPECT_EQ(after({{15, true}, {15, true}}).verdict, Verdict::kNot);
  const auto at_once = after({{3, true}, {2, true}});
  EXPECT_EQ(at_once.verdict, Verdict::kUndecided);
  EXPECT_THAT(at_once.seen, HasSubstr("a second link may not be allowed"));
}

// 100.00 x 100 for five minutes on R_100: 1.01 times 12.3046, by hand.
TEST(Offers, AFeeIsHeldAgainstItsModelAndThePrice) {
  Answer answer;
  answer.asked = {spec_of("MULTUP R_100 - multiplier=100 cancellation=5m"), Money::minor(100'00)};
  Offer offer{.ask = Money::minor(112'43),
              .payout = Money::minor(0),
              .spot = core::Price::raw(34'200, 2),
              .start = VenueTime{1'790'000'000}};
  answer.offer = offer;
  EXPECT_EQ(judged("cancellation-fee", {answer}).verdict, Verdict::kUndecided) << "it names none";
  answer.offer->fee = decimal("12.43");
  const auto found = judged("cancellation-fee", {answer});
  EXPECT_EQ(found.verdict, Verdict::kAsAssumed) << found.seen;
  EXPECT_EQ(value_of(found), "0.124300");
  answer.offer->ask = Money::minor(100'00);
  EXPECT_THAT(judged("cancellation-fee", {answer}).seen, HasSubstr("it asks 100.00"));
  EXPECT_EQ(judged("cancellation-fee", {answer}).verdict, Verdict::kNot) << "beside its price";
  answer.offer->fee = decimal("12.70");
  answer.offer->ask = Money::minor(112'70);
  EXPECT_EQ(judged("cancellation-fee", {answer}).verdict, Verdict::kNot);
}

}  // namespace
}  // namespace derivd::proof
