// Owns QuietListener, a listener of a session that trades nothing: it says nothing to what an order
// or a contract would tell. derivctl's commands that ask the venue begin with it.
#pragma once

#include "deriv/session.hpp"

namespace derivd::deriv {

class QuietListener : public SessionListener {
 public:
  void on_account(const AccountInfo&) override {}
  void on_tick(const market::Tick&, bool) override {}
  void on_quote(const Quote&) override {}
  void on_quote_refused(core::OrderId, const execution::Refusal&) override {}
  void on_bought(core::OrderId, const execution::Bought&) override {}
  void on_refused(core::OrderId, const execution::Refusal&) override {}
  void on_unknown(core::OrderId, std::string_view, const execution::Refusal*) override {}
  void on_contract(const execution::ContractReport&, bool) override {}
  void on_transaction(const execution::TransactionReport&) override {}
  void on_balance(core::Money) override {}
  void on_venue_report(const execution::VenueReport&) override {}
  void on_sold(core::ContractId, core::Money) override {}
  void on_sell_failed(core::ContractId, std::string_view, std::string_view) override {}
  void on_token_replaced(bool, std::string_view) override {}

 protected:
  ~QuietListener() = default;
};

}  // namespace derivd::deriv
