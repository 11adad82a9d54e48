#include "core/utc.hpp"

#include <gtest/gtest.h>

namespace derivd::core {
namespace {

TEST(Utc, HasTheFormsThatPeopleRead) {
  EXPECT_EQ(utc_iso({1795894343}), "2026-11-28T19:32:23Z");
  EXPECT_EQ(utc_time({1795894343}), "2026-11-28 19:32:23");
  EXPECT_EQ(utc_iso({0}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(utc_iso({951782400}), "2000-02-29T00:00:00Z");
}

}  // namespace
}  // namespace derivd::core
