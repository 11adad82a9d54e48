#include "derivctl/report_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "common/trades.hpp"
#include "core/counted.hpp"
#include "derivctl/report_html.hpp"

namespace derivd::ctl {
namespace {

using html::escape;
using html::money;
using html::percent;
using report::Analysis;
using report::Ending;
using report::Totals;
using report::Trade;

/// Rows of a table whose length nobody else bounds.
constexpr std::size_t kMaxRows = 1000;

// Colours of text and lines keep a contrast of 4.5 on their grounds, in both schemes.
constexpr std::string_view kStyle = R"(
:root{color-scheme:light dark;--ground:#fff;--card:#f4f6f8;--text:#1a2027;--soft:#55606b;
--grid:#dde3e8;--accent:#0b5fbf;--good:#17743a;--bad:#b3261e;--mark:#8a4b00}
@media(prefers-color-scheme:dark){:root{--ground:#11161b;--card:#1a2128;--text:#e6eaee;
--soft:#a3afba;--grid:#2f3942;--accent:#6cb2ff;--good:#67d58a;--bad:#ff8f86;--mark:#ffb45c}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;color:var(--text);background:var(--ground);margin:0}
main,header,footer{max-width:1080px;margin:0 auto;padding:0 16px}
h1{font-size:1.5rem;margin:24px 0 0}h2{font-size:1.15rem;margin:40px 0 8px}
p{margin:8px 0}.soft,header p,footer{color:var(--soft)}footer{padding-bottom:32px}
.verdict{border-left:4px solid var(--accent);background:var(--card);padding:12px 16px;
border-radius:0 8px 8px 0;margin:16px 0}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(148px,1fr));gap:10px;margin:16px 0;
padding:0}
.cards div{background:var(--card);border-radius:8px;padding:10px 14px;min-width:0}
.cards dt{color:var(--soft);font-size:.85rem}.cards dd{margin:0;font-size:1.3rem;
font-variant-numeric:tabular-nums;overflow-wrap:anywhere}.cards small{display:block;
font-size:.8rem;color:var(--soft)}
.mode{position:sticky;top:0;z-index:1;background:var(--ground);color:var(--mark);font-weight:600;
border:2px solid var(--mark);border-radius:8px;padding:6px 12px}
.good{color:var(--good)}.bad{color:var(--bad)}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:0 24px}
figure{margin:16px 0 20px;min-width:0}figcaption{font-weight:600;
margin-bottom:12px}
.plot{position:relative;height:200px}.plot svg{position:absolute;inset:0;width:100%;height:100%;
overflow:visible}
.scaled{margin-left:60px}.scaled~.x{margin-left:60px}
.y span{position:absolute;right:100%;margin-right:6px;transform:translateY(-50%);font-size:.72rem;
color:var(--soft);line-height:1;font-variant-numeric:tabular-nums}
.x{display:flex;justify-content:space-between;font-size:.72rem;color:var(--soft);margin-top:6px;
gap:6px}
svg line,svg path{vector-effect:non-scaling-stroke}
.grid{stroke:var(--grid);stroke-width:1}.zero{stroke:var(--soft);stroke-width:1;
stroke-dasharray:4 3}
.line{fill:none;stroke:var(--accent);stroke-width:1.6;stroke-linejoin:round}
.line.fall{stroke:var(--bad)}.area{fill:var(--accent);opacity:.14;stroke:none}
.area.fall{fill:var(--bad)}
.bar{fill:var(--accent)}.bar.up{fill:var(--good)}.bar.down{fill:var(--bad)}
.mark{stroke:var(--mark);stroke-width:2}.band{width:200px;height:16px;display:block}
.range{fill:var(--accent);opacity:.35}.point{fill:var(--accent)}
.scroll{overflow-x:auto;max-width:100%;margin:8px 0}
table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
th,td{padding:5px 10px;text-align:right;border-bottom:1px solid var(--grid);white-space:nowrap;
font-weight:400}
thead th{color:var(--soft);font-size:.8rem}th:first-child,td.text{text-align:left}
td.wrap{white-space:normal;min-width:14em;text-align:left}
details{margin-top:4px}summary{cursor:pointer;color:var(--accent);font-size:.85rem}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
@media print{details{display:none}}
)";

bool is_backtest(const ReportSource& s) { return s.mode == ReportMode::kBacktest; }

/// Stays in sight wherever the page is scrolled to, and heads the trades when printed.
std::string mark(const ReportSource& s) {
  if (s.mode == ReportMode::kLive) return {};
  return fmt::format("<p class='mode' role='note'>{}</p>\n", escape(mode_in_words(s.mode)));
}

std::string with_currency(const std::string& amount, const std::string& currency) {
  return currency.empty() ? amount : amount + " " + currency;
}

std::string coloured(std::int64_t units) {
  const auto* css = units > 0 ? "good" : units < 0 ? "bad" : "";
  return fmt::format("<span class='{}'>{}</span>", css, money(units, true));
}

std::string day_of(core::VenueTime time) { return daemon::iso_time(time).substr(0, 10); }
std::string minute_of(core::VenueTime time) {
  auto text = daemon::iso_time(time).substr(0, 16);
  text[10] = ' ';
  return text;
}

std::string milliseconds(std::int64_t us) {
  return us < 10'000       ? fmt::format("{:.2f} ms", static_cast<double>(us) / 1000)
         : us < 10'000'000 ? fmt::format("{:.0f} ms", static_cast<double>(us) / 1000)
                           : fmt::format("{:.1f} s", static_cast<double>(us) / 1'000'000);
}

// ---- head ----

std::string period(const Analysis& a) {
  if (a.times.empty()) return "nothing settled yet";
  return fmt::format("{} to {} UTC", minute_of(a.times.front()), minute_of(a.times.back()));
}

std::string card(std::string_view name, const std::string& value, const std::string& more = {}) {
  return fmt::format("<div><dt>{}</dt><dd>{}{}</dd></div>", name, value,
                     more.empty() ? "" : "<small>" + more + "</small>");
}

std::string cards(const Analysis& a) {
  const auto& t = a.total;
  std::string out = "<dl class='cards'>";
  out +=
      card("Profit", coloured(t.profit),
           t.stakes > 0 ? percent(static_cast<double>(t.profit) / static_cast<double>(t.stakes)) +
                              " of the stakes"
                        : "");
  out += card("Trades", std::to_string(t.settled),
              fmt::format("{} won, {} lost{}", t.won, t.lost,
                          t.even > 0 ? fmt::format(", {} even", t.even) : ""));
  if (const auto f = t.frequency()) {
    out += card(
        "Won", percent(*f),
        fmt::format("95 % band: {:.1f} to {}", 100 * t.win_rate.low, percent(t.win_rate.high)));
  }
  out += card("Largest drawdown", money(t.max_drawdown), "from the highest profit");
  out += card("Stakes", money(t.stakes), "largest " + money(t.max_stake));
  out += card("Longest losing run", std::to_string(t.longest_losing),
              fmt::format("chance gives {:.1f}", a.expected_longest_losing));
  if (t.gross_loss > 0) {
    out += card("Profit factor",
                fmt::format("{:.3f}", static_cast<double>(t.gross_profit) /
                                          static_cast<double>(t.gross_loss)),
                "won / lost money");
  }
  if (t.open + t.unknown > 0) {
    out += card("Not settled", std::to_string(t.open + t.unknown),
                t.unknown > 0 ? fmt::format("{} of unknown outcome", t.unknown) : "");
  }
  return out + "</dl>\n";
}

// ---- curves ----

std::vector<std::string> time_labels(const Analysis& a) {
  std::vector<std::string> out;
  const bool one_day = !a.times.empty() && day_of(a.times.front()) == day_of(a.times.back());
  for (const auto& t : a.times) {
    out.push_back(one_day ? minute_of(t).substr(11) : minute_of(t).substr(5, 5));
  }
  return out;
}

std::string curves(const Analysis& a) {
  if (a.total.settled == 0) return {};
  const auto& t = a.total;
  const auto x = time_labels(a);
  html::Curve equity{"Realised profit", {}, "", a.equity, x};
  equity.label = fmt::format(
      "Realised profit after each of {}, at the end {}, drawdown "
      "at most {}",
      core::counted(t.settled, "settlement"), money(t.profit), money(t.max_drawdown));
  html::Curve drawdown{"Drawdown", {}, "fall", a.drawdown, x, true};
  drawdown.label =
      fmt::format("Distance from the highest profit so far, at most {}", money(t.max_drawdown));
  html::Curve stakes{"Stakes", {}, "", a.stakes, x, true};
  stakes.label = fmt::format("Stake of each trade, at most {}", money(t.max_stake));
  return "<h2>Over time</h2>\n" + html::curve(equity) + "<div class='two'>" +
         html::curve(drawdown) + html::curve(stakes) + "</div>";
}

// ---- groups ----

/// The end of a list: what a page can show.
template <class T>
std::span<const T> latest(const std::vector<T>& list) {
  return std::span(list).last(std::min(list.size(), kMaxRows));
}

std::string left_out(std::size_t all) {
  return all <= kMaxRows ? ""
                         : fmt::format("<p class='soft'>{} of {} are shown.</p>", kMaxRows, all);
}

std::string totals_table(const std::string& what, const std::map<std::string, Totals>& groups) {
  html::Table t{"Results by " + what,
                {what, "trades", "won", "lost", "win rate", "95 % band", "stakes", "profit",
                 "drawdown", "largest stake", "losing run", "open"},
                {}};
  for (const auto& [name, s] : groups) {
    if (t.rows.size() == kMaxRows) break;
    const auto f = s.frequency();
    t.rows.push_back(
        {escape(name), std::to_string(s.settled), std::to_string(s.won), std::to_string(s.lost),
         f ? percent(*f) : "-",
         f ? fmt::format("{} to {}", percent(s.win_rate.low), percent(s.win_rate.high)) : "-",
         money(s.stakes), coloured(s.profit), money(s.max_drawdown), money(s.max_stake),
         std::to_string(s.longest_losing), std::to_string(s.open + s.unknown)});
  }
  return html::table(t) + left_out(groups.size());
}

// ---- distributions ----

std::string whole_count(double v) { return v == std::floor(v) ? fmt::format("{:.0f}", v) : ""; }
/// Of a decade.
std::string power(double v) {
  if (v == 0) return "0";
  return v == std::floor(v) ? fmt::format("{:.0f}", std::pow(10, v - 1)) : "";
}

std::string results_chart(const Analysis& a) {
  html::Bars b{"Results of single trades",
               "How many trades ended with which profit",
               {},
               {},
               {"profit of one trade", "trades"},
               whole_count};
  for (const auto& bar : a.results) {
    const auto width = bar.to - bar.from;
    const auto name =
        width == 1 ? money(bar.from) : fmt::format("{} to {}", money(bar.from), money(bar.to - 1));
    b.bars.push_back({name,
                      static_cast<double>(bar.count),
                      std::to_string(bar.count),
                      bar.to <= 0     ? "down"
                      : bar.from >= 0 ? "up"
                                      : "",
                      {}});
  }
  if (!a.results.empty()) {
    b.x_labels = {money(a.results.front().from), money(a.results.back().to)};
  }
  return html::bars(b);
}

std::string streak_chart(const std::string& what, const std::vector<report::Streak>& streaks,
                         const char* css) {
  html::Bars b{"Runs of " + what + " (logarithmic; the line is what chance gives)",
               "How many runs of " + what + " had which length, beside what chance gives",
               {},
               {},
               {"length", "runs"},
               power};
  // One decade above another: 1 stands at 1, 10 at 2, what is below a tenth at 0.
  const auto height = [](double n) { return n < 0.1 ? 0 : std::log10(n) + 1; };
  for (const auto& s : streaks) {
    b.bars.push_back({std::to_string(s.length), height(static_cast<double>(s.seen)),
                      fmt::format("{} (chance: {:.1f})", s.seen, s.expected), css,
                      height(s.expected)});
  }
  if (!streaks.empty()) b.x_labels = {"1", std::to_string(streaks.back().length)};
  return html::bars(b);
}

std::string hours_chart(const Analysis& a) {
  html::Bars b{"Profit by hour of the day (UTC)",
               "Profit of the trades bought in each hour of UTC",
               {},
               {"00", "06", "12", "18", "23"},
               {"hour", "profit"},
               [](double v) { return money(std::llround(v)); }};
  for (std::size_t h = 0; h < a.hours.size(); ++h) {
    const auto& hour = a.hours[h];
    b.bars.push_back({fmt::format("{:02}", h),
                      static_cast<double>(hour.profit),
                      fmt::format("{} in {}, {} won", money(hour.profit, true),
                                  core::counted(hour.trades, "trade"), hour.won),
                      hour.profit >= 0 ? "up" : "down",
                      {}});
  }
  return html::bars(b);
}

std::string distributions(const Analysis& a) {
  if (a.total.settled == 0) return {};
  return "<h2>Distributions</h2>\n<div class='two'>" + results_chart(a) + hours_chart(a) +
         streak_chart("losses", a.losing, "down") + streak_chart("wins", a.winning, "up") +
         "</div>";
}

// ---- payout against frequency ----

std::string payouts(const Analysis& a) {
  if (a.payouts.empty()) return {};
  double low = 1;
  double high = 0;
  for (const auto& g : a.payouts) {
    low = std::min({low, g.band.low, g.break_even});
    high = std::max({high, g.band.high, g.break_even});
  }
  html::Table t{"Payout quoted against realised frequency",
                {"contract", "payout", "trades", "needed", "came", "95 % band", "picture", ""},
                {}};
  for (const auto& g : a.payouts) {
    const double came = static_cast<double>(g.won) / static_cast<double>(g.trades);
    const auto* verdict = g.break_even > g.band.high  ? "below what the payout needs"
                          : g.break_even < g.band.low ? "above what the payout needs"
                                                      : "the band holds what the payout needs";
    const auto band = fmt::format("{} to {}", percent(g.band.low), percent(g.band.high));
    t.rows.push_back({std::string(market::name_of(g.type)), fmt::format("{:.3f}", g.ratio),
                      std::to_string(g.trades), percent(g.break_even), percent(came), band,
                      html::band_line(g.band, came, g.break_even, low, high,
                                      fmt::format("came {}, band {}, needed {}", percent(came),
                                                  band, percent(g.break_even))),
                      verdict});
  }
  return "<h2>Payout and frequency</h2>\n<p class='soft'>How often a contract has to win for its "
         "payout to lose nothing (the line), and how often it did (the point, with its 95 % "
         "Wilson band). The venue's commission lies between the two.</p>" +
         html::table(t);
}

// ---- limits, orders, configuration ----

std::string halts_page(const ReportSource& s) {
  html::Table t{"Limits and halts", {"when (UTC)", "strategy", "what", "reason"}, {}};
  for (const auto& h : latest(s.history.halts)) {
    t.rows.push_back({h.wall.us != 0 ? minute_of({h.wall.us / 1'000'000}) : "in the back-test",
                      h.strategy.empty() ? "(account)" : escape(h.strategy.view()),
                      h.halted ? escape(h.kind.view()) : escape(h.kind.view()) + " lifted",
                      escape(h.reason.view())});
  }
  if (!s.unseen.empty()) return fmt::format("<p>{}</p>", escape(s.unseen));
  if (t.rows.empty()) return "<p>No limit halted anything.</p>";
  return html::table(t) + left_out(s.history.halts.size());
}

std::string changes(const ReportSource& s) {
  if (s.history.changes.empty()) return {};
  html::Table t{
      "Changes of the configuration", {"when (UTC)", "key", "before", "after", "taken"}, {}};
  for (const auto& c : latest(s.history.changes)) {
    t.rows.push_back({minute_of({c.wall.us / 1'000'000}), escape(c.key), escape(c.before),
                      escape(c.after), escape(c.taken.view())});
  }
  return "<h2>Configuration</h2>\n" + html::table(t) + left_out(s.history.changes.size());
}

std::string exceptions(const ReportSource& s, const Analysis& a) {
  if (is_backtest(s)) return {};
  std::string out = fmt::format(
      "<p>{} of unknown outcome now{}. {} settled otherwise than recomputed"
      "{}. Contracts of others on the account are told in the system journal: "
      "<code>journalctl DERIVD_EVENT=foreign_contract</code>.</p>",
      a.total.unknown,
      s.unseen.empty() ? fmt::format(", {} passed through it", s.history.were_unknown)
                       : std::string{},
      a.total.mismatches, a.total.mismatches > 0 ? ": see <code>derivctl audit</code>" : "");
  if (!s.removed.empty()) out += fmt::format("<p>{}.</p>", escape(s.removed));
  if (a.refusals.empty()) return out;
  html::Table t{"Orders that the venue refused", {"code", "orders"}, {}};
  for (const auto& [reason, refused] : a.refusals) {
    if (t.rows.size() == kMaxRows) break;
    t.rows.push_back({escape(reason), std::to_string(refused)});
  }
  return out + html::table(t) + left_out(a.refusals.size());
}

std::string execution(const ReportSource& s, const Analysis& a) {
  if (is_backtest(s)) return {};
  const auto& p = a.slippage;
  std::string out = fmt::format(
      "<h2>Execution</h2>\n<p>Paid as asked: {}; less: {}; more: {}; in all {} beside what was "
      "asked.</p>",
      p.same, p.cheaper, p.dearer, money(p.sum, true));
  if (a.latency.count == 0) return out;
  const auto& l = a.latency;
  html::Bars b{
      "From the intent to the venue's acceptance",
      fmt::format("Half within {}, 99 % within {}", milliseconds(l.p50), milliseconds(l.p99)),
      {},
      {},
      {"time", "orders"},
      whole_count};
  for (const auto& bar : l.bars) {
    b.bars.push_back({fmt::format("{} to {}", milliseconds(bar.from), milliseconds(bar.to)),
                      static_cast<double>(bar.count),
                      std::to_string(bar.count),
                      "",
                      {}});
  }
  b.x_labels = {milliseconds(l.bars.front().from), milliseconds(l.bars.back().to)};
  return out +
         fmt::format(
             "<p>Acceptance: half within {}, 90 % within {}, 99 % within {}, the slowest "
             "{}, of {}.</p>",
             milliseconds(l.p50), milliseconds(l.p90), milliseconds(l.p99), milliseconds(l.max),
             core::counted(l.count, "order")) +
         html::bars(b);
}

// ---- trades ----

std::string trades_page(const ReportSource& s) {
  const auto shown = std::min(kShownTrades, s.trades.size());
  html::Table t{"Trades",
                {is_backtest(s) ? "number" : "contract", "strategy", "symbol", "type",
                 "bought (UTC)", "stake", "payout", "entry", "exit", "ended", "profit"},
                {}};
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& x = s.trades[s.trades.size() - 1 - i];
    t.rows.push_back({x.id != 0 ? std::to_string(x.id) : "-", escape(x.strategy), escape(x.symbol),
                      std::string(market::name_of(x.type)), escape(daemon::iso_time(x.bought)),
                      x.stake.to_string(), x.payout ? x.payout->to_string() : "-",
                      x.entry ? x.entry->to_string() : "-", x.exit ? x.exit->to_string() : "-",
                      std::string(report::name_of(x.ending)) + (x.mismatch ? " (!)" : ""),
                      x.profit ? coloured(x.profit->units()) : "-"});
  }
  std::string note =
      fmt::format("<p class='soft'>The latest {} of {}, newest first.", shown, s.trades.size());
  if (shown < s.trades.size()) {
    note += is_backtest(s) ? " All are in the back-test's own output."
                           : " All: <code>derivctl trades --format csv</code>.";
  }
  const auto* heading = s.mode == ReportMode::kPaper ? "<h2>Trades on PAPER</h2>\n"
                        : is_backtest(s)             ? "<h2>Trades of the back-test</h2>\n"
                                                     : "<h2>Trades</h2>\n";
  return heading + note + "</p>" + html::table(t);
}

}  // namespace

std::string_view mode_in_words(ReportMode mode) {
  switch (mode) {
    case ReportMode::kLive:
      return "";
    case ReportMode::kPaper:
      return "PAPER: derivd simulated these fills on live ticks. Nothing was bought, no money was "
             "won or lost.";
    case ReportMode::kBacktest:
      return "BACK-TEST: computed from recorded ticks. Nothing was bought, no money was won or "
             "lost.";
  }
  return "";
}

std::string verdict_in_words(const report::Expectation& e, const std::string& currency) {
  if (e.trades == 0) return "Nothing is settled yet that could be compared with chance.";
  const auto amount = [&](double units) {
    return with_currency(money(std::llround(units), true), currency);
  };
  auto text = fmt::format(
      "The result of {} is {}; by the contracts' own odds {} was to be expected, with a "
      "standard error of {}. ",
      core::counted(e.trades, "trade"), amount(e.actual), amount(e.expected),
      with_currency(money(std::llround(e.standard_error)), currency));
  if (e.standard_error <= 0) return text + "There was no chance in it.";
  const double z = e.z();
  text += fmt::format("That is {:.1f} standard errors {}: ", std::abs(z),
                      z < 0 ? "below it" : "above it");
  if (std::abs(z) < 2) return text + "this is within luck.";
  const double once_in = 1 / std::erfc(std::abs(z) / std::sqrt(2));
  text += once_in < 1e6
              ? fmt::format("chance alone gives as much once in {:.0f} such reports", once_in)
              : "chance alone hardly gives as much";
  return text + (z > 0 ? "; it says nothing of tomorrow." : "; look at the audit and the payouts.");
}

std::string html_report(const ReportSource& s, const Analysis& a, core::WallTime written) {
  const auto title = s.title.empty() ? std::string("derivd") : "derivd, " + s.title;
  std::string out = fmt::format(
      "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
      "<meta name='viewport' content='width=device-width,initial-scale=1'>"
      "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src "
      "'unsafe-inline'\"><meta name='referrer' content='no-referrer'><title>{}</title><style>{}"
      "</style></head>\n<body><header><h1>{}</h1><p>{}; written {} UTC</p></header>\n<main>",
      escape(title), kStyle, escape(title), period(a), minute_of({written.us / 1'000'000}));
  out += mark(s);
  out += fmt::format("<p class='verdict'>{}</p>\n",
                     escape(verdict_in_words(a.expectation, s.currency)));
  out += cards(a) + curves(a);
  out += "<h2>Strategies and symbols</h2>\n" + totals_table("strategy", a.strategies) +
         totals_table("symbol", a.symbols);
  out += distributions(a) + payouts(a);
  out += "<h2>Limits and halts</h2>\n" + halts_page(s) + exceptions(s, a);
  out += execution(s, a) + changes(s) + trades_page(s);
  out +=
      "</main>\n<footer><p>Synthetic indices are unpredictable by design, and no staking plan "
      "changes the sign of the expectation. What is above is luck and the venue's "
      "commission.</p></footer></body></html>\n";
  return out;
}

}  // namespace derivd::ctl
