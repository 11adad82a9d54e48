// Tick files: what is read, and what each kind of broken line is told.
#include "store/tick_csv.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/rng.hpp"

namespace derivd::store {
namespace {

class TickCsvTest : public testing::Test {
 protected:
  TickCsvTest() {
    std::string name = testing::TempDir() + "ticksXXXXXX";
    ::close(::mkstemp(name.data()));
    path_ = name;
  }
  ~TickCsvTest() override { std::filesystem::remove(path_); }

  void write(std::string_view text) { std::ofstream(path_, std::ios::binary) << text; }

  core::Result<std::vector<market::TickRow>> rows(std::string_view symbol = "R_100",
                                                  std::size_t batch = 7) {
    auto csv = TickCsv::open(path_, *market::find_symbol(symbol));
    if (!csv) return csv.error();
    std::vector<market::TickRow> out;
    std::vector<market::TickRow> some(batch);
    while (true) {
      const auto n = (*csv)->read(some);
      if (!n) return n.error();
      if (*n == 0) return out;
      out.insert(out.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(*n));
    }
  }

  /// The error without the path, which is a random one.
  std::string error(std::string_view text, std::string_view symbol = "R_100") {
    write(text);
    const auto read = rows(symbol);
    if (read) return "no error";
    const auto& what = read.error().text;
    EXPECT_TRUE(what.starts_with(path_)) << what;
    return what.substr(path_.size());
  }

  std::string path_;
};

using Rows = std::vector<market::TickRow>;

TEST_F(TickCsvTest, ReadsQuotesWithAndWithoutTrailingZeros) {
  write("epoch,quote\n1782023684,342.07\n1782023686,342.1\n1782023688,342\n1782023690,0.05\n");
  EXPECT_EQ(
      rows().value(),
      (Rows{
          {{1782023684}, 34207}, {{1782023686}, 34210}, {{1782023688}, 34200}, {{1782023690}, 5}}));
  EXPECT_EQ(rows("R_75").value()[1].mantissa, 3421000);
}

TEST_F(TickCsvTest, TakesWindowsLineEndsAMissingLastOneAndAByteOrderMark) {
  const Rows expected{{{1782023684}, 34207}, {{1782023686}, 34210}};
  write("epoch,quote\r\n1782023684,342.07\r\n1782023686,342.10\r\n");
  EXPECT_EQ(rows().value(), expected);
  write("epoch,quote\r\n1782023684,342.07\r\n1782023686,342.10");
  EXPECT_EQ(rows().value(), expected);
  write(
      "\xEF\xBB\xBF"
      "epoch,quote\n1782023684,342.07\n1782023686,342.10");
  EXPECT_EQ(rows().value(), expected);
  write("epoch,quote");
  EXPECT_TRUE(rows().value().empty());
  write("epoch,quote\n5,1.00\n123456789012,2.00\n");
  EXPECT_EQ(rows().value(), (Rows{{{5}, 100}, {{123456789012}, 200}}));
}

TEST_F(TickCsvTest, AdvisesTheFlagsThatItsFirstLinesTell) {
  const auto advice = [&](std::string_view text) {
    const auto said = error(text);
    const auto at = said.find("; ");
    return at == said.npos ? said : said.substr(at + 2);
  };
  const auto may = [](std::string_view flags) {
    return fmt::format(
        "`derivctl ticks import` may take it with {}, by its first lines; --dry-run beside it "
        "shows how it is read",
        flags);
  };
  EXPECT_EQ(advice("ts;price\n1782023684;342.07\n"),
            may("--separator semicolon --time ts --quote price"));
  EXPECT_EQ(advice("ts;price"), may("--separator semicolon --time ts --quote price"));
  EXPECT_EQ(advice("\xEF\xBB\xBF"
                   "Time;Last\r\n1782023684000;342,07\r\n"),
            may("--separator semicolon --time Time --quote Last --unit ms --decimal-comma"));
  EXPECT_EQ(advice("1782023684,342.07\n1782023686,342.10\n"),
            may("--no-header --time 1 --quote 2"));
  EXPECT_EQ(advice("342.07\t2026-06-21T06:34:44Z\n"),
            may("--separator tab --no-header --time 2 --quote 1 --unit iso"));
  EXPECT_EQ(advice("a|b|c\n1|1782023684|342.07\n"), may("--separator pipe --time b --quote c"));
  EXPECT_EQ(advice(",epoch,quote\n0,2026-06-21 06:34:44,342.07\n"), may("--unit iso-utc"));
  EXPECT_EQ(advice("my time,my quote\n1782023684,342.07\n"), may("--time 1 --quote 2"));
  // What two lines do not tell is not made up.
  EXPECT_EQ(advice("a,b\n1,2\n"), may("--time NAME --quote NAME"));
  EXPECT_EQ(advice("1,2\n"), may("--no-header --time N --quote N"));
  EXPECT_TRUE(advice("time,open,high,low,close\n1782023684,1.0,1.0,1.0,1.0\n")
                  .starts_with("these are candles"));
  for (const auto* text : {"", "one", "\"", "\n", "\"a;b"}) {
    EXPECT_TRUE(advice(text).starts_with("`derivctl ticks import` takes other forms")) << text;
  }
}

TEST_F(TickCsvTest, NamesTheLineOfWhatIsNoTick) {
  const std::string good = "epoch,quote\n1782023684,342.07\n";
  EXPECT_TRUE(error("").starts_with(":1: the header must be 'epoch,quote', it is ''; "));
  EXPECT_TRUE(error("time,price\n")
                  .starts_with(":1: the header must be 'epoch,quote', it is 'time,price'; "));
  EXPECT_EQ(error(good + "1782023686,342.071\n"),
            ":3: quote '342.071' has 3 decimals, R_100 has 2; is this file of another symbol?");
  EXPECT_EQ(error(good + "1782023686,342.070\n"),
            ":3: quote '342.070' has 3 decimals, R_100 has 2; is this file of another symbol?");
  EXPECT_EQ(error(good + "1782023684,342.08\n"),
            ":3: epoch 1782023684 does not rise, the line before has 1782023684; sort the file and "
            "remove repeated ticks");
  EXPECT_TRUE(error(good + "1782023600,342.08\n").starts_with(":3: epoch 1782023600 does not"));
  EXPECT_EQ(error(good + "1782023686.5,342.08\n"),
            ":3: '1782023686.5' is not an epoch in whole seconds");
  EXPECT_EQ(error(good + "-5,342.08\n"), ":3: '-5' is not an epoch in whole seconds");
  EXPECT_EQ(error(good + "9999999999999,342.08\n"),
            ":3: '9999999999999' is not an epoch in whole seconds");
  EXPECT_EQ(error(good + "1782023686;342.08\n"),
            ":3: expected epoch,quote, found '1782023686;342.08'");
  EXPECT_EQ(error(good + "\n"), ":3: expected epoch,quote, found ''");
  for (const auto* quote :
       {"", "x", "-1.00", "+1.00", "1.", ".5", "1.2.3", "1e2", " 1.00", "1.00 "}) {
    EXPECT_EQ(error(good + "1782023686," + quote + "\n"),
              fmt::format(":3: '{}' is not a quote", quote));
  }
  EXPECT_EQ(error(good + "1782023686,0.00\n"), ":3: a quote must be above zero");
  EXPECT_EQ(error(good + "1782023686,12345678901234567\n"),
            ":3: quote '12345678901234567' is too large");
  EXPECT_EQ(error(good + "1782023686," + std::string(100, '1') + "\n"),
            ":3: the line is longer than 63 characters");
  EXPECT_EQ(error(good + "1782023686,34" + std::string(1, '\0') + ".07\n"),
            ":3: '34?.07' is not a quote");
}

TEST_F(TickCsvTest, AMissingFileIsNotFound) {
  const auto csv = TickCsv::open(path_ + ".no", *market::find_symbol("R_100"));
  ASSERT_FALSE(csv);
  EXPECT_EQ(csv.error().kind, core::ErrorKind::kNotFound);
}

TEST_F(TickCsvTest, AnErrorIsFinal) {
  write("epoch,quote\n1,1.00\nx\n2,1.00\n");
  auto csv = TickCsv::open(path_, *market::find_symbol("R_100"));
  ASSERT_TRUE(csv);
  std::vector<market::TickRow> some(10);
  const auto first = (*csv)->read(some);
  const auto second = (*csv)->read(some);
  ASSERT_FALSE(first);
  ASSERT_FALSE(second);
  EXPECT_EQ(first.error().text, second.error().text);
}

// Lines of every length, so that each of their bytes once lies on the edge of the buffer; those of
// ten digits are read eight bytes at a time.
TEST_F(TickCsvTest, IsTheSameOverManyBuffers) {
  for (const std::int64_t begin : {std::int64_t{0}, std::int64_t{1'700'000'000}}) {
    core::Rng rng(7);
    std::string text = "epoch,quote\n";
    Rows expected;
    std::int64_t epoch = begin;
    while (text.size() < 3 * TickCsv::kBuffer) {
      epoch += 1 + static_cast<std::int64_t>(rng.below(1000));
      auto mantissa = 1 + static_cast<std::int64_t>(rng.below(10'000'000));
      expected.push_back({{epoch}, mantissa});
      auto quote = core::Price::raw(mantissa, 2).to_string();
      while (quote.find('.') != quote.npos && rng.below(2) == 0 &&
             (quote.back() == '0' || quote.back() == '.')) {
        quote.pop_back();
      }
      if (quote.back() == '.') quote.pop_back();
      text += fmt::format("{},{}{}", epoch, quote, rng.below(2) == 0 ? "\n" : "\r\n");
    }
    write(text);
    for (const std::size_t batch : {1u, 1000u, 100'000u})
      EXPECT_EQ(rows("R_100", batch).value(), expected);
    write(text + "x,1\n");
    EXPECT_EQ(error(text + "x,1\n"),
              fmt::format(":{}: 'x' is not an epoch in whole seconds", expected.size() + 2));
  }
}

/// What one line says, character by character; empty: it is no tick of a symbol with so many
/// decimals.
std::optional<market::TickRow> read_plainly(std::string_view line, int decimals) {
  const auto comma = line.find(',');
  if (comma == line.npos || comma == 0 || comma > 12) return std::nullopt;
  market::TickRow row;
  for (const char c : line.substr(0, comma)) {
    if (c < '0' || c > '9') return std::nullopt;
    row.epoch.s = row.epoch.s * 10 + (c - '0');
  }
  if (row.epoch.s == 0 || row.epoch.s > TickCsv::kMaxEpoch) return std::nullopt;
  int whole = 0;
  int behind = -1;  // no point yet
  for (const char c : line.substr(comma + 1)) {
    if (c == '.' && behind < 0 && whole > 0) {
      behind = 0;
      continue;
    }
    if (c < '0' || c > '9') return std::nullopt;
    (behind < 0 ? whole : behind) += 1;
    if (whole > 18 - decimals || behind > decimals) return std::nullopt;
    row.mantissa = row.mantissa * 10 + (c - '0');
  }
  if (whole == 0 || behind == 0 || row.mantissa == 0) return std::nullopt;
  for (int i = std::max(behind, 0); i < decimals; ++i) row.mantissa *= 10;
  return row;
}

// Lines as programs write them are read eight bytes at a time, and all others byte by byte: both
// must read what stands there, with any byte of a good line made another.
TEST_F(TickCsvTest, ReadsEveryLineAsItStands) {
  auto digits = [rng = core::Rng(11)](std::size_t n) mutable {
    std::string out;
    while (out.size() < n) out += static_cast<char>('0' + rng.below(10));
    return out;
  };
  core::Rng rng(12);
  constexpr std::string_view kOthers("0123456789.,:/- \r\0\x80\xB0\xFF", 21);
  int good = 0;
  int bad = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string_view symbol = i % 2 == 0 ? "R_100" : "R_75";
    const int decimals = market::find_symbol(symbol)->decimals;
    auto line = (rng.below(8) > 0 ? "1" + digits(9) : digits(1 + rng.below(12))) + "," +
                digits(1 + rng.below(rng.below(8) > 0 ? 7 : 18));
    if (rng.below(8) > 0) line += "." + digits(1 + rng.below(rng.below(8) > 0 ? 4 : 9));
    if (rng.below(3) == 0) line[rng.below(line.size())] = kOthers[rng.below(kOthers.size())];
    // One carriage return at the end of a line belongs to the end.
    const std::string_view text = line;
    const auto expected =
        read_plainly(text.ends_with('\r') ? text.substr(0, text.size() - 1) : text, decimals);
    write("epoch,quote\n" + line + "\n");
    const auto read = rows(symbol);
    if (!expected) {
      EXPECT_FALSE(read) << line;
      ++bad;
      continue;
    }
    ASSERT_TRUE(read) << line << ": " << read.error().text;
    EXPECT_EQ(read.value(), (Rows{*expected})) << line;
    ++good;
  }
  EXPECT_GT(good, 3'000);
  EXPECT_GT(bad, 1'500);
}

}  // namespace
}  // namespace derivd::store
