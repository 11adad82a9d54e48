#include "script/lengths.hpp"

#include <algorithm>

#include "rules/parse.hpp"
#include "rules/rule_set.hpp"

namespace derivd::script {
namespace {

/// "86400s"; what is longer is no length.
constexpr std::size_t kMaxLength = 6;

}  // namespace

std::vector<rules::Where> lengths_in(std::string_view text, rules::Where chosen) {
  std::vector<rules::Where> out;
  const auto add = [&](rules::Where where) {
    if (where.is_ticks() || std::ranges::count(out, where) > 0) return;
    if (out.size() + 1 < rules::kMaxSeries) out.push_back(where);
  };
  add(chosen);
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char quote = text[at];
    if (quote != '"' && quote != '\'' && quote != '`') continue;
    const auto rest = text.substr(at + 1, kMaxLength + 1);
    const auto end = rest.find(quote);
    if (end == std::string_view::npos) continue;
    // What stands between two texts is looked at like one: one length too many costs an answer.
    if (const auto where = rules::parse_where(rest.substr(0, end))) add(*where);
  }
  return out;
}

std::vector<ToScript> past_candles(rules::Where where, std::uint8_t decimals,
                                   std::span<const rules::Candle::Closed> past,
                                   std::uint8_t watched) {
  std::vector<ToScript> out;
  while (!past.empty()) {
    const auto part = past.first(std::min(past.size(), kMaxCandles));
    past = past.subspan(part.size());
    out.emplace_back(PastCandles{where.seconds, decimals, past.empty(),
                                 std::vector<rules::Candle::Closed>(part.begin(), part.end()),
                                 watched});
  }
  return out;
}

}  // namespace derivd::script
