// Owns the calls that need no account: quotes, histories, symbols, offerings, time, and the end of
// streams. The venue hands it requests whose form and rights are checked; each is answered at once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/draw.hpp"
#include "sim/faults.hpp"
#include "sim/markets.hpp"
#include "sim/request.hpp"
#include "sim/site_status.hpp"
#include "sim/terms.hpp"

namespace derivd::sim {

inline constexpr std::int64_t kHistoryCap = 5'000;  // ticks_history count

class MarketCalls final {
 public:
  /// All outlive this. `ids`: of new streams.
  MarketCalls(const Terms& terms, Markets& markets, const SiteStatus& site, Ids& ids)
      : terms_(terms), markets_(markets), site_(site), ids_(ids) {}

  void ping(Request& r);
  void time_call(Request& r);
  void ticks(Request& r);
  void ticks_history(Request& r);
  void active_symbols(Request& r);
  void contracts_for(Request& r);
  void contracts_list(Request& r);
  void trading_times(Request& r);
  void website_status(Request& r);
  void payout_currencies(Request& r);
  void forget(Request& r);
  void forget_all(Request& r);

 private:
  std::vector<Point> points_between(std::size_t symbol, std::int64_t start, std::int64_t end) const;
  std::string candles_payload(std::size_t symbol, std::int64_t start, std::int64_t end,
                              std::size_t count, std::int64_t granularity);
  std::string history_payload(std::size_t symbol, std::int64_t start, std::int64_t end,
                              std::size_t count, const Request& r) const;

  const Terms& terms_;
  Markets& markets_;
  const SiteStatus& site_;
  Ids& ids_;
};

}  // namespace derivd::sim
