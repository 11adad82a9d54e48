// A report of rows that the daemon told, for whoever may not read its journal.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/trades.hpp"
#include "derivctl/report_html.hpp"
#include "derivctl/report_page.hpp"
#include "derivctl/report_source.hpp"
#include "report/analysis.hpp"

namespace derivd::ctl {
namespace {

using core::Money;
using execution::Order;
using execution::OrderState;
using nlohmann::ordered_json;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::int64_t kBegin = 1'782'000'000;

Order won(std::int64_t id) {
  Order o;
  o.id = core::OrderId{id};
  o.contract = core::ContractId{9000 + id};
  o.strategy = core::Name("one");
  o.spec.symbol = market::SymbolCode("1HZ100V");
  o.spec.type = market::ContractType::kCall;
  o.spec.duration = {5, market::ContractDuration::Unit::kTicks};
  o.stake = Money::minor(100);
  o.buy_price = Money::minor(99);
  o.payout = Money::minor(195);
  o.profit = Money::minor(96);
  o.state = OrderState::kSettled;
  o.outcome = execution::Outcome::kWon;
  o.signal_epoch = {kBegin + id};
  o.purchase_time = {kBegin + id + 1};
  o.settled_time = {kBegin + id + 7};
  o.intended_wall = {(kBegin + id) * 1'000'000 + 250'000};
  o.entry = market::Tick{"1HZ100V", {kBegin + id + 2}, core::Price::raw(100'050, 2)};
  o.exit = market::Tick{"1HZ100V", {kBegin + id + 7}, core::Price::raw(100'150, 2)};
  o.recomputed_differs = true;
  return o;
}

/// As the daemon tells it when "report" is asked for.
ordered_json row_of(const Order& order) {
  auto row = daemon::trade_row(order);
  row["mode"] = "live";
  row["asked"] = order.stake.to_string();
  row["intended_us"] = order.intended_wall.us;
  return row;
}

core::Result<ReportSource> read(const ordered_json& rows, const ReportFilter& filter = {}) {
  return source_from_rows(rows, nullptr, filter);
}

TEST(ReportRows, ATradeIsWholeButForItsTimes) {
  const auto source = read(ordered_json::array({row_of(won(1))}));
  ASSERT_TRUE(source) << source.error().text;
  ASSERT_EQ(source->trades.size(), 1u);
  const auto& t = source->trades.front();
  EXPECT_EQ(t.id, 9001);
  EXPECT_EQ(t.strategy, "one");
  EXPECT_EQ(t.symbol, "1HZ100V");
  EXPECT_EQ(t.type, market::ContractType::kCall);
  EXPECT_EQ(t.prediction, -1);
  EXPECT_EQ(t.bought.s, kBegin + 2);
  EXPECT_EQ(t.settled.s, kBegin + 8);
  EXPECT_EQ(t.asked, Money::minor(100));
  EXPECT_EQ(t.stake, Money::minor(99));
  EXPECT_EQ(t.payout, Money::minor(195));
  EXPECT_EQ(t.profit, Money::minor(96));
  EXPECT_EQ(t.ending, report::Ending::kWon);
  EXPECT_EQ(t.entry, core::Price::raw(100'050, 2));
  EXPECT_EQ(t.exit, core::Price::raw(100'150, 2));
  EXPECT_TRUE(t.mismatch);
  EXPECT_FALSE(t.latency_us);
}

TEST(ReportRows, OrdersOfEveryState) {
  auto open = won(2);
  open.state = OrderState::kOpen;
  open.profit.reset();
  auto refused = won(3);
  refused.contract = {};
  refused.state = OrderState::kRefused;
  refused.reason = "InsufficientBalance";
  refused.profit.reset();
  auto absent = refused;
  absent.state = OrderState::kAbsent;
  const auto source = read(ordered_json::array({row_of(open), row_of(refused), row_of(absent)}));
  ASSERT_TRUE(source) << source.error().text;
  ASSERT_EQ(source->trades.size(), 2u) << "what was never bought is no trade";
  EXPECT_EQ(source->trades[0].ending, report::Ending::kOpen);
  EXPECT_EQ(source->trades[1].ending, report::Ending::kRefused);
  EXPECT_EQ(source->trades[1].reason, "InsufficientBalance");
}

TEST(ReportRows, EndsByTheTimeOfTheIntent) {
  const auto rows = ordered_json::array({row_of(won(1)), row_of(won(2))});
  ReportFilter filter;
  filter.until = core::WallTime{(kBegin + 2) * 1'000'000 + 250'000};
  EXPECT_EQ(read(rows, filter)->trades.size(), 1u);
  filter.until->us += 1;
  EXPECT_EQ(read(rows, filter)->trades.size(), 2u);
}

TEST(ReportRows, OfAnOlderDaemonWhatWasPaidIsWhatWasAskedFor) {
  auto row = daemon::trade_row(won(1));
  const auto source = read(ordered_json::array({row}));
  ASSERT_TRUE(source) << source.error().text;
  EXPECT_EQ(source->trades.front().asked, Money::minor(99));
  ReportFilter filter;
  filter.until = core::WallTime{(kBegin + 1) * 1'000'000};
  EXPECT_TRUE(read(ordered_json::array({row}), filter)->trades.empty()) << "by the signal's second";
}

TEST(ReportRows, ARowThatIsNoTradeIsRefused) {
  const std::vector<std::pair<const char*, ordered_json>> strange = {
      {"state", "gone"},    {"outcome", 7},       {"strategy", ""},
      {"symbol", "a b"},    {"type", "NOTHING"},  {"stake", nullptr},
      {"stake", "1e3"},     {"profit", "0.965"},  {"purchase_time", INT64_MAX},
      {"asked", "many"},    {"settled_time", -5}, {"payout", "99999999999999999.00"},
      {"exit", "1001.500"},
  };
  for (const auto& [key, value] : strange) {
    auto row = row_of(won(1));
    row[key] = value;
    const auto source = read(ordered_json::array({row}));
    ASSERT_FALSE(source) << key << ": " << value;
    EXPECT_EQ(source.error().kind, core::ErrorKind::kProtocol);
  }
  // What fits alone may be too much in all.
  auto rich = row_of(won(1));
  rich["payout"] = "4000000000000.00";
  EXPECT_TRUE(read(ordered_json(900, rich)));
  EXPECT_FALSE(read(ordered_json(1001, rich)));
}

TEST(ReportRows, WhatIsNotSeenIsSaid) {
  auto source = read(ordered_json::array({row_of(won(1))}));
  ASSERT_TRUE(source);
  source->mode = ReportMode::kLive;
  const auto whole = report::analyse(source->trades);
  html::amounts_have(whole.total.decimals);
  EXPECT_THAT(html_report(*source, whole, {kBegin * 1'000'000}), HasSubstr("No limit halted"));
  source->unseen = "without the halts";
  const auto page = html_report(*source, whole, {kBegin * 1'000'000});
  EXPECT_THAT(page, HasSubstr("without the halts"));
  EXPECT_THAT(page, Not(HasSubstr("No limit halted")));
  EXPECT_THAT(page, Not(HasSubstr("passed through it")));
  EXPECT_THAT(text_report(*source, whole), HasSubstr("without the halts"));
}

}  // namespace
}  // namespace derivd::ctl
