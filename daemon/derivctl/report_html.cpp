#include "derivctl/report_html.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/decimal.hpp"
#include "core/printable.hpp"

namespace derivd::ctl::html {
namespace {

using report::Point;

// Units of a picture, stretched to whatever width the screen has; lines keep their width.
constexpr std::int64_t kWidth = 2000;
constexpr std::int64_t kHeight = 1000;
// Rows of a curve's table: its shape in figures, not the curve again.
constexpr std::size_t kCurveRows = 12;

std::int64_t across(std::int64_t x, std::int64_t first, std::int64_t last) {
  return (x - first) * kWidth / std::max<std::int64_t>(last - first, 1);
}

struct Scale {
  double low = 0;
  double high = 1;
  double y(double v) const {
    return static_cast<double>(kHeight) * (high - v) / std::max(high - low, 1e-9);
  }
  double share(double v) const { return 100 * (high - v) / std::max(high - low, 1e-9); }
};

/// 1, 2 or 5 × 10^n: some four lines between low and high.
double step_of(const Scale& s) {
  const double raw = (s.high - s.low) / 4;
  const double unit = std::pow(10, std::floor(std::log10(std::max(raw, 1e-9))));
  const double m = raw / unit;
  return unit * (m <= 1 ? 1 : m <= 2 ? 2 : m <= 5 ? 5 : 10);
}

/// Whole steps around the values, zero included.
Scale scale_of(double low, double high) {
  Scale s{std::min(low, 0.0), std::max(high, 0.0)};
  if (s.high - s.low < 1e-9) s.high = 1;
  const double step = step_of(s);
  s.low = std::floor(s.low / step + 1e-9) * step;
  s.high = std::ceil(s.high / step - 1e-9) * step;
  return s;
}

std::string grid(const Scale& s) {
  std::string out;
  const double step = step_of(s);
  for (double v = s.low; v <= s.high + step / 2; v += step) {
    const auto y = std::llround(s.y(v));
    out += fmt::format("<line class='{}' x1='0' x2='{}' y1='{}' y2='{}'/>",
                       std::abs(v) < step / 2 ? "zero" : "grid", kWidth, y, y);
  }
  return out;
}

std::string y_labels(const Scale& s, const std::function<std::string(double)>& show) {
  std::string out;
  const double step = step_of(s);
  for (double v = s.low; v <= s.high + step / 2; v += step) {
    // Sums of steps miss the whole number by a little.
    const auto text = show(std::round(v * 1e6) / 1e6);
    if (text.empty()) continue;
    out += fmt::format("<span style='top:{:.2f}%'>{}</span>", s.share(v), escape(text));
  }
  return out;
}

std::uint8_t amount_decimals = core::Money::kCents;

std::string amount(double v) { return money(std::llround(v)); }

std::string x_axis(const std::vector<std::string>& labels) {
  if (labels.empty()) return {};
  std::string out = "<div class='x' aria-hidden='true'>";
  for (const auto& l : labels) out += fmt::format("<span>{}</span>", escape(l));
  return out + "</div>";
}

std::string figure(const std::string& title, const std::string& label, const std::string& picture,
                   const std::string& y, const std::vector<std::string>& x,
                   const std::string& behind) {
  return fmt::format(
      "<figure><figcaption>{}</figcaption><div class='plot scaled'><svg role='img' aria-label='{}' "
      "viewBox='0 0 {} {}' preserveAspectRatio='none'>{}</svg><div class='y' "
      "aria-hidden='true'>{}</div></div>{}{}</figure>\n",
      escape(title), escape(label), kWidth, kHeight, picture, y, x_axis(x), behind);
}

std::string curve_table(const Curve& c) {
  Table t{c.title, {"after trade", "value"}, {}};
  const auto [low, high] = std::minmax_element(
      c.points.begin(), c.points.end(), [](const Point& a, const Point& b) { return a.y < b.y; });
  std::vector<Point> rows;
  for (std::size_t i = 0; i < kCurveRows; ++i) {
    rows.push_back(c.points[i * (c.points.size() - 1) / (kCurveRows - 1)]);
  }
  rows.push_back(*low);
  rows.push_back(*high);
  std::sort(rows.begin(), rows.end(), [](const Point& a, const Point& b) {
    return std::pair(a.x, a.y) < std::pair(b.x, b.y);
  });
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  for (const auto& p : rows) {
    const auto* note = p == *low ? " (lowest)" : p == *high ? " (highest)" : "";
    t.rows.push_back({std::to_string(p.x), money(p.y) + note});
  }
  return figures(t);
}

}  // namespace

std::string escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : core::printable(text)) {
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
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

void amounts_have(std::uint8_t decimals) { amount_decimals = decimals; }

std::string money(std::int64_t units, bool plus) {
  return (plus && units > 0 ? "+" : "") + core::Money::minor(units, amount_decimals).to_string();
}

std::string percent(double share) { return fmt::format("{:.1f}\u00a0%", 100 * share); }

std::string table(const Table& t) {
  std::string out = fmt::format(
      "<div class='scroll' tabindex='0' role='region' aria-label='{0}'><table><caption>{0}"
      "</caption><thead><tr>",
      escape(t.caption));
  for (const auto& h : t.heads) out += fmt::format("<th scope='col'>{}</th>", escape(h));
  out += "</tr></thead><tbody>\n";
  for (const auto& row : t.rows) {
    out += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i) {
      out += i == 0 ? fmt::format("<th scope='row'>{}</th>", row[i])
                    : fmt::format("<td>{}</td>", row[i]);
    }
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

std::string figures(const Table& t) {
  return fmt::format("<details><summary>Figures</summary>{}</details>", table(t));
}

std::string curve(const Curve& c) {
  if (c.points.empty()) return {};
  const auto [low, high] = std::minmax_element(
      c.points.begin(), c.points.end(), [](const Point& a, const Point& b) { return a.y < b.y; });
  const auto scale = scale_of(static_cast<double>(low->y), static_cast<double>(high->y));
  const auto first = c.points.front().x;
  const auto last = c.points.back().x;
  std::string path;
  for (const auto& p : c.points) {
    path += fmt::format("{}{} {}", path.empty() ? "M" : "L", across(p.x, first, last),
                        std::llround(scale.y(static_cast<double>(p.y))));
  }
  auto picture = grid(scale);
  if (c.filled) {
    const auto zero = std::llround(scale.y(0));
    picture +=
        fmt::format("<path class='area {}' d='{}L{} {}L0 {}Z'/>", c.css, path, kWidth, zero, zero);
  }
  picture += fmt::format("<path class='line {}' d='{}'/>", c.css, path);
  return figure(c.title, c.label, picture, y_labels(scale, amount), c.x_labels, curve_table(c));
}

std::string bars(const Bars& b) {
  if (b.bars.empty()) return {};
  double low = 0;
  double high = 0;
  for (const auto& bar : b.bars) {
    low = std::min({low, bar.value, bar.mark.value_or(0)});
    high = std::max({high, bar.value, bar.mark.value_or(0)});
  }
  const auto scale = scale_of(low, high);
  const double slot = static_cast<double>(kWidth) / static_cast<double>(b.bars.size());
  auto picture = grid(scale);
  Table t{b.title, b.heads, {}};
  for (std::size_t i = 0; i < b.bars.size(); ++i) {
    const auto& bar = b.bars[i];
    const double x = slot * static_cast<double>(i);
    const double top = scale.y(std::max(bar.value, 0.0));
    const double bottom = scale.y(std::min(bar.value, 0.0));
    picture += fmt::format(
        "<rect class='bar {}' x='{:.0f}' y='{:.0f}' width='{:.0f}' height='{:.0f}'><title>{}: {}"
        "</title></rect>",
        bar.css, x + slot * 0.1, top, slot * 0.8, std::max(bottom - top, 0.0), escape(bar.name),
        escape(bar.shown));
    if (bar.mark) {
      const auto y = scale.y(*bar.mark);
      picture += fmt::format("<line class='mark' x1='{:.0f}' x2='{:.0f}' y1='{:.0f}' y2='{:.0f}'/>",
                             x, x + slot, y, y);
    }
    t.rows.push_back({escape(bar.name), escape(bar.shown)});
  }
  return figure(b.title, b.label, picture, y_labels(scale, b.show), b.x_labels, figures(t));
}

std::string band_line(report::Band band, double point, double mark, double low, double high,
                      std::string_view label) {
  const auto x = [&](double v) {
    return 200 * std::clamp((v - low) / std::max(high - low, 1e-9), 0.0, 1.0);
  };
  return fmt::format(
      "<svg class='band' role='img' aria-label='{}' viewBox='0 0 200 16'><line class='grid' x1='0' "
      "x2='200' y1='8' y2='8'/><rect class='range' x='{:.1f}' y='5' width='{:.1f}' height='6'/>"
      "<circle class='point' cx='{:.1f}' cy='8' r='4'/><line class='mark' x1='{:.1f}' x2='{:.1f}' "
      "y1='0' y2='16'/></svg>",
      escape(label), x(band.low), std::max(x(band.high) - x(band.low), 1.0), x(point), x(mark),
      x(mark));
}

}  // namespace derivd::ctl::html
