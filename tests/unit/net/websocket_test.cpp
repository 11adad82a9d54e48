#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/net/support.hpp"

namespace derivd::net {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class WebSocketTest : public testing::Test {
 protected:
  WebSocketTest() { server_ = listen_on("127.0.0.1"); }

  std::unique_ptr<Server> listen_on(const std::string& address) {
    return listen(io_, address, 0, test_certificate(), peer_).value();
  }
  std::unique_ptr<WebSocket> dial(const std::string& host = "127.0.0.1") {
    return connect(io_, url_of("wss", host, server_->port(), "/path?otp=secret-password"),
                   trusting(test_certificate()), timeouts_, client_);
  }
  std::unique_ptr<WebSocket> dial_open() {
    auto socket = dial();
    EXPECT_TRUE(until([&] { return client_.opened == 1 && peer_.socket != nullptr; }));
    return socket;
  }
  bool until(const std::function<bool()>& done) { return turn_until(io_, done); }
  bool until_closed() {
    return until([&] { return !client_.closed.empty(); });
  }

  boost::asio::io_context io_;
  RecordingServer peer_;
  RecordingClient client_;
  Timeouts timeouts_;
  std::unique_ptr<Server> server_;
};

TEST_F(WebSocketTest, EchoesFramesInOrder) {
  const auto socket = dial_open();
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(socket->send(fmt::format("frame {}", i)));
  ASSERT_TRUE(until([&] { return client_.frames.size() == 200; }));
  for (int i = 0; i < 200; ++i) EXPECT_EQ(client_.frames[i], fmt::format("frame {}", i));
  EXPECT_GE(client_.least_padding, kPadding);
  EXPECT_TRUE(client_.closed.empty());
}

}  // namespace
}  // namespace derivd::net
