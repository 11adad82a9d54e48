#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/net/raw_peer.hpp"
#include "unit/net/resolver.hpp"
#include "unit/net/support.hpp"

namespace derivd::net {
namespace {

using core::ErrorKind;
using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::SizeIs;

class FetchTest : public testing::Test {
 protected:
  FetchTest() { server_ = listen(io_, "127.0.0.1", 0, test_certificate(), peer_).value(); }

  std::unique_ptr<HttpExchange> start(std::uint16_t port, HttpRequest request = {},
                                      const std::string& host = "127.0.0.1") {
    if (request.method.empty()) request.method = "GET";
    const auto target = request.url.target.empty() ? "/" : request.url.target;
    request.url = url_of("https", host, port, target);
    return fetch(io_, std::move(request), trusting(test_certificate()), timeouts_,
                 [this](auto result) { results_.push_back(std::move(result)); });
  }
  bool until_done() {
    const bool done = turn_until(io_, [&] { return !results_.empty(); });
    turn_ready(io_);
    EXPECT_EQ(results_.size(), 1U);
    return done && results_.size() == 1;
  }
  HttpResponse answer_of(HttpRequest request) {
    const auto exchange = start(server_->port(), std::move(request));
    if (!until_done()) return {};
    EXPECT_TRUE(results_[0]) << results_[0].error().error.text;
    return results_[0] ? *results_[0] : HttpResponse{};
  }
  LinkError error_of(RawScript script) {
    const RawPeer raw(io_, test_certificate(), std::move(script));
    const auto exchange = start(raw.port());
    if (!until_done()) return {};
    EXPECT_FALSE(results_[0]);
    return results_[0] ? LinkError{} : results_[0].error();
  }
  static RawScript answering(std::string bytes) {
    RawScript script;
    script.answer = [bytes = std::move(bytes)](const std::string&) { return bytes; };
    script.cut = true;
    return script;
  }

  boost::asio::io_context io_;
  RecordingServer peer_;
  Timeouts timeouts_;
  std::unique_ptr<Server> server_;
  std::vector<boost::system::result<HttpResponse, LinkError>> results_;
};

std::string header_of(const ServerRequest& request, const std::string& name) {
  for (const auto& header : request.headers) {
    if (header.name == name) return header.value;
  }
  return "absent";
}

TEST_F(FetchTest, GetSendsHeadersAndReturnsTheBody) {
  peer_.answer = {200, R"({"data":[]})"};
  HttpRequest request;
  request.url.target = "/trading/v1/options/accounts?x=1";
  request.headers = {{"Authorization", "Bearer pat_123"}, {"Deriv-App-ID", "1089"}};
  const auto answer = answer_of(std::move(request));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"data":[]})");
  ASSERT_THAT(peer_.requests, SizeIs(1));
  const auto& seen = peer_.requests[0];
  EXPECT_EQ(seen.method, "GET");
  EXPECT_EQ(seen.target, "/trading/v1/options/accounts?x=1");
  EXPECT_EQ(header_of(seen, "authorization"), "Bearer pat_123");
  EXPECT_EQ(header_of(seen, "deriv-app-id"), "1089");
  EXPECT_EQ(header_of(seen, "user-agent"), "derivd");
  EXPECT_EQ(header_of(seen, "host"), fmt::format("127.0.0.1:{}", server_->port()));
  EXPECT_EQ(header_of(seen, "connection"), "close");
  EXPECT_EQ(header_of(seen, "content-length"), "absent");
}

TEST_F(FetchTest, PostSendsTheBody) {
  HttpRequest request;
  request.method = "POST";
  request.headers = {{"Content-Type", "application/json"}};
  request.body = std::string(200'000, 'b');
  EXPECT_EQ(answer_of(std::move(request)).status, 200);
  ASSERT_THAT(peer_.requests, SizeIs(1));
  EXPECT_EQ(peer_.requests[0].method, "POST");
  EXPECT_EQ(peer_.requests[0].body, std::string(200'000, 'b'));
  EXPECT_EQ(header_of(peer_.requests[0], "content-length"), "200000");
}

TEST_F(FetchTest, APostWithoutBodySaysSo) {
  HttpRequest request;
  request.method = "POST";
  (void)answer_of(std::move(request));
  ASSERT_THAT(peer_.requests, SizeIs(1));
  EXPECT_EQ(header_of(peer_.requests[0], "content-length"), "0");
}

TEST_F(FetchTest, ARefusalIsAnAnswerNotAnError) {
  for (const int status : {201, 302, 400, 401, 429, 503, 520}) {
    results_.clear();
    peer_.answer = {status, fmt::format("status {}", status)};
    const auto answer = answer_of({});
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.body, fmt::format("status {}", status));
  }
}

TEST_F(FetchTest, BodiesUpToTheBoundAndNoFurther) {
  peer_.answer.body = std::string(kMaxHttpBody, 'x');
  EXPECT_EQ(answer_of({}).body.size(), kMaxHttpBody);
  results_.clear();
  peer_.answer.body += 'x';
  const auto exchange = start(server_->port());
  ASSERT_TRUE(until_done());
  ASSERT_FALSE(results_[0]);
  EXPECT_EQ(results_[0].error().step, Step::kUpgrade);
  EXPECT_EQ(results_[0].error().error.kind, ErrorKind::kExhausted);
  EXPECT_THAT(results_[0].error().error.text, HasSubstr("larger than 1048576 bytes"));
}

TEST_F(FetchTest, AChunkedBodyIsPutTogether) {
  const RawPeer raw(io_, test_certificate(),
                    answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                              "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"));
  const auto exchange = start(raw.port());
  ASSERT_TRUE(until_done());
  ASSERT_TRUE(results_[0]) << results_[0].error().error.text;
  EXPECT_EQ(results_[0]->body, "hello world");
}

TEST_F(FetchTest, AnEndlessChunkedBodyIsBounded) {
  std::string text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 20; ++i) text += "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  EXPECT_EQ(error_of(answering(text)).error.kind, ErrorKind::kExhausted);
}

RawScript flooding(std::string head, const std::string& piece) {
  RawScript script;
  script.answer = [head = std::move(head)](const std::string&) { return head; };
  // 8 MiB: without a bound of ours, what ends it is the peer.
  script.then = std::vector<std::string>((8 << 20) / piece.size() + 1, piece);
  script.cut = true;
  return script;
}

std::string repeated(const std::string& text) {
  std::string out;
  while (out.size() < 65'536) out += text;
  return out;
}

// What the parser does not count towards the body.
TEST_F(FetchTest, WhatIsNotTheBodyIsBoundedToo) {
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string x(1000, 'x');
  const std::vector<RawScript> floods = {
      flooding(chunked + "1;", repeated("x")),              // one extension of a chunk
      flooding(chunked, repeated("1;" + x + "\r\ny\r\n")),  // many
      flooding(chunked + "1\r\ny\r\n0\r\n", repeated("X: " + x + "\r\n")),  // trailers
      flooding("", repeated("HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n")),
      flooding("HTTP/1.1 200 OK\r\n", repeated("X: " + x + "\r\n")),
      flooding("HTTP/1.1 200 ", repeated("x")),
      flooding("", repeated("\r\n"))};
  for (std::size_t i = 0; i < floods.size(); ++i) {
    SCOPED_TRACE(i);
    results_.clear();
    const auto error = error_of(floods[i]);
    EXPECT_EQ(error.step, Step::kUpgrade);
    EXPECT_THAT(error.error.kind, testing::AnyOf(ErrorKind::kExhausted, ErrorKind::kProtocol))
        << error.error.text;
  }
}

TEST_F(FetchTest, AnAnswerThatAnotherOneFollowsIsNone) {
  const RawPeer raw(io_, test_certificate(),
                    answering("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </>"
                              "\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"));
  const auto exchange = start(raw.port());
  ASSERT_TRUE(until_done());
  ASSERT_TRUE(results_[0]) << results_[0].error().error.text;
  EXPECT_EQ(results_[0]->status, 200);
  EXPECT_EQ(results_[0]->body, "hi");
}

class StatusCounts : public FetchTest {
 protected:
  HttpResponse told_by(const RawScript& script) {
    results_.clear();
    const RawPeer raw(io_, test_certificate(), script);
    HttpRequest request;
    request.body_prefix = 10;
    const auto exchange = start(raw.port(), std::move(request));
    if (!until_done()) return {};
    EXPECT_TRUE(results_[0]) << results_[0].error().error.text;
    return results_[0] ? *results_[0] : HttpResponse{};
  }
};

TEST_F(StatusCounts, HoweverTheAnswerEnds) {
  for (const std::string rest :
       {"HTTP/1.0 200 OK\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\nok", "HTTP/1.1 200 OK\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok"}) {
    SCOPED_TRACE(rest);
    const auto answer = told_by(answering(rest));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, rest.ends_with("ok") ? "ok" : "");
    EXPECT_FALSE(answer.whole);
  }
}

TEST_F(StatusCounts, OfTheBodyItTakesNoMoreThanAskedFor) {
  const std::string x(1000, 'x');
  for (const auto& script :
       {flooding("HTTP/1.1 429 Slow\r\nContent-Length: 999999999999\r\n\r\n", repeated("x")),
        flooding("HTTP/1.1 429 Slow\r\n\r\n", repeated("x")),
        flooding("HTTP/1.1 429 Slow\r\nTransfer-Encoding: chunked\r\n\r\n",
                 repeated("1\r\nx\r\n"))}) {
    const auto answer = told_by(script);
    EXPECT_EQ(answer.status, 429);
    EXPECT_EQ(answer.body, "xxxxxxxxxx");
    EXPECT_FALSE(answer.whole);
  }
  const auto nothing =
      told_by(flooding("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", repeated("x")));
  EXPECT_EQ(nothing.status, 200);
  EXPECT_EQ(nothing.body, "");
}

TEST_F(StatusCounts, AWholeAnswerIsCalledSo) {
  const auto answer = told_by(answering("HTTP/1.1 400 Bad\r\nContent-Length: 5\r\n\r\nwhy 1"));
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body, "why 1");
  EXPECT_TRUE(answer.whole);
  EXPECT_TRUE(told_by(answering("HTTP/1.1 204 No Content\r\n\r\n")).whole);
}

TEST_F(StatusCounts, ABodyThatDoesNotComeIsNotWaitedForLong) {
  auto script = answering("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly");
  script.cut = false;
  timeouts_.upgrade = milliseconds(1500);  // in which a busy machine reads what has come
  EXPECT_EQ(told_by(script).body, "only");
}

TEST_F(StatusCounts, WithoutAWholeHeaderThereIsNoStatus) {
  results_.clear();
  const RawPeer raw(io_, test_certificate(), answering("HTTP/1.1 200 OK\r\nContent-Le"));
  HttpRequest request;
  request.body_prefix = 10;
  const auto exchange = start(raw.port(), std::move(request));
  ASSERT_TRUE(until_done());
  EXPECT_FALSE(results_[0]);
}

TEST_F(FetchTest, AConnectionCutWithinTheBodyIsAnError) {
  for (const std::string text : {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
                                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
                                 // Without a length, only TLS's own end tells whole from cut.
                                 "HTTP/1.1 200 OK\r\n\r\n{\"balance\":1", "HTTP/1.1 200", ""}) {
    results_.clear();
    const auto error = error_of(answering(text));
    EXPECT_EQ(error.step, Step::kUpgrade) << text;
    EXPECT_EQ(error.error.kind, ErrorKind::kIo) << text;
    EXPECT_THAT(error.error.text, HasSubstr("cut the connection")) << text;
  }
}

TEST_F(FetchTest, AnAnswerThatIsNotHttpIsAProtocolError) {
  EXPECT_EQ(error_of(answering("220 smtp.example.com ESMTP\r\n\r\n")).error.kind,
            ErrorKind::kProtocol);
  results_.clear();
  EXPECT_EQ(error_of(answering("HTTP/1.1 200 OK\r\nX: " + std::string(50'000, 'x') + "\r\n\r\n"))
                .error.kind,
            ErrorKind::kProtocol);
}

TEST_F(FetchTest, APeerThatNeverAnswersIsBounded) {
  timeouts_.upgrade = milliseconds(100);
  const auto error = error_of({});
  EXPECT_EQ(error.step, Step::kUpgrade);
  EXPECT_EQ(error.error.kind, ErrorKind::kTimeout);
}

TEST_F(FetchTest, APeerThatStopsInTheBodyIsBounded) {
  timeouts_.upgrade = milliseconds(100);
  auto script = answering("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
  script.cut = false;
  EXPECT_EQ(error_of(script).error.kind, ErrorKind::kTimeout);
}

TEST_F(FetchTest, CertificatesAreVerifiedHereToo) {
  const TempDir dir;
  const auto other = make_certificate(dir.path()).value();
  HttpRequest request{"GET", url_of("https", "127.0.0.1", server_->port()), {}, ""};
  const auto exchange = fetch(io_, request, trusting(other), timeouts_,
                              [this](auto result) { results_.push_back(std::move(result)); });
  ASSERT_TRUE(until_done());
  ASSERT_FALSE(results_[0]);
  EXPECT_EQ(results_[0].error().step, Step::kTls);
  EXPECT_TRUE(peer_.requests.empty());
}

TEST_F(FetchTest, HeadersThatCouldSmuggleMoreAreRefusedUnsentAndUnquoted) {
  const std::vector<Header> bad = {{"Authorization", "Bearer hunter2\r\nX-Evil: 1"},
                                   {"Authorization", "Bearer hunter2\n"},
                                   {"Authorization", std::string("hunter2\0", 8)},
                                   {"Auth orization", "hunter2"},
                                   {"X:hunter2", "y"},
                                   {"", "hunter2"}};
  for (const auto& header : bad) {
    results_.clear();
    HttpRequest request;
    request.headers = {header};
    const auto exchange = start(server_->port(), request);
    EXPECT_TRUE(results_.empty()) << "never from inside fetch()";
    ASSERT_TRUE(until_done());
    ASSERT_FALSE(results_[0]);
    EXPECT_EQ(results_[0].error().error.kind, ErrorKind::kInvalid);
    EXPECT_EQ(results_[0].error().error.text.find("hunter2"), std::string::npos);
  }
  EXPECT_TRUE(peer_.requests.empty());
}

TEST_F(FetchTest, OnlyGetAndPost) {
  for (const std::string method : {"PUT", "get", "GET /x HTTP/1.1\r\nX: y\r\n\r\n"}) {
    results_.clear();
    HttpRequest request;
    request.method = method;
    const auto exchange = start(server_->port(), request);
    ASSERT_TRUE(until_done());
    EXPECT_FALSE(results_[0]);
  }
  EXPECT_TRUE(peer_.requests.empty());
}

TEST_F(FetchTest, MayBeDestroyedInsideItsOwnCallback) {
  std::unique_ptr<HttpExchange> exchange;
  int calls = 0;
  exchange = fetch(io_, {"GET", url_of("https", "127.0.0.1", server_->port()), {}, ""},
                   trusting(test_certificate()), timeouts_, [&](const auto&) {
                     ++calls;
                     exchange.reset();
                   });
  ASSERT_TRUE(turn_until(io_, [&] { return calls != 0; }));
  turn_ready(io_);
  EXPECT_EQ(calls, 1);
}

TEST_F(FetchTest, DestroyedAtAnyStepItCallsNothing) {
  // Step by step of the loop, so that each state is met, those between two operations too.
  for (int steps = 0; steps < 40; ++steps) {
    auto exchange = start(server_->port());
    if (io_.stopped()) io_.restart();
    for (int i = 0; i < steps; ++i) (void)io_.poll_one();
    const bool finished = !results_.empty();
    exchange.reset();
    turn_ready(io_);
    EXPECT_EQ(results_.size(), finished ? 1U : 0U) << steps;
    results_.clear();
  }
  EXPECT_EQ(answer_of({}).status, 200) << "the server is none the worse for it";
}

}  // namespace
}  // namespace derivd::net
