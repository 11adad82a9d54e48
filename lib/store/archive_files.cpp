#include "store/archive_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <thread>

namespace derivd::store {
namespace {

constexpr auto kLockPoll = std::chrono::milliseconds(5);
/// A lock file that somebody removes while we open it is made anew; not for ever.
constexpr int kLockTries = 5;
/// As many as the kernel itself follows (path_resolution(7)).
constexpr int kMaxLinks = 40;
constexpr mode_t kDirectoryMode = 0750;
constexpr mode_t kFileMode = 0640;
/// What every open has: no link, no waiting for the other end of a pipe, nothing for children.
constexpr int kSafely = O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;

core::Error io(const std::string& path, std::string_view what, int error) {
  return core::io_error(fmt::format("{}: cannot {}: {}", path, what, std::strerror(error)));
}

std::string user_name(uid_t uid) {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> text{};
  ::getpwuid_r(uid, &entry, text.data(), text.size(), &found);
  return found != nullptr ? found->pw_name : std::to_string(uid);
}
std::string group_name(gid_t gid) {
  group entry{};
  group* found = nullptr;
  std::array<char, 4096> text{};
  ::getgrgid_r(gid, &entry, text.data(), text.size(), &found);
  return found != nullptr ? found->gr_name : std::to_string(gid);
}

/// For a refusal because of rights: whose `path` is, and how `uid` gets it.
std::string whose_it_is(const std::string& path, uid_t owner, uid_t uid, gid_t gid) {
  return fmt::format("; {} belongs to {}: \"chown -R {}:{} {}\" as root gives it to {}", path,
                     user_name(owner), user_name(uid), group_name(gid), path, user_name(uid));
}

// The groups of this thread alone: the C library's wrapper changes those of every thread.
bool set_thread_groups(const std::vector<gid_t>& groups) {
#ifdef SYS_setgroups32
  constexpr long kCall = SYS_setgroups32;
#else
  constexpr long kCall = SYS_setgroups;
#endif
  return ::syscall(kCall, groups.size(), groups.data()) == 0;
}

std::vector<gid_t> own_groups() {
  std::vector<gid_t> out(static_cast<std::size_t>(std::max(::getgroups(0, nullptr), 0)));
  const int n = ::getgroups(static_cast<int>(out.size()), out.data());
  out.resize(static_cast<std::size_t>(std::max(n, 0)));
  return out;
}

core::Result<void> write_all(int fd, const std::string& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io(path, "be written", errno);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

/// While it lives, this thread opens files with the owner's rights alone. Only root can and need.
class Folder::Acting final {
 public:
  explicit Acting(const std::optional<Owner>& owner) {
    if (!owner) return;
    acts_ = true;
    groups_ = own_groups();
    failed_ = !set_thread_groups({});
    ::setfsgid(owner->gid);
    ::setfsuid(owner->uid);
    // They return what was in force, and an identity that does not exist changes nothing.
    failed_ = failed_ || static_cast<gid_t>(::setfsgid(static_cast<gid_t>(-1))) != owner->gid ||
              static_cast<uid_t>(::setfsuid(static_cast<uid_t>(-1))) != owner->uid;
  }
  ~Acting() {
    if (!acts_) return;
    ::setfsuid(::geteuid());
    ::setfsgid(::getegid());
    (void)set_thread_groups(groups_);
  }
  Acting(const Acting&) = delete;
  Acting& operator=(const Acting&) = delete;
  bool failed() const { return failed_; }

 private:
  bool acts_ = false;
  bool failed_ = false;
  std::vector<gid_t> groups_;
};

/// One path from its beginning, name by name. What was looked at is what is gone through: a name
/// that is changed meanwhile changes nothing.
class Folder::Walk final {
 public:
  explicit Walk(const std::string& path) : path_(path) { push(path); }

  core::Result<Folder> run() {
    const bool absolute = path_.starts_with('/');
    at_ = File(::open(absolute ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!at_) return io(path_, "be reached", errno);
    if (auto r = look(at_); !r) return r.error();
    while (!todo_.empty()) {
      const auto name = std::move(todo_.front());
      todo_.pop_front();
      if (auto r = step(name); !r) return r.error();
    }
    File directory(::openat(at_.fd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory) return whose("be opened", errno);
    return Folder(std::move(directory), path_, owner_);
  }

 private:
  void push(std::string_view path) {
    std::vector<std::string> names;
    for (std::size_t at = 0; at < path.size();) {
      const auto end = std::min(path.find('/', at), path.size());
      if (end > at) names.emplace_back(path.substr(at, end - at));
      at = end + 1;
    }
    todo_.insert(todo_.begin(), names.begin(), names.end());
  }

  core::Result<void> step(const std::string& name) {
    File next(::openat(at_.fd(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!next && errno == ENOENT && todo_.empty()) {
      if (::mkdirat(at_.fd(), name.c_str(), kDirectoryMode) != 0 && errno != EEXIST) {
        return whose("be made", errno);
      }
      next = File(::openat(at_.fd(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    }
    if (!next) return whose("be reached", errno);
    if (auto r = look(next); !r) return r;
    if (!S_ISLNK(seen_.st_mode)) {
      if (!S_ISDIR(seen_.st_mode)) return io(path_, "be made", ENOTDIR);
      at_ = std::move(next);
      return {};
    }
    if (++links_ > kMaxLinks) return io(path_, "be reached", ELOOP);
    std::array<char, 4096> target{};
    const auto length = ::readlinkat(next.fd(), "", target.data(), target.size());
    if (length <= 0) return io(path_, "be reached", length < 0 ? errno : ENOENT);
    const std::string_view text(target.data(), static_cast<std::size_t>(length));
    if (text.starts_with('/')) at_ = File(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    push(text);
    return {};
  }

  /// Whose it is; from the first stranger on everything is done with his rights.
  core::Result<void> look(const File& file) {
    if (::fstat(file.fd(), &seen_) != 0) return io(path_, "be looked at", errno);
    if (owner_ || seen_.st_uid == 0 || ::geteuid() != 0) return {};
    owner_ = Owner{seen_.st_uid, seen_.st_gid};
    acting_.emplace(owner_);
    if (acting_->failed()) {
      return core::io_error(fmt::format("{}: belongs to {}, whose rights this process cannot take",
                                        path_, user_name(owner_->uid)));
    }
    return {};
  }

  core::Error whose(std::string_view what, int error) const {
    // Where a link led is nothing to be given away.
    if (links_ > 0) return io(path_ + ", through a symbolic link", what, error);
    const Folder here(File(::fcntl(at_.fd(), F_DUPFD_CLOEXEC, 0)), path_, owner_);
    return here.failed({}, what, error);
  }

  const std::string path_;
  std::deque<std::string> todo_;
  File at_;
  struct stat seen_ {};
  int links_ = 0;
  std::optional<Owner> owner_;
  std::optional<Acting> acting_;
};

core::Result<Folder> Folder::open(const std::string& path, Use use) {
  if (use == Use::kWrite) return Walk(path).run();
  File directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory) return Folder(std::move(directory), path, {});
  const int error = errno;
  if (error == ENOENT) {
    return core::Error{core::ErrorKind::kNotFound, fmt::format("{}: no such directory", path)};
  }
  auto told = io(path, "be listed", error);
  struct stat info {};
  if (error != EACCES || ::lstat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode) ||
      info.st_uid == ::geteuid()) {
    return told;
  }
  // Root made it by mistake, or it is another's, the service's most often: whoever only wants to
  // look is not told to take it away from there.
  told.text += info.st_uid == 0 ? whose_it_is(path, info.st_uid, ::geteuid(), ::getegid())
                                : fmt::format("; it belongs to {0}: ask as root, or as {0}",
                                              user_name(info.st_uid));
  return told;
}

// What went wrong, and where it is a question of rights: whose it is and how he gets it back.
core::Error Folder::failed(const std::string& name, std::string_view what, int error) const {
  const auto path = name.empty() ? path_ : path_ + "/" + name;
  struct stat item {};
  const bool there =
      !name.empty() && ::fstatat(directory_.fd(), name.c_str(), &item, AT_SYMLINK_NOFOLLOW) == 0;
  if (there && S_ISLNK(item.st_mode)) {
    return core::io_error(
        fmt::format("{}: is a symbolic link, and the tick archive follows none; remove it", path));
  }
  auto told = io(path, what, error);
  if (error != EACCES && error != EPERM) return told;
  struct stat home {};
  if (::fstat(directory_.fd(), &home) != 0) return told;
  const auto uid = owner_ ? owner_->uid : ::geteuid();
  const auto gid = owner_ ? owner_->gid : ::getegid();
  const bool homes = home.st_uid != uid;
  if (!homes && (!there || item.st_uid == uid)) return told;
  told.text += whose_it_is(homes ? path_ : path, homes ? home.st_uid : item.st_uid, uid, gid);
  return told;
}

core::Result<Folder> Folder::sub(const std::string& name, Use use) const {
  const Acting acting(owner_);
  const auto open = [&] {
    return File(::openat(directory_.fd(), name.c_str(), O_RDONLY | O_DIRECTORY | kSafely));
  };
  auto directory = open();
  if (!directory && errno == ENOENT && use == Use::kWrite) {
    if (::mkdirat(directory_.fd(), name.c_str(), kDirectoryMode) != 0 && errno != EEXIST) {
      return failed(name, "be made", errno);
    }
    directory = open();
  }
  if (directory) return Folder(std::move(directory), path_ + "/" + name, owner_);
  const int error = errno;
  if (error == ENOENT) {
    return core::Error{core::ErrorKind::kNotFound,
                       fmt::format("{}/{}: no such directory", path_, name)};
  }
  return failed(name, "be opened", error);
}

core::Result<std::vector<std::string>> Folder::names() const {
  const Acting acting(owner_);
  const int fd = ::openat(directory_.fd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* directory = fd >= 0 ? ::fdopendir(fd) : nullptr;
  if (directory == nullptr) return failed({}, "be listed", errno);
  std::vector<std::string> out;
  while (const auto* entry = ::readdir(directory)) out.emplace_back(entry->d_name);
  ::closedir(directory);
  std::sort(out.begin(), out.end());
  return out;
}

core::Result<std::string> Folder::read(const std::string& name, std::size_t most) const {
  const Acting acting(owner_);
  const File file(::openat(directory_.fd(), name.c_str(), O_RDONLY | kSafely));
  if (!file) {
    if (errno != ENOENT) return failed(name, "be read", errno);
    return core::Error{core::ErrorKind::kNotFound, fmt::format("{}/{}: no such file", path_, name)};
  }
  struct stat info {};
  if (::fstat(file.fd(), &info) != 0) return failed(name, "be read", errno);
  if (!S_ISREG(info.st_mode) || info.st_size > static_cast<off_t>(most)) {
    return core::invalid(fmt::format("{}/{}: no tick file: {} bytes, at most {} make sense", path_,
                                     name, info.st_size, most));
  }
  std::string bytes(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const auto n = ::read(file.fd(), bytes.data() + have, bytes.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed(name, "be read", errno);
    if (n == 0) break;  // a writer cut a torn tail off meanwhile
    have += static_cast<std::size_t>(n);
  }
  bytes.resize(have);
  return bytes;
}

core::Result<void> Folder::replace(const std::string& name, std::string_view bytes) const {
  const Acting acting(owner_);
  const auto fresh = name + ".new";
  if (::unlinkat(directory_.fd(), fresh.c_str(), 0) != 0 && errno != ENOENT) {
    return failed(fresh, "be replaced", errno);
  }
  {
    const File file(
        ::openat(directory_.fd(), fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | kSafely, kFileMode));
    if (!file) return failed(fresh, "be opened", errno);
    auto done = write_all(file.fd(), path_ + "/" + fresh, bytes);
    if (done && ::fsync(file.fd()) != 0) done = failed(fresh, "be synchronised", errno);
    if (!done) {
      ::unlinkat(directory_.fd(), fresh.c_str(), 0);
      return done;
    }
  }
  if (::renameat(directory_.fd(), fresh.c_str(), directory_.fd(), name.c_str()) != 0) {
    return failed(name, "be replaced", errno);
  }
  if (::fsync(directory_.fd()) != 0) return failed({}, "be synchronised", errno);
  return {};
}

core::Result<void> Folder::append(const std::string& name, std::size_t whole,
                                  std::string_view bytes) const {
  const Acting acting(owner_);
  const File file(::openat(directory_.fd(), name.c_str(), O_WRONLY | O_APPEND | kSafely));
  if (!file) return failed(name, "be opened", errno);
  struct stat info {};
  if (::fstat(file.fd(), &info) != 0) return failed(name, "be looked at", errno);
  if (!S_ISREG(info.st_mode) || info.st_nlink != 1) {
    return core::Error{core::ErrorKind::kRefused,
                       fmt::format("{}/{}: has {} names", path_, name, info.st_nlink)};
  }
  const auto end = static_cast<off_t>(whole);
  if (info.st_size > end && ::ftruncate(file.fd(), end) != 0) return failed(name, "be cut", errno);
  if (auto r = write_all(file.fd(), path_ + "/" + name, bytes); !r) {
    if (::ftruncate(file.fd(), end) != 0) {
      return failed(name, "be cut after a failed write", errno);
    }
    return r;
  }
  if (::fdatasync(file.fd()) != 0) return failed(name, "be synchronised", errno);
  return {};
}

core::Result<File> Folder::lock(const std::string& name, core::Duration wait) const {
  const Acting acting(owner_);
  const auto until = std::chrono::steady_clock::now() + wait;
  for (int tries = 0; tries < kLockTries; ++tries) {
    File file(::openat(directory_.fd(), name.c_str(), O_RDWR | O_CREAT | kSafely, kFileMode));
    if (!file) return failed(name, "be opened", errno);
    struct stat info {};
    if (::fstat(file.fd(), &info) != 0 || !S_ISREG(info.st_mode)) {
      return core::io_error(fmt::format("{}/{}: is no file; remove it", path_, name));
    }
    while (::flock(file.fd(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK && errno != EINTR) return failed(name, "be locked", errno);
      if (std::chrono::steady_clock::now() >= until) {
        return core::Error{core::ErrorKind::kTimeout,
                           fmt::format("{}: another program has been writing these ticks for {} s",
                                       path_, wait / std::chrono::seconds(1))};
      }
      std::this_thread::sleep_for(kLockPoll);
    }
    if (::fstat(file.fd(), &info) == 0 && info.st_nlink > 0) return file;
  }
  return core::io_error(fmt::format("{}/{}: vanishes while it is being locked", path_, name));
}

}  // namespace derivd::store
