// Owns the decision between readings of a rule: each predicts how a contract must have gone, and
// what was seen leaves those that agree. The judges of purchases use it. It never guesses: where
// readings that differ are left, nothing is decided.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "proof/probe.hpp"

namespace derivd::proof {

/// How a contract went, as far as it is told. Two outcomes agree when nothing that both tell
/// differs.
struct Outcome {
  std::optional<core::VenueTime> entry = std::nullopt;
  std::optional<core::VenueTime> exit = std::nullopt;
  std::optional<core::VenueTime> reset_time = std::nullopt;
  std::optional<core::Price> level = std::nullopt;
  std::optional<bool> won = std::nullopt;
  std::optional<core::Money> paid = std::nullopt;  // to kPaidWithin
};
/// Minor units: a position's value is rounded more than once.
inline constexpr std::int64_t kPaidWithin = 2;
bool agree(const Outcome& a, const Outcome& b);

struct Reading {
  std::string says;  // what it means for the kind in question
  bool assumed = false;
  Outcome predicted = {};
};

Outcome seen_in(const Course& course);

/// `readings`: of each course the same ones in the same order.
Finding decide(const std::vector<Course>& courses,
               const std::vector<std::vector<Reading>>& readings);

/// What the readings of a rule make of one course; without a prediction where it tells nothing.
using ReadingsOf = std::vector<Reading> (*)(const Course&, const market::SymbolInfo&);
/// decide() of all courses; the words say which contract the last one was.
Finding judge_courses(const Seen& seen, ReadingsOf readings);

}  // namespace derivd::proof
