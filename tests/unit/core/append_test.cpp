#include "core/append.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "core/decimal.hpp"

namespace derivd::core {
namespace {

TEST(Append, PutsTextsCharactersAndNumbersBehindAText) {
  std::string out = "a";
  append(out, "b", 'c', std::string_view("d"), 1, std::int64_t{-2}, std::uint8_t{3},
         std::string("e"));
  EXPECT_EQ(out, "abcd1-23e");
  append(out);
  EXPECT_EQ(out, "abcd1-23e");
}

TEST(Append, TakesTheOutermostNumbers) {
  std::string out;
  append(out, std::numeric_limits<std::int64_t>::min(), ' ',
         std::numeric_limits<std::int64_t>::max(), ' ', std::numeric_limits<std::uint64_t>::max(),
         ' ', std::numeric_limits<std::int8_t>::min(), ' ',
         std::numeric_limits<std::uint8_t>::max());
  EXPECT_EQ(out, "-9223372036854775808 9223372036854775807 18446744073709551615 -128 255");
}

std::string fixed(std::int64_t mantissa, int decimals) {
  std::string out = "=";
  append_fixed(out, mantissa, decimals);
  return out.substr(1);
}

TEST(AppendFixed, AlwaysHasItsDecimals) {
  EXPECT_EQ(fixed(0, 0), "0");
  EXPECT_EQ(fixed(0, 2), "0.00");
  EXPECT_EQ(fixed(5, 2), "0.05");
  EXPECT_EQ(fixed(-5, 2), "-0.05");
  EXPECT_EQ(fixed(35, 1), "3.5");
  EXPECT_EQ(fixed(-35, 0), "-35");
  EXPECT_EQ(fixed(100, 2), "1.00");
  EXPECT_EQ(fixed(123456, 5), "1.23456");
  EXPECT_EQ(fixed(1, 18), "0.000000000000000001");
  EXPECT_EQ(fixed(std::numeric_limits<std::int64_t>::min(), 0), "-9223372036854775808");
  EXPECT_EQ(fixed(std::numeric_limits<std::int64_t>::min(), 18), "-9.223372036854775808");
  EXPECT_EQ(fixed(std::numeric_limits<std::int64_t>::max(), 17), "92.23372036854775807");
}

TEST(AppendFixedDeathTest, RefusesDecimalsThatNoNumberHas) {
  std::string out;
  EXPECT_DEATH(append_fixed(out, 1, 19), "decimals out of range");
  EXPECT_DEATH(append_fixed(out, 1, -1), "decimals out of range");
}

}  // namespace
}  // namespace derivd::core
