// Owns the venue's own truth: one JSON line for each account, contract and credit or debit, as it
// happens. The venue writes it, tests compare it with what the daemon believes. It never holds a
// token and is never read by the venue itself.
//
// Every line has `event`, `account`, `contract_id`, `type`, `symbol`, `stake`, `payout`, `profit`,
// `epoch`; what does not apply is null. Ids and amounts are texts, amounts with two decimals.
// Events:
//   account  an account is opened: balance
//   buy      stake debited: transaction_id, balance
//   settle   a decided contract is paid: credit, transaction_id, balance, entry/exit quote and
//   epoch sell     resale before its end, same members deposit  top-up: credit, balance refuse   a
//   purchase or sale refused: code, message tick     (only if asked) symbol, quote, epoch
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/decimal.hpp"
#include "core/ids.hpp"
#include "core/time.hpp"
#include "market/tick.hpp"
#include "venue/book.hpp"

namespace derivd::sim {

class Ledger final {
 public:
  using Sink = std::function<void(std::string_view line)>;  // without the newline
  /// An empty sink keeps no ledger.
  explicit Ledger(Sink sink, bool ticks = false) : sink_(std::move(sink)), ticks_(ticks) {}

  void account(std::string_view name, core::Money balance, core::VenueTime at);
  void buy(std::string_view account, const venue::Contract& contract, core::Money balance);
  void paid(std::string_view account, const venue::Contract& contract, bool resale,
            core::VenueTime at, core::Money balance);
  void deposit(std::string_view account, core::Money amount, core::Money balance,
               core::VenueTime at);
  void refuse(std::string_view account, core::ContractId contract, std::string_view type,
              std::string_view symbol, std::optional<core::Money> stake, std::string_view code,
              std::string_view message, core::VenueTime at);
  void tick(const market::Tick& tick);

 private:
  Sink sink_;
  bool ticks_;
};

}  // namespace derivd::sim
