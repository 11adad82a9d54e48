// Owns what the code of a program tells of its stakes before it runs: those that are numbers of the
// file, or answers to its questions. The check of a configuration warns with it. What a program
// reckons is not known, and nothing is assumed of it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "dbot/program.hpp"

namespace derivd::dbot {

struct KnownAmount {
  int line = 0;  // of the options
  double amount = 0;
  bool always = false;  // else at first: the program changes it
};

/// Of each trade that the program starts with a stake, where it is known. Of payouts nothing.
std::vector<KnownAmount> known_amounts(const Program& program,
                                       std::span<const std::string> answers);

}  // namespace derivd::dbot
