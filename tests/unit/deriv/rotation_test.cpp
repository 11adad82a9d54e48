// The going over to another token, another address, or both: what is in use at each step.
#include <gtest/gtest.h>

#include "deriv/rotation.hpp"

namespace derivd::deriv {
namespace {

struct RotationTest : testing::Test {
  RotationTest() {
    settings.token = core::Secret("old");
    settings.endpoint = "https://old.test";
  }
  std::string_view token() const { return settings.token.reveal(); }
  static VenueAddress at(const char* endpoint) { return {endpoint, "app", ""}; }

  SessionSettings settings;
  Rotation rotation{settings};
};

TEST_F(RotationTest, WhatIsWantedIsUsedOnlyOnceItIsTried) {
  EXPECT_FALSE(rotation.want_token(core::Secret("new")));
  EXPECT_TRUE(rotation.waits());
  EXPECT_TRUE(rotation.has_token());
  EXPECT_EQ(token(), "old");
  EXPECT_FALSE(rotation.try_it()) << "no address is among it";
  EXPECT_FALSE(rotation.waits());
  EXPECT_TRUE(rotation.tries());
  EXPECT_FALSE(rotation.tries_venue());
  EXPECT_EQ(token(), "new");
  const auto asked = rotation.finish();
  EXPECT_TRUE(asked.token);
  EXPECT_FALSE(asked.venue);
  EXPECT_EQ(token(), "new");
  EXPECT_FALSE(rotation.tries() || rotation.waits() || rotation.has_token());
}

TEST_F(RotationTest, BothGoOverTogetherAndBackTogether) {
  EXPECT_FALSE(rotation.want_token(core::Secret("new")));
  EXPECT_FALSE(rotation.want_venue(at("https://new.test")));
  EXPECT_TRUE(rotation.try_it());
  EXPECT_TRUE(rotation.tries_venue());
  EXPECT_EQ(token(), "new");
  EXPECT_EQ(settings.endpoint, "https://new.test");
  EXPECT_EQ(settings.app_id, "app");
  EXPECT_TRUE(rotation.go_back());
  EXPECT_FALSE(rotation.tries());
  EXPECT_EQ(token(), "old");
  EXPECT_EQ(settings.endpoint, "https://old.test");
  EXPECT_EQ(settings.app_id, "");
  EXPECT_TRUE(rotation.has_token()) << "its verdict is still owed";
  const auto asked = rotation.finish();
  EXPECT_TRUE(asked.token && asked.venue);
  EXPECT_EQ(token(), "old");
}

TEST_F(RotationTest, WhatComesWhileSomethingIsTriedIsInUseAtOnceAndTheWayBackIsTheFirst) {
  EXPECT_FALSE(rotation.want_venue(at("https://second.test")));
  EXPECT_TRUE(rotation.try_it());
  EXPECT_TRUE(rotation.want_venue(at("https://third.test")));
  EXPECT_EQ(settings.endpoint, "https://third.test");
  EXPECT_TRUE(rotation.want_token(core::Secret("new")));
  EXPECT_EQ(token(), "new");
  EXPECT_TRUE(rotation.go_back());
  EXPECT_EQ(settings.endpoint, "https://old.test") << "the one that is proven, not the second";
  EXPECT_EQ(token(), "old");
}

TEST_F(RotationTest, AnAddressThatComesWhileATokenIsTriedHasAWayBackToo) {
  EXPECT_FALSE(rotation.want_token(core::Secret("new")));
  EXPECT_FALSE(rotation.try_it());
  EXPECT_TRUE(rotation.want_venue(at("https://new.test")));
  EXPECT_TRUE(rotation.tries_venue());
  EXPECT_TRUE(rotation.go_back());
  EXPECT_EQ(settings.endpoint, "https://old.test");
  EXPECT_EQ(token(), "old");
}

TEST_F(RotationTest, ALaterAddressReplacesTheOneThatWaits) {
  EXPECT_FALSE(rotation.want_venue(at("https://second.test")));
  EXPECT_FALSE(rotation.want_venue(at("https://third.test")));
  EXPECT_TRUE(rotation.try_it());
  EXPECT_EQ(settings.endpoint, "https://third.test");
}

TEST_F(RotationTest, WhatWaitsIsGivenUpWithoutEverBeingUsed) {
  EXPECT_FALSE(rotation.want_token(core::Secret("new")));
  EXPECT_TRUE(rotation.finish().token);
  EXPECT_EQ(token(), "old");
  EXPECT_FALSE(rotation.waits());
  EXPECT_FALSE(rotation.want_token(core::Secret("newer"))) << "and another one may come";
}

using RotationDeathTest = RotationTest;

TEST_F(RotationDeathTest, NeverGoesOverToNothingNorToTwoTokens) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_DEATH(static_cast<void>(rotation.try_it()), "only what is wanted is tried");
  EXPECT_DEATH(static_cast<void>(rotation.go_back()), "only from what is tried");
  EXPECT_FALSE(rotation.want_token(core::Secret("new")));
  EXPECT_DEATH(static_cast<void>(rotation.want_token(core::Secret("third"))),
               "one token at a time");
}

}  // namespace
}  // namespace derivd::deriv
