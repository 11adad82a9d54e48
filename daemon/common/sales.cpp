#include "common/sales.hpp"

#include <algorithm>

namespace derivd::daemon {

bool Sales::may_ask(core::ContractId contract) const {
  const auto* sale = find(contract);
  return sale == nullptr || sale->state == State::kFailed;
}

void Sales::asked(core::ContractId contract) {
  std::erase_if(sales_, [&](const Sale& s) { return s.contract == contract; });
  sales_.push_back({contract, State::kAsked, {}});
  if (sales_.size() > kKept) sales_.pop_front();
}

void Sales::answered(core::ContractId contract, State state, std::string_view reason) {
  for (auto& sale : sales_) {
    if (sale.contract != contract) continue;
    sale.state = state;
    sale.reason = std::string(reason);
  }
}

const Sales::Sale* Sales::find(core::ContractId contract) const {
  const auto at = std::find_if(sales_.begin(), sales_.end(),
                               [&](const Sale& s) { return s.contract == contract; });
  return at == sales_.end() ? nullptr : &*at;
}

bool is_unclear(std::string_view code) {
  return code == "NoAnswer" || code == "LinkLost" || code == "FrameRefused";
}

}  // namespace derivd::daemon
