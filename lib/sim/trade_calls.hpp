// Owns the calls that price, buy and sell, and the moment at which a contract is paid: the one
// place where contracts, accounts, ledger and streams are changed together. The venue hands it
// requests whose form and rights are checked, and contracts whose payment is due.
#pragma once

#include <string_view>

#include "core/decimal.hpp"
#include "core/time.hpp"
#include "sim/accounts.hpp"
#include "sim/contracts.hpp"
#include "sim/draw.hpp"
#include "sim/ledger.hpp"
#include "sim/markets.hpp"
#include "sim/order_reader.hpp"
#include "sim/pricer.hpp"
#include "sim/publisher.hpp"
#include "sim/request.hpp"
#include "sim/terms.hpp"

namespace derivd::sim {

class TradeCalls final {
 public:
  /// What it reads; all outlive it.
  struct Sources {
    const Terms& terms;
    const Markets& markets;
    const OrderReader& orders;
    const Pricer& pricer;
  };
  /// What it changes outlives it too. `ids`: of new streams and proposals.
  TradeCalls(const Sources& sources, Accounts& accounts, Contracts& contracts, Ledger& ledger,
             Publisher& publisher, Ids& ids)
      : terms_(sources.terms),
        markets_(sources.markets),
        orders_(sources.orders),
        pricer_(sources.pricer),
        accounts_(accounts),
        contracts_(contracts),
        ledger_(ledger),
        publisher_(publisher),
        ids_(ids) {}

  void proposal(Request& r);
  void buy(Request& r);
  void sell(Request& r);
  void cancel(Request& r);
  void contract_update(Request& r);
  void contract_update_history(Request& r);
  void sell_expired(Request& r);

  /// Shows what the book has paid: the contract is sold, the money there, and everybody told.
  void pay(Deal& deal, core::Now now);

 private:
  void buy_parameters(Request& r, core::Decimal limit);
  void buy_proposal(Request& r, std::string_view id, core::Decimal limit);
  void execute(Request& r, const Order& order, const venue::Quote& quote);
  Deal& keep_deal(const Request& r, const Order& order, const venue::Contract& contract);
  void answer_buy(Request& r, const Deal& deal, const venue::Contract& contract);
  void refuse_buy(Request& r, const WireError& error, const Order* order);
  Deal* own_deal(const Request& r, core::ContractId id);

  const Terms& terms_;
  const Markets& markets_;
  const OrderReader& orders_;
  const Pricer& pricer_;
  Accounts& accounts_;
  Contracts& contracts_;
  Ledger& ledger_;
  Publisher& publisher_;
  Ids& ids_;
};

}  // namespace derivd::sim
