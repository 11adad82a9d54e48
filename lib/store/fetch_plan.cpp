#include "store/fetch_plan.hpp"

#include <algorithm>
#include <numeric>

#include "core/check.hpp"

namespace derivd::store {

FetchPlan::FetchPlan(std::vector<Span> missing, std::int64_t cadence, std::int64_t page,
                     std::int64_t latest)
    : todo_(missing.begin(), missing.end()),
      cadence_(cadence),
      page_(page),
      // A tick each second at most, whatever the cadence of a symbol that is not known.
      width_(cadence <= 2 ? page * cadence : page),
      latest_(latest) {
  DERIVD_CHECK(cadence > 0 && page > 0, "a page holds ticks");
  total_ = left();
}

std::int64_t FetchPlan::left() const {
  return std::accumulate(
      todo_.begin(), todo_.end(), std::int64_t{0},
      [](std::int64_t sum, const Span& s) { return sum + s.last - s.first + 1; });
}

std::optional<Span> FetchPlan::next() const {
  if (todo_.empty()) return std::nullopt;
  const auto& span = todo_.front();
  const auto first = search_ ? std::midpoint(search_->span.first, search_->span.last) : span.first;
  return Span{first, std::min(span.last, first + width_ - 1)};
}

FetchPlan::Answer FetchPlan::on_page(std::span<const market::TickRow> ticks) {
  const auto asked = next();
  DERIVD_CHECK(asked.has_value(), "nothing was asked for");
  const bool inside = std::all_of(ticks.begin(), ticks.end(), [&](const market::TickRow& t) {
    return t.epoch.s >= asked->first && t.epoch.s <= asked->last;
  });
  if (!inside) {
    beyond_memory(*asked);
    return {};
  }
  if (!search_) return keep(*asked, ticks);
  // Its memory begins here or before.
  search_->span.last = asked->first;
  search_->found = true;
  end_search_when_fine();
  Answer answer;
  answer.ticks.assign(ticks.begin(), ticks.end());
  return answer;
}

void FetchPlan::beyond_memory(const Span& asked) {
  if (!search_) search_ = Search{{asked.first, todo_.front().last}, false};
  search_->span.first = asked.first;
  end_search_when_fine();
}

void FetchPlan::end_search_when_fine() {
  if (search_->span.last - search_->span.first > kFine) return;
  auto& span = todo_.front();
  const auto end = search_->found ? search_->span.last - 1 : span.last;
  unavailable_.push_back({span.first, end});
  span.first = end + 1;
  if (span.first > span.last) todo_.pop_front();
  search_.reset();
}

FetchPlan::Answer FetchPlan::keep(const Span& asked, std::span<const market::TickRow> ticks) {
  Answer answer;
  answer.ticks.assign(ticks.begin(), ticks.end());
  auto& span = todo_.front();
  // The venue gives the latest of a span that has more than a page.
  const bool cut =
      static_cast<std::int64_t>(ticks.size()) >= page_ && ticks.front().epoch.s > asked.first;
  const auto known_from = cut ? ticks.front().epoch.s : asked.first;
  auto next = known_from;
  const auto mark = [&](std::int64_t until) {
    const auto last = std::min(until, latest_ - kSettled);
    if (next <= last) answer.absent.push_back({next, last});
  };
  for (const auto& tick : ticks) {
    if (tick.epoch.s > next) mark(tick.epoch.s - 1);
    next = tick.epoch.s + cadence_;
  }
  mark(asked.last);
  const auto rest = asked.last + 1;
  const auto end = span.last;
  todo_.pop_front();
  if (rest <= end) todo_.push_front({rest, end});
  if (cut) todo_.push_front({asked.first, known_from - 1});
  return answer;
}

}  // namespace derivd::store
