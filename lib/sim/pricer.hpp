// Owns what the simulated venue asks for an order: its price now, the contract that it would become
// now, and what a proposal says of both. The calls and the publisher ask it; it reads the book and
// changes nothing, and keeps nothing between two questions. It never sends anything.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/time.hpp"
#include "market/life.hpp"
#include "market/spec.hpp"
#include "market/tick.hpp"
#include "sim/calls.hpp"
#include "sim/deal.hpp"
#include "sim/terms.hpp"
#include "sim/wire.hpp"
#include "venue/book.hpp"

namespace derivd::sim {

class Pricer final {
 public:
  /// Both outlive this.
  Pricer(const Terms& terms, const venue::Book& book) : terms_(terms), book_(book) {}

  /// At the latest quote, with what this venue adds of its own; or why it is not sold.
  Answer<venue::Quote> price(const Order& order, core::VenueTime now) const;
  /// The quote that it is priced at; empty: none has come yet.
  std::optional<market::Tick> latest(const Order& order) const {
    return book_.last_tick(order.spec.symbol);
  }
  /// Whether its price follows the quotes.
  static bool market_moves(const Order& order);
  /// With a fixed expiry the contract gets shorter while nobody buys it.
  static market::ContractSpec spec_now(const Order& order, core::VenueTime now);
  /// The life of a contract that were entered at the latest quote.
  market::Life as_if_bought(const Order& order, core::Money stake, core::VenueTime now) const;
  /// The payload of a proposal of this order, at a price that it was given.
  std::string proposal(Dialect dialect, const Order& order, const venue::Quote& quote,
                       std::string_view id, core::VenueTime now) const;
  /// What the venue says where the book refuses.
  static WireError refusal(const venue::Refusal& why, const Order& order);

 private:
  const Terms& terms_;
  const venue::Book& book_;
};

WireError bad_barrier(std::string message);
/// `field`: of the request, which asks for what is not sold.
WireError not_offered(std::string_view field, std::string message);

}  // namespace derivd::sim
