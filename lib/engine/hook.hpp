// Owns where a strategy with `virtual:` stands: how many virtual losses in a row it has, how many
// of its real trades it has bought, and the virtual contract at hand. Its slot keeps it; hook.cpp
// moves it. It never knows money: a virtual contract has no stake that anybody paid.
#pragma once

#include <cstdint>
#include <optional>

#include "market/life.hpp"

namespace derivd::engine {

struct HookState {
  bool real = false;
  std::int64_t losses = 0;  // virtual ones in a row
  std::int64_t bought = 0;  // real ones since it became real
  /// Of the process alone: one that was open at a restart is dropped.
  std::optional<market::Life> open;
};

}  // namespace derivd::engine
