#include "sim/faults.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "sim/limits.hpp"

namespace derivd::sim {
namespace {

core::Result<void> add(Faults& f, const std::string& rule) { return f.add(*Json::parse(rule)); }
Occasion request(std::string_view call, std::string_view account = "VRTC1") {
  return {Direction::kRequest, call, "v3", account, "R_100"};
}

TEST(Faults, ARuleMatchesItsOccasionOnly) {
  Faults f(1);
  ASSERT_TRUE(
      add(f, R"({"when":{"call":"buy","dialect":"v3","account":"VRTC1"},"do":"lose_reply"})"));
  EXPECT_EQ(f.on(request("buy")).size(), 1U);
  EXPECT_TRUE(f.on(request("sell")).empty());
  EXPECT_TRUE(f.on(request("buy", "VRTC2")).empty());
  EXPECT_TRUE(f.on({Direction::kRequest, "buy", "options", "VRTC1", ""}).empty());
  EXPECT_TRUE(f.on({Direction::kStream, "buy", "v3", "VRTC1", ""}).empty());
}

TEST(Faults, CountsNthEveryAndTimes) {
  Faults f(1);
  ASSERT_TRUE(add(f, R"({"when":{"call":"a","nth":3},"do":"drop_before"})"));
  ASSERT_TRUE(add(f, R"({"when":{"call":"b","every":2},"do":"drop_before"})"));
  ASSERT_TRUE(add(f, R"({"when":{"call":"c","times":2},"do":"drop_before"})"));
  std::string hits;
  for (int i = 0; i < 6; ++i)
    for (const auto* call : {"a", "b", "c"}) hits += f.on(request(call)).empty() ? '.' : *call;
  EXPECT_EQ(hits, "..c.bca...b.....b.");
}

TEST(Faults, ProbabilityIsDrawnFromTheSeed) {
  const auto run = [](std::uint64_t seed) {
    Faults f(seed);
    EXPECT_TRUE(add(f, R"({"when":{"probability":0.25},"do":"drop_before"})"));
    std::string hits;
    for (int i = 0; i < 1000; ++i) hits += f.on(request("x")).empty() ? '.' : 'x';
    return hits;
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
  const auto hits = run(3);
  EXPECT_NEAR(static_cast<double>(std::count(hits.begin(), hits.end(), 'x')), 250, 60);
}

TEST(Faults, ReadsArguments) {
  Faults f(1);
  ASSERT_TRUE(add(f, R"({"do":"error MarketIsClosed: Not today."})"));
  ASSERT_TRUE(add(f, R"({"do":"delay 250"})"));
  ASSERT_TRUE(add(f, R"({"do":"close"})"));
  const auto hits = f.on(request("buy"));
  ASSERT_EQ(hits.size(), 3U);
  EXPECT_EQ(hits[0].code, "MarketIsClosed");
  EXPECT_EQ(hits[0].message, "Not today.");
  EXPECT_EQ(hits[1].amount, 250);
  EXPECT_EQ(hits[2].amount, 1001);
}

TEST(Faults, SaysWhatIsWrongWithARule) {
  Faults f(1);
  const auto why = [&](const std::string& rule) {
    const auto r = add(f, rule);
    return r ? std::string{} : r.error().text;
  };
  EXPECT_NE(why(R"({"do":"explode"})").find("unknown action 'explode': one of drop_before"),
            std::string::npos);
  EXPECT_NE(why(R"({})").find("`do` is missing"), std::string::npos);
  EXPECT_NE(why(R"({"do":"delay soon"})").find("whole number"), std::string::npos);
  EXPECT_NE(why(R"({"do":"drop_before 3"})").find("no argument"), std::string::npos);
  EXPECT_NE(why(R"({"do":"error"})").find("error code"), std::string::npos);
  EXPECT_NE(why(R"({"when":{"cal":"buy"},"do":"delay 1"})").find("when.cal"), std::string::npos);
  EXPECT_NE(why(R"({"when":{"nth":0},"do":"delay 1"})").find("when.nth"), std::string::npos);
  EXPECT_NE(why(R"({"when":{"probability":2},"do":"delay 1"})").find("0 to 1"), std::string::npos);
  EXPECT_NE(why(R"({"when":{"direction":"tick"},"do":"delay 1"})").find("cannot happen"),
            std::string::npos);
  EXPECT_NE(why(R"({"when":{"dialect":"v4"},"do":"delay 1"})").find("dialect"), std::string::npos);
  EXPECT_NE(why(R"({"if":{},"do":"delay 1"})").find("unknown member 'if'"), std::string::npos);
  EXPECT_TRUE(f.empty());
}

TEST(Faults, AListIsTakenWholeOrNotAtAll) {
  Faults f(1);
  const auto bad = f.add_all(*Json::parse(R"([{"do":"delay 1"},{"do":"nope"}])"));
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().text.substr(0, 7), "rule 2:");
  EXPECT_TRUE(f.empty());
  EXPECT_TRUE(f.add_all(*Json::parse(R"({"rules":[{"do":"delay 1"}]})")));
  EXPECT_TRUE(f.has(FaultKind::kDelay));
}

TEST(Faults, AreBounded) {
  Faults f(1);
  for (std::size_t i = 0; i < Faults::kMaxRules; ++i) ASSERT_TRUE(add(f, R"({"do":"delay 1"})"));
  EXPECT_EQ(add(f, R"({"do":"delay 1"})").error().kind, core::ErrorKind::kExhausted);
}

class FaultFile : public ::testing::Test {
 protected:
  void SetUp() override {
    dir_ =
        std::filesystem::temp_directory_path() / ("derivsim-faults-" + std::to_string(::getpid()));
    std::filesystem::remove_all(dir_);  // of an earlier process with this number
    std::filesystem::create_directories(dir_);
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }
  std::string write(const std::string& text) {
    const auto path = (dir_ / "f").string();
    std::ofstream(path) << text;
    return path;
  }
  std::filesystem::path dir_;
};

TEST_F(FaultFile, YamlAndJsonAreTheSame) {
  const auto yaml = read_yaml_file(
      write("rules:\n  - when: {call: buy, nth: 2, probability: 0.5}\n    do: \"error X: y\"\n"));
  const auto json = read_yaml_file(
      write(R"({"rules":[{"when":{"call":"buy","nth":2,"probability":0.5},"do":"error X: y"}]})"));
  ASSERT_TRUE(yaml && json);
  EXPECT_EQ(yaml->dump(), json->dump());
  Faults f(1);
  EXPECT_TRUE(f.add_all(*yaml));
}

TEST_F(FaultFile, ErrorsNameThePlace) {
  const auto bad = read_yaml_file(write("rules:\n  - {a: [}\n"));
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().text.find("f:2:"), std::string::npos) << bad.error().text;
  EXPECT_EQ(read_yaml_file("/nowhere/f").error().kind, core::ErrorKind::kNotFound);
}

// ---- limits ----

core::Instant at(double seconds) { return {static_cast<std::int64_t>(seconds * 1e9)}; }

TEST(RateWindow, BothWindowsSlide) {
  RateWindow w({3, std::chrono::seconds(10)}, {5, std::chrono::seconds(60)});
  EXPECT_TRUE(w.admit(at(0)));
  EXPECT_TRUE(w.admit(at(1)));
  EXPECT_TRUE(w.admit(at(2)));
  EXPECT_FALSE(w.admit(at(9.9)));
  EXPECT_TRUE(w.admit(at(10)));  // the first has left the short window
  EXPECT_FALSE(w.admit(at(10.5)));
  EXPECT_TRUE(w.admit(at(11)));
  EXPECT_FALSE(w.admit(at(40)));  // five in the long one
  EXPECT_TRUE(w.admit(at(60)));
}

TEST(CallLimits, OptionsShareBudgetsAsPublished) {
  OptionsLimits l;
  int admitted = 0;
  for (int i = 0; i < 200; ++i)
    for (const auto* call : {"proposal", "proposal_open_contract", "buy", "sell"})
      admitted += l.admit(call, at(1)) ? 1 : 0;
  EXPECT_EQ(admitted, 360);
  admitted = 0;
  for (int i = 0; i < 100; ++i)
    for (const auto* call : {"balance", "statement"}) admitted += l.admit(call, at(1)) ? 1 : 0;
  EXPECT_EQ(admitted, 100);
  admitted = 0;
  for (int i = 0; i < 100; ++i)
    for (const auto* call : {"portfolio", "profit_table"}) admitted += l.admit(call, at(1)) ? 1 : 0;
  EXPECT_EQ(admitted, 30);
  admitted = 0;
  for (int i = 0; i < 300; ++i) admitted += l.admit("ticks", at(1)) ? 1 : 0;
  EXPECT_EQ(admitted, 220);
}

TEST(CallLimits, V3GroupsAsWebsiteStatusSays) {
  V3Limits l;
  int pricing = 0, outcome = 0, general = 0;
  for (int i = 0; i < 300; ++i) {
    pricing += l.admit(i % 2 == 0 ? "proposal" : "proposal_open_contract", at(1)) ? 1 : 0;
    outcome += l.admit(i % 2 == 0 ? "portfolio" : "statement", at(1)) ? 1 : 0;
    general += l.admit(i % 2 == 0 ? "buy" : "ticks", at(1)) ? 1 : 0;
  }
  EXPECT_EQ(pricing, 80);
  EXPECT_EQ(outcome, 30);
  EXPECT_EQ(general, 220);
}

}  // namespace
}  // namespace derivd::sim
