// Owns the token's file: reading $CREDENTIALS_DIRECTORY/token or another one, the token's form, and
// storing it so that nobody else can read it. The daemon reads once at start, the secrets of
// notifications beside it; derivctl reads and stores. It never shows what it read: errors name the
// file and the remedy only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "core/secret.hpp"

namespace derivd::service {

inline constexpr std::size_t kMaxToken = 4096;

/// From here on neither a core file nor ptrace of the same user shows this process's memory, nor a
/// core file that of a program it starts. Before a token is read.
void keep_out_of_cores();

/// Errors: kNotFound where nothing is stored (variable unset, file missing or empty); unreadable,
/// too long, or with characters that no token has ([A-Za-z0-9_-] only; one trailing newline is
/// dropped).
core::Result<core::Secret> read_token();
/// The same of any file.
core::Result<core::Secret> read_token_file(const std::string& path);
/// From an open descriptor (a pipe, standard input) until its end; `where` names it in errors.
core::Result<core::Secret> read_token_from(int fd, const std::string& where);
/// Text that a person gave: blanks around it are dropped, then the rules of read_token().
core::Result<core::Secret> token_of(const core::Secret& text, const std::string& where);

/// Writes the token with mode 0600, owned by whoever runs this, in one step: a reader sees the old
/// file or the new one, whole, also after a crash. A missing directory is made with mode 0700.
core::Result<void> store_token(const std::string& path, const core::Secret& token);

/// $CREDENTIALS_DIRECTORY/`name`, for what derivd can do without: empty where there is none. One
/// line of printable ASCII without blanks; errors as above.
core::Result<std::optional<core::Secret>> read_optional(std::string_view name);

/// A proxy's user and password as "user:password", in one line of any characters but control ones;
/// the password may be empty. Empty where there is no such file; errors as above, kIo: it cannot be
/// read.
core::Result<std::optional<core::Secret>> read_proxy_login(const std::string& path);
/// Of $CREDENTIALS_DIRECTORY/proxy.
core::Result<std::optional<core::Secret>> read_proxy_login();

}  // namespace derivd::service
