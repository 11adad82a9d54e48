#include "backtest/confidence.hpp"

#include <boost/math/distributions/binomial.hpp>

#include "core/check.hpp"

namespace derivd::backtest {

Interval clopper_pearson(std::int64_t happened, std::int64_t of, double confidence) {
  DERIVD_CHECK(of > 0 && happened >= 0 && happened <= of, "more than all of them");
  DERIVD_CHECK(confidence > 0 && confidence < 1, "a confidence lies between 0 and 1");
  using Binomial = boost::math::binomial_distribution<double>;
  const auto tail = (1 - confidence) / 2;
  const auto k = static_cast<double>(happened);
  const auto n = static_cast<double>(of);
  Interval out;
  if (happened > 0) out.low = Binomial::find_lower_bound_on_p(n, k, tail);
  if (happened < of) out.high = Binomial::find_upper_bound_on_p(n, k, tail);
  return out;
}

}  // namespace derivd::backtest
