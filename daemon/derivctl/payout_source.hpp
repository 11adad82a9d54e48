// Owns the ways in which a user can say what contracts pay in a back-test: ratios on the command
// line, a file of ratios, or quotes that were recorded by a journal or a list of trades. The
// options of the back-test call it once. It never fills a gap: what is not there is the run's
// error.
#pragma once

#include <string>

#include "backtest/payouts.hpp"
#include "core/result.hpp"
#include "derivctl/command.hpp"

namespace derivd::ctl {

/// "": the venue's model. "TYPE=RATIO,…". "journal:" or "journal:FILE": the quotes of every
/// purchase in it. Else a JSON file: an object of ratios, or the list that `derivctl trades
/// --format json` prints. Errors name the file, the row and the remedy.
core::Result<backtest::Payouts> payouts_from(const Context& context, const std::string& text);

}  // namespace derivd::ctl
