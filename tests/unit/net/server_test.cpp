#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/net/raw_peer.hpp"
#include "unit/net/support.hpp"

namespace derivd::net {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

class ServerTest : public testing::Test {
 protected:
  ServerTest() { server_ = listen(io_, "127.0.0.1", 0, test_certificate(), peer_).value(); }
  bool until(const std::function<bool()>& done) { return turn_until(io_, done); }

  boost::asio::io_context io_;
  RecordingServer peer_;
  std::unique_ptr<Server> server_;
};

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST_F(ServerTest, AnswersSeveralRequestsOnOneConnection) {
  RawClient client(io_, server_->port(), "GET /one HTTP/1.1\r\nHost: h\r\nX-Mixed: Case\r\n\r\n");
  ASSERT_TRUE(until([&] { return count(client.received(), R"({"ok":true})") == 1; }));
  client.write("POST /two HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody");
  ASSERT_TRUE(until([&] { return count(client.received(), R"({"ok":true})") == 2; }));
  EXPECT_FALSE(client.ended());
  client.write("GET /three HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(until([&] { return client.ended(); }));
  ASSERT_THAT(peer_.requests, SizeIs(3));
  EXPECT_EQ(peer_.requests[0].target, "/one");
  EXPECT_EQ(peer_.requests[0].headers[1].name, "x-mixed");
  EXPECT_EQ(peer_.requests[0].headers[1].value, "Case");
  EXPECT_EQ(peer_.requests[1].method, "POST");
  EXPECT_EQ(peer_.requests[1].body, "body");
  EXPECT_EQ(peer_.requests[2].target, "/three");
  EXPECT_THAT(
      client.received(),
      AllOf(HasSubstr("HTTP/1.1 200 OK\r\n"), HasSubstr("Content-Type: application/json\r\n"),
            HasSubstr("Server: derivsim\r\n"), HasSubstr("Content-Length: 11\r\n")));
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  peer_.answer.body = "x";
  std::string bytes;
  for (int i = 0; i < 20; ++i) bytes += fmt::format("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", i);
  const RawClient client(io_, server_->port(), bytes);
  ASSERT_TRUE(until([&] { return peer_.requests.size() == 20; }));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(peer_.requests[i].target, fmt::format("/{}", i));
}

TEST_F(ServerTest, ARefusedUpgradeMayBeFollowedByAnother) {
  const std::string upgrade =
      "GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
      "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  peer_.upgrade_answer = {401, "no"};
  RawClient client(io_, server_->port(), upgrade);
  ASSERT_TRUE(until([&] { return client.received().ends_with("no"); }));
  peer_.upgrade_answer = {101, ""};
  client.write(upgrade);
  ASSERT_TRUE(until([&] { return peer_.socket != nullptr; }));
  // RFC 6455 4.1: the accept value of this key, computed apart.
  ASSERT_TRUE(until([&] {
    return count(client.received(), "Sec-WebSocket-Accept: HSmrc0sMlYUkAGmm5OPpG2HaGWk=") == 1;
  }));
  EXPECT_EQ(count(client.received(), "Server: derivsim"), 2U);
}

TEST_F(ServerTest, RequestsThatAreTooLargeAreCutOff) {
  const RawClient header(io_, server_->port(),
                         "GET / HTTP/1.1\r\nX: " + std::string(17 * 1024, 'x') + "\r\n\r\n");
  const RawClient body(
      io_, server_->port(),
      fmt::format("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\nx", kMaxHttpBody + 1));
  const RawClient garbage(io_, server_->port(), "this is not HTTP\r\n\r\n");
  ASSERT_TRUE(until([&] { return header.ended() && body.ended() && garbage.ended(); }));
  EXPECT_TRUE(peer_.requests.empty());
}

// What HTTP does not bound by itself: an extension of a chunk, and trailers.
TEST_F(ServerTest, RequestsWithoutEndAreCutOff) {
  const std::string chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1";
  for (const auto& head : {chunked + ";", chunked + "\r\nx\r\n0\r\nX: ", std::string("GET /")}) {
    SCOPED_TRACE(head);
    const RawClient client(io_, server_->port(), head + std::string(8 << 20, 'x'));
    ASSERT_TRUE(until([&] { return client.ended(); }));
  }
  EXPECT_TRUE(peer_.requests.empty());
}

// A masked text frame, by hand.
std::string masked(int opcode, const std::string& payload) {
  const std::string mask = "\x01\x02\x03\x04";
  auto frame = raw_frame(opcode, payload);
  const auto header = frame.size() - payload.size();
  frame[1] = static_cast<char>(frame[1] | 0x80);
  for (std::size_t i = 0; i < payload.size(); ++i) {
    frame[header + i] = static_cast<char>(frame[header + i] ^ mask[i % 4]);
  }
  return frame.insert(header, mask);
}

class ServerSocketTest : public ServerTest {
 protected:
  RawClient open() {
    RawClient client(io_, server_->port(),
                     "GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
                     "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n"
                     "Sec-WebSocket-Version: 13\r\n\r\n");
    EXPECT_TRUE(until([&] {
      return peer_.socket != nullptr && client.received().find("\r\n\r\n") != std::string::npos;
    }));
    return client;
  }
  static std::string frames(const RawClient& client) {
    return client.received().substr(client.received().find("\r\n\r\n") + 4);
  }
};

TEST_F(ServerSocketTest, SplitsIntoContinuationFramesOnTheWire) {
  const auto client = open();
  peer_.socket->send_split("abcdefgh", 3);
  const auto expected =
      raw_frame(1, "abc", false) + raw_frame(0, "def", false) + raw_frame(0, "gh");
  ASSERT_TRUE(until([&] { return frames(client).size() >= expected.size(); }));
  EXPECT_EQ(frames(client), expected);
}

TEST_F(ServerSocketTest, AnswersPingsUnlessPaused) {
  auto client = open();
  client.write(masked(9, "hello"));
  ASSERT_TRUE(until([&] { return frames(client) == raw_frame(10, "hello"); }));
  peer_.socket->pause_reading(true);
  client.write(masked(9, "anyone?"));
  peer_.socket->send("marker");
  ASSERT_TRUE(until([&] { return frames(client).ends_with("marker"); }));
  turn_ready(io_);
  EXPECT_EQ(count(frames(client), "anyone?"), 0U);
  peer_.socket->pause_reading(false);
  ASSERT_TRUE(until([&] { return count(frames(client), "anyone?") == 1; }));
}

TEST_F(ServerSocketTest, APausedConnectionCanBeClosedAbortedAndDestroyed) {
  for (const int how : {0, 1, 2}) {
    SCOPED_TRACE(how);
    auto client = open();
    client.write(masked(1, "before"));
    ASSERT_TRUE(until([&] { return peer_.frames.size() == 1; }));
    peer_.socket->pause_reading(true);
    client.write(masked(1, "held back"));
    turn_ready(io_);
    const int gone = peer_.gone;
    if (how == 0) peer_.socket->abort();
    if (how == 1) peer_.socket->close(1001);
    if (how == 2) server_.reset();
    if (how != 2) {
      ASSERT_TRUE(until([&] { return peer_.gone == gone + 1; }));
    } else {
      turn_ready(io_);
      EXPECT_EQ(peer_.gone, gone);
    }
    EXPECT_THAT(peer_.frames, SizeIs(1));
    peer_.frames.clear();
    peer_.socket = nullptr;
  }
}

TEST_F(ServerSocketTest, ABinaryFrameIsRefused) {
  auto client = open();
  client.write(masked(2, "binary"));
  ASSERT_TRUE(until([&] { return frames(client) == raw_frame(8, "\x03\xeb"); }));
  EXPECT_TRUE(peer_.frames.empty());
}

TEST_F(ServerSocketTest, AMessageThatIsTooLargeIsRefused) {
  auto client = open();
  client.write(masked(1, std::string(kMaxFrame, 'x')));
  ASSERT_TRUE(until([&] { return peer_.frames.size() == 1; }));
  client.write(masked(1, std::string(kMaxFrame + 1, 'x')));
  ASSERT_TRUE(until([&] { return peer_.gone == 1; }));
  EXPECT_THAT(peer_.frames, SizeIs(1));
}

TEST_F(ServerSocketTest, AClientThatDoesNotReadIsCutOffAtTheBound) {
  const auto client = open();
  const std::string frame(1 << 20, 'x');
  // Not turning the loop, nothing is read at the other end.
  int sent = 0;
  for (; sent < 200 && peer_.socket->queued() < 64; ++sent) peer_.socket->send(frame);
  peer_.socket->send(frame);
  EXPECT_EQ(peer_.gone, 0) << "never from inside send()";
  ASSERT_TRUE(until([&] { return peer_.gone == 1; }));
}

TEST_F(ServerSocketTest, CountsWhatIsNotYetWritten) {
  const auto client = open();
  for (int i = 0; i < 10; ++i) peer_.socket->send("frame");
  EXPECT_EQ(peer_.socket->queued(), 10U);
  ASSERT_TRUE(until([&] { return peer_.socket->queued() == 0; }));
}

TEST(Listen, SaysWhatIsWrong) {
  boost::asio::io_context io;
  RecordingServer peer;
  const auto name = listen(io, "localhost", 0, test_certificate(), peer);
  ASSERT_FALSE(name);
  EXPECT_THAT(name.error().text, HasSubstr("not an IP address"));
  const auto first = listen(io, "127.0.0.1", 0, test_certificate(), peer).value();
  const auto second = listen(io, "127.0.0.1", first->port(), test_certificate(), peer);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().text,
              AllOf(HasSubstr("Address already in use"), HasSubstr(std::to_string(first->port()))));
  const auto elsewhere = listen(io, "192.0.2.1", 0, test_certificate(), peer);
  EXPECT_FALSE(elsewhere);
  auto missing = test_certificate();
  missing.cert_file += ".none";
  EXPECT_FALSE(listen(io, "127.0.0.1", 0, missing, peer));
  auto wrong_key = test_certificate();
  wrong_key.key_file = wrong_key.ca_file;
  EXPECT_FALSE(listen(io, "127.0.0.1", 0, wrong_key, peer));
}

}  // namespace
}  // namespace derivd::net
