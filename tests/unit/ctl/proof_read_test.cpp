#include "derivctl/proof_read.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace derivd::ctl {
namespace {

using core::Money;
using nlohmann::json;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

ReadAs as(deriv::Dialect dialect = deriv::Dialect::kOptions) {
  return {dialect, *market::find_symbol("R_100")};
}
proof::Request request(std::string_view spec) {
  return {*market::decode(spec), Money::minor(10'00)};
}

json offer() {
  return json::parse(R"({"proposal":{"ask_price":10,"payout":19.53,"spot":342.1,
    "spot_time":1790000000,"date_start":1790000001,"id":"x","longcode":"Win payout if",
    "validation_params":{"stake":{"min":"0.35","max":"100"}}},"req_id":1000000000})");
}

TEST(ProofRead, AnOfferExactly) {
  const auto answer = read_answer(request("DIGITEVEN R_100 1t"), offer(), as());
  ASSERT_TRUE(answer.offer);
  EXPECT_THAT(answer.missing, IsEmpty());
  EXPECT_EQ(answer.offer->ask, Money::minor(10'00));
  EXPECT_EQ(answer.offer->payout, Money::minor(19'53));
  EXPECT_EQ(answer.offer->spot, core::Price::raw(34'210, 2));
  EXPECT_EQ(answer.offer->min_stake, (core::Decimal{35, 2}));
}

TEST(ProofRead, NamesWhatIsMissingAndWhatCannotBeRead) {
  auto message = offer();
  message["proposal"].erase("spot_time");
  message["proposal"]["validation_params"] = nullptr;
  const auto less = read_answer(request("DIGITEVEN R_100 1t"), message, as());
  EXPECT_TRUE(less.offer);
  EXPECT_THAT(less.missing, testing::ElementsAre("spot_time", "validation_params.stake.min"));
  EXPECT_THAT(read_answer(request("MULTUP R_100 - multiplier=100"), offer(), as()).missing,
              Contains("limit_order.stop_out.order_amount"));
  for (const auto& [name, value] : {std::pair<const char*, json>("ask_price", "ten"),
                                    {"payout", 19.534},
                                    {"spot", json::array()},
                                    {"date_start", -1},
                                    {"ask_price", 0}}) {
    auto bad = offer();
    bad["proposal"][name] = value;
    const auto answer = read_answer(request("DIGITEVEN R_100 1t"), bad, as());
    EXPECT_FALSE(answer.offer) << name;
    EXPECT_FALSE(answer.refusal.empty()) << name;
  }
  const auto refused =
      json::parse(R"({"error":{"code":"RateLimit","message":"too\u001bmany"},"req_id":1})");
  EXPECT_EQ(read_answer(request("DIGITEVEN R_100 1t"), refused, as()).refusal.substr(0, 10),
            "RateLimit:");
  EXPECT_THAT(read_answer(request("DIGITEVEN R_100 1t"), refused, as()).refusal,
              Not(HasSubstr("\x1b")));
  EXPECT_FALSE(read_answer(request("DIGITEVEN R_100 1t"), json(5), as()).offer);
}

TEST(ProofRead, ACourseInEitherDialect) {
  const auto running = json::parse(R"({"proposal_open_contract":{"contract_id":7,
    "date_start":1790000001,"entry_tick_time":1790000002,"is_sold":0,"is_valid_to_sell":1,
    "bid_price":"0.34","current_spot_time":1790000004}})");
  proof::Course course;
  EXPECT_TRUE(read_contract(running, as(deriv::Dialect::kV3), course));
  EXPECT_FALSE(is_over(running));
  EXPECT_EQ(course.entry, core::VenueTime{1'790'000'002});
  ASSERT_EQ(course.bids.size(), 1U);
  EXPECT_EQ(course.bids[0].amount, Money::minor(34));
  const auto over = json::parse(R"({"proposal_open_contract":{"contract_id":7,"is_sold":1,
    "sell_price":0.69,"exit_spot_time":1790000006,"barrier":"342.10"}})");
  EXPECT_TRUE(read_contract(over, as(), course));
  EXPECT_TRUE(is_over(over));
  EXPECT_EQ(course.paid, Money::minor(69));
  EXPECT_EQ(course.exit, core::VenueTime{1'790'000'006});
  EXPECT_EQ(course.level, core::Price::raw(34'210, 2));
  EXPECT_THAT(course.missing, Contains("entry_spot_time"));
  EXPECT_EQ(course.entry, core::VenueTime{1'790'000'002}) << "what was told stays";
  EXPECT_FALSE(read_contract(json::parse(R"({"proposal_open_contract":{}})"), as(), course));
  EXPECT_FALSE(read_contract(json(), as(), course));
}

TEST(ProofRead, TheShareOfAnAccumulatorByItsShortcode) {
  const auto shown = [](const char* shortcode) {
    proof::Course course;
    course.bought = request("ACCU R_100 - growth=0.05");
    json message = {{"proposal_open_contract", {{"contract_id", 7}, {"shortcode", shortcode}}}};
    EXPECT_TRUE(read_contract(message, as(), course));
    return course.share;
  };
  EXPECT_EQ(shown("ACCU_R_100_1.00_0_0.05_1_0.000486227_1790000000"),
            (core::Decimal{486'227, 9}));
  for (const auto* other :
       {"ACCU_R_100_1.95_1790000000_5T_S0P_0", "ACCU_R_50_1.00_0_0.05_1_0.0004_1790000000", "ACCU",
        "ACCU_R_100_1.00_0_0.05_1", "ACCU_R_100_1.00_0_0.05_1_-1_1790000000", ""}) {
    EXPECT_FALSE(shown(other)) << other;
  }
  proof::Course digit;
  digit.bought = request("DIGITEVEN R_100 1t");
  const auto message = json::parse(R"({"proposal_open_contract":{"contract_id":7,
    "shortcode":"DIGITEVEN_R_100_1.00_0_0.05_1_0.0004_1790000000"}})");
  EXPECT_TRUE(read_contract(message, as(), digit));
  EXPECT_FALSE(digit.share) << "of accumulators alone";
}

TEST(ProofRead, TicksInTheirOrder) {
  const auto history = json::parse(
      R"({"history":{"times":[4,2,"6",8],"prices":[342.1,342.2,"342.30",0]},"pip_size":2})");
  const auto ticks = read_ticks(history, as());
  ASSERT_EQ(ticks.size(), 3U);
  EXPECT_EQ(ticks[0].epoch.s, 2);
  EXPECT_EQ(ticks[2].quote, core::Price::raw(34'230, 2));
  EXPECT_EQ(read_ticks(json::parse(R"({"tick":{"epoch":9,"quote":342.15}})"), as()).size(), 1U);
  EXPECT_THAT(read_ticks(json::parse(R"({"tick":{"epoch":9,"quote":342.155}})"), as()), IsEmpty());
}

TEST(ProofRead, KeepsNothingThatNamesTheAccount) {
  const auto message = json::parse(R"({"buy":{"contract_id":7,"balance_after":99.65,
    "longcode":"Win payout if account DEMO77 says so"},"echo_req":{"passthrough":{"x":1},
    "list":[{"loginid":"DEMO77","email":"a@b.c","stake":1},"DEMO77DEMO77"]}})");
  const auto kept = redacted(message, "DEMO77").dump();
  for (const auto* word : {"DEMO77", "a@b.c", "99.65", "passthrough", "loginid"}) {
    EXPECT_THAT(kept, Not(HasSubstr(word)));
  }
  EXPECT_THAT(kept, HasSubstr("\"contract_id\":7"));
  EXPECT_THAT(kept, HasSubstr("\"stake\":1"));
  json deep = 1;
  for (int n = 0; n < 200; ++n) deep = json::array({deep});
  EXPECT_LT(redacted(deep, "DEMO77").dump().size(), 200U);
}

}  // namespace
}  // namespace derivd::ctl
