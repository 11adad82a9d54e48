#include "core/time_zone.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/rng.hpp"
#include "unit/core/tzif.hpp"

namespace derivd::core {
namespace {

using test::tzif;
using test::zone_of;

constexpr std::int32_t kHour = 3600;
// 2026-03-29 01:00 and 2026-10-25 01:00 UTC: the clocks of Berlin go forward and back.
constexpr std::int64_t kForward = 1'774'746'000;
constexpr std::int64_t kBack = 1'792'890'000;

std::string refused(std::string_view bytes) {
  const auto zone = TimeZone::read("x", bytes);
  return zone ? "read" : zone.error().text;
}

TEST(Zone, ChangesByTheRuleOfItsLastLine) {
  const auto berlin = test::berlin();
  EXPECT_EQ(berlin->name(), "Europe/Berlin");
  EXPECT_EQ(berlin->offset_at({kForward - 1}), kHour);
  EXPECT_EQ(berlin->offset_at({kForward}), 2 * kHour);
  EXPECT_EQ(berlin->offset_at({kBack - 1}), 2 * kHour);
  EXPECT_EQ(berlin->offset_at({kBack}), kHour);
  EXPECT_EQ(berlin->next_change({kForward - 1}), VenueTime{kForward});
  EXPECT_EQ(berlin->next_change({kForward}), VenueTime{kBack});
  const std::int64_t last = 4'096'569'600;  // 2099-10-25 00:00 UTC
  EXPECT_EQ(berlin->next_change({last}), VenueTime{last + kHour});
  EXPECT_EQ(berlin->next_change({last + kHour}), std::nullopt);
}

TEST(Zone, WithoutARuleStaysAtItsLastOffset) {
  const auto text = tzif({-5 * kHour, kHour, 2 * kHour}, {{1000, 1}, {2000, 2}}, "");
  const auto zone = TimeZone::read("x", text).value();
  EXPECT_EQ(zone.offset_at({999}), -5 * kHour);
  EXPECT_EQ(zone.offset_at({1000}), kHour);
  EXPECT_EQ(zone.offset_at({2000}), 2 * kHour);
  EXPECT_EQ(zone.offset_at({4'000'000'000}), 2 * kHour);
  EXPECT_EQ(zone.next_change({2000}), std::nullopt);
  // One that changes its name alone does not change.
  EXPECT_EQ(TimeZone::read("x", tzif({0, 0}, {{1000, 1}}, "")).value().next_change({0}),
            std::nullopt);
}

TEST(Zone, TheRuleHoldsBehindTheLastChangeOfTheTable) {
  // The table ends in summer; what the rule says of springs before it is past.
  const auto text = tzif({0, 2 * kHour}, {{kForward, 1}}, "CET-1CEST,M3.5.0,M10.5.0/3");
  const auto zone = TimeZone::read("x", text).value();
  EXPECT_EQ(zone.offset_at({kForward - 86'400 * 200}), 0);
  EXPECT_EQ(zone.offset_at({kForward}), 2 * kHour);
  EXPECT_EQ(zone.next_change({kForward}), VenueTime{kBack});
}

TEST(Zone, ReadsEveryFormOfARule) {
  // South of the equator, half an hour, a name in brackets, hours below 0 and above 24, and both
  // counts of days; the moments by the C library's own reading below.
  for (const auto* rule :
       {"AEST-10AEDT,M10.1.0,M4.1.0/3", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
        "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "EET-2EEST,M3.4.4/50,M10.4.4/50", "UTC0",
        "AAA3BBB,J60/2,J300/2:30:15", "AAA3BBB,59/2,299/2", "IST-1GMT0,M10.5.0,M3.5.0/1"}) {
    const auto zone = zone_of("x", rule);
    ASSERT_EQ(::setenv("TZ", rule, 1), 0);
    ::tzset();
    Rng rng(7);
    for (int i = 0; i < 2000; ++i) {
      const auto at = static_cast<std::time_t>(rng.below(4'102'444'800));
      std::tm there{};
      ::localtime_r(&at, &there);
      ASSERT_EQ(zone->offset_at({at}), there.tm_gmtoff) << rule << " at " << at;
    }
  }
  ::unsetenv("TZ");
  ::tzset();
}

TEST(Zone, ThatIsBrokenIsRefused) {
  const auto good = tzif({0, kHour}, {{1000, 1}}, "CET-1");
  EXPECT_EQ(refused(good), "read");
  EXPECT_NE(refused(""), "read");
  EXPECT_NE(refused("TZif"), "read");
  auto first = good;
  first[4] = '\0';
  EXPECT_NE(refused(first), "read") << "version 1 has no times behind 2038";
  for (std::size_t size = 0; size < good.size(); ++size) {
    ASSERT_NE(refused(good.substr(0, size)), "read") << size;
  }
  EXPECT_NE(refused(tzif({0}, {{1000, 1}}, "")), "read") << "an offset that it does not have";
  EXPECT_NE(refused(tzif({0, 1}, {{1000, 1}, {1000, 0}}, "")), "read") << "not in order";
  EXPECT_NE(refused(tzif({}, {}, "CET-1")), "read") << "no offset at all";
  EXPECT_NE(refused(tzif({27 * kHour}, {}, "")), "read") << "more than a day";
  for (const auto* rule : {"C", "CET", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M3.6.0,M10.5.0",
                           "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0",
                           "CET-1CEST,M3.5.0,M10.5.0x", "CET-25", "<+1-1", "CET-1CEST,J0,J366"}) {
    EXPECT_NE(refused(tzif({0}, {}, rule)), "read") << rule;
  }
}

TEST(Zone, BytesAtRandomNeverHarm) {
  const auto good = tzif({0, kHour, -kHour}, {{1000, 1}, {2000, 2}}, "CET-1CEST,M3.5.0,M10.5.0/3");
  Rng rng(3);
  int read = 0;
  for (int i = 0; i < 5000; ++i) {
    auto text = good;
    for (std::uint64_t n = 1 + rng.below(3); n > 0; --n) {
      text[rng.below(text.size())] = static_cast<char>(rng.below(256));
    }
    const auto zone = TimeZone::read("x", text);
    read += zone ? 1 : 0;
    if (!zone) continue;
    ASSERT_LE(std::abs(zone->offset_at({static_cast<std::int64_t>(rng.below(5'000'000'000))})),
              26 * kHour);
  }
  EXPECT_GT(read, 250);
}

// The other reading of the same files: the C library's.
TEST(ZonesOfTheSystem, SayWhatTheCLibrarySays) {
  const std::filesystem::path folder = "/usr/share/zoneinfo";
  if (!std::filesystem::exists(folder / "Europe/Berlin")) {
    GTEST_SKIP() << "SKIPPED: no tzdata in " << folder;
  }
  Rng rng(11);
  int zones = 0;
  for (const auto* name :
       {"Europe/Berlin", "Europe/London", "Europe/Dublin", "America/New_York", "America/Sao_Paulo",
        "America/Scoresbysund", "Australia/Lord_Howe", "Africa/Casablanca", "Africa/Cairo",
        "Asia/Gaza", "Asia/Kolkata", "Asia/Tehran", "Pacific/Apia", "Asia/Singapore", "Etc/UTC"}) {
    const auto path = folder / name;
    if (!std::filesystem::exists(path)) continue;
    ++zones;
    std::ifstream in(path, std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(in), {});
    const auto zone = TimeZone::read(name, bytes);
    ASSERT_TRUE(zone) << name << ": " << zone.error().text;
    ASSERT_EQ(::setenv("TZ", (":" + std::string(name)).c_str(), 1), 0);
    ::tzset();
    for (int i = 0; i < 3000; ++i) {
      const auto at = static_cast<std::time_t>(rng.below(4'102'444'800));
      std::tm there{};
      ::localtime_r(&at, &there);
      ASSERT_EQ(zone->offset_at({at}), there.tm_gmtoff) << name << " at " << at;
    }
    // Around each change of twenty years.
    auto change = zone->next_change({1'700'000'000});
    for (int i = 0; change && i < 40; ++i, change = zone->next_change(*change)) {
      for (const std::time_t at : {change->s - 1, change->s}) {
        std::tm there{};
        ::localtime_r(&at, &there);
        ASSERT_EQ(zone->offset_at({at}), there.tm_gmtoff) << name << " at " << at;
      }
    }
  }
  ::unsetenv("TZ");
  ::tzset();
  EXPECT_GE(zones, 10);
}

}  // namespace
}  // namespace derivd::core
