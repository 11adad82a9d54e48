// What is learned comes back whole from the file, and what is damaged does not come back at all.
#include "common/symbol_cache.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace derivd::daemon {
namespace {

using ::testing::HasSubstr;

constexpr core::VenueTime kAsked{1'795'996'800};

market::Symbols learned() {
  market::ListedSymbol euro;
  euro.symbol.code = "frxEURUSD";
  euro.symbol.display_name = "EUR/USD";
  euro.symbol.market = "forex";
  euro.symbol.submarket = "major_pairs";
  euro.symbol.decimals = 5;
  euro.is_open = false;
  market::ListedSymbol index;
  index.symbol.code = "R_100";
  index.symbol.market = "synthetic_index";
  index.symbol.decimals = 2;
  index.is_suspended = true;
  market::Offerings offerings;
  offerings.asked = kAsked;
  auto& offer = offerings.offers.emplace_back();
  offer.type = "ACCU";
  offer.length = market::Offer::Length::kIntraday;
  offer.shortest = market::ContractDuration::parse("15s").value();
  offer.longest = market::ContractDuration::parse("1d").value();
  offer.barriers = 2;
  offer.barrier = "+0.10";
  offer.barrier2 = "-0.10";
  offer.growth_rates = {core::Decimal::parse("0.01").value(), core::Decimal::parse("0.05").value()};
  offer.multipliers = {40, 65535};
  offer.cancellations = {market::ContractDuration::parse("5m").value()};
  offer.barrier_choices = {"1.5", "-2"};
  offer.payout_choices = {core::Decimal::parse("4.5").value()};
  offer.min_stake = core::Decimal::parse("0.35").value();
  offer.max_payout = core::Decimal::parse("50000").value();
  market::TradingHours hours(
      {kAsked.s}, {kAsked.s + 86'400},
      {{{kAsked.s + 10}, {kAsked.s + 20}}, {{kAsked.s + 30}, {kAsked.s + 40}}}, "Christmas Day");
  return market::Symbols{}
      .with_list(std::vector{euro, index}, kAsked, "https://venue.test")
      .with_offerings("frxEURUSD", offerings)
      .with_hours("frxEURUSD", hours);
}

TEST(SymbolCache, ComesBackWhole) {
  const auto before = learned();
  const auto text = write_symbols(before);
  const auto after = read_symbols(text);
  ASSERT_TRUE(after) << after.error().text;
  EXPECT_EQ(after->asked(), kAsked);
  EXPECT_EQ(after->venue(), "https://venue.test");
  EXPECT_EQ(*after->offerings("frxEURUSD"), *before.offerings("frxEURUSD"));
  EXPECT_EQ(*after->hours("frxEURUSD"), *before.hours("frxEURUSD"));
  EXPECT_EQ(after->find("frxEURUSD")->display_name, "EUR/USD");
  EXPECT_EQ(after->find("frxEURUSD")->decimals, 5);
  EXPECT_FALSE(after->listed("frxEURUSD")->is_open);
  EXPECT_TRUE(after->listed("R_100")->is_suspended);
  EXPECT_EQ(write_symbols(*after), text);
}

TEST(SymbolCache, EachFlippedByteIsFound) {
  const auto text = write_symbols(learned());
  for (std::size_t i = 0; i < text.size(); i += 7) {
    auto damaged = text;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_FALSE(read_symbols(damaged)) << "byte " << i;
  }
  for (const auto size : {std::size_t{0}, std::size_t{10}, text.size() / 2, text.size() - 1}) {
    EXPECT_FALSE(read_symbols(text.substr(0, size))) << size;
  }
}

class SymbolCacheFile : public ::testing::Test {
 protected:
  SymbolCacheFile() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "derivd-symbols-XXXXXX").string();
    place = ::mkdtemp(pattern.data());
  }
  ~SymbolCacheFile() override { std::filesystem::remove_all(place); }
  std::string place;
};

TEST_F(SymbolCacheFile, IsWrittenByTheKeeperBeforeItLeaves) {
  {
    SymbolKeeper keeper(place);
    keeper.keep(market::Symbols{});  // nothing was learned: nothing to keep
    keeper.keep(learned());
  }
  const auto cached = load_symbols(place);
  EXPECT_EQ(cached.problem, "");
  ASSERT_NE(cached.symbols.find("frxEURUSD"), nullptr);
  EXPECT_EQ(cached.symbols.find("frxEURUSD")->decimals, 5);
}

TEST_F(SymbolCacheFile, ThatIsDamagedIsToldAndLeftOut) {
  EXPECT_EQ(load_symbols(place).problem, "") << "none is no damage";
  std::ofstream(place + "/symbols.json") << write_symbols(learned()).replace(30, 1, "x");
  const auto cached = load_symbols(place);
  EXPECT_THAT(cached.problem, HasSubstr("symbols.json is left out: "));
  EXPECT_FALSE(cached.symbols.is_learned());
  EXPECT_NE(cached.symbols.find("R_100"), nullptr);
  EXPECT_EQ(load_symbols({}).problem, "");
  EXPECT_EQ(load_symbols(place + "/nowhere").problem, "");
}

}  // namespace
}  // namespace derivd::daemon
