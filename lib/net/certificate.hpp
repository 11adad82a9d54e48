// Owns the making of certificates for loopback servers: a private CA whose key is thrown away at
// once, and one leaf certificate. derivsim calls it at start (its fault "bad certificate" with a
// specification of its own), tests call it to make certificates that must be refused. It never
// touches the system's trust store.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "net/net.hpp"

namespace derivd::net {

struct CertificateSpec {
  // Free of host names: clients look at the alternative names only.
  std::string subject = "derivd loopback server";
  std::vector<std::string> names = {"localhost"};
  std::vector<std::string> addresses = {"127.0.0.1", "::1"};
  // Of the leaf, relative to now; the CA's are always the defaults. One day back, because the
  // clocks of the two ends may differ.
  std::chrono::seconds not_before = -std::chrono::hours(24);
  std::chrono::seconds not_after = std::chrono::hours(24 * 3650);
};

/// Like make_certificate(dir) of net.hpp, for other names or times. Files in `dir` that are valid
/// now, belong together and name all of `spec` are kept. Blocks for some milliseconds (disk, key
/// pair).
core::Result<ServerCertificate> make_certificate(const std::string& dir,
                                                 const CertificateSpec& spec);

}  // namespace derivd::net
