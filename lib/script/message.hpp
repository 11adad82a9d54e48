// Owns what derivd and a script's process say to each other, as values: events in one direction,
// answers in the other. The engine makes events and takes answers, wire.hpp gives them their bytes.
// It never trusts an answer: it comes from a process that runs a stranger's program.
//
// Rule: the product's contract, "Scripts".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/ids.hpp"
#include "core/time.hpp"
#include "rules/candle.hpp"
#include "rules/evaluator.hpp"

namespace derivd::script {

/// Grows with each change of a message. Both programs come from one build; a process of another
/// version is an upgrade that has not been finished.
inline constexpr std::uint32_t kVersion = 5;

/// What one call may ask for. More is a program out of control.
inline constexpr std::size_t kMaxWishes = 16;
inline constexpr std::size_t kMaxLogs = 32;
inline constexpr std::size_t kMaxLogBytes = 512;
/// Names, numbers and reasons: none of them is longer in earnest.
inline constexpr std::size_t kMaxWord = 1024;

// ---- From derivd ----

/// A symbol whose ticks the program sees beside its own. Messages name it by its place in
/// Setup::watch, from 1; 0 is the program's own symbol.
struct WatchedSymbol {
  std::string symbol;
  std::uint8_t decimals = 0;
  friend bool operator==(const WatchedSymbol&, const WatchedSymbol&) = default;
};

/// The first message: everything that the program may know. Answered with sequence 0.
struct Setup {
  std::uint32_t version = kVersion;
  std::string strategy;
  std::string file;
  std::string text;
  std::string symbol;
  std::uint8_t decimals = 0;
  std::int32_t candles = 0;  // seconds; 0: ticks
  std::string answers;       // JSON
  std::string config;        // JSON
  std::string state;         // JSON; empty: the program has none yet
  std::string stake;         // the stake plan's base
  std::uint64_t cpu_us = 0;
  std::int64_t memory = 0;
  std::uint64_t seed = 0;
  bool only_check = false;           // load the text, call nothing
  std::vector<WatchedSymbol> watch;  // at most rules::kMaxWatched
  friend bool operator==(const Setup&, const Setup&) = default;
};

/// A tick of before: for indicators, not for onTick or onWatch. Has no answer.
struct PastTick {
  std::int64_t epoch = 0;
  std::int64_t mantissa = 0;
  std::uint8_t decimals = 0;
  std::uint8_t watched = 0;
  friend bool operator==(const PastTick&, const PastTick&) = default;
};

/// One message of past candles has no more.
inline constexpr std::size_t kMaxCandles = 1000;

/// Candles of the venue's past of one length, rising; what is longer comes in parts. Before the
/// ticks that follow a Reset or the start, some of which may be in them already. Has no answer.
struct PastCandles {
  std::int32_t seconds = 0;
  std::uint8_t decimals = 0;
  bool is_last = false;  // its last candle may still grow
  std::vector<rules::Candle::Closed> candles;
  std::uint8_t watched = 0;
  friend bool operator==(const PastCandles&, const PastCandles&) = default;
};

/// Ticks are missing: what was seen so far is no past any more. Has no answer.
struct Reset {
  friend bool operator==(const Reset&, const Reset&) = default;
};

/// A tick is foreseen (venue.anticipate): what it will run is run once for nothing, so that code
/// and memory of it are in the caches, on both sides of the channel. Answered with Rehearsed.
struct Rehearse {
  friend bool operator==(const Rehearse&, const Rehearse&) = default;
};

struct Tick {
  std::int64_t epoch = 0;
  std::int64_t mantissa = 0;
  std::uint8_t decimals = 0;
  friend bool operator==(const Tick&, const Tick&) = default;
};

/// A tick of a watched symbol, of a second before that of the own tick that comes next.
struct WatchedTick {
  std::int64_t epoch = 0;
  std::int64_t mantissa = 0;
  std::uint8_t decimals = 0;
  std::uint8_t watched = 1;
  friend bool operator==(const WatchedTick&, const WatchedTick&) = default;
};

/// The end of a contract. Amounts and quotes are texts with all their decimals.
struct Trade {
  std::uint64_t wish = 0;  // what buy() gave; 0: of an earlier run
  std::string contract;
  std::string type;
  std::string outcome;
  std::string stake;
  std::string payout;  // empty: the contract has none
  std::string profit;
  std::string entry;  // empty: not known
  std::string exit;
  std::int64_t purchase_time = 0;
  std::int64_t settled_time = 0;
  friend bool operator==(const Trade&, const Trade&) = default;
};

struct Denied {
  std::uint64_t wish = 0;
  std::string reason;
  friend bool operator==(const Denied&, const Denied&) = default;
};

/// Something to answer. `time` is the venue's, the only one that the program sees.
struct Event {
  std::uint64_t sequence = 0;  // from 1, rising
  std::int64_t time = 0;
  rules::Own own;
  std::variant<Tick, Trade, Denied, WatchedTick> what;
};

using ToScript = std::variant<Setup, PastTick, Reset, Event, PastCandles, Rehearse>;

// ---- From the script's process ----

/// The first message: the sandbox is closed, and nothing of the user's has been read.
struct Ready {
  std::uint32_t version = kVersion;
  std::string layers;  // "seccomp landlock …": those that this kernel and service allow
  friend bool operator==(const Ready&, const Ready&) = default;
};

/// buy(): what is missing comes from `contract` and the stake plan.
struct Wish {
  std::uint64_t number = 0;  // from 1, rising over the life of the process
  std::string type;
  std::string duration;  // "5t"; empty: not said
  std::string barrier;   // a decimal; empty: not said
  std::optional<std::int8_t> prediction;
  std::string stake;  // a decimal; empty: not said
  friend bool operator==(const Wish&, const Wish&) = default;
};

struct Answer {
  std::uint64_t sequence = 0;
  std::uint64_t cpu_us = 0;  // that the call took
  std::vector<Wish> wishes;
  std::vector<std::uint64_t> sales;  // numbers of wishes
  std::vector<std::string> logs;
  std::optional<std::string> state;  // JSON; empty: as before
  friend bool operator==(const Answer&, const Answer&) = default;
};

/// The last message: an uncaught error, or a budget that was passed.
struct Failure {
  std::uint64_t sequence = 0;
  std::string where;  // "dip.js:12"; empty: not known
  std::string text;
  friend bool operator==(const Failure&, const Failure&) = default;
};
/// "dip.js:12: text".
std::string sentence(const Failure& failure);

/// To a Rehearse: what a program that does nothing asked for. Nobody carries it out.
struct Rehearsed {
  Answer answer;
  friend bool operator==(const Rehearsed&, const Rehearsed&) = default;
};

using FromScript = std::variant<Ready, Answer, Failure, Rehearsed>;

}  // namespace derivd::script
