#include "sim/trade_calls.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "market/kind.hpp"
#include "market/multiplier.hpp"

namespace derivd::sim {
namespace {

/// Share of the payout by which a price may have moved against the buyer: half of the commission on
/// ticks, about what the venue's own slippage rule allows (v3-api.md section 2, PriceMoved).
constexpr std::int64_t kToleranceNum = 6, kToleranceDen = 1'000;

bool above(core::Money ask, core::Decimal limit) {
  return core::Decimal{ask.units(), ask.exponent()} > limit;
}

WireError price_moved(std::string_view what, std::string_view currency, std::string_view from,
                      core::Money to) {
  return {"PriceMoved",
          fmt::format("The underlying market has moved too much since you priced the contract. The "
                      "contract {} has changed from {}{} to {}{}.",
                      what, currency, from, currency, to.to_string())};
}

bool moved_too_far(const venue::Quote& quoted, const venue::Quote& now) {
  const auto allowed = quoted.payout.units() * kToleranceNum / kToleranceDen;
  // Compare what one payout costs: stake basis moves the payout, payout basis the stake.
  const auto worse = quoted.stake == now.stake ? quoted.payout.units() - now.payout.units()
                                               : now.stake.units() - quoted.stake.units();
  return worse > std::max<std::int64_t>(allowed, 0);
}

}  // namespace

// ---- proposal ----

void TradeCalls::proposal(Request& r) {
  auto order = orders_.read(r.conn.dialect(), r.json, r.now.venue);
  if (!order) return r.refuse(order.error());
  const auto quote = pricer_.price(*order, r.now.venue);
  if (!quote) return r.refuse(quote.error());
  std::string id;
  Stream* stream = nullptr;
  if (r.wants_stream()) {
    if (r.v3() && terms_.rate_limits &&
        r.conn.streams.count(Stream::Kind::kProposal) >= V3Limits::kProposalStreams)
      return r.refuse({"RateLimit", "You have reached the rate limit for proposal."});
    // The same parameters are the same subscription, whatever the request calls itself.
    Json key = Json::object();
    for (const auto& [name, value] : r.json.members())
      if (name != "req_id" && name != "passthrough") key.set(name, value);
    stream = r.subscribe(Stream::Kind::kProposal, "proposal " + key.dump(), ids_);
    if (stream == nullptr) return;
    id = stream->id;
  } else {
    id = ids_.next();
  }
  auto payload = pricer_.proposal(r.conn.dialect(), *order, *quote, id, r.now.venue);
  if (stream != nullptr) {
    stream->symbol = markets_.index_of(order->symbol->code);
    stream->order = *order;
    stream->last = payload;
  }
  r.conn.proposals.add({id, *order, *quote});
  r.reply(frame(r.envelope, "proposal", "proposal", payload, stream != nullptr ? id : ""));
}

// ---- buy ----

void TradeCalls::refuse_buy(Request& r, const WireError& error, const Order* order) {
  const Account& a = r.account();
  if (order != nullptr)
    ledger_.refuse(a.name(), {}, market::name_of(order->spec.type), order->symbol->code,
                   order->stake, error.code, error.message, r.now.venue);
  else
    ledger_.refuse(a.name(), {}, {}, {}, {}, error.code, error.message, r.now.venue);
  r.refuse(error);
}

void TradeCalls::buy(Request& r) {
  const auto limit = r.json.find("price")->as_decimal().value_or(core::Decimal{});
  const std::string& which = r.json.find("buy")->text();
  if (which == "1") return buy_parameters(r, limit);
  buy_proposal(r, which, limit);
}

void TradeCalls::buy_parameters(Request& r, core::Decimal limit) {
  const Json* parameters = r.json.find("parameters");
  if (parameters == nullptr)
    return refuse_buy(r,
                      {"InputValidationFailed", "Input validation failed: parameters", "", "",
                       R"({"parameters":"Missing property."})"},
                      nullptr);
  const auto order = orders_.read(r.conn.dialect(), *parameters, r.now.venue);
  if (!order) return refuse_buy(r, order.error(), nullptr);
  const auto quote = pricer_.price(*order, r.now.venue);
  if (!quote) return refuse_buy(r, quote.error(), &*order);
  if (above(quote->stake, limit))
    return refuse_buy(
        r,
        {"ContractCreationFailure",
         "Contract's stake amount is more than the maximum purchase price.", "amount"},
        &*order);
  execute(r, *order, *quote);
}

void TradeCalls::buy_proposal(Request& r, std::string_view id, core::Decimal limit) {
  const auto found = r.conn.proposals.find(id);
  if (!found)
    return refuse_buy(r, {"InvalidContractProposal", "Unknown contract proposal"}, nullptr);
  const Proposal p = *found;
  if (markets_.closed(markets_.index_of(p.order.symbol->code), r.now.venue))
    return refuse_buy(r, {"MarketIsClosed", "This market is presently closed."}, &p.order);
  const auto now = pricer_.price(p.order, r.now.venue);
  if (!now) return refuse_buy(r, now.error(), &p.order);
  if (above(p.quote.stake, limit))
    return refuse_buy(r, price_moved("price", terms_.currency, limit.to_string(), p.quote.stake),
                      &p.order);
  if (moved_too_far(p.quote, *now)) {
    const auto error =
        p.quote.stake == now->stake
            ? price_moved("payout", terms_.currency, p.quote.payout.to_string(), now->payout)
            : price_moved("price", terms_.currency, p.quote.stake.to_string(), now->stake);
    return refuse_buy(r, error, &p.order);
  }
  // Bought: its stream ends by itself, and it cannot be bought again.
  r.conn.streams.drop([&](const Stream& s) { return s.id == p.id; });
  r.conn.proposals.erase(p.id);
  execute(r, p.order, p.quote);
}

void TradeCalls::execute(Request& r, const Order& order, const venue::Quote& quote) {
  Account& a = r.account();
  if (a.real())
    if (const auto forbidden = terms_.own_limits.forbids(a.open().size(), r.now.venue))
      return refuse_buy(r, *forbidden, &order);
  if (a.open().size() >= kMaxOpenContracts)
    return refuse_buy(r,
                      {"OpenPositionLimitExceeded",
                       fmt::format("Sorry, you cannot hold more than {} contracts at a given time. "
                                   "Please wait until some contracts have closed and try again.",
                                   kMaxOpenContracts)},
                      &order);
  if (quote.stake > a.balance())
    return refuse_buy(r,
                      {"InsufficientBalance",
                       fmt::format("Your account balance ({} {}) is insufficient to buy this "
                                   "contract ({} {}).",
                                   a.balance().to_string(), terms_.currency,
                                   quote.stake.to_string(), terms_.currency)},
                      &order);
  // The book stops a multiplier out; its limit orders stay here, where they can be changed.
  auto spec = Pricer::spec_now(order, r.now.venue);
  if (const auto* terms = spec.multiplier()) {
    spec.terms = market::MultiplierTerms{terms->multiplier, {}, {}, terms->cancellation};
    if (terms->cancellation) spec.multiplier_terms().fee = quote.fee;
  }
  const auto id = contracts_.book().buy(a.index(), spec, quote.stake, quote.payout, r.now.venue);
  if (!id) return refuse_buy(r, Pricer::refusal(id.error(), order), &order);
  const auto& contract = contracts_.contract(*id);
  Deal& deal = keep_deal(r, order, contract);
  accounts_.bought(a, contract, r.now.venue);
  answer_buy(r, deal, contract);
}

Deal& TradeCalls::keep_deal(const Request& r, const Order& order, const venue::Contract& contract) {
  Deal deal;
  deal.id = contract.id;
  deal.account = contract.account;  // accounts were added to the book in our order
  deal.dialect = r.conn.dialect();
  deal.symbol = order.symbol;
  deal.wire_type = wire_type(deal.dialect, contract.spec.type);
  if (const auto* terms = order.spec.multiplier()) {
    deal.take_profit = terms->take_profit;
    deal.stop_loss = terms->stop_loss;
  }
  if (const auto* terms = order.spec.accumulator()) deal.take_profit = terms->take_profit;
  // What enters later than it is bought is named as if it had entered now.
  const bool sized = !is_of_points(contract.spec) || contract.life.entry();
  deal.shortcode =
      shortcode_of(sized ? contract.life : pricer_.as_if_bought(order, contract.stake, r.now.venue),
                   deal.wire_type, order.fixed_expiry, deal.take_profit);
  deal.longcode =
      longcode_of(contract.spec, *order.symbol, contract.life, r.now.venue, order.fixed_expiry);
  deal.expiry_at_purchase = expiry_of(contract);
  for (const Fault& f : r.faults)
    if (f.kind == FaultKind::kHoldSettlement) deal.hold_s = f.amount;
  if (contract.spec.multiplier() != nullptr) {
    auto guarded = contract.spec;
    guarded.multiplier_terms().take_profit = deal.take_profit;
    guarded.multiplier_terms().stop_loss = deal.stop_loss;
    deal.guard.emplace(guarded, contract.life.purchase(), order.symbol);
    for (const auto& [type, amount] :
         {std::pair("take_profit", deal.take_profit), std::pair("stop_loss", deal.stop_loss)})
      if (amount) deal.limit_history.push_back({type, amount, r.now.venue});
  }
  return contracts_.keep(std::move(deal));
}

void TradeCalls::answer_buy(Request& r, const Deal& deal, const venue::Contract& contract) {
  const Account& a = r.account();
  std::string stream_id;
  JsonOut out;
  out.begin_object()
      .raw("balance_after", number(a.balance()))
      .raw("buy_price", number(contract.stake));
  out.integer("contract_id", contract.id.value).text("longcode", deal.longcode);
  out.raw("payout", number(contract.payout)).integer("purchase_time", contract.purchase_time.s);
  out.text("shortcode", deal.shortcode).integer("start_time", contract.purchase_time.s);
  out.integer("transaction_id", contract.buy_tx.value).end_object();
  if (r.wants_stream() && !r.conn.streams.full()) {
    Stream s;
    s.kind = Stream::Kind::kOpenContract;
    s.id = ids_.next();
    s.key = fmt::format("contract {}", contract.id.value);
    s.envelope = r.envelope;
    s.contract = contract.id;
    stream_id = s.id;
    r.conn.streams.add(std::move(s));
  }
  publisher_.bought(r, deal, frame(r.envelope, "buy", "buy", out.str(), stream_id));
}

void TradeCalls::pay(Deal& deal, core::Now now) {
  Account& a = accounts_.at(deal.account);
  contracts_.show_sold(deal, markets_.last(markets_.index_of(deal.symbol->code)), now.venue);
  accounts_.paid(a, contracts_.contract(deal.id), deal.sold_early, now.venue);
  publisher_.paid(a, deal, now);
}

// ---- sell and its relatives ----

/// Null: it is not the account's, or unknown.
Deal* TradeCalls::own_deal(const Request& r, core::ContractId id) {
  Deal* deal = contracts_.find(id);
  return deal != nullptr && deal->account == r.account().index() ? deal : nullptr;
}

void TradeCalls::sell(Request& r) {
  Account& a = r.account();
  const core::ContractId id{r.json.find("sell")->as_int().value_or(0)};
  const auto limit = r.json.find("price")->as_decimal().value_or(core::Decimal{});
  const auto deny = [&](const WireError& error) {
    ledger_.refuse(a.name(), id, {}, {}, {}, error.code, error.message, r.now.venue);
    r.refuse(error);
  };
  Deal* deal = own_deal(r, id);
  if (deal == nullptr)
    return deny({r.v3() ? "NoOpenPosition" : "ContractNotFound",
                 "This contract was not found among your open positions."});
  if (deal->shown == Shown::kSold)
    return deny({"ContractAlreadySold", "This contract has been sold."});
  if (deal->shown == Shown::kExpired) return deny({"BetExpired", "The contract has expired."});
  const auto bid = contracts_.book().bid(contracts_.contract(id), r.now.venue);
  if (core::Decimal{bid.units(), bid.exponent()} < limit)
    return deny(
        {"PriceMoved", fmt::format("The underlying market has moved too much since you priced the "
                                   "contract. The contract sell price has changed to {}{}.",
                                   terms_.currency, bid.to_string())});
  const auto sold = contracts_.book().sell(a.index(), id, r.now.venue);
  if (!sold) return deny(Pricer::refusal(sold.error(), Order{}));
  deal->sold_early = true;
  const auto& contract = contracts_.contract(id);
  JsonOut out;
  out.begin_object().raw("balance_after", number(a.balance() + *sold));
  out.integer("contract_id", id.value).integer("reference_id", contract.buy_tx.value);
  out.raw("sold_for", number(*sold)).integer("transaction_id", contract.sell_tx.value).end_object();
  r.reply(frame(r.envelope, "sell", "sell", out.str()));
  pay(*deal, r.now);
}

void TradeCalls::cancel(Request& r) {
  Account& a = r.account();
  const core::ContractId id{r.json.find("cancel")->as_int().value_or(0)};
  const auto deny = [&](const WireError& error) {
    ledger_.refuse(a.name(), id, {}, {}, {}, error.code, error.message, r.now.venue);
    r.refuse(error);
  };
  Deal* deal = own_deal(r, id);
  if (deal == nullptr)
    return deny({r.v3() ? "NoOpenPosition" : "ContractNotFound",
                 "This contract was not found among your open positions."});
  if (deal->shown != Shown::kOpen && market::has_cancellation(contracts_.contract(id).spec))
    return deny({"ContractAlreadySold", "This contract has been sold."});
  const auto back = contracts_.book().cancel(a.index(), id, r.now.venue);
  if (!back) return deny(Pricer::refusal(back.error(), Order{}));
  deal->sold_early = true;
  const auto& contract = contracts_.contract(id);
  JsonOut out;
  out.begin_object().raw("balance_after", number(a.balance() + *back));
  out.integer("contract_id", id.value).integer("reference_id", contract.buy_tx.value);
  out.raw("sold_for", number(*back)).integer("transaction_id", contract.sell_tx.value).end_object();
  r.reply(frame(r.envelope, "cancel", "cancel", out.str()));
  pay(*deal, r.now);
}

void TradeCalls::contract_update(Request& r) {
  const core::ContractId id{r.json.find("contract_id")->as_int().value_or(0)};
  Deal* deal = own_deal(r, id);
  if (deal == nullptr || deal->shown != Shown::kOpen)
    return r.refuse({r.v3() ? "NoOpenPosition" : "ContractNotFound",
                     "This contract was not found among your open positions."});
  const auto& contract = contracts_.contract(id);
  // While a deal can be cancelled it takes no limits (v3-api.md section 5).
  if (contract.spec.multiplier() == nullptr ||
      !contracts_.book().cancel_refusal(contract, r.now.venue))
    return r.refuse({"ContractUpdateNotAllowed", "Update is not allowed for this contract."});
  if (!deal->limit_history.empty() && deal->limit_history.back().at == r.now.venue &&
      contract.purchase_time != r.now.venue)
    return r.refuse({"ContractUpdateTooFrequent", "Only one update per second is allowed."});
  const Json& limits = *r.json.find("limit_order");
  for (const auto* key : {"take_profit", "stop_loss"}) {
    const Json* value = limits.find(key);
    if (value == nullptr) continue;
    std::optional<core::Money> amount;
    if (!value->is_null()) {
      auto parsed = core::Money::parse(value->text(), terms_.balance.exponent());
      if (!parsed || parsed->units() <= 0)
        return r.refuse({"ContractUpdateFailure",
                         fmt::format("Please enter a positive amount with at most {} decimal "
                                     "places.",
                                     terms_.balance.exponent()),
                         key});
      amount = *parsed;
    }
    (std::string_view(key) == "take_profit" ? deal->take_profit : deal->stop_loss) = amount;
    deal->limit_history.push_back({key, amount, r.now.venue});
  }
  auto spec = contract.spec;
  spec.multiplier_terms().take_profit = deal->take_profit;
  spec.multiplier_terms().stop_loss = deal->stop_loss;
  deal->guard.emplace(spec, contract.life.purchase(), deal->symbol);
  // A level that the position has passed already closes it at the next tick, not at this one.
  if (const auto& entry = contract.life.entry()) deal->guard->on_tick(*entry);
  r.reply(frame(r.envelope, "contract_update", "contract_update",
                limit_order_json(contract, *deal, false, false)));
}

void TradeCalls::contract_update_history(Request& r) {
  const core::ContractId id{r.json.find("contract_id")->as_int().value_or(0)};
  const Deal* deal = own_deal(r, id);
  if (deal == nullptr)
    return r.refuse({r.v3() ? "NoOpenPosition" : "ContractNotFound",
                     "This contract was not found among your open positions."});
  std::int64_t left = 500;
  if (const Json* limit = r.json.find("limit"); limit != nullptr)
    left = limit->as_int().value_or(left);
  JsonOut out;
  out.begin_array();
  for (auto it = deal->limit_history.rbegin(); it != deal->limit_history.rend() && left > 0;
       ++it, --left) {
    const bool profit = it->order_type == "take_profit";
    out.begin_object().text("display_name", profit ? "Take profit" : "Stop loss");
    const auto amount = it->amount.value_or(core::Money{});
    out.text("order_amount", (profit ? amount : -amount).to_string());
    out.integer("order_date", it->at.s).text("order_type", it->order_type);
    out.key("value").null().end_object();
  }
  r.reply(frame(r.envelope, "contract_update_history", "contract_update_history",
                out.end_array().str()));
}

/// Contracts settle by themselves since 2018; the call only hurries those that have expired.
void TradeCalls::sell_expired(Request& r) {
  Account& a = r.account();
  const auto due = contracts_.paid_early(a.index());
  r.reply(frame(r.envelope, "sell_expired", "sell_expired",
                fmt::format("{{\"count\":{}}}", due.size())));
  for (const auto id : due) pay(contracts_.hurry(id), r.now);
}

}  // namespace derivd::sim
