#include "derivctl/archive_check.hpp"

#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace derivd::ctl {
namespace {

namespace fs = std::filesystem;

std::string archive_name_of(uid_t uid) {
  const auto* entry = ::getpwuid(uid);
  return entry != nullptr ? entry->pw_name : std::to_string(uid);
}

/// By mode and owner; groups of a service are its own alone.
bool may_write(const struct stat& info, uid_t uid, gid_t gid) {
  const mode_t wanted = S_ISDIR(info.st_mode) ? 03 : 02;
  const int shift = info.st_uid == uid ? 6 : info.st_gid == gid ? 3 : 0;
  return uid == 0 || (info.st_mode >> shift & wanted) == wanted;
}

}  // namespace

core::Result<std::optional<ArchiveObstacle>> archive_obstacle(const std::string& directory,
                                                              uid_t uid) {
  const auto* user = ::getpwuid(uid);
  const gid_t gid = user != nullptr ? user->pw_gid : static_cast<gid_t>(uid);
  const auto owners = user != nullptr ? fmt::format("{}:", user->pw_name) : std::to_string(uid);
  std::optional<std::string> first;
  uid_t owner = 0;
  std::size_t count = 0;
  const auto look = [&](const std::string& path) -> core::Result<void> {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) {
      if (errno == ENOENT) return {};
      return core::io_error(fmt::format("{}: cannot be looked at: {}", path, std::strerror(errno)));
    }
    if (may_write(info, uid, gid)) return {};
    ++count;
    if (!first) {
      first = path;
      owner = info.st_uid;
    }
    return {};
  };
  const auto target = fs::path(directory);
  struct stat info {};
  // A link to the archive is followed, links beneath it are not.
  if (::stat(directory.c_str(), &info) == 0 && !may_write(info, uid, gid)) {
    first = directory;
    owner = info.st_uid;
    count = 1;
  }
  std::error_code error;
  for (auto at = fs::recursive_directory_iterator(target, error);
       !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    if (at.depth() > 0) at.disable_recursion_pending();  // directories of symbols, and their files
    if (const auto r = look(at->path().string()); !r) return r.error();
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return core::io_error(fmt::format("{}: cannot be looked at: {}", directory, error.message()));
  }
  if (!first) return std::optional<ArchiveObstacle>{};
  return std::optional(ArchiveObstacle{
      fmt::format("{} belongs to {}, and the daemon's user {} may not write it{}", *first,
                  archive_name_of(owner), archive_name_of(uid),
                  count > 1 ? fmt::format(" (and {} more)", count - 1) : std::string{}),
      fmt::format("chown -R {} {}", owners, directory)});
}

}  // namespace derivd::ctl
