#include "shrink.hpp"

#include <fmt/format.h>

namespace derivd::chaos {

Outcome shrink(const Scenario& failing) {
  auto mask = failing.mask;
  auto seconds = failing.active_s;
  auto best = run(failing);
  const auto still_fails = [&](Mask m, std::int64_t s) {
    auto out = run(scenario(failing.seed, m, s));
    if (out.violations.empty()) return false;
    best = std::move(out);
    return true;
  };
  for (bool smaller = true; smaller;) {
    smaller = false;
    for (std::size_t i = 0; i < kKinds; ++i) {
      const auto without = mask & ~(Mask{1} << i);
      if (without == mask || !still_fails(without, seconds)) continue;
      mask = without;
      smaller = true;
    }
  }
  for (const auto shorter : {seconds / 8, seconds / 4, seconds / 2}) {
    if (shorter < 1 || !still_fails(mask, shorter)) continue;
    seconds = shorter;
    break;
  }
  best.venue_s = seconds;
  return best;
}

std::string describe(const Outcome& out) {
  auto text = fmt::format(
      "seed {} mask {} ({} s, {} contracts, {} processes, {} links, hash {:x}):", out.seed,
      out.mask, out.venue_s, out.contracts, out.processes, out.links, out.hash);
  for (std::size_t i = 0; i < kKinds; ++i) {
    if (out.mask & (Mask{1} << i)) text += fmt::format(" {}", name_of(static_cast<Kind>(i)));
  }
  text += "\n";
  for (const auto& v : out.violations) text += fmt::format("    {}\n", v);
  return text;
}

}  // namespace derivd::chaos
