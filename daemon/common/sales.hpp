// Owns the words about early sales: which contracts were asked to be sold and what the venue said.
// Trader keeps one; control requests read it until the verdict is there. It sends nothing and books
// nothing: the settlement of a sold contract comes by the engine's witnesses as any other.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "core/ids.hpp"

namespace derivd::daemon {

class Sales final {
 public:
  /// Sales that are remembered; the oldest is forgotten first.
  static constexpr std::size_t kKept = 256;

  enum class State : std::uint8_t {
    kAsked,
    kSold,     // the venue said so
    kUnclear,  // no answer: the contract's own reports will tell
    kFailed,   // the venue proved that it was not sold
  };
  struct Sale {
    core::ContractId contract;
    State state = State::kAsked;
    std::string reason;
    bool by_rule = false;  // of `exit:`: the engine tells people of it
  };

  void asked(core::ContractId contract, bool by_rule);
  void answered(core::ContractId contract, State state, std::string_view reason);
  /// Null: never asked, or forgotten.
  const Sale* find(core::ContractId contract) const;

 private:
  std::deque<Sale> sales_;
};

/// Whether the code of a fact::SellFailed leaves it open what happened.
bool is_unclear(std::string_view code);

}  // namespace derivd::daemon
