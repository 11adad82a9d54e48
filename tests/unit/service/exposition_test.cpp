#include "service/exposition.hpp"

#include <gtest/gtest.h>

namespace derivd::service {
namespace {

using Type = Exposition::Type;

TEST(Exposition, WritesFamiliesWithTheirSamples) {
  Exposition out;
  out.family("x_total", Type::kCounter, "How many.");
  out.sample({{"a", "1"}, {"b", "two"}}, std::uint64_t{18'000'000'000'000'000'000u});
  out.family("y", Type::kGauge, "How much.");
  out.sample({}, std::int64_t{-3});
  EXPECT_EQ(out.text(),
            "# HELP x_total How many.\n# TYPE x_total counter\n"
            "x_total{a=\"1\",b=\"two\"} 18000000000000000000\n"
            "# HELP y How much.\n# TYPE y gauge\ny -3\n");
}

TEST(Exposition, MoneyAndTimesAreExact) {
  Exposition out;
  out.family("m", Type::kGauge, "Money.");
  out.sample({}, core::Money::minor(-964));
  out.sample({}, core::Money::minor(12'345'678'901'234'56));
  out.sample({}, core::Duration(1'500'000'000));
  out.sample({}, core::Duration(-25'000));
  out.sample({}, core::Duration(0));
  out.sample({}, core::Duration(20'000'000'000));
  const auto at = out.text().find("gauge\n") + 6;
  EXPECT_EQ(out.text().substr(at), "m -9.64\nm 12345678901234.56\nm 1.5\nm -0.000025\nm 0\nm 20\n");
}

TEST(Exposition, LabelsAreEscaped) {
  Exposition out;
  out.family("e", Type::kGauge, "Escapes.");
  out.sample({{"l", "a\"b\\c\nd"}}, std::int64_t{1});
  EXPECT_NE(out.text().find("e{l=\"a\\\"b\\\\c\\nd\"} 1\n"), std::string::npos) << out.text();
}

TEST(Exposition, HistogramsAddUp) {
  core::Histogram<2> h({std::chrono::milliseconds(10), std::chrono::milliseconds(100)});
  for (const int ms : {1, 10, 11, 100, 101, 5000}) h.add(std::chrono::milliseconds(ms));
  Exposition out;
  out.family("h_seconds", Type::kHistogram, "Waits.");
  out.sample({{"call", "buy"}}, h);
  const auto at = out.text().find("histogram\n") + 10;
  EXPECT_EQ(out.text().substr(at),
            "h_seconds_bucket{call=\"buy\",le=\"0.01\"} 2\n"
            "h_seconds_bucket{call=\"buy\",le=\"0.1\"} 4\n"
            "h_seconds_bucket{call=\"buy\",le=\"+Inf\"} 6\n"
            "h_seconds_sum{call=\"buy\"} 5.223\n"
            "h_seconds_count{call=\"buy\"} 6\n");
}

TEST(ExpositionDeathTest, AFamilyIsOpenedOnce) {
  Exposition out;
  out.family("y", Type::kGauge, "One.");
  EXPECT_DEATH(out.family("y", Type::kGauge, "Two."), "opened twice");
  EXPECT_DEATH(out.family("z_total", Type::kGauge, "A counter's name."), "against its type");
}

}  // namespace
}  // namespace derivd::service
