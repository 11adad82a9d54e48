#include "service/credential.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "service/place_file.hpp"
#include "service/unique_fd.hpp"

namespace derivd::service {
namespace {

constexpr std::string_view kRemedy =
    "put the token into that file, readable by its owner alone (derivd(8) has the commands)";
constexpr std::string_view kLoginRemedy =
    "put the line user:password into that file, readable by its owner alone";

bool is_token_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '-';
}

core::Error cannot_read(const std::string& path, int error) {
  const auto kind = error == ENOENT ? core::ErrorKind::kNotFound : core::ErrorKind::kIo;
  return {kind,
          fmt::format("{}: cannot read the token: {}; {}", path, std::strerror(error), kRemedy)};
}

core::Error no_login(const std::string& path, std::string_view why) {
  return core::invalid(fmt::format("{}: {}; {}", path, why, kLoginRemedy));
}

/// Reads to the end, or to more than a token can have, into a buffer that is wiped on every way
/// out.
core::Result<core::Secret> read_all(int fd, const std::string& path) {
  std::string buffer(kMaxToken + 3, '\0');  // more than may be: a longer file shows itself
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
  core::Secret secret(std::string(buffer.data(), error == 0 ? size : 0));
  ::explicit_bzero(buffer.data(), buffer.size());
  if (error != 0) return cannot_read(path, error);
  return secret;
}

core::Result<core::Secret> read_secret(const std::string& path) {
  // Not blocking: a FIFO in the place of the file must not hang the start.
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.get() < 0) return cannot_read(path, errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return core::invalid(fmt::format("{}: not a regular file; {}", path, kRemedy));
  }
  return read_all(fd.get(), path);
}

/// `remedy` ends the sentence.
core::Result<core::Secret> checked(std::string_view text, const std::string& path,
                                   std::string_view remedy) {
  if (text.empty()) return core::invalid(fmt::format("{}: empty; {}", path, remedy));
  if (text.size() > kMaxToken) {
    return core::invalid(
        fmt::format("{}: longer than any token ({} bytes at most)", path, kMaxToken));
  }
  const auto bad = std::find_if_not(text.begin(), text.end(), is_token_char);
  if (bad != text.end()) {
    return core::invalid(
        fmt::format("{}: character {} is none that a token has (letters, digits, '_', '-'); {}",
                    path, bad - text.begin() + 1, remedy));
  }
  return core::Secret(std::string(text));
}

}  // namespace

void keep_out_of_cores() {
  ::prctl(PR_SET_DUMPABLE, 0);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
}

core::Result<core::Secret> read_token() {
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr || *directory == '\0') {
    return core::Error{
        core::ErrorKind::kNotFound,
        "$CREDENTIALS_DIRECTORY is not set: the unit needs LoadCredential=token:FILE; "
        "outside systemd, set it to a directory that holds the file 'token'"};
  }
  return read_token_file(std::string(directory) + "/token");
}

core::Result<core::Secret> read_token_file(const std::string& path) {
  const auto secret = read_secret(path);
  if (!secret) return secret.error();
  auto text = secret->reveal();
  if (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  if (text.empty()) {  // as the unit's default for a token that nobody has stored yet
    return core::Error{core::ErrorKind::kNotFound, fmt::format("{}: empty; {}", path, kRemedy)};
  }
  return checked(text, path, kRemedy);
}

core::Result<core::Secret> read_token_from(int fd, const std::string& where) {
  const auto secret = read_all(fd, where);
  if (!secret) return secret.error();
  return token_of(*secret, where);
}

core::Result<core::Secret> token_of(const core::Secret& secret, const std::string& where) {
  constexpr std::string_view kBlanks = " \t\r\n";
  auto text = secret.reveal();
  const auto first = text.find_first_not_of(kBlanks);
  text = first == std::string_view::npos
             ? std::string_view{}
             : text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
  return checked(text, where, "give the token alone, as Deriv showed it");
}

core::Result<void> store_token(const std::string& path, const core::Secret& token) {
  const auto directory = std::filesystem::path(path).parent_path();
  std::error_code failed;
  if (!directory.empty() && !std::filesystem::exists(directory, failed)) {
    std::filesystem::create_directories(directory.parent_path(), failed);
    if (auto made = make_private_directory(directory); !made) return made;
  }
  std::string line;
  line.reserve(token.reveal().size() + 1);
  line.append(token.reveal()).append("\n");
  auto done = update_file(path, line, {.mode = 0600});
  ::explicit_bzero(line.data(), line.size());
  return done;
}

core::Result<std::optional<core::Secret>> read_optional(std::string_view name) {
  using Out = std::optional<core::Secret>;
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr || *directory == '\0') return Out{};
  const auto path = fmt::format("{}/{}", directory, name);
  auto secret = read_secret(path);
  if (!secret) {
    if (secret.error().kind == core::ErrorKind::kNotFound) return Out{};
    return secret.error();
  }
  auto text = secret->reveal();
  if (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  const bool printable =
      std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (text.empty() || text.size() > kMaxToken || !printable) {
    return core::invalid(fmt::format(
        "{}: not one line of 1 to {} printable characters without blanks", path, kMaxToken));
  }
  return Out(core::Secret(std::string(text)));
}

core::Result<std::optional<core::Secret>> read_proxy_login(const std::string& path) {
  using Out = std::optional<core::Secret>;
  auto secret = read_secret(path);
  if (!secret) {
    if (secret.error().kind == core::ErrorKind::kNotFound) return Out{};
    return core::Error{secret.error().kind, no_login(path, "cannot be read").text};
  }
  auto text = secret->reveal();
  if (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  const bool one_line = std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte != 0x7f;
  });
  if (!one_line || text.size() > kMaxToken) {
    return no_login(path, "not one line without control characters");
  }
  const auto colon = text.find(':');
  if (colon == 0 || colon == std::string_view::npos) return no_login(path, "not user:password");
  return Out(core::Secret(std::string(text)));
}

core::Result<std::optional<core::Secret>> read_proxy_login() {
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr || *directory == '\0') return std::optional<core::Secret>{};
  return read_proxy_login(std::string(directory) + "/proxy");
}

}  // namespace derivd::service
