// The page for Prometheus: what is answered, and what a peer cannot make the server do.
#include "net/plain_http.hpp"

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "unit/net/support.hpp"

namespace derivd::net {
namespace {

using boost::asio::ip::tcp;

constexpr core::Duration kTime = std::chrono::milliseconds(400);

class PlainHttp : public ::testing::Test {
 protected:
  // A machine that stops this process for a moment is to end no exchange.
  PlainHttp() { serve(kTestLimit); }

  void serve(core::Duration time) {
    server = serve_plain(io, "127.0.0.1", 0,
                         {"/metrics", "text/plain; version=0.0.4",
                          [this] {
                            ++asked;
                            return page;
                          },
                          time})
                 .value();
  }

  tcp::socket connected() {
    tcp::socket socket(io);
    socket.connect({boost::asio::ip::make_address("127.0.0.1"), server->port()});
    return socket;
  }

  /// Sends `bytes` and reads until the server closes.
  std::string exchange(const std::string& bytes) {
    auto socket = connected();
    boost::system::error_code ignored;
    boost::asio::write(socket, boost::asio::buffer(bytes), ignored);
    return rest_of(socket);
  }

  std::string rest_of(tcp::socket& socket) {
    std::string got;
    bool ended = false;
    boost::asio::async_read(socket, boost::asio::dynamic_buffer(got),
                            [&](boost::system::error_code, std::size_t) { ended = true; });
    EXPECT_TRUE(turn_until(io, [&] { return ended; })) << "the server does not close";
    return got;
  }

  boost::asio::io_context io{1};
  std::string page = "derivd_up 1\n";
  int asked = 0;
  std::unique_ptr<PlainServer> server;
};

TEST_F(PlainHttp, ServesItsPage) {
  const auto got = exchange("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(got.starts_with("HTTP/1.1 200 OK\r\n")) << got;
  EXPECT_NE(got.find("Content-Type: text/plain; version=0.0.4\r\n"), std::string::npos) << got;
  EXPECT_NE(got.find("Content-Length: 12\r\n"), std::string::npos) << got;
  EXPECT_TRUE(got.ends_with("\r\n\r\nderivd_up 1\n")) << got;
  EXPECT_TRUE(exchange("GET /metrics?x=1 HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 200"));
}

TEST_F(PlainHttp, HeadHasTheLengthAndNoPage) {
  const auto got = exchange("HEAD /metrics HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(got.starts_with("HTTP/1.1 200 OK\r\n")) << got;
  EXPECT_NE(got.find("Content-Length: 12\r\n"), std::string::npos) << got;
  EXPECT_TRUE(got.ends_with("\r\n\r\n")) << got;
}

TEST_F(PlainHttp, NothingElseIsServed) {
  EXPECT_TRUE(exchange("GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404"));
  EXPECT_TRUE(exchange("GET /metrics/ HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404"));
  const auto post = exchange("POST /metrics HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_TRUE(post.starts_with("HTTP/1.1 405")) << post;
  EXPECT_TRUE(exchange("hello\r\n\r\n").starts_with("HTTP/1.1 400"));
  EXPECT_EQ(asked, 0);
}

TEST_F(PlainHttp, AnEndlessHeaderIsRefused) {
  const auto got =
      exchange("GET /metrics HTTP/1.1\r\nX: " + std::string(2 * kMaxPlainHeader, 'x') + "\r\n\r\n");
  // The rest that was sent resets the connection, which may overtake the answer.
  EXPECT_TRUE(got.empty() || got.starts_with("HTTP/1.1 431")) << got.substr(0, 100);
  EXPECT_EQ(asked, 0);
  EXPECT_TRUE(exchange("GET /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 200"));
}

TEST_F(PlainHttp, ASilentPeerIsCutOffInTime) {
  serve(kTime);
  auto socket = connected();
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(rest_of(socket), "");
  const auto took = std::chrono::steady_clock::now() - begun;
  EXPECT_GE(took, kTime * 3 / 4);
  EXPECT_LT(took, kTestLimit);
}

TEST_F(PlainHttp, OnesThatSayNothingKeepNobodyAway) {
  std::vector<tcp::socket> held;
  for (std::size_t i = 0; i < kMaxPlainClients; ++i) {
    held.push_back(connected());
    turn_ready(io);
  }
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_TRUE(exchange("GET /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 200"));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, kTestLimit * 3 / 4)
      << "it waited for its turn";
  EXPECT_EQ(rest_of(held.front()), "") << "the one that came first has gone";
}

TEST_F(PlainHttp, MoreThanTheBoundThatAreAnsweredAreClosed) {
  page.assign(std::size_t{16} << 20, 'x');  // more than the kernels take: the answer goes on
  std::vector<tcp::socket> held;
  for (std::size_t i = 0; i < kMaxPlainClients; ++i) {
    held.push_back(connected());
    boost::asio::write(held.back(), boost::asio::buffer("GET /metrics HTTP/1.1\r\n\r\n", 25));
    ASSERT_TRUE(turn_until(io, [&] { return asked == static_cast<int>(i + 1); }));
  }
  EXPECT_EQ(exchange("GET /metrics HTTP/1.1\r\n\r\n"), "");
  EXPECT_EQ(asked, static_cast<int>(kMaxPlainClients));
  held.clear();
  turn_ready(io);
  page = "derivd_up 1\n";
  EXPECT_TRUE(exchange("GET /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 200"));
}

// DNS rebinding: the page's own name is made to point here, and its script asks for "/metrics".
TEST_F(PlainHttp, APageOfTheWebIsNotAnswered) {
  const auto asking_for = [this](const std::string& host) {
    return exchange("GET /metrics HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
  };
  for (const auto* host :
       {"evil.example", "evil.example:9455", "127.0.0.1.evil.example", "a.b.c.d"}) {
    EXPECT_TRUE(asking_for(host).starts_with("HTTP/1.1 403")) << host;
  }
  EXPECT_EQ(asked, 0);
  for (const auto* host :
       {"127.0.0.1", "127.0.0.1:9455", "[::1]:9455", "localhost:9455", "trader"}) {
    EXPECT_TRUE(asking_for(host).starts_with("HTTP/1.1 200")) << host;
  }
}

TEST_F(PlainHttp, EndsWithClientsConnected) {
  auto socket = connected();
  turn_ready(io);
  server.reset();
  EXPECT_EQ(rest_of(socket), "");
}

TEST_F(PlainHttp, SaysWhyItCannotListen) {
  const auto taken = serve_plain(io, "127.0.0.1", server->port(), {"/metrics", "text/plain", {}});
  ASSERT_FALSE(taken);
  EXPECT_NE(taken.error().text.find("Address already in use"), std::string::npos);
  EXPECT_FALSE(serve_plain(io, "localhost", 0, {"/metrics", "text/plain", {}}));
}

}  // namespace
}  // namespace derivd::net
