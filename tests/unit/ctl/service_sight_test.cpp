#include "derivctl/service_sight.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace derivd::ctl {
namespace {

using ::testing::HasSubstr;

TEST(ServiceSight, HomesAndTemporaryFilesAreHidden) {
  for (const auto* path :
       {"/root/ca.pem", "/home/me/ca.pem", "/tmp/ca.pem", "/run/user/0/ca.pem"}) {
    const auto why = hidden_from_service(path, "nobody");
    ASSERT_TRUE(why) << path;
    EXPECT_THAT(*why, HasSubstr("copy the file to /etc/derivd"));
  }
  EXPECT_FALSE(hidden_from_service("/etc/passwd", "nobody"));
  EXPECT_FALSE(hidden_from_service("/rootless/passwd", "no-such-user-here"));
}

TEST(ServiceSight, WhatItsUserMayNotReadIsHidden) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
  const std::string file = "/var/lib/derivd-sight-test.pem";
  std::ofstream(file) << "x";
  ::chmod(file.c_str(), 0600);
  const auto why = hidden_from_service(file, "nobody");
  ::chmod(file.c_str(), 0644);
  const auto seen = hidden_from_service(file, "nobody");
  std::filesystem::remove(file);
  ASSERT_TRUE(why);
  EXPECT_THAT(*why, HasSubstr("user nobody cannot read it: Permission denied"));
  EXPECT_FALSE(seen) << *seen;
}

// To copy it to where it lies already would be no remedy.
TEST(ServiceSight, AFileInItsPlaceGetsItsRightsAsRemedy) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
  std::error_code error;
  const bool there = std::filesystem::exists("/etc/derivd");
  std::filesystem::create_directory("/etc/derivd", error);
  const std::string file = "/etc/derivd/sight-test.pem";
  std::ofstream(file) << "x";
  ::chmod(file.c_str(), 0600);
  const auto why = hidden_from_service(file, "nobody");
  std::filesystem::remove(file);
  if (!there) std::filesystem::remove("/etc/derivd", error);
  ASSERT_TRUE(why);
  EXPECT_THAT(*why, HasSubstr("chown root:nobody " + file + " and chmod 640 " + file));
  EXPECT_EQ(why->find("copy the file"), std::string::npos) << *why;
}

TEST(ServiceSight, OfAConfigurationEachFileIsAProblemWithItsPlace) {
  config::Config c;
  c.venue.ca_file = "/root/ca.pem";
  c.notify.webhook_ca_file = "/home/me/ca.pem";
  c.places["venue.ca_file"] = {7, 12};
  c.engine.strategies.resize(2);
  c.engine.strategies[1].program.file = "my-bot.xml";  // relative to the configuration
  const auto problems = hidden_files(c, "nobody", "/root/");
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_EQ(problems[2].key, "strategies[1].params.file");
  EXPECT_THAT(problems[2].reason, HasSubstr("/root/my-bot.xml: "));
  EXPECT_THAT(config::format(problems[0], "f"), HasSubstr("f:7:12: venue.ca_file: /root/ca.pem: "));
  EXPECT_EQ(problems[1].key, "notify.webhook.ca_file");
}

}  // namespace
}  // namespace derivd::ctl
