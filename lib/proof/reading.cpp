#include "proof/reading.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/check.hpp"

namespace derivd::proof {
namespace {

template <class T>
bool same(const std::optional<T>& a, const std::optional<T>& b) {
  return !a || !b || *a == *b;
}

bool same_level(const std::optional<core::Price>& a, const std::optional<core::Price>& b) {
  return !a || !b || (a->decimals() == b->decimals() && *a == *b);
}

bool same_payment(const std::optional<core::Money>& a, const std::optional<core::Money>& b) {
  if (!a || !b) return true;
  const auto apart = a->units() - b->units();
  return a->exponent() == b->exponent() && apart <= kPaidWithin && -apart <= kPaidWithin;
}

}  // namespace

bool agree(const Outcome& a, const Outcome& b) {
  return same(a.entry, b.entry) && same(a.exit, b.exit) && same(a.reset_time, b.reset_time) &&
         same_level(a.level, b.level) && same(a.won, b.won) && same_payment(a.paid, b.paid);
}

Outcome seen_in(const Course& course) {
  Outcome out{course.entry, course.exit, course.reset_time, course.level, {}, course.paid};
  if (course.paid && !course.payout.is_zero()) {
    out.won = !course.paid->is_zero();
    out.paid.reset();  // what is quoted and paid alike says nothing about a rule
  }
  return out;
}

Finding decide(const std::vector<Course>& courses,
               const std::vector<std::vector<Reading>>& readings) {
  DERIVD_CHECK(courses.size() == readings.size(), "a course without its readings");
  if (courses.empty()) return {Verdict::kUndecided, "nothing was bought"};
  std::vector<Reading> left = readings.front();
  std::vector<bool> agrees(left.size(), true);
  for (std::size_t c = 0; c < courses.size(); ++c) {
    DERIVD_CHECK(readings[c].size() == left.size(), "other readings of another course");
    const auto seen = seen_in(courses[c]);
    for (std::size_t r = 0; r < left.size(); ++r) {
      agrees[r] = agrees[r] && agree(readings[c][r].predicted, seen);
    }
  }
  std::optional<std::size_t> first;
  for (std::size_t r = 0; r < left.size(); ++r) {
    if (!agrees[r]) continue;
    if (!first) first = r;
    if (left[r].says != left[*first].says) {
      return {Verdict::kUndecided,
              fmt::format("{} of {} contracts could not tell '{}' from '{}'", courses.size(),
                          courses.size(), left[*first].says, left[r].says)};
    }
  }
  if (!first) return {Verdict::kUndecided, "it went as no reading of the rules says"};
  return {left[*first].assumed ? Verdict::kAsAssumed : Verdict::kNot, left[*first].says};
}

Finding judge_courses(const Seen& seen, ReadingsOf readings) {
  std::vector<std::vector<Reading>> all;
  for (const auto& course : seen.courses) all.push_back(readings(course, seen.symbol));
  auto out = decide(seen.courses, all);
  if (seen.courses.empty()) return out;
  out.seen += fmt::format(" ({})", market::encode(seen.courses.back().bought.spec));
  return out;
}

}  // namespace derivd::proof
