// Tick files of other forms than derivd's own: each reading is what the flags say or an error that
// names the flag, and no digit is ever guessed.
#include "store/tick_table.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>

#include "core/rng.hpp"
#include "fuzz/tick_table_target.hpp"
#include "store/tick_field.hpp"
#include "unit/service/temp_dir.hpp"

namespace derivd::store {
namespace {

using market::TickRow;
using Unit = TickFormat::Unit;
constexpr std::int64_t kNoon = 1'782'043'200;  // 2026-06-21 12:00:00 UTC

const market::SymbolInfo& r100() { return *market::find_symbol("R_100"); }

struct Got {
  std::vector<TickRow> rows;
  std::string error;
};

Got read(const std::string& text, const TickFormat& format) {
  Got out;
  auto table = TickTable::open(ByteSource::of(text, "f.csv"), r100(), format);
  if (!table) return {{}, table.error().text};
  std::vector<TickRow> window(3);
  for (;;) {
    const auto n = (*table)->read(window);
    if (!n) return {{}, n.error().text};
    if (*n == 0) return out;
    out.rows.insert(out.rows.end(), window.begin(),
                    window.begin() + static_cast<std::ptrdiff_t>(*n));
  }
}
std::string error_of(const std::string& text, const TickFormat& format) {
  return read(text, format).error;
}
bool says(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TickFormat with(const std::function<void(TickFormat&)>& change) {
  TickFormat format;
  change(format);
  return format;
}

std::int64_t time_of(std::string_view text, Unit unit, bool floor = false) {
  const auto time = parse_time(text, with([&](TickFormat& f) {
                                 f.unit = unit;
                                 f.floor_time = floor;
                               }));
  return time ? time->s : -1;
}
std::string time_error(std::string_view text, Unit unit) {
  const auto time = parse_time(text, with([&](TickFormat& f) { f.unit = unit; }));
  return time ? "" : time.error().text;
}

TEST(TickTime, CountsInEveryUnit) {
  EXPECT_EQ(time_of("1782043200", Unit::kSeconds), kNoon);
  EXPECT_EQ(time_of("1782043200.000", Unit::kSeconds), kNoon);
  EXPECT_EQ(time_of("1782043200000", Unit::kMillis), kNoon);
  EXPECT_EQ(time_of("1782043200000.0", Unit::kMillis), kNoon);
  EXPECT_EQ(time_of("1782043200000000", Unit::kMicros), kNoon);
  EXPECT_EQ(time_of("1782043200000000000", Unit::kNanos), kNoon);
}

TEST(TickTime, CutsNothingOffUnasked) {
  EXPECT_TRUE(says(time_error("1782043200.5", Unit::kSeconds), "--floor-time"));
  EXPECT_TRUE(says(time_error("1782043200001", Unit::kMillis), "--floor-time"));
  EXPECT_TRUE(says(time_error("2026-06-21T12:00:00.1Z", Unit::kIso), "--floor-time"));
  EXPECT_EQ(time_of("1782043200.999", Unit::kSeconds, true), kNoon);
  EXPECT_EQ(time_of("1782043200999", Unit::kMillis, true), kNoon);
  EXPECT_EQ(time_of("2026-06-21T12:00:00.999Z", Unit::kIso, true), kNoon);
}

TEST(TickTime, AWrongUnitIsAnErrorThatNamesTheFlag) {
  EXPECT_TRUE(says(time_error("1782043200000", Unit::kSeconds), "--unit ms"));
  EXPECT_TRUE(says(time_error("1782043200", Unit::kMillis), "is --unit right?"));
  EXPECT_TRUE(says(time_error("1782043200000", Unit::kMicros), "is --unit right?"));
  EXPECT_TRUE(says(time_error("1782043200000000000", Unit::kMillis), "is --unit right?"));
  EXPECT_TRUE(says(time_error("2026-06-21T12:00:00Z", Unit::kSeconds), "--unit iso"));
  for (const auto* text : {"", "-5", "+5", "1e9", "0x10", "1782043200 ", "1782043200.", ".5",
                           "99999999999999999999", "0", "NaN"}) {
    EXPECT_EQ(time_of(text, Unit::kSeconds), -1) << text;
  }
}

TEST(TickTime, ReadsIsoWithItsZone) {
  for (const auto* text : {"2026-06-21T12:00:00Z", "2026-06-21 12:00:00Z", "2026-06-21t12:00:00z",
                           "2026-06-21T14:00:00+02:00", "2026-06-21T14:00:00+0200",
                           "2026-06-21T14:00:00 +02", "2026-06-21T06:30:00-05:30",
                           "2026-06-22T01:00:00+13:00", "2026-06-21T12:00:00.000000+00:00"}) {
    EXPECT_EQ(time_of(text, Unit::kIso), kNoon) << text;
  }
  EXPECT_TRUE(says(time_error("2026-06-21 12:00:00", Unit::kIso), "--unit iso-utc"));
  EXPECT_EQ(time_of("2026-06-21 12:00:00", Unit::kIsoUtc), kNoon);
  EXPECT_EQ(time_of("2026-06-21 14:00:00+02:00", Unit::kIsoUtc), kNoon) << "a zone says more";
  EXPECT_EQ(time_of("2024-02-29T00:00:00Z", Unit::kIso), 1'709'164'800);
  for (const auto* text :
       {"2026-06-21", "21/06/2026 12:00:00", "06-21-2026T12:00:00Z", "2026-06-21T12:00Z",
        "2026-6-21T12:00:00Z", "2026-02-29T00:00:00Z", "2026-06-21T24:00:00Z",
        "2026-06-21T12:60:00Z", "2026-06-21T12:00:60Z", "2026-06-21T12:00:00+2",
        "2026-06-21T12:00:00+02:", "2026-06-21T12:00:00+24:00", "2026-06-21T12:00:00Zx",
        "2026-06-21T12:00:00 UTC", "1999-12-31T23:59:59Z", "2026-06-21T12:00:00."}) {
    EXPECT_EQ(time_of(text, Unit::kIsoUtc), -1) << text;
  }
}

TEST(TickQuote, IsTheNumberAsItStandsOrAnError) {
  EXPECT_EQ(parse_quote("1234.5", 2, false).value(), 123'450);
  EXPECT_EQ(parse_quote("1234", 2, false).value(), 123'400);
  EXPECT_EQ(parse_quote("1234,56", 2, true).value(), 123'456);
  EXPECT_EQ(parse_quote("007.10", 2, false).value(), 710);
  EXPECT_TRUE(says(parse_quote("1234,56", 2, false).error().text, "--decimal-comma"));
  EXPECT_TRUE(says(parse_quote("1,234.56", 2, false).error().text, "--decimal-comma"));
  for (const auto* text : {"", ".5", "5.", "1e3", "-1", "+1", "1 234", "1.234,5", "0", "0.00",
                           "1.234", "1.200", "99999999999999999", "inf"}) {
    EXPECT_FALSE(parse_quote(text, 2, false)) << text;
    if (std::string_view(text) != "1.234") {
      EXPECT_FALSE(parse_quote(text, 2, true)) << text;
    }
  }
}

TEST(TickTable, TakesTheColumnsThatAreNamed) {
  const std::string text =
      "symbol;\"when\";bid;price\n\"V;100\";1782043200;1;100,5\n'';1782043201;2;\"100,25\"\n";
  const std::vector<TickRow> rows{{{kNoon}, 10'050}, {{kNoon + 1}, 10'025}};
  for (const auto& [time, quote] : {std::pair{"when", "price"}, {"2", "4"}, {"when", "4"}}) {
    const auto got = read(text, with([&](TickFormat& f) {
                            f.separator = ';';
                            f.decimal_comma = true;
                            f.time = time;
                            f.quote = quote;
                          }));
    EXPECT_EQ(got.rows, rows) << got.error;
  }
  EXPECT_EQ(read("100.5\t1782043200\n", with([](TickFormat& f) {
                   f.separator = '\t';
                   f.header = false;
                   f.time = "2";
                   f.quote = "1";
                 }))
                .rows,
            (std::vector<TickRow>{{{kNoon}, 10'050}}));
  EXPECT_EQ(read(" epoch , quote \n 1782043200 , 100.5 \r\n", {}).rows.size(), 1U);
}

TEST(TickTable, NamesTheFlagWhereSomethingCouldMeanTwoThings) {
  const auto wants = [](const char* time, const char* quote) {
    return with([&](TickFormat& f) {
      f.time = time;
      f.quote = quote;
    });
  };
  EXPECT_TRUE(says(error_of("time,price\n1,2\n", {}), "'time', 'price'"));
  EXPECT_TRUE(says(error_of("time,price\n1,2\n", {}), "--time"));
  EXPECT_TRUE(says(error_of("epoch,price\n1,2\n", {}), "--quote"));
  EXPECT_TRUE(says(error_of("epoch;quote\n1;2\n", {}), "--separator semicolon"));
  EXPECT_TRUE(says(error_of("epoch\tquote\n1\t2\n", {}), "--separator tab"));
  EXPECT_TRUE(says(error_of("1782043200,1234.5\n", {}), "--no-header"));
  EXPECT_TRUE(says(error_of("a,a,b\n1,2,3\n", wants("a", "b")), "2 columns are called 'a'"));
  EXPECT_TRUE(says(error_of("2,1\n1,2\n", wants("1", "2")), "of that name or of that number"));
  EXPECT_TRUE(says(error_of("a,b\n1,2\n", wants("3", "1")), "there are 2 columns"));
  EXPECT_TRUE(says(error_of("a,b\n1,2\n", wants("a", "1")), "the same column"));
  EXPECT_TRUE(says(error_of("1,2\n", with([](TickFormat& f) { f.header = false; })), "--time N"));
  EXPECT_TRUE(says(error_of("epoch,quote\n1782043200,1234,56\n", {}), "f.csv:2: 3 columns"));
  EXPECT_TRUE(says(error_of("epoch,quote\n1782043200,1234,56\n", {}), "--decimal-comma"));
  EXPECT_TRUE(says(error_of("epoch,quote\n1782043200,1.234\n", {}), "another symbol"));
}

TEST(TickTable, RefusesWhatIsNoText) {
  EXPECT_TRUE(says(error_of("", {}), "is empty"));
  EXPECT_TRUE(says(error_of(std::string("e\0p", 3), {}), "zero byte"));
  EXPECT_TRUE(says(error_of("epoch,quote\n" + std::string(5000, '1'), {}), "f.csv:2: the line is"));
  EXPECT_TRUE(says(error_of("epoch,\"quote\n1,2\n", {}), "not closed"));
  EXPECT_TRUE(says(error_of("epoch,\"quote\"x\n1,2\n", {}), "closing quotation mark"));
  EXPECT_TRUE(says(error_of(std::string(300, ',') + "\n", {}), "columns"));
  EXPECT_TRUE(says(error_of("epoch,quote\n2,1\n2,1\n", {}), "f.csv:3: epoch 2 does not rise"));
  EXPECT_TRUE(says(error_of("epoch,quote\n\n", {}), "f.csv:2: 1 column where"));
}

TEST(TickTable, LeavesOutABadLineAloneWhereThatIsAsked) {
  std::string text = "epoch,quote\n";
  for (int i = 0; i < 548; ++i) {
    text += i == 100   ? "1782043300,0\n"
            : i == 200 ? "nonsense\n"
            : i == 300 ? "9999999999,5\n"  // ahead of all that follow
            : i == 400 ? "1782043200,5\n"  // behind all before
                       : fmt::format("{},5\n", kNoon + i);
  }
  auto table =
      TickTable::open(ByteSource::of(text, "f.csv"), r100(), {}, TickTable::BadLines::kSkip);
  ASSERT_TRUE(table);
  std::vector<TickRow> window(1000);
  const auto n = (*table)->read(window);
  ASSERT_TRUE(n) << n.error().text;
  EXPECT_EQ(*n, 544U);
  EXPECT_EQ((*table)->skipped().count, 4U);
  const auto& told = (*table)->skipped().first;
  ASSERT_EQ(told.size(), 4U);
  EXPECT_TRUE(says(told[0], "f.csv:102: ")) << told[0];
  EXPECT_TRUE(says(told[1], "f.csv:202: ")) << told[1];
  EXPECT_TRUE(says(told[2], "f.csv:302: epoch 9999999999 is ahead")) << told[2];
  EXPECT_TRUE(says(told[3], "f.csv:402: ")) << told[3];
  EXPECT_EQ((*table)->line_of(543), 549);
}

std::string gzipped(std::string_view text) {
  std::string out(text.size() + 100, '\0');
  z_stream stream{};
  EXPECT_EQ(::deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

TEST(ByteSource, UnpacksAndMissesNothing) {
  std::string text = "epoch,quote\n";
  core::Rng rng(4);
  for (int i = 0; i < 60'000; ++i) text += fmt::format("{},{}.5\n", kNoon + i, 1 + rng.below(9999));
  const auto packed = gzipped(text);
  ASSERT_LT(packed.size(), text.size() / 2);
  const auto parts = gzipped(text.substr(0, 1000)) + gzipped("") + gzipped(text.substr(1000));
  const auto plain = read(text, {}).rows;
  ASSERT_EQ(plain.size(), 60'000U);
  for (const auto& bytes : {packed, parts}) {
    EXPECT_EQ(read(bytes, {}).rows, plain);
    test::TempDir dir;
    test::write_file(dir.file("t.csv.gz"), bytes);
    auto csv = TickCsv::open(dir.file("t.csv.gz"), r100());
    ASSERT_TRUE(csv) << csv.error().text;
    std::vector<TickRow> rows(100'000);
    EXPECT_EQ((*csv)->read(rows).value(), 60'000U);
  }
  for (const auto cut :
       {packed.size() - 1, packed.size() - 8, packed.size() / 2, std::size_t{10}}) {
    EXPECT_TRUE(says(error_of(packed.substr(0, cut), {}), "cut off")) << cut;
  }
  auto damaged = packed;
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x10);
  EXPECT_FALSE(error_of(damaged, {}).empty());
  EXPECT_TRUE(says(error_of(packed + "more", {}), "damaged")) << "what follows is not ignored";
}

// Each seed and many changed copies of it.
TEST(TickTableCorpus, EveryFileIsReadAlikeByBothReadersOrRefused) {
  const auto folder =
      std::filesystem::path(DERIVD_SOURCE) / "tests" / "fuzz" / "corpus" / "tick_table";
  core::Rng rng(11);
  std::size_t seeds = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto seed = test::read_file(entry.path());
    ++seeds;
    const auto form =
        fuzz::tick_format(static_cast<unsigned char>(seed[0]), static_cast<unsigned char>(seed[1]));
    const bool good = entry.path().filename() != "order";
    EXPECT_EQ(error_of(seed.substr(2), form).empty(), good) << entry.path();
    for (int i = 0; i < 1500; ++i) {
      auto text = seed;
      for (auto changes = rng.below(4); changes > 0 && text.size() > 2; --changes) {
        const auto at = static_cast<std::size_t>(rng.below(text.size()));
        static constexpr std::string_view kBytes = "0123456789.,;\t \"\n\r-+:TZe|\xff";
        switch (rng.below(4)) {
          case 0:
            text[at] = kBytes[rng.below(kBytes.size())];
            break;
          case 1:
            text.insert(at, 1, kBytes[rng.below(kBytes.size())]);
            break;
          case 2:
            text.erase(at, 1 + rng.below(5));
            break;
          default:
            text.insert(at, text.substr(text.size() - rng.below(text.size())));
        }
      }
      fuzz::tick_table(text);
    }
  }
  EXPECT_GE(seeds, 9U);
}

}  // namespace
}  // namespace derivd::store
