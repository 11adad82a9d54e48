#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/certificate.hpp"
#include "net/endpoints.hpp"
#include "unit/net/support.hpp"

namespace derivd::net {
namespace {

using core::ErrorKind;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class WebSocketTest : public testing::Test {
 protected:
  WebSocketTest() { serve("127.0.0.1"); }

  void serve(const std::string& address, const ServerCertificate& with = test_certificate()) {
    server_ = listen(io_, address, 0, with, peer_).value();
  }
  std::unique_ptr<WebSocket> dial(const std::string& host = "127.0.0.1",
                                  const TlsSettings& tls = trusting(test_certificate())) {
    return connect(io_, url_of("wss", host, server_->port(), "/path?otp=hunter2"), tls, timeouts_,
                   client_);
  }
  std::unique_ptr<WebSocket> dial_open(const std::string& host = "127.0.0.1") {
    auto socket = dial(host);
    EXPECT_TRUE(until([&] { return client_.opened == 1 && peer_.socket != nullptr; }));
    return socket;
  }
  bool until(const std::function<bool()>& done) { return turn_until(io_, done); }
  const LinkError& until_closed() {
    EXPECT_TRUE(until([&] { return !client_.closed.empty(); }));
    turn_ready(io_);
    EXPECT_THAT(client_.closed, SizeIs(1));
    if (client_.closed.empty()) client_.closed.emplace_back();
    EXPECT_THAT(client_.closed[0].error.text, Not(HasSubstr("hunter2")));
    return client_.closed[0];
  }
  bool until_gone() {
    return until([&] { return peer_.gone == 1; });
  }

  boost::asio::io_context io_;
  RecordingServer peer_;
  RecordingClient client_;
  Timeouts timeouts_;
  std::unique_ptr<Server> server_;
};

// ---- frames ----

TEST_F(WebSocketTest, EchoesFramesInOrder) {
  const auto socket = dial_open();
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(socket->send(fmt::format("frame {}", i)));
  ASSERT_TRUE(until([&] { return client_.frames.size() == 200; }));
  for (int i = 0; i < 200; ++i) EXPECT_EQ(client_.frames[i], fmt::format("frame {}", i));
  EXPECT_GE(client_.least_padding, kPadding);
  EXPECT_TRUE(client_.closed.empty());
}

TEST_F(WebSocketTest, TellsTheServerWhoItIsAndWhere) {
  const auto socket = dial_open();
  ASSERT_THAT(peer_.requests, SizeIs(1));
  const auto& request = peer_.requests[0];
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.target, "/path?otp=hunter2");
  const auto header = [&](const std::string& name) {
    for (const auto& h : request.headers) {
      if (h.name == name) return h.value;
    }
    return std::string("absent");
  };
  EXPECT_EQ(header("user-agent"), "derivd");
  EXPECT_EQ(header("host"), fmt::format("127.0.0.1:{}", server_->port()));
  EXPECT_EQ(header("sec-websocket-extensions"), "absent");
}

TEST_F(WebSocketTest, FramesOfEveryLengthFormAndSize) {
  const auto socket = dial_open();
  const std::vector<std::size_t> sizes = {0,        1,       125,    126,           127,
                                          4096,     4097,    65'535, 65'536,        65'537,
                                          8192 * 8, 300'000, 1'000,  kMaxFrame - 1, kMaxFrame};
  for (const auto size : sizes) {
    client_.frames.clear();
    std::string frame(size, 'x');
    for (std::size_t i = 0; i < size; i += 97) frame[i] = static_cast<char>('a' + i % 26);
    ASSERT_TRUE(socket->send(frame));
    ASSERT_TRUE(until([&] { return !client_.frames.empty(); })) << size;
    EXPECT_TRUE(client_.frames[0] == frame) << size;
  }
  EXPECT_GE(client_.least_padding, kPadding);
}

TEST_F(WebSocketTest, AMessageInPiecesArrivesWhole) {
  const auto socket = dial_open();
  std::string text;
  for (int i = 0; i < 2000; ++i) text += fmt::format("{} ", i);
  peer_.socket->send_split(text, 7);
  peer_.socket->send_split("abc", 0);
  peer_.socket->send_split("", 5);
  peer_.socket->send_split(std::string(kMaxFrame, 'z'), 100'000);
  peer_.socket->send("after");
  ASSERT_TRUE(until([&] { return client_.frames.size() == 5; }));
  EXPECT_EQ(client_.frames[0], text);
  EXPECT_EQ(client_.frames[1], "abc");
  EXPECT_EQ(client_.frames[2], "");
  EXPECT_TRUE(client_.frames[3] == std::string(kMaxFrame, 'z'));
  EXPECT_EQ(client_.frames[4], "after");
  EXPECT_EQ(peer_.socket->queued(), 0U);
}

TEST_F(WebSocketTest, AMessageThatIsTooLargeClosesTheConnection) {
  const auto socket = dial_open();
  peer_.socket->send(std::string(kMaxFrame + 1, 'x'));
  peer_.socket->send("never seen");
  const auto& error = until_closed();
  EXPECT_EQ(error.step, Step::kOpen);
  EXPECT_EQ(error.error.kind, ErrorKind::kExhausted);
  EXPECT_THAT(error.error.text, HasSubstr("message larger than 1048576 bytes"));
  EXPECT_TRUE(client_.frames.empty());
  EXPECT_TRUE(until_gone());
}

TEST_F(WebSocketTest, PiecesThatAddUpToTooMuchCloseTheConnectionToo) {
  const auto socket = dial_open();
  peer_.socket->send_split(std::string(kMaxFrame + 1, 'x'), 1000);
  EXPECT_THAT(until_closed().error.text, HasSubstr("message larger than 1048576 bytes"));
  EXPECT_TRUE(client_.frames.empty());
}

TEST_F(WebSocketTest, ConnectsByNameAndOverIpv6) {
  {
    const auto socket = dial_open("localhost");
    ASSERT_TRUE(socket->send("by name"));
    ASSERT_TRUE(until([&] { return !client_.frames.empty(); }));
  }
  ASSERT_TRUE(until_gone());
  RecordingServer v6;
  const auto server = listen(io_, "::1", 0, test_certificate(), v6);
  if (!server) GTEST_SKIP() << "NO IPv6 ON THIS MACHINE: " << server.error().text;
  RecordingClient client;
  const auto socket = connect(io_, url_of("wss", "::1", (*server)->port()),
                              trusting(test_certificate()), timeouts_, client);
  ASSERT_TRUE(until([&] { return client.opened == 1; }));
  ASSERT_THAT(v6.requests, SizeIs(1));
}

// ---- the send queue ----

TEST_F(WebSocketTest, AFullQueueIsSaidAndClosesTheLink) {
  const auto socket = dial_open();
  for (std::size_t i = 0; i < kMaxSendQueue; ++i) ASSERT_TRUE(socket->send("x")) << i;
  EXPECT_FALSE(socket->send("one too many"));
  EXPECT_TRUE(client_.closed.empty()) << "never from inside send()";
  EXPECT_FALSE(socket->send("nor later"));
  const auto& error = until_closed();
  EXPECT_EQ(error.error.kind, ErrorKind::kExhausted);
  EXPECT_THAT(error.error.text, HasSubstr("256 messages wait"));
  EXPECT_FALSE(socket->send("nor when closed"));
}

TEST_F(WebSocketTest, APeerThatDoesNotReadFillsTheQueueAndIsLeft) {
  const auto socket = dial_open();
  peer_.socket->pause_reading(true);
  const std::string frame(256 * 1024, 'x');
  int sent = 0;
  while (socket->send(frame)) {
    ++sent;
    turn_ready(io_);
    ASSERT_LT(sent, 10'000);
  }
  EXPECT_GT(sent, 256);
  EXPECT_EQ(until_closed().error.kind, ErrorKind::kExhausted);
}

TEST_F(WebSocketTest, AnOversizedMessageOfOursIsRefused) {
  const auto socket = dial_open();
  EXPECT_FALSE(socket->send(std::string(kMaxFrame + 1, 'x')));
  EXPECT_EQ(until_closed().error.kind, ErrorKind::kExhausted);
  ASSERT_TRUE(until_gone());
  EXPECT_TRUE(peer_.frames.empty());
}

TEST_F(WebSocketTest, NothingCanBeSentBeforeItIsOpen) {
  const auto socket = dial();
  EXPECT_FALSE(socket->send("early"));
  ASSERT_TRUE(until([&] { return client_.opened == 1; }));
  EXPECT_TRUE(socket->send("in time"));
  ASSERT_TRUE(until([&] { return !client_.frames.empty(); }));
  EXPECT_THAT(peer_.frames, ElementsAre("in time"));
}

// ---- ends ----

TEST_F(WebSocketTest, ClosingSendsWhatIsQueuedFirst) {
  const auto socket = dial_open();
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(socket->send("last words"));
  socket->close();
  socket->close();
  EXPECT_FALSE(socket->send("after the end"));
  const auto& error = until_closed();
  EXPECT_EQ(error.step, Step::kOpen);
  EXPECT_THAT(error.error.text, HasSubstr("closed by us"));
  ASSERT_TRUE(until_gone());
  EXPECT_THAT(peer_.frames, SizeIs(50));
  EXPECT_THAT(peer_.frames, Each("last words"));
}

TEST_F(WebSocketTest, ClosingAPeerThatDoesNotAnswerIsBounded) {
  timeouts_.close = std::chrono::milliseconds(100);
  const auto socket = dial_open();
  peer_.socket->pause_reading(true);
  socket->close();
  EXPECT_THAT(until_closed().error.text, HasSubstr("closed by us"));
}

TEST_F(WebSocketTest, ClosingBeforeItIsOpenGivesTheAttemptUp) {
  const auto socket = dial();
  socket->close();
  EXPECT_TRUE(client_.closed.empty()) << "never from inside close()";
  const auto& error = until_closed();
  EXPECT_THAT(error.error.text, HasSubstr("given up by us"));
  EXPECT_EQ(client_.opened, 0);
}

TEST_F(WebSocketTest, ThePeersCloseCodeIsTold) {
  const auto socket = dial_open();
  peer_.socket->send("before");
  peer_.socket->close(1012);
  const auto& error = until_closed();
  EXPECT_EQ(error.step, Step::kOpen);
  EXPECT_EQ(error.error.kind, ErrorKind::kIo);
  EXPECT_THAT(error.error.text, HasSubstr("closed the connection: code 1012"));
  EXPECT_THAT(client_.frames, ElementsAre("before"));
  EXPECT_TRUE(until_gone());
}

TEST_F(WebSocketTest, AnAbortIsALostConnection) {
  const auto socket = dial_open();
  peer_.socket->abort();
  const auto& error = until_closed();
  EXPECT_EQ(error.step, Step::kOpen);
  EXPECT_EQ(error.error.kind, ErrorKind::kIo);
  EXPECT_THAT(error.error.text, HasSubstr("lost: Connection reset by peer"));
  EXPECT_TRUE(until_gone());
}

TEST_F(WebSocketTest, AnAbortWhileSendingNamesTheCause) {
  const auto socket = dial_open();
  peer_.echo = false;
  peer_.receiving = [](ServerSocket& from, std::string_view) { from.abort(); };
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(socket->send(std::string(200'000, 'x')));
  EXPECT_THAT(until_closed().error.text,
              testing::AnyOf(HasSubstr("Connection reset by peer"), HasSubstr("Broken pipe"),
                             HasSubstr("ended without a close frame")));
}

TEST_F(WebSocketTest, TheServersEndIsALostConnection) {
  const auto socket = dial_open();
  server_.reset();
  EXPECT_EQ(until_closed().error.kind, ErrorKind::kIo);
  EXPECT_EQ(peer_.gone, 0) << "a destroyed server calls nobody";
}

TEST_F(WebSocketTest, AHalfOpenPeerIsNoticedByTheIdleTime) {
  timeouts_.idle = std::chrono::milliseconds(200);
  const auto socket = dial_open();
  peer_.socket->pause_reading(true);
  const auto begin = std::chrono::steady_clock::now();
  const auto& error = until_closed();
  EXPECT_EQ(error.error.kind, ErrorKind::kTimeout);
  EXPECT_THAT(error.error.text, HasSubstr("no sign of life"));
  EXPECT_THAT(error.error.text, HasSubstr("0.2 s"));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(200));
  EXPECT_EQ(peer_.gone, 0) << "the paused server does not notice either";
  peer_.socket->pause_reading(false);
  EXPECT_TRUE(until_gone());
}

TEST_F(WebSocketTest, PausedReadingHoldsFramesBackAndLosesNone) {
  const auto socket = dial_open();
  peer_.receiving = [](ServerSocket& from, std::string_view frame) {
    if (frame == "stop") from.pause_reading(true);
  };
  for (const auto* frame : {"1", "2", "stop", "3", "4"}) ASSERT_TRUE(socket->send(frame));
  ASSERT_TRUE(until([&] { return client_.frames.size() == 3; }));
  peer_.socket->send("the other way is open");
  ASSERT_TRUE(until([&] { return client_.frames.size() == 4; }));
  EXPECT_THAT(peer_.frames, ElementsAre("1", "2", "stop"));
  peer_.socket->pause_reading(false);
  ASSERT_TRUE(until([&] { return peer_.frames.size() == 5; }));
  EXPECT_THAT(peer_.frames, ElementsAre("1", "2", "stop", "3", "4"));
}

// ---- refused upgrades ----

class RefusedUpgrade : public WebSocketTest, public testing::WithParamInterface<int> {};

TEST_P(RefusedUpgrade, GivesStatusAndBody) {
  peer_.upgrade_answer = {GetParam(), R"({"errors":[{"code":"Unauthorized"}]})"};
  const auto socket = dial();
  const auto& error = until_closed();
  EXPECT_EQ(error.step, Step::kUpgrade);
  EXPECT_EQ(error.error.kind, ErrorKind::kRefused);
  EXPECT_EQ(error.http_status, GetParam());
  EXPECT_EQ(error.http_body, R"({"errors":[{"code":"Unauthorized"}]})");
  EXPECT_THAT(error.error.text, HasSubstr(fmt::format("refused: HTTP {}", GetParam())));
  EXPECT_EQ(client_.opened, 0);
  EXPECT_EQ(peer_.gone, 0);
}

INSTANTIATE_TEST_SUITE_P(Statuses, RefusedUpgrade, testing::Values(200, 401, 403, 429, 503, 520));

TEST_F(WebSocketTest, ALongRefusalIsCut) {
  peer_.upgrade_answer = {503, std::string(100'000, 'x')};
  const auto socket = dial();
  const auto& error = until_closed();
  EXPECT_EQ(error.http_status, 503);
  EXPECT_EQ(error.http_body, std::string(4096, 'x'));
}

// ---- whom it trusts ----

class Trust : public WebSocketTest {
 protected:
  const LinkError& refused_by(const std::string& host, const TlsSettings& tls) {
    socket_ = dial(host, tls);
    const auto& error = until_closed();
    EXPECT_EQ(error.step, Step::kTls);
    EXPECT_EQ(error.error.kind, ErrorKind::kInvalid);
    EXPECT_THAT(error.error.text, HasSubstr("certificate verify failed: "));
    EXPECT_EQ(client_.opened, 0);
    EXPECT_TRUE(peer_.requests.empty()) << "not a byte of the request may leave";
    return error;
  }
  ServerCertificate serve_other(const CertificateSpec& spec) {
    const auto certificate = make_certificate(dir_.path(), spec).value();
    serve("127.0.0.1", certificate);
    return certificate;
  }
  TempDir dir_;
  std::unique_ptr<WebSocket> socket_;
};

TEST_F(Trust, AnotherCaIsRefused) {
  const auto other = make_certificate(dir_.path()).value();
  EXPECT_THAT(refused_by("127.0.0.1", trusting(other)).error.text,
              HasSubstr("unable to get local issuer certificate"));
}

TEST_F(Trust, TheSystemDoesNotTrustAPrivateCa) { refused_by("127.0.0.1", TlsSettings{}); }

TEST_F(Trust, AnAddressThatTheCertificateDoesNotName) {
  CertificateSpec spec;
  spec.addresses = {"192.0.2.1"};
  const auto certificate = serve_other(spec);
  EXPECT_THAT(refused_by("127.0.0.1", trusting(certificate)).error.text,
              HasSubstr("IP address mismatch"));
}

TEST_F(Trust, ANameThatTheCertificateDoesNotName) {
  CertificateSpec spec;
  spec.names = {"example.com", "localhost.example.com"};
  const auto certificate = serve_other(spec);
  EXPECT_THAT(refused_by("localhost", trusting(certificate)).error.text,
              HasSubstr("hostname mismatch"));
}

TEST_F(Trust, TheNameAloneDoesNotVouchForTheAddress) {
  CertificateSpec spec;
  spec.addresses = {};
  const auto certificate = serve_other(spec);
  EXPECT_THAT(refused_by("127.0.0.1", trusting(certificate)).error.text,
              HasSubstr("IP address mismatch"));
}

// A subject is not checked by every CA, and no browser looks at it any more.
TEST_F(Trust, ASubjectThatSaysTheNameVouchesForNothing) {
  CertificateSpec spec;
  spec.subject = "localhost";
  spec.names = {};
  spec.addresses = {};
  const auto certificate = serve_other(spec);
  EXPECT_THAT(refused_by("localhost", trusting(certificate)).error.text,
              HasSubstr("hostname mismatch"));
}

TEST_F(Trust, NorDoesItBesideAnAddress) {
  CertificateSpec spec;
  spec.subject = "localhost";
  spec.names = {};
  const auto certificate = serve_other(spec);
  EXPECT_THAT(refused_by("localhost", trusting(certificate)).error.text,
              HasSubstr("hostname mismatch"));
}

TEST_F(Trust, AWildcardIsAWholeLabel) {
  CertificateSpec spec;
  spec.names = {"a*.example.com"};
  const auto certificate = serve_other(spec);
  socket_ = connect(io_, url_of("wss", "ab.example.com", server_->port()),
                    {{"127.0.0.1", server_->port()}}, trusting(certificate), timeouts_, client_);
  EXPECT_THAT(until_closed().error.text, HasSubstr("hostname mismatch"));
}

TEST_F(Trust, AnExpiredCertificate) {
  CertificateSpec spec;
  spec.not_before = -std::chrono::hours(48);
  spec.not_after = -std::chrono::seconds(60);
  const auto certificate = serve_other(spec);
  EXPECT_THAT(refused_by("127.0.0.1", trusting(certificate)).error.text,
              HasSubstr("certificate has expired"));
}

TEST_F(Trust, ACertificateOfTheFuture) {
  CertificateSpec spec;
  spec.not_before = std::chrono::hours(24);
  const auto certificate = serve_other(spec);
  EXPECT_THAT(refused_by("127.0.0.1", trusting(certificate)).error.text,
              HasSubstr("certificate is not yet valid"));
}

TEST_F(Trust, ACaFileThatIsMissingIsSaidAtOnce) {
  socket_ = dial("127.0.0.1", TlsSettings{dir_.path() + "/none.pem"});
  EXPECT_TRUE(client_.closed.empty()) << "never from inside connect()";
  const auto& error = until_closed();
  EXPECT_EQ(error.step, Step::kTls);
  EXPECT_THAT(error.error.text, HasSubstr("none.pem"));
}

// ---- destruction ----

TEST_F(WebSocketTest, ManyConnectionsAtOnceHaveIdsOfTheirOwn) {
  std::vector<std::unique_ptr<RecordingClient>> clients;
  std::vector<std::unique_ptr<WebSocket>> sockets;
  for (int i = 0; i < 50; ++i) {
    clients.push_back(std::make_unique<RecordingClient>());
    sockets.push_back(connect(io_, url_of("wss", "127.0.0.1", server_->port()),
                              trusting(test_certificate()), timeouts_, *clients.back()));
  }
  ASSERT_TRUE(until([&] { return peer_.ids.size() == 50; }));
  std::sort(peer_.ids.begin(), peer_.ids.end());
  EXPECT_EQ(std::unique(peer_.ids.begin(), peer_.ids.end()), peer_.ids.end());
  for (int i = 0; i < 50; i += 2) sockets[i].reset();
  ASSERT_TRUE(until([&] { return peer_.gone == 25; }));
  for (int i = 1; i < 50; i += 2) ASSERT_TRUE(sockets[i]->send("still here"));
  ASSERT_TRUE(until([&] { return peer_.frames.size() == 25; }));
  for (int i = 0; i < 50; i += 2) EXPECT_TRUE(clients[i]->closed.empty());
}

TEST_F(WebSocketTest, MayBeDestroyedInsideItsOwnCallbacks) {
  for (const std::string where : {"open", "frame", "closed"}) {
    RecordingClient client;
    std::unique_ptr<WebSocket> socket;
    bool destroyed = false;
    const auto destroy = [&] {
      socket.reset();
      destroyed = true;
    };
    if (where == "open") client.opening = destroy;
    if (where == "frame") client.receiving = [&](std::string_view) { destroy(); };
    if (where == "closed") client.closing = destroy;
    peer_.connecting = [&](ServerSocket& connected) {
      connected.send("one");
      connected.send("two");
      connected.close(1000);
    };
    socket = connect(io_, url_of("wss", "127.0.0.1", server_->port()), trusting(test_certificate()),
                     timeouts_, client);
    ASSERT_TRUE(until([&] { return destroyed; })) << where;
    turn_ready(io_);
    EXPECT_EQ(client.frames.size(), where == "open" ? 0U : where == "frame" ? 1U : 2U) << where;
    EXPECT_EQ(client.closed.size(), where == "closed" ? 1U : 0U) << where;
  }
}

TEST_F(WebSocketTest, TheServerMayBeDestroyedInsideItsCallbacks) {
  for (const std::string where : {"connected", "frame"}) {
    RecordingServer peer;
    auto server = listen(io_, "127.0.0.1", 0, test_certificate(), peer).value();
    if (where == "connected") peer.connecting = [&](ServerSocket&) { server.reset(); };
    if (where == "frame") {
      peer.echo = false;
      peer.receiving = [&](ServerSocket&, std::string_view) { server.reset(); };
    }
    RecordingClient client;
    const auto socket = connect(io_, url_of("wss", "127.0.0.1", server->port()),
                                trusting(test_certificate()), timeouts_, client);
    client.opening = [&] { (void)socket->send("frame"); };
    ASSERT_TRUE(until([&] { return client.closed.size() == 1; })) << where;
    EXPECT_FALSE(server) << where;
    EXPECT_EQ(peer.gone, 0) << where;
  }
}

TEST_F(WebSocketTest, TheServersHandlerMayAbortInsideItsCallbacks) {
  peer_.connecting = [](ServerSocket& socket) { socket.abort(); };
  const auto socket = dial();
  until_closed();
  EXPECT_TRUE(until_gone());
}

}  // namespace
}  // namespace derivd::net
