#include "service/control.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <thread>

#include "service/peer.hpp"
#include "unit/emulator.hpp"
#include "unit/service/temp_dir.hpp"

namespace derivd::service {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// A server on a thread of its own, since the client blocks.
class Running {
 public:
  explicit Running(const std::string& path,
                   std::function<std::string(std::string_view)> handle = {})
      : result_(serve_control(
            io_, path, handle ? std::move(handle) : [](std::string_view line) {
              return "you said " + std::string(line);
            })) {
    if (result_) thread_ = std::thread([this] { io_.run(); });
  }
  ~Running() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }
  bool ok() const { return result_.has_value(); }
  core::Error error() const { return result_.error(); }

 private:
  boost::asio::io_context io_;
  core::Result<std::unique_ptr<ControlServer>> result_;
  std::thread thread_;
};

int connect_raw(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), address.sun_path);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd);
    return -1;
  }
  timeval patience{10, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return fd;
}

std::string read_all(int fd) {
  std::string out;
  char buffer[4096];
  for (ssize_t n = 0; (n = ::recv(fd, buffer, sizeof buffer, 0)) > 0;) out.append(buffer, n);
  return out;
}

TEST(Control, TellsTheHandlerWhetherTheOwnerSpeaks) {
  test::TempDir dir;
  boost::asio::io_context io;
  bool owner = false;
  auto made = serve_control(io, dir.file("s"), [&](std::string_view, const ControlPeer& peer) {
    owner = peer.owner;
    return std::string("{}");
  });
  ASSERT_TRUE(made) << made.error().text;
  std::thread loop([&] { io.run(); });
  const auto reply = call_control(dir.file("s"), "{}", 10s);
  io.stop();
  loop.join();
  EXPECT_TRUE(reply);
  EXPECT_TRUE(owner) << "the same user";
}

TEST(Control, OneLineEachWay) {
  test::TempDir dir;
  Running server(dir.file("control.sock"));
  ASSERT_TRUE(server.ok()) << server.error().text;
  const auto reply = call_control(dir.file("control.sock"), R"({"cmd":"status"})", 10s);
  ASSERT_TRUE(reply) << reply.error().text;
  EXPECT_EQ(*reply, R"(you said {"cmd":"status"})");
}

TEST(Control, ALargeAnswerComesWhole) {
  test::TempDir dir;
  const std::string large(3 << 20, 'x');
  Running server(dir.file("s"), [&](std::string_view) { return large; });
  const auto reply = call_control(dir.file("s"), "all", 20s);
  ASSERT_TRUE(reply) << reply.error().text;
  EXPECT_EQ(*reply, large);
}

TEST(Control, SeveralRequestsInOneWrite) {
  test::TempDir dir;
  Running server(dir.file("s"));
  const int fd = connect_raw(dir.file("s"));
  ASSERT_GE(fd, 0);
  ASSERT_EQ(::send(fd, "a\nb\n\nc", 6, 0), 6);
  ::shutdown(fd, SHUT_WR);
  EXPECT_EQ(read_all(fd), "you said a\nyou said b\nyou said \n");
  ::close(fd);
}

TEST(Control, ALongLineIsRefusedAndTheNextClientServed) {
  test::TempDir dir;
  Running server(dir.file("s"));
  const std::string most(kMaxControlLine, 'x');
  EXPECT_TRUE(call_control(dir.file("s"), most, 10s));
  EXPECT_FALSE(call_control(dir.file("s"), most + "x", 10s));
  const int fd = connect_raw(dir.file("s"));
  const std::string endless(kMaxControlLine + 4096, 'x');
  ::send(fd, endless.data(), endless.size(), MSG_NOSIGNAL);
  EXPECT_THAT(read_all(fd), HasSubstr("too long"));
  ::close(fd);
  EXPECT_TRUE(call_control(dir.file("s"), "x", 10s));
}

TEST(Control, NewlinesCannotBeSmuggledIn) {
  const auto reply = call_control("/nonexistent", "a\nb", 1s);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, core::ErrorKind::kInvalid);
}

TEST(Control, AnOwnerAlwaysHasAPlaceAndClientsAreBounded) {
  test::TempDir dir;
  Running server(dir.file("s"));
  std::vector<int> fds;
  for (std::size_t i = 0; i < kMaxControlClients; ++i) {
    const int fd = connect_raw(dir.file("s"));
    ASSERT_GE(fd, 0);
    ASSERT_EQ(::send(fd, "x\n", 2, 0), 2);
    char buffer[64];
    ASSERT_GT(::recv(fd, buffer, sizeof buffer, 0), 0);  // it is served: it has its place
    fds.push_back(fd);
  }
  const auto extra = call_control(dir.file("s"), "x", 10s);
  ASSERT_TRUE(extra) << extra.error().text;
  EXPECT_EQ(*extra, "you said x");
  EXPECT_EQ(read_all(fds.front()), "") << "who was idle longest gave way";
  char byte = 0;
  for (std::size_t i = 1; i < fds.size(); ++i) {
    EXPECT_LT(::recv(fds[i], &byte, 1, MSG_DONTWAIT), 0) << i;
    EXPECT_EQ(errno, EAGAIN) << "the others keep their places";
  }
  for (const int fd : fds) ::close(fd);
}

TEST(Control, AnswersThatNobodyReadsHaveOneBound) {
  test::TempDir dir;
  const std::string large(kMaxControlReply / 2, 'x');
  Running server(dir.file("s"), [&](std::string_view) { return large; });
  const int lazy = connect_raw(dir.file("s"));
  ASSERT_GE(lazy, 0);
  ASSERT_EQ(::send(lazy, "all\n", 4, 0), 4);
  char byte = 0;
  ASSERT_EQ(::recv(lazy, &byte, 1, 0), 1);  // its answer is on its way, and it reads no more of it
  const auto second = call_control(dir.file("s"), "all", 20s);
  ASSERT_TRUE(second) << second.error().text;
  EXPECT_THAT(*second, HasSubstr("have not read their answers"));
  ::close(lazy);
}

TEST(Control, NobodyListens) {
  test::TempDir dir;
  const auto missing = call_control(dir.file("none"), "x", 5s);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, core::ErrorKind::kNotFound);
  EXPECT_THAT(missing.error().text, HasSubstr("not running"));
  { Running server(dir.file("s")); }
  EXPECT_FALSE(std::filesystem::exists(dir.file("s"))) << "a clean stop removes its socket";
  const auto gone = call_control(dir.file("s"), "x", 5s);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().kind, core::ErrorKind::kNotFound);
}

TEST(Control, NoAnswerInTime) {
  test::TempDir dir;
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto path = dir.file("deaf");
  std::copy(path.begin(), path.end(), address.sun_path);
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(fd, 4), 0);
  const auto reply = call_control(path, "x", 50ms);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, core::ErrorKind::kTimeout);
  ::close(fd);
  const auto stale = call_control(path, "x", 5s);
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().kind, core::ErrorKind::kNotFound) << "a socket that nobody serves";
}

TEST(Control, AStaleSocketIsReplacedAServedOneIsNot) {
  test::TempDir dir;
  const auto path = dir.file("s");
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), address.sun_path);
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::close(fd);
  Running first(path);
  ASSERT_TRUE(first.ok()) << first.error().text;
  Running second(path);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().kind, core::ErrorKind::kRefused);
  EXPECT_THAT(second.error().text, HasSubstr("another process serves it"));
  const auto reply = call_control(path, "x", 10s);
  EXPECT_TRUE(reply) << "the first was disturbed: " << reply.error().text;
}

TEST(Control, AFileInThePlaceIsLeftAlone) {
  test::TempDir dir;
  test::write_file(dir.file("s"), "precious");
  Running server(dir.file("s"));
  ASSERT_FALSE(server.ok());
  EXPECT_EQ(test::read_file(dir.file("s")), "precious");
}

TEST(Control, BadPaths) {
  test::TempDir dir;
  Running long_path(dir.file(std::string(120, 'x')));
  ASSERT_FALSE(long_path.ok());
  EXPECT_THAT(long_path.error().text, HasSubstr("too long"));
  Running no_directory(dir.file("none/s"));
  ASSERT_FALSE(no_directory.ok());
  EXPECT_EQ(no_directory.error().kind, core::ErrorKind::kIo);
  EXPECT_FALSE(call_control(std::string(200, 'x'), "x", 1s));
}

TEST(Control, TheSocketIsForUserAndGroup) {
  test::TempDir dir;
  Running server(dir.file("s"));
  struct stat info {};
  ASSERT_EQ(::stat(dir.file("s").c_str(), &info), 0);
  EXPECT_TRUE(S_ISSOCK(info.st_mode));
  EXPECT_EQ(info.st_mode & 07777, 0660u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir.path()), {}), 1)
      << "nothing is left beside it";
}

TEST(Control, TheServerMayEndWithinACommand) {
  test::TempDir dir;
  boost::asio::io_context io;
  std::unique_ptr<ControlServer> server;
  auto made = serve_control(io, dir.file("s"), [&](std::string_view) {
    server.reset();
    return std::string("bye");
  });
  ASSERT_TRUE(made);
  server = std::move(*made);
  std::thread loop([&] { io.run(); });
  EXPECT_FALSE(call_control(dir.file("s"), "stop", 10s));
  loop.join();
  EXPECT_FALSE(std::filesystem::exists(dir.file("s")));
}

// ---- who may ----

TEST(Peer, RootOwnUserAndOwnGroup) {
  EXPECT_TRUE(may_command({1, 0, 0, {}}, 500, 600));
  EXPECT_TRUE(may_command({1, 500, 501, {}}, 500, 600));
  EXPECT_TRUE(may_command({1, 777, 600, {}}, 500, 600));
  EXPECT_TRUE(may_command({1, 777, 778, {4, 600, 9}}, 500, 600));
  EXPECT_FALSE(may_command({1, 777, 778, {4, 9}}, 500, 600));
  EXPECT_FALSE(may_command({1, 600, 500, {500}}, 500, 600)) << "a uid is no gid";
}

TEST(Peer, TheKernelTells) {
  int fds[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  const auto peer = peer_of(fds[0]);
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->pid, ::getpid());
  EXPECT_EQ(peer->uid, ::geteuid());
  EXPECT_EQ(peer->gid, ::getegid());
  EXPECT_EQ(peer->groups.size(), static_cast<std::size_t>(::getgroups(0, nullptr)));
  ::close(fds[0]);
  ::close(fds[1]);
  EXPECT_FALSE(peer_of(-1));
}

/// A call from a child that is somebody else. Returns 'a' answered, 'r' refused line, 'p' no
/// permission, '?' else.
char call_as(uid_t uid, gid_t gid, std::vector<gid_t> groups, const std::string& path) {
  int fds[2];
  if (::pipe(fds) != 0) return '?';
  const auto child = ::fork();
  if (child == 0) {
    char answer = '?';
    if (::setgroups(groups.size(), groups.data()) == 0 && ::setgid(gid) == 0 &&
        ::setuid(uid) == 0) {
      const auto reply = call_control(path, "x", 10s);
      if (reply) {
        answer = reply->find("only root") != std::string::npos ? 'r' : 'a';
      } else if (reply.error().kind == core::ErrorKind::kRefused) {
        answer = 'p';
      }
    }
    (void)!::write(fds[1], &answer, 1);
    ::_exit(0);
  }
  ::close(fds[1]);
  char answer = '?';
  (void)!::read(fds[0], &answer, 1);
  ::close(fds[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return answer;
}

TEST(Peer, AStrangerIsRefusedByModeAndByCredential) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to be somebody else";
  constexpr uid_t kStranger = 64'999;
  constexpr gid_t kOther = 64'998;
  test::TempDir dir;
  std::filesystem::permissions(dir.path(), std::filesystem::perms(0755));
  Running server(dir.file("s"));
  EXPECT_EQ(call_as(kStranger, kOther, {kOther}, dir.file("s")), 'p');
  // Even where the file's mode lets everybody in.
  ::chmod(dir.file("s").c_str(), 0666);
  EXPECT_EQ(call_as(kStranger, kOther, {kOther}, dir.file("s")), 'r');
  EXPECT_EQ(call_as(kStranger, ::getegid(), {}, dir.file("s")), 'a');
  EXPECT_EQ(call_as(0, 0, {}, dir.file("s")), 'a');
  if (const char* emulator = test::emulator(); emulator != nullptr) {
    GTEST_SKIP() << "NO GROUPS OF A PEER (SO_PEERGROUPS) UNDER " << emulator;
  }
  EXPECT_EQ(call_as(kStranger, kOther, {kOther, ::getegid()}, dir.file("s")), 'a');
}

}  // namespace
}  // namespace derivd::service
