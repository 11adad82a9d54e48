#include "execution/order.hpp"

#include <array>
#include <utility>

namespace derivd::execution {
namespace {

constexpr std::array kStates{OrderState::kIntended, OrderState::kUnknown, OrderState::kOpen,
                             OrderState::kRefused,  OrderState::kAbsent,  OrderState::kSettled};
constexpr std::array kOutcomes{Outcome::kNone,      Outcome::kWon,  Outcome::kLost,
                               Outcome::kBreakEven, Outcome::kSold, Outcome::kCancelled};

}  // namespace

std::string_view name_of(OrderState state) {
  switch (state) {
    case OrderState::kIntended:
      return "intended";
    case OrderState::kUnknown:
      return "unknown";
    case OrderState::kOpen:
      return "open";
    case OrderState::kRefused:
      return "refused";
    case OrderState::kAbsent:
      return "absent";
    case OrderState::kSettled:
      return "settled";
  }
  return "?";
}

std::optional<OrderState> order_state_from(std::string_view name) {
  for (const auto state : kStates) {
    if (name_of(state) == name) return state;
  }
  return std::nullopt;
}

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kNone:
      return "none";
    case Outcome::kWon:
      return "won";
    case Outcome::kLost:
      return "lost";
    case Outcome::kBreakEven:
      return "break_even";
    case Outcome::kSold:
      return "sold";
    case Outcome::kCancelled:
      return "cancelled";
  }
  return "?";
}

std::optional<Outcome> outcome_from(std::string_view name) {
  for (const auto outcome : kOutcomes) {
    if (name_of(outcome) == name) return outcome;
  }
  return std::nullopt;
}

std::string_view name_of(Witness witness) {
  switch (witness) {
    case Witness::kNone:
      return "none";
    case Witness::kContractStream:
      return "contract_stream";
    case Witness::kTransaction:
      return "transaction";
    case Witness::kPoll:
      return "poll";
    case Witness::kReconciliation:
      return "reconciliation";
  }
  return "?";
}

}  // namespace derivd::execution
