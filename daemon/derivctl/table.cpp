#include "derivctl/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "common/answer.hpp"
#include "core/decimal.hpp"
#include "core/printable.hpp"

namespace derivd::ctl {
namespace {

using daemon::at;

constexpr std::size_t kBetween = 2;  // blanks between two columns
constexpr std::size_t kIndent = 4;   // of what goes on below its row

constexpr std::array<std::string_view, 9> kWell{"running", "won",  "connected", "ok",       "sold",
                                                "open",    "live", "settled",   "delivered"};
constexpr std::array<std::string_view, 8> kTrouble{"halted", "lost",    "failed",  "fail",
                                                   "SILENT", "refused", "offline", "UNKNOWN"};
constexpr std::array<std::string_view, 6> kWaits{"paused",  "blocked", "unknown",
                                                 "selling", "warn",    "in flight"};

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string cell(const ordered_json& value) {
  if (value.is_number_float()) return fmt::format("{:.1f}", value.get<double>());
  auto text = daemon::shown(value);
  if (text.size() > kMaxCell) text = std::string(core::cut_utf8(text, kMaxCell)) + "…";
  return text;
}

out::Paint cell_paint_of(std::string_view text, Tint tint) {
  switch (tint) {
    case Tint::kNone:
      return out::Paint::kNone;
    case Tint::kState:
      return paint_of_word(text);
    case Tint::kSign: {
      const auto amount = core::Decimal::parse(text);
      if (!amount) return paint_of_word(text);
      return amount->mantissa < 0   ? out::Paint::kBad
             : amount->mantissa > 0 ? out::Paint::kGood
                                    : out::Paint::kNone;
    }
  }
  return out::Paint::kNone;
}

struct Laid {
  const Column* column = nullptr;
  std::vector<std::string> cells;
  std::size_t width = 0;
  bool right = false;
};

class TableText final {
 public:
  TableText(const ordered_json& list, const std::vector<Column>& columns, const out::Look& look)
      : rows_(daemon::rows_of(list)), look_(look) {
    for (const auto& column : columns) {
      if (column.below) {
        sentences_.push_back(&column);
      } else if (!says_nothing(column)) {
        laid_.push_back(lay(column));
      }
    }
    leave_out();
  }

  std::string text() const {
    const auto lines = split();
    auto text = line_of(
        lines, [](const Laid& l) { return l.column->key; }, true);
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      text += line_of(
          lines, [i](const Laid& l) { return l.cells[i]; }, false);
      text += below(*rows_[i]);
    }
    if (look_.terminal && !left_out_.empty()) {
      text += out::painted(
          wrapped(fmt::format("({} left out: make the terminal wider, or say --json)", left_out_),
                  look_.width, 0),
          out::Paint::kDim, look_);
    }
    return text;
  }

 private:
  bool says_nothing(const Column& column) const {
    if (column.dull.empty() || rows_.empty()) return false;
    return std::all_of(rows_.begin(), rows_.end(), [&](const ordered_json* row) {
      const auto& value = at(*row, column.key);
      return daemon::is_blank(value) || cell(value) == column.dull;
    });
  }

  Laid lay(const Column& column) const {
    Laid out{&column, {}, width_of(column.key), !rows_.empty()};
    for (const auto* row : rows_) {
      out.cells.push_back(cell(at(*row, column.key)));
      const auto& text = out.cells.back();
      out.width = std::max(out.width, width_of(text));
      // Among amounts a word ("open") stands for one that is not there yet.
      const bool amount = column.tint == Tint::kSign;
      out.right = out.right && (amount || text == "-" || text.empty() || is_number(text));
    }
    return out;
  }
  static bool is_number(std::string_view text) {
    if (text.ends_with('%')) text.remove_suffix(1);
    return core::Decimal::parse(text).has_value();
  }

  std::size_t total() const {
    std::size_t out = 0;
    for (const auto& l : laid_) out += l.width + (out == 0 ? 0 : kBetween);
    return out;
  }

  void leave_out() {
    while (total() > look_.width) {
      const auto least = std::max_element(
          laid_.begin(), laid_.end(),
          [](const Laid& a, const Laid& b) { return a.column->rank < b.column->rank; });
      if (least == laid_.end() || least->column->rank == 0) return;
      left_out_ += fmt::format("{}{}", left_out_.empty() ? "" : ", ", least->column->key);
      laid_.erase(least);
    }
  }

  /// The columns of each line of a row: one line, if they fit.
  std::vector<std::vector<const Laid*>> split() const {
    std::vector<std::vector<const Laid*>> out(1);
    std::size_t used = 0;
    for (const auto& l : laid_) {
      const auto wanted = l.width + (out.back().empty() ? 0 : kBetween);
      if (!out.back().empty() && used + wanted > look_.width) {
        out.emplace_back();
        used = kIndent;
      }
      used += l.width + (out.back().empty() ? 0 : kBetween);
      out.back().push_back(&l);
    }
    return out;
  }

  template <class Text>
  std::string line_of(const std::vector<std::vector<const Laid*>>& lines, Text text_of,
                      bool heading) const {
    std::string out;
    for (const auto& line : lines) {
      const auto indent = &line == &lines.front() ? 0 : kIndent;
      std::string text(indent, ' ');
      if (line.size() == 1 && line.front()->width + indent > look_.width) {
        out += wrapped(text_of(*line.front()), look_.width, indent);
        continue;
      }
      for (const auto* l : line) {
        const auto word = text_of(*l);
        const auto blanks = std::string(l->width - std::min(l->width, width_of(word)), ' ');
        const auto paint = heading ? out::Paint::kHead : cell_paint_of(word, l->column->tint);
        if (l != line.front()) text.append(kBetween, ' ');
        if (l->right) text += blanks;
        text += out::painted(word, paint, look_);
        if (!l->right && l != line.back()) text += blanks;
      }
      text.erase(text.find_last_not_of(' ') + 1);
      out += text + "\n";
    }
    return out;
  }

  std::string below(const ordered_json& row) const {
    std::string out;
    for (const auto* column : sentences_) {
      const auto& value = at(row, column->key);
      if (!daemon::is_blank(value)) out += wrapped(daemon::shown(value), look_.width, kIndent);
    }
    return out;
  }

  std::vector<const ordered_json*> rows_;
  const out::Look& look_;
  std::vector<Laid> laid_;
  std::vector<const Column*> sentences_;
  std::string left_out_;
};

}  // namespace

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

out::Paint paint_of_word(std::string_view word) {
  if (is_one_of(word, kWell)) return out::Paint::kGood;
  if (is_one_of(word, kTrouble)) return out::Paint::kBad;
  if (is_one_of(word, kWaits)) return out::Paint::kWarn;
  return out::Paint::kNone;
}

std::string table_text(const ordered_json& rows, const std::vector<Column>& columns,
                       const out::Look& look) {
  return TableText(rows, columns, look).text();
}

std::string wrapped(std::string_view text, std::size_t width, std::size_t indent) {
  const auto room = width > indent + 1 ? width - indent : 1;
  const std::string blanks(indent, ' ');
  std::string out;
  std::string line;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    auto word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty() && width_of(line) + 1 + width_of(word) > room) {
      out += blanks + line + "\n";
      line.clear();
    }
    // A word that is wider than the line goes on in the next one: it may have to be copied whole.
    while (line.empty() && width_of(word) > room) {
      const auto part = core::cut_utf8(word, room);
      out += fmt::format("{}{}\n", blanks, part.empty() ? word.substr(0, 1) : part);
      word.remove_prefix(std::max<std::size_t>(part.size(), 1));
    }
    line += (line.empty() ? "" : " ") + std::string(word);
  }
  if (!line.empty() || out.empty()) out += blanks + line + "\n";
  return out;
}

std::string tinted(std::string_view word, const out::Look& look) {
  return out::painted(word, paint_of_word(word), look);
}

}  // namespace derivd::ctl
