// Owns the reading of what contracts pay in a back-test from files: ratios, or quotes that were
// recorded by a journal or a list of trades. The options of the back-test call it once. It never
// fills a gap: what is not there is the run's error.
#pragma once

#include <string>

#include "backtest/payouts.hpp"
#include "common/files.hpp"
#include "core/result.hpp"

namespace derivd::ctl {

/// JSON: an object of ratios, or the list that `derivctl trades --format json` prints. kInvalid:
/// the row and what is wrong with it.
core::Result<backtest::Payouts> read_payouts(daemon::ByteSource& bytes);
/// The same of a file. Errors begin with its name.
core::Result<backtest::Payouts> payouts_of_file(const std::string& path);
/// The quotes of every purchase in a journal.
core::Result<backtest::Payouts> payouts_of_journal(const std::string& file);

}  // namespace derivd::ctl
