// What the fuzz target of the tick archive asks of any bytes; the unit test asks the same of the
// committed corpus, in every build.
#pragma once

#include <string_view>

#include "core/check.hpp"
#include "store/tick_block.hpp"

namespace derivd::fuzz {

/// No crash, no unbounded work; what is accepted is whole: rising epochs within its day, every byte
/// accounted for, and the same ticks when written anew.
inline void tick_file(std::string_view bytes) {
  store::Block block;
  (void)store::decode_block(bytes, block);
  const auto day = store::decode_day(bytes);
  if (!day) return;
  DERIVD_CHECK(day->whole + day->torn == bytes.size(), "every byte is accounted for");
  auto again = store::encode_head(day->head);
  std::int64_t before = day->head.day * store::kSecondsPerDay - 1;
  for (const auto& tick : day->ticks) {
    DERIVD_CHECK(tick.epoch.s > before, "epochs rise");
    before = tick.epoch.s;
    store::encode_ticks({&tick, 1}, again);
  }
  DERIVD_CHECK(before < (day->head.day + 1) * store::kSecondsPerDay, "within the day");
  for (const auto& absence : day->absent) store::encode_absent(absence, again);
  const auto same = store::decode_day(again);
  DERIVD_CHECK(same && same->ticks == day->ticks && same->absent == day->absent && !same->torn,
               "a day survives being written");
}

}  // namespace derivd::fuzz
