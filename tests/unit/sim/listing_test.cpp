// Symbols that a file adds to the simulated venue: read strictly, and closed when they are closed.
#include "sim/listing.hpp"

#include <gmock/gmock.h>

#include "unit/sim/sim_fixture.hpp"

namespace derivd::sim::test {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kEuro =
    R"({"code":"frxEURUSD","name":"EUR/USD","market":"forex",)"
    R"("decimals":5,"price":1.08,"offers":["CALL","PUT"],)"
    R"("open":["00:00-20:55"],"days":["Mon","Tue","Wed","Thu","Fri"],)"
    R"("holidays":{"2026-12-25":"Christmas Day"}})";

core::Result<std::vector<Listing>> listings(std::string_view rows) {
  return read_listings(Json::parse(fmt::format(R"({{"symbols":[{}]}})", rows)).value());
}
std::string refused(std::string_view row) {
  const auto read = listings(row);
  return read ? "read" : read.error().text;
}

TEST(Listings, AreOpenOnTheirDaysAndHours) {
  const auto read = listings(kEuro);
  ASSERT_TRUE(read) << read.error().text;
  const auto& euro = read->at(0);
  EXPECT_EQ(euro.info.decimals, 5);
  EXPECT_FALSE(euro.info.has_digits);
  EXPECT_TRUE(euro.offers_type("CALL"));
  EXPECT_FALSE(euro.offers_type("DIGITODD"));
  constexpr std::int64_t kMonday = 1'795'996'800;  // 2026-11-30
  EXPECT_TRUE(euro.is_open({kMonday}));
  EXPECT_TRUE(euro.is_open({kMonday + 20 * 3600 + 55 * 60 - 1}));
  EXPECT_FALSE(euro.is_open({kMonday + 20 * 3600 + 55 * 60}));
  EXPECT_FALSE(euro.is_open({kMonday - 1})) << "Sunday";
  EXPECT_FALSE(euro.is_open({kMonday + 25 * 86'400})) << "Christmas";
}

TEST(Listings, ThatAreWrongNameTheSymbolAndWhatIsAllowed) {
  EXPECT_EQ(refused(R"({"code":"x y"})"),
            "a symbol: code; allowed: 2 to 30 letters, digits and '_'");
  EXPECT_EQ(refused(R"({"code":"R_100","market":"forex","price":1})"),
            "R_100: is listed already; leave it out");
  EXPECT_THAT(refused(R"({"code":"ABC","market":"forex"})"),
              HasSubstr("ABC: price; allowed: a number above 0"));
  EXPECT_THAT(refused(R"({"code":"ABC","market":"forex","price":1,"colour":2})"),
              HasSubstr("colour; allowed: code"));
  EXPECT_THAT(refused(R"({"code":"ABC","market":"forex","price":1,"decimals":9})"),
              HasSubstr("0 to 8"));
  EXPECT_THAT(refused(R"({"code":"ABC","market":"forex","price":1,"open":["20:00-10:00"]})"),
              HasSubstr("rising spans"));
  EXPECT_THAT(refused(R"({"code":"ABC","market":"forex","price":1,"offers":["BET"]})"),
              HasSubstr("contract types"));
  EXPECT_EQ(refused(fmt::format("{},{}", kEuro, kEuro)),
            "frxEURUSD: is listed already; leave it out");
}

TEST(Listings, AreServedWithTheirHoursAndOffersFromTheirMomentOn) {
  auto options = Sim::defaults();
  options.listings = listings(R"({"code":"ABC","market":"forex","price":1.5,"decimals":4,)"
                              R"("offers":["CALL"],"listed_after":10})")
                         .value();
  Sim sim(std::move(options));
  const auto c = sim.open_public();
  EXPECT_EQ(code(sim.call(c, {{"contracts_for", "ABC"}})), "OfferingsInvalidSymbol");
  sim.advance(15);
  const auto offers = sim.call(c, {{"contracts_for", "ABC"}})["contracts_for"]["available"];
  ASSERT_FALSE(offers.empty());
  for (const auto& o : offers) EXPECT_EQ(o["market"], "forex");
  EXPECT_EQ(code(sim.call(c, {{"ticks", "ABC"}})), "");
  const auto times = sim.call(c, {{"trading_times", "2030-01-01"}});
  EXPECT_EQ(code(times), "InvalidDate") << "too far from the simulated today";
}

}  // namespace
}  // namespace derivd::sim::test
