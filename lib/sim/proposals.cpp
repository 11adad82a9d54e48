#include "sim/proposals.hpp"

#include <algorithm>

#include "core/check.hpp"

namespace derivd::sim {

void Proposals::add(Proposal proposal) {
  DERIVD_CHECK(!find(proposal.id), "a proposal has an id of its own");
  list_.push_back(std::move(proposal));
  if (list_.size() > kMaxProposals) list_.pop_front();
}

std::optional<Proposal> Proposals::find(std::string_view id) const {
  const auto found =
      std::find_if(list_.begin(), list_.end(), [&](const Proposal& p) { return p.id == id; });
  return found == list_.end() ? std::nullopt : std::optional(*found);
}

void Proposals::requote(std::string_view id, const venue::Quote& quote) {
  for (auto& p : list_)
    if (p.id == id) p.quote = quote;
}

void Proposals::erase(std::string_view id) {
  std::erase_if(list_, [&](const Proposal& p) { return p.id == id; });
}

}  // namespace derivd::sim
