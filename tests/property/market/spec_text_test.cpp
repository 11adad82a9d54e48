// Laws of a spec's text: one text for one spec and back, and nothing else is one.
#include "property/market/generate.hpp"

namespace derivd::market {
namespace {

using core::Rng;

constexpr int kCases = 60'000;

TEST(SpecText, EverySpecComesBackFromItsText) {
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    Rng rng(seed);
    const auto spec = any_spec(rng);
    const auto text = encode(spec);
    ASSERT_LE(text.size(), kMaxSpecText) << text;
    const auto again = decode(text);
    ASSERT_TRUE(again) << seed << ": " << text;
    ASSERT_EQ(*again, spec) << seed << ": " << text;
    for (const char c : text) ASSERT_TRUE(c >= 0x20 && c < 0x7f) << seed << ": " << text;
  }
}

/// A text one step away from a good one is refused, or is itself the text of what it says.
TEST(SpecText, NoTwoTextsSayTheSame) {
  static constexpr std::string_view kPieces = " +-.=%0123456789tsmhdAR_:";
  int read = 0;
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    Rng rng(seed);
    auto text = encode(any_spec(rng));
    const auto at = rng.below(text.size());
    const char piece = kPieces[rng.below(kPieces.size())];
    switch (rng.below(4)) {
      case 0:
        text.erase(at, 1);
        break;
      case 1:
        text.insert(at, 1, piece);
        break;
      case 2:
        text[at] = piece;
        break;
      default:
        text.resize(at);
    }
    const auto spec = decode(text);
    if (!spec) continue;
    ++read;
    ASSERT_EQ(encode(*spec), text) << seed;
  }
  EXPECT_GT(read, kCases / 20) << "the texts are too far away to prove anything";
}

TEST(SpecText, IsTotal) {
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    Rng rng(seed);
    std::string text;
    const auto size = rng.below(2 * kMaxSpecText);
    while (text.size() < size) text.push_back(static_cast<char>(rng.below(256)));
    const auto spec = decode(text);
    if (spec) {
      ASSERT_EQ(encode(*spec), text);
    } else {
      ASSERT_LE(spec.error().text.size(), 200u);
    }
  }
}

}  // namespace
}  // namespace derivd::market
