// Owns the HTML report: one self-contained file without scripts, network or fonts of others, that
// reads on a phone, in the dark and with a screen reader. derivctl report writes it. It calculates
// nothing: report/ did.
#pragma once

#include <string>

#include "derivctl/report_source.hpp"
#include "report/analysis.hpp"

namespace derivd::ctl {

/// Trades that the table at the end shows; the others are told to be in `trades --format csv`.
inline constexpr std::size_t kShownTrades = 200;

/// `written`: when, for its head line. Everything that others named is escaped.
std::string html_report(const ReportSource& source, const report::Analysis& analysis,
                        core::WallTime written);

/// Writes html_report() of the source into the file and prints its name; derivctl's exit code.
int write_html_report(const std::string& path, const ReportSource& source,
                      const report::Analysis& analysis);

/// "This is within luck": result against expectation in two sentences. Money with its currency.
std::string verdict_in_words(const report::Expectation& expectation, const std::string& currency);

/// What no figure of a paper run or a back-test is shown without; empty for a live one.
std::string_view mode_in_words(ReportMode mode);

/// A screenful for the terminal.
std::string text_report(const ReportSource& source, const report::Analysis& analysis);

}  // namespace derivd::ctl
