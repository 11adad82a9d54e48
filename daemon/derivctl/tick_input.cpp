#include "derivctl/tick_input.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace derivd::ctl {
namespace {

/// What a pipe may bring, kept on the disk until it is read: forty years of a tick each second.
constexpr std::int64_t kTickInputMaxKept = std::int64_t{32} << 30;

core::Error input_failed(const std::string& name, std::string_view what) {
  const auto text = fmt::format("{}: cannot {}: {}", name, what, std::strerror(errno));
  return errno == ENOENT ? core::Error{core::ErrorKind::kNotFound, text} : core::io_error(text);
}

/// A file that only its descriptor names, for this user alone.
store::File nameless_file(const std::string& directory) {
  store::File file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file) return file;
  auto name = directory + "/derivctl-XXXXXX";  // a file system without O_TMPFILE
  file = store::File(::mkostemp(name.data(), O_CLOEXEC));
  if (file) ::unlink(name.c_str());
  return file;
}

core::Result<store::File> kept_input(const store::File& from, const std::string& name) {
  std::error_code error;
  auto directory = std::filesystem::temp_directory_path(error).string();
  if (error) directory = "/tmp";
  auto file = nameless_file(directory);
  if (!file) return input_failed(directory, "keep the input");
  std::array<char, 1 << 16> bytes;
  for (std::int64_t all = 0;;) {
    const auto got = ::read(from.fd(), bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return input_failed(name, "be read");
    if (got == 0) return file;
    if (all += got; all > kTickInputMaxKept) {
      return core::invalid(
          fmt::format("{}: does not end within {} GiB", name, kTickInputMaxKept >> 30));
    }
    for (ssize_t done = 0; done < got;) {
      const auto n = ::write(file.fd(), bytes.data() + done, static_cast<std::size_t>(got - done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return input_failed(directory, "keep the input");
      done += n;
    }
  }
}

/// The number of /dev/null, whatever name a file has by which it was opened; 0, which no device of
/// characters has, where there is none.
dev_t device_of_nothing() {
  struct stat info {};
  return ::stat("/dev/null", &info) == 0 && S_ISCHR(info.st_mode) ? info.st_rdev : dev_t{0};
}

}  // namespace

core::Result<TickInput> TickInput::open(const std::string& path) {
  const bool standard = path == "-";
  const auto name = standard ? std::string("standard input") : path;
  store::File file(standard ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                            : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return input_failed(name, "be read");
  struct stat info {};
  if (::fstat(file.fd(), &info) != 0) return input_failed(name, "be read");
  if (S_ISREG(info.st_mode)) return TickInput(std::move(file), name);
  // A device may be endless, as /dev/zero is; /dev/null is an empty file, and a person may type.
  const bool empty = S_ISCHR(info.st_mode) && info.st_rdev == device_of_nothing();
  const bool pipe = S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode);
  if (!pipe && !empty && ::isatty(file.fd()) == 0) {
    return core::invalid(fmt::format("{}: is no file of ticks, and no pipe", name));
  }
  auto copy = kept_input(file, name);
  if (!copy) return copy.error();
  return TickInput(std::move(*copy), name);
}

core::Result<std::unique_ptr<store::ByteSource>> TickInput::from_start() const {
  store::File again(::fcntl(file_.fd(), F_DUPFD_CLOEXEC, 0));
  if (!again || ::lseek(again.fd(), 0, SEEK_SET) != 0) return input_failed(name_, "be read again");
  return store::ByteSource::of(std::move(again), name_);
}

}  // namespace derivd::ctl
