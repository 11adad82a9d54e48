// A program as a strategy of the engine and the same program left alone (dbot_reference) come to
// the same trades, cent by cent and tick by tick, where no limit acts: over programs that people
// published and recorded ticks, both read from the shared data.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "backtest/dbot_run.hpp"
#include "dbot/import.hpp"
#include "market/symbol.hpp"
#include "store/tick_csv.hpp"
#include "unit/backtest/dbot_reference.hpp"

namespace derivd::backtest {
namespace {

namespace fs = std::filesystem;

/// Of the programs every so manieth, which takes some seconds.
constexpr std::size_t kEvery = 7;
constexpr std::size_t kTicks = 2'500;

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::string text_of(const Trade& t) {
  return fmt::format("{} {} signal {} start {} entry {}@{} exit {}@{} settled {} {} {} {}", t.n,
                     market::name_of(t.type), t.signal_epoch.s, t.purchase_epoch.s,
                     t.entry.to_string(), t.entry_epoch.s, t.exit.to_string(), t.exit_epoch.s,
                     t.settled_epoch.s, t.stake.to_string(), t.payout.to_string(),
                     t.profit.to_string());
}

struct Story {
  std::vector<std::string> trades;
  std::string end;
};

std::string_view word_for(const std::optional<dbot::Stopped>& stopped) {
  if (!stopped) return "-";
  switch (stopped->why) {
    case dbot::Stopped::Why::kFinished:
      return "finished";
    case dbot::Stopped::Why::kScript:
      return "script";
    case dbot::Stopped::Why::kRefused:
      return "refused";
  }
  return "?";
}

std::vector<std::string> answers_for(const dbot::Import& import) {
  return std::vector<std::string>(import.prompts.size(), "1");
}

Story alone(const dbot::Import& import, const std::vector<market::TickRow>& ticks) {
  Story out;
  test::ReferenceOptions o;
  o.program = import.program;
  o.symbol = "R_100";
  o.answers = answers_for(import);
  market::RowSource source(ticks);
  const auto result =
      test::run_reference(o, source, [&](const Trade& t) { out.trades.push_back(text_of(t)); });
  EXPECT_TRUE(result.has_value());
  if (!result) return out;
  out.end = fmt::format("{} trades {} profit {} drawdown {} balance {} open {} messages {}: {}",
                        result->ticks, result->sums.trades, result->sums.profit.to_string(),
                        result->sums.max_drawdown.to_string(), result->balance.to_string(),
                        result->open, result->messages, word_for(result->stopped));
  return out;
}

Story as_strategy(const dbot::Import& import, const std::vector<market::TickRow>& ticks) {
  Story out;
  DbotOptions o;
  o.program = import.program;
  o.file = "bot.xml";
  o.symbol = "R_100";
  o.answers = answers_for(import);
  market::RowSource source(ticks);
  const auto result =
      run_dbot(o, source, [&](const Trade& t) { out.trades.push_back(text_of(t)); });
  EXPECT_TRUE(result.has_value()) << result.error().text;
  if (!result) return out;
  const auto& s = result->strategy;
  out.end = fmt::format("{} trades {} profit {} drawdown {} balance {} open {} messages {}: {}",
                        result->ticks, s.sums.trades, s.sums.profit.to_string(),
                        s.sums.max_drawdown.to_string(), result->balance.to_string(), s.open,
                        s.messages, s.halted.value_or("-"));
  return out;
}

std::vector<fs::path> programs() {
  std::vector<fs::path> out;
  const auto folder = fs::path(DERIVD_SHARED) / "dbot" / "corpus";
  if (!fs::exists(folder)) return out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".xml") out.push_back(entry.path());
  }
  std::ranges::sort(out);
  return out;
}

TEST(DbotAgreement, TheStrategyTradesAsTheProgramLeftAlone) {
  const auto all = programs();
  const auto file = fs::path(DERIVD_SHARED) / "ticks" / "R_100_2026-06-21.csv";
  if (all.empty() || !fs::exists(file)) {
    GTEST_SKIP() << "no programs or no ticks in " << DERIVD_SHARED;
  }
  auto csv = store::TickCsv::open(file.string(), *market::find_symbol("R_100"));
  ASSERT_TRUE(csv.has_value());
  std::vector<market::TickRow> ticks(kTicks);
  const auto n = (*csv)->read(ticks);
  ASSERT_TRUE(n.has_value());
  ticks.resize(*n);
  int ran = 0;
  std::size_t trades = 0;
  for (std::size_t i = 0; i < all.size(); i += kEvery) {
    const auto import = dbot::import_program(read(all[i]), "R_100");
    if (import.program == nullptr) continue;
    ++ran;
    const auto expected = alone(import, ticks);
    const auto got = as_strategy(import, ticks);
    trades += expected.trades.size();
    ASSERT_EQ(got.trades, expected.trades) << all[i];
    EXPECT_EQ(got.end, expected.end) << all[i];
  }
  std::cout << ran << " programs, " << trades << " trades\n";
  EXPECT_GT(ran, 50);
  EXPECT_GT(trades, 1'000U);
}

/// Programs of positions are few: all of them, and over more ticks, for a day has few that leave.
TEST(DbotAgreement, ProgramsOfPositionsTradeAsLeftAloneToo) {
  constexpr std::size_t kMoreTicks = 4'000;
  const auto all = programs();
  const auto file = fs::path(DERIVD_SHARED) / "ticks" / "R_100_2026-06-21.csv";
  if (all.empty() || !fs::exists(file)) {
    GTEST_SKIP() << "no programs or no ticks in " << DERIVD_SHARED;
  }
  auto csv = store::TickCsv::open(file.string(), *market::find_symbol("R_100"));
  ASSERT_TRUE(csv.has_value());
  std::vector<market::TickRow> ticks(kMoreTicks);
  const auto n = (*csv)->read(ticks);
  ASSERT_TRUE(n.has_value());
  ticks.resize(*n);
  int ran = 0;
  int official = 0;
  std::size_t trades = 0;
  for (const auto& path : all) {
    const auto import = dbot::import_program(read(path), "R_100");
    if (import.program == nullptr) continue;
    const auto& type = import.program->trade_type;
    if (type != "accumulator" && type != "multiplier") continue;
    ++ran;
    const auto expected = alone(import, ticks);
    const auto got = as_strategy(import, ticks);
    trades += expected.trades.size();
    ASSERT_EQ(got.trades, expected.trades) << path;
    EXPECT_EQ(got.end, expected.end) << path;
    if (!path.filename().string().starts_with("off-accumulators")) continue;
    ++official;
    EXPECT_GT(expected.trades.size(), 0U) << path << ": " << got.end;
  }
  std::cout << ran << " programs of positions, " << trades << " trades\n";
  EXPECT_EQ(official, 8) << "Deriv's quick strategies of accumulators";
  EXPECT_GT(trades, 100U);
}

}  // namespace
}  // namespace derivd::backtest
