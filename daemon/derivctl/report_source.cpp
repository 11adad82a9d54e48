#include "derivctl/report_source.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "common/answer.hpp"
#include "common/trades.hpp"
#include "core/bounds.hpp"
#include "deriv/account_id.hpp"
#include "derivctl/journal_notices.hpp"
#include "market/symbol.hpp"

namespace derivd::ctl {
namespace {

using execution::Order;
using execution::OrderState;
using nlohmann::ordered_json;
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

std::string text_at(const ordered_json& row, const char* key) {
  const auto& value = daemon::at(row, key);
  return value.is_string() ? value.get<std::string>() : std::string{};
}

std::int64_t whole_at(const ordered_json& row, const char* key) {
  return daemon::whole_of(daemon::at(row, key)).value_or(0);
}

constexpr std::size_t kMostDecimals = 18;  // core::pow10's range

/// A quote as it was written, whose decimals are its symbol's.
std::optional<core::Price> quote_at(const ordered_json& row, const char* key) {
  const auto text = text_at(row, key);
  const auto point = text.find('.');
  const auto decimals = point == std::string::npos ? 0 : text.size() - point - 1;
  if (text.empty() || decimals > kMostDecimals) return std::nullopt;
  const auto price = core::Price::parse(text, static_cast<std::uint8_t>(decimals));
  return price ? std::optional(*price) : std::nullopt;
}

/// An older daemon does not tell when it meant to buy, which is a moment after the signal.
core::WallTime intended_at(const ordered_json& row) {
  if (const auto us = daemon::whole_of(daemon::at(row, "intended_us"))) return {*us};
  const core::VenueTime signal{whole_at(row, "signal_epoch")};
  return {core::is_date(signal) ? signal.s * 1'000'000 : 0};
}

/// Reads rows of common/trades, whose amounts have to fit each other and their sums.
class RowReader final {
 public:
  /// Nothing of an order that never became one of the venue's.
  core::Result<std::optional<Trade>> read(const ordered_json& row) {
    Order order;
    const auto state = execution::order_state_from(text_at(row, "state"));
    if (!state) return broken("state");
    order.state = *state;
    if (order.state == OrderState::kSettled) {
      const auto outcome = execution::outcome_from(text_at(row, "outcome"));
      if (!outcome) return broken("outcome");
      order.outcome = *outcome;
    }
    const auto ending = ending_of(order);
    if (!ending) return std::optional<Trade>{};
    Trade t;
    t.ending = *ending;
    t.id = daemon::id_of(daemon::at(row, "contract_id")).value_or(0);
    t.strategy = text_at(row, "strategy");
    t.symbol = text_at(row, "symbol");
    if (t.strategy.empty() || !core::Name::fits(t.strategy)) return broken("strategy");
    if (!market::is_symbol_code(t.symbol)) return broken("symbol");
    const auto type = market::contract_type_from(text_at(row, "type"));
    if (!type) return broken("type");
    t.type = *type;
    const auto digit = daemon::whole_of(daemon::at(row, "prediction")).value_or(-1);
    if (digit >= 0 && digit <= 9) t.prediction = static_cast<std::int8_t>(digit);
    const auto bought = whole_at(row, "purchase_time");
    t.bought = {bought != 0 ? bought : whole_at(row, "signal_epoch")};
    t.settled = {whole_at(row, "settled_time")};
    if (!core::is_date(t.bought) || !core::is_date(t.settled)) return broken("time");
    if (auto good = amounts(row, t); !good) return good.error();
    t.entry = quote_at(row, "entry");
    t.exit = quote_at(row, "exit");
    if (t.entry && t.exit && t.entry->decimals() != t.exit->decimals()) return broken("exit");
    t.mismatch = daemon::at(row, "mismatch") == true;
    t.reason = text_at(row, "reason");
    return std::optional(std::move(t));
  }

 private:
  static core::Error broken(std::string_view key) {
    return {core::ErrorKind::kProtocol,
            fmt::format("the daemon's answer holds a row that is no trade, by its {}", key)};
  }
  core::Result<void> amounts(const ordered_json& row, Trade& t) {
    const auto stake = money(row, "stake");
    if (!stake) return stake.error();
    if (!*stake) return broken("stake");
    const auto asked = money(row, "asked");  // an older daemon does not tell it
    if (!asked) return asked.error();
    const auto payout = money(row, "payout");
    if (!payout) return payout.error();
    const auto profit = money(row, "profit");
    if (!profit) return profit.error();
    t.stake = **stake;
    t.asked = asked->value_or(t.stake);
    t.payout = *payout;
    t.profit = *profit;
    return {};
  }
  /// Nothing where there is none.
  core::Result<std::optional<core::Money>> money(const ordered_json& row, const char* key) {
    const auto text = text_at(row, key);
    if (text.empty()) return std::optional<core::Money>{};
    const auto amount = core::Money::parse_as_written(text);
    if (!amount) return broken(key);
    if (!decimals_) decimals_ = amount->exponent();
    if (*decimals_ != amount->exponent() || !bound_.take(*amount)) return broken(key);
    return std::optional(*amount);
  }

  std::optional<std::uint8_t> decimals_;  // of the first amount, and of all
  core::AmountBound bound_;
};

}  // namespace

std::string titled(std::string_view account, bool demo) {
  return fmt::format("{}account {}", demo ? "demo " : "", account);
}

core::Result<ReportSource> source_from_rows(const ordered_json& rows, const ordered_json& removed,
                                            const ReportFilter& filter) {
  ReportSource source;
  if (removed.is_object()) source.removed = daemon::removed_words(daemon::at(removed, "total"));
  RowReader reader;
  for (const auto* row : daemon::rows_of(rows)) {
    if (filter.until && intended_at(*row) >= *filter.until) continue;
    auto trade = reader.read(*row);
    if (!trade) return trade.error();
    if (*trade) source.trades.push_back(std::move(**trade));
  }
  return source;
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
