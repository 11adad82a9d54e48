// Contracts that are sold before their end, or left by their deal cancellation where that pays
// more: by the operator, a script, a program or a rule of `exit:`. The wish is in the journal
// before it is sent, with its reason; what came of it is proven by the venue, as with a purchase. A
// sale whose answer was lost is not asked for again before the venue's books, asked after that, say
// that the contract is open.
#include <fmt/format.h>

#include <algorithm>

#include "engine/impl.hpp"
#include "market/multiplier.hpp"

namespace derivd::engine {

using execution::OrderState;

namespace {

constexpr std::string_view kByRule = "exit ";  // the first word of its reason in the journal
/// In that reason, where it is not sold but cancelled. In front, where no length cuts it off.
constexpr std::string_view kCancelling = "by cancellation";

}  // namespace

void Engine::Impl::ask_sale(const execution::Order& order, std::string_view why, bool by_rule) {
  const bool cancel = pays_to_cancel(order);
  note_sale(order, why, by_rule, cancel);
  out->push_back(SendSell{order.contract, order.strategy, by_rule, cancel});
}

void Engine::Impl::note_sale(const execution::Order& order, std::string_view why, bool by_rule,
                             bool cancel) {
  sales.ask(order.contract, by_rule, cancel);
  if (!audience.journal && !audience.people) return;
  auto reason = std::string(by_rule ? kByRule : std::string_view{});
  if (cancel) reason += fmt::format("{}: ", kCancelling);
  append_order(ledger.explain(order.id, reason.append(why)));
}

bool Engine::Impl::pays_to_cancel(const execution::Order& order) const {
  const auto it = exits.find(order.id);
  if (it == exits.end() || !it->second.can_cancel()) return false;
  // A bid that is not known may be above the stake: it is waited for.
  const auto& bid = it->second.bid();
  return bid && *bid < market::stake_in(order.spec, order.stake);
}

void Engine::Impl::confirm_sale(core::ContractId contract) {
  const auto* sale = sales.confirm(contract);
  if (sale == nullptr) return;  // settled by then
  const bool by_rule = sale->by_rule;
  out->push_back(Poll{contract});
  if (!by_rule) program_sold(contract);
}

void Engine::Impl::not_sold(core::ContractId contract, std::string_view why) {
  const auto asked = sales.take(contract);
  const auto* order = ledger.find(contract);
  const bool is_open = order != nullptr && order->state == OrderState::kOpen;
  if (is_open && !order->reason.empty()) append_order(ledger.explain(order->id, {}));
  if (is_open && asked && asked->by_rule) return exit_refused(*order, why);
  program_not_sold(contract, why);
  script_not_sold(contract, why);
}

void Engine::Impl::lose_sale(core::ContractId contract, std::string_view why) {
  const auto* sale = sales.lose(contract, venue_time());
  if (sale == nullptr) return;
  const auto* order = ledger.find(contract);
  if (!sale->by_rule || order == nullptr) return;
  tell_exit(*order, "unknown", why,
            fmt::format("contract {} may be {} ({}): the venue's books will tell", contract.value,
                        sale->cancel ? "cancelled" : "sold", why));
}

void Engine::Impl::lose_sales() {
  for (const auto contract : sales.contracts()) {
    lose_sale(contract, "the link was lost before the answer");
  }
}

/// Whether its bytes left the last run is not known.
void Engine::Impl::restore_sale(const execution::Order& order) {
  if (order.reason.empty()) return;
  const bool by_rule = order.reason.view().starts_with(kByRule);
  const bool cancel = order.reason.view().find(kCancelling) != std::string_view::npos;
  sales.restore(order.contract, by_rule, cancel, venue_time());
}

void Engine::Impl::still_open(const execution::Order& order, core::VenueTime as_of) {
  if (order.state != OrderState::kOpen || !sales.is_disproved(order.contract, as_of)) return;
  not_sold(order.contract, kNoAnswer);
}

// ---- The public face ----

void Engine::selling(core::ContractId contract, const core::Now& now, Actions& out, bool cancel) {
  impl_->begin(now, out);
  const auto* order = impl_->ledger.find(contract);
  if (order == nullptr || order->state != OrderState::kOpen) return;
  impl_->note_sale(*order, kByOperator, false, cancel);
}

bool Engine::pays_to_cancel(core::ContractId contract) const {
  const auto* order = impl_->ledger.find(contract);
  return order != nullptr && impl_->pays_to_cancel(*order);
}

void Engine::on_sold(core::ContractId contract, const core::Now& now, Actions& out) {
  impl_->begin(now, out);
  impl_->confirm_sale(contract);
  impl_->run_programs();
}

void Engine::on_not_sold(core::ContractId contract, std::string_view why, const core::Now& now,
                         Actions& out) {
  impl_->begin(now, out);
  impl_->not_sold(contract, why);
  impl_->run_programs();
}

void Engine::on_sale_unknown(core::ContractId contract, std::string_view why, const core::Now& now,
                             Actions& out) {
  impl_->begin(now, out);
  impl_->lose_sale(contract, why);
  if (impl_->sales.any_unclear()) impl_->want_report();
  impl_->run_programs();
}

bool Engine::is_selling(core::ContractId contract) const { return impl_->sales.has(contract); }

}  // namespace derivd::engine
