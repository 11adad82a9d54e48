// Owns the question for a price as derivctl's commands put it: asked of the running daemon, whose
// session asks the venue, and waited for. quote and quotes record share it. It never judges a
// price.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "derivctl/command.hpp"

namespace derivd::ctl {

/// A question waits 10 s at most for the venue's budget of calls, and its answer 5 s.
inline constexpr auto kPriceWithin = std::chrono::seconds(20);

/// The daemon's row (Trader::price): answered or refused by the venue; or the code and the words of
/// why there is none. `question`: see common/price_request.hpp.
Answer ask_price(const Context& context, nlohmann::ordered_json question,
                 std::chrono::seconds within = kPriceWithin);

}  // namespace derivd::ctl
