// Owns what a person is told about a program before it runs: what it trades, stakes and stops at,
// which questions need answers, which alerts become journal lines, and every reason for which it is
// refused. derivctl's `import dbot` and the configuration call it. It never reads a file itself.
//
// Rules: semantics.md, sections 1, 13 and 14, and the product's contract.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dbot/compiler.hpp"

namespace derivd::dbot {

/// Why a program is refused, in one word for a table.
enum class Reason : std::uint8_t {
  kNone,        // it can run
  kMalformed,   // no XML
  kLibrary,     // a collection of blocks
  kIncomplete,  // a part without which nothing is traded
  kVendor,      // a block, field or input that derivd does not know
  kSecret,      // a token stands in the file
  kValue,       // a known field with a value that is not allowed, a block at a wrong place
};
std::string_view name_of(Reason reason);

struct Import {
  std::shared_ptr<const Program> program;  // null: refused
  std::vector<Problem> problems;           // every reason, by line
  std::vector<Note> notes;
  BlockCounts counts;
  bool only_stock = true;
  Reason reason = Reason::kNone;
  std::vector<std::string> unknown;  // types of blocks that are not known, each once

  // The report; empty where it could not be read off. Expressions are in the program's own names.
  std::string dialect;
  std::string symbol;
  std::string trade_type;
  std::vector<std::string> buys;       // contract types
  std::vector<std::string> durations;  // "1 t"
  std::vector<std::string> predictions;
  std::vector<std::string> stakes;       // of the trade options
  std::vector<std::string> stake_steps;  // what is assigned to the variables of the stake
  std::vector<std::string> stops;        // comparisons with the total profit
  std::vector<Prompt> prompts;
  std::vector<Note> alerts;  // text_print: journal lines
  int messages = 0;          // notify and its like
  bool trades_again = false;
  bool restarts_on_error = false;
  bool retries_purchase = false;
  bool uses_random = false;
};

Import import_program(std::string_view bytes, std::string_view symbol = {});

}  // namespace derivd::dbot
