// Owns the reading of tick files of derivd's own form: CSV with the header `epoch,quote`, plain or
// compressed with gzip. The back-test, the audit and the import of ticks read through it, from one
// thread. It never holds more than one buffer of the file, and never guesses: what is not exactly a
// tick is an error that names file and line.
//
// Format: the product's contract, "Backtest".
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/tick_reader.hpp"

namespace derivd::store {

class TickCsv final : public TickReader {
 public:
  /// Bytes of the file that are held at a time.
  static constexpr std::size_t kBuffer = 1 << 18;
  /// Longest line, its end included: an epoch of 12 and a quote of 19 characters have room.
  static constexpr std::size_t kMaxLine = 64;
  /// Last second of the year 9999.
  static constexpr std::int64_t kMaxEpoch = 253'402'300'799;

  /// Checks the header. Quotes may lack trailing zeros but have no more decimals than the symbol.
  /// kNotFound: no such file; kIo: it cannot be read; kInvalid: another header.
  static core::Result<std::unique_ptr<TickCsv>> open(const std::string& path,
                                                     const market::SymbolInfo& symbol);
  static core::Result<std::unique_ptr<TickCsv>> open(std::unique_ptr<ByteSource> source,
                                                     const market::SymbolInfo& symbol);

  /// A line that is no tick, an epoch that does not rise, a quote with too many decimals:
  /// "FILE:LINE: what". Lines end with \n or \r\n, the last one with or without.
  core::Result<std::size_t> read(std::span<market::TickRow> out) override;
  std::int64_t line_of(std::size_t i) const override {
    return first_line_ + static_cast<std::int64_t>(i);
  }

 private:
  TickCsv(std::unique_ptr<ByteSource> source, const market::SymbolInfo& symbol);
  core::Result<void> header();
  core::Result<void> refill();
  bool parse_usual(market::TickRow& row);
  bool parse(market::TickRow& row);
  core::Error explain() const;
  core::Error at_line(std::string_view what) const;

  std::unique_ptr<ByteSource> source_;
  market::SymbolInfo symbol_;
  std::vector<char> buffer_;
  const char* at_ = nullptr;   // next line
  const char* end_ = nullptr;  // of what was read
  bool eof_ = false;
  std::int64_t line_ = 1;        // of at_
  std::int64_t first_line_ = 1;  // of the last read()
  std::int64_t last_epoch_ = 0;
  std::optional<core::Error> failed_;
};

}  // namespace derivd::store
