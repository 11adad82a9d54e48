// Owns the meaning of control requests: one JSON object in, one JSON object out. The control socket
// of the running daemon calls it for each line. It never touches the loop; what a command does is
// up to the target.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/trader.hpp"
#include "core/result.hpp"
#include "core/secret.hpp"
#include "execution/order.hpp"
#include "store/journal.hpp"

namespace derivd::daemon {

class ControlTarget {
 public:
  virtual nlohmann::ordered_json status() = 0;
  virtual nlohmann::ordered_json strategies() = 0;
  virtual nlohmann::ordered_json positions() = 0;
  virtual bool is_paper() const = 0;
  /// How derivctl is called for this daemon.
  virtual const std::string& ctl() const = 0;
  virtual core::Result<std::vector<execution::Order>> orders(const store::OrderQuery& query) = 0;
  virtual core::Result<store::Books> books(const store::OrderQuery& query) = 0;
  /// The verdict of a reload. `file`: what the caller believes to be the daemon's configuration;
  /// empty: whatever it is.
  virtual nlohmann::ordered_json reload(std::string_view file) = 0;
  virtual SaleAnswer sell(core::ContractId contract, bool cancel) = 0;
  virtual SaleAnswer sale(core::ContractId contract) = 0;
  virtual SaleAnswer flatten(std::string_view name, bool again) = 0;
  virtual SaleAnswer ask_price(const nlohmann::json& request) = 0;
  virtual SaleAnswer price(std::int64_t number) = 0;
  virtual nlohmann::ordered_json priceable() = 0;
  /// Null: no strategy of that name.
  virtual nlohmann::ordered_json explain(std::string_view name, std::size_t last) = 0;
  /// pause, resume, halt; empty name: all. False: no such strategy.
  virtual bool command(std::string_view verb, std::string_view name, std::string_view reason) = 0;
  /// Begins to go over to another token; token_change() has the verdict.
  virtual core::Result<void> replace_token(core::Secret token) = 0;
  virtual nlohmann::ordered_json token_change() = 0;
  /// Sends a message to each receiver of notifications; notify_result() has what became of them.
  virtual core::Result<void> notify_test() = 0;
  virtual nlohmann::ordered_json notify_result() = 0;

 protected:
  ~ControlTarget() = default;
};

/// {"cmd": …} → {"ok": true, "result": …} or {"ok": false, "code": "usage|not_found|refused",
/// "error": …}.
/// `owner`: root or the daemon's own user, who alone may hand it a token.
std::string handle_control(std::string_view line, ControlTarget& target, bool owner);

}  // namespace derivd::daemon
