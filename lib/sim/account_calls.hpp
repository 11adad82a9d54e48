// Owns the calls about the account: who it is, what it holds and what happened to its money. The
// venue hands it requests whose form and rights are checked; each is answered at once.
#pragma once

#include "sim/accounts.hpp"
#include "sim/contracts.hpp"
#include "sim/draw.hpp"
#include "sim/publisher.hpp"
#include "sim/request.hpp"
#include "sim/terms.hpp"

namespace derivd::sim {

class AccountCalls final {
 public:
  /// All outlive this. `ids`: of new streams.
  AccountCalls(const Terms& terms, Accounts& accounts, Contracts& contracts, Publisher& publisher,
               Ids& ids)
      : terms_(terms),
        accounts_(accounts),
        contracts_(contracts),
        publisher_(publisher),
        ids_(ids) {}

  void authorize(Request& r);
  void logout(Request& r);
  void balance(Request& r);
  void transaction(Request& r);
  void portfolio(Request& r);
  void profit_table(Request& r);
  void statement(Request& r);
  void open_contract(Request& r);
  void topup_virtual(Request& r);
  void own_limits(Request& r);

 private:
  const Terms& terms_;
  Accounts& accounts_;
  Contracts& contracts_;
  Publisher& publisher_;
  Ids& ids_;
};

}  // namespace derivd::sim
