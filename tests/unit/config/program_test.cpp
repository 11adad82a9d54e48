// Type dbot from the file to the settings: the program's file, its answers and symbol, and every
// mistake with its place in the configuration and in the program.
#include "config/program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/config.hpp"
#include "dbot/program.hpp"

namespace derivd::config {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::string shipped() { return read(DERIVD_SOURCE "/config/examples/my-bot.xml"); }

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

class Dbot : public testing::Test {
 protected:
  void SetUp() override {
    directory_ =
        fs::temp_directory_path() /
        ("derivd-program-" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) +
         "-" + testing::UnitTest::GetInstance()->current_test_info()->name() + "-" +
         std::to_string(::getpid()));
    fs::create_directories(directory_);
    put("my-bot.xml", shipped());
  }
  void TearDown() override { fs::remove_all(directory_); }

  void put(const std::string& name, const std::string& text) const {
    std::ofstream(directory_ / name, std::ios::binary) << text;
  }
  std::string directory() const { return directory_.string() + "/"; }

  static std::string yaml(std::string_view params, std::string_view more = "") {
    return "strategies:\n  - name: bot\n    type: dbot\n    params: " + std::string(params) + "\n" +
           std::string(more);
  }
  std::string problems(const std::string& text) const {
    const auto loaded = load_text(text, directory());
    const auto* list = std::get_if<std::vector<Problem>>(&loaded);
    if (list == nullptr) return "";
    std::string out;
    for (const auto& p : *list) out += format(p, "f") + "\n";
    return out;
  }
  Config config(const std::string& text) const {
    auto loaded = load_text(text, directory());
    if (std::holds_alternative<Config>(loaded)) return std::move(std::get<Config>(loaded));
    ADD_FAILURE() << problems(text);
    return {};
  }
  void expect_problem(const std::string& text, std::string_view wanted) const {
    const auto got = problems(text);
    EXPECT_NE(got.find(wanted), std::string::npos) << "wanted: " << wanted << "\ngot: " << got;
  }

  fs::path directory_;
};

constexpr std::string_view kGood = "{ file: my-bot.xml, answers: [\"1\", 10] }";

TEST_F(Dbot, TheSymbolComesFromTheProgramAndStakingMayBeLeftOut) {
  const auto c = config(yaml(kGood));
  ASSERT_EQ(c.engine.strategies.size(), 1U);
  const auto& s = c.engine.strategies[0];
  EXPECT_EQ(s.symbol, "1HZ100V");
  ASSERT_NE(s.program.program, nullptr);
  EXPECT_EQ(s.program.file, "my-bot.xml");
  EXPECT_EQ(s.program.answers, (std::vector<std::string>{"1", "10"}));
  EXPECT_EQ(s.program.program->prompts.size(), 2U);
}

TEST_F(Dbot, AnotherSymbolAndSeed) {
  const auto c =
      config(yaml("{ file: my-bot.xml, answers: [\"1\", \"10\"], symbol: R_50, seed: 7 }"));
  EXPECT_EQ(c.engine.strategies[0].symbol, "R_50");
  EXPECT_EQ(c.engine.strategies[0].program.program->symbol, "R_50");
  EXPECT_EQ(c.engine.strategies[0].program.seed, 7U);
  expect_problem(yaml("{ file: my-bot.xml, answers: [\"1\", \"10\"], symbol: \"R 50\" }"),
                 "f:4:63: strategies[0].params.symbol: 'R 50' is not a symbol");
  // The venue may list one tomorrow: it is asked at the start.
  const auto later = config(yaml("{ file: my-bot.xml, answers: [\"1\", \"10\"], symbol: NOPE }"));
  ASSERT_EQ(later.warnings.size(), 1U);
  EXPECT_NE(later.warnings[0].reason.find("'NOPE' is not in"), std::string::npos);
  EXPECT_EQ(problems(yaml(kGood, "    symbol: 1HZ100V\n")), "") << "the program's own may be said";
  expect_problem(yaml(kGood, "    symbol: R_50\n"),
                 "f:5:13: strategies[0].symbol: is R_50, and the program trades 1HZ100V");
}

TEST_F(Dbot, AnAbsolutePathIsTakenAsItIs) {
  const auto path = (directory_ / "my-bot.xml").string();
  const auto text = yaml("{ file: " + path + ", answers: [\"1\", \"10\"] }");
  EXPECT_TRUE(std::holds_alternative<Config>(load_text(text)));
  EXPECT_TRUE(std::holds_alternative<std::vector<Problem>>(load_text(yaml(kGood), "/nowhere/")));
}

TEST_F(Dbot, WhatTheProgramSaysItselfIsRefused) {
  expect_problem(yaml(kGood, "    staking: { base: 1.00 }\n"),
                 "f:5:22: strategies[0].staking.base: has no meaning for type dbot");
  expect_problem(yaml(kGood, "    contract: { duration: 5t }\n"),
                 "strategies[0].contract.duration: has no meaning for type dbot");
  for (const auto* key : {"type: ACCU", "until: \"2026-12-01 16:00 UTC\"", "barrier2: -1",
                          "prediction: 3", "selected_tick: 3", "growth: 0.03",
                          "payout_per_point: 3", "cancellation: 15m", "basis: payout"}) {
    expect_problem(yaml(kGood, fmt::format("    contract: {{ {} }}\n", key)),
                   "has no meaning for type dbot");
  }
  expect_problem(yaml(kGood, "    candles: 1m\n"), "has no meaning for type dbot");
  EXPECT_EQ(problems(yaml(kGood,
                          "    guards: { max_trades_per_hour: 5 }\n"
                          "    session: { stop_loss: 5.00 }\n")),
            "");
}

TEST_F(Dbot, EveryMistakeOfTheParamsHasItsPlace) {
  expect_problem("strategies:\n  - name: bot\n    type: dbot\n",
                 "f:2:5: strategies[0].params.file: is required by type dbot");
  expect_problem(yaml("{ answers: [\"1\"] }"), "strategies[0].params.file: is required");
  expect_problem(yaml("{ file: my-bot.xml, answer: [\"1\"] }"),
                 "f:4:33: strategies[0].params.answer: unknown parameter of dbot, did you mean "
                 "'answers'?");
  expect_problem(yaml("{ file: absent.xml }"), "f:4:21: strategies[0].params.file: " + directory() +
                                                   "absent.xml cannot be read: No such file");
  expect_problem(yaml("{ file: . }"), "is not a regular file");
  expect_problem(yaml("{ file: my-bot.xml, answers: \"1\" }"), "where a list of at most");
  expect_problem(yaml("{ file: my-bot.xml, answers: [\"1\"] }"),
                 "params.answers: my-bot.xml:54: the program asks 2 questions and 1 is answered; "
                 "the next one is \"Profit at which it stops\" (a number)");
  expect_problem(yaml("{ file: my-bot.xml, answers: [\"1\", \"2\"], seed: x }"), "params.seed");
  expect_problem(
      yaml("{ file: my-bot.xml, answers: [\"\", \"2\"] }"),
      "strategies[0].params.answers[0]: '' is no number, and my-bot.xml:45 asks for one: "
      "\"Stake of the first trade\"");
}

TEST_F(Dbot, MistakesOfTheProgramHaveTheirLineAndBlock) {
  put("my-bot.xml", replaced(shipped(), "type=\"last_digit\"", "type=\"magic_digit\""));
  expect_problem(yaml(kGood),
                 "f:4:21: strategies[0].params.file: my-bot.xml:86: block magic_digit: is not a "
                 "block that derivd knows");
  put("my-bot.xml", "<xml>");
  expect_problem(yaml(kGood), "my-bot.xml:1: ");
  put("my-bot.xml", std::string(9U << 20U, ' '));
  EXPECT_NE(problems(yaml(kGood)), "");
  put("my-bot.xml", replaced(shipped(), "1HZ100V", "NO WHERE"));
  expect_problem(yaml(kGood), "block trade_definition_market: 'NO WHERE' is not a symbol");
}

TEST_F(Dbot, AStakeAboveALimitIsWarnedOf) {
  const auto warnings = [&](std::string_view answers, std::string_view limits) {
    const auto c = config("limits: " + std::string(limits) + "\n" +
                          yaml("{ file: my-bot.xml, answers: " + std::string(answers) + " }"));
    std::string out;
    for (const auto& p : c.warnings) out += format(p, "f") + "\n";
    return out;
  };
  EXPECT_EQ(warnings("[\"1\", 10]", "{ max_stake: 1.00 }"), "");
  // Here the stake is reckoned from another variable.
  EXPECT_EQ(warnings("[\"2\", 10]", "{ max_stake: 1.00 }"), "");
  const auto amount = [&](const std::string& block) {
    put("my-bot.xml",
        replaced(
            shipped(),
            R"(<value name="AMOUNT"><block type="variables_get"><field name="VAR" id="stake">stake</field></block></value>)",
            "<value name=\"AMOUNT\">" + block + "</value>"));
  };
  amount(R"(<block type="variables_get"><field name="VAR" id="base">base</field></block>)");
  EXPECT_EQ(warnings("[\"1\", 10]", "{ max_stake: 1.00 }"), "");
  EXPECT_EQ(
      warnings("[\"2\", 10]", "{ max_stake: 1.00 }"),
      "f:5:21: strategies[0].params.file: my-bot.xml:70: the program stakes 2, which is above "
      "limits.max_stake 1.00 (line 1), so it does not buy (strategy bot)\n");
  EXPECT_THAT(warnings("[\"2\", 10]", "{ daily_loss: 1.50 }"),
              testing::HasSubstr("above limits.daily_loss 1.50"));
  amount(R"(<block type="math_number"><field name="NUM">5.5</field></block>)");
  EXPECT_THAT(warnings("[\"1\", 10]", "{ max_stake: 5.00 }"),
              testing::HasSubstr("the program stakes 5.5, which is above limits.max_stake 5.00"));
}

TEST_F(Dbot, WhatItBuysMustBeSomethingThatDerivSells) {
  auto text = replaced(shipped(), ">overunder<", ">callputspread<");
  put("my-bot.xml", replaced(text, ">DIGITOVER<", ">CALLSPREAD<"));
  expect_problem(yaml(kGood), "my-bot.xml: buys CALLSPREAD, which Deriv does not sell any more");
  text = replaced(shipped(), ">overunder<", ">multiplier<");
  put("my-bot.xml", replaced(text, ">DIGITOVER<", ">MULTUP<"));
  EXPECT_EQ(problems(yaml(kGood)), "");
}

TEST_F(Dbot, StatisticsOfAccumulatorsNeedASymbolOfKnownVolatility) {
  put("my-bot.xml", replaced(shipped(), "type=\"last_digit\"", "type=\"stat\""));
  EXPECT_EQ(problems(yaml(kGood)), "");
  expect_problem(yaml("{ file: my-bot.xml, answers: [\"1\", 10], symbol: BOOM1000 }"),
                 "f:4:21: strategies[0].params.file: my-bot.xml:86: the statistics of accumulators "
                 "are not known on BOOM1000; params.symbol names a volatility index");
}

TEST_F(Dbot, AChangedProgramIsAChange) {
  const auto before = config(yaml(kGood));
  EXPECT_TRUE(diff(before, config(yaml(kGood))).empty());
  put("my-bot.xml", replaced(shipped(), ">2.1<", ">2.2<"));
  const auto after = config(yaml(kGood));
  const auto changes = diff(before, after);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].key, "strategies[bot].params");
  EXPECT_EQ(changes[0].reload, Reload::kWhenFlat);
  EXPECT_NE(changes[0].before, changes[0].after);
  EXPECT_NE(changes[0].after.find("file: my-bot.xml, fingerprint: "), std::string::npos);
}

TEST_F(Dbot, TheExampleThatIsShippedIsGood) {
  const auto loaded = load_file(DERIVD_SOURCE "/config/examples/dbot.yaml");
  ASSERT_TRUE(std::holds_alternative<Config>(loaded))
      << format(std::get<std::vector<Problem>>(loaded).at(0), "dbot.yaml");
  EXPECT_EQ(std::get<Config>(loaded).engine.strategies.at(0).symbol, "1HZ100V");
}

}  // namespace
}  // namespace derivd::config
