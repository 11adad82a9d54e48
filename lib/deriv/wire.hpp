// Owns Wire and LinkEvents, the two directions between the sans-io session and whoever owns its
// sockets: what the session asks for, and what it is told of. Link implements the one and calls the
// other; tests and the chaos simulator put their own in its place.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/time.hpp"
#include "deriv/settings.hpp"

namespace derivd::deriv {

/// Who owns the link is told of it by these. One at a time, on the loop thread.
class LinkEvents {
 public:
  virtual void on_http(int status, std::string_view body, const core::Now& now) = 0;
  virtual void on_http_failed(std::string_view reason, const core::Now& now) = 0;
  virtual void on_open(const core::Now& now) = 0;
  /// `capacity`: readable bytes from frame.data(), at least size + 64.
  virtual void on_frame(std::string_view frame, std::size_t capacity, const core::Now& now) = 0;
  /// `http_status`: 0, or the refusal of the upgrade.
  virtual void on_closed(int http_status, std::string_view reason, const core::Now& now) = 0;

 protected:
  ~LinkEvents() = default;
};

struct HttpCall {
  std::string method;
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;  // hold the token
};

/// What the session asks of the shell. Calls return at once; answers come as events later.
class Wire {
 public:
  virtual void http(const HttpCall& call) = 0;    // → on_http or on_http_failed
  virtual void open(const std::string& url) = 0;  // → on_open or on_closed; may hold a password
  virtual void send(std::string_view frame) = 0;
  virtual void close() = 0;  // → on_closed
  /// Of everything that is opened from now on: whom to trust, and which proxy to go through.
  virtual void use(const VenueAddress& /*address*/) {}

 protected:
  ~Wire() = default;
};

}  // namespace derivd::deriv
