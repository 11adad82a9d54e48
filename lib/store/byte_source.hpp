// Owns the bytes of a tick file as they are read from front to back: a plain file or one that gzip
// compressed, which its first two bytes tell, or a text in memory. The readers of tick files pull
// from it. It holds a window, never the file, and takes no byte on trust: a compressed file that is
// cut off or damaged is an error, not an end.
#pragma once

#include <zlib.h>

#include <memory>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "store/archive_files.hpp"

namespace derivd::store {

class ByteSource final {
 public:
  /// kNotFound: no such file; kIo: it cannot be read.
  static core::Result<std::unique_ptr<ByteSource>> open(const std::string& path);
  /// `file` is read from where it stands; `name` is for messages.
  static std::unique_ptr<ByteSource> of(File file, std::string name);
  static std::unique_ptr<ByteSource> of(std::string text, std::string name);
  ~ByteSource();
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  /// As many as `size` bytes, fewer at the end alone; 0: the end. Errors name the file: kIo it
  /// cannot be read, kInvalid it is no whole gzip file.
  core::Result<std::size_t> read(char* out, std::size_t size);

  const std::string& name() const { return name_; }
  /// Known after the first read().
  bool compressed() const { return inflating_; }

 private:
  explicit ByteSource(std::string name) : name_(std::move(name)) {}
  core::Result<void> begin();
  core::Result<void> refill();
  core::Result<std::size_t> inflate_into(char* out, std::size_t size);

  std::string name_;
  File file_;
  std::vector<char> window_;
  std::size_t at_ = 0;   // of the window
  std::size_t end_ = 0;  // of what is in it
  bool eof_ = false;     // nothing more to read into it
  bool begun_ = false;
  bool inflating_ = false;
  bool between_members_ = false;  // of a gzip file, which may have several
  z_stream stream_{};
};

}  // namespace derivd::store
