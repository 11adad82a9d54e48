#include "sim/account_calls.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "market/hours.hpp"
#include "market/multiplier.hpp"
#include "sim/payloads.hpp"

namespace derivd::sim {
namespace {

using market::kSecondsOfDay;

std::int64_t number_or(const Json& json, std::string_view key, std::int64_t otherwise) {
  const Json* j = json.find(key);
  if (j == nullptr || !j->is_number()) return otherwise;
  return j->as_int().value_or(otherwise);
}

/// Days since 1970 of a Gregorian date (Hinnant).
std::int64_t days_of(std::int64_t y, int m, int d) {
  y -= m <= 2 ? 1 : 0;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const auto yoe = y - era * 400;
  const auto doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
  return era * 146'097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719'468;
}

/// "2026-06-21" or epoch digits; the form was checked before.
std::int64_t epoch_of(std::string_view text) {
  const auto read = [](std::string_view s) {
    std::int64_t v = 0;
    std::from_chars(s.data(), s.data() + s.size(), v);
    return v;
  };
  const auto first = text.find('-');
  if (first == std::string_view::npos) return read(text);
  const auto second = text.find('-', first + 1);
  return kSecondsOfDay * days_of(read(text.substr(0, first)),
                                 static_cast<int>(read(text.substr(first + 1, second - first - 1))),
                                 static_cast<int>(read(text.substr(second + 1))));
}

/// `contract_type` of portfolio and profit_table: none given means all.
bool type_wanted(const Json& request, std::string_view type) {
  const Json* types = request.find("contract_type");
  if (types == nullptr || types->items().empty()) return true;
  return std::any_of(types->items().begin(), types->items().end(),
                     [&](const Json& j) { return j.text() == type; });
}

std::string_view duration_type(const venue::Contract& c) {
  using Unit = market::ContractDuration::Unit;
  if (!market::kind_of(c.spec.type).needs.has_length()) return "days";
  switch (c.spec.duration.unit) {
    case Unit::kTicks:
      return "ticks";
    case Unit::kSeconds:
      return "seconds";
    case Unit::kMinutes:
      return "minutes";
    case Unit::kHours:
      return "hours";
    case Unit::kDays:
    case Unit::kUntil:
      return "days";
  }
  return "";
}

}  // namespace

// ---- v3 session ----

void AccountCalls::authorize(Request& r) {
  Grant* grant = accounts_.grant_by_token(r.json.find("authorize")->text());
  if (grant != nullptr && r.has(FaultKind::kExpireToken)) grant->valid = false;
  if (grant == nullptr || grant->token.dialect != Dialect::kV3 || !grant->valid)
    return r.refuse({"InvalidToken", "Your token has expired or is invalid."});
  r.conn.log_in(*grant);
  const Account* a = grant->account;
  const bool demo = !a->real();
  const std::string_view company = demo ? "virtual" : "svg";
  JsonOut out;
  out.begin_object().key("account_list").begin_array().begin_object();
  out.text("account_category", "trading").text("account_type", "binary");
  out.text("broker", demo ? "VRTC" : "CR")
      .integer("created_at", terms_.start.s - 30 * kSecondsOfDay);
  out.text("currency", terms_.currency.view());
  out.text("currency_type", terms_.balance.exponent() == 8 ? "crypto" : "fiat");
  out.flag("is_disabled", false);
  out.flag("is_virtual", demo).text("landing_company_name", company);
  out.key("linked_to")
      .begin_array()
      .end_array()
      .text("loginid", a->name())
      .end_object()
      .end_array();
  out.raw("balance", number(a->balance()))
      .text("country", "id")
      .text("currency", terms_.currency.view());
  out.text("email", "client@derivsim.example").text("fullname", "  ").flag("is_virtual", demo);
  out.text("landing_company_fullname", demo ? "Deriv Limited" : "Deriv (SVG) LLC");
  out.text("landing_company_name", company).key("linked_to").begin_array().end_array();
  out.key("local_currencies").begin_object().key(terms_.currency.view()).begin_object();
  out.integer("fractional_digits", terms_.balance.exponent()).end_object().end_object();
  out.text("loginid", a->name()).text("preferred_language", "EN").key("scopes").begin_array();
  for (const auto& scope : grant->token.scopes) out.value(scope);
  out.end_array().key("upgradeable_landing_companies").begin_array().end_array();
  out.integer("user_id", a->number()).end_object();
  r.reply(frame(r.envelope, "authorize", "authorize", out.str()));
}

void AccountCalls::logout(Request& r) {
  if (r.v3()) r.conn.log_out();
  r.reply(frame(r.envelope, "logout", "logout", "1"));
}

// ---- money ----

void AccountCalls::balance(Request& r) {
  const Json* account = r.json.find("account");
  const bool all = account != nullptr && account->text() == "all";
  std::string id;
  if (r.wants_stream()) {
    Stream* s = r.subscribe(Stream::Kind::kBalance, all ? "balance all" : "balance", ids_);
    if (s == nullptr) return;
    s->all_accounts = all;
    id = s->id;
  }
  r.reply(
      frame(r.envelope, "balance", "balance", balance_payload(terms_, r.account(), id, all), id));
}

void AccountCalls::transaction(Request& r) {
  const Stream* s = r.subscribe(Stream::Kind::kTransaction, "transaction", ids_);
  if (s == nullptr) return;
  JsonOut out;
  out.begin_object().text("id", s->id).end_object();
  r.reply(frame(r.envelope, "transaction", "transaction", out.str(), s->id));
}

void AccountCalls::topup_virtual(Request& r) {
  Account& a = r.account();
  if (a.real())
    return r.refuse(
        {"TopupVirtualError", "Sorry, this feature is available to virtual accounts only"});
  if (a.balance() >= terms_.balance)
    return r.refuse({"TopupVirtualError",
                     "You can only request additional funds if your virtual account balance falls "
                     "below the initial one."});
  const auto amount = terms_.balance - a.balance();
  r.reply(
      frame(r.envelope, "topup_virtual", "topup_virtual",
            fmt::format(R"({{"amount":{},"currency":"{}"}})", number(amount), terms_.currency)));
  accounts_.deposit(a, amount, contracts_.book(), r.now.venue);
  publisher_.balance(a, r.now);
}

/// Virtual money is not limited so; in which words Deriv says it is not known.
void AccountCalls::own_limits(Request& r) {
  if (!r.account().real())
    return r.refuse(
        {"PermissionDenied", "Sorry, this feature is available to real accounts only."});
  r.reply(
      frame(r.envelope, "get_self_exclusion", "get_self_exclusion", terms_.own_limits.payload()));
}

// ---- tables ----

void AccountCalls::portfolio(Request& r) {
  const bool v3 = r.v3();
  JsonOut out;
  out.begin_object().key("contracts").begin_array();
  for (const auto id : r.account().open()) {
    const Deal& d = contracts_.at(id);
    if (!type_wanted(r.json, d.wire_type)) continue;
    const auto& c = contracts_.contract(id);
    out.begin_object().raw("buy_price", number(c.stake)).integer("contract_id", id.value);
    out.text("contract_type", d.wire_type).text("currency", terms_.currency.view());
    out.integer("date_start", c.purchase_time.s).integer("expiry_time", expiry_of(c).s);
    out.text("longcode", d.longcode).raw("payout", number(c.payout));
    out.integer("purchase_time", c.purchase_time.s).text("shortcode", d.shortcode);
    out.text(v3 ? "symbol" : "underlying_symbol", d.symbol->code);
    out.integer("transaction_id", c.buy_tx.value).end_object();
  }
  r.reply(frame(r.envelope, "portfolio", "portfolio", out.end_array().end_object().str()));
}

void AccountCalls::profit_table(Request& r) {
  const Json& q = r.json;
  const bool described = number_or(q, "description", 0) == 1;
  const Json* from_json = q.find("date_from");
  const Json* to_json = q.find("date_to");
  const auto from = from_json != nullptr ? epoch_of(from_json->text()) : INT64_MIN;
  const auto to = to_json != nullptr ? epoch_of(to_json->text()) : INT64_MAX;
  std::vector<const Deal*> rows;
  for (const auto id : contracts_.book().contracts_of(r.account().index())) {
    const Deal* d = contracts_.find(id);
    if (d == nullptr || d->shown != Shown::kSold || !type_wanted(q, d->wire_type)) continue;
    const auto bought = contracts_.contract(id).purchase_time.s;
    if (bought >= from && bought <= to) rows.push_back(d);
  }
  const Json* sort = q.find("sort");
  if (sort == nullptr || sort->text() == "DESC") std::reverse(rows.begin(), rows.end());
  const auto offset = static_cast<std::size_t>(number_or(q, "offset", 0));
  const auto limit = static_cast<std::size_t>(number_or(q, "limit", 50));
  JsonOut out;
  std::int64_t count = 0;
  JsonOut list;
  list.begin_array();
  for (std::size_t i = offset; i < rows.size() && i - offset < limit; ++i, ++count) {
    const Deal& d = *rows[i];
    const auto& c = contracts_.contract(d.id);
    list.begin_object().raw("buy_price", number(c.stake)).integer("contract_id", d.id.value);
    if (described) {
      list.text("contract_type", d.wire_type).text("duration_type", duration_type(c));
      list.text("longcode", d.longcode);
      if (const auto* terms = c.spec.multiplier())
        list.text("multiplier", fmt::format("{}", terms->multiplier));
      if (market::has_cancellation(c.spec))
        list.text("deal_cancellation_duration", c.spec.multiplier()->cancellation->to_string());
    }
    list.raw("payout", number(c.payout)).integer("purchase_time", c.purchase_time.s);
    list.raw("sell_price", number(c.sell_price)).integer("sell_time", d.sell_time.s);
    if (described) list.text("shortcode", d.shortcode);
    list.integer("transaction_id", c.buy_tx.value);
    if (described) list.text("underlying_symbol", d.symbol->code);
    list.end_object();
  }
  list.end_array();
  out.begin_object().integer("count", count).raw("transactions", list.str()).end_object();
  r.reply(frame(r.envelope, "profit_table", "profit_table", out.str()));
}

void AccountCalls::statement(Request& r) {
  const Json& q = r.json;
  const bool described = number_or(q, "description", 0) == 1;
  const auto from = number_or(q, "date_from", INT64_MIN);
  const auto to = number_or(q, "date_to", INT64_MAX);
  auto skip = number_or(q, "offset", 0);
  auto left = number_or(q, "limit", 100);
  const Json* action = q.find("action_type");
  const auto& rows = r.account().rows();
  JsonOut list;
  list.begin_array();
  std::int64_t count = 0;
  for (auto it = rows.rbegin(); it != rows.rend() && left > 0; ++it) {
    const StatementRow& row = *it;
    if (row.at.s < from || row.at.s > to) continue;
    if (action != nullptr && action->text() != row.action) continue;
    if (skip-- > 0) continue;
    --left;
    ++count;
    const Deal* d = contracts_.find(row.contract);
    const auto* c = d != nullptr ? contracts_.book().find(row.contract) : nullptr;
    list.begin_object().text("action_type", row.action).raw("amount", number(row.amount));
    list.raw("balance_after", number(row.balance)).key("contract_id");
    c != nullptr ? list.value(row.contract.value) : list.null();
    if (described) list.text("longcode", d != nullptr ? d->longcode : "Deposit");
    list.raw("payout", c != nullptr ? number(c->payout) : "null");
    if (c != nullptr && row.action == "sell") list.integer("purchase_time", c->purchase_time.s);
    list.key("reference_id");
    row.reference ? list.value(row.reference.value) : list.null();
    list.key("shortcode");
    d != nullptr ? list.value(d->shortcode) : list.null();
    list.integer("transaction_id", row.id.value).integer("transaction_time", row.at.s);
    list.end_object();
  }
  JsonOut out;
  list.end_array();
  out.begin_object().integer("count", count).raw("transactions", list.str()).end_object();
  r.reply(frame(r.envelope, "statement", "statement", out.str()));
}

// ---- open contracts ----

void AccountCalls::open_contract(Request& r) {
  const Account& a = r.account();
  const bool streaming = r.wants_stream();
  const std::string_view name = "proposal_open_contract";
  const Json* wanted = r.json.find("contract_id");
  if (wanted == nullptr) {
    std::string id;
    if (streaming) {
      const Stream* s = r.subscribe(Stream::Kind::kOpenContracts, "contracts", ids_);
      if (s == nullptr) return;
      id = s->id;
    }
    if (a.open().empty()) return r.reply(frame(r.envelope, name, name, "{}", id));
    for (const auto contract : a.open())
      r.reply(frame(r.envelope, name, name,
                    publisher_.contract_payload(contracts_.at(contract), id, r.now.venue), id));
    return;
  }
  const core::ContractId contract{wanted->as_int().value_or(0)};
  const Deal* deal = contracts_.find(contract);
  if (deal == nullptr || &accounts_.at(deal->account) != &a) {
    if (r.v3()) return r.reply(frame(r.envelope, name, name, "{}"));
    return r.refuse({"ContractNotFound", "This contract was not found."});
  }
  std::string id;
  if (streaming && deal->shown != Shown::kSold) {
    Stream* s =
        r.subscribe(Stream::Kind::kOpenContract, fmt::format("contract {}", contract.value), ids_);
    if (s == nullptr) return;
    s->contract = contract;
    id = s->id;
  }
  r.reply(frame(r.envelope, name, name, publisher_.contract_payload(*deal, id, r.now.venue), id));
}

}  // namespace derivd::sim
