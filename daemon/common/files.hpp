// Owns the reading of files that somebody named on the command line: bounded, whatever is there (a
// device, a pipe without end, a directory). derivctl reads through it. It never knows what a file
// means.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace derivd::daemon {

/// The bytes of a file in their order, through a buffer of its own. "-" is standard input. Regular
/// files, pipes and devices: the bound is the reader's, who stops.
class ByteSource final {
 public:
  /// kNotFound: there is none, or it cannot be read. kInvalid: a directory.
  static core::Result<ByteSource> open(const std::string& path);
  /// For bytes that are there already; they must outlive the source.
  static ByteSource of(std::string_view bytes);

  ByteSource(ByteSource&&) noexcept;
  ByteSource& operator=(ByteSource&&) noexcept;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;
  ~ByteSource();

  /// The next byte, 0 to 255; -1 at the end and after a failure of the disk.
  int next() { return at_ < size_ ? static_cast<unsigned char>(data_[at_++]) : refill(); }
  /// The same without taking it.
  int peek() {
    if (at_ < size_) return static_cast<unsigned char>(data_[at_]);
    const int byte = refill();
    if (byte >= 0) --at_;
    return byte;
  }
  /// Why the bytes ended before the file did; empty: they did not.
  const std::string& failure() const { return failure_; }

 private:
  ByteSource() = default;
  int refill();

  int fd_ = -1;
  std::unique_ptr<std::array<char, 65536>> buffer_;
  const char* data_ = nullptr;
  std::size_t at_ = 0;
  std::size_t size_ = 0;
  std::string failure_;
};

/// The whole file, at most `most` bytes; "-" is standard input. Errors begin with the path.
/// kNotFound: cannot be read; kInvalid: longer, or a directory.
core::Result<std::string> read_file(const std::string& path, std::size_t most);
/// The rest of a source, under the same bound. `path` names it in errors.
core::Result<std::string> read_rest(ByteSource& source, const std::string& path, std::size_t most);

}  // namespace derivd::daemon
