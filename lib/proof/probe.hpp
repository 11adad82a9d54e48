// Owns the table of probes: for each assumption about the venue what is asked or bought to see
// whether it holds, and the judge of what was seen. derivctl goes through the table and does the
// asking and buying. It never asks, buys or prints anything itself.
//
// What is assumed is lib/market's: its model is asked for every figure, none is repeated here.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "market/offerings.hpp"
#include "proof/seen.hpp"

namespace derivd::proof {

enum class Verdict : std::uint8_t { kAsAssumed, kNot, kUndecided };
std::string_view name_of(Verdict verdict);  // "as assumed", "not", "not decided"

/// A constant of the venue: "commission DIGITEVEN R_100" is "0.0200".
struct Measured {
  std::string name;
  std::string value;
};

struct Finding {
  Verdict verdict = Verdict::kUndecided;
  std::string seen;  // in words; of kUndecided why
  std::vector<Measured> measured = {};
};

/// What a plan can rest on.
struct Market {
  market::SymbolInfo symbol;
  market::Tick latest;
  const market::Offerings* offerings = nullptr;  // null: the venue did not say
  std::uint8_t exponent = core::Money::kCents;   // of the account's currency
};

struct Probe {
  std::string_view kind;     // its name: of market/assumed.hpp, or one of this table
  std::string_view assumed;  // in words
  /// The first of these that is listed and sells the type is taken.
  std::span<const std::string_view> symbols;
  std::string_view type;  // what the symbol must sell
  /// Proposals, which cost nothing. Null: none.
  std::vector<Request> (*asks)(const Market&) = nullptr;
  /// One purchase. Null: nothing is bought.
  Request (*buys)(const Market&) = nullptr;
  /// It is sold so many ticks after its entry; 0: it runs to its end.
  int hold_ticks = 0;
  /// Neither is asked for or bought: a link of its own says nothing for so many seconds of the
  /// venue's time, unless it is closed before. 0: there is none.
  std::int64_t silent_s = 0;
  /// Chance decides whether one purchase, or one link, tells: another one may.
  bool by_chance = false;
  Finding (*judge)(const Seen&) = nullptr;
};

/// In the order in which they are gone through: those that cost nothing first.
std::span<const Probe> probes();
/// Null: there is no such kind.
const Probe* find_probe(std::string_view kind);

/// The same request with a barrier, or a multiplier, of those that the venue's refusal lists
/// ("Barriers available are -3.31, -5.82", "Accepts 20,40,60"); empty: it lists none.
std::optional<Request> with_choice(const Request& request, const market::SymbolInfo& symbol,
                                   std::string_view refusal);

// The parts of the table, each in a file of its own.
std::span<const Probe> price_probes();      // prices.cpp
std::span<const Probe> position_probes();   // positions.cpp: proposals of what pays its value
std::span<const Probe> link_probes();       // links.cpp: a link that is left alone
std::span<const Probe> course_probes();     // courses.cpp: purchases
std::span<const Probe> knock_out_probes();  // knock_outs.cpp: purchases that need many ticks

/// The words of market/assumed.hpp for a name; there must be one (CHECK).
std::string_view assumption(std::string_view name);
/// The least stake for a type: the venue's word, or that of its row.
core::Money least_stake(const Market& market, market::ContractType type);
/// As decode() of market/spec.hpp, of a text of this room (CHECK).
market::ContractSpec spec_of(std::string_view text);

}  // namespace derivd::proof
