// Owns what the streams of the simulated venue are told, and the order of messages that come in no
// fixed order. The venue tells it of ticks and of contracts that are over, the calls of purchases
// and payments; it sends each to whoever follows it. It changes no contract and moves no money. One
// thread.
//
// What always holds (CHECK): a stream is told of its own account's contracts alone, and the stream
// of one contract ends with it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/rng.hpp"
#include "core/time.hpp"
#include "market/tick.hpp"
#include "sim/accounts.hpp"
#include "sim/connections.hpp"
#include "sim/contracts.hpp"
#include "sim/markets.hpp"
#include "sim/pricer.hpp"
#include "sim/request.hpp"
#include "sim/site_status.hpp"
#include "sim/terms.hpp"

namespace derivd::sim {

class Publisher final {
 public:
  /// What it tells of; all outlive it.
  struct Sources {
    const Terms& terms;
    const Markets& markets;
    const Contracts& contracts;
    const Accounts& accounts;
    const Pricer& pricer;
  };
  Publisher(const Sources& sources, Connections& connections, std::uint64_t seed)
      : from_(sources), connections_(connections), order_(seed) {}

  /// A tick, to those who follow quotes and candles.
  void quotes(std::size_t symbol, const market::Tick& tick, core::Now now);
  /// Proposals and open contracts, which follow the quotes.
  void values(std::size_t symbol, const market::Tick& tick, core::Now now);
  /// To every stream that follows the contract; the stream of one contract ends when it is sold.
  void contract(const Deal& deal, core::Now now);
  /// The answer to a purchase, and what else the purchase tells, in no fixed order.
  void bought(Request& r, const Deal& deal, std::string answer);
  /// What a payment tells, in no fixed order.
  void paid(const Account& account, const Deal& deal, core::Now now);
  void balance(const Account& account, core::Now now);
  void website_status(const SiteStatus& site, core::Now now);

  /// The payload of an open contract; `stream_id`: "" where there is none.
  std::string contract_payload(const Deal& deal, std::string_view stream_id,
                               core::VenueTime now) const;

 private:
  void proposal(Connection& c, Stream& s, core::Now now);
  void one_contract(Connection& c, const Stream& s, const Deal& deal, core::Now now);
  void transaction(const Account& account, const Deal& deal, std::string_view action,
                   core::Now now);

  Sources from_;
  Connections& connections_;
  core::Rng order_;  // of messages that have no fixed order
};

}  // namespace derivd::sim
