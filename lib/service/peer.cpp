#include "service/peer.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace derivd::service {

std::optional<Peer> peer_of(int fd) {
  struct ucred credential {};
  socklen_t size = sizeof credential;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credential, &size) != 0) return std::nullopt;
  Peer peer{credential.pid, credential.uid, credential.gid, {}};
  socklen_t bytes = 0;
  // First call: too small on purpose, the kernel answers with the size (socket(7), since 4.13).
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, nullptr, &bytes) != 0 && errno == ERANGE) {
    peer.groups.resize(bytes / sizeof(gid_t));
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, peer.groups.data(), &bytes) != 0) {
      peer.groups.clear();
    }
  }
  return peer;
}

bool may_command(const Peer& peer, uid_t own_uid, gid_t own_gid) {
  return peer.uid == 0 || peer.uid == own_uid || peer.gid == own_gid ||
         std::find(peer.groups.begin(), peer.groups.end(), own_gid) != peer.groups.end();
}

}  // namespace derivd::service
