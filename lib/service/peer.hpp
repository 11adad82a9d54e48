// Owns the question who may command the daemon: the peer of a Unix socket as the kernel names it,
// and the rule. The control server asks it for each connection. It never trusts what a client says.
#pragma once

#include <sys/types.h>

#include <optional>
#include <vector>

namespace derivd::service {

struct Peer {
  pid_t pid = 0;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;  // supplementary, as at the moment of connect
};

/// SO_PEERCRED and SO_PEERGROUPS; empty when the kernel does not tell.
std::optional<Peer> peer_of(int fd);

/// Root, the daemon's own user, and members of its own group.
bool may_command(const Peer& peer, uid_t own_uid, gid_t own_gid);

}  // namespace derivd::service
