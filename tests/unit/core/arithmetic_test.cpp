// Owns what every decision with floating point rests on, on each processor that derivd is built
// for: a product is rounded before anything is added to it. gcc fuses the two where the processor
// can, if it is not told otherwise (CMakeLists.txt).
#include <gtest/gtest.h>

#include <limits>

namespace derivd::core {
namespace {

/// Apart, and of values that the compiler does not know, so that it can neither compute the result
/// nor split the expression.
[[gnu::noinline]] double product_and_sum(double a, double b, double c) { return a * b + c; }

TEST(Arithmetic, AProductIsRoundedBeforeItIsAddedTo) {
  volatile double factor = 1.0 + std::numeric_limits<double>::epsilon();
  const double a = factor;
  // In exact arithmetic the square is 1 + 2e + e², of which a double keeps 1 + 2e.
  const double square = 1.0 + 2 * std::numeric_limits<double>::epsilon();
  EXPECT_EQ(product_and_sum(a, a, -square), 0.0);
}

}  // namespace
}  // namespace derivd::core
