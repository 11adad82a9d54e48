#include "common/sales.hpp"

#include <algorithm>

namespace derivd::daemon {

void Sales::asked(core::ContractId contract, bool by_rule) {
  std::erase_if(sales_, [&](const Sale& s) { return s.contract == contract; });
  sales_.push_back({contract, State::kAsked, {}, by_rule});
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
