#include "derivctl/places.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "common/paths.hpp"
#include "config/config.hpp"
#include "derivctl/subprocess.hpp"
#include "service/credential.hpp"
#include "service/place_file.hpp"

namespace derivd::ctl {
namespace {

namespace fs = std::filesystem;

// systemd-creds asks a TPM where there is one, which is slow.
constexpr core::Duration kEncryptingTime = std::chrono::seconds(30);
constexpr std::string_view kGroup = "derivd";

core::Error place_failed(const std::string& path, std::string_view what, int error) {
  return core::io_error(fmt::format("{}: cannot {}: {}", path, what, std::strerror(error)));
}

/// systemd-creds with its usual words, the secret through a pipe either way.
core::Result<core::Secret> creds(const std::vector<std::string>& command, std::string_view input) {
  auto done = run_program(command, input, kEncryptingTime);
  if (!done) {
    if (done.error().kind == core::ErrorKind::kNotFound) {
      return core::Error{core::ErrorKind::kNotFound,
                         "systemd-creds is not installed (systemd 250 or later has it); keep the "
                         "token without --encrypt"};
    }
    return done.error();
  }
  if (done->code != 0) {
    return core::io_error(
        fmt::format("systemd-creds {}: {}", command[1],
                    done->errors.empty() ? fmt::format("exit code {}", done->code) : done->errors));
  }
  return std::move(done->output);
}

core::Result<void> encrypt(const Places& places, const core::Secret& token) {
  auto made = creds({"systemd-creds", "encrypt", "--name=token", "-", "-"}, token.reveal());
  if (!made) return made.error();
  std::error_code error;
  const auto directory = fs::path(places.encrypted()).parent_path();
  fs::create_directories(directory.parent_path(), error);
  if (auto done = service::make_private_directory(directory); !done) return done;
  if (auto done = service::replace_file(places.encrypted(), made->reveal(), {.mode = 0600});
      !done) {
    return done;
  }
  fs::create_directories(fs::path(places.drop_in()).parent_path(), error);
  return service::update_file(
      places.drop_in(),
      fmt::format("# Written by derivctl: the token lies encrypted on the disk.\n[Service]\n"
                  "LoadCredential=\nLoadCredentialEncrypted=token:{}\n",
                  places.encrypted()),
      {.mode = 0644});
}

core::Result<bool> remove_file(const std::string& path) {
  if (::unlink(path.c_str()) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return place_failed(path, "remove the file", errno);
}

/// Its group may read root's configuration: the service runs as a member.
service::FileRights config_rights() {
  const auto* group = ::getgrnam(std::string(kGroup).c_str());
  if (::geteuid() != 0 || group == nullptr) return {.mode = 0644};
  return {.mode = 0640, .user = 0, .group = group->gr_gid};
}

}  // namespace

void add_place_options(Command command, PlaceOptions& options) {
  auto file = command.option("--credential", options.credential, "the token's file");
  command
      .option("--credentials-dir", options.credentials_dir,
              "directory of the token's file, called token or NAME.token")
      .excludes(file);
  command.option("--config", options.config, "configuration file");
  command.option("--unit-dir", options.unit_dir, "where drop-ins of the unit are kept")
      .show_default();
}

Places::Places(const Context& context, const PlaceOptions& options)
    : config_(options.config.empty() ? context.config_file() : options.config),
      unit_(context.name.empty() ? "derivd.service" : "derivd@" + context.name + ".service"),
      unit_dir_(options.unit_dir) {
  const auto file = context.name.empty() ? std::string("token") : context.name + ".token";
  const auto inherited = daemon::first_directory("CREDENTIALS_DIRECTORY");
  const auto packaged = "/etc/derivd/credentials/" + file;
  if (!options.credential.empty()) {
    credential_ = options.credential;
  } else if (!options.credentials_dir.empty()) {
    credential_ = options.credentials_dir + "/" + file;
  } else {
    credential_ = inherited.empty() ? packaged : inherited + "/token";
  }
  the_units_ = credential_ == packaged && config_ == context.config_file();
}

std::string Places::proxy_login() const {
  const fs::path token(credential_);
  const auto name = token.filename() == "token" || token.extension() != ".token"
                        ? std::string("proxy")
                        : token.stem().string() + ".proxy";
  return (token.parent_path() / name).string();
}

bool systemd_runs() {
  // sd_booted(3): this directory is there if and only if.
  std::error_code error;
  return fs::is_directory("/run/systemd/system", error);
}

std::optional<Keeping> kept(const Places& places) {
  std::error_code error;
  if (fs::exists(fs::symlink_status(places.credential(), error))) return Keeping::kPlain;
  if (fs::exists(places.encrypted(), error)) return Keeping::kEncrypted;
  return std::nullopt;
}

core::Result<core::Secret> read_kept(const Places& places) {
  if (kept(places) != Keeping::kEncrypted) return service::read_token_file(places.credential());
  auto clear = creds({"systemd-creds", "decrypt", "--name=token", places.encrypted(), "-"}, {});
  if (!clear) return clear.error();
  return service::token_of(*clear, places.encrypted());
}

core::Result<void> keep(const Places& places, Keeping how, const core::Secret& token) {
  auto done = how == Keeping::kEncrypted ? encrypt(places, token)
                                         : service::store_token(places.credential(), token);
  if (!done) return done;
  if (how == Keeping::kEncrypted) {
    if (const auto gone = remove_file(places.credential()); !gone) return gone.error();
    return {};
  }
  for (const auto& path : {places.encrypted(), places.drop_in()}) {
    if (const auto gone = remove_file(path); !gone) return gone.error();
  }
  return {};
}

core::Result<void> hand_over_proxy_login(const Places& places, bool there_is_one) {
  if (!there_is_one) {
    const auto gone = remove_file(places.proxy_drop_in());
    return gone ? core::Result<void>{} : core::Result<void>{gone.error()};
  }
  std::error_code error;
  fs::create_directories(fs::path(places.proxy_drop_in()).parent_path(), error);
  return service::update_file(
      places.proxy_drop_in(),
      fmt::format("# Written by derivctl: user and password of the proxy.\n[Service]\n"
                  "LoadCredential=proxy:{}\n",
                  places.proxy_login()),
      {.mode = 0644});
}

std::string reload_units() {
  return fmt::format(
      "unit      its drop-in has changed; before the next start:\n"
      "          {}systemctl daemon-reload\n",
      by_sudo());
}

std::string drop_ins_of(const Places& places) {
  std::string out;
  for (const auto& path : {places.drop_in(), places.proxy_drop_in()}) {
    std::ifstream file(path, std::ios::binary);
    out.append(std::istreambuf_iterator<char>(file), {});
    out += '\0';
  }
  return out;
}

core::Result<bool> remove_kept(const Places& places) {
  bool any = false;
  for (const auto& path : {places.credential(), places.encrypted()}) {
    const auto gone = remove_file(path);
    if (!gone) return gone.error();
    any = any || *gone;
  }
  if (const auto gone = remove_file(places.drop_in()); !gone) return gone.error();
  return any;
}

std::string backup_name(const std::string& path) {
  const auto now = std::time(nullptr);
  std::tm tm{};
  ::gmtime_r(&now, &tm);
  const auto stem = fmt::format("{}.{:04}-{:02}-{:02}T{:02}{:02}{:02}Z", path, tm.tm_year + 1900,
                                tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
  std::error_code error;
  auto name = stem + ".bak";
  for (int i = 2; fs::exists(name, error); ++i) name = fmt::format("{}.{}.bak", stem, i);
  return name;
}

core::Result<void> write_config(const std::string& path, std::string_view text,
                                const std::string& backup) {
  std::error_code error;
  if (!backup.empty()) {
    // One that was too large to be taken is kept, too.
    auto copied = service::copy_file(path, backup, 16 * config::kMaxFile);
    if (!copied) return copied;
  }
  const auto directory = fs::path(path).parent_path();
  if (!directory.empty()) fs::create_directories(directory, error);
  return service::update_file(path, text, config_rights());
}

bool is_packaged_example(const std::string& path) {
  std::ifstream mine(path, std::ios::binary);
  std::ifstream shipped("/usr/share/doc/derivd/examples/derivd.yaml", std::ios::binary);
  if (!mine || !shipped) return false;
  using Bytes = std::istreambuf_iterator<char>;
  return std::equal(Bytes(mine), Bytes(), Bytes(shipped), Bytes());
}

std::optional<std::string> cannot_write(const std::string& path) {
  std::error_code error;
  auto directory = fs::absolute(path, error).parent_path();
  while (!fs::exists(directory, error) && directory.has_relative_path()) {
    directory = directory.parent_path();
  }
  if (::access(directory.c_str(), W_OK | X_OK) == 0) return std::nullopt;
  return fmt::format("{}: {}; run it as root, or name other places with --credential and --config",
                     directory.string(), std::strerror(errno));
}

}  // namespace derivd::ctl
