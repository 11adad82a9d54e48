// Programs that people published, read from the shared data: nothing of them is kept here.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "dbot/import.hpp"
#include "dbot/machine.hpp"

namespace derivd::dbot {
namespace {

namespace fs = std::filesystem;

struct Tally {
  int files = 0;
  int runs = 0;
  int stock = 0;       // whose live blocks are all stock
  int stock_runs = 0;  // of them
  int skipped = 0;     // blocks that were overlooked
  std::map<std::string, int> reasons;
};

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

bool is_complete(Reason reason) {
  return reason != Reason::kMalformed && reason != Reason::kLibrary &&
         reason != Reason::kIncomplete;
}

Tally tally(const fs::path& folder) {
  Tally out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".xml") continue;
    const auto import = import_program(read(entry.path()));
    ++out.files;
    out.skipped += import.counts.skipped;
    ++out.reasons[std::string(name_of(import.reason))];
    if (import.program != nullptr) ++out.runs;
    if (import.only_stock && is_complete(import.reason)) {
      ++out.stock;
      if (import.program != nullptr) ++out.stock_runs;
    }
    if (import.reason == Reason::kMalformed) {
      EXPECT_EQ(import.problems.size(), 1U) << entry.path();
      EXPECT_GT(import.problems.front().line, 0) << entry.path();
    }
  }
  return out;
}

class Corpus : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(folder())) GTEST_SKIP() << "no corpus at " << folder();
  }
  static fs::path folder() { return fs::path(DERIVD_SHARED) / "dbot" / "corpus"; }
};

TEST_F(Corpus, IsReadWholeAndNearlyAllStockProgramsLoad) {
  Tally all;
  for (const std::string part : {"dbot", "binarybot", "binarybot-v1"}) {
    const auto t = tally(folder() / part);
    all.files += t.files;
    all.runs += t.runs;
    all.stock += t.stock;
    all.stock_runs += t.stock_runs;
    all.skipped += t.skipped;
    for (const auto& [reason, n] : t.reasons) all.reasons[reason] += n;
  }
  std::cout << all.files << " programs, " << all.runs << " can run; of " << all.stock
            << " complete ones with stock blocks alone " << all.stock_runs << '\n';
  for (const auto& [reason, n] : all.reasons) std::cout << "  " << reason << ": " << n << '\n';
  EXPECT_EQ(all.skipped, 0);
  EXPECT_GE(all.stock_runs * 100, all.stock * 97);
}

TEST_F(Corpus, MalformedFilesAreToldWithTheirLines) {
  const auto t = tally(folder() / "malformed");
  EXPECT_EQ(t.runs, 0);
  EXPECT_EQ(t.skipped, 0);
  EXPECT_GT(t.files, 0);
}

TEST_F(Corpus, LibrariesAreNoPrograms) { EXPECT_EQ(tally(folder() / "library").runs, 0); }

}  // namespace
}  // namespace derivd::dbot
