#include "engine/witnesses.hpp"

namespace derivd::engine {

core::ContractId contract_of(const Witnessed& witness) {
  const auto* report = std::get_if<ContractWitness>(&witness);
  return report != nullptr ? report->report.contract
                           : std::get<execution::TransactionReport>(witness).contract;
}

core::VenueTime time_of(const Witnessed& witness) {
  if (const auto* c = std::get_if<ContractWitness>(&witness)) {
    return c->report.sell_time.value_or(core::VenueTime{});
  }
  return std::get<execution::TransactionReport>(witness).time;
}

std::optional<Witnessed> HeldWitnesses::hold(Witnessed witness) {
  std::optional<Witnessed> gone;
  if (held_.size() >= kMost) {
    gone = std::move(held_.front());
    held_.pop_front();
  }
  held_.push_back(std::move(witness));
  return gone;
}

std::vector<Witnessed> HeldWitnesses::take(core::ContractId contract) {
  std::vector<Witnessed> mine;
  std::erase_if(held_, [&](Witnessed& witness) {
    if (contract_of(witness) != contract) return false;
    mine.push_back(std::move(witness));
    return true;
  });
  return mine;
}

std::vector<Witnessed> EarlyWitnesses::end() {
  holds_ = false;
  auto witnesses = std::exchange(early_, {});
  std::stable_sort(witnesses.begin(), witnesses.end(),
                   [](const auto& a, const auto& b) { return time_of(a) < time_of(b); });
  return witnesses;
}

bool ForeignContracts::note(core::ContractId contract) {
  if (has(contract)) return false;
  seen_.push_back(contract);
  if (seen_.size() > kMost) seen_.pop_front();
  return true;
}

}  // namespace derivd::engine
