// Owns what the simulated venue says of a quote, a candle, a balance and its site, which both an
// answer and a stream say. Functions of what they are given; they keep nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "market/tick.hpp"
#include "sim/accounts.hpp"
#include "sim/feed.hpp"
#include "sim/site_status.hpp"
#include "sim/terms.hpp"

namespace derivd::sim {

/// `id`: of the stream, "" where there is none; in all of these.
std::string tick_payload(const market::Tick& tick, std::string_view id);
/// The candle of `granularity` seconds that the tick, which is in the history, belongs to.
std::string ohlc_payload(const Feed& feed, std::size_t symbol, std::int64_t granularity,
                         const market::Tick& tick, std::string_view id);
/// `all`: of all accounts, which is this one.
std::string balance_payload(const Terms& terms, const Account& account, std::string_view id,
                            bool all);
std::string website_status_payload(const Terms& terms, const SiteStatus& site);

}  // namespace derivd::sim
