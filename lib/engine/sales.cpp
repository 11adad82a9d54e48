// Contracts that are sold before their end: by the operator, a script, a program or a rule of
// `exit:`. The wish is in the journal before it is sent, with its reason; what came of it is proven
// by the venue, as with a purchase. A sale whose answer was lost is not asked for again before the
// venue's books, asked after that, say that the contract is open.
#include <fmt/format.h>

#include <algorithm>

#include "engine/impl.hpp"

namespace derivd::engine {

using execution::OrderState;

namespace {

constexpr std::string_view kByOperator = "operator";
constexpr std::string_view kByRule = "exit ";  // the first word of its reason in the journal

}  // namespace

void Engine::Impl::ask_sale(const execution::Order& order, std::string_view why, bool by_rule) {
  note_sale(order, why, by_rule);
  out->push_back(SendSell{order.contract, order.strategy, by_rule});
}

void Engine::Impl::note_sale(const execution::Order& order, std::string_view why, bool by_rule) {
  selling.insert_or_assign(order.contract, Sale{false, by_rule});
  if (!audience.journal && !audience.people) return;
  const auto reason = by_rule ? fmt::format("{}{}", kByRule, why) : std::string(why);
  append_order(ledger.explain(order.id, reason));
}

void Engine::Impl::confirm_sale(core::ContractId contract) {
  const auto asked = selling.find(contract);
  if (asked == selling.end()) return;  // settled by then
  asked->second.confirmed = true;
  asked->second.unclear.reset();
  out->push_back(Poll{contract});
  if (!asked->second.by_rule) program_sold(contract);
}

void Engine::Impl::not_sold(core::ContractId contract, std::string_view why) {
  const auto asked = selling.find(contract);
  const bool by_rule = asked != selling.end() && asked->second.by_rule;
  if (asked != selling.end()) selling.erase(asked);
  const auto* order = ledger.find(contract);
  const bool is_open = order != nullptr && order->state == OrderState::kOpen;
  if (is_open && !order->reason.empty()) append_order(ledger.explain(order->id, {}));
  if (is_open && by_rule) return exit_refused(*order, why);
  program_not_sold(contract, why);
  script_not_sold(contract, why);
}

void Engine::Impl::lose_sale(core::ContractId contract, std::string_view why) {
  const auto asked = selling.find(contract);
  if (asked == selling.end() || asked->second.confirmed || asked->second.unclear) return;
  asked->second.unclear = clock;
  const auto* order = ledger.find(contract);
  if (!asked->second.by_rule || order == nullptr) return;
  tell_exit(*order, "unknown", why,
            fmt::format("contract {} may be sold ({}): the venue's books will tell", contract.value,
                        why));
}

void Engine::Impl::lose_sales() {
  for (const auto& [contract, sale] : selling) {
    lose_sale(contract, "the link was lost before the answer");
  }
}

/// Whether its bytes left the last run is not known.
void Engine::Impl::restore_sale(const execution::Order& order) {
  if (order.reason.empty()) return;
  const bool by_rule = order.reason.view().starts_with(kByRule);
  selling.insert_or_assign(order.contract, Sale{false, by_rule, clock});
}

void Engine::Impl::still_open(const execution::Order& order, core::VenueTime as_of) {
  if (selling.empty() || order.state != OrderState::kOpen) return;
  const auto asked = selling.find(order.contract);
  if (asked == selling.end() || !asked->second.unclear || as_of < *asked->second.unclear) return;
  not_sold(order.contract, kNoAnswer);
}

bool Engine::Impl::any_unclear_sale() const {
  return std::any_of(selling.begin(), selling.end(),
                     [](const auto& sale) { return sale.second.unclear.has_value(); });
}

bool Engine::Impl::awaits_sale() const {
  return std::any_of(selling.begin(), selling.end(), [](const auto& sale) {
    return !sale.second.confirmed && !sale.second.unclear;
  });
}

// ---- The public face ----

void Engine::selling(core::ContractId contract, const core::Now& now, Actions& out) {
  impl_->begin(now, out);
  const auto* order = impl_->ledger.find(contract);
  if (order == nullptr || order->state != OrderState::kOpen) return;
  impl_->note_sale(*order, kByOperator, false);
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
  if (impl_->any_unclear_sale()) impl_->want_report();
  impl_->run_programs();
}

bool Engine::is_selling(core::ContractId contract) const {
  return impl_->selling.contains(contract);
}

}  // namespace derivd::engine
