// Owns ContractStreams, the contracts that a session follows by streams of the venue, and those
// that it asks about once. The session hands it the ids that the venue gives to streams and hears
// which are to be forgotten; what a contract is worth or how it ended, it never sees.
#pragma once

#include <vector>

#include "core/ids.hpp"
#include "deriv/frame.hpp"
#include "deriv/requests.hpp"

namespace derivd::deriv {

class ContractStreams final {
 public:
  /// Deriv's docs name 100 streams for a connection (options-api.md section 2.2); balance,
  /// transaction, symbols and contracts together stay below.
  static constexpr std::size_t kMost = 45;
  static constexpr std::size_t kMostPolls = 256;
  static constexpr core::Duration kLongestRetry = std::chrono::seconds(30);

  ContractStreams();

  /// Again after each lost link, until unwatch(). False: there are too many, it is not followed.
  [[nodiscard]] bool watch(core::ContractId contract);
  bool is_watched(core::ContractId contract) const;
  /// Its stream at the venue, to be forgotten; empty: it has none.
  StreamId unwatch(core::ContractId contract);
  /// The venue's id of its stream.
  void name_stream(core::ContractId contract, const StreamId& id);
  /// Once. False: it is asked for already, or too many are.
  bool poll(core::ContractId contract);
  /// Answered, or given up.
  void drop_poll(core::ContractId contract);

  void pump_streams(Requests& requests, const core::Now& now);
  void pump_polls(Requests& requests, const core::Now& now);
  /// A new link: everything is asked for anew, and no id of the old one means anything.
  void restart();
  /// The venue says that the stream of this request is gone.
  void broke(std::int64_t req_id, Requests& requests, const core::Now& now);
  /// The task with this request, or nullptr.
  Task* find(std::int64_t req_id);

 private:
  struct Stream {
    core::ContractId contract;
    Task task;
    StreamId id;
  };
  struct Poll {
    core::ContractId contract;
    Task task;
  };
  Stream* stream_of(core::ContractId contract);

  std::vector<Stream> streams_;
  std::vector<Poll> polls_;
};

}  // namespace derivd::deriv
