// The report for a terminal: a screenful with a sparkline.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "common/trades.hpp"
#include "core/counted.hpp"
#include "core/printable.hpp"
#include "derivctl/report_html.hpp"
#include "derivctl/report_page.hpp"

namespace derivd::ctl {
namespace {

using html::money;
using report::Analysis;
using report::Totals;

constexpr std::size_t kReportTextColumns = 64;
constexpr std::size_t kLineWidth = 78;
/// Groups and halts that are listed; of more only the number is told.
constexpr std::size_t kShownGroups = 10;
constexpr std::size_t kShownHalts = 20;

/// One character for each slice of the curve: its last value there.
std::string text_sparkline(const std::vector<report::Point>& curve) {
  constexpr std::array<const char*, 8> kBlocks{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  if (curve.size() < 2) return {};
  const auto [low, high] = std::minmax_element(
      curve.begin(), curve.end(), [](const auto& a, const auto& b) { return a.y < b.y; });
  const auto range = std::max<std::int64_t>(high->y - low->y, 1);
  const auto columns = std::min(kReportTextColumns, curve.size());
  std::string out;
  for (std::size_t i = 0; i < columns; ++i) {
    const auto& p = curve[i * (curve.size() - 1) / (columns - 1)];
    out += kBlocks[static_cast<std::size_t>((p.y - low->y) * 7 / range)];
  }
  return out;
}

std::string wrapped_text(const std::string& text) {
  std::string out;
  std::size_t column = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find(' ', at), text.size());
    if (column > 0 && column + 1 + end - at > kLineWidth) {
      out += '\n';
      column = 0;
    } else if (column > 0) {
      out += ' ';
      ++column;
    }
    out += text.substr(at, end - at);
    column += end - at;
    at = end + 1;
  }
  return out + '\n';
}

std::string groups(const char* what, const std::map<std::string, Totals>& all) {
  auto out = fmt::format("\n{:<20.20} {:>7} {:>7} {:>17} {:>11} {:>10}\n", what, "trades", "won",
                         "95 % band", "profit", "drawdown");
  std::size_t shown = 0;
  for (const auto& [name, s] : all) {
    if (++shown > kShownGroups) {
      out += fmt::format("and {} more\n", all.size() - kShownGroups);
      break;
    }
    const auto f = s.frequency();
    out += fmt::format(
        "{:<20.20} {:>7} {:>7} {:>17} {:>11} {:>10}\n", core::printable(name), s.settled,
        f ? html::percent(*f) : "-",
        f ? fmt::format("{:.1f} to {:.1f} %", 100 * s.win_rate.low, 100 * s.win_rate.high) : "-",
        money(s.profit, true), money(s.max_drawdown));
  }
  return out;
}

/// The latest halts that are in the report.
std::string halts_text(const std::vector<execution::HaltRecord>& all) {
  std::vector<const execution::HaltRecord*> halted;
  for (const auto& h : all) {
    if (h.halted) halted.push_back(&h);
  }
  const auto left_out = halted.size() - std::min(halted.size(), kShownHalts);
  auto out = left_out == 0 ? std::string{} : fmt::format("{} earlier halts\n", left_out);
  for (std::size_t i = left_out; i < halted.size(); ++i) {
    const auto& h = *halted[i];
    out += fmt::format("halted: {} {} {}\n",
                       h.strategy.empty() ? "(account)" : core::printable(h.strategy.view()),
                       core::printable(h.kind.view()), core::printable(h.reason.view()));
  }
  return out;
}

}  // namespace

std::string text_report(const ReportSource& s, const Analysis& a) {
  const auto& t = a.total;
  auto out = fmt::format("derivd{}{}", s.title.empty() ? "" : ", ", core::printable(s.title));
  if (!a.times.empty()) {
    out += fmt::format(": {} to {}", daemon::iso_time(a.times.front()),
                       daemon::iso_time(a.times.back()));
  }
  if (s.mode != ReportMode::kLive) {
    out += '\n' + wrapped_text(std::string(mode_in_words(s.mode)));
    out.pop_back();
  }
  out += fmt::format("\n\n{} {}\n", text_sparkline(a.equity), money(t.profit, true));
  out += fmt::format(
      "profit {} on stakes of {}, largest {}\n"
      "{}: {} won, {} lost, {} even; {} open, {} unknown, {} refused\n"
      "drawdown at most {}; longest losing run {}, chance gives {:.1f}; {}\n",
      money(t.profit, true), money(t.stakes), money(t.max_stake), core::counted(t.settled, "trade"),
      t.won, t.lost, t.even, t.open, t.unknown, t.refused, money(t.max_drawdown), t.longest_losing,
      a.expected_longest_losing, core::counted(t.mismatches, "mismatch", "mismatches"));
  if (!s.removed.empty()) out += wrapped_text(s.removed);
  if (!s.unseen.empty()) out += wrapped_text(s.unseen);
  out += groups("strategy", a.strategies) + groups("symbol", a.symbols) + '\n';
  out += halts_text(s.history.halts);
  return out + wrapped_text(verdict_in_words(a.expectation, core::printable(s.currency)));
}

}  // namespace derivd::ctl
