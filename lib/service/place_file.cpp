#include "service/place_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "service/unique_fd.hpp"

namespace derivd::service {
namespace {

core::Error cannot(const std::string& path, std::string_view what) {
  const auto* why =
      errno == ELOOP ? "it is a symbolic link; name the file itself" : std::strerror(errno);
  return core::io_error(fmt::format("{}: cannot {}: {}", path, what, why));
}

struct FilePlace {
  std::string directory;
  std::string name;
};
FilePlace place_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

int open_directory(const FilePlace& place) {
  return ::open(place.directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

/// The owner first: a change of it may take bits of the mode.
bool give(int fd, const FileRights& rights) {
  const bool owned = !rights.user && !rights.group
                         ? true
                         : ::fchown(fd, rights.user.value_or(static_cast<uid_t>(-1)),
                                    rights.group.value_or(static_cast<gid_t>(-1))) == 0;
  return owned && ::fchmod(fd, rights.mode) == 0;
}

FileRights rights_in(const struct stat& info) {
  return {info.st_mode & 0777U, info.st_uid, info.st_gid};
}

/// Somebody's file cannot be given back to them by another than root: then it is this user's, and
/// no more open than it was.
FileRights that_can_be_given(FileRights rights) {
  if (::geteuid() == 0) return rights;
  const bool mine = rights.user == ::geteuid() && rights.group == ::getegid();
  rights.user.reset();
  rights.group.reset();
  if (!mine) rights.mode &= 0700U;
  return rights;
}

/// The regular file at the name, opened as it is; a link is none.
/// -1 with errno: there is none.
int open_regular(int directory, const std::string& name, struct stat& info) {
  // Not blocking: a pipe in its place must not hang.
  const int fd =
      ::openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) return -1;
  if (::fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) return fd;
  ::close(fd);
  errno = EINVAL;
  return -1;
}

/// Whether nothing would be another after the file was written again.
bool is_as_wanted(const std::string& path, std::string_view bytes, const FileRights& rights) {
  const auto place = place_of(path);
  const UniqueFd directory(open_directory(place));
  if (!directory) return false;
  struct stat info {};
  const UniqueFd file(open_regular(directory.get(), place.name, info));
  if (!file || info.st_nlink != 1 || (info.st_mode & 07777U) != rights.mode ||
      info.st_uid != rights.user.value_or(::geteuid()) ||
      (rights.group && info.st_gid != *rights.group) ||
      static_cast<std::uintmax_t>(info.st_size) != bytes.size()) {
    return false;
  }
  std::array<char, 4096> part{};
  bool same = true;
  while (same) {
    const auto n = ::read(file.get(), part.data(), part.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      same = n == 0 && bytes.empty();
      break;
    }
    const auto size = static_cast<std::size_t>(n);
    same = bytes.starts_with(std::string_view(part.data(), size));
    if (same) bytes.remove_prefix(size);
  }
  ::explicit_bzero(part.data(), part.size());  // it may be a token
  return same;
}

core::Result<void> make_file(int directory, const std::string& name, const std::string& path,
                             std::string_view bytes, const FileRights& rights) {
  UniqueFd fd(::openat(directory, name.c_str(),
                       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) return cannot(path, "make the file");
  if (write_all(fd.get(), bytes) && give(fd.get(), rights) && ::fsync(fd.get()) == 0 &&
      ::close(fd.release()) == 0) {
    return {};
  }
  const auto error = cannot(path, "write the file");
  ::unlinkat(directory, name.c_str(), 0);
  return error;
}

}  // namespace

core::Result<void> replace_file(const std::string& path, std::string_view bytes,
                                const FileRights& rights) {
  const auto place = place_of(path);
  const UniqueFd directory(open_directory(place));
  if (!directory) return cannot(path, "use the directory");
  const auto fresh = fmt::format("{}.{}.new", place.name, ::getpid());
  ::unlinkat(directory.get(), fresh.c_str(), 0);
  if (auto made = make_file(directory.get(), fresh, path, bytes, rights); !made) return made;
  if (::renameat(directory.get(), fresh.c_str(), directory.get(), place.name.c_str()) != 0) {
    const auto error = cannot(path, "write the file");
    ::unlinkat(directory.get(), fresh.c_str(), 0);
    return error;
  }
  // So that the rename survives a crash. Some file systems know no such thing.
  (void)::fsync(directory.get());
  return {};
}

core::Result<void> update_file(const std::string& path, std::string_view bytes,
                               const FileRights& rights) {
  if (is_as_wanted(path, bytes, rights)) return {};
  return replace_file(path, bytes, rights);
}

std::optional<FileRights> rights_of(const std::string& path) {
  const auto place = place_of(path);
  const UniqueFd directory(open_directory(place));
  struct stat info {};
  if (!directory ||
      ::fstatat(directory.get(), place.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0 ||
      !S_ISREG(info.st_mode)) {
    return std::nullopt;
  }
  return that_can_be_given(rights_in(info));
}

core::Result<void> copy_file(const std::string& from, const std::string& to, std::size_t most) {
  const auto source = place_of(from);
  const auto target = place_of(to);
  const UniqueFd source_directory(open_directory(source));
  const UniqueFd target_directory(open_directory(target));
  if (!source_directory) return cannot(from, "use the directory");
  if (!target_directory) return cannot(to, "use the directory");
  struct stat info {};
  const UniqueFd file(open_regular(source_directory.get(), source.name, info));
  if (!file) return cannot(from, "read the file");
  std::string bytes(most + 1, '\0');
  std::size_t size = 0;
  while (size < bytes.size()) {
    const auto n = ::read(file.get(), bytes.data() + size, bytes.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return cannot(from, "read the file");
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
  if (size > most) return core::io_error(fmt::format("{}: too large to be copied", from));
  return make_file(target_directory.get(), target.name, to, std::string_view(bytes).substr(0, size),
                   that_can_be_given(rights_in(info)));
}

core::Result<void> make_private_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return cannot(path, "make the directory");
}

}  // namespace derivd::service
