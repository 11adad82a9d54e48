// Owns Sales: the open contracts whose early sale was asked for, and what is known of it. The
// engine asks it before it sells, so that nothing is sold twice; it learns the venue's answers. It
// sends nothing and books nothing.
#pragma once

#include <boost/container/flat_map.hpp>
#include <optional>
#include <vector>

#include "core/ids.hpp"
#include "core/time.hpp"

namespace derivd::engine {

/// A sale that was asked for and not settled yet.
struct Sale {
  bool confirmed = false;  // the venue said that it is sold
  bool by_rule = false;    // of `exit:`
  bool cancel = false;     // by its deal cancellation
  /// Whether it was done is not known; the venue's time then. Its books decide.
  std::optional<core::VenueTime> unclear = {};
};

/// Invariant: a sale that the venue confirmed is never unclear again.
class Sales final {
 public:
  void ask(core::ContractId contract, bool by_rule, bool cancel);
  /// Asked for in an earlier run, whose answer is not known.
  void restore(core::ContractId contract, bool by_rule, bool cancel, core::VenueTime clock);
  /// nullptr: none was asked for, or it is settled by now.
  const Sale* find(core::ContractId contract) const;
  bool has(core::ContractId contract) const { return sales_.contains(contract); }
  bool empty() const { return sales_.empty(); }
  /// Forgets it: settled, or proven not to have been done.
  std::optional<Sale> take(core::ContractId contract);

  /// The venue's word that it is sold; nullptr as find().
  const Sale* confirm(core::ContractId contract);
  /// No answer will come. nullptr: nothing changes by that, its outcome is known or already
  /// unclear.
  const Sale* lose(core::ContractId contract, core::VenueTime clock);
  /// Whose books of `as_of` prove by this contract being open that it was not sold.
  bool is_disproved(core::ContractId contract, core::VenueTime as_of) const;

  std::vector<core::ContractId> contracts() const;
  bool any_unclear() const;
  /// Some answer is still to come.
  bool awaits_answer() const;

 private:
  boost::container::flat_map<core::ContractId, Sale> sales_;
};

}  // namespace derivd::engine
