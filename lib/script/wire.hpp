// Owns the bytes of the messages between derivd and a script's process: frames of a length and a
// body. Both programs write and read with it. Reading is bounded and refuses whatever no writer
// gives: an unknown kind, a short or long body, a text beyond its bound.
//
// A frame: four bytes of length of what follows, one of kind, the fields in their order. Numbers
// are little-endian; a text is four bytes of length and its bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "script/ahead.hpp"
#include "script/message.hpp"

namespace derivd::script {

/// The longest frame in either direction: a Setup with everything at its bound.
inline constexpr std::size_t kMaxFrame = 1024 * 1024;

/// Appends the frame of a message.
void encode(const ToScript& message, std::string& out);
void encode(const FromScript& message, std::string& out);
void encode(const Ticks& message, std::string& out);
void encode(const Quiet& message, std::string& out);

/// The body of one frame, without its length. Errors are kProtocol.
core::Result<ToScript> decode_to_script(std::string_view body);
core::Result<FromScript> decode_from_script(std::string_view body);
/// The same of a back-test, which may ask ahead.
core::Result<ToProcess> decode_to_process(std::string_view body);
core::Result<FromProcess> decode_from_process(std::string_view body);

/// Cuts a stream of bytes into frames.
class Frames final {
 public:
  void add(std::string_view bytes);
  /// The next whole body, good until the next call of add(); empty: there is none yet.
  core::Result<std::optional<std::string_view>> next();
  std::size_t buffered() const { return buffer_.size() - done_; }

 private:
  std::string buffer_;
  std::size_t done_ = 0;
};

}  // namespace derivd::script
