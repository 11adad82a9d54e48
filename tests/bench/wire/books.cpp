#include "books.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace derivd::wire {
namespace {

constexpr std::size_t kHistory = 5'000;  // ticks that are remembered, as many as one answer holds
constexpr std::int64_t kFirstContract = 268'738'000'001;
constexpr std::int64_t kAccountNumber = 9'000'001;

/// Two decimals, always: 666.10.
std::string fixed(std::int64_t cents) {
  const auto magnitude = cents < 0 ? -cents : cents;
  return fmt::format("{}{}.{:02}", cents < 0 ? "-" : "", magnitude / 100, magnitude % 100);
}

/// As the venue writes numbers, without zeros at the end: 666.1.
std::string number(std::int64_t cents) {
  auto text = fixed(cents);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string longcode(const Contract& c) {
  return fmt::format(
      "Win payout if the last digit of Volatility 100 (1s) Index is {} after 1 ticks.",
      c.type == "DIGITEVEN" ? "even" : "odd");
}

std::string shortcode(const Contract& c) {
  return fmt::format("{}_{}_{}_{}_1T", c.type, kSymbol, fixed(c.payout), c.start);
}

/// Without its braces: what stands beside the flags of every entry.
std::string spot(const Tick& tick) {
  return fmt::format(R"("tick":{},"tick_display_value":"{}")", number(tick.cents),
                     fixed(tick.cents));
}

/// The ticks around the life of a contract, as they are shown once it has expired.
std::string audit_details(const Contract& c) {
  std::string out = R"("audit_details":{"all_ticks":[)";
  for (const auto& tick : c.ticks) {
    const bool exit = &tick == &c.ticks.back();
    std::string_view mark;
    if (tick.epoch == c.start) mark = R"("flag":"highlight_time","name":"Start Time",)";
    if (exit) {
      mark = R"("flag":"highlight_tick","name":"Entry Spot and End Time and Exit Spot",)";
    }
    out += fmt::format(R"({}{{"epoch":{},{}{}}})", &tick == &c.ticks.front() ? "" : ",", tick.epoch,
                       mark, spot(tick));
  }
  return out + "]},";
}

/// Entry and exit, which a digit contract of one tick has in one.
std::string entry_and_exit(Dialect dialect, const Tick& tick) {
  const auto shown = fixed(tick.cents);
  if (dialect == Dialect::kOptions) {
    return fmt::format(
        R"("entry_spot":"{0}","entry_spot_time":{1},"exit_spot":"{0}","exit_spot_time":{1},)",
        shown, tick.epoch);
  }
  return fmt::format(R"("entry_spot":{0},"entry_spot_display_value":"{2}","entry_tick":{0},)"
                     R"("entry_tick_display_value":"{2}","entry_tick_time":{1},"exit_tick":{0},)"
                     R"("exit_tick_display_value":"{2}","exit_tick_time":{1},)",
                     number(tick.cents), tick.epoch, shown);
}

std::string_view state(const Contract& c) {
  if (c.is_sold()) {
    return R"("is_expired":1,"is_settleable":1,"is_sold":1,"is_valid_to_cancel":0,)"
           R"("is_valid_to_sell":0,"validation_error":"This contract has been sold.",)"
           R"("validation_error_code":"General","status":)";
  }
  if (c.is_decided) {
    return R"("is_expired":1,"is_settleable":1,"is_sold":0,"is_valid_to_cancel":0,)"
           R"("is_valid_to_sell":1,"status":)";
  }
  return R"("is_expired":0,"is_settleable":0,"is_sold":0,"is_valid_to_cancel":0,)"
         R"("is_valid_to_sell":0,"validation_error":"Waiting for entry tick.",)"
         R"("validation_error_code":"General","status":)";
}

}  // namespace

Books::Books(std::int64_t now) {
  // Parities that take turns: no strategy that waits for two of a kind wakes up by the history.
  const auto count = static_cast<std::int64_t>(kHistory);
  for (std::int64_t i = count; i > 0; --i) ticks_.push_back({now - i, 666'00 + i % 2});
}

const Tick& Books::next_tick(bool even) {
  walk_ = walk_ * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;  // Knuth's MMIX
  const auto step = static_cast<std::int64_t>((walk_ >> 33U) % 41U) - 20;
  Tick tick{ticks_.back().epoch + 1, std::max<std::int64_t>(ticks_.back().cents + step, 100'00)};
  if (tick.is_even() != even) ++tick.cents;
  ticks_.push_back(tick);
  if (ticks_.size() > kHistory) ticks_.pop_front();
  return ticks_.back();
}

Contract& Books::buy(std::string_view type, std::int64_t stake) {
  auto& c = contracts_.emplace_back();
  c.id = kFirstContract + static_cast<std::int64_t>(contracts_.size()) - 1;
  c.buy_tx = ++transactions_;
  c.type = type;
  c.stake = stake;
  // 1.95 for 1, rounded down: what Deriv was seen to pay for even and odd.
  c.payout = stake * 195 / 100;
  c.start = ticks_.back().epoch;
  c.ticks.assign(ticks_.end() - 3, ticks_.end());
  balance_ -= stake;
  return c;
}

std::size_t Books::decide() {
  const auto first = open_from_;
  for (; open_from_ < contracts_.size(); ++open_from_) {
    auto& c = contracts_[open_from_];
    c.ticks.push_back(ticks_.back());
    c.is_decided = true;
    c.is_won = ticks_.back().is_even() == (c.type == "DIGITEVEN");
  }
  return first;
}

void Books::pay(Contract& contract) {
  contract.sell_tx = ++transactions_;
  balance_ += contract.value();
}

Contract* Books::find(std::int64_t id) {
  const auto index = id - kFirstContract;
  if (index < 0 || index >= static_cast<std::int64_t>(contracts_.size())) return nullptr;
  return &contracts_[static_cast<std::size_t>(index)];
}

std::string Books::balance_json(Dialect dialect, std::string_view stream) const {
  return fmt::format(R"({{"balance":{},"currency":"USD","id":"{}","loginid":"{}"}})",
                     number(balance_), stream, account_of(dialect));
}

std::string Books::history_json(std::int64_t start, std::size_t count) const {
  auto from = std::find_if(ticks_.begin(), ticks_.end(),
                           [start](const Tick& tick) { return tick.epoch >= start; });
  from += std::max<std::ptrdiff_t>(ticks_.end() - from - static_cast<std::ptrdiff_t>(count), 0);
  std::string prices, times;
  for (auto at = from; at != ticks_.end(); ++at) {
    const auto* comma = at == from ? "" : ",";
    prices += fmt::format("{}{}", comma, number(at->cents));
    times += fmt::format("{}{}", comma, at->epoch);
  }
  return fmt::format(R"({{"prices":[{}],"times":[{}]}})", prices, times);
}

std::string Books::tick_json(std::string_view stream) const {
  const auto& tick = ticks_.back();
  return fmt::format(
      R"({{"ask":{},"bid":{},"epoch":{},"id":"{}","pip_size":2,"quote":{},"symbol":"{}"}})",
      number(tick.cents + 3), number(tick.cents - 3), tick.epoch, stream, number(tick.cents),
      kSymbol);
}

std::string Books::buy_json(const Contract& c) const {
  return fmt::format(
      R"({{"balance_after":{},"buy_price":{},"contract_id":{},"longcode":"{}","payout":{},)"
      R"("purchase_time":{},"shortcode":"{}","start_time":{},"transaction_id":{}}})",
      number(balance_), number(c.stake), c.id, longcode(c), number(c.payout), c.start, shortcode(c),
      c.start, c.buy_tx);
}

std::string Books::transaction_json(Dialect dialect, const Contract& c, bool sale,
                                    std::string_view stream) const {
  const bool v3 = dialect == Dialect::kV3;
  return fmt::format(
      R"({{"action":"{}","amount":{},"balance":{},{}"contract_id":{},"currency":"USD",)"
      R"("date_expiry":{},{}"id":"{}","longcode":"{}","purchase_time":{},"{}":"{}",)"
      R"("transaction_id":{},"transaction_time":{}}})",
      sale ? "sell" : "buy", number(sale ? c.value() : -c.stake), number(balance_),
      v3 ? R"("barrier":"S0P",)" : "", c.id, c.start + 1,
      v3 ? R"("display_name":"Volatility 100 (1s) Index",)" : "", stream, longcode(c), c.start,
      v3 ? "symbol" : "underlying_symbol", kSymbol, sale ? c.sell_tx : c.buy_tx,
      ticks_.back().epoch);
}

std::string Books::contract_json(Dialect dialect, const Contract& c,
                                 std::string_view stream) const {
  const bool v3 = dialect == Dialect::kV3;
  const auto money = [v3](std::int64_t cents) {
    return v3 ? number(cents) : fmt::format("\"{}\"", fixed(cents));
  };
  // Before it is decided an even bet is worth its payout's half, less what the venue keeps.
  const auto bid = c.is_decided ? c.value() : c.payout * 485 / 1000;
  const auto profit = bid - c.stake;
  std::string out = fmt::format(R"({{"account_id":{},)", kAccountNumber);
  if (c.is_decided) out += audit_details(c);
  out += fmt::format(
      R"("barrier_count":1,"bid_price":{},"buy_price":{},"contract_id":{},"contract_type":"{}",)"
      R"("currency":"USD","date_expiry":{},"date_settlement":{},"date_start":{},{}"expiry_time":{},)",
      money(bid), money(c.stake), c.id, c.type, c.start + 1, c.start + 1, c.start,
      v3 ? R"("display_name":"Volatility 100 (1s) Index",)" : "", c.start + 1);
  if (!stream.empty()) out += fmt::format(R"("id":"{}",)", stream);
  if (v3) out += R"("is_forward_starting":0,)";
  out += fmt::format(
      R"("is_intraday":1,"is_path_dependent":0,"longcode":"{}","payout":{},"profit":{},)"
      R"("profit_percentage":{},"purchase_time":{},"shortcode":"{}","transaction_ids":{{"buy":{}{}}},)"
      R"("{}":"{}","current_spot":{},{}"current_spot_time":{},)",
      longcode(c), money(c.payout), money(profit), number(profit * 10'000 / c.stake), c.start,
      shortcode(c), c.buy_tx, c.is_sold() ? fmt::format(R"(,"sell":{})", c.sell_tx) : "",
      v3 ? "underlying" : "underlying_symbol", kSymbol, money(c.ticks.back().cents),
      v3 ? fmt::format(R"("current_spot_display_value":"{}",)", fixed(c.ticks.back().cents)) : "",
      c.ticks.back().epoch);
  if (c.is_decided) out += entry_and_exit(dialect, c.ticks.back());
  if (c.is_sold()) {
    out +=
        fmt::format(R"("sell_price":{},"sell_time":{},)", money(c.value()), c.ticks.back().epoch);
  }
  out += R"("tick_count":1,)";
  if (c.is_decided) {
    out += fmt::format(R"("tick_stream":[{{"epoch":{},{}}}],)", c.ticks.back().epoch,
                       spot(c.ticks.back()));
  }
  const std::string_view status = !c.is_sold() ? "open" : c.is_won ? "won" : "lost";
  return out + fmt::format(R"({}"{}"}})", state(c), status);
}

std::string Books::portfolio_json(Dialect dialect) const {
  std::string rows;
  for (const auto& c : contracts_) {
    if (c.is_sold()) continue;
    rows += fmt::format(
        R"({}{{"buy_price":{},"contract_id":{},"contract_type":"{}","currency":"USD",)"
        R"("date_start":{},"expiry_time":{},"longcode":"{}","payout":{},"purchase_time":{},)"
        R"("shortcode":"{}","{}":"{}","transaction_id":{}}})",
        rows.empty() ? "" : ",", number(c.stake), c.id, c.type, c.start, c.start + 1, longcode(c),
        number(c.payout), c.start, shortcode(c),
        dialect == Dialect::kV3 ? "symbol" : "underlying_symbol", kSymbol, c.buy_tx);
  }
  return fmt::format(R"({{"contracts":[{}]}})", rows);
}

std::string Books::profit_table_json(std::int64_t since, std::size_t offset,
                                     std::size_t limit) const {
  std::string rows;
  std::size_t count = 0;
  std::size_t passed = 0;
  for (const auto& c : contracts_) {
    if (!c.is_sold() || c.start < since || passed++ < offset || count >= limit) continue;
    rows += fmt::format(
        R"({}{{"buy_price":{},"contract_id":{},"contract_type":"{}","duration_type":"ticks",)"
        R"("longcode":"{}","payout":{},"purchase_time":{},"sell_price":{},"sell_time":{},)"
        R"("shortcode":"{}","transaction_id":{},"underlying_symbol":"{}"}})",
        count++ == 0 ? "" : ",", number(c.stake), c.id, c.type, longcode(c), number(c.payout),
        c.start, number(c.value()), c.ticks.back().epoch, shortcode(c), c.buy_tx, kSymbol);
  }
  return fmt::format(R"({{"count":{},"transactions":[{}]}})", count, rows);
}

std::string Books::ledger_json() const {
  std::string rows;
  for (const auto& c : contracts_) {
    rows += fmt::format(R"({}{{"contract_id":{},"stake":"{}","profit":{}}})",
                        rows.empty() ? "" : ",", c.id, fixed(c.stake),
                        c.is_sold() ? fmt::format("\"{}\"", fixed(c.value() - c.stake)) : "null");
  }
  return fmt::format(R"({{"balance":"{}","contracts":[{}]}})", fixed(balance_), rows);
}

std::string_view account_of(Dialect dialect) {
  return dialect == Dialect::kV3 ? "VRTC9000001" : "DOT90000010";
}

std::string authorize_json() {
  return fmt::format(
      R"({{"account_list":[{{"account_category":"trading","account_type":"binary","broker":"VRTC",)"
      R"("created_at":1767225600,"currency":"USD","currency_type":"fiat","is_disabled":0,)"
      R"("is_virtual":1,"landing_company_name":"virtual","linked_to":[],"loginid":"{0}"}}],)"
      R"("balance":10000,"country":"id","currency":"USD","email":"client@wire.example",)"
      R"("fullname":"  ","is_virtual":1,"landing_company_fullname":"Deriv Limited",)"
      R"("landing_company_name":"virtual","linked_to":[],)"
      R"("local_currencies":{{"USD":{{"fractional_digits":2}}}},"loginid":"{0}",)"
      R"("preferred_language":"EN","scopes":["read","trade","trading_information"],)"
      R"("upgradeable_landing_companies":[],"user_id":{1}}})",
      account_of(Dialect::kV3), kAccountNumber);
}

std::string active_symbols_json(Dialect dialect) {
  if (dialect == Dialect::kV3) {
    return fmt::format(
        R"([{{"allow_forward_starting":1,"delay_amount":0,"display_name":"Volatility 100 (1s) Index",)"
        R"("display_order":0,"exchange_is_open":1,"is_trading_suspended":0,)"
        R"("market":"synthetic_index","market_display_name":"Derived","pip":0.01,)"
        R"("subgroup":"synthetics","subgroup_display_name":"Synthetics","submarket":"random_index",)"
        R"("submarket_display_name":"Continuous Indices","symbol":"{}","symbol_type":"stockindex"}}])",
        kSymbol);
  }
  return fmt::format(
      R"([{{"exchange_is_open":1,"is_trading_suspended":0,"market":"synthetic_index",)"
      R"("pip_size":0.01,"subgroup":"synthetics","submarket":"random_index","trade_count":0,)"
      R"("underlying_symbol":"{}","underlying_symbol_name":"Volatility 100 (1s) Index",)"
      R"("underlying_symbol_type":"stockindex"}}])",
      kSymbol);
}

std::string frame(const Envelope& envelope, std::string_view msg_type, std::string_view name,
                  std::string_view payload) {
  std::string out = fmt::format(R"({{"echo_req":{},"msg_type":"{}","req_id":{},)", envelope.echo,
                                msg_type, envelope.req_id);
  if (!envelope.id.empty()) out += fmt::format(R"("subscription":{{"id":"{}"}},)", envelope.id);
  return out + fmt::format(R"("{}":{}}})", name, payload);
}

}  // namespace derivd::wire
