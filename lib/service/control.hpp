// Owns the control socket: a Unix stream socket, one JSON object a line each way. derivd serves it
// on the loop, derivctl calls it and waits. The server accepts only root, its own user and members
// of its own group, by SO_PEERCRED, and bounds every line. It never knows what a command means.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "core/time.hpp"

namespace boost::asio {
class io_context;
}

namespace derivd::service {

inline constexpr std::size_t kMaxControlLine = 64UL * 1024;  // of a request
/// Of an answer, and of all answers together that clients have not read yet.
inline constexpr std::size_t kMaxControlReply = 64UL << 20;
inline constexpr std::size_t kMaxControlClients = 16;
/// Places that only owners (root, the daemon's own user) have, whatever the group's members do.
inline constexpr std::size_t kOwnersPlaces = 4;
/// Of any one other user. One more takes the place of the one that was idle longest.
inline constexpr std::size_t kMaxClientsOfUser = 4;

/// What a handler is told beside the line. `owner`: root or the daemon's own user, by the kernel's
/// word, who alone may hand it a secret; a member of the group is none.
struct ControlPeer {
  bool owner = false;
};

class ControlServer {
 public:
  virtual ~ControlServer() = default;  // removes the socket
};
/// `handle` gets one request line and returns one answer line (no newline in either).
core::Result<std::unique_ptr<ControlServer>> serve_control(
    boost::asio::io_context& io, const std::string& path,
    std::function<std::string(std::string_view)> handle);
/// The same for a handler that asks who speaks. Lines may hold a secret: they are wiped after use.
core::Result<std::unique_ptr<ControlServer>> serve_control(
    boost::asio::io_context& io, const std::string& path,
    std::function<std::string(std::string_view, const ControlPeer&)> handle);

/// Blocking. The request's copies are wiped. kNotFound: nobody listens. kTimeout: no answer in
/// time.
core::Result<std::string> call_control(const std::string& path, std::string_view request,
                                       core::Duration timeout);

}  // namespace derivd::service
