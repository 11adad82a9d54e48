// Owns the putting of files into their places when others may be at work in the same directory: the
// directory is opened once, everything happens beneath it, no link at the file's own name is
// followed, and mode and owner are set on the open file before anybody can see it. setup, token and
// report write through it. It never knows what a file means.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace derivd::service {

struct FileRights {
  mode_t mode = 0600;
  /// Of the file; empty: whoever runs this.
  std::optional<uid_t> user = {};
  std::optional<gid_t> group = {};
};

/// Writes the file in one step: a reader sees the old one or the new one, whole, also after a
/// crash. What was there, a link too, is replaced and not written to. Errors: kIo, with the place.
core::Result<void> replace_file(const std::string& path, std::string_view bytes,
                                const FileRights& rights);

/// The same, but leaves a regular file alone that has these bytes and rights already: systemd and
/// others look at the time of a file, and take one that was written again for a changed one.
core::Result<void> update_file(const std::string& path, std::string_view bytes,
                               const FileRights& rights);

/// The rights of the regular file that is there; empty: there is none.
std::optional<FileRights> rights_of(const std::string& path);

/// Copies a file of at most `most` bytes to a name that is free, with its rights.
core::Result<void> copy_file(const std::string& from, const std::string& to, std::size_t most);

/// Makes one directory with mode 0700, unless there is one.
core::Result<void> make_private_directory(const std::string& path);

}  // namespace derivd::service
