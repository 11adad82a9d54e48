#include "derivctl/report_source.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "common/trades.hpp"
#include "deriv/account_id.hpp"
#include "derivctl/journal_notices.hpp"

namespace derivd::ctl {
namespace {

using execution::Order;
using execution::OrderState;
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
    case execution::Outcome::kCancelled:
      return Ending::kCancelled;
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
  t.prediction = static_cast<std::int8_t>(o.spec.digit());
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

}  // namespace

std::string titled(std::string_view account, bool demo) {
  return fmt::format("{}account {}", demo ? "demo " : "", account);
}

core::Result<ReportSource> source_from_journal(const std::string& file, const ReportFilter& filter,
                                               bool of_paper) {
  auto journal = store::Journal::open(file, store::Journal::Mode::kReadOnly);
  if (!journal) return journal.error();
  store::OrderQuery query;
  query.since = filter.since;
  if (!filter.strategy.empty()) query.strategy = filter.strategy;
  query.contracts_only = false;
  const auto books = (*journal)->books(query);
  if (!books) return books.error();
  auto history = (*journal)->history();
  if (!history) return history.error();
  const auto balance = (*journal)->last_balance();
  if (!balance) return balance.error();
  const auto paper = daemon::is_paper(**journal, of_paper);
  if (!paper) return paper.error();
  tell_notices(**journal);
  ReportSource source;
  source.mode = *paper ? ReportMode::kPaper : ReportMode::kLive;
  source.title = *paper ? "PAPER account" : "";
  if (*balance) {
    if (!*paper) source.account = (*balance)->account.str();
    if (!*paper) source.title = titled(source.account, deriv::is_demo_id(source.account));
    source.currency = (*balance)->currency.str();
  }
  const auto outside = [&](core::WallTime wall) {
    return (filter.since && wall < *filter.since) || (filter.until && wall >= *filter.until);
  };
  const auto removed = daemon::removed_report(books->removed, query);
  if (removed.is_object()) source.removed = daemon::removed_words(removed["total"]);
  for (const auto& order : books->orders) {
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

}  // namespace derivd::ctl
