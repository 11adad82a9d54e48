#include "deriv/contract_streams.hpp"

#include <algorithm>

#include "core/check.hpp"

namespace derivd::deriv {

ContractStreams::ContractStreams() {
  streams_.reserve(kMost);
  polls_.reserve(kMostPolls);
}

ContractStreams::Stream* ContractStreams::stream_of(core::ContractId contract) {
  const auto at = std::ranges::find(streams_, contract, &Stream::contract);
  return at == streams_.end() ? nullptr : &*at;
}

bool ContractStreams::is_watched(core::ContractId contract) const {
  return std::ranges::find(streams_, contract, &Stream::contract) != streams_.end();
}

bool ContractStreams::watch(core::ContractId contract) {
  if (is_watched(contract)) return true;
  if (streams_.size() >= kMost) return false;
  auto& stream = streams_.emplace_back();
  stream.contract = contract;
  stream.task.want();
  return true;
}

StreamId ContractStreams::unwatch(core::ContractId contract) {
  const auto* stream = stream_of(contract);
  if (stream == nullptr) return {};
  const auto id = stream->id;
  std::erase_if(streams_, [&](const Stream& s) { return s.contract == contract; });
  return id;
}

void ContractStreams::name_stream(core::ContractId contract, const StreamId& id) {
  if (auto* stream = stream_of(contract)) stream->id = id;
}

bool ContractStreams::poll(core::ContractId contract) {
  const bool wanted = std::ranges::find(polls_, contract, &Poll::contract) != polls_.end();
  if (wanted || polls_.size() >= kMostPolls) return false;
  polls_.push_back({contract, {}});
  polls_.back().task.want();
  return true;
}

void ContractStreams::drop_poll(core::ContractId contract) {
  std::erase_if(polls_, [&](const Poll& p) { return p.contract == contract; });
}

void ContractStreams::pump_streams(Requests& requests, const core::Now& now) {
  DERIVD_CHECK(streams_.size() <= kMost, "no more streams than the venue has");
  for (auto& stream : streams_) {
    if (!requests.due(stream.task, Call::kWatch, now)) continue;
    requests.ask(stream.task, Call::kWatch, stream.contract.value, now, &Encoder::open_contract,
                 stream.contract, true);
  }
}

void ContractStreams::pump_polls(Requests& requests, const core::Now& now) {
  for (auto& poll : polls_) {
    if (!requests.due(poll.task, Call::kPoll, now)) continue;
    requests.ask(poll.task, Call::kPoll, poll.contract.value, now, &Encoder::open_contract,
                 poll.contract, false);
  }
}

void ContractStreams::restart() {
  for (auto& stream : streams_) {
    stream.task.want();
    stream.id = {};
  }
  for (auto& poll : polls_) poll.task.want();
}

void ContractStreams::broke(std::int64_t req_id, Requests& requests, const core::Now& now) {
  for (auto& stream : streams_) {
    const bool is_it = stream.task.done() && stream.task.req_id == req_id;
    if (is_it) requests.again(stream.task, kLongestRetry, now);
  }
}

Task* ContractStreams::find(std::int64_t req_id) {
  for (auto& stream : streams_) {
    if (stream.task.req_id == req_id) return &stream.task;
  }
  for (auto& poll : polls_) {
    if (poll.task.req_id == req_id) return &poll.task;
  }
  return nullptr;
}

}  // namespace derivd::deriv
