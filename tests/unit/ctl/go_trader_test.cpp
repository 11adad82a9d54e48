// import deriv-go-trader: each flag and each key of its JSON by its meaning, and every refusal by
// name. Source of the meanings: see go_trader.hpp.
#include "derivctl/go_trader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "config/config.hpp"

namespace derivd::ctl {
namespace {

using testing::HasSubstr;
using testing::Not;

SeedImport flags(const std::string& line, const SeedOptions& options = {}) {
  std::istringstream in(line);
  const std::vector<std::string> words(std::istream_iterator<std::string>(in), {});
  auto out = import_seed_flags(words, options);
  check_seed(out, {});
  return out;
}

SeedImport json(std::string_view text, SeedOptions options = {}) {
  options.file = "f.json";
  auto out = import_seed_json(text, options);
  check_seed(out, {});
  return out;
}

std::string problems(const SeedImport& import) {
  std::string out;
  for (const auto& p : import.problems) out += p + "\n";
  return out;
}
std::string notes(const SeedImport& import) {
  std::string out;
  for (const auto& n : import.notes) out += n + "\n";
  return out;
}

TEST(GoTrader, ItsDefaultsAreThoseOfItsCode) {
  const auto out = flags("-strategy even_odd");
  ASSERT_EQ(problems(out), "");
  EXPECT_EQ(out.yaml,
            "strategies:\n"
            "  - name: even_odd\n"
            "    type: even_odd\n"
            "    symbol: R_10\n"
            "    params: { streak: 1 }\n"
            "    contract: { duration: 2t }\n"
            "    staking: { plan: flat, base: 0.35 }\n"
            "    session: { take_profit: 30.00, stop_loss: 20.00, trailing: true }\n");
  EXPECT_THAT(notes(out), HasSubstr("-martingale: left out, so 1, which is what the program takes; "
                                    "its README says 2.1"));
  EXPECT_EQ(flags("go run main.go").yaml, out.yaml) << "even_odd is what it does by itself";
}

TEST(GoTrader, EachStrategyBecomesItsOwn) {
  const auto fall = flags(
      "./deriv_trade --strategy=rise_fall -symbol 1HZ100V -stake 1.0 -martingale 2.1 -streak 3 "
      "-duration 5 -unit m -target_profit 10 -stop_loss 50 -trailing_stop=false");
  ASSERT_EQ(problems(fall), "");
  EXPECT_EQ(fall.yaml,
            "strategies:\n"
            "  - name: rise_fall\n"
            "    type: rise_fall\n"
            "    symbol: 1HZ100V\n"
            "    params: { streak: 3 }\n"
            "    contract: { duration: 5t }\n"
            "    staking: { plan: martingale, base: 1.00, factor: 2.1 }\n"
            "    session: { take_profit: 10.00, stop_loss: 50.00, trailing: false }\n");
  EXPECT_THAT(notes(fall), HasSubstr("-unit: rise_fall counts in ticks"));
  EXPECT_THAT(notes(fall), Not(HasSubstr("its README says")));
  EXPECT_THAT(flags("-strategy differs").yaml, HasSubstr("type: digit_differs\n"));
  EXPECT_THAT(flags("-strategy differs").yaml, Not(HasSubstr("params")));
  const auto higher = flags("-strategy higher_lower -barrier -0.5 -duration 2 -unit m");
  ASSERT_EQ(problems(higher), "");
  EXPECT_THAT(higher.yaml, HasSubstr("contract: { duration: 2m, barrier: 0.5 }\n"))
      << "the program drops the sign and takes one from the direction";
  EXPECT_THAT(flags("-strategy custom -script x", {}).problems.at(0), HasSubstr("-script: is no"));
}

TEST(GoTrader, AMultiplierIsLeftEarly) {
  const auto out = flags("-strategy multiplier -multiplier 400 -stake 1 -duration 10 -unit s");
  ASSERT_EQ(problems(out), "");
  EXPECT_THAT(out.yaml, HasSubstr("exit: { profit: 15.00, loss: 0.50, after: 10s }"));
  EXPECT_THAT(out.yaml, HasSubstr("contract: { multiplier: 400 }"));
  EXPECT_THAT(problems(flags("-strategy multiplier -unit h")), HasSubstr("takes every unit but"));
}

TEST(GoTrader, WhatItCannotDoIsRefusedByItsFlag) {
  const auto said = [](const char* line) { return problems(flags(line)); };
  EXPECT_THAT(said("-strategy dalembert"),
              HasSubstr("-strategy: 'dalembert' is no strategy of deriv-go-trader, which has "
                        "even_odd, rise_fall, differs, higher_lower, multiplier, custom"));
  EXPECT_THAT(said("-streek 3"), HasSubstr("-streek: is no flag of deriv-go-trader, did you mean "
                                           "-streak?"));
  EXPECT_THAT(said("-prediction 4 -stake 0"),
              testing::AllOf(HasSubstr("-prediction: is no flag"), HasSubstr("-stake: '0'")))
      << "every reason at once";
  EXPECT_THAT(said("-token s3cret"), Not(HasSubstr("s3cret")));
  EXPECT_THAT(said("-trailing_stop false -stake 1"), HasSubstr("'false' is no flag"));
  EXPECT_THAT(said("-stake"), HasSubstr("-stake: stands without a value"));
  EXPECT_THAT(said("-stake 1e5x"), HasSubstr("-stake: '1e5x' is not a plain decimal number"));
  EXPECT_THAT(said("-stake 0.355"), HasSubstr("-stake: '0.355' is no amount"));
  EXPECT_THAT(said("-stake -1"), HasSubstr("-stake: '-1' is no amount"));
  EXPECT_THAT(said("-martingale 0.5"), HasSubstr("-martingale: '0.5' would lower the stake"));
  EXPECT_THAT(said("-streak 0"), HasSubstr("-streak: '0' is not a whole number from 1"));
  EXPECT_THAT(said("-duration 5.5"), HasSubstr("-duration: '5.5' is not a whole number"));
  EXPECT_THAT(said("-strategy higher_lower"), HasSubstr("-barrier: higher_lower needs one"));
  EXPECT_THAT(said("-strategy higher_lower -barrier x"), HasSubstr("-barrier: 'x' is no distance"));
  EXPECT_THAT(said("-strategy higher_lower -barrier 1 -unit w"),
              HasSubstr("-unit: 'w' is no unit"));
  EXPECT_THAT(said("-trailing_stop=maybe"), HasSubstr("-trailing_stop: 'maybe' is neither"));
  EXPECT_THAT(said("-strategy custom"), HasSubstr("STRATEGY_SCRIPT"));
  // What derivd's own checks refuse comes back to the flag, every reason at once.
  EXPECT_THAT(said("-stake 0.20 -duration 11"),
              testing::AllOf(HasSubstr("-stake: derivd's staking.base: 0.20 is below"),
                             HasSubstr("-duration: derivd's contract.duration: ")));
  EXPECT_THAT(said("-stake 30"), HasSubstr("-stake: derivd's staking.base: 30.00 is above"));
  EXPECT_THAT(said("-symbol V75"), HasSubstr("-symbol: derivd's symbol: 'V75' is the name of"));
}

TEST(GoTrader, AFlagThatIsGivenTwiceCountsAsTheLast) {
  const auto out = flags("-stake 1 -stake 2");
  EXPECT_THAT(out.yaml, HasSubstr("base: 2.00"));
  EXPECT_THAT(notes(out), HasSubstr("-stake is given twice; the last one counts"));
  EXPECT_THAT(flags("-stake 2 -- -stake 3").yaml, HasSubstr("base: 2.00"));
}

constexpr std::string_view kJson = R"({
  "strategy": "differs", "symbol": "R_100", "initial_stake": 0.5,
  "target_profit": 5, "stop_loss": 12.5, "martingale": 11, "duration": 1, "duration_unit": "t",
  "streak_threshold": 1, "barrier": "", "multiplier": 0, "use_trailing_stop": true})";

TEST(GoTrader, TheJsonOfItsWebPage) {
  const auto out = json(kJson, {"mine", "", ""});
  ASSERT_EQ(problems(out), "");
  EXPECT_EQ(out.yaml,
            "strategies:\n"
            "  - name: mine\n"
            "    type: digit_differs\n"
            "    symbol: R_100\n"
            "    contract: { duration: 1t }\n"
            "    staking: { plan: martingale, base: 0.50, factor: 11 }\n"
            "    session: { take_profit: 5.00, stop_loss: 12.50, trailing: true }\n");
  EXPECT_THAT(notes(out), Not(HasSubstr("README")));
}

TEST(GoTrader, AJsonSaysEverythingItself) {
  // A key that is left out is zero there, not the flag's default.
  const auto said = problems(json(R"({"strategy": "even_odd", "initial_stake": 1})"));
  EXPECT_THAT(said, HasSubstr("target_profit: '0' is no amount"));
  EXPECT_THAT(said, HasSubstr("stop_loss: '0' is no amount"));
  EXPECT_THAT(said, HasSubstr("martingale: '0' would lower the stake"));
  EXPECT_THAT(said, HasSubstr("streak_threshold: '0' is not a whole number from 1"));
  EXPECT_THAT(said, HasSubstr("symbol: is empty"));
}

TEST(GoTrader, AMistakeInTheJsonHasItsPlace) {
  const auto with = [](const char* from, const char* to) {
    std::string text(kJson);
    text.replace(text.find(from), std::string_view(from).size(), to);
    return problems(json(text));
  };
  EXPECT_THAT(with("\"symbol\"", "\"simbol\""), HasSubstr("f.json:2:26: simbol: deriv-go-trader's "
                                                          "start takes no such key, did you mean "
                                                          "'symbol'?"));
  EXPECT_THAT(with("0.5", "\"0.5\""), HasSubstr("initial_stake: a number, or true or false, is "
                                                "wanted, without quotes"));
  EXPECT_THAT(with("\"R_100\"", "7"), HasSubstr("symbol: a text in quotes is wanted"));
  EXPECT_THAT(with("\"barrier\": \"\"", "\"symbol\": \"R_10\""), HasSubstr("symbol: given twice"));
  EXPECT_THAT(with("12.5", "1 2"), HasSubstr("f.json:3:36: stop_loss: '1 2' is not"));
  EXPECT_THAT(problems(json("[1]")), HasSubstr("f.json:1:1: the file is a list"));
  EXPECT_THAT(problems(json("{")), HasSubstr("f.json:"));
  const auto settings = problems(json(R"({"deriv_api_token": "s3cret", "mongo_uri": "m"})"));
  EXPECT_THAT(settings, HasSubstr("f.json:1:2: deriv_api_token: is of deriv-go-trader's "
                                  "config.json"));
  EXPECT_THAT(settings, Not(HasSubstr("s3cret")));
}

TEST(GoTrader, AScriptOfTheJsonNeedsAFile) {
  std::string text(kJson);
  text.replace(text.find("\"differs\""), 9, R"("custom", "script": "function onTick(q) {}\n")");
  const auto out = import_seed_json(text, {"", "", "f.json"});
  EXPECT_THAT(problems(out), HasSubstr("--script FILE says where to write it"));
  EXPECT_EQ(out.script, "function onTick(q) {}\n");
  const auto named = import_seed_json(text, {"", "/tmp/a b.js", "f.json"});
  EXPECT_EQ(problems(named), "");
  EXPECT_THAT(named.yaml, HasSubstr("type: script\n"));
  EXPECT_THAT(named.yaml, HasSubstr("params: { file: \"/tmp/a b.js\" }\n"));
  EXPECT_THAT(notes(named), HasSubstr("holds a custom strategy to no target"));
}

}  // namespace
}  // namespace derivd::ctl
