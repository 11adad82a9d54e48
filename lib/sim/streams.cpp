#include "sim/streams.hpp"

#include <algorithm>

#include "core/check.hpp"

namespace derivd::sim {

bool Stream::is_of_account() const {
  return kind == Kind::kBalance || kind == Kind::kTransaction || kind == Kind::kOpenContract ||
         kind == Kind::kOpenContracts;
}

std::string_view Stream::group() const {
  switch (kind) {
    case Kind::kTicks:
    case Kind::kHistory:
      return "ticks";
    case Kind::kCandles:
      return "candles";
    case Kind::kProposal:
      return "proposal";
    case Kind::kOpenContract:
    case Kind::kOpenContracts:
      return "proposal_open_contract";
    case Kind::kBalance:
      return "balance";
    case Kind::kTransaction:
      return "transaction";
    case Kind::kWebsiteStatus:
      return "website_status";
  }
  return "";
}

std::optional<Streams::Refusal> Streams::refusal(std::string_view key) const {
  if (std::any_of(begin(), end(), [&](const Stream& s) { return s.key == key; }))
    return Refusal::kAlready;
  if (full()) return Refusal::kFull;
  return std::nullopt;
}

Stream& Streams::add(Stream stream) {
  DERIVD_CHECK(!refusal(stream.key), "a stream is added where it is possible");
  DERIVD_CHECK(std::none_of(begin(), end(), [&](const Stream& s) { return s.id == stream.id; }),
               "a stream has an id of its own");
  return list_.emplace_back(std::move(stream));
}

void Streams::drop(const std::function<bool(const Stream&)>& which) { std::erase_if(list_, which); }

std::size_t Streams::count(Stream::Kind kind) const {
  return static_cast<std::size_t>(
      std::count_if(begin(), end(), [&](const Stream& s) { return s.kind == kind; }));
}

}  // namespace derivd::sim
