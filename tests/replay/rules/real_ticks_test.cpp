// Every value on recorded ticks of real markets, and on the candles that they make, against a
// textbook's way of reckoning it and, where it can be had, against TA-Lib.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "unit/rules/naive.hpp"
#include "unit/rules/rig.hpp"

namespace derivd::rules::test {
namespace {

namespace fs = std::filesystem;
using naive::Series;

struct Recording {
  std::vector<std::int64_t> epochs;
  std::vector<Bar> bars;
};

std::optional<Recording> read(const std::string& name, std::uint8_t decimals) {
  std::ifstream file(fs::path(DERIVD_SHARED) / "ticks" / name);
  if (!file) return std::nullopt;
  Recording out;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    const auto comma = line.find(',');
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    const auto quote = core::Price::parse(line.substr(comma + 1), decimals);
    if (!quote) continue;
    out.epochs.push_back(std::stoll(line.substr(0, comma)));
    const auto m = quote->mantissa();
    out.bars.push_back({m, m, m, m});
  }
  return out;
}

/// Candles by grouping, one group after the other; the last one is not closed and left out.
std::vector<Bar> candles(const Recording& ticks, std::int64_t seconds) {
  std::vector<Bar> out;
  std::int64_t group = -1;
  for (std::size_t i = 0; i < ticks.bars.size(); ++i) {
    const auto m = ticks.bars[i].close;
    if (ticks.epochs[i] / seconds != group) {
      group = ticks.epochs[i] / seconds;
      out.push_back({m, m, m, m});
    }
    auto& bar = out.back();
    bar.high = std::max(bar.high, m);
    bar.low = std::min(bar.low, m);
    bar.close = m;
  }
  if (!out.empty()) out.pop_back();
  return out;
}

struct Quotes {
  Series high, low, close;
  Quotes(const std::vector<Bar>& bars, double scale) {
    for (const auto& b : bars) {
      high.push_back(static_cast<double>(b.high) / scale);
      low.push_back(static_cast<double>(b.low) / scale);
      close.push_back(static_cast<double>(b.close) / scale);
    }
  }
};

void expect_same(const std::string& what, const Series& got, const Series& wanted,
                 double tolerance = 1e-9) {
  ASSERT_EQ(got.size(), wanted.size());
  int shown = 0;
  for (std::size_t i = 0; i < got.size() && shown < 3; ++i) {
    if (same(got[i], wanted[i], tolerance)) continue;
    ++shown;
    ADD_FAILURE() << what << " after bar " << i << ": " << got[i] << " instead of " << wanted[i];
  }
}

void compare_all(const std::string& name, const std::vector<Bar>& bars, double scale) {
  SCOPED_TRACE(name);
  const Quotes q(bars, scale);
  const auto check = [&](const std::string& text, const Series& wanted, double tolerance = 1e-9) {
    expect_same(text, values(text, bars, scale), wanted, tolerance);
  };
  for (const std::size_t n : {1U, 2U, 14U, 50U}) {
    const auto of = [&](const char* word) {
      return std::string(word) + "(" + std::to_string(n) + ", 1m)";
    };
    check(of("sma"), naive::sma(q.close, n));
    check(of("ema"), naive::ema(q.close, n));
    check(of("rsi"), naive::rsi(q.close, n), 1e-8);
    check(of("atr"), naive::atr(q.high, q.low, q.close, n));
    // The textbook takes means of doubles; the exact zero of equal quotes is 1e-6 to it.
    check(of("stdev"), naive::stdev(q.close, n), 1e-7);
    check(of("highest"), naive::highest(q.high, n));
    check(of("lowest"), naive::lowest(q.low, n));
    check(of("momentum"), naive::momentum(q.close, n));
  }
  check("bb_upper(20, 2, 1m)", naive::band(q.close, 20, 2), 1e-7);
  check("bb_middle(20, 2, 1m)", naive::sma(q.close, 20));
  check("bb_lower(20, 2.5, 1m)", naive::band(q.close, 20, -2.5), 1e-7);
  const auto line = naive::macd(q.close, 12, 26);
  const auto signal = naive::ema(line, 9);
  check("macd(12, 26, 9, 1m)", line);
  check("macd_signal(12, 26, 9, 1m)", signal);
  check("macd_hist(12, 26, 9, 1m)",
        naive::from(line.size(), 0, [&](std::size_t i) { return line[i] - signal[i]; }));
  const auto k = naive::stoch_k(q.high, q.low, q.close, 14, 3);
  check("stoch_k(14, 3, 1m)", k, 1e-8);
  check("stoch_d(14, 3, 3, 1m)", naive::smooth(k, 3), 1e-8);
}

void compare_digits(const std::vector<Bar>& bars) {
  const std::size_t n = 100;
  const auto of_window = [&](auto&& f) {
    return naive::from(bars.size(), n - 1, [&](std::size_t i) {
      std::array<int, 10> counts{};
      for (std::size_t k = i + 1 - n; k <= i; ++k) ++counts[std::size_t(bars[k].close % 10)];
      return f(counts);
    });
  };
  const auto sum = [](const std::array<int, 10>& c, auto&& fits) {
    int out = 0;
    for (int d = 0; d < 10; ++d) out += fits(d) ? c[std::size_t(d)] : 0;
    return out;
  };
  expect_same("share(even)", values("share(even, 100)", bars), of_window([&](const auto& c) {
                return double(sum(c, [](int d) { return d % 2 == 0; }));
              }));
  expect_same(
      "count(digit >= 7)", values("count(digit >= 7, 100)", bars),
      of_window([&](const auto& c) { return double(sum(c, [](int d) { return d >= 7; })); }));
  expect_same("hottest", values("hottest(100)", bars), of_window([](const auto& c) {
                return double(std::max_element(c.begin(), c.end()) - c.begin());
              }));
  expect_same("coldest", values("coldest(100)", bars), of_window([](const auto& c) {
                return double(std::min_element(c.begin(), c.end()) - c.begin());
              }));
  expect_same("run(rise)", values("run(rise)", bars),
              naive::from(bars.size(), 1, [&](std::size_t i) {
                double run = 0;
                for (; i > 0 && bars[i].close > bars[i - 1].close; --i) ++run;
                return run;
              }));
  expect_same("since(digit == 0)", values("since(digit == 0)", bars),
              naive::from(bars.size(), 0, [&](std::size_t i) {
                for (std::size_t back = 0; back <= i; ++back) {
                  if (bars[i - back].close % 10 == 0) return double(back);
                }
                return kNotReady;
              }));
}

class RealTicks : public testing::TestWithParam<std::tuple<const char*, int>> {};

TEST_P(RealTicks, EveryIndicatorIsTheTextbooks) {
  const auto [name, decimals] = GetParam();
  const auto ticks = read(name, static_cast<std::uint8_t>(decimals));
  if (!ticks) GTEST_SKIP() << "no recorded ticks " << name << " in " << DERIVD_SHARED;
  ASSERT_GT(ticks->bars.size(), 40'000U);
  const double scale = std::pow(10, decimals);
  compare_all("ticks", ticks->bars, scale);
  compare_all("1m", candles(*ticks, 60), scale);
  compare_all("5m", candles(*ticks, 300), scale);
  compare_digits(ticks->bars);
}

// The whole way: candles inside the evaluator, seen at the tick that closes them.
TEST_P(RealTicks, TheEvaluatorsCandlesAreThoseOfTheGroups) {
  const auto [name, decimals] = GetParam();
  const auto ticks = read(name, static_cast<std::uint8_t>(decimals));
  if (!ticks) GTEST_SKIP() << "no recorded ticks " << name << " in " << DERIVD_SHARED;
  const double scale = std::pow(10, decimals);
  const auto bars = candles(*ticks, 60);
  const Quotes q(bars, scale);
  const auto rsi = naive::rsi(q.close, 14);
  const auto ema = naive::ema(q.close, 50);
  std::vector<bool> wanted;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    wanted.push_back(!std::isnan(ema[i]) && rsi[i] < 45 && q.close[i] > ema[i]);
  }
  Evaluator evaluator(rule("rsi(14, 1m) < 45 and close(1m) > ema(50, 1m)"));
  std::vector<bool> got;
  std::int64_t group = -1;
  for (std::size_t i = 0; i < ticks->bars.size(); ++i) {
    const bool wish =
        evaluator
            .on_tick({"R_100",
                      {ticks->epochs[i]},
                      core::Price::raw(ticks->bars[i].close, static_cast<std::uint8_t>(decimals))})
            .has_value();
    const bool closes = group >= 0 && ticks->epochs[i] / 60 != group;
    group = ticks->epochs[i] / 60;
    if (closes) {
      got.push_back(wish);
    } else {
      ASSERT_FALSE(wish) << "within a candle, at " << ticks->epochs[i];
    }
  }
  EXPECT_EQ(got, wanted);
  EXPECT_GT(std::count(wanted.begin(), wanted.end(), true), 5);
}

TEST_P(RealTicks, IndicatorsAreThoseOfTaLib) {
  const auto [name, decimals] = GetParam();
  const auto ticks = read(name, static_cast<std::uint8_t>(decimals));
  if (!ticks) GTEST_SKIP() << "no recorded ticks " << name << " in " << DERIVD_SHARED;
  const char* given = std::getenv("DERIVD_PYTHON");
  const std::string python = given != nullptr ? given : "python3";
  if (std::system((python + " -c 'import talib' 2>/dev/null").c_str()) != 0) {
    GTEST_SKIP() << "TA-Lib is not installed for " << python
                 << " (pip install TA-Lib; DERIVD_PYTHON names another interpreter)";
  }
  const double scale = std::pow(10, decimals);
  for (const std::int64_t seconds : {0, 60}) {
    const auto bars = seconds == 0 ? ticks->bars : candles(*ticks, seconds);
    const Quotes q(bars, scale);
    std::string path = testing::TempDir() + "rules-XXXXXX";
    const int fd = ::mkstemp(path.data());
    ASSERT_GE(fd, 0);
    ::close(fd);
    {
      std::ofstream out(path);
      out.precision(17);
      std::vector<std::pair<std::string, Series>> columns{
          {"high", q.high}, {"low", q.low}, {"close", q.close}};
      for (const auto* text :
           {"sma(20)", "ema(50)", "rsi(14)", "atr(14)", "stdev(20)", "highest(20)", "lowest(20)",
            "momentum(10)", "bb_upper(20, 2)", "bb_lower(20, 2)", "macd(12, 26, 9)",
            "macd_signal(12, 26, 9)", "stoch_k(14, 3)", "stoch_d(14, 3, 3)"}) {
        columns.emplace_back(text, values(text, bars, scale));
      }
      for (const auto& [title, column] : columns) {
        out << title;
        for (const double v : column) out << ';' << v;
        out << '\n';
      }
    }
    const auto command = python + " " DERIVD_SOURCE "/tests/replay/rules/talib_compare.py " + path;
    EXPECT_EQ(std::system(command.c_str()), 0) << name << ", candles of " << seconds << " s";
    fs::remove(path);
  }
}

INSTANTIATE_TEST_SUITE_P(Markets, RealTicks,
                         testing::Values(std::make_tuple("R_100_2026-06-21.csv", 2),
                                         std::make_tuple("R_75_2026-06-24.csv", 4)),
                         [](const auto& param) {
                           return std::string(std::get<0>(param.param)).substr(0, 4) == "R_10"
                                      ? "R_100"
                                      : "R_75";
                         });

}  // namespace
}  // namespace derivd::rules::test
