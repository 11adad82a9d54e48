// Owns the words in which derivctl shows the daemon's answers: tables and sentences out of JSON
// that may hold anything. The commands print what it makes. It never asks the daemon.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace derivd::ctl {

using nlohmann::ordered_json;

/// Bytes of a cell that a table is made as wide as.
inline constexpr std::size_t kMaxCell = 400;

/// Objects as rows, under their columns; what else the list holds is left out.
std::string table_text(const ordered_json& rows, const std::vector<std::string>& columns);

std::string status_text(const ordered_json& status);
std::string explained_text(const ordered_json& explained);
/// Each rule of a strategy of type rules with the values of its parts; nothing where there are
/// none.
std::string rules_text(const ordered_json& rules);
/// "NAME is STATUS: REASON" of each strategy; of `only` where it is not empty.
std::string standing_text(const ordered_json& strategies, const std::string& only);
std::string stats_text(const ordered_json& stats);
std::string trades_text(const ordered_json& trades);
std::string trades_csv(const ordered_json& trades);

}  // namespace derivd::ctl
