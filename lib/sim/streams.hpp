// Owns the streams of one connection: what each follows and what of the request that it repeats.
// The calls add them, the publisher walks them. It never looks at what is streamed.
//
// What always holds (CHECK): no two streams of a connection have the same key or the same id, and
// there are at most kMaxStreams.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.hpp"
#include "sim/deal.hpp"
#include "sim/wire.hpp"

namespace derivd::sim {

inline constexpr std::size_t kMaxStreams = 100;  // per connection

struct Stream {
  enum class Kind : std::uint8_t {
    kTicks,
    kHistory,
    kCandles,
    kProposal,
    kOpenContract,
    kOpenContracts,
    kBalance,
    kTransaction,
    kWebsiteStatus,
  } kind = Kind::kTicks;
  std::string id;
  std::string key;  // equal keys are the same subscription
  Envelope envelope;
  std::size_t symbol = 0;        // kTicks, kHistory, kCandles, kProposal
  std::int64_t granularity = 0;  // kCandles
  bool all_accounts = false;     // kBalance
  core::ContractId contract;     // kOpenContract
  std::optional<Order> order;    // kProposal
  std::string last;              // kProposal: the payload sent last

  bool follows_quotes_of(std::size_t index) const {
    return symbol == index &&
           (kind == Kind::kTicks || kind == Kind::kHistory || kind == Kind::kCandles);
  }
  /// It ends when its connection is no longer the account's.
  bool is_of_account() const;
  /// How forget_all calls what it is.
  std::string_view group() const;
};

class Streams final {
 public:
  enum class Refusal : std::uint8_t { kAlready, kFull };
  /// Why a subscription of this key is not possible; empty: it is.
  std::optional<Refusal> refusal(std::string_view key) const;
  /// Only when nothing refuses it (CHECK). The place is good until the next change.
  Stream& add(Stream stream);
  void drop(const std::function<bool(const Stream&)>& which);

  std::size_t size() const { return list_.size(); }
  bool full() const { return list_.size() >= kMaxStreams; }
  std::size_t count(Stream::Kind kind) const;
  /// In the order of subscription.
  auto begin() { return list_.begin(); }
  auto end() { return list_.end(); }
  auto begin() const { return list_.begin(); }
  auto end() const { return list_.end(); }

 private:
  std::vector<Stream> list_;
};

}  // namespace derivd::sim
