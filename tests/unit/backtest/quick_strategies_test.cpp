// Deriv Bot's own quick strategies, as it ships them (read from the shared data, nothing of them is
// kept here), beside derivd's stake plans: contract by contract the same stake, over winning and
// losing runs; and where Deriv Bot has a known defect, the difference, each in a test that names
// it. Source of the rules and defects: shared reference field.md 1.2.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <sstream>

#include "backtest/dbot_run.hpp"
#include "core/rng.hpp"
#include "dbot/import.hpp"
#include "market/symbol.hpp"
#include "staking/plan.hpp"
#include "store/tick_csv.hpp"
#include "unit/backtest/rig.hpp"

namespace derivd::backtest {
namespace {

namespace fs = std::filesystem;
using test::usd;

/// A program and what it comes to: the plan with the same numbers.
struct Quick {
  std::string file;  // the beginning of its name
  std::string plan;
  core::Decimal factor{2, 0};
  std::optional<std::int64_t> cap;        // dollars
  std::vector<std::string> answers = {};  // to its questions
  /// Variables of older files whose number its form writes in.
  std::vector<std::pair<std::string, std::string>> numbers = {};
  double target = 5000;
  double stop = 3000;
  bool rounds_total = true;  // to cents after each contract
};

const std::vector<Quick> kOptions{
    {.file = "off-1-3-2-6", .plan = "one_three_two_six", .cap = {}, .stop = 5000},
    {.file = "off-dalembert-max-stake", .plan = "dalembert", .cap = 1000},
    {.file = "off-dalembert-72f16",
     .plan = "dalembert",
     .cap = {},
     .answers = {"5000", "3000", "100"},
     .numbers = {{"dalembert:units", "100"}}},
    {.file = "off-martingale-max-stake", .plan = "martingale", .factor = {3, 0}, .cap = 1000},
    {.file = "off-martingale-2ebe7",
     .plan = "martingale",
     .factor = {21, 1},
     .cap = {},
     .answers = {"5000", "3000", "100"},
     .numbers = {{"martingale:size", "2.1"}}},
    {.file = "off-oscars-grind-max-stake", .plan = "oscars_grind", .cap = 250},
    {.file = "off-reverse-dalembert",
     .plan = "reverse_dalembert",
     .cap = 1000,
     .rounds_total = false},
    {.file = "off-reverse-martingale", .plan = "reverse_martingale", .cap = 1000},
};

const std::vector<Quick> kAccumulators{
    {.file = "off-accumulators-dalembert-89888", .plan = "dalembert", .cap = 1000},
    {.file = "off-accumulators-dalembert-on-stat", .plan = "dalembert", .cap = 1000},
    {.file = "off-accumulators-martingale-a0129",
     .plan = "martingale",
     .factor = {3, 0},
     .cap = 1000},
    {.file = "off-accumulators-martingale-on-stat",
     .plan = "martingale",
     .factor = {3, 0},
     .cap = 1000},
    {.file = "off-accumulators-reverse-dalembert-51606",
     .plan = "reverse_dalembert",
     .cap = 1000,
     .rounds_total = false},
    {.file = "off-accumulators-reverse-dalembert-on-stat",
     .plan = "reverse_dalembert",
     .cap = 1000,
     .rounds_total = false},
    {.file = "off-accumulators-reverse-martingale-33ce5",
     .plan = "reverse_martingale",
     .cap = 1000},
    {.file = "off-accumulators-reverse-martingale-on-stat",
     .plan = "reverse_martingale",
     .cap = 1000},
};

fs::path folder() { return fs::path(DERIVD_SHARED) / "dbot" / "corpus" / "dbot"; }

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::string text_of(const std::string& beginning) {
  std::string out;
  for (const auto& entry : fs::directory_iterator(folder())) {
    if (!entry.path().filename().string().starts_with(beginning)) continue;
    EXPECT_TRUE(out.empty()) << "two files begin with " << beginning;
    out = read(entry.path());
  }
  EXPECT_FALSE(out.empty()) << beginning << " is not in the collection";
  return out;
}

/// Writes a number into the block that sets this variable first, as the editor's form does.
std::string with_number(std::string xml, const std::string& variable, const std::string& number) {
  const auto at = xml.find("type=\"variables_set\"");
  for (auto block = at; block != std::string::npos;
       block = xml.find("type=\"variables_set\"", block + 1)) {
    const auto name = xml.find('>', xml.find("name=\"VAR\"", block)) + 1;
    if (xml.compare(name, variable.size() + 1, variable + "<") != 0) continue;
    const auto begin = xml.find('>', xml.find("name=\"NUM\"", name)) + 1;
    return xml.replace(begin, xml.find('<', begin) - begin, number);
  }
  ADD_FAILURE() << "nothing sets " << variable;
  return xml;
}

std::shared_ptr<const dbot::Program> program_of(const Quick& quick) {
  auto xml = text_of(quick.file);
  for (const auto& [variable, number] : quick.numbers) xml = with_number(xml, variable, number);
  const auto import = dbot::import_program(xml, "1HZ100V");
  for (const auto& p : import.problems) ADD_FAILURE() << dbot::format(p, quick.file);
  return import.program;
}

/// A walk of a tick a second that never stands still.
std::vector<market::TickRow> walk(std::uint64_t seed, std::size_t count, int ups_in_ten = 5) {
  core::Rng rng(seed);
  std::vector<market::TickRow> out;
  std::int64_t quote = 10'000'00;
  for (std::size_t i = 0; i < count; ++i) {
    const auto step = static_cast<std::int64_t>(1 + rng.below(3));
    quote += static_cast<int>(rng.below(10)) < ups_in_ten ? step : -step;
    out.push_back({{1'782'086'400 + static_cast<std::int64_t>(i)}, quote});
  }
  return out;
}

struct Ran {
  std::vector<Trade> trades;
  std::optional<std::string> halted;
};

Ran run(const Quick& quick, const std::vector<market::TickRow>& ticks,
        const std::string& payouts = "CALL=1.95") {
  Ran out;
  DbotOptions options;
  options.program = program_of(quick);
  if (options.program == nullptr) return out;
  options.file = quick.file;
  options.symbol = "1HZ100V";
  options.answers = quick.answers;
  options.balance = usd("100000000.00");
  options.payouts = *Payouts::parse(payouts);
  market::RowSource source(ticks);
  const auto result = run_dbot(options, source, [&](const Trade& t) { out.trades.push_back(t); });
  EXPECT_TRUE(result.has_value());
  if (result) out.halted = result->strategy.halted;
  return out;
}

std::unique_ptr<staking::StakePlan> plan_of(const Quick& quick) {
  staking::Settings s;
  s.plan = quick.plan;
  s.base = usd("100.00");
  s.factor = quick.factor;
  if (quick.cap) s.max_stake = core::Money::minor(*quick.cap * 100);
  return staking::find_plan(quick.plan)->make(s);
}

/// The first contract whose stake is not the plan's; none: -1.
std::ptrdiff_t differs_at(const Quick& quick, const std::vector<Trade>& trades) {
  const auto plan = plan_of(quick);
  for (std::size_t i = 0; i < trades.size(); ++i) {
    if (trades[i].stake != plan->next()) return static_cast<std::ptrdiff_t>(i);
    plan->on_result(trades[i].profit);
  }
  return -1;
}

/// Where its own rule of the thresholds ends it, counted in doubles as the program does; none: all.
std::size_t length_of(const Quick& quick, const std::vector<Trade>& trades) {
  double total = 0;
  for (std::size_t i = 0; i < trades.size(); ++i) {
    total += trades[i].profit.to_double();
    if (quick.rounds_total) total = std::floor(total * 100 + 0.5) / 100;
    if (!(total < quick.target) || !(total > -quick.stop)) return i + 1;
  }
  return trades.size();
}

class QuickStrategies : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(folder())) GTEST_SKIP() << "no programs in " << DERIVD_SHARED;
  }
};

TEST_F(QuickStrategies, OfOptionsStakeAsDerivdsPlans) {
  std::size_t trades = 0;
  int by_threshold = 0;
  for (const auto& quick : kOptions) {
    SCOPED_TRACE(quick.file);
    std::size_t own = 0;
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
      SCOPED_TRACE(seed);
      // Some walks rise more often than they fall, some less.
      const auto ran = run(quick, walk(seed, 6'000, 4 + static_cast<int>(seed % 3)));
      own += ran.trades.size();
      ASSERT_EQ(differs_at(quick, ran.trades), -1);
      EXPECT_EQ(ran.trades.size(), length_of(quick, ran.trades)) << "ends with its threshold";
      by_threshold += ran.halted == "finished" ? 1 : 0;
    }
    EXPECT_GT(own, 50U);
    trades += own;
  }
  std::cout << trades << " contracts, " << by_threshold << " runs ended by a threshold\n";
  EXPECT_GT(by_threshold, 20);
}

TEST_F(QuickStrategies, OfAccumulatorsStakeAsDerivdsPlans) {
  const auto file = fs::path(DERIVD_SHARED) / "ticks" / "R_100_2026-06-21.csv";
  if (!fs::exists(file)) GTEST_SKIP() << "no ticks in " << DERIVD_SHARED;
  auto csv = store::TickCsv::open(file.string(), *market::find_symbol("R_100"));
  ASSERT_TRUE(csv.has_value());
  std::vector<market::TickRow> ticks(8'000);
  const auto n = (*csv)->read(ticks);
  ASSERT_TRUE(n.has_value());
  ticks.resize(*n);
  for (const auto& quick : kAccumulators) {
    SCOPED_TRACE(quick.file);
    DbotOptions options;
    options.program = dbot::import_program(text_of(quick.file), "R_100").program;
    ASSERT_NE(options.program, nullptr);
    options.symbol = "R_100";
    options.balance = usd("100000000.00");
    std::vector<Trade> trades;
    market::RowSource source(ticks);
    ASSERT_TRUE(run_dbot(options, source, [&](const Trade& t) { trades.push_back(t); }));
    EXPECT_EQ(differs_at(quick, trades), -1);
    EXPECT_EQ(trades.size(), length_of(quick, trades));
    EXPECT_GT(trades.size(), 5U);
    EXPECT_TRUE(std::ranges::any_of(trades, [](const Trade& t) { return t.profit.units() < 0; }));
    EXPECT_TRUE(
        std::ranges::any_of(trades, [](const Trade& t) { return t.end == market::End::kSold; }));
    // Sold once more than five ticks have been seen since its entry.
    for (const auto& t : trades) {
      if (t.end != market::End::kSold) continue;
      EXPECT_EQ(t.sell_epoch->s - t.entry_epoch.s, 5 * 2) << "at the sixth tick from its entry";
    }
  }
}

TEST_F(QuickStrategies, AllOfThemAreHere) {
  std::set<std::string> known;
  for (const auto& entry : fs::directory_iterator(folder())) {
    const auto name = entry.path().filename().string();
    // The programs named main are the editor's empty page.
    if (name.starts_with("off-") && !name.starts_with("off-main")) known.insert(name);
  }
  const auto drop = [&](const std::string& beginning) {
    EXPECT_EQ(std::erase_if(known, [&](const auto& n) { return n.starts_with(beginning); }), 1U)
        << beginning;
  };
  for (const auto& quick : kOptions) drop(quick.file);
  for (const auto& quick : kAccumulators) drop(quick.file);
  drop("off-oscars-grind-bdcfc");  // of its own rule: below
  EXPECT_TRUE(known.empty()) << *known.begin() << " is compared with nothing";
}

// -- what differs, and why ----------------------------------------------------------------------

// Deriv Bot counts a contract that gives back its stake as won; a plan stays where it is.
TEST_F(QuickStrategies, DefectABreakEvenIsAWinForTheStake) {
  for (const auto& quick : kOptions) {
    if (quick.plan == "oscars_grind" || !quick.answers.empty()) continue;
    SCOPED_TRACE(quick.file);
    const auto ran = run(quick, walk(3, 8'000), "CALL=1");
    ASSERT_GT(ran.trades.size(), 3U);
    const auto at = differs_at(quick, ran.trades);
    ASSERT_GT(at, 0);
    // Up to the first break-even that a plan with something to forget or to raise has met.
    const auto before = ran.trades.begin() + at;
    EXPECT_TRUE(
        std::any_of(ran.trades.begin(), before, [](const Trade& t) { return t.profit.is_zero(); }));
  }
}

// The threshold is looked at after each contract alone, so that the last stake goes past it.
TEST_F(QuickStrategies, DefectTheLossThresholdIsPassed) {
  const auto quick = *std::ranges::find(kOptions, "off-martingale-max-stake", &Quick::file);
  const auto ticks = walk(5, 8'000, 0);  // every contract is lost
  const auto ran = run(quick, ticks);
  core::Money total = usd("0.00");
  for (const auto& t : ran.trades) total += t.profit;
  // 100, 300 and 900 again and again: 1300, 2600, and with 100 and 300 just the 3000.
  EXPECT_EQ(total, usd("-3000.00"));
  auto deeper = quick;
  deeper.file = "off-dalembert-max-stake";
  deeper.plan = "dalembert";
  const auto lost = run(deeper, ticks);
  total = usd("0.00");
  for (const auto& t : lost.trades) total += t.profit;
  // 100 to 700 are 2800; the next, of 800, is bought all the same.
  EXPECT_EQ(total, usd("-3600.00"));
  // derivd's session is never passed.
  auto s = test::strategy("a", "random");
  s.params = {{"probability", 1'000'000}, {"seed", 1}, {"contract", 0}};
  s.contract.types = {*market::contract_type_from("CALL")};
  s.contract.duration = *market::ContractDuration::parse("1t");
  s.staking.plan = "dalembert";
  s.staking.base = usd("100.00");
  s.staking.max_stake = usd("1000.00");
  s.session.stop_loss = usd("3000.00");
  test::Rig rig;
  rig.options.settings.strategies = {s};
  rig.options.balance = usd("100000000.00");
  rig.of("1HZ100V") = ticks;
  const auto result = rig.run_all();
  EXPECT_EQ(result.strategies[0].halted, "stop_loss");
  EXPECT_GE(result.strategies[0].sums.profit, usd("-3000.00"));
}

// 1-3-2-6 compares its loss with the profit threshold: its own of 3000 means nothing.
TEST_F(QuickStrategies, DefectTheLossThresholdOf1326IsThatOfTheProfit) {
  const auto quick = kOptions.front();
  ASSERT_EQ(quick.plan, "one_three_two_six");
  const auto ran = run(quick, walk(5, 8'000, 0));
  ASSERT_EQ(ran.trades.size(), 50U) << "100 each, until 5000 are lost instead of 3000";
  EXPECT_EQ(ran.halted, "finished");
}

// The older grind counts contracts and not money, and raises after every win until it is even.
TEST_F(QuickStrategies, DefectTheOlderGrindCountsContracts) {
  Quick quick{.file = "off-oscars-grind-bdcfc",
              .plan = "oscars_grind",
              .cap = {},
              .answers = {"5000", "3000", "100"},
              .numbers = {{"oscarsGrind:units", "100"}}};
  bool differed = false;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    const auto ran = run(quick, walk(seed, 8'000));
    ASSERT_GT(ran.trades.size(), 5U);
    std::int64_t raised = 0;
    std::int64_t balance = 0;
    for (const auto& t : ran.trades) {
      ASSERT_EQ(t.stake, core::Money::minor((100 + raised) * 100));
      if (t.profit.units() < 0) {
        balance -= 100;
        continue;
      }
      balance += 100;
      if (balance > 0) {
        balance = raised = 0;
      } else {
        raised += 100;
      }
    }
    differed |= differs_at(quick, ran.trades) >= 0;
  }
  EXPECT_TRUE(differed) << "money lost at higher stakes is not made good by as many contracts";
}

// A stake that a double makes lies now and then below the half cent that the decimals make.
TEST_F(QuickStrategies, DefectAHalfCentIsLostInDoubles) {
  const auto stake = staking::power_stake(usd("0.35"), core::Decimal{15, 1}, 1);
  EXPECT_EQ(stake, usd("0.53"));
  Quick quick{.file = "off-martingale-2ebe7",
              .plan = "martingale",
              .factor = {15, 1},
              .cap = {},
              .answers = {"5000", "3000", "0.35"},
              .numbers = {{"martingale:size", "1.5"}}};
  const auto ran = run(quick, walk(5, 8'000, 0));
  ASSERT_GT(ran.trades.size(), 1U);
  EXPECT_EQ(ran.trades[0].stake, usd("0.35"));
  EXPECT_EQ(ran.trades[1].stake, usd("0.52")) << "1.5 x 0.35 is 0.52499999999999991";
}

}  // namespace
}  // namespace derivd::backtest
