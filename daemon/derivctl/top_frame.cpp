#include "derivctl/top_frame.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "common/answer.hpp"
#include "core/counted.hpp"
#include "core/decimal.hpp"
#include "core/printable.hpp"
#include "derivctl/answer_text.hpp"
#include "derivctl/table.hpp"

namespace derivd::ctl {
namespace {

using daemon::at;
using daemon::is;
using daemon::is_blank;
using daemon::rows_of;
using daemon::shown;
using nlohmann::ordered_json;
using out::Paint;

/// Without sizes of its own a frame is as long as what it shows, within reason.
constexpr std::size_t kEndless = 1000;
constexpr std::size_t kMaxEvents = 200;

/// Exactly `width` columns: cut, or filled with blanks on the right (the left for numbers).
std::string fitted(std::string_view text, std::size_t width, bool right = false) {
  auto out = core::printable(text);
  auto columns = width_of(out);
  if (columns > width) {
    std::size_t bytes = 0;
    for (std::size_t taken = 0; bytes < out.size();) {
      const bool starts = (static_cast<unsigned char>(out[bytes]) & 0xc0) != 0x80;
      if (starts && ++taken > (width == 0 ? 0 : width - 1)) break;
      ++bytes;
    }
    out.resize(bytes);
    if (width > 0) out += "…";
    columns = width;
  }
  const std::string blanks(width - columns, ' ');
  return right ? blanks + out : out + blanks;
}

/// A line of cells that never gets wider than the frame.
class LineOf final {
 public:
  explicit LineOf(std::size_t columns) : left_(columns) {}
  LineOf& cell(std::string_view text, std::size_t width, Paint paint = Paint::kNone,
               bool right = false) {
    const auto fits = std::min(width, left_);
    if (fits == 0) return *this;
    line_.push_back({fitted(text, fits, right), paint});
    left_ -= fits;
    gap(1);
    return *this;
  }
  /// What is left of the line.
  LineOf& rest(std::string_view text, Paint paint = Paint::kNone) {
    return cell(text, left_, paint);
  }
  FrameLine take() { return std::move(line_); }
  std::size_t left() const { return left_; }

 private:
  void gap(std::size_t width) {
    const auto fits = std::min(width, left_);
    if (fits > 0) line_.push_back({std::string(fits, ' '), Paint::kNone});
    left_ -= fits;
  }
  FrameLine line_;
  std::size_t left_;
};

FrameLine whole(std::string_view text, Paint paint, std::size_t columns) {
  return LineOf(columns).rest(text, paint).take();
}

std::optional<double> number_of(const ordered_json& value) {
  const auto amount = core::Decimal::parse(shown(value));
  if (!amount) return std::nullopt;
  return amount->to_double();
}

Paint paint_of_amount(const ordered_json& value) {
  const auto number = number_of(value).value_or(0);
  return number < 0 ? Paint::kBad : number > 0 ? Paint::kGood : Paint::kNone;
}

/// A part of the frame: a heading, and rows of which some may have to stay out.
struct Section {
  FrameLine heading;
  std::vector<FrameLine> rows;
  std::string none;          // said where there are no rows
  std::size_t given = 0;     // lines that it gets below its heading
  bool newest_last = false;  // what stays out is at the beginning
  std::size_t focus = 0;     // this row never stays out

  std::size_t wants() const { return std::max<std::size_t>(rows.size(), 1); }
};

std::string age_words(const ordered_json& seconds) {
  return seconds.is_number() ? fmt::format("{:.1f} s", seconds.get<double>()) : "none";
}

FrameLine first_line(const ordered_json& s, std::size_t columns) {
  const bool real = is(at(s, "account_type"), "real") && !is(at(s, "mode"), "paper");
  const auto account = is(at(s, "mode"), "paper")
                           ? std::string("PAPER")
                           : fmt::format("{} {}", real ? "REAL" : "demo", shown(at(s, "account")));
  const auto state = session_word(shown(at(s, "state")));
  LineOf line(columns);
  line.cell("derivd", 6, Paint::kHead);
  line.cell(state, std::max<std::size_t>(width_of(state), 9), paint_of_word(state));
  line.cell(account, std::min<std::size_t>(width_of(account), 24),
            real ? Paint::kBad : Paint::kNone);
  line.rest(fmt::format("balance {} {}  {}", shown(at(s, "balance")), shown(at(s, "currency")),
                        is_blank(at(s, "venue_time_utc")) ? "" : shown(at(s, "venue_time_utc"))));
  return line.take();
}

FrameLine second_line(const ordered_json& s, std::size_t columns) {
  LineOf line(columns);
  const auto profit = shown(at(s, "day_profit"));
  line.cell("today", 5).cell(profit, width_of(profit), paint_of_amount(at(s, "day_profit")));
  const auto unknown = daemon::whole_of(at(s, "unknown_orders")).value_or(0);
  auto text = fmt::format("in {}  open {} for {}", daemon::counted(at(s, "day_trades"), "trade"),
                          shown(at(s, "open_contracts")), shown(at(s, "open_stake")));
  line.cell(text, width_of(text));
  if (unknown > 0) {
    text = fmt::format("{} UNKNOWN", unknown);
    line.cell(text, width_of(text), Paint::kBad);
  }
  line.rest(fmt::format(" last tick {}  {}", age_words(at(s, "tick_age_s")),
                        daemon::counted(at(s, "reconnects"), "reconnect")));
  return line.take();
}

/// Blocks are of no use where the whole is not a bound that is being used up.
std::optional<double> used_share(const ordered_json& row) {
  const auto& limit = at(row, "limit");
  if (is(limit, "max_stake") || is(limit, "min_balance")) return std::nullopt;
  const auto left = number_of(at(row, "left"));
  const auto of = number_of(at(row, "of"));
  if (!left || !of || *of <= 0) return std::nullopt;
  return std::clamp(1 - *left / *of, 0.0, 1.0);
}

std::string bar(double share, std::size_t width) {
  const auto full = static_cast<std::size_t>(std::lround(share * static_cast<double>(width)));
  return std::string(full, '#') + std::string(width - full, '.');
}

Section limits(const ordered_json& s, std::size_t columns) {
  Section out;
  out.heading = whole("LIMITS", Paint::kHead, columns);
  out.none = "none is set";
  const std::size_t bar_width = std::clamp<std::size_t>(columns / 4, 8, 40);
  for (const auto* row : rows_of(at(s, "limits"))) {
    const auto& strategy = at(*row, "strategy");
    const auto limit = shown(at(*row, "limit"));
    const auto share = used_share(*row);
    const bool aim = is(at(*row, "limit"), "daily_profit") || is(at(*row, "limit"), "take_profit");
    const auto paint = !share || aim   ? Paint::kNone
                       : *share >= 0.8 ? Paint::kBad
                       : *share >= 0.5 ? Paint::kWarn
                                       : Paint::kGood;
    LineOf line(columns);
    line.cell(strategy.is_null() ? limit : fmt::format("{}: {}", shown(strategy), limit), 28);
    line.cell(share ? fmt::format("[{}]", bar(*share, bar_width - 2)) : "", bar_width, paint);
    line.rest(limit_left_words(*row));
    out.rows.push_back(line.take());
  }
  return out;
}

std::string condition_of(const ordered_json& row) {
  if (at(row, "silent") == true) return "SILENT";
  if (!is_blank(at(row, "refused_until"))) return "refused";
  return shown(at(row, "status"));
}

std::string words_of(const ordered_json& row) {
  if (at(row, "silent") == true) {
    return fmt::format("no ticks of {} for {}", shown(at(row, "symbol")),
                       age_words(at(row, "tick_age_s")));
  }
  // A program that nothing holds back has its place in itself for a reason: what became of its last
  // wish says more.
  const bool is_place = shown(at(row, "reason")).starts_with("its program: ");
  const auto keys = is_place ? std::array{"refusal", "last_decision", "reason"}
                             : std::array{"reason", "refusal", "last_decision"};
  for (const auto* key : keys) {
    if (!is_blank(at(row, key))) return shown(at(row, key));
  }
  return "";
}

Section strategies(const TopView& view, const TopMemory& memory, std::size_t columns) {
  const std::size_t curve = columns < 120 ? 10 : 24;
  Section out;
  out.none = "none";
  LineOf heading(columns);
  heading.cell("STRATEGIES", 16, Paint::kHead).cell("", 8).cell("profit", 9, Paint::kHead, true);
  heading.cell("curve", curve, Paint::kHead).cell("won", 9, Paint::kHead, true);
  heading.cell("open", 4, Paint::kHead, true).rest("last decision", Paint::kHead);
  out.heading = heading.take();
  for (const auto* row : rows_of(at(view.status, "strategies"))) {
    const auto name = shown(at(*row, "name"));
    if (name == view.selected) out.focus = out.rows.size();
    const auto condition = condition_of(*row);
    LineOf line(columns);
    line.cell(fmt::format("{} {}", view.keys && name == view.selected ? ">" : " ", name), 16);
    line.cell(condition, 8, paint_of_word(condition));
    line.cell(shown(at(*row, "profit")), 9, paint_of_amount(at(*row, "profit")), true);
    line.cell(sparkline(memory.curve(name), curve), curve);
    line.cell(fmt::format("{}/{}", shown(at(*row, "won")), shown(at(*row, "trades"))), 9,
              Paint::kNone, true);
    line.cell(shown(at(*row, "open")), 4, Paint::kNone, true);
    line.rest(words_of(*row));
    out.rows.push_back(line.take());
  }
  return out;
}

Section contract_lines(const ordered_json& positions, std::size_t columns) {
  Section out;
  out.none = "none";
  LineOf heading(columns);
  heading.cell("OPEN CONTRACTS", 14, Paint::kHead).cell("strategy", 14, Paint::kHead);
  heading.cell("type", 12, Paint::kHead).cell("symbol", 9, Paint::kHead);
  heading.cell("stake", 8, Paint::kHead, true).cell("now", 8, Paint::kHead, true);
  heading.cell("left", 8, Paint::kHead, true);
  out.heading = heading.take();
  for (const auto* row : rows_of(positions)) {
    LineOf line(columns);
    line.cell(is_blank(at(*row, "contract_id")) ? shown(at(*row, "state"))
                                                : shown(at(*row, "contract_id")),
              14);
    line.cell(shown(at(*row, "strategy")), 14).cell(shown(at(*row, "type")), 12);
    line.cell(shown(at(*row, "symbol")), 9);
    line.cell(shown(at(*row, "stake")), 8, Paint::kNone, true);
    line.cell(shown(at(*row, "value")), 8, paint_of_amount(at(*row, "profit_now")), true);
    const auto left = time_left_words(*row);
    line.cell(left == "-" ? shown(at(*row, "duration")) : left, 8, Paint::kNone, true);
    out.rows.push_back(line.take());
  }
  return out;
}

Section symbols(const ordered_json& s, std::size_t columns) {
  Section out;
  out.none = "none";
  out.heading = whole("TICKS", Paint::kHead, columns);
  constexpr std::size_t kCell = 18;
  LineOf line(columns);
  std::size_t in_line = 0;
  for (const auto* row : rows_of(at(s, "symbols"))) {
    if (in_line > 0 && line.left() < kCell) {
      out.rows.push_back(std::exchange(line, LineOf(columns)).take());
      in_line = 0;
    }
    line.cell(fmt::format("{} {}", shown(at(*row, "symbol")), age_words(at(*row, "tick_age_s"))),
              kCell, at(*row, "late") == true ? Paint::kBad : Paint::kNone);
    ++in_line;
  }
  if (in_line > 0) out.rows.push_back(line.take());
  return out;
}

Section events(const TopMemory& memory, std::size_t columns) {
  Section out;
  out.newest_last = true;
  out.none = "nothing yet";
  out.heading = whole("LAST EVENTS (UTC)", Paint::kHead, columns);
  constexpr std::size_t kDay = 11;  // "2026-11-29 "
  const auto all = memory.events(kMaxEvents);
  for (const auto& event : all) {
    LineOf line(columns);
    line.cell(event.time.size() > kDay ? event.time.substr(kDay) : event.time, 8, Paint::kDim);
    line.rest(event.text, event.paint);
    out.rows.push_back(line.take());
  }
  return out;
}

/// A line for each in turn, while there are lines and somebody wants one.
void share_out(std::vector<Section>& sections, std::size_t lines) {
  for (bool given = true; given && lines > 0;) {
    given = false;
    for (auto& section : sections) {
      if (lines == 0) break;
      if (section.given >= section.wants()) continue;
      ++section.given;
      --lines;
      given = true;
    }
  }
}

void put(const Section& section, std::size_t columns, std::vector<FrameLine>& out) {
  if (section.given == 0) return;
  out.push_back(section.heading);
  if (section.rows.empty()) {
    out.push_back(whole("  " + section.none, Paint::kDim, columns));
    return;
  }
  const auto all = section.rows.size();
  if (section.given >= all) {
    out.insert(out.end(), section.rows.begin(), section.rows.end());
  } else if (section.newest_last) {
    out.insert(out.end(), section.rows.end() - static_cast<std::ptrdiff_t>(section.given),
               section.rows.end());
  } else {
    const auto fit = section.given - 1;
    const auto first = section.focus < fit || fit == 0 ? 0 : section.focus - fit + 1;
    const auto begin = section.rows.begin() + static_cast<std::ptrdiff_t>(first);
    out.insert(out.end(), begin, begin + static_cast<std::ptrdiff_t>(fit));
    out.push_back(whole(fmt::format("  … {} more", all - fit), Paint::kDim, columns));
  }
}

}  // namespace

std::vector<std::string> strategies_of(const ordered_json& status) {
  std::vector<std::string> names;
  for (const auto* row : rows_of(at(status, "strategies")))
    names.push_back(shown(at(*row, "name")));
  return names;
}

std::string sparkline(const std::vector<double>& values, std::size_t width) {
  static constexpr std::array<std::string_view, 8> kSteps{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const auto first = values.size() > width ? values.size() - width : 0;
  if (first == values.size()) return "";
  const auto [low, high] =
      std::minmax_element(values.begin() + static_cast<std::ptrdiff_t>(first), values.end());
  const auto span = *high - *low;
  std::string out;
  for (auto i = first; i < values.size(); ++i) {
    const auto share = span > 0 ? (values[i] - *low) / span : 0.5;
    out += kSteps.at(static_cast<std::size_t>(std::lround(share * (kSteps.size() - 1))));
  }
  return out;
}

std::vector<FrameLine> top_frame(const TopView& view, const TopMemory& memory, FrameSize size) {
  const auto columns = std::max<std::size_t>(size.columns, 1);
  const auto rows = size.rows == 0 ? kEndless : size.rows;
  std::vector<FrameLine> out;
  out.push_back(first_line(view.status, columns));
  out.push_back(second_line(view.status, columns));
  const auto& said = at(view.status, "problem");
  const auto trouble = !view.problem.empty() ? view.problem : is_blank(said) ? "" : shown(said);
  if (!trouble.empty()) out.push_back(whole(trouble, Paint::kBad, columns));
  std::vector<Section> sections{strategies(view, memory, columns), limits(view.status, columns),
                                contract_lines(view.positions, columns),
                                symbols(view.status, columns), events(memory, columns)};
  const std::size_t below = view.keys ? 1 : 0;
  const auto fixed = out.size() + sections.size() + below;
  share_out(sections, rows > fixed ? rows - fixed : 0);
  for (const auto& section : sections) put(section, columns, out);
  if (out.size() > rows - std::min(rows, below)) out.resize(rows - std::min(rows, below));
  if (view.keys) {
    while (size.rows != 0 && out.size() + below < rows) out.push_back({});
    out.push_back(view.prompt.empty() ? whole("q leave  up/down choose  p pause  r resume  h halt  "
                                              "P R H: all of them",
                                              Paint::kDim, columns)
                                      : whole(view.prompt, Paint::kWarn, columns));
  }
  return out;
}

}  // namespace derivd::ctl
