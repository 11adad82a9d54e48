// Owns the reading of what a report shows: the journal of an account, rows that its daemon told, or
// the output of a back-test. derivctl report calls it once. It never writes and never asks the
// daemon.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/files.hpp"
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

/// Who filled the purchases. One source has one mode: figures of two are never added up.
enum class ReportMode { kLive, kPaper, kBacktest };

struct ReportSource {
  std::string title;     // "demo account VRTC1234", "PAPER account" or "back-test"
  std::string currency;  // empty: not known
  std::string account;   // its id; empty: on paper, in a back-test, or before the first session
  ReportMode mode = ReportMode::kLive;
  std::vector<report::Trade> trades;  // by purchase
  std::string removed;                // what store.keep took from before them, in words
  /// What the source does not tell and a report would show, and how to see it; empty: nothing.
  std::string unseen;
  store::History history;  // of the journal; a back-test has only its halts
};

/// "demo account VRTC1234", "account CR1234".
std::string titled(std::string_view account, bool demo);
/// `of_paper`: what a journal is that has not seen an account yet.
core::Result<ReportSource> source_from_journal(const std::string& file, const ReportFilter& filter,
                                               bool of_paper);
/// Rows of the daemon's trades, asked for as "report": those of whoever may not read the journal.
/// kProtocol: one is none, or its amounts cannot be reckoned with.
core::Result<ReportSource> source_from_rows(const nlohmann::ordered_json& rows,
                                            const nlohmann::ordered_json& removed,
                                            const ReportFilter& filter);
/// What `derivctl backtest --json` printed. kInvalid: not that, too large, or with numbers that
/// cannot be reckoned with.
core::Result<ReportSource> read_backtest(daemon::ByteSource& bytes, const ReportFilter& filter);
/// The same of a file; "-": standard input.
core::Result<ReportSource> source_from_backtest(const std::string& file,
                                                const ReportFilter& filter);

}  // namespace derivd::ctl
