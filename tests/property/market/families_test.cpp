// Each family against its rule told again over the whole list of ticks at once, on random walks;
// and its odds against how often it wins on them.
#include <algorithm>
#include <numeric>

#include "market/pricing.hpp"
#include "property/market/generate.hpp"

namespace derivd::market {
namespace {

using core::Rng;
using core::VenueTime;

constexpr int kCases = 4000;
constexpr std::int64_t kStart = 1'790'000'000;

ContractSpec spec_from(std::string_view text) { return decode(text).value(); }

struct Walk {
  std::vector<std::int64_t> quotes;  // one a second from kStart + 1, in hundredths
};

/// Steps of -3 to 3 pips, so that ties and barriers are met often.
Walk any_walk(Rng& rng, std::size_t length) {
  Walk out;
  std::int64_t quote = 100'000;
  for (std::size_t i = 0; i < length; ++i) {
    quote += between(rng, -3, 3);
    out.quotes.push_back(quote);
  }
  return out;
}

Life lived(const ContractSpec& spec, const Walk& walk) {
  auto life = life_of(spec, {kStart});
  for (std::size_t i = 0; i < walk.quotes.size(); ++i) {
    life.on_tick({spec.symbol,
                  {kStart + 1 + static_cast<std::int64_t>(i)},
                  core::Price::raw(walk.quotes[i], 2)});
  }
  return life;
}

/// Its ticks: N and the entry, or N with the entry; or all up to its end.
std::vector<std::int64_t> ticks_of(const ContractSpec& spec, const Walk& walk) {
  auto count = static_cast<std::size_t>(spec.duration.in_ticks() ? spec.duration.count
                                                                 : spec.duration.seconds());
  if (spec.duration.in_ticks() && !kind_of(spec.type).entry_counts) ++count;
  EXPECT_LE(count, walk.quotes.size());
  return {walk.quotes.begin(), walk.quotes.begin() + static_cast<std::ptrdiff_t>(count)};
}

/// Whether it wins by the rule of contracts.md section 2.2, written for one list at a time.
bool rule(const ContractSpec& spec, const std::vector<std::int64_t>& q) {
  const auto name = name_of(spec.type);
  const auto entry = q.front();
  const auto exit = q.back();
  const auto high = entry + spec.barriers[0].value.mantissa();
  const auto low = entry + spec.barriers[1].value.mantissa();
  const auto reaches = [&](std::int64_t t) { return high > entry ? t >= high : t <= high; };
  if (name == "ONETOUCH") return std::ranges::any_of(q, reaches);
  if (name == "NOTOUCH") return std::ranges::none_of(q, reaches);
  const auto inside = [&](std::int64_t t) { return t > low && t < high; };
  if (name == "RANGE") return std::ranges::all_of(q, inside);
  if (name == "UPORDOWN") return !std::ranges::all_of(q, inside);
  if (name == "EXPIRYRANGE") return exit > low && exit < high;
  if (name == "EXPIRYMISS") return exit < low || exit > high;
  if (name == "EXPIRYRANGEE") return exit >= low && exit <= high;
  if (name == "EXPIRYMISSE") return exit <= low || exit >= high;
  const auto n = static_cast<std::int64_t>(q.size());
  const auto sum = std::accumulate(q.begin(), q.end(), std::int64_t{0});
  if (name == "ASIANU") return exit * n > sum;
  if (name == "ASIAND") return exit * n < sum;
  if (name == "RUNHIGH") return std::ranges::is_sorted(q, std::ranges::less_equal{});
  if (name == "RUNLOW") return std::ranges::is_sorted(q, std::ranges::greater_equal{});
  const auto selected = static_cast<std::size_t>(std::max(spec.selected_tick(), 1) - 1);
  const auto beaten = [&](bool highest) {
    for (std::size_t i = 0; i < q.size(); ++i) {
      if (i != selected && (highest ? q[i] >= q[selected] : q[i] <= q[selected])) return true;
    }
    return false;
  };
  if (name == "TICKHIGH") return !beaten(true);
  if (name == "TICKLOW") return !beaten(false);
  // One tick a second and one at each second: the middle of N moves, and of a time its second.
  const auto middle = spec.duration.in_ticks()
                          ? q[static_cast<std::size_t>(spec.duration.count / 2)]
                          : q[static_cast<std::size_t>(spec.duration.seconds() / 2 - 1)];
  if (name == "RESETCALL") return exit > std::min(entry, middle);
  if (name == "RESETPUT") return exit < std::max(entry, middle);
  ADD_FAILURE() << name;
  return false;
}

const std::vector<std::string_view>& texts() {
  static const std::vector<std::string_view> kTexts{"ONETOUCH 1HZ100V 5t +0.05",
                                                    "ONETOUCH 1HZ100V 10t -0.04",
                                                    "NOTOUCH 1HZ100V 7t -0.06",
                                                    "NOTOUCH 1HZ100V 2m +0.25",
                                                    "RANGE 1HZ100V 2m +0.30 -0.25",
                                                    "UPORDOWN 1HZ100V 2m +0.30 -0.25",
                                                    "EXPIRYRANGE 1HZ100V 2m +0.15 -0.10",
                                                    "EXPIRYMISS 1HZ100V 2m +0.15 -0.10",
                                                    "EXPIRYRANGEE 1HZ100V 2m +0.15 -0.10",
                                                    "EXPIRYMISSE 1HZ100V 2m +0.15 -0.10",
                                                    "ASIANU 1HZ100V 5t",
                                                    "ASIAND 1HZ100V 10t",
                                                    "RUNHIGH 1HZ100V 2t",
                                                    "RUNLOW 1HZ100V 3t",
                                                    "TICKHIGH 1HZ100V 5t tick=1",
                                                    "TICKHIGH 1HZ100V 5t tick=3",
                                                    "TICKLOW 1HZ100V 5t tick=2",
                                                    "TICKLOW 1HZ100V 5t tick=5",
                                                    "RESETCALL 1HZ100V 5t",
                                                    "RESETCALL 1HZ100V 20s",
                                                    "RESETPUT 1HZ100V 6t",
                                                    "RESETPUT 1HZ100V 60s"};
  return kTexts;
}

TEST(Families, AgreeWithTheirRuleOverTheWholeList) {
  Rng rng(11);
  for (const auto text : texts()) {
    const auto spec = spec_from(text);
    ASSERT_TRUE(validate(spec, *find_symbol("1HZ100V"))) << text;
    int won = 0;
    for (int i = 0; i < kCases / 10; ++i) {
      const auto walk = any_walk(rng, 130);
      const auto life = lived(spec, walk);
      ASSERT_TRUE(life.is_over()) << text;
      const bool wins = rule(spec, ticks_of(spec, walk));
      ASSERT_EQ(life.ended()->how == End::kWon, wins) << text << " case " << i;
      won += wins ? 1 : 0;
    }
    // A rule that never or always wins here would prove nothing.
    EXPECT_GT(won, 0) << text;
    EXPECT_LT(won, kCases / 10) << text;
  }
}

TEST(Families, LaterTicksChangeNothing) {
  Rng rng(12);
  for (const auto text : texts()) {
    const auto spec = spec_from(text);
    for (int i = 0; i < 50; ++i) {
      const auto walk = any_walk(rng, 130);
      auto life = lived(spec, walk);
      const auto ended = life.ended();
      const auto exit = life.exit();
      life.on_tick({spec.symbol, {kStart + 1000}, core::Price::raw(90'000, 2)});
      life.on_time({kStart + 2000});
      ASSERT_EQ(life.ended(), ended) << text;
      ASSERT_EQ(life.exit(), exit) << text;
    }
  }
}

/// A walk of the symbol's own volatility, in hundredths of a large quote, so that ties are rare.
Walk walk_of(Rng& rng, const SymbolInfo& symbol, std::size_t length) {
  const double each = symbol.sigma_percent / 100.0 / std::sqrt(31'536'000.0);
  Walk out;
  double quote = 10'000'000;
  for (std::size_t i = 0; i < length; ++i) {
    quote *= std::exp(each * rng.normal() - each * each / 2);
    out.quotes.push_back(std::llround(quote));
  }
  return out;
}

// What does not depend on how often a touch is looked for: its odds are those of a walk.
TEST(Families, WinAsOftenAsTheirOddsSay) {
  const auto& symbol = *find_symbol("1HZ100V");
  Rng rng(13);
  for (const std::string_view text :
       {"EXPIRYRANGE 1HZ100V 2m +100.00 -200.00", "EXPIRYMISS 1HZ100V 2m +100.00 -200.00",
        "ASIANU 1HZ100V 5t", "RUNHIGH 1HZ100V 3t", "RUNLOW 1HZ100V 2t",
        "TICKHIGH 1HZ100V 5t tick=1", "TICKHIGH 1HZ100V 5t tick=3", "TICKLOW 1HZ100V 5t tick=2",
        "RESETCALL 1HZ100V 10t", "RESETPUT 1HZ100V 60s"}) {
    const auto spec = spec_from(text);
    const double p = theoretical_probability(spec, symbol, core::Price::raw(10'000'000, 2));
    int won = 0;
    for (int i = 0; i < kCases; ++i) {
      won += lived(spec, walk_of(rng, symbol, 125)).ended()->how == End::kWon ? 1 : 0;
    }
    // Five deviations: one run in two million would fail by chance, and the seed is fixed.
    const double allowed = 5 * std::sqrt(p * (1 - p) / kCases) + 0.004;
    EXPECT_NEAR(static_cast<double>(won) / kCases, p, allowed) << text;
  }
}

// Looked for at ticks alone a touch is rarer than its odds, which are those of a walk that is
// watched without a gap; not by much where the barrier is many moves away.
TEST(Families, TouchesAreNoMoreFrequentThanTheirOdds) {
  const auto& symbol = *find_symbol("1HZ100V");
  Rng rng(14);
  for (const std::string_view text : {"ONETOUCH 1HZ100V 2m +150.00",
                                      "UPORDOWN 1HZ100V 2m +150.00 "
                                      "-150.00"}) {
    const auto spec = spec_from(text);
    const double p = theoretical_probability(spec, symbol, core::Price::raw(10'000'000, 2));
    int won = 0;
    for (int i = 0; i < kCases; ++i) {
      won += lived(spec, walk_of(rng, symbol, 125)).ended()->how == End::kWon ? 1 : 0;
    }
    const double seen = static_cast<double>(won) / kCases;
    EXPECT_LT(seen, p + 0.01) << text;
    EXPECT_GT(seen, p - 0.12) << text;
  }
}

}  // namespace
}  // namespace derivd::market
