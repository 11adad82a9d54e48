// Life against the lives that it replaces: over every recorded tick, with random contracts, each
// tick of each contract ends with the same entry, count, exit, result and money.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "market/life.hpp"
#include "market/multiplier.hpp"
#include "property/market/generate.hpp"

namespace derivd::market {
namespace {

using core::Rng;

constexpr std::uint64_t kContracts = 40'000;  // of each file

std::vector<Tick> load(const std::filesystem::path& file, const SymbolInfo& symbol) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  std::vector<Tick> ticks;
  while (std::getline(in, line)) {
    const auto comma = line.find(',');
    ticks.push_back({symbol.code,
                     {std::stoll(line.substr(0, comma))},
                     price(line.substr(comma + 1), symbol.decimals)});
  }
  return ticks;
}

ContractSpec any_multiplier(Rng& rng, const SymbolInfo& symbol) {
  ContractSpec spec;
  spec.type = rng.below(2) == 0 ? ContractType::kMultUp : ContractType::kMultDown;
  spec.symbol = symbol.code;
  MultiplierTerms terms;
  terms.multiplier = static_cast<std::uint16_t>(between(rng, 40, 4000));
  if (rng.below(2) == 0) terms.take_profit = core::Money::minor(between(rng, 1, 500));
  if (rng.below(2) == 0) terms.stop_loss = core::Money::minor(between(rng, 1, 500));
  spec.terms = terms;
  return spec;
}

ContractSpec any_option(Rng& rng, const SymbolInfo& symbol) {
  auto spec = any_digital(rng, symbol);
  if (!spec.duration.in_ticks() && rng.below(3) == 0) {
    spec.duration.count = between(rng, 90, 7200);
  }
  if (!spec.duration.in_ticks() && rng.below(40) == 0) spec.duration = lasting("1d");
  return spec;
}

/// What became of the contracts, so that the test is seen to have met every end.
struct Met {
  std::map<End, int> ends;
  int open = 0;
  std::int64_t ticks = 0;
};

struct Walk {
  Rng& rng;
  const std::vector<Tick>& ticks;
  std::size_t at;
  Purchase purchase;
  Met& met;

  /// The next tick, sometimes late, twice or lost; null at the end of the file.
  const Tick* next() {
    if (at >= ticks.size()) return nullptr;
    ++met.ticks;
    switch (rng.below(40)) {
      case 0:
        if (at > 0) return &ticks[at - 1];
        break;
      case 1:
        ++at;
        if (at >= ticks.size()) return nullptr;
        break;
      default:
        break;
    }
    return &ticks[at++];
  }
};

void expect_same(const ContractLife& old, const Life& life, bool old_said, bool said) {
  ASSERT_EQ(old_said, said);
  ASSERT_EQ(old.entry(), life.entry());
  ASSERT_EQ(old.last(), life.last());
  ASSERT_EQ(old.expiry(), life.expiry());
  ASSERT_EQ(old.ticks_passed(), life.ticks_passed());
  ASSERT_EQ(old.barrier_price(), life.barrier_price());
  ASSERT_EQ(old.expired(), life.is_over());
  ASSERT_EQ(old.exit(),
            life.ended() && life.ended()->how == End::kExpiredEmpty ? old.exit() : life.exit());
}

void run_option(Walk walk, const ContractSpec& spec) {
  ContractLife old(spec, walk.purchase.start);
  Life life(spec, walk.purchase, find_symbol(spec.symbol));
  while (const auto* tick = walk.next()) {
    const bool by_clock = walk.rng.below(50) == 0;
    if (by_clock) {
      const core::VenueTime now{tick->epoch.s - 1};
      const bool a = old.on_time(now);
      const bool ended = life.on_time(now);
      // The old one says nothing of an end without ticks.
      ASSERT_NO_FATAL_FAILURE(
          expect_same(old, life, a || (ended && life.ended()->how == End::kExpiredEmpty), ended));
    }
    const bool a = old.on_tick(*tick);
    const bool b = life.on_tick(*tick);
    ASSERT_NO_FATAL_FAILURE(
        expect_same(old, life, a || (b && life.ended()->how == End::kExpiredEmpty), b));
    if (life.is_over() && walk.rng.below(2) == 0) break;
  }
  if (!life.is_over()) {
    ++walk.met.open;
    ASSERT_EQ(old.verdict(), Verdict::kOpen);
    return;
  }
  const auto& ended = *life.ended();
  ++walk.met.ends[ended.how];
  const auto nothing = core::Money::minor(0);
  ASSERT_EQ(old.verdict() == Verdict::kWon, ended.how == End::kWon);
  ASSERT_EQ(old.verdict() == Verdict::kLost, ended.how == End::kLost);
  ASSERT_EQ(ended.pays, ended.how == End::kWon    ? walk.purchase.payout
                        : ended.how == End::kLost ? nothing
                                                  : walk.purchase.stake);
  ASSERT_EQ(ended.when, old.expiry());
}

End end_of(MultiplierLife::Close close) {
  switch (close) {
    case MultiplierLife::Close::kStopOut:
      return End::kStopOut;
    case MultiplierLife::Close::kTakeProfit:
      return End::kTakeProfit;
    case MultiplierLife::Close::kStopLoss:
      return End::kStopLoss;
    case MultiplierLife::Close::kNone:
      break;
  }
  return End::kSold;
}

void run_multiplier(Walk walk, const ContractSpec& spec) {
  const auto& symbol = *find_symbol(spec.symbol);
  MultiplierLife old(spec, walk.purchase.start, walk.purchase.stake, symbol);
  Life life(spec, walk.purchase, &symbol);
  for (int i = 0; i < 4000; ++i) {
    const auto* tick = walk.next();
    if (tick == nullptr) break;
    const auto close = old.on_tick(*tick);
    const bool ended = life.on_tick(*tick);
    ASSERT_EQ(close != MultiplierLife::Close::kNone, ended);
    ASSERT_EQ(old.entry(), life.entry());
    ASSERT_EQ(old.last(), life.last());
    ASSERT_EQ(walk.purchase.stake + old.profit(), life.pays(End::kSold));
    const auto position = position_of(life);
    ASSERT_EQ(old.commission(), position.commission());
    if (life.entry()) {
      ASSERT_EQ(old.stop_out_price(), position.stop_out());
    }
    if (!ended) continue;
    ASSERT_EQ(life.ended()->how, end_of(close));
    ASSERT_EQ(life.ended()->when, tick->epoch);
    ASSERT_EQ(life.ended()->pays, walk.purchase.stake + old.profit());
    ++walk.met.ends[life.ended()->how];
    return;
  }
  ++walk.met.open;
  ASSERT_FALSE(life.is_over());
}

void compare(const std::vector<Tick>& ticks, const SymbolInfo& symbol, std::uint64_t contracts) {
  Met met;
  for (std::uint64_t seed = 0; seed < contracts; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Rng rng(seed);
    const auto at = rng.below(ticks.size());
    const auto stake = core::Money::minor(between(rng, 35, 5000));
    const auto payout = stake + core::Money::minor(between(rng, 1, 5000));
    const bool multiplier = rng.below(4) == 0;
    Purchase purchase{{ticks[at].epoch.s - between(rng, 0, 3)},
                      stake,
                      multiplier ? core::Money::minor(0) : payout};
    // Now and then one that no tick meets: it begins after a hole is cut into the feed.
    const std::size_t skip = rng.below(60) == 0 ? 60 : 0;
    const Walk walk{rng, ticks, std::min(at + skip, ticks.size() - 1), purchase, met};
    if (multiplier) {
      ASSERT_NO_FATAL_FAILURE(run_multiplier(walk, any_multiplier(rng, symbol)));
    } else {
      ASSERT_NO_FATAL_FAILURE(run_option(walk, any_option(rng, symbol)));
    }
  }
  std::string words;
  for (const auto& [end, count] : met.ends) words += fmt::format(", {} {}", count, name_of(end));
  fmt::print("{} contracts over {} ticks: {} open{}\n", contracts, met.ticks, met.open, words);
  for (const auto end : {End::kWon, End::kLost, End::kStopOut, End::kTakeProfit, End::kStopLoss,
                         End::kExpiredEmpty}) {
    EXPECT_GT(met.ends[end], 0) << name_of(end) << " was never met";
  }
}

struct File {
  const char* name;
  const char* symbol;
};
class TwoLives : public testing::TestWithParam<File> {};

TEST_P(TwoLives, AgreeOverEveryRecordedTick) {
  const auto file = std::filesystem::path(DERIVD_SHARED) / "ticks" / GetParam().name;
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "THE REAL TICKS ARE MISSING: no " << file;
  const auto& symbol = *find_symbol(GetParam().symbol);
  compare(load(file, symbol), symbol, kContracts);
}
INSTANTIATE_TEST_SUITE_P(Recorded, TwoLives,
                         testing::Values(File{"R_100_2026-06-21.csv", "R_100"},
                                         File{"R_75_2026-06-24.csv", "R_75"}));

TEST(TwoLives, AgreeOverMadeUpTicksWithGaps) {
  Rng rng(3);
  const auto& symbol = *find_symbol("R_10");
  auto ticks = any_feed(rng, symbol, 1'700'000'000, 40'000);
  // Low quotes, so that the steps of the walk are large enough to use up a multiplier's stake.
  const auto lowest = std::ranges::min_element(ticks, {}, [](const Tick& t) {
                        return t.quote.mantissa();
                      })->quote.mantissa();
  for (auto& t : ticks) {
    t.quote = core::Price::raw(t.quote.mantissa() - lowest + 1'000, symbol.decimals);
  }
  compare(ticks, symbol, 5'000);
}

}  // namespace
}  // namespace derivd::market
