// Numbers as programs of Deriv Bot have them, bit by bit beside JavaScript engines that derivd's
// code knows nothing of: their text, toFixed, Math.round, %, and numbers read from texts, on a
// hundred thousand values of each sort. Section 14 of semantics.md, decision 16.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#ifdef DERIVD_JAVASCRIPTCORE
#include <JavaScriptCore/JavaScript.h>
#endif

#include <bit>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "core/rng.hpp"
#include "dbot/number.hpp"

namespace derivd::dbot {
namespace {

constexpr int kValues = 100'000;

// -- engines ------------------------------------------------------------------------------------

/// The text that the script's last expression is; empty: there is no such engine here.
using Engine = std::string (*)(const std::string& script);

#ifdef DERIVD_JAVASCRIPTCORE
std::string javascript_core(const std::string& script) {
  const auto context = JSGlobalContextCreate(nullptr);
  const auto text = JSStringCreateWithUTF8CString(script.c_str());
  JSValueRef thrown = nullptr;
  const auto value = JSEvaluateScript(context, text, nullptr, nullptr, 1, &thrown);
  JSStringRelease(text);
  const auto told = JSValueToStringCopy(context, value != nullptr ? value : thrown, nullptr);
  std::string out(JSStringGetMaximumUTF8CStringSize(told), '\0');
  const auto size = JSStringGetUTF8CString(told, out.data(), out.size());
  out.resize(size > 0 ? size - 1 : 0);
  JSStringRelease(told);
  JSGlobalContextRelease(context);
  return out;
}
#else
std::string javascript_core(const std::string&) { return {}; }
#endif

std::string node(const std::string& script) {
  if (std::system("node --version >/dev/null 2>&1") != 0) return {};
  const auto stem =
      (std::filesystem::temp_directory_path() / fmt::format("derivd_javascript_{}", ::getpid()))
          .string();
  const auto file = stem + ".js";
  const auto result = stem + ".txt";
  // Written by node itself: what goes through a pipe is cut at its end.
  std::ofstream(file) << "const fs=require('fs');fs.writeFileSync('" << result
                      << "',eval(fs.readFileSync(__filename,'utf8').split('//SCRIPT')[2]));"
                      << "process.exit(0);\n//SCRIPT\n"
                      << script;
  EXPECT_EQ(std::system(("node " + file).c_str()), 0);
  std::ifstream in(result, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  std::filesystem::remove(file);
  std::filesystem::remove(result);
  return out.str();
}

struct Named {
  std::string name;
  Engine run;
};
class Beside : public testing::TestWithParam<Named> {
 protected:
  /// What the engine says, or nothing after the test was skipped.
  static std::string ask(const std::string& script) { return GetParam().run(script); }
};
void PrintTo(const Named& named, std::ostream* os) { *os << named.name; }
std::string engine_name(const testing::TestParamInfo<Named>& of) { return of.param.name; }
INSTANTIATE_TEST_SUITE_P(Engines, Beside,
                         testing::Values(Named{"JavaScriptCore", javascript_core},
                                         Named{"node", node}),
                         engine_name);

// -- values -------------------------------------------------------------------------------------

/// Doubles as programs meet them, their edges, and any bits at all.
std::vector<double> samples() {
  core::Rng rng(20'261'129);
  std::vector<double> out{0.0,
                          -0.0,
                          0.5,
                          -0.5,
                          1.5,
                          2.5,
                          -2.5,
                          0.49999999999999994,
                          1.005,
                          1.45,
                          8.345,
                          0.125,
                          1e20,
                          1e21,
                          -1e21,
                          999999999999999900000.0,
                          123456789012345680000.0,
                          1e-6,
                          1e-7,
                          1.5e-7,
                          0.000001,
                          5e-324,
                          2.2250738585072014e-308,
                          1.7976931348623157e308,
                          4503599627370495.5,
                          4503599627370496.0,
                          4503599627370497.5,
                          9007199254740991.0,
                          9007199254740993.0,
                          2147483647.5,
                          -2147483648.5,
                          std::numeric_limits<double>::infinity(),
                          -std::numeric_limits<double>::infinity()};
  for (const double factor : {1.1, 1.5, 2.0, 2.1, 2.5, 3.0, 11.5}) {
    double stake = 0.35;
    for (int i = 0; i < 60; ++i) out.push_back(stake *= factor);
  }
  while (out.size() < kValues) {
    const auto cents = static_cast<double>(rng.below(100'000'000));
    const double sign = rng.below(4) == 0 ? -1 : 1;
    out.push_back(sign * cents / 100);
    out.push_back(sign * (cents + 0.5) / 1000);           // near ties of cents
    out.push_back(sign * cents / 1024);                   // exact ties
    out.push_back(sign * (std::floor(cents / 7) + 0.5));  // ties of whole numbers
    out.push_back(sign * cents * 0.01 * rng.uniform());
    out.push_back((rng.uniform() - 0.5) * std::pow(10.0, static_cast<int>(rng.below(40)) - 18));
    const auto any = std::bit_cast<double>(rng.next());
    if (!std::isnan(any)) out.push_back(any);
  }
  return out;
}

std::string bits(double x) {
  if (std::isnan(x)) return "NaN";
  const auto all = std::bit_cast<std::uint64_t>(x);
  return fmt::format("{:x}.{:x}", all >> 32U, all & 0xFFFFFFFFU);
}

constexpr std::string_view kPrelude =
    "const F=new Float64Array(1),U=new Uint32Array(F.buffer);"
    "const bits=x=>{F[0]=x;return x!==x?'NaN':U[1].toString(16)+'.'+U[0].toString(16)};";

std::string array_of(const std::vector<double>& numbers) {
  std::string out = "const N=new Float64Array(new Uint32Array([";
  for (const double x : numbers) {
    const auto all = std::bit_cast<std::uint64_t>(x);
    out += fmt::format("{},{},", all & 0xFFFFFFFFU, all >> 32U);
  }
  return out + "]).buffer);";
}

/// Line by line, the first few differences told.
void expect_lines(const std::string& got, const std::vector<std::string>& mine) {
  std::size_t from = 0;
  int told = 0;
  for (std::size_t i = 0; i < mine.size(); ++i) {
    const auto end = got.find('\n', from);
    ASSERT_NE(end, std::string::npos) << "line " << i << ": " << got.substr(from, 200);
    const auto line = std::string_view(got).substr(from, end - from);
    if (line != mine[i]) {
      ADD_FAILURE() << "line " << i << ": the engine " << line << ", derivd " << mine[i];
      if (++told == 5) return;
    }
    from = end + 1;
  }
  EXPECT_EQ(from, got.size());
}

TEST_P(Beside, NumbersHaveTheSameTextsAndRoundAlike) {
  const auto numbers = samples();
  const auto script =
      std::string(kPrelude) + array_of(numbers) +
      "let o='';for(let i=0;i<N.length;i++){const x=N[i];"
      "o+=[String(x),x.toFixed(0),x.toFixed(2),x.toFixed(5),x.toFixed(8),bits(+x.toFixed(2)),"
      "bits(Math.round(x)),bits(Math.round(x*100)/100)].join(' ')+'\\n'}o";
  const auto got = ask(script);
  if (got.empty()) GTEST_SKIP() << GetParam().name << " is not here";
  std::vector<std::string> mine;
  for (const double x : numbers) {
    mine.push_back(fmt::format("{} {} {} {} {} {} {} {}", number_text(x), fixed_text(x, 0),
                               fixed_text(x, 2), fixed_text(x, 5), fixed_text(x, 8),
                               bits(rounded(x, 2)), bits(round_half_up(x)),
                               bits(round_half_up(x * 100) / 100)));
  }
  expect_lines(got, mine);
}

TEST_P(Beside, RemaindersAndProductsAreTheSame) {
  const auto numbers = samples();
  const auto script = std::string(kPrelude) + array_of(numbers) +
                      "let o='';for(let i=0;i<N.length;i++){const x=N[i],y=N[(i*7+3)%N.length];"
                      "o+=[bits(x%y),bits(y%x),bits(x%2),bits(x*y),bits(x/y),bits(x+y)].join(' ')+"
                      "'\\n'}o";
  const auto got = ask(script);
  if (got.empty()) GTEST_SKIP() << GetParam().name << " is not here";
  std::vector<std::string> mine;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const double x = numbers[i];
    const double y = numbers[(i * 7 + 3) % numbers.size()];
    mine.push_back(fmt::format("{} {} {} {} {} {}", bits(remainder_of(x, y)),
                               bits(remainder_of(y, x)), bits(remainder_of(x, 2)), bits(x * y),
                               bits(x / y), bits(x + y)));
  }
  expect_lines(got, mine);
}

/// Texts of numbers, of nearly numbers, and of what a careless person types.
std::vector<std::string> texts() {
  core::Rng rng(5);
  const auto pick = [&](std::string_view from) {
    return from[static_cast<std::size_t>(rng.below(from.size()))];
  };
  std::vector<std::string> out{"",
                               " ",
                               "0x1F",
                               "0X1f",
                               "0b101",
                               "0B2",
                               "0o17",
                               "0o8",
                               "-0x10",
                               "+0b1",
                               "Infinity",
                               "-Infinity",
                               "+Infinity",
                               "Infinityx",
                               "infinity",
                               "1e400",
                               "-1e400",
                               "1e-400",
                               "0.0e999",
                               "1_000",
                               "1,5",
                               ".",
                               "-.",
                               "+.5",
                               "5.",
                               ".e1",
                               "0x",
                               "0b",
                               "1e",
                               "1e+",
                               "--1",
                               "\xc2\xa0"
                               "7",
                               "7\xef\xbb\xbf",
                               "\xe2\x80\xa8"
                               "1\xe3\x80\x80",
                               "9007199254740993",
                               "2.2250738585072011e-308",
                               "0.1e-322",
                               "179769313486231580793e289",
                               "179769313486231580794e289",
                               "00000000000000000000000000000000000000000000000012.5",
                               "0.00000000000000000000000000000000000000000000000000000000001e60"};
  const auto numbers = samples();
  for (std::size_t i = 0; out.size() < kValues; ++i) {
    auto text = number_text(numbers[i % numbers.size()]);
    const auto kind = rng.below(6);
    if (kind == 1) text = fixed_text(numbers[i % numbers.size()], static_cast<int>(rng.below(9)));
    if (kind == 2) text.insert(rng.below(text.size() + 1), 1, pick("0123456789.eE+-x _,"));
    if (kind == 3) text = std::string(rng.below(3), ' ') + text + std::string(rng.below(3), '\t');
    if (kind == 4) text.erase(rng.below(text.size()), 1);
    if (kind == 5) {
      text.clear();
      for (auto n = rng.below(12); n > 0; --n) text += pick("0123456789012345.eE+-xXbo aF");
    }
    out.push_back(std::move(text));
  }
  return out;
}

TEST_P(Beside, TextsAreTheSameNumbers) {
  const auto all = texts();
  std::string script = std::string(kPrelude) + "const T=[";
  for (const auto& text : all) {
    script += '"';
    for (const char c : text) script += c == '\t' ? std::string("\\t") : std::string(1, c);
    script += "\",";
  }
  script +=
      "];let o='';for(const t of T)o+=bits(Number(t))+' '+bits(parseFloat(t))+' '+(t==1)+'\\n';o";
  const auto got = ask(script);
  if (got.empty()) GTEST_SKIP() << GetParam().name << " is not here";
  std::vector<std::string> mine;
  for (const auto& text : all) {
    mine.push_back(fmt::format("{} {} {}", bits(number_of(text)), bits(leading_number_of(text)),
                               number_of(text) == 1));
  }
  expect_lines(got, mine);
}

}  // namespace
}  // namespace derivd::dbot
