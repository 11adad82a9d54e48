// Owns recorded quotes: what the venue offered to pay for stakes of a contract, and when. They are
// filled from a journal, a list of trades or the file of recorded quotes; the back-test (Payouts)
// and paper mode ask at each purchase. They never make a price up: a contract that was never quoted
// has none.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/decimal.hpp"
#include "core/result.hpp"
#include "core/time.hpp"
#include "market/spec.hpp"

namespace derivd::venue {

/// Payouts above this many stakes are a slip of the decimal point: a DIGITMATCH pays 9, a far
/// barrier 80.
inline constexpr std::int64_t kMaxRatio = 1000;

/// stake × numerator / denominator, half up to the minor unit; none negative, denominator above 0.
core::Money share_of(core::Money stake, std::int64_t numerator, std::int64_t denominator);

class Quotes final {
 public:
  /// So many quotes up to the signal are looked at: enough to hold every step of a stake plan, few
  /// enough to follow a venue that changes its prices.
  static constexpr std::size_t kWindow = 32;
  /// Some 40 bytes each; a year of trades every ten seconds.
  static constexpr std::size_t kMaxQuotes = 4'000'000;
  /// Kinds of contracts; each quote is looked for among them.
  static constexpr std::size_t kMaxLanes = 1000;

  struct Quote {
    core::VenueTime time;  // of the signal that was quoted
    core::Money stake;
    core::Money payout;  // with the stake
  };
  /// In any order. Errors: a stake or payout that is not above 0, a payout above kMaxRatio times
  /// the stake, another currency's decimals, too many.
  core::Result<void> add(const market::ContractSpec& spec, const Quote& quote);
  /// After the last add, before the first question.
  void sort();

  bool empty() const { return lanes_.empty(); }
  bool has(const market::ContractSpec& spec) const { return find(spec) != nullptr; }
  /// Of the last kWindow quotes of this contract up to `at` (where there is none, of the first
  /// ones): what the latest of the same stake pays, else the ratio of the largest stake, which the
  /// venue's rounding distorts least, half up to the cent. The contract must be known (CHECK).
  core::Money payout(const market::ContractSpec& spec, core::Money stake, core::VenueTime at) const;
  /// What a payout costs, of the same quotes: what the latest of the same payout cost, else by the
  /// ratio of the largest stake, half up. The contract must be known (CHECK).
  core::Money price(const market::ContractSpec& spec, core::Money payout, core::VenueTime at) const;
  /// A number that two sets of quotes share only if they are the same (FNV-1a; nobody forges it).
  std::uint64_t digest() const;
  /// "DIGITODD 1t on R_100, HIGHER 5t +0.10 on R_75": for messages.
  std::string contracts() const;

 private:
  /// What makes one contract as dear as another: symbol, type, length, barriers, and the prediction
  /// or the selected tick where the odds depend on it.
  struct Key {
    market::SymbolCode symbol;
    market::ContractType type = market::ContractType::kCall;
    bool in_ticks = true;
    std::int64_t length = 0;                    // ticks or seconds
    std::array<market::Barrier, 2> barriers{};  // offsets and quotes
    int digit = -1;
    int selected_tick = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Lane {
    Key key;
    std::string name;
    std::vector<Quote> quotes;
  };
  static Key key_of(const market::ContractSpec& spec);
  const Lane* find(const market::ContractSpec& spec) const;
  /// The quotes that count at a time, the latest last.
  std::span<const Quote> window_at(const market::ContractSpec& spec, core::VenueTime at) const;

  std::vector<Lane> lanes_;  // few: one for each contract that was traded
  std::size_t count_ = 0;
};

/// The contract in words: "HIGHER 5t +0.10 on R_75".
std::string words_of(const market::ContractSpec& spec);

}  // namespace derivd::venue
