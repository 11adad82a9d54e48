#include "core/counted.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace derivd::core {
namespace {

TEST(Counted, OneIsNoPlural) {
  EXPECT_EQ(counted(1, "order"), "1 order");
  EXPECT_EQ(counted(std::size_t{1}, "strategy", "strategies"), "1 strategy");
  EXPECT_EQ(counted(std::uint8_t{1}, "decimal"), "1 decimal");
}

TEST(Counted, NoneAndSeveralAre) {
  EXPECT_EQ(counted(0, "order"), "0 orders");
  EXPECT_EQ(counted(std::int64_t{2}, "trade"), "2 trades");
  EXPECT_EQ(counted(std::size_t{12}, "strategy", "strategies"), "12 strategies");
}

}  // namespace
}  // namespace derivd::core
