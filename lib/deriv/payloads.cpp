#include "deriv/payloads.hpp"

#include <fmt/format.h>

#include "market/kind.hpp"
#include "market/shortcode.hpp"
#include "market/spec.hpp"
#include "market/symbol.hpp"

namespace derivd::deriv {

using core::Error;
using core::Result;
using execution::HistoryRow;
using execution::TransactionReport;
using json::Amounts;
using json::bad;
using json::each_element;
using json::each_field;
using json::read;
using json::read_cut;
using json::read_nullable;
using json::require;
using json::Status;
using json::Value;

namespace {

constexpr std::size_t kMaxScopes = 32;

/// A price step of 0.01 stands for two decimals.
Status read_price_step(Value value, std::string_view name, std::optional<std::uint8_t>& out) {
  if (out) return bad(name, "appears twice");
  std::optional<core::Decimal> step;
  DERIV_TRY(read(value, name, step));
  if (step->mantissa <= 0) return bad(name, "is not a price step");
  while (step->scale > 0 && step->mantissa % 10 == 0) {
    step->mantissa /= 10;
    --step->scale;
  }
  if (step->scale > kMaxDecimals) return bad(name, "is not a price step");
  out = step->scale;
  return {};
}

Status decode_tick(Value value, TickPayload& out) {
  std::optional<market::SymbolCode> symbol;
  std::optional<core::VenueTime> epoch;
  std::optional<core::Decimal> quote;
  DERIV_TRY(each_field(value, "tick", [&](std::string_view key, Value v) -> Status {
    if (key == "quote") return read(v, "tick.quote", quote);
    if (key == "epoch") return read(v, "tick.epoch", epoch);
    if (key == "symbol") return read(v, "tick.symbol", symbol);
    if (key == "pip_size") return read_decimals(v, "tick.pip_size", out.decimals);
    return {};
  }));
  DERIV_TRY(require("tick.symbol", symbol));
  DERIV_TRY(require("tick.epoch", epoch));
  DERIV_TRY(require("tick.quote", quote));
  out.symbol = *symbol;
  out.tick = {*epoch, *quote};
  return {};
}

/// A row whose time or quote is no number costs itself alone.
Status decode_history(Value value, HistoryPayload& out) {
  std::optional<std::size_t> prices;
  std::optional<std::size_t> times;
  std::vector<std::size_t> unreadable;
  const auto at = [&](std::size_t i) -> RawTick& {
    if (out.ticks.size() <= i) out.ticks.resize(i + 1);
    return out.ticks[i];
  };
  const auto take = [&](std::string_view name, Value list, std::optional<std::size_t>& count,
                        const auto& store) -> Status {
    DERIV_TRY(json::once(name, count));
    count = 0;
    return each_element(list, name, kMaxRows, [&](Value item) -> Status {
      const auto row = (*count)++;
      if (const auto done = store(item, at(row)); !done) {
        if (unreadable.empty()) {
          out.first_unreadable = fmt::format("row {}: {}", row + 1, done.error().text);
        }
        unreadable.push_back(row);
      }
      return {};
    });
  };
  DERIV_TRY(each_field(value, "history", [&](std::string_view key, Value v) -> Status {
    if (key == "prices") {
      return take("history.prices", v, prices, [](Value item, RawTick& row) -> Status {
        std::optional<core::Decimal> quote;
        DERIV_TRY(read(item, "history.prices", quote));
        row.quote = *quote;
        return {};
      });
    }
    if (key == "times") {
      return take("history.times", v, times, [](Value item, RawTick& row) -> Status {
        std::optional<core::VenueTime> epoch;
        DERIV_TRY(read(item, "history.times", epoch));
        row.epoch = *epoch;
        return {};
      });
    }
    return {};
  }));
  DERIV_TRY(require("history.prices", prices));
  DERIV_TRY(require("history.times", times));
  if (*prices != *times) return bad("history", "has not one time for each price");
  std::sort(unreadable.begin(), unreadable.end());
  unreadable.erase(std::unique(unreadable.begin(), unreadable.end()), unreadable.end());
  out.unreadable = unreadable.size();
  for (; !unreadable.empty(); unreadable.pop_back()) {
    out.ticks.erase(out.ticks.begin() + static_cast<std::ptrdiff_t>(unreadable.back()));
  }
  return {};
}

struct CurrencyDigits {
  core::ShortString<20> currency;
  std::uint8_t decimals = 0;
};

/// {"USD": {"fractional_digits": 2}}
Status decode_currencies(Value value, std::vector<CurrencyDigits>& out) {
  constexpr std::size_t kMaxCurrencies = 50;
  return each_field(value, "authorize.local_currencies",
                    [&](std::string_view currency, Value v) -> Status {
                      std::optional<std::uint8_t> decimals;
                      DERIV_TRY(each_field(v, "authorize.local_currencies",
                                           [&](std::string_view key, Value item) -> Status {
                                             if (key != "fractional_digits") return {};
                                             return read_decimals(item, key, decimals);
                                           }));
                      if (!decimals || !core::ShortString<20>::fits(currency)) return {};
                      if (out.size() == kMaxCurrencies) {
                        return bad("authorize.local_currencies", "has too many fields");
                      }
                      out.push_back({currency, *decimals});
                      return {};
                    });
}

Status decode_authorize(Value value, AuthorizePayload& out) {
  std::optional<core::ShortString<32>> loginid;
  std::optional<core::ShortString<20>> currency;
  std::optional<bool> is_virtual;
  std::vector<CurrencyDigits> digits;
  bool scopes = false;
  DERIV_TRY(each_field(value, "authorize", [&](std::string_view key, Value v) -> Status {
    if (key == "loginid") return read(v, "authorize.loginid", loginid);
    if (key == "currency") return read(v, "authorize.currency", currency);
    if (key == "is_virtual") return read(v, "authorize.is_virtual", is_virtual);
    if (key == "local_currencies") return decode_currencies(v, digits);
    if (key == "scopes") {
      if (scopes) return bad("authorize.scopes", "appears twice");
      scopes = true;
      return each_element(v, "authorize.scopes", kMaxScopes, [&](Value item) -> Status {
        std::optional<core::ShortString<32>> scope;
        DERIV_TRY(read(item, "authorize.scopes", scope));
        out.scopes.push_back(*scope);
        return {};
      });
    }
    return {};
  }));
  DERIV_TRY(require("authorize.loginid", loginid));
  DERIV_TRY(require("authorize.currency", currency));
  DERIV_TRY(require("authorize.is_virtual", is_virtual));
  if (!scopes) return bad("authorize.scopes", "is missing");
  out.loginid = *loginid;
  out.currency = *currency;
  out.is_virtual = *is_virtual;
  for (const auto& d : digits) {
    if (d.currency == *currency) out.decimals = d.decimals;
  }
  return {};
}

Status decode_time(Value value, TimePayload& out) {
  std::optional<core::VenueTime> time;
  DERIV_TRY(read(value, "time", time));
  out.time = *time;
  return {};
}

Status decode_balance(Value value, BalancePayload& out) {
  std::optional<core::Decimal> balance;
  std::optional<core::ShortString<20>> currency;
  std::optional<core::ShortString<32>> loginid;
  DERIV_TRY(each_field(value, "balance", [&](std::string_view key, Value v) -> Status {
    if (key == "balance") return read(v, "balance.balance", balance);
    if (key == "currency") return read(v, "balance.currency", currency);
    if (key == "loginid") return read(v, "balance.loginid", loginid);
    return {};
  }));
  DERIV_TRY(require("balance.balance", balance));
  DERIV_TRY(require("balance.currency", currency));
  DERIV_TRY(require("balance.loginid", loginid));
  out = {*balance, *currency, *loginid};
  return {};
}

Status decode_active_symbols(Value value, const WireNames& names, ActiveSymbolsPayload& out) {
  return each_element(value, "active_symbols", kMaxRows, [&](Value item) -> Status {
    std::optional<market::SymbolCode> symbol;
    std::optional<std::uint8_t> decimals;
    std::optional<core::ShortString<60>> name;
    std::optional<core::ShortString<30>> market;
    std::optional<core::ShortString<30>> submarket;
    std::optional<bool> open;
    std::optional<bool> suspended;
    DERIV_TRY(each_field(item, "active_symbols", [&](std::string_view key, Value v) -> Status {
      if (key == names.symbol) return read(v, "active_symbols.symbol", symbol);
      if (key == names.price_step) return read_price_step(v, "active_symbols.pip", decimals);
      if (key == names.symbol_name) return read_cut(v, "active_symbols.name", name);
      if (key == "market") return read_cut(v, "active_symbols.market", market);
      if (key == "submarket") return read_cut(v, "active_symbols.submarket", submarket);
      if (key == "exchange_is_open") return read(v, "active_symbols.exchange_is_open", open);
      if (key == "is_trading_suspended") {
        return read(v, "active_symbols.is_trading_suspended", suspended);
      }
      return {};
    }));
    DERIV_TRY(require("active_symbols.symbol", symbol));
    DERIV_TRY(require("active_symbols.pip", decimals));
    market::ListedSymbol row;
    row.symbol.code = *symbol;
    row.symbol.decimals = *decimals;
    if (name) row.symbol.display_name = *name;
    if (market) row.symbol.market = *market;
    if (submarket) row.symbol.submarket = *submarket;
    row.is_open = open.value_or(true);
    row.is_suspended = suspended.value_or(false);
    out.rows.push_back(row);
    return {};
  });
}

/// Null, or of no meaning, where nothing can be cancelled.
Status read_fee(Value value, Amounts money, std::optional<core::Money>& out) {
  simdjson::ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS ||
      type != simdjson::ondemand::json_type::object) {
    return {};
  }
  return each_field(value, "proposal.cancellation", [&](std::string_view key, Value v) -> Status {
    if (key != "ask_price") return {};
    return money.read_nullable(v, "proposal.cancellation.ask_price", out);
  });
}

Status decode_proposal(Value value, Amounts money, ProposalPayload& out) {
  std::optional<core::ShortString<64>> id;
  std::optional<core::Money> ask;
  std::optional<core::Money> payout;
  std::optional<core::Text> words;
  DERIV_TRY(each_field(value, "proposal", [&](std::string_view key, Value v) -> Status {
    if (key == "id") return read(v, "proposal.id", id);
    if (key == "ask_price") return money.read(v, "proposal.ask_price", ask);
    if (key == "payout") return money.read(v, "proposal.payout", payout);
    if (key == "spot") return read_nullable(v, "proposal.spot", out.spot);
    if (key == "spot_time") return read_nullable(v, "proposal.spot_time", out.spot_time);
    if (key == "date_start") return read_nullable(v, "proposal.date_start", out.start);
    if (key == "commission") return read_nullable(v, "proposal.commission", out.commission);
    if (key == "longcode") return read_cut(v, "proposal.longcode", words);
    if (key == "cancellation") return read_fee(v, money, out.fee);
    return {};
  }));
  DERIV_TRY(require("proposal.id", id));
  DERIV_TRY(require("proposal.ask_price", ask));
  DERIV_TRY(require("proposal.payout", payout));
  out.id = *id;
  out.ask = *ask;
  out.payout = *payout;
  if (words) out.words = *words;
  return {};
}

Status decode_buy(Value value, Amounts money, execution::Bought& out) {
  std::optional<core::ContractId> contract;
  std::optional<core::TransactionId> transaction;
  std::optional<core::Money> price;
  std::optional<core::Money> payout;
  std::optional<core::Money> balance;
  std::optional<core::VenueTime> purchase_time;
  std::optional<core::ShortString<120>> shortcode;
  DERIV_TRY(each_field(value, "buy", [&](std::string_view key, Value v) -> Status {
    if (key == "contract_id") return read(v, "buy.contract_id", contract);
    if (key == "transaction_id") return read(v, "buy.transaction_id", transaction);
    if (key == "buy_price") return money.read(v, "buy.buy_price", price);
    if (key == "payout") return money.read(v, "buy.payout", payout);
    if (key == "balance_after") return money.read(v, "buy.balance_after", balance);
    if (key == "purchase_time") return read(v, "buy.purchase_time", purchase_time);
    if (key == "shortcode") return read_cut(v, "buy.shortcode", shortcode);
    return {};
  }));
  DERIV_TRY(require("buy.contract_id", contract));
  DERIV_TRY(require("buy.transaction_id", transaction));
  DERIV_TRY(require("buy.buy_price", price));
  DERIV_TRY(require("buy.payout", payout));
  DERIV_TRY(require("buy.balance_after", balance));
  DERIV_TRY(require("buy.purchase_time", purchase_time));
  DERIV_TRY(require("buy.shortcode", shortcode));
  if (*price <= core::Money{}) return bad("buy.buy_price", "is not a price");
  out.contract = *contract;
  out.transaction = *transaction;
  out.buy_price = *price;
  out.payout = payout->is_zero() ? std::nullopt : payout;
  out.purchase_time = *purchase_time;
  out.balance_after = *balance;
  out.shortcode = *shortcode;
  return {};
}

/// A cancellation is answered like a sale.
Status decode_sell(Value value, bool sale, Amounts money, SellPayload& out) {
  const std::string_view of_contract = sale ? "sell.contract_id" : "cancel.contract_id";
  const std::string_view of_amount = sale ? "sell.sold_for" : "cancel.sold_for";
  std::optional<core::ContractId> contract;
  std::optional<core::Money> sold_for;
  DERIV_TRY(each_field(value, sale ? "sell" : "cancel", [&](std::string_view key, Value v) {
    if (key == "contract_id") return read(v, of_contract, contract);
    if (key == "sold_for") return money.read(v, of_amount, sold_for);
    return Status{};
  }));
  DERIV_TRY(require(of_contract, contract));
  DERIV_TRY(require(of_amount, sold_for));
  out = {*contract, *sold_for};
  return {};
}

/// The fields of proposal_open_contract on their way into a report.
struct ContractFields {
  std::optional<core::ContractId> contract;
  std::optional<core::ShortString<16>> type;
  std::optional<market::SymbolCode> symbol;
  std::optional<bool> is_sold;
  std::optional<bool> is_expired;
  std::optional<core::ShortString<12>> status;
  std::optional<core::Money> buy_price;
  std::optional<core::Money> payout;
  std::optional<core::Money> sell_price;
  std::optional<core::Money> profit;
  std::optional<core::Money> bid_price;
  std::optional<bool> can_sell;
  std::optional<bool> can_cancel;
  std::optional<core::VenueTime> purchase_time;
  std::optional<core::VenueTime> expiry;
  std::optional<core::VenueTime> sell_time;
  std::optional<core::TransactionId> buy_tx;
  std::optional<core::TransactionId> sell_tx;
  std::optional<core::Decimal> entry;
  std::optional<core::VenueTime> entry_time;
  std::optional<core::Decimal> exit;
  std::optional<core::VenueTime> exit_time;
  std::optional<core::ShortString<120>> shortcode;
  std::size_t seen = 0;

  Status take(std::string_view key, Value v, const WireNames& names, Amounts money);
  Status take_transactions(Value v);
  Status finish(ContractPayload& out) const;
};

Status ContractFields::take_transactions(Value v) {
  return each_field(
      v, "proposal_open_contract.transaction_ids", [&](std::string_view key, Value id) -> Status {
        if (key == "buy") {
          return read(id, "proposal_open_contract.transaction_ids.buy", buy_tx);
        }
        if (key == "sell") {
          return read_nullable(id, "proposal_open_contract.transaction_ids.sell", sell_tx);
        }
        return {};
      });
}

// Nullable fields are those that either dialect's response schema declares nullable.
Status ContractFields::take(std::string_view key, Value v, const WireNames& names, Amounts money) {
  ++seen;
  if (key == "contract_id") return read(v, "proposal_open_contract.contract_id", contract);
  if (key == "contract_type") return read(v, "proposal_open_contract.contract_type", type);
  if (key == names.contract_symbol) return read(v, "proposal_open_contract.underlying", symbol);
  if (key == "is_sold") return read(v, "proposal_open_contract.is_sold", is_sold);
  if (key == "is_expired") return read(v, "proposal_open_contract.is_expired", is_expired);
  if (key == "status") return read_nullable(v, "proposal_open_contract.status", status);
  if (key == "buy_price") return money.read(v, "proposal_open_contract.buy_price", buy_price);
  if (key == "payout") return money.read_nullable(v, "proposal_open_contract.payout", payout);
  if (key == "sell_price")
    return money.read_nullable(v, "proposal_open_contract.sell_price", sell_price);
  if (key == "profit") return money.read(v, "proposal_open_contract.profit", profit);
  if (key == "bid_price") return money.read(v, "proposal_open_contract.bid_price", bid_price);
  if (key == "is_valid_to_sell") {
    return read_nullable(v, "proposal_open_contract.is_valid_to_sell", can_sell);
  }
  if (key == "is_valid_to_cancel") {
    return read_nullable(v, "proposal_open_contract.is_valid_to_cancel", can_cancel);
  }
  if (key == "purchase_time") return read(v, "proposal_open_contract.purchase_time", purchase_time);
  if (key == "date_expiry") return read(v, "proposal_open_contract.date_expiry", expiry);
  if (key == "sell_time") return read_nullable(v, "proposal_open_contract.sell_time", sell_time);
  if (key == "transaction_ids") return take_transactions(v);
  if (key == names.entry) return read_nullable(v, "proposal_open_contract.entry", entry);
  if (key == names.exit) return read_nullable(v, "proposal_open_contract.exit", exit);
  if (key == names.entry_time) {
    return read_nullable(v, "proposal_open_contract.entry_time", entry_time);
  }
  if (key == names.exit_time) {
    return read_nullable(v, "proposal_open_contract.exit_time", exit_time);
  }
  if (key == "shortcode") return read_cut(v, "proposal_open_contract.shortcode", shortcode);
  if (key != "id") return {};
  --seen;  // a stream's id alone describes no contract
  return {};
}

Status ContractFields::finish(ContractPayload& out) const {
  if (seen == 0) return {};
  DERIV_TRY(require("proposal_open_contract.contract_id", contract));
  if (!is_sold && !status) {
    return bad("proposal_open_contract", "has neither is_sold nor status");
  }
  const bool closed = status && (*status == "sold" || *status == "won" || *status == "lost" ||
                                 *status == "cancelled");
  const bool sold = is_sold.value_or(closed);
  if (!sold) DERIV_TRY(require("proposal_open_contract.is_expired", is_expired));
  if (sold && !sell_price && !profit) {
    return bad("proposal_open_contract", "is sold but has neither sell_price nor profit");
  }
  auto& report = out.report.emplace();
  report.contract = *contract;
  if (type) report.type = *type;
  if (symbol) report.symbol = *symbol;
  report.is_sold = sold;
  report.is_expired = is_expired ? *is_expired : sold;
  if (status) report.status = *status;
  report.buy_price = buy_price;
  report.payout = payout;
  report.sell_price = sell_price;
  report.profit = profit;
  report.bid_price = bid_price;
  report.can_sell = can_sell;
  report.can_cancel = can_cancel.value_or(false);
  report.purchase_time = purchase_time;
  report.expiry = expiry;
  report.sell_time = sell_time;
  if (buy_tx) report.buy_tx = *buy_tx;
  if (sell_tx) report.sell_tx = *sell_tx;
  if (shortcode) report.shortcode = *shortcode;
  if (entry && entry_time) out.entry = RawTick{*entry_time, *entry};
  if (exit && exit_time) out.exit = RawTick{*exit_time, *exit};
  return {};
}

Status decode_contract(Value value, const WireNames& names, Amounts money, ContractPayload& out) {
  ContractFields fields;
  DERIV_TRY(each_field(value, "proposal_open_contract", [&](std::string_view key, Value v) {
    return fields.take(key, v, names, money);
  }));
  return fields.finish(out);
}

Status decode_transaction(Value value, const WireNames& names, Amounts money,
                          TransactionPayload& out) {
  std::optional<core::ShortString<24>> action;
  std::optional<core::ContractId> contract;
  std::optional<core::TransactionId> transaction;
  std::optional<core::Money> amount;
  std::optional<core::Money> balance;
  std::optional<core::VenueTime> time;
  std::optional<core::VenueTime> purchase_time;
  std::optional<market::SymbolCode> symbol;
  std::size_t seen = 0;
  DERIV_TRY(each_field(value, "transaction", [&](std::string_view key, Value v) -> Status {
    if (key != "id") ++seen;
    if (key == "action") return read(v, "transaction.action", action);
    if (key == "contract_id") return read_nullable(v, "transaction.contract_id", contract);
    if (key == "transaction_id") return read(v, "transaction.transaction_id", transaction);
    if (key == "amount") return money.read(v, "transaction.amount", amount);
    if (key == "balance") return money.read(v, "transaction.balance", balance);
    if (key == "transaction_time") return read(v, "transaction.transaction_time", time);
    if (key == "purchase_time") {
      return read_nullable(v, "transaction.purchase_time", purchase_time);
    }
    if (key == names.symbol) return read_nullable(v, "transaction.symbol", symbol);
    return {};
  }));
  if (seen == 0) return {};
  DERIV_TRY(require("transaction.action", action));
  DERIV_TRY(require("transaction.transaction_id", transaction));
  DERIV_TRY(require("transaction.amount", amount));
  DERIV_TRY(require("transaction.balance", balance));
  DERIV_TRY(require("transaction.transaction_time", time));
  auto& report = out.report.emplace();
  if (*action == "buy") report.action = TransactionReport::Action::kBuy;
  if (*action == "sell") report.action = TransactionReport::Action::kSell;
  const bool trade = report.action != TransactionReport::Action::kOther;
  if (trade) DERIV_TRY(require("transaction.contract_id", contract));
  if (contract) report.contract = *contract;
  report.transaction = *transaction;
  report.amount = *amount;
  // v3 has been seen to send the amount of a purchase with and without its sign.
  if (report.action == TransactionReport::Action::kBuy && *amount > core::Money{}) {
    report.amount = -*amount;
  }
  report.balance = *balance;
  report.time = *time;
  report.purchase_time = purchase_time;
  if (symbol) report.symbol = *symbol;
  return {};
}

/// "DIGITODD_R_100_1.96_…": the type ends at the first underscore; a symbol may hold one itself, so
/// only known codes are recognised. v3's profit table has no other description of old contracts.
void describe_from_shortcode(HistoryRow& row) {
  const auto code = row.shortcode.view();
  const auto end = code.find('_');
  if (end == std::string_view::npos) return;
  const auto type = code.substr(0, end);
  if (row.type.empty() && core::ShortString<16>::fits(type)) row.type = type;
  if (!row.symbol.empty()) return;
  const auto rest = code.substr(end + 1);
  for (const auto& known : market::known_symbols()) {
    const auto symbol = known.code.view();
    if (market::begins_with_symbol(rest, symbol)) {
      row.symbol = known.code;
      return;
    }
  }
}

struct RowFields {
  std::string_view list;  // "portfolio", for messages
  bool has_contract = true;
  std::optional<core::ContractId> contract;
  std::optional<core::TransactionId> transaction;
  std::optional<core::ShortString<40>> type;
  std::optional<market::SymbolCode> symbol;
  std::optional<core::Money> buy_price;
  std::optional<core::Decimal> payout;
  std::optional<core::Money> sell_price;
  std::optional<core::VenueTime> purchase_time;
  std::optional<core::VenueTime> sell_time;
  std::optional<core::ShortString<120>> shortcode;

  Status take(std::string_view key, Value v, std::string_view symbol_key, Amounts money);
  Result<HistoryRow> finish(bool open, Amounts money) const;
};

Status RowFields::take(std::string_view key, Value v, std::string_view symbol_key, Amounts money) {
  if (key == "contract_id") {
    const auto null = json::is_null(v, "contract_id");
    if (!null) return null.error();
    has_contract = !*null;
    return *null ? Status{} : read(v, "contract_id", contract);
  }
  if (key == "transaction_id") return read(v, "transaction_id", transaction);
  if (key == "contract_type") return read(v, "contract_type", type);
  if (key == symbol_key) return read(v, symbol_key, symbol);
  if (key == "buy_price") return money.read(v, "buy_price", buy_price);
  if (key == "payout") return read_nullable(v, "payout", payout);
  if (key == "sell_price") return money.read(v, "sell_price", sell_price);
  if (key == "purchase_time") return read(v, "purchase_time", purchase_time);
  if (key == "sell_time") return read_nullable(v, "sell_time", sell_time);
  if (key == "shortcode") return read_cut(v, "shortcode", shortcode);
  return {};
}

Result<HistoryRow> RowFields::finish(bool open, Amounts money) const {
  DERIV_TRY(require("contract_id", contract));
  DERIV_TRY(require("transaction_id", transaction));
  DERIV_TRY(require("buy_price", buy_price));
  DERIV_TRY(require("purchase_time", purchase_time));
  if (open) DERIV_TRY(require("contract_type", type));
  if (open) DERIV_TRY(require("symbol", symbol));
  if (!open) DERIV_TRY(require("sell_price", sell_price));
  HistoryRow row;
  row.contract = *contract;
  row.buy_tx = *transaction;
  if (type) row.type = core::ShortString<16>::truncated(type->view());
  if (symbol) row.symbol = *symbol;
  row.buy_price = *buy_price;
  row.purchase_time = *purchase_time;
  row.open = open;
  row.sell_price = sell_price;
  row.sell_time = sell_time;
  if (shortcode) row.shortcode = *shortcode;
  describe_from_shortcode(row);
  if (payout && payout->mantissa != 0) {
    const auto amount = core::Money::from(*payout, money.decimals);
    // What pays by the point has that there, which is no amount of money; and what derivd does not
    // know may have anything.
    const auto known = market::contract_type_from(row.type);
    if (!amount && known && market::has_payout(*known)) return bad("payout", amount.error().text);
    if (amount) row.payout = *amount;
  }
  return row;
}

Status decode_rows(Value value, std::string_view list, std::string_view symbol_key, bool open,
                   Amounts money, std::vector<HistoryRow>& rows, std::size_t* received) {
  return each_element(value, list, kMaxRows, [&](Value item) -> Status {
    RowFields fields;
    const auto prefixed = [&](const Error& e) { return bad(list, e.text); };
    auto read_all = each_field(item, "row", [&](std::string_view key, Value v) {
      return fields.take(key, v, symbol_key, money);
    });
    if (!read_all) return prefixed(read_all.error());
    if (received) ++*received;
    if (!open && !fields.has_contract) return {};  // the schema allows rows that are no contract
    auto row = fields.finish(open, money);
    if (!row) return prefixed(row.error());
    rows.push_back(*row);
    return {};
  });
}

Status decode_portfolio(Value value, const WireNames& names, Amounts money, PortfolioPayload& out) {
  bool found = false;
  DERIV_TRY(each_field(value, "portfolio", [&](std::string_view key, Value v) -> Status {
    if (key != "contracts") return {};
    if (found) return bad("portfolio.contracts", "appears twice");
    found = true;
    return decode_rows(v, "portfolio.contracts:", names.symbol, true, money, out.rows, nullptr);
  }));
  return found ? Status{} : Status{bad("portfolio.contracts", "is missing")};
}

Status decode_profit_table(Value value, Amounts money, ProfitTablePayload& out) {
  bool found = false;
  DERIV_TRY(each_field(value, "profit_table", [&](std::string_view key, Value v) -> Status {
    if (key != "transactions") return {};
    if (found) return bad("profit_table.transactions", "appears twice");
    found = true;
    // Both dialects call it underlying_symbol here.
    return decode_rows(v, "profit_table.transactions:", "underlying_symbol", false, money, out.rows,
                       &out.received);
  }));
  return found ? Status{} : Status{bad("profit_table.transactions", "is missing")};
}

Status decode_forget(Value value, ForgetPayload& out) {
  std::optional<bool> stopped;
  DERIV_TRY(read(value, "forget", stopped));
  out.stopped = *stopped;
  return {};
}

Status decode_ping(Value value) {
  std::optional<std::string_view> text;
  DERIV_TRY(read(value, "ping", text));
  return *text == "pong" ? Status{} : Status{bad("ping", "is not answered with pong")};
}

}  // namespace

Status read_decimals(Value value, std::string_view name, std::optional<std::uint8_t>& out) {
  if (out) return bad(name, "appears twice");
  std::optional<core::Decimal> number;
  DERIV_TRY(read(value, name, number));
  const auto unit = core::pow10(number->scale);
  if (number->mantissa % unit != 0 || number->mantissa < 0 ||
      number->mantissa / unit > kMaxDecimals) {
    return bad(name, "is not a number of decimals");
  }
  out = static_cast<std::uint8_t>(number->mantissa / unit);
  return {};
}

Status decode_error(Value value, std::optional<ApiError>& out) {
  if (out) return bad("error", "appears twice");
  std::optional<core::ShortString<64>> code;
  std::optional<core::ShortString<64>> subcode;
  std::optional<core::Text> message;
  DERIV_TRY(each_field(value, "error", [&](std::string_view key, Value v) -> Status {
    if (key == "code") return read_cut(v, "error.code", code);
    if (key == "subcode") {
      const auto null = json::is_null(v, "error.subcode");
      if (!null) return null.error();
      return *null ? Status{} : read_cut(v, "error.subcode", subcode);
    }
    if (key == "message") return read_cut(v, "error.message", message);
    return {};
  }));
  DERIV_TRY(require("error.code", code));
  auto& error = out.emplace();
  error.code = *code;
  if (subcode) error.subcode = *subcode;
  if (message) error.message = *message;
  return {};
}

Status decode_payload(Message message, Value v, const WireNames& names, Amounts money,
                      Payload& out) {
  switch (message) {
    case Message::kTick:
      return decode_tick(v, out.emplace<TickPayload>());
    case Message::kHistory:
      return decode_history(v, out.emplace<HistoryPayload>());
    case Message::kCandles:
      return decode_candles(v, out.emplace<CandlesPayload>());
    case Message::kAuthorize:
      return decode_authorize(v, out.emplace<AuthorizePayload>());
    case Message::kTime:
      return decode_time(v, out.emplace<TimePayload>());
    case Message::kBalance:
      return decode_balance(v, out.emplace<BalancePayload>());
    case Message::kActiveSymbols:
      return decode_active_symbols(v, names, out.emplace<ActiveSymbolsPayload>());
    case Message::kProposal:
      return decode_proposal(v, money, out.emplace<ProposalPayload>());
    case Message::kBuy:
      return decode_buy(v, money, out.emplace<execution::Bought>());
    case Message::kSell:
      return decode_sell(v, true, money, out.emplace<SellPayload>());
    case Message::kCancel:
      return decode_sell(v, false, money, out.emplace<SellPayload>());
    case Message::kContract:
      return decode_contract(v, names, money, out.emplace<ContractPayload>());
    case Message::kTransaction:
      return decode_transaction(v, names, money, out.emplace<TransactionPayload>());
    case Message::kPortfolio:
      return decode_portfolio(v, names, money, out.emplace<PortfolioPayload>());
    case Message::kProfitTable:
      return decode_profit_table(v, money, out.emplace<ProfitTablePayload>());
    case Message::kForget:
      return decode_forget(v, out.emplace<ForgetPayload>());
    case Message::kPing:
      return decode_ping(v);
    case Message::kOfferings:
      return decode_offerings(v, out.emplace<OfferingsPayload>());
    case Message::kTradingTimes:
      return decode_trading_times(v, names, out.emplace<TradingTimesPayload>());
    case Message::kOwnLimits:
      return decode_own_limits(v, money, out.emplace<OwnLimitsPayload>());
    case Message::kOther:
      break;
  }
  return {};
}

}  // namespace derivd::deriv
