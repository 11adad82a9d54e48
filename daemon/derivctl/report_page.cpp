#include "derivctl/report_page.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/trades.hpp"

namespace derivd::daemon {
namespace {

using execution::Order;

constexpr double kWidth = 900;
constexpr double kHeight = 240;

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::vector<Order> settled_in_order(std::vector<Order> orders) {
  std::erase_if(orders, [](const Order& o) { return !o.profit; });
  std::sort(orders.begin(), orders.end(), [](const Order& a, const Order& b) {
    return std::pair(a.settled_time, a.id) < std::pair(b.settled_time, b.id);
  });
  return orders;
}

/// Realised profit after each settlement, from 0.
std::string equity_curve(const std::vector<Order>& settled) {
  std::vector<double> curve{0};
  core::Money sum;
  for (const auto& o : settled) curve.push_back((sum += *o.profit).to_double());
  const auto [low, high] = std::minmax_element(curve.begin(), curve.end());
  const double span = std::max(*high - *low, 0.01);
  const auto y = [&](double v) { return kHeight - (v - *low) / span * kHeight; };
  std::string points;
  for (std::size_t i = 0; i < curve.size(); ++i) {
    const double x = kWidth * static_cast<double>(i) /
                     static_cast<double>(std::max<std::size_t>(curve.size() - 1, 1));
    points += fmt::format("{:.1f},{:.1f} ", x, y(curve[i]));
  }
  return fmt::format(
      "<svg viewBox='-5 -5 {} {}' role='img' aria-label='realised profit'>"
      "<line x1='0' x2='{}' y1='{:.1f}' y2='{:.1f}' stroke='#999' stroke-dasharray='4'/>"
      "<polyline fill='none' stroke='#06c' stroke-width='2' points='{}'/></svg>"
      "<p>Lowest {:.2f}, highest {:.2f}; the dashed line is zero.</p>",
      kWidth + 10, kHeight + 10, kWidth, y(0), y(0), points, *low, *high);
}

std::string stats_table(const std::vector<Order>& orders) {
  std::string out =
      "<table><tr><th>strategy<th>trades<th>won<th>lost<th>open<th>stakes<th>profit"
      "<th>max drawdown<th>longest losing run</tr>";
  const auto row = [&](const std::string& name, const Stats& s) {
    out += fmt::format("<tr><td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}</tr>",
                       escape(name), s.trades, s.won, s.lost, s.open, s.stakes.to_string(),
                       s.profit.to_string(), s.max_drawdown.to_string(), s.longest_losing_run);
  };
  std::vector<std::string> names;
  for (const auto& o : orders) names.push_back(o.strategy.str());
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  for (const auto& name : names) {
    auto mine = orders;
    std::erase_if(mine, [&](const Order& o) { return o.strategy.view() != name; });
    row(name, stats_of(std::move(mine)));
  }
  row("all", stats_of(orders));
  return out + "</table>";
}

std::string trades_table(const std::vector<Order>& orders) {
  std::string out =
      "<table><tr><th>contract<th>strategy<th>symbol<th>type<th>bought<th>stake<th>payout<th>entry"
      "<th>exit<th>outcome<th>profit</tr>";
  for (const auto& o : orders) {
    out += fmt::format(
        "<tr><td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}</tr>",
        o.contract.value, escape(o.strategy.view()), escape(o.spec.symbol.view()),
        market::name_of(o.spec.type), o.purchase_time.s != 0 ? iso_time(o.purchase_time) : "",
        (o.contract ? o.buy_price : o.stake).to_string(), o.payout ? o.payout->to_string() : "",
        o.entry ? o.entry->quote.to_string() : "", o.exit ? o.exit->quote.to_string() : "",
        outcome_of(o), o.profit ? o.profit->to_string() : "");
  }
  return out + "</table>";
}

}  // namespace

std::string html_report(const std::vector<Order>& orders) {
  return fmt::format(
      "<!doctype html><html lang='en'><meta charset='utf-8'><title>derivd report</title>"
      "<style>body{{font:15px system-ui;max-width:960px;margin:2em auto;padding:0 1em}}"
      "table{{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}}"
      "td,th{{border-bottom:1px solid #ddd;padding:3px 8px;text-align:right}}"
      "td:first-child,th:first-child{{text-align:left}}</style>"
      "<h1>derivd report</h1><h2>Summary</h2>{}<h2>Realised profit</h2>{}"
      "<p>Synthetic indices are unpredictable by design, and no staking plan changes the sign of "
      "the "
      "expectation: what is above is luck and the venue's commission.</p>"
      "<h2>Trades</h2>{}</html>\n",
      stats_table(orders), equity_curve(settled_in_order(orders)), trades_table(orders));
}

}  // namespace derivd::daemon
