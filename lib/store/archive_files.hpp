// Owns how the tick archive meets the disk: directories that are held open, and files that are
// opened beneath them once, never through a link. The archive reads and writes through it, from any
// thread. It never follows what somebody else may have planted, and leaves nothing behind that the
// archive's owner cannot use.
//
// Root works in the daemon's directory (`derivctl ticks import`), and whoever became the daemon's
// user controls every name in there. So the path is walked one name at a time, and from the first
// name on that belongs to another user than root, files are opened with that user's rights alone
// (setfsuid(2), for this thread and the length of one call): what he may not touch stays closed to
// root, too, and what is made is his.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"

namespace derivd::store {

/// A descriptor that is closed with its scope.
class File final {
 public:
  explicit File(int fd = -1) : fd_(fd) {}
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~File();
  int fd() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

/// An open directory. Errors: kNotFound, kIo with path and reason, and whose it is where that is
/// the reason.
class Folder final {
 public:
  enum class Use : bool {
    kRead,
    kWrite,  // missing ones are made, and root works with the rights of their owner
  };
  /// Links on the way to it are followed, each with the rights of whoever made it. kWrite: the last
  /// name of `path` is made when it is missing.
  static core::Result<Folder> open(const std::string& path, Use use);
  /// The directory `name` beneath this one, which is no link. kWrite: made when it is missing.
  core::Result<Folder> sub(const std::string& name, Use use) const;

  const std::string& path() const { return path_; }
  /// Whatever is in there, in alphabetical order.
  core::Result<std::vector<std::string>> names() const;
  /// Whole content of a regular file of `most` bytes at most; kInvalid: more, or no file.
  core::Result<std::string> read(const std::string& name, std::size_t most) const;
  /// The file is there with all of `bytes`, or as it was; on return it survives a power cut.
  core::Result<void> replace(const std::string& name, std::string_view bytes) const;
  /// `bytes` behind the first `whole` bytes of the file, anything behind those is cut off; a write
  /// that fails leaves no part of it. kRefused: the file has another name somewhere, which would be
  /// written too; nothing was changed.
  core::Result<void> append(const std::string& name, std::size_t whole,
                            std::string_view bytes) const;
  /// The lock of `name`, which is made; the kernel frees it with the descriptor. kTimeout: another
  /// process has had it for `wait`.
  core::Result<File> lock(const std::string& name, core::Duration wait) const;

 private:
  struct Owner {
    uid_t uid;
    gid_t gid;
  };
  class Acting;
  class Walk;
  Folder(File directory, std::string path, std::optional<Owner> owner)
      : directory_(std::move(directory)), path_(std::move(path)), owner_(owner) {}
  core::Error failed(const std::string& name, std::string_view what, int error) const;

  File directory_;
  std::string path_;
  std::optional<Owner> owner_;  // whose rights are used instead of root's
};

}  // namespace derivd::store
