#include "store/tick_advice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <vector>

#include "store/tick_field.hpp"

namespace derivd::store {
namespace {

/// A file of more columns is told of without its columns.
constexpr std::size_t kMostAdvised = 64;

struct AdvisedSeparator {
  char c;
  std::string_view name;
};
// What stands within a field comes last: a comma may be a decimal one, and a time may have a blank.
constexpr std::array<AdvisedSeparator, 5> kAdvisedSeparators{
    {{';', "semicolon"}, {'\t', "tab"}, {'|', "pipe"}, {',', "comma"}, {' ', "space"}}};

constexpr std::array<std::string_view, 9> kTimeNames{
    "epoch", "time", "timestamp", "ts", "datetime", "date_time", "date", "unix", "epoch_time"};
constexpr std::array<std::string_view, 7> kQuoteNames{"quote", "price", "tick", "spot",
                                                      "last",  "value", "bid"};
constexpr std::array<std::string_view, 3> kCandleNames{"open", "high", "low"};

using AdvisedRow = std::vector<std::string>;

/// The fields, without blanks and quotation marks around them. Marks within are not looked for: of
/// a file that has such, the advice may fall short.
AdvisedRow advised_row(std::string_view line, char separator) {
  AdvisedRow out;
  std::string field;
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == separator && !quoted) {
      out.push_back(std::move(field));
      field.clear();
    } else {
      field += c;
    }
  }
  out.push_back(std::move(field));
  for (auto& text : out) {
    const auto first = std::min(text.find_first_not_of(" \t"), text.size());
    text = text.substr(first, text.find_last_not_of(" \t") - first + 1);
  }
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

/// The unit of a time that was written so, by its length: seconds have ten digits for two centuries
/// around now.
std::optional<std::string_view> advised_unit(std::string_view text) {
  if (is_digits(text)) {
    switch (text.size()) {
      case 10:
        return "s";
      case 13:
        return "ms";
      case 16:
        return "us";
      case 19:
        return "ns";
      default:
        return std::nullopt;
    }
  }
  const bool iso = text.size() >= 19 && is_digits(text.substr(0, 4)) && text[4] == '-' &&
                   text[7] == '-' && text[13] == ':';
  if (!iso) return std::nullopt;
  return text.find_first_of("Zz+-", 19) == std::string_view::npos ? "iso-utc" : "iso";
}

bool is_advised_quote(std::string_view text, char mark) {
  const auto at = text.find(mark);
  return at != std::string_view::npos && is_digits(text.substr(0, at)) &&
         is_digits(text.substr(at + 1));
}
bool is_advised_quote(std::string_view text) {
  return is_advised_quote(text, '.') || is_advised_quote(text, ',');
}

/// The only one that is so; of several or none nothing is said.
template <class Is>
std::optional<std::size_t> only(const AdvisedRow& row, Is is) {
  std::optional<std::size_t> out;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (!is(row[i])) continue;
    if (out) return std::nullopt;
    out = i;
  }
  return out;
}

std::optional<std::size_t> named(const AdvisedRow& head, std::span<const std::string_view> names) {
  return only(head, [&](const auto& name) { return std::ranges::count(names, lower(name)) > 0; });
}

/// The column as a flag takes it: a name that a shell hands over as it is, else its number.
std::string column_word(const AdvisedRow& head, std::size_t at) {
  const auto& name = head[at];
  const bool plain =
      !name.empty() && !is_digits(name) && std::ranges::count(head, name) == 1 &&
      std::ranges::all_of(name, [](char c) {
        return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
      });
  return plain ? name : std::to_string(at + 1);
}

struct AdvisedForm {
  AdvisedSeparator separator;
  AdvisedRow head, row;  // row: the first that is data, where there is one
  bool has_names = true;
};

AdvisedForm form_of(std::string_view first, std::string_view second) {
  AdvisedForm out{kAdvisedSeparators[3], {}, {}};
  for (const auto& separator : kAdvisedSeparators) {
    out.separator = separator;
    out.head = advised_row(first, separator.c);
    if (out.head.size() > 1) break;
  }
  if (out.head.size() == 1) out.separator = kAdvisedSeparators[3];
  // A name has a letter; the T and the Z of a time are none.
  out.has_names = std::ranges::none_of(out.head, [](const auto& text) {
    return advised_unit(text) || is_advised_quote(text) || is_digits(text);
  });
  out.row = out.has_names ? advised_row(second, out.separator.c) : out.head;
  if (out.row.size() != out.head.size()) out.row.clear();
  return out;
}

/// What is said of each: "--time ts --quote price", with N or NAME where it cannot be told.
std::string flags_of(const AdvisedForm& form) {
  std::string out;
  const auto say = [&](const std::string& flag) { out += (out.empty() ? "" : " ") + flag; };
  if (form.separator.c != ',') say(fmt::format("--separator {}", form.separator.name));
  if (!form.has_names) say("--no-header");
  auto time = only(form.row, [](const auto& text) { return advised_unit(text).has_value(); });
  auto quote = only(form.row, [](const auto& text) { return is_advised_quote(text); });
  if (form.has_names) {
    if (const auto at = named(form.head, kTimeNames)) time = at;
    if (const auto at = named(form.head, kQuoteNames)) quote = at;
  }
  const auto column = [&](std::string_view flag, std::string_view usual, auto at) {
    const auto unknown = form.has_names ? "NAME" : "N";
    const auto word = !at              ? std::string(unknown)
                      : form.has_names ? column_word(form.head, *at)
                                       : std::to_string(*at + 1);
    if (word != usual) say(fmt::format("{} {}", flag, word));
  };
  column("--time", "epoch", time);
  column("--quote", "quote", quote);
  if (time && *time < form.row.size()) {
    const auto unit = advised_unit(form.row[*time]);
    if (unit && *unit != "s") say(fmt::format("--unit {}", *unit));
  }
  if (quote && *quote < form.row.size() && is_advised_quote(form.row[*quote], ',')) {
    say("--decimal-comma");
  }
  return out;
}

}  // namespace

std::string import_advice(std::string_view text) {
  const auto line = [&] {
    const auto end = std::min(text.find('\n'), text.size());
    auto out = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (out.ends_with('\r')) out.remove_suffix(1);
    return out;
  };
  const auto first = line();
  const auto form = form_of(first, line());
  if (form.head.size() < 2 || form.head.size() > kMostAdvised) {
    return "`derivctl ticks import` takes other forms: --separator, --time and --quote say which";
  }
  const auto is_candle = [&](std::string_view name) {
    return std::ranges::any_of(form.head, [&](const auto& own) { return lower(own) == name; });
  };
  if (std::ranges::all_of(kCandleNames, is_candle)) {
    return "these are candles, by the names of the columns, and a candle is no tick: `derivctl "
           "ticks import` would take one price of each for a tick (--time NAME --quote NAME)";
  }
  const auto flags = flags_of(form);
  if (flags.empty()) return "`derivctl ticks import` takes other forms with --time and --quote";
  return fmt::format(
      "`derivctl ticks import` may take it with {}, by its first lines; --dry-run beside it shows "
      "how it is read",
      flags);
}

}  // namespace derivd::store
