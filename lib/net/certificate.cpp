#include "net/certificate.hpp"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

namespace derivd::net {
namespace {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;

class Descriptor final {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

core::Error openssl_error(std::string_view what) {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  ERR_clear_error();
  return core::io_error(fmt::format("{}: {}", what, text.data()));
}

core::Error file_error(std::string_view what, const std::string& path) {
  return core::io_error(fmt::format("{} {}: {}", what, path, std::strerror(errno)));
}

// ---- making ----

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  auto* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  if (extension == nullptr) return false;
  const bool ok = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return ok;
}

bool set_random_serial(X509* certificate) {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), bytes.size()) != 1) return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7f) | 0x40);  // positive, full length
  std::unique_ptr<BIGNUM, Freed<BN_free>> number(BN_bin2bn(bytes.data(), bytes.size(), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_name(X509* certificate, const std::string& common_name) {
  return X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common_name.c_str()), -1,
                                    -1, 0) == 1;
}

// Subject, serial, life and key; the issuer and the extensions are the caller's.
Certificate blank_certificate(const std::string& common_name, EVP_PKEY* key,
                              std::chrono::seconds not_before, std::chrono::seconds not_after) {
  Certificate certificate(X509_new());
  if (!certificate || X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
      !set_random_serial(certificate.get()) || !set_name(certificate.get(), common_name) ||
      X509_set_pubkey(certificate.get(), key) != 1 ||
      X509_gmtime_adj(X509_getm_notBefore(certificate.get()), not_before.count()) == nullptr ||
      X509_gmtime_adj(X509_getm_notAfter(certificate.get()), not_after.count()) == nullptr) {
    return nullptr;
  }
  return certificate;
}

// Every CA has a name of its own, so that a client that trusts several never tries the wrong key.
std::string ca_name() {
  std::array<unsigned char, 4> bytes{};
  RAND_bytes(bytes.data(), bytes.size());
  return fmt::format("derivd private CA {:02x}{:02x}{:02x}{:02x}", bytes[0], bytes[1], bytes[2],
                     bytes[3]);
}

Certificate make_ca(EVP_PKEY* key) {
  const CertificateSpec life;
  auto ca = blank_certificate(ca_name(), key, life.not_before, life.not_after);
  if (!ca || X509_set_issuer_name(ca.get(), X509_get_subject_name(ca.get())) != 1 ||
      !add_extension(ca.get(), ca.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !add_extension(ca.get(), ca.get(), NID_key_usage, "critical,keyCertSign,cRLSign") ||
      !add_extension(ca.get(), ca.get(), NID_subject_key_identifier, "hash") ||
      X509_sign(ca.get(), key, EVP_sha256()) == 0) {
    return nullptr;
  }
  return ca;
}

std::string alternative_names(const CertificateSpec& spec) {
  std::string text;
  for (const auto& name : spec.names)
    text += fmt::format("{}DNS:{}", text.empty() ? "" : ",", name);
  for (const auto& ip : spec.addresses) text += fmt::format("{}IP:{}", text.empty() ? "" : ",", ip);
  return text;
}

Certificate make_leaf(EVP_PKEY* key, X509* ca, EVP_PKEY* ca_key, const CertificateSpec& spec) {
  auto leaf = blank_certificate(spec.subject, key, spec.not_before, spec.not_after);
  const auto alternatives = alternative_names(spec);
  if (!leaf || X509_set_issuer_name(leaf.get(), X509_get_subject_name(ca)) != 1 ||
      !add_extension(leaf.get(), ca, NID_basic_constraints, "critical,CA:FALSE") ||
      !add_extension(leaf.get(), ca, NID_key_usage, "critical,digitalSignature") ||
      !add_extension(leaf.get(), ca, NID_ext_key_usage, "serverAuth") ||
      !add_extension(leaf.get(), ca, NID_subject_key_identifier, "hash") ||
      !add_extension(leaf.get(), ca, NID_authority_key_identifier, "keyid:always") ||
      (!alternatives.empty() &&
       !add_extension(leaf.get(), ca, NID_subject_alt_name, alternatives)) ||
      X509_sign(leaf.get(), ca_key, EVP_sha256()) == 0) {
    return nullptr;
  }
  return leaf;
}

// ---- files ----

core::Result<void> write_file(const std::string& path, BIO* content, mode_t mode) {
  const auto temporary = path + ".new";
  ::unlink(temporary.c_str());
  const Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (file.get() < 0) return file_error("cannot create", temporary);
  char* data = nullptr;
  const auto size = BIO_get_mem_data(content, &data);
  if (::fchmod(file.get(), mode) != 0 ||
      ::write(file.get(), data, static_cast<size_t>(size)) != size || ::fsync(file.get()) != 0) {
    return file_error("cannot write", temporary);
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return file_error("cannot rename to", path);
  return {};
}

core::Result<void> write_files(const ServerCertificate& files, X509* ca, X509* leaf,
                               EVP_PKEY* key) {
  const Bio ca_text(BIO_new(BIO_s_mem()));
  const Bio leaf_text(BIO_new(BIO_s_mem()));
  const Bio key_text(BIO_new(BIO_s_secmem()));
  if (!ca_text || !leaf_text || !key_text || PEM_write_bio_X509(ca_text.get(), ca) != 1 ||
      PEM_write_bio_X509(leaf_text.get(), leaf) != 1 ||
      PEM_write_bio_PrivateKey(key_text.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return openssl_error("cannot encode the certificate");
  }
  for (const auto& [path, text, mode] :
       {std::tuple{&files.key_file, key_text.get(), mode_t{0600}},
        std::tuple{&files.cert_file, leaf_text.get(), mode_t{0644}},
        std::tuple{&files.ca_file, ca_text.get(), mode_t{0644}}}) {
    auto written = write_file(*path, text, mode);
    if (!written) return written;
  }
  return {};
}

Certificate read_certificate(const std::string& path) {
  const Bio file(BIO_new_file(path.c_str(), "r"));
  return Certificate(file ? PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr) : nullptr);
}

Key read_key(const std::string& path) {
  const Bio file(BIO_new_file(path.c_str(), "r"));
  return Key(file ? PEM_read_bio_PrivateKey(file.get(), nullptr, nullptr, nullptr) : nullptr);
}

// ---- keeping ----

bool names_all(X509* leaf, const CertificateSpec& spec) {
  for (const auto& name : spec.names) {
    constexpr unsigned kFlags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
    if (X509_check_host(leaf, name.c_str(), name.size(), kFlags, nullptr) != 1) return false;
  }
  for (const auto& address : spec.addresses) {
    if (X509_check_ip_asc(leaf, address.c_str(), 0) != 1) return false;
  }
  return true;
}

// Signed by the CA and, like the CA, within its life now.
bool verifies(X509* leaf, X509* ca) {
  const std::unique_ptr<X509_STORE, Freed<X509_STORE_free>> store(X509_STORE_new());
  const std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>> context(X509_STORE_CTX_new());
  return store && context && X509_STORE_add_cert(store.get(), ca) == 1 &&
         X509_STORE_CTX_init(context.get(), store.get(), leaf, nullptr) == 1 &&
         X509_verify_cert(context.get()) == 1;
}

bool can_keep(const ServerCertificate& files, const CertificateSpec& spec) {
  const auto ca = read_certificate(files.ca_file);
  const auto leaf = read_certificate(files.cert_file);
  const auto key = read_key(files.key_file);
  const bool keep = ca && leaf && key && X509_check_private_key(leaf.get(), key.get()) == 1 &&
                    names_all(leaf.get(), spec) && verifies(leaf.get(), ca.get());
  ERR_clear_error();
  return keep && ::chmod(files.key_file.c_str(), 0600) == 0;
}

}  // namespace

core::Result<ServerCertificate> make_certificate(const std::string& dir,
                                                 const CertificateSpec& spec) {
  std::error_code ec;
  std::filesystem::create_directories(dir, ec);
  if (ec) return core::io_error(fmt::format("cannot create {}: {}", dir, ec.message()));
  // Two simulators may start at once with the same folder; the second keeps what the first made.
  const Descriptor folder(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0 || ::flock(folder.get(), LOCK_EX) != 0)
    return file_error("cannot lock", dir);

  ServerCertificate files{dir + "/ca.pem", dir + "/cert.pem", dir + "/key.pem"};
  if (can_keep(files, spec)) return files;
  const Key ca_key(EVP_EC_gen("P-256"));
  const Key key(EVP_EC_gen("P-256"));
  if (!ca_key || !key) return openssl_error("cannot make a key pair");
  const auto ca = make_ca(ca_key.get());
  if (!ca) return openssl_error("cannot make the CA");
  const auto leaf = make_leaf(key.get(), ca.get(), ca_key.get(), spec);
  if (!leaf) return openssl_error("cannot make the certificate");
  auto written = write_files(files, ca.get(), leaf.get(), key.get());
  if (!written) return written.error();
  return files;
}

core::Result<ServerCertificate> make_certificate(const std::string& dir) {
  return make_certificate(dir, CertificateSpec{});
}

}  // namespace derivd::net
