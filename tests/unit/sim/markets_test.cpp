// Markets without a venue: what is published in a second, and what faults make of it.
#include "sim/markets.hpp"

#include <gtest/gtest.h>

#include "sim_fixture.hpp"

namespace derivd::sim::test {
namespace {

constexpr std::uint8_t kIndexDecimals = 2;

class OneSymbol : public ::testing::Test {
 protected:
  static Feed::Options one() {
    Feed::Options o;
    o.start = {kStart};
    o.gbm = false;
    o.replays = {replay("R_100", kStart, {100'00, 100'01, 100'02, 100'03, 100'04, 100'05}, 2)};
    return o;
  }
  void order(std::string_view what) {
    const auto ok = faults_.add(
        *Json::parse(fmt::format(R"({{"when":{{"direction":"tick","nth":1}},"do":"{}"}})", what)));
    ASSERT_TRUE(ok) << ok.error().text;
  }
  std::optional<Markets::Published> at(std::int64_t second) {
    return markets_.publish(0, {kStart + second}, faults_);
  }
  bool closed(std::int64_t second) const { return markets_.closed(0, {kStart + second}); }

  Faults faults_{1};
  Markets markets_{one()};
};

TEST_F(OneSymbol, PublishesWhatIsDueAndKeepsIt) {
  const auto first = at(0);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->tick.quote, core::Price::raw(100'00, kIndexDecimals));
  EXPECT_EQ(first->shown.epoch, first->tick.epoch);
  EXPECT_EQ(first->copies, 1);
  EXPECT_EQ(markets_.last(0)->epoch.s, kStart);
  EXPECT_FALSE(at(1)) << "every other second";
  EXPECT_TRUE(at(2));
  EXPECT_EQ(markets_.feed().history(0).size(), 2U);
}

TEST_F(OneSymbol, IsClosedByAFaultForAsLongAsItSays) {
  order("close_market 3");
  EXPECT_FALSE(at(0));
  EXPECT_TRUE(markets_.feed().history(0).empty()) << "the tick that closed it never was";
  EXPECT_TRUE(closed(2));
  EXPECT_FALSE(closed(3));
  EXPECT_FALSE(at(2));
  EXPECT_TRUE(at(4));
}

TEST_F(OneSymbol, ShowsNobodyTheTicksThatAFaultSwallows) {
  order("skip_ticks 2");
  EXPECT_EQ(at(0)->copies, 0);
  EXPECT_EQ(at(2)->copies, 0);
  EXPECT_EQ(at(4)->copies, 1);
  EXPECT_EQ(markets_.feed().history(0).size(), 3U) << "contracts go by all of them";
}

TEST_F(OneSymbol, ShowsATickTwiceOrWithALaterTime) {
  order("repeat_tick");
  order("jump_tick 60");
  const auto tick = at(0);
  EXPECT_EQ(tick->copies, 2);
  EXPECT_EQ(tick->shown.epoch.s, kStart + 60);
  EXPECT_EQ(tick->tick.epoch.s, kStart);
  EXPECT_EQ(markets_.last(0)->epoch.s, kStart);
}

TEST_F(OneSymbol, ReopensAsIfNothingHadBeenOrdered) {
  order("skip_ticks 5");
  EXPECT_EQ(at(0)->copies, 0);
  faults_.clear();
  order("close_market 1000");
  EXPECT_FALSE(at(2));
  EXPECT_TRUE(closed(3));
  markets_.reopen();
  EXPECT_FALSE(closed(3));
  EXPECT_EQ(at(4)->copies, 1);
}

TEST_F(OneSymbol, IsClosedForGoodOnceItsFileHasEnded) {
  for (std::int64_t s = 0; s <= 10; ++s) (void)at(s);
  EXPECT_FALSE(closed(12));
  EXPECT_TRUE(closed(13));
}

TEST_F(OneSymbol, ASecondIsAskedForOnce) {
  (void)at(0);
  EXPECT_DEATH((void)at(0), "second by second");
  EXPECT_DEATH((void)markets_.publish(1, {kStart + 1}, faults_), "no such symbol");
  EXPECT_DEATH((void)markets_.index_of("R_50"), "no such symbol");
}

TEST(Markets, ListASymbolFromItsTimeOn) {
  Feed::Options o;
  o.start = {kStart};
  o.listings = read_listings(
                   *Json::parse(R"({"symbols":[{"code":"cryBTCUSD","name":"Bitcoin",)"
                                R"("market":"cryptocurrency","price":60000,"listed_after":300}]})"))
                   .value();
  const Markets markets(std::move(o));
  EXPECT_FALSE(markets.listed("cryBTCUSD", {kStart + 299}));
  EXPECT_EQ(markets.listed("cryBTCUSD", {kStart + 300}), markets.index_of("cryBTCUSD"));
  EXPECT_TRUE(markets.listed("R_100", {kStart}));
  EXPECT_FALSE(markets.listed("R_1000", {kStart}));
  EXPECT_NE(markets.symbols().find("cryBTCUSD"), nullptr);
}

}  // namespace
}  // namespace derivd::sim::test
