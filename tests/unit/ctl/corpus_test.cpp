// The committed fuzz corpus of derivctl's readers, in every build.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "fuzz/ctl_targets.hpp"

namespace derivd::ctl {
namespace {

void play(const char* name, const std::function<void(std::string_view)>& target) {
  const auto folder = std::filesystem::path(DERIVD_SOURCE) / "tests" / "fuzz" / "corpus" / name;
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    SCOPED_TRACE(entry.path().string());
    std::ifstream in(entry.path(), std::ios::binary);
    target(std::string(std::istreambuf_iterator<char>(in), {}));
    ++files;
  }
  EXPECT_GT(files, 4u) << folder;
}

TEST(CtlCorpus, Answers) { play("answer", fuzz::answer); }
TEST(CtlCorpus, Backtests) { play("backtest", fuzz::backtest); }
TEST(CtlCorpus, Symbols) { play("symbols", fuzz::symbols); }
TEST(CtlCorpus, Shards) { play("shards", fuzz::shards); }
TEST(CtlCorpus, Payouts) { play("payouts", fuzz::payouts); }
TEST(CtlCorpus, Quotes) { play("quotes", fuzz::quotes); }
TEST(CtlCorpus, Proofs) { play("proof", fuzz::proof); }
TEST(CtlCorpus, GoTrader) { play("go_trader", fuzz::go_trader); }
TEST(CtlCorpus, Vary) { play("vary", fuzz::vary); }

}  // namespace
}  // namespace derivd::ctl
