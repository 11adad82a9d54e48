// The way through an HTTP proxy: names are its business, TLS is with the peer, and whatever it
// answers is bounded and told with its address and a remedy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/certificate.hpp"
#include "unit/net/resolver.hpp"
#include "unit/net/support.hpp"
#include "unit/net/tunnel.hpp"

namespace derivd::net {
namespace {

using core::ErrorKind;
using std::chrono::milliseconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

class ProxyTest : public testing::Test {
 protected:
  ProxyTest() { server_ = listen(io_, "127.0.0.1", 0, test_certificate(), peer_).value(); }

  static Proxy at(std::uint16_t port, const std::string& login = {}) {
    auto proxy = Proxy::parse("http://127.0.0.1:" + std::to_string(port)).value();
    if (!login.empty()) {
      proxy.login = std::make_shared<const core::Secret>(std::string(login));
    }
    return proxy;
  }
  TunnelScript to_server() const {
    TunnelScript script;
    script.port = server_->port();
    return script;
  }
  std::unique_ptr<WebSocket> dial(const Proxy& proxy, const std::string& host,
                                  const TlsSettings& tls = trusting(test_certificate())) {
    return connect(io_, url_of("wss", host, 7443), Route(tls, proxy), timeouts_, client_);
  }
  bool until(const std::function<bool()>& done) { return turn_until(io_, done); }
  const LinkError& until_closed() {
    EXPECT_TRUE(until([&] { return !client_.closed.empty(); }));
    if (client_.closed.empty()) client_.closed.emplace_back();
    EXPECT_EQ(client_.opened, 0);
    EXPECT_EQ(client_.closed[0].http_status, 0) << "a proxy's status is not the venue's";
    EXPECT_THAT(client_.closed[0].error.text, Not(HasSubstr("hunter2")));
    return client_.closed[0];
  }
  LinkError refused_with(const std::string& answer, const std::string& login = {}) {
    client_.closed.clear();
    TunnelScript script;
    script.answer = answer;
    const Tunnel tunnel(io_, script);
    const auto socket = dial(at(tunnel.port(), login), "localhost");
    const auto error = until_closed();
    EXPECT_EQ(error.step, Step::kProxy);
    EXPECT_THAT(error.error.text,
                HasSubstr(fmt::format("the proxy 127.0.0.1:{} (venue.proxy)", tunnel.port())));
    return error;
  }

  boost::asio::io_context io_;
  RecordingClient client_;
  RecordingServer peer_;
  Timeouts timeouts_;
  std::unique_ptr<Server> server_;
};

TEST_F(ProxyTest, AWebSocketGoesThroughTheTunnel) {
  const Tunnel tunnel(io_, to_server());
  const auto socket = dial(at(tunnel.port()), "localhost");
  ASSERT_TRUE(until([&] { return client_.opened == 1; }));
  EXPECT_EQ(
      tunnel.asked(),
      "CONNECT localhost:7443 HTTP/1.1\r\nHost: localhost:7443\r\nUser-Agent: derivd\r\n\r\n");
  ASSERT_TRUE(socket->send("hello"));
  ASSERT_TRUE(until([&] { return !client_.frames.empty(); }));
  EXPECT_THAT(client_.frames, ElementsAre("hello"));
}

TEST_F(ProxyTest, SoDoesARequest) {
  const Tunnel tunnel(io_, to_server());
  std::optional<HttpResponse> answer;
  const auto exchange = fetch(
      io_, {"GET", url_of("https", "::1", 7443, "/x"), {{"Authorization", "Bearer t"}}, "", {}},
      Route(trusting(test_certificate()), at(tunnel.port())), timeouts_,
      [&](const auto& result) { answer = result.value(); });
  ASSERT_TRUE(until([&] { return answer.has_value(); }));
  EXPECT_EQ(answer->status, 200);
  EXPECT_THAT(tunnel.asked(), HasSubstr("CONNECT [::1]:7443 HTTP/1.1\r\nHost: [::1]:7443\r\n"));
  EXPECT_THAT(tunnel.asked(), Not(HasSubstr("Bearer")));
  EXPECT_EQ(peer_.requests.at(0).target, "/x");
}

TEST_F(ProxyTest, TheNameIsNotLookedUpHere) {
  const Tunnel tunnel(io_, to_server());
  const SlowName slow("proxied.slow.test");
  const auto socket = dial(at(tunnel.port()), "proxied.slow.test");
  // It comes as far as TLS, where the certificate is another's.
  const auto& error = until_closed();
  EXPECT_EQ(SlowName::waiting(), 0);
  EXPECT_EQ(error.step, Step::kTls);
  EXPECT_THAT(error.error.text, AllOf(HasSubstr("hostname mismatch"),
                                      HasSubstr("proxied.slow.test:7443 through the proxy ")));
}

TEST_F(ProxyTest, TheProxyIsNotBelievedToBeThePeer) {
  CertificateSpec spec;
  spec.names = {"proxy.example"};
  const TempDir dir;
  const auto own = make_certificate(dir.path(), spec).value();
  ASSERT_TRUE(server_->show(own));
  const Tunnel tunnel(io_, to_server());
  const auto socket = dial(at(tunnel.port()), "localhost", trusting(own));
  EXPECT_THAT(until_closed().error.text, HasSubstr("hostname mismatch"));
  EXPECT_TRUE(peer_.requests.empty());
}

TEST_F(ProxyTest, UserAndPasswordGoToTheProxyAlone) {
  const Tunnel tunnel(io_, to_server());
  const auto socket = dial(at(tunnel.port(), "Aladdin:open sesame"), "localhost");
  ASSERT_TRUE(until([&] { return client_.opened == 1; }));
  // RFC 7617 2.
  EXPECT_THAT(tunnel.asked(),
              HasSubstr("\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n"));
  for (const auto& header : peer_.requests.at(0).headers) {
    EXPECT_NE(header.name, "proxy-authorization");
  }
}

TEST_F(ProxyTest, ARefusalNamesTheRemedy) {
  const std::string wants =
      "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Negotiate\r\n"
      "Proxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 5\r\n\r\nlogin";
  auto error = refused_with(wants);
  EXPECT_EQ(error.error.kind, ErrorKind::kRefused);
  EXPECT_THAT(error.error.text, AllOf(HasSubstr("wants a user and a password"), HasSubstr("407"),
                                      HasSubstr("into the credential \"proxy\"")));
  error = refused_with(wants, "me:hunter2");
  EXPECT_THAT(error.error.text, HasSubstr("does not take the user and password"));
  error = refused_with("HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\n\r\n", "me:hunter2");
  EXPECT_THAT(error.error.text, HasSubstr("of another kind than Basic"));
  error = refused_with("HTTP/1.1 403 Forbidden\r\n\r\n");
  EXPECT_THAT(error.error.text, AllOf(HasSubstr("does not let connections to localhost:7443"),
                                      HasSubstr("administrator"), HasSubstr("403")));
  error = refused_with("HTTP/1.0 503 Service Unavailable\r\nRetry-After: 1\r\n\r\n");
  EXPECT_THAT(error.error.text, HasSubstr("cannot reach localhost:7443 itself (HTTP 503)"));
  error = refused_with("HTTP/1.1 405 Method Not Allowed\r\n\r\n");
  EXPECT_THAT(error.error.text, HasSubstr("allows CONNECT (HTTP 405)"));
  EXPECT_EQ(refused_with("HTTP/1.1 101 Switching Protocols\r\n\r\n").error.kind,
            ErrorKind::kRefused);
}

TEST_F(ProxyTest, WhatIsNoAnswerIsTold) {
  EXPECT_THAT(refused_with("SSH-2.0-OpenSSH_9.2p1\r\n\r\n").error.text,
              AllOf(HasSubstr("does not speak HTTP"), HasSubstr("http://HOST:PORT")));
  EXPECT_EQ(refused_with("HTTP/1.1 200 OK\r\n\r\nearly").error.kind, ErrorKind::kProtocol);
  TunnelScript script;
  script.answer = "HTTP/1.1 200";
  script.cut = true;
  const Tunnel tunnel(io_, script);
  client_.closed.clear();
  const auto socket = dial(at(tunnel.port()), "localhost");
  EXPECT_THAT(until_closed().error.text, HasSubstr("cut the connection before it answered"));
}

TEST_F(ProxyTest, AnAnswerWithoutEndIsBounded) {
  for (const std::string head : {"HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\n"}) {
    SCOPED_TRACE(head);
    client_.closed.clear();
    TunnelScript script;
    script.answer = head;
    script.then = std::vector<std::string>(256, "A: " + std::string(4096, 'x') + "\r\n");
    const Tunnel tunnel(io_, script);
    const auto socket = dial(at(tunnel.port()), "localhost");
    const auto& error = until_closed();
    EXPECT_EQ(error.step, Step::kProxy);
    EXPECT_THAT(error.error.kind, testing::AnyOf(ErrorKind::kExhausted, ErrorKind::kProtocol))
        << error.error.text;
  }
}

TEST_F(ProxyTest, AProxyThatSaysNothingIsBounded) {
  timeouts_.proxy = milliseconds(100);
  const auto error = refused_with("");
  EXPECT_EQ(error.error.kind, ErrorKind::kTimeout);
  EXPECT_THAT(error.error.text, HasSubstr("opened no tunnel to localhost:7443 within 0.1 s"));
}

TEST_F(ProxyTest, AProxyThatIsNotThereIsNamed) {
  const ClosedPort closed(io_);
  const auto port = closed.port();
  const auto socket = dial(at(port), "localhost");
  const auto& error = until_closed();
  EXPECT_EQ(error.step, Step::kConnect);
  EXPECT_THAT(
      error.error.text,
      AllOf(HasSubstr(fmt::format("cannot connect to the proxy 127.0.0.1:{} (venue.proxy)", port)),
            HasSubstr("Connection refused")));
}

TEST_F(ProxyTest, ItSaysWhatItWaitsFor) {
  TunnelScript script;
  script.answer = "";
  const Tunnel tunnel(io_, script);
  const auto socket = dial(at(tunnel.port()), "localhost");
  ASSERT_TRUE(until([&] { return !tunnel.asked().empty(); }));
  EXPECT_THAT(socket->waiting_for(), AllOf(HasSubstr("waiting for the proxy 127.0.0.1:"),
                                           HasSubstr("to reach localhost:7443")));
}

}  // namespace
}  // namespace derivd::net
