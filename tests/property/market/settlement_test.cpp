// Laws of settlement that hold for every feed.

#include <algorithm>

#include "property/market/generate.hpp"

namespace derivd::market {
namespace {

using core::Rng;
using core::VenueTime;

constexpr int kCases = 3000;

/// What a contract is, told again from the rules of section 4 over the whole list of ticks at once.
struct Oracle {
  std::optional<Tick> entry;
  std::optional<Tick> exit;
};
Oracle look_up(const ContractSpec& spec, VenueTime start, const std::vector<Tick>& feed) {
  std::vector<Tick> after;
  for (const auto& t : feed) {
    if (t.epoch > start) after.push_back(t);
  }
  Oracle out;
  const auto n = static_cast<std::size_t>(spec.duration.count);
  if (spec.duration.in_ticks()) {
    if (!after.empty()) out.entry = after[0];
    const std::size_t at = kind_of(spec.type).entry_counts ? n - 1 : n;
    if (at < after.size()) out.exit = after[at];
    return out;
  }
  const VenueTime expiry{start.s + spec.duration.seconds()};
  std::erase_if(after, [&](const Tick& t) { return t.epoch > expiry; });
  if (after.empty()) return out;
  out.entry = after.front();
  out.exit = after.back();
  return out;
}

Life live(const ContractSpec& spec, VenueTime start, const std::vector<Tick>& feed) {
  auto life = life_of(spec, start);
  for (const auto& t : feed) life.on_tick(t);
  life.on_time({feed.back().epoch.s + 1});
  return life;
}

struct Case {
  explicit Case(std::uint64_t seed)
      : rng(seed), symbol(any_symbol(rng)), feed(any_feed(rng, symbol, 1'000'000, 130)) {
    // A start on a tick, between two, or before the first.
    start = {feed[rng.below(30)].epoch.s - between(rng, 0, 1)};
  }
  Rng rng;
  const SymbolInfo& symbol;
  std::vector<Tick> feed;
  VenueTime start;
};

TEST(Settlement, AgreesWithLookingTheTicksUp) {
  int decided = 0;
  int empty = 0;
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    SCOPED_TRACE(seed);
    Case c(seed);
    const auto spec = any_digital(c.rng, c.symbol);
    const auto life = live(spec, c.start, c.feed);
    const auto truth = look_up(spec, c.start, c.feed);
    ASSERT_EQ(life.entry(), truth.entry);
    ASSERT_EQ(life.exit(), truth.exit);
    if (truth.exit) {
      ++decided;
      ASSERT_EQ(result_of(life) == End::kWon, wins(spec, truth.entry->quote, truth.exit->quote));
      ASSERT_TRUE(life.is_over());
    } else {
      ++empty;
      ASSERT_EQ(result_of(life), std::nullopt);
      ASSERT_TRUE(life.is_over());  // the feed is long enough that only a gap can be the reason
    }
  }
  EXPECT_GT(decided, kCases * 9 / 10);
  EXPECT_GT(empty, 0);
}

TEST(Settlement, ATickAtTheStartIsNeverTheEntry) {
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    Case c(seed);
    const auto life = live(any_digital(c.rng, c.symbol), c.start, c.feed);
    if (!life.entry()) continue;
    ASSERT_GT(life.entry()->epoch, c.start);
    const auto first =
        std::ranges::find_if(c.feed, [&](const Tick& t) { return t.epoch > c.start; });
    ASSERT_EQ(*life.entry(), *first);
  }
}

TEST(Settlement, RepeatedLateAndForeignTicksChangeNothing) {
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    SCOPED_TRACE(seed);
    Case c(seed);
    const auto spec = any_digital(c.rng, c.symbol);
    auto clean = life_of(spec, c.start);
    auto noisy = life_of(spec, c.start);
    for (std::size_t i = 0; i < c.feed.size(); ++i) {
      const auto& t = c.feed[i];
      auto foreign = t;
      foreign.symbol = "OTHER";
      auto changed = c.feed[c.rng.below(i + 1)];  // an old epoch with another quote
      changed.quote = core::Price::raw(1, c.symbol.decimals);
      noisy.on_tick(foreign);
      const bool decided = clean.on_tick(t);
      ASSERT_EQ(noisy.on_tick(t), decided);
      ASSERT_FALSE(noisy.on_tick(t));
      ASSERT_FALSE(noisy.on_tick(changed));
      noisy.on_time(t.epoch);
      ASSERT_EQ(result_of(noisy), result_of(clean));
      ASSERT_EQ(noisy.entry(), clean.entry());
      ASSERT_EQ(noisy.exit(), clean.exit());
      ASSERT_EQ(noisy.last(), clean.last());
      ASSERT_EQ(noisy.ticks_passed(), clean.ticks_passed());
      ASSERT_EQ(noisy.expiry(), clean.expiry());
    }
  }
}

TEST(Settlement, OnceDecidedStaysDecided) {
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    Case c(seed);
    auto life = life_of(any_digital(c.rng, c.symbol), c.start);
    int decisions = 0;
    std::optional<Ended> first;
    for (const auto& t : c.feed) {
      if (life.on_tick(t)) {
        ++decisions;
        first = life.ended();
        ASSERT_TRUE(first.has_value());
      }
      if (first) {
        ASSERT_EQ(life.ended(), *first);
      }
    }
    ASSERT_LE(decisions, 1);
  }
}

TEST(Settlement, TickContractsCountNTicks) {
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    Case c(seed);
    auto spec = any_digital(c.rng, c.symbol);
    if (!spec.duration.in_ticks()) continue;
    const auto life = live(spec, c.start, c.feed);
    ASSERT_EQ(life.ticks_passed(), spec.duration.count);
    const auto within = std::ranges::count_if(
        c.feed, [&](const Tick& t) { return t.epoch > c.start && t.epoch <= life.exit()->epoch; });
    ASSERT_EQ(within, spec.duration.count + (kind_of(spec.type).entry_counts ? 0 : 1));
    ASSERT_EQ(life.expiry(), life.exit()->epoch);
  }
}

TEST(Settlement, TimedContractsLeaveAtTheLastTickWithinThem) {
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    Case c(seed);
    auto spec = any_digital(c.rng, c.symbol);
    if (spec.duration.in_ticks()) continue;
    const auto life = live(spec, c.start, c.feed);
    ASSERT_EQ(life.expiry().s, c.start.s + spec.duration.count);
    if (!life.exit()) continue;
    ASSERT_LE(life.exit()->epoch, life.expiry());
    for (const auto& t : c.feed) {
      ASSERT_FALSE(t.epoch > life.exit()->epoch && t.epoch <= life.expiry());
    }
  }
}

core::Price any_price(Rng& rng, std::uint8_t decimals) {
  return core::Price::raw(between(rng, 1, 400), decimals);
}

TEST(Wins, OppositesNeverBothWin) {
  Rng rng(1);
  for (int i = 0; i < 100'000; ++i) {
    const auto entry = any_price(rng, 2);
    const auto exit = any_price(rng, 2);
    const auto won = [&](ContractType type, std::int64_t barrier = 0) {
      ContractSpec spec;
      spec.type = type;
      if (has_form(type, BarrierForm::kOffset)) spec.set_offset(core::Price::raw(barrier, 2));
      return wins(spec, entry, exit);
    };
    ASSERT_FALSE(won(ContractType::kCall) && won(ContractType::kPut));
    ASSERT_EQ(won(ContractType::kCall) || won(ContractType::kPut), entry != exit);
    ASSERT_NE(won(ContractType::kCall), won(ContractType::kPutE));
    ASSERT_NE(won(ContractType::kPut), won(ContractType::kCallE));
    ASSERT_EQ(won(ContractType::kCallE) && won(ContractType::kPutE), entry == exit);
    const auto barrier = between(rng, -100, 100);
    ASSERT_FALSE(won(ContractType::kHigher, barrier) && won(ContractType::kLower, barrier));
    ASSERT_EQ(won(ContractType::kHigher, 0), won(ContractType::kCall));
    ASSERT_EQ(won(ContractType::kLower, 0), won(ContractType::kPut));
    // A higher barrier is never easier to pass upwards, nor harder downwards.
    ASSERT_LE(won(ContractType::kHigher, barrier + 1), won(ContractType::kHigher, barrier));
    ASSERT_GE(won(ContractType::kLower, barrier + 1), won(ContractType::kLower, barrier));
  }
}

TEST(Wins, DigitKindsPartitionTheDigits) {
  Rng rng(2);
  for (int i = 0; i < 20'000; ++i) {
    const auto quote = any_price(rng, static_cast<std::uint8_t>(between(rng, 1, 4)));
    const auto entry = any_price(rng, quote.decimals());
    const auto won = [&](ContractType type, int prediction = -1) {
      ContractSpec spec;
      spec.type = type;
      spec.set_digit(prediction);
      return wins(spec, entry, quote);
    };
    ASSERT_NE(won(ContractType::kDigitEven), won(ContractType::kDigitOdd));
    int matches = 0;
    for (int d = 0; d <= 9; ++d) {
      matches += won(ContractType::kDigitMatch, d) ? 1 : 0;
      ASSERT_NE(won(ContractType::kDigitMatch, d), won(ContractType::kDigitDiff, d));
      ASSERT_EQ(won(ContractType::kDigitOver, d) + won(ContractType::kDigitUnder, d) +
                    won(ContractType::kDigitMatch, d),
                1);
    }
    ASSERT_EQ(matches, 1);
    const char shown = quote.to_string().back();
    ASSERT_TRUE(won(ContractType::kDigitMatch, shown - '0'));
  }
}

}  // namespace
}  // namespace derivd::market
