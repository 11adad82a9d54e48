// Owns what the form of an account's id says. The opening of a session and whoever reads a journal,
// which has the id alone, ask here. It never says that an account is of real money.
#pragma once

#include <string_view>

namespace derivd::deriv {

/// Demo logins of v3 begin with VRT (VRTC) or VRW (wallets). Of any other nothing is known: the
/// ids of the current API do not tell.
inline bool is_demo_id(std::string_view id) {
  return id.starts_with("VRT") || id.starts_with("VRW");
}

}  // namespace derivd::deriv
