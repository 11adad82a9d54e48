// Owns the way from a program's blocks to code: dialects, disabled and stray blocks, the rules of
// each block type, and the refusal of everything that is not understood. The import and the
// machine's makers call compile() once. It never runs anything.
//
// Rules: semantics.md, sections 1, 2, 5, 9, 11 to 14.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dbot/program.hpp"
#include "dbot/source.hpp"

namespace derivd::dbot {

/// What became of the blocks of a file; every block is in exactly one of them.
struct BlockCounts {
  int live = 0;      // compiled, or read as a parameter
  int disabled = 0;  // disabled by their author
  int stray = 0;     // stand outside the program
  int dropped = 0;   // in branches and places that the runtime drops
  int replaced = 0;  // defaults that a real block replaces
  int skipped = 0;   // overlooked: must be 0, else the program is refused
};

struct Compiled {
  Program program;
  std::vector<Problem> problems;  // not empty: the program does not run
  std::vector<Note> notes;
  std::vector<int> live;  // indexes of compiled blocks, rising: for the report
  BlockCounts counts;
  bool only_stock = true;  // no live block of a vendor
};

/// `symbol`: in the place of the file's; empty: the file's.
Compiled compile(const Source& source, std::string_view bytes, std::string_view symbol = {});

/// Contract types that a purchase may name (section 5.5).
bool is_contract_type(std::string_view name);
/// Whether the prediction of the options, or of the purchase, belongs to this type.
bool takes_prediction(std::string_view contract_type);
bool is_of_digits(std::string_view contract_type);

}  // namespace derivd::dbot
