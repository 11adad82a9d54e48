// Owns the witnesses that came before their time: those of a contract of which it is not known yet
// whether it is ours, and settlements that came before the link's first report, which may tell of
// earlier ones; and the contracts of others, so that each is told once. The engine puts them in and
// hears them again; they decide nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "core/ids.hpp"
#include "core/time.hpp"
#include "execution/order.hpp"
#include "execution/report.hpp"

namespace derivd::engine {

struct ContractWitness {
  execution::ContractReport report;
  execution::Witness witness;
};
using Witnessed = std::variant<ContractWitness, execution::TransactionReport>;
core::ContractId contract_of(const Witnessed& witness);
/// Of a settlement; zero where it names none.
core::VenueTime time_of(const Witnessed& witness);

/// Kept while an order's answer is awaited, oldest first: the streams come in no fixed order.
class HeldWitnesses final {
 public:
  static constexpr std::size_t kMost = 64;

  /// What had to go for it, because there are too many.
  std::optional<Witnessed> hold(Witnessed witness);
  /// Those of this contract, in the order in which they came.
  std::vector<Witnessed> take(core::ContractId contract);
  std::deque<Witnessed> take_all() { return std::exchange(held_, {}); }
  std::size_t size() const { return held_.size(); }

 private:
  std::deque<Witnessed> held_;
};

/// Kept from a link's beginning to its first report. Nothing is lost when it is full: what the
/// report does not hold is polled for.
class EarlyWitnesses final {
 public:
  static constexpr std::size_t kMost = 64;

  /// A new link.
  void begin() { holds_ = true; }
  /// Its report, the next one's, tells what was kept. Until the next link begins, holds() stays.
  void lose_link() { early_.clear(); }
  bool holds() const { return holds_; }
  void hold(Witnessed witness) {
    if (early_.size() < kMost) early_.push_back(std::move(witness));
  }
  /// The report is digested: those that were kept, by the time of their settlement, and nothing is
  /// kept from here on.
  std::vector<Witnessed> end();

 private:
  std::vector<Witnessed> early_;
  bool holds_ = false;
};

class ForeignContracts final {
 public:
  static constexpr std::size_t kMost = 1024;

  /// False: it was told before, as far back as kMost others.
  bool note(core::ContractId contract);
  bool has(core::ContractId contract) const {
    return std::find(seen_.begin(), seen_.end(), contract) != seen_.end();
  }

 private:
  std::deque<core::ContractId> seen_;
};

}  // namespace derivd::engine
