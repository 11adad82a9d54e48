// What a WebSocket attempt makes of peers that no library would build: silent, dead, rude and lying
// ones, and of being destroyed at any moment.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "net/endpoints.hpp"
#include "net/resolver.hpp"
#include "unit/net/raw_peer.hpp"
#include "unit/net/resolver.hpp"
#include "unit/net/support.hpp"

namespace derivd::net {
namespace {

using core::ErrorKind;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class FailureTest : public testing::Test {
 protected:
  std::unique_ptr<WebSocket> dial(std::uint16_t port, const std::string& host = "127.0.0.1") {
    return connect(io_, url_of("wss", host, port, "/?otp=hunter2"), trusting(test_certificate()),
                   timeouts_, client_);
  }
  std::unique_ptr<WebSocket> dial(const std::vector<Endpoint>& addresses) {
    return connect(io_, url_of("wss", "localhost", addresses.back().port), addresses,
                   trusting(test_certificate()), timeouts_, client_);
  }
  RawPeer peer(RawScript script) { return {io_, test_certificate(), std::move(script)}; }
  /// Upgrades, then sends `bytes` one write each.
  RawPeer open_peer(std::vector<std::string> bytes, bool cut = false) {
    RawScript script;
    script.answer = accept_upgrade;
    script.then = std::move(bytes);
    script.cut = cut;
    return peer(std::move(script));
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

  boost::asio::io_context io_;
  RecordingClient client_;
  Timeouts timeouts_;
};

// ---- resolve ----

TEST_F(FailureTest, AnUnknownNameIsNotFound) {
  const auto socket = dial(443, "unknown.test");
  const auto& error = until_closed();
  EXPECT_EQ(error.step, Step::kResolve);
  EXPECT_EQ(error.error.kind, ErrorKind::kNotFound);
  EXPECT_THAT(error.error.text, HasSubstr("unknown.test"));
}

TEST_F(FailureTest, ANameServerThatDoesNotAnswerIsBounded) {
  timeouts_.resolve = milliseconds(100);
  const SlowName slow("bounded.slow.test");
  const auto socket = dial(443, "bounded.slow.test");
  const auto& error = until_closed();
  EXPECT_EQ(error.step, Step::kResolve);
  EXPECT_EQ(error.error.kind, ErrorKind::kTimeout);
  EXPECT_THAT(error.error.text, AllOf(HasSubstr("bounded.slow.test"), HasSubstr("0.1 s")));
}

TEST_F(FailureTest, SeveralAddressesOfANameAreTriedInOrder) {
  RecordingServer server;
  const auto listening = listen(io_, "127.0.0.1", 0, test_certificate(), server).value();
  const auto socket = dial(listening->port(), "several.test");
  // The certificate does not name several.test: TLS with the second address says so.
  const auto& error = until_closed();
  EXPECT_EQ(error.step, Step::kTls);
  EXPECT_THAT(error.error.text, HasSubstr("hostname mismatch"));
}

// A loop that ends must not wait for a resolver that does not: the program would stay after its
// last word, longer than systemd waits.
TEST_F(FailureTest, ALookUpThatHangsHoldsUpNoEnd) {
  auto slow = std::make_unique<SlowName>("end.slow.test");
  std::promise<void> ended;
  std::thread program([&] {
    boost::asio::io_context io;
    RecordingClient client;
    const auto socket = connect(io, url_of("wss", "end.slow.test", 443), TlsSettings{}, {}, client);
    turn_ready(io);
    EXPECT_TRUE(SlowName::reaches(1));
    ended.set_value_at_thread_exit();
  });
  EXPECT_EQ(ended.get_future().wait_for(3 * kTestLimit), std::future_status::ready);
  slow.reset();
  program.join();
}

TEST_F(FailureTest, ALookUpThatHangsHoldsUpNoOther) {
  const SlowName slow("other.slow.test");
  RecordingServer server;
  const auto listening = listen(io_, "127.0.0.1", 0, test_certificate(), server).value();
  RecordingClient other;
  const auto hanging =
      connect(io_, url_of("wss", "other.slow.test", 443), TlsSettings{}, {}, other);
  turn_ready(io_);
  ASSERT_TRUE(SlowName::reaches(1));
  const auto socket = dial(listening->port(), "localhost");
  ASSERT_TRUE(until([&] { return client_.opened + static_cast<int>(client_.closed.size()) != 0; }));
  EXPECT_THAT(client_.closed, SizeIs(0)) << client_.closed[0].error.text;
}

TEST_F(FailureTest, LookUpsThatHangDoNotPileUp) {
  timeouts_.resolve = milliseconds(1);
  const SlowName slow("pile.slow.test");
  for (int i = 0; i < 20; ++i) {
    client_.closed.clear();
    const auto socket = dial(443, "pile.slow.test");
    EXPECT_EQ(until_closed().error.kind, ErrorKind::kTimeout);
  }
  EXPECT_LE(SlowName::waiting(), kMaxLookUpsOfName);
}

TEST_F(FailureTest, WhoWaitsForANameGetsTheAnswerOfAnEarlierAttempt) {
  auto slow = std::make_unique<SlowName>("earlier.slow.test");
  timeouts_.resolve = milliseconds(1);
  for (int i = 0; i < kMaxLookUpsOfName; ++i) {
    client_.closed.clear();
    const auto socket = dial(443, "earlier.slow.test");
    EXPECT_EQ(until_closed().error.kind, ErrorKind::kTimeout);
  }
  ASSERT_TRUE(SlowName::reaches(kMaxLookUpsOfName));
  client_.closed.clear();
  timeouts_.resolve = kTestLimit;
  const auto socket = dial(443, "earlier.slow.test");
  turn_ready(io_);
  slow.reset();
  EXPECT_EQ(until_closed().error.kind, ErrorKind::kNotFound);
}

TEST_F(FailureTest, AnAnswerThatNobodyWaitsForAnyMoreIsForgotten) {
  auto slow = std::make_unique<SlowName>("forgotten.slow.test");
  auto socket = dial(443, "forgotten.slow.test");
  turn_ready(io_);
  ASSERT_TRUE(SlowName::reaches(1));
  socket.reset();
  slow.reset();
  turn_ready(io_);
  EXPECT_THAT(client_.closed, SizeIs(0));
}

// An attempt tries eight. The one that works may be any of those that a name has.
TEST_F(FailureTest, AddressesBeyondTheEighthGetTheirTurn) {
  const NineAddresses many;
  RecordingServer server;
  const auto listening = listen(io_, "127.0.0.1", 0, test_certificate(), server).value();
  const auto first = dial(listening->port(), "localhost");
  const auto& error = until_closed();
  EXPECT_EQ(error.step, Step::kConnect);
  EXPECT_THAT(error.error.text, AllOf(HasSubstr("127.0.0.11: "), HasSubstr("127.0.0.18: ")));
  const auto second = dial(listening->port(), "localhost");
  ASSERT_TRUE(until([&] { return client_.opened == 1 || client_.closed.size() == 2; }));
  EXPECT_EQ(client_.opened, 1) << client_.closed.back().error.text;
  // And it is not forgotten that it did.
  const auto third = dial(listening->port(), "localhost");
  ASSERT_TRUE(until([&] { return client_.opened == 2 || client_.closed.size() == 2; }));
  EXPECT_EQ(client_.opened, 2) << client_.closed.back().error.text;
}

TEST_F(FailureTest, AnAddressThatDoesNotGetAsFarAsTlsIsTriedLast) {
  RawScript mute;
  mute.tls = false;
  timeouts_.tls = milliseconds(50);
  const auto silent = peer(mute);
  RecordingServer server;
  const auto listening = listen(io_, "127.0.0.1", 0, test_certificate(), server).value();
  const std::vector<Endpoint> both = {{"127.0.0.1", silent.port()},
                                      {"127.0.0.1", listening->port()}};
  const auto first = dial(both);
  EXPECT_EQ(until_closed().step, Step::kTls);
  timeouts_.tls = kTestLimit;
  const auto second = dial(both);
  ASSERT_TRUE(until([&] { return client_.opened == 1; }));
  EXPECT_EQ(silent.accepted(), 1);
}

// ---- connect ----

TEST_F(FailureTest, ARefusedConnectionSaysSo) {
  const ClosedPort closed(io_);
  const auto socket = dial(closed.port());
  const auto& error = until_closed();
  EXPECT_EQ(error.step, Step::kConnect);
  EXPECT_EQ(error.error.kind, ErrorKind::kIo);
  EXPECT_THAT(error.error.text, HasSubstr("127.0.0.1: Connection refused"));
}

TEST_F(FailureTest, ADeadAddressIsBounded) {
  timeouts_.connect = milliseconds(150);
  const DeadPort dead(io_);
  const auto socket = dial(dead.port());
  const auto& error = until_closed();
  EXPECT_EQ(error.step, Step::kConnect);
  EXPECT_EQ(error.error.kind, ErrorKind::kTimeout);
  EXPECT_THAT(error.error.text, HasSubstr("no answer within"));
}

TEST_F(FailureTest, ADeadFirstAddressLeavesTimeForTheOthers) {
  timeouts_.connect = seconds(4);
  const DeadPort dead(io_);
  RecordingServer server;
  const auto listening = listen(io_, "127.0.0.1", 0, test_certificate(), server).value();
  const auto begin = std::chrono::steady_clock::now();
  const auto socket = dial({{"127.0.0.1", dead.port()}, {"127.0.0.1", listening->port()}});
  ASSERT_TRUE(until([&] { return client_.opened == 1; }));
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(took, milliseconds(1900)) << "the dead one was tried first";
  EXPECT_LT(took, milliseconds(3900)) << "and had half of the time";
}

TEST_F(FailureTest, WhenEveryAddressFailsEachIsNamed) {
  timeouts_.connect = milliseconds(200);
  const DeadPort dead(io_);
  forget_failure("localhost", {boost::asio::ip::make_address("127.0.0.2"), 1});  // an earlier run's
  const auto socket = dial({{"127.0.0.2", 1}, {"127.0.0.1", dead.port()}});
  const auto& error = until_closed();
  EXPECT_EQ(error.step, Step::kConnect);
  EXPECT_EQ(error.error.kind, ErrorKind::kIo);
  EXPECT_THAT(error.error.text, AllOf(HasSubstr("127.0.0.2: Connection refused; 127.0.0.1: no"),
                                      HasSubstr("no answer within")));
}

// ---- TLS ----

TEST_F(FailureTest, APeerThatNeverSpeaksTlsIsBounded) {
  timeouts_.tls = milliseconds(100);
  RawScript script;
  script.tls = false;
  const auto silent = peer(script);
  const auto socket = dial(silent.port());
  const auto& error = until_closed();
  EXPECT_EQ(error.step, Step::kTls);
  EXPECT_EQ(error.error.kind, ErrorKind::kTimeout);
  EXPECT_THAT(error.error.text, HasSubstr("took longer than 0.1 s"));
}

TEST_F(FailureTest, APeerThatSpeaksPlainTextIsAProtocolError) {
  RawScript script;
  script.tls = false;
  script.hello = "HTTP/1.1 400 Bad Request\r\n\r\n";
  const auto plain = peer(script);
  const auto socket = dial(plain.port());
  const auto& error = until_closed();
  EXPECT_EQ(error.step, Step::kTls);
  EXPECT_EQ(error.error.kind, ErrorKind::kProtocol);
  EXPECT_THAT(error.error.text, HasSubstr("wrong version number"));
}

TEST_F(FailureTest, TheServerNameIsSentForNamesAndNotForAddresses) {
  RawScript script;
  script.answer = accept_upgrade;
  {
    const auto named = peer(script);
    const auto socket = dial(named.port(), "localhost");
    ASSERT_TRUE(until([&] { return client_.opened == 1; }));
    EXPECT_EQ(named.server_name(), "localhost");
  }
  const auto numeric = peer(script);
  const auto socket = dial(numeric.port());
  ASSERT_TRUE(until([&] { return client_.opened == 2; }));
  EXPECT_EQ(numeric.server_name(), "");
}

// ---- upgrade ----

TEST_F(FailureTest, APeerThatNeverAnswersTheUpgradeIsBounded) {
  timeouts_.upgrade = milliseconds(100);
  const auto silent = peer({});
  const auto socket = dial(silent.port());
  const auto& error = until_closed();
  EXPECT_EQ(error.step, Step::kUpgrade);
  EXPECT_EQ(error.error.kind, ErrorKind::kTimeout);
  EXPECT_EQ(error.http_status, 0);
  EXPECT_THAT(error.error.text, HasSubstr("took longer than 0.1 s"));
  EXPECT_THAT(silent.received(), HasSubstr("GET /?otp=hunter2 HTTP/1.1\r\n"));
}

TEST_F(FailureTest, APeerThatDribblesItsAnswerIsBoundedToo) {
  timeouts_.upgrade = milliseconds(100);
  RawScript script;
  script.answer = [](const std::string&) { return "HTTP/1.1 101 Swi"; };
  const auto slow = peer(script);
  const auto socket = dial(slow.port());
  EXPECT_EQ(until_closed().error.kind, ErrorKind::kTimeout);
}

TEST_F(FailureTest, AnUpgradeAnswerWithoutEndIsBounded) {
  for (const std::string head : {"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n1;",
                                 "HTTP/1.1 101 ", "HTTP/1.1 403 Forbidden\r\n\r\n",
                                 "HTTP/1.1 403 Forbidden\r\nContent-Length: 9000000\r\n\r\n"}) {
    SCOPED_TRACE(head);
    client_.closed.clear();
    RawScript script;
    script.answer = [&](const std::string&) { return head; };
    script.then = std::vector<std::string>(128, std::string(65'536, 'x'));
    script.cut = true;
    const auto rude = peer(script);
    const auto socket = dial(rude.port());
    const auto& error = until_closed();
    EXPECT_EQ(error.step, Step::kUpgrade);
    const bool header = head.ends_with("101 ");  // which the parser bounds
    EXPECT_EQ(error.error.kind, header ? ErrorKind::kProtocol : ErrorKind::kExhausted)
        << error.error.text;
  }
}

struct BadUpgrade {
  std::string name;
  std::string answer;
  ErrorKind kind;
  int status;
};

class BadUpgrades : public FailureTest, public testing::WithParamInterface<BadUpgrade> {};

TEST_P(BadUpgrades, FailsAtTheUpgrade) {
  RawScript script;
  script.answer = [](const std::string&) { return GetParam().answer; };
  script.cut = true;
  const auto rude = peer(script);
  const auto socket = dial(rude.port());
  const auto& error = until_closed();
  EXPECT_EQ(error.step, Step::kUpgrade);
  EXPECT_EQ(error.error.kind, GetParam().kind) << error.error.text;
  EXPECT_EQ(error.http_status, GetParam().status);
  EXPECT_EQ(client_.opened, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Answers, BadUpgrades,
    testing::Values(
        BadUpgrade{"Nothing", "", ErrorKind::kIo, 0},
        BadUpgrade{"Garbage", "\x01\x02garbage\r\n\r\n", ErrorKind::kProtocol, 0},
        BadUpgrade{"Half", "HTTP/1.1 101 Switching Protocols\r\nUpg", ErrorKind::kIo, 0},
        BadUpgrade{
            "WrongKey",
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
            ErrorKind::kProtocol, 101},
        BadUpgrade{"NoUpgrade", "HTTP/1.1 101 Switching Protocols\r\n\r\n", ErrorKind::kProtocol,
                   101},
        BadUpgrade{"HugeHeader", "HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n",
                   ErrorKind::kProtocol, 0},
        BadUpgrade{"Redirect",
                   "HTTP/1.1 302 Found\r\nLocation: wss://evil.example/\r\n"
                   "Content-Length: 0\r\n\r\n",
                   ErrorKind::kRefused, 302}),
    [](const auto& test) { return test.param.name; });

// ---- open ----

TEST_F(FailureTest, ABinaryFrameIsAProtocolError) {
  const auto binary = open_peer({raw_frame(1, "text"), raw_frame(2, "binary"), raw_frame(1, "x")});
  timeouts_.close = milliseconds(100);
  const auto socket = dial(binary.port());
  const auto& error = until_closed();
  EXPECT_EQ(error.step, Step::kOpen);
  EXPECT_EQ(error.error.kind, ErrorKind::kProtocol);
  EXPECT_THAT(error.error.text, HasSubstr("binary frame"));
  EXPECT_THAT(client_.frames, ElementsAre("text"));
}

TEST_F(FailureTest, AFailureOfOursIsToldInTimeThoughThePeerNeverAnswers) {
  timeouts_.close = milliseconds(100);
  timeouts_.idle = std::chrono::hours(1);
  const auto binary = open_peer({raw_frame(2, "binary")});
  const auto socket = dial(binary.port());
  EXPECT_EQ(until_closed().error.kind, ErrorKind::kProtocol);
}

TEST_F(FailureTest, APeerThatSaysCloseAndThenNothingIsLeftInTime) {
  timeouts_.close = milliseconds(100);
  timeouts_.idle = std::chrono::hours(1);
  const auto closing = open_peer({raw_frame(8, std::string("\x03\xe9gone", 6))});
  const auto socket = dial(closing.port());
  const auto& error = until_closed();
  EXPECT_EQ(error.error.kind, ErrorKind::kIo);
  EXPECT_THAT(error.error.text, HasSubstr("code 1001, gone"));
  EXPECT_FALSE(socket->send("too late"));
}

TEST_F(FailureTest, ThePeersWordsAreMadeSafeForALog) {
  const auto closing = open_peer({raw_frame(8,
                                            "\x03\xe9"
                                            "a\r\nFAKE LINE\x1b[2J")},
                                 true);
  const auto socket = dial(closing.port());
  const auto& text = until_closed().error.text;
  EXPECT_THAT(text, HasSubstr("a  FAKE LINE [2J"));
}

struct BadFrame {
  std::string name;
  std::string bytes;
};

class BadFrames : public FailureTest, public testing::WithParamInterface<BadFrame> {};

TEST_P(BadFrames, AreProtocolErrors) {
  const auto rude = open_peer({raw_frame(1, "fine"), GetParam().bytes});
  timeouts_.close = milliseconds(100);  // bounds the end with a peer that does not answer
  timeouts_.idle = std::chrono::hours(1);
  const auto socket = dial(rude.port());
  const auto& error = until_closed();
  EXPECT_EQ(error.error.kind, ErrorKind::kProtocol) << error.error.text;
  EXPECT_THAT(client_.frames, ElementsAre("fine"));
}

INSTANTIATE_TEST_SUITE_P(
    Frames, BadFrames,
    testing::Values(BadFrame{"ReservedOpcode", raw_frame(3, "x")},
                    BadFrame{"ReservedBits", std::string("\xf1\x01x", 3)},
                    BadFrame{"Masked", std::string("\x81\x81\x01\x02\x03\x04\x79", 7)},
                    BadFrame{"LoneContinuation", raw_frame(0, "x")},
                    BadFrame{"TextWithinText", raw_frame(1, "a", false) + raw_frame(1, "b")},
                    BadFrame{"LongPing", raw_frame(9, std::string(126, 'p'))},
                    BadFrame{"SplitPing", raw_frame(9, "p", false)},
                    BadFrame{"NotUtf8", raw_frame(1, "\xc3\x28")},
                    BadFrame{"LongLengthForm", std::string("\x81\x7e\x00\x01x", 5)}),
    [](const auto& test) { return test.param.name; });

TEST_F(FailureTest, ALyingLengthAllocatesNothing) {
  // 2^40 bytes are announced, then more than 2^63; ten come and the connection ends.
  for (const std::string& length : {std::string("\x00\x00\x01\x00\x00\x00\x00\x00", 8),
                                    std::string("\xff\xff\xff\xff\xff\xff\xff\xff", 8)}) {
    client_.closed.clear();
    const auto liar = open_peer({"\x81\x7f" + length + "0123456789"}, true);
    const auto socket = dial(liar.port());
    EXPECT_EQ(until_closed().error.kind, ErrorKind::kIo);
    EXPECT_TRUE(client_.frames.empty());
  }
}

TEST_F(FailureTest, AnEndlessMessageIsCutAtTheBound) {
  std::vector<std::string> pieces{raw_frame(1, std::string(60'000, 'x'), false)};
  for (int i = 0; i < 40; ++i) pieces.push_back(raw_frame(0, std::string(60'000, 'x'), false));
  const auto endless = open_peer(std::move(pieces), true);
  const auto socket = dial(endless.port());
  EXPECT_EQ(until_closed().error.kind, ErrorKind::kExhausted);
  EXPECT_TRUE(client_.frames.empty());
}

TEST_F(FailureTest, AnEndWithoutACloseFrameIsALostConnection) {
  const auto cut = open_peer({raw_frame(1, "last")}, true);
  const auto socket = dial(cut.port());
  const auto& error = until_closed();
  EXPECT_EQ(error.step, Step::kOpen);
  EXPECT_EQ(error.error.kind, ErrorKind::kIo);
  EXPECT_THAT(error.error.text, HasSubstr("ended without a close frame"));
  EXPECT_THAT(client_.frames, ElementsAre("last"));
}

TEST_F(FailureTest, FramesThatArriveWithTheUpgradesAnswerAreNotLost) {
  RawScript script;
  script.answer = [](const std::string& request) {
    std::string text = accept_upgrade(request);
    for (int i = 0; i < 50; ++i) text += raw_frame(1, fmt::format("early {}", i));
    return text;
  };
  const auto eager = peer(script);
  const auto socket = dial(eager.port());
  ASSERT_TRUE(until([&] { return client_.frames.size() == 50; }));
  EXPECT_EQ(client_.frames[0], "early 0");
  EXPECT_EQ(client_.frames[49], "early 49");
}

TEST_F(FailureTest, PingsGoOutAndAnAnsweringPeerStaysThoughNothingElseComes) {
  timeouts_.idle = seconds(1);
  RawScript script;
  script.answer = accept_upgrade;
  script.pong = true;
  const auto quiet = peer(script);
  const auto socket = dial(quiet.port());
  // Masked pings without payload: 0x89 0x80 and four bytes of mask; one each half idle time.
  const auto pings = [&] {
    const auto& bytes = quiet.received();
    const auto header = bytes.find("\r\n\r\n");
    return header == std::string::npos ? 0 : (bytes.size() - header - 4) / 6;
  };
  ASSERT_TRUE(until([&] { return pings() >= 4 || !client_.closed.empty(); }));
  EXPECT_TRUE(client_.closed.empty()) << client_.closed[0].error.text;
}

TEST_F(FailureTest, ASilentPeerIsPingedOnceAndThenLeft) {
  timeouts_.idle = seconds(1);
  const auto silent = open_peer({});
  const auto socket = dial(silent.port());
  EXPECT_EQ(until_closed().error.kind, ErrorKind::kTimeout);
  EXPECT_THAT(silent.received(), HasSubstr("\x89\x80"));
}

// ---- destroyed at any moment ----

enum class Moment { kAtOnce, kResolving, kConnecting, kTls, kUpgrade, kOpen, kSending, kClosing };

class Destroyed : public FailureTest,
                  public testing::WithParamInterface<std::tuple<Moment, bool>> {};

TEST_P(Destroyed, LeaksNothingAndCallsNothing) {
  const auto [moment, turn] = GetParam();
  const SlowName slow("moments.slow.test");
  auto io = std::make_unique<boost::asio::io_context>();
  auto dead = std::make_unique<DeadPort>(*io);
  RawScript no_tls;
  no_tls.tls = false;
  RawScript script;
  if (moment != Moment::kUpgrade) script.answer = accept_upgrade;
  auto raw =
      std::make_unique<RawPeer>(*io, test_certificate(), moment == Moment::kTls ? no_tls : script);
  const auto port = moment == Moment::kConnecting ? dead->port() : raw->port();
  const auto host = moment == Moment::kResolving ? "moments.slow.test" : "127.0.0.1";
  auto socket =
      connect(*io, url_of("wss", host, port), trusting(test_certificate()), timeouts_, client_);
  switch (moment) {
    case Moment::kAtOnce:
      break;
    case Moment::kResolving:
    case Moment::kConnecting:
      turn_ready(*io);
      break;
    case Moment::kTls:
      ASSERT_TRUE(turn_until(*io, [&] { return raw->accepted() == 1; }));
      break;
    case Moment::kUpgrade:
      ASSERT_TRUE(turn_until(*io, [&] { return !raw->received().empty(); }));
      break;
    case Moment::kOpen:
    case Moment::kSending:
    case Moment::kClosing:
      ASSERT_TRUE(turn_until(*io, [&] { return client_.opened == 1; }));
      break;
  }
  if (moment == Moment::kSending) {
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(socket->send(std::string(100'000, 'x')));
  }
  if (moment == Moment::kClosing) {
    socket->close();
    turn_ready(*io);
  }
  client_.opened = 0;
  socket.reset();
  if (turn) turn_ready(*io);
  raw.reset();
  dead.reset();
  if (turn) turn_ready(*io);
  io.reset();
  EXPECT_EQ(client_.opened, 0);
  EXPECT_TRUE(client_.closed.empty());
}

INSTANTIATE_TEST_SUITE_P(Moments, Destroyed,
                         testing::Combine(testing::Values(Moment::kAtOnce, Moment::kResolving,
                                                          Moment::kConnecting, Moment::kTls,
                                                          Moment::kUpgrade, Moment::kOpen,
                                                          Moment::kSending, Moment::kClosing),
                                          testing::Bool()));

}  // namespace
}  // namespace derivd::net
