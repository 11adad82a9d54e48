#include "config/script.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "config/config.hpp"

namespace derivd::config {
namespace {

class ScriptConfig : public testing::Test {
 protected:
  ScriptConfig()
      : directory_(std::filesystem::temp_directory_path() /
                   fmt::format("script_config_{}", ::getpid())) {
    std::filesystem::create_directories(directory_);
    write("dip.js", "function onTick(t) {}\n");
  }
  ~ScriptConfig() override { std::filesystem::remove_all(directory_); }

  void write(const std::string& name, const std::string& text) {
    std::ofstream(directory_ / name) << text;
  }
  std::variant<Config, std::vector<Problem>> load(const std::string& params,
                                                  const std::string& more = "") {
    const auto text = fmt::format(
        "strategies:\n"
        "  - name: dip\n"
        "    type: script\n"
        "    symbol: R_100\n"
        "    staking: {{ base: 0.35 }}\n"
        "    params: {}\n{}",
        params, more);
    return load_text(text, directory_.string() + "/");
  }
  script::Settings good(const std::string& params) {
    auto loaded = load(params);
    if (const auto* problems = std::get_if<std::vector<Problem>>(&loaded)) {
      ADD_FAILURE() << format(problems->front(), "c.yaml");
      return {};
    }
    return std::get<Config>(loaded).engine.strategies[0].script;
  }
  std::string bad(const std::string& params, const std::string& more = "") {
    auto loaded = load(params, more);
    const auto* problems = std::get_if<std::vector<Problem>>(&loaded);
    return problems == nullptr ? "valid" : format(problems->front(), "c.yaml");
  }
  std::filesystem::path directory_;
};

TEST_F(ScriptConfig, TheFileIsReadRelativeToTheConfiguration) {
  const auto s = good("{ file: dip.js }");
  EXPECT_EQ(s.file, "dip.js");
  EXPECT_EQ(s.text, "function onTick(t) {}\n");
  EXPECT_EQ(s.cpu.count(), 50);
  EXPECT_EQ(s.memory, 64 * script::kMebibyte);
  EXPECT_EQ(s.answers, "{}");
  EXPECT_EQ(good(fmt::format("{{ file: {}/dip.js }}", directory_.string())).text, s.text);
}

TEST_F(ScriptConfig, AnswersBecomeJson) {
  EXPECT_EQ(
      good(
          R"({ file: dip.js, answers: { a: 1, b: [x, "2", true, null, 1.5e3], c: { d: "q\"\n" } } })")
          .answers,
      R"({"a":1,"b":["x","2",true,null,1.5e3],"c":{"d":"q\"\u000a"}})");
  EXPECT_EQ(good(R"({ file: dip.js, answers: ["1", 010, 0x10, -, -1, 1., .5, .inf] })").answers,
            R"(["1","010","0x10","-",-1,"1.",".5",".inf"])");
}

TEST_F(ScriptConfig, BudgetsAreBounded) {
  EXPECT_EQ(good("{ file: dip.js, cpu: 2s, memory: 128MiB, seed: 5 }").cpu.count(), 2000);
  EXPECT_EQ(good("{ file: dip.js, memory: 65536KiB }").memory, 64 * script::kMebibyte);
  for (const auto* params : {"cpu: 0ms", "cpu: 11s", "cpu: 50", "cpu: fast", "memory: 1MiB",
                             "memory: 4GiB", "memory: 999999999999MiB", "seed: -1"}) {
    const auto told = bad(fmt::format("{{ file: dip.js, {} }}", params));
    EXPECT_NE(told.find("allowed: "), std::string::npos) << params << ": " << told;
    EXPECT_TRUE(told.starts_with("c.yaml:6:")) << told;
  }
}

TEST_F(ScriptConfig, MistakesAreToldWithTheirPlace) {
  EXPECT_EQ(bad("{ file: none.js }").find("c.yaml:6:21: strategies[0].params.file: "), 0u)
      << bad("{ file: none.js }");
  EXPECT_NE(bad("{ file: . }").find("not a regular file"), std::string::npos);
  EXPECT_NE(bad("{ file: dip.js, memry: 64MiB }").find("did you mean 'memory'?"),
            std::string::npos);
  EXPECT_NE(bad("{ cpu: 5ms }").find("is required"), std::string::npos);
  EXPECT_NE(bad("3").find("map"), std::string::npos);
  EXPECT_NE(bad("{ file: dip.js }", "    rules: []\n").find("type: rules"), std::string::npos);
  write("long.js", std::string(script::kMaxText + 1, ' '));
  EXPECT_NE(bad("{ file: long.js }").find("longer than"), std::string::npos);
  write("binary.js", std::string("a\0b", 3));
  EXPECT_NE(bad("{ file: binary.js }").find("no text"), std::string::npos);
}

TEST_F(ScriptConfig, AChangedTextIsAChangeOfTheConfiguration) {
  const auto before = std::get<Config>(load("{ file: dip.js }"));
  EXPECT_TRUE(diff(before, std::get<Config>(load("{ file: dip.js }"))).empty());
  write("dip.js", "function onTick(t) { }\n");
  const auto changes = diff(before, std::get<Config>(load("{ file: dip.js }")));
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].key, "strategies[dip].params");
  EXPECT_EQ(changes[0].reload, Reload::kWhenFlat);
}

TEST_F(ScriptConfig, CandlesAreAllowed) {
  EXPECT_EQ(bad("{ file: dip.js }", "    candles: 1m\n"), "valid");
}

}  // namespace
}  // namespace derivd::config
