// Owns the rules in which the simulated venue can differ from what derivd assumes of the real one,
// each changed by its name (market/assumed.hpp), so that `derivctl proof` can be shown to find it.
// The venue asks for the row in force of each type; what is not named stays as it is everywhere
// else. It never changes the table of kinds itself.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "market/kind.hpp"

namespace derivd::sim {

class VenueRules final {
 public:
  /// "NAME=VALUE". Error (kInvalid): an unknown name, or a value that the rule does not take; the
  /// text lists what there is.
  core::Result<void> change(std::string_view text);

  /// The type as this venue sells it.
  market::ContractType in_force(market::ContractType type) const;
  /// After so many seconds of venue time a link of either dialect over which nothing passes is cut;
  /// empty: as others cut it (connections.hpp).
  std::optional<std::int64_t> idle_after_s() const { return idle_after_s_; }
  /// A limit order is filled one tick after the tick that reached it.
  bool fills_late() const { return fills_late_; }
  /// What a deal cancellation costs here, where others ask for `fee`.
  core::Money fee_of(core::Money fee) const;
  /// The name under which a field of a proposal or of a contract is sent.
  std::string_view field(std::string_view name) const;

 private:
  market::Kind& row(std::string_view type);
  std::map<std::string, std::shared_ptr<market::Kind>, std::less<>> rows_;
  std::optional<std::int64_t> idle_after_s_;
  bool fills_late_ = false;
  bool asks_more_ = false;
  bool renames_offers_ = false;
  bool renames_contracts_ = false;
};

/// The share of the stake at whose loss a multiplier of this row is stopped out, in per cent.
int stop_out_percent(const market::Kind& kind);

/// "NAME=WORD, NAME=NUMBER, …": for --help and for errors.
std::string known_rules();

}  // namespace derivd::sim
