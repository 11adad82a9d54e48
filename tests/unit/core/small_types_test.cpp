// The small types of core: rng, secret, short strings, ids, times, event names.

#include <array>
#include <cmath>
#include <set>
#include <type_traits>
#include <unordered_set>

#include "core/event.hpp"
#include "core/ids.hpp"
#include "core/rng.hpp"
#include "core/secret.hpp"
#include "core/short_string.hpp"
#include "core/time.hpp"

namespace derivd::core {
namespace {

// xoshiro256** seeded by splitmix64, worked out with an implementation of its own.
TEST(Rng, GivesTheReferenceSequence) {
  Rng zero(0);
  for (const auto word : {0x99ec5f36cb75f2b4ULL, 0xbf6e1f784956452aULL, 0x1a5f849d4933e6e0ULL,
                          0x6aa594f1262d2d2cULL}) {
    EXPECT_EQ(zero.next(), word);
  }
  Rng other(42);
  for (const auto word : {0x15780b2e0c2ec716ULL, 0x6104d9866d113a7eULL, 0xae17533239e499a1ULL,
                          0xecb8ad4703b360a1ULL}) {
    EXPECT_EQ(other.next(), word);
  }
}

TEST(Rng, DrawsEvenly) {
  Rng rng(7);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70'000; ++i) ++counts[rng.below(7)];
  for (const int n : counts) EXPECT_NEAR(n, 10'000, 400);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(rng.below(1), 0u);
  for (int i = 0; i < 1000; ++i) {
    const auto u = rng.uniform();
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
  }
  EXPECT_DEATH((void)rng.below(0), "CHECK failed");
}

TEST(Rng, NormalHasMeanZeroAndVarianceOne) {
  Rng rng(11);
  double sum = 0;
  double squares = 0;
  constexpr int kDraws = 100'000;
  for (int i = 0; i < kDraws; ++i) {
    const auto x = rng.normal();
    ASSERT_TRUE(std::isfinite(x));
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / kDraws, 0, 0.02);
  EXPECT_NEAR(squares / kDraws, 1, 0.02);
}

TEST(Secret, IsMovedNeverCopiedAndWiped) {
  static_assert(!std::is_copy_constructible_v<Secret>);
  static_assert(!std::is_copy_assignable_v<Secret>);
  static_assert(!std::equality_comparable<Secret>);
  static_assert(!fmt::is_formattable<Secret>::value);
  static_assert(!std::is_convertible_v<Secret, std::string>);
  std::string text = "short";
  const auto* taken = text.data();
  Secret a(std::move(text));
  EXPECT_EQ(std::string_view(taken, 5), std::string_view("\0\0\0\0\0", 5));
  Secret b(std::move(a));
  EXPECT_EQ(b.reveal(), "short");
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move): the promise under test
  auto c = b.clone();
  EXPECT_EQ(c.reveal(), b.reveal());
  c = std::move(b);
  EXPECT_TRUE(b.empty());  // NOLINT(bugprone-use-after-move)
  const auto* bytes = c.reveal().data();
  const auto length = c.reveal().size();
  c.wipe();
  EXPECT_TRUE(c.empty());
  // The buffer is still c's own: no byte of the text is left in it.
  for (std::size_t i = 0; i < length; ++i) EXPECT_EQ(bytes[i], '\0');
}

TEST(ShortString, HoldsWhatFits) {
  using S = ShortString<5>;
  EXPECT_TRUE(S::fits("12345"));
  EXPECT_FALSE(S::fits("123456"));
  const S s = "12345";
  EXPECT_EQ(s, "12345");
  EXPECT_EQ(s.str(), "12345");
  EXPECT_EQ(S::truncated("1234567"), "12345");
  EXPECT_TRUE(S{}.empty());
  EXPECT_LT(S("abc"), S("abd"));
  EXPECT_LT(S("ab"), S("abc"));
  EXPECT_NE(S("ab"), S("abc"));
  EXPECT_EQ(std::hash<S>{}(S("ab")), std::hash<S>{}(S("ab")));
  EXPECT_EQ(fmt::format("<{:>5}>", S("ab")), "<   ab>");
  EXPECT_DEATH((void)S("123456"), "CHECK failed");
}

TEST(ShortString, ForgetsTheRestOfALongerValue) {
  ShortString<8> s = "12345678";
  s = "abc";
  EXPECT_EQ(s.view(), "abc");
  EXPECT_EQ(s, ShortString<8>("abc"));
}

TEST(Ids, OfDifferentKindsDoNotMix) {
  static_assert(!std::is_convertible_v<OrderId, ContractId>);
  static_assert(!std::is_assignable_v<ContractId&, TransactionId>);
  EXPECT_FALSE(OrderId{});
  EXPECT_TRUE(OrderId{1});
  EXPECT_LT(OrderId{1}, OrderId{2});
  std::unordered_set<ContractId> set{{1}, {2}, {1}};
  EXPECT_EQ(set.size(), 2u);
}

TEST(Times, OnlyAddDurationsOfTheirOwn) {
  using namespace std::chrono_literals;
  static_assert(!std::is_convertible_v<Instant, VenueTime>);
  EXPECT_EQ(Instant{5} + 1us, Instant{1005});
  EXPECT_EQ((Instant{5} + 1us) - Instant{5}, 1us);
  EXPECT_EQ(Instant{5} - 5ns, Instant{0});
  EXPECT_EQ(VenueTime{100} + 15s, VenueTime{115});
  EXPECT_EQ(VenueTime{100} - 1min, VenueTime{40});
  EXPECT_EQ(VenueTime{100} - VenueTime{40}, 60s);
}

TEST(Events, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kEventKindCount; ++i) {
    const auto name = name_of(static_cast<EventKind>(i));
    EXPECT_NE(name, "unknown") << i;
    EXPECT_TRUE(names.insert(name).second) << name;
    for (const char c : name) EXPECT_TRUE((c >= 'a' && c <= 'z') || c == '_') << name;
  }
}

TEST(CheckDeathTest, SaysWhatAndWhere) {
  EXPECT_DEATH(DERIVD_CHECK(1 == 2, "arithmetic"),
               "small_types_test.cpp:[0-9]+: CHECK failed: 1 == 2: arithmetic");
}

}  // namespace
}  // namespace derivd::core
