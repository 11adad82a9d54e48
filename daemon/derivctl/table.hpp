// Owns tables for people: rows of JSON under headings, no line wider than the terminal, numbers to
// the right, colours where somebody looks. The commands print what it makes. It decides no
// contents.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/look.hpp"

namespace derivd::ctl {

using nlohmann::ordered_json;

/// Bytes of a cell that are shown.
inline constexpr std::size_t kMaxCell = 400;

/// What the colour of a cell tells.
enum class Tint {
  kNone,
  kSign,   // an amount: above or below 0
  kState,  // a word: well, waiting, or in trouble
};

struct Column {
  Column(const char* key_of) : key(key_of) {}             // NOLINT(google-explicit-constructor)
  Column(std::string key_of) : key(std::move(key_of)) {}  // NOLINT(google-explicit-constructor)
  Column(std::string key_of, int rank_of, Tint tint_of = Tint::kNone, std::string dull_of = {})
      : key(std::move(key_of)), rank(rank_of), tint(tint_of), dull(std::move(dull_of)) {}

  std::string key;  // in the row, and the heading
  /// 0: always there. Of the others the highest go first where a line would get too wide.
  int rank = 0;
  Tint tint = Tint::kNone;
  /// A column that says nothing but this, or nothing at all, is left out; empty: it never is.
  std::string dull;
  /// Below the row, on lines of its own, where there is something to say: for sentences.
  bool below = false;

  static Column sentence(std::string key_of) {
    Column out(std::move(key_of));
    out.below = true;
    return out;
  }
};

/// Objects as rows; what else the list holds is left out. Where the line would get wider than
/// `look.width`, columns are left out by their rank, which a terminal is told; if that is not
/// enough, a row takes several lines.
std::string table_text(const ordered_json& rows, const std::vector<Column>& columns,
                       const out::Look& look = {});

/// Words on lines of at most `width` columns, each behind `indent` blanks; a newline at the end.
std::string wrapped(std::string_view text, std::size_t width, std::size_t indent);

/// Columns of a terminal, taking each character for one wide.
std::size_t width_of(std::string_view text);

/// The colour of what a word says ("running", "halted").
out::Paint paint_of_word(std::string_view word);
/// A word in the colour of what it says ("running", "halted"), if there are colours.
std::string tinted(std::string_view word, const out::Look& look);

}  // namespace derivd::ctl
