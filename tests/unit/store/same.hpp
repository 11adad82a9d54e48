// An order as text with every field, so that two orders can be compared and a difference read.
#pragma once

#include <fmt/format.h>

#include <string>

#include "execution/order.hpp"

namespace derivd::test {

inline std::string describe(const std::optional<core::Money>& m) {
  return m ? fmt::format("{}e-{}", m->units(), m->exponent()) : "-";
}

inline std::string describe(const std::optional<market::Tick>& t) {
  return t ? fmt::format("{}@{}={}e-{}", t->symbol, t->epoch.s, t->quote.mantissa(),
                         t->quote.decimals())
           : "-";
}

inline std::string describe(const execution::Order& o) {
  return fmt::format(
      "id {} strategy '{}' spec '{}' stake {} state {} wall {} signal {} contract {} buy_tx {} "
      "price "
      "{} "
      "payout {} purchase {} balance {} outcome {} witness {} profit {} sell {} sell_tx {} settled "
      "{} "
      "entry {} exit {} differs {} reason '{}'",
      o.id.value, o.strategy, market::encode(o.spec), describe(o.stake), static_cast<int>(o.state),
      o.intended_wall.us, o.signal_epoch.s, o.contract.value, o.buy_tx.value, describe(o.buy_price),
      describe(o.payout), o.purchase_time.s, describe(o.balance_after), static_cast<int>(o.outcome),
      static_cast<int>(o.witness), describe(o.profit), describe(o.sell_price), o.sell_tx.value,
      o.settled_time.s, describe(o.entry), describe(o.exit), o.recomputed_differs, o.reason);
}

}  // namespace derivd::test
