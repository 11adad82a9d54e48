// Owns Decoder, which turns one text frame of either dialect into a Frame. The session calls it for
// every message, on the loop thread. It never fills in a missing field, never rounds a number and
// never keeps a reference to the frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "core/result.hpp"
#include "deriv/frame.hpp"
#include "deriv/wire_names.hpp"

namespace derivd::deriv {

/// Larger lists mean a peer gone wrong. A profit table page has at most 500 rows by its schema, a
/// history 5000 ticks, active_symbols some 200 rows.
inline constexpr std::size_t kMaxRows = 5000;

class Decoder final {
 public:
  explicit Decoder(const WireNames& names);
  ~Decoder();

  /// Amounts are read in so many decimals from now on: those of the account's currency. Two before.
  void set_money_decimals(std::uint8_t decimals);

  /// Keys in any order, one forward pass, numbers from their text. `capacity` is how many bytes may
  /// be read from frame.data(); with fewer than size + 64 the frame is copied first. On error,
  /// which names the field, `out` still has the req_id if it could be read, and nothing else of
  /// worth. Does not allocate for ticks once it has seen a frame of that size.
  core::Result<void> decode(std::string_view frame, std::size_t capacity, Frame& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace derivd::deriv
