// Owns how the simulated venue understands an order: which members of a request say what, and what
// of it is not sold, in the venue's own words. The calls hand it what a client has sent. It prices
// nothing and keeps nothing between two requests.
#pragma once

#include "core/time.hpp"
#include "sim/calls.hpp"
#include "sim/deal.hpp"
#include "sim/json.hpp"
#include "sim/markets.hpp"
#include "sim/pricer.hpp"
#include "sim/terms.hpp"
#include "sim/wire.hpp"

namespace derivd::sim {

class OrderReader final {
 public:
  /// All outlive this.
  OrderReader(const Terms& terms, const Markets& markets, const Pricer& pricer)
      : terms_(terms), markets_(markets), pricer_(pricer) {}

  /// `parameters`: of a proposal, or those of a purchase; their form was checked before.
  Answer<Order> read(Dialect dialect, const Json& parameters, core::VenueTime now) const;

 private:
  Answer<void> check_choice(const Order& order, core::VenueTime now) const;

  const Terms& terms_;
  const Markets& markets_;
  const Pricer& pricer_;
};

}  // namespace derivd::sim
