#include "service/credential.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace derivd::service {
namespace {

constexpr std::string_view kRemedy =
    "put the token into that file, readable by its owner alone (derivd(8) has the commands)";

bool is_token_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '-';
}

core::Error cannot_read(const std::string& path, int error) {
  const auto kind = error == ENOENT ? core::ErrorKind::kNotFound : core::ErrorKind::kIo;
  return {kind,
          fmt::format("{}: cannot read the token: {}; {}", path, std::strerror(error), kRemedy)};
}

/// Reads into a buffer that is wiped on every way out.
core::Result<core::Secret> read_secret(const std::string& path) {
  // Not blocking: a FIFO in the place of the file must not hang the start.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return cannot_read(path, errno);
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(fd);
    return core::invalid(fmt::format("{}: not a regular file; {}", path, kRemedy));
  }
  std::string buffer(kMaxToken + 2, '\0');  // more than may be: a longer file shows itself
  std::size_t size = 0;
  int error = 0;
  while (size < buffer.size()) {
    const auto n = ::read(fd, buffer.data() + size, buffer.size() - size);
    if (n == 0) break;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      error = errno;
      break;
    }
    size += static_cast<std::size_t>(n);
  }
  ::close(fd);
  core::Secret secret(std::string(buffer.data(), error == 0 ? size : 0));
  ::explicit_bzero(buffer.data(), buffer.size());
  if (error != 0) return cannot_read(path, error);
  return secret;
}

}  // namespace

core::Result<core::Secret> read_token() {
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr || *directory == '\0') {
    return core::Error{
        core::ErrorKind::kNotFound,
        "$CREDENTIALS_DIRECTORY is not set: the unit needs LoadCredential=token:FILE; "
        "outside systemd, set it to a directory that holds the file 'token'"};
  }
  const auto path = std::string(directory) + "/token";
  auto secret = read_secret(path);
  if (!secret) return secret.error();
  auto text = secret->reveal();
  if (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  if (text.empty()) return core::invalid(fmt::format("{}: empty; {}", path, kRemedy));
  if (text.size() > kMaxToken) {
    return core::invalid(
        fmt::format("{}: longer than any token ({} bytes at most)", path, kMaxToken));
  }
  const auto bad = std::find_if_not(text.begin(), text.end(), is_token_char);
  if (bad != text.end()) {
    return core::invalid(
        fmt::format("{}: character {} is none that a token has (letters, digits, '_', '-'); {}",
                    path, bad - text.begin() + 1, kRemedy));
  }
  return core::Secret(std::string(text));
}

}  // namespace derivd::service
