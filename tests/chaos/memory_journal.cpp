#include "memory_journal.hpp"

#include <algorithm>

namespace derivd::chaos {

using execution::OrderState;

void Disk::append(std::span<const execution::Record> event) {
  for (const auto& record : event) {
    records_.push_back(record);
    apply(record);
  }
  ends_.push_back(records_.size());
}

void Disk::apply(const execution::Record& record) {
  if (const auto* o = std::get_if<execution::OrderRecord>(&record)) {
    orders_.insert_or_assign(o->order.id, o->order);
  } else if (const auto* h = std::get_if<execution::HaltRecord>(&record)) {
    halts_.insert_or_assign(h->strategy, *h);
  } else if (const auto* s = std::get_if<execution::StrategyRecord>(&record)) {
    strategies_.insert_or_assign(s->strategy, *s);
  } else if (const auto* d = std::get_if<execution::DayRecord>(&record)) {
    day_ = *d;
  } else if (const auto* b = std::get_if<execution::BalanceRecord>(&record)) {
    balance_ = *b;
  }
}

void Disk::truncate(std::size_t events) {
  const auto records = std::move(records_);
  const auto ends = std::move(ends_);
  *this = Disk{};
  std::size_t from = 0;
  for (std::size_t i = 0; i < std::min(events, ends.size()); from = ends[i++]) {
    append(std::span(records).subspan(from, ends[i] - from));
  }
}

execution::Snapshot Disk::load() const {
  execution::Snapshot out;
  for (const auto& [id, order] : orders_) {
    if (!execution::is_final(order.state)) out.open_orders.push_back(order);
    if (order.contract) out.claims.push_back(order.contract);
    out.last_order = id;
  }
  out.halts = halts();
  for (const auto& [name, record] : strategies_) out.strategies.push_back(record);
  out.day = day_;
  return out;
}

std::vector<execution::Order> Disk::orders(const store::OrderQuery& query) const {
  std::vector<execution::Order> out;
  for (const auto& [id, order] : orders_) {
    if (query.strategy && order.strategy.view() != *query.strategy) continue;
    if (query.since && order.intended_wall < *query.since) continue;
    const bool none = order.state == OrderState::kRefused || order.state == OrderState::kAbsent;
    if (query.contracts_only && none) continue;
    if (query.upto && query.upto < id) continue;
    if (id <= query.after || (query.first && out.size() >= *query.first)) continue;
    out.push_back(order);
  }
  if (query.last) {
    std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
      return a.intended_wall < b.intended_wall;
    });
    const auto excess = out.size() - std::min(out.size(), *query.last);
    out.erase(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(excess));
  }
  return out;
}

std::vector<execution::HaltRecord> Disk::halt_history(std::string_view strategy,
                                                      std::size_t last) const {
  std::vector<execution::HaltRecord> out;
  for (auto r = records_.rbegin(); r != records_.rend() && out.size() < last; ++r) {
    const auto* h = std::get_if<execution::HaltRecord>(&*r);
    if (h != nullptr && (h->strategy.empty() || h->strategy == strategy)) out.push_back(*h);
  }
  return out;
}

std::vector<execution::ConfigRecord> Disk::config_changes(std::size_t last) const {
  std::vector<execution::ConfigRecord> out;
  for (auto r = records_.rbegin(); r != records_.rend() && out.size() < last; ++r) {
    if (const auto* c = std::get_if<execution::ConfigRecord>(&*r)) out.push_back(*c);
  }
  return out;
}

std::vector<execution::HaltRecord> Disk::halts() const {
  std::vector<execution::HaltRecord> out;
  for (const auto& [name, halt] : halts_) {
    if (halt.halted) out.push_back(halt);
  }
  return out;
}

core::Result<void> MemoryJournal::append(std::span<const execution::Record> event) {
  disk_.append(event);
  return {};
}

}  // namespace derivd::chaos
