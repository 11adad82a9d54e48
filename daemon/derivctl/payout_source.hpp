// Owns the reading of what contracts pay in a back-test from files: ratios, or quotes that were
// recorded by a journal or a list of trades. The options of the back-test call it once. It never
// fills a gap: what is not there is the run's error.
#pragma once

#include <string>

#include "backtest/payouts.hpp"
#include "common/files.hpp"
#include "core/result.hpp"

namespace derivd::ctl {

/// JSON: an object of ratios, a file of recorded quotes (recorded_quotes.hpp), of which the newest
/// of an account count, or the list that `derivctl trades --format json` prints. kInvalid: the row
/// and what is wrong with it.
core::Result<backtest::Payouts> read_payouts(daemon::ByteSource& bytes);
/// The same of a file. Errors begin with its name.
core::Result<backtest::Payouts> payouts_of_file(const std::string& path);
/// The quotes of every purchase in a journal.
core::Result<backtest::Payouts> payouts_of_journal(const std::string& file);

/// What is recorded, and from when it is.
struct RecordedPayouts {
  backtest::Payouts payouts;
  std::string account;  // empty: of the journal alone
  std::string currency;
  core::VenueTime first, last;
  std::string journal;  // its file; empty: none was read
};
/// The newest account quotes in a state directory and, of contracts that are not among them, those
/// of the purchases in `journal` (empty: none is asked), in a currency of so many decimals.
/// kNotFound: nothing is recorded.
core::Result<RecordedPayouts> recorded_payouts(const std::string& directory,
                                               const std::string& journal,
                                               backtest::Payouts::Rest rest, std::uint8_t decimals);

}  // namespace derivd::ctl
