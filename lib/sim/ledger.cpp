#include "sim/ledger.hpp"

#include <fmt/format.h>

#include "market/kind.hpp"
#include "sim/json.hpp"

namespace derivd::sim {
namespace {

struct Head {
  std::string_view event;
  std::string_view account;
  core::ContractId contract;
  std::string_view type;
  std::string_view symbol;
  std::optional<core::Money> stake, payout, profit;
  core::VenueTime at;
};

void text_or_null(JsonOut& out, std::string_view key, std::string_view text) {
  out.key(key);
  text.empty() ? out.null() : out.value(text);
}
void money_or_null(JsonOut& out, std::string_view key, const std::optional<core::Money>& m) {
  text_or_null(out, key, m ? m->to_string() : std::string{});
}

JsonOut begin(const Head& h) {
  JsonOut out;
  out.begin_object().text("event", h.event);
  text_or_null(out, "account", h.account);
  text_or_null(out, "contract_id", h.contract ? fmt::format("{}", h.contract.value) : "");
  text_or_null(out, "type", h.type);
  text_or_null(out, "symbol", h.symbol);
  money_or_null(out, "stake", h.stake);
  money_or_null(out, "payout", h.payout);
  money_or_null(out, "profit", h.profit);
  out.integer("epoch", h.at.s);
  return out;
}

void spot(JsonOut& out, std::string_view name, const std::optional<market::Tick>& tick) {
  text_or_null(out, name, tick ? tick->quote.to_string() : std::string{});
  out.key(fmt::format("{}_epoch", name));
  tick ? out.value(tick->epoch.s) : out.null();
}

Head head_of(std::string_view event, std::string_view account, const venue::Contract& c,
             core::VenueTime at) {
  return {event,    account,      c.id, market::name_of(c.spec.type), c.spec.symbol.view(), c.stake,
          c.payout, std::nullopt, at};
}

}  // namespace

void Ledger::account(std::string_view name, core::Money balance, core::VenueTime at) {
  if (!sink_) return;
  auto out = begin({"account", name, {}, {}, {}, {}, {}, {}, at});
  out.text("balance", balance.to_string());
  sink_(out.end_object().str());
}

void Ledger::buy(std::string_view account, const venue::Contract& c, core::Money balance) {
  if (!sink_) return;
  auto out = begin(head_of("buy", account, c, c.purchase_time));
  out.text("transaction_id", fmt::format("{}", c.buy_tx.value));
  out.text("duration",
           market::kind_of(c.spec.type).needs.has_length() ? c.spec.duration.to_string() : "");
  out.text("balance", balance.to_string());
  sink_(out.end_object().str());
}

void Ledger::paid(std::string_view account, const venue::Contract& c, bool resale,
                  core::VenueTime at, core::Money balance) {
  if (!sink_) return;
  auto head = head_of(resale ? "sell" : "settle", account, c, at);
  head.profit = c.profit();
  auto out = begin(head);
  out.text("credit", c.sell_price.to_string());
  out.text("transaction_id", fmt::format("{}", c.sell_tx.value));
  out.text("balance", balance.to_string());
  if (c.outcome == venue::Outcome::kCancelled) out.flag("cancelled", true);
  spot(out, "entry", c.life.entry());
  spot(out, "exit", market::has_payout(c.spec.type) ? c.life.exit() : c.life.last());
  sink_(out.end_object().str());
}

void Ledger::deposit(std::string_view account, core::Money amount, core::Money balance,
                     core::VenueTime at) {
  if (!sink_) return;
  auto out = begin({"deposit", account, {}, {}, {}, {}, {}, {}, at});
  out.text("credit", amount.to_string()).text("balance", balance.to_string());
  sink_(out.end_object().str());
}

void Ledger::refuse(std::string_view account, core::ContractId contract, std::string_view type,
                    std::string_view symbol, std::optional<core::Money> stake,
                    std::string_view code, std::string_view message, core::VenueTime at) {
  if (!sink_) return;
  auto out = begin({"refuse", account, contract, type, symbol, stake, {}, {}, at});
  out.text("code", code).text("message", message);
  sink_(out.end_object().str());
}

void Ledger::tick(const market::Tick& t) {
  if (!sink_ || !ticks_) return;
  auto out = begin({"tick", {}, {}, {}, t.symbol.view(), {}, {}, {}, t.epoch});
  out.text("quote", t.quote.to_string());
  sink_(out.end_object().str());
}

}  // namespace derivd::sim
