// Signals over real ticks against a plain re-implementation that works on the raw text of the file:
// digits padded with zeros, quotes compared as padded text turned into whole numbers.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "strategy/registry.hpp"

namespace derivd::strategy {
namespace {

struct Row {
  std::int64_t epoch;
  std::string quote;  // padded to the symbol's decimals
};

std::vector<Row> read(const std::string& path, std::size_t decimals) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  std::vector<Row> rows;
  while (std::getline(file, line)) {
    const auto comma = line.find(',');
    auto quote = line.substr(comma + 1);
    if (!quote.empty() && quote.back() == '\r') quote.pop_back();
    auto point = quote.find('.');
    if (point == std::string::npos) {
      point = quote.size();
      quote += '.';
    }
    while (quote.size() - point - 1 < decimals) quote += '0';
    rows.push_back({std::stoll(line.substr(0, comma)), quote});
  }
  return rows;
}

std::int64_t whole(std::string quote) {
  std::erase(quote, '.');
  return std::stoll(quote);
}

std::vector<std::string> plain_even_odd(const std::vector<Row>& rows, std::size_t streak) {
  std::vector<std::string> out;
  std::string run;  // of 'e' or 'o'
  for (const auto& row : rows) {
    const char parity =
        std::string("02468").find(row.quote.back()) != std::string::npos ? 'e' : 'o';
    if (!run.empty() && run.back() != parity) run.clear();
    run += parity;
    if (run.size() == streak) {
      out.push_back(std::to_string(row.epoch) + (parity == 'e' ? " DIGITODD" : " DIGITEVEN"));
      run.clear();
    }
  }
  return out;
}

std::vector<std::string> plain_rise_fall(const std::vector<Row>& rows, std::size_t streak) {
  std::vector<std::string> out;
  std::vector<std::int64_t> window;
  for (const auto& row : rows) {
    window.push_back(whole(row.quote));
    if (window.size() > streak + 1) window.erase(window.begin());
    if (window.size() < streak + 1) continue;
    bool rises = true;
    bool falls = true;
    for (std::size_t i = 1; i < window.size(); ++i) {
      rises = rises && window[i] > window[i - 1];
      falls = falls && window[i] < window[i - 1];
    }
    if (!rises && !falls) continue;
    out.push_back(std::to_string(row.epoch) + (rises ? " CALL" : " PUT"));
    window.clear();
  }
  return out;
}

std::vector<std::string> ours(std::string_view type, const std::vector<Row>& rows,
                              std::string_view symbol, std::uint8_t decimals, std::int64_t streak) {
  const auto strategy = find_type(type)->make({{"streak", streak}});
  std::vector<std::string> out;
  for (const auto& row : rows) {
    // As the wire has it: without trailing zeros.
    auto text = row.quote;
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
    const auto signal =
        strategy->on_tick({symbol, {row.epoch}, *core::Price::parse(text, decimals)});
    if (signal) {
      out.push_back(std::to_string(row.epoch) + " " + std::string(market::name_of(signal->type)));
    }
  }
  return out;
}

struct File {
  const char* name;
  const char* symbol;
  std::uint8_t decimals;
};

TEST(RealTicks, SignalsAreThoseOfThePlainImplementation) {
  for (const File file :
       {File{"R_100_2026-06-21.csv", "R_100", 2}, File{"R_75_2026-06-24.csv", "R_75", 4}}) {
    const auto path = std::string(DERIVD_SHARED) + "/ticks/" + file.name;
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "NO RECORDED TICKS AT " << path;
    const auto rows = read(path, file.decimals);
    ASSERT_GT(rows.size(), 40'000u);
    for (std::int64_t streak = 1; streak <= 6; ++streak) {
      const auto n = static_cast<std::size_t>(streak);
      const auto even_odd = plain_even_odd(rows, n);
      const auto rise_fall = plain_rise_fall(rows, n);
      ASSERT_GT(even_odd.size(), 100u);
      ASSERT_GT(rise_fall.size(), 30u);
      EXPECT_EQ(ours("even_odd", rows, file.symbol, file.decimals, streak), even_odd);
      EXPECT_EQ(ours("rise_fall", rows, file.symbol, file.decimals, streak), rise_fall);
    }
  }
}

}  // namespace
}  // namespace derivd::strategy
