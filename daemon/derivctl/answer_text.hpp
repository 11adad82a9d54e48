// Owns the words in which derivctl shows the daemon's answers: tables and sentences out of JSON
// that may hold anything. The commands print what it makes. It never asks the daemon.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "derivctl/table.hpp"

namespace derivd::ctl {

/// "live" is the session's name in JSON and in the journal; people call an account of real money
/// so.
std::string session_word(std::string_view state);

std::string status_text(const ordered_json& status, const out::Look& look = {});
std::string strategies_text(const ordered_json& strategies, const out::Look& look = {});
/// What it means that the venue does not know a contract that is open here.
inline constexpr std::string_view kStrangeContract =
    "it stays open here, and keeps its place in the limits, until the venue tells of it; a "
    "simulator "
    "that was started anew has forgotten it; at Deriv compare with the account's statement";
std::string positions_text(const ordered_json& positions, const out::Look& look = {});
/// Of contracts that are being sold.
std::string sales_text(const ordered_json& rows, const out::Look& look = {});
std::string explained_text(const ordered_json& explained);
/// "4m10s" until a contract of "positions" ends; "-": what counts in ticks has no such time.
std::string time_left_words(const ordered_json& position);
/// "10.36 of 20.00 left", in the words that fit the limit, of a row of "limits".
std::string limit_left_words(const ordered_json& row);
/// Each rule of a strategy of type rules with the values of its parts; nothing where there are
/// none.
std::string rules_text(const ordered_json& rules);
/// Where a Deriv Bot program is and what its variables are; nothing where there is none.
std::string program_text(const ordered_json& program);
/// "NAME is STATUS: REASON" of each strategy; of `only` where it is not empty.
std::string standing_text(const ordered_json& strategies, const std::string& only);
std::string stats_text(const ordered_json& stats, const out::Look& look = {});
std::string trades_text(const ordered_json& trades, const out::Look& look = {});
std::string trades_csv(const ordered_json& trades);

}  // namespace derivd::ctl
