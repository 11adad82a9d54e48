#include "store/tick_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/check.hpp"
#include "core/counted.hpp"
#include "store/tick_csv.hpp"
#include "store/tick_field.hpp"

namespace derivd::store {
namespace {

constexpr std::size_t kBuffer = 1 << 18;
/// Skipped lines that are told one by one.
constexpr std::size_t kToldLines = 10;

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= 3 && text.find_first_not_of("0123456789") == text.npos;
}

std::string_view name_of_separator(char c) {
  switch (c) {
    case '\t':
      return "tab";
    case ' ':
      return "space";
    case ';':
      return "semicolon";
    case '|':
      return "pipe";
    default:
      return "comma";
  }
}

}  // namespace

core::Result<std::unique_ptr<TickReader>> open_ticks(std::unique_ptr<ByteSource> source,
                                                     const market::SymbolInfo& symbol,
                                                     const TickFormat& format) {
  if (format == TickFormat{}) {
    auto csv = TickCsv::open(std::move(source), symbol);
    if (!csv) return csv.error();
    return std::unique_ptr<TickReader>(std::move(*csv));
  }
  auto table = TickTable::open(std::move(source), symbol, format);
  if (!table) return table.error();
  return std::unique_ptr<TickReader>(std::move(*table));
}

core::Result<std::unique_ptr<TickTable>> TickTable::open(std::unique_ptr<ByteSource> source,
                                                         const market::SymbolInfo& symbol,
                                                         const TickFormat& format, BadLines bad) {
  std::unique_ptr<TickTable> table(new TickTable(std::move(source), symbol, format, bad));
  if (auto r = table->head(); !r) return r.error();
  return table;
}

core::Error TickTable::at_line(std::int64_t line, std::string_view what) const {
  return core::invalid(fmt::format("{}:{}: {}", source_->name(), line, what));
}

/// The next line without its end; false: there is none.
core::Result<bool> TickTable::next_line() {
  for (;;) {
    const char* const from = buffer_.data() + at_;
    const auto left = buffer_.size() - at_;
    const auto* end = left == 0 ? nullptr : static_cast<const char*>(std::memchr(from, '\n', left));
    const auto length = end != nullptr ? static_cast<std::size_t>(end - from) : left;
    if (end != nullptr || (eof_ && left > 0) || length > kMaxLine) {
      ++number_;
      if (length > kMaxLine) {
        return at_line(number_, fmt::format("the line is longer than {} characters", kMaxLine));
      }
      line_ = std::string_view(from, length);
      at_ += length + (end != nullptr ? 1 : 0);
      if (line_.ends_with('\r')) line_.remove_suffix(1);
      if (line_.find('\0') != line_.npos) {
        return at_line(number_, "it holds a zero byte: is this text, and is it UTF-8?");
      }
      return true;
    }
    if (eof_) return false;
    std::vector<char> rest(buffer_.begin() + static_cast<std::ptrdiff_t>(at_), buffer_.end());
    rest.resize(left + kBuffer);
    const auto got = source_->read(rest.data() + left, kBuffer);
    if (!got) return got.error();
    rest.resize(left + *got);
    eof_ = *got < kBuffer;
    buffer_ = std::move(rest);
    at_ = 0;
  }
}

/// The fields of the line, without blanks around them and without the quotation marks that may
/// enclose them (RFC 4180). A mark within such a field stays doubled: no time and no quote has one.
core::Result<void> TickTable::split() {
  fields_.clear();
  const bool trims = format_.separator != ' ' && format_.separator != '\t';
  auto rest = line_;
  const auto skip_blanks = [&] {
    while (trims && !rest.empty() && (rest[0] == ' ' || rest[0] == '\t')) rest.remove_prefix(1);
  };
  for (;;) {
    skip_blanks();
    std::string_view field;
    if (rest.starts_with('"')) {
      std::size_t end = 1;
      while (end < rest.size() && (rest[end] != '"' || rest.substr(end + 1).starts_with('"'))) {
        end += rest[end] == '"' ? 2 : 1;
      }
      if (end >= rest.size()) return at_line(number_, "a quotation mark is not closed");
      field = rest.substr(1, end - 1);
      rest.remove_prefix(end + 1);
      skip_blanks();
      if (!rest.empty() && rest[0] != format_.separator) {
        return at_line(number_, "something follows a closing quotation mark");
      }
    } else {
      const auto end = std::min(rest.find(format_.separator), rest.size());
      field = rest.substr(0, end);
      rest.remove_prefix(end);
      while (trims && !field.empty() && (field.back() == ' ' || field.back() == '\t')) {
        field.remove_suffix(1);
      }
    }
    if (fields_.size() == kMaxColumns) {
      return at_line(number_, fmt::format("more than {} columns", kMaxColumns));
    }
    fields_.push_back(field);
    if (rest.empty()) return {};
    rest.remove_prefix(1);
  }
}

/// Which column `wanted` is, by name or number.
core::Result<std::size_t> TickTable::column(const std::string& wanted,
                                            std::string_view flag) const {
  const auto named = std::count(columns_.begin(), columns_.end(), wanted);
  const auto at = static_cast<std::size_t>(std::find(columns_.begin(), columns_.end(), wanted) -
                                           columns_.begin());
  if (named > 1) {
    return at_line(number_, fmt::format("{} columns are called {}; give its number: {} N", named,
                                        in_quotes(wanted), flag));
  }
  if (is_number(wanted)) {
    const auto number = static_cast<std::size_t>(std::stoi(wanted));
    if (number < 1 || number > width_) {
      return at_line(number_,
                     fmt::format("{} {}: there {} {}", flag, wanted, width_ == 1 ? "is" : "are",
                                 core::counted(width_, "column")));
    }
    if (named == 1 && at != number - 1) {
      return at_line(number_, fmt::format("{} {} may be the column of that name or of that number",
                                          flag, wanted));
    }
    return number - 1;
  }
  if (named == 1) return at;
  std::string known;
  for (const auto& name : columns_) known += (known.empty() ? "" : ", ") + in_quotes(name);
  std::string hint;
  for (const char c : {';', '\t', '|', ',', ' '}) {
    if (columns_.size() != 1 || columns_[0].find(c) == std::string::npos) continue;
    hint = fmt::format("; is it --separator {}?", name_of_separator(c));
    break;
  }
  const bool data = std::all_of(columns_.begin(), columns_.end(), [](const std::string& name) {
    return !name.empty() && name.find_first_not_of("0123456789.,-+:TZ ") == std::string::npos;
  });
  if (hint.empty() && data) hint = "; a file without a head: --no-header --time N --quote N";
  return at_line(number_, fmt::format("no column is called {}, which {} can change; there are {}{}",
                                      in_quotes(wanted), flag, known, hint));
}

core::Result<void> TickTable::head() {
  const auto first = next_line();
  if (!first) return first.error();
  if (!*first) return at_line(1, "the file is empty");
  if (line_.starts_with(kByteOrderMark)) line_.remove_prefix(kByteOrderMark.size());
  if (auto r = split(); !r) return r;
  width_ = fields_.size();
  if (format_.header) {
    columns_.assign(fields_.begin(), fields_.end());
  } else if (!is_number(format_.time) || !is_number(format_.quote)) {
    return core::invalid(
        "a file without a head needs the numbers of its columns: --time N --quote N");
  } else {
    // The first line is a row: read it again.
    at_ = static_cast<std::size_t>(line_.data() - buffer_.data());
    number_ = 0;
  }
  const auto time = column(format_.time, "--time");
  if (!time) return time.error();
  const auto quote = column(format_.quote, "--quote");
  if (!quote) return quote.error();
  if (*time == *quote) {
    return at_line(1, "--time and --quote are the same column");
  }
  time_ = *time;
  quote_ = *quote;
  return {};
}

core::Result<market::TickRow> TickTable::parse() {
  if (auto r = split(); !r) return r.error();
  if (fields_.size() != width_) {
    return at_line(number_, fmt::format("{} where the first line has {}{}",
                                        core::counted(fields_.size(), "column"), width_,
                                        format_.decimal_comma || format_.separator != ','
                                            ? ""
                                            : "; with decimal commas say --decimal-comma and which "
                                              "--separator"));
  }
  const auto time = parse_time(fields_[time_], format_);
  if (!time) return at_line(number_, time.error().text);
  const auto quote = parse_quote(fields_[quote_], symbol_.decimals, format_.decimal_comma);
  if (!quote) {
    return at_line(number_,
                   fmt::format("{}{}", quote.error().text,
                               quote.error().text.find("decimals, the symbol") == std::string::npos
                                   ? ""
                                   : "; is this file of another symbol?"));
  }
  return market::TickRow{*time, *quote};
}

void TickTable::skip(const core::Error& why) {
  ++skipped_.count;
  if (skipped_.first.size() < kToldLines) skipped_.first.push_back(why.text);
}

/// The next line that is a tick by itself; nullopt: the end.
core::Result<std::optional<TickTable::Line>> TickTable::next_good() {
  for (;;) {
    const auto line = next_line();
    if (!line) return line.error();
    if (!*line) return std::optional<Line>{};
    const auto row = parse();
    if (!row && bad_ == BadLines::kRefuse) return row.error();
    if (!row) {
      skip(row.error());
      continue;
    }
    if (samples_.size() < kSamples) samples_.push_back({number_, std::string(line_), *row});
    return std::optional(Line{number_, *row});
  }
}

/// The next tick that comes after all before it.
core::Result<std::optional<TickTable::Line>> TickTable::next_rising() {
  const auto behind = [&](const Line& line, std::int64_t before) {
    return at_line(line.number,
                   fmt::format("epoch {} does not rise, the line before has {}; sort the file and "
                               "remove repeated ticks",
                               line.row.epoch.s, before));
  };
  if (bad_ == BadLines::kRefuse) {
    auto line = next_good();
    if (!line || !*line) return line;
    if ((*line)->row.epoch.s <= last_epoch_) return behind(**line, last_epoch_);
    last_epoch_ = (*line)->row.epoch.s;
    return line;
  }
  for (;;) {
    auto line = next_good();
    if (!line) return line.error();
    if (*line && (*line)->row.epoch.s <= last_epoch_) {
      skip(behind(**line, last_epoch_));
      continue;
    }
    if (*line && held_ && (*line)->row.epoch <= held_->row.epoch) {
      // The file goes on from before the held one, which leapt ahead; an equal one is a repetition.
      const bool again = (*line)->row.epoch == held_->row.epoch;
      skip(again ? behind(**line, held_->row.epoch.s)
                 : at_line(held_->number, fmt::format("epoch {} is ahead of the line behind it, {}",
                                                      held_->row.epoch.s, (*line)->row.epoch.s)));
      if (!again) held_ = **line;
      continue;
    }
    const auto out = std::exchange(held_, *line);
    if (out) last_epoch_ = out->row.epoch.s;
    if (out || !held_) return out;
  }
}

core::Result<std::size_t> TickTable::read(std::span<market::TickRow> out) {
  if (failed_) return *failed_;
  lines_.clear();
  for (auto& row : out) {
    auto line = next_rising();
    if (!line) {
      failed_ = line.error();
      return *failed_;
    }
    if (!*line) break;
    row = (*line)->row;
    lines_.push_back((*line)->number);
  }
  return lines_.size();
}

}  // namespace derivd::store
