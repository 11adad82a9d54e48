// The contracts that a session follows and asks about.
#include <gtest/gtest.h>

#include "deriv/contract_streams.hpp"
#include "parts_rig.hpp"

namespace derivd::deriv::test {
namespace {

using core::ContractId;

struct ContractStreamsTest : testing::Test, PartRig {
  void pump() {
    streams.pump_streams(requests, now);
    streams.pump_polls(requests, now);
  }
  std::int64_t id_of_only() { return only()["req_id"].get<std::int64_t>(); }
  ContractStreams streams;
};

TEST_F(ContractStreamsTest, AContractIsFollowedByOneStream) {
  EXPECT_TRUE(streams.watch({7}));
  EXPECT_TRUE(streams.watch({7}));
  EXPECT_TRUE(streams.is_watched({7}));
  pump();
  const auto asked = only();
  EXPECT_EQ(asked["contract_id"], 7);
  EXPECT_EQ(asked["subscribe"], 1);
  pump();
  EXPECT_TRUE(sent().empty());
  streams.name_stream({7}, kStream);
  streams.name_stream({8}, kStream);
  EXPECT_EQ(streams.unwatch({7}), StreamId(kStream));
  EXPECT_FALSE(streams.is_watched({7}));
  EXPECT_EQ(streams.unwatch({7}), StreamId());
}

TEST_F(ContractStreamsTest, MoreThanTheVenuesStreamsAreRefused) {
  for (std::int64_t i = 1; i <= std::int64_t{ContractStreams::kMost}; ++i) {
    EXPECT_TRUE(streams.watch({i})) << i;
  }
  EXPECT_FALSE(streams.watch({1000}));
  EXPECT_TRUE(streams.watch({1})) << "that one is followed already";
  streams.unwatch({1});
  EXPECT_TRUE(streams.watch({1000}));
}

TEST_F(ContractStreamsTest, APollIsAskedOnceUntilItIsAnswered) {
  EXPECT_TRUE(streams.poll({7}));
  EXPECT_FALSE(streams.poll({7}));
  pump();
  const auto asked = only();
  EXPECT_EQ(asked["contract_id"], 7);
  EXPECT_FALSE(asked.contains("subscribe"));
  streams.drop_poll({7});
  EXPECT_TRUE(streams.poll({7}));
  for (std::int64_t i = 100; streams.poll({i}); ++i) ASSERT_LT(i, 1000);
  EXPECT_FALSE(streams.poll({5000})) << "there is a bound";
}

TEST_F(ContractStreamsTest, ANewLinkAsksForEverythingAndKnowsNoFormerStream) {
  EXPECT_TRUE(streams.watch({7}));
  EXPECT_TRUE(streams.poll({8}));
  pump();
  streams.name_stream({7}, kStream);
  sent();
  streams.restart();
  pump();
  EXPECT_EQ(sent().size(), 2U);
  EXPECT_EQ(streams.unwatch({7}), StreamId());
}

TEST_F(ContractStreamsTest, AStreamThatBreaksIsAskedForAgainAfterAWait) {
  EXPECT_TRUE(streams.watch({7}));
  EXPECT_TRUE(streams.watch({8}));
  pump();
  const auto asked = sent();
  ASSERT_EQ(asked.size(), 2U);
  const auto id = asked[1]["req_id"].get<std::int64_t>();
  streams.broke(id, requests, now);
  EXPECT_FALSE(streams.find(id)->wanted()) << "it does not run yet";
  answer(*streams.find(id));
  streams.broke(id, requests, now);
  pump();
  EXPECT_TRUE(sent().empty());
  pass(Requests::kFirstRetry);
  pump();
  EXPECT_EQ(only()["contract_id"], 8);
}

TEST_F(ContractStreamsTest, ATaskIsFoundByItsLastRequestAlone) {
  EXPECT_TRUE(streams.watch({7}));
  EXPECT_TRUE(streams.poll({7}));
  pump();
  const auto asked = sent();
  ASSERT_EQ(asked.size(), 2U);
  const auto stream = asked[0]["req_id"].get<std::int64_t>();
  const auto poll = asked[1]["req_id"].get<std::int64_t>();
  ASSERT_NE(streams.find(stream), nullptr);
  ASSERT_NE(streams.find(poll), nullptr);
  EXPECT_NE(streams.find(stream), streams.find(poll));
  streams.restart();
  pump();
  EXPECT_EQ(streams.find(stream), nullptr);
}

}  // namespace
}  // namespace derivd::deriv::test
