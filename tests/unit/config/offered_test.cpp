// Symbols that derivd does not know by itself, and contracts that the venue does not sell.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.hpp"
#include "engine/spec.hpp"

namespace derivd::config {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr core::VenueTime kAsked{1'795'996'800};  // 2026-11-30 00:00 UTC

market::Symbols learned() {
  market::ListedSymbol euro;
  euro.symbol.code = "frxEURUSD";
  euro.symbol.decimals = 5;
  euro.symbol.market = "forex";
  market::Offerings offerings;
  offerings.asked = kAsked;
  for (const auto* type : {"CALL", "PUT"}) {
    auto& offer = offerings.offers.emplace_back();
    offer.type = type;
    offer.length = market::Offer::Length::kTicks;
    offer.shortest = market::ContractDuration::parse("5t").value();
    offer.longest = market::ContractDuration::parse("10t").value();
  }
  return market::Symbols{}
      .with_list(std::vector{euro}, kAsked, "https://venue.test")
      .with_offerings("frxEURUSD", offerings);
}

std::string file(std::string_view type, std::string_view symbol, std::string_view duration) {
  return fmt::format(
      "venue: {{ app_id: x }}\nstrategies:\n  - name: one\n    type: {}\n    symbol: {}\n"
      "    contract: {{ duration: {} }}\n    staking: {{ plan: flat, base: 1.00 }}\n",
      type, symbol, duration);
}

Config loaded(const std::string& text, const market::Symbols& symbols = {}) {
  auto out = load_text(text, {}, symbols);
  if (const auto* problems = std::get_if<std::vector<Problem>>(&out)) {
    ADD_FAILURE() << format(problems->front(), "f");
    return {};
  }
  return std::get<Config>(out);
}

TEST(UnknownSymbol, IsAWarningBecauseTheVenueMayListIt) {
  const auto config = loaded(file("even_odd", "frxEURUSD", "1t"));
  ASSERT_THAT(config.warnings, SizeIs(1));
  EXPECT_EQ(format(config.warnings[0], "f"),
            "f:5:13: strategies[0].symbol: 'frxEURUSD' is not in derivd's own list of 2026-11-28: "
            "the venue is asked at the start (strategy one)");
  EXPECT_THAT(config.not_offered, IsEmpty());
  EXPECT_EQ(engine::symbol_of(config.engine.strategies[0]).decimals, 8);
}

TEST(UnknownSymbol, NamesTheNearestOfTheVenuesList) {
  const auto config = loaded(file("even_odd", "frxEURUSX", "1t"), learned());
  ASSERT_THAT(config.warnings, SizeIs(1));
  EXPECT_THAT(config.warnings[0].reason,
              HasSubstr("'frxEURUSX' is not in the venue's list of 2026-11-30 00:00 UTC (did you "
                        "mean 'frxEURUSD'?): the venue is asked at the start"));
}

TEST(UnknownSymbol, OneOfTheSnapshotThatTheVenueDroppedIsNamedToo) {
  const auto config = loaded(file("even_odd", "R_100", "1t"), learned());
  ASSERT_THAT(config.warnings, SizeIs(1));
  EXPECT_THAT(config.warnings[0].reason, HasSubstr("'R_100' is not in the venue's list"));
}

TEST(KnownSymbol, OfTheCacheHasItsDecimals) {
  const auto config = loaded(file("rise_fall", "frxEURUSD", "5t"), learned());
  EXPECT_THAT(config.warnings, IsEmpty());
  EXPECT_THAT(config.not_offered, IsEmpty());
  EXPECT_EQ(engine::symbol_of(config.engine.strategies[0]).decimals, 5);
  const auto finer =
      load_text(file("higher_lower", "frxEURUSD", "5t, barrier: 0.000001"), {}, learned());
  ASSERT_EQ(finer.index(), 1U);
  EXPECT_THAT(std::get<1>(finer)[0].reason, HasSubstr("frxEURUSD has 5 decimals"));
}

TEST(NotOffered, IsToldWithWhatIs) {
  const auto type = loaded(file("even_odd", "frxEURUSD", "1t"), learned()).not_offered;
  ASSERT_THAT(type, SizeIs(1));
  EXPECT_THAT(type[0].reason, HasSubstr("is not offered on frxEURUSD; offered: CALL, PUT (by the "
                                        "venue, asked 2026-11-30 00:00 UTC)"));
  EXPECT_TRUE(type[0].by_venue);
  const auto length = loaded(file("rise_fall", "frxEURUSD", "15s"), learned()).not_offered;
  ASSERT_THAT(length, SizeIs(1));
  EXPECT_THAT(length[0].reason,
              HasSubstr("of 15s is not offered on frxEURUSD; offered: 5t to 10t"));
  const auto crash = loaded(file("rise_fall", "CRASH500", "5t")).not_offered;
  ASSERT_THAT(crash, SizeIs(1));
  EXPECT_EQ(crash[0].key, "strategies[0].contract");
  EXPECT_EQ(crash[0].line, 6);
  EXPECT_THAT(crash[0].reason, HasSubstr("offered: ACCU, MULTUP, MULTDOWN (by derivd's own list"));
  EXPECT_FALSE(crash[0].by_venue);
}

}  // namespace
}  // namespace derivd::config
