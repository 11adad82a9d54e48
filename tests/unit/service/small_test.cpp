#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "service/credential.hpp"
#include "service/exit_code.hpp"
#include "service/lock.hpp"
#include "service/notify.hpp"
#include "unit/service/temp_dir.hpp"

namespace derivd::service {
namespace {

using test::ScopedEnv;
using test::TempDir;
using test::write_file;
using ::testing::HasSubstr;
using ::testing::Not;

// ---- credential ----

core::Result<core::Secret> read_with(const std::string& content) {
  TempDir dir;
  write_file(dir.file("token"), content);
  const ScopedEnv env("CREDENTIALS_DIRECTORY", dir.path());
  return read_token();
}

TEST(Credential, OneTrailingNewlineIsDropped) {
  for (const auto* text : {"pat_abc-DEF_123", "pat_abc-DEF_123\n"}) {
    const auto token = read_with(text);
    ASSERT_TRUE(token) << token.error().text;
    EXPECT_EQ(token->reveal(), "pat_abc-DEF_123");
  }
}

TEST(Credential, WhatIsNotATokenIsRefusedWithoutShowingIt) {
  for (const std::string text :
       {"secretA\n\n", "secretA b", "secretA\r\n", " secretA", "secretA\tB", "secretÄ"}) {
    const auto token = read_with(text);
    ASSERT_FALSE(token) << text;
    EXPECT_EQ(token.error().kind, core::ErrorKind::kInvalid);
    EXPECT_THAT(token.error().text, HasSubstr("/token: "));
    EXPECT_THAT(token.error().text, Not(HasSubstr("secret")));
  }
  const auto nul = read_with(std::string("abc\0def", 7));
  EXPECT_FALSE(nul);
}

TEST(Credential, APersonsBlanksAreDropped) {
  const auto token = token_of(core::Secret(" \tpat_abc \r\n"), "x");
  ASSERT_TRUE(token) << token.error().text;
  EXPECT_EQ(token->reveal(), "pat_abc");
  for (const auto* text : {"", " \n", "secretA b", "secretÄ"}) {
    const auto bad = token_of(core::Secret(text), "standard input");
    ASSERT_FALSE(bad);
    EXPECT_THAT(bad.error().text, HasSubstr("standard input: "));
    EXPECT_THAT(bad.error().text, Not(HasSubstr("secret")));
  }
}

TEST(Credential, IsReadFromAPipe) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ASSERT_EQ(::write(ends[1], "pat_abc\n", 8), 8);
  ::close(ends[1]);
  const auto token = read_token_from(ends[0], "standard input");
  ::close(ends[0]);
  ASSERT_TRUE(token) << token.error().text;
  EXPECT_EQ(token->reveal(), "pat_abc");
}

mode_t mode_of(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
}

TEST(Credential, IsStoredForItsOwnerAlone) {
  TempDir dir;
  const auto path = dir.file("a/credentials/token");
  const auto old = ::umask(0);
  ASSERT_TRUE(store_token(path, core::Secret("pat_first")));
  ::umask(old);
  EXPECT_EQ(mode_of(path), 0600U);
  EXPECT_EQ(mode_of(dir.file("a/credentials")), 0700U);
  EXPECT_EQ(test::read_file(path), "pat_first\n");
  ::chmod(path.c_str(), 0644);
  ASSERT_TRUE(store_token(path, core::Secret("pat_second")));
  EXPECT_EQ(mode_of(path), 0600U);
  EXPECT_EQ(read_token_file(path)->reveal(), "pat_second");
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir.file("a/credentials"))) {
    files += entry.exists() ? 1 : 0;
  }
  EXPECT_EQ(files, 1U) << "nothing is left beside it";
}

TEST(Credential, AFailedStoreLeavesTheOldOneAlone) {
  TempDir dir;
  const auto path = dir.file("token");
  write_file(path, "pat_old\n");
  std::filesystem::create_directory(dir.file("other"));
  const auto into_directory = store_token(dir.file("other"), core::Secret("pat_secret"));
  ASSERT_FALSE(into_directory);
  EXPECT_THAT(into_directory.error().text, Not(HasSubstr("pat_secret")));
  ASSERT_FALSE(store_token(dir.file("token/token"), core::Secret("pat_secret")));
  EXPECT_EQ(read_token_file(path)->reveal(), "pat_old");
}

TEST(Credential, TheLengthIsBounded) {
  EXPECT_TRUE(read_with(std::string(kMaxToken, 'a')));
  EXPECT_TRUE(read_with(std::string(kMaxToken, 'a') + "\n"));
  for (const auto size : {kMaxToken + 1, kMaxToken + 2, 10 * kMaxToken}) {
    const auto token = read_with(std::string(size, 'a'));
    ASSERT_FALSE(token);
    EXPECT_THAT(token.error().text, HasSubstr("longer than any token"));
  }
}

TEST(Credential, MissingPieces) {
  {
    const ScopedEnv env("CREDENTIALS_DIRECTORY", std::nullopt);
    const auto token = read_token();
    ASSERT_FALSE(token);
    EXPECT_EQ(token.error().kind, core::ErrorKind::kNotFound);
    EXPECT_THAT(token.error().text, HasSubstr("LoadCredential="));
  }
  TempDir dir;
  const ScopedEnv env("CREDENTIALS_DIRECTORY", dir.path());
  const auto missing = read_token();
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, core::ErrorKind::kNotFound);
  EXPECT_THAT(missing.error().text, HasSubstr(dir.file("token")));
  EXPECT_THAT(missing.error().text, HasSubstr("put the token into that file"));
  for (const char* empty : {"", "\n"}) {  // the second is what derivd.service has for no token
    write_file(dir.file("token"), empty);
    const auto nothing = read_token();
    ASSERT_FALSE(nothing);
    EXPECT_EQ(nothing.error().kind, core::ErrorKind::kNotFound);
    EXPECT_THAT(nothing.error().text, HasSubstr("token: empty; put the token into that file"));
  }
  ::unlink(dir.file("token").c_str());
  // A FIFO must not hang the start, a directory is none.
  ASSERT_EQ(::mkfifo(dir.file("token").c_str(), 0600), 0);
  EXPECT_FALSE(read_token());
  ::unlink(dir.file("token").c_str());
  ::mkdir(dir.file("token").c_str(), 0700);
  EXPECT_FALSE(read_token());
}

TEST(Credential, OnesThatAreNotNeededMayBeMissing) {
  TempDir dir;
  const ScopedEnv env("CREDENTIALS_DIRECTORY", dir.path());
  const auto none = read_optional("telegram-token");
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->has_value());
  write_file(dir.file("telegram-token"), "123:abc-DEF_4\n");
  const auto token = read_optional("telegram-token");
  ASSERT_TRUE(token && token->has_value());
  EXPECT_EQ((*token)->reveal(), "123:abc-DEF_4");
  for (const std::string bad : {"", "\n", "secret a", "secret\n\n", "secret\x01", "secretÄ"}) {
    write_file(dir.file("telegram-token"), bad);
    const auto refused = read_optional("telegram-token");
    ASSERT_FALSE(refused) << bad;
    EXPECT_THAT(refused.error().text, HasSubstr("/telegram-token: "));
    EXPECT_THAT(refused.error().text, Not(HasSubstr("secret")));
  }
}

TEST(Credential, AProxysLoginIsUserAndPassword) {
  TempDir dir;
  const ScopedEnv env("CREDENTIALS_DIRECTORY", dir.path());
  const auto none = read_proxy_login();
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->has_value());
  for (const std::string good : {"user:pass word:\xc3\xa4", "user:"}) {
    write_file(dir.file("proxy"), good + "\n");
    const auto login = read_proxy_login();
    ASSERT_TRUE(login && login->has_value()) << good;
    EXPECT_EQ((*login)->reveal(), good);
  }
  for (const std::string bad :
       {"", "\n", "secret", ":secret", "user:secret\n\n", "user:secret\r\n", "user:secret\x01"}) {
    write_file(dir.file("proxy"), bad);
    const auto refused = read_proxy_login();
    ASSERT_FALSE(refused) << bad;
    EXPECT_THAT(refused.error().text, HasSubstr("/proxy: "));
    EXPECT_THAT(refused.error().text, HasSubstr("user:password"));
    EXPECT_THAT(refused.error().text, Not(HasSubstr("secret")));
  }
}

// ---- lock ----

std::string unique_account() { return fmt::format("TEST{}", ::getpid()); }

TEST(InstanceLock, OneHolderForEachAccount) {
  auto first = lock_account(unique_account());
  ASSERT_TRUE(first) << first.error().text;
  const auto second = lock_account(unique_account());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, core::ErrorKind::kRefused);
  EXPECT_THAT(second.error().text, HasSubstr(unique_account()));
  EXPECT_TRUE(lock_account(unique_account() + "X")) << "another account is free";
  first->reset();
  EXPECT_TRUE(lock_account(unique_account()));
}

TEST(InstanceLock, HoldsAgainstAnotherProcessAndEndsWithIt) {
  const auto account = unique_account();
  int ready[2];
  int leave[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(leave), 0);
  const auto child = ::fork();
  if (child == 0) {
    ::close(leave[1]);
    const auto lock = lock_account(account);
    (void)!::write(ready[1], lock ? "y" : "n", 1);
    char c = 0;
    (void)!::read(leave[0], &c, 1);
    ::kill(::getpid(), SIGKILL);
  }
  char c = 0;
  ASSERT_EQ(::read(ready[0], &c, 1), 1);
  ASSERT_EQ(c, 'y');
  EXPECT_FALSE(lock_account(account));
  ::close(leave[1]);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(lock_account(account)) << "a killed process holds nothing";
  for (const int fd : {ready[0], ready[1], leave[0]}) ::close(fd);
}

TEST(InstanceLock, WhoHoldsItIsToldWithoutTakingIt) {
  const auto account = unique_account() + "H";
  EXPECT_FALSE(holder_of_account(account));
  auto lock = lock_account(account);
  ASSERT_TRUE(lock) << lock.error().text;
  const auto holder = holder_of_account(account);
  ASSERT_TRUE(holder);
  EXPECT_EQ(*holder, fmt::format(" (process {} of uid {})", ::getpid(), ::geteuid()));
  EXPECT_FALSE(holder_of_account(account + "X")) << "another account is free";
  lock->reset();
  EXPECT_FALSE(holder_of_account(account));
  EXPECT_TRUE(lock_account(account)) << "whoever asks is in nobody's way";
  EXPECT_FALSE(holder_of_account(""));
  EXPECT_FALSE(holder_of_account(std::string(500, 'x')));
}

TEST(InstanceLock, BadNames) {
  EXPECT_FALSE(lock_account(""));
  EXPECT_FALSE(lock_account(std::string(500, 'x')));
}

// ---- notify ----

class Notify : public ::testing::Test {
 protected:
  void SetUp() override {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto path = dir_.file("notify");
    std::copy(path.begin(), path.end(), address.sun_path);
    fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    ASSERT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  void TearDown() override { ::close(fd_); }
  std::string next() {
    char buffer[4096];
    const auto n = ::recv(fd_, buffer, sizeof buffer, 0);
    return n < 0 ? "(nothing)" : std::string(buffer, static_cast<std::size_t>(n));
  }

  TempDir dir_;
  int fd_ = -1;
};

TEST_F(Notify, SaysWhatSystemdUnderstands) {
  const ScopedEnv env("NOTIFY_SOCKET", dir_.file("notify"));
  Notifier n;
  n.ready();
  EXPECT_EQ(next(), "READY=1");
  n.status("live; 3 open");
  EXPECT_EQ(next(), "STATUS=live; 3 open");
  n.status("live; 3 open");
  EXPECT_EQ(next(), "(nothing)") << "the same status is not sent twice";
  n.status("a\nREADY=1");
  EXPECT_EQ(next(), "STATUS=a?READY=1") << "a status is one line";
  n.reloading({5'000'123'456});
  EXPECT_EQ(next(), "RELOADING=1\nMONOTONIC_USEC=5000123");
  n.extend_timeout(std::chrono::seconds(3));
  EXPECT_EQ(next(), "EXTEND_TIMEOUT_USEC=3000000");
  n.watchdog();
  EXPECT_EQ(next(), "WATCHDOG=1");
  n.watchdog_timeout(std::chrono::seconds(75));
  EXPECT_EQ(next(), "WATCHDOG_USEC=75000000");
  n.stopping();
  EXPECT_EQ(next(), "STOPPING=1");
}

TEST_F(Notify, AQueueThatIsFullIsNotWaitedForAndTheNewestOfEachKindIsToldLater) {
  const ScopedEnv env("NOTIFY_SOCKET", dir_.file("notify"));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto path = dir_.file("notify");
  std::copy(path.begin(), path.end(), address.sun_path);
  const int filler = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  int filled = 0;
  while (::sendto(filler, "x", 1, 0, reinterpret_cast<sockaddr*>(&address), sizeof address) == 1) {
    ++filled;
  }
  ASSERT_EQ(errno, EAGAIN);
  Notifier n;
  n.ready();
  n.status("connecting");
  n.status("live");
  n.watchdog();
  n.watchdog();
  n.reloading({1'000});
  n.ready();
  for (int i = 0; i < filled; ++i) EXPECT_EQ(next(), "x");
  EXPECT_EQ(next(), "(nothing)");
  n.status("live");  // the next second, nothing new
  EXPECT_EQ(next(), "STATUS=live\nWATCHDOG=1\nREADY=1");
  n.status("live");
  EXPECT_EQ(next(), "(nothing)") << "told once";
  ::close(filler);
}

TEST_F(Notify, TheAbstractNameSpaceIsAPlaceToo) {
  const auto name = fmt::format("derivd-test-notify-{}", ::getpid());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::copy(name.begin(), name.end(), address.sun_path + 1);
  int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size())),
            0);
  const ScopedEnv env("NOTIFY_SOCKET", "@" + name);
  Notifier n;
  n.ready();
  std::swap(fd_, fd);
  EXPECT_EQ(next(), "READY=1");
  ::close(fd);
}

TEST_F(Notify, WithoutSystemdNothingHappens) {
  const ScopedEnv env("NOTIFY_SOCKET", std::nullopt);
  Notifier n;
  n.ready();
  n.status("x");
  EXPECT_EQ(next(), "(nothing)");
}

TEST(Watchdog, HalfOfWhatSystemdAsks) {
  const ScopedEnv usec("WATCHDOG_USEC", "30000000");
  {
    const ScopedEnv pid("WATCHDOG_PID", fmt::format("{}", ::getpid()));
    EXPECT_EQ(Notifier::watchdog_interval(), core::Duration(std::chrono::seconds(15)));
  }
  {
    const ScopedEnv pid("WATCHDOG_PID", "1");
    EXPECT_EQ(Notifier::watchdog_interval(), std::nullopt) << "meant for another process";
  }
  const ScopedEnv none("WATCHDOG_USEC", std::nullopt);
  EXPECT_EQ(Notifier::watchdog_interval(), std::nullopt);
}

// ---- exit codes: units and scripts refer to the numbers ----

TEST(ExitCodes, AreThoseOfTheContract) {
  EXPECT_EQ(kExitOk, 0);
  EXPECT_EQ(kExitOther, 1);
  EXPECT_EQ(kExitUsage, 64);
  EXPECT_EQ(kExitCredential, 66);
  EXPECT_EQ(kExitJournal, 74);
  EXPECT_EQ(kExitInstance, 75);
  EXPECT_EQ(kExitToken, 77);
  EXPECT_EQ(kExitConfig, 78);
  EXPECT_EQ(kCtlUsage, 2);
  EXPECT_EQ(kCtlNotRunning, 3);
  EXPECT_EQ(kCtlRefused, 4);
  EXPECT_EQ(kCtlTimeout, 5);
  EXPECT_EQ(kCtlNotFound, 6);
}

}  // namespace
}  // namespace derivd::service
