// Owns the file of recorded quotes, quotes.json of the state directory: what the venue asked for
// the configured contracts, by whose price list, and when. derivctl records, lists and reads it;
// the back-test, the odds and paper mode take the newest of an account from it. What is damaged is
// refused by name, never half believed. It never asks anybody.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/files.hpp"
#include "common/json_walk.hpp"
#include "core/decimal.hpp"
#include "core/result.hpp"
#include "core/time.hpp"
#include "market/price_list.hpp"
#include "market/spec.hpp"
#include "venue/quotes.hpp"

namespace derivd::daemon {

inline constexpr std::string_view kQuotesFile = "quotes.json";
/// The key that begins such a file, and its version.
inline constexpr std::string_view kQuotesKey = "derivd_quotes";
inline constexpr std::int64_t kQuotesVersion = 1;
/// A dozen contracts every ten minutes for five days; the oldest go first.
inline constexpr std::size_t kMaxRecorded = 10'000;
/// Of kMaxRecorded rows with the longest specs.
inline constexpr std::size_t kMaxQuotesFile = std::size_t{8} << 20;

struct RecordedQuote {
  market::ContractSpec spec;  // of a type with a payout
  core::Money stake;          // what the venue asks
  core::Money payout;         // of the same decimals
  core::VenueTime time;
  market::PriceList list = market::PriceList::kAccount;
  std::string account;   // the venue's id; of the public list "PAPER"
  std::string currency;  // "USD"
  std::string spot;      // as it was quoted; empty: the venue did not say
};

/// {"derivd_quotes":1,"quotes":[{…},…]}, the version first.
class RecordedReader final : public JsonVisitor {
 public:
  /// As it was written, each in its place.
  struct Row {
    std::string spec, stake, payout, spot, currency, source, account;
    std::optional<std::int64_t> epoch;
  };
  core::Result<void> begin(const JsonPath& path, bool is_object) override;
  core::Result<void> end(const JsonPath& path, bool is_object) override;
  core::Result<void> scalar(const JsonPath& path, const JsonScalar& value) override;
  /// After the walk.
  core::Result<std::vector<RecordedQuote>> take();

 private:
  core::Result<void> version(const JsonScalar& value);
  core::Result<void> member(const std::string& key, const JsonScalar& value);

  bool versioned_ = false;
  Row row_;
  std::vector<RecordedQuote> rows_;
};

/// One JSON object. Errors (kInvalid): everything that write_recorded() would not have written,
/// with the row and what is wrong with it.
core::Result<std::vector<RecordedQuote>> read_recorded(ByteSource& bytes);
std::string write_recorded(const std::vector<RecordedQuote>& rows);

/// A row from a price that the daemon told (Trader::price). Errors: it is none.
core::Result<RecordedQuote> recorded_of(const nlohmann::ordered_json& price);

/// Of a state directory. kNotFound: there is no file; kInvalid: a damaged one; kIo: it cannot be
/// read. The text names the file.
core::Result<std::vector<RecordedQuote>> load_recorded(const std::string& directory);
/// Appends `rows` to the file, whole or not at all, under a lock; the oldest beyond kMaxRecorded
/// are dropped. Root writes with the rights of the directory's owner.
core::Result<void> keep_recorded(const std::string& directory, std::vector<RecordedQuote> rows);

/// What a back-test and paper pay by.
struct NewestQuotes {
  venue::Quotes quotes;  // of each contract and stake the newest, whatever the time of a signal
  std::string account;   // whose they are: of the account that was asked last
  std::string currency;
  core::VenueTime first, last;  // when the oldest and the newest of them were recorded
};
/// Of amounts with `exponent` decimals. Empty quotes: no account's quote is there.
NewestQuotes newest_of(const std::vector<RecordedQuote>& rows, std::uint8_t exponent);

}  // namespace derivd::daemon
