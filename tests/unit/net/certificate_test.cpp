#include "net/certificate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "unit/net/support.hpp"

namespace derivd::net {
namespace {

std::string read_text(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Texts {
  std::string ca, cert, key;
  friend bool operator==(const Texts&, const Texts&) = default;
};

Texts texts(const ServerCertificate& files) {
  return {read_text(files.ca_file), read_text(files.cert_file), read_text(files.key_file)};
}

mode_t mode_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
}

void write_text(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::trunc) << text;
}

TEST(Certificate, MakesTheFolderAndThreeFilesAndKeepsTheKeyPrivate) {
  const TempDir dir;
  const auto files = make_certificate(dir.path() + "/a/b").value();
  EXPECT_EQ(files.ca_file, dir.path() + "/a/b/ca.pem");
  EXPECT_EQ(files.cert_file, dir.path() + "/a/b/cert.pem");
  EXPECT_EQ(files.key_file, dir.path() + "/a/b/key.pem");
  EXPECT_EQ(mode_of(files.key_file), 0600U);
  EXPECT_THAT(read_text(files.ca_file), testing::StartsWith("-----BEGIN CERTIFICATE-----"));
  EXPECT_THAT(read_text(files.cert_file), testing::StartsWith("-----BEGIN CERTIFICATE-----"));
  EXPECT_THAT(read_text(files.key_file), testing::StartsWith("-----BEGIN PRIVATE KEY-----"));
  EXPECT_FALSE(::access((files.key_file + ".new").c_str(), F_OK) == 0);
}

TEST(Certificate, ValidFilesAreKeptAndALaxKeyIsTightened) {
  const TempDir dir;
  const auto files = make_certificate(dir.path()).value();
  const auto before = texts(files);
  ASSERT_EQ(::chmod(files.key_file.c_str(), 0644), 0);
  EXPECT_EQ(texts(make_certificate(dir.path()).value()), before);
  EXPECT_EQ(mode_of(files.key_file), 0600U);
}

TEST(Certificate, TwoFoldersHaveDifferentKeysAndCas) {
  const TempDir one, two;
  const auto a = texts(make_certificate(one.path()).value());
  const auto b = texts(make_certificate(two.path()).value());
  EXPECT_NE(a.ca, b.ca);
  EXPECT_NE(a.cert, b.cert);
  EXPECT_NE(a.key, b.key);
}

class CertificateIsMadeAnew : public testing::Test {
 protected:
  CertificateIsMadeAnew() : files_(make_certificate(dir_.path()).value()), before_(texts(files_)) {}
  void expect_new() {
    const auto made = make_certificate(dir_.path());
    ASSERT_TRUE(made);
    const auto after = texts(*made);
    EXPECT_NE(after.cert, before_.cert);
    EXPECT_EQ(texts(make_certificate(dir_.path()).value()), after) << "the new ones are kept";
  }
  TempDir dir_;
  ServerCertificate files_;
  Texts before_;
};

TEST_F(CertificateIsMadeAnew, WhenAFileIsMissing) {
  ::unlink(files_.key_file.c_str());
  expect_new();
}

TEST_F(CertificateIsMadeAnew, WhenAFileIsDamaged) {
  write_text(files_.cert_file, before_.cert.substr(0, before_.cert.size() / 2));
  expect_new();
}

TEST_F(CertificateIsMadeAnew, WhenTheKeyBelongsToAnother) {
  const TempDir other;
  write_text(files_.key_file, texts(make_certificate(other.path()).value()).key);
  expect_new();
}

TEST_F(CertificateIsMadeAnew, WhenTheCaBelongsToAnother) {
  const TempDir other;
  write_text(files_.ca_file, texts(make_certificate(other.path()).value()).ca);
  expect_new();
}

TEST_F(CertificateIsMadeAnew, WhenItHasExpired) {
  CertificateSpec spec;
  spec.not_before = -std::chrono::hours(48);
  spec.not_after = -std::chrono::hours(1);
  ::unlink(files_.cert_file.c_str());
  before_ = texts(make_certificate(dir_.path(), spec).value());
  expect_new();
}

TEST_F(CertificateIsMadeAnew, WhenItNamesOtherHosts) {
  CertificateSpec spec;
  spec.names = {"example.com"};
  spec.addresses = {};
  before_ = texts(make_certificate(dir_.path(), spec).value());
  expect_new();
}

TEST(Certificate, AFolderThatCannotBeMadeIsAnError) {
  const TempDir dir;
  write_text(dir.path() + "/file", "");
  const auto made = make_certificate(dir.path() + "/file/sub");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, core::ErrorKind::kIo);
  EXPECT_THAT(made.error().text, testing::HasSubstr(dir.path() + "/file/sub"));
}

}  // namespace
}  // namespace derivd::net
