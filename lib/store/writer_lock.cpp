#include "store/writer_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace derivd::store {
namespace {

// A lock file that somebody removes while we open it is made anew; not for ever.
constexpr int kTries = 5;

bool still_there(int fd, const std::string& path) {
  struct stat ours {};
  struct stat named {};
  return ::fstat(fd, &ours) == 0 && ::stat(path.c_str(), &named) == 0 &&
         ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

/// The lock file; -1 and errno. One that root makes in another user's directory (a daemon that was
/// started by hand) is that user's, who could not start with it otherwise.
int open_lock(const std::string& path) {
  constexpr int kHow = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  const int fresh = ::open(path.c_str(), kHow | O_CREAT | O_EXCL, 0600);
  if (fresh < 0) return errno == EEXIST ? ::open(path.c_str(), kHow) : -1;
  struct stat directory {};
  const auto parent = path.substr(0, path.find_last_of('/') + 1);
  if (::geteuid() == 0 && ::stat(parent.empty() ? "." : parent.c_str(), &directory) == 0 &&
      directory.st_uid != 0 && ::fchown(fresh, directory.st_uid, directory.st_gid) != 0) {
    ::close(fresh);
    return -1;
  }
  return fresh;
}

}  // namespace

core::Result<WriterLock> WriterLock::take(const std::string& journal_path) {
  const auto path = journal_path + "-lock";
  for (int i = 0; i < kTries; ++i) {
    const int fd = open_lock(path);
    if (fd < 0) {
      if (errno == ENOENT && i + 1 < kTries) continue;  // it went between two attempts to open it
      return core::io_error(
          fmt::format("{}: cannot open: {}; check that the directory exists and "
                      "is writable for this user",
                      path, std::strerror(errno)));
    }
    WriterLock lock(fd);
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) {
        return core::Error{core::ErrorKind::kRefused,
                           fmt::format("{}: another derivd writes this journal; stop that one, or "
                                       "give this one a store.path of its own",
                                       journal_path)};
      }
      return core::io_error(fmt::format("{}: cannot lock: {}", path, std::strerror(errno)));
    }
    if (still_there(fd, path)) return lock;
  }
  return core::io_error(fmt::format("{}: vanishes while it is being locked", path));
}

WriterLock::~WriterLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace derivd::store
