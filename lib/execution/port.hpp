// Owns Port, what orders and contracts ask of a venue, whichever it is: deriv::Session speaks it to
// the live one, paper mode answers it from its own contract book. Who trades holds one and never
// asks which. It returns nothing: what becomes of a call is told later, as facts.
#pragma once

#include <string_view>

#include "core/decimal.hpp"
#include "core/ids.hpp"
#include "core/time.hpp"
#include "market/spec.hpp"

namespace derivd::execution {

/// On the loop thread, with the time of the event at hand. A call may be answered before it
/// returns, and never fails in any other way than by the fact that answers it.
class Port {
 public:
  /// What `spec` costs for this stake or, by its basis, this payout; answered once: with a quote,
  /// or refused. `buyer`: the strategy whose share of the venue's budget of calls it is.
  virtual void quote(core::OrderId order, const market::ContractSpec& spec, core::Money stake,
                     const core::Now& now, const core::Name& buyer) = 0;
  /// Sent at most once, and answered at most once: bought, refused or unknown; an answer that a
  /// lost link swallows is unknown until a report tells. What cannot leave is refused with code
  /// "NotSent" (proven unsent) before this returns. An empty `quote_id` buys by parameters, with
  /// `max_price` as the stake.
  virtual void buy(core::OrderId order, const market::ContractSpec& spec, core::Money max_price,
                   std::string_view quote_id, const core::Now& now, const core::Name& buyer) = 0;
  /// At the market; answered once, sold or not. An answer that leaves it open what happened is
  /// settled by the contract's own reports.
  virtual void sell(core::ContractId contract, const core::Now& now) = 0;
  /// By its deal cancellation. Answered as a sale is.
  virtual void cancel(core::ContractId contract, const core::Now& now) = 0;
  /// Follows the contract until its report says sold, also over a lost link.
  virtual void watch(core::ContractId contract, const core::Now& now) = 0;
  virtual void unwatch(core::ContractId contract, const core::Now& now) = 0;
  /// Asks once how the contract stands.
  virtual void poll(core::ContractId contract, const core::Now& now) = 0;
  /// Everything that is open, and what was sold since `since`. Answered once, and not at all when
  /// the link is lost first.
  virtual void ask_report(core::VenueTime since, const core::Now& now) = 0;

 protected:
  ~Port() = default;
};

}  // namespace derivd::execution
