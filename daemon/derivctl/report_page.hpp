// Owns the HTML report: totals, an equity curve, the trades, in one self-contained file. derivctl
// writes it from the journal. It never fetches anything and never shows a forecast.
#pragma once

#include <string>
#include <vector>

#include "execution/order.hpp"

namespace derivd::daemon {

std::string html_report(const std::vector<execution::Order>& orders);

}  // namespace derivd::daemon
