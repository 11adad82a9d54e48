#include "derivctl/token_input.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "derivctl/terminal.hpp"
#include "service/credential.hpp"

namespace derivd::ctl {

core::Result<core::Secret> input_token(const std::string& file) {
  if (file.empty() && is_interactive()) return ask_secret("Token");
  if (file.empty() || file == "-") {
    return service::read_token_from(STDIN_FILENO, "standard input");
  }
  // A pipe is fine (/dev/fd/3): unlike the daemon's own file this one may be anything.
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return core::Error{core::ErrorKind::kNotFound,
                       fmt::format("{}: cannot read the token: {}", file, std::strerror(errno))};
  }
  auto token = service::read_token_from(fd, file);
  ::close(fd);
  return token;
}

}  // namespace derivd::ctl
