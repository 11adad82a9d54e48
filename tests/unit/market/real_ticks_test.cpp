// Real ticks, a day of each symbol: what our types make of them against what plain text work says.

#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "unit/market/market_fixture.hpp"

namespace derivd::market {
namespace {

struct Row {
  std::int64_t epoch;
  std::string quote;
};

std::vector<Row> load(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::vector<Row> rows;
  std::string line;
  std::getline(in, line);
  EXPECT_EQ(line, "epoch,quote");
  while (std::getline(in, line)) {
    const auto comma = line.find(',');
    rows.push_back({std::stoll(line.substr(0, comma)), line.substr(comma + 1)});
  }
  return rows;
}

/// The digit at place `decimals` of the raw text, a zero where the wire dropped it.
int digit_of_text(const std::string& quote, std::size_t decimals) {
  const auto point = quote.find('.');
  const std::string fraction = point == std::string::npos ? "" : quote.substr(point + 1);
  EXPECT_LE(fraction.size(), decimals) << quote;
  return fraction.size() < decimals ? 0 : fraction.back() - '0';
}

struct File {
  const char* name;
  const char* symbol;
};

class RealTicks : public testing::TestWithParam<File> {
 protected:
  void SetUp() override {
    file = std::filesystem::path(DERIVD_SHARED) / "ticks" / GetParam().name;
    if (!std::filesystem::exists(file)) GTEST_SKIP() << "THE REAL TICKS ARE MISSING: no " << file;
    rows = load(file);
    ASSERT_GT(rows.size(), 43'000u);
  }
  std::filesystem::path file;
  std::vector<Row> rows;
  const SymbolInfo& symbol = *find_symbol(GetParam().symbol);
};

TEST_P(RealTicks, LastDigitsAreThoseOfThePaddedText) {
  std::array<int, 10> from_text{};
  std::array<int, 10> from_price{};
  int dropped_zeros = 0;
  for (const auto& row : rows) {
    const auto quote = price(row.quote, symbol.decimals);
    const int expected = digit_of_text(row.quote, symbol.decimals);
    ASSERT_EQ(quote.last_digit(), expected) << row.quote;
    ASSERT_EQ(quote.to_string().back() - '0', expected) << row.quote;
    ++from_text[static_cast<std::size_t>(expected)];
    ++from_price[static_cast<std::size_t>(quote.last_digit())];
    if (quote.to_string() != row.quote) ++dropped_zeros;
  }
  EXPECT_EQ(from_text, from_price);
  // A tenth of all quotes ends in a zero that the text does not show; without them there is no 0.
  EXPECT_EQ(from_price[0], dropped_zeros);
  const double each = static_cast<double>(rows.size()) / 10;
  for (const int n : from_price) EXPECT_NEAR(n, each, each * 0.07);
}

TEST_P(RealTicks, ComeOnTheGridOfTheSymbol) {
  for (std::size_t i = 1; i < rows.size(); ++i) {
    ASSERT_GT(rows[i].epoch, rows[i - 1].epoch);
    ASSERT_EQ(rows[i].epoch % symbol.interval_s, 0) << rows[i].epoch;
  }
}

// Every tick as a start: the life that Life finds against counting positions in the file.
TEST_P(RealTicks, ContractsEndWhereCountingSaysTheyDo) {
  const auto at = [&](std::size_t i) {
    return Tick{symbol.code, {rows[i].epoch}, price(rows[i].quote, symbol.decimals)};
  };
  for (std::size_t k = 0; k + 40 < rows.size(); k += 7) {
    auto digit = life_of(spec_of(ContractType::kDigitEven, "5t", symbol.code), {rows[k].epoch});
    auto rise = life_of(spec_of(ContractType::kCall, "5t", symbol.code), {rows[k].epoch});
    auto timed = life_of(spec_of(ContractType::kPut, "1m", symbol.code), {rows[k].epoch});
    std::size_t within = k + 1;
    while (rows[within + 1].epoch <= rows[k].epoch + 60) ++within;
    for (std::size_t i = k; i <= within + 1; ++i) {
      digit.on_tick(at(i));
      rise.on_tick(at(i));
      timed.on_tick(at(i));
    }
    ASSERT_EQ(digit.exit(), at(k + 5));
    ASSERT_EQ(rise.entry(), at(k + 1));
    ASSERT_EQ(rise.exit(), at(k + 6));
    ASSERT_EQ(result_of(rise) == End::kWon, at(k + 6).quote > at(k + 1).quote);
    ASSERT_EQ(timed.exit(), at(within));
  }
}

INSTANTIATE_TEST_SUITE_P(Days, RealTicks,
                         testing::Values(File{"R_100_2026-06-21.csv", "R_100"},
                                         File{"R_75_2026-06-24.csv", "R_75"}),
                         [](const auto& test) { return std::string(test.param.symbol); });

}  // namespace
}  // namespace derivd::market
