// The same seed gives the same bytes, and recorded ticks come out as they went in and settle
// contracts as the rules say, recomputed here from the file alone.
#include <filesystem>
#include <fstream>

#include "unit/sim/sim_fixture.hpp"

namespace derivd::sim::test {
namespace {

/// A client that does a bit of everything, twice over two connections.
std::vector<std::string> script(std::uint64_t seed) {
  auto o = Sim::defaults();
  o.seed = seed;
  Sim sim(std::move(o));
  EXPECT_TRUE(sim.venue().faults().add(
      *Json::parse(R"({"when":{"call":"tick","probability":0.05},"do":"skip_ticks 1"})")));
  EXPECT_TRUE(sim.venue().faults().add(
      *Json::parse(R"({"when":{"call":"ping","probability":0.5},"do":"duplicate"})")));
  const auto a = sim.options();
  const auto b = sim.v3();
  for (const auto c : {a, b}) {
    const std::string key = c == a ? "underlying_symbol" : "symbol";
    sim.call(c, {{"active_symbols", "full"}});
    sim.call(c, {{"ticks", "1HZ100V"}, {"subscribe", 1}});
    sim.call(c, {{"ticks_history", "R_10"}, {"end", "latest"}, {"count", 50}, {"subscribe", 1}});
    sim.call(c, {{"balance", 1}, {"subscribe", 1}});
    sim.call(c, {{"transaction", 1}, {"subscribe", 1}});
    for (int i = 0; i < 8; ++i) {
      auto p = proposal_of(i % 2 == 0 ? "DIGITODD" : "CALL", 1 + i, "t", "1HZ100V", key);
      const auto q = sim.call(c, p);
      sim.call(c, {{"buy", q["proposal"]["id"]}, {"price", 1}, {"subscribe", 1}});
      sim.call(c, {{"ping", 1}});
      sim.advance(i % 3);
    }
    sim.advance(30);
    sim.call(c, {{"statement", 1}});
    sim.call(c, {{"profit_table", 1}, {"description", 1}});
  }
  return sim.bytes();
}

TEST(SameSeed, SameBytes) {
  const auto first = script(7);
  EXPECT_GT(first.size(), 300U);
  EXPECT_EQ(first, script(7));
  EXPECT_NE(first, script(8));
}

// ---- recorded ticks ----

struct Row {
  std::int64_t epoch;
  std::string quote;  // padded to the symbol's decimals
  std::int64_t mantissa;
};

/// An own reading of the file: nothing here is shared with the simulator.
std::vector<Row> read_file(const std::filesystem::path& path, std::size_t decimals) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  std::vector<Row> rows;
  while (std::getline(in, line)) {
    const auto comma = line.find(',');
    std::string quote = line.substr(comma + 1);
    auto point = quote.find('.');
    if (point == std::string::npos) {
      point = quote.size();
      quote += '.';
    }
    quote.append(decimals - (quote.size() - point - 1), '0');
    std::string digits = quote;
    digits.erase(point, 1);
    rows.push_back({std::stoll(line.substr(0, comma)), quote, std::stoll(digits)});
  }
  return rows;
}

class RecordedTicks : public ::testing::TestWithParam<std::tuple<const char*, const char*, int>> {
 protected:
  void SetUp() override {
    const auto [symbol, file, decimals] = GetParam();
    const auto path = std::filesystem::path(DERIVD_SHARED) / "ticks" / file;
    if (!std::filesystem::exists(path))
      GTEST_SKIP() << "SKIPPED: recorded ticks are absent: " << path;
    rows_ = read_file(path, static_cast<std::size_t>(decimals));
    auto points = read_tick_file(path.string(), *market::find_symbol(symbol));
    ASSERT_TRUE(points) << points.error().text;
    options_ = Sim::defaults();
    options_.gbm = false;
    options_.rate_limits = false;
    options_.start = {rows_[0].epoch};
    options_.replays = {{symbol, std::move(*points)}};
  }
  std::string symbol() const { return std::get<0>(GetParam()); }
  std::vector<Row> rows_;
  Venue::Options options_;
};
INSTANTIATE_TEST_SUITE_P(Files, RecordedTicks,
                         ::testing::Values(std::tuple{"R_100", "R_100_2026-06-21.csv", 2},
                                           std::tuple{"R_75", "R_75_2026-06-24.csv", 4}),
                         [](const auto& i) { return std::string(std::get<0>(i.param)); });

TEST_P(RecordedTicks, ComeOutAsTheyWentIn) {
  Sim sim(options_);
  sim.advance(1);
  const auto c = sim.v3("");
  sim.call(c, {{"ticks", symbol()}, {"subscribe", 1}});
  std::size_t next = 1;
  while (next < rows_.size() && sim.time() < rows_.back().epoch) {
    sim.advance(600);
    sim.call(c, {{"ping", 1}});
    for (const auto& m : sim.take(c, "tick")) {
      ASSERT_LT(next, rows_.size());
      ASSERT_EQ(m["tick"]["epoch"], rows_[next].epoch);
      ASSERT_EQ(m["tick"]["quote"], json::parse(rows_[next].quote));
      ++next;
    }
  }
  EXPECT_EQ(next, rows_.size());
}

TEST_P(RecordedTicks, SettleContractsByTheRules) {
  Sim sim(options_);
  sim.advance(1);
  const auto c = sim.v3();
  struct Kind {
    const char* type;
    int duration;
    const char* unit;
    const char* barrier;
  };
  const Kind kinds[] = {
      {"DIGITODD", 1, "t", ""},   {"DIGITEVEN", 5, "t", ""}, {"DIGITDIFF", 3, "t", "7"},
      {"DIGITOVER", 2, "t", "6"}, {"CALL", 1, "t", ""},      {"PUTE", 4, "t", ""},
      {"CALLE", 15, "s", ""},     {"PUT", 1, "m", ""},       {"CALL", 33, "s", "+0.05"}};
  std::map<std::string, std::pair<Kind, std::int64_t>> bought;
  for (int i = 0; i < 900; ++i) {
    sim.advance(1 + i % 7);
    const Kind& k = kinds[i % 9];
    json p{{"amount", 1},
           {"basis", "stake"},
           {"contract_type", k.type},
           {"currency", "USD"},
           {"symbol", symbol()},
           {"duration", k.duration},
           {"duration_unit", k.unit}};
    if (*k.barrier != 0) p["barrier"] = k.barrier;
    const auto m = sim.call(c, {{"buy", "1"}, {"price", 1}, {"parameters", p}});
    ASSERT_EQ(code(m), "") << m;
    bought[m["buy"]["contract_id"].dump()] = {k, sim.time()};
    sim.take(c);
  }
  sim.advance(100);
  const auto settled = sim.ledger("settle");
  ASSERT_EQ(settled.size(), 900U);
  for (const auto& line : settled) {
    const auto& [k, start] = bought.at(line["contract_id"]);
    const std::string type = k.type;
    auto at = std::upper_bound(rows_.begin(), rows_.end(), start,
                               [](std::int64_t s, const Row& r) { return s < r.epoch; });
    const Row& entry = *at;
    const bool digit = type.starts_with("DIGIT");
    const Row* exit = &entry;
    std::int64_t end = 0;
    if (*k.unit == 't') {
      exit = &*(at + k.duration - (digit ? 1 : 0));
      end = exit->epoch;
    } else {
      end = start + k.duration * (*k.unit == 'm' ? 60 : 1);
      while ((at + 1)->epoch <= end) ++at;
      exit = &*at;
    }
    const int last = exit->quote.back() - '0';
    const std::int64_t barrier =
        type == "CALL" && *k.barrier != 0 ? (symbol() == "R_100" ? 5 : 500) : 0;
    const auto target = entry.mantissa + barrier;
    const bool won = type == "DIGITODD"    ? last % 2 == 1
                     : type == "DIGITEVEN" ? last % 2 == 0
                     : type == "DIGITDIFF" ? last != 7
                     : type == "DIGITOVER" ? last > 6
                     : type == "CALL"      ? exit->mantissa > target
                     : type == "CALLE"     ? exit->mantissa >= target
                     : type == "PUT"       ? exit->mantissa < target
                                           : exit->mantissa <= target;
    EXPECT_EQ(line["entry"], entry.quote) << line;
    EXPECT_EQ(line["entry_epoch"], entry.epoch) << line;
    EXPECT_EQ(line["exit"], exit->quote) << line;
    EXPECT_EQ(line["exit_epoch"], exit->epoch) << line;
    EXPECT_EQ(line["credit"], won ? line["payout"] : json("0.00")) << line;
    const auto paid = line["epoch"].get<std::int64_t>();
    EXPECT_GE(paid, end + 1) << line;
    EXPECT_LE(paid, end + 3) << line;
  }
}

}  // namespace
}  // namespace derivd::sim::test
