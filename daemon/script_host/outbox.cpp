#include "script_host/outbox.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>

#include "script/wire.hpp"
#include "script_host/sandbox.hpp"

namespace derivd::script_host {

bool write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(kChannel, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

namespace outbox {
namespace {

/// Of a read of derivd's. What is longer goes out by itself.
constexpr std::size_t kRoom = 64 * 1024;
/// Length, kind, sequence and count.
constexpr std::size_t kQuietFrame = 4 + 1 + 8 + 2;
constexpr std::size_t kSequenceAt = 5;
constexpr std::size_t kCountAt = kSequenceAt + 8;

struct Box {
  std::array<char, kRoom> frames{};
  std::atomic<std::size_t> size{0};
  // Of the quiet answers behind the frames, which are one frame as soon as something follows.
  std::array<char, kQuietFrame> quiet{};
  std::atomic<std::uint64_t> first{0};
  std::atomic<std::uint16_t> count{0};
};
Box box;

/// The frame of the quiet answers: made of one that was encoded when none was at stake, because a
/// handler may allocate nothing.
std::string_view quiet_frame() {
  const auto first = box.first.load();
  for (std::size_t i = 0; i < 8; ++i) {
    box.quiet[kSequenceAt + i] = static_cast<char>(first >> (8 * i) & 0xff);
  }
  const auto count = box.count.load();
  box.quiet[kCountAt] = static_cast<char>(count & 0xff);
  box.quiet[kCountAt + 1] = static_cast<char>(count >> 8);
  return {box.quiet.data(), box.quiet.size()};
}

bool append(std::string_view frame) {
  if (box.size.load() + frame.size() > kRoom) {
    if (!write_all({box.frames.data(), box.size.exchange(0)})) return false;
    if (frame.size() > kRoom) return write_all(frame);
  }
  std::memcpy(box.frames.data() + box.size.load(), frame.data(), frame.size());
  box.size += frame.size();
  return true;
}

bool close_quiet() {
  if (box.count.load() == 0) return true;
  const auto frame = quiet_frame();
  box.count.store(0);
  return append(frame);
}

}  // namespace

void add_quiet(std::uint64_t sequence) {
  if (box.count.load() == 0) {
    std::string frame;
    script::encode(script::Quiet{sequence, 1}, frame);
    std::memcpy(box.quiet.data(), frame.data(), kQuietFrame);
    box.first.store(sequence);
  }
  ++box.count;
}

bool add(const script::FromScript& message) {
  std::string frame;
  script::encode(message, frame);
  return close_quiet() && append(frame);
}

bool flush() { return close_quiet() && write_all({box.frames.data(), box.size.exchange(0)}); }

void flush_at_end() {
  write_all({box.frames.data(), box.size.load()});
  if (box.count.load() > 0) write_all(quiet_frame());
}

}  // namespace outbox
}  // namespace derivd::script_host
