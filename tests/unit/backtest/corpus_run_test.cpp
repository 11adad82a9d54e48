// Programs that people published, all of them, over recorded ticks in the back-test: how many load,
// run, trade, and end, and why. What derivd refuses or cannot do is told apart from what the
// program itself does wrong. They are read from the shared data, nothing of them is kept here.
//
// The same table over any folder and ticks: derivctl import dbot FOLDER --ticks FILE.csv
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "backtest/dbot_run.hpp"
#include "dbot/import.hpp"
#include "market/symbol.hpp"
#include "store/tick_csv.hpp"

namespace derivd::backtest {
namespace {

namespace fs = std::filesystem;

/// A thousand of them are the programs' past.
constexpr std::size_t kTicks = 2'000;

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

bool is_complete(dbot::Reason reason) {
  using enum dbot::Reason;
  return reason != kMalformed && reason != kLibrary && reason != kIncomplete;
}

/// What ends a run for want of something in derivd, and not by the program or by the venue's rules.
bool is_fault(const DbotResult& run) {
  if (!run.strategy.halted || *run.strategy.halted == "finished") return false;
  constexpr std::array<std::string_view, 6> kOurs{"derivd has no model of",
                                                  "cannot be reckoned",
                                                  "no payout of",
                                                  "are not known on",
                                                  "MiB",
                                                  "steps between two waiting points"};
  return std::ranges::any_of(kOurs, [&](std::string_view words) {
    return run.strategy.halt_reason.find(words) != std::string::npos;
  });
}

TEST(DbotCorpus, NearlyEveryCompleteProgramRunsWithoutAFaultOfDerivds) {
  const auto folder = fs::path(DERIVD_SHARED) / "dbot" / "corpus";
  const auto file = fs::path(DERIVD_SHARED) / "ticks" / "R_100_2026-06-21.csv";
  if (!fs::exists(folder) || !fs::exists(file)) {
    GTEST_SKIP() << "no programs or no ticks in " << DERIVD_SHARED;
  }
  auto csv = store::TickCsv::open(file.string(), *market::find_symbol("R_100"));
  ASSERT_TRUE(csv.has_value());
  std::vector<market::TickRow> ticks(kTicks);
  const auto n = (*csv)->read(ticks);
  ASSERT_TRUE(n.has_value());
  ticks.resize(*n);
  int complete = 0;
  int complete_ran = 0;
  int stock = 0;
  int stock_ran = 0;
  int traded = 0;
  int skipped = 0;
  std::map<std::string, int> reasons;
  std::map<std::string, int> ends;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".xml") continue;
    const auto import = dbot::import_program(read(entry.path()), "R_100");
    ++reasons[std::string(dbot::name_of(import.reason))];
    skipped += import.counts.skipped;
    if (!is_complete(import.reason)) continue;
    ++complete;
    stock += import.only_stock ? 1 : 0;
    if (import.program == nullptr) continue;
    DbotOptions options;
    options.program = import.program;
    options.symbol = "R_100";
    options.answers.assign(import.prompts.size(), "1");
    market::RowSource source(ticks);
    const auto run = run_dbot(options, source);
    ASSERT_TRUE(run.has_value()) << entry.path() << ": " << run.error().text;
    EXPECT_EQ(run->ticks, static_cast<std::int64_t>(ticks.size())) << entry.path();
    ++ends[run->strategy.halted.value_or("runs to the last tick")];
    traded += run->strategy.sums.trades > 0 ? 1 : 0;
    if (is_fault(*run)) {
      ++ends["for want of something in derivd"];
      std::cout << entry.path().filename() << ": " << run->strategy.halt_reason << '\n';
      continue;
    }
    ++complete_ran;
    stock_ran += import.only_stock ? 1 : 0;
  }
  for (const auto& [reason, count] : reasons) std::cout << count << "  " << reason << '\n';
  for (const auto& [end, count] : ends) std::cout << count << "  run, " << end << '\n';
  std::cout << complete_ran << " of " << complete << " complete programs run, " << stock_ran
            << " of " << stock << " with stock blocks alone; " << traded << " of them trade; "
            << skipped << " blocks skipped\n";
  EXPECT_EQ(skipped, 0);
  EXPECT_GE(stock_ran * 100, stock * 97);
  EXPECT_GE(complete_ran * 100, complete * 80);
  EXPECT_GT(traded, complete / 2);
}

}  // namespace
}  // namespace derivd::backtest
