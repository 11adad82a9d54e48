// Owns the shape of what the simulated venue sends over its sockets: the envelope around every
// payload and the error object. The venue's call handlers build all frames through it. It never
// knows what a payload means.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "sim/calls.hpp"
#include "sim/json.hpp"

namespace derivd::sim {

/// What a reply and all stream frames born of a request repeat. Each is encoded JSON; req_id and
/// passthrough are empty when the request had none.
struct Envelope {
  std::string echo;
  std::string req_id = {};
  std::string passthrough = {};
};
/// `hide` names a member whose value becomes "<not shown>" (the token of authorize).
Envelope envelope_of(const Json& request, std::string_view hide = {});

struct WireError {
  std::string code;
  std::string message;
  std::string field = {};    // becomes details.field
  std::string subcode = {};  // options only
  std::string details = {};  // a whole JSON object, instead of `field`
};
[[noreturn]] void throw_exception_from_error(const WireError& e, const boost::source_location&);
template <class T>
using Answer = boost::system::result<T, WireError>;

/// {"echo_req":…,"msg_type":…,KEY:PAYLOAD,"req_id":…,"subscription":{"id":…}}
std::string frame(const Envelope& envelope, std::string_view msg_type, std::string_view key,
                  std::string_view payload, std::string_view subscription = {});
std::string error_frame(const Envelope& envelope, std::string_view msg_type, const WireError& error,
                        Dialect dialect);

}  // namespace derivd::sim
