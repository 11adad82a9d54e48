#include "derivctl/csv.hpp"

#include <algorithm>
#include <array>

#include "core/decimal.hpp"

namespace derivd::ctl {
namespace {

// The last four are U+FF1D, U+FF0B, U+FF0D and U+FF20, which spreadsheets of East Asia take for the
// same.
constexpr std::array<std::string_view, 10> kStarts{"=",  "+",      "-",      "@",      "\t",
                                                   "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20"};

bool is_computed(std::string_view text) {
  const bool starts = std::any_of(kStarts.begin(), kStarts.end(),
                                  [&](std::string_view start) { return text.starts_with(start); });
  return starts && !core::Decimal::parse(text);
}

}  // namespace

std::string csv_cell(std::string_view text) {
  const std::string_view mark = is_computed(text) ? "'" : "";
  const bool quotes = text.find_first_of(",\"\r\n") != std::string_view::npos;
  std::string out;
  if (quotes) out += '"';
  out += mark;
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  if (quotes) out += '"';
  return out;
}

}  // namespace derivd::ctl
