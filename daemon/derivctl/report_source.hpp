// Owns the reading of what a report shows: the journal of an account, or the output of a back-test.
// derivctl report calls it once. It never writes and never asks the daemon.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "execution/record.hpp"
#include "report/trade.hpp"
#include "store/journal.hpp"

namespace derivd::ctl {

struct ReportFilter {
  std::optional<core::WallTime> since;  // of the intent; of the signal in a back-test
  std::optional<core::WallTime> until;  // excluded
  std::string strategy;                 // empty: all
};

struct ReportSource {
  std::string title;     // "account VRTC1234" or "back-test"
  std::string currency;  // empty: not known
  bool is_backtest = false;
  std::vector<report::Trade> trades;  // by purchase
  store::History history;             // of the journal; a back-test has only its halts
};

core::Result<ReportSource> source_from_journal(const std::string& file, const ReportFilter& filter);
/// What `derivctl backtest --json` printed; "-": standard input.
core::Result<ReportSource> source_from_backtest(const std::string& file,
                                                const ReportFilter& filter);

}  // namespace derivd::ctl
