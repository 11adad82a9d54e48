#include "deriv/pending.hpp"

#include <algorithm>
#include <utility>

#include "core/check.hpp"

namespace derivd::deriv {

PendingTable::PendingTable() { open_.reserve(kMaxPending); }

void PendingTable::add(const Pending& pending) {
  DERIVD_CHECK(!full(), "more requests than the table holds");
  DERIVD_CHECK(open_.empty() || open_.back().req_id < pending.req_id, "request ids must rise");
  open_.push_back(pending);
}

const Pending* PendingTable::find(std::int64_t req_id) const {
  const auto at = std::lower_bound(open_.begin(), open_.end(), req_id,
                                   [](const Pending& p, std::int64_t id) { return p.req_id < id; });
  return at != open_.end() && at->req_id == req_id ? &*at : nullptr;
}

std::optional<Pending> PendingTable::take(std::int64_t req_id) {
  const auto* found = find(req_id);
  if (!found) return std::nullopt;
  const Pending out = *found;
  open_.erase(open_.begin() + (found - open_.data()));
  return out;
}

std::optional<Pending> PendingTable::take_overdue(core::Instant now) {
  const auto at = std::find_if(open_.begin(), open_.end(),
                               [now](const Pending& p) { return p.deadline <= now; });
  if (at == open_.end()) return std::nullopt;
  const Pending out = *at;
  open_.erase(at);
  graves_[next_grave_] = {out.req_id, out.call};
  next_grave_ = (next_grave_ + 1) % kMaxGraves;
  return out;
}

std::optional<Call> PendingTable::grave(std::int64_t req_id) const {
  if (req_id == 0) return std::nullopt;
  const auto at = std::find_if(graves_.begin(), graves_.end(),
                               [req_id](const Grave& g) { return g.req_id == req_id; });
  if (at == graves_.end()) return std::nullopt;
  return at->call;
}

std::vector<Pending> PendingTable::take_all() {
  auto out = open_;
  open_.clear();
  graves_.fill({});
  return out;
}

std::size_t PendingTable::count(Call call) const {
  return static_cast<std::size_t>(std::count_if(
      open_.begin(), open_.end(), [call](const Pending& p) { return p.call == call; }));
}

std::optional<core::Instant> PendingTable::oldest_after(core::Instant then) const {
  for (const auto& asked : open_) {  // ids rise with time
    if (asked.call != Call::kPing && asked.sent > then) return asked.sent;
  }
  return std::nullopt;
}

std::optional<core::Instant> PendingTable::next_deadline() const {
  const auto at =
      std::min_element(open_.begin(), open_.end(),
                       [](const Pending& a, const Pending& b) { return a.deadline < b.deadline; });
  if (at == open_.end()) return std::nullopt;
  return at->deadline;
}

}  // namespace derivd::deriv
