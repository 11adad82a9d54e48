// Owns Encoder, which writes the text of every request of either dialect. The session calls it with
// one buffer that it reuses. It never allocates once the buffer has grown, and never writes a token
// anywhere but into authorize().
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/decimal.hpp"
#include "core/ids.hpp"
#include "core/secret.hpp"
#include "core/time.hpp"
#include "deriv/dialect.hpp"
#include "market/spec.hpp"

namespace derivd::deriv {

/// Rows asked for in one page of the profit table: the most that its schema allows.
inline constexpr std::size_t kProfitTablePage = 500;
/// Deriv answers at most this many past ticks (v3-api.md section 3).
inline constexpr std::size_t kMaxHistory = 5000;

/// Every method replaces the text of `out` by one frame.
class Encoder final {
 public:
  explicit Encoder(const Rules& rules) : rules_(rules) {}

  void authorize(std::string& out, std::int64_t req_id, const core::Secret& token) const;
  void ping(std::string& out, std::int64_t req_id) const;
  void time(std::string& out, std::int64_t req_id) const;
  void balance(std::string& out, std::int64_t req_id) const;
  /// What the holder of the account has limited it to (self-exclusion); v3 alone has the call.
  void own_limits(std::string& out, std::int64_t req_id) const;
  void active_symbols(std::string& out, std::int64_t req_id) const;
  void contracts_for(std::string& out, std::int64_t req_id, std::string_view symbol) const;
  /// Of all symbols on the day that begins at `midnight`.
  void trading_times(std::string& out, std::int64_t req_id, core::VenueTime midnight) const;
  void transactions(std::string& out, std::int64_t req_id) const;
  void ticks(std::string& out, std::int64_t req_id, std::string_view symbol) const;
  void ticks_history(std::string& out, std::int64_t req_id, std::string_view symbol,
                     std::size_t count, bool subscribe) const;
  /// Ticks of [from, to], both ends included; the latest kMaxHistory where there are more.
  void ticks_between(std::string& out, std::int64_t req_id, std::string_view symbol,
                     core::VenueTime from, core::VenueTime to) const;
  /// Candles of `seconds` from the one that begins at `from` or later to the one that grows now;
  /// the latest `count` where there are more.
  void candles(std::string& out, std::int64_t req_id, std::string_view symbol, std::int32_t seconds,
               core::VenueTime from, std::int64_t count) const;
  void open_contract(std::string& out, std::int64_t req_id, core::ContractId contract,
                     bool subscribe) const;
  void portfolio(std::string& out, std::int64_t req_id) const;
  void profit_table(std::string& out, std::int64_t req_id, core::VenueTime since,
                    std::size_t offset) const;
  void proposal(std::string& out, std::int64_t req_id, const market::ContractSpec& spec,
                core::Money stake, std::string_view currency) const;
  /// By parameters; the venue buys at `max_price` or not at all.
  void buy(std::string& out, std::int64_t req_id, const market::ContractSpec& spec,
           core::Money max_price, std::string_view currency) const;
  void buy_quote(std::string& out, std::int64_t req_id, std::string_view quote_id,
                 core::Money max_price) const;
  /// At the market.
  void sell(std::string& out, std::int64_t req_id, core::ContractId contract) const;
  void cancel(std::string& out, std::int64_t req_id, core::ContractId contract) const;
  void forget(std::string& out, std::int64_t req_id, std::string_view stream) const;

 private:
  void contract(std::string& out, const market::ContractSpec& spec, core::Money stake,
                std::string_view currency) const;
  const Rules& rules_;
};

/// ^\w{2,30}$: safe to put into a frame.
bool is_symbol(std::string_view text);
/// ^[\w-]{32,128}$: an id the venue has given out.
bool is_stream_id(std::string_view text);

}  // namespace derivd::deriv
