#include "dbot/number.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "core/rng.hpp"

namespace derivd::dbot {
namespace {

TEST(NumberText, IsJavaScripts) {
  const std::vector<std::pair<double, std::string>> cases{
      {0, "0"},
      {-0.0, "0"},
      {1, "1"},
      {-1.5, "-1.5"},
      {0.1 + 0.2, "0.30000000000000004"},
      {1e21, "1e+21"},
      {123456789012345680000.0, "123456789012345680000"},
      {1e-6, "0.000001"},
      {1e-7, "1e-7"},
      {1.5e-10, "1.5e-10"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {5e-324, "5e-324"},
      {100, "100"},
      {0.35 * 2.1, "0.735"},
      {kNaN, "NaN"},
      {kInfinity, "Infinity"},
      {-kInfinity, "-Infinity"}};
  for (const auto& [x, text] : cases) EXPECT_EQ(number_text(x), text);
}

TEST(FixedText, RoundsTheExactValueAndTiesUpwards) {
  const std::vector<std::tuple<double, int, std::string>> cases{
      {1.005, 2, "1.00"},  // the double lies below
      {1.45, 1, "1.4"},    // likewise
      {0.5, 0, "1"},       // an exact tie goes up, not to even
      {2.5, 0, "3"},
      {-2.5, 0, "-3"},
      {0.125, 2, "0.13"},
      {8.345, 2, "8.35"},  // the double lies above
      {0.000001, 7, "0.0000010"},
      {-0.001, 2, "-0.00"},
      {0, 2, "0.00"},
      {-0.0, 2, "0.00"},
      {1e21, 2, "1e+21"},
      {123.456, 2, "123.46"},
      {kNaN, 2, "NaN"},
      {kInfinity, 2, "Infinity"}};
  for (const auto& [x, digits, text] : cases) EXPECT_EQ(fixed_text(x, digits), text) << x;
}

TEST(Rounding, GoesHalfTowardsPositiveInfinity) {
  EXPECT_EQ(round_half_up(2.5), 3);
  EXPECT_EQ(round_half_up(-2.5), -2);
  EXPECT_EQ(round_half_up(0.49999999999999994), 0);
  EXPECT_EQ(round_half_up(-0.2), 0);
  EXPECT_TRUE(std::signbit(round_half_up(-0.2)));
  EXPECT_TRUE(std::signbit(round_half_up(-0.5)));
  EXPECT_EQ(round_half_up(4503599627370497.5), 4503599627370498);
  EXPECT_TRUE(std::isnan(round_half_up(kNaN)));
  EXPECT_EQ(round_half_up(-kInfinity), -kInfinity);
}

TEST(Arithmetic, HasJavaScriptsRemainderAndPower) {
  EXPECT_EQ(remainder_of(-7, 2), -1);
  EXPECT_EQ(remainder_of(5.5, 2), 1.5);
  EXPECT_TRUE(std::isnan(remainder_of(1, 0)));
  EXPECT_EQ(remainder_of(3, kInfinity), 3);
  EXPECT_TRUE(std::isnan(power(1, kInfinity)));
  EXPECT_TRUE(std::isnan(power(-1, -kInfinity)));
  EXPECT_TRUE(std::isnan(power(1, kNaN)));
  EXPECT_EQ(power(kNaN, 0), 1);
  EXPECT_EQ(power(2, 10), 1024);
}

TEST(NumberOf, ReadsWhatNumberReads) {
  const std::vector<std::pair<std::string, double>> cases{{"", 0},
                                                          {"  12 ", 12},
                                                          {"1e3", 1000},
                                                          {".5", 0.5},
                                                          {"5.", 5},
                                                          {"-3", -3},
                                                          {"+3", 3},
                                                          {"0x10", 16},
                                                          {"0b11", 3},
                                                          {"0o17", 15},
                                                          {"\t1\n", 1},
                                                          {"1e400", kInfinity},
                                                          {"-Infinity", -kInfinity},
                                                          {"1e-400", 0},
                                                          {"\xc2\xa0"
                                                           "7",
                                                           7}};
  for (const auto& [text, x] : cases) EXPECT_EQ(number_of(text), x) << text;
  for (const std::string text : {"1,5", "12a", "1 2", "-", ".", "e5", "0x", "inf", "nan", "--1"}) {
    EXPECT_TRUE(std::isnan(number_of(text))) << text;
  }
}

TEST(LeadingNumberOf, ReadsWhatParseFloatReads) {
  EXPECT_EQ(leading_number_of("12.5USD"), 12.5);
  EXPECT_EQ(leading_number_of("  -3,5"), -3);
  EXPECT_EQ(leading_number_of("1e"), 1);
  EXPECT_EQ(leading_number_of("0x10"), 0);
  EXPECT_EQ(leading_number_of("Infinity!"), kInfinity);
  EXPECT_TRUE(std::isnan(leading_number_of("")));
  EXPECT_TRUE(std::isnan(leading_number_of("USD 5")));
}

// -- beside node --------------------------------------------------------------------------------

/// Doubles as programs meet them (stakes, quotes, percentages), and any bits at all.
std::vector<double> samples() {
  core::Rng rng(20'26);
  std::vector<double> out{0.0,  -0.0, 0.5,  1.5,   2.5, -2.5,   1.005, 8.345, 1e21,
                          1e-7, 1e20, 0.35, 1e300, -1,  5e-324, 0.125, 1.45};
  double stake = 0.35;
  for (int i = 0; i < 60; ++i) out.push_back(stake *= 2.1);
  for (int i = 0; i < 4000; ++i) {
    const auto cents = static_cast<double>(rng.below(10'000'000));
    out.push_back(cents / 100);
    out.push_back((cents + 0.5) / 1000);
    out.push_back(cents / 1024);  // ties that are exact
    out.push_back((rng.uniform() - 0.5) * 1e6);
    out.push_back(std::bit_cast<double>(rng.next()));
  }
  std::erase_if(out, [](double x) { return std::isnan(x); });
  return out;
}

/// What node prints for the script; empty: no node here.
std::string node(const std::string& script) {
  if (std::system("node --version >/dev/null 2>&1") != 0) return {};
  const auto file = std::filesystem::temp_directory_path() /
                    ("derivd_number_test_" + std::to_string(::getpid()) + ".js");
  std::ofstream(file) << script;
  std::string out;
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(("node " + file.string()).c_str(), "r"),
                                                   pclose);
  std::array<char, 4096> buffer{};
  for (std::size_t n = 0; (n = fread(buffer.data(), 1, buffer.size(), pipe.get())) > 0;) {
    out.append(buffer.data(), n);
  }
  std::filesystem::remove(file);
  return out;
}

TEST(BesideNode, NumbersBecomeTheSameTextAndRoundAlike) {
  const auto numbers = samples();
  std::string script = "const b = new BigUint64Array([";
  for (const double x : numbers) script += std::to_string(std::bit_cast<std::uint64_t>(x)) + "n,";
  script +=
      "]); const f = new Float64Array(b.buffer); const o = [];"
      "const bits = x => { const d = new Float64Array([x]); if (x !== x) return 'NaN';"
      "  return new BigUint64Array(d.buffer)[0].toString(); };"
      "for (let i = 0; i < f.length; i++) { const x = f[i], y = f[(i * 7 + 3) % f.length];"
      "  o.push([String(x), x.toFixed(2), x.toFixed(0), x.toFixed(5), bits(Math.round(x)),"
      "    bits(x % y), bits(x * y), String(Number(String(x)) === x || x !== x)].join(' ')); }"
      "console.log(o.join('\\n'));";
  const auto out = node(script);
  if (out.empty()) GTEST_SKIP() << "node is not installed";
  const auto bits = [](double x) {
    if (std::isnan(x)) return std::string("NaN");
    return std::to_string(std::bit_cast<std::uint64_t>(x));
  };
  std::size_t from = 0;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const double x = numbers[i];
    const double y = numbers[(i * 7 + 3) % numbers.size()];
    const std::string mine = number_text(x) + " " + fixed_text(x, 2) + " " + fixed_text(x, 0) +
                             " " + fixed_text(x, 5) + " " + bits(round_half_up(x)) + " " +
                             bits(remainder_of(x, y)) + " " + bits(x * y) + " " +
                             (number_of(number_text(x)) == x ? "true" : "false");
    const auto end = out.find('\n', from);
    ASSERT_NE(end, std::string::npos);
    ASSERT_EQ(out.substr(from, end - from), mine) << "number " << i;
    from = end + 1;
  }
}

TEST(Rounded, IsTheNumberOfTheText) {
  for (const double x : samples()) {
    for (const int digits : {0, 2, 5, 10, 20}) {
      const double slow = number_of(fixed_text(x, digits));
      ASSERT_EQ(std::bit_cast<std::uint64_t>(rounded(x, digits)),
                std::bit_cast<std::uint64_t>(slow))
          << x << " to " << digits;
    }
  }
}

TEST(BesideNode, TextsBecomeTheSameNumbers) {
  const std::vector<std::string> texts{
      "",      " 12 ", "1e3", ".5",      "5.",    "-3",      "+3",       "0x1F",      "0b101",
      "1,5",   "12a",  "1 2", "-",       "e5",    "007",     "1e+2",     "1e-2x",     "Inf",
      "1_000", "-0x1", "--5", "3.14.15", "1e400", "-1e-400", "Infinity", "+Infinityx"};
  std::string script = "const t = [";
  for (const auto& text : texts) script += "'" + text + "',";
  script +=
      "]; console.log(t.map(s => String(Number(s)) + ' ' + String(parseFloat(s))).join('\\n'));";
  const auto out = node(script);
  if (out.empty()) GTEST_SKIP() << "node is not installed";
  std::string mine;
  for (const auto& text : texts) {
    mine += number_text(number_of(text)) + " " + number_text(leading_number_of(text)) + "\n";
  }
  EXPECT_EQ(out, mine);
}

}  // namespace
}  // namespace derivd::dbot
