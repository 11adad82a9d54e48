#include "store/fetch_plan.hpp"

#include <algorithm>
#include <numeric>

#include "core/check.hpp"

namespace derivd::store {
namespace {

using market::TickRow;

/// Symbols whose ticks have a cadence have one of a second or two; of others more is only a guess.
constexpr std::int64_t kExactCadence = 2;

std::int64_t length(const Span& span) { return span.last - span.first + 1; }

/// Those of rising `ticks` within `span`.
std::span<const TickRow> within(std::span<const TickRow> ticks, const Span& span) {
  const auto first =
      std::lower_bound(ticks.begin(), ticks.end(), span.first,
                       [](const TickRow& t, std::int64_t e) { return t.epoch.s < e; });
  const auto last =
      std::upper_bound(first, ticks.end(), span.last,
                       [](std::int64_t e, const TickRow& t) { return e < t.epoch.s; });
  return {first, last};
}

}  // namespace

FetchPlan::FetchPlan(std::vector<Span> missing, std::int64_t cadence, std::int64_t page,
                     std::int64_t latest)
    : todo_(missing.begin(), missing.end()),
      cadence_(cadence),
      // A tick each second at most, whatever the cadence of a symbol that is not known.
      width_(cadence <= kExactCadence ? page * cadence : page),
      latest_(latest) {
  DERIVD_CHECK(cadence > 0 && page > 0, "a page holds ticks");
  total_ = left();
}

std::int64_t FetchPlan::left() const {
  const auto pages =
      std::accumulate(todo_.begin(), todo_.end(), std::int64_t{0},
                      [](std::int64_t sum, const Span& s) { return sum + length(s); });
  return std::accumulate(holes_.begin(), holes_.end(), pages,
                         [](std::int64_t sum, const Holes::value_type& h) {
                           return sum + length({h.first, h.second.last});
                         });
}

/// The hole that is asked about next: the one that waits the least, the oldest among those.
FetchPlan::Holes::const_iterator FetchPlan::current() const {
  return std::min_element(holes_.begin(), holes_.end(), [](const auto& a, const auto& b) {
    return a.second.not_before < b.second.not_before;
  });
}

/// The hole, and the ticks on both sides of it.
Span FetchPlan::question(const Holes::value_type& hole) const {
  const auto reach = hole.second.at_memory_edge ? 0 : cadence_;
  return {std::max<std::int64_t>(hole.first - reach, 1),
          std::min(hole.second.last + cadence_, latest_)};
}

std::optional<Span> FetchPlan::next(core::Instant now) const {
  if (!todo_.empty()) {
    const auto& span = todo_.front();
    const bool probes = search_ && !search_->ended;
    const auto first = probes ? std::midpoint(search_->span.first, search_->span.last) : span.first;
    return Span{first, std::min(span.last, first + width_ - 1)};
  }
  const auto hole = current();
  if (hole == holes_.end() || hole->second.not_before > now) return std::nullopt;
  return question(*hole);
}

std::optional<core::Instant> FetchPlan::wait_until(core::Instant now) const {
  const auto hole = current();
  if (!todo_.empty() || hole == holes_.end() || hole->second.not_before <= now) return std::nullopt;
  return hole->second.not_before;
}

FetchPlan::Answer FetchPlan::on_page(std::span<const TickRow> ticks, bool whole,
                                     core::Instant now) {
  const bool searching = !todo_.empty();
  DERIVD_CHECK(searching || !holes_.empty(), "nothing was asked for");
  const auto asked = searching ? *next(now) : question(*current());
  const auto inside = within(ticks, asked);
  const bool other = inside.size() < ticks.size();
  Answer answer;
  answer.ticks.assign(inside.begin(), inside.end());
  remember(inside);
  if (!searching) {
    on_hole(inside, whole && !other, now, answer);
  } else if (other && inside.empty()) {
    on_other(asked);
  } else if (search_ && !search_->ended) {
    // Its memory begins here or before.
    search_->span.last = asked.first;
    search_->found = true;
    search_->ended = search_->span.last - search_->span.first <= kFine;
  } else {
    search_.reset();
    others_ = 0;
    on_search(asked, inside);
  }
  return answer;
}

/// Other ticks than those asked for: too old, or the venue is out of order. Believed when the same
/// question is answered alike twice, and once more when it is known where its memory begins.
void FetchPlan::on_other(const Span& asked) {
  auto& span = todo_.front();
  if (search_ && search_->ended) {
    const auto end = search_->found ? search_->span.last - 1 : span.last;
    unavailable_.push_back({span.first, end});
    span.first = end + 1;
    if (span.first > span.last) todo_.pop_front();
    search_.reset();
    others_ = 0;
    return;
  }
  if (!search_) {
    if (++others_ < kOthers) return;
    search_ = Search{{asked.first, span.last}, false, false};
  }
  search_->span.first = asked.first;
  search_->ended = search_->span.last - search_->span.first <= kFine;
}

void FetchPlan::on_search(const Span& asked, std::span<const TickRow> inside) {
  const auto end = todo_.front().last;
  todo_.pop_front();
  if (asked.last < end) todo_.push_front({asked.last + 1, end});
  auto from = asked.first;
  // The venue gives the latest of what was asked for: before them nothing is known.
  if (!inside.empty() && inside.front().epoch.s > asked.first) {
    from = inside.front().epoch.s;
    if (!is_sliver({asked.first, from - 1})) todo_.push_front({asked.first, from - 1});
  }
  doubt_between({from, asked.last}, inside);
}

void FetchPlan::on_hole(std::span<const TickRow> inside, bool whole, core::Instant now,
                        Answer& out) {
  const auto at = holes_.find(current()->first);
  const Span span{at->first, at->second.last};
  const auto fresh = within(inside, span);
  out.ticks.assign(fresh.begin(), fresh.end());
  if (!fresh.empty()) {
    holes_.erase(at);
    return doubt_between(span, fresh);
  }
  auto& hole = at->second;
  const bool counts = whole && proves(*at, inside);
  if (!whole && inside.empty()) hole.at_memory_edge = true;
  hole.not_before = now + kApart;
  ++(counts ? hole.proofs : hole.vain);
  if (hole.proofs == kProofs) {
    out.absent.push_back(span);
  } else if (hole.vain == kMaxVain) {
    unproven_.push_back(span);
  } else {
    return;
  }
  holes_.erase(at);
}

/// Whether an answer with nothing in the hole shows what stands beside it: at least one tick, and
/// each that the venue has shown before.
bool FetchPlan::proves(const Holes::value_type& hole, std::span<const TickRow> inside) const {
  const auto asked = question(hole);
  const Span before{asked.first, hole.first - 1};
  const Span behind{hole.second.last + 1, asked.last};
  const auto hides = [&](const Span& side) {
    return has_shown(side) && within(inside, side).empty();
  };
  return !inside.empty() && !hides(before) && !hides(behind);
}

/// Whether the venue has answered a tick within `span`, which is not longer than the cadence.
bool FetchPlan::has_shown(const Span& span) const {
  if (span.first > span.last) return false;
  const auto after = shown_.upper_bound(span.last);
  return after != shown_.begin() && std::prev(after)->second >= span.first;
}

void FetchPlan::remember(std::span<const TickRow> ticks) {
  for (const auto& tick : ticks) {
    auto after = shown_.upper_bound(tick.epoch.s);
    if (after != shown_.begin()) {
      auto& last = std::prev(after)->second;
      if (tick.epoch.s <= last) continue;
      if (tick.epoch.s - last <= cadence_) {
        last = tick.epoch.s;
        continue;
      }
    }
    shown_.emplace_hint(after, tick.epoch.s, tick.epoch.s);
  }
}

/// Nearer to the tick behind it than two ticks ever are: none can be missing in it.
bool FetchPlan::is_sliver(const Span& span) const {
  return cadence_ <= kExactCadence && length(span) < cadence_ &&
         has_shown({span.last + 1, span.last + 1});
}

/// The seconds of `span` that none of its ticks covers.
void FetchPlan::doubt_between(const Span& span, std::span<const TickRow> ticks) {
  auto next = span.first;
  for (const auto& tick : ticks) {
    if (tick.epoch.s > next) doubt({next, tick.epoch.s - 1});
    next = tick.epoch.s + cadence_;
  }
  if (next <= span.last) doubt({next, span.last});
}

void FetchPlan::doubt(Span span) {
  if (is_sliver(span)) return;
  const auto settled = latest_ - kSettled;
  if (span.last > settled) {
    const Span young{std::max(span.first, settled + 1), span.last};
    if (!pending_.empty() && pending_.back().last + 1 == young.first) {
      pending_.back().last = young.last;
    } else {
      pending_.push_back(young);
    }
    span.last = settled;
  }
  if (span.first > span.last) return;
  // Holes that two pages share are one.
  Hole hole{span.last, 0, 0, {}, false};
  if (const auto after = holes_.find(span.last + 1); after != holes_.end()) {
    hole.last = after->second.last;
    holes_.erase(after);
  }
  const auto above = holes_.lower_bound(span.first);
  if (above != holes_.begin() && std::prev(above)->second.last + 1 == span.first) {
    const auto before = std::prev(above);
    span.first = before->first;
    holes_.erase(before);
  }
  holes_.insert_or_assign(span.first, hole);
}

}  // namespace derivd::store
