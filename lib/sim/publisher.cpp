#include "sim/publisher.hpp"

#include "core/check.hpp"
#include "market/kind.hpp"
#include "sim/json.hpp"
#include "sim/payloads.hpp"
#include "sim/wire.hpp"

namespace derivd::sim {

void Publisher::quotes(std::size_t symbol, const market::Tick& tick, core::Now now) {
  const auto code = tick.symbol.view();
  for (auto& [id, c] : connections_.all())
    for (Stream& s : c->streams) {
      if (!s.follows_quotes_of(symbol)) continue;
      if (s.kind != Stream::Kind::kCandles)
        connections_.push(*c, "tick", code,
                          frame(s.envelope, "tick", "tick", tick_payload(tick, s.id), s.id),
                          now.instant);
      else
        connections_.push(
            *c, "ohlc", code,
            frame(s.envelope, "ohlc", "ohlc",
                  ohlc_payload(from_.markets.feed(), symbol, s.granularity, tick, s.id), s.id),
            now.instant);
    }
}

void Publisher::values(std::size_t symbol, const market::Tick& tick, core::Now now) {
  const auto code = tick.symbol.view();
  for (auto& [id, c] : connections_.all())
    for (Stream& s : c->streams) {
      if (s.kind == Stream::Kind::kProposal && s.symbol == symbol) proposal(*c, s, now);
      if (s.kind == Stream::Kind::kOpenContract) {
        const Deal* d = from_.contracts.find(s.contract);
        if (d != nullptr && d->symbol->code == code && d->shown == Shown::kOpen)
          one_contract(*c, s, *d, now);
      }
      if (s.kind != Stream::Kind::kOpenContracts) continue;
      for (const auto contract : c->account()->open()) {
        const Deal& d = from_.contracts.at(contract);
        if (d.symbol->code == code && d.shown == Shown::kOpen) one_contract(*c, s, d, now);
      }
    }
}

void Publisher::proposal(Connection& c, Stream& s, core::Now now) {
  if (!s.order || !Pricer::market_moves(*s.order)) return;
  const auto quote = from_.pricer.price(*s.order, now.venue);
  if (!quote) return;
  auto payload = from_.pricer.proposal(c.dialect(), *s.order, *quote, s.id, now.venue);
  if (payload == s.last) return;
  s.last = payload;
  c.proposals.requote(s.id, *quote);
  connections_.push(c, "proposal", s.order->symbol->code,
                    frame(s.envelope, "proposal", "proposal", payload, s.id), now.instant);
}

std::string Publisher::contract_payload(const Deal& deal, std::string_view stream_id,
                                        core::VenueTime now) const {
  const auto& contract = from_.contracts.contract(deal.id);
  const auto index = from_.markets.index_of(deal.symbol->code);
  const DealView view{contract,
                      deal,
                      from_.contracts.book().bid(contract, now),
                      deal.last_spot ? deal.last_spot : from_.markets.last(index),
                      from_.accounts.at(deal.account).number(),
                      stream_id,
                      from_.markets.feed().history(index),
                      from_.terms.currency.view(),
                      !from_.contracts.book().cancel_refusal(contract, now)};
  auto payload = open_contract_json(view);
  constexpr std::string_view kName = "\"sell_time\"";
  const auto at = payload.find(kName);
  if (at != std::string::npos) {
    payload.replace(at + 1, kName.size() - 2, from_.terms.rules.field("sell_time"));
  }
  return payload;
}

void Publisher::one_contract(Connection& c, const Stream& s, const Deal& deal, core::Now now) {
  DERIVD_CHECK(c.account() == &from_.accounts.at(deal.account),
               "a contract is shown to its own account alone");
  connections_.push(c, "proposal_open_contract", deal.symbol->code,
                    frame(s.envelope, "proposal_open_contract", "proposal_open_contract",
                          contract_payload(deal, s.id, now.venue), s.id),
                    now.instant);
}

void Publisher::contract(const Deal& deal, core::Now now) {
  const Account* a = &from_.accounts.at(deal.account);
  for (auto& [id, c] : connections_.all()) {
    if (c->account() != a) continue;
    for (Stream& s : c->streams) {
      const bool one = s.kind == Stream::Kind::kOpenContract && s.contract == deal.id;
      if (one || s.kind == Stream::Kind::kOpenContracts) one_contract(*c, s, deal, now);
    }
    if (deal.shown == Shown::kSold)
      c->streams.drop([&](const Stream& s) {
        return s.kind == Stream::Kind::kOpenContract && s.contract == deal.id;
      });
  }
}

void Publisher::transaction(const Account& a, const Deal& deal, std::string_view action,
                            core::Now now) {
  const auto& contract = from_.contracts.contract(deal.id);
  const bool buying = action == "buy";
  const auto amount = buying ? -contract.stake : contract.sell_price;
  for (auto& [id, c] : connections_.all()) {
    if (c->account() != &a) continue;
    for (Stream& s : c->streams) {
      if (s.kind != Stream::Kind::kTransaction) continue;
      const bool v3 = c->v3();
      JsonOut out;
      out.begin_object().text("action", action).raw("amount", number(amount));
      out.raw("balance", number(a.balance()));
      if (v3 && market::has_payout(contract.spec.type)) {
        out.text("barrier", barrier_of_transaction(contract.spec));
      }
      out.integer("contract_id", contract.id.value).text("currency", from_.terms.currency.view());
      out.integer("date_expiry", expiry_of(contract).s);
      if (v3) out.text("display_name", deal.symbol->display_name);
      out.text("id", s.id).text("longcode", deal.longcode);
      out.integer("purchase_time", contract.purchase_time.s);
      out.text(v3 ? "symbol" : "underlying_symbol", deal.symbol->code);
      out.integer("transaction_id", buying ? contract.buy_tx.value : deal.sell_tx.value);
      out.integer("transaction_time", now.venue.s).end_object();
      connections_.push(*c, "transaction", deal.symbol->code,
                        frame(s.envelope, "transaction", "transaction", out.str(), s.id),
                        now.instant);
    }
  }
}

void Publisher::balance(const Account& a, core::Now now) {
  for (auto& [id, c] : connections_.all()) {
    if (c->account() != &a) continue;
    for (Stream& s : c->streams) {
      if (s.kind != Stream::Kind::kBalance) continue;
      connections_.push(*c, "balance", {},
                        frame(s.envelope, "balance", "balance",
                              balance_payload(from_.terms, a, s.id, s.all_accounts), s.id),
                        now.instant);
    }
  }
}

void Publisher::bought(Request& r, const Deal& deal, std::string answer) {
  const Account& a = from_.accounts.at(deal.account);
  DERIVD_CHECK(r.conn.account() == &a, "a purchase is answered to its own account");
  // The reply, the transaction and the balance come in no fixed order (v3-api.md section 7).
  const auto turn = order_.below(4);
  if (turn == 0) r.reply(std::move(answer));
  if (turn % 2 == 0) transaction(a, deal, "buy", r.now);
  balance(a, r.now);
  if (turn % 2 == 1) transaction(a, deal, "buy", r.now);
  if (turn != 0) r.reply(std::move(answer));
  contract(deal, r.now);
}

void Publisher::paid(const Account& account, const Deal& deal, core::Now now) {
  DERIVD_CHECK(deal.shown == Shown::kSold, "a payment is told of what is sold");
  const bool transaction_first = order_.below(2) == 0;
  if (transaction_first) transaction(account, deal, "sell", now);
  balance(account, now);
  if (!transaction_first) transaction(account, deal, "sell", now);
  contract(deal, now);
}

void Publisher::website_status(const SiteStatus& site, core::Now now) {
  for (auto& [id, c] : connections_.all())
    for (const auto& s : c->streams)
      if (s.kind == Stream::Kind::kWebsiteStatus)
        connections_.push(*c, "website_status", {},
                          frame(s.envelope, "website_status", "website_status",
                                website_status_payload(from_.terms, site), s.id),
                          now.instant);
}

}  // namespace derivd::sim
