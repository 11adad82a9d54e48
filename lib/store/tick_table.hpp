// Owns the reading of tick files that are not of derivd's own form: any columns, separator, unit of
// time, with or without a head, as TickFormat says. `derivctl ticks import` reads through it. It
// holds one line at a time and never guesses: where something could mean two things it names the
// flag that says which.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/tick_reader.hpp"

namespace derivd::store {

class TickTable final : public TickReader {
 public:
  static constexpr std::size_t kMaxLine = 4096;
  static constexpr std::size_t kMaxColumns = 256;
  /// First rows that are kept for a person to look at.
  static constexpr std::size_t kSamples = 5;

  enum class BadLines : bool { kRefuse, kSkip };
  struct Sample {
    std::int64_t line = 0;
    std::string text;  // as written
    market::TickRow row;
  };
  struct Skipped {
    std::size_t count = 0;
    std::vector<std::string> first;  // some of them, "FILE:LINE: what"
  };

  /// Reads the head. kInvalid: it is not what the format says.
  static core::Result<std::unique_ptr<TickTable>> open(std::unique_ptr<ByteSource> source,
                                                       const market::SymbolInfo& symbol,
                                                       const TickFormat& format,
                                                       BadLines bad = BadLines::kRefuse);

  /// kRefuse: a line that is no tick or whose time does not rise is an error, "FILE:LINE: what".
  /// kSkip: such a line is left out alone and counted; of two that contradict each other's order,
  /// the one that the next line goes on from is kept.
  core::Result<std::size_t> read(std::span<market::TickRow> out) override;
  std::int64_t line_of(std::size_t i) const override { return lines_.at(i); }

  const Skipped& skipped() const { return skipped_; }
  const std::vector<Sample>& samples() const { return samples_; }
  /// Names of the head, or nothing without one; and which are used, from 0 on.
  const std::vector<std::string>& columns() const { return columns_; }
  std::size_t time_column() const { return time_; }
  std::size_t quote_column() const { return quote_; }
  bool compressed() const { return source_->compressed(); }

 private:
  struct Line {
    std::int64_t number = 0;
    market::TickRow row;
  };
  TickTable(std::unique_ptr<ByteSource> source, const market::SymbolInfo& symbol,
            const TickFormat& format, BadLines bad)
      : source_(std::move(source)), symbol_(symbol), format_(format), bad_(bad) {}

  core::Result<bool> next_line();
  core::Result<void> split();
  core::Result<void> head();
  core::Result<std::size_t> column(const std::string& wanted, std::string_view flag) const;
  core::Result<market::TickRow> parse();
  core::Result<std::optional<Line>> next_good();
  core::Result<std::optional<Line>> next_rising();
  core::Error at_line(std::int64_t line, std::string_view what) const;
  void skip(const core::Error& why);

  std::unique_ptr<ByteSource> source_;
  market::SymbolInfo symbol_;
  TickFormat format_;
  BadLines bad_;
  std::vector<char> buffer_;
  std::size_t at_ = 0;  // next line, in the buffer
  bool eof_ = false;
  std::int64_t number_ = 0;  // of line_
  std::string_view line_;
  std::vector<std::string_view> fields_;
  std::vector<std::string> columns_;
  std::size_t width_ = 0;  // fields of every line
  std::size_t time_ = 0, quote_ = 0;
  std::optional<Line> held_;  // kSkip: waits for the line behind it
  std::int64_t last_epoch_ = 0;
  std::vector<std::int64_t> lines_;
  Skipped skipped_;
  std::vector<Sample> samples_;
  std::optional<core::Error> failed_;
};

}  // namespace derivd::store
