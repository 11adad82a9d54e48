// Owns what the commands of `derivctl ticks` share: where the archive lies and how a symbol is
// named. ticks.cpp has export and list, ticks_import.cpp takes files, ticks_fetch.cpp asks the
// venue. It never holds ticks.
#pragma once

#include <optional>
#include <string>

#include "core/result.hpp"
#include "derivctl/command.hpp"
#include "store/tick_archive.hpp"

namespace derivd::ctl {

/// --dir; else $STATE_DIRECTORY/ticks; else the instance's.
store::TickArchive archive_at(const Context& context, const std::string& dir);

/// ^\w{2,30}$ or an error; also of symbols that derivd does not know.
core::Result<market::SymbolCode> symbol_from(const market::Symbols& symbols,
                                             const std::string& text);

/// "2026-06-21 06:34:44", UTC.
std::string when(std::int64_t epoch);

/// `--from` and `--to` as a span; without them all of time.
core::Result<store::Span> span_from(const std::string& from, const std::string& to);

/// The exit code for what went wrong with a file or an archive.
int ctl_code_of(const core::Error& error);

void add_ticks_fetch(Commands& commands, Command ticks);
void add_ticks_import(Commands& commands, Command ticks);

}  // namespace derivd::ctl
