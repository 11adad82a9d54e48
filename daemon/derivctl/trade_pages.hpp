// Owns how the running daemon is asked for its trades, page by page, by whoever may ask it but not
// read its journal. trades, stats and report ask. It never reads a file, and never believes that
// the pages come to an end: each has to go on behind the one before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "derivctl/command.hpp"

namespace derivd::ctl {

struct TradePages {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();  // common/trades has their form
  nlohmann::ordered_json removed;  // as the first page says; null: nothing, or an older daemon
  int code = 0;                    // of derivctl; not 0: why there is no answer is `error`
  std::string error;
};

struct PagesWanted {
  /// Sums over all rows, which must not change while they are read.
  bool of_one_moment = false;
  /// So many rows are enough: no page is asked for behind them.
  std::size_t enough = std::numeric_limits<std::size_t>::max();
};

/// `filter`: "strategy", "since_us", "report", as the daemon's command "trades" takes them.
TradePages trades_in_pages(const Context& context, nlohmann::ordered_json filter,
                           const PagesWanted& wanted);

/// Whether such rows are of a paper run: the last one says it, or, where there is none, the daemon.
bool is_of_paper(const Context& context, const nlohmann::ordered_json& rows);

}  // namespace derivd::ctl
