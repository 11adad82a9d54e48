#include "script/ahead.hpp"

#include <tuple>

namespace derivd::script {
namespace {

/// All of it: a field more does not compile.
auto parts_of(const rules::Own& own) {
  const auto& [wins, losses, last, session, open, today] = own;
  return std::tuple(wins, losses, last, session, open, today);
}

}  // namespace

Event event_of(const Ticks& ticks, std::size_t i) {
  const auto& quote = ticks.quotes[i];
  return {ticks.sequence + i, quote.epoch, ticks.own,
          Tick{quote.epoch, quote.mantissa, ticks.decimals}};
}

bool is_same(const Event& a, const Event& b) {
  return a.sequence == b.sequence && a.time == b.time && parts_of(a.own) == parts_of(b.own) &&
         a.what == b.what;
}

}  // namespace derivd::script
