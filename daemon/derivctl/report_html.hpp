// Owns the pieces of HTML that the report is made of: escaped text, tables, charts as inline SVG
// with a table beside each. report_page.cpp puts them together. It never knows what a trade is.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "report/statistics.hpp"

namespace derivd::ctl::html {

/// Text as it is shown: no markup, and nothing that turns what stands beside it around.
std::string escape(std::string_view text);

/// How many decimals the amounts have of the one account that this run of derivctl reports on; 2
/// until it is said.
void amounts_have(std::uint8_t decimals);
/// "-9.64" from minor units; with `plus` a leading + where positive.
std::string money(std::int64_t units, bool plus = false);
/// "51.3 %".
std::string percent(double share);  // its blank does not break

struct Table {
  std::string caption;                         // for screen readers; escaped here
  std::vector<std::string> heads;              // escaped here
  std::vector<std::vector<std::string>> rows;  // HTML; the first cell heads its row
};
/// Scrolls inside itself where it is wider than the screen.
std::string table(const Table& table);
/// The same, behind "Figures".
std::string figures(const Table& table);

/// A curve of money over the number of a trade.
struct Curve {
  std::string title;  // of the figure
  std::string label;  // what a screen reader says instead of the picture
  std::string css;    // class: its colour
  std::span<const report::Point> points;
  std::vector<std::string> x_labels;  // evenly under it
  bool filled = false;                // down to (or up to) zero
};
std::string curve(const Curve& curve);

struct Bars {
  std::string title;
  std::string label;
  struct Bar {
    std::string name;   // in its tooltip, and in the figures
    double value = 0;   // may be negative
    std::string shown;  // the value in words
    std::string css;
    std::optional<double> mark;  // a line across: what was expected
  };
  std::vector<Bar> bars;
  std::vector<std::string> x_labels;        // evenly under it
  std::vector<std::string> heads;           // of the figures: name, value
  std::function<std::string(double)> show;  // labels of the scale; may be empty texts
};
std::string bars(const Bars& bars);

/// A band of a share with its point and a mark, on a line from `low` to `high`.
std::string band_line(report::Band band, double point, double mark, double low, double high,
                      std::string_view label);

}  // namespace derivd::ctl::html
