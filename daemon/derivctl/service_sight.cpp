#include "derivctl/service_sight.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace derivd::ctl {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRemedy =
    "copy the file to /etc/derivd (chown root:derivd, mode 640) and name it there";
/// Of files that lie where they should.
constexpr std::string_view kOwnPlace = "/etc/derivd";

struct Hidden {
  std::string_view directory;
  std::string_view by;
};
/// What derivd.service takes out of its service's sight.
constexpr std::array<Hidden, 5> kHidden{{{"/home", "ProtectHome="},
                                         {"/root", "ProtectHome="},
                                         {"/run/user", "ProtectHome="},
                                         {"/tmp", "PrivateTmp="},
                                         {"/var/tmp", "PrivateTmp="}}};

bool lies_in(const fs::path& path, std::string_view directory) {
  const auto text = path.string();
  return text.starts_with(directory) && text.size() > directory.size() &&
         text[directory.size()] == '/';
}

/// What open(2) says to that user: 0, or the error. A child asks, since nobody comes back from
/// being somebody else.
int open_as(const std::string& path, const passwd& user) {
  const auto child = ::fork();
  if (child < 0) return 0;
  if (child == 0) {
    const bool became = ::initgroups(user.pw_name, user.pw_gid) == 0 &&
                        ::setgid(user.pw_gid) == 0 && ::setuid(user.pw_uid) == 0;
    if (!became) ::_exit(0);
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ::_exit(fd < 0 ? errno : 0);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return 0;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

}  // namespace

std::optional<std::string> hidden_from_service(const std::string& path, std::string_view user) {
  std::error_code error;
  const auto real = fs::weakly_canonical(path, error);
  for (const auto& place : {fs::path(path), error ? fs::path(path) : real}) {
    for (const auto& hidden : kHidden) {
      if (!lies_in(place, hidden.directory)) continue;
      return fmt::format("the service does not see {} ({} of its unit); {}", hidden.directory,
                         hidden.by, kRemedy);
    }
  }
  const std::string name(user);
  const auto* account = ::getpwnam(name.c_str());
  if (::geteuid() != 0 || account == nullptr) return std::nullopt;
  const int refused = open_as(path, *account);
  if (refused == 0) return std::nullopt;
  const bool in_place = fs::path(path).lexically_normal().parent_path() == kOwnPlace;
  return fmt::format("the service's user {} cannot read it: {}; {}", name, std::strerror(refused),
                     in_place ? fmt::format("chown root:{} {} and chmod 640 {}", name, path, path)
                              : std::string(kRemedy));
}

std::vector<config::Problem> hidden_files(const config::Config& config, std::string_view user,
                                          std::string_view directory) {
  std::vector<config::Problem> out;
  const auto look = [&](std::string_view key, const std::optional<std::string>& file) {
    if (!file) return;
    const auto why = hidden_from_service(*file, user);
    if (!why) return;
    const auto at = config.places.find(key);
    const auto place = at == config.places.end() ? config::Place{1, 1} : at->second;
    out.push_back({place.line, place.column, std::string(key), fmt::format("{}: {}", *file, *why)});
  };
  look("venue.ca_file", config.venue.ca_file);
  look("notify.webhook.ca_file", config.notify.webhook_ca_file);
  look("notify.telegram.ca_file", config.notify.telegram_ca_file);
  for (std::size_t i = 0; i < config.engine.strategies.size(); ++i) {
    const auto& file = config.engine.strategies[i].program.file;
    if (file.empty()) continue;
    look(fmt::format("strategies[{}].params.file", i),
         file.starts_with('/') ? file : std::string(directory) + file);
  }
  return out;
}

}  // namespace derivd::ctl
