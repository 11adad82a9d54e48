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

TEST(Utc, ADayIsReadWholeOrNotAtAll) {
  EXPECT_EQ(utc_date("2000-02-29"), VenueTime{951782400});
  EXPECT_EQ(utc_date("2026-12-31"), VenueTime{1798675200});
  for (const auto* no : {"", "2026-02-29", "2026-13-01", "2026-1-01", "26-01-01", "2026/01/01",
                         "2026-01-01T", "2026-01-0x", "+026-01-01"}) {
    EXPECT_FALSE(utc_date(no)) << no;
  }
}

}  // namespace
}  // namespace derivd::core
