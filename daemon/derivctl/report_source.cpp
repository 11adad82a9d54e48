#include "derivctl/report_source.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "common/trades.hpp"
#include "market/symbol.hpp"

namespace derivd::ctl {
namespace {

using execution::Order;
using execution::OrderState;
using nlohmann::json;
using report::Ending;
using report::Trade;

std::optional<Ending> ending_of(const Order& o) {
  switch (o.state) {
    case OrderState::kIntended:
    case OrderState::kUnknown:
      return Ending::kUnknown;
    case OrderState::kOpen:
      return Ending::kOpen;
    case OrderState::kRefused:
      return Ending::kRefused;
    case OrderState::kAbsent:
      return std::nullopt;  // never bought
    case OrderState::kSettled:
      break;
  }
  switch (o.outcome) {
    case execution::Outcome::kSold:
      return Ending::kSold;
    case execution::Outcome::kNone:
    case execution::Outcome::kBreakEven:
      return Ending::kBreakEven;
    case execution::Outcome::kWon:
      return Ending::kWon;
    case execution::Outcome::kLost:
      return Ending::kLost;
  }
  return std::nullopt;
}

std::optional<Trade> trade_of(const Order& o, const store::History& history) {
  const auto ending = ending_of(o);
  if (!ending) return std::nullopt;
  Trade t;
  t.id = o.contract.value;
  t.strategy = o.strategy.str();
  t.symbol = o.spec.symbol.str();
  t.type = o.spec.type;
  t.prediction = o.spec.prediction;
  t.bought = o.purchase_time.s != 0 ? o.purchase_time : o.signal_epoch;
  t.settled = o.settled_time;
  t.asked = o.stake;
  t.stake = o.contract ? o.buy_price : o.stake;
  t.payout = o.payout;
  t.profit = o.profit;
  t.ending = *ending;
  if (o.entry) t.entry = o.entry->quote;
  if (o.exit) t.exit = o.exit->quote;
  t.mismatch = o.recomputed_differs;
  t.reason = o.reason.str();
  const auto accepted = history.accepted_us.find(o.id.value);
  if (accepted != history.accepted_us.end()) t.latency_us = accepted->second - o.intended_wall.us;
  return t;
}

/// A member that is text in the contract's JSON; throws as nlohmann does.
const std::string& text(const json& row, const char* key) {
  return row.at(key).get_ref<const std::string&>();
}

Trade trade_of(const json& row) {
  Trade t;
  t.id = row.at("n").get<std::int64_t>();
  t.strategy = text(row, "strategy");
  t.symbol = text(row, "symbol");
  const auto type = market::contract_type_from(text(row, "type"));
  if (!type) throw std::runtime_error("type is not a contract type");
  t.type = *type;
  t.bought = {row.at("signal_epoch").get<std::int64_t>()};
  t.settled = {row.value("settled_epoch", row.at("exit_epoch").get<std::int64_t>())};
  t.stake = core::Money::parse(text(row, "stake")).value();
  t.asked = t.stake;
  t.payout = core::Money::parse(text(row, "payout")).value();
  t.profit = core::Money::parse(text(row, "profit")).value();
  t.ending = t.profit->units() > 0   ? Ending::kWon
             : t.profit->units() < 0 ? Ending::kLost
                                     : Ending::kBreakEven;
  if (const auto* symbol = market::find_symbol(t.symbol)) {
    t.entry = core::Price::parse(text(row, "entry"), symbol->decimals).value();
    t.exit = core::Price::parse(text(row, "exit"), symbol->decimals).value();
  }
  return t;
}

bool wanted(const Trade& t, const ReportFilter& f) {
  const auto at = t.bought.s * 1'000'000;
  return (f.strategy.empty() || t.strategy == f.strategy) && (!f.since || at >= f.since->us) &&
         (!f.until || at < f.until->us);
}

/// Each trade is taken as soon as it is whole and thrown away, so that a list of millions needs no
/// document of its own.
json read_backtest(std::istream& in, const ReportFilter& filter, std::vector<Trade>& trades) {
  const json::parser_callback_t take = [&](int depth, json::parse_event_t event, json& value) {
    if (event != json::parse_event_t::object_end || depth != 2 || !value.contains("n")) return true;
    auto trade = trade_of(value);
    if (wanted(trade, filter)) trades.push_back(std::move(trade));
    return false;
  };
  return json::parse(in, take);
}

}  // namespace

core::Result<ReportSource> source_from_journal(const std::string& file, const ReportFilter& filter,
                                               bool of_paper) {
  auto journal = store::Journal::open(file, store::Journal::Mode::kReadOnly);
  if (!journal) return journal.error();
  store::OrderQuery query;
  query.since = filter.since;
  if (!filter.strategy.empty()) query.strategy = filter.strategy;
  query.contracts_only = false;
  const auto orders = (*journal)->orders(query);
  if (!orders) return orders.error();
  auto history = (*journal)->history();
  if (!history) return history.error();
  const auto balance = (*journal)->last_balance();
  if (!balance) return balance.error();
  const auto paper = daemon::is_paper(**journal, of_paper);
  if (!paper) return paper.error();
  ReportSource source;
  source.mode = *paper ? ReportMode::kPaper : ReportMode::kLive;
  source.title = *paper ? "PAPER account" : "";
  if (*balance) {
    source.title = *paper ? "PAPER account" : fmt::format("account {}", (*balance)->account);
    source.currency = (*balance)->currency.str();
  }
  const auto outside = [&](core::WallTime wall) {
    return (filter.since && wall < *filter.since) || (filter.until && wall >= *filter.until);
  };
  for (const auto& order : *orders) {
    if (outside(order.intended_wall)) continue;
    if (auto trade = trade_of(order, *history)) source.trades.push_back(std::move(*trade));
  }
  std::erase_if(history->halts, [&](const execution::HaltRecord& h) {
    return outside(h.wall) || (!filter.strategy.empty() && !h.strategy.empty() &&
                               h.strategy.view() != filter.strategy);
  });
  std::erase_if(history->changes,
                [&](const execution::ConfigRecord& c) { return outside(c.wall); });
  source.history = std::move(*history);
  return source;
}

core::Result<ReportSource> source_from_backtest(const std::string& file,
                                                const ReportFilter& filter) {
  ReportSource source;
  source.title = "back-test";
  source.mode = ReportMode::kBacktest;
  try {
    std::ifstream in;
    if (file != "-") {
      in.open(file, std::ios::binary);
      if (!in) {
        return core::Error{core::ErrorKind::kNotFound, file + " cannot be read"};
      }
    }
    const auto rest = read_backtest(file == "-" ? std::cin : in, filter, source.trades);
    for (const auto& [name, s] : rest.at("strategies").items()) {
      if (!filter.strategy.empty() && name != filter.strategy) continue;
      if (s.value("halted", json()).is_string()) {
        execution::HaltRecord halt;
        halt.strategy = core::Name::truncated(name);
        halt.kind = core::ShortString<32>::truncated(s["halted"].get<std::string>());
        source.history.halts.push_back(halt);
      }
    }
  } catch (const std::exception& e) {
    return core::invalid(fmt::format("{}: not the output of `derivctl backtest --json`: {}", file,
                                     std::string_view(e.what()).substr(0, 200)));
  }
  return source;
}

}  // namespace derivd::ctl
