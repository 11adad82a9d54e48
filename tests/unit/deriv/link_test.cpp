// Session and net joined: both dialects over real TLS on loopback, against a small scripted venue.
#include "deriv/link.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <filesystem>

#include "rig.hpp"

namespace derivd::deriv::test {
namespace {

namespace asio = boost::asio;
constexpr auto kLimit = std::chrono::seconds(20);

const net::ServerCertificate& certificate() {
  static const auto made = [] {
    std::string dir = testing::TempDir() + "derivd_link_XXXXXX";
    if (!mkdtemp(dir.data())) throw std::runtime_error("no temporary folder");
    struct Remove {
      std::string dir;
      ~Remove() { std::filesystem::remove_all(dir); }
    };
    static const Remove remove{dir};
    return net::make_certificate(dir).value();
  }();
  return made;
}

/// Answers what a session asks on its way to Live, in either dialect.
class Venue final : public net::ServerHandler {
 public:
  net::HttpResponse on_request(const net::ServerRequest& request) override {
    log.push_back(request.method + " " + request.target);
    for (const auto& header : request.headers) {
      if (header.name == "authorization") authorization = header.value;
      if (header.name == "deriv-app-id") app_id = header.value;
    }
    if (request.target.ends_with("/accounts")) {
      return {200, R"({"data":[{"account_id":"DOT90000001","currency":"USD","status":"active",)"
                   R"("account_type":"demo"}]})"};
    }
    if (request.target.ends_with("/otp")) {
      return {200, fmt::format(R"({{"data":{{"url":"wss://127.0.0.1:{}/ws/demo?otp={}"}}}})", port,
                               ++passwords)};
    }
    return {403, ""};
  }
  net::HttpResponse on_upgrade(const net::ServerRequest& request) override {
    log.push_back("UPGRADE " + request.target);
    return {upgrade_status, upgrade_status == 101 ? "" : "no"};
  }
  void on_connected(net::ServerSocket& s, const net::ServerRequest&) override { socket = &s; }
  void on_gone(net::ServerSocket&) override { socket = nullptr; }
  void on_frame(net::ServerSocket& s, std::string_view text) override {
    const auto request = json::parse(text);
    const auto id = v3 ? "VRTC0000001" : "DOT90000001";
    json reply;
    if (request.contains("authorize")) {
      token = request["authorize"];
      reply = {{"msg_type", "authorize"},
               {"authorize",
                {{"loginid", id},
                 {"currency", "USD"},
                 {"is_virtual", 1},
                 {"scopes", {"read", "trade"}}}}};
    } else if (request.contains("balance")) {
      reply = {{"msg_type", "balance"},
               {"balance", {{"balance", 10000}, {"currency", "USD"}, {"loginid", id}}}};
    } else if (request.contains("time")) {
      reply = {{"msg_type", "time"}, {"time", 1'700'000'000}};
    } else if (request.contains("transaction")) {
      reply = {{"msg_type", "transaction"}, {"transaction", json::object()}};
    } else if (request.contains("active_symbols")) {
      reply = {{"msg_type", "active_symbols"}, {"active_symbols", json::array()}};
    } else if (request.contains("ticks")) {
      reply = {{"msg_type", "tick"},
               {"tick",
                {{"symbol", request["ticks"]},
                 {"epoch", 1'700'000'002},
                 {"quote", 1451.5},
                 {"pip_size", 2}}}};
    } else {
      return;
    }
    reply["req_id"] = request["req_id"];
    s.send(reply.dump());
  }

  std::uint16_t port = 0;
  bool v3 = false;
  int upgrade_status = 101;
  int passwords = 0;
  std::string authorization, app_id, token;
  net::ServerSocket* socket = nullptr;
  std::vector<std::string> log;
};

/// The shell in small: one loop, one timer to the session's next deadline.
class Shell {
 public:
  explicit Shell(Dialect dialect, bool trusted = true)
      : server_(net::listen(io, "127.0.0.1", 0, certificate(), venue).value()),
        timer_(io),
        link_(
            io, net::TlsSettings{trusted ? certificate().ca_file : ""}, {},
            [this] { return now(); }, [this] { arm(); }) {
    venue.port = server_->port();
    venue.v3 = dialect == Dialect::kV3;
    SessionSettings settings;
    settings.dialect = dialect;
    settings.account = "demo";
    settings.app_id = "1089";
    settings.token = core::Secret(venue.v3 ? "a1b2c3" : "pat_a1b2c3");
    settings.endpoint = venue.v3 ? fmt::format("wss://127.0.0.1:{}/websockets/v3", venue.port)
                                 : fmt::format("https://127.0.0.1:{}", venue.port);
    session = std::make_unique<Session>(std::move(settings), link_, listener, rng_);
    link_.attach(*session);
    listener.state_hook = [this](SessionState s) {
      if (s == SessionState::kReconciling) session->reconciled(now());
    };
  }

  core::Now now() const {
    const auto since = std::chrono::steady_clock::now().time_since_epoch();
    return {{core::Duration(since).count()}, {}, {}};
  }
  void arm() {
    const auto at = session->next_deadline();
    if (!at) return void(timer_.cancel());
    timer_.expires_after(std::max(core::Duration{0}, *at - now().instant));
    timer_.async_wait([this](const boost::system::error_code& ec) {
      if (ec) return;
      session->on_deadline(now());
      arm();
    });
  }
  void use_proxy(const std::string& url) {
    VenueAddress address;
    address.ca_file = certificate().ca_file;
    address.proxy = url;
    link_.use(address);
  }
  void start() {
    session->start(now());
    arm();
  }
  bool run_until(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + kLimit;
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) return false;
      io.run_one_for(std::chrono::milliseconds(100));
      io.restart();
    }
    return true;
  }
  bool reaches(SessionState state) {
    return run_until([&] { return session->state() == state; });
  }

  asio::io_context io;
  Venue venue;
  Recorder listener;
  std::unique_ptr<Session> session;

 private:
  std::unique_ptr<net::Server> server_;
  core::Rng rng_{7};
  asio::steady_timer timer_;
  Link link_;
};

class Linked : public testing::TestWithParam<Dialect> {};

TEST_P(Linked, ReachesLiveStreamsAndStops) {
  Shell shell(GetParam());
  shell.start();
  ASSERT_TRUE(shell.reaches(SessionState::kLive));
  if (GetParam() == Dialect::kOptions) {
    EXPECT_EQ(shell.venue.authorization, "Bearer pat_a1b2c3");
    EXPECT_EQ(shell.venue.app_id, "1089");
    EXPECT_EQ(shell.venue.log,
              (std::vector<std::string>{
                  "GET /trading/v1/options/accounts", "GET /account/v1/nickname",
                  "POST /trading/v1/options/accounts/DOT90000001/otp", "UPGRADE /ws/demo?otp=1"}));
  } else {
    EXPECT_EQ(shell.venue.token, "a1b2c3");
    EXPECT_EQ(shell.venue.log, std::vector<std::string>{"UPGRADE /websockets/v3?app_id=1089"});
  }
  shell.session->set_symbols({"R_100"}, 0, shell.now());
  ASSERT_TRUE(shell.run_until([&] { return shell.listener.has("tick R_100 1700000002 1451.50"); }));
  shell.session->stop(shell.now());
  ASSERT_TRUE(shell.reaches(SessionState::kOffline));
  EXPECT_EQ(shell.listener.log.back(), "state offline: stopped");
  EXPECT_TRUE(shell.run_until([&] { return shell.venue.socket == nullptr; }));
}

TEST_P(Linked, ComesBackAfterADropWithAFreshPassword) {
  Shell shell(GetParam());
  shell.start();
  ASSERT_TRUE(shell.reaches(SessionState::kLive));
  for (int i = 0; i < 3; ++i) {
    ASSERT_NE(shell.venue.socket, nullptr);
    if (i == 1) {
      shell.venue.socket->close(1001);
    } else {
      shell.venue.socket->abort();
    }
    ASSERT_TRUE(shell.reaches(SessionState::kOffline)) << i;
    ASSERT_TRUE(shell.reaches(SessionState::kLive)) << i;
  }
  EXPECT_EQ(shell.session->stats().reconnects, 3U);
  if (GetParam() == Dialect::kOptions) {
    EXPECT_EQ(shell.venue.passwords, 4);
    EXPECT_EQ(shell.venue.log.back(), "UPGRADE /ws/demo?otp=4");
  }
}

TEST_P(Linked, ARefusedUpgradeIsTriedAgain) {
  Shell shell(GetParam());
  shell.venue.upgrade_status = 520;
  shell.start();
  ASSERT_TRUE(shell.run_until([&] { return shell.listener.has("state offline: HTTP 520"); }))
      << shell.listener.log.back();
  shell.venue.upgrade_status = 101;
  EXPECT_TRUE(shell.reaches(SessionState::kLive));
}

TEST_P(Linked, ACertificateNobodyTrustsGetsNoToken) {
  Shell shell(GetParam(), false);
  shell.start();
  ASSERT_TRUE(shell.run_until([&] { return shell.listener.has("state offline"); }));
  EXPECT_NE(shell.listener.last("state offline").find("certificate"), std::string::npos)
      << shell.listener.last("state offline");
  EXPECT_TRUE(shell.venue.log.empty());
  EXPECT_TRUE(shell.venue.authorization.empty());
}

TEST_P(Linked, AnAddressThatIsNoneIsAFailedAttempt) {
  Shell shell(GetParam());
  asio::io_context io;
  Recorder listener;
  core::Rng rng(1);
  int events = 0;
  Link link(
      io, net::Route{}, {}, [&] { return shell.now(); }, [&] { ++events; });
  SessionSettings settings;
  settings.dialect = GetParam();
  settings.account = "demo";
  settings.app_id = "1089";
  settings.token = core::Secret("pat_x");
  settings.endpoint = "http://127.0.0.1:1/plain";
  Session session(std::move(settings), link, listener, rng);
  link.attach(session);
  session.start(shell.now());
  EXPECT_EQ(session.state(), SessionState::kConnecting);
  io.run();
  EXPECT_EQ(session.state(), SessionState::kOffline);
  EXPECT_EQ(events, 1);
  EXPECT_FALSE(listener.fatal);
}

// Whatever a proxy's address is, nothing goes another way than through it.
TEST_P(Linked, AProxyThatIsNoneIsNoDirectWay) {
  Shell shell(GetParam());
  shell.use_proxy("http://no.port.example");
  shell.start();
  ASSERT_TRUE(shell.run_until([&] { return shell.listener.has("state offline"); }));
  EXPECT_NE(shell.listener.last("state offline").find("http://HOST:PORT"), std::string::npos)
      << shell.listener.last("state offline");
  EXPECT_TRUE(shell.venue.log.empty());
}

TEST_P(Linked, AProxyThatIsNotThereIsNoDirectWay) {
  Shell shell(GetParam());
  shell.use_proxy("http://127.0.0.1:1");
  shell.start();
  ASSERT_TRUE(shell.run_until([&] { return shell.listener.has("state offline"); }));
  EXPECT_NE(shell.listener.last("state offline").find("the proxy 127.0.0.1:1 (venue.proxy)"),
            std::string::npos)
      << shell.listener.last("state offline");
  EXPECT_TRUE(shell.venue.log.empty());
}

INSTANTIATE_TEST_SUITE_P(Both, Linked, testing::Values(Dialect::kOptions, Dialect::kV3),
                         [](const auto& p) { return std::string(name_of(p.param)); });

}  // namespace
}  // namespace derivd::deriv::test
