// Owns where the token and the configuration of an instance lie and how they are kept: plain or
// encrypted, root-only, replaced in one step. setup, token and doctor ask it. It never prints.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "core/secret.hpp"
#include "derivctl/command.hpp"

namespace derivd::ctl {

/// Options that name places, the same in setup, token and doctor.
struct PlaceOptions {
  std::string credential;                        // --credential FILE
  std::string credentials_dir;                   // --credentials-dir DIR
  std::string config;                            // --config FILE
  std::string unit_dir = "/etc/systemd/system";  // --unit-dir DIR, for drop-ins
};
void add_place_options(Command command, PlaceOptions& options);

class Places final {
 public:
  Places(const Context& context, const PlaceOptions& options);

  /// The token's file: the option; $CREDENTIALS_DIRECTORY/token; the package's place.
  const std::string& credential() const { return credential_; }
  /// The same, encrypted with systemd-creds.
  std::string encrypted() const { return credential_ + ".cred"; }
  /// The proxy's user and password, beside the token: proxy, NAME.proxy.
  std::string proxy_login() const;
  const std::string& config() const { return config_; }
  /// derivd.service, derivd@NAME.service.
  const std::string& unit() const { return unit_; }
  std::string drop_in() const { return unit_dir_ + "/" + unit_ + ".d/encrypted-token.conf"; }
  std::string proxy_drop_in() const { return unit_dir_ + "/" + unit_ + ".d/proxy-credential.conf"; }
  /// The unit reads exactly these files.
  bool are_the_units() const { return the_units_; }
  /// by_sudo() for what belongs to root; nothing before a command about somebody's own files.
  std::string_view by_sudo() const { return the_units_ ? ctl::by_sudo() : std::string_view{}; }

 private:
  std::string credential_;
  std::string config_;
  std::string unit_;
  std::string unit_dir_;
  bool the_units_ = true;
};

/// systemd is this machine's init.
bool systemd_runs();

enum class Keeping { kPlain, kEncrypted };
/// What is there; none: nothing.
std::optional<Keeping> kept(const Places& places);

/// Reads what is there, decrypting it if need be. kNotFound: nothing is.
core::Result<core::Secret> read_kept(const Places& places);
/// Stores it; the other form, which would now be another token, is removed. Encrypted, the unit is
/// given its drop-in.
core::Result<void> keep(const Places& places, Keeping how, const core::Secret& token);
/// The unit is handed the proxy's login, or, where there is none to hand, no longer.
core::Result<void> hand_over_proxy_login(const Places& places, bool there_is_one);
/// What the drop-ins of the unit say, to see later whether they have changed.
std::string drop_ins_of(const Places& places);
/// The step that is left once they have: systemd reads them again only when it is told to.
std::string reload_units();
/// Removes every form, and the drop-in. False: there was none.
core::Result<bool> remove_kept(const Places& places);

/// A name for a copy of `path` that is free: PATH.2026-11-25T013000Z.bak.
std::string backup_name(const std::string& path);
/// Replaces a configuration; root's is for the group derivd to read. The old one is copied to
/// `backup` first, unless that is empty.
core::Result<void> write_config(const std::string& path, std::string_view text,
                                const std::string& backup);

/// Whether `path` has what the package ships as its example, byte for byte: nobody has written it,
/// so there is nothing to lose. Packages up to 0.1.0 put it in the place of the configuration.
bool is_packaged_example(const std::string& path);

/// Whether this user could write `path`; else a sentence with the remedy.
std::optional<std::string> cannot_write(const std::string& path);

}  // namespace derivd::ctl
